/* SPDX-License-Identifier: MIT */
/*
 * The journal as transactions see it: what they log, their log reservations, and forcing the log.
 * The thread that needs a checkpoint written writes it (checkpoint.c).  Threads that wait for
 * cp_commit meanwhile often find that it contained their changes, too (group commit).
 */
#include <sched.h>
#include "base/clock.h"
#include "core/counter.h"
#include "core/message.h"
#include "core/stats.h"
#include "device/queue.h"
#include "log/log.h"
#include "trans/trans_priv.h"

/*
 * When the running items take this many bytes, the next transaction writes them, unless another
 * thread is writing, while others go on: no thread has to wait before the rest of the limit is used
 * up, too.  A checkpoint of this size also fits into the caches of a CPU while it is copied,
 * checksummed and written.
 */
#define EARLY_BYTES	(4ull << 20)

/* ---- forcing the log, making room in it, emptying it -------------------------------------- */

static bool is_log_half_full(const struct xfs_mount *mp)
{
	return xlog_free_bbs(mp->m_log) < xlog_size_bbs(mp->m_log) / 2;
}

/*
 * cp_commit held.  Make room for @bytes in the next checkpoint.  Write durable items in place
 * first, so that this commit records the newer tail.  A second commit is needed only if an item
 * that is always running has held the tail back.
 */
static int make_room(struct xfs_mount *mp, uint64_t bytes)
{
	int error = 0;

	if (is_log_half_full(mp))
		error = xfs_ail_push_all(mp);
	if (!error)
		error = xfs_checkpoint_commit(mp, false);
	if (error || xlog_space(mp->m_log) >= bytes)
		return error;
	error = xfs_ail_push_all(mp);
	return error ? error : xfs_checkpoint_commit(mp, true);
}

/*
 * Group commit: threads returning from checkpoint n often just miss the closing of n + 1.  If
 * several threads force the log, a delay that is short beside the time to write a checkpoint lets
 * them share it.  If writing takes less time than to sleep and wake up, yield instead, until as
 * many threads have come as for the last checkpoint.
 */
#define MIN_REST_NS	20000u
#define MAX_REST_NS	1000000u

static void wait_for_group_commit(const struct xfs_checkpoint *cp, uint32_t expected)
{
	uint64_t took = __atomic_load_n(&cp->cp_write_ns, __ATOMIC_RELAXED);
	uint64_t rest = XFS_MIN(took / 16, (uint64_t)MAX_REST_NS), began;

	if (expected < 2)
		return;
	if (rest >= MIN_REST_NS) {
		xfs_host_sleep_ns((uint32_t)rest);
		return;
	}
	began = xfs_host_ns();
	while (__atomic_load_n(&cp->cp_came, __ATOMIC_RELAXED) < expected &&
	       xfs_host_ns() - began < took)
		sched_yield();
}

enum task {
	FORCE,		/* make checkpoint @arg durable */
	ROOM,		/* make room for a log reservation of @arg bytes */
	EARLY,		/* the same, before a thread has to wait for it */
	PART,		/* make all changes durable, and write @arg bytes of them in place */
	HOME,		/* make all changes durable, and write all of them in place */
};

/* True if @bytes fit when the reservations of open transactions are not counted. */
static bool would_fit(const struct xfs_checkpoint *cp, uint64_t bytes)
{
	return __atomic_load_n(&cp->cp_log_used, __ATOMIC_RELAXED) + bytes <=
	       __atomic_load_n(&cp->cp_log_limit, __ATOMIC_RELAXED);
}

static bool is_time_to_write(const struct xfs_checkpoint *cp)
{
	return __atomic_load_n(&cp->cp_log_used, __ATOMIC_RELAXED) >= cp->cp_log_early;
}

static int do_task(struct xfs_mount *mp, enum task task, uint64_t arg)
{
	int error = 0;

	switch (task) {
	case FORCE:
		/* Another thread may have done it while this one waited for cp_commit. */
		if (!xfs_log_is_durable(mp, arg))
			error = xfs_checkpoint_commit(mp, false);
		break;
	case ROOM:
		/*
		 * The same.  Reservations that open transactions will give back need no checkpoint.
		 */
		if (!would_fit(mp->m_checkpoint, arg))
			error = make_room(mp, arg);
		break;
	case EARLY:
		if (is_time_to_write(mp->m_checkpoint))
			error = make_room(mp, arg);
		break;
	case PART:
		error = xfs_checkpoint_commit(mp, false);
		if (!error)
			error = xfs_ail_push(mp, arg);
		break;
	case HOME:
		error = xfs_checkpoint_commit(mp, false);
		if (!error)
			error = xfs_ail_push_all(mp);
		break;
	}
	return error;
}

/*
 * cp_commit held.  Threads that wait for log space wait while cp_at_work is set, and look again
 * when it is cleared.
 */
static int do_task_alone(struct xfs_mount *mp, enum task task, uint64_t arg)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_budget *before = xfs_mem_critical_enter(&mp->m_mem);
	int error;

	xfs_mutex_lock(&cp->cp_lock);
	cp->cp_at_work = true;
	xfs_mutex_unlock(&cp->cp_lock);
	error = do_task(mp, task, arg);
	xfs_mutex_lock(&cp->cp_lock);
	cp->cp_at_work = false;
	xfs_cond_broadcast(&cp->cp_room);
	xfs_mutex_unlock(&cp->cp_lock);
	xfs_mem_critical_leave(before);
	return error;
}

static int run_task(struct xfs_mount *mp, enum task task, uint64_t arg) XFS_LOCKS_UNCHECKED
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	for (;;) {
		if (xfs_is_shutdown(mp))
			return xfs_shutdown_error(mp);
		if (task != EARLY)
			xfs_mutex_lock(&cp->cp_commit);
		else if (!xfs_mutex_trylock(&cp->cp_commit))
			return 0;
		error = do_task_alone(mp, task, arg);
		xfs_mutex_unlock(&cp->cp_commit);
		if (error != XFS_CHECKPOINT_RESTART)
			break;
		mp->m_upcalls->end_failed_io(mp);
	}
	/* -ENOMEM may be tried again: all items are still where they were. */
	if (error && error != -ENOMEM && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, error, "writing a checkpoint: %s: %s", xfs_errstr(error), xfs_last_text());
	return error;
}

bool xfs_log_is_durable(struct xfs_mount *mp, uint64_t seq)
{
	return __atomic_load_n(&mp->m_checkpoint->cp_durable_seq, __ATOMIC_ACQUIRE) >= seq;
}

static int force(struct xfs_mount *mp, uint64_t seq)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	bool waited = false, done;
	uint32_t expected;
	int error;

	if (!seq)
		seq = __atomic_load_n(&cp->cp_seq, __ATOMIC_ACQUIRE);
	else if (xfs_log_is_durable(mp, seq))
		return 0;
	XFS_TRACE(mp, xfs_log_force, seq);
	xfs_stats_inc(mp, XFS_COUNT_xs_log_force);
	/*
	 * Wait for our checkpoint, not for cp_commit: the thread that holds it may get it again and
	 * write the next checkpoint, although ours has long been durable.
	 */
	xfs_mutex_lock(&cp->cp_lock);
	__atomic_store_n(&cp->cp_came, cp->cp_came + 1, __ATOMIC_RELAXED);
	while (cp->cp_forcing && !xfs_log_is_durable(mp, seq)) {
		waited = true;
		xfs_cond_wait(&cp->cp_wake, &cp->cp_lock);
	}
	done = waited && xfs_log_is_durable(mp, seq);
	if (!done)
		cp->cp_forcing = true;
	expected = XFS_MAX(cp->cp_expected, cp->cp_came);
	xfs_mutex_unlock(&cp->cp_lock);
	if (waited)
		xfs_stats_inc(mp, XFS_COUNT_xs_log_force_sleep);
	if (done)
		return 0;

	wait_for_group_commit(cp, expected);
	error = run_task(mp, FORCE, seq);
	xfs_mutex_lock(&cp->cp_lock);
	cp->cp_forcing = false;
	xfs_cond_broadcast(&cp->cp_wake);
	xfs_mutex_unlock(&cp->cp_lock);
	return error;
}

bool xfs_log_force_for_space(struct xfs_mount *mp, int error)
{
	if (error != -ENOSPC || !mp->m_upcalls->freed_space_is_busy(mp))
		return false;
	return xfs_log_force(mp, 0) == 0;
}

int xfs_ail_push_all_sync(struct xfs_mount *mp)
{
	return run_task(mp, HOME, 0);
}

static int writeback(struct xfs_mount *mp, bool flush)
{
	int error = xfs_ail_push_all_sync(mp);

	return !error && flush ? xfs_queue_flush_written(mp->m_queue) : error;
}

static int writeback_part(struct xfs_mount *mp, uint64_t bytes)
{
	return run_task(mp, PART, bytes);
}

/* ---- log reservations ---------------------------------------------------------------------- */

/* Reserve @bytes if they fit beside the other reservations and the running items. */
static bool take_if_fits(struct xfs_checkpoint *cp, uint32_t bytes)
{
	uint64_t open = __atomic_load_n(&cp->cp_log_open, __ATOMIC_SEQ_CST);

	do {
		if (__atomic_load_n(&cp->cp_log_used, __ATOMIC_RELAXED) + open + bytes >
		    __atomic_load_n(&cp->cp_log_limit, __ATOMIC_RELAXED))
			return false;
	} while (!__atomic_compare_exchange_n(&cp->cp_log_open, &open, open + bytes, true,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

/*
 * cp_lock held.  True if waiting can help: an open transaction will give back its reservation, and
 * @bytes fit without it; or a checkpoint is being closed, which makes room long before all of it is
 * written.
 */
static bool is_worth_waiting(const struct xfs_checkpoint *cp, uint32_t bytes)
{
	return cp->cp_at_work ||
	       (would_fit(cp, bytes) && __atomic_load_n(&cp->cp_log_open, __ATOMIC_SEQ_CST));
}

/*
 * cp_lock held, dropped while waiting: reserve @bytes.  Transactions use little of what they
 * reserve, so if only the reservations of open transactions are in the way, wait for those.  A
 * small log has room for two reservations: closing a checkpoint for every third transaction would
 * write them one by one, and closing waits for the open ones, too.
 */
static bool take_credit(struct xfs_checkpoint *cp, uint32_t bytes, uint32_t flags) XFS_HOLDS(cp->cp_lock)
{
	bool fits;

	/* Count this waiter before looking again, so that unreserve() after that sees it. */
	__atomic_add_fetch(&cp->cp_room_waiters, 1, __ATOMIC_SEQ_CST);
	while (!(fits = take_if_fits(cp, bytes)) && is_worth_waiting(cp, bytes) &&
	       !(flags & XFS_TRANS_NO_WAIT))
		xfs_cond_wait(&cp->cp_room, &cp->cp_lock);
	__atomic_sub_fetch(&cp->cp_room_waiters, 1, __ATOMIC_SEQ_CST);
	return fits;
}

static void unreserve(struct xfs_checkpoint *cp, uint32_t bytes)
{
	__atomic_sub_fetch(&cp->cp_log_open, bytes, __ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&cp->cp_room_waiters, __ATOMIC_SEQ_CST)))
		return;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_cond_broadcast(&cp->cp_room);
	xfs_mutex_unlock(&cp->cp_lock);
}

static int reserve(struct xfs_mount *mp, uint32_t bytes, uint32_t flags)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	if (flags & XFS_TRANS_REPAIR) {
		__atomic_add_fetch(&cp->cp_log_open, bytes, __ATOMIC_SEQ_CST);
		return 0;
	}
	if (unlikely(is_time_to_write(cp)) && !(flags & XFS_TRANS_NO_WAIT)) {
		error = run_task(mp, EARLY, bytes);
		if (error)
			return error;
	}
	if (likely(take_if_fits(cp, bytes)))
		return 0;
	for (;;) {
		bool fits;

		xfs_mutex_lock(&cp->cp_lock);
		fits = take_credit(cp, bytes, flags);
		xfs_mutex_unlock(&cp->cp_lock);
		if (fits)
			return 0;
		if (flags & XFS_TRANS_NO_WAIT)
			return xfs_would_wait("the log has no room for %u bytes", bytes);
		if (bytes > xfs_checkpoint_max(mp)) {
			ASSERT(bytes <= xfs_checkpoint_max(mp));
			return xfs_error(mp, -EFBIG, "one operation needs %u bytes of the log",
					 bytes);
		}
		error = run_task(mp, ROOM, bytes);
		if (error)
			return error;
	}
}

/*
 * Limit dirty metadata here, before cp_gate is entered: the caller holds no lock that write-back
 * needs.
 */
static int relieve(struct xfs_mount *mp, uint32_t blocks, uint32_t flags)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error = 0;

	if (unlikely(__atomic_load_n(&cp->cp_item_bytes, __ATOMIC_RELAXED) > mp->m_meta_cache_bytes))
		error = flags & XFS_TRANS_NO_WAIT ? xfs_would_wait("metadata must be written first")
						  : writeback(mp, false);
	/* Wait for freed blocks now: after the first change it is too late. */
	if (!error && blocks && !(flags & XFS_TRANS_NO_WAIT) &&
	    unlikely(xfs_busy_blocks_wanted(mp, blocks)))
		error = force(mp, 0);
	return error;
}

/* The blocks stay busy until the checkpoint that frees them is durable. */
static void blocks_freed(struct xfs_mount *mp, uint64_t blocks)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	xfs_add_busy_blocks(mp, blocks);
	__atomic_add_fetch(&cp->cp_freed, blocks, __ATOMIC_RELAXED);
}

/* ---- logging changes ------------------------------------------------------------------------ */

uint32_t xfs_trans_log_used(const struct xfs_trans *tp)
{
	return trans_of(tp)->t_log_used;
}

