/* SPDX-License-Identifier: MIT */
/*
 * What a thing that can be journalled carries: metadata buffers and inodes
 * embed one.  trans/ moves it through these states:
 *
 *   clean    on no list
 *   running  changed by a transaction of the running checkpoint; on its list
 *   stable   the checkpoint that holds its newest change was cut: it is being
 *            written, or is durable (without a journal: the transaction was committed)
 *            and the item waits to be written in place
 *   clean    written in place
 *
 * A stable item that is changed again becomes running, and stays what it was
 * besides: part of the checkpoint that is being written, and in the list of what
 * the log holds and the place does not have.  Only an item that is durable and
 * not running may be written in place.
 *
 * With a journal, what an item says it has changed (li_fields, the bitmap of a
 * buffer) is kept until the item was written in place, so that its newest image
 * in the log is enough to bring the place up to date, and older ones may go.
 */
#ifndef CORE_LOG_ITEM_H
#define CORE_LOG_ITEM_H

#include "base/list.h"
#include "base/types.h"

struct xfs_log_item;
struct xfs_mount;

enum xfs_log_item_state {
	XFS_LI_CLEAN,
	XFS_LI_RUNNING,
	XFS_LI_STABLE,
};

/* Bits of li_flags, all under the checkpoint lock. */
#define XFS_LI_FREED		(1u << 0)	/* its block was freed: the log gets a cancel at most */
#define XFS_LI_ORDERED		(1u << 1)	/* holds the tail at its first checkpoint until it is in place */
#define XFS_LI_IN_AIL		(1u << 2)	/* the log holds it, its place does not have it yet */
#define XFS_LI_COMMITTING	(1u << 3)	/* in the checkpoint that is being written ... */
#define XFS_LI_COMMIT_FREED	(1u << 4)	/* ... as freed */

/* Takes the regions of an item, which it copies. */
struct xfs_log_sink {
	void (*region)(struct xfs_log_sink *sink, const void *data, uint32_t len);
};

/* 128 bytes of an inode cluster, for the links of the unlinked lists. */
struct xfs_cluster_chunk {
	int64_t cc_daddr;			/* of the cluster */
	uint32_t cc_len;			/* bytes */
	uint32_t cc_offset;			/* of the chunk, a multiple of 128 */
	uint8_t cc_data[128];
};

struct xfs_log_item_ops {
	const char *name;
	/* It is written in place by itself; others are copied into a buffer for that. */
	bool is_buf;
	/* The item leaves (pin) or may go (unpin) to its place; a reference is held in between. */
	void (*get)(struct xfs_log_item *lip);
	void (*put)(struct xfs_log_item *lip);
	/*
	 * Bring a stable item towards its place: an inode into its cluster
	 * buffer, a buffer into the device queue (with a journal: into the batch
	 * that is being put together).  The gate is closed.
	 */
	int (*push)(struct xfs_mount *mp, struct xfs_log_item *lip);
	/* Bytes of the buffers that push() may add to what is being written in place. */
	uint32_t (*push_bytes)(const struct xfs_mount *mp, struct xfs_log_item *lip);
	/* The most that it takes in a checkpoint, operation headers included. */
	uint32_t (*log_cost)(const struct xfs_mount *mp, struct xfs_log_item *lip);
	/*
	 * What format() is going to give: its bytes without operation headers, and how many
	 * regions.  The gate is closed for both.
	 */
	uint32_t (*size)(struct xfs_log_item *lip, uint32_t *regions);
	/* All that has to be known of the item after its place was read, to the sink. */
	void (*format)(struct xfs_log_item *lip, struct xfs_log_sink *sink);
	/*
	 * Optional: would its place take it as it is now?  -EUCLEAN with a text; 0 sets li_verified, and
	 * contents that have it are not looked at again, here or when they are written in place.  The gate
	 * is closed.  What a write verifier refuses must not enter the log: recovery would replay
	 * it, refuse to write it, and leave an image that nobody can open for writing.
	 */
	int (*verify)(struct xfs_mount *mp, struct xfs_log_item *lip);
	/* Optional: part of its cluster buffer has to be logged besides; false: no. */
	bool (*cluster_chunk)(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk);
	/* What was changed has become part of the log or of the place: forget. */
	void (*forget_changes)(struct xfs_log_item *lip);
};

/* (a) atomic (c) constant; else the lock that a member is under. */
struct xfs_log_item {
	struct xfs_list li_list;		/* (checkpoint lock) running, or stable without a journal */
	struct xfs_list li_ail;			/* (commit lock) the AIL, rising li_tail_lsn */
	struct xfs_list li_commit;		/* (commit lock) the checkpoint that is being written */
	const struct xfs_log_item_ops *li_ops;	/* constant */
	uint32_t li_state;			/* (checkpoint lock) enum xfs_log_item_state */
	uint32_t li_flags;			/* (checkpoint lock) XFS_LI_* */
	uint32_t li_fields;			/* (a) the owner's: what changed */
	uint32_t li_bytes;			/* (c) memory that it keeps while it is not clean */
	xfs_lsn_t li_lsn;			/* (commit lock) start of the newest durable checkpoint with it */
	xfs_lsn_t li_tail_lsn;			/* (commit lock) the log is needed from here on for it */
	uint64_t li_seq;			/* (a) number of the newest checkpoint with it */
	uint64_t li_sort_key;			/* (c) order of writing in place: device address */
	/*
	 * (a) Its verifier passed on the contents that it has now.  Set while the gate is closed, cleared
	 * by each change.  A buffer's is protected as its contents are; an inode's is also cleared by
	 * who takes its neighbour off the unlinked list, without the ILOCK.
	 */
	bool li_verified;
};

static inline void xfs_log_item_init(struct xfs_log_item *lip, const struct xfs_log_item_ops *ops)
{
	*lip = (struct xfs_log_item){ .li_ops = ops };
	xfs_list_init(&lip->li_list);
	xfs_list_init(&lip->li_ail);
	xfs_list_init(&lip->li_commit);
}

/* Changed under the checkpoint lock; the one whose bits they are may look without it. */
static inline uint32_t xfs_li_flags(const struct xfs_log_item *lip)
{
	return __atomic_load_n(&lip->li_flags, __ATOMIC_RELAXED);
}

static inline void xfs_li_flags_set(struct xfs_log_item *lip, uint32_t flags)
{
	__atomic_fetch_or(&lip->li_flags, flags, __ATOMIC_RELAXED);
}

static inline void xfs_li_flags_clear(struct xfs_log_item *lip, uint32_t flags)
{
	__atomic_fetch_and(&lip->li_flags, ~flags, __ATOMIC_RELAXED);
}

#endif
