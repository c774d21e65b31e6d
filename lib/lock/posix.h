/* SPDX-License-Identifier: MIT */
/*
 * The host's locks over pthreads.  (Words of our own over futex(2) made small files 7 % faster;
 * not enough to maintain, and to trust, another lock implementation.)
 *
 * Writers go before readers that come later: the checkpoint cut takes the gate
 * exclusively, and with the reader preference that is glibc's default it would
 * starve as long as any thread keeps opening transactions.
 *
 * pthread calls here can fail only for misuse (a lock that was never made, or
 * is held already), so their results are promises of ours and asserted.
 */
#ifndef LOCK_POSIX_H
#define LOCK_POSIX_H

#include <pthread.h>
#include "base/compiler.h"

struct xfs_host_mutex {
	pthread_mutex_t mutex;
};

struct xfs_host_rwlock {
	pthread_rwlock_t rw;
};

struct xfs_host_cond {
	pthread_cond_t cond;
};

static inline void xfs_host_rwlock_init(struct xfs_host_rwlock *lk)
{
	pthread_rwlockattr_t attr;
	int error;

	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	error = pthread_rwlock_init(&lk->rw, &attr);
	pthread_rwlockattr_destroy(&attr);
	ASSERT(!error);
}

static inline void xfs_host_rwlock_destroy(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_destroy(&lk->rw);

	ASSERT(!error);
}

static inline void xfs_host_rwlock_excl(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_wrlock(&lk->rw);

	ASSERT(!error);
}

static inline void xfs_host_rwlock_shared(struct xfs_host_rwlock *lk)
{
	int error;

	/* EAGAIN: as many readers as the host can count; they will leave. */
	do {
		error = pthread_rwlock_rdlock(&lk->rw);
	} while (error == EAGAIN);
	ASSERT(!error);
}

static inline bool xfs_host_rwlock_try_excl(struct xfs_host_rwlock *lk)
{
	return pthread_rwlock_trywrlock(&lk->rw) == 0;
}

static inline bool xfs_host_rwlock_try_shared(struct xfs_host_rwlock *lk)
{
	return pthread_rwlock_tryrdlock(&lk->rw) == 0;
}

static inline void xfs_host_rwlock_unlock_excl(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_unlock(&lk->rw);

	ASSERT(!error);
}

static inline void xfs_host_rwlock_unlock_shared(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_unlock(&lk->rw);

	ASSERT(!error);
}

static inline void xfs_host_mutex_init(struct xfs_host_mutex *mx)
{
	pthread_mutexattr_t attr;
	int error;

	pthread_mutexattr_init(&attr);
	/* Most are held for less than it takes to go to sleep and be woken: look again first. */
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
