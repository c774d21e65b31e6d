/* SPDX-License-Identifier: MIT */
/*
 * Goal: the sparse array finds every chunk that was put in, walks them in
 * order, and grows without losing any.
 * Method: seeded numbers of all magnitudes against a plain list; threads that
 * insert the same numbers.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "device/sparse.h"
#include "support/test_seed.h"

#define CHUNKS 400u

struct chunks {
	uint64_t index[CHUNKS];
	bool in[CHUNKS];
};

static void *chunk_of(struct chunks *c, unsigned int i)
{
	return &c->index[i];
}

struct walk {
	uint64_t first, last, before;
	unsigned int nr;
	bool started;
	struct xfs_sparse *remove_from;
	unsigned int stop_after;
};

static int visit(void *ctx, uint64_t index, void *chunk)
{
	struct walk *w = ctx;

	assert_true(*(uint64_t *)chunk == index);
	assert_true(index >= w->first && index <= w->last);
	if (w->started)
		assert_true(index > w->before);
	w->started = true;
	w->before = index;
	w->nr++;
	if (w->remove_from)
		assert_ptr_equal(xfs_sparse_remove(w->remove_from, index), chunk);
	return w->nr == w->stop_after ? -ENOENT : 0;
}

static unsigned int count(const struct chunks *c, uint64_t first, uint64_t last)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < CHUNKS; i++)
		n += c->in[i] && c->index[i] >= first && c->index[i] <= last;
	return n;
}

static void check(struct xfs_sparse *s, struct chunks *c, struct xfs_rand *r)
{
	struct walk all = {.last = UINT64_MAX}, some = {0};

	for (unsigned int i = 0; i < CHUNKS; i++)
		assert_ptr_equal(xfs_sparse_lookup(s, c->index[i]),
				 c->in[i] ? chunk_of(c, i) : NULL);
	assert_int_equal(xfs_sparse_walk(s, 0, UINT64_MAX, visit, &all), 0);
	assert_int_equal(all.nr, count(c, 0, UINT64_MAX));
	assert_int_equal(all.nr, s->nr_chunks);
	some.first = c->index[xfs_rand_below(r, CHUNKS)];
	some.last = c->index[xfs_rand_below(r, CHUNKS)];
	assert_int_equal(xfs_sparse_walk(s, some.first, some.last, visit, &some), 0);
	assert_int_equal(some.nr, count(c, some.first, some.last));
}

static void count_freed(void *ctx, void *chunk)
{
	(void)chunk;
	++*(unsigned int *)ctx;
}

/* Distinct numbers, near each other and far apart. */
static void make_numbers(struct chunks *c, uint64_t limit)
{
	for (unsigned int i = 0; i < CHUNKS; i++) {
		uint64_t number = i % 2 ? limit / CHUNKS * i : i;

		for (unsigned int k = 0; k < i;) {
			if (c->index[k] == number) {
				number++;
				k = 0;
			} else {
				k++;
			}
		}
		c->index[i] = number;
		c->in[i] = false;
	}
}

