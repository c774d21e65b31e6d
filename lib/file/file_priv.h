/* SPDX-License-Identifier: MIT */
/* What the files of file/ share. */
#ifndef FILE_FILE_PRIV_H
#define FILE_FILE_PRIV_H

#include "base/iov.h"
#include "file/file.h"

/*
 * Reads of the device that are waiting to be made together: those of blocks that are neighbours on the
 * device become one, in whatever order the file has them.  @nr_pieces and @nr_iovs are 0 at first.
 */
#define XFS_READ_PIECES	32
#define XFS_READ_IOVS	64

struct xfs_read_piece {
	uint64_t pos;			/* in the file */
	uint64_t device;		/* byte */
	uint64_t len;
	int first_iov, nr_iovs;
};

struct xfs_read_batch {
	int nr_pieces, nr_iovs;
	struct xfs_read_piece pieces[XFS_READ_PIECES];	/* ascending in the file */
	struct iovec iovs[XFS_READ_IOVS];
};

/*
 * Up to @len bytes, which lie on the device at byte @device, are going to be read to @cur.  *@pos and
 * @cur move on over *@added of them, a multiple of @unit; if there is no room the reads are made
 * first.  *@added 0: @unit bytes are in more buffers than one read takes.
 */
int xfs_read_batch_add(struct xfs_inode *ip, struct xfs_read_batch *batch, uint64_t *pos,
		       uint64_t device, struct xfs_iov_cursor *cur, uint64_t len, uint32_t unit,
		       uint64_t *added) XFS_MUST_CHECK;
/*
 * Make the reads; the batch is empty then.  After an error *@pos goes back to the lowest byte that
 * could not be read: all before it are there.
 */
int xfs_read_batch_run(struct xfs_inode *ip, struct xfs_read_batch *batch,
		       uint64_t *pos) XFS_MUST_CHECK;


/* xfs_file_read() with XFS_READ_DIRECT.  IOLOCK held shared. */
int64_t xfs_read_direct(struct xfs_inode *ip, const struct iovec *iov, uint64_t len,
			uint64_t pos) XFS_MUST_CHECK;

#endif
