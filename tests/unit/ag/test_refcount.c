/* SPDX-License-Identifier: MIT */
/*
 * Goal: counts go up and down, cut and joined where they differ; the last owner's
 * blocks are freed; a count that reached its maximum stays; staging extents of a
 * crashed copy-on-write are nobody's owners.
 * Method: calls one by one, then the records read from the device.
 */
#include "ag_fixture.h"

static int set_up(void **state)
{
	(void)state;
	fixture_make(4096, XFS_MKFS_OFF, XFS_MKFS_ON, XFS_MKFS_ON);
	take_bare(2000, 100);
	return 0;
}

static void expect(const struct xfs_refcount_irec *want, uint32_t n)
{
	struct ag_walk w;

	look(0, &w);
	assert_int_equal(w.list[AG_WALK_REFC].nr, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct xfs_refcount_irec *r = &ag_walk_refcounts(&w)[i];

		assert_int_equal(r->rc_startblock, want[i].rc_startblock);
		assert_int_equal(r->rc_blockcount, want[i].rc_blockcount);
		assert_int_equal(r->rc_refcount, want[i].rc_refcount);
		assert_int_equal(r->rc_domain, want[i].rc_domain);
	}
	ag_walk_free(&w);
}
#define EXPECT(...) do { \
	const struct xfs_refcount_irec want_[] = { __VA_ARGS__ }; \
	expect(want_, ARRAY_SIZE(want_)); \
} while (0)

static void up(xfs_agblock_t agbno, xfs_extlen_t len)
{
	begin(0);
	assert_int_equal(xfs_refcount_increase(tp, agbno, len), 0);
	commit();
}

static void down(xfs_agblock_t agbno, xfs_extlen_t len)
{
	begin(0);
	assert_int_equal(xfs_refcount_decrease(tp, agbno, len), 0);
	commit();
}

static bool is_free(xfs_agblock_t agbno)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	struct xfs_alloc_rec_incore rec;
	bool found;

	xfs_mutex_lock(&pag->pag_lock);
	assert_int_equal(xfs_alloc_find(pag, agbno, &rec, &found), 0);
	xfs_mutex_unlock(&pag->pag_lock);
	return found;
}

/* (REFC-2) */
static void test_up(void **state)
{
	(void)state;
	up(2010, 20);
	EXPECT({ 2010, 20, 2, 0 });
	up(2015, 5);
	EXPECT({ 2010, 5, 2, 0 }, { 2015, 5, 3, 0 }, { 2020, 10, 2, 0 });
	up(2005, 50);
	EXPECT({ 2005, 5, 2, 0 }, { 2010, 5, 3, 0 }, { 2015, 5, 4, 0 }, { 2020, 10, 3, 0 },
	       { 2030, 25, 2, 0 });
	/* Touching runs of equal counts become one. */
	up(2055, 5);
	up(2000, 5);
	up(2010, 5);
	EXPECT({ 2000, 10, 2, 0 }, { 2010, 10, 4, 0 }, { 2020, 10, 3, 0 }, { 2030, 30, 2, 0 });
}

/* (REFC-1) */
static void test_down(void **state)
{
	uint32_t freeblks = xfs_perag_get(mp, 0)->pag_freeblks;
	int64_t fdblocks = mp->m_fdblocks;

	(void)state;
	up(2010, 20);
	up(2015, 5);
	/* Three, two and one owners: the last ones' blocks are free. */
	down(2005, 30);
	EXPECT({ 2015, 5, 2, 0 });
	assert_true(is_free(2005) && is_free(2009) && !is_free(2010) && !is_free(2029));
	assert_true(is_free(2030) && is_free(2034) && !is_free(2035) && !is_free(2004));
	assert_int_equal(xfs_perag_get(mp, 0)->pag_freeblks, freeblks + 10);
	assert_int_equal(mp->m_fdblocks, fdblocks + 10);
	down(2010, 20);
	expect(NULL, 0);
	assert_int_equal(xfs_perag_get(mp, 0)->pag_freeblks, freeblks + 25);
	assert_true(is_free(2010) && !is_free(2015) && !is_free(2019) && is_free(2020));
	down(2015, 5);
	assert_true(is_free(2015));
	/* Free blocks have no owner to lose. */
	begin(0);
	assert_int_equal(xfs_refcount_decrease(tp, 2015, 5), -EUCLEAN);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
}

static void put_record(xfs_agblock_t agbno, xfs_extlen_t len, uint32_t count,
		       enum xfs_refc_domain domain)
{
	struct xfs_refcount_irec irec = { agbno, len, count, domain };
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	struct xfs_refcount_rec rec;
	struct xfs_btree_target target;
	struct xfs_btree_cur cur;
	bool found;

