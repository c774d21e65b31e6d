/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and syncing one regular file: locks and policy.  No lock and no transaction
 * held.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "inode/inode.h"
#include "write/write.h"

#define XFS_WRITE_APPEND	(1u << 0)	/* at the end, wherever that is */
#define XFS_WRITE_DSYNC		(1u << 1)	/* the data is stable when it returns */
#define XFS_WRITE_SYNC		(1u << 2)	/* the times too */
#define XFS_WRITE_DIRECT	(1u << 3)	/* what comes from memory: past the page cache */

#define XFS_READ_DIRECT		(1u << 0)	/* from the device */

/*
 * Write @len bytes of @source at @pos.  Short when space or the source ends; -ENOSPC or -EDQUOT
 * only when nothing was written after everything reclaimable was reclaimed, once.  -EFBIG, -EINVAL
 * (past the largest offset, no whole sectors for XFS_WRITE_DIRECT).  An error of the syncing replaces
 * the count.  @seen: as for xfs_file_fsync().
 */
int64_t xfs_file_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
				uint64_t len, uint32_t flags,
				struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* Whether @ip may be opened with @flags (O_*), once it was found or made. */
int xfs_file_may_open(struct xfs_inode *ip, int flags) XFS_MUST_CHECK;

/* What a handle knows of its reads; all 0 at first. */
struct xfs_readahead {
	uint64_t next;		/* byte behind the last one; atomic */
	uint32_t window;	/* bytes; 0: it was not where the one before had ended; atomic */
};

/*
 * Bytes read into @iov, which has @len of them; 0 at and past the end.  An error only when there are
 * none.  @flags: XFS_READ_*.
 */
int64_t xfs_file_read(struct xfs_inode *ip, const struct iovec *iov, uint64_t len, uint64_t pos,
		      uint32_t flags, struct xfs_readahead *ra) XFS_MUST_CHECK;

/*
 * Copy @len bytes at @pos, or up to the end of the file, to descriptor @fd: to @fd_offset of it, or, when
 * that is XFS_DEV_NO_OFFSET, to where it stands.  Bytes copied; an error when there are none.
 */
int64_t xfs_file_read_to_fd(struct xfs_inode *ip, uint64_t pos, int fd, uint64_t fd_offset,
			    uint64_t len, struct xfs_readahead *ra) XFS_MUST_CHECK;

/*
 * Make [@start, @end) of the file stable, and what of the inode is needed to get at it;
 * without @datasync the times too.  Returns errors of earlier write-backs, once for
 * each handle; @seen: which it was told of (write/writeback.h).
 */
int xfs_file_fsync(struct xfs_inode *ip, uint64_t start, uint64_t end, bool datasync,
		   struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* What is changed with @flags (XFS_WRITE_*) becomes stable at once. */
bool xfs_file_is_sync(const struct xfs_inode *ip, uint32_t flags);
/* A NOWAIT call does not change such a file: it would wait for the device. */
int xfs_file_want_async(const struct xfs_inode *ip, uint32_t flags) XFS_MUST_CHECK;
/*
 * [@start, @end) was changed with @flags: stable now, if XFS_WRITE_DSYNC, XFS_WRITE_SYNC or the inode's
 * own flag ask for it.
 */
int xfs_file_fsync_written(struct xfs_inode *ip, uint64_t start, uint64_t end, uint32_t flags,
			   struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

/* Write back what is dirty, without making it stable; errors of data are left to fsync. */
int xfs_file_flush(struct xfs_inode *ip) XFS_MUST_CHECK;

/* SEEK_DATA and SEEK_HOLE: the offset, or -ENXIO. */
int64_t xfs_file_seek(struct xfs_inode *ip, uint64_t offset, bool data) XFS_MUST_CHECK;

/* As xfs_map_extents() in <xfswrite/fallocate.h>. */
struct xfs_extent;
int xfs_file_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, uint64_t offset,
		     struct xfs_extent *extents, size_t max, size_t *count) XFS_MUST_CHECK;

#endif
