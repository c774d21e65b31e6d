/* SPDX-License-Identifier: MIT */
/*
 * The public calls on a device.  They check a request against the device's size, sector and mode
 * before the device sees it, so that no device has to, and emulate what a device cannot do (zero,
 * copy_range).
 */
#include <time.h>
#include <unistd.h>
#include "base/cause.h"
#include "base/growable.h"
#include "base/need.h"
#include "device/copy_out.h"
#include "device/device_priv.h"

const uint8_t xfs_device_zeros[XFS_DEV_ZERO_BYTES] __attribute__((aligned(4096)));

/* Size of one fallback write of zeros, or of copied data. */
#define ZERO_IOVS  64
#define COPY_BYTES (256u << 10)

/* The largest errno. */
#define MAX_ERRNO 4095

void xfs_device_init(struct xfs_device *dev, const struct xfs_device_ops *ops)
{
	if (!dev)
		return;
	dev->ops = ops;
	dev->refcount = 1;
	dev->last_error = 0;
}

struct xfs_device *xfs_device_get(struct xfs_device *dev)
{
	if (dev)
		__atomic_add_fetch(&dev->refcount, 1, __ATOMIC_RELAXED);
	return dev;
}

void xfs_device_put(struct xfs_device *dev)
{
	if (dev && __atomic_sub_fetch(&dev->refcount, 1, __ATOMIC_ACQ_REL) == 0 && dev->ops &&
	    dev->ops->close)
		dev->ops->close(dev);
}

/* ---- results ---------------------------------------------------------------------------- */

/* What a call may return besides 0, -EIO and -ENOMEM. */
#define MAY_LACK   (1u << 0) /* -EOPNOTSUPP: not supported, nothing done */
#define MAY_XDEV   (1u << 1) /* -EXDEV: the same */
#define MAY_REFUSE (1u << 2) /* -EINVAL, -EFBIG, -EROFS: refused */

/* Limits of retrying a call that was interrupted (-EINTR) or asked to try again (-EAGAIN). */
#define INTERRUPTED_TRIES 100
#define LATER_TRIES	  8 /* after 1, 2, 4 ... 128 ms */

struct attempts {
	unsigned int interrupted, later;
};

static bool try_again(struct attempts *tries, int error)
{
	struct timespec ts = {0};

	if (likely(error != -EINTR && error != -EAGAIN))
		return false;
	if (error == -EINTR)
		return tries->interrupted++ < INTERRUPTED_TRIES;
	if (tries->later == LATER_TRIES)
		return false;
	ts.tv_nsec = 1000000L << tries->later++;
	nanosleep(&ts, NULL);
	return true;
}

/* Not a failure: the caller has another way. */
static bool is_lack(int error, unsigned int may)
{
	return (error == -EOPNOTSUPP && may & MAY_LACK) || (error == -EXDEV && may & MAY_XDEV);
}

static bool is_passed_on(int error, unsigned int may)
{
	if (may & MAY_REFUSE && (error == -EINVAL || error == -EFBIG || error == -EROFS))
		return true;
	return error == -ENOMEM;
}

/*
 * Reduce a device's error to what the public header documents.  A full host file system is a failed
 * device to the layers above, not a reason to reclaim space and retry; a call that stays
 * interrupted has failed; and a positive result is an error too, since it does not say that all was
 * done.
 *
 * The device's own errno is kept in last_error.  If this device stands on another one, that one's
 * errno is kept, since it came first.
 */
static int answer(struct xfs_device *dev, int error, unsigned int may)
{
	int cause = xfs_device_cause();

	if (likely(!error))
		return 0;
	if (is_lack(error, may))
		return error;
	if (!cause)
		cause = error < 0 && error >= -MAX_ERRNO ? -error : EIO;
	xfs_set_device_cause(cause);
	__atomic_store_n(&dev->last_error, (uint32_t)cause, __ATOMIC_RELAXED);
	if (!is_passed_on(error, may))
		error = -EIO;
	xfs_set_fail(error, "the device said: %s", strerror(cause));
	xfs_error_set_device(-cause);
	return error;
}

