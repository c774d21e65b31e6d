/* SPDX-License-Identifier: MIT */
/*
 * Delayed allocation: space is reserved when data is written to memory, and blocks are allocated
 * when the data is written back.
 *
 * A reservation has two parts: the blocks of the extent, and the blocks that the tree on disk needs
 * in the worst case to map them one by one ("indirect blocks"), whose number is in the null start
 * block of the in-core record.  Both are taken off the free counter, so write-back cannot run out
 * of space.  Whatever happens to the extent: the indirect blocks that it carries afterwards, those
 * used and those given back add up to those it carried before.
 */
#include "bmap/bmap_priv.h"
#include "core/stats.h"

xfs_filblks_t xfs_bmap_worst_indlen(const struct xfs_inode *ip, xfs_filblks_t len)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	uint32_t levels = geo->bmap_maxlevels[0];
	xfs_filblks_t total = 0;

	for (uint32_t level = 0; level < levels; level++) {
		len = xfs_howmany64(len, geo->bmap_mxr[level > 0]);
		total += len;
		if (len == 1)
			return total + levels - level - 1;
	}
	return total;
}

/* Divide @avail blocks between two pieces that want more. */
static void share_indlen(xfs_filblks_t avail, xfs_filblks_t want1, xfs_filblks_t want2,
			 xfs_filblks_t *len1, xfs_filblks_t *len2)
{
	xfs_filblks_t percent;

	*len1 = want1;
	*len2 = want2;
	if (want1 + want2 <= avail)
		return;
	percent = avail * 100 / (want1 + want2);
	*len1 = want1 * percent / 100;
	*len2 = want2 * percent / 100;
	avail -= *len1 + *len2;
	if (avail && *len2 == 0 && want2) {
		*len2 = 1;
		avail--;
	}
	while (avail) {
		if (*len1 < want1) {
			(*len1)++;
			avail--;
		}
		if (avail && *len2 < want2) {
			(*len2)++;
			avail--;
		}
	}
}

/* ---- making ------------------------------------------------------------------------- */

/* A new reservation, with the extents that it touches. */
struct delalloc_piece {
	struct xfs_iext_cursor cur;	/* at the following extent, or the end */
	struct xfs_bmbt_irec prev, next;
	bool have_prev, have_next;
	xfs_fileoff_t off;
	xfs_filblks_t len;
};

static bool touches(const struct xfs_bmbt_irec *left, const struct xfs_bmbt_irec *right)
{
	return isnullstartblock(left->br_startblock) && isnullstartblock(right->br_startblock) &&
	       xfs_irec_end(left) == right->br_startoff &&
	       left->br_blockcount + right->br_blockcount <= XFS_MAX_BMBT_EXTLEN;
}

static int reserve_delalloc(struct xfs_inode *ip, struct xfs_ifork *ifp, struct delalloc_piece *pr,
			struct xfs_bmbt_irec *got)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_bmbt_irec rec = {pr->off, nullstartblock(0), pr->len, XFS_EXT_NORM};
	xfs_filblks_t old = 0, indlen = xfs_bmap_worst_indlen(ip, pr->len);
	bool left, right;
	int64_t take;
	int error;

	left = pr->have_prev && touches(&pr->prev, &rec);
	if (left) {
		old += startblockval(pr->prev.br_startblock);
		rec.br_startoff = pr->prev.br_startoff;
		rec.br_blockcount += pr->prev.br_blockcount;
	}
	right = pr->have_next && touches(&rec, &pr->next);
	if (right) {
		old += startblockval(pr->next.br_startblock);
		rec.br_blockcount += pr->next.br_blockcount;
	}
	if (left || right)
		indlen = XFS_MIN(indlen + old, xfs_bmap_worst_indlen(ip, rec.br_blockcount));
	rec.br_startblock = nullstartblock(indlen);

	error = xfs_inode_hold(ip, pr->len);
	if (error)
		return error;
	take = (int64_t)(pr->len + indlen) - (int64_t)old;
	if (take > 0) {
		error = xfs_reserve_delalloc_blocks(mp, (uint64_t)take);
		if (error)
			goto out_held;
	}
	if (left && right) {
		xfs_iext_remove(mp, ifp, &pr->cur);
		/* The cursor is after the preceding record, or at the end. */
		xfs_iext_prev_extent(ifp, &pr->cur, got);
		xfs_iext_update(ifp, &pr->cur, &rec);
	} else if (left) {
		xfs_iext_prev_extent(ifp, &pr->cur, got);
		xfs_iext_update(ifp, &pr->cur, &rec);
	} else if (right) {
		xfs_iext_update(ifp, &pr->cur, &rec);
	} else {
		error = xfs_iext_insert(mp, ifp, &pr->cur, &rec, NULL);
		if (error) {
			xfs_settle_delalloc_blocks(mp, 0, take);
			error = xfs_error(mp, error, "out of memory for extents");
			goto out_held;
		}
	}
	if (take < 0)
		xfs_settle_delalloc_blocks(mp, 0, -take);
	ip->i_delayed_blks += pr->len;
	*got = rec;
	return 0;
