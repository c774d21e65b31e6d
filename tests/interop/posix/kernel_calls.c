/* SPDX-License-Identifier: MIT */
/* The system calls, in a root directory of their own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "calls.h"

static int64_t told(int64_t ret)
{
	return ret < 0 ? -errno : ret;
}

static int done(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int k_make_dir(const char *path, mode_t mode)
{
	return done(mkdir(path, mode));
}

static int k_make_node(const char *path, mode_t mode, uint32_t major, uint32_t minor)
{
	/* glibc cuts device numbers to what it believes possible; the kernel's form has 32 bits. */
	uint32_t dev = (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);

	return done((int)syscall(SYS_mknodat, AT_FDCWD, path, mode, dev));
}

static int k_make_symlink(const char *target, const char *path)
{
	return done(symlink(target, path));
}

static int k_make_at(const char *name, mode_t mode)
{
	int fd;

	if (S_ISDIR(mode))
		return done(mkdir(name, mode & 07777));
	fd = open(name, O_CREAT | O_EXCL | O_RDWR, mode & 07777);
	return fd < 0 ? -errno : done(close(fd));
}

static int k_link(const char *from, const char *to)
{
	return done(link(from, to));
}

static int k_unlink(const char *path)
{
	return done(unlink(path));
}

static int k_rmdir(const char *path)
{
	return done(rmdir(path));
}

static int k_rename(const char *from, const char *to, unsigned int flags)
{
	return done((int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

static int k_open(const char *path, int flags, mode_t mode, union handle *h)
{
	/* Opening a fifo must not wait. */
	h->fd = open(path, flags | O_NONBLOCK, mode);
	return h->fd < 0 ? -errno : 0;
}

static int k_close(union handle h)
{
	return done(close(h.fd));
}

static int64_t k_pread(union handle h, void *buf, size_t len, int64_t offset)
{
	return told(pread(h.fd, buf, len, offset));
}

static int64_t k_pwrite(union handle h, const void *buf, size_t len, int64_t offset)
{
	return told(pwrite(h.fd, buf, len, offset));
}

static int64_t k_seek(union handle h, int64_t offset, int whence)
{
	return told(lseek(h.fd, offset, whence));
}

static int k_ftruncate(union handle h, int64_t size)
{
	return done(ftruncate(h.fd, size));
}

static int k_fsetxattr(union handle h, const char *name, const void *value, size_t size, int flags)
{
	return done(fsetxattr(h.fd, name, value, size, flags));
}

static int k_fsync(union handle h)
{
	return done(fsync(h.fd));
}

static int k_fchmod(union handle h, mode_t mode)
{
	return done(fchmod(h.fd, mode));
}

static int k_fstat(union handle h, struct stat *st)
{
	return done(fstat(h.fd, st));
}

static int k_truncate(const char *path, int64_t size)
{
	return done(truncate(path, size));
}

static int k_stat(const char *path, bool follow, struct stat *st)
{
	return done(fstatat(AT_FDCWD, path, st, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

static int64_t k_readlink(const char *path, char *buf, size_t size)
{
	return told(readlink(path, buf, size));
}

static int k_chmod(const char *path, mode_t mode)
{
	return done(chmod(path, mode));
}

static int k_chown(const char *path, bool follow, uint32_t uid, uint32_t gid)
{
	return done(fchownat(AT_FDCWD, path, uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

static int k_utimens(const char *path, bool follow, const struct timespec times[2])
{
	return done(utimensat(AT_FDCWD, path, times, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

static int k_setxattr(const char *path, bool follow, const char *name, const void *value,
		      size_t size, int flags)
{
	return done(follow ? setxattr(path, name, value, size, flags)
			   : lsetxattr(path, name, value, size, flags));
}

static int64_t k_getxattr(const char *path, bool follow, const char *name, void *value, size_t size)
{
	return told(follow ? getxattr(path, name, value, size) : lgetxattr(path, name, value, size));
}

static int64_t k_listxattr(const char *path, bool follow, char *list, size_t size)
{
	return told(follow ? listxattr(path, list, size) : llistxattr(path, list, size));
}

static int k_removexattr(const char *path, bool follow, const char *name)
{
	return done(follow ? removexattr(path, name) : lremovexattr(path, name));
}

static int k_set_xflags(const char *path, uint32_t xflags)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), error;
	struct fsxattr fsx;

	if (fd < 0)
		return -errno;
	error = done(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	fsx.fsx_xflags = xflags;
	if (!error)
		error = done(ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	close(fd);
	return error;
}

static int k_list(const char *path, void (*emit)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			emit(arg, entry->d_name);
	}
	return done(closedir(dir));
}

static int k_statfs(uint64_t *bsize, uint32_t *name_max)
{
	struct statfs st;

	if (statfs("/", &st))
		return -errno;
	*bsize = (uint64_t)st.f_bsize;
	*name_max = (uint32_t)st.f_namelen;
	return 0;
}

const struct calls kernel_calls = {
	.make_dir = k_make_dir, .make_node = k_make_node, .make_symlink = k_make_symlink,
	.make_at = k_make_at, .link = k_link, .unlink = k_unlink, .rmdir = k_rmdir,
	.rename = k_rename, .open = k_open, .close = k_close, .pread = k_pread,
	.pwrite = k_pwrite, .seek = k_seek, .ftruncate = k_ftruncate, .fsetxattr = k_fsetxattr,
	.fsync = k_fsync, .fchmod = k_fchmod, .fstat = k_fstat, .truncate = k_truncate,
	.stat = k_stat, .readlink = k_readlink, .chmod = k_chmod, .chown = k_chown,
	.utimens = k_utimens, .setxattr = k_setxattr, .getxattr = k_getxattr,
	.listxattr = k_listxattr, .removexattr = k_removexattr, .set_xflags = k_set_xflags,
	.list = k_list, .statfs = k_statfs,
};

/* All that root may do but keeping set-id bits (CAP_FSETID), as somebody else's user and group. */
static int become(uint32_t id)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (setgroups(0, NULL))
		return -errno;
	setfsgid(id);
	setfsuid(id);
	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective = data[0].permitted & ~(1u << CAP_FSETID);
	data[1].effective = data[1].permitted;
	return done((int)syscall(SYS_capset, &header, data));
}

int kernel_calls_enter(const char *dir, uint32_t id)
{
	umask(0);
	if (chdir(dir) || chroot("."))
		return -errno;
	if (id && (chown("/", id, id)))
		return -errno;
	return id ? become(id) : 0;
}
