/* SPDX-License-Identifier: MIT */
/*
 * Goal: every single change of a mapping does exactly what it should: records merge
 * with whichever neighbours they can, forms of the fork follow the number of records,
 * what cannot be done fails before the first change, promises can be kept on a full
 * file system, and blocks come from where the policy says.
 *
 * Method: all combinations of neighbours around one extent, as list and as tree; limits
 * approached one by one; an inode of no cache on a formatted file system in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "ag/rmap.h"
#include "bmap/bmap_priv.h"
#include "support/test_formatted.h"
#include "support/test_inode.h"

static struct xfs_mount *mp;
static struct xfs_inode *ip;

static void begin_with(uint32_t blocksize, uint64_t size, uint64_t sunit)
{
	struct xfs_mkfs_options opts = {.size = sizeof(opts), .blocksize = blocksize, .agcount = 2,
					.sunit = sunit, .swidth = sunit * 2};

	mp = test_formatted_new(size, &opts);
	ip = test_inode_new(mp, mp->m_sb.sb_rootino + 3, S_IFREG | 0644);
}

static int set_up(void **state)
{
	(void)state;
	begin_with(4096, 128ull << 20, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_inode_empty(ip);
	test_formatted_drop(mp);
	test_inode_free(ip);
	return 0;
}

static struct xfs_trans *begin(uint32_t blocks)
{
	struct xfs_trans *tp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, blocks, 0, &tp), 0);
	xfs_ilock_excl(ip);
	return tp;
}

static void end(struct xfs_trans *tp)
{
	xfs_iunlock_excl(ip);
	assert_int_equal(xfs_trans_commit(tp), 0);
}

/* It failed, and nothing had been changed. */
static void end_failed(struct xfs_trans *tp)
{
	assert_false(xfs_trans_is_dirty(tp));
	xfs_iunlock_excl(ip);
	xfs_trans_cancel(tp);
	assert_false(xfs_is_shutdown(mp));
}

static void check_fork(enum xfs_fork_id whichfork, unsigned int nextents, uint64_t blocks)
{
	const char *wrong;

	assert_int_equal(xfs_ifork_ptr(ip, whichfork)->if_nextents, nextents);
	assert_null(xfs_iext_verify(xfs_ifork_ptr(ip, whichfork)));
	wrong = test_fork_compare(ip, whichfork, &blocks);
	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(ip->i_nblocks, blocks);
}

static xfs_fsblock_t write_at(xfs_fileoff_t off, xfs_filblks_t len, uint32_t flags)
{
	struct xfs_trans *tp = begin((uint32_t)len + 16);
	struct xfs_bmbt_irec map;

	assert_int_equal(xfs_bmapi_write(tp, ip, off, len, flags, &map), 0);
	assert_int_equal(map.br_startoff, off);
	assert_int_equal(map.br_blockcount, len);
	end(tp);
	return map.br_startblock;
}

static void remap(xfs_fileoff_t off, xfs_filblks_t len, xfs_fsblock_t fsbno, bool unwritten)
{
	struct xfs_trans *tp = begin(16);

	assert_int_equal(xfs_bmapi_remap(tp, ip, off, len, fsbno, unwritten), 0);
	end(tp);
}

static int unmap_error(xfs_fileoff_t off, xfs_filblks_t len, uint32_t flags, uint32_t blocks)
{
	struct xfs_trans *tp = begin(blocks);
	bool done;
	int error = xfs_bunmapi(tp, ip, off, len, flags, 1000, &done);

	if (error) {
		end_failed(tp);
		return error;
	}
	assert_true(done);
	end(tp);
	return 0;
}

static void unmap(xfs_fileoff_t off, xfs_filblks_t len, uint32_t flags)
{
	assert_int_equal(unmap_error(off, len, flags, 16), 0);
}

/* Blocks that are allocated and mapped nowhere. */
static xfs_fsblock_t spare_blocks(xfs_filblks_t len)
{
	xfs_fsblock_t fsbno = write_at(1ull << 40, len, XFS_BMAPI_CONTIG);

	unmap(1ull << 40, len, XFS_BMAPI_REMAP);
	return fsbno;
}

/* Records far away, so that the fork is a tree. */
static void make_tree(unsigned int records)
{
	for (unsigned int i = 0; i < records; i++)
		write_at(1000000 + i * 2, 1, i % 2 ? XFS_BMAPI_PREALLOC : 0);
}

