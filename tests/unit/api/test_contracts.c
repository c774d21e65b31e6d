/* SPDX-License-Identifier: MIT */
/*
 * Goal: calls return the errors that the public headers name for them, where one call is enough to
 *       show it; a name or link from one mount into another is refused.
 * Method: one small volume of each type of object; for each call the arguments of each error.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/xattr.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs, other;
static struct xfs_file *file, *path_only, *dir, *reader;
static char long_name[300];

static struct xfs_file *opened(struct xfs_mount *mp, const char *path, int flags)
{
	struct xfs_file *f;

	TEST_OK(xfs_open(mp, path, flags, 0644, &f));
	return f;
}

static void set_flags(const char *path, uint32_t xflags)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = XFS_ATTR_XFLAGS;
	iattr.xflags = xflags;
	TEST_OK(xfs_setattr(fs.mp, path, true, &iattr));
}

static int setup(void **state)
{
	(void)state;
	test_fs_make(&fs, MIB(64), NULL);
	test_fs_make(&other, MIB(64), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/empty", 0755));
	TEST_OK(xfs_mkdir(other.mp, "/d", 0755));
	TEST_OK(xfs_close(opened(other.mp, "/f", O_CREAT | O_RDWR)));
	TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
	TEST_OK(xfs_symlink(fs.mp, "f", "/link"));
	TEST_OK(xfs_symlink(fs.mp, "loop", "/loop"));
	file = opened(fs.mp, "/f", O_CREAT | O_RDWR);
	TEST_IS(xfs_pwrite(file, "0123456789", 10, 0), 10);
	TEST_OK(xfs_close(opened(fs.mp, "/fixed", O_CREAT | O_RDWR)));
	set_flags("/fixed", XFS_XFLAG_IMMUTABLE);
	TEST_OK(xfs_close(opened(fs.mp, "/append", O_CREAT | O_RDWR)));
	set_flags("/append", XFS_XFLAG_APPEND);
	path_only = opened(fs.mp, "/f", O_PATH);
	dir = opened(fs.mp, "/d", O_RDONLY);
	reader = opened(fs.mp, "/f", O_RDONLY);
	memset(long_name, 'n', sizeof(long_name) - 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_close(path_only));
	TEST_OK(xfs_close(dir));
	TEST_OK(xfs_close(reader));
	test_fs_end(&fs);
	test_fs_end(&other);
	return 0;
}

static void open_is(const char *path, int flags, int want)
{
	struct xfs_file *f;

	TEST_IS(xfs_open(fs.mp, path, flags, 0644, &f), want);
	assert_null(f);
}

static void test_opening(void **state)
{
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *f;
	struct xfs_dir *dp;

	(void)state;
	open_is("", O_RDONLY, -ENOENT);
	open_is("/gone", O_RDONLY, -ENOENT);
	open_is("/f/x", O_RDONLY, -ENOTDIR);
	open_is("/f/", O_RDONLY, -ENOTDIR);
	open_is("/loop", O_RDONLY, -ELOOP);
	open_is(long_name, O_RDONLY, -ENAMETOOLONG);
	open_is("/f", O_RDONLY | 0x40000000, -EINVAL);
	open_is("/n", O_RDWR | O_CREAT | O_DIRECTORY, -EINVAL);
	open_is("/d", O_RDONLY | O_TMPFILE, -EINVAL);
	open_is("/d", O_RDWR | O_TMPFILE | O_EXCL, -EINVAL);
	open_is("/d", O_RDONLY | O_DIRECT, -EINVAL);
	open_is("/f", O_RDWR | O_CREAT | O_EXCL, -EEXIST);
	open_is("/d", O_RDWR, -EISDIR);
	open_is("/d", O_RDONLY | O_CREAT, -EISDIR);
	open_is("/n/", O_RDWR | O_CREAT, -EISDIR);
	open_is("/f", O_RDONLY | O_DIRECTORY, -ENOTDIR);
	open_is("/f", O_RDWR | O_TMPFILE, -ENOTDIR);
	open_is("/link", O_RDONLY | O_NOFOLLOW, -ELOOP);
	open_is("/fifo", O_RDONLY, -ENXIO);
	open_is("/fixed", O_WRONLY, -EPERM);
	open_is("/append", O_WRONLY, -EPERM);
	open_is("/append", O_WRONLY | O_APPEND | O_TRUNC, -EPERM);

	TEST_OK(xfs_fgetattr(file, &st));
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, st.gen + 1, O_RDONLY, &f), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, 1, 0, O_RDONLY, &f), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino + 40, 0, O_RDONLY, &f), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_RDWR | O_CREAT, &f), -EINVAL);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_RDONLY | O_DIRECTORY, &f), -ENOTDIR);
	TEST_IS(xfs_opendir(fs.mp, "/f", &dp), -ENOTDIR);
	assert_null(dp);
	TEST_IS(xfs_fdopendir(file, &dp), -ENOTDIR);
	assert_null(dp);
}

static void test_contents(void **state)
{
	struct iovec iov[1] = { { .iov_base = NULL, .iov_len = 8 } };
	struct xfs_extent extents[2] = { XFS_EXTENT_INIT };
	char buf[16] = "";
	size_t count;

	(void)state;
	TEST_IS(xfs_pread(path_only, buf, 1, 0), -EBADF);
	TEST_IS(xfs_pread(dir, buf, 1, 0), -EISDIR);
	TEST_IS(xfs_pread(file, buf, 1, (uint64_t)INT64_MAX + 1), -EINVAL);
	TEST_IS(xfs_pread(file, NULL, 1, 0), -EFAULT);
	TEST_IS(xfs_pread(file, buf, SIZE_MAX, 0), -EINVAL);
	TEST_IS(xfs_pwrite(reader, buf, 1, 0), -EBADF);
	TEST_IS(xfs_pwrite(file, buf, 2, (uint64_t)INT64_MAX - 1), -EINVAL);
	TEST_IS(xfs_pwrite(file, buf, 0, INT64_MAX), 0);
	TEST_IS(xfs_preadv(file, iov, 1025, 0), -EINVAL);
	TEST_IS(xfs_preadv(file, iov, -1, 0), -EINVAL);
	TEST_IS(xfs_pwritev(file, iov, 1, 0), -EFAULT);
	iov[0].iov_base = buf;
	TEST_IS(xfs_pwritev2(file, iov, 1, 0, 0x1000), -EOPNOTSUPP);
	TEST_IS(xfs_write_from(file, NULL, NULL, 0, 1, 0), -EINVAL);
	TEST_IS(xfs_write_from_fd(file, -1, 0, 1, 0), -EINVAL);
	TEST_IS(xfs_read_to_fd(file, 0, -1, 0, 1), -EBADF);
	TEST_IS(xfs_fsync(path_only), -EBADF);
	TEST_IS(xfs_fdatasync(path_only), -EBADF);

	TEST_IS(xfs_ftruncate(file, (uint64_t)INT64_MAX + 1), -EINVAL);
	TEST_IS(xfs_ftruncate(reader, 1), -EINVAL);
	TEST_IS(xfs_ftruncate(path_only, 1), -EBADF);
	TEST_IS(xfs_truncate(fs.mp, "/d", 1), -EISDIR);
	TEST_IS(xfs_truncate(fs.mp, "/fifo", 1), -EINVAL);
	TEST_IS(xfs_truncate(fs.mp, "/append", 1), -EPERM);

	TEST_IS(xfs_seek(file, 10, SEEK_DATA), -ENXIO);
	TEST_IS(xfs_seek(file, 0, SEEK_SET), -EINVAL);
	TEST_IS(xfs_seek(dir, 0, SEEK_DATA), -EINVAL);
	TEST_IS(xfs_seek(path_only, 0, SEEK_DATA), -EBADF);
	TEST_IS(xfs_extents(file, 0, extents, 0, &count), -EINVAL);
	TEST_IS(xfs_extents(path_only, 0, extents, 2, &count), -EBADF);
	TEST_IS(xfs_map_extents(file, XFS_MAP_ATTR | XFS_MAP_COW, 0, extents, 2, &count), -EINVAL);
	extents[0].size -= 4;
	TEST_IS(xfs_extents(file, 0, extents, 2, &count), -EINVAL);
}

static void test_largest_size(void **state)
{
	struct xfs_file *f = opened(fs.mp, "/huge", O_CREAT | O_RDWR | O_APPEND);

	(void)state;
	TEST_OK(xfs_ftruncate(f, INT64_MAX));
	TEST_IS(xfs_pwrite(f, "x", 1, 0), -EFBIG);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unlink(fs.mp, "/huge"));
}

static void attr_is(uint32_t valid, int by_path, int by_handle)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = valid;
	iattr.uid = iattr.gid = iattr.projid = UINT32_MAX;
	iattr.xflags = 1u << 30;
	iattr.extsize_bytes = 1000;
	iattr.cowextsize_bytes = 1000;
	iattr.mtime.tv_nsec = 1000000000;
	TEST_IS(xfs_setattr(fs.mp, "/d", true, &iattr), by_path);
	TEST_IS(xfs_fsetattr(path_only, &iattr), by_handle);
}

static void test_attributes(void **state)
{
	const struct timespec times[2] = { { .tv_nsec = 1000000000 }, { .tv_nsec = 0 } };

	(void)state;
	attr_is(1u << 20, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_INHERIT, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_UID, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_PROJID, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_XFLAGS, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_EXTSIZE, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_COWEXTSIZE, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_MTIME, -EINVAL, -EINVAL);
	attr_is(XFS_ATTR_SIZE, -EISDIR, -EBADF);
	TEST_IS(xfs_chmod(fs.mp, "/fixed", 0600), -EPERM);
	TEST_IS(xfs_chmod(fs.mp, "/gone", 0600), -ENOENT);
	TEST_IS(xfs_chown(fs.mp, "/append", 1, 1), -EPERM);
	TEST_IS(xfs_utimens(fs.mp, "/f", true, times), -EINVAL);
	TEST_IS(xfs_utimens(fs.mp, "/fixed", true, NULL), -EPERM);
	TEST_IS(xfs_utimens(fs.mp, "/append", true, NULL), 0);
}

static void create_is(const char *name, uint32_t valid, uint32_t mode, const char *target, int want)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = valid | XFS_ATTR_MODE;
	iattr.mode = mode;
	iattr.rdev_major = 512;
	iattr.size_bytes = UINT64_MAX;
	TEST_IS(xfs_createat(dir, name, &iattr, target, NULL), want);
}

static void test_creating(void **state)
{
	char target[1100];

	(void)state;
	memset(target, 't', sizeof(target));
	target[1024] = '\0';
	create_is("sub", 0, S_IFREG, NULL, -EEXIST);
	create_is("..", 0, S_IFREG, NULL, -EEXIST);
	create_is("", 0, S_IFREG, NULL, -ENOENT);
	create_is("l", 0, S_IFLNK, NULL, -ENOENT);
	create_is("l", 0, S_IFLNK, target, -ENAMETOOLONG);
	create_is(long_name, 0, S_IFREG, NULL, -ENAMETOOLONG);
	create_is("a/b", 0, S_IFREG, NULL, -EINVAL);
	create_is("n", 0, 0, NULL, -EINVAL);
	create_is(NULL, 0, S_IFREG, NULL, -EINVAL);
	create_is("n", XFS_ATTR_SIZE, S_IFIFO, NULL, -EINVAL);
	create_is("n", XFS_ATTR_RDEV, S_IFCHR, NULL, -EINVAL);
	create_is("n", XFS_ATTR_SIZE, S_IFREG, NULL, -EFBIG);

	TEST_IS(xfs_mkdir(fs.mp, "/f", 0755), -EEXIST);
	TEST_IS(xfs_mkdir(fs.mp, "/d/.", 0755), -EEXIST);
	TEST_IS(xfs_mknod(fs.mp, "/n", S_IFDIR, 0, 0), -EPERM);
	TEST_IS(xfs_mknod(fs.mp, "/n", S_IFLNK, 0, 0), -EINVAL);
	TEST_IS(xfs_mknod(fs.mp, "/n", S_IFBLK, 0, 262144), -EINVAL);
	TEST_IS(xfs_symlink(fs.mp, "", "/n"), -ENOENT);
	TEST_IS(xfs_symlink(fs.mp, target, "/n"), -ENAMETOOLONG);
	TEST_OK(xfs_mkdir(fs.mp, "/nolinks", 0755));
	set_flags("/nolinks", XFS_XFLAG_NOSYMLINKS);
	TEST_IS(xfs_symlink(fs.mp, "x", "/nolinks/n"), -EPERM);
	TEST_IS(xfs_readlink(fs.mp, "/f", target, 10), -EINVAL);
	TEST_IS(xfs_freadlink(dir, target, 10), -EINVAL);
}

static void test_links(void **state)
{
	struct xfs_file *gone = opened(fs.mp, "/gone", O_CREAT | O_RDWR);

	(void)state;
	TEST_OK(xfs_unlink(fs.mp, "/gone"));
	TEST_IS(xfs_link(fs.mp, "/f", "/d"), -EEXIST);
	TEST_IS(xfs_link(fs.mp, "/d", "/n"), -EPERM);
	TEST_IS(xfs_link(fs.mp, "/fixed", "/n"), -EPERM);
	TEST_IS(xfs_linkat(gone, dir, "n"), -ENOENT);
	TEST_OK(xfs_close(gone));
	TEST_IS(xfs_replaceat(file, dir, "sub"), -EISDIR);
	TEST_IS(xfs_replaceat(file, dir, "n/"), -ENOTDIR);
	TEST_IS(xfs_replaceat(file, dir, "."), -EEXIST);
	TEST_IS(xfs_replaceat(file, dir, "/fixed"), -EPERM);
}

static void test_removing_and_renaming(void **state)
{
	(void)state;
	TEST_IS(xfs_unlink(fs.mp, "/d"), -EISDIR);
	TEST_IS(xfs_unlink(fs.mp, "/f/"), -ENOTDIR);
	TEST_IS(xfs_unlink(fs.mp, "/append"), -EPERM);
	TEST_IS(xfs_rmdir(fs.mp, "/f"), -ENOTDIR);
	TEST_IS(xfs_rmdir(fs.mp, "/d"), -ENOTEMPTY);
	TEST_IS(xfs_rmdir(fs.mp, "/d/.."), -ENOTEMPTY);
	TEST_IS(xfs_rmdir(fs.mp, "/d/."), -EINVAL);
	TEST_IS(xfs_rmdir(fs.mp, "/"), -EBUSY);
	TEST_IS(xfs_unlinkat(dir, "sub", 1), -EINVAL);

	TEST_IS(xfs_renameat(dir, "/f", dir, "sub", RENAME_NOREPLACE), -EEXIST);
	TEST_IS(xfs_rename(fs.mp, "/empty", "/d"), -EEXIST);
	TEST_IS(xfs_rename(fs.mp, "/d/sub", "/d"), -ENOTEMPTY);
	TEST_IS(xfs_rename(fs.mp, "/f", "/d"), -EISDIR);
	TEST_IS(xfs_rename(fs.mp, "/d", "/f"), -ENOTDIR);
	TEST_IS(xfs_rename(fs.mp, "/f/", "/n"), -ENOTDIR);
	TEST_IS(xfs_rename(fs.mp, "/d", "/d/sub/n"), -EINVAL);
	TEST_IS(xfs_renameat(dir, "/f", dir, "n", 1u << 8), -EINVAL);
	TEST_IS(xfs_rename(fs.mp, "/d/.", "/n"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/", "/n"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/fixed", "/n"), -EPERM);
}

/* A name in one file system for an inode of another would be a name for whatever has that number. */
static void test_two_mounts(void **state)
{
	struct xfs_file *far = opened(other.mp, "/d", O_RDONLY);
	struct xfs_file *far_file = opened(other.mp, "/f", O_RDWR);

	(void)state;
	TEST_IS(xfs_linkat(file, far, "n"), -EXDEV);
	TEST_IS(xfs_linkat(file, far, "/f"), -EEXIST);
	TEST_IS(xfs_replaceat(file, far, "n"), -EXDEV);
	TEST_IS(xfs_replaceat(file, far, "/f"), -EXDEV);
	TEST_IS(xfs_renameat(dir, "sub", far, "n", 0), -EXDEV);
	TEST_IS(xfs_renameat(dir, "/f", far, "/f", 0), -EXDEV);
	TEST_IS(xfs_renameat(far, "/f", dir, "n", RENAME_NOREPLACE), -EXDEV);
	TEST_IS(xfs_renameat(dir, ".", far, "/", 0), -EXDEV);
	TEST_IS(xfs_clone_range(far_file, 0, file, 0, 0), -EXDEV);
	TEST_IS(xfs_copy_range(far_file, 0, file, 0, 1), -EXDEV);
	TEST_IS(xfs_dedupe_range(far_file, 0, file, 0, 1), -EXDEV);
	TEST_IS(xfs_exchange_range(far_file, 0, file, 0, 0, 0), -EXDEV);
	TEST_OK(xfs_close(far));
	TEST_OK(xfs_close(far_file));
}

