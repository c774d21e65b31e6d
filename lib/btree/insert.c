/* SPDX-License-Identifier: MIT */
/*
 * Inserting a record.
 *
 * Bottom up: a full block hands entries to a sibling that has room, or splits, which gives its
 * parent one more entry to insert.  When records are added at one end of a block, the sibling on
 * the other side is filled in one move, so that a run of appends shifts each record once and leaves
 * full blocks behind.
 *
 * Each level has two positions: where the new entry goes, and which entry the cursor's path goes
 * through afterwards.  In the leaf they are the same.  Higher up, the new entry stands right behind
 * that of the block that was split, and the path goes through one of the two.
 */
#include "btree/btree_priv.h"

/* An entry to be inserted into a level: a record, or keys and pointer of a new block. */
struct new_entry {
	uint8_t bytes[XFS_BTREE_MAX_KEY_LEN];
	uint64_t ptr;
	uint32_t at;		/* position of the new entry */
	uint32_t path;		/* position of the path afterwards: @at or @at - 1 */
};

static int check_order(struct xfs_btree_cur *cur, const void *rec)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	uint32_t numrecs = xfs_btree_numrecs(leaf);
	struct xfs_btree_target target;

	if (unlikely(leaf->ptr == 0 || leaf->ptr > numrecs + 1))
		return xfs_btree_corrupt(cur, leaf, "insert position outside of the leaf");
	cur->bc_ops->target_from_rec(&target, rec);
	if (leaf->ptr > 1 &&
	    unlikely(cur->bc_ops->cmp_rec(xfs_btree_entry_at(cur, leaf, 0, leaf->ptr - 1),
					  &target) >= 0))
		return xfs_btree_corrupt(cur, leaf, "new record overlaps the one before");
	if (leaf->ptr <= numrecs &&
	    unlikely(cur->bc_ops->cmp_rec(xfs_btree_entry_at(cur, leaf, 0, leaf->ptr),
					  &target) <= 0))
		return xfs_btree_corrupt(cur, leaf, "new record overlaps the one behind");
	return 0;
}

/*
 * Blocks that the insert may take: one for each full level from the leaf up, and one for a new
 * root.
 */
static uint32_t blocks_needed(struct xfs_btree_cur *cur)
{
	uint32_t level;

	for (level = 0; level < cur->bc_nlevels; level++) {
		if (xfs_btree_numrecs(&cur->bc_levels[level]) < xfs_btree_maxrecs(cur, level))
			return level;
	}
	/*
	 * A root in the inode needs one block to push its entries down into.  A root block splits
	 * and gets a parent, which takes two.
	 */
	return xfs_btree_root_in_inode(cur) ? level : level + 1;
}

static void put_entry(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl, uint32_t level,
		      const struct new_entry *ent)
{
	uint32_t numrecs = xfs_btree_numrecs(lvl);

	if (ent->at <= numrecs)
		xfs_btree_copy_entries(cur, lvl, ent->at + 1, lvl, ent->at, numrecs - ent->at + 1,
				       level);
	memcpy(xfs_btree_entry_at(cur, lvl, level, ent->at), ent->bytes,
	       xfs_btree_entry_len(cur, level));
	if (level > 0)
		xfs_btree_set_ptr(cur, lvl, ent->at, ent->ptr);
	xfs_btree_set_numrecs(lvl, numrecs + 1);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_log_entries(cur, lvl, level, ent->at, numrecs + 1);
}

/*
 * Number of entries that a full block of @numrecs gives to a sibling with @room.  @behind is how
 * many entries would follow the new one on the side away from the sibling.
 *
 * If records are added at that end, more will follow: fill the sibling.  Else fill half of its
 * room, so that both blocks can take more.  Moving only a handful would soon have to be repeated:
 * return 0, and the block is split.
 */
static uint32_t entries_to_move(uint32_t numrecs, uint32_t room, uint32_t behind)
{
	if (behind <= numrecs / 4)
		return room;
	return room > numrecs / 16 ? (room + 1) / 2 : 0;
}

