/* SPDX-License-Identifier: MIT */
/* Node form: data blocks, free-index blocks, and the index in a hashed tree of leaf blocks. */
#include "core/message.h"
#include "dir/dir_priv.h"

#define HDR	((uint32_t)sizeof(struct xfs_dir3_leaf_hdr))
#define ENT	((uint32_t)sizeof(struct xfs_dir2_leaf_entry))

/* Read the path to the leaf with the name's entry, else to the last leaf that could have it. */
static int find(struct xfs_dir_args *args, struct xfs_da_state *state, struct xfs_dir_match *m)
{
	bool moved = true;
	int error;

	error = xfs_da_lookup(state, args->hash);
	while (!error && moved) {
		const struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(xfs_da_leaf(state)->bp);
		uint32_t count = xfs_dir_leaf_count(leaf);
		uint32_t index = xfs_dir_ents_search(leaf->ents, count, args->hash);

		error = xfs_dir_ents_match(args, leaf->ents, count, index, NULL, m);
		/* Equal hashes continue in the next leaf only if they reach the end of this one. */
		if (error || m->found || count == 0 ||
		    be32_to_cpu(leaf->ents[count - 1].hashval) > args->hash)
			break;
		error = xfs_da_next_leaf(state, &moved);
	}
	return error;
}

int xfs_dir_node_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m)
{
	struct xfs_da_state state;
	int error;

	xfs_da_state_init(&state, &xfs_dir_da_kind, NULL, args->dp);
	error = find(args, &state, m);
	xfs_da_state_release(&state);
	return error;
}

/* ---- adding ----------------------------------------------------------------------------- */

/* Allocate the data block that @room asks for, and enter it in its free-index block. */
static int make_data(struct xfs_dir_args *args, struct xfs_dir_room *room, struct xfs_buf **dbpp)
{
	uint64_t size = (uint64_t)(room->db + 1) * args->geo->dirblksize;
	int error;

	error = xfs_dir_alloc_block(args, xfs_dir2_db_to_da(args->geo, room->db),
				    &xfs_dir3_data_buf_ops, dbpp);
	if (error)
		return error;
	xfs_dir_data_init(args, *dbpp, XFS_DIR3_DATA_MAGIC);
	xfs_dir_data_log_new(args, *dbpp);
	if (size > (uint64_t)args->dp->i_disk_size)
		xfs_dir_set_size(args->tp, args->dp, size);
	return xfs_dir_free_add_db(args, room);
}

/* All that an addition needs, read into memory. */
struct plan {
	struct xfs_da_state state;	/* path to the leaf */
	struct xfs_dir_room room;
	struct xfs_buf *dbp;		/* NULL if room.new_data */
	bool split;			/* the leaf is full */
};

/* If @m is not NULL, look the name up on the way, and stop if it exists. */
static int make_plan(struct xfs_dir_args *args, struct xfs_dir_match *m, struct plan *plan)
{
	const struct xfs_dir3_leaf *leaf;
	int error;

	plan->room = (struct xfs_dir_room){ .fbp = NULL };
	plan->dbp = NULL;
	plan->split = false;
	xfs_da_state_init(&plan->state, &xfs_dir_da_kind, args->tp, args->dp);
	plan->state.arg = &args->hash;
	error = m ? find(args, &plan->state, m) : xfs_da_lookup(&plan->state, args->hash);
	if (error || (m && m->ino != NULLFSINO))
		return error;
	leaf = xfs_dir_leaf_of(xfs_da_leaf(&plan->state)->bp);
	plan->split = !xfs_dir_leaf_stale(leaf) &&
		      xfs_dir_leaf_count(leaf) >= args->geo->dir_leaf_max_ents;
	if (plan->split)
		error = xfs_da_split_prepare(&plan->state);
	if (!error)
		error = xfs_dir_find_room(args, xfs_dir2_data_entsize(args->name->len),
					  &plan->room);
	if (error || plan->room.new_data)
		return error;
	error = xfs_dir_read_data(args, plan->room.db, &plan->dbp);
	if (!error)
		error = xfs_dir_check_best(args, plan->dbp, plan->room.db, plan->room.best);
	return error;
}

