/* SPDX-License-Identifier: MIT */
/*
 * Goal: files share blocks, each goes on having contents of its own, and what cannot be shared
 *       is refused as the system calls refuse it.
 * Method: public calls on a volume in memory, against arrays of bytes; at the end of each test
 *       the checker looks at the volume, and after all files are gone as much is free as before.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/reflink.h>
#include "ag/ag_priv.h"
#include "ag/refcount.h"
#include "api/api_priv.h"
#include "file/reflink.h"
#include "reclaim/reclaim.h"
#include "support/test_fs.h"

#define B	4096u
#define MAXBYTES	0x7fffffffffffffffull

static struct test_fs fs;
static uint8_t want[1u << 20], got[1u << 20];

static struct xfs_file *open_file(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0644, &file));
	return file;
}

/* A new file of @size bytes that differ from block to block. */
static struct xfs_file *make_file(const char *path, size_t size, uint8_t seed)
{
	struct xfs_file *file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);

	for (size_t i = 0; i < size; i++)
		want[i] = (uint8_t)(seed + i / B * 7 + i % 251);
	if (size)
		assert_int_equal(xfs_pwrite(file, want, size, 0), size);
	return file;
}

static uint64_t size_of(struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(file, &st));
	return st.size_bytes;
}

/* Blocks that are mapped. */
static uint64_t blocks_of(struct xfs_file *file)
{
	struct xfs_extent extents[64] = { XFS_EXTENT_INIT };
	uint64_t blocks = 0;
	size_t n;

	TEST_OK(xfs_extents(file, 0, extents, ARRAY_SIZE(extents), &n));
	for (size_t i = 0; i < n; i++)
		blocks += extents[i].length / B;
	return blocks;
}

static void expect(struct xfs_file *file, const uint8_t *bytes, size_t size)
{
	assert_int_equal(size_of(file), size);
	assert_int_equal(xfs_pread(file, got, sizeof(got), 0), size);
	assert_memory_equal(got, bytes, size);
}

/* Blocks of the file that it shares. */
static uint64_t shared_blocks(struct xfs_file *file)
{
	struct xfs_extent extents[64] = { XFS_EXTENT_INIT };
	uint64_t blocks = 0;
	size_t n;

	TEST_OK(xfs_extents(file, 0, extents, ARRAY_SIZE(extents), &n));
	for (size_t i = 0; i < n; i++)
		blocks += extents[i].shared ? extents[i].length / B : 0;
	return blocks;
}

static bool has_flag(struct xfs_file *file)
{
	return xfs_inode_diflags2(file->f_inode) & XFS_DIFLAG2_REFLINK;
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

static uint64_t free_before;

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	free_before = free_blocks();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static void close_all(struct xfs_file **files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TEST_OK(xfs_close(files[i]));
}

static void test_a_clone_shares_and_each_is_written_apart(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 40 * B + 100, 1), open_file("/b", O_RDWR | O_CREAT) };

	(void)state;
	/* Nothing of it is on the device yet. */
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	expect(f[0], want, 40 * B + 100);
	expect(f[1], want, 40 * B + 100);
	assert_int_equal(shared_blocks(f[0]), 41);
	assert_int_equal(shared_blocks(f[1]), 41);
	assert_int_equal(blocks_of(f[1]), 41);
	assert_true(has_flag(f[0]) && has_flag(f[1]));
	assert_int_equal(free_blocks(), free_before - 41);

	/* In the middle of blocks, over their borders, behind the end. */
	assert_int_equal(xfs_pwrite(f[1], "xyz", 3, 5 * B - 1), 3);
	expect(f[0], want, 40 * B + 100);
	TEST_OK(xfs_fsync(f[1]));
	expect(f[0], want, 40 * B + 100);
	assert_int_equal(shared_blocks(f[0]), 39);
	assert_int_equal(xfs_pwrite(f[0], "0123", 4, 40 * B + 50), 4);
	assert_int_equal(xfs_pwrite(f[0], "tail", 4, 41 * B), 4);
	TEST_OK(xfs_fsync(f[0]));
	memcpy(want + 5 * B - 1, "xyz", 3);
	expect(f[1], want, 40 * B + 100);
	assert_int_equal(shared_blocks(f[1]), 38);
	close_all(f, 2);
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	f[1] = open_file("/b", O_RDONLY);
	assert_int_equal(shared_blocks(f[1]), 0);
	expect(f[1], want, 40 * B + 100);
	TEST_OK(xfs_close(f[1]));
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	assert_int_equal(free_blocks(), free_before);
}

