/* SPDX-License-Identifier: MIT */
/*
 * Goal: records of one owner that continue each other become one and are taken
 * apart again, also where other owners' records stand between; a record that
 * does not fit what is to be removed is damage, found before anything changes.
 * Method: calls one by one on blocks of known numbers, then the records read from the
 * device.  Long random sequences are model_ag's.
 */
#include "ag_fixture.h"

#define INO	200u

static int set_up(void **state)
{
	(void)state;
	fixture_make(4096, XFS_MKFS_ON, XFS_MKFS_ON, XFS_MKFS_ON);
	take_bare(2000, 100);
	return 0;
}

static int map(xfs_agblock_t agbno, xfs_extlen_t len, struct xfs_owner_info oinfo)
{
	int error;

	begin(0);
	error = xfs_rmap_map(tp, agbno, len, &oinfo);
	if (error)
		assert_false(xfs_trans_is_dirty(tp));
	commit();
	return error;
}

static int unmap(xfs_agblock_t agbno, xfs_extlen_t len, struct xfs_owner_info oinfo)
{
	int error;

	begin(0);
	error = xfs_rmap_unmap(tp, agbno, len, &oinfo);
	if (error)
		assert_false(xfs_trans_is_dirty(tp));
	commit();
	return error;
}

static struct xfs_owner_info data(uint64_t ino, xfs_fileoff_t offset)
{
	return xfs_owner_file(ino, false, offset, false);
}

/* The records of [2000, 2100) are these, in order. */
static void expect(const struct xfs_rmap_irec *want, uint32_t n)
{
	struct ag_walk w;
	uint32_t found = 0;

	look(0, &w);
	for (uint32_t i = 0; i < w.list[AG_WALK_RMAP].nr; i++) {
		const struct xfs_rmap_irec *r = &ag_walk_rmaps(&w)[i];

		if (r->rm_startblock < 2000 || r->rm_startblock >= 2100)
			continue;
		assert_true(found < n);
		assert_int_equal(r->rm_startblock, want[found].rm_startblock);
		assert_int_equal(r->rm_blockcount, want[found].rm_blockcount);
		assert_int_equal(r->rm_owner, want[found].rm_owner);
		assert_int_equal(r->rm_offset, want[found].rm_offset);
		assert_int_equal(r->rm_flags, want[found].rm_flags);
		found++;
	}
	assert_int_equal(found, n);
	ag_walk_free(&w);
}
#define EXPECT(...) do { \
	const struct xfs_rmap_irec want_[] = { __VA_ARGS__ }; \
	expect(want_, ARRAY_SIZE(want_)); \
} while (0)

/* (RMAP-1) */
static void test_merging(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 5, data(INO, 10)), 0);
	assert_int_equal(map(2020, 5, data(INO, 20)), 0);
	EXPECT({ 2010, 5, INO, 10, 0 }, { 2020, 5, INO, 20, 0 });
	assert_int_equal(map(2015, 5, data(INO, 15)), 0);	/* both sides */
	EXPECT({ 2010, 15, INO, 10, 0 });
	assert_int_equal(map(2025, 1, data(INO, 25)), 0);	/* left */
	assert_int_equal(map(2009, 1, data(INO, 9)), 0);	/* right */
	EXPECT({ 2009, 17, INO, 9, 0 });
	/* Touching, but another offset, state, fork or owner. */
	assert_int_equal(map(2026, 1, data(INO, 27)), 0);
	assert_int_equal(map(2027, 1, xfs_owner_file(INO, false, 28, true)), 0);
	assert_int_equal(map(2028, 1, xfs_owner_file(INO, true, 29, false)), 0);
	assert_int_equal(map(2029, 1, data(INO + 1, 30)), 0);
	EXPECT({ 2009, 17, INO, 9, 0 }, { 2026, 1, INO, 27, 0 },
	       { 2027, 1, INO, 28, XFS_RMAP_UNWRITTEN }, { 2028, 1, INO, 29, XFS_RMAP_ATTR_FORK },
	       { 2029, 1, INO + 1, 30, 0 });
}