/* Make room by moving entries from the new one's position on to the right sibling. */
static int shift_right(struct xfs_btree_cur *cur, uint32_t level, const struct new_entry *ent,
		       bool *done)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(lvl);
	struct xfs_btree_level sib;
	uint32_t room, n, sib_numrecs;
	bool found;
	int error;

	*done = false;
	if (ent->at > numrecs)
		return 0;
	error = xfs_btree_read_sibling(cur, level, XFS_BTREE_SIB_RIGHT, &sib, &found);
	if (error || !found)
		return error;
	sib_numrecs = xfs_btree_numrecs(&sib);
	room = xfs_btree_maxrecs(cur, level) - sib_numrecs;
	n = entries_to_move(numrecs, room, ent->at - 1);
	n = XFS_MIN(n, numrecs + 1 - ent->at);
	if (n == 0)
		goto out_put;

	xfs_btree_copy_entries(cur, &sib, n + 1, &sib, 1, sib_numrecs, level);
	xfs_btree_copy_entries(cur, &sib, 1, lvl, numrecs - n + 1, n, level);
	xfs_btree_set_numrecs(&sib, sib_numrecs + n);
	xfs_btree_log_header(cur, &sib);
	xfs_btree_log_entries(cur, &sib, level, 1, sib_numrecs + n);
	xfs_btree_set_numrecs(lvl, numrecs - n);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_set_parent_keys(cur, &sib, level, cur->bc_levels[level + 1].ptr + 1);
	*done = true;
out_put:
	xfs_btree_put_level(&sib);
	return 0;
}

/* Make room by moving entries in front of the new one and of the path to the left sibling. */
static int shift_left(struct xfs_btree_cur *cur, uint32_t level, struct new_entry *ent,
		      bool *done)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(lvl);
	uint32_t min = xfs_btree_minrecs(cur, level);
	struct xfs_btree_level sib;
	uint32_t room, n, sib_numrecs;
	bool found;
	int error;

	*done = false;
	if (ent->path <= 1)
		return 0;
	error = xfs_btree_read_sibling(cur, level, XFS_BTREE_SIB_LEFT, &sib, &found);
	if (error || !found)
		return error;
	sib_numrecs = xfs_btree_numrecs(&sib);
	room = xfs_btree_maxrecs(cur, level) - sib_numrecs;
	n = entries_to_move(numrecs, room, numrecs + 1 - ent->at);
	n = XFS_MIN(n, ent->path - 1);
	n = XFS_MIN(n, numrecs - min);
	if (n == 0)
		goto out_put;

	xfs_btree_copy_entries(cur, &sib, sib_numrecs + 1, lvl, 1, n, level);
	xfs_btree_set_numrecs(&sib, sib_numrecs + n);
	xfs_btree_log_header(cur, &sib);
	xfs_btree_log_entries(cur, &sib, level, sib_numrecs + 1, sib_numrecs + n);
	xfs_btree_copy_entries(cur, lvl, 1, lvl, n + 1, numrecs - n, level);
	xfs_btree_set_numrecs(lvl, numrecs - n);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_log_entries(cur, lvl, level, 1, numrecs - n);
	xfs_btree_set_parent_keys(cur, &sib, level, cur->bc_levels[level + 1].ptr - 1);
	xfs_btree_set_parent_keys(cur, lvl, level, cur->bc_levels[level + 1].ptr);
	ent->at -= n;
	ent->path -= n;
	*done = true;
out_put:
	xfs_btree_put_level(&sib);
	return 0;
}

/*
 * Link the new block @right between the path's block at @level and its right neighbour, whose
 * parent may be another one.
 */
static int relink_right(struct xfs_btree_cur *cur, uint32_t level, struct xfs_btree_level *right,
			uint64_t right_ptr)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint64_t far_ptr = xfs_btree_get_sibling(cur, lvl, XFS_BTREE_SIB_RIGHT);
	struct xfs_btree_level far = { .bp = NULL };
	int error = 0;

	if (far_ptr != XFS_BTREE_NULLPTR) {
		error = xfs_btree_read_block(cur, &far, level, far_ptr);
		if (!error && xfs_btree_get_sibling(cur, &far, XFS_BTREE_SIB_LEFT) !=
				      xfs_btree_buf_ptr(cur, lvl->bp))
			error = xfs_btree_corrupt(cur, &far, "left sibling is another block");
		if (error)
			goto out_put;
		xfs_btree_set_sibling(cur, &far, XFS_BTREE_SIB_LEFT, right_ptr);
		xfs_btree_log_header(cur, &far);
	}
	xfs_btree_set_sibling(cur, right, XFS_BTREE_SIB_LEFT, xfs_btree_buf_ptr(cur, lvl->bp));
	xfs_btree_set_sibling(cur, right, XFS_BTREE_SIB_RIGHT, far_ptr);
	xfs_btree_set_sibling(cur, lvl, XFS_BTREE_SIB_RIGHT, right_ptr);
