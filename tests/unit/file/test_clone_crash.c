/* SPDX-License-Identifier: MIT */
/*
 * Goal: cloning a file of very many extents may be interrupted at any moment: what is found is a
 *       beginning of it that is shared, and behind that what the destination had; both files and
 *       the volume are consistent, and the clone can be made again to its end.  Within 16 MiB of
 *       memory and the smallest log.
 * Method: a recording device, cut at moments over the whole length; each volume is recovered,
 *       read, checked, cloned again, checked again.  The argument is the number of extents (ctest's
 *       unit_file_clone_crash_slow: a million); XFSWRITE_SAVE_IMAGE and XFSWRITE_REPAIR in the
 *       environment: another judge for each volume.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <xfswrite/reflink.h>
#include <xfswrite/stats.h>
#include "base/compiler.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define BLOCK		1024u
#define MOMENTS		8u
#define OLD_BLOCKS	64u	/* of the destination, before */
#define MEMORY		(16u << 20)

static struct test_fs fs;
static uint64_t extents = 6000;

static struct xfs_mount_options limited(void)
{
	struct xfs_mount_options opts = fs.opts;

	opts.flags = 0;
	opts.memory_limit_bytes = MEMORY;
	return opts;
}

/* Block @i of the source stands at every other one; each begins with its number. */
static uint64_t at(uint64_t i)
{
	return 2 * i * BLOCK;
}

static void fill(void)
{
	uint64_t block[BLOCK / 8];
	struct xfs_file *f;

	memset(block, 's', sizeof(block));
	TEST_OK(xfs_open(fs.mp, "/src", O_RDWR | O_CREAT, 0644, &f));
	for (uint64_t i = 0; i < extents; i++) {
		block[0] = i;
		TEST_IS(xfs_pwrite(f, block, BLOCK, at(i)), BLOCK);
	}
	TEST_OK(xfs_close(f));
	memset(block, 'd', sizeof(block));
	TEST_OK(xfs_open(fs.mp, "/dst", O_RDWR | O_CREAT, 0644, &f));
	for (uint64_t i = 0; i < OLD_BLOCKS; i++)
		TEST_IS(xfs_pwrite(f, block, BLOCK, i * BLOCK), BLOCK);
	TEST_OK(xfs_close(f));
}

static bool is_source(struct xfs_file *f, uint64_t i)
{
	uint64_t got[2] = { ~0ull, 0 };
	char want[8];

	memset(want, 's', sizeof(want));
	TEST_OK(xfs_pread(f, got, sizeof(got), at(i)));
	return got[0] == i && !memcmp(&got[1], want, sizeof(want));
}

/* What of the source is in @dst: a beginning, and nothing behind it. */
static uint64_t beginning(struct xfs_mount *mp)
{
	uint64_t step = extents > 100000 ? 97 : 1, n = 0;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *src, *dst;
	bool whole = true;

	TEST_OK(xfs_open(mp, "/src", O_RDONLY, 0, &src));
	TEST_OK(xfs_open(mp, "/dst", O_RDONLY, 0, &dst));
	TEST_OK(xfs_fgetattr(dst, &st));
	for (uint64_t i = 0; i < extents; i += step) {
		assert_true(is_source(src, i));
		if (!is_source(dst, i)) {
			whole = false;
			continue;
		}
		assert_true(whole);
		n = i + 1;
	}
	/* The size follows what is shared. */
	assert_true(st.size_bytes >= (n ? at(n - 1) + BLOCK : OLD_BLOCKS * BLOCK) ||
		    (n && at(n - 1) + BLOCK < OLD_BLOCKS * BLOCK));
	assert_true(st.size_bytes <= at(extents - 1) + BLOCK);
	/* Behind it is what was there, or a hole. */
	for (uint64_t off = (n ? at(n - 1) + 3 * BLOCK : BLOCK); step == 1 && off < st.size_bytes;
	     off += BLOCK) {
		char byte = 1;

		TEST_OK(xfs_pread(dst, &byte, 1, off));
		assert_int_equal(byte, off < OLD_BLOCKS * BLOCK ? 'd' : 0);
	}
	TEST_OK(xfs_close(src));
	TEST_OK(xfs_close(dst));
	return n;
}