/* Without offsets touching is enough. */
static void test_blocks_of_trees(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 1, xfs_owner_bmbt(INO, false)), 0);
	assert_int_equal(map(2012, 1, xfs_owner_bmbt(INO, false)), 0);
	assert_int_equal(map(2011, 1, xfs_owner_bmbt(INO, false)), 0);
	assert_int_equal(map(2013, 1, xfs_owner_bmbt(INO, true)), 0);
	assert_int_equal(map(2014, 3, xfs_owner_special(XFS_RMAP_OWN_INOBT)), 0);
	assert_int_equal(map(2017, 3, xfs_owner_special(XFS_RMAP_OWN_INOBT)), 0);
	EXPECT({ 2010, 3, INO, 0, XFS_RMAP_BMBT_BLOCK },
	       { 2013, 1, INO, 0, XFS_RMAP_BMBT_BLOCK | XFS_RMAP_ATTR_FORK },
	       { 2014, 6, XFS_RMAP_OWN_INOBT, 0, 0 });
	assert_int_equal(unmap(2011, 1, xfs_owner_bmbt(INO, false)), 0);
	EXPECT({ 2010, 1, INO, 0, XFS_RMAP_BMBT_BLOCK }, { 2012, 1, INO, 0, XFS_RMAP_BMBT_BLOCK },
	       { 2013, 1, INO, 0, XFS_RMAP_BMBT_BLOCK | XFS_RMAP_ATTR_FORK },
	       { 2014, 6, XFS_RMAP_OWN_INOBT, 0, 0 });
}

static void test_taking_apart(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 20, data(INO, 100)), 0);
	assert_int_equal(unmap(2015, 3, data(INO, 105)), 0);
	EXPECT({ 2010, 5, INO, 100, 0 }, { 2018, 12, INO, 108, 0 });
	assert_int_equal(unmap(2018, 2, data(INO, 108)), 0);
	assert_int_equal(unmap(2028, 2, data(INO, 118)), 0);
	EXPECT({ 2010, 5, INO, 100, 0 }, { 2020, 8, INO, 110, 0 });
	assert_int_equal(unmap(2010, 5, data(INO, 100)), 0);
	EXPECT({ 2020, 8, INO, 110, 0 });
}

/* (RMAP-2) */
static void test_wrong_calls_change_nothing(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 20, data(INO, 100)), 0);
	/* Not there, or not so. */
	assert_int_equal(unmap(2040, 1, data(INO, 130)), -EUCLEAN);
	assert_int_equal(unmap(2010, 5, data(INO, 101)), -EUCLEAN);
	assert_int_equal(unmap(2010, 5, data(INO + 1, 100)), -EUCLEAN);
	assert_int_equal(unmap(2010, 5, xfs_owner_file(INO, false, 100, true)), -EUCLEAN);
	assert_int_equal(unmap(2010, 5, xfs_owner_file(INO, true, 100, false)), -EUCLEAN);
	assert_int_equal(unmap(2005, 10, data(INO, 95)), -EUCLEAN);
	assert_int_equal(unmap(2025, 10, data(INO, 115)), -EUCLEAN);
	/* Somebody has them already. */
	assert_int_equal(map(2010, 1, data(INO, 100)), -EUCLEAN);
	assert_int_equal(map(2029, 5, data(INO + 1, 0)), -EUCLEAN);
	assert_int_equal(map(2005, 6, data(INO + 1, 0)), -EUCLEAN);
	assert_int_equal(map(2015, 1, xfs_owner_special(XFS_RMAP_OWN_AG)), -EUCLEAN);
	EXPECT({ 2010, 20, INO, 100, 0 });
	begin(0);
	assert_int_equal(xfs_rmap_map(tp, mp->m_geo.agblocks - 1, 5, &(struct xfs_owner_info){
				 .oi_owner = INO }), -EUCLEAN);
	commit();
}

static void convert(xfs_agblock_t agbno, xfs_extlen_t len, xfs_fileoff_t offset, bool unwritten)
{
	struct xfs_owner_info oinfo = xfs_owner_file(INO, false, offset, unwritten);

	begin(0);
	assert_int_equal(xfs_rmap_convert(tp, agbno, len, &oinfo), 0);
	commit();
}

