/* SPDX-License-Identifier: MIT */
/* Parsing a log and demanding of it what a good writer does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/log_parse.h"

#define BB 512u

void test_bytes_add(struct test_bytes *bytes, const void *data, size_t len)
{
	if (bytes->len + len > bytes->room) {
		bytes->room = (bytes->len + len) * 2;
		bytes->data = realloc(bytes->data, bytes->room);
		if (!bytes->data)
			abort();
	}
	if (len)
		memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void test_bytes_free(struct test_bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

uint32_t test_crc32c(uint32_t crc, const void *data, size_t len)
{
	static uint32_t table[256];
	const uint8_t *p = data;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
			table[i] = c;
		}
	}
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t host16(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, 2);
	return x;
}

static uint32_t host32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, 4);
	return x;
}

struct parser {
	const struct test_log *log;
	struct test_parsed *out;
	char *why;
	size_t why_size;
	uint32_t block, cycle;		/* of the record */
	/* The transaction that is open. */
	bool in_trans, has_header, in_region;
	uint32_t tid, trans_cycle, trans_block, regions, announced;
	size_t region_at;		/* of its length in bytes */
	struct test_bytes bytes;
};

#define FAIL(ps, ...)								\
	do {									\
		int n_ = snprintf((ps)->why, (ps)->why_size, "record %u:%u: ", (ps)->cycle, \
				  (ps)->block);					\
		if (n_ > 0 && (size_t)n_ < (ps)->why_size)			\
			snprintf((ps)->why + n_, (ps)->why_size - (size_t)n_, __VA_ARGS__); \
		return false;							\
	} while (0)

static bool begin_region(struct parser *ps, const uint8_t *data, uint32_t len)
{
	if (!ps->has_header) {
		if (len != 16 || host32(data) != 0x5452414e || host32(data + 4) != 40 ||
		    host32(data + 8) != ps->tid)
			FAIL(ps, "bad transaction header");
		ps->announced = host32(data + 12);
		ps->has_header = true;
		return true;
	}
	ps->region_at = ps->bytes.len;
	test_bytes_add(&ps->bytes, &len, 4);
	test_bytes_add(&ps->bytes, data, len);
	ps->regions++;
	return true;
}

static bool end_trans(struct parser *ps)
{
	struct test_parsed *out = ps->out;

	if (ps->regions != ps->announced)
		FAIL(ps, "%u regions, %u announced", ps->regions, ps->announced);
	out->checkpoints = realloc(out->checkpoints, (out->nr + 1) * sizeof(*out->checkpoints));
	if (!out->checkpoints)
		abort();
	out->checkpoints[out->nr++] = (struct test_checkpoint){
		.cycle = ps->trans_cycle,
		.block = ps->trans_block,
		.regions = ps->regions,
		.bytes = ps->bytes,
	};
	memset(&ps->bytes, 0, sizeof(ps->bytes));
	ps->in_trans = false;
	return true;
}

static bool parse_op(struct parser *ps, const uint8_t *op, uint32_t len, bool first_in_record)
{
	uint8_t client = op[8], flags = op[9];
	uint32_t tid = u32(op);

	if (op[10] || op[11])
		FAIL(ps, "reserved bytes of an operation");
	if (client == 0xaa) {
		if (flags != 0x20 || len != 8 || host16(op + 12) != 0x556e || ps->in_trans)
			FAIL(ps, "bad unmount operation");
		ps->out->unmounted = true;
		return true;
	}
	if (client != 0x69)
		FAIL(ps, "client 0x%x", client);
	if (flags == 0x01) {
		/* A crash may have left one without its end; the next one begins a record. */
		if (len || !first_in_record || (ps->in_trans && tid == ps->tid))
			FAIL(ps, "bad START");
		test_bytes_free(&ps->bytes);
		ps->in_trans = true;
		ps->has_header = ps->in_region = false;
		ps->tid = tid;
		ps->trans_cycle = ps->cycle;
		ps->trans_block = ps->block;
		ps->regions = 0;
		return true;
	}
	if (!ps->in_trans || tid != ps->tid)
		FAIL(ps, "operation of an unknown transaction");
	if (flags == 0x02) {
		if (len || ps->in_region || !ps->has_header)
			FAIL(ps, "bad COMMIT");
		return end_trans(ps);
	}
	if (!len)
		FAIL(ps, "empty operation");
	if (flags == 0 || flags == 0x04) {
		if (ps->in_region)
			FAIL(ps, "a region begins inside another");
		ps->in_region = flags == 0x04;
		return begin_region(ps, op + 12, len);
	}
	if (flags == 0x0c || flags == 0x18) {
		uint32_t sum;

		if (!ps->in_region || !first_in_record)
			FAIL(ps, "a piece that continues nothing");
		ps->in_region = flags == 0x0c;
		test_bytes_add(&ps->bytes, op + 12, len);
		sum = (uint32_t)(ps->bytes.len - ps->region_at - 4);
		memcpy(ps->bytes.data + ps->region_at, &sum, 4);
		return true;
	}
	FAIL(ps, "flags 0x%x", flags);
}

