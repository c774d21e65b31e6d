/* SPDX-License-Identifier: MIT */
/*
 * Goal: AG headers, B+tree blocks and log record headers of real file systems pass,
 * damaged ones are found.
 * Method: real bytes with their checksums; then one field changed at a time.
 */
#include "disk/ag.h"
#include "disk/btree.h"
#include "disk/log.h"
#include "unit/disk/vectors.h"

static struct xfs_geometry geo;
static uint8_t block[4096];

static int setup(void **state)
{
	(void)state;
	vector_geo(&geo, NULL);
	memset(block, 0, sizeof(block));
	return 0;
}

static void make_agf(void)
{
	memset(block, 0, 512);
	put_hex(block, 0x00, "58414746 00000001 00000000 00004b00");
	put_hex(block, 0x10, "00000001 00000002 00000005 00000001");
	put_hex(block, 0x20, "00000001 00000001 00000001 00000006");
	put_hex(block, 0x30, "00000006 00004aeb 00004ae8 00000000");
	put_hex(block, 0x40, "01234567 89abcdef 01234567 89abcdef");
	put_hex(block, 0x50, "00000001 00000001 00000006 00000001");
	put_hex(block, 0xd0, "00000000 00000000 8a873616 00000000");
}

static void test_agf(void **state)
{
	struct xfs_agf *agf = (void *)block;

	(void)state;
	make_agf();
	assert_true(xfs_cksum_ok(block, 512, XFS_AGF_CRC_OFF));
	assert_good(xfs_agf_verify(&geo, block, 512, 1));
	assert_bad(xfs_agf_verify(&geo, block, 511, 1), "len");
	assert_bad(xfs_agf_verify(&geo, block, 512, 2), "XFS_AG_DADDR");
	assert_bad(xfs_agf_verify(&geo, block, 512, 19200 * 8 + 1), "seqno");
	assert_bad(xfs_agf_verify(&geo, block, 512, 4 * 19200 * 8 + 1), "dblocks");
	assert_bad(xfs_agf_verify(&geo, block, 512, -1), "daddr");
#define BAD(field, value, text)							\
	do {									\
		make_agf();							\
		agf->field = cpu_to_be32(value);				\
		assert_bad(xfs_agf_verify(&geo, block, 512, 1), text);		\
	} while (0)
	BAD(agf_magicnum, 0x58414747, "MAGIC");
	BAD(agf_versionnum, 2, "VERSION");
	BAD(agf_seqno, 1, "seqno");
	BAD(agf_length, 19199, "agblocks");
	BAD(agf_bno_root, 0, "agbno");
	BAD(agf_cnt_root, 19200, "agbno");
	BAD(agf_rmap_root, NULLAGBLOCK, "agbno");
	BAD(agf_refcount_root, 0, "agbno");
	BAD(agf_bno_level, 0, "height");
	BAD(agf_cnt_level, 3, "height");
	BAD(agf_rmap_level, 5, "height");
	BAD(agf_refcount_level, 3, "height");
	BAD(agf_flfirst, 119, "agfl_slots");
	BAD(agf_fllast, 119, "agfl_slots");
	BAD(agf_flcount, 120, "agfl_slots");
	BAD(agf_flcount, 5, "agfl_range_ok");
	BAD(agf_fllast, 7, "agfl_range_ok");
	BAD(agf_freeblks, 19201, "freeblks");
	BAD(agf_longest, 0x4aec, "longest");
	BAD(agf_btreeblks, 19201, "btreeblks");
	BAD(agf_rmap_blocks, 19201, "rmap_blocks");
	BAD(agf_refcount_blocks, 19201, "refcount_blocks");
#undef BAD
	make_agf();
	agf->agf_uuid.b[15] ^= 1;
	assert_bad(xfs_agf_verify(&geo, block, 512, 1), "uuid");
	/* An empty list says nothing with its ends; a list may wrap. */
	make_agf();
	agf->agf_flcount = cpu_to_be32(0);
	assert_good(xfs_agf_verify(&geo, block, 512, 1));
	agf->agf_flfirst = cpu_to_be32(117);
	agf->agf_fllast = cpu_to_be32(3);
	agf->agf_flcount = cpu_to_be32(6);
	assert_good(xfs_agf_verify(&geo, block, 512, 1));
	/* Trees that are not there have no rules. */
	make_agf();
	agf->agf_rmap_level = cpu_to_be32(0);
	geo.features &= ~XFS_FEAT_RMAPBT;
	assert_good(xfs_agf_verify(&geo, block, 512, 1));
}

