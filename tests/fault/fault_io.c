/* SPDX-License-Identifier: MIT */
/*
 * Goal: the n-th read, write or flush fails, n = 1, 2, 3 ... until none is met, once or from there
 *       on, in every operation and in opening, closing and formatting: success or a clean error,
 *       no lock left held, and the device untouched, marked as in progress, or right.
 * Method: see scenario.h and loops.h.  A device that fails for good is closed as it is; a single
 *       failure is followed by trying again.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include "base/compiler.h"
#include "fault/loops.h"
#include "lock/lock.h"
#include "support/test_device.h"

static void arm(const struct fault_kind *kind, struct xfs_device *fault, unsigned int nth,
		bool sticky, bool torn)
{
	test_fault_arm(fault, kind->op, nth, sticky, torn);
}

static const int allowed[] = { -EIO, 0 };
#define KIND(event) \
	{ .op = event, .arm = arm, .met = test_fault_met, .allowed = allowed, \
	  .opening = -EIO, .opening_needs_all = true }
static const struct fault_kind kinds[] = {
	KIND(TEST_FAULT_READ),
	KIND(TEST_FAULT_WRITE),
	KIND(TEST_FAULT_FLUSH),
};

static void test_once(void **state)
{
	(void)state;
	fault_operations(kinds, ARRAY_SIZE(kinds), false);
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

static void test_mount_and_unmount(void **state)
{
	(void)state;
	fault_mount_and_unmount(kinds, ARRAY_SIZE(kinds));
}

static void test_mkfs(void **state)
{
	(void)state;
	fault_mkfs(kinds, ARRAY_SIZE(kinds));
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
