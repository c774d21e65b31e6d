/* SPDX-License-Identifier: MIT */
/* Slots are assigned in turn, so that each of the first XFS_SLOTS threads has its own. */
#include "base/slot.h"

#ifdef XFSWRITE_THREADS
_Thread_local uint32_t xfs_slot_of_thread;

uint32_t xfs_slot_take(void)
{
	static uint32_t next;	/* (a) */

	xfs_slot_of_thread = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % XFS_SLOTS + 1;
	return xfs_slot_of_thread - 1;
}
#endif
