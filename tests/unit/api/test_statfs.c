/* SPDX-License-Identifier: MIT */
/*
 * Goal: free space and inode counts are what statfs(2) of a kernel mount says, for writers and for
 *       readers, and come back exactly when everything is removed.
 * Method: numbers of a kernel's statfs on a volume of 300 MiB, and their formula worked out by hand
 *       from the AG headers; then use, and giving back.
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
#include <stdio.h>
#include <xfswrite/quota.h>
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;

/*
 * 300 MiB, 4 AGs of 19200 blocks, log of 16384 in AG 2: 60380 blocks are free.  Held back for
 * refcount and finobt trees: 3 x (137 - 2) + (22 - 2); for the reverse maps: 3 x 236 + 35.  The
 * pool has a twentieth of all blocks, 8 are set aside in each AG.
 */
static void test_numbers_of_a_kernel(void **state)
{
	const uint64_t sb_free = 60380, held = 425 + 743, pool = 3840, aside = 32;
	struct xfs_statfs st = XFS_STATFS_INIT;
	struct xfs_info info = { .size = sizeof(info) };

	(void)state;
	test_fs_make(&fs, MIB(300), NULL);
	TEST_OK(xfs_info(fs.mp, &info));
	assert_int_equal(info.ag_blocks, 19200);
	assert_int_equal(info.log_blocks, 16384);
	assert_int_equal(info.fdblocks, sb_free);
	assert_int_equal(info.icount, 64);
	assert_int_equal(info.ifree, 61);
	assert_int_equal(info.inode_size, 512);
	assert_false(info.read_only);
	TEST_OK(xfs_statfs(fs.mp, &st));
	assert_int_equal(st.block_size, 4096);
	assert_int_equal(st.blocks, 76800 - 16384);
	assert_int_equal(st.blocks_free, sb_free - held - pool - aside);
	/* A quarter of the space may become inodes. */
	assert_int_equal(st.files, 76800 / 4 * 8);
	assert_int_equal(st.files_free, st.files - 3);
	assert_int_equal(st.name_max, 255);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	TEST_OK(xfs_statfs(fs.mp, &st));
	/* What a writer would be told, though a reader holds nothing back. */
	assert_int_equal(st.blocks_free, sb_free - held - pool - aside);
	TEST_OK(xfs_info(fs.mp, &info));
	assert_int_equal(info.fdblocks, sb_free);
	assert_true(info.read_only);
	test_fs_destroy(&fs);
}

static uint64_t blocks_free(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

/*
 * With an extent size hint blocks are allocated when they are written to, whole hints of them: 16 for
 * 4 KiB at the beginning, 16 more for 4 KiB at 100 KiB, as on a kernel's mount; the rest of the hints is unwritten.
 */
static void test_an_extent_size_hint_allocates_at_once(void **state)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	struct xfs_iattr attr = XFS_IATTR_INIT;
	struct xfs_file *file;
	char bytes[4096] = "x";
	uint64_t before, unwritten = 0;
	size_t n;

	(void)state;
	test_fs_make(&fs, MIB(300), NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &file));
	attr.valid = XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE;
	attr.xflags = XFS_XFLAG_EXTSIZE;
	attr.extsize_bytes = 65536;
	TEST_OK(xfs_fsetattr(file, &attr));
	before = blocks_free();
	TEST_IS(xfs_pwrite(file, bytes, 4096, 0), 4096);
	assert_int_equal(before - blocks_free(), 16);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(before - blocks_free(), 16);
	TEST_IS(xfs_pwrite(file, bytes, 4096, 100 << 10), 4096);
	assert_int_equal(before - blocks_free(), 32);
	TEST_OK(xfs_fsync(file));
	assert_int_equal(before - blocks_free(), 32);
	TEST_OK(xfs_extents(file, 0, e, 8, &n));
	for (size_t i = 0; i < n; i++)
		unwritten += e[i].unwritten ? e[i].length : 0;
	assert_int_equal(unwritten, 30 * 4096);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	assert_int_equal(before, blocks_free());
	test_fs_end(&fs);
}

static void compare(const struct xfs_statfs *a, const struct xfs_statfs *b)
{
	assert_int_equal(a->blocks_free, b->blocks_free);
	assert_int_equal(a->files, b->files);
	assert_int_equal(a->files_free, b->files_free);
}

