/* SPDX-License-Identifier: MIT */
/* Changing sizes, and closing a file. */
#ifndef FILE_TRUNCATE_H
#define FILE_TRUNCATE_H

#include "inode/inode.h"

/* -EINVAL if no file can be that long; checked before the file is looked up. */
int xfs_check_size(struct xfs_mount *mp, uint64_t size) XFS_MUST_CHECK;

/*
 * Set the size of a regular file.  Growing zeroes the bytes that become visible; shrinking frees
 * blocks in steps.  Updates mtime and ctime.  Takes the IOLOCK; the caller holds no lock and no
 * transaction. -EPERM (immutable, append-only), -EINVAL (no regular file, too large).
 */
int xfs_file_truncate(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;

/* The same without the checks, with the IOLOCK held exclusively. */
int xfs_file_set_size(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;

/*
 * Close a handle that could write: trims preallocation behind the end, before write-back allocates
 * it.  Changes nothing else.
 */
int xfs_file_release(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
