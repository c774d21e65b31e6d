/* SPDX-License-Identifier: MIT */
/*
 * The extent allocator: free space of all AGs.  Every call also keeps the AGFL, the reverse map and
 * the reservations right.  Each call locks the AGs it needs, one at a time, and leaves none locked.
 */
#ifndef AG_ALLOC_H
#define AG_ALLOC_H

#include "ag/perag.h"
#include "ag/rmap.h"

#define XFS_ALLOC_USERDATA	(1u << 0)	/* file data: takes the low end of an extent, to
						 * grow upwards */
#define XFS_ALLOC_THIS_AG	(1u << 1)	/* only the AG of @target */
#define XFS_ALLOC_EXACT		(1u << 2)	/* only at @target; fsbno is NULLFSBLOCK if that
						 * is in use */
#define XFS_ALLOC_DELALLOC	(1u << 3)	/* delayed allocation reserved the space already */
#define XFS_ALLOC_BY_SIZE	(1u << 4)	/* best fit; distance from @target does not count */
/*
 * With THIS_AG: in the middle of the longest free extent, so that the file can grow; nothing if
 * that extent is short.
 */
#define XFS_ALLOC_ROOMY		(1u << 5)

struct xfs_alloc_arg {
	struct xfs_trans *tp;
	xfs_fsblock_t target;		/* near this block; NULLFSBLOCK: anywhere */
	xfs_extlen_t minlen, maxlen;	/* blocks; 1 <= minlen <= maxlen */
	xfs_extlen_t alignment;		/* start is a multiple of it within the AG; 0 or 1: any */
	xfs_extlen_t minleft;		/* blocks that this transaction still needs in the AG */
	xfs_agblock_t min_agbno, max_agbno;	/* bounds of the start; both 0: none */
	enum xfs_ag_resv_type resv;
	uint32_t flags;			/* XFS_ALLOC_* */
	struct xfs_owner_info oinfo;	/* for the reverse map; XFS_RMAP_SKIP: the caller adds
					 * the record */
	/* out */
	xfs_fsblock_t fsbno;		/* NULLFSBLOCK: no suitable extent */
	xfs_extlen_t len;
	bool busy;			/* busy extents were passed over: a log force makes more
					 * available */
};

/*
 * Allocate.  Returns 0 with fsbno NULLFSBLOCK and nothing changed if no AG has what was asked for;
 * the caller may then ask for less.  Tries the AGs from the target's on, wrapping.  Uses the
 * transaction's block reservation.
 */
int xfs_alloc_vextent(struct xfs_alloc_arg *args) XFS_MUST_CHECK;

/*
 * Free [@fsbno, +@len), which lies in one AG and belongs to @oinfo.  The blocks are busy until the
 * checkpoint is durable.
 */
int xfs_free_extent(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
		    const struct xfs_owner_info *oinfo, enum xfs_ag_resv_type resv) XFS_MUST_CHECK;

/* The same at commit (trans/defer.h).  Fails only with -ENOMEM. */
int xfs_free_extent_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			  const struct xfs_owner_info *oinfo,
			  enum xfs_ag_resv_type resv) XFS_MUST_CHECK;

/*
 * Count, up to @enough, the separate runs of @len contiguous blocks that could be allocated now.
 * Asked before a change that needs a directory block larger than a file-system block.
 */
int xfs_alloc_count_contiguous(struct xfs_mount *mp, xfs_extlen_t len, uint32_t enough,
			       uint32_t *count) XFS_MUST_CHECK;

/* Length of the longest extent that the AG could give to an ordinary caller. pag_lock held. */
xfs_extlen_t xfs_alloc_longest_free_extent(struct xfs_perag *pag, xfs_extlen_t need,
					   xfs_extlen_t reserved);

#endif
