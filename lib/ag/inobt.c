/* SPDX-License-Identifier: MIT */
/*
 * Records of the inode trees.  The finobt holds exactly those records of the inobt that have a free
 * inode, with the same contents; every change is made to both.
 *
 * (INOBT-1) A change of a tree reserves its blocks before it begins (ops->reserve).  The finobt's
 *     blocks are reserved before the inobt is changed.
 */
#include "ag/inobt.h"
#include "ag/ag_priv.h"

static struct xfs_btree_target target_of(xfs_agino_t agino)
{
	return (struct xfs_btree_target){ .w = { agino } };
}

int xfs_inobt_get_rec(const struct xfs_btree_cur *cur, struct xfs_inobt_rec_incore *irec)
{
	const struct xfs_geometry *geo = &cur->bc_mp->m_geo;
	xfs_failaddr_t fa;

	xfs_inobt_rec_unpack(geo, xfs_btree_get_rec(cur), irec);
	fa = xfs_inobt_irec_verify(geo, (xfs_agnumber_t)cur->bc_owner, irec);
	if (unlikely(fa))
		return xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
				   "AG %" PRIu64 ", record of inode %u: %s", cur->bc_owner,
				   irec->ir_startino, fa);
	return 0;
}

uint32_t xfs_inobt_insert_blocks(const struct xfs_mount *mp)
{
	const struct xfs_geometry *geo = &mp->m_geo;

	return xfs_has_finobt(geo) ? 2u * geo->inobt_maxlevels : geo->inobt_maxlevels;
}

int xfs_inobt_lookup(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
		     bool *found)
{
	struct xfs_btree_target target = target_of(agino);
	struct xfs_btree_cur cur;
	int error;

	xfs_inobt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_lookup_le(&cur, &target, found);
	if (!error && *found) {
		error = xfs_inobt_get_rec(&cur, rec);
		*found = agino - rec->ir_startino < XFS_INODES_PER_CHUNK;
	}
	xfs_btree_del_cursor(&cur);
	return error;
}

int xfs_inobt_lookup_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			  bool *found)
{
	struct xfs_btree_target target;
	struct xfs_btree_cur cur;
	int error = xfs_inobt_lookup(pag, agino, rec, found);

	if (error || *found)
		return error;
	target = target_of(agino);
	xfs_inobt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_lookup_ge(&cur, &target, found);
	if (!error && *found)
		error = xfs_inobt_get_rec(&cur, rec);
	xfs_btree_del_cursor(&cur);
	return error;
}

int xfs_inobt_find_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found)
{
	int error = xfs_mutex_want(&pag->pag_lock);

	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup_from(pag, agino, rec, found);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

/* ---- changing one tree ------------------------------------------------------- */

/* Position the cursor on the record of @irec's inodes (@want), or where it is to be inserted. */
static int position(struct xfs_btree_cur *cur, const struct xfs_inobt_rec_incore *irec, bool want)
{
	struct xfs_btree_target target = target_of(irec->ir_startino);
	bool found;
	int error = xfs_btree_lookup_eq(cur, &target, &found);

	if (!error && unlikely(found != want))
		error = xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
				    "AG %" PRIu64 ": record of inode %u %s", cur->bc_owner,
				    irec->ir_startino, want ? "is missing" : "already exists");
	return error;
}

static int insert_one(struct xfs_btree_cur *cur, const struct xfs_inobt_rec_incore *irec)
{
	struct xfs_inobt_rec rec;
	int error = position(cur, irec, false);

	xfs_inobt_rec_pack(&cur->bc_mp->m_geo, irec, &rec);
	return error ? error : xfs_btree_insert(cur, &rec);
}

static int update_one(struct xfs_btree_cur *cur, const struct xfs_inobt_rec_incore *irec)
{
	struct xfs_inobt_rec rec;
	int error = position(cur, irec, true);

	xfs_inobt_rec_pack(&cur->bc_mp->m_geo, irec, &rec);
	return error ? error : xfs_btree_update(cur, &rec);
}

static int delete_one(struct xfs_btree_cur *cur, const struct xfs_inobt_rec_incore *irec)
{
	int error = position(cur, irec, true);

	return error ? error : xfs_btree_delete(cur);
}

/*
 * Make the same change in the finobt, which does not hold a record (@old, @new) that is NULL or has
 * no free inode.
 */
static int change_finobt(struct xfs_trans *tp, struct xfs_perag *pag,
			 const struct xfs_inobt_rec_incore *old,
			 const struct xfs_inobt_rec_incore *new)
{
	bool was = old && old->ir_freecount > 0, is = new && new->ir_freecount > 0;
	struct xfs_btree_cur cur;
	int error = 0;

	if (!xfs_has_finobt(&pag->pag_mount->m_geo) || (!was && !is))
		return 0;
	xfs_finobt_init_cursor(&cur, tp, pag);
	if (was && is)
		error = update_one(&cur, new);
	else if (is)
		error = insert_one(&cur, new);
	else
		error = delete_one(&cur, old);
	xfs_btree_del_cursor(&cur);
	return error;
}

