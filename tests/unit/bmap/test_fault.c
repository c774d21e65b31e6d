/* SPDX-License-Identifier: MIT */
/*
 * Goal: an operation that cannot get memory, or cannot read a block of the tree, either
 * fails with nothing changed or, after the first change of its handle, shuts the file
 * system down; it never goes on with half a change.
 *
 * Method: every operation on a prepared fork, with the first allocation (read)
 * failing, then the second, until none is met; the map, the fork on disk and the
 * counters compared with what they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "bmap/bmap_priv.h"
#include "support/test_device.h"
#include "support/test_formatted.h"
#include "support/test_inode.h"

static struct xfs_device *fault;
static struct xfs_mount *mp;
static struct xfs_inode *ip;

static void must(int error)
{
	assert_int_equal(error, 0);
}

/* @records single blocks at 0, 10, 20 ..., the last of them ten unwritten blocks. */
static void prepare(unsigned int records)
{
	struct xfs_mkfs_options opts = {.size = sizeof(opts), .blocksize = 1024, .agcount = 2};
	struct xfs_device *mem;
	struct xfs_bmbt_irec map;

	must(xfs_device_open_memory(40ull << 20, 512, NULL, &mem));
	must(test_fault_open(mem, &fault));
	xfs_device_put(mem);
	mp = test_formatted_on(fault, &opts);
	ip = test_inode_new(mp, mp->m_sb.sb_rootino + 3, S_IFREG | 0644);
	for (unsigned int i = 0; i < records; i++) {
		bool last = i + 1 == records;
		struct xfs_trans *tp;

		must(xfs_trans_alloc_bytes(mp, 256u << 10, 30, 0, &tp));
		xfs_ilock_excl(ip);
		must(xfs_bmapi_write(tp, ip, i * 10, last ? 10 : 1, last ? XFS_BMAPI_PREALLOC : 0,
				     &map));
		xfs_iunlock_excl(ip);
		must(xfs_trans_commit(tp));
	}
}

static void put_away(void)
{
	if (ip->i_cowfp && !xfs_is_shutdown(mp)) {
		xfs_ilock_excl(ip);
		must(xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, 0, XFS_MAX_FILEOFF));
		xfs_iunlock_excl(ip);
	}
	test_inode_empty(ip);
	test_formatted_drop(mp);
	test_inode_free(ip);
}

/* ---- operations; @last is the offset of the last extent -------------------------------- */

static int do_write(struct xfs_trans *tp, xfs_fileoff_t last)
{
	struct xfs_bmbt_irec map;

	return xfs_bmapi_write(tp, ip, last + 100, 3, 0, &map);
}

static int do_convert(struct xfs_trans *tp, xfs_fileoff_t last)
{
	struct xfs_bmbt_irec map;

	return xfs_bmapi_write(tp, ip, last + 3, 3, XFS_BMAPI_CONVERT, &map);
}

static int do_unmap_middle(struct xfs_trans *tp, xfs_fileoff_t last)
{
	bool done;

	return xfs_bunmapi(tp, ip, last + 3, 3, 0, 10, &done);
}

static int do_unmap_one(struct xfs_trans *tp, xfs_fileoff_t last)
{
	bool done;

	(void)last;
	return xfs_bunmapi(tp, ip, 0, 5, 0, 10, &done);
}

static int do_keep(struct xfs_trans *tp, xfs_fileoff_t last)
{
	struct xfs_bmbt_irec map;

	return xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, last + 205, 3, false, &map);
}

static int do_forkoff(struct xfs_trans *tp, xfs_fileoff_t last)
{
	(void)last;
	return xfs_bmap_set_forkoff(tp, ip, 7);
}

static const struct {
	const char *name;
	int (*run)(struct xfs_trans *tp, xfs_fileoff_t last);
	bool promise;
} ops[] = {
	{"write", do_write, false},		{"convert", do_convert, false},
	{"punch", do_unmap_middle, false},	{"unmap", do_unmap_one, false},
	{"keep a promise", do_keep, true},	{"move the border", do_forkoff, false},
};

/* ---- before and after ----------------------------------------------------------------------- */

struct picture {
	struct xfs_bmbt_irec recs[2000];
	unsigned int n;
	uint64_t nblocks, delayed;
	int64_t fdblocks, promised;
	uint8_t format, forkoff;
};