static void test_removed_directory(void **state)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *gone;
	struct xfs_dir *dp;

	(void)state;
	TEST_OK(xfs_mkdir(fs.mp, "/gone", 0755));
	gone = opened(fs.mp, "/gone", O_RDONLY);
	TEST_OK(xfs_fdopendir(gone, &dp));
	TEST_OK(xfs_rmdir(fs.mp, "/gone"));
	iattr.valid = XFS_ATTR_MODE;
	iattr.mode = S_IFREG;
	TEST_IS(xfs_readdir(dp, &entry), -ENOENT);
	TEST_IS(xfs_createat(gone, "n", &iattr, NULL, NULL), -ENOENT);
	TEST_IS(xfs_linkat(file, gone, "n"), -ENOENT);
	xfs_closedir(dp);
	TEST_OK(xfs_close(gone));
}

static void test_xattrs(void **state)
{
	static char big[65537];
	char name[300];

	(void)state;
	snprintf(name, sizeof(name), "user.%.251s", long_name);
	TEST_OK(xfs_fsetxattr(file, "user.a", "1234", 4, 0));
	TEST_IS(xfs_fsetxattr(file, "user.a", "1", 1, XATTR_CREATE), -EEXIST);
	TEST_IS(xfs_fsetxattr(file, "user.b", "1", 1, XATTR_REPLACE), -ENODATA);
	TEST_IS(xfs_fsetxattr(file, "", "1", 1, 0), -ERANGE);
	TEST_IS(xfs_fsetxattr(file, name, "1", 1, 0), -ERANGE);
	TEST_IS(xfs_fsetxattr(file, "user.b", big, sizeof(big), 0), -E2BIG);
	TEST_IS(xfs_fsetxattr(file, "other.b", "1", 1, 0), -EOPNOTSUPP);
	TEST_IS(xfs_fsetxattr(file, "user.", "1", 1, 0), -EINVAL);
	TEST_IS(xfs_fsetxattr(file, "user.b", "1", 1, 4), -EINVAL);
	TEST_IS(xfs_fsetxattr(file, "system.posix_acl_access", "\2\0\0\0x", 5, 0), -EINVAL);
	TEST_IS(xfs_fsetxattr(file, "system.posix_acl_access", "\3\0\0\0", 4, 0), -EOPNOTSUPP);
	TEST_IS(xfs_setxattr(fs.mp, "/fifo", true, "user.b", "1", 1, 0), -EPERM);
	TEST_IS(xfs_setxattr(fs.mp, "/fixed", true, "user.b", "1", 1, 0), -EPERM);
	TEST_IS(xfs_fgetxattr(file, "user.b", NULL, 0), -ENODATA);
	TEST_IS(xfs_getxattr(fs.mp, "/fifo", true, "user.b", NULL, 0), -ENODATA);
	TEST_IS(xfs_fgetxattr(file, "user.a", big, 3), -ERANGE);
	TEST_IS(xfs_fgetxattr(file, name, big, 3), -ERANGE);
	TEST_IS(xfs_fgetxattr(file, "other.b", big, 3), -EOPNOTSUPP);
	TEST_IS(xfs_fgetxattr(file, "user.", big, 3), -EINVAL);
	TEST_IS(xfs_getxattr(fs.mp, "/link", false, "system.posix_acl_access", NULL, 0), -EOPNOTSUPP);
	TEST_IS(xfs_flistxattr(file, big, 3), -ERANGE);
	TEST_IS(xfs_fremovexattr(file, "user.b"), -ENODATA);
	TEST_IS(xfs_fremovexattr(file, "system.posix_acl_access"), 0);
	TEST_IS(xfs_fremovexattr(file, ""), -ERANGE);
	TEST_IS(xfs_removexattr(fs.mp, "/link", false, "system.posix_acl_access"), -EOPNOTSUPP);
}

