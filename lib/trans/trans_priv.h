/* SPDX-License-Identifier: MIT */
/* The running checkpoint, shared by the files of trans/. */
#ifndef TRANS_TRANS_PRIV_H
#define TRANS_TRANS_PRIV_H

#include "trans/trans.h"

struct xfs_checkpoint {
	struct xfs_rwlock cp_gate;	/* HANDLE class: handles shared, a cut exclusive */
	struct xfs_mutex cp_lock;	/* LEAF class: everything below */
	struct xfs_list cp_running;	/* items changed since the last cut */
	/* May be written in place: buffers, and what is copied into buffers first. */
	struct xfs_list cp_stable_bufs, cp_stable_inodes;
	uint64_t cp_items;		/* on these lists */
	uint64_t cp_item_bytes;		/* memory that they hold */
	uint64_t cp_inodes;		/* on these lists that are inodes */
	uint64_t cp_next_id;
	struct xfs_pool cp_pool;	/* struct xfs_trans */
};

void xfs_checkpoint_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip);
void xfs_checkpoint_remove(struct xfs_checkpoint *cp, struct xfs_log_item *lip);

static inline bool xfs_item_is_buf(const struct xfs_log_item *lip)
{
	return lip->li_ops == &xfs_buf_item_ops;
}

#endif
