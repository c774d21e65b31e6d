/* SPDX-License-Identifier: MIT */
/*
 * Finding the end of the log.  Every 512-byte block carries the number of the
 * turn ("cycle") in which it was written; the head is where the newest turn
 * meets the one before.  A binary search finds the place, a look at the blocks
 * that may have been in flight corrects it, and the record before it says by its
 * shape whether the file system was unmounted.
 */
#include "core/message.h"
#include "disk/log.h"
#include "log/log.h"

#define CHUNK_BBS	128u		/* blocks read at a time; whole log sectors of any size */
#define IN_FLIGHT_BBS	4096u		/* blocks that can have been in flight at a crash */
#define RECORD_BBS	512u		/* largest record, headers left out */

struct head_search {
	struct xfs_mount *mp;
	struct xfs_device *dev;
	uint64_t start;			/* bytes on dev */
	uint32_t nbbs;			/* size of the log */
	uint8_t *chunk;			/* CHUNK_BBS blocks ... */
	uint32_t chunk_first, chunk_count; /* ... starting here */
};

static int load(struct head_search *hs, uint32_t bb)
{
	uint32_t first = bb - bb % CHUNK_BBS;
	uint32_t count = XFS_MIN(CHUNK_BBS, hs->nbbs - first);
	int error;

	error = xfs_device_pread(hs->dev, hs->start + ((uint64_t)first << XFS_BB_SHIFT), hs->chunk,
				 (size_t)count << XFS_BB_SHIFT);
	hs->chunk_count = error ? 0 : count;
	hs->chunk_first = first;
	if (error)
		return xfs_error(hs->mp, error, "log: reading block %u: %s", bb, strerror(-error));
	return 0;
}

static int get_bb(struct head_search *hs, uint32_t bb, const uint8_t **data)
{
	ASSERT(bb < hs->nbbs);
	if (bb < hs->chunk_first || bb - hs->chunk_first >= hs->chunk_count) {
		int error = load(hs, bb);

		if (error)
			return error;
	}
	*data = hs->chunk + ((size_t)(bb - hs->chunk_first) << XFS_BB_SHIFT);
	return 0;
}

static int get_cycle(struct head_search *hs, uint32_t bb, uint32_t *cycle)
{
	const uint8_t *p;
	int error = get_bb(hs, bb, &p);

	if (error)
		return error;
	*cycle = get_be32(p);
	if (*cycle == XLOG_HEADER_MAGIC_NUM)
		*cycle = get_be32(p + 4);
	return 0;
}

/* First block in (@low, @high] whose cycle is @cycle; @high has it, @low has not. */
static int first_with_cycle(struct head_search *hs, uint32_t low, uint32_t high, uint32_t cycle,
			    uint32_t *found)
{
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2, c;
		int error = get_cycle(hs, mid, &c);

		if (error)
			return error;
		if (c == cycle)
			high = mid;
		else
			low = mid;
	}
	*found = high;
	return 0;
}

/* First block in [@from, @to) with @cycle, or @to. */
static int scan_for_cycle(struct head_search *hs, uint32_t from, uint32_t to, uint32_t cycle,
			  uint32_t *found)
{
	for (uint32_t bb = from; bb < to; bb++) {
		uint32_t c;
		int error = get_cycle(hs, bb, &c);

		if (error)
			return error;
		if (c == cycle) {
			*found = bb;
			return 0;
		}
	}
	*found = to;
	return 0;
}

/* The head by cycle numbers alone, holes of writes that never arrived included. */
static int head_by_cycles(struct head_search *hs, uint32_t *head, bool *zeroed)
{
	uint32_t n = hs->nbbs, window = XFS_MIN(n, IN_FLIGHT_BBS);
	uint32_t first, last, stop, h, hole;
	int error;

	*zeroed = false;
	error = get_cycle(hs, 0, &first);
	if (!error)
		error = get_cycle(hs, n - 1, &last);
	if (error)
		return error;
	if (last == 0) {
		error = first_with_cycle(hs, 0, n - 1, 0, &h);
		if (error)
			return error;
		*zeroed = true;
		error = scan_for_cycle(hs, h > window ? h - window : 0, h, 0, head);
		return error;
	}
	if (first == last) {
		h = n;
		stop = last - 1;
	} else {
		error = first_with_cycle(hs, 0, n - 1, last, &h);
		if (error)
			return error;
		stop = last;
	}
	if (h >= window)
		return scan_for_cycle(hs, h - window, h, stop, head);
	error = scan_for_cycle(hs, n - (window - h), n, stop - 1, &hole);
	if (error)
		return error;
	if (hole < n) {
		*head = hole;
		return 0;
	}
	return scan_for_cycle(hs, 0, h, stop, head);
}

/*
 * Nearest record header before @from, going back at most @max blocks, around
 * the start when @wrap.  *@found = nbbs when there is none.
 */
static int header_before(struct head_search *hs, uint32_t from, uint32_t max, bool wrap,
			 uint32_t *found)
{
	uint32_t bb = from;

	*found = hs->nbbs;
	for (uint32_t i = 0; i < max; i++) {
		const uint8_t *p;
		int error;

		if (bb == 0) {
			if (!wrap)
				return 0;
			bb = hs->nbbs;
		}
		bb--;
		error = get_bb(hs, bb, &p);
		if (error)
			return error;
		if (get_be32(p) == XLOG_HEADER_MAGIC_NUM) {
			*found = bb;
			return 0;
		}
	}
	return 0;
}

