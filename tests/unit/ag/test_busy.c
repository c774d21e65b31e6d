/* SPDX-License-Identifier: MIT */
/*
 * Goal: blocks freed by a checkpoint that is not durable are not given out, and
 * are again as soon as it is.
 * Method: the set of busy extents against an array of the checkpoint each block
 * was last freed in; then the allocator on an AG with busy blocks; then out of memory.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xfswrite/mkfs.h>
#include "ag/ag_priv.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

static struct xfs_mount *mp;

static int set_up(void **state)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .agcount = 2, .log_size = 8 << 20,
	};

	(void)state;
	mp = test_mount_mkfs(64 << 20, &opts);
	/* As if there were a journal, as far as this folder is concerned. */
	mp->m_unjournalled = false;
	assert_int_equal(xfs_extent_busy_init(mp), 0);
	mp->m_unjournalled = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_mount_free(mp);
	return 0;
}

static void insert(xfs_agnumber_t agno, xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_perag *pag = xfs_perag_get(mp, agno);

	xfs_mutex_lock(&pag->pag_lock);
	xfs_extent_busy_insert(pag, agbno, len);
	xfs_mutex_unlock(&pag->pag_lock);
}

static bool search(xfs_agnumber_t agno, xfs_agblock_t agbno, xfs_extlen_t len, xfs_agblock_t *at,
		   xfs_extlen_t *at_len)
{
	return xfs_extent_busy_search(xfs_perag_get(mp, agno), agbno, len, at, at_len);
}

#define NBLOCKS	500u

static void test_set_against_array(void **state)
{
	uint64_t freed_in[2][NBLOCKS] = { { 0 } };
	struct xfs_rand r = test_rand(1);
	uint64_t running = 1, durable = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		xfs_agnumber_t agno = (xfs_agnumber_t)xfs_rand_below(&r, 2);
		xfs_agblock_t agbno = (xfs_agblock_t)xfs_rand_below(&r, NBLOCKS), at, first;
		xfs_extlen_t len =
			1 + (xfs_extlen_t)xfs_rand_below(&r, XFS_MIN(NBLOCKS - agbno, 40u));
		xfs_extlen_t at_len = 0;
		bool any = false, found;

		switch (xfs_rand_below(&r, 12)) {
		case 0:
			assert_int_equal(xfs_extent_busy_cut(mp), running);
			running++;
			break;
		case 1:
			durable += xfs_rand_below(&r, running - durable);
			xfs_extent_busy_clear(mp, durable);
			break;
		default:
			len = XFS_MIN(len, 6u);
			insert(agno, agbno, len);
			for (xfs_extlen_t k = 0; k < len; k++)
				freed_in[agno][agbno + k] = running;
		}
		found = search(agno, agbno, len, &at, &at_len);
		for (first = agbno; first < agbno + len && freed_in[agno][first] <= durable;)
			first++;
		assert_int_equal(found, first < agbno + len);
		if (found) {
			assert_int_equal(at, first);
			assert_true(at_len > 0 && at + at_len <= agbno + len);
			for (xfs_extlen_t k = 0; k < at_len; k++)
				assert_true(freed_in[agno][at + k] > durable);
		}
		for (unsigned int a = 0; a < 2; a++) {
			for (unsigned int b = 0; b < NBLOCKS; b++)
				any |= freed_in[a][b] > durable;
		}
		assert_int_equal(xfs_extent_busy_any(mp), any);
	}
	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	assert_false(xfs_extent_busy_any(mp));
}

static struct xfs_alloc_arg take(xfs_agblock_t target, xfs_extlen_t len, uint32_t flags)
{
	struct xfs_alloc_arg args = {
		.target = XFS_AGB_TO_FSB(&mp->m_geo, 0, target), .minlen = 1, .maxlen = len,
		.flags = flags | XFS_ALLOC_THIS_AG, .oinfo = { .oi_owner = XFS_RMAP_SKIP },
	};

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, len, 0, &args.tp), 0);
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	if (args.fsbno == NULLFSBLOCK)
		assert_false(xfs_trans_is_dirty(args.tp));
	assert_int_equal(xfs_trans_commit(args.tp), 0);
	return args;
}

static void release(xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	struct xfs_trans *tp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_free_extent(tp, fsbno, len, &oinfo, XFS_AG_RESV_NONE), 0);
	assert_int_equal(xfs_trans_commit(tp), 0);
}

/* (ALLOC-4) */
static void test_allocator_passes_over(void **state)
{
	struct xfs_alloc_arg a = take(1000, 100, 0), b;

	(void)state;
	assert_int_equal(a.fsbno, 1000);
	release(1000, 100);
	/* Not the blocks just freed, though they are nearest, for data or anything. */
	b = take(1050, 10, XFS_ALLOC_USERDATA);
	assert_true(b.fsbno >= 1100);
	assert_true(b.busy);
	b = take(1050, 10, 0);
	assert_true(b.fsbno == 990 || b.fsbno >= 1100);
	b = take(1020, 10, XFS_ALLOC_EXACT);
	assert_int_equal(b.fsbno, NULLFSBLOCK);
	assert_true(b.busy);
	/* In part: what is in front of it. */
	b = take(985, 10, XFS_ALLOC_EXACT);
	assert_true(b.fsbno == NULLFSBLOCK || b.fsbno + b.len <= 1000);

	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	b = take(1050, 10, XFS_ALLOC_USERDATA);
	assert_int_equal(b.fsbno, 1050);
	assert_false(b.busy);
}

