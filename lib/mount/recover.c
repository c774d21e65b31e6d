/* SPDX-License-Identifier: MIT */
/*
 * What is done about a dirty log, by open mode:
 *
 *   journalled      recovered in place; this mount then finishes what recovery hands over,
 *                   and closing it leaves the log clean
 *   unjournalled    a journalled mount recovers and is closed, then this one begins: what
 *                   recovery changes must be as safe as with the journal
 *   read-only       refused, with -EAGAIN; with NORECOVERY the log is left alone; with
 *                   RECOVER_IN_MEMORY a journalled mount recovers an overlay of the device,
 *                   which this mount reads, and nothing reaches the device
 */
#include "ag/intent.h"
#include "ag/perag.h"
#include "core/counter.h"
#include "core/lsn.h"
#include "core/message.h"
#include "log/recover.h"
#include "mount/mount_priv.h"
#include "trans/trans.h"

/* From here on what is read is held against the end of the log, the superblock first. */
static int check_lsn(struct xfs_mount *mp, const struct xlog_state *log)
{
	xfs_lsn_t lsn = (xfs_lsn_t)mp->m_sb.sb_lsn, head;

	head = xlog_assign_lsn(log->head_cycle, log->head_block);
	xfs_lsn_set_head(mp, head);
	if (!xfs_lsn_is_ahead(mp, (uint64_t)lsn))
		return 0;
	return xfs_corrupt(mp, "superblock", "LSN %u:%u is ahead of the log, which ends at %u:%u%s",
			   CYCLE_LSN(lsn), BLOCK_LSN(lsn), CYCLE_LSN(head), BLOCK_LSN(head),
			   log->last_lsn ? " (was it erased? xfs_repair makes a newer one)"
					 : ": it was erased (xfs_repair makes a newer one)");
}

/* Nothing was cached yet: the geometry may be another one afterwards, if it was growing. */
static int replay(struct xfs_mount *mp, const struct xlog_state *log)
{
	struct xlog_recovery *rec;
	int error;

	if (mp->m_sb.sb_inprogress)
		return xfs_error(mp, -EUCLEAN, "the image is in progress and its log is dirty");
	rec = xfs_zalloc(mp, sizeof(*rec));
	if (!rec)
		return xfs_error(mp, -ENOMEM, "out of memory for recovery");
	error = xlog_recover(mp, log, false, rec);
	if (error) {
		xfs_free(mp, rec);
		return error;
	}
	mp->m_recovery = rec;
	return xfs_readsb(mp, false);
}

void xfs_recovery_free(struct xfs_mount *mp)
{
	if (!mp->m_recovery)
		return;
	xlog_recovery_destroy(mp, mp->m_recovery);
	xfs_free(mp, mp->m_recovery);
	mp->m_recovery = NULL;
}

/* Recover by a mount of its own, which is closed; what it did is told by this one. */
static int recover_apart(struct xfs_mount *mp, struct xlog_state *log)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .env = &mp->m_env, .logdev = mp->m_logdev,
		.data_cache_bytes = mp->m_data_cache_bytes,
		.meta_cache_bytes = mp->m_meta_cache_bytes,
		/* Both are in memory for a while. */
		.memory_limit_bytes = mp->m_memory_limit ? xfs_mem_left(&mp->m_mem) : 0,
	};
	struct xfs_mount *other;
	int error;

	mp->m_recovery = xfs_zalloc(mp, sizeof(*mp->m_recovery));
	if (!mp->m_recovery)
		return xfs_error(mp, -ENOMEM, "out of memory for recovery");
	error = xfs_mountfs_within(mp->m_dev, &opts, &other);
	if (error) {
		xfs_free(mp, mp->m_recovery);
		mp->m_recovery = NULL;
		return error;
	}
	if (other->m_recovery)
		*mp->m_recovery = *other->m_recovery;
	xfs_list_init(&mp->m_recovery->intents);
	error = xfs_unmountfs(other);
	if (!error)
		error = xfs_readsb(mp, false);
	if (!error)
		error = xlog_find_head(mp, log);
	if (!error && !log->clean)
		error = xfs_error(mp, -EUCLEAN, "the log is dirty still after it was recovered");
	if (!error)
		error = check_lsn(mp, log);
	return error;
}

