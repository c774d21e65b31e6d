/* SPDX-License-Identifier: MIT */
/* The device that keeps all writes and flushes, and the images it can make of them. */
#include "base/compiler.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "support/test_device.h"

struct recorder {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_mutex lock;
	struct test_event *events;
	uint32_t nr, room;
	bool out_of_memory; /* the log has a hole: replays refuse */
};

static const struct xfs_device_ops recorder_ops;

static struct recorder *to_recorder(struct xfs_device *dev)
{
	return container_of(dev, struct recorder, dev);
}

static void record(struct recorder *rec, struct test_event event)
{
	xfs_mutex_lock(&rec->lock);
	if (rec->nr == rec->room) {
		uint32_t room = rec->room ? rec->room * 2 : 64;
		struct test_event *more =
			xfs_mem_realloc(NULL, rec->events, room * sizeof(*rec->events));

		if (more) {
			rec->events = more;
			rec->room = room;
		}
	}
	if (rec->nr < rec->room)
		rec->events[rec->nr++] = event;
	else
		rec->out_of_memory = true;
	xfs_mutex_unlock(&rec->lock);
}

static int recorder_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt)
{
	return xfs_device_preadv(to_recorder(dev)->base, offset, iov, iovcnt);
}

static int recorder_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			    int iovcnt, unsigned int flags)
{
	struct recorder *rec = to_recorder(dev);
	struct test_event event = {
		.kind = TEST_EVENT_WRITE,
		.fua = flags & XFS_DEV_FUA,
		.offset = offset,
	};
	size_t done = 0;

	for (int i = 0; i < iovcnt; i++)
		event.len += iov[i].iov_len;
	event.data = xfs_mem_alloc(NULL, event.len);
	if (!event.data)
		return -ENOMEM;
	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len)
			memcpy(event.data + done, iov[i].iov_base, iov[i].iov_len);
		done += iov[i].iov_len;
	}
	event.error = xfs_device_pwritev(rec->base, offset, iov, iovcnt, flags);
	record(rec, event);
	return event.error;
}

int test_recorder_flush(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct recorder *rec = to_recorder(dev);
	struct test_event event = {.kind = TEST_EVENT_FLUSH, .offset = offset, .len = len};

	event.before = test_recorder_events(dev);
	event.error = xfs_device_flush(rec->base);
	record(rec, event);
	return event.error;
}

static int recorder_flush(struct xfs_device *dev)
{
	return test_recorder_flush(dev, 0, 0);
}

static int recorder_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct recorder *rec = to_recorder(dev);
	struct test_event event = {.kind = TEST_EVENT_DISCARD, .offset = offset, .len = len};

	event.error = xfs_device_discard(rec->base, offset, len);
	if (event.error != -EOPNOTSUPP)
		record(rec, event);
	return event.error;
}

static int recorder_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct recorder *rec = to_recorder(dev);
	struct test_event event = {.kind = TEST_EVENT_ZERO, .offset = offset, .len = len};

	event.error = xfs_device_zero(rec->base, offset, len);
	record(rec, event);
	return event.error;
}

static int recorder_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	int error = xfs_device_info(to_recorder(dev)->base, info);

	info->volatile_cache = true;
	return error;
}

static int recorder_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct recorder *rec = to_recorder(dev);
	struct test_event event = {.kind = TEST_EVENT_RESIZE, .len = size_bytes};

	event.error = xfs_device_resize(rec->base, size_bytes);
	record(rec, event);
	return event.error;
}

static struct xfs_device *recorder_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return to_recorder(dev)->base;
}

static void recorder_close(struct xfs_device *dev)
{
	struct recorder *rec = to_recorder(dev);

	test_recorder_clear(dev);
	xfs_mem_free(NULL, rec->events);
	xfs_mutex_destroy(&rec->lock);
	xfs_device_put(rec->base);
	xfs_mem_free(NULL, rec);
}

static const struct xfs_device_ops recorder_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = recorder_preadv,
	.pwritev = recorder_pwritev,
	.flush = recorder_flush,
	.discard = recorder_discard,
	.zero = recorder_zero,
	.info = recorder_info,
	.resize = recorder_resize,
	.close = recorder_close,
	.base = recorder_base,
};

int test_recorder_open(struct xfs_device *base, struct xfs_device **devp)
{
	struct recorder *rec = xfs_mem_zalloc(NULL, sizeof(*rec));

	*devp = NULL;
	if (!rec)
		return -ENOMEM;
	xfs_device_init(&rec->dev, &recorder_ops);
	rec->base = xfs_device_get(base);
	xfs_mutex_init(&rec->lock, XFS_CLASS_LEAF, 0);
	*devp = &rec->dev;
	return 0;
}

