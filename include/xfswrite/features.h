/* SPDX-License-Identifier: MIT */
/*
 * Feature bits of a file system: the words of its superblock, as struct xfs_info and struct
 * xfs_mkfs_geometry have them.  A kernel or library that does not know a bit may
 *  - of features_compat: ignore it; none are defined.
 *  - of features_ro_compat: read the file system, not write it.
 *  - of features_incompat: do neither.
 *  - of features_log_incompat: not recover the log; it is set only while the log needs it.
 */
#ifndef XFSWRITE_FEATURES_H
#define XFSWRITE_FEATURES_H

enum xfs_feat_ro_compat {
	XFS_FEAT_RO_COMPAT_FINOBT = 1u << 0,
	XFS_FEAT_RO_COMPAT_RMAPBT = 1u << 1,
	XFS_FEAT_RO_COMPAT_REFLINK = 1u << 2,
	XFS_FEAT_RO_COMPAT_INOBTCNT = 1u << 3,
};
#define XFS_FEAT_RO_COMPAT_FINOBT	(1u << 0)	/* tree of free inodes */
#define XFS_FEAT_RO_COMPAT_RMAPBT	(1u << 1)	/* reverse map */
#define XFS_FEAT_RO_COMPAT_REFLINK	(1u << 2)	/* shared blocks */
#define XFS_FEAT_RO_COMPAT_INOBTCNT	(1u << 3)	/* AGIs count blocks of inode trees */

enum xfs_feat_incompat {
	XFS_FEAT_INCOMPAT_FTYPE = 1u << 0,
	XFS_FEAT_INCOMPAT_SPINODES = 1u << 1,
	XFS_FEAT_INCOMPAT_META_UUID = 1u << 2,
	XFS_FEAT_INCOMPAT_BIGTIME = 1u << 3,
	XFS_FEAT_INCOMPAT_NEEDSREPAIR = 1u << 4,
	XFS_FEAT_INCOMPAT_NREXT64 = 1u << 5,
	XFS_FEAT_INCOMPAT_EXCHRANGE = 1u << 6,
	XFS_FEAT_INCOMPAT_PARENT = 1u << 7,
	XFS_FEAT_INCOMPAT_METADIR = 1u << 8,
	XFS_FEAT_INCOMPAT_ZONED = 1u << 9,
	XFS_FEAT_INCOMPAT_ZONE_GAPS = 1u << 10,
};
#define XFS_FEAT_INCOMPAT_FTYPE		(1u << 0)	/* types in directory entries */
#define XFS_FEAT_INCOMPAT_SPINODES	(1u << 1)	/* sparse inode chunks */
#define XFS_FEAT_INCOMPAT_META_UUID	(1u << 2)	/* metadata keeps an older UUID */
#define XFS_FEAT_INCOMPAT_BIGTIME	(1u << 3)	/* times up to 2486 */
#define XFS_FEAT_INCOMPAT_NEEDSREPAIR	(1u << 4)	/* xfs_repair must run first */
#define XFS_FEAT_INCOMPAT_NREXT64	(1u << 5)	/* 64-bit extent counters */
#define XFS_FEAT_INCOMPAT_EXCHRANGE	(1u << 6)	/* exchanges in several transactions */
#define XFS_FEAT_INCOMPAT_PARENT	(1u << 7)	/* parent pointers */
#define XFS_FEAT_INCOMPAT_METADIR	(1u << 8)	/* tree of metadata files */
#define XFS_FEAT_INCOMPAT_ZONED		(1u << 9)	/* zoned realtime device */
#define XFS_FEAT_INCOMPAT_ZONE_GAPS	(1u << 10)	/* gaps between the zones */

enum xfs_feat_log_incompat {
	XFS_FEAT_LOG_INCOMPAT_XATTRS = 1u << 0,
};
#define XFS_FEAT_LOG_INCOMPAT_XATTRS	(1u << 0)	/* the log has intents of attributes */

#endif