/* ---- merging ------------------------------------------------------------------------------ */

enum neighbour { NONE, WRITTEN, UNWRITTEN, ELSEWHERE };

/* How many records [0,30) should be, by a plain look at each block. */
static unsigned int count_runs(const xfs_fsblock_t *fsbno, const bool *unwritten)
{
	unsigned int runs = 0;

	for (unsigned int i = 0; i < 30; i++) {
		if (fsbno[i] == NULLFSBLOCK)
			continue;
		if (i == 0 || fsbno[i - 1] == NULLFSBLOCK || fsbno[i - 1] + 1 != fsbno[i] ||
		    unwritten[i - 1] != unwritten[i])
			runs++;
	}
	return runs;
}

static void compare_blocks(const xfs_fsblock_t *fsbno, const bool *unwritten)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	unsigned int at = 0;

	for_each_xfs_iext(&ip->i_df, &cur, &got) {
		if (got.br_startoff >= 30)
			break;
		for (; at < got.br_startoff; at++)
			assert_int_equal(fsbno[at], NULLFSBLOCK);
		for (unsigned int i = 0; i < got.br_blockcount; i++, at++) {
			assert_int_equal(fsbno[at], got.br_startblock + i);
			assert_int_equal(unwritten[at], got.br_state == XFS_EXT_UNWRITTEN);
		}
	}
	for (; at < 30; at++)
		assert_int_equal(fsbno[at], NULLFSBLOCK);
}

static void map_neighbour(enum neighbour kind, xfs_fileoff_t off, xfs_fsblock_t fsbno,
			  xfs_fsblock_t elsewhere, xfs_fsblock_t *blocks, bool *unwritten)
{
	if (kind == NONE)
		return;
	if (kind == ELSEWHERE)
		fsbno = elsewhere;
	remap(off, 10, fsbno, kind == UNWRITTEN);
	for (unsigned int i = 0; i < 10; i++) {
		blocks[off + i] = fsbno + i;
		unwritten[off + i] = kind == UNWRITTEN;
	}
}

/*
 * One extent at [10, 20) between any two neighbours, done to it: a piece converted, a
 * piece unmapped, the whole mapped last.
 */
static void all_neighbours(unsigned int far_records)
{
	static const unsigned int pieces[4][2] = {{10, 20}, {10, 13}, {13, 17}, {17, 20}};
	xfs_fsblock_t run, other;

	make_tree(far_records);
	/* One block between them: they do not continue each other. */
	other = spare_blocks(50);
	run = other + 20;
	for (unsigned int c = 0; c < 4 * 4 * 2 * 4 * 2; c++) {
		enum neighbour left = c % 4, right = c / 4 % 4;
		bool unwritten_mid = c / 16 % 2, convert = c / 128;
		unsigned int from = pieces[c / 32 % 4][0], to = pieces[c / 32 % 4][1];
		xfs_fsblock_t blocks[30];
		bool unwritten[30] = {false};
		struct xfs_trans *tp;

		for (unsigned int i = 0; i < 30; i++)
			blocks[i] = NULLFSBLOCK;
		map_neighbour(left, 0, run, other, blocks, unwritten);
		map_neighbour(right, 20, run + 20, other + 10, blocks, unwritten);
		map_neighbour(unwritten_mid ? UNWRITTEN : WRITTEN, 10, run + 10, 0, blocks,
			      unwritten);
		compare_blocks(blocks, unwritten);
		check_fork(XFS_DATA_FORK, far_records + count_runs(blocks, unwritten),
			   far_records + 10 + (left != NONE ? 10 : 0) + (right != NONE ? 10 : 0));

		if (convert && unwritten_mid) {
			struct xfs_bmbt_irec map;

			tp = begin(32);
			assert_int_equal(xfs_bmapi_write(tp, ip, from, to - from,
							 XFS_BMAPI_CONVERT, &map), 0);
			assert_int_equal(map.br_state, XFS_EXT_NORM);
			assert_int_equal(map.br_blockcount, to - from);
			end(tp);
		} else if (convert) {
			tp = begin(32);
			assert_int_equal(xfs_bmap_unconvert(tp, ip, from, to - from), 0);
			end(tp);
		} else {
			unmap(from, to - from, XFS_BMAPI_REMAP);
		}
		for (unsigned int i = from; i < to; i++) {
			if (convert)
				unwritten[i] = !unwritten[i];
			else
				blocks[i] = NULLFSBLOCK;
		}
		compare_blocks(blocks, unwritten);
		check_fork(XFS_DATA_FORK, far_records + count_runs(blocks, unwritten),
			   far_records + (convert ? 10 : 10 - (to - from)) +
				   (left != NONE ? 10 : 0) + (right != NONE ? 10 : 0));
		unmap(0, 30, XFS_BMAPI_REMAP);
	}
}