uint32_t test_recorder_events(struct xfs_device *recorder)
{
	struct recorder *rec = to_recorder(recorder);
	uint32_t nr;

	xfs_mutex_lock(&rec->lock);
	nr = rec->nr;
	xfs_mutex_unlock(&rec->lock);
	return nr;
}

const struct test_event *test_recorder_event(struct xfs_device *recorder, uint32_t i)
{
	return &to_recorder(recorder)->events[i];
}

void test_recorder_clear(struct xfs_device *recorder)
{
	struct recorder *rec = to_recorder(recorder);

	xfs_mutex_lock(&rec->lock);
	for (uint32_t i = 0; i < rec->nr; i++)
		xfs_mem_free(NULL, rec->events[i].data);
	rec->nr = 0;
	rec->out_of_memory = false;
	xfs_mutex_unlock(&rec->lock);
}

/* The part [@skip, @skip + @len) of an event. */
static int apply_part(struct xfs_device *target, const struct test_event *event, uint64_t skip,
		      uint64_t len)
{
	uint8_t garbage[4096];

	switch (event->kind) {
	case TEST_EVENT_WRITE:
		return xfs_device_pwrite(target, event->offset + skip, event->data + skip, len, 0);
	case TEST_EVENT_ZERO:
		return xfs_device_zero(target, event->offset + skip, len);
	case TEST_EVENT_DISCARD:
		memset(garbage, TEST_DISCARDED, sizeof(garbage));
		while (len) {
			size_t step = XFS_MIN(len, (uint64_t)sizeof(garbage));
			int error =
				xfs_device_pwrite(target, event->offset + skip, garbage, step, 0);

			if (error)
				return error;
			skip += step;
			len -= step;
		}
		return 0;
	case TEST_EVENT_RESIZE:
		return xfs_device_resize(target, event->len);
	case TEST_EVENT_FLUSH:
		return 0;
	}
	return -EINVAL;
}

int test_recorder_replay(struct xfs_device *recorder, uint32_t nr, struct xfs_device *target)
{
	struct recorder *rec = to_recorder(recorder);

	if (rec->out_of_memory || nr > rec->nr)
		return -EINVAL;
	for (uint32_t i = 0; i < nr; i++) {
		const struct test_event *event = &rec->events[i];
		int error = event->error ? 0 : apply_part(target, event, 0, event->len);

		if (error)
			return error;
	}
	return 0;
}

/* Events before this one are stable: they returned before a flush began that succeeded. */
static uint32_t stable_before(const struct recorder *rec, uint32_t nr)
{
	uint32_t stable = 0;

	for (uint32_t i = 0; i < nr; i++)
		if (rec->events[i].kind == TEST_EVENT_FLUSH && !rec->events[i].error)
			stable = XFS_MAX(stable, rec->events[i].before);
	return stable;
}

/*
 * Fate of an unstable write: kept, lost, torn at one sector, or each sector
 * by itself.  Whole fates are drawn often because they find what single
 * sectors rarely add up to.
 */
static int apply_by_chance(struct xfs_device *target, const struct test_event *event,
			   uint32_t sector, struct xfs_rand *r)
{
	uint64_t sectors = event->len / sector;
	uint64_t fate = xfs_rand_below(r, 4);
	uint64_t cut = xfs_rand_below(r, sectors + 1);
	int error = 0;

	if (fate == 0)
		return 0;
	if (fate == 1)
		return apply_part(target, event, 0, event->len);
	if (fate == 2)
		return cut ? apply_part(target, event, 0, cut * sector) : 0;
	for (uint64_t i = 0; i < sectors && !error; i++)
		if (xfs_rand64(r) & 1)
			error = apply_part(target, event, i * sector, sector);
	return error;
}

int test_recorder_crash(struct xfs_device *recorder, uint32_t nr, struct xfs_rand *r,
			struct xfs_device *target)
{
	struct recorder *rec = to_recorder(recorder);
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint32_t stable;
	int error;

	if (rec->out_of_memory || nr > rec->nr)
		return -EINVAL;
	error = xfs_device_info(recorder, &info);
	stable = stable_before(rec, nr);
	for (uint32_t i = 0; i < nr && !error; i++) {
		const struct test_event *event = &rec->events[i];

		if (event->kind == TEST_EVENT_RESIZE || event->kind == TEST_EVENT_FLUSH ||
		    (!event->error && (i < stable || event->fua)))
			error = event->error ? 0 : apply_part(target, event, 0, event->len);
		else
			error = apply_by_chance(target, event, info.logical_sector, r);
	}
	return error;
}
