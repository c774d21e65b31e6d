/* SPDX-License-Identifier: MIT */
/*
 * Writing a checkpoint.  Each region is copied once, to its final place: the buffer is a row of
 * records as they will lie in the ring, with room for their headers, and is written in as few
 * writes as LOG-3 allows.  Headers, stamps and checksums are filled in when it is written.
 *
 * Without memory for the whole checkpoint, the few records allocated at open serve as a window:
 * they are written whenever they are full, then filled again.  The result on disk is the same.
 */
#include "core/lsn.h"
#include "core/message.h"
#include "core/stats.h"
#include "log/log_priv.h"

#define PIECE_MIN	4u		/* recovery would ignore an empty first piece */
#define SPARE_BYTES	(8u << 20)	/* larger memory is not kept for the next checkpoint */
#define WINDOW_BYTES	(128u << 10)

struct xlog_stream {
	struct xlog *log;
	uint8_t *buf;			/* room for max_records full records */
	uint32_t max_records, nr;	/* room; records begun */
	uint8_t *pos, *end;		/* of the record being filled */
	uint32_t num_ops;		/* operations that begin in it */
	uint32_t tid;
	uint32_t regions;
	struct xfs_trans_header *header;
	uint64_t contents;
	bool overflow;			/* more regions than announced: nothing is written */
	xfs_lsn_t lsn;

	/* Only while it is used as a window: */
	bool window;
	xfs_lsn_t tail, at;		/* at: place of the first record in memory */
	uint32_t pushed_bbs;		/* blocks written before the records in memory */
	uint32_t in_flight;		/* of those records, not yet flushed */
	int error;			/* the log is dead */
};

static void push_window(struct xlog_stream *s);

static uint8_t *record_at(const struct xlog_stream *s, uint32_t i)
{
	return s->buf + ((size_t)i * s->log->max_bbs << XFS_BB_SHIFT);
}

static size_t header_bytes(const struct xlog *log)
{
	return (size_t)log->header_bbs << XFS_BB_SHIFT;
}

/* Store the record's number of operations and its length in its header. */
static void end_record(struct xlog_stream *s)
{
	uint8_t *record = record_at(s, s->nr - 1);
	struct xlog_rec_header *h = (void *)record;
	size_t used = (size_t)(s->pos - record);
	size_t extent = (size_t)xfs_roundup64(used, (size_t)s->log->unit_bbs << XFS_BB_SHIFT);

	memset(s->pos, 0, extent - used);
	h->h_len = cpu_to_be32((uint32_t)(extent - header_bytes(s->log)));
	h->h_num_logops = cpu_to_be32(s->num_ops);
}

static void begin_record(struct xlog_stream *s)
{
	uint8_t *record = record_at(s, s->nr++);

	memset(record, 0, header_bytes(s->log));
	s->pos = record + header_bytes(s->log);
	s->end = record + ((size_t)s->log->max_bbs << XFS_BB_SHIFT);
	s->num_ops = 0;
}

/* Make room for at least @bytes in one record. */
static bool make_room(struct xlog_stream *s, size_t bytes)
{
	if ((size_t)(s->end - s->pos) >= bytes)
		return true;
	if (s->window && s->nr == s->max_records && !s->overflow) {
		push_window(s);
		if (s->error)
			return false;
		begin_record(s);
		return true;
	}
	/* More contents than announced is a bug of the caller; do not write beyond the buffer. */
	ASSERT(s->nr < s->max_records || s->window);
	if (s->nr == s->max_records)
		s->overflow = true;
	if (s->overflow)
		return false;
	end_record(s);
	begin_record(s);
	return true;
}

static uint8_t *put_op(struct xlog_stream *s, uint32_t len, uint8_t flags)
{
	struct xlog_op_header *op = (void *)s->pos;
	uint8_t *data = s->pos + sizeof(*op);

	ASSERT((size_t)(s->end - s->pos) >= sizeof(*op) + len);
	op->oh_tid = cpu_to_be32(s->tid);
	op->oh_len = cpu_to_be32(len);
	op->oh_clientid = XFS_TRANSACTION;
	op->oh_flags = flags;
	op->oh_res2 = cpu_to_be16(0);
	s->pos = data + len;
	s->num_ops++;
	return data;
}