out_put:
	xfs_btree_put_level(&far);
	return error;
}

/*
 * Split the path's block and put @ent into one of the halves.  On return @ent is the entry for the
 * new right block, with its positions in the parent.
 */
static int split(struct xfs_btree_cur *cur, uint32_t level, struct new_entry *ent)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(lvl);
	bool root = xfs_btree_is_root(cur, level);
	uint32_t parent_pos = root ? 1 : cur->bc_levels[level + 1].ptr;
	struct xfs_btree_level right;
	uint32_t moved, left_numrecs;
	uint64_t right_ptr;
	bool path_right;
	int error;

	error = xfs_btree_new_block(cur, level, xfs_btree_buf_ptr(cur, lvl->bp), &right,
				    &right_ptr);
	if (error)
		return error;
	error = relink_right(cur, level, &right, right_ptr);
	if (error) {
		xfs_btree_put_level(&right);
		return error;
	}

	/* An odd entry goes to the half that the new entry does not. */
	moved = numrecs / 2;
	if (numrecs % 2 == 1 && ent->at <= moved + 1)
		moved++;
	left_numrecs = numrecs - moved;
	xfs_btree_copy_entries(cur, &right, 1, lvl, left_numrecs + 1, moved, level);
	xfs_btree_set_numrecs(&right, moved);
	xfs_btree_set_numrecs(lvl, left_numrecs);
	xfs_btree_log_header(cur, lvl);
	xfs_btree_log_header(cur, &right);
	xfs_btree_log_entries(cur, &right, level, 1, moved);

	/*
	 * The path goes through the new entry or the one in front of it: both are in the same half.
	 */
	path_right = ent->at > left_numrecs + 1;
	if (path_right) {
		ent->at -= left_numrecs;
		ent->path -= left_numrecs;
	}
	put_entry(cur, path_right ? &right : lvl, level, ent);

	lvl->ptr = right.ptr = ent->path;
	if (!root)
		xfs_btree_set_parent_keys(cur, lvl, level, parent_pos);
	xfs_btree_block_keys(cur, &right, level, ent->bytes);
	ent->ptr = right_ptr;
	ent->at = parent_pos + 1;
	ent->path = path_right ? parent_pos + 1 : parent_pos;
	if (path_right) {
		struct xfs_btree_level tmp = *lvl;

		*lvl = right;
		right = tmp;
	}
	xfs_btree_put_level(&right);
	return 0;
}

/* The root block is full: split it and make the halves the children of a new root. */
static int split_root(struct xfs_btree_cur *cur, struct new_entry *ent)
{
	uint32_t level = cur->bc_nlevels;
	struct xfs_btree_level *root = &cur->bc_levels[level];
	struct xfs_btree_level left = cur->bc_levels[level - 1];
	uint64_t left_ptr = xfs_btree_buf_ptr(cur, left.bp);
	uint64_t root_ptr;
	int error;

	if (unlikely(level >= XFS_BTREE_MAXLEVELS))
		return xfs_btree_corrupt(cur, NULL, "tree too high");
	xfs_buf_hold(left.bp);
	error = split(cur, level - 1, ent);
	if (!error)
		error = xfs_btree_new_block(cur, level, left_ptr, root, &root_ptr);
	if (error)
		goto out_put;
	xfs_btree_block_keys(cur, &left, level - 1, xfs_btree_entry_at(cur, root, level, 1));
	xfs_btree_set_ptr(cur, root, 1, left_ptr);
	memcpy(xfs_btree_entry_at(cur, root, level, 2), ent->bytes, xfs_btree_keys_len(cur));
	xfs_btree_set_ptr(cur, root, 2, ent->ptr);
	xfs_btree_set_numrecs(root, 2);
	root->ptr = ent->path;
	xfs_btree_log_header(cur, root);
	xfs_btree_log_entries(cur, root, level, 1, 2);
	cur->bc_nlevels++;
	cur->bc_ops->set_root(cur, root_ptr, 1);
	cur->bc_ag.root_ptr = root_ptr;
out_put:
	xfs_btree_put_level(&left);
	return error;
}

