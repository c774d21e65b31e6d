/* SPDX-License-Identifier: MIT */
/*
 * Common to directories and attribute forks: blocks of a fork, and the hashed B+tree over them.
 *
 * The tree: its root, a leaf or a node, is at a fixed block of the fork; other blocks are anywhere.
 * Every level is a chain in hash order.  A node's entry has exactly the last hash of its child.
 * Equal hashes may continue across leaves.  The owner defines the format of leaves in a struct
 * xfs_da_kind.
 *
 * (DA-1) Blocks are read before the first change of the transaction: calls that change more than
 *     one block have a "prepare" call, which reads what they need, keeps it in memory and can fail
 *     without harm.
 * (DA-2) After every call that changes the tree, node hashes and sibling pointers are exact.
 *
 * All calls need the inode's ILOCK, exclusive if they change something.
 */
#ifndef DA_DA_H
#define DA_DA_H

#include "bmap/bmap.h"
#include "buf/buf.h"
#include "disk/dir.h"

#define XFS_DA_NODE_MAXDEPTH	5	/* levels including the leaves */
/*
 * Most blocks that one insertion adds to a tree: one for each level that splits, and one for the
 * root's lower half.  A tree of full height cannot split its root, so the sum is the same.
 */
#define XFS_DA_ADD_MAXBLOCKS	XFS_DA_NODE_MAXDEPTH

/* ---- blocks of a fork: da/block.c ------------------------------------------------- */

/*
 * Read block @bno of the fork, @nfsb file-system blocks long, and check that this inode owns it.  A
 * hole is corruption.
 */
int xfs_da_read_buf(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno,
		    uint32_t nfsb, const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
	XFS_MUST_CHECK;

/*
 * Find the lowest hole of @nfsb blocks from @start on that ends at or below @end; -ENOSPC if there
 * is none.  @start is a multiple of @nfsb away from the fork's first block.
 */
int xfs_da_find_hole(struct xfs_inode *dp, enum xfs_fork_id whichfork, uint32_t nfsb,
		     xfs_dablk_t start, uint64_t end, xfs_dablk_t *bno) XFS_MUST_CHECK;

/*
 * Allocate blocks for the hole at @bno, in one extent if possible, and get a zeroed buffer for
 * them.  The caller fills and logs all of it.
 */
int xfs_da_alloc_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		       xfs_dablk_t bno, uint32_t nfsb, const struct xfs_buf_ops *ops,
		       struct xfs_buf **bpp) XFS_MUST_CHECK;

/* Unmap and free the block of @bp.  The caller still has to put its reference. */
int xfs_da_free_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		      xfs_dablk_t bno, uint32_t nfsb, struct xfs_buf *bp) XFS_MUST_CHECK;

/*
 * Make an in-memory fork with contents @data, for a fork that is about to become LOCAL.  This
 * allocates all memory before anything changes.  The caller installs it in place of the old fork,
 * or frees if_data.
 */
int xfs_da_make_local(struct xfs_inode *dp, enum xfs_fork_id whichfork, const void *data,
		      uint32_t len, struct xfs_ifork *local) XFS_MUST_CHECK;

/* Most blocks that @nblocks additions of @nfsb blocks each to a fork can take. */
uint32_t xfs_da_alloc_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork,
			     uint32_t nblocks, uint32_t nfsb);

/* Fill in the header that all blocks of a tree share. */
void xfs_da_init_info(struct xfs_inode *dp, struct xfs_buf *bp, uint16_t magic);

static inline struct xfs_da3_blkinfo *xfs_da_info(const struct xfs_buf *bp)
{
	return bp->b_addr;
}

static inline uint16_t xfs_da_magic(const struct xfs_buf *bp)
{
	return be16_to_cpu(xfs_da_info(bp)->magic);
}

/* ---- the tree: da/btree.c split.c join.c -------------------------------------------- */

struct xfs_da_state;

struct xfs_da_kind {
	const char *name;		/* "directory", "attribute fork" */
	enum xfs_fork_id whichfork;
	uint16_t leaf_magic;
	const struct xfs_buf_ops *root_ops;	/* its select calls xfs_da_select_root() */
	const struct xfs_buf_ops *leaf_ops;

