/* SPDX-License-Identifier: MIT */
/*
 * A small number per thread.  What many threads count or recycle exists once per slot, in separate
 * cache lines, so that they do not contend; a reader of the whole visits all slots.  With more than
 * XFS_SLOTS threads some share a slot, so its contents are locked or atomic.
 */
#ifndef BASE_SLOT_H
#define BASE_SLOT_H

#include "base/compiler.h"

#ifdef XFSWRITE_THREADS
#define XFS_SLOTS	16u
#else
#define XFS_SLOTS	1u
#endif
/* Distance at which CPUs do not share cache lines; some CPUs fetch two lines at a time. */
#define XFS_SLOT_ALIGN	128

#ifdef XFSWRITE_THREADS
/* 0: this thread has no slot yet. */
extern _Thread_local uint32_t xfs_slot_of_thread;
uint32_t xfs_slot_take(void);

static inline uint32_t xfs_slot(void)
{
	uint32_t slot = xfs_slot_of_thread;

	return likely(slot) ? slot - 1 : xfs_slot_take();
}
#else
static inline uint32_t xfs_slot(void)
{
	return 0;
}
#endif

#endif
