/* SPDX-License-Identifier: MIT */
/*
 * Keeping the reverse map: every block in use has a record of its owner; a data block that files
 * share has one for each owner.
 *
 * (RMAP-1) Records of one owner that touch, with contiguous offsets and equal flags, are merged.
 *     In an AG without shared blocks they are neighbours in the tree.  With shared blocks, records
 *     of other owners may stand between them, and they are searched for by range.
 * (RMAP-2) A record is removed only as it was inserted: blocks, owner, offset and state must match.
 *     Otherwise the file system is damaged, which is found before anything changes.
 */
#include "ag/ag_priv.h"

static void make_irec(struct xfs_rmap_irec *irec, xfs_agblock_t agbno, xfs_extlen_t len,
		      const struct xfs_owner_info *oinfo)
{
	bool content = !XFS_RMAP_NON_INODE_OWNER(oinfo->oi_owner) &&
		       !(oinfo->oi_flags & XFS_OWNER_BMBT_BLOCK);

	irec->rm_startblock = agbno;
	irec->rm_blockcount = len;
	irec->rm_owner = oinfo->oi_owner;
	irec->rm_offset = content ? oinfo->oi_offset : 0;
	irec->rm_flags = 0;
	if (oinfo->oi_flags & XFS_OWNER_ATTR_FORK)
		irec->rm_flags |= XFS_RMAP_ATTR_FORK;
	if (oinfo->oi_flags & XFS_OWNER_BMBT_BLOCK)
		irec->rm_flags |= XFS_RMAP_BMBT_BLOCK;
	if (oinfo->oi_flags & XFS_OWNER_UNWRITTEN)
		irec->rm_flags |= XFS_RMAP_UNWRITTEN;
}

/* True for blocks of file contents, whose offset advances with the block. */
static bool has_offset(const struct xfs_rmap_irec *irec)
{
	return !XFS_RMAP_NON_INODE_OWNER(irec->rm_owner) &&
	       !(irec->rm_flags & XFS_RMAP_BMBT_BLOCK);
}

/* True if blocks of this owner may have other owners, too. */
static bool may_share(const struct xfs_perag *pag, const struct xfs_rmap_irec *irec)
{
	return pag->pag_may_share && has_offset(irec) && !(irec->rm_flags & XFS_RMAP_ATTR_FORK);
}

static struct xfs_btree_target target_of(const struct xfs_rmap_irec *irec)
{
	return (struct xfs_btree_target){ .w = {
		irec->rm_startblock, irec->rm_owner,
		xfs_rmap_irec_offset_pack(irec) & ~XFS_RMAP_OFF_UNWRITTEN,
	} };
}

static int decode(const struct xfs_btree_cur *cur, const void *rec, struct xfs_rmap_irec *irec)
{
	xfs_failaddr_t fa = xfs_rmap_rec_unpack(rec, irec);

	if (!fa)
		fa = xfs_rmap_irec_verify(&cur->bc_mp->m_geo, (xfs_agnumber_t)cur->bc_owner, irec);
	if (unlikely(fa))
		return xfs_corrupt(cur->bc_mp, "rmapbt", "AG %" PRIu64 ", record %u+%u: %s",
				   cur->bc_owner, irec->rm_startblock, irec->rm_blockcount, fa);
	return 0;
}

static int get_rec(const struct xfs_btree_cur *cur, struct xfs_rmap_irec *irec)
{
	return decode(cur, xfs_btree_get_rec(cur), irec);
}

static int corrupt(const struct xfs_btree_cur *cur, const struct xfs_rmap_irec *irec,
		   const char *what)
{
	return xfs_corrupt(cur->bc_mp, "rmapbt",
			   "AG %" PRIu64 ", blocks %u+%u, owner %" PRId64 ", offset %" PRIu64
			   ", flags %u: %s", cur->bc_owner, irec->rm_startblock,
			   irec->rm_blockcount, (int64_t)irec->rm_owner, irec->rm_offset,
			   irec->rm_flags, what);
}

