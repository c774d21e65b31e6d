/* SPDX-License-Identifier: MIT */
/*
 * Extent size hints.  A file with one never has delayed allocations.  Its blocks are allocated when
 * it is written, in aligned units, as unwritten extents; write-back converts those whose data it
 * has written.
 */
#include "core/message.h"
#include "iomap/iomap.h"
#include "quota/quota.h"
#include "trans/resv.h"

#define MAX_ALLOC_BYTES	(4ull << 20)

/* The hole around a place: where the extents around it end and begin. */
struct hole {
	xfs_fileoff_t prev_end, next_start;
	bool eof;			/* no extent follows */
};

/*
 * Report the mapping at @off, trimmed to [@off, @end).  False: a hole, described in @hole.  ILOCK
 * held, extents read in.
 */
static bool report_mapped(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end,
			  struct xfs_iomap *map, struct hole *hole)
{
	struct xfs_bmbt_irec irec;
	struct xfs_iext_cursor cur;

	hole->eof = !xfs_iext_lookup_extent(&ip->i_df, off, &cur, &irec);
	if (!hole->eof && irec.br_startoff <= off) {
		xfs_irec_trim(&irec, off, end);
		xfs_iomap_from_irec(ip, &irec, map);
		return true;
	}
	hole->next_start = hole->eof ? NULLFILEOFF : irec.br_startoff;
	hole->prev_end = 0;
	if (xfs_iext_lookup_extent_before(&ip->i_df, off, &cur, &irec))
		hole->prev_end = xfs_irec_end(&irec);
	return false;
}

static void report_hole(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end,
			struct xfs_iomap *map)
{
	const struct xfs_bmbt_irec irec = {
		.br_startoff = off,
		.br_blockcount = end - off,
		.br_startblock = XFS_HOLESTARTBLOCK,
	};

	xfs_iomap_from_irec(ip, &irec, map);
}

/* Where to end the allocation for a write of [@offset, +@count) into @hole. */
static xfs_fileoff_t alloc_end(const struct xfs_inode *ip, uint64_t offset, uint64_t count,
			       uint32_t hint, const struct hole *hole)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t end;

	count = XFS_MIN(count, MAX_ALLOC_BYTES);
	end = XFS_B_TO_FSB(geo, offset + count);
	if (offset + count > (uint64_t)ip->i_size && hole->eof) {
		uint64_t align = hint;

		uint32_t stripe = xfs_stripe_align(ip->i_mount);

		if (stripe && (uint64_t)ip->i_size >= XFS_FSB_TO_B(geo, stripe))
			align = xfs_roundup64(stripe, hint);
		end = XFS_MIN(xfs_roundup64(end, align), XFS_B_TO_FSB(geo, XFS_MAXBYTES));
	}
	return XFS_MIN(end, hole->next_start);
}

int xfs_iomap_write_direct(struct xfs_inode *ip, uint64_t offset, uint64_t count, uint32_t hint,
			   bool zero, struct xfs_iomap *map)
{
	struct xfs_mount *mp = ip->i_mount;
	xfs_fileoff_t off = XFS_B_TO_FSBT(&mp->m_geo, offset);
	xfs_fileoff_t end = XFS_B_TO_FSB(&mp->m_geo, offset + count), start;
	xfs_filblks_t len, blocks;
	struct xfs_bmbt_irec irec;
	struct xfs_trans *tp;
	struct hole hole;
	int error;

	error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	error = xfs_fork_needs_read(ip, XFS_DATA_FORK) ? xfs_iread_extents(ip, XFS_DATA_FORK) : 0;
	/*
	 * The allocator may give less than was asked for, without reaching @off.  Then try again.
	 */
	while (!error && !report_mapped(ip, off, end, map, &hole)) {
		if (zero) {
			report_hole(ip, off, XFS_MIN(end, hole.next_start), map);
			break;
		}
		start = off;
		len = alloc_end(ip, offset, count, hint, &hole) - off;
		xfs_bmap_extsize_align(hint, hole.prev_end, hole.next_start, &start, &len);
		xfs_iunlock_excl(ip);
		blocks = len + xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
		error = xfs_trans_alloc(mp, XFS_RESV_MAP, (uint32_t)blocks, 0, &tp);
		if (error)
			return error;
		/* The IOLOCK keeps all others from filling the hole. */
		error = xfs_ilock_want_excl(ip);
		if (error) {
			xfs_trans_cancel(tp);
			return error;
		}
		error = xfs_quota_reserve_blocks(tp, ip, xfs_quota_worst_alloc(mp, len));
		if (!error)
			error = xfs_bmapi_write(tp, ip, start, len, XFS_BMAPI_PREALLOC, &irec);
		xfs_iunlock_excl(ip);
		if (error) {
			xfs_trans_cancel(tp);
			return error;
		}
		error = xfs_trans_commit(tp);
		xfs_inode_set_eofblocks_tag(ip);
		xfs_ilock_excl(ip);
	}
	xfs_iunlock_excl(ip);
	return error;
}
