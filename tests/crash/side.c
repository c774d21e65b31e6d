/* SPDX-License-Identifier: MIT */
/* A disk that is a part of a recorded device. */
#include <stdlib.h>
#include "base/compiler.h"
#include "crash/side.h"
#include "support/test_device.h"

struct side {
	struct xfs_device dev;
	struct xfs_device *base;
	bool recorded;
	uint64_t offset, len;
};

static struct side *to_side(struct xfs_device *dev)
{
	return container_of(dev, struct side, dev);
}

static int side_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	struct side *side = to_side(dev);

	return xfs_device_preadv(side->base, side->offset + offset, iov, iovcnt);
}

static int side_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			int iovcnt, unsigned int flags)
{
	struct side *side = to_side(dev);

	return xfs_device_pwritev(side->base, side->offset + offset, iov, iovcnt, flags);
}

static int side_flush(struct xfs_device *dev)
{
	struct side *side = to_side(dev);

	if (side->recorded)
		return test_recorder_flush(side->base, side->offset, side->len);
	return xfs_device_flush(side->base);
}

static int side_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct side *side = to_side(dev);

	return xfs_device_zero(side->base, side->offset + offset, len);
}

static int side_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct side *side = to_side(dev);
	int error = xfs_device_info(side->base, info);

	info->size_bytes = side->len;
	return error;
}

static void side_close(struct xfs_device *dev)
{
	struct side *side = to_side(dev);

	xfs_device_put(side->base);
	free(side);
}

static const struct xfs_device_ops side_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = side_preadv,
	.pwritev = side_pwritev,
	.flush = side_flush,
	.zero = side_zero,
	.info = side_info,
	.close = side_close,
};

struct xfs_device *crash_side_new(struct xfs_device *base, bool recorded, uint64_t offset,
				  uint64_t len)
{
	struct side *side = calloc(1, sizeof(*side));

	if (!side)
		abort();
	xfs_device_init(&side->dev, &side_ops);
	side->base = xfs_device_get(base);
	side->recorded = recorded;
	side->offset = offset;
	side->len = len;
	return &side->dev;
}