/* Position the cursor on exactly @irec (@want), or where it is to be inserted. */
static int look_up(struct xfs_btree_cur *cur, const struct xfs_rmap_irec *irec, bool want)
{
	struct xfs_btree_target target = target_of(irec);
	bool found;
	int error = xfs_btree_lookup_eq(cur, &target, &found);

	if (!error && unlikely(found != want))
		error = corrupt(cur, irec, want ? "the record is missing" : "is already recorded");
	return error;
}

static int insert(struct xfs_btree_cur *cur, const struct xfs_rmap_irec *irec)
{
	struct xfs_rmap_rec rec;
	int error = look_up(cur, irec, false);

	xfs_rmap_rec_pack(irec, &rec);
	return error ? error : xfs_btree_insert(cur, &rec);
}

static int delete(struct xfs_btree_cur *cur, const struct xfs_rmap_irec *irec)
{
	int error = look_up(cur, irec, true);

	return error ? error : xfs_btree_delete(cur);
}

/* Replace @old by @new: in place if the order allows, else by a delete and an insert. */
static int replace(struct xfs_btree_cur *cur, const struct xfs_rmap_irec *old,
		   const struct xfs_rmap_irec *new)
{
	struct xfs_rmap_rec rec;
	bool done;
	int error = look_up(cur, old, true);

	if (error)
		return error;
	xfs_rmap_rec_pack(new, &rec);
	error = xfs_btree_update_if_ordered(cur, &rec, &done);
	if (error || done)
		return error;
	error = xfs_btree_delete(cur);
	return error ? error : insert(cur, new);
}

/* ---- neighbours ---------------------------------------------------------------- */

struct find {
	struct xfs_rmap_irec want;
	bool (*suits)(const struct xfs_rmap_irec *rec, const struct xfs_rmap_irec *want);
	struct xfs_rmap_irec rec;	/* found */
	bool found;
};

static int match(struct xfs_btree_cur *cur, const void *rec, void *priv)
{
	struct find *find = priv;
	int error = decode(cur, rec, &find->rec);

	if (error)
		return error;
	find->found = find->suits(&find->rec, &find->want);
	return find->found ? -ECANCELED : 0;
}

/* Search the records that cover block @agbno. */
static int query_block(struct xfs_btree_cur *cur, xfs_agblock_t agbno, struct find *find)
{
	struct xfs_btree_target low = { .w = { agbno, 0, 0 } };
	struct xfs_btree_target high = { .w = { agbno, UINT64_MAX, UINT64_MAX } };
	int error = xfs_btree_query_range(cur, &low, &high, match, find);

	return error == -ECANCELED ? 0 : error;
}

static bool overlaps(const struct xfs_rmap_irec *a, const struct xfs_rmap_irec *b)
{
	return a->rm_startblock < b->rm_startblock + b->rm_blockcount &&
	       b->rm_startblock < a->rm_startblock + a->rm_blockcount;
}

/*
 * The records in front of and behind the position where @cur would insert; the cursor does not
 * move.
 */
static int look_at_neighbours(struct xfs_btree_cur *cur, struct xfs_rmap_irec *left,
			      struct xfs_rmap_irec *right)
{
	const void *before = xfs_btree_peek(cur, -1), *behind = xfs_btree_peek(cur, 0);
	struct xfs_btree_cur dup;
	bool found = false;
	int error = 0;

	if (before)
		error = decode(cur, before, left);
	if (!error && behind)
		error = decode(cur, behind, right);
	if (error || (before && behind))
		return error;

	/* At an end of the leaf: walk to the neighbour. */
	xfs_btree_dup_cursor(cur, &dup);
	if (!before) {
		error = xfs_btree_decrement(&dup, &found);
		if (!error && found)
			error = get_rec(&dup, left);
	} else {
		/* The cursor is behind the last record: go on from there. */
		error = xfs_btree_increment(&dup, &found);
		if (!error && found)
			error = get_rec(&dup, right);
	}
	xfs_btree_del_cursor(&dup);
	return error;
}

