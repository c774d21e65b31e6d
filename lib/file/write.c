/* SPDX-License-Identifier: MIT */
/*
 * The policy of a write: locks, checks and their side effects, the second try, O_SYNC.
 *
 * The times are set in memory before the data is copied, and logged by the transaction that
 * write-back opens for the data, or by fsync.  A write that leaves nothing to write back logs them
 * itself.
 */
#include "attr/attr.h"
#include "core/message.h"
#include "file/file.h"
#include "namei/namei.h"
#include "reclaim/reclaim.h"
#include "trans/resv.h"
#include "write/writeback.h"

/* ---- checks ------------------------------------------------------------------------ */

/* Is there a capability attribute that a write of an unprivileged caller takes away? */
static int has_capability(struct xfs_inode *ip, const struct xfs_attr_name *name, bool *has)
{
	uint32_t len = 0;
	bool excl;
	int error;

	*has = false;
	if (!xfs_inode_has_attr_fork(ip))
		return 0;
	error = xfs_ilock_map(ip, XFS_ATTR_FORK, &excl);
	if (error)
		return error;
	error = xfs_attr_get(ip, name, NULL, &len);
	xfs_iunlock_map(ip, excl);
	*has = error == 0;
	return error == -ENODATA ? 0 : error;
}

/* Set-id bits and capabilities do not survive a write by somebody without privilege. */
int xfs_file_strip_privileges(struct xfs_inode *ip)
{
	static const struct xfs_attr_name capability = {
		.name = (const uint8_t *)"capability", .len = 10, .ns = XFS_ATTR_SECURE,
	};
	struct xfs_mount *mp = ip->i_mount;
	uint32_t mode = xfs_inode_mode(ip), strip = mode & S_ISUID;
	struct xfs_trans *tp;
	bool has;
	int error;

	if (mode & S_IXGRP)
		strip |= mode & S_ISGID;
	error = has_capability(ip, &capability, &has);
	if (error || (!has && !strip))
		return error;
	error = xfs_trans_alloc(mp, has ? XFS_RESV_ATTR_REMOVE : XFS_RESV_INODE,
				has ? xfs_attr_remove_blocks(mp) : 0, 0, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	if (has)
		error = xfs_attr_remove(tp, ip, &capability, NULL, 0);
	if (!error) {
		xfs_inode_set_mode(ip, (uint16_t)(ip->i_mode & ~strip));
		xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

static void update_times(struct xfs_inode *ip)
{
	struct timespec now = xfs_now(ip->i_mount);

	xfs_ilock_excl(ip);
	ip->i_mtime = ip->i_ctime = now;
	xfs_iunlock_excl(ip);
	xfs_iflags_set(ip, XFS_IF_DIRTY_TIMES);
}

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
	if (ip->i_mount->m_unprivileged) {
		error = xfs_file_strip_privileges(ip);
		if (error)
			return error;
	}
	update_times(ip);
	return 0;
}

/* ---- the write ----------------------------------------------------------------------- */

static int64_t write_once(struct xfs_inode *ip, const struct xfs_write_source *source,
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

int64_t xfs_file_buffered_write(struct xfs_inode *ip, const struct xfs_write_source *source,
				uint64_t pos, uint64_t len, uint32_t flags,
				struct xfs_data_errors_seen *seen)
{
	struct xfs_mount *mp = ip->i_mount;
	uint64_t at = pos;
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

	ret = write_once(ip, source, &at, len, flags);
	if (ret < 0 && xfs_reclaim_for_write(ip, (int)ret)) {
		at = pos;
		ret = write_once(ip, source, &at, len, flags);	/* a second miss is the answer */
	}
	xfs_writeback_release(mp);
	if (ret > 0 && ((flags & (XFS_WRITE_DSYNC | XFS_WRITE_SYNC)) ||
			(xfs_inode_diflags(ip) & XFS_DIFLAG_SYNC))) {
		error = xfs_file_fsync(ip, at, at + (uint64_t)ret, !(flags & XFS_WRITE_SYNC), seen);
		if (error)
			return error;
	}
	return ret;
}
