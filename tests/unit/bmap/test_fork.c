/* SPDX-License-Identifier: MIT */
/*
 * Goal: forks come from disk and go back unchanged in every form, and nothing bad is
 * taken in: wrong formats, counts, orders, ranges, states, blocks of other
 * inodes, chains that lead back.
 *
 * Method: an inode and a tree block written by a kernel; forks made by hand in
 * memory, with one thing wrong at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "bmap/bmap_priv.h"
#include "support/test_inode.h"
#include "support/test_mount.h"
#include "unit/disk/vectors.h"

static struct xfs_mount *mp;
static uint8_t raw[512];
static struct xfs_dinode *dip = (struct xfs_dinode *)raw;

static struct xfs_inode *inode_of(uint16_t mode)
{
	struct xfs_inode *ip = test_inode_new(mp, 137, mode);

	ip->i_forkoff = dip->di_forkoff;
	ip->i_nblocks = be64_to_cpu(dip->di_nblocks);
	ip->i_diflags2 = be64_to_cpu(dip->di_flags2);
	xfs_ilock_excl(ip);
	return ip;
}

static void drop(struct xfs_inode *ip)
{
	xfs_iunlock_excl(ip);
	test_inode_free(ip);
}

/* 38 extents, offsets 0, 2 .. 16 at 56, 58 ..; 18 .. 46 at 24 .. 52, the odd ones unwritten. */
static struct xfs_bmbt_irec vector_rec(unsigned int i)
{
	struct xfs_bmbt_irec irec = {i * 2, 56 + i * 2, 1, XFS_EXT_NORM};

	if (i >= 9) {
		irec.br_startoff = 18 + (i - 9);
		irec.br_startblock = 24 + (i - 9);
		irec.br_state = irec.br_startoff % 2 ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM;
	}
	return irec;
}

static void make_vector(void)
{
	memset(raw, 0, sizeof(raw));
	put_hex(raw, 0x00, "494e81a4 03030000 00000000 00000000 00000001 00000000 00000000 00000026"
			   "36b7e460 034abc46 36b7e460 03690f5f 36b7e460 03690f5f 00000000 0002f000"
			   "00000000 00000027 00000000 00000000 00001802 00000000 00000000 e9aef579"
			   "ffffffff 47de3533 00000000 00000029 00000001 00000002 00000000 00000018");
	put_hex(raw, 0x90, "36b7e460 034abc46 00000000 00000089 01020304 05060708 090a0b0c 0d0e0f10"
			   "0001 0001 00000000 00000000");
	put_hex(raw, 0x10c, "00000000 00000039");
}

static void write_block(xfs_fsblock_t fsbno, const uint8_t *block)
{
	assert_int_equal(xfs_device_pwrite(mp->m_dev, xfs_fsb_to_bytes(&mp->m_geo, fsbno), block,
					   4096, 0), 0);
}

static void make_leaf(uint8_t *block, xfs_fsblock_t fsbno, xfs_fsblock_t left, xfs_fsblock_t right,
		      unsigned int first, unsigned int n)
{
	struct xfs_btree_block *b = (struct xfs_btree_block *)block;

	memset(block, 0, 4096);
	b->bb_magic = cpu_to_be32(XFS_BMAP_CRC_MAGIC);
	b->bb_numrecs = cpu_to_be16((uint16_t)n);
	b->bb_u.l.bb_leftsib = cpu_to_be64(left);
	b->bb_u.l.bb_rightsib = cpu_to_be64(right);
	b->bb_u.l.bb_blkno = cpu_to_be64((uint64_t)XFS_FSB_TO_DADDR(&mp->m_geo, fsbno));
	b->bb_u.l.bb_uuid = mp->m_geo.meta_uuid;
	b->bb_u.l.bb_owner = cpu_to_be64(137);
	for (unsigned int i = 0; i < n; i++) {
		struct xfs_bmbt_irec irec = vector_rec(first + i);

		xfs_bmbt_disk_set_all((struct xfs_bmbt_rec *)(block + 72) + i, &irec);
	}
}

