/* SPDX-License-Identifier: MIT */
/*
 * The lock manager.  Every lock of the library belongs to one of these classes.  Locks are taken in
 * the order of their classes, and within a class by rising key.  Debug builds check this at run
 * time and stop on a violation.  With XFSWRITE_THREADS off, a lock is a count of holders that is
 * never contended.  In release builds a lock is the host's and nothing else (posix.h, single.h),
 * and taking it uncontended costs a few inline instructions.
 *
 * A thread never takes a lock twice, not even shared: a waiting writer has priority over later
 * readers, so that a steady stream of readers cannot starve it.  Several BUF or LEAF locks with
 * equal keys may be held at once.
 *
 *   IOLOCK    i_iolock: a file's data, its cached pages and its size; key: inode number
 *   COMMIT    writing the journal, or repairing what it must not show yet
 *   TRANS     the gate cp_gate: shared by open transactions, exclusive to close a checkpoint
 *   ILOCK     i_lock: extent maps and inode core, directory contents; key: inode number
 *   DQUOT     a dquot; key: type and id
 *   AG        pag_lock: headers, trees and counters of one AG; key: AG number
 *   BUF       cache and contents of metadata buffers while they are read or written
 *   LEAF      short internal locks; nothing but LEAF locks is taken inside
 */
#ifndef LOCK_LOCK_H
#define LOCK_LOCK_H

#include "base/compiler.h"
#include "base/nowait.h"
#if !defined(XFSWRITE_THREADS)
#include "lock/single.h"
#else
#include "lock/posix.h"
#endif

/*
 * For clang's -Wthread-safety: what a function acquires, releases, or needs held.  The analysis
 * follows names, not values.  Functions that lock conditionally or in a loop, or whose lock has
 * another name in the caller, are XFS_LOCKS_UNCHECKED; only the order checker sees them.
 */
#if defined(__clang__)
#define XFS_CAPABILITY		__attribute__((capability("lock")))
#define XFS_ACQUIRES(...)	__attribute__((acquire_capability(__VA_ARGS__)))
#define XFS_ACQUIRES_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define XFS_TRIES(...)		__attribute__((try_acquire_capability(__VA_ARGS__)))
#define XFS_TRIES_SHARED(...)	__attribute__((try_acquire_shared_capability(__VA_ARGS__)))
#define XFS_RELEASES(...)	__attribute__((release_capability(__VA_ARGS__)))
#define XFS_RELEASES_SHARED(...) __attribute__((release_shared_capability(__VA_ARGS__)))
#define XFS_HOLDS(...)		__attribute__((requires_capability(__VA_ARGS__)))
#define XFS_LOCKS_UNCHECKED	__attribute__((no_thread_safety_analysis))
#else
#define XFS_CAPABILITY
#define XFS_ACQUIRES(...)
#define XFS_ACQUIRES_SHARED(...)
#define XFS_TRIES(...)
#define XFS_TRIES_SHARED(...)
#define XFS_RELEASES(...)
#define XFS_RELEASES_SHARED(...)
#define XFS_HOLDS(...)
#define XFS_LOCKS_UNCHECKED
#endif

enum xfs_lock_class {
	XFS_CLASS_IOLOCK,
	XFS_CLASS_COMMIT,
	XFS_CLASS_TRANS,
	XFS_CLASS_ILOCK,
	XFS_CLASS_DQUOT,
	XFS_CLASS_AG,
	XFS_CLASS_BUF,
	XFS_CLASS_LEAF,
	XFS_CLASS_COUNT,
};

struct XFS_CAPABILITY xfs_rwlock {
	struct xfs_host_rwlock lk_host;
#ifdef XFSWRITE_DEBUG
	uint32_t lk_class;
	uint64_t lk_key;
#endif
};

struct XFS_CAPABILITY xfs_mutex {
	struct xfs_host_mutex mx_host;
#ifdef XFSWRITE_DEBUG
	uint32_t mx_class;
	uint64_t mx_key;
#endif
};

struct xfs_cond {
	struct xfs_host_cond cv_host;
};

#ifdef XFSWRITE_DEBUG
#define XFS_LOCK_FN
#else
#define XFS_LOCK_FN static inline
#endif

