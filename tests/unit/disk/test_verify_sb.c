/* SPDX-License-Identifier: MIT */
/*
 * Goal: superblocks of real file systems pass; everything that makes a kernel refuse
 * a mount is found; feature bits decide what may be done.
 * Method: the bytes of a real superblock, with one field changed at a time.
 */
#include "unit/disk/vectors.h"

static void test_vector(void **state)
{
	uint8_t sector[512], back[512];
	struct xfs_sb sb;

	(void)state;
	vector_sb(sector);
	assert_true(xfs_cksum_ok(sector, 512, XFS_SB_CRC_OFF));
	xfs_sb_from_disk(&sb, (const void *)sector);
	assert_int_equal(sb.sb_agblocks, 19200);
	assert_int_equal(sb.sb_logstart, 65543);
	assert_int_equal(sb.sb_fdblocks, 0xebdc);
	assert_memory_equal(sb.sb_fname, "vector\0\0\0\0\0", 12);
	assert_good(xfs_sb_verify(&sb));
	assert_good(xfs_sb_counters_verify(&sb));
	assert_int_equal(xfs_sb_access(&sb, NULL), XFS_SB_READ_WRITE);
	memset(back, 0, sizeof(back));
	xfs_sb_to_disk((void *)back, &sb);
	xfs_cksum_set(back, 512, XFS_SB_CRC_OFF);
	assert_memory_equal(back, sector, sizeof(sector));
}

/* Secondary of AG 1: in progress, counters of an empty file system, no inode numbers but one. */
static void test_secondary(void **state)
{
	uint8_t sector[512];
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	vector_sb(sector);
	memset(sector + 0x40, 0xff, 16);
	sector[0x7e] = 1;
	memset(sector + 0x80, 0, 16);
	put_hex(sector, 0x90, "00000000 0000ebe4");
	put_hex(sector, 0xe0, "7ad18463");
	assert_true(xfs_cksum_ok(sector, 512, XFS_SB_CRC_OFF));
	xfs_sb_from_disk(&sb, (const void *)sector);
	assert_good(xfs_sb_verify(&sb));
	vector_geo(&geo, NULL);
	assert_good(xfs_sb_buf_verify(&geo, sector, sizeof(sector), 19200 * 8));
	assert_bad(xfs_sb_buf_verify(&geo, sector, 300, 19200 * 8), "len");
}

/* The same command line with mkfs.xfs 6.1. */
static void test_older_mkfs(void **state)
{
	uint8_t sector[512];
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	vector_sb(sector);
	put_hex(sector, 0x34, "00010006");
	put_hex(sector, 0x64, "b4a5");
	put_hex(sector, 0x94, "0000ebe0");
	put_hex(sector, 0xd4, "0000000d 0000000b");
	put_hex(sector, 0xe0, "b267b221");
	assert_true(xfs_cksum_ok(sector, 512, XFS_SB_CRC_OFF));
	xfs_sb_from_disk(&sb, (const void *)sector);
	assert_good(xfs_sb_verify(&sb));
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	assert_false(xfs_has_rmapbt(&geo));
	assert_false(xfs_has_parent(&geo));
	assert_false(xfs_has_attr(&geo));
	assert_true(xfs_has_reflink(&geo));
}

static struct xfs_sb good_sb(void)
{
	uint8_t sector[512];
	struct xfs_sb sb;

	vector_sb(sector);
	xfs_sb_from_disk(&sb, (const void *)sector);
	return sb;
}

#define BAD(change, text)						\
	do {								\
		struct xfs_sb sb = good_sb();				\
									\
		change;							\
		assert_bad(xfs_sb_verify(&sb), text);			\
	} while (0)
#define GOOD(change)							\
	do {								\
		struct xfs_sb sb = good_sb();				\
									\
		change;							\
		assert_good(xfs_sb_verify(&sb));			\
	} while (0)

static void test_version(void **state)
{
	(void)state;
	BAD(sb.sb_magicnum++, "MAGIC");
	BAD(sb.sb_versionnum = 0xb4b4, "VERSION_5");
	for (unsigned int bit = 4; bit < 16; bit++) {
		uint16_t mask = (uint16_t)(1u << bit);

		if (mask & XFS_SB_VERSION_V5_REQUIRED)
			BAD(sb.sb_versionnum ^= mask, "V5_REQUIRED");
	}
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_SHAREDBIT, "SHAREDBIT");
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t mask = 1u << bit;

		if (mask != XFS_SB_VERSION2_FTYPE)
			BAD(sb.sb_features2 ^= mask, "REQUIRED");
	}
	GOOD(sb.sb_features2 |= XFS_SB_VERSION2_FTYPE);
	GOOD(sb.sb_bad_features2 = 0);		/* the kernel repairs it */
	BAD(sb.sb_shared_vn = 1, "shared_vn");
	BAD(sb.sb_qflags = XFS_OQUOTA_ENFD, "OQUOTA");
	GOOD(sb.sb_versionnum |= XFS_SB_VERSION_QUOTABIT; sb.sb_qflags = 0x07cf);
	GOOD(sb.sb_versionnum |= XFS_SB_VERSION_BORGBIT);
}

