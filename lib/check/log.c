/* SPDX-License-Identifier: MIT */
/*
 * Where the journal ends, whether it must be replayed, and whether it can be.
 *
 * The whole log is read once (log_scan.c): the cycles of its blocks tell the head, and the record
 * before it tells tail and state.  For a clean log nothing else matters.  The part of a dirty log
 * between tail and head is read once more, in order: records, their transactions (log_trans.c) and
 * their items (log_items.c).  Nothing is replayed.
 *
 * A bad record among the last eight is what a crash tears: the log ends before it.  Bad records
 * just ahead of the head may have been overwritten by the torn ones and are not needed then.  Any
 * other bad record is damage.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/log.h"

#define AT_LOG(bb)	xfs_check_at("log", -1, bb, XFS_CHECK_NOINO)
#define RECORD_BB	(XLOG_MAX_RECORD_BSIZE / XFS_BB_SIZE + \
			 XLOG_MAX_RECORD_BSIZE / XLOG_HEADER_CYCLE_SIZE) /* with its headers */

/* A record of a dirty log, in memory. */
struct reader {
	struct xfs_check_scan *scan;
	struct xfs_check_record rec;
	uint32_t header_bb;		/* from the first record of the walk */
	uint32_t size;
	uint8_t *bytes;			/* headers and data, RECORD_BB blocks */
};

static uint32_t advance(const struct xfs_check_scan *scan, uint32_t bb, uint64_t by)
{
	return (uint32_t)((bb + by) % scan->nr_bb);
}

/* The checksum covers the header, those extended headers that h_len needs, and the data. */
static bool crc_is(const struct reader *rd, size_t header_len)
{
	const uint32_t len = rd->rec.len;
	struct xlog_rec_header first;
	uint32_t crc;

	memcpy(&first, rd->bytes, sizeof(first));
	memset(&first.h_crc, 0, sizeof(first.h_crc));
	crc = xfs_crc32c(XFS_CRC_SEED, &first, header_len);
	for (uint64_t done = XLOG_HEADER_CYCLE_SIZE, i = 1; done < len;
	     done += XLOG_HEADER_CYCLE_SIZE, i++)
		crc = xfs_crc32c(crc, rd->bytes + i * XFS_BB_SIZE, XLOG_REC_EXT_CRC_LEN);
	return ~xfs_crc32c(crc, rd->bytes + rd->header_bb * XFS_BB_SIZE, len) == rd->rec.crc;
}

/* Read the record at @bb, which must end within @left blocks; *@whole: it is complete. */
static bool read_record(struct reader *rd, uint32_t bb, uint32_t left, bool *whole)
{
	const struct xfs_check *chk = rd->scan->chk;
	struct xfs_check_record *rec = &rd->rec;

	*whole = false;
	if (!xfs_check_scan_header(rd->scan, bb))
		return true;
	if (!xfs_check_scan_record(rd->scan, bb, rec))
		return false;
	if (rec->version != XLOG_VERSION_2 || !xfs_uuid_equal(&rec->uuid, &chk->g.uuid) ||
	    !rec->len || rec->len > rd->size || rec->len % XFS_BB_SIZE)
		return true;
	rec->header_bb = rd->header_bb;
	rec->all_bb = rd->header_bb + rec->len / XFS_BB_SIZE;
	if (rec->all_bb > left)
		return true;
	if (!xfs_check_scan_read(rd->scan, bb, (uint32_t)rec->all_bb, rd->bytes))
		return false;
	*whole = !rec->crc || crc_is(rd, XLOG_REC_CRC_LEN) || crc_is(rd, XLOG_REC_CRC_LEN_I386);
	return true;
}

/* All records of a walk have the layout of the first one.  False with @failed: read error. */
static bool begin_walk(struct reader *rd, uint32_t bb, uint32_t least)
{
	struct xfs_check_record rec;

	if (!xfs_check_scan_record(rd->scan, bb, &rec))
		return false;
	rd->size = rec.size;
	rd->header_bb = rec.header_bb;
	return rec.size >= least && rec.size <= XLOG_MAX_RECORD_BSIZE;
}

/* Restore the first word of each block, which the cycle replaced and the headers keep. */
static void put_words_back(struct reader *rd)
{
	const size_t first = offsetof(struct xlog_rec_header, h_cycle_data);
	const size_t ext = offsetof(struct xlog_rec_ext_header, xh_cycle_data);

	for (uint32_t i = 0; i < rd->rec.len / XFS_BB_SIZE; i++) {
		uint32_t header = i / XLOG_CYCLE_DATA_WORDS, word = i % XLOG_CYCLE_DATA_WORDS;

		if (header >= rd->header_bb)
			break;
		memcpy(rd->bytes + (rd->header_bb + i) * XFS_BB_SIZE,
		       rd->bytes + header * XFS_BB_SIZE + (header ? ext : first) +
		       word * sizeof(be32_t), sizeof(be32_t));
	}
}

