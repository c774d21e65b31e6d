/* SPDX-License-Identifier: MIT */
/* Contents of two files change places: how a file is given new contents at once. */
#ifndef XFSWRITE_EXCHANGE_H
#define XFSWRITE_EXCHANGE_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The values of ioctl_xfs_exchange_range(2). */
enum xfs_exchange_range_flags {
	XFS_EXCHANGE_RANGE_TO_EOF = 0x1u,
	XFS_EXCHANGE_RANGE_DSYNC = 0x2u,
	XFS_EXCHANGE_RANGE_DRY_RUN = 0x4u,
	XFS_EXCHANGE_RANGE_FILE1_WRITTEN = 0x8u,
};
#define XFS_EXCHANGE_RANGE_TO_EOF	0x1u	/* up to both ends, and the sizes (below); @len is ignored */
#define XFS_EXCHANGE_RANGE_DSYNC	0x2u	/* stable when it returns */
#define XFS_EXCHANGE_RANGE_DRY_RUN	0x4u	/* check everything, exchange nothing */
#define XFS_EXCHANGE_RANGE_FILE1_WRITTEN 0x8u	/* only where @file1 has written blocks */

/*
 * As ioctl(XFS_IOC_EXCHANGE_RANGE): [@offset1, +@len) of @file1 and [@offset2, +@len) of @file2 change
 * places.  Blocks stay where they are, so nothing is copied.  mtime and ctime of both become now,
 * and their set-id bits and capabilities go as with a write, also if @len is 0.  DRY_RUN takes the bits and
 * capabilities, too, but leaves mtime.
 *
 * Atomic: readers see all of it or nothing, and so does whoever looks after a crash.  To give a file new
 * contents at once, write them to one without a name (O_TMPFILE), and exchange the two with
 * TO_EOF.  Without DSYNC (or O_SYNC, O_DSYNC) it is stable after xfs_fsync() of either file.
 *
 * TO_EOF lets the sizes change places as they are, as the kernel does: with two offsets that differ the file
 * whose offset is larger ends before the last of the bytes that it was given.
 *
 * Both must be open for reading and writing, without O_APPEND.  Both may be one file.
 *
 * Errors: -EXDEV (two mounts), -EBADF, -EISDIR, -EINVAL (not a regular file; unknown flags; offsets or, unless
 * both ranges end at the ends of their files, @len are no multiple of a block; a range is not inside
 * its file; both are one file, and the ranges overlap), -EOPNOTSUPP (a realtime file; the exchange is
 * longer than one transaction, and the file system was made without the feature "exchange", or both are
 * one file), -EPERM (immutable), -EFBIG (too many extents), -ENOSPC, -ENOMEM, -EROFS, -EIO.  All
 * but -EIO leave both as they were.
 */
XFS_API int xfs_exchange_range(struct xfs_file *file1, uint64_t offset1, struct xfs_file *file2,
			       uint64_t offset2, uint64_t len, uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif
