/* SPDX-License-Identifier: MIT */
/* Private to da/: node blocks, paths, sibling chains. */
#ifndef DA_DA_PRIV_H
#define DA_DA_PRIV_H

#include "da/da.h"

static inline struct xfs_da3_node_hdr *xfs_da_node(const struct xfs_buf *bp)
{
	return bp->b_addr;
}

static inline struct xfs_da_node_entry *xfs_da_node_ents(const struct xfs_buf *bp)
{
	return ((struct xfs_da3_intnode *)bp->b_addr)->btree;
}

static inline uint32_t xfs_da_node_count(const struct xfs_buf *bp)
{
	return be16_to_cpu(xfs_da_node(bp)->count);
}

static inline uint32_t xfs_da_node_level(const struct xfs_buf *bp)
{
	return be16_to_cpu(xfs_da_node(bp)->level);
}

static inline bool xfs_da_is_node(const struct xfs_buf *bp)
{
	return xfs_da_magic(bp) == XFS_DA3_NODE_MAGIC;
}

static inline uint32_t xfs_da_node_max(const struct xfs_da_state *state)
{
	const struct xfs_geometry *geo = &state->dp->i_mount->m_geo;

	return state->kind->whichfork == XFS_DATA_FORK ? geo->dir_node_ents : geo->attr_node_ents;
}

/* The last hash of a node or leaf; 0 if it is empty. */
xfs_dahash_t xfs_da_last_hash(const struct xfs_da_state *state, const struct xfs_buf *bp);

void xfs_da_node_init(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t level);
void xfs_da_node_insert(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t index,
			xfs_dahash_t hash, xfs_dablk_t child);
void xfs_da_node_remove(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t index);
/* Log header and entries [@first, @last]. */
void xfs_da_node_log(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t first,
		     uint32_t last);

/*
 * The block at path[@level] now ends in @hash: update the nodes above as far as that changes them.
 */
void xfs_da_fix_hash_above(struct xfs_da_state *state, uint32_t level, xfs_dahash_t hash);

/* Read a block of the tree that must be of @level (0: leaf). */
int xfs_da_read_level(struct xfs_da_state *state, xfs_dablk_t blkno, uint32_t level,
		      struct xfs_buf **bpp) XFS_MUST_CHECK;
/* Read @blkno and keep it in memory until the release. */
int xfs_da_pin(struct xfs_da_state *state, xfs_dablk_t blkno, uint32_t level) XFS_MUST_CHECK;

/* Distance of a block from the leaves, which is the level in a node's header. */
static inline uint32_t xfs_da_height(const struct xfs_buf *bp)
{
	return xfs_da_is_node(bp) ? xfs_da_node_level(bp) : 0;
}

/*
 * Move path[@i] to its neighbour (@step +1 or -1) on the same level, together with the path above.
 */
int xfs_da_shift(struct xfs_da_state *state, uint32_t i, int step, bool *moved) XFS_MUST_CHECK;
/* Make @to a copy of path[0..@i] of @from. */
void xfs_da_path_dup(struct xfs_da_state *to, const struct xfs_da_state *from, uint32_t i);

/* Set one link of @bp in the chain of its level. */
void xfs_da_set_forw(struct xfs_da_state *state, struct xfs_buf *bp, xfs_dablk_t forw);
void xfs_da_set_back(struct xfs_da_state *state, struct xfs_buf *bp, xfs_dablk_t back);

/* Allocate a block of the tree at the lowest hole, with a zeroed buffer. */
int xfs_da_grow(struct xfs_da_state *state, const struct xfs_buf_ops *ops, xfs_dablk_t *blkno,
		struct xfs_buf **bpp) XFS_MUST_CHECK;
/* Free a block of the tree. */
int xfs_da_shrink(struct xfs_da_state *state, xfs_dablk_t blkno, struct xfs_buf *bp)
	XFS_MUST_CHECK;

#endif
