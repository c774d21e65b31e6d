/* SPDX-License-Identifier: MIT */
/*
 * Cursors, and reading blocks into their path.
 *
 * The buffer ops have verified a block's checksum and inner structure.  This file checks what only
 * the path knows: the block has the expected level and owner, the pointer lies in the AG (file
 * system), and the parent's key is the key of the child's first entry.  Without the last check a
 * search would follow a damaged node to the wrong leaf, and could hand out blocks that are in use.
 */
#include "btree/btree_priv.h"

void xfs_btree_init_cursor(struct xfs_btree_cur *cur, const struct xfs_btree_ops *ops,
			   struct xfs_mount *mp, struct xfs_trans *tp, uint64_t owner,
			   uint32_t nlevels, uint32_t max_leaf, uint32_t max_node)
{
	cur->bc_ops = ops;
	cur->bc_mp = mp;
	cur->bc_tp = tp;
	cur->bc_owner = owner;
	cur->bc_nlevels = nlevels;
	cur->bc_maxrecs[0] = max_leaf;
	cur->bc_maxrecs[1] = max_node;
	cur->bc_minrecs[0] = max_leaf / 2;
	cur->bc_minrecs[1] = max_node / 2;
	memset(&cur->bc_ino, 0, sizeof(cur->bc_ino));
	/* When the tree grows, the new level is filled in completely. */
	for (uint32_t level = 0; level < XFS_MIN_T(uint32_t, nlevels, XFS_BTREE_MAXLEVELS); level++)
		cur->bc_levels[level].bp = NULL;
}

void xfs_btree_put_level(struct xfs_btree_level *lvl)
{
	if (lvl->bp)
		xfs_buf_put(lvl->bp);
	lvl->bp = NULL;
}

/* Number of levels that may hold a block. */
static uint32_t used_levels(const struct xfs_btree_cur *cur)
{
	return XFS_MIN_T(uint32_t, cur->bc_nlevels, XFS_BTREE_MAXLEVELS);
}

void xfs_btree_del_cursor(struct xfs_btree_cur *cur)
{
	for (uint32_t level = 0; level < used_levels(cur); level++)
		xfs_btree_put_level(&cur->bc_levels[level]);
}

void xfs_btree_dup_cursor(const struct xfs_btree_cur *cur, struct xfs_btree_cur *dup)
{
	*dup = *cur;
	for (uint32_t level = 0; level < used_levels(cur); level++) {
		if (dup->bc_levels[level].bp)
			xfs_buf_hold(dup->bc_levels[level].bp);
	}
}

/* Add the tree's location to the description of @error (-EUCLEAN), and return it. */
static int place_of(const struct xfs_btree_cur *cur, int error)
{
	if (xfs_btree_is_long(cur))
		xfs_error_add(XFS_ERROR_AT_INO, cur->bc_owner);
	else
		xfs_error_add(XFS_ERROR_AT_AG, cur->bc_owner);
	return error;
}

int xfs_btree_corrupt(const struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
		      const char *what)
{
	if (lvl && lvl->bp)
		return place_of(cur, xfs_corrupt(cur->bc_mp, cur->bc_ops->name, "owner %" PRIu64
						 ", block at daddr %" PRId64 ": %s",
						 cur->bc_owner, xfs_buf_daddr(lvl->bp), what));
	return place_of(cur, xfs_corrupt(cur->bc_mp, cur->bc_ops->name, "owner %" PRIu64 ": %s",
					 cur->bc_owner, what));
}

static bool ptr_is_possible(const struct xfs_btree_cur *cur, uint64_t ptr)
{
	const struct xfs_geometry *geo = &cur->bc_mp->m_geo;

	if (xfs_btree_is_long(cur))
		return xfs_verify_fsbno(geo, ptr);
	return ptr <= UINT32_MAX &&
	       xfs_verify_agbno(geo, (xfs_agnumber_t)cur->bc_owner, (xfs_agblock_t)ptr);
}

