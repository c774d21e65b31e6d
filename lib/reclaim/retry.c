/* SPDX-License-Identifier: MIT */
/*
 * What a call does when it runs out of space, quota or memory, as one function that reads like the
 * rule.  All calls that can run out come here, once per call; a second failure is final.
 */
#include "core/message.h"
#include "core/stats.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"

/* A call that failed with @error, and the owners that it charges. */
struct refused {
	struct xfs_mount *mp;
	const uint32_t *owners;		/* user, group, project */
	int error;
	bool buffered_write;
};

/*
 * Trim files of owners that are near their limits, and free their unlinked inodes.  Files of other
 * owners are left alone: if a soft limit's grace period is over, trimming does not help.
 */
static int free_of_owners(const struct refused *r)
{
	struct xfs_mount *mp = r->mp;
	uint32_t low = xfs_quota_low(mp, r->owners);
	const struct xfs_blockgc_scan scan = {
		.sync = r->buffered_write,
		.owners = (low & 1 ? XFS_BLOCKGC_UID : 0) | (low & 2 ? XFS_BLOCKGC_GID : 0) |
			  (low & 4 ? XFS_BLOCKGC_PROJID : 0),
		.uid = r->owners[0], .gid = r->owners[1], .projid = r->owners[2],
	};
	int error = low ? xfs_blockgc_scan(mp, &scan, NULL) : 0, error2;

	XFS_TRACE(mp, xfs_inodegc_flush);
	error2 = xfs_inode_free_unlinked(mp, false);
	return error ? error : error2;
}

/*
 * True if a quota is exceeded.  Like kernels (7.2), a buffered write treats -ENOSPC from a project
 * quota as a full disk.
 */
static bool is_quota(const struct refused *r)
{
	return r->error == -EDQUOT || (!r->buffered_write && xfs_error_is_of_quota(r->error));
}

/* Reclaim space for the refused call.  True: try again. */
static bool reclaim_space(struct xfs_inode *ip, const struct refused *r)
{
	struct xfs_mount *mp = r->mp;
	bool freed;

	XFS_TRACE(mp, xfs_reclaim_space, ip->i_ino, (uint64_t)-r->error);

	/*
	 * A quota is exceeded: preallocation of files of the same user, group or project counts
	 * against it.
	 */
	if (is_quota(r))
		return free_of_owners(r) == 0;

	/*
	 * The disk is full.  First write delayed allocations: each reserves space for the worst
	 * case of its extent tree, nearly all of which is returned.  Errors of other files are
	 * reported to their users.  Then free preallocation and unlinked inodes.
	 */
	if (xfs_flush_inodes(mp, NULL) && xfs_is_shutdown(mp))
		return false;
	freed = xfs_blockgc_free_space(mp, NULL) == 0;
	/* Freed blocks become usable when the checkpoint that freed them is durable. */
	return xfs_log_force_for_space(mp, r->error) || freed;
}

bool xfs_may_reclaim(int error, bool tried)
{
	if (likely(error >= 0) || tried)
		return false;
	if (error != -ENOSPC && error != -EDQUOT && error != -ENOMEM)
		return false;
	/*
	 * A NOWAIT call reports that it would have to wait; a call that may wait finds out whether
	 * anything can be reclaimed.
	 */
	return !xfs_nowait_refuses();
}

static bool reclaim_for(struct xfs_inode *ip, const struct refused *r)
{
	const struct xfs_blockgc_scan not_in_use = { .sync = false };

	xfs_stats_inc(ip->i_mount, XFS_COUNT_retries);
	if (r->error != -ENOMEM)
		return reclaim_space(ip, r);
	/* Inodes with preallocation stay in memory until it is freed. */
	if (xfs_blockgc_scan(ip->i_mount, &not_in_use, NULL) && xfs_is_shutdown(ip->i_mount))
		return false;
	(void)xfs_relieve_memory(ip->i_mount);
	return true;
}

bool xfs_reclaim_and_retry_for(struct xfs_inode *ip, const uint32_t owners[3], int error, bool *tried)
{
	const struct refused r = { .mp = ip->i_mount, .owners = owners, .error = error };

	if (!xfs_may_reclaim(error, *tried))
		return false;
	*tried = true;
	return reclaim_for(ip, &r);
}

static bool reclaim_for_owners(struct xfs_inode *ip, int error, bool buffered_write, bool *tried)
{
	uint32_t owners[3];
	const struct refused r = {
		.mp = ip->i_mount, .owners = owners, .error = error, .buffered_write = buffered_write,
	};

	if (!xfs_may_reclaim(error, *tried))
		return false;
	*tried = true;
	xfs_ilock_shared(ip);
	xfs_inode_owners(ip, owners);
	xfs_iunlock_shared(ip);
	return reclaim_for(ip, &r);
}

bool xfs_reclaim_and_retry(struct xfs_inode *ip, int error, bool *tried)
{
	return reclaim_for_owners(ip, error, false, tried);
}

bool xfs_reclaim_and_retry_write(struct xfs_inode *ip, int error, bool *tried)
{
	return reclaim_for_owners(ip, error, true, tried);
}
