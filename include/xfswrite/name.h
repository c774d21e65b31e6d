/* SPDX-License-Identifier: MIT */
/*
 * Names: making, linking, removing and renaming objects, symbolic links, reading directories.  The
 * conventions, and the errors of every call, of paths and of changes, are in <xfswrite/xfswrite.h>.
 *
 * Each call that changes names is one transaction: after a crash it has happened completely or not
 * at all.  Objects that system calls make inherit from their directory as in the kernel: the group
 * if the directory has set-group-id, a default ACL, project, flags and hints.  No umask is applied.
 */
#ifndef XFSWRITE_NAME_H
#define XFSWRITE_NAME_H

#include <xfswrite/attr.h>
#include <xfswrite/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_dirent xfs_dirent_t;

/* ---- making objects ------------------------------------------------------- */

/*
 * Get the handle of the root directory.  It belongs to the mount: xfs_close() ignores it, and
 * xfs_unmount() frees it.
 *
 * Returns the handle; NULL if @mp is NULL.  Cannot fail.
 */
XFS_API struct xfs_file *xfs_root(struct xfs_mount *mp);

/*
 * Make an object with exactly the given attributes.  The call for restore tools: nothing is
 * inherited unless XFS_ATTR_INHERIT asks for it, all twelve permission bits are taken as they
 * stand, a default ACL and set-group-id of @dir have no effect, and owner, group and times that are
 * not valid in @iattr are the mount's and now.
 *
 * @name is one component, not a path.  The type of the object is in @iattr->mode, which must be
 * valid; other valid attributes are set in the same transaction.  @target: where a symbolic link
 * leads, 1 to 1023 bytes; ignored for other types.  @filep may be NULL; otherwise *@filep is the
 * caller's, open for reading and writing (regular file), for reading (directory) or with O_PATH.
 *
 * @name NULL makes a file without a name, as O_TMPFILE of xfs_open() does: not for directories, and
 * @filep must not be NULL.
 *
 * Returns 0.
 *
 * Errors: those of every call and of changes, and:
 *  -EEXIST: the name exists, or is "." or "..".
 *  -ENOENT: the name is empty, @dir was removed, or a symbolic link has no target.
 *  -ENOTDIR: @dir is not a directory.
 *  -ENAMETOOLONG: @name has more than 255 bytes, or @target more than 1023.
 *  -EINVAL: '/' in @name; XFS_ATTR_MODE is not valid, or names no type; neither name nor @filep; a
 *    size for what is not a regular file; a device number that is too large; a wrong attribute, as
 *    for xfs_setattr().
 *  -EFBIG: a size of more than 2^63-1.
 *  -EMLINK: a directory is made, and @dir has 2^31-1 links.
 *  -EPERM: @dir is immutable, or has XFS_XFLAG_NOSYMLINKS and a symbolic link is made.
 */
XFS_API int xfs_createat(struct xfs_file *dir, const char *name, const struct xfs_iattr *iattr,
			 const char *target, struct xfs_file **filep);

/*
 * Make a directory.  @mode: permission bits and the sticky bit; set-group-id comes from the parent.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EEXIST: the name exists, in whatever type, or is "." or "..".
 *  -EMLINK: the parent has 2^31-1 links.
 */
XFS_API int xfs_mkdir(struct xfs_mount *mp, const char *path, uint32_t mode);
XFS_API int xfs_mkdirat(struct xfs_file *dir, const char *path, uint32_t mode);

/*
 * Make a device node, FIFO, socket or regular file.  @mode: type and the twelve permission bits; no
 * type means a regular file.  @rdev_major and @rdev_minor, up to 511 and 262143, count for device
 * nodes.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EEXIST: the name exists, or is "." or "..".
 *  -EPERM: @mode says directory; or the directory is immutable.
 *  -EINVAL: @mode says another type, or the device number is too large.
 */
XFS_API int xfs_mknod(struct xfs_mount *mp, const char *path, uint32_t mode, uint32_t rdev_major,
		      uint32_t rdev_minor);
XFS_API int xfs_mknodat(struct xfs_file *dir, const char *path, uint32_t mode, uint32_t rdev_major,
			uint32_t rdev_minor);

/*
 * Make a symbolic link.  @target: 1 to 1023 bytes, any but NUL.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EEXIST: the name exists, or is "." or "..".
 *  -ENOENT: @target is empty.
 *  -ENAMETOOLONG: @target has more than 1023 bytes.
 *  -EPERM: the directory has XFS_XFLAG_NOSYMLINKS, or is immutable.
 */
XFS_API int xfs_symlink(struct xfs_mount *mp, const char *target, const char *path);
XFS_API int xfs_symlinkat(const char *target, struct xfs_file *dir, const char *path);

/* ---- links, removing, renaming ------------------------------------------------------ */

/*
 * Make another name for an object. xfs_link() does not follow a symbolic link in the last component
 * of @oldpath. xfs_linkat() names what @file is, and gives a name to a file that has none.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EEXIST: the new name exists, or is "." or "..".
 *  -ENOENT: the object was removed.  (A file that never had a name can get one.)
 *  -EPERM: a directory; or the object is immutable or append-only, or the directory immutable.
 *  -EMLINK: the object has 2^31-1 links.
 *  -EXDEV: the directory has XFS_XFLAG_PROJINHERIT and another project than the object; or @dir is
 *    of another file system.
 */
XFS_API int xfs_link(struct xfs_mount *mp, const char *oldpath, const char *newpath);
XFS_API int xfs_linkat(struct xfs_file *file, struct xfs_file *dir, const char *path);

