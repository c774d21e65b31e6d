/* SPDX-License-Identifier: MIT */
/*
 * Handling a dirty log, by kind of open:
 *
 *   journalled      recovered in place; this mount then completes the work that recovery found,
 *                   and closing it leaves the log clean
 *   unjournalled    a journalled mount recovers and is closed before this one begins: changes of
 *                   recovery must be as safe as with the journal
 *   read-only       refused with -EAGAIN; with NORECOVERY the log is left alone; with
 *                   RECOVER_IN_MEMORY a journalled mount recovers into an overlay in memory, which
 *                   this mount reads, and nothing reaches the device
 *
 * A log is known to be good only after all of it has been replayed, its intents have been carried
 * out, files without a name have been freed, and the result has been checked.  Until then all
 * writes, also those to the log, are held in memory (device/hold.h).  If the log turns out to be
 * bad at any step, the devices are as they were.
 *
 * Replay writes at most about twice the dirty part of the log.  Completing it, for instance freeing
 * a large file, may write much more, especially to the log.  When too much is held to keep its
 * order, recovery goes on as a trial, which needs neither order nor log.  Afterwards the mount
 * begins again and recovers without holding writes, because success is known.  If a memory limit
 * does not even allow a trial, the log is not recovered.
 *
 * A reader who recovers in memory needs no order, and nothing is released: what recovery writes is
 * kept as long as the reader is mounted.
 */
#include "ag/intent.h"
#include "ag/perag.h"
#include "core/cancel.h"
#include "core/counter.h"
#include "core/lsn.h"
#include "core/message.h"
#include "device/hold.h"
#include "device/queue.h"
#include "disk/ag.h"
#include "inode/inode.h"
#include "log/recover.h"
#include "mount/mount_priv.h"
#include "quota/quota.h"
#include "trans/trans.h"

/* Up to this much is held in order, to be released; see struct xfs_hold_limits. */
#define TRIAL_FROM	(256ull << 20)
#define TRIAL_OF_LOG	4u
/*
 * Memory that a mount needs while another one recovers for it: for reading, and for hold's blocks.
 */
#define OUTER_BYTES	(192u << 10)

/*
 * From here on every LSN that is read must be before the end of the log; check the superblock's
 * first.
 */
static int check_lsn(struct xfs_mount *mp, const struct xlog_state *log)
{
	xfs_lsn_t lsn = (xfs_lsn_t)mp->m_sb.sb_lsn, head;

	head = xlog_assign_lsn(log->head_cycle, log->head_block);
	xfs_lsn_set_head(mp, head);
	if (!xfs_lsn_is_ahead(mp, (uint64_t)lsn))
		return 0;
	return xfs_corrupt(mp, "superblock", "LSN %u:%u is ahead of the log, which ends at %u:%u%s",
			   CYCLE_LSN(lsn), BLOCK_LSN(lsn), CYCLE_LSN(head), BLOCK_LSN(head),
			   log->last_lsn ? " (was it erased? xfs_repair writes a newer log)"
					 : ": it was erased (xfs_repair writes a newer log)");
}

/* The same check for a reader that leaves the log alone: it only sets the message. */
static void tell_lsn(struct xfs_mount *mp, const struct xlog_state *log)
{
	xfs_lsn_set_head(mp, xlog_assign_lsn(log->head_cycle, log->head_block));
	if (xfs_lsn_is_ahead(mp, mp->m_sb.sb_lsn) &&
	    xfs_lsn_refuse(mp, "superblock", mp->m_sb.sb_lsn, "superblock"))
		ASSERT(!mp->m_rdonly);
}

static void replace_device(struct xfs_device **devp, struct xfs_device *by)
{
	xfs_device_get(by);
	xfs_device_put(*devp);
	*devp = by;
}

/* Size of the log's dirty part, which will be replayed. */
static uint64_t dirty_log_bytes(const struct xfs_mount *mp, const struct xlog_state *log)
{
	uint64_t size = (uint64_t)mp->m_geo.logblocks << (mp->m_geo.blocklog - XFS_BB_SHIFT);
	uint64_t head = log->head_block, tail = log->tail_block;

	return (head > tail ? head - tail : size - (tail - head)) << XFS_BB_SHIFT;
}

