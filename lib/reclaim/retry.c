/* SPDX-License-Identifier: MIT */
/*
 * What a call does when there is no space, quota or memory, as one function: it reads as the rule.
 * Everybody who can run out of them comes here, once per call; a second miss is the answer.
 */
#include "core/stats.h"
#include "reclaim/reclaim.h"

/* Files that count against the same quotas, and what was unlinked of them. */
static int free_of_owners(struct xfs_mount *mp, const uint32_t owners[3])
{
	const struct xfs_blockgc_scan scan = {
		.sync = true, .owners = XFS_BLOCKGC_UID | XFS_BLOCKGC_GID | XFS_BLOCKGC_PROJID,
		.uid = owners[0], .gid = owners[1], .projid = owners[2],
	};
	int error = xfs_blockgc_scan(mp, &scan, NULL), error2;

	XFS_TRACE(mp, xfs_inodegc_flush);
	error2 = xfs_inode_free_unlinked(mp, false);
	return error ? error : error2;
}

/* True: space was had for @ip, whose call got @error, or for @owners. */
static bool reclaim_space(struct xfs_inode *ip, const uint32_t owners[3], int error)
{
	struct xfs_mount *mp = ip->i_mount;
	bool freed;

	XFS_TRACE(mp, xfs_reclaim_space, ip->i_ino, (uint64_t)-error);

	/*
	 * A quota is over: what files of the same user, group or project have past their ends
	 * counts against it.
	 */
	if (error == -EDQUOT)
		return free_of_owners(mp, owners) == 0;

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

bool xfs_may_reclaim(int error, bool tried)
{
	if (likely(error >= 0) || tried)
		return false;
	if (error != -ENOSPC && error != -EDQUOT && error != -ENOMEM)
		return false;
	/* Where there is nothing to be reclaimed a call that may wait says so. */
	return !xfs_nowait_refuses();
}

bool xfs_reclaim_and_retry_for(struct xfs_inode *ip, const uint32_t owners[3], int error, bool *tried)
{
	const struct xfs_blockgc_scan not_in_use = { .sync = false };

	if (!xfs_may_reclaim(error, *tried))
		return false;
	*tried = true;
	xfs_stats_inc(ip->i_mount, XFS_COUNT_retries);
	if (error != -ENOMEM)
		return reclaim_space(ip, owners, error);
	/* Inodes stay in memory as long as they have blocks past their ends. */
	if (xfs_blockgc_scan(ip->i_mount, &not_in_use, NULL) && xfs_is_shutdown(ip->i_mount))
		return false;
	(void)xfs_relieve_memory(ip->i_mount);
	return true;
}

bool xfs_reclaim_and_retry(struct xfs_inode *ip, int error, bool *tried)
{
	uint32_t owners[3];

	if (!xfs_may_reclaim(error, *tried))
		return false;
	xfs_ilock_shared(ip);
	owners[0] = ip->i_uid;
	owners[1] = ip->i_gid;
	owners[2] = ip->i_projid;
	xfs_iunlock_shared(ip);
	return xfs_reclaim_and_retry_for(ip, owners, error, tried);
}