#define ASK(dev, may, call)                                                                        \
	({                                                                                         \
		struct attempts tries_ = {0};                                                      \
		int before_ = xfs_device_cause(), error_;                                          \
                                                                                                   \
		do {                                                                               \
			xfs_set_device_cause(0);                                                   \
			error_ = (call);                                                           \
		} while (try_again(&tries_, error_));                                              \
		if (!error_)                                                                       \
			xfs_set_device_cause(before_);                                             \
		answer(dev, error_, may);                                                          \
	})

int xfs_device_error(const struct xfs_device *dev)
{
	return dev ? -(int)__atomic_load_n(&dev->last_error, __ATOMIC_RELAXED) : 0;
}

/* ---- the calls ------------------------------------------------------------------------------ */

/* A caller may make a device of its own: -EINVAL if it is incomplete. */
static int check_device(const struct xfs_device *dev)
{
	const struct xfs_device_ops *ops;

	if (unlikely(!dev))
		return xfs_fail(-EINVAL, "the device is NULL");
	ops = dev->ops;
	if (unlikely(!ops))
		return xfs_fail(-EINVAL, "the device has no ops");
	if (unlikely(ops->version < 1 || ops->version > XFS_DEVICE_OPS_VERSION))
		return xfs_fail(-EINVAL, "the device has ops of unknown version %u", ops->version);
	if (unlikely(!ops->preadv || !ops->pwritev || !ops->flush || !ops->info || !ops->close))
		return xfs_fail(-EINVAL, "the device ops lack %s",
				!ops->preadv	? "preadv"
				: !ops->pwritev ? "pwritev"
				: !ops->flush	? "flush"
				: !ops->info	? "info"
						: "close");
	return 0;
}

/* Check what every caller computes with. */
static int check_info(struct xfs_device_info *info)
{
	if (unlikely(!xfs_is_power_of_2(info->logical_sector) ||
		     info->logical_sector < XFS_DEV_MIN_SECTOR ||
		     info->logical_sector > XFS_DEV_ZERO_BYTES))
		return xfs_fail(-EINVAL,
				"the device has sectors of %u bytes, which is not supported",
				info->logical_sector);
	if (unlikely(info->size_bytes > INT64_MAX))
		return xfs_fail(-EINVAL, "a device of %" PRIu64 " bytes is too large", info->size_bytes);
	/* The rest is advice: drop values that make no sense. */
	if (!xfs_is_power_of_2(info->physical_sector) ||
	    info->physical_sector < info->logical_sector)
		info->physical_sector = info->logical_sector;
	if (info->io_min % info->logical_sector)
		info->io_min = 0;
	if (info->io_opt % info->logical_sector)
		info->io_opt = 0;
	return 0;
}

static int do_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	int error = check_device(dev);

	*info = (struct xfs_device_info)XFS_DEVICE_INFO_INIT;
	if (!error)
		error = ASK(dev, 0, dev->ops->info(dev, info));
	/* The device may have overwritten the size member. */
	info->size = sizeof(*info);
	return error ? error : check_info(info);
}

static int tell_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct xfs_device_info own;
	int error = xfs_need_struct(xfs_device_info, info, size_bytes);

	if (!error)
		error = do_info(dev, &own);
	if (!error)
		xfs_give_struct(&own, info);
	return error;
}

int xfs_device_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return XFS_CALL(tell_info(dev, info));
}

static int set_info(struct xfs_device_info *info, const struct xfs_device_info *mine)
{
	struct xfs_device_info own;
	int error = xfs_need_struct(xfs_device_info, info, size_bytes);

	/* A newer device may know more members; this library does not read them. */
	if (!error)
		error = xfs_need_struct(xfs_device_info, mine, size_bytes);
	if (error)
		return error;
	memset(&own, 0, sizeof(own));
	memcpy(&own, mine, XFS_MIN((size_t)mine->size, sizeof(own)));
	xfs_give_struct(&own, info);
	return 0;
}

