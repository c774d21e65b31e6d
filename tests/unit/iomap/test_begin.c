/* SPDX-License-Identifier: MIT */
/*
 * Goal: a growing file is promised the space that the kernel would promise it, closing it gives
 * back what is not needed, and what write-back makes of promises is one extent.
 * Method: the layouts that were observed on kernels, seen through xfs_extents() while the
 * file is open, and again after a sync.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "core/mount.h"
#include "support/test_fs.h"

static struct test_fs fs;
static struct xfs_file *file;
static uint8_t buf[16u << 20];

static void set_up(uint64_t cache_bytes)
{
	test_fs_make(&fs, 2ull << 30, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.data_cache_bytes = cache_bytes;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
}

static void tear_down(void)
{
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static size_t extents(struct xfs_extent *e, size_t max)
{
	size_t n;

	TEST_OK(xfs_extents(file, 0, e, max, &n));
	return n;
}

/* The promised blocks from the first one on. */
static uint64_t promised_end(void)
{
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	size_t n = extents(e, 4);

	assert_int_equal(n, 1);
	assert_true(e[0].delalloc);
	assert_int_equal(e[0].offset, 0);
	return e[0].length >> 12;
}

static void test_appends_of_a_block(void **state)
{
	static const uint32_t grows[][2] = {	/* at block, to */
		{ 0x10, 0x30 }, { 0x30, 0x70 }, { 0x70, 0xf0 }, { 0xf0, 0x1f0 }, { 0x1f0, 0x3f0 },
		{ 0x3f0, 0x7f0 }, { 0x7f0, 0xff0 },
	};
	struct xfs_extent e[2] = { XFS_EXTENT_INIT };
	uint64_t block, want = 0;
	size_t g = 0;

	(void)state;
	set_up(256u << 20);
	for (block = 0; block < 0x800; block++) {
		assert_int_equal(xfs_pwrite(file, buf, 4096, block << 12), 4096);
		want = XFS_MAX(want, block + 1);
		if (g < ARRAY_SIZE(grows) && block == grows[g][0])
			want = grows[g++][1];
		assert_int_equal(promised_end(), want);
	}
	/* Closed before anything was written: nothing too much is ever allocated. */
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR, 0, &file));
	assert_int_equal(promised_end(), 0x800);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(extents(e, 2), 1);
	assert_false(e[0].delalloc || e[0].unwritten);
	assert_int_equal(e[0].length, 8u << 20);
	tear_down();
}

static void test_one_large_write(void **state)
{
	(void)state;
	set_up(256u << 20);
	/* 4 MiB without preallocation, then twice what there is. */
	assert_int_equal(xfs_pwrite(file, buf, sizeof(buf), 0), sizeof(buf));
	assert_int_equal(promised_end(), 0xff0 + 0x1000);
	tear_down();
}

static void test_small_file_gets_its_blocks_only(void **state)
{
	(void)state;
	set_up(0);
	assert_int_equal(xfs_pwrite(file, buf, 1u << 20, 0), 1u << 20);
	assert_int_equal(promised_end(), 256);
	tear_down();
}

static void test_open_file_keeps_preallocation_at_sync(void **state)
{
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };

	(void)state;
	set_up(0);
	assert_int_equal(xfs_pwrite(file, buf, 65536, 0), 65536);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 65536), 4096);
	TEST_OK(xfs_fsync(file));
	/* 17 blocks of data, and what was promised behind them as unwritten blocks. */
	assert_int_equal(extents(e, 4), 2);
	assert_int_equal(e[0].length, 17 * 4096);
	assert_false(e[0].unwritten);
	assert_int_equal(e[1].offset, 17 * 4096);
	assert_int_equal(e[1].length, (0x30 - 17) * 4096);
	assert_true(e[1].unwritten);
	/* The next append uses them. */
	assert_int_equal(xfs_pwrite(file, buf, 8192, 17 * 4096), 8192);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(extents(e, 4), 2);
	assert_int_equal(e[0].length, 19 * 4096);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR, 0, &file));
	assert_int_equal(extents(e, 4), 1);
	assert_int_equal(e[0].length, 19 * 4096);
	tear_down();
}

