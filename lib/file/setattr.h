/* SPDX-License-Identifier: MIT */
/* Reading and setting the attributes of one inode, including extended ones. */
#ifndef FILE_SETATTR_H
#define FILE_SETATTR_H

#include "namei/namei.h"

/*
 * Set what is valid in @iattr: first the size (xfs_file_truncate()), then the rest in one
 * transaction.  The caller holds no lock and no transaction.
 */
int xfs_file_setattr(struct xfs_inode *ip, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
/* Set owner and group as in chown(2): a file loses its set-id bits and its capability. */
int xfs_file_chown(struct xfs_inode *ip, const struct xfs_iattr *iattr) XFS_MUST_CHECK;
int xfs_file_getattr(struct xfs_inode *ip, struct xfs_stat *st) XFS_MUST_CHECK;

/*
 * Check the arguments of a call on extended attributes before the file is looked up.  @change: for
 * setting or removing. -EINVAL, -ERANGE, -E2BIG.
 */
int xfs_check_xattr_name(struct xfs_mount *mp, const char *name, bool change) XFS_MUST_CHECK;
int xfs_check_setxattr(struct xfs_mount *mp, const char *name, size_t size, int flags)
	XFS_MUST_CHECK;

/*
 * Extended attributes by their full name ("user.x").  Lengths and errors as in the public calls.
 * The caller holds no lock and no transaction.
 */
int xfs_file_setxattr(struct xfs_inode *ip, const char *name, const void *value, size_t size,
		      int flags) XFS_MUST_CHECK;
ssize_t xfs_file_getxattr(struct xfs_inode *ip, const char *name, void *value, size_t size)
	XFS_MUST_CHECK;
ssize_t xfs_file_listxattr(struct xfs_inode *ip, char *list, size_t size) XFS_MUST_CHECK;
int xfs_file_removexattr(struct xfs_inode *ip, const char *name) XFS_MUST_CHECK;

#endif
