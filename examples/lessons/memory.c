/* SPDX-License-Identifier: MIT */
/*
 * Lesson 6: a file system in memory, saved to a file.
 *
 *   cc memory.c $(pkg-config --cflags --libs xfswrite) -o memory
 *   ./memory disk.img
 *
 * A memory device takes only the memory that was written, so one of 300 MiB is cheap.
 * Formatting with XFS_MKFS_INPROGRESS and going on with XFS_MOUNT_INPROGRESS keeps the mark that
 * says "unfinished" on it from the first byte to the last.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>

#define SIZE	(300ull << 20)
#define CHUNK	(1u << 20)

static int fill(struct xfs_mount *mp)
{
	static const char text[] = "made in memory\n";
	struct xfs_file *file;
	ssize_t done;
	int error;

	error = xfs_mkdir(mp, "/etc", 0755);
	if (error)
		return error;
	error = xfs_open(mp, "/etc/motd", O_WRONLY | O_CREAT, 0644, &file);
	if (error)
		return error;
	done = xfs_pwrite(file, text, sizeof(text) - 1, 0);
	xfs_close(file);
	return done < 0 ? (int)done : 0;
}

/* Chunks of zeros become holes. */
static int save(struct xfs_device *dev, const char *path)
{
	struct xfs_device *out;
	char *buf = calloc(2, CHUNK);	/* the second half stays zero */
	int error;

	if (!buf)
		return -1;
	error = xfs_device_open_file(path, XFS_DEV_CREATE | XFS_DEV_TRUNCATE, SIZE, &out);
	for (uint64_t at = 0; at < SIZE && !error; at += CHUNK) {
		error = xfs_device_pread(dev, at, buf, CHUNK);
		if (!error && memcmp(buf, buf + CHUNK, CHUNK) != 0)
			error = xfs_device_pwrite(out, at, buf, CHUNK, 0);
	}
	if (!error)
		error = xfs_device_flush(out);
	xfs_device_put(out);
	free(buf);
	return error;
}

int main(int argc, char **argv)
{
	const struct xfs_mkfs_options format = {
		.size = sizeof(format),
		.flags = XFS_MKFS_INPROGRESS,
		.profile = XFS_MKFS_PROFILE_6_1,	/* for kernels since 5.10 */
	};
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS,
	};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error;

	if (argc != 2)
		return 2;
	error = xfs_device_open_memory(SIZE, 512, NULL, &dev);
	if (error)
		return 1;
	error = xfs_mkfs(dev, NULL, &format, NULL);
	if (!error)
		error = xfs_mount(dev, &options, &mp);
	if (!error) {
		error = fill(mp);
		if (error)
			xfs_abandon(mp);	/* half a file system is none */
		else
			error = xfs_unmount(mp);
	}
	if (!error)
		error = save(dev, argv[1]);
	if (error)
		fprintf(stderr, "%s: %s\n", strerror(-error), xfs_error_text(NULL));
	xfs_device_put(dev);
	return error ? 1 : 0;
}
