/* SPDX-License-Identifier: MIT */
/*
 * Goal: the plain calls keep a caller's own device from bad requests, stand in
 * for what it cannot do, and pass its errors on as errors of a device.
 * Method: a device of callbacks over an array, with switches for each
 * misbehaviour; it fails the test itself when a bad request reaches it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/mem.h"
#include "support/device_model.h"
#include "support/test_seed.h"

#define OWN_BYTES (200u * 512)

struct own {
	struct xfs_device dev;
	struct xfs_device_ops ops;
	uint8_t bytes[OWN_BYTES];
	int result; /* of reads and writes */
	int zero_result, copy_result;
	unsigned int reads, writes, flushes, zeros, copies, closes;
	unsigned int last_flags;
	bool read_only;
};

static struct own *to_own(struct xfs_device *dev)
{
	return container_of(dev, struct own, dev);
}

static void check_reach(uint64_t offset, const struct iovec *iov, int iovcnt)
{
	uint64_t len = 0;

	for (int i = 0; i < iovcnt; i++)
		len += iov[i].iov_len;
	assert_true(len > 0);
	assert_true(offset <= OWN_BYTES && len <= OWN_BYTES - offset);
	assert_true((offset | len) % 512 == 0);
}

static int own_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	struct own *own = to_own(dev);

	check_reach(offset, iov, iovcnt);
	own->reads++;
	for (int i = 0; i < iovcnt && !own->result; i++) {
		memcpy(iov[i].iov_base, own->bytes + offset, iov[i].iov_len);
		offset += iov[i].iov_len;
	}
	return own->result;
}

static int own_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		       unsigned int flags)
{
	struct own *own = to_own(dev);

	check_reach(offset, iov, iovcnt);
	own->writes++;
	own->last_flags = flags;
	for (int i = 0; i < iovcnt && !own->result; i++) {
		memcpy(own->bytes + offset, iov[i].iov_base, iov[i].iov_len);
		offset += iov[i].iov_len;
	}
	return own->result;
}

static int own_flush(struct xfs_device *dev)
{
	to_own(dev)->flushes++;
	return to_own(dev)->result;
}

static int own_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct own *own = to_own(dev);

	own->zeros++;
	if (!own->zero_result)
		memset(own->bytes + offset, 0, len);
	return own->zero_result;
}

static int own_copy_range(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			  uint64_t len)
{
	struct own *own = to_own(dev);

	own->copies++;
	if (!own->copy_result && pread(fd, own->bytes + offset, len, (off_t)fd_offset) < 0)
		return -EIO;
	return own->copy_result;
}

static int own_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	info->size_bytes = OWN_BYTES;
	info->logical_sector = 512;
	info->read_only = to_own(dev)->read_only;
	return 0;
}

static void own_close(struct xfs_device *dev)
{
	to_own(dev)->closes++;
}

static void own_init(struct own *own)
{
	memset(own, 0, sizeof(*own));
	own->ops = (struct xfs_device_ops){
		.version = XFS_DEVICE_OPS_VERSION,
		.preadv = own_preadv,
		.pwritev = own_pwritev,
		.flush = own_flush,
		.info = own_info,
		.close = own_close,
	};
	xfs_device_init(&own->dev, &own->ops);
}

static void test_minimal_ops(void **state)
{
	struct xfs_rand r = test_rand(1);
	struct own own;

	(void)state;
	own_init(&own);
	test_device_refusals(&own.dev);
	assert_int_equal(own.reads + own.writes, 0);
	test_device_model(&own.dev, &r, 300);
	assert_int_equal(xfs_device_discard(&own.dev, 0, 512), -EOPNOTSUPP);
	assert_int_equal(xfs_device_resize(&own.dev, 512), -EOPNOTSUPP);
	xfs_device_get(&own.dev);
	xfs_device_put(&own.dev);
	assert_int_equal(own.closes, 0);
	xfs_device_put(&own.dev);
	assert_int_equal(own.closes, 1);
}

static void test_with_all_ops(void **state)
{
	struct xfs_rand r = test_rand(2);
	struct own own;

	(void)state;
	own_init(&own);
	own.ops.zero = own_zero;
	own.ops.copy_range = own_copy_range;
	test_device_model(&own.dev, &r, 300);
	assert_true(own.zeros > 0 && own.copies > 0);
}

/* What the ops cannot do is done by writing, and an error of theirs is not. */
static void test_fallbacks(void **state)
{
	static const int unable[] = {-EOPNOTSUPP, -EXDEV};
	int fd = memfd_create("source", MFD_CLOEXEC);
	uint8_t in[4096];
	struct own own;

	(void)state;
	assert_true(fd >= 0);
	test_pattern_fill(in, sizeof(in), 3);
	assert_int_equal(write(fd, in, sizeof(in)), sizeof(in));
	own_init(&own);
	own.ops.zero = own_zero;
	own.ops.copy_range = own_copy_range;
	for (unsigned int i = 0; i < ARRAY_SIZE(unable); i++) {
		own.copy_result = unable[i];
		memset(own.bytes, 0xaa, sizeof(own.bytes));
		assert_int_equal(xfs_device_copy_range(&own.dev, 512, fd, 7, 2048), 0);
		assert_memory_equal(own.bytes + 512, in + 7, 2048);
		assert_int_equal(own.bytes[511], 0xaa);
		assert_int_equal(own.bytes[512 + 2048], 0xaa);
	}
	own.zero_result = -EOPNOTSUPP;
	assert_int_equal(xfs_device_zero(&own.dev, 0, OWN_BYTES), 0);
	assert_int_equal(own.zeros, 1);
	for (unsigned int i = 0; i < OWN_BYTES; i++)
		assert_int_equal(own.bytes[i], 0);

	own.writes = 0;
	own.zero_result = -ENODEV;
	own.copy_result = -ENODEV;
	assert_int_equal(xfs_device_zero(&own.dev, 0, 512), -EIO);
	assert_int_equal(xfs_device_copy_range(&own.dev, 512, fd, 7, 2048), -EIO);
	assert_int_equal(own.writes, 0);

	/* An error while standing in is not swallowed. */
	own.zero_result = -EOPNOTSUPP;
	own.copy_result = -EOPNOTSUPP;
	own.result = -EIO;
	assert_int_equal(xfs_device_zero(&own.dev, 0, 512), -EIO);
	assert_int_equal(xfs_device_copy_range(&own.dev, 512, fd, 7, 2048), -EIO);
	close(fd);
}

