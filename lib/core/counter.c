/* SPDX-License-Identifier: MIT */
/* Free blocks, the reserve pool, delayed allocations and busy blocks: one lock, one sum. */
#include "core/counter.h"
#include "core/message.h"

static int64_t reserve_pool_size(const struct xfs_mount *mp)
{
	return (int64_t)XFS_MIN(mp->m_geo.dblocks / 20, (uint64_t)XFS_RESBLKS_MAX);
}

/* m_lock held. */
static void give_back(struct xfs_mount *mp, int64_t blocks)
{
	int64_t room = reserve_pool_size(mp) - mp->m_resblks_avail;

	if (room > 0) {
		int64_t refill = XFS_MIN(room, blocks);

		mp->m_resblks_avail += refill;
		blocks -= refill;
	}
	mp->m_fdblocks += blocks;
}

int xfs_mod_fdblocks(struct xfs_mount *mp, int64_t delta, bool reserved)
{
	int64_t free_blocks;
	int error = 0;

	xfs_mutex_lock(&mp->m_lock);
	if (delta >= 0) {
		give_back(mp, delta);
		goto out_unlock;
	}
	free_blocks = mp->m_fdblocks - mp->m_set_aside;
	if (free_blocks + delta >= 0) {
		mp->m_fdblocks += delta;
	} else if (reserved && mp->m_resblks_avail + delta >= 0) {
		mp->m_resblks_avail += delta;
	} else {
		error = -ENOSPC;
	}
out_unlock:
	xfs_mutex_unlock(&mp->m_lock);
	if (error)
		return xfs_error(mp, error, "no space: %" PRId64 " blocks wanted, %" PRId64
				 " can be reserved", -delta, XFS_MAX(free_blocks, (int64_t)0));
	return 0;
}

void xfs_add_fdblocks(struct xfs_mount *mp, uint64_t delta)
{
	xfs_mutex_lock(&mp->m_lock);
	give_back(mp, (int64_t)delta);
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_take_fdblocks(struct xfs_mount *mp, uint64_t blocks)
{
	int64_t want = (int64_t)blocks;

	xfs_mutex_lock(&mp->m_lock);
	if (mp->m_fdblocks - mp->m_set_aside < want) {
		int64_t pool = XFS_MIN(mp->m_resblks_avail, want);

		mp->m_resblks_avail -= pool;
		want -= pool;
	}
	mp->m_fdblocks -= want;
	xfs_mutex_unlock(&mp->m_lock);
}

int xfs_reserve_delalloc_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	int64_t free_blocks;
	bool enough;

	xfs_mutex_lock(&mp->m_lock);
	free_blocks = mp->m_fdblocks - mp->m_set_aside;
	enough = free_blocks >= 0 && (uint64_t)free_blocks >= blocks;
	if (enough) {
		mp->m_fdblocks -= (int64_t)blocks;
		mp->m_delalloc_blocks += (int64_t)blocks;
	}
	xfs_mutex_unlock(&mp->m_lock);
	if (!enough)
		return xfs_error(mp, -ENOSPC, "no space: %" PRIu64 " blocks wanted, %" PRId64
				 " can be reserved", blocks, XFS_MAX(free_blocks, (int64_t)0));
	return 0;
}

void xfs_settle_delalloc_blocks(struct xfs_mount *mp, uint64_t used, int64_t back)
{
	xfs_mutex_lock(&mp->m_lock);
	mp->m_delalloc_blocks -= (int64_t)used + back;
	if (back > 0)
		give_back(mp, back);
	else
		mp->m_fdblocks += back;
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_add_busy_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	xfs_mutex_lock(&mp->m_lock);
	mp->m_busy_blocks += (int64_t)blocks;
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_clear_busy_blocks(struct xfs_mount *mp, uint64_t blocks)
{
	xfs_mutex_lock(&mp->m_lock);
	mp->m_busy_blocks -= (int64_t)blocks;
	give_back(mp, (int64_t)blocks);
	xfs_mutex_unlock(&mp->m_lock);
}

bool xfs_busy_blocks_wanted(struct xfs_mount *mp, uint64_t blocks)
{
	bool wanted;

	xfs_mutex_lock(&mp->m_lock);
	wanted = mp->m_busy_blocks &&
		 mp->m_fdblocks - mp->m_set_aside < (int64_t)blocks;
	xfs_mutex_unlock(&mp->m_lock);
	return wanted;
}

void xfs_mod_icount(struct xfs_mount *mp, int64_t icount_delta, int64_t ifree_delta)
{
	xfs_mutex_lock(&mp->m_lock);
	mp->m_icount += icount_delta;
	mp->m_ifree += ifree_delta;
	xfs_mutex_unlock(&mp->m_lock);
}

int64_t xfs_fdblocks_available(struct xfs_mount *mp)
{
	int64_t blocks;

	xfs_mutex_lock(&mp->m_lock);
	blocks = mp->m_fdblocks + mp->m_busy_blocks - mp->m_set_aside;
	xfs_mutex_unlock(&mp->m_lock);
	return XFS_MAX(blocks, (int64_t)0);
}