static void test_units(void **state)
{
	(void)state;
	BAD(sb.sb_blocksize = 512, "blocksize");
	BAD(sb.sb_blocksize = 131072, "blocksize");
	BAD(sb.sb_blocksize = 4097, "power_of_2");
	BAD(sb.sb_blocklog = 13, "blocklog");
	BAD(sb.sb_sectsize = 256, "SECTORSIZE");
	BAD(sb.sb_sectsize = 32769, "SECTORSIZE");
	BAD(sb.sb_sectsize = 1000, "power_of_2");
	BAD(sb.sb_sectsize = 8192; sb.sb_sectlog = 13, "sb_blocksize");
	BAD(sb.sb_sectlog = 10, "sectlog");
	BAD(sb.sb_inodesize = 256, "DINODE_MIN_SIZE");
	BAD(sb.sb_inodesize = 4096, "DINODE_MAX_SIZE");
	BAD(sb.sb_inodesize = 768, "power_of_2");
	BAD(sb.sb_inodelog = 10, "inodelog");
	BAD(sb.sb_inopblock = 9, "inopblock");
	BAD(sb.sb_inopblog = 4, "inopblog");
	BAD(sb.sb_dirblklog = 5, "dirblklog");
	GOOD(sb.sb_dirblklog = 4);
}

static void test_ags(void **state)
{
	(void)state;
	BAD(sb.sb_agblocks = 4095, "MIN_AG_BYTES");
	BAD(sb.sb_agblocks = (1u << 28) + 1, "MAX_AG_BYTES");
	BAD(sb.sb_agblklog = 14, "agblklog");
	BAD(sb.sb_agblklog = 16, "agblklog");
	BAD(sb.sb_agcount = 0, "agcount");
	BAD(sb.sb_agcount = 3, "dblocks");
	BAD(sb.sb_agcount = 5, "dblocks");
	BAD(sb.sb_dblocks++, "dblocks");
	BAD(sb.sb_dblocks = 3 * 19200 + 63, "dblocks");
	GOOD(sb.sb_dblocks = 3 * 19200 + 64);
	BAD(sb.sb_imax_pct = 101, "imax_pct");
	GOOD(sb.sb_imax_pct = 0);
	BAD(sb.sb_inoalignmt = 16, "inoalignmt");
	BAD(sb.sb_spino_align = 8, "spino_align");
	BAD(sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_SPINODES, "spino_align");
	GOOD(sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_SPINODES; sb.sb_spino_align = 0;
	     sb.sb_inoalignmt = 4);
	BAD(sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_SPINODES; sb.sb_spino_align = 0;
	    sb.sb_inoalignmt = 3, "inoalignmt");
	BAD(sb.sb_rootino = NULLFSINO, "rootino");
	BAD(sb.sb_rootino = 63, "rootino");
	GOOD(sb.sb_rootino = NULLFSINO; sb.sb_inprogress = 1);
}

static void test_log(void **state)
{
	(void)state;
	BAD(sb.sb_logblocks = 0, "logblocks");
	BAD(sb.sb_logblocks = (1u << 20) + 1, "LOG_BLOCKS");
	BAD(sb.sb_logblocks = 521729, "LOG_BYTES");
	BAD(sb.sb_logsectsize = 512, "logsectsize");
	BAD(sb.sb_logsectlog = 9, "logsectlog");
	GOOD(sb.sb_versionnum |= XFS_SB_VERSION_SECTORBIT; sb.sb_logsectlog = 9;
	     sb.sb_logsectsize = 512);
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_SECTORBIT; sb.sb_logsectlog = 12;
	    sb.sb_logsectsize = 512, "logsectsize");
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_SECTORBIT; sb.sb_logsectlog = 40, "logsectlog");
	GOOD(sb.sb_logsunit = 0);
	GOOD(sb.sb_logsunit = 262144);
	BAD(sb.sb_logsunit = 2048, "logsunit");
	BAD(sb.sb_logsunit = 266240, "LOG_SUNIT");
	BAD(sb.sb_logstart = 4ull << 15 | 7, "agcount");
	BAD(sb.sb_logstart = 2ull << 15, "sectsize");
	BAD(sb.sb_logstart = 2ull << 15 | 2817, "agend");
	GOOD(sb.sb_logstart = 2ull << 15 | 2816);
	GOOD(sb.sb_logstart = 0);	/* on a device of its own */
}

