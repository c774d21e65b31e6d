/* SPDX-License-Identifier: MIT */
/*
 * A read-only view of another device.  Its info says read_only, so xfs_device_pwritev() and the
 * like refuse writes; and for callers that call the ops directly, it has no op that could write.
 */
#include "base/error.h"
#include "device/copy_out.h"
#include "device/device_priv.h"

static int readonly_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt)
{
	return xfs_device_preadv(xfs_stacked_base(dev), offset, iov, iovcnt);
}

static int readonly_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			    int iovcnt, unsigned int flags)
{
	(void)dev;
	(void)offset;
	(void)iov;
	(void)iovcnt;
	(void)flags;
	return -EROFS;
}

/* Others flush what they wrote to the base, but they may use this handle to do so. */
static int readonly_flush(struct xfs_device *dev)
{
	return xfs_device_flush(xfs_stacked_base(dev));
}

static int64_t readonly_copy_out(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
				 uint64_t len)
{
	return xfs_device_copy_out(xfs_stacked_base(dev), offset, fd, fd_offset, len);
}

static int readonly_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	int error = xfs_device_info(xfs_stacked_base(dev), info);

	info->read_only = true;
	info->growable = false;
	return error;
}

static struct xfs_device *readonly_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return xfs_stacked_base(dev);
}

static const struct xfs_device_ops readonly_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = readonly_preadv,
	.pwritev = readonly_pwritev,
	.flush = readonly_flush,
	.info = readonly_info,
	.close = xfs_stacked_close,
	.base = readonly_base,
	.copy_out = readonly_copy_out,
};

static int do_open_readonly(struct xfs_device *base, const struct xfs_env *env,
			    struct xfs_device **devp)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;

	return xfs_stacked_open(base, &readonly_ops, sizeof(struct xfs_stacked_device), env, &info,
				devp);
}

int xfs_device_open_readonly(struct xfs_device *base, struct xfs_device **devp)
{
	return XFS_CALL(do_open_readonly(base, NULL, devp));
}

int xfs_device_open_readonly_env(struct xfs_device *base, const struct xfs_env *env,
				 struct xfs_device **devp)
{
	return XFS_CALL(do_open_readonly(base, env, devp));
}
