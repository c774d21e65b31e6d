/* SPDX-License-Identifier: MIT */
/*
 * Where the journal ends and whether anything in it still has to be replayed.
 *
 * Every 512 bytes of the log show, in their first word, the cycle in which they
 * were written (a record header shows its magic there and the cycle behind it).
 * Cycles only fall once from the start to the end of the log: that is the head.
 * Writes of several records can be in flight, so the blocks just before the
 * head are looked through for holes.  The log is clean when the last record
 * is nothing but an unmount record.  Nothing is replayed here.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/log.h"

#define AT_LOG(bb)	xfs_check_at("log", -1, bb, XFS_CHECK_NOINO)
#define WINDOW_BB	4096u	/* most that can have been in flight */
#define RECORD_BB	512u	/* longest record */
#define CHUNK_BB	128u

struct log_reader {
	struct xfs_check *chk;
	uint32_t nr_bb;
	uint32_t start, len;		/* what @buf holds */
	uint8_t *buf;			/* CHUNK_BB */
	bool failed;
};

/* The 512 bytes at @bb, or zeros once reading has failed. */
static const uint8_t *log_bb(struct log_reader *lr, uint32_t bb)
{
	if (bb < lr->start || bb >= lr->start + lr->len) {
		lr->start = bb - bb % CHUNK_BB;
		lr->len = XFS_MIN(CHUNK_BB, lr->nr_bb - lr->start);
		if (xfs_check_read_log(lr->chk, lr->start, lr->buf, lr->len)) {
			lr->failed = true;
			memset(lr->buf, 0, CHUNK_BB * XFS_BB_SIZE);
		}
	}
	return lr->buf + (size_t)(bb - lr->start) * XFS_BB_SIZE;
}

static uint32_t cycle_at(struct log_reader *lr, uint32_t bb)
{
	const uint8_t *p = log_bb(lr, bb);
	uint32_t word = get_be32(p);

	return word == XLOG_HEADER_MAGIC_NUM ? get_be32(p + 4) : word;
}

/* First block in [@lo, @hi] whose cycle is @cycle, given that @hi's is. */
static uint32_t first_with(struct log_reader *lr, uint32_t lo, uint32_t hi, uint32_t cycle)
{
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cycle_at(lr, mid) == cycle)
			hi = mid;
		else
			lo = mid + 1;
	}
	return hi;
}

/* First block in [@from, @to) with @cycle, else @to. */
static uint32_t scan_for(struct log_reader *lr, uint32_t from, uint32_t to, uint32_t cycle)
{
	while (from < to && cycle_at(lr, from) != cycle)
		from++;
	return from;
}

/* The nearest record header before @bb, at most @max blocks back; ~0 if none. */
static uint32_t header_before(struct log_reader *lr, uint32_t bb, uint32_t max, bool wrap)
{
	for (uint32_t i = 0; i < max; i++) {
		if (bb == 0) {
			if (!wrap)
				break;
			bb = lr->nr_bb;
		}
		if (get_be32(log_bb(lr, --bb)) == XLOG_HEADER_MAGIC_NUM)
			return bb;
	}
	return ~0u;
}

static uint32_t header_blocks(const struct xlog_rec_header *rhead)
{
	uint32_t size = be32_to_cpu(rhead->h_size);

	return size > XLOG_HEADER_CYCLE_SIZE && size <= XLOG_MAX_RECORD_BSIZE
	       ? (uint32_t)xfs_howmany64(size, XLOG_HEADER_CYCLE_SIZE) : 1;
}

static uint32_t record_blocks(const struct xlog_rec_header *rhead)
{
	return header_blocks(rhead) + be32_to_cpu(rhead->h_len) / XFS_BB_SIZE;
}

