/* SPDX-License-Identifier: MIT */
/*
 * Goal: each mode of fallocate(2) leaves the blocks, the bytes, the size and the flags that the
 *       system call leaves, and refuses what that refuses.
 * Method: the table of errors was taken from a kernel (6.18) with the same calls; maps are looked
 *       at through xfs_extents(), what is stable through a second mount.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/stats.h>
#include <xfswrite/reflink.h>
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_fs.h"

#define MAXBYTES	0x7fffffffffffffffull
#define KEEP		XFS_FALLOC_KEEP_SIZE
#define PUNCH		(XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE)
#define ZERO		XFS_FALLOC_ZERO_RANGE
#define COLLAPSE	XFS_FALLOC_COLLAPSE_RANGE
#define INSERT		XFS_FALLOC_INSERT_RANGE
#define UNSHARE		XFS_FALLOC_UNSHARE_RANGE

static struct test_fs fs;
static char buf[4u << 20], back[4u << 20], want[4u << 20], origin[4u << 20];

static void make(uint32_t blocksize)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = blocksize };

	test_fs_make(&fs, blocksize > 4096 ? 512u << 20 : 128u << 20, &mkfs);
}

static int set_up(void **state)
{
	(void)state;
	make(4096);
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

static struct xfs_file *new_file(size_t len)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_TRUNC);

	memset(buf, 'x', len);
	assert_int_equal(xfs_pwrite(f, buf, len, 0), (ssize_t)len);
	return f;
}

static struct xfs_stat stat_of(struct xfs_file *f)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(f, &st));
	return st;
}

/* "0-4096w 8192-12288u": where the map has what; d: delayed. */
static void assert_map(struct xfs_file *f, const char *expect)
{
	struct xfs_extent e[32] = { XFS_EXTENT_INIT };
	char text[1024] = "";
	size_t n, at = 0;

	TEST_OK(xfs_extents(f, 0, e, 32, &n));
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu-%llu%c", i ? " " : "",
				       (unsigned long long)e[i].offset,
				       (unsigned long long)(e[i].offset + e[i].length),
				       e[i].delalloc ? 'd' : e[i].unwritten ? 'u' : 'w');
	assert_string_equal(text, expect);
}

static void assert_contents(struct xfs_file *f, size_t len)
{
	assert_int_equal(stat_of(f).size_bytes, len);
	memset(back, 1, len);
	assert_int_equal(xfs_pread(f, back, len, 0), (ssize_t)len);
	assert_memory_equal(back, want, len);
}

/* ---- errors ------------------------------------------------------------------------ */

/* Of a file of 64 KiB, block size 4096. */
static const struct {
	uint64_t off, len;
} ranges[] = {
	{ 0, 4096 }, { 0, 0 }, { ~0ull, 10 }, { 0, ~0ull }, { MAXBYTES, 1 }, { MAXBYTES - 1, 1 },
	{ MAXBYTES - 4095, 4096 }, { MAXBYTES - 4095, 4095 }, { 4096, MAXBYTES }, { 1, 4096 },
	{ 4096, 100 }, { 65536, 4096 }, { 61440, 4096 }, { 69632, 4096 }, { 0, 65536 },
	{ 4096, MAXBYTES - 4095 - 65536 }, { 4096, MAXBYTES + 1 - 65536 },
	{ 4096, MAXBYTES + 1 - 65536 - 4096 },
};

