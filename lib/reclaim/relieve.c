/* SPDX-License-Identifier: MIT */
/* When the host has no more memory, or the mount's limit is reached. */
#include "ag/busy.h"
#include "buf/buf.h"
#include "device/queue.h"
#include "inode/inode.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "trans/trans.h"
#include "write/writeback.h"

void xfs_shrink_all_caches(struct xfs_mount *mp, bool all)
{
	/* Inodes first: their folios and extent maps are freed with them. */
	if (mp->m_inodes)
		xfs_inode_cache_shrink(mp, all ? 0 : xfs_inode_cache_unused_bytes(mp) / 2);
	if (mp->m_pagecache) {
		xfs_pagecache_shrink(mp, all ? 0 : xfs_pagecache_bytes(mp) / 2);
		xfs_pagecache_trim(mp);
	}
	if (mp->m_bufs)
		xfs_buf_shrink(mp, all ? 0 : xfs_buf_cached_bytes(mp) / 2);
	if (mp->m_queue)
		xfs_queue_trim(mp->m_queue);
	xfs_extent_busy_trim(mp);
}

int xfs_relieve_memory(struct xfs_mount *mp)
{
	int error = 0, error2 = 0;

	XFS_TRACE(mp, xfs_relieve_memory, xfs_mem_left(&mp->m_mem));
	if (!xfs_nowait_refuses() && !mp->m_rdonly && !xfs_is_shutdown(mp)) {
		error = xfs_writeback_dirty(mp);
		xfs_queue_submit(mp->m_queue);
		error2 = xfs_checkpoint_writeback(mp, false);
	}
	xfs_shrink_all_caches(mp, true);
	return error ? error : error2;
}
