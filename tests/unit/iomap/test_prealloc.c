/* SPDX-License-Identifier: MIT */
/*
 * Goal: speculative preallocation is as large as the kernel's, and ends where the kernel's ends.
 * Method: what was observed on kernels: appends in small pieces, one large write, a file system
 * that fills up, a fixed allocation size, a write after a hole, stripes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "iomap/iomap.h"

#define GIB2_BLOCKS	524288u

static uint32_t shift;

/* A write of @count bytes at @offset = isize, all before it contiguous, into an empty volume. */
static struct xfs_prealloc_args append_args(uint64_t offset, uint64_t count)
{
	return (struct xfs_prealloc_args){
		.isize_bytes = offset,
		.offset_bytes = offset,
		.count_bytes = count,
		.block_log = 12,
		.prev_end = offset >> 12,
		.prev_len = offset >> 12,
		.free_blocks = GIB2_BLOCKS,
		.total_blocks = GIB2_BLOCKS,
	};
}

/* Blocks past the request, where a little is in use. */
static uint64_t append(uint64_t offset, uint64_t count)
{
	struct xfs_prealloc_args args = append_args(offset, count);

	args.free_blocks -= 2000;
	return xfs_prealloc_blocks(&args, &shift);
}

static void test_appends_double(void **state)
{
	/* Where a new reservation is made, and how many blocks it has in all. */
	static const uint32_t expect[][2] = {
		{ 0x10, 0x20 }, { 0x30, 0x40 }, { 0x70, 0x80 }, { 0xf0, 0x100 },
		{ 0x1f0, 0x200 }, { 0x3f0, 0x400 }, { 0x7f0, 0x800 },
	};
	uint64_t off;

	(void)state;
	for (off = 0; off < 16; off++)
		assert_int_equal(append(off << 12, 4096), 0);
	for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
		assert_int_equal(1 + append((uint64_t)expect[i][0] << 12, 4096), expect[i][1]);
		assert_int_equal(16 + append((uint64_t)expect[i][0] << 12, 65536), expect[i][1]);
	}
	/* Reopened at 8 MiB. */
	assert_int_equal(1 + append(0x800u << 12, 4096), 0x1000);
}

static void test_one_large_write(void **state)
{
	(void)state;
	/* 16 MiB into an empty file: three mappings of at most 4 MiB each. */
	assert_int_equal(append(0, 4u << 20), 0);
	assert_int_equal(0x400 + append(4u << 20, 4u << 20), 0xbf0);
	assert_int_equal(0x10 + append(0xff0000, 0x10000), 0x1000);
}

static void test_low_space_shrinks_it(void **state)
{
	static const uint32_t expect[][3] = {	/* free blocks, preallocation, halved how often */
		{ 31451, 8192, 0 }, { 23586, 2048, 2 }, { 18344, 1024, 3 }, { 13101, 512, 4 },
		{ 7858, 256, 5 }, { 4188, 128, 6 }, { 1566, 128, 6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
		struct xfs_prealloc_args args = append_args(4096 * 4096, 4096);

		args.free_blocks = expect[i][0];
		/* The end is counted from the last 64 KiB: one block of it is the request. */
		assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), expect[i][1]);
		assert_int_equal(shift, expect[i][2]);
	}
}

static void test_never_all_of_the_space(void **state)
{
	struct xfs_prealloc_args args = append_args(4096 * 4096, 4096);

	(void)state;
	args.free_blocks = 100;
	/* 128 would not fit: a sixteenth, but never less than 64 KiB. */
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 16);
	args.free_blocks = 0;
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 16);
}

static void test_after_a_hole(void **state)
{
	struct xfs_prealloc_args args = append_args(1u << 20, 4096);

	(void)state;
	args.offset_bytes = 2u << 20;
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 16);
}

static void test_fixed_size(void **state)
{
	struct xfs_prealloc_args args = {
		.count_bytes = 4096,
		.block_log = 12,
		.allocsize_log = 20,
		.free_blocks = 10,
		.total_blocks = GIB2_BLOCKS,
	};

	(void)state;
	/* No gates and no throttle. */
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 256);
	args.offset_bytes = args.isize_bytes = 300 * 4096;
	assert_int_equal(301 + xfs_prealloc_blocks(&args, &shift), 512);
}

static void test_stripe(void **state)
{
	struct xfs_prealloc_args args = append_args(1u << 20, 4096);

	(void)state;
	args.align = 16;
	/* To sector 6144, as the kernel does. */
	assert_int_equal(257 + xfs_prealloc_blocks(&args, &shift), 6144 / 8);
	args.align = 100;
	assert_int_equal((257 + xfs_prealloc_blocks(&args, &shift)) % 100, 0);
	/* A file below one stripe unit gets the smallest size, not aligned. */
	args.align = 4096;
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 16);
}

static void test_large_blocks(void **state)
{
	const struct xfs_prealloc_args args = {
		.isize_bytes = 65536,
		.offset_bytes = 65536,
		.count_bytes = 100,
		.block_log = 16,
		.prev_end = 1,
		.prev_len = 1,
		.free_blocks = 10000,
		.total_blocks = 20000,
	};

	(void)state;
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 2);
}

static void test_end_of_the_offset_space(void **state)
{
	struct xfs_prealloc_args args = {
		.isize_bytes = XFS_MAXBYTES - 10,
		.offset_bytes = XFS_MAXBYTES - 10,
		.count_bytes = 10,
		.block_log = 12,
		.allocsize_log = 30,
		.free_blocks = GIB2_BLOCKS,
		.total_blocks = GIB2_BLOCKS,
	};

	(void)state;
	assert_int_equal(xfs_prealloc_blocks(&args, &shift), 0);
	args.offset_bytes -= 5 * 4096;
	assert_int_equal(xfs_prealloc_blocks(&args, &shift), 5);
}

/* What is left below a limit, and what it makes of 8192 blocks; the numbers follow from the rule. */
static void test_quota_shrinks_it(void **state)
{
	static const struct {
		uint64_t hard, soft, used;
		uint32_t want, shift;
	} expect[] = {
		{ 0, 0, 1u << 30, 8192, 0 },		/* no limit */
		{ 100000, 0, 80000, 8192, 0 },		/* below 95 % with what it asks for */
		{ 100000, 0, 95500, 1024, 2 },		/* 4500 left: a quarter, a power of two */
		{ 100000, 0, 97100, 128, 4 },		/* 2900 left */
		{ 100000, 0, 99100, 16, 6 },		/* 900 left: 14, but never below 64 KiB */
		{ 100000, 0, 100000, 16, 0 },
		{ 100000, 0, 120000, 16, 0 },		/* over it */
		{ 100000, 50000, 30000, 8192, 0 },	/* below the soft one */
		{ 100000, 50000, 45000, 8192, 0 },	/* above it: 55000 are left still */
		{ 6000, 100, 0, 4096, 0 },		/* no more than is left */
		{ 4096, 100, 0, 256, 0 },		/* nor all of it: a sixteenth */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
		for (size_t which = 0; which < 3; which++) {
			struct xfs_prealloc_args args = append_args(4096 * 4096, 4096);

			args.quota[which] = (struct xfs_quota_room){
				expect[i].hard, expect[i].soft, expect[i].used,
			};
			assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), expect[i].want);
			assert_int_equal(shift, expect[i].shift);
			/* A fixed size asks nobody. */
			args.allocsize_log = 16;
			assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 16);
		}
	}
}

/* The tightest of several counts, and space that is short beside it. */
static void test_quotas_and_low_space_together(void **state)
{
	struct xfs_prealloc_args args = append_args(4096 * 4096, 4096);

	(void)state;
	args.quota[0] = (struct xfs_quota_room){ 100000, 0, 95500 };
	args.quota[2] = (struct xfs_quota_room){ 100000, 0, 97100 };
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 128);
	assert_int_equal(shift, 4);
	/* The order makes no difference. */
	args.quota[0] = args.quota[2];
	args.quota[2] = (struct xfs_quota_room){ 100000, 0, 95500 };
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 128);
	/* Halved as the stricter of both says, not as both together. */
	args.quota[0] = (struct xfs_quota_room){ 0 };
	args.free_blocks = 13101;
	assert_int_equal(1 + xfs_prealloc_blocks(&args, &shift), 256);
	assert_int_equal(shift, 4);
}

static void check_align(uint32_t hint, uint64_t prev_end, uint64_t next, uint64_t off, uint64_t len,
			uint64_t want_off, uint64_t want_len)
{
	xfs_bmap_extsize_align(hint, prev_end, next, &off, &len);
	assert_int_equal(off, want_off);
	assert_int_equal(len, want_len);
}

static void test_align_to_hint(void **state)
{
	(void)state;
	check_align(16, 0, NULLFILEOFF, 25, 1, 16, 16);
	check_align(16, 0, NULLFILEOFF, 31, 2, 16, 32);
	check_align(32, 0, NULLFILEOFF, 0x64, 1, 0x60, 32);
	check_align(4, 0, NULLFILEOFF, 0x65, 1, 0x64, 4);
	/* What lies before is not moved into: the length stays. */
	check_align(16, 20, NULLFILEOFF, 25, 1, 20, 16);
	/* What comes behind pushes it down, as far as there is room. */
	check_align(16, 0, 30, 25, 1, 14, 16);
	check_align(16, 20, 30, 25, 1, 20, 10);
	check_align(3, 0, NULLFILEOFF, 0, XFS_MAX_BMBT_EXTLEN + 5ull, 0, XFS_MAX_BMBT_EXTLEN / 3 * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_double),
		cmocka_unit_test(test_one_large_write),
		cmocka_unit_test(test_low_space_shrinks_it),
		cmocka_unit_test(test_never_all_of_the_space),
		cmocka_unit_test(test_after_a_hole),
		cmocka_unit_test(test_fixed_size),
		cmocka_unit_test(test_stripe),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_end_of_the_offset_space),
		cmocka_unit_test(test_quota_shrinks_it),
		cmocka_unit_test(test_quotas_and_low_space_together),
		cmocka_unit_test(test_align_to_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
