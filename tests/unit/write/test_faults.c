/* SPDX-License-Identifier: MIT */
/*
 * Goal: data that the device or the memory refuses is reported once, to the file it belongs to and
 *       to the next sync; nobody else suffers; nothing stale is ever shown; what was promised
 *       comes back.
 * Method: single faults with everything looked at afterwards; then the same small workload with the
 *       first, second, third ... call or allocation failing until none fails any more: every time
 *       clean errors or success, and when closing succeeds a volume without fault.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "api/api_priv.h"
#include "base/mem.h"
#include "core/mount.h"
#include "device/queue.h"
#include "pagecache/mapping.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "write/writeback.h"

#define SIZE	(64u << 20)

static struct test_fs fs;
static uint8_t buf[1u << 20], back[1u << 20];

/* A volume whose device can be made to fail. */
static void set_up(void)
{
	struct xfs_device *fault;

	test_fs_make(&fs, SIZE, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(test_fault_open(fs.dev, &fault));
	xfs_device_put(fs.dev);
	fs.dev = fault;
	test_fs_open(&fs);
}

static struct xfs_file *create(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	return file;
}

static bool all_bytes(struct xfs_file *file, uint64_t off, size_t len, uint8_t value)
{
	TEST_OK(xfs_pread(file, back, len, off));
	for (size_t i = 0; i < len; i++)
		if (back[i] != value)
			return false;
	return true;
}

/* (WRITEBACK-4) */
static void test_failed_write_of_new_blocks(void **state)
{
	struct xfs_file *a, *b;
	struct xfs_extent e[2] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	set_up();
	a = create("/a");
	b = create("/b");
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(xfs_pwrite(b, buf, 4096, 0), 4096);
	TEST_OK(xfs_fsync(b));
	assert_int_equal(xfs_pwrite(a, buf, 16384, 0), 16384);
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, false);
	assert_int_equal(xfs_fsync(a), -EIO);
	assert_true(test_fault_met(fs.dev));
	/* Told once; the blocks hold nothing that may be seen. */
	assert_int_equal(xfs_fsync(a), 0);
	assert_int_equal(xfs_fsync(b), 0);
	TEST_OK(xfs_extents(a, 0, e, 2, &n));
	assert_int_equal(n, 1);
	assert_true(e[0].unwritten);
	assert_true(all_bytes(a, 0, 16384, 0));
	assert_true(all_bytes(b, 0, 4096, 0xaa));
	/* A sync has not been told yet. */
	assert_int_equal(xfs_sync(fs.mp), -EIO);
	assert_int_equal(xfs_sync(fs.mp), 0);
	/* Written again it is there. */
	assert_int_equal(xfs_pwrite(a, buf, 5000, 100), 5000);
	TEST_OK(xfs_fsync(a));
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	a = create("/a");
	assert_true(all_bytes(a, 0, 100, 0));
	assert_true(all_bytes(a, 100, 5000, 0xaa));
	assert_true(all_bytes(a, 5100, 16384 - 5100, 0));
	TEST_OK(xfs_close(a));
	test_fs_destroy(&fs);
}

/* (FOLIO-5) */
static void test_failed_blocks_that_are_written_again(void **state)
{
	struct xfs_file *a;
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	set_up();
	a = create("/a");
	memset(buf, 0xaa, 16384);
	assert_int_equal(xfs_pwrite(a, buf, 16384, 0), 16384);
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, false);
	assert_int_equal(xfs_writeback_start(a->f_inode, 0, 16384), 0);
	xfs_queue_submit(fs.mp->m_queue);
	assert_true(test_fault_met(fs.dev));
	/* Nobody has dealt with the failure when one of the blocks gets new contents. */
	assert_true(xfs_pagecache_has_failed(fs.mp));
	memset(buf, 0xbb, 4096);
	assert_int_equal(xfs_pwrite(a, buf, 4096, 4096), 4096);
	assert_int_equal(xfs_fsync(a), -EIO);
	assert_false(xfs_pagecache_has_failed(fs.mp));
	for (int cached = 1; cached >= 0; cached--) {
		assert_true(all_bytes(a, 0, 4096, 0));
		assert_true(all_bytes(a, 4096, 4096, 0xbb));
		assert_true(all_bytes(a, 8192, 8192, 0));
		xfs_pagecache_shrink(fs.mp, 0);
	}
	TEST_OK(xfs_extents(a, 0, e, 4, &n));
	assert_int_equal(n, 3);
	assert_true(e[0].unwritten && !e[1].unwritten && e[2].unwritten);
	assert_int_equal(xfs_sync(fs.mp), -EIO);
	TEST_OK(xfs_close(a));
	test_fs_end(&fs);
}

