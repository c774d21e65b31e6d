/* SPDX-License-Identifier: MIT */
/*
 * Allocating inodes.  Directories rotate over the allocation groups, so that trees spread.  Other
 * inodes go to their directory's group, near it.  An AG without free inodes gets a new chunk: a
 * whole one or, with sparse inodes, a part.
 */
#include "ag/inobt.h"
#include "base/crc32c.h"
#include "core/lsn.h"
#include "core/message.h"
#include "inode/inode_priv.h"

/* Fill the clusters of [@agbno, +@blocks) with free inodes. */
static int init_chunk_bufs(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			   xfs_extlen_t blocks)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	uint32_t len = geo->blocks_per_cluster << geo->blocklog;
	uint32_t gen = xfs_random32(mp);

	for (xfs_extlen_t done = 0; done < blocks; done += geo->blocks_per_cluster) {
		xfs_agblock_t cluster = agbno + done;
		xfs_ino_t ino = XFS_AGINO_TO_INO(geo, pag->pag_agno,
						 XFS_AGB_TO_AGINO(geo, cluster));
		struct xfs_buf *bp;
		int error;

		error = xfs_buf_get(mp, XFS_AGB_TO_DADDR(geo, pag->pag_agno, cluster), len,
				    &xfs_inode_buf_ops, &bp);
		if (error)
			return error;
		for (uint32_t off = 0; off < len; off += geo->inodesize, ino++) {
			struct xfs_dinode *dip = (struct xfs_dinode *)((char *)bp->b_addr + off);

			dip->di_magic = cpu_to_be16(XFS_DINODE_MAGIC);
			dip->di_version = XFS_DINODE_VERSION;
			dip->di_gen = cpu_to_be32(gen);
			dip->di_next_unlinked = cpu_to_be32(NULLAGINO);
			dip->di_ino = cpu_to_be64(ino);
			dip->di_uuid = geo->meta_uuid;
			xfs_cksum_set(dip, geo->inodesize, XFS_DINODE_CRC_OFF);
		}
		xfs_trans_log_new_inodes(tp, bp, done ? 0 : blocks);
		xfs_buf_put(bp);
	}
	return 0;
}

/* The best place for the next chunk is behind the last one. */
static xfs_agblock_t chunk_hint(struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	xfs_agino_t newino = xfs_agi_newino(pag);

	if (newino == NULLAGINO)
		return geo->prealloc_blocks;
	return XFS_AGINO_TO_AGBNO(geo, newino) + geo->ialloc_blks;
}

/* Allocate a whole chunk; *@agbno is NULLAGBLOCK if there is no room. */
static int alloc_full(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno)
{
	const struct xfs_geometry *geo = &tp->t_mount->m_geo;
	xfs_agblock_t min = (xfs_agblock_t)xfs_roundup64((uint64_t)geo->agfl_block + 1,
							 geo->cluster_align);
	xfs_agblock_t eoag = pag->pag_length - pag->pag_length % geo->cluster_align;
	xfs_agblock_t max;
	int error;

	*agbno = NULLAGBLOCK;
	if (eoag < min + geo->ialloc_blks)
		return 0;
	max = eoag - geo->ialloc_blks;
	if (geo->ialloc_align) {
		*agbno = chunk_hint(pag);
		error = xfs_alloc_chunk_locked(tp, pag, agbno, geo->ialloc_blks, geo->ialloc_align,
					       min, max);
		if (error || *agbno != NULLAGBLOCK)
			return error;
	}
	*agbno = chunk_hint(pag);
	return xfs_alloc_chunk_locked(tp, pag, agbno, geo->ialloc_blks, geo->cluster_align, min, max);
}

/* Allocate a part of a chunk where no whole one fits. */
static int alloc_sparse(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno)
{
	const struct xfs_geometry *geo = &tp->t_mount->m_geo;
	xfs_agblock_t align = XFS_MAX(geo->inoalignmt, 1u), eoag;

	*agbno = NULLAGBLOCK;
	if (!geo->spino_align || geo->spino_align >= geo->ialloc_blks)
		return 0;
	eoag = pag->pag_length - pag->pag_length % align;
	if (eoag < align + geo->ialloc_blks)
		return 0;
	*agbno = chunk_hint(pag);
	return xfs_alloc_chunk_locked(tp, pag, agbno, geo->spino_align, geo->spino_align, align,
				      eoag - geo->ialloc_blks + (geo->ialloc_blks - geo->spino_align));
}

/*
 * Insert the inodes of a sparse allocation into the trees, as a new record or into an existing one.
 */
