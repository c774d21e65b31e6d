/* SPDX-License-Identifier: MIT */
/* Removing names. */
#include "namei/namei_priv.h"
#include "trans/resv.h"

static const struct xfs_name dotdot_name = {
	.name = (const uint8_t *)"..", .len = 2, .type = XFS_DIR3_FT_DIR,
};

int xfs_dir_check_parent(struct xfs_inode *dp, struct xfs_inode *ip)
{
	xfs_ino_t parent;
	int error = xfs_dir_lookup(ip, &dotdot_name, &parent);

	if (error || parent == dp->i_ino)
		return error;
	return xfs_corrupt(dp->i_mount, "directory", "inode %" PRIu64 " has a name in %" PRIu64
			   ", but its \"..\" is %" PRIu64, ip->i_ino, dp->i_ino, parent);
}

static int may_remove(struct xfs_inode *dp, struct xfs_inode *ip, bool dir)
{
	struct xfs_mount *mp = dp->i_mount;
	int error;

	if (dp->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND) ||
	    ip->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " or its directory %" PRIu64
				 " is immutable or append-only", ip->i_ino, dp->i_ino);
	if (XFS_IS_CORRUPT(mp, "inode", ip->i_ino, ip->i_nlink == 0))
		return -EUCLEAN;
	if (!dir)
		return xfs_is_dir(ip) ? xfs_error(mp, -EISDIR, "inode %" PRIu64 " is a directory",
						  ip->i_ino)
				      : 0;
	if (!xfs_is_dir(ip))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", ip->i_ino);
	if (ip == mp->m_rootip)
		return xfs_error(mp, -EBUSY, "the root directory cannot be removed");
	if (!xfs_dir_is_empty(ip) || ip->i_nlink > 2)
		return xfs_error(mp, -ENOTEMPTY, "directory %" PRIu64 " is not empty", ip->i_ino);
	error = xfs_dir_check_parent(dp, ip);
	return error ? error : xfs_dir_may_lose_link(dp);
}

int xfs_dir_may_lose_link(struct xfs_inode *dp)
{
	if (dp->i_nlink > 2)
		return 0;
	return xfs_corrupt(dp->i_mount, "inode", "directory %" PRIu64 " has %u links and a directory below",
			   dp->i_ino, dp->i_nlink);
}

/*
 * Drop the last links of directory @ip, and let its ".." lead to the root: it must not name @dp,
 * which may be freed first.
 */
int xfs_dir_unlinked(struct xfs_trans *tp, struct xfs_inode *dp, struct xfs_inode *ip)
{
	int error = 0;

	if (dp->i_ino != tp->t_mount->m_sb.sb_rootino)
		error = xfs_dir_replace(tp, ip, &dotdot_name, tp->t_mount->m_sb.sb_rootino);
	if (error)
		return error;
	/* The link from its own "." and the one from the parent's entry. */
	xfs_inode_set_nlink(ip, 1);
	return xfs_droplink(tp, ip);
}

static int remove_locked(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
			 struct xfs_inode *ip, bool dir)
{
	int error = may_remove(dp, ip, dir);

	if (!error)
		error = xfs_parent_prepare(dp, name, ip);
	/* If the parent pointer is missing, this fails before anything has changed. */
	if (!error)
		error = xfs_parent_remove(tp, dp, name, ip);
	if (!error)
		error = xfs_dir_removename(tp, dp, name, ip->i_ino);
	if (error)
		return error;
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	if (dir) {
		error = xfs_droplink(tp, dp);
		if (!error)
			error = xfs_dir_unlinked(tp, dp, ip);
	} else {
		error = xfs_droplink(tp, ip);
	}
	if (!error)
		xfs_dir_touched(tp, dp);
	return error;
}

/*
 * Find the inode without a lock, then lock both in order and look the name up again. *@again: the
 * name has come to lead to another inode.
 */
static int try_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir, bool *again)
{
	struct xfs_mount *mp = dp->i_mount;
	struct xfs_inode *pair[2], *ip;
	struct xfs_name stored = *name;
	struct xfs_trans *tp;
	uint8_t buf[255];
	xfs_ino_t ino;
	int error;

	*again = false;
	error = xfs_lookup(dp, name, &ip);
	if (error)
		return error == -ENOENT ? xfs_no_such_name(dp, name) : error;
	/* Removing must work in a full file system, too. */
	error = xfs_trans_alloc(mp, XFS_RESV_REMOVE,
				xfs_dir_remove_blocks(mp) + xfs_attr_remove_blocks(mp),
				XFS_TRANS_FREES, &tp);
	if (error) {
		xfs_irele(ip);
		return error;
	}
	pair[0] = dp;
	pair[1] = ip;
	error = xfs_ilock_want_many(pair, 2);
	if (error) {
		xfs_trans_cancel(tp);
		xfs_irele(ip);
		return error;
	}
	error = xfs_dir_lookup_stored(dp, name, &ino, buf);
	stored.name = buf;
	if (error == -ENOENT)
		xfs_no_such_name(dp, name);
	*again = !error && ino != ip->i_ino;
	if (!error && !*again)
		error = remove_locked(tp, dp, &stored, ip, dir);
	xfs_iunlock_many(pair, 2);
	if (error || *again)
		xfs_trans_cancel(tp);
	else
		error = xfs_trans_commit(tp);
	xfs_irele(ip);
	return error;
}

int xfs_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir)
{
	struct xfs_mount *mp = dp->i_mount;
	bool again;
	int error;

	if (!xfs_is_dir(dp))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", dp->i_ino);
	if (xfs_name_is_dot(name))
		return xfs_error(mp, dir ? -EINVAL : -EISDIR, "\".\" cannot be removed");
	if (xfs_name_is_dotdot(name))
		return xfs_error(mp, dir ? -ENOTEMPTY : -EISDIR, "\"..\" cannot be removed");
	do {
		error = try_remove(dp, name, dir, &again);
	} while (again);
	return error;
}
