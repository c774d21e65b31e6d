/* SPDX-License-Identifier: MIT */
/* Transactions: their reservations, their counters, and how items become running. */
#include "core/counter.h"
#include "core/message.h"
#include "core/stats.h"
#include "trans/defer.h"
#include "trans/trans_priv.h"

int xfs_trans_init(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = xfs_zalloc(mp, sizeof(*cp));

	if (!cp)
		return xfs_error(mp, -ENOMEM, "out of memory for the checkpoint");
	xfs_gate_init(&cp->cp_gate, XFS_CLASS_TRANS);
	xfs_mutex_init(&cp->cp_lock, XFS_CLASS_LEAF, 1);
	xfs_mutex_init(&cp->cp_commit, XFS_CLASS_COMMIT, 1);
	xfs_cond_init(&cp->cp_wake);
	xfs_cond_init(&cp->cp_room);
	xfs_list_init(&cp->cp_committing);
	xfs_list_init(&cp->cp_ail);
	xfs_list_init(&cp->cp_tail_holds);
	xfs_list_init(&cp->cp_running);
	xfs_list_init(&cp->cp_stable_bufs);
	xfs_list_init(&cp->cp_stable_inodes);
	for (uint32_t i = 0; i < XFS_SLOTS; i++) {
		xfs_mutex_init(&cp->cp_pools[i].tp_lock, XFS_CLASS_LEAF, 2);
		xfs_pool_init(&cp->cp_pools[i].tp_pool, &mp->m_mem, sizeof(struct xfs_transaction),
			      64, 8);
	}
	cp->cp_ops = &xfs_unjournalled_ops;
	mp->m_checkpoint = cp;
	return 0;
}

/* Drop an item without writing it: after a shutdown, or when nothing refers to it. */
static void forget_item(struct xfs_log_item *lip)
{
	xfs_list_del(&lip->li_list);
	xfs_list_del(&lip->li_commit);
	xfs_list_del(&lip->li_ail);
	lip->li_state = XFS_LI_CLEAN;
	lip->li_flags = 0;
	lip->li_ops->put(lip);
}

static void forget_items(struct xfs_list *list)
{
	while (!xfs_list_empty(list))
		forget_item(xfs_list_first_entry(list, struct xfs_log_item, li_list));
}

void xfs_trans_destroy(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	if (!cp)
		return;
	forget_items(&cp->cp_running);
	forget_items(&cp->cp_stable_inodes);
	forget_items(&cp->cp_stable_bufs);
	while (!xfs_list_empty(&cp->cp_committing))
		forget_item(xfs_list_first_entry(&cp->cp_committing, struct xfs_log_item,
						 li_commit));
	while (!xfs_list_empty(&cp->cp_ail))
		forget_item(xfs_list_first_entry(&cp->cp_ail, struct xfs_log_item, li_ail));
	xfs_resv_destroy(mp);
	xfs_buf_put(cp->cp_sb);
	xfs_free(mp, cp->cp_batch.items);
	xfs_free(mp, cp->cp_batch.bufs);
	xfs_mem_free_aligned(&mp->m_mem, cp->cp_batch.copies);
	xfs_mutex_destroy(&cp->cp_commit);
	xfs_cond_destroy(&cp->cp_room);
	xfs_cond_destroy(&cp->cp_wake);
	for (uint32_t i = 0; i < XFS_SLOTS; i++) {
		xfs_pool_drain(&cp->cp_pools[i].tp_pool);
		xfs_mutex_destroy(&cp->cp_pools[i].tp_lock);
	}
	xfs_mutex_destroy(&cp->cp_lock);
	xfs_gate_destroy(&cp->cp_gate);
	xfs_free(mp, cp);
	mp->m_checkpoint = NULL;
}

/* Check that the mount allows transactions. */
static int may_begin(struct xfs_mount *mp)
{
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if ((__atomic_load_n(&mp->m_state, __ATOMIC_ACQUIRE) & XFS_STATE_MARKED) ||
	    !mp->m_upcalls || !mp->m_upcalls->mark_in_progress)
		return 0;
	if (xfs_nowait() && mp->m_unjournalled)
		return xfs_would_wait("the superblock must be written first");
	return mp->m_upcalls->mark_in_progress(mp);
}

static int reserve_blocks(struct xfs_mount *mp, uint32_t blocks, unsigned int flags)
{
	if (!blocks)
		return 0;
	if (!(flags & XFS_TRANS_FREES))
		return xfs_mod_fdblocks(mp, -(int64_t)blocks, flags & XFS_TRANS_RESERVE);
	xfs_take_fdblocks(mp, blocks);
	return 0;
}

