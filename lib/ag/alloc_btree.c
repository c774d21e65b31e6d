/* SPDX-License-Identifier: MIT */
/*
 * The two trees of free extents, by block and by size, which always change together.  Both are
 * asked whether they know the extents concerned before the first of them is changed, so trees that
 * disagree are found before damage spreads.
 */
#include "ag/ag_priv.h"

static inline int cmp64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static inline int bno_cmp(const void *rec, const struct xfs_btree_target *t)
{
	return cmp64(get_be32(rec), t->w[0]);
}
XFS_BTREE_DEFINE_SEARCH(bno_search, sizeof(struct xfs_alloc_rec), bno_cmp)

static inline uint64_t cnt_word(const void *rec)
{
	const struct xfs_alloc_rec *r = rec;

	return (uint64_t)be32_to_cpu(r->ar_blockcount) << 32 | be32_to_cpu(r->ar_startblock);
}

static inline int cnt_cmp(const void *rec, const struct xfs_btree_target *t)
{
	return cmp64(cnt_word(rec), t->w[0]);
}
XFS_BTREE_DEFINE_SEARCH(cnt_search, sizeof(struct xfs_alloc_rec), cnt_cmp)

static int bno_cmp_keys(const void *a, const void *b)
{
	return cmp64(get_be32(a), get_be32(b));
}

static int cnt_cmp_keys(const void *a, const void *b)
{
	return cmp64(cnt_word(a), cnt_word(b));
}

/* In both trees the key of a free extent is the whole record. */
static void key_from_rec(void *key, const void *rec)
{
	memcpy(key, rec, sizeof(struct xfs_alloc_rec));
}

static void bno_target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	target->w[0] = get_be32(rec);
}

static void cnt_target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	target->w[0] = cnt_word(rec);
}

static int alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	int error = xfs_agfl_alloc_btree_block(cur, new_ptr);

	(void)near_ptr;		/* the AGFL gives its oldest block */
	if (!error)
		xfs_mod_set_aside(cur->bc_mp, 1);
	return error;
}

static int free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	int error = xfs_agfl_free_btree_block(cur, bp);

	if (!error)
		xfs_mod_set_aside(cur->bc_mp, -1);
	return error;
}

static void bno_set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agf *agf = xfs_pag_agf(cur->bc_ag.pag);

	agf->agf_bno_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agf->agf_bno_level, level_delta);
	xfs_agf_log(cur->bc_tp, cur->bc_ag.pag);
}

static void cnt_set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agf *agf = xfs_pag_agf(cur->bc_ag.pag);

	agf->agf_cnt_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agf->agf_cnt_level, level_delta);
	xfs_agf_log(cur->bc_tp, cur->bc_ag.pag);
}

static const struct xfs_buf_ops bno_buf_ops = {
	.name = "bnobt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_bnobt_verify,
};
static const struct xfs_buf_ops cnt_buf_ops = {
	.name = "cntbt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_cntbt_verify,
};

static const struct xfs_btree_ops bno_ops = {
	.name = "bnobt", .buf_ops = &bno_buf_ops, .magic = XFS_ABTB_CRC_MAGIC,
	.rec_len = sizeof(struct xfs_alloc_rec), .key_len = sizeof(struct xfs_alloc_rec),
	.search_recs = bno_search, .search_keys = bno_search,
	.cmp_rec = bno_cmp, .cmp_key = bno_cmp, .cmp_keys = bno_cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = bno_target_from_rec,
	.reserve = xfs_agfl_reserve, .alloc_block = alloc_block, .free_block = free_block,
	.set_root = bno_set_root,
};
static const struct xfs_btree_ops cnt_ops = {
	.name = "cntbt", .buf_ops = &cnt_buf_ops, .magic = XFS_ABTC_CRC_MAGIC,
	.rec_len = sizeof(struct xfs_alloc_rec), .key_len = sizeof(struct xfs_alloc_rec),
	.search_recs = cnt_search, .search_keys = cnt_search,
	.cmp_rec = cnt_cmp, .cmp_key = cnt_cmp, .cmp_keys = cnt_cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = cnt_target_from_rec,
	.reserve = xfs_agfl_reserve, .alloc_block = alloc_block, .free_block = free_block,
	.set_root = cnt_set_root,
};

