/* SPDX-License-Identifier: MIT */
/*
 * The ring as the writer sees it: opening it at the head, free space, and the blocks ahead of the
 * head that a crashed writer may have left.
 *
 * Free space reaches from the head to the tail that the last durable record carries, not to the
 * tail of the record being written: until that is durable, a crash takes recovery back to the older
 * tail.
 */
#include "core/message.h"
#include "log/log_priv.h"

#define MAX_CHECKPOINT_BYTES	(32ull << 20)
#define CLEAR_CHUNK_BBS		512u

uint32_t xlog_free_at(const struct xlog *log, xfs_lsn_t head, xfs_lsn_t tail)
{
	uint32_t h = BLOCK_LSN(head), t = BLOCK_LSN(tail);

	if (CYCLE_LSN(head) == CYCLE_LSN(tail))
		return log->ring.nbbs - (h - t);
	/* A reader without the lock may see a new head with an old tail. */
	return t > h ? t - h : 0;
}

uint32_t xlog_size_bbs(const struct xlog *log)
{
	return log->ring.nbbs;
}

xfs_lsn_t xlog_head_lsn(const struct xlog *log)
{
	return (xfs_lsn_t)__atomic_load_n(&log->head, __ATOMIC_ACQUIRE);
}

xfs_lsn_t xlog_tail_lsn(const struct xlog *log)
{
	return (xfs_lsn_t)__atomic_load_n(&log->tail, __ATOMIC_ACQUIRE);
}

uint32_t xlog_free_bbs(const struct xlog *log)
{
	xfs_lsn_t tail = xlog_tail_lsn(log);

	/* Read the tail first: a head read after it is never behind it. */
	return xlog_free_at(log, xlog_head_lsn(log), tail);
}

/*
 * Contents that @bbs blocks can hold.  Each record may lose one operation header at its end, where
 * nothing can be split, and one for the piece that continues there.  START, transaction header and
 * COMMIT come once.
 */
static uint64_t contents_of(const struct xlog *log, uint64_t bbs)
{
	const uint64_t lost = 2 * XLOG_OP_HEADER_BYTES;
	const uint64_t once = 3 * XLOG_OP_HEADER_BYTES + sizeof(struct xfs_trans_header);
	uint64_t headers = (uint64_t)log->header_bbs << XFS_BB_SHIFT;
	uint64_t full = bbs / log->max_bbs;
	uint64_t rest = xfs_rounddown64(bbs % log->max_bbs, log->unit_bbs) << XFS_BB_SHIFT;
	uint64_t bytes = full * (((uint64_t)log->max_bbs << XFS_BB_SHIFT) - headers - lost);

	if (rest > headers + lost)
		bytes += rest - headers - lost;
	return bytes > once ? bytes - once : 0;
}

uint64_t xlog_space(const struct xlog *log)
{
	uint32_t bbs = xlog_free_bbs(log);

	return bbs > log->reserve_bbs ? contents_of(log, bbs - log->reserve_bbs) : 0;
}

uint64_t xlog_max_checkpoint(const struct xlog *log)
{
	return log->max_checkpoint;
}

void xlog_get_stats(const struct xlog *log, struct xlog_stats *stats)
{
	*stats = log->stats;
}

int xlog_fail(struct xlog *log, int error)
{
	log->dead = true;
	xfs_shutdown(log->ring.mp, error, "the log cannot be written: %s", xfs_errstr(error));
	return error;
}

int xlog_flush(struct xlog *log, enum xfs_rule rule)
{
	int error;

	if (XFS_SABOTAGE(rule))
		return 0;
	log->stats.flushes++;
	error = xfs_device_flush(log->ring.dev);
	if (error)
		return xfs_error(log->ring.mp, error, "log: flush: %s", xfs_errstr(error));
	return 0;
}