static int begin_hold(struct xfs_mount *mp, const struct xlog_state *log)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_hold_limits limits = {
		.trial_bytes = XFS_MAX(TRIAL_FROM, TRIAL_OF_LOG * dirty_log_bytes(mp, log)),
		.max_bytes = xfs_recovery_memory(mp),
		.log = { .second = mp->m_logdev },
	};
	int error;

	if (mp->m_proved)
		return 0;
	if (!mp->m_logdev)
		limits.log.start = xfs_fsb_to_bytes(geo, mp->m_sb.sb_logstart);
	limits.log.end = limits.log.start + ((uint64_t)geo->logblocks << geo->blocklog);
	error = xfs_hold_create(&mp->m_mem, mp->m_dev, mp->m_logdev, &limits, &mp->m_hold);
	if (error)
		return xfs_error(mp, error, "holding back what recovery writes: %s",
				 strerror(-error));
	replace_device(&mp->m_dev, xfs_hold_first(mp->m_hold));
	if (mp->m_logdev)
		replace_device(&mp->m_logdev, xfs_hold_second(mp->m_hold));
	return 0;
}

void xfs_drop_hold(struct xfs_mount *mp)
{
	if (!mp->m_hold)
		return;
	replace_device(&mp->m_dev, xfs_hold_below(mp->m_dev));
	if (mp->m_logdev)
		replace_device(&mp->m_logdev, xfs_hold_below(mp->m_logdev));
	if (mp->m_queue)
		xfs_queue_set_device(mp->m_queue, mp->m_dev);
	if (mp->m_log)
		xlog_set_device(mp);
	xfs_hold_destroy(mp->m_hold);
	mp->m_hold = NULL;
}

/* The last moment before anything is written: ask whether to continue. */
static int ask(struct xfs_mount *mp)
{
	struct xfs_long_call call;

	xfs_long_call_begin(&call, mp, "recovery");
	if (mp->m_recovery)
		call.total = call.done = 2 * (dirty_log_bytes(mp, &mp->m_recovery->state) >> XFS_BB_SHIFT);
	return xfs_long_call_ask(&call) ? xfs_long_call_error(&call) : 0;
}

static bool recovers_apart(const struct xfs_mount *mp)
{
	return mp->m_rdonly || mp->m_unjournalled;
}

/*
 * Fail with a limit that would suffice.  The bounds: held writes for a buffer or inode take less
 * than twice what the log has for it, and a chunk of new inodes is held whole.  Reading a
 * transaction takes twice its size.  Replay's buffers take a quarter of the memory, and held writes
 * up to half; see divide() for mounts that do not recover themselves.  The log does not show what
 * completing recovery needs, nor what follows the item at which memory ran out.
 */
static int lacks_memory(struct xfs_mount *mp, const struct xlog_recovery *rec)
{
	uint64_t chunks = rec->stats.items[XFS_LI_ICREATE - XFS_LI_EFI], enough = mp->m_memory_limit;
	bool certain = rec->counted && !rec->replayed;

	/* The outer mount, whose limit it is, sets the message. */
	if (mp->m_outer)
		return xfs_error(mp, -ENOMEM, "out of memory for recovery");
	if (!mp->m_memory_limit)
		return xfs_error(mp, -ENOMEM, "out of memory for what recovery writes");
	if (recovers_apart(mp))
		enough = XFS_MAX(enough, xfs_least_to_recover(mp) + OUTER_BYTES);
	enough += 6 * dirty_log_bytes(mp, &rec->state) +
		  3 * (chunks << (XFS_INODES_PER_CHUNK_LOG + mp->m_geo.inodelog));
	return xfs_error(mp, -ENOMEM, "recovery needs more memory than a memory_limit_bytes of %" PRIu64
			 " allows; %" PRIu64 " %s enough", mp->m_memory_limit,
			 XFS_ALIGN(enough, 1ull << 20), certain ? "is" : "may be");
}

/* True also if another error was returned: a write that fails for lack of memory becomes -EIO. */
static bool lacked_memory(const struct xfs_mount *mp, int error)
{
	return (error == -ENOMEM && mp->m_memory_limit) ||
	       (mp->m_hold && xfs_hold_lacked_memory(mp->m_hold)) ||
	       (mp->m_overlay && xfs_hold_lacked_memory(mp->m_overlay));
}

bool xfs_recovery_on_trial(const struct xfs_mount *mp)
{
	return mp->m_hold && xfs_hold_on_trial(mp->m_hold);
}