static void take(struct picture *p)
{
	struct xfs_iext_cursor cur;

	memset(p, 0, sizeof(*p));
	for (bool more = xfs_iext_first_extent(&ip->i_df, &cur, &p->recs[0]); more;
	     more = xfs_iext_next_extent(&ip->i_df, &cur, &p->recs[p->n])) {
		p->n++;
		assert_true(p->n < ARRAY_SIZE(p->recs));
	}
	memset(&p->recs[p->n], 0, sizeof(p->recs[0]));
	p->nblocks = ip->i_nblocks;
	p->delayed = ip->i_delayed_blks;
	p->fdblocks = mp->m_fdblocks;
	p->promised = mp->m_delalloc_blocks;
	p->format = ip->i_df.if_format;
	p->forkoff = ip->i_forkoff;
}

/* One operation with the @nth event failing; false: none failed. */
static bool one_try(unsigned int records, unsigned int op, unsigned int nth, bool reads,
		    unsigned int *dirty)
{
	static struct picture before, after;
	xfs_fileoff_t last = (records - 1) * 10;
	struct xfs_bmbt_irec got;
	struct xfs_trans *tp;
	const char *wrong;
	uint64_t blocks = 0;
	bool met;
	int error;

	prepare(records);
	if (ops[op].promise) {
		xfs_ilock_excl(ip);
		must(xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, last + 200, 20, 0, &got));
		xfs_iunlock_excl(ip);
	}
	if (reads) {
		/* Nothing but the map is in memory. */
		must(xfs_checkpoint_writeback(mp, true));
		xfs_buf_shrink(mp, 0);
	}
	take(&before);
	must(xfs_trans_alloc_bytes(mp, 256u << 10, 60, 0, &tp));
	xfs_ilock_excl(ip);
	if (reads)
		test_fault_arm(fault, TEST_FAULT_READ, nth, false, false);
	else
		xfs_mem_fail_at(nth, false);
	error = ops[op].run(tp, last);
	met = reads ? test_fault_met(fault) : xfs_mem_fail_met();
	if (!error) {
		wrong = test_fork_compare(ip, XFS_DATA_FORK, &blocks);
		if (wrong)
			fail_msg("%s", wrong);
		xfs_iunlock_excl(ip);
		must(xfs_trans_commit(tp));
		put_away();
		return met;
	}

	assert_true(met);
	assert_int_equal(error, reads ? -EIO : -ENOMEM);
	if (xfs_trans_is_dirty(tp)) {
		(*dirty)++;
		xfs_iunlock_excl(ip);
		xfs_trans_cancel(tp);
		assert_true(xfs_is_shutdown(mp));
	} else {
		xfs_iunlock_excl(ip);
		xfs_trans_cancel(tp);
		assert_false(xfs_is_shutdown(mp));
		take(&after);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_null(xfs_iext_verify(&ip->i_df));
		wrong = test_fork_compare(ip, XFS_DATA_FORK, &blocks);
		if (wrong)
			fail_msg("%s", wrong);
		assert_int_equal(xfs_is_shutdown(mp), false);
	}
	put_away();
	return true;
}

static void all_faults(bool reads)
{
	/* Nothing but the one; a list; a full list; a tree; a tree with nodes. */
	static const unsigned int records[] = {1, 10, 21, 22, 60, 1300};
	unsigned int tries = 0, dirty = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(records); i++) {
		for (unsigned int op = 0; op < ARRAY_SIZE(ops); op++) {
			unsigned int here = 0;

			for (unsigned int nth = 1; one_try(records[i], op, nth, reads, &here); nth++)
				tries++;
			if (here)
				print_message("%s with %u records: %u failed after a change\n",
					      ops[op].name, records[i], here);
			dirty += here;
		}
	}
	print_message("%u faults, %u of them after a change\n", tries, dirty);
#ifdef XFSWRITE_DEBUG
	assert_true(tries > 10);
#endif
}

/* (BMAP-1) */
static void test_no_memory(void **state)
{
	(void)state;
	all_faults(false);
}

/* (BMAP-2) */
static void test_unreadable(void **state)
{
	(void)state;
	all_faults(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
