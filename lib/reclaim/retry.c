/* SPDX-License-Identifier: MIT */
/*
 * What a write does when there is no space, as one function: it reads as the rule.  The
 * caller comes here once per call; a second miss is the answer.
 */
#include "reclaim/reclaim.h"

bool xfs_reclaim_for_write(struct xfs_inode *ip, int error)
{
	struct xfs_mount *mp = ip->i_mount;
	bool freed;

	if (error != -EDQUOT && error != -ENOSPC)
		return false;
	XFS_TRACE(mp, xfs_reclaim_for_write, ip->i_ino, (uint64_t)-error);

	/*
	 * A quota is over: what other files of the owner have past their ends counts
	 * against it.
	 */
	if (error == -EDQUOT)
		return xfs_blockgc_free_space(mp) == 0;

	/*
	 * The disk is full.  First turn promises into blocks: each holds back space for
	 * the worst case of its tree, and nearly all of that comes back.  Errors of other files are
	 * theirs.  Then free what is past the ends of files, and files without names.
	 */
	if (xfs_flush_inodes(mp) && xfs_is_shutdown(mp))
		return false;
	freed = xfs_blockgc_free_space(mp) == 0;
	/* What was freed, now or before, can be had when that is durable. */
	return xfs_log_force_for_space(mp, error) || freed;
}
