/* SPDX-License-Identifier: MIT */
/*
 * Goal: inodes of real file systems pass, and every rule that one inode can break alone
 * is found.
 * Method: the bytes of real inodes with their checksums; then one field changed at a time.
 */
#include "unit/disk/vectors.h"

static struct xfs_geometry geo;
static uint8_t inode[512];
#define dip	((struct xfs_dinode *)(void *)inode)
#define GOOD(ino)	assert_good(xfs_dinode_verify(&geo, ino, dip))
#define BAD(make, ino, change, text)					\
	do {								\
		make();							\
		change;							\
		assert_bad(xfs_dinode_verify(&geo, ino, dip), text);	\
	} while (0)

static int setup(void **state)
{
	(void)state;
	vector_geo(&geo, "01020304 05060708 090a0b0c 0d0e0f10");
	return 0;
}

/* The root directory as mkfs makes it. */
static void make_root(void)
{
	memset(inode, 0, sizeof(inode));
	put_hex(inode, 0x00, "494e41ed 03010000 00000000 00000000");
	put_hex(inode, 0x10, "00000002 00000000 00000000 00000000");
	put_hex(inode, 0x20, "1dcd6500 00000000 36b7e3e6 15fdbba0");
	put_hex(inode, 0x30, "36b7e3e6 15fdbba0 00000000 00000006");
	put_hex(inode, 0x50, "00000002 00000000 00000000 00000000");
	put_hex(inode, 0x60, "ffffffff c7ce3a61 00000000 00000002");
	put_hex(inode, 0x70, "00000000 00000000 00000000 00000008");
	put_hex(inode, 0x90, "36b7e3e6 15fdbba0 00000000 00000080");
	put_hex(inode, 0xa0, "01234567 89abcdef 01234567 89abcdef");
	put_hex(inode, 0xb0, "00000000 00800000");
}

/* A regular file of 38 extents in tree form, with an (empty) attribute fork. */
static void make_btree(void)
{
	memset(inode, 0, sizeof(inode));
	put_hex(inode, 0x00, "494e81a4 03030000 00000000 00000000");
	put_hex(inode, 0x10, "00000001 00000000 00000000 00000026");
	put_hex(inode, 0x20, "36b7e460 034abc46 36b7e460 03690f5f");
	put_hex(inode, 0x30, "36b7e460 03690f5f 00000000 0002f000");
	put_hex(inode, 0x40, "00000000 00000027 00000000 00000000");
	put_hex(inode, 0x50, "00001802 00000000 00000000 e9aef579");
	put_hex(inode, 0x60, "ffffffff 47de3533 00000000 00000029");
	put_hex(inode, 0x70, "00000001 00000002 00000000 00000018");
	put_hex(inode, 0x90, "36b7e460 034abc46 00000000 00000089");
	put_hex(inode, 0xa0, "01020304 05060708 090a0b0c 0d0e0f10");
	put_hex(inode, 0xb0, "00010001");
	put_hex(inode, 0x10c, "00000000 00000039");
}

/* An empty file with three attributes in short form. */
static void make_attrs(void)
{
	memset(inode, 0, sizeof(inode));
	put_hex(inode, 0x00, "494e81a4 03020000 00000000 00000000  00000001");
	put_hex(inode, 0x20, "36b7e460 036da88d 36b7e460 036da88d  36b7e460 03716879");
	put_hex(inode, 0x50, "00001801 00000000 00000000 4db2fb41");
	put_hex(inode, 0x60, "ffffffff 36282972 00000000 00000005  00000001 00000002");
	put_hex(inode, 0x78, "00000000 00000018");
	put_hex(inode, 0x90, "36b7e460 036da88d 00000000 0000008e");
	put_hex(inode, 0xa0, "01020304 05060708 090a0b0c 0d0e0f10");
	put_hex(inode, 0x170, "00320300 030300666f6f626172 01000274"
			      "0a14046361706162696c697479"
			      "0100000200200000000000000000000000000000");
}

