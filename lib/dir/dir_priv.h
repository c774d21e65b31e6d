/* SPDX-License-Identifier: MIT */
/*
 * Private to dir/. A struct xfs_dir_args holds the arguments of one operation.
 *
 * A directory grows through four forms: short form in the inode; one block with names and index;
 * data blocks with one leaf block; data blocks with a hashed tree and free-index blocks.  Each form
 * has its file: sf.c, block.c, leaf.c, node.c. data.c handles the names in a block, ents.c a sorted
 * index.
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
	struct xfs_trans *tp;		/* NULL: read-only */
	struct xfs_inode *dp;
	const struct xfs_geometry *geo;
	const struct xfs_name *name;
	xfs_dahash_t hash;
	xfs_ino_t ino;
	uint8_t *stored;		/* NULL, or lookups store the name that they find */
};

/*
 * The form has no room for the name: convert and add again.  Never returned to callers outside
 * dir/.
 */
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

/* Read data block @db. */
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

/* True if it has nothing but free space. */
static inline bool xfs_dir_data_is_empty(const struct xfs_geometry *geo, const struct xfs_buf *bp)
{
	return xfs_dir_best_len(bp, 0) == geo->dirblksize - sizeof(struct xfs_dir3_data_hdr);
}

/* Where the names and free records end: at the index in block form, else at the block's end. */
uint32_t xfs_dir_data_end(const struct xfs_geometry *geo, const struct xfs_buf *bp);
/* Write the header and one free record of a new block; logs nothing. */
void xfs_dir_data_init(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t magic);
/*
 * Log an empty new block except the inside of its free space, which would be logged again with
 * every name until the block is written back.
 */
void xfs_dir_data_log_new(struct xfs_dir_args *args, struct xfs_buf *bp);
/* Rebuild the best-free table from the records. */
void xfs_dir_data_rescan(const struct xfs_geometry *geo, struct xfs_buf *bp);
/* Free [@off, +@len), which was in use. */
void xfs_dir_data_make_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off,
			    uint32_t len);
/* Allocate [@off, +@len), which is the front or the back of the free record at @free_off. */
void xfs_dir_data_use_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t free_off,
			   uint32_t off, uint32_t len);
/* Write an entry at @off, into allocated space; logs nothing. */
void xfs_dir_data_fill(struct xfs_buf *bp, uint32_t off, const struct xfs_name *name,
		       xfs_ino_t ino);
/* Put args->name at the front of the longest free record, which has room; returns its offset. */
uint32_t xfs_dir_data_add(struct xfs_dir_args *args, struct xfs_buf *bp);
/* Set inode number and type of the entry at @off. */
void xfs_dir_data_set(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off);
/* Remove the entry at @off. */
void xfs_dir_data_remove(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off);
/* -EUCLEAN unless there is an entry at @off of data block @db, to which an index points. */
int xfs_dir_data_check(struct xfs_dir_args *args, struct xfs_buf *bp, xfs_dir2_db_t db,
		       uint32_t off) XFS_MUST_CHECK;

/* ---- ents.c: a sorted array of {hash, address} ---------------------------------------- */

/* Index of the first entry whose hash is >= @hash; @count if there is none. */
uint32_t xfs_dir_ents_search(const struct xfs_dir2_leaf_entry *ents, uint32_t count,
			     xfs_dahash_t hash);
/*
 * Make a slot for an entry at @index: use the nearest stale entry or, if @stale is 0, the slot
 * behind the end of the array.  Returns the slot's index; entries [*@first, *@last] have changed.
 */
uint32_t xfs_dir_ents_open(struct xfs_dir2_leaf_entry *ents, uint32_t count, uint32_t stale,
			   uint32_t index, uint32_t *first, uint32_t *last);
/* Remove stale entries; returns how many are left. */
uint32_t xfs_dir_ents_compact(struct xfs_dir2_leaf_entry *ents, uint32_t count);

static inline bool xfs_dir_ent_is_stale(const struct xfs_dir2_leaf_entry *ent)
{
	return be32_to_cpu(ent->address) == XFS_DIR2_NULL_DATAPTR;
}

/*
 * State of a search for args->name among the entries with its hash.  Keeps the data block that was
 * read last; after a match that is the block with the name.
 */
