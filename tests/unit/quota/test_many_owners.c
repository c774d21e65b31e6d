/* SPDX-License-Identifier: MIT */
/*
 * Goal: what many owners use is counted exactly within 4 MiB of memory, whatever the order of their ids:
 *       the files of records, in which then each block is an extent of its own, may have maps that
 *       are larger than memory.
 * Method: each file belongs to a user, a group and a project of its own, whose ids lie all over their
 *       range; then all records are read, of another mount too, and each must be that of one file;
 *       the checker counts for itself.  The arguments: the number of owners
 *       (unit_quota_many_owners_slow: a million), and a file to put the image into, so that the
 *       memory of the process is the library's.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/quota.h>
#include "core/mount.h"
#include "support/test_fs.h"

#define ALL		(XFS_QUOTA_USER | XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT)
#define MEMORY		(4u << 20)
#define FILES_IN_DIR	1000u
#define SCATTER		2654435761u	/* odd: what it multiplies stays different */

static uint32_t owners = 5000;
static const char *image;
static struct test_fs fs;

static uint32_t id_of(uint32_t i)
{
	return (i + 1) * SCATTER;
}

/* The number whose id it is: by the inverse of the factor. */
static uint32_t number_of(uint32_t id)
{
	uint32_t inverse = 1;

	for (unsigned int i = 0; i < 5; i++)
		inverse *= 2 - SCATTER * inverse;
	return id * inverse - 1;
}

static void tell(const char *what, const struct timespec *began)
{
	struct timespec now;
	struct rusage use;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &use);
	printf("%u owners %s: %.1f s, at most %ld KiB resident\n", owners, what,
	       (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) * 1e-9,
	       use.ru_maxrss);
}

static void make_files(void)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *dir = NULL;
	char name[64];

	iattr.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID;
	iattr.mode = 0100644;
	for (uint32_t i = 0; i < owners; i++) {
		if (i % FILES_IN_DIR == 0) {
			snprintf(name, sizeof(name), "/d%u", i / FILES_IN_DIR);
			TEST_OK(xfs_mkdir(fs.mp, name, 0755));
			if (dir)
				TEST_OK(xfs_close(dir));
			TEST_OK(xfs_open(fs.mp, name, O_RDONLY | O_DIRECTORY, 0, &dir));
		}
		snprintf(name, sizeof(name), "%u", i);
		iattr.uid = id_of(i);
		iattr.gid = id_of(i) ^ 0x5555u;
		iattr.projid = id_of(i) ^ 0xaaaau;
		TEST_OK(xfs_createat(dir, name, &iattr, NULL, NULL));
	}
	TEST_OK(xfs_close(dir));
}

static void check_records(uint32_t type, uint32_t flip)
{
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	uint64_t from = 0;
	uint32_t found = 0;
	int more;

	while ((more = xfs_quota_next(fs.mp, type, &from, &info)) == 1) {
		if (info.id == 0)
			continue;
		assert_true(info.flags & XFS_QUOTA_INFO_EXACT);
		assert_true(number_of(info.id ^ flip) < owners);
		assert_int_equal(info.inodes, 1);
		assert_int_equal(info.space_bytes, 0);
		found++;
	}
	assert_int_equal(more, 0);
	assert_int_equal(found, owners);
}

static void check_all(void)
{
	check_records(XFS_QUOTA_USER, 0);
	check_records(XFS_QUOTA_GROUP, 0x5555u);
	check_records(XFS_QUOTA_PROJECT, 0xaaaau);
}

static void make_volume(void)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = 1024 };
	uint64_t bytes = (128ull << 20) + owners * 8192ull;

	if (image) {
		struct xfs_device *dev;

		TEST_OK(xfs_device_open_file(image, XFS_DEV_CREATE | XFS_DEV_TRUNCATE, bytes, &dev));
		test_fs_make_on(&fs, dev, &mkfs);
	} else {
		test_fs_make(&fs, bytes, &mkfs);
	}
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	fs.opts.memory_limit_bytes = MEMORY;
	test_fs_open(&fs);
}

static void test_ids_in_no_order(void **state)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	struct timespec began;

	(void)state;
	make_volume();
	on.types = ALL;
	TEST_OK(xfs_quota_on(fs.mp, &on));
	clock_gettime(CLOCK_MONOTONIC, &began);
	make_files();
	TEST_OK(xfs_sync(fs.mp));
	tell("counted", &began);
	check_all();
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	check_all();
	tell("and read", &began);
	test_fs_end(&fs);
	if (image)
		unlink(image);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_in_no_order),
	};

	if (argc > 1)
		owners = (uint32_t)strtoul(argv[1], NULL, 0);
	if (argc > 2)
		image = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
