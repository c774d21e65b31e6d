/* SPDX-License-Identifier: MIT */
/*
 * Allocating and freeing extents.
 *
 * (ALLOC-1) One AG is locked at a time, for the length of one call.
 * (ALLOC-2) An allocation first finds its blocks and plans how to fill the AGFL, only reading.  It
 *     changes things after both succeeded; then only damage or a device error can make it fail.
 * (ALLOC-3) An allocation leaves in the AG: the AGFL's minimum, the reservations of its trees
 *     (ag/resv.c), and what the caller says this transaction will still need there (minleft).
 * (ALLOC-4) Blocks freed by a checkpoint that is not durable are passed over (ag/busy.h).
 */
#include "ag/ag_priv.h"
#include "ag/inobt.h"
#include "core/stats.h"
#include "trans/defer.h"

xfs_extlen_t xfs_alloc_longest_free_extent(struct xfs_perag *pag, xfs_extlen_t need,
					   xfs_extlen_t reserved)
{
	xfs_extlen_t longest = pag->pag_longest, less = 0;

	if (need > pag->pag_flcount)
		less += need - pag->pag_flcount;
	if (reserved > pag->pag_freeblks - longest)
		less += reserved - (pag->pag_freeblks - longest);
	return longest > less ? longest - less : 0;
}

/* Number of blocks that a request of @resv could take in all (ALLOC-3); <= 0: none. */
static int64_t available(const struct xfs_perag *pag, xfs_extlen_t need, xfs_extlen_t minleft,
			 enum xfs_ag_resv_type resv)
{
	return (int64_t)pag->pag_freeblks + XFS_MIN(pag->pag_flcount, need) - need - minleft -
	       xfs_ag_resv_needed(pag, resv);
}

/* Take the blocks that the search found, after filling the AGFL. */
static int commit_alloc(struct xfs_ag_alloc *req, const struct xfs_agfl_plan *plan,
			const struct xfs_owner_info *oinfo)
{
	uint32_t freeblks = req->pag->pag_freeblks;
	bool found = true;
	int error;

	error = xfs_agfl_fix(req->tp, req->pag, plan);
	if (!error && req->pag->pag_freeblks != freeblks) {
		error = xfs_alloc_find(req->pag, req->agbno, &req->rec, &found);
		if (!error && (!found || req->agbno + req->len > req->rec.ar_startblock +
								 req->rec.ar_blockcount))
			error = xfs_corrupt(req->pag->pag_mount, "bnobt",
					    "AG %u: free extent %u+%u is in the cntbt only",
					    req->pag->pag_agno, req->agbno, req->len);
	}
	/* Before the free extent is changed: this checks that nobody owns the blocks. */
	if (!error && oinfo->oi_owner != XFS_RMAP_SKIP)
		error = xfs_rmap_map_locked(req->tp, req->pag, req->agbno, req->len, oinfo);
	if (!error)
		error = xfs_alloc_remove(req->tp, req->pag, &req->rec, req->agbno, req->len);
	return error;
}

enum how { EXACT, NEAR, BY_SIZE, ROOMY };

/* Allocate in a locked AG.  If nothing suits, req->len is 0 and nothing changed. */
static int alloc_in_ag(struct xfs_ag_alloc *req, enum how how, enum xfs_ag_resv_type resv,
		       xfs_extlen_t minleft, const struct xfs_owner_info *oinfo, bool delalloc)
{
	struct xfs_perag *pag = req->pag;
	struct xfs_agfl_plan plan;
	xfs_extlen_t need;
	int64_t avail;
	int error;

	req->len = 0;
	error = xfs_perag_load_agf(pag);
	if (error)
		return error;
	need = xfs_alloc_min_freelist(pag);
	avail = available(pag, need, minleft, resv);
	if (avail < req->minlen || pag->pag_longest < req->minlen)
		return 0;
	req->maxlen = (xfs_extlen_t)XFS_MIN((int64_t)req->maxlen, avail);

	error = how == EXACT ? xfs_alloc_ag_exact(req) :
		how == NEAR ? xfs_alloc_ag_near(req) :
		how == ROOMY ? xfs_alloc_ag_roomy(req) : xfs_alloc_ag_size(req);
	if (error || !req->len)
		return error;
	error = xfs_agfl_plan_fill(pag, req->agbno, req->len, &plan);
	if (error || plan.found < plan.missing) {
		req->len = 0;
		return error;
	}
	error = commit_alloc(req, &plan, oinfo);
	if (error)
		return error;
	xfs_ag_resv_alloc(req->tp, pag, resv, req->len, delalloc);
	xfs_stats_inc(pag->pag_mount, XFS_COUNT_xs_allocx);
	xfs_stats_add(pag->pag_mount, XFS_COUNT_xs_allocb, req->len);
	XFS_TRACE(pag->pag_mount, ag_alloc, pag->pag_agno, req->agbno, req->len, oinfo->oi_owner);
	return 0;
}