static void test_a_range_replaces_what_was_there(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 64 * B, 1), NULL };
	static uint8_t a[1u << 20], b[1u << 20];

	(void)state;
	memcpy(a, want, 64 * B);
	f[1] = make_file("/b", 64 * B, 77);
	memcpy(b, want, 64 * B);
	TEST_OK(xfs_clone_range(f[0], 8 * B, f[1], 16 * B, 4 * B));
	memcpy(b + 16 * B, a + 8 * B, 4 * B);
	expect(f[1], b, 64 * B);
	/* Again, which changes nothing; then over its border. */
	TEST_OK(xfs_clone_range(f[0], 8 * B, f[1], 16 * B, 4 * B));
	assert_int_equal(shared_blocks(f[1]), 4);
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 14 * B, 4 * B));
	memcpy(b + 14 * B, a, 4 * B);
	expect(f[1], b, 64 * B);
	assert_int_equal(shared_blocks(f[1]), 6);
	/* Behind the end, with a gap. */
	TEST_OK(xfs_clone_range(f[0], 60 * B, f[1], 80 * B, 0));
	memcpy(b + 80 * B, a + 60 * B, 4 * B);
	expect(f[1], b, 84 * B);
	/* What is dirty there is not written over it. */
	memset(want, 9, 10 * B);
	assert_int_equal(xfs_pwrite(f[1], want, 10 * B, 30 * B), 10 * B);
	TEST_OK(xfs_clone_range(f[0], 32 * B, f[1], 32 * B, 6 * B));
	memcpy(b + 30 * B, want, 10 * B);
	memcpy(b + 32 * B, a + 32 * B, 6 * B);
	expect(f[1], b, 84 * B);
	TEST_OK(xfs_fsync(f[1]));
	expect(f[1], b, 84 * B);
	expect(f[0], a, 64 * B);
	close_all(f, 2);
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	assert_int_equal(free_blocks(), free_before);
}

static void test_inside_one_file(void **state)
{
	struct xfs_file *f = make_file("/a", 64 * B, 1);
	static uint8_t a[1u << 20];

	(void)state;
	memcpy(a, want, 64 * B);
	TEST_OK(xfs_clone_range(f, 0, f, 32 * B, 16 * B));
	memcpy(a + 32 * B, a, 16 * B);
	TEST_OK(xfs_clone_range(f, 0, f, 64 * B, 16 * B));
	memcpy(a + 64 * B, a, 16 * B);
	TEST_OK(xfs_clone_range(f, 32 * B, f, 100 * B, 4 * B));
	memcpy(a + 100 * B, a, 4 * B);
	expect(f, a, 104 * B);
	assert_int_equal(shared_blocks(f), 16 * 3 + 4);
	assert_int_equal(xfs_pwrite(f, "new", 3, B), 3);
	memcpy(a + B, "new", 3);
	expect(f, a, 104 * B);
	TEST_OK(xfs_fsync(f));
	expect(f, a, 104 * B);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	assert_int_equal(free_blocks(), free_before);
}

static void test_holes_stay_holes(void **state)
{
	struct xfs_file *f[2] = { open_file("/a", O_RDWR | O_CREAT), make_file("/b", 64 * B, 3) };
	static uint8_t b[1u << 20];

	(void)state;
	memcpy(b, want, 64 * B);
	assert_int_equal(xfs_pwrite(f[0], "one", 3, 10 * B), 3);
	assert_int_equal(xfs_pwrite(f[0], "two", 3, 20 * B), 3);
	TEST_OK(xfs_ftruncate(f[0], 40 * B));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	memset(b, 0, 40 * B);
	memcpy(b + 10 * B, "one", 3);
	memcpy(b + 20 * B, "two", 3);
	expect(f[1], b, 64 * B);
	assert_int_equal(blocks_of(f[1]), 2 + 24);
	/* A file of holes only, past the end. */
	TEST_OK(xfs_clone_range(f[0], 30 * B, f[1], 70 * B, 10 * B));
	expect(f[1], b, 80 * B);
	assert_int_equal(blocks_of(f[1]), 2 + 24);
	close_all(f, 2);
}

