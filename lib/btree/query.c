/* SPDX-License-Identifier: MIT */
/* Visiting all records of a range, and counting blocks. */
#include "btree/btree_priv.h"

static int query_plain(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
		       const struct xfs_btree_target *high, xfs_btree_query_fn fn, void *priv)
{
	bool found;
	int error = xfs_btree_lookup_le(cur, low, &found);

	if (!error && !found)
		error = xfs_btree_increment(cur, &found);
	while (!error && found) {
		const void *rec = xfs_btree_get_rec(cur);

		if (cur->bc_ops->cmp_rec(rec, high) > 0)
			return 0;
		error = fn(cur, rec, priv);
		if (!error)
			error = xfs_btree_increment(cur, &found);
	}
	return error;
}

/* Low keys must rise inside a block; otherwise a damaged one could be walked for ever. */
static int check_rising(struct xfs_btree_cur *cur, uint32_t level, const uint8_t *before,
			const uint8_t *key)
{
	if (unlikely(cur->bc_ops->cmp_keys(before, key) >= 0))
		return xfs_btree_corrupt(cur, &cur->bc_levels[level], "keys out of order");
	return 0;
}

static int query_leaf(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
		      const struct xfs_btree_target *high, xfs_btree_query_fn fn, void *priv,
		      bool *past)
{
	const struct xfs_btree_ops *ops = cur->bc_ops;
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	uint32_t numrecs = xfs_btree_numrecs(leaf);

	for (leaf->ptr = 1; leaf->ptr <= numrecs; leaf->ptr++) {
		const void *rec = xfs_btree_get_rec(cur);
		uint8_t key[XFS_BTREE_MAX_KEY_LEN];
		int error;

		if (ops->cmp_rec(rec, high) > 0) {
			*past = true;
			return 0;
		}
		ops->high_key_from_rec(key, rec);
		if (ops->cmp_key(key, low) < 0)
			continue;
		error = fn(cur, rec, priv);
		if (error)
			return error;
	}
	return 0;
}

/*
 * An extent that reaches into the range may begin anywhere before it, so go down into every subtree
 * whose [low key, high key] meets the range.
 */
static int query_overlapping(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
			     const struct xfs_btree_target *high, xfs_btree_query_fn fn,
			     void *priv)
{
	const struct xfs_btree_ops *ops = cur->bc_ops;
	uint32_t level = cur->bc_nlevels - 1;
	bool past = false;
	int error = xfs_btree_read_root(cur);

	if (error)
		return error;
	if (level == 0)
		return query_leaf(cur, low, high, fn, priv, &past);
	cur->bc_levels[level].ptr = 1;
	while (level < cur->bc_nlevels && !past) {
		struct xfs_btree_level *lvl = &cur->bc_levels[level];
		const uint8_t *key;

		if (lvl->ptr > xfs_btree_numrecs(lvl)) {
			level++;
			if (level < cur->bc_nlevels)
				cur->bc_levels[level].ptr++;
			continue;
		}
		key = xfs_btree_entry_at(cur, lvl, level, lvl->ptr);
		if (lvl->ptr > 1) {
			error = check_rising(cur, level,
					     xfs_btree_entry_at(cur, lvl, level, lvl->ptr - 1),
					     key);
			if (error)
				return error;
		}
		if (ops->cmp_key(key, high) > 0)
			return 0;
		if (ops->cmp_key(xfs_btree_high_key_at(cur, lvl, lvl->ptr), low) < 0) {
			lvl->ptr++;
			continue;
		}
		error = xfs_btree_read_child(cur, level - 1);
		if (error)
			return error;
		if (level - 1 > 0) {
			level--;
			cur->bc_levels[level].ptr = 1;
			continue;
		}
		error = query_leaf(cur, low, high, fn, priv, &past);
		if (error)
			return error;
		lvl->ptr++;
	}
	return 0;
}

int xfs_btree_query_range(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
			  const struct xfs_btree_target *high, xfs_btree_query_fn fn, void *priv)
{
	if (xfs_btree_is_overlapping(cur))
		return query_overlapping(cur, low, high, fn, priv);
	return query_plain(cur, low, high, fn, priv);
}

int xfs_btree_count_blocks(struct xfs_btree_cur *cur, uint64_t *blocks)
{
	uint32_t level = cur->bc_nlevels - 1;
	int error = xfs_btree_read_root(cur);

	*blocks = xfs_btree_root_in_inode(cur) ? 0 : 1;
	if (error || level == 0)
		return error;
	*blocks += xfs_btree_numrecs(&cur->bc_levels[level]);
	cur->bc_levels[level].ptr = 1;
	/* The children of level 1 are leaves: counted, not read. */
	while (level < cur->bc_nlevels && cur->bc_nlevels > 2) {
		struct xfs_btree_level *lvl = &cur->bc_levels[level];

		if (level == 1 || lvl->ptr > xfs_btree_numrecs(lvl)) {
			level++;
			if (level < cur->bc_nlevels)
				cur->bc_levels[level].ptr++;
			continue;
		}
		if (lvl->ptr > 1) {
			error = check_rising(cur, level,
					     xfs_btree_entry_at(cur, lvl, level, lvl->ptr - 1),
					     xfs_btree_entry_at(cur, lvl, level, lvl->ptr));
			if (error)
				return error;
		}
		level--;
		error = xfs_btree_read_child(cur, level);
		if (error)
			return error;
		*blocks += xfs_btree_numrecs(&cur->bc_levels[level]);
		cur->bc_levels[level].ptr = 1;
	}
	return 0;
}
