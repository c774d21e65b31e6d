/* SPDX-License-Identifier: MIT */
/*
 * Goal: nobody gets more than his limits allow, whoever asks, and what is refused has changed nothing;
 *       what is reserved counts, and comes back.
 * Method: limits set in records of a volume with quota on; public calls up to them and one more.  All
 *       counts and reservations are looked at after each.
 * Shows (QUOTA-4).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include "core/counter.h"
#include "inode/inode.h"
#include "quota/quota_priv.h"
#include "support/test_fs.h"

#define B		4096u
#define USER		0u
#define GROUP		1u
#define PROJECT		2u

static struct test_fs fs;
static uint8_t bytes[512 * B];

static void begin(uint16_t enforced)
{
	test_fs_make(&fs, 128u << 20, NULL);
	TEST_OK(xfs_quota_enable(fs.mp, 7, NULL));
	xfs_quota_set_flags(fs.mp, enforced, 0);
}

struct limits {
	uint64_t blocks_soft, blocks_hard, inodes_soft, inodes_hard;
};

static struct xfs_dquot *record_of(uint32_t type, uint32_t id)
{
	struct xfs_dquot *dq;

	TEST_OK(xfs_dquot_get_or_alloc(fs.mp, type, id, &dq));
	return dq;
}

static void limit(uint32_t type, uint32_t id, struct limits l)
{
	struct xfs_dquot *dq = record_of(type, id);
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &tp));
	xfs_mutex_lock(&dq->dq_lock);
	dq->dq_disk.d_blk_softlimit = cpu_to_be64(l.blocks_soft);
	dq->dq_disk.d_blk_hardlimit = cpu_to_be64(l.blocks_hard);
	dq->dq_disk.d_ino_softlimit = cpu_to_be64(l.inodes_soft);
	dq->dq_disk.d_ino_hardlimit = cpu_to_be64(l.inodes_hard);
	xfs_trans_log_item(tp, &dq->dq_item);
	xfs_mutex_unlock(&dq->dq_lock);
	TEST_OK(xfs_trans_commit(tp));
	xfs_dquot_put(dq);
}

/*
 * Blocks counted, and @held in memory, some of which may have become real; nothing else is reserved
 * between calls.
 */
static void expect(uint32_t type, uint32_t id, uint64_t blocks, uint64_t held)
{
	struct xfs_dquot *dq = record_of(type, id);

	assert_int_equal(be64_to_cpu(dq->dq_disk.d_bcount) + dq->dq_held, blocks + held);
	assert_true(dq->dq_held <= held);
	assert_int_equal(dq->dq_res_blocks, 0);
	assert_int_equal(dq->dq_res_inodes, 0);
	xfs_dquot_put(dq);
}

static struct xfs_file *file_of(const char *path, uint32_t uid, uint32_t gid, uint32_t projid)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *file;

	iattr.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID;
	iattr.mode = 0100644;
	iattr.uid = uid;
	iattr.gid = gid;
	iattr.projid = projid;
	TEST_OK(xfs_createat(xfs_root(fs.mp), path, &iattr, NULL, &file));
	return file;
}

/* Also of a project, whose errno is that of a full disk. */
static void expect_quota_is_told(struct xfs_file *file, int error)
{
	struct xfs_error_info info = XFS_ERROR_INFO_INIT;

	TEST_OK(xfs_file_error(file, &info));
	assert_int_equal(info.error, error);
	assert_int_equal(info.error_class, XFS_ERROR_QUOTA);
	TEST_IS(xfs_fallocate(file, 0, 0, 100 * B), error);
	TEST_OK(xfs_file_error(file, &info));
	assert_int_equal(info.error_class, XFS_ERROR_QUOTA);
}

