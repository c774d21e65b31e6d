/* SPDX-License-Identifier: MIT */
/*
 * Everything a user can do to a file system, done to one that may be damaged:
 * calls may fail, but must return.
 */
#ifndef SUPPORT_WALK_H
#define SUPPORT_WALK_H

#include <xfswrite/xfswrite.h>

struct test_walk {
	uint64_t max_objects;		/* stop after so many; 0: 100,000 */
	const struct xfs_mount_options *opts;	/* to read with; NULL: whatever the log says */
	uint64_t objects, errors, bytes;	/* results */
};

/*
 * Open @dev read-only, or as walk->opts say, and read all that can be reached:
 * names, attributes, contents, mappings.  Returns what xfs_mount() did.
 */
int test_walk_read(struct xfs_device *dev, struct test_walk *walk);

/*
 * Open @dev for writing, without journal; create, write, truncate, rename, remove
 * at what can be reached from the root, with choices drawn from @seed; close.
 */
int test_walk_write(struct xfs_device *dev, uint64_t seed, struct test_walk *walk);

#endif
