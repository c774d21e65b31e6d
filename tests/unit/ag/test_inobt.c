/* SPDX-License-Identifier: MIT */
/*
 * Goal: both inode trees say the same, sparse records included; trees that disagree,
 * and wrong changes, are found before anything changes; the fields of the AGI follow.
 * Method: calls one by one, then the records read from the device.
 */
#include "ag_fixture.h"

static struct xfs_perag *pag;

static int set_up(void **state)
{
	(void)state;
	fixture_make(4096, XFS_MKFS_ON, XFS_MKFS_ON, XFS_MKFS_ON);
	pag = xfs_perag_get(mp, 1);
	begin(200);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_perag_load_agi(pag), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	test_mount_free(mp);
	return 0;
}

/* Close the handle for a look at the device. */
static void peek(struct ag_walk *w)
{
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	look(1, w);
	begin(200);
	xfs_mutex_lock(&pag->pag_lock);
}

static struct xfs_inobt_rec_incore record(xfs_agino_t startino, uint64_t free, uint16_t holemask)
{
	struct xfs_inobt_rec_incore rec = {
		.ir_startino = startino, .ir_free = free, .ir_holemask = holemask,
	};
	uint64_t exists = xfs_inobt_irec_allocmask(&rec);

	rec.ir_free |= ~exists;
	rec.ir_count = (uint8_t)__builtin_popcountll(exists);
	rec.ir_freecount = (uint8_t)__builtin_popcountll(rec.ir_free & exists);
	return rec;
}

static void insert(struct xfs_inobt_rec_incore rec)
{
	assert_int_equal(xfs_inobt_insert(tp, pag, &rec), 0);
	xfs_agi_mod_counts(tp, pag, rec.ir_count, rec.ir_freecount);
}

static void test_both_trees(void **state)
{
	struct xfs_inobt_rec_incore full = record(640, 0, 0), some = record(1280, 0xf0, 0), next;
	struct xfs_inobt_rec_incore sparse = record(1920, 0xff00, 0xff00);
	struct ag_walk w;

	(void)state;
	insert(full);
	insert(some);
	insert(sparse);
	assert_int_equal(sparse.ir_count, 32);
	assert_int_equal(sparse.ir_freecount, 8);
	peek(&w);	/* holds finobt against inobt, and counts */
	assert_int_equal(w.list[AG_WALK_INO].nr, 3);
	assert_int_equal(w.list[AG_WALK_FINO].nr, 2);
	assert_memory_equal(&ag_walk_inodes(&w)[2], &sparse, sizeof(sparse));
	ag_walk_free(&w);

	/* The first free inode of a chunk, and the last. */
	next = record(640, 1, 0);
	assert_int_equal(xfs_inobt_update(tp, pag, &full, &next), 0);
	xfs_agi_mod_counts(tp, pag, 0, 1);
	full = next;
	next = record(1280, 0, 0);
	assert_int_equal(xfs_inobt_update(tp, pag, &some, &next), 0);
	xfs_agi_mod_counts(tp, pag, 0, -4);
	some = next;
	/* More of a sparse chunk comes to life. */
	next = record(1920, 0xff00 | ~0ull << 32, 0);
	assert_int_equal(xfs_inobt_update(tp, pag, &sparse, &next), 0);
	xfs_agi_mod_counts(tp, pag, 32, 32);
	sparse = next;
	peek(&w);
	assert_int_equal(w.list[AG_WALK_FINO].nr, 2);
	ag_walk_free(&w);

	assert_int_equal(xfs_inobt_delete(tp, pag, &full), 0);
	assert_int_equal(xfs_inobt_delete(tp, pag, &some), 0);
	assert_int_equal(xfs_inobt_delete(tp, pag, &sparse), 0);
	xfs_agi_mod_counts(tp, pag, -3 * 64, -(1 + 40));
	peek(&w);
	assert_int_equal(w.list[AG_WALK_INO].nr, 0);
	ag_walk_free(&w);
}

