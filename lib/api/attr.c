/* SPDX-License-Identifier: MIT */
/* Attributes and extended attributes, by handle and by path. */
#include <sys/sysmacros.h>
#include "api/path.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "file/setattr.h"
#include "file/truncate.h"

static int do_fgetattr(struct xfs_file *file, struct xfs_stat *st)
{
	struct xfs_stat own;
	int error = xfs_file_getattr(file->f_inode, &own);

	if (!error)
		xfs_give_struct(&own, st);
	return error;
}

int xfs_fgetattr(struct xfs_file *file, struct xfs_stat *st)
{
	return XFS_CALL_FILE(file, xfs_need_struct(xfs_stat, st, mode) ?: do_fgetattr(file, st));
}

/*
 * Programs that walk trees tell file systems apart by it.  Linux does not use its major number, so
 * no file of the host has the same device number.
 */
static dev_t device_number(const struct xfs_mount *mp)
{
	const uint8_t *uuid = mp->m_sb.sb_uuid.b;
	uint32_t hash = xfs_crc32c(0, uuid, sizeof(mp->m_sb.sb_uuid.b));

	return makedev(0x800 | (hash >> 22), hash & 0xfffff);
}

static void to_stat(const struct xfs_mount *mp, const struct xfs_stat *from, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_dev = device_number(mp);
	st->st_ino = from->ino;
	st->st_mode = from->mode;
	st->st_nlink = from->nlink;
	st->st_uid = from->uid;
	st->st_gid = from->gid;
	st->st_rdev = makedev(from->rdev_major, from->rdev_minor);
	st->st_size = (off_t)from->size_bytes;
	st->st_blksize = from->blksize;
	st->st_blocks = (blkcnt_t)from->blocks512;
	st->st_atim = xfs_host_timespec(from->atime);
	st->st_mtim = xfs_host_timespec(from->mtime);
	st->st_ctim = xfs_host_timespec(from->ctime);
}

static int do_fstat(struct xfs_file *file, struct stat *st)
{
	struct xfs_stat full;
	int error = xfs_file_getattr(file->f_inode, &full);

	if (!error)
		to_stat(file->f_mount, &full, st);
	return error;
}

int xfs_fstat(struct xfs_file *file, struct stat *st)
{
	return XFS_CALL_FILE(file, xfs_need_memory(st) ?: do_fstat(file, st));
}

static int set_attrs(struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	if (iattr->valid & XFS_ATTR_TOUCH)
		return xfs_error(ip->i_mount, -EINVAL, "unknown attributes 0x%x", XFS_ATTR_TOUCH);
	return xfs_file_setattr(ip, iattr);
}

/* Refuse a member for which the caller's struct is too short. */
int xfs_take_iattr(struct xfs_iattr *own, const struct xfs_iattr *given)
{
	static const struct {
		uint32_t bit, end;
	} members[] = {
		{ XFS_ATTR_MODE, xfs_first_part(xfs_iattr, mode) },
		{ XFS_ATTR_UID, xfs_first_part(xfs_iattr, uid) },
		{ XFS_ATTR_GID, xfs_first_part(xfs_iattr, gid) },
		{ XFS_ATTR_PROJID, xfs_first_part(xfs_iattr, projid) },
		{ XFS_ATTR_XFLAGS, xfs_first_part(xfs_iattr, xflags) },
		{ XFS_ATTR_EXTSIZE, xfs_first_part(xfs_iattr, extsize_bytes) },
		{ XFS_ATTR_COWEXTSIZE, xfs_first_part(xfs_iattr, cowextsize_bytes) },
		{ XFS_ATTR_RDEV, xfs_first_part(xfs_iattr, rdev_minor) },
		{ XFS_ATTR_SIZE, xfs_first_part(xfs_iattr, size_bytes) },
		{ XFS_ATTR_ATIME, xfs_first_part(xfs_iattr, atime) },
		{ XFS_ATTR_MTIME, xfs_first_part(xfs_iattr, mtime) },
		{ XFS_ATTR_CTIME, xfs_first_part(xfs_iattr, ctime) },
		{ XFS_ATTR_CRTIME, xfs_first_part(xfs_iattr, crtime) },
	};
	int error = xfs_take_struct(xfs_iattr, own, given, valid);

	for (size_t i = 0; i < ARRAY_SIZE(members) && !error; i++) {
		if ((own->valid & members[i].bit) && given->size < members[i].end)
			error = xfs_fail(-EINVAL, "struct xfs_iattr of %u bytes has no member for "
					 "attribute 0x%x", given->size, members[i].bit);
	}
	return error;
}

static int do_fsetattr(struct xfs_file *file, const struct xfs_iattr *given)
{
	struct xfs_iattr iattr;
	int error = xfs_take_iattr(&iattr, given);

	if (!error && iattr.valid & XFS_ATTR_SIZE)
		error = xfs_file_may_resize(file, iattr.size_bytes);
	return error ? error : set_attrs(file->f_inode, &iattr);
}

