/* SPDX-License-Identifier: MIT */
#include "core/counter.h"
#include "core/message.h"
#include "trans/defer.h"
#include "trans/resv.h"
#include "trans/trans_priv.h"

/* Memory that a dirty inode keeps alive, about. */
#define ITEM_BYTES	1024

/*
 * So many changed inodes are copied into their clusters while they are still in the CPU's
 * cache; what is seldom looked at again need not be fetched from memory for that.
 */
#define MAX_CHANGED_INODES	1024

int xfs_trans_init(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = xfs_zalloc(mp, sizeof(*cp));

	if (!cp)
		return xfs_error(mp, -ENOMEM, "out of memory for the checkpoint");
	xfs_rwlock_init(&cp->cp_gate, XFS_CLASS_TRANS, 0);
	xfs_mutex_init(&cp->cp_lock, XFS_CLASS_LEAF, 1);
	xfs_mutex_init(&cp->cp_commit, XFS_CLASS_COMMIT, 1);
	xfs_cond_init(&cp->cp_wake);
	xfs_cond_init(&cp->cp_room);
	xfs_list_init(&cp->cp_committing);
	xfs_list_init(&cp->cp_ail);
	xfs_list_init(&cp->cp_running);
	xfs_list_init(&cp->cp_stable_bufs);
	xfs_list_init(&cp->cp_stable_inodes);
	xfs_pool_init(&cp->cp_pool, &mp->m_mem, sizeof(struct xfs_trans), 64, 64);
	mp->m_checkpoint = cp;
	return 0;
}

/* Forget an item without writing it: after a shutdown, or nothing is left. */
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
	xfs_pool_drain(&cp->cp_pool);
	xfs_mutex_destroy(&cp->cp_lock);
	xfs_rwlock_destroy(&cp->cp_gate);
	xfs_free(mp, cp);
	mp->m_checkpoint = NULL;
}

/*
 * Dirty metadata is bounded here, before the gate: nothing is locked that a
 * write-back could wait for.
 */
static int relieve_pressure(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	if (unlikely(__atomic_load_n(&cp->cp_item_bytes, __ATOMIC_RELAXED) >
		     mp->m_meta_cache_bytes))
		return xfs_checkpoint_writeback(mp, false);
	if (cp->cp_journal)
		return 0;
	if (likely(__atomic_load_n(&cp->cp_inodes, __ATOMIC_RELAXED) <= MAX_CHANGED_INODES))
		return 0;
	error = xfs_checkpoint_push_inodes(mp);
	/* It was for speed: when there is no memory for it they wait. */
	return error == -ENOMEM ? 0 : error;
}

int xfs_trans_alloc(struct xfs_mount *mp, uint32_t logbytes, uint32_t blocks, unsigned int flags,
		    struct xfs_trans **tpp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_budget *before;
	struct xfs_trans *tp;
	uint64_t id;
	int error;

	*tpp = NULL;
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is open read-only");
	if (!(__atomic_load_n(&mp->m_state, __ATOMIC_ACQUIRE) & XFS_STATE_MARKED) &&
	    mp->m_upcalls && mp->m_upcalls->mark_in_progress) {
		error = mp->m_upcalls->mark_in_progress(mp);
		if (error)
			return error;
	}
	error = flags & XFS_TRANS_REPAIR ? 0 : relieve_pressure(mp);
	if (error)
		return error;
	/* Better wait now for blocks that were freed than not find any later. */
	if (cp->cp_journal && blocks && !(flags & (XFS_TRANS_REPAIR | XFS_TRANS_NO_WAIT)) &&
	    unlikely(xfs_busy_blocks_wanted(mp, blocks))) {
		error = xfs_log_force(mp, 0);
		if (error)
			return error;
	}
	error = xfs_claim_memory(mp, flags);
	if (error)
		return error;
	logbytes = !cp->cp_journal ? 0 : logbytes ? logbytes : XFS_TRANS_LOG_DEFAULT;
	if (blocks && flags & XFS_TRANS_FREES) {
		xfs_take_fdblocks(mp, blocks);
	} else if (blocks) {
		error = xfs_mod_fdblocks(mp, -(int64_t)blocks, flags & XFS_TRANS_RESERVE);
		if (error)
			goto out_claim;
	}
	if (logbytes) {
		error = xfs_checkpoint_reserve(mp, logbytes, flags);
		if (error)
			goto out_blocks;
	}
	if (!(flags & XFS_TRANS_NO_WAIT)) {
		xfs_rwlock_shared(&cp->cp_gate);
	} else if (!xfs_rwlock_try_shared(&cp->cp_gate)) {
		error = -EAGAIN;
		goto out_log;
	}
	before = xfs_mem_critical_enter(&mp->m_mem);
	xfs_mutex_lock(&cp->cp_lock);
	tp = xfs_pool_get(&cp->cp_pool);
	id = ++cp->cp_next_id;
	xfs_mutex_unlock(&cp->cp_lock);
	if (!tp) {
		xfs_mem_critical_leave(before);
		error = xfs_error(mp, -ENOMEM, "out of memory for a transaction");
		goto out_gate;
	}
	*tp = (struct xfs_trans){
		.t_mount = mp, .t_id = id, .t_flags = flags, .t_blk_res = blocks,
		.t_log_res = logbytes, .t_critical = before,
	};
	xfs_list_init(&tp->t_defer);
	*tpp = tp;
	return 0;

out_gate:
	xfs_rwlock_unlock_shared(&cp->cp_gate);
out_log:
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_unreserve(cp, logbytes);
	xfs_mutex_unlock(&cp->cp_lock);
out_blocks:
	xfs_add_fdblocks(mp, blocks);
out_claim:
	xfs_unclaim_memory(cp);
	return error;
}

