/* SPDX-License-Identifier: MIT */
/*
 * Goal: the in-core extent map finds, inserts, replaces and removes as a sorted array
 * would, whatever the order; its shape keeps its rules; a file with very many extents
 * is loaded quickly and takes no more memory than promised; running out of
 * memory changes nothing.
 *
 * Method: seeded random operations on the map and on a plain sorted array, compared
 * record by record; growth patterns (ascending, descending, both ends, middle);
 * failing allocations at every place of an insertion.
 * Shows (IEXT-1), (IEXT-2), (IEXT-3), (IEXT-4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "bmap/iext.h"

#define SEED 0x5eed1e87u

static struct xfs_mount mount;

static uint64_t rng_state;

static uint64_t rng(uint64_t below)
{
	rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
	return (rng_state >> 33) % below;
}

/* ---- the model: a sorted array ------------------------------------------------ */

#define MODEL_MAX 6000
static struct xfs_bmbt_irec model[MODEL_MAX];
static unsigned int model_n;

/* Index of the extent that covers @off or is the first behind it. */
static unsigned int model_find(xfs_fileoff_t off)
{
	unsigned int i = 0;

	while (i < model_n && model[i].br_startoff + model[i].br_blockcount <= off)
		i++;
	return i;
}

static void model_insert(unsigned int at, const struct xfs_bmbt_irec *rec)
{
	assert_true(model_n < MODEL_MAX);
	memmove(&model[at + 1], &model[at], (model_n - at) * sizeof(*model));
	model[at] = *rec;
	model_n++;
}

static void model_remove(unsigned int at)
{
	model_n--;
	memmove(&model[at], &model[at + 1], (model_n - at) * sizeof(*model));
}

static void assert_rec(const struct xfs_bmbt_irec *a, const struct xfs_bmbt_irec *b)
{
	assert_int_equal(a->br_startoff, b->br_startoff);
	assert_int_equal(a->br_startblock, b->br_startblock);
	assert_int_equal(a->br_blockcount, b->br_blockcount);
	assert_int_equal(a->br_state, b->br_state);
}

static void assert_same(const struct xfs_ifork *ifp)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	xfs_failaddr_t fa = xfs_iext_verify(ifp);
	unsigned int i = 0;

	if (fa)
		fail_msg("%s", fa);
	assert_int_equal(xfs_iext_count(ifp), model_n);
	for_each_xfs_iext(ifp, &cur, &got) {
		assert_true(i < model_n);
		assert_rec(&got, &model[i++]);
	}
	assert_int_equal(i, model_n);
	while (xfs_iext_prev_extent(ifp, &cur, &got))
		assert_rec(&got, &model[--i]);
	assert_int_equal(i, 0);
}

/* Every kind of lookup at @off gives what the array gives. */
static void assert_lookup(const struct xfs_ifork *ifp, xfs_fileoff_t off)
{
	unsigned int i = model_find(off), before = model_n;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	while (before > 0 && model[before - 1].br_startoff >= off)
		before--;
	if (xfs_iext_lookup_extent(ifp, off, &cur, &got)) {
		assert_rec(&got, &model[i]);
		assert_int_equal(xfs_iext_peek_next_extent(ifp, &cur, &got), i + 1 < model_n);
		if (i + 1 < model_n)
			assert_rec(&got, &model[i + 1]);
	} else {
		assert_int_equal(i, model_n);
		assert_false(xfs_iext_get_extent(ifp, &cur, &got));
		assert_false(xfs_iext_next_extent(ifp, &cur, &got));
	}
	assert_int_equal(xfs_iext_peek_prev_extent(ifp, &cur, &got), i > 0);
	if (i > 0)
		assert_rec(&got, &model[i - 1]);

	assert_int_equal(xfs_iext_lookup_extent_before(ifp, off, &cur, &got), before > 0);
	if (before > 0)
		assert_rec(&got, &model[before - 1]);
}

static struct xfs_bmbt_irec random_rec(xfs_fileoff_t start, xfs_filblks_t len)
{
	struct xfs_bmbt_irec rec = {
		.br_startoff = start,
		.br_startblock = rng(4) ? rng(1ull << 31) << 21 | rng(1u << 21)
					: nullstartblock(rng(40000)),
		.br_blockcount = len,
		.br_state = XFS_EXT_NORM,
	};

	if (!isnullstartblock(rec.br_startblock) && rng(2))
		rec.br_state = XFS_EXT_UNWRITTEN;
	return rec;
}

