/* SPDX-License-Identifier: MIT */
/*
 * Blocks of B+trees.  Records are verified where they are used: a search visits only a few of the
 * hundreds in a block.
 */
#include "disk/btree.h"
#include "disk/verify.h"

static xfs_failaddr_t sblock_verify(const struct xfs_geometry *geo, const void *mem, size_t len,
				    xfs_daddr_t daddr, uint32_t magic, const uint32_t mxr[2],
				    unsigned int maxlevels)
{
	const struct xfs_btree_block *block = mem;
	uint32_t level, numrecs, left, right;
	xfs_agnumber_t agno;
	xfs_agblock_t agbno;

	XFS_VERIFY(len == geo->blocksize);
	XFS_VERIFY(daddr >= 0);
	XFS_VERIFY((uint64_t)daddr >> geo->blkbb_log < geo->dblocks);
	agno = xfs_daddr_to_agno(geo, daddr);
	agbno = xfs_daddr_to_agbno(geo, daddr);
	XFS_VERIFY(be32_to_cpu(block->bb_magic) == magic);
	XFS_VERIFY(xfs_uuid_equal(&block->bb_u.s.bb_uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(block->bb_u.s.bb_blkno) == (uint64_t)daddr);
	XFS_VERIFY(be32_to_cpu(block->bb_u.s.bb_owner) == agno);
	level = be16_to_cpu(block->bb_level);
	numrecs = be16_to_cpu(block->bb_numrecs);
	XFS_VERIFY(level < maxlevels);
	XFS_VERIFY(numrecs <= mxr[level != 0]);
	/*
	 * Only a leaf that is the root may be empty, but the block does not tell whether it is the
	 * root.
	 */
	XFS_VERIFY(level == 0 || numrecs > 0);
	left = be32_to_cpu(block->bb_u.s.bb_leftsib);
	right = be32_to_cpu(block->bb_u.s.bb_rightsib);
	XFS_VERIFY(left == NULLAGBLOCK || xfs_verify_agbno(geo, agno, left));
	XFS_VERIFY(right == NULLAGBLOCK || xfs_verify_agbno(geo, agno, right));
	XFS_VERIFY(left != agbno && right != agbno);
	XFS_VERIFY(left == NULLAGBLOCK || left != right);
	return NULL;
}

#define DEFINE_SBLOCK_VERIFY(name, magic, limits)					\
xfs_failaddr_t xfs_##name##_verify(const struct xfs_geometry *geo, const void *block,	\
				   size_t len, xfs_daddr_t daddr)			\
{											\
	return sblock_verify(geo, block, len, daddr, magic, geo->limits##_mxr,		\
			     geo->limits##_maxlevels);					\
}
DEFINE_SBLOCK_VERIFY(bnobt, XFS_ABTB_CRC_MAGIC, alloc)
DEFINE_SBLOCK_VERIFY(cntbt, XFS_ABTC_CRC_MAGIC, alloc)
DEFINE_SBLOCK_VERIFY(inobt, XFS_IBT_CRC_MAGIC, inobt)
DEFINE_SBLOCK_VERIFY(finobt, XFS_FIBT_CRC_MAGIC, inobt)
DEFINE_SBLOCK_VERIFY(rmapbt, XFS_RMAP_CRC_MAGIC, rmap)
DEFINE_SBLOCK_VERIFY(refcountbt, XFS_REFC_CRC_MAGIC, refc)

static bool fsbno_or_null(const struct xfs_geometry *geo, uint64_t fsbno)
{
	return fsbno == NULLFSBLOCK || xfs_verify_fsbno(geo, fsbno);
}

xfs_failaddr_t xfs_bmbt_verify(const struct xfs_geometry *geo, const void *mem, size_t len,
			       xfs_daddr_t daddr)
{
	const struct xfs_btree_block *block = mem;
	unsigned int maxlevels = geo->bmap_maxlevels[0];	/* the attr fork's is lower */
	uint64_t left, right, self;
	uint32_t level, numrecs;

	XFS_VERIFY(len == geo->blocksize);
	XFS_VERIFY(daddr >= 0);
	XFS_VERIFY((uint64_t)daddr >> geo->blkbb_log < geo->dblocks);
	self = XFS_DADDR_TO_FSB(geo, daddr);
	XFS_VERIFY(be32_to_cpu(block->bb_magic) == XFS_BMAP_CRC_MAGIC);
	XFS_VERIFY(xfs_uuid_equal(&block->bb_u.l.bb_uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(block->bb_u.l.bb_blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(block->bb_u.l.bb_owner)));
	level = be16_to_cpu(block->bb_level);
	numrecs = be16_to_cpu(block->bb_numrecs);
	XFS_VERIFY(level < maxlevels);
	XFS_VERIFY(numrecs > 0);
	XFS_VERIFY(numrecs <= geo->bmap_mxr[level != 0]);
	left = be64_to_cpu(block->bb_u.l.bb_leftsib);
	right = be64_to_cpu(block->bb_u.l.bb_rightsib);
	XFS_VERIFY(fsbno_or_null(geo, left));
	XFS_VERIFY(fsbno_or_null(geo, right));
	XFS_VERIFY(left != self && right != self);
	XFS_VERIFY(left == NULLFSBLOCK || left != right);
	return NULL;
}
