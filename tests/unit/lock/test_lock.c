/* SPDX-License-Identifier: MIT */
/*
 * Goal: the locks exclude whom they must, readers share, try-locks never
 * sleep, a steady stream of readers does not starve a writer (RW-1), nor one of writers a
 * reader (RW-2), and sleepers wake (RW-3).
 * Method: threads hammer counters that only the lock protects; a sanitizer
 * build sees what the counters do not.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include "lock/gate.h"
#include "lock/lock.h"
#include "support/test_seed.h"

#ifdef XFSWRITE_THREADS
#define THREADS 4
#define ROUNDS	20000

struct hammer {
	struct xfs_rwlock rwlock;
	struct xfs_mutex mutex;
	uint64_t by_rwlock, twice_by_rwlock; /* under rwlock: the second is twice the first */
	uint64_t by_mutex;
	uint64_t writes[THREADS], mutexed[THREADS];
	uint32_t broken; /* atomic: readers that saw half a change */
	uint64_t stream; /* atomic: hands out random streams */
};

static void write_once(struct hammer *h, uint64_t *count)
{
	h->by_rwlock++;
	h->twice_by_rwlock += 2;
	(*count)++;
}

static void *hammer_thread(void *arg)
{
	struct hammer *h = arg;
	uint64_t me = __atomic_fetch_add(&h->stream, 1, __ATOMIC_RELAXED);
	struct xfs_rand r = test_rand(me);

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t what = xfs_rand_below(&r, 8);

		if (what == 0) {
			xfs_rwlock_excl(&h->rwlock);
			write_once(h, &h->writes[me]);
			xfs_rwlock_unlock_excl(&h->rwlock);
		} else if (what == 1) {
			if (xfs_rwlock_try_excl(&h->rwlock)) {
				write_once(h, &h->writes[me]);
				xfs_rwlock_unlock_excl(&h->rwlock);
			}
		} else if (what < 4) {
			xfs_mutex_lock(&h->mutex);
			h->by_mutex++;
			h->mutexed[me]++;
			xfs_mutex_unlock(&h->mutex);
		} else if (what == 4) {
			if (xfs_mutex_trylock(&h->mutex)) {
				h->by_mutex++;
				h->mutexed[me]++;
				xfs_mutex_unlock(&h->mutex);
			}
		} else {
			if (what == 5)
				xfs_rwlock_shared(&h->rwlock);
			else if (!xfs_rwlock_try_shared(&h->rwlock))
				continue;
			if (h->twice_by_rwlock != 2 * h->by_rwlock)
				__atomic_add_fetch(&h->broken, 1, __ATOMIC_RELAXED);
			xfs_rwlock_unlock_shared(&h->rwlock);
		}
	}
	return NULL;
}

static void test_hammer(void **state)
{
	struct hammer h = {.broken = 0};
	uint64_t writes = 0, mutexed = 0;
	pthread_t thread[THREADS];

	(void)state;
	xfs_rwlock_init(&h.rwlock, XFS_CLASS_ILOCK, 1);
	xfs_mutex_init(&h.mutex, XFS_CLASS_LEAF, 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer_thread, &h), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		writes += h.writes[i];
		mutexed += h.mutexed[i];
	}
	assert_int_equal(h.broken, 0);
	assert_int_equal(h.by_rwlock, writes);
	assert_int_equal(h.twice_by_rwlock, 2 * writes);
	assert_int_equal(h.by_mutex, mutexed);
	xfs_rwlock_destroy(&h.rwlock);
	xfs_mutex_destroy(&h.mutex);
}

/*
 * The same with holders that stay for a while, so that the others sleep; the locks are taken before
 * there are threads and left when they wait for them, because alone they are taken in
 * another way.
 */
#define SLEEPERS	12
#define SLEEPS		400

struct dormitory {
	struct xfs_rwlock rwlock;
	struct xfs_mutex mutex;
	uint64_t inside;	/* under rwlock: 0 unless a writer is at work */
	uint64_t writes, mutexed;
	uint32_t broken, arrived; /* atomic */
};

