/* SPDX-License-Identifier: MIT */
/*
 * Goal: no argument of a caller brings the library down or is taken for work done: every public
 *       call answers what it cannot do with a negative errno and a text, and does nothing.
 * Method: a table of calls with objects and pointers that are NULL, lengths that nobody can have,
 *       and devices that tell nonsense.  Each entry is one expression.  tests/tidy (arguments) holds
 *       the table against the headers: each pointer of each call is NULL in one of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/check.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include <xfswrite/nowait.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include <xfswrite/stats.h>
#include "base/compiler.h"
#include "support/test_fs.h"

#define TOO_LONG	((size_t)SSIZE_MAX + 1)

static struct test_fs fs;
static struct xfs_file *file, *dir, *out_file;
static struct xfs_dir *out_dir;
static struct xfs_mount *out_mp;
static struct xfs_device *out_dev;
static char buf[4096];
static struct stat st;
static struct xfs_stat xst = XFS_STAT_INIT;
static struct xfs_iattr iattr = {
	.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
static struct xfs_dirent entry = XFS_DIRENT_INIT;
static struct xfs_extent extents[4] = { XFS_EXTENT_INIT };
static struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;
static struct xfs_stats stats = XFS_STATS_INIT;
static struct xfs_quota_on_options quota_on = { .size = sizeof(quota_on), .types = XFS_QUOTA_USER };
static struct xfs_quota_state quota_state = XFS_QUOTA_STATE_INIT;
static struct xfs_quota_info quota_info = XFS_QUOTA_INFO_INIT;
static struct xfs_quota_limits quota_limits = XFS_QUOTA_LIMITS_INIT;
static uint64_t where, len;
static size_t count;

static void refused(int64_t ret, const char *expr, int line)
{
	bool may = ret == -EINVAL || ret == -EFAULT || ret == -EBADF;
	struct xfs_error_info info = { .size = sizeof(info) };

	/* The record is of this very call. */
	TEST_OK(xfs_mount_error(NULL, &info));
	if (may && info.error == ret && info.text[0] &&
	    !strncmp(expr, info.call, strlen(info.call)))
		return;
	fail_msg("line %d: %s is %lld, text \"%s\"", line, expr, (long long)ret,
		 xfs_error_text(NULL));
}

#define REFUSED(expr) refused((expr), #expr, __LINE__)

static int line_of_dump(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 64u << 20, NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_pwrite(file, "data", 4, 0));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY | O_DIRECTORY, 0, &dir));
	return 0;
}

static int tear_down(void **state)
{
	struct xfs_stat now = XFS_STAT_INIT;

	(void)state;
	TEST_OK(xfs_fgetattr(file, &now));
	assert_int_equal(now.size_bytes, 4);
	TEST_OK(xfs_close(dir));
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
	return 0;
}

static void test_file_systems(void **state)
{
	(void)state;
	REFUSED(xfs_mount(NULL, NULL, &out_mp));
	assert_null(out_mp);
	REFUSED(xfs_mount(fs.dev, NULL, NULL));
	REFUSED(xfs_mount(fs.dev, &(struct xfs_mount_options){ .size = 0 }, &out_mp));
	REFUSED(xfs_mount(fs.dev, &(struct xfs_mount_options){ .size = sizeof(struct xfs_mount_options),
							       .flags = 1u << 31 }, &out_mp));
	REFUSED(xfs_sync(NULL));
	REFUSED(xfs_statfs(NULL, &(struct xfs_statfs)XFS_STATFS_INIT));
	REFUSED(xfs_statfs(fs.mp, NULL));
	REFUSED(xfs_info(NULL, &(struct xfs_info){ .size = sizeof(struct xfs_info) }));
	REFUSED(xfs_info(fs.mp, NULL));
	REFUSED(xfs_info(fs.mp, &(struct xfs_info){ .size = 0 }));
	REFUSED(xfs_log_report(NULL, &(struct xfs_log_report){ .size = 100 }));
	REFUSED(xfs_log_report(fs.mp, NULL));
	REFUSED(xfs_log_report(fs.mp, &(struct xfs_log_report){ .size = 1 }));
	REFUSED(xfs_tick(NULL));
	REFUSED(xfs_cancel(NULL));
	REFUSED(xfs_get_stats(NULL, &stats));
	REFUSED(xfs_get_stats(fs.mp, NULL));
	REFUSED(xfs_get_stats(fs.mp, &(struct xfs_stats){ .size = 8 }));
	REFUSED(xfs_memory_minimum(NULL, NULL, &len));
	REFUSED(xfs_memory_minimum(fs.dev, NULL, NULL));
	REFUSED(xfs_memory_minimum(fs.dev, &(struct xfs_mount_options){ .size = 0 }, &len));
	/* What ends things may be given nothing. */
	TEST_OK(xfs_unmount(NULL));
	xfs_abandon(NULL);
	assert_null(xfs_root(NULL));
	assert_non_null(xfs_error_text(NULL));
}

