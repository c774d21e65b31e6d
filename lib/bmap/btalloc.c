/* SPDX-License-Identifier: MIT */
/*
 * Where the blocks of a fork are allocated: the policy, in terms of the file.  Inside an allocation
 * group ag/ decides.
 *
 * The aim is that a file is contiguous, that files made one after another are next to each other,
 * and that the contents of a directory stay in its AG:
 *
 * - right after the preceding extent, or before the following one, whichever is nearer;
 * - else near the inode itself, which is in its directory's AG;
 * - large requests at the end of a file start at a stripe unit;
 * - files that grow at the same time begin far apart, if the caller says so;
 * - the longest run in any AG is taken before a shorter one.
 */
#include "bmap/bmap_priv.h"

uint32_t xfs_get_extsz_hint(const struct xfs_inode *ip)
{
	return xfs_inode_diflags(ip) & XFS_DIFLAG_EXTSIZE ? xfs_inode_extsize(ip) : 0;
}

uint32_t xfs_get_cowextsz_hint(const struct xfs_inode *ip)
{
	uint32_t cow = xfs_inode_diflags2(ip) & XFS_DIFLAG2_COWEXTSIZE ? xfs_inode_cowextsize(ip) : 0;
	uint32_t hint = XFS_MAX(cow, xfs_get_extsz_hint(ip));

	return hint ? hint : XFS_DEFAULT_COWEXTSZ_HINT;
}

void xfs_bmap_extsize_align(uint32_t hint, xfs_fileoff_t prev_end, xfs_fileoff_t next_start,
			    xfs_fileoff_t *off, xfs_filblks_t *len)
{
	xfs_fileoff_t want = *off, end = want + *len, start;
	uint64_t size;

	start = xfs_rounddown64(want, hint);
	size = xfs_roundup64(end - start, hint);
	while (size > XFS_MAX_BMBT_EXTLEN && size > hint)
		size -= hint;
	if (start != want && start < prev_end)
		start = prev_end;
	if (start + size > next_start)
		start = next_start > size ? next_start - size : 0;
	if (start < prev_end)
		start = prev_end;
	if (start + size > next_start)
		size = next_start - start;
	*off = start;
	*len = size;
}

/* @block moved by @delta, if that is a block of the same AG that may hold data. */
static bool move_in_ag(const struct xfs_geometry *geo, xfs_fsblock_t block, int64_t delta,
		       xfs_fsblock_t *moved)
{
	xfs_agnumber_t agno = XFS_FSB_TO_AGNO(geo, block);
	int64_t agbno = (int64_t)XFS_FSB_TO_AGBNO(geo, block) + delta;

	if (agbno <= (int64_t)geo->agfl_block || agbno >= (int64_t)xfs_ag_block_count(geo, agno))
		return false;
	*moved = XFS_AGB_TO_FSB(geo, agno, (xfs_agblock_t)agbno);
	return true;
}

/* A gap wider than this many times the request is not kept free for later writes. */
#define GAP_FACTOR	4u

static xfs_fsblock_t target_block(const struct xfs_bmap_alloc *ap)
{
	const struct xfs_geometry *geo = &ap->op->ip->i_mount->m_geo;
	const struct xfs_bmbt_irec *prev = ap->prev, *next = ap->next;
	xfs_fsblock_t before = NULLFSBLOCK, after = NULLFSBLOCK;
	uint64_t gap_before = 0, gap_after = 0;

	if (prev && xfs_irec_is_real(prev)) {
		gap_before = ap->off - xfs_irec_end(prev);
		before = prev->br_startblock + prev->br_blockcount - 1;
		/* At the end of a file the gap is kept, whatever its width. */
		if ((next && gap_before > GAP_FACTOR * ap->len) || gap_before > geo->agblocks ||
		    !move_in_ag(geo, before, 1 + (int64_t)gap_before, &before))
			move_in_ag(geo, before, 1, &before);
	}
	if (next && xfs_irec_is_real(next)) {
		uint64_t back;

		gap_after = next->br_startoff - (ap->off + ap->len);
		back = next->br_startoff - ap->off;
		if (gap_after > GAP_FACTOR * ap->len)
			back = ap->len;
		after = next->br_startblock;
		if (back <= geo->agblocks)
			move_in_ag(geo, after, -(int64_t)back, &after);
	}
	if (before == NULLFSBLOCK && after == NULLFSBLOCK)
		return XFS_INO_TO_FSB(geo, ap->op->ip->i_ino);
	if (before == NULLFSBLOCK || (after != NULLFSBLOCK && gap_after < gap_before))
		return after;
	return before;
}

