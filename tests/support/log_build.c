/* SPDX-License-Identifier: MIT */
/* Records of a log, put together operation by operation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "disk/geometry.h"
#include "support/log_build.h"
#include "support/log_parse.h"

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "log_build: %s: %d\n", what, error);
	abort();
}

static uint32_t header_bbs(const struct test_build *b)
{
	return (b->h_size + 32767) / 32768;
}

void test_build_init(struct test_build *b, struct xfs_device *dev, uint32_t h_size, uint32_t cycle,
		     uint32_t block)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;
	uint8_t raw[512];

	must(xfs_device_pread(dev, 0, raw, sizeof(raw)), "read");
	xfs_sb_from_disk(&sb, (const struct xfs_dsb *)(void *)raw);
	must(xfs_geometry_init(&geo, &sb), "geometry");
	*b = (struct test_build){
		.dev = dev,
		.start = xfs_fsb_to_bytes(&geo, geo.logstart),
		.nbbs = (uint32_t)XFS_FSB_TO_BB(&geo, geo.logblocks),
		.unit_bbs = (geo.logsunit > 1 ? geo.logsunit : geo.logsectsize) / 512,
		.h_size = h_size,
		.fmt = XLOG_FMT,
		.crc_head = 328,
		.cycle = cycle,
		.block = block,
		.prev = ~0u,
	};
	memcpy(b->uuid, geo.uuid.b, sizeof(b->uuid));
	b->record = calloc(1, h_size + 65536);
	must(b->record ? 0 : -1, "memory");
}

void test_build_free(struct test_build *b)
{
	free(b->record);
	b->record = NULL;
}

xfs_lsn_t test_build_lsn(const struct test_build *b)
{
	return (xfs_lsn_t)((uint64_t)b->cycle << 32 | b->block);
}

static uint32_t room(const struct test_build *b)
{
	return b->h_size - header_bbs(b) * 512 - b->used;
}

static uint8_t *data_of(const struct test_build *b)
{
	return b->record + header_bbs(b) * 512;
}

void test_build_op(struct test_build *b, uint32_t tid, uint8_t client, uint8_t flags,
		   const void *data, uint32_t len)
{
	uint8_t *p = data_of(b) + b->used;

	must(12 + len > room(b) ? -1 : 0, "an operation does not fit");
	put_be32(tid, p);
	put_be32(len, p + 4);
	p[8] = client;
	p[9] = flags;
	p[10] = p[11] = 0;
	if (len)
		memcpy(p + 12, data, len);
	b->used += 12 + len;
	b->ops++;
}

void test_build_region(struct test_build *b, uint32_t tid, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint8_t flags = 0;

	if (room(b) <= 12)
		test_build_record(b);
	while (12 + len > room(b)) {
		uint32_t n = room(b) - 12;

		test_build_op(b, tid, XFS_TRANSACTION, flags | XLOG_CONTINUE_TRANS, p, n);
		p += n;
		len -= n;
		flags = XLOG_WAS_CONT_TRANS;
		test_build_record(b);
	}
	if (flags)
		flags |= XLOG_END_TRANS;
	test_build_op(b, tid, XFS_TRANSACTION, flags, p, len);
}

void test_build_begin(struct test_build *b, uint32_t tid)
{
	struct xfs_trans_header th = {
		.th_magic = XFS_TRANS_HEADER_MAGIC, .th_type = XFS_TRANS_CHECKPOINT,
		.th_tid = (int32_t)tid,
	};

	if (room(b) < 64)
		test_build_record(b);
	test_build_op(b, tid, XFS_TRANSACTION, XLOG_START_TRANS, NULL, 0);
	test_build_op(b, tid, XFS_TRANSACTION, 0, &th, sizeof(th));
}

void test_build_commit(struct test_build *b, uint32_t tid)
{
	if (room(b) < 12)
		test_build_record(b);
	test_build_op(b, tid, XFS_TRANSACTION, XLOG_COMMIT_TRANS, NULL, 0);
}

static void write_blocks(struct test_build *b, uint32_t count)
{
	uint32_t first = b->block + count > b->nbbs ? b->nbbs - b->block : count;

	must(xfs_device_pwrite(b->dev, b->start + (uint64_t)b->block * 512, b->record, first * 512u, 0),
	     "write");
	if (count > first)
		must(xfs_device_pwrite(b->dev, b->start, b->record + first * 512u,
				       (count - first) * 512u, 0), "write");
}

void test_build_record(struct test_build *b)
{
	struct xlog_rec_header *h = (void *)b->record;
	uint32_t hbbs = header_bbs(b), bytes = b->used ? b->used : 1;
	uint32_t total = (hbbs * 512 + bytes + b->unit_bbs * 512 - 1) / (b->unit_bbs * 512) *
			 b->unit_bbs;
	uint32_t len = (total - hbbs) * 512, crc;
	static const uint8_t zero[4];

	memset(b->record, 0, hbbs * 512);
	h->h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	h->h_cycle = cpu_to_be32(b->cycle);
	h->h_version = cpu_to_be32(XLOG_VERSION_2);
	h->h_len = cpu_to_be32(len);
	h->h_lsn = cpu_to_be64((uint64_t)test_build_lsn(b));
	h->h_tail_lsn = cpu_to_be64((uint64_t)(b->tail ? b->tail : test_build_lsn(b)));
	h->h_prev_block = cpu_to_be32(b->prev);
	h->h_num_logops = cpu_to_be32(b->ops);
	h->h_fmt = cpu_to_be32(b->fmt);
	memcpy(h->h_fs_uuid.b, b->uuid, 16);
	h->h_size = cpu_to_be32(b->h_size);
	for (uint32_t i = 1; i < hbbs; i++)
		put_be32(b->cycle, b->record + i * 512);
	for (uint32_t i = 0; i < len / 512; i++) {
		uint8_t *bb = data_of(b) + i * 512;
		uint8_t *slot = i < 64 ? b->record + 44 + 4 * i
				       : b->record + i / 64 * 512 + 4 + 4 * (i % 64);

		memcpy(slot, bb, 4);
		put_be32(b->cycle, bb);
	}
	/* What lies behind the end of the log was written in the next turn. */
	for (uint32_t i = 1; i < total; i++)
		if (b->block + i >= b->nbbs)
			put_be32(b->cycle + 1, b->record + i * 512);
	crc = test_crc32c(~0u, b->record, 32);
	crc = test_crc32c(crc, zero, 4);
	crc = test_crc32c(crc, b->record + 36, b->crc_head - 36);
	for (uint32_t j = 1; j < (len + 32767) / 32768 && j < hbbs; j++)
		crc = test_crc32c(crc, b->record + j * 512, 260);
	crc = test_crc32c(crc, data_of(b), len);
	h->h_crc = cpu_to_le32(~crc);
	write_blocks(b, total);
	b->prev = b->block;
	b->block += total;
	if (b->block >= b->nbbs) {
		b->block -= b->nbbs;
		b->cycle++;
	}
	b->used = b->ops = 0;
	memset(b->record, 0, total * 512u);
}

void test_build_unmount(struct test_build *b)
{
	static const uint8_t payload[8] = { 0x6e, 0x55 };

	test_build_op(b, 0xb0c0d0d0, XFS_LOG, XLOG_UNMOUNT_TRANS, payload, sizeof(payload));
	test_build_record(b);
}