static void stay(struct xfs_rand *r)
{
	const struct timespec moment = { .tv_nsec = 20000 };

	if (xfs_rand_below(r, 4) == 0)
		nanosleep(&moment, NULL);
	else
		sched_yield();
}

static void *sleeper_thread(void *arg)
{
	struct dormitory *d = arg;
	struct xfs_rand r = test_rand(__atomic_fetch_add(&d->arrived, 1, __ATOMIC_RELAXED));

	for (unsigned int i = 0; i < SLEEPS; i++) {
		switch (xfs_rand_below(&r, 3)) {
		case 0:
			xfs_rwlock_excl(&d->rwlock);
			d->inside++;
			stay(&r);
			d->inside--;
			d->writes++;
			xfs_rwlock_unlock_excl(&d->rwlock);
			break;
		case 1:
			xfs_rwlock_shared(&d->rwlock);
			stay(&r);
			if (d->inside)
				__atomic_add_fetch(&d->broken, 1, __ATOMIC_RELAXED);
			xfs_rwlock_unlock_shared(&d->rwlock);
			break;
		default:
			xfs_mutex_lock(&d->mutex);
			d->mutexed++;
			stay(&r);
			xfs_mutex_unlock(&d->mutex);
		}
	}
	return NULL;
}

static void test_sleepers(void **state)
{
	struct dormitory d = {.broken = 0};
	pthread_t thread[SLEEPERS];

	(void)state;
	xfs_rwlock_init(&d.rwlock, XFS_CLASS_ILOCK, 1);
	xfs_mutex_init(&d.mutex, XFS_CLASS_LEAF, 0);
	for (unsigned int round = 0; round < 3; round++) {
		struct xfs_rand r = test_rand(1000 + round);

		__atomic_store_n(&d.arrived, 0, __ATOMIC_RELAXED);
		if (round)
			xfs_rwlock_excl(&d.rwlock);
		else
			xfs_rwlock_shared(&d.rwlock);
		xfs_mutex_lock(&d.mutex);
		for (unsigned int i = 0; i < SLEEPERS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, sleeper_thread, &d), 0);
		while (__atomic_load_n(&d.arrived, __ATOMIC_RELAXED) < SLEEPERS)
			stay(&r);
		stay(&r);
		xfs_mutex_unlock(&d.mutex);
		if (round)
			xfs_rwlock_unlock_excl(&d.rwlock);
		else
			xfs_rwlock_unlock_shared(&d.rwlock);
		for (unsigned int i = 0; i < SLEEPERS; i++)
			assert_int_equal(pthread_join(thread[i], NULL), 0);
	}
	assert_int_equal(d.broken, 0);
	assert_int_equal(d.inside, 0);
	assert_true(d.writes > 0 && d.mutexed > 0);
	xfs_rwlock_destroy(&d.rwlock);
	xfs_mutex_destroy(&d.mutex);
}

struct tries {
	struct xfs_rwlock rwlock;
	struct xfs_mutex mutex;
	bool excl, shared, mutexed;
};

static void *try_thread(void *arg)
{
	struct tries *t = arg;

	t->excl = xfs_rwlock_try_excl(&t->rwlock);
	if (t->excl)
		xfs_rwlock_unlock_excl(&t->rwlock);
	t->shared = xfs_rwlock_try_shared(&t->rwlock);
	if (t->shared)
		xfs_rwlock_unlock_shared(&t->rwlock);
	t->mutexed = xfs_mutex_trylock(&t->mutex);
	if (t->mutexed)
		xfs_mutex_unlock(&t->mutex);
	return NULL;
}

static void try_elsewhere(struct tries *t)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, try_thread, t), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_try(void **state)
{
	struct tries t;

	(void)state;
	xfs_rwlock_init(&t.rwlock, XFS_CLASS_ILOCK, 1);
	xfs_mutex_init(&t.mutex, XFS_CLASS_LEAF, 0);

	try_elsewhere(&t);
	assert_true(t.excl && t.shared && t.mutexed);

	xfs_rwlock_shared(&t.rwlock);
	try_elsewhere(&t);
	assert_true(!t.excl && t.shared && t.mutexed);
	xfs_rwlock_unlock_shared(&t.rwlock);

	xfs_rwlock_excl(&t.rwlock);
	xfs_mutex_lock(&t.mutex);
	try_elsewhere(&t);
	assert_true(!t.excl && !t.shared && !t.mutexed);
	xfs_mutex_unlock(&t.mutex);
	xfs_rwlock_unlock_excl(&t.rwlock);

	xfs_rwlock_destroy(&t.rwlock);
	xfs_mutex_destroy(&t.mutex);
}

