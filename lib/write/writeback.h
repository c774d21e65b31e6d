/* SPDX-License-Identifier: MIT */
/*
 * Write-back: dirty folios get blocks and go to the device queue.
 *
 * (WRITEBACK-1) For each contiguous dirty range: map it (delayed allocation and CoW become real
 *     blocks), hand its memory to the queue, and only then commit the transaction that mapped it.
 * (WRITEBACK-2) The size on disk follows in the same transaction: never past what was handed over.
 * (WRITEBACK-3) No IOLOCK is needed; nobody who holds a transaction, an ILOCK or a locked folio
 *     calls this.
 * (WRITEBACK-4) What cannot be written is lost; the inode remembers the first error, and fsync
 *     reports it once.  Until that, or a sync of all, has told it, the file takes little more data:
 *     who never syncs would otherwise lose all that follows without a word.
 */
#ifndef WRITE_WRITEBACK_H
#define WRITE_WRITEBACK_H

#include "core/cancel.h"
#include "inode/inode.h"

/*
 * Write back what is dirty in [@start, @end) of @ip, and wait until the device has it,
 * though perhaps in its cache.  Errors of data are left to xfs_data_error(); others are
 * returned.
 */
int xfs_writeback_range(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/* The same; data that fails meanwhile is this call's error, whoever else is told of it. */
int xfs_writeback_or_error(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;
/* As xfs_writeback_range(), without waiting. */
int xfs_writeback_start(struct xfs_inode *ip, uint64_t start, uint64_t end) XFS_MUST_CHECK;

/*
 * Everything that is dirty when the call begins; waits.  @call (or NULL) is asked between files and
 * between large parts of one: -ECANCELED, and the rest is dirty as before.
 */
int xfs_writeback_all(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/* m_upcalls->writeback_some: memory is over its limit, the oldest go out. */
int xfs_writeback_some(struct xfs_mount *mp);
/* All that is dirty when the call begins, but what its writers have locked; does not wait. */
int xfs_writeback_dirty(struct xfs_mount *mp);
/* Of that the files that have been dirty since @seconds of the clock, or longer. */
int xfs_writeback_since(struct xfs_mount *mp, int64_t seconds) XFS_MUST_CHECK;

/*
 * Errors that write-back of @ip met are told once to every handle that was open then, or opened
 * before anybody had been told; @seen is the handle's, from xfs_data_error_sample() when it is
 * made.  0: nothing that it has not been told.
 */
void xfs_data_error_sample(struct xfs_inode *ip, struct xfs_data_errors_seen *seen);
int xfs_data_error(struct xfs_inode *ip, struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;
/*
 * The same at the end of a handle, of what was lost while it was open; who looks next is told too,
 * because few programs look here.
 */
int xfs_data_error_at_close(struct xfs_inode *ip, struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;
/*
 * The same, for those who want to take @bytes more: it stays, and is only returned when that is
 * too much since then (WRITEBACK-4).
 */
int xfs_untold_data_error(struct xfs_inode *ip, uint64_t bytes) XFS_MUST_CHECK;
/* The same of any file, since it was asked last. */
int xfs_mount_data_error(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Give back the references of inodes whose data became clean, which may free
 * unlinked inodes.  No lock of any kind held.
 */
void xfs_writeback_release(struct xfs_mount *mp);

/* The times that writes have set and nobody has logged: in a transaction of their own. */
int xfs_log_times(struct xfs_inode *ip) XFS_MUST_CHECK;

/*
 * Take back the mappings of new blocks whose data could not be written.  No lock or transaction
 * held, but IOLOCKs.
 */
void xfs_end_failed_io(struct xfs_mount *mp);

/*
 * Forget all dirty data and all delayed allocations: nothing more is written.  After it no inode
 * is held by its data.
 */
void xfs_writeback_abandon(struct xfs_mount *mp);

#endif