int xfs_trans_reserve_more(struct xfs_trans *tp, uint32_t blocks)
{
	int error = 0;

	if (tp->t_flags & XFS_TRANS_FREES)
		xfs_take_fdblocks(tp->t_mount, blocks);
	else
		error = xfs_mod_fdblocks(tp->t_mount, -(int64_t)blocks,
					 tp->t_flags & XFS_TRANS_RESERVE);
	if (!error)
		tp->t_blk_res += blocks;
	return error;
}

/* The transaction is over: counters, the gate, its memory. */
static void close_trans(struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t freed = tp->t_freed_blocks, back = tp->t_blk_res;

	xfs_mem_critical_leave(tp->t_critical);
	if (freed && cp->cp_journal) {
		xfs_add_busy_blocks(mp, freed);
	} else {
		back += freed;
		freed = 0;
	}
	if (back)
		xfs_add_fdblocks(mp, back);
	if (tp->t_icount_delta || tp->t_ifree_delta)
		xfs_mod_icount(mp, tp->t_icount_delta, tp->t_ifree_delta);
	if (freed) {
		/* Before the gate is opened: they belong to the running checkpoint. */
		xfs_mutex_lock(&cp->cp_lock);
		cp->cp_freed += freed;
		xfs_mutex_unlock(&cp->cp_lock);
	}
	xfs_rwlock_unlock_shared(&cp->cp_gate);
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_unreserve(cp, tp->t_log_res);
	xfs_pool_put(&cp->cp_pool, tp);
	xfs_mutex_unlock(&cp->cp_lock);
	xfs_unclaim_memory(cp);
}

/*
 * Who logs more than its credit takes what others were promised, and in the end the room that is
 * kept back for moving the tail.
 */
static void check_credit(const struct xfs_trans *tp)
{
	if (tp->t_log_used <= tp->t_log_res)
		return;
	xfs_warn(tp->t_mount, "a transaction with a credit of %u bytes logged %u",
		tp->t_log_res, tp->t_log_used);
	/* Without a journal neither is counted. */
	ASSERT(!tp->t_log_res);
}

int xfs_trans_commit(struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;
	int error = xfs_defer_finish(tp);

	if (!error && xfs_is_shutdown(mp))
		error = xfs_shutdown_error(mp);
	check_credit(tp);
	if (error && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, "put-off work of a transaction failed: %s", xfs_last_text());
	close_trans(tp);
	return error;
}

void xfs_trans_cancel(struct xfs_trans *tp)
{
	if (!tp)
		return;
	if (tp->t_dirty)
		xfs_shutdown(tp->t_mount, "a transaction failed after its first change: %s",
			     xfs_last_text());
	xfs_defer_drop(tp);
	close_trans(tp);
}

/*
 * The block was freed and is in use again, before the checkpoint that freed it was cut: an item
 * that cancels it would take its new contents with it.
 */
static void revive(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_clear(lip, XFS_LI_FREED | XFS_LI_ORDERED);
	xfs_mutex_unlock(&cp->cp_lock);
}

/* @bytes more of the log are needed for what @tp has changed, at most. */
static inline void use_log(struct xfs_trans *tp, uint32_t bytes)
{
	tp->t_log_used += bytes;
	__atomic_add_fetch(&tp->t_mount->m_checkpoint->cp_log_used, bytes, __ATOMIC_RELAXED);
}

/* True: it was not running. */
static bool make_running(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	tp->t_dirty = true;
	/*
	 * Whoever is running stays running until a cut, and no cut happens while
	 * this transaction is open: no lock is needed to see it.
	 */
	if (__atomic_load_n(&lip->li_state, __ATOMIC_ACQUIRE) == XFS_LI_RUNNING)
		return false;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
	return true;
}

void xfs_trans_log_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	bool journal = tp->t_mount->m_checkpoint->cp_journal;

	if (make_running(tp, lip) && journal)
		use_log(tp, tp->t_mount->m_geo.inodesize + XFS_INODE_LOG_COST);
	if (journal && unlikely(xfs_li_flags(lip) & XFS_LI_FREED))
		revive(tp, lip);
}

