/* SPDX-License-Identifier: MIT */
/*
 * Goal: the library says its version and what it can do; the trace hook is called in every build; a
 *       library without threads refuses a second thread instead of hanging or going on.
 * Method: one small volume; for the last a device's read in which another thread tries a call.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static void test_version_and_features(void **state)
{
	(void)state;
	assert_string_equal(xfs_library_version(), XFSWRITE_VERSION);
#ifdef XFSWRITE_THREADS
	assert_true(xfs_library_has("threads"));
#else
	assert_false(xfs_library_has("threads"));
#endif
#ifdef XFSWRITE_DEBUG
	assert_true(xfs_library_has("debug"));
#else
	assert_false(xfs_library_has("debug"));
#endif
	assert_false(xfs_library_has("no such feature"));
	assert_false(xfs_library_has(NULL));
}

static unsigned int traced;

static void count_trace(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	(void)ctx;
	assert_non_null(name);
	assert_true(nargs == 0 || args);
	traced++;
}

static void test_trace_hook(void **state)
{
	struct test_fs fs;
	struct xfs_file *file;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = count_trace;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	assert_true(traced > 0);
	test_fs_end(&fs);
}

/* While a call is in the clock hook, another thread comes. */
static struct test_fs busy;
static int answer;

static void *come_too(void *arg)
{
	struct stat st;

	(void)arg;
	answer = xfs_stat(busy.mp, "/", &st);
	return NULL;
}

static bool armed;

static void clock_with_visitor(void *ctx, struct xfs_timespec *now)
{
	pthread_t thread;

	(void)ctx;
	*now = (struct xfs_timespec){ .tv_sec = 1000 };
	if (!armed)
		return;
	armed = false;
	assert_int_equal(pthread_create(&thread, NULL, come_too, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_second_thread(void **state)
{
	(void)state;
	if (xfs_library_has("threads"))
		skip();
	test_fs_make(&busy, MIB(128), NULL);
	TEST_OK(xfs_unmount(busy.mp));
	busy.env.clock = clock_with_visitor;
	test_fs_open(&busy);
	armed = true;
	answer = 1;
	TEST_OK(xfs_mkdir(busy.mp, "/d", 0755));
	assert_false(armed);
	assert_int_equal(answer, -EBUSY);
	/* When nobody is inside, any thread may come. */
	come_too(NULL);
	assert_int_equal(answer, 0);
	test_fs_end(&busy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_and_features),
		cmocka_unit_test(test_trace_hook),
		cmocka_unit_test(test_second_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
