/* SPDX-License-Identifier: MIT */
/*
 * Randomness of tests: everything comes from one seed, which a failed test
 * prints and XFSWRITE_SEED=<number> in the environment sets.
 *
 *	int main(void)
 *	{
 *		test_seed_init(4711);
 *		return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
 *	}
 *
 * and in each test `struct xfs_rand r = test_rand(1);` with a number of its own,
 * so that the tests of a program do not depend on each other's draws.
 */
#ifndef SUPPORT_TEST_SEED_H
#define SUPPORT_TEST_SEED_H

#include "base/rand.h"

/* The seed of this run: XFSWRITE_SEED when it is set, else @fixed. */
void test_seed_init(uint64_t fixed);
uint64_t test_seed(void);

/* XFSWRITE_PART: long tests do only the n-th part of what they would do; else 1. */
int test_part(void);

/* A generator of stream @stream; the same for the same seed and stream. */
struct xfs_rand test_rand(uint64_t stream);

/* Says the seed on stderr when @failed is not 0; returns @failed, at most 1. */
int test_seed_report(int failed);

/* @len bytes that depend on @tag and on each byte's place: pieces can be told apart. */
void test_pattern_fill(void *buf, size_t len, uint64_t tag);

#endif
