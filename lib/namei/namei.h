/* SPDX-License-Identifier: MIT */
/*
 * Names: each call is one transaction that keeps directory, link counts, parent
 * pointers and unlinked list in step.  Callers hold references and no locks.
 */
#ifndef NAMEI_NAMEI_H
#define NAMEI_NAMEI_H

#include <xfswrite/xfswrite.h>
#include "attr/attr.h"
#include "dir/dir.h"
#include "inode/inode.h"

/*
 * The inode @name leads to, referenced. -ENOENT, -ENOTDIR.  -ENOENT is often no error, so it has
 * no text; xfs_no_such_name() gives it one.
 */
int xfs_lookup(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode **ipp)
	XFS_MUST_CHECK;

/* The same for who is going to make @name: -ENOENT is remembered in it for xfs_create() and the like. */
int xfs_lookup_new(struct xfs_inode *dp, struct xfs_name *name, struct xfs_inode **ipp)
	XFS_MUST_CHECK;

int xfs_no_such_name(const struct xfs_inode *dp, const struct xfs_name *name);

/* What a new object starts with, beyond the type; set in its first transaction. */
struct xfs_create_args {
	uint16_t mode;			/* with type bits; no umask is applied */
	/*
	 * As for a system call: default ACL, set-group-id of the directory, inode flags
	 * and project.  Otherwise (restore tools) nothing, or flags and project alone
	 * (XFS_ATTR_INHERIT of @iattr).
	 */
	bool inherit;
	uint32_t uid, gid;
	uint32_t rdev_major, rdev_minor;	/* character and block devices */
	const struct xfs_iattr *iattr;	/* times, project, flags, hints that are valid in it; or NULL */
	const uint8_t *target;		/* symlink */
	uint32_t target_len;
};

/*
 * Any type.  @name NULL, not for directories: it has no name and is on the unlinked list, which
 * xfs_link_inode() and xfs_replace() take it off.  -EEXIST, -ENOSPC, -EMLINK, -ENAMETOOLONG.
 * *@ipp is referenced.
 */
int xfs_create(struct xfs_inode *dp, const struct xfs_name *name,
	       const struct xfs_create_args *args, struct xfs_inode **ipp) XFS_MUST_CHECK;
int xfs_link_inode(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
/*
 * As xfs_link_inode(), but what has the name gives way; if that is @ip, nothing happens.  Neither
 * may be a directory: -EPERM, -EISDIR.
 */
int xfs_replace(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
/* A name of a non-directory, or (@dir) of an empty directory. */
int xfs_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir) XFS_MUST_CHECK;
/* As for renameat2(2); not every C library has it. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE	(1u << 0)
#endif
/* @flags: RENAME_NOREPLACE, and -ENOTDIR unless it is a directory that moves. */
#define XFS_RENAME_DIR_ONLY	(1u << 31)
/* No directory into itself: -EINVAL. */
int xfs_rename_inodes(struct xfs_inode *src_dp, const struct xfs_name *src_name,
		      struct xfs_inode *dst_dp, const struct xfs_name *dst_name,
		      uint32_t flags) XFS_MUST_CHECK;
/* ILOCK is taken here. Copies at most @size bytes; returns the full length. */
ssize_t xfs_readlink_inode(struct xfs_inode *ip, char *buf, size_t size) XFS_MUST_CHECK;
/*
 * Inactivation: free the blocks of a symbolic link; without them it is a regular file, of no bytes.
 */
int xfs_symlink_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;
/* The attribute fork needs room: an inline target moves to a block. */
int xfs_symlink_to_remote(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/*
 * ---- metadir.c: the metadata directory tree of METADIR volumes ----
 * File @name of kind @metatype (XFS_METAFILE_*) in @dir, a directory of the tree's root; both are made
 * if need be and @may_make.  -ENOENT; -EUCLEAN: what has the name is no such file of the tree.
 */
int xfs_metadir_open(struct xfs_mount *mp, const char *dir, const char *name, uint16_t metatype,
		     bool may_make, struct xfs_inode **ipp) XFS_MUST_CHECK;
int xfs_metadir_root(struct xfs_mount *mp, struct xfs_inode **ipp) XFS_MUST_CHECK;

/* Beside the times in xfs_iattr.valid: both become now, which is allowed where one only appends. */
#define XFS_ATTR_TOUCH		(1u << 31)

/*
 * The members of @iattr that need no space and no other lock (owner, times, project, flags,
 * hints; not mode and size).  Check before the first change of a transaction, for @ip or, NULL, for
 * a new inode of @mode: -EINVAL.  Apply inside it, @ip ILOCKed exclusively.  Shared by creation and
 * file/setattr.c.
 */
int xfs_iattr_check(struct xfs_mount *mp, const struct xfs_inode *ip, uint16_t mode,
		    const struct xfs_iattr *iattr) XFS_MUST_CHECK;
/* Its part that asks no object: whether the times that @iattr sets are some. */
int xfs_iattr_check_times(struct xfs_mount *mp, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
void xfs_iattr_apply(struct xfs_inode *ip, const struct xfs_iattr *iattr);
/* User, group, project: those that it sets. */
void xfs_iattr_owners(const struct xfs_iattr *iattr, uint32_t ids[3]);
/* The XFS_XFLAG_* that @ip has. */
uint32_t xfs_inode_xflags(const struct xfs_inode *ip);

#endif
