/* SPDX-License-Identifier: MIT */
/*
 * Turning dirty folios into requests in the device queue.
 *
 * Write-back keeps one transaction open over many files, because opening and closing one costs
 * about as much as mapping a small file.  It is closed after MAX_CONVERSIONS mapped pieces, or when
 * its log reservation is used up.  Only one inode is locked at a time.  A transaction is opened
 * when the first piece needs one: overwriting mapped blocks needs none.
 */
#include "base/sabotage.h"
#include "core/counter.h"
#include "core/message.h"
#include "device/queue.h"
#include "trans/resv.h"
#include "write/write_priv.h"

/* Pieces mapped in one transaction; more would make its part of the checkpoint large. */
#define MAX_CONVERSIONS	64u

/*
 * Unwritten extents and CoW need blocks for the extent tree; reserve for this many pieces at once.
 */
#define RESERVED_PIECES	8u

/* Bytes claimed of one file before the next has its turn, if the caller does not wait. */
#define CLAIM_BYTES	(16u << 20)

/* The same for a caller that waits, and that may be cancelled in between. */
#define SYNC_CLAIM_BYTES	(64u << 20)

/* A transaction is closed after this much to call the progress hook, which costs time. */
#define ASK_FILES	64u
#define ASK_BYTES	(4u << 20)

struct writeback {
	struct xfs_mount *mp;
	struct xfs_trans *tp;		/* NULL: not open */
	uint32_t conversions;		/* pieces mapped in @tp */
	bool reserve;			/* open transactions with blocks reserved */
	bool broken;			/* an error left changes in @tp that cannot be undone */
	uint64_t claimed_end;		/* of the current file: end of the newest claim */
	struct xfs_long_call *call;	/* can be cancelled; or NULL */
	uint64_t asked;			/* call->done when its hook was last called */
	uint32_t files;			/* files written since then */
};

static int close_trans(struct writeback *wb)
{
	struct xfs_trans *tp = wb->tp;

	wb->tp = NULL;
	wb->conversions = 0;
	return tp ? xfs_trans_commit(tp) : 0;
}

/* No ILOCK is held. */
static int open_trans(struct writeback *wb)
{
	uint32_t blocks = wb->reserve ? xfs_map_blocks_resv(wb->mp, RESERVED_PIECES) : 0;
	int error = close_trans(wb);

	if (error)
		return error;
	return xfs_trans_alloc(wb->mp, XFS_RESV_WRITEBACK, blocks, XFS_TRANS_RESERVE, &wb->tp);
}

/* True if the transaction, if any, may still log @bytes. */
static bool has_log_room(const struct writeback *wb, uint32_t bytes)
{
	return !wb->tp || xfs_trans_log_left(wb->tp) >= bytes;
}

/* True if memory is short and the transaction has changes, so that it should be closed. */
static bool should_end(const struct writeback *wb)
{
	return wb->tp && xfs_trans_is_dirty(wb->tp) && xfs_trans_is_short(wb->tp);
}

/* The transaction is too small, or there is none: open another. -EAGAIN: done. */
static int reopen(struct writeback *wb)
{
	int error = open_trans(wb);

	return error ? error : -EAGAIN;
}

/* ---- one claim --------------------------------------------------------------------- */

/* The claimed folios of one file, and the progress with them. */
struct claim {
	struct xfs_inode *ip;
	struct xfs_mapping *m;
	struct xfs_list folios;
	struct xfs_folio *folio;	/* the current one, off the list; NULL: none is left */
	uint64_t todo;			/* its blocks that are still to be written */
	bool ioend_used;		/* its embedded ioend is in the queue */
	uint64_t end_byte;		/* end of the data handed to the queue */
	bool fresh;			/* something was mapped */
};

static void next_folio(struct claim *c)
{
	c->folio = NULL;
	if (xfs_list_empty(&c->folios))
		return;
	c->folio = xfs_list_first_entry(&c->folios, struct xfs_folio, fo_dirty_link);
	xfs_list_del(&c->folio->fo_dirty_link);
	c->todo = c->folio->fo_writing;
	c->ioend_used = false;
}

