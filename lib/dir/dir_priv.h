/* SPDX-License-Identifier: MIT */
/*
 * What the files of dir/ share.  One operation travels in a struct xfs_dir_args.
 *
 * A directory grows through four forms: short form in the inode; one block
 * that holds names and index; data blocks with one leaf block; data blocks with
 * a hashed tree and free-index blocks.  Each form is a file: sf.c block.c leaf.c node.c;
 * data.c is the names in a block, ents.c the sorted index in one.
 */
#ifndef DIR_DIR_PRIV_H
#define DIR_DIR_PRIV_H

#include "da/da.h"
#include "dir/dir.h"

enum xfs_dir_form {
	XFS_DIR_FORM_SF,
	XFS_DIR_FORM_BLOCK,
	XFS_DIR_FORM_LEAF,
	XFS_DIR_FORM_NODE,
};

struct xfs_dir_args {
	struct xfs_trans *tp;		/* NULL: looking only */
	struct xfs_inode *dp;
	const struct xfs_geometry *geo;
	const struct xfs_name *name;
	xfs_dahash_t hash;
	xfs_ino_t ino;
	uint8_t *stored;		/* lookups: gets the name that was found; or NULL */
};

/* A form has no room for the name: convert, then add again.  Never seen outside of dir/. */
#define XFS_DIR_FULL	1

extern const struct xfs_buf_ops xfs_dir3_block_buf_ops;
extern const struct xfs_buf_ops xfs_dir3_data_buf_ops;
extern const struct xfs_buf_ops xfs_dir3_leaf1_buf_ops;
extern const struct xfs_buf_ops xfs_dir3_leafn_buf_ops;
extern const struct xfs_buf_ops xfs_dir3_free_buf_ops;
extern const struct xfs_da_kind xfs_dir_da_kind;

/* ---- dir.c -------------------------------------------------------------------------- */

int xfs_dir_form(struct xfs_inode *dp, enum xfs_dir_form *form) XFS_MUST_CHECK;
void xfs_dir_set_size(struct xfs_trans *tp, struct xfs_inode *dp, uint64_t size);

static inline int xfs_dir_read_block(struct xfs_dir_args *args, xfs_dablk_t bno,
				     const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	return xfs_da_read_buf(args->dp, XFS_DATA_FORK, bno, args->geo->dirblkfsbs, ops, bpp);
}

static inline int xfs_dir_alloc_block(struct xfs_dir_args *args, xfs_dablk_t bno,
				      const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	return xfs_da_alloc_block(args->tp, args->dp, XFS_DATA_FORK, bno, args->geo->dirblkfsbs,
				  ops, bpp);
}

static inline int xfs_dir_free_block(struct xfs_dir_args *args, xfs_dablk_t bno,
				     struct xfs_buf *bp)
{
	return xfs_da_free_block(args->tp, args->dp, XFS_DATA_FORK, bno, args->geo->dirblkfsbs, bp);
}

/* Data block @db. */
static inline int xfs_dir_read_data(struct xfs_dir_args *args, xfs_dir2_db_t db,
				    struct xfs_buf **bpp)
{
	return xfs_dir_read_block(args, xfs_dir2_db_to_da(args->geo, db), &xfs_dir3_data_buf_ops,
				  bpp);
}

static inline const uint8_t *xfs_dir_at(const struct xfs_buf *bp, uint32_t off)
{
	return (const uint8_t *)bp->b_addr + off;
}

static inline struct xfs_dir2_data_entry *xfs_dir_entry_at(const struct xfs_buf *bp, uint32_t off)
{
	return (struct xfs_dir2_data_entry *)((char *)bp->b_addr + off);
}

static inline struct xfs_dir2_data_unused *xfs_dir_unused_at(const struct xfs_buf *bp,
							     uint32_t off)
{
	return (struct xfs_dir2_data_unused *)((char *)bp->b_addr + off);
}

static inline bool xfs_dir_is_unused(const struct xfs_buf *bp, uint32_t off)
{
	return get_be16(xfs_dir_at(bp, off)) == XFS_DIR2_DATA_FREE_TAG;
}

/* ---- data.c: names and free space in a data block --------------------------------------- */

static inline struct xfs_dir3_data_hdr *xfs_dir_data_hdr(const struct xfs_buf *bp)
{
	return bp->b_addr;
}

static inline uint32_t xfs_dir_best_len(const struct xfs_buf *bp, unsigned int slot)
{
	return be16_to_cpu(xfs_dir_data_hdr(bp)->best_free[slot].length);
}

static inline uint32_t xfs_dir_best_off(const struct xfs_buf *bp, unsigned int slot)
{
	return be16_to_cpu(xfs_dir_data_hdr(bp)->best_free[slot].offset);
}