static void test_bytes_behind_the_old_end_are_zeros(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 4 * B, 1), make_file("/b", 10000, 50) };
	static uint8_t b[1u << 20];

	(void)state;
	memset(b, 0, sizeof(b));
	memcpy(b, want, 10000);
	TEST_OK(xfs_fsync(f[1]));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 8 * B, 0));
	for (size_t i = 0; i < 4 * B; i++)
		b[8 * B + i] = (uint8_t)(1 + i / B * 7 + i % 251);
	expect(f[1], b, 12 * B);
	TEST_OK(xfs_fsync(f[1]));
	close_all(f, 2);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	f[1] = open_file("/b", O_RDONLY);
	expect(f[1], b, 12 * B);
	TEST_OK(xfs_close(f[1]));
}

/* What is reserved for copying reaches past the end, over preallocation; then the file grows. */
static void test_growing_over_a_window(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 64 * B, 1), open_file("/b", O_RDWR | O_CREAT) };

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 64 * B, 4 * B));
	assert_int_equal(xfs_pwrite(f[1], want, B, 68 * B), B);
	assert_int_equal(xfs_pwrite(f[1], "own", 3, 66 * B), 3);
	TEST_OK(xfs_ftruncate(f[1], 1000 * B));
	TEST_OK(xfs_fsync(f[1]));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_blockgc_free_space(fs.mp, NULL));
	assert_int_equal(fs.mp->m_delalloc_blocks, 0);
	close_all(f, 2);
}

static void test_an_end_inside_a_block(void **state)
{
	struct xfs_file *f[3] = { make_file("/a", 10000, 1), make_file("/b", 65536, 9),
				  open_file("/c", O_RDWR | O_CREAT) };

	(void)state;
	/* Of the source only at its end, and only where the destination ends, too. */
	assert_int_equal(xfs_clone_range(f[0], 0, f[1], 0, 10000), -EINVAL);
	assert_int_equal(xfs_clone_range(f[0], 0, f[1], 0, 0), -EINVAL);
	assert_int_equal(xfs_clone_range(f[0], 0, f[1], 0, 5000), -EINVAL);
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 65536, 10000));
	assert_int_equal(size_of(f[1]), 75536);
	TEST_OK(xfs_clone_range(f[0], 2 * B, f[2], 0, 10000 - 2 * B));
	assert_int_equal(size_of(f[2]), 10000 - 2 * B);
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 65536, 2 * B));
	/* What is written behind such an end is this file's alone. */
	assert_int_equal(xfs_pwrite(f[2], "more", 4, 3000), 4);
	TEST_OK(xfs_fsync(f[2]));
	assert_int_equal(xfs_pread(f[2], got, B, 0), 3004);
	for (size_t i = 10000 - 2 * B; i < 3000; i++)
		assert_int_equal(got[i], 0);
	close_all(f, 3);
}