static void test_quota(void **state)
{
	(void)state;
	REFUSED(xfs_quota_on(NULL, &quota_on));
	REFUSED(xfs_quota_on(fs.mp, NULL));
	REFUSED(xfs_quota_on(fs.mp, &(struct xfs_quota_on_options){ .size = 0 }));
	REFUSED(xfs_quota_check(NULL, 0));
	REFUSED(xfs_quota_off(NULL, XFS_QUOTA_USER, 0));
	REFUSED(xfs_quota_off(fs.mp, 0, 0));
	REFUSED(xfs_quota_state(NULL, &quota_state));
	REFUSED(xfs_quota_state(fs.mp, NULL));
	REFUSED(xfs_quota_get(NULL, XFS_QUOTA_USER, 0, &quota_info));
	REFUSED(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 0, NULL));
	REFUSED(xfs_quota_next(NULL, XFS_QUOTA_USER, &where, &quota_info));
	REFUSED(xfs_quota_next(fs.mp, XFS_QUOTA_USER, NULL, &quota_info));
	REFUSED(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &where, NULL));
	REFUSED(xfs_quota_set(NULL, XFS_QUOTA_USER, 0, &quota_limits));
	REFUSED(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 0, NULL));
}

static void test_opening(void **state)
{
	(void)state;
	REFUSED(xfs_open(NULL, "/f", O_RDONLY, 0, &out_file));
	REFUSED(xfs_open(fs.mp, NULL, O_RDONLY, 0, &out_file));
	REFUSED(xfs_open(fs.mp, NULL, O_RDWR | O_CREAT, 0, &out_file));
	assert_null(out_file);
	REFUSED(xfs_open(fs.mp, "/f", O_RDONLY, 0, NULL));
	REFUSED(xfs_open(fs.mp, "/new", O_RDWR | O_CREAT, 0644, NULL));
	REFUSED(xfs_open(fs.mp, "/f", 1 << 30, 0, &out_file));
	REFUSED(xfs_openat(NULL, "f", O_RDONLY, 0, &out_file));
	REFUSED(xfs_openat(dir, NULL, O_RDONLY, 0, &out_file));
	REFUSED(xfs_openat(dir, "f", O_RDONLY, 0, NULL));
	REFUSED(xfs_open_by_ino(NULL, 128, 0, O_RDONLY, &out_file));
	REFUSED(xfs_open_by_ino(fs.mp, 128, 0, O_RDONLY, NULL));
	REFUSED(xfs_opendir(NULL, "/", &out_dir));
	REFUSED(xfs_opendir(fs.mp, NULL, &out_dir));
	REFUSED(xfs_opendir(fs.mp, "/", NULL));
	REFUSED(xfs_fdopendir(NULL, &out_dir));
	REFUSED(xfs_fdopendir(dir, NULL));
	REFUSED(xfs_readdir(NULL, &entry));
	TEST_OK(xfs_fdopendir(dir, &out_dir));
	REFUSED(xfs_readdir(out_dir, NULL));
	xfs_seekdir(NULL, 0);
	xfs_closedir(out_dir);
	xfs_closedir(NULL);
	TEST_OK(xfs_close(NULL));
}

static void test_data(void **state)
{
	(void)state;
	REFUSED(xfs_pread(NULL, buf, 4, 0));
	REFUSED(xfs_pread(file, NULL, 4, 0));
	REFUSED(xfs_pread(file, buf, TOO_LONG, 0));
	REFUSED(xfs_pwrite(NULL, buf, 4, 0));
	REFUSED(xfs_pwrite(file, NULL, 5, 0));
	REFUSED(xfs_pwrite(file, buf, TOO_LONG, 0));
	REFUSED(xfs_pwrite(file, buf, 4, UINT64_MAX));
	REFUSED(xfs_write_from_fd(NULL, 0, 0, 4, 0));
	REFUSED(xfs_write_from_fd(file, -1, 0, 4, 0));
	REFUSED(xfs_write_from_fd(file, INT_MAX, 0, 4, 0));
	REFUSED(xfs_write_from_fd(file, 0, UINT64_MAX, 4, 0));
	REFUSED(xfs_write_from_fd(file, 0, 0, UINT64_MAX, 0));
	REFUSED(xfs_fsync(NULL));
	REFUSED(xfs_fdatasync(NULL));
	REFUSED(xfs_ftruncate(NULL, 0));
	REFUSED(xfs_truncate(NULL, "/f", 0));
	REFUSED(xfs_truncate(fs.mp, NULL, 0));
	REFUSED(xfs_seek(NULL, 0, SEEK_DATA));
	REFUSED(xfs_seek(file, 0, 99));
	REFUSED(xfs_extents(NULL, 0, extents, 4, &count));
	REFUSED(xfs_extents(file, 0, NULL, 4, &count));
	REFUSED(xfs_extents(file, 0, extents, 4, NULL));
	REFUSED(xfs_set_nowait(NULL, true));
	assert_false(xfs_thread_nowait(false));
	/* Nothing asked for is no error. */
	TEST_IS(xfs_pread(file, NULL, 0, 0), 0);
	TEST_IS(xfs_pwrite(file, NULL, 0, 0), 0);
}

