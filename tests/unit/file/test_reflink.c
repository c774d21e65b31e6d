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
#include "api/api_priv.h"
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

static uint64_t blocks_of(struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(file, &st));
	return st.blocks512 / 8;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
		T(test_a_clone_shares_and_each_is_written_apart),
		T(test_a_range_replaces_what_was_there),
		T(test_inside_one_file),
		T(test_holes_stay_holes),
		T(test_bytes_behind_the_old_end_are_zeros),
		T(test_an_end_inside_a_block),
		T(test_what_is_refused),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
