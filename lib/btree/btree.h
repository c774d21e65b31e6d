/* SPDX-License-Identifier: MIT */
/*
 * One B+tree engine for the trees of an AG (32-bit pointers, root block named in
 * the AGF or AGI) and for the extent tree of a fork (64-bit pointers, root in
 * the inode).  What differs stands in a struct xfs_btree_ops.
 *
 * Rules of use:
 *
 * (CURSOR-1) A cursor lives on the caller's stack, from an init function of its tree to
 *     xfs_btree_del_cursor(), and holds references to the blocks of its path.  It is good only
 *     while the lock of the tree's owner (AG lock, ILOCK) is held and nobody changes the tree
 *     through another cursor.
 * (CURSOR-2) Records go in and out in their on-disk form; the wrappers of each tree encode, decode
 *     and check them.
 * (CURSOR-3) Every call returns 0 or -errno.  After an error a cursor may only be deleted.  An
 *     insert that finds no space fails before its first change (ops->reserve); any other error of
 *     insert, update and delete may come in the middle, so that the transaction must be cancelled,
 *     which shuts the file system down.
 * (CURSOR-4) Nothing read is trusted: blocks are verified by their buffer ops; level, owner,
 *     pointers, keys on the way down and sibling links and order on the way sideways are checked
 *     here: -EUCLEAN.  Walks always move to larger (smaller) records, so no damaged chain makes
 *     them loop.
 *
 * Positions count from 1.  Position 0 is "before the first record", numrecs + 1
 * "behind the last".
 */
#ifndef BTREE_BTREE_H
#define BTREE_BTREE_H

#include "buf/buf.h"
#include "disk/btree.h"
#include "trans/trans.h"

struct xfs_btree_cur;
struct xfs_perag;

/* What a tree is searched by, in host form; compared word by word by the tree's functions. */
struct xfs_btree_target {
	uint64_t w[3];
};

#define XFS_BTREE_LONG_PTRS	(1u << 0)	/* 64-bit pointers, long block headers */
#define XFS_BTREE_OVERLAPPING	(1u << 1)	/* node entries hold a low and a high key */
#define XFS_BTREE_ROOT_IN_INODE	(1u << 2)	/* a struct xfs_bmdr_block, never a leaf */

#define XFS_BTREE_MAX_REC_LEN	24u
#define XFS_BTREE_MAX_KEY_LEN	40u		/* low and high key of an rmap entry */

/* "No block" in host form, for short and long pointers. */
#define XFS_BTREE_NULLPTR	UINT64_MAX

struct xfs_btree_ops {
	const char *name;			/* "bnobt", for messages */
	const struct xfs_buf_ops *buf_ops;
	uint32_t magic;
	uint8_t flags;				/* XFS_BTREE_* */
	uint8_t rec_len;
	uint8_t key_len;			/* of one key */

	/*
	 * How many of the @n sorted records (entries of a node: low keys) are <= @target;
	 * see XFS_BTREE_DEFINE_SEARCH.
	 */
	uint32_t (*search_recs)(const void *recs, uint32_t n,
				const struct xfs_btree_target *target);
	uint32_t (*search_keys)(const void *keys, uint32_t n,
				const struct xfs_btree_target *target);
	/* <0, 0, >0: the record (key) is before, at, behind @target. */
	int (*cmp_rec)(const void *rec, const struct xfs_btree_target *target);
	int (*cmp_key)(const void *key, const struct xfs_btree_target *target);
	/* The two on-disk keys. */
	int (*cmp_keys)(const void *a, const void *b);
	/* Low key of a record, and what a search for the record's key looks for. */
	void (*key_from_rec)(void *key, const void *rec);
	void (*target_from_rec)(struct xfs_btree_target *target, const void *rec);
	/* OVERLAPPING only: of a record, and the highest of @n > 0 records (entries of a node). */
	void (*high_key_from_rec)(void *key, const void *rec);
	void (*max_high_key)(void *key, const void *entries, uint32_t n, bool leaf);

	/*
	 * May be NULL.  Called by insert before its first change, when it is going to take
	 * at most @blocks new blocks: make sure of them or return -ENOSPC.
	 */
	int (*reserve)(struct xfs_btree_cur *cur, uint32_t blocks);
	/* A block for the tree, if possible near @near_ptr; counters, rmap included. */
	int (*alloc_block)(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr);
	/* The block left the tree: give it back and make @bp stale (xfs_trans_binval). */
	int (*free_block)(struct xfs_btree_cur *cur, struct xfs_buf *bp);
	/* A root that is a block: it is @ptr now, the tree @level_delta higher. Logs it. */
	void (*set_root)(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta);
	/* ROOT_IN_INODE: the bytes at cur->bc_ino.root were changed; log them. */
	void (*log_root)(struct xfs_btree_cur *cur);
};

/* One level of the path. */
struct xfs_btree_level {
	struct xfs_buf *bp;			/* NULL: root in the inode, or not read */
	be16_t *hdr;				/* level, number of entries */
	uint8_t *entries;			/* records or keys */
	uint8_t *ptrs;				/* nodes: pointers */
	uint32_t ptr;				/* position */
};

struct xfs_btree_cur {
	const struct xfs_btree_ops *bc_ops;
	struct xfs_mount *bc_mp;
	struct xfs_trans *bc_tp;		/* NULL: reads only */
	uint64_t bc_owner;			/* AG number, inode number */
	uint32_t bc_nlevels;
	uint32_t bc_maxrecs[2], bc_minrecs[2];	/* leaf, node */
	union {
		struct {
			struct xfs_perag *pag;
			uint64_t root_ptr;	/* AG block; the engine keeps it current */
		} bc_ag;
		struct {
			void *ip;		/* struct xfs_inode of the tree's owner */
			int whichfork;
			void *root;		/* on disk: xfs_bmdr_block, keys, pointers */
			uint32_t root_maxrecs;	/* (fork size - 4) / 16 */
			uint32_t allocated;	/* blocks taken (+) since the cursor was made */
			uint32_t freed;
			uint32_t flags;		/* the owner's */
		} bc_ino;
	};
	struct xfs_btree_level bc_levels[XFS_BTREE_MAXLEVELS];
};