/*
 * Give a file a name that may exist, replacing what has it.  One transaction: at every moment, and
 * after a crash, @path leads to the old object or to @file.  If it is a name of @file already,
 * nothing changes.
 *
 * Returns 0.
 *
 * Errors: those of xfs_linkat() but -EEXIST, and:
 *  -EISDIR: a directory has the name.
 *  -ENOTDIR: @path ends in '/'.
 *  -EPERM: what has the name is immutable or append-only, or one of the reasons above.
 *  -EEXIST: @path ends in "." or "..".
 */
XFS_API int xfs_replaceat(struct xfs_file *file, struct xfs_file *dir, const char *path);

/*
 * Remove a name.  When the last name and the last handle of a file are gone, its space is freed.
 * xfs_unlink() is for all but directories, xfs_rmdir() for empty directories; xfs_unlinkat() is the
 * one or, with AT_REMOVEDIR in @flags, the other.  The last component is not followed.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EISDIR: a directory, without AT_REMOVEDIR.
 *  -ENOTDIR: not a directory, with AT_REMOVEDIR or with '/' at the end of the path.
 *  -ENOTEMPTY: the directory is not empty, or the path ends in "..".
 *  -EBUSY: the root directory.
 *  -EINVAL: other @flags; or the path of a directory ends in ".".
 *  -EPERM: the object or its directory is immutable or append-only.
 */
XFS_API int xfs_unlink(struct xfs_mount *mp, const char *path);
XFS_API int xfs_unlinkat(struct xfs_file *dir, const char *path, int flags);
XFS_API int xfs_rmdir(struct xfs_mount *mp, const char *path);

/*
 * Rename an object.  What has the new name is replaced in the same transaction.  Symbolic links in
 * the last component are renamed, not followed.  If both are names of one object, nothing changes.
 * @flags: 0 or RENAME_NOREPLACE.
 *
 * Returns 0.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EEXIST: RENAME_NOREPLACE and the new name exists; or it is a directory that is not empty.
 *  -ENOTEMPTY: the new name is a directory that holds the old one.
 *  -EISDIR: the new name is a directory, the old one is not.
 *  -ENOTDIR: the old name is a directory and the new one is not, or a path ends in '/' and the old
 *    name is not a directory.
 *  -EINVAL: a directory would move below itself; other @flags.
 *  -EBUSY: the last component is "." or "..", or the root directory.
 *  -EMLINK: a directory would move into one that has 2^31-1 links.
 *  -EXDEV: the new directory has XFS_XFLAG_PROJINHERIT and another project than the object; or it
 *    is of another file system.
 *  -EPERM: the object, what it replaces, or one of the directories is immutable or append-only.
 */
XFS_API int xfs_rename(struct xfs_mount *mp, const char *oldpath, const char *newpath);
XFS_API int xfs_renameat(struct xfs_file *olddir, const char *oldpath, struct xfs_file *newdir,
			 const char *newpath, unsigned int flags);

/*
 * Read where a symbolic link leads.  Up to @size bytes go to @buf, without a NUL. xfs_freadlink()
 * takes a handle opened with O_PATH and O_NOFOLLOW.
 *
 * Returns the number of bytes copied; @size means that there may be more (targets have up to 1023
 * bytes).
 *
 * Errors: those of every call and, for xfs_readlink(), of paths, and:
 *  -EINVAL: not a symbolic link.
 */
XFS_API ssize_t xfs_readlink(struct xfs_mount *mp, const char *path, char *buf, size_t size);
XFS_API ssize_t xfs_freadlink(struct xfs_file *file, char *buf, size_t size);

/* ---- directories ------------------------------------------------------------------ */

/* One entry of a directory. */
struct xfs_dirent {
	uint32_t size;			/* in: its sizeof; at least up to @name, whole */
	uint8_t type;			/* DT_* of <dirent.h>; DT_UNKNOWN: not on disk */
	uint8_t name_len;		/* bytes, without the NUL */
	uint8_t reserved[2];
	uint64_t ino;			/* inode number */
	uint64_t cookie;		/* position after this entry, for xfs_seekdir() */
	char name[256];			/* terminated; may hold any byte but '/' and NUL */
};
#define XFS_DIRENT_INIT	XFS_SIZED_INIT(struct xfs_dirent)

/*
 * Open a directory for reading its entries. xfs_fdopendir() takes a handle, which stays the
 * caller's and may be closed first.  *@dirp is the caller's and is given back with xfs_closedir().
 *
 * Returns 0.
 *
 * Errors: those of every call and, for xfs_opendir(), of paths, and:
 *  -ENOTDIR: not a directory.
 */
XFS_API int xfs_opendir(struct xfs_mount *mp, const char *path, struct xfs_dir **dirp);
XFS_API int xfs_fdopendir(struct xfs_file *file, struct xfs_dir **dirp);

/*
 * Read the next entry of a directory, "." and ".." included.  @entry->size must be set.  Entries
 * made or removed since xfs_opendir() may or may not appear; all others appear once.
 *
 * Threads: one at a time for each @dir.
 *
 * Returns 1 and the entry, or 0 at the end.
 *
 * Errors: those of every call, and:
 *  -EUCLEAN: the directory is damaged here, or the next name is not a legal one ('/' or NUL in it,
 *    "." or ".." out of place).  Reading cannot go on; other names can still be looked up.
 *  -ENOENT: the directory was removed.
 */
XFS_API int xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry);

/*
 * Set the position in a directory.  @cookie: from an entry, to go on after it, also in another
 * xfs_dir of the same directory; 0: the start.
 *
 * Threads: one at a time for each @dir.
 *
 * Cannot fail.
 */
XFS_API void xfs_seekdir(struct xfs_dir *dir, uint64_t cookie);

/*
 * Close a position in a directory.  @dir NULL: nothing happens.
 *
 * Cannot fail.
 */
XFS_API void xfs_closedir(struct xfs_dir *dir);

#ifdef __cplusplus
}
#endif
#endif
