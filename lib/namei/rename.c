/* SPDX-License-Identifier: MIT */
/* Renaming: up to four inodes change in one transaction. */
#include <fcntl.h>
#include <stdio.h>
#include "namei/namei_priv.h"
#include "quota/quota.h"
#include "trans/resv.h"

static const struct xfs_name dotdot_name = {
	.name = (const uint8_t *)"..", .len = 2, .type = XFS_DIR3_FT_DIR,
};

struct rename {
	struct xfs_inode *src_dp, *dst_dp, *src, *target;	/* target: the inode that is
								 * replaced, or NULL */
	struct xfs_name src_name, dst_name;
	uint8_t src_buf[255], dst_buf[255];	/* the names as the directories have them */
	struct xfs_inode *all[4];
	unsigned int nr_all;
};

/*
 * -EINVAL if @dp is @ip or lies below it.  No lock is held.  Damaged directories may form a loop:
 * each inode is compared with one that was passed up to n steps ago, where n doubles, so that a
 * loop is found in time proportional to the path.
 */
static int check_not_below(struct xfs_inode *dp, struct xfs_inode *ip)
{
	struct xfs_mount *mp = dp->i_mount;
	struct xfs_inode *cur = dp, *up;
	xfs_ino_t passed = NULLFSINO;
	int error = 0;

	xfs_ihold(cur);
	for (uint64_t steps = 0, limit = 2; cur != mp->m_rootip; steps++) {
		if (cur == ip) {
			error = xfs_error(mp, -EINVAL, "a directory cannot be moved below itself");
			break;
		}
		if (cur->i_ino == passed) {
			error = xfs_corrupt(mp, "directory",
					    "inode %" PRIu64
					    " is not connected to the root directory",
					    dp->i_ino);
			break;
		}
		if (steps == limit) {
			passed = cur->i_ino;
			limit *= 2;
		}
		error = xfs_lookup(cur, &dotdot_name, &up);
		if (error)
			break;
		xfs_irele(cur);
		cur = up;
	}
	if (!error && cur == ip)
		error = xfs_error(mp, -EBUSY, "the root directory cannot be moved");
	xfs_irele(cur);
	return error;
}

static int lookup_both(struct rename *rn)
{
	int error = xfs_lookup(rn->src_dp, &rn->src_name, &rn->src);

	if (error)
		return error == -ENOENT ? xfs_no_such_name(rn->src_dp, &rn->src_name) : error;
	error = xfs_lookup(rn->dst_dp, &rn->dst_name, &rn->target);
	return error == -ENOENT ? 0 : error;
}

static void put_both(struct rename *rn)
{
	xfs_irele(rn->src);
	xfs_irele(rn->target);
	rn->src = rn->target = NULL;
}

/* With the locks held, check that both names still lead to the same inodes. */
static int names_unchanged(struct rename *rn, bool *same)
{
	xfs_ino_t ino;
	int error;

	*same = false;
	error = xfs_dir_lookup_stored(rn->src_dp, &rn->src_name, &ino, rn->src_buf);
	if (error)
		return error == -ENOENT ? 0 : error;
	if (ino != rn->src->i_ino)
		return 0;
	rn->src_name.name = rn->src_buf;
	error = xfs_dir_lookup_stored(rn->dst_dp, &rn->dst_name, &ino, rn->dst_buf);
	if (error == -ENOENT) {
		*same = !rn->target;
		return 0;
	}
	/* On case-insensitive file systems the existing spelling of the name stays. */
	if (!error)
		rn->dst_name.name = rn->dst_buf;
	*same = !error && rn->target && ino == rn->target->i_ino;
	return error;
}

static int lock_all(struct rename *rn)
{
	rn->nr_all = 0;
	rn->all[rn->nr_all++] = rn->src_dp;
	rn->all[rn->nr_all++] = rn->dst_dp;
	rn->all[rn->nr_all++] = rn->src;
	if (rn->target)
		rn->all[rn->nr_all++] = rn->target;
	return xfs_ilock_want_many(rn->all, rn->nr_all);
}

/* A directory that moves away, or that replaces another one, removes a link of its old parent. */
static int may_lose_link(struct rename *rn)
{
	if (!xfs_is_dir(rn->src) || (rn->src_dp == rn->dst_dp && !rn->target))
		return 0;
	return xfs_dir_may_lose_link(rn->src_dp);
}

