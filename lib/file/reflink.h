/* SPDX-License-Identifier: MIT */
/* Blocks that several files, or several places of one, have together. */
#ifndef FILE_REFLINK_H
#define FILE_REFLINK_H

#include "file/file.h"

/* What a call on two ranges works with; bytes.  No lock held, no transaction open. */
struct xfs_remap {
	struct xfs_inode *src, *dst;	/* of one mount; may be the same */
	uint64_t src_off, dst_off, len;
	bool dedupe;			/* share what is equal, instead of making it equal */
};

/*
 * The range of the destination becomes that of the source, sharing its blocks (len 0: up to the
 * end of the source); with @dedupe that is only done when both have the same bytes, else
 * -EBADE.  Errors as xfs_clone_range() and xfs_dedupe_range() of <xfswrite/reflink.h>.
 */
int xfs_file_remap(const struct xfs_remap *remap) XFS_MUST_CHECK;

#endif