/* A regular file with one extent, made from the one above. */
static void make_file(void)
{
	struct xfs_bmbt_irec irec = { 0, 100, 10, XFS_EXT_NORM };

	make_attrs();
	dip->di_forkoff = 0;
	dip->di_aformat = XFS_DINODE_FMT_EXTENTS;
	memset(dip->di_literal, 0, geo.litino);
	dip->di_big_nextents = cpu_to_be64(1);
	dip->di_nblocks = cpu_to_be64(10);
	dip->di_size = cpu_to_be64(40000);
	xfs_bmbt_disk_set_all((void *)dip->di_literal, &irec);
}

/* A symlink in the inode; a device. */
static void make_symlink(void)
{
	make_file();
	dip->di_mode = cpu_to_be16(0120777);
	dip->di_format = XFS_DINODE_FMT_LOCAL;
	dip->di_big_nextents = dip->di_nblocks = cpu_to_be64(0);
	dip->di_size = cpu_to_be64(5);
	memset(dip->di_literal, 0, geo.litino);
	memcpy(dip->di_literal, "short", 5);
}

static void make_device(void)
{
	make_symlink();
	dip->di_mode = cpu_to_be16(0020644);
	dip->di_format = XFS_DINODE_FMT_DEV;
	dip->di_size = cpu_to_be64(0);
}

/* A directory of one block. */
static void make_block_dir(void)
{
	make_file();
	dip->di_mode = cpu_to_be16(0040755);
	dip->di_nlink = cpu_to_be32(2);
	dip->di_size = cpu_to_be64(4096);
}

static void test_vectors(void **state)
{
	struct xfs_geometry mkfs_geo;

	(void)state;
	make_root();
	assert_true(xfs_cksum_ok(inode, 512, XFS_DINODE_CRC_OFF));
	vector_geo(&mkfs_geo, NULL);
	assert_good(xfs_dinode_verify(&mkfs_geo, 128, dip));
	assert_good(xfs_dinode_check(&mkfs_geo, dip));
	make_btree();
	assert_true(xfs_cksum_ok(inode, 512, XFS_DINODE_CRC_OFF));
	GOOD(137);
	assert_int_equal(xfs_dfork_data_extents(dip), 38);
	assert_int_equal(XFS_DFORK_DSIZE(dip, &geo), 192);
	assert_int_equal(XFS_DFORK_ASIZE(dip, &geo), 144);
	assert_int_equal(be64_to_cpu(*xfs_bmdr_ptr_addr(XFS_DFORK_DPTR(dip), 1, 11)), 57);
	make_attrs();
	assert_true(xfs_cksum_ok(inode, 512, XFS_DINODE_CRC_OFF));
	GOOD(142);
	assert_ptr_equal(XFS_DFORK_APTR(dip), inode + 0x170);
	make_file();
	GOOD(142);
	make_symlink();
	GOOD(142);
	make_device();
	GOOD(142);
	make_block_dir();
	GOOD(142);
}

/* Inodes of a fresh chunk; their checksums are known. */
static void test_chunk(void **state)
{
	static const char *const crc[] = { "9cbca77f", "e393bb8a", "2a9cbfad" };
	uint8_t cluster[3 * 512];

	(void)state;
	vector_geo(&geo, "11111111 22223333 44445555 55555555");
	memset(cluster, 0, sizeof(cluster));
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t *p = cluster + i * 512;

		put_hex(p, 0, "494e0000 03");
		put_hex(p, 0x5c, "b5a1529d ffffffff");
		put_hex(p, 0x64, crc[i]);
		put_be64(3483 + i, p + 0x98);
		put_hex(p, 0xa0, "11111111 22223333 44445555 55555555");
		assert_true(xfs_cksum_ok(p, 512, XFS_DINODE_CRC_OFF));
		assert_good(xfs_dinode_verify(&geo, 3483 + i, (const void *)p));
		assert_good(xfs_dinode_check(&geo, (const void *)p));
	}
	assert_good(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), 3480));
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster) - 1, 3480), "len");
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, 0, 3480), "len");
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), -1), "daddr");
	put_hex(cluster, 0x260, "000000c3");
	assert_good(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), 3480));
	put_hex(cluster, 0x260, "00000003");
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), 3480), "next");
	put_hex(cluster, 0x260, "ffffffff");
	cluster[512 + 4] = 2;
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), 3480), "VERSION");
	cluster[512] = 0;
	assert_bad(xfs_inode_cluster_verify(&geo, cluster, sizeof(cluster), 3480), "MAGIC");
}

