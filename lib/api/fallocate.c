/* SPDX-License-Identifier: MIT */
/* Allocating space, and extent maps: argument checks and flags; file/ does the work. */
#include <xfswrite/fallocate.h>
#include "api/api_priv.h"
#include "file/fallocate.h"

static int do_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len)
{
	struct xfs_mount *mp = file->f_mount;
	int error;

	if (file->f_flags & O_PATH)
		return xfs_error(mp, -EBADF, "the file is not open for anything");
	error = xfs_check_fallocate(mp, mode, offset, len);
	if (error)
		return error;
	if (!xfs_file_can_write(file))
		return xfs_error(mp, -EBADF, "the file is not open for writing");
	error = xfs_file_want_async(file->f_inode, xfs_file_sync_flags(file));
	return error ? error : xfs_file_fallocate(file->f_inode, mode, offset, len, xfs_file_sync_flags(file),
				  &file->f_wb_seen);
}

int xfs_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len)
{
	return XFS_CALL_FILE(file, do_fallocate(file, mode, offset, len));
}

static int do_extents(struct xfs_file *file, uint32_t flags, uint64_t offset,
		      struct xfs_extent *extents, size_t max, size_t *count)
{
	enum xfs_fork_id whichfork = XFS_DATA_FORK;
	int error = 0;

	*count = 0;
	if (file->f_flags & O_PATH)
		return xfs_error(file->f_mount, -EBADF, "the file is not open for anything");
	if (flags & ~(XFS_MAP_ATTR | XFS_MAP_COW | XFS_MAP_SYNC) ||
	    (flags & XFS_MAP_ATTR && flags & XFS_MAP_COW))
		return xfs_error(file->f_mount, -EINVAL, "flags %#x are not valid", flags);
	/* A result of no extents would mean that there are no more. */
	if (!max)
		return xfs_error(file->f_mount, -EINVAL, "the array of extents has no members");
	/* Otherwise the second element of the array would not be aligned. */
	if (!XFS_IS_ALIGNED(extents->size, 8u))
		return xfs_error(file->f_mount, -EINVAL, "struct xfs_extent has %u bytes, "
				 "which is not a multiple of 8", extents->size);
	if (flags & XFS_MAP_ATTR)
		whichfork = XFS_ATTR_FORK;
	else if (flags & XFS_MAP_COW)
		whichfork = XFS_COW_FORK;
	if (flags & XFS_MAP_SYNC)
		error = xfs_file_flush(file->f_inode);
	return error ? error : xfs_file_extents(file->f_inode, whichfork, offset, extents, max, count);
}

int xfs_extents(struct xfs_file *file, uint64_t offset, struct xfs_extent *extents, size_t max,
		size_t *count)
{
	return XFS_CALL_FILE(file, xfs_need_memory(count) ?:
				   xfs_need_struct(xfs_extent, extents, length) ?:
				   do_extents(file, 0, offset, extents, max, count));
}

int xfs_map_extents(struct xfs_file *file, uint32_t flags, uint64_t offset,
		    struct xfs_extent *extents, size_t max, size_t *count)
{
	return XFS_CALL_FILE(file, xfs_need_memory(count) ?:
				   xfs_need_struct(xfs_extent, extents, length) ?:
				   do_extents(file, flags, offset, extents, max, count));
}