void xlog_stream_region(struct xlog_stream *s, const void *data, uint32_t len)
{
	const uint8_t *from = data;
	uint32_t pad = -len % 4u, left = len + pad;
	bool first = true;

	ASSERT(len && left <= UINT32_MAX - 4);
	s->regions++;
	s->contents += XLOG_OP_HEADER_BYTES + left;
	while (left) {
		uint32_t room, take;
		uint8_t flags = first ? 0 : XLOG_WAS_CONT_TRANS, *to;

		if (!make_room(s, XLOG_OP_HEADER_BYTES + PIECE_MIN))
			return;
		room = (uint32_t)(s->end - s->pos) - XLOG_OP_HEADER_BYTES;
		take = XFS_MIN(left, room);
		if (take < left)
			flags |= XLOG_CONTINUE_TRANS;
		else if (!first)
			flags |= XLOG_END_TRANS;
		to = put_op(s, take, flags);
		left -= take;
		if (!left && pad) {
			take -= pad;
			memset(to + take, 0, pad);
		}
		memcpy(to, from, take);
		from += take;
		first = false;
	}
}

static void free_stream(struct xfs_mount *mp, struct xlog_stream *s)
{
	xfs_mem_free_aligned(&mp->m_mem, s->buf);
	xfs_free(mp, s);
}

static struct xlog_stream *make_stream(struct xlog *log, uint32_t records)
{
	struct xfs_mount *mp = log->ring.mp;
	struct xlog_stream *s = xfs_mem_zalloc(&mp->m_mem, sizeof(*s));

	if (!s)
		return NULL;
	s->buf = xfs_mem_alloc_aligned(&mp->m_mem, 4096,
				       (size_t)records * log->max_bbs << XFS_BB_SHIFT);
	if (!s->buf) {
		xfs_free(mp, s);
		return NULL;
	}
	s->log = log;
	s->max_records = records;
	return s;
}

static bool is_limited(const struct xlog *log)
{
	return xfs_mem_left(&log->ring.mp->m_mem) != UINT64_MAX;
}

void xlog_stream_free(struct xlog_stream *s)
{
	struct xlog *log;

	if (!s || s == s->log->window)
		return;
	log = s->log;
	if (!log->spare && s->max_records <= (SPARE_BYTES >> XFS_BB_SHIFT) / log->max_bbs && !is_limited(log))
		log->spare = s;
	else
		free_stream(log->ring.mp, s);
}

void xlog_window_free(struct xlog *log)
{
	if (log->window)
		free_stream(log->ring.mp, log->window);
	log->window = NULL;
}

size_t xlog_window_bytes(uint32_t record_bytes)
{
	return (size_t)record_bytes * XFS_MAX(WINDOW_BYTES / record_bytes, 1u);
}

int xlog_window_alloc(struct xlog *log)
{
	uint32_t record = log->max_bbs << XFS_BB_SHIFT;

	log->window = make_stream(log, (uint32_t)(xlog_window_bytes(record) / record));
	return log->window ? 0 : xfs_error(log->ring.mp, -ENOMEM, "out of memory for the log");
}

void xlog_close(struct xfs_mount *mp)
{
	struct xlog *log = mp->m_log;

	if (!log)
		return;
	if (log->spare)
		free_stream(mp, log->spare);
	xlog_window_free(log);
	xfs_free(mp, log);
	mp->m_log = NULL;
}

/* A stream with room for @records; reuses the last checkpoint's if that is large enough. */
static struct xlog_stream *get_stream(struct xlog *log, uint32_t records)
{
	struct xfs_mount *mp = log->ring.mp;
	struct xlog_stream *s = log->spare;
	struct xfs_budget *before;

