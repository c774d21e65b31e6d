/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of log/: the ring of blocks and the layout of a record, for writer, head
 * search and recovery; the writer's state; recovery's state and calls.
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
/*
 * Read or write @count <= nbbs blocks from @bb on, wrapping at the end of the ring; whole log
 * sectors.
 */
int xlog_ring_read(const struct xlog_ring *ring, uint32_t bb, uint32_t count,
		   void *buf) XFS_MUST_CHECK;
int xlog_ring_write(const struct xlog_ring *ring, uint32_t bb, uint32_t count, const void *buf,
		    unsigned int flags) XFS_MUST_CHECK;

/* Blocks from @from forward to @to; 0 if they are equal. */
static inline uint32_t xlog_distance(uint32_t nbbs, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + nbbs - from;
}

/* Cycles skip the value of the header magic, so that no stamped block looks like a header. */
static inline uint32_t xlog_next_cycle(uint32_t cycle)
{
	return cycle + 1 == XLOG_HEADER_MAGIC_NUM ? cycle + 2 : cycle + 1;
}

static inline uint32_t xlog_prev_cycle(uint32_t cycle)
{
	return cycle - 1 == XLOG_HEADER_MAGIC_NUM ? cycle - 2 : cycle - 1;
}

/* The cycle in which the block at @bb was written. */
static inline uint32_t xlog_get_cycle(const void *bb)
{
	uint32_t word = get_be32(bb);

	return word == XLOG_HEADER_MAGIC_NUM ? get_be32((const uint8_t *)bb + 4) : word;
}

/* A record's header, in host order. */
struct xlog_record {
	uint32_t block, cycle;
	uint32_t len;		/* bytes after the headers */
	uint32_t num_ops, size, fmt, crc;
	uint32_t header_bbs;	/* as its own h_size says */
	uint32_t bbs;		/* headers and data */
	xfs_lsn_t lsn, tail_lsn;
};

/* Blocks of headers for a nominal record size. */
static inline uint32_t xlog_header_bbs(uint32_t h_size)
{
	return h_size > XLOG_HEADER_CYCLE_SIZE
		       ? (uint32_t)xfs_howmany64(h_size, XLOG_HEADER_CYCLE_SIZE)
		       : 1;
}

/*
 * Decode the header @bb found at @block.  -EUCLEAN with a text: not a header of a version-2 log of
 * this file system.  h_size is not checked: in a walk only that of the first record counts.
 */
int xlog_decode_header(const struct xlog_ring *ring, uint32_t block, const void *bb,
		       struct xlog_record *rec) XFS_MUST_CHECK;

/*
 * Checksum of a record of @header_bbs + @len bytes as it lies on disk.  @head_len: bytes of the
 * first block that it covers, XLOG_REC_CRC_LEN or XLOG_REC_CRC_LEN_I386.
 */
uint32_t xlog_record_cksum(const void *record, uint32_t header_bbs, uint32_t len,
			   uint32_t head_len);
/* Accepts either header length: 32-bit x86 writers used the shorter one. */
bool xlog_record_crc_ok(const void *record, uint32_t header_bbs, uint32_t len);

/* Save the first word of each data block in the headers and put the cycle in its place. */
void xlog_stamp(void *record, uint32_t header_bbs, uint32_t len, uint32_t cycle);
/* Undo xlog_stamp(), for readers, after the checksum was verified. */
void xlog_unstamp(void *record, uint32_t header_bbs, uint32_t len);

/*
 * Read the whole record at @block into @buf of xlog_record_room(@size) bytes.  @size is h_size of
 * the first record of the walk and decides how many header blocks every record has.  Verifies
 * everything except that the record ends at or before the head; a checksum of 0 is accepted.
 * -EBADMSG without text: wrong checksum; -EUCLEAN without text: the header makes no sense; a torn
 * write leaves either.  Other errors have a text.  The data is still stamped (xlog_unstamp()).
 */
int xlog_read_record(const struct xlog_ring *ring, uint32_t block, uint32_t size, void *buf,
		     struct xlog_record *rec) XFS_MUST_CHECK;
