/* SPDX-License-Identifier: MIT */
/*
 * Goal: the write queue loses nothing, calls each done function once with the
 * error of its own range, lets the later of two overlapping writes win, and
 * merges what is adjacent in whatever order it came.
 * Method: seeded requests against an array of bytes, over a recorder that
 * shows the calls and a fault device that refuses some; threads in ranges of
 * their own; out of memory at every allocation.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#include <sched.h>
#endif
#include "base/mem.h"
#include "device/queue.h"
#include "lock/lock.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define SECTOR	512u
#define SECTORS 2048u

struct rig {
	struct xfs_device *memory, *fault, *recorder;
	struct xfs_queue *q;
};

static struct rig make_rig(size_t max_bytes, uint32_t max_requests)
{
	struct rig rig;

	assert_int_equal(xfs_device_open_memory(SECTORS * SECTOR, SECTOR, NULL, &rig.memory), 0);
	assert_int_equal(test_fault_open(rig.memory, &rig.fault), 0);
	assert_int_equal(test_recorder_open(rig.fault, &rig.recorder), 0);
	assert_int_equal(xfs_queue_create(rig.recorder, NULL, max_bytes, max_requests, &rig.q), 0);
	return rig;
}

static void free_rig(struct rig *rig)
{
	xfs_queue_destroy(rig->q);
	xfs_device_put(rig->recorder);
	xfs_device_put(rig->fault);
	xfs_device_put(rig->memory);
}

/* What became of a request. */
struct outcome {
	unsigned int calls;
	int error;
};

static void note_done(void *ctx, int error)
{
	struct outcome *outcome = ctx;

	outcome->calls++;
	outcome->error = error;
}

static uint8_t *pattern(size_t sectors, uint64_t tag)
{
	uint8_t *buf = test_malloc(sectors * SECTOR);

	test_pattern_fill(buf, sectors * SECTOR, tag);
	return buf;
}

/* The recorder's writes must be exactly these, in sectors. */
static void check_writes(struct rig *rig, const unsigned int (*expected)[2], unsigned int nr)
{
	assert_int_equal(test_recorder_events(rig->recorder), nr);
	for (unsigned int i = 0; i < nr; i++) {
		const struct test_event *event = test_recorder_event(rig->recorder, i);

		assert_int_equal(event->kind, TEST_EVENT_WRITE);
		assert_int_equal(event->offset / SECTOR, expected[i][0]);
		assert_int_equal(event->len / SECTOR, expected[i][1]);
	}
	test_recorder_clear(rig->recorder);
}

/* Queue single sectors in the given order, submit, and check what they contain. */
static void write_sectors(struct rig *rig, const unsigned int *sectors, unsigned int nr)
{
	struct outcome outcomes[16] = {{0, 0}};
	uint8_t *bufs[16], out[SECTOR];

	assert_true(nr <= 16);
	for (unsigned int i = 0; i < nr; i++) {
		bufs[i] = pattern(1, 100 + i);
		xfs_queue_write(rig->q, sectors[i] * SECTOR, bufs[i], SECTOR, note_done,
				&outcomes[i]);
	}
	assert_int_equal(xfs_queue_pending(rig->q), nr);
	xfs_queue_submit(rig->q);
	assert_int_equal(xfs_queue_pending(rig->q), 0);
	for (unsigned int i = 0; i < nr; i++) {
		assert_int_equal(outcomes[i].calls, 1);
		assert_int_equal(outcomes[i].error, 0);
		assert_int_equal(xfs_device_pread(rig->memory, sectors[i] * SECTOR, out, SECTOR),
				 0);
		assert_memory_equal(out, bufs[i], SECTOR);
	}
	for (unsigned int i = 0; i < nr; i++)
		test_free(bufs[i]);
}

