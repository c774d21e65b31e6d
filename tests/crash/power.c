/* SPDX-License-Identifier: MIT */
/*
 * From the events of a recording to crash images, all of them for short windows, drawn ones for
 * long.
 */
#include <stdlib.h>
#include <string.h>
#include "base/compiler.h"
#include "crash/image.h"
#include "crash/power.h"

#define EXHAUSTIVE_PIECES 6u

struct power {
	struct xfs_device *recorder;
	const struct crash_plan *plan;
	struct xfs_device *stable;	/* the start, and all that is certainly there */
	struct xfs_device *view;
	/* Of each disk: events before this one are in @stable; flushes so far cover these. */
	uint32_t promoted[2];
	uint32_t stable_before[2];
	struct xfs_rand rand;
	crash_judge_fn judge;
	crash_promise_fn promise;
	void *promise_ctx, *ctx;
	struct crash_counts *counts;
	uint64_t *seen;			/* open addressing; 0 is empty */
	uint64_t seen_mask;
	uint64_t weights;		/* of all moments */
};

static const struct test_event *event_at(const struct power *p, uint32_t i)
{
	return test_recorder_event(p->recorder, i);
}

static bool changes(const struct test_event *event)
{
	return !event->error && (event->kind == TEST_EVENT_WRITE ||
				 event->kind == TEST_EVENT_ZERO ||
				 event->kind == TEST_EVENT_DISCARD);
}

/* Bytes [@from, @to) of an event. */
static void put_part(struct xfs_device *image, const struct test_event *event, uint64_t from,
		     uint64_t to)
{
	uint8_t filler[CRASH_SECTOR];

	if (event->kind == TEST_EVENT_WRITE) {
		crash_image_put(image, event->offset + from, event->data + from, to - from);
		return;
	}
	memset(filler, event->kind == TEST_EVENT_ZERO ? 0 : TEST_DISCARDED, sizeof(filler));
	for (; from < to; from += CRASH_SECTOR)
		crash_image_put(image, event->offset + from, filler, CRASH_SECTOR);
}

static int disk_of(const struct power *p, uint64_t offset)
{
	return p->plan->split && offset >= p->plan->split;
}

/* Events that a flush made stable go into the base of all later images. */
static void promote(struct power *p, int disk)
{
	for (; p->promoted[disk] < p->stable_before[disk]; p->promoted[disk]++) {
		const struct test_event *event = event_at(p, p->promoted[disk]);

		if (changes(event) && disk_of(p, event->offset) == disk)
			put_part(p->stable, event, 0, event->len);
	}
}

static void note_flush(struct power *p, const struct test_event *event)
{
	p->counts->flushes++;
	for (int disk = 0; disk < 2; disk++)
		if (!event->len || disk_of(p, event->offset) == disk)
			p->stable_before[disk] = XFS_MAX(p->stable_before[disk], event->before);
}

/* The first event that may still be lost. */
static uint32_t first_unstable(const struct power *p)
{
	return p->plan->split ? XFS_MIN(p->promoted[0], p->promoted[1]) : p->promoted[0];
}

/* Whether the event is one that a crash now decides upon (or one with FUA, which stays). */
static bool is_open(const struct power *p, uint32_t e)
{
	const struct test_event *event = event_at(p, e);

	return changes(event) && e >= p->promoted[disk_of(p, event->offset)];
}

static uint32_t unit_of(const struct power *p, const struct test_event *event)
{
	if (event->offset >= p->plan->log_start && event->offset < p->plan->log_end)
		return CRASH_SECTOR;
	return p->plan->unit;
}

/* The end of the unit that holds byte @at of the event. */
static uint64_t unit_end(const struct power *p, const struct test_event *event, uint64_t at)
{
	uint32_t unit = unit_of(p, event);
	uint64_t end = (event->offset + at) / unit * unit + unit - event->offset;

	return XFS_MIN(end, event->len);
}

static uint64_t count_units(const struct power *p, const struct test_event *event)
{
	uint64_t n = 0;

	for (uint64_t at = 0; at < event->len; at = unit_end(p, event, at))
		n++;
	return n;
}

/* Which writes a draw prefers; each finds what the others rarely hit upon. */
enum fashion {
	KEEP_ALL,
	LOSE_ALL,
	LOSE_ONE,	/* one event */
	LOSE_ONE_UNIT,
	KEEP_ONE,
	KEEP_LAST,	/* some events from the end on, none before */
	KEEP_FIRST_TORN, /* in order, the last one torn */
	EACH_EVENT,	/* each kept, lost, torn or mixed */
	EACH_UNIT,
	FEW_UNITS_LOST,
	FASHIONS,
};

