/* SPDX-License-Identifier: MIT */
/*
 * Changing the size.  For a crash in between, the order matters: zero before the size grows over
 * the bytes; change the size before freeing the blocks behind it; and never log a size past data
 * that is not on disk.
 *
 * No lock of the page cache is needed: only holders of the IOLOCK fill it.
 */
#include "core/message.h"
#include "file/privileges.h"
#include "file/truncate.h"
#include "file/want.h"
#include "reclaim/reclaim.h"
#include "write/write.h"
#include "write/writeback.h"

int xfs_check_size(struct xfs_mount *mp, uint64_t size)
{
	if (size > XFS_MAXBYTES)
		return xfs_error(mp, -EINVAL, "size %" PRIu64 " is past the largest one", size);
	return 0;
}

static int may_truncate(const struct xfs_inode *ip, uint64_t size)
{
	struct xfs_mount *mp = ip->i_mount;

	if (!xfs_is_reg(ip))
		return xfs_error(mp, xfs_is_dir(ip) ? -EISDIR : -EINVAL,
				 "inode %" PRIu64 " is not a regular file", ip->i_ino);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (xfs_inode_diflags(ip) & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable or append-only",
				 ip->i_ino);
	if (xfs_inode_diflags(ip) & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "inode %" PRIu64 " is a realtime file", ip->i_ino);
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	return xfs_check_size(mp, size);
}

/* Log only the size and the times. */
static int log_size(struct xfs_inode *ip, uint64_t size)
{
	struct xfs_trans *tp;
	int error = xfs_trans_alloc_ilocked(ip, XFS_RESV_INODE, 0, 0, &tp);

	if (error)
		return error;
	ip->i_disk_size = (xfs_fsize_t)size;
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
	xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	return xfs_trans_commit(tp);
}

int xfs_file_set_size(struct xfs_inode *ip, uint64_t size)
{
	const struct xfs_itruncate what = {
		.set_size = true, .set_times = true, .size_bytes = size,
	};
	uint64_t old = xfs_isize(ip), disk_size;
	bool did_zero = false;
	int error = xfs_want_size(ip, size);

	if (error)
		return error;
	/* Zeroing in the last block cannot be undone. */
	xfs_nowait_changes();
	if (size > old)
		error = xfs_zero_range(ip, old, size - old, &did_zero);
	else
		error = xfs_truncate_page(ip, size, &did_zero);
	if (error)
		return error;
	xfs_set_isize(ip, size);
	if (size < old && ip->i_mapping)
		(void)!xfs_mapping_truncate(ip->i_mapping, size);
	/*
	 * Data between the size on disk and the new size, including zeros, must be in the queue
	 * before the new size is logged.
	 */
	xfs_ilock_shared(ip);
	disk_size = (uint64_t)ip->i_disk_size;
	xfs_iunlock_shared(ip);
	if (did_zero || (size > disk_size && old != disk_size)) {
		uint64_t first = XFS_MIN(old, size);

		error = xfs_writeback_start(ip, XFS_MIN(disk_size, first), size);
		if (error)
			return error;
	}
	if (size > old)
		return log_size(ip, size);
	if (size < old) {
		xfs_iflags_set(ip, XFS_IF_TRUNCATED);
		xfs_iflags_clear(ip, XFS_IF_EOFBLOCKS | XFS_IF_EOF_RELEASED);
	}
	return xfs_itruncate_extents(ip, &what);
}

static int truncate_once(struct xfs_inode *ip, uint64_t size)
{
	int error = xfs_iolock_want_excl(ip);

	if (error)
		return error;
	error = xfs_strip_privileges(ip);
	if (!error)
		error = xfs_file_set_size(ip, size);
	if (!error)
		xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return error;
}

/* The retry is needed even to shrink: zeroing the tail of a shared block takes a new block. */
int xfs_file_truncate(struct xfs_inode *ip, uint64_t size)
{
	bool tried = false;
	int error = may_truncate(ip, size);

	if (error)
		return error;
	do {
		error = truncate_once(ip, size);
	} while (xfs_reclaim_and_retry(ip, error, &tried));
	xfs_writeback_release(ip->i_mount);
	return error;
}

/*
 * The last handle of a file without links is closed: its data need not be written.  The two
 * remaining references are the caller's and the data's own, and nobody can find it by name.
 */
static void forget_unlinked(struct xfs_inode *ip)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);

	xfs_rwlock_excl(&ip->i_iolock);
	if (m && xfs_inode_users(ip) == 2)
		(void)!xfs_mapping_truncate(m, 0);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
}

/*
 * Trim preallocation once.  A file that is opened, appended to and closed repeatedly keeps it,
 * because otherwise each append would begin a new extent.  It is freed by age, when space is short,
 * and at unmount.
 */
static int trim_at_close(struct xfs_inode *ip)
{
	int error = 0;

	if (!xfs_iflags_test(ip, XFS_IF_EOFBLOCKS) || xfs_iflags_test(ip, XFS_IF_EOF_RELEASED))
		return 0;
	if (xfs_inode_diflags(ip) & XFS_DIFLAG_APPEND)
		return 0;
	xfs_rwlock_excl(&ip->i_iolock);
	if (xfs_can_free_eofblocks(ip)) {
		xfs_iflags_set(ip, XFS_IF_EOF_RELEASED);
		error = xfs_free_eofblocks(ip);
	}
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return error;
}

/*
 * When the last handle for writing is closed, free what write-back allocated around shared blocks.
 */
static int give_back_cow(struct xfs_inode *ip)
{
	int error;

	if (!(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK) ||
	    __atomic_load_n(&ip->i_opens_write, __ATOMIC_RELAXED) > 1)
		return 0;
	xfs_rwlock_excl(&ip->i_iolock);
	error = xfs_free_cowblocks(ip);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return error;
}

int xfs_file_release(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	int error = 0;

	if (mp->m_rdonly || !xfs_is_reg(ip) || xfs_is_shutdown(mp))
		return 0;
	/* A NOWAIT call skips this; it can be done later. */
	if (xfs_nowait_asked())
		return 0;
	if (!xfs_inode_nlink(ip))
		forget_unlinked(ip);
	else
		error = trim_at_close(ip) ?: give_back_cow(ip);
	/*
	 * The file was truncated and rewritten: write it back soon, so that a crash is unlikely to
	 * leave it without contents.
	 */
	if (!error && !mp->m_unjournalled && xfs_iflags_test(ip, XFS_IF_TRUNCATED)) {
		xfs_iflags_clear(ip, XFS_IF_TRUNCATED);
		error = xfs_writeback_start(ip, 0, XFS_MAXBYTES);
	}
	xfs_writeback_release(mp);
	return error;
}
