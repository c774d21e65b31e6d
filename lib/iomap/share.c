/* SPDX-License-Identifier: MIT */
/*
 * Sharing blocks of one file with another (clone, dedupe).
 *
 * The range is shared piece by piece, in file order: unmap the destination's blocks, add an owner
 * to the source's blocks, map them, and update the destination's size.  A piece is in one
 * transaction, so that no crash shows half of one.  A transaction takes as many pieces as its log
 * reservation allows.  After a crash, a first part of a long range is shared, and the rest has its
 * old contents.
 *
 * Everything that can fail is checked before a piece changes anything (TRANS-1).  If the reference
 * count tree still runs out of blocks, because other threads took them first, the range of one
 * piece is left as a hole.
 */
#include "ag/refcount.h"
#include "base/sabotage.h"
#include "core/message.h"
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "quota/quota.h"
#include "trans/resv.h"

/*
 * Blocks for the destination's extent tree are reserved for this many pieces; most pieces take
 * none.
 */
#define RESERVED_PIECES	16u

/* One record is deleted and one inserted; either may split the tree. */
static uint32_t piece_blocks(const struct xfs_mount *mp)
{
	return 3 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
}

static bool is_written(const struct xfs_bmbt_irec *irec)
{
	return xfs_irec_is_real(irec) && irec->br_state == XFS_EXT_NORM;
}

static bool is_hole(const struct xfs_bmbt_irec *irec)
{
	return irec->br_startblock == XFS_HOLESTARTBLOCK;
}

static void mark_reflink(struct xfs_trans *tp, struct xfs_inode *ip)
{
	if (ip->i_diflags2 & XFS_DIFLAG2_REFLINK || XFS_SABOTAGE(XFS_RULE_REFLINK_FLAG))
		return;
	xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_REFLINK);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

/* Grow the destination's size to what has been shared, up to byte sh->size. */
static void follow_size(struct xfs_trans *tp, struct xfs_share *sh, xfs_fileoff_t end_fsb)
{
	struct xfs_inode *dst = sh->dst;
	uint64_t end = XFS_FSB_TO_B(&dst->i_mount->m_geo, end_fsb);

	end = XFS_MIN(end, sh->size);
	if (end > (uint64_t)dst->i_size)
		__atomic_store_n(&dst->i_size, (xfs_fsize_t)end, __ATOMIC_RELEASE);
	if (end <= (uint64_t)dst->i_disk_size)
		return;
	dst->i_disk_size = (xfs_fsize_t)end;
	xfs_trans_log_inode(tp, dst, XFS_ILOG_CORE);
}

/*
 * Replace the destination's extent @to by the source's @from, which has the same length. *@broken:
 * it failed in the middle of a change.
 */
static int replace(struct xfs_trans *tp, struct xfs_share *sh, const struct xfs_bmbt_irec *from,
		   const struct xfs_bmbt_irec *to, bool *broken)
{
	uint64_t before = xfs_trans_changes(tp);
	struct xfs_inode *dst = sh->dst;
	xfs_extlen_t len = (xfs_extlen_t)to->br_blockcount;
	bool done;
	int error = 0;

	if (!is_hole(to))
		error = xfs_bunmapi(tp, dst, to->br_startoff, len, 0, 1, &done);
	if (!error && is_written(from)) {
		/*
		 * After the unmap the range is a hole, which may stay.  Only later changes count as
		 * broken.
		 */
		before = xfs_trans_changes(tp);
		if (!XFS_SABOTAGE(XFS_RULE_SHARED_COUNT))
			error = xfs_refcount_increase(tp, from->br_startblock, len);
		if (!error) {
			mark_reflink(tp, sh->src);
			mark_reflink(tp, dst);
			error = xfs_bmapi_remap(tp, dst, to->br_startoff, len,
						from->br_startblock, false);
		}
	}
	*broken = error && xfs_trans_changes(tp) != before;
	return error;
}

