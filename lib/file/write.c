/* SPDX-License-Identifier: MIT */
/*
 * The policy of a write: locks, checks and their side effects, the retry, O_SYNC.
 *
 * The times are set in memory before the data is copied.  They are logged by the transaction that
 * write-back opens for the data, or by fsync.  A write that leaves nothing to write back logs them
 * itself.
 */
#include "core/message.h"
#include "core/stats.h"
#include "file/file.h"
#include "file/privileges.h"
#include "reclaim/reclaim.h"
#include "write/direct.h"
#include "write/writeback.h"

/* ---- checks ------------------------------------------------------------------------ */

/* Limits, append position, zeroing up to *@pos, privileges, times, in this order.  IOLOCK held. */
static int write_checks(struct xfs_inode *ip, uint64_t *pos, uint64_t *len, uint32_t flags,
			struct xfs_file_times *times)
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
		if (xfs_nowait())
			return xfs_would_wait("inode %" PRIu64 ": zeros must be written up to %" PRIu64,
					      ip->i_ino, *pos);
		error = xfs_zero_range(ip, isize, *pos - isize, &did_zero);
		if (error)
			return error;
	}
	return xfs_file_modified(ip, times);
}

/* Refuse a NOWAIT call that would use the device. */
static int want_no_device(const struct xfs_inode *ip, uint32_t flags, uint32_t unit)
{
	if (unit && xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 " is written to the device", ip->i_ino);
	return xfs_file_want_async(ip, flags);
}

/* -EINVAL unless it is whole sectors.  @what: "of the request", or "at the end" for an append. */
static int check_sectors(struct xfs_inode *ip, const char *what, uint64_t pos, uint64_t len,
			 uint32_t unit)
{
	if (XFS_IS_ALIGNED(pos | len, unit))
		return 0;
	return xfs_error(ip->i_mount, -EINVAL,
			 "inode %" PRIu64 ": O_DIRECT: %" PRIu64 " bytes at %" PRIu64
			 " %s are not whole sectors of %u bytes",
			 ip->i_ino, len, pos, what, unit);
}

/* ---- the write ----------------------------------------------------------------------- */

/* Write without the page cache.  Logs the times, because no write-back follows. */
static int64_t write_direct(struct xfs_inode *ip, const struct iovec *iov, uint64_t pos, uint64_t len,
			    uint32_t unit)
{
	int error = check_sectors(ip, "at the end", pos, len, unit), error2;
	int64_t ret = error ? error : xfs_direct_write(ip, iov, pos, len, unit);

	error2 = xfs_log_times(ip);
	return ret < 0 || !error2 ? ret : error2;
}

static int64_t write_cached(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
			    uint64_t len)
{
	int64_t ret = xfs_buffered_write(ip, source, pos, len);

	if (ret <= 0 && !(ret < 0 && xfs_nowait_asked())) {
		int error = xfs_log_times(ip);

		ret = ret ? ret : error;
	}
	return ret;
}

/*
 * The end of a NOWAIT write.  Write-back in between may have logged the old times.  If data is
 * still dirty and not being written, its write-back will log the new ones; otherwise log them now.
 */
static int set_times_now(struct xfs_inode *ip, struct xfs_file_times *times)
{
	uint64_t start, end;

	xfs_file_was_modified(ip, times);
	if (ip->i_mapping && !xfs_mapping_is_writing(ip->i_mapping) &&
	    xfs_mapping_find_dirty(ip->i_mapping, 0, XFS_MAXBYTES, &start, &end))
		return 0;
	return xfs_log_times(ip);
}

/* @unit: sector size of a direct write, or 0. */
static int64_t write_once(struct xfs_inode *ip, struct xfs_write_source *source,
			  uint64_t *pos, uint64_t len, uint32_t flags, uint32_t unit)
{
	struct xfs_file_times times = { .set = false };
	int64_t ret = xfs_iolock_want_excl(ip);

	if (ret)
		return ret;
	if (unit)
		XFS_TRACE(ip->i_mount, xfs_file_direct_write, ip->i_ino, xfs_isize(ip), *pos, len);
	else
		XFS_TRACE(ip->i_mount, xfs_file_buffered_write, ip->i_ino, xfs_isize(ip), *pos, len);
	ret = write_checks(ip, pos, &len, flags, &times);
	if (!ret)
		ret = unit ? write_direct(ip, source->iov, *pos, len, unit)
			   : write_cached(ip, source, *pos, len);
	if (times.later && (ret > 0 || (ret != XFS_WOULD_WAIT && !xfs_nowait()))) {
		int error = set_times_now(ip, &times);

		ret = ret > 0 && error ? error : ret;
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
	uint32_t unit = 0;
	uint64_t at;
	int64_t ret;
	int error;

	xfs_stats_inc(mp, XFS_COUNT_xs_write_calls);
	if (!len)
		return 0;
	if (!xfs_is_reg(ip))
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is not a regular file", ip->i_ino);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	error = xfs_untold_data_error(ip, len);
	if (error)
		return error;
	if (pos > XFS_MAXBYTES || len > XFS_MAXBYTES - pos)
		return xfs_error(mp, -EINVAL, "%" PRIu64 " bytes at %" PRIu64
				 " end past the largest offset", len, pos);
	if (flags & XFS_WRITE_DIRECT && source->iov) {
		error = xfs_direct_unit(mp, &unit);
		if (!error)
			error = check_sectors(ip, "of the request", pos, len, unit);
		if (error)
			return error;
	}
	error = want_no_device(ip, flags, unit);
	if (error)
		return error;

	do {
		at = pos;
		ret = write_once(ip, source, &at, len, flags, unit);
		/*
		 * No retry if the source is a function that was called: it need not deliver its
		 * bytes again, and its errors are not about this file system.
		 */
	} while (ret < 0 && !source->asked &&
		 (unit ? xfs_reclaim_and_retry(ip, (int)ret, &tried)
		       : xfs_reclaim_and_retry_write(ip, (int)ret, &tried)));
	xfs_writeback_release(mp);
	if (ret > 0)
		xfs_stats_add(mp, XFS_COUNT_xs_write_bytes, (uint64_t)ret);
	if (ret <= 0)
		return ret;
	error = xfs_file_fsync_written(ip, at, at + (uint64_t)ret, flags, seen);
	return error ? error : ret;
}