static void test_what_is_refused(void **state)
{
	struct xfs_file *a = make_file("/a", 8 * B, 1), *b = make_file("/b", 8 * B, 2);
	struct xfs_file *rd = open_file("/b", O_RDONLY), *wr = open_file("/a", O_WRONLY);
	struct xfs_file *ap = open_file("/b", O_RDWR | O_APPEND), *path = open_file("/b", O_PATH);
	struct xfs_file *dir = open_file("/", O_RDONLY), *fifo;
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct test_fs other;
	struct xfs_file *far;

	(void)state;
	assert_int_equal(xfs_clone_range(NULL, 0, b, 0, 0), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, NULL, 0, 0), -EINVAL);
	test_fs_make(&other, 64u << 20, NULL);
	TEST_OK(xfs_open(other.mp, "/f", O_RDWR | O_CREAT, 0644, &far));
	assert_int_equal(xfs_clone_range(a, 0, far, 0, 0), -EXDEV);
	assert_int_equal(xfs_clone_range(far, 0, b, 0, 0), -EXDEV);
	TEST_OK(xfs_close(far));
	test_fs_end(&other);
	assert_int_equal(xfs_clone_range(dir, 0, b, 0, 0), -EISDIR);
	assert_int_equal(xfs_clone_range(a, 0, dir, 0, 0), -EISDIR);
	assert_int_equal(xfs_clone_range(wr, 0, b, 0, 0), -EBADF);
	assert_int_equal(xfs_clone_range(a, 0, rd, 0, 0), -EBADF);
	assert_int_equal(xfs_clone_range(a, 0, ap, 0, 0), -EBADF);
	assert_int_equal(xfs_clone_range(a, 0, path, 0, 0), -EBADF);
	assert_int_equal(xfs_clone_range(path, 0, b, 0, 0), -EBADF);
	TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0600, 0, 0));
	fifo = open_file("/fifo", O_PATH);
	assert_int_equal(xfs_clone_range(fifo, 0, b, 0, 0), -EBADF);
	TEST_OK(xfs_close(fifo));

	assert_int_equal(xfs_clone_range(a, 100, b, 0, B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, 100, B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, 0, 100), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 9 * B, b, 0, 0), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, 0, 9 * B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, MAXBYTES + 1 - B, B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, MAXBYTES + 1, B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, MAXBYTES + 1, b, 0, 0), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, b, 0, UINT64_MAX), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, a, 0, B), -EINVAL);
	assert_int_equal(xfs_clone_range(a, 0, a, B, 2 * B), -EINVAL);
	/* At its end there is nothing, which can be had. */
	TEST_OK(xfs_clone_range(a, 8 * B, b, 1u << 20, 0));
	assert_int_equal(size_of(b), 8 * B);
	assert_int_equal(shared_blocks(b), 0);
	assert_false(has_flag(a) || has_flag(b));

	iattr.valid = XFS_ATTR_XFLAGS;
	iattr.xflags = XFS_XFLAG_IMMUTABLE;
	TEST_OK(xfs_fsetattr(b, &iattr));
	assert_int_equal(xfs_clone_range(a, 0, b, 0, 0), -EPERM);
	assert_int_equal(xfs_clone_range(a, 1, b, 0, 0), -EPERM);
	TEST_OK(xfs_clone_range(rd, 0, a, 0, 0));
	iattr.xflags = 0;
	TEST_OK(xfs_fsetattr(b, &iattr));
	close_all((struct xfs_file *[]){ a, b, rd, wr, ap, path, dir }, 7);
}

/* What a kernel (6.18) answers on a file system without reflink. */
static void test_what_dedupes_are_told_without_reflink(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .reflink = XFS_MKFS_OFF, .profile = XFS_MKFS_PROFILE_6_1,
	};
	struct xfs_file *f[2];

	(void)state;
	test_fs_destroy(&fs);
	test_fs_make(&fs, 64u << 20, &mkfs);
	f[0] = make_file("/a", 50000, 1);
	f[1] = make_file("/b", 40000, 1);
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 0, B), -EOPNOTSUPP);
	assert_int_equal(xfs_dedupe_range(f[0], 12 * B, f[1], 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(f[0], 60000, f[1], 0, 100), -EINVAL);
	assert_int_equal(xfs_dedupe_range(f[0], 100, f[1], 0, B), -EOPNOTSUPP);
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 100, B), -EOPNOTSUPP);
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 10 * B, B), -EOPNOTSUPP);
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 0, 1ull << 50), -EINVAL);
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 0, 0), 0);
	assert_int_equal(xfs_dedupe_range(f[0], 1, f[1], 1, 0), 0);
	assert_int_equal(xfs_clone_range(f[0], 60000, f[1], 0, 100), -EOPNOTSUPP);
	close_all(f, 2);
}

