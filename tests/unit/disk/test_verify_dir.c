/* SPDX-License-Identifier: MIT */
/*
 * Goal: directories of real file systems pass, every rule of their blocks is held.
 * Method: the bytes of real directories with their checksums; then one thing changed at a time.
 */
#include "unit/disk/vectors.h"

static struct xfs_geometry geo;
static uint8_t block[4096];

#define dhdr	((struct xfs_dir3_data_hdr *)(void *)block)
#define leaf	((struct xfs_dir3_leaf *)(void *)block)
#define dinfo	((struct xfs_da3_blkinfo *)(void *)block)
#define at16(off, v)	put_be16(v, block + (off))
#define at32(off, v)	put_be32(v, block + (off))

static int setup(void **state)
{
	(void)state;
	vector_geo(&geo, "01020304 05060708 090a0b0c 0d0e0f10");
	return 0;
}

/* -------------------------------------------------------------- shortform */

static xfs_failaddr_t sf_verify(const struct xfs_geometry *g, const char *hex, bool metadata)
{
	uint8_t buf[256], *exact;
	size_t size = put_hex(buf, 0, hex);
	xfs_failaddr_t fa;

	/* In memory of just that size, so that a sanitizer sees a byte too many. */
	exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, buf, size);
	fa = xfs_dir2_sf_verify(g, exact, size, metadata);
	free(exact);
	return fa;
}

#define SF_A	"01 0060 61 01 000a0081"
#define SF_LINK	"04 0070 6c696e6b 07 000a0082"

static void test_shortform(void **state)
{
	struct xfs_geometry big;
	struct xfs_sb sb;

	(void)state;
	make_sb(&sb, 4096, 512, 512, (1u << 28) - 1, 4);
	assert_int_equal(xfs_geometry_init(&big, &sb), 0);
	assert_good(sf_verify(&big, "00 00 00000080", false));
	assert_good(sf_verify(&big, "00 01 0000000100020080", false));
	assert_good(sf_verify(&big, "05 00 00000080" SF_A SF_LINK "03 0080 646972 02 000c0080"
			      "03 0090 636872 03 000a0083 04 00a0 6669666f 05 000a0084", false));
	assert_good(sf_verify(&big, "03 02 0000000000000080 01 0060 66 01 0000000100020081"
			      "02 0070 7331 02 0000000180000082 02 0080 7332 02 0000000000000086",
			      false));
	/* Holes from removed entries stay. */
	assert_good(sf_verify(&big, "02 00 00000080" SF_A "04 0170 6c696e6b 07 000a0082", false));

	assert_bad(sf_verify(&big, "", false), "size >= 2");
	assert_bad(sf_verify(&big, "00 00 0000", false), "hdr_size");
	assert_bad(sf_verify(&big, "00 01 00000080", false), "hdr_size");
	assert_bad(sf_verify(&big, "00 00 00000001", false), "dir_ino");
	assert_bad(sf_verify(&big, "00 00 00000081", false), "dir_ino");	/* rt bitmap */
	assert_good(sf_verify(&big, "00 00 00000081", true));
	assert_bad(sf_verify(&big, "00 01 0000000000000080", false), "i8count");
	assert_bad(sf_verify(&big, "01 00 00000080", false), "end - p");
	assert_bad(sf_verify(&big, "01 00 00000080 01 0060 61 01 000a00", false), "end - p");
	assert_bad(sf_verify(&big, "00 00 00000080" SF_A, false), "p == end");
	assert_bad(sf_verify(&big, "01 00 00000080 00 0060 01 000a0081", false), "namelen");
	assert_bad(sf_verify(&big, "01 00 00000080 ff 0060 61 01 000a0081", false), "end - p");
	assert_bad(sf_verify(&big, "01 00 00000080 01 0058 61 01 000a0081", false), "offset");
	assert_bad(sf_verify(&big, "01 00 00000080 01 0062 61 01 000a0081", false), "ALIGNED");
	assert_bad(sf_verify(&big, "02 00 00000080" SF_A "04 0068 6c696e6b 07 000a0082", false),
		   "next_offset");
	assert_bad(sf_verify(&big, "01 00 00000080 01 0060 61 09 000a0081", false), "FT_MAX");
	assert_bad(sf_verify(&big, "01 00 00000080 01 0060 61 01 00000003", false), "dir_ino");
	assert_bad(sf_verify(&big, "01 02 0000000100020080 01 0060 61 01 0000000000000084", false),
		   "i8count");
	/* The last entry would not leave room for the hash index in block form. */
	assert_bad(sf_verify(&big, "01 00 00000080 01 0fd8 61 01 000a0081", false), "dirblksize");
	assert_good(sf_verify(&big, "01 00 00000080 01 0fd0 61 01 000a0081", false));
}

