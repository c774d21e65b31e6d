/* SPDX-License-Identifier: MIT */
/* Locks that a NOWAIT call may fail to get.  Included by lock.h only. */
#ifndef LOCK_WANT_H
#define LOCK_WANT_H

#include "lock/lock.h"

/*
 * Number of attempts: a lock held for a few instructions does not make the caller fail, one held
 * across device I/O does.
 */
#define XFS_WANT_TRIES	200u

/* A pause between two attempts; the compiler must not remove it. */
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

/* The declarations tell clang what these functions lock; it cannot follow the implementation. */
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