static void test_stripe(void **state)
{
	(void)state;
	BAD(sb.sb_unit = 8; sb.sb_width = 8, "DALIGNBIT");
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_DALIGNBIT, "DALIGNBIT");
	BAD(sb.sb_width = 8, "sb_width == 0");
	GOOD(sb.sb_versionnum |= XFS_SB_VERSION_DALIGNBIT; sb.sb_unit = 8; sb.sb_width = 32);
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_DALIGNBIT; sb.sb_unit = 8; sb.sb_width = 12,
	    "% sb->sb_unit");
	BAD(sb.sb_versionnum |= XFS_SB_VERSION_DALIGNBIT; sb.sb_unit = 8; sb.sb_width = 1 << 19,
	    "STRIPE_BYTES");
}

static void test_realtime(void **state)
{
	(void)state;
	BAD(sb.sb_rextsize = 0, "MIN_RTEXTSIZE");
	BAD(sb.sb_rextsize = 262145, "MAX_RTEXTSIZE");
	BAD(sb.sb_frextents = 1, "frextents");
	BAD(sb.sb_rextents = 1, "rextents");
	BAD(sb.sb_rextslog = 1, "rextslog");
	BAD(sb.sb_rbmblocks = 1, "rbmblocks");
	/* 1 GiB with extents of 16 KiB. */
#define CLASSIC sb.sb_rblocks = 262144; sb.sb_rextents = 65536; sb.sb_rextsize = 4; \
		sb.sb_rbmblocks = 2; sb.sb_rextslog = 16; sb.sb_frextents = 65536
	GOOD(CLASSIC);
	BAD(CLASSIC; sb.sb_rextents--, "rextents");
	BAD(CLASSIC; sb.sb_rbmblocks++, "rbmblocks");
	BAD(CLASSIC; sb.sb_rextslog++, "rextslog");
	BAD(CLASSIC; sb.sb_frextents++, "frextents");
}

static void test_rtgroups(void **state)
{
	(void)state;
	/* Without a realtime section, as mkfs makes it. */
#define METADIR sb.sb_features_incompat = 0x1eb; sb.sb_rbmino = sb.sb_rsumino = 0; \
		sb.sb_metadirino = 129; sb.sb_rgextents = 268435456; sb.sb_rgblklog = 28
	GOOD(METADIR);
	BAD(METADIR; sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_EXCHRANGE, "EXCHRANGE");
	BAD(METADIR; sb.sb_pad[6] = 1, "sb_pad");
	BAD(METADIR; sb.sb_rgextents = 1, "RGEXTENTS");
	BAD(METADIR; sb.sb_rgextents = 1u << 31, "RGBLOCKS");
	BAD(METADIR; sb.sb_rgblklog = 27, "rgblklog");
	BAD(METADIR; sb.sb_rgcount = 1, "rgcount");
	BAD(METADIR; sb.sb_metadirino = 0, "metadirino");
	/* A realtime device of 4 GiB: one group. */
#define METADIR_RT METADIR; sb.sb_rblocks = sb.sb_rextents = 1048576; sb.sb_rbmblocks = 65; \
		sb.sb_rextslog = 20; sb.sb_frextents = 1048575; sb.sb_rgcount = 1; \
		sb.sb_rgextents = 2097152; sb.sb_rgblklog = 21
	GOOD(METADIR_RT);
	BAD(METADIR_RT; sb.sb_rbmblocks = 64, "rbmblocks");
	/* Zoned, inside the data device. */
#define ZONED METADIR; sb.sb_features_incompat = 0x3eb; sb.sb_rblocks = sb.sb_rextents = 2359296; \
		sb.sb_rextslog = 21; sb.sb_rgcount = 36; sb.sb_rgextents = 65536; \
		sb.sb_rgblklog = 16; sb.sb_rtstart = 524288
	GOOD(ZONED);
	BAD(ZONED; sb.sb_rtstart = 100, "rtstart");
	BAD(ZONED; sb.sb_rtreserved = sb.sb_rblocks, "rtreserved");
	BAD(ZONED; sb.sb_frextents = 1, "frextents");
	BAD(ZONED; sb.sb_rblocks--; sb.sb_rextents--, "rgextents");
	BAD(ZONED; sb.sb_features_incompat = 0x2eb, "metadir");
}

