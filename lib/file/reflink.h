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

/*
 * Copy @len bytes, at most to the end of the source, sharing blocks where that is possible.  Bytes
 * copied; @flags and @seen are the destination's, as for a write.
 */
int64_t xfs_file_copy_range(const struct xfs_remap *copy, uint32_t flags,
			    struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/*
 * The file gets blocks of its own for what it shares of [@offset, +@len), up to its end; on the
 * device when this returns.  If it shares nothing at all then, its reflink flag goes.  IOLOCK held
 * exclusively; times and privileges are the caller's.  -ENOSPC leaves a part of it done.
 */
int xfs_file_unshare(struct xfs_inode *ip, uint64_t offset, uint64_t len) XFS_MUST_CHECK;

#endif
