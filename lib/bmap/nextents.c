/* SPDX-License-Identifier: MIT */
/* How many extents a fork may have. */
#include "bmap/bmap_priv.h"

uint32_t xfs_bmap_add_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork)
{
	return mp->m_geo.bmap_maxlevels[whichfork == XFS_ATTR_FORK] - 1u;
}

int xfs_iext_count_extend(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  uint32_t nr_to_add)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_extnum_t want = xfs_ifork_ptr(ip, whichfork)->if_nextents + nr_to_add;
	bool large = (ip->i_diflags2 & XFS_DIFLAG2_NREXT64) != 0;

	if (unlikely(whichfork == XFS_DATA_FORK && S_ISDIR(ip->i_mode) &&
		     want > geo->dir_max_extents))
		goto out_too_many;
	if (likely(want <= xfs_iext_max_nextents(large, (int)whichfork)))
		return 0;
	if (large || !xfs_has_large_extent_counts(geo) ||
	    want > xfs_iext_max_nextents(true, (int)whichfork))
		goto out_too_many;
	/* The counters move to their wide places when the inode is written. */
	ip->i_diflags2 |= XFS_DIFLAG2_NREXT64;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;

out_too_many:
	return xfs_error(ip->i_mount, -EFBIG, "inode %" PRIu64 ": %" PRIu64
			 " extents are more than its counter holds", ip->i_ino, want);
}
