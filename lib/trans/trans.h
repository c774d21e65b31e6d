/* SPDX-License-Identifier: MIT */
/*
 * Transactions: an operation opens a transaction, changes buffers and inodes, and
 * closes it.  All transactions join the one running checkpoint; the checkpoint is
 * cut only while no transaction is open, so that what it holds is always between
 * operations.  Rules of use:
 *
 * (TRANS-1) Everything that can fail for a reason the caller should hear about fails before the
 *     first change of the transaction.  xfs_trans_cancel() after a change shuts the file system
 *     down.
 * (TRANS-2) Lock order (lock/lock.h): IOLOCK before xfs_trans_alloc(), ILOCK, AG and
 *     buffers after it.
 * (TRANS-3) A transaction may not be opened while this thread has one open.
 * (TRANS-4) File data that a transaction makes visible was handed to the device queue before the
 *     transaction is committed; the checkpoint is not written before the queue is flushed (ordered
 *     data).
 *
 * An unjournalled mount has the same transactions; a committed item is at once stable.
 *
 * With a journal the running checkpoint is cut, written and made durable by whoever needs
 * that: there are no threads of our own.
 *
 * (TRANS-5) Nothing is written in place before the checkpoint with its newest change is durable.
 * (TRANS-6) Checkpoint n is durable only when all data is in place that its transactions made
 *     visible (TRANS-4), and after checkpoint n - 1.
 * (TRANS-7) The tail in a checkpoint's records is at or before the first checkpoint that holds
 *     anything which is not in place and stable.
 * (TRANS-8) What has been logged and open transactions may still log always fits in front of the
 *     tail.
 */
#ifndef TRANS_TRANS_H
#define TRANS_TRANS_H

#include "buf/buf.h"
#include "core/log_item.h"
#include "core/mount.h"
#include "trans/resv.h"

struct xfs_dquot;		/* quota/ */

/* What a transaction may still charge to one owner. */
struct xfs_trans_quota {
	struct xfs_dquot *dq;		/* referenced */
	uint64_t blocks;
	uint32_t inodes;
};

/* User, group and project of two inodes. */
#define XFS_TRANS_QUOTAS	6u

/* What others see of a transaction; the rest is trans/'s own (trans_priv.h). */
struct xfs_trans {
	struct xfs_mount *t_mount;
	uint64_t t_id;			/* no two transactions of a mount share one */
	struct xfs_trans_quota t_quota[XFS_TRANS_QUOTAS];	/* quota/'s: t_nquota of them */
	uint32_t t_nquota;
	/* AG of the last allocation in this transaction; searches do not go below it. */
	xfs_agnumber_t t_highest_agno;
};

#define XFS_TRANS_RESERVE	(1u << 0)	/* blocks may come from the reserve pool */
#define XFS_TRANS_NO_WAIT	(1u << 1)	/* XFS_WOULD_WAIT instead of waiting; so in NOWAIT calls */
/*
 * The transaction frees more than it takes, and must be possible on a file system without a free
 * block: its reservation, which is for the worst case, comes from anywhere, or is owed.
 */
#define XFS_TRANS_FREES		(1u << 2)

/*
 * The transaction repairs what keeps checkpoints from being written: it neither waits for room in
 * the log nor makes any.
 */
#define XFS_TRANS_REPAIR	(1u << 3)

int xfs_trans_init(struct xfs_mount *mp) XFS_MUST_CHECK;	/* at open */
void xfs_trans_destroy(struct xfs_mount *mp);

/*
 * The reserve of memory that transactions, checkpoints and write-back can rely on, for a mount that
 * is writable.
 */
int xfs_claims_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Its size at first, and what one transaction claims of it. */
uint64_t xfs_reserve_memory(const struct xfs_geometry *geo);
uint64_t xfs_trans_memory(const struct xfs_geometry *geo);

/*
 * The journal was opened (mp->m_log): transactions may be had from now on.  Gets the memory that
 * writing in place needs.
 */
