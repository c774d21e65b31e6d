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
/*
 * The part of closing that can be cancelled: writes data and frees unused reservations. -ECANCELED:
 * @mp is open as before.  Else 0, and xfs_unmountfs() follows, which also reports errors.
 */
int xfs_unmount_begin(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Without xfs_unmount_begin() it does all of the work, and cannot be cancelled. */
int xfs_unmountfs(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_abandonfs(struct xfs_mount *mp);
/* May be cancelled: -ECANCELED. */
int xfs_syncfs(struct xfs_mount *mp) XFS_MUST_CHECK;

#endif
