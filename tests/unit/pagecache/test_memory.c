/* SPDX-License-Identifier: MIT */
/*
 * Goal: memory of folios is given out once, naturally aligned within its chunk, and comes
 * together again.
 * Method: seeded gets and puts of all sizes; every piece is filled with its own byte and
 * checked when it is put; in the end whole chunks are all that is free, and a second
 * round takes nothing from the host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "pagecache/pagecache_priv.h"
#include "support/test_seed.h"

#define SLOTS 300u

struct piece {
	uint8_t *data;
	struct xfs_folio_chunk *chunk;
	uint32_t order;
	uint8_t fill;
};

static uint8_t *get(struct xfs_folio_memory *fm, uint32_t order, struct xfs_folio_chunk **chunk)
{
	uint8_t *data = xfs_folio_memory_get(fm, order, chunk);
	struct xfs_folio_chunk *more;

	if (data)
		return data;
	more = xfs_folio_chunk_new(fm);
	assert_non_null(more);
	xfs_folio_memory_add(fm, more);
	return xfs_folio_memory_get(fm, order, chunk);
}

static void run(uint32_t block_log, uint64_t stream)
{
	static struct piece pieces[SLOTS];
	struct xfs_folio_memory fm;
	struct xfs_rand r = test_rand(stream);
	uint32_t i, step, chunks;

	memset(pieces, 0, sizeof(pieces));
	xfs_folio_memory_init(&fm, NULL, block_log, 64u << 20);
	for (step = 0; step < 20000; step++) {
		struct piece *p = &pieces[xfs_rand32(&r) % SLOTS];

		if (p->data) {
			for (i = 0; i < (1u << block_log << p->order); i += 1009)
				assert_int_equal(p->data[i], p->fill);
			xfs_folio_memory_put(&fm, p->chunk, p->data, p->order);
			p->data = NULL;
			continue;
		}
		/* Mostly small ones. */
		p->order = XFS_MIN(xfs_lowbit64(xfs_rand32(&r) | 1u << 20), fm.max_order);
		p->fill = (uint8_t)step;
		p->data = get(&fm, p->order, &p->chunk);
		assert_non_null(p->data);
		assert_int_equal((uintptr_t)p->data % XFS_MIN(1u << block_log, 4096u), 0);
		memset(p->data, p->fill, 1u << block_log << p->order);
	}
	for (i = 0; i < SLOTS; i++)
		if (pieces[i].data)
			xfs_folio_memory_put(&fm, pieces[i].chunk, pieces[i].data, pieces[i].order);
	for (i = 0; i < fm.max_order; i++)
		assert_true(xfs_list_empty(&fm.free[i]));
	chunks = fm.nr_whole;
	assert_true(chunks > 0);
	for (i = 0; i < chunks && i < SLOTS; i++)
		pieces[i].data = get(&fm, fm.max_order, &pieces[i].chunk);
	assert_int_equal(fm.nr_whole, chunks - i);
	while (i-- > 0)
		xfs_folio_memory_put(&fm, pieces[i].chunk, pieces[i].data, fm.max_order);
	assert_int_equal(fm.nr_whole, chunks);
	xfs_folio_memory_destroy(&fm);
}

static void test_all_block_sizes(void **state)
{
	uint32_t block_log;

	(void)state;
	for (block_log = 10; block_log <= 16; block_log++)
		run(block_log, block_log);
}

static void test_fresh_pieces_ascend(void **state)
{
	struct xfs_folio_memory fm;
	struct xfs_folio_chunk *chunk[64];
	uint8_t *data[64];
	uint32_t i;

	(void)state;
	xfs_folio_memory_init(&fm, NULL, 12, 1u << 20);
	for (i = 0; i < 64; i++) {
		data[i] = get(&fm, 0, &chunk[i]);
		assert_non_null(data[i]);
		if (i)
			assert_ptr_equal(data[i], data[i - 1] + 4096);
	}
	for (i = 0; i < 64; i++)
		xfs_folio_memory_put(&fm, chunk[i], data[i], 0);
	assert_int_equal(fm.nr_whole, 1);
	xfs_folio_memory_destroy(&fm);
}

