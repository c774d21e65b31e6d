/* SPDX-License-Identifier: MIT */
/*
 * What the files of log/ share: the ring of blocks and how a record lies in it, for writer, head
 * search and recovery; the writer; recovery.
 */
#ifndef LOG_LOG_PRIV_H
#define LOG_LOG_PRIV_H

#include "base/rbtree.h"
#include "base/sabotage.h"
#include "core/cancel.h"
#include "log/log.h"
#include "log/recover.h"

#define XLOG_MAX_RECORD_BBS	(XLOG_MAX_RECORD_BSIZE >> XFS_BB_SHIFT)

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
 * file system.  Its own h_size may be anything: in a walk only that of the first record counts.
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
	struct xlog_stream *window;	/* (c) memory that any checkpoint can be written through */
	struct xlog_stream *spare;	/* memory of the last checkpoint, when it was small */
	struct xlog_stats stats;
};

/* stream.c: the memory without which no checkpoint can be written. */
int xlog_window_alloc(struct xlog *log) XFS_MUST_CHECK;
void xlog_window_free(struct xlog *log);

/* Blocks of the ring that a new record may not touch yet are the rest of these. */
uint32_t xlog_free_at(const struct xlog *log, xfs_lsn_t head, xfs_lsn_t tail);
/* The log cannot be written any more: shut down and return @error. */
int xlog_fail(struct xlog *log, int error);
/* Flush the log's device, unless @rule is broken for a test. */
int xlog_flush(struct xlog *log, enum xfs_rule rule) XFS_MUST_CHECK;

/* ------------------------------------- records, one after the other (recover_read.c) */

struct xlog_walk {
	struct xlog_ring ring;
	uint32_t size;			/* h_size of all records of this walk */
	uint32_t head, next, left;	/* blocks; left: from next to head */
	void *buf;			/* one whole record */

	/* the record that was read last */
	uint32_t block;
	uint32_t len, num_ops;
	xfs_lsn_t lsn;
	const uint8_t *data;		/* len bytes of operations */
};

/* The records that @state says are to be replayed. */
int xlog_walk_init(struct xfs_mount *mp, const struct xlog_state *state,
		   struct xlog_walk *walk) XFS_MUST_CHECK;
void xlog_walk_destroy(struct xlog_walk *walk);
/* Begin (again) at the tail. */
void xlog_walk_rewind(struct xlog_walk *walk, const struct xlog_state *state);
/* The next record, checked and restored; *@found is false at the end. */
int xlog_walk_next(struct xlog_walk *walk, bool *found) XFS_MUST_CHECK;

/* ------------------------------------------------ numbers (recover_index.c) */

/* Begins what is found by two numbers. */
struct xlog_key {
	struct xfs_rb_node node;
	uint64_t a, b;
};

/* Zeroed: empty. */
struct xlog_index {
	struct xfs_rb_tree tree;
	uint64_t steps;			/* entries that were looked at, for tests */
};

struct xlog_key *xlog_index_find(struct xlog_index *index, uint64_t a, uint64_t b);
/* The first one that is not below (@a, @b). */
struct xlog_key *xlog_index_from(struct xlog_index *index, uint64_t a, uint64_t b);
struct xlog_key *xlog_index_next(struct xlog_index *index, const struct xlog_key *key);
/* No two are equal. */
void xlog_index_add(struct xlog_index *index, struct xlog_key *key);
struct xlog_key *xlog_index_first(const struct xlog_index *index);
void xlog_index_erase(struct xlog_index *index, struct xlog_key *key);

/* ------------------------------------------- transactions (recover_trans.c) */

/* One item of a transaction; regions lie in the transaction's own memory. */
struct xlog_item {
	struct xlog_item *it_next;
	uint32_t it_block;		/* record in which it began, for messages */
	uint16_t it_type;
	uint16_t it_size;		/* regions announced */
	uint16_t it_count;		/* of these, there */
	struct xlog_region it_regions[];
};

/* A committed transaction. */
struct xlog_trans {
	xfs_lsn_t xt_lsn;
	uint32_t xt_tid;
	struct xlog_item *xt_items;	/* in the order of the log */
};