static void test_the_same_bytes_are_stored_once(void **state)
{
	struct xfs_file *f[3] = { make_file("/a", 10 * B + 100, 1), make_file("/b", 10 * B + 100, 1),
				  make_file("/c", 20 * B, 1) };
	uint64_t used = free_before - free_blocks();

	(void)state;
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[1], 0, 0), 0);
	TEST_IS(xfs_dedupe_range(f[0], 0, f[1], 0, 10 * B + 100), 10 * B + 100);
	assert_int_equal(shared_blocks(f[1]), 11);
	assert_int_equal(free_before - free_blocks(), used - 11);
	/* An end inside a block, where the destination goes on: whole blocks only. */
	assert_int_equal(xfs_dedupe_range(f[0], 0, f[2], 0, 10 * B + 100), 10 * B + 100);
	assert_int_equal(shared_blocks(f[2]), 10);
	expect(f[2], want, 20 * B);
	/* Different bytes, also behind the last whole block. */
	assert_int_equal(xfs_pwrite(f[2], "!", 1, 15 * B), 1);
	assert_int_equal(xfs_dedupe_range(f[2], 15 * B, f[0], 3 * B, B), -EBADE);
	assert_int_equal(xfs_pwrite(f[1], "!", 1, 10 * B + 50), 1);
	assert_int_equal(xfs_dedupe_range(f[1], 0, f[2], 0, 10 * B + 100), -EBADE);
	/* Holes and zeros are the same. */
	memset(want, 0, 8 * B);
	assert_int_equal(xfs_pwrite(f[0], want, 4 * B, 0), 4 * B);
	TEST_OK(xfs_ftruncate(f[1], 0));
	TEST_OK(xfs_ftruncate(f[1], 4 * B));
	assert_int_equal(xfs_dedupe_range(f[1], 0, f[0], 0, 4 * B), 4 * B);
	assert_int_equal(blocks_of(f[0]), 7);
	assert_int_equal(xfs_pread(f[0], got, 4 * B, 0), 4 * B);
	assert_memory_equal(got, want, 4 * B);
	close_all(f, 3);
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	TEST_OK(xfs_unlink(fs.mp, "/c"));
	assert_int_equal(free_blocks(), free_before);
}

