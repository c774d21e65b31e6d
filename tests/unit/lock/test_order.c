/* SPDX-License-Identifier: MIT */
/*
 * Goal: the order checker catches each way of taking locks that could deadlock,
 * and none of the allowed ones.
 * Method: violations are counted instead of fatal; every pair of classes and
 * keys in both orders, try-locks, recursion, wrong unlocks, waiting; one child
 * process that the checker must stop.  What is printed of all threads: a thread that waits for this one.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lock/lock_priv.h"

#ifdef XFSWRITE_DEBUG

#ifdef __SANITIZE_THREAD__
/* The sanitizer has a lock order checker of its own, which would find what we do on purpose. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "detect_deadlocks=0";
}
#endif

/* Violations since the last call. */
static unsigned int new_violations(void)
{
	static unsigned int seen;
	unsigned int now = xfs_lock_order_violations();
	unsigned int fresh = now - seen;

	seen = now;
	return fresh;
}

/* Takes two locks one after the other; whether that was a violation. */
static bool violates(enum xfs_lock_class cls1, uint64_t key1, enum xfs_lock_class cls2,
		     uint64_t key2)
{
	struct xfs_rwlock first, second;

	xfs_rwlock_init(&first, cls1, key1);
	xfs_rwlock_init(&second, cls2, key2);
	xfs_rwlock_shared(&first);
	xfs_rwlock_excl(&second);
	xfs_rwlock_unlock_excl(&second);
	xfs_rwlock_unlock_shared(&first);
	xfs_rwlock_destroy(&first);
	xfs_rwlock_destroy(&second);
	assert_int_equal(xfs_lock_order_held(), 0);
	return new_violations() != 0;
}

/* (LOCK-1) */
static void test_all_pairs(void **state)
{
	(void)state;
	for (unsigned int a = 0; a < XFS_CLASS_COUNT; a++) {
		for (unsigned int b = 0; b < XFS_CLASS_COUNT; b++) {
			bool equal_keys_ok = a == XFS_CLASS_BUF || a == XFS_CLASS_LEAF;

			if (a != b) {
				assert_int_equal(violates(a, 5, b, 1), a > b);
				assert_int_equal(violates(a, 1, b, 5), a > b);
				continue;
			}
			assert_false(violates(a, 1, b, 2));
			assert_true(violates(a, 2, b, 1));
			assert_int_equal(violates(a, 7, b, 7), !equal_keys_ok);
		}
	}
}

static void test_any_held_counts(void **state)
{
	struct xfs_mutex ag, leaf, ilock;

	(void)state;
	xfs_mutex_init(&ag, XFS_CLASS_AG, 3);
	xfs_mutex_init(&ilock, XFS_CLASS_ILOCK, 9);
	xfs_mutex_init(&leaf, XFS_CLASS_LEAF, 0);

	/* Released out of order: the one that is left still counts. */
	xfs_mutex_lock(&ilock);
	xfs_mutex_lock(&ag);
	xfs_mutex_lock(&leaf);
	xfs_mutex_unlock(&ilock);
	xfs_mutex_unlock(&leaf);
	assert_int_equal(new_violations(), 0);
	xfs_mutex_lock(&ilock);
	assert_int_equal(new_violations(), 1);
	xfs_mutex_unlock(&ag);
	xfs_mutex_unlock(&ilock);
	assert_int_equal(new_violations(), 0);
	assert_int_equal(xfs_lock_order_held(), 0);
	xfs_mutex_destroy(&ag);
	xfs_mutex_destroy(&ilock);
	xfs_mutex_destroy(&leaf);
}

static void test_try_is_free_but_counts(void **state)
{
	struct xfs_rwlock low, middle, high;

	(void)state;
	xfs_rwlock_init(&low, XFS_CLASS_ILOCK, 1);
	xfs_rwlock_init(&middle, XFS_CLASS_ILOCK, 2);
	xfs_rwlock_init(&high, XFS_CLASS_ILOCK, 3);
	xfs_rwlock_excl(&middle);
	assert_true(xfs_rwlock_try_excl(&low));
	assert_true(xfs_rwlock_try_shared(&high));
	assert_int_equal(new_violations(), 0);
	assert_int_equal(xfs_lock_order_held(), 3);
	xfs_rwlock_unlock_excl(&middle);
	/* The one above was only tried for, but it is held now. */
	xfs_rwlock_shared(&middle);
	assert_int_equal(new_violations(), 1);
	xfs_rwlock_unlock_shared(&middle);
	xfs_rwlock_unlock_shared(&high);
	xfs_rwlock_unlock_excl(&low);
	assert_int_equal(new_violations(), 0);
	xfs_rwlock_destroy(&low);
	xfs_rwlock_destroy(&middle);
	xfs_rwlock_destroy(&high);
}

