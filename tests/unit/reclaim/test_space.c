/* SPDX-License-Identifier: MIT */
/*
 * Goal: a write that finds no space gets what others hold back too much, exactly one more try, and a
 *       clean refusal after that; space of cut and of unlinked files comes back to the block.
 * Method: small volumes that are filled up; trace points count the tries; free blocks are
 *       compared with those of the beginning.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/trace.h"
#include "core/counter.h"
#include "core/mount.h"
#include "support/test_fs.h"

static struct test_fs fs;
static uint8_t buf[4u << 20];
static unsigned int tries, reclaims;

static void count_trace(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	(void)ctx;
	(void)args;
	(void)nargs;
	tries += !strcmp(name, "xfs_file_buffered_write");
	reclaims += !strcmp(name, "xfs_blockgc_free_space");
}

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 64u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = count_trace;
	test_fs_open(&fs);
	tries = reclaims = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *create(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	return file;
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

/* Fill the volume with @file until nothing fits; returns its size. */
static uint64_t fill(struct xfs_file *file)
{
	uint64_t pos = 0;
	size_t len = sizeof(buf);

	while (len >= 4096) {
		ssize_t ret = xfs_pwrite(file, buf, len, pos);

		if (ret > 0)
			pos += (uint64_t)ret;
		else if (ret == -ENOSPC)
			len /= 2;
		else
			fail_msg("a write failed with %zd", ret);
	}
	return pos;
}

static void test_a_full_volume_refuses_once(void **state)
{
	struct xfs_file *file = create("/f");
	uint64_t size = fill(file), empty;
	struct stat st;
#ifdef XFSWRITE_DEBUG
	unsigned int before;
#endif

	(void)state;
	assert_true(size > 30u << 20);
	tries = reclaims = 0;
	assert_int_equal(xfs_pwrite(file, buf, 4096, size), -ENOSPC);
#ifdef XFSWRITE_DEBUG
	assert_int_equal(tries, 2);
	assert_int_equal(reclaims, 1);
	/* What is there can be overwritten without asking anybody. */
	before = tries;
	assert_int_equal(xfs_pwrite(file, buf, 65536, 1000), 65536);
	assert_int_equal(tries, before + 1);
#endif
	TEST_OK(xfs_fstat(file, &st));
	assert_int_equal(st.st_size, size);
	/* All of it comes back, and can be had again. */
	TEST_OK(xfs_ftruncate(file, 0));
	empty = free_blocks();
	assert_true(fill(file) >= size);
	TEST_OK(xfs_ftruncate(file, 0));
	assert_int_equal(free_blocks(), empty);
	TEST_OK(xfs_close(file));
}

static void test_a_write_that_fits_partly_is_short(void **state)
{
	struct xfs_file *file = create("/f");
	uint64_t left;
	ssize_t ret;

	(void)state;
	/* The first mapping of 4 MiB fits, a later one does not. */
	left = (uint64_t)xfs_fdblocks_available(fs.mp) * 4096;
	TEST_OK(xfs_ftruncate(file, 1ull << 40));
	for (uint64_t pos = 0; left > 7u << 20; pos += 1u << 20) {
		assert_int_equal(xfs_pwrite(file, buf, 1u << 20, pos), 1u << 20);
		left = (uint64_t)xfs_fdblocks_available(fs.mp) * 4096;
	}
	uint8_t *large = calloc(1, 16u << 20);
	ret = xfs_pwrite(file, large, 16u << 20, 1u << 30);
	assert_int_equal(ret, 4u << 20);
	assert_int_equal(xfs_pwrite(file, large, 12u << 20, (1u << 30) + (4u << 20)), -ENOSPC);
	free(large);
	TEST_OK(xfs_close(file));
}