/* ------------------------------------------------------------ block format */

/* 20 files were made in it, four of them removed. */
static void make_block(void)
{
	static const char *const leaves =
		"0000002e 00000008  0000172e 0000000a  ccaac376 00000024  ccaac377 00000027"
		"ccaac378 00000000  ccaac379 00000021  ccaac37a 00000018  ccaac37b 00000000"
		"ccaac37c 00000012  ccaac37d 00000015  ccaac37e 0000000c  ccaac37f 0000000f"
		"ccaac3f6 00000042  ccaac3f7 00000000  ccaac3f8 0000003c  ccaac3f9 0000003f"
		"ccaac3fa 00000036  ccaac3fb 00000039  ccaac3fc 00000030  ccaac3fd 00000033"
		"ccaac3fe 00000000  ccaac3ff 0000002d  00000016 00000004";

	memset(block, 0, sizeof(block));
	put_hex(block, 0x00, "58444233 94aa00ec 00000000 00000078");
	put_hex(block, 0x10, "00000001 00000002 01020304 05060708");
	put_hex(block, 0x20, "090a0b0c 0d0e0f10 00000000 00000083");
	put_hex(block, 0x30, "02280d20 00d80030 01500018 00000000");
	put_hex(block, 0x40, "00000000 00000083 012e0200 00000040");
	put_hex(block, 0x50, "00000000 00000080 022e2e02 00000050");
	for (unsigned int i = 0; i < 20; i++) {
		unsigned int off = 0x60 + 0x18 * i;

		put_be64(0x84 + i, block + off);
		put_hex(block, off + 8, "0766696c 652d");
		block[off + 14] = (uint8_t)('0' + i / 10);
		block[off + 15] = (uint8_t)('0' + i % 10);
		block[off + 16] = 1;
		at16(off + 22, (uint16_t)off);
	}
	put_hex(block, 0xd8, "ffff 0030");
	at16(0x106, 0xd8);
	put_hex(block, 0x150, "ffff 0018");
	put_hex(block, 0x228, "ffff 0d20");
	put_hex(block, 0x240, "ffff 0d08");
	at16(0xf46, 0x228);
	put_hex(block, 0xf48, leaves);
}

static void test_block(void **state)
{
	(void)state;
	make_block();
	assert_true(xfs_cksum_ok(block, 4096, XFS_DIR3_DATA_CRC_OFF));
	assert_good(xfs_dir3_block_verify(&geo, block, 4096, 0x78));
	assert_good(xfs_dir3_data_any_verify(&geo, block, 4096, 0x78));
	assert_good(xfs_da3_owner_check(block, 0x83));
	assert_bad(xfs_da3_owner_check(block, 0x84), "owner");
	assert_bad(xfs_dir3_block_verify(&geo, block, 2048, 0x78), "len");
	assert_bad(xfs_dir3_data_verify(&geo, block, 4096, 0x78), "magic");
#define BAD(change, text)							\
	do {									\
		make_block();							\
		change;								\
		assert_bad(xfs_dir3_block_verify(&geo, block, 4096, 0x78), text); \
	} while (0)
	BAD(dhdr->magic = cpu_to_be32(0), "magic");
	BAD(dhdr->blkno = cpu_to_be64(0x80), "blkno");
	BAD(dhdr->uuid.b[0] ^= 1, "uuid");
	BAD(dhdr->owner = cpu_to_be64(1), "owner");
	/* The table of the largest free records. */
	BAD(dhdr->best_free[0].length = cpu_to_be16(0xd18), "length) == length");
	BAD(dhdr->best_free[0].offset = cpu_to_be16(0x230), "FD_COUNT - 1");
	BAD(dhdr->best_free[2].length = cpu_to_be16(0), "offset) == 0");
	BAD(memset(&dhdr->best_free[2], 0, 4), "FD_COUNT - 1");
	BAD(dhdr->best_free[1].length = cpu_to_be16(0x10), "bf[i - 1].length");
	BAD(dhdr->best_free[1] = dhdr->best_free[2], "length <=");
	/* Records. */
	BAD(block[0x68] = 0, "namelen");
	BAD(block[0x68] = 255, "tag");
	BAD(block[0x70] = 9, "FT_MAX");
	BAD(at16(0x76, 0x68), "tag");
	BAD(put_be64(3, block + 0x60), "ino_possible");
	BAD(at16(0xda, 0x2c), "ALIGNED");
	BAD(at16(0xda, 0), "length >=");
	BAD(at16(0xda, 0xff8), "length <= left");
	BAD(at16(0x106, 0xe0), "unused_tag");
	BAD(at16(0x108, 0xffff), "!last_free");	/* two free ones in a row */
	BAD(at16(0x22a, 0xd10); at16(0xf36, 0x228); dhdr->best_free[0].length = cpu_to_be16(0xd10),
	    "namelen");
	/* The index. */
	BAD(at32(0xff8, 0x1f8), "count < max");
	BAD(at32(0xff8, 0xffffffff), "count < max");
	BAD(at32(0xffc, 0x17), "stale <= count");
	BAD(at32(0xffc, 3), "seen == stale");
	BAD(at32(0xf50, 0xccaac377), "hash >= last");
	BAD(at32(0xf58, 0xccaac375), "entry_in_leaf");
	BAD(at32(0xf5c, 0x25), "entry_in_leaf");
	BAD(at32(0xf5c, 0); at32(0xffc, 5), "entry_in_leaf");
	BAD(at32(0xf6c, 0x1c); at32(0xffc, 3), "entries == count - stale");
}

