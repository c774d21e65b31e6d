/* SPDX-License-Identifier: MIT */
/*
 * Names with the policy of a system call: the transactions of namei/, tried once more after space
 * or memory was reclaimed.  The caller holds no lock and no transaction.
 */
#ifndef FILE_NAMES_H
#define FILE_NAMES_H

#include "namei/namei.h"

/* See xfs_create(), xfs_link_inode(), xfs_replace(), xfs_rename_inodes() and xfs_remove(). */
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

/* xfs_dir_readdir() under the ILOCK. -ENOENT: the directory was removed. */
int xfs_file_readdir(struct xfs_inode *dp, uint64_t *cookie,
		     bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				  uint64_t next_cookie),
		     void *arg) XFS_MUST_CHECK;

#endif