#define I	-EINVAL
#define B	-EFBIG
#define S	-ENOSPC
#define N	-EOPNOTSUPP
static const int alloc_errors[] = { 0, I, I, I, B, 0, B, 0, B, 0, 0, 0, 0, 0, 0, S, S, S };
static const int punch_errors[] = { 0, I, I, I, B, 0, B, 0, B, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const int collapse_errors[] = { 0, I, I, I, B, I, B, I, B, I, I, I, I, I, I, I, I, I };
static const int insert_errors[] = { 0, I, I, I, B, I, B, I, B, I, I, I, 0, I, 0, 0, B, 0 };
static const int no_mode_errors[] = { N, I, I, I, N, N, N, N, N, N, N, N, N, N, N, N, N, N };

static const struct {
	int mode;
	const int *errors;
} modes[] = {
	{ 0, alloc_errors }, { KEEP, alloc_errors }, { PUNCH, punch_errors }, { ZERO, alloc_errors },
	{ ZERO | KEEP, alloc_errors }, { COLLAPSE, collapse_errors }, { INSERT, insert_errors },
	{ UNSHARE, alloc_errors }, { UNSHARE | KEEP, alloc_errors },
	{ XFS_FALLOC_PUNCH_HOLE, no_mode_errors }, { COLLAPSE | KEEP, no_mode_errors },
	{ INSERT | KEEP, no_mode_errors }, { 4, no_mode_errors }, { 0x100, no_mode_errors },
	{ PUNCH | ZERO, no_mode_errors }, { COLLAPSE | INSERT, no_mode_errors },
	{ PUNCH | COLLAPSE, no_mode_errors }, { ZERO | INSERT, no_mode_errors },
	{ PUNCH | UNSHARE, no_mode_errors }, { 1 << 30, no_mode_errors }, { -1, no_mode_errors },
};

static void test_each_mode_refuses_what_the_kernel_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (size_t k = 0; k < sizeof(ranges) / sizeof(ranges[0]); k++) {
			struct xfs_file *f = new_file(65536);
			int error = xfs_fallocate(f, modes[i].mode, ranges[k].off, ranges[k].len);

			if (error != modes[i].errors[k])
				fail_msg("mode %#x, range %zu: %d, not %d", (unsigned int)modes[i].mode, k,
					 error, modes[i].errors[k]);
			TEST_OK(xfs_close(f));
		}
	}
}

static void set_xflags(struct xfs_file *f, uint32_t xflags)
{
	const struct xfs_iattr ia = {
		.size = sizeof(ia), .valid = XFS_ATTR_XFLAGS, .xflags = xflags,
	};

	TEST_OK(xfs_fsetattr(f, &ia));
}

static void test_what_a_handle_may_do(void **state)
{
	static const int all[] = { 0, KEEP, PUNCH, ZERO, COLLAPSE, INSERT, UNSHARE };
	struct xfs_file *w = new_file(65536), *r = open_file("/f", O_RDONLY);
	struct xfs_file *p = open_file("/f", O_PATH), *d = open_file("/", O_RDONLY);

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(xfs_fallocate(r, all[i], 0, 4096), -EBADF);
		assert_int_equal(xfs_fallocate(p, all[i], 0, 4096), -EBADF);
		assert_int_equal(xfs_fallocate(d, all[i], 0, 4096), -EBADF);
		set_xflags(w, XFS_XFLAG_IMMUTABLE);
		assert_int_equal(xfs_fallocate(w, all[i], 0, 4096), -EPERM);
		set_xflags(w, XFS_XFLAG_APPEND);
		assert_int_equal(xfs_fallocate(w, all[i], 0, 4096), i < 2 ? 0 : -EPERM);
		set_xflags(w, 0);
	}
	assert_int_equal(xfs_fallocate(r, 4, 0, 4096), -EOPNOTSUPP);
	assert_int_equal(xfs_fallocate(r, 0, 0, 0), -EINVAL);
	assert_int_equal(xfs_fallocate(p, 4, 0, 0), -EBADF);
	TEST_OK(xfs_close(w));
	TEST_OK(xfs_close(r));
	TEST_OK(xfs_close(p));
	TEST_OK(xfs_close(d));
}

