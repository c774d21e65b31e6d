/* SPDX-License-Identifier: MIT */
/*
 * Removing extents from some offset to the end of the offset space.  The new size is logged first:
 * a crash in the middle leaves blocks behind the end of the file, never a hole in front of it.
 */
#include "core/message.h"
#include "iomap/iomap.h"
#include "reclaim/reclaim.h"
#include "trans/resv.h"

/* Log the size and the times and remove the first extents. *@done: nothing is left. */
static int one_step(struct xfs_inode *ip, const struct xfs_itruncate *what, bool first, bool *done)
{
	struct xfs_mount *mp = ip->i_mount;
	xfs_fileoff_t from = XFS_B_TO_FSB(&mp->m_geo, what->size_bytes);
	struct xfs_trans *tp;
	int error;

	/* From the reserve pool: freeing space must work when there is none. */
	error = xfs_trans_alloc_ilocked(ip, XFS_RESV_TRUNCATE,
					2 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK), XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	error = xfs_iread_extents_at(ip, XFS_DATA_FORK, NULLFILEOFF, xfs_bmap_most_extents(mp));
	if (error)
		goto out_unlock;
	if (first && (what->set_size || what->set_times)) {
		if (what->set_size)
			ip->i_disk_size = (xfs_fsize_t)what->size_bytes;
		if (what->set_times)
			xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
	error = xfs_bunmapi(tp, ip, from, NULLFILEOFF - from, XFS_BMAPI_YIELD,
			    XFS_BUNMAPI_MOST, done);
	if (!error && *done)
		error = xfs_reflink_cancel_cow(ip, from);
	if (error)
		goto out_unlock;
	if (*done && what->set_size && ip->i_df.if_nextents == 0 &&
	    (ip->i_diflags2 & XFS_DIFLAG2_REFLINK)) {
		xfs_inode_set_diflags2(ip, ip->i_diflags2 & ~XFS_DIFLAG2_REFLINK);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
out_unlock:
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

int xfs_itruncate_extents(struct xfs_inode *ip, const struct xfs_itruncate *what)
{
	bool first = true, done = false;
	int error = 0;

	/*
	 * The reflink flag goes with the last extent, and without it nobody would look for CoW
	 * blocks.
	 */
	if (what->set_size && !what->size_bytes && ip->i_cowfp)
		error = xfs_reflink_give_back_cow(ip);
	while (!error && !done) {
		error = one_step(ip, what, first, &done);
		first = false;
	}
	return error;
}