/* Nothing but free space in it. */
static inline bool xfs_dir_data_is_empty(const struct xfs_geometry *geo, const struct xfs_buf *bp)
{
	return xfs_dir_best_len(bp, 0) == geo->dirblksize - sizeof(struct xfs_dir3_data_hdr);
}

/* Where names and free records end: at the index in block form, else at the block's end. */
uint32_t xfs_dir_data_end(const struct xfs_geometry *geo, const struct xfs_buf *bp);
/* Header and one free record of a new block; not logged. */
void xfs_dir_data_init(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t magic);
/*
 * An empty block that was just made is logged: not the free space in it, which would be logged
 * again with every name until the block is written in place.
 */
void xfs_dir_data_log_new(struct xfs_dir_args *args, struct xfs_buf *bp);
/* The best-free table anew, from the records. */
void xfs_dir_data_rescan(const struct xfs_geometry *geo, struct xfs_buf *bp);
/* [@off, +@len), in use until now, becomes free. */
void xfs_dir_data_make_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off,
			    uint32_t len);
/* [@off, +@len), the front or the back of the free record at @free_off, gets used. */
void xfs_dir_data_use_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t free_off,
			   uint32_t off, uint32_t len);
/* Write an entry at @off, into space that is in use; not logged. */
void xfs_dir_data_fill(struct xfs_buf *bp, uint32_t off, const struct xfs_name *name,
		       xfs_ino_t ino);
/* Put args->name at the front of the longest free record, which has room; where it stands. */
uint32_t xfs_dir_data_add(struct xfs_dir_args *args, struct xfs_buf *bp);
/* Overwrite what the entry at @off means. */
void xfs_dir_data_set(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off);
/* The entry at @off goes. */
void xfs_dir_data_remove(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off);
/* An index points at @off of data block @db: is there an entry? */
int xfs_dir_data_check(struct xfs_dir_args *args, struct xfs_buf *bp, xfs_dir2_db_t db,
		       uint32_t off) XFS_MUST_CHECK;

/* ---- ents.c: a sorted array of {hash, address} ---------------------------------------- */

/* First entry whose hash is >= @hash; @count when there is none. */
uint32_t xfs_dir_ents_search(const struct xfs_dir2_leaf_entry *ents, uint32_t count,
			     xfs_dahash_t hash);
/*
 * Make a slot for an entry at @index: of the nearest stale one, or, when @stale is 0, of the
 * one behind the end of the array.  Returns the slot's index; [*@first, *@last] changed.
 */
uint32_t xfs_dir_ents_open(struct xfs_dir2_leaf_entry *ents, uint32_t count, uint32_t stale,
			   uint32_t index, uint32_t *first, uint32_t *last);
/* Close up over stale entries; returns how many are left. */
uint32_t xfs_dir_ents_compact(struct xfs_dir2_leaf_entry *ents, uint32_t count);

static inline bool xfs_dir_ent_is_stale(const struct xfs_dir2_leaf_entry *ent)
{
	return be32_to_cpu(ent->address) == XFS_DIR2_NULL_DATAPTR;
}

/*
 * Looking for args->name among entries of its hash.  Keeps the data block it looked at last; after
 * a match that is the one with the name.
 */
struct xfs_dir_match {
	bool exact_only;		/* the case of letters counts */
	bool found;			/* exactly: bp, db, off and index are its place */
	xfs_ino_t ino;			/* NULLFSINO: nothing, not even but for case */
	struct xfs_buf *bp;
	xfs_dir2_db_t db;
	uint32_t off;
	uint32_t index;
};

static inline void xfs_dir_match_init(struct xfs_dir_match *m, bool exact_only)
{
	*m = (struct xfs_dir_match){ .exact_only = exact_only, .ino = NULLFSINO };
}

static inline void xfs_dir_match_done(struct xfs_dir_match *m)
{
	xfs_buf_put(m->bp);
	m->bp = NULL;
}

/* Entries from @index on that have the hash; @block: the data block of block form, else NULL. */
int xfs_dir_ents_match(struct xfs_dir_args *args, const struct xfs_dir2_leaf_entry *ents,
		       uint32_t count, uint32_t index, struct xfs_buf *block,
		       struct xfs_dir_match *m) XFS_MUST_CHECK;

/* ---- the forms ------------------------------------------------------------------------- */

/*
 * Each form's lookup sets *@m (and m->ino); addname returns XFS_DIR_FULL, with nothing
 * changed, when the form has no room; replace and remove return -ENOENT.
 */
int xfs_dir_sf_lookup(struct xfs_dir_args *args, bool exact_only, xfs_ino_t *ino) XFS_MUST_CHECK;
int xfs_dir_sf_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_sf_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;
/* XFS_DIR_FULL: the wider inode number does not fit. */
int xfs_dir_sf_replace(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_sf_to_block_form(struct xfs_dir_args *args) XFS_MUST_CHECK;
/* Of a directory in block form without the entry at @skip_off: short form if that fits. */
int xfs_dir_block_to_sf(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t skip_off,
			bool *converted) XFS_MUST_CHECK;

int xfs_dir_block_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m) XFS_MUST_CHECK;
/*
 * Look the name up, and if it is not there read what adding it takes; *@nblocks: directory
 * blocks that will have to be allocated at most.  Changes nothing.
 */
