/* SPDX-License-Identifier: MIT */
/*
 * What a free extent can give to a request: bounds, alignment, busy parts, and
 * which end of it is taken.
 *
 * Behind the target: the start.  Around the target: from the target on.  Before it:
 * the start for file data, which grows upwards and wants room behind it, else the end,
 * which is nearer.
 */
#include "ag/ag_priv.h"

/* Busy parts looked at in one extent; what lies behind them is passed over. */
#define MAX_SEGMENTS	64u

/* Where to start in [@first, @last], all of which are good; aligned. */
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

/* The part [@start, @end) of a free extent, nothing of it busy. */
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

/* Longer wins; of equals the nearer. */
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