static void test_space(void **state)
{
	struct xfs_file *fixed = opened(fs.mp, "/fixed", O_RDONLY);

	(void)state;
	TEST_IS(xfs_fallocate(file, 0, 0, 0), -EINVAL);
	TEST_IS(xfs_fallocate(file, 0x4000, 0, 1), -EOPNOTSUPP);
	TEST_IS(xfs_fallocate(reader, 0, 0, 1), -EBADF);
	TEST_IS(xfs_fallocate(file, 0, INT64_MAX, 2), -EFBIG);
	TEST_IS(xfs_fallocate(file, XFS_FALLOC_COLLAPSE_RANGE, 0, 1000), -EINVAL);
	TEST_IS(xfs_fallocate(file, XFS_FALLOC_INSERT_RANGE, 4096, 4096), -EINVAL);

	TEST_IS(xfs_clone_range(path_only, 0, file, 0, 0), -EBADF);
	TEST_IS(xfs_clone_range(file, 0, reader, 0, 0), -EBADF);
	TEST_IS(xfs_clone_range(dir, 0, file, 0, 0), -EISDIR);
	TEST_IS(xfs_clone_range(file, 0, file, 0, 0), -EINVAL);
	TEST_IS(xfs_clone_range(reader, 1, file, 8192, 0), -EINVAL);
	TEST_IS(xfs_copy_range(reader, 0, file, 5, 10), -EINVAL);
	TEST_IS(xfs_copy_range(reader, 0, file, INT64_MAX, 10), -EFBIG);
	TEST_IS(xfs_dedupe_range(reader, 0, file, 4096, 10), -EINVAL);

	TEST_IS(xfs_exchange_range(file, 0, reader, 0, 0, 0), -EBADF);
	TEST_IS(xfs_exchange_range(dir, 0, file, 0, 0, 0), -EISDIR);
	TEST_IS(xfs_exchange_range(file, 0, file, 0, 10, 0), -EINVAL);
	TEST_IS(xfs_exchange_range(file, 0, file, 0, 0, 1u << 20), -EINVAL);
	TEST_OK(xfs_close(fixed));
}