static void test_finding(void **state)
{
	struct xfs_inobt_rec_incore rec;
	bool found;

	(void)state;
	assert_int_equal(xfs_inobt_find_free(pag, 1000, &rec, &found), 0);
	assert_false(found);
	insert(record(640, 0, 0));
	insert(record(1280, 1, 0));
	insert(record(1920, 0, 0));
	insert(record(2560, 1, 0));
	assert_int_equal(xfs_inobt_find_free(pag, 700, &rec, &found), 0);
	assert_true(found);
	assert_int_equal(rec.ir_startino, 1280);
	assert_int_equal(xfs_inobt_find_free(pag, 1950, &rec, &found), 0);
	assert_int_equal(rec.ir_startino, 1280);	/* 607 below, 610 above */
	assert_int_equal(xfs_inobt_find_free(pag, 1980, &rec, &found), 0);
	assert_int_equal(rec.ir_startino, 2560);
	assert_int_equal(xfs_inobt_find_free(pag, 2600, &rec, &found), 0);
	assert_int_equal(rec.ir_startino, 2560);
	assert_int_equal(xfs_inobt_find_free(pag, 100000, &rec, &found), 0);
	assert_int_equal(rec.ir_startino, 2560);
	assert_int_equal(xfs_inobt_lookup(pag, 1343, &rec, &found), 0);
	assert_true(found && rec.ir_startino == 1280);
	assert_int_equal(xfs_inobt_lookup(pag, 1344, &rec, &found), 0);
	assert_false(found);
}

static void test_wrong_changes(void **state)
{
	struct xfs_inobt_rec_incore rec = record(640, 1, 0), other = record(1280, 1, 0);

	(void)state;
	insert(rec);
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	begin(10);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_inobt_insert(tp, pag, &rec), -EUCLEAN);
	assert_int_equal(xfs_inobt_update(tp, pag, &other, &other), -EUCLEAN);
	assert_int_equal(xfs_inobt_delete(tp, pag, &other), -EUCLEAN);
	assert_false(xfs_trans_is_dirty(tp));
}

static void test_headers(void **state)
{
	struct ag_walk w;

	(void)state;
	xfs_agi_set_newino(tp, pag, 640);
	assert_int_equal(xfs_agi_newino(pag), 640);
	assert_int_equal(xfs_agi_unlinked_head(pag, 63), NULLAGINO);
	xfs_agi_set_unlinked_head(tp, pag, 63, 703);
	assert_int_equal(xfs_agi_unlinked_head(pag, 63), 703);
	peek(&w);
	assert_int_equal(be32_to_cpu(w.agi.agi_newino), 640);
	assert_int_equal(be32_to_cpu(w.agi.agi_unlinked[63]), 703);
	assert_int_equal(be32_to_cpu(w.agi.agi_unlinked[62]), NULLAGINO);
	ag_walk_free(&w);
}

/*
 * (ALLOC-3) The finobt lives on its reservation: inodes can be freed in an AG without free
 * blocks.
 */
static void test_full_ag(void **state)
{
	struct xfs_alloc_arg args = {
		.target = XFS_AGB_TO_FSB(&mp->m_geo, 1, 100), .minlen = 1, .maxlen = 3000,
		.flags = XFS_ALLOC_THIS_AG, .oinfo = { .oi_owner = XFS_RMAP_SKIP },
	};
	uint32_t held = xfs_ag_resv_held(&pag->pag_meta_resv);
	struct ag_walk w;
	uint32_t n;

	(void)state;
	for (n = 0; n < 600; n++)
		insert(record(640 + 64 * n, 0, 0));
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	do {
		begin(3000);
		args.tp = tp;
		args.maxlen = 3000;
		assert_int_equal(xfs_alloc_vextent(&args), 0);
		commit();
	} while (args.fsbno != NULLFSBLOCK);
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	for (n = 0; n < 600; n++) {
		struct xfs_inobt_rec_incore old = record(640 + 64 * n, 0, 0);
		struct xfs_inobt_rec_incore new = record(640 + 64 * n, 4, 0);

		assert_int_equal(xfs_inobt_update(tp, pag, &old, &new), 0);
		xfs_agi_mod_counts(tp, pag, 0, 1);
	}
	assert_true(xfs_ag_resv_held(&pag->pag_meta_resv) < held);
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	look(1, &w);
	assert_true(w.blocks[AG_WALK_FINO] >= 3);
	ag_walk_free(&w);

	/* And every block comes back to it. */
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	for (n = 0; n < 600; n++) {
		struct xfs_inobt_rec_incore rec = record(640 + 64 * n, 4, 0);

		assert_int_equal(xfs_inobt_delete(tp, pag, &rec), 0);
		xfs_agi_mod_counts(tp, pag, -64, -1);
	}
	assert_int_equal(xfs_ag_resv_held(&pag->pag_meta_resv), held);
}