/* ------------------------------------------------------------- data blocks */

static void make_data(void)
{
	memset(block, 0, sizeof(block));
	dhdr->magic = cpu_to_be32(XFS_DIR3_DATA_MAGIC);
	dhdr->blkno = cpu_to_be64(0x80);
	dhdr->uuid = geo.meta_uuid;
	dhdr->owner = cpu_to_be64(131);
	dhdr->best_free[0].offset = cpu_to_be16(0x50);
	dhdr->best_free[0].length = cpu_to_be16(0xfb0);
	put_hex(block, 0x40, "00000000 00000084 0161 0100 0000 0040");
	put_hex(block, 0x50, "ffff 0fb0");
	at16(0xffe, 0x50);
}

static void test_data(void **state)
{
	(void)state;
	make_data();
	assert_good(xfs_dir3_data_verify(&geo, block, 4096, 0x80));
	assert_good(xfs_dir3_data_any_verify(&geo, block, 4096, 0x80));
	/* All free, as a kernel out of space may leave it. */
	put_hex(block, 0x40, "ffff 0fc0");
	at16(0xffe, 0x40);
	dhdr->best_free[0].offset = cpu_to_be16(0x40);
	dhdr->best_free[0].length = cpu_to_be16(0xfc0);
	assert_good(xfs_dir3_data_verify(&geo, block, 4096, 0x80));
	make_data();
	assert_bad(xfs_dir3_data_verify(&geo, block, 4096, 0x88), "blkno");
	at16(0x52, 0xfa8);
	dhdr->best_free[0].length = cpu_to_be16(0xfa8);
	at16(0xff6, 0x50);
	assert_bad(xfs_dir3_data_verify(&geo, block, 4096, 0x80), "left");
	/* An entry that ends outside. */
	make_data();
	at16(0x52, 0xfa0);
	dhdr->best_free[0].length = cpu_to_be16(0xfa0);
	at16(0xfee, 0x50);
	put_hex(block, 0xff0, "00000000 00000085 ff61");
	assert_bad(xfs_dir3_data_verify(&geo, block, 4096, 0x80), "entsize");
}

/* ------------------------------------------------------------------ leaves */

static void make_leaf(uint16_t magic, unsigned int count, unsigned int stale)
{
	memset(block, 0, sizeof(block));
	dinfo->magic = cpu_to_be16(magic);
	dinfo->blkno = cpu_to_be64(0x28070);
	dinfo->uuid = geo.meta_uuid;
	dinfo->owner = cpu_to_be64(0x40080);
	leaf->hdr.count = cpu_to_be16((uint16_t)count);
	leaf->hdr.stale = cpu_to_be16((uint16_t)stale);
	for (unsigned int i = 0; i < count; i++) {
		leaf->ents[i].hashval = cpu_to_be32(0x1000 + i / 2);
		leaf->ents[i].address = cpu_to_be32(i < stale ? 0 : 8 + i);
	}
}

