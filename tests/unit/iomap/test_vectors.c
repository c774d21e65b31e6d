/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a growing file is given ahead is what kernels give it, seen from outside, in every
 *       situation that throttles it: little space, a fixed size, a hole, stripes, a file opened anew.
 * Method: the observed numbers, in a volume of the size that they were observed on, through
 *       xfs_extents() while the file is open.  Free blocks are made scarce by reserving them.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "core/counter.h"
#include "support/test_fs.h"

#define MIB	(1u << 20)

static struct test_fs fs;
static struct xfs_file *file;
static uint8_t buf[16u << 20];

static void open_file(void)
{
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
}

/* @sunit, @swidth: bytes. */
static void set_up(uint32_t allocsize, uint32_t sunit, uint32_t swidth, uint32_t flags)
{
	const struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .sunit = sunit, .swidth = swidth };

	test_fs_make(&fs, 2ull << 30, &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.data_cache_bytes = 256u << 20;
	fs.opts.allocsize_bytes = allocsize;
	fs.opts.flags |= flags;
	test_fs_open(&fs);
	open_file();
}

static void tear_down(void)
{
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static void write_at(uint64_t offset, size_t len)
{
	assert_int_equal(xfs_pwrite(file, buf, len, offset), len);
}

/* The last extent: reserved, from block @from on, @count blocks. */
static void expect_last(uint64_t from, uint64_t count)
{
	struct xfs_extent e[16] = { XFS_EXTENT_INIT };
	size_t n;

	TEST_OK(xfs_extents(file, 0, e, 16, &n));
	assert_true(n > 0);
	assert_true(e[n - 1].delalloc);
	assert_int_equal(e[n - 1].offset >> 12, from);
	assert_int_equal(e[n - 1].length >> 12, count);
}

/* How far the file's blocks go, reserved or not. */
static void expect_end(uint64_t end)
{
	struct xfs_extent e[16] = { XFS_EXTENT_INIT };
	size_t n;

	TEST_OK(xfs_extents(file, 0, e, 16, &n));
	assert_true(n > 0);
	assert_int_equal((e[n - 1].offset + e[n - 1].length) >> 12, end);
}

static uint64_t blocks_of(void)
{
	struct stat st;

	TEST_OK(xfs_stat(fs.mp, "/f", &st));
	return (uint64_t)st.st_blocks / 8;
}

static void test_a_file_opened_anew(void **state)
{
	(void)state;
	set_up(0, 0, 0, 0);
	write_at(0, 8u * MIB);
	TEST_OK(xfs_close(file));
	open_file();
	TEST_OK(xfs_fsync(file));
	write_at(8u * MIB, 4096);
	expect_last(0x800, 0x1000);
	tear_down();
}

static void test_pieces_of_64k(void **state)
{
	static const uint32_t grows[][2] = {
		{ 0x10, 0x20 }, { 0x30, 0x40 }, { 0x70, 0x80 }, { 0xf0, 0x100 }, { 0x1f0, 0x200 },
		{ 0x3f0, 0x400 }, { 0x7f0, 0x800 },
	};
	size_t g = 0;
	uint64_t end = 0x10;

	(void)state;
	set_up(0, 0, 0, 0);
	for (uint64_t block = 0; block < 0x800; block += 0x10) {
		write_at(block << 12, 65536);
		if (g < sizeof(grows) / sizeof(grows[0]) && grows[g][0] == block) {
			end = block + grows[g][1];
			g++;
		}
		expect_last(0, end);
	}
	assert_int_equal(g, sizeof(grows) / sizeof(grows[0]));
	tear_down();
}

static void test_little_space(void **state)
{
	static const uint32_t expect[][2] = {
		{ 31451, 8192 }, { 23586, 2048 }, { 18344, 1024 }, { 13101, 512 }, { 7858, 256 },
		{ 4188, 128 }, { 1566, 128 },
	};

	(void)state;
	set_up(0, 0, 0, 0);
	write_at(0, 16u * MIB);
	TEST_OK(xfs_close(file));
	open_file();
	TEST_OK(xfs_fsync(file));
	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		int64_t away = xfs_fdblocks_available(fs.mp) - expect[i][0];

		TEST_OK(xfs_mod_fdblocks(fs.mp, -away, false));
		write_at(16u * MIB, 4096);
		expect_last(4096, expect[i][1]);
		xfs_add_fdblocks(fs.mp, (uint64_t)away);
		TEST_OK(xfs_ftruncate(file, 16u * MIB));
	}
	tear_down();
}

