/* SPDX-License-Identifier: MIT */
/*
 * A gate: many pass it at once, and now and then somebody closes it, waits until all have left, and
 * has everything for himself.  As a rwlock whose readers, each in the slot of his thread, meet no
 * cache line that another thread writes; closing it looks at all slots.  Who closes goes before
 * those who come later.
 *
 * (GATE-1) Who enters adds himself first and looks at ga_closed then; who closes sets that first and
 *     looks at the slots then.  So one of them sees the other, and he that enters steps back.
 * (GATE-2) It is left by the thread that entered: its slot never counts less than who is inside.
 */
#ifndef LOCK_GATE_H
#define LOCK_GATE_H

#include "base/slot.h"
#include "lock/lock.h"

struct xfs_gate_slot {
	uint64_t inside;		/* (a) */
	char apart[XFS_SLOT_ALIGN - sizeof(uint64_t)];
};

struct XFS_CAPABILITY xfs_gate {
	struct xfs_gate_slot ga_slots[XFS_SLOTS];
	uint32_t ga_closed;		/* (a) changes under ga_mutex */
	struct xfs_host_mutex ga_mutex;
	struct xfs_host_cond ga_wake;	/* it was opened, or somebody left while it is closed */
#ifdef XFSWRITE_DEBUG
	uint32_t ga_class;
#endif
};

void xfs_gate_init(struct xfs_gate *ga, enum xfs_lock_class cls);
void xfs_gate_destroy(struct xfs_gate *ga);
void xfs_gate_enter(struct xfs_gate *ga) XFS_ACQUIRES_SHARED(ga);
/* False: it is closed, or somebody is about to close it.  Never sleeps. */
bool xfs_gate_try_enter(struct xfs_gate *ga) XFS_TRIES_SHARED(true, ga);
void xfs_gate_leave(struct xfs_gate *ga) XFS_RELEASES_SHARED(ga);
void xfs_gate_close(struct xfs_gate *ga) XFS_ACQUIRES(ga);
void xfs_gate_open(struct xfs_gate *ga) XFS_RELEASES(ga);

#endif
