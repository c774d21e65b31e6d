/* SPDX-License-Identifier: MIT */
/* The one list of what low layers may call above them. */
#include "mount/mount_priv.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

const struct xfs_upcalls xfs_mount_upcalls = {
	.writeback_some = xfs_writeback_some,
	.mark_in_progress = xfs_mark_in_progress,
};
