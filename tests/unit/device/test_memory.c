/* SPDX-License-Identifier: MIT */
/*
 * Goal: the memory device keeps the contract, costs what was written, and
 * survives every failed allocation.
 * Method: the device model over several sector sizes; huge sizes; resizing;
 * allocations that fail one after the other; threads in disjoint ranges.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "base/mem.h"
#include "support/device_model.h"
#include "support/test_seed.h"

/* Host memory that counts what it gave. */
struct counted {
	size_t blocks, calls;
};

static void *counted_alloc(void *ctx, size_t size)
{
	struct counted *c = ctx;
	void *p = malloc(size);

	c->blocks += p != NULL;
	c->calls++;
	return p;
}

static void *counted_realloc(void *ctx, void *ptr, size_t size)
{
	struct counted *c = ctx;

	c->calls++;
	return realloc(ptr, size);
}

static void counted_free(void *ctx, void *ptr)
{
	struct counted *c = ctx;

	c->blocks--;
	free(ptr);
}

static struct xfs_env counted_env(struct counted *c)
{
	return (struct xfs_env){
		.size = sizeof(struct xfs_env),
		.ctx = c,
		.mem_alloc = counted_alloc,
		.mem_realloc = counted_realloc,
		.mem_free = counted_free,
	};
}

static void test_model(void **state)
{
	static const uint32_t sectors[] = {512, 4096, 32768};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sectors); i++) {
		struct xfs_rand r = test_rand(i);
		struct counted c = {0};
		struct xfs_env env = counted_env(&c);
		struct xfs_device *dev;

		assert_int_equal(xfs_device_open_memory(21 * 32768, sectors[i], &env, &dev), 0);
		test_device_refusals(dev);
		test_device_model(dev, &r, 400);
		assert_true(c.blocks > 1);
		xfs_device_put(dev);
		assert_int_equal(c.blocks, 0);
	}
}

static void test_bad_arguments(void **state)
{
	struct xfs_device *dev = (void *)state;

	assert_int_equal(xfs_device_open_memory(1 << 20, 256, NULL, &dev), -EINVAL);
	assert_null(dev);
	assert_int_equal(xfs_device_open_memory(1 << 20, 1000, NULL, &dev), -EINVAL);
	assert_int_equal(xfs_device_open_memory(1 << 20, 65536, NULL, &dev), -EINVAL);
	assert_int_equal(xfs_device_open_memory(1000, 512, NULL, &dev), -EINVAL);
	assert_int_equal(xfs_device_open_memory(UINT64_MAX - 511, 512, NULL, &dev), -EINVAL);
	assert_int_equal(xfs_device_open_memory(0, 512, NULL, &dev), 0);
	xfs_device_put(dev);
	xfs_device_put(NULL);
}

