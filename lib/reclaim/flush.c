/* SPDX-License-Identifier: MIT */
/* Writing all dirty data, so that what it had reserved too much comes back. */
#include "reclaim/reclaim.h"
#include "write/writeback.h"

int xfs_flush_inodes(struct xfs_mount *mp)
{
	int error = xfs_writeback_all(mp);

	xfs_writeback_release(mp);
	return error;
}

int xfs_reclaim_for_unmount(struct xfs_mount *mp)
{
	int error = xfs_flush_inodes(mp), error2 = xfs_blockgc_free_space(mp);

	return error ? error : error2;
}
