/* SPDX-License-Identifier: MIT */
/* Sizes, and the end of a file's use. */
#ifndef FILE_TRUNCATE_H
#define FILE_TRUNCATE_H

#include "inode/inode.h"

/* -EINVAL when no file can be so long; asked before the file is looked for. */
int xfs_check_size(struct xfs_mount *mp, uint64_t size) XFS_MUST_CHECK;

/*
 * Set the size of a regular file: growing zeroes what becomes visible, shrinking frees blocks in
 * steps.  mtime and ctime change.  Takes the IOLOCK; no lock or transaction held.
 * -EPERM (immutable, append-only), -EINVAL (no regular file, too large).
 */
int xfs_file_truncate(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;

/* The same of one that may be, with the IOLOCK held exclusively. */
int xfs_file_set_size(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;

/*
 * A handle that could write is closed: preallocation past the end is trimmed, before
 * write-back makes blocks of it.  Anything else stays as it is.
 */
int xfs_file_release(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