static void test_times_change_before_the_last_checks(void **state)
{
	struct xfs_file *f = new_file(65536);
	struct xfs_stat before = stat_of(f), after;

	(void)state;
	assert_int_equal(xfs_fallocate(f, 0x200, 0, 4096), -EOPNOTSUPP);
	after = stat_of(f);
	assert_memory_equal(&before.mtime, &after.mtime, sizeof(before.mtime));
	assert_int_equal(xfs_fallocate(f, COLLAPSE, 1, 4096), -EINVAL);
	after = stat_of(f);
	assert_memory_not_equal(&before.mtime, &after.mtime, sizeof(before.mtime));
	assert_memory_equal(&after.ctime, &after.mtime, sizeof(before.mtime));
	before = after;
	TEST_OK(xfs_fallocate(f, PUNCH, 1u << 20, 4096));
	after = stat_of(f);
	assert_memory_not_equal(&before.mtime, &after.mtime, sizeof(before.mtime));
	TEST_OK(xfs_close(f));
}

static void test_set_id_bits_go(void **state)
{
	static const int all[] = { 0, KEEP, PUNCH, ZERO, COLLAPSE, INSERT, UNSHARE };

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.unprivileged = true;
	test_fs_open(&fs);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct xfs_file *f = new_file(65536);

		TEST_OK(xfs_chmod(fs.mp, "/f", 06777));
		TEST_OK(xfs_fallocate(f, all[i], 0, 4096));
		assert_int_equal(stat_of(f).mode & 07777, 0777);
		TEST_OK(xfs_close(f));
	}
}

/* ---- space ------------------------------------------------------------------------------ */

static void test_holes_get_unwritten_blocks_and_the_rest_stays(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	memset(want, 0, sizeof(want));
	memset(want + 8192, 'a', 4096);
	assert_int_equal(xfs_pwrite(f, want + 8192, 4096, 8192), 4096);
	TEST_OK(xfs_fsync(f));
	/* Delayed: it becomes unwritten, and written with its data. */
	memset(want + 20480, 'b', 100);
	assert_int_equal(xfs_pwrite(f, want + 20480, 100, 20480), 100);
	TEST_OK(xfs_fallocate(f, KEEP, 100, 40000));
	assert_map(f, "0-8192u 8192-12288w 12288-40960u");
	assert_contents(f, 20580);
	TEST_OK(xfs_fallocate(f, 0, 100, 40000));
	assert_contents(f, 40100);
	assert_true(stat_of(f).xflags & XFS_XFLAG_PREALLOC);
	TEST_OK(xfs_fsync(f));
	assert_map(f, "0-8192u 8192-12288w 12288-20480u 20480-24576w 24576-40960u");
	assert_contents(f, 40100);
	assert_int_equal(stat_of(f).blocks512, 80);
	TEST_OK(xfs_close(f));
}

static void test_blocks_past_the_end_are_kept(void **state)
{
	struct xfs_file *f = new_file(5000);

	(void)state;
	TEST_OK(xfs_fallocate(f, KEEP, 100000, 10));
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	f = open_file("/f", O_RDWR);
	/* Preallocation that nobody asked for is gone, also in front of it. */
	assert_map(f, "0-8192w 98304-102400u");
	assert_int_equal(stat_of(f).size_bytes, 5000);
	TEST_OK(xfs_ftruncate(f, 5000));
	assert_map(f, "0-8192w");
	TEST_OK(xfs_close(f));
}

static void test_the_flag_is_set_where_nothing_is_missing(void **state)
{
	struct xfs_file *f = new_file(8192);

	(void)state;
	TEST_OK(xfs_fsync(f));
	assert_false(stat_of(f).xflags & XFS_XFLAG_PREALLOC);
	TEST_OK(xfs_fallocate(f, 0, 0, 100));
	assert_true(stat_of(f).xflags & XFS_XFLAG_PREALLOC);
	assert_int_equal(stat_of(f).size_bytes, 8192);
	TEST_OK(xfs_close(f));
}

static void test_the_tail_behind_the_end_is_zeroed(void **state)
{
	struct xfs_file *f = new_file(10000);

	(void)state;
	TEST_OK(xfs_fallocate(f, 0, 20000, 1000));
	memset(want, 0, sizeof(want));
	memset(want, 'x', 10000);
	assert_contents(f, 21000);
	TEST_OK(xfs_close(f));
}

