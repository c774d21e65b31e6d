/* SPDX-License-Identifier: MIT */
/*
 * Goal: pools of a mount without a limit share slabs: objects of all sizes are aligned and do not
 *       overlap, what is given back is had again, by other pools and other threads too, and regions
 *       that nobody needs any more go back to the host.  With a limit, or with hooks, there are no slabs.
 * Method: seeded gets and puts, each object filled with a pattern of its own that is looked at when
 *       it is given back; the number of regions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "base/mem.h"
#include "support/test_seed.h"

#define OBJECTS 6000u

static const struct {
	size_t size, align;
} kinds[] = { { 8, 8 }, { 100, 64 }, { 696, 64 }, { 512, 512 }, { 4096, 4096 }, { 16384, 4096 },
	      { 32768, 4096 } };
#define KINDS ARRAY_SIZE(kinds)

static struct xfs_mem make_mem(uint64_t limit)
{
	struct xfs_mem mem = { 0 };

	assert_true(xfs_budget_create(&mem, limit));
	return mem;
}

static void init_pools(struct xfs_pool *pools, const struct xfs_mem *mem)
{
	for (size_t i = 0; i < KINDS; i++)
		xfs_pool_init(&pools[i], mem, kinds[i].size, kinds[i].align, 16);
}

static struct object {
	uint8_t *p;
	uint8_t kind, mark;
} objects[OBJECTS];

static void get_object(struct xfs_pool *pools, struct object *o, uint8_t kind, uint8_t mark)
{
	*o = (struct object){ .p = xfs_pool_get(&pools[kind]), .kind = kind, .mark = mark };
	assert_non_null(o->p);
	assert_int_equal((uintptr_t)o->p % kinds[kind].align, 0);
	memset(o->p, mark, kinds[kind].size);
}

static void put_object(struct xfs_pool *pools, struct object *o)
{
	size_t wrong = 0;

	for (size_t i = 0; i < kinds[o->kind].size; i++)
		wrong += o->p[i] != o->mark;
	assert_int_equal(wrong, 0);
	xfs_pool_put(&pools[o->kind], o->p);
	o->p = NULL;
}

/* Two sets of pools take turns, as those of two threads would.  (SLAB-1), (SLAB-2) */
static void test_objects_do_not_overlap(void **state)
{
	struct xfs_mem mem = make_mem(0);
	struct xfs_pool pools[2][KINDS];
	struct xfs_rand r = test_rand(1);
	uint32_t most;

	(void)state;
	init_pools(pools[0], &mem);
	init_pools(pools[1], &mem);
	for (unsigned int step = 0; step < 30000; step++) {
		struct object *o = &objects[xfs_rand_below(&r, OBJECTS)];
		struct xfs_pool *set = pools[xfs_rand_below(&r, 2)];

		if (o->p)
			put_object(set, o);
		else
			get_object(set, o, (uint8_t)xfs_rand_below(&r, KINDS), (uint8_t)step);
	}
	most = mem.budget->slabs.nr_regions;
	assert_true(most > 4);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (objects[i].p)
			put_object(pools[0], &objects[i]);
	}
	/* All that is left is in the pools, and the last slab of each size. */
	for (size_t i = 0; i < KINDS; i++) {
		xfs_pool_drain(&pools[0][i]);
		xfs_pool_drain(&pools[1][i]);
	}
	assert_true(mem.budget->slabs.nr_regions <= KINDS);
	assert_true(mem.budget->slabs.nr_regions < most);
	xfs_budget_destroy(&mem);
}

/* As many as there were, once the host has them. */
static void test_what_is_given_back_is_had_again(void **state)
{
	struct xfs_mem mem = make_mem(0);
	struct xfs_pool pool;
	void *p[4000];

	(void)state;
	xfs_pool_init(&pool, &mem, 700, 64, 16);
	assert_non_null(pool.depot);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
			p[i] = xfs_pool_get(&pool);
			assert_non_null(p[i]);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
			xfs_pool_put(&pool, p[i]);
		/* 4000 of 704 bytes are 2.7 MiB. */
		assert_true(mem.budget->slabs.nr_regions <= 2);
	}
	xfs_pool_drain(&pool);
	xfs_budget_destroy(&mem);
}

