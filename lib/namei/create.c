/* SPDX-License-Identifier: MIT */
/* Creating objects and links. */
#include "disk/symlink.h"
#include "namei/namei_priv.h"
#include "quota/quota.h"
#include "trans/resv.h"

/* Needs no lock, so it can be called before any is taken. */
static int may_change(struct xfs_inode *dp)
{
	if (xfs_inode_nlink(dp) == 0)
		return xfs_error(dp->i_mount, -ENOENT, "directory %" PRIu64 " was removed", dp->i_ino);
	if (xfs_inode_diflags(dp) & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(dp->i_mount, -EPERM, "directory %" PRIu64 " is immutable", dp->i_ino);
	return 0;
}

int xfs_dir_may_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    uint32_t *nblocks)
{
	struct xfs_mount *mp = dp->i_mount;
	int error = may_change(dp);

	if (error)
		return error;
	error = xfs_dir_prepare_add(dp, name, nblocks);
	if (error)
		return error;
	return xfs_iext_count_extend(tp, dp, XFS_DATA_FORK, xfs_dir_add_extents(mp));
}

int xfs_dir_may_charge(struct xfs_trans *tp, struct xfs_inode *dp, uint32_t nblocks, uint32_t worst)
{
	int error = xfs_quota_reserve_blocks(tp, dp, worst);

	if ((error == -EDQUOT || error == -ENOSPC) && !nblocks && !xfs_has_parent(&dp->i_mount->m_geo))
		return 0;
	return error;
}

/*
 * @error prevented the creation of @name in @dp.  If the name exists, return -EEXIST instead, even
 * if the check for it was never reached for lack of space.
 */
static int exists_first(struct xfs_inode *dp, const struct xfs_name *name, int error)
{
	struct xfs_inode *ip;

	if (!error || error == -EEXIST || error == -EIO || !name || xfs_lookup(dp, name, &ip))
		return error;
	xfs_irele(ip);
	return xfs_error(dp->i_mount, -EEXIST, "\"%.*s\" exists", (int)name->len,
			 (const char *)name->name);
}

int xfs_name_check_new(struct xfs_mount *mp, const struct xfs_name *name)
{
	if (!name->len)
		return xfs_error(mp, -ENOENT, "the name is empty");
	if (name->len > 255)
		return xfs_error(mp, -ENAMETOOLONG, "the name has more than 255 bytes");
	if (!xfs_dir_name_valid(name->name, name->len))
		return xfs_error(mp, -EINVAL, "the name contains '/'");
	if (xfs_name_is_dot(name) || xfs_name_is_dotdot(name))
		return xfs_error(mp, -EEXIST, "\".\" and \"..\" already exist");
	return 0;
}

static int check_args(struct xfs_inode *dp, const struct xfs_name *name,
		      const struct xfs_create_args *args)
{
	struct xfs_mount *mp = dp->i_mount;
	int error;

	if (!xfs_is_dir(dp))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", dp->i_ino);
	error = name ? xfs_name_check_new(mp, name) : 0;
	if (error)
		return error;
	if (!name && S_ISDIR(args->mode))
		return xfs_error(mp, -EINVAL, "a directory cannot be made without a name");
	switch (args->mode & S_IFMT) {
	case S_IFREG: case S_IFDIR: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		return 0;
	case S_IFLNK:
		if (!args->target_len)
			return xfs_error(mp, -ENOENT, "the target of a symbolic link is empty");
		return 0;
	default:
		return xfs_error(mp, -EINVAL, "mode 0%o has no file type", args->mode);
	}
}

/*
 * Check for what XFS cannot represent.  A system call checks this after the directory's own
 * objections to a new name, so those come first here; they are checked again under the lock.
 */
