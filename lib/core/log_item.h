/* SPDX-License-Identifier: MIT */
/*
 * The log item: embedded in everything that is journalled (metadata buffers, inodes, dquots).
 * trans/ moves it through these states:
 *
 *   clean    on no list
 *   running  changed by a transaction of the running checkpoint; on its list
 *   stable   the checkpoint with its newest change has been closed; it is being
 *            written, or is durable (without a journal: the transaction committed),
 *            and the item waits to be written in place
 *   clean    written in place
 *
 * A stable item that is changed again becomes running and keeps its flags: it stays part of the
 * checkpoint that is being written, and in the AIL.  An item may be written in place only when it
 * is durable and not running; otherwise a crash could leave a change in place that the log does not
 * have.
 *
 * With a journal, the record of what changed (li_fields, the bitmap of a buffer) is kept until the
 * item is written in place.  Each image in the log therefore holds everything that the place lacks,
 * and older images may be overwritten.
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
#define XFS_LI_FREED		(1u << 0)	/* its block was freed: the log gets at most a
						 * cancel item */
#define XFS_LI_ORDERED		(1u << 1)	/* its first checkpoint pins the tail until the
						 * item is written in place */
#define XFS_LI_IN_AIL		(1u << 2)	/* in the log, not yet written in place */
#define XFS_LI_COMMITTING	(1u << 3)	/* in the checkpoint that is being written ... */
#define XFS_LI_COMMIT_FREED	(1u << 4)	/* ... as a freed block */

/* Receives the regions of an item and copies them. */
struct xfs_log_sink {
	void (*region)(struct xfs_log_sink *sink, const void *data, uint32_t len);
};

/* 128 bytes of an inode cluster, which hold links of the unlinked lists. */
struct xfs_cluster_chunk {
	int64_t cc_daddr;			/* of the cluster */
	uint32_t cc_len;			/* bytes */
	uint32_t cc_offset;			/* of the chunk, a multiple of 128 */
	uint8_t cc_data[128];
};

struct xfs_log_item_ops {
	const char *name;
	/* The item is itself a buffer; others are copied into a buffer to be written in place. */
	bool is_buf;
	/* get: the item became dirty, keep its object in memory. put: it is clean again. */
	void (*get)(struct xfs_log_item *lip);
	void (*put)(struct xfs_log_item *lip);
	/*
	 * Move a stable item one step towards its place: an inode into its cluster buffer, a buffer
	 * into the device queue (with a journal: into the batch that is being gathered).  No
	 * transaction is open (cp_gate is held exclusively).
	 */
	int (*push)(struct xfs_mount *mp, struct xfs_log_item *lip);
	/* Upper bound of the bytes of buffers that push() adds to the batch. */
	uint32_t (*push_bytes)(const struct xfs_mount *mp, struct xfs_log_item *lip);
	/* Upper bound of what the item takes in a checkpoint, operation headers included. */
	uint32_t (*log_cost)(const struct xfs_mount *mp, struct xfs_log_item *lip);
	/*
	 * What format() will produce: bytes without operation headers, and the number of regions.
	 * No transaction is open between the two.
	 */
	uint32_t (*size)(struct xfs_log_item *lip, uint32_t *regions);
	/* Pass to the sink everything that the place lacks. */
	void (*format)(struct xfs_log_item *lip, struct xfs_log_sink *sink);
	/*
	 * Optional.  -EUCLEAN with a text if the write verifier would refuse the contents as they
	 * are now.  0 sets li_verified; such contents are not verified again, here or when they are
	 * written in place.  No transaction is open.  Contents that a write verifier refuses must
	 * not enter the log: recovery would replay them, refuse to write them, and leave an image
	 * that nobody can open for writing.
	 */
	int (*verify)(struct xfs_mount *mp, struct xfs_log_item *lip);
	/* Optional.  True if a chunk of the item's cluster buffer must be logged too. */
	bool (*cluster_chunk)(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk);
	/* Forget what changed: it is in the log or in place. */
	void (*forget_changes)(struct xfs_log_item *lip);
};

/* (a) atomic, (c) constant; otherwise the lock that protects the member. */
struct xfs_log_item {
	struct xfs_list li_list;		/* (checkpoint lock) running items; without a
						 * journal, stable ones */
	struct xfs_list li_ail;			/* (commit lock) the AIL, by rising li_tail_lsn */
	struct xfs_list li_commit;		/* (commit lock) the checkpoint that is being
						 * written */
	const struct xfs_log_item_ops *li_ops;	/* constant */
	uint32_t li_state;			/* (checkpoint lock) enum xfs_log_item_state */
	uint32_t li_flags;			/* (checkpoint lock) XFS_LI_* */
	uint32_t li_fields;			/* (a) what changed, in the owner's terms */
	uint32_t li_bytes;			/* (c) memory that it keeps while it is dirty */
	xfs_lsn_t li_lsn;			/* (commit lock) start of the newest durable
						 * checkpoint that holds it */
	xfs_lsn_t li_tail_lsn;			/* (commit lock) the tail may not pass this LSN
						 * while it is in the AIL */
	uint64_t li_seq;			/* (a) number of the newest checkpoint that holds
						 * it */
	uint64_t li_sort_key;			/* (c) order of writing in place: the device
						 * address */
	/*
	 * (a) The verifier has passed the present contents.  Set while no transaction is open,
	 * cleared by each change.  A buffer's flag is protected like its contents.  An inode's is
	 * also cleared, without the ILOCK, when its neighbour on the unlinked list is removed.
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

/* Written under the checkpoint lock; the owner of a bit may read it without. */
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
