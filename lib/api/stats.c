/* SPDX-License-Identifier: MIT */
/* Statistics since the file system was opened. */
#include <xfswrite/stats.h>
#include "api/api_priv.h"
#include "core/stats.h"

static int do_get_stats(struct xfs_mount *mp, struct xfs_stats *out)
{
	struct xfs_stats own = { 0 };

#define TAKE(member)	own.member = xfs_stats_sum(mp, XFS_COUNT_##member);
	XFS_EACH_STAT(TAKE)
#undef TAKE
	xfs_give_struct(&own, out);
	return 0;
}

int xfs_get_stats(struct xfs_mount *mp, struct xfs_stats *stats)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_stats, stats, xs_freeb) ?:
				  do_get_stats(mp, stats));
}
