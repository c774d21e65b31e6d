/* SPDX-License-Identifier: MIT */
/*
 * Goal: before every change the AGFL holds what the change may take, from whatever
 * state it is found in, and an AG that cannot provide for it is refused unchanged.
 * Method: lists of any length and place in the ring, emptied by hand; free space so
 * crumbled or so scarce that the list has to compete for it.
 */
#include "ag_fixture.h"

static struct xfs_perag *pag;

static int set_up(void **state)
{
	(void)state;
	fixture_make(1024, XFS_MKFS_ON, XFS_MKFS_ON, XFS_MKFS_ON);
	pag = xfs_perag_get(mp, 0);
	return 0;
}

static int tear_down(void **state)
{
	struct ag_walk w;

	(void)state;
	look(0, &w);
	ag_walk_free(&w);
	test_mount_free(mp);
	return 0;
}

/* Take all blocks off the list; they belong to nobody then. */
static uint32_t empty_list(xfs_agblock_t *blocks)
{
	uint32_t n = 0;

	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_perag_load_agf(pag), 0);
	while (pag->pag_flcount)
		assert_int_equal(xfs_alloc_get_freelist(tp, pag, &blocks[n++]), 0);
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	return n;
}

/* Blocks that came off the list become free space. */
static void give_back(const xfs_agblock_t *blocks, uint32_t n)
{
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_AG);

	begin(0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(xfs_free_extent(tp, blocks[i], 1, &oinfo, XFS_AG_RESV_AGFL), 0);
	commit();
}

static void test_a_list_that_ran_empty_is_filled(void **state)
{
	xfs_agblock_t blocks[128], agbno;
	uint32_t n = empty_list(blocks);

	(void)state;
	assert_int_equal(n, 6);
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_alloc_get_freelist(tp, pag, &agbno), -ENOSPC);
	xfs_mutex_unlock(&pag->pag_lock);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
	give_back(blocks, n);
	assert_int_equal(pag->pag_flcount, xfs_alloc_min_freelist(pag));
}

static void test_round_the_ring(void **state)
{
	uint32_t slots = mp->m_geo.agfl_slots;

	(void)state;
	for (uint32_t i = 0; i < 3 * slots; i++) {
		xfs_agblock_t agbno;

		begin(0);
		xfs_mutex_lock(&pag->pag_lock);
		assert_int_equal(xfs_alloc_get_freelist(tp, pag, &agbno), 0);
		assert_int_equal(xfs_alloc_put_freelist(tp, pag, agbno), 0);
		xfs_mutex_unlock(&pag->pag_lock);
		commit();
		if (i % 50 == 0) {
			struct ag_walk w;

			look(0, &w);
			assert_int_equal(w.agfl_count, 6);
			ag_walk_free(&w);
		}
	}
}

static void test_too_long_a_list_is_trimmed(void **state)
{
	struct xfs_owner_info ag = xfs_owner_special(XFS_RMAP_OWN_AG);
	uint32_t need;

	(void)state;
	take_bare(2000, 60);
	begin(0);
	assert_int_equal(xfs_rmap_map(tp, 2000, 60, &ag), 0);
	xfs_mutex_lock(&pag->pag_lock);
	for (uint32_t i = 0; i < 60; i++)
		assert_int_equal(xfs_alloc_put_freelist(tp, pag, 2000 + i), 0);
	need = xfs_alloc_min_freelist(pag);
	assert_int_equal(pag->pag_flcount, need + 60);
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	/* A few at a time, so that a transaction logs no more than it has reserved. */
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t before = pag->pag_flcount;

		take_bare(5000 + i, 1);
		assert_true(before - pag->pag_flcount <= 8);
	}
	assert_true(pag->pag_flcount >= need && pag->pag_flcount <= need + 4);
}

