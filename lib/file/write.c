/* SPDX-License-Identifier: MIT */
/*
 * The policy of a write: locks, checks and their side effects, the one retry, O_SYNC.
 *
 * The times are set in memory before the data is copied, and logged by the transaction that
 * write-back opens for the data, or by fsync.  A write that leaves nothing to write back logs them
 * itself.
 */
#include "core/message.h"
#include "file/file.h"
#include "file/privileges.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

/* ---- checks ------------------------------------------------------------------------ */

/* Limits, append position, zeroing up to @*pos, privileges, times: in this order.  IOLOCK held. */
static int write_checks(struct xfs_inode *ip, uint64_t *pos, uint64_t *len, uint32_t flags)
{
	uint64_t isize = xfs_isize(ip);
	bool did_zero = false;
	int error;

	if (flags & XFS_WRITE_APPEND)
		*pos = isize;
	if (*pos >= XFS_MAXBYTES)
		return xfs_error(ip->i_mount, -EFBIG, "offset %" PRIu64 " is past the largest size",
				 *pos);
	*len = XFS_MIN(*len, XFS_MAXBYTES - *pos);
	if (*pos > isize) {
		error = xfs_zero_range(ip, isize, *pos - isize, &did_zero);
		if (error)
			return error;
	}
	return xfs_file_modified(ip);
}

/* ---- the write ----------------------------------------------------------------------- */

static int64_t write_once(struct xfs_inode *ip, struct xfs_write_source *source,
			  uint64_t *pos, uint64_t len, uint32_t flags)
{
	int64_t ret;

	xfs_rwlock_excl(&ip->i_iolock);
	XFS_TRACE(ip->i_mount, xfs_file_buffered_write, ip->i_ino, xfs_isize(ip), *pos, len);
	ret = write_checks(ip, pos, &len, flags);
	if (!ret) {
		ret = xfs_buffered_write(ip, source, *pos, len);
		if (ret <= 0) {
			int error = xfs_log_times(ip);

			ret = ret ? ret : error;
		}
	}
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return ret;
}

int64_t xfs_file_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
				uint64_t len, uint32_t flags,
				struct xfs_data_errors_seen *seen)
{
	struct xfs_mount *mp = ip->i_mount;
	bool tried = false;
	uint64_t at;
	int64_t ret;
	int error;

	if (!len)
		return 0;
	if (!xfs_is_reg(ip))
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is no regular file", ip->i_ino);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is open read-only");
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	error = xfs_untold_data_error(ip, len);
	if (error)
		return error;
	if (pos > XFS_MAXBYTES || len > XFS_MAXBYTES - pos)
		return xfs_error(mp, -EINVAL, "%" PRIu64 " bytes at %" PRIu64
				 " end past the largest offset", len, pos);

	do {
		at = pos;
		ret = write_once(ip, source, &at, len, flags);
		/* What a source gave once it need not give again, and its errors are its own. */
	} while (ret < 0 && !source->asked && xfs_reclaim_and_retry(ip, (int)ret, &tried));
	xfs_writeback_release(mp);
	if (ret > 0 && ((flags & (XFS_WRITE_DSYNC | XFS_WRITE_SYNC)) ||
			(xfs_inode_diflags(ip) & XFS_DIFLAG_SYNC))) {
		error = xfs_file_fsync(ip, at, at + (uint64_t)ret, !(flags & XFS_WRITE_SYNC), seen);
		if (error)
			return error;
	}
	return ret;
}