XFS_LOCK_FN void xfs_rwlock_init(struct xfs_rwlock *lk, enum xfs_lock_class cls, uint64_t key);
XFS_LOCK_FN void xfs_rwlock_destroy(struct xfs_rwlock *lk);
XFS_LOCK_FN void xfs_rwlock_excl(struct xfs_rwlock *lk) XFS_ACQUIRES(lk);
XFS_LOCK_FN void xfs_rwlock_shared(struct xfs_rwlock *lk) XFS_ACQUIRES_SHARED(lk);
/*
 * Not checked against the order: the caller knows that the holder waits for nothing that this
 * thread holds.
 */
XFS_LOCK_FN void xfs_rwlock_excl_unordered(struct xfs_rwlock *lk) XFS_ACQUIRES(lk);
/*
 * True if taken; never sleeps.  NOWAIT callers turn false into -EAGAIN.  Not checked against the
 * order, but a lock that this thread holds must not be tried either.
 */
XFS_LOCK_FN bool xfs_rwlock_try_excl(struct xfs_rwlock *lk) XFS_TRIES(true, lk);
XFS_LOCK_FN bool xfs_rwlock_try_shared(struct xfs_rwlock *lk) XFS_TRIES_SHARED(true, lk);
XFS_LOCK_FN void xfs_rwlock_unlock_excl(struct xfs_rwlock *lk) XFS_RELEASES(lk);
XFS_LOCK_FN void xfs_rwlock_unlock_shared(struct xfs_rwlock *lk) XFS_RELEASES_SHARED(lk);
/*
 * Turn an exclusive hold into a shared one.  No other thread holds it exclusively in between, so
 * what the holder has seen and set still holds.
 */
XFS_LOCK_FN void xfs_rwlock_demote(struct xfs_rwlock *lk);
/*
 * For assertions that the lock is held: in debug builds, whether this thread holds it
 * (exclusively).  Always true in release builds, so never assert the opposite.
 */
XFS_LOCK_FN bool xfs_rwlock_is_held(const struct xfs_rwlock *lk);
XFS_LOCK_FN bool xfs_rwlock_is_held_excl(const struct xfs_rwlock *lk);

XFS_LOCK_FN void xfs_mutex_init(struct xfs_mutex *mx, enum xfs_lock_class cls, uint64_t key);
XFS_LOCK_FN void xfs_mutex_destroy(struct xfs_mutex *mx);
XFS_LOCK_FN void xfs_mutex_lock(struct xfs_mutex *mx) XFS_ACQUIRES(mx);
XFS_LOCK_FN bool xfs_mutex_trylock(struct xfs_mutex *mx) XFS_TRIES(true, mx);
XFS_LOCK_FN void xfs_mutex_unlock(struct xfs_mutex *mx) XFS_RELEASES(mx);
XFS_LOCK_FN bool xfs_mutex_is_held(const struct xfs_mutex *mx);

XFS_LOCK_FN void xfs_cond_init(struct xfs_cond *cv);
XFS_LOCK_FN void xfs_cond_destroy(struct xfs_cond *cv);
/*
 * Releases @mx, sleeps, takes it again.  May wake up spuriously, so call it in a loop over the
 * condition.  No lock later than @mx may be held.  Without threads nobody could wake the caller:
 * asserted as a bug.
 */
XFS_LOCK_FN void xfs_cond_wait(struct xfs_cond *cv, struct xfs_mutex *mx) XFS_HOLDS(mx);
XFS_LOCK_FN void xfs_cond_broadcast(struct xfs_cond *cv);

/*
 * Take a lock before the first change of a call: 0, or in a NOWAIT call (base/nowait.h)
 * XFS_WOULD_WAIT if another thread holds it for more than a moment.
 */
static inline int XFS_MUST_CHECK xfs_rwlock_want_excl(struct xfs_rwlock *lk) XFS_TRIES(false, lk);
static inline int XFS_MUST_CHECK xfs_rwlock_want_shared(struct xfs_rwlock *lk)
	XFS_TRIES_SHARED(false, lk);
static inline int XFS_MUST_CHECK xfs_mutex_want(struct xfs_mutex *mx) XFS_TRIES(false, mx);

/*
 * Debug order checker.  xfs_lock_order_violations() counts violations after
 * xfs_lock_order_set_fatal(false), for tests; by default the first one stops the program.
 */
void xfs_lock_order_set_fatal(bool fatal);
unsigned int xfs_lock_order_violations(void);
/*
 * Number of locks that this thread holds (0 in release builds); tests require 0 at the API's edge.
 */
unsigned int xfs_lock_order_held(void);

#ifndef XFSWRITE_DEBUG
#include "lock/unchecked.h"
#endif
#include "lock/want.h"

#endif