struct xlog_trans_table;
/* @trans and its items are gone when this returns. */
typedef int (*xlog_commit_fn)(void *ctx, struct xlog_trans *trans);

/* @log_bytes: of the records that will be added. */
int xlog_trans_table_create(struct xfs_mount *mp, uint64_t log_bytes, xlog_commit_fn commit,
			    void *ctx, struct xlog_trans_table **tablep) XFS_MUST_CHECK;
/* NULL is fine. @uncommitted (may be NULL): transactions that were open at the end. */
void xlog_trans_table_destroy(struct xlog_trans_table *table, uint64_t *uncommitted);
uint64_t xlog_trans_table_steps(const struct xlog_trans_table *table);
/* For another walk: transactions that are open are dropped, and counted. */
void xlog_trans_table_reuse(struct xlog_trans_table *table, xlog_commit_fn commit,
			    uint64_t *uncommitted);
/* Take the operations of the record that @walk has read; @ops counts them. */
int xlog_trans_add_record(struct xlog_trans_table *table, const struct xlog_walk *walk,
			  uint64_t *ops) XFS_MUST_CHECK;

/* ------------------------------------------------- recovery (recover.c) */

/* Buffers that were freed later on: by address and length. */
int xlog_cancel_add(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno,
		    uint32_t bbs) XFS_MUST_CHECK;
bool xlog_cancel_has(struct xlog_index *table, xfs_daddr_t blkno, uint32_t bbs);
/* One cancel of that key has been passed. */
void xlog_cancel_drop(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno,
		      uint32_t bbs);
void xlog_cancel_destroy(struct xfs_mount *mp, struct xlog_index *table);

/* No metadata buffer is longer than the largest block. */
#define XLOG_RBUF_MAX_BBS	(XFS_MAX_BLOCKSIZE >> XFS_BB_SHIFT)
#define XLOG_RBUF_MAX_INODES	(XFS_MAX_BLOCKSIZE / XFS_DINODE_MIN_SIZE)

/* A metadata buffer that replay has read (recover_buf.c). */
struct xlog_rbuf {
	struct xfs_rb_node rb_node;
	struct xfs_list rb_batch;	/* of the batch */
	xfs_daddr_t rb_daddr;
	uint32_t rb_len;		/* bytes */
	uint16_t rb_blft;		/* of the newest item */
	bool rb_dirty;			/* must be written */
	bool rb_due;			/* now */
	bool rb_in_batch;		/* gets the LSN of the batch at its end */
	bool rb_partial;		/* a part of a directory block: neither checked nor stamped */
	bool rb_torn;			/* a mixture of states until the end of replay */
	uint64_t rb_mixed[XLOG_RBUF_MAX_INODES / 64];	/* the inodes for which it is */
	xfs_lsn_t rb_lsn;		/* what the place carries as far as it can be trusted; else 0 */
	uint8_t *rb_data;
};

struct xlog_recover {
	struct xfs_mount *mp;
	struct xfs_geometry geo;	/* as the superblock will be when all is replayed */
	struct xlog_recovery *rec;
	struct xlog_walk walk;
	struct xlog_index cancel;
	uint32_t quotaoff;		/* XFS_QOFF_*: types that were turned off in the log */
	uint64_t device_bbs;		/* size of the data device */
	uint64_t made_inodes;		/* by ICREATE items that were replayed */
	struct xfs_long_call call;	/* in blocks of the log, twice */
	bool cancellable;
	struct xlog_index intents;	/* that have no done item yet */

	/* buffers */
	struct xfs_rb_tree bufs;
	struct xfs_list batch;
	struct xlog_index aside;	/* sectors that are not in bufs any more, to be written first */
	xfs_lsn_t batch_lsn;
	uint64_t buf_bytes, max_buf_bytes, max_held_bytes;
	uint64_t held_bytes;		/* of what had to stay when others were written */
	struct xlog_dirparts *dirparts;	/* NULL: none was met */
	uint64_t dir_steps;		/* extents that were looked at for them */
};

