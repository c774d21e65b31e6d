/* SPDX-License-Identifier: MIT */
/*
 * Finding records and walking over them.
 *
 * A walk goes sideways through the parents, not along the sibling chain, so it cannot leave the
 * tree.  Every step between blocks checks that the chain agrees and that keys rise (fall).
 */
#include "btree/btree_priv.h"

/* Read the path down to the leaf that would hold @target; the position in the leaf is not set. */
static int descend(struct xfs_btree_cur *cur, const struct xfs_btree_target *target)
{
	uint32_t level = cur->bc_nlevels - 1;
	int error = xfs_btree_read_root(cur);

	while (!error && level > 0) {
		struct xfs_btree_level *lvl = &cur->bc_levels[level];
		uint32_t pos = cur->bc_ops->search_keys(lvl->entries, xfs_btree_numrecs(lvl),
							target);

		/* A target smaller than every key belongs into the first leaf. */
		lvl->ptr = pos ? pos : 1;
		level--;
		error = xfs_btree_read_child(cur, level);
	}
	return error;
}

int xfs_btree_lookup_le(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	int error = descend(cur, target);

	if (unlikely(error))
		return error;
	leaf->ptr = cur->bc_ops->search_recs(leaf->entries, xfs_btree_numrecs(leaf), target);
	*found = leaf->ptr > 0;
	return 0;
}

/* First position whose record is not before @target; numrecs + 1 if there is none. */
static uint32_t first_not_before(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
				 bool *equal)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	uint32_t pos = cur->bc_ops->search_recs(leaf->entries, xfs_btree_numrecs(leaf), target);

	*equal = pos > 0 &&
		 cur->bc_ops->cmp_rec(xfs_btree_entry_at(cur, leaf, 0, pos), target) == 0;
	return *equal ? pos : pos + 1;
}

int xfs_btree_lookup_eq(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found)
{
	int error = descend(cur, target);

	if (unlikely(error))
		return error;
	cur->bc_levels[0].ptr = first_not_before(cur, target, found);
	return 0;
}

int xfs_btree_lookup_ge(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	int error = descend(cur, target);
	uint32_t pos;

	if (unlikely(error))
		return error;
	pos = first_not_before(cur, target, found);
	leaf->ptr = pos;
	if (pos <= xfs_btree_numrecs(leaf)) {
		*found = true;
		return 0;
	}
	/* All records here are before the target, so the answer is the next leaf's first record. */
	leaf->ptr = pos - 1;
	error = xfs_btree_increment(cur, found);
	if (!error && !*found)
		leaf->ptr = pos;
	return error;
}

const void *xfs_btree_get_rec(const struct xfs_btree_cur *cur)
{
	const struct xfs_btree_level *leaf = &cur->bc_levels[0];

	if (!leaf->bp || leaf->ptr == 0 || leaf->ptr > xfs_btree_numrecs(leaf))
		return NULL;
	return xfs_btree_entry_at(cur, leaf, 0, leaf->ptr);
}

uint32_t xfs_btree_leaf_room(const struct xfs_btree_cur *cur)
{
	return xfs_btree_maxrecs(cur, 0) - xfs_btree_numrecs(&cur->bc_levels[0]);
}

const void *xfs_btree_peek(const struct xfs_btree_cur *cur, int32_t delta)
{
	const struct xfs_btree_level *leaf = &cur->bc_levels[0];
	int64_t pos = (int64_t)leaf->ptr + delta;

	if (!leaf->bp || pos <= 0 || pos > xfs_btree_numrecs(leaf))
		return NULL;
	return xfs_btree_entry_at(cur, leaf, 0, (uint32_t)pos);
}

/* The low key of entry @pos.  @buf holds it if it has to be made from a record. */
static const uint8_t *low_key_at(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
				 uint32_t level, uint32_t pos, uint8_t *buf)
{
	if (level > 0)
		return xfs_btree_entry_at(cur, lvl, level, pos);
	cur->bc_ops->key_from_rec(buf, xfs_btree_entry_at(cur, lvl, 0, pos));
	return buf;
}

/*
 * The path moved from @old to its neighbour at @level, as the parents have it; @old is now on
 * @side.  The sibling pointers must agree, and the keys must be in order.
 */
