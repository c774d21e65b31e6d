/* SPDX-License-Identifier: MIT */
/* Writing without the page cache, for handles opened with O_DIRECT. */
#ifndef WRITE_DIRECT_H
#define WRITE_DIRECT_H

#include "inode/inode.h"

/*
 * The sector size of the device; offsets and lengths of direct reads and writes are multiples of
 * it.
 */
int xfs_direct_unit(struct xfs_mount *mp, uint32_t *unit) XFS_MUST_CHECK;

/*
 * Write @len bytes of @iov at @pos, both multiples of @unit.  Returns how many are on the device
 * (maybe in its cache) and part of the file, or an error if none are.  First writes back and drops
 * the range from memory.  Updates i_size.  IOLOCK held exclusively; no ILOCK and no transaction
 * are.
 */
int64_t xfs_direct_write(struct xfs_inode *ip, const struct iovec *iov, uint64_t pos, uint64_t len,
			 uint32_t unit) XFS_MUST_CHECK;

#endif
