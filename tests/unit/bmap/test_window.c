/* SPDX-License-Identifier: MIT */
/*
 * Goal: (BMAP-4) a map of which only a window is in memory is changed, and answers, as one that is in
 *       memory as a whole: mapping, unmapping, converting both ways, remapping, merging on both sides, at
 *       any place and at both ends; what is in memory stays small.  As it shrinks it is read as a
 *       whole, and becomes a list again.
 * Method: random changes in a fork of some thousand extents, beside a plain array of what each block of the
 *       file has; the whole map is read from time to time and held against the array, and against
 *       the tree on disk.  Debug builds compare each window with the tree before they drop it.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "bmap/bmap_priv.h"
#include "support/test_formatted.h"
#include "support/test_inode.h"
#include "support/test_seed.h"

#define FILE_BLOCKS	12000u
#define ROUNDS		12000u
#define IN_MEMORY	600u	/* extents of a window, at most */

/* What a block of the file has; 0: a hole. */
static xfs_fsblock_t where[FILE_BLOCKS];
static bool unwritten[FILE_BLOCKS];

static struct xfs_mount *mp;
static struct xfs_inode *ip;
static struct xfs_rand r;

static void must(int error)
{
	assert_int_equal(error, 0);
}

static struct xfs_trans *begin(void)
{
	struct xfs_trans *tp;

	must(xfs_trans_alloc_bytes(mp, 256u << 10, 64, 0, &tp));
	xfs_ilock_excl(ip);
	return tp;
}

static void end(struct xfs_trans *tp)
{
	if (ip->i_df.if_needextents && ip->i_df.if_window)
		assert_true(xfs_iext_count(&ip->i_df) <= IN_MEMORY);
	xfs_iunlock_excl(ip);
	must(xfs_trans_commit(tp));
}

static void note(const struct xfs_bmbt_irec *map)
{
	for (xfs_filblks_t i = 0; i < map->br_blockcount; i++) {
		where[map->br_startoff + i] = map->br_startblock + i;
		unwritten[map->br_startoff + i] = map->br_state == XFS_EXT_UNWRITTEN;
	}
}

static void write_some(xfs_fileoff_t off, xfs_filblks_t len, uint32_t flags)
{
	struct xfs_trans *tp = begin();
	struct xfs_bmbt_irec map;

	must(xfs_bmapi_write(tp, ip, off, len, flags, &map));
	assert_int_equal(map.br_startoff, off);
	assert_true(map.br_blockcount > 0 && map.br_blockcount <= len);
	for (xfs_filblks_t i = 0; i < map.br_blockcount; i++) {
		xfs_fsblock_t had = where[off + i];

		assert_true(!had || had == map.br_startblock + i);
		if (had)
			assert_int_equal(map.br_state == XFS_EXT_UNWRITTEN,
					 unwritten[off + i] && !(flags & XFS_BMAPI_CONVERT));
	}
	note(&map);
	end(tp);
}

static void unmap_some(xfs_fileoff_t off, xfs_filblks_t len)
{
	struct xfs_trans *tp = begin();
	bool done;

	must(xfs_bunmapi(tp, ip, off, len, 0, 1000, &done));
	assert_true(done);
	memset(&where[off], 0, len * sizeof(where[0]));
	end(tp);
}

/* What one extent has leaves it, and comes back in two pieces that become one with it again. */
static void take_out_and_back(xfs_fileoff_t off)
{
	xfs_filblks_t len = 1, first;
	struct xfs_trans *tp;
	bool done;

	while (len < 6 && off + len < FILE_BLOCKS && where[off + len] == where[off] + len &&
	       unwritten[off + len] == unwritten[off])
		len++;
	first = 1 + xfs_rand_below(&r, len);
	tp = begin();
	must(xfs_bunmapi(tp, ip, off, len, XFS_BMAPI_REMAP, 1000, &done));
	assert_true(done);
	must(xfs_bmapi_remap(tp, ip, off, first, where[off], unwritten[off]));
	if (first < len)
		must(xfs_bmapi_remap(tp, ip, off + first, len - first, where[off + first],
				     unwritten[off]));
	end(tp);
}

