/* SPDX-License-Identifier: MIT */
/*
 * Goal: a thread is in a NOWAIT call exactly as long as it was asked for and nothing has changed, also when
 *       calls lie inside of calls; and what ends such a call early arrives as -EAGAIN, with its reason.
 * Method: calls are begun and ended by hand, in every order that the library and its callers have.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/nowait.h"

/* (NOWAIT-1), (NOWAIT-2) */
static void test_until_the_first_change(void **state)
{
	struct xfs_nowait before;

	(void)state;
	before = xfs_nowait_begin(false);
	assert_false(xfs_nowait());
	/* A change of a call that may wait is nothing special, and makes no NOWAIT call of it. */
	xfs_nowait_changes();
	xfs_nowait_again();
	assert_false(xfs_nowait());
	assert_false(xfs_nowait_asked());
	xfs_nowait_ask();
	assert_true(xfs_nowait());
	xfs_nowait_changes();
	assert_false(xfs_nowait());
	assert_true(xfs_nowait_asked());
	xfs_nowait_again();
	assert_true(xfs_nowait());
	assert_int_equal(xfs_nowait_end(before, 5), 5);
	assert_false(xfs_nowait_asked());

	before = xfs_nowait_begin(true);
	assert_true(xfs_nowait());
	xfs_nowait_never();
	assert_false(xfs_nowait());
	assert_int_equal(xfs_nowait_end(before, 0), 0);
}

/* (NOWAIT-3) */
static void test_calls_in_calls(void **state)
{
	struct xfs_nowait outer, inner;

	(void)state;
	xfs_nowait_thread.thread = true;
	assert_false(xfs_nowait());
	outer = xfs_nowait_begin(false);
	assert_true(xfs_nowait());
	inner = xfs_nowait_begin(false);
	assert_true(xfs_nowait());
	/* What an inner one has changed the outer one has. */
	xfs_nowait_changes();
	xfs_nowait_end(inner, 0);
	assert_false(xfs_nowait());
	assert_true(xfs_nowait_asked());
	/* From then on inner ones may wait, too: a device's own calls, say. */
	inner = xfs_nowait_begin(false);
	assert_false(xfs_nowait_asked());
	xfs_nowait_end(inner, 0);
	assert_true(xfs_nowait_asked());
	xfs_nowait_end(outer, 0);
	assert_false(xfs_nowait());

	/* The outer one may wait; the thread's wish is not for what it calls. */
	outer = xfs_nowait_begin(false);
	xfs_nowait_never();
	inner = xfs_nowait_begin(false);
	assert_false(xfs_nowait());
	xfs_nowait_end(inner, 0);
	/* But that of a handle is. */
	inner = xfs_nowait_begin(true);
	assert_true(xfs_nowait());
	xfs_nowait_end(inner, 0);
	assert_false(xfs_nowait_asked());
	xfs_nowait_end(outer, 0);
	xfs_nowait_thread.thread = false;
}

static int64_t ended(bool asked, bool refused, int64_t ret)
{
	struct xfs_nowait before = xfs_nowait_begin(asked);

	if (refused)
		assert_int_equal(xfs_nowait_refuses(), asked);
	return xfs_nowait_end(before, ret);
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(ended(true, false, -ENOSPC), -ENOSPC);
	assert_int_equal(ended(true, true, -ENOSPC), -EAGAIN);
	assert_int_equal(ended(true, true, -EDQUOT), -EAGAIN);
	assert_int_equal(ended(true, true, -ENOMEM), -EAGAIN);
	assert_int_equal(ended(true, true, -EIO), -EIO);
	assert_int_equal(ended(true, true, 17), 17);
	/* What one call was refused says nothing of the next. */
	assert_int_equal(ended(true, false, -ENOSPC), -ENOSPC);
	assert_int_equal(ended(false, true, -ENOSPC), -ENOSPC);
	assert_int_equal(xfs_would_wait("the door of AG %u", 7u), XFS_WOULD_WAIT);
	assert_int_equal(ended(true, false, XFS_WOULD_WAIT), -EAGAIN);
	assert_true(xfs_error_is_described(-EAGAIN));
	assert_string_equal(xfs_last_text(), "NOWAIT: the door of AG 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_until_the_first_change),
		cmocka_unit_test(test_calls_in_calls),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