static bool parse_ops(struct parser *ps, const uint8_t *data, uint32_t len, uint32_t ops)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < ops; i++) {
		uint32_t op_len;
		bool last_piece;

		if (len - at < 12)
			FAIL(ps, "operation %u beyond the end", i);
		op_len = u32(data + at + 4);
		if (op_len > len - at - 12 || op_len % 4)
			FAIL(ps, "operation %u of %u bytes", i, op_len);
		last_piece = data[at + 9] & 0x04;
		if (!parse_op(ps, data + at, op_len, i == 0))
			return false;
		at += 12 + op_len;
		if (last_piece && i + 1 < ops)
			FAIL(ps, "a piece that is continued is not the last of its record");
	}
	for (; at < len; at++) {
		if (data[at])
			FAIL(ps, "padding is not zero");
	}
	return true;
}

/* Read the record, verify stamps and checksum, put the words back; its blocks in *@bbs. */
static bool read_record(struct parser *ps, uint8_t *buf, uint32_t *bbs)
{
	const struct test_log *log = ps->log;
	uint32_t headers = (log->h_size + 32767) / 32768, crc, len;
	uint8_t *data = buf + headers * BB, sectors[8 * BB];

	for (uint32_t i = 0; i < headers + log->h_size / BB; i++) {
		uint32_t bb = (ps->block + i) % log->nbbs;

		/* The device may have sectors of 4096 bytes. */
		if ((i == 0 || bb % 8 == 0) &&
		    xfs_device_pread(log->dev, log->start + (uint64_t)(bb & ~7u) * BB, sectors,
				     sizeof(sectors)))
			FAIL(ps, "read");
		memcpy(buf + (size_t)i * BB, sectors + (bb & 7) * BB, BB);
	}
	if (u32(buf) != 0xfeedbabe || u32(buf + 8) != 2)
		FAIL(ps, "no record");
	if (u32(buf + 4) != ps->cycle || u32(buf + 16) != ps->cycle || u32(buf + 20) != ps->block)
		FAIL(ps, "its header says %u:%u, cycle %u", u32(buf + 16), u32(buf + 20), u32(buf + 4));
	len = u32(buf + 12);
	if (!len || len % BB || u32(buf + 320) != log->h_size || headers * BB + len > log->h_size)
		FAIL(ps, "length %u, size %u", len, u32(buf + 320));
	if (u32(buf + 300) != TEST_LOG_FORMAT || memcmp(buf + 304, log->uuid, 16) || u32(buf + 324))
		FAIL(ps, "format or UUID");
	for (uint32_t i = 328; i < BB; i++) {
		if (buf[i])
			FAIL(ps, "reserved bytes");
	}
	*bbs = headers + len / BB;
	if (*bbs % log->unit_bbs || ps->block % log->unit_bbs)
		FAIL(ps, "%u blocks, not in units of %u", *bbs, log->unit_bbs);
	for (uint32_t i = 1; i < *bbs; i++) {
		uint32_t cycle = ps->block + i >= log->nbbs ? ps->cycle + 1 : ps->cycle;

		if (u32(buf + i * BB) != cycle)
			FAIL(ps, "block %u is stamped %u", i, u32(buf + i * BB));
	}
	crc = (uint32_t)buf[32] | (uint32_t)buf[33] << 8 | (uint32_t)buf[34] << 16 |
	      (uint32_t)buf[35] << 24;
	memset(buf + 32, 0, 4);
	{
		uint32_t c = test_crc32c(~0u, buf, 328);

		for (uint32_t j = 1; j < (len + 32767) / 32768; j++)
			c = test_crc32c(c, buf + j * BB, 260);
		c = ~test_crc32c(c, data, len);
		if (c != crc)
			FAIL(ps, "checksum %08x, should be %08x", crc, c);
	}
	for (uint32_t i = 0; i < headers * 64; i++) {
		uint8_t *slot = i < 64 ? buf + 44 + 4 * i : buf + (i / 64) * BB + 4 + 4 * (i % 64);

		if (i < len / BB)
			memcpy(data + i * BB, slot, 4);
		else if (u32(slot))
			FAIL(ps, "unused word %u is not zero", i);
	}
	ps->out->last_tail_cycle = u32(buf + 24);
	ps->out->last_tail_block = u32(buf + 28);
	return true;
}

bool test_log_parse(const struct test_log *log, uint32_t cycle, uint32_t block, uint32_t head,
		    struct test_parsed *parsed, char *why, size_t why_size)
{
	struct parser ps = { .log = log, .out = parsed, .why = why, .why_size = why_size,
			     .block = block, .cycle = cycle };
	uint32_t headers = (log->h_size + 32767) / 32768;
	uint8_t *buf = malloc((size_t)headers * BB + log->h_size + 16 * BB);
	bool ok = true;

	memset(parsed, 0, sizeof(*parsed));
	while (ok && ps.block != head) {
		uint32_t bbs;

		parsed->unmounted = false;
		ok = read_record(&ps, buf, &bbs) &&
		     parse_ops(&ps, buf + (size_t)headers * BB, bbs * BB - headers * BB, u32(buf + 40));
		if (!ok)
			break;
		parsed->records++;
		ps.block += bbs;
		if (ps.block >= log->nbbs) {
			ps.block -= log->nbbs;
			ps.cycle++;
		}
	}
	parsed->open = ps.in_trans ? ps.regions : 0;
	test_bytes_free(&ps.bytes);
	free(buf);
	return ok;
}

void test_parsed_free(struct test_parsed *parsed)
{
	for (uint32_t i = 0; i < parsed->nr; i++)
		test_bytes_free(&parsed->checkpoints[i].bytes);
	free(parsed->checkpoints);
	memset(parsed, 0, sizeof(*parsed));
}
