/* SPDX-License-Identifier: MIT */
/* Writing all dirty data, which returns what its reservations do not need. */
#include "reclaim/reclaim.h"
#include "write/writeback.h"

int xfs_flush_inodes(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error = xfs_writeback_all(mp, call);

	xfs_writeback_release(mp);
	return error;
}

int xfs_reclaim_for_unmount(struct xfs_mount *mp, struct xfs_long_call *call)
{
	int error = xfs_flush_inodes(mp, call), error2;

	if (call && call->cancelled)
		return error;
	error2 = xfs_blockgc_free_space(mp, call);
	return error ? error : error2;
}
