/* SPDX-License-Identifier: MIT */
/*
 * Files that share blocks: clones, copies, and sharing blocks of files with the same contents.
 *
 * A shared block is copied when one of its files writes to it, so the contents of files never tell.
 * Offsets and lengths are bytes.  Both handles must be of one xfs_mount_t and of regular files, and
 * may be of the same file.  Any number of threads may call these functions at once; both files are
 * locked against reading and writing meanwhile.
 *
 * Nothing is stable when a call returns, unless the destination is open with O_SYNC or O_DSYNC:
 * xfs_fsync() of the destination makes it so.  After a crash before that, the beginning of the
 * range has the new contents and the rest of it the old ones.
 *
 * Errors of shared blocks: all functions of this header may return these, and those of every call.
 *  -EXDEV: the files are of two mounts.
 *  -EBADF: a handle is not open for what is needed.
 *  -EISDIR: one is a directory.
 *  -EINVAL: one is not a regular file.
 *  -EROFS: the file system is open read-only.
 *  -EPERM: the destination is immutable.
 *  -EOPNOTSUPP: the file system was made without reflink, or a realtime file.
 *  -ENOSPC, -EDQUOT: no space, after everything reclaimable was reclaimed once.
 *  -EFBIG: the destination would have too many extents.
 *  -EMLINK: blocks have as many owners as can be counted, 2^32-2.
 *
 * -ENOSPC, -EFBIG and -EMLINK are found before anything changes, unless other threads take the
 * space meanwhile: then, and after -EIO, a part of the range may have been shared.
 */
#ifndef XFSWRITE_REFLINK_H
#define XFSWRITE_REFLINK_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make a range of a file share the blocks of another.  As ioctl(FICLONERANGE): [@dst_offset,
 * @dst_offset + @len) of @dst becomes [@src_offset, @src_offset + @len) of @src.  @len 0: up to the
 * end of @src.  Holes and unwritten blocks become holes.  @dst grows if it must; its times change,
 * and its set-id bits are removed as by a write.  If a whole file becomes a whole file, it takes
 * over the CoW extent size hint.  @src must be open for reading, @dst for writing and without
 * O_APPEND.
 *
 * Returns 0.
 *
 * Errors: those of shared blocks, and:
 *  -EINVAL: an offset is not a multiple of the block size; @len is not, and the range does not end
 *    at the end of @src, or it does and @dst is longer; the range is not inside @src; both are one
 *    file, and the ranges overlap; @dst would be too large.
 */
XFS_API int xfs_clone_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			    uint64_t dst_offset, uint64_t len);

/*
 * Copy a range of one file to another.  As copy_file_range(2): [@src_offset, @src_offset + @len),
 * at most up to the end of @src, is copied to @dst_offset of @dst.  Whole blocks are shared if the
 * offsets lie equally in their blocks and the file system has reflink; the rest is read and
 * written, so the call never fails for lack of reflink.  @src must be open for reading, @dst for
 * writing and without O_APPEND.
 *
 * Returns the number of bytes copied: 0 at and past the end of @src; fewer than @len if an error
 * came after the first.
 *
 * Errors: those of shared blocks, and:
 *  -EINVAL: an offset is above 2^63-1; both are one file, and the ranges overlap.
 *  -EFBIG: the copy would begin past the largest size.
 */
XFS_API int64_t xfs_copy_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			       uint64_t dst_offset, uint64_t len);

/*
 * Share the blocks of two ranges with the same bytes.  As ioctl(FIDEDUPERANGE) for one destination:
 * if [@src_offset, @src_offset + @len) of @src and [@dst_offset, @dst_offset + @len) of @dst have
 * the same bytes, they share blocks from now on.  Both are compared while no other call can change
 * them; contents, sizes and times stay as they are.  @dst need not be open for writing; on an
 * @unprivileged mount it must be, or belong to the caller.
 *
 * Returns @len, even if a part of the last block cannot be shared; 0 if @len is 0.
 *
 * Errors: those of shared blocks, and:
 *  -EBADE: the bytes differ, and nothing was changed.
 *  -EINVAL: an offset is not a multiple of the block size; a range is not inside its file; both are
 *    one file, and the ranges overlap; @src is not open for reading.
 *  -EPERM: @unprivileged, and @dst is neither open for writing nor the caller's.
 */
XFS_API int64_t xfs_dedupe_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
				 uint64_t dst_offset, uint64_t len);

#ifdef __cplusplus
}
#endif

#endif