/* The contiguous blocks that start with the first one still to be written. */
static void next_run(const struct claim *c, xfs_fileoff_t *off, xfs_filblks_t *len)
{
	uint32_t block_log = c->ip->i_mount->m_geo.blocklog;
	const struct xfs_folio *folio = c->folio;
	uint32_t first = xfs_lowbit64(c->todo), run = xfs_folio_run(c->todo, first);
	uint32_t blocks = folio->fo_size >> block_log;
	struct xfs_list *link = c->folios.next;

	*off = (folio->fo_pos >> block_log) + first;
	*len = run;
	while (first + run == blocks && link != &c->folios) {
		const struct xfs_folio *next = xfs_list_entry(link, struct xfs_folio, fo_dirty_link);

		if (next->fo_pos != xfs_folio_end(folio) || !(next->fo_writing & 1))
			break;
		folio = next;
		first = 0;
		blocks = folio->fo_size >> block_log;
		run = xfs_folio_run(folio->fo_writing, 0);
		*len += run;
		link = link->next;
	}
}

/* Hand @count blocks of the current folio, to be written at device byte @where, to the queue. */
static void submit_piece(struct claim *c, uint32_t count, uint64_t where, bool fresh)
{
	struct xfs_mount *mp = c->ip->i_mount;
	struct xfs_folio *folio = c->folio;
	uint32_t first = xfs_lowbit64(c->todo);
	const uint8_t *data = folio->fo_data + ((size_t)first << mp->m_geo.blocklog);
	size_t len = (size_t)count << mp->m_geo.blocklog;
	uint64_t blocks = xfs_folio_mask(first, count);
	struct xfs_ioend *ioend = &folio->fo_ioend, on_stack;

	if (c->ioend_used) {
		ioend = xfs_ioend_alloc(c->m);
		if (!ioend)
			ioend = &on_stack;
	}
	c->ioend_used = true;
	*ioend = (struct xfs_ioend){
		.io_folio = folio, .io_blocks = blocks, .io_fresh = fresh,
		.io_pooled = ioend != &folio->fo_ioend && ioend != &on_stack,
	};
	c->todo &= ~blocks;
	if (ioend == &on_stack) {
		xfs_end_io(ioend, xfs_device_pwrite(mp->m_dev, where, data, len, 0));
		xfs_queue_note_write(mp->m_queue);
		return;
	}
	xfs_queue_write(mp->m_queue, where, data, len, xfs_end_io, ioend);
}

/* Submit the blocks of @map, the first ones still to be written; if it is a hole, drop them. */
static void submit(struct claim *c, const struct xfs_bmbt_irec *map, bool fresh)
{
	const struct xfs_geometry *geo = &c->ip->i_mount->m_geo;
	bool hole = isnullstartblock(map->br_startblock);
	uint64_t where = hole ? 0 : xfs_fsb_to_bytes(geo, map->br_startblock);
	xfs_filblks_t left = map->br_blockcount;

	while (left) {
		uint32_t first = xfs_lowbit64(c->todo);
		uint32_t count = xfs_folio_run(c->todo, first);
		struct xfs_folio *folio = c->folio;
		uint64_t blocks;

		count = (uint32_t)XFS_MIN((uint64_t)count, left);
		blocks = xfs_folio_mask(first, count);
		left -= count;
		if (c->todo == blocks) {
			/* Once the queue has all of it, the folio is no longer ours. */
			struct claim last = *c;

			next_folio(c);
			if (hole)
				xfs_folio_end_write(folio, blocks, false);
			else
				submit_piece(&last, count, where, fresh);
		} else if (hole) {
			c->todo &= ~blocks;
			xfs_folio_end_write(folio, blocks, false);
		} else {
			submit_piece(c, count, where, fresh);
		}
		where += (uint64_t)count << geo->blocklog;
	}
	if (!hole)
		c->end_byte = xfs_irec_end(map) << geo->blocklog;
}

/*
 * Log the size (WRITEBACK-2) and what else has changed.  ILOCK held exclusively. -EAGAIN: this
 * needs a transaction.
 */
