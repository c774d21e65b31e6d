/* SPDX-License-Identifier: MIT */
/*
 * Names with the policy of a system call: what namei/ does in one transaction, tried once more when
 * space or memory was reclaimed for it.  No lock or transaction held.
 */
#ifndef FILE_NAMES_H
#define FILE_NAMES_H

#include "namei/namei.h"

/* As xfs_create(), xfs_link_inode(), xfs_replace(), xfs_rename_inodes() and xfs_remove(). */
int xfs_file_create(struct xfs_inode *dp, const struct xfs_name *name,
		    const struct xfs_create_args *args, struct xfs_inode **ipp) XFS_MUST_CHECK;
int xfs_file_link(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
int xfs_file_replace(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
	XFS_MUST_CHECK;
int xfs_file_rename(struct xfs_inode *src_dp, const struct xfs_name *src_name,
		    struct xfs_inode *dst_dp, const struct xfs_name *dst_name, uint32_t flags)
	XFS_MUST_CHECK;
int xfs_file_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir) XFS_MUST_CHECK;

/* As xfs_dir_readdir(), under the ILOCK.  -ENOENT: the directory was removed. */
int xfs_file_readdir(struct xfs_inode *dp, uint64_t *cookie,
		     bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				  uint64_t next_cookie),
		     void *arg) XFS_MUST_CHECK;

#endif
