/* SPDX-License-Identifier: MIT */
/*
 * Goal: blocks are taken where the caller wants them: small files side by side, an
 * appended file where it ends, aligned, in bounds, in the AG asked for, and never
 * those that must stay; what is freed wrongly is refused.
 * Method: requests on a freshly formatted file system, whose free space is known.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <xfswrite/mkfs.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "ag/alloc.h"
#include "core/counter.h"
#include "core/message.h"
#include "support/ag_walk.h"
#include "support/test_mount.h"

static struct xfs_mount *mp;

static int set_up(void **state)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .agcount = 4, .log_size = 8 << 20,
	};

	(void)state;
	mp = test_mount_mkfs(256 << 20, &opts);
	return 0;
}

/* Every test leaves AGs that hold together. */
static int tear_down(void **state)
{
	(void)state;
	test_mount_settle(mp);
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct ag_walk w;

		ag_walk(mp->m_dev, &mp->m_geo, agno, &w);
		assert_string_equal(w.error, "");
		ag_walk_free(&w);
	}
	test_mount_free(mp);
	return 0;
}

static xfs_fsblock_t fsb(xfs_agnumber_t agno, xfs_agblock_t agbno)
{
	return XFS_AGB_TO_FSB(&mp->m_geo, agno, agbno);
}

static struct xfs_alloc_arg request(xfs_fsblock_t target, xfs_extlen_t minlen, xfs_extlen_t maxlen)
{
	return (struct xfs_alloc_arg){
		.target = target, .minlen = minlen, .maxlen = maxlen,
		.flags = XFS_ALLOC_USERDATA, .oinfo = xfs_owner_file(128, false, 0, false),
	};
}

static void run(struct xfs_alloc_arg *args)
{
	static uint64_t offset;
	unsigned int held;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, args->maxlen, 0, &args->tp), 0);
	/* Files of their own: nothing merges. */
	args->oinfo.oi_offset = offset += 100000;
	held = xfs_lock_order_held();
	assert_int_equal(xfs_alloc_vextent(args), 0);
	/* (ALLOC-1) Whatever was looked at, no AG stays locked. */
	assert_int_equal(xfs_lock_order_held(), held);
	if (args->fsbno == NULLFSBLOCK)
		assert_false(xfs_trans_is_dirty(args->tp));
	assert_int_equal(xfs_trans_commit(args->tp), 0);
}

static xfs_fsblock_t take(xfs_fsblock_t target, xfs_extlen_t len)
{
	struct xfs_alloc_arg args = request(target, len, len);

	run(&args);
	return args.fsbno;
}

static int release(xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	struct xfs_trans *tp;
	int error;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	error = xfs_free_extent(tp, fsbno, len, &oinfo, XFS_AG_RESV_NONE);
	if (error)
		assert_false(xfs_trans_is_dirty(tp));
	assert_int_equal(xfs_trans_commit(tp), 0);
	return error;
}

/* Blocks without records in the reverse map, which tests may free as they like. */
static xfs_fsblock_t take_bare(xfs_fsblock_t target, xfs_extlen_t len)
{
	struct xfs_alloc_arg args = request(target, len, len);

	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	run(&args);
	return args.fsbno;
}

static void test_small_files_lie_side_by_side(void **state)
{
	xfs_fsblock_t last = take(fsb(1, 7), 1);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		xfs_fsblock_t next = take(fsb(1, 7), 1);

		assert_int_equal(next, last + 1);
		last = next;
	}
	/* The same where the home AG is full: they follow each other in the next one. */
	while (take(fsb(1, 7), 1000) != NULLFSBLOCK && xfs_perag_get(mp, 1)->pag_longest >= 1000)
		;
	last = take(fsb(1, 7), 400);
	assert_int_not_equal(XFS_FSB_TO_AGNO(&mp->m_geo, last), 1);
	for (int i = 0; i < 10; i++) {
		xfs_fsblock_t next = take(fsb(1, 7), 400);

		assert_int_equal(next, last + 400);
		last = next;
	}
}

static void test_exact(void **state)
{
	struct xfs_alloc_arg args = request(fsb(2, 3000), 1, 10);

	(void)state;
	args.flags |= XFS_ALLOC_EXACT;
	run(&args);
	assert_int_equal(args.fsbno, fsb(2, 3000));
	assert_int_equal(args.len, 10);
	args.maxlen = 10;
	run(&args);
	assert_int_equal(args.fsbno, NULLFSBLOCK);
	/* Nine free blocks in front of it: as many as there are, or none. */
	args = request(fsb(2, 2991), 1, 20);
	args.flags |= XFS_ALLOC_EXACT;
	run(&args);
	assert_int_equal(args.len, 9);
	assert_int_equal(release(NULLFSBLOCK, 9), -EUCLEAN);
	args = request(fsb(2, 2980), 12, 20);
	args.flags |= XFS_ALLOC_EXACT;
	run(&args);
	assert_int_equal(args.fsbno, NULLFSBLOCK);
}