int xfs_device_info_set(struct xfs_device_info *info, const struct xfs_device_info *mine)
{
	return XFS_CALL(set_info(info, mine));
}

/* -EIO: outside of the device; -EINVAL: not whole sectors; -EROFS: read-only. */
static int check_range(struct xfs_device *dev, uint64_t offset, uint64_t len, bool for_write)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = do_info(dev, &info);

	if (error)
		return error;
	if (for_write && info.read_only)
		return xfs_fail(-EROFS, "the device is read-only");
	if (offset > info.size_bytes || len > info.size_bytes - offset)
		return xfs_fail(-EIO, "%" PRIu64 " bytes at %" PRIu64
				" do not lie on a device of %" PRIu64, len, offset, info.size_bytes);
	if (!XFS_IS_ALIGNED(offset | len, info.logical_sector))
		return xfs_fail(-EINVAL,
				"%" PRIu64 " bytes at %" PRIu64
				" are not whole sectors of %u bytes",
				len, offset, info.logical_sector);
	return 0;
}

static int do_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (!error)
		error = check_range(dev, offset, len, false);
	if (error || !len)
		return error;
	return ASK(dev, 0, dev->ops->preadv(dev, offset, iov, iovcnt));
}

int xfs_device_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	return XFS_CALL(do_preadv(dev, offset, iov, iovcnt));
}

static int do_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		      unsigned int flags)
{
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (!error && (flags & ~XFS_DEV_FUA))
		error = xfs_fail(-EINVAL, "unknown flags 0x%x", flags & ~XFS_DEV_FUA);
	if (!error)
		error = check_range(dev, offset, len, true);
	if (error || !len)
		return error;
	return ASK(dev, 0, dev->ops->pwritev(dev, offset, iov, iovcnt, flags));
}

int xfs_device_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		       unsigned int flags)
{
	return XFS_CALL(do_pwritev(dev, offset, iov, iovcnt, flags));
}

int xfs_device_pread(struct xfs_device *dev, uint64_t offset, void *buf, size_t len)
{
	struct iovec iov = {.iov_base = buf, .iov_len = len};

	return XFS_CALL(do_preadv(dev, offset, &iov, 1));
}

/* struct iovec has no const; the vector of a write is only read. */
static void *without_const(const void *p)
{
	return (void *)(uintptr_t)p;
}

int xfs_device_pwrite(struct xfs_device *dev, uint64_t offset, const void *buf, size_t len,
		      unsigned int flags)
{
	struct iovec iov = {.iov_base = without_const(buf), .iov_len = len};

	return XFS_CALL(do_pwritev(dev, offset, &iov, 1, flags));
}

static int do_flush(struct xfs_device *dev)
{
	int error = check_device(dev);

	return error ? error : ASK(dev, 0, dev->ops->flush(dev));
}

int xfs_device_flush(struct xfs_device *dev)
{
	return XFS_CALL(do_flush(dev));
}

static int do_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (!dev->ops->discard)
		return xfs_fail(-EOPNOTSUPP, "the device cannot discard");
	return ASK(dev, MAY_LACK, dev->ops->discard(dev, offset, len));
}

int xfs_device_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	return XFS_CALL(do_discard(dev, offset, len));
}

/*
 * Write zeros from one constant buffer, used for each entry of the vector, so that no memory is
 * needed.
 */
static int zero_by_writing(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct iovec iov[ZERO_IOVS];

	while (len) {
		uint64_t batch = 0;
		int error, n;

		for (n = 0; n < ZERO_IOVS && batch < len; n++) {
			iov[n].iov_base = without_const(xfs_device_zeros);
			iov[n].iov_len = (size_t)XFS_MIN(len - batch, (uint64_t)XFS_DEV_ZERO_BYTES);
			batch += iov[n].iov_len;
		}
		error = ASK(dev, 0, dev->ops->pwritev(dev, offset, iov, n, 0));
		if (error)
			return error;
		offset += batch;
		len -= batch;
	}
	return 0;
}

