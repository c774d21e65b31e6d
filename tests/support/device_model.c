/* SPDX-License-Identifier: MIT */
/* Seeded calls on a device and on an array of bytes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include "base/compiler.h"
#include "support/device_model.h"
#include "support/test_seed.h"

#define MAX_IOVS 24

struct model {
	struct xfs_device *dev;
	struct xfs_device_info info;
	uint8_t *bytes;	  /* what the device must hold */
	uint8_t *scratch; /* as large, and a page more */
	struct xfs_rand *r;
	int fd; /* a host file to copy from, as large as the device */
};

struct range {
	uint64_t offset;
	size_t len;
};

/* Whole sectors, mostly few, sometimes many. */
static struct range any_range(struct model *m)
{
	uint64_t sectors = m->info.size_bytes / m->info.logical_sector;
	uint64_t most = xfs_rand_below(m->r, 4) ? XFS_MIN(sectors, (uint64_t)40) : sectors;
	uint64_t len = xfs_rand_below(m->r, most + 1);
	uint64_t offset = xfs_rand_below(m->r, sectors - len + 1);

	return (struct range){offset * m->info.logical_sector, len * m->info.logical_sector};
}

/* Cut @len bytes of @buf in pieces of any length, empty ones too. */
static int cut(struct model *m, uint8_t *buf, size_t len, struct iovec *iov)
{
	int n = 0;

	while (len && n < MAX_IOVS - 1) {
		size_t step = xfs_rand_below(m->r, 3) ? xfs_rand_below(m->r, len + 1) : len;

		iov[n].iov_base = buf;
		iov[n++].iov_len = step;
		buf += step;
		len -= step;
	}
	iov[n].iov_base = buf;
	iov[n++].iov_len = len;
	return n;
}

/* A place in the scratch buffer that is aligned to nothing, or to a page. */
static uint8_t *scratch(struct model *m)
{
	return m->scratch + (xfs_rand_below(m->r, 2) ? xfs_rand_below(m->r, 4096) : 0);
}

static void do_read(struct model *m, struct range at)
{
	struct iovec iov[MAX_IOVS];
	uint8_t *buf = scratch(m);
	int n = cut(m, buf, at.len, iov);

	assert_int_equal(xfs_device_preadv(m->dev, at.offset, iov, n), 0);
	assert_memory_equal(buf, m->bytes + at.offset, at.len);
}

static void do_write(struct model *m, struct range at)
{
	struct iovec iov[MAX_IOVS];
	uint8_t *buf = scratch(m);
	int n = cut(m, buf, at.len, iov);

	xfs_rand_bytes(m->r, buf, at.len);
	memcpy(m->bytes + at.offset, buf, at.len);
	assert_int_equal(xfs_device_pwritev(m->dev, at.offset, iov, n,
					    xfs_rand_below(m->r, 4) ? 0 : XFS_DEV_FUA),
			 0);
}

static void do_copy(struct model *m, struct range at)
{
	uint64_t from = xfs_rand_below(m->r, m->info.size_bytes - at.len + 1);

	assert_int_equal(xfs_device_copy_range(m->dev, at.offset, m->fd, from, at.len), 0);
	assert_int_equal(pread(m->fd, m->bytes + at.offset, at.len, (off_t)from), (ssize_t)at.len);
}

static void start(struct model *m)
{
	size_t size;

	m->info = (struct xfs_device_info)XFS_DEVICE_INFO_INIT;
	assert_int_equal(xfs_device_info(m->dev, &m->info), 0);
	size = m->info.size_bytes;
	m->bytes = test_malloc(size);
	m->scratch = aligned_alloc(4096, xfs_roundup64(size, 4096) + 2 * 4096);
	assert_non_null(m->scratch);
	assert_int_equal(xfs_device_pread(m->dev, 0, m->bytes, size), 0);
	m->fd = memfd_create("model", MFD_CLOEXEC);
	assert_true(m->fd >= 0);
	xfs_rand_bytes(m->r, m->scratch, size);
	assert_int_equal(write(m->fd, m->scratch, size), (ssize_t)size);
}