out_held:
	xfs_inode_held(ip);
	return error;
}

int xfs_bmapi_reserve_delalloc(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			       xfs_fileoff_t off, xfs_filblks_t len, xfs_filblks_t prealloc,
			       struct xfs_bmbt_irec *got)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct delalloc_piece pr;
	bool larger;
	int error;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	ASSERT(len > 0 && !ifp->if_needextents && whichfork != XFS_ATTR_FORK);
	pr.have_next = xfs_iext_lookup_extent(ifp, off, &pr.cur, &pr.next);
	pr.have_prev = xfs_iext_peek_prev_extent(ifp, &pr.cur, &pr.prev);
	if (unlikely(pr.have_next && pr.next.br_startoff <= off))
		return xfs_error(ip->i_mount, -EINVAL, "inode %" PRIu64 ": offset %" PRIu64
				 " is mapped already", ip->i_ino, off);

	pr.off = off;
	len = XFS_MIN(len, (xfs_filblks_t)XFS_MAX_BMBT_EXTLEN);
	if (pr.have_next)
		len = XFS_MIN(len, pr.next.br_startoff - off);
	pr.len = XFS_MIN(len + prealloc, (xfs_filblks_t)XFS_MAX_BMBT_EXTLEN);
	if (pr.have_next)
		pr.len = XFS_MIN(pr.len, pr.next.br_startoff - off);
	prealloc = pr.len - len;
	if (whichfork == XFS_COW_FORK && !prealloc)
		xfs_bmap_extsize_align(xfs_get_cowextsz_hint(ip),
				       pr.have_prev ? xfs_irec_end(&pr.prev) : 0,
				       pr.have_next ? pr.next.br_startoff : NULLFILEOFF, &pr.off,
				       &pr.len);
	larger = pr.off < off || pr.len > len;
	error = reserve_delalloc(ip, ifp, &pr, got);
	if ((error == -ENOSPC || error == -EDQUOT) && larger) {
		XFS_TRACE(ip->i_mount, xfs_delalloc_enospc, ip->i_ino, off, len, prealloc);
		pr.off = off;
		pr.len = len;
		larger = false;
		error = reserve_delalloc(ip, ifp, &pr, got);
	}
	if (!error && whichfork == XFS_COW_FORK)
		XFS_TRACE(ip->i_mount, xfs_inode_set_cowblocks_tag, ip->i_ino);
	if (!error && whichfork == XFS_COW_FORK)
		xfs_stats_add(ip->i_mount, XFS_COUNT_cow_blocks, pr.len);
	if (!error && whichfork == XFS_DATA_FORK && larger)
		xfs_stats_add(ip->i_mount, XFS_COUNT_prealloc_blocks, pr.len - len);
	if (!error && whichfork == XFS_DATA_FORK && larger)
		xfs_inode_set_eofblocks_tag(ip);
	return error;
}

/* ---- dropping --------------------------------------------------------------------------- */