static void test_use_and_return(void **state)
{
	static const struct xfs_mkfs_options geos[] = {
		{ .size = sizeof(geos[0]) },
		{ .size = sizeof(geos[0]), .blocksize = 1024 },
		{ .size = sizeof(geos[0]), .profile = XFS_MKFS_PROFILE_6_1, .sparse = XFS_MKFS_OFF,
		  .finobt = XFS_MKFS_OFF, .inobtcount = XFS_MKFS_OFF, .reflink = XFS_MKFS_OFF },
	};
	static char data[1 << 20];

	(void)state;
	memset(data, 's', sizeof(data));
	for (size_t g = 0; g < sizeof(geos) / sizeof(geos[0]); g++) {
		struct xfs_statfs before = XFS_STATFS_INIT, promised = XFS_STATFS_INIT;
		struct xfs_statfs written = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
		struct xfs_info info = { .size = sizeof(info) }, info2 = { .size = sizeof(info) };
		struct xfs_file *file;
		char path[32];

		test_fs_make(&fs, MIB(300), &geos[g]);
		TEST_OK(xfs_statfs(fs.mp, &before));
		TEST_OK(xfs_info(fs.mp, &info));
		TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
		TEST_IS(xfs_pwrite(file, data, sizeof(data), 0), sizeof(data));
		/* A promise counts at once, at least as much as the blocks it becomes. */
		TEST_OK(xfs_statfs(fs.mp, &promised));
		assert_true(promised.blocks_free + sizeof(data) / before.block_size <= before.blocks_free);
		TEST_OK(xfs_close(file));
		TEST_OK(xfs_sync(fs.mp));
		TEST_OK(xfs_statfs(fs.mp, &written));
		assert_int_equal(written.blocks_free, before.blocks_free - sizeof(data) / before.block_size);
		assert_int_equal(written.files_free, before.files_free - 1);
		TEST_OK(xfs_info(fs.mp, &info2));
		assert_int_equal(info2.ifree, info.ifree - 1);
		for (int i = 0; i < 500; i++) {
			snprintf(path, sizeof(path), "/n%d", i);
			TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
		}
		TEST_OK(xfs_info(fs.mp, &info2));
		assert_true(info2.icount >= info.icount + 448);
		for (int i = 0; i < 500; i++) {
			snprintf(path, sizeof(path), "/n%d", i);
			TEST_OK(xfs_unlink(fs.mp, path));
		}
		TEST_OK(xfs_unlink(fs.mp, "/f"));
		TEST_OK(xfs_statfs(fs.mp, &after));
		compare(&after, &before);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		TEST_OK(xfs_statfs(fs.mp, &after));
		compare(&after, &before);
		test_fs_end(&fs);
	}
}

/* Older callers know a shorter struct. */
static void test_info_sizes(void **state)
{
	struct xfs_info info;

	(void)state;
	test_fs_make(&fs, MIB(64), NULL);
	memset(&info, 0xee, sizeof(info));
	info.size = offsetof(struct xfs_info, sector_size);
	TEST_IS(xfs_info(fs.mp, &info), 0);
	assert_int_equal(info.block_size, 4096);
	assert_int_equal(info.sector_size, 0xeeeeeeee);
	info.size = 3;
	TEST_IS(xfs_info(fs.mp, &info), -EINVAL);
	test_fs_end(&fs);
}

/* ---- the limits of a project --------------------------------------------------------------------- */

#define BLOCKS(mib) ((uint64_t)(mib) << 8)

/* What a kernel (7.2) said of a directory that hands project 9 down, which has 256 blocks and 4 inodes. */
static const struct limited {
	uint64_t space_soft, space_hard, inodes_soft, inodes_hard;
	/* 0: as of the file system. */
	uint64_t blocks, blocks_free, files, files_free;
	bool is_full;			/* none is free, though not as of the file system */
} limited[] = {
	{ .blocks = 0 },
	{ .space_hard = MIB(10), .blocks = 2560, .blocks_free = 2304 },
	{ .space_hard = MIB(10), .space_soft = MIB(5), .blocks = 1280, .blocks_free = 1024 },
	{ .space_soft = MIB(5), .blocks = 1280, .blocks_free = 1024 },
	{ .space_hard = 512 << 10, .space_soft = 512 << 10, .blocks = 128, .is_full = true },
	{ .space_hard = MIB(900 << 10) },
	{ .space_hard = MIB(390), .blocks = 99840, .blocks_free = 99584 },
	{ .inodes_hard = 10, .files = 10, .files_free = 6 },
	{ .inodes_hard = 10, .inodes_soft = 8, .files = 8, .files_free = 4 },
	{ .inodes_hard = 10, .inodes_soft = 2, .files = 2, .is_full = true },
	{ .inodes_hard = 1000000000 },
	{ .inodes_hard = 3, .files = 3, .is_full = true },
};