static void test_neighbours_list(void **state)
{
	(void)state;
	all_neighbours(0);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
}

static void test_neighbours_tree(void **state)
{
	(void)state;
	all_neighbours(30);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_BTREE);
}

/* Around 21 records each step may change the form. */
static void test_neighbours_border(void **state)
{
	(void)state;
	all_neighbours(20);
}

/* Two extents that together are longer than one can be stay two. */
static void test_longest(void **state)
{
	struct xfs_bmbt_irec left = {0, 100, XFS_MAX_BMBT_EXTLEN, XFS_EXT_NORM};
	struct xfs_bmbt_irec right = {XFS_MAX_BMBT_EXTLEN, 100 + XFS_MAX_BMBT_EXTLEN, 1,
				      XFS_EXT_NORM};
	struct xfs_geometry geo = mp->m_geo;

	(void)state;
	geo.agblklog = 30;
	assert_false(xfs_bmap_can_merge(&geo, &left, &right));
	left.br_blockcount--;
	right.br_startoff--;
	right.br_startblock--;
	assert_true(xfs_bmap_can_merge(&geo, &left, &right));
	right.br_state = XFS_EXT_UNWRITTEN;
	assert_false(xfs_bmap_can_merge(&geo, &left, &right));
	right.br_state = XFS_EXT_NORM;
	/* Numbers continue, but in the next AG. */
	right.br_startblock = 1ull << 30;
	left.br_startblock = right.br_startblock - left.br_blockcount;
	assert_false(xfs_bmap_can_merge(&geo, &left, &right));
	right.br_startblock = nullstartblock(5);
	assert_false(xfs_bmap_can_merge(&geo, &left, &right));
}

/* ---- what cannot be done --------------------------------------------------------------------- */

/* (BMAP-1) A tree block would be needed, and the handle has none: nothing is changed. */
static void test_no_reservation(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		write_at(i * 10, 1, 0);
	write_at(1000, 10, XFS_BMAPI_PREALLOC);
	check_fork(XFS_DATA_FORK, 21, 30);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
	/* A hole in the middle of the last: the 22nd record. */
	assert_int_equal(unmap_error(1003, 2, 0, 0), -ENOSPC);
	check_fork(XFS_DATA_FORK, 21, 30);
	tp = begin(0);
	assert_int_equal(xfs_bmapi_write(tp, ip, 1003, 2, XFS_BMAPI_CONVERT, &map), -ENOSPC);
	end_failed(tp);
	check_fork(XFS_DATA_FORK, 21, 30);
	/* A block, but none for the tree. */
	tp = begin(1);
	assert_int_equal(xfs_bmapi_write(tp, ip, 5000, 1, 0, &map), -ENOSPC);
	end_failed(tp);
	check_fork(XFS_DATA_FORK, 21, 30);
	/* From the end nothing is needed. */
	assert_int_equal(unmap_error(1008, 100, 0, 0), 0);
	check_fork(XFS_DATA_FORK, 21, 28);
	assert_int_equal(unmap_error(1003, 2, 0, 1), 0);
	check_fork(XFS_DATA_FORK, 22, 26);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_BTREE);
	assert_int_equal(unmap_error(0, 11, 0, 0), 0);
	check_fork(XFS_DATA_FORK, 20, 24);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
}

