/* SPDX-License-Identifier: MIT */
/*
 * Another device that cannot be changed through this one.  That it says
 * read_only keeps writes away from it; it has no op that could write for those
 * who call the ops themselves.
 */
#include "base/need.h"
#include "device/device_priv.h"

struct readonly_device {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_mem mem;
};

static struct xfs_device *base_of(struct xfs_device *dev)
{
	return container_of(dev, struct readonly_device, dev)->base;
}

static int readonly_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt)
{
	return xfs_device_preadv(base_of(dev), offset, iov, iovcnt);
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

/* What others wrote to the base is theirs to flush, but they may share this handle. */
static int readonly_flush(struct xfs_device *dev)
{
	return xfs_device_flush(base_of(dev));
}

static int readonly_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	int error = xfs_device_info(base_of(dev), info);

	info->read_only = true;
	info->growable = false;
	return error;
}

static struct xfs_device *readonly_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return base_of(dev);
}

static void readonly_close(struct xfs_device *dev)
{
	struct readonly_device *ro = container_of(dev, struct readonly_device, dev);
	struct xfs_mem mem = ro->mem;

	xfs_device_put(ro->base);
	xfs_mem_free(&mem, ro);
}

static const struct xfs_device_ops readonly_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = readonly_preadv,
	.pwritev = readonly_pwritev,
	.flush = readonly_flush,
	.info = readonly_info,
	.close = readonly_close,
	.base = readonly_base,
};

static int do_open_readonly(struct xfs_device *base, const struct xfs_env *env,
			    struct xfs_device **devp)
{
	struct xfs_mem mem;
	struct xfs_device_info info;
	struct readonly_device *ro;
	int error;

	if (devp)
		*devp = NULL;
	error = xfs_need(base, devp);
	if (!error)
		error = xfs_device_info(base, &info);
	if (error)
		return error;
	xfs_mem_init(&mem, env);
	ro = xfs_mem_zalloc(&mem, sizeof(*ro));
	if (!ro)
		return xfs_fail(-ENOMEM, "out of memory for a device");
	xfs_device_init(&ro->dev, &readonly_ops);
	ro->base = xfs_device_get(base);
	ro->mem = mem;
	*devp = &ro->dev;
	return 0;
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