static void test_quota(void **state)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;

	(void)state;
	TEST_IS(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 1, &info), -ESRCH);
	TEST_IS(xfs_quota_get(fs.mp, XFS_QUOTA_USER | XFS_QUOTA_GROUP, 1, &info), -EINVAL);
	TEST_IS(xfs_quota_check(fs.mp, 0), -ESRCH);
	TEST_IS(xfs_quota_off(fs.mp, 0, 0), -EINVAL);
	TEST_IS(xfs_quota_on(fs.mp, &on), -EINVAL);
	on.types = XFS_QUOTA_USER;
	TEST_IS(xfs_quota_on(fs.mp, &on), -EBUSY);
	limits.valid = XFS_QUOTA_SPACE_HARD;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1, &limits), -ESRCH);
	limits.space_hard = UINT64_MAX;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1, &limits), -ERANGE);
	limits.valid = XFS_QUOTA_SPACE_GRACE;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1, &limits), -EINVAL);
}

static void test_devices(void **state)
{
	struct xfs_device *dev, *view, *none;
	uint64_t offset, len;
	char buf[512];

	(void)state;
	TEST_OK(xfs_device_open_memory(MIB(1), 512, NULL, &dev));
	TEST_OK(xfs_device_open_readonly(dev, &view));
	assert_int_equal(xfs_device_open_memory(1000, 512, NULL, &none), -EINVAL);
	assert_null(none);
	assert_int_equal(xfs_device_open_window(dev, 512, MIB(1), &none), -EINVAL);
	assert_int_equal(xfs_device_pread(dev, 1, buf, 512), -EINVAL);
	assert_int_equal(xfs_device_pread(dev, MIB(1), buf, 512), -EIO);
	assert_int_equal(xfs_device_pread(dev, 0, NULL, 512), -EFAULT);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, 1u << 9), -EINVAL);
	assert_int_equal(xfs_device_pwrite(view, 0, buf, 512, 0), -EROFS);
	assert_int_equal(xfs_device_zero(view, 0, 512), -EROFS);
	assert_int_equal(xfs_device_copy_range(dev, 0, -1, 0, 512), -EBADF);
	assert_int_equal(xfs_device_resize(dev, 1000), -EINVAL);
	assert_int_equal(xfs_device_resize(dev, (uint64_t)INT64_MAX + 1), -EFBIG);
	assert_int_equal(xfs_device_resize(view, MIB(2)), -EROFS);
	assert_int_equal(xfs_device_overlay_commit(dev), -EINVAL);
	assert_int_equal(xfs_device_overlay_discard(dev), -EINVAL);
	assert_true(xfs_device_overlay_bytes(dev) == 0);
	assert_int_equal(xfs_device_find_partition(dev, 1, &offset, &len),
			 xfs_library_has("blkid") ? -EINVAL : -EOPNOTSUPP);
	assert_int_equal(xfs_device_open_file("/nonexistent/image", 0, 0, &none), -ENOENT);
	assert_int_equal(xfs_device_open_file("/", XFS_DEV_RDONLY, 0, &none), -EISDIR);
	assert_int_equal(xfs_device_open_file("/dev/null", 0, 0, &none), -EINVAL);
	assert_int_equal(xfs_device_open_file("x", XFS_DEV_RDONLY | XFS_DEV_CREATE, 0, &none), -EINVAL);
	assert_int_equal(xfs_device_open_fd(-1, 0, &none), -EBADF);
	xfs_device_put(view);
	xfs_device_put(dev);
}

