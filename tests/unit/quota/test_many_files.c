/* SPDX-License-Identifier: MIT */
/*
 * Goal: files that share blocks are made and removed by many owners, and each owner's counts are exact
 *       all the way: every clone is charged in full, and in the end nobody has anything.
 * Method: COUNT clones of one file, in directories of 1000, owned by 500 users and 7 groups in turn;
 *       the counts of all of them are computed and compared when all are there, after half of them were
 *       removed, and after the rest was.  test_many_files [COUNT]; a million with the label slow.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include "support/test_fs.h"

#define B		4096u
#define BLOCKS		4u
#define USERS		500u
#define GROUPS		7u
#define PER_DIRECTORY	1000u

static unsigned int count = 2000;
static struct test_fs fs;

static const char *path_of(unsigned int i)
{
	static char path[64];

	snprintf(path, sizeof(path), "/d%u/%u", i / PER_DIRECTORY, i);
	return path;
}

static void make(struct xfs_file *source, unsigned int i)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *file;

	if (i % PER_DIRECTORY == 0) {
		char path[32];

		snprintf(path, sizeof(path), "/d%u", i / PER_DIRECTORY);
		TEST_OK(xfs_mkdir(fs.mp, path, 0755));
	}
	TEST_OK(xfs_open(fs.mp, path_of(i), O_CREAT | O_RDWR, 0644, &file));
	iattr.valid = XFS_ATTR_UID | XFS_ATTR_GID;
	iattr.uid = 1000 + i % USERS;
	iattr.gid = 5000 + i % GROUPS;
	TEST_OK(xfs_fsetattr(file, &iattr));
	TEST_OK(xfs_clone_range(source, 0, file, 0, 0));
	TEST_OK(xfs_close(file));
}

static void expect(uint32_t type, uint32_t first_id, unsigned int owners, unsigned int from)
{
	for (unsigned int o = 0; o < owners; o++) {
		struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
		uint64_t files = count > o ? (count - o - 1) / owners + 1 : 0;

		files -= from > o ? (from - o - 1) / owners + 1 : 0;
		TEST_OK(xfs_quota_get(fs.mp, type, first_id + o, &info));
		assert_true(info.flags & XFS_QUOTA_INFO_EXACT);
		assert_int_equal(info.inodes, files);
		assert_int_equal(info.space_bytes, files * BLOCKS * B);
	}
}

/* Those from @from on are there. */
static void expect_all(unsigned int from)
{
	TEST_OK(xfs_sync(fs.mp));
	expect(XFS_QUOTA_USER, 1000, USERS, from);
	expect(XFS_QUOTA_GROUP, 5000, GROUPS, from);
}

static void test_clones_come_and_go(void **state)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	static uint8_t data[BLOCKS * B];
	struct xfs_file *source;

	(void)state;
	test_fs_make(&fs, (uint64_t)(256 + count / 400) << 20, NULL);
	on.types = on.enforce = XFS_QUOTA_USER | XFS_QUOTA_GROUP;
	TEST_OK(xfs_quota_on(fs.mp, &on));
	TEST_OK(xfs_open(fs.mp, "/source", O_CREAT | O_RDWR, 0644, &source));
	assert_int_equal(xfs_pwrite(source, data, sizeof(data), 0), sizeof(data));
	for (unsigned int i = 0; i < count; i++)
		make(source, i);
	expect_all(0);
	for (unsigned int i = 0; i < count / 2; i++)
		TEST_OK(xfs_unlink(fs.mp, path_of(i)));
	expect_all(count / 2);
	for (unsigned int i = count / 2; i < count; i++)
		TEST_OK(xfs_unlink(fs.mp, path_of(i)));
	expect_all(count);
	TEST_OK(xfs_close(source));
	test_fs_end(&fs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_clones_come_and_go) };

	if (argc > 1)
		count = (unsigned int)strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
