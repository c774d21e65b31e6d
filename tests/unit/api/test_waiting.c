/* SPDX-License-Identifier: MIT */
/*
 * Goal: a thread that waits for the device holds up nobody who does not need the same thing: while it
 *       reads metadata or data, writes data back, writes a checkpoint or flushes, others look up paths, read what is in
 *       memory, write to memory and make files in another directory.
 * Method: a device that holds its reads, writes or flushes until the test lets them go.  One thread is
 *       sent into it; when the device has it, another one does its work and has to come to an end
 *       while the device still holds the first.  The bound is for failures alone, and generous.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "support/test_device.h"
#include "support/test_fs.h"

#ifdef XFSWRITE_THREADS
#define IMAGE_BYTES	(256ull << 20)
#define FILE_BYTES	(1u << 20)
#define BOUND_SECONDS	60

static struct test_fs fs;
static char bytes[FILE_BYTES];
static bool finished;	/* (a) who must not be held up came to his end */

static void make_file(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
	assert_int_equal(TEST_OK(xfs_pwrite(file, bytes, FILE_BYTES, 0)), FILE_BYTES);
	TEST_OK(xfs_close(file));
}

static int begin(void **state)
{
	/* Directories go round the AGs: what one needs lies apart from what the other one does. */
	const struct xfs_mkfs_options format = { .size = sizeof(format), .agcount = 4 };
	struct xfs_device *memory, *delay;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *file;
	char block[4096];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	TEST_OK(xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &memory));
	TEST_OK(test_delay_open(memory, 0, &delay));
	xfs_device_put(memory);
	test_fs_make_on(&fs, delay, &format);
	/* The first one stands beside the root, whose cluster is read at open. */
	TEST_OK(xfs_mkdir(fs.mp, "/beside", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/slow", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/fast", 0755));
	make_file("/slow/file");
	make_file("/fast/file");
	test_fs_close_and_check(&fs);
	/* Nothing of /slow is in memory, and all that the work in /fast needs. */
	fs.opts.flags = 0;
	test_fs_open(&fs);
	TEST_OK(xfs_getattr(fs.mp, "/fast/file", true, &st));
	TEST_OK(xfs_open(fs.mp, "/fast/file", O_RDWR, 0, &file));
	for (uint64_t pos = 0; pos < FILE_BYTES; pos += sizeof(block))
		TEST_OK(xfs_pread(file, block, sizeof(block), pos));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/fast/first", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
	__atomic_store_n(&finished, false, __ATOMIC_RELEASE);
	return 0;
}

static int end(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

/* What only touches memory. */
static void *fast_thread(void *arg)
{
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *file;
	char block[4096];

	(void)arg;
	TEST_OK(xfs_getattr(fs.mp, "/fast/file", true, &st));
	assert_int_equal(st.size_bytes, FILE_BYTES);
	TEST_OK(xfs_open(fs.mp, "/fast/file", O_RDWR, 0, &file));
	TEST_OK(xfs_pread(file, block, sizeof(block), 8192));
	assert_int_equal(block[0], 'x');
	TEST_OK(xfs_pwrite(file, block, sizeof(block), 16384));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/fast/second", O_CREAT | O_EXCL | O_RDWR, 0644, &file));
	TEST_OK(xfs_pwrite(file, block, sizeof(block), 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_rename(fs.mp, "/fast/second", "/fast/third"));
	TEST_OK(xfs_unlink(fs.mp, "/fast/first"));
	__atomic_store_n(&finished, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *stat_slow(void *arg)
{
	struct xfs_stat st = XFS_STAT_INIT;

	(void)arg;
	TEST_OK(xfs_getattr(fs.mp, "/slow/file", true, &st));
	return NULL;
}

static void *read_slow(void *arg)
{
	struct xfs_file *file = arg;
	char block[4096];

	TEST_OK(xfs_pread(file, block, sizeof(block), 0));
	return NULL;
}

static void *fsync_slow(void *arg)
{
	TEST_OK(xfs_fsync(arg));
	return NULL;
}

/* Until a checkpoint is written, and the device has its thread. */
static void *create_slow(void *arg)
{
	struct xfs_file *file;
	char path[32];

	(void)arg;
	for (unsigned int i = 0; !__atomic_load_n(&finished, __ATOMIC_ACQUIRE); i++) {
		snprintf(path, sizeof(path), "/slow/%u", i);
		TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_EXCL | O_RDWR, 0644, &file));
		TEST_OK(xfs_close(file));
	}
	return NULL;
}

static void nap(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	nanosleep(&moment, NULL);
}

/* @slow waits in the device for one of @ops while the other thread works. */
static void work_beside(unsigned int ops, void *(*slow)(void *arg), void *arg)
{
	pthread_t waiting, working;
	time_t until;
	bool done;

	test_delay_hold(fs.dev, ops);
	assert_int_equal(pthread_create(&waiting, NULL, slow, arg), 0);
	until = time(NULL) + BOUND_SECONDS;
	while (!test_delay_held(fs.dev) && time(NULL) < until)
		nap();
	assert_int_equal(test_delay_held(fs.dev), 1);
	assert_int_equal(pthread_create(&working, NULL, fast_thread, NULL), 0);
	while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE) && time(NULL) < until)
		nap();
	done = __atomic_load_n(&finished, __ATOMIC_ACQUIRE);
	if (done)
		assert_int_equal(test_delay_held(fs.dev), 1);
	test_delay_hold(fs.dev, 0);
	assert_int_equal(pthread_join(working, NULL), 0);
	assert_int_equal(pthread_join(waiting, NULL), 0);
	assert_true(done);
}

static void test_beside_metadata_read(void **state)
{
	(void)state;
	work_beside(TEST_FAULT_READ, stat_slow, NULL);
}

static void test_beside_data_read(void **state)
{
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/slow/file", O_RDONLY, 0, &file));
	work_beside(TEST_FAULT_READ, read_slow, file);
	TEST_OK(xfs_close(file));
}

static struct xfs_file *open_dirty(void)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/slow/dirty", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_pwrite(file, bytes, FILE_BYTES, 0));
	return file;
}

static void test_beside_writeback(void **state)
{
	struct xfs_file *file = open_dirty();

	(void)state;
	work_beside(TEST_FAULT_WRITE, fsync_slow, file);
	TEST_OK(xfs_close(file));
}

static void test_beside_flush(void **state)
{
	struct xfs_file *file = open_dirty();

	(void)state;
	work_beside(TEST_FAULT_FLUSH, fsync_slow, file);
	TEST_OK(xfs_close(file));
}
/* Who comes when much has been changed writes the checkpoint; there is room for others meanwhile. */
static void test_beside_a_full_checkpoint(void **state)
{
	(void)state;
	work_beside(TEST_FAULT_WRITE, create_slow, NULL);
}
#endif

int main(void)
{
#ifdef XFSWRITE_THREADS
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_beside_metadata_read, begin, end),
		cmocka_unit_test_setup_teardown(test_beside_data_read, begin, end),
		cmocka_unit_test_setup_teardown(test_beside_writeback, begin, end),
		cmocka_unit_test_setup_teardown(test_beside_flush, begin, end),
		cmocka_unit_test_setup_teardown(test_beside_a_full_checkpoint, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	print_message("SKIP: built without threads\n");
	return 77;
#endif
}
