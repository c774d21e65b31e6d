/* SPDX-License-Identifier: MIT */
/*
 * Finding the end of the log.  Every 512-byte block carries the number of the turn around the log
 * ("cycle") in which it was written; the head is where the newest cycle meets the previous one.  A
 * binary search finds the place, a scan of the blocks that may have been in flight corrects it, and
 * the last record shows whether the file system was unmounted.
 *
 * If it was not, the checksums of all records that recovery would read are verified here.  Writes
 * that were in flight at a crash may be torn: a bad record among the last eight is discarded with
 * all behind it, since no caller was told that these are durable.  A bad record elsewhere is
 * damage, and the log is refused.
 */
#include "core/message.h"
#include "log/log_priv.h"

#define CHUNK_BBS	128u		/* blocks read at a time; a multiple of every log sector
					 * size */

struct head_search {
	struct xlog_ring ring;
	uint32_t nbbs;			/* size of the log */
	uint8_t *chunk;			/* CHUNK_BBS blocks ... */
	uint32_t chunk_first, chunk_count; /* ... starting here */
};

static int load(struct head_search *hs, uint32_t bb)
{
	uint32_t first = bb - bb % CHUNK_BBS;
	uint32_t count = XFS_MIN(CHUNK_BBS, hs->nbbs - first);
	int error = xlog_ring_read(&hs->ring, first, count, hs->chunk);

	hs->chunk_count = error ? 0 : count;
	hs->chunk_first = first;
	return error;
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
	*cycle = xlog_get_cycle(p);
	return 0;
}

/* Find the first block in (@low, @high] with @cycle, given that @high has it and @low has not. */
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

/* Find the first block in [@from, @to) with @cycle; @to if there is none. */
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

/*
 * Find the head by cycle numbers alone: the first hole left by a write that never reached the
 * device.
 */
