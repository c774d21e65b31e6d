/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: one map from (namespace bits, name) to value, whatever the form on disk.
 * The caller holds the ILOCK, exclusive to change something or if extents are not read in yet.
 */
#ifndef ATTR_ATTR_H
#define ATTR_ATTR_H

#include "da/name.h"
#include "inode/inode.h"

#define XFS_ATTR_VALUE_MAX	65536u

struct xfs_attr_name {
	const uint8_t *name;
	uint32_t len;			/* 1..255 */
	uint8_t ns;			/* XFS_ATTR_ROOT / SECURE / PARENT bit, 0 = user */
};

/*
 * Read a value. *@valuelen in: room at @value; out: length of the value. -ENODATA: no such
 * attribute; -ERANGE: it does not fit; @value NULL: only return the length.
 */
int xfs_attr_get(struct xfs_inode *ip, const struct xfs_attr_name *name, void *value,
		 uint32_t *valuelen) XFS_MUST_CHECK;

#define XFS_ATTR_OP_CREATE	(1u << 0)	/* -EEXIST if it exists */
#define XFS_ATTR_OP_REPLACE	(1u << 1)	/* -ENODATA if it does not exist */

/*
 * Set or replace an attribute, in a transaction with xfs_attr_set_blocks() reserved.  All checks
 * come before the first change.  Parent pointers: the same name with another value is another
 * attribute.
 */
int xfs_attr_set(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		 const void *value, uint32_t valuelen, uint32_t op_flags) XFS_MUST_CHECK;
/* @value and @valuelen identify a parent pointer; NULL and 0 for other attributes. */
int xfs_attr_remove(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		    const void *value, uint32_t valuelen) XFS_MUST_CHECK;
uint32_t xfs_attr_set_blocks(const struct xfs_mount *mp, uint32_t namelen, uint32_t valuelen);
uint32_t xfs_attr_remove_blocks(const struct xfs_mount *mp);

/*
 * Call @emit for each attribute that is not INCOMPLETE; value is NULL for remote ones.  False from
 * @emit stops. -EUCLEAN: xfs_attr_namecheck() refuses a name.
 */
int xfs_attr_list(struct xfs_inode *ip,
		  bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
			       uint32_t valuelen),
		  void *arg) XFS_MUST_CHECK;

/*
 * Remove the whole attribute fork of an unlinked, unused inode in steps, each in its own
 * transaction.  The caller holds no lock and no transaction.
 */
int xfs_attr_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- attr/parent.c: parent pointers; no-ops on file systems without them ---------- */
int xfs_parent_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		   struct xfs_inode *child) XFS_MUST_CHECK;
int xfs_parent_remove(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		      struct xfs_inode *child) XFS_MUST_CHECK;
int xfs_parent_replace(struct xfs_trans *tp, struct xfs_inode *src_dp,
		       const struct xfs_name *src_name, struct xfs_inode *dst_dp,
		       const struct xfs_name *dst_name, struct xfs_inode *child) XFS_MUST_CHECK;
/*
 * Call before the first change of a transaction that will add or remove this parent pointer: reads
 * the blocks of @child's attribute fork that this needs, so that reading them cannot fail later.
 */
int xfs_parent_prepare(struct xfs_inode *dp, const struct xfs_name *name,
		       struct xfs_inode *child) XFS_MUST_CHECK;
/*
 * Most blocks that a parent pointer can take, for an existing inode and as the first of a new
 * inode.
 */
uint32_t xfs_parent_blocks(const struct xfs_mount *mp, uint32_t namelen);
uint32_t xfs_parent_new_blocks(const struct xfs_mount *mp, uint32_t namelen);

/* ---- attr/acl.c: POSIX ACLs ---------------------------------------------------------- */
/*
 * Convert an ACL from the VFS form (struct posix_acl_xattr) to the on-disk form. *@disk_len in:
 * room at @disk; out: length, or 0 for an ACL without entries, which means to remove it.
 * xfs_acl_check() tells whether it can be stored; it is separate because other checks come in
 * between.
 */
int xfs_acl_from_xattr(struct xfs_mount *mp, const void *xattr, size_t len, void *disk,
		       uint32_t *disk_len) XFS_MUST_CHECK;
/*
 * Check an ACL: -EINVAL unless its entries are in the order of their tags, have each required tag
 * once, and a mask if they need one; -E2BIG if there are too many.  Users and groups may be in any
 * order and repeated.
 */
int xfs_acl_check(struct xfs_mount *mp, const void *disk) XFS_MUST_CHECK;
/*
 * Put the permission bits that a valid ACL implies into *@mode. *@equiv: it says no more than the
 * mode.
 */
void xfs_acl_to_mode(void *disk, uint16_t *mode, bool *equiv);
/*
 * Convert to the VFS form. *@len in: room, out: length; -ERANGE if it does not fit.  @xattr NULL:
 * only return the length.
 */
int xfs_acl_to_xattr(struct xfs_mount *mp, const void *disk, uint32_t disk_len, void *xattr,
		     size_t *len) XFS_MUST_CHECK;
/*
 * On-disk ACLs that a new object inherits from its parent's default ACL; NULL: none.  If the parent
 * has no default ACL, *@mode is unchanged and both are NULL: the caller applies the umask.
 */
struct xfs_acl_inherited {
	void *access;			/* for SGI_ACL_FILE */
	uint32_t access_len;
	void *dflt;			/* for SGI_ACL_DEFAULT; only for directories */
	uint32_t dflt_len;
};

/*
 * Read the default ACL of @dp and compute *@acls and the permission bits of *@mode.  The type bits
 * of *@mode are set on entry; symlinks inherit nothing.  @dp's ILOCK held, before a transaction is
 * opened.
 */
int xfs_acl_inherit(struct xfs_inode *dp, uint16_t *mode, struct xfs_acl_inherited *acls)
	XFS_MUST_CHECK;
void xfs_acl_inherited_free(struct xfs_mount *mp, struct xfs_acl_inherited *acls);
/* Most blocks that storing them can take; store them in the new @ip. */
uint32_t xfs_acl_inherited_blocks(const struct xfs_mount *mp,
				  const struct xfs_acl_inherited *acls);
int xfs_acl_set_inherited(struct xfs_trans *tp, struct xfs_inode *ip,
			  const struct xfs_acl_inherited *acls) XFS_MUST_CHECK;
/*
 * Change the stored access ACL to match @mode after a chmod.  Needs xfs_acl_chmod_blocks()
 * reserved.
 */
uint32_t xfs_acl_chmod_blocks(const struct xfs_mount *mp);
int xfs_acl_chmod(struct xfs_trans *tp, struct xfs_inode *ip, uint16_t mode) XFS_MUST_CHECK;

#endif
