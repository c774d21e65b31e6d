/* SPDX-License-Identifier: MIT */
/*
 * The journal on disk: a ring of 512-byte blocks that holds records, which hold
 * checkpoints.  This folder finds the end of it, reads records, and writes
 * checkpoints; what a checkpoint contains is trans/'s, what recovery does with
 * one is recover.c's.
 *
 * Rules of the writer:
 *
 * (LOG-1) One at a time: who holds the mount's commit mutex calls xlog_stream_write() and
 *     xlog_write_unmount().  xlog_space() and xlog_head_lsn() may be asked by anyone.
 * (LOG-2) Blocks at or behind the tail of the last durable record are never overwritten; the head
 *     never reaches it.
 * (LOG-3) At most eight records, and no more than 2 MiB, are on their way to the device without a
 *     flush: recovery finds holes in that much, not in more.
 * (LOG-4) All records between tail and head have the same nominal size.
 * (LOG-5) The data device is flushed by the caller before it writes a checkpoint that relies on it;
 *     flushes of the log device are done here.  With an internal log both are one device, and each
 *     flush serves both.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "core/mount.h"
#include "disk/log.h"

/* Where the log ends, and what state it is in. */
struct xlog_state {
	bool clean;			/* an unmount record is the last thing in it */
	bool torn;			/* records from torn_block on were not whole, and discarded */
	uint32_t head_block;		/* 512-byte block where the next record goes */
	uint32_t head_cycle;		/* cycle of the next record */
	uint32_t tail_block;		/* where replay starts; the head when clean */
	uint32_t torn_block;
	uint32_t record_size;		/* h_size of the first record to replay; 0: no record at all */
	xfs_lsn_t tail_lsn;		/* the same place as tail_block */
	xfs_lsn_t last_lsn;		/* LSN of the last record; 0: the log is all zero */
	xfs_lsn_t last_tail_lsn;	/* the tail that it carries */
};

/*
 * Find the head and tell whether the log is clean.  Reads a few dozen blocks of a clean log, and
 * all records between tail and head of a dirty one, whose checksums it verifies: what a crash
 * tore is cut off.  Writes nothing.  -EUCLEAN: the log makes no sense (text set).
 */
int xlog_find_head(struct xfs_mount *mp, struct xlog_state *state) XFS_MUST_CHECK;

struct xlog;
struct xlog_stream;

/*
 * Make mp->m_log, which goes on at the head of @state as xlog_find_head() told it.  Overwrites
 * leftovers of a crashed writer in front of the head.  A log that was clean starts afresh; one
 * that was dirty keeps its tail (and its record size) until a checkpoint carries another one, so
 * recovery can log what it does before it is finished.
 */
int xlog_open(struct xfs_mount *mp, const struct xlog_state *state) XFS_MUST_CHECK;
/* mp->m_dev or mp->m_logdev is another device now, with the same contents. */
void xlog_set_device(struct xfs_mount *mp);
/* Frees it; writes nothing.  NULL is fine. */
void xlog_close(struct xfs_mount *mp);

/*
 * Bytes of checkpoint contents - regions, each with 12 bytes of its header - that fit in front of
 * the durable tail, with enough left for a small checkpoint that moves the tail (the superblock)
 * and for the unmount record.  That small one may be written even when this says 0.
 */
uint64_t xlog_space(const struct xlog *log);
/* The most that one checkpoint may ever hold, in the same bytes. */
uint64_t xlog_max_checkpoint(const struct xlog *log);
/* Where the next checkpoint starts: its LSN. */
xfs_lsn_t xlog_head_lsn(const struct xlog *log);
/* The tail that the last durable record carries; before the first one, that of the open. */
xfs_lsn_t xlog_tail_lsn(const struct xlog *log);
/* Blocks of the log (512 bytes), and how many of them lie in front of the durable tail. */
uint32_t xlog_size_bbs(const struct xlog *log);
uint32_t xlog_free_bbs(const struct xlog *log);

/*
 * Memory for a checkpoint of up to @bytes of contents as xlog_space() counts them, in up to
 * @regions regions.  -ENOMEM: nothing happened.  One stream at a time: it belongs to the head.
 */
int xlog_stream_alloc(struct xlog *log, uint64_t bytes, uint64_t regions,
		      struct xlog_stream **sp) XFS_MUST_CHECK;
/*
 * The same when that failed, for exactly @regions: it cannot fail, because records are written
 * as soon as the memory had at open is full of them.  So what the checkpoint relies on must
 * be stable before (LOG-5), @tail is needed now, and an error of the device is
 * told by xlog_stream_write().
 */
struct xlog_stream *xlog_stream_open_window(struct xlog *log, uint32_t regions, xfs_lsn_t tail);
/* Append a copy of one region, @len > 0; padded with zeros to a multiple of 4. */
void xlog_stream_region(struct xlog_stream *s, const void *data, uint32_t len);
/*
 * Write the checkpoint; durable when it returns 0.  @tail: start LSN of the oldest checkpoint that
 * recovery still needs, 0 for this one itself; a window was opened with the same one.  After an error the file system is shut down and
 * nothing is written to the log any more.
 */
int xlog_stream_write(struct xlog_stream *s, xfs_lsn_t tail) XFS_MUST_CHECK;
/* LSN of the checkpoint, which it keeps after it was written. */
xfs_lsn_t xlog_stream_lsn(const struct xlog_stream *s);
/* NULL is fine. */
void xlog_stream_free(struct xlog_stream *s);

/*
 * The last record: all is in place, and the caller has flushed it, superblock included.  Durable
 * when it returns 0; nothing may be written to the log after it.
 */
int xlog_write_unmount(struct xlog *log) XFS_MUST_CHECK;

/* Memory that writing the log keeps, for records of @record_bytes. */
size_t xlog_window_bytes(uint32_t record_bytes);

/* What was written since the open; for tests and the curious. */
struct xlog_stats {
	uint64_t checkpoints, records, flushes;
	uint64_t bytes;			/* of the log: headers and padding included */
	uint64_t contents;		/* of these, regions with their headers */
};
void xlog_get_stats(const struct xlog *log, struct xlog_stats *stats);

#endif
