/* SPDX-License-Identifier: MIT */
/*
 * What the files of attr/ share.  A fork is absent, empty, in short form inside the inode
 * (sf.c), or a tree of leaf blocks with block 0 as its root (tree.c; one block of it: leaf.c);
 * long values stand in blocks of their own (remote.c).
 */
#ifndef ATTR_ATTR_PRIV_H
#define ATTR_ATTR_PRIV_H

#include "attr/attr.h"
#include "da/da.h"

enum xfs_attr_form {
	XFS_ATTR_FORM_NONE,		/* no attribute fork */
	XFS_ATTR_FORM_EMPTY,		/* a fork with nothing in it */
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

/* One operation: the attribute it is about. */
struct xfs_attr_args {
	struct xfs_trans *tp;		/* NULL: looking only */
	struct xfs_inode *ip;
	const struct xfs_geometry *geo;
	const uint8_t *name;
	uint32_t namelen;
	uint8_t ns;
	xfs_dahash_t hash;
	const void *value;		/* new value; identity of a parent pointer */
	uint32_t valuelen;
	xfs_dablk_t valueblk;		/* of a remote value, where it was put */
	void *scratch;			/* one block of memory for rebuilding leaves */
};

/* What the name stands for in a leaf. */
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
 * The data fork may get @bytes.  A symbolic link's target that was moved to a block stays there,
 * but kernels before 6.10 and tools of their time call a link corrupt whose target would fit
 * into the inode: such a fork must stay short.
 */
static inline bool xfs_attr_data_fork_may_grow(const struct xfs_inode *ip, uint32_t bytes)
{
	return !xfs_is_symlink(ip) || ip->i_df.if_format == XFS_DINODE_FMT_LOCAL ||
	       ip->i_disk_size > (xfs_fsize_t)bytes;
}

/*
 * With its last attribute gone the fork may go too.  With parent pointers a fork in short form
 * stays, because there will be one again; one that was a leaf goes nevertheless, as the kernel's.
 */
static inline bool xfs_attr_fork_may_go(const struct xfs_inode *ip)
{
	return !(xfs_has_parent(&ip->i_mount->m_geo) &&
		 ip->i_af.if_format == XFS_DINODE_FMT_LOCAL) &&
	       ip->i_df.if_format != XFS_DINODE_FMT_BTREE &&
	       xfs_attr_data_fork_may_grow(ip, xfs_inode_litino(ip));
}

/* The fork, empty in EXTENTS format, goes. */
int xfs_attr_fork_remove(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* Is (@name, @namelen, @flags' name space, @value) the attribute of @args? */
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
/* Bytes of the fork with @old (NULL: none) replaced by the attribute of @args. */
uint32_t xfs_attr_sf_total(const struct xfs_attr_args *args,
			   const struct xfs_attr_sf_entry *old);
/*
 * A fork for the first attribute, which begins at @forkoff.  *@put: the attribute stands in it,
 * else it is empty.
 */
int xfs_attr_sf_begin(struct xfs_attr_args *args, uint8_t forkoff, bool *put) XFS_MUST_CHECK;
/* Put it there, in place of @old; with the border at @forkoff there is room. */
int xfs_attr_sf_put(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old, uint8_t forkoff)
	XFS_MUST_CHECK;
int xfs_attr_sf_remove(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old)
	XFS_MUST_CHECK;
/* Contents @buf of @len bytes, header included, for an empty fork in EXTENTS format. */
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

/* An entry taken apart. */
struct xfs_attr_leaf_rec {
	uint8_t flags;
	const uint8_t *name;
	uint32_t namelen;
	const uint8_t *value;		/* local */
	uint32_t valuelen;
	xfs_dablk_t valueblk;		/* remote */
	uint32_t size;			/* bytes in the block */
};
void xfs_attr_leaf_get(const struct xfs_buf *bp, uint32_t index, struct xfs_attr_leaf_rec *rec);

/* An empty leaf in the new buffer @bp; logged. */
void xfs_attr_leaf_init(struct xfs_attr_args *args, struct xfs_buf *bp);
/* First entry with a hash >= @hash. */
uint32_t xfs_attr_leaf_search(const struct xfs_buf *bp, xfs_dahash_t hash);
/* A record of @size bytes and its entry have room, if need be after compacting. */
bool xfs_attr_leaf_has_room(const struct xfs_attr_args *args, const struct xfs_buf *bp,
			    uint32_t size);
/* Insert the attribute of @args at @index; there is room. */
void xfs_attr_leaf_add(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);
void xfs_attr_leaf_remove(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);
/* Overwrite a local value by one of the same length. */
void xfs_attr_leaf_overwrite(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index);

/* ---- tree.c ------------------------------------------------------------------------------ */

/* The path to the attribute's leaf and its index there; or to where it would go. */
int xfs_attr_tree_find(struct xfs_attr_args *args, struct xfs_da_state *state, bool *found)
	XFS_MUST_CHECK;
/* Turn an empty fork or short form into a tree; contents are kept, but for @skip. */
int xfs_attr_to_tree(struct xfs_attr_args *args, const struct xfs_attr_sf_entry *skip)
	XFS_MUST_CHECK;
/*
 * @state from xfs_attr_tree_find(), @found as it said: add or replace.  The path is released.
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
/* The block at @daddr is about to be freed: no image of it may come back. */
int xfs_attr_forget_block(struct xfs_trans *tp, struct xfs_mount *mp, xfs_daddr_t daddr)
	XFS_MUST_CHECK;
int xfs_attr_rmt_remove(struct xfs_trans *tp, struct xfs_inode *ip, xfs_dablk_t valueblk,
			uint32_t valuelen) XFS_MUST_CHECK;

#endif
