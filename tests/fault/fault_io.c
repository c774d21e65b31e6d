/* SPDX-License-Identifier: MIT */
/*
 * Goal: the n-th read, write or flush fails, n = 1, 2, 3 ... until none is met, once or from there
 *       on, in every operation and in opening, closing and formatting: success or a clean error,
 *       no lock left held, and the device untouched, marked as in progress, or right.
 * Method: see scenario.h.  A device that fails for good is closed as it is; a single failure is followed
 *       by trying again.
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
#include "fault/scenario.h"
#include "lock/lock.h"
#include "support/test_device.h"

#define MIB(n) ((uint64_t)(n) << 20)

static const int allowed[] = { -EIO, 0 };
static const struct {
	unsigned int op;
	const char *name;
} kinds[] = {
	{ TEST_FAULT_READ, "read" },
	{ TEST_FAULT_WRITE, "write" },
	{ TEST_FAULT_FLUSH, "flush" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One failure in the operation; closing is whole again. */
static void test_once(void **state)
{
	(void)state;
	for (unsigned int geo = 0; geo < 2; geo++) {
		struct xfs_device *image = scenario_image(geo);

		for (size_t s = 0; s < nr_scenarios; s++) {
			unsigned int shutdowns = 0, tries = 0;

			for (size_t k = 0; k < KINDS; k++) {
				bool met = true;

				for (unsigned int nth = 1; met; nth++) {
					struct attempt at;
					int error;

					attempt_begin(&at, image);
					TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
					test_fault_arm(at.fault, kinds[k].op, nth, false, nth & 1);
					error = scenarios[s].run(at.fs.mp);
					met = test_fault_met(at.fault);
					shutdowns += attempt_end(&at, &scenarios[s], error, met, allowed);
					tries++;
				}
			}
			printf("%s: %u tries, %u shut down\n", scenarios[s].name, tries, shutdowns);
		}
		xfs_device_put(image);
	}
}

/* The device dies in the operation and stays dead. */
static void test_from_there_on(void **state)
{
	(void)state;
	for (unsigned int geo = 0; geo < 2; geo++) {
		struct xfs_device *image = scenario_image(geo);

		for (size_t s = 0; s < nr_scenarios; s++) {
			bool met = true;

			for (unsigned int nth = 1; met; nth++) {
				struct attempt at;
				int error, error2;

				attempt_begin(&at, image);
				TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
				test_fault_arm(at.fault, TEST_FAULT_ANY, nth, true, true);
				error = scenarios[s].run(at.fs.mp);
				assert_true(error == 0 || error == -EIO);
				assert_int_equal(xfs_lock_order_held(), 0);
				error2 = xfs_unmount(at.fs.mp);
				assert_int_equal(xfs_lock_order_held(), 0);
				met = test_fault_met(at.fault);
				if (!met) {
					assert_int_equal(error, 0);
					assert_int_equal(error2, 0);
				}
				/* Who has nothing to write may not notice that nothing could be. */
				assert_true(error2 == 0 || error2 == -EIO);
				demand_image(at.overlay, false, scenarios[s].name);
				xfs_device_put(at.fault);
				xfs_device_put(at.overlay);
			}
		}
		xfs_device_put(image);
	}
}

/* Opening, and closing after changes. */
static void test_mount_and_unmount(void **state)
{
	struct xfs_device *image = scenario_image(0);

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		for (int sticky = 0; sticky < 2; sticky++) {
			bool met = true;

			for (unsigned int nth = 1; met; nth++) {
				struct attempt at;
				int error;

				attempt_begin(&at, image);
				test_fault_arm(at.fault, kinds[k].op, nth, sticky, false);
				error = xfs_mount(at.fault, &at.fs.opts, &at.fs.mp);
				met = test_fault_met(at.fault);
				assert_true(met ? error == -EIO : error == 0);
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
				test_fault_arm(at.fault, kinds[k].op, nth, sticky, nth & 1);
				error = xfs_unmount(at.fs.mp);
				met = test_fault_met(at.fault);
				assert_int_equal(xfs_lock_order_held(), 0);
				assert_true(error == 0 || (met && error == -EIO));
				demand_image(at.overlay, !error, "unmount");
				xfs_device_put(at.fault);
				xfs_device_put(at.overlay);
			}
		}
	}
	xfs_device_put(image);
}

/* A format that fails leaves nothing that mounts, but where only the very last flush was missing. */
static void test_mkfs(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		for (int sticky = 0; sticky < 2; sticky++) {
			bool met = true;

			for (unsigned int nth = 1; met; nth++) {
				struct xfs_mkfs_options opts = {
					.size = sizeof(opts), .flags = XFS_MKFS_SMALL,
				};
				struct xfs_mount_options mopts = {
					.size = sizeof(mopts), .flags = XFS_MOUNT_RDONLY,
				};
				struct xfs_device *mem, *fault;
				struct xfs_mount *mp;
				int error;

				TEST_OK(xfs_device_open_memory(MIB(32), 512, NULL, &mem));
				TEST_OK(test_fault_open(mem, &fault));
				test_fault_arm(fault, kinds[k].op, nth, sticky, nth & 1);
				error = xfs_mkfs(fault, NULL, &opts, NULL);
				met = test_fault_met(fault);
				assert_true(error == 0 || (met && error == -EIO));
				assert_int_equal(xfs_lock_order_held(), 0);
				if (!xfs_mount(mem, &mopts, &mp)) {
					TEST_OK(xfs_unmount(mp));
					assert_int_equal(test_fs_check(mem, 0), 0);
				} else {
					assert_int_not_equal(error, 0);
				}
				xfs_device_put(fault);
				xfs_device_put(mem);
			}
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