/* The head as the cycle numbers tell it; *@zeroed: the log was not filled once yet. */
static uint32_t head_by_cycles(struct log_reader *lr, bool *zeroed)
{
	uint32_t nr = lr->nr_bb, window = XFS_MIN(nr, WINDOW_BB);
	uint32_t first = cycle_at(lr, 0), last = cycle_at(lr, nr - 1);
	uint32_t head, stop, bb;

	*zeroed = last == 0;
	if (*zeroed) {
		head = first_with(lr, 0, nr - 1, 0);
		return scan_for(lr, head - XFS_MIN(head, window), head, 0);
	}
	head = first == last ? nr : first_with(lr, 0, nr - 1, last);
	stop = first == last ? last - 1 : last;
	if (head >= window)
		return scan_for(lr, head - window, head, stop);
	bb = scan_for(lr, nr - (window - head), nr, stop - 1);
	if (bb < nr)
		return bb;
	return scan_for(lr, 0, head, stop);
}

/* Covers the header, the extended headers that h_len needs, and the data. */
static bool record_crc_ok(struct log_reader *lr, uint32_t bb, const struct xlog_rec_header *rhead)
{
	uint32_t len = be32_to_cpu(rhead->h_len), ext = header_blocks(rhead) - 1;
	uint32_t need_ext = len > XLOG_HEADER_CYCLE_SIZE
			    ? (uint32_t)xfs_howmany64(len, XLOG_HEADER_CYCLE_SIZE) - 1 : 0;
	static const uint32_t hdr_len[] = { XLOG_REC_CRC_LEN, XLOG_REC_CRC_LEN_I386 };
	struct xlog_rec_header copy = *rhead;

	memset(&copy.h_crc, 0, sizeof(copy.h_crc));
	for (unsigned int try = 0; try < ARRAY_SIZE(hdr_len); try++) {
		uint32_t crc = xfs_crc32c(XFS_CRC_SEED, &copy, hdr_len[try]);

		for (uint32_t i = 1; i <= need_ext; i++)
			crc = xfs_crc32c(crc, log_bb(lr, (bb + i) % lr->nr_bb),
					 XLOG_REC_EXT_CRC_LEN);
		for (uint32_t i = 0; i < len / XFS_BB_SIZE; i++)
			crc = xfs_crc32c(crc, log_bb(lr, (bb + 1 + ext + i) % lr->nr_bb),
					 XFS_BB_SIZE);
		if (~crc == le32_to_cpu(rhead->h_crc))
			return true;
	}
	return false;
}

static void check_record(struct log_reader *lr, uint32_t bb, const struct xlog_rec_header *rhead)
{
	struct xfs_check *chk = lr->chk;
	uint64_t lsn = be64_to_cpu(rhead->h_lsn);

	if (be32_to_cpu(rhead->h_version) != XLOG_VERSION_2)
		xfs_check_report(chk, AT_LOG(bb), "the last record has version %u",
				 be32_to_cpu(rhead->h_version));
	if (!xfs_uuid_equal(&rhead->h_fs_uuid, &chk->g.uuid))
		xfs_check_report(chk, AT_LOG(bb), "the log belongs to another file system (UUID)");
	if (be32_to_cpu(rhead->h_fmt) != XLOG_FMT_LINUX_LE &&
	    be32_to_cpu(rhead->h_fmt) != XLOG_FMT_LINUX_BE)
		xfs_check_report(chk, AT_LOG(bb), "unknown format %u of log items",
				 be32_to_cpu(rhead->h_fmt));
	if ((uint32_t)lsn != bb || (uint32_t)(lsn >> 32) != be32_to_cpu(rhead->h_cycle))
		xfs_check_report(chk, AT_LOG(bb), "the last record carries LSN %u:%u",
				 (uint32_t)(lsn >> 32), (uint32_t)lsn);
	if (le32_to_cpu(rhead->h_crc) && !record_crc_ok(lr, bb, rhead))
		xfs_check_report(chk, AT_LOG(bb), "the checksum of the last record is wrong");
}

