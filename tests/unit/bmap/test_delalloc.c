/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is promised, carried and given back adds up at every moment, and the worst
 * case reckoned for the tree is the kernel's.
 *
 * Method: reservations seen on kernel mounts; merging and splitting by hand;
 * seeded promises and punches against one bit per block, with the free
 * counter checked against the sum of the records after each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "bmap/bmap.h"
#include "core/counter.h"
#include "support/test_inode.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

#define FREE_BLOCKS	1000000

struct fixture {
	struct xfs_mount *mp;
	struct xfs_inode *ip;
};

static int set_up(void **state, uint32_t blocksize, bool nrext64)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct xfs_sb sb = test_sb(blocksize, 65536, 2);

	if (!nrext64)
		sb.sb_features_incompat &= ~XFS_SB_FEAT_INCOMPAT_NREXT64;
	f->mp = test_mount_new(&sb);
	f->mp->m_fdblocks = FREE_BLOCKS;
	f->mp->m_set_aside = 0;
	/* A full reserve pool: what is given back goes to the counter. */
	f->mp->m_resblks_avail = XFS_RESBLKS_MAX;
	f->ip = test_inode_new(f->mp, 131, S_IFREG | 0644);
	xfs_ilock_excl(f->ip);
	*state = f;
	return 0;
}

static int set_up_4k(void **state)
{
	return set_up(state, 4096, true);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(xfs_bmap_punch_delalloc_range(f->ip, XFS_DATA_FORK, 0, XFS_MAX_FILEOFF),
			 0);
	if (f->ip->i_cowfp)
		assert_int_equal(xfs_bmap_punch_delalloc_range(f->ip, XFS_COW_FORK, 0,
							       XFS_MAX_FILEOFF), 0);
	assert_int_equal(f->ip->i_delayed_blks, 0);
	assert_int_equal(f->mp->m_delalloc_blocks, 0);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS);
	xfs_iunlock_excl(f->ip);
	test_inode_free(f->ip);
	test_mount_free(f->mp);
	free(f);
	return 0;
}

static void test_worst_case(void **state)
{
	static const struct {
		bool nrext64;
		unsigned int ind[8];
	} cases[] = {
		{true, {7, 7, 8, 9, 11, 15, 23, 39}},
		{false, {5, 5, 6, 7, 9, 13, 21, 37}},
	};
	static const unsigned int len[8] = {1, 251, 252, 512, 1024, 2048, 4096, 8192};

	for (unsigned int c = 0; c < 2; c++) {
		struct fixture *f;

		set_up(state, 4096, cases[c].nrext64);
		f = *state;
		for (unsigned int i = 0; i < 8; i++)
			assert_int_equal(xfs_bmap_worst_indlen(f->ip, len[i]), cases[c].ind[i]);
		assert_int_equal(xfs_bmap_add_blocks(f->mp, XFS_DATA_FORK), cases[c].ind[0] - 1);
		tear_down(state);
	}
	/* Blocks of 1 KiB: 10 levels, 59 per block. */
	set_up(state, 1024, true);
	assert_int_equal(xfs_bmap_worst_indlen(((struct fixture *)*state)->ip, 59), 10);
	assert_int_equal(xfs_bmap_worst_indlen(((struct fixture *)*state)->ip, 60), 2 + 9);
	/* The longest extent's reservation fits into the record. */
	assert_true(xfs_bmap_worst_indlen(((struct fixture *)*state)->ip, XFS_MAX_BMBT_EXTLEN) <
		    XFS_STARTBLOCKVAL_MASK - 1);
	tear_down(state);
}

static void expect(struct fixture *f, enum xfs_fork_id whichfork, xfs_fileoff_t off,
		   xfs_filblks_t len, unsigned int indlen)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	assert_true(xfs_iext_lookup_extent(xfs_ifork_ptr(f->ip, whichfork), off, &cur, &got));
	assert_int_equal(got.br_startoff, off);
	assert_int_equal(got.br_blockcount, len);
	assert_true(isnullstartblock(got.br_startblock));
	assert_int_equal(startblockval(got.br_startblock), indlen);
}

static void reserve(struct fixture *f, xfs_fileoff_t off, xfs_filblks_t len,
		    xfs_filblks_t prealloc)
{
	struct xfs_bmbt_irec got;

	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, off, len, prealloc, &got),
			 0);
	assert_true(got.br_startoff <= off && got.br_startoff + got.br_blockcount >= off + len);
}

