/* SPDX-License-Identifier: MIT */
/* Set-id bits and capabilities, which do not survive what somebody without privilege does. */
#ifndef FILE_PRIVILEGES_H
#define FILE_PRIVILEGES_H

#include "attr/attr.h"
#include "inode/inode.h"

extern const struct xfs_attr_name xfs_capability_name;

/* What xfs_file_modified() has left to be done at the end. */
struct xfs_file_times {
	bool set;			/* mtime and ctime are now, in memory */
	bool later;			/* not yet: the call must not wait, and may still be refused */
};

/*
 * The set-id bits of a regular file that go when its contents or its owner change: that of the
 * user; that of the group if the group may execute it, and else if whoever acts has no privilege
 * and is not in the group.  Of a directory none.
 */
uint32_t xfs_setid_to_strip(const struct xfs_inode *ip);

/* Has @ip this attribute?  Its attribute fork is locked. */
int xfs_inode_has_attr(struct xfs_inode *ip, const struct xfs_attr_name *name, bool *has) XFS_MUST_CHECK;

/*
 * The contents are going to be changed: the capability attribute goes, whoever does it, and of an
 * unprivileged mount set-id bits.  IOLOCK held exclusively.
 */
int xfs_strip_privileges(struct xfs_inode *ip) XFS_MUST_CHECK;
/*
 * The contents are going to be changed: that, and mtime and ctime
 * become now, in memory; XFS_IF_DIRTY_TIMES says that nobody has logged them.  IOLOCK held
 * exclusively.  A NOWAIT call, which may have to leave all as it was, sets them at its end.
 */
int xfs_file_modified(struct xfs_inode *ip, struct xfs_file_times *times) XFS_MUST_CHECK;
/* With @times->later, after the contents were changed: in memory, too.  IOLOCK held exclusively. */
void xfs_file_was_modified(struct xfs_inode *ip, struct xfs_file_times *times);
/* mtime and ctime become now in a transaction.  IOLOCK held exclusively. */
int xfs_file_log_modified(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
