/* SPDX-License-Identifier: MIT */
/*
 * Writes held back.  What is written to a device, and to a second one beside it, stays in memory,
 * where reads see it, until all of it is released, or dropped as if it had never been asked for.
 * Recovery works so: whether a log can be trusted is known for certain only at its end.
 *
 * (HOLD-1) Until the release the devices below are read only.
 * (HOLD-2) A release does what a crash may see in the order of the calls: what was written between
 *     two flushes - of either device; a write with FUA counts as one - goes out together, sorted by
 *     address, and is flushed before what follows.  So whatever was safe against a crash without
 *     the holding still is.
 * (HOLD-3) No sectors are written but those that were written to; those that are on the device below
 *     already, as they were asked for, may be left out.
 * (HOLD-4) What is held takes no more memory than the limit: a write that would need more fails with
 *     -ENOMEM.  The devices below stay as they are then, too.
 * (HOLD-5) From the release on both devices pass everything on.
 * (HOLD-6) When more is to be held than what is meant for a release, the rest is on trial: order and
 *     log are forgotten, which needs less, and there will be no release.  Who sees that all goes well
 *     drops the hold, and does it all once more without.
 * (HOLD-7) What is to be kept for readers is held as on trial from the first write on, the log too,
 *     until the hold is destroyed: there is no release.
 *
 * Any thread may use the devices; creating, release and destroying are one thread's.
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
	bool keep;			/* for readers; the rest is @max_bytes then */
	uint64_t trial_bytes;		/* more is held on trial */
	uint64_t max_bytes;		/* more is not held */
	struct xfs_hold_range log;	/* is not read any more when it was written to */
};

/* Takes references to both; @second may be NULL.  -ENOMEM, or what the devices' info says. */
int xfs_hold_create(const struct xfs_mem *mem, struct xfs_device *first, struct xfs_device *second,
		    const struct xfs_hold_limits *limits, struct xfs_hold **holdp) XFS_MUST_CHECK;
/* The devices to use instead of these; they live as long as the hold. */
struct xfs_device *xfs_hold_first(struct xfs_hold *hold);
struct xfs_device *xfs_hold_second(struct xfs_hold *hold);
/* The device that one of them stands for. */
struct xfs_device *xfs_hold_below(struct xfs_device *dev);
/* Write all that is held; an error leaves what a crash in the middle of it would have left. */
int xfs_hold_release(struct xfs_hold *hold) XFS_MUST_CHECK;
/* Is it on trial, so that it must not be released? */
bool xfs_hold_on_trial(const struct xfs_hold *hold);
/* Did a write fail because there was no memory to hold it, or no more may be held? */
bool xfs_hold_lacked_memory(const struct xfs_hold *hold);
/* Drops what is held.  Nobody uses the two devices any more.  NULL is fine. */
void xfs_hold_destroy(struct xfs_hold *hold);

#endif