static void test_last_ag(void **state)
{
	struct xfs_agf *agf = (void *)block;

	(void)state;
	make_agf();
	agf->agf_seqno = cpu_to_be32(3);
	agf->agf_length = cpu_to_be32(19200);
	assert_good(xfs_agf_verify(&geo, block, 512, 3 * 19200 * 8 + 1));
	agf->agf_length = cpu_to_be32(63);
	assert_bad(xfs_agf_verify(&geo, block, 512, 3 * 19200 * 8 + 1), "MIN_AG_BLOCKS");
	agf->agf_length = cpu_to_be32(19201);
	assert_bad(xfs_agf_verify(&geo, block, 512, 3 * 19200 * 8 + 1), "agblocks");
}

static void make_agi(void)
{
	memset(block, 0, 512);
	put_hex(block, 0x00, "58414749 00000001 00000000 00004b00");
	put_hex(block, 0x10, "00000040 00000003 00000001 0000003d");
	put_hex(block, 0x20, "00000080");
	memset(block + 0x24, 0xff, 0x128 - 0x24);
	put_hex(block, 0x128, "01234567 89abcdef");
	put_hex(block, 0x130, "01234567 89abcdef b7aef7da 00000000");
	put_hex(block, 0x140, "00000000 00000000 00000004 00000001");
	put_hex(block, 0x150, "00000001 00000001");
}

static void test_agi(void **state)
{
	struct xfs_agi *agi = (void *)block;

	(void)state;
	make_agi();
	assert_true(xfs_cksum_ok(block, 512, XFS_AGI_CRC_OFF));
	assert_good(xfs_agi_verify(&geo, block, 512, 2));
#define BAD(field, value, text)							\
	do {									\
		make_agi();							\
		agi->field = cpu_to_be32(value);				\
		assert_bad(xfs_agi_verify(&geo, block, 512, 2), text);		\
	} while (0)
	BAD(agi_magicnum, 1, "MAGIC");
	BAD(agi_versionnum, 0, "VERSION");
	BAD(agi_seqno, 2, "seqno");
	BAD(agi_length, 1, "agblocks");
	BAD(agi_freecount, 65, "freecount");
	BAD(agi_root, 0, "agbno");
	BAD(agi_level, 0, "height");
	BAD(agi_level, 3, "height");
	BAD(agi_free_root, 19200, "agbno");
	BAD(agi_free_level, 3, "height");
	BAD(agi_unlinked[0], 0, "unlinked");
	BAD(agi_unlinked[63], 19200 * 8, "unlinked");
#undef BAD
	make_agi();
	agi->agi_unlinked[3] = cpu_to_be32(131);
	assert_good(xfs_agi_verify(&geo, block, 512, 2));
	agi->agi_uuid.b[0] ^= 1;
	assert_bad(xfs_agi_verify(&geo, block, 512, 2), "uuid");
}

