/* SPDX-License-Identifier: MIT */
/* Private to namei/. */
#ifndef NAMEI_NAMEI_PRIV_H
#define NAMEI_NAMEI_PRIV_H

#include "core/message.h"
#include "namei/namei.h"

/* Most extents that one addition to a directory can add to its data fork. */
static inline uint32_t xfs_dir_add_extents(const struct xfs_mount *mp)
{
	return (5 + 2) * mp->m_geo.dirblkfsbs;
}

/* Update mtime and ctime of a directory whose contents changed. */
static inline void xfs_dir_touched(struct xfs_trans *tp, struct xfs_inode *dp)
{
	xfs_trans_ichgtime(tp, dp, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, dp, XFS_ILOG_CORE);
}

/* Check a name to be created: -ENOENT, -ENAMETOOLONG, -EINVAL; -EEXIST for "." and "..". */
int xfs_name_check_new(struct xfs_mount *mp, const struct xfs_name *name) XFS_MUST_CHECK;

/*
 * Call before the first change of a transaction that adds a name to @dp, which is locked.
 * *@nblocks: most directory blocks that it takes.
 */
int xfs_dir_may_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    uint32_t *nblocks) XFS_MUST_CHECK;
/*
 * Then reserve quota of @worst blocks for @dp's owners.  If the quota is exceeded, go on only if
 * the name takes no blocks: @nblocks is 0 and there are no parent pointers.
 */
int xfs_dir_may_charge(struct xfs_trans *tp, struct xfs_inode *dp, uint32_t nblocks,
		       uint32_t worst) XFS_MUST_CHECK;

int xfs_may_link(const struct xfs_inode *dp, const struct xfs_inode *ip) XFS_MUST_CHECK;
int xfs_link_unnamed(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* Store a new symlink's target, in the inode or in blocks. */
int xfs_symlink_set(struct xfs_trans *tp, struct xfs_inode *ip, const uint8_t *target,
		    uint32_t len) XFS_MUST_CHECK;
uint32_t xfs_symlink_blocks(const struct xfs_mount *mp, uint32_t len);

/*
 * -EUCLEAN if @dp's link count does not include a directory below it, which is to be removed or
 * moved.
 */
int xfs_dir_may_lose_link(struct xfs_inode *dp) XFS_MUST_CHECK;

/*
 * Call before the name of directory @ip in @dp is removed or moved, both locked: -EUCLEAN unless
 * ".." of @ip leads to @dp.  Damaged directories may have names elsewhere, or contain themselves.
 */
int xfs_dir_check_parent(struct xfs_inode *dp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* Finish the removal of the only name of directory @ip from @dp; both are locked. */
int xfs_dir_unlinked(struct xfs_trans *tp, struct xfs_inode *dp, struct xfs_inode *ip)
	XFS_MUST_CHECK;

#endif