static void test_preallocation_of_others_is_taken(void **state)
{
	struct xfs_file *a = create("/a"), *b = create("/b");
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	uint64_t pos = 0;
	size_t n;

	(void)state;
	/* A grows in small pieces and is promised as much again. */
	for (pos = 0; pos < 8u << 20; pos += 65536) {
		memset(buf, (int)(pos >> 16), 65536);
		assert_int_equal(xfs_pwrite(a, buf, 65536, pos), 65536);
	}
	TEST_OK(xfs_extents(a, 0, e, 8, &n));
	assert_true(e[n - 1].offset + e[n - 1].length > pos + (4u << 20));
	fill(b);
	/* Nothing is left behind the end of A, and its data is whole. */
	TEST_OK(xfs_extents(a, 0, e, 8, &n));
	assert_int_equal(e[n - 1].offset + e[n - 1].length, pos);
	for (uint64_t off = 0; off < pos; off += 65536) {
		assert_int_equal(xfs_pread(a, buf, 65536, off), 65536);
		assert_true(buf[0] == (uint8_t)(off >> 16) && buf[65535] == (uint8_t)(off >> 16));
	}
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

/* (ICACHE-2) */
static void test_unlinked_files_are_freed(void **state)
{
	uint64_t before = free_blocks(), inodes;
	struct xfs_statfs st = XFS_STATFS_INIT;
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_statfs(fs.mp, &st));
	inodes = st.files_free;
	/* Open while it loses its name: readable until it is closed. */
	file = create("/open");
	memset(buf, 0x77, sizeof(buf));
	assert_int_equal(xfs_pwrite(file, buf, sizeof(buf), 0), sizeof(buf));
	TEST_OK(xfs_unlink(fs.mp, "/open"));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(xfs_pread(file, buf, 4096, 65536), 4096);
	assert_int_equal(buf[17], 0x77);
	assert_int_equal(xfs_pwrite(file, buf, 100000, 10u << 20), 100000);
	assert_true(free_blocks() < before);
	TEST_OK(xfs_close(file));
	assert_true(free_blocks() >= before - 20);	/* inodes may have come to stay */
	before = free_blocks();
	/* Never written back: its blocks are never allocated. */
	file = create("/temporary");
	assert_int_equal(xfs_pwrite(file, buf, 1u << 20, 0), 1u << 20);
	TEST_OK(xfs_unlink(fs.mp, "/temporary"));
	TEST_OK(xfs_close(file));
	assert_int_equal(fs.mp->m_delalloc_blocks, 0);
	TEST_OK(xfs_statfs(fs.mp, &st));
	assert_int_equal(st.blocks_free, before);
	/* Closed and not written back yet. */
	file = create("/dirty");
	assert_int_equal(xfs_pwrite(file, buf, 1u << 20, 0), 1u << 20);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unlink(fs.mp, "/dirty"));
	assert_int_equal(free_blocks(), before);
	TEST_OK(xfs_statfs(fs.mp, &st));
	assert_true(st.files_free >= inodes);
}

static void test_thousands_of_extents_go_in_steps(void **state)
{
	uint64_t before = free_blocks();
	struct xfs_file *file = create("/many");
	uint64_t blocks = 5000, rest;
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	/* Inside the size nothing is preallocated. */
	TEST_OK(xfs_ftruncate(file, blocks * 8192));
	for (uint64_t i = 0; i < blocks; i++)
		assert_int_equal(xfs_pwrite(file, buf, 4096, i * 8192), 4096);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_ftruncate(file, 8192 * 1000 + 100));
	TEST_OK(xfs_extents(file, 8192 * 999, e, 4, &n));
	assert_int_equal(n, 2);
	assert_int_equal(e[1].offset, 8192 * 1000);
	rest = free_blocks();
	assert_true(rest > before - 1100 && rest < before);
	TEST_OK(xfs_fsetxattr(file, "user.large", buf, 60000, 0));
	TEST_OK(xfs_unlink(fs.mp, "/many"));
	TEST_OK(xfs_close(file));
	assert_true(free_blocks() >= before - 20);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_a_full_volume_refuses_once),
		T(test_a_write_that_fits_partly_is_short),
		T(test_preallocation_of_others_is_taken),
		T(test_unlinked_files_are_freed),
		T(test_thousands_of_extents_go_in_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