static void clone_it(struct xfs_mount *mp)
{
	struct xfs_file *src, *dst;

	TEST_OK(xfs_open(mp, "/src", O_RDONLY, 0, &src));
	TEST_OK(xfs_open(mp, "/dst", O_RDWR, 0, &dst));
	TEST_OK(xfs_clone_range(src, 0, dst, 0, 0));
	TEST_OK(xfs_fsync(dst));
	TEST_OK(xfs_close(src));
	TEST_OK(xfs_close(dst));
}

static void judge(struct xfs_device *image)
{
	const char *repair = getenv("XFSWRITE_REPAIR"), *path = getenv("XFSWRITE_SAVE_IMAGE");
	char command[1024];

	assert_int_equal(test_fs_check(image, 0), 0);
	if (!repair || !path)
		return;
	TEST_OK(test_device_save(image, path));
	snprintf(command, sizeof(command), "%s %s >%s.log 2>&1", repair, path, path);
	assert_int_equal(system(command), 0);
}

/* A power loss after @nr events; how far the clone had come. */
static uint64_t interrupt(struct xfs_device *start, struct xfs_device *recorder, uint32_t nr,
			  struct xfs_rand *r)
{
	struct xfs_mount_options opts = limited();
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_device *image;
	struct xfs_mount *mp;
	uint64_t n;

	TEST_OK(xfs_device_open_overlay(start, NULL, &image));
	TEST_OK(test_recorder_crash(recorder, nr, r, image));
	TEST_OK(xfs_mount(image, &opts, &mp));
	n = beginning(mp);
	TEST_OK(xfs_unmount(mp));
	judge(image);
	TEST_OK(xfs_mount(image, &opts, &mp));
	clone_it(mp);
	assert_int_equal(beginning(mp), extents > 100000 ? (extents - 1) / 97 * 97 + 1 : extents);
	TEST_OK(xfs_getattr(mp, "/dst", true, &st));
	assert_int_equal(st.nextents, extents);
	TEST_OK(xfs_unmount(mp));
	judge(image);
	xfs_device_put(image);
	return n;
}

static void test_an_interrupted_clone_is_a_beginning(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = BLOCK };
	struct xfs_stats stats = XFS_STATS_INIT;
	struct xfs_device *start, *work, *recorder;
	struct xfs_mount_options opts;
	struct xfs_rand r = test_rand(1);
	uint64_t n, last = 0;
	uint32_t first, end, between = 0;
	struct xfs_mount *mp;
	struct timespec began, ended;

	(void)state;
	test_fs_make(&fs, (64ull << 20) + 3 * extents * BLOCK, &mkfs);
	fill();
	TEST_OK(xfs_unmount(fs.mp));
	start = fs.dev;
	opts = limited();
	TEST_OK(xfs_device_open_overlay(start, NULL, &work));
	TEST_OK(test_recorder_open(work, &recorder));
	TEST_OK(xfs_mount(recorder, &opts, &mp));
	first = test_recorder_events(recorder);
	clock_gettime(CLOCK_MONOTONIC, &began);
	clone_it(mp);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	end = test_recorder_events(recorder);
	TEST_OK(xfs_get_stats(mp, &stats));
	printf("%" PRIu64 " extents cloned in %.2f s, %" PRIu64 " checkpoints\n", extents,
	       (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) * 1e-9,
	       stats.xs_log_writes);
	xfs_abandon(mp);
	for (uint32_t i = 0; i <= MOMENTS; i++) {
		n = interrupt(start, recorder, first + (uint32_t)((uint64_t)(end - first) * i / MOMENTS),
			      &r);
		printf("moment %u: %" PRIu64 "\n", i, n);
		assert_true(n >= last);
		last = n;
		between += n > 0 && n < extents - 100;
	}
	/* In the middle of it, or this shows nothing. */
	assert_true(between >= 2);
	xfs_device_put(recorder);
	xfs_device_put(work);
	test_fs_open(&fs);
	test_fs_end(&fs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_interrupted_clone_is_a_beginning),
	};

	if (argc > 1)
		extents = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