static int log_inode(struct writeback *wb, struct claim *c)
{
	struct xfs_inode *ip = c->ip;
	uint64_t size = XFS_MIN(c->end_byte, xfs_isize(ip));
	bool grows = size > (uint64_t)ip->i_disk_size, only_times = !grows && !c->fresh;

	if (!grows && !c->fresh && !xfs_iflags_test(ip, XFS_IF_DIRTY_TIMES))
		return 0;
	/* A mapped piece leaves room for its inode, but inodes without pieces may be many. */
	if (!wb->tp || !has_log_room(wb, xfs_resv(wb->mp, XFS_RESV_INODE)))
		return -EAGAIN;
	if (grows) {
		XFS_TRACE(wb->mp, xfs_setfilesize, ip->i_ino, (uint64_t)ip->i_disk_size, size);
		ip->i_disk_size = (xfs_fsize_t)size;
	}
	xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	xfs_trans_log_inode(wb->tp, ip, XFS_ILOG_CORE | (only_times ? XFS_ILOG_TIMES : 0));
	c->fresh = false;
	return 0;
}

/* xfs_map_blocks(); an error after a change makes the transaction broken. */
static int map_run(struct writeback *wb, struct claim *c, xfs_fileoff_t off, xfs_filblks_t len,
		   struct xfs_bmbt_irec *map, bool *fresh)
{
	struct xfs_trans *tp = wb->tp;
	uint64_t before = tp ? xfs_trans_changes(tp) : 0;
	int error = xfs_map_blocks(tp, c->ip, off, len, map, fresh);

	if (error && tp && xfs_trans_changes(tp) != before)
		wb->broken = true;
	return error;
}

/*
 * Map and submit until all is done, or until another transaction is needed: -EAGAIN.  ILOCK held.
 */
static int write_locked(struct writeback *wb, struct claim *c)
{
	struct xfs_bmbt_irec map;
	xfs_fileoff_t off;
	xfs_filblks_t len;
	bool fresh;
	int error;

	while (c->folio) {
		if (wb->conversions >= MAX_CONVERSIONS || should_end(wb) ||
		    !has_log_room(wb, xfs_resv_step(wb->mp)))
			return -EAGAIN;
		next_run(c, &off, &len);
		error = map_run(wb, c, off, len, &map, &fresh);
		if (error == -EAGAIN && wb->tp)
			wb->reserve = true;
		if (error)
			return error;
		ASSERT(map.br_startoff == off && map.br_blockcount && map.br_blockcount <= len);
		if (fresh) {
			wb->conversions++;
			c->fresh = true;
		}
		submit(c, &map, fresh);
	}
	return 0;
}

/* Drop the delayed allocations of both forks in [@off, @end). */
static void punch_delalloc(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	int error, error2 = 0;

	xfs_ilock_excl(ip);
	error = xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, off, end);
	if (xfs_reflink_has_cow(ip))
		error2 = xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, off, end);
	xfs_iunlock_excl(ip);
	/* They are only in memory, so they vanish with it. */
	if (error || error2)
		xfs_warn(ip->i_mount, "inode %" PRIu64 ": delayed allocations are lost", ip->i_ino);
}

/* The rest of the claim cannot be written: it is lost. */
static void discard(struct claim *c, int error)
{
	struct xfs_bmbt_irec map = { .br_startblock = XFS_HOLESTARTBLOCK };

	if (c->folio)
		xfs_set_data_error(c->ip, error);
	while (c->folio) {
		next_run(c, &map.br_startoff, &map.br_blockcount);
		if (!xfs_is_shutdown(c->ip->i_mount))
			punch_delalloc(c->ip, map.br_startoff, xfs_irec_end(&map));
		submit(c, &map, false);
	}
}

/* Make the rest of the claim dirty again, for a later try. */
static void give_back(struct claim *c)
{
	while (c->folio) {
		struct xfs_folio *folio = c->folio;
		uint64_t todo = c->todo;

		next_folio(c);
		xfs_folio_redirty(folio, todo);
	}
}

/*
 * Free blocks may be missing only because they were freed in checkpoints that are not durable.
 * Force the log once. -EAGAIN: try again.
 */
