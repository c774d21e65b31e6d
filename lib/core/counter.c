/* SPDX-License-Identifier: MIT */
/*
 * Counters of free blocks, the reserve pool, delayed allocations and busy blocks, under one lock;
 * per-slot shares in front of them keep most calls off that lock.
 */
#include "core/counter.h"
#include "core/message.h"

static int64_t reserve_pool_size(const struct xfs_mount *mp)
{
	return (int64_t)XFS_MIN(mp->m_geo.dblocks / 20, (uint64_t)XFS_RESBLKS_MAX);
}

/* Blocks of a new share.  It may grow to twice as many. */
#define SHARE_BLOCKS	1024
/* A share is taken only if at least this many blocks stay free. */
#define PLENTY_BLOCKS	(4 * SHARE_BLOCKS * XFS_SLOTS)

/* NULL: this thread has no share. */
static struct xfs_counter_slot *slot_of(struct xfs_mount *mp)
{
	uint32_t slot = xfs_slot();

	return slot ? &mp->m_slots[slot] : NULL;
}

void xfs_fold_counters(struct xfs_mount *mp)
{
	for (uint32_t i = 1; i < XFS_SLOTS; i++) {
		struct xfs_counter_slot *cs = &mp->m_slots[i];

		mp->m_fdblocks += __atomic_exchange_n(&cs->cs_free, 0, __ATOMIC_RELAXED);
		mp->m_delalloc_blocks += __atomic_exchange_n(&cs->cs_delalloc, 0, __ATOMIC_RELAXED);
		mp->m_icount += __atomic_exchange_n(&cs->cs_icount, 0, __ATOMIC_RELAXED);
		mp->m_ifree += __atomic_exchange_n(&cs->cs_ifree, 0, __ATOMIC_RELAXED);
	}
}

