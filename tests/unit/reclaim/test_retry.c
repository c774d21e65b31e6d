/* SPDX-License-Identifier: MIT */
/*
 * Goal: the second try of a write that found no space is a whole write: it takes the lock, looks where
 *       the end of the file is, and finds what was freed meanwhile; what holds space back is waited
 *       for, not passed over; other files are written, so that what they had reserved too much is there.
 * Method: space is made scarce by reserving it.  A second thread acts between the two tries, when the
 *       trace point of freeing is passed, or holds a file that is to be trimmed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "core/counter.h"
#include "inode/inode.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "support/test_fs.h"

static struct test_fs fs;
static uint8_t buf[1u << 20];
static struct xfs_file *second;
static unsigned int tries;
static bool armed;

/* The other one: ten bytes more, while nobody holds the file. */
static void *append_ten(void *arg)
{
	(void)arg;
	assert_int_equal(xfs_pwrite(second, "0123456789", 10, 0), 10);
	return NULL;
}

static void trace(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	pthread_t thread;

	(void)ctx;
	(void)args;
	(void)nargs;
	if (!armed)
		return;
	tries += !strcmp(name, "xfs_file_buffered_write");
	if (strcmp(name, "xfs_blockgc_free_space") != 0)
		return;
	armed = false;
	assert_int_equal(pthread_create(&thread, NULL, append_ten, NULL), 0);
	pthread_join(thread, NULL);
	armed = true;
}

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = trace;
	test_fs_open(&fs);
	armed = false;
	tries = 0;
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

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT | flags, 0644, &file));
	return file;
}

/* 4 MiB in small pieces: as much again is reserved behind it. */
static struct xfs_file *grow(const char *path)
{
	struct xfs_file *file = open_file(path, 0);

	for (uint64_t pos = 0; pos < 4u << 20; pos += 65536)
		assert_int_equal(xfs_pwrite(file, buf, 65536, pos), 65536);
	return file;
}

static uint64_t end_of(struct xfs_file *file)
{
	struct xfs_extent e[16] = { XFS_EXTENT_INIT };
	size_t n;

	TEST_OK(xfs_extents(file, 0, e, 16, &n));
	return n ? e[n - 1].offset + e[n - 1].length : 0;
}

static void test_the_second_try_is_a_whole_write(void **state)
{
	struct xfs_file *first, *other = grow("/other");
	struct stat st;
	int64_t away;

	(void)state;
	if (!xfs_library_has("threads"))
		skip();
	first = open_file("/f", O_APPEND);
	second = open_file("/f", O_APPEND);
	memset(buf, 'a', 4096);
	assert_int_equal(xfs_pwrite(first, buf, 4096, 0), 4096);
	TEST_OK(xfs_fsync(first));
	assert_true(end_of(other) > 6u << 20);
	away = xfs_fdblocks_available(fs.mp) - 100;
	TEST_OK(xfs_mod_fdblocks(fs.mp, -away, false));
	memset(buf, 'b', sizeof(buf));
	armed = true;
	assert_int_equal(xfs_pwrite(first, buf, sizeof(buf), 0), sizeof(buf));
	armed = false;
	/* Two of the one who had no space, one of the other, which lies in front. */
	assert_true(tries == 2 || tries == 3);
	TEST_OK(xfs_fstat(first, &st));
	assert_int_equal(st.st_size, 4106 + sizeof(buf));
	assert_int_equal(xfs_pread(first, buf, 12, 4096), 12);
	assert_memory_equal(buf, "0123456789bb", 12);
	/* What the other file had behind its end is gone, its data on the disk. */
	assert_int_equal(end_of(other), 4u << 20);
	xfs_add_fdblocks(fs.mp, (uint64_t)away);
	TEST_OK(xfs_close(first));
	TEST_OK(xfs_close(second));
	TEST_OK(xfs_close(other));
}

/* A miss writes all dirty files: what their trees might have needed comes back. */
static void test_a_miss_writes_other_files(void **state)
{
	struct xfs_file *file[8], *f = open_file("/f", 0);
	int64_t away, before;
	char path[16];

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/d%d", i);
		file[i] = open_file(path, 0);
		assert_int_equal(xfs_pwrite(file[i], buf, 4096, 0), 4096);
	}
	away = xfs_fdblocks_available(fs.mp) - 20;
	TEST_OK(xfs_mod_fdblocks(fs.mp, -away, false));
	before = xfs_fdblocks_available(fs.mp);
	TEST_IS(xfs_pwrite(f, buf, sizeof(buf), 0), -ENOSPC);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	/* Seven or five blocks each, by the height that maps may have. */
	assert_true(xfs_fdblocks_available(fs.mp) >= before + 8 * 5);
	xfs_add_fdblocks(fs.mp, (uint64_t)away);
	for (int i = 0; i < 8; i++)
		TEST_OK(xfs_close(file[i]));
	TEST_OK(xfs_close(f));
}

static struct xfs_inode *held;
static bool is_held;

static void *hold_it(void *arg)
{
	const struct timespec rest = { .tv_nsec = 50000000 };

	(void)arg;
	xfs_rwlock_excl(&held->i_iolock);
	__atomic_store_n(&is_held, true, __ATOMIC_RELEASE);
	nanosleep(&rest, NULL);
	xfs_rwlock_unlock_excl(&held->i_iolock);
	return NULL;
}

static void test_a_busy_file_is_waited_for(void **state)
{
	const struct xfs_blockgc_scan passing = { .sync = false };
	struct xfs_file *file = grow("/f");
	struct stat st;
	pthread_t thread;

	(void)state;
	if (!xfs_library_has("threads"))
		skip();
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_fstat(file, &st));
	TEST_OK(xfs_iget(fs.mp, st.st_ino, 0, &held));
	is_held = false;
	assert_int_equal(pthread_create(&thread, NULL, hold_it, NULL), 0);
	while (!__atomic_load_n(&is_held, __ATOMIC_ACQUIRE))
		sched_yield();
	TEST_OK(xfs_blockgc_scan(fs.mp, &passing, NULL));
	TEST_OK(xfs_blockgc_free_space(fs.mp, NULL));
	assert_int_equal(end_of(file), 4u << 20);
	pthread_join(thread, NULL);
	xfs_irele(held);
	TEST_OK(xfs_close(file));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_the_second_try_is_a_whole_write),
		T(test_a_miss_writes_other_files),
		T(test_a_busy_file_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
