/* SPDX-License-Identifier: MIT */
/*
 * Goal: free blocks add up whatever share of them threads hold: none is given out twice, and nobody is
 *       refused while there are some.
 * Method: threads, more than there are slots, take and give back blocks of a counter, until it says
 *       -ENOSPC or for a number of rounds; what they have and what is left is what there was.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include "core/counter.h"
#include "support/test_seed.h"

#ifdef XFSWRITE_THREADS
#define THREADS		(XFS_SLOTS + 3u)
#define ALL_BLOCKS	(200 * 1024)

static struct xfs_mount *mp;
static int64_t taken[THREADS];
static uint32_t numbers;	/* (a) */

static int begin(void **state)
{
	(void)state;
	mp = calloc(1, sizeof(*mp));
	assert_non_null(mp);
	mp->m_geo.dblocks = 20 * 1000;
	xfs_mutex_init(&mp->m_lock, XFS_CLASS_LEAF, 0);
	xfs_mutex_init(&mp->m_error_lock, XFS_CLASS_LEAF, UINT64_MAX);
	mp->m_fdblocks = ALL_BLOCKS;
	mp->m_set_aside = 100;
	mp->m_resblks_avail = 1000;
	numbers = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	xfs_mutex_destroy(&mp->m_error_lock);
	xfs_mutex_destroy(&mp->m_lock);
	free(mp);
	return 0;
}

static void run(void *(*fn)(void *arg))
{
	pthread_t thread[THREADS];

	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

static int64_t sum_of_taken(void)
{
	int64_t sum = 0;

	for (unsigned int i = 0; i < THREADS; i++)
		sum += taken[i];
	return sum;
}

/* (COUNTER-1) */
static void *take_all(void *arg)
{
	uint32_t me = __atomic_fetch_add(&numbers, 1, __ATOMIC_RELAXED);

	(void)arg;
	taken[me] = 0;
	while (xfs_mod_fdblocks(mp, -7, false) == 0)
		taken[me] += 7;
	return NULL;
}

static void test_none_is_left_and_none_is_twice(void **state)
{
	int64_t left;

	(void)state;
	run(take_all);
	/* Whoever was refused found fewer than 7; others may have taken the last since then. */
	left = ALL_BLOCKS - 100 - sum_of_taken();
	assert_in_range(left, 0, 6);
	assert_int_equal(xfs_fdblocks_available(mp), left);
	assert_int_equal(mp->m_resblks_avail, 1000);
	assert_int_equal(xfs_mod_fdblocks(mp, -7, true), 0);
	assert_int_equal(mp->m_resblks_avail, 993);
}

static void *take_and_give(void *arg)
{
	uint32_t me = __atomic_fetch_add(&numbers, 1, __ATOMIC_RELAXED);
	struct xfs_rand r = test_rand(me);

	(void)arg;
	taken[me] = 0;
	for (unsigned int i = 0; i < 20000; i++) {
		int64_t blocks = (int64_t)xfs_rand_below(&r, 300);

		if (xfs_rand_below(&r, 2) && xfs_reserve_delalloc_blocks(mp, (uint64_t)blocks) == 0) {
			taken[me] += blocks;
		} else if (taken[me] >= blocks) {
			xfs_settle_delalloc_blocks(mp, 0, blocks);
			taken[me] -= blocks;
		}
		if (i % 64 == 0)
			xfs_mod_icount(mp, 64, -1);
	}
	return NULL;
}

static void test_sums(void **state)
{
	const int64_t counts = (int64_t)THREADS * ((20000 + 63) / 64);
	int64_t held;

	(void)state;
	run(take_and_give);
	held = sum_of_taken();
	assert_int_equal(xfs_fdblocks_available(mp), ALL_BLOCKS - 100 - held);
	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	xfs_mutex_unlock(&mp->m_lock);
	assert_int_equal(mp->m_fdblocks, ALL_BLOCKS - held);
	assert_int_equal(mp->m_delalloc_blocks, held);
	assert_int_equal(mp->m_icount, 64 * counts);
	assert_int_equal(mp->m_ifree, -counts);
}
#endif

int main(void)
{
#ifdef XFSWRITE_THREADS
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none_is_left_and_none_is_twice, begin, end),
		cmocka_unit_test_setup_teardown(test_sums, begin, end),
	};

	test_seed_init(20261130);
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	print_message("SKIP: built without threads\n");
	return 77;
#endif
}
