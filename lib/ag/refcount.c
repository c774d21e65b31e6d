/* SPDX-License-Identifier: MIT */
/*
 * Reference counts of data blocks.
 *
 * (REFC-1) A block with one owner has no record; a record has a count of two or more.
 * (REFC-2) Adjacent records with the same count are merged.
 * (REFC-3) A count that has reached the maximum never changes again, and the block is never freed,
 *     because the number of its owners is no longer known.
 *
 * A change of a range first splits the records that cross its ends.  Then it goes through the
 * records inside and the gaps between them, which stand for a count of one.  At last it merges
 * records at the ends that have become equal.
 */
#include "ag/refcount.h"
#include "ag/ag_priv.h"
#include "base/sabotage.h"

static struct xfs_btree_target target_of(xfs_agblock_t agbno)
{
	return xfs_refcount_target(XFS_REFC_DOMAIN_SHARED, agbno);
}

static int get_rec(const struct xfs_btree_cur *cur, struct xfs_refcount_irec *irec)
{
	xfs_failaddr_t fa;

	xfs_refcount_rec_unpack(xfs_btree_get_rec(cur), irec);
	fa = xfs_refcount_irec_verify(&cur->bc_mp->m_geo, (xfs_agnumber_t)cur->bc_owner, irec);
	if (unlikely(fa))
		return xfs_corrupt(cur->bc_mp, "refcountbt", "AG %" PRIu64 ", record %u+%u: %s",
				   cur->bc_owner, irec->rc_startblock, irec->rc_blockcount, fa);
	return 0;
}

int xfs_refcount_get(const struct xfs_btree_cur *cur, enum xfs_refc_domain domain,
		     struct xfs_refcount_irec *irec, bool *found)
{
	int error;

	if (!*found)
		return 0;
	error = get_rec(cur, irec);
	if (!error && irec->rc_domain != domain)
		*found = false;
	return error;
}

/* The shared record at the cursor; *@found becomes false at the first staging record. */
static int get_shared(const struct xfs_btree_cur *cur, struct xfs_refcount_irec *irec,
		      bool *found)
{
	return xfs_refcount_get(cur, XFS_REFC_DOMAIN_SHARED, irec, found);
}

/* The record that covers @agbno, else the next one behind it. */
static int lookup_from(struct xfs_btree_cur *cur, xfs_agblock_t agbno,
		       struct xfs_refcount_irec *irec, bool *found)
{
	struct xfs_btree_target target = target_of(agbno);
	int error = xfs_btree_lookup_le(cur, &target, found);

	if (!error)
		error = get_shared(cur, irec, found);
	if (error || (*found && irec->rc_startblock + irec->rc_blockcount > agbno))
		return error;
	error = xfs_btree_increment(cur, found);
	return error ? error : get_shared(cur, irec, found);
}

static int update(struct xfs_btree_cur *cur, const struct xfs_refcount_irec *irec)
{
	struct xfs_refcount_rec rec;

	xfs_refcount_rec_pack(irec, &rec);
	return xfs_btree_update(cur, &rec);
}

int xfs_refcount_insert(struct xfs_btree_cur *cur, const struct xfs_refcount_irec *irec)
{
	struct xfs_btree_target target = xfs_refcount_target(irec->rc_domain, irec->rc_startblock);
	struct xfs_refcount_rec rec;
	bool found;
	int error = xfs_btree_lookup_eq(cur, &target, &found);

	if (error)
		return error;
	if (unlikely(found))
		return xfs_corrupt(cur->bc_mp, "refcountbt",
				   "AG %" PRIu64 ": a record at %u already exists", cur->bc_owner,
				   irec->rc_startblock);
	xfs_refcount_rec_pack(irec, &rec);
	if (irec->rc_domain == XFS_REFC_DOMAIN_SHARED)
		cur->bc_ag.pag->pag_may_share = true;
	return xfs_btree_insert(cur, &rec);
}

/* Split the record that crosses the border in front of @agbno. */
static int cut_at(struct xfs_btree_cur *cur, xfs_agblock_t agbno)
{
	struct xfs_refcount_irec left, right;
	bool found;
	int error = lookup_from(cur, agbno, &left, &found);

	if (error || !found || left.rc_startblock >= agbno)
		return error;
	right = left;
	right.rc_startblock = agbno;
	right.rc_blockcount = left.rc_startblock + left.rc_blockcount - agbno;
	left.rc_blockcount = agbno - left.rc_startblock;
	error = update(cur, &left);
	return error ? error : xfs_refcount_insert(cur, &right);
}

