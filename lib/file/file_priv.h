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
 * Add @len bytes at @pos, which lie on the device at byte @device, to be read to @cur on.  Returns how
 * many of them, a multiple of @unit, had room: less than @len, perhaps 0, when there are too many
 * buffers; then make the batch's reads and go on.
 */
uint64_t xfs_read_batch_add(struct xfs_read_batch *batch, uint64_t pos, uint64_t device,
			    const struct xfs_iov_cursor *cur, uint64_t len, uint32_t unit);
/*
 * Make the reads; the batch is empty then.  After an error all bytes before *@failed, the lowest that
 * could not be read, are there.
 */
int xfs_read_batch_run(struct xfs_inode *ip, struct xfs_read_batch *batch,
		       uint64_t *failed) XFS_MUST_CHECK;

/* xfs_file_read() with XFS_READ_DIRECT.  IOLOCK held shared. */
int64_t xfs_read_direct(struct xfs_inode *ip, const struct iovec *iov, uint64_t len,
			uint64_t pos) XFS_MUST_CHECK;

#endif