void xfs_bnobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);

	xfs_btree_init_cursor(cur, &bno_ops, pag->pag_mount, tp, pag->pag_agno,
			      be32_to_cpu(agf->agf_bno_level), geo->alloc_mxr[0],
			      geo->alloc_mxr[1]);
	cur->bc_ag.pag = pag;
	cur->bc_ag.root_ptr = be32_to_cpu(agf->agf_bno_root);
}

void xfs_cntbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);

	xfs_btree_init_cursor(cur, &cnt_ops, pag->pag_mount, tp, pag->pag_agno,
			      be32_to_cpu(agf->agf_cnt_level), geo->alloc_mxr[0],
			      geo->alloc_mxr[1]);
	cur->bc_ag.pag = pag;
	cur->bc_ag.root_ptr = be32_to_cpu(agf->agf_cnt_root);
}

int xfs_alloc_unpack(const struct xfs_btree_cur *cur, const struct xfs_alloc_rec *rec,
		     struct xfs_alloc_rec_incore *irec)
{
	xfs_failaddr_t fa;

	xfs_alloc_rec_unpack(rec, irec);
	fa = xfs_alloc_irec_verify(&cur->bc_mp->m_geo, (xfs_agnumber_t)cur->bc_owner, irec);
	if (unlikely(fa))
		return xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
				   "AG %" PRIu64 ", extent %u+%u: %s", cur->bc_owner,
				   irec->ar_startblock, irec->ar_blockcount, fa);
	return 0;
}

int xfs_alloc_get_rec(const struct xfs_btree_cur *cur, struct xfs_alloc_rec_incore *irec)
{
	const struct xfs_alloc_rec *rec = xfs_btree_get_rec(cur);

	ASSERT(rec != NULL);
	return xfs_alloc_unpack(cur, rec, irec);
}

int xfs_alloc_find(struct xfs_perag *pag, xfs_agblock_t agbno, struct xfs_alloc_rec_incore *rec,
		   bool *found)
{
	struct xfs_btree_target target = xfs_bno_target(agbno);
	struct xfs_btree_cur cur;
	int error;

	xfs_bnobt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_lookup_le(&cur, &target, found);
	if (!error && *found) {
		error = xfs_alloc_get_rec(&cur, rec);
		*found = agbno - rec->ar_startblock < rec->ar_blockcount;
	}
	xfs_btree_del_cursor(&cur);
	return error;
}

/* Position the cursor on exactly this free extent; -EUCLEAN if the tree does not have it. */
static int look_up_known(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			 const struct xfs_alloc_rec_incore *rec)
{
	struct xfs_alloc_rec_incore there;
	bool found;
	int error = xfs_btree_lookup_eq(cur, target, &found);

	if (error)
		return error;
	if (found) {
		xfs_alloc_rec_unpack(xfs_btree_get_rec(cur), &there);
		found = there.ar_startblock == rec->ar_startblock &&
			there.ar_blockcount == rec->ar_blockcount;
	}
	if (unlikely(!found))
		return xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
				   "AG %" PRIu64
				   ": free extent %u+%u is in only one of the two trees",
				   cur->bc_owner, rec->ar_startblock, rec->ar_blockcount);
	return 0;
}

static int insert_rec(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
		      const struct xfs_alloc_rec_incore *irec)
{
	struct xfs_alloc_rec rec;
	bool found;
	int error;

	xfs_alloc_rec_pack(irec, &rec);
	error = xfs_btree_lookup_eq(cur, target, &found);
	if (error)
		return error;
	if (unlikely(found))
		return xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
				   "AG %" PRIu64 ": extent %u+%u is already free", cur->bc_owner,
				   irec->ar_startblock, irec->ar_blockcount);
	return xfs_btree_insert(cur, &rec);
}

static int insert_cnt(struct xfs_btree_cur *cur, const struct xfs_alloc_rec_incore *irec)
{
	struct xfs_btree_target target = xfs_cnt_target(irec->ar_blockcount, irec->ar_startblock);

	return insert_rec(cur, &target, irec);
}

static int insert_bno(struct xfs_btree_cur *cur, const struct xfs_alloc_rec_incore *irec)
{
	struct xfs_btree_target target = xfs_bno_target(irec->ar_startblock);

	return insert_rec(cur, &target, irec);
}

/*
 * Replace the extent at the by-size cursor by @irec.  In place if the order allows, as it often
 * does for the largest extent.
 */
