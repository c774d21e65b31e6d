/* SPDX-License-Identifier: MIT */
/*
 * Without a journal stable items are written in place: inodes first, into their cluster buffers,
 * then all buffers, sorted by address so that the queue can merge them into long writes. cp_gate is
 * closed meanwhile: no transaction can change a buffer between its checksum and its write.
 */
#include <stdlib.h>
#include "core/counter.h"
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
	/* @entries may be NULL if @n is 0, which qsort() does not allow. */
	if (n)
		qsort(entries, (size_t)n, sizeof(*entries), compare);
}

/* Remove the item from its list and put it. */
static void let_go(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_remove(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
	lip->li_ops->put(lip);
}

/*
 * An inode is clean as soon as it is in its cluster: if there is no memory for more clusters,
 * writing the filled ones makes some.
 */
static int push_one(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	bool is_buf = lip->li_ops->is_buf;
	int error = lip->li_ops->push(mp, lip);

	if (!error && !is_buf)
		let_go(mp->m_checkpoint, lip);
	return error;
}

/* The items in order of their addresses; NULL if there are none, or no memory. */
static struct sort_entry *sorted(struct xfs_mount *mp, struct xfs_list *items, uint64_t *np)
{
	struct xfs_budget *before;
	struct sort_entry *entries;
	struct xfs_log_item *lip;
	uint64_t n = 0;

	*np = 0;
	xfs_list_for_each_entry(lip, items, li_list)
		n++;
	if (!n)
		return NULL;
	before = xfs_mem_critical_enter(NULL);
	entries = xfs_mem_alloc(&mp->m_mem, (size_t)n * sizeof(*entries));
	xfs_mem_critical_leave(before);
	if (!entries)
		return NULL;
	xfs_list_for_each_entry(lip, items, li_list) {
		entries[*np].lip = lip;
		entries[(*np)++].key = lip->li_sort_key;
	}
	xfs_sort_entries(entries, n);
	return entries;
}

/* Without memory to sort: slower. */
static int push_as_they_come(struct xfs_mount *mp, struct xfs_list *items)
{
	struct xfs_log_item *lip, *next;
	int error = 0;

	xfs_list_for_each_entry_safe(lip, next, items, li_list) {
		error = push_one(mp, lip);
		if (error)
			break;
	}
	return error;
}

/*
 * Pushing inodes makes cluster buffers running, so the caller calls make_stable() before it pushes
 * buffers.  Items that could not be pushed stay, to be pushed again.
 */
static int push_inodes(struct xfs_mount *mp, struct xfs_checkpoint *cp)
{
	uint64_t n;
	struct sort_entry *entries = sorted(mp, &cp->cp_stable_inodes, &n);
	int error = 0;

	if (!entries)
		return push_as_they_come(mp, &cp->cp_stable_inodes);
	for (uint64_t i = 0; i < n && !error; i++)
		error = push_one(mp, entries[i].lip);
	xfs_free(mp, entries);
	return error;
}

/* Write the buffers in the queue. */
static int submit(struct xfs_mount *mp)
{
	xfs_queue_submit(mp->m_queue);
	/* A write that failed has shut the file system down. */
	return xfs_is_shutdown(mp) ? xfs_error(mp, -EIO, "writing metadata failed") : 0;
}

/*
 * Push the buffers with the lowest addresses until @bytes were written.  If one cannot be pushed,
 * all stay on the list.
 */
static int push_bufs(struct xfs_mount *mp, struct xfs_checkpoint *cp, uint64_t bytes)
{
	struct xfs_list *items = &cp->cp_stable_bufs;
	uint64_t n, i, done = 0;
	struct sort_entry *entries = sorted(mp, items, &n);
	int error = 0;

	if (xfs_list_empty(items))
		return 0;
	if (!entries) {
		error = push_as_they_come(mp, items);
		if (!error)
			error = submit(mp);
		while (!error && !xfs_list_empty(items))
			let_go(cp, xfs_list_first_entry(items, struct xfs_log_item, li_list));
		return error;
	}
	for (i = 0; i < n && !error && done < bytes; i++) {
		done += xfs_buf_of_item(entries[i].lip)->b_len;
		error = push_one(mp, entries[i].lip);
	}
	if (!error)
		error = submit(mp);
	for (n = i, i = 0; i < n && !error; i++)
		let_go(cp, entries[i].lip);
	xfs_free(mp, entries);
	return error;
}

/* cp_gate is closed.  Without a journal every running item may be written in place now. */
static void make_stable(struct xfs_checkpoint *cp)
{
	struct xfs_log_item *lip, *next;

	xfs_list_for_each_entry_safe(lip, next, &cp->cp_running, li_list) {
		__atomic_store_n(&lip->li_state, XFS_LI_STABLE, __ATOMIC_RELEASE);
		xfs_list_move_tail(&lip->li_list, lip->li_ops->is_buf ? &cp->cp_stable_bufs
								      : &cp->cp_stable_inodes);
	}
}

/* cp_gate is closed.  Push inodes, then @bytes of buffers; 0: none, UINT64_MAX: all. */
static int push_stable(struct xfs_mount *mp, struct xfs_checkpoint *cp, uint64_t bytes)
{
	uint64_t left;
	int error, error2;

	do {
		left = cp->cp_inodes;
		make_stable(cp);
		error = push_inodes(mp, cp);
		if (!bytes || (error && error != -ENOMEM))
			return error;
		make_stable(cp);
		error2 = push_bufs(mp, cp, bytes);
		if (error2)
			return error2;
		/* Clean cluster buffers can be replaced by those of other inodes. */
	} while (error && cp->cp_inodes < left && bytes == UINT64_MAX);
	return error;
}

static int write_in_place(struct xfs_mount *mp, uint64_t bytes, bool flush)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_budget *before;
	int error;

	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	xfs_gate_close(&cp->cp_gate);
	/*
	 * Copying inodes without writing (@bytes 0) only saves time, so it does not use the
	 * reserve, where dirty clusters would stay.
	 */
	before = xfs_mem_critical_enter(bytes ? &mp->m_mem : NULL);
	error = push_stable(mp, cp, bytes);
	if (!error && flush)
		error = xfs_queue_flush(mp->m_queue);
	xfs_mem_critical_leave(before);
	xfs_gate_open(&cp->cp_gate);
	/* -ENOMEM may be tried again: all items are still where they were. */
	if (error && error != -ENOMEM && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, error, "writing metadata: %s", xfs_errstr(error));
	return error;
}