void test_device_model(struct xfs_device *dev, struct xfs_rand *r, unsigned int nr_ops)
{
	struct model m = {.dev = dev, .r = r};

	start(&m);
	for (unsigned int i = 0; i < nr_ops; i++) {
		struct range at = any_range(&m);

		switch (xfs_rand_below(r, 8)) {
		case 0:
			assert_int_equal(xfs_device_zero(dev, at.offset, at.len), 0);
			memset(m.bytes + at.offset, 0, at.len);
			break;
		case 1:
			do_copy(&m, at);
			break;
		case 2:
			assert_int_equal(xfs_device_flush(dev), 0);
			break;
		case 3:
		case 4:
		case 5:
			do_write(&m, at);
			break;
		default:
			do_read(&m, at);
			break;
		}
	}
	do_read(&m, (struct range){0, m.info.size_bytes});
	close(m.fd);
	free(m.scratch);
	test_free(m.bytes);
}

void test_device_refusals(struct xfs_device *dev)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct iovec iov[2];
	uint8_t *buf;
	uint32_t sector;
	uint64_t size;

	assert_int_equal(xfs_device_info(dev, &info), 0);
	sector = info.logical_sector;
	size = info.size_bytes;
	buf = test_calloc(2, sector);

	/* Nothing to do is no error, at the very end neither. */
	assert_int_equal(xfs_device_pread(dev, size, buf, 0), 0);
	assert_int_equal(xfs_device_pwrite(dev, size, buf, 0, 0), 0);
	assert_int_equal(xfs_device_zero(dev, size, 0), 0);
	assert_int_equal(xfs_device_preadv(dev, 0, NULL, 0), 0);

	/* Beyond the end, by one sector and by overflow. */
	assert_int_equal(xfs_device_pread(dev, size, buf, sector), -EIO);
	assert_int_equal(xfs_device_pread(dev, size - sector, buf, 2 * sector), -EIO);
	assert_int_equal(xfs_device_pwrite(dev, size, buf, sector, 0), -EIO);
	assert_int_equal(xfs_device_pwrite(dev, UINT64_MAX - sector + 1, buf, sector, 0), -EIO);
	assert_int_equal(xfs_device_pread(dev, UINT64_MAX - sector + 1, buf, 2 * sector), -EIO);
	assert_int_equal(xfs_device_zero(dev, sector, size), -EIO);
	assert_int_equal(xfs_device_zero(dev, sector, UINT64_MAX - sector + 1), -EIO);
	assert_int_equal(xfs_device_discard(dev, size, sector), -EIO);
	assert_int_equal(xfs_device_copy_range(dev, size, 0, 0, sector), -EIO);

	/* Not in sectors, unknown flags, nonsense vectors. */
	assert_int_equal(xfs_device_pread(dev, 1, buf, sector), -EINVAL);
	assert_int_equal(xfs_device_pread(dev, 0, buf, sector - 1), -EINVAL);
	assert_int_equal(xfs_device_pwrite(dev, sector / 2, buf, sector, 0), -EINVAL);
	assert_int_equal(xfs_device_zero(dev, 0, sector / 2), -EINVAL);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, sector, 1u << 7), -EINVAL);
	assert_int_equal(xfs_device_preadv(dev, 0, iov, -1), -EINVAL);
	iov[0] = (struct iovec){buf, SSIZE_MAX};
	iov[1] = (struct iovec){buf, sector};
	assert_int_equal(xfs_device_preadv(dev, 0, iov, 2), -EINVAL);
	assert_int_equal(xfs_device_copy_range(dev, 0, 0, INT64_MAX, sector), -EINVAL);
	assert_int_equal(xfs_device_resize(dev, UINT64_MAX), info.read_only ? -EROFS : -EFBIG);
	test_free(buf);
}

struct xfs_device *test_device_patterned(uint64_t size_bytes, uint32_t sector)
{
	struct xfs_device *dev;
	uint8_t *buf = test_malloc(size_bytes);

	assert_int_equal(xfs_device_open_memory(size_bytes, sector, NULL, &dev), 0);
	test_pattern_fill(buf, size_bytes, 1);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, size_bytes, 0), 0);
	test_free(buf);
	return dev;
}
