/* SPDX-License-Identifier: MIT */
/* Items that exist only in the log, and holding the tail for them. */
#ifndef TRANS_NOTE_H
#define TRANS_NOTE_H

#include "core/mount.h"

struct xfs_note;

/* Allocates @bytes for all regions together; add 4 for each region.  NULL: no memory. */
struct xfs_note *xfs_note_new(struct xfs_mount *mp, size_t bytes);
/* Frees a note that was not logged; @note may be NULL. */
void xfs_note_free(struct xfs_note *note);
/* Adds @len zeroed bytes for the caller to fill. */
void *xfs_note_region(struct xfs_note *note, uint32_t len);
/* Makes the done item of intent @id of @type, for types whose done item is only the head. */
void xfs_note_done(struct xfs_note *note, uint16_t type, uint64_t id);
/* Logs @note in @tp; an empty one is freed. */
void xfs_note_log(struct xfs_trans *tp, struct xfs_note *note);

/*
 * A new intent id.  It is odd, so that it differs from the ids of implementations that use
 * addresses, and differs from @not.
 */
uint64_t xfs_intent_id(struct xfs_mount *mp, uint64_t not);

/*
 * Keep the tail of the log at or before @lsn; 0: release it.  The tail must not pass an intent that
 * is not done, so hold it from before the transaction of the intent commits until the checkpoint
 * with the done item is durable.  @th is zeroed at first, and does not move while it holds.
 */
void xfs_hold_tail(struct xfs_mount *mp, struct xfs_tail_hold *th, xfs_lsn_t lsn);

#endif