	if (log->window->max_records >= records)
		return log->window;
	log->spare = NULL;
	if (s && s->max_records >= records)
		return s;
	if (s)
		free_stream(mp, s);
	/*
	 * A larger buffer only saves time: take neither the others' share of memory nor the reserve
	 * for it.
	 */
	if ((uint64_t)records * log->max_bbs << XFS_BB_SHIFT > xfs_mem_left(&mp->m_mem) / 4)
		return NULL;
	before = xfs_mem_critical_enter(NULL);
	s = make_stream(log, records);
	xfs_mem_critical_leave(before);
	return s;
}

static void begin_stream(struct xlog *log, struct xlog_stream *s)
{
	*s = (struct xlog_stream){ .log = log, .buf = s->buf, .max_records = s->max_records };
	s->lsn = s->at = xlog_head_lsn(log);
	/* Unique among the transactions recovery can meet: no other started at this block. */
	s->tid = CYCLE_LSN(s->lsn) << 22 | BLOCK_LSN(s->lsn);
	begin_record(s);
	put_op(s, 0, XLOG_START_TRANS);
	s->header = (void *)put_op(s, sizeof(*s->header), 0);
}

static void fill_header(struct xlog_stream *s, uint32_t regions)
{
	*s->header = (struct xfs_trans_header){
		.th_magic = XFS_TRANS_HEADER_MAGIC,
		.th_type = XFS_TRANS_CHECKPOINT,
		.th_tid = (int32_t)s->tid,
		.th_num_items = regions,
	};
}

int xlog_stream_alloc(struct xlog *log, uint64_t bytes, uint64_t regions, struct xlog_stream **sp)
{
	/* The same overhead as contents_of() in space.c. */
	uint64_t per = (((uint64_t)log->max_bbs - log->header_bbs) << XFS_BB_SHIFT) - 24;
	uint64_t records = xfs_howmany64(bytes + 3 * regions + 52, per);
	struct xlog_stream *s = NULL;

	*sp = NULL;
	/* A request for more than the whole log is a bug of the caller. */
	ASSERT(records * log->max_bbs <= log->ring.nbbs);
	if (records * log->max_bbs <= log->ring.nbbs)
		s = get_stream(log, (uint32_t)records);
	if (!s)
		return xfs_error(log->ring.mp, -ENOMEM,
				 "out of memory for a checkpoint of %" PRIu64 " bytes", bytes);
	begin_stream(log, s);
	*sp = s;
	return 0;
}

struct xlog_stream *xlog_stream_open_window(struct xlog *log, uint32_t regions, xfs_lsn_t tail)
{
	struct xlog_stream *s = log->window;

	begin_stream(log, s);
	s->window = true;
	s->tail = tail ? tail : s->lsn;
	fill_header(s, regions);
	s->regions = 0;
	return s;
}

xfs_lsn_t xlog_stream_lsn(const struct xlog_stream *s)
{
	return s->lsn;
}

/* Blocks of a record behind the end of the ring belong to the next cycle. */
static void stamp_wrapped(const struct xlog *log, uint8_t *record, uint32_t block, uint32_t bbs,
			  uint32_t cycle)
{
	if (block + bbs <= log->ring.nbbs)
		return;
	for (uint32_t i = log->ring.nbbs - block; i < bbs; i++)
		put_be32(cycle, record + ((size_t)i << XFS_BB_SHIFT));
}

/* Complete the record, which will lie at @block; returns its number of blocks. */
static uint32_t finish_record(struct xlog *log, uint8_t *record, uint32_t block, uint32_t cycle,
			      xfs_lsn_t tail)
{
	struct xlog_rec_header *h = (void *)record;
	uint32_t len = be32_to_cpu(h->h_len), bbs = log->header_bbs + (len >> XFS_BB_SHIFT);

	h->h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	h->h_cycle = cpu_to_be32(cycle);
	h->h_version = cpu_to_be32(XLOG_VERSION_2);
	h->h_lsn = cpu_to_be64((uint64_t)xlog_assign_lsn(cycle, block));
	h->h_tail_lsn = cpu_to_be64((uint64_t)tail);
	h->h_prev_block = cpu_to_be32(log->prev_block);
	h->h_fmt = cpu_to_be32(XLOG_FMT);
	h->h_fs_uuid = log->ring.mp->m_geo.uuid;
	h->h_size = cpu_to_be32(log->h_size);
	xlog_stamp(record, log->header_bbs, len, cycle);
	stamp_wrapped(log, record, block, bbs, xlog_next_cycle(cycle));
	h->h_crc = cpu_to_le32(xlog_record_cksum(record, log->header_bbs, len, XLOG_REC_CRC_LEN));
	log->prev_block = block;
	xfs_stats_add(log->ring.mp, XFS_COUNT_xs_log_blocks, bbs);
	log->stats.records++;
	log->stats.bytes += (uint64_t)bbs << XFS_BB_SHIFT;
	return bbs;
}