/* Bytes of memory for any record of nominal size @size, read in whole sectors. */
static inline size_t xlog_record_room(uint32_t size)
{
	return (size_t)size + ((size_t)xlog_header_bbs(size) << XFS_BB_SHIFT) + 32768u;
}

/* The writer. */
struct xlog {
	struct xlog_ring ring;		/* (c) */
	uint32_t h_size;		/* (c) nominal record size, written in each header */
	uint32_t header_bbs;		/* (c) */
	uint32_t unit_bbs;		/* (c) records begin and end at multiples of it */
	uint32_t max_bbs;		/* (c) of a full record */
	uint32_t reserve_bbs;		/* (c) left free by checkpoints: tail mover, unmount
					 * record */
	uint64_t max_checkpoint;	/* (c) */
	uint64_t head;			/* (a) LSN; changed under the commit mutex, like all
					 * below */
	uint64_t tail;			/* (a) LSN; blocks from here to the head are not
					 * overwritten */
	uint32_t prev_block;		/* block of the last record; -1: none */
	bool dead;			/* a write failed, or the unmount record is written */
	struct xlog_stream *window;	/* (c) memory through which any checkpoint can be written */
	struct xlog_stream *spare;	/* memory of the last checkpoint, if it was small */
	struct xlog_stats stats;
};

/* stream.c: the memory that makes xlog_stream_open_window() possible. */
int xlog_window_alloc(struct xlog *log) XFS_MUST_CHECK;
void xlog_window_free(struct xlog *log);

/* Blocks between head and tail that may be overwritten. */
uint32_t xlog_free_at(const struct xlog *log, xfs_lsn_t head, xfs_lsn_t tail);
/* The log cannot be written any more: shut down and return @error. */
int xlog_fail(struct xlog *log, int error);
/* Flush the log's device, unless a test disables @rule. */
int xlog_flush(struct xlog *log, enum xfs_rule rule) XFS_MUST_CHECK;

/* ------------------------------------- records, one after the other (recover_read.c) */

struct xlog_walk {
	struct xlog_ring ring;
	uint32_t size;			/* h_size of all records of this walk */
	uint32_t head, next, left;	/* blocks; left: from next to head */
	void *buf;			/* one whole record */

	/* the record read last */
	uint32_t block;
	uint32_t len, num_ops;
	xfs_lsn_t lsn;
	const uint8_t *data;		/* len bytes of operations */
};

/* Prepare to walk the records that @state says are to be replayed. */
int xlog_walk_init(struct xfs_mount *mp, const struct xlog_state *state,
		   struct xlog_walk *walk) XFS_MUST_CHECK;
void xlog_walk_destroy(struct xlog_walk *walk);
/* Restart at the tail. */
void xlog_walk_rewind(struct xlog_walk *walk, const struct xlog_state *state);
/* Read the next record, verified and unstamped; *@found is false at the end. */
int xlog_walk_next(struct xlog_walk *walk, bool *found) XFS_MUST_CHECK;

/* ------------------------------------------------ numbers (recover_index.c) */

/* First member of every entry, which is found by these two numbers. */
struct xlog_key {
	struct xfs_rb_node node;
	uint64_t a, b;
};

/* An empty index is all zeros. */
struct xlog_index {
	struct xfs_rb_tree tree;
	uint64_t steps;			/* entries visited, for tests */
};

struct xlog_key *xlog_index_find(struct xlog_index *index, uint64_t a, uint64_t b);
/* The first entry that is not below (@a, @b). */
struct xlog_key *xlog_index_from(struct xlog_index *index, uint64_t a, uint64_t b);
struct xlog_key *xlog_index_next(struct xlog_index *index, const struct xlog_key *key);
/* The key must not be in the index yet. */
void xlog_index_add(struct xlog_index *index, struct xlog_key *key);
struct xlog_key *xlog_index_first(const struct xlog_index *index);
void xlog_index_erase(struct xlog_index *index, struct xlog_key *key);

/* ------------------------------------------- transactions (recover_trans.c) */

