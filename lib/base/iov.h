/* SPDX-License-Identifier: MIT */
/* Vectors of buffers: their total length, and a cursor in one. */
#ifndef BASE_IOV_H
#define BASE_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Total bytes of @iov.  -EINVAL for a negative count or a sum above SSIZE_MAX, -EFAULT for a NULL
 * buffer.
 */
int xfs_iov_total(const struct iovec *iov, int iovcnt, uint64_t *total);

/* A position in an iovec array, for copying from or to it piece by piece. */
struct xfs_iov_cursor {
	const struct iovec *iov;
	size_t done; /* bytes of *iov already passed */
};

/* Copy the next @len bytes of the vector to @dst, fill them from @src, zero them, or skip them. */
void xfs_iov_take(struct xfs_iov_cursor *cur, void *dst, size_t len);
void xfs_iov_give(struct xfs_iov_cursor *cur, const void *src, size_t len);
void xfs_iov_zero(struct xfs_iov_cursor *cur, size_t len);
void xfs_iov_skip(struct xfs_iov_cursor *cur, size_t len);
/*
 * List the next @len bytes as at most @max entries of @out, without moving the cursor.  Returns the
 * number of entries; *@bytes is their total, less than @len if @max was too small.
 */
int xfs_iov_list(const struct xfs_iov_cursor *cur, size_t len, struct iovec *out, int max,
		 size_t *bytes);

#endif
