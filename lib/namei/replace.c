/* SPDX-License-Identifier: MIT */
/*
 * Moving a name from one inode to another in one transaction: the name exists at every moment and
 * after any crash.
 */
#include "namei/namei_priv.h"
#include "quota/quota.h"
#include "trans/resv.h"

struct replace {
	struct xfs_inode *dp, *ip, *target;	/* target: the inode that has the name, or NULL */
	struct xfs_name name;
	uint8_t buf[255];			/* the name as the directory has it */
};

/* With the locks held, check that the name still leads to the same inode. */
static int name_unchanged(struct replace *rp, bool *same)
{
	xfs_ino_t ino;
	int error = xfs_dir_lookup_stored(rp->dp, &rp->name, &ino, rp->buf);

	*same = false;
	if (error == -ENOENT) {
		*same = !rp->target;
		return 0;
	}
	if (error)
		return error;
	*same = rp->target && ino == rp->target->i_ino;
	/* On case-insensitive file systems the existing spelling of the name stays. */
	rp->name.name = rp->buf;
	return 0;
}

static int may_replace(struct xfs_trans *tp, struct replace *rp)
{
	const uint16_t fixed = XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND;
	struct xfs_inode *dp = rp->dp, *target = rp->target;
	struct xfs_mount *mp = dp->i_mount;
	uint32_t nblocks;
	int error = xfs_may_link(dp, rp->ip);

	if (error)
		return error;
	if (!target) {
		error = xfs_dir_may_add(tp, dp, &rp->name, &nblocks);
		return error ? error : xfs_dir_may_charge(tp, dp, nblocks, xfs_quota_worst_link(mp));
	}
	if (dp->i_nlink == 0)
		return xfs_error(mp, -ENOENT, "directory %" PRIu64 " was removed", dp->i_ino);
	if (xfs_is_dir(target))
		return xfs_error(mp, -EISDIR, "inode %" PRIu64 " is a directory", target->i_ino);
	if ((dp->i_diflags | target->i_diflags) & fixed)
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " or its directory %" PRIu64
				 " is immutable or append-only", target->i_ino, dp->i_ino);
	if (XFS_IS_CORRUPT(mp, "inode", target->i_ino, target->i_nlink == 0))
		return -EUCLEAN;
	return xfs_parent_prepare(dp, &rp->name, target);
}

/*
 * Change everything; all inodes are locked.  Steps that may still find damage before they change
 * something come first.
 */
static int replace_locked(struct xfs_trans *tp, struct replace *rp)
{
	struct xfs_inode *dp = rp->dp, *ip = rp->ip, *target = rp->target;
	struct xfs_name name;
	int error = may_replace(tp, rp);

	if (!error)
		error = xfs_parent_prepare(dp, &rp->name, ip);
	if (!error)
		error = xfs_link_unnamed(tp, ip);
	name = rp->name;
	name.type = xfs_mode_to_ftype(ip->i_mode);
	if (!error && target)
		error = xfs_parent_remove(tp, dp, &name, target);
	if (!error)
		error = xfs_parent_add(tp, dp, &name, ip);
	if (!error)
		error = target ? xfs_dir_replace(tp, dp, &name, ip->i_ino)
			       : xfs_dir_createname(tp, dp, &name, ip->i_ino);
	if (error)
		return error;
	if (target) {
		xfs_trans_ichgtime(tp, target, XFS_ICHGTIME_CHG);
		error = xfs_droplink(tp, target);
		if (error)
			return error;
	}
	xfs_dir_touched(tp, dp);
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	xfs_bumplink(tp, ip);
	return 0;
}

static uint32_t replace_blocks(const struct xfs_mount *mp, const struct replace *rp)
{
	uint32_t blocks = xfs_dir_add_blocks(mp, rp->name.len) +
			  xfs_parent_blocks(mp, rp->name.len);

	return rp->target ? blocks + xfs_attr_remove_blocks(mp) : blocks;
}

static int try_replace(struct xfs_mount *mp, struct replace *rp, bool *again)
{
	struct xfs_inode *all[3] = { rp->dp, rp->ip };
	struct xfs_trans *tp;
	unsigned int nr = 2;
	bool same;
	int error;

	*again = false;
	error = xfs_lookup(rp->dp, &rp->name, &rp->target);
	if (error && error != -ENOENT)
		return error;
	if (rp->target == rp->ip)
		return 0;
	error = xfs_trans_alloc(mp, XFS_RESV_RENAME, replace_blocks(mp, rp),
				rp->target ? XFS_TRANS_RESERVE : 0, &tp);
	if (error)
		return error;
	if (rp->target)
		all[nr++] = rp->target;
	error = xfs_ilock_want_many(all, nr);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	error = name_unchanged(rp, &same);
	if (!error && same)
		error = replace_locked(tp, rp);
	xfs_iunlock_many(all, nr);
	*again = !error && !same;
	if (error || *again) {
		xfs_trans_cancel(tp);
		return error;
	}
	return xfs_trans_commit(tp);
}

int xfs_replace(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
{
	struct replace rp = { .dp = dp, .ip = ip, .name = *name };
	struct xfs_mount *mp = dp->i_mount;
	bool again;
	int error;

	if (!xfs_is_dir(dp))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", dp->i_ino);
	if (xfs_is_dir(ip))
		return xfs_error(mp, -EPERM, "a directory cannot have a second link");
	error = xfs_name_check_new(mp, name);
	if (error)
		return error;
	do {
		xfs_irele(rp.target);
		rp.target = NULL;
		rp.name = *name;
		error = try_replace(mp, &rp, &again);
	} while (again);
	xfs_irele(rp.target);
	return error;
}