int xfs_fsetattr(struct xfs_file *file, const struct xfs_iattr *iattr)
{
	return XFS_CALL_FILE(file, xfs_need_memory(iattr) ?: do_fsetattr(file, iattr));
}

/* @st has the library's full size. */
static int getattr(struct xfs_mount *mp, const char *path, bool follow, struct xfs_stat *st)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	error = xfs_file_getattr(ip, st);
	xfs_irele(ip);
	return error;
}

static int do_getattr(struct xfs_mount *mp, const char *path, bool follow, struct xfs_stat *st)
{
	struct xfs_stat own;
	int error = getattr(mp, path, follow, &own);

	if (!error)
		xfs_give_struct(&own, st);
	return error;
}

int xfs_getattr(struct xfs_mount *mp, const char *path, bool follow, struct xfs_stat *st)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: xfs_need_struct(xfs_stat, st, mode) ?:
				  do_getattr(mp, path, follow, st));
}

static int stat_path(struct xfs_mount *mp, const char *path, bool follow, struct stat *st)
{
	struct xfs_stat full;
	int error = getattr(mp, path, follow, &full);

	if (!error)
		to_stat(mp, &full, st);
	return error;
}

int xfs_stat(struct xfs_mount *mp, const char *path, struct stat *st)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path, st) ?: stat_path(mp, path, true, st));
}

int xfs_lstat(struct xfs_mount *mp, const char *path, struct stat *st)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path, st) ?: stat_path(mp, path, false, st));
}

/* @iattr has the library's full size. */
static int setattr(struct xfs_mount *mp, const char *path, bool follow,
		   const struct xfs_iattr *iattr)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	error = set_attrs(ip, iattr);
	xfs_irele(ip);
	return error;
}

static int do_setattr(struct xfs_mount *mp, const char *path, bool follow,
		      const struct xfs_iattr *given)
{
	struct xfs_iattr iattr;
	int error = xfs_take_iattr(&iattr, given);

	return error ? error : setattr(mp, path, follow, &iattr);
}

int xfs_setattr(struct xfs_mount *mp, const char *path, bool follow, const struct xfs_iattr *iattr)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path, iattr) ?:
				  do_setattr(mp, path, follow, iattr));
}

static int do_chmod(struct xfs_mount *mp, const char *path, uint32_t mode)
{
	struct xfs_iattr iattr = { .valid = XFS_ATTR_MODE, .mode = mode };

	return setattr(mp, path, true, &iattr);
}

int xfs_chmod(struct xfs_mount *mp, const char *path, uint32_t mode)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: do_chmod(mp, path, mode));
}

/* As in chown(2), (uint32_t)-1 leaves an owner unchanged. */
static int change_owner(struct xfs_mount *mp, const char *path, bool follow, uint32_t uid,
			uint32_t gid)
{
	struct xfs_iattr iattr = { .uid = uid, .gid = gid };
	struct xfs_inode *ip;
	int error;

	if (uid != UINT32_MAX)
		iattr.valid |= XFS_ATTR_UID;
	if (gid != UINT32_MAX)
		iattr.valid |= XFS_ATTR_GID;
	error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	error = xfs_file_chown(ip, &iattr);
	xfs_irele(ip);
	return error;
}

int xfs_chown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: change_owner(mp, path, true, uid, gid));
}

int xfs_lchown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: change_owner(mp, path, false, uid, gid));
}

/* A time outside the valid range of nanoseconds stays invalid after the conversion. */
static struct xfs_timespec time_given(const struct timespec *tv, struct xfs_timespec now)
{
	if (!tv || tv->tv_nsec == UTIME_NOW)
		return now;
	if (tv->tv_nsec < 0 || tv->tv_nsec > 999999999)
		return (struct xfs_timespec){ .tv_nsec = UINT32_MAX };
	return xfs_public_timespec(*tv);
}

static int do_utimens(struct xfs_mount *mp, const char *path, bool follow,
		      const struct timespec times[2])
{
	struct xfs_iattr iattr = { 0 };
	struct xfs_timespec now = xfs_public_timespec(xfs_now(mp));
	struct xfs_inode *ip;
	int error;

	if (!times || times[0].tv_nsec != UTIME_OMIT) {
		iattr.valid |= XFS_ATTR_ATIME;
		iattr.atime = time_given(times ? &times[0] : NULL, now);
	}
	if (!times || times[1].tv_nsec != UTIME_OMIT) {
		iattr.valid |= XFS_ATTR_MTIME;
		iattr.mtime = time_given(times ? &times[1] : NULL, now);
	}
	/* Nothing to change: the path is not even looked up. */
	if (!iattr.valid)
		return 0;
	if (!times || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW))
		iattr.valid |= XFS_ATTR_TOUCH;
	error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	/* Errors in the times take precedence over errors of the file. */
	error = xfs_iattr_check_times(mp, &iattr);
	if (!error)
		error = xfs_file_setattr(ip, &iattr);
	xfs_irele(ip);
	return error;
}

