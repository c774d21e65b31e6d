/* SPDX-License-Identifier: MIT */
/* The list of work that is deferred to the end of a transaction; see defer.h. */
#include "trans/defer.h"
#include "trans/trans_priv.h"

void xfs_defer_add(struct xfs_trans *tp, struct xfs_defer_item *item,
		   int (*finish)(struct xfs_trans *tp, struct xfs_defer_item *item))
{
	item->df_finish = finish;
	xfs_list_add_tail(&item->df_list, &trans_of(tp)->t_defer);
}

int xfs_defer_finish(struct xfs_trans *tp)
{
	int error = 0;

	while (!xfs_list_empty(&trans_of(tp)->t_defer)) {
		struct xfs_defer_item *item =
			xfs_list_first_entry(&trans_of(tp)->t_defer, struct xfs_defer_item, df_list);
		int ret;

		xfs_list_del(&item->df_list);
		/* After a failure the other items only free their memory. */
		ret = item->df_finish(error ? NULL : tp, item);
		if (!error)
			error = ret;
	}
	return error;
}

void xfs_defer_drop(struct xfs_trans *tp)
{
	while (!xfs_list_empty(&trans_of(tp)->t_defer)) {
		struct xfs_defer_item *item =
			xfs_list_first_entry(&trans_of(tp)->t_defer, struct xfs_defer_item, df_list);

		xfs_list_del(&item->df_list);
		item->df_finish(NULL, item);
	}
}
