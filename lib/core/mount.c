/* SPDX-License-Identifier: MIT */
#include "core/mount.h"

struct timespec xfs_now(const struct xfs_mount *mp)
{
	struct timespec now;

	if (mp->m_env.clock)
		mp->m_env.clock(mp->m_env.ctx, &now);
	else
		clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

uint32_t xfs_random32(struct xfs_mount *mp)
{
	uint64_t x;

	xfs_mutex_lock(&mp->m_lock);
	x = xfs_rand64(&mp->m_rand);
	xfs_mutex_unlock(&mp->m_lock);
	return (uint32_t)(x >> 32);
}