static void test_what_is_not_deduped(void **state)
{
	struct xfs_file *a = make_file("/a", 8 * B, 1), *b = make_file("/b", 8 * B, 1);
	struct xfs_file *rd = open_file("/b", O_RDONLY), *wr = open_file("/a", O_WRONLY);
	struct xfs_file *dir = open_file("/", O_RDONLY), *path = open_file("/b", O_PATH);
	struct xfs_stat before = XFS_STAT_INIT, after = XFS_STAT_INIT;

	(void)state;
	assert_int_equal(xfs_dedupe_range(NULL, 0, b, 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 10, b, 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 0, b, 10, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 8 * B, b, 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 0, b, 8 * B, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 0, b, 4 * B, 5 * B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 0, b, 0, UINT64_MAX), -EINVAL);
	assert_int_equal(xfs_dedupe_range(a, 0, a, 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(wr, 0, b, 0, B), -EINVAL);
	assert_int_equal(xfs_dedupe_range(dir, 0, b, 0, B), -EISDIR);
	assert_int_equal(xfs_dedupe_range(a, 0, dir, 0, B), -EISDIR);
	assert_int_equal(xfs_dedupe_range(a, 0, path, 0, B), -EBADF);
	assert_int_equal(shared_blocks(b), 0);
	/* A handle for reading will do, and no time changes. */
	TEST_OK(xfs_fgetattr(b, &before));
	assert_int_equal(xfs_dedupe_range(a, 0, rd, 0, 8 * B), 8 * B);
	TEST_OK(xfs_fgetattr(b, &after));
	assert_memory_equal(&before.mtime, &after.mtime, sizeof(before.mtime));
	assert_memory_equal(&before.ctime, &after.ctime, sizeof(before.ctime));
	assert_int_equal(shared_blocks(b), 8);
	close_all((struct xfs_file *[]){ a, b, rd, wr, dir, path }, 6);
}

static void test_a_copy_shares_what_it_can(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 10 * B + 100, 1), open_file("/b", O_RDWR | O_CREAT) };
	static uint8_t b[1u << 20];

	(void)state;
	memset(b, 0, sizeof(b));
	assert_int_equal(xfs_copy_range(f[0], 0, f[1], 0, UINT64_MAX), 10 * B + 100);
	memcpy(b, want, 10 * B + 100);
	expect(f[1], b, 10 * B + 100);
	assert_int_equal(shared_blocks(f[1]), 11);
	/* Head and tail through memory, whole blocks between them shared; the old end is written to. */
	assert_int_equal(xfs_copy_range(f[0], 100, f[1], 20 * B + 100, 5 * B), 5 * B);
	memcpy(b + 20 * B + 100, want + 100, 5 * B);
	expect(f[1], b, 25 * B + 100);
	assert_int_equal(shared_blocks(f[1]), 10 + 4);
	/* Nothing can be shared. */
	assert_int_equal(xfs_copy_range(f[0], 1, f[1], 40 * B, 3 * B), 3 * B);
	memcpy(b + 40 * B, want + 1, 3 * B);
	expect(f[1], b, 43 * B);
	assert_int_equal(shared_blocks(f[1]), 10 + 4);
	/* Inside one file, and the ends of it. */
	assert_int_equal(xfs_copy_range(f[1], 0, f[1], 100, 101), -EINVAL);
	assert_int_equal(xfs_copy_range(f[1], 0, f[1], 101, 101), 101);
	memcpy(b + 101, b, 101);
	expect(f[1], b, 43 * B);
	assert_int_equal(xfs_copy_range(f[0], 10 * B + 100, f[1], 0, 10), 0);
	assert_int_equal(xfs_copy_range(f[0], 0, f[1], 0, 0), 0);
	assert_int_equal(xfs_copy_range(f[0], 0, f[1], MAXBYTES, 10), -EFBIG);
	assert_int_equal(xfs_copy_range(f[0], 0, f[1], MAXBYTES - 9, 100), 9);
	assert_int_equal(size_of(f[1]), MAXBYTES);
	close_all(f, 2);
}

static void test_unsharing(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 40 * B + 100, 1), open_file("/b", O_RDWR | O_CREAT) };
	struct xfs_inode *ip = f[1]->f_inode;

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	/* Half of it, from inside of one block to inside of another. */
	xfs_rwlock_excl(&ip->i_iolock);
	TEST_OK(xfs_file_unshare(ip, 5 * B + 7, 10 * B));
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	assert_int_equal(shared_blocks(f[1]), 41 - 11);
	assert_true(has_flag(f[1]));
	expect(f[1], want, 40 * B + 100);
	/* All of it. */
	xfs_rwlock_excl(&ip->i_iolock);
	TEST_OK(xfs_file_unshare(ip, 0, UINT64_MAX));
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	assert_int_equal(shared_blocks(f[1]), 0);
	assert_false(has_flag(f[1]));
	assert_int_equal(blocks_of(f[1]), 41);
	expect(f[1], want, 40 * B + 100);
	expect(f[0], want, 40 * B + 100);
	assert_int_equal(free_blocks(), free_before - 82);
	close_all(f, 2);
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	assert_int_equal(free_blocks(), free_before);
}

static uint64_t extents_of(struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(file, &st));
	return st.nextents;
}

/*
 * Every block of a clone is written and made stable by itself, in an order in which neighbours come long
 * after each other: each gets its place next to what was allocated for its neighbourhood.
 */