static int enter_gate(struct xfs_checkpoint *cp, unsigned int flags) XFS_LOCKS_UNCHECKED
{
	if (!(flags & XFS_TRANS_NO_WAIT))
		xfs_gate_enter(&cp->cp_gate);
	else if (!xfs_gate_try_enter(&cp->cp_gate))
		return xfs_would_wait("a checkpoint keeps new transactions out");
	return 0;
}

/* No thread that may wait holds a lock of an AG that this transaction may need. */
static int look_at_ags(struct xfs_mount *mp)
{
	return mp->m_upcalls && mp->m_upcalls->want_ags ? mp->m_upcalls->want_ags(mp) : 0;
}

/* The caller has entered cp_gate and made @tr's reservations. */
static int begin(struct xfs_mount *mp, const struct xfs_transaction *tr, struct xfs_trans **tpp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_budget *before = xfs_mem_critical_enter(&mp->m_mem);
	struct xfs_trans_pool *pool = &cp->cp_pools[xfs_slot()];
	struct xfs_transaction *t;
	uint64_t nth;

	xfs_mutex_lock(&pool->tp_lock);
	t = xfs_pool_get(&pool->tp_pool);
	nth = pool->tp_next++;
	xfs_mutex_unlock(&pool->tp_lock);
	if (!t) {
		xfs_mem_critical_leave(before);
		return xfs_error(mp, -ENOMEM, "out of memory for a transaction");
	}
	*t = *tr;
	t->tr = (struct xfs_trans){
		.t_mount = mp,
		.t_id = nth * XFS_SLOTS + xfs_slot() + 1,
	};
	t->t_critical = before;
	xfs_list_init(&t->t_defer);
	*tpp = &t->tr;
	return 0;
}

int xfs_trans_alloc_bytes(struct xfs_mount *mp, uint32_t log_bytes, uint32_t blocks,
			  unsigned int flags, struct xfs_trans **tpp) XFS_LOCKS_UNCHECKED
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	*tpp = NULL;
	if (xfs_nowait())
		flags |= XFS_TRANS_NO_WAIT;
	error = may_begin(mp);
	if (!error && xfs_nowait())
		error = look_at_ags(mp);
	if (!error && !(flags & XFS_TRANS_REPAIR))
		error = cp->cp_ops->relieve(mp, blocks, flags);
	if (error)
		return error;
	error = xfs_claim_memory(mp, flags);
	if (error)
		return error;
	error = reserve_blocks(mp, blocks, flags);
	if (error)
		goto out_claim;
	error = cp->cp_ops->reserve(mp, log_bytes, flags);
	if (error)
		goto out_blocks;
	error = enter_gate(cp, flags);
	if (error)
		goto out_log;
	error = begin(mp,
		      &(struct xfs_transaction){
			      .t_flags = flags, .t_blk_res = blocks, .t_log_res = log_bytes},
		      tpp);
	if (!error)
		return 0;

	xfs_gate_leave(&cp->cp_gate);
out_log:
	cp->cp_ops->unreserve(cp, log_bytes);
out_blocks:
	xfs_add_fdblocks(mp, blocks);
out_claim:
	xfs_unclaim_memory(cp);
	return error;
}

int xfs_trans_alloc(struct xfs_mount *mp, enum xfs_resv_kind kind, uint32_t blocks,
		    unsigned int flags, struct xfs_trans **tpp)
{
	return xfs_trans_alloc_bytes(mp, xfs_resv(mp, kind), blocks, flags, tpp);
}

bool xfs_trans_is_dirty(const struct xfs_trans *tp)
{
	return trans_of(tp)->t_changes != 0;
}

uint64_t xfs_trans_changes(const struct xfs_trans *tp)
{
	return trans_of(tp)->t_changes;
}

uint32_t xfs_trans_blocks_left(const struct xfs_trans *tp)
{
	return trans_of(tp)->t_blk_res;
}

int xfs_trans_ensure_blocks(struct xfs_trans *tp, uint32_t blocks)
{
	struct xfs_transaction *t = trans_of(tp);
	int error;

	if (t->t_blk_res >= blocks)
		return 0;
	error = reserve_blocks(tp->t_mount, blocks - t->t_blk_res, t->t_flags);
	if (!error)
		t->t_blk_res = blocks;
	return error;
}