/*
 * The records that @irec would extend (*@left) and that would extend it (*@right); blockcount 0
 * where there is none. -EUCLEAN if the blocks may not get this owner.
 */
static int find_neighbours(struct xfs_perag *pag, struct xfs_btree_cur *cur,
			   const struct xfs_rmap_irec *irec, struct xfs_rmap_irec *left,
			   struct xfs_rmap_irec *right)
{
	bool share = may_share(pag, irec), found;
	struct xfs_btree_target target = target_of(irec);
	struct find find = { .want = *irec, .suits = xfs_rmap_irecs_mergeable };
	int error;

	left->rm_blockcount = right->rm_blockcount = 0;
	/* The position of the new record; its neighbours usually are in the same leaf. */
	error = xfs_btree_lookup_eq(cur, &target, &found);
	if (error)
		return error;
	if (unlikely(found))
		return corrupt(cur, irec, "is already recorded");
	error = look_at_neighbours(cur, left, right);
	if (error)
		return error;
	if (unlikely(!share && ((left->rm_blockcount && overlaps(left, irec)) ||
				(right->rm_blockcount && overlaps(irec, right)))))
		return corrupt(cur, irec, "has another owner");
	if (left->rm_blockcount && !xfs_rmap_irecs_mergeable(left, irec))
		left->rm_blockcount = 0;
	if (right->rm_blockcount && !xfs_rmap_irecs_mergeable(irec, right))
		right->rm_blockcount = 0;
	if (!share)
		return 0;

	if (!left->rm_blockcount && irec->rm_startblock > 0) {
		error = query_block(cur, irec->rm_startblock - 1, &find);
		if (error)
			return error;
		if (find.found)
			*left = find.rec;
	}
	if (!right->rm_blockcount) {
		struct xfs_rmap_irec want = *irec;

		/* All of its key is known. */
		want.rm_startblock += irec->rm_blockcount;
		want.rm_offset += irec->rm_blockcount;
		target = target_of(&want);
		error = xfs_btree_lookup_eq(cur, &target, &found);
		if (!error && found)
			error = get_rec(cur, right);
		if (error)
			return error;
		if (found && !xfs_rmap_irecs_mergeable(irec, right))
			right->rm_blockcount = 0;
	}
	return 0;
}

int xfs_rmap_map_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			xfs_extlen_t len, const struct xfs_owner_info *oinfo)
{
	struct xfs_rmap_irec irec, left, right, all;
	struct xfs_rmap_rec rec;
	struct xfs_btree_cur cur;
	int error;

	if (!xfs_has_rmapbt(&pag->pag_mount->m_geo) || oinfo->oi_owner == XFS_RMAP_SKIP)
		return 0;
	error = xfs_refcount_load_share(pag);
	if (error)
		return error;
	make_irec(&irec, agbno, len, oinfo);
	xfs_rmapbt_init_cursor(&cur, tp, pag);
	error = find_neighbours(pag, &cur, &irec, &left, &right);
	if (error)
		goto out_del;
	if (left.rm_blockcount && right.rm_blockcount &&
	    (uint64_t)left.rm_blockcount + len + right.rm_blockcount > UINT32_MAX)
		right.rm_blockcount = 0;

	if (left.rm_blockcount && right.rm_blockcount) {
		all = left;
		all.rm_blockcount += len + right.rm_blockcount;
		error = delete(&cur, &right);
		if (!error)
			error = replace(&cur, &left, &all);
	} else if (left.rm_blockcount) {
		all = left;
		all.rm_blockcount += len;
		error = replace(&cur, &left, &all);
	} else if (right.rm_blockcount) {
		all = irec;
		all.rm_blockcount += right.rm_blockcount;
		error = replace(&cur, &right, &all);
	} else if (may_share(pag, &irec)) {
		error = insert(&cur, &irec);
	} else {
		/* The cursor still is at the insert position. */
		xfs_rmap_rec_pack(&irec, &rec);
		error = xfs_btree_insert(&cur, &rec);
	}
out_del:
	xfs_btree_del_cursor(&cur);
	return error;
}

