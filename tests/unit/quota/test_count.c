/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever an operation does to an inode's owners or blocks is counted with it, exactly, also
 *       over a crash; what cannot be counted is told, and is not passed off as exact.
 * Method: public calls by several owners on a volume on which quota was turned on; counts that can be
 *       foretold are compared, and the checker, which counts for itself, looks at each volume.
 * Shows (QUOTA-1), (QUOTA-2), (QUOTA-3).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/reflink.h>
#include "core/counter.h"
#include "quota/quota_priv.h"
#include "support/test_fs.h"

#define B		4096u
#define ALL		7u
#define USER		0u
#define GROUP		1u
#define PROJECT		2u

static struct test_fs fs;

/* The root as the public calls know it, and the mount as the library does. */
static struct xfs_mount *mount_of(void)
{
	return fs.mp;
}

static void begin(void)
{
	test_fs_make(&fs, 128u << 20, NULL);
	TEST_OK(xfs_quota_enable(mount_of(), ALL, NULL));
}

static uint16_t flags(void)
{
	return mount_of()->m_sb.sb_qflags;
}

struct counts {
	uint64_t blocks, inodes;
};

static struct counts counts_of(uint32_t type, uint32_t id)
{
	struct counts counts = { 0, 0 };
	struct xfs_dquot *dq;

	if (xfs_dquot_get(mount_of(), type, id, &dq) == 0) {
		counts = (struct counts){ be64_to_cpu(dq->dq_disk.d_bcount),
					  be64_to_cpu(dq->dq_disk.d_icount) };
		xfs_dquot_put(dq);
	}
	return counts;
}

static void expect(uint32_t type, uint32_t id, uint64_t blocks, uint64_t inodes)
{
	struct counts counts = counts_of(type, id);

	assert_int_equal(counts.blocks, blocks);
	assert_int_equal(counts.inodes, inodes);
}

/* A file of these owners with @blocks blocks on disk. */
static void make(const char *path, uint32_t uid, uint32_t gid, uint32_t projid, uint32_t blocks)
{
	static const uint8_t bytes[B];
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *file;

	iattr.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID;
	iattr.mode = 0100644;
	iattr.uid = uid;
	iattr.gid = gid;
	iattr.projid = projid;
	TEST_OK(xfs_createat(xfs_root(fs.mp), path, &iattr, NULL, &file));
	for (uint32_t i = 0; i < blocks; i++)
		assert_int_equal(xfs_pwrite(file, bytes, B, (uint64_t)i * B), B);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
}

static void test_each_change_is_counted(void **state)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *a, *b;

	(void)state;
	begin();
	expect(USER, 0, 0, 3);		/* the root directory, and two inodes of the realtime section */
	make("a", 1000, 2000, 3000, 10);
	expect(USER, 1000, 10, 1);
	expect(GROUP, 2000, 10, 1);
	expect(PROJECT, 3000, 10, 1);

	/* To others: all of it moves, and what does not change stays. */
	TEST_OK(xfs_chown(fs.mp, "/a", 1001, UINT32_MAX));
	expect(USER, 1000, 0, 0);
	expect(USER, 1001, 10, 1);
	expect(GROUP, 2000, 10, 1);
	iattr.valid = XFS_ATTR_PROJID;
	iattr.projid = 4000000000u;
	TEST_OK(xfs_setattr(fs.mp, "/a", true, &iattr));
	expect(PROJECT, 3000, 0, 0);
	expect(PROJECT, 4000000000u, 10, 1);

	/* Each who shares blocks pays for all of them. */
	make("b", 1002, 0, 0, 0);
	TEST_OK(xfs_open(fs.mp, "/a", O_RDWR, 0, &a));
	TEST_OK(xfs_open(fs.mp, "/b", O_RDWR, 0, &b));
	TEST_OK(xfs_clone_range(a, 0, b, 0, 0));
	expect(USER, 1001, 10, 1);
	expect(USER, 1002, 10, 1);
	TEST_OK(xfs_ftruncate(b, 3 * B));
	expect(USER, 1002, 3, 1);
	TEST_OK(xfs_close(b));

	/* A file without a name counts until it is gone. */
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	expect(USER, 1001, 10, 1);
	TEST_OK(xfs_close(a));
	expect(USER, 1001, 0, 0);
	expect(GROUP, 2000, 0, 0);
	assert_int_equal(flags() & XFS_ALL_QUOTA_CHKD, XFS_ALL_QUOTA_CHKD);
	test_fs_end(&fs);
}