static void test_agfl(void **state)
{
	struct xfs_agfl *agfl = (void *)block;

	(void)state;
	memset(block, 0xff, 512);
	put_hex(block, 0x00, "5841464c 00000000 01234567 89abcdef");
	put_hex(block, 0x10, "01234567 89abcdef 00000000 00000000");
	put_hex(block, 0x20, "2d65e580 ffffffff 00000007 00000008");
	put_hex(block, 0x30, "00000009 0000000a 0000000b 0000000c");
	assert_true(xfs_cksum_ok(block, 512, XFS_AGFL_CRC_OFF));
	assert_good(xfs_agfl_verify(&geo, block, 512, 3));
	assert_bad(xfs_agfl_verify(&geo, block, 512, 19200 * 8 + 3), "seqno");
	agfl->agfl_bno[118] = cpu_to_be32(19200);
	assert_bad(xfs_agfl_verify(&geo, block, 512, 3), "agblocks");
	agfl->agfl_bno[118] = cpu_to_be32(19199);
	assert_good(xfs_agfl_verify(&geo, block, 512, 3));
	agfl->agfl_uuid.b[0] ^= 1;
	assert_bad(xfs_agfl_verify(&geo, block, 512, 3), "uuid");
	agfl->agfl_magicnum = cpu_to_be32(0);
	assert_bad(xfs_agfl_verify(&geo, block, 512, 3), "MAGIC");
}

static void make_sblock(const char *magic, uint32_t agbno, uint32_t numrecs, const char *crc)
{
	memset(block, 0, sizeof(block));
	put_hex(block, 0x00, magic);
	put_be16((uint16_t)numrecs, block + 6);
	put_hex(block, 0x08, "ffffffff ffffffff");
	put_be64((uint64_t)agbno * 8, block + 16);
	put_hex(block, 0x20, "01234567 89abcdef 01234567 89abcdef");
	put_hex(block, 0x34, crc);
}

static void test_roots(void **state)
{
	(void)state;
	make_sblock("41423342", 1, 2, "9b230ab1");
	put_hex(block, 0x38, "0000000d 00000003 00000018 00004ae8");
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_bnobt_verify(&geo, block, 4096, 8));
	assert_bad(xfs_cntbt_verify(&geo, block, 4096, 8), "magic");

	make_sblock("41423343", 2, 2, "7364bf44");
	put_hex(block, 0x38, "0000000d 00000003 00000018 00004ae8");
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_cntbt_verify(&geo, block, 4096, 16));

	make_sblock("49414233", 3, 1, "4803b803");
	put_hex(block, 0x38, "00000080 0000403d ffffffff fffffff8");
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_inobt_verify(&geo, block, 4096, 24));

	make_sblock("46494233", 4, 1, "725d3568");
	put_hex(block, 0x38, "00000080 0000403d ffffffff fffffff8");
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_finobt_verify(&geo, block, 4096, 32));

	make_sblock("52334643", 6, 0, "8f92d30a");
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_refcountbt_verify(&geo, block, 4096, 48));
}

static void test_rmap_root(void **state)
{
	static const struct {
		uint32_t start, len;
		uint64_t owner;
	} recs[] = {
		{ 0, 1, XFS_RMAP_OWN_FS },    { 1, 2, XFS_RMAP_OWN_AG },
		{ 3, 2, XFS_RMAP_OWN_INOBT }, { 5, 1, XFS_RMAP_OWN_AG },
		{ 6, 1, XFS_RMAP_OWN_REFC },  { 7, 6, XFS_RMAP_OWN_AG },
		{ 16, 8, XFS_RMAP_OWN_INODES },
	};
	struct xfs_rmap_rec *rec = (void *)(block + XFS_BTREE_SBLOCK_LEN);

	(void)state;
	make_sblock("524d4233", 5, ARRAY_SIZE(recs), "1641e8e3");
	for (size_t i = 0; i < ARRAY_SIZE(recs); i++) {
		struct xfs_rmap_irec irec = { recs[i].start, recs[i].len, recs[i].owner, 0, 0 };

		xfs_rmap_rec_pack(&irec, &rec[i]);
	}
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_SBLOCK_CRC_OFF));
	assert_good(xfs_rmapbt_verify(&geo, block, 4096, 40));
}