/* ---- choosing an AG --------------------------------------------------------- */

static int try_ag(struct xfs_alloc_arg *args, xfs_agnumber_t agno, xfs_extlen_t minlen)
{
	struct xfs_mount *mp = args->tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, agno);
	bool home = args->target != NULLFSBLOCK &&
		    XFS_FSB_TO_AGNO(&mp->m_geo, args->target) == agno;
	struct xfs_ag_alloc req = {
		.tp = args->tp, .pag = pag, .target = NULLAGBLOCK,
		.minlen = minlen, .maxlen = args->maxlen,
		.alignment = XFS_MAX(args->alignment, 1u),
		.min_agbno = args->min_agbno,
		.max_agbno = args->max_agbno ? args->max_agbno : NULLAGBLOCK,
		.userdata = args->flags & XFS_ALLOC_USERDATA,
	};
	enum how how = NEAR;
	int error;

	/* Too short an extent rules the AG out without its lock. */
	if (__atomic_load_n(&pag->pag_agf_loaded, __ATOMIC_ACQUIRE) &&
	    __atomic_load_n(&pag->pag_longest, __ATOMIC_RELAXED) < minlen)
		return 0;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	if (args->flags & XFS_ALLOC_EXACT)
		how = EXACT;
	else if (args->flags & XFS_ALLOC_BY_SIZE)
		how = BY_SIZE;
	else if (args->flags & XFS_ALLOC_ROOMY)
		how = ROOMY;
	if (home)
		req.target = XFS_FSB_TO_AGBNO(&mp->m_geo, args->target);
	else
		req.target = pag->pag_overflow_hint;
	error = alloc_in_ag(&req, how, args->resv, args->minleft, &args->oinfo,
			    args->flags & XFS_ALLOC_DELALLOC);
	if (!error && req.len) {
		args->fsbno = XFS_AGB_TO_FSB(&mp->m_geo, agno, req.agbno);
		args->len = req.len;
		args->tp->t_highest_agno = XFS_MAX(args->tp->t_highest_agno, agno);
		if (!home)
			pag->pag_overflow_hint = req.agbno + req.len;
	}
	args->busy |= req.busy;
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

/* Allocate from the first AG from @start on, wrapping, that has at least @minlen. */
static int try_all(struct xfs_alloc_arg *args, xfs_agnumber_t start, xfs_extlen_t minlen)
{
	xfs_agnumber_t agcount = args->tp->t_mount->m_geo.agcount;

	for (xfs_agnumber_t i = 0; i < agcount; i++) {
		int error = try_ag(args, (start + i) % agcount, minlen);

		if (error || args->fsbno != NULLFSBLOCK)
			return error;
	}
	return 0;
}

/* The longest extent that any AG could give, up to args->maxlen, and the nearest AG that has it. */
static int find_longest(struct xfs_alloc_arg *args, xfs_agnumber_t start, xfs_agnumber_t *agno,
			xfs_extlen_t *len)
{
	struct xfs_mount *mp = args->tp->t_mount;

	*len = 0;
	for (xfs_agnumber_t i = 0; i < mp->m_geo.agcount && *len < args->maxlen; i++) {
		struct xfs_perag *pag = xfs_perag_get(mp, (start + i) % mp->m_geo.agcount);
		xfs_extlen_t longest = 0, need;
		int64_t avail = 0;
		int error;

		error = xfs_mutex_want(&pag->pag_lock);
		if (error)
			return error;
		error = xfs_perag_load_agf(pag);
		if (!error) {
			need = xfs_alloc_min_freelist(pag);
			avail = available(pag, need, args->minleft, args->resv);
			longest = xfs_alloc_longest_free_extent(
				pag, need, xfs_ag_resv_needed(pag, args->resv));
		}
		xfs_mutex_unlock(&pag->pag_lock);
		if (error)
			return error;
		longest = (xfs_extlen_t)XFS_MIN((int64_t)longest, XFS_MAX(avail, (int64_t)0));
		if (longest > *len) {
			*len = longest;
			*agno = pag->pag_agno;
		}
	}
	return 0;
}

