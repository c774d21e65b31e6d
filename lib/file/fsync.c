/* SPDX-License-Identifier: MIT */
/* Making a file durable: write-back, its errors, then the checkpoint or all of the metadata. */
#include "core/message.h"
#include "device/queue.h"
#include "file/file.h"
#include "write/writeback.h"

/* For a NOWAIT call: 0 if nothing is left to do but report errors. */
static int want_durable(struct xfs_inode *ip, bool datasync)
{
	struct xfs_mount *mp = ip->i_mount;
	bool stable = xfs_queue_is_stable(mp->m_queue);

	if (!datasync && xfs_iflags_test(ip, XFS_IF_DIRTY_TIMES))
		stable = false;
	if (mp->m_unjournalled)
		stable = stable && xfs_checkpoint_is_stable(mp);
	return stable ? 0 : xfs_would_wait("inode %" PRIu64 " must be written", ip->i_ino);
}

/*
 * Without a journal, the metadata that an inode needs (its cluster, trees, free space) is in many
 * places, and the inode itself may be clean because its cluster has the change.  Write all of it in
 * place.
 */
static int write_home(struct xfs_inode *ip)
{
	if (xfs_nowait())
		return want_durable(ip, false);
	return xfs_checkpoint_writeback(ip->i_mount, true);
}

/*
 * With a journal, force the checkpoint with the inode's last change, which also has the names that
 * lead to it.  A checkpoint that was durable before our data was written does not cover the data;
 * neither does one that another thread was writing at that moment, whose flush may have come too
 * early.  So always ask for a flush; it is done only if it is needed.
 */
static int make_durable(struct xfs_inode *ip, bool datasync, uint64_t written)
{
	struct xfs_mount *mp = ip->i_mount;
	uint64_t seq = datasync ? __atomic_load_n(&ip->i_datasync_seq, __ATOMIC_RELAXED)
				: xfs_log_item_seq(&ip->i_item);
	int error = seq ? xfs_log_force(mp, seq) : 0;

	return error ? error : xfs_queue_flush_upto(mp->m_queue, written);
}

int xfs_file_fsync(struct xfs_inode *ip, uint64_t start, uint64_t end, bool datasync,
		   struct xfs_data_errors_seen *seen)
{
	struct xfs_mount *mp = ip->i_mount;
	uint64_t written;
	int error, error2;

	if (mp->m_rdonly)
		return 0;
	XFS_TRACE(mp, xfs_file_fsync, ip->i_ino, start, end);
	error = xfs_is_reg(ip) ? xfs_writeback_range(ip, start, end) : 0;
	if (!error && xfs_nowait())
		error = want_durable(ip, datasync);
	if (error == XFS_WOULD_WAIT)
		return error;
	/* Read the number after all our data was queued, whoever wrote it. */
	written = xfs_queue_written(mp->m_queue);
	error2 = xfs_data_error(ip, seen);
	error = error ? error : error2;
	xfs_writeback_release(mp);
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	xfs_iflags_clear(ip, XFS_IF_TRUNCATED);
	error2 = datasync ? 0 : xfs_log_times(ip);
	if (!error2)
		error2 = mp->m_unjournalled ? write_home(ip) : make_durable(ip, datasync, written);
	return error ? error : error2;
}

bool xfs_file_is_sync(const struct xfs_inode *ip, uint32_t flags)
{
	return flags & (XFS_WRITE_DSYNC | XFS_WRITE_SYNC) || xfs_inode_diflags(ip) & XFS_DIFLAG_SYNC;
}

int xfs_file_want_async(const struct xfs_inode *ip, uint32_t flags)
{
	if (!xfs_nowait() || !xfs_file_is_sync(ip, flags))
		return 0;
	return xfs_would_wait("inode %" PRIu64 " is changed synchronously", ip->i_ino);
}

int xfs_file_fsync_written(struct xfs_inode *ip, uint64_t start, uint64_t end, uint32_t flags,
			   struct xfs_data_errors_seen *seen)
{
	if (!xfs_file_is_sync(ip, flags))
		return 0;
	return xfs_file_fsync(ip, start, end, !(flags & XFS_WRITE_SYNC), seen);
}

int xfs_file_flush(struct xfs_inode *ip)
{
	int error;

	if (!xfs_is_reg(ip) || ip->i_mount->m_rdonly)
		return 0;
	error = xfs_writeback_range(ip, 0, XFS_MAXBYTES);
	xfs_writeback_release(ip->i_mount);
	return error;
}
