/* SPDX-License-Identifier: MIT */
/*
 * Goal: a call that must not wait does not go to the device, nor waits for who is there: not for metadata or
 *       data that is not in memory, nor while others read it or write it back, nor for memory or space
 *       that only writing would give.
 * Method: a device that holds its reads, writes or flushes until the test lets them go; whoever
 *       comes to it hangs, and an alarm ends the test.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "support/nowait_ops.h"
#include "support/test_device.h"

#ifdef XFSWRITE_THREADS
#define IMAGE_BYTES	(64ull << 20)
#define WATCHDOG	120

static void make(void)
{
	struct xfs_device *memory, *delay;

	alarm(WATCHDOG);
	TEST_OK(xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &memory));
	TEST_OK(test_delay_open(memory, 0, &delay));
	xfs_device_put(memory);
	nowait_make(delay);
}

static void end(void)
{
	nowait_end();
	alarm(0);
}

/* Nothing but what opening needs is in memory. */
static void make_cold(void)
{
	nowait_close_handles();
	test_fs_close_and_check(&nf.fs);
	test_fs_open(&nf.fs);
}

static const struct nowait_op *op_named(const char *name)
{
	for (unsigned int i = 0; i < nowait_nr_ops; i++)
		if (!strcmp(nowait_ops[i].name, name))
			return &nowait_ops[i];
	abort();
}

static int64_t run_nowait(const struct nowait_op *op)
{
	int64_t ret;

	xfs_thread_nowait(true);
	ret = op->run();
	xfs_thread_nowait(false);
	return ret;
}

/* Calls by path, when nothing of the path is in memory; then, when others have read it, not one read. */
static void test_cold_metadata(void **state)
{
	static const char *const names[] = {
		"stat", "lstat", "getattr", "getxattr", "listxattr", "open", "readlink", "chmod", "setxattr",
		"truncate", "create", "mkdir", "symlink", "unlink", "rmdir", "rename across directories",
		"chown", "quota get", "quota next", "quota set", "chown to somebody limited",
	};
	char *before, *after;

	(void)state;
	make();
	before = nowait_snapshot();
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (op_named(names[i])->needs & NEEDS_QUOTA && !nowait_has_quota())
			continue;
		make_cold();
		test_delay_hold(nf.fs.dev, TEST_FAULT_ANY);
		assert_int_equal(run_nowait(op_named(names[i])), -EAGAIN);
		test_delay_hold(nf.fs.dev, 0);
		nowait_open_handles();
	}
	after = nowait_snapshot();
	assert_string_equal(before, after);
	free(before);
	free(after);
	end();
}

/* Through handles: the inode is in memory, its data and its attributes' blocks are not. */
static void test_cold_data(void **state)
{
	static char block[4096];
	const struct iovec iov = { block, sizeof(block) };

	(void)state;
	make();
	make_cold();
	nowait_open_handles();
	TEST_OK(xfs_set_nowait(nf.a, true));
	test_delay_hold(nf.fs.dev, TEST_FAULT_ANY);
	TEST_IS(xfs_pread(nf.a, block, sizeof(block), 0), -EAGAIN);
	/* Parts of blocks must be read, whole ones need not. */
	TEST_IS(xfs_pwrite(nf.a, block, 100, 100), -EAGAIN);
	TEST_IS(xfs_fallocate(nf.a, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 100, 100), -EAGAIN);
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, block, sizeof(block), 0)), sizeof(block));
	/* What is in memory is read, up to what is not. */
	assert_int_equal(TEST_OK(xfs_pread(nf.a, block, sizeof(block), 1000)), 3096);
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, block, 3000, 1500)), 2596);
	TEST_IS(xfs_pread(nf.a, block, sizeof(block), 4096), -EAGAIN);
	test_delay_hold(nf.fs.dev, 0);
	TEST_IS(xfs_preadv2(nf.a, &iov, 1, 4096, XFS_RWF_NOWAIT), -EAGAIN);
	/* Who may wait reads it for both. */
	TEST_OK(xfs_set_nowait(nf.a, false));
	assert_int_equal(TEST_OK(xfs_preadv(nf.a, &iov, 1, 4000)), sizeof(block));
	end();
}

