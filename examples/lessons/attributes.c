/* SPDX-License-Identifier: MIT */
/*
 * Lesson 8: mode, owner, times and extended attributes of a file.
 *
 *   cc attributes.c $(pkg-config --cflags --libs xfswrite) -o attributes
 *   ./attributes disk.img /etc/passwd
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

static int change(struct xfs_mount *mp, const char *path)
{
	/* All of it in one transaction; what is not valid stays. */
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_MTIME,
		.mode = 0600,
		.uid = 1000,
		.mtime = { .tv_sec = 1700000000, .tv_nsec = 1 },
	};
	char value[64];
	ssize_t len;
	int error;

	error = xfs_setattr(mp, path, true, &iattr);
	if (!error)
		error = xfs_setxattr(mp, path, true, "user.origin", "lesson", 6, 0);
	if (error)
		return error;
	len = xfs_getxattr(mp, path, true, "user.origin", value, sizeof(value));
	if (len < 0)
		return (int)len;
	return len == 6 && memcmp(value, "lesson", 6) == 0 ? 0 : -EIO;
}

int main(int argc, char **argv)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_UNJOURNALLED,
	};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error, unmount_error;

	if (argc != 3)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_EXCL, 0, &dev);
	if (!error) {
		error = xfs_mount(dev, &options, &mp);
		xfs_device_put(dev);
	}
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-error));
		return 1;
	}
	error = change(mp, argv[2]);
	if (error)
		fprintf(stderr, "%s: %s (%s)\n", argv[2], strerror(-error), xfs_error_text(mp));
	unmount_error = xfs_unmount(mp);
	return error || unmount_error ? 1 : 0;
}
