/* SPDX-License-Identifier: MIT */
/*
 * Goal: attributes and remote symlinks of real file systems pass, every rule of their blocks
 * is held.
 * Method: the bytes of real blocks with their checksums; then one thing changed at a time.
 */
#include "disk/symlink.h"
#include "unit/disk/vectors.h"

static struct xfs_geometry geo;
static uint8_t block[4096];

#define leaf	((struct xfs_attr3_leafblock *)(void *)block)
#define at16(off, v)	put_be16(v, block + (off))

static int setup(void **state)
{
	(void)state;
	vector_geo(&geo, "01020304 05060708 090a0b0c 0d0e0f10");
	return 0;
}

static xfs_failaddr_t sf_verify(const char *hex, size_t spare)
{
	uint8_t buf[300], *exact;
	size_t size = put_hex(buf, 0, hex);
	xfs_failaddr_t fa;

	exact = calloc(1, size + spare ? size + spare : 1);
	assert_non_null(exact);
	memcpy(exact, buf, size);
	fa = xfs_attr_sf_verify(&geo, exact, size + spare);
	free(exact);
	return fa;
}

static void test_shortform(void **state)
{
	(void)state;
	assert_good(sf_verify("0004 00 00", 0));
	assert_good(sf_verify("0032 03 00 03 03 00 666f6f 626172 01 00 02 74"
			      "0a 14 04 6361706162696c697479"
			      "0100000200200000000000000000000000000000", 94));
	assert_good(sf_verify("0015 01 00 02 0c 08 7366 0000000000000080 00000000", 0));
	assert_bad(sf_verify("0004 00", 0), "size >=");
	assert_bad(sf_verify("0003 00 00", 0), "totsize >=");
}

static void test_shortform_rules(void **state)
{
	(void)state;
	assert_bad(sf_verify("0009 01 00 01 00 02 74", 0), "totsize <= size");
	assert_bad(sf_verify("0008 02 00 01 00 02 74", 10), "end - p");
	assert_bad(sf_verify("0008 01 00 00 01 02 74", 0), "namelen");
	assert_bad(sf_verify("0008 01 00 01 01 02 74", 0), "entsize");
	assert_bad(sf_verify("0008 01 00 01 00 06 74", 0), "namespace");
	assert_bad(sf_verify("0008 01 00 01 00 01 74", 0), "NSP_ONDISK");
	assert_bad(sf_verify("0008 01 00 01 00 80 74", 0), "NSP_ONDISK");
	assert_bad(sf_verify("0009 01 00 01 00 02 74 00", 0), "p == end");
	assert_bad(sf_verify("0007 01 00 01 00 02", 1), "end - p");
}

/* user.one, trusted.two, security.three, user.big (remote), user.five; user.four was removed. */
static void make_leaf(void)
{
	memset(block, 0, sizeof(block));
	put_hex(block, 0x000, "00000000 00000000 3bee0000 72448e19");
	put_hex(block, 0x010, "00000000 00000070 00000001 00000002");
	put_hex(block, 0x020, "01020304 05060708 090a0b0c 0d0e0f10  00000000 0000008a");
	put_hex(block, 0x038, "0005 0120 0e74 01 00");
	put_hex(block, 0x040, "0078 0dfc  0eac 006c  0000 0000  00000000");
	put_hex(block, 0x050, "0018b4e7 0e9c 00 00   001bf765 0ff0 01 00   001d3bef 0fe8 03 00"
			      "0cda7b65 0e74 01 00   4d1cb2e2 0f18 05 00");
	put_hex(block, 0xe74, "0021 04 66697665");
	memset(block + 0xe7b, '5', 33);
	put_hex(block, 0xe9c, "00000001 00001388 03 626967 00000000");
	put_hex(block, 0xf18, "00c8 05 7468726565");
	memset(block + 0xf20, '3', 200);
	put_hex(block, 0xfe8, "0002 03 74776f 3232 00");
	put_hex(block, 0xff0, "000a 03 6f6e65 31313131313131313131");
}

