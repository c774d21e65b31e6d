/* SPDX-License-Identifier: MIT */
/*
 * Lesson 3: walk over directories.
 *
 *   cc list_tree.c $(pkg-config --cflags --libs xfswrite) -o list_tree
 *   ./list_tree disk.img
 *
 * Everything is opened relative to its directory's handle; no path is ever put together.
 */
#define _GNU_SOURCE	/* O_PATH */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

static int list(struct xfs_file *dir, int depth)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *stream;
	int more, error;

	error = xfs_fdopendir(dir, &stream);
	if (error)
		return error;
	while ((more = xfs_readdir(stream, &entry)) > 0) {
		struct xfs_file *child;
		struct xfs_stat st = XFS_STAT_INIT;

		if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
			continue;
		/* O_PATH: any kind of object, to look at. */
		error = xfs_openat(dir, entry.name, O_PATH | O_NOFOLLOW, 0, &child);
		if (error)
			break;
		error = xfs_fgetattr(child, &st);
		if (!error) {
			printf("%*s%s%s (%ju bytes)\n", depth * 2, "", entry.name,
			       S_ISDIR(st.mode) ? "/" : "", (uintmax_t)st.size_bytes);
			if (S_ISDIR(st.mode))
				error = list(child, depth + 1);
		}
		xfs_close(child);
		if (error)
			break;
	}
	xfs_closedir(stream);
	return more < 0 ? more : error;
}

int main(int argc, char **argv)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_RDONLY,
	};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error;

	if (argc != 2)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &dev);
	if (error)
		return 1;
	error = xfs_mount(dev, &options, &mp);
	xfs_device_put(dev);
	if (error) {
		fprintf(stderr, "%s: %s\n", xfs_error_text(NULL), strerror(-error));
		return 1;
	}
	error = list(xfs_root(mp), 0);
	if (error)
		fprintf(stderr, "%s: %s\n", xfs_error_text(mp), strerror(-error));
	xfs_unmount(mp);
	return error ? 1 : 0;
}