static void test_sblock_rules(void **state)
{
	struct xfs_btree_block *bt = (void *)block;

	(void)state;
#define BAD(change, text)							\
	do {									\
		make_sblock("41423342", 1, 2, "00000000");			\
		change;								\
		assert_bad(xfs_bnobt_verify(&geo, block, 4096, 8), text);	\
	} while (0)
	BAD(bt->bb_magic = cpu_to_be32(0), "magic");
	BAD(bt->bb_level = cpu_to_be16(2), "level");
	BAD(bt->bb_numrecs = cpu_to_be16(506), "numrecs");
	BAD(bt->bb_level = cpu_to_be16(1); bt->bb_numrecs = cpu_to_be16(337), "numrecs");
	BAD(bt->bb_level = cpu_to_be16(1); bt->bb_numrecs = cpu_to_be16(0), "numrecs");
	BAD(bt->bb_u.s.bb_leftsib = cpu_to_be32(0), "left");
	BAD(bt->bb_u.s.bb_leftsib = cpu_to_be32(1), "agbno");
	BAD(bt->bb_u.s.bb_rightsib = cpu_to_be32(19200), "right");
	BAD(bt->bb_u.s.bb_leftsib = bt->bb_u.s.bb_rightsib = cpu_to_be32(9), "left != right");
	BAD(bt->bb_u.s.bb_blkno = cpu_to_be64(16), "blkno");
	BAD(bt->bb_u.s.bb_owner = cpu_to_be32(1), "owner");
	BAD(bt->bb_u.s.bb_uuid.b[3] = 0, "uuid");
#undef BAD
	make_sblock("41423342", 1, 505, "00000000");
	assert_good(xfs_bnobt_verify(&geo, block, 4096, 8));
	assert_bad(xfs_bnobt_verify(&geo, block, 4095, 8), "len");
	assert_bad(xfs_bnobt_verify(&geo, block, 4096, -8), "daddr");
	assert_bad(xfs_bnobt_verify(&geo, block, 4096, 4 * 19200 * 8), "dblocks");
	make_sblock("41423342", 1, 336, "00000000");
	bt->bb_level = cpu_to_be16(1);
	assert_good(xfs_bnobt_verify(&geo, block, 4096, 8));
}

/* The one block of the tree of a file with 38 extents. */
static void make_bmbt(void)
{
	struct xfs_bmbt_rec *rec = (void *)(block + XFS_BTREE_LBLOCK_LEN);
	unsigned int n = 0;

	memset(block, 0, sizeof(block));
	put_hex(block, 0x00, "424d4133 00000026 ffffffff ffffffff");
	put_hex(block, 0x10, "ffffffff ffffffff 00000000 000001c8");
	put_hex(block, 0x20, "00000001 00000002 01020304 05060708");
	put_hex(block, 0x30, "090a0b0c 0d0e0f10 00000000 00000089");
	put_hex(block, 0x40, "20cf27b1 00000000");
	for (unsigned int off = 0; off <= 46; off++) {
		struct xfs_bmbt_irec irec = { off, 56 + off, 1, XFS_EXT_NORM };

		if (off < 18 && off & 1)
			continue;
		if (off >= 18) {
			irec.br_startblock = off + 6;
			irec.br_state = off & 1 ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM;
		}
		xfs_bmbt_disk_set_all(&rec[n++], &irec);
	}
	assert_int_equal(n, 38);
}

