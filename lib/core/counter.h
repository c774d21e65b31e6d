/* SPDX-License-Identifier: MIT */
/*
 * The counters in memory.
 *
 * m_fdblocks is what may still be reserved: at open it is the sum over all AGs
 * of free blocks, AGFL blocks and tree blocks (what sb_fdblocks means), less
 * the per-AG reservations that ag/resv.c hides and less the reserve pool.  A
 * delayed allocation takes from it when it is made; turning it into blocks
 * takes nothing more.  The superblock's own value is computed from the AG
 * headers when it is written, never from here.
 *
 * (COUNTER-1) A thread takes blocks from its slot's share and gives them back there, so that threads
 *     do not meet.  A share is taken from m_fdblocks only while there is plenty, and before anybody
 *     is refused, served from the reserve pool, or told a number, all shares have come back.
 *     Threads of slot 0, the first one of a process among them, have no share.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include "core/mount.h"

#define XFS_RESBLKS_MAX		8192

/* m_lock held: all shares come back, and the counters of the mount are whole. */
void xfs_fold_counters(struct xfs_mount *mp);

/*
 * Add @delta blocks.  A negative delta fails with -ENOSPC, changing nothing,
 * when less than the set-aside would remain; with @reserved it may then take
 * from the reserve pool.  Giving back refills the pool first.
 */
int xfs_mod_fdblocks(struct xfs_mount *mp, int64_t delta, bool reserved) XFS_MUST_CHECK;

/* The same, where @delta >= 0 cannot fail. */
void xfs_add_fdblocks(struct xfs_mount *mp, uint64_t delta);

/*
 * Take @blocks, whatever remains: first what anybody gets, then the reserve pool, then what
 * was set aside; beyond that the counter owes them, and nobody else gets any until they are back.
 */
void xfs_take_fdblocks(struct xfs_mount *mp, uint64_t blocks);

/*
 * Delayed allocation.  Reserve takes @blocks from the counter, -ENOSPC changes
 * nothing.  Settle ends them: @used blocks became real ones, @back are given
 * back; @back may be negative when more were used than had been reserved, and
 * then takes the rest whatever remains.
 */
int xfs_reserve_delalloc_blocks(struct xfs_mount *mp, uint64_t blocks) XFS_MUST_CHECK;
void xfs_settle_delalloc_blocks(struct xfs_mount *mp, uint64_t used, int64_t back);

/*
 * With a journal, freed blocks cannot be had before the checkpoint that freed them is durable:
 * until xfs_clear_busy_blocks() they count as free for those who ask, and for nobody else.
 */
void xfs_add_busy_blocks(struct xfs_mount *mp, uint64_t blocks);
void xfs_clear_busy_blocks(struct xfs_mount *mp, uint64_t blocks);
/* Would it help one who wants @blocks? */
bool xfs_busy_blocks_wanted(struct xfs_mount *mp, uint64_t blocks);

void xfs_mod_icount(struct xfs_mount *mp, int64_t icount_delta, int64_t ifree_delta);

/* Blocks an ordinary caller could still get, now or when a checkpoint is durable. */
int64_t xfs_fdblocks_available(struct xfs_mount *mp);

#endif
