/* SPDX-License-Identifier: MIT */
/* fallocate(2): allocating, punching, zeroing, and moving what is behind a range of a file. */
#ifndef FILE_FALLOCATE_H
#define FILE_FALLOCATE_H

#include "file/file.h"

/* Check a request without its file: -EINVAL, -EOPNOTSUPP. */
int xfs_check_fallocate(struct xfs_mount *mp, int mode, uint64_t offset, uint64_t len) XFS_MUST_CHECK;

/*
 * See xfs_fallocate() in <xfswrite/fallocate.h>; the request has passed xfs_check_fallocate().
 * @flags: XFS_WRITE_DSYNC, XFS_WRITE_SYNC; @seen: see xfs_file_fsync().
 */
int xfs_file_fallocate(struct xfs_inode *ip, int mode, uint64_t offset, uint64_t len,
		       uint32_t flags, struct xfs_data_errors_seen *seen) XFS_MUST_CHECK;

#endif
