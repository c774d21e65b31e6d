/* SPDX-License-Identifier: MIT */
/* How many extents a fork may have. */
#include "bmap/bmap_priv.h"

uint32_t xfs_bmap_add_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork)
{
	return mp->m_geo.bmap_maxlevels[whichfork == XFS_ATTR_FORK] - 1u;
}

int xfs_bmap_count_check(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_extnum_t nextents)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	bool large = (ip->i_diflags2 & XFS_DIFLAG2_NREXT64) || xfs_has_large_extent_counts(geo);

	if (likely(nextents <= xfs_iext_max_nextents(large, (int)whichfork) &&
		   !(whichfork == XFS_DATA_FORK && S_ISDIR(ip->i_mode) &&
		     nextents > geo->dir_max_extents)))
		return 0;
	return xfs_error(ip->i_mount, -EFBIG, "inode %" PRIu64 ": %" PRIu64
			 " extents are more than its counter holds", ip->i_ino, nextents);
}

void xfs_bmap_count_widen(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  xfs_extnum_t nextents)
{
	if (likely((ip->i_diflags2 & XFS_DIFLAG2_NREXT64) ||
		   nextents <= xfs_iext_max_nextents(false, (int)whichfork)))
		return;
	/* The counters move to their 64-bit fields when the inode is written. */
	xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_NREXT64);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

int xfs_iext_count_extend(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  uint32_t nr_to_add)
{
	xfs_extnum_t nextents = xfs_ifork_ptr(ip, whichfork)->if_nextents + nr_to_add;
	int error = xfs_bmap_count_check(ip, whichfork, nextents);

	if (!error)
		xfs_bmap_count_widen(tp, ip, whichfork, nextents);
	return error;
}
