/* SPDX-License-Identifier: MIT */
/*
 * The log, read once from its first block to its last: the cycle of each block, and where records
 * start.
 *
 * Recovery finds the end of the log with a few dozen reads, by binary search.  This code reads
 * everything in large pieces and shares nothing with recovery: a block with a wrong cycle misleads
 * a binary search, but here it is one against all others and is reported.
 *
 * Memory: a bit per block of 512 bytes, and 8 bytes per change of the cycle.  A healthy log has a
 * handful of these; a hostile one of the largest size takes 32 MiB.
 */
#include "check/check_priv.h"
#include "disk/log.h"

#define PIECE_BB	512u		/* read at a time */
#define PROGRESS_BB	32768u
#define RECORD_BB	(XLOG_MAX_RECORD_BSIZE / XFS_BB_SIZE)

static bool load_piece(struct xfs_check_scan *scan, uint32_t bb)
{
	scan->piece_bb = bb - bb % PIECE_BB;
	scan->piece_len = XFS_MIN(PIECE_BB, scan->nr_bb - scan->piece_bb);
	if (!xfs_check_read_log(scan->chk, scan->piece_bb, scan->piece, scan->piece_len))
		return true;
	scan->piece_len = 0;
	scan->failed = true;
	return false;
}

static bool note_block(struct xfs_check_scan *scan, uint32_t bb, const uint8_t *p)
{
	uint32_t word = get_be32(p);
	struct xfs_check_turn *turn;

	if (word == XLOG_HEADER_MAGIC_NUM) {
		scan->header[bb / 64] |= 1ull << (bb % 64);
		word = get_be32(p + offsetof(struct xlog_rec_header, h_cycle));
	}
	if (bb && word == scan->last_cycle)
		return true;
	turn = xfs_check_push(scan->chk, &scan->turns, sizeof(*turn));
	if (!turn)
		return false;
	turn->bb = bb;
	turn->cycle = scan->last_cycle = word;
	if (!bb)
		scan->first_cycle = word;
	return true;
}

bool xfs_check_scan_log(struct xfs_check_scan *scan)
{
	struct xfs_check *chk = scan->chk;

	scan->header = xfs_mem_zalloc(&chk->mem, (scan->nr_bb / 64 + 1) * sizeof(*scan->header));
	scan->piece = xfs_mem_alloc_aligned(&chk->mem, 4096, PIECE_BB * XFS_BB_SIZE);
	if (!scan->header || !scan->piece) {
		xfs_check_fail(chk, -ENOMEM);
		return false;
	}
	for (uint32_t bb = 0; bb < scan->nr_bb; bb += scan->piece_len) {
		if (!load_piece(scan, bb))
			return false;
		if (bb % PROGRESS_BB == 0)
			xfs_check_progress(chk, "log", bb, scan->nr_bb);
		if (chk->stop)
			return false;
		for (uint32_t i = 0; i < scan->piece_len; i++) {
			if (!note_block(scan, bb + i, scan->piece + (size_t)i * XFS_BB_SIZE))
				return false;
		}
	}
	return true;
}

void xfs_check_scan_free(struct xfs_check_scan *scan)
{
	xfs_check_vec_free(scan->chk, &scan->turns);
	xfs_mem_free(&scan->chk->mem, scan->header);
	xfs_mem_free_aligned(&scan->chk->mem, scan->piece);
}

uint32_t xfs_check_scan_before(const struct xfs_check_scan *scan, uint32_t bb, uint32_t max,
			       bool wrap)
{
	for (; max && (bb || wrap); max--) {
		bb = bb ? bb - 1 : scan->nr_bb - 1;
		if (xfs_check_scan_header(scan, bb))
			return bb;
	}
	return ~0u;
}

uint32_t xfs_check_scan_behind(const struct xfs_check_scan *scan, uint32_t bb, uint32_t end)
{
	for (; bb != end; bb = (bb + 1) % scan->nr_bb) {
		if (xfs_check_scan_header(scan, bb))
			return bb;
	}
	return ~0u;
}

/* Cycles skip the value of the header magic. */
static uint32_t turn_before(uint32_t cycle)
{
	return cycle - 1 == XLOG_HEADER_MAGIC_NUM ? cycle - 2 : cycle - 1;
}

/* The run of equal cycles at index @i, and the block after its end. */
static const struct xfs_check_turn *turn_at(const struct xfs_check_scan *scan, size_t i,
					    uint32_t *end)
{
	const struct xfs_check_turn *turns = scan->turns.v;

	*end = i + 1 < scan->turns.n ? turns[i + 1].bb : scan->nr_bb;
	return &turns[i];
}

