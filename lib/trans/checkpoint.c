/* SPDX-License-Identifier: MIT */
/*
 * The journal: closing the running checkpoint and writing it.  The thread that holds cp_commit does
 * all of it. cp_gate is the barrier that no transaction is open.
 *
 * A commit, in order:
 *
 * 1.  Write queued data while transactions go on (TRANS-4). 2.  Close cp_gate, which waits for the
 *    open transactions, and write the data queued meanwhile.  If writing failed for data whose
 *    blocks are already mapped, reopen cp_gate, convert those blocks back to unwritten, and
 *    restart. 3.  Measure the running items, check them with their verifiers, allocate memory for
 *    all of them and copy them.  Reopen cp_gate: what follows needs only the copies.  If there is
 *    no memory for all of them, do step 4 first and write the records as they are made, before
 *    cp_gate is reopened. 4.  Flush the device if anything was written: data (TRANS-6), or metadata
 *    in place that lets the tail move (TRANS-7). 5.  Write the records.  The log flushes for
 *    itself. 6.  The items are durable and may be written in place.
 *
 * The tail that a checkpoint records is the tail of the items that were durable before it: its own
 * items do not count until it is durable.
 */
#include "base/clock.h"
#include "base/sabotage.h"
#include "core/counter.h"
#include "core/message.h"
#include "device/queue.h"
#include "disk/log.h"
#include "disk/log_item.h"
#include "log/log.h"
#include "pagecache/mapping.h"
#include "trans/note.h"
#include "trans/trans_priv.h"

#define SB_LOGGED_BYTES	384u

/* ---- cutting ----------------------------------------------------------------------- */

/* Log space that the running items need. */
struct cut_size {
	uint64_t bytes, regions;	/* headers of regions included */
	uint64_t links;			/* inodes whose link in an unlinked list changed */
};

struct cut {
	struct xfs_log_sink sink;
	struct xlog_stream *stream;
	struct sort_entry *links;	/* sorted by place in the cluster */
	uint64_t nlinks;
};

static void to_stream(struct xfs_log_sink *sink, const void *data, uint32_t len)
{
	xlog_stream_region(container_of(sink, struct cut, sink)->stream, data, len);
}

static bool has_link(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk)
{
	return lip->li_ops->cluster_chunk && lip->li_ops->cluster_chunk(lip, chunk);
}

static void measure(struct xfs_checkpoint *cp, struct cut_size *size)
{
	struct xfs_cluster_chunk chunk;
	struct xfs_log_item *lip;

	*size = (struct cut_size){ 0 };
	xfs_list_for_each_entry(lip, &cp->cp_running, li_list) {
		uint32_t regions;

		size->bytes += lip->li_ops->size(lip, &regions);
		size->bytes += (uint64_t)regions * XLOG_OP_HEADER_BYTES;
		size->regions += regions;
		if (!has_link(lip, &chunk))
			continue;
		/* The worst case: each inode is alone in its cluster. */
		size->links++;
		size->regions += 2;
		size->bytes += 2 * XLOG_OP_HEADER_BYTES + sizeof(chunk.cc_data) + XFS_BUF_LOG_FORMAT_LEN +
			       XFS_ALIGN((chunk.cc_len >> XFS_BLF_CHUNK_SHIFT) / 8, 4);
	}
}

/*
 * Format one BUF item for the links of all inodes of one cluster, which begin at @first in the
 * sorted array.  Returns how many there are.
 */
