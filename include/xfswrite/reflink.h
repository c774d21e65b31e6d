/* SPDX-License-Identifier: MIT */
/*
 * Files that share blocks: clones, copies, and finding that two files have the same contents.
 *
 * A block that is shared is copied when one of its files writes to it, so nobody can tell from a
 * file's contents.  Offsets and lengths are bytes.  Both handles must be of one xfs_mount_t
 * (-EXDEV), of regular files (-EISDIR, -EINVAL), and may be of the same file.  Any number of
 * threads may call these at once; both files are locked against reading and writing meanwhile.
 *
 * Nothing is stable when a call returns, unless the destination is open with O_SYNC or O_DSYNC: that
 * is what xfs_fsync() of the destination is for.  After a crash before it, the range has at its
 * beginning what it was given, and behind that what was there before.
 *
 * Errors that all of them have: -EBADF (a handle is not open for what is needed), -EOPNOTSUPP (the
 * file system was made without reflink, or a realtime file), -EPERM (the destination is
 * immutable), -EROFS, -EIO, -ENOMEM, -ENOSPC (after everything reclaimable was
 * reclaimed once), -EFBIG (too many extents), -EMLINK (blocks have as many owners as can be counted,
 * 2^32-2).  The last two and -ENOSPC are found before anything is changed, unless other threads
 * are faster: then, and after -EIO, a part of the range may have been shared.
 */
#ifndef XFSWRITE_REFLINK_H
#define XFSWRITE_REFLINK_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As ioctl(FICLONERANGE): [@dst_offset, +@len) of @dst becomes [@src_offset, +@len) of @src, and shares
 * its blocks.  @len 0: up to the end of @src.  Holes, and space that was allocated and
 * not written, become holes.  @dst grows if it must; its times change, and its set-id bits as by a write;
 * if a whole file becomes a whole file, it takes the CoW extent size hint along.
 *
 * -EINVAL: an offset, or @len unless it ends at the end of @src, is no multiple of the block size; it
 * ends at the end of @src inside a block, and @dst is longer; it is not inside @src; both are
 * one file, and the ranges overlap; @dst would be too large.  -EBADF: @src must be open for reading, @dst
 * for writing and without O_APPEND.
 */
XFS_API int xfs_clone_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			    uint64_t dst_offset, uint64_t len);

/*
 * As copy_file_range(2): the bytes of [@src_offset, +@len), at most up to the end of @src, to @dst_offset
 * of @dst.  Whole blocks are shared if the offsets lie equally in their blocks and the file system
 * can; the rest is read and written.  Never fails for want of reflink.  Returns the bytes copied: 0 at and past
 * the end of @src; fewer than asked when an error came after the first.
 *
 * -EINVAL: both are one file, and the ranges overlap.  -EFBIG: past the largest size.  -EBADF: as for
 * xfs_clone_range().
 */
XFS_API int64_t xfs_copy_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			       uint64_t dst_offset, uint64_t len);

/*
 * As ioctl(FIDEDUPERANGE) for one destination: if [@src_offset, +@len) of @src and [@dst_offset, +@len) of
 * @dst have the same bytes, they share blocks from now on.  Both are compared while nobody can
 * change them; contents, sizes and times stay as they are.  Returns @len, also when a part of the last
 * block cannot be shared; 0 if @len is 0.
 *
 * -EBADE: the bytes differ, and nothing was changed.  -EINVAL: an offset is no multiple of the block size; a
 * range is not inside its file; both are one file, and the ranges overlap; @src is not open for
 * reading.  @dst need not be open for writing; on a mount that is @unprivileged it must be, or be
 * the caller's (-EPERM).
 */
XFS_API int64_t xfs_dedupe_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
				 uint64_t dst_offset, uint64_t len);

#ifdef __cplusplus
}
#endif

#endif
