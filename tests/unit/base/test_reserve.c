/* SPDX-License-Identifier: MIT */
/*
 * Goal: the reserve gives aligned memory that does not overlap until it is used up, takes it all back,
 *       and serves critical sections only; a budget counts all that the host gave and
 *       never passes its limit.
 * Method: seeded allocations of all sizes, each filled with a pattern of its own that is looked at
 *       when it is freed; hooks that refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/mem.h"
#include "support/test_memory.h"
#include "support/test_seed.h"

#define SLOTS 400

static struct slot {
	uint8_t *p;
	size_t size;
	uint8_t mark;
} slots[SLOTS];

static void give_back(struct xfs_reserve *rv, struct slot *s)
{
	for (size_t i = 0; i < s->size; i++)
		assert_int_equal(s->p[i], s->mark);
	xfs_reserve_free(rv, s->p);
	s->p = NULL;
}

static void test_pieces(void **state)
{
	const size_t bytes = 96 * XFS_RESERVE_PAGE;
	struct xfs_reserve rv = { 0 };
	struct xfs_rand r = test_rand(3);
	void *raw[2];
	unsigned int refused = 0;

	(void)state;
	assert_null(xfs_reserve_alloc(&rv, 1, 100));
	for (int i = 0; i < 2; i++) {
		raw[i] = malloc(xfs_reserve_raw_bytes(bytes));
		assert_true(xfs_reserve_add(&rv, raw[i], bytes));
	}
	assert_int_equal(xfs_reserve_free_bytes(&rv), 2 * bytes);
	for (uint32_t n = 0; n < 60000; n++) {
		struct slot *s = &slots[xfs_rand_below(&r, SLOTS)];
		size_t align = (size_t)1 << xfs_rand_below(&r, 13);

		if (s->p) {
			give_back(&rv, s);
			continue;
		}
		s->size = 1 + (size_t)xfs_rand_below(&r, xfs_rand_below(&r, 4) ? 700 : 20000);
		s->mark = (uint8_t)n;
		s->p = xfs_reserve_alloc(&rv, align, s->size);
		if (!s->p) {
			refused++;
			continue;
		}
		assert_true(xfs_reserve_owns(&rv, s->p) && xfs_reserve_owns(&rv, s->p + s->size - 1));
		assert_int_equal((uintptr_t)s->p & (align - 1), 0);
		memset(s->p, s->mark, s->size);
	}
	assert_true(refused > 100);
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (slots[i].p)
			give_back(&rv, &slots[i]);
	}
	assert_int_equal(xfs_reserve_free_bytes(&rv), 2 * bytes);
	/* In one piece again. */
	slots[0].p = xfs_reserve_alloc(&rv, 4096, bytes);
	assert_non_null(slots[0].p);
	xfs_reserve_free(&rv, slots[0].p);
	slots[0].p = NULL;
	assert_false(xfs_reserve_owns(&rv, &rv));
	free(raw[0]);
	free(raw[1]);
}

static struct xfs_mem hooked(struct test_memory *host)
{
	struct xfs_env env = { .size = sizeof(env), .ctx = host };
	struct xfs_mem mem;

	test_memory_hooks(&env);
	xfs_mem_init(&mem, &env);
	return mem;
}

/* (MEM-2) */
static void test_only_critical_sections(void **state)
{
	struct test_memory host = { .limit = 0 };
	struct xfs_mem mem = hooked(&host);
	struct xfs_budget *before, *suspended;
	struct xfs_pool pool;
	uint8_t *p, *grown;
	void *o;

	(void)state;
	assert_true(xfs_budget_create(&mem, 0));
	assert_true(xfs_budget_grow_reserve(&mem, 16 * XFS_RESERVE_PAGE));
	xfs_pool_init(&pool, &mem, 512, 512, 4);
	host.fail_from = 1;
	assert_null(xfs_mem_alloc(&mem, 100));
	assert_null(xfs_mem_alloc_aligned(&mem, 512, 4096));
	assert_false(xfs_pool_fill(&pool, 2));
	before = xfs_mem_critical_enter(&mem);
	assert_true(xfs_mem_is_critical(&mem));
	p = xfs_mem_zalloc(&mem, 5000);
	assert_non_null(p);
	for (unsigned int i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 7, 5000);
	grown = xfs_mem_resize(&mem, p, 5000, 9000);
	assert_non_null(grown);
	assert_int_equal(grown[4999], 7);
	suspended = xfs_mem_critical_enter(NULL);
	assert_null(xfs_mem_alloc(&mem, 100));
	xfs_mem_critical_leave(suspended);
	assert_true(xfs_pool_fill(&pool, 2));
	o = xfs_pool_get(&pool);
	assert_non_null(o);
	xfs_mem_critical_leave(before);
	xfs_pool_put(&pool, o);
	assert_int_equal(pool.nr_free, 0);
	assert_int_equal(xfs_mem_failures(&mem) > 5, 1);
	xfs_mem_free(&mem, grown);
	host.fail_from = 0;
	xfs_budget_destroy(&mem);
	assert_int_equal(host.now, 0);
}

/* (MEM-1) With hooks and without. */
static void test_limit(void **state)
{
	struct test_memory host = { .limit = 0 };
	struct xfs_rand r = test_rand(4);

	(void)state;
	for (int hooks = 0; hooks < 2; hooks++) {
		struct xfs_mem mem = { 0 };
		unsigned int refused = 0;

		if (hooks)
			mem = hooked(&host);
		assert_true(xfs_budget_create(&mem, 300000));
		for (uint32_t n = 0; n < 40000; n++) {
			struct slot *s = &slots[xfs_rand_below(&r, SLOTS)];
			uint32_t kind = n & 1;

			/* Pools free by size, others without. */
			if (s->p && s->mark)
				xfs_mem_free_sized(&mem, s->p, s->size);
			else if (s->p)
				xfs_mem_free(&mem, s->p);
			if (s->p) {
				s->p = NULL;
				continue;
			}
			s->size = 1 + (size_t)xfs_rand_below(&r, 6000);
			s->mark = (uint8_t)kind;
			s->p = kind ? xfs_mem_alloc_sized(&mem, 512, s->size) : xfs_mem_alloc(&mem, s->size);
			refused += !s->p;
			if (s->p)
				memset(s->p, 1, s->size);
			assert_true(mem.budget->used <= 300000 && host.now <= mem.budget->used);
		}
		assert_true(refused > 1000);
		for (unsigned int i = 0; i < SLOTS; i++) {
			if (slots[i].p && slots[i].mark)
				xfs_mem_free_sized(&mem, slots[i].p, slots[i].size);
			else
				xfs_mem_free(&mem, slots[i].p);
			slots[i].p = NULL;
		}
		assert_true(mem.budget->peak <= 300000 && mem.budget->peak > 280000);
		xfs_budget_destroy(&mem);
		assert_int_equal(host.now, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_only_critical_sections),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
