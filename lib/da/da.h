/* SPDX-License-Identifier: MIT */
/*
 * What directories and attribute forks stand on: blocks of a fork, and the hashed
 * B+tree over them.
 *
 * The tree: a leaf or a node at a fixed place of the fork, leaves and nodes
 * elsewhere, every level chained in hash order.  A node's entry carries the last hash of
 * its child, exactly.  Equal hashes may run across leaves.  What a leaf looks like
 * is the owner's, told in a struct xfs_da_kind.
 *
 * (DA-1) Blocks are read before the first change of the transaction: the calls that change more
 *     than one block have a "prepare" call that reads what they need, keeps it in memory and can
 *     fail without harm.
 * (DA-2) After every call that changes the tree, node hashes and sibling pointers are exact.
 *
 * All calls need the ILOCK of the inode, exclusively where they change something.
 */
#ifndef DA_DA_H
#define DA_DA_H

#include "bmap/bmap.h"
#include "buf/buf.h"
#include "disk/dir.h"

#define XFS_DA_NODE_MAXDEPTH	5	/* levels of nodes and leaf together */
/*
 * Blocks that one insertion may add to a tree: one for each level that splits, one for the root's
 * lower half, and a tree of full height does not split its root.
 */
#define XFS_DA_ADD_MAXBLOCKS	XFS_DA_NODE_MAXDEPTH

/* ---- blocks of a fork: da/block.c ------------------------------------------------- */

/*
 * Block @bno of the fork, @nfsb file-system blocks long, read and of this inode.  A
 * hole is corruption.
 */
int xfs_da_read_buf(struct xfs_inode *dp, enum xfs_fork_id whichfork, xfs_dablk_t bno,
		    uint32_t nfsb, const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
	XFS_MUST_CHECK;

/*
 * The lowest hole of @nfsb blocks from @start on that ends at or below @end; -ENOSPC:
 * there is none.  @start must be a multiple of @nfsb from where the fork's blocks begin.
 */
int xfs_da_find_hole(struct xfs_inode *dp, enum xfs_fork_id whichfork, uint32_t nfsb,
		     xfs_dablk_t start, uint64_t end, xfs_dablk_t *bno) XFS_MUST_CHECK;

/*
 * Give the hole at @bno real blocks, in one extent if there is one to be had, and a
 * zeroed buffer.  The caller fills and logs all of it.
 */
int xfs_da_alloc_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		       xfs_dablk_t bno, uint32_t nfsb, const struct xfs_buf_ops *ops,
		       struct xfs_buf **bpp) XFS_MUST_CHECK;

/* Unmap and free the block of @bp; the caller's reference stays to be put. */
int xfs_da_free_block(struct xfs_trans *tp, struct xfs_inode *dp, enum xfs_fork_id whichfork,
		      xfs_dablk_t bno, uint32_t nfsb, struct xfs_buf *bp) XFS_MUST_CHECK;

/*
 * Contents @data for a fork that is to become LOCAL, as a fork beside the present one: memory is
 * had before anything changes.  The caller puts it in the place of the old one, or frees if_data.
 */
int xfs_da_make_local(struct xfs_inode *dp, enum xfs_fork_id whichfork, const void *data,
		      uint32_t len, struct xfs_ifork *local) XFS_MUST_CHECK;

/* Worst case of blocks for @nblocks additions of @nfsb blocks each to a fork. */
uint32_t xfs_da_alloc_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork,
			     uint32_t nblocks, uint32_t nfsb);

/* The header that tree blocks share, of a new block. */
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
	const struct xfs_buf_ops *root_ops;	/* its select: xfs_da_select_root() */
	const struct xfs_buf_ops *leaf_ops;

	/* Of a leaf that has entries. */
	xfs_dahash_t (*leaf_last_hash)(const void *leaf);
	/*
	 * @right is new and empty, its header initialised: move the upper part of @left there
	 * and log both.  Room is for what state->arg describes; true: it belongs to @right.
	 */
	bool (*leaf_split)(struct xfs_da_state *state, struct xfs_buf *left,
			   struct xfs_buf *right);
	/* Nothing alive is in it. */
	bool (*leaf_is_empty)(const void *leaf);
	/* Worth a look for a neighbour to join. */
	bool (*leaf_is_sparse)(const struct xfs_geometry *geo, const void *leaf);
	/* Both together fill one block well. */
	bool (*leaf_fits)(const struct xfs_geometry *geo, const void *a, const void *b);
	/* Move all of @src into @dst, before (@src_first) or behind what is there; log @dst. */
	void (*leaf_merge)(struct xfs_da_state *state, struct xfs_buf *dst, struct xfs_buf *src,
			   bool src_first);
};

/* A root is a node, or the only leaf; NULL: neither. */
const struct xfs_buf_ops *xfs_da_select_root(const struct xfs_da_kind *kind, const void *block);

struct xfs_da_level {
	struct xfs_buf *bp;
	xfs_dablk_t blkno;
	uint32_t index;			/* node: entry on the path; leaf: the owner's */
};

struct xfs_da_state {
	const struct xfs_da_kind *kind;
	struct xfs_trans *tp;		/* NULL: looking only */
	struct xfs_inode *dp;
	const void *arg;		/* leaf_split's: what is to be added */
	uint32_t depth;			/* levels in path, 0: none */
	uint32_t npins;
	uint32_t moves;			/* to next leaves, so far */
	uint64_t max_moves;		/* blocks of the fork; 0: not counted yet */
	struct xfs_da_level path[XFS_DA_NODE_MAXDEPTH];	/* [0] root, [depth - 1] leaf */
	/* Blocks that a prepare call read; they stay in memory until the release. */
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

/* The path to the first leaf whose last hash is >= @hash, or to the last leaf. */
int xfs_da_lookup(struct xfs_da_state *state, xfs_dahash_t hash) XFS_MUST_CHECK;
/*
 * Move on to the next leaf; *@moved false: there is none, the path stays.  -EUCLEAN also when it
 * has moved on more often than there can be leaves.
 */
int xfs_da_next_leaf(struct xfs_da_state *state, bool *moved) XFS_MUST_CHECK;
/* The last hash of the leaf on the path may have changed. */
void xfs_da_fix_hash(struct xfs_da_state *state);

/* Read what xfs_da_split() of the leaf on the path needs; -ENOSPC: the tree is at its limit. */
int xfs_da_split_prepare(struct xfs_da_state *state) XFS_MUST_CHECK;
/* How many blocks that split will add. */
uint32_t xfs_da_split_blocks(const struct xfs_da_state *state);
/* Split the leaf; afterwards the path leads to the half that takes state->arg. */
int xfs_da_split(struct xfs_da_state *state) XFS_MUST_CHECK;

/* Read what dropping the leaf on the path needs: it is about to become empty. */
int xfs_da_join_prepare(struct xfs_da_state *state) XFS_MUST_CHECK;
/*
 * Something was removed from the leaf on the path: drop it if empty, join it with a
 * neighbour if sparse, as often as that goes, up to the root.  A neighbour that
 * cannot be read is not joined.  The path is released.
 */
int xfs_da_join(struct xfs_da_state *state) XFS_MUST_CHECK;

/* The tables of node blocks. */
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
