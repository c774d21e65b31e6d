/* SPDX-License-Identifier: MIT */
/*
 * Keeping the AGFL long enough: before every change in an AG it holds the blocks that the change
 * can make the free-space trees and the reverse map take.
 *
 * The fill is planned before the first change, around the blocks that the caller is going to take,
 * and carried out after it.  So an allocation that has found its blocks cannot lose them to the
 * list, and one that finds none has changed nothing.
 *
 * A list that is too long is trimmed only if it is so by several blocks.  Trees shrink and grow all
 * the time, and each block would go back and forth.
 */
#include "ag/ag_priv.h"

/* Trim the list if it exceeds the minimum by more than this. */
#define AGFL_SLACK	4u
/*
 * Blocks trimmed at a time.  A list may fill its sector, and freeing all of it in one transaction
 * would exceed the log reservation.
 */
#define TRIM_MAX	8u

/* Twice the most that one change takes, which is a split of every level and a new root. */
static uint32_t tree_need(uint32_t levels, uint32_t maxlevels)
{
	return 2 * XFS_MIN(levels + 1, maxlevels) - 2;
}

xfs_extlen_t xfs_alloc_min_freelist(const struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);
	uint32_t need = tree_need(be32_to_cpu(agf->agf_bno_level), geo->alloc_maxlevels) +
			tree_need(be32_to_cpu(agf->agf_cnt_level), geo->alloc_maxlevels);

	if (xfs_has_rmapbt(geo))
		need += tree_need(be32_to_cpu(agf->agf_rmap_level), geo->rmap_maxlevels);
	return need;
}

static void plan_piece(struct xfs_agfl_plan *plan, xfs_agblock_t agbno, xfs_extlen_t len)
{
	len = XFS_MIN(len, plan->missing - plan->found);
	if (len == 0 || plan->nr == XFS_AGFL_PLAN_MAX)
		return;
	plan->piece[plan->nr++] = (struct xfs_alloc_rec_incore){ agbno, len };
	plan->found += len;
}

/*
 * Plan blocks of @rec outside [@avoid, +@avoid_len).  Takes the end first, so that the rest stays
 * in one piece.
 */
static void plan_from(struct xfs_agfl_plan *plan, const struct xfs_alloc_rec_incore *rec,
		      xfs_agblock_t avoid, xfs_extlen_t avoid_len)
{
	xfs_agblock_t end = rec->ar_startblock + rec->ar_blockcount;
	xfs_extlen_t len;

	if (avoid_len == 0 || avoid + avoid_len <= rec->ar_startblock || avoid >= end) {
		plan_piece(plan, rec->ar_startblock, rec->ar_blockcount);
		return;
	}
	len = XFS_MIN(end - (avoid + avoid_len), plan->missing - plan->found);
	plan_piece(plan, end - len, len);
	plan_piece(plan, rec->ar_startblock, avoid - rec->ar_startblock);
}

/* Plan one of the smallest extents that hold all missing blocks and are not busy. */
static int plan_one_piece(struct xfs_perag *pag, struct xfs_btree_cur *cnt, xfs_agblock_t avoid,
			  xfs_extlen_t avoid_len, struct xfs_agfl_plan *plan)
{
	struct xfs_btree_target target = xfs_cnt_target(plan->missing, 0);
	struct xfs_alloc_rec_incore rec;
	xfs_agblock_t busy;
	xfs_extlen_t busy_len;
	bool found;
	int error = xfs_btree_lookup_ge(cnt, &target, &found);

	for (unsigned int tries = 0; !error && found && tries < 16; tries++) {
		error = xfs_alloc_get_rec(cnt, &rec);
		if (error)
			return error;
		if ((avoid_len == 0 || avoid + avoid_len <= rec.ar_startblock ||
		     avoid >= rec.ar_startblock + rec.ar_blockcount) &&
		    !xfs_extent_busy_search(pag, rec.ar_startblock, plan->missing, &busy,
					    &busy_len)) {
			plan_piece(plan, rec.ar_startblock, plan->missing);
			return 0;
		}
		error = xfs_btree_increment(cnt, &found);
	}
	return error;
}

