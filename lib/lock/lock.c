/* SPDX-License-Identifier: MIT */
/*
 * Locks over pthreads, or over owner counts when threads are off.
 *
 * Writers go before readers that come later: the checkpoint cut takes the gate
 * exclusively, and with the reader preference that is glibc's default it would
 * starve as long as any thread keeps opening handles.  The price is that a
 * shared lock must not be taken twice by one thread, which the order checker
 * forbids anyhow.
 *
 * pthread calls here can fail only for misuse (a lock that was never made, or
 * is held already), so their results are promises of ours and asserted.
 */
#include "lock/lock_priv.h"

/*
 * The owner counts.  With threads they serve debug builds alone (a lock must
 * not be destroyed while held), and the lock itself orders the accesses except
 * those between readers.
 */
#if defined(XFSWRITE_DEBUG) || !defined(XFSWRITE_THREADS)
#define HOLDERS_GET(field)    __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define HOLDERS_SET(field, v) __atomic_store_n(&(field), (v), __ATOMIC_RELAXED)
#define HOLDERS_ADD(field, v) __atomic_add_fetch(&(field), (v), __ATOMIC_RELAXED)
#else
#define HOLDERS_GET(field)    0
#define HOLDERS_SET(field, v) ((void)0)
#define HOLDERS_ADD(field, v) ((void)0)
#endif

/* The host's lock itself, nothing else. */
#ifdef XFSWRITE_THREADS
static void host_rwlock_init(struct xfs_rwlock *lk)
{
	pthread_rwlockattr_t attr;
	int error;

	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	error = pthread_rwlock_init(&lk->lk_rw, &attr);
	pthread_rwlockattr_destroy(&attr);
	ASSERT(!error);
}

static void host_rwlock_destroy(struct xfs_rwlock *lk)
{
	int error = pthread_rwlock_destroy(&lk->lk_rw);

	ASSERT(!error);
}

static void host_rwlock_excl(struct xfs_rwlock *lk)
{
	int error = pthread_rwlock_wrlock(&lk->lk_rw);

	ASSERT(!error);
}

static void host_rwlock_shared(struct xfs_rwlock *lk)
{
	int error;

	/* EAGAIN: as many readers as the host can count; they will leave. */
	do {
		error = pthread_rwlock_rdlock(&lk->lk_rw);
	} while (error == EAGAIN);
	ASSERT(!error);
}

static bool host_rwlock_try_excl(struct xfs_rwlock *lk)
{
	return pthread_rwlock_trywrlock(&lk->lk_rw) == 0;
}

static bool host_rwlock_try_shared(struct xfs_rwlock *lk)
{
	return pthread_rwlock_tryrdlock(&lk->lk_rw) == 0;
}

static void host_rwlock_unlock(struct xfs_rwlock *lk)
{
	int error = pthread_rwlock_unlock(&lk->lk_rw);

	ASSERT(!error);
}

static void host_mutex_init(struct xfs_mutex *mx)
{
	int error = pthread_mutex_init(&mx->mx_mutex, NULL);

	ASSERT(!error);
}

static void host_mutex_destroy(struct xfs_mutex *mx)
{
	int error = pthread_mutex_destroy(&mx->mx_mutex);

	ASSERT(!error);
}

static void host_mutex_lock(struct xfs_mutex *mx)
{
	int error = pthread_mutex_lock(&mx->mx_mutex);

	ASSERT(!error);
}

static bool host_mutex_trylock(struct xfs_mutex *mx)
{
	return pthread_mutex_trylock(&mx->mx_mutex) == 0;
}

static void host_mutex_unlock(struct xfs_mutex *mx)
{
	int error = pthread_mutex_unlock(&mx->mx_mutex);

	ASSERT(!error);
}
#else
/* Alone in the world a lock that is taken can never become free: contention is our bug. */
static void host_rwlock_init(struct xfs_rwlock *lk)
{
	(void)lk;
}

static void host_rwlock_destroy(struct xfs_rwlock *lk)
{
	(void)lk;
}

static bool host_rwlock_try_excl(struct xfs_rwlock *lk)
{
	return lk->lk_holders == 0;
}

static bool host_rwlock_try_shared(struct xfs_rwlock *lk)
{
	return lk->lk_holders >= 0;
}

static void host_rwlock_excl(struct xfs_rwlock *lk)
{
	ASSERT(lk->lk_holders == 0);
}

static void host_rwlock_shared(struct xfs_rwlock *lk)
{
	ASSERT(lk->lk_holders >= 0);
}

static void host_rwlock_unlock(struct xfs_rwlock *lk)
{
	(void)lk;
}

static void host_mutex_init(struct xfs_mutex *mx)
{
	(void)mx;
}

static void host_mutex_destroy(struct xfs_mutex *mx)
{
	(void)mx;
}

static void host_mutex_lock(struct xfs_mutex *mx)
{
	ASSERT(!mx->mx_held);
}

static bool host_mutex_trylock(struct xfs_mutex *mx)
{
	return !mx->mx_held;
}

static void host_mutex_unlock(struct xfs_mutex *mx)
{
	(void)mx;
}
#endif

void xfs_rwlock_init(struct xfs_rwlock *lk, enum xfs_lock_class cls, uint64_t key)
{
	ASSERT(cls < XFS_CLASS_COUNT);
	host_rwlock_init(lk);
	lk->lk_holders = 0;
	lk->lk_class = cls;
	lk->lk_key = key;
}

void xfs_rwlock_destroy(struct xfs_rwlock *lk)
{
	ASSERT(HOLDERS_GET(lk->lk_holders) == 0);
	host_rwlock_destroy(lk);
}