struct xfs_dir_match {
	bool exact_only;		/* do not match names that differ in case */
	bool found;			/* exact match: bp, db, off and index give its place */
	xfs_ino_t ino;			/* NULLFSINO: no match, not even one that differs in case */
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

/*
 * Search the entries from @index on that have the hash.  @block: the data block of block form, else
 * NULL.
 */
int xfs_dir_ents_match(struct xfs_dir_args *args, const struct xfs_dir2_leaf_entry *ents,
		       uint32_t count, uint32_t index, struct xfs_buf *block,
		       struct xfs_dir_match *m) XFS_MUST_CHECK;

/* ---- the forms ------------------------------------------------------------------------- */

/*
 * Each form's lookup sets *@m, including m->ino. addname returns XFS_DIR_FULL with nothing changed
 * if the form has no room. replace and remove return -ENOENT.
 */
int xfs_dir_sf_lookup(struct xfs_dir_args *args, bool exact_only, xfs_ino_t *ino) XFS_MUST_CHECK;
int xfs_dir_sf_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_sf_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;
/* XFS_DIR_FULL: the wider inode number does not fit. */
int xfs_dir_sf_replace(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_sf_to_block_form(struct xfs_dir_args *args) XFS_MUST_CHECK;
/* Convert a block-form directory, without the entry at @skip_off, to short form if it fits. */
int xfs_dir_block_to_sf(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t skip_off,
			bool *converted) XFS_MUST_CHECK;

int xfs_dir_block_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m) XFS_MUST_CHECK;
/*
 * Look the name up; if it is absent, read what adding it needs. *@nblocks: most directory blocks
 * that adding will allocate.  Changes nothing.
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
/* Convert back to block form, and on to short form, if the contents fit. */
int xfs_dir_leaf_to_block(struct xfs_dir_args *args, struct xfs_buf *lbp) XFS_MUST_CHECK;

int xfs_dir_node_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m) XFS_MUST_CHECK;
int xfs_dir_node_addname(struct xfs_dir_args *args) XFS_MUST_CHECK;
int xfs_dir_node_removename(struct xfs_dir_args *args) XFS_MUST_CHECK;

/* ---- free.c: free-index blocks with the bests of node form --------------------------------- */

struct xfs_dir_room {
	xfs_dir2_db_t db;		/* the data block for the name */
	bool new_data;			/* it has to be allocated */
	bool new_free;			/* and so has the free-index block for it */
	uint32_t best;			/* its longest free record */
	struct xfs_buf *fbp;		/* free-index block; NULL with new_free */
};

/* Find a place for an entry of @size bytes.  The caller puts room->fbp. */
int xfs_dir_find_room(struct xfs_dir_args *args, uint32_t size, struct xfs_dir_room *room)
	XFS_MUST_CHECK;
/* Write the header of a new free-index block without bests; logs nothing. */
void xfs_dir_free_init(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t firstdb);
/* Read the free-index block of data block @db, which must exist. */
int xfs_dir_read_free(struct xfs_dir_args *args, xfs_dir2_db_t db, struct xfs_buf **fbpp)
	XFS_MUST_CHECK;
/* Enter the new data block @db in its free-index block, which is allocated first if needed. */
int xfs_dir_free_add_db(struct xfs_dir_args *args, struct xfs_dir_room *room) XFS_MUST_CHECK;
/* Remove data block @db from its free-index block, and free that if it has no others. */
int xfs_dir_free_drop_db(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db)
	XFS_MUST_CHECK;
uint32_t xfs_dir_free_best(struct xfs_dir_args *args, const struct xfs_buf *fbp,
			   xfs_dir2_db_t db);
void xfs_dir_free_set_best(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db,
			   uint32_t best);
/* A data block's longest free record has grown. */
void xfs_dir_hint_freed(struct xfs_inode *dp, uint32_t best);
/* The data block at @dablk was freed. */
void xfs_dir_hint_hole(struct xfs_inode *dp, xfs_dablk_t dablk);

/* -EUCLEAN unless the index and the data block agree on its longest free record. */
int xfs_dir_check_best(struct xfs_dir_args *args, struct xfs_buf *dbp, xfs_dir2_db_t db,
		       uint32_t best) XFS_MUST_CHECK;

/* Leaf blocks of node form: leafn.c. */
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
/* Insert {args->hash, @addr} at @index, into a stale slot or a new one; there is room. */
void xfs_dir_leaf_insert(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t index,
			 xfs_dir2_dataptr_t addr);
/* Remove the stale entries and log. */
void xfs_dir_leaf_compact(struct xfs_trans *tp, struct xfs_buf *bp);
/* Make entry @index stale. */
void xfs_dir_leaf_set_stale(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t index);

#endif