static int writeback(struct xfs_mount *mp, bool flush)
{
	return write_in_place(mp, UINT64_MAX, flush);
}

static int writeback_part(struct xfs_mount *mp, uint64_t bytes)
{
	return write_in_place(mp, bytes, false);
}

int xfs_checkpoint_push_inodes(struct xfs_mount *mp)
{
	return write_in_place(mp, 0, false);
}

/* ---- transactions ----------------------------------------------------------------------- */

/*
 * With this many changed inodes, copy them into their clusters while they are still in the CPU's
 * cache, instead of fetching them from memory later.
 */
#define MAX_CHANGED_INODES 1024

/*
 * Limit dirty metadata here, before cp_gate is entered: the caller holds no lock that write-back
 * needs.
 */
static int relieve(struct xfs_mount *mp, uint32_t blocks, uint32_t flags)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	int error;

	(void)blocks;
	if (unlikely(__atomic_load_n(&cp->cp_item_bytes, __ATOMIC_RELAXED) >
		     mp->m_meta_cache_bytes))
		return flags & XFS_TRANS_NO_WAIT ? xfs_would_wait("metadata must be written first")
						 : writeback(mp, false);
	/* Copying inodes only saves time, so a NOWAIT call skips it. */
	if (likely(__atomic_load_n(&cp->cp_inodes, __ATOMIC_RELAXED) <= MAX_CHANGED_INODES) ||
	    flags & XFS_TRANS_NO_WAIT)
		return 0;
	error = xfs_checkpoint_push_inodes(mp);
	/* It is optional: without memory the inodes wait. */
	return error == -ENOMEM ? 0 : error;
}

static int reserve(struct xfs_mount *mp, uint32_t bytes, uint32_t flags)
{
	(void)mp, (void)bytes, (void)flags;
	return 0;
}

static void unreserve(struct xfs_checkpoint *cp, uint32_t bytes)
{
	(void)cp, (void)bytes;
}

static void log_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	xfs_trans_make_running(tp, lip);
}

static void log_buf(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	(void)first, (void)last;
	xfs_trans_make_running(tp, &bp->b_item);
}

static void log_new_inodes(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t blocks)
{
	(void)blocks;
	xfs_trans_make_running(tp, &bp->b_item);
}

static void forget_item(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = tp->t_mount->m_checkpoint;
	bool listed;

	trans_of(tp)->t_changes++;
	xfs_nowait_changes();
	xfs_mutex_lock(&cp->cp_lock);
	listed = lip->li_state != XFS_LI_CLEAN;
	if (listed)
		xfs_checkpoint_remove(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
	if (listed)
		lip->li_ops->put(lip);
}

static void binval(struct xfs_trans *tp, struct xfs_buf *bp)
{
	xfs_buf_stale(bp, false);
	forget_item(tp, &bp->b_item);
}

static void log_only(struct xfs_trans *tp, struct xfs_log_item *lip)
{
	(void)tp;
	lip->li_ops->put(lip);
}

static int force(struct xfs_mount *mp, uint64_t seq)
{
	(void)mp, (void)seq;
	return 0;
}

static void add_to_writeback(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, lip);
	xfs_mutex_unlock(&cp->cp_lock);
}

const struct xfs_trans_ops xfs_unjournalled_ops = {
	.relieve = relieve,
	.reserve = reserve,
	.unreserve = unreserve,
	.blocks_freed = xfs_add_fdblocks,
	.log_item = log_item,
	.log_buf = log_buf,
	.log_new_inodes = log_new_inodes,
	.log_only = log_only,
	.forget_item = forget_item,
	.binval = binval,
	.force = force,
	.writeback = writeback,
	.writeback_part = writeback_part,
	.add_to_writeback = add_to_writeback,
};