static void test_merging(void **state)
{
	struct rig rig = make_rig(0, 0);
	struct xfs_queue_stats stats;

	(void)state;
	{
		static const unsigned int in[] = {5, 6, 7, 8};
		static const unsigned int out[][2] = {{5, 4}};

		write_sectors(&rig, in, 4);
		check_writes(&rig, out, 1);
	}
	{
		static const unsigned int in[] = {9, 3, 7, 8, 2, 20, 1, 10};
		static const unsigned int out[][2] = {{1, 3}, {7, 4}, {20, 1}};

		write_sectors(&rig, in, 8);
		check_writes(&rig, out, 3);
	}
	{
		static const unsigned int in[] = {1, 3, 5};
		static const unsigned int out[][2] = {{1, 1}, {3, 1}, {5, 1}};

		write_sectors(&rig, in, 3);
		check_writes(&rig, out, 3);
	}
	xfs_queue_get_stats(rig.q, &stats);
	assert_int_equal(stats.requests, 15);
	assert_int_equal(stats.bytes, 15 * SECTOR);
	assert_int_equal(stats.writes, 7);
	assert_int_equal(stats.retries, 0);
	free_rig(&rig);
}

/* More pieces than one call takes; and pieces that lie together in memory count as one. */
static void test_vector_limit(void **state)
{
	enum { PIECES = IOV_MAX + 100 };
	struct rig rig = make_rig(0, 0);
	static struct outcome outcomes[PIECES];
	uint8_t *apart = pattern(2 * PIECES, 1), *together = pattern(PIECES, 2);

	(void)state;
	for (unsigned int i = 0; i < PIECES; i++)
		xfs_queue_write(rig.q, i * SECTOR, apart + 2 * i * SECTOR, SECTOR, note_done,
				&outcomes[i]);
	xfs_queue_submit(rig.q);
	{
		static const unsigned int out[][2] = {{0, IOV_MAX}, {IOV_MAX, 100}};

		check_writes(&rig, out, 2);
	}
	for (unsigned int i = 0; i < PIECES; i++)
		xfs_queue_write(rig.q, i * SECTOR, together + i * SECTOR, SECTOR, NULL, NULL);
	xfs_queue_submit(rig.q);
	{
		static const unsigned int out[][2] = {{0, PIECES}};

		check_writes(&rig, out, 1);
	}
	for (unsigned int i = 0; i < PIECES; i++)
		assert_int_equal(outcomes[i].calls, 1);
	test_free(together);
	test_free(apart);
	free_rig(&rig);
}

static void test_limits_submit(void **state)
{
	struct rig by_requests = make_rig(0, 4), by_bytes = make_rig(8 * SECTOR, 0);
	uint8_t *buf = pattern(16, 1);

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		xfs_queue_write(by_requests.q, i * SECTOR, buf, SECTOR, NULL, NULL);
	assert_int_equal(xfs_queue_pending(by_requests.q), 3);
	xfs_queue_write(by_requests.q, 3 * SECTOR, buf, SECTOR, NULL, NULL);
	assert_int_equal(xfs_queue_pending(by_requests.q), 0);
	assert_int_equal(test_recorder_events(by_requests.recorder), 1);

	xfs_queue_write(by_bytes.q, 0, buf, 7 * SECTOR, NULL, NULL);
	assert_int_equal(xfs_queue_pending(by_bytes.q), 1);
	xfs_queue_write(by_bytes.q, 7 * SECTOR, buf, SECTOR, NULL, NULL);
	assert_int_equal(xfs_queue_pending(by_bytes.q), 0);
	assert_int_equal(test_recorder_events(by_bytes.recorder), 1);
	/* One that is larger than the limit goes out alone. */
	xfs_queue_write(by_bytes.q, 0, buf, 16 * SECTOR, NULL, NULL);
	assert_int_equal(xfs_queue_pending(by_bytes.q), 0);
	test_free(buf);
	free_rig(&by_bytes);
	free_rig(&by_requests);
}