static int may_rename(struct rename *rn)
{
	struct xfs_mount *mp = rn->src_dp->i_mount;
	struct xfs_inode *src = rn->src, *target = rn->target;
	const uint16_t fixed = XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND;

	/* POSIX: renaming one of two names of an inode to the other does nothing. */
	if (src == target)
		return 0;
	if ((src->i_diflags | rn->src_dp->i_diflags) & fixed ||
	    rn->dst_dp->i_diflags & (target ? fixed : XFS_DIFLAG_IMMUTABLE) ||
	    (target && target->i_diflags & fixed))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 ", what it would replace, or a directory of them is immutable or append-only",
				 src->i_ino);
	if (rn->dst_dp->i_nlink == 0)
		return xfs_error(mp, -ENOENT, "directory %" PRIu64 " was removed", rn->dst_dp->i_ino);
	if ((rn->dst_dp->i_diflags & XFS_DIFLAG_PROJINHERIT) && rn->dst_dp->i_projid != src->i_projid)
		return xfs_error(mp, -EXDEV, "the directory belongs to another project");
	if (!target) {
		if (xfs_is_dir(src) && rn->src_dp != rn->dst_dp &&
		    rn->dst_dp->i_nlink >= XFS_MAXLINK)
			return xfs_error(mp, -EMLINK, "directory %" PRIu64 " has too many links",
					 rn->dst_dp->i_ino);
		return may_lose_link(rn);
	}
	if (XFS_IS_CORRUPT(mp, "inode", target->i_ino, target->i_nlink == 0))
		return -EUCLEAN;
	if (xfs_is_dir(src) && !xfs_is_dir(target))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory",
				 target->i_ino);
	if (!xfs_is_dir(src) && xfs_is_dir(target))
		return xfs_error(mp, -EISDIR, "inode %" PRIu64 " is a directory", target->i_ino);
	if (xfs_is_dir(target) && (!xfs_dir_is_empty(target) || target->i_nlink > 2))
		return xfs_error(mp, -EEXIST, "directory %" PRIu64 " is not empty", target->i_ino);
	return may_lose_link(rn);
}

/*
 * Change everything; all inodes are locked and all checks passed.  Steps that may still find damage
 * before they change something come first.
 */
static int move_name(struct xfs_trans *tp, struct rename *rn)
{
	struct xfs_inode *src = rn->src, *target = rn->target;
	bool is_dir = xfs_is_dir(src), new_parent = rn->src_dp != rn->dst_dp;
	struct xfs_name dst_name = rn->dst_name;
	int error;

	dst_name.type = xfs_mode_to_ftype(src->i_mode);
	error = xfs_parent_replace(tp, rn->src_dp, &rn->src_name, rn->dst_dp, &dst_name, src);
	if (!error && target)
		error = xfs_parent_remove(tp, rn->dst_dp, &rn->dst_name, target);
	if (!error && is_dir && new_parent)
		error = xfs_dir_replace(tp, src, &dotdot_name, rn->dst_dp->i_ino);
	if (error)
		return error;
	if (!target) {
		error = xfs_dir_createname(tp, rn->dst_dp, &dst_name, src->i_ino);
		if (!error && is_dir && new_parent)
			xfs_bumplink(tp, rn->dst_dp);
	} else {
		error = xfs_dir_replace(tp, rn->dst_dp, &dst_name, src->i_ino);
		if (error)
			return error;
		xfs_trans_ichgtime(tp, target, XFS_ICHGTIME_CHG);
		/*
		 * The replaced directory takes away its link to the parent, and a directory from
		 * elsewhere adds one.
		 */
		if (is_dir)
			error = xfs_dir_unlinked(tp, rn->dst_dp, target);
		else
			error = xfs_droplink(tp, target);
	}
	if (!error && is_dir && (new_parent || target))
		error = xfs_droplink(tp, rn->src_dp);
	if (!error)
		error = xfs_dir_removename(tp, rn->src_dp, &rn->src_name, src->i_ino);
	if (error)
		return error;
	xfs_trans_ichgtime(tp, src, XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, src, XFS_ILOG_CORE);
	xfs_dir_touched(tp, rn->src_dp);
	if (new_parent)
		xfs_dir_touched(tp, rn->dst_dp);
	return 0;
}

static int rename_locked(struct xfs_trans *tp, struct rename *rn)
{
	uint32_t nblocks = 0;
	int error = may_rename(rn);

	if (error || rn->src == rn->target)
		return error;
	if (!rn->target)
		error = xfs_dir_may_add(tp, rn->dst_dp, &rn->dst_name, &nblocks);
	else
		error = xfs_parent_prepare(rn->dst_dp, &rn->dst_name, rn->target);
	if (!error)
		error = xfs_dir_may_charge(tp, rn->dst_dp, nblocks,
					   xfs_quota_worst_rename(tp->t_mount, rn->target != NULL));
	if (!error)
		error = xfs_parent_prepare(rn->src_dp, &rn->src_name, rn->src);
	if (!error)
		error = xfs_parent_prepare(rn->dst_dp, &rn->dst_name, rn->src);
	/* The ".." of both are about to change. */
	if (!error && xfs_is_dir(rn->src))
		error = xfs_dir_check_parent(rn->src_dp, rn->src);
	if (!error && rn->target && xfs_is_dir(rn->target))
		error = xfs_dir_check_parent(rn->dst_dp, rn->target);
	return error ? error : move_name(tp, rn);
}

