/* SPDX-License-Identifier: MIT */
/* Which slot a thread counts in, and what all of them say together. */
#include "core/stats.h"

#ifdef XFSWRITE_THREADS
uint32_t xfs_stats_slot(void)
{
	static _Thread_local uint32_t slot_plus_1;
	static uint32_t threads;

	if (unlikely(!slot_plus_1))
		slot_plus_1 = 1 + __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED) % XFS_STATS_SLOTS;
	return slot_plus_1 - 1;
}
#else
uint32_t xfs_stats_slot(void)
{
	return 0;
}
#endif

uint64_t xfs_stats_sum(const struct xfs_mount *mp, enum xfs_counter which)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < XFS_STATS_SLOTS; i++)
		sum += __atomic_load_n(&mp->m_stats[i].count[which], __ATOMIC_RELAXED);
	return sum;
}
