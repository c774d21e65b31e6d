/* SPDX-License-Identifier: MIT */
/*
 * Counting what inodes cost their owners, chunk by chunk, for a quotacheck.  Inodes that are not in
 * memory are not read into the cache: they are counted in their cluster buffers.
 */
#include "base/crc32c.h"
#include "core/message.h"
#include "disk/verify.h"
#include "inode/inode_priv.h"

/* False: the inode is not in memory, or must be read from disk. */
static bool count_in_memory(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_inode_cost *cost)
{
	struct xfs_inode *ip = xfs_inode_find(mp, ino);
	bool good;

	if (!ip)
		return false;
	good = !xfs_iflags_test(ip, XFS_IF_UNREAD | XFS_IF_STALE);
	if (good) {
		xfs_ilock_excl(ip);
		ip->i_charged = xfs_inode_charge(ip);
		cost->charged = ip->i_charged;
		cost->metadata = ip->i_diflags2 & XFS_DIFLAG2_METADATA;
		xfs_iunlock_excl(ip);
	}
	xfs_inode_put(ip);
	return good;
}

static int count_on_disk(struct xfs_mount *mp, xfs_ino_t ino, const struct xfs_dinode *dip,
			 struct xfs_inode_cost *cost)
{
	xfs_failaddr_t fa;

	if (!xfs_cksum_ok(dip, mp->m_geo.inodesize, XFS_DINODE_CRC_OFF))
		return xfs_bad_checksum(mp, "inode", "wrong checksum of inode %" PRIu64, ino);
	fa = xfs_dinode_verify(&mp->m_geo, ino, dip);
	if (fa)
		return xfs_corrupt(mp, "inode", "inode %" PRIu64 ": %s", ino, fa);
	cost->metadata = be64_to_cpu(dip->di_flags2) & XFS_DIFLAG2_METADATA;
	cost->charged = (struct xfs_charged){
		{ be32_to_cpu(dip->di_uid), be32_to_cpu(dip->di_gid), xfs_dinode_projid(dip) },
		be16_to_cpu(dip->di_mode) != 0, be64_to_cpu(dip->di_nblocks), 0 };
	return 0;
}

/* *@bpp: the last cluster read, or NULL. */
static int count_inode(struct xfs_mount *mp, xfs_ino_t ino, xfs_agblock_t chunk, struct xfs_buf **bpp,
		       struct xfs_inode_cost *cost)
{
	struct xfs_imap imap;
	struct xfs_buf *bp = *bpp;
	int error;

	cost->ino = ino;
	if (count_in_memory(mp, ino, cost))
		return 0;
	xfs_imap_in_chunk(mp, ino, chunk, &imap);
	if (!bp || bp->b_daddr != imap.im_daddr) {
		xfs_buf_put(bp);
		*bpp = NULL;
		error = xfs_buf_read(mp, imap.im_daddr, imap.im_len, &xfs_inode_buf_ops, bpp);
		if (error)
			return error;
		bp = *bpp;
	}
	xfs_mutex_lock(&bp->b_lock);
	error = count_on_disk(mp, ino, (const void *)((const char *)bp->b_addr + imap.im_offset), cost);
	xfs_mutex_unlock(&bp->b_lock);
	return error;
}

int xfs_inode_count_chunk(struct xfs_mount *mp, xfs_agnumber_t agno,
			  const struct xfs_inobt_rec_incore *rec,
			  int (*fn)(void *arg, const struct xfs_inode_cost *cost), void *arg)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agblock_t chunk = XFS_AGINO_TO_AGBNO(geo, rec->ir_startino);
	struct xfs_buf *bp = NULL;
	int error = 0;

	for (uint32_t i = 0; i < XFS_INODES_PER_CHUNK && !error; i++) {
		xfs_agino_t agino = rec->ir_startino + i;
		struct xfs_inode_cost cost;

		if (rec->ir_free >> i & 1)
			continue;
		error = count_inode(mp, XFS_AGINO_TO_INO(geo, agno, agino), chunk, &bp, &cost);
		if (!error && cost.charged.exists)
			error = fn(arg, &cost);
	}
	xfs_buf_put(bp);
	return error;
}
