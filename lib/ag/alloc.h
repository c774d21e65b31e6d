/* SPDX-License-Identifier: MIT */
/*
 * The extent allocator: free space of all AGs, with the AGFL, the reverse map and
 * the reservations kept right on every call.  Each call locks the AGs it needs,
 * one at a time, and leaves none locked.
 */
#ifndef AG_ALLOC_H
#define AG_ALLOC_H

#include "ag/perag.h"
#include "ag/rmap.h"

#define XFS_ALLOC_USERDATA	(1u << 0)	/* file data: grows upwards from where it starts */
#define XFS_ALLOC_THIS_AG	(1u << 1)	/* only the AG of @target */
#define XFS_ALLOC_EXACT		(1u << 2)	/* only at @target; *fsbno NULLFSBLOCK when taken */
#define XFS_ALLOC_DELALLOC	(1u << 3)	/* paid for when it was reserved */
#define XFS_ALLOC_BY_SIZE	(1u << 4)	/* best fit; nearness is not asked for */
/* With THIS_AG: inside the longest free extent, with much behind that it can grow over; or nothing. */
#define XFS_ALLOC_ROOMY		(1u << 5)

struct xfs_alloc_arg {
	struct xfs_trans *tp;
	xfs_fsblock_t target;		/* near here (packed); NULLFSBLOCK: anywhere */
	xfs_extlen_t minlen, maxlen;	/* blocks; 1 <= minlen <= maxlen */
	xfs_extlen_t alignment;		/* start is a multiple of it within the AG; 0 or 1: any */
	xfs_extlen_t minleft;		/* blocks that must stay free in that AG for this transaction */
	xfs_agblock_t min_agbno, max_agbno;	/* bounds for the start, 0 and 0: none */
	enum xfs_ag_resv_type resv;
	uint32_t flags;			/* XFS_ALLOC_* */
	struct xfs_owner_info oinfo;	/* for the reverse map; XFS_RMAP_SKIP: the caller adds it */
	/* out */
	xfs_fsblock_t fsbno;		/* NULLFSBLOCK: nothing that fits */
	xfs_extlen_t len;
	bool busy;			/* busy extents were passed over: more after a log force */
};

/*
 * Allocate.  0 with fsbno NULLFSBLOCK and nothing changed when no AG has what
 * was asked; then the caller may ask for less.  AGs are tried from the target's on,
 * wrapping.  Uses the transaction's block reservation.
 */
int xfs_alloc_vextent(struct xfs_alloc_arg *args) XFS_MUST_CHECK;

/*
 * Free [@fsbno, +@len), which must lie in one AG and belong to @oinfo.  The blocks are
 * busy until the checkpoint is durable.
 */
int xfs_free_extent(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
		    const struct xfs_owner_info *oinfo, enum xfs_ag_resv_type resv) XFS_MUST_CHECK;

/* The same at commit (trans/defer.h). -ENOMEM only. */
int xfs_free_extent_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			  const struct xfs_owner_info *oinfo,
			  enum xfs_ag_resv_type resv) XFS_MUST_CHECK;

/*
 * How many separate runs of @len contiguous blocks could be had now, counted up
 * to @enough: asked before a directory block larger than a file-system block is needed.
 */
int xfs_alloc_count_contiguous(struct xfs_mount *mp, xfs_extlen_t len, uint32_t enough,
			       uint32_t *count) XFS_MUST_CHECK;

/* The longest extent an AG could give to an ordinary caller. pag_lock held. */
xfs_extlen_t xfs_alloc_longest_free_extent(struct xfs_perag *pag, xfs_extlen_t need,
					   xfs_extlen_t reserved);

#endif
