/* SPDX-License-Identifier: MIT */
/*
 * Goal: large pieces of a host file that go past the page cache are as good as any other data: what
 *       is read is what was copied, a device that fails is told of once, and no power loss shows
 *       what lay in the blocks before.
 * Method: small pieces count as large ones; the device fails at each write in turn, the memory at
 *       each allocation; a recorder makes the images that a power loss could leave, after the
 *       blocks were full of garbage.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "api/api_priv.h"
#include "base/mem.h"
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define SIZE	(64u << 20)
#define BLOCK	4096u
#define BYTES	(300 * BLOCK + 77)	/* of the source */
#define GARBAGE	0xee

static struct test_fs fs;
static uint8_t source[BYTES], back[BYTES];
static int fd;

static void open_again(bool journal)
{
	fs.opts.flags = journal ? 0 : XFS_MOUNT_UNJOURNALLED;
	test_fs_open(&fs);
	fs.mp->m_copy_in_bytes = 8 * BLOCK;
}

/* With contents for the source. */
static void make(bool journal)
{
	test_fs_make(&fs, SIZE, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	open_again(journal);
	for (size_t i = 0; i < BYTES; i++)
		source[i] = (uint8_t)(1 + i * 31 % 199);
	fd = memfd_create("test_copy_in", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, source, BYTES, 0), BYTES);
}

/* The volume over @below, which takes its device's place. */
static void stack(int (*open)(struct xfs_device *base, struct xfs_device **devp), bool journal)
{
	struct xfs_device *dev;

	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(open(fs.dev, &dev));
	xfs_device_put(fs.dev);
	fs.dev = dev;
	open_again(journal);
}

static void tear_down(void)
{
	close(fd);
	test_fs_end(&fs);
}

static struct xfs_file *open_file(struct xfs_mount *mp, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(mp, "/f", flags, 0644, &file));
	return file;
}

static bool is_source(struct xfs_file *f)
{
	return xfs_pread(f, back, BYTES, 0) == BYTES && memcmp(back, source, BYTES) == 0;
}

static bool in_memory(struct xfs_file *f, uint64_t start, uint64_t end)
{
	return !xfs_mapping_may_pass(f->f_inode->i_mapping, start, end);
}

static void test_whole_blocks_go_past_the_cache(void **state)
{
	struct xfs_file *f;
	struct xfs_extent e[2] = { XFS_EXTENT_INIT };
	size_t n;

	(void)state;
	for (int journal = 0; journal < 2; journal++) {
		make(journal);
		f = open_file(fs.mp, O_RDWR | O_CREAT);
		assert_int_equal(xfs_write_from_fd(f, fd, 0, 300 * BLOCK, 0), 300 * BLOCK);
		assert_false(in_memory(f, 0, 300 * BLOCK));
		assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
		/* What is left over is for the cache; then the source is at its end. */
		assert_int_equal(xfs_write_from_fd(f, fd, 300 * BLOCK, BYTES, 300 * BLOCK), 77);
		assert_true(in_memory(f, 300 * BLOCK, 301 * BLOCK));
		assert_int_equal(xfs_write_from_fd(f, fd, BYTES, BYTES, BYTES), 0);
		assert_true(is_source(f));
		TEST_OK(xfs_fsync(f));
		TEST_OK(xfs_extents(f, 0, e, 2, &n));
		/* Behind it there may be preallocation. */
		assert_true(n >= 1 && !e[0].unwritten && e[0].length >= BYTES);
		TEST_OK(xfs_close(f));
		TEST_OK(xfs_unmount(fs.mp));
		open_again(journal);
		f = open_file(fs.mp, O_RDONLY);
		assert_true(is_source(f));
		TEST_OK(xfs_close(f));
		tear_down();
	}
}

