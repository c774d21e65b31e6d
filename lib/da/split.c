/* SPDX-License-Identifier: MIT */
/*
 * Splitting: the upper half of a full block moves to a new block behind it, and the parent gets an
 * entry for that, which may split the parent in turn.  The root stays in its place: its lower half
 * moves to another new block, and the root becomes a node above both.
 */
#include "core/message.h"
#include "da/da_priv.h"

int xfs_da_split_prepare(struct xfs_da_state *state)
{
	uint32_t max = xfs_da_node_max(state);
	int error;

	for (uint32_t i = state->depth - 1;; i--) {
		xfs_dablk_t forw = be32_to_cpu(xfs_da_info(state->path[i].bp)->forw);

		if (forw) {
			error = xfs_da_pin(state, forw, xfs_da_height(state->path[i].bp));
			if (error)
				return error;
		}
		if (i && xfs_da_node_count(state->path[i - 1].bp) < max)
			break;
		if (i == 0 && state->depth == XFS_DA_NODE_MAXDEPTH)
			return xfs_error(state->dp->i_mount, -ENOSPC,
					 "inode %" PRIu64 ": the %s is full", state->dp->i_ino,
					 state->kind->name);
		if (i == 0)
			break;
	}
	return xfs_buf_prealloc(state->dp->i_mount, state->path[0].bp->b_len,
				xfs_da_split_blocks(state));
}

uint32_t xfs_da_split_blocks(const struct xfs_da_state *state)
{
	uint32_t max = xfs_da_node_max(state), blocks = 1;

	for (uint32_t i = state->depth - 1; i > 0; i--, blocks++) {
		if (xfs_da_node_count(state->path[i - 1].bp) < max)
			return blocks;
	}
	return blocks + 1;
}

/* Link the new block @right behind the block at path[@i]. */
static int link_after(struct xfs_da_state *state, uint32_t i, struct xfs_buf *right,
		      xfs_dablk_t right_blkno)
{
	struct xfs_da_level *lv = &state->path[i];
	xfs_dablk_t forw = be32_to_cpu(xfs_da_info(lv->bp)->forw);
	struct xfs_buf *next;
	int error;

	xfs_da_set_forw(state, right, forw);
	xfs_da_set_back(state, right, lv->blkno);
	xfs_da_set_forw(state, lv->bp, right_blkno);
	if (!forw)
		return 0;
	error = xfs_da_read_level(state, forw, xfs_da_height(state->path[i].bp), &next);
	if (error)
		return error;
	xfs_da_set_back(state, next, right_blkno);
	xfs_buf_put(next);
	return 0;
}

/*
 * path[0] was split and @right is its upper half: move the lower half to a new block, and make
 * path[0] a node over both.  @go_right: the path is to lead to @right, and takes over the reference
 * to it.
 */
static int grow_root(struct xfs_da_state *state, struct xfs_buf *right, xfs_dablk_t right_blkno,
		     bool go_right)
{
	struct xfs_buf *root = state->path[0].bp, *left;
	uint32_t level = xfs_da_is_node(root) ? xfs_da_node_level(root) + 1 : 1;
	uint32_t left_index = state->path[0].index;
	xfs_dablk_t left_blkno;
	int error;

	error = xfs_da_grow(state, root->b_ops, &left_blkno, &left);
	if (error)
		return error;
	memcpy(left->b_addr, root->b_addr, root->b_len);
	xfs_da_info(left)->blkno = cpu_to_be64((uint64_t)xfs_buf_daddr(left));
	xfs_trans_log_buf_all(state->tp, left);
	xfs_da_set_back(state, right, left_blkno);

	memset(root->b_addr, 0, root->b_len);
	xfs_da_node_init(state, root, level);
	xfs_da_node_insert(state, root, 0, xfs_da_last_hash(state, left), left_blkno);
	xfs_da_node_insert(state, root, 1, xfs_da_last_hash(state, right), right_blkno);
	xfs_trans_log_buf_all(state->tp, root);

	memmove(&state->path[1], &state->path[0], state->depth * sizeof(state->path[0]));
	state->depth++;
	state->path[0].index = go_right;
	if (go_right) {
		state->path[1].bp = right;
		state->path[1].blkno = right_blkno;
		xfs_buf_put(left);
	} else {
		state->path[1].bp = left;
		state->path[1].blkno = left_blkno;
		state->path[1].index = left_index;
		xfs_buf_put(right);
	}
	return 0;
}