/* One item of a transaction; its regions lie in the transaction's memory. */
struct xlog_item {
	struct xlog_item *it_next;
	uint32_t it_block;		/* block of the record where it begins, for messages */
	uint16_t it_type;
	uint16_t it_size;		/* regions that it announces */
	uint16_t it_count;		/* regions read so far */
	struct xlog_region it_regions[];
};

/* A committed transaction. */
struct xlog_trans {
	xfs_lsn_t xt_lsn;
	uint32_t xt_tid;
	struct xlog_item *xt_items;	/* in log order */
};

struct xlog_trans_table;
/* Called once for each committed transaction; @trans and its items are freed after it returns. */
typedef int (*xlog_commit_fn)(void *ctx, struct xlog_trans *trans);

/* @log_bytes: size of all records that will be added. */
int xlog_trans_table_create(struct xfs_mount *mp, uint64_t log_bytes, xlog_commit_fn commit,
			    void *ctx, struct xlog_trans_table **tablep) XFS_MUST_CHECK;
/* NULL is fine.  @uncommitted, if not NULL, gets the number of transactions still open. */
void xlog_trans_table_destroy(struct xlog_trans_table *table, uint64_t *uncommitted);
uint64_t xlog_trans_table_steps(const struct xlog_trans_table *table);
/* Prepare for another walk: open transactions are dropped and counted in @uncommitted. */
void xlog_trans_table_reuse(struct xlog_trans_table *table, xlog_commit_fn commit,
			    uint64_t *uncommitted);
/* Process the operations of the record that @walk has read; *@ops counts them. */
int xlog_trans_add_record(struct xlog_trans_table *table, const struct xlog_walk *walk,
			  uint64_t *ops) XFS_MUST_CHECK;

/* ------------------------------------------------- recovery (recover.c) */

/* Index of freed buffers, by address and length. */
int xlog_cancel_add(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno,
		    uint32_t bbs) XFS_MUST_CHECK;
bool xlog_cancel_has(struct xlog_index *table, xfs_daddr_t blkno, uint32_t bbs);
/* Count down one cancel item of that buffer. */
void xlog_cancel_drop(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno,
		      uint32_t bbs);
void xlog_cancel_destroy(struct xfs_mount *mp, struct xlog_index *table);

/* The largest metadata buffer is one block of the largest size. */
#define XLOG_RBUF_MAX_BBS	(XFS_MAX_BLOCKSIZE >> XFS_BB_SHIFT)
#define XLOG_RBUF_MAX_INODES	(XFS_MAX_BLOCKSIZE / XFS_DINODE_MIN_SIZE)

/* A metadata buffer read for replay (recover_buf.c). */
struct xlog_rbuf {
	struct xfs_rb_node rb_node;
	struct xfs_list rb_batch;	/* in the current batch */
	xfs_daddr_t rb_daddr;
	uint32_t rb_len;		/* bytes */
	uint16_t rb_blft;		/* buffer type of the newest item */
	bool rb_dirty;			/* to be written */
	bool rb_due;			/* to be written in this round */
	bool rb_in_batch;		/* gets the batch's LSN when the batch is complete */
	bool rb_partial;		/* part of a directory block: neither verified nor
					 * stamped */
	bool rb_torn;			/* a mixture of two states until the end of replay */
	uint64_t rb_mixed[XLOG_RBUF_MAX_INODES / 64];	/* which inodes are mixtures */
	xfs_lsn_t rb_lsn;		/* LSN found in place, if it can be trusted; else 0 */
	uint8_t *rb_data;
};

struct xlog_recover {
	struct xfs_mount *mp;
	struct xfs_geometry geo;	/* as the superblock will have it after replay */
	struct xlog_recovery *rec;
	struct xlog_walk walk;
	struct xlog_index cancel;
	uint32_t quotaoff;		/* XFS_QOFF_*: quota types turned off in the log */
	uint64_t device_bbs;		/* size of the data device */
	uint64_t made_inodes;		/* inodes made by replayed ICREATE items */
	struct xfs_long_call call;	/* in blocks of the log, each counted twice */
	bool cancellable;
	struct xlog_index intents;	/* intents without a done item so far */