int xfs_alloc_vextent(struct xfs_alloc_arg *args)
{
	struct xfs_mount *mp = args->tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agnumber_t start = 0, best = 0;
	xfs_extlen_t longest;
	int error;

	XFS_TRACE(mp, xfs_alloc_vextent, args->target, args->minlen, args->maxlen, args->alignment,
		  args->flags);
	args->fsbno = NULLFSBLOCK;
	args->len = 0;
	args->busy = false;
	if (args->target != NULLFSBLOCK && XFS_FSB_TO_AGNO(geo, args->target) >= geo->agcount)
		args->target = NULLFSBLOCK;
	if (args->target != NULLFSBLOCK)
		start = XFS_FSB_TO_AGNO(geo, args->target);
	args->maxlen = XFS_MIN(args->maxlen, geo->agblocks);
	if (args->minlen > args->maxlen)
		return 0;
	if (args->flags & (XFS_ALLOC_THIS_AG | XFS_ALLOC_EXACT))
		return args->target == NULLFSBLOCK ? 0 : try_ag(args, start, args->minlen);

	/*
	 * First the whole length from any AG, then the longest extent there is, then anything of
	 * minlen.
	 */
	error = try_all(args, start, args->maxlen);
	if (error || args->fsbno != NULLFSBLOCK || args->minlen == args->maxlen)
		return error;
	error = find_longest(args, start, &best, &longest);
	if (!error && longest >= args->minlen)
		error = try_ag(args, best, XFS_MIN(longest, args->maxlen));
	if (error || args->fsbno != NULLFSBLOCK)
		return error;
	return try_all(args, start, args->minlen);
}

/* Number of times that @len blocks fit into [@start, @start + @count) without the busy parts. */
static uint64_t pieces_not_busy(const struct xfs_perag *pag, xfs_agblock_t start,
				xfs_extlen_t count, xfs_extlen_t len)
{
	xfs_agblock_t end = start + count, busy;
	xfs_extlen_t busy_len;
	uint64_t pieces = 0;

	while (start < end && xfs_extent_busy_search(pag, start, end - start, &busy, &busy_len)) {
		pieces += (busy - start) / len;
		start = busy + busy_len;
	}
	return pieces + (end - start) / len;
}

int xfs_alloc_count_contiguous(struct xfs_mount *mp, xfs_extlen_t len, uint32_t enough,
			       uint32_t *count)
{
	uint64_t total = 0;

	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount && total < enough; agno++) {
		struct xfs_perag *pag = xfs_perag_get(mp, agno);
		struct xfs_btree_target target = xfs_cnt_target(len, 0);
		struct xfs_alloc_rec_incore rec;
		struct xfs_btree_cur cnt;
		uint64_t here = 0;
		int64_t avail;
		bool found;
		int error;

		error = xfs_mutex_want(&pag->pag_lock);
		if (error)
			return error;
		error = xfs_perag_load_agf(pag);
		if (error)
			goto out_unlock;
		avail = available(pag, xfs_alloc_min_freelist(pag), 0, XFS_AG_RESV_NONE);
		xfs_cntbt_init_cursor(&cnt, NULL, pag);
		error = xfs_btree_lookup_ge(&cnt, &target, &found);
		while (!error && found && total + here < enough) {
			error = xfs_alloc_get_rec(&cnt, &rec);
			if (error)
				break;
			here += pieces_not_busy(pag, rec.ar_startblock, rec.ar_blockcount, len);
			error = xfs_btree_increment(&cnt, &found);
		}
		xfs_btree_del_cursor(&cnt);
		total += XFS_MIN(here, (uint64_t)XFS_MAX(avail, (int64_t)0) / len);
out_unlock:
		xfs_mutex_unlock(&pag->pag_lock);
		if (error)
			return error;
	}
	*count = (uint32_t)XFS_MIN(total, (uint64_t)enough);
	return 0;
}

/* ---- with the AG locked, in the middle of other calls ---------------------------- */

