/* SPDX-License-Identifier: MIT */
/* The place of an inode on disk, and cluster buffers. */
#include "ag/inobt.h"
#include "core/message.h"
#include "disk/verify.h"
#include "inode/inode_priv.h"

void xfs_imap_in_chunk(struct xfs_mount *mp, xfs_ino_t ino, xfs_agblock_t chunk_agbno,
		       struct xfs_imap *imap)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agnumber_t agno = XFS_INO_TO_AGNO(geo, ino);
	xfs_agblock_t agbno = XFS_INO_TO_AGBNO(geo, ino);
	xfs_agblock_t offset = agbno - chunk_agbno, cluster;

	cluster = agbno - offset % geo->blocks_per_cluster;
	imap->im_daddr = XFS_AGB_TO_DADDR(geo, agno, cluster);
	imap->im_len = geo->blocks_per_cluster << geo->blocklog;
	imap->im_offset = ((agbno - cluster) << geo->blocklog) +
			  (XFS_AGINO_TO_OFFSET(geo, XFS_INO_TO_AGINO(geo, ino)) << geo->inodelog);
}

int xfs_imap(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_imap *imap)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agblock_t agbno = XFS_INO_TO_AGBNO(geo, ino);
	struct xfs_inobt_rec_incore rec;
	struct xfs_perag *pag;
	bool found;
	int error;

	/* With aligned chunks or clusters of one block, the number determines the place. */
	if (geo->blocks_per_cluster == 1 || geo->inoalign_mask) {
		xfs_imap_in_chunk(mp, ino, agbno & ~geo->inoalign_mask, imap);
		return 0;
	}
	error = xfs_perag_make(mp, XFS_INO_TO_AGNO(geo, ino), &pag);
	if (error)
		return error;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup(pag, XFS_INO_TO_AGINO(geo, ino), &rec, &found);
	xfs_mutex_unlock(&pag->pag_lock);
	if (error)
		return error;
	if (!found)
		return xfs_error(mp, -ENOENT, "inode %" PRIu64 " does not exist", ino);
	xfs_imap_in_chunk(mp, ino, XFS_AGINO_TO_AGBNO(geo, rec.ir_startino), imap);
	return 0;
}

/*
 * Each inode has its own checksum, which is checked when the inode is read and set when it is
 * copied into the buffer.
 */
const struct xfs_buf_ops xfs_inode_buf_ops = {
	.name = "inode cluster",
	.blft = XFS_BLFT_DINO,
	.lsn_off = -1,
	.verify = xfs_inode_cluster_verify,
};
