/* SPDX-License-Identifier: MIT */
/*
 * The running checkpoint and the earlier ones that are not in place; shared by the files of trans/.
 *
 *   trans.c		transactions: reservations, what they change
 *   resv.c claim.c	the most log space and memory that they need
 *   journal.c		with a journal: logging changes, log reservations, forcing the log
 *   checkpoint.c		with a journal: closing and writing checkpoints
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
	uint32_t t_log_res;		/* log reservation in bytes */
	uint32_t t_log_used;		/* log space used, an upper bound */
	struct xfs_list t_defer;	/* deferred work, trans/defer.h */
	struct xfs_budget *t_critical;	/* for xfs_mem_critical_leave() */
};

_Static_assert(offsetof(struct xfs_transaction, tr) == 0, "it is both");
static inline struct xfs_transaction *trans_of(const struct xfs_trans *tp)
{
	return (struct xfs_transaction *)(uintptr_t)tp;
}

/*
 * The operations that differ with a journal (xfs_journal_ops, journal.c) and without one
 * (xfs_unjournalled_ops, unjournalled.c).
 */
struct xfs_trans_ops {
	/*
	 * Before a transaction that may use @blocks begins, with nothing locked: limit dirty
	 * metadata.
	 */
	int (*relieve)(struct xfs_mount *mp, uint32_t blocks, uint32_t flags);
	/* Reserve @bytes of log space, given back by unreserve. */
	int (*reserve)(struct xfs_mount *mp, uint32_t bytes, uint32_t flags);
	void (*unreserve)(struct xfs_checkpoint *cp, uint32_t bytes);
	/* A transaction that freed @blocks ends; cp_gate is still held. */
	void (*blocks_freed)(struct xfs_mount *mp, uint64_t blocks);

	/* The functions of these names in trans.h. */
	void (*log_item)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*log_buf)(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last);
	void (*log_new_inodes)(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks);
	void (*log_only)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*forget_item)(struct xfs_trans *tp, struct xfs_log_item *lip);
	void (*binval)(struct xfs_trans *tp, struct xfs_buf *bp);

	int (*force)(struct xfs_mount *mp, uint64_t seq);
	int (*writeback)(struct xfs_mount *mp, bool flush);
	int (*writeback_part)(struct xfs_mount *mp, uint64_t bytes);
	/* @lip, a buffer, joins the write-back in progress. */
	void (*add_to_writeback)(struct xfs_mount *mp, struct xfs_log_item *lip);
};
extern const struct xfs_trans_ops xfs_journal_ops, xfs_unjournalled_ops;

struct sort_entry {
	uint64_t key;
	struct xfs_log_item *lip;
};

/* Sort by ascending key. */
void xfs_sort_entries(struct sort_entry *entries, uint64_t n);

/* Bytes of buffers written in place between two closings of cp_gate: less for small caches. */
#define XFS_BATCH_BYTES_MAX	(2u << 20)
#define XFS_BATCH_BYTES_MIN	(256u << 10)	/* room for two of the largest buffers */

/* Memory for write-back in place with a journal, allocated at open. */
struct xfs_ail_batch {
	uint32_t max_items, max_bufs, max_bytes;
	struct sort_entry *items;	/* max_items candidates, by address */
	struct xfs_buf **bufs;		/* max_bufs */
	uint8_t *copies;		/* max_bytes */
	uint32_t nbufs;
	uint32_t bytes;			/* in bufs */
};

/* Memory of transactions, one pool for each thread slot. */
struct xfs_trans_pool {
	struct xfs_mutex tp_lock;	/* LEAF class */
	struct xfs_pool tp_pool;	/* struct xfs_transaction */
	uint64_t tp_next;		/* number of the next transaction from this pool */
	char apart[XFS_SLOT_ALIGN];
};

struct xfs_checkpoint {
	const struct xfs_trans_ops *cp_ops;	/* (c) after the journal is opened */
	struct xfs_gate cp_gate;	/* TRANS class: the barrier that no transaction is open;
					 * transactions hold it shared, closing a checkpoint
					 * holds it exclusively */
	struct xfs_mutex cp_lock;	/* LEAF class: protects the members below, unless marked */
	struct xfs_list cp_running;	/* items changed since the last checkpoint was closed */
	/*
	 * Without a journal, items that may be written in place: buffers, and inodes that are
	 * copied into buffers first.
	 */
	struct xfs_list cp_stable_bufs, cp_stable_inodes;
	uint64_t cp_items;		/* not clean */
	uint64_t cp_item_bytes;		/* memory of these */
	uint64_t cp_inodes;		/* those of them that are not buffers */
	struct xfs_trans_pool cp_pools[XFS_SLOTS];

