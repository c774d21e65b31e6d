/* SPDX-License-Identifier: MIT */
/* Space of a file: fallocate(2). */
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
#define XFS_FALLOC_KEEP_SIZE		0x01u	/* blocks past the end do not move it */
#define XFS_FALLOC_PUNCH_HOLE		0x02u	/* only with KEEP_SIZE */
#define XFS_FALLOC_COLLAPSE_RANGE	0x08u
#define XFS_FALLOC_ZERO_RANGE		0x10u
#define XFS_FALLOC_INSERT_RANGE		0x20u
#define XFS_FALLOC_UNSHARE_RANGE	0x40u

/*
 * As fallocate(2) on [@offset, +@len) of @file, which is open for writing.  @mode is one of
 *
 *	0			blocks for holes: unwritten, they read as zeros; what is there stays.  The
 *				file grows to the end of the range.  Also with KEEP_SIZE.
 *	PUNCH_HOLE | KEEP_SIZE	whole blocks are freed, what is left of the range becomes zeros
 *	ZERO_RANGE		the same, and then blocks as with 0.  Also with KEEP_SIZE.
 *	COLLAPSE_RANGE		the range goes, what is behind it moves down; whole blocks, and the range
 *				ends before the end of the file
 *	INSERT_RANGE		what is from @offset on moves up, a hole is where it was; whole blocks,
 *				and @offset lies before the end of the file
 *	UNSHARE_RANGE		as 0, and the range shares no blocks with other files.  Also with
 *				KEEP_SIZE.
 *
 * A file that got blocks in this way keeps those past its end (XFS_XFLAG_PREALLOC) until it is cut.  mtime
 * and ctime change also when one of the last checks fails (alignment, the end of the file), and
 * set-id bits go as with a write.
 *
 * Errors, asked for in this order: -EINVAL (no range), -EOPNOTSUPP (no such mode), -EBADF, -EPERM
 * (immutable; append-only but for mode 0), -EISDIR or -ENODEV (no regular file), -EFBIG; -EINVAL of
 * alignment and of the end of the file; -ENOSPC, -EDQUOT, after all that can be reclaimed was, once:
 * blocks had until then stay, the size is as before.
 *
 * A crash shows each call before or after it, but: blocks come and go, and blocks are zeroed, in steps;
 * and where more than 63 extents are cut off or move (fewer on the smallest logs) a collapse or insert may
 * be found with only a part of them moved, as it always may on a kernel, and with the larger of the
 * two sizes.
 * With O_SYNC and O_DSYNC it is stable when it returns.
 */
XFS_API int xfs_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len);

enum xfs_map_flags {
	XFS_MAP_ATTR = 1u << 0,
	XFS_MAP_COW = 1u << 1,
	XFS_MAP_SYNC = 1u << 2,
};
#define XFS_MAP_ATTR	(1u << 0)	/* of the attribute fork */
/*
 * Of what is set aside for the data of shared blocks that was written and is in memory yet, and
 * will take their place; none of it is on the disk as this file's.
 */
#define XFS_MAP_COW	(1u << 1)
#define XFS_MAP_SYNC	(1u << 2)	/* write back what is dirty before */

/*
 * As xfs_extents(), of the data fork (no flag) or the one that @flags names: also of directories and
 * of what is past the end of the file, as preallocation is while it is open.  Contents that stand
 * in the inode itself have no extents.  Several calls, or one of many extents, may see the file
 * at several moments.  -EINVAL: flags.
 */
XFS_API int xfs_map_extents(struct xfs_file *file, uint32_t flags, uint64_t offset,
			    struct xfs_extent *extents, size_t max, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
