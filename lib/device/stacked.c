/* SPDX-License-Identifier: MIT */
/* Opening and closing devices that stand on another one. */
#include "base/need.h"
#include "device/device_priv.h"

static_assert(offsetof(struct xfs_stacked_device, dev) == 0, "dev comes first");

int xfs_stacked_open(struct xfs_device *base, const struct xfs_device_ops *ops, size_t size,
		     const struct xfs_env *env, struct xfs_device_info *info,
		     struct xfs_device **devp)
{
	struct xfs_stacked_device *sd;
	struct xfs_mem mem;
	int error;

	if (devp)
		*devp = NULL;
	error = xfs_need(base, devp);
	if (!error)
		error = xfs_mem_take(&mem, env);
	if (!error)
		error = xfs_device_info(base, info);
	if (error)
		return error;
	sd = xfs_mem_zalloc(&mem, size);
	if (!sd)
		return xfs_fail(-ENOMEM, "out of memory for a device");
	xfs_device_init(&sd->dev, ops);
	sd->base = xfs_device_get(base);
	sd->mem = mem;
	*devp = &sd->dev;
	return 0;
}

void xfs_stacked_close(struct xfs_device *dev)
{
	struct xfs_stacked_device *sd = container_of(dev, struct xfs_stacked_device, dev);
	struct xfs_mem mem = sd->mem;

	xfs_device_put(sd->base);
	xfs_mem_free(&mem, sd);
}
