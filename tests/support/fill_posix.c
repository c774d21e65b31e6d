/* SPDX-License-Identifier: MIT */
/*
 * The calls of support/fill.h on a mounted file system.  Nothing here calls
 * sync(2), which would wait for every file system of the machine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "support/fill.h"

static int result(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static int posix_mkdir(void *fs, const char *path)
{
	(void)fs;
	return result(mkdir(path, 0755));
}

static intptr_t posix_open(void *fs, const char *path)
{
	(void)fs;
	return result(open(path, O_CREAT | O_RDWR | O_NOFOLLOW, 0644));
}

static int close_file(void *fs, intptr_t file)
{
	(void)fs;
	return result(close((int)file));
}

static ssize_t posix_pwrite(void *fs, intptr_t file, const void *buf, size_t len, uint64_t off)
{
	(void)fs;
	return result(pwrite((int)file, buf, len, (off_t)off));
}

static int posix_fallocate_(void *fs, intptr_t file, int mode, uint64_t off, uint64_t len)
{
	(void)fs;
	return result(fallocate((int)file, mode, (off_t)off, (off_t)len));
}

static int posix_truncate(void *fs, intptr_t file, uint64_t size)
{
	(void)fs;
	return result(ftruncate((int)file, (off_t)size));
}

static int posix_fsync(void *fs, intptr_t file)
{
	(void)fs;
	return result(fsync((int)file));
}

static int posix_clone(void *fs, intptr_t from, uint64_t src, uint64_t len, intptr_t to,
		       uint64_t dst)
{
	struct file_clone_range r = { .src_fd = from, .src_offset = src, .src_length = len,
				      .dest_offset = dst };

	(void)fs;
	return result(ioctl((int)to, FICLONERANGE, &r));
}

static int posix_setxattr(void *fs, const char *path, const char *name, const void *value,
			  size_t len)
{
	(void)fs;
	return result(lsetxattr(path, name, value, len, 0));
}

static int posix_removexattr(void *fs, const char *path, const char *name)
{
	(void)fs;
	return result(lremovexattr(path, name));
}

static int posix_symlink(void *fs, const char *target, const char *path)
{
	(void)fs;
	return result(symlink(target, path));
}

static int posix_mknod(void *fs, const char *path, mode_t mode, uint32_t major, uint32_t minor)
{
	(void)fs;
	return result(mknod(path, mode, makedev(major, minor)));
}

static int posix_link(void *fs, const char *old, const char *path)
{
	(void)fs;
	return result(link(old, path));
}

static int posix_remove(void *fs, const char *path, bool dir)
{
	(void)fs;
	return result(dir ? rmdir(path) : unlink(path));
}

static int posix_rename(void *fs, const char *old, const char *path, unsigned int flags)
{
	(void)fs;
	return result((int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, path, flags));
}

static int posix_list(void *fs, const char *path,
		      void (*entry)(void *ctx, const char *name, bool dir), void *ctx)
{
	DIR *d = opendir(path);
	struct dirent *e;

	(void)fs;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			entry(ctx, e->d_name, e->d_type == DT_DIR);
	}
	closedir(d);
	return 0;
}

static int posix_xflags(void *fs, const char *path, uint32_t xflags, uint32_t extsize,
			uint32_t cowextsize, uint32_t projid)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW), ret;
	struct fsxattr fx;

	(void)fs;
	if (fd < 0)
		return -errno;
	ret = result(ioctl(fd, FS_IOC_FSGETXATTR, &fx));
	if (!ret) {
		fx.fsx_xflags |= xflags;
		fx.fsx_extsize = extsize;
		fx.fsx_cowextsize = cowextsize;
		fx.fsx_projid = projid;
		ret = result(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
	}
	close(fd);
	return ret;
}

static int posix_utimes(void *fs, const char *path, const struct timespec ts[2])
{
	(void)fs;
	return result(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
}

static int posix_chown(void *fs, const char *path, uint32_t uid, uint32_t gid)
{
	(void)fs;
	return result(lchown(path, uid, gid));
}

static int posix_chmod(void *fs, const char *path, mode_t mode)
{
	(void)fs;
	return result(chmod(path, mode));
}

static int posix_tmpfile(void *fs, const char *dir, const char *path)
{
	int fd = open(dir, O_TMPFILE | O_RDWR, 0640), ret;
	char self[64];

	(void)fs;
	if (fd < 0)
		return -errno;
	ret = result(pwrite(fd, "contents", 8, 3333));
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (ret >= 0)
		ret = result(linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
	close(fd);
	return ret;
}

static int posix_sync(void *fs, const char *dir)
{
	int fd = open(dir, O_RDONLY), ret;

	(void)fs;
	if (fd < 0)
		return -errno;
	ret = result(syncfs(fd));
	close(fd);
	return ret;
}

const struct test_fill_ops test_fill_posix = {
	.mkdir = posix_mkdir,
	.open = posix_open,
	.close = close_file,
	.pwrite = posix_pwrite,
	.fallocate = posix_fallocate_,
	.truncate = posix_truncate,
	.fsync = posix_fsync,
	.clone = posix_clone,
	.setxattr = posix_setxattr,
	.removexattr = posix_removexattr,
	.symlink = posix_symlink,
	.mknod = posix_mknod,
	.link = posix_link,
	.remove = posix_remove,
	.rename = posix_rename,
	.list = posix_list,
	.xflags = posix_xflags,
	.utimes = posix_utimes,
	.chown = posix_chown,
	.chmod = posix_chmod,
	.tmpfile = posix_tmpfile,
	.sync = posix_sync,
};
