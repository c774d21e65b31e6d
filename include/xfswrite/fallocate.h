/* SPDX-License-Identifier: MIT */
/* Space of a file: fallocate(2), and its mappings. */
#ifndef XFSWRITE_FALLOCATE_H
#define XFSWRITE_FALLOCATE_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The values of <linux/falloc.h>. */
enum xfs_falloc_modes {
	XFS_FALLOC_KEEP_SIZE = 0x01u,
	XFS_FALLOC_PUNCH_HOLE = 0x02u,
	XFS_FALLOC_COLLAPSE_RANGE = 0x08u,
	XFS_FALLOC_ZERO_RANGE = 0x10u,
	XFS_FALLOC_INSERT_RANGE = 0x20u,
	XFS_FALLOC_UNSHARE_RANGE = 0x40u,
};
#define XFS_FALLOC_KEEP_SIZE		0x01u	/* the size stays, even if blocks are past it */
#define XFS_FALLOC_PUNCH_HOLE		0x02u	/* free blocks; only with KEEP_SIZE */
#define XFS_FALLOC_COLLAPSE_RANGE	0x08u	/* remove the range from the file */
#define XFS_FALLOC_ZERO_RANGE		0x10u	/* zeros, with blocks */
#define XFS_FALLOC_INSERT_RANGE		0x20u	/* insert a hole */
#define XFS_FALLOC_UNSHARE_RANGE	0x40u	/* copy shared blocks */

/*
 * Allocate, free, zero or move space of a file.  As fallocate(2) on [@offset, @offset + @len) of
 * @file.  @mode is one of these (XFS_FALLOC_*):
 *
 *	0			holes get unwritten blocks, which read as zeros; contents stay.
 *				The file grows to the end of the range.  Also with KEEP_SIZE.
 *	PUNCH_HOLE | KEEP_SIZE	whole blocks are freed, the rest of the range becomes zeros
 *	ZERO_RANGE		as PUNCH_HOLE, and then as 0.  Also with KEEP_SIZE.
 *	COLLAPSE_RANGE		the range is removed, what is behind it moves down; whole
 *				blocks, and the range ends before the end of the file
 *	INSERT_RANGE		what is at and behind @offset moves up and leaves a hole; whole
 *				blocks, and @offset lies before the end of the file
 *	UNSHARE_RANGE		as 0, and the range shares no blocks with other files
 *				afterwards.  Also with KEEP_SIZE.
 *
 * A file that got blocks in this way keeps those past its end (XFS_XFLAG_PREALLOC) until it is
 * truncated. mtime and ctime change also if one of the last checks fails (alignment, the end of the
 * file), and set-id bits are removed as by a write.
 *
 * A crash shows the file before or after the call, with these exceptions: blocks are allocated,
 * freed and zeroed in steps; and if more than 63 extents are cut off or move (fewer on the smallest
 * logs), a collapse or insert may be found with only a part of them moved, as it always may on a
 * kernel, and with the larger of the two sizes.  With O_SYNC and O_DSYNC the result is stable when
 * the call returns.
 *
 * Returns 0.  After -ENOSPC and -EDQUOT, blocks allocated until then stay, and the size is as
 * before.
 *
 * Errors: those of every call and of changes, and, looked for in this order:
 *  -EINVAL: @len is 0, or @offset or @len above 2^63-1.
 *  -EOPNOTSUPP: an unknown @mode, or a realtime file.
 *  -EBADF: the file is not open for writing.
 *  -EPERM: the file is immutable; or append-only, and @mode is not 0.
 *  -EISDIR, -ENODEV: a directory; not a regular file.
 *  -EFBIG: the range, or what moves up, ends past the largest size; or the file would have too many
 *    extents.
 *  -EINVAL: the range is not of whole blocks, or not before the end of the file.
 */
XFS_API int xfs_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len);

/* Which fork, and how. */
enum xfs_map_flags {
	XFS_MAP_ATTR = 1u << 0,
	XFS_MAP_COW = 1u << 1,
	XFS_MAP_SYNC = 1u << 2,
};
#define XFS_MAP_ATTR	(1u << 0)	/* of the attribute fork */
/*
 * Of the CoW fork: blocks reserved for data that was written over shared blocks and is still in
 * memory.  They take the place of the shared ones at write-back; on disk they are not yet this
 * file's.
 */
#define XFS_MAP_COW	(1u << 1)
#define XFS_MAP_SYNC	(1u << 2)	/* write dirty data back first */

/*
 * List the mappings of one fork of a file.  As xfs_extents(), of the data fork (no flag) or the one
 * that @flags (XFS_MAP_*) names: also of directories, and also past the end of the file, where
 * preallocation of open files lies.  Contents that stand in the inode itself have no extents.
 * Several calls, or one for many extents, may see the file at several moments.
 *
 * Returns 0.
 *
 * Errors: those of every call, and:
 *  -EINVAL: unknown flags, or ATTR and COW together; @max is 0; the @size of the first element is
 *    not a multiple of 8.
 *  -EBADF: the file was opened with O_PATH.
 *  -ENOSPC, -EDQUOT: SYNC, and blocks for delayed allocations could not be had.
 */
XFS_API int xfs_map_extents(struct xfs_file *file, uint32_t flags, uint64_t offset,
			    struct xfs_extent *extents, size_t max, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
