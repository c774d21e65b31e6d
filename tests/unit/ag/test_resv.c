/* SPDX-License-Identifier: MIT */
/*
 * Goal: as much is held back for an AG's trees as a kernel holds back; the
 * counter of what may be promised follows, whatever the trees do; what is
 * used beyond is taken from it.
 * Method: numbers of real file systems; then charging and giving back by hand.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xfswrite/mkfs.h>
#include "ag/ag_priv.h"
#include "core/counter.h"
#include "support/test_mount.h"
#include "trans/trans_priv.h"

static struct xfs_mount *make(uint64_t size, uint32_t blocksize, uint32_t agcount, bool reflink)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .blocksize = blocksize, .agcount = agcount,
		.reflink = reflink ? XFS_MKFS_ON : XFS_MKFS_OFF,
	};

	return test_mount_mkfs(size, &opts);
}

/* What kernels ask for: blocks of the AG less the log, then METADATA, RMAPBT. */
static void check_ask(struct xfs_mount *mp, xfs_agnumber_t agno, uint32_t meta, uint32_t rmapbt)
{
	const struct xfs_perag *pag = xfs_perag_get(mp, agno);

	assert_int_equal(pag->pag_meta_resv.ar_asked, meta);
	assert_int_equal(pag->pag_rmapbt_resv.ar_asked, rmapbt);
}

static void test_as_kernels_ask(void **state)
{
	struct xfs_mount *mp;

	(void)state;
	/* 300 MiB: AGs of 19200, the log of 16384 in AG 2. */
	mp = make(300ull << 20, 4096, 4, true);
	assert_int_equal(mp->m_geo.agblocks, 19200);
	check_ask(mp, 0, 137, 236);
	if (mp->m_geo.logblocks == 16384)
		check_ask(mp, XFS_FSB_TO_AGNO(&mp->m_geo, mp->m_geo.logstart), 22, 35);
	/* Held back at first: all of the one, the other less what is there. */
	assert_int_equal(xfs_perag_get(mp, 0)->pag_meta_resv.ar_used, 2);
	assert_int_equal(xfs_perag_get(mp, 0)->pag_rmapbt_resv.ar_used, 1);
	test_mount_free(mp);
	mp = make(1ull << 30, 4096, 4, true);
	assert_int_equal(mp->m_geo.agblocks, 65536);
	check_ask(mp, 0, 461, 800);
	test_mount_free(mp);
	mp = make(1ull << 30, 1024, 4, true);
	assert_int_equal(mp->m_geo.agblocks, 262144);
	check_ask(mp, 0, 6947, 14420);
	test_mount_free(mp);
	mp = make(20ull << 30, 4096, 4, false);
	assert_int_equal(mp->m_geo.agblocks, 1310720);
	assert_int_equal(xfs_perag_get(mp, 0)->pag_meta_resv.ar_asked, 1308);
	test_mount_free(mp);
}

/* (RESV-2) */
static void test_what_may_be_promised(void **state)
{
	struct xfs_mount *mp = make(300ull << 20, 4096, 4, true);
	uint64_t icount, ifree, fdblocks;
	int64_t hidden = 0;

	(void)state;
	assert_int_equal(xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks), 0);
	assert_int_equal(icount, mp->m_sb.sb_icount);
	assert_int_equal(ifree, mp->m_sb.sb_ifree);
	assert_int_equal(fdblocks, mp->m_sb.sb_fdblocks);
	assert_int_equal(icount, mp->m_icount);
	assert_int_equal(ifree, mp->m_ifree);
	for (xfs_agnumber_t agno = 0; agno < 4; agno++)
		hidden += xfs_ag_resv_held(&xfs_perag_get(mp, agno)->pag_meta_resv) +
			  xfs_perag_get(mp, agno)->pag_rmapbt_resv.ar_asked;
	if (mp->m_geo.logblocks == 16384)
		assert_int_equal(hidden, 1168);
	assert_int_equal(mp->m_resblks_avail, mp->m_geo.dblocks / 20);
	assert_int_equal(mp->m_set_aside, 8 * 4);
	assert_int_equal(mp->m_fdblocks, (int64_t)fdblocks - hidden - mp->m_resblks_avail);

	/* At the end all of it comes back. */
	test_ag_resv_free(mp);
	assert_int_equal(mp->m_fdblocks, fdblocks);
	assert_int_equal(mp->m_resblks_avail, 0);
	test_mount_free(mp);
}

