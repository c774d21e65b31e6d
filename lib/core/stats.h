/* SPDX-License-Identifier: MIT */
/*
 * Statistics.  Each thread counts in a slot that it shares with few others, so that counting meets
 * nobody; who asks adds the slots up.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include "core/mount.h"

/* The slot of this thread, the same for all mounts. */
uint32_t xfs_stats_slot(void);

static inline void xfs_stats_add(struct xfs_mount *mp, enum xfs_counter which, uint64_t n)
{
	__atomic_fetch_add(&mp->m_stats[xfs_stats_slot()].count[which], n, __ATOMIC_RELAXED);
}

static inline void xfs_stats_inc(struct xfs_mount *mp, enum xfs_counter which)
{
	xfs_stats_add(mp, which, 1);
}

uint64_t xfs_stats_sum(const struct xfs_mount *mp, enum xfs_counter which);

#endif
