/* SPDX-License-Identifier: MIT */
#include "core/message.h"
#include "device/queue.h"
#include "file/file.h"
#include "write/writeback.h"

/* The inode and everything it needs was written, or has nothing new. */
static bool is_clean(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_item.li_state, __ATOMIC_ACQUIRE) == XFS_LI_CLEAN;
}

int xfs_file_fsync(struct xfs_inode *ip, uint64_t start, uint64_t end, bool datasync)
{
	struct xfs_mount *mp = ip->i_mount;
	int error, error2;

	if (mp->m_rdonly)
		return 0;
	XFS_TRACE(mp, xfs_file_fsync, ip->i_ino, start, end);
	error = xfs_is_reg(ip) ? xfs_writeback_range(ip, start, end) : 0;
	error2 = xfs_data_error(ip);
	error = error ? error : error2;
	xfs_writeback_release(mp);
	if (xfs_is_shutdown(mp))
		return xfs_error(mp, -EIO, "the file system was shut down");
	xfs_iflags_clear(ip, XFS_IF_TRUNCATED);
	error2 = datasync ? 0 : xfs_log_times(ip);
	/*
	 * Without a journal what an inode needs - trees, free space - is spread over
	 * the disk: all of it goes home.
	 */
	if (!error2 && !is_clean(ip))
		error2 = xfs_checkpoint_writeback(mp, true);
	else if (!error2)
		error2 = xfs_queue_flush(mp->m_queue);
	return error ? error : error2;
}
