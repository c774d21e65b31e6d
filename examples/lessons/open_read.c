/* SPDX-License-Identifier: MIT */
/*
 * Lesson 1: open an image, read a file.
 *
 *   cc open_read.c $(pkg-config --cflags --libs xfswrite) -o open_read
 *   ./open_read disk.img /etc/hostname
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

int main(int argc, char **argv)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_RDONLY,	/* nothing is written to the device, at all */
	};
	struct xfs_device *dev;
	struct xfs_mount *mp = NULL;
	struct xfs_file *file;
	char buf[4096];
	uint64_t offset = 0;
	ssize_t got = 0;
	int error;

	if (argc != 3)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &dev);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-error));
		return 1;
	}
	error = xfs_mount(dev, &options, &mp);
	xfs_device_put(dev);		/* the mount holds its own reference */
	if (!error)
		error = xfs_open(mp, argv[2], O_RDONLY, 0, &file);
	if (!error) {
		while ((got = xfs_pread(file, buf, sizeof(buf), offset)) > 0) {
			fwrite(buf, 1, (size_t)got, stdout);
			offset += (uint64_t)got;
		}
		error = (int)got;
		xfs_close(file);
	}
	if (error)
		fprintf(stderr, "%s: %s (%s)\n", argv[2], strerror(-error), xfs_error_text(mp));
	if (mp)
		xfs_unmount(mp);
	return error ? 1 : 0;
}