static uint64_t format_links(struct cut *cut, uint64_t first)
{
	/* One chunk for each inode of a cluster of at most 64 KiB, and their bitmap. */
	struct {
		struct xfs_buf_log_format blf;
		uint32_t map[16];
	} fr;
	struct xfs_cluster_chunk head, chunk;
	uint8_t *map = (uint8_t *)&fr + XFS_BUF_LOG_FORMAT_LEN;
	uint64_t n = 1;

	if (!has_link(cut->links[first].lip, &head))
		return 1;
	for (; first + n < cut->nlinks; n++) {
		if (!has_link(cut->links[first + n].lip, &chunk) || chunk.cc_daddr != head.cc_daddr)
			break;
	}
	fr.blf = (struct xfs_buf_log_format){
		.blf_type = XFS_LI_BUF,
		.blf_size = (uint16_t)(1 + n),
		.blf_flags = XFS_BLF_INODE_BUF | XFS_BLFT_DINO << XFS_BLFT_SHIFT,
		.blf_len = (uint16_t)(head.cc_len >> XFS_BB_SHIFT),
		.blf_blkno = head.cc_daddr,
		.blf_map_size = (head.cc_len / XFS_BLF_CHUNK + 31) / 32,
	};
	/* The bitmap begins in the structure's padding, which is not zeroed. */
	memset(map, 0, 4 * (size_t)fr.blf.blf_map_size);
	for (uint64_t i = first; i < first + n; i++) {
		uint32_t bit, word;

		has_link(cut->links[i].lip, &chunk);
		bit = chunk.cc_offset / XFS_BLF_CHUNK;
		memcpy(&word, map + bit / 32 * 4, 4);
		word |= 1u << bit % 32;
		memcpy(map + bit / 32 * 4, &word, 4);
	}
	to_stream(&cut->sink, &fr, XFS_BUF_LOG_FORMAT_LEN + 4 * fr.blf.blf_map_size);
	for (uint64_t i = first; i < first + n; i++) {
		has_link(cut->links[i].lip, &chunk);
		to_stream(&cut->sink, chunk.cc_data, sizeof(chunk.cc_data));
	}
	return n;
}

/* The key keeps the inodes of a cluster next to each other: no two clusters share a byte. */
static struct sort_entry link_entry(struct xfs_log_item *lip, const struct xfs_cluster_chunk *chunk)
{
	return (struct sort_entry){
		.key = ((uint64_t)chunk->cc_daddr << XFS_BB_SHIFT) + chunk->cc_offset,
		.lip = lip,
	};
}

/* Find the lowest cluster at or after @daddr that has links; false: none. */
static bool next_cluster(struct xfs_checkpoint *cp, xfs_daddr_t daddr, xfs_daddr_t *lowest)
{
	struct xfs_cluster_chunk chunk;
	struct xfs_log_item *lip;
	bool found = false;

	xfs_list_for_each_entry(lip, &cp->cp_running, li_list) {
		if (!has_link(lip, &chunk) || chunk.cc_daddr < daddr ||
		    (found && chunk.cc_daddr >= *lowest))
			continue;
		*lowest = chunk.cc_daddr;
		found = true;
	}
	return found;
}

/*
 * Without memory to sort: scan all items once for each cluster.  Returns the number of clusters;
 * with @cut NULL it only counts.
 */
static uint32_t format_links_slowly(struct xfs_checkpoint *cp, struct cut *cut)
{
	struct sort_entry links[XFS_MAX_BLOCKSIZE / XFS_DINODE_MIN_SIZE];
	struct xfs_cluster_chunk chunk;
	struct xfs_log_item *lip;
	xfs_daddr_t daddr = 0;
	uint32_t n;

	for (n = 0; next_cluster(cp, daddr, &daddr); n++, daddr++) {
		if (!cut)
			continue;
		cut->links = links;
		cut->nlinks = 0;
		xfs_list_for_each_entry(lip, &cp->cp_running, li_list) {
			if (has_link(lip, &chunk) && chunk.cc_daddr == daddr &&
			    cut->nlinks < ARRAY_SIZE(links))
				links[cut->nlinks++] = link_entry(lip, &chunk);
		}
		xfs_sort_entries(links, cut->nlinks);
		format_links(cut, 0);
	}
	return n;
}

static void format_links_sorted(struct xfs_checkpoint *cp, struct cut *cut)
{
	struct xfs_cluster_chunk chunk;
	struct xfs_log_item *lip;

	xfs_list_for_each_entry(lip, &cp->cp_running, li_list) {
		if (has_link(lip, &chunk))
			cut->links[cut->nlinks++] = link_entry(lip, &chunk);
	}
	xfs_sort_entries(cut->links, cut->nlinks);
	for (uint64_t i = 0; i < cut->nlinks;)
		i += format_links(cut, i);
}

