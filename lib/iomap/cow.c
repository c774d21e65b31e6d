/* SPDX-License-Identifier: MIT */
/* Shared blocks: finding out, and putting new ones in their place. */
#include "ag/refcount.h"
#include "core/message.h"
#include "iomap/iomap.h"

int xfs_reflink_trim_around_shared(struct xfs_inode *ip, struct xfs_bmbt_irec *irec, bool *shared)
{
	xfs_fsblock_t first;
	xfs_extlen_t len;
	int error;

	ASSERT(irec->br_blockcount <= XFS_MAX_BMBT_EXTLEN);
	error = xfs_refcount_find_shared(ip->i_mount, irec->br_startblock,
					 (xfs_extlen_t)irec->br_blockcount, &first, &len);
	if (error)
		return error;
	*shared = first == irec->br_startblock;
	if (*shared)
		irec->br_blockcount = XFS_MIN(irec->br_blockcount, len);
	else if (first != NULLFSBLOCK)
		irec->br_blockcount = first - irec->br_startblock;
	return 0;
}

bool xfs_reflink_has_cow(const struct xfs_inode *ip)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return ip->i_cowfp && xfs_iext_first_extent(ip->i_cowfp, &cur, &got);
}

int xfs_reflink_cancel_cow(struct xfs_inode *ip, xfs_fileoff_t off)
{
	if (!xfs_reflink_has_cow(ip))
		return 0;
	return xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, off, NULLFILEOFF);
}

int xfs_reflink_remap_cow(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
			  xfs_filblks_t len, struct xfs_bmbt_irec *map)
{
	bool done = false;
	int error;

	error = xfs_bmapi_convert_delalloc(tp, ip, XFS_COW_FORK, off, len, false, map);
	if (error)
		return error;
	while (!error && !done)
		error = xfs_bunmapi(tp, ip, map->br_startoff, map->br_blockcount, 0,
				    XFS_MAX_BMBT_EXTLEN, &done);
	if (error)
		return error;
	error = xfs_bunmapi(tp, ip, map->br_startoff, map->br_blockcount,
			    XFS_BMAPI_COWFORK | XFS_BMAPI_REMAP, XFS_MAX_BMBT_EXTLEN, &done);
	if (error)
		return error;
	XFS_TRACE(ip->i_mount, xfs_reflink_end_cow, ip->i_ino, map->br_startoff,
		  map->br_blockcount);
	return xfs_bmapi_remap(tp, ip, map->br_startoff, map->br_blockcount, map->br_startblock,
			       false);
}
