/* SPDX-License-Identifier: MIT */
/*
 * How a fork is changed.  Every change of a mapping is of one kind: some neighbouring
 * records are replaced by others.  The caller says which records go and what stands
 * in their place (struct xfs_bmap_edit); xfs_bmap_edit() lets them merge with
 * their neighbours and carries the difference, and nothing else, into the
 * in-core map, the list or tree on disk and the counter.
 *
 * (BMAP-1) Whoever allocates or frees blocks asks xfs_bmap_prepare() first, so that what can fail -
 *     counter limits, memory, blocks for the tree - fails before the first change.
 * (BMAP-2) The tree on disk is changed before the in-core map: its blocks may be unreadable, and
 *     then nothing has happened yet.
 * (BMAP-3) i_nblocks, reverse map and reference counts are the caller's; blocks of the tree itself
 *     are counted and mapped here.
 * (BMAP-4) A fork in BTREE format may have a window in memory (if_window): all of its real extents that
 *     have a block in [lo, hi), and nothing else, neither delayed allocations.  if_needextents stays set, so that
 *     who counts on the whole map reads it.  An edit in a window has the neighbours on both
 *     sides there, which it may merge with; if_nextents is the number of all extents.
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
	bool delalloc;			/* tree blocks are paid for by a delayed allocation */
	uint32_t logflags;		/* XFS_ILOG_* */
	uint32_t tree_blocks;		/* allocated for the tree */
	uint32_t tree_freed;		/* that left it */
	struct xfs_iext_spare spare;
};

/* Any neighbours that merge are added by xfs_bmap_edit(). */
#define XFS_BMAP_EDIT_OLD	1u
#define XFS_BMAP_EDIT_NEW	3u

struct xfs_bmap_edit {
	struct xfs_iext_cursor cur;	/* at the first old record, or where new ones are inserted */
	unsigned int nold, nnew;
	bool apart;			/* what could merge is left as it is */
	struct xfs_bmbt_irec old[XFS_BMAP_EDIT_OLD];
	struct xfs_bmbt_irec new[XFS_BMAP_EDIT_NEW];
};

/* Of the old record @got, [@off, @end) stays, if that is anything: the next new record. */
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
#define XFS_IEXT_MAX_HEIGHT	16u	/* 2 * 15^14 records at the least: more than offsets exist */

struct xfs_iext_leaf {
	union {
		struct {
			struct xfs_iext_leaf *prev, *next;
		};
		uint64_t links[2];	/* the header has one size, whatever a pointer has */
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

/* Index of the last key <= @off; 0 when all are larger. */
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

/* Memory that was fetched beforehand; the first word of each piece leads to the next. */
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
/* The first record below entry path->idx[@level] of path->node[@level] starts at @first now. */
void xfs_iext_set_key(const struct xfs_ifork *ifp, const struct xfs_iext_path *path,
		      unsigned int level, xfs_fileoff_t first);
/* A leaf's first record, which started at @old_first, starts at @first now. */
void xfs_iext_rekey(const struct xfs_ifork *ifp, xfs_fileoff_t old_first, xfs_fileoff_t first);
/* Nodes that xfs_iext_add_child() would take. */
unsigned int xfs_iext_nodes_needed(const struct xfs_ifork *ifp, const struct xfs_iext_path *path);
/* @ptr, whose first record starts at @key, becomes the right neighbour of the path's leaf. */
void xfs_iext_add_child(struct xfs_ifork *ifp, const struct xfs_iext_path *path, uint64_t key,
			void *ptr, struct xfs_iext_spare *spare);
/* The path's leaf was freed or merged: its entry goes. */
void xfs_iext_drop_child(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_path *path);

/* ---- change.c ---- */
/* Reads the fork's records in when needed; -EUCLEAN for a fork that has none. */
int xfs_bmap_op_init(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
		     enum xfs_fork_id whichfork) XFS_MUST_CHECK;
/* The same for a change at @off: a window will do (BMAP-4). */
int xfs_bmap_op_init_at(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
			enum xfs_fork_id whichfork, xfs_fileoff_t off) XFS_MUST_CHECK;
/* Log the inode as far as it was changed; free what is left of the reservations. */
void xfs_bmap_op_end(struct xfs_bmap_op *op);
/*
 * For (BMAP-1): @adds_mem records more in memory and @adds_disk on disk at or behind @cur,
 * while @blocks of the transaction's reservation are spoken for.
 */
int xfs_bmap_prepare(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur, unsigned int adds_mem,
		     unsigned int adds_disk, xfs_filblks_t blocks) XFS_MUST_CHECK;
/* Most blocks that the tree on disk takes for @adds records more. */
uint32_t xfs_bmap_tree_need(const struct xfs_inode *ip, enum xfs_fork_id whichfork,
			    unsigned int adds);
/* Whether @right may become one record with @left. */
bool xfs_bmap_can_merge(const struct xfs_geometry *geo, const struct xfs_bmbt_irec *left,
			const struct xfs_bmbt_irec *right);
/* Prepares itself unless the caller has (@prepared). The cursor is stale then. */
int xfs_bmap_edit(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit, bool prepared) XFS_MUST_CHECK;

/* ---- window.c ---- */
/* Maps of so many extents are read as a whole, into the reserve of memory if need be. */
#define XFS_BMAP_FEW_EXTENTS	1000u
/* Nothing is in memory any more. */
void xfs_bmap_drop_window(struct xfs_inode *ip, struct xfs_ifork *ifp);
/* What is read for a change at @off if no more than a place is looked at; may be called again and again. */
static inline int XFS_MUST_CHECK xfs_bmap_read_place(struct xfs_inode *ip, enum xfs_fork_id whichfork,
						     xfs_fileoff_t off)
{
	return likely(!xfs_fork_needs_read(ip, whichfork)) ? 0 :
	       xfs_iread_extents_at(ip, whichfork, off, xfs_bmap_most_extents(ip->i_mount));
}

/* ---- nextents.c ---- */
/* -EFBIG when a fork cannot have so many; changes nothing. */
int xfs_bmap_count_check(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 xfs_extnum_t nextents) XFS_MUST_CHECK;
/* It has: 64-bit counters, if it needs them. */
void xfs_bmap_count_widen(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  xfs_extnum_t nextents);

/* ---- btree.c ---- */
extern const struct xfs_buf_ops xfs_bmbt_buf_ops;

void xfs_bmbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_inode *ip,
			  enum xfs_fork_id whichfork);
/* The header of the tree's new block in @bp. */
void xfs_bmbt_init_block(struct xfs_mount *mp, struct xfs_buf *bp, xfs_ino_t ino, uint32_t level,
			 uint32_t numrecs);
/* Records of a leaf, which are those behind the last ones that were read, into memory. */
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
/* Carry the difference of two sets of real, neighbouring records into the tree. */
int xfs_bmbt_replace(struct xfs_bmap_op *op, const struct xfs_bmbt_irec *old, unsigned int nold,
		     const struct xfs_bmbt_irec *new, unsigned int nnew) XFS_MUST_CHECK;

/*
 * One block for the tree, near @near_fsbno; counts and maps it.  And back: the block of
 * @bp, which becomes stale.
 */
int xfs_bmbt_take_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			bool delalloc, xfs_fsblock_t near_fsbno, xfs_fsblock_t *fsbno) XFS_MUST_CHECK;
int xfs_bmbt_give_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			struct xfs_buf *bp) XFS_MUST_CHECK;

