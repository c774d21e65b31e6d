/* SPDX-License-Identifier: MIT */
/* Opening and closing a file system; the contract is in <xfswrite/xfswrite.h>. */
#ifndef MOUNT_MOUNT_H
#define MOUNT_MOUNT_H

#include <xfswrite/xfswrite.h>
#include "core/mount.h"

int xfs_mountfs(struct xfs_device *dev, const struct xfs_mount_options *opts,
		struct xfs_mount **mpp) XFS_MUST_CHECK;
int xfs_mountfs_minimum(struct xfs_device *dev, const struct xfs_mount_options *opts,
			uint64_t *bytes) XFS_MUST_CHECK;
int xfs_unmountfs(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_abandonfs(struct xfs_mount *mp);
int xfs_syncfs(struct xfs_mount *mp) XFS_MUST_CHECK;

#endif