/* cp_lock held: the item becomes running. */
void xfs_checkpoint_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	if (lip->li_state == XFS_LI_RUNNING)
		return;
	if (lip->li_state == XFS_LI_CLEAN) {
		lip->li_ops->get(lip);
		cp->cp_items++;
		if (!xfs_item_is_buf(lip))
			__atomic_store_n(&cp->cp_inodes, cp->cp_inodes + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&cp->cp_item_bytes,
				 cp->cp_item_bytes + (lip->li_bytes ? lip->li_bytes : ITEM_BYTES),
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
	if (!xfs_item_is_buf(lip))
		__atomic_store_n(&cp->cp_inodes, cp->cp_inodes - 1, __ATOMIC_RELAXED);
	__atomic_store_n(&cp->cp_item_bytes,
			 cp->cp_item_bytes - (lip->li_bytes ? lip->li_bytes : ITEM_BYTES),
			 __ATOMIC_RELAXED);
}

/* cp_lock held: the item leaves its list for good; the caller puts it. */
void xfs_checkpoint_remove(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	xfs_list_del(&lip->li_list);
	xfs_checkpoint_forget(cp, lip);
}

void xfs_trans_log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	uint32_t chunks;

	ASSERT(first <= last && last < bp->b_len);
	ASSERT(!xfs_buf_flags_test(bp, XFS_BUF_STALE));
	if (!tp->t_mount->m_checkpoint->cp_journal) {
		make_running(tp, &bp->b_item);
		return;
	}
	chunks = xfs_buf_mark_dirty(bp, first, last);
	/* What was logged before and is not in place yet goes with it again. */
	if (make_running(tp, &bp->b_item))
		use_log(tp, XFS_BUF_LOG_COST + bp->b_dirty_chunks * XFS_BUF_LOG_CHUNK_COST);
	else if (chunks)
		use_log(tp, chunks * XFS_BUF_LOG_CHUNK_COST);
	if (unlikely(xfs_li_flags(&bp->b_item) & XFS_LI_FREED))
		revive(tp, &bp->b_item);
}

void xfs_trans_log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	if (!cp->cp_journal) {
		xfs_trans_log_buf_all(tp, bp);
		return;
	}
	ASSERT(!(xfs_li_flags(&bp->b_item) & (XFS_LI_FREED | XFS_LI_IN_AIL)));
	bp->b_icreate_blocks = blocks;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_set(&bp->b_item, XFS_LI_ORDERED);
	xfs_mutex_unlock(&cp->cp_lock);
	if (make_running(tp, &bp->b_item) && blocks)
		use_log(tp, XFS_BUF_LOG_COST);
}

/* With a journal it goes into the log as freed, and waits until that is durable. */
static void log_freed(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	if (make_running(tp, lip))
		use_log(tp, XFS_BUF_LOG_COST);
	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_set(lip, XFS_LI_FREED);
	xfs_mutex_unlock(&cp->cp_lock);
}

static void forget_at_once(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;
	bool listed;

	tp->t_dirty = true;
	xfs_mutex_lock(&cp->cp_lock);
	listed = lip->li_state != XFS_LI_CLEAN;
	if (listed)
		xfs_checkpoint_remove(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
	if (listed)
		lip->li_ops->put(lip);
}

void xfs_trans_forget_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	if (!tp->t_mount->m_checkpoint->cp_journal)
		forget_at_once(tp, lip);
	else if (__atomic_load_n(&lip->li_state, __ATOMIC_ACQUIRE) != XFS_LI_CLEAN)
		log_freed(tp, lip);
}

void xfs_trans_log_only(struct xfs_trans *tp, struct xfs_log_item *lip, uint32_t bytes)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;

	if (!cp->cp_journal) {
		lip->li_ops->put(lip);
		return;
	}
	make_running(tp, lip);
	use_log(tp, bytes);
	xfs_mutex_lock(&cp->cp_lock);
	xfs_li_flags_set(lip, XFS_LI_FREED);
	xfs_mutex_unlock(&cp->cp_lock);
}

void xfs_trans_binval(struct xfs_trans *tp, struct xfs_buf *bp)
{
	bool journal = tp->t_mount->m_checkpoint->cp_journal;

	xfs_buf_stale(bp, journal);
	if (journal)
		log_freed(tp, &bp->b_item);
	else
		forget_at_once(tp, &bp->b_item);
}

void xfs_trans_use_blocks(struct xfs_trans *tp, uint32_t blocks, bool delalloc)
{
	if (delalloc)
		return;
	ASSERT(tp->t_blk_res >= blocks);
	if (likely(tp->t_blk_res >= blocks)) {
		tp->t_blk_res -= blocks;
		return;
	}
	/* A worst case was reckoned too small; the blocks are gone all the same. */
	blocks -= tp->t_blk_res;
	tp->t_blk_res = 0;
	xfs_take_fdblocks(tp->t_mount, blocks);
}

void xfs_trans_free_blocks(struct xfs_trans *tp, uint32_t blocks)
{
	tp->t_freed_blocks += blocks;
}

void xfs_trans_mod_inodes(struct xfs_trans *tp, int64_t icount_delta, int64_t ifree_delta)
{
	tp->t_icount_delta += icount_delta;
	tp->t_ifree_delta += ifree_delta;
}