static void test_core(void **state)
{
	(void)state;
	BAD(make_file, 142, dip->di_magic = cpu_to_be16(0x494f), "MAGIC");
	BAD(make_file, 142, dip->di_version = 2, "VERSION");
	BAD(make_file, 142, dip->di_uuid.b[0] ^= 1, "uuid");
	BAD(make_file, 143, (void)0, "di_ino");
	BAD(make_file, 142, dip->di_size = cpu_to_be64(1ull << 63), "di_size");
	BAD(make_file, 142, dip->di_mode = cpu_to_be16(0150644), "S_ISREG");
	BAD(make_file, 142, dip->di_metatype = cpu_to_be16(5), "metatype");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(0x8000), "DIFLAG_ANY");
	for (unsigned int bit = 6; bit < 64; bit++)
		BAD(make_file, 142, dip->di_flags2 = cpu_to_be64(0x18 | 1ull << bit),
		    "DIFLAG2_ANY");
	BAD(make_file, 142, dip->di_nrext64_pad = cpu_to_be16(1), "nrext64_pad");
	BAD(make_file, 142, dip->di_flags2 = cpu_to_be64(XFS_DIFLAG2_BIGTIME), "v3_pad");
	BAD(make_file, 142, dip->di_nblocks = cpu_to_be64(0), "nextents");
	BAD(make_file, 142, dip->di_big_nextents = cpu_to_be64(0), "nblocks == 0");
	BAD(make_file, 142, dip->di_big_nextents = cpu_to_be64(1ull << 48);
	    dip->di_nblocks = cpu_to_be64(1ull << 50), "FORK_LARGE");
	/* A free inode may keep what it had. */
	make_file();
	dip->di_mode = cpu_to_be16(0);
	dip->di_size = cpu_to_be64(4711);
	GOOD(142);
	/* So may a hint that lost its flag. */
	dip->di_extsize = cpu_to_be32(16);
	dip->di_cowextsize = cpu_to_be32(16);
	GOOD(142);
#define BAD_FREE(change, text)	BAD(make_file, 142, dip->di_mode = cpu_to_be16(0); change, text)
	BAD_FREE(dip->di_version = 1, "VERSION");
	BAD_FREE(dip->di_extsize = cpu_to_be32(1u << 31), "extsize <=");
	BAD_FREE(dip->di_cowextsize = cpu_to_be32(1u << 31), "cowextsize <=");
	BAD_FREE(dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE), "hint ||");
	BAD_FREE(dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSZINHERIT), "inherit ||");
	BAD_FREE(dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_REFLINK), "REFLINK");
	BAD_FREE(dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_COWEXTSIZE), "COWEXTSIZE");
	BAD_FREE(dip->di_forkoff = 250, "litino");
	BAD_FREE(dip->di_aformat = XFS_DINODE_FMT_BTREE, "aformat");
}

static void test_features(void **state)
{
	uint64_t all = geo.features;

	(void)state;
	geo.features = all & ~XFS_FEAT_BIGTIME;
	BAD(make_file, 142, (void)0, "bigtime");
	geo.features = all & ~XFS_FEAT_NREXT64;
	BAD(make_file, 142, (void)0, "large_extent_counts");
	geo.features = all;
	make_file();
	dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_REFLINK);
	GOOD(142);
	geo.features = all & ~XFS_FEAT_REFLINK;
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "reflink");
	geo.features = all;
	BAD(make_block_dir, 142, dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_REFLINK),
	    "S_ISREG");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_REALTIME);
	    dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_REFLINK), "REALTIME");
	BAD(make_file, 142, dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_METADATA), "metadir");
	/* Old counters. */
	make_file();
	dip->di_flags2 = cpu_to_be64(0);
	dip->di_big_nextents = cpu_to_be64(0);
	dip->di_nextents = cpu_to_be32(1);
	GOOD(142);
	dip->di_anextents = cpu_to_be16(1);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "attr_extents");
}