/* What belongs to a feature is written with it and is zero without. */
static void test_conditional_fields(void **state)
{
	struct xfs_sb sb = good_sb(), back;
	struct xfs_dsb dsb;

	(void)state;
	sb.sb_features_incompat = 0x3ef;
	memset(&sb.sb_meta_uuid, 0xab, sizeof(sb.sb_meta_uuid));
	sb.sb_metadirino = 129;
	sb.sb_rgcount = 36;
	sb.sb_rgextents = 65536;
	sb.sb_rgblklog = 16;
	sb.sb_pad[6] = 7;
	sb.sb_rtstart = 524288;
	sb.sb_rtreserved = 1000;
	sb.sb_lsn = 0x100000449;
	memset(&dsb, 0, sizeof(dsb));
	xfs_sb_to_disk(&dsb, &sb);
	dsb.sb_crc = cpu_to_le32(sb.sb_crc);
	xfs_sb_from_disk(&back, &dsb);
	assert_memory_equal(&back, &sb, sizeof(sb));
	dsb.sb_features_incompat = cpu_to_be32(0xeb);
	xfs_sb_from_disk(&back, &dsb);
	assert_true(xfs_uuid_is_null(&back.sb_meta_uuid));
	assert_int_equal(back.sb_metadirino, 0);
	assert_int_equal(back.sb_rgcount, 0);
	assert_int_equal(back.sb_pad[6], 0);
	assert_int_equal(back.sb_rtstart, 0);
	xfs_sb_to_disk(&dsb, &back);
	for (size_t i = XFS_SB_LEN_V5 - 16; i < sizeof(dsb); i++)
		assert_int_equal(((uint8_t *)&dsb)[i], 0);
}

static void test_counters(void **state)
{
	struct xfs_sb sb;

	(void)state;
#define BAD_COUNT(change, text)						\
	do {								\
		sb = good_sb();						\
		change;							\
		assert_bad(xfs_sb_counters_verify(&sb), text);		\
	} while (0)
	BAD_COUNT(sb.sb_fdblocks = sb.sb_dblocks + 1, "fdblocks");
	BAD_COUNT(sb.sb_ifree = 65, "ifree");
	BAD_COUNT(sb.sb_icount = 63, "icount");
	BAD_COUNT(sb.sb_icount = 4 * (19200 - 8) * 8 + 1, "icount");
	sb = good_sb();
	sb.sb_icount = 4 * (19200 - 8) * 8;
	assert_good(xfs_sb_counters_verify(&sb));
}

static void test_buffer(void **state)
{
	struct xfs_geometry geo;
	uint8_t sector[512];

	(void)state;
	vector_sb(sector);
	vector_geo(&geo, NULL);
	assert_good(xfs_sb_buf_verify(&geo, sector, 512, 0));
	put_hex(sector, 0x88, "00000000 00000041");
	assert_bad(xfs_sb_buf_verify(&geo, sector, 512, 0), "ifree");
	vector_sb(sector);
	geo.agblocks = 20000;
	assert_bad(xfs_sb_buf_verify(&geo, sector, 512, 0), "agblocks");
}

static void test_access(void **state)
{
	const char *reason;
	struct xfs_sb sb;

	(void)state;
#define ACCESS(change, want)						\
	do {								\
		sb = good_sb();						\
		change;							\
		assert_int_equal(xfs_sb_access(&sb, &reason), want);	\
		assert_true((reason != NULL) == ((want) != XFS_SB_READ_WRITE)); \
	} while (0)
	ACCESS((void)0, XFS_SB_READ_WRITE);
	for (unsigned int bit = 0; bit < 32; bit++) {
		ACCESS(sb.sb_features_compat |= 1u << bit, XFS_SB_READ_ONLY);
		ACCESS(sb.sb_features_ro_compat |= 1u << bit,
		       bit < 4 ? XFS_SB_READ_WRITE : XFS_SB_READ_ONLY);
		ACCESS(sb.sb_features_log_incompat |= 1u << bit,
		       bit < 1 ? XFS_SB_READ_WRITE : XFS_SB_READ_ONLY);
		ACCESS(sb.sb_features_incompat |= 1u << bit,
		       bit == 4 ? XFS_SB_REFUSE : bit <= 8 ? XFS_SB_READ_WRITE : XFS_SB_REFUSE);
	}
	ACCESS(sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_FTYPE, XFS_SB_REFUSE);
	ACCESS(sb.sb_flags = XFS_SBF_READONLY, XFS_SB_READ_ONLY);
	ACCESS(sb.sb_rblocks = 1000, XFS_SB_READ_ONLY);
	/* What forbids more wins. */
	ACCESS(sb.sb_features_ro_compat = 0xff; sb.sb_features_incompat |= 1u << 20,
	       XFS_SB_REFUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),	cmocka_unit_test(test_secondary),
		cmocka_unit_test(test_older_mkfs), cmocka_unit_test(test_version),
		cmocka_unit_test(test_units),	cmocka_unit_test(test_ags),
		cmocka_unit_test(test_log),	cmocka_unit_test(test_stripe),
		cmocka_unit_test(test_realtime), cmocka_unit_test(test_rtgroups),
		cmocka_unit_test(test_conditional_fields), cmocka_unit_test(test_counters),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
