/* SPDX-License-Identifier: MIT */
/*
 * Allocate by size: the smallest free extent that holds the whole request; if there is none, the
 * largest.  Alignment, bounds and busy blocks can rule out an extent that is long enough, so
 * further ones are tried.  Their number is bounded, because an AG may have millions that are ruled
 * out.
 */
#include "ag/ag_priv.h"

#define MAX_TRIES	256u

static int consider(struct xfs_ag_alloc *req, struct xfs_btree_cur *cnt,
		    struct xfs_alloc_rec_incore *rec)
{
	xfs_agblock_t agbno;
	xfs_extlen_t len;
	int error = xfs_alloc_get_rec(cnt, rec);

	if (error)
		return error;
	xfs_alloc_fit(req, rec, &agbno, &len);
	if (len > req->len) {
		req->agbno = agbno;
		req->len = len;
		req->rec = *rec;
	}
	return 0;
}

/* From length @from upwards, the first extent that gives all of the request. */
static int smallest(struct xfs_ag_alloc *req, struct xfs_btree_cur *cnt, xfs_extlen_t from)
{
	struct xfs_btree_target target = xfs_cnt_target(from, 0);
	struct xfs_alloc_rec_incore rec;
	bool found;
	int error = xfs_btree_lookup_ge(cnt, &target, &found);

	for (unsigned int i = 0; !error && found && i < MAX_TRIES; i++) {
		error = consider(req, cnt, &rec);
		if (error || req->len == req->maxlen)
			return error;
		error = xfs_btree_increment(cnt, &found);
	}
	return error;
}

/* From the largest downwards, the one that gives most. */
static int largest(struct xfs_ag_alloc *req, struct xfs_btree_cur *cnt)
{
	struct xfs_alloc_rec_incore rec;
	bool found;
	int error = xfs_btree_goto_last(cnt, &found);

	for (unsigned int i = 0; !error && found && i < MAX_TRIES; i++) {
		error = consider(req, cnt, &rec);
		if (error || req->len == req->maxlen || rec.ar_blockcount <= req->len ||
		    rec.ar_blockcount < req->minlen)
			return error;
		error = xfs_btree_decrement(cnt, &found);
	}
	return error;
}

int xfs_alloc_ag_size(struct xfs_ag_alloc *req)
{
	struct xfs_btree_cur cnt;
	int error = 0;

	req->len = 0;
	xfs_cntbt_init_cursor(&cnt, NULL, req->pag);
	/* First the extents that fit at any alignment, then those that may happen to be aligned. */
	if ((uint64_t)req->maxlen + req->alignment - 1 <= req->pag->pag_longest)
		error = smallest(req, &cnt, req->maxlen + req->alignment - 1);
	if (!error && req->len < req->maxlen && req->alignment > 1 &&
	    req->maxlen <= req->pag->pag_longest)
		error = smallest(req, &cnt, req->maxlen);
	if (!error && req->len < req->maxlen)
		error = largest(req, &cnt);
	xfs_btree_del_cursor(&cnt);
	return error;
}