/* Requests of any size and place, overlapping at will: as if each were written at once. */
static void test_later_wins(void **state)
{
	enum { REQUESTS = 3000 };
	static struct outcome outcomes[REQUESTS];
	static uint8_t model[SECTORS * SECTOR], out[SECTORS * SECTOR];
	static uint8_t *bufs[REQUESTS];
	struct xfs_rand r = test_rand(1);
	struct rig rig = make_rig(0, 300);

	(void)state;
	for (unsigned int i = 0; i < REQUESTS; i++) {
		/* Dense in some rounds, so that chains of overlaps come up, sparse in others. */
		uint64_t span = i / 200 % 3 ? 64 : SECTORS;
		uint64_t len = 1 + xfs_rand_below(&r, 9);
		uint64_t at = xfs_rand_below(&r, span - len + 1);

		bufs[i] = pattern(len, 1000 + i);
		memcpy(model + at * SECTOR, bufs[i], len * SECTOR);
		xfs_queue_write(rig.q, at * SECTOR, bufs[i], len * SECTOR, note_done, &outcomes[i]);
		if (xfs_rand_below(&r, 100) == 0)
			xfs_queue_submit(rig.q);
	}
	assert_int_equal(xfs_queue_flush(rig.q), 0);
	for (unsigned int i = 0; i < REQUESTS; i++) {
		assert_int_equal(outcomes[i].calls, 1);
		assert_int_equal(outcomes[i].error, 0);
		test_free(bufs[i]);
	}
	assert_int_equal(xfs_device_pread(rig.memory, 0, out, sizeof(out)), 0);
	assert_memory_equal(model, out, sizeof(out));
	free_rig(&rig);
}

/* A bad range inside of a merged write: only the requests in it hear of it. */
static void test_errors_are_told_apart(void **state)
{
	struct rig rig = make_rig(0, 0);
	struct outcome outcomes[10] = {{0, 0}};
	uint8_t *buf = pattern(20, 1), out[SECTOR];
	struct xfs_queue_stats stats;

	(void)state;
	test_fault_bad_range(rig.fault, TEST_FAULT_WRITE, 4 * SECTOR, 2 * SECTOR);
	for (unsigned int i = 0; i < 10; i++)
		xfs_queue_write(rig.q, i * SECTOR, buf + 2 * i * SECTOR, SECTOR, note_done,
				&outcomes[i]);
	xfs_queue_submit(rig.q);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(outcomes[i].calls, 1);
		assert_int_equal(outcomes[i].error, i == 4 || i == 5 ? -EIO : 0);
		assert_int_equal(xfs_device_pread(rig.memory, i * SECTOR, out, SECTOR), 0);
		assert_int_equal(memcmp(out, buf + 2 * i * SECTOR, SECTOR) != 0, i == 4 || i == 5);
	}
	xfs_queue_get_stats(rig.q, &stats);
	assert_int_equal(stats.retries, 1);
	assert_int_equal(stats.writes, 11);

	/* One request alone is not tried twice. */
	xfs_queue_write(rig.q, 4 * SECTOR, buf, SECTOR, note_done, &outcomes[0]);
	xfs_queue_submit(rig.q);
	assert_int_equal(outcomes[0].error, -EIO);
	xfs_queue_get_stats(rig.q, &stats);
	assert_int_equal(stats.writes, 12);
	assert_true(test_fault_met(rig.fault));
	test_free(buf);
	free_rig(&rig);
}

static void test_refused_requests(void **state)
{
	struct rig rig = make_rig(0, 0);
	struct outcome outcome = {0, 1}, good = {0, 1};
	uint8_t *buf = pattern(2, 1);

	(void)state;
	xfs_queue_write(rig.q, 0, buf, 0, note_done, &outcome);
	assert_true(outcome.calls == 1 && outcome.error == 0);
	xfs_queue_write(rig.q, UINT64_MAX - 100, buf, SECTOR, note_done, &outcome);
	assert_true(outcome.calls == 2 && outcome.error == -EIO);
	/* Partly beyond the device, merged with one that is not. */
	xfs_queue_write(rig.q, (SECTORS - 1) * SECTOR, buf, SECTOR, note_done, &good);
	xfs_queue_write(rig.q, SECTORS * SECTOR, buf, SECTOR, note_done, &outcome);
	xfs_queue_submit(rig.q);
	assert_true(outcome.calls == 3 && outcome.error == -EIO);
	assert_true(good.calls == 1 && good.error == 0);
	test_free(buf);
	free_rig(&rig);
}