/* Merge the records that meet in front of @agbno, if they have the same count. */
static int join_at(struct xfs_btree_cur *cur, xfs_agblock_t agbno)
{
	struct xfs_btree_target target = target_of(agbno);
	struct xfs_refcount_irec left, right;
	bool found;
	int error = xfs_btree_lookup_eq(cur, &target, &found);

	if (!error)
		error = get_shared(cur, &right, &found);
	if (error || !found)
		return error;
	error = xfs_btree_decrement(cur, &found);
	if (!error && found)
		error = get_rec(cur, &left);
	if (error || !found || left.rc_startblock + left.rc_blockcount != agbno ||
	    left.rc_refcount != right.rc_refcount ||
	    (uint64_t)left.rc_blockcount + right.rc_blockcount >= UINT32_MAX)
		return error;
	error = xfs_btree_lookup_eq(cur, &target, &found);
	if (!error)
		error = xfs_btree_delete(cur);
	if (error)
		return error;
	target = target_of(left.rc_startblock);
	error = xfs_btree_lookup_eq(cur, &target, &found);
	left.rc_blockcount += right.rc_blockcount;
	if (!error && unlikely(!found))
		error = xfs_corrupt(cur->bc_mp, "refcountbt",
				    "AG %" PRIu64 ": the record at %u disappeared", cur->bc_owner,
				    left.rc_startblock);
	return error ? error : update(cur, &left);
}

static int free_later(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		      xfs_extlen_t len)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };

	return xfs_free_extent_later(tp, XFS_AGB_TO_FSB(&pag->pag_mount->m_geo, pag->pag_agno,
							agbno), len, &oinfo, XFS_AG_RESV_NONE);
}

/* Blocks without a record have one owner: add a second, or free them. */
static int change_gap(struct xfs_btree_cur *cur, xfs_agblock_t agbno, xfs_extlen_t len, int delta,
		      bool later)
{
	struct xfs_refcount_irec irec = {
		.rc_startblock = agbno, .rc_blockcount = len, .rc_refcount = 2,
		.rc_domain = XFS_REFC_DOMAIN_SHARED,
	};
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error;

	if (delta > 0)
		return xfs_refcount_insert(cur, &irec);
	if (later)
		return free_later(cur->bc_tp, pag, agbno, len);
	error = xfs_agfl_fix_for_free(cur->bc_tp, pag);
	if (error)
		return error;
	return xfs_free_ag_extent(cur->bc_tp, pag, agbno, len, &oinfo, XFS_AG_RESV_NONE);
}

/*
 * (REFC-4) A block whose last other owner was removed in a checkpoint that is not durable is not
 *     overwritten in place.  After a crash that owner may have it again, and must find its old
 *     contents.
 */
static void note_unshared(struct xfs_perag *pag, const struct xfs_refcount_irec *irec)
{
	uint64_t seq = xfs_extent_busy_seq(pag->pag_mount);
	xfs_agblock_t end = irec->rc_startblock + irec->rc_blockcount;

	if (!seq || XFS_SABOTAGE(XFS_RULE_UNSHARED))
		return;
	if (!pag->pag_unshared_seq) {
		pag->pag_unshared_start = irec->rc_startblock;
		pag->pag_unshared_end = end;
	}
	pag->pag_unshared_start = XFS_MIN(pag->pag_unshared_start, irec->rc_startblock);
	pag->pag_unshared_end = XFS_MAX(pag->pag_unshared_end, end);
	__atomic_store_n(&pag->pag_unshared_seq, seq, __ATOMIC_RELAXED);
}

/* Change the count of the whole record at the cursor. */
static int change_rec(struct xfs_btree_cur *cur, struct xfs_refcount_irec *irec, int delta)
{
	if (irec->rc_refcount == XFS_REFC_REFCOUNT_MAX)
		return 0;
	irec->rc_refcount += (uint32_t)delta;
	if (irec->rc_refcount == 1) {
		note_unshared(cur->bc_ag.pag, irec);
		return xfs_btree_delete(cur);
	}
	return update(cur, irec);
}

