/* SPDX-License-Identifier: MIT */
/* Attributes of one inode: reading and setting them, extended ones too. */
#ifndef FILE_SETATTR_H
#define FILE_SETATTR_H

#include "namei/namei.h"

/*
 * Set what is valid in @iattr: the size first (xfs_file_truncate()), the rest in one transaction.
 * No lock or transaction held.
 */
int xfs_file_setattr(struct xfs_inode *ip, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
/* Owner and group as chown(2) sets them: the set-id bits and the capability of a file go. */
int xfs_file_chown(struct xfs_inode *ip, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
int xfs_file_getattr(struct xfs_inode *ip, struct xfs_stat *st) XFS_MUST_CHECK;

/*
 * What is wrong with the arguments of a call on extended attributes, whatever the file is; asked
 * before it is looked for.  @change: setting or removing.  -EINVAL, -ERANGE, -E2BIG.
 */
int xfs_check_xattr_name(struct xfs_mount *mp, const char *name, bool change) XFS_MUST_CHECK;
int xfs_check_setxattr(struct xfs_mount *mp, const char *name, size_t size, int flags)
	XFS_MUST_CHECK;

/*
 * Extended attributes by their full name ("user.x").  Lengths and errors as the public calls
 * say.  No lock or transaction held.
 */
int xfs_file_setxattr(struct xfs_inode *ip, const char *name, const void *value, size_t size,
		      int flags) XFS_MUST_CHECK;
ssize_t xfs_file_getxattr(struct xfs_inode *ip, const char *name, void *value, size_t size)
	XFS_MUST_CHECK;
ssize_t xfs_file_listxattr(struct xfs_inode *ip, char *list, size_t size) XFS_MUST_CHECK;
int xfs_file_removexattr(struct xfs_inode *ip, const char *name) XFS_MUST_CHECK;

#endif