static void put_plan(struct plan *plan)
{
	xfs_buf_put(plan->dbp);
	xfs_buf_put(plan->room.fbp);
	xfs_da_state_release(&plan->state);
}

int xfs_dir_node_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m, uint32_t *nblocks)
{
	struct plan plan;
	int error;

	error = make_plan(args, m, &plan);
	*nblocks = 0;
	if (!error)
		*nblocks = (uint32_t)plan.room.new_data + plan.room.new_free +
			   (plan.split ? xfs_da_split_blocks(&plan.state) : 0);
	put_plan(&plan);
	return error;
}

int xfs_dir_node_addname(struct xfs_dir_args *args)
{
	const struct xfs_dir3_leaf *leaf;
	struct xfs_buf *lbp;
	struct plan plan;
	uint32_t off;
	int error;

	error = make_plan(args, NULL, &plan);
	if (!error && plan.room.new_data)
		error = make_data(args, &plan.room, &plan.dbp);
	if (!error && plan.split)
		error = xfs_da_split(&plan.state);
	if (error)
		goto out;
	off = xfs_dir_data_add(args, plan.dbp);
	xfs_dir_free_set_best(args, plan.room.fbp, plan.room.db, xfs_dir_best_len(plan.dbp, 0));
	lbp = xfs_da_leaf(&plan.state)->bp;
	leaf = xfs_dir_leaf_of(lbp);
	xfs_dir_leaf_insert(args, lbp,
			    xfs_dir_ents_search(leaf->ents, xfs_dir_leaf_count(leaf), args->hash),
			    xfs_dir2_db_off_to_dataptr(args->geo, plan.room.db, off));
	xfs_da_fix_hash(&plan.state);
out:
	put_plan(&plan);
	return error;
}

/* ---- removing --------------------------------------------------------------------------- */

/* Free the empty data block @db.  The directory then ends behind its last data block. */
static int drop_data(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db,
		     struct xfs_buf *dbp)
{
	xfs_dablk_t bno = xfs_dir2_db_to_da(args->geo, db);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint64_t end;
	int error;

	error = xfs_dir_free_block(args, bno, dbp);
	if (!error)
		error = xfs_dir_free_drop_db(args, fbp, db);
	if (error)
		return error;
	xfs_dir_hint_hole(args->dp, bno);
	if (XFS_IS_CORRUPT(args->dp->i_mount, "directory", args->dp->i_ino,
			   !xfs_iext_lookup_extent_before(&args->dp->i_df, args->geo->leafblk, &cur,
							  &got)))
		return -EUCLEAN;
	end = XFS_FSB_TO_B(args->geo, xfs_irec_end(&got));
	if (end != (uint64_t)args->dp->i_disk_size)
		xfs_dir_set_size(args->tp, args->dp, end);
	return 0;
}

/*
 * Free the free-index blocks at the end that have no data block; another writer may have left them.
 */
static int drop_empty_frees(struct xfs_dir_args *args, bool *only_first)
{
	const struct xfs_geometry *geo = args->geo;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_buf *fbp;
	int error;

	*only_first = false;
	for (;;) {
		xfs_fileoff_t last;
		bool empty;

		if (!xfs_iext_last_extent(&args->dp->i_df, &cur, &got))
			return 0;
		last = xfs_irec_end(&got) - geo->dirblkfsbs;
		if (last <= geo->freeblk) {
			*only_first = last == geo->freeblk;
			return 0;
		}
		if (xfs_dir_read_block(args, (xfs_dablk_t)last, &xfs_dir3_free_buf_ops, &fbp))
			return 0;
		empty = be32_to_cpu(((struct xfs_dir3_free *)fbp->b_addr)->hdr.nused) == 0;
		error = empty ? xfs_dir_free_block(args, (xfs_dablk_t)last, fbp) : 0;
		xfs_buf_put(fbp);
		if (error || !empty)
			return error;
	}
}

/* True if the root is the only block of the leaf space. */
static bool root_is_alone(struct xfs_dir_args *args)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return xfs_iext_lookup_extent(&args->dp->i_df,
				      args->geo->leafblk + args->geo->dirblkfsbs, &cur, &got) &&
	       got.br_startoff >= args->geo->freeblk;
}

