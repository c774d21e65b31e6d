/* SPDX-License-Identifier: MIT */
/* What only the log knows, and how long the log must know it. */
#ifndef TRANS_NOTE_H
#define TRANS_NOTE_H

#include "core/mount.h"

struct xfs_note;

/* Room for regions of @bytes altogether, and 4 more for each; NULL: no memory. */
struct xfs_note *xfs_note_new(struct xfs_mount *mp, size_t bytes);
/* One that was not logged; NULL is fine. */
void xfs_note_free(struct xfs_note *note);
/* @len bytes more, zero, for the caller to fill. */
void *xfs_note_region(struct xfs_note *note, uint32_t len);
/* The done item of intent @id of @type, of the types whose done items are heads alone. */
void xfs_note_done(struct xfs_note *note, uint16_t type, uint64_t id);
/* It enters the log with @tp; an empty one is freed. */
void xfs_note_log(struct xfs_trans *tp, struct xfs_note *note);

/* A new id of an intent: odd, as nobody else's are who log addresses, and not @not. */
uint64_t xfs_intent_id(struct xfs_mount *mp, uint64_t not);

/*
 * The tail of the log stays at or before @lsn from now on; 0: @th holds it no longer.  An intent
 * that is not done must stay in front of the tail: held from before the transaction that logs
 * it is committed until the one with its done item is durable.  @th is all zero at first, and
 * stays where it is.
 */
void xfs_hold_tail(struct xfs_mount *mp, struct xfs_tail_hold *th, xfs_lsn_t lsn);

#endif
