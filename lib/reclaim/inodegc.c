/* SPDX-License-Identifier: MIT */
/*
 * Freeing an unlinked inode: its memory, its extents, its attributes, and itself.  Each step is a
 * separate transaction.  Until the last one the inode is on its AG's unlinked list, so that
 * recovery completes what was begun.
 */
#include "attr/attr.h"
#include "core/message.h"
#include "namei/namei.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "trans/resv.h"
#include "write/write.h"

static int free_data(struct xfs_inode *ip)
{
	const struct xfs_itruncate what = { .set_size = true };

	if (xfs_is_symlink(ip))
		return xfs_symlink_inactive(ip);
	if (!xfs_is_reg(ip)) {
		/* An empty directory is in short form; other types have no data. */
		if (ip->i_df.if_nextents)
			return xfs_corrupt(ip->i_mount, "inode",
					   "inode %" PRIu64 " has no links, but contents",
					   ip->i_ino);
		return 0;
	}
	if (ip->i_mapping)
		(void)!xfs_mapping_truncate(ip->i_mapping, 0);
	xfs_set_isize(ip, 0);
	return xfs_itruncate_extents(ip, &what);
}

static int free_inode(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	int error;

	error = xfs_trans_alloc(mp, XFS_RESV_IFREE, xfs_ifree_blocks(mp), XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = xfs_ifree_prepare(ip);
	if (!error)
		error = xfs_iunlink_remove(tp, ip);
	if (!error)
		error = xfs_ifree(tp, ip);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

int xfs_inactive(struct xfs_inode *ip)
{
	int error;

	XFS_TRACE(ip->i_mount, xfs_inactive, ip->i_ino);
	error = free_data(ip);
	if (!error && xfs_inode_has_attr_fork(ip))
		error = xfs_attr_inactive(ip);
	if (!error)
		error = free_inode(ip);
	if (error)
		xfs_warn(ip->i_mount, "inode %" PRIu64 " has no links and could not be freed: %s",
			 ip->i_ino, xfs_last_text());
	return error;
}