/* ---- beside who is in the device ------------------------------------------------------------- */

static void *fsync_thread(void *arg)
{
	TEST_OK(xfs_fsync(arg));
	return NULL;
}

static void *stat_thread(void *arg)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_getattr(nf.fs.mp, arg, true, &st));
	return NULL;
}

static pthread_t send(unsigned int ops, void *(*fn)(void *arg), void *arg)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	pthread_t thread;

	test_delay_hold(nf.fs.dev, ops);
	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	while (!test_delay_held(nf.fs.dev))
		nanosleep(&moment, NULL);
	return thread;
}

static void bring_back(pthread_t thread)
{
	test_delay_hold(nf.fs.dev, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_beside_writeback(void **state)
{
	static char block[4096];
	pthread_t thread;

	(void)state;
	make();
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, "new", 3, 10)), 3);
	thread = send(TEST_FAULT_WRITE, fsync_thread, nf.a);
	TEST_OK(xfs_set_nowait(nf.a, true));
	/* The block is being written; reading it is no matter. */
	TEST_IS(xfs_pwrite(nf.a, "new", 3, 20), -EAGAIN);
	assert_int_equal(TEST_OK(xfs_pread(nf.a, block, sizeof(block), 0)), sizeof(block));
	TEST_IS(xfs_ftruncate(nf.a, 0), -EAGAIN);
	TEST_IS(xfs_fallocate(nf.a, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 0, 4096), -EAGAIN);
	TEST_IS(xfs_clone_range(nf.a, 0, nf.b, 0, NOWAIT_FILE_BYTES), -EAGAIN);
	TEST_IS(xfs_fsync(nf.a), -EAGAIN);
	bring_back(thread);
	TEST_OK(xfs_fsync(nf.a));
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, "new", 3, 20)), 3);
	TEST_OK(xfs_set_nowait(nf.a, false));
	end();
}

static void test_beside_flush(void **state)
{
	pthread_t thread;

	(void)state;
	make();
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, "new", 3, 10)), 3);
	thread = send(TEST_FAULT_FLUSH, fsync_thread, nf.a);
	xfs_thread_nowait(true);
	TEST_IS(xfs_fsync(nf.a), -EAGAIN);
	TEST_IS(xfs_sync(nf.fs.mp), -EAGAIN);
	TEST_IS(xfs_tick(nf.fs.mp), -EAGAIN);
	xfs_thread_nowait(false);
	bring_back(thread);
	xfs_thread_nowait(true);
	TEST_OK(xfs_fsync(nf.a));
	TEST_OK(xfs_sync(nf.fs.mp));
	xfs_thread_nowait(false);
	end();
}

/* Somebody reads what we want: a directory's inode, then its cluster. */
static void test_beside_read(void **state)
{
	struct xfs_stat st = XFS_STAT_INIT;
	static char path[] = "/d/a";
	pthread_t thread;

	(void)state;
	make();
	make_cold();
	TEST_OK(xfs_getattr(nf.fs.mp, "/", true, &st));
	thread = send(TEST_FAULT_READ, stat_thread, path);
	xfs_thread_nowait(true);
	TEST_IS(xfs_getattr(nf.fs.mp, "/d/a", true, &st), -EAGAIN);
	TEST_IS(xfs_getattr(nf.fs.mp, "/d/b", true, &st), -EAGAIN);
	xfs_thread_nowait(false);
	bring_back(thread);
	nowait_open_handles();
	end();
}

/* ---- memory and space ------------------------------------------------------------------------- */

