/* SPDX-License-Identifier: MIT */
/* Mapping blocks into holes: new blocks, or blocks that are already allocated. */
#include "base/sabotage.h"
#include "bmap/bmap_priv.h"
#include "core/stats.h"

/* The neighbours of a hole; prev and next are NULL if there is none. */
struct hole {
	struct xfs_iext_cursor cur;	/* at the next extent, or the end */
	struct xfs_bmbt_irec prev_rec, next_rec;
	const struct xfs_bmbt_irec *prev, *next;
};

/* @more, @got: result of the lookup of @off; false: @off is mapped. */
static bool hole_around(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur, bool more,
			const struct xfs_bmbt_irec *got, xfs_fileoff_t off, struct hole *hole)
{
	if (more && got->br_startoff <= off)
		return false;
	hole->cur = *cur;
	hole->prev = hole->next = NULL;
	if (more) {
		hole->next_rec = *got;
		hole->next = &hole->next_rec;
	}
	if (xfs_iext_peek_prev_extent(ifp, cur, &hole->prev_rec))
		hole->prev = &hole->prev_rec;
	return true;
}

/* Apply the extent size hint, if the transaction's reservation covers the larger extent, too. */
static void align_to_hint(const struct xfs_bmap_op *op, const struct hole *hole,
			  struct xfs_bmap_alloc *ap)
{
	xfs_fileoff_t off = ap->off, want = ap->off;
	xfs_filblks_t len = ap->len;
	uint32_t hint = xfs_get_extsz_hint(op->ip);

	/* Beyond the requested range only unwritten blocks may be mapped. */
	if (!hint || op->whichfork != XFS_DATA_FORK || ap->state != XFS_EXT_UNWRITTEN ||
	    (ap->flags & (XFS_BMAPI_METADATA | XFS_BMAPI_CONTIG)))
		return;
	xfs_bmap_extsize_align(hint, hole->prev ? xfs_irec_end(hole->prev) : 0,
			       hole->next ? hole->next->br_startoff : NULLFILEOFF, &off, &len);
	if (off > want || off + len <= want ||
	    xfs_trans_blocks_left(op->tp) < xfs_bmap_tree_need(op->ip, op->whichfork, 1) + len)
		return;
	ap->off = off;
	ap->len = len;
	ap->minlen = want - off + 1;
}

static int allocate_into_hole(struct xfs_bmap_op *op, struct hole *hole, xfs_fileoff_t bno,
			      xfs_filblks_t len, uint32_t flags, struct xfs_bmbt_irec *map)
{
	struct xfs_mount *mp = op->ip->i_mount;
	struct xfs_bmap_alloc ap = {
		.op = op,
		.off = bno,
		.len = XFS_MIN(len, (xfs_filblks_t)XFS_MAX_BMBT_EXTLEN),
		.minlen = 1,
		.prev = hole->prev,
		.next = hole->next,
		.flags = flags,
		.state = flags & XFS_BMAPI_PREALLOC ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM,
	};
	struct xfs_bmap_edit edit = {.nold = 0, .nnew = 1};
	int error;

	if (hole->next)
		ap.len = XFS_MIN(ap.len, hole->next->br_startoff - bno);
	if (flags & XFS_BMAPI_CONTIG) {
		if (ap.len < len)
			return xfs_error(mp, -EINVAL, "inode %" PRIu64 ": no hole of %" PRIu64
					 " blocks at offset %" PRIu64, op->ip->i_ino, len, bno);
		ap.minlen = len;
	}
	align_to_hint(op, hole, &ap);
	edit.cur = hole->cur;
	error = xfs_bmap_prepare(op, &edit.cur, 1, 1, ap.len);
	if (error)
		return error;
	error = xfs_bmap_btalloc(&ap);
	if (!error && ap.fsbno == NULLFSBLOCK && ap.minlen > 1 && !(flags & XFS_BMAPI_CONTIG)) {
		/* Not enough space for the hint: allocate what was asked for. */
		ap.len = hole->next ? XFS_MIN(len, hole->next->br_startoff - bno) : len;
		ap.len = XFS_MIN(ap.len, (xfs_filblks_t)XFS_MAX_BMBT_EXTLEN);
		ap.off = bno;
		ap.minlen = 1;
		error = xfs_bmap_btalloc(&ap);
	}
	if (error)
		return error;
	if (ap.fsbno == NULLFSBLOCK)
		return xfs_error(mp, -ENOSPC, "no space for %" PRIu64 " blocks of inode %" PRIu64,
				 ap.minlen, op->ip->i_ino);

	edit.new[0] = (struct xfs_bmbt_irec){ap.off, ap.fsbno, ap.len, ap.state};
	*map = edit.new[0];
	op->ip->i_nblocks += ap.len;
	op->logflags |= XFS_ILOG_CORE;
	return xfs_bmap_edit(op, &edit, true);
}

