/* SPDX-License-Identifier: MIT */
/*
 * The mapping that write-back needs: allocated, written blocks for exactly the range whose data it
 * writes.  They are mapped as written at once: the checkpoint that makes the mapping visible is not
 * on disk before the data is (ordered data).
 */
#include "core/message.h"
#include "iomap/iomap.h"

uint32_t xfs_map_blocks_resv(const struct xfs_mount *mp, uint32_t n)
{
	/* Converting the middle of an extent adds two records; a remap deletes and adds. */
	return n * 2 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
}

/* True if @tp has blocks for one piece beyond those of delayed allocations. */
static bool has_blocks(const struct xfs_trans *tp, const struct xfs_mount *mp)
{
	return tp && xfs_trans_blocks_left(tp) >= xfs_map_blocks_resv(mp, 1);
}

/*
 * True if the delalloc extent @got goes on behind @end with blocks that should be contiguous on
 * disk: data that is written later, or preallocation of a file that is still open for writing, or
 * that keeps it after close.  Then all of it is allocated now, unwritten.  Otherwise files written
 * at the same time would alternate on disk in pieces of one write-back each.
 */
static bool takes_rest_along(const struct xfs_inode *ip, const struct xfs_bmbt_irec *got,
			     xfs_fileoff_t end)
{
	uint64_t isize = (uint64_t)__atomic_load_n(&ip->i_size, __ATOMIC_ACQUIRE);

	return xfs_irec_end(got) > end &&
	       (XFS_FSB_TO_B(&ip->i_mount->m_geo, end) < isize ||
		__atomic_load_n(&ip->i_opens_write, __ATOMIC_RELAXED) > 0 ||
		xfs_iflags_test(ip, XFS_IF_EOF_RELEASED));
}

static int convert_delalloc(struct xfs_trans *tp, struct xfs_inode *ip,
			    const struct xfs_bmbt_irec *got, xfs_fileoff_t off, xfs_filblks_t len,
			    struct xfs_bmbt_irec *map)
{
	int error;

	if (!tp)
		return -EAGAIN;
	if (!takes_rest_along(ip, got, off + len))
		return xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off, len, false, map);
	if (!has_blocks(tp, ip->i_mount))
		return -EAGAIN;
	error = xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off,
					   xfs_irec_end(got) - off, true, map);
	if (error)
		return error;
	len = XFS_MIN(len, map->br_blockcount);
	return xfs_bmapi_write(tp, ip, off, len, XFS_BMAPI_CONVERT, map);
}

int xfs_map_unwritten(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		      xfs_filblks_t len, struct xfs_bmbt_irec *map)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	int error;

	if (!xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got) || got.br_startoff > off ||
	    !isnullstartblock(got.br_startblock))
		return -EAGAIN;
	if (takes_rest_along(ip, &got, off + len))
		error = xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off,
						   xfs_irec_end(&got) - off, true, map);
	else
		error = xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off, len, true, map);
	if (!error)
		map->br_blockcount = XFS_MIN(len, map->br_blockcount);
	return error;
}

int xfs_map_blocks(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		   xfs_filblks_t len, struct xfs_bmbt_irec *map, bool *fresh)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	int error;

	if (xfs_reflink_has_cow(ip) && xfs_iext_lookup_extent(ip->i_cowfp, off, &cur, &got)) {
		if (got.br_startoff <= off) {
			*fresh = true;
			len = XFS_MIN(len, xfs_irec_end(&got) - off);
			if (!has_blocks(tp, ip->i_mount))
				return -EAGAIN;
			return xfs_reflink_remap_cow(tp, ip, off, len, map);
		}
		len = XFS_MIN(len, got.br_startoff - off);
	}
	error = xfs_iread_extents_at(ip, XFS_DATA_FORK, off, xfs_bmap_most_extents(ip->i_mount));
	if (error)
		return error;
	*fresh = false;
	if (!xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got))
		got.br_startoff = NULLFILEOFF;
	if (got.br_startoff > off) {
		*map = (struct xfs_bmbt_irec){
			.br_startoff = off,
			.br_startblock = XFS_HOLESTARTBLOCK,
			.br_blockcount = XFS_MIN(len, got.br_startoff - off),
		};
		return 0;
	}
	len = XFS_MIN(len, xfs_irec_end(&got) - off);
	if (isnullstartblock(got.br_startblock)) {
		*fresh = true;
		XFS_TRACE(ip->i_mount, xfs_map_blocks_alloc, ip->i_ino, off, len);
		return convert_delalloc(tp, ip, &got, off, len, map);
	}
	if (got.br_state == XFS_EXT_UNWRITTEN) {
		*fresh = true;
		if (!has_blocks(tp, ip->i_mount))
			return -EAGAIN;
		XFS_TRACE(ip->i_mount, xfs_unwritten_convert, ip->i_ino, off, len);
		return xfs_bmapi_write(tp, ip, off, len, XFS_BMAPI_CONVERT, map);
	}
	XFS_TRACE(ip->i_mount, xfs_map_blocks_found, ip->i_ino, off, len);
	*map = got;
	xfs_irec_trim(map, off, off + len);
	return 0;
}
