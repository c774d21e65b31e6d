/* SPDX-License-Identifier: MIT */
/*
 * Joining: a block that a removal leaves empty is freed, a sparse one is merged with a neighbour,
 * and a root with a single child is replaced by the child.
 *
 * (DA-3) After xfs_da_join() the leaf that lost an entry cannot be joined with either neighbour.
 *     Insertions only make joining harder, so one of any two neighbours is well filled, and a tree
 *     whose entries are all removed shrinks to a single leaf.
 */
#include "core/message.h"
#include "da/da_priv.h"

int xfs_da_join_prepare(struct xfs_da_state *state)
{
	int error;

	for (uint32_t i = state->depth - 1; i > 0; i--) {
		const struct xfs_da3_blkinfo *info = xfs_da_info(state->path[i].bp);
		uint32_t height = xfs_da_height(state->path[i].bp);

		if (be32_to_cpu(info->forw)) {
			error = xfs_da_pin(state, be32_to_cpu(info->forw), height);
			if (error)
				return error;
		}
		if (be32_to_cpu(info->back)) {
			error = xfs_da_pin(state, be32_to_cpu(info->back), height);
			if (error)
				return error;
		}
		/* The parent becomes empty, too, only if this is its only child. */
		if (xfs_da_node_count(state->path[i - 1].bp) > 1)
			break;
	}
	return 0;
}

/*
 * Remove the block at path[@i] from the chain of its level and from its parent, and free it.  Its
 * neighbours have been read before, so reading them cannot fail here.
 */
static int remove_block(struct xfs_da_state *state, uint32_t i)
{
	struct xfs_da_level *lv = &state->path[i], *up = lv - 1;
	xfs_dablk_t forw = be32_to_cpu(xfs_da_info(lv->bp)->forw);
	xfs_dablk_t back = be32_to_cpu(xfs_da_info(lv->bp)->back);
	uint32_t height = xfs_da_height(state->path[i].bp);
	struct xfs_buf *bp;
	int error;

	if (back) {
		error = xfs_da_read_level(state, back, height, &bp);
		if (error)
			return error;
		xfs_da_set_forw(state, bp, forw);
		xfs_buf_put(bp);
	}
	if (forw) {
		error = xfs_da_read_level(state, forw, height, &bp);
		if (error)
			return error;
		xfs_da_set_back(state, bp, back);
		xfs_buf_put(bp);
	}
	xfs_da_node_remove(state, up->bp, up->index);
	if (xfs_da_node_count(up->bp))
		xfs_da_fix_hash_above(state, i - 1, xfs_da_last_hash(state, up->bp));
	return xfs_da_shrink(state, lv->blkno, lv->bp);
}

static bool is_empty(struct xfs_da_state *state, const struct xfs_buf *bp)
{
	return xfs_da_is_node(bp) ? xfs_da_node_count(bp) == 0
				  : state->kind->leaf_is_empty(bp->b_addr);
}

static bool is_sparse(struct xfs_da_state *state, const struct xfs_buf *bp)
{
	if (xfs_da_is_node(bp))
		return xfs_da_node_count(bp) <= xfs_da_node_max(state) / 2;
	return state->kind->leaf_is_sparse(&state->dp->i_mount->m_geo, bp->b_addr);
}

static bool fits(struct xfs_da_state *state, const struct xfs_buf *a, const struct xfs_buf *b)
{
	uint32_t max = xfs_da_node_max(state);

	if (xfs_da_is_node(a))
		return xfs_da_node_count(a) + xfs_da_node_count(b) <= max - max / 4;
	return state->kind->leaf_fits(&state->dp->i_mount->m_geo, a->b_addr, b->b_addr);
}

static void merge_nodes(struct xfs_da_state *state, struct xfs_buf *dst, struct xfs_buf *src,
			bool src_first)
{
	struct xfs_da_node_entry *to = xfs_da_node_ents(dst);
	const struct xfs_da_node_entry *from = xfs_da_node_ents(src);
	uint32_t nto = xfs_da_node_count(dst), nfrom = xfs_da_node_count(src);

	if (src_first) {
		memmove(&to[nfrom], to, nto * sizeof(*to));
		memcpy(to, from, nfrom * sizeof(*to));
	} else {
		memcpy(&to[nto], from, nfrom * sizeof(*to));
	}
	xfs_da_node(dst)->count = cpu_to_be16((uint16_t)(nto + nfrom));
	xfs_da_node_log(state, dst, src_first ? 0 : nto, nto + nfrom - 1);
}

/* The leaf that is left after merging, to be found again. */
struct survivor {
	xfs_dablk_t blkno;
	xfs_dahash_t hash;
};

/*
 * Try to merge the block at path[@i] with its neighbour at @step.  On success the path of @state is
 * that of the removed block, whose parent has lost an entry.
 */
static int try_merge(struct xfs_da_state *state, uint32_t i, int step, bool *merged,
		     struct survivor *survivor)
{
	struct xfs_da_level *lv = &state->path[i];
	const struct xfs_da3_blkinfo *info = xfs_da_info(lv->bp);
	xfs_dablk_t want = be32_to_cpu(step > 0 ? info->forw : info->back);
	struct xfs_da_state other, *dst, *src;
	bool moved, other_dies, src_first;
	struct xfs_da_level *dlv, *slv;
	xfs_dablk_t far;
	int error;

