/* SPDX-License-Identifier: MIT */
/* What the files of mount/ share. */
#ifndef MOUNT_MOUNT_PRIV_H
#define MOUNT_MOUNT_PRIV_H

#include "base/list.h"
#include "log/log.h"
#include "mount/mount.h"

extern const struct xfs_upcalls xfs_mount_upcalls;

/*
 * Read, check and unpack the primary superblock into m_sb and m_geo; m_dev is set.
 * @in_progress_ok: an unfinished image may be gone on with.
 */
int xfs_readsb(struct xfs_mount *mp, bool in_progress_ok) XFS_MUST_CHECK;

/*
 * Find the head of the log, and do about a dirty one what @flags and the kind of mount
 * say; m_sb and m_geo are set, no cache is.  *@log: where a journalled mount goes on.
 * -EAGAIN: dirty, and only to be read.
 */
int xfs_open_log(struct xfs_mount *mp, uint32_t flags, struct xlog_state *log) XFS_MUST_CHECK;
/* The log was dirty (m_recovery): make the counters of the superblock those of the AGs. */
int xfs_recover_counters(struct xfs_mount *mp) XFS_MUST_CHECK;
/* Handles may be had: do what the crash had interrupted. */
int xfs_finish_recovery(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_recovery_free(struct xfs_mount *mp);

/*
 * A mount for writing within the opening of @outer, which has the devices to itself: it recovers,
 * and tells m_recovery of @outer what was in the log, also when it fails.
 */
int xfs_mountfs_within(struct xfs_mount *outer, const struct xfs_mount_options *opts,
		       struct xfs_mount **mpp) XFS_MUST_CHECK;

/*
 * memory.c: the least limit for this geometry and kind of mount; and a limit put into effect, after
 * m_geo is known: the caches get their shares of what m_overlay, if there is one, does not have.
 * -ENOMEM: it is below the least.
 */
int xfs_least_memory(struct xfs_mount *mp, uint64_t *bytes) XFS_MUST_CHECK;
int xfs_divide_memory(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The least limit of the mount that recovers for this one. */
uint64_t xfs_least_to_recover(const struct xfs_mount *mp);
/* What recovery may hold back: UINT64_MAX without a limit. */
uint64_t xfs_recovery_memory(const struct xfs_mount *mp);

/*
 * Recovery of the mount came to @error: 0: write to the devices what was held back, and what is
 * written from now on.  Returns the first error, with text.  When it was a trial nothing is written:
 * the mount must not be used, but be begun anew as one that was proved.
 */
int xfs_end_hold(struct xfs_mount *mp, int error) XFS_MUST_CHECK;
bool xfs_recovery_on_trial(const struct xfs_mount *mp);
/* What is held back was never written.  Nothing is queued. */
void xfs_drop_hold(struct xfs_mount *mp);

/* Write the primary superblock from m_sb and the AG headers, and flush. */
int xfs_writesb(struct xfs_mount *mp, bool in_progress) XFS_MUST_CHECK;

/* Files that were open without a name when somebody's mount ended: free them. */
int xfs_free_leftovers(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Do what @intents (struct xlog_intent, log/recover.h) announced, in two rounds: the first step of
 * each in the order of the log, then what follows from them.  Nobody else uses the file
 * system; the list stays the caller's.  -EUCLEAN, -EOPNOTSUPP (realtime): nothing was
 * changed.
 */
int xfs_recover_finish_intents(struct xfs_mount *mp, struct xfs_list *intents) XFS_MUST_CHECK;

/* Upcall of recovery. */
int xfs_recover_check_intent(struct xfs_mount *mp, const struct xlog_intent *intent) XFS_MUST_CHECK;

/* The first change is about to be made: say so on disk. */
int xfs_mark_in_progress(struct xfs_mount *mp) XFS_MUST_CHECK;

#endif
