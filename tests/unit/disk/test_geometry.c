/* SPDX-License-Identifier: MIT */
/*
 * Goal: what follows from a superblock is what mkfs, kernel and repair compute.
 * Method: tables of values measured on real file systems, and the arithmetic of
 * addresses there and back.
 */
#include "disk/attr.h"
#include "disk/dir.h"
#include "disk/inode.h"
#include "unit/disk/vectors.h"

static void geo_of(struct xfs_geometry *geo, uint32_t blocksize, uint32_t sectsize,
		   uint32_t inodesize, uint32_t agblocks, uint32_t agcount)
{
	struct xfs_sb sb;

	make_sb(&sb, blocksize, sectsize, inodesize, agblocks, agcount);
	assert_int_equal(xfs_geometry_init(geo, &sb), 0);
}

static void test_fanout(void **state)
{
	/* bno/cnt, ino/fino, rmap, refcount: leaf, node; fork trees. */
	static const uint32_t v[][10] = {
		{ 1024, 121, 80, 60, 121, 40, 22, 80, 121, 59 },
		{ 2048, 249, 166, 124, 249, 83, 45, 166, 249, 123 },
		{ 4096, 505, 336, 252, 505, 168, 91, 336, 505, 251 },
		{ 8192, 1017, 678, 508, 1017, 339, 184, 678, 1017, 507 },
		{ 16384, 2041, 1360, 1020, 2041, 680, 371, 1360, 2041, 1019 },
		{ 32768, 4089, 2726, 2044, 4089, 1363, 743, 2726, 4089, 2043 },
		{ 65536, 8185, 5456, 4092, 8185, 2728, 1488, 5456, 8185, 4091 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;

		geo_of(&geo, v[i][0], 512, 512, 65536, 4);
		for (unsigned int k = 0; k < 2; k++) {
			assert_int_equal(geo.alloc_mxr[k], v[i][1 + k]);
			assert_int_equal(geo.inobt_mxr[k], v[i][3 + k]);
			assert_int_equal(geo.rmap_mxr[k], v[i][5 + k]);
			assert_int_equal(geo.refc_mxr[k], v[i][7 + k]);
			assert_int_equal(geo.bmap_mxr[k], v[i][9]);
			assert_int_equal(geo.rmap_mnr[k], v[i][5 + k] / 2);
			assert_int_equal(geo.bmap_mnr[k], v[i][9] / 2);
		}
	}
}

static void test_heights(void **state)
{
	/* block, agblocks: alloc, inobt, rmap without and with reflink, refcount */
	static const uint32_t v[][7] = {
		{ 1024, 76800, 3, 3, 5, 6, 3 },
		{ 1024, 262144, 4, 3, 5, 6, 4 },
		{ 1024, 1073741823, 6, 5, 9, 10, 6 },
		{ 4096, 19200, 2, 2, 3, 4, 2 },
		{ 4096, 65536, 2, 2, 3, 4, 3 },
		{ 4096, 1048576, 3, 3, 4, 5, 3 },
		{ 4096, 16777216, 4, 3, 5, 6, 4 },
		{ 4096, 268435455, 4, 4, 5, 6, 4 },
		{ 65536, 4096, 1, 2, 2, 3, 2 },
		{ 65536, 16777215, 2, 3, 3, 4, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;
		struct xfs_sb sb;

		make_sb(&sb, v[i][0], 512, 512, v[i][1], 4);
		assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
		assert_int_equal(geo.alloc_maxlevels, v[i][2]);
		assert_int_equal(geo.inobt_maxlevels, v[i][3]);
		assert_int_equal(geo.rmap_maxlevels, v[i][5]);
		assert_int_equal(geo.refc_maxlevels, v[i][6]);
		sb.sb_features_ro_compat &= ~XFS_SB_FEAT_RO_COMPAT_REFLINK;
		assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
		assert_int_equal(geo.rmap_maxlevels, v[i][4]);
		assert_int_equal(geo.refc_maxlevels, 0);
	}
}

/* What kernels reserve per AG, for the largest trees that can come. */
static void test_tree_blocks(void **state)
{
	/* block, AG without log: refcount and free inode trees, reverse mapping. */
	static const uint32_t v[][4] = {
		{ 4096, 65536, 461, 800 }, { 4096, 49152, 346, 601 }, { 4096, 19200, 137, 236 },
		{ 4096, 2816, 22, 35 }, { 1024, 262144, 6947, 14420 },
	};
	struct xfs_geometry geo;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint64_t n = v[i][1], rmap;

		geo_of(&geo, v[i][0], 512, 512, 262144, 4);
		assert_int_equal(xfs_geometry_tree_blocks(geo.refc_mnr, n) +
					 xfs_geometry_tree_blocks(geo.inobt_mnr,
								  n * geo.inopblock / 64),
				 v[i][2]);
		rmap = xfs_geometry_tree_blocks(geo.rmap_mnr, n);
		assert_int_equal(rmap > n / 100 ? rmap : n / 100, v[i][3]);
	}
	assert_int_equal(xfs_geometry_space_height(geo.rmap_mnr, 0), 0);
}

static void test_fork_heights(void **state)
{
	/* block: data, attr without NREXT64; with it */
	static const uint32_t v[][5] = {
		{ 1024, 7, 4, 10, 7 }, { 2048, 6, 3, 9, 6 },  { 4096, 5, 3, 7, 5 },
		{ 8192, 4, 2, 7, 5 },  { 16384, 4, 2, 6, 4 }, { 65536, 3, 2, 5, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;
		struct xfs_sb sb;

		make_sb(&sb, v[i][0], 512, 512, 65536, 4);
		assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
		assert_int_equal(geo.bmap_maxlevels[0], v[i][3]);
		assert_int_equal(geo.bmap_maxlevels[1], v[i][4]);
		sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_NREXT64;
		assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
		assert_int_equal(geo.bmap_maxlevels[0], v[i][1]);
		assert_int_equal(geo.bmap_maxlevels[1], v[i][2]);
	}
}

static void test_inode_clusters(void **state)
{
	/* block, inode size: inodes per block, inoalignmt, spino_align, cluster bytes */
	static const uint32_t v[][6] = {
		{ 1024, 512, 2, 32, 16, 16384 },    { 2048, 512, 4, 16, 8, 16384 },
		{ 2048, 1024, 2, 32, 16, 32768 },   { 4096, 512, 8, 8, 4, 16384 },
		{ 4096, 1024, 4, 16, 8, 32768 },    { 4096, 2048, 2, 32, 16, 65536 },
		{ 8192, 512, 16, 4, 2, 16384 },	    { 8192, 2048, 4, 16, 8, 65536 },
		{ 16384, 512, 32, 2, 1, 16384 },    { 16384, 1024, 16, 4, 2, 32768 },
		{ 32768, 512, 64, 1, 0, 32768 },    { 32768, 1024, 32, 2, 1, 32768 },
		{ 32768, 2048, 16, 4, 2, 65536 },   { 65536, 512, 128, 0, 0, 65536 },
		{ 65536, 1024, 64, 1, 0, 65536 },   { 65536, 2048, 32, 2, 1, 65536 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;
		struct xfs_sb sb;

		make_sb(&sb, v[i][0], 512, v[i][1], 65536, 4);
		assert_int_equal(sb.sb_inoalignmt, v[i][3]);
		assert_int_equal(sb.sb_spino_align, v[i][4]);
		assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
		assert_int_equal(geo.inopblock, v[i][2]);
		assert_int_equal(geo.blocks_per_cluster << geo.blocklog, v[i][5]);
		assert_int_equal(geo.inodes_per_cluster << geo.inodelog, v[i][5]);
		assert_int_equal(geo.ialloc_inos, v[i][2] > 64 ? v[i][2] : 64);
		assert_int_equal(geo.ialloc_blks, geo.ialloc_inos / v[i][2]);
		assert_int_equal(geo.ialloc_min_blks, v[i][4] ? v[i][4] : geo.ialloc_blks);
		assert_int_equal(geo.cluster_align, v[i][3] ? v[i][3] : 1);
	}
}

static void test_ag_layout(void **state)
{
	/* block, sector: AGFL block, first root, blocks before free space, AGFL slots */
	static const uint32_t v[][6] = {
		{ 1024, 512, 1, 2, 8, 119 },   { 1024, 1024, 3, 4, 10, 247 },
		{ 2048, 512, 0, 1, 7, 119 },   { 65536, 512, 0, 1, 7, 119 },
		{ 4096, 4096, 3, 4, 10, 1015 }, { 65536, 4096, 0, 1, 7, 1015 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;

		geo_of(&geo, v[i][0], v[i][1], 512, 65536, 4);
		assert_int_equal(geo.agfl_block, v[i][2]);
		assert_int_equal(geo.bno_root, v[i][3]);
		assert_int_equal(geo.refc_root, v[i][3] + 5);
		assert_int_equal(geo.prealloc_blocks, v[i][4]);
		assert_int_equal(geo.agfl_slots, v[i][5]);
	}
}

static void test_optional_trees(void **state)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	make_sb(&sb, 4096, 512, 512, 65536, 4);
	sb.sb_features_ro_compat = 0;
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	assert_int_equal(geo.prealloc_blocks, 4);
	assert_int_equal(geo.fino_root, 0);
	assert_int_equal(geo.rmap_root, 0);
	assert_int_equal(geo.refc_root, 0);
	assert_int_equal(geo.rmap_maxlevels, 0);
	sb.sb_features_ro_compat = XFS_SB_FEAT_RO_COMPAT_REFLINK;
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	assert_int_equal(geo.refc_root, 4);
	assert_int_equal(geo.prealloc_blocks, 5);
}

static void test_directories(void **state)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	geo_of(&geo, 4096, 512, 512, 65536, 4);
	assert_int_equal(geo.leafblk, 8388608);
	assert_int_equal(geo.freeblk, 16777216);
	assert_int_equal(geo.dir_leaf_max_ents, 504);
	assert_int_equal(geo.dir_node_ents, 504);
	assert_int_equal(geo.dir_free_max_bests, 2016);
	assert_int_equal(geo.dir_magicpct, 1515);
	assert_int_equal(geo.attr_rmt_space, 4040);
	geo_of(&geo, 1024, 512, 512, 65536, 4);
	assert_int_equal(geo.leafblk, 33554432);
	assert_int_equal(geo.freeblk, 67108864);
	assert_int_equal(geo.dirblksize, 4096);
	assert_int_equal(geo.dirblkfsbs, 4);
	assert_int_equal(geo.attr_rmt_space, 968);
	assert_int_equal(xfs_attr3_rmt_blocks(1024, 65536), 68);
	assert_int_equal(xfs_attr3_rmt_blocks(4096, 65536), 17);
	assert_int_equal(xfs_attr3_rmt_blocks(65536, 65536), 2);
	geo_of(&geo, 65536, 512, 512, 65536, 4);
	assert_int_equal(geo.leafblk, 524288);
	assert_int_equal(geo.freeblk, 1048576);
	assert_int_equal(geo.dir_leaf_max_ents, 8184);
	assert_int_equal(geo.dir_free_max_bests, 32736);
	assert_int_equal(geo.dir_magicpct, 24248);
	make_sb(&sb, 4096, 512, 512, 65536, 4);
	sb.sb_dirblklog = 1;
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	assert_int_equal(geo.dir_leaf_max_ents, 1016);
	assert_int_equal(geo.dir_free_max_bests, 4064);
	assert_int_equal(geo.dir_magicpct, 3031);
	assert_int_equal(xfs_dir2_db_off_to_dataptr(&geo, 3, 96), (3 * 8192 + 96) / 8);
	assert_int_equal(xfs_dir2_dataptr_to_db(&geo, (3 * 8192 + 96) / 8), 3);
	assert_int_equal(xfs_dir2_dataptr_to_off(&geo, (3 * 8192 + 96) / 8), 96);
	assert_int_equal(xfs_dir2_db_to_fdb_da(&geo, 4064 * 2 + 5), geo.freeblk + 4);
	assert_int_equal(xfs_dir2_db_to_fdindex(&geo, 4064 * 2 + 5), 5);
	/* The last byte of the data space. */
	assert_int_equal(xfs_dir2_dataptr_to_db(&geo, 0xffffffff), (1ull << 35) / 8192 - 1);
}

static void test_inode_forks(void **state)
{
	/* inode size, literal area, largest forkoff, records of a root */
	static const uint32_t v[][4] = {
		{ 512, 336, 37, 20 }, { 1024, 848, 101, 52 }, { 2048, 1872, 229, 116 },
	};
	static const unsigned int fork[][2] = {
		{ 336, 20 }, { 296, 18 }, { 192, 11 }, { 144, 8 }, { 848, 52 }, { 1872, 116 },
		{ 4, 0 }, { 3, 0 }, { 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_geometry geo;

		geo_of(&geo, 4096, 512, v[i][0], 65536, 4);
		assert_int_equal(geo.litino, v[i][1]);
		assert_int_equal(geo.attroffset, 192);
		assert_int_equal(geo.min_forkoff, 7);
		assert_int_equal(geo.max_forkoff, v[i][2]);
		assert_int_equal(xfs_bmdr_maxrecs(geo.litino), v[i][3]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fork); i++)
		assert_int_equal(xfs_bmdr_maxrecs(fork[i][0]), fork[i][1]);
	assert_int_equal(xfs_bmdr_space(3), 52);
}

static void test_addresses(void **state)
{
	struct xfs_geometry geo;
	xfs_agino_t first, last;

	(void)state;
	/* 4 AGs of 19200 blocks: block numbers have holes of 13568 between AGs. */
	vector_geo(&geo, NULL);
	assert_int_equal(geo.agblklog, 15);
	assert_int_equal(geo.agino_log, 18);
	assert_int_equal(XFS_FSB_TO_AGNO(&geo, 65543), 2);
	assert_int_equal(XFS_FSB_TO_AGBNO(&geo, 65543), 7);
	assert_int_equal(xfs_fsb_to_bytes(&geo, 65543), 157315072);
	assert_int_equal(XFS_FSB_TO_DADDR(&geo, 65543), 157315072 / 512);
	assert_int_equal(XFS_DADDR_TO_FSB(&geo, 157315072 / 512), 65543);
	assert_int_equal(XFS_AGB_TO_FSB(&geo, 2, 7), 65543);
	assert_int_equal(XFS_INO_TO_AGBNO(&geo, 128), 16);
	assert_int_equal(xfs_ino_to_bytes(&geo, 128), 16 * 4096);
	assert_int_equal(xfs_ino_to_bytes(&geo, 0x40085), (19200 + 16) * 4096 + 5 * 512);
	assert_int_equal(XFS_INO_TO_AGNO(&geo, 0x40085), 1);
	assert_int_equal(XFS_INO_TO_AGINO(&geo, 0x40085), 0x85);
	assert_int_equal(XFS_AGINO_TO_INO(&geo, 1, 0x85), 0x40085);
	assert_int_equal(XFS_AG_DADDR(&geo, 1, 3), 19200 * 8 + 3);
	assert_int_equal(geo.last_agblocks, 19200);
	assert_true(xfs_verify_fsbno(&geo, 65543));
	assert_false(xfs_verify_fsbno(&geo, 19200));		/* the hole */
	assert_false(xfs_verify_fsbno(&geo, 32767));
	assert_false(xfs_verify_fsbno(&geo, 0));		/* headers */
	assert_true(xfs_verify_fsbno(&geo, 1));
	assert_false(xfs_verify_fsbno(&geo, 4ull << 15 | 100));	/* no such AG */
	assert_false(xfs_verify_fsbno(&geo, 1ull << 60));
	assert_true(xfs_verify_fsbext(&geo, 1, 19199));
	assert_false(xfs_verify_fsbext(&geo, 1, 19200));
	assert_false(xfs_verify_fsbext(&geo, 1, 0));
	assert_false(xfs_verify_fsbext(&geo, 1, UINT64_MAX));
	assert_false(xfs_verify_agbext(&geo, 0, 100, UINT32_MAX));
	xfs_agino_range(&geo, 0, &first, &last);
	assert_int_equal(first, 8 * 8);
	assert_int_equal(last, 19200 * 8 - 1);
	assert_true(xfs_verify_ino(&geo, 128));
	assert_false(xfs_verify_ino(&geo, 63));
	assert_false(xfs_verify_ino(&geo, 19200 * 8));
	assert_false(xfs_verify_ino(&geo, 4ull << 18 | 128));
	assert_false(xfs_verify_ino(&geo, NULLFSINO));
	assert_true(xfs_verify_dir_ino(&geo, 128));
	assert_false(xfs_verify_dir_ino(&geo, 129));		/* realtime bitmap */
	assert_true(xfs_verify_ino(&geo, 129));
}

static void test_short_last_ag(void **state)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;
	xfs_agino_t first, last;

	(void)state;
	make_sb(&sb, 4096, 512, 512, 65536, 4);
	sb.sb_dblocks -= 65536 - 5003;
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	assert_int_equal(xfs_ag_block_count(&geo, 2), 65536);
	assert_int_equal(xfs_ag_block_count(&geo, 3), 5003);
	assert_true(xfs_verify_agbno(&geo, 2, 5003));
	assert_false(xfs_verify_agbno(&geo, 3, 5003));
	assert_true(xfs_verify_agbno(&geo, 3, 5002));
	/* Inodes end at the last whole cluster alignment. */
	xfs_agino_range(&geo, 3, &first, &last);
	assert_int_equal(last, 5000 * 8 - 1);
	/* With an alignment beyond its length it has none. */
	geo.cluster_align = 8192;
	xfs_agino_range(&geo, 3, &first, &last);
	assert_true(first > last);
	assert_false(xfs_verify_agino(&geo, 3, 128));
	assert_false(xfs_verify_agino(&geo, 3, NULLAGINO));
	assert_true(xfs_verify_agino(&geo, 2, 65536));
}

static void test_limits(void **state)
{
	struct xfs_geometry geo;
	struct xfs_sb sb, good;

	(void)state;
	make_sb(&good, 4096, 512, 512, 65536, 4);
	/* 25 % of 262144 blocks, in chunks of 8 blocks. */
	assert_int_equal(xfs_geometry_init(&geo, &good), 0);
	assert_int_equal(geo.maxicount, 524288);
	/* Nothing that would divide by zero or shift too far is computed with. */
#define REFUSE(change)								\
	do {									\
		sb = good;							\
		change;								\
		assert_int_equal(xfs_geometry_init(&geo, &sb), -EUCLEAN);	\
	} while (0)
	REFUSE(sb.sb_blocklog = 64);
	REFUSE(sb.sb_blocksize = 0);
	REFUSE(sb.sb_inodelog = 13);
	REFUSE(sb.sb_inopblock = 0);
	REFUSE(sb.sb_agblocks = 0);
	REFUSE(sb.sb_agcount = 0);
	REFUSE(sb.sb_agblklog = 40);
	REFUSE(sb.sb_dblocks = 0);
	REFUSE(sb.sb_dblocks = UINT64_MAX);
	REFUSE(sb.sb_dirblklog = 5);
	REFUSE(sb.sb_sectsize = 8192);
#undef REFUSE
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fanout),	     cmocka_unit_test(test_heights),
		cmocka_unit_test(test_fork_heights), cmocka_unit_test(test_tree_blocks),
		cmocka_unit_test(test_inode_clusters),
		cmocka_unit_test(test_ag_layout),    cmocka_unit_test(test_optional_trees),
		cmocka_unit_test(test_directories),  cmocka_unit_test(test_inode_forks),
		cmocka_unit_test(test_addresses),    cmocka_unit_test(test_short_last_ag),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