/* ---- taking a part out ------------------------------------------------------------ */

/* True if @rec has the blocks of @want with the same owner, offset and flags. */
static bool covers(const struct xfs_rmap_irec *rec, const struct xfs_rmap_irec *want)
{
	if (rec->rm_owner != want->rm_owner || rec->rm_flags != want->rm_flags ||
	    rec->rm_startblock > want->rm_startblock ||
	    rec->rm_startblock + rec->rm_blockcount < want->rm_startblock + want->rm_blockcount)
		return false;
	return !has_offset(want) ||
	       want->rm_offset - rec->rm_offset == want->rm_startblock - rec->rm_startblock;
}

/* Find the record that contains @irec. */
static int find_covering(struct xfs_perag *pag, struct xfs_btree_cur *cur,
			 const struct xfs_rmap_irec *irec, struct xfs_rmap_irec *rec)
{
	struct xfs_btree_target target = target_of(irec);
	struct find find = { .want = *irec, .suits = covers };
	bool found;
	int error = xfs_btree_lookup_le(cur, &target, &found);

	if (error)
		return error;
	if (found) {
		error = get_rec(cur, rec);
		if (error)
			return error;
		if (covers(rec, irec))
			return 0;
	}
	if (may_share(pag, irec)) {
		error = query_block(cur, irec->rm_startblock, &find);
		if (error)
			return error;
		if (find.found) {
			*rec = find.rec;
			return 0;
		}
	}
	return corrupt(cur, irec, "the owner's record is missing");
}

int xfs_rmap_unmap_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			  xfs_extlen_t len, const struct xfs_owner_info *oinfo)
{
	struct xfs_rmap_irec irec, rec, left, right;
	struct xfs_btree_cur cur;
	xfs_extlen_t before;
	int error;

	if (!xfs_has_rmapbt(&pag->pag_mount->m_geo) || oinfo->oi_owner == XFS_RMAP_SKIP)
		return 0;
	error = xfs_refcount_load_share(pag);
	if (error)
		return error;
	make_irec(&irec, agbno, len, oinfo);
	xfs_rmapbt_init_cursor(&cur, tp, pag);
	error = find_covering(pag, &cur, &irec, &rec);
	if (error)
		goto out_del;

	before = agbno - rec.rm_startblock;
	left = right = rec;
	left.rm_blockcount = before;
	right.rm_startblock = agbno + len;
	right.rm_blockcount = rec.rm_blockcount - before - len;
	if (has_offset(&rec))
		right.rm_offset += before + len;

	if (!left.rm_blockcount && !right.rm_blockcount) {
		error = delete(&cur, &rec);
	} else if (!left.rm_blockcount) {
		error = replace(&cur, &rec, &right);
	} else {
		error = replace(&cur, &rec, &left);
		if (!error && right.rm_blockcount)
			error = insert(&cur, &right);
	}
out_del:
	xfs_btree_del_cursor(&cur);
	return error;
}

struct owners {
	struct xfs_rmap_irec range, rec;
	uint32_t nr;
};

static int note_owner(struct xfs_btree_cur *cur, const void *rec, void *priv)
{
	struct owners *owners = priv;
	struct xfs_rmap_irec irec;
	int error = decode(cur, rec, &irec);

	if (error || !overlaps(&irec, &owners->range))
		return error;
	owners->rec = irec;
	/* A second owner is an error already; stop here. */
	return ++owners->nr > 1 ? -ECANCELED : 0;
}

