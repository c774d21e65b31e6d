/* SPDX-License-Identifier: MIT */
/*
 * The counters in memory.
 *
 * m_fdblocks is the number of blocks that may still be reserved: at open it is the sum over all AGs
 * of free blocks, AGFL blocks and tree blocks (what sb_fdblocks means), less the per-AG
 * reservations that ag/resv.c hides and less the reserve pool.  A delayed allocation takes from it
 * when it is made; converting it to real blocks takes nothing more.  The superblock's own value is
 * computed from the AG headers when it is written, never from here.
 *
 * (COUNTER-1) A thread takes blocks from its slot's share and gives them back to it, so that
 *     threads do not contend for m_lock.  A share is taken from m_fdblocks only while plenty of
 *     blocks are free.  All shares are folded back before a caller gets -ENOSPC, blocks of the
 *     reserve pool, or an error text with a number.  Threads of slot 0, among them the first thread
 *     of a process, have no share.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include "core/mount.h"

#define XFS_RESBLKS_MAX		8192

/* m_lock held.  Fold all shares back, so that the mount's own counters are exact. */
void xfs_fold_counters(struct xfs_mount *mp);

/*
 * Add @delta blocks.  A negative delta fails with -ENOSPC and changes nothing when fewer blocks
 * than the set-aside would remain; with @reserved it may then take from the reserve pool.  Giving
 * blocks back refills the pool first.
 */
int xfs_mod_fdblocks(struct xfs_mount *mp, int64_t delta, bool reserved) XFS_MUST_CHECK;

/* Add @delta blocks; cannot fail. */
void xfs_add_fdblocks(struct xfs_mount *mp, uint64_t delta);

/*
 * Take @blocks even if there are too few: first from the free blocks, then from the reserve pool,
 * then from the set-aside.  Beyond that the counter goes negative, and reservations fail until
 * enough blocks come back.
 */
void xfs_take_fdblocks(struct xfs_mount *mp, uint64_t blocks);

/*
 * Delayed allocation.  Reserve takes @blocks from the counter; on -ENOSPC nothing changed.  Settle
 * ends a reservation: @used blocks became real ones, @back are given back.  @back is negative when
 * more were used than reserved; the difference is then taken even if the counter goes negative.
 */
int xfs_reserve_delalloc_blocks(struct xfs_mount *mp, uint64_t blocks) XFS_MUST_CHECK;
void xfs_settle_delalloc_blocks(struct xfs_mount *mp, uint64_t used, int64_t back);

/*
 * With a journal, freed blocks cannot be allocated before the checkpoint that freed them is
 * durable.  Until xfs_clear_busy_blocks() they count as available in xfs_fdblocks_available(), but
 * cannot be reserved.
 */
void xfs_add_busy_blocks(struct xfs_mount *mp, uint64_t blocks);
void xfs_clear_busy_blocks(struct xfs_mount *mp, uint64_t blocks);
/* True if a log force would free enough for @blocks. */
bool xfs_busy_blocks_wanted(struct xfs_mount *mp, uint64_t blocks);

void xfs_mod_icount(struct xfs_mount *mp, int64_t icount_delta, int64_t ifree_delta);

/* Blocks that an ordinary caller could still get, now or after a log force. */
int64_t xfs_fdblocks_available(struct xfs_mount *mp);

#endif
