/* SPDX-License-Identifier: MIT */
/*
 * Goal: the statistics count what the kernel's count, each event once, and trace points tell the same.
 * Method: what was observed on a kernel - ten writes of a block and a sync - and calls of which it is
 *       known what they do; several threads at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/stats.h>
#include "support/test_fs.h"

static struct test_fs fs;
static struct xfs_stats before, now;
static uint8_t buf[1u << 20];
static char traces[65536];

static void trace(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	(void)ctx;
	(void)args;
	(void)nargs;
	if (strlen(traces) + strlen(name) + 2 < sizeof(traces))
		strcat(strcat(traces, name), " ");
}

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 64u << 20, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static void take(struct xfs_stats *stats)
{
	memset(stats, 0xff, sizeof(*stats));
	stats->size = sizeof(*stats);
	TEST_OK(xfs_get_stats(fs.mp, stats));
}

#define GREW(member)	(now.member - before.member)

static void test_ten_writes_and_a_sync(void **state)
{
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_sync(fs.mp));
	take(&before);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(xfs_pwrite(file, buf, 4096, i * 4096), 4096);
	TEST_OK(xfs_sync(fs.mp));
	take(&now);
	assert_int_equal(GREW(xs_write_calls), 10);
	assert_int_equal(GREW(xs_read_calls), 0);
	assert_int_equal(GREW(xs_xstrat_bytes), 40960);
	assert_int_equal(GREW(xs_write_bytes), 40960);
	assert_int_equal(GREW(xs_read_bytes), 0);
	assert_int_equal(GREW(xs_xstrat_quick), 1);
	assert_int_equal(GREW(xs_xstrat_split), 0);
	assert_int_equal(GREW(xs_blk_mapw), 11);
	assert_int_equal(GREW(xs_allocx), 1);
	assert_int_equal(GREW(xs_allocb), 10);
	assert_int_equal(GREW(prealloc_blocks), 0);
	TEST_OK(xfs_close(file));
}

static void test_calls_that_move_nothing(void **state)
{
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	take(&before);
	assert_int_equal(xfs_pwrite(file, buf, 0, 100), 0);
	assert_int_equal(xfs_pread(file, buf, 10, 100), 0);
	take(&now);
	assert_int_equal(GREW(xs_write_calls), 1);
	assert_int_equal(GREW(xs_write_bytes), 0);
	assert_int_equal(GREW(xs_read_calls), 1);
	assert_int_equal(GREW(xs_read_bytes), 0);
	assert_int_equal(GREW(xs_blk_mapw), 0);
	/* One that is refused is a call, and no bytes. */
	TEST_OK(xfs_ftruncate(file, 0x7fffffffffffffff));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_APPEND, 0, &file));
	take(&before);
	TEST_IS(xfs_pwrite(file, buf, 1, 0), -EFBIG);
	take(&now);
	assert_int_equal(GREW(xs_write_calls), 1);
	assert_int_equal(GREW(xs_write_bytes), 0);
	TEST_OK(xfs_ftruncate(file, 0));
	TEST_OK(xfs_close(file));
}

static void test_names_attributes_and_space(void **state)
{
	struct xfs_file *file;
	struct stat st;

	(void)state;
	take(&before);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_open(fs.mp, "/d/f", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_fsetxattr(file, "user.a", "1", 1, 0));
	TEST_OK(xfs_fgetxattr(file, "user.a", buf, 10));
	TEST_OK(xfs_fremovexattr(file, "user.a"));
	TEST_OK(xfs_chmod(fs.mp, "/d/f", 0600));
	assert_int_equal(xfs_pwrite(file, buf, 65536, 0), 65536);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 65536), 4096);
	assert_int_equal(xfs_pread(file, buf, 65536, 0), 65536);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_unlink(fs.mp, "/d/f"));
	TEST_OK(xfs_stat(fs.mp, "/d", &st));
	take(&now);
	assert_int_equal(GREW(xs_dir_create), 2);
	assert_int_equal(GREW(xs_dir_remove), 1);
	assert_true(GREW(xs_dir_lookup) >= 4);
	assert_true(GREW(xs_attr_set) >= 1 && GREW(xs_attr_get) >= 1 && GREW(xs_attr_remove) >= 1);
	assert_int_equal(GREW(xs_ig_attrchg), 1);
	assert_true(GREW(xs_ig_attempts) >= GREW(xs_ig_found) + GREW(xs_ig_missed));
	assert_int_equal(GREW(xs_read_bytes), 65536);
	assert_int_equal(GREW(prealloc_blocks), 31);
	/* What was given ahead was given back before it became blocks. */
	assert_int_equal(GREW(xs_xstrat_bytes), 69632);
	assert_true(GREW(xs_allocb) >= 17 && GREW(xs_freeb) >= 17);
	assert_true(GREW(xs_trans_async) >= 6);
	assert_int_equal(GREW(xs_trans_sync), 0);
}

