/* SPDX-License-Identifier: MIT */
/*
 * Goal: an overlay behaves as a device of its own, never writes to its base
 * before the commit, and the commit makes both equal or can be tried again.
 * Method: the device model on overlays over bases of several sizes and
 * sectors; faults in the base at every call; failed allocations; resizing.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "lock/lock.h"
#include "support/device_model.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif

/* The last one does not end with a block of the overlay. */
static const struct {
	uint64_t size_bytes;
	uint32_t sector;
} shapes[] = {{128 * 4096, 512}, {64 * 8192, 8192}, {999 * 512, 512}};

/* (OVERLAY-1) */
static void test_model(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct xfs_device *base = test_device_patterned(shapes[i].size_bytes, shapes[i].sector);
		struct xfs_device *before, *overlay;
		struct xfs_rand r = test_rand(i);

		assert_int_equal(test_device_clone(base, &before), 0);
		assert_int_equal(xfs_device_open_overlay(base, NULL, &overlay), 0);
		test_device_refusals(overlay);
		assert_int_equal(xfs_device_overlay_bytes(overlay), 0);
		for (unsigned int round = 0; round < 3; round++) {
			test_device_model(overlay, &r, 60);
			assert_true(xfs_device_overlay_bytes(overlay) > 0);
			assert_true(test_device_equal(base, before, NULL));
			if (round == 1) {
				/* Forgotten: the base shows through again. */
				assert_int_equal(xfs_device_overlay_discard(overlay), 0);
				assert_true(test_device_equal(base, overlay, NULL));
			} else {
				assert_int_equal(xfs_device_overlay_commit(overlay), 0);
				assert_true(test_device_equal(base, overlay, NULL));
				xfs_device_put(before);
				assert_int_equal(test_device_clone(base, &before), 0);
			}
			assert_int_equal(xfs_device_overlay_bytes(overlay), 0);
		}
		xfs_device_put(overlay);
		xfs_device_put(before);
		xfs_device_put(base);
	}
}

