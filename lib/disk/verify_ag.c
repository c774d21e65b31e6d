/* SPDX-License-Identifier: MIT */
/* Headers of AGs: AGF, AGI and AGFL. */
#include "disk/ag.h"
#include "disk/disk_priv.h"

/* The sector is header @sector of an AG of this file system; sets *@agno. */
static xfs_failaddr_t verify_place(const struct xfs_geometry *geo, size_t len, xfs_daddr_t daddr,
				   unsigned int sector, xfs_agnumber_t *agno)
{
	XFS_VERIFY(len >= geo->sectsize);
	XFS_VERIFY(daddr >= 0);
	XFS_VERIFY((uint64_t)daddr >> geo->blkbb_log < geo->dblocks);
	*agno = xfs_daddr_to_agno(geo, daddr);
	XFS_VERIFY(daddr == XFS_AG_DADDR(geo, *agno, sector));
	return NULL;
}

static xfs_failaddr_t verify_length(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				    uint32_t length)
{
	if (agno < geo->agcount - 1) {
		XFS_VERIFY(length == geo->agblocks);
	} else {
		XFS_VERIFY(length >= XFS_MIN_AG_BLOCKS);
		XFS_VERIFY(length <= geo->agblocks);
	}
	return NULL;
}

static xfs_failaddr_t verify_root(const struct xfs_geometry *geo, uint32_t length, be32_t root,
				  be32_t levels, unsigned int maxlevels)
{
	uint32_t agbno = be32_to_cpu(root), height = be32_to_cpu(levels);

	XFS_VERIFY(height >= 1);
	XFS_VERIFY(height <= maxlevels);
	XFS_VERIFY(agbno > geo->agfl_block);
	XFS_VERIFY(agbno < length);
	return NULL;
}

/* The range of slots matches the count; of an empty list the range does not matter. */
static bool agfl_range_ok(uint32_t slots, uint32_t first, uint32_t last, uint32_t count)
{
	if (!count)
		return true;
	return (last >= first ? last - first : slots - first + last) + 1 == count;
}

/*
 * True if a tree of @levels can have this many blocks: one if it is a single leaf; otherwise the
 * root has at least two children, and no node more than fit.
 */
static bool tree_blocks_possible(uint32_t blocks, uint32_t levels, uint32_t max_node,
				 uint32_t length)
{
	uint64_t most = 1, row = 1;

	for (uint32_t i = 1; i < levels && most <= length; i++) {
		row *= max_node;
		most += row;
	}
	return blocks >= 2 * levels - 1 && blocks <= most && blocks <= length;
}

/* The blocks counted in agf_btreeblks: all but the roots of three trees. */
static xfs_failaddr_t verify_btreeblks(const struct xfs_geometry *geo, const struct xfs_agf *agf)
{
	uint64_t least = 2 * ((uint64_t)be32_to_cpu(agf->agf_bno_level) - 1) +
			 2 * ((uint64_t)be32_to_cpu(agf->agf_cnt_level) - 1);
	uint32_t agf_btreeblks = be32_to_cpu(agf->agf_btreeblks);

	if (xfs_has_rmapbt(geo))
		least += be32_to_cpu(agf->agf_rmap_blocks) - 1;
	XFS_VERIFY(agf_btreeblks >= least);
	return NULL;
}

static xfs_failaddr_t verify_free(const struct xfs_geometry *geo, const struct xfs_agf *agf,
				  uint32_t length)
{
	uint32_t agf_freeblks = be32_to_cpu(agf->agf_freeblks);
	uint32_t agf_longest = be32_to_cpu(agf->agf_longest);
	uint32_t agf_flcount = be32_to_cpu(agf->agf_flcount);
	uint32_t agf_btreeblks = be32_to_cpu(agf->agf_btreeblks);

	XFS_VERIFY(agf_freeblks <= length);
	XFS_VERIFY(agf_longest <= agf_freeblks);
	XFS_VERIFY((agf_longest == 0) == (agf_freeblks == 0));
	XFS_VERIFY(agf_btreeblks <= length);
	/* No block is counted twice, and none is a header. */
	XFS_VERIFY((uint64_t)agf_freeblks + agf_flcount + agf_btreeblks <
		   (uint64_t)length - geo->agfl_block);
	return NULL;
}

