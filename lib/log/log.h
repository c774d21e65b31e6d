/* SPDX-License-Identifier: MIT */
/*
 * The journal on disk: a ring of 512-byte blocks that holds records, which hold checkpoints.  This
 * folder finds its end, reads records, and writes checkpoints.  trans/ decides what a checkpoint
 * contains; recover.c says what recovery does with one.
 *
 * Rules of the writer:
 *
 * (LOG-1) One writer at a time: only the holder of the mount's commit mutex calls
 *     xlog_stream_write() and xlog_write_unmount().  Any thread may call xlog_space() and
 *     xlog_head_lsn().
 * (LOG-2) Blocks at or behind the tail of the last durable record are never overwritten; the head
 *     never reaches it.
 * (LOG-3) At most eight records, and at most 2 MiB, are written without a flush in between:
 *     recovery looks for holes only that far back.
 * (LOG-4) All records between tail and head have the same nominal size.
 * (LOG-5) The caller flushes the data device before it writes a checkpoint that relies on it;
 *     flushes of the log device are issued here.  With an internal log both are one device, and
 *     each flush serves both.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "core/mount.h"
#include "disk/log.h"

/* Where the log ends, and its state. */
struct xlog_state {
	bool clean;			/* the last record is an unmount record */
	bool torn;			/* records from torn_block on are not whole and discarded */
	uint32_t head_block;		/* 512-byte block of the next record */
	uint32_t head_cycle;		/* cycle of the next record */
	uint32_t tail_block;		/* where replay starts; the head if clean */
	uint32_t torn_block;
	uint32_t record_size;		/* h_size of the first record to replay; 0: no record */
	xfs_lsn_t tail_lsn;		/* the same place as tail_block */
	xfs_lsn_t last_lsn;		/* LSN of the last record; 0: the log is all zero */
	xfs_lsn_t last_tail_lsn;	/* the tail that it carries */
};

/*
 * Find the head and whether the log is clean.  Reads a few dozen blocks of a clean log.  Of a dirty
 * one it reads all records between tail and head and verifies their checksums; what a crash tore is
 * discarded.  Writes nothing.  -EUCLEAN: the log makes no sense (text set).
 */
int xlog_find_head(struct xfs_mount *mp, struct xlog_state *state) XFS_MUST_CHECK;

struct xlog;
struct xlog_stream;

/*
 * Set up mp->m_log, which continues at the head of @state as xlog_find_head() returned it.
 * Overwrites what a crashed writer left ahead of the head.  A clean log starts anew.  A dirty one
 * keeps its tail and its record size until a checkpoint moves the tail, so that recovery can log
 * its own changes before it is finished.
 */
int xlog_open(struct xfs_mount *mp, const struct xlog_state *state) XFS_MUST_CHECK;
/* mp->m_dev or mp->m_logdev has been replaced by another device with the same contents. */
void xlog_set_device(struct xfs_mount *mp);
/* Free the log; writes nothing.  NULL is fine. */
void xlog_close(struct xfs_mount *mp);

/*
 * Bytes of checkpoint contents (regions, each with 12 bytes of header) that fit between the head
 * and the durable tail, leaving enough for a small checkpoint that moves the tail (the superblock)
 * and for the unmount record.  That small checkpoint may be written even when this returns 0.
 */
uint64_t xlog_space(const struct xlog *log);
/* Upper bound of one checkpoint, counted in the same way. */
uint64_t xlog_max_checkpoint(const struct xlog *log);
/* LSN of the next checkpoint. */
xfs_lsn_t xlog_head_lsn(const struct xlog *log);
/* The tail that the last durable record carries; before the first one, the tail found at open. */
xfs_lsn_t xlog_tail_lsn(const struct xlog *log);
/* Blocks of the log (512 bytes), and how many of them are free up to the durable tail. */
uint32_t xlog_size_bbs(const struct xlog *log);
uint32_t xlog_free_bbs(const struct xlog *log);

/*
 * Memory for a checkpoint of up to @bytes of contents, counted as in xlog_space(), in up to
 * @regions regions.  On -ENOMEM nothing has happened.  Only one stream exists at a time, because it
 * starts at the head.
 */
int xlog_stream_alloc(struct xlog *log, uint64_t bytes, uint64_t regions,
		      struct xlog_stream **sp) XFS_MUST_CHECK;
/*
 * A stream for exactly @regions that cannot fail, for use after -ENOMEM: records are written as
 * soon as they fill the memory that was allocated at open.  So what the checkpoint relies on must
 * be durable before (LOG-5), @tail must be known now, and a device error is returned by
 * xlog_stream_write().
 */
struct xlog_stream *xlog_stream_open_window(struct xlog *log, uint32_t regions, xfs_lsn_t tail);
/* Append a copy of one region, @len > 0; it is padded with zeros to a multiple of 4. */
void xlog_stream_region(struct xlog_stream *s, const void *data, uint32_t len);
/*
 * Write the checkpoint; it is durable when this returns 0.  @tail: start LSN of the oldest
 * checkpoint that recovery still needs, 0 for this one itself; for a window the same as when it was
 * opened.  On an error the file system is shut down and nothing more is written to the log.
 */
int xlog_stream_write(struct xlog_stream *s, xfs_lsn_t tail) XFS_MUST_CHECK;
/* LSN of the checkpoint; stays valid after the write. */
xfs_lsn_t xlog_stream_lsn(const struct xlog_stream *s);
/* NULL is fine. */
void xlog_stream_free(struct xlog_stream *s);

/*
 * Write the unmount record.  Everything must be in place and flushed, the superblock included.
 * Durable when it returns 0; nothing may be written to the log after it.
 */
int xlog_write_unmount(struct xlog *log) XFS_MUST_CHECK;

/* Memory that the writer keeps, for records of @record_bytes. */
size_t xlog_window_bytes(uint32_t record_bytes);

/* What was written since open, for tests and diagnostics. */
struct xlog_stats {
	uint64_t checkpoints, records, flushes;
	uint64_t bytes;			/* of log written: headers and padding included */
	uint64_t contents;		/* of these, regions with their headers */
};
void xlog_get_stats(const struct xlog *log, struct xlog_stats *stats);

#endif