/*
 * Check that there are blocks for an insert of @startino into the finobt (INOBT-1), unless its leaf
 * has room.
 */
static int reserve_finobt(struct xfs_perag *pag, xfs_agino_t startino)
{
	struct xfs_btree_target target = target_of(startino);
	struct xfs_btree_cur cur;
	bool found, room;
	int error = xfs_perag_load_agf(pag);

	if (error || !xfs_has_finobt(&pag->pag_mount->m_geo))
		return error;
	xfs_finobt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_lookup_le(&cur, &target, &found);
	room = !error && xfs_btree_leaf_room(&cur) > 0;
	xfs_btree_del_cursor(&cur);
	if (error || room)
		return error;
	return xfs_ag_reserve_tree(pag, be32_to_cpu(xfs_pag_agi(pag)->agi_free_level) + 1,
				   XFS_AG_RESV_METADATA);
}

int xfs_inobt_insert(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec)
{
	struct xfs_btree_cur cur;
	int error = reserve_finobt(pag, rec->ir_startino);

	if (error)
		return error;
	xfs_inobt_init_cursor(&cur, tp, pag);
	error = insert_one(&cur, rec);
	xfs_btree_del_cursor(&cur);
	if (!error)
		error = change_finobt(tp, pag, NULL, rec);
	return error;
}

int xfs_inobt_update(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *old, const struct xfs_inobt_rec_incore *rec)
{
	struct xfs_btree_cur cur;
	int error;

	if (!old->ir_freecount && rec->ir_freecount)
		error = reserve_finobt(pag, rec->ir_startino);
	else
		error = xfs_perag_load_agf(pag);
	if (error)
		return error;
	xfs_inobt_init_cursor(&cur, tp, pag);
	error = update_one(&cur, rec);
	xfs_btree_del_cursor(&cur);
	if (!error)
		error = change_finobt(tp, pag, old, rec);
	if (!error)
		error = xfs_ag_free_pending(tp, pag);
	return error;
}

int xfs_inobt_delete(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec)
{
	struct xfs_btree_cur cur;
	int error = xfs_perag_load_agf(pag);

	if (error)
		return error;
	xfs_inobt_init_cursor(&cur, tp, pag);
	error = delete_one(&cur, rec);
	xfs_btree_del_cursor(&cur);
	if (!error)
		error = change_finobt(tp, pag, rec, NULL);
	if (!error)
		error = xfs_ag_free_pending(tp, pag);
	return error;
}

/* ---- looking for a free inode ---------------------------------------------------- */

static xfs_agino_t distance(xfs_agino_t agino, const struct xfs_inobt_rec_incore *rec)
{
	if (agino < rec->ir_startino)
		return rec->ir_startino - agino;
	return agino - rec->ir_startino < XFS_INODES_PER_CHUNK
		       ? 0 : agino - rec->ir_startino - (XFS_INODES_PER_CHUNK - 1);
}

/* The first record with a free inode from the cursor on, to one side. */
static int walk_to_free(struct xfs_btree_cur *cur, bool left, struct xfs_inobt_rec_incore *rec,
			bool *found)
{
	int error = 0;

	while (!error && *found) {
		error = xfs_inobt_get_rec(cur, rec);
		if (error || rec->ir_freecount)
			break;
		error = left ? xfs_btree_decrement(cur, found) : xfs_btree_increment(cur, found);
	}
	return error;
}

int xfs_inobt_find_free(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found)
{
	struct xfs_btree_target target = target_of(agino);
	struct xfs_inobt_rec_incore right_rec;
	struct xfs_btree_cur left, right;
	bool found_right;
	int error;

	*found = false;
	if (pag->pag_ifree == 0)
		return 0;
	/*
	 * Every record of the finobt will do; in the inobt the walk goes on to the first with a
	 * free inode.
	 */
	if (xfs_has_finobt(&pag->pag_mount->m_geo))
		xfs_finobt_init_cursor(&left, NULL, pag);
	else
		xfs_inobt_init_cursor(&left, NULL, pag);
	error = xfs_btree_lookup_le(&left, &target, found);
	if (error) {
		xfs_btree_del_cursor(&left);
		return error;
	}
	xfs_btree_dup_cursor(&left, &right);
	error = xfs_btree_increment(&right, &found_right);
	if (!error)
		error = walk_to_free(&left, true, rec, found);
	if (!error && !(*found && distance(agino, rec) == 0))
		error = walk_to_free(&right, false, &right_rec, &found_right);
	else
		found_right = false;
	if (!error && found_right &&
	    (!*found || distance(agino, &right_rec) < distance(agino, rec))) {
		*rec = right_rec;
		*found = true;
	}
	xfs_btree_del_cursor(&left);
	xfs_btree_del_cursor(&right);
	return error;
}
