/* SPDX-License-Identifier: MIT */
/* What a file's map looks like from outside. */
#include <xfswrite/xfswrite.h>
#include "ag/refcount.h"
#include "base/growable.h"
#include "core/message.h"
#include "file/file.h"

/*
 * The mapping at block @off, up to @end.  Takes the ILOCK for itself only, so that a
 * long search keeps nobody waiting.
 */
static int map_at(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end,
		  struct xfs_bmbt_irec *irec)
{
	int error, nmaps = 1;
	bool excl;

	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	error = xfs_bmapi_read(ip, off, end - off, irec, &nmaps, 0);
	xfs_iunlock_map(ip, excl);
	if (!error && XFS_IS_CORRUPT(ip->i_mount, "extent map", ip->i_ino,
				      nmaps != 1 || irec->br_startoff != off))
		error = -EUCLEAN;
	return error;
}

/*
 * Is there data at @pos, in a mapping that ends at @end?  *@until: how far the answer goes.
 * Written and delayed blocks are data; holes and unwritten blocks are where memory says so.
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
		return xfs_error(ip->i_mount, -EINVAL, "inode %" PRIu64 " is no regular file",
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

/* Cut @irec to what is all shared or all not. */
static int cut_at_sharing(struct xfs_inode *ip, struct xfs_bmbt_irec *irec, bool *shared)
{
	*shared = false;
	if (!(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK) || isnullstartblock(irec->br_startblock) ||
	    irec->br_state != XFS_EXT_NORM)
		return 0;
	return xfs_reflink_trim_around_shared(ip, irec, shared);
}

int xfs_file_extents(struct xfs_inode *ip, uint64_t offset, struct xfs_extent *extents, size_t max,
		     size_t *count)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t off = XFS_B_TO_FSBT(geo, offset), last = 0;
	uint32_t stride = extents->size;
	struct xfs_bmbt_irec irec;
	struct xfs_extent own, *to = extents;
	bool shared, excl;
	size_t n = 0;
	int error;

	*count = 0;
	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	error = xfs_bmap_last_offset(ip, XFS_DATA_FORK, &last);
	xfs_iunlock_map(ip, excl);
	while (!error && n < max && off < last) {
		error = map_at(ip, off, last, &irec);
		if (!error)
			error = cut_at_sharing(ip, &irec, &shared);
		if (error)
			return error;
		off = xfs_irec_end(&irec);
		if (irec.br_startblock == XFS_HOLESTARTBLOCK)
			continue;
		own = (struct xfs_extent){
			.offset = XFS_FSB_TO_B(geo, irec.br_startoff),
			.length = XFS_FSB_TO_B(geo, irec.br_blockcount),
			.device_offset = ~0ull,
			.unwritten = irec.br_state == XFS_EXT_UNWRITTEN,
			.shared = shared,
			.delalloc = isnullstartblock(irec.br_startblock),
		};
		if (!own.delalloc)
			own.device_offset = xfs_fsb_to_bytes(geo, irec.br_startblock);
		to->size = stride;
		xfs_give_struct(&own, to);
		to = (struct xfs_extent *)(void *)((char *)to + stride);
		n++;
	}
	*count = n;
	return error;
}