static void test_metadata(void **state)
{
	(void)state;
	vector_geo(&geo, "01020304 05060708 090a0b0c 0d0e0f10");
	geo.features |= XFS_FEAT_METADIR;
	make_file();
	dip->di_flags2 = cpu_to_be64(0x38);
	dip->di_mode = cpu_to_be16(0100000);
	dip->di_flags = cpu_to_be16(XFS_METAFILE_DIFLAGS);
	dip->di_metatype = cpu_to_be16(XFS_METAFILE_RTBITMAP);
	assert_int_equal(XFS_METAFILE_DIFLAGS, 0x20e8);
	assert_int_equal(XFS_METADIR_DIFLAGS, 0x24e8);
	GOOD(142);
	dip->di_format = XFS_DINODE_FMT_META_BTREE;
	GOOD(142);
	dip->di_metatype = cpu_to_be16(XFS_METAFILE_MAX);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "METAFILE_MAX");
	dip->di_flags = cpu_to_be16(0x20e0);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "need");
	dip->di_gid = cpu_to_be32(1);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "gid");
	dip->di_uid = cpu_to_be32(1);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "uid");
	dip->di_mode = cpu_to_be16(0100600);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "07777");
}

static void test_hints(void **state)
{
	(void)state;
	make_file();
	dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE);
	dip->di_extsize = cpu_to_be32(16);
	GOOD(142);
	BAD(make_file, 142, dip->di_extsize = cpu_to_be32(16), "extsize != 0");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE), "extsize != 0");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSZINHERIT);
	    dip->di_extsize = cpu_to_be32(16), "S_ISDIR");
	BAD(make_block_dir, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE);
	    dip->di_extsize = cpu_to_be32(16), "S_ISREG");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE);
	    dip->di_extsize = cpu_to_be32(9601), "agblocks");
	BAD(make_file, 142, dip->di_flags = cpu_to_be16(XFS_DIFLAG_EXTSIZE);
	    dip->di_extsize = cpu_to_be32(1 << 21), "MAX_BMBT_EXTLEN");
	make_file();
	dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_COWEXTSIZE);
	dip->di_cowextsize = cpu_to_be32(32);
	GOOD(142);
	BAD(make_file, 142, dip->di_cowextsize = cpu_to_be32(32), "cowextsize");
	BAD(make_file, 142, dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_COWEXTSIZE),
	    "cowextsize");
	BAD(make_symlink, 142, dip->di_flags2 = cpu_to_be64(0x18 | XFS_DIFLAG2_COWEXTSIZE);
	    dip->di_cowextsize = cpu_to_be32(32), "S_ISREG");
	/* On a realtime file the unit is the realtime extent. */
	assert_bad(xfs_inode_validate_extsize(&geo, (geo.rextsize = 4, 6), 0100644,
					      XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_REALTIME),
		   "rextsize");
	assert_good(xfs_inode_validate_extsize(&geo, 1 << 20, 0100644,
					       XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_REALTIME));
}

static void test_forkoff(void **state)
{
	(void)state;
	BAD(make_attrs, 142, dip->di_forkoff = 42, "litino");
	BAD(make_attrs, 142, dip->di_forkoff = 255, "litino");
	BAD(make_attrs, 142, dip->di_forkoff = 0, "aformat");
	BAD(make_attrs, 142, dip->di_aformat = XFS_DINODE_FMT_DEV, "aformat");
	BAD(make_attrs, 142, dip->di_aformat = XFS_DINODE_FMT_META_BTREE, "aformat");
	BAD(make_attrs, 142, dip->di_big_anextents = cpu_to_be32(1);
	    dip->di_nblocks = cpu_to_be64(1), "n == 0");
	BAD(make_file, 142, dip->di_big_anextents = cpu_to_be32(1), "attr_extents");
	BAD(make_device, 142, dip->di_forkoff = 2, "forkoff == 1");
	make_device();
	dip->di_forkoff = 1;
	GOOD(142);
	/* A fork that holds nothing yet. */
	make_file();
	dip->di_forkoff = 24;
	GOOD(142);
	BAD(make_file, 142, dip->di_forkoff = 1, "DFORK_SIZE");
}