static void test_writing(void **state)
{
	static const struct { uint32_t type; int error; } each[] = {
		{ USER, -EDQUOT }, { GROUP, -EDQUOT }, { PROJECT, -ENOSPC },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		uint32_t t = each[i].type;
		struct xfs_file *f;

		begin(XFS_ALL_QUOTA_ENFD);
		f = file_of("f", 10, 20, 30);
		limit(t, 10 * (t + 1), (struct limits){ .blocks_hard = 16 });
		/* Delayed: held, not counted.  Less than a write asks for is no part of it. */
		assert_int_equal(xfs_pwrite(f, bytes, 10 * B, 0), 10 * B);
		expect(t, 10 * (t + 1), 0, 10);
		TEST_IS(xfs_pwrite(f, bytes, 7 * B, 20 * B), each[i].error);
		expect(t, 10 * (t + 1), 0, 10);
		assert_int_equal(xfs_pwrite(f, bytes, 6 * B, 20 * B), 6 * B);
		TEST_OK(xfs_fsync(f));
		expect(t, 10 * (t + 1), 16, 0);
		/* What it has it may write. */
		assert_int_equal(xfs_pwrite(f, bytes, 10 * B, 0), 10 * B);
		TEST_IS(xfs_pwrite(f, bytes, 1, 100 * B), each[i].error);
		expect_quota_is_told(f, each[i].error);
		TEST_OK(xfs_ftruncate(f, 8 * B));
		expect(t, 10 * (t + 1), 8, 0);
		assert_int_equal(xfs_pwrite(f, bytes, 8 * B, 100 * B), 8 * B);
		expect(t, 10 * (t + 1), 8, 8);
		/* Dirty data that is dropped is held no longer. */
		TEST_OK(xfs_ftruncate(f, 8 * B));
		expect(t, 10 * (t + 1), 8, 0);
		TEST_OK(xfs_close(f));
		test_fs_end(&fs);
	}
}

/* Not enforced, by the image or by the caller: counted, not refused. */
static void test_accounting_only(void **state)
{
	struct xfs_file *f;

	(void)state;
	begin(XFS_GQUOTA_ENFD);
	f = file_of("f", 10, 20, 0);
	limit(USER, 10, (struct limits){ .blocks_hard = 4 });
	assert_int_equal(xfs_pwrite(f, bytes, 10 * B, 0), 10 * B);
	TEST_OK(xfs_close(f));
	xfs_quota_set_flags(fs.mp, XFS_ALL_QUOTA_ENFD, 0);
	test_fs_close_and_check(&fs);
	fs.opts.quota = XFS_MOUNT_QUOTA_ACCOUNT_ONLY;
	test_fs_open(&fs);
	limit(USER, 10, (struct limits){ .blocks_hard = 4 });
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR, 0, &f));
	assert_int_equal(xfs_pwrite(f, bytes, 20 * B, 0), 20 * B);
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	expect(USER, 10, 20, 0);
	test_fs_close_and_check(&fs);
	fs.opts.quota = XFS_MOUNT_QUOTA_REFUSE;
	TEST_IS(xfs_mount(fs.dev, &fs.opts, &fs.mp), -EPERM);
	fs.opts.quota = 3;
	TEST_IS(xfs_mount(fs.dev, &fs.opts, &fs.mp), -EINVAL);
	fs.mp = NULL;
	test_fs_destroy(&fs);
}

static void test_soft_limit(void **state)
{
	struct xfs_dquot *dq;
	struct xfs_file *f;

	(void)state;
	begin(XFS_UQUOTA_ENFD);
	f = file_of("f", 10, 0, 0);
	limit(USER, 10, (struct limits){ .blocks_soft = 4, .blocks_hard = 100 });
	assert_int_equal(xfs_pwrite(f, bytes, 8 * B, 0), 8 * B);
	TEST_OK(xfs_fsync(f));
	dq = record_of(USER, 10);
	assert_int_not_equal(be32_to_cpu(dq->dq_disk.d_btimer), 0);
	assert_int_equal(xfs_pwrite(f, bytes, B, 20 * B), B);
	TEST_OK(xfs_fsync(f));
	/* The grace period is over. */
	dq->dq_disk.d_btimer = cpu_to_be32(1);
	TEST_IS(xfs_pwrite(f, bytes, B, 30 * B), -EDQUOT);
	assert_int_equal(xfs_pwrite(f, bytes, B, 0), B);
	TEST_OK(xfs_ftruncate(f, 2 * B));
	assert_int_equal(be32_to_cpu(dq->dq_disk.d_btimer), 0);
	assert_int_equal(xfs_pwrite(f, bytes, B, 30 * B), B);
	xfs_dquot_put(dq);
	TEST_OK(xfs_close(f));
	test_fs_end(&fs);
}

