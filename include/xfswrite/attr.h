/* SPDX-License-Identifier: MIT */
/*
 * Attributes of inodes: mode, owner, times, flags, hints.  The conventions, and the errors of every
 * call, of paths and of changes, are in <xfswrite/xfswrite.h>.
 */
#ifndef XFSWRITE_ATTR_H
#define XFSWRITE_ATTR_H

#include <xfswrite/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_iattr xfs_iattr_t;
typedef struct xfs_stat xfs_stat_t;

enum xfs_attr_valid {
	XFS_ATTR_MODE = 1u << 0,
	XFS_ATTR_UID = 1u << 1,
	XFS_ATTR_GID = 1u << 2,
	XFS_ATTR_SIZE = 1u << 3,
	XFS_ATTR_ATIME = 1u << 4,
	XFS_ATTR_MTIME = 1u << 5,
	XFS_ATTR_CTIME = 1u << 6,
	XFS_ATTR_CRTIME = 1u << 7,
	XFS_ATTR_PROJID = 1u << 8,
	XFS_ATTR_XFLAGS = 1u << 9,
	XFS_ATTR_EXTSIZE = 1u << 10,
	XFS_ATTR_COWEXTSIZE = 1u << 11,
	XFS_ATTR_RDEV = 1u << 12,
	XFS_ATTR_INHERIT = 1u << 13,
};
#define XFS_ATTR_MODE		(1u << 0)	/* permission bits; type bits only at creation */
#define XFS_ATTR_UID		(1u << 1)	/* owner */
#define XFS_ATTR_GID		(1u << 2)	/* group */
#define XFS_ATTR_SIZE		(1u << 3)	/* size of a regular file */
#define XFS_ATTR_ATIME		(1u << 4)	/* time of the last access */
#define XFS_ATTR_MTIME		(1u << 5)	/* time of the last change of contents */
#define XFS_ATTR_CTIME		(1u << 6)	/* for restore tools; otherwise ctime becomes now */
#define XFS_ATTR_CRTIME		(1u << 7)	/* time of creation */
#define XFS_ATTR_PROJID		(1u << 8)	/* project of quota */
#define XFS_ATTR_XFLAGS		(1u << 9)	/* XFS_XFLAG_* below */
#define XFS_ATTR_EXTSIZE	(1u << 10)	/* extent size hint */
#define XFS_ATTR_COWEXTSIZE	(1u << 11)	/* extent size hint of copy-on-write */
#define XFS_ATTR_RDEV		(1u << 12)	/* for a new device node; ignored later */
/*
 * Only for xfs_createat(): take project, flags and hints that are not valid here from the
 * directory, as for a file that a system call makes there; XFS_ATTR_XFLAGS adds to the inherited
 * flags.
 */
#define XFS_ATTR_INHERIT	(1u << 13)

/* Attributes to set.  Only members whose bit is in @valid are used. */
struct xfs_iattr {
	uint32_t size;			/* in: its sizeof; at least up to @valid */
	uint32_t valid;			/* XFS_ATTR_* */
	uint32_t mode;			/* as st_mode */
	uint32_t uid, gid;		/* up to 2^32-2 */
	uint32_t projid;		/* up to 2^32-2 */
	uint32_t xflags;		/* XFS_XFLAG_* */
	uint32_t extsize_bytes, cowextsize_bytes;	/* multiples of the block size; 0: none */
	uint32_t rdev_major, rdev_minor;	/* up to 511 and 262143 */
	uint32_t reserved;		/* 0 */
	uint64_t size_bytes;
	struct xfs_timespec atime, mtime, ctime, crtime; /* the nearest the disk can hold */
};
#define XFS_IATTR_INIT	XFS_SIZED_INIT(struct xfs_iattr)

/*
 * Inode flags that users see and set; the values are those of FS_IOC_FSGETXATTR.  <xfs/xfs.h> has
 * the same names for the same values.  Flags whose name says INHERIT are for directories: new
 * objects in them get the flag or hint.
 */