int xfs_bmap_del_extent_delay(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			      struct xfs_iext_cursor *cur, const struct xfs_bmbt_irec *got,
			      xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_bmbt_irec left = *got, right = *got, rec;
	xfs_filblks_t old = startblockval(got->br_startblock), len1 = 0, len2 = 0;
	bool have_left = got->br_startoff < off, have_right = end < xfs_irec_end(got);
	int error;

	ASSERT(isnullstartblock(got->br_startblock));
	ASSERT(off >= got->br_startoff && off < end && end <= xfs_irec_end(got));
	if (have_left) {
		xfs_irec_trim(&left, got->br_startoff, off);
		len1 = xfs_bmap_worst_indlen(ip, left.br_blockcount);
	}
	if (have_right) {
		xfs_irec_trim(&right, end, xfs_irec_end(got));
		len2 = xfs_bmap_worst_indlen(ip, right.br_blockcount);
	}
	if (have_left && have_right) {
		/*
		 * Two pieces need two worst cases; blocks that are dropped may pay for the
		 * difference.
		 */
		xfs_filblks_t steal = 0;

		if (len1 + len2 > old)
			steal = XFS_MIN(len1 + len2 - old, end - off);
		share_indlen(old + steal, len1, len2, &len1, &len2);
	} else {
		len1 = XFS_MIN(len1, old);
		len2 = XFS_MIN(len2, old);
	}
	left.br_startblock = nullstartblock(len1);
	right.br_startblock = nullstartblock(len2);

	if (have_left && have_right) {
		/* Insert the new record first: on failure nothing has changed. */
		xfs_iext_next_extent(ifp, cur, &rec);
		error = xfs_iext_insert(mp, ifp, cur, &right, NULL);
		if (error)
			return xfs_error(mp, error, "out of memory for extents");
		xfs_iext_prev_extent(ifp, cur, &rec);
		xfs_iext_update(ifp, cur, &left);
	} else if (have_left) {
		xfs_iext_update(ifp, cur, &left);
	} else if (have_right) {
		xfs_iext_update(ifp, cur, &right);
	} else {
		xfs_iext_remove(mp, ifp, cur);
	}
	ip->i_delayed_blks -= end - off;
	xfs_inode_held(ip);
	xfs_settle_delalloc_blocks(mp, 0, (int64_t)(end - off + old) - (int64_t)(len1 + len2));
	return 0;
}

int xfs_bmap_punch_delalloc_range(struct xfs_inode *ip, enum xfs_fork_id whichfork,
				  xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	int error = 0;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	/* Delayed allocations exist only in a map that is in memory as a whole. */
	if (!ifp || ifp->if_needextents)
		return 0;
	while (!error && off < end && xfs_iext_lookup_extent_before(ifp, end, &cur, &got) &&
	       xfs_irec_end(&got) > off) {
		xfs_fileoff_t from = XFS_MAX(off, got.br_startoff);

		if (isnullstartblock(got.br_startblock))
			error = xfs_bmap_del_extent_delay(ip, whichfork, &cur, &got, from,
							  XFS_MIN(end, xfs_irec_end(&got)));
		end = from;
	}
	return error;
}

/* ---- conversion: delayed blocks become real ----------------------------------------------- */

static void set_indlen(struct xfs_ifork *ifp, const struct xfs_bmbt_irec *rest,
		       xfs_filblks_t indlen)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	if (!xfs_iext_lookup_extent(ifp, rest->br_startoff, &cur, &got))
		return;
	ASSERT(got.br_startoff == rest->br_startoff && isnullstartblock(got.br_startblock));
	got.br_startblock = nullstartblock(indlen);
	xfs_iext_update(ifp, &cur, &got);
}

/*
 * Settle the indirect blocks after a conversion that used @blocks and tree blocks out of @old.  The
 * parts that stay delayed (NULL or empty: none) carry their worst case so far.  If that is more
 * than is left, take more from the counter, or reduce it.
 */
static void settle(struct xfs_bmap_op *op, xfs_filblks_t blocks, xfs_filblks_t old,
		   const struct xfs_bmbt_irec *left, const struct xfs_bmbt_irec *right)
{
	struct xfs_mount *mp = op->ip->i_mount;
	int64_t avail = (int64_t)old - (int64_t)op->tree_blocks;
	xfs_filblks_t want1 = left ? startblockval(left->br_startblock) : 0;
	xfs_filblks_t want2 = right ? startblockval(right->br_startblock) : 0;
	xfs_filblks_t have = avail > 0 ? (xfs_filblks_t)avail : 0;
	int64_t back = avail - (int64_t)(want1 + want2);

	if (unlikely(want1 + want2 > have)) {
		if (xfs_reserve_delalloc_blocks(mp, want1 + want2 - have) == 0) {
			back = avail - (int64_t)have;
		} else {
			xfs_filblks_t len1, len2;

			share_indlen(have, want1, want2, &len1, &len2);
			if (left)
				set_indlen(op->ifp, left, len1);
			if (right)
				set_indlen(op->ifp, right, len2);
			back = avail - (int64_t)(len1 + len2);
		}
	}
	xfs_settle_delalloc_blocks(mp, blocks + op->tree_blocks, back);
}