/* Free space in pieces around a target in AG 3: [1000,+len[0]), [1100,+len[1]) ... */
static void comb(const uint32_t *lens, unsigned int n)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 3);

	take_bare(fsb(3, 900), pag->pag_longest > 10000 ? 10000 : 1);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(release(fsb(3, 1000 + 100 * i), lens[i]), 0);
}

static void test_near(void **state)
{
	static const uint32_t lens[] = { 8, 3, 2, 50, 4, 8, 90 };

	(void)state;
	comb(lens, ARRAY_SIZE(lens));
	/* The nearest that is long enough; data at the start of what lies before. */
	assert_int_equal(take_bare(fsb(3, 1250), 4), fsb(3, 1300));
	assert_int_equal(take_bare(fsb(3, 1250), 3), fsb(3, 1304));
	assert_int_equal(take_bare(fsb(3, 1250), 2), fsb(3, 1200));
	assert_int_equal(take_bare(fsb(3, 1090), 3), fsb(3, 1100));
	assert_int_equal(take_bare(fsb(3, 1150), 8), fsb(3, 1000));
	/* In the middle of a free extent: from there on, or so that it fits. */
	assert_int_equal(take_bare(fsb(3, 1620), 10), fsb(3, 1620));
	assert_int_equal(take_bare(fsb(3, 1685), 10), fsb(3, 1680));
	assert_int_equal(take_bare(fsb(3, 1511), 8), fsb(3, 1500));
}

static void test_metadata_lies_close(void **state)
{
	static const uint32_t lens[] = { 8, 3, 2, 50 };
	struct xfs_alloc_arg args;

	(void)state;
	comb(lens, ARRAY_SIZE(lens));
	args = request(fsb(3, 1090), 2, 2);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.flags = 0;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1100));
	args = request(fsb(3, 1050), 2, 2);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.flags = 0;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1006));
}

/* Far from the target there is room, around it only crumbs. */
static void test_crumbled_neighbourhood(void **state)
{
	(void)state;
	take_bare(fsb(3, 900), 10000);
	for (xfs_agblock_t b = 1000; b < 9000; b += 4)
		assert_int_equal(release(fsb(3, b), 2), 0);
	assert_int_equal(release(fsb(3, 9100), 30), 0);
	assert_int_equal(take_bare(fsb(3, 5000), 2), fsb(3, 5000));
	assert_int_equal(take_bare(fsb(3, 5000), 30), fsb(3, 9100));
	assert_int_equal(take_bare(fsb(3, 5001), 2), fsb(3, 5004));
	assert_int_equal(take_bare(fsb(3, 5001), 2), fsb(3, 4996));
}

static void test_by_size(void **state)
{
	static const uint32_t lens[] = { 8, 3, 12, 50, 12 };
	struct xfs_alloc_arg args;

	(void)state;
	comb(lens, ARRAY_SIZE(lens));
	args = request(fsb(3, 5000), 9, 9);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.flags |= XFS_ALLOC_BY_SIZE;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1200));
	args = request(fsb(3, 5000), 3, 3);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.flags |= XFS_ALLOC_BY_SIZE;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1100));
}

static void test_alignment_and_bounds(void **state)
{
	static const uint32_t lens[] = { 40, 40, 40, 40, 40, 40 };
	struct xfs_alloc_arg args;

	(void)state;
	comb(lens, ARRAY_SIZE(lens));
	/* [1100,1140) holds 1120 and 16 behind; so does 1200 with 1216. */
	args = request(fsb(3, 1110), 16, 16);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.alignment = 16;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1120));
	args = request(fsb(3, 1110), 16, 16);
	args.oinfo.oi_owner = XFS_RMAP_SKIP;
	args.alignment = 16;
	args.min_agbno = 1150;
	args.max_agbno = 1250;
	args.flags |= XFS_ALLOC_THIS_AG;
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1200));
	run(&args);
	assert_int_equal(args.fsbno, fsb(3, 1216));
	run(&args);
	assert_int_equal(args.fsbno, NULLFSBLOCK);
}

