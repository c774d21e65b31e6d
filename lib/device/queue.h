/* SPDX-License-Identifier: MIT */
/*
 * The write queue of a device.  Small writes are collected, sorted and merged with their
 * neighbours, across files: small files that were allocated one after another are written in few
 * large vectored writes.
 *
 * A request is queued, then written, then done.  It stays queued until a limit is reached or a
 * thread submits.  Its buffer belongs to the queue until its done function is called and must not
 * change until then.  Reads of the device do not see it before it is written: a reader must look
 * first into the cache that holds the buffer.
 *
 * Of two requests that overlap, the one queued later wins.  The order of others is undefined, and
 * until xfs_queue_flush() returns 0 a crash may keep or lose any of them.
 *
 * Done functions run in the thread that submits, which may be any caller of xfs_queue_write(),
 * under the locks it holds.  So they take only locks of class LEAF, and callers of this file hold
 * no LEAF lock.  They may queue further requests, but must neither submit nor flush.
 */
#ifndef DEVICE_QUEUE_H
#define DEVICE_QUEUE_H

#include <xfswrite/device.h>
#include "base/mem.h"

struct xfs_queue;

/*
 * @error: 0, or why this request's own range was not written; xfs_device_cause() then is that of
 * this request.
 */
typedef void (*xfs_queue_done_fn)(void *ctx, int error);

#define XFS_QUEUE_DEFAULT_BYTES	   (16u << 20)
#define XFS_QUEUE_DEFAULT_REQUESTS 8192u

struct xfs_queue_stats {
	uint64_t requests; /* queued so far */
	uint64_t bytes;	   /* in them */
	uint64_t writes;   /* device writes issued for them */
	uint64_t retries;  /* merged writes that failed and were retried one by one */
	uint64_t flushes;
};

/*
 * Create a queue over @dev, of which it takes a reference.  It submits by itself when @max_bytes or
 * @max_requests are queued (0: the defaults).  @mem must outlive it.
 */
int xfs_queue_create(struct xfs_device *dev, const struct xfs_mem *mem, size_t max_bytes,
		     uint32_t max_requests, struct xfs_queue **qp) XFS_MUST_CHECK;

/* Write to @dev from now on; takes a reference to it.  Nothing may be queued or in flight. */
void xfs_queue_set_device(struct xfs_queue *q, struct xfs_device *dev);

/* Nothing may be queued or in flight.  NULL is fine. */
void xfs_queue_destroy(struct xfs_queue *q);

/*
 * Write @len bytes of @buf at @offset, now or later.  @done is called exactly once, perhaps before
 * this returns, and may be NULL.  Errors reach only @done; without memory for a request, it writes
 * at once.  May sleep.
 */
void xfs_queue_write(struct xfs_queue *q, uint64_t offset, const void *buf, size_t len,
		     xfs_queue_done_fn done, void *ctx);

/* Write what is queued; every request queued before the call is done when it returns. */
void xfs_queue_submit(struct xfs_queue *q);

/*
 * Drop what is queued: those requests are done with @error and not written.  Waits for writes in
 * flight.
 */
void xfs_queue_cancel(struct xfs_queue *q, int error);

/*
 * Submit, then flush the device.  0: every request queued before the call whose done function got 0
 * is durable, and so is everything else written to the device before.  Write errors are reported to
 * the done functions only.
 */
int xfs_queue_flush(struct xfs_queue *q);

/*
 * The same, but the device is flushed only if something was written since its last flush, by the
 * queue or announced with xfs_queue_note_write(), and concurrent callers share one flush.  For
 * callers that do not rely on other writes to the device.
 */
int xfs_queue_flush_written(struct xfs_queue *q);
/*
 * The same in two steps: a mark for everything written so far, and a flush later, unless one that
 * began after the mark has completed.
 */
uint64_t xfs_queue_written(struct xfs_queue *q);
int xfs_queue_flush_upto(struct xfs_queue *q, uint64_t written);
/* A write bypassed the queue, and xfs_queue_flush_written() must cover it. */
void xfs_queue_note_write(struct xfs_queue *q);

/* True if nothing is queued or in flight and everything written is durable. */
bool xfs_queue_is_stable(struct xfs_queue *q);

/* Return the memory kept for new requests to the host. */
void xfs_queue_trim(struct xfs_queue *q);

/* Number of requests queued and not yet taken for writing. */
uint32_t xfs_queue_pending(struct xfs_queue *q);

void xfs_queue_get_stats(struct xfs_queue *q, struct xfs_queue_stats *stats);

#endif
