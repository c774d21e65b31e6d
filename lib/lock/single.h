/* SPDX-License-Identifier: MIT */
/*
 * The host's locks for a build without threads, with the same functions as posix.h.  A lock that is
 * taken can never become free while its only thread waits, so contention is a bug of ours.
 */
#ifndef LOCK_SINGLE_H
#define LOCK_SINGLE_H

#include "base/compiler.h"

struct xfs_host_mutex {
	int32_t holders;
};

/* Readers, or -1 for a writer. */
struct xfs_host_rwlock {
	int32_t holders;
};

struct xfs_host_cond {
	char unused;
};

static inline void xfs_host_rwlock_init(struct xfs_host_rwlock *lk)
{
	lk->holders = 0;
}

static inline void xfs_host_rwlock_destroy(struct xfs_host_rwlock *lk)
{
	ASSERT(lk->holders == 0);
}

static inline bool xfs_host_rwlock_try_excl(struct xfs_host_rwlock *lk)
{
	if (lk->holders)
		return false;
	lk->holders = -1;
	return true;
}

static inline bool xfs_host_rwlock_try_shared(struct xfs_host_rwlock *lk)
{
	if (lk->holders < 0)
		return false;
	lk->holders++;
	return true;
}

static inline void xfs_host_rwlock_excl(struct xfs_host_rwlock *lk)
{
	bool free = xfs_host_rwlock_try_excl(lk);

	ASSERT(free);
}

static inline void xfs_host_rwlock_shared(struct xfs_host_rwlock *lk)
{
	bool free = xfs_host_rwlock_try_shared(lk);

	ASSERT(free);
}

static inline void xfs_host_rwlock_unlock_excl(struct xfs_host_rwlock *lk)
{
	lk->holders = 0;
}

static inline void xfs_host_rwlock_unlock_shared(struct xfs_host_rwlock *lk)
{
	lk->holders--;
}

static inline void xfs_host_rwlock_demote(struct xfs_host_rwlock *lk)
{
	lk->holders = 1;
}

static inline void xfs_host_mutex_init(struct xfs_host_mutex *mx)
{
	mx->holders = 0;
}

static inline void xfs_host_mutex_destroy(struct xfs_host_mutex *mx)
{
	ASSERT(!mx->holders);
}

static inline bool xfs_host_mutex_trylock(struct xfs_host_mutex *mx)
{
	if (mx->holders)
		return false;
	mx->holders = 1;
	return true;
}

static inline void xfs_host_mutex_lock(struct xfs_host_mutex *mx)
{
	bool free = xfs_host_mutex_trylock(mx);

	ASSERT(free);
}

static inline void xfs_host_mutex_unlock(struct xfs_host_mutex *mx)
{
	mx->holders = 0;
}

static inline void xfs_host_cond_init(struct xfs_host_cond *cv)
{
	cv->unused = 0;
}

static inline void xfs_host_cond_destroy(struct xfs_host_cond *cv)
{
	(void)cv;
}

/* The condition can never become true. */
static inline void xfs_host_cond_wait(struct xfs_host_cond *cv, struct xfs_host_mutex *mx)
{
	const bool somebody_else_runs = false;

	(void)cv;
	(void)mx;
	ASSERT(somebody_else_runs);
}

static inline void xfs_host_cond_broadcast(struct xfs_host_cond *cv)
{
	(void)cv;
}

#endif
