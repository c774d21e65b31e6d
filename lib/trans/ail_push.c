/* SPDX-License-Identifier: MIT */
/*
 * With a journal: durable items are written in place.  The barrier that no transaction is open is
 * closed only while contents are copied, a few MiB at a time; the writes are made from the copies.
 * An item that is running again is skipped: its contents are newer than the log (TRANS-5).
 *
 * cp_commit is held throughout, so nothing becomes durable and no tail is written in between.
 */
#include "core/message.h"
#include "device/queue.h"
#include "trans/trans_priv.h"

static bool is_running(const struct xfs_log_item *lip)
{
	return __atomic_load_n(&lip->li_state, __ATOMIC_ACQUIRE) == XFS_LI_RUNNING;
}

void xfs_ail_batch_sizes(const struct xfs_mount *mp, struct xfs_ail_batch *batch)
{
	uint64_t bytes = XFS_MIN(mp->m_meta_cache_bytes / 16, (uint64_t)XFS_BATCH_BYTES_MAX);

	batch->max_bytes = (uint32_t)XFS_MAX(bytes, (uint64_t)XFS_BATCH_BYTES_MIN);
	batch->max_bufs = batch->max_bytes / 2048;
	batch->max_items = batch->max_bytes / 256;
}

/* Fill the batch with the oldest items that are not running, then sort it by address. */
static uint32_t choose(struct xfs_checkpoint *cp)
{
	struct sort_entry *items = cp->cp_batch.items;
	struct xfs_log_item *lip;
	uint32_t n = 0;

	xfs_list_for_each_entry(lip, &cp->cp_ail, li_ail) {
		if (is_running(lip))
			continue;
		items[n].key = lip->li_sort_key;
		items[n].lip = lip;
		if (++n == cp->cp_batch.max_items)
			break;
	}
	xfs_sort_entries(items, n);
	return n;
}

void xfs_ail_batch_add(struct xfs_checkpoint *cp, struct xfs_log_item *lip)
{
	struct xfs_ail_batch *batch = &cp->cp_batch;
	struct xfs_buf *bp = xfs_buf_of_item(lip);

	/* The inodes of a cluster and the cluster itself are neighbours in the batch. */
	if (batch->nbufs && batch->bufs[batch->nbufs - 1] == bp)
		return;
	ASSERT(batch->nbufs < batch->max_bufs && batch->bytes + bp->b_len <= batch->max_bytes);
	ASSERT(!is_running(lip));
	xfs_buf_hold(bp);
	batch->bufs[batch->nbufs++] = bp;
	batch->bytes += bp->b_len;
}

/*
 * Copying inodes brings their clusters into memory, which may come from the reserve until they are
 * written.  Transactions that wait to enter have claims on that reserve.
 */
static bool lacks_memory(struct xfs_mount *mp)
{
	for (unsigned int nth = 0; xfs_claims_are_short(mp); nth++) {
		/* The buffers of the batch before are clean. */
		if (!xfs_shrink_caches(mp, nth))
			return true;
	}
	return false;
}

/*
 * Fill a batch from items [@first, @n); returns where the next batch begins.  Sets items that are
 * running by now to NULL.  On error the batch ends before the item that failed.
 */
static uint32_t gather(struct xfs_mount *mp, uint32_t first, uint32_t n, int *error)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_ail_batch *batch = &cp->cp_batch;
	uint32_t i;

	batch->nbufs = 0;
	batch->bytes = 0;
	for (i = first; i < n; i++) {
		struct xfs_log_item *lip = batch->items[i].lip;
		uint32_t need = lip->li_ops->push_bytes(mp, lip);

		if (is_running(lip)) {
			batch->items[i].lip = NULL;
			continue;
		}
		if (batch->nbufs == batch->max_bufs || batch->bytes + need > batch->max_bytes)
			break;
		if (lacks_memory(mp) && batch->nbufs)
			break;
		if (lip->li_ops->is_buf)
			xfs_ail_batch_add(cp, lip);
		else
			*error = lip->li_ops->push(mp, lip);
		if (*error == -ENOMEM && batch->nbufs) {
			/* Writing the buffers gathered so far frees memory. */
			*error = 0;
			break;
		}
		if (*error)
			break;
	}
	return i;
}

/* The caller has closed cp_gate, so no buffer changes. */
static int copy_out(struct xfs_ail_batch *batch)
{
	uint8_t *p = batch->copies;
	int error = 0;

	for (uint32_t i = 0; i < batch->nbufs && !error; i++) {
		error = xfs_buf_copy_out(batch->bufs[i], p);
		p += batch->bufs[i]->b_len;
	}
	return error;
}

static int write_out(struct xfs_mount *mp, struct xfs_ail_batch *batch)
{
	const uint8_t *p = batch->copies;

	for (uint32_t i = 0; i < batch->nbufs; i++) {
		xfs_buf_write_copy(batch->bufs[i], p);
		p += batch->bufs[i]->b_len;
	}
	xfs_queue_submit(mp->m_queue);
	/* A write that failed has shut the file system down. */
	return xfs_is_shutdown(mp) ? xfs_error(mp, -EIO, "writing metadata failed") : 0;
}

/* The items are written in place.  An item that became running since the copy stays running. */
static void leave_ail(struct xfs_checkpoint *cp, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		struct xfs_log_item *lip = cp->cp_batch.items[i].lip;
		bool clean;

		if (!lip)
			continue;
		xfs_list_del(&lip->li_ail);
		xfs_mutex_lock(&cp->cp_lock);
		xfs_li_flags_clear(lip, XFS_LI_IN_AIL | XFS_LI_ORDERED);
		clean = lip->li_state != XFS_LI_RUNNING;
		if (clean)
			xfs_checkpoint_forget(cp, lip);
		xfs_mutex_unlock(&cp->cp_lock);
		if (clean)
			lip->li_ops->put(lip);
	}
}

/* Write one batch in place; *@next is where to go on. */
static int one_batch(struct xfs_mount *mp, uint32_t first, uint32_t n, uint32_t *next)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_ail_batch *batch = &cp->cp_batch;
	int error, later = 0;

	xfs_gate_close(&cp->cp_gate);
	*next = gather(mp, first, n, &later);
	error = copy_out(batch);
	xfs_gate_open(&cp->cp_gate);
	/*
	 * Write the gathered buffers even after an error: pushing cleared the items' dirty fields,
	 * so a later checkpoint would log them incompletely.
	 */
	if (!error)
		error = write_out(mp, batch);
	for (uint32_t i = 0; i < batch->nbufs; i++)
		xfs_buf_put(batch->bufs[i]);
	if (!error)
		leave_ail(cp, first, *next);
	return error ? error : later;
}

int xfs_ail_push(struct xfs_mount *mp, uint64_t bytes)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t done = 0;
	uint32_t n;
	int error = 0;

	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	do {
		n = choose(cp);
		for (uint32_t i = 0; i < n && !error && done < bytes;) {
			error = one_batch(mp, i, n, &i);
			done += cp->cp_batch.bytes;
		}
	} while (n == cp->cp_batch.max_items && !error && done < bytes);
	return error;
}

int xfs_ail_push_all(struct xfs_mount *mp)
{
	return xfs_ail_push(mp, UINT64_MAX);
}
