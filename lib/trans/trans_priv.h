/* SPDX-License-Identifier: MIT */
/*
 * The running checkpoint, and what became of earlier ones; shared by the files of trans/.
 *
 *   trans.c		transactions: reservations, what they change
 *   resv.c claim.c	what they may need of the log, and of memory
 *   journal.c		with a journal: what they log, room for them, forcing the log
 *   checkpoint.c		with a journal: cutting and writing checkpoints
 *   ail_push.c		with a journal: durable items are written in place
 *   unjournalled.c	without a journal: items are written in place
 */
#ifndef TRANS_TRANS_PRIV_H
#define TRANS_TRANS_PRIV_H

#include "lock/gate.h"
#include "trans/trans.h"

struct xfs_defer_item;

struct xfs_transaction {
	struct xfs_trans tr;		/* what others see */
	uint32_t t_flags;		/* XFS_TRANS_* */
	uint32_t t_blk_res;		/* blocks reserved and not used yet */
	uint64_t t_changes;		/* calls that changed something */
	uint64_t t_freed_blocks;	/* given back at commit */
	int64_t t_icount_delta, t_ifree_delta;	/* applied at commit */
	uint32_t t_log_res;		/* journal: bytes it may log */
	uint32_t t_log_used;		/* and has, at most */
	struct xfs_list t_defer;	/* work put off to commit, trans/defer.h */
	struct xfs_budget *t_critical;	/* to leave the critical section with */
};

_Static_assert(offsetof(struct xfs_transaction, tr) == 0, "it is both");
static inline struct xfs_transaction *trans_of(const struct xfs_trans *tp)
{
	return (struct xfs_transaction *)(uintptr_t)tp;
}

/*
 * What a mount with a journal does otherwise than one without: xfs_journal_ops, journal.c, and
 * xfs_unjournalled_ops, unjournalled.c.
 */
struct xfs_trans_ops {
	/* Before a transaction that may use @blocks begins, nothing locked: too much is dirty. */
	int (*relieve)(struct xfs_mount *mp, uint32_t blocks, uint32_t flags);
	/* Room for @bytes in the log, given back by unreserve. */
	int (*reserve)(struct xfs_mount *mp, uint32_t bytes, uint32_t flags);
	void (*unreserve)(struct xfs_checkpoint *cp, uint32_t bytes);
	/* A transaction that freed @blocks ends; the gate is still held. */
	void (*blocks_freed)(struct xfs_mount *mp, uint64_t blocks);

	/* As the functions of trans.h that have these names. */
	void (*log_item)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*log_buf)(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last);
	void (*log_new_inodes)(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks);
	void (*log_only)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*forget_item)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*binval)(struct xfs_trans *tp, struct xfs_buf *bp);

	int (*force)(struct xfs_mount *mp, uint64_t seq);
	int (*writeback)(struct xfs_mount *mp, bool flush);
	int (*writeback_part)(struct xfs_mount *mp, uint64_t bytes);
	/* @lip, a buffer, is to be written in place with what is being written. */
	void (*add_to_writeback)(struct xfs_mount *mp, struct xfs_log_item *lip);
};
extern const struct xfs_trans_ops xfs_journal_ops, xfs_unjournalled_ops;

struct sort_entry {
	uint64_t key;
	struct xfs_log_item *lip;
};

/* By rising key. */
void xfs_sort_entries(struct sort_entry *entries, uint64_t n);

/* Bytes of buffers written in place between two closings of the gate: less for small caches. */
#define XFS_BATCH_BYTES_MAX	(2u << 20)
#define XFS_BATCH_BYTES_MIN	(256u << 10)	/* room for two of the largest buffers */

/* Memory for writing in place with a journal, had at open. */
struct xfs_ail_batch {
	uint32_t max_items, max_bufs, max_bytes;
	struct sort_entry *items;	/* max_items of them, candidates by address */
	struct xfs_buf **bufs;		/* max_bufs */
	uint8_t *copies;		/* max_bytes */
	uint32_t nbufs;
	uint32_t bytes;			/* of these */
};

/* Memory of transactions, for each thread's slot. */
struct xfs_trans_pool {
	struct xfs_mutex tp_lock;	/* LEAF class */
	struct xfs_pool tp_pool;	/* struct xfs_transaction */
	uint64_t tp_next;		/* number of the next one that is begun here */
	char apart[XFS_SLOT_ALIGN];
};

struct xfs_checkpoint {
	const struct xfs_trans_ops *cp_ops;	/* (c) from when the journal is open: with it */
	struct xfs_gate cp_gate;	/* TRANS class: transactions are inside, a cut closes it */
	struct xfs_mutex cp_lock;	/* LEAF class: everything below, unless it says otherwise */
	struct xfs_list cp_running;	/* items changed since the last cut */
	/*
	 * Without a journal, may be written in place: buffers, and what is copied into them first.
	 */
	struct xfs_list cp_stable_bufs, cp_stable_inodes;
	uint64_t cp_items;		/* that are not clean */
	uint64_t cp_item_bytes;		/* memory that they hold */
	uint64_t cp_inodes;		/* of them that are inodes */
	struct xfs_trans_pool cp_pools[XFS_SLOTS];