static int check_object(struct xfs_inode *dp, const struct xfs_create_args *args, uint32_t *rdev)
{
	struct xfs_mount *mp = dp->i_mount;
	int error = may_change(dp);

	*rdev = 0;
	if (error)
		return error;
	if (S_ISLNK(args->mode) && args->target_len >= XFS_SYMLINK_MAXLEN)
		return xfs_error(mp, -ENAMETOOLONG,
				 "the target of a symbolic link has more than %u bytes",
				 XFS_SYMLINK_MAXLEN - 1);
	if (!S_ISCHR(args->mode) && !S_ISBLK(args->mode))
		return 0;
	if (args->rdev_major > XFS_DEV_MAJOR_MAX || args->rdev_minor > XFS_DEV_MINOR_MAX)
		return xfs_error(mp, -EINVAL, "device %u:%u is too large: at most %u:%u",
				 args->rdev_major, args->rdev_minor, XFS_DEV_MAJOR_MAX,
				 XFS_DEV_MINOR_MAX);
	*rdev = xfs_sysv_encode_dev(args->rdev_major, args->rdev_minor);
	return 0;
}

/* A new file may be created with a size, as one hole. */
static int check_iattr(struct xfs_mount *mp, uint16_t mode, const struct xfs_iattr *iattr)
{
	if ((iattr->valid & XFS_ATTR_SIZE) && !S_ISREG(mode))
		return xfs_error(mp, -EINVAL, "only a regular file can be made with a size");
	if ((iattr->valid & XFS_ATTR_SIZE) && iattr->size_bytes > INT64_MAX)
		return xfs_error(mp, -EFBIG, "size %" PRIu64 " is past the largest one",
				 iattr->size_bytes);
	return xfs_iattr_check(mp, NULL, mode, iattr);
}

/*
 * Apply the caller's attributes.  With XFS_ATTR_INHERIT, flags inherited from the directory are
 * kept.
 */