uint32_t xfs_trans_log_left(const struct xfs_trans *tp)
{
	const struct xfs_transaction *t = trans_of(tp);

	if (tp->t_mount->m_checkpoint->cp_ops != &xfs_journal_ops)
		return UINT32_MAX;
	return t->t_log_res - XFS_MIN(t->t_log_used, t->t_log_res);
}

/*
 * The changes of @tp need up to @bytes more in the log.  They come out of its reservation while it
 * is open, and count for the checkpoint after that.
 */
static inline void use_log(struct xfs_trans *tp, uint32_t bytes)
{
	trans_of(tp)->t_log_used += bytes;
}

static void set_flags(struct xfs_trans *tp, struct xfs_log_item *lip, uint32_t flags)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_set(lip, flags);
	xfs_mutex_unlock(&cp->cp_lock);
}

/*
 * The block was freed and is in use again in the same checkpoint: a cancel item would discard its
 * new contents, too.
 */
static void revive(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	if (likely(!(xfs_li_flags(lip) & XFS_LI_FREED)))
		return;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_clear(lip, XFS_LI_FREED | XFS_LI_ORDERED);
	xfs_mutex_unlock(&cp->cp_lock);
}

static void log_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	if (xfs_trans_make_running(tp, lip))
		use_log(tp, lip->li_ops->log_cost(tp->t_mount, lip));
	revive(tp, lip);
}

static void log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	struct xfs_log_item *lip = &bp->b_item;
	uint32_t chunks = xfs_buf_mark_dirty(bp, first, last);

	if (xfs_trans_make_running(tp, lip))
		use_log(tp, lip->li_ops->log_cost(tp->t_mount, lip));
	else if (chunks)
		use_log(tp, chunks * XFS_BUF_LOG_CHUNK_COST);
	revive(tp, lip);
}

static void log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks)
{
	ASSERT(!(xfs_li_flags(&bp->b_item) & (XFS_LI_FREED | XFS_LI_IN_AIL)));
	bp->b_icreate_blocks = blocks;
	set_flags(tp, &bp->b_item, XFS_LI_ORDERED);
	if (xfs_trans_make_running(tp, &bp->b_item) && blocks)
		use_log(tp, XFS_BUF_LOG_COST);
}

/* Log the item as freed; it waits until that is durable. */
static void log_freed(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	if (xfs_trans_make_running(tp, lip))
		use_log(tp, XFS_BUF_LOG_COST);
	set_flags(tp, lip, XFS_LI_FREED);
}

static void forget_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	if (__atomic_load_n(&lip->li_state, __ATOMIC_ACQUIRE) != XFS_LI_CLEAN)
		log_freed(tp, lip);
}

static void binval(struct xfs_trans *tp, struct xfs_buf *bp)
{
	xfs_buf_stale(bp, true);
	log_freed(tp, &bp->b_item);
}

static void log_only(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	xfs_trans_make_running(tp, lip);
	use_log(tp, lip->li_ops->log_cost(tp->t_mount, lip));
	set_flags(tp, lip, XFS_LI_FREED);
}

static void add_to_writeback(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	xfs_ail_batch_add(mp->m_checkpoint, lip);
}

const struct xfs_trans_ops xfs_journal_ops = {
	.relieve = relieve,
	.reserve = reserve,
	.unreserve = unreserve,
	.blocks_freed = blocks_freed,
	.log_item = log_item,
	.log_buf = log_buf,
	.log_new_inodes = log_new_inodes,
	.log_only = log_only,
	.forget_item = forget_item,
	.binval = binval,
	.force = force,
	.writeback = writeback,
	.writeback_part = writeback_part,
	.add_to_writeback = add_to_writeback,
};

/* ---- opening ---------------------------------------------------------------------------- */

int xfs_trans_start_journal(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_ail_batch *batch = &cp->cp_batch;
	int error;

	error = xfs_buf_read(mp, 0, mp->m_geo.sectsize, &xfs_sb_buf_ops, &cp->cp_sb);
	if (error)
		return error;
	xfs_ail_batch_sizes(mp, batch);
	batch->items = xfs_malloc(mp, batch->max_items * sizeof(*batch->items));
	batch->bufs = xfs_malloc(mp, batch->max_bufs * sizeof(struct xfs_buf *));
	batch->copies = xfs_mem_alloc_aligned(&mp->m_mem, 4096, batch->max_bytes);
	if (!batch->items || !batch->bufs || !batch->copies)
		return xfs_error(mp, -ENOMEM, "out of memory for writing metadata");
	error = xfs_resv_init(mp, xfs_checkpoint_max(mp));
	if (error)
		return error;
	cp->cp_seq = 1;
	cp->cp_ops = &xfs_journal_ops;
	cp->cp_log_early = XFS_MIN(xfs_checkpoint_max(mp) / 2, EARLY_BYTES);
	xfs_checkpoint_set_limit(mp);
	return 0;
}