/* Each state that blocks can be in when a range in the middle of them goes. */
enum before {
	WRITTEN, CACHED, DELAYED, UNWRITTEN, UNWRITTEN_DIRTY, HOLE, SHARED, SHARED_DIRTY, BEFORE_COUNT
};

static struct xfs_file *file_in_state(enum before before, uint64_t len)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_TRUNC);

	memset(want, 0, len);
	if (before == HOLE) {
		TEST_OK(xfs_ftruncate(f, len));
		return f;
	}
	if (before == UNWRITTEN || before == UNWRITTEN_DIRTY)
		TEST_OK(xfs_fallocate(f, 0, 0, len));
	if (before == UNWRITTEN)
		return f;
	for (uint64_t i = 0; i < len; i++)
		want[i] = (char)('a' + i % 23);
	assert_int_equal(xfs_pwrite(f, want, len, 0), (ssize_t)len);
	if (before == SHARED || before == SHARED_DIRTY) {
		struct xfs_file *g = open_file("/g", O_RDWR | O_CREAT | O_TRUNC);

		TEST_OK(xfs_clone_range(f, 0, g, 0, 0));
		TEST_OK(xfs_close(g));
	}
	memcpy(origin, want, len);
	if (before == SHARED_DIRTY)
		for (uint64_t i = 0; i < len; i += 700)
			assert_int_equal(xfs_pwrite(f, &want[i], 1, i), 1);
	if (before == WRITTEN || before == CACHED)
		TEST_OK(xfs_fsync(f));
	if (before == WRITTEN || before == SHARED)
		xfs_pagecache_shrink(fs.mp, 0);
	return f;
}

/* Who shares blocks with the file has them as they were. */
static void assert_origin(enum before before, uint64_t len)
{
	struct xfs_file *g;

	if (before != SHARED && before != SHARED_DIRTY)
		return;
	g = open_file("/g", O_RDONLY);
	assert_int_equal(xfs_pread(g, back, len, 0), (ssize_t)len);
	assert_memory_equal(back, origin, len);
	TEST_OK(xfs_close(g));
}

static void punch_or_zero(int mode, enum before before, uint64_t off, uint64_t len, uint64_t size)
{
	struct xfs_file *f = file_in_state(before, size);
	uint64_t before_size = size;
	uint64_t end = off + len > size ? size : off + len;

	TEST_OK(xfs_fallocate(f, mode, off, len));
	if (off < end)
		memset(want + off, 0, end - off);
	if (mode == ZERO && off + len > size) {
		memset(want + size, 0, off + len - size);
		size = off + len;
	}
	assert_contents(f, size);
	TEST_OK(xfs_fsync(f));
	xfs_pagecache_shrink(fs.mp, 0);
	assert_contents(f, size);
	/* Growing shows no more than zeros. */
	TEST_OK(xfs_ftruncate(f, size + 10000));
	memset(want + size, 0, 10000);
	assert_contents(f, size + 10000);
	TEST_OK(xfs_close(f));
	assert_origin(before, before_size);
}

static void test_ranges_become_zeros_whatever_was_there(void **state)
{
	static const uint32_t sizes[] = { 1024, 4096, 65536 };

	(void)state;
	test_fs_end(&fs);
	for (size_t i = 0; i < 3; i++) {
		uint64_t bs = sizes[i], size = 7 * bs + bs / 3;
		const struct { uint64_t off, len; } cut[] = {
			{ bs, bs }, { bs / 2, 10 }, { bs / 2, bs }, { bs / 2, 3 * bs }, { 0, size },
			{ 6 * bs + 5, 10 * bs }, { 7 * bs, bs / 3 }, { 7 * bs + 10, 3 }, { 20 * bs, bs },
			{ 2 * bs, 2 * bs + 1 }, { 3 * bs - 1, bs + 1 },
		};

		make(sizes[i]);
		for (enum before b = WRITTEN; b < BEFORE_COUNT; b++)
			for (size_t k = 0; k < sizeof(cut) / sizeof(cut[0]); k++) {
				punch_or_zero(PUNCH, b, cut[k].off, cut[k].len, size);
				punch_or_zero(ZERO, b, cut[k].off, cut[k].len, size);
				punch_or_zero(ZERO | KEEP, b, cut[k].off, cut[k].len, size);
			}
		if (i < 2)
			test_fs_end(&fs);
	}
}