/* (INOBT-1) Without blocks for one of the trees neither is changed. */
static void test_no_blocks_for_a_record(void **state)
{
	struct xfs_alloc_arg args = {
		.target = XFS_AGB_TO_FSB(&mp->m_geo, 1, 100), .minlen = 1, .maxlen = 3000,
		.flags = XFS_ALLOC_THIS_AG, .oinfo = { .oi_owner = XFS_RMAP_SKIP },
	};
	struct ag_walk w;
	uint32_t n = 0;
	int error;

	(void)state;
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	test_ag_resv_free(mp);
	do {
		begin(3000);
		args.tp = tp;
		args.maxlen = 3000;
		assert_int_equal(xfs_alloc_vextent(&args), 0);
		commit();
	} while (args.fsbno != NULLFSBLOCK);
	do {
		struct xfs_inobt_rec_incore rec = record(640 + 64 * n, 1, 0);

		begin(0);
		xfs_mutex_lock(&pag->pag_lock);
		error = xfs_inobt_insert(tp, pag, &rec);
		if (error)
			assert_false(xfs_trans_is_dirty(tp));
		else
			xfs_agi_mod_counts(tp, pag, rec.ir_count, rec.ir_freecount);
		xfs_mutex_unlock(&pag->pag_lock);
		commit();
		n += !error;
	} while (!error);
	assert_int_equal(error, -ENOSPC);
	assert_in_range(n, 100, 600);
	look(1, &w);
	assert_int_equal(w.list[AG_WALK_INO].nr, n);
	assert_int_equal(w.list[AG_WALK_FINO].nr, n);
	ag_walk_free(&w);
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
}

static void test_blocks_for_an_insert(void **state)
{
	(void)state;
	assert_int_equal(xfs_inobt_insert_blocks(mp), 2 * mp->m_geo.inobt_maxlevels);
}

/* Without a finobt the inobt is searched. */
static void test_without_finobt(void **state)
{
	struct xfs_inobt_rec_incore rec;
	struct ag_walk w;
	bool found;

	(void)state;
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
	test_mount_free(mp);
	fixture_make(4096, XFS_MKFS_OFF, XFS_MKFS_OFF, XFS_MKFS_OFF);
	pag = xfs_perag_get(mp, 1);
	begin(200);
	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_perag_load_agi(pag), 0);
	for (uint32_t n = 0; n < 600; n++)
		insert(record(640 + 64 * n, n == 400 ? 2 : 0, 0));
	assert_int_equal(xfs_inobt_find_free(pag, 640, &rec, &found), 0);
	assert_true(found && rec.ir_startino == 640 + 64 * 400);
	assert_int_equal(xfs_inobt_find_free(pag, 640 + 64 * 599, &rec, &found), 0);
	assert_true(found && rec.ir_startino == 640 + 64 * 400);
	peek(&w);
	ag_walk_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_both_trees),
		T(test_finding),
		T(test_wrong_changes),
		T(test_headers),
		T(test_full_ag),
		T(test_no_blocks_for_a_record),
		T(test_blocks_for_an_insert),
		T(test_without_finobt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