static void test_read_only(void **state)
{
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_mount *mp;
	struct xfs_file *f;
	struct xfs_file *none;

	(void)state;
	test_fs_close_and_check(&other);
	opts.flags = XFS_MOUNT_RDONLY;
	TEST_OK(xfs_mount(other.dev, &opts, &mp));
	f = opened(mp, "/f", O_RDONLY);
	TEST_IS(xfs_open(mp, "/n", O_CREAT | O_RDWR, 0644, &none), -EROFS);
	TEST_IS(xfs_open(mp, "/f", O_RDWR, 0, &none), -EROFS);
	TEST_IS(xfs_mkdir(mp, "/n", 0755), -EROFS);
	TEST_IS(xfs_unlink(mp, "/f"), -EROFS);
	TEST_IS(xfs_rename(mp, "/f", "/n"), -EROFS);
	TEST_IS(xfs_link(mp, "/f", "/n"), -EROFS);
	TEST_IS(xfs_chmod(mp, "/f", 0600), -EROFS);
	TEST_IS(xfs_truncate(mp, "/f", 0), -EROFS);
	TEST_IS(xfs_fsetxattr(f, "user.a", "1", 1, 0), -EROFS);
	TEST_IS(xfs_quota_off(mp, XFS_QUOTA_USER, 0), -EROFS);
	TEST_IS(xfs_fsync(f), 0);
	TEST_IS(xfs_sync(mp), 0);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(mp));
	test_fs_open(&other);
}

static void test_mounting(void **state)
{
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_mkfs_options mkfs = XFS_MKFS_OPTIONS_INIT;
	struct xfs_device *dev;
	struct xfs_mount *mp;

	(void)state;
	TEST_IS(xfs_mount(fs.dev, NULL, &mp), -EBUSY);
	assert_null(mp);
	opts.flags = XFS_MOUNT_NORECOVERY;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	opts.flags = 1u << 30;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	opts.flags = 0;
	opts.allocsize_bytes = 5000;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	TEST_OK(xfs_device_open_memory(MIB(1), 512, NULL, &dev));
	TEST_IS(xfs_mount(dev, NULL, &mp), -EINVAL);
	TEST_IS(xfs_mkfs(dev, NULL, NULL, NULL), -ENOSPC);
	mkfs.flags = XFS_MKFS_SMALL;
	TEST_IS(xfs_mkfs(fs.dev, NULL, &mkfs, NULL), -EBUSY);
	mkfs.blocksize = 1000;
	TEST_IS(xfs_mkfs(dev, NULL, &mkfs, NULL), -EINVAL);
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opening, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_largest_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_creating, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removing_and_renaming, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xattrs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_space, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(test_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounting, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