static void rwlock_took_excl(struct xfs_rwlock *lk)
{
	HOLDERS_SET(lk->lk_holders, -1);
	xfs_lock_order_add(lk, lk->lk_class, lk->lk_key, XFS_LOCK_EXCL);
}

static void rwlock_took_shared(struct xfs_rwlock *lk)
{
	HOLDERS_ADD(lk->lk_holders, 1);
	xfs_lock_order_add(lk, lk->lk_class, lk->lk_key, XFS_LOCK_SHARED);
}

void xfs_rwlock_excl(struct xfs_rwlock *lk)
{
	xfs_lock_order_check(lk, lk->lk_class, lk->lk_key);
	host_rwlock_excl(lk);
	rwlock_took_excl(lk);
}

void xfs_rwlock_excl_unordered(struct xfs_rwlock *lk)
{
	host_rwlock_excl(lk);
	rwlock_took_excl(lk);
}

void xfs_rwlock_shared(struct xfs_rwlock *lk)
{
	xfs_lock_order_check(lk, lk->lk_class, lk->lk_key);
	host_rwlock_shared(lk);
	rwlock_took_shared(lk);
}

bool xfs_rwlock_try_excl(struct xfs_rwlock *lk)
{
	if (!host_rwlock_try_excl(lk))
		return false;
	rwlock_took_excl(lk);
	return true;
}

bool xfs_rwlock_try_shared(struct xfs_rwlock *lk)
{
	if (!host_rwlock_try_shared(lk))
		return false;
	rwlock_took_shared(lk);
	return true;
}

void xfs_rwlock_unlock_excl(struct xfs_rwlock *lk)
{
	ASSERT(HOLDERS_GET(lk->lk_holders) <= 0);
	xfs_lock_order_del(lk, XFS_LOCK_EXCL);
	HOLDERS_SET(lk->lk_holders, 0);
	host_rwlock_unlock(lk);
}

void xfs_rwlock_unlock_shared(struct xfs_rwlock *lk)
{
	ASSERT(HOLDERS_GET(lk->lk_holders) >= 0);
	xfs_lock_order_del(lk, XFS_LOCK_SHARED);
	HOLDERS_ADD(lk->lk_holders, -1);
	host_rwlock_unlock(lk);
}

bool xfs_rwlock_is_held(const struct xfs_rwlock *lk)
{
	return xfs_lock_order_holds(lk, false);
}

bool xfs_rwlock_is_held_excl(const struct xfs_rwlock *lk)
{
	return xfs_lock_order_holds(lk, true);
}

void xfs_mutex_init(struct xfs_mutex *mx, enum xfs_lock_class cls, uint64_t key)
{
	ASSERT(cls < XFS_CLASS_COUNT);
	host_mutex_init(mx);
	mx->mx_held = 0;
	mx->mx_class = cls;
	mx->mx_key = key;
}

void xfs_mutex_destroy(struct xfs_mutex *mx)
{
	ASSERT(!HOLDERS_GET(mx->mx_held));
	host_mutex_destroy(mx);
}

void xfs_mutex_lock(struct xfs_mutex *mx)
{
	xfs_lock_order_check(mx, mx->mx_class, mx->mx_key);
	host_mutex_lock(mx);
	HOLDERS_SET(mx->mx_held, 1);
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
}

bool xfs_mutex_trylock(struct xfs_mutex *mx)
{
	if (!host_mutex_trylock(mx))
		return false;
	HOLDERS_SET(mx->mx_held, 1);
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
	return true;
}

void xfs_mutex_unlock(struct xfs_mutex *mx)
{
	xfs_lock_order_del(mx, XFS_LOCK_EXCL);
	HOLDERS_SET(mx->mx_held, 0);
	host_mutex_unlock(mx);
}

bool xfs_mutex_is_held(const struct xfs_mutex *mx)
{
	return xfs_lock_order_holds(mx, false);
}

void xfs_cond_init(struct xfs_cond *cv)
{
#ifdef XFSWRITE_THREADS
	int error = pthread_cond_init(&cv->cv_cond, NULL);

	ASSERT(!error);
#else
	cv->cv_unused = 0;
#endif
}

void xfs_cond_destroy(struct xfs_cond *cv)
{
#ifdef XFSWRITE_THREADS
	int error = pthread_cond_destroy(&cv->cv_cond);

	ASSERT(!error);
#else
	(void)cv;
#endif
}

/*
 * The sleeper takes the mutex again when it wakes, so for the order checker it
 * is released and acquired anew: whoever sleeps here with a later lock in hand
 * would hold it against the mutex's order.
 */
void xfs_cond_wait(struct xfs_cond *cv, struct xfs_mutex *mx)
{
	xfs_lock_order_del(mx, XFS_LOCK_EXCL);
	xfs_lock_order_check(mx, mx->mx_class, mx->mx_key);
	HOLDERS_SET(mx->mx_held, 0);
#ifdef XFSWRITE_THREADS
	int error = pthread_cond_wait(&cv->cv_cond, &mx->mx_mutex);

	ASSERT(!error);
#else
	const bool somebody_else_runs = false; /* so what the caller waits for never happens */

	(void)cv;
	ASSERT(somebody_else_runs);
#endif
	HOLDERS_SET(mx->mx_held, 1);
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
}

void xfs_cond_broadcast(struct xfs_cond *cv)
{
#ifdef XFSWRITE_THREADS
	int error = pthread_cond_broadcast(&cv->cv_cond);

	ASSERT(!error);
#else
	(void)cv;
#endif
}
