/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and syncing one regular file: locks and policy.  The caller holds no lock and no
 * transaction.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "inode/inode.h"
#include "write/write.h"

#define XFS_WRITE_APPEND	(1u << 0)	/* at the end of the file */
#define XFS_WRITE_DSYNC		(1u << 1)	/* data is stable when the call returns */
#define XFS_WRITE_SYNC		(1u << 2)	/* and so are the times */
#define XFS_WRITE_DIRECT	(1u << 3)	/* bypass the page cache, for a source in memory */

#define XFS_READ_DIRECT		(1u << 0)	/* from the device */

/*
 * Write @len bytes of @source at @pos.  The result is short if space or the source ends. -ENOSPC
 * and -EDQUOT only if nothing was written even after everything reclaimable was reclaimed, once.
 * -EFBIG; -EINVAL (past the largest offset, no whole sectors with XFS_WRITE_DIRECT).  An error of
 * the sync replaces the count.  @seen: see xfs_file_fsync().
 */
int64_t xfs_file_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
				uint64_t len, uint32_t flags,
				struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* Whether @ip, found or created, may be opened with @flags (O_*). */
int xfs_file_may_open(struct xfs_inode *ip, int flags) XFS_MUST_CHECK;

/* A handle's readahead state, initially 0. */
struct xfs_readahead {
	uint64_t next;		/* byte behind the last read; atomic */
	uint32_t window;	/* bytes; 0: the last read did not continue the one before;
				 * atomic */
};

/*
 * Read into @iov, which has @len bytes; returns the number read, 0 at or past the end of the file.
 * An error only if no byte was read.  @flags: XFS_READ_*.
 */
int64_t xfs_file_read(struct xfs_inode *ip, const struct iovec *iov, uint64_t len, uint64_t pos,
		      uint32_t flags, struct xfs_readahead *ra) XFS_MUST_CHECK;

/*
 * Copy @len bytes at @pos, or up to the end of the file, to descriptor @fd: to its offset
 * @fd_offset or, if that is XFS_DEV_NO_OFFSET, to its current position.  Returns the number copied;
 * an error if there are none.
 */
int64_t xfs_file_read_to_fd(struct xfs_inode *ip, uint64_t pos, int fd, uint64_t fd_offset,
			    uint64_t len, struct xfs_readahead *ra) XFS_MUST_CHECK;

/*
 * Make [@start, @end) of the file stable, and what of the inode is needed to reach it; without
 * @datasync also the times.  Returns errors of earlier write-backs, once for each handle.  @seen:
 * those the handle was told of (write/writeback.h).
 */
int xfs_file_fsync(struct xfs_inode *ip, uint64_t start, uint64_t end, bool datasync,
		   struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* True if changes with @flags (XFS_WRITE_*) must be stable at once. */
bool xfs_file_is_sync(const struct xfs_inode *ip, uint32_t flags);
/* Refuse a NOWAIT call that would change such a file: it would wait for the device. */
int xfs_file_want_async(const struct xfs_inode *ip, uint32_t flags) XFS_MUST_CHECK;
/*
 * Make [@start, @end), which was changed with @flags, stable if XFS_WRITE_DSYNC, XFS_WRITE_SYNC or
 * the inode's flag asks for it.
 */
int xfs_file_fsync_written(struct xfs_inode *ip, uint64_t start, uint64_t end, uint32_t flags,
			   struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* Write dirty data back without making it stable; fsync reports errors of data. */
int xfs_file_flush(struct xfs_inode *ip) XFS_MUST_CHECK;

/* SEEK_DATA and SEEK_HOLE: returns the offset, or -ENXIO. */
int64_t xfs_file_seek(struct xfs_inode *ip, uint64_t offset, bool data) XFS_MUST_CHECK;

/* See xfs_map_extents() in <xfswrite/fallocate.h>. */
struct xfs_extent;
int xfs_file_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, uint64_t offset,
		     struct xfs_extent *extents, size_t max, size_t *count) XFS_MUST_CHECK;

#endif