/* One random change of map and model at once. */
static void random_step(struct xfs_ifork *ifp, xfs_fileoff_t space, unsigned int grow_percent)
{
	xfs_fileoff_t off = rng(space);
	unsigned int i = model_find(off);
	bool covered = i < model_n && model[i].br_startoff <= off;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got, rec;
	uint32_t seq = ifp->if_seq;
	bool any = xfs_iext_lookup_extent(ifp, off, &cur, &got);

	assert_int_equal(any, i < model_n);
	if (rng(100) < grow_percent) {
		if (!covered) {
			uint64_t room = i < model_n ? model[i].br_startoff - off : space - off;

			rec = random_rec(off, 1 + rng(room < 5 ? room : 5));
			assert_int_equal(xfs_iext_insert(&mount, ifp, &cur, &rec, NULL), 0);
			model_insert(i, &rec);
		} else {
			/* Split it in the middle, as the conversion of a part does. */
			rec = got;
			if (got.br_blockcount < 3)
				return;
			rec.br_blockcount = 1;
			xfs_iext_update(ifp, &cur, &rec);
			model[i] = rec;
			for (unsigned int k = 1; k < 3; k++) {
				rec = random_rec(got.br_startoff + k, 1);
				xfs_iext_next_extent(ifp, &cur, &got);
				assert_int_equal(xfs_iext_insert(&mount, ifp, &cur, &rec, NULL), 0);
				model_insert(i + k, &rec);
				got = model[i];
			}
		}
	} else if (any) {
		unsigned int run = 1 + (unsigned int)rng(rng(20) ? 3 : 200);

		if (rng(3) == 0) {
			/* Move its start or end a little, within its own range. */
			rec = random_rec(got.br_startoff + rng(got.br_blockcount), 1);
			xfs_iext_update(ifp, &cur, &rec);
			model[i] = rec;
		} else {
			while (run-- && i < model_n) {
				assert_true(xfs_iext_get_extent(ifp, &cur, &got));
				assert_rec(&got, &model[i]);
				xfs_iext_remove(&mount, ifp, &cur);
				model_remove(i);
			}
		}
	} else {
		return;
	}
	assert_int_not_equal(seq, ifp->if_seq);
	/* The cursor came along. */
	if (xfs_iext_get_extent(ifp, &cur, &got))
		assert_rec(&got, &model[model_find(got.br_startoff)]);
}

static void test_random_ops(void **state)
{
	static const struct {
		xfs_fileoff_t space;
		unsigned int grow, steps;
	} phases[] = {
		{40, 50, 3000},	   {300, 60, 5000},	{20000, 95, 6000}, {20000, 40, 3000},
		{1ull << 40, 90, 6000}, {1ull << 40, 20, 4000}, {1ull << 53, 80, 4000}, {60, 5, 3000},
	};

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		struct xfs_ifork fork = {0};

		rng_state = SEED + round;
		print_message("seed %u\n", SEED + round);
		model_n = 0;
		for (unsigned int p = 0; p < ARRAY_SIZE(phases); p++) {
			for (unsigned int s = 0; s < phases[p].steps; s++) {
				if (model_n > MODEL_MAX - 10)
					break;
				random_step(&fork, phases[p].space, phases[p].grow);
				assert_lookup(&fork, rng(phases[p].space));
				if (s % 50 == 0)
					assert_same(&fork);
			}
			assert_same(&fork);
			/* Drop a random half so that the tree both grows and shrinks. */
			for (unsigned int i = model_n / 2; i > 0; i--) {
				unsigned int at = (unsigned int)rng(model_n);
				struct xfs_iext_cursor cur;
				struct xfs_bmbt_irec got;

				assert_true(xfs_iext_lookup_extent(&fork, model[at].br_startoff,
								   &cur, &got));
				xfs_iext_remove(&mount, &fork, &cur);
				model_remove(at);
			}
			assert_same(&fork);
		}
		xfs_iext_destroy(&mount, &fork);
		assert_int_equal(xfs_iext_count(&fork), 0);
	}
}

