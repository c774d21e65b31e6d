/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, what intents in the log say about an AG: extents to be freed,
 * records of the reverse map and reference counts to be changed.
 *
 * xfs_*_check() looks at an intent before anything is changed: -EUCLEAN when it is
 * impossible, -EOPNOTSUPP when it is about a realtime device.  xfs_*_finish() does its work
 * inside a transaction.  What follows from it - blocks that lost their last owner are freed -
 * is put off to the end of the transaction (trans/defer.h): intents describe older work than what
 * follows from them, and all of them must have been carried out before.
 *
 * A file system that shares blocks needs xfs_refcount_expect_shared() before the first.
 */
#ifndef AG_INTENT_H
#define AG_INTENT_H

#include "ag/rmap.h"
#include "log/recover.h"

int xfs_efi_check(struct xfs_mount *mp, const struct xlog_intent *intent) XFS_MUST_CHECK;
int xfs_efi_finish(struct xfs_trans *tp, const struct xlog_intent *intent) XFS_MUST_CHECK;

int xfs_rui_check(struct xfs_mount *mp, const struct xlog_intent *intent) XFS_MUST_CHECK;
int xfs_rui_finish(struct xfs_trans *tp, const struct xlog_intent *intent) XFS_MUST_CHECK;

int xfs_cui_check(struct xfs_mount *mp, const struct xlog_intent *intent) XFS_MUST_CHECK;
int xfs_cui_finish(struct xfs_trans *tp, const struct xlog_intent *intent) XFS_MUST_CHECK;

/*
 * In the middle of a chain of intents a block may have two owners and no reference count
 * yet: from now on the reverse map takes any block of a file for shared.  Until the mount ends.
 */
void xfs_refcount_expect_shared(struct xfs_mount *mp);

/*
 * Nobody is writing: what is staged for copy-on-write is left over from somebody who was.
 * Free it, in transactions of some extents each; *@blocks counts them.  No transaction held.
 */
int xfs_refcount_free_staging(struct xfs_mount *mp, uint64_t *blocks) XFS_MUST_CHECK;

#endif
