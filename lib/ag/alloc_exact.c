/* SPDX-License-Identifier: MIT */
/* Allocate only at the target, so that an appended file stays contiguous. */
#include "ag/ag_priv.h"

int xfs_alloc_ag_exact(struct xfs_ag_alloc *req)
{
	xfs_agblock_t busy, end;
	xfs_extlen_t busy_len;
	bool found;
	int error;

	req->len = 0;
	if (req->target < req->min_agbno || req->target > req->max_agbno ||
	    req->target % req->alignment)
		return 0;
	error = xfs_alloc_find(req->pag, req->target, &req->rec, &found);
	if (error || !found)
		return error;
	end = req->rec.ar_startblock + req->rec.ar_blockcount;
	if (xfs_extent_busy_search(req->pag, req->target, end - req->target, &busy, &busy_len)) {
		req->busy = true;
		end = busy;
	}
	if (end - req->target < req->minlen)
		return 0;
	req->agbno = req->target;
	req->len = XFS_MIN(end - req->target, req->maxlen);
	return 0;
}