/* Report what is wrong with the last record, whether it is needed or not. */
static void judge_last(struct xfs_check_scan *scan, const struct xfs_check_record *rec)
{
	struct xfs_check *chk = scan->chk;

	if (rec->version != XLOG_VERSION_2)
		xfs_check_report(chk, AT_LOG(rec->bb), "the last record has version %u",
				 rec->version);
	if (!xfs_uuid_equal(&rec->uuid, &chk->g.uuid))
		xfs_check_report(chk, AT_LOG(rec->bb),
				 "the log belongs to another file system (UUID)");
	if (rec->fmt != XLOG_FMT_LINUX_LE && rec->fmt != XLOG_FMT_LINUX_BE)
		xfs_check_report(chk, AT_LOG(rec->bb), "unknown format %u of log items", rec->fmt);
	if (rec->lsn != ((uint64_t)rec->cycle << 32 | rec->bb))
		xfs_check_report(chk, AT_LOG(rec->bb), "the last record carries LSN %u:%u",
				 (uint32_t)(rec->lsn >> 32), (uint32_t)rec->lsn);
	if (rec->all_bb > scan->nr_bb)
		xfs_check_report(chk, AT_LOG(rec->bb), "the last record is longer than the log");
	if ((uint32_t)rec->tail_lsn >= scan->nr_bb)
		xfs_check_report(chk, AT_LOG(rec->bb), "the last record has its tail at %u",
				 (uint32_t)rec->tail_lsn);
}

/* Set the state of a log that ends at @head; false: unusable. */
static bool state_at(struct xfs_check_scan *scan, uint32_t head, struct xfs_check_record *rec)
{
	struct xfs_check_log_state *log = &scan->chk->log;
	uint32_t bb = xfs_check_scan_before(scan, head, scan->nr_bb, true);
	struct xlog_op_header op;
	uint8_t data[XFS_BB_SIZE];

	if (bb == ~0u) {
		xfs_check_report(scan->chk, AT_LOG(head), "no log record before the head");
		return false;
	}
	if (!xfs_check_scan_record(scan, bb, rec) ||
	    !xfs_check_scan_read(scan, advance(scan, bb, rec->header_bb), 1, data))
		return false;
	memcpy(&op, data, sizeof(op));
	log->head = head;
	log->head_cycle = rec->cycle;
	if (bb >= head && ++log->head_cycle == XLOG_HEADER_MAGIC_NUM)
		log->head_cycle++;
	log->last = bb;
	log->tail = (uint32_t)rec->tail_lsn;
	log->clean = rec->ops == 1 && op.oh_flags & XLOG_UNMOUNT_TRANS &&
		     advance(scan, bb, rec->all_bb) == head;
	log->first = log->clean ? head : log->tail;
	return log->tail < scan->nr_bb && rec->all_bb <= scan->nr_bb;
}

/* Move *@head back before an incomplete last record. */
static bool whole_records_end(struct xfs_check_scan *scan, uint32_t *head)
{
	uint32_t nr = scan->nr_bb, end = xfs_check_scan_end(scan), bb;
	struct xfs_check_record rec;

	bb = xfs_check_scan_before(scan, end, XFS_MIN(nr, RECORD_BB), scan->last_cycle);
	if (bb == ~0u) {
		xfs_check_report(scan->chk, AT_LOG(end % nr), "no log record before the head");
		return false;
	}
	if (!xfs_check_scan_record(scan, bb, &rec))
		return false;
	*head = end % nr;
	if (advance(scan, bb, rec.all_bb) != *head || rec.all_bb > nr)
		*head = bb;
	return true;
}

/* *@bad: the first incomplete one of the last records before the head, or the head. */
static bool find_torn(struct reader *rd, uint32_t *bad)
{
	const struct xfs_check_log_state *log = &rd->scan->chk->log;
	uint32_t bb = log->head, left;
	bool whole = true;

	for (unsigned int i = 0; i < XLOG_IN_FLIGHT_RECORDS && bb != log->tail; i++) {
		uint32_t before = xfs_check_scan_before(
			rd->scan, bb, xfs_check_scan_dist(rd->scan, log->tail, bb), true);

		if (before == ~0u)
			break;
		bb = before;
	}
	*bad = bb;
	if (bb == log->head)
		return true;
	if (!begin_walk(rd, bb, XFS_BB_SIZE))
		return !rd->scan->failed;
	while ((left = xfs_check_scan_dist(rd->scan, *bad, log->head))) {
		if (!read_record(rd, *bad, left, &whole))
			return false;
		if (!whole)
			break;
		*bad = advance(rd->scan, *bad, rd->rec.all_bb);
	}
	return true;
}