/* Each unit by itself, kept with probability @odds of 256. */
static void put_units(struct power *p, const struct test_event *event, uint64_t odds)
{
	for (uint64_t at = 0, end; at < event->len; at = end) {
		end = unit_end(p, event, at);
		if (xfs_rand_below(&p->rand, 256) < odds)
			put_part(p->view, event, at, end);
	}
}

static void put_prefix(struct power *p, const struct test_event *event, uint64_t units)
{
	uint64_t end = 0;

	while (units-- && end < event->len)
		end = unit_end(p, event, end);
	if (end)
		put_part(p->view, event, 0, end);
}

/* All but unit number @lost. */
static void put_all_but(struct power *p, const struct test_event *event, uint64_t lost)
{
	for (uint64_t at = 0, end; at < event->len; at = end) {
		end = unit_end(p, event, at);
		if (lost--)
			put_part(p->view, event, at, end);
	}
}

static void put_by_chance(struct power *p, const struct test_event *event)
{
	switch (xfs_rand_below(&p->rand, 4)) {
	case 0:
		break;
	case 1:
		put_part(p->view, event, 0, event->len);
		break;
	case 2:
		put_prefix(p, event, xfs_rand_below(&p->rand, count_units(p, event) + 1));
		break;
	default:
		put_units(p, event, 128);
	}
}

static void put_event(struct power *p, const struct test_event *event, enum fashion fashion,
		      uint32_t i, uint32_t pick)
{
	bool whole = false;

	switch (fashion) {
	case KEEP_ALL:
	case FASHIONS:
		whole = true;
		break;
	case LOSE_ALL:
		break;
	case LOSE_ONE:
		whole = i != pick;
		break;
	case LOSE_ONE_UNIT:
		if (i == pick)
			put_all_but(p, event, xfs_rand_below(&p->rand, count_units(p, event)));
		else
			whole = true;
		break;
	case KEEP_ONE:
		whole = i == pick;
		break;
	case KEEP_LAST:
		whole = i >= pick;
		break;
	case KEEP_FIRST_TORN:
		if (i == pick)
			put_by_chance(p, event);
		else
			whole = i < pick;
		break;
	case EACH_EVENT:
		put_by_chance(p, event);
		break;
	case EACH_UNIT:
		put_units(p, event, 128);
		break;
	case FEW_UNITS_LOST:
		put_units(p, event, 248);
		break;
	}
	if (whole)
		put_part(p->view, event, 0, event->len);
}

static void draw(struct power *p, uint32_t nr, enum fashion fashion)
{
	uint32_t unstable = 0, pick = 0, i = 0;

	for (uint32_t e = first_unstable(p); e < nr; e++)
		unstable += is_open(p, e) && !event_at(p, e)->fua;
	if (unstable)
		pick = (uint32_t)xfs_rand_below(&p->rand, unstable);
	for (uint32_t e = first_unstable(p); e < nr; e++) {
		const struct test_event *event = event_at(p, e);

		if (!is_open(p, e))
			continue;
		if (event->fua)
			put_part(p->view, event, 0, event->len);
		else
			put_event(p, event, fashion, i++, pick);
	}
}

/* Whether this image was not judged before under the same promise. */
static bool is_new(struct power *p, uint32_t nr)
{
	uint64_t key = crash_mix(crash_image_hash(p->view) + crash_mix(p->promise(p->promise_ctx, nr))) | 1;
	uint64_t slot = key;

	while (p->seen[slot & p->seen_mask]) {
		if (p->seen[slot & p->seen_mask] == key)
			return false;
		slot++;
	}
	p->seen[slot & p->seen_mask] = key;
	return true;
}

static int judge(struct power *p, uint32_t nr)
{
	int error = 0;

	p->counts->drawn++;
	if (is_new(p, nr)) {
		p->counts->judged++;
		error = p->judge(p->ctx, p->view, nr);
	}
	crash_image_reset(p->view);
	return error;
}

static int one_image(struct power *p, uint32_t nr, enum fashion fashion)
{
	crash_image_reset(p->view);
	draw(p, nr, fashion);
	return judge(p, nr);
}