static void stamp(uint8_t *block)
{
	xfs_cksum_set(block, 4096, XFS_BTREE_LBLOCK_CRC_OFF);
}

static int set_up(void **state)
{
	uint8_t sector[512];
	struct xfs_dsb *dsb = (struct xfs_dsb *)sector;
	struct xfs_sb sb;

	(void)state;
	vector_sb(sector);
	xfs_sb_from_disk(&sb, dsb);
	put_hex(&sb.sb_uuid, 0, "01020304 05060708 090a0b0c 0d0e0f10");
	sb.sb_meta_uuid = sb.sb_uuid;
	mp = test_mount_new(&sb);
	make_vector();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_mount_free(mp);
	return 0;
}

/* The kernel's tree is read as the kernel wrote it, and the block is what we would write. */
static void test_btree_vector(void **state)
{
	uint8_t block[4096], again[512];
	struct xfs_inode *ip;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint64_t blocks = 0;
	unsigned int i = 0;

	(void)state;
	make_leaf(block, 57, NULLFSBLOCK, NULLFSBLOCK, 0, 38);
	put_hex(block, 0x20, "00000001 00000002");	/* the LSN it had */
	stamp(block);
	assert_int_equal(get_be32(block + XFS_BTREE_LBLOCK_CRC_OFF), 0x20cf27b1);
	write_block(57, block);

	ip = inode_of(S_IFREG | 0644);
	assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), 0);
	assert_true(xfs_fork_needs_read(ip, XFS_DATA_FORK));
	assert_int_equal(ip->i_df.if_nextents, 38);
	assert_int_equal(xfs_iread_extents(ip, XFS_DATA_FORK), 0);
	assert_false(xfs_fork_needs_read(ip, XFS_DATA_FORK));
	for_each_xfs_iext(&ip->i_df, &cur, &got) {
		struct xfs_bmbt_irec want = vector_rec(i++);

		assert_int_equal(got.br_startoff, want.br_startoff);
		assert_int_equal(got.br_startblock, want.br_startblock);
		assert_int_equal(got.br_state, want.br_state);
	}
	assert_int_equal(i, 38);
	assert_null(test_fork_compare(ip, XFS_DATA_FORK, &blocks));
	assert_int_equal(blocks, 1);

	memcpy(again, raw, sizeof(raw));
	memset(again + 176, 0xee, sizeof(raw) - 176);
	xfs_iflush_fork(ip, again, XFS_DATA_FORK);
	xfs_iflush_fork(ip, again, XFS_ATTR_FORK);
	assert_memory_equal(again, raw, sizeof(raw));
	drop(ip);
}

static void expect_bad_format(uint16_t mode, int error)
{
	struct xfs_inode *ip = inode_of(mode);

	assert_int_equal(xfs_iformat_data_fork(ip, dip), error);
	assert_int_equal(ip->i_df.if_nextents, 0);
	drop(ip);
}