/* What recovery requires of a complete record before it uses its contents. */
static bool replayable(struct reader *rd)
{
	struct xfs_check *chk = rd->scan->chk;
	const struct xfs_check_record *rec = &rd->rec;
	const uint32_t unit = XFS_MAX((uint32_t)chk->sb.sb_logsectsize >> XFS_BB_SHIFT, 1u);

	if (rec->fmt != XLOG_FMT)
		xfs_check_report(chk, AT_LOG(rec->bb),
				 "a record of format %u: another kind of machine wrote it",
				 rec->fmt);
	else if (!rec->crc)
		xfs_check_report(chk, AT_LOG(rec->bb), "the record has no checksum");
	else if (rec->lsn != ((uint64_t)rec->cycle << 32 | rec->bb) || !rec->cycle)
		xfs_check_report(chk, AT_LOG(rec->bb), "the record carries LSN %u:%u",
				 (uint32_t)(rec->lsn >> 32), (uint32_t)rec->lsn);
	else if (rec->bb % unit)
		xfs_check_report(chk, AT_LOG(rec->bb), "no record can begin at this block");
	else
		return true;
	return false;
}

/*
 * Walk from the first record at or after *@bb to the head. *@again: restart from *@bb, after what
 * the torn records have overwritten.  False: damage (reported), or a read error.
 */
static bool walk_from(struct reader *rd, struct xfs_check_log_table *table, uint32_t *bb,
		      bool *again)
{
	struct xfs_check_scan *scan = rd->scan;
	struct xfs_check_log_state *log = &scan->chk->log;
	uint32_t first = xfs_check_scan_behind(scan, *bb, log->head), at = first, left;
	bool whole, good = true;

	*again = false;
	log->records = log->transactions = log->uncommitted = log->ops = 0;
	xfs_check_log_table_reset(table);
	if (first == ~0u) {
		xfs_check_report(scan->chk, AT_LOG(log->head), "no record between tail %u and head",
				 log->tail);
		return false;
	}
	if (!begin_walk(rd, first, XLOG_MIN_RECORD_BSIZE) && !scan->failed)
		xfs_check_report(scan->chk, AT_LOG(first), "a record of a nominal size of %u bytes",
				 rd->size);
	if (rd->size < XLOG_MIN_RECORD_BSIZE || rd->size > XLOG_MAX_RECORD_BSIZE)
		return false;
	log->first = first;
	while ((left = xfs_check_scan_dist(scan, at, log->head))) {
		if (!read_record(rd, at, left, &whole))
			return false;
		if (!whole) {
			*again = log->torn && xfs_check_scan_dist(scan, log->head, at) <
				 XLOG_IN_FLIGHT_RECORDS * (rd->size / XFS_BB_SIZE);
			*bb = advance(scan, at, 1);
			if (!*again)
				xfs_check_report(scan->chk, AT_LOG(at), "the record is damaged");
			return *again;
		}
		/* Records after an unreplayable one may be torn. */
		good = good && replayable(rd);
		if (good) {
			put_words_back(rd);
			good = xfs_check_log_ops(table, &rd->rec,
						 rd->bytes + rd->header_bb * XFS_BB_SIZE);
		}
		log->records++;
		at = advance(scan, at, rd->rec.all_bb);
	}
	log->uncommitted = table->nr_open;
	return good;
}

/* Find what is torn before the head, and check what replay would read. */
static void walk_dirty(struct reader *rd, struct xfs_check_log_table *table)
{
	struct xfs_check *chk = rd->scan->chk;
	struct xfs_check_log_state *log = &chk->log;
	struct xfs_check_record rec = { 0 };
	uint32_t bb, bad;
	bool again = true;

	if (!find_torn(rd, &bad))
		return;
	if (bad != log->head) {
		rec.bb = bad;
		if (!state_at(rd->scan, bad, &rec)) {
			if (rec.bb != bad && !rd->scan->failed)
				judge_last(rd->scan, &rec);
			return;
		}
		log->torn = true;
		log->torn_block = bad;
		if (!log->clean && log->tail == bad)
			xfs_check_report(chk, AT_LOG(bad),
					 "the record is torn, and nothing before it is left");
		if (log->clean || log->tail == bad)
			return;
	}
	for (bb = log->tail; again;) {
		if (!walk_from(rd, table, &bb, &again))
			break;
	}
}

static void check_dirty(struct xfs_check_scan *scan)
{
	struct xfs_check *chk = scan->chk;
	struct xfs_check_log_table table = { .chk = chk };
	struct reader rd = {
		.scan = scan,
		.bytes = xfs_mem_alloc(&chk->mem, (size_t)RECORD_BB * XFS_BB_SIZE),
	};

	if (!rd.bytes)
		xfs_check_fail(chk, -ENOMEM);
	else if (xfs_check_log_table_init(&table))
		walk_dirty(&rd, &table);
	xfs_check_log_table_free(&table);
	xfs_mem_free(&chk->mem, rd.bytes);
}

