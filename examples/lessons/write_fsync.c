/* SPDX-License-Identifier: MIT */
/*
 * Lesson 2: write a file and know when it is safe.
 *
 *   cc write_fsync.c $(pkg-config --cflags --libs xfswrite) -o write_fsync
 *   ./write_fsync disk.img /greeting 'good morning'
 *
 * What a write changes is in memory until xfs_fsync(), xfs_sync() or xfs_unmount() returned 0;
 * each of them can fail, and then the bytes are not safe.  So all three are looked at.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

static int write_text(struct xfs_mount *mp, const char *path, const char *text)
{
	struct xfs_file *file;
	ssize_t done;
	int error;

	error = xfs_open(mp, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);
	if (error)
		return error;
	done = xfs_pwrite(file, text, strlen(text), 0);
	if (done < 0)
		error = (int)done;
	else
		error = xfs_fsync(file);
	xfs_close(file);
	return error;
}

int main(int argc, char **argv)
{
	/* No flags: through the journal, so that a crash at any moment leaves a sound file system. */
	const struct xfs_mount_options options = { .size = sizeof(options) };
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error, unmount_error;

	if (argc != 4)
		return 2;
	/* EXCL: refuse a block device that is mounted. */
	error = xfs_device_open_file(argv[1], XFS_DEV_EXCL, 0, &dev);
	if (!error) {
		error = xfs_mount(dev, &options, &mp);
		xfs_device_put(dev);
	}
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-error));
		return 1;
	}
	error = write_text(mp, argv[2], argv[3]);
	if (error)
		fprintf(stderr, "%s: %s (%s)\n", argv[2], strerror(-error), xfs_error_text(mp));
	unmount_error = xfs_unmount(mp);
	if (unmount_error)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-unmount_error));
	return error || unmount_error ? 1 : 0;
}