int xfs_rmap_unmap_whoever(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			   xfs_extlen_t len)
{
	struct owners owners = { .range = { .rm_startblock = agbno, .rm_blockcount = len } };
	struct xfs_btree_target low = { .w = { agbno, 0, 0 } };
	struct xfs_btree_target high = { .w = { agbno + len - 1, UINT64_MAX, UINT64_MAX } };
	const struct xfs_rmap_irec *rec = &owners.rec;
	struct xfs_owner_info oinfo;
	struct xfs_btree_cur cur;
	int error;

	if (!xfs_has_rmapbt(&pag->pag_mount->m_geo))
		return 0;
	xfs_rmapbt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_query_range(&cur, &low, &high, note_owner, &owners);
	if (error == -ECANCELED)
		error = 0;
	if (!error && owners.nr &&
	    unlikely(owners.nr > 1 || rec->rm_startblock > agbno ||
		     rec->rm_startblock + rec->rm_blockcount < agbno + len))
		error = corrupt(&cur, rec, "owns a part of what is to be freed");
	xfs_btree_del_cursor(&cur);
	if (error || !owners.nr)
		return error;
	oinfo.oi_owner = rec->rm_owner;
	oinfo.oi_offset = has_offset(rec) ? rec->rm_offset + (agbno - rec->rm_startblock) : 0;
	oinfo.oi_flags = (rec->rm_flags & XFS_RMAP_ATTR_FORK ? XFS_OWNER_ATTR_FORK : 0) |
			 (rec->rm_flags & XFS_RMAP_BMBT_BLOCK ? XFS_OWNER_BMBT_BLOCK : 0) |
			 (rec->rm_flags & XFS_RMAP_UNWRITTEN ? XFS_OWNER_UNWRITTEN : 0);
	return xfs_rmap_unmap_locked(tp, pag, agbno, len, &oinfo);
}

/* ---- calls from above ------------------------------------------------------------- */

enum op { MAP, UNMAP, CONVERT };

static int do_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		     xfs_extlen_t len, const struct xfs_owner_info *oinfo, enum op op)
{
	struct xfs_owner_info other = *oinfo;
	int error = xfs_perag_load_agf(pag);

	if (!error)
		error = xfs_agfl_fix_for_free(tp, pag);
	if (error)
		return error;
	switch (op) {
	case MAP:
		return xfs_rmap_map_locked(tp, pag, agbno, len, oinfo);
	case UNMAP:
		return xfs_rmap_unmap_locked(tp, pag, agbno, len, oinfo);
	case CONVERT:
		break;
	}
	/*
	 * Remove it with the old state and add it with the new one: this merges it with neighbours
	 * of either state.
	 */
	other.oi_flags ^= XFS_OWNER_UNWRITTEN;
	error = xfs_rmap_unmap_locked(tp, pag, agbno, len, oinfo);
	return error ? error : xfs_rmap_map_locked(tp, pag, agbno, len, &other);
}

static int lock_and_do(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		       const struct xfs_owner_info *oinfo, enum op op)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag;
	int error;

	if (!xfs_has_rmapbt(&mp->m_geo) || oinfo->oi_owner == XFS_RMAP_SKIP)
		return 0;
	if (!xfs_verify_fsbext(&mp->m_geo, fsbno, len))
		return xfs_corrupt(mp, "rmapbt", "impossible blocks %#" PRIx64 "+%" PRIu64, fsbno,
				   len);
	pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = do_locked(tp, pag, XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), (xfs_extlen_t)len, oinfo,
			  op);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_rmap_map(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		 const struct xfs_owner_info *oinfo)
{
	return lock_and_do(tp, fsbno, len, oinfo, MAP);
}

int xfs_rmap_unmap(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		   const struct xfs_owner_info *oinfo)
{
	return lock_and_do(tp, fsbno, len, oinfo, UNMAP);
}

int xfs_rmap_convert(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		     const struct xfs_owner_info *oinfo)
{
	return lock_and_do(tp, fsbno, len, oinfo, CONVERT);
}