static xfs_lsn_t lsn_forward(const struct xlog *log, xfs_lsn_t lsn, uint32_t bbs)
{
	uint32_t block = BLOCK_LSN(lsn) + bbs, cycle = CYCLE_LSN(lsn);

	if (block >= log->ring.nbbs) {
		block -= log->ring.nbbs;
		cycle = xlog_next_cycle(cycle);
	}
	return xlog_assign_lsn(cycle, block);
}

/* Write records [@first, @first + @count) of the stream in one piece at *@at. */
static int write_records(struct xlog_stream *s, uint32_t first, uint32_t count, xfs_lsn_t tail,
			 unsigned int flags, xfs_lsn_t *at)
{
	struct xlog *log = s->log;
	uint32_t bbs = 0;
	xfs_lsn_t pos = *at;
	int error;

	for (uint32_t i = first; i < first + count; i++) {
		uint32_t n = finish_record(log, record_at(s, i), BLOCK_LSN(pos), CYCLE_LSN(pos),
					   tail);

		bbs += n;
		pos = lsn_forward(log, pos, n);
	}
	error = xlog_ring_write(&log->ring, BLOCK_LSN(*at), bbs, record_at(s, first), flags);
	*at = pos;
	return error;
}

static uint32_t max_in_flight(const struct xlog *log)
{
	return XFS_MIN(XLOG_IN_FLIGHT_RECORDS, XLOG_IN_FLIGHT_BBS / log->max_bbs);
}

/* Write all records, durable at the end; *@at moves behind them. */
static int write_all(struct xlog_stream *s, xfs_lsn_t tail, xfs_lsn_t *at)
{
	struct xlog *log = s->log;
	uint32_t window = max_in_flight(log), last = s->nr - 1;
	int error = 0;

	if (s->in_flight && last)
		error = xlog_flush(log, XFS_RULE_WINDOW_FLUSH);
	for (uint32_t i = 0; i < last && !error; i += window) {
		uint32_t count = XFS_MIN(window, last - i);

		error = write_records(s, i, count, tail, 0, at);
		/*
		 * LOG-3: a hole further back than recovery looks would make the log unreadable,
		 * with all durable checkpoints in it.
		 */
		if (!error && i + count < last)
			error = xlog_flush(log, XFS_RULE_WINDOW_FLUSH);
	}
	/* The last record holds the COMMIT; it must not reach the device before what it commits. */
	if (!error && (last || s->in_flight))
		error = xlog_flush(log, XFS_RULE_COMMIT_FLUSH);
	if (!error)
		error = write_records(s, last, 1, tail,
				      XFS_SABOTAGE(XFS_RULE_FINAL_FLUSH) ? 0 : XFS_DEV_FUA, at);
	return error;
}

static uint32_t stream_bbs(const struct xlog_stream *s)
{
	const struct xlog_rec_header *h = (void *)record_at(s, s->nr - 1);

	return s->pushed_bbs + (s->nr - 1) * s->log->max_bbs + s->log->header_bbs +
	       (be32_to_cpu(h->h_len) >> XFS_BB_SHIFT);
}

/*
 * Leave room for the unmount record and one more: a head that meets the tail makes a full log look
 * empty.
 */
static bool fits(const struct xlog *log, uint32_t bbs)
{
	uint32_t unmount = (uint32_t)xfs_roundup64(log->header_bbs + 1u, log->unit_bbs);

	return (uint64_t)bbs + 2u * unmount <= xlog_free_bbs(log);
}

