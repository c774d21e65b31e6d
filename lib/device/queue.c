/* SPDX-License-Identifier: MIT */
/*
 * How the write queue keeps the rules of queue.h.
 *
 * (QUEUE-1) One batch is written at a time (@writing), so that a later batch cannot overtake an
 *     earlier one that it overlaps.
 * (QUEUE-2) The lock is held neither during I/O nor while done functions run.
 * (QUEUE-3) @writing is cleared before the done functions run: one of them may queue a request that
 *     fills the queue again, and this thread then writes the next batch inside of it.
 * (QUEUE-4) A batch stays in @completing, in the order of its number, until its last done function
 *     has returned; submit waits for all batches up to its own.
 *
 * A list queued in ascending order without overlaps, the common case, is noticed while queueing and
 * is not sorted.
 */
#include <limits.h>
#include "base/cause.h"
#include "base/list.h"
#include "base/sort.h"
#include "device/queue.h"
#include "lock/lock.h"

/* A merged write does not grow beyond this; a single larger request is written as it is. */
#define WRITE_BYTES (8u << 20)
#define WRITE_IOVS  ((unsigned int)IOV_MAX)

struct queue_request {
	struct queue_request *next;
	uint64_t offset;
	const void *buf;
	size_t len;
	uint64_t number; /* order of arrival */
	xfs_queue_done_fn done;
	void *ctx;
	int error;
	int cause;     /* its xfs_device_cause() */
	bool alone;    /* overlaps a neighbour: written by itself, in its turn */
	bool borrowed; /* on the stack of its caller, who waits for @finished */
	bool finished;
};

struct queue_batch {
	struct xfs_list link;
	uint64_t number;
	struct queue_request *first;
	bool sorted;
	int cancelled; /* do not write: the errno for its requests */
	uint64_t writes, retries;
};

struct xfs_queue {		   /* (c) constant (l) lock (w) the thread that set writing */
	const struct xfs_mem *mem; /* (c) */
	struct xfs_device *dev;	   /* (c) */
	size_t max_bytes;	   /* (c) */
	uint32_t max_requests;	   /* (c) */
	struct iovec *iov;	   /* (w) WRITE_IOVS of them */
	struct xfs_mutex lock;
	struct xfs_cond wake;		     /* writing or completing changed */
	struct queue_request *first, **tail; /* (l) */
	uint32_t nr_queued;		     /* (l) */
	size_t bytes_queued;		     /* (l) */
	uint64_t end;			     /* (l) end of the last request */
	bool sorted;			     /* (l) ascending without overlaps so far */
	bool writing;			     /* (l) */
	uint64_t last_batch;		     /* (l) number of the newest batch */
	struct xfs_list completing;	     /* (l) batches taken and not done */
	uint64_t written;		     /* (l) count of batches and other writes */
	uint64_t stable;		     /* (l) the part of @written that is flushed */
	bool flushing;			     /* (l) a flush for xfs_queue_flush_upto() is in
					      * flight */
	struct xfs_pool requests;	     /* (l) */
	struct xfs_queue_stats stats;	     /* (l) */
};

