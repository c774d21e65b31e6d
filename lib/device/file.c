/* SPDX-License-Identifier: MIT */
/*
 * I/O on a host file or block device.
 *
 * (FLUSH-1) A failed flush is never repeated: the host may have dropped the dirty pages and
 *     forgotten the error, so that the next fdatasync() "succeeds" without them.  All later flushes
 *     return the first failure.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "device/device_priv.h"

static struct xfs_file_device *to_file(struct xfs_device *dev)
{
	return container_of(dev, struct xfs_file_device, dev);
}

/* The type of ioctl()'s request. */
#ifdef __GLIBC__
typedef unsigned long host_request_t;
#else
typedef int host_request_t;
#endif

#ifndef RWF_DSYNC
#define RWF_DSYNC 0x00000002
#endif

/* pwritev2(); the C library or the kernel may not have it (-EOPNOTSUPP). */
static ssize_t host_pwritev(int fd, const struct iovec *iov, int count, off_t offset, int rwf)
{
	if (!rwf)
		return pwritev(fd, iov, count, offset);
#ifdef __GLIBC__
	return pwritev2(fd, iov, count, offset, rwf);
#else
	return syscall(SYS_pwritev2, fd, iov, count, (unsigned long)offset,
		       (unsigned long)((uint64_t)offset >> 32), rwf);
#endif
}

int xfs_file_transfer(struct xfs_file_device *fdev, bool write, uint64_t offset,
		      const struct iovec *iov, int iovcnt, int rwf)
{
	struct iovec rest = {.iov_len = 0}; /* the rest of a partly transferred entry */

	while (rest.iov_len || iovcnt > 0) {
		const struct iovec *now = rest.iov_len ? &rest : iov;
		int count = rest.iov_len ? 1 : XFS_MIN(iovcnt, IOV_MAX);
		ssize_t n;

		if (!now->iov_len) {
			iov++;
			iovcnt--;
			continue;
		}
		if (write)
			n = host_pwritev(fdev->fd, now, count, (off_t)offset, rwf);
		else if (count == 1)	/* cheaper than preadv() */
			n = pread(fdev->fd, now->iov_base, now->iov_len, (off_t)offset);
		else
			n = preadv(fdev->fd, now, count, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* the file was truncated meanwhile */
		offset += (uint64_t)n;
		if (rest.iov_len) {
			rest.iov_base = (uint8_t *)rest.iov_base + n;
			rest.iov_len -= (size_t)n;
			continue;
		}
		while (iovcnt > 0 && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			iovcnt--;
		}
		if (n > 0) {
			rest.iov_base = (uint8_t *)iov->iov_base + n;
			rest.iov_len = iov->iov_len - (size_t)n;
			iov++;
			iovcnt--;
		}
	}
	return 0;
}

static int file_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	struct xfs_file_device *fdev = to_file(dev);
	uint64_t len;
	int error;

	if (!fdev->direct || xfs_file_direct_fits(fdev, offset, iov, iovcnt))
		return xfs_file_transfer(fdev, false, offset, iov, iovcnt, 0);
	error = xfs_iov_total(iov, iovcnt, &len);
	return error ? error : xfs_file_direct_read(fdev, offset, iov, len);
}

static int write_once(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
		      int iovcnt, int rwf)
{
	uint64_t len;
	int error;

	if (!fdev->direct || xfs_file_direct_fits(fdev, offset, iov, iovcnt))
		return xfs_file_transfer(fdev, true, offset, iov, iovcnt, rwf);
	error = xfs_iov_total(iov, iovcnt, &len);
	return error ? error : xfs_file_direct_write(fdev, offset, iov, len, rwf);
}

static int fail_flushes(struct xfs_file_device *fdev, int error)
{
	int none = 0;

	__atomic_compare_exchange_n(&fdev->flush_error, &none, error, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	return error;
}

static int file_flush(struct xfs_device *dev)
{
	struct xfs_file_device *fdev = to_file(dev);
	int error = __atomic_load_n(&fdev->flush_error, __ATOMIC_RELAXED);

	while (!error && fdatasync(fdev->fd) != 0)
		if (errno != EINTR)
			error = fail_flushes(fdev, -errno);
	return error;
}

/*
 * Write through the cache (RWF_DSYNC).  A failure may have swallowed the error of an earlier write,
 * so it counts as a failed flush.
 */
static int write_stable(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			int iovcnt)
{
	int error;

	if (!__atomic_load_n(&fdev->no_write_dsync, __ATOMIC_RELAXED)) {
		error = write_once(fdev, offset, iov, iovcnt, RWF_DSYNC);
		if (!error)
			return __atomic_load_n(&fdev->flush_error, __ATOMIC_RELAXED);
		if (error != -EOPNOTSUPP && error != -ENOSYS && error != -EINVAL)
			return fail_flushes(fdev, error);
	}
	error = write_once(fdev, offset, iov, iovcnt, 0);
	if (error)
		return error;
	__atomic_store_n(&fdev->no_write_dsync, true, __ATOMIC_RELAXED);
	return file_flush(&fdev->dev);
}

static int file_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			int iovcnt, unsigned int flags)
{
	struct xfs_file_device *fdev = to_file(dev);

	if (flags & XFS_DEV_FUA)
		return write_stable(fdev, offset, iov, iovcnt);
	return write_once(fdev, offset, iov, iovcnt, 0);
}

