/* SPDX-License-Identifier: MIT */
/*
 * The order checker of debug builds: before each acquisition that may sleep, a check against the
 * locks that this thread holds (holders.c).
 *
 * (LOCK-1) A thread may sleep for a lock only if (class, key) of every lock it holds is lower.
 *     Classes BUF and LEAF allow equal keys among different locks, because their keys are often all
 *     0.
 * (LOCK-2) A thread never takes a lock that it holds, in any mode or by any call.  A shared lock
 *     taken twice deadlocks with a writer that queued in between, and a try-lock that "succeeded"
 *     on its own lock would hand out an object that this thread is working on.
 * (LOCK-3) Only the holder unlocks, in the mode in which it locked or to which it demoted.
 * (LOCK-4) A NOWAIT call that has changed nothing sleeps only for LEAF and DQUOT locks, which are
 *     held for a few instructions.  It takes other locks by xfs_rwlock_want_excl() and the like.
 *
 * Try-locks do not sleep and are not checked against LOCK-1, but locks taken by them count for
 * later acquisitions.
 */
#include <stdio.h>
#include "lock/lock_priv.h"

#ifdef XFSWRITE_DEBUG

static bool order_not_fatal;
static unsigned int order_violations;

static void violation(const char *what, const void *lock, uint32_t cls, uint64_t key)
{
	__atomic_add_fetch(&order_violations, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&order_not_fatal, __ATOMIC_RELAXED))
		return;
	fprintf(stderr, "libxfswrite: lock order: %s: %s key %" PRIu64 " (%p); the locks of all threads:\n",
		what, xfs_lock_class_name(cls), key, lock);
	xfs_lock_dump(stderr);
	xfs_assert_failed(what, __FILE__, __LINE__);
}

/* Newest first: the last lock taken is usually the first asked for or released. */
static struct xfs_held_lock *find_held(const void *lock)
{
	struct xfs_lock_thread *t = xfs_lock_thread();

	for (unsigned int i = t->nr_held; i > 0; i--)
		if (t->held[i - 1].lock == lock)
			return &t->held[i - 1];
	return NULL;
}

static bool may_sleep_for(const struct xfs_held_lock *h, uint32_t cls, uint64_t key)
{
	if (h->cls != cls)
		return h->cls < cls;
	if (cls == XFS_CLASS_BUF || cls == XFS_CLASS_LEAF)
		return h->key <= key;
	return h->key < key;
}

void xfs_lock_order_check(const void *lock, uint32_t cls, uint64_t key)
{
	const struct xfs_lock_thread *t = xfs_lock_thread();

	if (find_held(lock)) {
		violation("this thread holds the lock already", lock, cls, key);
		return;
	}
	if (xfs_nowait() && cls != XFS_CLASS_LEAF && cls != XFS_CLASS_DQUOT) {
		violation("a NOWAIT call may sleep here", lock, cls, key);
		return;
	}
	for (unsigned int i = 0; i < t->nr_held; i++) {
		if (!may_sleep_for(&t->held[i], cls, key)) {
			violation("a later lock is held", lock, cls, key);
			return;
		}
	}
}

void xfs_lock_order_sleep(const void *lock, uint32_t cls, uint64_t key)
{
	if (xfs_nowait())
		violation("a NOWAIT call sleeps here", lock, cls, key);
}

void xfs_lock_order_add(const void *lock, uint32_t cls, uint64_t key, enum xfs_lock_mode mode)
{
	struct xfs_lock_thread *t = xfs_lock_thread();

	if (find_held(lock))
		violation("taken twice by one thread", lock, cls, key);
	if (t->nr_held == XFS_LOCK_MAX_HELD) {
		violation("too many locks held by one thread", lock, cls, key);
		return;
	}
	xfs_lock_holds_too(t, &(struct xfs_held_lock){ lock, key, cls, mode });
}

void xfs_lock_order_del(const void *lock, enum xfs_lock_mode mode)
{
	struct xfs_held_lock *h = find_held(lock);

	if (!h) {
		violation("unlocked by a thread that does not hold it", lock, XFS_CLASS_COUNT, 0);
		return;
	}
	if (h->mode != mode)
		violation("unlocked in another mode than it was locked", lock, h->cls, h->key);
	xfs_lock_holds_no_more(xfs_lock_thread(), h);
}

void xfs_lock_order_demote(const void *lock)
{
	struct xfs_held_lock *h = find_held(lock);

	if (!h || h->mode != XFS_LOCK_EXCL)
		violation("demoted by a thread that does not hold it exclusively", lock, XFS_CLASS_COUNT, 0);
	if (h)
		xfs_lock_holds_shared_now(h);
}

bool xfs_lock_order_holds(const void *lock, bool excl_only)
{
	const struct xfs_held_lock *h = find_held(lock);

	return h && (!excl_only || h->mode == XFS_LOCK_EXCL);
}

void xfs_lock_order_set_fatal(bool fatal)
{
	__atomic_store_n(&order_not_fatal, !fatal, __ATOMIC_RELAXED);
}

unsigned int xfs_lock_order_violations(void)
{
	return __atomic_load_n(&order_violations, __ATOMIC_RELAXED);
}

unsigned int xfs_lock_order_held(void)
{
	return xfs_lock_thread()->nr_held;
}

#else

void xfs_lock_order_set_fatal(bool fatal)
{
	(void)fatal;
}

unsigned int xfs_lock_order_violations(void)
{
	return 0;
}

unsigned int xfs_lock_order_held(void)
{
	return 0;
}

#endif
