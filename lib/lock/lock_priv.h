/* SPDX-License-Identifier: MIT */
/*
 * What lock.c tells the order checker.
 */
#ifndef LOCK_LOCK_PRIV_H
#define LOCK_LOCK_PRIV_H

#include "lock/lock.h"

#ifdef XFSWRITE_DEBUG
enum xfs_lock_mode {
	XFS_LOCK_SHARED,
	XFS_LOCK_EXCL,
};

/* Before a blocking acquisition: may this thread sleep for @lock now? */
void xfs_lock_order_check(const void *lock, uint32_t cls, uint64_t key);
/* Before it sleeps for something else, and leaves @lock for that. */
void xfs_lock_order_sleep(const void *lock, uint32_t cls, uint64_t key);
/* After an acquisition of either kind. */
void xfs_lock_order_add(const void *lock, uint32_t cls, uint64_t key, enum xfs_lock_mode mode);
/* Before the release. */
void xfs_lock_order_del(const void *lock, enum xfs_lock_mode mode);
/* Whether this thread holds @lock, in any mode or exclusively. */
bool xfs_lock_order_holds(const void *lock, bool excl_only);
#endif

#endif