#ifdef XFSWRITE_DEBUG
static void test_copy_out_of_memory(void **state)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	struct own own;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	own_init(&own);
	xfs_mem_fail_at(1, false);
	assert_int_equal(xfs_device_copy_range(&own.dev, 0, fd, 0, 512), -ENOMEM);
	assert_true(xfs_mem_fail_met());
	assert_int_equal(own.writes, 0);
	close(fd);
}
#endif

/* Errnos that the layers above would take for those of the file system. */
static void test_foreign_errors(void **state)
{
	static const struct {
		int from, to;
	} cases[] = {
		{-EIO, -EIO},	  {-ENOMEM, -ENOMEM}, {-EROFS, -EIO},	  {-EINVAL, -EIO},
		{-ENOSPC, -EIO},  {-EDQUOT, -EIO},    {-EAGAIN, -EIO},	  {-EUCLEAN, -EIO},
		{-EBADMSG, -EIO}, {512, -EIO},	      {-ENODEV, -EIO},	  {-EINTR, -EIO},
		{-ECANCELED, -EIO}, {INT_MIN, -EIO},
	};
	uint8_t buf[512] = {0};
	struct own own;

	(void)state;
	own_init(&own);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		own.result = cases[i].from;
		assert_int_equal(xfs_device_pread(&own.dev, 0, buf, 512), cases[i].to);
		assert_int_equal(xfs_device_pwrite(&own.dev, 0, buf, 512, 0), cases[i].to);
		assert_int_equal(xfs_device_flush(&own.dev), cases[i].to);
		assert_int_equal(xfs_device_zero(&own.dev, 0, 512), cases[i].to);
		assert_int_equal(xfs_device_error(&own.dev), cases[i].from < 0 && cases[i].from > -4096
							     ? cases[i].from : -EIO);
	}
}

/* Through whatever stands on it, the cause is that of the lowest device. */
static void test_cause_goes_through_stacks(void **state)
{
	struct xfs_device *window, *readonly;
	uint8_t buf[512] = {0};
	struct own own;

	(void)state;
	own_init(&own);
	assert_int_equal(xfs_device_open_window(&own.dev, 512, 1024, &window), 0);
	assert_int_equal(xfs_device_open_readonly(window, &readonly), 0);
	assert_int_equal(xfs_device_error(readonly), 0);
	own.result = -ENXIO;
	assert_int_equal(xfs_device_pread(readonly, 0, buf, 512), -EIO);
	assert_int_equal(xfs_device_error(readonly), -ENXIO);
	assert_int_equal(xfs_device_error(window), -ENXIO);
	own.result = 0;
	assert_int_equal(xfs_device_pread(readonly, 0, buf, 512), 0);
	assert_int_equal(xfs_device_error(readonly), -ENXIO);
	assert_int_equal(xfs_device_error(NULL), 0);
	xfs_device_put(readonly);
	xfs_device_put(window);
}

static void test_flags_and_mode(void **state)
{
	uint8_t buf[512] = {0};
	struct own own;

	(void)state;
	own_init(&own);
	assert_int_equal(xfs_device_pwrite(&own.dev, 0, buf, 512, XFS_DEV_FUA), 0);
	assert_int_equal(own.last_flags, XFS_DEV_FUA);
	own.read_only = true;
	own.writes = 0;
	assert_int_equal(xfs_device_pwrite(&own.dev, 0, buf, 512, 0), -EROFS);
	assert_int_equal(xfs_device_zero(&own.dev, 0, 512), -EROFS);
	assert_int_equal(xfs_device_copy_range(&own.dev, 0, 0, 0, 512), -EROFS);
	assert_int_equal(xfs_device_pread(&own.dev, 0, buf, 512), 0);
	assert_int_equal(own.writes, 0);

	/* Made for another version of the table: nothing in it can be trusted. */
	own.ops.version = XFS_DEVICE_OPS_VERSION + 1;
	own.reads = 0;
	assert_int_equal(xfs_device_pread(&own.dev, 0, buf, 512), -EINVAL);
	assert_int_equal(own.reads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimal_ops),	   cmocka_unit_test(test_with_all_ops),
		cmocka_unit_test(test_fallbacks),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_copy_out_of_memory),
#endif
		cmocka_unit_test(test_cause_goes_through_stacks),
		cmocka_unit_test(test_foreign_errors),	   cmocka_unit_test(test_flags_and_mode),
	};

	test_seed_init(79);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
