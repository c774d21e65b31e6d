/* SPDX-License-Identifier: MIT */
/*
 * Write-back: dirty folios get blocks and go to the device queue.
 *
 * (WRITEBACK-1) For each contiguous dirty range: map it (delayed allocation and CoW get real
 *     blocks), hand its memory to the queue, and only then commit the transaction that mapped it.
 * (WRITEBACK-2) The size on disk follows in the same transaction, and never passes the data handed
 *     over.
 * (WRITEBACK-3) No IOLOCK is needed.  A caller with a transaction, an ILOCK or a locked folio must
 *     not call this.
 * (WRITEBACK-4) Data that cannot be written is lost.  The inode remembers the first error, and
 *     fsync reports it once.  Until that, or a sync of everything, has reported it, the file
 *     accepts little more data: a program that never syncs would otherwise silently lose all that
 *     follows.
 */
#ifndef WRITE_WRITEBACK_H
#define WRITE_WRITEBACK_H

#include "core/cancel.h"
#include "inode/inode.h"

/*
 * Write back the dirty data in [@start, @end) of @ip, and wait until the device has it, maybe in
 * its cache. xfs_data_error() reports errors of data; others are returned.
 */
int xfs_writeback_range(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/* The same, but returns an error of data lost during the call, whoever else is told of it. */
int xfs_writeback_or_error(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/* xfs_writeback_range() without waiting. */
int xfs_writeback_start(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;

/*
 * Write back everything that is dirty when the call begins, and wait.  @call (or NULL) is asked
 * between files and between large parts of one: after -ECANCELED the rest stays dirty.
 */
int xfs_writeback_all(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/* m_upcalls->writeback_some: memory is over its limit; write the oldest data. */
int xfs_writeback_some(struct xfs_mount *mp);
/*
 * Write back all that is dirty when the call begins, except what writers have locked; does not
 * wait.
 */
int xfs_writeback_dirty(struct xfs_mount *mp);
/* The same, only for files that have been dirty since @seconds of the clock or longer. */
int xfs_writeback_since(struct xfs_mount *mp, int64_t seconds) XFS_MUST_CHECK;

/*
 * Errors of write-back of @ip are reported once to every handle that was open then, or that was
 * opened before anybody had been told.  @seen is the handle's, from xfs_data_error_sample() when it
 * is made. 0: nothing new for this handle.
 */
void xfs_data_error_sample(struct xfs_inode *ip, struct xfs_data_errors_seen *seen);
int xfs_data_error(struct xfs_inode *ip, struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;
/*
 * The same when a handle is closed, for data lost while it was open.  The error is also reported to
 * the next handle that asks, because few programs check close().
 */
int xfs_data_error_at_close(struct xfs_inode *ip, struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;
/*
 * For a caller that adds @bytes: returns the error once the file has accepted too much since
 * (WRITEBACK-4).  Does not mark it as reported.
 */
int xfs_untold_data_error(struct xfs_inode *ip, uint64_t bytes) XFS_MUST_CHECK;
/* An error in the data of any file since the last call. */
int xfs_mount_data_error(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Put the references of inodes whose data has become clean, which may free unlinked inodes.  No
 * lock of any kind is held.
 */
void xfs_writeback_release(struct xfs_mount *mp);

/* Log the times set by writes that have not been logged yet, in a transaction of their own. */
int xfs_log_times(struct xfs_inode *ip) XFS_MUST_CHECK;

/*
 * Make new blocks whose data could not be written unwritten again.  No transaction and no lock but
 * IOLOCKs is held.
 */
void xfs_end_failed_io(struct xfs_mount *mp);

/*
 * Drop all dirty data and delayed allocations: nothing more is written.  Afterwards dirty data
 * holds no reference to an inode.
 */
void xfs_writeback_abandon(struct xfs_mount *mp);

#endif