/* First block in [@from, @to) with @cycle, else @to. */
static uint32_t find_turn(const struct xfs_check_scan *scan, uint32_t from, uint32_t to,
			  uint32_t cycle)
{
	for (size_t i = 0; i < scan->turns.n; i++) {
		uint32_t end;
		const struct xfs_check_turn *turn = turn_at(scan, i, &end);

		if (turn->cycle == cycle && end > from)
			return XFS_MIN(XFS_MAX(turn->bb, from), to);
	}
	return to;
}

/*
 * Where the blocks of cycle @older start: the place with the most blocks on their right side, so
 * that a hole or a damaged block does not move it.
 */
static uint32_t split_at(const struct xfs_check_scan *scan, uint32_t older)
{
	int64_t newer = 0, most = 0;
	uint32_t at = 0, end;

	for (size_t i = 0; i < scan->turns.n; i++) {
		const struct xfs_check_turn *turn = turn_at(scan, i, &end);
		int64_t blocks = end - turn->bb;

		newer += turn->cycle == older ? -blocks : blocks;
		if (newer > most) {
			most = newer;
			at = end;
		}
	}
	return at;
}

uint32_t xfs_check_scan_end(const struct xfs_check_scan *scan)
{
	uint32_t nr = scan->nr_bb, flight = XFS_MIN(nr, XLOG_IN_FLIGHT_BBS);
	uint32_t last = scan->last_cycle, split = nr, older = turn_before(last), hole;

	if (scan->first_cycle != last) {
		older = last;
		split = split_at(scan, older);
	}
	if (split >= flight || !last)
		return find_turn(scan, split > flight ? split - flight : 0, split, older);
	/* The writes in flight began before the end of the log. */
	hole = find_turn(scan, nr - (flight - split), nr, turn_before(older));
	return hole < nr ? hole : find_turn(scan, 0, split, older);
}

uint32_t xfs_check_scan_strays(const struct xfs_check_scan *scan, uint32_t head, uint32_t cycle,
			       struct xfs_check_turn *first)
{
	/* From the head on lies what a crash left of several writes. */
	uint32_t flight = XLOG_IN_FLIGHT_BBS + RECORD_BB, strays = 0, end;

	for (size_t i = 0; i < scan->turns.n; i++) {
		const struct xfs_check_turn *turn = turn_at(scan, i, &end);

		for (uint32_t bb = turn->bb; bb < end; bb++) {
			if (turn->cycle == (bb < head ? cycle : turn_before(cycle)) ||
			    xfs_check_scan_dist(scan, head, bb) < flight)
				continue;
			if (!strays++)
				*first = (struct xfs_check_turn){ bb, turn->cycle };
		}
	}
	return strays;
}

bool xfs_check_scan_read(struct xfs_check_scan *scan, uint32_t bb, uint32_t n, void *buf)
{
	uint8_t *to = buf;

	for (; n; n--, to += XFS_BB_SIZE) {
		if ((bb < scan->piece_bb || bb - scan->piece_bb >= scan->piece_len) &&
		    !load_piece(scan, bb))
			return false;
		memcpy(to, scan->piece + (size_t)(bb - scan->piece_bb) * XFS_BB_SIZE, XFS_BB_SIZE);
		bb = (bb + 1) % scan->nr_bb;
	}
	return true;
}

bool xfs_check_scan_record(struct xfs_check_scan *scan, uint32_t bb, struct xfs_check_record *rec)
{
	struct xlog_rec_header h;

	memset(rec, 0, sizeof(*rec));
	if (!xfs_check_scan_read(scan, bb, 1, &h))
		return false;
	rec->bb = bb;
	rec->cycle = be32_to_cpu(h.h_cycle);
	rec->version = be32_to_cpu(h.h_version);
	rec->len = be32_to_cpu(h.h_len);
	rec->size = be32_to_cpu(h.h_size);
	rec->ops = be32_to_cpu(h.h_num_logops);
	rec->fmt = be32_to_cpu(h.h_fmt);
	rec->crc = le32_to_cpu(h.h_crc);
	rec->lsn = be64_to_cpu(h.h_lsn);
	rec->tail_lsn = be64_to_cpu(h.h_tail_lsn);
	rec->uuid = h.h_fs_uuid;
	rec->header_bb = rec->size > XLOG_HEADER_CYCLE_SIZE
			 ? (uint32_t)xfs_howmany64(rec->size, XLOG_HEADER_CYCLE_SIZE) : 1;
	rec->all_bb = (uint64_t)rec->header_bb + rec->len / XFS_BB_SIZE;
	return true;
}
