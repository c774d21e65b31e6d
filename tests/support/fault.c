/* SPDX-License-Identifier: MIT */
/* A device that lets the n-th read, write or flush fail. */
#include "base/compiler.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "support/test_device.h"

struct fault {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_mutex lock; /* protects all below */
	unsigned int ops, countdown;
	bool from_there_on, torn, met;
	int error;
	unsigned int bad_ops;
	uint64_t bad_offset, bad_len;
	uint64_t count[3];
};

static struct fault *to_fault(struct xfs_device *dev)
{
	return container_of(dev, struct fault, dev);
}

/* Counts the call; whether it has to fail. */
static bool must_fail(struct fault *ft, unsigned int op, uint64_t offset, uint64_t len, bool *torn)
{
	bool fail = false;

	xfs_mutex_lock(&ft->lock);
	ft->count[xfs_lowbit64(op)]++;
	if ((ft->ops & op) && ft->countdown) {
		if (ft->countdown > 1) {
			ft->countdown--;
		} else {
			fail = true;
			if (!ft->from_there_on)
				ft->countdown = 0;
		}
	}
	if ((ft->bad_ops & op) && offset < ft->bad_offset + ft->bad_len &&
	    ft->bad_offset < offset + len)
		fail = true;
	if (fail)
		ft->met = true;
	*torn = ft->torn;
	xfs_mutex_unlock(&ft->lock);
	return fail;
}

static int its_error(struct fault *ft)
{
	int error;

	xfs_mutex_lock(&ft->lock);
	error = ft->error;
	xfs_mutex_unlock(&ft->lock);
	return error;
}

/*
 * What lies below has a host of its own: memory that the library cannot have is none of a device's
 * errors, which shut a file system down.
 */
static int from_base(int error)
{
	xfs_mem_fail_exempt(false);
	return error;
}

static struct xfs_device *to_base(struct fault *ft)
{
	xfs_mem_fail_exempt(true);
	return ft->base;
}

static int fault_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			int iovcnt)
{
	struct fault *ft = to_fault(dev);
	uint64_t len = 0;
	bool torn;

	for (int i = 0; i < iovcnt; i++)
		len += iov[i].iov_len;
	if (!must_fail(ft, TEST_FAULT_READ, offset, len, &torn))
		return from_base(xfs_device_preadv(to_base(ft), offset, iov, iovcnt));
	/* What the device left in the buffers is not to be used by anybody. */
	for (int i = 0; i < iovcnt; i++)
		if (iov[i].iov_len)
			memset(iov[i].iov_base, TEST_DISCARDED, iov[i].iov_len);
	return its_error(ft);
}

/* The first half of the sectors. */
static void write_half(struct fault *ft, uint64_t offset, const struct iovec *iov, int iovcnt,
		       uint64_t len)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t *copy = xfs_mem_alloc(NULL, len);
	size_t done = 0;

	if (!copy || xfs_device_info(ft->base, &info) != 0)
		goto out;
	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len)
			memcpy(copy + done, iov[i].iov_base, iov[i].iov_len);
		done += iov[i].iov_len;
	}
	/* The call fails anyway, whatever becomes of this half. */
	len = len / info.logical_sector / 2 * info.logical_sector;
	if (len && xfs_device_pwrite(ft->base, offset, copy, len, 0) != 0)
		goto out;
out:
	xfs_mem_free(NULL, copy);
}

static int fault_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt, unsigned int flags)
{
	struct fault *ft = to_fault(dev);
	uint64_t len = 0;
	bool torn;

	for (int i = 0; i < iovcnt; i++)
		len += iov[i].iov_len;
	if (!must_fail(ft, TEST_FAULT_WRITE, offset, len, &torn))
		return from_base(xfs_device_pwritev(to_base(ft), offset, iov, iovcnt, flags));
	if (torn)
		write_half(ft, offset, iov, iovcnt, len);
	return its_error(ft);
}

