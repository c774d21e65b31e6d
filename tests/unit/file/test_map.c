/* SPDX-License-Identifier: MIT */
/*
 * Goal: the maps of all forks tell what is there, sharing, the last extent and what is only in
 *       memory; SEEK_DATA finds what kernels find.
 * Method: files on a volume in memory whose blocks are in a known state.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/reflink.h>
#include "support/test_fs.h"

static struct test_fs fs;
static char buf[65536];

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *open_file(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0644, &file));
	return file;
}

/* 64 KiB, all of them shared. */
static struct xfs_file *shared_file(void)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT), *g = open_file("/g", O_RDWR | O_CREAT);

	memset(buf, 'x', sizeof(buf));
	assert_int_equal(xfs_pwrite(f, buf, sizeof(buf), 0), sizeof(buf));
	TEST_OK(xfs_clone_range(f, 0, g, 0, 0));
	TEST_OK(xfs_close(g));
	return f;
}

static void test_the_cow_fork_is_shown(void **state)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	struct xfs_file *f = shared_file();
	size_t n;

	(void)state;
	TEST_OK(xfs_map_extents(f, XFS_MAP_COW, 0, e, 8, &n));
	assert_int_equal(n, 0);
	assert_int_equal(xfs_pwrite(f, "x", 1, 20000), 1);
	TEST_OK(xfs_map_extents(f, XFS_MAP_COW, 0, e, 8, &n));
	assert_int_equal(n, 1);
	assert_true(e[0].offset <= 16384 && e[0].offset + e[0].length >= 20480);
	assert_true(e[0].last && !e[0].shared);
	TEST_OK(xfs_map_extents(f, XFS_MAP_SYNC, 0, e, 8, &n));
	assert_int_equal(n, 3);
	assert_true(e[0].shared && !e[1].shared && e[2].shared && e[2].last);
	TEST_OK(xfs_close(f));
}

/*
 * The numbers are a kernel's (6.18): what is set aside around a block of shared ones, 128 KiB by
 * default, is in st_blocks, as delayed and as allocated blocks, until it is given back.
 */
static void test_blocks_set_aside_for_copying_are_counted(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT), *g = open_file("/g", O_RDWR | O_CREAT);
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	for (uint64_t at = 0; at < 1u << 20; at += sizeof(buf))
		assert_int_equal(xfs_pwrite(f, buf, sizeof(buf), at), sizeof(buf));
	TEST_OK(xfs_clone_range(f, 0, g, 0, 0));
	assert_int_equal(xfs_pwrite(g, buf, 4096, 40960), 4096);
	TEST_OK(xfs_fgetattr(g, &st));
	assert_int_equal(st.blocks512, 2304);
	TEST_OK(xfs_fsync(g));
	TEST_OK(xfs_fgetattr(g, &st));
	assert_int_equal(st.blocks512, 2296);
	/* Some of it is used, and the rest given back with the mount. */
	assert_int_equal(xfs_pwrite(g, buf, 8192, 49152), 8192);
	TEST_OK(xfs_fsync(g));
	TEST_OK(xfs_fgetattr(g, &st));
	assert_int_equal(st.blocks512, 2280);
	TEST_OK(xfs_close(g));
	TEST_OK(xfs_close(f));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	g = open_file("/g", O_RDONLY);
	TEST_OK(xfs_fgetattr(g, &st));
	assert_int_equal(st.blocks512, 2048);
	TEST_OK(xfs_close(g));
}

/*
 * Preallocation behind the end, below what is set aside for copying around the last block, comes inside
 * when the file grows past it: unwritten, as nobody would write it back, or give it back.
 */
static void test_preallocation_that_comes_inside_is_allocated(void **state)
{
	struct xfs_extent e[64] = { XFS_EXTENT_INIT };
	struct xfs_file *f = shared_file();
	uint64_t size = 30 * 4096 + 1;
	bool ahead = false;
	size_t n;

	(void)state;
	assert_int_equal(xfs_pwrite(f, buf, 6000, 65536), 6000);
	TEST_OK(xfs_map_extents(f, 0, 65536, e, 64, &n));
	for (size_t i = 0; i < n; i++)
		ahead |= e[i].delalloc && e[i].offset + e[i].length > 18 * 4096;
	assert_true(ahead);
	assert_int_equal(xfs_pwrite(f, "x", 1, 60000), 1);
	assert_int_equal(xfs_pwrite(f, "y", 1, size - 1), 1);
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_map_extents(f, 0, 0, e, 64, &n));
	for (size_t i = 0; i < n; i++)
		assert_false(e[i].delalloc && e[i].offset < size);
	TEST_OK(xfs_close(f));
}