static void test_failed_overwrite_keeps_the_mapping(void **state)
{
	struct xfs_file *a;
	struct xfs_extent e[2] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	set_up();
	a = create("/a");
	memset(buf, 0x11, 16384);
	assert_int_equal(xfs_pwrite(a, buf, 16384, 0), 16384);
	TEST_OK(xfs_fsync(a));
	memset(buf, 0x22, 16384);
	assert_int_equal(xfs_pwrite(a, buf, 4096, 4096), 4096);
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, false);
	assert_int_equal(xfs_fsync(a), -EIO);
	assert_int_equal(xfs_fsync(a), 0);
	TEST_OK(xfs_extents(a, 0, e, 2, &n));
	assert_int_equal(n, 1);
	assert_false(e[0].unwritten);
	assert_true(all_bytes(a, 0, 4096, 0x11));
	assert_true(all_bytes(a, 8192, 8192, 0x11));
	assert_int_equal(xfs_sync(fs.mp), -EIO);
	TEST_OK(xfs_close(a));
	test_fs_end(&fs);
}

static void test_one_of_many_neighbours_fails(void **state)
{
	struct xfs_file *files[8];
	struct xfs_extent e = XFS_EXTENT_INIT;
	uint64_t bad = 0;
	char path[8];
	size_t n;

	(void)state;
	set_up();
	/* Where the fifth file will lie is learned from a first round. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 8; i++) {
			snprintf(path, sizeof(path), "/%d", i);
			files[i] = create(path);
			TEST_OK(xfs_ftruncate(files[i], 0));
			memset(buf, 0x30 + i, 100);
			assert_int_equal(xfs_pwrite(files[i], buf, 100, 0), 100);
		}
		if (round) {
			test_fault_bad_range(fs.dev, TEST_FAULT_WRITE, bad, 512);
			assert_int_equal(xfs_sync(fs.mp), -EIO);
			assert_true(test_fault_met(fs.dev));
		} else {
			TEST_OK(xfs_sync(fs.mp));
			TEST_OK(xfs_extents(files[5], 0, &e, 1, &n));
			assert_int_equal(n, 1);
			bad = e.device_offset;
		}
		for (int i = 0; i < 8; i++) {
			bool hit;

			TEST_OK(xfs_extents(files[i], 0, &e, 1, &n));
			hit = round && e.device_offset == bad;
			assert_int_equal(xfs_fsync(files[i]), hit ? -EIO : 0);
			assert_true(all_bytes(files[i], 0, 100, hit ? 0 : (uint8_t)(0x30 + i)));
			TEST_OK(xfs_close(files[i]));
		}
	}
	test_fs_end(&fs);
}

static void test_failed_reads_change_nothing(void **state)
{
	struct xfs_file *a;

	(void)state;
	set_up();
	a = create("/a");
	memset(buf, 0x44, sizeof(buf));
	assert_int_equal(xfs_pwrite(a, buf, 300000, 0), 300000);
	TEST_OK(xfs_sync(fs.mp));
	xfs_pagecache_shrink(fs.mp, 0);
	test_fault_arm(fs.dev, TEST_FAULT_READ, 1, false, false);
	assert_int_equal(xfs_pread(a, back, 100, 5000), -EIO);
	/* A block that is touched partly has to be read first. */
	test_fault_arm(fs.dev, TEST_FAULT_READ, 1, false, false);
	assert_int_equal(xfs_pwrite(a, "x", 1, 5000), -EIO);
	/* Whole blocks do not; the last one is cut off. */
	test_fault_arm(fs.dev, TEST_FAULT_READ, 1, false, false);
	memset(buf, 0x55, 8192);
	assert_int_equal(xfs_pwrite(a, buf, 8192, 8192), 8192);
	test_fault_arm(fs.dev, 0, 0, false, false);
	assert_true(all_bytes(a, 0, 8192, 0x44));
	assert_true(all_bytes(a, 8192, 8192, 0x55));
	assert_true(all_bytes(a, 16384, 300000 - 16384, 0x44));
	TEST_OK(xfs_close(a));
	test_fs_end(&fs);
}

