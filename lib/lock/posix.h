/* SPDX-License-Identifier: MIT */
/*
 * The host's locks: mutexes and conditions of pthreads, and our own read-write locks (rwlock.h).
 * (Our own mutexes over futex(2) made small files 7 % faster, which does not justify maintaining and
 * trusting another implementation.)
 *
 * These pthread calls fail only on misuse (a lock not initialized, or already held), so their
 * results are asserted.
 */
#ifndef LOCK_POSIX_H
#define LOCK_POSIX_H

#include <pthread.h>
#include "base/compiler.h"
#include "lock/rwlock.h"

struct xfs_host_mutex {
	pthread_mutex_t mutex;
};

struct xfs_host_cond {
	pthread_cond_t cond;
};

static inline void xfs_host_mutex_init(struct xfs_host_mutex *mx)
{
	pthread_mutexattr_t attr;
	int error;

	pthread_mutexattr_init(&attr);
	/* Most are held for less time than sleeping and waking takes, so spin first. */
#ifdef __GLIBC__
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	error = pthread_mutex_init(&mx->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	ASSERT(!error);
}

static inline void xfs_host_mutex_destroy(struct xfs_host_mutex *mx)
{
	int error = pthread_mutex_destroy(&mx->mutex);

	ASSERT(!error);
}

static inline void xfs_host_mutex_lock(struct xfs_host_mutex *mx)
{
	int error = pthread_mutex_lock(&mx->mutex);

	ASSERT(!error);
}

static inline bool xfs_host_mutex_trylock(struct xfs_host_mutex *mx)
{
	return pthread_mutex_trylock(&mx->mutex) == 0;
}

static inline void xfs_host_mutex_unlock(struct xfs_host_mutex *mx)
{
	int error = pthread_mutex_unlock(&mx->mutex);

	ASSERT(!error);
}

static inline void xfs_host_cond_init(struct xfs_host_cond *cv)
{
	int error = pthread_cond_init(&cv->cond, NULL);

	ASSERT(!error);
}

static inline void xfs_host_cond_destroy(struct xfs_host_cond *cv)
{
	int error = pthread_cond_destroy(&cv->cond);

	ASSERT(!error);
}

static inline void xfs_host_cond_wait(struct xfs_host_cond *cv, struct xfs_host_mutex *mx)
{
	int error = pthread_cond_wait(&cv->cond, &mx->mutex);

	ASSERT(!error);
}

static inline void xfs_host_cond_broadcast(struct xfs_host_cond *cv)
{
	int error = pthread_cond_broadcast(&cv->cond);

	ASSERT(!error);
}

#endif