static void test_leaf(void **state)
{
	(void)state;
	make_leaf();
	assert_true(xfs_cksum_ok(block, 4096, XFS_DA3_CRC_OFF));
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
	assert_good(xfs_attr3_any_verify(&geo, block, 4096, 0x70));
	assert_int_equal(xfs_attr_leaf_entsize_remote(3), 16);
	assert_int_equal(xfs_attr_leaf_entsize_local(4, 33), 40);
#define BAD(change, text)							\
	do {									\
		make_leaf();							\
		change;								\
		assert_bad(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70), text); \
	} while (0)
	BAD(leaf->hdr.info.magic = cpu_to_be16(0), "magic");
	BAD(leaf->hdr.info.blkno = cpu_to_be64(0x78), "blkno");
	BAD(leaf->hdr.info.uuid.b[0] ^= 1, "uuid");
	BAD(leaf->hdr.info.owner = cpu_to_be64(0), "owner");
	BAD(leaf->hdr.count = cpu_to_be16(512), "count <");
	BAD(leaf->hdr.count = cpu_to_be16(6), "hash >= last");
	BAD(leaf->hdr.usedbytes = cpu_to_be16(0x11c), "usedbytes");
	BAD(leaf->hdr.firstused = cpu_to_be16(0xe78), "nameidx >= firstused");
	BAD(leaf->hdr.firstused = cpu_to_be16(0x70), "array_end");
	BAD(leaf->hdr.firstused = cpu_to_be16(0x1004), "firstused <=");
	BAD(leaf->hdr.firstused = cpu_to_be16(0), "array_end");
	/* Too low is how a removal may leave it. */
	make_leaf();
	leaf->hdr.firstused = cpu_to_be16(0xe00);
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
	/* Entries. */
	BAD(leaf->entries[0].hashval = cpu_to_be32(0x1c000000), "hash >= last");
	BAD(leaf->entries[0].nameidx = cpu_to_be16(0x1000), "nameidx <");
	BAD(leaf->entries[0].nameidx = cpu_to_be16(0xe9e), "ALIGNED");
	BAD(leaf->entries[0].nameidx = cpu_to_be16(0xffc), "left >");
	BAD(leaf->entries[1].flags = 0x11, "ONDISK_MASK");
	BAD(leaf->entries[1].flags = 0x07, "namespace");
	BAD(block[0xff2] = 0, "namelen");
	BAD(block[0xea4] = 0, "namelen");
	BAD(at16(0xff0, 11), "bytes <= left");
	BAD(at16(0xe9e, 0), "valueblk");
	make_leaf();
	at16(0xe9e, 0);
	leaf->entries[0].flags = XFS_ATTR_INCOMPLETE;
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
	make_leaf();
	assert_bad(xfs_attr3_leaf_verify(&geo, block, 2048, 0x70), "len");
}

static void test_freemap(void **state)
{
	(void)state;
	BAD(at16(0x40, 0x74), "base >= array_end");
	BAD(at16(0x42, 0xdfa), "ALIGNED(size");
	BAD(at16(0x40, 0x7a), "ALIGNED(base");
	BAD(at16(0x44, 0xfa0), "blocksize");
	BAD(at16(0x42, 0xe38), "base2");		/* one into the other */
	BAD(put_be32(0x0eac0004, block + 0x48), "base2");
	/* A slot out of use may keep an old base, within the block and aligned. */
	make_leaf();
	at16(0x48, 4);
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
	at16(0x48, 4096);
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
	BAD(at16(0x48, 3), "ALIGNED(base");
	BAD(at16(0x48, 4098), "base <=");
	BAD(at16(0x48, 4100), "base <=");
	BAD(at16(0x48, 0xfffc), "base <=");
	make_leaf();
	/* Nothing at all is fine. */
	memset(block + 0x40, 0, 12);
	assert_good(xfs_attr3_leaf_verify(&geo, block, 4096, 0x70));
}

