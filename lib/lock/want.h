/* SPDX-License-Identifier: MIT */
/* Locks that a NOWAIT call may be refused; for lock.h only. */
#ifndef LOCK_WANT_H
#define LOCK_WANT_H

#include "lock/lock.h"

/*
 * How often it is tried: who holds a lock for some instructions makes nobody else fail, who looks at
 * the device meanwhile does.
 */
#define XFS_WANT_TRIES	200u

/* The time between two attempts; the compiler must not leave it out. */
static inline void xfs_want_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#define XFS_WANT(try_it) ({							\
	unsigned int tries_ = XFS_WANT_TRIES;					\
	bool took_;								\
										\
	while (!(took_ = (try_it)) && --tries_)					\
		xfs_want_pause();						\
	took_ ? 0 : xfs_would_wait("another thread holds a lock");		\
})

/* What the callers of these functions hold is written at their declarations; here it is made so. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif

static inline int xfs_rwlock_want_excl(struct xfs_rwlock *lk)
{
	if (unlikely(xfs_nowait()))
		return XFS_WANT(xfs_rwlock_try_excl(lk));
	xfs_rwlock_excl(lk);
	return 0;
}

static inline int xfs_rwlock_want_shared(struct xfs_rwlock *lk)
{
	if (unlikely(xfs_nowait()))
		return XFS_WANT(xfs_rwlock_try_shared(lk));
	xfs_rwlock_shared(lk);
	return 0;
}

static inline int xfs_mutex_want(struct xfs_mutex *mx)
{
	if (unlikely(xfs_nowait()))
		return XFS_WANT(xfs_mutex_trylock(mx));
	xfs_mutex_lock(mx);
	return 0;
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
