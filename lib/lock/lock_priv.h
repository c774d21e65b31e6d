/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: what lock.c and gate.c report to the order checker, and the records that it reads.
 */
#ifndef LOCK_LOCK_PRIV_H
#define LOCK_LOCK_PRIV_H

#include <stdio.h>
#include "lock/lock.h"

#ifdef XFSWRITE_DEBUG
enum xfs_lock_mode {
	XFS_LOCK_SHARED,
	XFS_LOCK_EXCL,
	XFS_LOCK_CONDITION,		/* only in a wait: for a condition under this mutex */
};

/* ---- holders.c: which thread holds what ----------------------------------------------------- */

/* More than any operation needs; a thread that reaches it leaks locks. */
#define XFS_LOCK_MAX_HELD 1024

struct xfs_held_lock {
	const void *lock;
	uint64_t key;
	uint32_t cls;
	uint32_t mode;			/* enum xfs_lock_mode */
};

/* Statistics of one class. */
struct xfs_lock_sums {
	uint64_t taken;
	uint64_t waits;			/* of these, how many had to wait */
	uint64_t waited_ns;
};

/* Written only by its own thread, through the functions below. */
struct xfs_lock_thread {
	struct xfs_lock_thread *next;	/* all_threads */
	uint64_t id;			/* pthread_self(), as debuggers print it */
	bool listed;
	uint32_t nr_held;
	uint64_t waits_since;		/* 0: not waiting */
	struct xfs_held_lock wanted;
	struct xfs_lock_sums sums[XFS_CLASS_COUNT];
	struct xfs_held_lock held[XFS_LOCK_MAX_HELD];	/* in the order of taking */
};

/* The record of the calling thread. */
struct xfs_lock_thread *xfs_lock_thread(void);
void xfs_lock_holds_too(struct xfs_lock_thread *t, const struct xfs_held_lock *lock);
void xfs_lock_holds_no_more(struct xfs_lock_thread *t, struct xfs_held_lock *h);
void xfs_lock_holds_shared_now(struct xfs_held_lock *h);
/* The thread is about to sleep for @lock.  Call it at least once per wait. */
void xfs_lock_waits(const void *lock, uint32_t cls, uint64_t key, uint32_t mode);
void xfs_lock_waits_no_more(void);
const char *xfs_lock_class_name(uint32_t cls);
const char *xfs_lock_mode_name(uint32_t mode);

/*
 * Print all threads that hold or wait for a lock, and for each class how often it was taken and
 * waited for.  The order checker calls it before it stops a program.  For a program that hangs, use
 * a debugger:
 *
 *   gdb -p PID -batch -ex 'call (void)xfs_lock_dump((void *)stderr)'
 */
void xfs_lock_dump(FILE *out);

/* ---- order.c -------------------------------------------------------------------------------- */

/* Before an acquisition that may block: check that this thread may sleep for @lock now. */
void xfs_lock_order_check(const void *lock, uint32_t cls, uint64_t key);
/* Before sleeping for a condition, which releases @lock meanwhile. */
void xfs_lock_order_sleep(const void *lock, uint32_t cls, uint64_t key);
/* After any acquisition. */
void xfs_lock_order_add(const void *lock, uint32_t cls, uint64_t key, enum xfs_lock_mode mode);
/* Before a release. */
void xfs_lock_order_del(const void *lock, enum xfs_lock_mode mode);
/* After a demotion from exclusive to shared. */
void xfs_lock_order_demote(const void *lock);
/* True if this thread holds @lock, in any mode or exclusively. */
bool xfs_lock_order_holds(const void *lock, bool excl_only);
#endif

#endif
