/* SPDX-License-Identifier: MIT */
/*
 * libxfswrite: read and write XFS v5 file systems from user space.
 *
 * This header has the conventions of every function and includes those that most programs need:
 * <xfswrite/mount.h> opens and closes file systems, <xfswrite/attr.h> has attributes of inodes,
 * <xfswrite/file.h> files and their contents, <xfswrite/name.h> names and directories,
 * <xfswrite/xattr.h> extended attributes, <xfswrite/device.h> where bytes come from,
 * <xfswrite/error.h> why a call failed, <xfswrite/env.h> hooks and the rules for structs.
 *
 * Conventions:
 *  - A function returns 0 or a count on success and a negative errno on failure.
 *    <xfswrite/error.h> tells which structure, where and why.
 *  - After an error an out pointer is NULL and a struct for results is unchanged, unless the
 *    function says otherwise.  What the caller passed in is still the caller's.
 *  - The library copies names, paths, structs and buffers that it needs after a call.  Handles,
 *    mounts and devices that a function gives out are the caller's to close or put back.
 *  - xfs_close(), xfs_unmount(), xfs_abandon(), xfs_closedir(), xfs_seekdir() and xfs_device_put()
 *    take NULL and do nothing.
 *  - Threads: any number of threads may use one file system and one file at once, unless the
 *    function says otherwise. xfs_unmount(), xfs_abandon(), xfs_close(), xfs_closedir() and
 *    xfs_device_put() must be the last call on their object.
 *  - A call with the name of a system call does what that does for root on a mounted file system,
 *    also when two errors apply; where it does not, its comment says so.
 *  - Offsets and sizes are bytes; the largest size of a file is 2^63-1.
 *  - Paths are byte strings of up to 65535 bytes, separated by '/'.  They begin at the root
 *    directory; those of the ...at calls begin at @dir unless they begin with '/'.  Symbolic links
 *    on the way are followed inside the image.
 *  - Durability: unless a function says otherwise, its effect is in memory until xfs_fsync(),
 *    xfs_sync() or xfs_unmount() has returned 0.  With a journal it may become stable earlier,
 *    whole and in order: after a crash, every call that changed names, attributes or sizes has
 *    happened completely or not at all, and none has happened without those that finished before it
 *    began.  A crash may show a call that works in steps (shortening or writing a large file,
 *    freeing what an unlinked file held) between two of its steps, and data that was overwritten in
 *    place may be old or new by sector.  No block ever shows what other files had written to it.
 *
 * Errors of every call: any function that returns errors may return these.
 *  -EINVAL: NULL where an object, a name, a struct or a place for a result is needed; a length over
 *    SSIZE_MAX; a struct whose @size is wrong (<xfswrite/env.h>); an unknown flag.
 *  -EFAULT: a NULL buffer with a length.
 *  -EIO: the device failed, or the file system was shut down after an earlier failure.  After a
 *    shutdown nothing is written any more, and calls that would change something fail.
 *  -EUCLEAN: a structure on disk is damaged.  (The kernel calls it EFSCORRUPTED; the number is the
 *    same.)
 *  -EBADMSG: the checksum of a structure on disk is wrong.  (EFSBADCRC in the kernel.)
 *  -ENOMEM: the host, or memory_limit_bytes, has no memory; see <xfswrite/mount.h>.
 *  -EAGAIN: the call was asked not to wait and would have to; see <xfswrite/nowait.h>.
 *  -EBUSY: the library was built without threads, and another thread uses the file system now.
 *
 * Errors of paths: any function that takes a path may return these.
 *  -ENOENT: the path is empty, or a component does not exist.
 *  -ENOTDIR: a component before the last one, or the last one before a trailing '/', is not a
 *    directory.
 *  -ELOOP: the path leads through more than 40 symbolic links.
 *  -ENAMETOOLONG: a component has more than 255 bytes, or what is left of the path behind a
 *    symbolic link, with the target in front, more than 65535.
 *
 * Errors of changes: any function that changes names or inodes may return these.
 *  -EROFS: the file system is open read-only.
 *  -EPERM: the object, or the directory that would change, is immutable or append-only.
 *  -ENOSPC: no space or no inodes are left after what can be reclaimed was reclaimed once; or a
 *    project would be over its quota.
 *  -EDQUOT: a user or group would be over its quota.
 *
 * Every one of these leaves things as they were, but for -EIO, -EUCLEAN and -EBADMSG in the middle
 * of a call that works in steps.
 */
#ifndef XFSWRITE_H
#define XFSWRITE_H

#include <xfswrite/attr.h>
#include <xfswrite/file.h>
#include <xfswrite/mount.h>
#include <xfswrite/name.h>
#include <xfswrite/types.h>
#include <xfswrite/xattr.h>

#endif
