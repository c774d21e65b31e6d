/* SPDX-License-Identifier: MIT */
/*
 * Busy extents: blocks that were freed in a checkpoint that is not durable yet.
 * After a crash they may belong to their old owner again, so nobody may write
 * into them before: the allocator passes over them.
 *
 * Each belongs to the checkpoint that was running when it was freed.  The
 * journal calls xfs_extent_busy_cut() when it cuts, with the gate closed, and
 * xfs_extent_busy_clear() when that checkpoint is durable.  Without a journal
 * nothing is ever busy, and every call is cheap.
 *
 * The extents stand in one tree per AG (pag_busy, under pag_lock), sorted, not
 * overlapping, and on one list of the mount in the order they were freed.
 */
#ifndef AG_BUSY_H
#define AG_BUSY_H

#include "ag/perag.h"

int xfs_extent_busy_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Memory that is kept for new extents goes back to the host. */
void xfs_extent_busy_trim(struct xfs_mount *mp);
void xfs_extent_busy_destroy(struct xfs_mount *mp);

/*
 * [@agbno, +@len) was freed by the open transaction. pag_lock held.  Cannot fail: out of
 * memory, the whole AG is busy for the time.
 */
void xfs_extent_busy_insert(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len);

/*
 * The first busy extent that touches [@agbno, +@len), cut to it; false: there is none.
 * pag_lock held.
 */
bool xfs_extent_busy_search(const struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len,
			    xfs_agblock_t *busy_agbno, xfs_extlen_t *busy_len);

/*
 * What is freed from now on belongs to the next checkpoint; returns the number of the one
 * that was cut.  No transaction is open.
 */
uint64_t xfs_extent_busy_cut(struct xfs_mount *mp);
/* Of the running checkpoint; 0 without a journal.  Any lock may be held but those of class LEAF. */
uint64_t xfs_extent_busy_seq(struct xfs_mount *mp);
/* Checkpoint @seq and all before it are durable.  Takes AG locks, one at a time. */
void xfs_extent_busy_clear(struct xfs_mount *mp, uint64_t seq);
/* Is anything busy: would forcing the log help? */
bool xfs_extent_busy_any(struct xfs_mount *mp);

#endif