/* Record size, header blocks and unit: from the superblock, or from the log that is continued. */
static int choose_sizes(struct xlog *log, const struct xlog_state *state)
{
	const struct xfs_geometry *geo = &log->ring.mp->m_geo;
	uint32_t unit = geo->logsunit > 1 ? geo->logsunit : geo->logsectsize;
	uint32_t size = XFS_MAX(geo->logsunit, XLOG_BIG_RECORD_BSIZE), small;

	/* LOG-4: recovery reads all records with the header count of the first. */
	if (!state->clean && state->record_size && state->record_size <= XLOG_MAX_RECORD_BSIZE &&
	    state->record_size >= XFS_MAX(unit, XLOG_MIN_RECORD_BSIZE))
		size = state->record_size;
	log->h_size = size;
	log->header_bbs = xlog_header_bbs(size);
	log->unit_bbs = unit >> XFS_BB_SHIFT;
	log->max_bbs = (uint32_t)xfs_rounddown64(size, unit) >> XFS_BB_SHIFT;
	/* A record with a page of contents: the unmount record, a superblock. */
	small = (uint32_t)xfs_roundup64(log->header_bbs + 2u, log->unit_bbs);
	log->reserve_bbs = 3 * small + 2 * log->max_bbs;
	log->max_checkpoint = XFS_MIN((uint64_t)log->ring.nbbs << (XFS_BB_SHIFT - 2),
				      MAX_CHECKPOINT_BYTES);
	log->max_checkpoint = XFS_MIN(log->max_checkpoint,
				      contents_of(log, log->ring.nbbs / 4));
	if (log->max_bbs <= log->header_bbs || log->ring.nbbs < 4 * log->reserve_bbs)
		return xfs_error(log->ring.mp, -EINVAL,
				 "the log of %u blocks cannot hold records of %u bytes",
				 log->ring.nbbs, size);
	return 0;
}

static int check_device(struct xlog *log, const struct xlog_state *state)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_mount *mp = log->ring.mp;
	uint64_t bytes = (uint64_t)log->ring.nbbs << XFS_BB_SHIFT;
	int error = xfs_device_info(log->ring.dev, &info);

	if (error)
		return xfs_error(mp, error, "log device: %s", xfs_errstr(error));
	if (info.size_bytes < log->ring.start + bytes)
		return xfs_error(mp, -EINVAL, "the log does not fit on its device");
	if (((uint64_t)log->unit_bbs << XFS_BB_SHIFT) % info.logical_sector ||
	    ((uint64_t)state->head_block << XFS_BB_SHIFT) % info.logical_sector)
		return xfs_error(mp, -EINVAL, "the log has sectors of %u bytes, its device of %u",
				 log->unit_bbs << XFS_BB_SHIFT, info.logical_sector);
	return 0;
}

/* Blocks from the head on that no record between tail and head uses. */
static int clearable(struct xlog *log, const struct xlog_state *state, uint32_t *bbs)
{
	uint32_t n = log->ring.nbbs, tail = BLOCK_LSN(state->last_tail_lsn);
	uint32_t tail_cycle = CYCLE_LSN(state->last_tail_lsn), distance = 0;

	if (!state->last_lsn)
		distance = n;
	else if (tail_cycle == state->head_cycle && state->head_block >= tail)
		distance = n - (state->head_block - tail);
	else if (xlog_next_cycle(tail_cycle) == state->head_cycle && state->head_block < tail)
		distance = tail - state->head_block;
	if (!distance || distance > n)
		return xfs_corrupt(log->ring.mp, "log",
				   "the tail at %u:%u does not match the head at %u:%u", tail_cycle,
				   tail, state->head_cycle, state->head_block);
	*bbs = XFS_MIN(distance, XLOG_IN_FLIGHT_BBS);
	*bbs -= *bbs % XFS_MAX(log->ring.mp->m_geo.logsectsize >> XFS_BB_SHIFT, 1u);
	return 0;
}

