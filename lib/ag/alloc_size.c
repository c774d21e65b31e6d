/* SPDX-License-Identifier: MIT */
/*
 * By size: the smallest free extent that holds all of it; if there is none, the
 * largest.  Alignment, bounds and busy blocks can make an extent that is long enough
 * useless, so some more are looked at; how many is bounded, because an AG may have
 * millions that are.
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

/* From length @from on, up: the first that gives all that is wanted. */
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

/* From the largest down: the longest that is left. */
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
	/* So long that any alignment fits in; then those that may be aligned by chance. */
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
