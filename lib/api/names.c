/* SPDX-License-Identifier: MIT */
/* Creating, linking, removing, renaming. */
#include <limits.h>
#include <stdio.h>
#include "api/path.h"
#include "file/names.h"

static struct xfs_inode *root_of(struct xfs_mount *mp)
{
	return mp->m_rootip;
}

static int create_path(struct xfs_inode *start, const char *path, struct xfs_create_args *args)
{
	struct xfs_mount *mp = start->i_mount;
	struct xfs_path_last last;
	struct xfs_inode *ip;
	int error;

	args->inherit = true;
	args->uid = mp->m_uid;
	args->gid = mp->m_gid;
	error = xfs_path_new(start, path, S_ISDIR(args->mode), &last);
	if (error)
		return error;
	error = xfs_file_create(last.dp, &last.name, args, &ip);
	xfs_irele(last.dp);
	if (!error)
		xfs_irele(ip);
	return error;
}

static int make_dir(struct xfs_inode *start, const char *path, uint32_t mode)
{
	/* As in mkdir(2), set-id bits come from the parent only. */
	struct xfs_create_args args = { .mode = (uint16_t)(S_IFDIR | (mode & 01777)) };

	return create_path(start, path, &args);
}

int xfs_mkdir(struct xfs_mount *mp, const char *path, uint32_t mode)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: make_dir(root_of(mp), path, mode));
}

int xfs_mkdirat(struct xfs_file *dir, const char *path, uint32_t mode)
{
	return XFS_CALL_AT(dir, xfs_need_memory(path) ?: make_dir(dir->f_inode, path, mode));
}

static int make_node(struct xfs_inode *start, const char *path, uint32_t mode, uint32_t major,
		     uint32_t minor)
{
	struct xfs_create_args args = {
		.mode = (uint16_t)mode, .rdev_major = major, .rdev_minor = minor,
	};

	switch (mode & S_IFMT) {
	case 0:
		args.mode |= S_IFREG;
		break;
	case S_IFREG: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		break;
	case S_IFDIR:
		return xfs_error(start->i_mount, -EPERM,
				 "mknod cannot make a directory: use mkdir");
	default:
		return xfs_error(start->i_mount, -EINVAL,
				 "mode 0%o has a type that mknod cannot make", mode);
	}
	return create_path(start, path, &args);
}

int xfs_mknod(struct xfs_mount *mp, const char *path, uint32_t mode, uint32_t rdev_major,
	      uint32_t rdev_minor)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?:
				  make_node(root_of(mp), path, mode, rdev_major, rdev_minor));
}

int xfs_mknodat(struct xfs_file *dir, const char *path, uint32_t mode, uint32_t rdev_major,
		uint32_t rdev_minor)
{
	return XFS_CALL_AT(dir, xfs_need_memory(path) ?:
				make_node(dir->f_inode, path, mode, rdev_major, rdev_minor));
}

static int make_symlink(struct xfs_inode *start, const char *target, const char *path)
{
	struct xfs_create_args args = { .mode = S_IFLNK | 0777 };

	if (!target)
		return xfs_error(start->i_mount, -EINVAL, "the target is NULL");
	args.target = (const uint8_t *)target;
	args.target_len = (uint32_t)strnlen(target, PATH_MAX);
	/* A target that cannot be a path is refused before anything is looked up. */
	if (args.target_len == 0)
		return xfs_error(start->i_mount, -ENOENT, "the target of a symbolic link is empty");
	if (args.target_len >= PATH_MAX)
		return xfs_error(start->i_mount, -ENAMETOOLONG,
				 "the target of a symbolic link has %u bytes or more", PATH_MAX);
	return create_path(start, path, &args);
}

int xfs_symlink(struct xfs_mount *mp, const char *target, const char *path)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(target, path) ?:
				  make_symlink(root_of(mp), target, path));
}

int xfs_symlinkat(const char *target, struct xfs_file *dir, const char *path)
{
	return XFS_CALL_AT(dir, xfs_need_memory(target, path) ?:
				make_symlink(dir->f_inode, target, path));
}