static void test_longest_that_is_left(void **state)
{
	struct xfs_alloc_arg args;
	xfs_extlen_t longest = 0;

	(void)state;
	/* More than any AG has: the longest there is, from the AG that has it. */
	args = request(fsb(0, 100), 1, mp->m_geo.agblocks);
	for (xfs_agnumber_t agno = 0; agno < 4; agno++)
		longest = XFS_MAX(longest, xfs_perag_get(mp, agno)->pag_longest);
	args.maxlen = mp->m_geo.agblocks - 1;
	run(&args);
	assert_int_not_equal(args.fsbno, NULLFSBLOCK);
	assert_true(args.len > longest / 10 * 9);
	/* Never less than asked for. */
	args = request(fsb(0, 100), longest + 1, longest + 1);
	run(&args);
	assert_int_equal(args.fsbno, NULLFSBLOCK);
}

/* (ALLOC-3) */
static void test_minleft_and_this_ag(void **state)
{
	struct xfs_alloc_arg args = request(fsb(2, 100), 1, 100);

	(void)state;
	args.flags |= XFS_ALLOC_THIS_AG;
	args.minleft = xfs_perag_get(mp, 2)->pag_freeblks;
	run(&args);
	assert_int_equal(args.fsbno, NULLFSBLOCK);
	args.minleft = 0;
	run(&args);
	assert_int_equal(XFS_FSB_TO_AGNO(&mp->m_geo, args.fsbno), 2);
	/* Nowhere in particular is somewhere. */
	args = request(NULLFSBLOCK, 1, 1);
	run(&args);
	assert_int_not_equal(args.fsbno, NULLFSBLOCK);
	args = request(fsb(9, 100), 1, 1);
	run(&args);
	assert_int_not_equal(args.fsbno, NULLFSBLOCK);
}

static void test_count_contiguous(void **state)
{
	uint32_t count;

	(void)state;
	assert_int_equal(xfs_alloc_count_contiguous(mp, 16, 50, &count), 0);
	assert_int_equal(count, 50);
	assert_int_equal(xfs_alloc_count_contiguous(mp, mp->m_geo.agblocks, 5, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(xfs_alloc_count_contiguous(mp, 8000, 100, &count), 0);
	assert_in_range(count, 4, 7);
}

static void test_freed_merges_with_neighbours(void **state)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 1);
	uint32_t freeblks = pag->pag_freeblks, longest = pag->pag_longest;
	xfs_fsblock_t at = take_bare(fsb(1, 2000), 30);

	(void)state;
	assert_int_equal(at, fsb(1, 2000));
	assert_int_equal(release(at + 10, 5), 0);	/* alone */
	assert_int_equal(release(at + 15, 5), 0);	/* behind one */
	assert_int_equal(release(at + 5, 5), 0);	/* before one */
	assert_int_equal(release(at, 5), 0);		/* between two */
	assert_int_equal(release(at + 20, 10), 0);
	assert_int_equal(pag->pag_freeblks, freeblks);
	assert_int_equal(pag->pag_longest, longest);
}

static void test_bad_frees(void **state)
{
	xfs_fsblock_t at = take_bare(fsb(1, 2000), 10);

	(void)state;
	assert_int_equal(release(at, 11), -EUCLEAN);	/* its end is free */
	assert_int_equal(release(at - 1, 5), -EUCLEAN);	/* its start is */
	assert_int_equal(release(at - 5, 30), -EUCLEAN);
	assert_int_equal(release(fsb(1, 5000), 1), -EUCLEAN);
	assert_int_equal(release(fsb(1, 0), 1), -EUCLEAN);
	assert_int_equal(release(at, 0), -EUCLEAN);
	assert_int_equal(release(fsb(1, mp->m_geo.agblocks - 1), 2), -EUCLEAN);
	assert_int_equal(release(fsb(7, 100), 1), -EUCLEAN);
	assert_int_equal(release(at, 10), 0);
	assert_int_equal(release(at, 10), -EUCLEAN);	/* twice */
}

static void test_delalloc_was_paid_for(void **state)
{
	struct xfs_alloc_arg args = request(fsb(1, 100), 5, 5);
	struct xfs_trans *tp;
	int64_t before = mp->m_fdblocks;

	(void)state;
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 3, 0, &tp), 0);
	args.tp = tp;
	args.flags |= XFS_ALLOC_DELALLOC;
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	assert_int_equal(args.len, 5);
	assert_int_equal(xfs_trans_blocks_left(tp), 3);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(mp->m_fdblocks, before);
}

