/* SPDX-License-Identifier: MIT */
/*
 * Without a journal stable items go home: inodes first, into their cluster buffers, then all
 * buffers, sorted by address so that the queue can write long runs.  The gate is
 * closed for the time: no handle can change a buffer between its checksum
 * and its write.
 */
#include <stdlib.h>
#include "core/message.h"
#include "device/queue.h"
#include "trans/trans_priv.h"

static int compare(const void *a, const void *b)
{
	const struct sort_entry *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

void xfs_sort_entries(struct sort_entry *entries, uint64_t n)
{
	/* Nothing to sort need not be an array. */
	if (n)
		qsort(entries, n, sizeof(*entries), compare);
}

static int push_sorted(struct xfs_mount *mp, struct xfs_list *items, struct sort_entry *entries)
{
	struct xfs_log_item *lip;
	uint64_t n = 0;
	int error = 0;

	xfs_list_for_each_entry(lip, items, li_list) {
		entries[n].lip = lip;
		entries[n++].key = lip->li_sort_key;
	}
	xfs_sort_entries(entries, n);
	for (uint64_t i = 0; i < n && !error; i++)
		error = entries[i].lip->li_ops->push(mp, entries[i].lip);
	return error;
}

/* Without memory to sort in: slower, and just as right. */
static int push_as_they_come(struct xfs_mount *mp, struct xfs_list *items)
{
	struct xfs_log_item *lip;
	int error = 0;

	xfs_list_for_each_entry(lip, items, li_list) {
		error = lip->li_ops->push(mp, lip);
		if (error)
			break;
	}
	return error;
}

/* All of @items leave their list at once. */
static void let_go(struct xfs_checkpoint *cp, struct xfs_list *items)
{
	struct xfs_log_item *lip, *next;

	xfs_list_for_each_entry_safe(lip, next, items, li_list) {
		xfs_mutex_lock(&cp->cp_lock);
		xfs_checkpoint_remove(cp, lip);
		xfs_mutex_unlock(&cp->cp_lock);
		lip->li_ops->put(lip);
	}
}

/*
 * Push every stable item of one kind.  Pushing inodes makes cluster buffers
 * running, so the caller moves those over before it comes for buffers.  When that
 * fails all stay as they are, to be pushed again.
 */
static int push_all(struct xfs_mount *mp, struct xfs_checkpoint *cp, struct xfs_list *items)
{
	struct xfs_log_item *lip;
	struct sort_entry *entries;
	uint64_t n = 0;
	int error;

	xfs_list_for_each_entry(lip, items, li_list)
		n++;
	if (!n)
		return 0;
	entries = xfs_malloc(mp, n * sizeof(*entries));
	error = entries ? push_sorted(mp, items, entries) : push_as_they_come(mp, items);
	xfs_free(mp, entries);
	if (!error && items == &cp->cp_stable_bufs) {
		xfs_queue_submit(mp->m_queue);
		/* A write that failed shut the file system down. */
		if (xfs_is_shutdown(mp))
			error = xfs_error(mp, -EIO, "writing metadata failed");
	}
	if (!error)
		let_go(cp, items);
	return error;
}

/* Without a journal what was changed may go home at the next cut. */
static void make_stable(struct xfs_checkpoint *cp)
{
	struct xfs_log_item *lip, *next;

	xfs_list_for_each_entry_safe(lip, next, &cp->cp_running, li_list) {
		__atomic_store_n(&lip->li_state, XFS_LI_STABLE, __ATOMIC_RELEASE);
		xfs_list_move_tail(&lip->li_list, xfs_item_is_buf(lip) ? &cp->cp_stable_bufs
								       : &cp->cp_stable_inodes);
	}
}

/* The gate is closed; @bufs: not only inodes. */
static int push_stable(struct xfs_mount *mp, struct xfs_checkpoint *cp, bool bufs)
{
	int error;

	make_stable(cp);
	error = push_all(mp, cp, &cp->cp_stable_inodes);
	if (error || !bufs)
		return error;
	make_stable(cp);
	return push_all(mp, cp, &cp->cp_stable_bufs);
}

static int go_home(struct xfs_mount *mp, bool bufs, bool flush)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	xfs_rwlock_excl(&cp->cp_gate);
	error = push_stable(mp, cp, bufs);
	if (!error && flush)
		error = xfs_queue_flush(mp->m_queue);
	xfs_rwlock_unlock_excl(&cp->cp_gate);
	/* For want of memory it may be tried again: everything is still where it was. */
	if (error && error != -ENOMEM && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, "writing metadata: %s", xfs_errstr(error));
	return error;
}

int xfs_checkpoint_writeback(struct xfs_mount *mp, bool flush)
{
	int error;

	if (mp->m_checkpoint->cp_journal) {
		error = xfs_checkpoint_home_all(mp);
		return !error && flush ? xfs_queue_flush_written(mp->m_queue) : error;
	}
	return go_home(mp, true, flush);
}

int xfs_checkpoint_push_inodes(struct xfs_mount *mp)
{
	return go_home(mp, false, false);
}

void xfs_checkpoint_log_item(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	if (cp->cp_journal) {
		xfs_home_batch_add(cp, lip);
		return;
	}
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
}
