/* SPDX-License-Identifier: MIT */
/* Reference counts of shared data blocks.  Without REFLINK every block has one owner. */
#ifndef AG_REFCOUNT_H
#define AG_REFCOUNT_H

#include "ag/perag.h"

/*
 * Remove one data-fork owner of [@fsbno, +@len), which lies in one AG: lower the counts and free
 * the parts that had no other owner.  Leaves the reverse map alone: the caller has removed the
 * mapping's record.
 */
int xfs_refcount_decrease(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/* The same, but blocks without another owner are freed at the end of the transaction. */
int xfs_refcount_decrease_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/* Add one owner. */
int xfs_refcount_increase(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
	XFS_MUST_CHECK;
/*
 * Whether [@fsbno, +@len) can get one more owner, asked before the first change. -EMLINK if the
 * count is at its limit, -ENOSPC if the AG is about to run out of blocks for its trees. *@run: this
 * many of the blocks have the same number of owners; one increase should take no more.
 */
int xfs_refcount_check_increase(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
				xfs_extlen_t *run) XFS_MUST_CHECK;
/*
 * The first run of blocks with more than one owner in [@fsbno, +@len); *@shared_fsbno is
 * NULLFSBLOCK if there is none.
 */
int xfs_refcount_find_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			     xfs_fsblock_t *shared_fsbno, xfs_extlen_t *shared_len) XFS_MUST_CHECK;

/*
 * Whether @fsbno, which has one owner, may have another one after a crash (REFC-4).  Shortens *@len
 * to blocks with the same answer. *@was may be true for blocks that were never shared: each AG
 * keeps only one range around all that were.
 */
int xfs_refcount_was_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t *len,
			    bool *was) XFS_MUST_CHECK;

/*
 * Mark [@fsbno, +@len), which lies in one AG and is verified, as staged for copy-on-write, or
 * remove the mark.  The caller changes the reverse map and allocates or frees the blocks. -ENOSPC
 * with nothing changed.
 */
int xfs_refcount_stage(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len, bool stage)
	XFS_MUST_CHECK;

#endif
