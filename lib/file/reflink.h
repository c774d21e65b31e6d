/* SPDX-License-Identifier: MIT */
/* Sharing blocks between files, or between places of one file. */
#ifndef FILE_REFLINK_H
#define FILE_REFLINK_H

#include "file/file.h"

/* Arguments of a call on two ranges, in bytes.  The caller holds no lock and no transaction. */
struct xfs_remap {
	struct xfs_inode *src, *dst;	/* of one mount; may be the same */
	uint64_t src_off, dst_off, len;
	bool dedupe;			/* share only if the contents are equal */
};

/*
 * Make the destination's range share the source's blocks (len 0: up to the end of the source).
 * With @dedupe, only if both have the same bytes, else -EBADE.  Errors as for xfs_clone_range() and
 * xfs_dedupe_range() in <xfswrite/reflink.h>.
 */
int xfs_file_remap(const struct xfs_remap *remap) XFS_MUST_CHECK;

/*
 * Copy @len bytes, at most to the end of the source, sharing blocks where possible.  Returns the
 * number of bytes copied.  @flags and @seen are for the destination, as in a write.
 */
int64_t xfs_file_copy_range(const struct xfs_remap *copy, uint32_t flags,
			    struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/*
 * Give the file its own blocks for what it shares in [@offset, +@len), up to the end of the file;
 * they are on the device when this returns.  Clears the reflink flag if nothing is shared any more.
 * The caller handles times and privileges. -ENOSPC may leave a part done.  IOLOCK held exclusively.
 */
int xfs_file_unshare(struct xfs_inode *ip, uint64_t offset, uint64_t len) XFS_MUST_CHECK;

#endif
