/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing files in other ways than from and to one buffer: vectors of buffers, flags of a
 * single call, sources that are asked for their bytes, and host descriptors.  The conventions are those of
 * <xfswrite/xfswrite.h>, which has xfs_pread(), xfs_pwrite() and xfs_write_from_fd().
 *
 * Speed: what is in memory is copied once.  Where a processor compares only the low 12 bits of
 * addresses, a copy whose destination lies a few bytes behind its source in them takes three times
 * as long; file data in memory begins on multiples of 4096, so buffers that do so too never meet
 * this.
 */
#ifndef XFSWRITE_IO_H
#define XFSWRITE_IO_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Flags of one call, with the values and the meaning of RWF_* in preadv2(2).  Reading takes all of them
 * and needs none.  Others: -EOPNOTSUPP, and nothing was done.
 */
enum xfs_rwf {
	XFS_RWF_HIPRI = 0x01,
	XFS_RWF_DSYNC = 0x02,
	XFS_RWF_SYNC = 0x04,
	XFS_RWF_NOWAIT = 0x08,
	XFS_RWF_APPEND = 0x10,
};
#define XFS_RWF_HIPRI	0x01u	/* changes nothing */
#define XFS_RWF_DSYNC	0x02u	/* as if the file were open with O_DSYNC */
#define XFS_RWF_SYNC	0x04u	/* as if the file were open with O_SYNC */
#define XFS_RWF_NOWAIT	0x08u	/* -EAGAIN, or a short count, instead of waiting: <xfswrite/nowait.h> */
#define XFS_RWF_APPEND	0x10u	/* as if the file were open with O_APPEND: at its end, wherever that is */

/*
 * As xfs_pread() and xfs_pwrite(), with @iovcnt buffers, which are filled or written one after the
 * other: in one piece, so that nobody sees a part of such a write.  -EINVAL: more than IOV_MAX (1024)
 * buffers, fewer than none, or more than SSIZE_MAX bytes in all; -EFAULT: a vector or a buffer of it
 * that is not empty is NULL.  Then nothing was done.  No bytes at all: 0, and no flag is looked at.
 *
 * A device that fails in the middle of a read: the bytes before the first block that it cannot read,
 * -EIO only if there are none.
 */
XFS_API ssize_t xfs_preadv(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			   uint64_t offset);
XFS_API ssize_t xfs_preadv2(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			    uint64_t offset, unsigned int flags);
XFS_API ssize_t xfs_pwritev(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			    uint64_t offset);
XFS_API ssize_t xfs_pwritev2(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			     uint64_t offset, unsigned int flags);

/*
 * A source of bytes: puts up to @len of them, the next ones, into @buf.  Returns how many, at least
 * one, fewer than @len if it likes (it is asked again); 0 when there are no more; a negative errno when
 * it cannot go on.
 */
typedef ssize_t (*xfs_source_fn)(void *ctx, void *buf, size_t len);

/*
 * Write at @offset (XFS_RWF_APPEND, O_APPEND: at the end) what @source gives, up to @len bytes: as
 * xfs_pwrite(), but the bytes are put where they stay, in memory of the library.  @flags: XFS_RWF_*.
 *
 * Returns the bytes that were written: fewer than @len when @source ended or failed, or space did; all
 * that it gave before is written, at whatever byte that ends.  Its negative errno, unchanged, only when
 * nothing was written; space that was reserved for the rest is given back.  It is asked for nothing
 * before there is space for it, and is never asked again for what it gave: but when the device cannot
 * be read, or memory ends, in the middle of a block, up to a block that it gave is not written, and the
 * returned count says so.
 *
 * @source is called on this thread with the file locked, so that nobody sees a part of the write: it
 * may not call the library for this file system.  (xfs_write_from_fd() reads pipes without that.)
 * -EINVAL: @source is NULL, or returned more than it was asked for.
 */
XFS_API int64_t xfs_write_from(struct xfs_file *file, xfs_source_fn source, void *ctx,
			       uint64_t offset, uint64_t len, unsigned int flags);

/*
 * Copy [@offset, +@len) of @file, or up to its end, to host descriptor @fd at @fd_offset, without a
 * buffer of the caller's.  A pipe, socket or terminal takes it from where it stands, @fd_offset 0
 * (-ESPIPE).  Returns the bytes copied, 0 at and past the end of @file; holes are zeros.
 *
 * Where the image is a host file the host copies by itself (copy_file_range(2); sendfile(2) into pipes and
 * sockets, on read-only mounts), and may share blocks between the image and @fd's file; what is dirty
 * comes from memory.  Only bytes that were copied can be told: after an error in the middle a short
 * count, and the next call meets the error.
 *
 * Of @fd: -EBADF, -EINVAL, -ESPIPE, -EACCES, -EPERM, -EAGAIN, -EPIPE (and the signal), -ECONNRESET,
 * -ENOSPC, -EDQUOT and -EFBIG as write(2) said, else -EIO; xfs_error_text() says that it was the host file.
 */
XFS_API int64_t xfs_read_to_fd(struct xfs_file *file, uint64_t offset, int fd, uint64_t fd_offset,
			       uint64_t len);

#ifdef __cplusplus
}
#endif
#endif
