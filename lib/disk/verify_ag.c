/* SPDX-License-Identifier: MIT */
#include "disk/ag.h"
#include "disk/disk_priv.h"

/* The sector is header @sector of one of our AGs; which one goes to *@agno. */
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

/* The list's range has as many slots as it counts; what an empty one says does not matter. */
static bool agfl_range_ok(uint32_t slots, uint32_t first, uint32_t last, uint32_t count)
{
	if (!count)
		return true;
	return (last >= first ? last - first : slots - first + last) + 1 == count;
}

xfs_failaddr_t xfs_agf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			      xfs_daddr_t daddr)
{
	const struct xfs_agf *agf = block;
	uint32_t length, freeblks, first, last, count;
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

	freeblks = be32_to_cpu(agf->agf_freeblks);
	XFS_VERIFY(freeblks <= length);
	XFS_VERIFY(be32_to_cpu(agf->agf_longest) <= freeblks);
	XFS_VERIFY(be32_to_cpu(agf->agf_btreeblks) <= length);

	XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_bno_root, agf->agf_bno_level,
				geo->alloc_maxlevels));
	XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_cnt_root, agf->agf_cnt_level,
				geo->alloc_maxlevels));
	if (xfs_has_rmapbt(geo)) {
		XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_rmap_root, agf->agf_rmap_level,
					geo->rmap_maxlevels));
		XFS_VERIFY(be32_to_cpu(agf->agf_rmap_blocks) <= length);
	}
	if (xfs_has_reflink(geo)) {
		XFS_VERIFY_CALL(verify_root(geo, length, agf->agf_refcount_root,
					agf->agf_refcount_level, geo->refc_maxlevels));
		XFS_VERIFY(be32_to_cpu(agf->agf_refcount_blocks) <= length);
	}
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
	XFS_VERIFY(be32_to_cpu(agi->agi_freecount) <= be32_to_cpu(agi->agi_count));
	XFS_VERIFY_CALL(verify_root(geo, length, agi->agi_root, agi->agi_level,
				geo->inobt_maxlevels));
	if (xfs_has_finobt(geo))
		XFS_VERIFY_CALL(verify_root(geo, length, agi->agi_free_root, agi->agi_free_level,
					geo->inobt_maxlevels));
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
	/* Slots out of use hold stale numbers, but never impossible ones. */
	for (uint32_t i = 0; i < geo->agfl_slots; i++) {
		uint32_t agbno = be32_to_cpu(agfl->agfl_bno[i]);

		XFS_VERIFY(agbno == NULLAGBLOCK || agbno < geo->agblocks);
	}
	return NULL;
}