int xfs_dir_block_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m,
			   uint32_t *nblocks) XFS_MUST_CHECK;
int xfs_dir_leaf_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m,
			  uint32_t *nblocks) XFS_MUST_CHECK;
int xfs_dir_node_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m,
			  uint32_t *nblocks) XFS_MUST_CHECK;
bool xfs_dir_sf_has_room(struct xfs_dir_args *args);

int xfs_dir_block_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_block_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_block_to_leaf(struct xfs_dir_args *args) XFS_MUST_CHECK;

int xfs_dir_leaf_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m) XFS_MUST_CHECK;
int xfs_dir_leaf_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_leaf_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_leaf_to_node(struct xfs_dir_args *args) XFS_MUST_CHECK;
/* Back to block form, and on to short form, when what is left fits. */
int xfs_dir_leaf_to_block(struct xfs_dir_args *args, struct xfs_buf *lbp) XFS_MUST_CHECK;

int xfs_dir_node_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m) XFS_MUST_CHECK;
int xfs_dir_node_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_node_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;

/* ---- free.c: free-index blocks, the bests of node form ------------------------------------- */

struct xfs_dir_room {
	xfs_dir2_db_t db;		/* the data block that takes the name */
	bool new_data;			/* it is a hole yet */
	bool new_free;			/* so is the free-index block for it */
	uint32_t best;			/* its longest free record */
	struct xfs_buf *fbp;		/* free-index block; NULL with new_free */
};

/* Find a place for an entry of @size bytes; put room->fbp. */
int xfs_dir_find_room(struct xfs_dir_args *args, uint32_t size, struct xfs_dir_room *room)
	XFS_MUST_CHECK;
/* Header of a new free-index block with no bests, not logged. */
void xfs_dir_free_init(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t firstdb);
/* The free-index block of data block @db; it must be there. */
int xfs_dir_read_free(struct xfs_dir_args *args, xfs_dir2_db_t db, struct xfs_buf **fbpp)
	XFS_MUST_CHECK;
/* Data block @db was made: its free-index block is made too if needed, and knows of it. */
int xfs_dir_free_add_db(struct xfs_dir_args *args, struct xfs_dir_room *room) XFS_MUST_CHECK;
/* Data block @db is gone; an index block that knows no others goes too. */
int xfs_dir_free_drop_db(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db)
	XFS_MUST_CHECK;
uint32_t xfs_dir_free_best(struct xfs_dir_args *args, const struct xfs_buf *fbp,
			   xfs_dir2_db_t db);
void xfs_dir_free_set_best(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db,
			   uint32_t best);
/* A data block got more room than it had. */
void xfs_dir_hint_freed(struct xfs_inode *dp, uint32_t best);
/* The data block at @dablk is gone. */
void xfs_dir_hint_hole(struct xfs_inode *dp, xfs_dablk_t dablk);

/* The bests of an index and a data block disagree: -EUCLEAN. */
int xfs_dir_check_best(struct xfs_dir_args *args, struct xfs_buf *dbp, xfs_dir2_db_t db,
		       uint32_t best) XFS_MUST_CHECK;

/* leafn blocks, as the tree sees them: leafn.c. */
static inline struct xfs_dir3_leaf *xfs_dir_leaf_of(const struct xfs_buf *bp)
{
	return bp->b_addr;
}

static inline uint32_t xfs_dir_leaf_count(const struct xfs_dir3_leaf *leaf)
{
	return be16_to_cpu(leaf->hdr.count);
}

static inline uint32_t xfs_dir_leaf_stale(const struct xfs_dir3_leaf *leaf)
{
	return be16_to_cpu(leaf->hdr.stale);
}

static inline void xfs_dir_leaf_set_counts(struct xfs_dir3_leaf *leaf, uint32_t count,
					   uint32_t stale)
{
	leaf->hdr.count = cpu_to_be16((uint16_t)count);
	leaf->hdr.stale = cpu_to_be16((uint16_t)stale);
}

/* Log header and entries [@first, @last] of a leaf block. */
void xfs_dir_leaf_log(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last);
/* Insert {args->hash, @addr} at @index, into a stale slot or behind; there is room. */
void xfs_dir_leaf_insert(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t index,
			 xfs_dir2_dataptr_t addr);
/* Close up over the stale entries and log. */
void xfs_dir_leaf_compact(struct xfs_trans *tp, struct xfs_buf *bp);
/* Entry @index becomes stale. */
void xfs_dir_leaf_set_stale(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t index);

#endif