static void test_bmbt(void **state)
{
	struct xfs_btree_block *bt = (void *)block;

	(void)state;
	vector_geo(&geo, "01020304 05060708 090a0b0c 0d0e0f10");
	make_bmbt();
	assert_true(xfs_cksum_ok(block, 4096, XFS_BTREE_LBLOCK_CRC_OFF));
	assert_good(xfs_bmbt_verify(&geo, block, 4096, 0x1c8));
#define BAD(change, text)							\
	do {									\
		make_bmbt();							\
		change;								\
		assert_bad(xfs_bmbt_verify(&geo, block, 4096, 0x1c8), text);	\
	} while (0)
	BAD(bt->bb_magic = cpu_to_be32(0), "MAGIC");
	BAD(bt->bb_level = cpu_to_be16(7), "level");
	BAD(bt->bb_numrecs = cpu_to_be16(0), "numrecs");
	BAD(bt->bb_numrecs = cpu_to_be16(252), "numrecs");
	BAD(bt->bb_u.l.bb_leftsib = cpu_to_be64(57), "self");
	BAD(bt->bb_u.l.bb_rightsib = cpu_to_be64(0), "right");
	BAD(bt->bb_u.l.bb_rightsib = cpu_to_be64(19200), "right");
	BAD(bt->bb_u.l.bb_leftsib = bt->bb_u.l.bb_rightsib = cpu_to_be64(99), "left != right");
	BAD(bt->bb_u.l.bb_blkno = cpu_to_be64(0x1c0), "blkno");
	BAD(bt->bb_u.l.bb_owner = cpu_to_be64(1), "owner");
	BAD(bt->bb_u.l.bb_uuid.b[3] = 0, "uuid");
#undef BAD
	make_bmbt();
	assert_bad(xfs_bmbt_verify(&geo, block, 512, 0x1c8), "len");
}

static void make_log_record(void)
{
	memset(block, 0, 512);
	put_hex(block, 0, "feedbabe 00000001 00000002 00000200 00000001 00000000 00000001 00000000"
			  "00000000 ffffffff 00000001 b0c0d0d0");
	put_hex(block, 0x12c, "00000001 01234567 89abcdef 01234567 89abcdef 00008000");
}

static void test_log_record(void **state)
{
	struct xlog_rec_header *head = (void *)block;

	(void)state;
	make_log_record();
	assert_good(xlog_rec_header_verify(&geo, block, 512, 0));
	assert_bad(xlog_rec_header_verify(&geo, block, 511, 0), "len");
#define BAD(change, text)							\
	do {									\
		make_log_record();						\
		change;								\
		assert_bad(xlog_rec_header_verify(&geo, block, 512, 0), text);	\
	} while (0)
	BAD(head->h_magicno = cpu_to_be32(1), "MAGIC");
	BAD(head->h_version = cpu_to_be32(1), "VERSION");
	BAD(head->h_version = cpu_to_be32(3), "VERSION");
	BAD(head->h_cycle = cpu_to_be32(0), "cycle");
	BAD(head->h_cycle = cpu_to_be32(0xfeedbabe), "cycle");
	BAD(head->h_fs_uuid.b[0] ^= 1, "uuid");
	BAD(head->h_fmt = cpu_to_be32(0), "fmt");
	BAD(head->h_fmt = cpu_to_be32(3), "fmt");
	BAD(head->h_len = cpu_to_be32(513), "h_len");
	BAD(head->h_len = cpu_to_be32(512u << 20), "h_len");
	BAD(head->h_size = cpu_to_be32(8192), "h_size");
	BAD(head->h_size = cpu_to_be32(512 << 10), "h_size");
	BAD(head->h_len = cpu_to_be32(0), "num_logops");
#undef BAD
	/* A stamp over stale blocks. */
	make_log_record();
	head->h_len = head->h_size = head->h_num_logops = cpu_to_be32(0);
	assert_good(xlog_rec_header_verify(&geo, block, 512, 0));
	head->h_cycle = cpu_to_be32(0);
	assert_good(xlog_rec_header_verify(&geo, block, 512, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_agf, setup),
		cmocka_unit_test_setup(test_last_ag, setup),
		cmocka_unit_test_setup(test_agi, setup),
		cmocka_unit_test_setup(test_agfl, setup),
		cmocka_unit_test_setup(test_roots, setup),
		cmocka_unit_test_setup(test_rmap_root, setup),
		cmocka_unit_test_setup(test_sblock_rules, setup),
		cmocka_unit_test_setup(test_bmbt, setup),
		cmocka_unit_test_setup(test_log_record, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