static void test_blocks_written_at_random_do_not_fragment_a_clone(void **state)
{
	enum { BLOCKS = 192 };
	struct xfs_file *f[2] = { make_file("/a", BLOCKS * B, 1), open_file("/b", O_RDWR | O_CREAT) };
	static uint8_t b[BLOCKS * B];
	char byte = 'x';

	(void)state;
	memcpy(b, want, sizeof(b));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	for (uint32_t i = 0, at = 0; i < BLOCKS; i++, at = (at + 67) % BLOCKS) {
		assert_int_equal(xfs_pwrite(f[1], &byte, 1, (uint64_t)at * B + i), 1);
		b[at * B + i] = (uint8_t)byte;
		TEST_OK(xfs_fsync(f[1]));
		/* What is kept for the rest is nobody's yet. */
		if (i == 50)
			assert_true(free_before - free_blocks() > BLOCKS + 51);
	}
	assert_true(extents_of(f[1]) <= BLOCKS / 32 + 1);
	expect(f[1], b, sizeof(b));
	expect(f[0], want, sizeof(b));
	assert_int_equal(shared_blocks(f[0]), 0);
	assert_int_equal(free_blocks(), free_before - 2 * BLOCKS);
	close_all(f, 2);
}

/* What was allocated around is given back: at close, and for a file that was closed before, too. */
static void test_what_is_left_of_copying_is_given_back(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 64 * B, 1), open_file("/b", O_RDWR | O_CREAT) };

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	assert_int_equal(xfs_pwrite(f[1], "x", 1, 5 * B), 1);
	TEST_OK(xfs_fsync(f[1]));
	assert_true(free_before - free_blocks() > 65);
	TEST_OK(xfs_close(f[1]));
	assert_int_equal(free_blocks(), free_before - 65);
	f[1] = open_file("/b", O_RDWR);
	assert_int_equal(xfs_pwrite(f[1], "x", 1, 40 * B), 1);
	TEST_OK(xfs_close(f[1]));
	assert_int_equal(free_blocks(), free_before - 66);
	/* A file that is cut to nothing, and one that is removed, while it is open. */
	f[1] = open_file("/b", O_RDWR);
	assert_int_equal(xfs_pwrite(f[1], "x", 1, 50 * B), 1);
	TEST_OK(xfs_fsync(f[1]));
	TEST_OK(xfs_ftruncate(f[1], 0));
	assert_int_equal(free_blocks(), free_before - 64);
	assert_false(has_flag(f[1]));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	assert_int_equal(xfs_pwrite(f[1], "x", 1, 50 * B), 1);
	TEST_OK(xfs_fsync(f[1]));
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	TEST_OK(xfs_close(f[1]));
	assert_int_equal(free_blocks(), free_before - 64);
	TEST_OK(xfs_close(f[0]));
}

/* One write over many extents: their records are replaced in several transactions. */
static void test_a_large_write_over_a_fragmented_clone(void **state)
{
	enum { EXTENTS = 300 };
	struct xfs_file *f[2] = { open_file("/a", O_RDWR | O_CREAT), open_file("/b", O_RDWR | O_CREAT) };
	char *mem = calloc(2 * EXTENTS, B), *back = malloc(2 * EXTENTS * B);

	(void)state;
	for (uint32_t i = 0; i < EXTENTS; i++)
		assert_int_equal(xfs_pwrite(f[0], "old", 3, (uint64_t)i * 2 * B), 3);
	TEST_OK(xfs_ftruncate(f[0], 2 * EXTENTS * B));
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	assert_int_equal(extents_of(f[1]), EXTENTS);
	for (uint32_t i = 0; i < 2 * EXTENTS * B; i++)
		mem[i] = (char)(i / 7);
	assert_int_equal(xfs_pwrite(f[1], mem, 2 * EXTENTS * B, 0), 2 * EXTENTS * B);
	TEST_OK(xfs_fsync(f[1]));
	assert_int_equal(xfs_pread(f[1], back, 2 * EXTENTS * B, 0), 2 * EXTENTS * B);
	assert_memory_equal(mem, back, 2 * EXTENTS * B);
	assert_int_equal(shared_blocks(f[0]), 0);
	assert_int_equal(xfs_trans_overdrafts(), 0);
	close_all(f, 2);
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	assert_int_equal(free_blocks(), free_before);
	free(mem);
	free(back);
}

static void test_a_reader_is_told_what_is_shared(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 10 * B, 1), open_file("/b", O_RDWR | O_CREAT) };

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 4 * B));
	close_all(f, 2);
	test_fs_close_and_check(&fs);
	fs.opts.flags |= XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	f[0] = open_file("/a", O_RDONLY);
	assert_int_equal(shared_blocks(f[0]), 4);
	expect(f[0], want, 10 * B);
	TEST_OK(xfs_close(f[0]));
}