static ssize_t no_bytes(void *ctx, void *to, size_t most)
{
	(void)ctx;
	(void)to;
	(void)most;
	return 0;
}

static void test_vectors_and_sources(void **state)
{
	struct iovec iov = { .iov_base = buf, .iov_len = 4 }, null = { .iov_len = 4 };

	(void)state;
	REFUSED(xfs_preadv(NULL, &iov, 1, 0));
	REFUSED(xfs_preadv(file, NULL, 1, 0));
	REFUSED(xfs_preadv(file, &null, 1, 0));
	REFUSED(xfs_preadv(file, &iov, -1, 0));
	REFUSED(xfs_preadv(file, &iov, INT_MAX, 0));
	REFUSED(xfs_preadv2(NULL, &iov, 1, 0, 0));
	REFUSED(xfs_preadv2(file, NULL, 1, 0, 0));
	REFUSED(xfs_pwritev(NULL, &iov, 1, 0));
	REFUSED(xfs_pwritev(file, NULL, 1, 0));
	REFUSED(xfs_pwritev(file, &null, 1, 0));
	REFUSED(xfs_pwritev(file, &iov, -1, 0));
	REFUSED(xfs_pwritev2(NULL, &iov, 1, 0, 0));
	REFUSED(xfs_pwritev2(file, NULL, 1, 0, 0));
	REFUSED(xfs_write_from(NULL, no_bytes, NULL, 0, 4, 0));
	REFUSED(xfs_write_from(file, NULL, NULL, 0, 4, 0));
	REFUSED(xfs_write_from(file, no_bytes, NULL, UINT64_MAX, 4, 0));
	REFUSED(xfs_write_from(file, no_bytes, NULL, 0, UINT64_MAX, 0));
	REFUSED(xfs_read_to_fd(NULL, 0, 1, 0, 4));
	REFUSED(xfs_read_to_fd(file, 0, -1, 0, 4));
	/* Nothing asked for is no error. */
	TEST_IS(xfs_preadv(file, NULL, 0, 0), 0);
	TEST_IS(xfs_pwritev(file, NULL, 0, 0), 0);
	TEST_IS(xfs_write_from(file, no_bytes, NULL, 0, 0, 0), 0);
}

static void test_space_and_sharing(void **state)
{
	(void)state;
	REFUSED(xfs_fallocate(NULL, 0, 0, 4096));
	REFUSED(xfs_fallocate(file, 0, 0, 0));
	REFUSED(xfs_fallocate(file, 0, UINT64_MAX, 4096));
	REFUSED(xfs_fallocate(file, 0, 0, UINT64_MAX));
	REFUSED(xfs_map_extents(NULL, 0, 0, extents, 4, &count));
	REFUSED(xfs_map_extents(file, 0, 0, NULL, 4, &count));
	REFUSED(xfs_map_extents(file, 0, 0, extents, 4, NULL));
	REFUSED(xfs_map_extents(file, 1u << 31, 0, extents, 4, &count));
	REFUSED(xfs_map_extents(file, XFS_MAP_ATTR | XFS_MAP_COW, 0, extents, 4, &count));
	REFUSED(xfs_clone_range(NULL, 0, file, 0, 0));
	REFUSED(xfs_clone_range(file, 0, NULL, 0, 0));
	REFUSED(xfs_clone_range(file, UINT64_MAX, file, 0, 4096));
	REFUSED(xfs_copy_range(NULL, 0, file, 0, 4));
	REFUSED(xfs_copy_range(file, 0, NULL, 0, 4));
	REFUSED(xfs_dedupe_range(NULL, 0, file, 0, 4));
	REFUSED(xfs_dedupe_range(file, 0, NULL, 0, 4));
	REFUSED(xfs_exchange_range(NULL, 0, file, 0, 4096, 0));
	REFUSED(xfs_exchange_range(file, 0, NULL, 0, 4096, 0));
	REFUSED(xfs_exchange_range(file, 0, file, 4096, 4096, 1u << 31));
	REFUSED(xfs_exchange_range(file, UINT64_MAX, file, 0, 4096, 0));
}