static void test_converting(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 20, xfs_owner_file(INO, false, 0, true)), 0);
	convert(2014, 2, 4, true);
	EXPECT({ 2010, 4, INO, 0, XFS_RMAP_UNWRITTEN }, { 2014, 2, INO, 4, 0 },
	       { 2016, 14, INO, 6, XFS_RMAP_UNWRITTEN });
	convert(2016, 2, 6, true);	/* joins what is written on the left */
	EXPECT({ 2010, 4, INO, 0, XFS_RMAP_UNWRITTEN }, { 2014, 4, INO, 4, 0 },
	       { 2018, 12, INO, 8, XFS_RMAP_UNWRITTEN });
	convert(2010, 4, 0, true);	/* on the right */
	EXPECT({ 2010, 8, INO, 0, 0 }, { 2018, 12, INO, 8, XFS_RMAP_UNWRITTEN });
	convert(2018, 12, 8, true);
	EXPECT({ 2010, 20, INO, 0, 0 });
	convert(2010, 20, 0, false);	/* and back */
	EXPECT({ 2010, 20, INO, 0, XFS_RMAP_UNWRITTEN });
	begin(0);
	assert_int_equal(xfs_rmap_convert(tp, 2010, 1, &(struct xfs_owner_info){ .oi_owner = INO }),
			 -EUCLEAN);
	assert_false(xfs_trans_is_dirty(tp));
	commit();
}

/* The record to be continued is not the one before in the tree: other owners' are between. */
static void test_sharing(void **state)
{
	(void)state;
	assert_int_equal(map(2010, 20, data(INO, 0)), 0);
	begin(0);
	assert_int_equal(xfs_refcount_increase(tp, 2015, 15), 0);
	commit();
	assert_int_equal(map(2015, 15, data(INO + 1, 500)), 0);
	assert_int_equal(map(2030, 5, data(INO, 20)), 0);
	EXPECT({ 2010, 25, INO, 0, 0 }, { 2015, 15, INO + 1, 500, 0 });
	/* One file has the same blocks twice. */
	begin(0);
	assert_int_equal(xfs_refcount_increase(tp, 2015, 15), 0);
	commit();
	assert_int_equal(map(2015, 15, data(INO, 700)), 0);
	EXPECT({ 2010, 25, INO, 0, 0 }, { 2015, 15, INO, 700, 0 }, { 2015, 15, INO + 1, 500, 0 });
	/* The part in front goes: its record moves behind others of the same start. */
	assert_int_equal(unmap(2010, 7, data(INO, 0)), 0);
	assert_int_equal(unmap(2020, 5, data(INO, 705)), 0);
	EXPECT({ 2015, 5, INO, 700, 0 }, { 2015, 15, INO + 1, 500, 0 }, { 2017, 18, INO, 7, 0 },
	       { 2025, 5, INO, 710, 0 });
	assert_int_equal(unmap(2015, 5, data(INO, 7)), -EUCLEAN);
	assert_int_equal(unmap(2017, 18, data(INO, 7)), 0);
	assert_int_equal(unmap(2015, 5, data(INO, 700)), 0);
	assert_int_equal(unmap(2025, 5, data(INO, 710)), 0);
	assert_int_equal(unmap(2015, 15, data(INO + 1, 500)), 0);
	expect(NULL, 0);
}

static void test_nobody_keeps_a_map(void **state)
{
	struct xfs_owner_info skip = { .oi_owner = XFS_RMAP_SKIP };

	(void)state;
	assert_int_equal(map(2010, 5, skip), 0);
	assert_int_equal(unmap(2010, 5, skip), 0);
	expect(NULL, 0);
	test_mount_free(mp);
	/* Without the tree every call is right. */
	fixture_make(4096, XFS_MKFS_OFF, XFS_MKFS_OFF, XFS_MKFS_ON);
	assert_int_equal(map(2010, 5, data(INO, 0)), 0);
	assert_int_equal(unmap(2500, 5, data(INO, 0)), 0);
	begin(0);
	assert_int_equal(xfs_rmap_convert(tp, 5, 1, &skip), 0);
	commit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
		T(test_merging),
		T(test_blocks_of_trees),
		T(test_taking_apart),
		T(test_wrong_calls_change_nothing),
		T(test_converting),
		T(test_sharing),
		T(test_nobody_keeps_a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
