/* SPDX-License-Identifier: MIT */
/* Opening, creating and closing files, by path or by inode number. */
#include "api/path.h"
#include "file/file.h"
#include "file/names.h"
#include "file/truncate.h"
#include "write/writeback.h"

/*
 * The kernel's value of O_LARGEFILE.  The C library of a 64-bit machine defines it as 0, but
 * callers in other languages pass it.
 */
#if defined(__arm__) || defined(__aarch64__) || defined(__m68k__)
#define KERNEL_O_LARGEFILE	0400000
#elif defined(__powerpc__)
#define KERNEL_O_LARGEFILE	0200000
#elif defined(__mips__)
#define KERNEL_O_LARGEFILE	0x2000
#elif defined(__sparc__)
#define KERNEL_O_LARGEFILE	0x40000
#else
#define KERNEL_O_LARGEFILE	0100000
#endif

#define KNOWN_FLAGS	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | \
			 O_NOFOLLOW | O_PATH | O_SYNC | O_DSYNC | O_CLOEXEC | O_NOCTTY | \
			 O_NONBLOCK | O_LARGEFILE | KERNEL_O_LARGEFILE | O_DIRECT | O_NOATIME | \
			 O_TMPFILE)

/* Takes over the reference of @ip and, if it succeeds, the memory @file. */
static int finish_open(struct xfs_inode *ip, int flags, bool created, struct xfs_file *file)
{
	int error = xfs_file_may_open(ip, flags);

	if (!error && (flags & O_TRUNC) && !created && xfs_is_reg(ip))
		error = xfs_file_truncate(ip, 0);
	if (error)
		xfs_irele(ip);
	else
		xfs_file_attach(file, ip, flags);
	return error;
}

/* Look up the last name of a path, unless the walk has already done so. */
static int look_for_last(struct xfs_path_last *last, struct xfs_inode **ipp)
{
	if (!last->looked)
		return xfs_lookup_new(last->dp, &last->name, ipp);
	*ipp = last->found;
	last->found = NULL;
	return *ipp ? 0 : -ENOENT;
}

/* O_CREAT: find the file or create a regular one. */
static int open_or_create(struct xfs_inode *start, const char *path, int flags, uint32_t mode,
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
	do {
		*ipp = NULL;
		error = xfs_path_parent(start, path, !(flags & (O_EXCL | O_NOFOLLOW)), &last);
		if (error)
			return error;
		if (last.want_dir && xfs_path_last_is_norm(&last))
			error = xfs_error(mp, -EISDIR, "the path ends in a slash");
		else
			error = look_for_last(&last, ipp);
		if (error == -ENOENT && mp->m_rdonly) {
			error = xfs_error(mp, -EROFS, "the file system is mounted read-only");
		} else if (error == -ENOENT) {
			error = xfs_file_create(last.dp, &last.name, &args, ipp);
			*created = !error;
			/* Another thread created it first: open that file. */
			if (error == -EEXIST && !(flags & O_EXCL))
				error = -EAGAIN;
		} else if (!error && (flags & O_EXCL)) {
			xfs_irele(*ipp);
			*ipp = NULL;
			error = xfs_error(mp, -EEXIST, "\"%s\" exists", last.buf);
		} else if (!error && !(flags & O_NOFOLLOW) && xfs_is_symlink(*ipp)) {
			/* A symbolic link was just created: follow it. */
			xfs_irele(*ipp);
			*ipp = NULL;
			error = -EAGAIN;
		}
		xfs_irele(last.found);
		xfs_irele(last.dp);
	} while (error == -EAGAIN);
	return error;
}