/* As much as may be dirty, and not a byte more. */
static void test_dirty_limit(void **state)
{
	static char bytes[1u << 20];
	uint64_t pos = 0;
	int64_t ret;

	(void)state;
	make();
	nowait_close_handles();
	test_fs_close_and_check(&nf.fs);
	nf.fs.opts.data_cache_bytes = 4u << 20;
	test_fs_open(&nf.fs);
	nowait_open_handles();
	TEST_OK(xfs_set_nowait(nf.a, true));
	test_delay_hold(nf.fs.dev, TEST_FAULT_WRITE | TEST_FAULT_FLUSH);
	while ((ret = xfs_pwrite(nf.a, bytes, sizeof(bytes), pos)) > 0) {
		pos += (uint64_t)ret;
		assert_true(pos < IMAGE_BYTES);
	}
	assert_int_equal(ret, -EAGAIN);
	assert_true(pos > 0);
	test_delay_hold(nf.fs.dev, 0);
	TEST_OK(xfs_set_nowait(nf.a, false));
	assert_int_equal(TEST_OK(xfs_pwrite(nf.a, bytes, sizeof(bytes), pos)), sizeof(bytes));
	nf.fs.opts.data_cache_bytes = 0;
	end();
}

/* No space that could be had at once: whether there is any tells who may wait. */
static void test_no_space(void **state)
{
	static char bytes[1u << 20];
	uint64_t pos = 0;
	int64_t ret;
	char *before, *after;

	(void)state;
	make();
	TEST_OK(xfs_fallocate(nf.b, XFS_FALLOC_KEEP_SIZE, 0, 40u << 20));
	while ((ret = xfs_pwrite(nf.b, bytes, sizeof(bytes), pos + (64u << 20))) > 0)
		pos += (uint64_t)ret;
	assert_int_equal(ret, -ENOSPC);
	TEST_OK(xfs_sync(nf.fs.mp));
	before = nowait_snapshot();
	TEST_OK(xfs_set_nowait(nf.a, true));
	test_delay_hold(nf.fs.dev, TEST_FAULT_WRITE | TEST_FAULT_FLUSH);
	TEST_IS(xfs_pwrite(nf.a, bytes, sizeof(bytes), NOWAIT_FILE_BYTES), -EAGAIN);
	TEST_IS(xfs_fallocate(nf.a, XFS_FALLOC_KEEP_SIZE, 1u << 20, 8u << 20), -EAGAIN);
	test_delay_hold(nf.fs.dev, 0);
	after = nowait_snapshot();
	assert_string_equal(before, after);
	TEST_OK(xfs_set_nowait(nf.a, false));
	TEST_IS(xfs_fallocate(nf.a, XFS_FALLOC_KEEP_SIZE, 1u << 20, 8u << 20), -ENOSPC);
	free(before);
	free(after);
	end();
}

/* Without a journal the first change is one to the superblock. */
static void test_unjournalled(void **state)
{
	(void)state;
	make();
	nowait_close_handles();
	test_fs_close_and_check(&nf.fs);
	nf.fs.opts.flags = XFS_MOUNT_UNJOURNALLED;
	test_fs_open(&nf.fs);
	nowait_open_handles();
	test_delay_hold(nf.fs.dev, TEST_FAULT_WRITE | TEST_FAULT_FLUSH);
	assert_int_equal(run_nowait(op_named("mkdir")), -EAGAIN);
	test_delay_hold(nf.fs.dev, 0);
	TEST_OK(xfs_chmod(nf.fs.mp, "/r", 0700));
	test_delay_hold(nf.fs.dev, TEST_FAULT_WRITE | TEST_FAULT_FLUSH);
	TEST_OK(run_nowait(op_named("mkdir")));
	assert_int_equal(run_nowait(op_named("fsync")), -EAGAIN);
	assert_int_equal(run_nowait(op_named("sync")), -EAGAIN);
	test_delay_hold(nf.fs.dev, 0);
	TEST_OK(xfs_sync(nf.fs.mp));
	TEST_OK(run_nowait(op_named("fsync")));
	TEST_OK(run_nowait(op_named("sync")));
	end();
}
#endif

int main(void)
{
#ifdef XFSWRITE_THREADS
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cold_metadata), cmocka_unit_test(test_cold_data),
		cmocka_unit_test(test_beside_writeback), cmocka_unit_test(test_beside_flush),
		cmocka_unit_test(test_beside_read), cmocka_unit_test(test_dirty_limit),
		cmocka_unit_test(test_no_space), cmocka_unit_test(test_unjournalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	print_message("SKIP: built without threads\n");
	return 77;
#endif
}
