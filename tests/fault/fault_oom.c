/* SPDX-License-Identifier: MIT */
/*
 * Goal: the n-th allocation of memory fails, n = 1, 2, 3 ... until none is met, once or from there
 *       on, in every operation and in opening, closing and formatting: success or -ENOMEM, no
 *       lock left held, nothing lost, and the device untouched, marked or right.
 * Method: see scenario.h.  Needs a build with fault points (XFSWRITE_DEBUG).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include "base/mem.h"
#include "fault/scenario.h"
#include "lock/lock.h"
#include "support/test_device.h"

#define MIB(n) ((uint64_t)(n) << 20)

static const int allowed[] = { -ENOMEM, -EIO, 0 };

static void run_all(bool sticky)
{
	for (unsigned int geo = 0; geo < 2; geo++) {
		struct xfs_device *image = scenario_image(geo);

		for (size_t s = 0; s < nr_scenarios; s++) {
			unsigned int shutdowns = 0, tries = 0;
			bool met = true;

			for (unsigned int nth = 1; met; nth++) {
				struct attempt at;
				int error;

				attempt_begin(&at, image);
				TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
				xfs_mem_fail_at(nth, sticky);
				error = scenarios[s].run(at.fs.mp);
				met = xfs_mem_fail_met();
				shutdowns += attempt_end(&at, &scenarios[s], error, met, allowed);
				tries++;
			}
			printf("%s: %u tries, %u shut down\n", scenarios[s].name, tries, shutdowns);
		}
		xfs_device_put(image);
	}
}

static void test_once(void **state)
{
	(void)state;
	run_all(false);
}

static void test_from_there_on(void **state)
{
	(void)state;
	run_all(true);
}

static void test_mount_and_unmount(void **state)
{
	struct xfs_device *image = scenario_image(0);

	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth++) {
			struct attempt at;
			int error;

			attempt_begin(&at, image);
			xfs_mem_fail_at(nth, sticky);
			error = xfs_mount(at.fault, &at.fs.opts, &at.fs.mp);
			met = xfs_mem_fail_met();
			assert_true(error == 0 || (met && error == -ENOMEM));
			assert_int_equal(xfs_lock_order_held(), 0);
			if (!error)
				TEST_IS(xfs_unmount(at.fs.mp), 0);
			assert_int_equal(xfs_device_overlay_bytes(at.overlay), 0);
			xfs_device_put(at.fault);
			xfs_device_put(at.overlay);
		}
		met = true;
		for (unsigned int nth = 1; met; nth++) {
			struct attempt at;
			int error;

			attempt_begin(&at, image);
			TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
			for (size_t s = 0; s < nr_scenarios; s++) {
				if (!strcmp(scenarios[s].name, "many small files") ||
				    !strcmp(scenarios[s].name, "write, close"))
					TEST_OK(scenarios[s].run(at.fs.mp));
			}
			xfs_mem_fail_at(nth, sticky);
			error = xfs_unmount(at.fs.mp);
			met = xfs_mem_fail_met();
			assert_int_equal(xfs_lock_order_held(), 0);
			assert_true(error == 0 || (met && (error == -ENOMEM || error == -EIO)));
			demand_image(at.overlay, !error, "unmount");
			xfs_device_put(at.fault);
			xfs_device_put(at.overlay);
		}
	}
	xfs_device_put(image);
}

static void test_mkfs(void **state)
{
	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth++) {
			struct xfs_mkfs_options opts = {
				.size = sizeof(opts), .flags = XFS_MKFS_SMALL,
			};
			struct xfs_device *mem;
			int error;

			TEST_OK(xfs_device_open_memory(MIB(32), 512, NULL, &mem));
			xfs_mem_fail_at(nth, sticky);
			error = xfs_mkfs(mem, NULL, &opts, NULL);
			met = xfs_mem_fail_met();
			/* The memory device's own memory is allocated too: that is a device's error. */
			assert_true(error == 0 || (met && (error == -ENOMEM || error == -EIO)));
			assert_int_equal(xfs_lock_order_held(), 0);
			if (!error)
				assert_int_equal(test_fs_check(mem, 0), 0);
			xfs_device_put(mem);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_from_there_on),
		cmocka_unit_test(test_mount_and_unmount),
		cmocka_unit_test(test_mkfs),
	};
	char *probe;

	xfs_mem_fail_at(1, false);
	probe = xfs_mem_alloc(NULL, 1);
	if (!xfs_mem_fail_met()) {
		xfs_mem_free(NULL, probe);
		printf("SKIP: built without fault points\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