/* @bb: the last record.  Clean: it is an unmount record and ends at the head. */
static bool is_clean(struct log_reader *lr, uint32_t bb, const struct xlog_rec_header *rhead,
		     uint32_t head)
{
	struct xlog_op_header op;
	uint32_t data = (bb + header_blocks(rhead)) % lr->nr_bb;

	if (((uint64_t)bb + record_blocks(rhead)) % lr->nr_bb != head % lr->nr_bb ||
	    be32_to_cpu(rhead->h_num_logops) != 1)
		return false;
	memcpy(&op, log_bb(lr, data), sizeof(op));
	return op.oh_flags & XLOG_UNMOUNT_TRANS;
}

static void find_head(struct log_reader *lr)
{
	struct xfs_check *chk = lr->chk;
	struct xlog_rec_header rhead;
	uint32_t head, bb, cycle, dist;
	bool zeroed;

	if (cycle_at(lr, 0) == 0) {
		xfs_check_report(chk, AT_LOG(0), "the log is empty: not even an unmount record");
		chk->log_clean = chk->log_known = true;
		chk->head_lsn = (uint64_t)XLOG_INIT_CYCLE << 32;
		return;
	}
	head = head_by_cycles(lr, &zeroed);
	/* The last record may have come only in part: then it ends before its length does. */
	bb = header_before(lr, head, XFS_MIN(lr->nr_bb, RECORD_BB), !zeroed);
	if (bb == ~0u) {
		xfs_check_report(chk, AT_LOG(head % lr->nr_bb), "no log record before the head");
		return;
	}
	memcpy(&rhead, log_bb(lr, bb), sizeof(rhead));
	dist = head > bb ? head - bb : head + lr->nr_bb - bb;
	if (dist != record_blocks(&rhead))
		head = bb;
	if (head == lr->nr_bb)
		head = 0;

	bb = header_before(lr, head, lr->nr_bb, true);
	if (bb == ~0u) {
		xfs_check_report(chk, AT_LOG(head), "no log record before the head");
		return;
	}
	memcpy(&rhead, log_bb(lr, bb), sizeof(rhead));
	cycle = be32_to_cpu(rhead.h_cycle) + (bb >= head ? 1 : 0);
	chk->head = head;
	chk->head_lsn = (uint64_t)cycle << 32 | head;
	chk->tail = (uint32_t)be64_to_cpu(rhead.h_tail_lsn);
	chk->log_known = true;
	chk->log_clean = is_clean(lr, bb, &rhead, head);
	check_record(lr, bb, &rhead);
	if (!chk->log_clean && !(chk->opts.flags & XFS_CHECK_DIRTY_LOG_OK))
		xfs_check_report(chk, AT_LOG(head), "the log is dirty: changes from block %u to %u "
				 "are not in place yet", chk->tail, head);
}

void xfs_check_log(struct xfs_check *chk)
{
	struct log_reader lr = { .chk = chk };
	uint64_t nr_bb = (uint64_t)chk->sb.sb_logblocks << (chk->g.blocklog - XFS_BB_SHIFT);
	uint32_t agno, agbno;

	if (!chk->sb.sb_logstart && !chk->logdev) {
		/* Nobody can tell whether it is clean; the rest is checked as if it were. */
		chk->sum.not_checked |= XFS_CHECK_SKIPPED_LOG;
		chk->log_clean = true;
		return;
	}
	if (nr_bb < 2 || nr_bb > (4ull << 30) / XFS_BB_SIZE ||
	    (chk->sb.sb_logstart && !xfs_check_fsb(&chk->g, chk->sb.sb_logstart,
						   chk->sb.sb_logblocks, &agno, &agbno)))
		return;		/* told with the superblock */
	lr.nr_bb = (uint32_t)nr_bb;
	lr.buf = xfs_mem_alloc(&chk->mem, CHUNK_BB * XFS_BB_SIZE);
	if (!lr.buf) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	find_head(&lr);
	if (lr.failed) {
		xfs_check_report(chk, AT_LOG(XFS_CHECK_NOBLOCK), "the log cannot be read");
		chk->log_known = false;
	}
	xfs_mem_free(&chk->mem, lr.buf);
}