int xfs_alloc_chunk_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno,
			   xfs_extlen_t len, xfs_extlen_t alignment, xfs_agblock_t min_agbno,
			   xfs_agblock_t max_agbno)
{
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_INODES);
	struct xfs_ag_alloc req = {
		.tp = tp, .pag = pag, .target = *agbno, .minlen = len, .maxlen = len,
		.alignment = XFS_MAX(alignment, 1u), .min_agbno = min_agbno,
		.max_agbno = max_agbno,
	};
	int error;

	/* Leave room for the chunk's inobt and finobt records in the same AG. */
	error = alloc_in_ag(&req, NEAR, XFS_AG_RESV_NONE,
			    xfs_inobt_insert_blocks(pag->pag_mount), &oinfo, false);
	*agbno = !error && req.len ? req.agbno : NULLAGBLOCK;
	return error;
}

int xfs_ag_reserve_tree(struct xfs_perag *pag, uint32_t blocks, enum xfs_ag_resv_type resv)
{
	int error = xfs_perag_load_agf(pag);

	if (error)
		return error;
	if (available(pag, xfs_alloc_min_freelist(pag), 0, resv) < blocks)
		return xfs_error(pag->pag_mount, -ENOSPC,
				 "AG %u: fewer than %u free blocks for its trees", pag->pag_agno,
				 blocks);
	return 0;
}

int xfs_ag_alloc_tree_block(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t near,
			    uint64_t owner, enum xfs_ag_resv_type resv, xfs_agblock_t *agbno)
{
	struct xfs_owner_info oinfo = xfs_owner_special(owner);
	struct xfs_ag_alloc req = {
		.tp = tp, .pag = pag, .target = near, .minlen = 1, .maxlen = 1, .alignment = 1,
		.max_agbno = NULLAGBLOCK,
	};
	struct xfs_agfl_plan plan;
	int error;

	error = xfs_alloc_ag_near(&req);
	if (!error && !req.len && req.busy) {
		/*
		 * The tree is half changed, so this cannot wait for the log.  It need not: the new
		 * contents are journalled behind the free, so recovery cannot bring the old
		 * contents back over them.
		 */
		req.take_busy = true;
		error = xfs_alloc_ag_near(&req);
	}
	if (!error && !req.len)
		error = xfs_error(pag->pag_mount, -ENOSPC, "AG %u is full", pag->pag_agno);
	if (!error)
		error = xfs_agfl_plan_fill(pag, req.agbno, 1, &plan);
	if (!error)
		error = commit_alloc(&req, &plan, &oinfo);
	if (error)
		return error;
	xfs_ag_resv_alloc(tp, pag, resv, 1, false);
	xfs_stats_inc(pag->pag_mount, XFS_COUNT_xs_allocx);
	xfs_stats_inc(pag->pag_mount, XFS_COUNT_xs_allocb);
	*agbno = req.agbno;
	return 0;
}

int xfs_ag_free_tree_block(struct xfs_trans *tp, struct xfs_perag *pag, struct xfs_buf *bp,
			   uint64_t owner, enum xfs_ag_resv_type resv)
{
	if (pag->pag_nr_tofree == ARRAY_SIZE(pag->pag_tofree))
		return xfs_corrupt(pag->pag_mount, "AG",
				   "AG %u: a tree loses more blocks than it has levels",
				   pag->pag_agno);
	pag->pag_tofree[pag->pag_nr_tofree++] = (struct xfs_ag_tofree){
		.agbno = xfs_daddr_to_agbno(&pag->pag_mount->m_geo, xfs_buf_daddr(bp)),
		.owner = owner, .resv = resv,
	};
	xfs_trans_binval(tp, bp);
	return 0;
}

int xfs_ag_free_pending(struct xfs_trans *tp, struct xfs_perag *pag)
{
	int error = 0;

	while (pag->pag_nr_tofree > 0 && !error) {
		struct xfs_ag_tofree *block = &pag->pag_tofree[--pag->pag_nr_tofree];
		struct xfs_owner_info oinfo = xfs_owner_special(block->owner);

		error = xfs_agfl_fix_for_free(tp, pag);
		if (!error)
			error = xfs_free_ag_extent(tp, pag, block->agbno, 1, &oinfo, block->resv);
	}
	pag->pag_nr_tofree = 0;
	return error;
}
