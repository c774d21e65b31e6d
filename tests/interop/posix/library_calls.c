/* SPDX-License-Identifier: MIT */
/* The same over the library. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>
#include "calls.h"

static struct xfs_mount *mp;

static int l_make_dir(const char *path, mode_t mode)
{
	return xfs_mkdir(mp, path, mode);
}

static int l_make_node(const char *path, mode_t mode, uint32_t major, uint32_t minor)
{
	return xfs_mknod(mp, path, mode, major, minor);
}

static int l_make_symlink(const char *target, const char *path)
{
	return xfs_symlink(mp, target, path);
}

static int l_make_at(const char *name, mode_t mode)
{
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = mode};

	return xfs_createat(xfs_root(mp), name, &iattr, NULL, NULL);
}

static int l_link(const char *from, const char *to)
{
	return xfs_link(mp, from, to);
}

static int l_unlink(const char *path)
{
	return xfs_unlink(mp, path);
}

static int l_rmdir(const char *path)
{
	return xfs_rmdir(mp, path);
}

static int l_rename(const char *from, const char *to, unsigned int flags)
{
	return xfs_renameat(xfs_root(mp), from, xfs_root(mp), to, flags);
}

static int l_open(const char *path, int flags, mode_t mode, union handle *h)
{
	return xfs_open(mp, path, flags, mode, &h->file);
}

static int l_close(union handle h)
{
	return xfs_close(h.file);
}

static int64_t l_pread(union handle h, void *buf, size_t len, int64_t offset)
{
	return xfs_pread(h.file, buf, len, (uint64_t)offset);
}

static int64_t l_pwrite(union handle h, const void *buf, size_t len, int64_t offset)
{
	return xfs_pwrite(h.file, buf, len, (uint64_t)offset);
}

static int64_t l_seek(union handle h, int64_t offset, int whence)
{
	return xfs_seek(h.file, (uint64_t)offset, whence);
}

static int l_ftruncate(union handle h, int64_t size)
{
	return xfs_ftruncate(h.file, (uint64_t)size);
}

static int l_fsetxattr(union handle h, const char *name, const void *value, size_t size, int flags)
{
	return xfs_fsetxattr(h.file, name, value, size, flags);
}

static int l_fsync(union handle h)
{
	return xfs_fsync(h.file);
}

static int l_fchmod(union handle h, mode_t mode)
{
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = mode};

	return xfs_fsetattr(h.file, &iattr);
}

static int l_fstat(union handle h, struct stat *st)
{
	return xfs_fstat(h.file, st);
}

static int l_truncate(const char *path, int64_t size)
{
	return xfs_truncate(mp, path, (uint64_t)size);
}

static int l_stat(const char *path, bool follow, struct stat *st)
{
	return follow ? xfs_stat(mp, path, st) : xfs_lstat(mp, path, st);
}

static int64_t l_readlink(const char *path, char *buf, size_t size)
{
	int64_t len = xfs_readlink(mp, path, buf, size);

	/* The library tells the full length. */
	return len > (int64_t)size ? (int64_t)size : len;
}

static int l_chmod(const char *path, mode_t mode)
{
	return xfs_chmod(mp, path, mode);
}

static int l_chown(const char *path, bool follow, uint32_t uid, uint32_t gid)
{
	return follow ? xfs_chown(mp, path, uid, gid) : xfs_lchown(mp, path, uid, gid);
}

static int l_utimens(const char *path, bool follow, const struct timespec times[2])
{
	return xfs_utimens(mp, path, follow, times);
}

static int l_setxattr(const char *path, bool follow, const char *name, const void *value,
		      size_t size, int flags)
{
	return xfs_setxattr(mp, path, follow, name, value, size, flags);
}

static int64_t l_getxattr(const char *path, bool follow, const char *name, void *value, size_t size)
{
	return xfs_getxattr(mp, path, follow, name, value, size);
}

static int64_t l_listxattr(const char *path, bool follow, char *list, size_t size)
{
	return xfs_listxattr(mp, path, follow, list, size);
}

static int l_removexattr(const char *path, bool follow, const char *name)
{
	return xfs_removexattr(mp, path, follow, name);
}

static int l_set_xflags(const char *path, uint32_t xflags)
{
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_XFLAGS, .xflags = xflags};

	return xfs_setattr(mp, path, false, &iattr);
}

static int l_list(const char *path, void (*emit)(void *arg, const char *name), void *arg)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	int error;

	error = xfs_opendir(mp, path, &dir);
	if (error)
		return error;
	while ((error = xfs_readdir(dir, &entry)) > 0) {
		if (strcmp(entry.name, ".") && strcmp(entry.name, ".."))
			emit(arg, entry.name);
	}
	xfs_closedir(dir);
	return error;
}

static int l_statfs(uint64_t *bsize, uint32_t *name_max)
{
	struct xfs_statfs st = XFS_STATFS_INIT;
	int error = xfs_statfs(mp, &st);

	*bsize = st.block_size;
	*name_max = st.name_max;
	return error;
}

const struct calls library_calls = {
	.make_dir = l_make_dir, .make_node = l_make_node, .make_symlink = l_make_symlink,
	.make_at = l_make_at, .link = l_link, .unlink = l_unlink, .rmdir = l_rmdir,
	.rename = l_rename, .open = l_open, .close = l_close, .pread = l_pread,
	.pwrite = l_pwrite, .seek = l_seek, .ftruncate = l_ftruncate, .fsetxattr = l_fsetxattr,
	.fsync = l_fsync, .fchmod = l_fchmod, .fstat = l_fstat, .truncate = l_truncate,
	.stat = l_stat, .readlink = l_readlink, .chmod = l_chmod, .chown = l_chown,
	.utimens = l_utimens, .setxattr = l_setxattr, .getxattr = l_getxattr,
	.listxattr = l_listxattr, .removexattr = l_removexattr, .set_xflags = l_set_xflags,
	.list = l_list, .statfs = l_statfs,
};

int library_calls_open(const char *image, uint32_t id, bool readonly)
{
	struct xfs_mount_options options = {
		.size = sizeof(options), .uid = id, .gid = id, .unprivileged = id != 0,
		.flags = readonly ? XFS_MOUNT_RDONLY : 0,
	};
	struct xfs_device *dev;
	int error;

	error = xfs_device_open_file(image, XFS_DEV_EXCL | (readonly ? XFS_DEV_RDONLY : 0), 0, &dev);
	if (error)
		return error;
	error = xfs_mount(dev, &options, &mp);
	xfs_device_put(dev);
	if (!error && id)
		error = xfs_chown(mp, "/", id, id);
	return error;
}

int library_calls_close(void)
{
	return xfs_unmount(mp);
}

const char *library_calls_text(void)
{
	return xfs_error_text(NULL);
}