static void test_surplus_goes_back(void **state)
{
	struct xfs_folio_memory fm;
	struct xfs_folio_chunk *chunk[10];
	uint8_t *data[10];
	uint32_t i;

	(void)state;
	xfs_folio_memory_init(&fm, NULL, 12, 2 * XFS_FOLIO_MAX_BYTES);
	for (i = 0; i < 10; i++)
		data[i] = get(&fm, fm.max_order, &chunk[i]);
	for (i = 0; i < 10; i++)
		xfs_folio_memory_put(&fm, chunk[i], data[i], fm.max_order);
	assert_int_equal(fm.nr_whole, 3);
	xfs_folio_memory_destroy(&fm);
}

/* A large cache has chunks of several pieces, which go back when all of them are free. */
static void test_large_cache_has_huge_chunks(void **state)
{
	enum { PER_CHUNK = XFS_HUGE_PAGE_BYTES / XFS_FOLIO_MAX_BYTES, NR = 10 * PER_CHUNK };
	struct xfs_folio_memory fm;
	struct xfs_folio_chunk *chunk[NR];
	uint8_t *data[NR];
	uint32_t i;

	(void)state;
	xfs_folio_memory_init(&fm, NULL, 12, 16u << 20);
	for (i = 0; i < NR; i++) {
		data[i] = get(&fm, fm.max_order, &chunk[i]);
		assert_non_null(data[i]);
		assert_ptr_equal(chunk[i], chunk[i / PER_CHUNK * PER_CHUNK]);
		assert_int_equal((uintptr_t)data[i] % XFS_HUGE_PAGE_BYTES,
				 i % PER_CHUNK * XFS_FOLIO_MAX_BYTES);
		memset(data[i], (int)i, XFS_FOLIO_MAX_BYTES);
	}
	/* One piece of each stays: nothing goes back, although more is free than is kept. */
	for (i = 0; i < NR; i++)
		if (i % PER_CHUNK)
			xfs_folio_memory_put(&fm, chunk[i], data[i], fm.max_order);
	assert_int_equal(fm.nr_whole, NR - NR / PER_CHUNK);
	for (i = 0; i < NR; i += PER_CHUNK) {
		assert_int_equal(data[i][XFS_FOLIO_MAX_BYTES - 1], (uint8_t)i);
		xfs_folio_memory_put(&fm, chunk[i], data[i], fm.max_order);
	}
	assert_in_range(fm.nr_whole, (16u << 20) / XFS_FOLIO_MAX_BYTES - PER_CHUNK,
			(16u << 20) / XFS_FOLIO_MAX_BYTES + 1);
	xfs_folio_memory_trim(&fm);
	assert_int_equal(fm.nr_whole, 0);
	xfs_folio_memory_destroy(&fm);
}

/* Memory that is counted, or the caller's own, is asked for in small pieces. */
static void test_counted_memory_comes_in_small_chunks(void **state)
{
	struct xfs_mem mem = { 0 };
	struct xfs_folio_memory fm;
	struct xfs_folio_chunk *chunk;
	uint8_t *data;

	(void)state;
	assert_true(xfs_budget_create(&mem, 64u << 20));
	xfs_folio_memory_init(&fm, &mem, 12, 32u << 20);
	data = get(&fm, 0, &chunk);
	assert_non_null(data);
	assert_true((64u << 20) - xfs_mem_left(&mem) < 2 * XFS_FOLIO_MAX_BYTES);
	xfs_folio_memory_put(&fm, chunk, data, 0);
	xfs_folio_memory_destroy(&fm);
	xfs_budget_destroy(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_block_sizes),
		cmocka_unit_test(test_fresh_pieces_ascend),
		cmocka_unit_test(test_surplus_goes_back),
		cmocka_unit_test(test_large_cache_has_huge_chunks),
		cmocka_unit_test(test_counted_memory_comes_in_small_chunks),
	};

	test_seed_init(20240601);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
