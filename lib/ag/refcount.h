/* SPDX-License-Identifier: MIT */
/* Reference counts of shared data blocks; without REFLINK every block has one owner. */
#ifndef AG_REFCOUNT_H
#define AG_REFCOUNT_H

#include "ag/perag.h"

/*
 * One data-fork owner of [@fsbno, +@len) (one AG) is gone: counts go down, and
 * the parts that had no other owner are freed (without a reverse-map change: the
 * caller removed the mapping's record first).
 */
int xfs_refcount_decrease(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/* The same, but what had no other owner is freed at the end of the transaction. */
int xfs_refcount_decrease_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/* One owner more. */
int xfs_refcount_increase(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/*
 * Whether [@fsbno, +@len) can have one owner more, asked before the first change: -EMLINK when their
 * count is as high as one may get, -ENOSPC when the AG is about to run out of blocks for its
 * trees.  *@run: so many of them have the same number of owners, which is what one increase
 * should take.
 */
int xfs_refcount_check_increase(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
				xfs_extlen_t *run) XFS_MUST_CHECK;
/*
 * First run of blocks with more than one owner inside [@fsbno, +@len): *@shared_fsbno
 * NULLFSBLOCK when there is none.
 */
int xfs_refcount_find_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			     xfs_fsblock_t *shared_fsbno, xfs_extlen_t *shared_len) XFS_MUST_CHECK;

/*
 * Whether @fsbno, which has one owner, may have another one after a crash (REFC-4).  *@len is cut to
 * blocks of which the same holds.  *@was is true for more blocks than that for the sake of brevity.
 */
int xfs_refcount_was_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t *len,
			    bool *was) XFS_MUST_CHECK;

/*
 * [@fsbno, +@len) (one AG, checked) are staged for copy-on-write, or are so no more; the
 * reverse map and the blocks themselves are the caller's.  -ENOSPC, nothing changed.
 */
int xfs_refcount_stage(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len, bool stage)
	XFS_MUST_CHECK;

#endif