static int insert_sparse(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno)
{
	const struct xfs_geometry *geo = &tp->t_mount->m_geo;
	xfs_agblock_t start = agbno - agbno % XFS_MAX(geo->inoalignmt, 1u);
	xfs_agino_t startino = XFS_AGB_TO_AGINO(geo, start);
	unsigned int first = (unsigned int)(XFS_AGB_TO_AGINO(geo, agbno) - startino);
	unsigned int count = geo->spino_align << geo->inopblog;
	struct xfs_inobt_rec_incore rec, old;
	uint16_t present = 0;
	bool found;
	int error;

	for (unsigned int i = first; i < first + count; i += 4)
		present |= (uint16_t)(1u << (i / 4));
	error = xfs_inobt_lookup(pag, startino, &old, &found);
	if (error)
		return error;
	if (!found) {
		rec = (struct xfs_inobt_rec_incore){
			.ir_startino = startino, .ir_holemask = (uint16_t)~present,
			.ir_count = (uint8_t)count, .ir_freecount = (uint8_t)count,
			.ir_free = ~(uint64_t)0,
		};
		return xfs_inobt_insert(tp, pag, &rec);
	}
	if (old.ir_startino != startino || (~old.ir_holemask & present))
		return xfs_corrupt(tp->t_mount, "inobt",
				   "AG %u: inodes at block %u are already recorded", pag->pag_agno,
				   agbno);
	rec = old;
	rec.ir_holemask &= (uint16_t)~present;
	rec.ir_count = (uint8_t)(rec.ir_count + count);
	rec.ir_freecount = (uint8_t)(rec.ir_freecount + count);
	return xfs_inobt_update(tp, pag, &old, &rec);
}

static int insert_full(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno)
{
	const struct xfs_geometry *geo = &tp->t_mount->m_geo;
	xfs_agino_t agino = XFS_AGB_TO_AGINO(geo, agbno);

	for (uint32_t done = 0; done < geo->ialloc_inos; done += 64) {
		struct xfs_inobt_rec_incore rec = {
			.ir_startino = agino + done, .ir_count = 64, .ir_freecount = 64,
			.ir_free = ~(uint64_t)0,
		};
		int error = xfs_inobt_insert(tp, pag, &rec);

		if (error)
			return error;
	}
	return 0;
}

/*
 * Make more inodes in this AG. *@made false, with nothing changed: there is no room, or the limit
 * on inodes is reached.
 */
static int make_chunk(struct xfs_trans *tp, struct xfs_perag *pag, bool *made)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_extlen_t blocks = geo->ialloc_blks;
	xfs_agblock_t agbno, start;
	int32_t inodes;
	int error;

	*made = false;
	if (geo->maxicount && xfs_trans_icount(tp) + geo->ialloc_inos > geo->maxicount)
		return 0;
	inodes = (int32_t)(blocks << geo->inopblog);
	error = xfs_agi_check_counts(pag, inodes, inodes);
	if (!error)
		error = alloc_full(tp, pag, &agbno);
	if (error)
		return error;
	if (agbno != NULLAGBLOCK) {
		start = agbno;
		error = init_chunk_bufs(tp, pag, agbno, blocks);
		if (!error)
			error = insert_full(tp, pag, agbno);
	} else {
		error = alloc_sparse(tp, pag, &agbno);
		if (error || agbno == NULLAGBLOCK)
			return error;
		blocks = geo->spino_align;
		start = agbno - agbno % XFS_MAX(geo->inoalignmt, 1u);
		error = init_chunk_bufs(tp, pag, agbno, blocks);
		if (!error)
			error = insert_sparse(tp, pag, agbno);
	}
	if (error)
		return error;
	inodes = (int32_t)(blocks << geo->inopblog);
	xfs_agi_mod_counts(tp, pag, inodes, inodes);
	xfs_agi_set_newino(tp, pag, XFS_AGB_TO_AGINO(geo, start));
	xfs_trans_mod_inodes(tp, inodes, inodes);
	*made = true;
	return 0;
}

/*
 * A new inode is not read from disk, but after a crash the LSN on disk decides whether its log item
 * is replayed.  So check the LSNs of the whole cluster, once for many new inodes.  The buffer will
 * be needed anyway when they are written.
 */
static int check_cluster(struct xfs_perag *pag, xfs_ino_t ino, const struct xfs_imap *imap)
{
	struct xfs_mount *mp = pag->pag_mount;
	const uint32_t size = mp->m_geo.inodesize;
	xfs_ino_t first = ino - imap->im_offset / size;
	struct xfs_buf *bp;
	int error;

	if (pag->pag_fit_cluster == imap->im_daddr)
		return 0;
	error = xfs_buf_read(mp, imap->im_daddr, imap->im_len, &xfs_inode_buf_ops, &bp);
	if (error)
		return error;
	error = xfs_mutex_want(&bp->b_lock);
	if (error) {
		xfs_buf_put(bp);
		return error;
	}
	for (uint32_t off = 0; !error && off < imap->im_len; off += size) {
		const struct xfs_dinode *dip = (const void *)((const char *)bp->b_addr + off);
		uint64_t lsn = be64_to_cpu(dip->di_lsn);

		/*
		 * A damaged free inode does not matter until it is used, and its LSN means nothing.
		 */
		if (xfs_lsn_is_ahead(mp, lsn) && xfs_cksum_ok(dip, size, XFS_DINODE_CRC_OFF))
			error = xfs_lsn_refuse(mp, "inode", lsn, "inode %" PRIu64,
					       first + off / size);
	}
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	if (!error)
		pag->pag_fit_cluster = imap->im_daddr;
	return error;
}