static void test_punching_frees_whole_blocks(void **state)
{
	struct xfs_file *f = new_file(65536);

	(void)state;
	TEST_OK(xfs_fallocate(f, PUNCH, 5000, 10000));
	TEST_OK(xfs_fsync(f));
	assert_map(f, "0-8192w 12288-65536w");
	TEST_OK(xfs_fallocate(f, ZERO, 20000, 9000));
	assert_map(f, "0-8192w 12288-20480w 20480-28672u 28672-65536w");
	assert_int_equal(stat_of(f).blocks512, 15 * 8);
	TEST_OK(xfs_close(f));
}

/* What was in memory only, and goes, does not keep the size from the disk. */
static void test_the_size_is_stable_though_its_data_went(void **state)
{
	struct xfs_file *f = new_file(65536);

	(void)state;
	TEST_OK(xfs_fallocate(f, PUNCH, 32768, 32768));
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	f = open_file("/f", O_RDWR);
	assert_int_equal(stat_of(f).size_bytes, 65536);
	assert_map(f, "0-32768w");
	TEST_OK(xfs_close(f));
}

/* ---- moving --------------------------------------------------------------------------------- */

static void test_an_insert_splits_and_a_collapse_joins(void **state)
{
	struct xfs_file *f = file_in_state(DELAYED, 50000);

	(void)state;
	memcpy(buf, want, 50000);
	TEST_OK(xfs_fallocate(f, INSERT, 8192, 4096));
	assert_map(f, "0-8192w 12288-57344w");
	memset(want + 8192, 0, 4096);
	memcpy(want + 12288, buf + 8192, 50000 - 8192);
	assert_contents(f, 54096);
	TEST_OK(xfs_fallocate(f, COLLAPSE, 8192, 4096));
	assert_map(f, "0-53248w");
	memcpy(want, buf, 50000);
	assert_contents(f, 50000);
	TEST_OK(xfs_fallocate(f, COLLAPSE, 0, 12288));
	memcpy(want, buf + 12288, 50000 - 12288);
	assert_contents(f, 50000 - 12288);
	assert_map(f, "0-40960w");
	TEST_OK(xfs_close(f));
}

static void test_what_moves_keeps_its_state(void **state)
{
	struct xfs_file *f = file_in_state(WRITTEN, 16384);

	(void)state;
	TEST_OK(xfs_fallocate(f, 0, 32768, 16384));
	assert_int_equal(xfs_pwrite(f, "dirty", 5, 40960), 5);
	TEST_OK(xfs_fallocate(f, KEEP, 65536, 8192));
	TEST_OK(xfs_fallocate(f, INSERT, 4096, 4096));
	assert_map(f, "0-4096w 8192-20480w 36864-45056u 45056-49152w 49152-53248u 69632-77824u");
	TEST_OK(xfs_fallocate(f, COLLAPSE, 20480, 16384));
	assert_map(f, "0-4096w 8192-20480w 20480-28672u 28672-32768w 32768-36864u 53248-61440u");
	assert_int_equal(stat_of(f).size_bytes, 49152 + 4096 - 16384);
	assert_int_equal(xfs_pread(f, back, 10, 28672), 10);
	assert_memory_equal(back, "dirty\0\0\0\0\0", 10);
	TEST_OK(xfs_close(f));
}