/* The root in the inode is full: move its entries into a new block below it. */
static int push_down_root(struct xfs_btree_cur *cur)
{
	uint32_t level = cur->bc_nlevels - 1;
	struct xfs_btree_level *root = &cur->bc_levels[level + 1];
	struct xfs_btree_level old = cur->bc_levels[level];
	uint32_t numrecs = xfs_btree_numrecs(&old);
	struct xfs_btree_level child;
	uint64_t ptr;
	int error;

	if (unlikely(level + 1 >= XFS_BTREE_MAXLEVELS))
		return xfs_btree_corrupt(cur, NULL, "tree too high");
	ASSERT(cur->bc_ino.root_maxrecs < cur->bc_maxrecs[1]);
	error = xfs_btree_new_block(cur, level, xfs_btree_get_ptr(cur, &old, old.ptr), &child,
				    &ptr);
	if (error)
		return error;
	xfs_btree_copy_entries(cur, &child, 1, &old, 1, numrecs, level);
	xfs_btree_set_numrecs(&child, numrecs);
	child.ptr = old.ptr;
	xfs_btree_log_header(cur, &child);
	xfs_btree_log_entries(cur, &child, level, 1, numrecs);

	/* Entry 1 of the root keeps its keys: they are those of the child's first entry. */
	old.hdr[0] = cpu_to_be16((uint16_t)(level + 1));
	xfs_btree_set_numrecs(&old, 1);
	xfs_btree_set_ptr(cur, &old, 1, ptr);
	old.ptr = 1;
	*root = old;
	cur->bc_levels[level] = child;
	cur->bc_nlevels++;
	if (xfs_btree_is_overlapping(cur))
		xfs_btree_set_parent_keys(cur, &child, level, 1);
	cur->bc_ops->log_root(cur);
	return 0;
}

/*
 * Insert @ent at @level, splitting the block if it is full. *@up: the parent must take @ent next.
 */
static int insert_level(struct xfs_btree_cur *cur, uint32_t level, struct new_entry *ent, bool *up)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	bool room = xfs_btree_numrecs(lvl) < xfs_btree_maxrecs(cur, level);
	int error = 0;

	*up = false;
	if (!room && xfs_btree_is_inode_root(cur, level)) {
		error = push_down_root(cur);
		room = true;
	}
	if (!room && !xfs_btree_is_root(cur, level)) {
		error = shift_right(cur, level, ent, &room);
		if (!error && !room)
			error = shift_left(cur, level, ent, &room);
	}
	if (error)
		return error;
	if (room) {
		put_entry(cur, lvl, level, ent);
		lvl->ptr = ent->path;
		return 0;
	}

	if (xfs_btree_is_root(cur, level))
		return split_root(cur, ent);
	*up = true;
	return split(cur, level, ent);
}

int xfs_btree_insert(struct xfs_btree_cur *cur, const void *rec)
{
	struct new_entry ent;
	uint32_t level, blocks;
	bool up = true;
	int error;

	error = check_order(cur, rec);
	if (error)
		return error;
	blocks = cur->bc_ops->reserve ? blocks_needed(cur) : 0;
	if (blocks > 0) {
		error = cur->bc_ops->reserve(cur, blocks);
		if (error)
			return error;
	}

	memcpy(ent.bytes, rec, cur->bc_ops->rec_len);
	ent.ptr = 0;
	ent.at = ent.path = cur->bc_levels[0].ptr;
	if (xfs_btree_numrecs(&cur->bc_levels[0]) < xfs_btree_maxrecs(cur, 0)) {
		put_entry(cur, &cur->bc_levels[0], 0, &ent);
		xfs_btree_update_keys_rec(cur, NULL, rec);
		return 0;
	}
	for (level = 0; up; level++) {
		error = insert_level(cur, level, &ent, &up);
		if (error)
			return error;
	}
	level--;
	xfs_btree_update_keys(cur, level);
	/*
	 * A shift has already stored this block's keys, which may cover the new record, in its
	 * parent.  That the two agree does not prove that the levels above are up to date.
	 */
	if (!xfs_btree_is_root(cur, level))
		xfs_btree_update_keys(cur, level + 1);
	return 0;
}