static void test_bad_roots(void **state)
{
	(void)state;
	raw[176 + 1] = 0;	/* level */
	expect_bad_format(S_IFREG, -EUCLEAN);
	raw[176 + 1] = 8;
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_vector();
	raw[176 + 3] = 0;	/* entries */
	expect_bad_format(S_IFREG, -EUCLEAN);
	raw[176 + 3] = 12;
	expect_bad_format(S_IFREG, -EUCLEAN);
	raw[176 + 3] = 2;	/* the second pointer is 0: an AG header */
	expect_bad_format(S_IFREG, -EUCLEAN);
	put_be64(60, raw + 0x10c + 8);	/* a good pointer, but the same key */
	expect_bad_format(S_IFREG, -EUCLEAN);
	put_be64(100, raw + 176 + 4 + 8);
	{
		struct xfs_inode *ip = inode_of(S_IFREG);

		assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
		drop(ip);
	}
	make_vector();
	dip->di_big_nextents = cpu_to_be64(12);	/* would fit into 192 bytes */
	expect_bad_format(S_IFREG, -EUCLEAN);
	dip->di_big_nextents = cpu_to_be64(40);	/* more than blocks */
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_vector();
	dip->di_format = XFS_DINODE_FMT_UUID;
	expect_bad_format(S_IFREG, -EUCLEAN);
	dip->di_format = XFS_DINODE_FMT_META_BTREE;
	expect_bad_format(S_IFREG, -EOPNOTSUPP);
	dip->di_format = XFS_DINODE_FMT_LOCAL;
	expect_bad_format(S_IFREG, -EUCLEAN);
	dip->di_format = XFS_DINODE_FMT_DEV;
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_vector();
	expect_bad_format(S_IFIFO, -EUCLEAN);
	expect_bad_format(0, -EUCLEAN);
}

/* Two leaves at 57 and 58, then damaged by @damage; reading them gives @error. */
static void expect_read(void (*damage)(uint8_t *a, uint8_t *b), int error)
{
	uint8_t a[4096], b[4096];
	struct xfs_inode *ip;

	make_vector();
	raw[176 + 3] = 2;
	put_be64(vector_rec(19).br_startoff, raw + 176 + 4 + 8);
	put_be64(58, raw + 0x10c + 8);
	dip->di_nblocks = cpu_to_be64(38 + 2);
	make_leaf(a, 57, NULLFSBLOCK, 58, 0, 19);
	make_leaf(b, 58, 57, NULLFSBLOCK, 19, 19);
	if (damage)
		damage(a, b);
	stamp(a);
	stamp(b);
	write_block(57, a);
	write_block(58, b);
	xfs_buf_shrink(mp, 0);
	ip = inode_of(S_IFREG | 0644);
	assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
	assert_int_equal(xfs_iread_extents(ip, XFS_DATA_FORK), error);
	/* All or nothing. */
	assert_int_equal(xfs_iext_count(&ip->i_df), error ? 0 : 38);
	assert_int_equal(xfs_fork_needs_read(ip, XFS_DATA_FORK), error != 0);
	drop(ip);
}

#define RECS(block) ((struct xfs_bmbt_rec *)((block) + 72))

static void change_rec(uint8_t *block, unsigned int i, xfs_fileoff_t off, xfs_fsblock_t start,
		       xfs_filblks_t len)
{
	struct xfs_bmbt_irec irec = {off, start, len, XFS_EXT_NORM};

	xfs_bmbt_disk_set_all(RECS(block) + i, &irec);
}

static void overlapping(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 6, 62, 3);
}

static void out_of_order(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 16, 62, 1);
}

static void overlapping_leaves(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 18, 27, 33, 5);
}

static void empty_record(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 6, 62, 0);
}

static void beyond_device(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 6, 4ull << mp->m_geo.agblklog, 1);
}

static void across_ags(uint8_t *a, uint8_t *b)
{
	change_rec(b, 18, 46, mp->m_geo.agblocks - 1, 2);
	(void)a;
}

static void ag_header(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 6, 0, 1);
}

static void promised(uint8_t *a, uint8_t *b)
{
	(void)b;
	change_rec(a, 3, 6, nullstartblock(7), 1);
}

static void other_owner(uint8_t *a, uint8_t *b)
{
	(void)a;
	((struct xfs_btree_block *)b)->bb_u.l.bb_owner = cpu_to_be64(138);
}

static void wrong_level(uint8_t *a, uint8_t *b)
{
	(void)a;
	((struct xfs_btree_block *)b)->bb_level = cpu_to_be16(1);
}

static void leads_back(uint8_t *a, uint8_t *b)
{
	(void)a;
	((struct xfs_btree_block *)b)->bb_u.l.bb_rightsib = cpu_to_be64(57);
}

