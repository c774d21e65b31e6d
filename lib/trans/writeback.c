/* SPDX-License-Identifier: MIT */
/*
 * Stable items go home: inodes first, into their cluster buffers, then all
 * buffers, sorted by address so that the queue can write long runs.  The gate is
 * closed for the time: no handle can change a buffer between its checksum
 * and its write.
 */
#include <stdlib.h>
#include "core/message.h"
#include "device/queue.h"
#include "trans/trans_priv.h"

struct sort_entry {
	uint64_t key;
	struct xfs_log_item *lip;
};

static int compare(const void *a, const void *b)
{
	const struct sort_entry *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static bool is_buf(const struct xfs_log_item *lip)
{
	return lip->li_ops == &xfs_buf_item_ops;
}

/*
 * Push every stable item of one kind.  Pushing inodes makes cluster buffers
 * running, so the caller moves those over before it comes for buffers.
 */
static int push_kind(struct xfs_mount *mp, struct xfs_checkpoint *cp, bool bufs)
{
	struct sort_entry *entries;
	struct xfs_log_item *lip;
	uint64_t n = 0, i;
	int error = 0;

	xfs_list_for_each_entry(lip, &cp->cp_stable, li_list)
		n += is_buf(lip) == bufs;
	if (!n)
		return 0;
	entries = xfs_malloc(mp, n * sizeof(*entries));
	if (!entries)
		return xfs_error(mp, -ENOMEM, "out of memory for sorting metadata");
	i = 0;
	xfs_list_for_each_entry(lip, &cp->cp_stable, li_list) {
		if (is_buf(lip) != bufs)
			continue;
		entries[i].lip = lip;
		entries[i++].key = lip->li_sort_key;
	}
	qsort(entries, n, sizeof(*entries), compare);
	for (i = 0; i < n && !error; i++)
		error = entries[i].lip->li_ops->push(mp, entries[i].lip);
	if (!error && bufs) {
		xfs_queue_submit(mp->m_queue);
		/* A write that failed shut the file system down. */
		if (xfs_is_shutdown(mp))
			error = xfs_error(mp, -EIO, "writing metadata failed");
	}
	for (i = 0; i < n && !error; i++) {
		lip = entries[i].lip;
		xfs_mutex_lock(&cp->cp_lock);
		xfs_checkpoint_remove(cp, lip);
		xfs_mutex_unlock(&cp->cp_lock);
		lip->li_ops->put(lip);
	}
	xfs_free(mp, entries);
	return error;
}

/* Without a journal what was changed may go home at the next cut. */
static void make_stable(struct xfs_checkpoint *cp)
{
	struct xfs_log_item *lip;

	xfs_list_for_each_entry(lip, &cp->cp_running, li_list)
		__atomic_store_n(&lip->li_state, XFS_LI_STABLE, __ATOMIC_RELEASE);
	xfs_list_splice_tail(&cp->cp_running, &cp->cp_stable);
}

int xfs_checkpoint_writeback(struct xfs_mount *mp, bool flush)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	if (xfs_is_shutdown(mp))
		return xfs_error(mp, -EIO, "the file system was shut down");
	xfs_rwlock_excl(&cp->cp_gate);
	make_stable(cp);
	error = push_kind(mp, cp, false);
	make_stable(cp);
	if (!error)
		error = push_kind(mp, cp, true);
	if (!error && flush)
		error = xfs_queue_flush(mp->m_queue);
	xfs_rwlock_unlock_excl(&cp->cp_gate);
	if (error && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, "writing metadata: %s", strerror(-error));
	return error;
}

void xfs_checkpoint_log_item(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
}