/* Allocate right after the preceding extent: all of it, or nothing. */
static int try_behind(struct xfs_bmap_alloc *ap, struct xfs_alloc_arg *args)
{
	int error;

	if (!ap->prev || !xfs_irec_is_real(ap->prev) || xfs_irec_end(ap->prev) != ap->off)
		return 0;
	args->flags |= XFS_ALLOC_EXACT;
	error = xfs_alloc_vextent(args);
	args->flags &= ~XFS_ALLOC_EXACT;
	return error;
}

/*
 * The end of a file that grows at the same time as others, and is written back in pieces: leave
 * room after it for the next piece.  Only with preallocation, which small files do not have.
 */
static int try_roomy(struct xfs_bmap_alloc *ap, struct xfs_alloc_arg *args)
{
	const struct xfs_inode *ip = ap->op->ip;
	xfs_extlen_t minlen = args->minlen;
	uint64_t isize = (uint64_t)__atomic_load_n(&ip->i_size, __ATOMIC_ACQUIRE);
	int error;

	if (!ap->op->delalloc || ap->op->whichfork != XFS_DATA_FORK || ap->next ||
	    !xfs_iflags_test(ip, XFS_IF_SIDE_BY_SIDE) ||
	    XFS_FSB_TO_B(&ip->i_mount->m_geo, ap->off + ap->len) <= isize)
		return 0;
	args->minlen = args->maxlen;
	error = try_behind(ap, args);
	if (!error && args->fsbno == NULLFSBLOCK) {
		args->alignment = xfs_stripe_align(ip->i_mount);
		args->flags |= XFS_ALLOC_ROOMY | XFS_ALLOC_THIS_AG;
		error = xfs_alloc_vextent(args);
		args->flags &= ~(XFS_ALLOC_ROOMY | XFS_ALLOC_THIS_AG);
		args->alignment = 0;
	}
	args->minlen = minlen;
	return error;
}

/* A large piece at the end of the file, on striped storage. */
static int try_striped(struct xfs_bmap_alloc *ap, struct xfs_alloc_arg *args)
{
	uint32_t stripe = xfs_stripe_align(ap->op->ip->i_mount);
	xfs_fsblock_t target = args->target;
	xfs_extlen_t minlen = args->minlen;
	int error;

	if (!stripe || ap->next || ap->len < stripe || (ap->flags & XFS_BMAPI_METADATA))
		return 0;
	args->minlen = args->maxlen;
	/* The last piece started at a stripe unit, so go on right after it. */
	error = try_behind(ap, args);
	if (error || args->fsbno != NULLFSBLOCK)
		goto out_restore;
	args->alignment = stripe;
	args->target = target;
	error = xfs_alloc_vextent(args);
out_restore:
	args->alignment = 0;
	args->minlen = minlen;
	return error;
}

int xfs_bmap_btalloc(struct xfs_bmap_alloc *ap)
{
	struct xfs_bmap_op *op = ap->op;
	struct xfs_inode *ip = op->ip;
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_bmbt_irec where = {.br_startoff = ap->off, .br_state = ap->state};
	struct xfs_alloc_arg args = {
		.tp = op->tp,
		.target = target_block(ap),
		.minlen = (xfs_extlen_t)ap->minlen,
		.maxlen = (xfs_extlen_t)XFS_MIN(ap->len, (xfs_filblks_t)geo->agblocks),
		.minleft = xfs_bmap_tree_need(ip, op->whichfork, 1),
		.resv = XFS_AG_RESV_NONE,
		.flags = op->delalloc ? XFS_ALLOC_DELALLOC : 0,
		.oinfo = xfs_bmap_owner(ip, op->whichfork, &where),
		.fsbno = NULLFSBLOCK,
	};
	int error;

	ap->fsbno = NULLFSBLOCK;
	if (args.maxlen < ap->minlen)
		return 0;
	if (!(ap->flags & XFS_BMAPI_METADATA))
		args.flags |= XFS_ALLOC_USERDATA;
	/* Blocks of a CoW fork get their owner when they move to the data fork. */
	if (op->whichfork == XFS_COW_FORK)
		args.oinfo.oi_owner = XFS_RMAP_SKIP;

	error = try_roomy(ap, &args);
	if (!error && args.fsbno == NULLFSBLOCK)
		error = try_striped(ap, &args);
	if (!error && args.fsbno == NULLFSBLOCK)
		error = xfs_alloc_vextent(&args);
	if (!error && args.fsbno == NULLFSBLOCK && args.minleft) {
		/*
		 * The AG is nearly full: let the tree's blocks, which are reserved, come from other
		 * AGs.
		 */
		args.minleft = 0;
		error = xfs_alloc_vextent(&args);
	}
	if (error || args.fsbno == NULLFSBLOCK)
		return error;
	ap->fsbno = args.fsbno;
	ap->len = args.len;
	return 0;
}
