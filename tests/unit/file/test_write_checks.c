/* SPDX-License-Identifier: MIT */
/*
 * Goal: the side effects of a write come in the kernel's order, once, and only where they belong:
 *       limits, the append position, zeros from the old end up to the write, set-id bits and
 *       capabilities, times, the change counter; also when the write itself then fails; and what a
 *       write meets between old end and start - holes, unwritten blocks, data in memory, preallocation -
 *       is treated as each asks for.
 * Method: public calls on a small volume, contents read from the device where they must be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include "inode/inode.h"
#include "support/test_fs.h"

#define MAXBYTES	0x7fffffffffffffffull

static struct test_fs fs;
static struct xfs_file *file;
static uint8_t buf[1u << 20], back[1u << 20];

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 64u << 20, NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(1 + i % 251);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
	return 0;
}

static void write_at(uint64_t offset, size_t len)
{
	assert_int_equal(xfs_pwrite(file, buf, len, offset), len);
}

static struct stat stat_now(void)
{
	struct stat st;

	TEST_OK(xfs_fstat(file, &st));
	return st;
}

static uint64_t changes(void)
{
	struct stat st = stat_now();
	struct xfs_inode *ip;
	uint64_t count;

	TEST_OK(xfs_iget(fs.mp, st.st_ino, 0, &ip));
	xfs_ilock_shared(ip);
	count = ip->i_changecount;
	xfs_iunlock_shared(ip);
	xfs_irele(ip);
	return count;
}

/* Everything in [@offset, +@len) reads as zeros. */
static void expect_zeros(uint64_t offset, size_t len)
{
	assert_int_equal(xfs_pread(file, back, len, offset), len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(back[i], 0);
}

struct mapping {
	uint64_t block, count;
	bool unwritten;
};

static void expect_map(const struct mapping *want, size_t n)
{
	struct xfs_extent e[16] = { XFS_EXTENT_INIT };
	size_t found;

	TEST_OK(xfs_extents(file, 0, e, 16, &found));
	assert_int_equal(found, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(e[i].offset >> 12, want[i].block);
		assert_int_equal(e[i].length >> 12, want[i].count);
		assert_int_equal(e[i].unwritten, want[i].unwritten);
	}
}

static void test_short_at_the_largest_size(void **state)
{
	struct xfs_file *append;

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_APPEND, 0, &append));
	TEST_OK(xfs_ftruncate(file, MAXBYTES - 5));
	/* Only the place of an append is not known to the caller: it is cut to what fits. */
	TEST_IS(xfs_pwrite(file, buf, 6, MAXBYTES - 5), -EINVAL);
	assert_int_equal(xfs_pwrite(append, buf, 100, 0), 5);
	assert_int_equal(stat_now().st_size, MAXBYTES);
	TEST_IS(xfs_pwrite(append, buf, 1, 0), -EFBIG);
	TEST_IS(xfs_pwrite(append, buf, 1, MAXBYTES), -EINVAL);
	TEST_IS(xfs_pwrite(append, buf, 0, MAXBYTES), 0);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_ftruncate(file, 0));
	TEST_OK(xfs_close(append));
}

/* A size and a place that is refused change nothing, times included. */
static void test_a_refused_place_changes_nothing(void **state)
{
	struct stat before, after;
	uint64_t count;

	(void)state;
	write_at(0, 100);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_chmod(fs.mp, "/f", 04755));
	before = stat_now();
	count = changes();
	TEST_IS(xfs_pwrite(file, buf, 2, MAXBYTES - 1), -EINVAL);
	TEST_IS(xfs_pwrite(file, buf, 0, 5000), 0);
	after = stat_now();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(changes(), count);
}

/* Times, bits and zeros stay although there was no space for the bytes. */
static void test_side_effects_of_a_write_that_fails(void **state)
{
	struct xfs_file *filler;
	struct stat before, after;
	uint64_t pos = 0;
	size_t len = sizeof(buf);

	(void)state;
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.unprivileged = true;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR, 0, &file));
	write_at(0, 100);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_open(fs.mp, "/filler", O_RDWR | O_CREAT, 0644, &filler));
	while (len) {
		if (xfs_pwrite(filler, buf, len, pos) == (ssize_t)len)
			pos += len;
		else
			len /= 2;
	}
	TEST_OK(xfs_chmod(fs.mp, "/f", 06777));
	before = stat_now();
	TEST_IS(xfs_pwrite(file, buf, 100000, 1u << 20), -ENOSPC);
	after = stat_now();
	assert_int_equal(after.st_size, 100);
	assert_int_equal(after.st_mode & 07777, 0777);
	assert_true(after.st_mtim.tv_nsec > before.st_mtim.tv_nsec);
	expect_zeros(100, 0);
	TEST_OK(xfs_unlink(fs.mp, "/filler"));
	TEST_OK(xfs_close(filler));
}