/* (RESV-1) */
static void test_charging(void **state)
{
	struct xfs_mount *mp = make(300ull << 20, 4096, 4, true);
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	uint32_t held = xfs_ag_resv_held(&pag->pag_meta_resv);
	int64_t fdblocks = mp->m_fdblocks;
	struct xfs_trans *tp;

	(void)state;
	assert_int_equal(xfs_ag_resv_needed(pag, XFS_AG_RESV_NONE), 135 + 235);
	assert_int_equal(xfs_ag_resv_needed(pag, XFS_AG_RESV_METADATA), 235);
	assert_int_equal(xfs_ag_resv_needed(pag, XFS_AG_RESV_RMAPBT), 135);
	assert_int_equal(xfs_ag_resv_needed(pag, XFS_AG_RESV_AGFL), 0);

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	/* Within: the counter does not move; beyond: it does; back the same way. */
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_METADATA, held - 5, false);
	assert_int_equal(mp->m_fdblocks, fdblocks);
	assert_int_equal(xfs_ag_resv_needed(pag, XFS_AG_RESV_NONE), 5 + 235);
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_METADATA, 8, false);
	assert_int_equal(mp->m_fdblocks, fdblocks - 3);
	assert_int_equal(xfs_ag_resv_held(&pag->pag_meta_resv), 0);
	xfs_ag_resv_give_back(tp, pag, XFS_AG_RESV_METADATA, 4);
	assert_int_equal(xfs_ag_resv_held(&pag->pag_meta_resv), 1);
	assert_int_equal(trans_of(tp)->t_freed_blocks, 3);
	xfs_ag_resv_give_back(tp, pag, XFS_AG_RESV_METADATA, held - 1);
	assert_int_equal(xfs_ag_resv_held(&pag->pag_meta_resv), held);
	assert_int_equal(trans_of(tp)->t_freed_blocks, 3);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(mp->m_fdblocks, fdblocks);

	/* The AGFL moves no counter, an ordinary allocation the handle's. */
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 10, 0, &tp), 0);
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_AGFL, 4, false);
	assert_int_equal(xfs_trans_blocks_left(tp), 10);
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_NONE, 4, false);
	assert_int_equal(xfs_trans_blocks_left(tp), 6);
	xfs_ag_resv_give_back(tp, pag, XFS_AG_RESV_AGFL, 4);
	assert_int_equal(trans_of(tp)->t_freed_blocks, 0);
	xfs_ag_resv_give_back(tp, pag, XFS_AG_RESV_NONE, 4);
	assert_int_equal(trans_of(tp)->t_freed_blocks, 4);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(mp->m_fdblocks, fdblocks);
	test_mount_free(mp);
}

/*
 * (RESV-3) A tree outgrows its reservation while nothing is left: its block is gone all the same.
 */
static void test_taken_by_force(void **state)
{
	struct xfs_mount *mp = make(300ull << 20, 4096, 4, true);
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	int64_t all = mp->m_fdblocks - mp->m_set_aside, pool = mp->m_resblks_avail;
	struct xfs_trans *tp;

	(void)state;
	assert_int_equal(xfs_mod_fdblocks(mp, -all, false), 0);
	assert_int_equal(xfs_mod_fdblocks(mp, -1, false), -ENOSPC);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	pag->pag_rmapbt_resv.ar_used = pag->pag_rmapbt_resv.ar_asked;
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_RMAPBT, 1, false);
	assert_int_equal(mp->m_resblks_avail, pool - 1);
	xfs_ag_resv_alloc(tp, pag, XFS_AG_RESV_RMAPBT, (xfs_extlen_t)pool + 3, false);
	assert_int_equal(mp->m_resblks_avail + mp->m_fdblocks - mp->m_set_aside, -4);
	assert_int_equal(xfs_trans_commit(tp), 0);
	test_mount_free(mp);
}

/* An AG with too little free space for its reservations gets what there is, and mounts. */
static void test_full_ag(void **state)
{
	struct xfs_mount *mp = make(300ull << 20, 4096, 4, true);
	struct xfs_perag *pag = xfs_perag_get(mp, 0);
	struct xfs_alloc_arg args = {
		.target = 100, .minlen = 1, .maxlen = 100000, .flags = XFS_ALLOC_THIS_AG,
		.oinfo = { .oi_owner = XFS_RMAP_SKIP },
	};
	uint64_t icount, ifree, fdblocks;

	(void)state;
	test_ag_resv_free(mp);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 20000, 0, &args.tp), 0);
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	assert_int_equal(xfs_trans_commit(args.tp), 0);
	assert_true(pag->pag_freeblks < 100);
	assert_int_equal(xfs_ag_resv_init(mp), 0);
	assert_true(xfs_ag_resv_needed(pag, XFS_AG_RESV_NONE) <=
		    pag->pag_freeblks + pag->pag_flcount);
	assert_int_equal(xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks), 0);
	assert_true(mp->m_fdblocks + mp->m_resblks_avail <= (int64_t)fdblocks);
	test_mount_free(mp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_kernels_ask),
		cmocka_unit_test(test_what_may_be_promised),
		cmocka_unit_test(test_charging),
		cmocka_unit_test(test_taken_by_force),
		cmocka_unit_test(test_full_ag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
