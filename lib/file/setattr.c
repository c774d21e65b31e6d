/* SPDX-License-Identifier: MIT */
/* chmod, chown, utimes and the like in one transaction; before it, truncate.c sets a size. */
#include "base/clock.h"
#include "core/message.h"
#include "core/stats.h"
#include "file/privileges.h"
#include "file/setattr.h"
#include "file/truncate.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"
#include "write/write.h"

#define MODE_BITS	07777u

static const struct xfs_attr_name access_acl = {
	.name = (const uint8_t *)SGI_ACL_FILE, .len = SGI_ACL_FILE_SIZE, .ns = XFS_ATTR_ROOT,
};

/* All changes, computed before the first of them. */
struct plan {
	struct xfs_iattr iattr;
	bool change_acl;		/* there is an ACL, which follows the mode */
	bool kill_capability;
};

static bool changes_owner(const struct xfs_iattr *iattr)
{
	return iattr->valid & (XFS_ATTR_UID | XFS_ATTR_GID);
}

/*
 * A change of owner removes set-id bits, as in chown(2).  A caller that is neither privileged nor
 * in the group cannot set set-group-id.
 */
static void plan_mode(const struct xfs_inode *ip, struct xfs_iattr *iattr, bool kill)
{
	const struct xfs_mount *mp = ip->i_mount;
	uint32_t gid = iattr->valid & XFS_ATTR_GID ? iattr->gid : ip->i_gid;
	uint32_t strip = kill && !(iattr->valid & XFS_ATTR_MODE) ? xfs_setid_to_strip(ip) : 0;

	/* This depends on the old group. */
	if (strip) {
		iattr->mode = (ip->i_mode & MODE_BITS) & ~strip;
		iattr->valid |= XFS_ATTR_MODE;
	}
	/* The resulting mode, from the caller or from above, depends on the new group. */
	if ((iattr->valid & XFS_ATTR_MODE) && mp->m_unprivileged && mp->m_gid != gid)
		iattr->mode &= ~(uint32_t)S_ISGID;
}

static int make_plan(struct xfs_trans *tp, struct xfs_inode *ip, struct plan *plan, bool kill)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t blocks = 0;
	int error;

	error = xfs_iattr_check(mp, ip, ip->i_mode, &plan->iattr);
	if (error)
		return error;
	plan_mode(ip, &plan->iattr, kill);
	if ((plan->iattr.valid & XFS_ATTR_MODE) && !xfs_is_symlink(ip)) {
		error = xfs_inode_has_attr(ip, &access_acl, &plan->change_acl);
		if (error)
			return error;
	}
	if (kill && !xfs_is_dir(ip)) {
		error = xfs_inode_has_attr(ip, &xfs_capability_name, &plan->kill_capability);
		if (error)
			return error;
	}
	if (plan->change_acl)
		blocks += xfs_acl_chmod_blocks(mp);
	if (plan->kill_capability)
		blocks += xfs_attr_remove_blocks(mp);
	if (!blocks)
		return 0;
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	return error ? error : xfs_trans_ensure_blocks(tp, blocks);
}