int xfs_end_hold(struct xfs_mount *mp, int error)
{
	if (!error)
		error = ask(mp);
	if (error) {
		/* Later steps leave the devices alone, too. */
		if (mp->m_recovery && lacked_memory(mp, error))
			error = lacks_memory(mp, mp->m_recovery);
		return error;
	}
	if (xfs_recovery_on_trial(mp))
		return 0;
	xfs_queue_submit(mp->m_queue);
	error = xfs_hold_release(mp->m_hold);
	if (error)
		return xfs_error(mp, error, "writing what was recovered: %s", strerror(-error));
	xfs_drop_hold(mp);
	return 0;
}

/* Report to the outer mount what was in the log. */
static void tell_outer(struct xfs_mount *mp, const struct xlog_recovery *rec)
{
	if (!mp->m_outer)
		return;
	*mp->m_outer->m_recovery = *rec;
	xfs_list_init(&mp->m_outer->m_recovery->intents);
}

/* Nothing is cached yet, because the geometry may change if the file system was being grown. */
static int replay(struct xfs_mount *mp, const struct xlog_state *log)
{
	struct xlog_recovery *rec;
	int error;

	if (mp->m_sb.sb_inprogress)
		return xfs_error(mp, -EUCLEAN, "the image is in progress and its log is dirty");
	rec = xfs_zalloc(mp, sizeof(*rec));
	if (!rec)
		return xfs_error(mp, -ENOMEM, "out of memory for recovery");
	rec->state = *log;
	error = xfs_recovers_for_reader(mp) ? 0 : begin_hold(mp, log);
	if (!error)
		error = xlog_recover(mp, log, false, rec);
	tell_outer(mp, rec);
	if (error) {
		if (lacked_memory(mp, error))
			error = lacks_memory(mp, rec);
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

/* Without memory to recover, read the log only, to name the limit that would suffice. */
static int only_read(struct xfs_mount *mp, const struct xlog_state *log, struct xlog_recovery *rec)
{
	int error = xlog_recover(mp, log, true, rec);

	if (error && !lacked_memory(mp, error))
		return error;
	if (!error)
		xlog_recovery_destroy(mp, rec);
	return lacks_memory(mp, rec);
}

/*
 * Two mounts share the memory for a while, and a reader keeps held writes.  A reader keeps at most
 * half of what the other mount does not need; the other mount gets the rest.  Until it is closed,
 * this mount's limit is lowered by its share.
 */
static int divide(struct xfs_mount *mp, const struct xlog_state *log, uint64_t *kept, uint64_t *other)
{
	uint64_t left = xfs_mem_left(&mp->m_mem), least = xfs_least_to_recover(mp);

	*kept = UINT64_MAX;
	*other = 0;
	if (!mp->m_memory_limit)
		return 0;
	if (left < least + OUTER_BYTES)
		return only_read(mp, log, mp->m_recovery);
	left -= OUTER_BYTES;
	*kept = mp->m_rdonly ? (left - least) / 2 : 0;
	*other = left - *kept;
	mp->m_mem.budget->limit -= *other;
	return 0;
}

/* A quarter of @bytes is for the overhead of allocations. */
static int put_overlay(struct xfs_mount *mp, uint64_t bytes)
{
	const struct xfs_hold_limits limits = {
		.keep = true, .max_bytes = bytes == UINT64_MAX ? bytes : bytes / 4 * 3,
	};
	int error = xfs_hold_create(&mp->m_mem, mp->m_dev, mp->m_logdev, &limits, &mp->m_overlay);

	if (error)
		return xfs_error(mp, error, "for what is recovered in memory: %s", strerror(-error));
	replace_device(&mp->m_dev, xfs_hold_first(mp->m_overlay));
	if (mp->m_logdev)
		replace_device(&mp->m_logdev, xfs_hold_second(mp->m_overlay));
	return 0;
}

static int mount_and_close(struct xfs_mount *mp, uint64_t memory)
{
	const struct xfs_mount_options opts = {
		.size = sizeof(opts), .env = &mp->m_env, .logdev = mp->m_logdev,
		.data_cache_bytes = mp->m_data_cache_bytes,
		.meta_cache_bytes = mp->m_meta_cache_bytes,
		.memory_limit_bytes = memory,
	};
	struct xfs_mount *other;
	int error = xfs_mountfs_within(mp, &opts, &other);

	if (error)
		return error;
	if (other->m_recovery)
		tell_outer(other, other->m_recovery);
	return xfs_unmountfs(other);
}

/* Recover by a separate mount, which is then closed.  This mount reports what it did. */
static int recover_apart(struct xfs_mount *mp, struct xlog_state *log)
{
	uint64_t kept, memory;
	int error;

	mp->m_recovery = xfs_zalloc(mp, sizeof(*mp->m_recovery));
	if (!mp->m_recovery)
		return xfs_error(mp, -ENOMEM, "out of memory for recovery");
	xfs_list_init(&mp->m_recovery->intents);
	mp->m_recovery->state = *log;
	error = divide(mp, log, &kept, &memory);
	if (error)
		return error;
	error = mp->m_rdonly ? put_overlay(mp, kept) : 0;
	if (!error)
		error = mount_and_close(mp, memory);
	if (error && lacked_memory(mp, error))
		error = lacks_memory(mp, mp->m_recovery);
	if (!error)
		error = xfs_divide_memory(mp);
	if (!error)
		error = xfs_readsb(mp, false);
	if (!error)
		error = xlog_find_head(mp, log);
	if (!error && !log->clean)
		error = xfs_error(mp, -EUCLEAN, "the log is still dirty after recovery");
	return error ? error : check_lsn(mp, log);
}

static int dirty_log(struct xfs_mount *mp, uint32_t flags, struct xlog_state *log)
{
	if (flags & XFS_MOUNT_NORECOVERY)
		return xfs_error(mp, -EAGAIN, "the log is dirty");
	if (flags & XFS_MOUNT_RECOVER_IN_MEMORY)
		return recover_apart(mp, log);
	if (mp->m_rdonly)
		return xfs_error(mp, -EAGAIN,
				 "the log is dirty: recover it (open for writing, or in memory) or "
				 "read without recovery");
	if (recovers_apart(mp))
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
		return xfs_error(mp, -ENXIO,
				 "the log is on an external device, which was not given");
	}
	error = xlog_find_head(mp, log);
	/* A reader that leaves the log alone accepts the file system as it is, with a message. */
	if (!error && norecovery)
		tell_lsn(mp, log);
	else if (!error)
		error = check_lsn(mp, log);
	if (!error && !log->clean)
		error = dirty_log(mp, flags, log);
	if (!error || !norecovery)
		return error;
	__atomic_fetch_or(&mp->m_state, XFS_STATE_LOG_DIRTY, __ATOMIC_RELAXED);
	return 0;
}

/* The superblock's counters in the log are not exact; sum up those of the AGs. */
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

/*
 * Check all AGs as their next use will, whether or not the log changed them.  Otherwise nobody
 * could open the recovered file system, and its log, which xfs_repair or another system might have
 * used, would be gone.  A reader does no damage, so nothing is checked for it.
 */
static int check_recovered(struct xfs_mount *mp)
{
	if (!mp->m_hold)
		return 0;
	xfs_queue_submit(mp->m_queue);
	return xfs_ag_check_counters(mp, mp->m_geo.agcount);
}

/*
 * Kernels charge quota for a remapping when they log the intent, this library when it is done.
 * Both charge an exchange as it is moved when they complete one.  The log does not tell who wrote
 * it, so usage must be counted again.
 */
static bool counts_are_unsure(const struct xlog_recovery *rec)
{
	const struct xlog_intent *intent;

	xfs_list_for_each_entry(intent, &rec->intents, xi_list)
		if (intent->xi_type == XFS_LI_BUI || intent->xi_type == XFS_LI_XMI)
			return true;
	return false;
}

/*
 * The order matters: intents are the oldest work, and staging blocks have no owner once they are
 * done.
 */
int xfs_finish_recovery(struct xfs_mount *mp)
{
	struct xlog_recovery *rec = mp->m_recovery;
	bool recount;
	int error;

	/* Look at the intents before they are carried out and gone. */
	recount = counts_are_unsure(rec);
	/* From here on closing makes the log clean. */
	error = xfs_mark_in_progress(mp);
	mp->m_finishing = true;
	if (!error)
		error = xfs_recover_finish_intents(mp, &rec->intents);
	if (!error)
		error = xfs_refcount_free_staging(mp, &rec->stats.cow_blocks_freed);
	if (!error)
		error = xfs_free_leftovers(mp);
	/* An inode may have been needed by an intent and have no links. */
	if (!error)
		error = xfs_inode_free_unlinked(mp, true);
	if (!error && recount)
		error = xfs_quota_recount(mp);
	/* Write everything in place, so that no verifier can refuse anything later. */
	if (!error)
		error = xfs_checkpoint_writeback(mp, true);
	mp->m_finishing = false;
	return error ? error : check_recovered(mp);
}