static int wait_for_space(struct writeback *wb, bool *forced)
{
	int error = close_trans(wb);

	*forced = true;
	if (error)
		return error;
	return xfs_log_force_for_space(wb->mp, -ENOSPC) ? reopen(wb) : -ENOSPC;
}

/* Write all folios of the claim. */
static int write_claim(struct writeback *wb, struct claim *c)
{
	struct xfs_inode *ip = c->ip;
	bool forced = false;
	int error;

	next_folio(c);
	do {
		xfs_ilock_excl(ip);
		error = write_locked(wb, c);
		/* Log the size together with what was mapped, even if the rest must wait. */
		if (!error || (wb->tp && !wb->broken)) {
			int error2 = log_inode(wb, c);

			error = error ? error : error2;
		}
		xfs_iunlock_excl(ip);
		if (error == -EAGAIN)
			error = reopen(wb);
		else if (error == -ENOSPC && !wb->broken && !forced)
			error = wait_for_space(wb, &forced);
	} while (error == -EAGAIN);
	if (wb->broken) {
		/* Shuts down: the changes of the transaction cannot be undone. */
		xfs_trans_cancel(wb->tp);
		wb->tp = NULL;
		wb->conversions = 0;
		wb->reserve = wb->broken = false;
	}
	/* Memory or blocks may be available the next time. */
	if ((error == -ENOMEM || error == -ENOSPC) && !xfs_is_shutdown(wb->mp))
		give_back(c);
	else if (error)
		discard(c, error);
	return error;
}

/*
 * Claim and write dirty data of the range, up to @max_bytes at once. *@bytes: how much, ending at
 * wb->claimed_end.  With @wait, wait for folios that others have locked or are writing.
 */
static int write_some(struct writeback *wb, struct xfs_mapping *m, uint64_t start, uint64_t end,
		      uint64_t max_bytes, bool wait, uint64_t *bytes)
{
	struct claim c = { .ip = m->m_owner, .m = m };
	uint64_t claimed;
	bool left_failed;
	int error = 0;

	*bytes = 0;
	do {
		xfs_list_init(&c.folios);
		claimed = xfs_mapping_claim(m, start, end, max_bytes, wait, &c.folios,
					    &left_failed);
		*bytes += claimed;
		if (claimed) {
			wb->claimed_end = xfs_folio_end(
				xfs_list_last_entry(&c.folios, struct xfs_folio, fo_dirty_link));
			error = write_claim(wb, &c);
			xfs_mapping_end_claim(m);
		}
		if (!error && left_failed) {
			error = close_trans(wb);
			xfs_end_failed_io(wb->mp);
		}
	} while (!error && left_failed);
	return error;
}

/* ---- callers --------------------------------------------------------------------------- */

/* For a NOWAIT call: 0 if there is nothing to do. */
static int want_written(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t start, uint64_t end)
{
	uint64_t first, run_end;

	if (!xfs_mapping_find_dirty(m, start, end, &first, &run_end) &&
	    !xfs_pagecache_has_failed(ip->i_mount))
		return 0;
	return xfs_would_wait("data of inode %" PRIu64 " must be written", ip->i_ino);
}

int xfs_writeback_start(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	struct writeback wb = { .mp = ip->i_mount };
	uint64_t bytes;
	int error, error2;

	if (!m)
		return 0;
	if (xfs_nowait())
		return want_written(ip, m, start, end);
	xfs_end_failed_io(ip->i_mount);
	error = write_some(&wb, m, start, end, ~0ull, true, &bytes);
	error2 = close_trans(&wb);
	return error ? error : error2;
}

int xfs_writeback_range(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	int error;

	if (!m)
		return 0;
	error = xfs_writeback_start(ip, start, end);
	if (xfs_nowait())
		return error;
	xfs_mapping_wait_writeback(m);
	xfs_end_failed_io(ip->i_mount);
	return error;
}

int xfs_writeback_or_error(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	struct xfs_data_errors_seen seen;
	int error;

	xfs_data_error_sample(ip, &seen);
	error = xfs_writeback_range(ip, start, end);
	return error ? error : xfs_data_error_at_close(ip, &seen);
}

