/* SPDX-License-Identifier: MIT */
/*
 * Goal: by the caller's clock preallocation that nobody uses is freed and old data is written, as a
 *       kernel's workers do; files that are worked on are left alone; a quota that is over takes
 *       from files of the same owner only.
 * Method: the clock of the volume is set forward between calls of xfs_tick(); what became of
 *       reservations is seen in xfs_extents() and on the device.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/quota.h>
#include "core/mount.h"
#include "inode/inode.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "support/test_fs.h"

static struct test_fs fs;
static uint8_t buf[1u << 20];

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 256u << 20, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static void later(uint64_t seconds)
{
	fs.clock_ns += seconds * 1000000000u;
	TEST_OK(xfs_tick(fs.mp));
}

/* Its first 68 KiB are written, and 31 blocks more are reserved. */
static struct xfs_file *grow(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	assert_int_equal(xfs_pwrite(file, buf, 65536, 0), 65536);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 65536), 4096);
	return file;
}

static uint64_t end_of(struct xfs_file *file, bool *delalloc)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	size_t n;

	TEST_OK(xfs_extents(file, 0, e, 8, &n));
	*delalloc = false;
	for (size_t i = 0; i < n; i++)
		*delalloc |= e[i].delalloc;
	return n ? (e[n - 1].offset + e[n - 1].length) >> 12 : 0;
}

static void expect(struct xfs_file *file, uint64_t end, bool dirty)
{
	bool delalloc;

	assert_int_equal(end_of(file, &delalloc), end);
	assert_int_equal(delalloc, dirty);
}

static void test_data_is_written_when_it_is_old(void **state)
{
	struct xfs_file *a = grow("/a"), *b;

	(void)state;
	later(0);
	expect(a, 48, true);
	later(20);
	b = grow("/b");
	expect(a, 48, true);
	/* A is 31 seconds old, B is not. */
	later(11);
	expect(a, 48, false);
	expect(b, 48, true);
	later(20);
	expect(b, 48, false);
	/* Dirty anew: its age begins anew. */
	assert_int_equal(xfs_pwrite(a, buf, 4096, 1u << 20), 4096);
	later(29);
	assert_true(xfs_pagecache_dirty_bytes(fs.mp) > 0);
	later(2);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

static void test_preallocation_goes_when_it_is_old(void **state)
{
	struct xfs_file *a = grow("/a"), *b;

	(void)state;
	TEST_OK(xfs_fsync(a));
	later(200);
	b = grow("/b");
	TEST_OK(xfs_fsync(b));
	later(99);
	expect(a, 48, false);
	later(2);
	expect(a, 17, false);
	expect(b, 48, false);
	later(200);
	expect(b, 17, false);
	/* It is open, and goes on as before. */
	assert_int_equal(xfs_pwrite(a, buf, 4096, 17 << 12), 4096);
	expect(a, 48, true);
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

static void test_files_in_use_are_left_alone(void **state)
{
	const struct xfs_blockgc_scan all = { .sync = false };
	struct xfs_file *file = grow("/f");
	struct xfs_inode *ip;
	struct stat st;

	(void)state;
	/* Dirty. */
	TEST_OK(xfs_blockgc_scan(fs.mp, &all, NULL));
	expect(file, 48, true);
	TEST_OK(xfs_fsync(file));
	/* Locked by somebody who works on it: another thread would be passed over, too. */
	TEST_OK(xfs_fstat(file, &st));
	TEST_OK(xfs_iget(fs.mp, st.st_ino, 0, &ip));
	TEST_OK(xfs_blockgc_scan(fs.mp, &all, NULL));
	expect(file, 17, false);
	xfs_irele(ip);
	TEST_OK(xfs_close(file));
}

static void test_options_set_the_ages(void **state)
{
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.prealloc_lifetime_seconds = 5;
	fs.opts.dirty_expire_seconds = 2;
	test_fs_open(&fs);
	file = grow("/f");
	later(1);
	expect(file, 48, true);
	later(1);
	expect(file, 48, false);
	later(2);
	expect(file, 48, false);
	later(1);
	expect(file, 17, false);
	TEST_OK(xfs_close(file));
}

/* With a journal all is stable that is older than twice the age: seen in a copy of the device. */
static void test_old_changes_are_stable(void **state)
{
	struct xfs_file *file;
	struct test_fs copy;
	struct stat st;
	char path[] = "/tmp/test_age.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	file = grow("/f");
	later(29);
	later(2);
	later(31);
	test_fs_save(&fs, path);
	copy = fs;
	TEST_OK(xfs_device_open_file(path, 0, 0, &copy.dev));
	test_fs_open(&copy);
	TEST_OK(xfs_stat(copy.mp, "/d", &st));
	TEST_OK(xfs_stat(copy.mp, "/f", &st));
	assert_int_equal(st.st_size, 17 << 12);
	test_fs_end(&copy);
	unlink(path);
	TEST_OK(xfs_close(file));
}

static void test_a_reader_has_nothing_to_do(void **state)
{
	uint32_t flags = fs.opts.flags;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	later(1000);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = flags;
	test_fs_open(&fs);
	TEST_IS(xfs_tick(NULL), -EINVAL);
}

/* A buffered write over a quota gets what files of owners without a hard limit hold back, once, and waits for them. */
static void test_over_quota_takes_from_the_owner(void **state)
{
	static const char *const paths[] = { "/user", "/group", "/project", "/other" };
	const struct { uint32_t uid, gid, projid; } owner[] = {
		{ 1001, 7, 8 }, { 5, 1002, 8 }, { 5, 7, 1003 }, { 5, 7, 8 },
	};
	const struct xfs_quota_on_options on = { .size = sizeof(on), .types = 7, .enforce = 7 };
	struct xfs_file *file[4], *over;
	struct xfs_inode *ip;
	bool tried = false;
	struct stat st;

	(void)state;
	TEST_OK(xfs_quota_on(fs.mp, &on));
	over = grow("/over");
	for (int i = 0; i < 4; i++) {
		const struct xfs_iattr ia = {
			.size = sizeof(ia), .valid = XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID,
			.uid = owner[i].uid, .gid = owner[i].gid, .projid = owner[i].projid,
		};

		file[i] = grow(paths[i]);
		TEST_OK(xfs_fsetattr(file[i], &ia));
	}
	TEST_OK(xfs_fsetattr(over, &(struct xfs_iattr){
		.size = sizeof(struct xfs_iattr), .valid = XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID,
		.uid = 1001, .gid = 1002, .projid = 1003 }));
	TEST_OK(xfs_fstat(over, &st));
	TEST_OK(xfs_iget(fs.mp, st.st_ino, 0, &ip));
	assert_true(xfs_reclaim_and_retry_write(ip, -EDQUOT, &tried));
	/* Dirty data stays where it is: it is not free blocks that are missing. */
	for (int i = 0; i < 3; i++)
		expect(file[i], 17, true);
	expect(over, 17, true);
	expect(file[3], 48, true);
	assert_false(xfs_reclaim_and_retry_write(ip, -EDQUOT, &tried));
	assert_false(xfs_reclaim_and_retry(ip, -ENOSPC, &tried));
	xfs_irele(ip);
	for (int i = 0; i < 4; i++)
		TEST_OK(xfs_close(file[i]));
	TEST_OK(xfs_close(over));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_data_is_written_when_it_is_old),
		T(test_preallocation_goes_when_it_is_old),
		T(test_files_in_use_are_left_alone),
		T(test_options_set_the_ages),
		T(test_old_changes_are_stable),
		T(test_a_reader_has_nothing_to_do),
		T(test_over_quota_takes_from_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
