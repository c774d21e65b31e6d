/* SPDX-License-Identifier: MIT */
/*
 * Deleting a record.
 *
 * A block that falls below its minimum borrows entries from a sibling that can spare some, or joins
 * it; then the parent loses an entry in the same way.  A root block with one child left is replaced
 * by the child.  A root in the inode takes over the entries of its only child as soon as they fit,
 * but never records: a leaf stays a block until its owner turns it into a list.
 */
#include "btree/btree_priv.h"

static void remove_entry(struct xfs_btree_cur *cur, uint32_t level)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(lvl);

	xfs_btree_copy_entries(cur, lvl, lvl->ptr, lvl, lvl->ptr + 1, numrecs - lvl->ptr, level);
	xfs_btree_set_numrecs(lvl, numrecs - 1);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_log_entries(cur, lvl, level, lvl->ptr, numrecs - 1);
}

/* Make the only child of the root block the root. */
static int collapse_root(struct xfs_btree_cur *cur)
{
	uint32_t level = cur->bc_nlevels - 1;
	struct xfs_btree_level *root = &cur->bc_levels[level];
	uint64_t ptr = xfs_btree_get_ptr(cur, root, 1);
	int error;

	cur->bc_nlevels--;
	cur->bc_ops->set_root(cur, ptr, -1);
	cur->bc_ag.root_ptr = ptr;
	error = cur->bc_ops->free_block(cur, root->bp);
	xfs_btree_put_level(root);
	return error;
}

/* Move the entries of the only child into the root in the inode, if they fit. */
static int pull_up_child(struct xfs_btree_cur *cur)
{
	uint32_t level = cur->bc_nlevels - 1;
	struct xfs_btree_level *root = &cur->bc_levels[level];
	struct xfs_btree_level child = { .bp = NULL };
	uint32_t numrecs;
	int error;

	if (level < 2 || xfs_btree_numrecs(root) != 1)
		return 0;
	error = xfs_btree_read_block(cur, &child, level - 1, xfs_btree_get_ptr(cur, root, 1));
	if (error)
		goto out_put;
	numrecs = xfs_btree_numrecs(&child);
	if (numrecs > cur->bc_ino.root_maxrecs)
		goto out_put;
	xfs_btree_copy_entries(cur, root, 1, &child, 1, numrecs, level - 1);
	xfs_btree_set_numrecs(root, numrecs);
	root->hdr[0] = cpu_to_be16((uint16_t)(level - 1));
	xfs_btree_put_level(&cur->bc_levels[level - 1]);
	cur->bc_levels[level - 1] = *root;	/* no buffer */
	cur->bc_nlevels--;
	cur->bc_ops->log_root(cur);
	error = cur->bc_ops->free_block(cur, child.bp);
out_put:
	xfs_btree_put_level(&child);
	return error;
}

/* Take about half of the entries that @sib can spare. */
static void borrow(struct xfs_btree_cur *cur, uint32_t level, struct xfs_btree_level *sib,
		   unsigned int side)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t parent_pos = cur->bc_levels[level + 1].ptr;
	uint32_t numrecs = xfs_btree_numrecs(lvl), sib_numrecs = xfs_btree_numrecs(sib);
	uint32_t n = (sib_numrecs - xfs_btree_minrecs(cur, level) + 1) / 2;

	if (side == XFS_BTREE_SIB_RIGHT) {
		xfs_btree_copy_entries(cur, lvl, numrecs + 1, sib, 1, n, level);
		xfs_btree_copy_entries(cur, sib, 1, sib, n + 1, sib_numrecs - n, level);
		xfs_btree_log_entries(cur, lvl, level, numrecs + 1, numrecs + n);
		xfs_btree_log_entries(cur, sib, level, 1, sib_numrecs - n);
	} else {
		xfs_btree_copy_entries(cur, lvl, n + 1, lvl, 1, numrecs, level);
		xfs_btree_copy_entries(cur, lvl, 1, sib, sib_numrecs - n + 1, n, level);
		xfs_btree_log_entries(cur, lvl, level, 1, numrecs + n);
	}
	xfs_btree_set_numrecs(lvl, numrecs + n);
	xfs_btree_set_numrecs(sib, sib_numrecs - n);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_log_header(cur, sib);
	xfs_btree_set_parent_keys(cur, lvl, level, parent_pos);
	xfs_btree_set_parent_keys(cur, sib, level,
				  side == XFS_BTREE_SIB_RIGHT ? parent_pos + 1 : parent_pos - 1);
}

/*
 * Append all of @right to its neighbour @left, which is child number @left_pos of their parent.
 * Leaves the parent's path at the entry of @right, which the caller removes.
 */
static int join(struct xfs_btree_cur *cur, uint32_t level, struct xfs_btree_level *left,
		struct xfs_btree_level *right, uint32_t left_pos)
{
	uint32_t left_numrecs = xfs_btree_numrecs(left), right_numrecs = xfs_btree_numrecs(right);
	uint64_t far_ptr = xfs_btree_get_sibling(cur, right, XFS_BTREE_SIB_RIGHT);
	struct xfs_btree_level far = { .bp = NULL };
	int error = 0;

