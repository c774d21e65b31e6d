/* SPDX-License-Identifier: MIT */
/*
 * LSNs of metadata against the head of the log.
 *
 * Recovery does not replay a change onto an object with a later LSN, because the object seems to
 * have the change already.  An object whose LSN is ahead of the log (the log was erased or made
 * anew with lower cycle numbers, or the image is damaged) would lose every change that is logged
 * until the log has caught up.  So a mount for writing refuses such an object when it is read, and
 * a read-only mount warns once.
 */
#ifndef CORE_LSN_H
#define CORE_LSN_H

#include "core/mount.h"

/* Records are written from @head on; whatever is written in place carries an older LSN. */
static inline void xfs_lsn_set_head(struct xfs_mount *mp, xfs_lsn_t head)
{
	__atomic_store_n(&mp->m_lsn_end, (uint64_t)head + 1, __ATOMIC_RELEASE);
}

/*
 * True if no checkpoint of this log can have stamped @lsn.  All ones (never logged) wraps to 0 here
 * and so is never ahead.
 */
static inline bool xfs_lsn_is_ahead(const struct xfs_mount *mp, uint64_t lsn)
{
	uint64_t end = __atomic_load_n(&mp->m_lsn_end, __ATOMIC_ACQUIRE);

	return unlikely(lsn + 1 > end) && end;
}

/*
 * @structure at the place given by @fmt carries @lsn, which is ahead of the log.  A mount for
 * writing gets -EUCLEAN with a text; a read-only one 0, and a warning the first time.
 */
int xfs_lsn_refuse(struct xfs_mount *mp, const char *structure, uint64_t lsn, const char *fmt, ...)
	XFS_MUST_CHECK XFS_PRINTF(4, 5);

#endif
