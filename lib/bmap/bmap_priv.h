/* SPDX-License-Identifier: MIT */
/*
 * How a fork is changed.  Every change of a mapping replaces some neighbouring records by others.
 * The caller names the old and the new records (struct xfs_bmap_edit); xfs_bmap_edit() merges them
 * with their neighbours and applies only the difference to the in-core map, the list or tree on
 * disk and the counter.
 *
 * (BMAP-1) xfs_bmap_prepare() is called before blocks are allocated or freed, so that everything
 *     that can fail - counter limits, memory, blocks for the tree - fails before the first change.
 * (BMAP-2) The tree on disk is changed before the in-core map: if its blocks cannot be read,
 *     nothing has changed yet.
 * (BMAP-3) The caller updates i_nblocks, reverse map and reference counts for the blocks it maps;
 *     this folder does so for blocks of the tree.
 * (BMAP-4) A fork in BTREE format may have a window in memory (if_window): all of its real extents
 *     that have a block in [lo, hi), and nothing else; no delayed allocations. if_needextents stays
 *     set, so that code that needs the whole map reads it.  A window contains both neighbours of an
 *     edit, with which it may merge; if_nextents counts all extents of the fork.
 */
#ifndef BMAP_BMAP_PRIV_H
#define BMAP_BMAP_PRIV_H

#include "bmap/bmap.h"
#include "btree/btree.h"
#include "core/counter.h"
#include "core/message.h"

/* One operation on one fork, from xfs_bmap_op_init() to xfs_bmap_op_end(). */
struct xfs_bmap_op {
	struct xfs_trans *tp;
	struct xfs_inode *ip;
	struct xfs_ifork *ifp;
	enum xfs_fork_id whichfork;
	bool delalloc;			/* tree blocks come out of a delayed allocation */
	uint32_t logflags;		/* XFS_ILOG_* */
	uint32_t tree_blocks;		/* allocated for the tree */
	uint32_t tree_freed;		/* that left it */
	struct xfs_iext_spare spare;
};

/* xfs_bmap_edit() adds the neighbours that merge. */
#define XFS_BMAP_EDIT_OLD	1u
#define XFS_BMAP_EDIT_NEW	3u

struct xfs_bmap_edit {
	struct xfs_iext_cursor cur;	/* at the first old record, or where new ones are inserted */
	unsigned int nold, nnew;
	bool apart;			/* do not merge */
	struct xfs_bmbt_irec old[XFS_BMAP_EDIT_OLD];
	struct xfs_bmbt_irec new[XFS_BMAP_EDIT_NEW];
};

/* Keep the part [@off, @end) of the old record @got, if there is one, as the next new record. */
static inline void xfs_bmap_edit_keep(struct xfs_bmap_edit *edit, const struct xfs_bmbt_irec *got,
				      xfs_fileoff_t off, xfs_fileoff_t end)
{
	if (off < end) {
		edit->new[edit->nnew] = *got;
		xfs_irec_trim(&edit->new[edit->nnew++], off, end);
	}
}

static inline uint32_t xfs_ilog_ext(enum xfs_fork_id whichfork)
{
	return whichfork == XFS_DATA_FORK ? XFS_ILOG_DEXT : XFS_ILOG_AEXT;
}

static inline uint32_t xfs_ilog_broot(enum xfs_fork_id whichfork)
{
	return whichfork == XFS_DATA_FORK ? XFS_ILOG_DBROOT : XFS_ILOG_ABROOT;
}

static inline enum xfs_fork_id xfs_bmapi_whichfork(uint32_t flags)
{
	if (flags & XFS_BMAPI_COWFORK)
		return XFS_COW_FORK;
	return flags & XFS_BMAPI_ATTRFORK ? XFS_ATTR_FORK : XFS_DATA_FORK;
}

/* Records that fit into the inode with the present size of the fork. */
static inline uint32_t xfs_bmap_max_inline(const struct xfs_inode *ip,
					   enum xfs_fork_id whichfork)
{
	return xfs_inode_fork_size(ip, whichfork) / (uint32_t)sizeof(struct xfs_bmbt_rec);
}

