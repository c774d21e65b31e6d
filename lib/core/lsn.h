/* SPDX-License-Identifier: MIT */
/*
 * LSNs of metadata against the head of the log.
 *
 * Recovery does not replay a change onto an object that carries a later LSN: it takes the object
 * to have the change already.  An object whose LSN is ahead of the log - the log was erased, or
 * made anew with lower cycle numbers, or the image is damaged - would lose every change that is
 * logged until the log has caught up.  So whoever may write refuses it when it is read, and a
 * reader is told once.
 */
#ifndef CORE_LSN_H
#define CORE_LSN_H

#include "core/mount.h"

/* Records go to @head from now on: what is written in place later carries an older LSN. */
static inline void xfs_lsn_set_head(struct xfs_mount *mp, xfs_lsn_t head)
{
	__atomic_store_n(&mp->m_lsn_end, (uint64_t)head + 1, __ATOMIC_RELEASE);
}

/*
 * Can no checkpoint of this log have stamped @lsn?  All ones, of what is never logged, is
 * before every other one here.
 */
static inline bool xfs_lsn_is_ahead(const struct xfs_mount *mp, uint64_t lsn)
{
	uint64_t end = __atomic_load_n(&mp->m_lsn_end, __ATOMIC_ACQUIRE);

	return unlikely(lsn + 1 > end) && end;
}

/*
 * @structure at the place that @fmt tells carries @lsn, which is ahead.  -EUCLEAN with text; 0 when
 * the mount only reads: the first one is logged as a warning.
 */
int xfs_lsn_refuse(struct xfs_mount *mp, const char *structure, uint64_t lsn, const char *fmt, ...)
	XFS_MUST_CHECK XFS_PRINTF(4, 5);

#endif
