/* SPDX-License-Identifier: MIT */
/*
 * Goal: a superblock that claims 20 million allocation groups costs neither memory nor time: a
 * reader needs what it touches, a writer and the checker stop where the groups end.
 * Method: the claim with a right checksum on a device that is one large hole, and an allocator that
 * counts.  Groups that the device cannot hold are refused.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include <fcntl.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "disk/sb.h"
#include "support/objects.h"
#include "support/test_fs.h"

#define NAGS	20000000u
#define MIB	(1ull << 20)

static uint64_t used, peak;

static void *count(void *p)
{
	used += p ? malloc_usable_size(p) : 0;
	peak = XFS_MAX(peak, used);
	return p;
}

static void *take(void *ctx, size_t size)
{
	(void)ctx;
	return count(malloc(size));
}

static void give(void *ctx, void *p)
{
	(void)ctx;
	used -= p ? malloc_usable_size(p) : 0;
	free(p);
}

static void *more(void *ctx, void *p, size_t size)
{
	(void)ctx;
	used -= p ? malloc_usable_size(p) : 0;
	return count(realloc(p, size));
}

static const struct xfs_env env = {
	.size = sizeof(env), .mem_alloc = take, .mem_realloc = more, .mem_free = give,
};

/* A superblock that says there are NAGS groups, and a device that is @large_enough for them. */
static struct xfs_device *huge(bool large_enough)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .agcount = 2, .data_size = 64 * MIB,
		.flags = XFS_MKFS_SMALL | XFS_MKFS_FORCE,
	};
	union {
		struct xfs_dsb dsb;
		uint8_t bytes[512];
	} u;
	struct xfs_device *dev;
	struct xfs_mount *mp;

	TEST_OK(xfs_device_open_memory(large_enough ? NAGS * 32 * MIB : 64 * MIB, 512, NULL, &dev));
	TEST_OK(xfs_mkfs(dev, NULL, &mkfs, NULL));
	TEST_OK(xfs_mount(dev, NULL, &mp));
	TEST_OK(xfs_mkdir(mp, "/dir", 0755));
	TEST_OK(xfs_unmount(mp));
	TEST_OK(xfs_device_pread(dev, 0, &u, sizeof(u)));
	u.dsb.sb_agcount = cpu_to_be32(NAGS);
	u.dsb.sb_dblocks = cpu_to_be64((uint64_t)NAGS * be32_to_cpu(u.dsb.sb_agblocks));
	xfs_cksum_set(&u, sizeof(u), XFS_SB_CRC_OFF);
	TEST_OK(xfs_device_pwrite(dev, 0, &u, sizeof(u), 0));
	used = peak = 0;
	return dev;
}

static void test_reader(void **state)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY, .env = &env,
	};
	struct xfs_device *dev = huge(true);
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_mount *mp;
	struct xfs_file *file;
	struct stat st;

	(void)state;
	TEST_OK(xfs_mount(dev, &opts, &mp));
	TEST_OK(xfs_info(mp, &info));
	assert_int_equal(info.ag_count, NAGS);
	TEST_OK(xfs_lstat(mp, "/dir", &st));
	/* By its number: that asks the tree of its group. */
	TEST_OK(xfs_open_by_ino(mp, st.st_ino, 0, O_RDONLY, &file));
	TEST_OK(xfs_close(file));
	/* A number in a group that is a hole. */
	assert_true(xfs_open_by_ino(mp, st.st_ino + ((uint64_t)1 << 40), 0, O_RDONLY, &file) < 0);
	TEST_OK(xfs_unmount(mp));
	xfs_device_put(dev);
	assert_true(peak < 16 * MIB);
	assert_int_equal(used, 0);
}

static void test_writer(void **state)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .env = &env };
	struct xfs_device *dev = huge(true);
	struct xfs_mount *mp;
	int error;

	(void)state;
	error = xfs_mount(dev, &opts, &mp);
	assert_true(error == -EUCLEAN || error == -EBADMSG);
	assert_non_null(strstr(xfs_error_text(NULL), "AGF"));
	xfs_device_put(dev);
	assert_true(peak < 32 * MIB);
	assert_int_equal(used, 0);
}

/* Neither asks for gigabytes: a writer's claim is held against the device first. */
static void test_least_memory(void **state)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .env = &env };
	struct xfs_device *dev = huge(true);
	struct xfs_mount *mp;
	uint64_t bytes;
	struct stat st;

	(void)state;
	assert_int_equal(xfs_memory_minimum(dev, &opts, &bytes), -EUCLEAN);
	assert_non_null(strstr(xfs_error_text(NULL), "AGF"));
	assert_int_equal(bytes, 0);
	opts.memory_limit_bytes = 16 * MIB;
	assert_int_equal(xfs_mount(dev, &opts, &mp), -EUCLEAN);

	opts.flags = XFS_MOUNT_RDONLY;
	TEST_OK(xfs_memory_minimum(dev, &opts, &bytes));
	assert_in_range(bytes, MIB, 8 * MIB);
	opts.memory_limit_bytes = bytes;
	TEST_OK(xfs_mount(dev, &opts, &mp));
	TEST_OK(xfs_lstat(mp, "/dir", &st));
	TEST_OK(xfs_unmount(mp));
	xfs_device_put(dev);
	assert_true(peak < 16 * MIB);
	assert_int_equal(used, 0);
}

static void test_checker(void **state)
{
	struct xfs_check_options opts = { .size = sizeof(opts), .env = &env };
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct xfs_device *dev = huge(true);

	(void)state;
	TEST_OK(xfs_check(dev, NULL, &opts, &sum));
	assert_true(sum.findings > 0 && sum.findings < 100);
	xfs_device_put(dev);
	assert_true(peak < 16 * MIB);
	assert_int_equal(used, 0);
}

static void test_what_the_device_cannot_hold(void **state)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY, .env = &env,
	};
	struct xfs_device *dev = huge(false);
	struct xfs_mount *mp;

	(void)state;
	assert_int_equal(xfs_mount(dev, &opts, &mp), -EINVAL);
	assert_non_null(strstr(xfs_error_text(NULL), "the file system needs"));
	assert_true(peak < 16 * MIB);
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_least_memory),
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_what_the_device_cannot_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