static inline struct xfs_owner_info xfs_bmap_owner(const struct xfs_inode *ip,
						   enum xfs_fork_id whichfork,
						   const struct xfs_bmbt_irec *irec)
{
	return xfs_owner_file(ip->i_ino, whichfork == XFS_ATTR_FORK, irec->br_startoff,
			      irec->br_state == XFS_EXT_UNWRITTEN);
}

/* ---- iext.c, iext_node.c: the shape of the in-core tree ---- */
#define XFS_IEXT_NODE_BYTES	504u
#define XFS_IEXT_LEAF_HDR_BYTES	24u
#define XFS_IEXT_LEAF_RECS	30u
#define XFS_IEXT_NODE_ENTRIES	31u
#define XFS_IEXT_MAX_HEIGHT	16u	/* at least 2 * 15^14 records: more than there are
					 * offsets */

struct xfs_iext_leaf {
	union {
		struct {
			struct xfs_iext_leaf *prev, *next;
		};
		uint64_t links[2];	/* fixes the header's size for any size of a pointer */
	};
	uint16_t count, room;		/* records in use, records that fit */
	uint32_t pad;
	struct xfs_iext_rec recs[];
};
static_assert(sizeof(struct xfs_iext_leaf) == XFS_IEXT_LEAF_HDR_BYTES, "leaf header");

struct xfs_iext_node {
	uint64_t count;
	uint64_t keys[XFS_IEXT_NODE_ENTRIES];
	void *ptrs[XFS_IEXT_NODE_ENTRIES];
};
static_assert(sizeof(struct xfs_iext_node) <= XFS_IEXT_NODE_BYTES, "node");
static_assert(XFS_IEXT_LEAF_HDR_BYTES + XFS_IEXT_LEAF_RECS * sizeof(struct xfs_iext_rec) ==
		      XFS_IEXT_NODE_BYTES, "leaf");

/* From the node above the leaf ([0]) to the root ([if_height - 2]). */
struct xfs_iext_path {
	struct xfs_iext_node *node[XFS_IEXT_MAX_HEIGHT];
	unsigned int idx[XFS_IEXT_MAX_HEIGHT];
};

static inline xfs_fileoff_t xfs_iext_rec_start(const struct xfs_iext_rec *rec)
{
	return rec->hi >> 10;
}

static inline xfs_fileoff_t xfs_iext_rec_end(const struct xfs_iext_rec *rec)
{
	return (rec->hi >> 10) + (rec->lo & XFS_MAX_BMBT_EXTLEN);
}

static inline bool xfs_iext_rec_is_none(const struct xfs_iext_rec *rec)
{
	return (rec->lo & XFS_MAX_BMBT_EXTLEN) == 0;
}

/* Index of the last key <= @off; 0 if all are larger. */
static inline unsigned int xfs_iext_node_find(const struct xfs_iext_node *node, xfs_fileoff_t off)
{
	unsigned int lo = 0, n = (unsigned int)node->count;

	while (n > 1) {
		unsigned int half = n / 2;

		if (node->keys[lo + half] <= off)
			lo += half;
		n -= half;
	}
	return lo;
}

/* Memory allocated in advance; the first word of each piece points to the next. */
static inline void *xfs_iext_spare_take(struct xfs_iext_spare *spare)
{
	void **mem = spare->free_list;

	ASSERT(spare->count > 0);
	spare->free_list = *mem;
	spare->count--;
	return mem;
}

/* The path to the leaf whose first record starts at @first. */
void xfs_iext_find_path(const struct xfs_ifork *ifp, xfs_fileoff_t first,
			struct xfs_iext_path *path);
/*
 * Set the offset of the first record below entry path->idx[@level] of path->node[@level] to @first.
 */
void xfs_iext_set_key(const struct xfs_ifork *ifp, const struct xfs_iext_path *path,
		      unsigned int level, xfs_fileoff_t first);