struct record {
	uint32_t block, cycle, len, num_ops, size, header_bbs, bbs;
	xfs_lsn_t tail_lsn;
};

static int read_record(struct head_search *hs, uint32_t bb, struct record *rec)
{
	const struct xlog_rec_header *h;
	const uint8_t *p;
	uint32_t size;
	int error = get_bb(hs, bb, &p);

	if (error)
		return error;
	h = (const struct xlog_rec_header *)p;
	if (be32_to_cpu(h->h_version) != XLOG_VERSION_2)
		return xfs_corrupt(hs->mp, "log", "record at block %u has version %u", bb,
				   be32_to_cpu(h->h_version));
	if (!xfs_uuid_is_null(&h->h_fs_uuid) && !xfs_uuid_equal(&h->h_fs_uuid, &hs->mp->m_geo.uuid))
		return xfs_corrupt(hs->mp, "log", "record at block %u belongs to another file system",
				   bb);
	rec->block = bb;
	rec->cycle = be32_to_cpu(h->h_cycle);
	rec->len = be32_to_cpu(h->h_len);
	rec->num_ops = be32_to_cpu(h->h_num_logops);
	rec->tail_lsn = (xfs_lsn_t)be64_to_cpu(h->h_tail_lsn);
	rec->size = size = be32_to_cpu(h->h_size);
	rec->header_bbs = size > XLOG_HEADER_CYCLE_SIZE
				  ? (uint32_t)xfs_howmany64(size, XLOG_HEADER_CYCLE_SIZE)
				  : 1;
	rec->bbs = rec->header_bbs + (rec->len >> XFS_BB_SHIFT);
	if (rec->bbs > hs->nbbs)
		return xfs_corrupt(hs->mp, "log", "record at block %u is longer than the log", bb);
	return 0;
}

static uint32_t distance(const struct head_search *hs, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + hs->nbbs - from;
}

static int is_unmount_record(struct head_search *hs, const struct record *rec, uint32_t head,
			     bool *unmounted)
{
	const uint8_t *p;
	int error;

	*unmounted = false;
	if (rec->num_ops != 1 || (rec->block + rec->bbs) % hs->nbbs != head)
		return 0;
	error = get_bb(hs, (rec->block + rec->header_bbs) % hs->nbbs, &p);
	if (!error)
		*unmounted = p[9] & XLOG_UNMOUNT_TRANS;
	return error;
}

static int find_head(struct head_search *hs, struct xlog_state *state)
{
	uint32_t head, block, n = hs->nbbs, first_cycle;
	struct record rec;
	bool zeroed;
	int error;

	error = get_cycle(hs, 0, &first_cycle);
	if (error)
		return error;
	if (first_cycle == 0) {
		*state = (struct xlog_state){ .clean = true, .head_cycle = 1,
					      .tail_lsn = xlog_assign_lsn(1, 0) };
		return 0;
	}
	error = head_by_cycles(hs, &head, &zeroed);
	if (error)
		return error;
	/* A last record that is not whole never happened. */
	error = header_before(hs, head, RECORD_BBS + 8, !zeroed, &block);
	if (error)
		return error;
	if (block == n)
		return xfs_corrupt(hs->mp, "log", "no record before block %u", head);
	error = read_record(hs, block, &rec);
	if (error)
		return error;
	if (distance(hs, block, head % n) % n != rec.bbs % n)
		head = block;
	head %= n;
	error = header_before(hs, head, n, true, &block);
	if (error)
		return error;
	if (block == n)
		return xfs_corrupt(hs->mp, "log", "no whole record");
	error = read_record(hs, block, &rec);
	if (error)
		return error;
	state->head_block = head;
	state->head_cycle = rec.cycle + (block >= head);
	state->tail_block = BLOCK_LSN(rec.tail_lsn);
	state->last_lsn = xlog_assign_lsn(rec.cycle, block);
	state->last_tail_lsn = state->tail_lsn = rec.tail_lsn;
	state->record_size = rec.size;
	error = is_unmount_record(hs, &rec, head, &state->clean);
	if (!error && state->clean)
		state->tail_block = head;
	if (!error && state->clean)
		state->tail_lsn = xlog_assign_lsn(state->head_cycle, head);
	return error;
}

int xlog_find_head(struct xfs_mount *mp, struct xlog_state *state)
{
	struct xfs_geometry *geo = &mp->m_geo;
	struct head_search hs = { .mp = mp };
	int error;

	memset(state, 0, sizeof(*state));
	hs.nbbs = (uint32_t)XFS_FSB_TO_BB(geo, geo->logblocks);
	if (geo->logstart) {
		hs.dev = mp->m_dev;
		hs.start = xfs_fsb_to_bytes(geo, geo->logstart);
	} else {
		hs.dev = mp->m_logdev;
	}
	if (!hs.nbbs || !hs.dev)
		return xfs_error(mp, -ENXIO, "the log is on another device, which was not given");
	hs.chunk = xfs_mem_alloc_aligned(&mp->m_mem, 4096, (size_t)CHUNK_BBS << XFS_BB_SHIFT);
	if (!hs.chunk)
		return xfs_error(mp, -ENOMEM, "out of memory for reading the log");
	error = find_head(&hs, state);
	xfs_mem_free_aligned(&mp->m_mem, hs.chunk);
	return error;
}