int xfs_bmapi_convert_delalloc(struct xfs_trans *tp, struct xfs_inode *ip,
			       enum xfs_fork_id whichfork, xfs_fileoff_t off, xfs_filblks_t len,
			       bool unwritten, struct xfs_bmbt_irec *map)
{
	struct xfs_bmap_edit edit = {.nold = 1};
	struct xfs_bmbt_irec got, prev, next, left, right;
	struct xfs_bmap_alloc ap = {.off = off, .minlen = 1};
	const struct xfs_bmbt_irec *leftp = NULL, *rightp = NULL;
	struct xfs_bmap_op op;
	int error;

	error = xfs_bmap_op_init(&op, tp, ip, whichfork);
	if (error)
		return error;
	op.delalloc = true;
	if (unlikely(!xfs_iext_lookup_extent(op.ifp, off, &edit.cur, &got) ||
		     got.br_startoff > off || xfs_irec_is_real(&got)))
		return xfs_error(ip->i_mount, -EINVAL, "inode %" PRIu64 ": no delayed allocation at %"
				 PRIu64, ip->i_ino, off);
	edit.old[0] = got;
	ap.op = &op;
	ap.len = XFS_MIN(len, xfs_irec_end(&got) - off);
	ap.state = unwritten ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM;
	if (xfs_iext_peek_prev_extent(op.ifp, &edit.cur, &prev))
		ap.prev = &prev;
	if (xfs_iext_peek_next_extent(op.ifp, &edit.cur, &next))
		ap.next = &next;
	error = xfs_bmap_prepare(&op, &edit.cur,
				 (got.br_startoff < off) + (off + ap.len < xfs_irec_end(&got)), 1,
				 0);
	if (!error)
		error = xfs_bmap_btalloc(&ap);
	if (!error && ap.fsbno == NULLFSBLOCK)
		error = xfs_error(ip->i_mount, -ENOSPC, "no space for what inode %" PRIu64
				  " was reserved", ip->i_ino);
	if (error)
		goto out_end;

	if (got.br_startoff < off) {
		left = got;
		xfs_irec_trim(&left, got.br_startoff, off);
		left.br_startblock = nullstartblock(xfs_bmap_worst_indlen(ip, left.br_blockcount));
		edit.new[edit.nnew++] = left;
		leftp = &left;
	}
	*map = (struct xfs_bmbt_irec){off, ap.fsbno, ap.len, ap.state};
	edit.new[edit.nnew++] = *map;
	if (off + ap.len < xfs_irec_end(&got)) {
		right = got;
		xfs_irec_trim(&right, off + ap.len, xfs_irec_end(&got));
		right.br_startblock = nullstartblock(xfs_bmap_worst_indlen(ip, right.br_blockcount));
		edit.new[edit.nnew++] = right;
		rightp = &right;
	}
	ip->i_delayed_blks -= ap.len;
	if (whichfork == XFS_COW_FORK)
		ip->i_cow_blocks += ap.len;
	else
		ip->i_nblocks += ap.len;
	op.logflags |= XFS_ILOG_CORE;
	error = xfs_bmap_edit(&op, &edit, true);
	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_xstrat_quick);
	xfs_stats_add(ip->i_mount, XFS_COUNT_xs_xstrat_bytes, XFS_FSB_TO_B(&ip->i_mount->m_geo, ap.len));
	/* Allocated as written: count the conversion that is not needed, too. */
	if (!unwritten)
		xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_blk_mapw);
	if (!error)
		settle(&op, ap.len, startblockval(got.br_startblock), leftp, rightp);
out_end:
	xfs_bmap_op_end(&op);
	return error;
}