static void test_counters(void **state)
{
	struct xfs_trans *tp = begin(0);

	(void)state;
	assert_true(xfs_has_large_extent_counts(&mp->m_geo) == false);
	ip->i_df.if_nextents = (1ull << 31) - 3;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 2), 0);
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 3), -EFBIG);
	ip->i_df.if_nextents = 0;
	ip->i_af.if_nextents = 32766;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_ATTR_FORK, 1), 0);
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_ATTR_FORK, 2), -EFBIG);
	assert_false(xfs_trans_is_dirty(tp));

	/* Where the file system has wide counters the inode gets them. */
	mp->m_geo.features |= XFS_FEAT_NREXT64;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_ATTR_FORK, 2), 0);
	assert_true(ip->i_diflags2 & XFS_DIFLAG2_NREXT64);
	assert_true(xfs_trans_is_dirty(tp));
	ip->i_af.if_nextents = (1ull << 32) - 1;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_ATTR_FORK, 1), -EFBIG);
	ip->i_df.if_nextents = (1ull << 48) - 2;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 1), 0);
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 2), -EFBIG);

	/* A directory has three spaces of 32 GiB. */
	ip->i_mode = S_IFDIR | 0755;
	ip->i_df.if_nextents = (96ull << 30) / 4096 - 1;
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 1), 0);
	assert_int_equal(xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 2), -EFBIG);
	ip->i_df.if_nextents = ip->i_af.if_nextents = 0;
	ip->i_mode = S_IFREG | 0644;
	mp->m_geo.features &= ~XFS_FEAT_NREXT64;
	end(tp);
}

static void test_contig(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;

	(void)state;
	write_at(0, 8, XFS_BMAPI_CONTIG);
	write_at(20, 1, 0);
	/* The hole is shorter than that. */
	tp = begin(40);
	assert_int_equal(xfs_bmapi_write(tp, ip, 10, 16, XFS_BMAPI_CONTIG, &map), -EINVAL);
	end_failed(tp);
	/* No AG has that much in one piece. */
	tp = begin(18000);
	assert_int_equal(xfs_bmapi_write(tp, ip, 1000, 17000, XFS_BMAPI_CONTIG, &map), -ENOSPC);
	end_failed(tp);
	check_fork(XFS_DATA_FORK, 2, 9);
}

/* ---- promises -------------------------------------------------------------------------------- */

/*
 * All space is promised, block by block and far apart, so that keeping the promises needs
 * a tree; it must be possible to the last one.
 */
static void test_promises_are_kept(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	uint64_t n = 0;

	tear_down(state);
	begin_with(1024, 34ull << 20, 0);
	for (;; n++) {
		int error;

		xfs_ilock_excl(ip);
		error = xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, n * 2, 1, 0, &map);
		xfs_iunlock_excl(ip);
		if (error) {
			assert_int_equal(error, -ENOSPC);
			break;
		}
	}
	assert_true(n > 500);
	for (uint64_t i = 0; i < n; i++) {
		/* From both ends, so that the tree splits. */
		xfs_fileoff_t off = (i % 2 ? n - 1 - i / 2 : i / 2) * 2;

		tp = begin(0);
		assert_int_equal(xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off, 1, false,
							    &map), 0);
		end(tp);
	}
	assert_int_equal(ip->i_df.if_nextents, n);
	assert_int_equal(mp->m_delalloc_blocks, 0);
	check_fork(XFS_DATA_FORK, (unsigned int)n, n);

	/* Now small promises use up what the worst cases held back: all can be kept again. */
	for (n = 0;; n++) {
		int error;

		xfs_ilock_excl(ip);
		error = xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, (1ull << 30) + n, 1, 0, &map);
		xfs_iunlock_excl(ip);
		if (error)
			break;
	}
	assert_true(n > 500);
	for (uint64_t done = 0; done < n;) {
		tp = begin(0);
		/* From the end of it: what is left stays a promise that is shorter. */
		done++;
		assert_int_equal(xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK,
							    (1ull << 30) + n - done, 1, done % 2,
							    &map), 0);
		end(tp);
	}
	assert_int_equal(mp->m_delalloc_blocks, 0);
	assert_true(mp->m_fdblocks >= 0);
}

