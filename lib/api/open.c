/* SPDX-License-Identifier: MIT */
#include "api/path.h"
#include "file/truncate.h"

#define KNOWN_FLAGS	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | \
			 O_NOFOLLOW | O_PATH | O_SYNC | O_DSYNC | O_CLOEXEC | O_NOCTTY | \
			 O_NONBLOCK | O_LARGEFILE)

static int may_open(struct xfs_inode *ip, int flags)
{
	struct xfs_mount *mp = ip->i_mount;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if ((flags & O_DIRECTORY) && !xfs_is_dir(ip))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is no directory", ip->i_ino);
	if (flags & O_PATH)
		return 0;
	if (xfs_is_symlink(ip))
		return xfs_error(mp, -ELOOP, "inode %" PRIu64 " is a symbolic link", ip->i_ino);
	if (xfs_is_dir(ip))
		return writes || (flags & O_CREAT) ? xfs_error(mp, -EISDIR, "inode %" PRIu64
							       " is a directory", ip->i_ino)
						   : 0;
	if (!xfs_is_reg(ip))
		return xfs_error(mp, -ENXIO, "inode %" PRIu64 " is a special file: open it with O_PATH",
				 ip->i_ino);
	if (!writes)
		return 0;
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is open read-only");
	if (ip->i_diflags & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable", ip->i_ino);
	if ((ip->i_diflags & XFS_DIFLAG_APPEND) && (!(flags & O_APPEND) || (flags & O_TRUNC)))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " can only be appended to", ip->i_ino);
	if (ip->i_diflags & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "realtime files cannot be written");
	return 0;
}

/* Takes over the reference of @ip. */
static int finish_open(struct xfs_inode *ip, int flags, bool created, struct xfs_file **filep)
{
	int error = may_open(ip, flags);

	if (!error && (flags & O_TRUNC) && !created && xfs_is_reg(ip))
		error = xfs_file_truncate(ip, 0);
	if (error) {
		xfs_irele(ip);
		return error;
	}
	return xfs_file_alloc(ip, flags, filep);
}

/* O_CREAT: what is there, or a new regular file. */
static int open_or_create(struct xfs_inode *start, const char *path, int flags, mode_t mode,
			  struct xfs_inode **ipp, bool *created)
{
	struct xfs_mount *mp = start->i_mount;
	struct xfs_path_last last;
	struct xfs_create_args args = {
		.mode = (uint16_t)(S_IFREG | (mode & 07777)), .inherit = true,
		.uid = mp->m_uid, .gid = mp->m_gid,
	};
	int error;

	*created = false;
	for (;;) {
		if (!(flags & O_EXCL)) {
			error = xfs_path_lookup(start, path, !(flags & O_NOFOLLOW), ipp);
			if (error != -ENOENT)
				return error;
		}
		error = xfs_path_parent(start, path, &last);
		if (error)
			return error;
		if (last.want_dir)
			error = xfs_error(mp, -EISDIR, "the path ends in a slash");
		else
			error = xfs_create(last.dp, &last.name, &args, ipp);
		xfs_irele(last.dp);
		if (!error)
			*created = true;
		/* Somebody was faster: open what he made. */
		if (error != -EEXIST || (flags & O_EXCL))
			return error;
		error = xfs_path_lookup(start, path, false, ipp);
		if (!error && xfs_is_symlink(*ipp)) {
			/* A link that leads nowhere yet. */
			xfs_irele(*ipp);
			*ipp = NULL;
			return xfs_error(mp, -ENOENT, "a symbolic link leads to nothing");
		}
		if (error != -ENOENT)
			return error;
	}
}

int xfs_openat(struct xfs_file *dir, const char *path, int flags, mode_t mode,
	       struct xfs_file **filep)
{
	struct xfs_mount *mp = dir->f_mount;
	struct xfs_inode *ip;
	bool created = false;
	int error;

	xfs_clear_text();
	*filep = NULL;
	if (flags & ~KNOWN_FLAGS)
		return xfs_error(mp, -EINVAL, "unknown open flags 0x%x", flags & ~KNOWN_FLAGS);
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	if ((flags & O_CREAT) && mp->m_rdonly) {
		error = xfs_path_lookup(dir->f_inode, path, !(flags & O_NOFOLLOW), &ip);
		if (error == -ENOENT)
			return xfs_error(mp, -EROFS, "the file system is open read-only");
	} else if (flags & O_CREAT) {
		error = open_or_create(dir->f_inode, path, flags, mode, &ip, &created);
	} else {
		error = xfs_path_lookup(dir->f_inode, path, !(flags & O_NOFOLLOW), &ip);
	}
	if (error)
		return error;
	return finish_open(ip, flags, created, filep);
}

int xfs_open(struct xfs_mount *mp, const char *path, int flags, mode_t mode,
	     struct xfs_file **filep)
{
	return xfs_openat(mp->m_root_file, path, flags, mode, filep);
}

int xfs_open_by_ino(struct xfs_mount *mp, uint64_t ino, uint32_t gen, int flags,
		    struct xfs_file **filep)
{
	struct xfs_inode *ip;
	int error;

	xfs_clear_text();
	*filep = NULL;
	if (flags & (O_CREAT | O_EXCL))
		return xfs_error(mp, -EINVAL, "an inode number creates nothing");
	error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED, &ip);
	if (error == -ENOENT || error == -EINVAL)
		return xfs_error(mp, -ESTALE, "inode %" PRIu64 " is not in use", ino);
	if (error)
		return error;
	if ((gen && ip->i_gen != gen) || ip->i_nlink == 0) {
		xfs_irele(ip);
		return xfs_error(mp, -ESTALE, "inode %" PRIu64 " is another one now", ino);
	}
	return finish_open(ip, flags, false, filep);
}

int xfs_close(struct xfs_file *file)
{
	int error;

	xfs_clear_text();
	if (!file || file == file->f_mount->m_root_file)
		return 0;
	error = xfs_file_can_write(file) ? xfs_file_release(file->f_inode) : 0;
	xfs_file_free(file);
	return error;
}