#ifndef XFS_XFLAG_REALTIME
enum xfs_xflags {
	XFS_XFLAG_REALTIME = 0x00001,
	XFS_XFLAG_PREALLOC = 0x00002,
	XFS_XFLAG_IMMUTABLE = 0x00008,
	XFS_XFLAG_APPEND = 0x00010,
	XFS_XFLAG_SYNC = 0x00020,
	XFS_XFLAG_NOATIME = 0x00040,
	XFS_XFLAG_NODUMP = 0x00080,
	XFS_XFLAG_RTINHERIT = 0x00100,
	XFS_XFLAG_PROJINHERIT = 0x00200,
	XFS_XFLAG_NOSYMLINKS = 0x00400,
	XFS_XFLAG_EXTSIZE = 0x00800,
	XFS_XFLAG_EXTSZINHERIT = 0x01000,
	XFS_XFLAG_NODEFRAG = 0x02000,
	XFS_XFLAG_FILESTREAM = 0x04000,
	XFS_XFLAG_DAX = 0x08000,
	XFS_XFLAG_COWEXTSIZE = 0x10000,
};
#endif
#ifndef XFS_XFLAG_REALTIME
#define XFS_XFLAG_REALTIME	0x00000001u	/* data is on the realtime device */
#endif
#ifndef XFS_XFLAG_PREALLOC
#define XFS_XFLAG_PREALLOC	0x00000002u	/* blocks past the end are kept */
#endif
#ifndef XFS_XFLAG_IMMUTABLE
#define XFS_XFLAG_IMMUTABLE	0x00000008u	/* cannot be changed, renamed or removed */
#endif
#ifndef XFS_XFLAG_APPEND
#define XFS_XFLAG_APPEND	0x00000010u	/* can only grow at its end */
#endif
#ifndef XFS_XFLAG_SYNC
#define XFS_XFLAG_SYNC		0x00000020u	/* writes are synchronous */
#endif
#ifndef XFS_XFLAG_NOATIME
#define XFS_XFLAG_NOATIME	0x00000040u	/* the access time stays */
#endif
#ifndef XFS_XFLAG_NODUMP
#define XFS_XFLAG_NODUMP	0x00000080u	/* xfsdump leaves it out */
#endif
#ifndef XFS_XFLAG_RTINHERIT
#define XFS_XFLAG_RTINHERIT	0x00000100u	/* new files get REALTIME */
#endif
#ifndef XFS_XFLAG_PROJINHERIT
#define XFS_XFLAG_PROJINHERIT	0x00000200u	/* new objects get the project */
#endif
#ifndef XFS_XFLAG_NOSYMLINKS
#define XFS_XFLAG_NOSYMLINKS	0x00000400u	/* no symbolic links can be made here */
#endif
#ifndef XFS_XFLAG_EXTSIZE
#define XFS_XFLAG_EXTSIZE	0x00000800u	/* has an extent size hint */
#endif
#ifndef XFS_XFLAG_EXTSZINHERIT
#define XFS_XFLAG_EXTSZINHERIT	0x00001000u	/* new objects get the hint */
#endif
#ifndef XFS_XFLAG_NODEFRAG
#define XFS_XFLAG_NODEFRAG	0x00002000u	/* xfs_fsr leaves it alone */
#endif
#ifndef XFS_XFLAG_FILESTREAM
#define XFS_XFLAG_FILESTREAM	0x00004000u	/* files here go to one AG */
#endif
#ifndef XFS_XFLAG_DAX
#define XFS_XFLAG_DAX		0x00008000u	/* mapped from persistent memory */
#endif
#ifndef XFS_XFLAG_COWEXTSIZE
#define XFS_XFLAG_COWEXTSIZE	0x00010000u	/* has a CoW extent size hint */
#endif
#ifndef XFS_XFLAG_HASATTR
#define XFS_XFLAG_HASATTR	0x80000000u	/* read only */
#endif

/* All attributes of an inode. */
struct xfs_stat {
	uint32_t size;			/* in: its sizeof; at least up to @mode */
	uint32_t gen;			/* generation; with @ino for xfs_open_by_ino() */
	uint64_t ino;			/* inode number */
	uint32_t mode;			/* type and permission bits */
	uint32_t nlink;
	uint32_t uid, gid, projid;
	uint32_t rdev_major, rdev_minor;	/* of device nodes, else 0 */
	uint32_t blksize;		/* bytes; st_blksize */
	uint32_t xflags;		/* XFS_XFLAG_* */
	uint32_t extsize_bytes, cowextsize_bytes;	/* hints; 0: none */
	uint32_t reserved;		/* 0 */
	uint64_t size_bytes;
	uint64_t blocks512;		/* st_blocks; includes delayed and CoW reservations */
	uint64_t nextents, anextents;	/* of the data and the attribute fork */
	uint64_t changecount;		/* grows with each change; as STATX_CHANGE_COOKIE */
	struct xfs_timespec atime, mtime, ctime, crtime;
};
#define XFS_STAT_INIT	XFS_SIZED_INIT(struct xfs_stat)

/*
 * Tell the attributes of an object. xfs_getattr() takes a path, whose last component is followed if
 * it is a symbolic link and @follow is true; xfs_fgetattr() takes a handle, also one with O_PATH.
 * @st->size must be set.  Sizes and times are those in memory, before they are written.
 *
 * Returns 0.
 *
 * Errors: those of every call and, for xfs_getattr(), of paths.
 */