int xfs_utimens(struct xfs_mount *mp, const char *path, bool follow, const struct timespec times[2])
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: do_utimens(mp, path, follow, times));
}

static int need_value(const char *name, const void *value, size_t size)
{
	return xfs_need_memory(name) ?: xfs_need_buffer(value, size);
}

static int do_fsetxattr(struct xfs_file *file, const char *name, const void *value, size_t size,
			int flags)
{
	int error = xfs_check_setxattr(file->f_mount, name, size, flags);

	return error ? error : xfs_file_setxattr(file->f_inode, name, value, size, flags);
}

int xfs_fsetxattr(struct xfs_file *file, const char *name, const void *value, size_t size,
		  int flags)
{
	return XFS_CALL_FILE(file, need_value(name, value, size) ?:
				   do_fsetxattr(file, name, value, size, flags));
}

/*
 * System calls refuse names over 255 bytes, but a name on disk may have that length without its
 * prefix.  So look for such a name, and refuse it only if it is not found.
 */
static ssize_t too_long_after_all(struct xfs_mount *mp, const char *name, ssize_t ret)
{
	if (ret >= 0)
		return ret;
	return xfs_check_xattr_name(mp, name, true) ? -ERANGE : ret;
}

static ssize_t do_fgetxattr(struct xfs_file *file, const char *name, void *value, size_t size)
{
	ssize_t ret = xfs_check_xattr_name(file->f_mount, name, false);

	if (ret)
		return ret;
	return too_long_after_all(file->f_mount, name,
				  xfs_file_getxattr(file->f_inode, name, value, size));
}

ssize_t xfs_fgetxattr(struct xfs_file *file, const char *name, void *value, size_t size)
{
	return XFS_CALL_FILE(file, need_value(name, value, size) ?:
				   do_fgetxattr(file, name, value, size));
}

ssize_t xfs_flistxattr(struct xfs_file *file, char *list, size_t size)
{
	return XFS_CALL_FILE(file, xfs_need_buffer(list, size) ?:
				   xfs_file_listxattr(file->f_inode, list, size));
}

static int do_fremovexattr(struct xfs_file *file, const char *name)
{
	int error = xfs_check_xattr_name(file->f_mount, name, true);

	return error ? error : xfs_file_removexattr(file->f_inode, name);
}

int xfs_fremovexattr(struct xfs_file *file, const char *name)
{
	return XFS_CALL_FILE(file, xfs_need_memory(name) ?: do_fremovexattr(file, name));
}

static int do_setxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
		       const void *value, size_t size, int flags)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_check_setxattr(mp, name, size, flags);
	if (!error)
		error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	error = xfs_file_setxattr(ip, name, value, size, flags);
	xfs_irele(ip);
	return error;
}

int xfs_setxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
		 const void *value, size_t size, int flags)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: need_value(name, value, size) ?:
				  do_setxattr(mp, path, follow, name, value, size, flags));
}

static ssize_t do_getxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
			   void *value, size_t size)
{
	struct xfs_inode *ip;
	ssize_t ret;

	ret = xfs_check_xattr_name(mp, name, false);
	if (ret)
		return ret;
	ret = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (!ret) {
		ret = xfs_file_getxattr(ip, name, value, size);
		xfs_irele(ip);
	}
	return too_long_after_all(mp, name, ret);
}

ssize_t xfs_getxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
		     void *value, size_t size)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: need_value(name, value, size) ?:
				  do_getxattr(mp, path, follow, name, value, size));
}

static ssize_t do_listxattr(struct xfs_mount *mp, const char *path, bool follow, char *list,
			    size_t size)
{
	struct xfs_inode *ip;
	ssize_t ret;

	ret = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (ret)
		return ret;
	ret = xfs_file_listxattr(ip, list, size);
	xfs_irele(ip);
	return ret;
}

ssize_t xfs_listxattr(struct xfs_mount *mp, const char *path, bool follow, char *list, size_t size)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: xfs_need_buffer(list, size) ?:
				  do_listxattr(mp, path, follow, list, size));
}

static int do_removexattr(struct xfs_mount *mp, const char *path, bool follow, const char *name)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_check_xattr_name(mp, name, true);
	if (!error)
		error = xfs_path_lookup(mp->m_rootip, path, follow, &ip);
	if (error)
		return error;
	error = xfs_file_removexattr(ip, name);
	xfs_irele(ip);
	return error;
}

int xfs_removexattr(struct xfs_mount *mp, const char *path, bool follow, const char *name)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path, name) ?:
				  do_removexattr(mp, path, follow, name));
}
