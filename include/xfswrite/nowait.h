/* SPDX-License-Identifier: MIT */
/*
 * Calls that do not wait: for event loops, and for callers that would rather hand a call to another
 * thread.  As RWF_NOWAIT of preadv2(2), but for every call.
 *
 * A program asks for it for one read or write (XFS_RWF_NOWAIT in <xfswrite/io.h>), for everything
 * done through a handle (xfs_set_nowait()), or for all calls of a thread (xfs_thread_nowait()).
 * Such a call does its work, or returns -EAGAIN where it would wait.  After -EAGAIN:
 *
 *  - Nothing has changed: no name, no size, no time, no byte, no space.  Reads, writes,
 *    xfs_write_from(), xfs_copy_range() and calls with a host descriptor return the number of bytes
 *    they moved, and -EAGAIN only if that is 0.
 *  - xfs_error_text() says what the call would have waited for.  The same call without NOWAIT does
 *    the work.
 *
 * A call does not wait for locks of files, directories and allocation groups that other threads
 * hold; log space and checkpoints; metadata and file data that is not in memory; data being written
 * back; memory, space and quota that would have to be reclaimed first (so -ENOSPC and -EDQUOT
 * become -EAGAIN where waiting might help).  It does not wait for the device at all:
 *
 *  - xfs_fsync(), xfs_fdatasync(), xfs_sync(): 0 if nothing needs to be written.  Writes to files
 *    open with O_SYNC, O_DSYNC or O_DIRECT, reads with O_DIRECT, xfs_tick(): always -EAGAIN.
 *  - A write behind the end of the file, and one that removes set-id bits or a capability: -EAGAIN,
 *    as in the kernel.  Also a new size that cuts or grows the last block if that has contents,
 *    because zeros would have to be written; and calls that must write dirty data first (clone,
 *    exchange, punching, moving) if there is some.
 *  - On an unjournalled mount the very first change.
 *
 * Some things may still take time: locks held for a few instructions, as those of the caches; the
 * processor's own work; hooks and callbacks of the program; host descriptors, which behave as they
 * were opened.  And a call that has changed something runs to its end.  Before its first change it
 * checks that it holds the locks of its files, that it has its log space, that no thread holds an
 * allocation group, and that the metadata it is known to need is in memory.  It waits only if a
 * block of the free space or reverse map trees then turns out not to be in memory, if another
 * thread has meanwhile locked an allocation group and waits for the device itself, or if it takes
 * more than one transaction (xfs_ftruncate(), xfs_fallocate(), xfs_clone_range() over more than
 * some tens of extents) and the log fills up before the last.
 *
 * Never affected, and free to wait: opening, formatting, checking, closing and abandoning a file
 * system. xfs_close() and xfs_closedir() never fail because of it; what they free (a file without a
 * name, preallocation) is freed later, by a call that may wait.
 */
#ifndef XFSWRITE_NOWAIT_H
#define XFSWRITE_NOWAIT_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Set whether calls through a handle may wait.  This concerns calls that read, change or sync
 * @file; those with a second file, if it is set for either; the ...at calls that begin at @file;
 * and directory handles made from it later.  Files opened through it begin without it.  Calls that
 * other threads have begun are not affected.
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: @file is NULL, or xfs_root(), which all threads share; open "/" with O_PATH for a
 *    handle of your own.
 *  -EBUSY: the library was built without threads, and another thread uses the file system now.
 */
XFS_API int xfs_set_nowait(struct xfs_file *file, bool on);

/*
 * Set whether calls of this thread may wait.  This concerns calls that begin from now on, on any
 * file system.  It has no effect on calls from inside of others that may wait, such as from
 * callbacks of a device.
 *
 * Returns what was set before.  Cannot fail.
 */
XFS_API bool xfs_thread_nowait(bool on);

#ifdef __cplusplus
}
#endif

#endif
