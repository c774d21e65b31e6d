/* SPDX-License-Identifier: MIT */
/*
 * Goal: files that grow side by side, more than memory holds, each lie in one piece; files that come
 * one after another still lie side by side; and space runs out as late as ever.
 * Method: writes in turns through the public calls with a small cache, extents and contents
 * afterwards; the same files one after another; turns until -ENOSPC.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "support/test_fs.h"

#define PIECE		(64u << 10)
#define NR_FILES	8u
#define FILE_BYTES	(8u << 20)

static uint8_t piece[PIECE];

static void fill_piece(uint32_t file, uint64_t pos)
{
	for (size_t i = 0; i < PIECE; i += 8)
		memcpy(piece + i, &(uint64_t){ (pos + i) << 8 | file }, 8);
}

static void make(struct test_fs *fs, uint64_t bytes, uint32_t agcount, uint64_t sunit)
{
	struct xfs_mkfs_options mkfs = XFS_MKFS_OPTIONS_INIT;

	mkfs.agcount = agcount;
	mkfs.sunit = sunit;
	mkfs.swidth = 4 * sunit;
	memset(fs, 0, sizeof(*fs));
	test_fs_make(fs, bytes, &mkfs);
}

static struct xfs_file *open_nth(struct test_fs *fs, uint32_t i)
{
	struct xfs_file *file;
	char name[32];

	snprintf(name, sizeof(name), "/f%" PRIu32, i);
	TEST_OK(xfs_open(fs->mp, name, O_RDWR | O_CREAT, 0644, &file));
	return file;
}

static uint64_t nr_extents(struct test_fs *fs, uint32_t i, uint64_t *start, uint64_t *end)
{
	struct xfs_extent extents[64] = { XFS_EXTENT_INIT };
	struct xfs_file *file = open_nth(fs, i);
	size_t count;

	TEST_OK(xfs_extents(file, 0, extents, 64, &count));
	TEST_OK(xfs_close(file));
	assert_true(count > 0);
	*start = extents[0].device_offset;
	*end = extents[count - 1].device_offset + extents[count - 1].length;
	return count;
}

static void check_contents(struct test_fs *fs, uint32_t i)
{
	static uint8_t found[PIECE];
	struct xfs_file *file = open_nth(fs, i);

	for (uint64_t pos = 0; pos < FILE_BYTES; pos += PIECE) {
		fill_piece(i, pos);
		assert_int_equal(xfs_pread(file, found, PIECE, pos), PIECE);
		assert_memory_equal(found, piece, PIECE);
	}
	TEST_OK(xfs_close(file));
}

/* @nr files in turns; each has @most extents. */
static void turns(uint64_t sunit, uint32_t nr, uint64_t most)
{
	struct xfs_file *files[NR_FILES];
	struct test_fs fs;
	uint64_t start, end;

	make(&fs, 1ull << 30, 2, sunit);
	for (uint32_t i = 0; i < nr; i++)
		files[i] = open_nth(&fs, i);
	for (uint64_t pos = 0; pos < FILE_BYTES; pos += PIECE) {
		for (uint32_t i = 0; i < nr; i++) {
			fill_piece(i, pos);
			TEST_IS(xfs_pwrite(files[i], piece, PIECE, pos), PIECE);
		}
	}
	for (uint32_t i = 0; i < nr; i++)
		TEST_OK(xfs_close(files[i]));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	for (uint32_t i = 0; i < nr; i++) {
		assert_in_range(nr_extents(&fs, i, &start, &end), 1, most);
		check_contents(&fs, i);
	}
	test_fs_end(&fs);
}

static void test_files_in_turns_are_each_in_one_piece(void **state)
{
	(void)state;
	turns(0, NR_FILES, 1);
	turns(0, 2, 1);
}

static void test_the_same_on_stripes(void **state)
{
	(void)state;
	turns(64 << 10, NR_FILES, 2);
}

/* Others wait to be written, too, but nobody writes to them any more. */
static void test_files_one_after_another_lie_side_by_side(void **state)
{
	uint64_t start, end, last = 0;
	struct test_fs fs;

	(void)state;
	make(&fs, 1ull << 30, 2, 0);
	for (uint32_t i = 0; i < NR_FILES; i++) {
		/* Of all sizes. */
		uint64_t bytes = FILE_BYTES >> (i % 4 * 2);
		struct xfs_file *file = open_nth(&fs, i);

		for (uint64_t pos = 0; pos < bytes; pos += PIECE)
			TEST_IS(xfs_pwrite(file, piece, PIECE, pos), PIECE);
		TEST_OK(xfs_close(file));
	}
	TEST_OK(xfs_sync(fs.mp));
	for (uint32_t i = 0; i < NR_FILES; i++) {
		assert_int_equal(nr_extents(&fs, i, &start, &end), 1);
		if (i)
			assert_int_equal(start, last);
		last = end;
	}
	test_fs_end(&fs);
}

static void test_space_runs_out_as_late(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	struct xfs_file *files[NR_FILES];
	uint64_t written = 0, pos = 0;
	int64_t n = PIECE;
	struct test_fs fs;

	(void)state;
	make(&fs, 128ull << 20, 2, 0);
	for (uint32_t i = 0; i < NR_FILES; i++)
		files[i] = open_nth(&fs, i);
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &before));
	for (; n == PIECE; pos += PIECE) {
		for (uint32_t i = 0; i < NR_FILES && n == PIECE; i++) {
			n = xfs_pwrite(files[i], piece, PIECE, pos);
			if (n > 0)
				written += (uint64_t)n;
		}
	}
	if (n < 0)
		assert_int_equal(n, -ENOSPC);
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &after));
	assert_true(written >= before.blocks_free * before.block_size / 100 * 99);
	for (uint32_t i = 0; i < NR_FILES; i++)
		TEST_OK(xfs_close(files[i]));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_in_turns_are_each_in_one_piece),
		cmocka_unit_test(test_the_same_on_stripes),
		cmocka_unit_test(test_files_one_after_another_lie_side_by_side),
		cmocka_unit_test(test_space_runs_out_as_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