static void ends_early(uint8_t *a, uint8_t *b)
{
	(void)b;
	((struct xfs_btree_block *)a)->bb_u.l.bb_rightsib = cpu_to_be64(NULLFSBLOCK);
}

static void one_less(uint8_t *a, uint8_t *b)
{
	(void)a;
	((struct xfs_btree_block *)b)->bb_numrecs = cpu_to_be16(18);
}

static void one_more(uint8_t *a, uint8_t *b)
{
	(void)a;
	((struct xfs_btree_block *)b)->bb_numrecs = cpu_to_be16(20);
	change_rec(b, 19, 100, 100, 1);
}

static void wrong_key(uint8_t *a, uint8_t *b)
{
	change_rec(a, 0, 1, 56, 1);
	(void)b;
}

static void test_bad_leaves(void **state)
{
	static void (*const damages[])(uint8_t *, uint8_t *) = {
		overlapping, out_of_order, overlapping_leaves, empty_record, beyond_device,
		across_ags, ag_header, promised, other_owner, wrong_level, leads_back, ends_early,
		one_less, one_more, wrong_key,
	};

	(void)state;
	expect_read(NULL, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		print_message("damage %u\n", i);
		expect_read(damages[i], -EUCLEAN);
	}
}

/* A list of @n vector records behind offset 18, in an inode of its own. */
static void make_list(unsigned int n)
{
	make_vector();
	memset(raw + 176, 0, sizeof(raw) - 176);
	dip->di_format = XFS_DINODE_FMT_EXTENTS;
	dip->di_big_nextents = cpu_to_be64(n);
	for (unsigned int i = 0; i < n; i++) {
		struct xfs_bmbt_irec irec = vector_rec(i + 9);

		xfs_bmbt_disk_set_all((struct xfs_bmbt_rec *)(raw + 176) + i, &irec);
	}
}

static void test_lists(void **state)
{
	uint8_t again[512];
	struct xfs_inode *ip;
	uint64_t blocks = 0;

	(void)state;
	for (unsigned int n = 0; n <= 12; n++) {
		make_list(n);
		ip = inode_of(S_IFREG | 0644);
		assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
		assert_false(xfs_fork_needs_read(ip, XFS_DATA_FORK));
		assert_int_equal(xfs_iext_count(&ip->i_df), n);
		memset(again, 0xee, sizeof(again));
		xfs_iflush_fork(ip, again, XFS_DATA_FORK);
		assert_memory_equal(again + 176, raw + 176, 192);
		assert_int_equal(again[176 + 192], 0xee);
		assert_null(test_fork_compare(ip, XFS_DATA_FORK, &blocks));
		drop(ip);
	}
	make_list(12);
	dip->di_big_nextents = cpu_to_be64(13);
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_list(5);
	expect_bad_format(S_IFDIR, -EUCLEAN);		/* unwritten in a directory */
	change_rec(raw + 176 - 72, 2, 18, 100, 1);	/* twice the same offset */
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_list(5);
	change_rec(raw + 176 - 72, 2, 20, 1ull << 50, 1);
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_list(5);
	change_rec(raw + 176 - 72, 4, 1ull << 51, 100, 1);	/* begins past the largest file */
	expect_bad_format(S_IFREG, -EUCLEAN);
	make_list(5);
	change_rec(raw + 176 - 72, 4, (1ull << 51) - 1, 100, 1);
	dip->di_big_nextents = cpu_to_be64(5);
	ip = inode_of(S_IFREG);
	assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
	drop(ip);
}

