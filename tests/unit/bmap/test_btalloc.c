/* SPDX-License-Identifier: MIT */
/*
 * Goal: extent size hints widen requests as the kernel does, and never cut off what
 * was asked for.
 * Method: placements observed on kernel mounts; random requests against the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "bmap/bmap.h"
#include "support/test_inode.h"
#include "support/test_seed.h"

static void test_align(void **state)
{
	static const struct {
		uint32_t hint;
		xfs_fileoff_t prev_end, next_start, off;
		xfs_filblks_t len;
		xfs_fileoff_t want_off;
		xfs_filblks_t want_len;
	} cases[] = {
		{32, 0, NULLFILEOFF, 0x64, 1, 0x60, 0x20},
		{4, 0, NULLFILEOFF, 0x65, 1, 0x64, 4},
		{16, 16, NULLFILEOFF, 25, 1, 16, 16},
		{16, 0, NULLFILEOFF, 0, 1, 0, 16},
		{16, 0, NULLFILEOFF, 15, 2, 0, 32},
		/* The one in front ends inside: the length stays, the start moves. */
		{16, 20, NULLFILEOFF, 25, 1, 20, 16},
		/* The one behind begins inside: moved down, to end there. */
		{16, 0, 28, 25, 1, 12, 16},
		{16, 18, 28, 25, 1, 18, 10},
		/* Not more than an extent can have. */
		{1u << 20, 0, NULLFILEOFF, 5, 1u << 21, 0, 1u << 20},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		xfs_fileoff_t off = cases[i].off;
		xfs_filblks_t len = cases[i].len;

		xfs_bmap_extsize_align(cases[i].hint, cases[i].prev_end, cases[i].next_start, &off,
				       &len);
		assert_int_equal(off, cases[i].want_off);
		assert_int_equal(len, cases[i].want_len);
	}
}

static void test_align_random(void **state)
{
	struct xfs_rand r = test_rand(1);

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t hint = 1 + (uint32_t)xfs_rand_below(&r, 64);
		xfs_fileoff_t prev_end = xfs_rand_below(&r, 300);
		xfs_fileoff_t off = prev_end + xfs_rand_below(&r, 100), want_off = off;
		xfs_filblks_t len = 1 + xfs_rand_below(&r, 100), want_len = len;
		xfs_fileoff_t next = off + len + xfs_rand_below(&r, 100);

		xfs_bmap_extsize_align(hint, prev_end, next, &off, &len);
		assert_true(off >= prev_end && off + len <= next);
		assert_true(off <= want_off && off + len > want_off);
		/* Idempotent, as what is aligned already may be aligned again further down. */
		want_off = off;
		want_len = len;
		xfs_bmap_extsize_align(hint, prev_end, next, &off, &len);
		if (want_len % hint == 0 && want_off % hint == 0) {
			assert_int_equal(off, want_off);
			assert_int_equal(len, want_len);
		}
	}
}

static void test_hints(void **state)
{
	struct xfs_inode ino = {.i_extsize = 16, .i_cowextsize = 64};

	(void)state;
	assert_int_equal(xfs_get_extsz_hint(&ino), 0);
	assert_int_equal(xfs_get_cowextsz_hint(&ino), 32);
	ino.i_diflags = XFS_DIFLAG_EXTSIZE;
	assert_int_equal(xfs_get_extsz_hint(&ino), 16);
	assert_int_equal(xfs_get_cowextsz_hint(&ino), 16);
	ino.i_diflags2 = XFS_DIFLAG2_COWEXTSIZE;
	assert_int_equal(xfs_get_cowextsz_hint(&ino), 64);
	ino.i_diflags = XFS_DIFLAG_EXTSZINHERIT;
	assert_int_equal(xfs_get_extsz_hint(&ino), 0);
	assert_int_equal(xfs_get_cowextsz_hint(&ino), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_align),
		cmocka_unit_test(test_align_random),
		cmocka_unit_test(test_hints),
	};

	test_seed_init(20240611);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