/* A file of @n extents of a block, every other one a hole. */
static struct xfs_file *scattered(uint64_t n)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_TRUNC);

	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(xfs_pwrite(f, &i, sizeof(i), i * 8192), sizeof(i));
	assert_int_equal(xfs_pwrite(f, "end", 3, n * 8192), 3);
	TEST_OK(xfs_fsync(f));
	/* Without preallocation. */
	TEST_OK(xfs_close(f));
	return open_file("/f", O_RDWR);
}

static void assert_scattered(struct xfs_file *f, uint64_t from, uint64_t n, uint64_t shift)
{
	for (uint64_t i = from; i < n; i++) {
		uint64_t got = ~0ull;

		assert_int_equal(xfs_pread(f, &got, sizeof(got), i * 8192 + shift), sizeof(got));
		assert_int_equal(got, i);
	}
}

/* More extents than one transaction moves, and as many as make the map a tree. */
static void test_many_extents_move(void **state)
{
	static const uint64_t counts[] = { 3, 12, 30, 62, 63, 64, 65, 200, 3000 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t n = counts[i], extents;
		struct xfs_file *f = scattered(n);

		extents = stat_of(f).nextents;
		TEST_OK(xfs_fallocate(f, INSERT, 8192, 1u << 20));
		assert_int_equal(stat_of(f).size_bytes, n * 8192 + 3 + (1u << 20));
		assert_int_equal(stat_of(f).nextents, extents);
		assert_scattered(f, 0, 1, 0);
		assert_scattered(f, 1, n, 1u << 20);
		TEST_OK(xfs_fallocate(f, COLLAPSE, 4096, 1u << 20));
		assert_scattered(f, 0, n, 0);
		assert_int_equal(stat_of(f).nextents, extents);
		TEST_OK(xfs_fallocate(f, COLLAPSE, 0, 16384));
		assert_int_equal(stat_of(f).nextents, extents - 2);
		for (uint64_t k = 2; k < n; k++) {
			uint64_t got;

			assert_int_equal(xfs_pread(f, &got, sizeof(got), (k - 2) * 8192), sizeof(got));
			assert_int_equal(got, k);
		}
		TEST_OK(xfs_close(f));
	}
}

/* Up to so many extents a crash shows as they were or moved, also on the log of a small volume. */
static void test_few_extents_move_at_once(void **state)
{
	struct xfs_stats before = XFS_STATS_INIT, after = XFS_STATS_INIT;
	struct xfs_file *f = scattered(60);

	(void)state;
	for (int i = 0; i < 3; i++) {
		TEST_OK(xfs_get_stats(fs.mp, &before));
		TEST_OK(xfs_fallocate(f, i == 1 ? COLLAPSE : INSERT, i ? 0 : 8192, 8192));
		TEST_OK(xfs_get_stats(fs.mp, &after));
		/* The first one strips privileges, each may log times. */
		assert_in_range(after.xs_trans_async - before.xs_trans_async, 1, 3);
	}
	TEST_OK(xfs_close(f));
}

static void test_the_last_byte_of_the_largest_file_moves(void **state)
{
	struct xfs_file *f = new_file(4096);

	(void)state;
	TEST_OK(xfs_ftruncate(f, MAXBYTES - 8192));
	assert_int_equal(xfs_pwrite(f, "z", 1, MAXBYTES - 8193), 1);
	TEST_OK(xfs_fallocate(f, INSERT, 4096, 8192));
	assert_int_equal(stat_of(f).size_bytes, MAXBYTES);
	assert_int_equal(xfs_pread(f, back, 1, MAXBYTES - 1), 1);
	assert_int_equal(back[0], 'z');
	assert_int_equal(xfs_fallocate(f, INSERT, 4096, 4096), -EFBIG);
	/* What was allocated behind the end would not fit any more. */
	TEST_OK(xfs_fallocate(f, COLLAPSE, 4096, 1u << 20));
	TEST_OK(xfs_fallocate(f, KEEP, MAXBYTES - 4096, 4096));
	assert_int_equal(xfs_fallocate(f, INSERT, 4096, 8192), -EINVAL);
	TEST_OK(xfs_close(f));
}

/* ---- sharing ---- */

