/* SPDX-License-Identifier: MIT */
/*
 * The host's locks on Linux: words that are changed in place, and futex(2) for those who have to
 * sleep.  A lock of four bytes that costs one atomic operation matters here: a small
 * file is created, written and closed with some eighty acquisitions, nearly all uncontended.
 *
 * A process that has only one thread pays for no atomic operation either; what a word says is
 * the same in both cases, so that threads may begin while locks are held.
 *
 * The state of a mutex:
 *
 *	0	free
 *	1	held, nobody sleeps
 *	2	held, somebody may sleep: who unlocks wakes one
 *
 * The state of a reader-writer lock, all in one word, so that no decision is made of two
 * moments:
 *
 *	READERS		how many hold it shared
 *	WAITERS		how many want it exclusively and have it not yet; readers who come now wait
 *	SLEEP		somebody may sleep: who makes the lock free clears this and wakes all
 *	WRITER		it is held exclusively
 *
 * (L1) Who sleeps has seen SLEEP set in the very value that he tells the kernel to compare, together
 *	with the reason to sleep; so a wake-up cannot pass unnoticed.
 * (L2) Unlocking ends with the operation that makes the lock free; after it only the address is
 *	used, so that the next holder may free the memory.
 * (L3) A condition variable is a counter of broadcasts and one of sleepers.  Who waits reads the one and
 *	raises the other under the mutex that covers the condition; who broadcasts has changed the
 *	condition under it before.  So no broadcast between the look and the sleep is missed.
 */
#ifndef LOCK_FUTEX_H
#define LOCK_FUTEX_H

#include "base/compiler.h"
#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define XFS_SINGLE_THREADED	__libc_single_threaded
#endif
#endif
#ifndef XFS_SINGLE_THREADED
#define XFS_SINGLE_THREADED	false
#endif

struct xfs_host_mutex {
	uint32_t state;
};

struct xfs_host_rwlock {
	uint32_t state;
};

struct xfs_host_cond {
	uint32_t broadcasts;
	uint32_t sleepers;
};

#define XFS_RW_READERS	0x0000ffffu
#define XFS_RW_WAITER	0x00010000u
#define XFS_RW_WAITERS	0x3fff0000u
#define XFS_RW_SLEEP	0x40000000u
#define XFS_RW_WRITER	0x80000000u

/* For those who do not get it at once; and to wake them. */
void xfs_host_mutex_wait(struct xfs_host_mutex *mx);
void xfs_host_mutex_wake(struct xfs_host_mutex *mx);
void xfs_host_rwlock_wait_excl(struct xfs_host_rwlock *lk);
void xfs_host_rwlock_wait_shared(struct xfs_host_rwlock *lk);
void xfs_host_rwlock_wake(struct xfs_host_rwlock *lk);
void xfs_host_cond_wait(struct xfs_host_cond *cv, struct xfs_host_mutex *mx);
void xfs_host_cond_broadcast(struct xfs_host_cond *cv);

/* From @old to @new if it is @old; an acquisition. */
static inline bool xfs_host_take(uint32_t *state, uint32_t old, uint32_t new)
{
	if (XFS_SINGLE_THREADED) {
		if (__atomic_load_n(state, __ATOMIC_RELAXED) != old)
			return false;
		__atomic_store_n(state, new, __ATOMIC_RELAXED);
		return true;
	}
	return __atomic_compare_exchange_n(state, &old, new, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* The same for a release. */
static inline bool xfs_host_release(uint32_t *state, uint32_t old, uint32_t new)
{
	if (XFS_SINGLE_THREADED) {
		if (__atomic_load_n(state, __ATOMIC_RELAXED) != old)
			return false;
		__atomic_store_n(state, new, __ATOMIC_RELAXED);
		return true;
	}
	return __atomic_compare_exchange_n(state, &old, new, false, __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED);
}

static inline void xfs_host_mutex_init(struct xfs_host_mutex *mx)
{
	mx->state = 0;
}

static inline void xfs_host_mutex_destroy(struct xfs_host_mutex *mx)
{
	ASSERT(__atomic_load_n(&mx->state, __ATOMIC_RELAXED) == 0);
}

static inline bool xfs_host_mutex_trylock(struct xfs_host_mutex *mx)
{
	return xfs_host_take(&mx->state, 0, 1);
}

static inline void xfs_host_mutex_lock(struct xfs_host_mutex *mx)
{
	if (unlikely(!xfs_host_take(&mx->state, 0, 1)))
		xfs_host_mutex_wait(mx);
}

static inline void xfs_host_mutex_unlock(struct xfs_host_mutex *mx)
{
	if (unlikely(!xfs_host_release(&mx->state, 1, 0)))
		xfs_host_mutex_wake(mx);
}

static inline void xfs_host_rwlock_init(struct xfs_host_rwlock *lk)
{
	lk->state = 0;
}

static inline void xfs_host_rwlock_destroy(struct xfs_host_rwlock *lk)
{
	ASSERT(__atomic_load_n(&lk->state, __ATOMIC_RELAXED) == 0);
}

static inline bool xfs_host_rwlock_try_excl(struct xfs_host_rwlock *lk)
{
	uint32_t old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);

	return !(old & (XFS_RW_READERS | XFS_RW_WRITER)) &&
	       xfs_host_take(&lk->state, old, old | XFS_RW_WRITER);
}

/* Does not wait, but tries again when it was only disturbed by another reader. */
static inline bool xfs_host_rwlock_try_shared(struct xfs_host_rwlock *lk)
{
	uint32_t old;

	do {
		old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);
		if (old & (XFS_RW_WRITER | XFS_RW_WAITERS) ||
		    (old & XFS_RW_READERS) == XFS_RW_READERS)
			return false;
	} while (!xfs_host_take(&lk->state, old, old + 1));
	return true;
}

static inline void xfs_host_rwlock_excl(struct xfs_host_rwlock *lk)
{
	if (unlikely(!xfs_host_take(&lk->state, 0, XFS_RW_WRITER)))
		xfs_host_rwlock_wait_excl(lk);
}

static inline void xfs_host_rwlock_shared(struct xfs_host_rwlock *lk)
{
	if (unlikely(!xfs_host_rwlock_try_shared(lk)))
		xfs_host_rwlock_wait_shared(lk);
}

static inline void xfs_host_rwlock_unlock_excl(struct xfs_host_rwlock *lk)
{
	uint32_t old;

	do {
		old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);
	} while (!xfs_host_release(&lk->state, old, old & ~(XFS_RW_WRITER | XFS_RW_SLEEP)));
	if (unlikely(old & XFS_RW_SLEEP))
		xfs_host_rwlock_wake(lk);
}

static inline void xfs_host_rwlock_unlock_shared(struct xfs_host_rwlock *lk)
{
	uint32_t old, new;

	do {
		old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);
		new = old - 1;
		if (!(new & XFS_RW_READERS))
			new &= ~XFS_RW_SLEEP;
	} while (!xfs_host_release(&lk->state, old, new));
	if (unlikely((old ^ new) & XFS_RW_SLEEP))
		xfs_host_rwlock_wake(lk);
}

static inline void xfs_host_cond_init(struct xfs_host_cond *cv)
{
	cv->broadcasts = 0;
	cv->sleepers = 0;
}

static inline void xfs_host_cond_destroy(struct xfs_host_cond *cv)
{
	ASSERT(__atomic_load_n(&cv->sleepers, __ATOMIC_RELAXED) == 0);
}

#endif