/* All that is left is less than would be given ahead: the write succeeds without. */
static void test_no_space_for_it(void **state)
{
	int64_t away;

	(void)state;
	set_up(0, 0, 0, 0);
	write_at(0, MIB);
	TEST_OK(xfs_close(file));
	open_file();
	TEST_OK(xfs_fsync(file));
	away = xfs_fdblocks_available(fs.mp) - 12;
	TEST_OK(xfs_mod_fdblocks(fs.mp, -away, false));
	write_at(MIB, 4096);
	expect_last(256, 1);
	xfs_add_fdblocks(fs.mp, (uint64_t)away);
	tear_down();
}

/* All or nothing: 107 blocks are free, of which a small write takes one and its tree's. */
static void test_large_pieces_fail_where_small_ones_fit(void **state)
{
	int64_t away;

	(void)state;
	set_up(0, 0, 0, 0);
	away = xfs_fdblocks_available(fs.mp) - 107;
	TEST_OK(xfs_mod_fdblocks(fs.mp, -away, false));
	TEST_IS(xfs_pwrite(file, buf, MIB, 0), -ENOSPC);
	assert_int_equal(blocks_of(), 0);
	assert_int_equal(xfs_fdblocks_available(fs.mp), 107);
	write_at(0, 4096);
	expect_last(0, 1);
	xfs_add_fdblocks(fs.mp, (uint64_t)away);
	tear_down();
}

static void test_a_fixed_size(void **state)
{
	(void)state;
	set_up(MIB, 0, 0, 0);
	write_at(0, 4096);
	expect_last(0, 256);
	/* It is not throttled, and goes with the handle. */
	TEST_OK(xfs_close(file));
	open_file();
	expect_last(0, 1);
	tear_down();
}

static void test_behind_a_hole(void **state)
{
	(void)state;
	set_up(0, 0, 0, 0);
	write_at(0, MIB);
	write_at(4u * MIB, 4096);
	expect_last(1024, 16);
	tear_down();
}

/* To sector 6144, as observed. */
static void test_stripes(void **state)
{
	(void)state;
	set_up(0, 65536, 4 * 65536, 0);
	write_at(0, MIB);
	write_at(MIB, 4096);
	expect_last(0, 6144 / 8);
	/* Where the width counts, to a multiple of that. */
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags |= XFS_MOUNT_SWALLOC;
	test_fs_open(&fs);
	open_file();
	TEST_OK(xfs_ftruncate(file, 0));
	write_at(0, MIB + 65536);
	write_at(MIB + 65536, 4096);
	expect_last(0, 832);	/* 272 + 2 * 272 = 816, and up to a multiple of 64 */
	tear_down();
}

/* A file that is closed and opened again and again keeps it from the second time on. */
static void test_it_is_trimmed_once(void **state)
{
	struct xfs_extent e = XFS_EXTENT_INIT;
	size_t n;

	(void)state;
	set_up(0, 0, 0, 0);
	write_at(0, 65536);
	write_at(65536, 4096);
	expect_last(0, 0x30);
	TEST_OK(xfs_close(file));
	open_file();
	expect_last(0, 17);
	write_at(17 << 12, 4096);
	expect_last(0, 48);
	TEST_OK(xfs_close(file));
	open_file();
	expect_last(0, 48);
	/* Who makes the file shorter begins anew. */
	TEST_OK(xfs_ftruncate(file, 17 << 12));
	expect_end(17);
	write_at(17 << 12, 4096);
	expect_end(48);
	TEST_OK(xfs_close(file));
	open_file();
	expect_end(18);
	write_at(18 << 12, 4096);
	TEST_OK(xfs_close(file));
	/* Written back it becomes blocks, which go with the inode. */
	TEST_OK(xfs_sync(fs.mp));
	assert_true(blocks_of() > 19);
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	open_file();
	assert_int_equal(blocks_of(), 19);
	TEST_OK(xfs_extents(file, 0, &e, 1, &n));
	assert_int_equal(e.length, 19 << 12);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_opened_anew),
		cmocka_unit_test(test_pieces_of_64k),
		cmocka_unit_test(test_little_space),
		cmocka_unit_test(test_no_space_for_it),
		cmocka_unit_test(test_large_pieces_fail_where_small_ones_fit),
		cmocka_unit_test(test_a_fixed_size),
		cmocka_unit_test(test_behind_a_hole),
		cmocka_unit_test(test_stripes),
		cmocka_unit_test(test_it_is_trimmed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