static void test_preallocation_that_a_hole_leaps_over(void **state)
{
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };

	(void)state;
	set_up(0);
	/* 128 KiB with 16 blocks promised behind them, then a write at 1 MiB. */
	assert_int_equal(xfs_pwrite(file, buf, 65536, 0), 65536);
	assert_int_equal(xfs_pwrite(file, buf, 65536, 65536), 65536);
	assert_int_equal(promised_end(), 48);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 1u << 20), 4096);
	/* All of that promise was made blocks; the data goes into its part of them. */
	assert_int_equal(extents(e, 4), 2);
	assert_int_equal(e[0].length, 48 * 4096);
	assert_true(e[0].unwritten);
	TEST_OK(xfs_fsync(file));
	/* Behind the last block is its own preallocation. */
	assert_int_equal(extents(e, 4), 4);
	assert_int_equal(e[0].length, 32 * 4096);
	assert_false(e[0].unwritten);
	assert_int_equal(e[1].offset, 32 * 4096);
	assert_int_equal(e[1].length, 16 * 4096);
	assert_true(e[1].unwritten);
	assert_int_equal(e[2].offset, 1u << 20);
	tear_down();
}

/* Of the file itself, or handed down by its directory (EXTSZINHERIT). */
static void extent_size_hint(bool inherited)
{
	const struct xfs_iattr hint = {
		.size = sizeof(hint),
		.valid = XFS_ATTR_EXTSIZE | XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_EXTSIZE,
		.extsize_bytes = 65536,
	};
	const char *path = inherited ? "/d/f" : "/f";
	struct xfs_iattr dir = hint;
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };

	dir.xflags = XFS_XFLAG_EXTSZINHERIT;
	set_up(0);
	if (inherited) {
		TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
		TEST_OK(xfs_setattr(fs.mp, "/d", true, &dir));
		TEST_OK(xfs_close(file));
		TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	} else {
		TEST_OK(xfs_fsetattr(file, &hint));
	}
	assert_int_equal(xfs_pwrite(file, buf, 4096, 0), 4096);
	assert_int_equal(extents(e, 4), 1);
	assert_int_equal(e[0].length, 65536);
	assert_true(e[0].unwritten);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(extents(e, 4), 2);
	assert_int_equal(e[0].length, 4096);
	assert_false(e[0].unwritten);
	/* The aligned piece around it, whatever lies before is skipped by the zeroing. */
	assert_int_equal(xfs_pwrite(file, buf, 4096, 100u << 10), 4096);
	assert_int_equal(extents(e, 4), 2);
	assert_int_equal(e[1].offset, 4096);
	assert_int_equal(e[1].length, 31 * 4096);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, path, O_RDWR, 0, &file));
	TEST_OK(xfs_fsync(file));
	assert_int_equal(extents(e, 4), 3);
	assert_int_equal(e[2].offset, 100u << 10);
	assert_int_equal(e[2].length, 4096);
	assert_false(e[2].unwritten);
	tear_down();
}

static void test_extent_size_hint(void **state)
{
	(void)state;
	extent_size_hint(false);
}

static void test_extent_size_hint_of_the_directory(void **state)
{
	(void)state;
	extent_size_hint(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_of_a_block),
		cmocka_unit_test(test_one_large_write),
		cmocka_unit_test(test_small_file_gets_its_blocks_only),
		cmocka_unit_test(test_open_file_keeps_preallocation_at_sync),
		cmocka_unit_test(test_preallocation_that_a_hole_leaps_over),
		cmocka_unit_test(test_extent_size_hint),
		cmocka_unit_test(test_extent_size_hint_of_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
