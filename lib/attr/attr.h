/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: one name space of (namespace bits, name) -> value, whatever the
 * form on disk.  ILOCK held (exclusive to change, or when extents are not read in).
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
 * -ENODATA.  *@valuelen in: room at @value, out: true length; -ERANGE when it does not fit;
 * @value NULL: ask.
 */
int xfs_attr_get(struct xfs_inode *ip, const struct xfs_attr_name *name, void *value,
		 uint32_t *valuelen) XFS_MUST_CHECK;

#define XFS_ATTR_OP_CREATE	(1u << 0)	/* -EEXIST */
#define XFS_ATTR_OP_REPLACE	(1u << 1)	/* -ENODATA */

/*
 * Inside a transaction with xfs_attr_set_blocks() reserved: set or replace.  All checks
 * come before the first change.  Parent pointers: the same name with another value is another
 * attribute.
 */
int xfs_attr_set(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		 const void *value, uint32_t valuelen, uint32_t op_flags) XFS_MUST_CHECK;
/* @value/@valuelen: identity of a parent pointer, else NULL/0. */
int xfs_attr_remove(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		    const void *value, uint32_t valuelen) XFS_MUST_CHECK;
uint32_t xfs_attr_set_blocks(const struct xfs_mount *mp, uint32_t namelen, uint32_t valuelen);
uint32_t xfs_attr_remove_blocks(const struct xfs_mount *mp);

/*
 * Each attribute (INCOMPLETE ones left out); value NULL for remote ones. False from @emit stops.
 * -EUCLEAN: one has a name that xfs_attr_namecheck() refuses.
 */
int xfs_attr_list(struct xfs_inode *ip,
		  bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
			       uint32_t valuelen),
		  void *arg) XFS_MUST_CHECK;

/*
 * The inode is unlinked and unused: remove the whole attribute fork in steps, each a transaction of
 * its own.  No lock or transaction held.
 */
int xfs_attr_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- attr/parent.c: parent pointers; nothing to do on volumes without them ------- */
int xfs_parent_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		   struct xfs_inode *child) XFS_MUST_CHECK;
int xfs_parent_remove(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		      struct xfs_inode *child) XFS_MUST_CHECK;
int xfs_parent_replace(struct xfs_trans *tp, struct xfs_inode *src_dp,
		       const struct xfs_name *src_name, struct xfs_inode *dst_dp,
		       const struct xfs_name *dst_name, struct xfs_inode *child) XFS_MUST_CHECK;
/*
 * Before the first change of a transaction that will add or remove this one: reads what that
 * needs of @child's attribute fork, so that it does not fail for it later.
 */
int xfs_parent_prepare(struct xfs_inode *dp, const struct xfs_name *name,
		       struct xfs_inode *child) XFS_MUST_CHECK;
/* Worst case for an inode that exists, and for the first one of a new inode. */
uint32_t xfs_parent_blocks(const struct xfs_mount *mp, uint32_t namelen);
uint32_t xfs_parent_new_blocks(const struct xfs_mount *mp, uint32_t namelen);

/* ---- attr/acl.c: POSIX ACLs ---------------------------------------------------------- */
/*
 * The on-disk form of an ACL given in the VFS form (struct posix_acl_xattr).  *@disk_len in: room
 * at @disk, out: length, 0 for an ACL without entries, which means there is to be none.  That it
 * can be stored xfs_acl_check() tells, because other things are asked before.
 */
int xfs_acl_from_xattr(struct xfs_mount *mp, const void *xattr, size_t len, void *disk,
		       uint32_t *disk_len) XFS_MUST_CHECK;
/*
 * Entries in the order of their tags, each of the three that must be there once, a mask where it is
 * needed (-EINVAL), not too many (-E2BIG).  Users and groups may stand there in any order, and
 * twice.
 */
int xfs_acl_check(struct xfs_mount *mp, const void *disk) XFS_MUST_CHECK;
/*
 * Of one that is right: the permission bits it implies are put into *@mode; *@equiv: it says no
 * more than the mode.
 */
void xfs_acl_to_mode(void *disk, uint16_t *mode, bool *equiv);
/* @xattr NULL: ask for the length.  *@len in: room, out: length; -ERANGE. */
int xfs_acl_to_xattr(struct xfs_mount *mp, const void *disk, uint32_t disk_len, void *xattr,
		     size_t *len) XFS_MUST_CHECK;
/*
 * What a new object gets from its parent's default ACL, on-disk values; NULL: nothing.
 * A parent without a default ACL leaves *@mode and both NULL: the umask is the caller's.
 */
struct xfs_acl_inherited {
	void *access;			/* for SGI_ACL_FILE */
	uint32_t access_len;
	void *dflt;			/* for SGI_ACL_DEFAULT; directories only */
	uint32_t dflt_len;
};

/*
 * @dp's ILOCK held: read its default ACL and work out *@acls and the permission bits of
 * *@mode (type bits in, they decide; symlinks get nothing).  Before a transaction is opened.
 */
int xfs_acl_inherit(struct xfs_inode *dp, uint16_t *mode, struct xfs_acl_inherited *acls)
	XFS_MUST_CHECK;
void xfs_acl_inherited_free(struct xfs_mount *mp, struct xfs_acl_inherited *acls);
/* Blocks that storing them may take; and store them in the new @ip. */
uint32_t xfs_acl_inherited_blocks(const struct xfs_mount *mp,
				  const struct xfs_acl_inherited *acls);
int xfs_acl_set_inherited(struct xfs_trans *tp, struct xfs_inode *ip,
			  const struct xfs_acl_inherited *acls) XFS_MUST_CHECK;
/* chmod: the stored access ACL follows @mode.  Needs xfs_acl_chmod_blocks() reserved. */
uint32_t xfs_acl_chmod_blocks(const struct xfs_mount *mp);
int xfs_acl_chmod(struct xfs_trans *tp, struct xfs_inode *ip, uint16_t mode) XFS_MUST_CHECK;

#endif