/* A petabyte of which three sectors are written costs three chunks. */
static void test_sparse(void **state)
{
	const uint64_t size = (uint64_t)1 << 50;
	const uint64_t at[] = {0, size / 3 & ~(uint64_t)511, size - 512};
	struct counted c = {0};
	struct xfs_env env = counted_env(&c);
	struct xfs_device *dev;
	uint8_t buf[512], out[1536];

	(void)state;
	assert_int_equal(xfs_device_open_memory(size, 512, &env, &dev), 0);
	for (unsigned int i = 0; i < 3; i++) {
		memset(buf, (int)i + 1, sizeof(buf));
		assert_int_equal(xfs_device_pwrite(dev, at[i], buf, 512, 0), 0);
	}
	assert_true(c.blocks < 20);
	for (unsigned int i = 0; i < 3; i++) {
		memset(buf, (int)i + 1, sizeof(buf));
		assert_int_equal(xfs_device_pread(dev, at[i], out, 512), 0);
		assert_memory_equal(out, buf, 512);
	}
	/* Reading what was never written costs nothing. */
	c.calls = 0;
	assert_int_equal(xfs_device_pread(dev, size / 2, out, sizeof(out)), 0);
	assert_int_equal(c.calls, 0);
	for (unsigned int i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
	/* Giving all of it back leaves the tree alone, and the bytes are zeros. */
	assert_int_equal(xfs_device_discard(dev, 0, size), 0);
	assert_int_equal(c.calls, 0);
	assert_int_equal(xfs_device_pread(dev, at[1], out, 512), 0);
	assert_int_equal(out[0], 0);
	xfs_device_put(dev);
	assert_int_equal(c.blocks, 0);
}

static void test_resize(void **state)
{
	struct xfs_device *dev;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t buf[4096], out[4096];

	(void)state;
	assert_int_equal(xfs_device_open_memory(65536 + 8192, 512, NULL, &dev), 0);
	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(dev, 65536, buf, 4096, 0), 0);
	assert_int_equal(xfs_device_resize(dev, 65536 + 513), -EINVAL);

	/* What is cut off does not come back. */
	assert_int_equal(xfs_device_resize(dev, 65536 + 512), 0);
	assert_int_equal(xfs_device_pread(dev, 65536, out, 1024), -EIO);
	assert_int_equal(xfs_device_resize(dev, (uint64_t)1 << 45), 0);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_true(info.size_bytes == (uint64_t)1 << 45);
	assert_true(info.growable);
	assert_int_equal(xfs_device_pread(dev, 65536, out, 4096), 0);
	assert_memory_equal(out, buf, 512);
	for (unsigned int i = 512; i < 4096; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(xfs_device_pwrite(dev, ((uint64_t)1 << 45) - 4096, buf, 4096, 0), 0);
	assert_int_equal(xfs_device_pread(dev, ((uint64_t)1 << 45) - 4096, out, 4096), 0);
	assert_memory_equal(out, buf, 4096);
	xfs_device_put(dev);
}

static void test_references(void **state)
{
	struct counted c = {0};
	struct xfs_env env = counted_env(&c);
	struct xfs_device *dev;

	(void)state;
	assert_int_equal(xfs_device_open_memory(4096, 512, &env, &dev), 0);
	assert_ptr_equal(xfs_device_get(dev), dev);
	xfs_device_put(dev);
	assert_int_equal(c.blocks, 1);
	xfs_device_put(dev);
	assert_int_equal(c.blocks, 0);
}

#ifdef XFSWRITE_DEBUG
/* Out of memory at each allocation: a clean error, old contents, nothing leaks. */
static void test_out_of_memory(void **state)
{
	static uint8_t buf[3 * 65536], out[3 * 65536];
	bool met = true;

	(void)state;
	test_pattern_fill(buf, sizeof(buf), 1);
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *dev;
		int error;

		xfs_mem_fail_at(nth, false);
		error = xfs_device_open_memory((uint64_t)1 << 40, 512, NULL, &dev);
		if (!error) {
			error = xfs_device_pwrite(dev, 512, buf, sizeof(buf), 0);
			if (!error)
				error = xfs_device_resize(dev, (uint64_t)1 << 60);
		}
		met = xfs_mem_fail_met();
		assert_int_equal(error, met ? -ENOMEM : 0);
		if (dev) {
			assert_int_equal(xfs_device_pwrite(dev, 512, buf, sizeof(buf), 0), 0);
			assert_int_equal(xfs_device_pread(dev, 512, out, sizeof(out)), 0);
			assert_memory_equal(buf, out, sizeof(out));
			xfs_device_put(dev);
		}
		assert_true(nth < 100);
	}
}
#endif

#ifdef XFSWRITE_THREADS
#define THREADS 4
#define SECTORS 4096u

struct striped {
	struct xfs_device *dev;
	unsigned int me, wrong;
};

/* Each thread owns every fourth sector: all of them share all chunks. */
static void *striped_thread(void *arg)
{
	struct striped *s = arg;
	struct xfs_rand r = test_rand(100 + s->me);
	uint8_t buf[512], out[512];

	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t sector = xfs_rand_below(&r, SECTORS / THREADS) * THREADS + s->me;

		memset(buf, (int)(i & 0xff), sizeof(buf));
		if (xfs_device_pwrite(s->dev, sector * 512, buf, 512, 0) != 0 ||
		    xfs_device_pread(s->dev, sector * 512, out, 512) != 0 ||
		    memcmp(buf, out, 512) != 0)
			s->wrong++;
		if (i % 64 == 0 &&
		    (xfs_device_zero(s->dev, sector * 512, 512) != 0 ||
		     xfs_device_pread(s->dev, sector * 512, out, 512) != 0 || out[7]))
			s->wrong++;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct striped s[THREADS];
	pthread_t thread[THREADS];
	struct xfs_device *dev;

	(void)state;
	assert_int_equal(xfs_device_open_memory(SECTORS * 512, 512, NULL, &dev), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		s[i] = (struct striped){.dev = dev, .me = i};
		assert_int_equal(pthread_create(&thread[i], NULL, striped_thread, &s[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(s[i].wrong, 0);
	}
	xfs_device_put(dev);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	      cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_sparse),	      cmocka_unit_test(test_resize),
		cmocka_unit_test(test_references),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_out_of_memory),
#endif
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads),
#endif
	};

	test_seed_init(77);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