/*
 * Convert back to leaf form if one leaf block can hold index and bests, and on to smaller forms.
 * If a block cannot be read, the directory stays as it is.
 */
static int node_to_leaf(struct xfs_dir_args *args)
{
	struct xfs_buf *lbp, *fbp = NULL;
	struct xfs_dir2_leaf_tail *tail;
	struct xfs_dir3_leaf *leaf;
	struct xfs_dir3_free *free;
	uint32_t live, n;
	bool only_first;
	int error;

	if (xfs_dir_read_block(args, args->geo->leafblk, xfs_dir_da_kind.root_ops, &lbp))
		return 0;
	error = 0;
	if (xfs_da_magic(lbp) != XFS_DIR3_LEAFN_MAGIC || !root_is_alone(args))
		goto out_put;
	error = drop_empty_frees(args, &only_first);
	if (error || !only_first || xfs_dir_read_free(args, 0, &fbp))
		goto out_put;
	leaf = xfs_dir_leaf_of(lbp);
	live = xfs_dir_leaf_count(leaf) - xfs_dir_leaf_stale(leaf);
	free = fbp->b_addr;
	n = be32_to_cpu(free->hdr.nvalid);
	while (n && be16_to_cpu(free->bests[n - 1]) == XFS_DIR2_NULL_DATAOFF)
		n--;
	if (HDR + live * ENT + n * sizeof(be16_t) + sizeof(*tail) > args->geo->dirblksize)
		goto out_put;

	xfs_dir_leaf_compact(args->tp, lbp);
	xfs_da_info(lbp)->magic = cpu_to_be16(XFS_DIR3_LEAF1_MAGIC);
	lbp->b_ops = &xfs_dir3_leaf1_buf_ops;
	tail = xfs_dir2_leaf_tail_p(args->geo, leaf);
	tail->bestcount = cpu_to_be32(n);
	memcpy(xfs_dir2_leaf_bests_p(tail), free->bests, n * sizeof(be16_t));
	xfs_trans_log_buf_all(args->tp, lbp);
	error = xfs_dir_free_block(args, args->geo->freeblk, fbp);
	if (!error)
		error = xfs_dir_leaf_to_block(args, lbp);
out_put:
	xfs_buf_put(fbp);
	xfs_buf_put(lbp);
	return error;
}

int xfs_dir_node_removename(struct xfs_dir_args *args)
{
	const struct xfs_dir3_leaf *leaf;
	struct xfs_da_state state;
	struct xfs_buf *fbp = NULL;
	struct xfs_dir_match m;
	int error;

	xfs_da_state_init(&state, &xfs_dir_da_kind, args->tp, args->dp);
	xfs_dir_match_init(&m, true);
	error = find(args, &state, &m);
	if (!error && (!m.found || m.ino != args->ino))
		error = -ENOENT;
	if (!error)
		error = xfs_dir_read_free(args, m.db, &fbp);
	if (!error)
		error = xfs_dir_check_best(args, m.bp, m.db, xfs_dir_free_best(args, fbp, m.db));
	if (error)
		goto out;
	leaf = xfs_dir_leaf_of(xfs_da_leaf(&state)->bp);
	if (xfs_dir_leaf_count(leaf) - xfs_dir_leaf_stale(leaf) == 1) {
		error = xfs_da_join_prepare(&state);
		if (error)
			goto out;
	}

	xfs_dir_leaf_set_stale(args->tp, xfs_da_leaf(&state)->bp, m.index);
	xfs_dir_data_remove(args, m.bp, m.off);
	xfs_dir_free_set_best(args, fbp, m.db, xfs_dir_best_len(m.bp, 0));
	if (m.db != 0 && xfs_dir_data_is_empty(args->geo, m.bp))
		error = drop_data(args, fbp, m.db, m.bp);
	else
		xfs_dir_hint_freed(args->dp, xfs_dir_best_len(m.bp, 0));
	if (!error)
		error = xfs_da_join(&state);
	if (!error)
		error = node_to_leaf(args);
out:
	xfs_buf_put(fbp);
	xfs_dir_match_done(&m);
	xfs_da_state_release(&state);
	return error;
}
