/* SPDX-License-Identifier: MIT */
/* Freeing extents, at once or at the end of the transaction. */
#include "ag/ag_priv.h"
#include "core/stats.h"
#include "trans/defer.h"

int xfs_free_ag_extent(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		       xfs_extlen_t len, const struct xfs_owner_info *oinfo,
		       enum xfs_ag_resv_type resv)
{
	int error = 0;

	if (oinfo->oi_owner != XFS_RMAP_SKIP)
		error = xfs_rmap_unmap_locked(tp, pag, agbno, len, oinfo);
	if (!error)
		error = xfs_alloc_insert(tp, pag, agbno, len);
	if (error)
		return error;
	xfs_ag_resv_give_back(tp, pag, resv, len);
	xfs_extent_busy_insert(pag, agbno, len);
	xfs_stats_inc(pag->pag_mount, XFS_COUNT_xs_freex);
	xfs_stats_add(pag->pag_mount, XFS_COUNT_xs_freeb, len);
	XFS_TRACE(pag->pag_mount, ag_free, pag->pag_agno, agbno, len, oinfo->oi_owner);
	return 0;
}

int xfs_free_extent(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
		    const struct xfs_owner_info *oinfo, enum xfs_ag_resv_type resv)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag;
	int error;

	if (!xfs_verify_fsbext(&mp->m_geo, fsbno, len))
		return xfs_corrupt(mp, "free extent", "impossible blocks %#" PRIx64 "+%u", fsbno,
				   len);
	pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agf(pag);
	if (!error)
		error = xfs_agfl_fix_for_free(tp, pag);
	if (!error)
		error = xfs_free_ag_extent(tp, pag, XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), len, oinfo,
					   resv);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

struct later {
	struct xfs_defer_item item;
	struct xfs_mount *mp;
	xfs_fsblock_t fsbno;
	xfs_extlen_t len;
	enum xfs_ag_resv_type resv;
	struct xfs_owner_info oinfo;
};

static int finish_later(struct xfs_trans *tp, struct xfs_defer_item *item)
{
	struct later *later = container_of(item, struct later, item);
	int error = 0;

	if (tp)
		error = xfs_free_extent(tp, later->fsbno, later->len, &later->oinfo, later->resv);
	xfs_free(later->mp, later);
	return error;
}

int xfs_free_extent_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			  const struct xfs_owner_info *oinfo, enum xfs_ag_resv_type resv)
{
	struct later *later = xfs_malloc(tp->t_mount, sizeof(*later));

	if (!later)
		return xfs_error(tp->t_mount, -ENOMEM, "out of memory for an extent to be freed");
	later->mp = tp->t_mount;
	later->fsbno = fsbno;
	later->len = len;
	later->resv = resv;
	later->oinfo = *oinfo;
	xfs_defer_add(tp, &later->item, finish_later);
	return 0;
}
