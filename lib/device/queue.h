/* SPDX-License-Identifier: MIT */
/*
 * The write queue of a device.  Small writes are collected, sorted and merged
 * with their neighbours, whoever they came from: small files that were
 * allocated one after another go out in few large vectored writes.
 *
 * A request is queued -> written -> done.  It stays queued until a limit is
 * reached or somebody submits; its buffer belongs to the queue until its done
 * function is called, and must not change until then.  Until it is written,
 * reads of the device do not see it: whoever reads looks into the cache that
 * holds the buffer first.
 *
 * Of two requests that overlap, the one queued later wins.  Nothing is said
 * about the order of others, and a crash may keep or lose any of them before
 * xfs_queue_flush() has returned 0.
 *
 * Done functions run in whatever thread submits, which may be any caller of
 * xfs_queue_write(), under the locks it holds.  So they take locks of class
 * LEAF only, and callers of this file hold no LEAF lock.  They may queue
 * further requests, but neither submit nor flush.
 */
#ifndef DEVICE_QUEUE_H
#define DEVICE_QUEUE_H

#include <xfswrite/device.h>
#include "base/mem.h"

struct xfs_queue;

/*
 * @error: 0, or why this request's own range was not written; xfs_device_cause() is that of this
 * request meanwhile.
 */
typedef void (*xfs_queue_done_fn)(void *ctx, int error);

#define XFS_QUEUE_DEFAULT_BYTES	   (16u << 20)
#define XFS_QUEUE_DEFAULT_REQUESTS 8192u

struct xfs_queue_stats {
	uint64_t requests; /* queued so far */
	uint64_t bytes;	   /* in them */
	uint64_t writes;   /* calls of the device for them */
	uint64_t retries;  /* merged writes that failed and were tried request by request */
	uint64_t flushes;
};

/*
 * A queue over @dev, of which it takes a reference.  It submits by itself when
 * @max_bytes or @max_requests are queued (0: the defaults).  @mem must outlive it.
 */
int xfs_queue_create(struct xfs_device *dev, const struct xfs_mem *mem, size_t max_bytes,
		     uint32_t max_requests, struct xfs_queue **qp) XFS_MUST_CHECK;

/* Write to @dev from now on, of which it takes a reference.  Nothing may be queued or under way. */
void xfs_queue_set_device(struct xfs_queue *q, struct xfs_device *dev);

/* Nothing may be queued or under way.  NULL is fine. */
void xfs_queue_destroy(struct xfs_queue *q);

/*
 * Write @len bytes of @buf at @offset, now or later; @done is called exactly
 * once, perhaps before this returns, and may be NULL.  Cannot fail otherwise: out
 * of memory it writes at once.  May sleep.
 */
void xfs_queue_write(struct xfs_queue *q, uint64_t offset, const void *buf, size_t len,
		     xfs_queue_done_fn done, void *ctx);

/* Write what is queued; every request queued before the call is done when it returns. */
void xfs_queue_submit(struct xfs_queue *q);

/*
 * Forget what is queued: those requests are done with @error and not written.  Waits
 * for what is under way.
 */
void xfs_queue_cancel(struct xfs_queue *q, int error);

/*
 * Submit, then flush the device.  0: every request queued before the call whose
 * done function got 0 is stable, and so is everything else written to the
 * device before.  What was not written only its done function hears.
 */
int xfs_queue_flush(struct xfs_queue *q);

/*
 * The same, but the device is only flushed if something was written since it was last, by the queue
 * or by who told it; and several callers share one flush.  For callers to whom
 * nothing else written to the device matters.
 */
int xfs_queue_flush_written(struct xfs_queue *q);
/*
 * The same in two steps: a mark for all that is written by now, and, later, a flush unless one that
 * began after the mark was taken has been done for it.
 */
uint64_t xfs_queue_written(struct xfs_queue *q);
int xfs_queue_flush_upto(struct xfs_queue *q, uint64_t written);
/* Something that xfs_queue_flush_written() is asked for was written past the queue. */
void xfs_queue_note_write(struct xfs_queue *q);

/* Nothing is queued or under way, and all that was written is stable. */
bool xfs_queue_is_stable(struct xfs_queue *q);

/* Memory that is kept for new requests goes back to the host. */
void xfs_queue_trim(struct xfs_queue *q);

/* Requests that are queued and not yet under way. */
uint32_t xfs_queue_pending(struct xfs_queue *q);

void xfs_queue_get_stats(struct xfs_queue *q, struct xfs_queue_stats *stats);

#endif
