/* SPDX-License-Identifier: MIT */
/* What the files of namei/ share. */
#ifndef NAMEI_NAMEI_PRIV_H
#define NAMEI_NAMEI_PRIV_H

#include "core/message.h"
#include "namei/namei.h"

/* Most extents that one addition to a directory can make of its data fork. */
static inline uint32_t xfs_dir_add_extents(const struct xfs_mount *mp)
{
	return (5 + 2) * mp->m_geo.dirblkfsbs;
}

/* mtime and ctime of a directory whose contents changed. */
static inline void xfs_dir_touched(struct xfs_trans *tp, struct xfs_inode *dp)
{
	xfs_trans_ichgtime(tp, dp, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, dp, XFS_ILOG_CORE);
}

/* -ENOENT, -ENAMETOOLONG, -EINVAL; -EEXIST for "." and "..". */
int xfs_name_check_new(struct xfs_mount *mp, const struct xfs_name *name) XFS_MUST_CHECK;

/*
 * Before the first change of a transaction that adds a name to @dp, which is locked.  *@nblocks: directory
 * blocks that it takes at most.
 */
int xfs_dir_may_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    uint32_t *nblocks) XFS_MUST_CHECK;
/*
 * Then: who owns @dp may have @worst blocks more, or, without parent pointers, none is needed.
 */
int xfs_dir_may_charge(struct xfs_trans *tp, struct xfs_inode *dp, uint32_t nblocks,
		       uint32_t worst) XFS_MUST_CHECK;

int xfs_may_link(const struct xfs_inode *dp, const struct xfs_inode *ip) XFS_MUST_CHECK;
int xfs_link_unnamed(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* A new symlink's target: into the inode, or into blocks. */
int xfs_symlink_set(struct xfs_trans *tp, struct xfs_inode *ip, const uint8_t *target,
		    uint32_t len) XFS_MUST_CHECK;
uint32_t xfs_symlink_blocks(const struct xfs_mount *mp, uint32_t len);

/* A directory below @dp is to go, its ".." with it: damage if @dp has not counted it. */
int xfs_dir_may_lose_link(struct xfs_inode *dp) XFS_MUST_CHECK;

/*
 * A name in @dp of directory @ip, both locked, is to go or to move: the ".." that would follow must
 * lead to @dp.  Damaged directories may have names elsewhere, or contain themselves.
 */
int xfs_dir_check_parent(struct xfs_inode *dp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* The last name of directory @ip, in @dp, is gone; both are locked. */
int xfs_dir_unlinked(struct xfs_trans *tp, struct xfs_inode *dp, struct xfs_inode *ip)
	XFS_MUST_CHECK;

#endif