/* In blocks of 64 KiB the end of the block does not fit 16 bits. */
static void test_large_blocks(void **state)
{
	struct xfs_attr3_leafblock *big = calloc(1, 65536);
	struct xfs_geometry g;
	struct xfs_sb sb;

	(void)state;
	assert_non_null(big);
	make_sb(&sb, 65536, 512, 512, 65536, 4);
	assert_int_equal(xfs_geometry_init(&g, &sb), 0);
	big->hdr.info.magic = cpu_to_be16(XFS_ATTR3_LEAF_MAGIC);
	big->hdr.info.blkno = cpu_to_be64(4096);
	big->hdr.info.uuid = g.meta_uuid;
	big->hdr.info.owner = cpu_to_be64(sb.sb_rootino + 10);
	big->hdr.freemap[0].base = cpu_to_be16(80);
	big->hdr.freemap[0].size = cpu_to_be16(65456);
	assert_int_equal(xfs_attr3_leaf_firstused(&g, &big->hdr), 65536);
	assert_good(xfs_attr3_leaf_verify(&g, big, 65536, 4096));
	free(big);
}

static void test_local_limit(void **state)
{
	(void)state;
	assert_true(xfs_attr_leaf_is_local(4096, 5, 3060));
	assert_false(xfs_attr_leaf_is_local(4096, 5, 3061));
	assert_true(xfs_attr_leaf_is_local(1024, 1, 760));
	assert_false(xfs_attr_leaf_is_local(1024, 1, 761));
	assert_true(xfs_attr_leaf_is_local(65536, 255, 48890));
	assert_false(xfs_attr_leaf_is_local(65536, 255, 48891));
}

static void make_rmt(uint8_t *p, bool second)
{
	memset(p, 0, 4096);
	put_hex(p, 0x10, "01020304 05060708 090a0b0c 0d0e0f10 00000000 0000008a");
	if (second)
		put_hex(p, 0, "5841524d 00000fc8 000003c0 b3353ea9");
	else
		put_hex(p, 0, "5841524d 00000000 00000fc8 68e63dbb");
	put_be64(second ? 0x1b8 : 0x1b0, p + 0x28);
	put_hex(p, 0x30, "ffffffff ffffffff");
	memset(p + 56, 'R', second ? 960 : 4040);
}

static void test_remote(void **state)
{
	uint8_t two[2 * 4096];
	struct xfs_attr3_rmt_hdr *rmt = (void *)two;

	(void)state;
	make_rmt(two, false);
	make_rmt(two + 4096, true);
	assert_true(xfs_cksum_ok(two, 4096, XFS_ATTR3_RMT_CRC_OFF));
	assert_true(xfs_cksum_ok(two + 4096, 4096, XFS_ATTR3_RMT_CRC_OFF));
	assert_good(xfs_attr3_rmt_verify(&geo, two, 4096, 0x1b0));
	assert_good(xfs_attr3_rmt_verify(&geo, two, 8192, 0x1b0));
	assert_good(xfs_attr3_rmt_check(&geo, two, 0x8a, 0, 5000));
	assert_good(xfs_attr3_rmt_check(&geo, two + 4096, 0x8a, 4040, 5000));
	assert_bad(xfs_attr3_rmt_check(&geo, two, 0x8b, 0, 5000), "owner");
	assert_bad(xfs_attr3_rmt_check(&geo, two, 0x8a, 4040, 5000), "rm_offset");
	assert_bad(xfs_attr3_rmt_check(&geo, two, 0x8a, 0, 4000), "rm_bytes");
	assert_bad(xfs_attr3_rmt_check(&geo, two, 0x8a, 5000, 5000), "offset < valuelen");
	assert_bad(xfs_attr3_rmt_verify(&geo, two, 4097, 0x1b0), "len");
	assert_bad(xfs_attr3_rmt_verify(&geo, two, 0, 0x1b0), "len");
	assert_bad(xfs_attr3_rmt_verify(&geo, two, 8192, 0x1a8), "blkno");
#define BADRMT(change, text)						\
	do {								\
		make_rmt(two, false);					\
		change;							\
		assert_bad(xfs_attr3_rmt_verify(&geo, two, 4096, 0x1b0), text); \
	} while (0)
	BADRMT(rmt->rm_magic = cpu_to_be32(0), "MAGIC");
	BADRMT(rmt->rm_uuid.b[0] ^= 1, "uuid");
	BADRMT(rmt->rm_owner = cpu_to_be64(0), "owner");
	BADRMT(rmt->rm_lsn = cpu_to_be64(0), "lsn");
	BADRMT(rmt->rm_bytes = cpu_to_be32(4041), "rmt_space");
	BADRMT(rmt->rm_offset = cpu_to_be32(65536), "SIZE_MAX");
	BADRMT(rmt->rm_offset = cpu_to_be32(61497), "SIZE_MAX");
	BADRMT(rmt->rm_offset = cpu_to_be32(0xffffffff), "SIZE_MAX");
}