/* Offsets beyond everything, at 0, and the largest values of each field. */
static void test_extremes(void **state)
{
	struct xfs_bmbt_irec rec = {.br_startoff = (1ull << 54) - 1,
				    .br_startblock = (1ull << 51) - 1,
				    .br_blockcount = XFS_MAX_BMBT_EXTLEN,
				    .br_state = XFS_EXT_UNWRITTEN}, got;
	struct xfs_iext_cursor cur;
	struct xfs_ifork fork = {0};

	(void)state;
	assert_false(xfs_iext_first_extent(&fork, &cur, &got));
	assert_false(xfs_iext_last_extent(&fork, &cur, &got));
	assert_false(xfs_iext_lookup_extent(&fork, 0, &cur, &got));
	assert_int_equal(xfs_iext_insert(&mount, &fork, &cur, &rec, NULL), 0);
	assert_int_equal(xfs_iext_memory(&fork), 0);
	assert_true(xfs_iext_lookup_extent(&fork, 0, &cur, &got));
	assert_rec(&got, &rec);
	assert_true(xfs_iext_lookup_extent(&fork, XFS_MAX_FILEOFF - 1, &cur, &got));
	assert_false(xfs_iext_lookup_extent(&fork, XFS_MAX_FILEOFF, &cur, &got));

	rec = (struct xfs_bmbt_irec){0, nullstartblock(0), 1, XFS_EXT_NORM};
	assert_true(xfs_iext_lookup_extent(&fork, 0, &cur, &got));
	assert_int_equal(xfs_iext_insert(&mount, &fork, &cur, &rec, NULL), 0);
	assert_true(xfs_iext_first_extent(&fork, &cur, &got));
	assert_true(isnullstartblock(got.br_startblock));
	assert_int_equal(startblockval(got.br_startblock), 0);
	got.br_startblock = nullstartblock(130000);
	xfs_iext_update(&fork, &cur, &got);
	assert_true(xfs_iext_get_extent(&fork, &cur, &got));
	assert_int_equal(startblockval(got.br_startblock), 130000);
	assert_false(xfs_iext_lookup_extent_before(&fork, 0, &cur, &got));
	assert_true(xfs_iext_lookup_extent_before(&fork, 1ull << 53, &cur, &got));
	assert_int_equal(got.br_startoff, 0);
	xfs_iext_destroy(&mount, &fork);
}

static void insert_at(struct xfs_ifork *ifp, xfs_fileoff_t off)
{
	struct xfs_bmbt_irec rec = {off, off + 7, 1, XFS_EXT_NORM}, got;
	struct xfs_iext_cursor cur;

	xfs_iext_lookup_extent(ifp, off, &cur, &got);
	assert_int_equal(xfs_iext_insert(&mount, ifp, &cur, &rec, NULL), 0);
}

/*
 * Memory per extent: at most 18 bytes when records come in order, from either end or
 * into a gap; at most 32 for any order.
 */
static void test_memory(void **state)
{
	const unsigned int n = 200000;
	static const char *const names[] = {"ascending", "descending", "into a gap", "random"};

	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct xfs_ifork fork = {0};
		double each;

		rng_state = SEED;
		if (kind == 2) {
			for (unsigned int i = 0; i < 100; i++)
				insert_at(&fork, i * 1000000ull);
		}
		for (uint64_t i = 0; i < n; i++) {
			uint64_t off = i * 2;

			if (kind == 1)
				off = (n - i) * 2;
			else if (kind == 2)
				off += 50000001;
			else if (kind == 3)
				off = i * 2654435761u % (1u << 31) * 2;
			insert_at(&fork, off);
		}
		each = (double)xfs_iext_memory(&fork) / n;
		print_message("%s: %.1f bytes per extent, height %u\n", names[kind], each,
			      fork.if_height);
		assert_null(xfs_iext_verify(&fork));
		assert_true(each <= (kind == 3 ? 32.0 : 18.0));

		/* Thin it out to a fifth: the memory follows. */
		for (unsigned int left = n; left > n / 5;) {
			struct xfs_iext_cursor cur;
			struct xfs_bmbt_irec got;

			if (!xfs_iext_lookup_extent(&fork, rng(1u << 31) * 2, &cur, &got))
				xfs_iext_first_extent(&fork, &cur, &got);
			for (unsigned int k = 0; k < 100 && left > n / 5; k++) {
				if (!xfs_iext_get_extent(&fork, &cur, &got))
					break;
				xfs_iext_remove(&mount, &fork, &cur);
				left--;
				if (!xfs_iext_next_extent(&fork, &cur, &got))
					break;
			}
		}
		assert_null(xfs_iext_verify(&fork));
		each = (double)xfs_iext_memory(&fork) / (double)xfs_iext_count(&fork);
		print_message("  thinned out: %.1f\n", each);
		assert_true(each <= 45.0);
		xfs_iext_destroy(&mount, &fork);
	}
}