/* Nothing to tell of is nothing told. */
static void test_what_tells_of_failures(void **state)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(xfs_mount_error(fs.mp, NULL), -EINVAL);
	/* Of this thread. */
	TEST_OK(xfs_file_error(NULL, &info));
	TEST_OK(xfs_dir_error(NULL, &info));
	assert_int_equal(xfs_file_error(file, NULL), -EINVAL);
	TEST_OK(xfs_opendir(fs.mp, "/", &out_dir));
	assert_int_equal(xfs_dir_error(out_dir, NULL), -EINVAL);
	xfs_closedir(out_dir);
	assert_int_equal(xfs_mount_error(fs.mp, &(struct xfs_error_info){ .size = 1 }), -EINVAL);
	REFUSED(xfs_open(fs.mp, NULL, O_RDONLY, 0, &out_file));
	len = xfs_error_copy(NULL, buf, sizeof(buf));
	assert_true(len > 0 && len == strlen(buf));
	assert_int_equal(xfs_error_copy(fs.mp, NULL, 10), len);
	TEST_OK(xfs_device_error(NULL));
	assert_false(xfs_library_has(NULL));
	assert_non_null(xfs_library_version());
}

static void test_attributes(void **state)
{
	(void)state;
	REFUSED(xfs_fgetattr(NULL, &xst));
	REFUSED(xfs_fgetattr(file, NULL));
	REFUSED(xfs_fstatfs(NULL, &(struct xfs_statfs)XFS_STATFS_INIT));
	REFUSED(xfs_fstatfs(file, NULL));
	REFUSED(xfs_fsetattr(NULL, &iattr));
	REFUSED(xfs_fsetattr(file, NULL));
	REFUSED(xfs_fstat(NULL, &st));
	REFUSED(xfs_fstat(file, NULL));
	REFUSED(xfs_stat(NULL, "/f", &st));
	REFUSED(xfs_stat(fs.mp, NULL, &st));
	REFUSED(xfs_stat(fs.mp, "/f", NULL));
	REFUSED(xfs_lstat(NULL, "/f", &st));
	REFUSED(xfs_lstat(fs.mp, NULL, &st));
	REFUSED(xfs_lstat(fs.mp, "/f", NULL));
	REFUSED(xfs_getattr(NULL, "/f", true, &xst));
	REFUSED(xfs_getattr(fs.mp, NULL, true, &xst));
	REFUSED(xfs_getattr(fs.mp, "/f", true, NULL));
	REFUSED(xfs_setattr(NULL, "/f", true, &iattr));
	REFUSED(xfs_setattr(fs.mp, NULL, true, &iattr));
	REFUSED(xfs_setattr(fs.mp, "/f", true, NULL));
	REFUSED(xfs_chmod(NULL, "/f", 0600));
	REFUSED(xfs_chmod(fs.mp, NULL, 0600));
	REFUSED(xfs_chown(NULL, "/f", 1, 1));
	REFUSED(xfs_chown(fs.mp, NULL, 1, 1));
	REFUSED(xfs_lchown(NULL, "/f", 1, 1));
	REFUSED(xfs_lchown(fs.mp, NULL, 1, 1));
	REFUSED(xfs_utimens(NULL, "/f", true, NULL));
	REFUSED(xfs_utimens(fs.mp, NULL, true, NULL));
	REFUSED(xfs_utimens(fs.mp, "/f", true,
			    (struct timespec[2]){ { .tv_nsec = 2000000000 }, { 0 } }));
}

