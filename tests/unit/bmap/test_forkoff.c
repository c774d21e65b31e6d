/* SPDX-License-Identifier: MIT */
/*
 * Goal: the border between the forks lies where the kernel would put it, for every
 * size of inode and every form of the data fork.
 *
 * Method: borders observed on kernel-made inodes, and the limits of the rule, on
 * inodes that never go to disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "bmap/bmap.h"
#include "support/test_inode.h"
#include "support/test_mount.h"

static struct xfs_mount *mount_of(uint32_t inodesize)
{
	struct xfs_sb sb = test_sb(4096, 4096, 2);

	sb.sb_inodesize = (uint16_t)inodesize;
	sb.sb_inodelog = (uint8_t)xfs_log2_ceil(inodesize);
	sb.sb_inopblock = (uint16_t)(4096 / inodesize);
	sb.sb_inopblog = (uint8_t)xfs_log2_ceil(4096 / inodesize);
	return test_mount_new(&sb);
}

static void test_defaults(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 2048; size *= 2) {
		struct xfs_mount *mp = mount_of(size);

		assert_int_equal(xfs_default_forkoff(mp, S_IFREG | 0644), 24);
		assert_int_equal(xfs_default_forkoff(mp, S_IFDIR | 0755), 24);
		assert_int_equal(xfs_default_forkoff(mp, S_IFLNK | 0777), 24);
		assert_int_equal(xfs_default_forkoff(mp, S_IFIFO | 0600), 1);
		assert_int_equal(xfs_default_forkoff(mp, S_IFBLK | 0600), 1);
		test_mount_free(mp);
	}
}

static void test_empty_file(void **state)
{
	static const struct {
		uint32_t inodesize, bytes;
		uint8_t forkoff;
	} cases[] = {
		{512, 4, 37},	{512, 40, 37},	 {512, 41, 36},	  {512, 184, 19}, {512, 265, 8},
		{512, 280, 7},	{512, 281, 0},	 {512, 336, 0},	  {512, 337, 0},  {1024, 4, 101},
		{1024, 40, 101}, {1024, 792, 7}, {1024, 793, 0},  {2048, 4, 229}, {2048, 1816, 7},
		{2048, 1817, 0}, {2048, 2000, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct xfs_mount *mp = mount_of(cases[i].inodesize);
		struct xfs_inode *ip = test_inode_new(mp, 128, S_IFREG | 0644);

		assert_int_equal(xfs_bmap_forkoff_for(ip, cases[i].bytes), cases[i].forkoff);
		test_inode_free(ip);
		test_mount_free(mp);
	}
}

static void test_special_file(void **state)
{
	struct xfs_mount *mp = mount_of(512);
	struct xfs_inode *ip = test_inode_new(mp, 128, S_IFIFO | 0644);

	(void)state;
	ip->i_df.if_format = XFS_DINODE_FMT_DEV;
	assert_int_equal(xfs_bmap_forkoff_for(ip, 4), 1);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 328), 1);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 329), 0);
	test_inode_free(ip);
	test_mount_free(mp);
}

/* Lists: with up to 12 extents all of them stay; more may become a tree. */
static void test_extents(void **state)
{
	static const struct {
		xfs_extnum_t nextents;
		uint8_t forkoff;	/* that one has now */
		uint32_t bytes;
		uint8_t want;
	} cases[] = {
		{12, 0, 20, 37},  {12, 0, 144, 24}, {12, 0, 145, 0},  {14, 0, 20, 37},
		{18, 0, 20, 37},  {20, 0, 20, 37},  {21, 0, 280, 7},  {21, 0, 281, 0},
		{5, 24, 144, 24}, {5, 24, 100, 24}, {5, 24, 145, 23}, {5, 24, 256, 10},
		{5, 24, 257, 0},  {12, 24, 145, 0}, {3, 37, 41, 36},  {18, 37, 41, 36}, {18, 37, 49, 0},
	};
	struct xfs_mount *mp = mount_of(512);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct xfs_inode *ip = test_inode_new(mp, 128, S_IFREG | 0644);

		ip->i_df.if_nextents = cases[i].nextents;
		ip->i_forkoff = cases[i].forkoff;
		assert_int_equal(xfs_bmap_forkoff_for(ip, cases[i].bytes), cases[i].want);
		test_inode_free(ip);
	}
	test_mount_free(mp);
}

static void test_local(void **state)
{
	struct xfs_mount *mp = mount_of(512);
	struct xfs_inode *ip = test_inode_new(mp, 128, S_IFDIR | 0755);
	char data[300] = {0};

	(void)state;
	assert_int_equal(xfs_init_local_fork(ip, XFS_DATA_FORK, data, 6), 0);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 20), 37);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 280), 7);
	assert_int_equal(xfs_init_local_fork(ip, XFS_DATA_FORK, data, 200), 0);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 136), 25);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 137), 0);
	assert_int_equal(xfs_init_local_fork(ip, XFS_DATA_FORK, data, 300), 0);
	/* Too long for any border: as far right as can be, and the contents move out. */
	assert_int_equal(xfs_bmap_forkoff_for(ip, 20), 37);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 41), 0);
	test_inode_free(ip);
	test_mount_free(mp);
}

/* A tree: the border never moves; a new one leaves generous room for the root. */
static void test_btree(void **state)
{
	struct xfs_mount *mp = mount_of(512);
	struct xfs_inode *ip = test_inode_new(mp, 128, S_IFREG | 0644);
	struct xfs_bmdr_block root = {cpu_to_be16(1), cpu_to_be16(1)};

	(void)state;
	ip->i_df.if_format = XFS_DINODE_FMT_BTREE;
	ip->i_df.if_broot = &root;
	ip->i_df.if_nextents = 100;
	assert_int_equal(xfs_bmap_forkoff_for(ip, 20), 37);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 248), 11);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 249), 0);
	root.bb_numrecs = cpu_to_be16(10);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 104), 29);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 105), 0);
	ip->i_forkoff = 24;
	assert_int_equal(xfs_bmap_forkoff_for(ip, 144), 24);
	assert_int_equal(xfs_bmap_forkoff_for(ip, 145), 0);
	ip->i_df.if_broot = NULL;
	ip->i_df.if_format = XFS_DINODE_FMT_EXTENTS;
	test_inode_free(ip);
	test_mount_free(mp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_special_file), cmocka_unit_test(test_extents),
		cmocka_unit_test(test_local),	 cmocka_unit_test(test_btree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