/* Text of what is wrong with an item; -EUCLEAN. */
#define xlog_item_corrupt(rl, trans, item, ...)					\
	xfs_error_value(-EUCLEAN, xlog_set_item_corrupt(rl, trans, item, __VA_ARGS__))
int xlog_set_item_corrupt(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item, const char *fmt, ...) XFS_PRINTF(4, 5);

/* Is all of @item possible, as far as it tells alone?  (recover_check.c) */
int xlog_item_check(struct xlog_recover *rl, const struct xlog_trans *trans,
		    const struct xlog_item *item) XFS_MUST_CHECK;
/* The format structures of an item that was checked. */
void xlog_item_buf_format(const struct xlog_item *item, struct xfs_buf_log_format *blf);
void xlog_item_inode_format(const struct xlog_item *item, struct xfs_inode_log_format *ilf);

/*
 * The next run of logged bytes of a BUF item: begin with *@it zeroed.  False at the end.  A run
 * ends where its region does.
 */
struct xlog_buf_iter {
	uint32_t chunk, region;		/* where to go on */
	uint32_t off, len;		/* the run: bytes in the buffer */
	const uint8_t *data;
};
bool xlog_buf_next(const struct xlog_item *item, struct xlog_buf_iter *it);

/* An intent joins the pending ones, a done item takes its intent away. */
int xlog_intent_take(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item) XFS_MUST_CHECK;
bool xlog_is_intent(uint16_t type);
bool xlog_is_done(uint16_t type);

/*
 * The buffer at @daddr; when @read, with what stands there (or what replay has made of it), else
 * zeroed.
 */
int xlog_rbuf_get(struct xlog_recover *rl, xfs_daddr_t daddr, uint32_t len, bool read,
		  struct xlog_rbuf **bpp) XFS_MUST_CHECK;
/* It was changed by the transaction that is replayed; @stamp: it gets the LSN with its batch. */
void xlog_rbuf_dirty(struct xlog_recover *rl, struct xlog_rbuf *bp, bool stamp);
/* The next transaction begins at @lsn: the batch before it is complete. */
void xlog_rbuf_batch(struct xlog_recover *rl, xfs_lsn_t lsn);
/* Between two items: write what there is when memory is over its limit. */
int xlog_rbuf_relieve(struct xlog_recover *rl) XFS_MUST_CHECK;
/* Inode @slot of the buffer is a mixture until all of the log is replayed; its checksum is wrong. */
void xlog_rbuf_mixed_inode(struct xlog_rbuf *bp, uint32_t slot);
/*
 * Check @block, of a kind that its magic number tells, and set its checksum; what is wrong
 * with it otherwise.
 */
xfs_failaddr_t xlog_block_renew(const struct xfs_geometry *geo, uint8_t *block, uint32_t len,
				xfs_daddr_t daddr);
/* The log is replayed: write everything, in the order of addresses, and forget it. */
int xlog_rbuf_write_all(struct xlog_recover *rl) XFS_MUST_CHECK;
void xlog_rbuf_destroy(struct xlog_recover *rl);

/* A part of a directory block was logged by itself: remember it, and who may own it. */
int xlog_dirparts_note(struct xlog_recover *rl, xfs_daddr_t daddr) XFS_MUST_CHECK;
int xlog_dirparts_note_dir(struct xlog_recover *rl,
			   const struct xfs_inode_log_format *ilf) XFS_MUST_CHECK;
/* All is replayed: make the checksums of such directory blocks whole. */
int xlog_dirparts_finish(struct xlog_recover *rl) XFS_MUST_CHECK;
void xlog_dirparts_destroy(struct xlog_recover *rl);

int xlog_replay_buf(struct xlog_recover *rl, const struct xlog_trans *trans,
		    const struct xlog_item *item) XFS_MUST_CHECK;
int xlog_replay_inode_buf(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item) XFS_MUST_CHECK;
int xlog_replay_icreate(struct xlog_recover *rl, const struct xlog_trans *trans,
			const struct xlog_item *item) XFS_MUST_CHECK;
int xlog_replay_inode(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item) XFS_MUST_CHECK;
int xlog_replay_dquot(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item) XFS_MUST_CHECK;

#endif
