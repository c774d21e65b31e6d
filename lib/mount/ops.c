/* SPDX-License-Identifier: MIT */
/* The one list of what low layers may call above them. */
#include "mount/mount_priv.h"

const struct xfs_upcalls xfs_mount_upcalls = {
	.mark_in_progress = xfs_mark_in_progress,
};
