/* SPDX-License-Identifier: MIT */
/*
 * The one way to change a mapping; see bmap_priv.h.
 *
 * Nothing here depends on the operation.  A converted piece that merges left, right or both, a hole
 * punched in the middle, a write in front of an extent that extends it downwards: each is a set of
 * old records and a set of new ones, whose common head and tail are dropped.
 */
#include "bmap/bmap_priv.h"

/* One neighbour on each side may merge. */
#define SET_MAX	(XFS_BMAP_EDIT_NEW + 2)

struct recs {
	unsigned int n;
	struct xfs_bmbt_irec r[SET_MAX];
};

static int init_op(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
		   enum xfs_fork_id whichfork)
{
	*op = (struct xfs_bmap_op){
		.tp = tp,
		.ip = ip,
		.ifp = xfs_ifork_ptr(ip, whichfork),
		.whichfork = whichfork,
	};
	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	if (unlikely(!op->ifp || (op->ifp->if_format != XFS_DINODE_FMT_EXTENTS &&
				  op->ifp->if_format != XFS_DINODE_FMT_BTREE)))
		return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64 ", fork %d has no extents",
				   ip->i_ino, (int)whichfork);
	return 0;
}

int xfs_bmap_op_init(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
		     enum xfs_fork_id whichfork)
{
	int error = init_op(op, tp, ip, whichfork);

	return error ? error : xfs_iread_extents(ip, whichfork);
}

int xfs_bmap_op_init_at(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
			enum xfs_fork_id whichfork, xfs_fileoff_t off)
{
	int error = init_op(op, tp, ip, whichfork);

	return error ? error : xfs_bmap_read_place(ip, whichfork, off);
}

void xfs_bmap_op_end(struct xfs_bmap_op *op)
{
	xfs_iext_unreserve(op->ip->i_mount, &op->spare);
	if (op->logflags)
		xfs_trans_log_inode(op->tp, op->ip, op->logflags);
	op->logflags = 0;
}

uint32_t xfs_bmap_tree_need(const struct xfs_inode *ip, enum xfs_fork_id whichfork,
			    unsigned int adds)
{
	const struct xfs_ifork *ifp = whichfork == XFS_DATA_FORK ? &ip->i_df : &ip->i_af;
	uint32_t level;

	if (adds == 0 || whichfork == XFS_COW_FORK)
		return 0;
	if (ifp->if_format != XFS_DINODE_FMT_BTREE)
		return ifp->if_nextents + adds > xfs_bmap_max_inline(ip, whichfork) ? 1 : 0;
	/* Every level below the root may split, and the root be pushed down. */
	level = be16_to_cpu(((const struct xfs_bmdr_block *)ifp->if_broot)->bb_level);
	return adds * XFS_MIN(level + 1, xfs_bmap_add_blocks(ip->i_mount, whichfork));
}

int xfs_bmap_prepare(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur, unsigned int adds_mem,
		     unsigned int adds_disk, xfs_filblks_t blocks)
{
	struct xfs_mount *mp = op->ip->i_mount;
	uint32_t need;
	int error;

	if (op->whichfork != XFS_COW_FORK && adds_disk) {
		error = xfs_bmap_count_check(op->ip, op->whichfork,
					     op->ifp->if_nextents + adds_disk);
		if (unlikely(error))
			return error;
	}
	if (op->whichfork != XFS_COW_FORK && !op->delalloc) {
		need = xfs_bmap_tree_need(op->ip, op->whichfork, adds_disk);
		if (unlikely(xfs_trans_blocks_left(op->tp) < need + blocks))
			return xfs_error(mp, -ENOSPC, "inode %" PRIu64 ": the transaction holds %u blocks, %"
					 PRIu64 " may be needed", op->ip->i_ino,
					 xfs_trans_blocks_left(op->tp), need + blocks);
	}
	if (adds_mem) {
		error = xfs_iext_reserve(mp, op->ifp, cur, adds_mem, &op->spare);
		if (unlikely(error))
			return xfs_error(mp, error, "out of memory for extents");
	}
	return 0;
}