static uint32_t rename_blocks(const struct xfs_mount *mp, const struct rename *rn)
{
	uint32_t blocks = xfs_dir_add_blocks(mp, rn->dst_name.len) + 2 * xfs_dir_remove_blocks(mp) +
			  xfs_parent_blocks(mp, rn->dst_name.len) + xfs_attr_remove_blocks(mp);

	/*
	 * An inode number may need 8 bytes where 4 were used: then a replacement, too, may need
	 * room.
	 */
	if (rn->src->i_ino > UINT32_MAX || rn->dst_dp->i_ino > UINT32_MAX)
		blocks += 2 * xfs_dir_add_blocks(mp, rn->dst_name.len);
	return blocks;
}

static int try_rename(struct xfs_mount *mp, struct rename *rn, uint32_t flags, bool *again)
{
	struct xfs_trans *tp;
	bool same;
	int error;

	*again = false;
	error = lookup_both(rn);
	if (error)
		return error;
	if (rn->target && (flags & RENAME_NOREPLACE))
		return xfs_error(mp, -EEXIST, "\"%.*s\" exists", (int)rn->dst_name.len,
				 (const char *)rn->dst_name.name);
	if ((flags & XFS_RENAME_DIR_ONLY) && !xfs_is_dir(rn->src))
		return xfs_error(mp, -ENOTDIR,
				 "inode %" PRIu64 " is not a directory, and a path ends in a slash",
				 rn->src->i_ino);
	if (xfs_is_dir(rn->src) && rn->src_dp != rn->dst_dp) {
		error = check_not_below(rn->dst_dp, rn->src);
		if (error)
			return error;
	}
	/* The target must not be an ancestor of the source. */
	if (rn->target && xfs_is_dir(rn->target) && rn->src_dp != rn->dst_dp) {
		error = check_not_below(rn->src_dp, rn->target);
		if (error == -EINVAL)
			error = xfs_error(mp, -ENOTEMPTY, "the target contains the source");
		if (error)
			return error;
	}
	error = xfs_trans_alloc(mp, XFS_RESV_RENAME, rename_blocks(mp, rn), XFS_TRANS_RESERVE, &tp);
	if (error)
		return error;
	error = lock_all(rn);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	error = names_unchanged(rn, &same);
	if (!error && same)
		error = rename_locked(tp, rn);
	xfs_iunlock_many(rn->all, rn->nr_all);
	*again = !error && !same;
	if (error || *again) {
		xfs_trans_cancel(tp);
		return error;
	}
	return xfs_trans_commit(tp);
}

int xfs_rename_inodes(struct xfs_inode *src_dp, const struct xfs_name *src_name,
		      struct xfs_inode *dst_dp, const struct xfs_name *dst_name, uint32_t flags) XFS_LOCKS_UNCHECKED
{
	struct xfs_mount *mp = src_dp->i_mount;
	struct rename rn = {
		.src_dp = src_dp, .dst_dp = dst_dp, .src_name = *src_name, .dst_name = *dst_name,
	};
	bool cross = src_dp != dst_dp, again;
	int error;

	if (flags & ~((uint32_t)RENAME_NOREPLACE | XFS_RENAME_DIR_ONLY))
		return xfs_error(mp, -EINVAL, "unknown rename flags");
	if (!xfs_is_dir(src_dp) || !xfs_is_dir(dst_dp))
		return xfs_error(mp, -ENOTDIR, "not a directory");
	if (xfs_name_is_dot(src_name) || xfs_name_is_dotdot(src_name) ||
	    xfs_name_is_dot(dst_name) || xfs_name_is_dotdot(dst_name))
		return xfs_error(mp, -EBUSY, "\".\" and \"..\" cannot be renamed");
	/* Two concurrent moves of directories, each valid alone, could make a loop. */
	error = cross ? xfs_mutex_want(&mp->m_rename_lock) : 0;
	if (error)
		return error;
	do {
		put_both(&rn);
		error = try_rename(mp, &rn, flags, &again);
	} while (again);
	if (cross)
		xfs_mutex_unlock(&mp->m_rename_lock);
	put_both(&rn);
	return error;
}
