/* SPDX-License-Identifier: MIT */
/*
 * Allocate with room to grow: in the middle of the longest free extent.  Each such file halves the
 * longest free extent, and can grow until it reaches the next file.
 */
#include "ag/ag_priv.h"

/* An extent shorter than this many times the request is not worth a move away from other data. */
#define LEAST_ROOM	32u

int xfs_alloc_ag_roomy(struct xfs_ag_alloc *req)
{
	struct xfs_btree_cur cnt;
	xfs_agblock_t agbno, busy;
	xfs_extlen_t busy_len;
	bool found;
	int error;

	req->len = 0;
	if (req->pag->pag_longest / LEAST_ROOM < req->maxlen)
		return 0;
	xfs_cntbt_init_cursor(&cnt, NULL, req->pag);
	error = xfs_btree_goto_last(&cnt, &found);
	if (!error && found)
		error = xfs_alloc_get_rec(&cnt, &req->rec);
	xfs_btree_del_cursor(&cnt);
	if (error || !found || req->rec.ar_blockcount / LEAST_ROOM < req->maxlen)
		return error;
	agbno = req->rec.ar_startblock + req->rec.ar_blockcount / 2;
	agbno = (xfs_agblock_t)xfs_roundup64(agbno, req->alignment);
	/* An alignment wider than the extent may lead out of it. */
	if (agbno < req->min_agbno || agbno > req->max_agbno ||
	    (uint64_t)agbno + req->maxlen > (uint64_t)req->rec.ar_startblock + req->rec.ar_blockcount)
		return 0;
	if (xfs_extent_busy_search(req->pag, agbno, req->maxlen, &busy, &busy_len)) {
		req->busy = true;
		return 0;
	}
	req->agbno = agbno;
	req->len = req->maxlen;
	return 0;
}
