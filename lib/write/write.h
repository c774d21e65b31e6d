/* SPDX-License-Identifier: MIT */
/*
 * Changing the bytes of a file in memory: the buffered write loop and zeroing.
 * Nothing is written to the device here, except that the memory limit may make other data
 * go out.
 *
 * The caller holds the IOLOCK exclusively, no ILOCK and no transaction.
 */
#ifndef WRITE_WRITE_H
#define WRITE_WRITE_H

#include <xfswrite/io.h>
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "pagecache/mapping.h"

/* Where the bytes come from: memory, a function that is asked for them, or a host file. */
struct xfs_write_source {
	const struct iovec *iov;	/* of all bytes at least; or NULL */
	xfs_source_fn fill;		/* or NULL */
	void *ctx;			/* of @fill */
	bool asked;			/* @fill was: what it gave it will not give again */
	int fd;
	uint64_t fd_offset;
};

/*
 * Copy @len bytes from @source to @pos.  Returns how many were taken: fewer when the source
 * ended or when an error came after the first; the error when there were none.  i_size follows.
 */
int64_t xfs_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
			   uint64_t len) XFS_MUST_CHECK;

/*
 * Make [@pos, +@len) read as zeros without making space in holes.  *@did_zero is set, and
 * otherwise left alone, when memory was made dirty for it.
 */
int xfs_zero_range(struct xfs_inode *ip, uint64_t pos, uint64_t len,
		   bool *did_zero) XFS_MUST_CHECK;
/* The same from @pos to the end of its block. */
int xfs_truncate_page(struct xfs_inode *ip, uint64_t pos, bool *did_zero) XFS_MUST_CHECK;

/*
 * Blocks of [@pos, +@len), which is inside the file, that others have too become dirty, with the
 * contents that they have: written back they are this file's own.
 */
int xfs_unshare_range(struct xfs_inode *ip, uint64_t pos, uint64_t len) XFS_MUST_CHECK;

/* i_size is read by write-back, which has no IOLOCK. */
static inline uint64_t xfs_isize(const struct xfs_inode *ip)
{
	return (uint64_t)__atomic_load_n(&ip->i_size, __ATOMIC_ACQUIRE);
}

static inline void xfs_set_isize(struct xfs_inode *ip, uint64_t size)
{
	__atomic_store_n(&ip->i_size, (xfs_fsize_t)size, __ATOMIC_RELEASE);
}

/*
 * What the caller gets when its host file could not be read: the host file failed, not the file
 * system.  Errnos that would say something about the file system say -EIO.
 */
int xfs_write_source_error(struct xfs_mount *mp, int host_errno);

#endif