static void tell_dirty(struct xfs_check *chk)
{
	const struct xfs_check_log_state *log = &chk->log;

	if (chk->opts.flags & XFS_CHECK_DIRTY_LOG_OK)
		return;
	if (!log->clean)
		xfs_check_report(chk, AT_LOG(log->head), "the log is dirty: changes from block %u "
				 "to %u are not in place yet", log->first, log->head);
	if (log->torn)
		xfs_check_report(chk, AT_LOG(log->torn_block),
				 "the record is torn: the log ends before it");
}

/* The checksum of a record that is not replayed; those of a dirty log were checked in the walk. */
static void check_clean(struct xfs_check_scan *scan, const struct xfs_check_record *rec)
{
	struct xfs_check *chk = scan->chk;
	struct reader rd = {
		.scan = scan, .size = XFS_MAX(rec->size, rec->len), .header_bb = rec->header_bb,
	};
	bool whole = false;

	/* Old formatters wrote a longer record than the nominal size. */
	if (!rec->crc || rec->all_bb > RECORD_BB)
		return;
	rd.bytes = xfs_mem_alloc(&chk->mem, (size_t)RECORD_BB * XFS_BB_SIZE);
	if (!rd.bytes) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	if (rec->version == XLOG_VERSION_2 && xfs_uuid_equal(&rec->uuid, &chk->g.uuid) &&
	    read_record(&rd, rec->bb, scan->nr_bb, &whole) && !whole)
		xfs_check_report(chk, AT_LOG(rec->bb), "the checksum of the last record is wrong");
	xfs_mem_free(&chk->mem, rd.bytes);
}

static void check_turns(struct xfs_check_scan *scan)
{
	const struct xfs_check_log_state *log = &scan->chk->log;
	struct xfs_check_turn first = { 0 };
	uint32_t strays;

	strays = xfs_check_scan_strays(scan, log->head, log->head_cycle, &first);
	if (strays)
		xfs_check_report(scan->chk, AT_LOG(first.bb), "%u blocks of the log show a turn that no "
				 "writer leaves there, the first one %u", strays, first.cycle);
}

static void judge(struct xfs_check_scan *scan)
{
	struct xfs_check *chk = scan->chk;
	struct xfs_check_log_state *log = &chk->log;
	struct xfs_check_record rec = { 0 };
	uint32_t head;

	if (!scan->first_cycle) {
		xfs_check_report(chk, AT_LOG(0), "the log is empty: not even an unmount record");
		chk->log_clean = chk->log_known = log->clean = true;
		log->head_cycle = XLOG_INIT_CYCLE;
		chk->head_lsn = (uint64_t)XLOG_INIT_CYCLE << 32;
		return;
	}
	if (!whole_records_end(scan, &head))
		return;
	if (!state_at(scan, head, &rec)) {
		if (!scan->failed)
			judge_last(scan, &rec);
		return;
	}
	judge_last(scan, &rec);
	check_turns(scan);
	if (log->clean)
		check_clean(scan, &rec);
	else
		check_dirty(scan);
	chk->log_known = true;
	chk->log_clean = log->clean;
	chk->head_lsn = (uint64_t)log->head_cycle << 32 | log->head;
	tell_dirty(chk);
}

void xfs_check_log(struct xfs_check *chk)
{
	struct xfs_check_scan scan = { .chk = chk };
	uint64_t nr_bb = (uint64_t)chk->sb.sb_logblocks << (chk->g.blocklog - XFS_BB_SHIFT);
	uint32_t agno, agbno;

	if (!chk->sb.sb_logstart && !chk->logdev) {
		/* It is unknown whether the log is clean; check the rest as if it were. */
		chk->sum.not_checked |= XFS_CHECK_SKIPPED_LOG;
		chk->log_clean = true;
		return;
	}
	if (nr_bb < 2 || nr_bb > XFS_MAX_LOG_BYTES / XFS_BB_SIZE ||
	    (chk->sb.sb_logstart && !xfs_check_fsb(&chk->g, chk->sb.sb_logstart,
						   chk->sb.sb_logblocks, &agno, &agbno)))
		return;		/* reported with the superblock */
	scan.nr_bb = (uint32_t)nr_bb;
	if (xfs_check_scan_log(&scan))
		judge(&scan);
	if (scan.failed) {
		xfs_check_report(chk, AT_LOG(XFS_CHECK_NOBLOCK), "the log cannot be read");
		chk->log_known = false;
	}
	xfs_check_scan_free(&scan);
}