static void test_names(void **state)
{
	(void)state;
	REFUSED(xfs_createat(NULL, "n", &iattr, NULL, NULL));
	REFUSED(xfs_createat(dir, NULL, &iattr, NULL, NULL));
	REFUSED(xfs_createat(dir, "n", NULL, NULL, NULL));
	REFUSED(xfs_createat(dir, "n", &(struct xfs_iattr)XFS_IATTR_INIT, NULL, NULL));
	REFUSED(xfs_mkdir(NULL, "/n", 0755));
	REFUSED(xfs_mkdir(fs.mp, NULL, 0755));
	REFUSED(xfs_mkdirat(NULL, "n", 0755));
	REFUSED(xfs_mkdirat(dir, NULL, 0755));
	REFUSED(xfs_mknod(NULL, "/n", S_IFIFO | 0644, 0, 0));
	REFUSED(xfs_mknod(fs.mp, NULL, S_IFIFO | 0644, 0, 0));
	REFUSED(xfs_mknodat(NULL, "n", S_IFIFO | 0644, 0, 0));
	REFUSED(xfs_mknodat(dir, NULL, S_IFIFO | 0644, 0, 0));
	REFUSED(xfs_symlink(NULL, "t", "/n"));
	REFUSED(xfs_symlink(fs.mp, NULL, "/n"));
	REFUSED(xfs_symlink(fs.mp, "t", NULL));
	REFUSED(xfs_symlinkat(NULL, dir, "n"));
	REFUSED(xfs_symlinkat("t", NULL, "n"));
	REFUSED(xfs_symlinkat("t", dir, NULL));
	REFUSED(xfs_link(NULL, "/f", "/n"));
	REFUSED(xfs_link(fs.mp, NULL, "/n"));
	REFUSED(xfs_link(fs.mp, "/f", NULL));
	REFUSED(xfs_linkat(NULL, dir, "n"));
	REFUSED(xfs_linkat(file, NULL, "n"));
	REFUSED(xfs_linkat(file, dir, NULL));
	REFUSED(xfs_replaceat(NULL, dir, "n"));
	REFUSED(xfs_replaceat(file, NULL, "n"));
	REFUSED(xfs_replaceat(file, dir, NULL));
	REFUSED(xfs_unlink(NULL, "/f"));
	REFUSED(xfs_unlink(fs.mp, NULL));
	REFUSED(xfs_unlinkat(NULL, "f", 0));
	REFUSED(xfs_unlinkat(dir, NULL, 0));
	REFUSED(xfs_unlinkat(dir, "f", 1 << 30));
	REFUSED(xfs_rmdir(NULL, "/d"));
	REFUSED(xfs_rmdir(fs.mp, NULL));
	REFUSED(xfs_rename(NULL, "/f", "/n"));
	REFUSED(xfs_rename(fs.mp, NULL, "/n"));
	REFUSED(xfs_rename(fs.mp, "/f", NULL));
	REFUSED(xfs_renameat(NULL, "f", dir, "n", 0));
	REFUSED(xfs_renameat(dir, NULL, dir, "n", 0));
	REFUSED(xfs_renameat(dir, "f", NULL, "n", 0));
	REFUSED(xfs_renameat(dir, "f", dir, NULL, 0));
	REFUSED(xfs_readlink(NULL, "/f", buf, 4));
	REFUSED(xfs_readlink(fs.mp, NULL, buf, 4));
	REFUSED(xfs_readlink(fs.mp, "/f", NULL, 4));
	REFUSED(xfs_freadlink(NULL, buf, 4));
	REFUSED(xfs_freadlink(file, NULL, 4));
}

static void test_extended_attributes(void **state)
{
	(void)state;
	REFUSED(xfs_fsetxattr(NULL, "user.a", "v", 1, 0));
	REFUSED(xfs_fsetxattr(file, NULL, "v", 1, 0));
	REFUSED(xfs_fsetxattr(file, "user.a", NULL, 1, 0));
	REFUSED(xfs_fsetxattr(file, "user.a", "v", 1, 1 << 30));
	REFUSED(xfs_fgetxattr(NULL, "user.a", buf, 1));
	REFUSED(xfs_fgetxattr(file, NULL, buf, 1));
	REFUSED(xfs_fgetxattr(file, "user.a", NULL, 1));
	REFUSED(xfs_flistxattr(NULL, buf, 1));
	REFUSED(xfs_flistxattr(file, NULL, 1));
	REFUSED(xfs_fremovexattr(NULL, "user.a"));
	REFUSED(xfs_fremovexattr(file, NULL));
	REFUSED(xfs_setxattr(NULL, "/f", true, "user.a", "v", 1, 0));
	REFUSED(xfs_setxattr(fs.mp, NULL, true, "user.a", "v", 1, 0));
	REFUSED(xfs_setxattr(fs.mp, "/f", true, NULL, "v", 1, 0));
	REFUSED(xfs_setxattr(fs.mp, "/f", true, "user.a", NULL, 1, 0));
	REFUSED(xfs_getxattr(NULL, "/f", true, "user.a", buf, 1));
	REFUSED(xfs_getxattr(fs.mp, NULL, true, "user.a", buf, 1));
	REFUSED(xfs_getxattr(fs.mp, "/f", true, NULL, buf, 1));
	REFUSED(xfs_getxattr(fs.mp, "/f", true, "user.a", NULL, 1));
	REFUSED(xfs_listxattr(NULL, "/f", true, buf, 1));
	REFUSED(xfs_listxattr(fs.mp, NULL, true, buf, 1));
	REFUSED(xfs_listxattr(fs.mp, "/f", true, NULL, 1));
	REFUSED(xfs_removexattr(NULL, "/f", true, "user.a"));
	REFUSED(xfs_removexattr(fs.mp, NULL, true, "user.a"));
	REFUSED(xfs_removexattr(fs.mp, "/f", true, NULL));
}

