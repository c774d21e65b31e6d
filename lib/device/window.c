/* SPDX-License-Identifier: MIT */
/*
 * A part of another device.  Requests have been checked against the window's size before they get
 * here, so adding its start cannot leave the window.
 */
#include "base/error.h"
#include "device/copy_out.h"
#include "device/device_priv.h"

struct window_device {
	struct xfs_stacked_device on;
	uint64_t offset, len;
	uint32_t sector; /* of the disk, if a partition table tells; else 0 */
};

static_assert(offsetof(struct window_device, on) == 0, "dev comes first");

static struct window_device *to_window(struct xfs_device *dev)
{
	return container_of(dev, struct window_device, on.dev);
}

static int window_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt)
{
	struct window_device *win = to_window(dev);

	return xfs_device_preadv(win->on.base, win->offset + offset, iov, iovcnt);
}

static int window_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt, unsigned int flags)
{
	struct window_device *win = to_window(dev);

	return xfs_device_pwritev(win->on.base, win->offset + offset, iov, iovcnt, flags);
}

static int window_flush(struct xfs_device *dev)
{
	return xfs_device_flush(xfs_stacked_base(dev));
}

static int window_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_discard(win->on.base, win->offset + offset, len);
}

static int window_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_zero(win->on.base, win->offset + offset, len);
}

static int window_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			     uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_copy_range(win->on.base, win->offset + offset, fd, fd_offset, len);
}

static int64_t window_copy_out(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			       uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_copy_out(win->on.base, win->offset + offset, fd, fd_offset, len);
}

static int window_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct window_device *win = to_window(dev);
	int error = xfs_device_info(win->on.base, info);

	info->size_bytes = win->len;
	info->growable = false;
	info->physical_sector = XFS_MAX(info->physical_sector, win->sector);
	/* The base's preferred units count only as far as the window's start is aligned to them. */
	while (info->physical_sector > info->logical_sector &&
	       win->offset % info->physical_sector)
		info->physical_sector /= 2;
	if (info->io_min && win->offset % info->io_min)
		info->io_min = info->io_opt = 0;
	if (info->io_opt && win->offset % info->io_opt)
		info->io_opt = 0;
	return error;
}

static struct xfs_device *window_base(struct xfs_device *dev, uint64_t *offset)
{
	struct window_device *win = to_window(dev);

	*offset = win->offset;
	return win->on.base;
}

static const struct xfs_device_ops window_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = window_preadv,
	.pwritev = window_pwritev,
	.flush = window_flush,
	.discard = window_discard,
	.zero = window_zero,
	.copy_range = window_copy_range,
	.info = window_info,
	.close = xfs_stacked_close,
	.base = window_base,
	.copy_out = window_copy_out,
};

/* *@len 0: up to the end of the device. */
static int check_range(const struct xfs_device_info *info, uint64_t offset, uint64_t *len)
{
	if (offset > info->size_bytes)
		return xfs_fail(-EINVAL, "the device ends before offset %" PRIu64, offset);
	if (!*len)
		*len = xfs_rounddown64(info->size_bytes - offset, info->logical_sector);
	if (*len > info->size_bytes - offset || !XFS_IS_ALIGNED(offset | *len, info->logical_sector))
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes at %" PRIu64 " of a device of %" PRIu64
				" in sectors of %u", *len, offset, info->size_bytes,
				info->logical_sector);
	return 0;
}

int xfs_window_open(struct xfs_device *base, uint64_t offset, uint64_t len, uint32_t sector,
		    const struct xfs_env *env, struct xfs_device **devp)
{
	struct window_device *win;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_stacked_open(base, &window_ops, sizeof(*win), env, &info, devp);

	if (error)
		return error;
	error = check_range(&info, offset, &len);
	if (error) {
		xfs_stacked_close(*devp);
		*devp = NULL;
		return error;
	}
	win = to_window(*devp);
	win->offset = offset;
	win->len = len;
	win->sector = sector ? sector : xfs_partition_table_sector(base, &info);
	return 0;
}

int xfs_device_open_window(struct xfs_device *base, uint64_t offset, uint64_t len,
			   struct xfs_device **devp)
{
	return XFS_CALL(xfs_window_open(base, offset, len, 0, NULL, devp));
}

int xfs_device_open_window_env(struct xfs_device *base, uint64_t offset, uint64_t len,
			       const struct xfs_env *env, struct xfs_device **devp)
{
	return XFS_CALL(xfs_window_open(base, offset, len, 0, env, devp));
}