static void test_leaf1(void **state)
{
	(void)state;
#define LEAF1(count, stale, change)					\
	do {								\
		make_leaf(XFS_DIR3_LEAF1_MAGIC, count, stale);		\
		at32(0xffc, 1);						\
		at16(0xffa, 160);					\
		change;							\
	} while (0)
#define BAD1(change, text)						\
	do {								\
		LEAF1(162, 3, change);					\
		assert_bad(xfs_dir3_leaf1_verify(&geo, block, 4096, 0x28070), text); \
	} while (0)
	LEAF1(162, 3, (void)0);
	assert_good(xfs_dir3_leaf1_verify(&geo, block, 4096, 0x28070));
	assert_good(xfs_dir3_leaf_any_verify(&geo, block, 4096, 0x28070));
	assert_good(xfs_da3_owner_check(block, 0x40080));
	/* Entries up to the very first byte of the bests: 503 * 8 + 64 + 2 + 4 = 4094. */
	LEAF1(503, 0, (void)0);
	assert_good(xfs_dir3_leaf1_verify(&geo, block, 4096, 0x28070));
	LEAF1(503, 0, at32(0xffc, 2));
	assert_good(xfs_dir3_leaf1_verify(&geo, block, 4096, 0x28070));
	LEAF1(503, 0, at32(0xffc, 3));
	assert_bad(xfs_dir3_leaf1_verify(&geo, block, 4096, 0x28070), "bests_start");
	BAD1(dinfo->magic = cpu_to_be16(XFS_DIR3_LEAFN_MAGIC), "magic");
	BAD1(dinfo->blkno = cpu_to_be64(1), "blkno");
	BAD1(dinfo->uuid.b[1] ^= 1, "uuid");
	BAD1(dinfo->owner = cpu_to_be64(0), "owner");
	BAD1(dinfo->forw = cpu_to_be32(1), "forw");
	BAD1(dinfo->back = cpu_to_be32(1), "back");
	BAD1(leaf->hdr.count = cpu_to_be16(0xffff), "bests_start");
	BAD1(leaf->hdr.stale = cpu_to_be16(2), "seen == stale");
	BAD1(leaf->hdr.stale = cpu_to_be16(163), "stale <= count");
	BAD1(leaf->ents[5].hashval = cpu_to_be32(0), "hash >= last");
	BAD1(leaf->ents[5].address = cpu_to_be32(512), "bestcount");
	BAD1(at32(0xffc, 0), "bestcount >= 1");
	BAD1(at32(0xffc, 2015), "bestcount <=");
	BAD1(at32(0xffc, 0xffffffff), "bestcount <=");
	LEAF1(162, 3, (void)0);
	assert_bad(xfs_dir3_leaf1_verify(&geo, block, 4095, 0x28070), "len");
}

static void test_leafn(void **state)
{
	(void)state;
#define BADN(change, text)						\
	do {								\
		make_leaf(XFS_DIR3_LEAFN_MAGIC, 443, 248);		\
		change;							\
		assert_bad(xfs_dir3_leafn_verify(&geo, block, 4096, 0x28070), text); \
	} while (0)
	make_leaf(XFS_DIR3_LEAFN_MAGIC, 504, 504);
	assert_good(xfs_dir3_leafn_verify(&geo, block, 4096, 0x28070));
	assert_good(xfs_dir3_leaf_any_verify(&geo, block, 4096, 0x28070));
	BADN(dinfo->magic = cpu_to_be16(XFS_DIR3_LEAF1_MAGIC), "magic");
	BADN(leaf->hdr.count = cpu_to_be16(505), "max_ents");
	BADN(leaf->hdr.count = cpu_to_be16(0), "count >= 1");
	BADN(leaf->hdr.stale = cpu_to_be16(500), "stale <= count");
	BADN(leaf->hdr.stale = cpu_to_be16(247), "seen == stale");
	BADN(leaf->ents[100].hashval = cpu_to_be32(0), "hash >= last");
}

static void make_node(unsigned int count, unsigned int level)
{
	struct xfs_da3_intnode *node = (void *)block;

	make_leaf(XFS_DA3_NODE_MAGIC, 0, 0);
	node->hdr.count = cpu_to_be16((uint16_t)count);
	node->hdr.level = cpu_to_be16((uint16_t)level);
	for (unsigned int i = 0; i < count && i < 504; i++) {
		node->btree[i].hashval = cpu_to_be32(100 * i);
		node->btree[i].before = cpu_to_be32(8388609 + i);
	}
}

