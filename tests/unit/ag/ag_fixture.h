/* SPDX-License-Identifier: MIT */
/* One small file system, for the tests of the trees of an AG. */
#ifndef UNIT_AG_FIXTURE_H
#define UNIT_AG_FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xfswrite/mkfs.h>
#include "ag/ag_priv.h"
#include "ag/inobt.h"
#include "ag/refcount.h"
#include "support/ag_walk.h"
#include "support/test_mount.h"

static struct xfs_mount *mp;
static struct xfs_trans *tp;

static inline void fixture_make(uint32_t blocksize, uint8_t rmapbt, uint8_t reflink, uint8_t finobt)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .agcount = 2, .log_size = 8 << 20,
		.blocksize = blocksize, .rmapbt = rmapbt, .reflink = reflink, .finobt = finobt,
		.inobtcount = finobt,
	};

	mp = test_mount_mkfs(80 << 20, &opts);
}

static inline void begin(uint32_t blocks)
{
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, blocks, 0, &tp), 0);
}

static inline void commit(void)
{
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_false(xfs_is_shutdown(mp));
}

/* What lies on the device now; sound in itself. */
static inline void look(xfs_agnumber_t agno, struct ag_walk *w)
{
	test_mount_settle(mp);
	ag_walk(mp->m_dev, &mp->m_geo, agno, w);
	assert_string_equal(w->error, "");
}

/* Blocks [@agbno, +@len) of AG 0 are in use by nobody known to the reverse map. */
static inline void take_bare(xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_alloc_arg args = {
		.target = agbno, .minlen = len, .maxlen = len, .flags = XFS_ALLOC_EXACT,
		.oinfo = { .oi_owner = XFS_RMAP_SKIP },
	};

	begin(len);
	args.tp = tp;
	assert_int_equal(xfs_alloc_vextent(&args), 0);
	assert_int_equal(args.fsbno, agbno);
	commit();
}

static inline int fixture_tear_down(void **state)
{
	(void)state;
	test_mount_free(mp);
	return 0;
}

#endif
