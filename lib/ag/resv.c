/* SPDX-License-Identifier: MIT */
/*
 * Reservations: each AG holds back the blocks that its finobt, refcountbt and rmapbt need at their
 * largest, so that an AG filled by users can still record what happens to their blocks.
 *
 * (RESV-1) Opening takes what is held back off m_fdblocks.  A tree block taken out of the
 *     reservation does not change m_fdblocks again; a freed one returns to the reservation.
 * (RESV-2) Blocks of the reverse map come from the AGFL and count as free on disk for all their
 *     life.  Therefore all that was reserved for them is hidden, used or not.
 * (RESV-3) A tree that outgrows its reservation, or whose AG was too full for one, takes blocks off
 *     m_fdblocks even if others have reserved them: the blocks are gone.
 */
#include "ag/ag_priv.h"
#include "core/counter.h"

static struct xfs_ag_resv *resv_of(struct xfs_perag *pag, enum xfs_ag_resv_type type)
{
	if (type == XFS_AG_RESV_METADATA)
		return &pag->pag_meta_resv;
	return type == XFS_AG_RESV_RMAPBT ? &pag->pag_rmapbt_resv : NULL;
}

uint32_t xfs_ag_resv_needed(const struct xfs_perag *pag, enum xfs_ag_resv_type type)
{
	uint32_t meta = xfs_ag_resv_held(&pag->pag_meta_resv);
	uint32_t rmapbt = xfs_ag_resv_held(&pag->pag_rmapbt_resv);

	switch (type) {
	case XFS_AG_RESV_METADATA:
		return rmapbt;
	case XFS_AG_RESV_RMAPBT:
		return meta;
	case XFS_AG_RESV_AGFL:
		return 0;
	case XFS_AG_RESV_NONE:
		break;
	}
	return meta + rmapbt;
}

bool xfs_ag_resv_is_critical(const struct xfs_perag *pag, enum xfs_ag_resv_type type)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	bool rmapbt = type == XFS_AG_RESV_RMAPBT;
	const struct xfs_ag_resv *resv = rmapbt ? &pag->pag_rmapbt_resv : &pag->pag_meta_resv;
	uint32_t have = pag->pag_freeblks + pag->pag_flcount;
	uint32_t others = xfs_ag_resv_needed(pag, type);
	uint32_t change = 2u * (rmapbt ? geo->rmap_maxlevels : geo->refc_maxlevels);

	if (rmapbt && !xfs_has_rmapbt(geo))
		return false;
	have -= XFS_MIN(have, others);
	return have < resv->ar_asked / 10 || have < change;
}

void xfs_ag_resv_alloc(struct xfs_trans *tp, struct xfs_perag *pag, enum xfs_ag_resv_type type,
		       xfs_extlen_t len, bool delalloc)
{
	struct xfs_ag_resv *resv = resv_of(pag, type);
	uint32_t held;

	if (type == XFS_AG_RESV_AGFL)
		return;
	if (!resv) {
		xfs_trans_use_blocks(tp, len, delalloc);
		return;
	}
	held = xfs_ag_resv_held(resv);
	resv->ar_used += len;
	xfs_take_fdblocks(pag->pag_mount, len - (held - xfs_ag_resv_held(resv)));
}

void xfs_ag_resv_give_back(struct xfs_trans *tp, struct xfs_perag *pag, enum xfs_ag_resv_type type,
			   xfs_extlen_t len)
{
	struct xfs_ag_resv *resv = resv_of(pag, type);
	uint32_t held;

	if (type == XFS_AG_RESV_AGFL)
		return;
	if (!resv) {
		xfs_trans_free_blocks(tp, len);
		return;
	}
	held = xfs_ag_resv_held(resv);
	/* ar_used started from a header, which may have had too small a number. */
	resv->ar_used -= XFS_MIN(len, resv->ar_used);
	len -= xfs_ag_resv_held(resv) - held;
	if (len)
		xfs_trans_free_blocks(tp, len);
}

void xfs_mod_set_aside(struct xfs_mount *mp, int32_t delta)
{
	xfs_mutex_lock(&mp->m_lock);
	mp->m_set_aside += delta;
	xfs_mutex_unlock(&mp->m_lock);
}

/* The number of finobt blocks, from the AGI or by counting. */
static int finobt_blocks(struct xfs_perag *pag, uint32_t *blocks)
{
	struct xfs_btree_cur cur;
	uint64_t count;
	int error;

	if (xfs_has_inobtcounts(&pag->pag_mount->m_geo)) {
		*blocks = be32_to_cpu(xfs_pag_agi(pag)->agi_fblocks);
		return 0;
	}
	xfs_finobt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_count_blocks(&cur, &count);
	xfs_btree_del_cursor(&cur);
	*blocks = error ? 0 : (uint32_t)count;
	return error;
}

