/* SPDX-License-Identifier: MIT */
/* Exchanging the contents of two files. */
#ifndef FILE_EXCHANGE_H
#define FILE_EXCHANGE_H

#include "file/file.h"

/* In bytes; the files belong to one mount and may be the same.  @flags: XFS_EXCHANGE_RANGE_*. */
struct xfs_exchange_args {
	struct xfs_inode *ip1, *ip2;
	uint64_t off1, off2, len;
	uint32_t flags;
};

/* See xfs_exchange_range() in <xfswrite/exchange.h>. No lock is held and no transaction open. */
int xfs_file_exchange(const struct xfs_exchange_args *args) XFS_MUST_CHECK;

#endif
