/* SPDX-License-Identifier: MIT */
/*
 * What insert, update and delete share: moving entries, logging them, and keeping the keys of
 * parents right.
 *
 * (BTREE-1) Only siblings with the same parent exchange or join entries.  Every block but the
 *     root's only child has such a sibling, so this suffices to keep blocks filled, and it changes
 *     nothing above the parent, whose own set of records stays the same.
 * (BTREE-2) A parent's key is bit for bit the key of its child's first entry (overlapping trees:
 *     and the highest high key in the child).  A changed key is carried upwards until a level where
 *     it makes no difference.
 */
#include "btree/btree_priv.h"

static void log_bytes(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl, const uint8_t *first,
		      size_t len)
{
	size_t off = (size_t)(first - (const uint8_t *)lvl->bp->b_addr);

	xfs_trans_log_buf(cur->bc_tp, lvl->bp, (uint32_t)off, (uint32_t)(off + len - 1));
}

void xfs_btree_log_header(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl)
{
	if (lvl->bp)
		xfs_trans_log_buf(cur->bc_tp, lvl->bp, 0, xfs_btree_hdr_len(cur) - 1);
	else
		cur->bc_ops->log_root(cur);
}

void xfs_btree_log_entries(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			   uint32_t level, uint32_t first, uint32_t last)
{
	uint32_t n = last - first + 1;

	if (first > last)
		return;
	if (!lvl->bp) {
		cur->bc_ops->log_root(cur);
		return;
	}
	log_bytes(cur, lvl, xfs_btree_entry_at(cur, lvl, level, first),
		  (size_t)n * xfs_btree_entry_len(cur, level));
	if (level > 0)
		log_bytes(cur, lvl, xfs_btree_ptr_at(cur, lvl, first),
			  (size_t)n * xfs_btree_ptr_len(cur));
}

void xfs_btree_set_sibling(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			   unsigned int side, uint64_t ptr)
{
	struct xfs_btree_block *block = xfs_btree_block_of(lvl);

	if (xfs_btree_is_long(cur)) {
		be64_t sib = cpu_to_be64(ptr == XFS_BTREE_NULLPTR ? NULLFSBLOCK : ptr);

		if (side == XFS_BTREE_SIB_LEFT)
			block->bb_u.l.bb_leftsib = sib;
		else
			block->bb_u.l.bb_rightsib = sib;
	} else {
		be32_t sib = cpu_to_be32(ptr == XFS_BTREE_NULLPTR ? NULLAGBLOCK : (uint32_t)ptr);

		if (side == XFS_BTREE_SIB_LEFT)
			block->bb_u.s.bb_leftsib = sib;
		else
			block->bb_u.s.bb_rightsib = sib;
	}
}

void xfs_btree_copy_entries(struct xfs_btree_cur *cur, struct xfs_btree_level *to,
			    uint32_t to_pos, const struct xfs_btree_level *from, uint32_t from_pos,
			    uint32_t n, uint32_t level)
{
	memmove(xfs_btree_entry_at(cur, to, level, to_pos),
		xfs_btree_entry_at(cur, from, level, from_pos),
		(size_t)n * xfs_btree_entry_len(cur, level));
	if (level > 0)
		memmove(xfs_btree_ptr_at(cur, to, to_pos), xfs_btree_ptr_at(cur, from, from_pos),
			(size_t)n * xfs_btree_ptr_len(cur));
}

void xfs_btree_block_keys(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
			  uint32_t level, uint8_t *keys)
{
	const struct xfs_btree_ops *ops = cur->bc_ops;

	if (level == 0)
		ops->key_from_rec(keys, lvl->entries);
	else
		memcpy(keys, lvl->entries, ops->key_len);
	if (xfs_btree_is_overlapping(cur))
		ops->max_high_key(keys + ops->key_len, lvl->entries, xfs_btree_numrecs(lvl),
				  level == 0);
}

/* False: the keys were right already, and so are those further up. */
static bool set_keys_at(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
			uint32_t level, uint32_t pos)
{
	struct xfs_btree_level *parent = &cur->bc_levels[level + 1];
	uint8_t *entry = xfs_btree_entry_at(cur, parent, level + 1, pos);
	uint32_t len = xfs_btree_keys_len(cur);
	uint8_t keys[XFS_BTREE_MAX_KEY_LEN];

	xfs_btree_block_keys(cur, lvl, level, keys);
	if (memcmp(entry, keys, len) == 0)
		return false;
	memcpy(entry, keys, len);
	if (parent->bp)
		log_bytes(cur, parent, entry, len);
	else
		cur->bc_ops->log_root(cur);
	return true;
}