static void test_node(void **state)
{
	struct xfs_da3_intnode *node = (void *)block;

	(void)state;
	make_node(504, 5);
	assert_good(xfs_da3_node_verify(&geo, block, 4096, 0x28070));
	assert_good(xfs_dir3_leaf_any_verify(&geo, block, 4096, 0x28070));
	assert_good(xfs_attr3_any_verify(&geo, block, 4096, 0x28070));
#define BADNODE(count, level, change, text)				\
	do {								\
		make_node(count, level);				\
		change;							\
		assert_bad(xfs_da3_node_verify(&geo, block, 4096, 0x28070), text); \
	} while (0)
	BADNODE(505, 1, (void)0, "count <=");
	BADNODE(0, 1, (void)0, "count >= 1");
	BADNODE(2, 0, (void)0, "level >= 1");
	BADNODE(2, 6, (void)0, "MAXDEPTH");
	BADNODE(2, 1, node->btree[0].hashval = cpu_to_be32(101), "hash >= last");
	BADNODE(2, 1, dinfo->magic = cpu_to_be16(XFS_ATTR3_LEAF_MAGIC), "magic");
	make_node(2, 1);
	assert_bad(xfs_da3_node_verify(&geo, block, 512, 0x28070), "len");
}

static void make_free(unsigned int nvalid, unsigned int nused)
{
	struct xfs_dir3_free *fr = (void *)block;

	memset(block, 0, sizeof(block));
	fr->hdr.magic = cpu_to_be32(XFS_DIR3_FREE_MAGIC);
	fr->hdr.blkno = cpu_to_be64(0x88);
	fr->hdr.uuid = geo.meta_uuid;
	fr->hdr.owner = cpu_to_be64(0x40080);
	fr->hdr.firstdb = cpu_to_be32(2016);
	fr->hdr.nvalid = cpu_to_be32(nvalid);
	fr->hdr.nused = cpu_to_be32(nused);
	for (unsigned int i = 0; i < nvalid && i < 2016; i++)
		fr->bests[i] = cpu_to_be16(i < nused ? 0x150 : 0xffff);
}

static void test_free_index(void **state)
{
	struct xfs_dir3_free *fr = (void *)block;

	(void)state;
	make_free(12, 11);
	assert_good(xfs_dir3_free_verify(&geo, block, 4096, 0x88));
	assert_good(xfs_dir3_free_check(&geo, block, 0x40080, geo.freeblk + 1));
	assert_bad(xfs_dir3_free_check(&geo, block, 0x40080, geo.freeblk), "firstdb");
	assert_bad(xfs_dir3_free_check(&geo, block, 0x40081, geo.freeblk + 1), "owner");
	assert_bad(xfs_dir3_free_check(&geo, block, 0x40080, geo.freeblk - 1), "freeblk");
	make_free(2016, 2016);
	assert_good(xfs_dir3_free_verify(&geo, block, 4096, 0x88));
#define BADF(nvalid, nused, change, text)				\
	do {								\
		make_free(nvalid, nused);				\
		change;							\
		assert_bad(xfs_dir3_free_verify(&geo, block, 4096, 0x88), text); \
	} while (0)
	BADF(2017, 11, (void)0, "nvalid");
	BADF(12, 11, fr->hdr.nused = cpu_to_be32(12), "nused == used");
	BADF(12, 11, fr->hdr.firstdb = cpu_to_be32(2015), "firstdb");
	BADF(12, 11, fr->hdr.magic = cpu_to_be32(0), "MAGIC");
	BADF(12, 11, fr->hdr.blkno = cpu_to_be64(0), "blkno");
	BADF(12, 11, fr->hdr.owner = cpu_to_be64(0), "owner");
	BADF(12, 11, fr->hdr.uuid.b[9] ^= 1, "uuid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_shortform, setup),
		cmocka_unit_test_setup(test_block, setup),
		cmocka_unit_test_setup(test_data, setup),
		cmocka_unit_test_setup(test_leaf1, setup),
		cmocka_unit_test_setup(test_leafn, setup),
		cmocka_unit_test_setup(test_node, setup),
		cmocka_unit_test_setup(test_free_index, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
