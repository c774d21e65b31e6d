/* SPDX-License-Identifier: MIT */
/* The one rule for taking set-id bits and capabilities away: a write, truncate, fallocate, chown and
 * chmod. */
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

/* Nothing to strip, seen without a lock: so it is with nearly every write. */
static bool has_nothing(const struct xfs_inode *ip)
{
	if (ip->i_mount->m_unprivileged && xfs_inode_mode(ip) & (S_ISUID | S_ISGID))
		return false;
	return xfs_iflags_test(ip, XFS_IF_NO_CAPABILITY) || !xfs_inode_has_attr_fork(ip);
}

/* What is there to be stripped. */
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
	/* As in the kernel: it is a change of its own, which could not be taken back. */
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 " has set-id bits or a capability to lose",
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

int xfs_file_modified(struct xfs_inode *ip, struct xfs_file_times *before) XFS_LOCKS_UNCHECKED
{
	int error = xfs_strip_privileges(ip);

	before->changed = false;
	if (!error)
		error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	before->mtime = ip->i_mtime;
	before->ctime = ip->i_ctime;
	before->set = ip->i_mtime = ip->i_ctime = xfs_now(ip->i_mount);
	before->changed = true;
	xfs_iunlock_excl(ip);
	before->dirty = xfs_iflags_test(ip, XFS_IF_DIRTY_TIMES);
	xfs_iflags_set(ip, XFS_IF_DIRTY_TIMES);
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* If somebody else has the lock now they stay as they are: then he may be setting them, too. */
void xfs_file_not_modified(struct xfs_inode *ip, const struct xfs_file_times *before)
{
	if (!before->changed || xfs_ilock_want_excl(ip))
		return;
	if (same_time(&ip->i_mtime, &before->set) && same_time(&ip->i_ctime, &before->set)) {
		ip->i_mtime = before->mtime;
		ip->i_ctime = before->ctime;
		if (!before->dirty)
			xfs_iflags_clear(ip, XFS_IF_DIRTY_TIMES);
	}
	xfs_iunlock_excl(ip);
}