/* Change the offset of a leaf's first record from @old_first to @first in the nodes above. */
void xfs_iext_rekey(const struct xfs_ifork *ifp, xfs_fileoff_t old_first, xfs_fileoff_t first);
/* Nodes that xfs_iext_add_child() will take. */
unsigned int xfs_iext_nodes_needed(const struct xfs_ifork *ifp, const struct xfs_iext_path *path);
/* Insert @ptr, whose first record starts at @key, to the right of the path's leaf. */
void xfs_iext_add_child(struct xfs_ifork *ifp, const struct xfs_iext_path *path, uint64_t key,
			void *ptr, struct xfs_iext_spare *spare);
/* Remove the entry of the path's leaf, which was freed or merged. */
void xfs_iext_drop_child(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_path *path);

/* ---- change.c ---- */
/* Reads the fork's records if needed; -EUCLEAN for a fork without extents. */
int xfs_bmap_op_init(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
		     enum xfs_fork_id whichfork) XFS_MUST_CHECK;
/* The same for a change at @off, for which a window is enough (BMAP-4). */
int xfs_bmap_op_init_at(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
			enum xfs_fork_id whichfork, xfs_fileoff_t off) XFS_MUST_CHECK;
/* Log the changes of the inode; free unused reservations. */
void xfs_bmap_op_end(struct xfs_bmap_op *op);
/*
 * For (BMAP-1): prepare for @adds_mem more records in memory and @adds_disk more on disk at or
 * after @cur.  @blocks of the transaction's reservation are not available for the tree.
 */
int xfs_bmap_prepare(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur, unsigned int adds_mem,
		     unsigned int adds_disk, xfs_filblks_t blocks) XFS_MUST_CHECK;
/* The most blocks that the tree on disk takes for @adds more records. */
uint32_t xfs_bmap_tree_need(const struct xfs_inode *ip, enum xfs_fork_id whichfork,
			    unsigned int adds);
/* True if @left and @right can become one record. */
bool xfs_bmap_can_merge(const struct xfs_geometry *geo, const struct xfs_bmbt_irec *left,
			const struct xfs_bmbt_irec *right);
/*
 * Calls xfs_bmap_prepare() unless the caller has (@prepared), which makes the caller's copies of
 * the cursor stale.
 */
int xfs_bmap_edit(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit, bool prepared) XFS_MUST_CHECK;

/* ---- window.c ---- */
/*
 * Maps with at most this many extents are always read whole, if necessary into the memory reserve.
 */
#define XFS_BMAP_FEW_EXTENTS	1000u
/* Remove the window from memory. */
void xfs_bmap_drop_window(struct xfs_inode *ip, struct xfs_ifork *ifp);
/* Read what a change at @off needs.  The caller may repeat it. */
static inline int XFS_MUST_CHECK xfs_bmap_read_place(struct xfs_inode *ip, enum xfs_fork_id whichfork,
						     xfs_fileoff_t off)
{
	return likely(!xfs_fork_needs_read(ip, whichfork)) ? 0 :
	       xfs_iread_extents_at(ip, whichfork, off, xfs_bmap_most_extents(ip->i_mount));
}

/* ---- nextents.c ---- */
/* -EFBIG if a fork cannot have @nextents; changes nothing. */
int xfs_bmap_count_check(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 xfs_extnum_t nextents) XFS_MUST_CHECK;
/* The fork is going to have @nextents: upgrade to 64-bit counters if needed. */
void xfs_bmap_count_widen(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  xfs_extnum_t nextents);

/* ---- btree.c ---- */
extern const struct xfs_buf_ops xfs_bmbt_buf_ops;

void xfs_bmbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_inode *ip,
			  enum xfs_fork_id whichfork);
/* Initialise the header of a new tree block in @bp. */
void xfs_bmbt_init_block(struct xfs_mount *mp, struct xfs_buf *bp, xfs_ino_t ino, uint32_t level,
			 uint32_t numrecs);
/* Appends the records of a leaf to those already in memory. */
struct xfs_bmbt_read {
	struct xfs_inode *ip;
	struct xfs_ifork *ifp;
	enum xfs_fork_id whichfork;
	struct xfs_iext_cursor end;
	xfs_fileoff_t next_off;		/* records start here or later */
	xfs_extnum_t count;
};
int xfs_bmbt_read_recs(struct xfs_bmbt_read *rd, const struct xfs_bmbt_rec *recs, uint32_t n)
	XFS_MUST_CHECK;