struct readers {
	struct xfs_rwlock rwlock;
	bool stop;	  /* atomic */
	uint32_t readers; /* atomic: how often somebody was inside */
};

/* Two of these overlap, so that the lock is never free of readers by itself. */
static void *reader_thread(void *arg)
{
	struct readers *g = arg;

	while (!__atomic_load_n(&g->stop, __ATOMIC_RELAXED)) {
		xfs_rwlock_shared(&g->rwlock);
		__atomic_add_fetch(&g->readers, 1, __ATOMIC_RELAXED);
		sched_yield();
		xfs_rwlock_unlock_shared(&g->rwlock);
	}
	return NULL;
}

static void test_writer_gets_in(void **state)
{
	struct readers g = {.stop = false};
	pthread_t thread[THREADS];

	(void)state;
	xfs_rwlock_init(&g.rwlock, XFS_CLASS_TRANS, 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader_thread, &g), 0);
	while (__atomic_load_n(&g.readers, __ATOMIC_RELAXED) < 100)
		sched_yield();
	/* With readers first this would wait for a moment without any: the test's time runs out. */
	for (unsigned int i = 0; i < 200; i++) {
		xfs_rwlock_excl(&g.rwlock);
		xfs_rwlock_unlock_excl(&g.rwlock);
	}
	__atomic_store_n(&g.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	xfs_rwlock_destroy(&g.rwlock);
}

/* Each is at it again at once, so that there is always one that wants it. */
static void *writer_thread(void *arg)
{
	struct readers *g = arg;

	while (!__atomic_load_n(&g->stop, __ATOMIC_RELAXED)) {
		xfs_rwlock_excl(&g->rwlock);
		__atomic_add_fetch(&g->readers, 1, __ATOMIC_RELAXED);
		xfs_rwlock_unlock_excl(&g->rwlock);
	}
	return NULL;
}

/* (RW-2) Writers go before readers, and who runs goes before who sleeps; but not for ever. */
static void test_reader_gets_in(void **state)
{
	struct readers g = {.stop = false};
	pthread_t thread[THREADS];

	(void)state;
	xfs_rwlock_init(&g.rwlock, XFS_CLASS_TRANS, 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, writer_thread, &g), 0);
	while (__atomic_load_n(&g.readers, __ATOMIC_RELAXED) < 100)
		sched_yield();
	for (unsigned int i = 0; i < 200; i++) {
		xfs_rwlock_shared(&g.rwlock);
		xfs_rwlock_unlock_shared(&g.rwlock);
	}
	__atomic_store_n(&g.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	xfs_rwlock_destroy(&g.rwlock);
}

/* More threads than slots, so that some share theirs. */
#define PASSERS (XFS_SLOTS + 4u)
#define CLOSERS 2u
#define PASSES	2000u

struct passage {
	struct xfs_gate gate;
	uint32_t inside;	/* (a) passers */
	uint32_t broken;	/* (a) who met somebody that should not have been there */
	bool closed;		/* by who closed it; read inside */
	uint64_t closings;	/* under the closed gate */
	bool stop;		/* (a) */
};

/* (GATE-1), (GATE-2) */
static void *passer_thread(void *arg)
{
	struct passage *p = arg;

	for (unsigned int i = 0; i < PASSES; i++) {
		if (i % 4 == 0) {
			if (!xfs_gate_try_enter(&p->gate))
				continue;
		} else {
			xfs_gate_enter(&p->gate);
		}
		__atomic_add_fetch(&p->inside, 1, __ATOMIC_RELAXED);
		if (p->closed)
			__atomic_add_fetch(&p->broken, 1, __ATOMIC_RELAXED);
		if (i % 64 == 0)
			sched_yield();
		__atomic_sub_fetch(&p->inside, 1, __ATOMIC_RELAXED);
		xfs_gate_leave(&p->gate);
	}
	return NULL;
}

