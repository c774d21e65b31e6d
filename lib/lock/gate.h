/* SPDX-License-Identifier: MIT */
/*
 * A gate: a lock that many threads hold shared (they have entered), and that is now and then taken
 * exclusively (closed) once all have left.  It works like a rwlock, but each reader counts itself
 * in its thread's slot, so readers do not contend for a cache line; closing visits all slots.  A
 * closing thread has priority over threads that come later.
 *
 * (GATE-1) An entering thread first counts itself, then reads ga_closed; a closing thread first
 *     sets ga_closed, then reads the slots.  So at least one of them sees the other, and the
 *     entering one steps back.
 * (GATE-2) A thread leaves from the same thread in which it entered: a slot never counts fewer
 *     threads than are inside.
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
	struct xfs_host_cond ga_wake;	/* opened, or a thread left while closed */
#ifdef XFSWRITE_DEBUG
	uint32_t ga_class;
#endif
};

void xfs_gate_init(struct xfs_gate *ga, enum xfs_lock_class cls);
void xfs_gate_destroy(struct xfs_gate *ga);
void xfs_gate_enter(struct xfs_gate *ga) XFS_ACQUIRES_SHARED(ga);
/* False: it is closed or being closed.  Never sleeps. */
bool xfs_gate_try_enter(struct xfs_gate *ga) XFS_TRIES_SHARED(true, ga);
void xfs_gate_leave(struct xfs_gate *ga) XFS_RELEASES_SHARED(ga);
void xfs_gate_close(struct xfs_gate *ga) XFS_ACQUIRES(ga);
void xfs_gate_open(struct xfs_gate *ga) XFS_RELEASES(ga);

#endif
