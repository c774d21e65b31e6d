/* SPDX-License-Identifier: MIT */
/* A device whose flushes take time, and whose calls can be held until the test lets them go. */
#include <time.h>
#include "base/compiler.h"
#include "base/mem.h"
#include "support/test_device.h"

struct delay {
	struct xfs_device dev;
	struct xfs_device *base;
	uint64_t flush_ns;
	uint64_t flushes; /* atomic */
	unsigned int hold; /* atomic: TEST_FAULT_* */
	uint32_t held;	   /* atomic: calls that wait */
};

static struct delay *to_delay(struct xfs_device *dev)
{
	return container_of(dev, struct delay, dev);
}

/* As a disk does that puts its cache onto the medium: others may come meanwhile. */
static void wait_for_medium(struct delay *d)
{
	struct timespec ts = { (time_t)(d->flush_ns / 1000000000u),
			       (long)(d->flush_ns % 1000000000u) };

	__atomic_add_fetch(&d->flushes, 1, __ATOMIC_RELAXED);
	while (d->flush_ns && nanosleep(&ts, &ts) != 0)
		;
}

static void wait_while_held(struct delay *d, unsigned int op)
{
	const struct timespec moment = { .tv_nsec = 200000 };

	if (!(__atomic_load_n(&d->hold, __ATOMIC_ACQUIRE) & op))
		return;
	__atomic_add_fetch(&d->held, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&d->hold, __ATOMIC_ACQUIRE) & op)
		nanosleep(&moment, NULL);
	__atomic_sub_fetch(&d->held, 1, __ATOMIC_ACQ_REL);
}

static int delay_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			int iovcnt)
{
	wait_while_held(to_delay(dev), TEST_FAULT_READ);
	return xfs_device_preadv(to_delay(dev)->base, offset, iov, iovcnt);
}

static int delay_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt, unsigned int flags)
{
	struct delay *d = to_delay(dev);
	int error;

	wait_while_held(d, TEST_FAULT_WRITE);
	error = xfs_device_pwritev(d->base, offset, iov, iovcnt, flags);

	if (!error && (flags & XFS_DEV_FUA))
		wait_for_medium(d);
	return error;
}

static int delay_flush(struct xfs_device *dev)
{
	struct delay *d = to_delay(dev);
	int error;

	wait_while_held(d, TEST_FAULT_FLUSH);
	error = xfs_device_flush(d->base);

	if (!error)
		wait_for_medium(d);
	return error;
}

static int delay_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	return xfs_device_discard(to_delay(dev)->base, offset, len);
}

static int delay_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	return xfs_device_zero(to_delay(dev)->base, offset, len);
}

static int delay_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info(to_delay(dev)->base, info);
}

static struct xfs_device *delay_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return to_delay(dev)->base;
}

static void delay_close(struct xfs_device *dev)
{
	struct delay *d = to_delay(dev);

	xfs_device_put(d->base);
	xfs_mem_free(NULL, d);
}

static const struct xfs_device_ops delay_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = delay_preadv,
	.pwritev = delay_pwritev,
	.flush = delay_flush,
	.discard = delay_discard,
	.zero = delay_zero,
	.info = delay_info,
	.close = delay_close,
	.base = delay_base,
};

int test_delay_open(struct xfs_device *base, uint64_t flush_ns, struct xfs_device **devp)
{
	struct delay *d = xfs_mem_zalloc(NULL, sizeof(*d));

	*devp = NULL;
	if (!d)
		return -ENOMEM;
	xfs_device_init(&d->dev, &delay_ops);
	d->base = xfs_device_get(base);
	d->flush_ns = flush_ns;
	*devp = &d->dev;
	return 0;
}

uint64_t test_delay_flushes(struct xfs_device *dev)
{
	return __atomic_load_n(&to_delay(dev)->flushes, __ATOMIC_RELAXED);
}

void test_delay_hold(struct xfs_device *dev, unsigned int ops)
{
	__atomic_store_n(&to_delay(dev)->hold, ops, __ATOMIC_RELEASE);
}

uint32_t test_delay_held(struct xfs_device *dev)
{
	return __atomic_load_n(&to_delay(dev)->held, __ATOMIC_ACQUIRE);
}