static void test_flush(void **state)
{
	struct rig rig = make_rig(0, 0);
	struct outcome outcome = {0, 1};
	uint8_t *buf = pattern(1, 1);
	const struct test_event *flush;

	(void)state;
	xfs_queue_write(rig.q, 0, buf, SECTOR, note_done, &outcome);
	assert_int_equal(xfs_queue_flush(rig.q), 0);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(test_recorder_events(rig.recorder), 2);
	flush = test_recorder_event(rig.recorder, 1);
	assert_int_equal(flush->kind, TEST_EVENT_FLUSH);
	assert_int_equal(flush->before, 1);
	/* Nothing queued: flushed all the same, others write to the device too. */
	assert_int_equal(xfs_queue_flush(rig.q), 0);
	assert_int_equal(test_recorder_events(rig.recorder), 3);
	test_fault_arm(rig.fault, TEST_FAULT_FLUSH, 1, false, false);
	assert_int_equal(xfs_queue_flush(rig.q), -EIO);
	assert_true(test_fault_met(rig.fault));
	test_free(buf);
	free_rig(&rig);
}

/* A chain: each done function queues the next, through a queue that holds only one. */
struct chain {
	struct xfs_queue *q;
	uint8_t *buf;
	unsigned int left, done;
};

static void chain_done(void *ctx, int error)
{
	struct chain *chain = ctx;

	assert_int_equal(error, 0);
	assert_int_equal(xfs_lock_order_held(), 0); /* not under the queue's lock */
	chain->done++;
	if (chain->left) {
		chain->left--;
		xfs_queue_write(chain->q, chain->left * SECTOR, chain->buf, SECTOR, chain_done,
				chain);
	}
}

/* (QUEUE-2), (QUEUE-3) */
static void test_done_may_queue(void **state)
{
	static const uint32_t limits[] = {1, 2, 100};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rig rig = make_rig(0, limits[i]);
		struct chain chain = {.q = rig.q, .buf = pattern(1, 1), .left = 50};

		xfs_queue_write(rig.q, 0, chain.buf, SECTOR, chain_done, &chain);
		while (xfs_queue_pending(rig.q))
			xfs_queue_submit(rig.q);
		assert_int_equal(chain.done, 51);
		test_free(chain.buf);
		free_rig(&rig);
	}
}

#ifdef XFSWRITE_DEBUG
static void test_out_of_memory(void **state)
{
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct outcome outcomes[6] = {{0, 0}};
		uint8_t *buf = pattern(6, nth), *out = test_malloc(6 * SECTOR);
		struct xfs_device *dev;
		struct xfs_queue *q;
		int error;

		assert_int_equal(xfs_device_open_memory(6 * SECTOR, SECTOR, NULL, &dev), 0);
		/* So that only the queue needs memory from here. */
		assert_int_equal(xfs_device_pwrite(dev, 0, buf, SECTOR, 0), 0);
		xfs_mem_fail_at(nth, true);
		error = xfs_queue_create(dev, NULL, 0, 0, &q);
		for (unsigned int i = 0; i < 6 && !error; i++)
			xfs_queue_write(q, i * SECTOR, buf + i * SECTOR, SECTOR, note_done,
					&outcomes[i]);
		met = xfs_mem_fail_met();
		if (error) {
			assert_true(met);
			assert_int_equal(error, -ENOMEM);
			assert_null(q);
		} else {
			/* Without memory there is no failure, only smaller writes. */
			xfs_queue_submit(q);
			for (unsigned int i = 0; i < 6; i++) {
				assert_int_equal(outcomes[i].calls, 1);
				assert_int_equal(outcomes[i].error, 0);
			}
			assert_int_equal(xfs_device_pread(dev, 0, out, 6 * SECTOR), 0);
			assert_memory_equal(buf, out, 6 * SECTOR);
			xfs_queue_destroy(q);
		}
		xfs_device_put(dev);
		test_free(out);
		test_free(buf);
		assert_true(nth < 100);
	}
}
#endif

#ifdef XFSWRITE_THREADS
#define THREADS 4

struct writer {
	struct rig *rig;
	unsigned int me;
	uint32_t done;	/* atomic */
	uint32_t wrong; /* atomic */
	uint8_t (*bufs)[SECTOR];
};

static void writer_done(void *ctx, int error)
{
	struct writer *w = ctx;

	__atomic_add_fetch(&w->done, 1, __ATOMIC_RELAXED);
	if (error)
		__atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
}

