/* SPDX-License-Identifier: MIT */
/*
 * Names.  Each call is one transaction that keeps directory, link counts, parent pointers and
 * unlinked list consistent.  Callers hold references and no locks.
 */
#ifndef NAMEI_NAMEI_H
#define NAMEI_NAMEI_H

#include <xfswrite/xfswrite.h>
#include "attr/attr.h"
#include "dir/dir.h"
#include "inode/inode.h"

/*
 * The inode that @name leads to, referenced. -ENOENT, -ENOTDIR. -ENOENT has no message, because it
 * often is no error; xfs_no_such_name() sets one.
 */
int xfs_lookup(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode **ipp)
	XFS_MUST_CHECK;

/*
 * The same for callers that are going to create @name: -ENOENT is recorded in it, so that
 * xfs_create() and others need not look again.
 */
int xfs_lookup_new(struct xfs_inode *dp, struct xfs_name *name, struct xfs_inode **ipp)
	XFS_MUST_CHECK;

int xfs_no_such_name(const struct xfs_inode *dp, const struct xfs_name *name);

/* What a new object is created with, in its first transaction. */
struct xfs_create_args {
	uint16_t mode;			/* with type bits; the umask is not applied */
	/*
	 * As for a system call: apply the directory's default ACL, set-group-id bit, inode flags
	 * and project.  Restore tools leave it false and inherit nothing, or flags and project with
	 * XFS_ATTR_INHERIT of @iattr.
	 */
	bool inherit;
	uint32_t uid, gid;
	uint32_t rdev_major, rdev_minor;	/* character and block devices */
	const struct xfs_iattr *iattr;	/* its valid members: times, project, flags, hints; or
					 * NULL */
	const uint8_t *target;		/* symlink */
	uint32_t target_len;
};

/*
 * Create an inode of any type.  If @name is NULL, not allowed for directories, it has no name and
 * is on the unlinked list until xfs_link_inode() or xfs_replace() gives it one. *@ipp is
 * referenced. -EEXIST, -ENOSPC, -EMLINK, -ENAMETOOLONG.
 */
int xfs_create(struct xfs_inode *dp, const struct xfs_name *name,
	       const struct xfs_create_args *args, struct xfs_inode **ipp) XFS_MUST_CHECK;
int xfs_link_inode(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
/*
 * As xfs_link_inode(), but an existing name is replaced; if it leads to @ip, nothing happens.
 * Neither may be a directory: -EPERM, -EISDIR.
 */
int xfs_replace(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
/* Remove a name of a non-directory, or (@dir) of an empty directory. */
int xfs_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir) XFS_MUST_CHECK;
/* As in renameat2(2), which not every C library declares. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE	(1u << 0)
#endif
/* For @flags beside RENAME_NOREPLACE: -ENOTDIR unless a directory is renamed. */
#define XFS_RENAME_DIR_ONLY	(1u << 31)
/* -EINVAL if a directory would move below itself. */
int xfs_rename_inodes(struct xfs_inode *src_dp, const struct xfs_name *src_name,
		      struct xfs_inode *dst_dp, const struct xfs_name *dst_name,
		      uint32_t flags) XFS_MUST_CHECK;
/* Copies at most @size bytes; returns the length of the target.  Takes the ILOCK. */
ssize_t xfs_readlink_inode(struct xfs_inode *ip, char *buf, size_t size) XFS_MUST_CHECK;
/* Inactivation: free the blocks of a symbolic link, which then is an empty regular file. */
int xfs_symlink_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;
/* Move an inline target to a block, to make room for the attribute fork. */
int xfs_symlink_to_remote(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/*
 * ---- metadir.c: the metadata directory tree of METADIR file systems ----
 * Open file @name of kind @metatype (XFS_METAFILE_*) in @dir, a directory in the tree's root.  With
 * @may_make, both are created if missing; else -ENOENT. -EUCLEAN: the name leads to another kind of
 * inode.
 */
int xfs_metadir_open(struct xfs_mount *mp, const char *dir, const char *name, uint16_t metatype,
		     bool may_make, struct xfs_inode **ipp) XFS_MUST_CHECK;
int xfs_metadir_root(struct xfs_mount *mp, struct xfs_inode **ipp) XFS_MUST_CHECK;

/*
 * For xfs_iattr.valid beside the time bits: set atime and mtime to now, which is allowed for
 * append-only inodes.
 */
#define XFS_ATTR_TOUCH		(1u << 31)

/*
 * The members of @iattr that need no space and no other lock (owner, times, project, flags, hints;
 * not mode and size).  Check them before the first change of a transaction, for @ip or, if NULL,
 * for a new inode of @mode: -EINVAL.  Apply them inside it, with @ip's ILOCK held exclusively.
 * Used for creation and in file/setattr.c.
 */
int xfs_iattr_check(struct xfs_mount *mp, const struct xfs_inode *ip, uint16_t mode,
		    const struct xfs_iattr *iattr) XFS_MUST_CHECK;
/* The part of the check that needs no inode: -EINVAL if a time that @iattr sets is invalid. */
int xfs_iattr_check_times(struct xfs_mount *mp, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
void xfs_iattr_apply(struct xfs_inode *ip, const struct xfs_iattr *iattr);
/* Store the user, group and project that @iattr sets in @ids. */
void xfs_iattr_owners(const struct xfs_iattr *iattr, uint32_t ids[3]);
/* The XFS_XFLAG_* of @ip. */
uint32_t xfs_inode_xflags(const struct xfs_inode *ip);

#endif
