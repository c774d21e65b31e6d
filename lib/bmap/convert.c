/* SPDX-License-Identifier: MIT */
/* Converting extents from unwritten to written and back. */
#include "bmap/bmap_priv.h"

int xfs_bmap_convert_extent(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur,
			    const struct xfs_bmbt_irec *got, xfs_fileoff_t off,
			    xfs_fileoff_t end, xfs_exntst_t state)
{
	struct xfs_bmap_edit edit = {.cur = *cur, .nold = 1, .old = {*got}};
	struct xfs_bmbt_irec part = *got;
	struct xfs_owner_info oinfo;
	int error;

	ASSERT(xfs_irec_is_real(got) && got->br_state != state);
	ASSERT(off >= got->br_startoff && off < end && end <= xfs_irec_end(got));
	xfs_irec_trim(&part, off, end);
	oinfo = xfs_bmap_owner(op->ip, op->whichfork, &part);
	xfs_bmap_edit_keep(&edit, got, got->br_startoff, off);
	part.br_state = state;
	edit.new[edit.nnew++] = part;
	xfs_bmap_edit_keep(&edit, got, end, xfs_irec_end(got));
	error = xfs_bmap_edit(op, &edit, false);
	if (!error && op->whichfork != XFS_COW_FORK)
		error = xfs_rmap_convert(op->tp, part.br_startblock, part.br_blockcount, &oinfo);
	return error;
}

int xfs_bmap_unconvert(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		       xfs_filblks_t len)
{
	xfs_fileoff_t end = off + len;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	ASSERT(S_ISREG(ip->i_mode));
	error = xfs_bmap_op_init_at(&op, tp, ip, XFS_DATA_FORK, off);
	while (!error && off < end) {
		error = xfs_bmap_read_place(ip, XFS_DATA_FORK, off);
		if (error)
			break;
		/* Every conversion makes the cursor stale. */
		if (!xfs_iext_lookup_extent(op.ifp, off, &cur, &got) || got.br_startoff >= end)
			break;
		off = XFS_MAX(off, got.br_startoff);
		if (xfs_irec_is_real(&got) && got.br_state == XFS_EXT_NORM)
			error = xfs_bmap_convert_extent(&op, &cur, &got, off,
							XFS_MIN(end, xfs_irec_end(&got)),
							XFS_EXT_UNWRITTEN);
		off = xfs_irec_end(&got);
		xfs_iext_unreserve(ip->i_mount, &op.spare);
	}
	xfs_bmap_op_end(&op);
	return error;
}