static void test_moving_what_is_shared(void **state)
{
	struct xfs_file *f;

	(void)state;
	for (enum before b = SHARED; b <= SHARED_DIRTY; b++) {
		f = file_in_state(b, 100000);
		TEST_OK(xfs_fallocate(f, INSERT, 8192, 4096));
		memmove(want + 12288, want + 8192, 100000 - 8192);
		memset(want + 8192, 0, 4096);
		assert_contents(f, 104096);
		TEST_OK(xfs_fallocate(f, COLLAPSE, 20480, 16384));
		memmove(want + 20480, want + 36864, 104096 - 36864);
		assert_contents(f, 104096 - 16384);
		TEST_OK(xfs_close(f));
		assert_origin(b, 100000);
	}
}

static void test_unsharing_a_range(void **state)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	struct xfs_file *f = file_in_state(SHARED, 65536);
	size_t n;

	(void)state;
	TEST_OK(xfs_extents(f, 0, e, 8, &n));
	assert_int_equal(n, 1);
	assert_true(e[0].shared && e[0].last);
	TEST_OK(xfs_fallocate(f, UNSHARE, 20000, 90000));
	assert_int_equal(stat_of(f).size_bytes, 110000);
	TEST_OK(xfs_extents(f, 0, e, 8, &n));
	assert_true(n >= 3);
	assert_int_equal(e[0].length, 16384);
	assert_true(e[0].shared && !e[0].last && !e[1].shared && !e[1].unwritten);
	assert_true(e[n - 1].unwritten && e[n - 1].last && e[n - 1].offset == 65536);
	memset(want + 65536, 0, 110000 - 65536);
	assert_contents(f, 110000);
	TEST_OK(xfs_close(f));
	assert_origin(SHARED, 65536);
}

/* ---- truncation of each kind of last block ---- */

static void test_cutting_whatever_is_there(void **state)
{
	static const uint32_t sizes[] = { 1024, 4096, 65536 };

	(void)state;
	test_fs_end(&fs);
	for (size_t i = 0; i < 3; i++) {
		uint64_t bs = sizes[i], size = 7 * bs + bs / 3;
		const uint64_t cut[] = { 0, 1, bs - 1, bs, 3 * bs + 5, 7 * bs, size - 1, size, size + 1, 9 * bs };

		make(sizes[i]);
		for (enum before b = WRITTEN; b < BEFORE_COUNT; b++)
			for (size_t k = 0; k < sizeof(cut) / sizeof(cut[0]); k++) {
				struct xfs_file *f = file_in_state(b, size);
				uint64_t left = cut[k] < size ? cut[k] : size;

				TEST_OK(xfs_ftruncate(f, cut[k]));
				memset(want + left, 0, 10 * bs - left);
				assert_contents(f, cut[k]);
				if (k % 2) {
					TEST_OK(xfs_fsync(f));
					xfs_pagecache_shrink(fs.mp, 0);
				}
				TEST_OK(xfs_ftruncate(f, 10 * bs));
				assert_contents(f, 10 * bs);
				TEST_OK(xfs_close(f));
				assert_origin(b, size);
			}
		if (i < 2)
			test_fs_end(&fs);
	}
}

/* ---- no space ---------------------------------------------------------------------------------- */

static uint64_t free_bytes(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free * 4096;
}

static void test_without_space_the_size_stays(void **state)
{
	struct xfs_file *f = new_file(4096);
	uint64_t before = free_bytes();

	(void)state;
	assert_int_equal(xfs_fallocate(f, 0, 0, 1ull << 40), -ENOSPC);
	assert_int_equal(stat_of(f).size_bytes, 4096);
	assert_int_equal(free_bytes(), before);
	TEST_OK(xfs_fallocate(f, KEEP, 0, before / 2));
	assert_true(free_bytes() <= before - before / 2 + 4096);
	/* Behind the end, and only found by reclaiming nothing: it was asked for. */
	assert_int_equal(xfs_fallocate(f, 0, 1ull << 40, before), -ENOSPC);
	assert_int_equal(stat_of(f).size_bytes, 4096);
	TEST_OK(xfs_close(f));
}