static void test_devices(void **state)
{
	struct iovec iov = { .iov_base = buf, .iov_len = 512 }, null = { .iov_len = 512 };
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_device *dev;

	(void)state;
	TEST_OK(xfs_device_open_memory(1u << 20, 512, NULL, &dev));
	REFUSED(xfs_device_open_file(NULL, 0, 0, &out_dev));
	assert_null(out_dev);
	REFUSED(xfs_device_open_file("/dev/null", 0, 0, &out_dev));
	REFUSED(xfs_device_open_file("/dev/null", 0, 0, NULL));
	REFUSED(xfs_device_open_file("/dev/null", 1u << 31, 0, &out_dev));
	REFUSED(xfs_device_open_fd(-1, 0, &out_dev));
	REFUSED(xfs_device_open_fd(0, 0, NULL));
	REFUSED(xfs_device_open_fd(0, 1u << 31, &out_dev));
	REFUSED(xfs_device_open_file_env(NULL, 0, 0, NULL, &out_dev));
	REFUSED(xfs_device_open_file_env("/dev/null", 0, 0, NULL, NULL));
	REFUSED(xfs_device_open_fd_env(-1, 0, NULL, &out_dev));
	REFUSED(xfs_device_open_fd_env(0, 0, NULL, NULL));
	REFUSED(xfs_device_open_memory(512, 512, NULL, NULL));
	REFUSED(xfs_device_open_memory(512, 0, NULL, &out_dev));
	REFUSED(xfs_device_open_memory(513, 512, NULL, &out_dev));
	REFUSED(xfs_device_open_memory(UINT64_MAX - 511, 512, NULL, &out_dev));
	REFUSED(xfs_device_open_window(NULL, 0, 0, &out_dev));
	REFUSED(xfs_device_open_window(dev, 0, 0, NULL));
	REFUSED(xfs_device_open_window(dev, 1, 0, &out_dev));
	REFUSED(xfs_device_open_window(dev, UINT64_MAX - 511, 1024, &out_dev));
	REFUSED(xfs_device_open_window(dev, 512, UINT64_MAX - 511, &out_dev));
	REFUSED(xfs_device_open_window_env(NULL, 0, 0, NULL, &out_dev));
	REFUSED(xfs_device_open_window_env(dev, 0, 0, NULL, NULL));
	REFUSED(xfs_device_open_partition(NULL, 1, NULL, &out_dev));
	REFUSED(xfs_device_open_partition(dev, 1, NULL, NULL));
	REFUSED(xfs_device_open_readonly_env(NULL, NULL, &out_dev));
	REFUSED(xfs_device_open_readonly_env(dev, NULL, NULL));
	REFUSED(xfs_device_open_readonly(NULL, &out_dev));
	REFUSED(xfs_device_open_readonly(dev, NULL));
	REFUSED(xfs_device_open_overlay(NULL, NULL, &out_dev));
	REFUSED(xfs_device_open_overlay(dev, NULL, NULL));
	REFUSED(xfs_device_overlay_commit(NULL));
	REFUSED(xfs_device_overlay_commit(dev));
	REFUSED(xfs_device_overlay_discard(NULL));
	REFUSED(xfs_device_overlay_discard(dev));
	assert_int_equal(xfs_device_overlay_bytes(NULL), 0);
	assert_int_equal(xfs_device_overlay_bytes(dev), 0);
	REFUSED(xfs_device_find_partition(NULL, 1, &where, &len));
	REFUSED(xfs_device_find_partition(dev, 1, NULL, &len));
	REFUSED(xfs_device_find_partition(dev, 1, &where, NULL));
	REFUSED(xfs_device_probe(NULL, buf, sizeof(buf)));
	REFUSED(xfs_device_probe(dev, NULL, 1));
	REFUSED(xfs_device_pread(NULL, 0, buf, 512));
	REFUSED(xfs_device_pread(dev, 0, NULL, 512));
	REFUSED(xfs_device_pread(dev, 0, buf, TOO_LONG));
	REFUSED(xfs_device_pread(dev, 0, buf, 1));
	REFUSED(xfs_device_pwrite(NULL, 0, buf, 512, 0));
	REFUSED(xfs_device_pwrite(dev, 0, NULL, 512, 0));
	REFUSED(xfs_device_pwrite(dev, 0, buf, 512, 1u << 31));
	REFUSED(xfs_device_preadv(NULL, 0, &iov, 1));
	REFUSED(xfs_device_preadv(dev, 0, NULL, 1));
	REFUSED(xfs_device_preadv(dev, 0, &null, 1));
	REFUSED(xfs_device_preadv(dev, 0, &iov, -1));
	REFUSED(xfs_device_pwritev(NULL, 0, &iov, 1, 0));
	REFUSED(xfs_device_pwritev(dev, 0, NULL, 1, 0));
	REFUSED(xfs_device_pwritev(dev, 0, &null, 1, 0));
	REFUSED(xfs_device_flush(NULL));
	REFUSED(xfs_device_discard(NULL, 0, 512));
	REFUSED(xfs_device_zero(NULL, 0, 512));
	REFUSED(xfs_device_copy_range(NULL, 0, 0, 0, 512));
	REFUSED(xfs_device_copy_range(dev, 0, -1, 0, 512));
	REFUSED(xfs_device_copy_range(dev, 0, 0, UINT64_MAX, 512));
	REFUSED(xfs_device_info(NULL, &info));
	REFUSED(xfs_device_info(dev, NULL));
	REFUSED(xfs_device_info_set(NULL, &info));
	REFUSED(xfs_device_info_set(&info, NULL));
	REFUSED(xfs_device_resize(NULL, 512));
	REFUSED(xfs_device_resize(dev, 513));
	assert_null(xfs_device_get(NULL));
	xfs_device_put(NULL);
	xfs_device_init(NULL, NULL);
	xfs_device_put(dev);
}

