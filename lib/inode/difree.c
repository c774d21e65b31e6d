/* SPDX-License-Identifier: MIT */
/* Freeing the blocks of a chunk whose last inode was freed. */
#include "ag/inobt.h"
#include "core/message.h"
#include "disk/ag.h"
#include "inode/inode_priv.h"

/*
 * Invalidate the buffers of a freed chunk, and the in-core inodes that are to be copied into them.
 * Neither may be written, because the blocks may be reused for anything.
 */
static int forget_chunk(struct xfs_trans *tp, struct xfs_perag *pag,
			const struct xfs_inobt_rec_incore *rec)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	uint64_t mask = xfs_inobt_irec_allocmask(rec);
	xfs_agblock_t chunk = XFS_AGINO_TO_AGBNO(geo, rec->ir_startino);
	struct xfs_imap imap;

	for (unsigned int i = 0; i < 64; i++) {
		xfs_ino_t ino = XFS_AGINO_TO_INO(geo, pag->pag_agno, rec->ir_startino + i);
		struct xfs_inode *ip;
		struct xfs_buf *bp;
		int error;

		if (!(mask & (uint64_t)1 << i))
			continue;
		ip = xfs_inode_find(mp, ino);
		if (ip) {
			xfs_iflags_set(ip, XFS_IF_STALE);
			xfs_trans_forget_item(tp, &ip->i_item);
			xfs_inode_put(ip);
		}
		xfs_imap_in_chunk(mp, ino, chunk, &imap);
		if (imap.im_offset)
			continue;
		error = xfs_buf_get(mp, imap.im_daddr, imap.im_len, &xfs_inode_buf_ops, &bp);
		if (error)
			return error;
		xfs_trans_binval(tp, bp);
		xfs_buf_put(bp);
	}
	return 0;
}

int xfs_difree_chunk(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec, bool *chunk_gone)
{
	const struct xfs_geometry *geo = &tp->t_mount->m_geo;
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_INODES);
	xfs_agblock_t chunk = XFS_AGINO_TO_AGBNO(geo, rec->ir_startino);
	uint64_t mask = xfs_inobt_irec_allocmask(rec);
	int32_t count = rec->ir_count;
	unsigned int first, end;
	int error;

	error = xfs_agi_check_counts(pag, -count, -count);
	if (!error)
		error = xfs_inobt_delete(tp, pag, rec);
	if (error)
		return error;
	xfs_agi_mod_counts(tp, pag, -count, -count);
	xfs_trans_mod_inodes(tp, -count, -count);
	error = forget_chunk(tp, pag, rec);
	/* Free the runs of inodes that exist; blocks of holes belong to others. */
	for (first = 0; !error && first < 64; first = end) {
		bool present = mask & (uint64_t)1 << first;

		for (end = first + 1; end < 64 && !(mask & (uint64_t)1 << end) == !present;)
			end++;
		if (!present)
			continue;
		error = xfs_free_extent_later(tp,
			XFS_AGB_TO_FSB(geo, pag->pag_agno, chunk + (first >> geo->inopblog)),
			(end - first) >> geo->inopblog, &oinfo, XFS_AG_RESV_NONE);
	}
	pag->pag_last_agino = 0;
	*chunk_gone = true;
	return error;
}
