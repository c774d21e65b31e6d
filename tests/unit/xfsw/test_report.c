/* SPDX-License-Identifier: MIT */
/*
 * Goal: the library's text stands behind an errno only if that is the failure it belongs to: not when
 *       the host or the tool fails afterwards with the same errno, and not twice.
 * Method: the functions of report.c, called in this program after calls of the library that fail.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "unit/xfsw/tool.h"

static struct xfsw_call call;

/* -EINVAL with a text that has "partition" in it. */
static int library_fails(void)
{
	struct xfs_device *dev, *window;
	int error;

	assert_int_equal(xfs_device_open_memory(1 << 20, 512, &call.env, &dev), 0);
	error = xfs_device_open_window(dev, 2 << 20, 1 << 20, &window);
	xfs_device_put(dev);
	assert_true(error < 0);
	return error;
}

static bool has_text(int error)
{
	char buf[1024];

	return strcmp(xfsw_reason(error, buf, sizeof(buf)), strerror(-error)) != 0;
}

static void test_a_library_failure_has_its_text(void **state)
{
	(void)state;
	assert_true(has_text(library_fails()));
	assert_true(has_text(library_fails()));
}

static void test_a_host_failure_with_the_same_errno_has_none(void **state)
{
	int error = library_fails();

	(void)state;
	errno = -error;
	assert_int_equal(xfsw_errno(), error);
	assert_false(has_text(error));
	assert_int_equal(library_fails(), error);
	assert_true(has_text(error));
}

static void test_a_refusal_of_the_tool_with_the_same_errno_has_none(void **state)
{
	int error = library_fails();

	(void)state;
	assert_int_equal(xfsw_error(error), error);
	assert_false(has_text(error));
}

static void test_a_failure_that_was_told_is_not_told_again(void **state)
{
	int error = library_fails();

	(void)state;
	assert_int_equal(xfsw_fail(&call, "x", error), XFSW_FAILED);
	assert_false(has_text(error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_library_failure_has_its_text),
		cmocka_unit_test(test_a_host_failure_with_the_same_errno_has_none),
		cmocka_unit_test(test_a_refusal_of_the_tool_with_the_same_errno_has_none),
		cmocka_unit_test(test_a_failure_that_was_told_is_not_told_again),
	};

	call.env.size = sizeof(call.env);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