static void take_tree_block(struct xfs_perag *pag)
{
	struct xfs_trans *tp;
	xfs_agblock_t agbno;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 1, 0, &tp), 0);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_ag_reserve_tree(pag, 1, XFS_AG_RESV_METADATA), 0);
	assert_int_equal(xfs_ag_alloc_tree_block(tp, pag, 1500, XFS_RMAP_OWN_REFC,
						 XFS_AG_RESV_METADATA, &agbno), 0);
	xfs_mutex_unlock(&pag->pag_lock);
	assert_int_equal(agbno, 1500);
	assert_int_equal(xfs_trans_commit(tp), 0);
}

/* When nothing else is left the caller is told that forcing the log would help. */
static void test_all_that_is_free_is_busy(void **state)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	struct xfs_alloc_arg a;
	uint32_t n = 0;

	(void)state;
	do {
		a = take(1000, 4000, 0);
		n += a.fsbno != NULLFSBLOCK;
	} while (a.fsbno != NULLFSBLOCK);
	assert_false(a.busy);
	assert_true(n >= 1);
	release(1000, 1000);
	assert_true(pag->pag_freeblks >= 1000);
	/* What was held back may go first: it is as good as what came back. */
	for (;;) {
		a = take(1000, 10, XFS_ALLOC_USERDATA);
		if (a.fsbno == NULLFSBLOCK)
			break;
		assert_true(a.fsbno + a.len <= 1000 || a.fsbno >= 2000);
	}
	assert_true(a.busy && xfs_extent_busy_any(mp));
	assert_true(pag->pag_freeblks >= 1000);
	/* The AG's own trees cannot wait: they take what they need. */
	take_tree_block(pag);
	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	a = take(1600, 10, XFS_ALLOC_USERDATA);
	assert_int_equal(a.fsbno, 1600);
}

/* Runs of blocks are counted before a directory block is promised: busy ones are none. */
static void test_runs_beside_what_is_busy(void **state)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	struct xfs_alloc_arg a;
	uint32_t other_ag, count;

	(void)state;
	do {
		a = take(1000, 4000, 0);
	} while (a.fsbno != NULLFSBLOCK);
	release(1000, 1000);
	/* What the AG held back may go now, for what came back is as good. */
	do {
		a = take(1000, 10, 0);
	} while (a.fsbno != NULLFSBLOCK);
	assert_true(pag->pag_freeblks >= 1000);
	assert_int_equal(xfs_alloc_count_contiguous(mp, 16, 10000, &other_ag), 0);
	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	assert_int_equal(xfs_alloc_count_contiguous(mp, 16, 10000, &count), 0);
	assert_in_range(count, other_ag + 500 / 16, other_ag + 1000 / 16);
}

/* A block freed, put on the AGFL, freed from there: busy for as long as the younger of both. */
static void test_freed_again_while_busy(void **state)
{
	xfs_agblock_t at;
	xfs_extlen_t len;
	uint64_t first;

	(void)state;
	insert(1, 100, 20);
	first = xfs_extent_busy_cut(mp);
	insert(1, 105, 5);
	xfs_extent_busy_clear(mp, first);
	assert_true(search(1, 0, 1000, &at, &len));
	assert_int_equal(at, 105);
	assert_int_equal(len, 5);
	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	assert_false(search(1, 0, 1000, &at, &len));
}

#ifdef XFSWRITE_DEBUG
static void test_out_of_memory_makes_all_busy(void **state)
{
	xfs_agblock_t at;
	xfs_extlen_t len;

	(void)state;
	xfs_mem_fail_at(1, true);
	insert(1, 100, 20);
	assert_true(xfs_mem_fail_met());
	assert_true(search(1, 5000, 3, &at, &len));
	assert_int_equal(at, 5000);
	assert_int_equal(len, 3);
	assert_false(search(0, 5000, 3, &at, &len));
	assert_true(xfs_extent_busy_any(mp));
	xfs_extent_busy_clear(mp, xfs_extent_busy_cut(mp));
	assert_false(search(1, 5000, 3, &at, &len));
	assert_false(xfs_extent_busy_any(mp));
}
#endif

static void test_without_a_journal_nothing_is_busy(void **state)
{
	xfs_agblock_t at;
	xfs_extlen_t len;

	(void)state;
	xfs_extent_busy_destroy(mp);
	insert(1, 100, 20);
	assert_false(search(1, 0, 1000, &at, &len));
	assert_false(xfs_extent_busy_any(mp));
	assert_int_equal(xfs_extent_busy_cut(mp), 0);
	xfs_extent_busy_clear(mp, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_set_against_array),
		T(test_allocator_passes_over),
		T(test_all_that_is_free_is_busy),
		T(test_runs_beside_what_is_busy),
		T(test_freed_again_while_busy),
#ifdef XFSWRITE_DEBUG
		T(test_out_of_memory_makes_all_busy),
#endif
		T(test_without_a_journal_nothing_is_busy),
	};

	test_seed_init(11);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