void xfs_btree_set_parent_keys(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
			       uint32_t level, uint32_t pos)
{
	set_keys_at(cur, lvl, level, pos);
}

void xfs_btree_update_keys(struct xfs_btree_cur *cur, uint32_t level)
{
	for (; !xfs_btree_is_root(cur, level); level++) {
		const struct xfs_btree_level *lvl = &cur->bc_levels[level];
		const struct xfs_btree_level *parent = &cur->bc_levels[level + 1];

		if (xfs_btree_numrecs(lvl) == 0 || !set_keys_at(cur, lvl, level, parent->ptr))
			return;
		/* In a plain tree, levels further up know only the first key of a block. */
		if (parent->ptr != 1 && !xfs_btree_is_overlapping(cur))
			return;
	}
}

/*
 * The high key that the parent holds for the path's block at @level, after an entry with @old_high
 * (NULL: none) was replaced by one with @new_high (NULL: none).  Reads all entries only if the
 * highest one is gone.
 */
static void high_key_after(struct xfs_btree_cur *cur, uint32_t level, const uint8_t *entry_high,
			   const uint8_t *old_high, const uint8_t *new_high, uint8_t *keys)
{
	const struct xfs_btree_ops *ops = cur->bc_ops;

	if (new_high && ops->cmp_keys(new_high, entry_high) >= 0)
		memcpy(keys + ops->key_len, new_high, ops->key_len);
	else if (old_high && ops->cmp_keys(old_high, entry_high) >= 0)
		xfs_btree_block_keys(cur, &cur->bc_levels[level], level, keys);
	else
		memcpy(keys + ops->key_len, entry_high, ops->key_len);
}

void xfs_btree_update_keys_rec(struct xfs_btree_cur *cur, const void *old_rec,
			       const void *new_rec)
{
	const struct xfs_btree_ops *ops = cur->bc_ops;
	uint8_t old_buf[XFS_BTREE_MAX_KEY_LEN], new_buf[XFS_BTREE_MAX_KEY_LEN];
	uint8_t keys[XFS_BTREE_MAX_KEY_LEN];
	uint8_t *old_high = NULL, *new_high = NULL;
	struct xfs_btree_level *leaf = &cur->bc_levels[0];

	if (!xfs_btree_is_overlapping(cur) || xfs_btree_numrecs(leaf) == 0) {
		xfs_btree_update_keys(cur, 0);
		return;
	}
	if (old_rec)
		ops->high_key_from_rec(old_high = old_buf, old_rec);
	if (new_rec)
		ops->high_key_from_rec(new_high = new_buf, new_rec);
	ops->key_from_rec(keys, leaf->entries);
	for (uint32_t level = 0; !xfs_btree_is_root(cur, level); level++) {
		struct xfs_btree_level *parent = &cur->bc_levels[level + 1];
		uint8_t *entry = xfs_btree_entry_at(cur, parent, level + 1, parent->ptr);
		uint8_t *entry_high = entry + ops->key_len;

		high_key_after(cur, level, entry_high, old_high, new_high, keys);
		if (memcmp(entry, keys, 2u * ops->key_len) == 0)
			return;
		memcpy(old_high = old_buf, entry_high, ops->key_len);
		memcpy(new_high = new_buf, keys + ops->key_len, ops->key_len);
		memcpy(entry, keys, 2u * ops->key_len);
		log_bytes(cur, parent, entry, 2u * ops->key_len);
		memcpy(keys, parent->entries, ops->key_len);
	}
}

int xfs_btree_read_sibling(struct xfs_btree_cur *cur, uint32_t level, unsigned int side,
			   struct xfs_btree_level *sib, bool *found)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	struct xfs_btree_level *parent = &cur->bc_levels[level + 1];
	uint32_t pos = side == XFS_BTREE_SIB_LEFT ? parent->ptr - 1 : parent->ptr + 1;
	unsigned int back = side == XFS_BTREE_SIB_LEFT ? XFS_BTREE_SIB_RIGHT : XFS_BTREE_SIB_LEFT;
	uint64_t ptr;
	int error;

	sib->bp = NULL;
	*found = false;
	if (pos == 0 || pos > xfs_btree_numrecs(parent))
		return 0;
	ptr = xfs_btree_get_ptr(cur, parent, pos);
	error = xfs_btree_read_block(cur, sib, level, ptr);
	if (error)
		goto out_put;
	if (unlikely(xfs_btree_get_sibling(cur, lvl, side) != ptr ||
		     xfs_btree_get_sibling(cur, sib, back) !=
			     xfs_btree_buf_ptr(cur, lvl->bp))) {
		error = xfs_btree_corrupt(cur, lvl, "sibling pointers disagree with the parent");
		goto out_put;
	}
	*found = true;
	return 0;

