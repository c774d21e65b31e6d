/* SPDX-License-Identifier: MIT */
/* Contents of two files change places. */
#ifndef FILE_EXCHANGE_H
#define FILE_EXCHANGE_H

#include "file/file.h"

/* Bytes; the files are of one mount and may be one.  @flags: XFS_EXCHANGE_RANGE_*. */
struct xfs_exchange_args {
	struct xfs_inode *ip1, *ip2;
	uint64_t off1, off2, len;
	uint32_t flags;
};

/* As xfs_exchange_range() of <xfswrite/exchange.h>.  No lock held, no transaction open. */
int xfs_file_exchange(const struct xfs_exchange_args *args) XFS_MUST_CHECK;

#endif