/* A million records are appended at the end and removed from it. */
static void test_bulk(void **state)
{
	const uint64_t n = 1000000;
	struct xfs_bmbt_irec rec = {0, 1000, 1, XFS_EXT_NORM}, got;
	struct xfs_ifork fork = {0};
	struct xfs_iext_cursor cur;

	(void)state;
	xfs_iext_end(&fork, &cur);
	for (uint64_t i = 0; i < n; i++) {
		rec.br_startoff = i * 2;
		assert_int_equal(xfs_iext_insert(&mount, &fork, &cur, &rec, NULL), 0);
		xfs_iext_next_extent(&fork, &cur, &got);
	}
	assert_null(xfs_iext_verify(&fork));
	assert_int_equal(xfs_iext_count(&fork), n);
	for (uint64_t i = n; i-- > 0;) {
		assert_true(xfs_iext_last_extent(&fork, &cur, &got));
		assert_int_equal(got.br_startoff, i * 2);
		xfs_iext_remove(&mount, &fork, &cur);
	}
	assert_int_equal(xfs_iext_memory(&fork), 0);
	xfs_iext_destroy(&mount, &fork);
}

/* What was reserved cannot fail: every pair of insertions, with no memory left. */
static void test_reserve(void **state)
{
	(void)state;
	rng_state = SEED;
	for (unsigned int pairs = 1; pairs < 3; pairs++) {
		struct xfs_ifork fork = {0};

		for (unsigned int i = 0; i < 20000; i++) {
			struct xfs_iext_spare spare = {0};
			uint64_t off = rng(1u << 20) * 4;
			struct xfs_iext_cursor cur;
			struct xfs_bmbt_irec got, rec = {off, 7, 1, XFS_EXT_NORM};
			bool before = rng(2);

			if (xfs_iext_lookup_extent(&fork, off, &cur, &got) &&
			    got.br_startoff < off + 2) {
				continue;
			}
			if (!before && !xfs_iext_prev_extent(&fork, &cur, &got))
				before = true;
			assert_int_equal(xfs_iext_reserve(&mount, &fork, &cur, pairs, &spare), 0);
			xfs_mem_fail_at(1, true);
			/* In front of the cursor's record, or one by one behind it. */
			if (!before)
				xfs_iext_next_extent(&fork, &cur, &got);
			for (unsigned int k = 0; k < pairs; k++) {
				rec.br_startoff = off + k;
				assert_int_equal(xfs_iext_insert(&mount, &fork, &cur, &rec, &spare),
						 0);
				xfs_iext_next_extent(&fork, &cur, &got);
			}
			assert_false(xfs_mem_fail_met());
			xfs_iext_unreserve(&mount, &spare);
		}
		assert_null(xfs_iext_verify(&fork));
		assert_true(xfs_iext_count(&fork) > 15000);
		xfs_iext_destroy(&mount, &fork);
	}
}

/* An insertion that cannot get memory changes nothing. */
static void test_no_memory(void **state)
{
	struct xfs_ifork fork = {0};
	unsigned int failures = 0, least = 0;

#ifdef XFSWRITE_DEBUG
	least = 51;
#endif
	(void)state;
	rng_state = SEED;
	model_n = 0;
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t off = rng(1u << 20) * 2;
		unsigned int at = model_find(off);
		struct xfs_bmbt_irec rec = {off, 5, 1, XFS_EXT_NORM}, got;
		struct xfs_iext_cursor cur;

		if (at < model_n && model[at].br_startoff == off)
			continue;
		for (unsigned int nth = 1;; nth++) {
			int error;

			xfs_iext_lookup_extent(&fork, off, &cur, &got);
			xfs_mem_fail_at(nth, false);
			error = xfs_iext_insert(&mount, &fork, &cur, &rec, NULL);
			if (!xfs_mem_fail_met()) {
				assert_int_equal(error, 0);
				break;
			}
			assert_int_equal(error, -ENOMEM);
			failures++;
			assert_same(&fork);
		}
		model_insert(at, &rec);
	}
	assert_same(&fork);
	/* Without fault points no call ever fails. */
	assert_true(failures >= least);
	xfs_iext_destroy(&mount, &fork);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extremes), cmocka_unit_test(test_random_ops),
		cmocka_unit_test(test_memory),	 cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_reserve),	 cmocka_unit_test(test_no_memory),
	};

	xfs_mem_init(&mount.m_mem, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
