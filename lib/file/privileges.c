/* SPDX-License-Identifier: MIT */
/*
 * The one rule for removing set-id bits and capabilities, for write, truncate, fallocate, chown and
 * chmod.
 */
#include "file/privileges.h"
#include "trans/trans.h"

const struct xfs_attr_name xfs_capability_name = {
	.name = (const uint8_t *)"capability", .len = 10, .ns = XFS_ATTR_SECURE,
};

uint32_t xfs_setid_to_strip(const struct xfs_inode *ip)
{
	const struct xfs_mount *mp = ip->i_mount;
	uint32_t mode = xfs_inode_mode(ip), strip = mode & S_ISUID;

	if (S_ISDIR(mode))
		return 0;
	if ((mode & S_IXGRP) || (mp->m_unprivileged && mp->m_gid != ip->i_gid))
		strip |= mode & S_ISGID;
	return strip;
}

int xfs_inode_has_attr(struct xfs_inode *ip, const struct xfs_attr_name *name, bool *has)
{
	uint32_t len = 0;
	int error = 0;

	*has = false;
	if (!xfs_inode_has_attr_fork(ip))
		return 0;
	error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (!error)
		error = xfs_attr_get(ip, name, NULL, &len);
	*has = !error;
	return error == -ENODATA ? 0 : error;
}

/* True if there is nothing to strip, without taking a lock, as in nearly every write. */
static bool has_nothing(const struct xfs_inode *ip)
{
	if (ip->i_mount->m_unprivileged && xfs_inode_mode(ip) & (S_ISUID | S_ISGID))
		return false;
	return xfs_iflags_test(ip, XFS_IF_NO_CAPABILITY) || !xfs_inode_has_attr_fork(ip);
}

/* Determine what there is to strip. */
static int look(struct xfs_inode *ip, uint32_t *setid, bool *capability)
{
	bool excl;
	int error;

	*capability = false;
	*setid = 0;
	if (has_nothing(ip))
		return 0;
	error = xfs_ilock_map(ip, XFS_ATTR_FORK, &excl);
	if (error)
		return error;
	if (ip->i_mount->m_unprivileged)
		*setid = xfs_setid_to_strip(ip);
	error = xfs_inode_has_attr(ip, &xfs_capability_name, capability);
	if (!error && !*capability)
		xfs_iflags_set(ip, XFS_IF_NO_CAPABILITY);
	xfs_iunlock_map(ip, excl);
	return error;
}

int xfs_strip_privileges(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	bool capability;
	uint32_t setid;
	int error;

	error = look(ip, &setid, &capability);
	if (error || (!setid && !capability))
		return error;
	/* As in the kernel: stripping is a separate change, which could not be undone. */
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 " must lose set-id bits or a capability",
				      ip->i_ino);
	error = xfs_trans_alloc_ilocked(ip, capability ? XFS_RESV_ATTR_REMOVE : XFS_RESV_INODE,
					capability ? xfs_attr_remove_blocks(mp) : 0, 0, &tp);
	if (error)
		return error;
	if (capability)
		error = xfs_attr_remove(tp, ip, &xfs_capability_name, NULL, 0);
	if (!error) {
		xfs_inode_set_mode(ip, (uint16_t)(ip->i_mode & ~setid));
		xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

/* The caller holds the ILOCK exclusively; this releases it. */
static void set_times(struct xfs_inode *ip, struct xfs_file_times *times) XFS_LOCKS_UNCHECKED
{
	ip->i_mtime = ip->i_ctime = xfs_now(ip->i_mount);
	xfs_iunlock_excl(ip);
	xfs_iflags_set(ip, XFS_IF_DIRTY_TIMES);
	times->set = true;
}

int xfs_file_modified(struct xfs_inode *ip, struct xfs_file_times *times) XFS_LOCKS_UNCHECKED
{
	int error = xfs_strip_privileges(ip);

	*times = (struct xfs_file_times){ .later = xfs_nowait() };
	if (!error)
		error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	if (times->later)
		xfs_iunlock_excl(ip);
	else
		set_times(ip, times);
	return 0;
}

void xfs_file_was_modified(struct xfs_inode *ip, struct xfs_file_times *times) XFS_LOCKS_UNCHECKED
{
	xfs_nowait_changes();
	xfs_ilock_excl(ip);
	set_times(ip, times);
	times->later = false;
}

int xfs_file_log_modified(struct xfs_inode *ip) XFS_LOCKS_UNCHECKED
{
	struct xfs_trans *tp;
	int error = xfs_trans_alloc_ilocked(ip, XFS_RESV_INODE, 0, 0, &tp);

	if (error)
		return error;
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
	xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	return xfs_trans_commit(tp);
}