static void *closer_thread(void *arg)
{
	struct passage *p = arg;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		xfs_gate_close(&p->gate);
		if (p->closed || __atomic_load_n(&p->inside, __ATOMIC_RELAXED))
			__atomic_add_fetch(&p->broken, 1, __ATOMIC_RELAXED);
		p->closed = true;
		p->closings++;
		sched_yield();
		p->closed = false;
		xfs_gate_open(&p->gate);
		sched_yield();
	}
	return NULL;
}

static void test_gate(void **state)
{
	struct passage p = {.stop = false};
	pthread_t passer[PASSERS], closer[CLOSERS];

	(void)state;
	xfs_gate_init(&p.gate, XFS_CLASS_TRANS);
	for (unsigned int i = 0; i < CLOSERS; i++)
		assert_int_equal(pthread_create(&closer[i], NULL, closer_thread, &p), 0);
	for (unsigned int i = 0; i < PASSERS; i++)
		assert_int_equal(pthread_create(&passer[i], NULL, passer_thread, &p), 0);
	for (unsigned int i = 0; i < PASSERS; i++)
		assert_int_equal(pthread_join(passer[i], NULL), 0);
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < CLOSERS; i++)
		assert_int_equal(pthread_join(closer[i], NULL), 0);
	assert_int_equal(p.broken, 0);
	assert_true(p.closings > 0);
	xfs_gate_destroy(&p.gate);
}

struct closed_gate {
	struct xfs_gate gate;
	bool entered;
};

static void *try_enter_thread(void *arg)
{
	struct closed_gate *c = arg;

	c->entered = xfs_gate_try_enter(&c->gate);
	if (c->entered)
		xfs_gate_leave(&c->gate);
	return NULL;
}

static bool enters_elsewhere(struct closed_gate *c)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, try_enter_thread, c), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return c->entered;
}

static void test_gate_try(void **state)
{
	struct closed_gate c;

	(void)state;
	xfs_gate_init(&c.gate, XFS_CLASS_TRANS);
	assert_true(enters_elsewhere(&c));
	xfs_gate_enter(&c.gate);
	assert_true(enters_elsewhere(&c));
	xfs_gate_leave(&c.gate);
	xfs_gate_close(&c.gate);
	assert_false(enters_elsewhere(&c));
	xfs_gate_open(&c.gate);
	assert_true(enters_elsewhere(&c));
	xfs_gate_destroy(&c.gate);
}

struct pingpong {
	struct xfs_mutex mutex;
	struct xfs_cond cond;
	unsigned int turn, rounds;
};

static void play(struct pingpong *p, unsigned int me)
{
	for (unsigned int i = 0; i < 2000; i++) {
		xfs_mutex_lock(&p->mutex);
		while (p->turn != me)
			xfs_cond_wait(&p->cond, &p->mutex);
		p->turn = !me;
		p->rounds++;
		xfs_cond_broadcast(&p->cond);
		xfs_mutex_unlock(&p->mutex);
	}
}

static void *play_thread(void *arg)
{
	play(arg, 1);
	return NULL;
}

static void test_cond(void **state)
{
	struct pingpong p = {.turn = 0};
	pthread_t thread;

	(void)state;
	xfs_mutex_init(&p.mutex, XFS_CLASS_LEAF, 0);
	xfs_cond_init(&p.cond);
	assert_int_equal(pthread_create(&thread, NULL, play_thread, &p), 0);
	play(&p, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(p.rounds, 4000);
	xfs_cond_destroy(&p.cond);
	xfs_mutex_destroy(&p.mutex);
}
#endif

#ifdef XFSWRITE_THREADS
/* ---- demotion ---- */

struct demoted {
	struct xfs_rwlock rwlock;
	uint64_t count;			/* by exclusive holders */
	uint32_t broken;		/* atomic */
};

/* What was set exclusively is still so when the lock is held shared. */
static void *demote_thread(void *arg)
{
	struct demoted *d = arg;

	for (unsigned int i = 0; i < ROUNDS / 4; i++) {
		uint64_t mine;

		if (i % 3 == 2) {
			if (!xfs_rwlock_try_excl(&d->rwlock))
				continue;
		} else {
			xfs_rwlock_excl(&d->rwlock);
		}
		mine = ++d->count;
		xfs_rwlock_demote(&d->rwlock);
		if (d->count != mine || (i % 16 == 0 && (sched_yield(), d->count != mine)))
			__atomic_add_fetch(&d->broken, 1, __ATOMIC_RELAXED);
		xfs_rwlock_unlock_shared(&d->rwlock);
	}
	return NULL;
}

static void test_demotion_lets_no_writer_in(void **state)
{
	struct demoted d = { .count = 0 };
	pthread_t thread[THREADS];

	(void)state;
	xfs_rwlock_init(&d.rwlock, XFS_CLASS_IOLOCK, 1);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, demote_thread, &d), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(d.broken, 0);
	assert_true(d.count >= ROUNDS / 4);
	xfs_rwlock_destroy(&d.rwlock);
}

