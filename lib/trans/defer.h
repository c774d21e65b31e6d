/* SPDX-License-Identifier: MIT */
/*
 * Work put off to the end of the transaction: what must not run in the middle of a
 * tree operation, such as freeing a block of a tree that is being changed.  It
 * runs at commit, inside the same transaction, so nothing is ever half done on disk.
 */
#ifndef TRANS_DEFER_H
#define TRANS_DEFER_H

#include "trans/trans.h"

struct xfs_defer_item {
	struct xfs_list df_list;
	int (*df_finish)(struct xfs_trans *tp, struct xfs_defer_item *item);
};

/*
 * @item is the caller's memory, given to @finish, which frees it.  Run in order of
 * arrival.  @finish with @tp NULL: the transaction failed, only free the memory.
 */
void xfs_defer_add(struct xfs_trans *tp, struct xfs_defer_item *item,
		   int (*finish)(struct xfs_trans *tp, struct xfs_defer_item *item));

/* Run everything now; finish functions may add more.  xfs_trans_commit() calls it. */
int xfs_defer_finish(struct xfs_trans *tp) XFS_MUST_CHECK;

/* Free what is pending without doing it: the transaction is cancelled. */
void xfs_defer_drop(struct xfs_trans *tp);

#endif
