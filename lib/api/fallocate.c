/* SPDX-License-Identifier: MIT */
/* Space of files: argument checks and flags; everything else is file/'s. */
#include <xfswrite/fallocate.h>
#include "api/api_priv.h"
#include "file/fallocate.h"

static int do_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len)
{
	struct xfs_mount *mp = file->f_mount;
	uint32_t flags = 0;
	int error;

	if (file->f_flags & O_PATH)
		return xfs_error(mp, -EBADF, "the file is not open for anything");
	error = xfs_check_fallocate(mp, mode, offset, len);
	if (error)
		return error;
	if (!xfs_file_can_write(file))
		return xfs_error(mp, -EBADF, "the file is not open for writing");
	if ((file->f_flags & O_SYNC) == O_SYNC)	/* O_DSYNC is one of its bits */
		flags = XFS_WRITE_SYNC;
	else if (file->f_flags & O_DSYNC)
		flags = XFS_WRITE_DSYNC;
	return xfs_file_fallocate(file->f_inode, mode, offset, len, flags, &file->f_wb_seen);
}

int xfs_fallocate(struct xfs_file *file, int mode, uint64_t offset, uint64_t len)
{
	return XFS_CALL_FILE(file, do_fallocate(file, mode, offset, len));
}