/* Kept in pieces: the rest stays promised, with a worst case of its own. */
static void test_keep_a_part(void **state)
{
	int64_t free_blocks = mp->m_fdblocks;
	struct xfs_bmbt_irec map;
	struct xfs_iext_cursor cur;
	struct xfs_trans *tp;

	(void)state;
	xfs_ilock_excl(ip);
	assert_int_equal(xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, 0, 1000, 0, &map), 0);
	xfs_iunlock_excl(ip);
	tp = begin(0);
	assert_int_equal(xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, 400, 100, false, &map),
			 0);
	assert_int_equal(map.br_startoff, 400);
	assert_int_equal(map.br_blockcount, 100);
	end(tp);
	assert_int_equal(ip->i_delayed_blks, 900);
	assert_int_equal(ip->i_nblocks, 100);
	assert_true(xfs_iext_lookup_extent(&ip->i_df, 0, &cur, &map));
	assert_int_equal(map.br_blockcount, 400);
	assert_int_equal(startblockval(map.br_startblock), xfs_bmap_worst_indlen(ip, 400));
	assert_true(xfs_iext_lookup_extent(&ip->i_df, 500, &cur, &map));
	assert_int_equal(map.br_blockcount, 500);
	assert_int_equal(startblockval(map.br_startblock), xfs_bmap_worst_indlen(ip, 500));
	assert_int_equal(mp->m_fdblocks, free_blocks - 1000 - (int64_t)(
		xfs_bmap_worst_indlen(ip, 400) + xfs_bmap_worst_indlen(ip, 500)));

	/* Neighbours in order become one record. */
	tp = begin(0);
	assert_int_equal(xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, 500, 100, false, &map),
			 0);
	end(tp);
	check_fork(XFS_DATA_FORK, 1, 200);
	/* Nothing is promised there any more. */
	tp = begin(0);
	assert_int_equal(xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, 500, 1, false, &map),
			 -EINVAL);
	end_failed(tp);
	xfs_ilock_excl(ip);
	assert_int_equal(xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, 0, 2000), 0);
	xfs_iunlock_excl(ip);
	assert_int_equal(mp->m_fdblocks, free_blocks - 200);
	assert_int_equal(mp->m_delalloc_blocks, 0);
}

/*
 * ---- the border of the forks ------------------------------------------------------------------
 */

static void set_forkoff(uint8_t forkoff)
{
	struct xfs_trans *tp = begin(4);

	assert_int_equal(xfs_bmap_set_forkoff(tp, ip, forkoff), 0);
	assert_int_equal(ip->i_forkoff, forkoff);
	end(tp);
}

static void test_border(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 18; i++)
		write_at(i * 10, 1, 0);
	set_forkoff(37);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
	check_fork(XFS_DATA_FORK, 18, 18);
	set_forkoff(0);
	write_at(180, 1, 0);
	write_at(190, 1, 0);
	set_forkoff(37);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_BTREE);
	check_fork(XFS_DATA_FORK, 20, 20);
	set_forkoff(24);
	check_fork(XFS_DATA_FORK, 20, 20);
	/* They fit again. */
	set_forkoff(0);
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_EXTENTS);
	check_fork(XFS_DATA_FORK, 20, 20);
}

/* A root of many entries has to move into a block; and back where there is room. */
static void test_border_root(void **state)
{
	unsigned int n = 0;

	tear_down(state);
	begin_with(1024, 64ull << 20, 0);
	while (ip->i_df.if_format != XFS_DINODE_FMT_BTREE || get_be16((char *)ip->i_df.if_broot + 2) < 15)
		write_at(n++ * 2, 1, 0);
	assert_int_equal(get_be16(ip->i_df.if_broot), 1);
	set_forkoff(24);
	assert_int_equal(get_be16(ip->i_df.if_broot), 2);
	assert_int_equal(get_be16((char *)ip->i_df.if_broot + 2), 1);
	check_fork(XFS_DATA_FORK, n, n);
	set_forkoff(7);
	check_fork(XFS_DATA_FORK, n, n);
	set_forkoff(0);
	check_fork(XFS_DATA_FORK, n, n);
	/* It is pulled up as records go. */
	unmap(n, n * 2, 0);
	check_fork(XFS_DATA_FORK, n / 2 + n % 2, n / 2 + n % 2);
	assert_int_equal(get_be16(ip->i_df.if_broot), 1);
	unmap(0, n * 2, 0);
	check_fork(XFS_DATA_FORK, 0, 0);
}

