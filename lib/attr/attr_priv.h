/* SPDX-License-Identifier: MIT */
/*
 * Private to attr/. A fork is absent, empty, in short form inside the inode (sf.c), or a tree of
 * leaf blocks with its root in block 0 (tree.c; one leaf: leaf.c).  Long values have blocks of
 * their own (remote.c).
 */
#ifndef ATTR_ATTR_PRIV_H
#define ATTR_ATTR_PRIV_H

#include "attr/attr.h"
#include "da/da.h"

enum xfs_attr_form {
	XFS_ATTR_FORM_NONE,		/* no attribute fork */
	XFS_ATTR_FORM_EMPTY,		/* an empty attribute fork */
	XFS_ATTR_FORM_SF,
	XFS_ATTR_FORM_TREE,
};

static inline enum xfs_attr_form xfs_attr_form(const struct xfs_inode *ip)
{
	if (!xfs_inode_has_attr_fork(ip))
		return XFS_ATTR_FORM_NONE;
	if (ip->i_af.if_format == XFS_DINODE_FMT_LOCAL)
		return XFS_ATTR_FORM_SF;
	return ip->i_af.if_nextents ? XFS_ATTR_FORM_TREE : XFS_ATTR_FORM_EMPTY;
}

/* One operation and its attribute. */
struct xfs_attr_args {
	struct xfs_trans *tp;		/* NULL: read-only */
	struct xfs_inode *ip;
	const struct xfs_geometry *geo;
	const uint8_t *name;
	uint32_t namelen;
	uint8_t ns;
	xfs_dahash_t hash;
	const void *value;		/* new value, or identity of a parent pointer */
	uint32_t valuelen;
	xfs_dablk_t valueblk;		/* where a remote value was put */
	void *scratch;			/* one block of memory for rebuilding leaves */
};

/* How a leaf stores this attribute. */
static inline bool xfs_attr_is_local(const struct xfs_attr_args *args)
{
	return xfs_attr_leaf_is_local(args->geo->blocksize, args->namelen, args->valuelen);
}

static inline uint32_t xfs_attr_rec_size(const struct xfs_attr_args *args)
{
	return xfs_attr_is_local(args)
		       ? xfs_attr_leaf_entsize_local(args->namelen, args->valuelen)
		       : xfs_attr_leaf_entsize_remote(args->namelen);
}

static inline bool xfs_attr_fits_sf(uint32_t namelen, uint32_t valuelen)
{
	return namelen <= XFS_ATTR_SF_ENTSIZE_MAX && valuelen <= XFS_ATTR_SF_ENTSIZE_MAX;
}

/*
 * True if the data fork may grow to @bytes.  A symbolic link's target that has moved to a block
 * stays there, but kernels before 6.10 and tools of their time call a link corrupt whose target
 * would fit into the inode: its data fork must stay smaller than the target.
 */
static inline bool xfs_attr_data_fork_may_grow(const struct xfs_inode *ip, uint32_t bytes)
{
	return !xfs_is_symlink(ip) || ip->i_df.if_format == XFS_DINODE_FMT_LOCAL ||
	       ip->i_disk_size > (xfs_fsize_t)bytes;
}

/*
 * True if the fork may be removed together with its last attribute.  With parent pointers a fork in
 * short form stays, because there will be another one; one that was a leaf is removed nevertheless,
 * as by the kernel.
 */
static inline bool xfs_attr_fork_may_go(const struct xfs_inode *ip)
{
	return !(xfs_has_parent(&ip->i_mount->m_geo) &&
		 ip->i_af.if_format == XFS_DINODE_FMT_LOCAL) &&
	       ip->i_df.if_format != XFS_DINODE_FMT_BTREE &&
	       xfs_attr_data_fork_may_grow(ip, xfs_inode_litino(ip));
}

