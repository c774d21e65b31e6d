/* SPDX-License-Identifier: MIT */
/*
 * The calls of support/fill.h on a file system that the library has open.  What it
 * does not offer is refused, as a kernel without the feature would.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <xfswrite/xfswrite.h>
#include "support/fill.h"

static struct xfs_file *file_of(intptr_t file)
{
	return (struct xfs_file *)file;
}

static int lib_mkdir(void *fs, const char *path)
{
	return xfs_mkdir(fs, path, 0755);
}

static intptr_t lib_open(void *fs, const char *path)
{
	struct xfs_file *file;
	int error = xfs_open(fs, path, O_CREAT | O_RDWR | O_NOFOLLOW, 0644, &file);

	return error ? error : (intptr_t)file;
}

static int lib_close(void *fs, intptr_t file)
{
	(void)fs;
	return xfs_close(file_of(file));
}

static ssize_t lib_pwrite(void *fs, intptr_t file, const void *buf, size_t len, uint64_t off)
{
	(void)fs;
	return xfs_pwrite(file_of(file), buf, len, off);
}

static int lib_fallocate(void *fs, intptr_t file, int mode, uint64_t off, uint64_t len)
{
	(void)fs;
	(void)file;
	(void)mode;
	(void)off;
	(void)len;
	return -EOPNOTSUPP;
}

static int lib_truncate(void *fs, intptr_t file, uint64_t size)
{
	(void)fs;
	return xfs_ftruncate(file_of(file), size);
}

static int lib_fsync(void *fs, intptr_t file)
{
	(void)fs;
	return xfs_fsync(file_of(file));
}

static int lib_clone(void *fs, intptr_t from, uint64_t src, uint64_t len, intptr_t to, uint64_t dst)
{
	(void)fs;
	(void)from;
	(void)src;
	(void)len;
	(void)to;
	(void)dst;
	return -EOPNOTSUPP;
}

static int lib_setxattr(void *fs, const char *path, const char *name, const void *value,
			size_t len)
{
	return xfs_setxattr(fs, path, false, name, value, len, 0);
}

static int lib_removexattr(void *fs, const char *path, const char *name)
{
	return xfs_removexattr(fs, path, false, name);
}

static int lib_symlink(void *fs, const char *target, const char *path)
{
	return xfs_symlink(fs, target, path);
}

static int lib_mknod(void *fs, const char *path, mode_t mode, uint32_t major, uint32_t minor)
{
	return xfs_mknod(fs, path, mode, major, minor);
}

static int lib_link(void *fs, const char *old, const char *path)
{
	return xfs_link(fs, old, path);
}

static int lib_remove(void *fs, const char *path, bool dir)
{
	return dir ? xfs_rmdir(fs, path) : xfs_unlink(fs, path);
}

static int lib_rename(void *fs, const char *old, const char *path, unsigned int flags)
{
	return flags ? -EOPNOTSUPP : xfs_rename(fs, old, path);
}

static int lib_list(void *fs, const char *path,
		    void (*entry)(void *ctx, const char *name, bool dir), void *ctx)
{
	struct xfs_dirent de = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	int ret = xfs_opendir(fs, path, &dir);

	if (ret)
		return ret;
	while ((ret = xfs_readdir(dir, &de)) == 1) {
		if (strcmp(de.name, ".") && strcmp(de.name, ".."))
			entry(ctx, de.name, de.type == DT_DIR);
	}
	xfs_closedir(dir);
	return ret;
}

static int lib_xflags(void *fs, const char *path, uint32_t xflags, uint32_t extsize,
		      uint32_t cowextsize, uint32_t projid)
{
	struct xfs_iattr ia = {
		.size = sizeof(ia),
		.valid = XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE | XFS_ATTR_PROJID,
		.xflags = xflags,
		.extsize_bytes = extsize,
		.cowextsize_bytes = cowextsize,
		.projid = projid,
	};

	return xfs_setattr(fs, path, false, &ia);
}

static int lib_utimes(void *fs, const char *path, const struct timespec ts[2])
{
	return xfs_utimens(fs, path, false, ts);
}

static int lib_chown(void *fs, const char *path, uint32_t uid, uint32_t gid)
{
	return xfs_lchown(fs, path, uid, gid);
}

static int lib_chmod(void *fs, const char *path, mode_t mode)
{
	return xfs_chmod(fs, path, mode);
}

static int lib_tmpfile(void *fs, const char *dir, const char *path)
{
	(void)fs;
	(void)dir;
	(void)path;
	return -EOPNOTSUPP;
}

static int lib_sync(void *fs, const char *dir)
{
	(void)dir;
	return xfs_sync(fs);
}

const struct test_fill_ops test_fill_library = {
	.mkdir = lib_mkdir,
	.open = lib_open,
	.close = lib_close,
	.pwrite = lib_pwrite,
	.fallocate = lib_fallocate,
	.truncate = lib_truncate,
	.fsync = lib_fsync,
	.clone = lib_clone,
	.setxattr = lib_setxattr,
	.removexattr = lib_removexattr,
	.symlink = lib_symlink,
	.mknod = lib_mknod,
	.link = lib_link,
	.remove = lib_remove,
	.rename = lib_rename,
	.list = lib_list,
	.xflags = lib_xflags,
	.utimes = lib_utimes,
	.chown = lib_chown,
	.chmod = lib_chmod,
	.tmpfile = lib_tmpfile,
	.sync = lib_sync,
};