static int change_range(struct xfs_file_device *fdev, int mode, uint64_t offset, uint64_t len)
{
	while (fallocate(fdev->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) != 0) {
		if (errno == ENOSYS)
			return -EOPNOTSUPP;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int block_ioctl(struct xfs_file_device *fdev, host_request_t request, uint64_t offset,
		       uint64_t len)
{
	uint64_t range[2] = {offset, len};

	if (ioctl(fdev->fd, request, range) == 0)
		return 0;
	return errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

static int file_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct xfs_file_device *fdev = to_file(dev);

	if (fdev->is_block)
		return block_ioctl(fdev, BLKDISCARD, offset, len);
	return change_range(fdev, FALLOC_FL_PUNCH_HOLE, offset, len);
}

static int zero_part(struct xfs_file_device *fdev, uint64_t offset, uint64_t len)
{
	int error = change_range(fdev, FALLOC_FL_ZERO_RANGE, offset, len);

	if (error == -EOPNOTSUPP)
		error = change_range(fdev, FALLOC_FL_PUNCH_HOLE, offset, len);
	return error;
}

/*
 * Zero only the allocated parts: FALLOC_FL_ZERO_RANGE would also allocate the holes, and a new log
 * of two gigabytes would make a sparse image larger by as much.
 */
static int zero_data_only(struct xfs_file_device *fdev, uint64_t offset, uint64_t end)
{
	while (offset < end) {
		off_t data = lseek(fdev->fd, (off_t)offset, SEEK_DATA);
		off_t hole;
		int error;

		if (data < 0 && errno == ENXIO)
			return 0; /* a hole up to the end of the file */
		if (data < 0)
			return zero_part(fdev, offset, end - offset);
		if ((uint64_t)data >= end)
			return 0;
		hole = lseek(fdev->fd, data, SEEK_HOLE);
		offset = hole < 0 ? end : XFS_MIN((uint64_t)hole, end);
		error = zero_part(fdev, (uint64_t)data, offset - (uint64_t)data);
		if (error)
			return error;
	}
	return 0;
}

static int file_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct xfs_file_device *fdev = to_file(dev);

	if (fdev->is_block)
		return block_ioctl(fdev, BLKZEROOUT, offset, len);
	if (fdev->own_description)
		return zero_data_only(fdev, offset, offset + len);
	return zero_part(fdev, offset, len);
}

/*
 * If this fails half-way, the caller copies everything again through memory, which writes the same
 * bytes to the same places.
 */
static int file_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			   uint64_t len)
{
	struct xfs_file_device *fdev = to_file(dev);
	off64_t in = (off64_t)fd_offset, out = (off64_t)offset;

	if (fdev->is_block)
		return -EOPNOTSUPP;
	while (len) {
		ssize_t n = copy_file_range(fd, &in, fdev->fd, &out,
					    (size_t)XFS_MIN(len, (uint64_t)1 << 30), 0);

		if (n < 0 && errno == EINTR)
			continue;
		/*
		 * Files of procfs and the like look empty here but can be read, and hosts differ in
		 * what they refuse.  Leave it to the caller to read and write.
		 */
		if (n <= 0)
			return n < 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT)
				       ? -errno
				       : -EOPNOTSUPP;
		len -= (uint64_t)n;
	}
	return 0;
}

/*
 * Hosts and kinds of files differ in what they refuse, so every failure makes the caller read and
 * write instead.
 */
static int64_t file_copy_out(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			     uint64_t len)
{
	struct xfs_file_device *fdev = to_file(dev);
	size_t most = (size_t)XFS_MIN(len, (uint64_t)1 << 30);
	ssize_t n;

	do {
		off64_t in = (off64_t)offset, out = (off64_t)fd_offset;

		if (fd_offset == XFS_DEV_NO_OFFSET)
			n = sendfile(fd, fdev->fd, &in, most);
		else
			n = copy_file_range(fdev->fd, &in, fd, &out, most, 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? n : -EOPNOTSUPP;
}

static int file_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct xfs_file_device *fdev = to_file(dev);
	const struct xfs_device_info mine = {
		.size = sizeof(mine),
		.size_bytes = __atomic_load_n(&fdev->size_bytes, __ATOMIC_RELAXED),
		.logical_sector = fdev->logical_sector,
		.physical_sector = fdev->physical_sector,
		.io_min = fdev->io_min,
		.io_opt = fdev->io_opt,
		.volatile_cache = true,
		.read_only = fdev->read_only,
		.growable = !fdev->is_block && !fdev->read_only,
		.rotational = fdev->rotational,
	};

	return xfs_device_info_set(info, &mine);
}

static int file_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct xfs_file_device *fdev = to_file(dev);

	if (size_bytes % (fdev->direct ? fdev->offset_align : fdev->logical_sector))
		return -EINVAL;
	if (fdev->is_block) {
		uint64_t now;

		/* A block device is grown by other means; only notice it. */
		if (ioctl(fdev->fd, BLKGETSIZE64, &now) != 0)
			return -errno;
		if (now < size_bytes)
			return -EOPNOTSUPP;
	} else {
		while (ftruncate(fdev->fd, (off_t)size_bytes) != 0)
			if (errno != EINTR)
				return -errno;
	}
	__atomic_store_n(&fdev->size_bytes, size_bytes, __ATOMIC_RELAXED);
	return 0;
}

static void file_close(struct xfs_device *dev)
{
	struct xfs_file_device *fdev = to_file(dev);
	struct xfs_mem mem = fdev->mem;

	if (fdev->direct) {
		xfs_mem_free_aligned(&mem, fdev->bounce);
		xfs_mutex_destroy(&fdev->bounce_lock);
	}
	if (fdev->claim_fd >= 0)
		close(fdev->claim_fd);
	close(fdev->fd);
	xfs_mem_free(&mem, fdev);
}

const struct xfs_device_ops xfs_file_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = file_preadv,
	.pwritev = file_pwritev,
	.flush = file_flush,
	.discard = file_discard,
	.zero = file_zero,
	.copy_range = file_copy_range,
	.info = file_info,
	.resize = file_resize,
	.close = file_close,
	.copy_out = file_copy_out,
};
