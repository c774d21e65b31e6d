/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the writer puts into the log is exactly the checkpoints it was given, in records that
 *       any reader must accept, at every place of the ring, for every record size, stripe
 *       unit and sector; it never runs over its tail, and writes in windows that recovery
 *       can see through.
 * Method: seeded checkpoints through the stream, parsed back by a parser of its own
 *         (support/log_parse.c); the head search must come out where the writer stands; one
 *         checkpoint against bytes that were recovered by kernels; a recorder shows the
 *         order of writes and flushes.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/mem.h"
#include "core/message.h"
#include "disk/log.h"
#include "log/log.h"
#include "log/log_priv.h"
#include "support/log_volume.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define MAX_LIVE	4096u

/* A checkpoint that was written: where, and what. */
struct written {
	xfs_lsn_t lsn;
	struct test_bytes bytes;
	uint32_t regions;
};

struct rig {
	struct xfs_mount mp;
	struct xfs_device *memory, *recorder;
	struct test_log log;
	struct written live[MAX_LIVE];	/* from the tail on */
	uint32_t nr;
	struct xfs_rand r;
	bool window;			/* checkpoints are written as without memory for all of them */
};

static const uint8_t uuid[16] = { 0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87,
				  0x98, 0xa9, 0xba, 0xcb, 0xdc, 0xed, 0xfe, 0x0f };

static struct rig *rig_new(uint32_t log_bytes, uint32_t sector, uint32_t logsunit, bool external,
			   uint64_t stream)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct test_log_shape shape = {
		.bytes = log_bytes, .sector = sector, .sunit = logsunit, .external = external,
		.uuid = uuid,
	};

	assert_non_null(rig);
	rig->mp.m_geo = test_log_geometry(&shape);
	rig->log = test_log_of(&rig->mp.m_geo);
	rig->r = test_rand(stream);
	assert_int_equal(xfs_device_open_memory((uint64_t)log_bytes + 2 * TEST_LOG_START, sector,
						NULL, &rig->memory), 0);
	assert_int_equal(test_recorder_open(rig->memory, &rig->recorder), 0);
	if (external)
		rig->mp.m_logdev = rig->recorder;
	else
		rig->mp.m_dev = rig->recorder;
	rig->log.dev = rig->memory;
	return rig;
}

static void forget(struct rig *rig, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		test_bytes_free(&rig->live[i].bytes);
	memmove(rig->live, rig->live + nr, (rig->nr - nr) * sizeof(rig->live[0]));
	rig->nr -= nr;
}

static void rig_free(struct rig *rig)
{
	forget(rig, rig->nr);
	xlog_close(&rig->mp);
	xfs_device_put(rig->recorder);
	xfs_device_put(rig->memory);
	free(rig);
}

static void rig_open(struct rig *rig, struct xlog_state *state)
{
	assert_int_equal(xlog_find_head(&rig->mp, state), 0);
	assert_int_equal(xlog_open(&rig->mp, state), 0);
	rig->log.h_size = rig->mp.m_log->h_size;
}

/* Lengths that a log item can have, and some that only make splitting hard. */
static uint32_t draw_len(struct rig *rig, uint64_t left)
{
	static const uint32_t common[] = { 4, 12, 16, 24, 28, 56, 128, 176, 384, 512, 4096 };
	uint32_t len;

	switch (xfs_rand_below(&rig->r, 4)) {
	case 0:
		len = common[xfs_rand_below(&rig->r, ARRAY_SIZE(common))];
		break;
	case 1:
		len = 1 + (uint32_t)xfs_rand_below(&rig->r, 300);
		break;
	case 2:
		len = 1 + (uint32_t)xfs_rand_below(&rig->r, 9000);
		break;
	default:
		len = 1 + (uint32_t)xfs_rand_below(&rig->r, 80000);
		break;
	}
	return (uint32_t)XFS_MIN((uint64_t)len, left);
}

/* The length of the next region, 12 bytes of its header beside it, with @left bytes to go. */
static uint32_t next_len(struct rig *rig, uint64_t left)
{
	uint32_t len = draw_len(rig, left - 12);

	len = len < 4 ? 4 : len;
	return XFS_ALIGN(len, 4u) + 12 > left ? len & ~3u : len;
}