	/* Members that each transaction changes; no other member shares their cache lines. */
	char cp_before_claims[XFS_SLOT_ALIGN];
	uint64_t cp_claims;		/* (a) transactions with a claim */
	uint64_t cp_log_used;		/* (a) upper bound of the running items' bytes in the log */
	uint64_t cp_log_open;		/* (a) log reservations of open transactions */
	char cp_behind_claims[XFS_SLOT_ALIGN];

	/* The memory reserve, claim.c. */
	uint64_t cp_claim;		/* (c) bytes that a transaction may need */
	uint64_t cp_apart;		/* (c) bytes for write-back besides */
	uint64_t cp_claim_waiters;	/* (a) waiters on cp_room */

	/* The journal.  (t) cp_commit (a) atomic (c) constant */
	struct xfs_mutex cp_commit;	/* COMMIT class: held to close a checkpoint, write the
					 * log, write in place */
	struct xfs_list cp_committing;	/* (t) items of the checkpoint being written */
	struct xfs_list cp_ail;		/* (t) in the log and not in place, oldest tail first */
	struct xfs_list cp_tail_holds;	/* struct xfs_tail_hold */
	uint64_t cp_intent_ids;		/* (a) */
	uint64_t cp_seq;		/* (a) running checkpoint; changes with cp_gate closed */
	uint64_t cp_durable_seq;	/* (a) all checkpoints up to this one are durable */
	uint64_t cp_log_limit;		/* (a) limit of cp_log_used + cp_log_open */
	uint64_t cp_log_early;		/* (c) from this cp_log_used on, the next transaction
					 * writes the checkpoint */
	bool cp_at_work;		/* a thread holds cp_commit, and will signal cp_room */
	struct xfs_cond cp_room;	/* a reservation was given back, a checkpoint closed */
	uint32_t cp_room_waiters;	/* (a) */
	struct xfs_cond cp_wake;	/* a checkpoint became durable, or cp_forcing was cleared */
	bool cp_forcing;		/* a thread forces the log; others wait for its checkpoint */
	uint32_t cp_came;		/* (a) calls to force the log since the last closing */
	uint32_t cp_expected;		/* number of those calls for the newest checkpoint */
	uint64_t cp_write_ns;		/* (a) time to write the newest checkpoint */
	uint64_t cp_freed;		/* (a) blocks freed by transactions of the running checkpoint */
	uint64_t cp_freed_cut;		/* (t) those of the checkpoint being written */
	struct xfs_buf *cp_sb;		/* (c) the primary superblock, referenced */
	struct xfs_ail_batch cp_batch;	/* (t) */
};

/*
 * claim.c: make sure that the reserve can serve one more transaction.  No lock but IOLOCK, no
 * transaction held. -ENOMEM, XFS_WOULD_WAIT (XFS_TRANS_NO_WAIT), or an error of writing in place.
 */
int xfs_claim_memory(struct xfs_mount *mp, uint32_t flags) XFS_MUST_CHECK;
void xfs_unclaim_memory(struct xfs_checkpoint *cp);
/* True if the reserve cannot serve one more transaction. */
bool xfs_claims_are_short(const struct xfs_mount *mp);

/* Make @lip clean and uncount it; cp_lock held.  @lip is on no list; the caller puts it. */
void xfs_checkpoint_forget(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/*
 * ail_push.c. cp_commit held: write all durable items that are not running in place.  The tail may
 * pass them after the next flush of the device.
 */
int xfs_ail_push_all(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The same, but stop after @bytes. */
int xfs_ail_push(struct xfs_mount *mp, uint64_t bytes) XFS_MUST_CHECK;
/* The size of a batch for the caches of this mount. */
void xfs_ail_batch_sizes(const struct xfs_mount *mp, struct xfs_ail_batch *batch);
/* Add a buffer to the current batch; for pushes of inodes. */
void xfs_ail_batch_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/* checkpoint.c, cp_commit held.  @covering: write a checkpoint even if nothing was changed. */
int xfs_checkpoint_commit(struct xfs_mount *mp, bool covering) XFS_MUST_CHECK;
/* Its error after failed data was converted back to unwritten: try again.  No device returns it. */
#define XFS_CHECKPOINT_RESTART	(-ERESTART)
/*
 * The most bytes of one checkpoint; then, set the limit of what may be logged before it is written.
 */
uint64_t xfs_checkpoint_max(const struct xfs_mount *mp);
void xfs_checkpoint_set_limit(struct xfs_mount *mp);

/* journal.c: make all committed changes durable and write them in place. */
int xfs_ail_push_all_sync(struct xfs_mount *mp) XFS_MUST_CHECK;

void xfs_checkpoint_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip);
void xfs_checkpoint_remove(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

/* @lip is changed by @tp; true: it was not running before. */
bool xfs_trans_make_running(struct xfs_trans *tp, struct xfs_log_item *lip);

#endif