static void test_the_list_can_be_full(void **state)
{
	uint32_t slots = mp->m_geo.agfl_slots;
	xfs_agblock_t blocks[1024];
	uint32_t n;

	(void)state;
	take_bare(2000, 200);
	n = pag->pag_flcount;
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	for (uint32_t i = 0; i < slots - n; i++)
		assert_int_equal(xfs_alloc_put_freelist(tp, pag, 2000 + i), 0);
	assert_int_equal(xfs_alloc_put_freelist(tp, pag, 2199), -EUCLEAN);
	for (uint32_t i = 0; i < slots; i++)
		assert_int_equal(xfs_alloc_get_freelist(tp, pag, &blocks[i]), 0);
	/* First in, first out. */
	for (uint32_t i = n; i < slots; i++)
		assert_int_equal(blocks[i], 2000 + i - n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(xfs_alloc_put_freelist(tp, pag, blocks[i]), 0);
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
}

/* As large pieces as there are, until there are none, without reservations. */
static void take_all(struct xfs_alloc_arg *args)
{
	test_ag_resv_free(mp);
	do {
		args->maxlen = 50000;
		begin(0);
		args->tp = tp;
		assert_int_equal(xfs_alloc_vextent(args), 0);
		commit();
	} while (args->fsbno != NULLFSBLOCK);
}

/* The list's need is planned around what the caller will take, from crumbs if it must be. */
static void test_fill_from_crumbs(void **state)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	struct xfs_alloc_arg args = {
		.minlen = 1, .flags = XFS_ALLOC_THIS_AG | XFS_ALLOC_DELALLOC, .oinfo = oinfo,
		.target = 100,
	};
	struct xfs_agfl_plan plan;
	xfs_agblock_t blocks[128];
	uint32_t n;

	(void)state;
	/* Nothing is left but single blocks. */
	take_all(&args);
	begin(0);
	for (xfs_agblock_t b = 3000; b < 3060; b += 3)
		assert_int_equal(xfs_free_extent(tp, b, 1, &oinfo, XFS_AG_RESV_NONE), 0);
	commit();
	n = empty_list(blocks);

	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_agfl_plan_fill(pag, 3003, 1, &plan), 0);
	assert_int_equal(plan.missing, xfs_alloc_min_freelist(pag));
	assert_int_equal(plan.found, plan.missing);
	for (uint32_t i = 0; i < plan.nr; i++)
		assert_true(plan.piece[i].ar_startblock > 3003 ||
			    plan.piece[i].ar_startblock + plan.piece[i].ar_blockcount <= 3003);
	xfs_mutex_unlock(&pag->pag_lock);

	args = (struct xfs_alloc_arg){
		.minlen = 1, .maxlen = 1, .flags = XFS_ALLOC_EXACT, .oinfo = oinfo, .target = 3003,
	};
	begin(1);
	args.tp = tp;
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	assert_int_equal(args.fsbno, 3003);
	commit();
	assert_int_equal(pag->pag_flcount, xfs_alloc_min_freelist(pag));
	give_back(blocks, n);
}

/* (ALLOC-2) As many as the list lacks are left, and one: not for an allocation. */
static void test_the_last_blocks_are_the_lists(void **state)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	struct xfs_alloc_arg args = {
		.minlen = 1, .flags = XFS_ALLOC_THIS_AG | XFS_ALLOC_DELALLOC, .oinfo = oinfo,
		.target = 100,
	};
	xfs_agblock_t blocks[128];
	uint32_t need, n;

	(void)state;
	take_all(&args);
	n = empty_list(blocks);
	need = xfs_alloc_min_freelist(pag);
	/* A free in an AG that cannot fill its list goes through all the same. */
	for (uint32_t i = 0; i < need + 1; i++) {
		begin(1);
		args.tp = tp;
		args.maxlen = 1;
		assert_int_equal(xfs_alloc_vextent(&args), 0);
		assert_int_equal(args.fsbno, NULLFSBLOCK);
		assert_false(xfs_trans_is_dirty(tp));
		assert_int_equal(xfs_free_extent(tp, 3000 + 2 * i, 1, &oinfo, XFS_AG_RESV_NONE), 0);
		commit();
	}
	begin(1);
	args.tp = tp;
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	assert_int_not_equal(args.fsbno, NULLFSBLOCK);
	commit();
	give_back(blocks, n);
}

static void test_impossible_slot(void **state)
{
	be32_t *slot;
	be32_t good;
	xfs_agblock_t agbno;

	(void)state;
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_perag_load_agf(pag), 0);
	slot = &xfs_pag_agfl(pag)->agfl_bno[be32_to_cpu(xfs_pag_agf(pag)->agf_flfirst)];
	good = *slot;
	*slot = cpu_to_be32(mp->m_geo.agblocks + 5);
	assert_int_equal(xfs_alloc_get_freelist(tp, pag, &agbno), -EUCLEAN);
	*slot = cpu_to_be32(0);
	assert_int_equal(xfs_alloc_get_freelist(tp, pag, &agbno), -EUCLEAN);
	*slot = good;
	xfs_mutex_unlock(&pag->pag_lock);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
}

/* Two trees of one level and the reverse map: two each; higher ones: two more per level. */
static void test_minimum(void **state)
{
	struct xfs_agf *agf;

	(void)state;
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_perag_load_agf(pag), 0);
	agf = xfs_pag_agf(pag);
	assert_int_equal(xfs_alloc_min_freelist(pag), 6);
	agf->agf_bno_level = agf->agf_cnt_level = cpu_to_be32(2);
	agf->agf_rmap_level = cpu_to_be32(3);
	assert_int_equal(mp->m_geo.alloc_maxlevels, 3);
	assert_int_equal(xfs_alloc_min_freelist(pag), 4 + 4 + 6);
	/* No higher than the tree can be. */
	agf->agf_bno_level = cpu_to_be32(3);
	assert_int_equal(xfs_alloc_min_freelist(pag), 4 + 4 + 6);
	agf->agf_bno_level = agf->agf_cnt_level = agf->agf_rmap_level = cpu_to_be32(1);
	xfs_mutex_unlock(&pag->pag_lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_a_list_that_ran_empty_is_filled),
		T(test_round_the_ring),
		T(test_too_long_a_list_is_trimmed),
		T(test_the_list_can_be_full),
		T(test_fill_from_crumbs),
		T(test_the_last_blocks_are_the_lists),
		T(test_impossible_slot),
		T(test_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