/* An inode, and the worst case of its making; who has nothing of his own has what id 0 says. */
static void test_creating(void **state)
{
	struct xfs_file *f;
	uint32_t worst;

	(void)state;
	begin(XFS_UQUOTA_ENFD);
	worst = xfs_quota_worst_create(fs.mp, 0);
	fs.opts.uid = 10;
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	limit(USER, 10, (struct limits){ .inodes_hard = 2 });
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_symlink(fs.mp, "target", "/l"));
	TEST_IS(xfs_mknod(fs.mp, "/p", 0010644, 0, 0), -EDQUOT);
	TEST_IS(xfs_mkdir(fs.mp, "/d", 0755), -EEXIST);
	TEST_IS(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &f), -EDQUOT);
	TEST_OK(xfs_unlink(fs.mp, "/l"));
	TEST_OK(xfs_mknod(fs.mp, "/p", 0010644, 0, 0));
	/* Blocks of the directory are not asked for, but of the new inode. */
	limit(USER, 10, (struct limits){ .blocks_hard = worst - 1 });
	TEST_IS(xfs_mknod(fs.mp, "/q", 0010644, 0, 0), -EDQUOT);
	limit(USER, 10, (struct limits){ .blocks_hard = worst });
	TEST_OK(xfs_mknod(fs.mp, "/q", 0010644, 0, 0));
	expect(USER, 10, 0, 0);
	limit(USER, 10, (struct limits){ 0 });
	limit(USER, 0, (struct limits){ .inodes_hard = 3 });
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	TEST_IS(xfs_mknod(fs.mp, "/r", 0010644, 0, 0), -EDQUOT);
	/* Nothing limits id 0 itself. */
	for (unsigned int i = 0; i < 10; i++) {
		char path[16];

		snprintf(path, sizeof(path), "root%u", i);
		TEST_OK(xfs_close(file_of(path, 0, 0, 0)));
	}
	test_fs_end(&fs);
}

/* Who is privileged gives away what he likes; others only what the new owner may have. */
static void test_transfer(void **state)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *f;

	(void)state;
	begin(XFS_ALL_QUOTA_ENFD);
	f = file_of("f", 10, 20, 30);
	assert_int_equal(xfs_pwrite(f, bytes, 10 * B, 0), 10 * B);
	TEST_OK(xfs_fsync(f));
	assert_int_equal(xfs_pwrite(f, bytes, 4 * B, 50 * B), 4 * B);
	limit(USER, 11, (struct limits){ .blocks_hard = 5 });
	TEST_OK(xfs_chown(fs.mp, "/f", 11, UINT32_MAX));
	expect(USER, 10, 0, 0);
	expect(USER, 11, 10, 4);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.unprivileged = true;
	fs.opts.uid = 11;
	test_fs_open(&fs);
	limit(GROUP, 21, (struct limits){ .blocks_hard = 13 });
	limit(PROJECT, 31, (struct limits){ .inodes_hard = 1 });
	TEST_IS(xfs_chown(fs.mp, "/f", UINT32_MAX, 21), -EDQUOT);
	expect(GROUP, 20, 14, 0);
	expect(GROUP, 21, 0, 0);
	limit(GROUP, 21, (struct limits){ .blocks_hard = 14 });
	TEST_OK(xfs_chown(fs.mp, "/f", UINT32_MAX, 21));
	expect(GROUP, 21, 14, 0);
	iattr.valid = XFS_ATTR_PROJID;
	iattr.projid = 31;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
	iattr.projid = 30;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
	expect(PROJECT, 31, 0, 0);
	expect(PROJECT, 30, 14, 0);
	test_fs_end(&fs);
}