	/* Last hash of a leaf that has entries. */
	xfs_dahash_t (*leaf_last_hash)(const void *leaf);
	/*
	 * Move the upper part of @left to @right, a new empty leaf with its header filled in, and
	 * log both.  Room is made for the entry that state->arg describes.  True: it goes into
	 * @right.
	 */
	bool (*leaf_split)(struct xfs_da_state *state, struct xfs_buf *left,
			   struct xfs_buf *right);
	/* True if the leaf has no live entry. */
	bool (*leaf_is_empty)(const void *leaf);
	/* True if the leaf is empty enough to try joining it with a neighbour. */
	bool (*leaf_is_sparse)(const struct xfs_geometry *geo, const void *leaf);
	/* True if both together fill one block well. */
	bool (*leaf_fits)(const struct xfs_geometry *geo, const void *a, const void *b);
	/*
	 * Move all of @src into @dst, in front of what is there (@src_first) or behind it; log
	 * @dst.
	 */
	void (*leaf_merge)(struct xfs_da_state *state, struct xfs_buf *dst, struct xfs_buf *src,
			   bool src_first);
};

/* The buffer ops for a root, which is a node or the only leaf; NULL: it is neither. */
const struct xfs_buf_ops *xfs_da_select_root(const struct xfs_da_kind *kind, const void *block);

struct xfs_da_level {
	struct xfs_buf *bp;
	xfs_dablk_t blkno;
	uint32_t index;			/* node: entry on the path; leaf: for its owner */
};

struct xfs_da_state {
	const struct xfs_da_kind *kind;
	struct xfs_trans *tp;		/* NULL: read-only */
	struct xfs_inode *dp;
	const void *arg;		/* leaf_split: the entry to be added */
	uint32_t depth;			/* levels in path; 0: no path */
	uint32_t npins;
	uint32_t moves;			/* number of moves to a next leaf so far */
	uint64_t max_moves;		/* blocks of the fork; 0: not counted yet */
	struct xfs_da_level path[XFS_DA_NODE_MAXDEPTH];	/* [0] root, [depth - 1] leaf */
	/* Blocks that a prepare call read; referenced until the release. */
	struct xfs_buf *pins[2 * XFS_DA_NODE_MAXDEPTH];
};

static inline void xfs_da_state_init(struct xfs_da_state *state, const struct xfs_da_kind *kind,
				     struct xfs_trans *tp, struct xfs_inode *dp)
{
	state->kind = kind;
	state->tp = tp;
	state->dp = dp;
	state->arg = NULL;
	state->depth = 0;
	state->npins = 0;
	state->moves = 0;
	state->max_moves = 0;
}

/* Put all buffers.  Always called at the end, after errors too. */
void xfs_da_state_release(struct xfs_da_state *state);

static inline struct xfs_da_level *xfs_da_leaf(struct xfs_da_state *state)
{
	return &state->path[state->depth - 1];
}

/* Read the path to the first leaf whose last hash is >= @hash, else to the last leaf. */
int xfs_da_lookup(struct xfs_da_state *state, xfs_dahash_t hash) XFS_MUST_CHECK;
/*
 * Move to the next leaf. *@moved false: there is none, and the path stays. -EUCLEAN also after more
 * moves than there can be leaves.
 */
int xfs_da_next_leaf(struct xfs_da_state *state, bool *moved) XFS_MUST_CHECK;
/* Update the hashes above the leaf on the path, whose last hash may have changed. */
void xfs_da_fix_hash(struct xfs_da_state *state);

/* Read what xfs_da_split() of the leaf on the path needs. -ENOSPC: the tree has its full height. */
int xfs_da_split_prepare(struct xfs_da_state *state) XFS_MUST_CHECK;
/* Number of blocks that this split will add. */
uint32_t xfs_da_split_blocks(const struct xfs_da_state *state);
/* Split the leaf.  The path then leads to the half that takes state->arg. */
int xfs_da_split(struct xfs_da_state *state) XFS_MUST_CHECK;

/* Read what removing the leaf on the path needs, before it becomes empty. */
int xfs_da_join_prepare(struct xfs_da_state *state) XFS_MUST_CHECK;
/*
 * Call after a removal from the leaf on the path.  Removes the leaf if it is empty, joins it with a
 * neighbour if it is sparse, and goes on upwards to the root.  A neighbour that cannot be read is
 * not joined.  Releases the path.
 */
int xfs_da_join(struct xfs_da_state *state) XFS_MUST_CHECK;

/* Buffer ops of node blocks. */
extern const struct xfs_buf_ops xfs_da3_node_buf_ops;

static inline xfs_dablk_t xfs_da_root_blkno(const struct xfs_da_state *state)
{
	return state->kind->whichfork == XFS_DATA_FORK ? state->dp->i_mount->m_geo.leafblk : 0;
}

static inline uint32_t xfs_da_nfsb(const struct xfs_da_state *state)
{
	return state->kind->whichfork == XFS_DATA_FORK ? state->dp->i_mount->m_geo.dirblkfsbs : 1;
}

#endif