static void test_reclaimed_space_is_enough(void **state)
{
	struct xfs_file *f = new_file(1u << 20), *g = open_file("/g", O_RDWR | O_CREAT);
	uint64_t left;

	(void)state;
	TEST_OK(xfs_fallocate(g, 0, 0, free_bytes() / 2));
	/* Speculative preallocation of an open file is in the way of the rest. */
	for (int i = 0; i < 24; i++)
		assert_true(xfs_pwrite(f, buf, 1u << 20, (uint64_t)i << 20) == 1 << 20);
	left = free_bytes();
	TEST_OK(xfs_fallocate(g, 0, 1ull << 40, left - (left >> 3)));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(g));
}

/* All blocks are taken, also those of the reserve: what frees must be possible. */
static void test_a_full_volume_can_be_punched(void **state)
{
	struct xfs_file *f = new_file(4u << 20), *g = open_file("/g", O_RDWR | O_CREAT);
	uint64_t at = 0;

	(void)state;
	TEST_OK(xfs_fsync(f));
	for (uint64_t piece = 64u << 20; piece >= 4096; ) {
		if (xfs_fallocate(g, 0, at, piece))
			piece /= 2;
		else
			at += piece;
	}
	TEST_OK(xfs_fallocate(f, PUNCH, 1u << 20, 4096));
	TEST_OK(xfs_fallocate(f, PUNCH, 0, 1u << 20));
	TEST_OK(xfs_fallocate(f, COLLAPSE, 0, 1u << 20));
	TEST_OK(xfs_fallocate(f, INSERT, 4096, 4096));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(g));
}

static void test_what_is_synchronous_is_stable(void **state)
{
	struct xfs_mount_options ro = fs.opts;
	struct xfs_file *f, *r;
	struct xfs_mount *mp;

	(void)state;
	ro.flags = XFS_MOUNT_RDONLY | XFS_MOUNT_INPROGRESS | XFS_MOUNT_RECOVER_IN_MEMORY;
	TEST_OK(xfs_close(new_file(65536)));
	f = open_file("/f", O_RDWR | O_DSYNC);
	TEST_OK(xfs_fallocate(f, 0, 100000, 5000));
	TEST_OK(xfs_mount(fs.dev, &ro, &mp));
	TEST_OK(xfs_open(mp, "/f", O_RDONLY, 0, &r));
	assert_int_equal(stat_of(r).size_bytes, 105000);
	TEST_OK(xfs_close(r));
	TEST_OK(xfs_unmount(mp));
	TEST_OK(xfs_close(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_mode_refuses_what_the_kernel_refuses),
		TEST(test_what_a_handle_may_do),
		TEST(test_times_change_before_the_last_checks),
		TEST(test_set_id_bits_go),
		TEST(test_holes_get_unwritten_blocks_and_the_rest_stays),
		TEST(test_blocks_past_the_end_are_kept),
		TEST(test_the_flag_is_set_where_nothing_is_missing),
		TEST(test_the_tail_behind_the_end_is_zeroed),
		TEST(test_ranges_become_zeros_whatever_was_there),
		TEST(test_punching_frees_whole_blocks),
		TEST(test_the_size_is_stable_though_its_data_went),
		TEST(test_an_insert_splits_and_a_collapse_joins),
		TEST(test_what_moves_keeps_its_state),
		TEST(test_many_extents_move),
		TEST(test_few_extents_move_at_once),
		TEST(test_the_last_byte_of_the_largest_file_moves),
		TEST(test_moving_what_is_shared),
		TEST(test_unsharing_a_range),
		TEST(test_cutting_whatever_is_there),
		TEST(test_without_space_the_size_stays),
		TEST(test_reclaimed_space_is_enough),
		TEST(test_a_full_volume_can_be_punched),
		TEST(test_what_is_synchronous_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