static void test_what_is_in_memory_is_changed_there(void **state)
{
	struct xfs_file *f;

	(void)state;
	make(false);
	f = open_file(fs.mp, O_RDWR | O_CREAT);
	memset(back, GARBAGE, BYTES);
	/* Dirty; then clean, but known to readers; then forgotten; then with a page behind it. */
	for (int how = 0; how < 4; how++) {
		assert_int_equal(xfs_pwrite(f, back, BYTES, 0), BYTES);
		if (how >= 1)
			TEST_OK(xfs_fsync(f));
		if (how >= 2)
			xfs_pagecache_shrink(fs.mp, 0);
		if (how == 3)
			assert_int_equal(xfs_pread(f, back, 1, 200 * BLOCK), 1);
		assert_int_equal(in_memory(f, 0, 100 * BLOCK), how < 2);
		assert_int_equal(xfs_write_from_fd(f, fd, 0, 100 * BLOCK, 0), 100 * BLOCK);
		assert_int_equal(in_memory(f, 0, 100 * BLOCK), how < 2);
		assert_int_equal(xfs_write_from_fd(f, fd, 100 * BLOCK, BYTES, 100 * BLOCK),
				 BYTES - 100 * BLOCK);
		assert_true(is_source(f));
		memset(back, GARBAGE, BYTES);
	}
	TEST_OK(xfs_close(f));
	tear_down();
}

/* A source that is larger than it says, one that is smaller, and one that has no size. */
static void test_odd_sources(void **state)
{
	struct xfs_file *f;
	int proc = open("/proc/self/maps", O_RDONLY), pipes[2];
	ssize_t n;

	(void)state;
	make(false);
	f = open_file(fs.mp, O_RDWR | O_CREAT);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "piped", 5), 5);
	close(pipes[1]);
	assert_int_equal(xfs_write_from_fd(f, pipes[0], 1, BYTES, 0), -ESPIPE);
	assert_int_equal(xfs_write_from_fd(f, pipes[0], 0, BYTES, 0), 5);
	assert_int_equal(xfs_write_from_fd(f, pipes[0], 0, BYTES, 0), 0);
	close(pipes[0]);
	assert_true(proc >= 0);
	n = (ssize_t)xfs_write_from_fd(f, proc, 0, 1u << 20, 0);
	assert_true(n > 0);
	close(proc);
	TEST_OK(xfs_ftruncate(f, 0));
	/* A hole is no end. */
	assert_int_equal(ftruncate(fd, 400 * BLOCK), 0);
	assert_int_equal(xfs_write_from_fd(f, fd, 0, 1u << 30, 0), 400 * BLOCK);
	assert_int_equal(xfs_pread(f, back, BLOCK, 399 * BLOCK), BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(back[i], 0);
	TEST_OK(xfs_ftruncate(f, BYTES));
	assert_true(is_source(f));
	TEST_OK(xfs_close(f));
	tear_down();
}

/* Whichever write fails: an error, or all of it is there; and never what lay in the blocks. */
static void test_failing_device(void **state)
{
	(void)state;
	for (int lasting = 0; lasting < 2; lasting++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth++) {
			struct xfs_file *f;
			int64_t ret;
			int error;

			make(false);
			stack(test_fault_open, false);
			f = open_file(fs.mp, O_RDWR | O_CREAT);
			test_fault_arm(fs.dev, TEST_FAULT_WRITE, nth, lasting, true);
			ret = xfs_write_from_fd(f, fd, 0, BYTES, 0);
			error = ret < 0 ? (int)ret : xfs_fsync(f);
			met = test_fault_met(fs.dev);
			if (!lasting && !xfs_is_shutdown(fs.mp))
				assert_true(ret == BYTES);
			if (!met)
				assert_int_equal(error, 0);
			if (!error)
				assert_true(is_source(f));
			memset(back, 0, BYTES);
			if (xfs_pread(f, back, BYTES, 0) < 0)
				memset(back, 0, BYTES);
			for (size_t i = 0; i < BYTES; i++)
				assert_true(!back[i] || back[i] == source[i]);
			error = xfs_close(f);
			(void)!xfs_sync(fs.mp);	/* which tells of it, too */
			close(fd);
			if (!xfs_is_shutdown(fs.mp)) {
				assert_int_equal(error, 0);
				test_fs_close_and_check(&fs);
			} else {
				xfs_abandon(fs.mp);
				fs.mp = NULL;
			}
			test_fs_destroy(&fs);
		}
	}
}