static void unconvert_some(xfs_fileoff_t off, xfs_filblks_t len)
{
	struct xfs_trans *tp = begin();

	must(xfs_bmap_unconvert(tp, ip, off, len));
	for (xfs_filblks_t i = 0; i < len; i++)
		unwritten[off + i] = true;
	end(tp);
}

static void check_map(const struct xfs_bmbt_irec *map)
{
	bool hole = map->br_startblock == XFS_HOLESTARTBLOCK;

	for (xfs_filblks_t i = 0; i < map->br_blockcount; i++) {
		assert_int_equal(where[map->br_startoff + i], hole ? 0 : map->br_startblock + i);
		if (!hole)
			assert_int_equal(unwritten[map->br_startoff + i],
					 map->br_state == XFS_EXT_UNWRITTEN);
	}
}

static void read_some(xfs_fileoff_t off, xfs_filblks_t len)
{
	struct xfs_bmbt_irec maps[40];
	int n = (int)ARRAY_SIZE(maps);
	xfs_fileoff_t at = off;

	xfs_ilock_excl(ip);
	must(xfs_bmapi_read(ip, off, len, maps, &n, 0));
	xfs_iunlock_excl(ip);
	for (int i = 0; i < n; i++) {
		assert_int_equal(maps[i].br_startoff, at);
		check_map(&maps[i]);
		at = xfs_irec_end(&maps[i]);
	}
	assert_true(n == (int)ARRAY_SIZE(maps) || at == off + len);
}

static void find_some(xfs_fileoff_t off)
{
	struct xfs_bmbt_irec irec;
	xfs_fileoff_t at = off, behind;
	bool found, last;

	xfs_ilock_excl(ip);
	must(xfs_bmap_find_extent(ip, XFS_DATA_FORK, off, &irec, &found, &last));
	xfs_iunlock_excl(ip);
	while (at < FILE_BLOCKS && !where[at])
		at++;
	assert_int_equal(found, at < FILE_BLOCKS);
	if (!found)
		return;
	assert_int_equal(XFS_MAX(irec.br_startoff, off), at);
	check_map(&irec);
	for (behind = xfs_irec_end(&irec); behind < FILE_BLOCKS && !where[behind];)
		behind++;
	assert_int_equal(last, behind == FILE_BLOCKS);
}

static void check_end(void)
{
	xfs_fileoff_t last, at = FILE_BLOCKS;

	xfs_ilock_excl(ip);
	must(xfs_bmap_last_offset(ip, XFS_DATA_FORK, &last));
	xfs_iunlock_excl(ip);
	while (at && !where[at - 1])
		at--;
	assert_int_equal(last, at);
}

/* Against the array, and the tree on disk; then it is forgotten. */
static void check_whole(void)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	uint64_t blocks = 0, mapped = 0, records = 0;
	const char *wrong;

	xfs_ilock_excl(ip);
	must(xfs_iread_extents(ip, XFS_DATA_FORK));
	assert_false(ip->i_df.if_needextents);
	assert_null(ip->i_df.if_window);
	assert_null(xfs_iext_verify(&ip->i_df));
	for_each_xfs_iext(&ip->i_df, &cur, &irec) {
		check_map(&irec);
		mapped += irec.br_blockcount;
		records++;
	}
	assert_int_equal(records, ip->i_df.if_nextents);
	for (uint32_t i = 0; i < FILE_BLOCKS; i++)
		mapped -= where[i] != 0;
	assert_int_equal(mapped, 0);
	wrong = test_fork_compare(ip, XFS_DATA_FORK, &blocks);
	if (wrong)
		fail_msg("%s", wrong);
	xfs_bmap_forget_extents(ip, XFS_DATA_FORK, 0);
	assert_int_equal(ip->i_df.if_needextents, ip->i_df.if_nextents > XFS_BMAP_FEW_EXTENTS);
	xfs_iunlock_excl(ip);
}