static bool wants_unnamed(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

/*
 * O_TMPFILE: a new regular file without a name, with the attributes of one created in directory
 * @path.
 */
static int open_unnamed(struct xfs_inode *start, const char *path, uint32_t mode,
			struct xfs_inode **ipp)
{
	struct xfs_mount *mp = start->i_mount;
	struct xfs_create_args args = {
		.mode = (uint16_t)(S_IFREG | (mode & 07777)), .inherit = true,
		.uid = mp->m_uid, .gid = mp->m_gid,
	};
	struct xfs_inode *dp;
	int error;

	error = xfs_path_lookup(start, path, true, &dp);
	if (error)
		return error;
	if (mp->m_rdonly)
		error = xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (!error)
		error = xfs_file_create(dp, NULL, &args, ipp);
	xfs_irele(dp);
	return error;
}

static int check_flags(struct xfs_mount *mp, int flags)
{
	if (flags & ~KNOWN_FLAGS)
		return xfs_error(mp, -EINVAL, "unknown open flags 0x%x", flags & ~KNOWN_FLAGS);
	if (wants_unnamed(flags) &&
	    ((flags & (O_CREAT | O_EXCL | O_PATH)) || (flags & O_ACCMODE) == O_RDONLY))
		return xfs_error(mp, -EINVAL,
				 "an unnamed file needs O_TMPFILE with O_WRONLY or O_RDWR");
	if (!(flags & O_PATH) && (flags & O_CREAT) && (flags & O_DIRECTORY))
		return xfs_error(mp, -EINVAL, "open cannot make a directory: use mkdir");
	return 0;
}

static int do_openat(struct xfs_file *dir, const char *path, int flags, uint32_t mode,
		     struct xfs_file **filep)
{
	struct xfs_mount *mp = dir->f_mount;
	struct xfs_file *file;
	struct xfs_inode *ip;
	bool created = false;
	int error;

	*filep = NULL;
	error = check_flags(mp, flags);
	if (error)
		return error;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	/* Allocate before anything is created or truncated. */
	error = xfs_file_new(mp, &file);
	if (error)
		return error;
	if (wants_unnamed(flags)) {
		created = true;
		error = open_unnamed(dir->f_inode, path, mode, &ip);
		flags &= ~O_TMPFILE;
	} else if (flags & O_CREAT) {
		error = open_or_create(dir->f_inode, path, flags, mode, &ip, &created);
	} else {
		error = xfs_path_lookup(dir->f_inode, path, !(flags & O_NOFOLLOW), &ip);
	}
	if (!error)
		error = finish_open(ip, flags, created, file);
	if (error)
		xfs_free(mp, file);
	else
		*filep = file;
	return error;
}

int xfs_openat(struct xfs_file *dir, const char *path, int flags, uint32_t mode,
	       struct xfs_file **filep)
{
	if (filep)
		*filep = NULL;
	return XFS_CALL_AT(dir, xfs_need_memory(path, filep) ?:
				do_openat(dir, path, flags, mode, filep));
}

int xfs_open(struct xfs_mount *mp, const char *path, int flags, uint32_t mode,
	     struct xfs_file **filep)
{
	if (filep)
		*filep = NULL;
	return XFS_CALL_MOUNT(mp, xfs_openat(mp->m_root_file, path, flags, mode, filep));
}

static int do_open_by_ino(struct xfs_mount *mp, uint64_t ino, uint32_t gen, int flags,
			  struct xfs_file **filep)
{
	struct xfs_file *file;
	struct xfs_inode *ip;
	int error;

	*filep = NULL;
	error = check_flags(mp, flags);
	if (error)
		return error;
	if (flags & (O_CREAT | O_EXCL | (O_TMPFILE & ~O_DIRECTORY)))
		return xfs_error(mp, -EINVAL, "opening by inode number cannot create a file");
	error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED, &ip);
	if (error == -ENOENT || error == -EINVAL)
		return xfs_error(mp, -ESTALE, "inode %" PRIu64 " is not in use", ino);
	if (error)
		return error;
	/* An inode without a name is only for those who have it open. */
	if ((gen && ip->i_gen != gen) ||
	    (xfs_inode_nlink(ip) == 0 && !__atomic_load_n(&ip->i_opens, __ATOMIC_RELAXED))) {
		xfs_irele(ip);
		return xfs_error(mp, -ESTALE, "inode %" PRIu64 " is in use by another file now",
				 ino);
	}
	error = xfs_file_new(mp, &file);
	if (error) {
		xfs_irele(ip);
		return error;
	}
	error = finish_open(ip, flags, false, file);
	if (error)
		xfs_free(mp, file);
	else
		*filep = file;
	return error;
}

int xfs_open_by_ino(struct xfs_mount *mp, uint64_t ino, uint32_t gen, int flags,
		    struct xfs_file **filep)
{
	if (filep)
		*filep = NULL;
	return XFS_CALL_MOUNT(mp, xfs_need_memory(filep) ?:
				  do_open_by_ino(mp, ino, gen, flags, filep));
}

static int do_close(struct xfs_file *file)
{
	int error = 0, lost = 0;

	if (xfs_file_can_write(file)) {
		error = xfs_file_release(file->f_inode);
		lost = xfs_data_error_at_close(file->f_inode, &file->f_wb_seen);
	}
	xfs_file_free(file);
	return lost ? lost : error;
}

int xfs_close(struct xfs_file *file)
{
	if (!file || file == file->f_mount->m_root_file)
		return 0;
	/* The handle and its error record are gone afterwards. */
	return XFS_CALL_MOUNT(file->f_mount, do_close(file));
}
