/* SPDX-License-Identifier: MIT */
/*
 * Busy extents: blocks freed in a checkpoint that is not durable yet.  After a crash they may
 * belong to their old owner again, so nobody may write into them until then: the allocator passes
 * over them.
 *
 * Each belongs to the checkpoint that was running when it was freed.  The journal calls
 * xfs_extent_busy_cut() when it closes a checkpoint, while no transaction is open, and
 * xfs_extent_busy_clear() when that checkpoint is durable.  Without a journal nothing is ever busy,
 * and every call is cheap.
 *
 * The extents are in one tree per AG (pag_busy, under pag_lock), sorted and disjoint, and on one
 * list of the mount in the order in which they were freed.
 */
#ifndef AG_BUSY_H
#define AG_BUSY_H

#include "ag/perag.h"

int xfs_extent_busy_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Return the memory that is pooled for new extents. */
void xfs_extent_busy_trim(struct xfs_mount *mp);
void xfs_extent_busy_destroy(struct xfs_mount *mp);

/*
 * Record that the open transaction freed [@agbno, +@len). pag_lock held.  Cannot fail: without
 * memory, the whole AG is busy until the checkpoint is durable.
 */
void xfs_extent_busy_insert(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len);

/*
 * The part of [@agbno, +@len) covered by the first busy extent in it; false: there is none.
 * pag_lock held.
 */
bool xfs_extent_busy_search(const struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len,
			    xfs_agblock_t *busy_agbno, xfs_extlen_t *busy_len);

/*
 * Close the running checkpoint: extents freed from now on belong to the next one.  Returns the
 * number of the closed one.  No transaction is open.
 */
uint64_t xfs_extent_busy_cut(struct xfs_mount *mp);
/*
 * Number of the running checkpoint; 0 without a journal.  The caller may hold any lock but one of
 * class LEAF.
 */
uint64_t xfs_extent_busy_seq(struct xfs_mount *mp);
/*
 * Checkpoint @seq and all before it are durable: their extents are no longer busy.  Takes AG locks,
 * one at a time.
 */
void xfs_extent_busy_clear(struct xfs_mount *mp, uint64_t seq);
/* True if anything is busy, so that a log force would help. */
bool xfs_extent_busy_any(struct xfs_mount *mp);

#endif
