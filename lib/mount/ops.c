/* SPDX-License-Identifier: MIT */
/* The table of calls from lower to higher layers. */
#include "ag/busy.h"
#include "dir/dir.h"
#include "mount/mount_priv.h"
#include "namei/namei.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

static int local_data_out(struct xfs_trans *tp, struct xfs_inode *ip)
{
	return xfs_is_dir(ip) ? xfs_dir_sf_to_block(tp, ip) : xfs_symlink_to_remote(tp, ip);
}

static void checkpoint_cut(struct xfs_mount *mp)
{
	xfs_extent_busy_cut(mp);
}

const struct xfs_upcalls xfs_mount_upcalls = {
	.writeback_some = xfs_writeback_some,
	.mark_in_progress = xfs_mark_in_progress,
	.want_ags = xfs_perag_want_all,
	.inactivate = xfs_inactive,
	.checkpoint_cut = checkpoint_cut,
	.checkpoint_durable = xfs_extent_busy_clear,
	.freed_space_is_busy = xfs_extent_busy_any,
	.end_failed_io = xfs_end_failed_io,
	.local_data_out = local_data_out,
	.charge = xfs_quota_charge,
	.hold = xfs_quota_hold,
	.held = xfs_quota_held,
	.unreserve_quota = xfs_quota_unreserve,
	.open_metafile = xfs_metadir_open,
	.relieve_memory = xfs_relieve_memory,
	.shrink_caches = xfs_shrink_all_caches,
	.check_intent = xfs_recover_check_intent,
};