int xfs_trans_start_journal(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Open a transaction of @kind with @blocks reserved: it logs at most xfs_resv(mp, @kind) bytes.
 * -ENOSPC, -EIO (shut down), -EROFS, -ENOMEM.  May write the log and metadata when memory or
 * the log is over its limit.  While the transaction is open this thread may draw on the reserve of
 * memory.
 */
int xfs_trans_alloc(struct xfs_mount *mp, enum xfs_resv_kind kind, uint32_t blocks,
		    unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK;
/* The same for one that is of no kind, and logs at most @log_bytes. */
int xfs_trans_alloc_bytes(struct xfs_mount *mp, uint32_t log_bytes, uint32_t blocks,
			  unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK;

/* Something was changed: it can only be committed. */
bool xfs_trans_is_dirty(const struct xfs_trans *tp);
/* Grows with each change: whether a step made any. */
uint64_t xfs_trans_changes(const struct xfs_trans *tp);
/* Blocks reserved and not used yet. */
uint32_t xfs_trans_blocks_left(const struct xfs_trans *tp);
/* Bytes that it has logged at most, and may still log; without a journal 0, and any number. */
uint32_t xfs_trans_log_used(const struct xfs_trans *tp);
uint32_t xfs_trans_log_left(const struct xfs_trans *tp);

/*
 * Memory is short: who does many things in one transaction should end it, and begin another one,
 * which waits for memory.
 */
bool xfs_trans_is_short(const struct xfs_trans *tp);

/*
 * Before the first change: @blocks at least are reserved and not used.  -ENOSPC leaves the
 * transaction as it was.
 */
int xfs_trans_ensure_blocks(struct xfs_trans *tp, uint32_t blocks) XFS_MUST_CHECK;

/* Runs deferred work, gives back unused blocks, closes the transaction.  On error: shut down. */
int xfs_trans_commit(struct xfs_trans *tp) XFS_MUST_CHECK;

/*
 * For tests, in debug builds: transactions of all mounts since the last call that used more of the
 * log, or more blocks, than they had reserved.
 */
unsigned int xfs_trans_overdrafts(void);

/* Close without a change; with one: shutdown.  NULL is fine. */
void xfs_trans_cancel(struct xfs_trans *tp);

/* Close the transaction of work that came to @error: the one or the other; the error of both. */
static inline int XFS_MUST_CHECK xfs_trans_finish(struct xfs_trans *tp, int error)
{
	if (!error)
		return xfs_trans_commit(tp);
	xfs_trans_cancel(tp);
	return error;
}

/* Bytes [@first, @last] of @bp were changed.  The item keeps a reference of its own. */
void xfs_trans_log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last);
static inline void xfs_trans_log_buf_all(struct xfs_trans *tp, struct xfs_buf *bp)
{
	xfs_trans_log_buf(tp, bp, 0, bp->b_len - 1);
}

/* The block of @bp was freed: a cancel item in the journal, and the buffer is stale. */
void xfs_trans_binval(struct xfs_trans *tp, struct xfs_buf *bp);

/*
 * @bp, a cluster of new inodes, was filled: the journal gets an ICREATE item instead of its
 * contents.  @blocks: of all of them together if this is the first, else 0.
 */
void xfs_trans_log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks);

/* @lip, which is no buffer's, was changed. */
void xfs_trans_log_item(struct xfs_trans *tp, struct xfs_log_item *lip);

/*
 * What @lip stands for was freed together with the block it lives in: it is not
 * written any more.
 */
void xfs_trans_forget_item(struct xfs_trans *tp, struct xfs_log_item *lip);

/*
 * @lip has no place but the log, and is put when its checkpoint is durable.  Without a journal it
 * is put at once.
 */
void xfs_trans_log_only(struct xfs_trans *tp, struct xfs_log_item *lip);

/*
 * Account for @blocks allocated (+) or freed (-) by this transaction: allocation uses
 * up its reservation; @delalloc allocations were paid for when they were reserved.
 */
void xfs_trans_use_blocks(struct xfs_trans *tp, uint32_t blocks, bool delalloc);
void xfs_trans_free_blocks(struct xfs_trans *tp, uint32_t blocks);
void xfs_trans_mod_inodes(struct xfs_trans *tp, int64_t icount_delta, int64_t ifree_delta);
/* Inodes of the file system, with those that @tp has made. */
uint64_t xfs_trans_icount(const struct xfs_trans *tp);

/*
 * What was committed so far is durable: checkpoint @seq and all before it; 0: the running
 * one.  Several callers share one write.  No lock but IOLOCK, no transaction held.
 * -ENOMEM: nothing is lost, try again later; after any other error the file
 * system is shut down.  Without a journal: 0.
 */
int xfs_log_force(struct xfs_mount *mp, uint64_t seq) XFS_MUST_CHECK;
/* Is it durable already? */
bool xfs_log_is_durable(struct xfs_mount *mp, uint64_t seq);
/* All that was committed is stable: durable in the log or, without a journal, in place. */
bool xfs_checkpoint_is_stable(struct xfs_mount *mp);
/* The checkpoint that @lip was last changed in; 0: never. */
static inline uint64_t xfs_log_item_seq(const struct xfs_log_item *lip)
{
	return __atomic_load_n(&lip->li_seq, __ATOMIC_RELAXED);
}

/*
 * An operation got @error and has closed its transaction.  True: it was for want of blocks that a
 * checkpoint not yet durable has freed; now they can be had, and it may be tried again.
 */
bool xfs_log_force_for_space(struct xfs_mount *mp, int error);

/*
 * Write all stable items in place, sorted by address, and drain the queue; with
 * @flush make them durable.  With a journal all that was committed becomes durable first.
 * Closes the gate for the time.  -ENOMEM: nothing is lost, try again later; after any
 * other error the file system is shut down.
 */
int xfs_checkpoint_writeback(struct xfs_mount *mp, bool flush) XFS_MUST_CHECK;
/* The same for about @bytes of it, so that a caller can do something else in between; no flush. */
int xfs_checkpoint_writeback_part(struct xfs_mount *mp, uint64_t bytes) XFS_MUST_CHECK;
/* Memory of what is not in place. */
uint64_t xfs_checkpoint_dirty_bytes(const struct xfs_mount *mp);

/*
 * Copy the stable inodes into their cluster buffers and let go of them; the buffers stay.  Closes
 * the gate for the time.  Errors as above.
 */
int xfs_checkpoint_push_inodes(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * For an item's push, while the gate is closed: @lip (the cluster buffer an inode was copied
 * into) is written in place in the same write-back.
 */
void xfs_checkpoint_log_item(struct xfs_mount *mp, struct xfs_log_item *lip);

#endif
