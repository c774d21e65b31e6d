/* SPDX-License-Identifier: MIT */
/*
 * Calls that do not wait: for event loops, and for callers that would rather hand a call to another
 * thread.  As RWF_NOWAIT of preadv2(2), but for every call.
 *
 * It can be asked for one read or write (XFS_RWF_NOWAIT in <xfswrite/io.h>), for all that is done through
 * a handle (xfs_set_nowait()), or for all calls of a thread, those that take a path too
 * (xfs_thread_nowait()).  Such a call does what it would do otherwise, or returns -EAGAIN instead of
 * waiting, and then:
 *
 *  - nothing has changed: no name, no size, no time, no byte, no space.  Reads, writes, xfs_write_from(),
 *    xfs_copy_range() and calls with a host descriptor return how many bytes they moved when they had
 *    moved some, and -EAGAIN only when there were none.
 *  - xfs_error_text() says what it would have waited for.  The same call without NOWAIT does it.
 *
 * What is not waited for: locks of files, directories and allocation groups that other threads hold;
 * room in the log, and checkpoints; metadata and file data that is not in memory; data that is being
 * written back; memory, space and quota that would have to be reclaimed first (so -ENOSPC and
 * -EDQUOT become -EAGAIN where waiting might help); the device, altogether:
 *
 *  - xfs_fsync(), xfs_fdatasync(), xfs_sync(): 0 if there is nothing to be written; writes of files that
 *    are open with O_SYNC, O_DSYNC or O_DIRECT, reads with O_DIRECT, xfs_tick(): always -EAGAIN.
 *  - A write behind the end of the file, and one that takes set-id bits or a capability away: -EAGAIN,
 *    as in the kernel.  So does a new size that cuts the last block, or grows it, if that block has
 *    contents, since zeros would have to be written; and what has to write dirty data first (clone,
 *    exchange, punching, moving) when there is some.
 *  - On an unjournalled mount the very first change.
 *
 * What may still take time: a lock that is held for the length of some instructions, as those of the
 * caches are; the processor's own work; hooks and callbacks of the program; host descriptors, which
 * behave as they were opened.  And a call that has changed something goes on to its end.  It looks
 * beforehand whether it will be able to: it holds the locks of its files, room in the log is its own,
 * no allocation group was held by anybody, and what it is known to need is in memory.  But it waits
 * when, after that, a block of the free space or reverse map trees turns out not to be in memory, when
 * another thread has taken an allocation group meanwhile and waits for the device itself, or when it takes more than one
 * transaction (xfs_ftruncate(), xfs_fallocate(), xfs_clone_range() over more than some tens of extents)
 * and the log has become full before the last.
 *
 * Never affected, and may wait: opening, formatting, checking, closing and abandoning a file system.
 * xfs_close() and xfs_closedir() never fail for it; what they free is freed later, by a call that may
 * wait: a file without a name, preallocation.
 */
#ifndef XFSWRITE_NOWAIT_H
#define XFSWRITE_NOWAIT_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Calls through @file do not wait from now on, or may again: those that read, change or sync it; those
 * with a second file, if either of both was set so; the ...at calls that begin at it; and
 * directory handles made of it later.  Files that are opened through it begin without.  Calls of other threads that have
 * begun are not affected.  -EINVAL: @file is xfs_root(), which all threads share; open "/" with O_PATH
 * for a handle of your own.
 */
XFS_API int xfs_set_nowait(struct xfs_file *file, bool on);

/*
 * Calls that this thread makes from now on, on any file system, do not wait, or may again.  Returns what it
 * was before.  Not in force for calls that come from inside of others that may wait, such
 * as those of a device's callbacks.
 */
XFS_API bool xfs_thread_nowait(bool on);

#ifdef __cplusplus
}
#endif

#endif
