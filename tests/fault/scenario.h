/* SPDX-License-Identifier: MIT */
/*
 * Operations on a prepared volume that fault tests let fail in every possible place, and what
 * must hold afterwards:
 *
 *  - the call succeeded, or gave an error that the fault explains;
 *  - no lock is held when it returns;
 *  - if the file system was not shut down, the same operation succeeds now, and closing leaves a
 *    volume that the checker likes;
 *  - if it was, the device is untouched, or marked as in progress.
 */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include "support/test_fs.h"

struct scenario {
	const char *name;
	/* 0 or the first error; can be run again after an error. */
	int (*run)(struct xfs_mount *mp);
	bool reads_only;
};

extern const struct scenario scenarios[];
extern const size_t nr_scenarios;

/* The volume they run on, in two geometries; its device, closed and clean. */
struct xfs_device *scenario_image(unsigned int geometry);

/* One try: an overlay over the image, so that every try finds it as it was. */
struct attempt {
	struct xfs_device *overlay;	/* of the image */
	struct xfs_device *fault;	/* over that */
	struct test_fs fs;
};

void attempt_begin(struct attempt *at, struct xfs_device *image);
/*
 * After a run that returned @error while the fault was (@met) or was not met: close, and demand
 * what is said above.  @allowed: the errors that a fault may cause, 0-terminated.  Returns whether the
 * file system had been shut down.
 */
bool attempt_end(struct attempt *at, const struct scenario *sc, int error, bool met,
		 const int *allowed);

/* Whether @error is one of the 0-terminated list @allowed; 0 never is. */
bool error_is_allowed(const int *allowed, int error);

/* The device is untouched, marked, or (@clean) what the checker likes; aborts with @what if not. */
void demand_image(struct xfs_device *overlay, bool clean, const char *what);

#endif