/* Blocks of a directory, of attributes and of link targets are their owner's. */
static void test_blocks_of_metadata(void **state)
{
	static char value[60000], target[1001];
	char path[300];

	(void)state;
	begin();
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_chown(fs.mp, "/d", 1000, 1000));
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/d/%0200u", i);
		TEST_OK(xfs_mknod(fs.mp, path, 0010644, 0, 0));
	}
	assert_true(counts_of(USER, 1000).blocks > 25);
	assert_int_equal(counts_of(USER, 1000).inodes, 1);
	make("f", 1001, 0, 0, 0);
	TEST_OK(xfs_setxattr(fs.mp, "/f", true, "user.large", value, sizeof(value), 0));
	assert_true(counts_of(USER, 1001).blocks >= 16);
	memset(target, 'x', sizeof(target) - 1);
	TEST_OK(xfs_symlink(fs.mp, target, "/l"));
	TEST_OK(xfs_lchown(fs.mp, "/l", 1002, 1002));
	expect(USER, 1002, 1, 1);
	TEST_OK(xfs_removexattr(fs.mp, "/f", true, "user.large"));
	TEST_OK(xfs_unlink(fs.mp, "/l"));
	expect(USER, 1002, 0, 0);
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/d/%0200u", i);
		TEST_OK(xfs_unlink(fs.mp, path));
	}
	TEST_OK(xfs_rmdir(fs.mp, "/d"));
	expect(USER, 1000, 0, 0);
	test_fs_end(&fs);
}

/* More owners than are kept in memory. */
static void test_many_owners(void **state)
{
	char path[32];

	(void)state;
	begin();
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "f%u", i);
		make(path, 1000 + i * 97, 5 + i % 3, 0, i % 2);
	}
	for (uint32_t i = 0; i < 2000; i += 3) {
		snprintf(path, sizeof(path), "/f%u", i);
		TEST_OK(xfs_chown(fs.mp, path, 1000 + (1999 - i) * 97, 6));
	}
	for (uint32_t i = 0; i < 2000; i += 5) {
		snprintf(path, sizeof(path), "/f%u", i);
		TEST_OK(xfs_unlink(fs.mp, path));
	}
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	assert_int_equal(flags() & XFS_ALL_QUOTA_CHKD, XFS_ALL_QUOTA_CHKD);
	/* Its own, and that of the last but one of all. */
	expect(USER, 1000 + 1 * 97, 1, 2);
	test_fs_end(&fs);
}

/* What was there before quota was turned on; and once more, with counts that were wrong. */
static void test_quotacheck(void **state)
{
	struct xfs_dquot *dq;

	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	make("a", 1000, 2000, 0, 5);
	make("b", 1000, 2001, 0, 7);
	TEST_OK(xfs_quota_enable(mount_of(), 1u << USER, NULL));
	assert_int_equal(flags() & ~XFS_ALL_QUOTA_ENFD,
			 getenv("XFSWRITE_TEST_QUOTA") ? 0x54d : XFS_UQUOTA_ACCT | XFS_UQUOTA_CHKD);
	expect(USER, 1000, 12, 2);
	TEST_OK(xfs_quota_enable(mount_of(), ALL, NULL));
	expect(USER, 1000, 12, 2);
	expect(GROUP, 2001, 7, 1);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	TEST_OK(xfs_dquot_get(mount_of(), USER, 1000, &dq));
	dq->dq_disk.d_bcount = cpu_to_be64(99);
	xfs_dquot_put(dq);
	TEST_OK(xfs_quota_enable(mount_of(), ALL, NULL));
	expect(USER, 1000, 12, 2);
	test_fs_end(&fs);
}

/* A timer runs from the change that passes a limit to the one that is below it again. */
static void test_timers(void **state)
{
	struct xfs_dquot *dq;

	(void)state;
	begin();
	make("a", 1000, 0, 0, 4);
	TEST_OK(xfs_dquot_get(mount_of(), USER, 1000, &dq));
	dq->dq_disk.d_blk_softlimit = cpu_to_be64(6);
	dq->dq_disk.d_ino_hardlimit = cpu_to_be64(1);
	make("b", 1000, 0, 0, 2);
	assert_int_equal(be32_to_cpu(dq->dq_disk.d_btimer), 0);
	assert_int_not_equal(be32_to_cpu(dq->dq_disk.d_itimer), 0);
	make("c", 1000, 0, 0, 1);
	assert_int_equal(be32_to_cpu(dq->dq_disk.d_btimer),
			 ((uint64_t)xfs_now(mount_of()).tv_sec + XFS_DQ_GRACE_DEFAULT + 3) / 4);
	TEST_OK(xfs_truncate(fs.mp, "/a", 0));
	assert_int_equal(be32_to_cpu(dq->dq_disk.d_btimer), 0);
	xfs_dquot_put(dq);
	test_fs_end(&fs);
}