static void test_free_later_happens_at_commit(void **state)
{
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	xfs_fsblock_t at = take_bare(fsb(1, 2000), 10);
	uint32_t freeblks = xfs_perag_get(mp, 1)->pag_freeblks;
	int64_t fdblocks = mp->m_fdblocks;
	struct xfs_trans *tp;

	(void)state;
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_free_extent_later(tp, at, 10, &oinfo, XFS_AG_RESV_NONE), 0);
	assert_int_equal(xfs_perag_get(mp, 1)->pag_freeblks, freeblks);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(xfs_perag_get(mp, 1)->pag_freeblks, freeblks + 10);
	assert_int_equal(mp->m_fdblocks, fdblocks + 10);
	/* A handle that is cancelled forgets it. */
	at = take_bare(fsb(1, 2000), 10);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_free_extent_later(tp, at, 10, &oinfo, XFS_AG_RESV_NONE), 0);
	xfs_trans_cancel(tp);
	assert_int_equal(xfs_perag_get(mp, 1)->pag_freeblks, freeblks);
	assert_false(xfs_is_shutdown(mp));
}

#ifdef XFSWRITE_THREADS
static void *allocate_and_free(void *arg)
{
	struct xfs_rand r;
	xfs_fsblock_t mine[200];
	xfs_extlen_t lens[200];
	unsigned int n = 0;

	xfs_rand_seed(&r, (uintptr_t)arg);
	for (int i = 0; i < 4000; i++) {
		struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
		struct xfs_trans *tp;

		if (xfs_trans_alloc_bytes(mp, 256u << 10, 8, 0, &tp))
			return "no handle";
		if (n < 200 && xfs_rand_below(&r, 5) > 1) {
			struct xfs_alloc_arg args = {
				.tp = tp, .target = fsb((xfs_agnumber_t)xfs_rand_below(&r, 4), 500),
				.minlen = 1, .maxlen = 8, .oinfo = oinfo,
			};

			if (xfs_alloc_vextent(&args) || args.fsbno == NULLFSBLOCK)
				return "no blocks";
			mine[n] = args.fsbno;
			lens[n++] = args.len;
		} else if (n) {
			unsigned int k = (unsigned int)xfs_rand_below(&r, n);

			if (xfs_free_extent(tp, mine[k], lens[k], &oinfo, XFS_AG_RESV_NONE))
				return "not freed";
			mine[k] = mine[--n];
			lens[k] = lens[n];
		}
		if (xfs_trans_commit(tp))
			return "no commit";
	}
	while (n--) {
		struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
		struct xfs_trans *tp;

		if (xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp) ||
		    xfs_free_extent(tp, mine[n], lens[n], &oinfo, XFS_AG_RESV_NONE) ||
		    xfs_trans_commit(tp))
			return "not freed at the end";
	}
	return NULL;
}

static void test_threads(void **state)
{
	int64_t before = mp->m_fdblocks;
	pthread_t threads[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free,
						(void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++) {
		void *result;

		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	assert_int_equal(mp->m_fdblocks, before);
}
#endif

/* (PERAG-1) Headers that were used once are not read again, however short the cache is. */
static void test_headers_stay_in_memory(void **state)
{
	struct xfs_perag *pag = xfs_perag_get(mp, 1);
	struct xfs_buf *agf, *agfl;

	(void)state;
	take(fsb(1, 100), 1);
	test_mount_settle(mp);
	agf = pag->pag_agf_bp;
	agfl = pag->pag_agfl_bp;
	xfs_buf_shrink(mp, 0);
	assert_ptr_equal(pag->pag_agf_bp, agf);
	assert_ptr_equal(pag->pag_agfl_bp, agfl);
	assert_true(agf->b_ref > 0 && !xfs_buf_flags_test(agf, XFS_BUF_UNHASHED));
	assert_true(agfl->b_ref > 0 && !xfs_buf_flags_test(agfl, XFS_BUF_UNHASHED));
	take(fsb(1, 100), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_small_files_lie_side_by_side),
		T(test_exact),
		T(test_near),
		T(test_metadata_lies_close),
		T(test_crumbled_neighbourhood),
		T(test_by_size),
		T(test_alignment_and_bounds),
		T(test_longest_that_is_left),
		T(test_minleft_and_this_ag),
		T(test_count_contiguous),
		T(test_freed_merges_with_neighbours),
		T(test_bad_frees),
		T(test_delalloc_was_paid_for),
		T(test_free_later_happens_at_commit),
		T(test_headers_stay_in_memory),
#ifdef XFSWRITE_THREADS
		T(test_threads),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