/*
 * Split the full node at path[@i] and insert {@hash, @child} at @index.  The path is to go on
 * through entry @on_path, counted with the new entry in place.
 */
static int split_node(struct xfs_da_state *state, uint32_t i, uint32_t index, xfs_dahash_t hash,
		      xfs_dablk_t child, uint32_t on_path, struct xfs_buf **right_bp,
		      xfs_dablk_t *right_blkno, bool *go_right)
{
	struct xfs_buf *left = state->path[i].bp, *right;
	struct xfs_da_node_entry *ents = xfs_da_node_ents(left);
	uint32_t count = xfs_da_node_count(left);
	uint32_t keep = (count + 2) / 2;	/* entries of the left half, counting the new one */
	uint32_t from = index < keep ? keep - 1 : keep;
	int error;

	error = xfs_da_grow(state, &xfs_da3_node_buf_ops, right_blkno, &right);
	if (error)
		return error;
	xfs_da_node_init(state, right, xfs_da_node_level(left));
	memcpy(xfs_da_node_ents(right), &ents[from], (count - from) * sizeof(*ents));
	xfs_da_node(right)->count = cpu_to_be16((uint16_t)(count - from));
	memset(&ents[from], 0, (count - from) * sizeof(*ents));
	xfs_da_node(left)->count = cpu_to_be16((uint16_t)from);
	xfs_trans_log_buf_all(state->tp, right);
	xfs_da_node_log(state, left, from, count - 1);
	error = link_after(state, i, right, *right_blkno);
	if (error) {
		xfs_buf_put(right);
		return error;
	}
	if (index < keep)
		xfs_da_node_insert(state, left, index, hash, child);
	else
		xfs_da_node_insert(state, right, index - keep, hash, child);
	*go_right = on_path >= keep;
	state->path[i].index = *go_right ? on_path - keep : on_path;
	*right_bp = right;
	return 0;
}

/* Let the path lead to the new block, whose reference it takes over. */
static void path_go_right(struct xfs_da_level *lv, struct xfs_buf *right, xfs_dablk_t right_blkno)
{
	xfs_buf_put(lv->bp);
	lv->bp = right;
	lv->blkno = right_blkno;
}

int xfs_da_split(struct xfs_da_state *state)
{
	const struct xfs_da_kind *kind = state->kind;
	uint32_t i = state->depth - 1;
	xfs_dablk_t right_blkno;
	struct xfs_buf *right;
	bool go_right;
	int error;

	error = xfs_da_grow(state, kind->leaf_ops, &right_blkno, &right);
	if (error)
		return error;
	xfs_da_init_info(state->dp, right, kind->leaf_magic);
	go_right = kind->leaf_split(state, state->path[i].bp, right);
	error = link_after(state, i, right, right_blkno);
	while (!error) {
		struct xfs_da_level *lv = &state->path[i], *up = lv - 1;
		xfs_dahash_t left_hash = xfs_da_last_hash(state, lv->bp);
		xfs_dahash_t right_hash = xfs_da_last_hash(state, right);
		xfs_dablk_t child = right_blkno;

		if (i == 0) {
			error = grow_root(state, right, right_blkno, go_right);
			if (!error)
				return 0;
			break;
		}
		if (go_right)
			path_go_right(lv, right, right_blkno);
		else
			xfs_buf_put(right);
		right = NULL;
		/* The right half has the last hash of the whole, so nothing changes further up. */
		xfs_da_node_ents(up->bp)[up->index].hashval = cpu_to_be32(left_hash);
		xfs_da_node_log(state, up->bp, up->index, up->index);
		if (xfs_da_node_count(up->bp) < xfs_da_node_max(state)) {
			xfs_da_node_insert(state, up->bp, up->index + 1, right_hash, child);
			up->index += go_right;
			return 0;
		}
		error = split_node(state, i - 1, up->index + 1, right_hash, child,
				   up->index + go_right, &right, &right_blkno, &go_right);
		i--;
	}
	xfs_buf_put(right);
	return error;
}