static int create_at(struct xfs_file *dir, const char *name, const struct xfs_iattr *iattr,
		       const char *target, struct xfs_file **filep)
{
	struct xfs_mount *mp = dir->f_mount;
	struct xfs_create_args args = { .uid = mp->m_uid, .gid = mp->m_gid, .iattr = iattr };
	struct xfs_name xname = { .name = (const uint8_t *)name };
	struct xfs_file *file = NULL;
	struct xfs_inode *ip;
	int error;

	if (!(iattr->valid & XFS_ATTR_MODE))
		return xfs_error(mp, -EINVAL, "the mode of a new object is missing");
	if (!name && !filep)
		return xfs_error(mp, -EINVAL, "an object without a name needs a handle");
	if (name)
		xname.len = (uint32_t)strnlen(name, 65536);
	args.mode = (uint16_t)iattr->mode;
	if (S_ISLNK(iattr->mode) && target) {
		args.target = (const uint8_t *)target;
		args.target_len = (uint32_t)strnlen(target, 65536);
	}
	if (iattr->valid & XFS_ATTR_RDEV) {
		args.rdev_major = iattr->rdev_major;
		args.rdev_minor = iattr->rdev_minor;
	}
	if (filep) {
		error = xfs_file_new(mp, &file);
		if (error)
			return error;
	}
	error = xfs_file_create(dir->f_inode, name ? &xname : NULL, &args, &ip);
	if (error) {
		xfs_free(mp, file);
		return error;
	}
	if (!filep) {
		xfs_irele(ip);
		return 0;
	}
	xfs_file_attach(file, ip, S_ISREG(iattr->mode) ? O_RDWR
					: S_ISDIR(iattr->mode) ? O_RDONLY : O_PATH);
	*filep = file;
	return 0;
}

static int do_createat(struct xfs_file *dir, const char *name, const struct xfs_iattr *given,
		       const char *target, struct xfs_file **filep)
{
	struct xfs_iattr iattr;
	int error;

	if (filep)
		*filep = NULL;
	error = xfs_take_iattr(&iattr, given);
	return error ? error : create_at(dir, name, &iattr, target, filep);
}

int xfs_createat(struct xfs_file *dir, const char *name, const struct xfs_iattr *iattr,
		 const char *target, struct xfs_file **filep)
{
	return XFS_CALL_AT(dir, xfs_need_memory(iattr) ?:
				do_createat(dir, name, iattr, target, filep));
}

/* Inode numbers and transactions belong to one mount. */
static int other_file_system(struct xfs_mount *mp)
{
	return xfs_error(mp, -EXDEV, "the directory is of another file system");
}

static int link_path(struct xfs_inode *ip, struct xfs_inode *start, const char *path, bool replace)
{
	struct xfs_path_last last;
	int error;

	error = replace ? xfs_path_parent(start, path, false, &last)
			: xfs_path_new(start, path, false, &last);
	if (error)
		return error;
	if (ip->i_mount != last.dp->i_mount) {
		error = other_file_system(ip->i_mount);
		xfs_irele(last.dp);
		return error;
	}
	/* As in a rename to that path. */
	if (replace && last.want_dir && xfs_path_last_is_norm(&last)) {
		xfs_irele(last.dp);
		return xfs_error(start->i_mount, -ENOTDIR, "the path ends in a slash");
	}
	error = replace ? xfs_file_replace(last.dp, &last.name, ip)
			: xfs_file_link(last.dp, &last.name, ip);
	xfs_irele(last.dp);
	return error;
}

static int do_link(struct xfs_mount *mp, const char *oldpath, const char *newpath)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_path_lookup(root_of(mp), oldpath, false, &ip);
	if (error)
		return error;
	error = link_path(ip, root_of(mp), newpath, false);
	xfs_irele(ip);
	return error;
}

int xfs_link(struct xfs_mount *mp, const char *oldpath, const char *newpath)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(oldpath, newpath) ?: do_link(mp, oldpath, newpath));
}

static int link_at(struct xfs_file *file, struct xfs_file *dir, const char *path, bool replace)
{
	if (!dir)
		return xfs_error(file->f_mount, -EINVAL, "the directory handle is NULL");
	xfs_file_asks_too(dir);
	return link_path(file->f_inode, dir->f_inode, path, replace);
}

int xfs_linkat(struct xfs_file *file, struct xfs_file *dir, const char *path)
{
	return XFS_CALL_AT(file, xfs_need(dir, path) ?: link_at(file, dir, path, false));
}

int xfs_replaceat(struct xfs_file *file, struct xfs_file *dir, const char *path)
{
	return XFS_CALL_AT(file, xfs_need(dir, path) ?: link_at(file, dir, path, true));
}

static int unlink_slash(const struct xfs_path_last *last)
{
	struct xfs_mount *mp = last->dp->i_mount;
	struct xfs_inode *ip;
	int error = xfs_lookup(last->dp, &last->name, &ip);

	if (error)
		return error == -ENOENT ? xfs_no_such_name(last->dp, &last->name) : error;
	error = xfs_error(mp, xfs_is_dir(ip) ? -EISDIR : -ENOTDIR, "the path ends in a slash");
	xfs_irele(ip);
	return error;
}

