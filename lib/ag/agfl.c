/* SPDX-License-Identifier: MIT */
/*
 * The AGFL: a ring of blocks kept for the free-space trees and the rmapbt, which cannot allocate
 * from the free-space trees because every allocation changes these trees themselves.  The oldest
 * block is taken first; freed blocks go to the end.
 *
 * A block moves between the list and the trees without a change of accounting: it counts as free,
 * and its rmap record says "AG", all the time.
 */
#include "ag/ag_priv.h"

static void log_slot(struct xfs_trans *tp, struct xfs_perag *pag, uint32_t slot)
{
	uint32_t off = XFS_AGFL_HDR_SIZE + slot * (uint32_t)sizeof(be32_t);

	xfs_trans_log_buf(tp, pag->pag_agfl_bp, off, off + (uint32_t)sizeof(be32_t) - 1);
}

static uint32_t next_slot(const struct xfs_perag *pag, uint32_t slot)
{
	return slot + 1 == pag->pag_mount->m_geo.agfl_slots ? 0 : slot + 1;
}

int xfs_alloc_get_freelist(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno)
{
	struct xfs_agf *agf = xfs_pag_agf(pag);
	uint32_t slot = be32_to_cpu(agf->agf_flfirst);

	if (pag->pag_flcount == 0)
		return xfs_error(pag->pag_mount, -ENOSPC, "the free list of AG %u ran empty",
				 pag->pag_agno);
	*agbno = be32_to_cpu(xfs_pag_agfl(pag)->agfl_bno[slot]);
	if (!xfs_verify_agbno(&pag->pag_mount->m_geo, pag->pag_agno, *agbno))
		return xfs_corrupt(pag->pag_mount, "AGFL", "AG %u, slot %u: impossible block %u",
				   pag->pag_agno, slot, *agbno);
	pag->pag_flcount--;
	agf->agf_flfirst = cpu_to_be32(next_slot(pag, slot));
	agf->agf_flcount = cpu_to_be32(pag->pag_flcount);
	xfs_agf_log(tp, pag);
	return 0;
}

int xfs_alloc_put_freelist(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno)
{
	struct xfs_agf *agf = xfs_pag_agf(pag);
	uint32_t slot = next_slot(pag, be32_to_cpu(agf->agf_fllast));

	if (pag->pag_flcount == pag->pag_mount->m_geo.agfl_slots)
		return xfs_corrupt(pag->pag_mount, "AGFL", "AG %u: the list is full",
				   pag->pag_agno);
	xfs_pag_agfl(pag)->agfl_bno[slot] = cpu_to_be32(agbno);
	log_slot(tp, pag, slot);
	/* In an empty list agf_flfirst may point anywhere. */
	if (pag->pag_flcount == 0)
		agf->agf_flfirst = cpu_to_be32(slot);
	pag->pag_flcount++;
	agf->agf_fllast = cpu_to_be32(slot);
	agf->agf_flcount = cpu_to_be32(pag->pag_flcount);
	xfs_agf_log(tp, pag);
	return 0;
}

int xfs_agfl_alloc_btree_block(struct xfs_btree_cur *cur, uint64_t *new_ptr)
{
	xfs_agblock_t agbno = NULLAGBLOCK;
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error = xfs_ag_check_change(pag, "AGF", "agf_btreeblks", pag->pag_btreeblks, 1, 0,
					pag->pag_length);

	if (!error)
		error = xfs_alloc_get_freelist(cur->bc_tp, pag, &agbno);
	if (error)
		return error;
	xfs_agf_mod_btreeblks(cur->bc_tp, pag, 1);
	*new_ptr = agbno;
	return 0;
}

int xfs_agfl_free_btree_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	xfs_agblock_t agbno = (xfs_agblock_t)xfs_btree_buf_ptr(cur, bp);
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error = xfs_ag_check_change(pag, "AGF", "agf_btreeblks", pag->pag_btreeblks, -1, 0,
					pag->pag_length);

	if (!error)
		error = xfs_alloc_put_freelist(cur->bc_tp, pag, agbno);
	if (error)
		return error;
	xfs_agf_mod_btreeblks(cur->bc_tp, pag, -1);
	xfs_trans_binval(cur->bc_tp, bp);
	return 0;
}

int xfs_agfl_reserve(struct xfs_btree_cur *cur, uint32_t blocks)
{
	const struct xfs_perag *pag = cur->bc_ag.pag;

	if (likely(pag->pag_flcount >= blocks))
		return 0;
	return xfs_error(pag->pag_mount, -ENOSPC,
			 "AG %u: the free list has %u blocks, a %s needs %u", pag->pag_agno,
			 pag->pag_flcount, cur->bc_ops->name, blocks);
}
