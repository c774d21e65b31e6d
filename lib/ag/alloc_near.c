/* SPDX-License-Identifier: MIT */
/*
 * Allocate near a target.
 *
 * First outwards from it by block, a bounded number of steps to each side, for the nearest extent
 * that holds all of the request.  If the neighbourhood is too fragmented, by size: the nearest of
 * some extents that are long enough.  If none is, the largest (alloc_size.c).
 *
 * The first step answers the usual request: the free extent at or behind the target is long enough,
 * and small files written one after another lie side by side.
 */
#include "ag/ag_priv.h"

#define MAX_STEPS	32u	/* to each side */
#define MAX_BY_SIZE	16u

/* Choose @rec if it holds all of the request and is nearer than the best so far. */
static bool consider(struct xfs_ag_alloc *req, const struct xfs_alloc_rec_incore *rec)
{
	xfs_agblock_t agbno;
	xfs_extlen_t len;

	xfs_alloc_fit(req, rec, &agbno, &len);
	if (len < req->maxlen ||
	    (req->len && xfs_alloc_distance(req, agbno) >= xfs_alloc_distance(req, req->agbno)))
		return false;
	req->agbno = agbno;
	req->len = len;
	req->rec = *rec;
	return true;
}

/* True if no further extent on this side can be nearer than the best so far. */
static bool too_far(const struct xfs_ag_alloc *req, const struct xfs_alloc_rec_incore *rec)
{
	xfs_agblock_t last = rec->ar_startblock + rec->ar_blockcount - 1;
	xfs_agblock_t nearest;

	if (!req->len)
		return false;
	nearest = XFS_MAX(rec->ar_startblock, XFS_MIN(last, req->target));
	return xfs_alloc_distance(req, nearest) >= xfs_alloc_distance(req, req->agbno);
}

/* Walk outwards on one side; if @more, @cur is on its first extent. */
static int walk_side(struct xfs_ag_alloc *req, struct xfs_btree_cur *cur, bool more, bool left)
{
	int error = 0;

	for (unsigned int i = 0; more && i < MAX_STEPS; i++) {
		struct xfs_alloc_rec_incore rec;

		error = xfs_alloc_get_rec(cur, &rec);
		if (error || too_far(req, &rec))
			break;
		/* The next extent on this side is farther away. */
		if (consider(req, &rec))
			break;
		error = left ? xfs_btree_decrement(cur, &more) : xfs_btree_increment(cur, &more);
		if (error)
			break;
	}
	return error;
}

/*
 * Try the two extents next to the target that are in the cursor's leaf. *@done: nothing else can be
 * nearer.
 */
static int next_to_target(struct xfs_ag_alloc *req, const struct xfs_btree_cur *cur, bool *done)
{
	const struct xfs_alloc_rec *before = xfs_btree_peek(cur, 0);
	const struct xfs_alloc_rec *behind = xfs_btree_peek(cur, 1);
	struct xfs_alloc_rec_incore left, right;
	bool left_closed = true, right_closed;
	int error;

	*done = false;
	if (before) {
		error = xfs_alloc_get_rec(cur, &left);
		if (error)
			return error;
		left_closed = consider(req, &left);
		if (req->len && req->agbno == req->target) {
			*done = true;
			return 0;
		}
	}
	if (!behind)
		return 0;
	error = xfs_alloc_unpack(cur, behind, &right);
	if (error)
		return error;
	/* A side is done if its extent was chosen or is too far already. */
	right_closed = consider(req, &right) || too_far(req, &right);
	*done = right_closed && (left_closed || too_far(req, &left));
	return 0;
}

static int by_block(struct xfs_ag_alloc *req)
{
	struct xfs_btree_target target = xfs_bno_target(req->target);
	struct xfs_btree_cur left, right;
	bool found_left, found_right, done;
	int error;

	xfs_bnobt_init_cursor(&left, NULL, req->pag);
	error = xfs_btree_lookup_le(&left, &target, &found_left);
	if (!error)
		error = next_to_target(req, &left, &done);
	if (error || done)
		goto out_left;
	xfs_btree_dup_cursor(&left, &right);
	error = xfs_btree_increment(&right, &found_right);
	if (!error)
		error = walk_side(req, &right, found_right, false);
	if (!error)
		error = walk_side(req, &left, found_left, true);
	xfs_btree_del_cursor(&right);
out_left:
	xfs_btree_del_cursor(&left);
	return error;
}

/* Try extents that are just long enough, around the target in the order of the tree. */
static int by_size(struct xfs_ag_alloc *req)
{
	uint64_t want = (uint64_t)req->maxlen + req->alignment - 1;
	struct xfs_alloc_rec_incore rec;
	struct xfs_btree_target target;
	struct xfs_btree_cur cnt;
	bool found;
	int error;

	if (want > req->pag->pag_longest)
		return 0;
	target = xfs_cnt_target((xfs_extlen_t)want, req->target);
	xfs_cntbt_init_cursor(&cnt, NULL, req->pag);
	error = xfs_btree_lookup_ge(&cnt, &target, &found);
	for (unsigned int i = 0; !error && found && i < MAX_BY_SIZE; i++) {
		error = xfs_alloc_get_rec(&cnt, &rec);
		if (error)
			goto out_del;
		consider(req, &rec);
		error = xfs_btree_increment(&cnt, &found);
	}
	if (!error)
		error = xfs_btree_lookup_le(&cnt, &target, &found);
	for (unsigned int i = 0; !error && found && i < MAX_BY_SIZE; i++) {
		error = xfs_alloc_get_rec(&cnt, &rec);
		if (error || rec.ar_blockcount < want)
			goto out_del;
		consider(req, &rec);
		error = xfs_btree_decrement(&cnt, &found);
	}
out_del:
	xfs_btree_del_cursor(&cnt);
	return error;
}

int xfs_alloc_ag_near(struct xfs_ag_alloc *req)
{
	int error = 0;

	req->len = 0;
	if (req->target == NULLAGBLOCK)
		return xfs_alloc_ag_size(req);
	if (req->maxlen <= req->pag->pag_longest) {
		error = by_block(req);
		if (!error && !req->len)
			error = by_size(req);
	}
	if (!error && !req->len)
		error = xfs_alloc_ag_size(req);
	return error;
}