static void step(void)
{
	xfs_fileoff_t off = xfs_rand_below(&r, FILE_BLOCKS - 8);
	xfs_filblks_t len = 1 + xfs_rand_below(&r, 4);

	/* At both ends more often than anywhere else. */
	if (xfs_rand_below(&r, 20) == 0)
		off = xfs_rand_below(&r, 2) ? xfs_rand_below(&r, 8) : FILE_BLOCKS - 16 + xfs_rand_below(&r, 8);
	switch (xfs_rand_below(&r, 8)) {
	case 0:
		write_some(off, len, 0);
		break;
	case 1:
		write_some(off, len, XFS_BMAPI_PREALLOC);
		break;
	case 2:
		write_some(off, len, XFS_BMAPI_CONVERT);
		break;
	case 3:
		unmap_some(off, xfs_rand_below(&r, 30) ? len : 8);
		break;
	case 4:
		unconvert_some(off, len);
		break;
	case 5:
		if (where[off])
			take_out_and_back(off);
		break;
	case 6:
		read_some(off, XFS_MIN(1 + xfs_rand_below(&r, 100), FILE_BLOCKS - off));
		break;
	default:
		find_some(off);
		break;
	}
}

static void prepare(void)
{
	struct xfs_mkfs_options opts = {.size = sizeof(opts), .blocksize = 1024, .agcount = 4};

	mp = test_formatted_new(128ull << 20, &opts);
	mp->m_map_extents = 1;
	ip = test_inode_new(mp, mp->m_sb.sb_rootino + 3, S_IFREG | 0644);
	memset(where, 0, sizeof(where));
	r = test_rand(1);
	for (xfs_fileoff_t off = 0; off < FILE_BLOCKS; off += 3)
		write_some(off, 1 + off % 2, 0);
	check_whole();
	assert_true(ip->i_df.if_nextents > 3000 && ip->i_df.if_needextents);
}

static void put_away(void)
{
	test_inode_empty(ip);
	test_formatted_drop(mp);
	test_inode_free(ip);
}

static void test_windows_change_as_whole_maps_do(void **state)
{
	unsigned int windows = 0;

	(void)state;
	prepare();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		step();
		windows += ip->i_df.if_window != NULL;
		if (i % 1000 == 999)
			check_whole();
		if (i % 500 == 499)
			check_end();
	}
	printf("%" PRIu64 " extents, %u of %u rounds ended with a window\n", ip->i_df.if_nextents,
	       windows, ROUNDS);
	assert_true(windows > ROUNDS / 2);
	put_away();
}

/* Appended to, a window does not grow for ever. */
static void test_what_is_appended_stays_small(void **state)
{
	(void)state;
	prepare();
	for (xfs_fileoff_t off = 6000; off < FILE_BLOCKS; off += 500)
		unmap_some(off, 500);
	for (xfs_fileoff_t off = 6000; off < FILE_BLOCKS; off += 2)
		write_some(off, 1, off % 4 ? XFS_BMAPI_PREALLOC : 0);
	assert_non_null(ip->i_df.if_window);
	check_end();
	check_whole();
	put_away();
}

/* From the end on, in steps, down to a list and to nothing. */
static void test_a_map_is_taken_apart(void **state)
{
	xfs_extnum_t steps = 0;
	bool done = false;

	(void)state;
	prepare();
	while (!done) {
		struct xfs_trans *tp = begin();
		xfs_fileoff_t last;

		must(xfs_bunmapi(tp, ip, 0, NULLFILEOFF, XFS_BMAPI_YIELD, 50, &done));
		end(tp);
		xfs_ilock_excl(ip);
		/* As far as it was unmapped. */
		must(xfs_bmap_last_offset(ip, XFS_DATA_FORK, &last));
		xfs_iunlock_excl(ip);
		memset(&where[last], 0, (FILE_BLOCKS - last) * sizeof(where[0]));
		if (steps++ % 16 == 0)
			check_whole();
	}
	assert_true(steps > 50);
	assert_int_equal(ip->i_df.if_nextents, 0);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
	assert_int_equal(ip->i_nblocks, 0);
	put_away();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_change_as_whole_maps_do),
		cmocka_unit_test(test_what_is_appended_stays_small),
		cmocka_unit_test(test_a_map_is_taken_apart),
	};

	test_seed_init(18);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