static void test_the_attribute_fork_is_shown(void **state)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT), *d = open_file("/", O_RDONLY);
	size_t n;

	(void)state;
	TEST_OK(xfs_map_extents(f, XFS_MAP_ATTR, 0, e, 8, &n));
	assert_int_equal(n, 0);
	TEST_OK(xfs_fsetxattr(f, "user.short", "x", 1, 0));
	TEST_OK(xfs_map_extents(f, XFS_MAP_ATTR, 0, e, 8, &n));
	assert_int_equal(n, 0);
	TEST_OK(xfs_fsetxattr(f, "user.long", buf, 20000, 0));
	TEST_OK(xfs_map_extents(f, XFS_MAP_ATTR, 0, e, 8, &n));
	assert_true(n >= 1 && e[n - 1].last && !e[0].delalloc && e[0].offset == 0);
	assert_true(e[n - 1].offset + e[n - 1].length >= 20000 + 4096);
	/* From the middle of an extent on. */
	TEST_OK(xfs_map_extents(f, XFS_MAP_ATTR, 4096, e, 8, &n));
	assert_true(n >= 1 && e[0].offset == 4096);
	assert_int_equal(xfs_map_extents(f, XFS_MAP_ATTR | XFS_MAP_COW, 0, e, 8, &n), -EINVAL);
	assert_int_equal(xfs_map_extents(f, 1u << 7, 0, e, 8, &n), -EINVAL);
	assert_int_equal(xfs_map_extents(f, 0, 0, e, 0, &n), -EINVAL);
	TEST_OK(xfs_map_extents(d, XFS_MAP_COW | XFS_MAP_SYNC, 0, e, 8, &n));
	assert_int_equal(n, 0);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(d));
}

static void test_the_map_is_told_in_pieces(void **state)
{
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	uint64_t offset = 0;
	size_t n, all = 0;

	(void)state;
	TEST_OK(xfs_fallocate(f, 0, 0, 21 * 4096));
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(xfs_pwrite(f, "x", 1, 4096 + i * 8192), 1);
	TEST_OK(xfs_fsync(f));
	do {
		TEST_OK(xfs_map_extents(f, 0, offset, e, 4, &n));
		assert_true(n > 0);
		for (size_t i = 0; i < n; i++, all++) {
			assert_int_equal(e[i].offset, all * 4096);
			assert_int_equal(e[i].unwritten, all % 2 == 0);
			assert_int_equal(e[i].last, all == 20);
		}
		offset = e[n - 1].offset + e[n - 1].length;
	} while (!e[n - 1].last);
	assert_int_equal(all, 21);
	TEST_OK(xfs_map_extents(f, 0, offset, e, 4, &n));
	assert_int_equal(n, 0);
	TEST_OK(xfs_close(f));
}

/* As the kernel: what is unwritten is data where memory has something to be written. */
static void test_data_is_where_memory_has_it(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	TEST_OK(xfs_fallocate(f, 0, 0, 65536));
	assert_int_equal(xfs_seek(f, 0, SEEK_DATA), -ENXIO);
	assert_int_equal(xfs_pwrite(f, "x", 1, 16384), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xfs_seek(f, 0, SEEK_HOLE), 0);
		assert_int_equal(xfs_seek(f, 0, SEEK_DATA), 16384);
		assert_int_equal(xfs_seek(f, 16384, SEEK_HOLE), 20480);
		assert_int_equal(xfs_seek(f, 20480, SEEK_DATA), -ENXIO);
		assert_int_equal(xfs_seek(f, 65535, SEEK_HOLE), 65535);
		assert_int_equal(xfs_seek(f, 65536, SEEK_HOLE), -ENXIO);
		TEST_OK(xfs_fsync(f));
	}
	TEST_OK(xfs_fallocate(f, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 16000, 5000));
	assert_int_equal(xfs_seek(f, 0, SEEK_DATA), -ENXIO);
	TEST_OK(xfs_close(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_cow_fork_is_shown),
		TEST(test_blocks_set_aside_for_copying_are_counted),
		TEST(test_preallocation_that_comes_inside_is_allocated),
		TEST(test_the_attribute_fork_is_shown),
		TEST(test_the_map_is_told_in_pieces),
		TEST(test_data_is_where_memory_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