static void test_who_may_come_after_a_demotion(void **state)
{
	struct tries t;

	(void)state;
	xfs_rwlock_init(&t.rwlock, XFS_CLASS_IOLOCK, 1);
	xfs_mutex_init(&t.mutex, XFS_CLASS_LEAF, 0);
	xfs_rwlock_excl(&t.rwlock);
	try_elsewhere(&t);
	assert_true(!t.excl && !t.shared);
	xfs_rwlock_demote(&t.rwlock);
	try_elsewhere(&t);
	assert_true(!t.excl && t.shared);
	xfs_rwlock_unlock_shared(&t.rwlock);
	try_elsewhere(&t);
	assert_true(t.excl && t.shared);
	xfs_mutex_destroy(&t.mutex);
	xfs_rwlock_destroy(&t.rwlock);
}
#endif

/* One thread alone, with and without thread support. */
static void test_alone(void **state)
{
	struct xfs_rwlock a, b;
	struct xfs_mutex m;

	(void)state;
	xfs_rwlock_init(&a, XFS_CLASS_ILOCK, 1);
	xfs_rwlock_init(&b, XFS_CLASS_ILOCK, 2);
	xfs_mutex_init(&m, XFS_CLASS_LEAF, 0);
	xfs_rwlock_excl(&a);
	assert_true(xfs_rwlock_is_held(&a));
	assert_true(xfs_rwlock_is_held_excl(&a));
	xfs_rwlock_shared(&b);
	assert_true(xfs_rwlock_is_held(&b));
	xfs_mutex_lock(&m);
	assert_true(xfs_mutex_is_held(&m));
#ifdef XFSWRITE_DEBUG
	assert_false(xfs_rwlock_is_held_excl(&b));
	assert_int_equal(xfs_lock_order_held(), 3);
#endif
	xfs_mutex_unlock(&m);
	xfs_rwlock_unlock_shared(&b);
	xfs_rwlock_demote(&a);
	assert_true(xfs_rwlock_is_held(&a));
#ifdef XFSWRITE_DEBUG
	assert_false(xfs_rwlock_is_held_excl(&a));
#endif
	xfs_rwlock_unlock_shared(&a);
#ifdef XFSWRITE_DEBUG
	assert_false(xfs_rwlock_is_held(&a));
	assert_false(xfs_rwlock_is_held(&b));
	assert_false(xfs_mutex_is_held(&m));
#endif
	assert_int_equal(xfs_lock_order_held(), 0);
	assert_int_equal(xfs_lock_order_violations(), 0);
	xfs_mutex_destroy(&m);
	xfs_rwlock_destroy(&b);
	xfs_rwlock_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_hammer),	       cmocka_unit_test(test_sleepers),
		cmocka_unit_test(test_try),	       cmocka_unit_test(test_writer_gets_in),
		cmocka_unit_test(test_reader_gets_in), cmocka_unit_test(test_gate),
		cmocka_unit_test(test_gate_try),
		cmocka_unit_test(test_cond),	       cmocka_unit_test(test_demotion_lets_no_writer_in),
		cmocka_unit_test(test_who_may_come_after_a_demotion),
#endif
	};

	test_seed_init(1);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
