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
#include <sched.h>
#include "base/compiler.h"

struct xfs_host_mutex {
	pthread_mutex_t mutex;
};

struct xfs_host_rwlock {
	pthread_rwlock_t rw;
	bool demoting;			/* atomic: its exclusive holder is about to hold it shared */
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
	lk->demoting = false;
}

static inline void xfs_host_rwlock_destroy(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_destroy(&lk->rw);

	ASSERT(!error);
}

/* pthreads have no demotion: between the exclusive and the shared hold the lock is free for a moment. */
static inline bool xfs_host_rwlock_is_demoting(const struct xfs_host_rwlock *lk)
{
	return unlikely(__atomic_load_n(&lk->demoting, __ATOMIC_ACQUIRE));
}

static inline void xfs_host_rwlock_excl(struct xfs_host_rwlock *lk)
{
	int error = pthread_rwlock_wrlock(&lk->rw);

	ASSERT(!error);
	/* Taken in that moment: it was not free. */
	while (xfs_host_rwlock_is_demoting(lk)) {
		pthread_rwlock_unlock(&lk->rw);
		sched_yield();
		error = pthread_rwlock_wrlock(&lk->rw);
		ASSERT(!error);
	}
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
	if (pthread_rwlock_trywrlock(&lk->rw))
		return false;
	if (!xfs_host_rwlock_is_demoting(lk))
		return true;
	pthread_rwlock_unlock(&lk->rw);
	return false;
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

/* Other readers may come in before this returns, writers not. */
static inline void xfs_host_rwlock_demote(struct xfs_host_rwlock *lk)
{
	__atomic_store_n(&lk->demoting, true, __ATOMIC_RELEASE);
	xfs_host_rwlock_unlock_excl(lk);
	xfs_host_rwlock_shared(lk);
	__atomic_store_n(&lk->demoting, false, __ATOMIC_RELEASE);
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