/* How many regions write_checkpoint() is going to write. */
static uint32_t count_regions(struct rig *rig, uint64_t bytes)
{
	struct xfs_rand saved = rig->r;
	uint64_t used = 0;
	uint32_t n = 0;

	while (used + 16 <= bytes) {
		used += 12 + XFS_ALIGN(next_len(rig, bytes - used), 4u);
		xfs_rand64(&rig->r);
		n++;
	}
	rig->r = saved;
	return n;
}

static int get_stream(struct rig *rig, uint64_t bytes, xfs_lsn_t tail, struct xlog_stream **sp)
{
	if (!rig->window)
		return xlog_stream_alloc(rig->mp.m_log, bytes, bytes / 13 + 1, sp);
	*sp = xlog_stream_open_window(rig->mp.m_log, count_regions(rig, bytes), tail);
	return 0;
}

/* One checkpoint of about @bytes of contents. */
static int write_checkpoint(struct rig *rig, uint64_t bytes, xfs_lsn_t tail)
{
	struct written *w = &rig->live[rig->nr];
	struct xlog_stream *s;
	uint64_t used = 0;
	int error;

	assert_true(rig->nr < MAX_LIVE);
	memset(w, 0, sizeof(*w));
	w->lsn = xlog_head_lsn(rig->mp.m_log);
	error = get_stream(rig, bytes, tail, &s);
	if (error)
		return error;
	assert_true(xlog_stream_lsn(s) == w->lsn);
	while (used + 16 <= bytes) {
		uint32_t len = next_len(rig, bytes - used), padded;
		uint8_t data[80004] = { 0 };

		padded = XFS_ALIGN(len, 4u);
		test_pattern_fill(data, len, xfs_rand64(&rig->r));
		xlog_stream_region(s, data, len);
		test_bytes_add(&w->bytes, &padded, 4);
		test_bytes_add(&w->bytes, data, padded);
		w->regions++;
		used += 12 + padded;
	}
	error = xlog_stream_write(s, tail);
	xlog_stream_free(s);
	if (error)
		test_bytes_free(&w->bytes);
	else
		rig->nr++;
	return error;
}

static bool same(const struct written *w, const struct test_checkpoint *cp)
{
	return w->lsn == xlog_assign_lsn(cp->cycle, cp->block) && w->regions == cp->regions &&
	       w->bytes.len == cp->bytes.len &&
	       !memcmp(w->bytes.data, cp->bytes.data, cp->bytes.len);
}

