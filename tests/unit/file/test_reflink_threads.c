/* SPDX-License-Identifier: MIT */
/*
 * Goal: while blocks are being shared, others may read the source, write to neither file, and find all
 *       locks free when it is done.
 * Method: a trace point in the middle of it lets another thread try, by calls that do not wait.
 */
#ifdef XFSWRITE_THREADS
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/nowait.h>
#include <xfswrite/reflink.h>
#include "support/test_fs.h"

#define B	4096u
#define SIZE	(64 * B)

static struct test_fs fs;
static uint8_t want[SIZE];

/* A new file of bytes that differ from block to block. */
static struct xfs_file *make_file(const char *path, uint8_t seed)
{
	struct xfs_file *file;

	for (size_t i = 0; i < SIZE; i++)
		want[i] = (uint8_t)(seed + i / B * 7 + i % 251);
	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT | O_TRUNC, 0644, &file));
	assert_int_equal(xfs_pwrite(file, want, SIZE, 0), SIZE);
	return file;
}

/* What another thread meets while blocks are being shared. */
struct meanwhile {
	struct xfs_file *src, *dst;
	char byte;
	ssize_t read_src, write_src, read_dst;
	unsigned int times;
};

/* The clock has the context of the environment. */
static struct meanwhile m;

static void *other_thread(void *arg)
{
	xfs_thread_nowait(true);
	m.read_src = xfs_pread(m.src, &m.byte, 1, 0);
	m.write_src = xfs_pwrite(m.src, "!", 1, 0);
	m.read_dst = xfs_pread(m.dst, &(char){ 0 }, 1, 0);
	xfs_thread_nowait(false);
	return arg;
}

static void while_sharing(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	pthread_t thread;

	(void)ctx;
	(void)args;
	(void)nargs;
	if (strcmp(name, "xfs_reflink_remap_range"))
		return;
	m.times++;
	assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_the_source_can_be_read_meanwhile(void **state)
{
	(void)state;
	m = (struct meanwhile){ .times = 0 };
	test_fs_make(&fs, 128u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = while_sharing;
	test_fs_open(&fs);
	m.dst = make_file("/dst", 'd');
	m.src = make_file("/src", 's');
	for (unsigned int dedupe = 0; dedupe < 2; dedupe++) {
		TEST_OK(dedupe ? xfs_dedupe_range(m.src, 0, m.dst, 0, SIZE)
			       : xfs_clone_range(m.src, 0, m.dst, 0, SIZE));
		assert_int_equal(m.times, dedupe + 1);
		assert_int_equal(m.read_src, 1);
		assert_int_equal(m.byte, want[0]);
		assert_int_equal(m.write_src, -EAGAIN);
		assert_int_equal(m.read_dst, -EAGAIN);
		/* All locks are free again. */
		assert_int_equal(xfs_pwrite(m.src, want, SIZE, 0), SIZE);
		assert_int_equal(xfs_pwrite(m.dst, want, SIZE, 0), SIZE);
	}
	/* One file is locked once, and stays so. */
	TEST_OK(xfs_clone_range(m.src, 0, m.src, SIZE, 32 * B));
	assert_int_equal(m.read_src, -EAGAIN);
	TEST_OK(xfs_close(m.src));
	TEST_OK(xfs_close(m.dst));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_source_can_be_read_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	return 77;
}
#endif