	/* buffers */
	struct xfs_rb_tree bufs;
	struct xfs_list batch;
	struct xlog_index aside;	/* sectors removed from bufs, to be written first */
	xfs_lsn_t batch_lsn;
	uint64_t buf_bytes, max_buf_bytes, max_held_bytes;
	uint64_t held_bytes;		/* bytes that had to stay at the last partial write */
	struct xlog_dirparts *dirparts;	/* NULL: none met yet */
	uint64_t dir_steps;		/* extents visited for them */
};

/* Describe what is wrong with an item; -EUCLEAN. */
#define xlog_item_corrupt(rl, trans, item, ...)					\
	xfs_error_value(-EUCLEAN, xlog_set_item_corrupt(rl, trans, item, __VA_ARGS__))
int xlog_set_item_corrupt(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item, const char *fmt, ...) XFS_PRINTF(4, 5);

/* Check everything about @item that can be told without reading the disk (recover_check.c). */
int xlog_item_check(struct xlog_recover *rl, const struct xlog_trans *trans,
		    const struct xlog_item *item) XFS_MUST_CHECK;
/* The format structures of an item that passed xlog_item_check(). */
void xlog_item_buf_format(const struct xlog_item *item, struct xfs_buf_log_format *blf);
void xlog_item_inode_format(const struct xlog_item *item, struct xfs_inode_log_format *ilf);

/*
 * Get the next run of logged bytes of a BUF item; start with *@it zeroed.  False at the end.  A run
 * ends where its region does.
 */
struct xlog_buf_iter {
	uint32_t chunk, region;		/* where to continue */
	uint32_t off, len;		/* of the run, in bytes of the buffer */
	const uint8_t *data;
};
bool xlog_buf_next(const struct xlog_item *item, struct xlog_buf_iter *it);

/* Add an intent to the pending ones, or remove the intent of a done item. */
int xlog_intent_take(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item) XFS_MUST_CHECK;
bool xlog_is_intent(uint16_t type);
bool xlog_is_done(uint16_t type);

/*
 * Get the buffer at @daddr.  With @read it holds what is on disk or what replay has made of it,
 * else zeros.
 */
int xlog_rbuf_get(struct xlog_recover *rl, xfs_daddr_t daddr, uint32_t len, bool read,
		  struct xlog_rbuf **bpp) XFS_MUST_CHECK;
/* The replayed transaction changed the buffer; @stamp: give it the batch's LSN later. */
void xlog_rbuf_dirty(struct xlog_recover *rl, struct xlog_rbuf *bp, bool stamp);
/* The next transaction begins at @lsn.  If that is another LSN, the current batch is complete. */
void xlog_rbuf_batch(struct xlog_recover *rl, xfs_lsn_t lsn);
/* Between two items: write buffers if they are over the memory limit. */
int xlog_rbuf_relieve(struct xlog_recover *rl) XFS_MUST_CHECK;
/* Inode @slot is a mixture until all of the log is replayed; its checksum is wrong. */
void xlog_rbuf_mixed_inode(struct xlog_rbuf *bp, uint32_t slot);
/*
 * Verify @block as the kind that its magic number tells and set its checksum.  Returns what is
 * wrong, or NULL.
 */
xfs_failaddr_t xlog_block_renew(const struct xfs_geometry *geo, uint8_t *block, uint32_t len,
				xfs_daddr_t daddr);
/* After replay: write all buffers in order of address, and free them. */
int xlog_rbuf_write_all(struct xlog_recover *rl) XFS_MUST_CHECK;
void xlog_rbuf_destroy(struct xlog_recover *rl);

/*
 * Part of a directory block was logged by itself: remember it, and the directories that may own it.
 */
int xlog_dirparts_note(struct xlog_recover *rl, xfs_daddr_t daddr) XFS_MUST_CHECK;
int xlog_dirparts_note_dir(struct xlog_recover *rl,
			   const struct xfs_inode_log_format *ilf) XFS_MUST_CHECK;
/* After replay: set the checksums of those directory blocks. */
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