/* All records were read: -EUCLEAN unless they are as many as the inode counts. */
int xfs_bmbt_check_count(const struct xfs_bmbt_read *rd) XFS_MUST_CHECK;
/* Apply the difference between two sets of real, neighbouring records to the tree. */
int xfs_bmbt_replace(struct xfs_bmap_op *op, const struct xfs_bmbt_irec *old, unsigned int nold,
		     const struct xfs_bmbt_irec *new, unsigned int nnew) XFS_MUST_CHECK;

/*
 * Allocate a block for the tree near @near_fsbno, count and map it; and free the block of @bp,
 * which becomes stale.
 */
int xfs_bmbt_take_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			bool delalloc, xfs_fsblock_t near_fsbno, xfs_fsblock_t *fsbno) XFS_MUST_CHECK;
int xfs_bmbt_give_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			struct xfs_buf *bp) XFS_MUST_CHECK;

/* ---- format.c ---- */
/* A block and memory for the tree that replaces a list. */
struct xfs_bmap_new_tree {
	struct xfs_buf *bp;
	xfs_fsblock_t fsbno;
	void *broot;
};
int xfs_bmap_new_tree(struct xfs_bmap_op *op, xfs_fsblock_t near_fsbno,
		      struct xfs_bmap_new_tree *nt) XFS_MUST_CHECK;
/* Copy the in-core map into the new tree; cannot fail. */
void xfs_bmap_list_to_btree(struct xfs_bmap_op *op, struct xfs_bmap_new_tree *nt);
int xfs_bmap_btree_to_list(struct xfs_bmap_op *op) XFS_MUST_CHECK;
/* ---- btalloc.c ---- */
struct xfs_bmap_alloc {
	struct xfs_bmap_op *op;
	xfs_fileoff_t off;		/* in, out: a hint may move it down */
	xfs_filblks_t len;		/* in, out: allocated length */
	xfs_filblks_t minlen;
	const struct xfs_bmbt_irec *prev, *next; /* extents around, real or not; NULL: none */
	uint32_t flags;			/* XFS_BMAPI_METADATA, CONTIG */
	xfs_exntst_t state;
	xfs_fsblock_t fsbno;		/* out: NULLFSBLOCK: no space */
};
int xfs_bmap_btalloc(struct xfs_bmap_alloc *ap) XFS_MUST_CHECK;

/* ---- delalloc.c ---- */
/*
 * Drop [@off, @end) of the delalloc extent @got at @cur.  Afterwards @cur is at the remaining part
 * in front, if there is one, else at what follows.
 */
int xfs_bmap_del_extent_delay(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			      struct xfs_iext_cursor *cur, const struct xfs_bmbt_irec *got,
			      xfs_fileoff_t off, xfs_fileoff_t end) XFS_MUST_CHECK;

/* ---- convert.c ---- */
/* Convert [@off, @end) of @got at @cur to @state. */
int xfs_bmap_convert_extent(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur,
			    const struct xfs_bmbt_irec *got, xfs_fileoff_t off,
			    xfs_fileoff_t end, xfs_exntst_t state) XFS_MUST_CHECK;

/* ---- intent.c ---------------------------------------------------------------------- */

struct xlog_intent;

/*
 * Add one mapping of blocks that stay in use; changes the reverse map now, or @later at the end of
 * @tp.
 */
int xfs_bmap_add_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 const struct xfs_bmbt_irec *irec, bool later) XFS_MUST_CHECK;
/* Remove one; @irec is the whole extent or a part of it. */
int xfs_bmap_drop_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  const struct xfs_bmbt_irec *irec, bool later) XFS_MUST_CHECK;
int xfs_bmap_bad_intent(struct xfs_mount *mp, const struct xlog_intent *intent, const char *type,
			const char *what);

/* The range lies within the largest file. */
static inline bool xfs_bmap_range_is_good(const struct xfs_geometry *geo, uint64_t off, uint64_t len)
{
	return xfs_verify_fileext(off, len) && off + len - 1 <= xfs_max_file_block(geo);
}

#endif
