/* SPDX-License-Identifier: MIT */
/*
 * Checks that a NOWAIT call with several changes makes before the first of them, which it could not
 * undo (NOWAIT-2).  They return 0, XFS_WOULD_WAIT, or an error that the change would meet, too.
 * Calls that may wait get 0.  IOLOCK held exclusively.
 */
#ifndef FILE_WANT_H
#define FILE_WANT_H

#include "inode/inode.h"

/* The size can become @size_bytes without any read or write. */
int xfs_want_size(struct xfs_inode *ip, uint64_t size_bytes) XFS_MUST_CHECK;
/* Extents can be added and removed: neither ILOCK nor log would make the call wait. */
int xfs_want_transaction(struct xfs_inode *ip) XFS_MUST_CHECK;
/* No data of [@start, @end) is dirty or being written. */
int xfs_want_clean(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/*
 * The blocks in which [@start, @end) begins and ends, if they are only partly in it, are cached or
 * have no contents.
 */
int xfs_want_zeroable(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;

#endif