static void punch(struct fixture *f, xfs_fileoff_t off, xfs_fileoff_t end)
{
	assert_int_equal(xfs_bmap_punch_delalloc_range(f->ip, XFS_DATA_FORK, off, end), 0);
}

/* In front, behind, between; what is too much goes back. */
static void test_merging(void **state)
{
	struct fixture *f = *state;

	reserve(f, 100, 1, 0);
	expect(f, XFS_DATA_FORK, 100, 1, 7);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 8);
	reserve(f, 101, 251, 0);
	expect(f, XFS_DATA_FORK, 100, 252, 8);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 252 - 8);
	reserve(f, 90, 10, 0);
	expect(f, XFS_DATA_FORK, 90, 262, 8);
	reserve(f, 0, 89, 0);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 262 - 8 - 89 - 7);
	/* Filling the gap gives more back than it takes. */
	reserve(f, 89, 1, 0);
	expect(f, XFS_DATA_FORK, 0, 352, 8);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 352 - 8);
	assert_int_equal(f->ip->i_delayed_blks, 352);
	assert_int_equal(xfs_iext_count(&f->ip->i_df), 1);
	assert_int_equal(f->ip->i_df.if_nextents, 0);
}

/* A promise ends at the next extent, and at the longest extent. */
static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct xfs_bmbt_irec got;

	reserve(f, 1000, 1, 0);
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, 10, 5, 5000, &got), 0);
	/* Up to the neighbour, and so one with it. */
	expect(f, XFS_DATA_FORK, 10, 991, 8 + 2);
	assert_true(xfs_iflags_test(f->ip, XFS_IF_EOFBLOCKS));
	punch(f, 0, 2000);
	f->mp->m_fdblocks += 10000000;
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, 0, 5000000, 0, &got), 0);
	expect(f, XFS_DATA_FORK, 0, XFS_MAX_BMBT_EXTLEN,
	       (unsigned int)xfs_bmap_worst_indlen(f->ip, XFS_MAX_BMBT_EXTLEN));
	/* It is full: the next is one of its own. */
	reserve(f, XFS_MAX_BMBT_EXTLEN, 1, 0);
	expect(f, XFS_DATA_FORK, XFS_MAX_BMBT_EXTLEN, 1, 7);
	punch(f, 0, XFS_MAX_FILEOFF);
	f->mp->m_fdblocks -= 10000000;
	/* Nothing is promised where something is. */
	reserve(f, 5, 5, 0);
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, 7, 1, 0, &got), -EINVAL);
}

static void test_no_space(void **state)
{
	struct fixture *f = *state;
	struct xfs_bmbt_irec got;

	f->mp->m_fdblocks = 107;
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, 0, 256, 0, &got),
			 -ENOSPC);
	assert_int_equal(xfs_iext_count(&f->ip->i_df), 0);
	assert_int_equal(f->mp->m_fdblocks, 107);
	/* All or nothing, but the preallocation is given up. */
	reserve(f, 0, 100, 16);
	expect(f, XFS_DATA_FORK, 0, 100, 7);
	assert_false(xfs_iflags_test(f->ip, XFS_IF_EOFBLOCKS));
	assert_int_equal(f->mp->m_fdblocks, 0);
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_DATA_FORK, 200, 1, 0, &got),
			 -ENOSPC);
	punch(f, 0, 100);
	assert_int_equal(f->mp->m_fdblocks, 107);
	f->mp->m_fdblocks = FREE_BLOCKS;
}