out_put:
	xfs_btree_put_level(sib);
	return error;
}

int xfs_btree_new_block(struct xfs_btree_cur *cur, uint32_t level, uint64_t near_ptr,
			struct xfs_btree_level *lvl, uint64_t *ptr)
{
	struct xfs_buf *bp;
	xfs_daddr_t daddr;
	int error = cur->bc_ops->alloc_block(cur, near_ptr, ptr);

	if (error)
		return error;
	daddr = xfs_btree_ptr_to_daddr(cur, *ptr);
	error = xfs_buf_get(cur->bc_mp, daddr, cur->bc_mp->m_geo.blocksize, cur->bc_ops->buf_ops,
			    &bp);
	if (error)
		return error;
	xfs_btree_init_block(cur->bc_mp, bp->b_addr, cur->bc_ops, daddr, cur->bc_owner, level, 0);
	xfs_btree_set_block(cur, lvl, bp, level);
	xfs_trans_log_buf_all(cur->bc_tp, bp);
	return 0;
}

/*
 * True if @rec, in place of the cursor's record, is in order with its neighbours in the leaf.
 * *@known false: a neighbour is in another leaf and was not compared.
 */
static bool ordered_at_cursor(struct xfs_btree_cur *cur, const void *rec, bool *known)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	uint32_t numrecs = xfs_btree_numrecs(leaf);
	struct xfs_btree_target target;

	cur->bc_ops->target_from_rec(&target, rec);
	*known = true;
	if (leaf->ptr > 1) {
		if (cur->bc_ops->cmp_rec(xfs_btree_entry_at(cur, leaf, 0, leaf->ptr - 1),
					 &target) >= 0)
			return false;
	} else if (xfs_btree_get_sibling(cur, leaf, XFS_BTREE_SIB_LEFT) != XFS_BTREE_NULLPTR) {
		*known = false;
	}
	if (leaf->ptr < numrecs) {
		if (cur->bc_ops->cmp_rec(xfs_btree_entry_at(cur, leaf, 0, leaf->ptr + 1),
					 &target) <= 0)
			return false;
	} else if (xfs_btree_get_sibling(cur, leaf, XFS_BTREE_SIB_RIGHT) != XFS_BTREE_NULLPTR) {
		*known = false;
	}
	return true;
}

static void replace_rec(struct xfs_btree_cur *cur, const void *rec)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	uint8_t *place = xfs_btree_entry_at(cur, leaf, 0, leaf->ptr);
	uint8_t old[XFS_BTREE_MAX_REC_LEN];

	memcpy(old, place, cur->bc_ops->rec_len);
	memcpy(place, rec, cur->bc_ops->rec_len);
	xfs_btree_log_entries(cur, leaf, 0, leaf->ptr, leaf->ptr);
	if (leaf->ptr == 1 || xfs_btree_is_overlapping(cur))
		xfs_btree_update_keys_rec(cur, old, rec);
}

int xfs_btree_update(struct xfs_btree_cur *cur, const void *rec)
{
	bool known;

	ASSERT(xfs_btree_get_rec(cur) != NULL);
	if (unlikely(!ordered_at_cursor(cur, rec, &known)))
		return xfs_btree_corrupt(cur, &cur->bc_levels[0], "record out of order");
	replace_rec(cur, rec);
	return 0;
}

int xfs_btree_update_if_ordered(struct xfs_btree_cur *cur, const void *rec, bool *done)
{
	const void *old = xfs_btree_get_rec(cur);
	struct xfs_btree_target target;
	bool known;

	ASSERT(old != NULL);
	*done = ordered_at_cursor(cur, rec, &known);
	if (*done && !known) {
		/*
		 * The neighbour is in another leaf: replace the record only if its key stays the
		 * same.
		 */
		cur->bc_ops->target_from_rec(&target, rec);
		*done = cur->bc_ops->cmp_rec(old, &target) == 0;
	}
	if (*done)
		replace_rec(cur, rec);
	return 0;
}
