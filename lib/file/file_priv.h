/* SPDX-License-Identifier: MIT */
/* Private to file/. */
#ifndef FILE_FILE_PRIV_H
#define FILE_FILE_PRIV_H

#include "base/iov.h"
#include "file/file.h"

/*
 * Device reads that are collected to be made together.  Reads of adjacent blocks on the device
 * become one, whatever their order in the file.  @nr_pieces and @nr_iovs are initially 0.
 */
#define XFS_READ_PIECES	32
#define XFS_READ_IOVS	64

struct xfs_read_piece {
	uint64_t pos;			/* in the file */
	uint64_t device;		/* byte of the device */
	uint64_t len;
	int first_iov, nr_iovs;
};

struct xfs_read_batch {
	int nr_pieces, nr_iovs;
	struct xfs_read_piece pieces[XFS_READ_PIECES];	/* in file order */
	struct iovec iovs[XFS_READ_IOVS];
};

/*
 * Add a read of up to @len bytes from device byte @device to @cur.  Advances *@pos and @cur by
 * *@added, a multiple of @unit.  If the batch is full, its reads are made first. *@added 0: @unit
 * bytes are in more buffers than one read takes.
 */
int xfs_read_batch_add(struct xfs_inode *ip, struct xfs_read_batch *batch, uint64_t *pos,
		       uint64_t device, struct xfs_iov_cursor *cur, uint64_t len, uint32_t unit,
		       uint64_t *added) XFS_MUST_CHECK;
/*
 * Make the reads and empty the batch.  After an error *@pos goes back to the lowest byte that could
 * not be read; all bytes in front of it have been read.
 */
int xfs_read_batch_run(struct xfs_inode *ip, struct xfs_read_batch *batch,
		       uint64_t *pos) XFS_MUST_CHECK;


/* xfs_file_read() with XFS_READ_DIRECT.  IOLOCK held shared. */
int64_t xfs_read_direct(struct xfs_inode *ip, const struct iovec *iov, uint64_t len,
			uint64_t pos) XFS_MUST_CHECK;

#endif