static int change_inside(struct xfs_btree_cur *cur, xfs_agblock_t agbno, xfs_agblock_t end,
			 int delta, bool later)
{
	struct xfs_refcount_irec irec;
	bool found, pinned = false;
	int error = 0;

	while (!error && agbno < end) {
		xfs_agblock_t next = end;

		error = lookup_from(cur, agbno, &irec, &found);
		if (error)
			return error;
		if (found && irec.rc_startblock < end)
			next = irec.rc_startblock;
		if (agbno < next) {
			error = change_gap(cur, agbno, next - agbno, delta, later);
			agbno = next;
			continue;
		}
		next = irec.rc_startblock + irec.rc_blockcount;
		error = change_rec(cur, &irec, delta);
		/*
		 * Neighbours keep different counts when both change by the same amount, unless one
		 * is at the maximum.
		 */
		if (!error && (pinned || irec.rc_refcount == XFS_REFC_REFCOUNT_MAX))
			error = join_at(cur, agbno);
		pinned = irec.rc_refcount == XFS_REFC_REFCOUNT_MAX;
		agbno = next;
	}
	return error;
}

/*
 * True if the leaves at both ends of the range have room for the records that splitting there
 * makes.
 */
static int room_to_cut(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_agblock_t end, bool *room)
{
	struct xfs_btree_target first = target_of(agbno), last = target_of(end);
	struct xfs_btree_cur cur;
	bool found;
	int error;

	xfs_refcountbt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_lookup_le(&cur, &first, &found);
	*room = !error && xfs_btree_leaf_room(&cur) >= 2;
	if (*room) {
		error = xfs_btree_lookup_le(&cur, &last, &found);
		*room = !error && xfs_btree_leaf_room(&cur) >= 2;
	}
	xfs_btree_del_cursor(&cur);
	return error;
}

/*
 * The tree may grow by two records where the range is split and, if counts go up, by one for each
 * gap.  Lowering counts should not fail with -ENOSPC if that can be avoided, because that is how
 * space is freed.
 */
static int make_sure_of_space(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_agblock_t end,
			      int delta)
{
	const struct xfs_agf *agf = xfs_pag_agf(pag);
	bool room = false;
	int error;

	if (delta < 0) {
		error = room_to_cut(pag, agbno, end, &room);
		if (error || room)
			return error;
	}
	return xfs_ag_reserve_tree(pag, 2 * (be32_to_cpu(agf->agf_refcount_level) + 1),
				   XFS_AG_RESV_METADATA);
}

static int adjust_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			 xfs_extlen_t len, int delta, bool later)
{
	struct xfs_btree_cur cur;
	int error = xfs_perag_load_agf(pag);

	if (!error)
		error = xfs_refcount_load_share(pag);
	if (error)
		return error;
	/* The usual case: the AG shares no blocks, so these are freed. */
	if (delta < 0 && !pag->pag_may_share) {
		struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };

		if (later)
			return free_later(tp, pag, agbno, len);
		error = xfs_agfl_fix_for_free(tp, pag);
		return error ? error : xfs_free_ag_extent(tp, pag, agbno, len, &oinfo,
							  XFS_AG_RESV_NONE);
	}
	error = make_sure_of_space(pag, agbno, agbno + len, delta);
	if (error)
		return error;
	xfs_refcountbt_init_cursor(&cur, tp, pag);
	error = cut_at(&cur, agbno);
	if (!error)
		error = cut_at(&cur, agbno + len);
	if (!error)
		error = change_inside(&cur, agbno, agbno + len, delta, later);
	if (!error)
		error = join_at(&cur, agbno);
	if (!error)
		error = join_at(&cur, agbno + len);
	xfs_btree_del_cursor(&cur);
	if (!error)
		error = xfs_ag_free_pending(tp, pag);
	return error;
}

static int adjust(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len, int delta, bool later)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag;
	int error;

	if (!xfs_verify_fsbext(&mp->m_geo, fsbno, len))
		return xfs_corrupt(mp, "refcountbt", "impossible blocks %#" PRIx64 "+%u", fsbno,
				   len);
	if (!xfs_has_reflink(&mp->m_geo) && delta > 0)
		return xfs_error(mp, -EOPNOTSUPP,
				 "the file system does not have reflink and cannot share blocks");
	pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = adjust_locked(tp, pag, XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), len, delta, later);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_refcount_increase(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	return adjust(tp, fsbno, len, 1, false);
}

int xfs_refcount_decrease(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	return adjust(tp, fsbno, len, -1, false);
}

int xfs_refcount_decrease_later(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	return adjust(tp, fsbno, len, -1, true);
}