static int replace_cnt(struct xfs_btree_cur *cur, const struct xfs_alloc_rec_incore *irec)
{
	struct xfs_alloc_rec rec;
	bool done;
	int error;

	xfs_alloc_rec_pack(irec, &rec);
	error = xfs_btree_update_if_ordered(cur, &rec, &done);
	if (error || done)
		return error;
	error = xfs_btree_delete(cur);
	return error ? error : insert_cnt(cur, irec);
}

/* The last record by size is the longest free extent.  @cur is any cursor of the cntbt. */
static int refresh_longest(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	struct xfs_alloc_rec_incore irec = { .ar_blockcount = 0 };
	bool found;
	int error = xfs_btree_goto_last(cur, &found);

	if (!error && found)
		error = xfs_alloc_get_rec(cur, &irec);
	if (!error && irec.ar_blockcount != pag->pag_longest)
		xfs_agf_set_longest(tp, pag, irec.ar_blockcount);
	return error;
}

int xfs_alloc_remove(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_alloc_rec_incore *rec, xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_btree_target bno_target = xfs_bno_target(rec->ar_startblock);
	struct xfs_btree_target cnt_target =
		xfs_cnt_target(rec->ar_blockcount, rec->ar_startblock);
	xfs_agblock_t end = agbno + len, rec_end = rec->ar_startblock + rec->ar_blockcount;
	struct xfs_alloc_rec_incore left = { rec->ar_startblock, agbno - rec->ar_startblock };
	struct xfs_alloc_rec_incore right = { end, rec_end - end };
	struct xfs_btree_cur bno, cnt;
	struct xfs_alloc_rec disk;
	int error;

	ASSERT(len > 0 && agbno >= rec->ar_startblock && end <= rec_end);
	xfs_bnobt_init_cursor(&bno, tp, pag);
	xfs_cntbt_init_cursor(&cnt, tp, pag);
	error = xfs_ag_check_change(pag, "AGF", "agf_freeblks", pag->pag_freeblks, -(int64_t)len, 0,
				    pag->pag_length);
	if (!error)
		error = look_up_known(&cnt, &cnt_target, rec);
	if (!error)
		error = look_up_known(&bno, &bno_target, rec);
	if (error)
		goto out_del;

	if (!left.ar_blockcount && !right.ar_blockcount) {
		error = xfs_btree_delete(&cnt);
		if (!error)
			error = xfs_btree_delete(&bno);
	} else if (!left.ar_blockcount || !right.ar_blockcount) {
		const struct xfs_alloc_rec_incore *rest = left.ar_blockcount ? &left : &right;

		xfs_alloc_rec_pack(rest, &disk);
		error = replace_cnt(&cnt, rest);
		if (!error)
			error = xfs_btree_update(&bno, &disk);
	} else {
		xfs_alloc_rec_pack(&left, &disk);
		error = replace_cnt(&cnt, &left);
		if (!error)
			error = insert_cnt(&cnt, &right);
		if (!error)
			error = xfs_btree_update(&bno, &disk);
		if (!error)
			error = insert_bno(&bno, &right);
	}
	if (error)
		goto out_del;
	xfs_agf_mod_freeblks(tp, pag, -(int32_t)len);
	if (rec->ar_blockcount >= pag->pag_longest)
		error = refresh_longest(&cnt, tp, pag);
out_del:
	xfs_btree_del_cursor(&bno);
	xfs_btree_del_cursor(&cnt);
	return error;
}

/* The free extents adjacent to [@agbno, +@len); blockcount 0 where there is none. */
static int find_neighbours(struct xfs_btree_cur *bno, xfs_agblock_t agbno, xfs_extlen_t len,
			   struct xfs_alloc_rec_incore *left, struct xfs_alloc_rec_incore *right)
{
	struct xfs_btree_target target = xfs_bno_target(agbno);
	bool found, bad = false;
	int error;

	left->ar_blockcount = right->ar_blockcount = 0;
	error = xfs_btree_lookup_le(bno, &target, &found);
	if (error)
		return error;
	if (found) {
		error = xfs_alloc_get_rec(bno, left);
		if (error)
			return error;
		bad = left->ar_startblock + left->ar_blockcount > agbno;
		if (left->ar_startblock + left->ar_blockcount != agbno)
			left->ar_blockcount = 0;
	}
	error = xfs_btree_increment(bno, &found);
	if (error)
		return error;
	if (found) {
		error = xfs_alloc_get_rec(bno, right);
		if (error)
			return error;
		bad |= right->ar_startblock < agbno + len;
		if (right->ar_startblock != agbno + len)
			right->ar_blockcount = 0;
	}
	if (unlikely(bad))
		return xfs_corrupt(bno->bc_mp, "bnobt",
				   "AG %" PRIu64 ": a part of extent %u+%u is already free",
				   bno->bc_owner, agbno, len);
	return 0;
}

