/* SPDX-License-Identifier: MIT */
/*
 * What a free extent can give to a request, within bounds, alignment and busy parts.
 *
 * An extent behind the target gives its start.  One around the target gives blocks from the target
 * on.  One in front of it gives its start to file data, which grows upwards and needs room behind
 * it, else its end, which is nearer.
 */
#include "ag/ag_priv.h"

/* Parts between busy blocks that are looked at in one extent; further ones are ignored. */
#define MAX_SEGMENTS	64u

/* The aligned start for the request within [@first, @last], all of which would do. */
static xfs_agblock_t place(const struct xfs_ag_alloc *req, xfs_agblock_t first, xfs_agblock_t last,
			   xfs_agblock_t end)
{
	xfs_agblock_t start;

	if (req->target == NULLAGBLOCK || req->target <= first)
		return first;
	if (req->target > last)
		return req->userdata && req->target >= end ? first : last;
	start = (xfs_agblock_t)xfs_roundup64(req->target, req->alignment);
	return XFS_MIN(start, last);
}

/* Fit the request into the part [@start, @end) of a free extent, of which nothing is busy. */
static void fit_segment(const struct xfs_ag_alloc *req, xfs_agblock_t start, xfs_agblock_t end,
			xfs_agblock_t *agbno, xfs_extlen_t *len)
{
	uint64_t first = xfs_roundup64(XFS_MAX(start, req->min_agbno), req->alignment);
	xfs_agblock_t last;

	*len = 0;
	if (first >= end || first > req->max_agbno)
		return;
	if (end - first >= req->maxlen) {
		last = XFS_MIN(end - req->maxlen, req->max_agbno);
		last -= last % req->alignment;
		*agbno = place(req, (xfs_agblock_t)first, last, end);
		*len = req->maxlen;
	} else if (end - first >= req->minlen) {
		*agbno = (xfs_agblock_t)first;
		*len = (xfs_extlen_t)(end - first);
	}
}

/* The longer extent wins; of equal ones, the nearer. */
static bool is_better(const struct xfs_ag_alloc *req, xfs_agblock_t agbno, xfs_extlen_t len,
		      xfs_agblock_t best_agbno, xfs_extlen_t best_len)
{
	if (len != best_len)
		return len > best_len;
	return len && req->target != NULLAGBLOCK &&
	       xfs_alloc_distance(req, agbno) < xfs_alloc_distance(req, best_agbno);
}

void xfs_alloc_fit(struct xfs_ag_alloc *req, const struct xfs_alloc_rec_incore *rec,
		   xfs_agblock_t *agbno, xfs_extlen_t *len)
{
	xfs_agblock_t start = rec->ar_startblock, end = start + rec->ar_blockcount, busy;
	xfs_agblock_t seg_agbno = 0;
	xfs_extlen_t busy_len, seg_len;

	*len = 0;
	*agbno = NULLAGBLOCK;
	for (unsigned int i = 0; start < end && i < MAX_SEGMENTS; i++) {
		bool cut = !req->take_busy &&
			   xfs_extent_busy_search(req->pag, start, end - start, &busy, &busy_len);

		fit_segment(req, start, cut ? busy : end, &seg_agbno, &seg_len);
		if (is_better(req, seg_agbno, seg_len, *agbno, *len)) {
			*agbno = seg_agbno;
			*len = seg_len;
		}
		if (!cut)
			return;
		req->busy = true;
		start = busy + busy_len;
	}
}