static void test_attr_fork(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	bool done;

	(void)state;
	set_forkoff(24);
	for (unsigned int i = 0; i < 20; i++) {
		tp = begin(20);
		assert_int_equal(xfs_bmapi_write(tp, ip, i * 2, 1,
						 XFS_BMAPI_ATTRFORK | XFS_BMAPI_METADATA, &map), 0);
		end(tp);
		/* 144 bytes: 9 records. */
		assert_int_equal(ip->i_af.if_format, i < 9 ? XFS_DINODE_FMT_EXTENTS
							     : XFS_DINODE_FMT_BTREE);
		check_fork(XFS_ATTR_FORK, i + 1, i + 1);
	}
	tp = begin(0);
	assert_int_equal(xfs_bunmapi(tp, ip, 0, 100, XFS_BMAPI_ATTRFORK, 100, &done), 0);
	assert_true(done);
	end(tp);
	check_fork(XFS_ATTR_FORK, 0, 0);
	check_fork(XFS_DATA_FORK, 0, 0);
}

/*
 * ---- where blocks come from --------------------------------------------------------------------
 */

static void test_targets(void **state)
{
	xfs_fsblock_t first, before, behind;

	(void)state;
	/* In the inode's AG; what is appended follows. */
	first = write_at(100, 10, 0);
	assert_int_equal(XFS_FSB_TO_AGNO(&mp->m_geo, first),
			 XFS_INO_TO_AGNO(&mp->m_geo, ip->i_ino));
	assert_int_equal(write_at(110, 5, 0), first + 10);
	check_fork(XFS_DATA_FORK, 1, 15);
	/* A gap at the end is kept free, and so what fills it fits. */
	assert_int_equal(write_at(125, 5, 0), first + 25);
	assert_int_equal(write_at(115, 10, 0), first + 15);
	check_fork(XFS_DATA_FORK, 1, 30);
	/* The hole's nearer neighbour decides. */
	behind = write_at(10000, 10, 0);
	before = write_at(9997, 1, 0);
	assert_int_equal(before, behind - 3);
	assert_int_equal(write_at(9998, 2, 0), behind - 2);
}

static void test_stripe(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	xfs_fsblock_t fsbno;

	tear_down(state);
	begin_with(4096, 256ull << 20, 64 << 10);
	assert_int_equal(mp->m_geo.sunit, 16);
	/* Less than a stripe unit: anywhere. Then at its start, and on from there. */
	write_at(0, 3, 0);
	fsbno = write_at(100, 40, 0);
	assert_int_equal(XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno) % 16, 0);
	assert_int_equal(write_at(140, 20, 0), fsbno + 40);
	/* Not for metadata. */
	tp = begin(64);
	ip->i_mode = S_IFDIR | 0755;
	assert_int_equal(xfs_bmapi_write(tp, ip, 1000, 17, XFS_BMAPI_METADATA, &map), 0);
	ip->i_mode = S_IFREG | 0644;
	end(tp);
}

static void test_hint(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;

	(void)state;
	ip->i_diflags |= XFS_DIFLAG_EXTSIZE;
	ip->i_extsize = 16;
	/* Written blocks are never more than was asked for. */
	write_at(500, 1, 0);
	check_fork(XFS_DATA_FORK, 1, 1);
	unmap(500, 1, 0);
	/* Unwritten ones are, when they are paid for. */
	tp = begin(32);
	assert_int_equal(xfs_bmapi_write(tp, ip, 0, 1, XFS_BMAPI_PREALLOC, &map), 0);
	assert_int_equal(map.br_blockcount, 1);
	end(tp);
	check_fork(XFS_DATA_FORK, 1, 16);
	tp = begin(32);
	assert_int_equal(xfs_bmapi_write(tp, ip, 25, 1, XFS_BMAPI_PREALLOC, &map), 0);
	assert_int_equal(map.br_startoff, 25);
	end(tp);
	check_fork(XFS_DATA_FORK, 1, 32);
	tp = begin(8);
	assert_int_equal(xfs_bmapi_write(tp, ip, 100, 1, XFS_BMAPI_PREALLOC, &map), 0);
	end(tp);
	check_fork(XFS_DATA_FORK, 2, 33);
}

static void test_realtime(void **state)
{
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp = begin(8);

	(void)state;
	ip->i_diflags |= XFS_DIFLAG_REALTIME;
	assert_int_equal(xfs_bmapi_write(tp, ip, 0, 1, 0, &map), -EOPNOTSUPP);
	end_failed(tp);
}

/*
 * ---- reading
 * -------------------------------------------------------------------------------------
 */

