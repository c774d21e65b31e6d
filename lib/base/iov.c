/* SPDX-License-Identifier: MIT */
/* Walking along vectors of buffers; entries may be empty. */
#include <limits.h>
#include <string.h>
#include "base/compiler.h"
#include "base/error.h"
#include "base/iov.h"

int xfs_iov_total(const struct iovec *iov, int iovcnt, uint64_t *total)
{
	uint64_t sum = 0;

	if (iovcnt < 0)
		return xfs_fail(-EINVAL, "a vector cannot have %d buffers", iovcnt);
	if (iovcnt && !iov)
		return xfs_fail(-EFAULT, "the vector is NULL");
	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > (uint64_t)SSIZE_MAX - sum)
			return xfs_fail(-EINVAL, "the vector has more than %zd bytes", SSIZE_MAX);
		if (iov[i].iov_len && !iov[i].iov_base)
			return xfs_fail(-EFAULT, "a buffer of the vector is NULL");
		sum += iov[i].iov_len;
	}
	*total = sum;
	return 0;
}

static void iov_step(struct xfs_iov_cursor *cur, size_t step)
{
	cur->done += step;
	if (cur->done == cur->iov->iov_len) {
		cur->iov++;
		cur->done = 0;
	}
}

void xfs_iov_take(struct xfs_iov_cursor *cur, void *dst, size_t len)
{
	uint8_t *out = dst;

	while (len) {
		size_t step = XFS_MIN(len, cur->iov->iov_len - cur->done);

		if (step)
			memcpy(out, (const uint8_t *)cur->iov->iov_base + cur->done, step);
		iov_step(cur, step);
		out += step;
		len -= step;
	}
}

void xfs_iov_give(struct xfs_iov_cursor *cur, const void *src, size_t len)
{
	const uint8_t *in = src;

	while (len) {
		size_t step = XFS_MIN(len, cur->iov->iov_len - cur->done);

		if (step)
			memcpy((uint8_t *)cur->iov->iov_base + cur->done, in, step);
		iov_step(cur, step);
		in += step;
		len -= step;
	}
}

void xfs_iov_zero(struct xfs_iov_cursor *cur, size_t len)
{
	while (len) {
		size_t step = XFS_MIN(len, cur->iov->iov_len - cur->done);

		if (step)
			memset((uint8_t *)cur->iov->iov_base + cur->done, 0, step);
		iov_step(cur, step);
		len -= step;
	}
}

void xfs_iov_skip(struct xfs_iov_cursor *cur, size_t len)
{
	while (len) {
		size_t step = XFS_MIN(len, cur->iov->iov_len - cur->done);

		iov_step(cur, step);
		len -= step;
	}
}

int xfs_iov_list(const struct xfs_iov_cursor *cur, size_t len, struct iovec *out, int max,
		 size_t *bytes)
{
	struct xfs_iov_cursor at = *cur;
	int n = 0;

	*bytes = 0;
	while (*bytes < len) {
		size_t step = XFS_MIN(len - *bytes, at.iov->iov_len - at.done);

		if (step) {
			if (n == max)
				break;
			out[n].iov_base = (uint8_t *)at.iov->iov_base + at.done;
			out[n++].iov_len = step;
			*bytes += step;
		}
		iov_step(&at, step);
	}
	return n;
}