/* ---- format.c ---- */
/* A block and memory for the tree that a list is going to become. */
struct xfs_bmap_new_tree {
	struct xfs_buf *bp;
	xfs_fsblock_t fsbno;
	void *broot;
};
int xfs_bmap_new_tree(struct xfs_bmap_op *op, xfs_fsblock_t near_fsbno,
		      struct xfs_bmap_new_tree *nt) XFS_MUST_CHECK;
/* The in-core map into the new tree; cannot fail. */
void xfs_bmap_list_to_btree(struct xfs_bmap_op *op, struct xfs_bmap_new_tree *nt);
int xfs_bmap_btree_to_list(struct xfs_bmap_op *op) XFS_MUST_CHECK;
/* ---- btalloc.c ---- */
struct xfs_bmap_alloc {
	struct xfs_bmap_op *op;
	xfs_fileoff_t off;		/* in, out: may move down by a hint */
	xfs_filblks_t len;		/* in, out: what was got */
	xfs_filblks_t minlen;
	const struct xfs_bmbt_irec *prev, *next; /* extents around, real or not; NULL: none */
	uint32_t flags;			/* XFS_BMAPI_METADATA, CONTIG */
	xfs_exntst_t state;
	xfs_fsblock_t fsbno;		/* out: NULLFSBLOCK: no space */
};
int xfs_bmap_btalloc(struct xfs_bmap_alloc *ap) XFS_MUST_CHECK;

/* ---- delalloc.c ---- */
/*
 * [@off, @end) of the delalloc extent @got at @cur is dropped.  The cursor is then at the
 * part that is left in front, if there is one, else at what comes behind.
 */
int xfs_bmap_del_extent_delay(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			      struct xfs_iext_cursor *cur, const struct xfs_bmbt_irec *got,
			      xfs_fileoff_t off, xfs_fileoff_t end) XFS_MUST_CHECK;

/* ---- convert.c ---- */
/* Make [@off, @end) of @got at @cur, which is of the other state, @state. */
int xfs_bmap_convert_extent(struct xfs_bmap_op *op, struct xfs_iext_cursor *cur,
			    const struct xfs_bmbt_irec *got, xfs_fileoff_t off,
			    xfs_fileoff_t end, xfs_exntst_t state) XFS_MUST_CHECK;

/* ---- intent.c ---------------------------------------------------------------------- */

struct xlog_intent;

/* One mapping comes or goes, its blocks stay in use; the reverse map now, or @later at the end of @tp. */
int xfs_bmap_add_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 const struct xfs_bmbt_irec *irec, bool later) XFS_MUST_CHECK;
/* The mapping must be just that, or a part of one that is larger. */
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