static void test_formats(void **state)
{
	static const uint8_t never[] = { XFS_DINODE_FMT_UUID, 6, 255 };

	(void)state;
	for (size_t i = 0; i < sizeof(never); i++) {
		BAD(make_file, 142, dip->di_format = never[i], "di_format");
		BAD(make_block_dir, 142, dip->di_format = never[i], "di_format");
		BAD(make_symlink, 142, dip->di_format = never[i], "di_format");
	}
	BAD(make_file, 142, dip->di_format = XFS_DINODE_FMT_LOCAL, "di_format");
	BAD(make_file, 142, dip->di_format = XFS_DINODE_FMT_DEV, "di_format");
	BAD(make_file, 142, dip->di_format = XFS_DINODE_FMT_META_BTREE, "metadata");
	BAD(make_device, 142, dip->di_format = XFS_DINODE_FMT_EXTENTS, "FMT_DEV");
	BAD(make_block_dir, 142, dip->di_size = cpu_to_be64(300), "fits");
	BAD(make_block_dir, 142, dip->di_format = XFS_DINODE_FMT_LOCAL, "fits");
	BAD(make_block_dir, 142, dip->di_size = cpu_to_be64(0), "nlink");
	BAD(make_block_dir, 142, dip->di_big_nextents = cpu_to_be64(1 << 30);
	    dip->di_nblocks = cpu_to_be64(1ull << 40), "dir_max_extents");
	BAD(make_symlink, 142, dip->di_format = XFS_DINODE_FMT_BTREE, "di_format");
	BAD(make_symlink, 142, dip->di_size = cpu_to_be64(337), "fits");
	BAD(make_symlink, 142, dip->di_size = cpu_to_be64(0), "nlink");
	BAD(make_symlink, 142, dip->di_size = cpu_to_be64(6), "memchr");
	BAD(make_symlink, 142, dip->di_format = XFS_DINODE_FMT_EXTENTS;
	    dip->di_size = cpu_to_be64(1024), "MAXLEN");
	/* Its target was pushed out, and stays out. */
	make_file();
	dip->di_mode = cpu_to_be16(0120777);
	dip->di_size = cpu_to_be64(300);
	GOOD(142);
	/* An unlinked one on its way out. */
	make_symlink();
	dip->di_size = cpu_to_be64(0);
	dip->di_nlink = cpu_to_be32(0);
	GOOD(142);
}

static void test_extent_lists(void **state)
{
	struct xfs_bmbt_rec *rec = (void *)dip->di_literal;
	struct xfs_bmbt_irec irec = { 10, 200, 5, XFS_EXT_UNWRITTEN };

	(void)state;
	make_file();
	dip->di_big_nextents = cpu_to_be64(2);
	dip->di_nblocks = cpu_to_be64(15);
	xfs_bmbt_disk_set_all(&rec[1], &irec);
	GOOD(142);
	irec.br_startoff = 9;
	xfs_bmbt_disk_set_all(&rec[1], &irec);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "br_startoff >= end");
	irec.br_startoff = 10;
	irec.br_startblock = 19200;
	xfs_bmbt_disk_set_all(&rec[1], &irec);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "fsbext");
	/* Unwritten blocks are for contents of regular files. */
	make_block_dir();
	irec = (struct xfs_bmbt_irec){ 0, 200, 1, XFS_EXT_UNWRITTEN };
	xfs_bmbt_disk_set_all(&rec[0], &irec);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "unwritten_ok");
	/* 21 fit, and with the attribute fork at 192 bytes 12. */
	make_file();
	dip->di_big_nextents = cpu_to_be64(22);
	dip->di_nblocks = cpu_to_be64(22);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "DFORK_SIZE");
	for (unsigned int i = 0; i < 21; i++) {
		irec = (struct xfs_bmbt_irec){ 2 * i, 200 + i, 1, XFS_EXT_NORM };
		xfs_bmbt_disk_set_all(&rec[i], &irec);
	}
	dip->di_big_nextents = cpu_to_be64(21);
	GOOD(142);
	dip->di_forkoff = 24;
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "DFORK_SIZE");
	dip->di_big_nextents = cpu_to_be64(12);
	GOOD(142);
	/* Blocks of the realtime section. */
	make_file();
	dip->di_flags = cpu_to_be16(XFS_DIFLAG_REALTIME);
	assert_bad(xfs_dinode_verify(&geo, 142, dip), "rtbext");
	geo.rblocks = 1000;
	GOOD(142);
}