/* All live checkpoints are there, in order, and nothing else. */
static void check_log(struct rig *rig, uint32_t head)
{
	struct test_parsed parsed;
	char why[200] = "";

	if (!rig->nr)
		return;
	if (!test_log_parse(&rig->log, CYCLE_LSN(rig->live[0].lsn), BLOCK_LSN(rig->live[0].lsn), head,
			    &parsed, why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(parsed.nr, rig->nr);
	assert_int_equal(parsed.open, 0);
	for (uint32_t i = 0; i < rig->nr; i++)
		assert_true(same(&rig->live[i], &parsed.checkpoints[i]));
	test_parsed_free(&parsed);
}

static void check_found(struct rig *rig, bool clean)
{
	xfs_lsn_t head = xlog_head_lsn(rig->mp.m_log);
	struct xlog_state state;

	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	assert_int_equal(state.clean, clean);
	assert_false(state.torn);
	assert_int_equal(state.head_block, BLOCK_LSN(head));
	assert_int_equal(state.head_cycle, CYCLE_LSN(head));
	if (!clean && rig->nr) {
		assert_true(state.tail_lsn == rig->live[0].lsn);
		assert_int_equal(state.record_size, rig->log.h_size);
	}
}

/* The record that a clean close leaves, byte by byte. */
static void test_unmount_record(void **unused)
{
	static const uint8_t head[] = {
		0xfe, 0xed, 0xba, 0xbe, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 2, 0,
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 0, 0 /* checksum */, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0xb0, 0xc0, 0xd0, 0xd0,
	};
	static const uint8_t data[] = { 0, 0, 0, 1, 0, 0, 0, 8, 0xaa, 0x20, 0, 0 };
	const uint16_t magic = 0x556e;	/* in the machine's byte order */
	struct rig *rig = rig_new(4u << 20, 512, 0, false, 1);
	uint8_t expect[1024] = { 0 }, got[1024];
	struct xlog_state state;
	uint32_t crc;

	(void)unused;
	rig_open(rig, &state);
	assert_int_equal(xlog_write_unmount(rig->mp.m_log), 0);
	memcpy(expect, head, sizeof(head));
	put_be32(TEST_LOG_FORMAT, expect + 300);
	memcpy(expect + 304, uuid, 16);
	memcpy(expect + 320, "\0\0\x80\0", 4);
	memcpy(expect + 512, data, sizeof(data));
	memcpy(expect + 512 + sizeof(data), &magic, sizeof(magic));
	crc = ~test_crc32c(test_crc32c(~0u, expect, 328), expect + 512, 512);
	put_le32(crc, expect + 32);
	assert_int_equal(xfs_device_pread(rig->memory, TEST_LOG_START, got, sizeof(got)), 0);
	assert_memory_equal(got, expect, sizeof(got));
	check_found(rig, true);
	rig_free(rig);
}

static const uint8_t vector_core[176] = {
	0x4e, 0x49, 0xa0, 0x81, 3, 2, 0, 0, [16] = 1,
	[32] = 0x7d, 0x5e, 0x45, 0xb2, 0xe8, 0xe2, 0xb7, 0x36,
	0x50, 0x87, 0xdc, 0xa3, 0x1e, 0x7e, 0x6e, 0x38, 0x50, 0x87, 0xdc, 0xa3, 0x1e, 0x7e, 0x6e, 0x38,
	6, [64] = 1, [76] = 1, [82] = 0x18, 2, [92] = 0xc8, 0x5a, 0xd3, 0x15, 0xff, 0xff, 0xff, 0xff,
	[104] = 6, [120] = 8, [144] = 0x7d, 0x5e, 0x45, 0xb2, 0xe8, 0xe2, 0xb7, 0x36, 0x83,
	[160] = 0xa8, 0x06, 0x4f, 0x3b, 0x0d, 0x5b, 0x41, 0xaf, 0xa8, 0x79, 0xea, 0x83, 0x85, 0xb7,
	0xcc, 0x36,
};
static const uint8_t vector_inode[56] = {
	0x3b, 0x12, 2, 0, 1, [16] = 0x83, [40] = 0x80, [48] = 0x20, 0, 0, 0, 0, 6, 0, 0,
};
static const uint8_t vector_buf[24] = { 0x3c, 0x12, 2, 0, 0, 0x90, 1, [16] = 1, 0, 0, 0, 7 };
static const uint8_t vector_sb[384] = {
	0x58, 0x46, 0x53, 0x42, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x40, 0,
	[32] = 0xa8, 0x06, 0x4f, 0x3b, 0x0d, 0x5b, 0x41, 0xaf, 0xa8, 0x79, 0xea, 0x83, 0x85, 0xb7, 0xcc,
	0x36, 0, 0, 0, 0, 0, 0, 0x20, 0x06, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x81,
	0, 0, 0, 0, 0, 0, 0, 0x82, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 8, 0,
	0xb4, 0xb5, 2, 0, 2, 0, 0, 8, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2d, 0x6c, 0x61, 0x62, 0x65, 0x6c,
	0, 0x0c, 9, 9, 3, 0x0c, 0, 0, 0x19, 0, 0, 0, 0, 0, 0, 0, 0x40,
	0, 0, 0, 0, 0, 0, 0, 0x3a, 0, 0, 0, 0, 0, 0, 0x37, 0xdf,
	[160] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 8,
	[199] = 1, 0, 0, 1, 0x8a, 0, 0, 1, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0x0d,
	0, 0, 0, 0x0b, 0, 0, 0, 0, 0x34, 0xc1, 0x67, 0x0b, 0, 0, 0, 4,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 9,
};

/*
 * A checkpoint with an inode and the superblock, at block 13 of a log, whose bytes two kernels
 * recovered.  They were written under another transaction id; with it and their UUID what
 * we write has their checksum.
 */
static void test_vector(void **unused)
{
	static const uint8_t their_uuid[16] = { 0xa8, 0x06, 0x4f, 0x3b, 0x0d, 0x5b, 0x41, 0xaf,
						0xa8, 0x79, 0xea, 0x83, 0x85, 0xb7, 0xcc, 0x36 };
	/* Offsets behind the header of the transaction ids. */
	static const uint32_t ids[] = { 0, 0xc, 0x28, 0x6c, 0x128, 0x14c, 0x2d8 };
	struct rig *rig = rig_new(4u << 20, 512, 0, false, 1);
	struct xlog_state state = { .head_block = 13, .head_cycle = 1, .clean = true,
				    .last_lsn = xlog_assign_lsn(1, 11),
				    .last_tail_lsn = xlog_assign_lsn(1, 11) };
	const uint32_t theirs = 0xcafe0001;
	struct xlog_stream *s;
	uint8_t got[1536];
	uint32_t word;

	(void)unused;
	memcpy(rig->mp.m_geo.uuid.b, their_uuid, 16);
	assert_int_equal(xlog_open(&rig->mp, &state), 0);
	assert_int_equal(xlog_stream_alloc(rig->mp.m_log, 1000, 4, &s), 0);
	xlog_stream_region(s, vector_inode, sizeof(vector_inode));
	xlog_stream_region(s, vector_core, sizeof(vector_core));
	xlog_stream_region(s, vector_buf, sizeof(vector_buf));
	xlog_stream_region(s, vector_sb, sizeof(vector_sb));
	assert_int_equal(xlog_stream_write(s, 0), 0);
	xlog_stream_free(s);
	assert_true(xlog_head_lsn(rig->mp.m_log) == xlog_assign_lsn(1, 16));
	assert_int_equal(xfs_device_pread(rig->memory, TEST_LOG_START + 13 * 512, got, sizeof(got)), 0);
	assert_true(xlog_record_crc_ok(got, 1, 1024));
	xlog_unstamp(got, 1, 1024);
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++)
		put_be32(theirs, got + 512 + ids[i]);
	/* The header of the transaction is in the byte order of the machine; theirs was little-endian. */
	put_be32(XLOG_FMT_LINUX_LE, got + 300);
	for (uint32_t at = 512 + 0x18; at < 512 + 0x28; at += 4) {
		memcpy(&word, got + at, 4);
		put_le32(word, got + at);
	}
	put_le32(theirs, got + 512 + 0x18 + 8);
	xlog_stamp(got, 1, 1024, 1);
	assert_int_equal(xlog_record_cksum(got, 1, 1024, XLOG_REC_CRC_LEN), 0xaab93f3a);
	/* Writers on 32-bit x86 left four bytes of the header out. */
	put_le32(xlog_record_cksum(got, 1, 1024, XLOG_REC_CRC_LEN_I386), got + 32);
	assert_true(xlog_record_crc_ok(got, 1, 1024));
	got[600] ^= 1;
	assert_false(xlog_record_crc_ok(got, 1, 1024));
	rig_free(rig);
}

/* A checkpoint of every kind of size, wherever the ring ends in it. */
static void wrap_everywhere(uint32_t sector, uint32_t logsunit)
{
	uint32_t unit = (logsunit ? logsunit : sector) / 512;
	uint32_t n = (8u << 20) / 512;

	for (uint32_t back = unit; back <= 150 || back <= 5 * unit; back += unit) {
		struct rig *rig = rig_new(n * 512, sector, logsunit, back & 1, back);
		struct xlog_state state = { .head_block = n - back, .head_cycle = 5, .clean = true,
					    .last_lsn = xlog_assign_lsn(5, n - back - unit),
					    .last_tail_lsn = xlog_assign_lsn(5, n - back - unit) };
		uint8_t *ring = calloc(n, 512);
		uint64_t size = 50 + xfs_rand_below(&rig->r, 120000);

		for (uint32_t bb = 0; bb < n; bb++)
			put_be32(bb < n - back ? 5 : 4, ring + bb * 512);
		assert_int_equal(xfs_device_pwrite(rig->memory, rig->log.start, ring, n * 512, 0), 0);
		free(ring);
		assert_int_equal(xlog_open(&rig->mp, &state), 0);
		rig->log.h_size = rig->mp.m_log->h_size;
		for (uint64_t got = 0; got <= back * 512ull; got += XFS_MAX(size, unit * 512ull)) {
			bool room = xlog_space(rig->mp.m_log) > size + (1u << 20);

			assert_int_equal(write_checkpoint(rig, size, room && rig->nr
							  ? rig->live[0].lsn : 0), 0);
			if (!room)
				forget(rig, rig->nr - 1);
			check_log(rig, BLOCK_LSN(xlog_head_lsn(rig->mp.m_log)));
			check_found(rig, false);
		}
		assert_int_equal(xlog_write_unmount(rig->mp.m_log), 0);
		check_found(rig, true);
		rig_free(rig);
	}
}

static void test_wrap_everywhere(void **unused)
{
	(void)unused;
	wrap_everywhere(512, 0);
	wrap_everywhere(4096, 4096);
	wrap_everywhere(512, 65536);
	wrap_everywhere(512, 262144);
}

/* Several turns of a log; tails that lag behind; opened anew now and then, clean or not. */
static void go_round(uint32_t log_bytes, uint32_t sector, uint32_t logsunit, bool external,
		     uint32_t dirty_size, uint64_t stream)
{
	struct rig *rig = rig_new(log_bytes, sector, logsunit, external, stream);
	struct xlog_state state;
	uint32_t turns = 0;

	rig_open(rig, &state);
	if (dirty_size) {
		/* What a kernel with another record size left: we go on with that size. */
		xlog_close(&rig->mp);
		state.clean = false;
		state.record_size = dirty_size;
		state.last_tail_lsn = state.tail_lsn;
		assert_int_equal(xlog_open(&rig->mp, &state), 0);
		rig->log.h_size = dirty_size;
		assert_int_equal(rig->mp.m_log->h_size, dirty_size);
	}
	while (CYCLE_LSN(xlog_head_lsn(rig->mp.m_log)) < 5) {
		struct xlog *log = rig->mp.m_log;
		uint64_t space = xlog_space(log), max = xlog_max_checkpoint(log), size;
		uint32_t drop;

		assert_true(max >= log_bytes / 5 || max > (16u << 20));
		if (space < 600) {
			/* Full: a small one, from what is kept back, makes a newer tail durable. */
			drop = 1 + (uint32_t)xfs_rand_below(&rig->r, rig->nr);
			assert_int_equal(write_checkpoint(rig, 500, drop < rig->nr
							  ? rig->live[drop].lsn : 0), 0);
		} else {
			size = XFS_MIN(space, max);
			if (xfs_rand_below(&rig->r, 4))
				size = XFS_MIN(size, 100 + xfs_rand_below(&rig->r, 100000));
			drop = (uint32_t)xfs_rand_below(&rig->r, rig->nr / 4 + 1);
			assert_int_equal(write_checkpoint(rig, size, rig->nr ? rig->live[drop].lsn : 0),
					 0);
		}
		forget(rig, drop);
		assert_true(xlog_tail_lsn(log) == rig->live[0].lsn);
		if (xfs_rand_below(&rig->r, 8) == 0)
			check_log(rig, BLOCK_LSN(xlog_head_lsn(log)));
		if (turns++ % 32 == 0)
			check_found(rig, false);
		if (xfs_rand_below(&rig->r, 100) == 0) {
			bool clean = xfs_rand_below(&rig->r, 2);

			check_log(rig, BLOCK_LSN(xlog_head_lsn(log)));
			if (clean)
				assert_int_equal(xlog_write_unmount(log), 0);
			xlog_close(&rig->mp);
			rig_open(rig, &state);
			assert_int_equal(state.clean, clean);
			if (clean)
				forget(rig, rig->nr);
		}
		test_recorder_clear(rig->recorder);
	}
	check_log(rig, BLOCK_LSN(xlog_head_lsn(rig->mp.m_log)));
	rig_free(rig);
}

/* (LOG-2), (LOG-4) */
static void test_go_round(void **unused)
{
	(void)unused;
	go_round(2u << 20, 512, 0, false, 0, 11);
	go_round(3u << 20, 4096, 0, true, 0, 12);
	go_round(4u << 20, 4096, 4096, false, 0, 13);
	go_round(4u << 20, 512, 16384, false, 0, 14);
	go_round(4u << 20, 512, 32768, true, 0, 15);
	go_round(8u << 20, 512, 65536, false, 0, 16);
	go_round(12u << 20, 512, 98304, false, 0, 17);
	go_round(20u << 20, 4096, 262144, false, 0, 18);
	for (uint32_t size = 16384; size <= 262144; size *= 2)
		go_round(8u << 20, 512, 0, false, size, size);
}

/* No more than eight records, or 2 MiB, without a flush; the last record alone, and stable. */
static void check_order(struct rig *rig)
{
	uint32_t nr = test_recorder_events(rig->recorder), unit = rig->mp.m_log->max_bbs * 512;
	uint64_t in_flight = 0, records = 0;
	const struct test_event *last = NULL;

	for (uint32_t i = 0; i < nr; i++) {
		const struct test_event *e = test_recorder_event(rig->recorder, i);

		if (e->kind == TEST_EVENT_FLUSH) {
			in_flight = records = 0;
			continue;
		}
		assert_int_equal(e->kind, TEST_EVENT_WRITE);
		last = e;
		if (e->fua) {
			assert_int_equal(in_flight, 0);
			continue;
		}
		in_flight += e->len;
		records = (in_flight + unit - 1) / unit;
		assert_true(records <= 8 && in_flight <= 2u << 20);
	}
	assert_true(last && last->fua);
	assert_int_equal(in_flight, 0);
}

/* (LOG-3) */
static void test_order_of_writes(void **unused)
{
	static const uint32_t units[] = { 0, 65536, 262144 };

	(void)unused;
	for (uint32_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct rig *rig = rig_new(64u << 20, 512, units[i], false, 40 + i);
		struct xlog_state state;
		struct xlog_stats stats;

		rig_open(rig, &state);
		for (uint64_t size = 200; size < 9u << 20; size = rig->window ? size * 3 : size) {
			test_recorder_clear(rig->recorder);
			assert_int_equal(write_checkpoint(rig, size, 0), 0);
			check_order(rig);
			forget(rig, rig->nr - 1);
			rig->window = !rig->window;
		}
		xlog_get_stats(rig->mp.m_log, &stats);
		assert_true(stats.contents > 5u << 20 && stats.bytes >= stats.contents);
		rig_free(rig);
	}
}

/* The largest log there is, at its end and in its second turn; and cycles around the magic. */
static void test_largest_log(void **unused)
{
	static const uint32_t cycles[] = { 1, 1023, XLOG_HEADER_MAGIC_NUM - 1 };
	const uint32_t bytes = (2048u - 10u) << 20, n = bytes / 512;

	(void)unused;
	for (uint32_t i = 0; i < ARRAY_SIZE(cycles); i++) {
		struct rig *rig = rig_new(bytes, 512, 0, false, 60 + i);
		struct xlog_state state = { .head_block = n - 3000, .head_cycle = cycles[i],
					    .clean = true,
					    .last_lsn = xlog_assign_lsn(cycles[i], n - 3002),
					    .last_tail_lsn = xlog_assign_lsn(cycles[i], n - 3002) };
		uint32_t next = cycles[i] + 1 == XLOG_HEADER_MAGIC_NUM ? cycles[i] + 2 : cycles[i] + 1;
		uint8_t bb[512];

		assert_int_equal(xlog_open(&rig->mp, &state), 0);
		assert_true(xlog_max_checkpoint(rig->mp.m_log) > 31u << 20);
		assert_int_equal(write_checkpoint(rig, 1u << 20, 0), 0);
		assert_int_equal(write_checkpoint(rig, 3u << 20, rig->live[0].lsn), 0);
		assert_int_equal(CYCLE_LSN(xlog_head_lsn(rig->mp.m_log)), next);
		/* The parser counts cycles plainly. */
		if (next == cycles[i] + 1)
			check_log(rig, BLOCK_LSN(xlog_head_lsn(rig->mp.m_log)));
		assert_int_equal(xfs_device_pread(rig->memory, TEST_LOG_START, bb, 512), 0);
		assert_int_equal(xlog_get_cycle(bb), next);
		rig_free(rig);
	}
}

/* Logs that are too small or lie outside, no memory, a device that fails. */
static void test_refusals(void **unused)
{
	struct rig *rig = rig_new(4u << 20, 512, 0, false, 50);
	struct xlog_state state;
	struct xfs_device *fault;
	uint32_t nth;

	(void)unused;
	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	rig->mp.m_geo.logblocks = 32;
	assert_int_equal(xlog_open(&rig->mp, &state), -EINVAL);
	rig->mp.m_geo.logblocks = 2048;
	assert_int_equal(xlog_open(&rig->mp, &state), -EINVAL);
	assert_non_null(strstr(xfs_last_text(), "does not fit"));
	rig->mp.m_geo.logblocks = 1024;
	for (nth = 1;; nth++) {
		int error;

		xfs_mem_fail_at(nth, false);
		error = xlog_open(&rig->mp, &state);
		if (!xfs_mem_fail_met()) {
			assert_int_equal(error, 0);
			break;
		}
		assert_int_equal(error, -ENOMEM);
		assert_null(rig->mp.m_log);
	}
#ifdef XFSWRITE_DEBUG
	assert_true(nth > 2);
	/* The stream has two pieces of memory; further ones are the memory device's. */
	for (nth = 1; nth <= 2; nth++) {
		xfs_mem_fail_at(nth, false);
		assert_int_equal(write_checkpoint(rig, 300000, 0), -ENOMEM);
		assert_true(xfs_mem_fail_met());
	}
#endif
	rig->window = true;
	assert_int_equal(write_checkpoint(rig, 300000, 0), 0);
	check_log(rig, BLOCK_LSN(xlog_head_lsn(rig->mp.m_log)));
	xlog_close(&rig->mp);

	/* Whatever call fails, nothing is written after it, and all that was durable is there. */
	assert_int_equal(test_fault_open(rig->recorder, &fault), 0);
	rig->mp.m_dev = fault;
	for (nth = 1;; nth++) {
		int error;

		rig_open(rig, &state);
		test_fault_arm(fault, TEST_FAULT_WRITE | TEST_FAULT_FLUSH, nth, false, true);
		rig->window = nth & 1;
		error = write_checkpoint(rig, 600000, rig->live[0].lsn);
		if (!test_fault_met(fault)) {
			assert_int_equal(error, 0);
			break;
		}
		assert_int_equal(error, -EIO);
		assert_true(xfs_is_shutdown(&rig->mp));
		test_recorder_clear(rig->recorder);
		assert_int_equal(write_checkpoint(rig, 600, 0), -EIO);
		assert_int_equal(xlog_write_unmount(rig->mp.m_log), -EIO);
		assert_int_equal(test_recorder_events(rig->recorder), 0);
		xlog_close(&rig->mp);
		rig->mp.m_state = 0;
		assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
		assert_true(state.tail_lsn == rig->live[0].lsn);
	}
	assert_true(nth > 4);
	rig->mp.m_dev = rig->recorder;
	xfs_device_put(fault);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unmount_record),
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_wrap_everywhere),
		cmocka_unit_test(test_go_round),
		cmocka_unit_test(test_order_of_writes),
		cmocka_unit_test(test_largest_log),
		cmocka_unit_test(test_refusals),
	};

	test_seed_init(20261);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
