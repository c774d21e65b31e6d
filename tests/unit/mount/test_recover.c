/* SPDX-License-Identifier: MIT */
/*
 * Goal: what each open mode does about a dirty log, and what it tells of it.
 * Method: a journalled volume is abandoned after a sync, which leaves its log dirty; it is then
 *         opened in every mode, over overlays that show what was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/xfswrite.h>
#include "support/test_fs.h"

static struct test_fs fs;
static struct xfs_device *dirty;	/* overlay of fs.dev, fresh for each test */

static void write_file(struct xfs_mount *mp, const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_pwrite(file, path, strlen(path), 0));
	TEST_OK(xfs_fsync(file));
	xfs_close(file);
}

static int setup(void **state)
{
	struct xfs_file *open;

	(void)state;
	memset(&fs, 0, sizeof(fs));
	test_fs_make(&fs, 64u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/f%d", i);
		write_file(fs.mp, name);
	}
	/* One without a name, which recovery has to free. */
	write_file(fs.mp, "/gone");
	TEST_OK(xfs_open(fs.mp, "/gone", O_RDONLY, 0, &open));
	TEST_OK(xfs_unlink(fs.mp, "/gone"));
	TEST_OK(xfs_sync(fs.mp));
	/* What is not durable must not be seen, nor get in the way. */
	xfs_close(open);
	TEST_OK(xfs_mkdir(fs.mp, "/lost", 0755));
	xfs_abandon(fs.mp);
	fs.mp = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_fs_destroy(&fs);
	return 0;
}

static void fresh(uint32_t flags)
{
	xfs_device_put(dirty);
	TEST_OK(xfs_device_open_overlay(fs.dev, NULL, &dirty));
	fs.opts.flags = flags;
}

static void check_files(struct xfs_mount *mp)
{
	struct xfs_file *file;
	struct stat st;
	char buf[16];

	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/f%d", i);
		TEST_OK(xfs_open(mp, name, O_RDONLY, 0, &file));
		assert_int_equal(xfs_pread(file, buf, sizeof(buf), 0), strlen(name));
		assert_memory_equal(buf, name, strlen(name));
		xfs_close(file);
	}
	TEST_IS(xfs_lstat(mp, "/gone", &st), -ENOENT);
}

static void get_report(struct xfs_mount *mp, struct xfs_log_report *report)
{
	memset(report, 0, sizeof(*report));
	report->size = sizeof(*report);
	TEST_OK(xfs_log_report(mp, report));
}

static uint64_t items_of(const struct xfs_log_report *report, const char *name)
{
	for (uint32_t i = 0; i < report->type_count; i++)
		if (strcmp(report->types[i].name, name) == 0)
			return report->types[i].items;
	return 0;
}

static void test_reader_is_refused(void **state)
{
	struct xfs_mount *mp;

	(void)state;
	fresh(XFS_MOUNT_RDONLY);
	TEST_IS(xfs_mount(dirty, &fs.opts, &mp), -EAGAIN);
	assert_null(mp);
	assert_int_equal(xfs_device_overlay_bytes(dirty), 0);
}

static void test_norecovery(void **state)
{
	struct xfs_log_report report;
	struct xfs_mount *mp;

	(void)state;
	fresh(XFS_MOUNT_RDONLY | XFS_MOUNT_NORECOVERY);
	TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
	get_report(mp, &report);
	assert_true(report.dirty);
	assert_false(report.recovered);
	assert_true(report.records > 0);
	assert_true(items_of(&report, "INODE") > 0);
	assert_true(items_of(&report, "BUF") > 0);
	assert_int_equal(report.buffers_written, 0);
	TEST_OK(xfs_unmount(mp));
	assert_int_equal(xfs_device_overlay_bytes(dirty), 0);
}

static void test_in_memory(void **state)
{
	struct xfs_log_report report;
	struct xfs_mount *mp;

	(void)state;
	fresh(XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY);
	TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
	check_files(mp);
	get_report(mp, &report);
	assert_true(report.dirty);
	assert_true(report.recovered);
	assert_int_equal(report.inodes_freed, 1);
	TEST_IS(xfs_mkdir(mp, "/new", 0755), -EROFS);
	TEST_OK(xfs_unmount(mp));
	assert_int_equal(xfs_device_overlay_bytes(dirty), 0);
}

static void closed_clean(void)
{
	struct xfs_log_report report;
	struct xfs_mount *mp;

	assert_int_equal(test_fs_check(dirty, 0), 0);
	fs.opts.flags = XFS_MOUNT_RDONLY;
	TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
	get_report(mp, &report);
	assert_false(report.dirty);
	check_files(mp);
	TEST_OK(xfs_unmount(mp));
}

static void test_writer(void **state)
{
	static const uint32_t flags[] = { 0, XFS_MOUNT_UNJOURNALLED };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct xfs_log_report report;
		struct xfs_mount *mp;

		fresh(flags[i]);
		TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
		check_files(mp);
		get_report(mp, &report);
		assert_true(report.dirty);
		assert_true(report.recovered);
		assert_int_equal(report.inodes_freed, 1);
		assert_true(report.buffers_written > 0);
		TEST_OK(xfs_mkdir(mp, "/new", 0755));
		TEST_OK(xfs_unmount(mp));
		closed_clean();
	}
}

/* Closed at once: nothing but recovery, and the log is clean. */
static void test_recovered_and_closed(void **state)
{
	struct xfs_mount *mp;

	(void)state;
	fresh(0);
	TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
	TEST_OK(xfs_unmount(mp));
	closed_clean();
}

/* Abandoned right after recovery: the next one finds a log of ours and theirs. */
static void test_recovered_and_abandoned(void **state)
{
	struct xfs_mount *mp;

	(void)state;
	fresh(0);
	for (int i = 0; i < 3; i++) {
		char name[16];

		TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
		check_files(mp);
		snprintf(name, sizeof(name), "/more%d", i);
		TEST_OK(xfs_mkdir(mp, name, 0755));
		if (i)
			TEST_OK(xfs_sync(mp));
		xfs_abandon(mp);
	}
	TEST_OK(xfs_mount(dirty, &fs.opts, &mp));
	TEST_IS(xfs_rmdir(mp, "/more0"), -ENOENT);
	TEST_OK(xfs_rmdir(mp, "/more1"));
	TEST_OK(xfs_rmdir(mp, "/more2"));
	TEST_OK(xfs_unmount(mp));
	closed_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_is_refused),
		cmocka_unit_test(test_norecovery),
		cmocka_unit_test(test_in_memory),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_recovered_and_closed),
		cmocka_unit_test(test_recovered_and_abandoned),
	};
	int failed = cmocka_run_group_tests(tests, setup, teardown);

	xfs_device_put(dirty);
	return failed;
}