XFS_API int xfs_getattr(struct xfs_mount *mp, const char *path, bool follow, struct xfs_stat *st);
XFS_API int xfs_fgetattr(struct xfs_file *file, struct xfs_stat *st);

#ifndef XFSWRITE_NO_HOST_STAT
/*
 * Tell the attributes of an object in the host's form. xfs_stat() follows a symbolic link,
 * xfs_lstat() does not, xfs_fstat() takes a handle, also one with O_PATH. st_dev comes from the
 * UUID of the file system: it is the same for every mount of it and never 0, so copies of one image
 * share it. xfs_getattr() and xfs_fgetattr() tell more, in a layout that is the same everywhere.
 *
 * Returns 0.
 *
 * Errors: those of every call and, for xfs_stat() and xfs_lstat(), of paths.
 */
XFS_API int xfs_stat(struct xfs_mount *mp, const char *path, struct stat *st);
XFS_API int xfs_lstat(struct xfs_mount *mp, const char *path, struct stat *st);
XFS_API int xfs_fstat(struct xfs_file *file, struct stat *st);
#endif

/*
 * Set attributes of an object in one transaction.  The size comes first, in transactions of its
 * own, as xfs_truncate() sets it.  Other than chown(2), a new owner leaves set-id bits and
 * security.capability alone, unless the mount is @unprivileged.  The ctime becomes now, unless
 * XFS_ATTR_CTIME sets it; an access ACL follows the mode.  @follow as for xfs_getattr().
 *
 * Flags of an immutable or append-only inode can be changed, and other attributes in the same call
 * that clears these flags.
 *
 * Returns 0.  After an error of a call with XFS_ATTR_SIZE the size may be the new one.
 *
 * Errors: those of every call, of changes and, for xfs_setattr(), of paths, and:
 *  -EINVAL: an unknown bit in @valid, or XFS_ATTR_INHERIT; a bit whose member @size does not reach;
 *    an owner or project of 2^32-1; nanoseconds above 999999999; unknown flags, or
 *    XFS_XFLAG_REALTIME would change; a hint that is not a multiple of the block size or is not
 *    possible for the type of the object; a new hint for a file that has data; a CoW hint without
 *    reflink.  Of a size: more than 2^63-1, not a regular file, or the handle is not open for
 *    writing.
 *  -EBADF: XFS_ATTR_SIZE, and the handle was opened with O_PATH.
 *  -EISDIR: xfs_setattr() of the size of a directory.
 *  -EDQUOT, -ENOSPC: on an @unprivileged mount the new owner, group or project would be over its
 *    quota.
 */
XFS_API int xfs_setattr(struct xfs_mount *mp, const char *path, bool follow,
			const struct xfs_iattr *iattr);
XFS_API int xfs_fsetattr(struct xfs_file *file, const struct xfs_iattr *iattr);

/*
 * Set the permission bits of an object.  @mode: the twelve bits 07777; others are ignored.
 * Symbolic links are followed.  An access ACL follows the mode.  On an @unprivileged mount
 * set-group-id is dropped if the group is not the caller's.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes.
 */
XFS_API int xfs_chmod(struct xfs_mount *mp, const char *path, uint32_t mode);

/*
 * Set the owner and group of an object.  (uint32_t)-1 leaves one as it is. xfs_chown() follows a
 * symbolic link, xfs_lchown() does not.  As with chown(2), set-id bits of files and
 * security.capability are removed; xfs_setattr() keeps them.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes.  -EDQUOT, or -ENOSPC for a project, only on
 * an @unprivileged mount.
 */
XFS_API int xfs_chown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid);
XFS_API int xfs_lchown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid);

#ifndef XFSWRITE_NO_HOST_STAT
/*
 * Set access and modification time of an object.  @times[0] is atime, @times[1] mtime; tv_nsec may
 * be UTIME_NOW or UTIME_OMIT; @times NULL: both now.  Both UTIME_OMIT: nothing is done, and @path
 * is not looked at.  Times outside of what the disk can hold become the nearest it can.  Symbolic
 * links are followed if @follow is true. xfs_setattr() takes times in a layout that is the same
 * everywhere.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EINVAL: tv_nsec is out of range.
 *  -EPERM: the object is immutable; or it is append-only, and not both times become now.
 */
XFS_API int xfs_utimens(struct xfs_mount *mp, const char *path, bool follow,
			const struct timespec times[2]);
#endif

#ifdef __cplusplus
}
#endif
#endif