static void *hook_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void *hook_realloc(void *ctx, void *ptr, size_t size)
{
	(void)ctx;
	return realloc(ptr, size);
}

static void hook_free(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static void test_limits_and_hooks_have_none(void **state)
{
	struct xfs_mem mem = make_mem(1u << 20);
	struct xfs_mem hooked = { .alloc = hook_alloc, .realloc = hook_realloc, .free = hook_free };
	struct xfs_pool pool;
	uint64_t used = mem.budget->used;
	void *p;

	(void)state;
	xfs_pool_init(&pool, &mem, 700, 64, 16);
	assert_null(pool.depot);
	p = xfs_pool_get(&pool);
	assert_non_null(p);
	assert_true(mem.budget->used >= used + 700 && mem.budget->used < used + 1000);
	xfs_pool_put(&pool, p);
	xfs_pool_drain(&pool);
	assert_int_equal(mem.budget->used, used);
	xfs_budget_destroy(&mem);

	assert_true(xfs_budget_create(&hooked, 0));
	xfs_pool_init(&pool, &hooked, 700, 64, 16);
	assert_null(pool.depot);
	xfs_budget_destroy(&hooked);
}

/* Too large for a slab, or more sizes than there are depots: as without. */
static void test_what_does_not_fit_is_the_hosts(void **state)
{
	struct xfs_mem mem = make_mem(0);
	struct xfs_pool pool;
	void *p;

	(void)state;
	xfs_pool_init(&pool, &mem, 128u << 10, 4096, 4);
	assert_null(pool.depot);
	p = xfs_pool_get(&pool);
	assert_non_null(p);
	xfs_pool_put(&pool, p);
	xfs_pool_drain(&pool);
	for (unsigned int i = 0; i < XFS_DEPOTS; i++)
		assert_non_null(xfs_depot_of(&mem.budget->slabs, 64 + i * 8, 8));
	assert_null(xfs_depot_of(&mem.budget->slabs, 4000, 8));
	assert_non_null(xfs_depot_of(&mem.budget->slabs, 64, 8));
	xfs_budget_destroy(&mem);
}

#ifdef XFSWRITE_THREADS
#define THREADS 4
static struct xfs_mem *shared_mem;

static void *get_and_put(void *arg)
{
	struct xfs_rand r = test_rand(10 + (uint64_t)(uintptr_t)arg);
	struct xfs_pool pool;
	uint64_t *mine[300] = { NULL };

	xfs_pool_init(&pool, shared_mem, 264, 64, 16);
	for (unsigned int step = 0; step < 20000; step++) {
		uint64_t i = xfs_rand_below(&r, ARRAY_SIZE(mine));

		if (mine[i]) {
			assert_int_equal(mine[i][8], (uintptr_t)&mine[i]);
			xfs_pool_put(&pool, mine[i]);
			mine[i] = NULL;
			continue;
		}
		mine[i] = xfs_pool_get(&pool);
		assert_non_null(mine[i]);
		mine[i][8] = (uintptr_t)&mine[i];
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(mine); i++)
		xfs_pool_put(&pool, mine[i]);
	xfs_pool_drain(&pool);
	return NULL;
}

static void test_threads_share_a_depot(void **state)
{
	struct xfs_mem mem = make_mem(0);
	pthread_t threads[THREADS];

	(void)state;
	shared_mem = &mem;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_and_put, (void *)i), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	xfs_budget_destroy(&mem);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_do_not_overlap),
		cmocka_unit_test(test_what_is_given_back_is_had_again),
		cmocka_unit_test(test_limits_and_hooks_have_none),
		cmocka_unit_test(test_what_does_not_fit_is_the_hosts),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads_share_a_depot),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
