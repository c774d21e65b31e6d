/* SPDX-License-Identifier: MIT */
/*
 * A hold: writes to a device, and to a second one beside it, stay in memory, where reads see them,
 * until all are released or dropped.  Recovery works on a hold because only at its end is it
 * certain that the log can be trusted.
 *
 * (HOLD-1) Until the release, the devices below are only read.
 * (HOLD-2) A release keeps the order that matters for a crash.  The writes between two flushes (of
 *     either device; a write with FUA counts as a flush) go out together, sorted by address, and
 *     are flushed before the next ones.  So whatever was safe against a crash without the hold
 *     still is.
 * (HOLD-3) Only sectors that were written to are written; those that the device below already has
 *     with the same contents may be left out.
 * (HOLD-4) Held writes take no more memory than the limit: a write that would need more fails with
 *     -ENOMEM.  Then, too, the devices below have not changed.
 * (HOLD-5) After the release both devices pass everything through.
 * (HOLD-6) Beyond trial_bytes the hold goes on trial: order and log are dropped to save memory, and
 *     it can no longer be released.  If recovery then succeeds, the caller drops the hold and
 *     recovers again without one.
 * (HOLD-7) A hold that is kept for a read-only mount is like one on trial from the first write on,
 *     but it keeps the log too.  It lasts until it is destroyed and is never released.
 *
 * Any thread may use the devices; create, release and destroy are called by one thread.
 */
#ifndef DEVICE_HOLD_H
#define DEVICE_HOLD_H

#include <xfswrite/device.h>
#include "base/mem.h"

struct xfs_hold;

struct xfs_hold_range {
	bool second;			/* of the second device */
	uint64_t start, end;		/* bytes */
};

struct xfs_hold_limits {
	bool keep;			/* for a read-only mount; of the rest only @max_bytes
					 * counts */
	uint64_t trial_bytes;		/* beyond this the hold goes on trial */
	uint64_t max_bytes;		/* a write beyond this fails */
	struct xfs_hold_range log;	/* not read again once it was written to */
};

/*
 * Takes references to both devices; @second may be NULL.  -ENOMEM, or the error of a device's info.
 */
int xfs_hold_create(const struct xfs_mem *mem, struct xfs_device *first, struct xfs_device *second,
		    const struct xfs_hold_limits *limits, struct xfs_hold **holdp) XFS_MUST_CHECK;
/* The devices to use in place of the two; they live as long as the hold. */
struct xfs_device *xfs_hold_first(struct xfs_hold *hold);
struct xfs_device *xfs_hold_second(struct xfs_hold *hold);
/* The device below one of them. */
struct xfs_device *xfs_hold_below(struct xfs_device *dev);
/* Write everything that is held.  An error leaves what a crash in the middle would have left. */
int xfs_hold_release(struct xfs_hold *hold) XFS_MUST_CHECK;
/* True if the hold is on trial, so that it must not be released. */
bool xfs_hold_on_trial(const struct xfs_hold *hold);
/* True if a write failed for lack of memory or because of the limit. */
bool xfs_hold_lacked_memory(const struct xfs_hold *hold);
/* Drop what is held.  Nobody may use the two devices any more.  NULL is fine. */
void xfs_hold_destroy(struct xfs_hold *hold);

#endif
