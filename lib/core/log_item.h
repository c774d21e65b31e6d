/* SPDX-License-Identifier: MIT */
/*
 * What a thing that can be journalled carries: metadata buffers and inodes
 * embed one.  trans/ moves it through these states:
 *
 *   clean    on no list
 *   running  changed by a handle of the running checkpoint; on its list
 *   stable   the checkpoint that holds its newest change is durable (without a
 *            journal: its handle was committed); waits to be written in place
 *   clean    written in place
 *
 * A stable item that is changed again becomes running.  Only a stable item may
 * be written in place.
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

struct xfs_log_item_ops {
	const char *name;
	/* The item leaves (pin) or may go (unpin) to its place; a reference is held in between. */
	void (*get)(struct xfs_log_item *lip);
	void (*put)(struct xfs_log_item *lip);
	/*
	 * Write a stable item towards its place: an inode into its cluster
	 * buffer, a buffer into the device queue.  Called without locks.
	 */
	int (*push)(struct xfs_mount *mp, struct xfs_log_item *lip);
};

struct xfs_log_item {
	struct xfs_list li_list;		/* (checkpoint lock) running or stable list */
	const struct xfs_log_item_ops *li_ops;	/* constant */
	uint32_t li_state;			/* (checkpoint lock) enum xfs_log_item_state */
	uint32_t li_fields;			/* (a) the owner's: what changed */
	xfs_lsn_t li_lsn;			/* start of the newest checkpoint that holds it */
	uint64_t li_sort_key;			/* (c) order of going home: device address */
	uint32_t li_bytes;			/* (c) memory it keeps; 0 = about an inode's */
};

static inline void xfs_log_item_init(struct xfs_log_item *lip, const struct xfs_log_item_ops *ops)
{
	xfs_list_init(&lip->li_list);
	lip->li_ops = ops;
	lip->li_state = XFS_LI_CLEAN;
	lip->li_fields = 0;
	lip->li_lsn = 0;
	lip->li_sort_key = 0;
	lip->li_bytes = 0;
}

#endif