/* Copy the running items, which join the checkpoint that is being written. */
static void format_all(struct xfs_checkpoint *cp, struct cut *cut, bool links)
{
	struct xfs_log_item *lip, *next;

	xfs_list_for_each_entry_safe(lip, next, &cp->cp_running, li_list)
		lip->li_ops->format(lip, &cut->sink);
	if (links && cut->links)
		format_links_sorted(cp, cut);
	else if (links)
		format_links_slowly(cp, cut);

	xfs_mutex_lock(&cp->cp_lock);
	xfs_list_for_each_entry_safe(lip, next, &cp->cp_running, li_list) {
		xfs_list_del(&lip->li_list);
		xfs_list_add_tail(&lip->li_commit, &cp->cp_committing);
		xfs_li_flags_set(lip, lip->li_flags & XFS_LI_FREED
					      ? XFS_LI_COMMITTING | XFS_LI_COMMIT_FREED
					      : XFS_LI_COMMITTING);
		if (XFS_SABOTAGE(XFS_RULE_CUMULATIVE))
			lip->li_ops->forget_changes(lip);
		__atomic_store_n(&lip->li_state, XFS_LI_STABLE, __ATOMIC_RELEASE);
	}
	xfs_mutex_unlock(&cp->cp_lock);
}

/*
 * cp_gate is closed.  Nothing may enter the log that cannot be written in place later.  On error
 * the log is unchanged and the caller shuts the file system down.
 */
static int verify_running(struct xfs_mount *mp)
{
	struct xfs_log_item *lip;

	xfs_list_for_each_entry(lip, &mp->m_checkpoint->cp_running, li_list) {
		int error = lip->li_ops->verify ? lip->li_ops->verify(mp, lip) : 0;

		if (unlikely(error))
			return error;
	}
	return 0;
}

/* cp_gate is closed: add the superblock to the running items. */
static void log_superblock(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	__atomic_store_n(&mp->m_sb_changed, false, __ATOMIC_RELAXED);
	xfs_mutex_lock(&mp->m_lock);
	xfs_sb_to_disk(cp->cp_sb->b_addr, &mp->m_sb);
	xfs_mutex_unlock(&mp->m_lock);
	xfs_buf_mark_dirty(cp->cp_sb, 0, SB_LOGGED_BYTES - 1);
	xfs_mutex_lock(&cp->cp_lock);
	xfs_checkpoint_add(cp, &cp->cp_sb->b_item);
	xfs_mutex_unlock(&cp->cp_lock);
}

/* Blocks that a transaction has mapped hold garbage and are still mapped as written. */
static bool data_is_missing(struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_repairing, __ATOMIC_ACQUIRE) ||
	       (mp->m_pagecache && xfs_pagecache_has_failed(mp));
}

/* The position where recovery must start for items that are durable and not in place; 0: none. */
static xfs_lsn_t ail_tail(struct xfs_checkpoint *cp)
{
	struct xfs_log_item *lip;

	xfs_list_for_each_entry(lip, &cp->cp_ail, li_ail) {
		if (!(xfs_li_flags(lip) & XFS_LI_ORDERED) || !XFS_SABOTAGE(XFS_RULE_ICREATE_TAIL))
			return lip->li_tail_lsn;
	}
	return 0;
}

void xfs_hold_tail(struct xfs_mount *mp, struct xfs_tail_hold *th, xfs_lsn_t lsn)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	xfs_mutex_lock(&cp->cp_lock);
	if (!th->th_lsn && lsn)
		xfs_list_add_tail(&th->th_list, &cp->cp_tail_holds);
	else if (th->th_lsn && !lsn)
		xfs_list_del(&th->th_list);
	th->th_lsn = lsn;
	xfs_mutex_unlock(&cp->cp_lock);
}

/* The tail must not pass an intent that is not done. */
static xfs_lsn_t tail_of(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_tail_hold *th;
	xfs_lsn_t tail;

	if (XFS_SABOTAGE(XFS_RULE_TAIL))
		return 0;
	tail = ail_tail(cp);
	xfs_mutex_lock(&cp->cp_lock);
	xfs_list_for_each_entry(th, &cp->cp_tail_holds, th_list) {
		if (!tail || th->th_lsn < tail)
			tail = th->th_lsn;
	}
	xfs_mutex_unlock(&cp->cp_lock);
	return tail;
}

uint64_t xfs_intent_id(struct xfs_mount *mp, uint64_t not)
{
	uint64_t id;

	do {
		id = __atomic_add_fetch(&mp->m_checkpoint->cp_intent_ids, 2, __ATOMIC_RELAXED) | 1;
	} while (id == not);
	return id;
}

/*
 * Without the flush a crash could keep the checkpoint and lose the data that it makes visible, so
 * that stale blocks are read; or lose metadata that the tail has passed.
 */
