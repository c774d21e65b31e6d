/* SPDX-License-Identifier: MIT */
/* Vectors of buffers: their length, and a place in one. */
#ifndef BASE_IOV_H
#define BASE_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * All bytes of @iov; -EINVAL for a negative count or a sum past SSIZE_MAX, -EFAULT where memory is
 * missing.
 */
int xfs_iov_total(const struct iovec *iov, int iovcnt, uint64_t *total);

/* A place in an iovec array, for those that copy from or to it piece by piece. */
struct xfs_iov_cursor {
	const struct iovec *iov;
	size_t done; /* bytes of *iov that are behind us */
};

/* Copy the next @len bytes of the vector to @dst, fill them from @src, zero them, or leave them. */
void xfs_iov_take(struct xfs_iov_cursor *cur, void *dst, size_t len);
void xfs_iov_give(struct xfs_iov_cursor *cur, const void *src, size_t len);
void xfs_iov_zero(struct xfs_iov_cursor *cur, size_t len);
void xfs_iov_skip(struct xfs_iov_cursor *cur, size_t len);
/*
 * The next @len bytes as at most @max entries of @out, which are not past.  Returns the number of
 * entries; *@bytes: of them, less than @len when there was no room for more.
 */
int xfs_iov_list(const struct xfs_iov_cursor *cur, size_t len, struct iovec *out, int max,
		 size_t *bytes);

#endif