/* A clone pays for all it maps; what is copied on write is held until then, and so is what fallocate takes. */
static void test_sharing_and_allocating(void **state)
{
	struct xfs_file *a, *b;
	uint32_t tree;

	(void)state;
	begin(XFS_UQUOTA_ENFD);
	tree = (uint32_t)xfs_quota_worst_alloc(fs.mp, 0);
	a = file_of("a", 10, 0, 0);
	b = file_of("b", 11, 0, 0);
	assert_int_equal(xfs_pwrite(a, bytes, 20 * B, 0), 20 * B);
	TEST_OK(xfs_fsync(a));
	limit(USER, 11, (struct limits){ .blocks_hard = 19 + tree });
	TEST_IS(xfs_clone_range(a, 0, b, 0, 0), -EDQUOT);
	limit(USER, 11, (struct limits){ .blocks_hard = 20 + tree });
	TEST_OK(xfs_clone_range(a, 0, b, 0, 0));
	expect(USER, 11, 20, 0);
	limit(USER, 11, (struct limits){ .blocks_hard = 20 });
	TEST_IS(xfs_pwrite(b, bytes, B, 0), -EDQUOT);
	limit(USER, 11, (struct limits){ .blocks_hard = 60 });
	assert_int_equal(xfs_pwrite(b, bytes, B, 0), B);
	TEST_OK(xfs_fsync(b));
	TEST_IS(xfs_fallocate(b, 0, 100 * B, 41 * B), -EDQUOT);
	limit(USER, 11, (struct limits){ .blocks_hard = 200 });
	TEST_OK(xfs_fallocate(b, 0, 100 * B, 41 * B));
	TEST_OK(xfs_fsync(b));
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
	expect(USER, 11, 61, 0);
	test_fs_end(&fs);
}

/* What files of the same owner have past their ends is taken from them before anybody is refused. */
static void test_reclaim(void **state)
{
	struct xfs_file *a, *b;
	struct xfs_dquot *dq;
	uint64_t held;

	(void)state;
	begin(XFS_UQUOTA_ENFD);
	a = file_of("a", 10, 0, 0);
	b = file_of("b", 10, 0, 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(xfs_pwrite(a, bytes, B, (uint64_t)i * B), B);
	dq = record_of(USER, 10);
	held = dq->dq_held;
	xfs_dquot_put(dq);
	assert_true(held > 64);
	limit(USER, 10, (struct limits){ .blocks_hard = 80 });
	assert_int_equal(xfs_pwrite(b, bytes, 16 * B, 0), 16 * B);
	expect(USER, 10, 0, 80);
	TEST_IS(xfs_pwrite(b, bytes, B, 100 * B), -EDQUOT);
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
	test_fs_end(&fs);
}

/* What was held when a type was turned off, and became blocks meanwhile, is not held for ever. */
static void test_off_and_on(void **state)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	struct xfs_file *f;

	(void)state;
	begin(XFS_ALL_QUOTA_ENFD);
	f = file_of("f", 10, 0, 0);
	assert_int_equal(xfs_pwrite(f, bytes, 10 * B, 0), 10 * B);
	expect(USER, 10, 0, 10);
	TEST_OK(xfs_quota_off(fs.mp, XFS_QUOTA_USER, 0));
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	on.types = on.enforce = XFS_QUOTA_USER;
	TEST_OK(xfs_quota_on(fs.mp, &on));
	expect(USER, 10, 10, 0);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_accounting_only),
		cmocka_unit_test(test_soft_limit),
		cmocka_unit_test(test_creating),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_sharing_and_allocating),
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_off_and_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
