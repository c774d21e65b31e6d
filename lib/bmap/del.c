/* SPDX-License-Identifier: MIT */
/* Unmapping: extents are removed from a fork, and their blocks are freed or lose an owner. */
#include "ag/refcount.h"
#include "bmap/bmap_priv.h"
#include "core/stats.h"

/* Drop this mapping's claim on the blocks of @del. */
static int release_blocks(struct xfs_bmap_op *op, const struct xfs_bmbt_irec *del, uint32_t flags)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_owner_info oinfo = xfs_bmap_owner(ip, op->whichfork, del);
	xfs_extlen_t len = (xfs_extlen_t)del->br_blockcount;
	int error;

	if (op->whichfork == XFS_COW_FORK) {
		/*
		 * Not in the reverse map: these blocks were allocated in this transaction, or move
		 * to the data fork.
		 */
		oinfo.oi_owner = XFS_RMAP_SKIP;
		return flags & XFS_BMAPI_REMAP ? 0 :
		       xfs_free_extent(op->tp, del->br_startblock, len, &oinfo, XFS_AG_RESV_NONE);
	}
	if (flags & XFS_BMAPI_REMAP)
		return xfs_rmap_unmap(op->tp, del->br_startblock, len, &oinfo);
	if (op->whichfork == XFS_DATA_FORK && (ip->i_diflags2 & XFS_DIFLAG2_REFLINK)) {
		error = xfs_rmap_unmap(op->tp, del->br_startblock, len, &oinfo);
		return error ? error : xfs_refcount_decrease(op->tp, del->br_startblock, len);
	}
	return xfs_free_extent(op->tp, del->br_startblock, len, &oinfo, XFS_AG_RESV_NONE);
}

/* Unmap [@off, @end) of the real extent @got at @cur. */
static int unmap_real(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur,
		      const struct xfs_bmbt_irec *got, xfs_fileoff_t off, xfs_fileoff_t end,
		      uint32_t flags)
{
	struct xfs_bmap_edit edit = {.cur = *cur, .nold = 1, .old = {*got}};
	struct xfs_bmbt_irec del = *got;
	struct xfs_inode *ip = op->ip;
	int error;

	xfs_irec_trim(&del, off, end);
	xfs_bmap_edit_keep(&edit, got, got->br_startoff, off);
	xfs_bmap_edit_keep(&edit, got, end, xfs_irec_end(got));
	if (op->whichfork != XFS_COW_FORK && unlikely(ip->i_nblocks < del.br_blockcount))
		return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64
				   " maps more blocks than the %" PRIu64 " it counts", ip->i_ino,
				   ip->i_nblocks);
	error = xfs_bmap_edit(op, &edit, false);
	if (error)
		return error;
	if (op->whichfork == XFS_COW_FORK) {
		ip->i_cow_blocks -= del.br_blockcount;
		/* Blocks that move to the data fork stay held until they are counted there. */
		if (!(flags & XFS_BMAPI_REMAP))
			xfs_inode_held(ip);
	} else {
		ip->i_nblocks -= del.br_blockcount;
		op->logflags |= XFS_ILOG_CORE;
	}
	return release_blocks(op, &del, flags);
}

/* Whether the transaction can take one extent more: of the log, and of memory. */
static bool has_room(const struct xfs_bmap_op *op)
{
	return op->tree_freed < XFS_RESV_TREE_FREES &&
	       xfs_trans_log_left(op->tp) >= xfs_resv_unmap_step(op->tp->t_mount) &&
	       !xfs_trans_is_short(op->tp);
}

int xfs_bunmapi(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		uint32_t flags, xfs_extnum_t max_extents, bool *done)
{
	enum xfs_fork_id whichfork = xfs_bmapi_whichfork(flags);
	xfs_fileoff_t end = bno + len;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_blk_unmap);
	*done = false;
	if (end < bno)
		end = NULLFILEOFF;
	error = xfs_bmap_op_init_at(&op, tp, ip, whichfork, end);
	if (error)
		return error;
	if (unlikely(whichfork == XFS_DATA_FORK && (ip->i_diflags & XFS_DIFLAG_REALTIME) &&
		     op.ifp->if_nextents))
		return xfs_error(ip->i_mount, -EOPNOTSUPP,
				 "inode %" PRIu64 ": the realtime device is not supported",
				 ip->i_ino);
	for (xfs_extnum_t n = 0;; n++) {
		xfs_fileoff_t from, to;

		error = xfs_bmap_read_place(ip, whichfork, end);
		if (error) {
			/* The next transaction sees this error before its first change. */
			if (n && flags & XFS_BMAPI_YIELD)
				error = 0;
			break;
		}
		if (!xfs_iext_lookup_extent_before(op.ifp, end, &cur, &got) ||
		    xfs_irec_end(&got) <= bno) {
			*done = true;
			break;
		}
		if (n == max_extents || (n && flags & XFS_BMAPI_YIELD && !has_room(&op)))
			break;
		from = XFS_MAX(bno, got.br_startoff);
		to = XFS_MIN(end, xfs_irec_end(&got));
		if (xfs_irec_is_real(&got))
			error = unmap_real(&op, &cur, &got, from, to, flags);
		else
			error = xfs_bmap_del_extent_delay(ip, whichfork, &cur, &got, from, to);
		if (error)
			break;
		xfs_iext_unreserve(ip->i_mount, &op.spare);
		end = from;
	}
	xfs_bmap_op_end(&op);
	return error;
}
