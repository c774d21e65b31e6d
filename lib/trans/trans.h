/* SPDX-License-Identifier: MIT */
/*
 * Transactions: an operation opens a transaction, changes buffers and inodes, and commits.  All
 * transactions join the one running checkpoint.  The checkpoint is closed only while no transaction
 * is open, so it never contains half an operation.  Rules of use:
 *
 * (TRANS-1) Everything that can fail for a reason the caller should hear about fails before the
 *     first change of the transaction. xfs_trans_cancel() after a change shuts the file system
 *     down.
 * (TRANS-2) Lock order (lock/lock.h): IOLOCK before xfs_trans_alloc(), ILOCK, AG and buffers after
 *     it.
 * (TRANS-3) A thread opens no second transaction while it has one open.
 * (TRANS-4) File data that a transaction makes visible is in the device queue before the
 *     transaction commits; the queue is flushed before the checkpoint is written (ordered data).
 *
 * An unjournalled mount has the same transactions; a committed item is stable at once.
 *
 * With a journal the thread that needs the running checkpoint to be durable closes and writes it:
 * the library starts no threads.
 *
 * (TRANS-5) Nothing is written in place before the checkpoint with its newest change is durable.
 * (TRANS-6) Checkpoint n becomes durable only after checkpoint n - 1, and after all data that its
 *     transactions make visible is in place (TRANS-4).
 * (TRANS-7) The tail in a checkpoint's records is at or before the first checkpoint that holds an
 *     item which is not in place and stable.
 * (TRANS-8) The running items and the reservations of open transactions together always fit in
 *     front of the tail.
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

/* The part of a transaction that other folders see; the rest is in trans_priv.h. */
struct xfs_trans {
	struct xfs_mount *t_mount;
	uint64_t t_id;			/* unique in the mount */
	struct xfs_trans_quota t_quota[XFS_TRANS_QUOTAS];	/* t_nquota of them, used by
								 * quota/ */
	uint32_t t_nquota;
	/* AG of the last allocation in this transaction; later searches start there or above. */
	xfs_agnumber_t t_highest_agno;
};

#define XFS_TRANS_RESERVE	(1u << 0)	/* blocks may come from the reserve pool */
#define XFS_TRANS_NO_WAIT	(1u << 1)	/* return XFS_WOULD_WAIT instead of waiting;
						 * NOWAIT calls imply it */
/*
 * The transaction frees more than it allocates, and must succeed on a file system without a free
 * block: its worst-case block reservation may come from the reserve pool, or be owed.
 */
#define XFS_TRANS_FREES		(1u << 2)

/*
 * The transaction repairs what keeps checkpoints from being written, so it neither waits for log
 * space nor makes any.
 */
#define XFS_TRANS_REPAIR	(1u << 3)

int xfs_trans_init(struct xfs_mount *mp) XFS_MUST_CHECK;	/* at open */
void xfs_trans_destroy(struct xfs_mount *mp);

/*
 * Set up the memory reserve that transactions, checkpoints and write-back rely on, for a writable
 * mount.
 */
int xfs_claims_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The initial size of that reserve, and what one transaction claims of it. */
uint64_t xfs_reserve_memory(const struct xfs_geometry *geo);
uint64_t xfs_trans_memory(const struct xfs_geometry *geo);

/*
 * The journal is open (mp->m_log): transactions may begin from now on.  Allocates the memory that
 * write-back in place needs.
 */