static void test_model(void **state)
{
	static const uint64_t limits[] = {CHUNKS, 512, 513, (uint64_t)1 << 40, UINT64_MAX};

	(void)state;
	for (unsigned int l = 0; l < ARRAY_SIZE(limits); l++) {
		static struct chunks c;
		struct xfs_rand r = test_rand(l);
		struct xfs_sparse s;
		struct walk emptying = {.last = UINT64_MAX, .remove_from = &s};
		unsigned int freed = 0, there;

		make_numbers(&c, limits[l]);
		xfs_sparse_init(&s, NULL, limits[l]);
		for (unsigned int step = 0; step < 2000; step++) {
			unsigned int i = (unsigned int)xfs_rand_below(&r, CHUNKS);

			if (c.index[i] >= limits[l])
				continue;
			if (c.in[i] && step % 3) {
				assert_ptr_equal(xfs_sparse_remove(&s, c.index[i]),
						 chunk_of(&c, i));
				assert_null(xfs_sparse_remove(&s, c.index[i]));
				c.in[i] = false;
			} else if (c.in[i]) {
				assert_int_equal(xfs_sparse_insert(&s, c.index[i], &r), -EEXIST);
				assert_ptr_equal(xfs_sparse_replace(&s, c.index[i], &r),
						 chunk_of(&c, i));
				assert_ptr_equal(
					xfs_sparse_replace(&s, c.index[i], chunk_of(&c, i)), &r);
			} else {
				assert_int_equal(xfs_sparse_insert(&s, c.index[i], chunk_of(&c, i)),
						 0);
				c.in[i] = true;
			}
			if (step % 200 == 0)
				check(&s, &c, &r);
		}
		/* As large as it gets: what is in stays where it was. */
		assert_int_equal(xfs_sparse_set_limit(&s, UINT64_MAX), 0);
		check(&s, &c, &r);
		assert_int_equal(xfs_sparse_insert(&s, UINT64_MAX, &freed), 0);
		assert_ptr_equal(xfs_sparse_lookup(&s, UINT64_MAX), &freed);
		assert_ptr_equal(xfs_sparse_remove(&s, UINT64_MAX), &freed);

		there = count(&c, 0, UINT64_MAX);
		emptying.stop_after = there / 2;
		assert_int_equal(xfs_sparse_walk(&s, 0, UINT64_MAX, visit, &emptying), -ENOENT);
		assert_int_equal(s.nr_chunks, there - there / 2);
		xfs_sparse_clear(&s, count_freed, &freed);
		assert_int_equal(freed, there - there / 2);
		assert_int_equal(s.nr_chunks, 0);
		assert_null(xfs_sparse_lookup(&s, 1));
		xfs_sparse_clear(&s, count_freed, &freed);
	}
}

static void test_out_of_reach(void **state)
{
	struct xfs_sparse s;

	(void)state;
	xfs_sparse_init(&s, NULL, 512);
	assert_null(xfs_sparse_lookup(&s, 512));
	assert_null(xfs_sparse_lookup(&s, UINT64_MAX));
	assert_null(xfs_sparse_remove(&s, UINT64_MAX));
	/* Growing an empty one makes no node. */
	assert_int_equal(xfs_sparse_set_limit(&s, UINT64_MAX), 0);
	assert_null(s.root);
}

#ifdef XFSWRITE_THREADS
#define NUMBERS 20000u

struct inserter {
	struct xfs_sparse *s;
	uint64_t mine[NUMBERS];
	unsigned int won, failed;
};

static void *insert_all(void *arg)
{
	struct inserter *in = arg;

	for (uint64_t i = 0; i < NUMBERS; i++) {
		int error = xfs_sparse_insert(in->s, i * 1000003, &in->mine[i]);

		in->won += error == 0;
		in->failed += error != 0 && error != -EEXIST;
	}
	return NULL;
}

static void ignore(void *ctx, void *chunk)
{
	(void)ctx;
	(void)chunk;
}

/* All insert the same numbers: each has exactly one winner. */
static void test_threads(void **state)
{
	struct xfs_sparse s;
	struct inserter *in = test_calloc(3, sizeof(*in));
	pthread_t thread[3];

	(void)state;
	xfs_sparse_init(&s, NULL, UINT64_MAX);
	for (unsigned int i = 0; i < 3; i++) {
		in[i].s = &s;
		assert_int_equal(pthread_create(&thread[i], NULL, insert_all, &in[i]), 0);
	}
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(in[0].won + in[1].won + in[2].won, NUMBERS);
	assert_int_equal(in[0].failed + in[1].failed + in[2].failed, 0);
	assert_int_equal(s.nr_chunks, NUMBERS);
	for (uint64_t i = 0; i < NUMBERS; i++) {
		const uint64_t *chunk = xfs_sparse_lookup(&s, i * 1000003);

		assert_true(chunk == &in[0].mine[i] || chunk == &in[1].mine[i] ||
			    chunk == &in[2].mine[i]);
	}
	xfs_sparse_clear(&s, ignore, NULL);
	test_free(in);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_out_of_reach),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads),
#endif
	};

	test_seed_init(91);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
