/* SPDX-License-Identifier: MIT */
/*
 * One B+tree engine for the trees of an AG (32-bit pointers, root block named in the AGF or AGI)
 * and for the extent tree of a fork (64-bit pointers, root in the inode). struct xfs_btree_ops
 * holds what differs between them.
 *
 * Rules of use:
 *
 * (CURSOR-1) A cursor lives on the caller's stack, from the init function of its tree to
 *     xfs_btree_del_cursor(), and holds references to the blocks of its path.  It is valid only
 *     while the caller holds the lock of the tree's owner (AG lock, ILOCK) and nobody changes the
 *     tree through another cursor.
 * (CURSOR-2) Records are passed in their on-disk form; the wrappers of each tree encode, decode and
 *     check them.
 * (CURSOR-3) Every call returns 0 or -errno.  After an error a cursor may only be deleted.  An
 *     insert that finds no space fails before its first change (ops->reserve).  Any other error of
 *     insert, update or delete may leave the tree half changed: the transaction must be cancelled,
 *     which shuts the file system down.
 * (CURSOR-4) Nothing read from disk is trusted.  The buffer ops verify each block; the engine
 *     checks level, owner, pointers, keys on the way down, and sibling links and key order on the
 *     way sideways, and returns -EUCLEAN.  A walk only moves to larger (smaller) keys, so a damaged
 *     chain cannot make it loop.
 *
 * Positions count from 1.  Position 0 is before the first record, numrecs + 1 behind the last.
 */
#ifndef BTREE_BTREE_H
#define BTREE_BTREE_H

#include "buf/buf.h"
#include "disk/btree.h"
#include "trans/trans.h"

struct xfs_btree_cur;
struct xfs_perag;

/* A search key in host form; each tree's functions compare it word by word. */
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
	 * Number of the @n sorted records (entries of a node: low keys) that are <= @target; see
	 * XFS_BTREE_DEFINE_SEARCH.
	 */
	uint32_t (*search_recs)(const void *recs, uint32_t n,
				const struct xfs_btree_target *target);
	uint32_t (*search_keys)(const void *keys, uint32_t n,
				const struct xfs_btree_target *target);
	/* <0, 0, >0: the record (key) is before, at or behind @target. */
	int (*cmp_rec)(const void *rec, const struct xfs_btree_target *target);
	int (*cmp_key)(const void *key, const struct xfs_btree_target *target);
	/* Compare two on-disk keys. */
	int (*cmp_keys)(const void *a, const void *b);
	/* The low key of a record, and the search target that finds a record with the same key. */
	void (*key_from_rec)(void *key, const void *rec);
	void (*target_from_rec)(struct xfs_btree_target *target, const void *rec);
	/*
	 * OVERLAPPING only: high key of a record, and the highest of @n > 0 records (entries of a
	 * node).
	 */
	void (*high_key_from_rec)(void *key, const void *rec);
	void (*max_high_key)(void *key, const void *entries, uint32_t n, bool leaf);

	/*
	 * May be NULL.  Insert calls it before its first change, when it may take up to @blocks new
	 * blocks: reserve them or return -ENOSPC.
	 */
	int (*reserve)(struct xfs_btree_cur *cur, uint32_t blocks);
	/*
	 * Allocate a block for the tree, near @near_ptr if possible, and update counters and rmap.
	 */
	int (*alloc_block)(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr);
	/* Free a block that left the tree and make @bp stale (xfs_trans_binval). */
	int (*free_block)(struct xfs_btree_cur *cur, struct xfs_buf *bp);
	/* The root block is now @ptr, and the tree @level_delta levels higher.  Logs the change. */
	void (*set_root)(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta);
	/* ROOT_IN_INODE: log the bytes at cur->bc_ino.root, which have changed. */
	void (*log_root)(struct xfs_btree_cur *cur);
};

/* One level of the path. */
struct xfs_btree_level {
	struct xfs_buf *bp;			/* NULL: the root is in the inode, or nothing was
						 * read */
	be16_t *hdr;				/* on disk: level, number of entries */
	uint8_t *entries;			/* records or keys */
	uint8_t *ptrs;				/* nodes only: pointers */
	uint32_t ptr;				/* position */
};

struct xfs_btree_cur {
	const struct xfs_btree_ops *bc_ops;
	struct xfs_mount *bc_mp;
	struct xfs_trans *bc_tp;		/* NULL: read-only cursor */
	uint64_t bc_owner;			/* AG number or inode number */
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
			uint32_t allocated;	/* blocks allocated since the cursor was made */
			uint32_t freed;
			uint32_t flags;		/* for the tree's owner */
		} bc_ino;
	};
	struct xfs_btree_level bc_levels[XFS_BTREE_MAXLEVELS];
};

/*
 * Initialize a cursor.  @nlevels is as in the AGF or AGI; for a root in the inode its level + 1.
 * The caller then sets bc_ag or bc_ino.
 */