static void make_empty_record(const struct xlog *log, const struct xlog_state *state, uint32_t bb,
			      uint32_t cycle, void *to)
{
	struct xlog_rec_header *h = to;

	memset(h, 0, sizeof(*h));
	h->h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	h->h_cycle = cpu_to_be32(cycle);
	h->h_version = cpu_to_be32(XLOG_VERSION_2);
	h->h_lsn = cpu_to_be64((uint64_t)xlog_assign_lsn(cycle, bb));
	h->h_tail_lsn = cpu_to_be64((uint64_t)state->last_tail_lsn);
	h->h_fmt = cpu_to_be32(XLOG_FMT);
	h->h_fs_uuid = log->ring.mp->m_geo.uuid;
}

/*
 * Blocks that a crashed writer had in flight ahead of the head carry the cycle of our next records,
 * and a later head search would take them for ours.  So each gets an empty record header of the
 * previous cycle.  Blocks that carry that cycle already are not written.
 */
static int clear_stale(struct xlog *log, const struct xlog_state *state, uint8_t *chunk)
{
	uint32_t left, bb = state->head_block, n = log->ring.nbbs;
	uint32_t cycle = xlog_prev_cycle(state->head_cycle);
	bool written = false;
	int error = clearable(log, state, &left);

	if (error)
		return error;
	while (left) {
		uint32_t here = XFS_MIN(left, n - bb), count = XFS_MIN(here, CLEAR_CHUNK_BBS);
		bool stale = false;

		error = xlog_ring_read(&log->ring, bb, count, chunk);
		if (error)
			return error;
		for (uint32_t i = 0; i < count && !stale; i++)
			stale = xlog_get_cycle(chunk + ((size_t)i << XFS_BB_SHIFT)) != cycle;
		for (uint32_t i = 0; i < count && stale; i++)
			make_empty_record(log, state, bb + i, cycle,
					  chunk + ((size_t)i << XFS_BB_SHIFT));
		if (stale) {
			error = xlog_ring_write(&log->ring, bb, count, chunk, 0);
			if (error)
				return error;
			written = true;
		}
		left -= count;
		bb += count;
		if (bb == n) {
			bb = 0;
			cycle = state->head_cycle;
		}
	}
	/* Without the flush they could reappear among our first records after a crash. */
	return written ? xlog_flush(log, XFS_RULE_STALE_CLEAR) : 0;
}

static int start(struct xlog *log, const struct xlog_state *state)
{
	uint8_t *chunk;
	int error;

	error = xlog_ring_init(log->ring.mp, &log->ring);
	if (!error)
		error = choose_sizes(log, state);
	if (!error)
		error = check_device(log, state);
	if (error)
		return error;
	log->head = (uint64_t)xlog_assign_lsn(state->head_cycle, state->head_block);
	log->tail = state->clean ? log->head : (uint64_t)state->last_tail_lsn;
	log->prev_block = state->last_lsn ? BLOCK_LSN(state->last_lsn) : UINT32_MAX;
	if (XFS_SABOTAGE(XFS_RULE_STALE_CLEAR))
		return 0;
	chunk = xfs_mem_alloc_aligned(&log->ring.mp->m_mem, 4096,
				      (size_t)CLEAR_CHUNK_BBS << XFS_BB_SHIFT);
	if (!chunk)
		return xfs_error(log->ring.mp, -ENOMEM, "out of memory for the log");
	error = clear_stale(log, state, chunk);
	xfs_mem_free_aligned(&log->ring.mp->m_mem, chunk);
	return error;
}

void xlog_set_device(struct xfs_mount *mp)
{
	mp->m_log->ring.dev = mp->m_geo.logstart ? mp->m_dev : mp->m_logdev;
}

int xlog_open(struct xfs_mount *mp, const struct xlog_state *state)
{
	struct xlog *log = xfs_zalloc(mp, sizeof(*log));
	int error;

	ASSERT(!mp->m_log);
	if (!log)
		return xfs_error(mp, -ENOMEM, "out of memory for the log");
	log->ring.mp = mp;
	error = start(log, state);
	if (!error)
		error = xlog_window_alloc(log);
	if (error) {
		xfs_free(mp, log);
		return error;
	}
	mp->m_log = log;
	return 0;
}
