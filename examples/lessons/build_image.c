/* SPDX-License-Identifier: MIT */
/*
 * Lesson 7: build an image, object by object, the fast way.
 *
 *   cc build_image.c $(pkg-config --cflags --libs xfswrite) -o build_image
 *   ./build_image disk.img
 *
 * xfs_createat() makes an object with all its attributes in one transaction, relative
 * to a directory that is open already: no path is looked up, nothing is set twice.  A fixed
 * clock and seed make the same bytes each time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>

static const struct xfs_timespec epoch = { .tv_sec = 1700000000 };

static void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	(void)ctx;
	*now = epoch;
}

static struct xfs_iattr attributes(uint32_t mode, uint32_t uid)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_ATIME |
			 XFS_ATTR_MTIME,
		.mode = mode,
		.uid = uid,
		.gid = uid,
		.atime = epoch,
		.mtime = epoch,
	};

	return iattr;
}

static int add_file(struct xfs_file *dir, const char *name, const char *text)
{
	const struct xfs_iattr iattr = attributes(S_IFREG | 0644, 1000);
	struct xfs_file *file;
	ssize_t done;
	int error;

	error = xfs_createat(dir, name, &iattr, NULL, &file);
	if (error)
		return error;
	done = xfs_pwrite(file, text, strlen(text), 0);
	xfs_close(file);
	return done < 0 ? (int)done : 0;
}

static int build(struct xfs_mount *mp)
{
	struct xfs_iattr iattr = attributes(S_IFDIR | 0755, 1000);
	struct xfs_file *home;
	int error;

	error = xfs_createat(xfs_root(mp), "home", &iattr, NULL, &home);
	if (error)
		return error;
	for (int i = 0; i < 1000 && !error; i++) {
		char name[32];

		snprintf(name, sizeof(name), "file-%d", i);
		error = add_file(home, name, "contents\n");
	}
	xfs_close(home);
	if (error)
		return error;
	iattr = attributes(S_IFLNK | 0777, 0);
	error = xfs_createat(xfs_root(mp), "link", &iattr, "home/file-1", NULL);
	if (error)
		return error;
	iattr = attributes(S_IFCHR | 0666, 0);
	iattr.valid |= XFS_ATTR_RDEV;
	iattr.rdev_major = 1;
	iattr.rdev_minor = 3;
	return xfs_createat(xfs_root(mp), "null", &iattr, NULL, NULL);
}

int main(int argc, char **argv)
{
	const struct xfs_env env = {
		.size = sizeof(env),
		.clock = fixed_clock,
		.seed = 1,
	};
	const struct xfs_mkfs_options format = {
		.size = sizeof(format),
		.flags = XFS_MKFS_INPROGRESS,
		.env = &env,
		.profile = XFS_MKFS_PROFILE_6_1,
	};
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS,
		.env = &env,
	};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error;

	if (argc != 2)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_CREATE | XFS_DEV_EXCL, 300ull << 20, &dev);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-error));
		return 1;
	}
	error = xfs_mkfs(dev, NULL, &format, NULL);
	if (!error)
		error = xfs_mount(dev, &options, &mp);
	if (!error) {
		error = build(mp);
		if (error)
			xfs_abandon(mp);
		else
			error = xfs_unmount(mp);
	}
	if (error)
		fprintf(stderr, "%s: %s (%s)\n", argv[1], strerror(-error), xfs_error_text(NULL));
	xfs_device_put(dev);
	return error ? 1 : 0;
}
