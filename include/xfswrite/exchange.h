/* SPDX-License-Identifier: MIT */
/* Exchanging the contents of two files: how a file gets new contents at once. */
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
#define XFS_EXCHANGE_RANGE_TO_EOF	0x1u	/* to both ends, with the sizes; @len is ignored */
#define XFS_EXCHANGE_RANGE_DSYNC	0x2u	/* stable when the call returns */
#define XFS_EXCHANGE_RANGE_DRY_RUN	0x4u	/* check everything, exchange nothing */
#define XFS_EXCHANGE_RANGE_FILE1_WRITTEN 0x8u	/* only where @file1 has written blocks */

/*
 * Exchange ranges of two files.  As ioctl(XFS_IOC_EXCHANGE_RANGE): [@offset1, @offset1 + @len) of
 * @file1 and [@offset2, @offset2 + @len) of @file2 change places.  Blocks stay where they are, and
 * nothing is copied. mtime and ctime of both become now, and their set-id bits and capabilities are
 * removed as by a write, also if @len is 0.  DRY_RUN removes these too, but leaves mtime.  @flags:
 * XFS_EXCHANGE_RANGE_*.
 *
 * The exchange is atomic: readers see all of it or nothing, and so does a crash.  To give a file
 * new contents at once, write them to a file without a name (O_TMPFILE), and exchange the two with
 * TO_EOF.  It is stable after xfs_fsync() of either file, or at once with DSYNC, O_SYNC or O_DSYNC.
 *
 * TO_EOF exchanges the sizes as they are, as the kernel does: if the two offsets differ, the file
 * with the larger offset ends before the last of the bytes it was given.
 *
 * Both files must be open for reading and writing, without O_APPEND, and may be the same file.
 *
 * Returns 0.  All errors but -EIO leave both files as they were.
 *
 * Errors: those of every call and of changes, and:
 *  -EXDEV: the files are of two mounts.
 *  -EBADF: a handle is not open for reading and writing, or has O_APPEND.
 *  -EISDIR: one is a directory.
 *  -EINVAL: one is not a regular file; unknown flags; an offset is not a multiple of the block
 *    size; @len is not, and the ranges do not both end at the ends of their files; a range is not
 *    inside its file; both are one file, and the ranges overlap; a file would become too large.
 *  -EOPNOTSUPP: a realtime file; or the exchange is longer than one transaction, and the file
 *    system was made without the feature "exchange", or both are one file.
 *  -EPERM: one is immutable.
 *  -EFBIG: a file would have too many extents.
 */
XFS_API int xfs_exchange_range(struct xfs_file *file1, uint64_t offset1, struct xfs_file *file2,
			       uint64_t offset2, uint64_t len, uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif
