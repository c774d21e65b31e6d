/* SPDX-License-Identifier: MIT */
/*
 * Goal: a file of 200,000 extents (fewer where assertions are) is taken apart and moved in seconds, in
 *       memory and a log that do not grow with it, and in few transactions.
 * Method: every other block of preallocated space is punched out; then everything moves, up and
 *       down, twice; the map says where it is.  The memory limit is less than the map would take as a
 *       list of changes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/stats.h>
#include "support/test_fs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(XFSWRITE_DEBUG)
#define EXTENTS		40000u
#else
#define EXTENTS		200000u
#endif
#define BLOCK		1024u

static struct test_fs fs;
static clock_t began;

static void tell(const char *what)
{
	printf("%s: %.2f s\n", what, (double)(clock() - began) / CLOCKS_PER_SEC);
	began = clock();
}

/* All that are left from @first on stand at odd blocks, @shift bytes further. */
static void assert_at(struct xfs_file *f, uint64_t first, uint64_t shift)
{
	struct xfs_extent e[512] = { XFS_EXTENT_INIT };
	uint64_t offset = 0, at = first;
	size_t n;

	for (; at < EXTENTS; offset = e[n - 1].offset + e[n - 1].length) {
		TEST_OK(xfs_map_extents(f, 0, offset, e, 512, &n));
		assert_true(n > 0);
		for (size_t i = 0; i < n; i++, at++) {
			assert_int_equal(e[i].offset, (2 * at + 1) * BLOCK + shift);
			assert_int_equal(e[i].length, BLOCK);
			assert_int_equal(e[i].last, at == EXTENTS - 1);
		}
	}
	assert_int_equal(at, EXTENTS);
}

static uint64_t transactions(void)
{
	struct xfs_stats stats = XFS_STATS_INIT;

	TEST_OK(xfs_get_stats(fs.mp, &stats));
	return stats.xs_trans_async;
}

/* A move of nearly all of them takes a transaction for some hundred. */
static void move(struct xfs_file *f, int mode, uint64_t len)
{
	uint64_t before = transactions();

	began = clock();
	TEST_OK(xfs_fallocate(f, mode, 0, len));
	tell(mode == XFS_FALLOC_INSERT_RANGE ? "inserted" : "collapsed");
	printf("%" PRIu64 " transactions\n", transactions() - before);
	assert_true(transactions() - before <= 20 + EXTENTS / 100);
}

static void test_many_extents(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = BLOCK };
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *f;
	uint64_t before;

	(void)state;
	test_fs_make(&fs, 1ull << 30, &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	fs.opts.memory_limit_bytes = 64u << 20;
	test_fs_open(&fs);
	began = clock();
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &f));
	TEST_OK(xfs_fallocate(f, 0, 0, 2 * EXTENTS * BLOCK));
	for (uint64_t i = 0; i < EXTENTS; i++)
		TEST_OK(xfs_fallocate(f, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 2 * i * BLOCK,
				      BLOCK));
	tell("punched");
	assert_at(f, 0, 0);
	move(f, XFS_FALLOC_INSERT_RANGE, 1u << 20);
	assert_at(f, 0, 1u << 20);
	move(f, XFS_FALLOC_COLLAPSE_RANGE, 1u << 20);
	assert_at(f, 0, 0);
	/* A thousand of them go with it. */
	began = clock();
	TEST_OK(xfs_fallocate(f, XFS_FALLOC_COLLAPSE_RANGE, 0, 2000 * BLOCK));
	tell("collapsed");
	TEST_OK(xfs_fgetattr(f, &st));
	assert_int_equal(st.nextents, EXTENTS - 1000);
	assert_int_equal(st.size_bytes, (2 * EXTENTS - 2000) * BLOCK);
	TEST_OK(xfs_fallocate(f, XFS_FALLOC_INSERT_RANGE, 0, 2000 * BLOCK));
	assert_at(f, 1000, 0);
	began = clock();
	before = transactions();
	TEST_OK(xfs_fallocate(f, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 0, 2 * EXTENTS * BLOCK));
	tell("punched at once");
	printf("%" PRIu64 " transactions\n", transactions() - before);
	assert_true(transactions() - before <= 20 + EXTENTS / 60);
	TEST_OK(xfs_close(f));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_extents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
