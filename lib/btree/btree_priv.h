/* SPDX-License-Identifier: MIT */
/* Private to this folder: access to the blocks of a cursor's path. */
#ifndef BTREE_BTREE_PRIV_H
#define BTREE_BTREE_PRIV_H

#include "btree/btree.h"
#include "core/message.h"

#define XFS_BTREE_SIB_LEFT	0u
#define XFS_BTREE_SIB_RIGHT	1u

static inline bool xfs_btree_is_long(const struct xfs_btree_cur *cur)
{
	return (cur->bc_ops->flags & XFS_BTREE_LONG_PTRS) != 0;
}

static inline bool xfs_btree_is_overlapping(const struct xfs_btree_cur *cur)
{
	return (cur->bc_ops->flags & XFS_BTREE_OVERLAPPING) != 0;
}

static inline bool xfs_btree_root_in_inode(const struct xfs_btree_cur *cur)
{
	return (cur->bc_ops->flags & XFS_BTREE_ROOT_IN_INODE) != 0;
}

static inline bool xfs_btree_is_root(const struct xfs_btree_cur *cur, uint32_t level)
{
	return level == cur->bc_nlevels - 1;
}

static inline bool xfs_btree_is_inode_root(const struct xfs_btree_cur *cur, uint32_t level)
{
	return xfs_btree_is_root(cur, level) && xfs_btree_root_in_inode(cur);
}

static inline uint32_t xfs_btree_hdr_len(const struct xfs_btree_cur *cur)
{
	return xfs_btree_is_long(cur) ? XFS_BTREE_LBLOCK_LEN : XFS_BTREE_SBLOCK_LEN;
}

static inline uint32_t xfs_btree_ptr_len(const struct xfs_btree_cur *cur)
{
	return xfs_btree_is_long(cur) ? 8 : 4;
}

/* Bytes of the keys of one node entry. */
static inline uint32_t xfs_btree_keys_len(const struct xfs_btree_cur *cur)
{
	return xfs_btree_is_overlapping(cur) ? 2u * cur->bc_ops->key_len : cur->bc_ops->key_len;
}

static inline uint32_t xfs_btree_entry_len(const struct xfs_btree_cur *cur, uint32_t level)
{
	return level ? xfs_btree_keys_len(cur) : cur->bc_ops->rec_len;
}

static inline uint32_t xfs_btree_maxrecs(const struct xfs_btree_cur *cur, uint32_t level)
{
	if (xfs_btree_is_inode_root(cur, level))
		return cur->bc_ino.root_maxrecs;
	return cur->bc_maxrecs[level > 0];
}

static inline uint32_t xfs_btree_minrecs(const struct xfs_btree_cur *cur, uint32_t level)
{
	return cur->bc_minrecs[level > 0];
}

static inline uint32_t xfs_btree_level_of(const struct xfs_btree_level *lvl)
{
	return be16_to_cpu(lvl->hdr[0]);
}

static inline uint32_t xfs_btree_numrecs(const struct xfs_btree_level *lvl)
{
	return be16_to_cpu(lvl->hdr[1]);
}

static inline void xfs_btree_set_numrecs(struct xfs_btree_level *lvl, uint32_t numrecs)
{
	lvl->hdr[1] = cpu_to_be16((uint16_t)numrecs);
}

/* The record, or the keys, at @pos of a block at @level. */
static inline uint8_t *xfs_btree_entry_at(const struct xfs_btree_cur *cur,
					  const struct xfs_btree_level *lvl, uint32_t level,
					  uint32_t pos)
{
	return lvl->entries + (size_t)(pos - 1) * xfs_btree_entry_len(cur, level);
}

static inline uint8_t *xfs_btree_high_key_at(const struct xfs_btree_cur *cur,
					     const struct xfs_btree_level *lvl, uint32_t pos)
{
	return xfs_btree_entry_at(cur, lvl, 1, pos) + cur->bc_ops->key_len;
}

static inline uint8_t *xfs_btree_ptr_at(const struct xfs_btree_cur *cur,
					const struct xfs_btree_level *lvl, uint32_t pos)
{
	return lvl->ptrs + (size_t)(pos - 1) * xfs_btree_ptr_len(cur);
}

static inline uint64_t xfs_btree_get_ptr(const struct xfs_btree_cur *cur,
					 const struct xfs_btree_level *lvl, uint32_t pos)
{
	const uint8_t *p = xfs_btree_ptr_at(cur, lvl, pos);

	return xfs_btree_is_long(cur) ? get_be64(p) : get_be32(p);
}

