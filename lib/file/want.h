/* SPDX-License-Identifier: MIT */
/*
 * What a NOWAIT call that changes a file in more than one way asks before its first change, which it
 * could not take back (NOWAIT-2): 0, or XFS_WOULD_WAIT, or an error that the change would meet too.
 * Calls that may wait get 0.  IOLOCK held exclusively.
 */
#ifndef FILE_WANT_H
#define FILE_WANT_H

#include "inode/inode.h"

/* The size can become @size_bytes and nothing has to be read or written for that. */
int xfs_want_size(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;
/* Extents can be had and removed: neither the ILOCK nor the log are in the way. */
int xfs_want_transaction(struct xfs_inode *ip) XFS_MUST_CHECK;
/* No data of [@start, @end) is dirty or being written. */
int xfs_want_clean(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/*
 * The blocks in which [@start, @end) begins and ends, if they belong to it in parts only, are in memory
 * or have no contents.
 */
int xfs_want_zeroable(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;

#endif
