/* SPDX-License-Identifier: MIT */
/* Changing link counts and time stamps inside a transaction. */
#include "core/message.h"
#include "inode/inode_priv.h"

void xfs_bumplink(struct xfs_trans *tp, struct xfs_inode *ip)
{
	ASSERT(ip->i_nlink < XFS_MAXLINK);
	xfs_inode_set_nlink(ip, ip->i_nlink + 1);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

int xfs_droplink(struct xfs_trans *tp, struct xfs_inode *ip)
{
	if (XFS_IS_CORRUPT(tp->t_mount, "inode", ip->i_ino, ip->i_nlink == 0))
		return -EUCLEAN;
	xfs_inode_set_nlink(ip, ip->i_nlink - 1);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return ip->i_nlink ? 0 : xfs_iunlink(tp, ip);
}

void xfs_trans_ichgtime(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t flags)
{
	struct timespec now = xfs_now(ip->i_mount);

	(void)tp;
	if (flags & XFS_ICHGTIME_MOD)
		ip->i_mtime = now;
	if (flags & XFS_ICHGTIME_CHG)
		ip->i_ctime = now;
	if (flags & XFS_ICHGTIME_ACCESS)
		ip->i_atime = now;
}

static int lock_map(struct xfs_inode *ip, enum xfs_fork_id whichfork, const xfs_fileoff_t *place,
		    bool *excl) XFS_LOCKS_UNCHECKED
{
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	*excl = xfs_fork_needs_read(ip, whichfork);
	if (!*excl)
		return 0;
	xfs_iunlock_shared(ip);
	error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	error = place ? xfs_iread_extents_at(ip, whichfork, *place, xfs_bmap_most_extents(ip->i_mount))
		      : xfs_iread_extents(ip, whichfork);
	if (error)
		xfs_iunlock_excl(ip);
	return error;
}

int xfs_ilock_map(struct xfs_inode *ip, enum xfs_fork_id whichfork, bool *excl) XFS_LOCKS_UNCHECKED
{
	return lock_map(ip, whichfork, NULL, excl);
}

int xfs_ilock_map_at(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
		     bool *excl) XFS_LOCKS_UNCHECKED
{
	return lock_map(ip, whichfork, &off, excl);
}