static inline void xfs_btree_set_ptr(const struct xfs_btree_cur *cur,
				     struct xfs_btree_level *lvl, uint32_t pos, uint64_t ptr)
{
	uint8_t *p = xfs_btree_ptr_at(cur, lvl, pos);

	if (xfs_btree_is_long(cur))
		put_be64(ptr, p);
	else
		put_be32((uint32_t)ptr, p);
}

static inline struct xfs_btree_block *xfs_btree_block_of(const struct xfs_btree_level *lvl)
{
	return lvl->bp->b_addr;
}

/* XFS_BTREE_NULLPTR if there is no such sibling.  Not for a root in the inode. */
static inline uint64_t xfs_btree_get_sibling(const struct xfs_btree_cur *cur,
					     const struct xfs_btree_level *lvl, unsigned int side)
{
	const struct xfs_btree_block *block = xfs_btree_block_of(lvl);
	uint32_t sib;

	if (xfs_btree_is_long(cur))
		return be64_to_cpu(side == XFS_BTREE_SIB_LEFT ? block->bb_u.l.bb_leftsib
							      : block->bb_u.l.bb_rightsib);
	sib = be32_to_cpu(side == XFS_BTREE_SIB_LEFT ? block->bb_u.s.bb_leftsib
						     : block->bb_u.s.bb_rightsib);
	return sib == NULLAGBLOCK ? XFS_BTREE_NULLPTR : sib;
}

/* ---- cursor.c ---- */
xfs_daddr_t xfs_btree_ptr_to_daddr(const struct xfs_btree_cur *cur, uint64_t ptr);
/* Make @lvl describe @bp and take over the caller's reference. */
void xfs_btree_set_block(const struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			 struct xfs_buf *bp, uint32_t level);
/* Read the block at @ptr into @lvl, whose old block is put, and check that it is of @level. */
int xfs_btree_read_block(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl, uint32_t level,
			 uint64_t ptr) XFS_MUST_CHECK;
/*
 * Read the child at the position of @level + 1 into @level; its first key must equal the parent's.
 */
int xfs_btree_read_child(struct xfs_btree_cur *cur, uint32_t level) XFS_MUST_CHECK;
void xfs_btree_put_level(struct xfs_btree_level *lvl);
int xfs_btree_corrupt(const struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
		      const char *what);

/* ---- change.c ---- */
void xfs_btree_log_header(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl);
/* Log the entries (and pointers) at positions [@first, @last]. */
void xfs_btree_log_entries(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			   uint32_t level, uint32_t first, uint32_t last);
void xfs_btree_set_sibling(struct xfs_btree_cur *cur, struct xfs_btree_level *lvl,
			   unsigned int side, uint64_t ptr);
/*
 * Copy @n entries from @from at @from_pos to @to at @to_pos, which may be one block.  Logs nothing.
 */
void xfs_btree_copy_entries(struct xfs_btree_cur *cur, struct xfs_btree_level *to,
			    uint32_t to_pos, const struct xfs_btree_level *from, uint32_t from_pos,
			    uint32_t n, uint32_t level);
/* The keys that a parent holds for this block, which has at least one entry. */
void xfs_btree_block_keys(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
			  uint32_t level, uint8_t *keys);
/* Store the keys of @lvl, child number @pos of the path's block at @level + 1, in the parent. */
void xfs_btree_set_parent_keys(struct xfs_btree_cur *cur, const struct xfs_btree_level *lvl,
			       uint32_t level, uint32_t pos);
/* Update the keys above the path's block at @level, upwards until one is unchanged. */
void xfs_btree_update_keys(struct xfs_btree_cur *cur, uint32_t level);
/*
 * Update the keys above the leaf after one record (NULL: none) was replaced by another (NULL:
 * none).
 */
void xfs_btree_update_keys_rec(struct xfs_btree_cur *cur, const void *old_rec,
			       const void *new_rec);
/*
 * Read the sibling of the path's block at @level that has the same parent into @sib; the caller
 * puts it. *@found false: there is none.
 */
int xfs_btree_read_sibling(struct xfs_btree_cur *cur, uint32_t level, unsigned int side,
			   struct xfs_btree_level *sib, bool *found) XFS_MUST_CHECK;
/* Allocate a block and fill in its header. */
int xfs_btree_new_block(struct xfs_btree_cur *cur, uint32_t level, uint64_t near_ptr,
			struct xfs_btree_level *lvl, uint64_t *ptr) XFS_MUST_CHECK;

#endif