	*merged = false;
	if (!want)
		return 0;
	xfs_da_path_dup(&other, state, i);
	error = xfs_da_shift(&other, i, step, &moved);
	if (error || !moved || other.path[i].blkno != want ||
	    xfs_da_is_node(other.path[i].bp) != xfs_da_is_node(lv->bp) ||
	    !fits(state, lv->bp, other.path[i].bp))
		goto out_release;

	other_dies = want > lv->blkno;
	dst = other_dies ? state : &other;
	src = other_dies ? &other : state;
	dlv = &dst->path[i];
	slv = &src->path[i];
	src_first = other_dies ? step < 0 : step > 0;
	/* The block beyond the source gets a new neighbour: without it in memory, do not merge. */
	far = be32_to_cpu(src_first ? xfs_da_info(slv->bp)->back : xfs_da_info(slv->bp)->forw);
	if (far && xfs_da_pin(&other, far, xfs_da_height(slv->bp)))
		goto out_release;

	if (xfs_da_is_node(dlv->bp))
		merge_nodes(state, dlv->bp, slv->bp, src_first);
	else
		state->kind->leaf_merge(state, dlv->bp, slv->bp, src_first);
	survivor->blkno = dlv->blkno;
	survivor->hash = xfs_da_last_hash(state, dlv->bp);
	xfs_da_fix_hash_above(dst, i, survivor->hash);
	error = remove_block(src, i);
	*merged = true;
	if (other_dies) {
		/* Continue on the path of the removed block; pins stay where they are. */
		for (uint32_t l = 0; l <= i; l++) {
			struct xfs_da_level tmp = state->path[l];

			state->path[l] = other.path[l];
			other.path[l] = tmp;
		}
	}
	xfs_da_state_release(&other);
	return error;

out_release:
	/* Nothing has changed: a neighbour that cannot be read or does not fit stays as it is. */
	xfs_da_state_release(&other);
	return 0;
}

/* Try the smaller block number first, so that the tree stays at the front of the fork. */
static int merge_either(struct xfs_da_state *state, uint32_t i, bool *merged,
			struct survivor *survivor)
{
	const struct xfs_da3_blkinfo *info = xfs_da_info(state->path[i].bp);
	uint32_t forw = be32_to_cpu(info->forw), back = be32_to_cpu(info->back);
	int step = forw && (!back || forw < back) ? 1 : -1;
	int error;

	error = try_merge(state, i, step, merged, survivor);
	if (!error && !*merged)
		error = try_merge(state, i, -step, merged, survivor);
	return error;
}

/* While the root is a node with one child, copy the child into it and free the child. */
static int collapse_root(struct xfs_da_state *state)
{
	struct xfs_buf *root = state->path[0].bp, *child;
	xfs_dablk_t blkno;
	int error = 0;

	while (!error && xfs_da_is_node(root) && xfs_da_node_count(root) == 1) {
		blkno = be32_to_cpu(xfs_da_node_ents(root)[0].before);
		if (xfs_da_read_level(state, blkno, xfs_da_node_level(root) - 1, &child))
			return 0;
		memcpy(root->b_addr, child->b_addr, root->b_len);
		xfs_da_info(root)->blkno = cpu_to_be64((uint64_t)xfs_buf_daddr(root));
		xfs_da_info(root)->forw = cpu_to_be32(0);
		xfs_da_info(root)->back = cpu_to_be32(0);
		root->b_ops = child->b_ops;
		xfs_trans_log_buf_all(state->tp, root);
		error = xfs_da_shrink(state, blkno, child);
		xfs_buf_put(child);
	}
	return error;
}

/* One pass from the leaf up. *@again: a merged leaf needs another pass. */
static int join_up(struct xfs_da_state *state, bool *again, struct survivor *leaf)
{
	uint32_t bottom = state->depth - 1;
	bool merged;
	int error;

	*again = false;
	for (uint32_t i = bottom; i > 0; i--) {
		const struct xfs_da3_blkinfo *info = xfs_da_info(state->path[i].bp);
		struct survivor ignored;

		if (is_empty(state, state->path[i].bp)) {
			/* The only block of a level stays: a tree needs a leaf. */
			if (!be32_to_cpu(info->forw) && !be32_to_cpu(info->back))
				break;
			error = remove_block(state, i);
			if (error)
				return error;
			continue;
		}
		if (!is_sparse(state, state->path[i].bp))
			break;
		error = merge_either(state, i, &merged, i == bottom ? leaf : &ignored);
		if (error)
			return error;
		if (!merged)
			break;
		if (i == bottom)
			*again = true;
	}
	return collapse_root(state);
}

int xfs_da_join(struct xfs_da_state *state)
{
	struct survivor leaf = { 0 };
	bool again = true;
	int error = 0;

	while (!error && again && state->depth > 1) {
		error = join_up(state, &again, &leaf);
		if (error || !again)
			break;
		/* Leaves in front of it may have the same hash. */
		if (xfs_da_lookup(state, leaf.hash))
			break;
		while (again && xfs_da_leaf(state)->blkno != leaf.blkno)
			if (xfs_da_next_leaf(state, &again))
				again = false;
	}
	xfs_da_state_release(state);
	return error;
}