bool xfs_bmap_can_merge(const struct xfs_geometry *geo, const struct xfs_bmbt_irec *left,
			const struct xfs_bmbt_irec *right)
{
	return xfs_irec_end(left) == right->br_startoff && xfs_irec_is_real(left) &&
	       xfs_irec_is_real(right) && left->br_state == right->br_state &&
	       left->br_startblock + left->br_blockcount == right->br_startblock &&
	       left->br_blockcount + right->br_blockcount <= XFS_MAX_BMBT_EXTLEN &&
	       XFS_FSB_TO_AGNO(geo, left->br_startblock) ==
		       XFS_FSB_TO_AGNO(geo, right->br_startblock);
}

static bool same_rec(const struct xfs_bmbt_irec *a, const struct xfs_bmbt_irec *b)
{
	return a->br_startoff == b->br_startoff && a->br_startblock == b->br_startblock &&
	       a->br_blockcount == b->br_blockcount && a->br_state == b->br_state;
}

/* Append @rec; if @merge and possible, extend the last record. */
static void add_rec(const struct xfs_geometry *geo, struct recs *set,
		    const struct xfs_bmbt_irec *rec, bool merge)
{
	if (merge && set->n && xfs_bmap_can_merge(geo, &set->r[set->n - 1], rec)) {
		set->r[set->n - 1].br_blockcount += rec->br_blockcount;
		return;
	}
	ASSERT(set->n < SET_MAX);
	set->r[set->n++] = *rec;
}

static void drop_first(struct recs *set)
{
	set->n--;
	memmove(&set->r[0], &set->r[1], set->n * sizeof(set->r[0]));
}

/*
 * Build the sets of old and new records, including neighbours that merge, and move the cursor to
 * the first old record.  The sets have no common records at either end.
 */
static void build_sets(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit, struct recs *old,
		       struct recs *new)
{
	const struct xfs_geometry *geo = &op->ip->i_mount->m_geo;
	struct xfs_iext_cursor behind = edit->cur;
	struct xfs_bmbt_irec rec;

	old->n = new->n = 0;
	if (edit->nnew && !edit->apart) {
		struct xfs_iext_cursor before = edit->cur;

		if (xfs_iext_prev_extent(op->ifp, &before, &rec) &&
		    xfs_bmap_can_merge(geo, &rec, &edit->new[0])) {
			edit->cur = before;
			old->r[old->n++] = rec;
			new->r[new->n++] = rec;
		}
	}
	for (unsigned int i = 0; i < edit->nold; i++)
		old->r[old->n++] = edit->old[i];
	for (unsigned int i = 0; i < edit->nnew; i++)
		add_rec(geo, new, &edit->new[i], !edit->apart);
	if (edit->nnew && !edit->apart) {
		bool more = edit->nold ? xfs_iext_next_extent(op->ifp, &behind, &rec)
				       : xfs_iext_get_extent(op->ifp, &behind, &rec);

		if (more && xfs_bmap_can_merge(geo, &new->r[new->n - 1], &rec)) {
			old->r[old->n++] = rec;
			add_rec(geo, new, &rec, true);
		}
	}

	while (old->n && new->n && same_rec(&old->r[0], &new->r[0])) {
		xfs_iext_next_extent(op->ifp, &edit->cur, &rec);
		drop_first(old);
		drop_first(new);
	}
	while (old->n && new->n && same_rec(&old->r[old->n - 1], &new->r[new->n - 1])) {
		old->n--;
		new->n--;
	}
}

static void keep_real(const struct recs *set, struct recs *real)
{
	real->n = 0;
	for (unsigned int i = 0; i < set->n; i++) {
		if (xfs_irec_is_real(&set->r[i]))
			real->r[real->n++] = set->r[i];
	}
}