/* A capability goes with the first write or cut of anybody, set-id bits stay for who is privileged. */
static void test_capabilities_go_for_everybody(void **state)
{
	(void)state;
	TEST_OK(xfs_chmod(fs.mp, "/f", 06777));
	TEST_OK(xfs_fsetxattr(file, "security.capability", "cap", 3, 0));
	TEST_OK(xfs_fsetxattr(file, "security.other", "x", 1, 0));
	/* Nothing is written for nothing. */
	TEST_IS(xfs_pwrite(file, buf, 0, 0), 0);
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), 3);
	write_at(0, 1);
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), -ENODATA);
	TEST_IS(xfs_fgetxattr(file, "security.other", NULL, 0), 1);
	assert_int_equal(stat_now().st_mode & 07777, 06777);
	/* It is looked for again when it was set again. */
	write_at(1, 1);
	TEST_OK(xfs_fsetxattr(file, "security.capability", "new", 3, 0));
	write_at(2, 1);
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), -ENODATA);
	TEST_OK(xfs_fsetxattr(file, "security.capability", "new", 3, 0));
	TEST_OK(xfs_ftruncate(file, 1));
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), -ENODATA);
	TEST_OK(xfs_fsetxattr(file, "security.capability", "new", 3, 0));
	TEST_OK(xfs_fallocate(file, 0, 0, 65536));
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), -ENODATA);
}

/* Once for each transaction that the inode is part of, however many writes are in it. */
static void test_the_change_counter(void **state)
{
	uint64_t count;

	(void)state;
	write_at(0, 4096);
	TEST_OK(xfs_fsync(file));
	count = changes();
	for (uint64_t i = 0; i < 10; i++)
		write_at(i * 100, 100);
	assert_int_equal(changes(), count);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(changes(), count + 1);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(changes(), count + 1);
}

/* 5000 bytes, 100 at 20000: the tail of block 1 is zeroed on the disk, 2 and 3 are holes, 4 begins with zeros. */
static void test_the_old_last_block_is_zeroed_on_disk(void **state)
{
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	write_at(0, 5000);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_extents(file, 0, e, 4, &n));
	/* What another system may have left there. */
	TEST_OK(xfs_device_pwrite(fs.dev, e[0].device_offset + 5120, buf, 3072, 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR, 0, &file));
	write_at(20000, 100);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_extents(file, 0, e, 4, &n));
	assert_true(n >= 2);
	assert_int_equal(e[0].length, 8192);
	assert_int_equal(e[1].offset, 16384);
	TEST_OK(xfs_device_pread(fs.dev, e[0].device_offset + 4096, back, 4096));
	for (size_t i = 5000 - 4096; i < 4096; i++)
		assert_int_equal(back[i], 0);
	TEST_OK(xfs_device_pread(fs.dev, e[1].device_offset, back, 4096));
	for (size_t i = 0; i < 20000 - 16384; i++)
		assert_int_equal(back[i], 0);
	expect_zeros(5000, 15000);
}

/* Unwritten blocks on the way stay so, unless there is data above them that counts for more than the end. */
static void test_unwritten_blocks_between(void **state)
{
	static const struct mapping all[] = { { 0, 2, false }, { 2, 14, true } };
	static const struct mapping beyond[] = {
		{ 0, 2, false }, { 2, 14, true }, { 64, 1, false },
	};

	(void)state;
	write_at(0, 5000);
	TEST_OK(xfs_fallocate(file, XFS_FALLOC_KEEP_SIZE, 0, 65536));
	TEST_OK(xfs_fsync(file));
	expect_map(all, 2);
	TEST_OK(xfs_ftruncate(file, 64 * 4096));
	write_at(64 * 4096, 4096);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_ftruncate(file, 65 * 4096));
	expect_map(beyond, 3);
	expect_zeros(5000, 64 * 4096 - 5000);
}

/* Data above unwritten blocks, cut in the middle and grown over again: its tail was never written back. */
static void test_dirty_data_above_unwritten_blocks(void **state)
{
	(void)state;
	TEST_OK(xfs_fallocate(file, 0, 0, 65536));
	write_at(0, 20000);
	TEST_OK(xfs_ftruncate(file, 10000));
	write_at(40000, 100);
	expect_zeros(10000, 30000);
	TEST_OK(xfs_fsync(file));
	expect_zeros(10000, 30000);
	assert_int_equal(xfs_pread(file, back, 10000, 0), 10000);
	assert_memory_equal(back, buf, 10000);
}

/* Delayed blocks that begin inside the file: zeroed in memory up to the end, the rest becomes unwritten. */
static void test_delayed_blocks_over_the_end(void **state)
{
	static const struct mapping want[] = {
		{ 0, 17, false }, { 17, 31, true }, { 256, 1, false },
	};
	struct xfs_extent e[4] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	write_at(0, 65536);
	write_at(65536, 100);
	TEST_OK(xfs_extents(file, 0, e, 4, &n));
	assert_int_equal(n, 1);
	assert_true(e[0].delalloc && e[0].length == 48 << 12);
	write_at(1u << 20, 4096);
	/* Allocated as a whole; the data in it is still to be written. */
	TEST_OK(xfs_extents(file, 0, e, 4, &n));
	assert_true(e[0].unwritten && !e[0].delalloc && e[0].length == 48 << 12);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_ftruncate(file, 257 << 12));
	expect_map(want, 3);
	expect_zeros(65636, (1u << 20) - 65636);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_short_at_the_largest_size),
		T(test_a_refused_place_changes_nothing),
		T(test_side_effects_of_a_write_that_fails),
		T(test_capabilities_go_for_everybody),
		T(test_the_change_counter),
		T(test_the_old_last_block_is_zeroed_on_disk),
		T(test_unwritten_blocks_between),
		T(test_dirty_data_above_unwritten_blocks),
		T(test_delayed_blocks_over_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
