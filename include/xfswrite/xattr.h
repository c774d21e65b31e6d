/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes.  The conventions, and the errors of every call, of paths and of changes, are
 * in <xfswrite/xfswrite.h>.
 *
 * Names carry their prefix: user., trusted., security., and the ACLs system.posix_acl_access and
 * system.posix_acl_default.  The value of an ACL is in the form of the system calls, and setting an
 * access ACL sets the mode.  ACLs are listed, and can be read and set, as trusted.SGI_ACL_FILE and
 * trusted.SGI_ACL_DEFAULT too: as they stand on disk.  A name has at most 255 bytes with its
 * prefix, a value at most 65536.
 *
 * Each change is one transaction.  Any object can have attributes, but user. ones only regular
 * files and directories.  The calls by path follow a symbolic link in the last component if @follow
 * is true; those by handle also take one opened with O_PATH.
 */
#ifndef XFSWRITE_XATTR_H
#define XFSWRITE_XATTR_H

#include <xfswrite/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Set an extended attribute.  @flags of <sys/xattr.h>: XATTR_CREATE: only if it does not exist,
 * XATTR_REPLACE: only if it exists; 0: either way.  ACLs ignore them.
 *
 * Returns 0.
 *
 * Errors: those of every call, of changes and, for xfs_setxattr(), of paths, and:
 *  -EEXIST: XATTR_CREATE, and the attribute exists.
 *  -ENODATA: XATTR_REPLACE, and it does not.
 *  -ERANGE: the name is empty or has more than 255 bytes.
 *  -E2BIG: the value has more than 65536 bytes.
 *  -EOPNOTSUPP: an unknown prefix, an ACL of a symbolic link or of another version than 2.
 *  -EINVAL: other @flags; nothing behind the prefix; or the value is not a valid ACL.
 *  -EACCES: a default ACL for what is not a directory.
 *  -EPERM: the object is immutable or append-only; or a user. attribute of what is neither a
 *    regular file nor a directory.
 */
XFS_API int xfs_setxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
			 const void *value, size_t size, int flags);
XFS_API int xfs_fsetxattr(struct xfs_file *file, const char *name, const void *value, size_t size,
			  int flags);

/*
 * Read an extended attribute.  @size 0: only its length is told, and @value may be NULL.
 *
 * Returns the length of the value in bytes.
 *
 * Errors: those of every call and, for xfs_getxattr(), of paths, and:
 *  -ENODATA: the object has no such attribute; or it is a user. one of what is neither a regular
 *    file nor a directory.
 *  -ERANGE: the value has more than @size bytes; the name is empty, or has more than 255 bytes and
 *    does not exist.
 *  -EOPNOTSUPP: an unknown prefix, or an ACL of a symbolic link.
 *  -EINVAL: nothing behind the prefix.
 */
XFS_API ssize_t xfs_getxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
			     void *value, size_t size);
XFS_API ssize_t xfs_fgetxattr(struct xfs_file *file, const char *name, void *value, size_t size);

/*
 * List the names of an object's extended attributes.  Names go to @list, each with its prefix and
 * terminated by a zero byte.  @size 0: only their length is told, and @list may be NULL.
 *
 * Returns the length of the list in bytes.
 *
 * Errors: those of every call and, for xfs_listxattr(), of paths, and:
 *  -ERANGE: the list has more than @size bytes.
 *  -EUCLEAN: the attribute fork is damaged, or a name has a zero byte inside.
 */
XFS_API ssize_t xfs_listxattr(struct xfs_mount *mp, const char *path, bool follow, char *list,
			      size_t size);
XFS_API ssize_t xfs_flistxattr(struct xfs_file *file, char *list, size_t size);

/*
 * Remove an extended attribute.  Removing an ACL that does not exist succeeds, as in the kernel.
 *
 * Returns 0.
 *
 * Errors: those of every call, of changes and, for xfs_removexattr(), of paths, and:
 *  -ENODATA: the object has no such attribute.
 *  -ERANGE: the name is empty or has more than 255 bytes.
 *  -EOPNOTSUPP: an unknown prefix, or an ACL of a symbolic link.
 *  -EINVAL: nothing behind the prefix.
 *  -EPERM: the object is immutable or append-only; or a user. attribute of what is neither a
 *    regular file nor a directory.
 */
XFS_API int xfs_removexattr(struct xfs_mount *mp, const char *path, bool follow, const char *name);
XFS_API int xfs_fremovexattr(struct xfs_file *file, const char *name);

#ifdef __cplusplus
}
#endif
#endif