/*
 * True if the call was cancelled.  The hook is called without an open transaction, which would keep
 * checkpoints from being closed (CANCEL-2); therefore not after every small file.
 */
static bool is_cancelled(struct writeback *wb, int *error)
{
	struct xfs_long_call *call = wb->call;
	int error2;

	if (xfs_long_call_is_cancelled(call))
		return true;
	if (!xfs_long_call_has_hook(call))
		return false;
	if (wb->tp && ++wb->files < ASK_FILES && call->done - wb->asked < ASK_BYTES)
		return false;
	error2 = close_trans(wb);
	*error = *error ? *error : error2;
	wb->asked = call->done;
	wb->files = 0;
	return xfs_long_call_ask(call);
}

/*
 * Write the dirty data of one file from start to end, once: a writer that goes on cannot keep us
 * here.
 */
static int write_file(struct writeback *wb, struct xfs_mapping *m)
{
	uint64_t start = 0, bytes;
	bool more;
	int error;

	do {
		error = write_some(wb, m, start, ~0ull, SYNC_CLAIM_BYTES, true, &bytes);
		start = wb->claimed_end;
		if (wb->call)
			wb->call->done += bytes;
		more = !error && bytes >= SYNC_CLAIM_BYTES;
	} while (more && !is_cancelled(wb, &error) && !error);
	return error;
}

int xfs_writeback_all(struct xfs_mount *mp, struct xfs_long_call *call)
{
	struct writeback wb = { .mp = mp, .call = call };
	uint64_t upto = xfs_pagecache_dirty_seq(mp);
	struct xfs_mapping *m;
	int error = 0, error2;

	if (call)
		call->total = call->done + xfs_pagecache_dirty_bytes(mp);
	xfs_end_failed_io(mp);
	while (!is_cancelled(&wb, &error) && (m = xfs_pagecache_pick_dirty(mp, upto))) {
		error2 = write_file(&wb, m);
		/* A file that fails or is busy must not keep the others from being written. */
		error = error ? error : error2;
		xfs_pagecache_unpick(m, true);
	}
	error2 = close_trans(&wb);
	error = error ? error : error2;
	/* After a cancel, do not wait for files that other threads are writing. */
	if (!xfs_long_call_is_cancelled(call))
		xfs_pagecache_wait_picked(mp);
	xfs_queue_submit(mp->m_queue);
	xfs_end_failed_io(mp);
	return call && call->cancelled ? xfs_long_call_error(call) : error;
}

/* A file of at least this size has preallocation while it is written at its end. */
#define GROWING_BYTES	(64 << 10)

static bool is_growing(const void *owner)
{
	const struct xfs_inode *ip = owner;

	return __atomic_load_n(&ip->i_opens_write, __ATOMIC_RELAXED) > 0 &&
	       __atomic_load_n(&ip->i_size, __ATOMIC_RELAXED) >= GROWING_BYTES;
}

/*
 * Memory pressure writes @ip now, in a smaller piece than usual.  If other files grow at the same
 * time, their pieces would alternate on disk: mark the file, so that it gets its own region.
 */
static void mark_side_by_side(struct xfs_mount *mp, struct xfs_inode *ip)
{
	bool has = xfs_iflags_test(ip, XFS_IF_SIDE_BY_SIDE);

	if (is_growing(ip) && xfs_pagecache_has_dirty(mp, is_growing)) {
		if (!has)
			xfs_iflags_set(ip, XFS_IF_SIDE_BY_SIDE);
	} else if (has) {
		xfs_iflags_clear(ip, XFS_IF_SIDE_BY_SIDE);
	}
}