static void apply_iattr(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	struct xfs_iattr all = *iattr;

	if (all.valid & XFS_ATTR_INHERIT)
		all.xflags |= xfs_inode_xflags(ip);
	xfs_iattr_apply(ip, &all);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

/* The owners that the new inode gets from the directory, as it is now, and from @iattr. */
static void new_owners(const struct xfs_icreate_args *iargs, const struct xfs_iattr *iattr,
		       uint32_t ids[XFS_QUOTA_TYPES])
{
	xfs_icreate_owners(iargs, ids);
	if (iattr)
		xfs_iattr_owners(iattr, ids);
}

/* Add the name to the directory; without a name, put the inode on the unlinked list. */
static int place(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		 struct xfs_inode *ip)
{
	struct xfs_name typed;
	int error;

	if (!name) {
		xfs_iflags_set(ip, XFS_IF_UNNAMED);
		return xfs_iunlink(tp, ip);
	}
	typed = *name;
	typed.type = xfs_mode_to_ftype(ip->i_mode);
	error = xfs_dir_createname(tp, dp, &typed, ip->i_ino);
	return error ? error : xfs_parent_add(tp, dp, &typed, ip);
}

/* Fill the new inode and add its name; both inodes are locked. */
static int fill(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		const struct xfs_create_args *args, const struct xfs_acl_inherited *acls,
		struct xfs_inode *ip)
{
	int error = 0;

	if (args->iattr)
		apply_iattr(tp, ip, args->iattr);
	if (xfs_is_dir(ip))
		error = xfs_dir_init(tp, ip, dp->i_ino);
	else if (xfs_is_symlink(ip))
		error = xfs_symlink_set(tp, ip, args->target, args->target_len);
	else if (args->iattr && (args->iattr->valid & XFS_ATTR_SIZE))
		ip->i_disk_size = ip->i_size = (xfs_fsize_t)args->iattr->size_bytes;
	if (!error)
		error = place(tp, dp, name, ip);
	if (!error && (acls->access || acls->dflt))
		error = xfs_acl_set_inherited(tp, ip, acls);
	if (error)
		return error;
	if (xfs_is_dir(ip))
		xfs_bumplink(tp, dp);
	if (name)
		xfs_dir_touched(tp, dp);
	return 0;
}

static int create_locked(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
			 const struct xfs_create_args *args, struct xfs_icreate_args *iargs,
			 const struct xfs_acl_inherited *acls, struct xfs_inode **ipp) XFS_LOCKS_UNCHECKED
{
	struct xfs_mount *mp = dp->i_mount;
	uint32_t nblocks;
	int error = 0;

	/*
	 * The blocks that the directory takes are charged to its owners even beyond their limits.
	 */
	if (name)
		error = xfs_dir_may_add(tp, dp, name, &nblocks);
	else if (dp->i_nlink == 0)
		error = xfs_error(mp, -ENOENT, "directory %" PRIu64 " was removed", dp->i_ino);
	if (error)
		return error;
	if (S_ISLNK(args->mode) && (dp->i_diflags & XFS_DIFLAG_NOSYMLINKS))
		return xfs_error(mp, -EPERM, "directory %" PRIu64 " allows no symbolic links",
				 dp->i_ino);
	if (S_ISDIR(args->mode) && dp->i_nlink >= XFS_MAXLINK)
		return xfs_error(mp, -EMLINK, "directory %" PRIu64 " has too many links", dp->i_ino);
	error = xfs_icreate(tp, iargs, ipp);
	if (error)
		return error;
	error = fill(tp, dp, name, args, acls, *ipp);
	xfs_iunlock_excl(*ipp);
	return error;
}

/*
 * Run the transaction, with @blocks reserved. *@again: the directory got another group or project
 * before it was locked, so the new inode would get other owners than those whose quota is reserved.
 */
static int create_once(struct xfs_inode *dp, const struct xfs_name *name,
		       const struct xfs_create_args *args, struct xfs_icreate_args *iargs,
		       const struct xfs_acl_inherited *acls, uint32_t blocks, bool *again,
		       struct xfs_inode **ipp)
{
	struct xfs_mount *mp = dp->i_mount;
	uint32_t ids[XFS_QUOTA_TYPES], ids_now[XFS_QUOTA_TYPES];
	bool with_acls = acls->access || acls->dflt;
	struct xfs_quota_owners owners;
	struct xfs_trans *tp;
	int error;

	new_owners(iargs, args->iattr, ids);
	error = xfs_quota_prepare(mp, ids, &owners);
	if (error)
		return error;
	error = xfs_trans_alloc_ilocked(dp, with_acls ? XFS_RESV_CREATE_ACL : XFS_RESV_CREATE, blocks, 0,
					&tp);
	if (error)
		goto out_owners;
	new_owners(iargs, args->iattr, ids_now);
	*again = mp->m_quota && memcmp(ids, ids_now, sizeof(ids));
	if (unlikely(mp->m_quota) && !*again)
		error = xfs_quota_reserve_owners(tp, &owners,
						 xfs_quota_worst_create(mp, args->target_len), 1);
	if (likely(!*again && !error))
		error = create_locked(tp, dp, name, args, iargs, acls, ipp);
	xfs_iunlock_excl(dp);
	error = xfs_trans_finish(tp, error);
out_owners:
	xfs_quota_release(mp, &owners);
	return error;
}

int xfs_create(struct xfs_inode *dp, const struct xfs_name *name,
	       const struct xfs_create_args *args, struct xfs_inode **ipp)
{
	struct xfs_mount *mp = dp->i_mount;
	struct timespec now = xfs_now(mp);
	struct xfs_acl_inherited acls = { 0 };
	struct xfs_icreate_args iargs = {
		.pip = dp, .mode = args->mode, .uid = args->uid, .gid = args->gid,
		.nlink = S_ISDIR(args->mode) ? 2 : name != NULL, .inherit = args->inherit,
		.inherit_flags = args->iattr && (args->iattr->valid & XFS_ATTR_INHERIT),
		.now = &now,
		/*
		 * A kernel with a security module sets attributes on most new objects and therefore
		 * creates the attribute fork together with the inode.  The fork's place determines
		 * when directories leave short form, so it must be the same here.
		 */
		.init_attr_fork = args->inherit && !S_ISLNK(args->mode),
	};
	uint32_t name_len = name ? name->len : 0;
	struct xfs_inode *ip = NULL;
	uint32_t blocks;
	bool excl, again;
	int error;

	*ipp = NULL;
	error = check_args(dp, name, args);
	if (!error && args->iattr)
		error = check_iattr(mp, args->mode, args->iattr);
	if (error)
		return error;
	error = check_object(dp, args, &iargs.rdev);
	if (error)
		return exists_first(dp, name, error);
	if (args->inherit) {
		error = xfs_ilock_map(dp, XFS_ATTR_FORK, &excl);
		if (error)
			return error;
		error = xfs_acl_inherit(dp, &iargs.mode, &acls);
		xfs_iunlock_map(dp, excl);
		if (error)
			return error;
	}
	blocks = xfs_icreate_blocks(mp) + xfs_symlink_blocks(mp, args->target_len);
	if (name)
		blocks += xfs_dir_add_blocks(mp, name_len) + xfs_parent_new_blocks(mp, name_len);
	if (acls.access || acls.dflt)
		blocks += xfs_acl_inherited_blocks(mp, &acls);
	do {
		error = create_once(dp, name, args, &iargs, &acls, blocks, &again, &ip);
	} while (!error && again);
	if (error)
		xfs_irele(ip);
	else
		*ipp = ip;
	xfs_acl_inherited_free(mp, &acls);
	return exists_first(dp, name, error);
}

/* Check whether @ip may get a name in @dp. */
int xfs_may_link(const struct xfs_inode *dp, const struct xfs_inode *ip)
{
	struct xfs_mount *mp = dp->i_mount;

	if (ip->i_nlink == 0 && !xfs_iflags_test(ip, XFS_IF_UNNAMED))
		return xfs_error(mp, -ENOENT, "inode %" PRIu64 " was removed", ip->i_ino);
	if (ip->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable or append-only",
				 ip->i_ino);
	if (ip->i_nlink >= XFS_MAXLINK)
		return xfs_error(mp, -EMLINK, "inode %" PRIu64 " has too many links", ip->i_ino);
	/* An inode that never had a name got its project from its creator, for this directory. */
	if (ip->i_nlink && (dp->i_diflags & XFS_DIFLAG_PROJINHERIT) && dp->i_projid != ip->i_projid)
		return xfs_error(mp, -EXDEV, "directory %" PRIu64 " belongs to another project",
				 dp->i_ino);
	return 0;
}

/*
 * Take @ip off the unlinked list if it never had a name.  This is the first change of its
 * transaction: if reading the list fails, nothing has changed.
 */
int xfs_link_unnamed(struct xfs_trans *tp, struct xfs_inode *ip)
{
	int error;

	if (ip->i_nlink)
		return 0;
	error = xfs_iunlink_remove(tp, ip);
	if (!error)
		xfs_iflags_clear(ip, XFS_IF_UNNAMED);
	return error;
}

static int link_locked(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       struct xfs_inode *ip)
{
	uint32_t nblocks;
	int error;

	error = xfs_may_link(dp, ip);
	if (!error)
		error = xfs_dir_may_add(tp, dp, name, &nblocks);
	if (!error)
		error = xfs_dir_may_charge(tp, dp, nblocks, xfs_quota_worst_link(dp->i_mount));
	if (!error)
		error = xfs_parent_prepare(dp, name, ip);
	if (!error)
		error = xfs_link_unnamed(tp, ip);
	/* First, because this call can still fail in checks before its first change. */
	if (!error)
		error = xfs_parent_add(tp, dp, name, ip);
	if (!error)
		error = xfs_dir_createname(tp, dp, name, ip->i_ino);
	if (error)
		return error;
	xfs_dir_touched(tp, dp);
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	xfs_bumplink(tp, ip);
	return 0;
}

int xfs_link_inode(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
{
	struct xfs_mount *mp = dp->i_mount;
	struct xfs_inode *both[2] = { dp, ip };
	struct xfs_name typed = *name;
	struct xfs_trans *tp;
	int error;

	if (!xfs_is_dir(dp))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", dp->i_ino);
	error = xfs_name_check_new(mp, name);
	if (error)
		return error;
	if (xfs_is_dir(ip))
		return exists_first(dp, name,
				    xfs_error(mp, -EPERM, "a directory cannot have a second link"));
	error = xfs_trans_alloc(
		mp, XFS_RESV_LINK,
		xfs_dir_add_blocks(mp, name->len) + xfs_parent_blocks(mp, name->len), 0, &tp);
	if (error)
		return exists_first(dp, name, error);
	typed.type = xfs_mode_to_ftype(xfs_inode_mode(ip));
	error = xfs_ilock_want_many(both, 2);
	if (!error) {
		error = link_locked(tp, dp, &typed, ip);
		xfs_iunlock_many(both, 2);
	}
	return exists_first(dp, name, xfs_trans_finish(tp, error));
}
