/* SPDX-License-Identifier: MIT */
/*
 * Goal: credits are of the right size: on the smallest log that a kernel would mount each kind of
 *       handle fits into half a checkpoint, several small ones fit at once, and steps of
 *       variable length are cut to what the log bears; larger logs only make steps longer.
 * Method: the shapes that mkfs makes: block sizes, sizes of AGs, features, directory blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/mem.h"
#include "mkfs/mkfs_priv.h"
#include "trans/resv.h"

#define MIB		(1ull << 20)
#define RO_COMPAT	(XFS_SB_FEAT_RO_COMPAT_FINOBT | XFS_SB_FEAT_RO_COMPAT_REFLINK | \
			 XFS_SB_FEAT_RO_COMPAT_RMAPBT)
#define INCOMPAT	(XFS_SB_FEAT_INCOMPAT_FTYPE | XFS_SB_FEAT_INCOMPAT_SPINODES | \
			 XFS_SB_FEAT_INCOMPAT_BIGTIME | XFS_SB_FEAT_INCOMPAT_NREXT64 | \
			 XFS_SB_FEAT_INCOMPAT_PARENT)

struct shape {
	uint32_t blocksize, inodesize, dirblocksize;
	uint64_t agbytes;
	uint32_t ro_compat, incompat;
};

static void make_geometry(const struct shape *s, struct xfs_geometry *geo)
{
	struct xfs_sb sb;

	memset(&sb, 0, sizeof(sb));
	sb.sb_blocksize = s->blocksize;
	sb.sb_blocklog = (uint8_t)xfs_highbit64(s->blocksize);
	sb.sb_sectsize = 512;
	sb.sb_sectlog = 9;
	sb.sb_inodesize = (uint16_t)s->inodesize;
	sb.sb_inodelog = (uint8_t)xfs_highbit64(s->inodesize);
	sb.sb_inopblock = (uint16_t)(s->blocksize / s->inodesize);
	sb.sb_inopblog = (uint8_t)(sb.sb_blocklog - sb.sb_inodelog);
	sb.sb_dirblklog = (uint8_t)(xfs_highbit64(s->dirblocksize) - sb.sb_blocklog);
	sb.sb_agblocks = (uint32_t)(s->agbytes / s->blocksize);
	sb.sb_agcount = 4;
	sb.sb_dblocks = 4ull * sb.sb_agblocks;
	sb.sb_agblklog = (uint8_t)xfs_log2_ceil(sb.sb_agblocks);
	sb.sb_inoalignmt = 64 * s->inodesize / s->blocksize;
	sb.sb_spino_align = 8192 * (s->inodesize / 256) / s->blocksize;
	sb.sb_features_ro_compat = s->ro_compat;
	sb.sb_features_incompat = s->incompat;
	assert_int_equal(xfs_geometry_init(geo, &sb), 0);
}

static void check_table(const struct xfs_mount *mp, uint64_t limit)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	uint32_t inode = geo->inodesize + XFS_INODE_LOG_COST;

	for (enum xfs_resv_kind kind = 0; kind < XFS_RESV_KINDS; kind++) {
		uint32_t bytes = xfs_resv(mp, kind);

		/* At least the inode, at most half of a checkpoint. */
		assert_true(bytes >= inode && bytes <= limit / 2);
		assert_true(bytes <= mp->m_resv->largest);
	}
	/* What needs few blocks never waits for much room. */
	assert_true(xfs_resv(mp, XFS_RESV_INODE) <= 16384);
	assert_true(xfs_resv(mp, XFS_RESV_IFREE) <= limit / 3);
	/* One more piece always fits into a new handle of write-back. */
	assert_true(xfs_resv_step(mp) <= xfs_resv(mp, XFS_RESV_WRITEBACK));
	assert_true(xfs_resv_step(mp) >= inode);
	assert_true(xfs_resv_move_step(mp) <= xfs_resv(mp, XFS_RESV_MOVE));
	assert_true(xfs_resv_move_step(mp) >= inode);
	/* What moves stays allocated: removing it costs more. */
	assert_true(xfs_resv_move(mp, 0, 64) <= xfs_resv_move(mp, 64, 0));
	assert_true(xfs_resv_move(mp, 4, 8) >= xfs_resv_move(mp, 4, 4));
	assert_true(xfs_resv(mp, XFS_RESV_CREATE_ACL) >= xfs_resv(mp, XFS_RESV_CREATE));
	assert_true(xfs_resv(mp, XFS_RESV_RENAME) >= xfs_resv(mp, XFS_RESV_LINK));
	assert_true(xfs_resv_extents(mp, 32) >= 1 && xfs_resv_extents(mp, 32) <= 32);
	assert_int_equal(xfs_resv_extents(mp, 1), 1);
}

static void check(const struct shape *s)
{
	struct xfs_mount *mp = calloc(1, sizeof(*mp));
	uint64_t min_log, limit;
	uint32_t extents = 0;

	assert_non_null(mp);
	make_geometry(s, &mp->m_geo);
	min_log = (uint64_t)xfs_mkfs_min_logblocks(&mp->m_geo, 0) * s->blocksize;
	assert_int_equal(xfs_resv(mp, XFS_RESV_CREATE), 0);
	assert_int_equal(xfs_resv_extents(mp, 32), 32);
	for (uint64_t log = min_log; log <= 512 * MIB; log *= 2) {
		limit = XFS_MIN(log / 4, 32 * MIB);
		assert_int_equal(xfs_resv_init(mp, limit), 0);
		check_table(mp, limit);
		/* A larger log never makes a step shorter. */
		assert_true(mp->m_resv->extents >= extents);
		extents = mp->m_resv->extents;
		xfs_resv_destroy(mp);
	}
	assert_true(extents >= 1);
#ifdef XFSWRITE_DEBUG
	xfs_mem_fail_at(1, false);
	assert_int_equal(xfs_resv_init(mp, 1u << 20), -ENOMEM);
	assert_true(xfs_mem_fail_met());
#endif
	free(mp);
}

static void test_shapes(void **state)
{
	(void)state;
	for (uint32_t block = 1024; block <= 65536; block *= 4) {
		for (uint64_t ag = 64 * MIB; ag <= 512ull * 1024 * MIB; ag *= 32) {
			struct shape s = { block, 512, XFS_MAX(block, 4096u), ag, RO_COMPAT, INCOMPAT };

			check(&s);
			s.dirblocksize = 65536;
			check(&s);
			s.inodesize = XFS_MIN(2048u, block);
			check(&s);
			s.ro_compat = XFS_SB_FEAT_RO_COMPAT_FINOBT;
			s.incompat = XFS_SB_FEAT_INCOMPAT_FTYPE;
			check(&s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