/* (OVERLAY-2) Gigabytes of zeros cost pointers; single bytes of them come alive again. */
static void test_zeros_are_cheap(void **state)
{
	const uint64_t size = (uint64_t)4 << 30;
	struct xfs_device *base, *overlay;
	uint8_t buf[512], out[512];

	(void)state;
	assert_int_equal(xfs_device_open_memory(size, 512, NULL, &base), 0);
	memset(buf, 7, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(base, size - 4096, buf, 512, 0), 0);
	assert_int_equal(xfs_device_open_overlay(base, NULL, &overlay), 0);
	assert_int_equal(xfs_device_zero(overlay, 512, size - 512), 0);
	assert_int_equal(xfs_device_pread(overlay, size - 4096, out, 512), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(xfs_device_pwrite(overlay, size - 2048, buf, 512, 0), 0);
	assert_int_equal(xfs_device_pread(overlay, size - 2048, out, 512), 0);
	assert_memory_equal(out, buf, 512);
	assert_int_equal(xfs_device_pread(overlay, size - 2560, out, 512), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(xfs_device_overlay_commit(overlay), 0);
	assert_true(test_device_equal(base, overlay, NULL));
	assert_int_equal(xfs_device_pread(base, size - 4096, out, 512), 0);
	assert_int_equal(out[0], 0);
	xfs_device_put(overlay);
	xfs_device_put(base);
}

static void fill(struct xfs_device *dev, uint64_t offset, size_t len, uint64_t tag)
{
	uint8_t *buf = test_malloc(len);

	test_pattern_fill(buf, len, tag);
	assert_int_equal(xfs_device_pwrite(dev, offset, buf, len, 0), 0);
	test_free(buf);
}

static void test_resize(void **state)
{
	struct xfs_device *base = test_device_patterned(10 * 4096, 512), *overlay, *copy;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t out[512];

	(void)state;
	assert_int_equal(xfs_device_open_overlay(base, NULL, &overlay), 0);
	fill(overlay, 5 * 4096 + 512, 3 * 4096, 2);
	/* Within a block that was written, and back beyond the old end. */
	assert_int_equal(xfs_device_resize(overlay, 6 * 4096 + 512), 0);
	assert_int_equal(xfs_device_pread(overlay, 6 * 4096 + 512, out, 512), -EIO);
	assert_int_equal(xfs_device_resize(overlay, 100), -EINVAL);
	assert_int_equal(xfs_device_resize(overlay, 30 * 4096), 0);
	for (uint64_t at = 6 * 4096 + 512; at < 30 * 4096; at += 512) {
		assert_int_equal(xfs_device_pread(overlay, at, out, 512), 0);
		for (unsigned int i = 0; i < 512; i++)
			assert_int_equal(out[i], 0);
	}
	fill(overlay, 29 * 4096, 4096, 3);
	/* One read over all of it: base, overlay and what is behind the base. */
	assert_int_equal(test_device_clone(overlay, &copy), 0);
	assert_int_equal(xfs_device_info(base, &info), 0);
	assert_int_equal(info.size_bytes, 10 * 4096);
	assert_int_equal(xfs_device_overlay_commit(overlay), 0);
	assert_true(test_device_equal(base, copy, NULL));
	assert_true(test_device_equal(overlay, copy, NULL));
	xfs_device_put(copy);

	assert_int_equal(xfs_device_resize(overlay, 4096), 0);
	assert_int_equal(xfs_device_overlay_discard(overlay), 0);
	assert_true(test_device_equal(base, overlay, NULL));
	assert_int_equal(xfs_device_resize(overlay, 4096), 0);
	assert_int_equal(xfs_device_overlay_commit(overlay), 0);
	assert_int_equal(xfs_device_info(base, &info), 0);
	assert_int_equal(info.size_bytes, 4096);
	xfs_device_put(overlay);
	xfs_device_put(base);
}

/* A base that cannot be written or resized: the commit says so and changes nothing. */
static void test_unwilling_base(void **state)
{
	struct xfs_device *base = test_device_patterned(16 * 4096, 512), *before, *view, *overlay;
	uint8_t buf[512] = {1};

	(void)state;
	assert_int_equal(test_device_clone(base, &before), 0);
	assert_int_equal(xfs_device_open_readonly(base, &view), 0);
	assert_int_equal(xfs_device_open_overlay(view, NULL, &overlay), 0);
	assert_int_equal(xfs_device_pwrite(overlay, 0, buf, 512, 0), 0);
	assert_int_equal(xfs_device_overlay_commit(overlay), -EROFS);
	assert_true(xfs_device_overlay_bytes(overlay) > 0);
	assert_int_equal(xfs_device_pread(overlay, 0, buf, 512), 0);
	assert_int_equal(buf[0], 1);
	xfs_device_put(overlay);
	xfs_device_put(view);

	assert_int_equal(xfs_device_open_window(base, 0, 0, &view), 0);
	assert_int_equal(xfs_device_open_overlay(view, NULL, &overlay), 0);
	assert_int_equal(xfs_device_resize(overlay, 17 * 4096), 0);
	assert_int_equal(xfs_device_pwrite(overlay, 0, buf, 512, 0), 0);
	assert_int_equal(xfs_device_overlay_commit(overlay), -EOPNOTSUPP);
	assert_true(test_device_equal(base, before, NULL));
	xfs_device_put(overlay);
	xfs_device_put(view);

	assert_int_equal(xfs_device_overlay_commit(base), -EINVAL);
	assert_int_equal(xfs_device_overlay_discard(base), -EINVAL);
	assert_int_equal(xfs_device_overlay_bytes(base), 0);
	xfs_device_put(before);
	xfs_device_put(base);
}

/* Some changes of every kind: parts of blocks, runs, zeros, the tail. */
static int change(struct xfs_device *overlay)
{
	static uint8_t buf[20 * 4096];
	int error;

	test_pattern_fill(buf, sizeof(buf), 9);
	error = xfs_device_pwrite(overlay, 512, buf, 1024, 0);
	if (!error)
		error = xfs_device_pwrite(overlay, 3 * 4096, buf, sizeof(buf), 0);
	if (!error)
		error = xfs_device_zero(overlay, 40 * 4096 + 512, 9 * 4096);
	if (!error)
		error = xfs_device_pwrite(overlay, 999 * 512 - 512, buf, 512, 0);
	return error;
}

static void test_faults_below(void **state)
{
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *base = test_device_patterned(999 * 512, 512), *fault, *overlay;
		int error;

		assert_int_equal(test_fault_open(base, &fault), 0);
		assert_int_equal(xfs_device_open_overlay(fault, NULL, &overlay), 0);
		test_fault_arm(fault, TEST_FAULT_ANY, nth, false, true);
		error = change(overlay);
		if (!error)
			error = xfs_device_overlay_commit(overlay);
		met = test_fault_met(fault);
		assert_int_equal(error, met ? -EIO : 0);
		/* Again, and now all of it arrives. */
		assert_int_equal(change(overlay), 0);
		assert_int_equal(xfs_device_overlay_commit(overlay), 0);
		assert_true(test_device_equal(base, overlay, NULL));
		xfs_device_put(overlay);
		xfs_device_put(fault);
		xfs_device_put(base);
		assert_true(nth < 100);
	}
}

#ifdef XFSWRITE_DEBUG
static void test_out_of_memory(void **state)
{
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *base = test_device_patterned(999 * 512, 512), *overlay;
		static uint8_t out[2048 * 512];
		int error;

		xfs_mem_fail_at(nth, false);
		error = xfs_device_open_overlay(base, NULL, &overlay);
		if (!error)
			error = change(overlay);
		if (!error)
			error = xfs_device_resize(overlay, sizeof(out));
		if (!error)
			error = xfs_device_pread(overlay, 0, out, sizeof(out));
		if (!error)
			error = xfs_device_overlay_commit(overlay);
		met = xfs_mem_fail_met();
		assert_int_equal(error, met ? -ENOMEM : 0);
		if (overlay) {
			assert_int_equal(change(overlay), 0);
			assert_int_equal(xfs_device_overlay_commit(overlay), 0);
			assert_true(test_device_equal(base, overlay, NULL));
		}
		xfs_device_put(overlay);
		xfs_device_put(base);
		assert_true(nth < 200);
	}
}
#endif

