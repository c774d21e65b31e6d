/* SPDX-License-Identifier: MIT */
/*
 * A small number for each thread.  What many threads count or recycle is kept once for each slot, on
 * cache lines of its own, so that they do not wait for each other; whoever wants the whole looks
 * at all slots.  Threads beyond XFS_SLOTS share slots, so what is in one is locked or atomic.
 */
#ifndef BASE_SLOT_H
#define BASE_SLOT_H

#include "base/compiler.h"

#ifdef XFSWRITE_THREADS
#define XFS_SLOTS	16u
#else
#define XFS_SLOTS	1u
#endif
/* What two CPUs' caches do not share; some fetch two lines at a time. */
#define XFS_SLOT_ALIGN	128

#ifdef XFSWRITE_THREADS
/* 0: this thread has none yet. */
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
