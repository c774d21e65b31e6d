/* SPDX-License-Identifier: MIT */
/*
 * Goal: a window shows its part of the base and touches nothing else; a
 * read-only view changes nothing; both stack and hold their base.
 * Method: the device model inside of a window whose surroundings are checked
 * afterwards; windows in windows; refusals.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>
#include "support/device_model.h"
#include "support/test_device.h"
#include "support/test_seed.h"

static void check_equal_outside(struct xfs_device *dev, struct xfs_device *before, uint64_t offset,
				uint64_t len)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t a[512], b[512];

	assert_int_equal(xfs_device_info(dev, &info), 0);
	for (uint64_t at = 0; at < info.size_bytes; at += 512) {
		if (at >= offset && at < offset + len)
			continue;
		assert_int_equal(xfs_device_pread(dev, at, a, 512), 0);
		assert_int_equal(xfs_device_pread(before, at, b, 512), 0);
		assert_memory_equal(a, b, 512);
	}
}

static void test_model(void **state)
{
	const uint64_t offset = 70 * 512, len = 300 * 512;
	struct xfs_rand r = test_rand(1);
	struct xfs_device *base = test_device_patterned(500 * 512, 512), *before, *window, *inner;

	(void)state;
	assert_int_equal(test_device_clone(base, &before), 0);
	assert_int_equal(xfs_device_open_window(base, offset, len, &window), 0);
	test_device_refusals(window);
	test_device_model(window, &r, 300);
	assert_int_equal(xfs_device_discard(window, 0, len), 0);
	check_equal_outside(base, before, offset, len);
	xfs_device_put(before);

	/* A window in the window, to its end. */
	assert_int_equal(test_device_clone(base, &before), 0);
	assert_int_equal(xfs_device_open_window(window, 100 * 512, 0, &inner), 0);
	xfs_device_put(window);
	xfs_device_put(base);
	test_device_model(inner, &r, 300);
	check_equal_outside(base, before, offset + 100 * 512, len - 100 * 512);
	xfs_device_put(before);
	xfs_device_put(inner);
}

static void test_window_refusals(void **state)
{
	struct xfs_device *base = test_device_patterned(64 * 4096, 4096), *window;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;

	(void)state;
	assert_int_equal(xfs_device_open_window(base, 512, 4096, &window), -EINVAL);
	assert_null(window);
	assert_int_equal(xfs_device_open_window(base, 4096, 4096 + 512, &window), -EINVAL);
	assert_int_equal(xfs_device_open_window(base, 0, 65 * 4096, &window), -EINVAL);
	assert_int_equal(xfs_device_open_window(base, 65 * 4096, 0, &window), -EINVAL);
	assert_int_equal(xfs_device_open_window(base, UINT64_MAX - 4095, 4096, &window), -EINVAL);
	assert_int_equal(xfs_device_open_window(base, 4096, UINT64_MAX - 4095, &window), -EINVAL);
	assert_int_equal(xfs_device_open_window(base, 64 * 4096, 0, &window), 0);
	assert_int_equal(xfs_device_info(window, &info), 0);
	assert_int_equal(info.size_bytes, 0);
	assert_int_equal(info.logical_sector, 4096);
	assert_false(info.growable);
	assert_int_equal(xfs_device_resize(window, 4096), -EOPNOTSUPP);
	xfs_device_put(window);
	xfs_device_put(base);
}

static void test_readonly(void **state)
{
	struct xfs_device *base = test_device_patterned(64 * 512, 512), *before, *view, *window;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct iovec iov;
	uint8_t a[512], b[512];

	(void)state;
	assert_int_equal(test_device_clone(base, &before), 0);
	assert_int_equal(xfs_device_open_readonly(base, &view), 0);
	assert_int_equal(xfs_device_info(view, &info), 0);
	assert_true(info.read_only);
	assert_false(info.growable);
	assert_int_equal(info.size_bytes, 64 * 512);
	assert_int_equal(xfs_device_pread(view, 512, a, 512), 0);
	assert_int_equal(xfs_device_pread(base, 512, b, 512), 0);
	assert_memory_equal(a, b, 512);
	assert_int_equal(xfs_device_pwrite(view, 0, a, 512, 0), -EROFS);
	assert_int_equal(xfs_device_zero(view, 0, 512), -EROFS);
	assert_int_equal(xfs_device_discard(view, 0, 512), -EROFS);
	assert_int_equal(xfs_device_copy_range(view, 0, 0, 0, 512), -EROFS);
	assert_int_equal(xfs_device_resize(view, 512), -EROFS);
	assert_int_equal(xfs_device_flush(view), 0);

	/* Neither through a window on it, nor by the bare op. */
	assert_int_equal(xfs_device_open_window(view, 0, 0, &window), 0);
	assert_int_equal(xfs_device_pwrite(window, 0, a, 512, 0), -EROFS);
	iov = (struct iovec){.iov_base = a, .iov_len = 512};
	assert_int_equal(view->ops->pwritev(view, 0, &iov, 1, 0), -EROFS);
	assert_true(test_device_equal(base, before, NULL));
	xfs_device_put(window);
	xfs_device_put(view);
	xfs_device_put(before);
	xfs_device_put(base);
}

