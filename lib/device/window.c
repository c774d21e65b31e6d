/* SPDX-License-Identifier: MIT */
/*
 * A part of another device.  Requests were held against the window's size
 * before they get here, so that adding its start cannot leave it.
 */
#include "base/need.h"
#include "device/device_priv.h"

struct window_device {
	struct xfs_device dev;
	struct xfs_device *base;
	uint64_t offset, len;
	uint32_t sector; /* of the disk, as far as somebody else knows it; 0 */
	struct xfs_mem mem;
};

static struct window_device *to_window(struct xfs_device *dev)
{
	return container_of(dev, struct window_device, dev);
}

static int window_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt)
{
	struct window_device *win = to_window(dev);

	return xfs_device_preadv(win->base, win->offset + offset, iov, iovcnt);
}

static int window_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt, unsigned int flags)
{
	struct window_device *win = to_window(dev);

	return xfs_device_pwritev(win->base, win->offset + offset, iov, iovcnt, flags);
}

static int window_flush(struct xfs_device *dev)
{
	return xfs_device_flush(to_window(dev)->base);
}

static int window_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_discard(win->base, win->offset + offset, len);
}

static int window_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_zero(win->base, win->offset + offset, len);
}

static int window_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			     uint64_t len)
{
	struct window_device *win = to_window(dev);

	return xfs_device_copy_range(win->base, win->offset + offset, fd, fd_offset, len);
}

static int window_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct window_device *win = to_window(dev);
	int error = xfs_device_info(win->base, info);

	info->size_bytes = win->len;
	info->growable = false;
	info->physical_sector = XFS_MAX(info->physical_sector, win->sector);
	/* What the base likes is of its own addresses: here only as far as those are aligned to it. */
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
	return win->base;
}

static void window_close(struct xfs_device *dev)
{
	struct window_device *win = to_window(dev);
	struct xfs_mem mem = win->mem;

	xfs_device_put(win->base);
	xfs_mem_free(&mem, win);
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
	.close = window_close,
	.base = window_base,
};

int xfs_window_open(struct xfs_device *base, uint64_t offset, uint64_t len, uint32_t sector,
		    const struct xfs_env *env, struct xfs_device **devp)
{
	struct xfs_mem mem;
	struct xfs_device_info info;
	struct window_device *win;
	int error;

	if (devp)
		*devp = NULL;
	error = xfs_need(base, devp);
	if (!error)
		error = xfs_device_info(base, &info);
	if (error)
		return error;
	if (offset > info.size_bytes)
		return xfs_fail(-EINVAL, "the device ends before byte %" PRIu64, offset);
	if (!len)
		len = xfs_rounddown64(info.size_bytes - offset, info.logical_sector);
	if (len > info.size_bytes - offset || !XFS_IS_ALIGNED(offset | len, info.logical_sector))
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes at %" PRIu64 " of a device of %" PRIu64
				" in sectors of %u", len, offset, info.size_bytes,
				info.logical_sector);
	xfs_mem_init(&mem, env);
	win = xfs_mem_zalloc(&mem, sizeof(*win));
	if (!win)
		return xfs_fail(-ENOMEM, "out of memory for a device");
	xfs_device_init(&win->dev, &window_ops);
	win->base = xfs_device_get(base);
	win->offset = offset;
	win->len = len;
	win->sector = sector;
	win->mem = mem;
	*devp = &win->dev;
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