static void test_formatting_and_checking(void **state)
{
	struct xfs_mkfs_geometry geo = { .size = sizeof(geo) };
	struct xfs_device *dev;

	(void)state;
	TEST_OK(xfs_device_open_memory(64u << 20, 512, NULL, &dev));
	REFUSED(xfs_mkfs(NULL, NULL, NULL, NULL));
	REFUSED(xfs_mkfs(dev, NULL, &(struct xfs_mkfs_options){ .size = 0 }, NULL));
	REFUSED(xfs_mkfs_geometry(NULL, NULL, NULL, &geo));
	REFUSED(xfs_mkfs_geometry(fs.dev, NULL, NULL, NULL));
	REFUSED(xfs_check(NULL, NULL, NULL, &summary));
	REFUSED(xfs_check(dev, NULL, &(struct xfs_check_options){ .size = 0 }, &summary));
	REFUSED(xfs_check(dev, NULL, NULL, NULL));
	REFUSED(xfs_dump(NULL, NULL, "sb", line_of_dump, NULL));
	REFUSED(xfs_dump(dev, NULL, NULL, line_of_dump, NULL));
	REFUSED(xfs_dump(dev, NULL, "sb", NULL, NULL));
	REFUSED(xfs_dump(dev, NULL, "nonsense", line_of_dump, NULL));
	xfs_device_put(dev);
}

/* ---- devices that are none ---------------------------------------------------------------- */

struct own {
	struct xfs_device dev;
	struct xfs_device_ops ops;
	struct xfs_device_info info;
};

static int own_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	(void)dev;
	(void)offset;
	for (int i = 0; i < iovcnt; i++)
		memset(iov[i].iov_base, 0, iov[i].iov_len);
	return 0;
}

static int own_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
		       int iovcnt, unsigned int flags)
{
	(void)dev;
	(void)offset;
	(void)iov;
	(void)iovcnt;
	(void)flags;
	return 0;
}

static int own_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

static int own_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info_set(info, &container_of(dev, struct own, dev)->info);
}

static void own_close(struct xfs_device *dev)
{
	(void)dev;
}

static void own_init(struct own *own)
{
	memset(own, 0, sizeof(*own));
	own->ops = (struct xfs_device_ops){
		.version = XFS_DEVICE_OPS_VERSION,
		.preadv = own_preadv,
		.pwritev = own_pwritev,
		.flush = own_flush,
		.info = own_info,
		.close = own_close,
	};
	own->info = (struct xfs_device_info){
		.size = sizeof(own->info), .size_bytes = 64u << 20, .logical_sector = 512};
	xfs_device_init(&own->dev, &own->ops);
}