/* Write the oldest dirty files up to @upto; all of them (@all), or until few are left. */
static int write_oldest(struct xfs_mount *mp, uint64_t upto, bool all)
{
	struct writeback wb = { .mp = mp };
	uint64_t bytes;
	uint32_t idle = 0;
	int error = 0, error2;

	xfs_end_failed_io(mp);
	while (!error && (all || (idle < 8 && xfs_pagecache_is_dirty_enough(mp)))) {
		struct xfs_mapping *m = xfs_pagecache_pick_dirty(mp, upto);

		if (!m)
			break;
		mark_side_by_side(mp, m->m_owner);
		error = write_some(&wb, m, 0, ~0ull, CLAIM_BYTES, false, &bytes);
		/* Its writer has it locked: try others first. */
		idle = bytes ? 0 : idle + 1;
		xfs_pagecache_unpick(m, !bytes || error);
	}
	error2 = close_trans(&wb);
	/*
	 * Submit now, while the CPU's cache has the data; waiting would only make long writes
	 * longer.  Correctness does not depend on it: a commit submits what it needs.
	 */
	if (!XFS_SABOTAGE(XFS_RULE_ORDERED_DATA))
		xfs_queue_submit(mp->m_queue);
	return error ? error : error2;
}

int xfs_writeback_some(struct xfs_mount *mp)
{
	return write_oldest(mp, ~0ull, false);
}

int xfs_writeback_dirty(struct xfs_mount *mp)
{
	return write_oldest(mp, xfs_pagecache_dirty_seq(mp), true);
}

int xfs_writeback_since(struct xfs_mount *mp, int64_t seconds)
{
	uint64_t upto = xfs_pagecache_dirty_since(mp, seconds);

	return upto ? write_oldest(mp, upto, true) : 0;
}

int xfs_log_times(struct xfs_inode *ip)
{
	struct xfs_trans *tp;
	int error;

	if (!xfs_iflags_test(ip, XFS_IF_DIRTY_TIMES))
		return 0;
	error = xfs_trans_alloc_ilocked(ip, XFS_RESV_INODE, 0, 0, &tp);
	if (error)
		return error;
	xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE | XFS_ILOG_TIMES);
	xfs_iunlock_excl(ip);
	return xfs_trans_commit(tp);
}

/*
 * If nobody writes to @ip any more, free the blocks that write-back allocated around shared ones.
 */
static void give_back_cow(struct xfs_inode *ip)
{
	uint64_t start, end;
	bool has;

	if (!(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK) || xfs_is_shutdown(ip->i_mount) ||
	    __atomic_load_n(&ip->i_opens_write, __ATOMIC_RELAXED) ||
	    !xfs_rwlock_try_excl(&ip->i_iolock))
		return;
	xfs_ilock_shared(ip);
	has = xfs_reflink_has_cow(ip);
	xfs_iunlock_shared(ip);
	if (has && !xfs_mapping_find_dirty(ip->i_mapping, 0, ~0ull, &start, &end) &&
	    xfs_reflink_give_back_cow(ip))
		xfs_warn(ip->i_mount,
			 "inode %" PRIu64 ": blocks of the copy-on-write fork were not freed",
			 ip->i_ino);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
}

void xfs_writeback_release(struct xfs_mount *mp)
{
	struct xfs_inode *ip;

	/* A NOWAIT call leaves this to another caller. */
	if (xfs_nowait_asked())
		return;
	while ((ip = xfs_pagecache_pop_clean(mp))) {
		give_back_cow(ip);
		xfs_irele(ip);
	}
}

static int abandon_inode(struct xfs_inode *ip, void *arg)
{
	(void)arg;
	if (!xfs_is_reg(ip))
		return 0;
	if (ip->i_mapping)
		(void)!xfs_mapping_truncate(ip->i_mapping, 0);
	punch_delalloc(ip, 0, NULLFILEOFF);
	return 0;
}

void xfs_writeback_abandon(struct xfs_mount *mp)
{
	bool delalloc;

	if (!mp->m_inodes || !mp->m_pagecache)
		return;
	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	delalloc = mp->m_delalloc_blocks != 0;
	xfs_mutex_unlock(&mp->m_lock);
	/* As after a successful close. */
	if (!delalloc && !xfs_pagecache_holds_owners(mp))
		return;
	if (xfs_inode_walk(mp, abandon_inode, NULL))
		xfs_warn(mp, "delayed allocations are lost");
	xfs_writeback_release(mp);
}
