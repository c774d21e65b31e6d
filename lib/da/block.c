/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a directory's data fork or of an attribute fork.  A directory block of several
 * file-system blocks is one buffer.  It is allocated in one piece if there is one, because kernels
 * cannot recover the journal items of a block in several pieces; it is read in any form.
 */
#include "core/message.h"
#include "da/da.h"
#include "disk/verify.h"

#define MAX_FSB	64u		/* the largest directory block, in the smallest blocks */

static uint32_t fork_flag(enum xfs_fork_id whichfork)
{
	return whichfork == XFS_ATTR_FORK ? XFS_BMAPI_ATTRFORK : 0;
}

static const char *fork_name(enum xfs_fork_id whichfork)
{
	return whichfork == XFS_ATTR_FORK ? "attribute fork" : "directory";
}

static int hole(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno)
{
	return xfs_corrupt(dp->i_mount, fork_name(whichfork),
			   "inode %" PRIu64 ": block %" PRIu32 " of the fork is missing", dp->i_ino,
			   bno);
}

/* The extents of [@bno, +@nfsb) on the device, adjacent ones merged. */
static int map_block(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno,
		     uint32_t nfsb, struct xfs_buf_map *pieces, uint32_t *npieces)
{
	const struct xfs_geometry *geo = &dp->i_mount->m_geo;
	struct xfs_bmbt_irec maps[MAX_FSB];
	int nmaps = (int)nfsb;
	uint32_t n = 0;
	xfs_filblks_t len = 0;
	int error;

	ASSERT(nfsb <= MAX_FSB);
	error = xfs_bmapi_read(dp, bno, nfsb, maps, &nmaps, fork_flag(whichfork));
	if (error)
		return error;
	for (int i = 0; i < nmaps; i++) {
		xfs_daddr_t daddr;

		if (maps[i].br_startblock == XFS_HOLESTARTBLOCK ||
		    maps[i].br_startblock == XFS_DELAYSTARTBLOCK)
			return hole(dp, whichfork, bno);
		daddr = XFS_FSB_TO_DADDR(geo, maps[i].br_startblock);
		if (n && pieces[n - 1].bm_bn + (pieces[n - 1].bm_len >> XFS_BB_SHIFT) == daddr) {
			pieces[n - 1].bm_len += (uint32_t)maps[i].br_blockcount << geo->blocklog;
		} else {
			pieces[n].bm_bn = daddr;
			pieces[n++].bm_len = (uint32_t)maps[i].br_blockcount << geo->blocklog;
		}
		len += maps[i].br_blockcount;
	}
	if (len != nfsb)
		return hole(dp, whichfork, bno);
	*npieces = n;
	return 0;
}

/* The usual case, one file-system block, without the arrays. */
static int map_one(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno,
		   struct xfs_buf_map *piece)
{
	const struct xfs_geometry *geo = &dp->i_mount->m_geo;
	struct xfs_bmbt_irec map;
	int nmaps = 1;
	int error;

	error = xfs_bmapi_read(dp, bno, 1, &map, &nmaps, fork_flag(whichfork));
	if (error)
		return error;
	if (nmaps != 1 || map.br_startblock == XFS_HOLESTARTBLOCK ||
	    map.br_startblock == XFS_DELAYSTARTBLOCK)
		return hole(dp, whichfork, bno);
	piece->bm_bn = XFS_FSB_TO_DADDR(geo, map.br_startblock);
	piece->bm_len = geo->blocksize;
	return 0;
}

int xfs_da_read_buf(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno,
		    uint32_t nfsb, const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_mount *mp = dp->i_mount;
	struct xfs_buf_map pieces[MAX_FSB];
	xfs_failaddr_t fa;
	uint32_t npieces = 1;
	int error;

	*bpp = NULL;
	if (likely(nfsb == 1))
		error = map_one(dp, whichfork, bno, pieces);
	else
		error = map_block(dp, whichfork, bno, nfsb, pieces, &npieces);
	if (!error)
		error = xfs_buf_read_map(mp, pieces, npieces, ops, bpp);
	if (error)
		return error;
	fa = xfs_da3_owner_check((*bpp)->b_addr, dp->i_ino);
	if (unlikely(fa)) {
		error = xfs_corrupt(mp, (*bpp)->b_ops->name,
				    "inode %" PRIu64 ", block %" PRIu32 " of the fork: %s",
				    dp->i_ino, bno, fa);
		xfs_buf_put(*bpp);
		*bpp = NULL;
	}
	return error;
}

