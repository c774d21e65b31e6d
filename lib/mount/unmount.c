/* SPDX-License-Identifier: MIT */
/*
 * Closing.  First data is written, then unused reservations and files without a name are freed,
 * then metadata is written.  When all of it is durable, the superblock is written without the
 * in-progress mark.
 *
 * Data, reservations and most of the metadata, which take most of the time, are a separate part.
 * Nothing is closed before it ends, so it can be cancelled.
 */
#include "base/sabotage.h"
#include "core/cancel.h"
#include "core/message.h"
#include "device/queue.h"
#include "inode/inode.h"
#include "log/log.h"
#include "mount/mount_priv.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "trans/trans.h"
#include "write/writeback.h"

/* If memory was short since the last call, write dirty metadata in place, which frees memory. */
static int relieve_if_short(struct xfs_mount *mp)
{
	uint64_t failures = xfs_mem_failures(&mp->m_mem);
	int error;

	if (likely(__atomic_exchange_n(&mp->m_failures_seen, failures, __ATOMIC_RELAXED) == failures))
		return 0;
	error = xfs_checkpoint_writeback(mp, false);
	xfs_shrink_caches(mp, 1);
	return error;
}

/* Try again if the first try ran out of memory but freed some. */
static int flush_inodes(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error = xfs_flush_inodes(mp, call);

	if (error != -ENOMEM)
		return error;
	error = xfs_relieve_memory(mp);
	return error && error != -ENOMEM ? error : xfs_flush_inodes(mp, call);
}

/*
 * While the call can be cancelled, metadata is written in up to this many parts, each at least this
 * large.
 */
#define PARTS		16u
#define MIN_PART_BYTES	(4ull << 20)

/*
 * Write metadata except the last part and what others change meanwhile.  The next step writes
 * these: it cannot be cancelled, and then is short.
 */
static int write_metadata(struct xfs_mount *mp, struct xfs_long_call *call)
{
	uint64_t now = xfs_checkpoint_dirty_bytes(mp), before;
	uint64_t part = XFS_MAX(now / PARTS, MIN_PART_BYTES);
	int error = 0;

	call->total += now;
	do {
		if (xfs_long_call_ask(call))
			return xfs_long_call_error(call);
		before = now;
		if (before <= part)
			break;
		error = xfs_checkpoint_writeback_part(mp, part);
		now = xfs_checkpoint_dirty_bytes(mp);
		if (now < before)
			call->done += before - now;
	} while (!error && now < before);
	/* Progress does not show the rest. */
	call->done = call->total;
	/* The next step tries again if there was no memory. */
	return error == -ENOMEM ? 0 : error;
}

/* @call: it may be cancelled until the last part of metadata is written; or NULL. */
static int sync_all(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error, error2;

	error = flush_inodes(mp, call);
	if (call && !call->cancelled && mp->m_unjournalled) {
		error2 = write_metadata(mp, call);
		error = error ? error : error2;
	}
	/* A sync that completes reports lost data. */
	if (xfs_long_call_ask(call))
		return xfs_long_call_error(call);
	error2 = xfs_mount_data_error(mp);
	error = error ? error : error2;
	/* With a journal, what is durable in the log need not be in place. */
	if (mp->m_unjournalled)
		error2 = xfs_checkpoint_writeback(mp, true);
	else
		error2 = xfs_log_force(mp, 0);
	if (!error2 && !mp->m_unjournalled)
		error2 = xfs_queue_flush_written(mp->m_queue);
	if (!error2)
		error2 = relieve_if_short(mp);
	return error ? error : error2;
}

/* For a NOWAIT call: 0 if nothing is left to do but report errors. */
static int want_synced(struct xfs_mount *mp)
{
	if (!xfs_pagecache_dirty_bytes(mp) && !xfs_pagecache_has_failed(mp) &&
	    xfs_queue_is_stable(mp->m_queue) && xfs_checkpoint_is_stable(mp))
		return 0;
	return xfs_would_wait("something must be written");
}

int xfs_syncfs(struct xfs_mount *mp)
{
	struct xfs_long_call call;

	if (mp->m_rdonly)
		return 0;
	if (xfs_nowait())
		return want_synced(mp) ?: xfs_mount_data_error(mp);
	xfs_long_call_begin(&call, mp, "sync");
	return sync_all(mp, &call);
}

/*
 * The log ends with an unmount record, which says that nothing in it is needed.  Before that,
 * everything must be in place and durable, including a superblock with exact counters: they are
 * trusted from then on.
 */
static int close_log(struct xfs_mount *mp)
{
	int error = xfs_checkpoint_writeback(mp, !XFS_SABOTAGE(XFS_RULE_UNMOUNT_FLUSH));

	if (!error)
		error = xfs_writesb(mp, false);
	return error ? error : xlog_write_unmount(mp->m_log);
}

/* Free reservations and files without a name. */
static int free_unused(struct xfs_mount *mp)
{
	int error = mp->m_reclaimed ? 0 : xfs_reclaim_for_unmount(mp, NULL);

	/*
	 * Handles that are still open on such a file become useless: a clean image has no such
	 * files.
	 */
	return error ? error : xfs_inode_free_unlinked(mp, true);
}

static int close_down(struct xfs_mount *mp)
{
	int error, error2;

	if (mp->m_rdonly)
		return 0;
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	error = free_unused(mp);
	if (error == -ENOMEM) {
		(void)xfs_relieve_memory(mp);
		error = free_unused(mp);
	}
	/* Data in the log is safe even if the rest cannot be done now. */
	error2 = xfs_is_shutdown(mp) ? 0 : sync_all(mp, NULL);
	error = error ? error : error2;
	if (!error && !mp->m_unjournalled)
		return mp->m_recovery || mp->m_state & XFS_STATE_MARKED ? close_log(mp) : 0;
	/* An in-progress mark may be on disk even if writing it failed. */
	if (!error && ((mp->m_state & XFS_STATE_MARKED) || mp->m_sb.sb_inprogress))
		error = xfs_writesb(mp, false);
	return error;
}

int xfs_unmount_begin(struct xfs_mount *mp)
{
	struct xfs_long_call call;
	struct xfs_budget *before;
	int error;

	if (mp->m_rdonly || xfs_is_shutdown(mp))
		return 0;
	mp->m_reclaimed = false;
	xfs_long_call_begin(&call, mp, "unmount");
	before = xfs_mem_critical_enter(&mp->m_mem);
	error = xfs_reclaim_for_unmount(mp, &call);
	/* xfs_unmountfs() tries again what failed, and reports it. */
	if (!call.cancelled)
		(void)write_metadata(mp, &call);
	xfs_mem_critical_leave(before);
	if (xfs_long_call_ask(&call))
		return xfs_long_call_error(&call);
	mp->m_reclaimed = !error;
	return 0;
}

int xfs_unmountfs(struct xfs_mount *mp)
{
	struct xfs_budget *before;
	int error;

	/* Put the root directory's reference first, so that no inode is in use. */
	xfs_irele(mp->m_rootip);
	mp->m_rootip = NULL;
	/* From here on all may use the reserve: nobody needs it later. */
	before = xfs_mem_critical_enter(&mp->m_mem);
	error = close_down(mp);
	xfs_mem_critical_leave(before);
	xfs_abandonfs(mp);
	return error;
}