static int put_overlay_on(struct xfs_mount *mp, struct xfs_device **devp)
{
	struct xfs_device *overlay;
	int error = xfs_device_open_overlay(*devp, &mp->m_env, &overlay);

	if (error)
		return xfs_error(mp, error, "no overlay of the device: %s", xfs_errstr(error));
	xfs_device_put(*devp);
	*devp = overlay;
	return 0;
}

static int recover_in_memory(struct xfs_mount *mp, struct xlog_state *log)
{
	int error = put_overlay_on(mp, &mp->m_dev);

	if (!error && mp->m_logdev)
		error = put_overlay_on(mp, &mp->m_logdev);
	return error ? error : recover_apart(mp, log);
}

static int dirty_log(struct xfs_mount *mp, uint32_t flags, struct xlog_state *log)
{
	if (flags & XFS_MOUNT_NORECOVERY)
		return xfs_error(mp, -EAGAIN, "the log is dirty");
	if (flags & XFS_MOUNT_RECOVER_IN_MEMORY)
		return recover_in_memory(mp, log);
	if (mp->m_rdonly)
		return xfs_error(mp, -EAGAIN,
				 "the log is dirty: it can be recovered by an open for writing or in memory, or be left alone");
	if (mp->m_unjournalled)
		return recover_apart(mp, log);
	return replay(mp, log);
}

int xfs_open_log(struct xfs_mount *mp, uint32_t flags, struct xlog_state *log)
{
	bool norecovery = flags & XFS_MOUNT_NORECOVERY;
	int error;

	if (xfs_has_external_log(&mp->m_geo) && !mp->m_logdev) {
		if (mp->m_rdonly && norecovery)
			return 0;
		return xfs_error(mp, -ENXIO, "the log is on another device, which was not given");
	}
	error = xlog_find_head(mp, log);
	/* Who leaves the log alone does not ask what it says. */
	if (!error && !norecovery)
		error = check_lsn(mp, log);
	if (!error && !log->clean)
		error = dirty_log(mp, flags, log);
	if (!error || !norecovery)
		return error;
	__atomic_fetch_or(&mp->m_state, XFS_STATE_LOG_DIRTY, __ATOMIC_RELAXED);
	return 0;
}

/* Those in the log are not exact: the AGs know. */
int xfs_recover_counters(struct xfs_mount *mp)
{
	struct xfs_sb *sb = &mp->m_sb;
	uint64_t icount, ifree, fdblocks;
	int error = xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks);

	if (error)
		return error;
	if (fdblocks > sb->sb_dblocks || ifree > icount)
		return xfs_corrupt(mp, "AGF", "after recovery the AGs have %" PRIu64 " free blocks of %"
				   PRIu64 " and %" PRIu64 " free inodes of %" PRIu64, fdblocks,
				   sb->sb_dblocks, ifree, icount);
	sb->sb_icount = icount;
	sb->sb_ifree = ifree;
	sb->sb_fdblocks = fdblocks;
	return 0;
}

/* The order matters: intents are the oldest work, and staging is nobody's when they are done. */
int xfs_finish_recovery(struct xfs_mount *mp)
{
	struct xlog_recovery *rec = mp->m_recovery;
	int error;

	/* From here on closing makes the log clean. */
	error = xfs_mark_in_progress(mp);
	mp->m_finishing = true;
	if (!error)
		error = xfs_recover_finish_intents(mp, &rec->intents);
	if (!error)
		error = xfs_refcount_free_staging(mp, &rec->stats.cow_blocks_freed);
	if (!error)
		error = xfs_free_leftovers(mp);
	mp->m_finishing = false;
	return error;
}