/* Share the next piece.  The ILOCKs are held. */
static int share_piece(struct xfs_trans *tp, struct xfs_share *sh, bool *broken)
{
	struct xfs_bmbt_irec from, to;
	xfs_extlen_t run;
	int error;

	error = xfs_bmapi_read_one(sh->src, sh->src_off, sh->len, &from, 0);
	if (!error)
		error = xfs_bmapi_read_one(sh->dst, sh->dst_off, from.br_blockcount, &to, 0);
	if (error)
		return error;
	from.br_blockcount = to.br_blockcount;
	if (is_written(&from) ? is_written(&to) && from.br_startblock == to.br_startblock
			      : is_hole(&to) || to.br_state == XFS_EXT_UNWRITTEN)
		goto done;
	if (is_written(&from)) {
		error = xfs_refcount_check_increase(sh->src->i_mount, from.br_startblock,
						    (xfs_extlen_t)from.br_blockcount, &run);
		if (!error)
			error = xfs_iext_count_extend(tp, sh->dst, XFS_DATA_FORK, 2);
		/* Blocks that the destination already has there are charged already. */
		if (!error)
			error = xfs_quota_reserve_blocks(tp, sh->dst, xfs_quota_worst_alloc(
					sh->dst->i_mount, xfs_irec_is_real(&to) ? 0 : run));
		if (error)
			return error;
		from.br_blockcount = to.br_blockcount = run;
	}
	error = replace(tp, sh, &from, &to, broken);
	if (error)
		return error;
done:
	sh->src_off += to.br_blockcount;
	sh->dst_off += to.br_blockcount;
	sh->len -= to.br_blockcount;
	follow_size(tp, sh, sh->dst_off);
	return 0;
}

/* True if @tp has room for one more piece. */
static bool has_room(const struct xfs_trans *tp, const struct xfs_mount *mp)
{
	if (!xfs_trans_is_dirty(tp))
		return true;
	return xfs_trans_log_left(tp) >= xfs_resv_share_step(mp) &&
	       xfs_trans_blocks_left(tp) >= piece_blocks(mp) && !xfs_trans_is_short(tp);
}

/* The ILOCKs are held. *@broken: the transaction has made a change that it cannot undo. */
static int share_locked(struct xfs_trans *tp, struct xfs_share *sh, bool *broken)
{
	int error = 0;

	while (!error && sh->len && has_room(tp, sh->src->i_mount))
		error = share_piece(tp, sh, broken);
	return error;
}

static int share_step(struct xfs_share *sh)
{
	struct xfs_mount *mp = sh->src->i_mount;
	struct xfs_trans *tp;
	bool broken = false;
	int error, error2;

	error = xfs_trans_alloc(mp, XFS_RESV_SHARE, RESERVED_PIECES * piece_blocks(mp), 0, &tp);
	if (error == -ENOSPC)
		error = xfs_trans_alloc(mp, XFS_RESV_SHARE, piece_blocks(mp), 0, &tp);
	if (error)
		return error;
	error = xfs_ilock_want_two(sh->src, sh->dst);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	error = share_locked(tp, sh, &broken);
	/* It may have become larger than memory is. */
	xfs_bmap_forget_extents(sh->dst, XFS_DATA_FORK, xfs_bmap_most_extents(mp));
	xfs_iunlock_two(sh->src, sh->dst);
	if (broken)
		return xfs_trans_finish(tp, error);
	error2 = xfs_trans_commit(tp);
	return error ? error : error2;
}

int xfs_reflink_share(struct xfs_share *sh)
{
	int error = 0;

	XFS_TRACE(sh->src->i_mount, xfs_reflink_remap_range, sh->src->i_ino, sh->src_off, sh->len,
		  sh->dst->i_ino, sh->dst_off);
	while (!error && sh->len)
		error = share_step(sh);
	return error;
}

/* ---- before the first change --------------------------------------------------------- */

static int check_locked(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_bmbt_irec irec;
	xfs_extlen_t run;
	int error = 0;

	while (!error && off < end) {
		error = xfs_bmapi_read_one(ip, off, end - off, &irec, 0);
		if (error)
			break;
		run = (xfs_extlen_t)XFS_MIN(irec.br_blockcount, (xfs_filblks_t)XFS_MAX_BMBT_EXTLEN);
		if (is_written(&irec)) {
			error = xfs_refcount_check_increase(ip->i_mount, irec.br_startblock, run,
							    &run);
			off += run;
		} else {
			off += irec.br_blockcount;
		}
	}
	return error;
}

int xfs_reflink_check_share(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len)
{
	int error = xfs_ilock_want_excl(ip);

	if (error)
		return error;
	error = check_locked(ip, off, off + len);
	xfs_iunlock_excl(ip);
	return error;
}