/* The record of block @agbno of AG 0, which is alone in it, says that it has @owners. */
static void set_owners(xfs_agblock_t agbno, uint32_t owners)
{
	struct xfs_refcount_irec irec = { agbno, 1, owners, XFS_REFC_DOMAIN_SHARED };
	struct xfs_btree_target target = xfs_refcount_target(XFS_REFC_DOMAIN_SHARED, agbno);
	struct xfs_perag *pag = xfs_perag_get(fs.mp, 0);
	struct xfs_refcount_rec rec;
	struct xfs_btree_cur cur;
	struct xfs_trans *tp;
	bool found;

	xfs_refcount_rec_pack(&irec, &rec);
	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_MAP, 0, 0, &tp));
	xfs_mutex_lock(&pag->pag_lock);
	xfs_refcountbt_init_cursor(&cur, tp, pag);
	TEST_OK(xfs_btree_lookup_eq(&cur, &target, &found));
	assert_true(found);
	TEST_OK(xfs_btree_update(&cur, &rec));
	xfs_btree_del_cursor(&cur);
	xfs_mutex_unlock(&pag->pag_lock);
	TEST_OK(xfs_trans_commit(tp));
}

static void change_owners(xfs_agblock_t agbno, bool up)
{
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_MAP, 0, 0, &tp));
	TEST_OK(up ? xfs_refcount_increase(tp, agbno, 1) : xfs_refcount_decrease(tp, agbno, 1));
	TEST_OK(xfs_trans_commit(tp));
}

/* As if 2^32-2 files had the first block: one more is refused, and nothing is changed. */
static void test_one_owner_too_many(void **state)
{
	struct xfs_file *f[3] = { make_file("/a", 4 * B, 1), open_file("/b", O_RDWR | O_CREAT),
				  open_file("/c", O_RDWR | O_CREAT) };
	struct xfs_extent extent = XFS_EXTENT_INIT;
	xfs_agblock_t third;
	size_t n;

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[1], 0, 0));
	TEST_OK(xfs_extents(f[0], 0, &extent, 1, &n));
	third = (xfs_agblock_t)(extent.device_offset / B) + 2;
	assert_true(third < fs.mp->m_geo.agblocks);
	change_owners(third, true);
	set_owners(third, UINT32_MAX - 1);
	assert_int_equal(xfs_clone_range(f[0], 0, f[2], 0, 0), -EMLINK);
	assert_int_equal(size_of(f[2]), 0);
	assert_int_equal(blocks_of(f[2]), 0);
	assert_int_equal(xfs_dedupe_range(f[0], 2 * B, f[1], 3 * B, B), -EBADE);
	/* What does not need that block can be had, and copied it can be. */
	TEST_OK(xfs_clone_range(f[0], 0, f[2], 0, 2 * B));
	assert_int_equal(xfs_copy_range(f[0], 0, f[2], 0, 4 * B), 4 * B);
	expect(f[2], want, 4 * B);
	set_owners(third, 3);
	change_owners(third, false);
	close_all(f, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
		T(test_a_clone_shares_and_each_is_written_apart),
		T(test_a_range_replaces_what_was_there),
		T(test_inside_one_file),
		T(test_holes_stay_holes),
		T(test_bytes_behind_the_old_end_are_zeros),
		T(test_growing_over_a_window),
		T(test_an_end_inside_a_block),
		T(test_what_is_refused),
		T(test_what_dedupes_are_told_without_reflink),
		T(test_the_same_bytes_are_stored_once),
		T(test_what_is_not_deduped),
		T(test_a_copy_shares_what_it_can),
		T(test_unsharing),
		T(test_blocks_written_at_random_do_not_fragment_a_clone),
		T(test_what_is_left_of_copying_is_given_back),
		T(test_a_large_write_over_a_fragmented_clone),
		T(test_a_reader_is_told_what_is_shared),
		T(test_one_owner_too_many),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
