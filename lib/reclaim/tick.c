/* SPDX-License-Identifier: MIT */
/*
 * The work of a kernel's periodic workers, done when the caller says that time has passed.  The
 * library has no threads that could watch the clock.
 */
#include "core/message.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

/* Free preallocation of that age of files that are not in use. */
static int trim_old(struct xfs_mount *mp, int64_t now)
{
	const int64_t by = now - (int64_t)mp->m_prealloc_lifetime;
	const struct xfs_blockgc_scan old = { .tagged_by = &by };

	return xfs_blockgc_scan(mp, &old, NULL);
}

/*
 * Write data that has been dirty for that long, and force a checkpoint as often.  So nothing older
 * than twice this age is lost in a crash.
 */
static int write_old(struct xfs_mount *mp, int64_t now)
{
	int64_t by = now - (int64_t)mp->m_dirty_expire;
	int error = xfs_writeback_since(mp, by), error2 = 0;
	int64_t forced = __atomic_load_n(&mp->m_tick_forced, __ATOMIC_RELAXED);

	if (!mp->m_unjournalled && forced <= by &&
	    __atomic_compare_exchange_n(&mp->m_tick_forced, &forced, now, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		error2 = xfs_log_force(mp, 0);
	return error ? error : error2;
}

int xfs_reclaim_by_age(struct xfs_mount *mp)
{
	int64_t now = xfs_now(mp).tv_sec;
	int error, error2;

	if (mp->m_rdonly)
		return 0;
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	/* A tick waits for I/O, so a NOWAIT call cannot do it. */
	if (xfs_nowait())
		return xfs_would_wait("xfs_tick() writes and frees old data");
	error = write_old(mp, now);
	error2 = trim_old(mp, now);
	xfs_writeback_release(mp);
	return error ? error : error2;
}