/* The number of blocks from @agbno on that have as many owners as the first, and that number. */
static int uniform_run(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len,
		       xfs_extlen_t *run, uint32_t *owners)
{
	struct xfs_refcount_irec irec;
	struct xfs_btree_cur cur;
	bool found;
	int error;

	*run = len;
	*owners = 1;
	error = xfs_refcount_load_share(pag);
	if (error || !pag->pag_may_share)
		return error;
	xfs_refcountbt_init_cursor(&cur, NULL, pag);
	error = lookup_from(&cur, agbno, &irec, &found);
	xfs_btree_del_cursor(&cur);
	if (error || !found)
		return error;
	if (irec.rc_startblock > agbno) {
		*run = XFS_MIN(len, irec.rc_startblock - agbno);
	} else {
		*run = XFS_MIN(len, irec.rc_startblock + irec.rc_blockcount - agbno);
		*owners = irec.rc_refcount;
	}
	return 0;
}

int xfs_refcount_check_increase(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
				xfs_extlen_t *run)
{
	struct xfs_perag *pag;
	uint32_t owners;
	int error;

	if (!xfs_verify_fsbext(&mp->m_geo, fsbno, len))
		return xfs_corrupt(mp, "refcountbt", "impossible blocks %#" PRIx64 "+%u", fsbno, len);
	pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agf(pag);
	if (!error && (xfs_ag_resv_is_critical(pag, XFS_AG_RESV_METADATA) ||
		       xfs_ag_resv_is_critical(pag, XFS_AG_RESV_RMAPBT)))
		error = xfs_error(mp, -ENOSPC, "AG %u has too few blocks left for its trees to share any",
				  pag->pag_agno);
	if (!error)
		error = uniform_run(pag, XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), len, run, &owners);
	/*
	 * The next count would be the maximum, from which on nobody knows the number of owners
	 * (REFC-3).
	 */
	if (!error && owners >= XFS_REFC_REFCOUNT_MAX - 1)
		error = xfs_error(mp, -EMLINK,
				  "blocks %#" PRIx64 "+%u have the largest number of owners", fsbno,
				  *run);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_refcount_find_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t len,
			     xfs_fsblock_t *shared_fsbno, xfs_extlen_t *shared_len)
{
	xfs_agblock_t agbno = XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno), end = agbno + len, start, stop;
	struct xfs_perag *pag;
	struct xfs_refcount_irec irec;
	struct xfs_btree_cur cur;
	bool found = false;
	int error;

	*shared_fsbno = NULLFSBLOCK;
	*shared_len = 0;
	if (!xfs_has_reflink(&mp->m_geo))
		return 0;
	/* Readers call this, too, and may be the first to use the AG. */
	error = xfs_perag_make(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno), &pag);
	if (error)
		return error;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agf(pag);
	if (!error)
		error = xfs_refcount_load_share(pag);
	if (error || !pag->pag_may_share)
		goto out_unlock;
	xfs_refcountbt_init_cursor(&cur, NULL, pag);
	error = lookup_from(&cur, agbno, &irec, &found);
	if (error || !found || irec.rc_startblock >= end)
		goto out_del;
	start = XFS_MAX(irec.rc_startblock, agbno);
	stop = irec.rc_startblock + irec.rc_blockcount;
	/* Adjacent records with different counts are one run. */
	while (stop < end) {
		error = xfs_btree_increment(&cur, &found);
		if (!error)
			error = get_shared(&cur, &irec, &found);
		if (error)
			goto out_del;
		if (!found || irec.rc_startblock != stop)
			break;
		stop += irec.rc_blockcount;
	}
	*shared_fsbno = XFS_AGB_TO_FSB(&mp->m_geo, pag->pag_agno, start);
	*shared_len = XFS_MIN(stop, end) - start;
out_del:
	xfs_btree_del_cursor(&cur);
out_unlock:
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_refcount_was_shared(struct xfs_mount *mp, xfs_fsblock_t fsbno, xfs_extlen_t *len, bool *was)
{
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	xfs_agblock_t agbno = XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno);
	int error;

	*was = false;
	if (!__atomic_load_n(&pag->pag_unshared_seq, __ATOMIC_RELAXED))
		return 0;
	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	if (pag->pag_unshared_seq && agbno < pag->pag_unshared_end) {
		*was = agbno >= pag->pag_unshared_start;
		*len = XFS_MIN(*len, (*was ? pag->pag_unshared_end : pag->pag_unshared_start) - agbno);
	}
	xfs_mutex_unlock(&pag->pag_lock);
	return 0;
}
