/* SPDX-License-Identifier: MIT */
/*
 * What a call does when there is no space, quota or memory, as one function: it reads as the rule.
 * Everybody who can run out of them comes here, once per call; a second miss is the answer.
 */
#include "core/stats.h"
#include "reclaim/reclaim.h"

/* Files that count against the same quotas as @ip. */
static int free_of_owners(struct xfs_inode *ip)
{
	struct xfs_blockgc_scan scan = {
		.sync = true, .owners = XFS_BLOCKGC_UID | XFS_BLOCKGC_GID | XFS_BLOCKGC_PROJID,
	};

	xfs_ilock_shared(ip);
	scan.uid = ip->i_uid;
	scan.gid = ip->i_gid;
	scan.projid = ip->i_projid;
	xfs_iunlock_shared(ip);
	return xfs_blockgc_scan(ip->i_mount, &scan, NULL);
}

/* True: space was had for @ip, whose call got @error. */
static bool reclaim_space(struct xfs_inode *ip, int error)
{
	struct xfs_mount *mp = ip->i_mount;
	bool freed;

	XFS_TRACE(mp, xfs_reclaim_space, ip->i_ino, (uint64_t)-error);

	/*
	 * A quota is over: what files of the same user, group or project have past their ends
	 * counts against it.
	 */
	if (error == -EDQUOT)
		return free_of_owners(ip) == 0;

	/*
	 * The disk is full.  First make delayed allocations real: each holds back space for
	 * the worst case of its tree, and nearly all of that comes back.  Errors of other files are
	 * theirs.  Then free what is past the ends of files, and files without names.
	 */
	if (xfs_flush_inodes(mp, NULL) && xfs_is_shutdown(mp))
		return false;
	freed = xfs_blockgc_free_space(mp, NULL) == 0;
	/* What was freed, now or before, can be had when that is durable. */
	return xfs_log_force_for_space(mp, error) || freed;
}

bool xfs_reclaim_and_retry(struct xfs_inode *ip, int error, bool *tried)
{
	const struct xfs_blockgc_scan not_in_use = { .sync = false };

	if (likely(error >= 0) || *tried)
		return false;
	if (error != -ENOSPC && error != -EDQUOT && error != -ENOMEM)
		return false;
	/* Where there is nothing to be reclaimed a call that may wait says so. */
	if (xfs_nowait_refuses())
		return false;
	*tried = true;
	xfs_stats_inc(ip->i_mount, XFS_COUNT_retries);
	if (error != -ENOMEM)
		return reclaim_space(ip, error);
	/* Inodes stay in memory as long as they have blocks past their ends. */
	if (xfs_blockgc_scan(ip->i_mount, &not_in_use, NULL) && xfs_is_shutdown(ip->i_mount))
		return false;
	(void)xfs_relieve_memory(ip->i_mount);
	return true;
}