int xfs_queue_create(struct xfs_device *dev, const struct xfs_mem *mem, size_t max_bytes,
		     uint32_t max_requests, struct xfs_queue **qp)
{
	struct xfs_queue *q;

	*qp = NULL;
	q = xfs_mem_zalloc(mem, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->iov = xfs_mem_alloc(mem, WRITE_IOVS * sizeof(*q->iov));
	if (!q->iov) {
		xfs_mem_free(mem, q);
		return -ENOMEM;
	}
	q->mem = mem;
	q->dev = xfs_device_get(dev);
	q->max_bytes = max_bytes ? max_bytes : XFS_QUEUE_DEFAULT_BYTES;
	q->max_requests = max_requests ? max_requests : XFS_QUEUE_DEFAULT_REQUESTS;
	q->tail = &q->first;
	q->sorted = true;
	xfs_mutex_init(&q->lock, XFS_CLASS_LEAF, 0);
	xfs_cond_init(&q->wake);
	xfs_list_init(&q->completing);
	xfs_pool_init(&q->requests, mem, sizeof(struct queue_request), sizeof(void *),
		      q->max_requests);
	*qp = q;
	return 0;
}

void xfs_queue_set_device(struct xfs_queue *q, struct xfs_device *dev)
{
	ASSERT(!xfs_queue_pending(q));
	xfs_device_get(dev);
	xfs_device_put(q->dev);
	q->dev = dev;
}

void xfs_queue_destroy(struct xfs_queue *q)
{
	if (!q)
		return;
	ASSERT(!q->first);
	ASSERT(!q->writing);
	ASSERT(xfs_list_empty(&q->completing));
	xfs_pool_drain(&q->requests);
	xfs_cond_destroy(&q->wake);
	xfs_mutex_destroy(&q->lock);
	xfs_device_put(q->dev);
	xfs_mem_free(q->mem, q->iov);
	xfs_mem_free(q->mem, q);
}

/* True if @b may be written after @a. */
static bool by_offset(const void *a, const void *b)
{
	return ((const struct queue_request *)a)->offset <= ((const struct queue_request *)b)->offset;
}

static bool by_number(const void *a, const void *b)
{
	return ((const struct queue_request *)a)->number <= ((const struct queue_request *)b)->number;
}

static struct queue_request *sort(struct queue_request *list,
				  bool (*in_order)(const void *a, const void *b))
{
	return xfs_sort_chain(list, offsetof(struct queue_request, next), in_order);
}

/*
 * In a list sorted by offset, restore the order of arrival within each group of overlapping
 * requests and mark them as not to be merged: written one by one, the later one wins.
 */
static struct queue_request *separate_overlaps(struct queue_request *list)
{
	struct queue_request **link = &list;

	while (*link) {
		struct queue_request *group = *link, *last = group;
		uint64_t end = group->offset + group->len;

		while (last->next && last->next->offset < end) {
			last = last->next;
			end = XFS_MAX(end, last->offset + last->len);
		}
		if (last != group) {
			struct queue_request *behind = last->next;

			last->next = NULL;
			*link = sort(group, by_number);
			for (last = *link;; last = last->next) {
				last->alone = true;
				if (!last->next)
					break;
			}
			last->next = behind;
		}
		link = &last->next;
	}
	return list;
}

/* struct iovec has no const; the vector of a write is only read. */
static void *without_const(const void *p)
{
	return (void *)(uintptr_t)p;
}

static void write_one_by_one(struct xfs_queue *q, struct queue_batch *batch,
			     struct queue_request *req, const struct queue_request *behind)
{
	for (; req != behind; req = req->next) {
		req->error = xfs_device_pwrite(q->dev, req->offset, req->buf, req->len, 0);
		req->cause = req->error ? xfs_device_cause() : 0;
		batch->writes++;
	}
}

/*
 * Write @first and everything that follows it without a gap in one call; returns the next request.
 */
static struct queue_request *write_run(struct xfs_queue *q, struct queue_batch *batch,
				       struct queue_request *first)
{
	struct queue_request *req = first;
	uint64_t end = first->offset;
	unsigned int n = 0;
	size_t bytes = 0;
	int error;

	do {
		if (n && req->buf == (char *)q->iov[n - 1].iov_base + q->iov[n - 1].iov_len) {
			q->iov[n - 1].iov_len += req->len;
		} else {
			if (n == WRITE_IOVS)
				break;
			q->iov[n].iov_base = without_const(req->buf);
			q->iov[n++].iov_len = req->len;
		}
		bytes += req->len;
		end += req->len;
		req = req->next;
	} while (req && req->offset == end && !req->alone && !first->alone &&
		 req->len <= WRITE_BYTES && bytes <= WRITE_BYTES - req->len);

	error = xfs_device_pwritev(q->dev, first->offset, q->iov, (int)n, 0);
	batch->writes++;
	if (!error)
		return req;
	if (first->next == req) {
		first->error = error;
		first->cause = xfs_device_cause();
		return req;
	}
	/* Only single writes show which request failed; the others must not suffer for it. */
	batch->retries++;
	write_one_by_one(q, batch, first, req);
	return req;
}

static void write_batch(struct xfs_queue *q, struct queue_batch *batch)
{
	if (batch->cancelled) {
		for (struct queue_request *req = batch->first; req; req = req->next)
			req->error = batch->cancelled;
		return;
	}
	if (!batch->sorted)
		batch->first = separate_overlaps(sort(batch->first, by_offset));
	for (struct queue_request *req = batch->first; req;)
		req = write_run(q, batch, req);
}

/* Under the lock: wait for our turn and take everything that is queued; false: nothing was. */
static bool take_batch(struct xfs_queue *q, struct queue_batch *batch) XFS_HOLDS(q->lock)
{
	while (q->writing)
		xfs_cond_wait(&q->wake, &q->lock);
	if (!q->first)
		return false;
	*batch = (struct queue_batch){
		.number = ++q->last_batch,
		.first = q->first,
		.sorted = q->sorted,
	};
	xfs_list_add_tail(&batch->link, &q->completing);
	q->writing = true;
	q->first = NULL;
	q->tail = &q->first;
	q->nr_queued = 0;
	q->bytes_queued = 0;
	q->end = 0;
	q->sorted = true;
	return true;
}

/* Under the lock, which it drops and takes again. */
static void run_batch(struct xfs_queue *q, struct queue_batch *batch) XFS_HOLDS(q->lock)
{
	struct queue_request *req, *next;

	xfs_mutex_unlock(&q->lock);
	write_batch(q, batch);
	xfs_mutex_lock(&q->lock);
	q->writing = false;
	q->written++;
	q->stats.writes += batch->writes;
	q->stats.retries += batch->retries;
	xfs_cond_broadcast(&q->wake);
	xfs_mutex_unlock(&q->lock);

	for (req = batch->first; req; req = req->next) {
		if (!req->done)
			continue;
		if (req->error)
			xfs_set_device_cause(req->cause);
		req->done(req->ctx, req->error);
	}

	xfs_mutex_lock(&q->lock);
	for (req = batch->first; req; req = next) {
		next = req->next;
		if (req->borrowed)
			req->finished = true;
		else
			xfs_pool_put(&q->requests, req);
	}
	xfs_list_del(&batch->link);
	xfs_cond_broadcast(&q->wake);
}

static void append(struct xfs_queue *q, struct queue_request *req)
{
	req->number = q->stats.requests++;
	q->stats.bytes += req->len;
	q->nr_queued++;
	q->bytes_queued += req->len;
	if (req->offset < q->end)
		q->sorted = false;
	q->end = req->offset + req->len;
	*q->tail = req;
	q->tail = &req->next;
}

void xfs_queue_write(struct xfs_queue *q, uint64_t offset, const void *buf, size_t len,
		     xfs_queue_done_fn done, void *ctx)
{
	const struct queue_request what = {
		.offset = offset,
		.buf = buf,
		.len = len,
		.done = done,
		.ctx = ctx,
	};
	struct queue_request on_stack, *req;
	struct queue_batch batch;

	if (!len || len > UINT64_MAX - offset) {
		if (done)
			done(ctx, len ? -EIO : 0);
		return;
	}
	xfs_mutex_lock(&q->lock);
	req = xfs_pool_get(&q->requests);
	if (!req)
		req = &on_stack;
	*req = what;
	req->borrowed = req == &on_stack;
	append(q, req);
	if ((req->borrowed || q->nr_queued >= q->max_requests || q->bytes_queued >= q->max_bytes) &&
	    take_batch(q, &batch))
		run_batch(q, &batch);
	/* Another thread may have taken the request while we waited for our turn. */
	if (req == &on_stack)
		while (!on_stack.finished)
			xfs_cond_wait(&q->wake, &q->lock);
	xfs_mutex_unlock(&q->lock);
}

/* Under the lock: true if a batch up to @number still has done functions to call. */
static bool completing_up_to(const struct xfs_queue *q, uint64_t number)
{
	if (xfs_list_empty(&q->completing))
		return false;
	return xfs_list_first_entry(&q->completing, struct queue_batch, link)->number <= number;
}

/* Process what is queued and wait for it and for all earlier batches. */
static void finish_all(struct xfs_queue *q, int cancelled)
{
	struct queue_batch batch;
	uint64_t mine;

	xfs_mutex_lock(&q->lock);
	if (take_batch(q, &batch)) {
		mine = batch.number;
		batch.cancelled = cancelled;
		run_batch(q, &batch);
	} else {
		mine = q->last_batch;
	}
	while (completing_up_to(q, mine))
		xfs_cond_wait(&q->wake, &q->lock);
	xfs_mutex_unlock(&q->lock);
}

void xfs_queue_submit(struct xfs_queue *q)
{
	finish_all(q, 0);
}

void xfs_queue_cancel(struct xfs_queue *q, int error)
{
	finish_all(q, error);
}

/* Under the lock, which it drops meanwhile: flush the device for everything written so far. */
static int flush_device(struct xfs_queue *q) XFS_HOLDS(q->lock)
{
	uint64_t upto = q->written;
	int error;

	q->stats.flushes++;
	xfs_mutex_unlock(&q->lock);
	error = xfs_device_flush(q->dev);
	xfs_mutex_lock(&q->lock);
	if (!error)
		q->stable = XFS_MAX(q->stable, upto);
	return error;
}

int xfs_queue_flush(struct xfs_queue *q)
{
	int error;

	xfs_queue_submit(q);
	xfs_mutex_lock(&q->lock);
	error = flush_device(q);
	xfs_mutex_unlock(&q->lock);
	return error;
}

uint64_t xfs_queue_written(struct xfs_queue *q)
{
	uint64_t written;

	xfs_mutex_lock(&q->lock);
	written = q->written;
	xfs_mutex_unlock(&q->lock);
	return written;
}

int xfs_queue_flush_upto(struct xfs_queue *q, uint64_t written)
{
	int error = 0;

	xfs_mutex_lock(&q->lock);
	/*
	 * A flush in flight may have begun before our writes; then this thread or another waiter
	 * starts the next one.
	 */
	while (q->stable < written && q->flushing)
		xfs_cond_wait(&q->wake, &q->lock);
	if (q->stable < written) {
		q->flushing = true;
		error = flush_device(q);
		q->flushing = false;
		xfs_cond_broadcast(&q->wake);
	}
	xfs_mutex_unlock(&q->lock);
	return error;
}

int xfs_queue_flush_written(struct xfs_queue *q)
{
	xfs_queue_submit(q);
	return xfs_queue_flush_upto(q, xfs_queue_written(q));
}

bool xfs_queue_is_stable(struct xfs_queue *q)
{
	bool stable;

	xfs_mutex_lock(&q->lock);
	stable = !q->nr_queued && xfs_list_empty(&q->completing) && q->stable >= q->written;
	xfs_mutex_unlock(&q->lock);
	return stable;
}

void xfs_queue_note_write(struct xfs_queue *q)
{
	xfs_mutex_lock(&q->lock);
	q->written++;
	xfs_mutex_unlock(&q->lock);
}

void xfs_queue_trim(struct xfs_queue *q)
{
	xfs_mutex_lock(&q->lock);
	xfs_pool_drain(&q->requests);
	xfs_mutex_unlock(&q->lock);
}

uint32_t xfs_queue_pending(struct xfs_queue *q)
{
	uint32_t nr;

	xfs_mutex_lock(&q->lock);
	nr = q->nr_queued;
	xfs_mutex_unlock(&q->lock);
	return nr;
}

void xfs_queue_get_stats(struct xfs_queue *q, struct xfs_queue_stats *stats)
{
	xfs_mutex_lock(&q->lock);
	*stats = q->stats;
	xfs_mutex_unlock(&q->lock);
}