static int head_by_cycles(struct head_search *hs, uint32_t *head, bool *zeroed)
{
	uint32_t n = hs->nbbs, window = XFS_MIN(n, XLOG_IN_FLIGHT_BBS);
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
 * Nearest record header before @from, going back at most @max blocks, past the start of the log if
 * @wrap. *@found is nbbs if there is none.
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

static int decode_header(struct head_search *hs, uint32_t bb, struct xlog_record *rec)
{
	const uint8_t *p;
	int error = get_bb(hs, bb, &p);

	return error ? error : xlog_decode_header(&hs->ring, bb, p, rec);
}

static int read_header(struct head_search *hs, uint32_t bb, struct xlog_record *rec)
{
	int error = decode_header(hs, bb, rec);

	if (!error && rec->bbs > hs->nbbs)
		error = xfs_corrupt(hs->ring.mp, "log", "record at block %u is longer than the log",
				    bb);
	return error;
}

static int is_unmount_record(struct head_search *hs, const struct xlog_record *rec, uint32_t head,
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

/* The state of a log that ends at @head, from the last record before @head. */
static int state_at(struct head_search *hs, uint32_t head, struct xlog_state *state)
{
	struct xlog_record rec;
	uint32_t block;
	int error;

	error = header_before(hs, head, hs->nbbs, true, &block);
	if (error)
		return error;
	if (block == hs->nbbs)
		return xfs_corrupt(hs->ring.mp, "log", "no complete record was found");
	error = read_header(hs, block, &rec);
	if (error)
		return error;
	if (BLOCK_LSN(rec.tail_lsn) >= hs->nbbs)
		return xfs_corrupt(hs->ring.mp, "log", "record at block %u has its tail at %u", block,
				   BLOCK_LSN(rec.tail_lsn));
	state->head_block = head;
	state->head_cycle = block >= head ? xlog_next_cycle(rec.cycle) : rec.cycle;
	state->last_lsn = xlog_assign_lsn(rec.cycle, block);
	state->last_tail_lsn = state->tail_lsn = rec.tail_lsn;
	state->tail_block = BLOCK_LSN(rec.tail_lsn);
	state->record_size = rec.size;
	error = is_unmount_record(hs, &rec, head, &state->clean);
	if (!error && state->clean) {
		state->tail_block = head;
		state->tail_lsn = xlog_assign_lsn(state->head_cycle, head);
	}
	return error;
}

/* The first header at or after @from and before @head; nbbs if there is none. */
static int header_behind(struct head_search *hs, uint32_t from, uint32_t head, uint32_t *found)
{
	for (uint32_t bb = from; bb != head; bb = (bb + 1) % hs->nbbs) {
		const uint8_t *p;
		int error = get_bb(hs, bb, &p);

		if (error)
			return error;
		if (get_be32(p) == XLOG_HEADER_MAGIC_NUM) {
			*found = bb;
			return 0;
		}
	}
	*found = hs->nbbs;
	return 0;
}

/*
 * Read the records from the header at @from to @head; *@bad becomes the first one that is not
 * whole, or @head.
 */
static int verify_records(struct head_search *hs, uint32_t from, uint32_t head, uint32_t *bad)
{
	struct xlog_record rec;
	uint32_t bb = from, left = xlog_distance(hs->nbbs, from, head), size;
	uint8_t *buf;
	int error;

	*bad = from;
	error = read_header(hs, from, &rec);
	if (error)
		return error == -EUCLEAN ? 0 : error;
	size = rec.size;
	/* Sizes that no writer uses come from a torn header or from damage. */
	if (size > XLOG_MAX_RECORD_BSIZE || size < XFS_BB_SIZE)
		return 0;
	buf = xfs_mem_alloc_aligned(&hs->ring.mp->m_mem, 4096, xlog_record_room(size));
	if (!buf)
		return xfs_error(hs->ring.mp, -ENOMEM, "out of memory for reading the log");
	while (left) {
		error = xlog_read_record(&hs->ring, bb, size, buf, &rec);
		if (!error && rec.bbs > left)
			error = -EUCLEAN;
		if (error)
			break;
		left -= rec.bbs;
		bb = (bb + rec.bbs) % hs->nbbs;
	}
	xfs_mem_free_aligned(&hs->ring.mp->m_mem, buf);
	if (error && error != -EBADMSG && error != -EUCLEAN)
		return error;
	*bad = bb;
	return 0;
}

/* Discard what is torn among the last records; *@state becomes that of the rest. */
static int cut_torn(struct head_search *hs, struct xlog_state *state)
{
	uint32_t head = state->head_block, bb = head, bad;
	int error;

	for (unsigned int i = 0; i < XLOG_IN_FLIGHT_RECORDS && bb != state->tail_block; i++) {
		uint32_t left = xlog_distance(hs->nbbs, state->tail_block, bb), block;

		error = header_before(hs, bb, left, true, &block);
		if (error)
			return error;
		if (block == hs->nbbs)
			break;
		bb = block;
	}
	error = verify_records(hs, bb, head, &bad);
	if (error || bad == head)
		return error;
	xfs_warn(hs->ring.mp, "log: the record at block %u is torn: the log ends there, not at %u", bad, head);
	error = state_at(hs, bad, state);
	if (error)
		return error;
	state->torn = true;
	state->torn_block = bad;
	if (!state->clean && state->tail_block == bad)
		return xfs_corrupt(hs->ring.mp, "log", "the record at block %u is torn, and nothing "
				   "before it is left", bad);
	return 0;
}

/* Verify the records that recovery will read, and find the first of them. */
static int verify_active(struct head_search *hs, struct xlog_state *state)
{
	uint32_t tail = state->tail_block, head = state->head_block, bad;
	struct xlog_record rec;
	int error;

	for (;;) {
		error = header_behind(hs, tail, head, &tail);
		if (error)
			return error;
		if (tail == hs->nbbs)
			return xfs_corrupt(hs->ring.mp, "log", "no record between tail %u and head %u",
					   state->tail_block, head);
		error = verify_records(hs, tail, head, &bad);
		if (error)
			return error;
		if (bad == head)
			break;
		/*
		 * The torn writes just discarded may have overwritten the oldest records.  Those
		 * are not needed: a writer overwrites only what is in place and durable.
		 */
		error = read_header(hs, tail, &rec);
		if (error)
			return error;
		if (xlog_distance(hs->nbbs, head, bad) >=
		    XLOG_IN_FLIGHT_RECORDS * (rec.size >> XFS_BB_SHIFT))
			return xfs_corrupt(hs->ring.mp, "log", "the record at block %u is damaged", bad);
		tail = (bad + 1) % hs->nbbs;
	}
	error = read_header(hs, tail, &rec);
	if (error)
		return error;
	state->tail_block = tail;
	state->tail_lsn = xlog_assign_lsn(rec.cycle, tail);
	state->record_size = rec.size;
	return 0;
}

static int find_head(struct head_search *hs, struct xlog_state *state)
{
	uint32_t head, block, first_cycle;
	struct xlog_record rec;
	bool zeroed;
	int error;

	error = get_cycle(hs, 0, &first_cycle);
	if (error)
		return error;
	if (first_cycle == 0) {
		*state = (struct xlog_state){ .clean = true, .head_cycle = XLOG_INIT_CYCLE };
		state->tail_lsn = xlog_assign_lsn(XLOG_INIT_CYCLE, 0);
		return 0;
	}
	error = head_by_cycles(hs, &head, &zeroed);
	if (error)
		return error;
	/* An incomplete last record counts as never written. */
	error = header_before(hs, head, XLOG_MAX_RECORD_BBS + 8, !zeroed, &block);
	if (error)
		return error;
	if (block == hs->nbbs)
		return xfs_corrupt(hs->ring.mp, "log", "no record before block %u", head);
	error = decode_header(hs, block, &rec);
	if (error)
		return error;
	head %= hs->nbbs;
	if (rec.bbs > hs->nbbs || xlog_distance(hs->nbbs, block, head) != rec.bbs % hs->nbbs)
		head = block;
	error = state_at(hs, head, state);
	if (error || state->clean)
		return error;
	error = cut_torn(hs, state);
	if (error || state->clean)
		return error;
	return verify_active(hs, state);
}

int xlog_find_head(struct xfs_mount *mp, struct xlog_state *state)
{
	struct head_search hs = { .chunk = NULL };
	int error;

	memset(state, 0, sizeof(*state));
	error = xlog_ring_init(mp, &hs.ring);
	if (error)
		return error;
	hs.nbbs = hs.ring.nbbs;
	hs.chunk = xfs_mem_alloc_aligned(&mp->m_mem, 4096, (size_t)CHUNK_BBS << XFS_BB_SHIFT);
	if (!hs.chunk)
		return xfs_error(mp, -ENOMEM, "out of memory for reading the log");
	error = find_head(&hs, state);
	xfs_mem_free_aligned(&mp->m_mem, hs.chunk);
	return error;
}