/* The window is full and more follows, so none of its records is the last. */
static void push_window(struct xlog_stream *s)
{
	struct xlog *log = s->log;
	int error = 0;

	end_record(s);
	if (log->dead || xfs_is_shutdown(log->ring.mp) ||
	    !fits(log, s->pushed_bbs + s->nr * log->max_bbs))
		error = -EIO;
	if (!error && s->in_flight + s->nr > max_in_flight(log)) {
		error = xlog_flush(log, XFS_RULE_WINDOW_FLUSH);
		s->in_flight = 0;
	}
	if (!error)
		error = write_records(s, 0, s->nr, s->tail, 0, &s->at);
	s->in_flight += s->nr;
	s->pushed_bbs += s->nr * log->max_bbs;
	s->nr = 0;
	if (error) {
		s->error = xlog_fail(log, error);
		s->overflow = true;
	}
}

/* End the transaction: append COMMIT, and store the number of regions in the transaction header. */
static void commit_op(struct xlog_stream *s)
{
	if (!s->window)
		fill_header(s, s->regions);
	if (make_room(s, XLOG_OP_HEADER_BYTES)) {
		put_op(s, 0, XLOG_COMMIT_TRANS);
		end_record(s);
	}
}

int xlog_stream_write(struct xlog_stream *s, xfs_lsn_t tail)
{
	struct xlog *log = s->log;
	xfs_lsn_t at;
	bool good;
	int error;

	if (s->error)
		return s->error;
	if (log->dead || xfs_is_shutdown(log->ring.mp))
		return xfs_shutdown_error(log->ring.mp);
	ASSERT(s->lsn == xlog_head_lsn(log));
	if (!tail)
		tail = s->lsn;
	ASSERT(tail <= s->lsn && tail >= xlog_tail_lsn(log));
	ASSERT(!s->window || tail == s->tail);
	commit_op(s);
	if (s->error)
		return s->error;
	at = s->at;
	good = !s->overflow && s->lsn == xlog_head_lsn(log) && fits(log, stream_bbs(s));
	ASSERT(good);
	if (!good)
		return xlog_fail(log, -EIO);
	error = write_all(s, tail, &at);
	if (error)
		return xlog_fail(log, error);
	xfs_stats_inc(log->ring.mp, XFS_COUNT_xs_log_writes);
	log->stats.checkpoints++;
	log->stats.contents += s->contents;
	xfs_lsn_set_head(log->ring.mp, at);
	/*
	 * Store the head first: a reader that loads the tail and then the head never sees the head
	 * behind it.
	 */
	__atomic_store_n(&log->head, (uint64_t)at, __ATOMIC_RELEASE);
	__atomic_store_n(&log->tail, (uint64_t)tail, __ATOMIC_RELEASE);
	return 0;
}

int xlog_write_unmount(struct xlog *log)
{
	struct xlog_stream *s;
	uint16_t magic = XLOG_UNMOUNT_TYPE;
	struct xlog_op_header *op;
	xfs_lsn_t at;
	int error;

	if (log->dead || xfs_is_shutdown(log->ring.mp))
		return xfs_shutdown_error(log->ring.mp);
	s = log->window;
	*s = (struct xlog_stream){
		.log = log, .buf = s->buf, .max_records = s->max_records, .tid = XLOG_UNMOUNT_TID,
	};
	begin_record(s);
	op = (void *)s->pos;
	memset(put_op(s, XLOG_UNMOUNT_PAYLOAD, XLOG_UNMOUNT_TRANS), 0, XLOG_UNMOUNT_PAYLOAD);
	op->oh_clientid = XFS_LOG;
	memcpy(op + 1, &magic, sizeof(magic));
	end_record(s);
	at = xlog_head_lsn(log);
	/* Nothing older is needed, so the tail is the record's own place. */
	error = fits(log, 0) ? write_records(s, 0, 1, at, XFS_DEV_FUA, &at) : -EIO;
	xlog_stream_free(s);
	if (error)
		return xlog_fail(log, error);
	__atomic_store_n(&log->head, (uint64_t)at, __ATOMIC_RELEASE);
	log->dead = true;
	return 0;
}