int xfs_trans_start_journal(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Open a transaction of @kind, which logs at most xfs_resv(mp, @kind) bytes, with @blocks reserved.
 * -ENOSPC, -EIO (shut down), -EROFS, -ENOMEM.  May write the log and metadata when memory or the
 * log is over its limit.  The thread may use the memory reserve while the transaction is open.
 */
int xfs_trans_alloc(struct xfs_mount *mp, enum xfs_resv_kind kind, uint32_t blocks,
		    unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK;
/* The same for a transaction that has no kind and logs at most @log_bytes. */
int xfs_trans_alloc_bytes(struct xfs_mount *mp, uint32_t log_bytes, uint32_t blocks,
			  unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK;

/* True if @tp has changed something: then it cannot be cancelled without a shutdown. */
bool xfs_trans_is_dirty(const struct xfs_trans *tp);
/* A counter that grows with each change, to see whether a step made any. */
uint64_t xfs_trans_changes(const struct xfs_trans *tp);
/* Blocks reserved and not used yet. */
uint32_t xfs_trans_blocks_left(const struct xfs_trans *tp);
/*
 * Upper bounds of what @tp has logged, and of what it may still log; 0 and no limit without a
 * journal.
 */
uint32_t xfs_trans_log_used(const struct xfs_trans *tp);
uint32_t xfs_trans_log_left(const struct xfs_trans *tp);

/*
 * Memory is short: a caller that does many things in one transaction should commit and begin
 * another, which waits for memory.
 */
bool xfs_trans_is_short(const struct xfs_trans *tp);

/*
 * Before the first change: make sure that at least @blocks are reserved and unused. -ENOSPC leaves
 * the transaction unchanged.
 */
int xfs_trans_ensure_blocks(struct xfs_trans *tp, uint32_t blocks) XFS_MUST_CHECK;

/*
 * Run deferred work, give back unused blocks, end the transaction.  On error the file system is
 * shut down.
 */
int xfs_trans_commit(struct xfs_trans *tp) XFS_MUST_CHECK;

/*
 * For tests, in debug builds: how many transactions of all mounts exceeded their reservation of log
 * space or blocks since the last call.
 */
unsigned int xfs_trans_overdrafts(void);

/* End the transaction.  After a change this shuts the file system down.  @tp may be NULL. */
void xfs_trans_cancel(struct xfs_trans *tp);

/* Commit if @error is 0, else cancel.  Returns the first error. */
static inline int XFS_MUST_CHECK xfs_trans_finish(struct xfs_trans *tp, int error)
{
	if (!error)
		return xfs_trans_commit(tp);
	xfs_trans_cancel(tp);
	return error;
}

/* Bytes [@first, @last] of @bp were changed.  The item holds a reference to @bp. */
void xfs_trans_log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last);
static inline void xfs_trans_log_buf_all(struct xfs_trans *tp, struct xfs_buf *bp)
{
	xfs_trans_log_buf(tp, bp, 0, bp->b_len - 1);
}

/* The block of @bp was freed: log a cancel item and mark the buffer stale. */
void xfs_trans_binval(struct xfs_trans *tp, struct xfs_buf *bp);

/*
 * @bp, a cluster of new inodes, was filled: log an ICREATE item instead of its contents.  @blocks:
 * the blocks of all clusters together for the first, 0 for the others.
 */
void xfs_trans_log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks);

/* @lip, which is not a buffer's item, was changed. */
void xfs_trans_log_item(struct xfs_trans *tp, struct xfs_log_item *lip);

/* @lip was freed together with the block that holds it: it is not written any more. */
void xfs_trans_forget_item(struct xfs_trans *tp, struct xfs_log_item *lip);

/*
 * @lip exists only in the log, and is put when its checkpoint is durable; without a journal at
 * once.
 */
void xfs_trans_log_only(struct xfs_trans *tp, struct xfs_log_item *lip);

/*
 * Account for @blocks that this transaction allocates or frees.  Allocations come out of its
 * reservation, except @delalloc ones, whose blocks were reserved when the data was written.
 */
void xfs_trans_use_blocks(struct xfs_trans *tp, uint32_t blocks, bool delalloc);
void xfs_trans_free_blocks(struct xfs_trans *tp, uint32_t blocks);
void xfs_trans_mod_inodes(struct xfs_trans *tp, int64_t icount_delta, int64_t ifree_delta);
/* The number of inodes in the file system, with those that @tp has made. */
uint64_t xfs_trans_icount(const struct xfs_trans *tp);

/*
 * Make checkpoint @seq and all before it durable; 0: the running checkpoint.  Several callers share
 * one write.  No lock but IOLOCK, no transaction held. -ENOMEM: nothing is lost, try again later;
 * after any other error the file system is shut down.  Returns 0 without a journal.
 */
int xfs_log_force(struct xfs_mount *mp, uint64_t seq) XFS_MUST_CHECK;
/* True if checkpoint @seq is durable. */
bool xfs_log_is_durable(struct xfs_mount *mp, uint64_t seq);
/* True if all committed changes are stable: durable in the log or, without a journal, in place. */
bool xfs_checkpoint_is_stable(struct xfs_mount *mp);
/* The checkpoint in which @lip was last changed; 0: none. */
static inline uint64_t xfs_log_item_seq(const struct xfs_log_item *lip)
{
	return __atomic_load_n(&lip->li_seq, __ATOMIC_RELAXED);
}

/*
 * An operation got @error and has ended its transaction.  True: it lacked blocks that a checkpoint
 * not yet durable has freed; they are available now, so try again.
 */
bool xfs_log_force_for_space(struct xfs_mount *mp, int error);

/*
 * Write all stable items in place, sorted by address, and drain the queue; with @flush make them
 * durable.  With a journal, first make all committed changes durable.  Holds transactions off
 * meanwhile. -ENOMEM: nothing is lost, try again later; after any other error the file system is
 * shut down.
 */
int xfs_checkpoint_writeback(struct xfs_mount *mp, bool flush) XFS_MUST_CHECK;
/*
 * The same for about @bytes, without a flush, so that the caller can do something else in between.
 */
int xfs_checkpoint_writeback_part(struct xfs_mount *mp, uint64_t bytes) XFS_MUST_CHECK;
/* Memory of items that are not written in place. */
uint64_t xfs_checkpoint_dirty_bytes(const struct xfs_mount *mp);

/*
 * Copy the stable inodes into their cluster buffers and make them clean; the buffers stay dirty.
 * Holds transactions off meanwhile.  Errors as above.
 */
int xfs_checkpoint_push_inodes(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * For an item's push, while cp_gate is closed: write @lip, the cluster buffer into which an inode
 * was copied, in place in the same write-back.
 */
void xfs_checkpoint_log_item(struct xfs_mount *mp, struct xfs_log_item *lip);

#endif
