/* SPDX-License-Identifier: MIT */
/*
 * Statistics.  Each thread counts in its own slot (base/slot.h), so that counting does not contend;
 * a reader adds the slots up.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include "base/slot.h"
#include "core/mount.h"

static inline void xfs_stats_add(struct xfs_mount *mp, enum xfs_counter which, uint64_t n)
{
	__atomic_fetch_add(&mp->m_stats[xfs_slot()].count[which], n, __ATOMIC_RELAXED);
}

static inline void xfs_stats_inc(struct xfs_mount *mp, enum xfs_counter which)
{
	xfs_stats_add(mp, which, 1);
}

uint64_t xfs_stats_sum(const struct xfs_mount *mp, enum xfs_counter which);

#endif
