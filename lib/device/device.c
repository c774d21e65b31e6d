/* SPDX-License-Identifier: MIT */
/*
 * The calls that everybody else makes: they hold a request against the
 * device's size, sector and mode before the device sees it, so that no device
 * has to, and they stand in for what a device cannot do (zero, copy_range).
 */
#include <limits.h>
#include <unistd.h>
#include "device/device_priv.h"

const uint8_t xfs_device_zeros[XFS_DEV_ZERO_BYTES] __attribute__((aligned(4096)));

/* How much one fallback write of zeros or of copied data carries. */
#define ZERO_IOVS  64
#define COPY_BYTES (256u << 10)

void xfs_device_init(struct xfs_device *dev, const struct xfs_device_ops *ops)
{
	dev->ops = ops;
	dev->refcount = 1;
	dev->reserved = 0;
}

struct xfs_device *xfs_device_get(struct xfs_device *dev)
{
	__atomic_add_fetch(&dev->refcount, 1, __ATOMIC_RELAXED);
	return dev;
}

void xfs_device_put(struct xfs_device *dev)
{
	if (dev && __atomic_sub_fetch(&dev->refcount, 1, __ATOMIC_ACQ_REL) == 0)
		dev->ops->close(dev);
}

int xfs_iov_total(const struct iovec *iov, int iovcnt, uint64_t *total)
{
	uint64_t sum = 0;

	if (iovcnt < 0)
		return -EINVAL;
	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > (uint64_t)SSIZE_MAX - sum)
			return -EINVAL;
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

void xfs_iov_skip(struct xfs_iov_cursor *cur, size_t len)
{
	while (len) {
		size_t step = XFS_MIN(len, cur->iov->iov_len - cur->done);

		iov_step(cur, step);
		len -= step;
	}
}

/*
 * Errnos that mean something else to the layers above: a host file system that
 * is full is a failed device to us, not a reason to reclaim space and try again.
 * A positive result of a caller's device is no answer to "was all of it done?".
 */
static int device_result(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
	case EAGAIN:
	case EUCLEAN:
	case EBADMSG:
		return -EIO;
	default:
		return error > 0 ? -EIO : error;
	}
}

int xfs_device_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	memset(info, 0, sizeof(*info));
	if (dev->ops->version != XFS_DEVICE_OPS_VERSION)
		return -EINVAL;
	return device_result(dev->ops->info(dev, info));
}

/* -EIO: outside of the device; -EINVAL: not in sectors; -EROFS. */
static int check_range(struct xfs_device *dev, uint64_t offset, uint64_t len, bool for_write)
{
	struct xfs_device_info info;
	int error = xfs_device_info(dev, &info);

	if (error)
		return error;
	if (for_write && info.read_only)
		return -EROFS;
	if (offset > info.size_bytes || len > info.size_bytes - offset)
		return -EIO;
	if (!xfs_is_power_of_2(info.logical_sector) ||
	    !XFS_IS_ALIGNED(offset | len, info.logical_sector))
		return -EINVAL;
	return 0;
}

int xfs_device_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (!error)
		error = check_range(dev, offset, len, false);
	if (error || !len)
		return error;
	return device_result(dev->ops->preadv(dev, offset, iov, iovcnt));
}

int xfs_device_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		       unsigned int flags)
{
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (!error && (flags & ~XFS_DEV_FUA))
		error = -EINVAL;
	if (!error)
		error = check_range(dev, offset, len, true);
	if (error || !len)
		return error;
	return device_result(dev->ops->pwritev(dev, offset, iov, iovcnt, flags));
}

int xfs_device_pread(struct xfs_device *dev, uint64_t offset, void *buf, size_t len)
{
	struct iovec iov = {.iov_base = buf, .iov_len = len};

	return xfs_device_preadv(dev, offset, &iov, 1);
}

/* struct iovec has no const; the vector of a write is only read from. */
static void *without_const(const void *p)
{
	return (void *)(uintptr_t)p;
}

int xfs_device_pwrite(struct xfs_device *dev, uint64_t offset, const void *buf, size_t len,
		      unsigned int flags)
{
	struct iovec iov = {.iov_base = without_const(buf), .iov_len = len};

	return xfs_device_pwritev(dev, offset, &iov, 1, flags);
}

int xfs_device_flush(struct xfs_device *dev)
{
	return device_result(dev->ops->flush(dev));
}

int xfs_device_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (!dev->ops->discard)
		return -EOPNOTSUPP;
	return device_result(dev->ops->discard(dev, offset, len));
}

/* The same zeros again and again in one vector: no memory is needed. */
static int zero_by_writing(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct iovec iov[ZERO_IOVS];

	while (len) {
		uint64_t batch = 0;
		int error, n;

		for (n = 0; n < ZERO_IOVS && batch < len; n++) {
			iov[n].iov_base = without_const(xfs_device_zeros);
			iov[n].iov_len = XFS_MIN(len - batch, (uint64_t)XFS_DEV_ZERO_BYTES);
			batch += iov[n].iov_len;
		}
		error = device_result(dev->ops->pwritev(dev, offset, iov, n, 0));
		if (error)
			return error;
		offset += batch;
		len -= batch;
	}
	return 0;
}

int xfs_device_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (dev->ops->zero) {
		error = device_result(dev->ops->zero(dev, offset, len));
		if (error != -EOPNOTSUPP)
			return error;
	}
	return zero_by_writing(dev, offset, len);
}

/* All of @len; the end of the host file before it is an error. */
static int read_host_file(int fd, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_through_memory(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			       uint64_t len)
{
	size_t buf_bytes = XFS_MIN(len, (uint64_t)COPY_BYTES);
	void *buf = xfs_mem_alloc_aligned(NULL, 4096, buf_bytes);
	int error = 0;

	if (!buf)
		return -ENOMEM;
	while (len && !error) {
		struct iovec iov = {.iov_base = buf, .iov_len = XFS_MIN(len, (uint64_t)buf_bytes)};

		error = read_host_file(fd, fd_offset, buf, iov.iov_len);
		if (!error)
			error = device_result(dev->ops->pwritev(dev, offset, &iov, 1, 0));
		offset += iov.iov_len;
		fd_offset += iov.iov_len;
		len -= iov.iov_len;
	}
	xfs_mem_free_aligned(NULL, buf);
	return error;
}

int xfs_device_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			  uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (fd_offset > INT64_MAX - len)
		return -EINVAL;
	if (dev->ops->copy_range) {
		error = device_result(dev->ops->copy_range(dev, offset, fd, fd_offset, len));
		if (error != -EOPNOTSUPP && error != -EXDEV)
			return error;
	}
	return copy_through_memory(dev, offset, fd, fd_offset, len);
}

int xfs_device_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct xfs_device_info info;
	int error = xfs_device_info(dev, &info);

	if (error)
		return error;
	if (info.read_only)
		return -EROFS;
	if (size_bytes > INT64_MAX)
		return -EFBIG;
	if (!dev->ops->resize)
		return -EOPNOTSUPP;
	return device_result(dev->ops->resize(dev, size_bytes));
}
