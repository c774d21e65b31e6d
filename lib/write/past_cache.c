/* SPDX-License-Identifier: MIT */
/*
 * Common to writes that bypass the page cache: allocate unwritten blocks before the data is
 * written, and mark them as written and move the size in a transaction after it.  Its checkpoint is
 * not on disk before the data is.
 */
#include "trans/resv.h"
#include "write/write_priv.h"

int xfs_allocate_unwritten(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len,
			   struct xfs_bmbt_irec *irec)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	int error;

	error = xfs_trans_alloc(mp, XFS_RESV_MAP, 0, XFS_TRANS_RESERVE, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = xfs_map_unwritten(tp, ip, off, len, irec);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

int xfs_publish_blocks(struct xfs_inode *ip, struct xfs_bmbt_irec *irec)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_bmbt_irec now;
	struct xfs_trans *tp;
	bool fresh, grows = false;
	uint64_t end;
	int error;

	error = xfs_trans_alloc(mp, XFS_RESV_MAP, xfs_map_blocks_resv(mp, 1), XFS_TRANS_RESERVE,
				&tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = xfs_map_blocks(tp, ip, irec->br_startoff, irec->br_blockcount, &now, &fresh);
	if (!error) {
		/*
		 * We hold the IOLOCK and the file has no dirty data there, so nothing moves the
		 * blocks.
		 */
		ASSERT(now.br_startoff == irec->br_startoff);
		ASSERT(now.br_startblock == irec->br_startblock);
		irec->br_blockcount = now.br_blockcount;
		end = xfs_irec_end(&now) << mp->m_geo.blocklog;
		if (end > xfs_isize(ip))
			xfs_set_isize(ip, end);
		grows = end > (uint64_t)ip->i_disk_size;
		if (grows)
			ip->i_disk_size = (xfs_fsize_t)end;
		xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE | (grows || fresh ? 0 : XFS_ILOG_TIMES));
	}
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}