static int apply(struct xfs_trans *tp, struct xfs_inode *ip, const struct plan *plan)
{
	const struct xfs_iattr *iattr = &plan->iattr;
	int error = 0;

	if (plan->change_acl)
		error = xfs_acl_chmod(tp, ip, (uint16_t)iattr->mode);
	if (!error && plan->kill_capability)
		error = xfs_attr_remove(tp, ip, &xfs_capability_name, NULL, 0);
	if (error)
		return error;
	if (iattr->valid & XFS_ATTR_MODE)
		xfs_inode_set_mode(ip, (uint16_t)((ip->i_mode & ~MODE_BITS) |
						  (iattr->mode & MODE_BITS)));
	xfs_iattr_apply(ip, iattr);
	if (!(iattr->valid & XFS_ATTR_CTIME))
		xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

/* Get the quota records of the owners that @iattr sets. */
static int prepare_owners(struct xfs_inode *ip, const struct xfs_iattr *iattr,
			  struct xfs_quota_owners *owners)
{
	uint32_t ids[XFS_QUOTA_TYPES];
	int error;

	*owners = (struct xfs_quota_owners){ { NULL } };
	if (!ip->i_mount->m_quota ||
	    !(iattr->valid & (XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID)))
		return 0;
	error = xfs_ilock_want_shared(ip);
	if (error)
		return error;
	xfs_inode_owners(ip, ids);
	xfs_iunlock_shared(ip);
	xfs_iattr_owners(iattr, ids);
	return xfs_quota_prepare(ip->i_mount, ids, owners);
}

static int set_once(struct xfs_inode *ip, const struct xfs_iattr *iattr, bool kill)
{
	struct plan plan = { .iattr = *iattr };
	struct xfs_trans *tp;
	struct xfs_quota_owners owners;
	enum xfs_resv_kind kind;
	int error;

	error = prepare_owners(ip, iattr, &owners);
	if (error)
		return error;
	/* A new mode may change an ACL. */
	kind = kill || iattr->valid & XFS_ATTR_MODE ? XFS_RESV_ATTR_SET : XFS_RESV_INODE;
	error = xfs_trans_alloc_ilocked(ip, kind, 0, XFS_TRANS_RESERVE, &tp);
	if (error)
		goto out_owners;
	error = make_plan(tp, ip, &plan, kill);
	/* A privileged caller may give a file to an owner beyond that owner's limits. */
	if (!error && ip->i_mount->m_unprivileged)
		error = xfs_quota_reserve_transfer(tp, ip, &owners);
	if (!error)
		error = apply(tp, ip, &plan);
	xfs_iunlock_excl(ip);
	error = xfs_trans_finish(tp, error);
out_owners:
	xfs_quota_release(ip->i_mount, &owners);
	return error;
}

/* Reclaim for the owners that @iattr sets. */
static bool reclaim_for_owners(struct xfs_inode *ip, const struct xfs_iattr *iattr, int error, bool *tried)
{
	uint32_t ids[XFS_QUOTA_TYPES];

	if (!xfs_may_reclaim(error, *tried))
		return false;
	xfs_ilock_shared(ip);
	xfs_inode_owners(ip, ids);
	xfs_iunlock_shared(ip);
	xfs_iattr_owners(iattr, ids);
	return xfs_reclaim_and_retry_for(ip, ids, error, tried);
}

static int set(struct xfs_inode *ip, const struct xfs_iattr *iattr, bool kill)
{
	bool tried = false;
	int error;

	do {
		error = set_once(ip, iattr, kill);
	} while (reclaim_for_owners(ip, iattr, error, &tried));
	return error;
}

static int check_rest(struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	error = xfs_iattr_check(ip->i_mount, ip, ip->i_mode, iattr);
	xfs_iunlock_shared(ip);
	return error;
}

int xfs_file_setattr(struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	struct xfs_iattr rest = *iattr;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_ig_attrchg);
	rest.valid &= ~(XFS_ATTR_SIZE | XFS_ATTR_RDEV);
	if (iattr->valid & XFS_ATTR_SIZE) {
		/* Check the rest first, so that it cannot be refused after the truncate. */
		error = check_rest(ip, &rest);
		if (!error)
			error = xfs_file_truncate(ip, iattr->size_bytes);
		if (error)
			return error;
	}
	if (!rest.valid)
		return 0;
	return set(ip, &rest, ip->i_mount->m_unprivileged && changes_owner(&rest));
}

int xfs_file_chown(struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	return set(ip, iattr, true);
}

/* Convert blocks to bytes, limited to what the public type can hold. */
static uint32_t hint_bytes(const struct xfs_mount *mp, uint32_t blocks)
{
	uint64_t bytes = (uint64_t)blocks << mp->m_geo.blocklog;

	return (uint32_t)XFS_MIN(bytes, (uint64_t)UINT32_MAX & ~(uint64_t)mp->m_geo.blockmask);
}

int xfs_file_getattr(struct xfs_inode *ip, struct xfs_stat *st)
{
	struct xfs_mount *mp = ip->i_mount;
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	*st = (struct xfs_stat)XFS_STAT_INIT;
	st->ino = ip->i_ino;
	st->gen = ip->i_gen;
	st->mode = ip->i_mode;
	st->nlink = ip->i_nlink;
	st->uid = ip->i_uid;
	st->gid = ip->i_gid;
	st->projid = ip->i_projid;
	if (S_ISCHR(ip->i_mode) || S_ISBLK(ip->i_mode)) {
		st->rdev_major = xfs_sysv_major(ip->i_rdev);
		st->rdev_minor = xfs_sysv_minor(ip->i_rdev);
	}
	st->size_bytes = xfs_is_reg(ip) ? xfs_isize(ip) : (uint64_t)ip->i_disk_size;
	/* As in the kernel, blocks allocated for copy-on-write count as used. */
	st->blocks512 = XFS_FSB_TO_BB(&mp->m_geo, ip->i_nblocks + ip->i_delayed_blks + ip->i_cow_blocks);
	/*
	 * At least a page of most machines; no kernel reports less.  For a device node, the block
	 * size of this file system means nothing.
	 */
	st->blksize = 4096;
	if (!S_ISCHR(ip->i_mode) && !S_ISBLK(ip->i_mode))
		st->blksize = XFS_MAX(mp->m_geo.blocksize, 4096u);
	st->xflags = xfs_inode_xflags(ip);
	st->extsize_bytes = hint_bytes(mp, ip->i_extsize);
	st->cowextsize_bytes = hint_bytes(mp, ip->i_cowextsize);
	st->nextents = ip->i_df.if_nextents;
	st->anextents = xfs_inode_has_attr_fork(ip) ? ip->i_af.if_nextents : 0;
	st->changecount = ip->i_changecount;
	st->atime = xfs_public_timespec(ip->i_atime);
	st->mtime = xfs_public_timespec(ip->i_mtime);
	st->ctime = xfs_public_timespec(ip->i_ctime);
	st->crtime = xfs_public_timespec(ip->i_crtime);
	xfs_iunlock_shared(ip);
	return 0;
}