int xfs_bmapi_write(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, uint32_t flags, struct xfs_bmbt_irec *map)
{
	enum xfs_fork_id whichfork = xfs_bmapi_whichfork(flags);
	struct xfs_iext_cursor cur;
	struct xfs_bmap_op op;
	struct hole hole;
	bool more;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_blk_mapw);
	ASSERT(len > 0 && whichfork != XFS_COW_FORK);
	ASSERT(!(flags & (XFS_BMAPI_PREALLOC | XFS_BMAPI_CONVERT)) ||
	       (whichfork == XFS_DATA_FORK && S_ISREG(ip->i_mode)));
	error = xfs_bmap_op_init_at(&op, tp, ip, whichfork, bno);
	if (error)
		return error;
	more = xfs_iext_lookup_extent(op.ifp, bno, &cur, map);
	if (hole_around(op.ifp, &cur, more, map, bno, &hole)) {
		if (unlikely(whichfork == XFS_DATA_FORK && (ip->i_diflags & XFS_DIFLAG_REALTIME)))
			return xfs_error(ip->i_mount, -EOPNOTSUPP,
					 "inode %" PRIu64 ": the realtime device is not supported",
					 ip->i_ino);
		error = allocate_into_hole(&op, &hole, bno, len, flags, map);
	} else if ((flags & XFS_BMAPI_CONVERT) && map->br_state == XFS_EXT_UNWRITTEN) {
		struct xfs_bmbt_irec got = *map;

		error = xfs_bmap_convert_extent(&op, &cur, &got, bno,
						XFS_MIN(bno + len, xfs_irec_end(&got)),
						XFS_EXT_NORM);
		map->br_state = XFS_EXT_NORM;
	} else if (isnullstartblock(map->br_startblock)) {
		map->br_startblock = XFS_DELAYSTARTBLOCK;
	}
	xfs_bmap_op_end(&op);
	if (!error)
		xfs_irec_trim(map, bno, bno + len);
	return error;
}

int xfs_bmapi_remap(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, xfs_fsblock_t startblock, bool unwritten)
{
	struct xfs_bmap_edit edit = {
		.nnew = 1,
		.new = {{bno, startblock, len, unwritten ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM}},
	};
	struct xfs_owner_info oinfo;
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	error = xfs_bmap_op_init_at(&op, tp, ip, XFS_DATA_FORK, bno);
	if (error)
		return error;
	ASSERT(len > 0 && len <= XFS_MAX_BMBT_EXTLEN);
	if (xfs_iext_lookup_extent(op.ifp, bno, &edit.cur, &got) &&
	    unlikely(got.br_startoff < bno + len))
		return xfs_error(ip->i_mount, -EINVAL, "inode %" PRIu64 ": offset %" PRIu64
				 " is mapped already", ip->i_ino, got.br_startoff);
	error = xfs_bmap_edit(&op, &edit, false);
	if (!error) {
		oinfo = xfs_bmap_owner(ip, XFS_DATA_FORK, &edit.new[0]);
		ip->i_nblocks += len;
		op.logflags |= XFS_ILOG_CORE;
		if (!XFS_SABOTAGE(XFS_RULE_SHARED_OWNER))
			error = xfs_rmap_map(tp, startblock, len, &oinfo);
	}
	xfs_bmap_op_end(&op);
	return error;
}