/*
 * Make a cursor.  @nlevels as in the AGF, AGI; for a root in the inode its level + 1.
 * Then set bc_ag or bc_ino.
 */
void xfs_btree_init_cursor(struct xfs_btree_cur *cur, const struct xfs_btree_ops *ops,
			   struct xfs_mount *mp, struct xfs_trans *tp, uint64_t owner,
			   uint32_t nlevels, uint32_t max_leaf, uint32_t max_node);
/* Drops the references; any number of times. */
void xfs_btree_del_cursor(struct xfs_btree_cur *cur);
/* A second cursor at the same place, for looking sideways without losing it. */
void xfs_btree_dup_cursor(const struct xfs_btree_cur *cur, struct xfs_btree_cur *dup);

/*
 * Position the cursor: at the last record <= @target (position 0 when there is none), at the
 * one == @target or where it would be inserted, at the first record >= @target (behind the
 * last when there is none).  *@found: the cursor stands on such a record.
 */
int xfs_btree_lookup_le(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;
int xfs_btree_lookup_eq(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;
int xfs_btree_lookup_ge(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;

/* The record at the cursor, NULL when it stands on none; valid until the tree is changed. */
const void *xfs_btree_get_rec(const struct xfs_btree_cur *cur);
/* Records that still fit into the cursor's leaf: so many inserts take no block. */
uint32_t xfs_btree_leaf_room(const struct xfs_btree_cur *cur);
/*
 * The record @delta places on, if the cursor's leaf holds it; NULL: who knows.  Costs nothing,
 * and the cursor stays.
 */
const void *xfs_btree_peek(const struct xfs_btree_cur *cur, int32_t delta);

/* One record on or back. *@found false: there is none, and the cursor's place is undefined. */
int xfs_btree_increment(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;
int xfs_btree_decrement(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;

/* The root into the cursor: -EUCLEAN unless it is one of this tree, and of the right level. */
int xfs_btree_read_root(struct xfs_btree_cur *cur) XFS_MUST_CHECK;
/* To the first, to the last record. *@found false: the tree is empty. */
int xfs_btree_goto_first(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;
int xfs_btree_goto_last(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;

/*
 * Insert @rec where xfs_btree_lookup_eq() for its key, not found, left the cursor.  Then the
 * cursor stands on it.  -EUCLEAN, nothing changed, when it would not be in order there.
 */
int xfs_btree_insert(struct xfs_btree_cur *cur, const void *rec) XFS_MUST_CHECK;
/* Replace the record at the cursor; its place in the order must not change. */
int xfs_btree_update(struct xfs_btree_cur *cur, const void *rec) XFS_MUST_CHECK;
/*
 * The same if that is so as far as the leaf can tell; else *@done is false and nothing was
 * changed: delete the record and insert the new one.
 */
int xfs_btree_update_if_ordered(struct xfs_btree_cur *cur, const void *rec, bool *done)
	XFS_MUST_CHECK;
/* Remove the record at the cursor; then the cursor's place is undefined: look up again. */
int xfs_btree_delete(struct xfs_btree_cur *cur) XFS_MUST_CHECK;

/*
 * Call @fn for every record that may matter to [@low, @high] in order, until it
 * returns nonzero, which is returned then.
 *
 * Plain trees: records with low <= key <= high, and the last one before @low (it may
 * reach into the range; @fn looks).  OVERLAPPING trees: all records whose keys'
 * range [low key, high key] meets [@low, @high].
 */
typedef int (*xfs_btree_query_fn)(struct xfs_btree_cur *cur, const void *rec, void *priv);
int xfs_btree_query_range(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
			  const struct xfs_btree_target *high, xfs_btree_query_fn fn,
			  void *priv) XFS_MUST_CHECK;

/* Blocks of the tree that are blocks (a root in an inode does not count). Reads all nodes. */
int xfs_btree_count_blocks(struct xfs_btree_cur *cur, uint64_t *blocks) XFS_MUST_CHECK;

/* The header of an empty block at @daddr; for conversions that make trees by hand. */
void xfs_btree_init_block(struct xfs_mount *mp, void *block, const struct xfs_btree_ops *ops,
			  xfs_daddr_t daddr, uint64_t owner, uint32_t level, uint32_t numrecs);
/* Host form of the pointer a cursor's tree uses for the block of @bp. */
uint64_t xfs_btree_buf_ptr(const struct xfs_btree_cur *cur, const struct xfs_buf *bp);

/*
 * Define "uint32_t name(const void *entries, uint32_t n, target)" for search_recs and
 * search_keys: a binary search whose comparisons the compiler can see.  @stride: bytes from
 * one entry to the next; @cmp: as cmp_rec, cmp_key.
 */
#define XFS_BTREE_DEFINE_SEARCH(name, stride, cmp)					\
static uint32_t name(const void *entries, uint32_t n,					\
		     const struct xfs_btree_target *target)				\
{											\
	const uint8_t *base = entries;							\
	uint32_t low = 0;								\
											\
	while (n > 0) {									\
		uint32_t half = n / 2;							\
											\
		if (cmp(base + (size_t)(low + half) * (stride), target) <= 0) {		\
			low += half + 1;						\
			n -= half + 1;							\
		} else {								\
			n = half;							\
		}									\
	}										\
	return low;									\
}

#endif
