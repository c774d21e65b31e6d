/* SPDX-License-Identifier: MIT */
/*
 * Staging records of copy-on-write: blocks allocated for new contents of shared blocks, not yet in
 * any file.  Their records are in the reference count tree behind all counts, with bit 31 of the
 * start set.  Each block is staged once, and adjacent records are merged.  After a crash nobody
 * owns these blocks, and they are freed.
 */
#include "ag/ag_priv.h"
#include "ag/intent.h"
#include "ag/refcount.h"
#include "trans/resv.h"

#define EXTENTS_PER_HANDLE	16u

/* If *@found: the record at the cursor; *@found becomes false if it is a count. */
static int get_staging(const struct xfs_btree_cur *cur, struct xfs_refcount_irec *irec,
		       bool *found)
{
	return xfs_refcount_get(cur, XFS_REFC_DOMAIN_COW, irec, found);
}

static int lookup_le(struct xfs_btree_cur *cur, xfs_agblock_t agbno,
		     struct xfs_refcount_irec *irec, bool *found)
{
	struct xfs_btree_target target = xfs_refcount_target(XFS_REFC_DOMAIN_COW, agbno);
	int error = xfs_btree_lookup_le(cur, &target, found);

	return error ? error : get_staging(cur, irec, found);
}

static int insert(struct xfs_btree_cur *cur, xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_refcount_irec irec = {
		.rc_startblock = agbno, .rc_blockcount = len, .rc_refcount = 1,
		.rc_domain = XFS_REFC_DOMAIN_COW,
	};

	return xfs_refcount_insert(cur, &irec);
}

static int add(struct xfs_btree_cur *cur, xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_refcount_irec left, right = { 0 };
	xfs_agblock_t end = agbno + len;
	bool have_left, have_right;
	int error = lookup_le(cur, agbno, &left, &have_left);

	if (!error)
		error = lookup_le(cur, end, &right, &have_right);
	if (error)
		return error;
	if (unlikely((have_left && left.rc_startblock + left.rc_blockcount > agbno) ||
		     (have_right && right.rc_startblock != end &&
		      right.rc_startblock + right.rc_blockcount > agbno)))
		return xfs_corrupt(cur->bc_mp, "refcountbt", "AG %" PRIu64
				   ": blocks %u+%u are already staged", cur->bc_owner, agbno, len);
	/* Delete the neighbours and insert one record for all. */
	if (have_right && right.rc_startblock == end) {
		error = xfs_btree_delete(cur);
		if (error)
			return error;
		len += right.rc_blockcount;
	}
	if (have_left && left.rc_startblock + left.rc_blockcount == agbno) {
		error = lookup_le(cur, agbno, &left, &have_left);
		if (!error)
			error = xfs_btree_delete(cur);
		if (error)
			return error;
		agbno = left.rc_startblock;
		len += left.rc_blockcount;
	}
	return insert(cur, agbno, len);
}

static int take_out(struct xfs_btree_cur *cur, xfs_agblock_t agbno, xfs_extlen_t len)
{
	xfs_agblock_t end = agbno + len;
	int error = 0;

	while (!error && agbno < end) {
		struct xfs_refcount_irec rec;
		xfs_agblock_t rec_end;
		bool found;

		error = lookup_le(cur, agbno, &rec, &found);
		if (error)
			return error;
		rec_end = rec.rc_startblock + rec.rc_blockcount;
		if (unlikely(!found || rec_end <= agbno))
			return xfs_corrupt(cur->bc_mp, "refcountbt",
					   "AG %" PRIu64 ": block %u is not a staging block",
					   cur->bc_owner, agbno);
		error = xfs_btree_delete(cur);
		if (!error && rec.rc_startblock < agbno)
			error = insert(cur, rec.rc_startblock, agbno - rec.rc_startblock);
		if (!error && end < rec_end)
			error = insert(cur, end, rec_end - end);
		agbno = rec_end;
	}
	return error;
}

/* The AG is locked and its AGF loaded. */
static int stage_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			xfs_extlen_t len, bool stage)
{
	struct xfs_btree_cur cur;
	int error;

	xfs_refcountbt_init_cursor(&cur, tp, pag);
	error = stage ? add(&cur, agbno, len) : take_out(&cur, agbno, len);
	xfs_btree_del_cursor(&cur);
	return error ? error : xfs_ag_free_pending(tp, pag);
}

int xfs_refcount_stage(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len, bool stage)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	int error;

	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agf(pag);
	/* One record is inserted, or one is deleted and up to two are inserted. */
	if (!error)
		error = xfs_ag_reserve_tree(pag, 2 * (be32_to_cpu(xfs_pag_agf(pag)->agf_refcount_level) + 1),
					    XFS_AG_RESV_METADATA);
	if (!error)
		error = stage_locked(tp, pag, XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), len, stage);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

/* ---- leftovers ------------------------------------------------------------------------------ */

/* The AG's last staging record.  Records are freed from the end, where nothing has to move. */
static int last_staging(struct xfs_perag *pag, struct xfs_refcount_irec *rec, bool *found)
{
	struct xfs_btree_cur cur;
	int error;

	xfs_refcountbt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_goto_last(&cur, found);
	if (!error)
		error = get_staging(&cur, rec, found);
	xfs_btree_del_cursor(&cur);
	return error;
}

static int free_some(struct xfs_trans *tp, struct xfs_perag *pag, uint64_t *blocks, bool *more)
{
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_COW);
	uint32_t extents = xfs_resv_extents(tp->t_mount, EXTENTS_PER_HANDLE);
	int error = 0;

	for (uint32_t i = 0; !error && i < extents; i++) {
		struct xfs_refcount_irec rec;

		error = last_staging(pag, &rec, more);
		if (error || !*more)
			return error;
		error = stage_locked(tp, pag, rec.rc_startblock, rec.rc_blockcount, false);
		if (!error)
			error = xfs_agfl_fix_for_free(tp, pag);
		if (!error)
			error = xfs_free_ag_extent(tp, pag, rec.rc_startblock, rec.rc_blockcount,
						   &oinfo, XFS_AG_RESV_NONE);
		*blocks += rec.rc_blockcount;
	}
	return error;
}

int xfs_refcount_free_staging(struct xfs_mount *mp, uint64_t *blocks)
{
	*blocks = 0;
	if (!xfs_has_reflink(&mp->m_geo))
		return 0;
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_get(mp, agno);
		struct xfs_refcount_irec rec;
		bool more;
		int error;

		xfs_mutex_lock(&pag->pag_lock);
		error = xfs_perag_load_agf(pag);
		if (!error)
			error = last_staging(pag, &rec, &more);
		xfs_mutex_unlock(&pag->pag_lock);
		while (!error && more) {
			struct xfs_trans *tp;

			error = xfs_trans_alloc(mp, XFS_RESV_TRUNCATE, 0, XFS_TRANS_FREES, &tp);
			if (error)
				break;
			xfs_mutex_lock(&pag->pag_lock);
			error = free_some(tp, pag, blocks, &more);
			xfs_mutex_unlock(&pag->pag_lock);
			error = xfs_trans_finish(tp, error);
		}
		if (error)
			return error;
	}
	return 0;
}