/* Take @blocks from this thread's share; false if the share is too small. */
static bool take_from_share(struct xfs_mount *mp, int64_t blocks)
{
	struct xfs_counter_slot *cs = slot_of(mp);
	int64_t share;

	if (!cs)
		return false;
	share = __atomic_load_n(&cs->cs_free, __ATOMIC_RELAXED);
	do {
		if (share < blocks)
			return false;
	} while (!__atomic_compare_exchange_n(&cs->cs_free, &share, share - blocks, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

/* Give @blocks to this thread's share; false if they belong in the common counter or the pool. */
static bool give_to_share(struct xfs_mount *mp, int64_t blocks)
{
	struct xfs_counter_slot *cs = slot_of(mp);

	/* An empty share stays empty: it may have been folded back because space is short. */
	if (!cs || !__atomic_load_n(&mp->m_pool_full, __ATOMIC_RELAXED) ||
	    !__atomic_load_n(&cs->cs_free, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&cs->cs_free, __ATOMIC_RELAXED) + blocks > 2 * SHARE_BLOCKS)
		return false;
	__atomic_add_fetch(&cs->cs_free, blocks, __ATOMIC_RELAXED);
	return true;
}

/* m_lock held.  If plenty of blocks are free, take @blocks and a new share for this thread. */
static bool take_with_share(struct xfs_mount *mp, int64_t blocks)
{
	struct xfs_counter_slot *cs = slot_of(mp);

	if (!cs || mp->m_fdblocks - mp->m_set_aside < blocks + SHARE_BLOCKS + (int64_t)PLENTY_BLOCKS)
		return false;
	mp->m_fdblocks -= blocks + SHARE_BLOCKS;
	__atomic_add_fetch(&cs->cs_free, SHARE_BLOCKS, __ATOMIC_RELAXED);
	return true;
}

/* m_lock held. */
static void take_from_pool(struct xfs_mount *mp, int64_t blocks)
{
	mp->m_resblks_avail -= blocks;
	__atomic_store_n(&mp->m_pool_full, false, __ATOMIC_RELAXED);
}

/* m_lock held. */
static void give_back(struct xfs_mount *mp, int64_t blocks)
{
	int64_t room = reserve_pool_size(mp) - mp->m_resblks_avail;

	if (room > 0) {
		int64_t refill = XFS_MIN(room, blocks);

		mp->m_resblks_avail += refill;
		blocks -= refill;
		room -= refill;
	}
	__atomic_store_n(&mp->m_pool_full, room <= 0, __ATOMIC_RELAXED);
	mp->m_fdblocks += blocks;
}

static int take(struct xfs_mount *mp, int64_t blocks, bool reserved, int64_t *free_blocks)
{
	int error = 0;

	if (take_from_share(mp, blocks))
		return 0;
	xfs_mutex_lock(&mp->m_lock);
	if (take_with_share(mp, blocks))
		goto out_unlock;
	xfs_fold_counters(mp);
	*free_blocks = mp->m_fdblocks - mp->m_set_aside;
	if (*free_blocks >= blocks)
		mp->m_fdblocks -= blocks;
	else if (reserved && mp->m_resblks_avail >= blocks)
		take_from_pool(mp, blocks);
	else
		error = -ENOSPC;
out_unlock:
	xfs_mutex_unlock(&mp->m_lock);
	return error;
}

int xfs_mod_fdblocks(struct xfs_mount *mp, int64_t delta, bool reserved)
{
	int64_t free_blocks = 0;
	int error;

	if (delta >= 0) {
		xfs_add_fdblocks(mp, (uint64_t)delta);
		return 0;
	}
	error = take(mp, -delta, reserved, &free_blocks);
	if (error)
		return xfs_error(mp, error, "no space: %" PRId64 " blocks wanted, %" PRId64
				 " can be reserved", -delta, XFS_MAX(free_blocks, (int64_t)0));
	return 0;
}

void xfs_add_fdblocks(struct xfs_mount *mp, uint64_t delta)
{
	if (!delta || give_to_share(mp, (int64_t)delta))
		return;
	xfs_mutex_lock(&mp->m_lock);
	give_back(mp, (int64_t)delta);
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_take_fdblocks(struct xfs_mount *mp, uint64_t blocks)
{
	int64_t want = (int64_t)blocks;

	if (take_from_share(mp, want))
		return;
	xfs_mutex_lock(&mp->m_lock);
	if (mp->m_fdblocks - mp->m_set_aside < want)
		xfs_fold_counters(mp);
	if (mp->m_fdblocks - mp->m_set_aside < want) {
		int64_t pool = XFS_MIN(mp->m_resblks_avail, want);

		take_from_pool(mp, pool);
		want -= pool;
	}
	mp->m_fdblocks -= want;
	xfs_mutex_unlock(&mp->m_lock);
}

static void mod_delalloc(struct xfs_mount *mp, int64_t delta)
{
	struct xfs_counter_slot *cs = slot_of(mp);

	if (cs) {
		__atomic_add_fetch(&cs->cs_delalloc, delta, __ATOMIC_RELAXED);
		return;
	}
	xfs_mutex_lock(&mp->m_lock);
	mp->m_delalloc_blocks += delta;
	xfs_mutex_unlock(&mp->m_lock);
}

int xfs_reserve_delalloc_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	int64_t free_blocks = 0;
	int error = blocks > INT64_MAX ? -ENOSPC : take(mp, (int64_t)blocks, false, &free_blocks);

	if (error)
		return xfs_error(mp, error, "no space: %" PRIu64 " blocks wanted, %" PRId64
				 " can be reserved", blocks, XFS_MAX(free_blocks, (int64_t)0));
	mod_delalloc(mp, (int64_t)blocks);
	return 0;
}

void xfs_settle_delalloc_blocks(struct xfs_mount *mp, uint64_t used, int64_t back)
{
	mod_delalloc(mp, -((int64_t)used + back));
	if (back >= 0) {
		xfs_add_fdblocks(mp, (uint64_t)back);
		return;
	}
	xfs_mutex_lock(&mp->m_lock);
	mp->m_fdblocks += back;
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_add_busy_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	__atomic_add_fetch(&mp->m_busy_blocks, (int64_t)blocks, __ATOMIC_RELAXED);
}

void xfs_clear_busy_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	xfs_mutex_lock(&mp->m_lock);
	__atomic_sub_fetch(&mp->m_busy_blocks, (int64_t)blocks, __ATOMIC_RELAXED);
	give_back(mp, (int64_t)blocks);
	xfs_mutex_unlock(&mp->m_lock);
}

bool xfs_busy_blocks_wanted(struct xfs_mount *mp, uint64_t blocks)
{
	struct xfs_counter_slot *cs = slot_of(mp);
	bool wanted;

	/* Usually this thread's share is large enough. */
	if (!__atomic_load_n(&mp->m_busy_blocks, __ATOMIC_RELAXED) ||
	    (cs && __atomic_load_n(&cs->cs_free, __ATOMIC_RELAXED) >= (int64_t)blocks))
		return false;
	xfs_mutex_lock(&mp->m_lock);
	wanted = mp->m_fdblocks - mp->m_set_aside < (int64_t)blocks;
	if (wanted) {
		xfs_fold_counters(mp);
		wanted = mp->m_fdblocks - mp->m_set_aside < (int64_t)blocks;
	}
	xfs_mutex_unlock(&mp->m_lock);
	return wanted;
}

void xfs_mod_icount(struct xfs_mount *mp, int64_t icount_delta, int64_t ifree_delta)
{
	struct xfs_counter_slot *cs = slot_of(mp);

	if (cs) {
		__atomic_add_fetch(&cs->cs_icount, icount_delta, __ATOMIC_RELAXED);
		__atomic_add_fetch(&cs->cs_ifree, ifree_delta, __ATOMIC_RELAXED);
		return;
	}
	xfs_mutex_lock(&mp->m_lock);
	mp->m_icount += icount_delta;
	mp->m_ifree += ifree_delta;
	xfs_mutex_unlock(&mp->m_lock);
}

/*
 * The other shares are counted but not folded back, because every write that extends a file asks.
 */
int64_t xfs_fdblocks_available(struct xfs_mount *mp)
{
	int64_t blocks;

	xfs_mutex_lock(&mp->m_lock);
	blocks = mp->m_fdblocks + __atomic_load_n(&mp->m_busy_blocks, __ATOMIC_RELAXED) -
		 mp->m_set_aside;
	for (uint32_t i = 1; i < XFS_SLOTS; i++)
		blocks += __atomic_load_n(&mp->m_slots[i].cs_free, __ATOMIC_RELAXED);
	xfs_mutex_unlock(&mp->m_lock);
	return XFS_MAX(blocks, (int64_t)0);
}
