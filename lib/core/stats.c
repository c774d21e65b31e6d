/* SPDX-License-Identifier: MIT */
/* Adding up the slots' statistics. */
#include "core/stats.h"

uint64_t xfs_stats_sum(const struct xfs_mount *mp, enum xfs_counter which)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		sum += __atomic_load_n(&mp->m_stats[i].count[which], __ATOMIC_RELAXED);
	return sum;
}