int xfs_agfl_plan_fill(struct xfs_perag *pag, xfs_agblock_t avoid, xfs_extlen_t avoid_len,
		       struct xfs_agfl_plan *plan)
{
	xfs_extlen_t need = xfs_alloc_min_freelist(pag);
	struct xfs_alloc_rec_incore rec;
	struct xfs_btree_cur cnt;
	bool found;
	int error;

	plan->nr = plan->found = 0;
	plan->missing = need > pag->pag_flcount ? need - pag->pag_flcount : 0;
	if (likely(plan->missing == 0))
		return 0;
	xfs_cntbt_init_cursor(&cnt, NULL, pag);
	error = plan_one_piece(pag, &cnt, avoid, avoid_len, plan);
	if (!error && plan->found < plan->missing)
		error = xfs_btree_goto_last(&cnt, &found);
	else
		found = false;
	/*
	 * Then from the largest downwards, busy or not (the list may hold busy blocks), which needs
	 * few pieces.
	 */
	while (!error && found && plan->found < plan->missing &&
	       plan->nr + 2 <= XFS_AGFL_PLAN_MAX) {
		error = xfs_alloc_get_rec(&cnt, &rec);
		if (error)
			break;
		plan_from(plan, &rec, avoid, avoid_len);
		error = xfs_btree_decrement(&cnt, &found);
	}
	xfs_btree_del_cursor(&cnt);
	return error;
}

/* Move one piece from the free space to the list. */
static int fill_piece(struct xfs_trans *tp, struct xfs_perag *pag,
		      const struct xfs_alloc_rec_incore *piece)
{
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_AG);
	struct xfs_alloc_rec_incore rec;
	bool found;
	int error;

	error = xfs_alloc_find(pag, piece->ar_startblock, &rec, &found);
	if (error)
		return error;
	if (!found || piece->ar_startblock + piece->ar_blockcount >
			      rec.ar_startblock + rec.ar_blockcount)
		return xfs_corrupt(pag->pag_mount, "bnobt",
				   "AG %u: free extent %u+%u is in the cntbt only", pag->pag_agno,
				   piece->ar_startblock, piece->ar_blockcount);
	error = xfs_alloc_remove(tp, pag, &rec, piece->ar_startblock, piece->ar_blockcount);
	/* Put the blocks on the list first: the rmapbt may need one of them at once. */
	for (xfs_extlen_t i = 0; !error && i < piece->ar_blockcount; i++)
		error = xfs_alloc_put_freelist(tp, pag, piece->ar_startblock + i);
	if (!error)
		error = xfs_rmap_map_locked(tp, pag, piece->ar_startblock, piece->ar_blockcount,
					    &oinfo);
	return error;
}

static int trim(struct xfs_trans *tp, struct xfs_perag *pag)
{
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_AG);
	int error = 0;

	/*
	 * Freeing a block can change the height of a tree, and so the minimum: ask again each time.
	 */
	for (uint32_t n = 0; !error && n < TRIM_MAX &&
			     pag->pag_flcount > xfs_alloc_min_freelist(pag); n++) {
		xfs_agblock_t agbno;

		error = xfs_alloc_get_freelist(tp, pag, &agbno);
		if (!error)
			error = xfs_free_ag_extent(tp, pag, agbno, 1, &oinfo, XFS_AG_RESV_AGFL);
	}
	return error;
}

int xfs_agfl_fix(struct xfs_trans *tp, struct xfs_perag *pag, const struct xfs_agfl_plan *plan)
{
	int error = 0;

	for (uint32_t i = 0; !error && i < plan->nr; i++)
		error = fill_piece(tp, pag, &plan->piece[i]);
	if (!error && plan->missing == 0 &&
	    unlikely(pag->pag_flcount > xfs_alloc_min_freelist(pag) + AGFL_SLACK))
		error = trim(tp, pag);
	return error;
}

int xfs_agfl_fix_for_free(struct xfs_trans *tp, struct xfs_perag *pag)
{
	struct xfs_agfl_plan plan;
	int error = xfs_agfl_plan_fill(pag, 0, 0, &plan);

	return error ? error : xfs_agfl_fix(tp, pag, &plan);
}
