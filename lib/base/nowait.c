/* SPDX-License-Identifier: MIT */
/* The end of NOWAIT calls; the rules are in nowait.h. */
#include "base/error.h"
#include "base/nowait.h"

_Thread_local struct xfs_nowait xfs_nowait_thread;

/* True if a second attempt after reclaim might have helped. */
static bool is_reclaimable(int64_t ret)
{
	return ret == -ENOSPC || ret == -EDQUOT || ret == -ENOMEM;
}

int64_t xfs_nowait_error(int64_t ret)
{
	bool refused = xfs_nowait_thread.refused && is_reclaimable(ret);

	xfs_nowait_thread.refused = false;
	if (refused)
		xfs_fail(-EAGAIN, "NOWAIT: it may be possible after waiting: %s", xfs_last_text());
	else if (ret == XFS_WOULD_WAIT)
		xfs_error_renumber(XFS_WOULD_WAIT, -EAGAIN);
	else
		return ret;
	return -EAGAIN;
}