/* (LOCK-2) A second try for one's own shared lock succeeds on the host: the checker must see it. */
static void test_recursion(void **state)
{
	struct xfs_rwlock lk;

	(void)state;
	xfs_rwlock_init(&lk, XFS_CLASS_ILOCK, 1);
	xfs_rwlock_shared(&lk);
	assert_true(xfs_rwlock_try_shared(&lk));
	assert_int_equal(new_violations(), 1);
	xfs_rwlock_unlock_shared(&lk);
	xfs_rwlock_unlock_shared(&lk);
	assert_int_equal(new_violations(), 0);
	/* One that fails has taken nothing and is no harm. */
	xfs_rwlock_excl(&lk);
	assert_false(xfs_rwlock_try_excl(&lk));
	assert_false(xfs_rwlock_try_shared(&lk));
	xfs_rwlock_unlock_excl(&lk);
	assert_int_equal(new_violations(), 0);
	assert_int_equal(xfs_lock_order_held(), 0);
	xfs_rwlock_destroy(&lk);
}

/* The checker is asked before the host's lock is, which might not come back. */
#ifdef XFSWRITE_THREADS
static void test_wait_above(void **state)
{
	struct xfs_mutex low, high;
	struct xfs_cond cond;

	(void)state;
	xfs_mutex_init(&low, XFS_CLASS_AG, 1);
	xfs_mutex_init(&high, XFS_CLASS_LEAF, 0);
	xfs_cond_init(&cond);
	if (fork() == 0) {
		/* Sleeping for ever here would be the failure: the alarm's status tells. */
		alarm(20);
		xfs_lock_order_set_fatal(true);
		fclose(stderr);
		xfs_mutex_lock(&low);
		xfs_mutex_lock(&high);
		xfs_cond_wait(&cond, &low);
		_exit(0);
	} else {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
	xfs_cond_destroy(&cond);
	xfs_mutex_destroy(&low);
	xfs_mutex_destroy(&high);
}
#endif

/* (LOCK-3) Misuse that the host's locks would not survive: told to the checker alone. */
static void test_bad_unlocks(void **state)
{
	static char fakes[2000];

	(void)state;
	xfs_lock_order_del(&fakes[0], XFS_LOCK_EXCL);
	assert_int_equal(new_violations(), 1);
	xfs_lock_order_add(&fakes[0], XFS_CLASS_AG, 0, XFS_LOCK_SHARED);
	assert_int_equal(new_violations(), 0);
	xfs_lock_order_check(&fakes[0], XFS_CLASS_AG, 0);
	assert_int_equal(new_violations(), 1);
	xfs_lock_order_del(&fakes[0], XFS_LOCK_EXCL);
	assert_int_equal(new_violations(), 1);
	assert_int_equal(xfs_lock_order_held(), 0);

	/* A leak of locks is noticed before it fills the list. */
	for (unsigned int i = 0; i < sizeof(fakes); i++)
		xfs_lock_order_add(&fakes[i], XFS_CLASS_BUF, 0, XFS_LOCK_EXCL);
	assert_true(xfs_lock_order_held() >= 1000);
	assert_int_equal(new_violations(), sizeof(fakes) - xfs_lock_order_held());
	for (unsigned int i = xfs_lock_order_held(); i > 0; i--)
		xfs_lock_order_del(&fakes[i - 1], XFS_LOCK_EXCL);
	assert_int_equal(new_violations(), 0);
	assert_int_equal(xfs_lock_order_held(), 0);
}

/* (LOCK-3) */
static void test_demotion(void **state)
{
	struct xfs_rwlock rw;

	(void)state;
	xfs_rwlock_init(&rw, XFS_CLASS_IOLOCK, 1);
	xfs_lock_order_demote(&rw);
	assert_int_equal(new_violations(), 1);
	xfs_rwlock_excl(&rw);
	xfs_rwlock_demote(&rw);
	assert_int_equal(new_violations(), 0);
	assert_int_equal(xfs_lock_order_held(), 1);
	xfs_lock_order_demote(&rw);
	assert_int_equal(new_violations(), 1);
	xfs_rwlock_unlock_shared(&rw);
	assert_int_equal(new_violations(), 0);
	xfs_rwlock_destroy(&rw);
}

#ifdef XFSWRITE_THREADS
/* What xfs_lock_dump() prints; the caller frees it. */
static char *dump(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	xfs_lock_dump(out);
	fclose(out);
	return text;
}

struct waiter {
	struct xfs_mutex ag;
	struct xfs_rwlock ilock;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	xfs_rwlock_shared(&w->ilock);
	xfs_mutex_lock(&w->ag);
	xfs_mutex_unlock(&w->ag);
	xfs_rwlock_unlock_shared(&w->ilock);
	return NULL;
}

static uint64_t waits_for_ag(const char *text)
{
	unsigned long long taken, waits = 0;
	const char *line = strstr(text, "\nAG: taken ");

	if (line)
		assert_int_equal(sscanf(line, "\nAG: taken %llu times, waited for %llu times", &taken, &waits), 2);
	return waits;
}

/* Who holds what, who waits for whom, and when it is over, that somebody waited. */
static void test_the_dump(void **state)
{
	char *text = dump();
	uint64_t before = waits_for_ag(text);
	struct waiter w;
	pthread_t thread;

	(void)state;
	free(text);
	xfs_mutex_init(&w.ag, XFS_CLASS_AG, 7);
	xfs_rwlock_init(&w.ilock, XFS_CLASS_ILOCK, 131);
	xfs_mutex_lock(&w.ag);
	assert_int_equal(pthread_create(&thread, NULL, wait_thread, &w), 0);
	for (text = dump(); !strstr(text, "waits for AG key 7"); text = dump()) {
		free(text);
		usleep(1000);
	}
	assert_non_null(strstr(text, ", which prints this\n  holds AG key 7"));
	assert_non_null(strstr(text, "  holds ILOCK key 131"));
	assert_non_null(strstr(strstr(text, "  holds ILOCK key 131"), "  waits for AG key 7"));
	free(text);
	xfs_mutex_unlock(&w.ag);
	assert_int_equal(pthread_join(thread, NULL), 0);
	text = dump();
	assert_null(strstr(text, "thread "));
	/* Of a thread that is gone. */
	assert_int_equal(waits_for_ag(text), before + 1);
	free(text);
	xfs_mutex_destroy(&w.ag);
	xfs_rwlock_destroy(&w.ilock);
}
#endif

static void test_stops_the_program(void **state)
{
	struct xfs_mutex a, b;

	(void)state;
	xfs_mutex_init(&a, XFS_CLASS_AG, 1);
	xfs_mutex_init(&b, XFS_CLASS_AG, 2);
	if (fork() == 0) {
		xfs_lock_order_set_fatal(true);
		fclose(stderr);
		xfs_mutex_lock(&b);
		xfs_mutex_lock(&a);
		_exit(0);
	} else {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
	xfs_mutex_destroy(&a);
	xfs_mutex_destroy(&b);
}

static void test_many_held(void **state)
{
	static struct xfs_mutex many[500];

	(void)state;
	for (unsigned int i = 0; i < 500; i++)
		xfs_mutex_init(&many[i], XFS_CLASS_BUF, 0);
	for (unsigned int i = 0; i < 500; i++)
		xfs_mutex_lock(&many[i]);
	assert_int_equal(xfs_lock_order_held(), 500);
	for (unsigned int i = 0; i < 500; i++)
		xfs_mutex_unlock(&many[(i * 7) % 500]);
	assert_int_equal(xfs_lock_order_held(), 0);
	assert_int_equal(new_violations(), 0);
	for (unsigned int i = 0; i < 500; i++)
		xfs_mutex_destroy(&many[i]);
}

/* (LOCK-4) */
static void test_nowait(void **state)
{
	struct xfs_nowait before = xfs_nowait_begin(true);
	struct xfs_rwlock rw;
	struct xfs_mutex mx;

	(void)state;
	for (unsigned int cls = 0; cls < XFS_CLASS_COUNT; cls++) {
		bool is_short = cls == XFS_CLASS_LEAF || cls == XFS_CLASS_DQUOT;

		xfs_rwlock_init(&rw, cls, 0);
		xfs_mutex_init(&mx, cls, 1);
		assert_int_equal(xfs_rwlock_want_shared(&rw), 0);
		xfs_rwlock_unlock_shared(&rw);
		assert_int_equal(xfs_rwlock_want_excl(&rw), 0);
		assert_int_equal(xfs_mutex_want(&mx), 0);
		xfs_mutex_unlock(&mx);
		xfs_rwlock_unlock_excl(&rw);
		assert_int_equal(new_violations(), 0);
		xfs_mutex_lock(&mx);
		xfs_mutex_unlock(&mx);
		assert_int_equal(new_violations() != 0, !is_short);
		xfs_rwlock_shared(&rw);
		xfs_rwlock_unlock_shared(&rw);
		assert_int_equal(new_violations() != 0, !is_short);
		/* From its first change on it is a call as any other. */
		xfs_nowait_changes();
		xfs_mutex_lock(&mx);
		xfs_mutex_unlock(&mx);
		xfs_nowait_again();
		assert_int_equal(new_violations(), 0);
		xfs_rwlock_destroy(&rw);
		xfs_mutex_destroy(&mx);
	}
	xfs_nowait_end(before, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_nowait),
		cmocka_unit_test(test_any_held_counts),
		cmocka_unit_test(test_try_is_free_but_counts),
		cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_bad_unlocks),
		cmocka_unit_test(test_demotion),
		cmocka_unit_test(test_stops_the_program),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_wait_above),
		cmocka_unit_test(test_the_dump),
#endif
		cmocka_unit_test(test_many_held),
	};

	xfs_lock_order_set_fatal(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("built without XFSWRITE_DEBUG: there is no order checker");
	return 77;
}

#endif