int xfs_da_find_hole(struct xfs_inode *dp, enum xfs_fork_id whichfork, uint32_t nfsb,
		     xfs_dablk_t start, uint64_t end, xfs_dablk_t *bno)
{
	xfs_fileoff_t unused;
	int error;

	error = xfs_bmap_first_unused(dp, nfsb, start, &unused, whichfork);
	if (error)
		return error;
	if (unused + nfsb > end)
		return xfs_error(dp->i_mount, -ENOSPC, "inode %" PRIu64 ": the %s is full",
				 dp->i_ino, fork_name(whichfork));
	*bno = (xfs_dablk_t)unused;
	return 0;
}

int xfs_da_alloc_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		       xfs_dablk_t bno, uint32_t nfsb, const struct xfs_buf_ops *ops,
		       struct xfs_buf **bpp)
{
	uint32_t flags = XFS_BMAPI_METADATA | fork_flag(whichfork);
	struct xfs_buf_map pieces[MAX_FSB];
	struct xfs_bmbt_irec map;
	uint32_t npieces = 0, done = 0;
	int error;

	*bpp = NULL;
	if (nfsb > 1)
		flags |= XFS_BMAPI_CONTIG;
	error = xfs_buf_prealloc(dp->i_mount, nfsb << dp->i_mount->m_geo.blocklog, 1);
	if (error)
		return error;
	error = xfs_bmapi_write(tp, dp, bno, nfsb, flags, &map);
	if (error == -ENOSPC && nfsb > 1) {
		flags &= ~XFS_BMAPI_CONTIG;
		error = xfs_bmapi_write(tp, dp, bno, nfsb, flags, &map);
	}
	for (;;) {
		if (error)
			return error;
		done += (uint32_t)map.br_blockcount;
		if (done >= nfsb)
			break;
		error = xfs_bmapi_write(tp, dp, bno + done, nfsb - done, flags, &map);
	}
	if (nfsb == 1)
		error = map_one(dp, whichfork, bno, &pieces[npieces++]);
	else
		error = map_block(dp, whichfork, bno, nfsb, pieces, &npieces);
	if (error)
		return error;
	return xfs_buf_get_map(dp->i_mount, pieces, npieces, ops, bpp);
}

int xfs_da_free_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		      xfs_dablk_t bno, uint32_t nfsb, struct xfs_buf *bp)
{
	bool done = false;
	int error;

	xfs_trans_binval(tp, bp);
	while (!done) {
		error = xfs_bunmapi(tp, dp, bno, nfsb, fork_flag(whichfork), nfsb, &done);
		if (error)
			return error;
	}
	return 0;
}

int xfs_da_make_local(struct xfs_inode *dp, enum xfs_fork_id whichfork, const void *data,
		      uint32_t len, struct xfs_ifork *local)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(dp, whichfork), present = *ifp;
	int error;

	xfs_ifork_init_empty(ifp);
	error = xfs_init_local_fork(dp, whichfork, data, len);
	*local = *ifp;
	*ifp = present;
	return error;
}

/*
 * Each addition may split the fork's extent tree up to its root.  A block in several pieces adds as
 * many records, which fill further blocks of that tree.
 */
uint32_t xfs_da_alloc_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork,
			     uint32_t nblocks, uint32_t nfsb)
{
	uint32_t blocks = nblocks * (nfsb + xfs_bmap_add_blocks(mp, whichfork));

	if (nfsb > 1)
		blocks += nblocks * (nfsb - 1) / mp->m_geo.bmap_mnr[0] + 1;
	return blocks;
}

void xfs_da_init_info(struct xfs_inode *dp, struct xfs_buf *bp, uint16_t magic)
{
	struct xfs_da3_blkinfo *info = bp->b_addr;

	memset(info, 0, sizeof(*info));
	info->magic = cpu_to_be16(magic);
	info->blkno = cpu_to_be64((uint64_t)xfs_buf_daddr(bp));
	info->uuid = dp->i_mount->m_geo.meta_uuid;
	info->owner = cpu_to_be64(dp->i_ino);
}