/* Pieces (units of events without FUA) between the base and event @nr. */
static uint64_t count_pieces(const struct power *p, uint32_t nr)
{
	uint64_t pieces = 0;

	for (uint32_t e = first_unstable(p); e < nr && pieces <= EXHAUSTIVE_PIECES; e++) {
		const struct test_event *event = event_at(p, e);

		if (is_open(p, e) && !event->fua)
			pieces += count_units(p, event);
	}
	return pieces;
}

static int each_subset(struct power *p, uint32_t nr, uint64_t pieces)
{
	int error = 0;

	p->counts->exhaustive++;
	for (uint64_t subset = 0; subset < 1ull << pieces && !error; subset++) {
		uint64_t piece = 0;

		crash_image_reset(p->view);
		for (uint32_t e = first_unstable(p); e < nr; e++) {
			const struct test_event *event = event_at(p, e);

			if (!is_open(p, e))
				continue;
			for (uint64_t at = 0, end; at < event->len; at = end) {
				end = unit_end(p, event, at);
				if (event->fua || subset >> piece++ & 1)
					put_part(p->view, event, at, end);
			}
		}
		error = judge(p, nr);
	}
	return error;
}

/*
 * @images of the moment after @nr events, the first one with everything that arrived.  The
 * last moment before a flush has all subsets of those before it.
 */
static int one_moment(struct power *p, uint32_t nr, uint32_t events, uint32_t images)
{
	bool window_ends = nr == events || event_at(p, nr)->kind == TEST_EVENT_FLUSH;
	uint64_t pieces = count_pieces(p, nr);
	int error;

	/* A moment that gets just one: any. */
	if (images == 1 && xfs_rand_below(&p->rand, 2))
		return one_image(p, nr, (enum fashion)xfs_rand_below(&p->rand, FASHIONS));
	error = one_image(p, nr, KEEP_ALL);
	if (!pieces || error)
		return error;
	if (window_ends && pieces <= EXHAUSTIVE_PIECES && images > 1)
		return each_subset(p, nr, pieces);
	if (images > 1)
		error = one_image(p, nr, LOSE_ALL);
	for (uint32_t i = 2; i < images && !error; i++)
		error = one_image(p, nr, (enum fashion)xfs_rand_below(&p->rand, FASHIONS));
	return error;
}

/* More is to be found where a window ends than inside of it. */
static uint32_t weight(const struct power *p, uint32_t nr, uint32_t events)
{
	return nr == events || event_at(p, nr)->kind == TEST_EVENT_FLUSH ? 4 : 1;
}

/* How many images the moment after @nr events gets of the budget. */
static uint32_t share(struct power *p, uint32_t nr, uint32_t events)
{
	uint64_t part = (uint64_t)p->plan->budget * weight(p, nr, events);

	return (uint32_t)(part / p->weights +
			  (xfs_rand_below(&p->rand, p->weights) < part % p->weights));
}

int crash_power(struct xfs_device *recorder, struct xfs_device *start,
		const struct crash_plan *plan, crash_judge_fn judge_fn, crash_promise_fn promise,
		void *promise_ctx, void *ctx, struct crash_counts *counts)
{
	struct power p = {
		.recorder = recorder, .plan = plan, .judge = judge_fn, .promise = promise,
		.promise_ctx = promise_ctx, .ctx = ctx, .counts = counts,
	};
	uint32_t events = test_recorder_events(recorder);
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(start, &info);

	if (error)
		return error;
	/* An exhaustive window makes up to 2^6 images whatever its share is. */
	p.seen_mask = 1;
	while (p.seen_mask < 8ull * (plan->budget + 64ull * (events + 1)))
		p.seen_mask <<= 1;
	p.seen = calloc(p.seen_mask--, sizeof(*p.seen));
	if (!p.seen)
		abort();
	xfs_rand_seed(&p.rand, plan->seed);
	p.stable = crash_image_new(info.size_bytes, start);
	p.view = crash_image_new(info.size_bytes, p.stable);
	counts->events += events;
	for (uint32_t nr = 0; nr <= events; nr++)
		p.weights += weight(&p, nr, events);
	for (uint32_t nr = 0; nr <= events && !error; nr++) {
		const struct test_event *last = nr ? event_at(&p, nr - 1) : NULL;
		uint32_t images;

		if (last && last->kind == TEST_EVENT_FLUSH && !last->error)
			note_flush(&p, last);
		promote(&p, 0);
		promote(&p, 1);
		images = share(&p, nr, events);
		if (images)
			error = one_moment(&p, nr, events, images);
	}
	xfs_device_put(p.view);
	xfs_device_put(p.stable);
	free(p.seen);
	return error;
}