static int change_incore(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur,
			 const struct recs *old, const struct recs *new)
{
	struct xfs_mount *mp = op->ip->i_mount;
	unsigned int common = XFS_MIN(old->n, new->n);
	struct xfs_bmbt_irec rec;
	unsigned int i;
	int error;

	for (i = 0; i < common; i++) {
		if (i)
			xfs_iext_next_extent(op->ifp, cur, &rec);
		xfs_iext_update(op->ifp, cur, &new->r[i]);
	}
	if (common && old->n != new->n)
		xfs_iext_next_extent(op->ifp, cur, &rec);
	for (; i < old->n; i++)
		xfs_iext_remove(mp, op->ifp, cur);
	for (i = common; i < new->n; i++) {
		if (i > common)
			xfs_iext_next_extent(op->ifp, cur, &rec);
		error = xfs_iext_insert(mp, op->ifp, cur, &new->r[i], &op->spare);
		if (unlikely(error))
			return xfs_error(mp, error, "out of memory for extents");
	}
	return 0;
}

/* Insertions are made after the last replaced record, so reserve memory there. */
static int prepare_edit(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit,
			const struct recs *old, const struct recs *new, int adds_disk)
{
	unsigned int adds_mem = new->n > old->n ? new->n - old->n : 0;
	struct xfs_iext_cursor at = edit->cur;
	const struct xfs_iext_leaf *leaf = NULL;
	struct xfs_bmbt_irec rec;
	int error;

	if (adds_mem) {
		for (unsigned int i = 1; i < old->n; i++)
			xfs_iext_next_extent(op->ifp, &at, &rec);
		leaf = at.leaf;
	}
	error = xfs_bmap_prepare(op, &at, adds_mem, adds_disk > 0 ? (unsigned int)adds_disk : 0, 0);
	/* A lone leaf may be reallocated when it grows. */
	if (adds_mem && at.leaf != leaf)
		edit->cur.leaf = at.leaf;
	return error;
}

int xfs_bmap_edit(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit, bool prepared)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_ifork *ifp = op->ifp;
	struct recs old, new, old_real, new_real;
	struct xfs_bmap_new_tree nt = {.bp = NULL, .broot = NULL};
	bool on_disk = op->whichfork != XFS_COW_FORK;
	xfs_extnum_t nextents;
	int error;

	build_sets(op, edit, &old, &new);
	keep_real(&old, &old_real);
	keep_real(&new, &new_real);
	nextents = ifp->if_nextents + new_real.n - old_real.n;
	ASSERT(!ifp->if_window || nextents > xfs_bmap_max_inline(ip, op->whichfork));
	if (!prepared) {
		error = prepare_edit(op, edit, &old, &new, (int)new_real.n - (int)old_real.n);
		if (error)
			return error;
	}

	on_disk = on_disk && (old_real.n || new_real.n);
	if (on_disk && ifp->if_format == XFS_DINODE_FMT_BTREE) {
		error = xfs_bmbt_replace(op, old_real.r, old_real.n, new_real.r, new_real.n);
		if (error)
			return error;
	} else if (on_disk && nextents > xfs_bmap_max_inline(ip, op->whichfork)) {
		error = xfs_bmap_new_tree(op, new_real.n ? new_real.r[0].br_startblock : NULLFSBLOCK,
					  &nt);
		if (error)
			return error;
	}

	error = change_incore(op, &edit->cur, &old, &new);
	if (unlikely(error)) {
		xfs_buf_put(nt.bp);
		xfs_free(ip->i_mount, nt.broot);
		return error;
	}
	/*
	 * The change is logged at the end of the operation; a NOWAIT call must not be refused any
	 * more.
	 */
	xfs_nowait_changes();
	ifp->if_nextents = nextents;
	if (!on_disk)
		return 0;
	xfs_bmap_count_widen(op->tp, ip, op->whichfork, nextents);
	op->logflags |= XFS_ILOG_CORE;
	if (nt.bp)
		xfs_bmap_list_to_btree(op, &nt);
	else if (ifp->if_format == XFS_DINODE_FMT_EXTENTS)
		op->logflags |= xfs_ilog_ext(op->whichfork);
	else if (nextents <= xfs_bmap_max_inline(ip, op->whichfork))
		return xfs_bmap_btree_to_list(op);
	return 0;
}