	/* What each transaction changes, on cache lines of its own. */
	char cp_before_claims[XFS_SLOT_ALIGN];
	uint64_t cp_claims;		/* (a) transactions that have a claim */
	uint64_t cp_log_used;		/* (a) bytes that the running items take in the log, at most */
	uint64_t cp_log_open;		/* (a) credits of open transactions */
	char cp_behind_claims[XFS_SLOT_ALIGN];

	/* The reserve of memory, claim.c. */
	uint64_t cp_claim;		/* (c) bytes that a transaction may need */
	uint64_t cp_apart;		/* (c) and what else must be able to go on */
	uint64_t cp_claim_waiters;	/* (a) on cp_room */

	/* The journal.  (t) cp_commit (a) atomic (c) constant */
	struct xfs_mutex cp_commit;	/* COMMIT class: who cuts, writes the log, writes in place */
	struct xfs_list cp_committing;	/* (t) items of the checkpoint that is being written */
	struct xfs_list cp_ail;		/* (t) in the log and not in place, oldest tail first */
	struct xfs_list cp_tail_holds;	/* struct xfs_tail_hold */
	uint64_t cp_intent_ids;		/* (a) */
	uint64_t cp_seq;		/* (a) number of the running checkpoint; changes with the gate closed */
	uint64_t cp_durable_seq;	/* (a) all up to this one are durable */
	uint64_t cp_log_limit;		/* (a) both together stay below this */
	uint64_t cp_log_early;		/* (c) with as much in use the checkpoint is written by who can */
	bool cp_at_work;		/* somebody has cp_commit, and tells cp_room when he is done */
	struct xfs_cond cp_room;	/* credits were given back, or there is a new checkpoint */
	uint32_t cp_room_waiters;	/* (a) */
	struct xfs_cond cp_wake;	/* a checkpoint is durable, or nobody forces any more */
	bool cp_forcing;		/* somebody forces the log; others wait for what he does */
	uint32_t cp_came;		/* (a) calls to force it since the last cut */
	uint32_t cp_expected;		/* as many came for the newest checkpoint */
	uint64_t cp_write_ns;		/* (a) how long the newest checkpoint took to write */
	uint64_t cp_freed;		/* (a) blocks that transactions of the running checkpoint freed */
	uint64_t cp_freed_cut;		/* (t) those of the one that is being written */
	struct xfs_buf *cp_sb;		/* (c) the primary superblock, referenced */
	struct xfs_ail_batch cp_batch;	/* (t) */
};

/*
 * claim.c: the reserve can serve one more transaction.  No lock but IOLOCK, no
 * transaction held.  -ENOMEM, XFS_WOULD_WAIT (XFS_TRANS_NO_WAIT), or an error of writing in place.
 */
int xfs_claim_memory(struct xfs_mount *mp, uint32_t flags) XFS_MUST_CHECK;
void xfs_unclaim_memory(struct xfs_checkpoint *cp);
/* The reserve can serve those that have a claim, perhaps, but not another one. */
bool xfs_claims_are_short(const struct xfs_mount *mp);

/* Take @lip off the checkpoint's books; cp_lock held, the caller puts it.  It is on no list. */
void xfs_checkpoint_forget(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/*
 * ail_push.c.  cp_commit held: everything durable that is not running is written in place.
 * Afterwards the tail may move over it as soon as the device was flushed.
 */
int xfs_ail_push_all(struct xfs_mount *mp) XFS_MUST_CHECK;
/* No more than is needed for @bytes to be written. */
int xfs_ail_push(struct xfs_mount *mp, uint64_t bytes) XFS_MUST_CHECK;
/* How large a batch is with these caches. */
void xfs_ail_batch_sizes(const struct xfs_mount *mp, struct xfs_ail_batch *batch);
/* The buffer joins the batch that is put together; for pushes of inodes. */
void xfs_ail_batch_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/* checkpoint.c, cp_commit held.  @covering: write a checkpoint also if nothing was changed. */
int xfs_checkpoint_commit(struct xfs_mount *mp, bool covering) XFS_MUST_CHECK;
/* Its error after failed data was dealt with, which no device can give: begin anew. */
#define XFS_CHECKPOINT_RESTART	(-ERESTART)
/* The most bytes that one may have; what may be logged before it must be written. */
uint64_t xfs_checkpoint_max(const struct xfs_mount *mp);
void xfs_checkpoint_set_limit(struct xfs_mount *mp);

/* journal.c: all that was committed is durable and in place. */
int xfs_ail_push_all_sync(struct xfs_mount *mp) XFS_MUST_CHECK;

void xfs_checkpoint_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip);
void xfs_checkpoint_remove(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/* @lip becomes part of what @tp changes; true: it was not running. */
bool xfs_trans_make_running(struct xfs_trans *tp, struct xfs_log_item *lip);

#endif
