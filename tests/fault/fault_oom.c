/* SPDX-License-Identifier: MIT */
/*
 * Goal: the n-th allocation of memory fails, n = 1, 2, 3 ... until none is met, once or from there
 *       on, in every operation and in opening, closing and formatting: success or -ENOMEM, no
 *       lock left held, nothing lost, never shut down, and the device untouched, marked or right.
 * Method: see scenario.h and loops.h.  Needs a build with fault points (XFSWRITE_DEBUG).
 * Shows (BUF-5).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include "base/mem.h"
#include "fault/loops.h"

static void arm(const struct fault_kind *kind, struct xfs_device *fault, unsigned int nth,
		bool sticky, bool torn)
{
	(void)kind;
	(void)fault;
	(void)torn;
	xfs_mem_fail_at(nth, sticky);
}

static bool met(struct xfs_device *fault)
{
	(void)fault;
	return xfs_mem_fail_met();
}

static const int allowed[] = { -ENOMEM, 0 };
static const struct fault_kind kind = {
	.arm = arm, .met = met, .allowed = allowed, .opening = -ENOMEM, .never_shuts_down = true,
	.reserve_margin = 33,
};

static void test_once(void **state)
{
	(void)state;
	fault_operations(&kind, 1, false);
}

static void test_from_there_on(void **state)
{
	(void)state;
	fault_operations(&kind, 1, true);
}

static void test_mount_and_unmount(void **state)
{
	(void)state;
	fault_mount_and_unmount(&kind, 1);
}

static void test_mkfs(void **state)
{
	(void)state;
	fault_mkfs(&kind, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_from_there_on),
		cmocka_unit_test(test_mount_and_unmount),
		cmocka_unit_test(test_mkfs),
	};

	return fault_memory_points() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