/* Compute what the trees may need and what they have. */
static int ask(struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);
	struct xfs_ag_resv *meta = &pag->pag_meta_resv, *rmapbt = &pag->pag_rmapbt_resv;
	uint64_t len = pag->pag_length;
	uint32_t blocks;
	int error;

	if (geo->logstart && XFS_FSB_TO_AGNO(geo, geo->logstart) == pag->pag_agno)
		len -= XFS_MIN((uint64_t)geo->logblocks, len);
	*meta = *rmapbt = (struct xfs_ag_resv){ 0 };
	if (xfs_has_reflink(geo)) {
		meta->ar_asked += (uint32_t)xfs_geometry_tree_blocks(geo->refc_mnr, len);
		meta->ar_used += be32_to_cpu(agf->agf_refcount_blocks);
	}
	if (xfs_has_finobt(geo)) {
		error = finobt_blocks(pag, &blocks);
		if (error)
			return error;
		meta->ar_asked += (uint32_t)xfs_geometry_tree_blocks(
			geo->inobt_mnr, len * geo->inopblock / XFS_INODES_PER_CHUNK);
		meta->ar_used += blocks;
	}
	if (xfs_has_rmapbt(geo)) {
		rmapbt->ar_asked = (uint32_t)XFS_MAX(
			len / 100, xfs_geometry_tree_blocks(geo->rmap_mnr, len));
		rmapbt->ar_used = be32_to_cpu(agf->agf_rmap_blocks);
	}
	meta->ar_asked = XFS_MAX(meta->ar_asked, meta->ar_used);
	rmapbt->ar_asked = XFS_MAX(rmapbt->ar_asked, rmapbt->ar_used);
	return 0;
}

/* If the AG is too full for its reservations, reduce them to what is free. */
static void fit_to_free_space(struct xfs_perag *pag)
{
	uint32_t have = pag->pag_freeblks + pag->pag_flcount;
	uint32_t meta = xfs_ag_resv_held(&pag->pag_meta_resv);
	uint32_t rmapbt = xfs_ag_resv_held(&pag->pag_rmapbt_resv);

	if (meta + rmapbt <= have)
		return;
	xfs_warn(pag->pag_mount, "AG %u: %u blocks should be held back for its trees, %u are free: space may run "
		"out",
		pag->pag_agno, meta + rmapbt, have);
	meta = XFS_MIN(meta, have);
	pag->pag_meta_resv.ar_asked = pag->pag_meta_resv.ar_used + meta;
	pag->pag_rmapbt_resv.ar_asked =
		pag->pag_rmapbt_resv.ar_used + XFS_MIN(rmapbt, have - meta);
}

/* Number of bno and cnt blocks without the roots. */
static uint32_t allocbt_blocks(const struct xfs_perag *pag)
{
	uint32_t blocks = pag->pag_btreeblks;

	if (xfs_has_rmapbt(&pag->pag_mount->m_geo)) {
		uint32_t rmap = be32_to_cpu(xfs_pag_agf(pag)->agf_rmap_blocks);

		rmap -= rmap > 0;
		blocks -= XFS_MIN(blocks, rmap);
	}
	return blocks;
}

int xfs_ag_resv_init(struct xfs_mount *mp)
{
	uint64_t icount = 0, ifree = 0, set_aside = 0;
	int64_t fdblocks = 0, pool;

	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag;
		int error = xfs_perag_make(mp, agno, &pag);

		if (error)
			return error;
		xfs_mutex_lock(&pag->pag_lock);
		error = xfs_perag_read_agf(pag);
		if (!error)
			error = xfs_perag_read_agi(pag);
		if (!error)
			error = ask(pag);
		if (!error) {
			fit_to_free_space(pag);
			icount += pag->pag_icount;
			ifree += pag->pag_ifree;
			fdblocks += (int64_t)pag->pag_freeblks + pag->pag_flcount +
				    pag->pag_btreeblks;
			fdblocks -= xfs_ag_resv_held(&pag->pag_meta_resv);
			fdblocks -= pag->pag_rmapbt_resv.ar_asked;
			set_aside += XFS_AG_SET_ASIDE + allocbt_blocks(pag);
		}
		xfs_mutex_unlock(&pag->pag_lock);
		if (error)
			return error;
	}

	pool = (int64_t)XFS_MIN(mp->m_geo.dblocks / 20, (uint64_t)XFS_RESBLKS_MAX);
	pool = XFS_MIN(pool, XFS_MAX(fdblocks - (int64_t)set_aside, (int64_t)0));
	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	mp->m_icount = (int64_t)icount;
	mp->m_ifree = (int64_t)ifree;
	mp->m_set_aside = (int64_t)set_aside;
	mp->m_resblks_avail = pool;
	mp->m_fdblocks = fdblocks - pool;
	xfs_mutex_unlock(&mp->m_lock);
	return 0;
}