/* A disk of 4096-byte sectors behind an interface of 512, in stripes. */
struct striped {
	struct xfs_device dev;
	struct xfs_device *base;
};

static int striped_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	int error = xfs_device_info(((struct striped *)(void *)dev)->base, info);

	info->physical_sector = 4096;
	info->io_min = 65536;
	info->io_opt = 4 * 65536;
	return error;
}

static int striped_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt)
{
	return xfs_device_preadv(((struct striped *)(void *)dev)->base, offset, iov, iovcnt);
}

static int striped_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt, unsigned int flags)
{
	return xfs_device_pwritev(((struct striped *)(void *)dev)->base, offset, iov, iovcnt,
				  flags);
}

static int striped_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

static void striped_close(struct xfs_device *dev)
{
	xfs_device_put(((struct striped *)(void *)dev)->base);
}

/* What a disk likes is of its addresses: a part that begins between its units has not got it. */
static void test_alignment(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t physical, io_min, io_opt;
	} cases[] = {
		{0, 4096, 65536, 262144},
		{262144, 4096, 65536, 262144},
		{65536, 4096, 65536, 0},
		{4096, 4096, 0, 0},
		{63 * 512, 512, 0, 0}, /* where partitions used to begin */
		{2048, 2048, 0, 0},
	};
	static const struct xfs_device_ops ops = {
		.version = XFS_DEVICE_OPS_VERSION,
		.preadv = striped_preadv,
		.pwritev = striped_pwritev,
		.flush = striped_flush,
		.info = striped_info,
		.close = striped_close,
	};
	struct striped striped;

	(void)state;
	assert_int_equal(xfs_device_open_memory(1u << 20, 512, NULL, &striped.base), 0);
	xfs_device_init(&striped.dev, &ops);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
		struct xfs_device *part;

		assert_int_equal(xfs_device_open_window(&striped.dev, cases[i].offset, 0, &part),
				 0);
		assert_int_equal(xfs_device_info(part, &info), 0);
		assert_int_equal(info.logical_sector, 512);
		assert_int_equal(info.physical_sector, cases[i].physical);
		assert_int_equal(info.io_min, cases[i].io_min);
		assert_int_equal(info.io_opt, cases[i].io_opt);
		xfs_device_put(part);
	}
	xfs_device_put(&striped.dev);
}

struct counted {
	int live, calls, left;	/* left: so many succeed */
};

static void *counted_alloc(void *ctx, size_t size)
{
	struct counted *c = ctx;

	c->calls++;
	if (!c->left)
		return NULL;
	c->left--;
	c->live++;
	return malloc(size);
}

static void *counted_realloc(void *ctx, void *ptr, size_t size)
{
	if (!ptr)
		return counted_alloc(ctx, size);
	return realloc(ptr, size);
}

static void counted_free(void *ctx, void *ptr)
{
	if (ptr)
		((struct counted *)ctx)->live--;
	free(ptr);
}

/* Every opening call takes the caller's memory, says so when there is none, and gives it back. */
static void test_memory_is_the_callers(void **state)
{
	char name[] = "/tmp/test_window.XXXXXX";
	struct counted c = { 0 };
	struct xfs_env env = {
		.size = sizeof(env), .ctx = &c, .mem_alloc = counted_alloc,
		.mem_realloc = counted_realloc, .mem_free = counted_free,
	};
	struct xfs_device *base = test_device_patterned(500 * 512, 512), *dev;
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	for (int call = 0; call < 4; call++) {
		for (int left = 0; left < 2; left++) {
			int want = left ? 0 : -ENOMEM, ret;

			c.left = left;
			c.calls = 0;
			if (call == 0)
				ret = xfs_device_open_file_env(name, 0, 0, &env, &dev);
			else if (call == 1)
				ret = xfs_device_open_fd_env(fd, 0, &env, &dev);
			else if (call == 2)
				ret = xfs_device_open_window_env(base, 512, 0, &env, &dev);
			else
				ret = xfs_device_open_readonly_env(base, &env, &dev);
			assert_int_equal(ret, want);
			assert_int_equal(c.calls, 1);
			assert_int_equal(c.live, left);
			xfs_device_put(left ? dev : NULL);
			assert_int_equal(c.live, 0);
		}
	}
	close(fd);
	unlink(name);
	xfs_device_put(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_window_refusals),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_memory_is_the_callers),
	};

	test_seed_init(80);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
