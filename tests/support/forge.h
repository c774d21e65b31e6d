/* SPDX-License-Identifier: MIT */
/*
 * Hostile directories: names and inode numbers of a good image are replaced where they stand, with
 * the indexes and checksums that belong to them, so that only the meaning is wrong.
 */
#ifndef SUPPORT_FORGE_H
#define SUPPORT_FORGE_H

#include "support/objects.h"

/*
 * Every object of @objs that holds the bytes @old, as the name of an entry or an attribute, or
 * in the target of a link, gets @new of the same length, on @dev.  Returns how many changed.
 * @old may begin with the length byte that precedes a name in blocks, to find short ones.
 */
unsigned int test_forge_name(const struct test_objects *objs, struct xfs_device *dev,
			     const char *old, const void *new);
/* Entry @name (".." too) of directory @dir leads to @ino, not a wider number.  False: no entry. */
bool test_forge_ino(const struct test_objects *objs, struct xfs_device *dev, uint64_t dir,
		    const char *name, uint64_t ino);

#endif
