/* SPDX-License-Identifier: MIT */
/*
 * Changing the bytes of a file in memory: the buffered write loop and zeroing.  This writes nothing
 * to the device, except that the memory limit may force write-back of other data.
 *
 * The caller holds the IOLOCK exclusively, no ILOCK and no transaction.
 */
#ifndef WRITE_WRITE_H
#define WRITE_WRITE_H

#include <xfswrite/io.h>
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "pagecache/mapping.h"

/* Where the bytes come from: memory, a function, or a host file. */
struct xfs_write_source {
	const struct iovec *iov;	/* with at least all bytes of the write; or NULL */
	xfs_source_fn fill;		/* or NULL */
	void *ctx;			/* for @fill */
	bool asked;			/* @fill was called, and cannot deliver the same bytes
					 * again */
	int fd;
	uint64_t fd_offset;
};

/*
 * Copy @len bytes from @source to @pos.  Returns the number copied, which is lower if the source
 * ended or an error came after the first byte; the error if there are none.  Updates i_size.
 */
int64_t xfs_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
			   uint64_t len) XFS_MUST_CHECK;

/*
 * Make [@pos, +@len) read as zeros without allocating space in holes.  Sets *@did_zero if that made
 * memory dirty; otherwise leaves it alone.
 */
int xfs_zero_range(struct xfs_inode *ip, uint64_t pos, uint64_t len,
		   bool *did_zero) XFS_MUST_CHECK;
/* The same from @pos to the end of its block. */
int xfs_truncate_page(struct xfs_inode *ip, uint64_t pos, bool *did_zero) XFS_MUST_CHECK;

/*
 * Make the shared blocks of [@pos, +@len), which is inside the file, dirty with their present
 * contents; write-back then gives the file its own blocks.
 */
int xfs_unshare_range(struct xfs_inode *ip, uint64_t pos, uint64_t len) XFS_MUST_CHECK;

/* Write-back reads i_size without the IOLOCK. */
static inline uint64_t xfs_isize(const struct xfs_inode *ip)
{
	return (uint64_t)__atomic_load_n(&ip->i_size, __ATOMIC_ACQUIRE);
}

static inline void xfs_set_isize(struct xfs_inode *ip, uint64_t size)
{
	__atomic_store_n(&ip->i_size, (xfs_fsize_t)size, __ATOMIC_RELEASE);
}

/*
 * The error for a host file that could not be read.  An errno that would describe this file system
 * instead becomes -EIO.
 */
int xfs_write_source_error(struct xfs_mount *mp, int host_errno);

#endif