static void test_attr_fork(void **state)
{
	struct xfs_inode *ip;

	(void)state;
	/* Short form: as long as its header says. */
	dip->di_aformat = XFS_DINODE_FMT_LOCAL;
	put_hex(raw, 368, "0006 0000 abcd");
	ip = inode_of(S_IFREG);
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), 0);
	assert_int_equal(ip->i_af.if_format, XFS_DINODE_FMT_LOCAL);
	assert_int_equal(ip->i_af.if_bytes, 6);
	assert_memory_equal(ip->i_af.if_data, raw + 368, 6);
	drop(ip);
	put_hex(raw, 368, "0003");
	ip = inode_of(S_IFREG);
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), -EUCLEAN);
	put_hex(raw, 368, "0091");
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), -EUCLEAN);
	/* Never unwritten. */
	make_list(0);
	dip->di_anextents = cpu_to_be16(0);
	dip->di_big_anextents = cpu_to_be32(1);
	put_hex(raw, 368, "8000000000000000 0000000003800100");
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), -EUCLEAN);
	put_hex(raw, 368, "00");
	assert_int_equal(xfs_iformat_attr_fork(ip, dip), 0);
	assert_int_equal(ip->i_af.if_nextents, 1);
	drop(ip);
}

static void test_local(void **state)
{
	struct xfs_inode *ip = inode_of(S_IFLNK | 0777);
	uint8_t again[512];
	char *data;

	(void)state;
	assert_int_equal(xfs_init_local_fork(ip, XFS_DATA_FORK, "target", 6), 0);
	data = ip->i_df.if_data;
	assert_memory_equal(data, "target\0\0", 8);
	assert_int_equal(xfs_idata_realloc(ip, 4, XFS_DATA_FORK), 0);
	data = ip->i_df.if_data;
	assert_int_equal(ip->i_df.if_bytes, 10);
	assert_memory_equal(data, "target\0\0\0\0\0\0\0\0\0\0", 16);
	memcpy(data + 6, "1234", 4);
	assert_int_equal(xfs_idata_realloc(ip, -2, XFS_DATA_FORK), 0);
	data = ip->i_df.if_data;
	assert_memory_equal(data, "target12\0\0\0\0", 12);
	assert_int_equal(xfs_idata_realloc(ip, 100, XFS_DATA_FORK), 0);
	assert_int_equal(xfs_idata_realloc(ip, -103, XFS_DATA_FORK), 0);
	data = ip->i_df.if_data;
	assert_memory_equal(data, "targe\0\0\0", 8);
	memset(again, 0xee, sizeof(again));
	xfs_iflush_fork(ip, again, XFS_DATA_FORK);
	assert_memory_equal(again + 176, "targe\0\0\0\0\0\0", 11);
	assert_int_equal(again[367], 0);
	drop(ip);

	/* From disk: no longer than the fork. */
	dip->di_format = XFS_DINODE_FMT_LOCAL;
	dip->di_big_nextents = cpu_to_be64(0);
	dip->di_size = cpu_to_be64(192);
	ip = inode_of(S_IFLNK);
	assert_int_equal(xfs_iformat_data_fork(ip, dip), 0);
	assert_int_equal(ip->i_df.if_bytes, 192);
	drop(ip);
	dip->di_size = cpu_to_be64(193);
	expect_bad_format(S_IFLNK, -EUCLEAN);
	dip->di_size = cpu_to_be64(10);
	dip->di_big_nextents = cpu_to_be64(1);
	expect_bad_format(S_IFDIR, -EUCLEAN);
}

/* Reading in fails at every allocation, cleanly. */
static void test_no_memory(void **state)
{
	unsigned int met = 1;

	expect_read(NULL, 0);
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_inode *ip = inode_of(S_IFREG | 0644);
		int error;

		xfs_mem_fail_at(nth, false);
		error = xfs_iformat_data_fork(ip, dip);
		if (!error)
			error = xfs_iread_extents(ip, XFS_DATA_FORK);
		met = xfs_mem_fail_met();
		assert_int_equal(error, met ? -ENOMEM : 0);
		assert_int_equal(xfs_iext_count(&ip->i_df), met ? 0 : 38);
		drop(ip);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_btree_vector, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_roots, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_leaves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attr_fork, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_local, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