/* Every call that takes a device. */
static void refuse_all(struct own *own)
{
	struct xfs_device *dev = &own->dev;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;

	REFUSED(xfs_mount(dev, NULL, &out_mp));
	REFUSED(xfs_mount(dev, &(struct xfs_mount_options){ .size = sizeof(struct xfs_mount_options),
							    .flags = XFS_MOUNT_RDONLY }, &out_mp));
	REFUSED(xfs_mkfs(dev, NULL, NULL, NULL));
	REFUSED(xfs_mkfs(fs.dev, dev, NULL, NULL));
	REFUSED(xfs_check(dev, NULL, NULL, &summary));
	REFUSED(xfs_check(fs.dev, dev, NULL, &summary));
	REFUSED(xfs_dump(dev, NULL, "sb", line_of_dump, NULL));
	REFUSED(xfs_device_info(dev, &info));
	REFUSED(xfs_device_pread(dev, 0, buf, 512));
	REFUSED(xfs_device_pwrite(dev, 0, buf, 512, 0));
	REFUSED(xfs_device_zero(dev, 0, 512));
	REFUSED(xfs_device_discard(dev, 0, 512));
	REFUSED(xfs_device_copy_range(dev, 0, 0, 0, 512));
	REFUSED(xfs_device_resize(dev, 512));
	REFUSED(xfs_device_open_window(dev, 0, 0, &out_dev));
	REFUSED(xfs_device_open_readonly(dev, &out_dev));
	REFUSED(xfs_device_open_overlay(dev, NULL, &out_dev));
	REFUSED(xfs_device_find_partition(dev, 1, &where, &len));
	REFUSED(xfs_device_probe(dev, buf, sizeof(buf)));
}

static void test_devices_without_calls(void **state)
{
	struct own own;

	(void)state;
	own_init(&own);
	own.dev.ops = NULL;
	refuse_all(&own);
	REFUSED(xfs_device_flush(&own.dev));
	xfs_device_put(&own.dev);
#define WITHOUT(member) do { \
		own_init(&own); \
		own.ops.member = 0; \
		refuse_all(&own); \
		REFUSED(xfs_device_flush(&own.dev)); \
		xfs_device_put(&own.dev); \
	} while (0)
	WITHOUT(preadv);
	WITHOUT(pwritev);
	WITHOUT(flush);
	WITHOUT(info);
	WITHOUT(close);
	WITHOUT(version);
	own_init(&own);
	own.ops.version = XFS_DEVICE_OPS_VERSION + 1;
	refuse_all(&own);
	/* A table of before @base is good: what lies behind it is not looked at. */
	own_init(&own);
	own.ops.version = 1;
	memset(&own.ops.base, 0xff, sizeof(own.ops.base));
	TEST_OK(xfs_mkfs(&own.dev, NULL, &(struct xfs_mkfs_options){
		.size = sizeof(struct xfs_mkfs_options), .flags = XFS_MKFS_SMALL }, NULL));
}

static void test_devices_that_tell_nonsense(void **state)
{
	static const uint32_t sectors[] = { 0, 1, 256, 513, 3000, 1u << 31, UINT32_MAX };
	static const uint64_t sizes[] = { UINT64_MAX, 1ull << 63 };
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct own own;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++) {
		own_init(&own);
		own.info.logical_sector = sectors[i];
		refuse_all(&own);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		own_init(&own);
		own.info.size_bytes = sizes[i];
		refuse_all(&own);
	}
	/* Nothing there, or not a whole sector. */
	for (uint64_t size = 0; size < 1024; size += 511) {
		own_init(&own);
		own.info.size_bytes = size;
		REFUSED(xfs_mount(&own.dev, NULL, &out_mp));
		assert_true(xfs_mkfs(&own.dev, NULL, NULL, NULL) < 0);
		assert_true(xfs_error_text(NULL)[0]);
		assert_true(xfs_check(&own.dev, NULL, NULL, &summary) < 0);
		assert_true(xfs_error_text(NULL)[0]);
	}
	/* Advice that makes no sense is not taken. */
	own_init(&own);
	own.info.physical_sector = 100;
	own.info.io_min = 777;
	own.info.io_opt = UINT32_MAX;
	TEST_OK(xfs_device_info(&own.dev, &info));
	assert_int_equal(info.physical_sector, 512);
	assert_int_equal(info.io_min, 0);
	assert_int_equal(info.io_opt, 0);
	TEST_OK(xfs_mkfs(&own.dev, NULL, &(struct xfs_mkfs_options){
		.size = sizeof(struct xfs_mkfs_options), .flags = XFS_MKFS_SMALL }, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_file_systems),
		TEST(test_quota),
		TEST(test_opening),
		TEST(test_data),
		TEST(test_vectors_and_sources),
		TEST(test_space_and_sharing),
		TEST(test_what_tells_of_failures),
		TEST(test_attributes),
		TEST(test_names),
		TEST(test_extended_attributes),
		TEST(test_devices),
		TEST(test_formatting_and_checking),
		TEST(test_devices_without_calls),
		TEST(test_devices_that_tell_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
