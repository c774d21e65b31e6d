/* SPDX-License-Identifier: MIT */
/*
 * Work deferred to the end of the transaction because it must not run in the middle of a tree
 * operation, such as freeing a block of the tree that is being changed.  It runs at commit, inside
 * the same transaction, so the disk never holds half of it.
 */
#ifndef TRANS_DEFER_H
#define TRANS_DEFER_H

#include "trans/trans.h"

struct xfs_defer_item {
	struct xfs_list df_list;
	int (*df_finish)(struct xfs_trans *tp, struct xfs_defer_item *item);
};

/*
 * @item is the caller's memory; @finish frees it.  Items run in the order in which they are added.
 * @finish with @tp NULL: the transaction failed, only free the memory.
 */
void xfs_defer_add(struct xfs_trans *tp, struct xfs_defer_item *item,
		   int (*finish)(struct xfs_trans *tp, struct xfs_defer_item *item));

/* Run all items now; finish functions may add more. xfs_trans_commit() calls this. */
int xfs_defer_finish(struct xfs_trans *tp) XFS_MUST_CHECK;

/* The transaction is cancelled: free the items without running them. */
void xfs_defer_drop(struct xfs_trans *tp);

#endif
