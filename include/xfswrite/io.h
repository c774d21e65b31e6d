/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing files in other ways than from and to one buffer: vectors of buffers, flags of
 * a single call, sources that are asked for their bytes, and host descriptors.  The conventions,
 * and the errors of every call and of changes, are in <xfswrite/xfswrite.h>; <xfswrite/file.h> has
 * xfs_pread(), xfs_pwrite() and xfs_write_from_fd().
 *
 * Speed: data in memory is copied once.  On processors that compare only the low 12 bits of
 * addresses, a copy whose destination lies a few bytes behind its source in those bits takes three
 * times as long.  Cached file data begins at multiples of 4096; buffers that do so too never meet
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
 * Flags of one call, with the values and the meaning of RWF_* in preadv2(2).  Reading accepts all
 * of them and needs none.
 */
enum xfs_rwf {
	XFS_RWF_HIPRI = 0x01,
	XFS_RWF_DSYNC = 0x02,
	XFS_RWF_SYNC = 0x04,
	XFS_RWF_NOWAIT = 0x08,
	XFS_RWF_APPEND = 0x10,
};
#define XFS_RWF_HIPRI	0x01u	/* accepted, changes nothing */
#define XFS_RWF_DSYNC	0x02u	/* as if the file were open with O_DSYNC */
#define XFS_RWF_SYNC	0x04u	/* as if the file were open with O_SYNC */
#define XFS_RWF_NOWAIT	0x08u	/* do not wait: see <xfswrite/nowait.h> */
#define XFS_RWF_APPEND	0x10u	/* as if the file were open with O_APPEND */

/*
 * Read from a file into several buffers.  As xfs_pread(), with @iovcnt buffers that are filled one
 * after the other.  @flags: XFS_RWF_*.  No bytes at all: 0, and @flags are not looked at.
 *
 * Returns the number of bytes, as xfs_pread().
 *
 * Errors: those of xfs_pread(), and:
 *  -EINVAL: @iovcnt is negative or above IOV_MAX (1024); more than SSIZE_MAX bytes in all.
 *  -EFAULT: @iov, or a buffer in it that is not empty, is NULL.
 *  -EOPNOTSUPP: unknown flags.
 *  -EAGAIN: XFS_RWF_NOWAIT, and not even the first byte is in memory.
 */
XFS_API ssize_t xfs_preadv(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			   uint64_t offset);
XFS_API ssize_t xfs_preadv2(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			    uint64_t offset, unsigned int flags);

/*
 * Write to a file from several buffers.  As xfs_pwrite(), with @iovcnt buffers that are written one
 * after the other, in one piece: no reader sees a part of the write.  @flags: XFS_RWF_*.  No bytes
 * at all: 0, and @flags are not looked at.
 *
 * Returns the number of bytes, as xfs_pwrite().
 *
 * Errors: those of xfs_pwrite(), and:
 *  -EINVAL: @iovcnt is negative or above IOV_MAX (1024); more than SSIZE_MAX bytes in all.
 *  -EFAULT: @iov, or a buffer in it that is not empty, is NULL.
 *  -EOPNOTSUPP: unknown flags.
 *  -EAGAIN: XFS_RWF_NOWAIT, and the write would have to wait; see <xfswrite/nowait.h>.
 */
XFS_API ssize_t xfs_pwritev(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			    uint64_t offset);
XFS_API ssize_t xfs_pwritev2(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			     uint64_t offset, unsigned int flags);

/*
 * A source of bytes.  It puts the next bytes, up to @len, into @buf and returns how many: at least
 * one, and fewer than @len if it likes (it is asked again); 0 when there are no more; a negative
 * errno when it cannot go on.
 */
typedef ssize_t (*xfs_source_fn)(void *ctx, void *buf, size_t len);

/*
 * Write to a file what a function supplies.  Up to @len bytes that @source returns are written at
 * @offset (XFS_RWF_APPEND, O_APPEND: at the end), as by xfs_pwrite(), but @source puts them
 * directly into the library's memory.  @flags: XFS_RWF_*; O_DIRECT is ignored.
 *
 * @source is called on this thread with the file locked, so that no reader sees a part of the
 * write: it must not call the library for this file system.  (xfs_write_from_fd() reads pipes
 * without that lock.)  It is asked for bytes only when there is space for them, and never again for
 * what it gave.
 *
 * Returns the number of bytes written: fewer than @len if @source ended or failed, or space did.
 * All that @source gave before is written, up to whatever byte that is, and space reserved for the
 * rest is given back.  If the device cannot be read or memory ends in the middle of a block, up to
 * one block that @source gave is not written, and not counted.
 *
 * Errors: those of xfs_pwrite(), and:
 *  -EINVAL: @source is NULL, or returned more than it was asked for.
 *  -EOPNOTSUPP: unknown flags.
 *  -EAGAIN: XFS_RWF_NOWAIT, and the write would have to wait.
 *
 * A negative errno of @source is returned unchanged if nothing was written.
 */
XFS_API int64_t xfs_write_from(struct xfs_file *file, xfs_source_fn source, void *ctx,
			       uint64_t offset, uint64_t len, unsigned int flags);

/*
 * Copy from a file to a host file.  [@offset, @offset + @len) of @file, at most up to its end, goes
 * to host descriptor @fd at @fd_offset, without a buffer of the caller's; holes are written as
 * zeros.  A pipe, socket or terminal takes it at its current position; @fd_offset must be 0.  @fd
 * stays the caller's.
 *
 * Where the image is a host file, the host copies by itself (copy_file_range(2); sendfile(2) into
 * pipes and sockets, on read-only mounts), and may share blocks between the image and the file of
 * @fd; dirty data comes from memory.
 *
 * Returns the number of bytes copied, 0 at and past the end of @file.  After an error in the middle
 * this is a short count, and the next call meets the error.
 *
 * Errors: those of xfs_pread(), and of @fd, where xfs_error_text() says that it was the host file:
 *  -EBADF, -EINVAL, -EACCES, -EPERM, -EAGAIN, -EPIPE (and the signal), -ECONNRESET, -ENOSPC,
 *    -EDQUOT, -EFBIG: as write(2) said.
 *  -ESPIPE: @fd has no offsets, and @fd_offset is not 0.
 *  -EIO: any other failure of @fd.
 */
XFS_API int64_t xfs_read_to_fd(struct xfs_file *file, uint64_t offset, int fd, uint64_t fd_offset,
			       uint64_t len);

#ifdef __cplusplus
}
#endif
#endif