/* End the transaction: apply its counters, leave cp_gate, free it. */
static void close_trans(struct xfs_transaction *t) XFS_LOCKS_UNCHECKED
{
	struct xfs_mount *mp = t->tr.t_mount;
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_trans_pool *pool = &cp->cp_pools[xfs_slot()];

	xfs_mem_critical_leave(t->t_critical);
	if (unlikely(t->tr.t_nquota))
		mp->m_upcalls->unreserve_quota(&t->tr);
	/* Before cp_gate is left: these bytes belong to the running checkpoint. */
	if (t->t_log_used)
		__atomic_add_fetch(&cp->cp_log_used, t->t_log_used, __ATOMIC_RELAXED);
	if (t->t_freed_blocks)
		cp->cp_ops->blocks_freed(mp, t->t_freed_blocks);
	if (t->t_blk_res)
		xfs_add_fdblocks(mp, t->t_blk_res);
	if (t->t_icount_delta || t->t_ifree_delta)
		xfs_mod_icount(mp, t->t_icount_delta, t->t_ifree_delta);
	xfs_gate_leave(&cp->cp_gate);
	cp->cp_ops->unreserve(cp, t->t_log_res);
	xfs_mutex_lock(&pool->tp_lock);
	xfs_pool_put(&pool->tp_pool, t);
	xfs_mutex_unlock(&pool->tp_lock);
	xfs_unclaim_memory(cp);
}

/*
 * A worst case was computed too small.  On a sound image that is a bug, which tests look for.
 * Lists and trees of a damaged image can require more changes than those of any sound one.
 */
#ifdef XFSWRITE_DEBUG
static unsigned int overdrafts;	/* (a) */

static void note_overdraft(void)
{
	__atomic_add_fetch(&overdrafts, 1, __ATOMIC_RELAXED);
}

unsigned int xfs_trans_overdrafts(void)
{
	return __atomic_exchange_n(&overdrafts, 0, __ATOMIC_RELAXED);
}
#else
static void note_overdraft(void)
{
}

unsigned int xfs_trans_overdrafts(void)
{
	return 0;
}
#endif

/*
 * A transaction that exceeds its log reservation eats into others' and finally into the space
 * reserved for moving the tail.
 */
static void check_log_use(const struct xfs_transaction *t)
{
	if (likely(t->t_log_used <= t->t_log_res))
		return;
	xfs_warn(t->tr.t_mount, "a transaction with %u bytes of the log reserved logged %u",
		 t->t_log_res, t->t_log_used);
	note_overdraft();
}

int xfs_trans_commit(struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;
	int error = xfs_defer_finish(tp);

	if (!error && xfs_is_shutdown(mp))
		error = xfs_shutdown_error(mp);
	check_log_use(trans_of(tp));
	xfs_stats_inc(mp, xfs_trans_is_dirty(tp) ? XFS_COUNT_xs_trans_async
						 : XFS_COUNT_xs_trans_empty);
	if (error && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, error, "deferred work of a transaction failed: %s",
			     xfs_last_text());
	close_trans(trans_of(tp));
	return error;
}

void xfs_trans_cancel(struct xfs_trans *tp)
{
	if (!tp)
		return;
	if (xfs_trans_is_dirty(tp))
		xfs_shutdown(tp->t_mount, xfs_last_error(), "a transaction failed after its first change: %s",
			     xfs_last_text());
	xfs_defer_drop(tp);
	close_trans(trans_of(tp));
}

bool xfs_trans_make_running(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	trans_of(tp)->t_changes++;
	xfs_nowait_changes();
	/*
	 * A running item stays running until the checkpoint is closed, which cannot happen while
	 * this transaction is open: the check needs no lock.
	 */
	if (__atomic_load_n(&lip->li_state, __ATOMIC_ACQUIRE) == XFS_LI_RUNNING)
		return false;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
	return true;
}

/* cp_lock held: @lip becomes running. */
void xfs_checkpoint_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	if (lip->li_state == XFS_LI_RUNNING)
		return;
	if (lip->li_state == XFS_LI_CLEAN) {
		lip->li_ops->get(lip);
		cp->cp_items++;
		if (!lip->li_ops->is_buf)
			__atomic_store_n(&cp->cp_inodes, cp->cp_inodes + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&cp->cp_item_bytes, cp->cp_item_bytes + lip->li_bytes,
				 __ATOMIC_RELAXED);
	}
	xfs_list_move_tail(&lip->li_list, &cp->cp_running);
	__atomic_store_n(&lip->li_seq, cp->cp_seq, __ATOMIC_RELAXED);
	__atomic_store_n(&lip->li_state, XFS_LI_RUNNING, __ATOMIC_RELEASE);
}