static int check_step(struct xfs_btree_cur *cur, uint32_t level, const struct xfs_btree_level *old,
		      unsigned int side)
{
	const struct xfs_btree_level *lvl = &cur->bc_levels[level];
	const struct xfs_btree_level *left = side == XFS_BTREE_SIB_LEFT ? old : lvl;
	const struct xfs_btree_level *right = side == XFS_BTREE_SIB_LEFT ? lvl : old;
	uint8_t left_buf[XFS_BTREE_MAX_KEY_LEN], right_buf[XFS_BTREE_MAX_KEY_LEN];
	const uint8_t *last, *first;

	if (xfs_btree_get_sibling(cur, left, XFS_BTREE_SIB_RIGHT) !=
		    xfs_btree_buf_ptr(cur, right->bp) ||
	    xfs_btree_get_sibling(cur, right, XFS_BTREE_SIB_LEFT) !=
		    xfs_btree_buf_ptr(cur, left->bp))
		return xfs_btree_corrupt(cur, lvl, "sibling pointers disagree with the parents");
	last = low_key_at(cur, left, level, xfs_btree_numrecs(left), left_buf);
	first = low_key_at(cur, right, level, 1, right_buf);
	if (cur->bc_ops->cmp_keys(last, first) >= 0)
		return xfs_btree_corrupt(cur, lvl, "keys out of order between neighbours");
	return 0;
}

/*
 * The positions at @level and above have moved by one; read the rest of the path down to the leaf.
 */
static int step_down(struct xfs_btree_cur *cur, uint32_t level, unsigned int came_from)
{
	while (level-- > 0) {
		struct xfs_btree_level *lvl = &cur->bc_levels[level];
		struct xfs_btree_level old = *lvl;
		int error;

		lvl->bp = NULL;
		error = xfs_btree_read_child(cur, level);
		if (!error)
			error = check_step(cur, level, &old, came_from);
		xfs_btree_put_level(&old);
		if (error)
			return error;
		lvl->ptr = came_from == XFS_BTREE_SIB_LEFT ? 1 : xfs_btree_numrecs(lvl);
	}
	return 0;
}

static int check_order_at(struct xfs_btree_cur *cur, uint32_t level, uint32_t left_pos)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];

	if (unlikely(cur->bc_ops->cmp_keys(xfs_btree_entry_at(cur, lvl, level, left_pos),
					   xfs_btree_entry_at(cur, lvl, level, left_pos + 1)) >= 0))
		return xfs_btree_corrupt(cur, lvl, "keys out of order");
	return 0;
}

int xfs_btree_increment(struct xfs_btree_cur *cur, bool *found)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[0];
	int error;

	*found = true;
	if (++lvl->ptr <= xfs_btree_numrecs(lvl))
		return 0;
	for (uint32_t level = 1; level < cur->bc_nlevels; level++) {
		lvl = &cur->bc_levels[level];
		if (lvl->ptr >= xfs_btree_numrecs(lvl))
			continue;
		lvl->ptr++;
		error = check_order_at(cur, level, lvl->ptr - 1);
		return error ? error : step_down(cur, level, XFS_BTREE_SIB_LEFT);
	}
	*found = false;
	return 0;
}

int xfs_btree_decrement(struct xfs_btree_cur *cur, bool *found)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[0];
	int error;

	*found = true;
	if (lvl->ptr > 1) {
		lvl->ptr--;
		return 0;
	}
	lvl->ptr = 0;
	for (uint32_t level = 1; level < cur->bc_nlevels; level++) {
		lvl = &cur->bc_levels[level];
		if (lvl->ptr <= 1)
			continue;
		lvl->ptr--;
		error = check_order_at(cur, level, lvl->ptr);
		return error ? error : step_down(cur, level, XFS_BTREE_SIB_RIGHT);
	}
	*found = false;
	return 0;
}

static int goto_end(struct xfs_btree_cur *cur, bool last, bool *found)
{
	uint32_t level = cur->bc_nlevels - 1;
	int error = xfs_btree_read_root(cur);

	if (error)
		return error;
	for (;;) {
		struct xfs_btree_level *lvl = &cur->bc_levels[level];
		uint32_t numrecs = xfs_btree_numrecs(lvl);

		lvl->ptr = last ? numrecs : 1;
		if (level == 0) {
			*found = numrecs > 0;
			return 0;
		}
		error = xfs_btree_read_child(cur, --level);
		if (error)
			return error;
	}
}

int xfs_btree_goto_first(struct xfs_btree_cur *cur, bool *found)
{
	return goto_end(cur, false, found);
}

int xfs_btree_goto_last(struct xfs_btree_cur *cur, bool *found)
{
	return goto_end(cur, true, found);
}
