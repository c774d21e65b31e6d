/* SPDX-License-Identifier: MIT */
/* Looking up mappings of a fork. */
#include "bmap/bmap_priv.h"
#include "core/stats.h"

/*
 * Get the fork with its records in memory: all of them, or those around *@place.  Reading them
 * changes the inode, so the caller holds the ILOCK exclusively in that case.
 */
static int get_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, struct xfs_ifork **ifpp,
		    const xfs_fileoff_t *place)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);

	ASSERT(xfs_rwlock_is_held(&ip->i_lock));
	*ifpp = ifp;
	if (unlikely(!ifp || (ifp->if_format != XFS_DINODE_FMT_EXTENTS &&
			      ifp->if_format != XFS_DINODE_FMT_BTREE)))
		return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64 ", fork %d has no extents",
				   ip->i_ino, (int)whichfork);
	if (likely(!xfs_fork_needs_read(ip, whichfork)))
		return 0;
	return place ? xfs_bmap_read_place(ip, whichfork, *place) : xfs_iread_extents(ip, whichfork);
}

int xfs_bmapi_read(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		   struct xfs_bmbt_irec *maps, int *nmaps, uint32_t flags)
{
	xfs_fileoff_t end = bno + len;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_ifork *ifp;
	int room = *nmaps, n = 0;
	bool more;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_blk_mapr);
	*nmaps = 0;
	error = get_fork(ip, xfs_bmapi_whichfork(flags), &ifp, &bno);
	if (error)
		return error;
	more = xfs_iext_lookup_extent(ifp, bno, &cur, &got);
	while (bno < end && n < room) {
		struct xfs_bmbt_irec *map = &maps[n];

		if (unlikely(n && ifp->if_window)) {
			error = xfs_bmap_read_place(ip, xfs_bmapi_whichfork(flags), bno);
			if (error)
				return error;
			more = xfs_iext_lookup_extent(ifp, bno, &cur, &got);
		}
		n++;
		if (!more || got.br_startoff > bno) {
			map->br_startoff = bno;
			map->br_startblock = XFS_HOLESTARTBLOCK;
			map->br_blockcount = (more ? XFS_MIN(got.br_startoff, end) : end) - bno;
			map->br_state = XFS_EXT_NORM;
			bno += map->br_blockcount;
			continue;
		}
		*map = got;
		if (!(flags & XFS_BMAPI_ENTIRE))
			xfs_irec_trim(map, bno, end);
		if (isnullstartblock(map->br_startblock))
			map->br_startblock = XFS_DELAYSTARTBLOCK;
		bno = xfs_irec_end(&got);
		more = xfs_iext_next_extent(ifp, &cur, &got);
	}
	*nmaps = n;
	return 0;
}

int xfs_bmapi_read_one(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		       struct xfs_bmbt_irec *map, uint32_t flags)
{
	int nmaps = 1;
	int error = xfs_bmapi_read(ip, bno, len, map, &nmaps, flags);

	if (!error && XFS_IS_CORRUPT(ip->i_mount, "extent map", ip->i_ino,
				      nmaps != 1 || map->br_startoff != bno))
		error = -EUCLEAN;
	return error;
}

int xfs_bmap_find_extent(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			 struct xfs_bmbt_irec *irec, bool *found, bool *last)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec next;
	int error;

	*found = *last = false;
	if (!ifp || ifp->if_format == XFS_DINODE_FMT_LOCAL)
		return 0;
	error = get_fork(ip, whichfork, &ifp, &off);
	if (error)
		return error;
	*found = xfs_iext_lookup_extent(ifp, off, &cur, irec);
	*last = *found && !xfs_iext_peek_next_extent(ifp, &cur, &next);
	return 0;
}

int xfs_bmap_last_offset(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 xfs_fileoff_t *last_block)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	xfs_fileoff_t end = NULLFILEOFF;
	int error;

	*last_block = 0;
	if (!ifp || ifp->if_format == XFS_DINODE_FMT_LOCAL)
		return 0;
	error = get_fork(ip, whichfork, &ifp, &end);
	if (!error && xfs_iext_last_extent(ifp, &cur, &got))
		*last_block = xfs_irec_end(&got);
	return error;
}

int xfs_bmap_first_unused(struct xfs_inode *ip, xfs_extlen_t len, xfs_fileoff_t start,
			  xfs_fileoff_t *unused, enum xfs_fork_id whichfork)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	bool more;
	int error;

	*unused = start;
	if (ifp->if_format == XFS_DINODE_FMT_LOCAL)
		return 0;
	error = get_fork(ip, whichfork, &ifp, NULL);
	if (error)
		return error;
	for (more = xfs_iext_lookup_extent(ifp, start, &cur, &got);
	     more && got.br_startoff < *unused + len;
	     more = xfs_iext_next_extent(ifp, &cur, &got)) {
		if (xfs_irec_end(&got) > *unused)
			*unused = start + xfs_roundup64(xfs_irec_end(&got) - start, len);
	}
	return 0;
}