/* After a crash, what was made durable is counted, and nothing else is. */
static void test_crash(void **state)
{
	(void)state;
	begin();
	make("a", 1000, 2000, 3000, 9);
	make("b", 1001, 2000, 3000, 4);
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_chown(fs.mp, "/a", 1001, 7));
	xfs_abandon(fs.mp);
	fs.mp = NULL;
	if (!(fs.opts.flags & XFS_MOUNT_UNJOURNALLED)) {
		test_fs_open(&fs);
		expect(USER, 1000, 9, 1);
		expect(USER, 1001, 4, 1);
		assert_int_equal(flags() & XFS_ALL_QUOTA_CHKD, XFS_ALL_QUOTA_CHKD);
		test_fs_close_and_check(&fs);
	}
	test_fs_destroy(&fs);
}

/* A block of the user file that is none: users are not counted any more, groups are. */
static void test_damaged_record(void **state)
{
	static uint8_t block[B];
	struct xfs_dquot *dq;
	uint64_t offset;

	(void)state;
	begin();
	make("a", 1000, 2000, 0, 5);
	TEST_OK(xfs_dquot_get(mount_of(), USER, 1000, &dq));
	offset = (uint64_t)dq->dq_place.daddr << XFS_BB_SHIFT;
	xfs_dquot_put(dq);
	test_fs_close_and_check(&fs);
	TEST_OK(xfs_device_pread(fs.dev, offset, block, B));
	block[0] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, offset, block, B, 0));
	test_fs_open(&fs);
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(flags() & XFS_ALL_QUOTA_CHKD, XFS_GQUOTA_CHKD | XFS_PQUOTA_CHKD);
	assert_int_equal(flags() & XFS_ALL_QUOTA_ACCT, XFS_ALL_QUOTA_ACCT);
	expect(GROUP, 2000, 0, 0);
	block[0] ^= 1;
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	TEST_OK(xfs_device_pwrite(fs.dev, offset, block, B, 0));
	assert_int_equal(test_fs_check(fs.dev, 0), 0);
	test_fs_open(&fs);
	assert_int_equal(flags() & XFS_UQUOTA_CHKD, 0);
	test_fs_end(&fs);
}

/* No block for the record of a new owner: nothing is made. */
static void test_no_space_for_a_record(void **state)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	static uint8_t bytes[64 * B];
	struct xfs_file *file;
	uint64_t offset = 0;
	ssize_t n;

	(void)state;
	begin();
	TEST_OK(xfs_open(fs.mp, "/fill", O_RDWR | O_CREAT, 0644, &file));
	while ((n = xfs_pwrite(file, bytes, sizeof(bytes), offset)) > 0)
		offset += (uint64_t)n;
	TEST_IS(n, -ENOSPC);
	TEST_OK(xfs_fsync(file));
	iattr.valid = XFS_ATTR_MODE | XFS_ATTR_UID;
	iattr.mode = 0100644;
	iattr.uid = 70000;
	TEST_IS(xfs_createat(xfs_root(fs.mp), "new", &iattr, NULL, NULL), -ENOSPC);
	xfs_take_fdblocks(fs.mp, 40000);
	TEST_IS(xfs_chown(fs.mp, "/fill", 90000, 0), -ENOSPC);
	xfs_add_fdblocks(fs.mp, 40000);
	expect(USER, 70000, 0, 0);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unlink(fs.mp, "/fill"));
	assert_int_equal(flags() & XFS_ALL_QUOTA_CHKD, XFS_ALL_QUOTA_CHKD);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_is_counted),
		cmocka_unit_test(test_blocks_of_metadata),
		cmocka_unit_test(test_many_owners),
		cmocka_unit_test(test_quotacheck),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_damaged_record),
		cmocka_unit_test(test_no_space_for_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
