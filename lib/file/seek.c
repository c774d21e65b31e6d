/* SPDX-License-Identifier: MIT */
/* SEEK_DATA, SEEK_HOLE, and the extent map for callers. */
#include <xfswrite/xfswrite.h>
#include "ag/refcount.h"
#include "base/growable.h"
#include "core/message.h"
#include "file/file.h"

/*
 * The mapping at block @off, up to @end.  Takes the ILOCK only for the lookup, so that a long
 * search blocks nobody.
 */
static int map_at(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end,
		  struct xfs_bmbt_irec *irec)
{
	bool excl;
	int error;

	error = xfs_ilock_map_at(ip, XFS_DATA_FORK, off, &excl);
	if (error)
		return error;
	error = xfs_bmapi_read_one(ip, off, end - off, irec, 0);
	xfs_iunlock_map(ip, excl);
	return error;
}

/*
 * True if there is data at @pos, in a mapping that ends at @end. *@until: how far the answer holds.
 * Written and delayed blocks are data; holes and unwritten blocks are data if they are dirty in
 * memory.
 */
static bool has_data(struct xfs_inode *ip, const struct xfs_bmbt_irec *irec, uint64_t pos,
		     uint64_t end, uint64_t *until)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	uint64_t start, run_end;

	*until = end;
	if (irec->br_startblock != XFS_HOLESTARTBLOCK && irec->br_state == XFS_EXT_NORM)
		return true;
	if (!m || !xfs_mapping_find_dirty(m, pos, end, &start, &run_end))
		return false;
	if (start > pos) {
		*until = start;
		return false;
	}
	*until = run_end;
	return true;
}

int64_t xfs_file_seek(struct xfs_inode *ip, uint64_t offset, bool data)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	uint64_t isize = xfs_isize(ip), pos = offset, until;
	struct xfs_bmbt_irec irec;
	int error;

	if (!xfs_is_reg(ip))
		return xfs_error(ip->i_mount, -EINVAL, "inode %" PRIu64 " is not a regular file",
				 ip->i_ino);
	while (pos < isize) {
		error = map_at(ip, XFS_B_TO_FSBT(geo, pos), XFS_B_TO_FSB(geo, isize), &irec);
		if (error)
			return error;
		until = XFS_FSB_TO_B(geo, xfs_irec_end(&irec));
		if (has_data(ip, &irec, pos, XFS_MIN(until, isize), &until) == data)
			return (int64_t)pos;
		pos = until;
	}
	if (!data && offset < isize)
		return (int64_t)isize;
	return xfs_error(ip->i_mount, -ENXIO, "inode %" PRIu64 ": no %s at or after %" PRIu64,
			 ip->i_ino, data ? "data" : "hole", offset);
}

/* Trim @irec to blocks that are all shared or all not. */
static int cut_at_sharing(struct xfs_inode *ip, struct xfs_bmbt_irec *irec, bool *shared)
{
	*shared = false;
	if (!(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK) || isnullstartblock(irec->br_startblock) ||
	    irec->br_state != XFS_EXT_NORM)
		return 0;
	return xfs_reflink_trim_around_shared(ip, irec, shared);
}

/*
 * The mapping at or behind @off of a fork whose ILOCK is held.  Its length is 0 if there is none.
 * *@last: nothing follows it.
 */
static int find_mapping(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			struct xfs_bmbt_irec *irec, bool *last)
{
	bool found = false;
	int error = 0;

	if (whichfork != XFS_ATTR_FORK || xfs_inode_has_attr_fork(ip))
		error = xfs_bmap_find_extent(ip, whichfork, off, irec, &found, last);
	if (error || !found)
		irec->br_blockcount = 0;
	else
		xfs_irec_trim(irec, off, xfs_irec_end(irec));
	return error;
}

/* The same with the ILOCK taken here; also tells whether the blocks are shared. */
static int next_mapping(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			struct xfs_bmbt_irec *irec, bool *last, bool *shared) XFS_LOCKS_UNCHECKED
{
	xfs_filblks_t len;
	bool excl = false;
	int error = 0;

	*shared = false;
	/* The CoW fork is never on disk, and once allocated it stays. */
	if (whichfork == XFS_COW_FORK)
		error = xfs_ilock_want_shared(ip);
	else
		error = xfs_ilock_map_at(ip, whichfork, off, &excl);
	if (error)
		return error;
	error = find_mapping(ip, whichfork, off, irec, last);
	xfs_iunlock_map(ip, excl);
	if (error || !irec->br_blockcount || whichfork != XFS_DATA_FORK)
		return error;
	len = irec->br_blockcount;
	error = cut_at_sharing(ip, irec, shared);
	*last = *last && irec->br_blockcount == len;
	return error;
}

int xfs_file_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, uint64_t offset,
		     struct xfs_extent *extents, size_t max, size_t *count)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t off = XFS_B_TO_FSBT(geo, offset);
	struct xfs_extent own = { .last = false }, *to = extents;
	uint32_t stride = extents->size;
	struct xfs_bmbt_irec irec;
	bool shared, last = false;

	for (*count = 0; *count < max && !last; (*count)++) {
		int error = next_mapping(ip, whichfork, off, &irec, &last, &shared);

		if (error)
			return error;
		if (!irec.br_blockcount)
			break;
		off = xfs_irec_end(&irec);
		own = (struct xfs_extent){
			.offset = XFS_FSB_TO_B(geo, irec.br_startoff),
			.length = XFS_FSB_TO_B(geo, irec.br_blockcount),
			.device_offset = ~0ull,
			.unwritten = irec.br_state == XFS_EXT_UNWRITTEN,
			.shared = shared,
			.delalloc = isnullstartblock(irec.br_startblock),
			.last = last,
		};
		if (!own.delalloc)
			own.device_offset = xfs_fsb_to_bytes(geo, irec.br_startblock);
		to->size = stride;
		xfs_give_struct(&own, to);
		to = (struct xfs_extent *)(void *)((char *)to + stride);
	}
	return 0;
}
