/* SPDX-License-Identifier: MIT */
/* Changing fields of the AGI. */
#include "ag/ag_priv.h"
#include "ag/inobt.h"

void xfs_agi_log(struct xfs_trans *tp, struct xfs_perag *pag)
{
	xfs_trans_log_buf(tp, pag->pag_agi_bp, 0, offsetof(struct xfs_agi, agi_unlinked) - 1);
	xfs_trans_log_buf(tp, pag->pag_agi_bp, offsetof(struct xfs_agi, agi_free_root),
			  sizeof(struct xfs_agi) - 1);
}

int xfs_agi_check_counts(struct xfs_perag *pag, int32_t count_delta, int32_t freecount_delta)
{
	xfs_agino_t first, last;
	int error;

	xfs_agino_range(&pag->pag_mount->m_geo, pag->pag_agno, &first, &last);
	error = xfs_ag_check_change(pag, "AGI", "agi_count", pag->pag_icount, count_delta, 0,
				    last < first ? 0 : last - first + 1);
	if (error)
		return error;
	return xfs_ag_check_change(pag, "AGI", "agi_freecount", pag->pag_ifree, freecount_delta, 0,
				   pag->pag_icount + (uint32_t)count_delta);
}

void xfs_agi_mod_counts(struct xfs_trans *tp, struct xfs_perag *pag, int32_t count_delta,
			int32_t freecount_delta)
{
	struct xfs_agi *agi = xfs_pag_agi(pag);

	pag->pag_icount += (uint32_t)count_delta;
	pag->pag_ifree += (uint32_t)freecount_delta;
	agi->agi_count = cpu_to_be32(pag->pag_icount);
	agi->agi_freecount = cpu_to_be32(pag->pag_ifree);
	xfs_trans_log_buf(tp, pag->pag_agi_bp, 0, offsetof(struct xfs_agi, agi_unlinked) - 1);
}

void xfs_agi_set_newino(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agino_t agino)
{
	xfs_pag_agi(pag)->agi_newino = cpu_to_be32(agino);
	xfs_trans_log_buf(tp, pag->pag_agi_bp, 0, offsetof(struct xfs_agi, agi_unlinked) - 1);
}

xfs_agino_t xfs_agi_newino(const struct xfs_perag *pag)
{
	return be32_to_cpu(xfs_pag_agi(pag)->agi_newino);
}

xfs_agino_t xfs_agi_unlinked_head(const struct xfs_perag *pag, unsigned int bucket)
{
	return be32_to_cpu(xfs_pag_agi(pag)->agi_unlinked[bucket]);
}

void xfs_agi_set_unlinked_head(struct xfs_trans *tp, struct xfs_perag *pag, unsigned int bucket,
			       xfs_agino_t agino)
{
	uint32_t off = (uint32_t)(offsetof(struct xfs_agi, agi_unlinked) + bucket * sizeof(be32_t));

	xfs_pag_agi(pag)->agi_unlinked[bucket] = cpu_to_be32(agino);
	xfs_trans_log_buf(tp, pag->pag_agi_bp, off, off + (uint32_t)sizeof(be32_t) - 1);
}