xfs_daddr_t xfs_btree_ptr_to_daddr(const struct xfs_btree_cur *cur, uint64_t ptr)
{
	const struct xfs_geometry *geo = &cur->bc_mp->m_geo;

	if (xfs_btree_is_long(cur))
		return XFS_FSB_TO_DADDR(geo, ptr);
	return XFS_AGB_TO_DADDR(geo, (xfs_agnumber_t)cur->bc_owner, (xfs_agblock_t)ptr);
}

uint64_t xfs_btree_buf_ptr(const struct xfs_btree_cur *cur, const struct xfs_buf *bp)
{
	const struct xfs_geometry *geo = &cur->bc_mp->m_geo;

	if (xfs_btree_is_long(cur))
		return XFS_DADDR_TO_FSB(geo, xfs_buf_daddr(bp));
	return xfs_daddr_to_agbno(geo, xfs_buf_daddr(bp));
}

void xfs_btree_set_block(const struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			 struct xfs_buf *bp, uint32_t level)
{
	uint8_t *block = bp->b_addr;

	lvl->bp = bp;
	lvl->hdr = (be16_t *)(void *)(block + offsetof(struct xfs_btree_block, bb_level));
	lvl->entries = block + xfs_btree_hdr_len(cur);
	lvl->ptrs = level ? lvl->entries +
			    (size_t)cur->bc_maxrecs[1] * xfs_btree_keys_len(cur) : NULL;
}

/* The last leaf of an extent tree may be empty just before the fork becomes a list again. */
static bool may_be_empty(const struct xfs_btree_cur *cur, uint32_t level)
{
	if (level > 0)
		return false;
	if (xfs_btree_is_root(cur, level))
		return true;
	return xfs_btree_is_inode_root(cur, 1) &&
	       xfs_btree_numrecs(&cur->bc_levels[1]) == 1;
}

int xfs_btree_read_block(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl, uint32_t level,
			 uint64_t ptr)
{
	const struct xfs_btree_block *block;
	struct xfs_buf *bp;
	xfs_daddr_t daddr;
	uint32_t numrecs;
	int error;

	if (unlikely(!ptr_is_possible(cur, ptr)))
		return place_of(cur, xfs_corrupt(cur->bc_mp, cur->bc_ops->name, "owner %" PRIu64
						 ", level %u: pointer to impossible block %#" PRIx64,
						 cur->bc_owner, level + 1, ptr));
	daddr = xfs_btree_ptr_to_daddr(cur, ptr);
	if (!lvl->bp || xfs_buf_daddr(lvl->bp) != daddr) {
		xfs_btree_put_level(lvl);
		error = xfs_buf_read(cur->bc_mp, daddr, cur->bc_mp->m_geo.blocksize,
				     cur->bc_ops->buf_ops, &bp);
		if (unlikely(error))
			return error;
		xfs_btree_set_block(cur, lvl, bp, level);
	}

	block = xfs_btree_block_of(lvl);
	numrecs = xfs_btree_numrecs(lvl);
	if (unlikely(be32_to_cpu(block->bb_magic) != cur->bc_ops->magic))
		return xfs_btree_corrupt(cur, lvl, "not a block of this tree");
	if (unlikely(xfs_btree_level_of(lvl) != level))
		return xfs_btree_corrupt(cur, lvl, "wrong level");
	if (unlikely(xfs_btree_is_long(cur) &&
		     be64_to_cpu(block->bb_u.l.bb_owner) != cur->bc_owner))
		return xfs_btree_corrupt(cur, lvl, "belongs to another inode");
	if (unlikely(numrecs > cur->bc_maxrecs[level > 0]))
		return xfs_btree_corrupt(cur, lvl, "more entries than fit into the block");
	if (unlikely(numrecs == 0 && !may_be_empty(cur, level)))
		return xfs_btree_corrupt(cur, lvl, "no entries");
	return 0;
}

