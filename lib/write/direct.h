/* SPDX-License-Identifier: MIT */
/* Writing past the page cache, for handles that are open with O_DIRECT. */
#ifndef WRITE_DIRECT_H
#define WRITE_DIRECT_H

#include "inode/inode.h"

/* What offsets and lengths of such reads and writes are multiples of: the sector of the device. */
int xfs_direct_unit(struct xfs_mount *mp, uint32_t *unit) XFS_MUST_CHECK;

/*
 * Write @len bytes of @iov at @pos, both multiples of @unit: how many are on the device, though perhaps
 * in its cache, when it returns, and part of the file; an error when there are none.  What is in memory
 * there is written back and forgotten first.  i_size follows.  IOLOCK held exclusively, no ILOCK and no
 * transaction.
 */
int64_t xfs_direct_write(struct xfs_inode *ip, const struct iovec *iov, uint64_t pos, uint64_t len,
			 uint32_t unit) XFS_MUST_CHECK;

#endif