/* Remove the fork, which is empty and in EXTENTS format. */
int xfs_attr_fork_remove(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* True if (@name, @namelen, @flags' namespace, @value) is the attribute of @args. */
static inline bool xfs_attr_match(const struct xfs_attr_args *args, const uint8_t *name,
				  uint32_t namelen, uint32_t flags, const void *value,
				  uint32_t valuelen)
{
	if (namelen != args->namelen || (flags & XFS_ATTR_NSP_ONDISK_MASK) != args->ns ||
	    memcmp(name, args->name, namelen) != 0)
		return false;
	return !(args->ns & XFS_ATTR_PARENT) ||
	       (valuelen == args->valuelen && memcmp(value, args->value, valuelen) == 0);
}

/* ---- sf.c ---------------------------------------------------------------------------- */

struct xfs_attr_sf_entry *xfs_attr_sf_find(const struct xfs_attr_args *args);
/* Size of the fork after @old (NULL: none) is replaced by the attribute of @args. */
uint32_t xfs_attr_sf_total(const struct xfs_attr_args *args,
			   const struct xfs_attr_sf_entry *old);
/*
 * Make a fork that begins at @forkoff, for the first attribute. *@put: the attribute is in it; else
 * it is empty.
 */
int xfs_attr_sf_begin(struct xfs_attr_args *args, uint8_t forkoff, bool *put) XFS_MUST_CHECK;
/* Put the attribute into the fork in place of @old.  There is room if the border is at @forkoff. */
int xfs_attr_sf_put(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old, uint8_t forkoff)
	XFS_MUST_CHECK;
int xfs_attr_sf_remove(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old)
	XFS_MUST_CHECK;
/* Set contents @buf, @len bytes with their header, for an empty fork in EXTENTS format. */
int xfs_attr_sf_install(struct xfs_trans *tp, struct xfs_inode *ip, const void *buf,
			uint32_t len) XFS_MUST_CHECK;

/* ---- leaf.c: one leaf block ------------------------------------------------------------ */

extern const struct xfs_da_kind xfs_attr_da_kind;
extern const struct xfs_buf_ops xfs_attr3_leaf_buf_ops;

static inline struct xfs_attr3_leafblock *xfs_attr_leaf_of(const struct xfs_buf *bp)
{
	return bp->b_addr;
}

static inline uint32_t xfs_attr_leaf_count(const struct xfs_buf *bp)
{
	return be16_to_cpu(xfs_attr_leaf_of(bp)->hdr.count);
}

static inline struct xfs_attr_leaf_entry *xfs_attr_leaf_entry_at(const struct xfs_buf *bp,
								 uint32_t index)
{
	return &xfs_attr_leaf_of(bp)->entries[index];
}

/* A decoded entry. */
struct xfs_attr_leaf_rec {
	uint8_t flags;
	const uint8_t *name;
	uint32_t namelen;
	const uint8_t *value;		/* local values */
	uint32_t valuelen;
	xfs_dablk_t valueblk;		/* remote values */
	uint32_t size;			/* bytes in the block */
};
void xfs_attr_leaf_get(const struct xfs_buf *bp, uint32_t index, struct xfs_attr_leaf_rec *rec);

/* Make the new buffer @bp an empty leaf, and log it. */
void xfs_attr_leaf_init(struct xfs_attr_args *args, struct xfs_buf *bp);
/* Index of the first entry with a hash >= @hash. */
uint32_t xfs_attr_leaf_search(const struct xfs_buf *bp, xfs_dahash_t hash);
/* True if a record of @size bytes and its entry have room, possibly after compacting. */
bool xfs_attr_leaf_has_room(const struct xfs_attr_args *args, const struct xfs_buf *bp,
			    uint32_t size);
/* Insert the attribute of @args at @index.  The caller has checked that there is room. */
void xfs_attr_leaf_add(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);
void xfs_attr_leaf_remove(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);
/* Overwrite a local value with one of the same length. */
void xfs_attr_leaf_overwrite(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);

/* ---- tree.c ------------------------------------------------------------------------------ */

/*
 * Read the path to the attribute's leaf and set its index there; if not found, to where it would
 * go.
 */
int xfs_attr_tree_find(struct xfs_attr_args *args, struct xfs_da_state *state, bool *found)
	XFS_MUST_CHECK;
/* Turn an empty or short-form fork into a tree with the same attributes except @skip. */
int xfs_attr_to_tree(struct xfs_attr_args *args, const struct xfs_attr_sf_entry *skip)
	XFS_MUST_CHECK;
/*
 * Add or replace the attribute, with @state and @found from xfs_attr_tree_find().  Releases the
 * path.
 */
int xfs_attr_tree_set(struct xfs_attr_args *args, struct xfs_da_state *state, bool found)
	XFS_MUST_CHECK;
int xfs_attr_tree_remove(struct xfs_attr_args *args, struct xfs_da_state *state) XFS_MUST_CHECK;

/* ---- remote.c ------------------------------------------------------------------------- */

extern const struct xfs_buf_ops xfs_attr3_rmt_buf_ops;

/* Read a remote value into @value, which has room for @valuelen bytes. */
int xfs_attr_rmt_get(struct xfs_inode *ip, xfs_dablk_t valueblk, uint32_t valuelen, void *value)
	XFS_MUST_CHECK;
/* Allocate blocks for the value of @args and write it; sets args->valueblk. */
int xfs_attr_rmt_set(struct xfs_attr_args *args) XFS_MUST_CHECK;
/*
 * Invalidate the block at @daddr, which is about to be freed, so that recovery replays no image of
 * it.
 */
int xfs_attr_forget_block(struct xfs_trans *tp, struct xfs_mount *mp, xfs_daddr_t daddr)
	XFS_MUST_CHECK;
int xfs_attr_rmt_remove(struct xfs_trans *tp, struct xfs_inode *ip, xfs_dablk_t valueblk,
			uint32_t valuelen) XFS_MUST_CHECK;

#endif
