/* SPDX-License-Identifier: MIT */
/*
 * Moving extents of the data fork to other offsets.  Blocks stay where they are; the records of the
 * tree and of the reverse map change one extent at a time: down from the first one, up from the
 * last one, so that no two overlap at any moment.
 */
#include "bmap/bmap_priv.h"

/* Move all of @got at @cur to a hole. */
static int move_extent(struct xfs_bmap_op *op, const struct xfs_iext_cursor *cur,
		       const struct xfs_bmbt_irec *got, xfs_fileoff_t to)
{
	struct xfs_bmap_edit edit = {.cur = *cur, .nold = 1, .nnew = 1, .old = {*got}, .new = {*got}};
	struct xfs_owner_info oinfo = xfs_bmap_owner(op->ip, XFS_DATA_FORK, got);
	int error;

	if (unlikely(!xfs_irec_is_real(got)))
		return xfs_error(op->ip->i_mount, -EINVAL,
				 "inode %" PRIu64 ": delayed allocation at offset %" PRIu64
				 " cannot be moved",
				 op->ip->i_ino, got->br_startoff);
	edit.new[0].br_startoff = to;
	error = xfs_bmap_edit(op, &edit, false);
	if (error)
		return error;
	error = xfs_rmap_unmap(op->tp, got->br_startblock, got->br_blockcount, &oinfo);
	if (error)
		return error;
	oinfo.oi_offset = to;
	return xfs_rmap_map(op->tp, got->br_startblock, got->br_blockcount, &oinfo);
}

/* Move one extent down; *@done: there was none. */
static int move_one_down(struct xfs_bmap_op *op, xfs_fileoff_t *next, xfs_filblks_t shift,
			 bool *done)
{
	struct xfs_bmbt_irec got, prev;
	struct xfs_iext_cursor cur;
	int error;

	*done = !xfs_iext_lookup_extent(op->ifp, *next, &cur, &got);
	if (*done)
		return 0;
	if (unlikely(got.br_startoff < *next || got.br_startoff < shift ||
		     (xfs_iext_peek_prev_extent(op->ifp, &cur, &prev) &&
		      xfs_irec_end(&prev) > got.br_startoff - shift)))
		return xfs_error(op->ip->i_mount, -EINVAL, "inode %" PRIu64 ": no room below offset %"
				 PRIu64, op->ip->i_ino, got.br_startoff);
	error = move_extent(op, &cur, &got, got.br_startoff - shift);
	if (!error)
		*next = xfs_irec_end(&got);
	return error;
}

/* Move one extent up; *@done: none is left at or after @from. */
static int move_one_up(struct xfs_bmap_op *op, xfs_fileoff_t *next, xfs_fileoff_t from,
		       xfs_filblks_t shift, bool *done)
{
	struct xfs_bmbt_irec got, behind;
	struct xfs_iext_cursor cur;
	int error;

	*done = !xfs_iext_lookup_extent_before(op->ifp, *next, &cur, &got) ||
		xfs_irec_end(&got) <= from;
	if (*done)
		return 0;
	if (unlikely(got.br_startoff < from || xfs_irec_end(&got) > XFS_MAX_FILEOFF - shift ||
		     (xfs_iext_peek_next_extent(op->ifp, &cur, &behind) &&
		      behind.br_startoff < xfs_irec_end(&got) + shift)))
		return xfs_error(op->ip->i_mount, -EINVAL, "inode %" PRIu64 ": no room above offset %"
				 PRIu64, op->ip->i_ino, got.br_startoff);
	error = move_extent(op, &cur, &got, got.br_startoff + shift);
	if (!error)
		*next = got.br_startoff;
	return error;
}

/* True if @tp has log reservation and memory for one more extent. */
static bool has_room(const struct xfs_trans *tp)
{
	return xfs_trans_log_left(tp) >= xfs_resv_move_step(tp->t_mount) && !xfs_trans_is_short(tp);
}

int xfs_bmap_shift_extents(struct xfs_trans *tp, struct xfs_inode *ip, struct xfs_bmap_shift *sh,
			   xfs_extnum_t max_extents)
{
	struct xfs_bmap_op op;
	int error;

	error = xfs_bmap_op_init(&op, tp, ip, XFS_DATA_FORK);
	for (xfs_extnum_t n = 0; !error && !sh->done && n < max_extents; n++) {
		if (n && !has_room(tp))
			break;
		if (sh->up)
			error = move_one_up(&op, &sh->next, sh->from, sh->blocks, &sh->done);
		else
			error = move_one_down(&op, &sh->next, sh->blocks, &sh->done);
		xfs_iext_unreserve(ip->i_mount, &op.spare);
	}
	xfs_bmap_op_end(&op);
	return error;
}

int xfs_bmap_split_extent(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off)
{
	struct xfs_bmap_edit edit = {.nold = 1, .apart = true};
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	error = xfs_bmap_op_init(&op, tp, ip, XFS_DATA_FORK);
	if (error)
		return error;
	if (!xfs_iext_lookup_extent(op.ifp, off, &edit.cur, &got) || got.br_startoff >= off)
		return 0;
	if (unlikely(!xfs_irec_is_real(&got)))
		return xfs_error(ip->i_mount, -EINVAL,
				 "inode %" PRIu64 ": delayed allocation at offset %" PRIu64
				 " cannot be split",
				 ip->i_ino, off);
	edit.old[0] = got;
	xfs_bmap_edit_keep(&edit, &got, got.br_startoff, off);
	xfs_bmap_edit_keep(&edit, &got, off, xfs_irec_end(&got));
	error = xfs_bmap_edit(&op, &edit, false);
	xfs_bmap_op_end(&op);
	return error;
}

xfs_extnum_t xfs_bmap_count_from(struct xfs_inode *ip, xfs_fileoff_t off, xfs_extnum_t max)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	xfs_extnum_t n = 0;
	bool more;

	for (more = xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got); more && n < max;
	     more = xfs_iext_next_extent(&ip->i_df, &cur, &got))
		n++;
	return n;
}