static void set_limits(uint32_t id, const struct limited *l)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;

	limits.valid = XFS_QUOTA_SPACE_HARD | XFS_QUOTA_SPACE_SOFT | XFS_QUOTA_INODES_HARD |
		       XFS_QUOTA_INODES_SOFT;
	limits.space_soft = l->space_soft;
	limits.space_hard = l->space_hard;
	limits.inodes_soft = l->inodes_soft;
	limits.inodes_hard = l->inodes_hard;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_PROJECT, id, &limits));
}

static struct xfs_statfs statfs_of(const char *path)
{
	struct xfs_statfs st = XFS_STATFS_INIT;
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_PATH, 0, &file));
	TEST_OK(xfs_fstatfs(file, &st));
	TEST_OK(xfs_close(file));
	return st;
}

static void expect_limited(const char *path, const struct limited *l)
{
	struct xfs_statfs st = statfs_of(path), all = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &all));
	assert_int_equal(st.blocks, l->blocks ? l->blocks : all.blocks);
	assert_int_equal(st.files, l->files ? l->files : all.files);
	assert_int_equal(st.block_size, all.block_size);
	if (l->blocks_free || (l->blocks && l->is_full))
		assert_int_equal(st.blocks_free, l->blocks_free);
	else
		assert_int_equal(st.blocks_free, all.blocks_free);
	if (l->files_free || (l->files && l->is_full))
		assert_int_equal(st.files_free, l->files_free);
	else
		assert_int_equal(st.files_free, all.files_free);
}

static void own(const char *path, uint32_t project, bool inherit)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = XFS_ATTR_PROJID | (inherit ? XFS_ATTR_XFLAGS : 0);
	iattr.projid = project;
	iattr.xflags = XFS_XFLAG_PROJINHERIT;
	TEST_OK(xfs_setattr(fs.mp, path, false, &iattr));
}

static void write_mib(const char *path, uint64_t mib)
{
	static uint8_t bytes[1 << 20];
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	for (uint64_t i = 0; i < mib; i++)
		TEST_IS(xfs_pwrite(file, bytes, sizeof(bytes), MIB(i)), sizeof(bytes));
	TEST_OK(xfs_close(file));
}

static void test_a_project_shows_its_limits(void **state)
{
	static const struct limited ten = { .space_hard = MIB(10), .blocks = 2560, .blocks_free = 2304 };
	static const struct limited none = { .blocks = 0 };
	static const struct limited most = { .space_hard = MIB(300), .blocks = BLOCKS(300) };
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;

	(void)state;
	test_fs_make(&fs, MIB(512), NULL);
	on.types = on.enforce = XFS_QUOTA_PROJECT;
	TEST_OK(xfs_quota_on(fs.mp, &on));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	own("/d", 9, true);
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/e", 0755));
	own("/e", 9, false);
	write_mib("/d/f", 1);
	for (size_t i = 0; i < sizeof(limited) / sizeof(limited[0]); i++) {
		set_limits(9, &limited[i]);
		expect_limited("/d", &limited[i]);
		expect_limited("/d/sub", &limited[i]);
		/* What the project owns, but does not hand it down. */
		expect_limited("/d/f", &none);
		expect_limited("/e", &none);
		expect_limited("/", &none);
	}
	/* The defaults hold for who has no limits. */
	set_limits(9, &none);
	set_limits(0, &ten);
	expect_limited("/d", &ten);
	set_limits(0, &none);
	/* What the file system has not, no limit gives; so far nothing was written back. */
	set_limits(9, &most);
	write_mib("/other", 200);
	expect_limited("/d", &(struct limited){ .blocks = BLOCKS(300) });
	TEST_OK(xfs_unlink(fs.mp, "/other"));
	/* Readers are told as well. */
	set_limits(9, &ten);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	expect_limited("/d", &ten);
	TEST_OK(xfs_unmount(fs.mp));
	/* Limits that nobody enforces are none. */
	fs.opts.flags = 0;
	fs.opts.quota = XFS_MOUNT_QUOTA_ACCOUNT_ONLY;
	test_fs_open(&fs);
	expect_limited("/d", &none);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.quota = 0;
	test_fs_open(&fs);
	expect_limited("/d", &ten);
	TEST_OK(xfs_quota_off(fs.mp, XFS_QUOTA_PROJECT, XFS_QUOTA_OFF_LIMITS));
	expect_limited("/d", &none);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_of_a_kernel),
		cmocka_unit_test(test_a_project_shows_its_limits),
		cmocka_unit_test(test_an_extent_size_hint_allocates_at_once),
		cmocka_unit_test(test_use_and_return),
		cmocka_unit_test(test_info_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
