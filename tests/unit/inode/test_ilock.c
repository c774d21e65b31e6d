/* SPDX-License-Identifier: MIT */
/*
 * Goal: two inodes are locked in the order of their numbers whichever is named first, one that is
 *       both once, and a try takes both or none.
 * Method: inodes that are nothing but their locks; the order checker counts violations; threads
 *       lock the same pairs in opposite orders and change what both locks protect.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include "inode/inode.h"
#include "support/test_seed.h"

#define NR_INODES 3u

static struct xfs_inode *inodes;

static int make_inodes(void **state)
{
	(void)state;
	inodes = calloc(NR_INODES, sizeof(*inodes));
	assert_non_null(inodes);
	for (unsigned int i = 0; i < NR_INODES; i++) {
		inodes[i].i_ino = 128 + i;
		xfs_rwlock_init(&inodes[i].i_iolock, XFS_CLASS_IOLOCK, inodes[i].i_ino);
		xfs_rwlock_init(&inodes[i].i_lock, XFS_CLASS_ILOCK, inodes[i].i_ino);
	}
	return 0;
}

static int end_inodes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR_INODES; i++) {
		xfs_rwlock_destroy(&inodes[i].i_iolock);
		xfs_rwlock_destroy(&inodes[i].i_lock);
	}
	free(inodes);
	return 0;
}

#ifdef XFSWRITE_DEBUG
#define HELD(number) assert_int_equal(xfs_lock_order_held(), number)
#else
#define HELD(number) ((void)(number))
#endif

/* (LOCK-1), (LOCK-2) */
static void test_order(void **state)
{
	(void)state;
	xfs_lock_order_set_fatal(false);
	for (unsigned int a = 0; a < NR_INODES; a++) {
		for (unsigned int b = 0; b < NR_INODES; b++) {
			unsigned int count = a == b ? 1 : 2;

			assert_int_equal(xfs_iolock_want_two(&inodes[a], &inodes[b]), 0);
			HELD(count);
			assert_int_equal(xfs_ilock_want_two(&inodes[b], &inodes[a]), 0);
			HELD(2 * count);
			assert_true(xfs_rwlock_is_held_excl(&inodes[a].i_iolock));
			assert_true(xfs_rwlock_is_held_excl(&inodes[b].i_lock));
			xfs_iunlock_two(&inodes[a], &inodes[b]);
			xfs_iounlock_two(&inodes[b], &inodes[a]);
			HELD(0);
		}
	}
	assert_int_equal(xfs_lock_order_violations(), 0);
	xfs_lock_order_set_fatal(true);
}

#ifdef XFSWRITE_THREADS
/* As a NOWAIT call does. */
static bool try_two(unsigned int a, unsigned int b)
{
	struct xfs_nowait before = xfs_nowait_begin(true);
	int error = xfs_iolock_want_two(&inodes[a], &inodes[b]);

	xfs_nowait_end(before, 0);
	assert_true(!error || error == XFS_WOULD_WAIT);
	return !error;
}

static void *try_pair(void *arg)
{
	bool *got = arg;

	*got = try_two(2, 0);
	if (*got)
		xfs_iounlock_two(&inodes[2], &inodes[0]);
	return NULL;
}

static bool try_elsewhere(void)
{
	pthread_t thread;
	bool got;

	assert_int_equal(pthread_create(&thread, NULL, try_pair, &got), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return got;
}

static void test_try(void **state)
{
	(void)state;
	assert_true(try_elsewhere());
	for (unsigned int i = 0; i < NR_INODES; i += 2) {
		xfs_rwlock_shared(&inodes[i].i_iolock);
		assert_false(try_elsewhere());
		xfs_rwlock_unlock_shared(&inodes[i].i_iolock);
		/* Neither of them was kept. */
		assert_true(try_two(0, 2));
		xfs_iounlock_two(&inodes[0], &inodes[2]);
	}
	assert_true(try_two(1, 1));
	assert_true(try_elsewhere());
	xfs_iounlock_two(&inodes[1], &inodes[1]);
}

#define THREADS 4u
#define ROUNDS	5000u

static uint64_t sums[NR_INODES]; /* each under its inode's two locks */
static uint64_t streams;	 /* atomic */

static void *pair_thread(void *arg)
{
	struct xfs_rand r = test_rand(__atomic_fetch_add(&streams, 1, __ATOMIC_RELAXED));
	uint64_t *added = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int a = (unsigned int)xfs_rand_below(&r, NR_INODES);
		unsigned int b = (unsigned int)xfs_rand_below(&r, NR_INODES);

		assert_int_equal(xfs_iolock_want_two(&inodes[a], &inodes[b]), 0);
		assert_int_equal(xfs_ilock_want_two(&inodes[a], &inodes[b]), 0);
		sums[a]++;
		sums[b]++;
		*added += 2;
		xfs_iunlock_two(&inodes[a], &inodes[b]);
		xfs_iounlock_two(&inodes[a], &inodes[b]);
	}
	return NULL;
}

static void test_pairs_of_threads(void **state)
{
	uint64_t added[THREADS] = {0}, all = 0, sum = 0;
	pthread_t thread[THREADS];

	(void)state;
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, pair_thread, &added[i]), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		all += added[i];
	}
	for (unsigned int i = 0; i < NR_INODES; i++)
		sum += sums[i];
	assert_int_equal(sum, all);
	assert_int_equal(all, 2 * THREADS * ROUNDS);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, make_inodes, end_inodes),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test_setup_teardown(test_try, make_inodes, end_inodes),
		cmocka_unit_test_setup_teardown(test_pairs_of_threads, make_inodes, end_inodes),
#endif
	};

	test_seed_init(20261132);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