/* Whichever allocation fails: -ENOMEM or all of it, and then it works; or nothing works any more. */
static void test_failing_memory(void **state)
{
	(void)state;
	for (int journal = 0; journal < 2; journal++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth++) {
			struct xfs_file *f;
			int64_t ret;

			make(journal);
			f = open_file(fs.mp, O_RDWR | O_CREAT);
			xfs_mem_fail_at(nth, false);
			ret = xfs_write_from_fd(f, fd, 0, BYTES, 0);
			met = xfs_mem_fail_met();
			if (!met)
				assert_int_equal(ret, BYTES);
			if (xfs_is_shutdown(fs.mp)) {
				/* In the middle of a change of the trees. */
				assert_true(met);
				(void)!xfs_close(f);
				xfs_abandon(fs.mp);
				close(fd);
				fs.mp = NULL;
				test_fs_destroy(&fs);
				continue;
			}
			assert_true(ret == BYTES || ret == -ENOMEM || (ret > 0 && ret % BLOCK == 0));
			assert_int_equal(xfs_write_from_fd(f, fd, 0, BYTES, 0), BYTES);
			assert_true(is_source(f));
			TEST_OK(xfs_close(f));
			tear_down();
		}
	}
}

/* Blocks for the file that hold garbage. */
static void leave_garbage(void)
{
	struct xfs_file *f = open_file(fs.mp, O_RDWR | O_CREAT);

	memset(back, GARBAGE, BYTES);
	for (uint64_t at = 0; at < SIZE / 4; at += BYTES)
		assert_int_equal(xfs_pwrite(f, back, BYTES, at), BYTES);
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	TEST_OK(xfs_sync(fs.mp));
}

static void look_after_power_loss(struct xfs_device *start, struct xfs_rand *r, uint32_t nr,
				  bool was_synced)
{
	struct test_fs after = fs;
	struct xfs_file *f;
	struct stat st;

	TEST_OK(test_device_clone(start, &after.dev));
	TEST_OK(test_recorder_crash(fs.dev, nr, r, after.dev));
	test_fs_open(&after);
	if (xfs_open(after.mp, "/f", O_RDONLY, 0, &f) == 0) {
		TEST_OK(xfs_fstat(f, &st));
		assert_true((uint64_t)st.st_size <= BYTES);
		memset(back, 0, BYTES);
		assert_int_equal(xfs_pread(f, back, BYTES, 0), st.st_size);
		for (size_t i = 0; i < BYTES; i++)
			assert_true(!back[i] || back[i] == source[i]);
		if (was_synced)
			assert_true(is_source(f));
		TEST_OK(xfs_close(f));
	} else {
		assert_false(was_synced);
	}
	test_fs_close_and_check(&after);
	xfs_device_put(after.dev);
}

static void test_power_loss(void **state)
{
	struct xfs_rand r = test_rand(1);
	uint32_t written, synced;
	struct xfs_device *start;
	struct xfs_file *f;

	(void)state;
	make(true);
	leave_garbage();
	stack(test_recorder_open, true);
	test_recorder_clear(fs.dev);
	TEST_OK(test_device_clone(fs.dev, &start));
	f = open_file(fs.mp, O_RDWR | O_CREAT);
	for (uint64_t at = 0; at < BYTES; at += 60 * BLOCK) {
		TEST_OK(xfs_write_from_fd(f, fd, at, 60 * BLOCK, at));
		if (at / (60 * BLOCK) % 2)
			TEST_OK(xfs_sync(fs.mp));
	}
	written = test_recorder_events(fs.dev);
	TEST_OK(xfs_fsync(f));
	synced = test_recorder_events(fs.dev);
	TEST_OK(xfs_close(f));
	for (uint32_t nr = 1; nr <= synced; nr++)
		look_after_power_loss(start, &r, nr, nr == synced);
	assert_true(written > 5);
	xfs_device_put(start);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_blocks_go_past_the_cache),
		cmocka_unit_test(test_what_is_in_memory_is_changed_there),
		cmocka_unit_test(test_odd_sources),
		cmocka_unit_test(test_failing_device),
		cmocka_unit_test(test_failing_memory),
		cmocka_unit_test(test_power_loss),
	};

	test_seed_init(20261123);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