static int remove_path(struct xfs_inode *start, const char *path, bool dir)
{
	struct xfs_path_last last;
	int error;

	error = xfs_path_parent(start, path, false, &last);
	if (error)
		return error;
	if (last.is_root)
		error = xfs_error(start->i_mount, dir ? -EBUSY : -EISDIR,
				  "the root directory cannot be removed");
	else if (start->i_mount->m_rdonly && xfs_path_last_is_norm(&last))
		error = xfs_error(start->i_mount, -EROFS, "the file system is mounted read-only");
	else if (last.want_dir && !dir && xfs_path_last_is_norm(&last))
		error = unlink_slash(&last);
	else
		error = xfs_file_remove(last.dp, &last.name, dir);
	xfs_irele(last.dp);
	return error;
}

int xfs_unlink(struct xfs_mount *mp, const char *path)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: remove_path(root_of(mp), path, false));
}

int xfs_rmdir(struct xfs_mount *mp, const char *path)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: remove_path(root_of(mp), path, true));
}

static int do_unlinkat(struct xfs_file *dir, const char *path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return xfs_error(dir->f_mount, -EINVAL, "unknown flags");
	return remove_path(dir->f_inode, path, flags & AT_REMOVEDIR);
}

int xfs_unlinkat(struct xfs_file *dir, const char *path, int flags)
{
	return XFS_CALL_AT(dir, xfs_need_memory(path) ?: do_unlinkat(dir, path, flags));
}

static int rename_path(struct xfs_inode *old_start, const char *oldpath,
		       struct xfs_inode *new_start, const char *newpath, unsigned int flags)
{
	struct xfs_mount *mp = old_start->i_mount;
	struct xfs_path_last from, to;
	int error;

	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return xfs_error(mp, -EINVAL, "unknown rename flags 0x%x", flags);
	error = xfs_path_parent(old_start, oldpath, false, &from);
	if (error)
		return error;
	error = xfs_path_parent(new_start, newpath, false, &to);
	if (error)
		goto out_from;
	if (from.dp->i_mount != to.dp->i_mount)
		error = other_file_system(mp);
	else if (!xfs_path_last_is_norm(&from) ||
	    (!xfs_path_last_is_norm(&to) && !(flags & RENAME_NOREPLACE)))
		error = xfs_error(mp, -EBUSY, "\".\", \"..\" and the root directory cannot be renamed");
	else if (!xfs_path_last_is_norm(&to))
		error = xfs_error(mp, -EEXIST, "\"%s\" exists", to.buf);
	else if (mp->m_rdonly)
		error = xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (error)
		goto out_to;
	/* A slash at the end of either path: only a directory will do. */
	if (from.want_dir || to.want_dir)
		flags |= XFS_RENAME_DIR_ONLY;
	error = xfs_file_rename(from.dp, &from.name, to.dp, &to.name, flags);
out_to:
	xfs_irele(to.dp);
out_from:
	xfs_irele(from.dp);
	return error;
}

int xfs_rename(struct xfs_mount *mp, const char *oldpath, const char *newpath)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(oldpath, newpath) ?:
				  rename_path(root_of(mp), oldpath, root_of(mp), newpath, 0));
}

static int rename_at(struct xfs_file *olddir, const char *oldpath, struct xfs_file *newdir,
		     const char *newpath, unsigned int flags)
{
	xfs_file_asks_too(newdir);
	return rename_path(olddir->f_inode, oldpath, newdir->f_inode, newpath, flags);
}

int xfs_renameat(struct xfs_file *olddir, const char *oldpath, struct xfs_file *newdir,
		 const char *newpath, unsigned int flags)
{
	return XFS_CALL_AT(olddir, xfs_need(newdir, oldpath, newpath) ?:
			   rename_at(olddir, oldpath, newdir, newpath, flags));
}

static ssize_t do_readlink(struct xfs_mount *mp, const char *path, char *buf, size_t size)
{
	struct xfs_inode *ip;
	ssize_t len;
	int error;

	error = xfs_path_lookup(root_of(mp), path, false, &ip);
	if (error)
		return error;
	len = xfs_readlink_inode(ip, buf, size);
	xfs_irele(ip);
	return len;
}

ssize_t xfs_readlink(struct xfs_mount *mp, const char *path, char *buf, size_t size)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: xfs_need_buffer(buf, size) ?:
				  do_readlink(mp, path, buf, size));
}

ssize_t xfs_freadlink(struct xfs_file *file, char *buf, size_t size)
{
	return XFS_CALL_FILE(file, xfs_need_buffer(buf, size) ?:
				   xfs_readlink_inode(file->f_inode, buf, size));
}