/* Merge both neighbours and the blocks between them into one extent. */
static int join_both(struct xfs_btree_cur *bno, struct xfs_btree_cur *cnt,
		     const struct xfs_alloc_rec_incore *left,
		     const struct xfs_alloc_rec_incore *right,
		     const struct xfs_alloc_rec_incore *all)
{
	struct xfs_btree_target target = xfs_cnt_target(right->ar_blockcount, right->ar_startblock);
	struct xfs_alloc_rec disk;
	int error;

	error = look_up_known(cnt, &target, right);
	if (error)
		return error;
	target = xfs_cnt_target(left->ar_blockcount, left->ar_startblock);
	error = look_up_known(cnt, &target, left);
	if (error)
		return error;
	error = xfs_btree_delete(cnt);
	if (error)
		return error;
	target = xfs_cnt_target(right->ar_blockcount, right->ar_startblock);
	error = look_up_known(cnt, &target, right);
	if (!error)
		error = replace_cnt(cnt, all);
	if (error)
		return error;

	target = xfs_bno_target(right->ar_startblock);
	error = look_up_known(bno, &target, right);
	if (!error)
		error = xfs_btree_delete(bno);
	if (error)
		return error;
	target = xfs_bno_target(left->ar_startblock);
	xfs_alloc_rec_pack(all, &disk);
	error = look_up_known(bno, &target, left);
	return error ? error : xfs_btree_update(bno, &disk);
}

/* Extend the neighbour @old to @all. */
static int join_one(struct xfs_btree_cur *bno, struct xfs_btree_cur *cnt,
		    const struct xfs_alloc_rec_incore *old, const struct xfs_alloc_rec_incore *all)
{
	struct xfs_btree_target target = xfs_cnt_target(old->ar_blockcount, old->ar_startblock);
	struct xfs_alloc_rec disk;
	int error;

	error = look_up_known(cnt, &target, old);
	if (!error)
		error = replace_cnt(cnt, all);
	if (error)
		return error;
	target = xfs_bno_target(old->ar_startblock);
	xfs_alloc_rec_pack(all, &disk);
	error = look_up_known(bno, &target, old);
	return error ? error : xfs_btree_update(bno, &disk);
}

int xfs_alloc_insert(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		     xfs_extlen_t len)
{
	struct xfs_alloc_rec_incore left, right, all = { agbno, len };
	struct xfs_btree_cur bno, cnt;
	int error;

	xfs_bnobt_init_cursor(&bno, tp, pag);
	xfs_cntbt_init_cursor(&cnt, tp, pag);
	error = xfs_ag_check_change(pag, "AGF", "agf_freeblks", pag->pag_freeblks, len, 0,
				    pag->pag_length);
	if (!error)
		error = find_neighbours(&bno, agbno, len, &left, &right);
	if (error)
		goto out_del;
	if (left.ar_blockcount) {
		all.ar_startblock = left.ar_startblock;
		all.ar_blockcount += left.ar_blockcount;
	}
	all.ar_blockcount += right.ar_blockcount;

	if (left.ar_blockcount && right.ar_blockcount) {
		error = join_both(&bno, &cnt, &left, &right, &all);
	} else if (left.ar_blockcount) {
		error = join_one(&bno, &cnt, &left, &all);
	} else if (right.ar_blockcount) {
		error = join_one(&bno, &cnt, &right, &all);
	} else {
		error = insert_cnt(&cnt, &all);
		if (!error)
			error = insert_bno(&bno, &all);
	}
	if (error)
		goto out_del;
	xfs_agf_mod_freeblks(tp, pag, (int32_t)len);
	if (all.ar_blockcount > pag->pag_longest)
		xfs_agf_set_longest(tp, pag, all.ar_blockcount);
out_del:
	xfs_btree_del_cursor(&bno);
	xfs_btree_del_cursor(&cnt);
	return error;
}