static void test_tree_roots(void **state)
{
	struct xfs_bmdr_block *bmdr = (void *)dip->di_literal;

	(void)state;
	BAD(make_btree, 137, bmdr->bb_level = cpu_to_be16(0), "level");
	BAD(make_btree, 137, bmdr->bb_level = cpu_to_be16(8), "level");
	BAD(make_btree, 137, bmdr->bb_numrecs = cpu_to_be16(0), "numrecs");
	BAD(make_btree, 137, bmdr->bb_numrecs = cpu_to_be16(12), "numrecs");
	BAD(make_btree, 137, bmdr->bb_numrecs = cpu_to_be16(2), "key > last");
	BAD(make_btree, 137, put_be64(0, inode + 0x10c), "fsbno");
	BAD(make_btree, 137, put_be64(19200, inode + 0x10c), "fsbno");
	BAD(make_btree, 137, put_be64(1ull << 60, inode + 0xb4), "FILEOFF");
	BAD(make_btree, 137, dip->di_big_nextents = cpu_to_be64(12), "n > size");
	BAD(make_btree, 137, dip->di_nblocks = cpu_to_be64(37), "nblocks");
	/* Where the pointers are depends on the fork's size. */
	BAD(make_btree, 137, dip->di_forkoff = 22, "fsbno");
	BAD(make_btree, 137, dip->di_aformat = XFS_DINODE_FMT_BTREE, "n > size");
}

static void test_directories(void **state)
{
	struct xfs_geometry mkfs_geo;

	(void)state;
	vector_geo(&mkfs_geo, NULL);
	make_root();
	put_hex(inode, 0xb2, "00000001");	/* parent */
	assert_bad(xfs_dinode_verify(&mkfs_geo, 128, dip), "dir_ino");
	make_root();
	dip->di_size = cpu_to_be64(7);
	assert_bad(xfs_dinode_verify(&mkfs_geo, 128, dip), "p == end");
}

static void test_repair_rules(void **state)
{
	(void)state;
#define ODD(make, change, text)						\
	do {								\
		make();							\
		change;							\
		assert_bad(xfs_dinode_check(&geo, dip), text);		\
	} while (0)
	make_file();
	assert_good(xfs_dinode_check(&geo, dip));
	ODD(make_file, dip->di_flags = cpu_to_be16(XFS_DIFLAG_PROJINHERIT), "PROJINHERIT");
	ODD(make_block_dir, dip->di_flags = cpu_to_be16(XFS_DIFLAG_REALTIME), "REALTIME");
	ODD(make_device, dip->di_size = cpu_to_be64(1), "di_size");
	ODD(make_symlink, dip->di_flags2 = cpu_to_be64(0x19), "S_ISREG");
	ODD(make_file, dip->di_nlink = cpu_to_be32(0x80000000), "MAXLINK");
	ODD(make_file, dip->di_flags2 = cpu_to_be64(0);
	    dip->di_mtime = cpu_to_be64(1000000000), "NSEC");
	ODD(make_file, dip->di_mode = cpu_to_be16(0), "nblocks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_vectors, setup),
		cmocka_unit_test_setup(test_chunk, setup),
		cmocka_unit_test_setup(test_core, setup),
		cmocka_unit_test_setup(test_features, setup),
		cmocka_unit_test_setup(test_metadata, setup),
		cmocka_unit_test_setup(test_hints, setup),
		cmocka_unit_test_setup(test_forkoff, setup),
		cmocka_unit_test_setup(test_formats, setup),
		cmocka_unit_test_setup(test_extent_lists, setup),
		cmocka_unit_test_setup(test_tree_roots, setup),
		cmocka_unit_test_setup(test_directories, setup),
		cmocka_unit_test_setup(test_repair_rules, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
