/* SPDX-License-Identifier: MIT */
/* Allocation that shrinks the caches on failure, and the clock and random numbers of a mount. */
#include "base/clock.h"
#include "core/mount.h"
#include "disk/inode.h"

bool xfs_shrink_caches(struct xfs_mount *mp, unsigned int nth)
{
	if (nth > 1 || !mp->m_upcalls || !mp->m_upcalls->shrink_caches)
		return false;
	mp->m_upcalls->shrink_caches(mp, nth);
	return true;
}

void *xfs_malloc(struct xfs_mount *mp, size_t size)
{
	void *p = xfs_mem_alloc(&mp->m_mem, size);

	for (unsigned int nth = 0; unlikely(!p) && xfs_shrink_caches(mp, nth); nth++)
		p = xfs_mem_alloc(&mp->m_mem, size);
	return p;
}

void *xfs_zalloc(struct xfs_mount *mp, size_t size)
{
	void *p = xfs_mem_zalloc(&mp->m_mem, size);

	for (unsigned int nth = 0; unlikely(!p) && xfs_shrink_caches(mp, nth); nth++)
		p = xfs_mem_zalloc(&mp->m_mem, size);
	return p;
}

void *xfs_resize(struct xfs_mount *mp, void *ptr, size_t old_size, size_t size)
{
	void *p = xfs_mem_resize(&mp->m_mem, ptr, old_size, size);

	for (unsigned int nth = 0; unlikely(!p) && xfs_shrink_caches(mp, nth); nth++)
		p = xfs_mem_resize(&mp->m_mem, ptr, old_size, size);
	return p;
}

void *xfs_dup(struct xfs_mount *mp, const void *src, size_t size)
{
	void *p = xfs_malloc(mp, size);

	if (p)
		memcpy(p, src, size);
	return p;
}

struct timespec xfs_clamp_time(const struct xfs_mount *mp, struct timespec tv)
{
	bool big = xfs_has_bigtime(&mp->m_geo);
	int64_t min = big ? XFS_BIGTIME_TIME_MIN : XFS_LEGACY_TIME_MIN;
	int64_t max = big ? XFS_BIGTIME_TIME_MAX : XFS_LEGACY_TIME_MAX;

	/* At either limit the nanoseconds are 0, as in the kernel. */
	if (tv.tv_sec <= min)
		return (struct timespec){ .tv_sec = min };
	if (tv.tv_sec >= max)
		return (struct timespec){ .tv_sec = max };
	return tv;
}

struct timespec xfs_now(struct xfs_mount *mp)
{
	struct timespec now;

	xfs_env_now(&mp->m_env, &now);
	if (__atomic_load_n(&mp->m_clock_seconds, __ATOMIC_RELAXED) != now.tv_sec)
		__atomic_store_n(&mp->m_clock_seconds, now.tv_sec, __ATOMIC_RELAXED);
	return xfs_clamp_time(mp, now);
}

uint32_t xfs_random32(struct xfs_mount *mp)
{
	uint64_t x;

	xfs_mutex_lock(&mp->m_lock);
	x = xfs_rand64(&mp->m_rand);
	xfs_mutex_unlock(&mp->m_lock);
	return (uint32_t)(x >> 32);
}

void xfs_note_attr(struct xfs_mount *mp)
{
	if (likely(__atomic_load_n(&mp->m_sb.sb_versionnum, __ATOMIC_RELAXED) &
		   XFS_SB_VERSION_ATTRBIT))
		return;
	__atomic_fetch_or(&mp->m_sb.sb_versionnum, XFS_SB_VERSION_ATTRBIT, __ATOMIC_RELAXED);
	__atomic_store_n(&mp->m_sb_changed, true, __ATOMIC_RELAXED);
}