/* Sector me, me + THREADS, ...: neighbours come from different threads. */
static void *writer_thread(void *arg)
{
	struct writer *w = arg;
	const uint32_t mine = SECTORS / THREADS;

	for (unsigned int round = 0; round < 6; round++) {
		uint8_t out[SECTOR];

		for (uint32_t i = 0; i < mine; i++) {
			memset(w->bufs[i], (int)(w->me * 16 + round), SECTOR);
			xfs_queue_write(w->rig->q, (uint64_t)(i * THREADS + w->me) * SECTOR,
					w->bufs[i], SECTOR, writer_done, w);
		}
		if (round % 2)
			xfs_queue_submit(w->rig->q);
		else if (xfs_queue_flush(w->rig->q) != 0)
			__atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
		/* Mine are done now, whoever wrote them. */
		if (__atomic_load_n(&w->done, __ATOMIC_RELAXED) != (round + 1) * mine)
			__atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
		for (uint32_t i = 0; i < mine; i++) {
			uint64_t at = (uint64_t)(i * THREADS + w->me) * SECTOR;

			if (xfs_device_pread(w->rig->memory, at, out, SECTOR) != 0 ||
			    memcmp(out, w->bufs[i], SECTOR) != 0)
				__atomic_add_fetch(&w->wrong, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

/* (QUEUE-4) */
static void test_threads(void **state)
{
	struct rig rig = make_rig(0, 64);
	struct writer w[THREADS];
	pthread_t thread[THREADS];
	struct xfs_queue_stats stats;

	(void)state;
	for (unsigned int i = 0; i < THREADS; i++) {
		w[i] = (struct writer){.rig = &rig, .me = i};
		w[i].bufs = test_malloc(SECTORS / THREADS * SECTOR);
		assert_int_equal(pthread_create(&thread[i], NULL, writer_thread, &w[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(w[i].wrong, 0);
		assert_int_equal(w[i].done, 6 * SECTORS / THREADS);
		test_free(w[i].bufs);
	}
	xfs_queue_get_stats(rig.q, &stats);
	assert_int_equal(stats.requests, 6 * SECTORS);
	free_rig(&rig);
}

/* Two versions of one sector from one thread, while others keep submitting. */
struct racer {
	struct rig *rig;
	bool stop; /* atomic */
};

static void *submit_thread(void *arg)
{
	struct racer *racer = arg;

	while (!__atomic_load_n(&racer->stop, __ATOMIC_RELAXED)) {
		xfs_queue_submit(racer->rig->q);
		sched_yield();
	}
	return NULL;
}

/* (QUEUE-1) */
static void test_batches_do_not_overtake(void **state)
{
	struct rig rig = make_rig(0, 3);
	struct racer racer = {.rig = &rig};
	uint8_t *old = pattern(4, 1), *new = pattern(4, 2), out[SECTOR];
	pthread_t thread[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, submit_thread, &racer), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t at = i % 64 * SECTOR;

		xfs_queue_write(rig.q, at, old, SECTOR, NULL, NULL);
		xfs_queue_write(rig.q, at, new, SECTOR, NULL, NULL);
		if (i % 8 == 7)
			xfs_queue_submit(rig.q);
		if (i % 8 == 7) {
			assert_int_equal(xfs_device_pread(rig.memory, at, out, SECTOR), 0);
			assert_memory_equal(out, new, SECTOR);
		}
	}
	__atomic_store_n(&racer.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	xfs_queue_submit(rig.q);
	for (unsigned int i = 0; i < 64; i++) {
		assert_int_equal(xfs_device_pread(rig.memory, i * SECTOR, out, SECTOR), 0);
		assert_memory_equal(out, new, SECTOR);
	}
	test_free(new);
	test_free(old);
	free_rig(&rig);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_vector_limit),
		cmocka_unit_test(test_limits_submit),
		cmocka_unit_test(test_later_wins),
		cmocka_unit_test(test_errors_are_told_apart),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_done_may_queue),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_out_of_memory),
#endif
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_batches_do_not_overtake),
#endif
	};

	test_seed_init(82);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
