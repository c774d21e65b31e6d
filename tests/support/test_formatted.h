/* SPDX-License-Identifier: MIT */
/* A small formatted file system in memory, opened without a journal. */
#ifndef SUPPORT_TEST_FORMATTED_H
#define SUPPORT_TEST_FORMATTED_H

#include <xfswrite/mkfs.h>
#include "core/mount.h"

/*
 * @size bytes in memory, formatted with @opts (NULL: defaults of mkfs.xfs 6.1 with RMAPBT;
 * what is zero in it is filled in the same way).  Aborts on failure.
 */
struct xfs_mount *test_formatted_new(uint64_t size, const struct xfs_mkfs_options *opts);
/* The same on @dev; takes over the caller's reference. */
struct xfs_mount *test_formatted_on(struct xfs_device *dev, const struct xfs_mkfs_options *opts);
/* Forget it: nothing is written. */
void test_formatted_drop(struct xfs_mount *mp);

#endif