#ifdef XFSWRITE_THREADS
#define THREADS	4
#define STRIPED_SECTORS	2048u

struct striped {
	struct xfs_device *dev;
	unsigned int me, wrong;
};

/* Each thread owns every fourth sector: all of them share all blocks of the overlay. */
static void *striped_thread(void *arg)
{
	struct striped *s = arg;
	struct xfs_rand r = test_rand(100 + s->me);
	uint8_t buf[512], out[512];

	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t at = 512 * (xfs_rand_below(&r, STRIPED_SECTORS / THREADS) * THREADS + s->me);

		memset(buf, (int)(i & 0xff), sizeof(buf));
		if (xfs_device_pwrite(s->dev, at, buf, 512, 0) != 0 ||
		    xfs_device_pread(s->dev, at, out, 512) != 0 || memcmp(buf, out, 512) != 0)
			s->wrong++;
		if (i % 64 == 0 && (xfs_device_zero(s->dev, at, 512) != 0 ||
				    xfs_device_pread(s->dev, at, out, 512) != 0 || out[7]))
			s->wrong++;
	}
	return NULL;
}

/* (OVERLAY-3) */
static void test_threads(void **state)
{
	struct xfs_device *base = test_device_patterned(STRIPED_SECTORS * 512, 512), *overlay;
	struct striped s[THREADS];
	pthread_t thread[THREADS];

	(void)state;
	assert_int_equal(xfs_device_open_overlay(base, NULL, &overlay), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		s[i] = (struct striped){.dev = overlay, .me = i};
		assert_int_equal(pthread_create(&thread[i], NULL, striped_thread, &s[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(s[i].wrong, 0);
	}
	xfs_device_put(overlay);
	xfs_device_put(base);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	      cmocka_unit_test(test_zeros_are_cheap),
		cmocka_unit_test(test_resize),	      cmocka_unit_test(test_unwilling_base),
		cmocka_unit_test(test_faults_below),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_out_of_memory),
#endif
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads),
#endif
	};

	test_seed_init(81);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