xfs_failaddr_t xfs_agf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			      xfs_daddr_t daddr)
{
	const struct xfs_agf *agf = block;
	uint32_t length, first, last, count;
	xfs_agnumber_t agno;

	XFS_VERIFY_CALL(verify_place(geo, len, daddr, XFS_AGF_SECTOR, &agno));
	XFS_VERIFY(be32_to_cpu(agf->agf_magicnum) == XFS_AGF_MAGIC);
	XFS_VERIFY(be32_to_cpu(agf->agf_versionnum) == XFS_AGF_VERSION);
	XFS_VERIFY(xfs_uuid_equal(&agf->agf_uuid, &geo->meta_uuid));
	XFS_VERIFY(be32_to_cpu(agf->agf_seqno) == agno);
	length = be32_to_cpu(agf->agf_length);
	XFS_VERIFY_CALL(verify_length(geo, agno, length));

	first = be32_to_cpu(agf->agf_flfirst);
	last = be32_to_cpu(agf->agf_fllast);
	count = be32_to_cpu(agf->agf_flcount);
	XFS_VERIFY(first < geo->agfl_slots);
	XFS_VERIFY(last < geo->agfl_slots);
	XFS_VERIFY(count <= geo->agfl_slots);
	XFS_VERIFY(agfl_range_ok(geo->agfl_slots, first, last, count));

	XFS_VERIFY_CALL(verify_free(geo, agf, length));
	XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_bno_root, agf->agf_bno_level,
				geo->alloc_maxlevels));
	XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_cnt_root, agf->agf_cnt_level,
				geo->alloc_maxlevels));
	if (xfs_has_rmapbt(geo)) {
		XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_rmap_root, agf->agf_rmap_level,
					geo->rmap_maxlevels));
		XFS_VERIFY(tree_blocks_possible(be32_to_cpu(agf->agf_rmap_blocks),
						be32_to_cpu(agf->agf_rmap_level), geo->rmap_mxr[1],
						length));
	}
	XFS_VERIFY_CALL(verify_btreeblks(geo, agf));
	if (xfs_has_reflink(geo)) {
		XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_refcount_root,
					agf->agf_refcount_level, geo->refc_maxlevels));
		XFS_VERIFY(tree_blocks_possible(be32_to_cpu(agf->agf_refcount_blocks),
						be32_to_cpu(agf->agf_refcount_level),
						geo->refc_mxr[1], length));
	}
	return NULL;
}

static xfs_failaddr_t verify_inodes(const struct xfs_geometry *geo, const struct xfs_agi *agi,
				    xfs_agnumber_t agno)
{
	uint32_t agi_count = be32_to_cpu(agi->agi_count);
	uint32_t agi_freecount = be32_to_cpu(agi->agi_freecount);
	uint64_t chunks = xfs_howmany64(agi_count, XFS_INODES_PER_CHUNK), most = geo->inobt_mxr[0];
	xfs_agino_t first, last;

	xfs_agino_range(geo, agno, &first, &last);
	XFS_VERIFY(agi_freecount <= agi_count);
	XFS_VERIFY(agi_count == 0 || (last >= first && agi_count <= (uint64_t)last - first + 1));
	for (uint32_t i = 1; i < be32_to_cpu(agi->agi_level) && most < chunks; i++)
		most *= geo->inobt_mxr[1];
	XFS_VERIFY(chunks <= most);
	return NULL;
}

static xfs_failaddr_t verify_inode_trees(const struct xfs_geometry *geo,
					 const struct xfs_agi *agi, uint32_t length)
{
	XFS_VERIFY_CALL(verify_root(geo, length, agi->agi_root, agi->agi_level,
				    geo->inobt_maxlevels));
	if (!xfs_has_finobt(geo))
		return NULL;
	XFS_VERIFY_CALL(verify_root(geo, length, agi->agi_free_root, agi->agi_free_level,
				    geo->inobt_maxlevels));
	if (!xfs_has_inobtcounts(geo))
		return NULL;
	XFS_VERIFY(tree_blocks_possible(be32_to_cpu(agi->agi_iblocks), be32_to_cpu(agi->agi_level),
					geo->inobt_mxr[1], length));
	XFS_VERIFY(tree_blocks_possible(be32_to_cpu(agi->agi_fblocks),
					be32_to_cpu(agi->agi_free_level), geo->inobt_mxr[1],
					length));
	return NULL;
}

xfs_failaddr_t xfs_agi_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			      xfs_daddr_t daddr)
{
	const struct xfs_agi *agi = block;
	xfs_agnumber_t agno;
	uint32_t length;

	XFS_VERIFY_CALL(verify_place(geo, len, daddr, XFS_AGI_SECTOR, &agno));
	XFS_VERIFY(be32_to_cpu(agi->agi_magicnum) == XFS_AGI_MAGIC);
	XFS_VERIFY(be32_to_cpu(agi->agi_versionnum) == XFS_AGI_VERSION);
	XFS_VERIFY(xfs_uuid_equal(&agi->agi_uuid, &geo->meta_uuid));
	XFS_VERIFY(be32_to_cpu(agi->agi_seqno) == agno);
	length = be32_to_cpu(agi->agi_length);
	XFS_VERIFY_CALL(verify_length(geo, agno, length));
	XFS_VERIFY_CALL(verify_inode_trees(geo, agi, length));
	XFS_VERIFY_CALL(verify_inodes(geo, agi, agno));
	for (unsigned int i = 0; i < XFS_AGI_UNLINKED_BUCKETS; i++)
		XFS_VERIFY(xfs_verify_agino_or_null(geo, agno,
						    be32_to_cpu(agi->agi_unlinked[i])));
	return NULL;
}

xfs_failaddr_t xfs_agfl_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			       xfs_daddr_t daddr)
{
	const struct xfs_agfl *agfl = block;
	xfs_agnumber_t agno;

	XFS_VERIFY_CALL(verify_place(geo, len, daddr, XFS_AGFL_SECTOR, &agno));
	XFS_VERIFY(be32_to_cpu(agfl->agfl_magicnum) == XFS_AGFL_MAGIC);
	XFS_VERIFY(xfs_uuid_equal(&agfl->agfl_uuid, &geo->meta_uuid));
	XFS_VERIFY(be32_to_cpu(agfl->agfl_seqno) == agno);
	/* Unused slots hold stale numbers, but never impossible ones. */
	for (uint32_t i = 0; i < geo->agfl_slots; i++) {
		uint32_t agbno = be32_to_cpu(agfl->agfl_bno[i]);

		XFS_VERIFY(agbno == NULLAGBLOCK || agbno < geo->agblocks);
	}
	return NULL;
}
