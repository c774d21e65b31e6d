/* SPDX-License-Identifier: MIT */
/* The ring of blocks, and how a record lies in it: for writer, head search and recovery. */
#ifndef LOG_LOG_PRIV_H
#define LOG_LOG_PRIV_H

#include "base/sabotage.h"
#include "log/log.h"

#define XLOG_IN_FLIGHT_RECORDS	8u
#define XLOG_IN_FLIGHT_BBS	4096u	/* what can be in flight at a crash */
#define XLOG_MAX_RECORD_BBS	(XLOG_MAX_RECORD_BSIZE >> XFS_BB_SHIFT)
#define XLOG_OP_HEADER_BYTES	12u

/* The log as a ring of 512-byte blocks on its device. */
struct xlog_ring {
	struct xfs_mount *mp;
	struct xfs_device *dev;
	uint64_t start;		/* byte on dev */
	uint32_t nbbs;
};

/* -ENXIO: the log is on a device that was not given. */
int xlog_ring_init(struct xfs_mount *mp, struct xlog_ring *ring) XFS_MUST_CHECK;
/* @count <= nbbs blocks from @bb on, around the end of the ring; whole log sectors. */
int xlog_ring_read(const struct xlog_ring *ring, uint32_t bb, uint32_t count,
		   void *buf) XFS_MUST_CHECK;
int xlog_ring_write(const struct xlog_ring *ring, uint32_t bb, uint32_t count, const void *buf,
		    unsigned int flags) XFS_MUST_CHECK;

/* Blocks from @from forward to @to; 0 when they are the same. */
static inline uint32_t xlog_distance(uint32_t nbbs, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + nbbs - from;
}

/* No cycle looks like the magic of a header. */
static inline uint32_t xlog_next_cycle(uint32_t cycle)
{
	return cycle + 1 == XLOG_HEADER_MAGIC_NUM ? cycle + 2 : cycle + 1;
}

static inline uint32_t xlog_prev_cycle(uint32_t cycle)
{
	return cycle - 1 == XLOG_HEADER_MAGIC_NUM ? cycle - 2 : cycle - 1;
}

/* The turn in which the block at @bb was written. */
static inline uint32_t xlog_get_cycle(const void *bb)
{
	uint32_t word = get_be32(bb);

	return word == XLOG_HEADER_MAGIC_NUM ? get_be32((const uint8_t *)bb + 4) : word;
}

/* A record's header, in host order. */
struct xlog_record {
	uint32_t block, cycle;
	uint32_t len;		/* bytes behind the headers */
	uint32_t num_ops, size, fmt, crc;
	uint32_t header_bbs;	/* as the record's own h_size says */
	uint32_t bbs;		/* headers and data */
	xfs_lsn_t lsn, tail_lsn;
};

/* Blocks of headers that go with a nominal record size. */
static inline uint32_t xlog_header_bbs(uint32_t h_size)
{
	return h_size > XLOG_HEADER_CYCLE_SIZE
		       ? (uint32_t)xfs_howmany64(h_size, XLOG_HEADER_CYCLE_SIZE)
		       : 1;
}

/*
 * Decode the header @bb found at @block.  -EUCLEAN with text: not one of a version-2 log of this
 * file system, or longer than the log.
 */
int xlog_decode_header(const struct xlog_ring *ring, uint32_t block, const void *bb,
		       struct xlog_record *rec) XFS_MUST_CHECK;

/*
 * Checksum of a record of @header_bbs + @len bytes as it lies on disk; @head_len is how much of
 * the first block counts: XLOG_REC_CRC_LEN.
 */
uint32_t xlog_record_cksum(const void *record, uint32_t header_bbs, uint32_t len,
			   uint32_t head_len);
/* Either length of the header is right: 32-bit x86 writers used the shorter one. */
bool xlog_record_crc_ok(const void *record, uint32_t header_bbs, uint32_t len);

/* Keep the first word of each data block in the headers and write the cycle in its place. */
void xlog_stamp(void *record, uint32_t header_bbs, uint32_t len, uint32_t cycle);
/* The reverse, for readers, after the checksum was verified. */
void xlog_unstamp(void *record, uint32_t header_bbs, uint32_t len);

/*
 * Read the whole record at @block into @buf of xlog_record_room(@size) bytes.  @size is h_size of
 * the first record of the walk; it says how many headers all of them have.  Verifies all but
 * that the record ends at or before the head; a checksum of 0 is accepted here.  -EBADMSG without
 * text: the checksum is wrong; -EUCLEAN without text: the header makes no sense.  Both are what a
 * torn write leaves.  Other errors have text.  The data is still stamped (xlog_unstamp()).
 */
int xlog_read_record(const struct xlog_ring *ring, uint32_t block, uint32_t size, void *buf,
		     struct xlog_record *rec) XFS_MUST_CHECK;
/* Bytes of memory for any record of the nominal size @size, read in whole sectors. */
static inline size_t xlog_record_room(uint32_t size)
{
	return (size_t)size + ((size_t)xlog_header_bbs(size) << XFS_BB_SHIFT) + 32768u;
}

/* The writer. */
struct xlog {
	struct xlog_ring ring;		/* (c) */
	uint32_t h_size;		/* (c) nominal record size, in each header */
	uint32_t header_bbs;		/* (c) */
	uint32_t unit_bbs;		/* (c) records begin and end at its multiples */
	uint32_t max_bbs;		/* (c) a full record */
	uint32_t reserve_bbs;		/* (c) what checkpoints leave free */
	uint64_t max_checkpoint;	/* (c) */
	uint64_t head;			/* (a) LSN; changed under the commit mutex, as all below */
	uint64_t tail;			/* (a) LSN; behind it nothing is overwritten */
	uint32_t prev_block;		/* of the last record; -1: none */
	bool dead;			/* a write failed, or the unmount record is there */
	struct xlog_stream *spare;	/* memory of the last checkpoint, when it was small */
	struct xlog_stats stats;
};

/* Blocks of the ring that a new record may not touch yet are the rest of these. */
uint32_t xlog_free_at(const struct xlog *log, xfs_lsn_t head, xfs_lsn_t tail);
/* The log cannot be written any more: shut down and return @error. */
int xlog_fail(struct xlog *log, int error);
/* Flush the log's device, unless @rule is broken for a test. */
int xlog_flush(struct xlog *log, enum xfs_rule rule) XFS_MUST_CHECK;

#endif