static void test_read(void **state)
{
	struct xfs_bmbt_irec maps[8];
	xfs_fileoff_t off;
	int n = 8;

	(void)state;
	xfs_ilock_excl(ip);
	assert_int_equal(xfs_bmap_last_offset(ip, XFS_DATA_FORK, &off), 0);
	assert_int_equal(off, 0);
	assert_int_equal(xfs_bmap_last_offset(ip, XFS_COW_FORK, &off), 0);
	assert_int_equal(xfs_bmapi_read(ip, 5, 10, maps, &n, 0), 0);
	assert_int_equal(n, 1);
	assert_int_equal(maps[0].br_startblock, XFS_HOLESTARTBLOCK);
	assert_int_equal(maps[0].br_startoff, 5);
	assert_int_equal(maps[0].br_blockcount, 10);
	xfs_iunlock_excl(ip);

	write_at(10, 10, 0);
	write_at(30, 10, XFS_BMAPI_PREALLOC);
	xfs_ilock_excl(ip);
	assert_int_equal(xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, 40, 10, 0, &maps[0]), 0);
	n = 8;
	assert_int_equal(xfs_bmapi_read(ip, 0, 100, maps, &n, 0), 0);
	assert_int_equal(n, 6);
	assert_int_equal(maps[0].br_startblock, XFS_HOLESTARTBLOCK);
	assert_int_equal(maps[1].br_startoff, 10);
	assert_int_equal(maps[2].br_startblock, XFS_HOLESTARTBLOCK);
	assert_int_equal(maps[2].br_blockcount, 10);
	assert_int_equal(maps[3].br_state, XFS_EXT_UNWRITTEN);
	assert_int_equal(maps[4].br_startblock, XFS_DELAYSTARTBLOCK);
	assert_int_equal(maps[5].br_startblock, XFS_HOLESTARTBLOCK);
	assert_int_equal(maps[5].br_blockcount, 50);
	/* Cut to the range, or not; as many as there is room for. */
	n = 2;
	assert_int_equal(xfs_bmapi_read(ip, 15, 20, maps, &n, 0), 0);
	assert_int_equal(n, 2);
	assert_int_equal(maps[0].br_startoff, 15);
	assert_int_equal(maps[0].br_blockcount, 5);
	n = 8;
	assert_int_equal(xfs_bmapi_read(ip, 15, 20, maps, &n, XFS_BMAPI_ENTIRE), 0);
	assert_int_equal(n, 3);
	assert_int_equal(maps[0].br_startoff, 10);
	assert_int_equal(maps[0].br_blockcount, 10);
	assert_int_equal(maps[2].br_blockcount, 10);
	n = 1;
	assert_int_equal(xfs_bmapi_read(ip, 45, 1, maps, &n, 0), 0);
	assert_int_equal(maps[0].br_startblock, XFS_DELAYSTARTBLOCK);
	assert_int_equal(maps[0].br_startoff, 45);

	assert_int_equal(xfs_bmap_last_offset(ip, XFS_DATA_FORK, &off), 0);
	assert_int_equal(off, 50);
	assert_int_equal(xfs_bmap_first_unused(ip, 1, 0, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 0);
	assert_int_equal(xfs_bmap_first_unused(ip, 1, 10, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 20);
	assert_int_equal(xfs_bmap_first_unused(ip, 8, 0, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 0);
	assert_int_equal(xfs_bmap_first_unused(ip, 8, 8, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 56);
	assert_int_equal(xfs_bmap_first_unused(ip, 5, 10, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 20);
	assert_int_equal(xfs_bmap_first_unused(ip, 5, 12, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 22);
	assert_int_equal(xfs_bmap_first_unused(ip, 11, 12, &off, XFS_DATA_FORK), 0);
	assert_int_equal(off, 56);
	assert_int_equal(xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, 0, 100), 0);
	xfs_iunlock_excl(ip);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_neighbours_list), T(test_neighbours_tree), T(test_neighbours_border),
		T(test_longest),	 T(test_no_reservation),  T(test_counters),
		T(test_contig),		 T(test_promises_are_kept), T(test_keep_a_part),
		T(test_border),		 T(test_border_root),	  T(test_attr_fork),
		T(test_targets),	 T(test_stripe),	  T(test_hint),
		T(test_realtime),	 T(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