/* ---- the n-th call fails ---------------------------------------------------------------- */

/* Returns the first error; what was said to be stable is noted in *@stable. */
static int workload(bool *stable)
{
	struct xfs_file *file = NULL;
	int64_t ret = 0;

	*stable = false;
	for (int i = 0; i < 3 && ret >= 0; i++) {
		char path[8];

		snprintf(path, sizeof(path), "/w%d", i);
		ret = xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file);
		if (ret < 0)
			return (int)ret;
		memset(buf, 0x60 + i, 200000);
		ret = xfs_pwrite(file, buf, 200000, 0);
		if (ret >= 0)
			ret = xfs_pwrite(file, buf, 1000, 1000000);
		if (ret >= 0)
			ret = xfs_ftruncate(file, 150000);
		if (ret >= 0)
			ret = xfs_pwrite(file, buf, 10000, 149000);
		if (ret >= 0 && i == 1) {
			ret = xfs_fsync(file);
			*stable = ret == 0;
		}
		if (ret >= 0)
			ret = xfs_pread(file, back, 5000, 100);
		if (xfs_close(file) && ret >= 0)
			ret = -EIO;
	}
	if (ret >= 0)
		ret = xfs_unlink(fs.mp, "/w0");
	return ret < 0 ? (int)ret : 0;
}

static void check_stable(void)
{
	struct xfs_file *file;

	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/w1", O_RDONLY, 0, &file));
	assert_true(all_bytes(file, 0, 159000, 0x61));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
}

/* After a fault: no promise is left, and what closed well is well. */
static void finish(bool met, bool stable, int error)
{
	int64_t promised;
	int error2;

	if (!met)
		assert_int_equal(error, 0);
	error2 = xfs_sync(fs.mp);
	promised = fs.mp->m_delalloc_blocks;
	if (!xfs_is_shutdown(fs.mp) && !error2)
		assert_int_equal(promised, 0);
	error2 = xfs_unmount(fs.mp);
	fs.mp = NULL;
	if (!met)
		assert_int_equal(error2, 0);
	if (!error2) {
		assert_int_equal(test_fs_check(fs.dev, 0), 0);
		if (stable)
			check_stable();
	}
}

static void device_faults(unsigned int ops, bool from_there_on)
{
	bool met = true, stable;

	for (unsigned int nth = 1; met; nth++) {
		int error;

		set_up();
		test_fault_arm(fs.dev, ops, nth, from_there_on, nth % 2);
		error = workload(&stable);
		/* The fault stays armed while the volume is synced, and is gone for the rest. */
		if (!error)
			error = xfs_sync(fs.mp);
		met = test_fault_met(fs.dev);
		finish(met, stable, error);
		test_fs_destroy(&fs);
	}
}

static void test_each_device_write_fails(void **state)
{
	(void)state;
	device_faults(TEST_FAULT_WRITE | TEST_FAULT_FLUSH, false);
}

static void test_each_device_read_fails(void **state)
{
	(void)state;
	device_faults(TEST_FAULT_READ, false);
}

static void test_the_device_dies(void **state)
{
	(void)state;
	device_faults(TEST_FAULT_ANY, true);
}

static void memory_faults(bool from_there_on)
{
	bool met = true, stable;

	for (unsigned int nth = 1; met; nth++) {
		int error;

		set_up();
		xfs_mem_fail_at(nth, from_there_on);
		error = workload(&stable);
		met = xfs_mem_fail_met();
		assert_true(error == 0 || error == -ENOMEM || error == -EIO);
		finish(met, stable, error);
		test_fs_destroy(&fs);
	}
}

static void test_each_allocation_fails(void **state)
{
	(void)state;
	memory_faults(false);
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	memory_faults(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_write_of_new_blocks),
		cmocka_unit_test(test_failed_blocks_that_are_written_again),
		cmocka_unit_test(test_failed_overwrite_keeps_the_mapping),
		cmocka_unit_test(test_one_of_many_neighbours_fails),
		cmocka_unit_test(test_failed_reads_change_nothing),
		cmocka_unit_test(test_each_device_write_fails),
		cmocka_unit_test(test_each_device_read_fails),
		cmocka_unit_test(test_the_device_dies),
		cmocka_unit_test(test_each_allocation_fails),
		cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