static int flush_before_log(struct xfs_mount *mp)
{
	int error = 0;

	if (XFS_SABOTAGE(XFS_RULE_ORDERED_DATA))
		error = xfs_device_flush(mp->m_dev);
	else if (!XFS_SABOTAGE(XFS_RULE_PREFLUSH))
		error = xfs_queue_flush_written(mp->m_queue);
	if (error)
		xfs_shutdown(mp, error, "flushing data before a checkpoint: %s", xfs_errstr(error));
	return error;
}

/* There is no memory for the whole checkpoint: write its records as they are made. */
static int open_window(struct xfs_mount *mp, const struct cut_size *size, struct cut *cut)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t regions = size->regions - size->links + format_links_slowly(cp, NULL);
	int error = flush_before_log(mp);

	XFS_TRACE(mp, xlog_window, size->bytes, regions);
	if (!error)
		cut->stream = xlog_stream_open_window(mp->m_log, (uint32_t)regions, tail_of(mp));
	return error;
}

/* NULL is no error: format_all() works without, slower. */
static struct sort_entry *memory_for_links(struct xfs_mount *mp, const struct cut_size *size)
{
	struct xfs_budget *before;
	struct sort_entry *links;

	if (!size->links)
		return NULL;
	before = xfs_mem_critical_enter(NULL);
	links = xfs_mem_alloc(&mp->m_mem, (size_t)size->links * sizeof(*links));
	xfs_mem_critical_leave(before);
	return links;
}

/* Steps 2 and 3, with cp_gate closed. *@streamp NULL: there is nothing to write. */
static int cut_running(struct xfs_mount *mp, bool covering, struct xlog_stream **streamp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct cut cut = { .sink.region = to_stream };
	struct cut_size size;
	struct sort_entry *links;
	int error;

	*streamp = NULL;
	if (!XFS_SABOTAGE(XFS_RULE_ORDERED_DATA))
		xfs_queue_submit(mp->m_queue);
	if (data_is_missing(mp))
		return XFS_CHECKPOINT_RESTART;
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (covering || __atomic_load_n(&mp->m_sb_changed, __ATOMIC_RELAXED))
		log_superblock(mp);
	if (xfs_list_empty(&cp->cp_running))
		return 0;
	measure(cp, &size);
	if (!size.regions) {
		log_superblock(mp);
		measure(cp, &size);
	}
	error = verify_running(mp);
	if (error)
		return error;
	error = xlog_stream_alloc(mp->m_log, size.bytes, size.regions, &cut.stream);
	if (error == -ENOMEM)
		error = open_window(mp, &size, &cut);
	if (error)
		return error;
	cut.links = links = memory_for_links(mp, &size);
	format_all(cp, &cut, size.links != 0);
	xfs_free(mp, links);
	__atomic_store_n(&cp->cp_log_used, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&cp->cp_seq, cp->cp_seq + 1, __ATOMIC_RELEASE);
	xfs_mutex_lock(&cp->cp_lock);
	cp->cp_freed_cut = __atomic_exchange_n(&cp->cp_freed, 0, __ATOMIC_RELAXED);
	cp->cp_expected = cp->cp_came;
	__atomic_store_n(&cp->cp_came, 0, __ATOMIC_RELAXED);
	xfs_cond_broadcast(&cp->cp_room);
	xfs_mutex_unlock(&cp->cp_lock);
	mp->m_upcalls->checkpoint_cut(mp);
	*streamp = cut.stream;
	return 0;
}

/* ---- writing ------------------------------------------------------------------------ */

/*
 * cp_lock held.  @lip was in checkpoint @lsn, which is durable now.  True: @lip is clean, and the
 * caller puts it.
 */
static bool item_durable(struct xfs_checkpoint *cp, struct xfs_log_item *lip, xfs_lsn_t lsn)
{
	bool running = lip->li_state == XFS_LI_RUNNING;

	if (!(lip->li_flags & XFS_LI_COMMIT_FREED)) {
		lip->li_lsn = lsn;
		/*
		 * Only the first checkpoint of new inodes logs their contents, so the tail stays
		 * there until they are in place (TRANS-7).
		 */
		if (!(lip->li_flags & XFS_LI_ORDERED && lip->li_flags & XFS_LI_IN_AIL)) {
			lip->li_tail_lsn = lsn;
			xfs_list_move_tail(&lip->li_ail, &cp->cp_ail);
		}
		xfs_li_flags_clear(lip, XFS_LI_COMMITTING);
		xfs_li_flags_set(lip, XFS_LI_IN_AIL);
		return false;
	}
	/*
	 * Recovery does not replay older images of a freed block, so nothing has to be written in
	 * place.
	 */
	xfs_list_del(&lip->li_ail);
	xfs_li_flags_clear(lip, XFS_LI_COMMITTING | XFS_LI_COMMIT_FREED | XFS_LI_IN_AIL);
	if (running)
		return false;
	xfs_li_flags_clear(lip, XFS_LI_FREED | XFS_LI_ORDERED);
	lip->li_ops->forget_changes(lip);
	xfs_checkpoint_forget(cp, lip);
	return true;
}

