/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, the intents in the log that concern an AG: extents to be freed, changes
 * of the reverse map and of reference counts.
 *
 * xfs_*_check() looks at an intent before anything is changed and returns -EUCLEAN if it is
 * impossible. xfs_*_finish() does its work inside a transaction.  Work that follows from it, such
 * as freeing blocks that lost their last owner, is deferred to the end of the transaction
 * (trans/defer.h): it is younger than all intents of the log, which must be carried out before it.
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
 * In the middle of a chain of intents a block may have two owners and no reference count yet.  From
 * now until unmount, the reverse map assumes that any block of a file may be shared.
 */
void xfs_refcount_expect_shared(struct xfs_mount *mp);

/*
 * Free the staging extents that a crash left behind, in transactions of a few extents each;
 * *@blocks counts them.  Call it while nobody writes and with no transaction open.
 */
int xfs_refcount_free_staging(struct xfs_mount *mp, uint64_t *blocks) XFS_MUST_CHECK;

#endif