static int read_inode_root(struct xfs_btree_cur *cur)
{
	struct xfs_btree_level *lvl = &cur->bc_levels[cur->bc_nlevels - 1];
	uint32_t numrecs;

	lvl->hdr = cur->bc_ino.root;
	lvl->entries = (uint8_t *)cur->bc_ino.root + sizeof(struct xfs_bmdr_block);
	lvl->ptrs = lvl->entries + (size_t)cur->bc_ino.root_maxrecs * xfs_btree_keys_len(cur);
	numrecs = xfs_btree_numrecs(lvl);
	if (unlikely(xfs_btree_level_of(lvl) != cur->bc_nlevels - 1 || cur->bc_nlevels < 2))
		return xfs_btree_corrupt(cur, NULL, "wrong level in the inode");
	if (unlikely(numrecs == 0 || numrecs > cur->bc_ino.root_maxrecs))
		return xfs_btree_corrupt(cur, NULL, "bad number of entries in the inode");
	return 0;
}

int xfs_btree_read_root(struct xfs_btree_cur *cur)
{
	uint32_t level = cur->bc_nlevels - 1;

	if (unlikely(cur->bc_nlevels == 0 || cur->bc_nlevels > XFS_BTREE_MAXLEVELS))
		return place_of(cur, xfs_corrupt(cur->bc_mp, cur->bc_ops->name,
						 "owner %" PRIu64 ": impossible height %u",
						 cur->bc_owner, cur->bc_nlevels));
	if (xfs_btree_root_in_inode(cur))
		return read_inode_root(cur);
	return xfs_btree_read_block(cur, &cur->bc_levels[level], level, cur->bc_ag.root_ptr);
}

int xfs_btree_read_child(struct xfs_btree_cur *cur, uint32_t level)
{
	struct xfs_btree_level *parent = &cur->bc_levels[level + 1];
	struct xfs_btree_level *lvl = &cur->bc_levels[level];
	const uint8_t *parent_key = xfs_btree_entry_at(cur, parent, level + 1, parent->ptr);
	uint8_t buf[XFS_BTREE_MAX_KEY_LEN];
	const uint8_t *key = lvl->entries;
	int error;

	error = xfs_btree_read_block(cur, lvl, level, xfs_btree_get_ptr(cur, parent, parent->ptr));
	if (unlikely(error))
		return error;
	if (level == 0) {
		if (xfs_btree_numrecs(lvl) == 0)
			return 0;
		cur->bc_ops->key_from_rec(buf, lvl->entries);
		key = buf;
	} else {
		key = lvl->entries;
	}
	if (unlikely(cur->bc_ops->cmp_keys(parent_key, key) != 0))
		return xfs_btree_corrupt(cur, lvl, "first key differs from the parent's");
	return 0;
}

void xfs_btree_init_block(struct xfs_mount *mp, void *block, const struct xfs_btree_ops *ops,
			  xfs_daddr_t daddr, uint64_t owner, uint32_t level, uint32_t numrecs)
{
	struct xfs_btree_block *b = block;

	b->bb_magic = cpu_to_be32(ops->magic);
	b->bb_level = cpu_to_be16((uint16_t)level);
	b->bb_numrecs = cpu_to_be16((uint16_t)numrecs);
	if (ops->flags & XFS_BTREE_LONG_PTRS) {
		struct xfs_btree_block_lhdr *l = &b->bb_u.l;

		memset(l, 0, sizeof(*l));
		l->bb_leftsib = l->bb_rightsib = cpu_to_be64(NULLFSBLOCK);
		l->bb_blkno = cpu_to_be64((uint64_t)daddr);
		l->bb_uuid = mp->m_geo.meta_uuid;
		l->bb_owner = cpu_to_be64(owner);
	} else {
		struct xfs_btree_block_shdr *s = &b->bb_u.s;

		memset(s, 0, sizeof(*s));
		s->bb_leftsib = s->bb_rightsib = cpu_to_be32(NULLAGBLOCK);
		s->bb_blkno = cpu_to_be64((uint64_t)daddr);
		s->bb_uuid = mp->m_geo.meta_uuid;
		s->bb_owner = cpu_to_be32((uint32_t)owner);
	}
}