static int fault_flush(struct xfs_device *dev)
{
	struct fault *ft = to_fault(dev);
	bool torn;

	if (must_fail(ft, TEST_FAULT_FLUSH, 0, 0, &torn))
		return its_error(ft);
	return from_base(xfs_device_flush(to_base(ft)));
}

static int fault_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct fault *ft = to_fault(dev);
	bool torn;

	if (must_fail(ft, TEST_FAULT_WRITE, offset, len, &torn))
		return its_error(ft);
	return from_base(xfs_device_discard(to_base(ft), offset, len));
}

static int fault_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct fault *ft = to_fault(dev);
	bool torn;

	if (must_fail(ft, TEST_FAULT_WRITE, offset, len, &torn))
		return its_error(ft);
	return from_base(xfs_device_zero(to_base(ft), offset, len));
}

static int fault_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info(to_fault(dev)->base, info);
}

static int fault_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct fault *ft = to_fault(dev);
	bool torn;

	if (must_fail(ft, TEST_FAULT_WRITE, 0, 0, &torn))
		return its_error(ft);
	return from_base(xfs_device_resize(to_base(ft), size_bytes));
}

static struct xfs_device *fault_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return to_fault(dev)->base;
}

static void fault_close(struct xfs_device *dev)
{
	struct fault *ft = to_fault(dev);

	xfs_mutex_destroy(&ft->lock);
	xfs_device_put(ft->base);
	xfs_mem_free(NULL, ft);
}

static const struct xfs_device_ops fault_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = fault_preadv,
	.pwritev = fault_pwritev,
	.flush = fault_flush,
	.discard = fault_discard,
	.zero = fault_zero,
	.info = fault_info,
	.resize = fault_resize,
	.close = fault_close,
	.base = fault_base,
};

int test_fault_open(struct xfs_device *base, struct xfs_device **devp)
{
	struct fault *ft = xfs_mem_zalloc(NULL, sizeof(*ft));

	*devp = NULL;
	if (!ft)
		return -ENOMEM;
	xfs_device_init(&ft->dev, &fault_ops);
	ft->base = xfs_device_get(base);
	ft->error = -EIO;
	xfs_mutex_init(&ft->lock, XFS_CLASS_LEAF, 0);
	*devp = &ft->dev;
	return 0;
}

void test_fault_arm(struct xfs_device *fault, unsigned int ops, unsigned int nth,
		    bool from_there_on, bool torn)
{
	struct fault *ft = to_fault(fault);

	xfs_mutex_lock(&ft->lock);
	ft->ops = ops;
	ft->countdown = nth;
	ft->from_there_on = from_there_on;
	ft->torn = torn;
	ft->met = false;
	xfs_mutex_unlock(&ft->lock);
}

void test_fault_bad_range(struct xfs_device *fault, unsigned int ops, uint64_t offset, uint64_t len)
{
	struct fault *ft = to_fault(fault);

	xfs_mutex_lock(&ft->lock);
	ft->bad_ops = len ? ops : 0;
	ft->bad_offset = offset;
	ft->bad_len = len;
	xfs_mutex_unlock(&ft->lock);
}

void test_fault_error(struct xfs_device *fault, int error)
{
	struct fault *ft = to_fault(fault);

	xfs_mutex_lock(&ft->lock);
	ft->error = error;
	xfs_mutex_unlock(&ft->lock);
}

bool test_fault_met(struct xfs_device *fault)
{
	struct fault *ft = to_fault(fault);
	bool met;

	xfs_mutex_lock(&ft->lock);
	met = ft->met;
	ft->met = false;
	ft->countdown = 0;
	ft->bad_ops = 0;
	xfs_mutex_unlock(&ft->lock);
	return met;
}

uint64_t test_fault_count(struct xfs_device *fault, unsigned int op)
{
	struct fault *ft = to_fault(fault);
	uint64_t n;

	xfs_mutex_lock(&ft->lock);
	n = ft->count[xfs_lowbit64(op)];
	xfs_mutex_unlock(&ft->lock);
	return n;
}
