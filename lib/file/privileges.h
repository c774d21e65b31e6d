/* SPDX-License-Identifier: MIT */
/* Set-id bits and capabilities, which changes by unprivileged callers remove. */
#ifndef FILE_PRIVILEGES_H
#define FILE_PRIVILEGES_H

#include "attr/attr.h"
#include "inode/inode.h"

extern const struct xfs_attr_name xfs_capability_name;

/* What xfs_file_modified() left for the end of the call. */
struct xfs_file_times {
	bool set;			/* mtime and ctime have been set, in memory */
	bool later;			/* not set yet: a NOWAIT call may still be refused */
};

/*
 * The set-id bits of a file that a change of contents or owner removes: set-user-id; and
 * set-group-id if the group may execute the file, or if the caller is unprivileged and not in the
 * group.  A directory keeps its bits.
 */
uint32_t xfs_setid_to_strip(const struct xfs_inode *ip);

/* Whether @ip has this attribute.  The caller has locked the attribute fork. */
int xfs_inode_has_attr(struct xfs_inode *ip, const struct xfs_attr_name *name, bool *has) XFS_MUST_CHECK;

/*
 * Call before contents change: removes the capability attribute in any case, and set-id bits on an
 * unprivileged mount.  IOLOCK held exclusively.
 */
int xfs_strip_privileges(struct xfs_inode *ip) XFS_MUST_CHECK;
/*
 * Call before contents change: does the same, and sets mtime and ctime to now, in memory;
 * XFS_IF_DIRTY_TIMES marks them as not logged.  A NOWAIT call, which may have to leave everything
 * unchanged, sets them at its end.  IOLOCK held exclusively.
 */
int xfs_file_modified(struct xfs_inode *ip, struct xfs_file_times *times) XFS_MUST_CHECK;
/*
 * With @times->later, set the times in memory after the contents have changed.  IOLOCK held
 * exclusively.
 */
void xfs_file_was_modified(struct xfs_inode *ip, struct xfs_file_times *times);
/* Set mtime and ctime to now, in a transaction.  IOLOCK held exclusively. */
int xfs_file_log_modified(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
