/* SPDX-License-Identifier: MIT */
/* Private to mount/. */
#ifndef MOUNT_MOUNT_PRIV_H
#define MOUNT_MOUNT_PRIV_H

#include "base/list.h"
#include "log/log.h"
#include "mount/mount.h"

extern const struct xfs_upcalls xfs_mount_upcalls;

/*
 * Read, verify and unpack the primary superblock into m_sb and m_geo; m_dev is set.
 * @in_progress_ok: accept an unfinished image.
 */
int xfs_readsb(struct xfs_mount *mp, bool in_progress_ok) XFS_MUST_CHECK;

/*
 * Find the head of the log, and handle a dirty log as @flags and the kind of mount require. m_sb
 * and m_geo are set; nothing is cached yet. *@log: where a journalled mount continues. -EAGAIN: the
 * log is dirty and the mount is read-only.
 */
int xfs_open_log(struct xfs_mount *mp, uint32_t flags, struct xlog_state *log) XFS_MUST_CHECK;
/* After recovery (m_recovery): set the superblock's counters to the sums over the AGs. */
int xfs_recover_counters(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Complete the work that the crash interrupted; transactions can be started. */
int xfs_finish_recovery(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_recovery_free(struct xfs_mount *mp);

/*
 * Mount for writing inside the opening of @outer, which has claimed the devices.  The new mount
 * recovers, and reports what was in the log to m_recovery of @outer, even if it fails.
 */
int xfs_mountfs_within(struct xfs_mount *outer, const struct xfs_mount_options *opts,
		       struct xfs_mount **mpp) XFS_MUST_CHECK;

/*
 * memory.c: the least limit for this geometry and kind of mount; and applying the limit once m_geo
 * is known, by sizing the caches from what m_overlay, if it exists, leaves. -ENOMEM: the limit is
 * too low.
 */
int xfs_least_memory(struct xfs_mount *mp, uint64_t *bytes) XFS_MUST_CHECK;
int xfs_divide_memory(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The least limit of the mount that recovers on behalf of this one. */
uint64_t xfs_least_to_recover(const struct xfs_mount *mp);
/* How much memory recovery may use for held writes; UINT64_MAX without a limit. */
uint64_t xfs_recovery_memory(const struct xfs_mount *mp);

/*
 * Recovery of the mount ended with @error.  If that is 0, release the held writes to the devices,
 * which from then on are written directly.  Returns the first error, with a message.  After a trial
 * nothing is written: the mount must not be used, but be made again as a proved one.
 */
int xfs_end_hold(struct xfs_mount *mp, int error) XFS_MUST_CHECK;
bool xfs_recovery_on_trial(const struct xfs_mount *mp);
/* Discard held writes.  Nothing is queued. */
void xfs_drop_hold(struct xfs_mount *mp);

/* Write the primary superblock from m_sb and the AG headers, and flush. */
int xfs_writesb(struct xfs_mount *mp, bool in_progress) XFS_MUST_CHECK;

/* Free files that were open without a name when a mount ended. */
int xfs_free_leftovers(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Carry out @intents (struct xlog_intent, log/recover.h): first the own part of each in the order
 * of the log, then what follows from them.  Nobody else uses the file system.  The caller keeps the
 * list. -EUCLEAN, -EOPNOTSUPP (realtime): nothing was changed.
 */
int xfs_recover_finish_intents(struct xfs_mount *mp, struct xfs_list *intents) XFS_MUST_CHECK;

/* Upcall from recovery. */
int xfs_recover_check_intent(struct xfs_mount *mp, const struct xlog_intent *intent) XFS_MUST_CHECK;

/* Record on disk that the first change is about to be made. */
int xfs_mark_in_progress(struct xfs_mount *mp) XFS_MUST_CHECK;

#endif
