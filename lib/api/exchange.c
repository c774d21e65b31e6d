/* SPDX-License-Identifier: MIT */
/* Exchanging contents: argument checks; file/ does the work. */
#include <xfswrite/exchange.h>
#include "api/api_priv.h"
#include "file/exchange.h"

static int check_handle(struct xfs_file *file)
{
	if (xfs_is_dir(file->f_inode))
		return xfs_error(file->f_mount, -EISDIR, "inode %" PRIu64 " is a directory",
				 file->f_inode->i_ino);
	if (!xfs_is_reg(file->f_inode))
		return xfs_error(file->f_mount, -EINVAL, "inode %" PRIu64 " is not a regular file",
				 file->f_inode->i_ino);
	if ((file->f_flags & (O_PATH | O_APPEND)) || !xfs_file_can_read(file) ||
	    !xfs_file_can_write(file))
		return xfs_error(file->f_mount, -EBADF, "inode %" PRIu64
				 " is not open for reading and for writing at offsets",
				 file->f_inode->i_ino);
	return 0;
}

static bool is_sync(const struct xfs_file *file)
{
	return xfs_file_is_sync(file->f_inode, xfs_file_sync_flags(file));
}

static int want_async(const struct xfs_file *file)
{
	return xfs_file_want_async(file->f_inode, xfs_file_sync_flags(file));
}

static int do_exchange(struct xfs_file *file1, uint64_t offset1, struct xfs_file *file2,
		       uint64_t offset2, uint64_t len, uint32_t flags)
{
	struct xfs_exchange_args args;
	int error = xfs_need_object(file1);

	if (!error)
		xfs_file_asks_too(file1);
	if (!error && file1->f_mount != file2->f_mount)
		error = xfs_error(file2->f_mount, -EXDEV, "the files are of different file systems");
	if (!error)
		error = check_handle(file1);
	if (!error)
		error = check_handle(file2);
	if (!error && !(flags & XFS_EXCHANGE_RANGE_DRY_RUN))
		error = want_async(file1) ?: want_async(file2);
	if (!error && flags & XFS_EXCHANGE_RANGE_DSYNC && xfs_nowait())
		error = xfs_would_wait("an exchange that becomes stable at once");
	if (error)
		return error;
	args = (struct xfs_exchange_args){
		.ip1 = file1->f_inode, .ip2 = file2->f_inode,
		.off1 = offset1, .off2 = offset2, .len = len, .flags = flags,
	};
	error = xfs_file_exchange(&args);
	if (error || (flags & XFS_EXCHANGE_RANGE_DRY_RUN) ||
	    !((flags & XFS_EXCHANGE_RANGE_DSYNC) || is_sync(file1) || is_sync(file2)))
		return error;
	/* One checkpoint has the changes of both files. */
	return xfs_file_fsync(file2->f_inode, 0, XFS_MAXBYTES, false, &file2->f_wb_seen);
}

int xfs_exchange_range(struct xfs_file *file1, uint64_t offset1, struct xfs_file *file2,
		       uint64_t offset2, uint64_t len, uint32_t flags)
{
	return XFS_CALL_FILE(file2, do_exchange(file1, offset1, file2, offset2, len, flags));
}
