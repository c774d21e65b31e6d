/* SPDX-License-Identifier: MIT */
/*
 * Power loss: from what a recorder saw, the images that a crash could leave.
 *
 * A crash after the first k events leaves what was stable by then (events that
 * had returned when a flush began that returned in time, writes with FUA) and, of
 * all later writes, any subset of their sectors.
 */
#ifndef CRASH_POWER_H
#define CRASH_POWER_H

#include "base/rand.h"
#include "support/test_device.h"

struct crash_plan {
	uint64_t seed;
	uint32_t budget;	/* images to draw; equal ones are judged once */
	/*
	 * Writes inside [@log_start, @log_end) are torn at any sector, others at multiples
	 * of @unit bytes: a kernel cannot recover what a torn metadata block belongs to.
	 */
	uint32_t unit;
	uint64_t log_start, log_end;
	uint64_t split;	/* from here on it is another disk, with flushes of its own; 0: one disk */
};

struct crash_counts {
	uint64_t events, flushes, drawn, judged;
	uint64_t exhaustive;	/* windows of which each subset was made */
};

/*
 * Judge one image: @view is @nr_events into the recording.  Writes to it are
 * forgotten.  Not 0: stop.
 */
typedef int (*crash_judge_fn)(void *ctx, struct xfs_device *view, uint32_t nr_events);
/*
 * What the verdict on an image depends on besides its contents (what was
 * promised by then): two equal images are both judged when this differs.
 */
typedef uint64_t (*crash_promise_fn)(void *ctx, uint32_t nr_events);

int crash_power(struct xfs_device *recorder, struct xfs_device *start,
		const struct crash_plan *plan, crash_judge_fn judge, crash_promise_fn promise,
		void *promise_ctx, void *ctx, struct crash_counts *counts);

#endif