static void test_a_retry_is_told(void **state)
{
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = trace;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	for (uint64_t pos = 0; xfs_pwrite(file, buf, sizeof(buf), pos) == sizeof(buf); )
		pos += sizeof(buf);
	take(&before);
	traces[0] = 0;
	TEST_IS(xfs_pwrite(file, buf, sizeof(buf), 1ull << 40), -ENOSPC);
	take(&now);
	assert_int_equal(GREW(retries), 1);
	assert_int_equal(GREW(blockgc_scans), 1);
	assert_int_equal(GREW(xs_write_calls), 1);
	/* Two tries, of which each is told; between them all that can be had is freed. */
	assert_non_null(strstr(traces, "xfs_file_buffered_write "));
	assert_non_null(strstr(traces, "xfs_blockgc_free_space "));
	assert_non_null(strstr(strstr(traces, "xfs_blockgc_free_space "), "xfs_inodegc_flush "));
	assert_non_null(strstr(strstr(traces, "xfs_blockgc_free_space "), "xfs_file_buffered_write "));
	fs.env.trace = NULL;
	TEST_OK(xfs_ftruncate(file, 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
}

/* The way of a write through the library, in the kernel's names. */
static void test_trace_points(void **state)
{
	static const char *const names[] = {
		"xfs_file_buffered_write ", "xfs_iomap_alloc ", "xfs_iomap_prealloc_size ",
		"xfs_inode_set_eofblocks_tag ", "xfs_iomap_found ", "xfs_zero_eof ", "xfs_map_blocks_alloc ",
		"xfs_alloc_vextent ", "xfs_setfilesize ", "xfs_file_fsync ", "xfs_map_blocks_found ",
		"xfs_unwritten_convert ",
	};
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = trace;
	traces[0] = 0;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	assert_int_equal(xfs_pwrite(file, buf, 65536, 0), 65536);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 65536), 4096);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 65536), 4096);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(xfs_pwrite(file, buf, 4096, 0), 4096);
	assert_int_equal(xfs_pwrite(file, buf, 4096, 17 << 12), 4096);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(xfs_pwrite(file, buf, 10, 1u << 20), 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strstr(traces, names[i]))
			fail_msg("no trace of %s", names[i]);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.trace = NULL;
	test_fs_open(&fs);
}

static void test_who_asks_wrongly(void **state)
{
	struct { struct xfs_stats stats; uint64_t later; } longer = {
		.stats.size = sizeof(longer), .later = 7,
	};

	(void)state;
	TEST_IS(xfs_get_stats(NULL, &now), -EINVAL);
	TEST_IS(xfs_get_stats(fs.mp, NULL), -EINVAL);
	now.size = 3;
	TEST_IS(xfs_get_stats(fs.mp, &now), -EINVAL);
	/* One who knows more than the library gets zeros for it. */
	TEST_OK(xfs_get_stats(fs.mp, &longer.stats));
	assert_int_equal(longer.later, 0);
}

#define THREADS	4
#define CALLS	500

static void *worker(void *arg)
{
	char path[32];
	struct xfs_file *file;

	snprintf(path, sizeof(path), "/t%d", *(int *)arg);
	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	for (uint64_t i = 0; i < CALLS; i++) {
		TEST_OK(xfs_pwrite(file, buf, 100, i * 100));
		TEST_OK(xfs_pread(file, (uint8_t[100]){ 0 }, 100, i * 100));
	}
	TEST_OK(xfs_close(file));
	return NULL;
}

static void test_threads_count_together(void **state)
{
	pthread_t thread[THREADS];
	int number[THREADS];

	(void)state;
	if (!xfs_library_has("threads"))
		return;
	take(&before);
	for (int i = 0; i < THREADS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, worker, &number[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	take(&now);
	assert_int_equal(GREW(xs_write_calls), THREADS * CALLS);
	assert_int_equal(GREW(xs_read_calls), THREADS * CALLS);
	assert_int_equal(GREW(xs_write_bytes), THREADS * CALLS * 100);
	assert_int_equal(GREW(xs_read_bytes), THREADS * CALLS * 100);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_ten_writes_and_a_sync),
		T(test_calls_that_move_nothing),
		T(test_names_attributes_and_space),
		T(test_a_retry_is_told),
		T(test_trace_points),
		T(test_who_asks_wrongly),
		T(test_threads_count_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