	if (far_ptr != XFS_BTREE_NULLPTR) {
		error = xfs_btree_read_block(cur, &far, level, far_ptr);
		if (!error && xfs_btree_get_sibling(cur, &far, XFS_BTREE_SIB_LEFT) !=
				      xfs_btree_buf_ptr(cur, right->bp))
			error = xfs_btree_corrupt(cur, &far, "left sibling is another block");
		if (error)
			goto out_put;
		xfs_btree_set_sibling(cur, &far, XFS_BTREE_SIB_LEFT,
				      xfs_btree_buf_ptr(cur, left->bp));
		xfs_btree_log_header(cur, &far);
	}
	xfs_btree_copy_entries(cur, left, left_numrecs + 1, right, 1, right_numrecs, level);
	xfs_btree_set_numrecs(left, left_numrecs + right_numrecs);
	xfs_btree_set_sibling(cur, left, XFS_BTREE_SIB_RIGHT, far_ptr);
	xfs_btree_log_header(cur, left);
	xfs_btree_log_entries(cur, left, level, left_numrecs + 1, left_numrecs + right_numrecs);
	xfs_btree_set_parent_keys(cur, left, level, left_pos);
	cur->bc_levels[level + 1].ptr = left_pos + 1;
	error = cur->bc_ops->free_block(cur, right->bp);
out_put:
	xfs_btree_put_level(&far);
	return error;
}

/*
 * The path's block is below its minimum: fill it from a sibling, or join it with one. *@up: a block
 * was freed and its entry in the parent must be removed.
 */
static int rebalance(struct xfs_btree_cur *cur, uint32_t level, bool *up)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(lvl);
	uint32_t max = xfs_btree_maxrecs(cur, level), min = xfs_btree_minrecs(cur, level);
	uint32_t parent_pos = cur->bc_levels[level + 1].ptr;
	struct xfs_btree_level left = { .bp = NULL }, right = { .bp = NULL };
	bool have_left = false, have_right;
	int error;

	error = xfs_btree_read_sibling(cur, level, XFS_BTREE_SIB_RIGHT, &right, &have_right);
	if (error)
		return error;
	if (have_right && xfs_btree_numrecs(&right) > min) {
		borrow(cur, level, &right, XFS_BTREE_SIB_RIGHT);
		goto out_put;
	}
	error = xfs_btree_read_sibling(cur, level, XFS_BTREE_SIB_LEFT, &left, &have_left);
	if (error)
		goto out_put;
	if (have_left && xfs_btree_numrecs(&left) > min) {
		borrow(cur, level, &left, XFS_BTREE_SIB_LEFT);
	} else if (have_left && xfs_btree_numrecs(&left) + numrecs <= max) {
		*up = true;
		error = join(cur, level, &left, lvl, parent_pos - 1);
		/*
		 * The block is free: a later search must not find it in the path and take it for
		 * one in use.
		 */
		xfs_btree_put_level(lvl);
	} else if (have_right && xfs_btree_numrecs(&right) + numrecs <= max) {
		*up = true;
		error = join(cur, level, lvl, &right, parent_pos);
	}
	/* Else the block is the root's only child and stays as it is. */
out_put:
	xfs_btree_put_level(&left);
	xfs_btree_put_level(&right);
	return error;
}

/* Remove the path's entry from @level. *@up: go on with the level above. */
static int delete_level(struct xfs_btree_cur *cur, uint32_t level, bool *up)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint8_t old[XFS_BTREE_MAX_REC_LEN];
	int error;

	*up = false;
	if (level == 0)
		memcpy(old, xfs_btree_get_rec(cur), cur->bc_ops->rec_len);
	remove_entry(cur, level);
	if (xfs_btree_is_root(cur, level)) {
		if (level == 0)
			return 0;
		if (xfs_btree_root_in_inode(cur))
			return pull_up_child(cur);
		return xfs_btree_numrecs(lvl) == 1 ? collapse_root(cur) : 0;
	}
	if (xfs_btree_numrecs(lvl) >= xfs_btree_minrecs(cur, level)) {
		if (level == 0)
			xfs_btree_update_keys_rec(cur, old, NULL);
		else
			xfs_btree_update_keys(cur, level);
		return 0;
	}
	error = rebalance(cur, level, up);
	if (error || *up)
		return error;
	xfs_btree_update_keys(cur, level);
	xfs_btree_update_keys(cur, level + 1);
	if (level == cur->bc_nlevels - 2 && xfs_btree_root_in_inode(cur))
		return pull_up_child(cur);
	return 0;
}

int xfs_btree_delete(struct xfs_btree_cur *cur)
{
	bool up = true;

	ASSERT(xfs_btree_get_rec(cur) != NULL);
	for (uint32_t level = 0; up; level++) {
		int error = delete_level(cur, level, &up);

		if (error)
			return error;
	}
	return 0;
}