static void test_punching(void **state)
{
	struct fixture *f = *state;

	reserve(f, 0, 1000, 0);
	expect(f, XFS_DATA_FORK, 0, 1000, 10);
	/* Head and tail. */
	punch(f, 0, 100);
	expect(f, XFS_DATA_FORK, 100, 900, 10);
	punch(f, 604, 2000);
	expect(f, XFS_DATA_FORK, 100, 504, 9);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 504 - 9);
	/* Middle: both need 7, the punched blocks pay for what 9 does not. */
	punch(f, 200, 300);
	expect(f, XFS_DATA_FORK, 100, 100, 7);
	expect(f, XFS_DATA_FORK, 300, 304, 8);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 404 - 15);
	/* One block does not pay for all: 8 + 1 are shared by two that want 7 each. */
	punch(f, 400, 401);
	expect(f, XFS_DATA_FORK, 300, 100, 5);
	expect(f, XFS_DATA_FORK, 401, 203, 4);
	assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - 403 - 16);
	/* And again, down to almost nothing. */
	punch(f, 450, 451);
	expect(f, XFS_DATA_FORK, 401, 49, 3);
	expect(f, XFS_DATA_FORK, 451, 153, 2);
	punch(f, 0, 1000);
	assert_int_equal(xfs_iext_count(&f->ip->i_df), 0);
}

/* Promises in the CoW fork follow the hint. */
static void test_cow(void **state)
{
	struct fixture *f = *state;
	struct xfs_bmbt_irec got;

	assert_int_equal(xfs_ifork_init_cow(f->ip), 0);
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_COW_FORK, 0x64, 1, 0, &got), 0);
	expect(f, XFS_COW_FORK, 0x60, 0x20, 7);
	f->ip->i_diflags2 |= XFS_DIFLAG2_COWEXTSIZE;
	f->ip->i_cowextsize = 4;
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_COW_FORK, 0x85, 1, 0, &got), 0);
	expect(f, XFS_COW_FORK, 0x84, 4, 7);
	/* Without room for the hint it is left away. */
	f->mp->m_fdblocks -= FREE_BLOCKS - 100;
	f->ip->i_cowextsize = 128;
	assert_int_equal(xfs_bmapi_reserve_delalloc(f->ip, XFS_COW_FORK, 0x205, 2, 0, &got), 0);
	expect(f, XFS_COW_FORK, 0x205, 2, 7);
	f->mp->m_fdblocks += FREE_BLOCKS - 100;
}

#define SPACE 3000

static void test_random(void **state)
{
	static const uint32_t blocksizes[] = {1024, 4096};
	static bool bits[SPACE];

	for (unsigned int b = 0; b < 2; b++) {
		struct xfs_rand r = test_rand(1 + b);
		struct fixture *f;

		set_up(state, blocksizes[b], b == 0);
		f = *state;
		memset(bits, 0, sizeof(bits));
		for (unsigned int step = 0; step < 6000; step++) {
			xfs_fileoff_t off = xfs_rand_below(&r, SPACE);
			xfs_filblks_t len = 1 + xfs_rand_below(&r, xfs_rand_below(&r, 4) ? 8 : 300);
			struct xfs_iext_cursor cur;
			struct xfs_bmbt_irec got;
			uint64_t promised = 0, blocks = 0;

			len = XFS_MIN(len, SPACE - off);
			if (xfs_rand_below(&r, 2) && !bits[off]) {
				xfs_filblks_t want = 0;

				while (want < len && !bits[off + want])
					want++;
				reserve(f, off, want, 0);
				memset(&bits[off], 1, want);
			} else {
				punch(f, off, off + len);
				memset(&bits[off], 0, len);
			}

			for_each_xfs_iext(&f->ip->i_df, &cur, &got) {
				promised += got.br_blockcount + startblockval(got.br_startblock);
				blocks += got.br_blockcount;
				assert_true(startblockval(got.br_startblock) <=
					    xfs_bmap_worst_indlen(f->ip, got.br_blockcount));
				for (uint64_t i = 0; i < got.br_blockcount; i++)
					assert_true(bits[got.br_startoff + i]);
			}
			for (unsigned int i = 0; i < SPACE; i++)
				blocks -= bits[i];
			assert_int_equal(blocks, 0);
			assert_int_equal(f->mp->m_fdblocks, FREE_BLOCKS - promised);
			assert_int_equal(f->mp->m_delalloc_blocks, promised);
		}
		tear_down(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worst_case),
		cmocka_unit_test_setup_teardown(test_merging, set_up_4k, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up_4k, tear_down),
		cmocka_unit_test_setup_teardown(test_no_space, set_up_4k, tear_down),
		cmocka_unit_test_setup_teardown(test_punching, set_up_4k, tear_down),
		cmocka_unit_test_setup_teardown(test_cow, set_up_4k, tear_down),
		cmocka_unit_test(test_random),
	};

	test_seed_init(20240612);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