	xfs_refcount_rec_pack(&irec, &rec);
	target.w[0] = be32_to_cpu(rec.rc_startblock);
	begin(0);
	xfs_mutex_lock(&pag->pag_lock);
	xfs_refcountbt_init_cursor(&cur, tp, pag);
	assert_int_equal(xfs_btree_lookup_eq(&cur, &target, &found), 0);
	assert_false(found);
	assert_int_equal(xfs_btree_insert(&cur, &rec), 0);
	xfs_btree_del_cursor(&cur);
	pag->pag_share_known = false;
	xfs_mutex_unlock(&pag->pag_lock);
	commit();
}

/* (REFC-3) */
static void test_maximum_stays(void **state)
{
	(void)state;
	put_record(2010, 5, UINT32_MAX - 1, XFS_REFC_DOMAIN_SHARED);
	put_record(2015, 5, UINT32_MAX, XFS_REFC_DOMAIN_SHARED);
	put_record(2020, 5, UINT32_MAX - 2, XFS_REFC_DOMAIN_SHARED);
	up(2005, 25);
	EXPECT({ 2005, 5, 2, 0 }, { 2010, 10, UINT32_MAX, 0 }, { 2020, 5, UINT32_MAX - 1, 0 },
	       { 2025, 5, 2, 0 });
	up(2020, 5);
	EXPECT({ 2005, 5, 2, 0 }, { 2010, 15, UINT32_MAX, 0 }, { 2025, 5, 2, 0 });
	down(2005, 25);
	EXPECT({ 2010, 15, UINT32_MAX, 0 });
	down(2012, 3);
	EXPECT({ 2010, 15, UINT32_MAX, 0 });
	assert_false(is_free(2012));
}

/* Records behind bit 31 belong to another world. */
static void test_staging_extents(void **state)
{
	xfs_fsblock_t at;
	xfs_extlen_t len;

	(void)state;
	put_record(2010, 10, 1, XFS_REFC_DOMAIN_COW);
	put_record(2030, 10, 1, XFS_REFC_DOMAIN_COW);
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 50, &at, &len), 0);
	assert_int_equal(at, NULLFSBLOCK);
	up(2050, 10);
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 55, &at, &len), 0);
	assert_int_equal(at, 2050);
	assert_int_equal(len, 5);
	down(2050, 10);
	EXPECT({ 2010, 10, 1, XFS_REFC_DOMAIN_COW }, { 2030, 10, 1, XFS_REFC_DOMAIN_COW });
}

static void test_find_shared(void **state)
{
	xfs_fsblock_t at;
	xfs_extlen_t len;

	(void)state;
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 100, &at, &len), 0);
	assert_int_equal(at, NULLFSBLOCK);
	up(2010, 10);
	up(2015, 15);
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 100, &at, &len), 0);
	assert_int_equal(at, 2010);
	assert_int_equal(len, 20);	/* counts differ, shared all the same */
	assert_int_equal(xfs_refcount_find_shared(mp, 2012, 5, &at, &len), 0);
	assert_int_equal(at, 2012);
	assert_int_equal(len, 5);
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 10, &at, &len), 0);
	assert_int_equal(at, NULLFSBLOCK);
	assert_int_equal(xfs_refcount_find_shared(mp, 2030, 70, &at, &len), 0);
	assert_int_equal(at, NULLFSBLOCK);
	assert_int_equal(len, 0);
}

static void test_without_the_tree(void **state)
{
	xfs_fsblock_t at;
	xfs_extlen_t len;

	(void)state;
	test_mount_free(mp);
	fixture_make(4096, XFS_MKFS_ON, XFS_MKFS_OFF, XFS_MKFS_ON);
	take_bare(2000, 10);
	begin(0);
	assert_int_equal(xfs_refcount_increase(tp, 2000, 10), -EOPNOTSUPP);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
	assert_int_equal(xfs_refcount_find_shared(mp, 2000, 10, &at, &len), 0);
	assert_int_equal(at, NULLFSBLOCK);
	down(2000, 10);
	assert_true(is_free(2005));
}

static void test_impossible_blocks(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(xfs_refcount_increase(tp, mp->m_geo.agblocks - 1, 2), -EUCLEAN);
	assert_int_equal(xfs_refcount_decrease(tp, 0, 2), -EUCLEAN);
	assert_int_equal(xfs_refcount_decrease(tp, 2000, 0), -EUCLEAN);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
		T(test_up),
		T(test_down),
		T(test_maximum_stays),
		T(test_staging_extents),
		T(test_find_shared),
		T(test_without_the_tree),
		T(test_impossible_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