static void make_symlink(void)
{
	memset(block, 0, sizeof(block));
	put_hex(block, 0x00, "58534c4d 00000000 00000191 221ba2bf");
	put_hex(block, 0x10, "01020304 05060708 090a0b0c 0d0e0f10");
	put_hex(block, 0x20, "00000000 00000097 00000000 00000068  00000001 00000002 2f");
	memset(block + 0x39, 'p', 400);
}

static void test_symlink(void **state)
{
	struct xfs_dsymlink_hdr *sl = (void *)block;

	(void)state;
	make_symlink();
	assert_true(xfs_cksum_ok(block, 4096, XFS_SYMLINK_CRC_OFF));
	assert_good(xfs_symlink_verify(&geo, block, 4096, 0x68));
	assert_good(xfs_symlink_check(block, 4096, 0x97, 0, 401));
	assert_bad(xfs_symlink_check(block, 4096, 0x98, 0, 401), "owner");
	assert_bad(xfs_symlink_check(block, 4096, 0x97, 0, 402), "sl_bytes");
	assert_bad(xfs_symlink_check(block, 4096, 0x97, 10, 411), "sl_offset");
	assert_bad(xfs_symlink_check(block, 4096, 0x97, 401, 401), "offset < size");
#define BADSL(change, text)						\
	do {								\
		make_symlink();						\
		change;							\
		assert_bad(xfs_symlink_verify(&geo, block, 4096, 0x68), text); \
	} while (0)
	BADSL(sl->sl_magic = cpu_to_be32(0), "MAGIC");
	BADSL(sl->sl_uuid.b[0] ^= 1, "uuid");
	BADSL(sl->sl_blkno = cpu_to_be64(0), "blkno");
	BADSL(sl->sl_owner = cpu_to_be64(0), "owner");
	BADSL(sl->sl_bytes = cpu_to_be32(1024), "MAXLEN");
	BADSL(sl->sl_offset = cpu_to_be32(1024), "MAXLEN");
	BADSL(sl->sl_offset = cpu_to_be32(700), "MAXLEN");
	BADSL(sl->sl_offset = cpu_to_be32(0xffffffff), "MAXLEN");
	make_symlink();
	assert_bad(xfs_symlink_verify(&geo, block, 4000, 0x68), "len");
	assert_bad(xfs_symlink_sf_verify("", 0), "size > 0");
	assert_bad(xfs_symlink_sf_verify("a\0b", 3), "memchr");
	assert_good(xfs_symlink_sf_verify("short", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_shortform, setup),
		cmocka_unit_test_setup(test_shortform_rules, setup),
		cmocka_unit_test_setup(test_leaf, setup),
		cmocka_unit_test_setup(test_freemap, setup),
		cmocka_unit_test_setup(test_large_blocks, setup),
		cmocka_unit_test_setup(test_local_limit, setup),
		cmocka_unit_test_setup(test_remote, setup),
		cmocka_unit_test_setup(test_symlink, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