static int do_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (dev->ops->zero) {
		error = ASK(dev, MAY_LACK, dev->ops->zero(dev, offset, len));
		if (error != -EOPNOTSUPP)
			return error;
	}
	return zero_by_writing(dev, offset, len);
}

int xfs_device_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	return XFS_CALL(do_zero(dev, offset, len));
}

/* Read all of @len; reaching the end of the host file is an error. */
static int read_host_file(int fd, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xfs_fail(-EIO, "reading the host file: %s", strerror(errno));
		if (n == 0)
			return xfs_fail(-EIO, "the host file ended");
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_through_memory(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			       uint64_t len)
{
	size_t buf_bytes = (size_t)XFS_MIN(len, (uint64_t)COPY_BYTES);
	void *buf = xfs_mem_alloc_aligned(NULL, 4096, buf_bytes);
	int error = 0;

	if (!buf)
		return -ENOMEM;
	while (len && !error) {
		struct iovec iov = {.iov_base = buf, .iov_len = (size_t)XFS_MIN(len, (uint64_t)buf_bytes)};

		error = read_host_file(fd, fd_offset, buf, iov.iov_len);
		if (!error)
			error = ASK(dev, 0, dev->ops->pwritev(dev, offset, &iov, 1, 0));
		offset += iov.iov_len;
		fd_offset += iov.iov_len;
		len -= iov.iov_len;
	}
	xfs_mem_free_aligned(NULL, buf);
	return error;
}

static int do_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			 uint64_t len)
{
	int error = check_range(dev, offset, len, true);

	if (error || !len)
		return error;
	if (fd < 0)
		return xfs_fail(-EBADF, "descriptor %d", fd);
	if (len > INT64_MAX || fd_offset > INT64_MAX - len)
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes at %" PRIu64 " of the host file", len,
				fd_offset);
	if (dev->ops->copy_range) {
		error = ASK(dev, MAY_LACK | MAY_XDEV,
			    dev->ops->copy_range(dev, offset, fd, fd_offset, len));
		if (error != -EOPNOTSUPP && error != -EXDEV)
			return error;
	}
	return copy_through_memory(dev, offset, fd, fd_offset, len);
}

int xfs_device_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			  uint64_t len)
{
	return XFS_CALL(do_copy_range(dev, offset, fd, fd_offset, len));
}

int64_t xfs_device_copy_out(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			    uint64_t len)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int64_t ret;

	if (dev->ops->version < 3 || !dev->ops->copy_out || !len || do_info(dev, &info) ||
	    offset > info.size_bytes || len > info.size_bytes - offset)
		return -EOPNOTSUPP;
	ret = dev->ops->copy_out(dev, offset, fd, fd_offset, len);
	return ret > 0 && (uint64_t)ret <= len ? ret : -EOPNOTSUPP;
}

static int do_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(dev, &info);

	if (error)
		return error;
	if (info.read_only)
		return xfs_fail(-EROFS, "the device is read-only");
	if (size_bytes > INT64_MAX)
		return xfs_fail(-EFBIG, "a device of %" PRIu64 " bytes is too large", size_bytes);
	if (!XFS_IS_ALIGNED(size_bytes, info.logical_sector))
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes are no sectors of %u", size_bytes,
				info.logical_sector);
	if (!dev->ops->resize)
		return xfs_fail(-EOPNOTSUPP, "the device cannot change its size");
	return ASK(dev, MAY_LACK | MAY_REFUSE, dev->ops->resize(dev, size_bytes));
}

int xfs_device_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	return XFS_CALL(do_resize(dev, size_bytes));
}