void xfs_btree_init_cursor(struct xfs_btree_cur *cur, const struct xfs_btree_ops *ops,
			   struct xfs_mount *mp, struct xfs_trans *tp, uint64_t owner,
			   uint32_t nlevels, uint32_t max_leaf, uint32_t max_node);
/* Drop the cursor's references.  May be called repeatedly. */
void xfs_btree_del_cursor(struct xfs_btree_cur *cur);
/* Make a second cursor at the same position, to look sideways without losing the first. */
void xfs_btree_dup_cursor(const struct xfs_btree_cur *cur, struct xfs_btree_cur *dup);

/*
 * Position the cursor: le at the last record <= @target (position 0 when there is none), eq at the
 * record == @target or where it would be inserted, ge at the first record >= @target (behind the
 * last when there is none). *@found: the cursor is on such a record.
 */
int xfs_btree_lookup_le(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;
int xfs_btree_lookup_eq(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;
int xfs_btree_lookup_ge(struct xfs_btree_cur *cur, const struct xfs_btree_target *target,
			bool *found) XFS_MUST_CHECK;

/* The record at the cursor, NULL if there is none; valid until the tree changes. */
const void *xfs_btree_get_rec(const struct xfs_btree_cur *cur);
/* Number of records that still fit into the cursor's leaf; that many inserts take no block. */
uint32_t xfs_btree_leaf_room(const struct xfs_btree_cur *cur);
/*
 * The record @delta positions on, or NULL if the cursor's leaf does not hold it (the tree still
 * may).  Reads no block and does not move the cursor.
 */
const void *xfs_btree_peek(const struct xfs_btree_cur *cur, int32_t delta);

/* Move by one record. *@found false: there is none, and the cursor's position is undefined. */
int xfs_btree_increment(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;
int xfs_btree_decrement(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;

/* Read the root into the cursor. -EUCLEAN unless it belongs to this tree and has its level. */
int xfs_btree_read_root(struct xfs_btree_cur *cur) XFS_MUST_CHECK;
/* Move to the first or last record. *@found false: the tree is empty. */
int xfs_btree_goto_first(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;
int xfs_btree_goto_last(struct xfs_btree_cur *cur, bool *found) XFS_MUST_CHECK;

/*
 * Insert @rec at the position where xfs_btree_lookup_eq() did not find its key.  The cursor then is
 * on it. -EUCLEAN, with nothing changed, if it would be out of order there.
 */
int xfs_btree_insert(struct xfs_btree_cur *cur, const void *rec) XFS_MUST_CHECK;
/* Replace the record at the cursor. -EUCLEAN, with nothing changed, if it would be out of order. */
int xfs_btree_update(struct xfs_btree_cur *cur, const void *rec) XFS_MUST_CHECK;
/*
 * Replace the record at the cursor if the leaf alone shows that the order holds.  Else *@done is
 * false and nothing changed: delete the record and insert the new one.
 */
int xfs_btree_update_if_ordered(struct xfs_btree_cur *cur, const void *rec, bool *done)
	XFS_MUST_CHECK;
/* Remove the record at the cursor, whose position then is undefined: look up again. */
int xfs_btree_delete(struct xfs_btree_cur *cur) XFS_MUST_CHECK;

/*
 * Call @fn in order for every record that may matter to [@low, @high].  A nonzero result of @fn
 * ends the query and is returned.
 *
 * Plain trees: records with low <= key <= high, and the last record before @low, which may reach
 * into the range (@fn checks).  OVERLAPPING trees: all records whose key range [low key, high key]
 * meets [@low, @high].
 */
typedef int (*xfs_btree_query_fn)(struct xfs_btree_cur *cur, const void *rec, void *priv);
int xfs_btree_query_range(struct xfs_btree_cur *cur, const struct xfs_btree_target *low,
			  const struct xfs_btree_target *high, xfs_btree_query_fn fn,
			  void *priv) XFS_MUST_CHECK;

/* Count the tree's blocks, without a root in an inode.  Reads all nodes. */
int xfs_btree_count_blocks(struct xfs_btree_cur *cur, uint64_t *blocks) XFS_MUST_CHECK;

/* Write the header of an empty block at @daddr, for conversions that build a tree by hand. */
void xfs_btree_init_block(struct xfs_mount *mp, void *block, const struct xfs_btree_ops *ops,
			  xfs_daddr_t daddr, uint64_t owner, uint32_t level, uint32_t numrecs);
/* The pointer, in host form, by which the cursor's tree names the block of @bp. */
uint64_t xfs_btree_buf_ptr(const struct xfs_btree_cur *cur, const struct xfs_buf *bp);

/*
 * Define "uint32_t name(const void *entries, uint32_t n, target)" for search_recs and search_keys:
 * a binary search with comparisons that the compiler can inline.  @stride: bytes from one entry to
 * the next; @cmp: as cmp_rec, cmp_key.
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