/* Items per hold of cp_lock: threads that change items need it in between. */
#define DURABLE_BATCH	32u

/* Step 6. */
static void make_durable(struct xfs_checkpoint *cp, xfs_lsn_t lsn)
{
	struct xfs_log_item *clean[DURABLE_BATCH];

	while (!xfs_list_empty(&cp->cp_committing)) {
		struct xfs_log_item *lip, *next;
		uint32_t n = 0, nr_clean = 0;

		xfs_mutex_lock(&cp->cp_lock);
		xfs_list_for_each_entry_safe(lip, next, &cp->cp_committing, li_commit) {
			xfs_list_del(&lip->li_commit);
			if (item_durable(cp, lip, lsn))
				clean[nr_clean++] = lip;
			if (++n == DURABLE_BATCH)
				break;
		}
		xfs_mutex_unlock(&cp->cp_lock);
		while (nr_clean) {
			lip = clean[--nr_clean];
			lip->li_ops->put(lip);
		}
	}
}

/* Recovery holds a whole checkpoint in memory, so a memory limit bounds its size. */
uint64_t xfs_checkpoint_max(const struct xfs_mount *mp)
{
	uint64_t log = xlog_max_checkpoint(mp->m_log);

	return mp->m_checkpoint_bytes ? XFS_MIN(log, mp->m_checkpoint_bytes) : log;
}

void xfs_checkpoint_set_limit(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t limit = XFS_MIN(xlog_space(mp->m_log), xfs_checkpoint_max(mp));

	xfs_mutex_lock(&cp->cp_lock);
	__atomic_store_n(&cp->cp_log_limit, limit, __ATOMIC_RELAXED);
	xfs_mutex_unlock(&cp->cp_lock);
}

/* Steps 4 to 6. */
static int write_checkpoint(struct xfs_mount *mp, struct xlog_stream *stream, uint64_t seq)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	xfs_lsn_t lsn = xlog_stream_lsn(stream);
	int error = 0;

	if (XFS_SABOTAGE(XFS_RULE_WAL)) {
		make_durable(cp, lsn);
		error = xfs_ail_push_all(mp);
	}
	if (!error)
		error = flush_before_log(mp);
	if (!error)
		error = xlog_stream_write(stream, tail_of(mp));
	if (error && !xfs_is_shutdown(mp))
		xfs_shutdown(mp, error, "writing the log: %s", xfs_errstr(error));
	if (error)
		return error;
	make_durable(cp, lsn);
	mp->m_upcalls->checkpoint_durable(mp, seq);
	if (cp->cp_freed_cut)
		xfs_clear_busy_blocks(mp, cp->cp_freed_cut);
	cp->cp_freed_cut = 0;
	xfs_mutex_lock(&cp->cp_lock);
	__atomic_store_n(&cp->cp_durable_seq, seq, __ATOMIC_RELEASE);
	xfs_cond_broadcast(&cp->cp_wake);
	xfs_mutex_unlock(&cp->cp_lock);
	xfs_checkpoint_set_limit(mp);
	return 0;
}

int xfs_checkpoint_commit(struct xfs_mount *mp, bool covering)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xlog_stream *stream;
	uint64_t began;
	int error;

	if (!XFS_SABOTAGE(XFS_RULE_ORDERED_DATA))
		xfs_queue_submit(mp->m_queue);
	xfs_gate_close(&cp->cp_gate);
	error = cut_running(mp, covering, &stream);
	xfs_gate_open(&cp->cp_gate);
	if (!stream)
		return error;
	began = xfs_host_ns();
	error = write_checkpoint(mp, stream, cp->cp_seq - 1);
	__atomic_store_n(&cp->cp_write_ns, xfs_host_ns() - began, __ATOMIC_RELAXED);
	xlog_stream_free(stream);
	return error;
}
