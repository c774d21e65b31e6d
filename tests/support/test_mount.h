/* SPDX-License-Identifier: MIT */
/*
 * A mount for tests of the lower layers: a memory device, the caches and the
 * checkpoint, and nothing of mount/.
 */
#ifndef TEST_MOUNT_H
#define TEST_MOUNT_H

#include "core/mount.h"

/* A superblock of sane defaults: v5, 512-byte inodes and sectors, all usual features. */
struct xfs_sb test_sb(uint32_t blocksize, uint32_t agblocks, uint32_t agcount);

/* Unjournalled, over zeros of the size @sb says; nothing is formatted.  Aborts on failure. */
struct xfs_mount *test_mount_new(const struct xfs_sb *sb);
/* The same over @dev, which holds a file system; takes over the caller's reference. */
struct xfs_mount *test_mount_device(struct xfs_device *dev);
/* @size_bytes formatted with @opts, or defaults; opened, AGs loaded, counters set. */
struct xfs_mkfs_options;
struct xfs_mount *test_mount_mkfs(uint64_t size_bytes, const struct xfs_mkfs_options *opts);
/* AGs and all; what is dirty is dropped. */
void test_mount_free(struct xfs_mount *mp);
/* Write all back, with a superblock that tells the truth, so that checkers may look. */
void test_mount_settle(struct xfs_mount *mp);

/* Write everything back and forget it, so that the next access reads and verifies. */
void test_mount_cycle_cache(struct xfs_mount *mp);

/* Print @seed and the mount's trace ring and error text, then abort: for models. */
__attribute__((noreturn)) void test_die(struct xfs_mount *mp, uint64_t seed, const char *file,
					int line, const char *what);
#define TEST_CHECK(mp, seed, cond) \
	((cond) ? (void)0 : test_die(mp, seed, __FILE__, __LINE__, #cond))

/* Forget the reservations of all AGs, so that every block can be had. */
void test_ag_resv_free(struct xfs_mount *mp);

#endif