/* Take the lowest free inode of the record nearest to @near. */
static int take_from_ag(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agino_t near,
			xfs_ino_t *inop, struct xfs_imap *imap)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_inobt_rec_incore rec, old;
	uint64_t avail;
	unsigned int bit;
	bool found;
	int error;

	error = xfs_inobt_find_free(pag, near, &old, &found);
	if (error)
		return error;
	avail = found ? old.ir_free & xfs_inobt_irec_allocmask(&old) : 0;
	if (!avail)
		return xfs_corrupt(mp, "inobt",
				   "AG %u: %u free inodes are counted, but none is recorded",
				   pag->pag_agno, pag->pag_ifree);
	bit = xfs_lowbit64(avail);
	*inop = XFS_AGINO_TO_INO(geo, pag->pag_agno, old.ir_startino + bit);
	xfs_imap_in_chunk(mp, *inop, XFS_AGINO_TO_AGBNO(geo, old.ir_startino), imap);
	error = check_cluster(pag, *inop, imap);
	if (error)
		return error;
	rec = old;
	rec.ir_free &= ~((uint64_t)1 << bit);
	rec.ir_freecount--;
	error = xfs_inobt_update(tp, pag, &old, &rec);
	if (error)
		return error;
	xfs_agi_mod_counts(tp, pag, 0, -1);
	xfs_trans_mod_inodes(tp, 0, -1);
	pag->pag_last_agino = rec.ir_startino + bit;
	return 0;
}

/* Allocate an inode in this AG; *@inop is NULLFSINO if it has none and gets none. */
static int alloc_in_ag(struct xfs_trans *tp, xfs_agnumber_t agno, xfs_ino_t parent,
		       xfs_ino_t *inop, struct xfs_imap *imap)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, agno);
	xfs_agino_t near;
	bool made = true;
	int error;

	*inop = NULLFSINO;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (!error && pag->pag_ifree == 0)
		error = make_chunk(tp, pag, &made);
	if (!error && made) {
		if (parent && XFS_INO_TO_AGNO(&mp->m_geo, parent) == agno)
			near = XFS_INO_TO_AGINO(&mp->m_geo, parent);
		else
			near = xfs_agi_newino(pag);
		if (pag->pag_last_agino)
			near = pag->pag_last_agino;
		error = take_from_ag(tp, pag, near, inop, imap);
	}
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_dialloc(struct xfs_trans *tp, xfs_ino_t parent, uint16_t mode, xfs_ino_t *inop,
		struct xfs_imap *imap)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agnumber_t start = parent ? XFS_INO_TO_AGNO(geo, parent) : 0;

	if (S_ISDIR(mode) && parent)
		start = __atomic_fetch_add(&mp->m_dir_rotor, 1, __ATOMIC_RELAXED) % geo->agcount;
	for (xfs_agnumber_t i = 0; i < geo->agcount; i++) {
		int error = alloc_in_ag(tp, (start + i) % geo->agcount, parent, inop, imap);

		if (error || *inop != NULLFSINO)
			return error;
	}
	return xfs_error(mp, -ENOSPC, "no free inode and no space for more");
}

int xfs_ifree_prepare(struct xfs_inode *ip)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_perag *pag = xfs_perag_get(ip->i_mount, XFS_INO_TO_AGNO(geo, ip->i_ino));
	xfs_agino_t agino = XFS_INO_TO_AGINO(geo, ip->i_ino);
	struct xfs_inobt_rec_incore rec;
	bool found;
	int error;

	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup(pag, agino, &rec, &found);
	if (!error)
		error = xfs_inobt_find_free(pag, agino, &rec, &found);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_difree(struct xfs_trans *tp, xfs_ino_t ino, bool *chunk_gone)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_INO_TO_AGNO(geo, ino));
	xfs_agino_t agino = XFS_INO_TO_AGINO(geo, ino);
	struct xfs_inobt_rec_incore rec, old;
	uint64_t bit;
	bool found;
	int error;

	*chunk_gone = false;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup(pag, agino, &old, &found);
	if (error)
		goto out_unlock;
	error = xfs_agi_check_counts(pag, 0, 1);
	if (error)
		goto out_unlock;
	bit = found ? (uint64_t)1 << (agino - old.ir_startino) : 0;
	if (!found || old.ir_free & bit) {
		error = xfs_corrupt(mp, "inobt",
				    "inode %" PRIu64 " is to be freed, but is not in use", ino);
		goto out_unlock;
	}
	rec = old;
	rec.ir_free |= bit;
	rec.ir_freecount++;
	xfs_agi_mod_counts(tp, pag, 0, 1);
	xfs_trans_mod_inodes(tp, 0, 1);
	if (rec.ir_freecount == rec.ir_count && geo->inopblock <= 64)
		error = xfs_difree_chunk(tp, pag, &old, chunk_gone);
	else
		error = xfs_inobt_update(tp, pag, &old, &rec);
out_unlock:
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}