void xfs_checkpoint_forget(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	__atomic_store_n(&lip->li_state, XFS_LI_CLEAN, __ATOMIC_RELEASE);
	cp->cp_items--;
	if (!lip->li_ops->is_buf)
		__atomic_store_n(&cp->cp_inodes, cp->cp_inodes - 1, __ATOMIC_RELAXED);
	__atomic_store_n(&cp->cp_item_bytes, cp->cp_item_bytes - lip->li_bytes, __ATOMIC_RELAXED);
}

/* cp_lock held: @lip is removed from its list and is clean; the caller puts it. */
void xfs_checkpoint_remove(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	xfs_list_del(&lip->li_list);
	xfs_checkpoint_forget(cp, lip);
}

void xfs_trans_log_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	__atomic_store_n(&lip->li_verified, false, __ATOMIC_RELAXED);
	tp->t_mount->m_checkpoint->cp_ops->log_item(tp, lip);
}

void xfs_trans_log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	ASSERT(first <= last && last < bp->b_len);
	ASSERT(!xfs_buf_flags_test(bp, XFS_BUF_STALE));
	tp->t_mount->m_checkpoint->cp_ops->log_buf(tp, bp, first, last);
}

void xfs_trans_log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks)
{
	tp->t_mount->m_checkpoint->cp_ops->log_new_inodes(tp, bp, blocks);
}

void xfs_trans_forget_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	tp->t_mount->m_checkpoint->cp_ops->forget_item(tp, lip);
}

void xfs_trans_log_only(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	tp->t_mount->m_checkpoint->cp_ops->log_only(tp, lip);
}

void xfs_trans_binval(struct xfs_trans *tp, struct xfs_buf *bp)
{
	tp->t_mount->m_checkpoint->cp_ops->binval(tp, bp);
}

void xfs_trans_use_blocks(struct xfs_trans *tp, uint32_t blocks, bool delalloc)
{
	struct xfs_transaction *t = trans_of(tp);

	if (delalloc)
		return;
	if (likely(t->t_blk_res >= blocks)) {
		t->t_blk_res -= blocks;
		return;
	}
	note_overdraft();
	/* The blocks are allocated all the same: count them. */
	blocks -= t->t_blk_res;
	t->t_blk_res = 0;
	xfs_take_fdblocks(tp->t_mount, blocks);
}

void xfs_trans_free_blocks(struct xfs_trans *tp, uint32_t blocks)
{
	trans_of(tp)->t_freed_blocks += blocks;
}

void xfs_trans_mod_inodes(struct xfs_trans *tp, int64_t icount_delta, int64_t ifree_delta)
{
	trans_of(tp)->t_icount_delta += icount_delta;
	trans_of(tp)->t_ifree_delta += ifree_delta;
}

uint64_t xfs_trans_icount(const struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;
	uint64_t icount;

	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	icount = (uint64_t)(mp->m_icount + trans_of(tp)->t_icount_delta);
	xfs_mutex_unlock(&mp->m_lock);
	return icount;
}

int xfs_log_force(struct xfs_mount *mp, uint64_t seq)
{
	if (xfs_nowait() && !mp->m_unjournalled && !(seq && xfs_log_is_durable(mp, seq)))
		return xfs_would_wait("the log must be written");
	return mp->m_checkpoint->cp_ops->force(mp, seq);
}

bool xfs_checkpoint_is_stable(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	bool stable;

	xfs_mutex_lock(&cp->cp_lock);
	if (mp->m_unjournalled)
		stable = !cp->cp_items;
	else
		stable = xfs_list_empty(&cp->cp_running) && xfs_log_is_durable(mp, cp->cp_seq - 1);
	xfs_mutex_unlock(&cp->cp_lock);
	return stable;
}

int xfs_checkpoint_writeback(struct xfs_mount *mp, bool flush)
{
	if (xfs_nowait())
		return xfs_would_wait("metadata must be written");
	return mp->m_checkpoint->cp_ops->writeback(mp, flush);
}

int xfs_checkpoint_writeback_part(struct xfs_mount *mp, uint64_t bytes)
{
	return mp->m_checkpoint->cp_ops->writeback_part(mp, bytes);
}

uint64_t xfs_checkpoint_dirty_bytes(const struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_checkpoint->cp_item_bytes, __ATOMIC_RELAXED);
}

void xfs_checkpoint_log_item(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	mp->m_checkpoint->cp_ops->add_to_writeback(mp, lip);
}
