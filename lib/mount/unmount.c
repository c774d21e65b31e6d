/* SPDX-License-Identifier: MIT */
/*
 * Closing.  Data first, then what was reserved too much is given back and files without a name
 * are freed, then metadata; when all of it is stable the superblock takes the in-progress mark off.
 *
 * Data, reservations and most of the metadata, which is where the time goes, come in a part of its own:
 * until its end nothing is closed, so it can be cancelled.
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

/*
 * Memory was short since the last time: what waits in it for its place goes there, and makes room.
 */
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

/* Once more when the first time has made memory. */
static int flush_inodes(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error = xfs_flush_inodes(mp, call);

	if (error != -ENOMEM)
		return error;
	error = xfs_relieve_memory(mp);
	return error && error != -ENOMEM ? error : xfs_flush_inodes(mp, call);
}

/* Metadata is written in so many parts, of at least so much, as long as it can be cancelled. */
#define PARTS		16u
#define MIN_PART_BYTES	(4ull << 20)

/*
 * Metadata, but for the last part of it and for what others change meanwhile: that is left to who comes
 * behind this, which cannot be cancelled and is short then.
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
	/* What is left is not told of. */
	call->done = call->total;
	/* Who comes behind tries again what there was no memory for. */
	return error == -ENOMEM ? 0 : error;
}

/* @call: may be cancelled until the last part of metadata is written; or NULL. */
static int sync_all(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error, error2;

	error = flush_inodes(mp, call);
	if (call && !call->cancelled && mp->m_unjournalled) {
		error2 = write_metadata(mp, call);
		error = error ? error : error2;
	}
	/* Data that was lost is told to the sync that ends. */
	if (xfs_long_call_ask(call))
		return xfs_long_call_error(call);
	error2 = xfs_mount_data_error(mp);
	error = error ? error : error2;
	/* With a journal what is durable in the log need not be in place. */
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

/* For a NOWAIT call: all is done that there is to do, but for telling errors. */
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
 * The log ends with a record that says nothing in it is needed.  All must be in place and stable
 * before, the superblock with counters that are exact: from then on they are believed.
 */
static int close_log(struct xfs_mount *mp)
{
	int error = xfs_checkpoint_writeback(mp, !XFS_SABOTAGE(XFS_RULE_UNMOUNT_FLUSH));

	if (!error)
		error = xfs_writesb(mp, false);
	return error ? error : xlog_write_unmount(mp->m_log);
}

/* Reservations and files without a name. */
static int free_unused(struct xfs_mount *mp)
{
	int error = mp->m_reclaimed ? 0 : xfs_reclaim_for_unmount(mp, NULL);

	/* Whoever still has one of these open will have nothing: a clean image has none. */
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
	/* What the log has is safe, even if the rest cannot be done now. */
	error2 = xfs_is_shutdown(mp) ? 0 : sync_all(mp, NULL);
	error = error ? error : error2;
	if (!error && !mp->m_unjournalled)
		return mp->m_recovery || mp->m_state & XFS_STATE_MARKED ? close_log(mp) : 0;
	/* A mark whose writing failed may be on disk all the same. */
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
	/* What failed is tried again by who closes, and told by it. */
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

	/* The root directory's reference goes first, so that nothing is left open. */
	xfs_irele(mp->m_rootip);
	mp->m_rootip = NULL;
	/* From here on everything may draw on the reserve: nobody comes later who needs it. */
	before = xfs_mem_critical_enter(&mp->m_mem);
	error = close_down(mp);
	xfs_mem_critical_leave(before);
	xfs_abandonfs(mp);
	return error;
}
