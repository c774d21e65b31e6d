/* SPDX-License-Identifier: MIT */
/* The locks of release builds, inline wrappers of the host's.  Included by lock.h only. */
#ifndef LOCK_UNCHECKED_H
#define LOCK_UNCHECKED_H

#include "lock/lock.h"

#ifndef XFSWRITE_DEBUG
/* The declarations tell clang what these functions lock; it cannot follow the implementation. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif

static inline void xfs_rwlock_init(struct xfs_rwlock *lk, enum xfs_lock_class cls, uint64_t key)
{
	(void)cls;
	(void)key;
	xfs_host_rwlock_init(&lk->lk_host);
}

static inline void xfs_rwlock_destroy(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_destroy(&lk->lk_host);
}

static inline void xfs_rwlock_excl(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_excl(&lk->lk_host);
}

static inline void xfs_rwlock_excl_unordered(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_excl(&lk->lk_host);
}

static inline void xfs_rwlock_shared(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_shared(&lk->lk_host);
}

static inline bool xfs_rwlock_try_excl(struct xfs_rwlock *lk)
{
	return xfs_host_rwlock_try_excl(&lk->lk_host);
}

static inline bool xfs_rwlock_try_shared(struct xfs_rwlock *lk)
{
	return xfs_host_rwlock_try_shared(&lk->lk_host);
}

static inline void xfs_rwlock_unlock_excl(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_unlock_excl(&lk->lk_host);
}

static inline void xfs_rwlock_unlock_shared(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_unlock_shared(&lk->lk_host);
}

static inline void xfs_rwlock_demote(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_demote(&lk->lk_host);
}

static inline bool xfs_rwlock_is_held(const struct xfs_rwlock *lk)
{
	(void)lk;
	return true;
}

static inline bool xfs_rwlock_is_held_excl(const struct xfs_rwlock *lk)
{
	(void)lk;
	return true;
}

static inline void xfs_mutex_init(struct xfs_mutex *mx, enum xfs_lock_class cls, uint64_t key)
{
	(void)cls;
	(void)key;
	xfs_host_mutex_init(&mx->mx_host);
}

static inline void xfs_mutex_destroy(struct xfs_mutex *mx)
{
	xfs_host_mutex_destroy(&mx->mx_host);
}

static inline void xfs_mutex_lock(struct xfs_mutex *mx)
{
	xfs_host_mutex_lock(&mx->mx_host);
}

static inline bool xfs_mutex_trylock(struct xfs_mutex *mx)
{
	return xfs_host_mutex_trylock(&mx->mx_host);
}

static inline void xfs_mutex_unlock(struct xfs_mutex *mx)
{
	xfs_host_mutex_unlock(&mx->mx_host);
}

static inline bool xfs_mutex_is_held(const struct xfs_mutex *mx)
{
	(void)mx;
	return true;
}

static inline void xfs_cond_init(struct xfs_cond *cv)
{
	xfs_host_cond_init(&cv->cv_host);
}

static inline void xfs_cond_destroy(struct xfs_cond *cv)
{
	xfs_host_cond_destroy(&cv->cv_host);
}

static inline void xfs_cond_wait(struct xfs_cond *cv, struct xfs_mutex *mx)
{
	xfs_host_cond_wait(&cv->cv_host, &mx->mx_host);
}

static inline void xfs_cond_broadcast(struct xfs_cond *cv)
{
	xfs_host_cond_broadcast(&cv->cv_host);
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif
#endif

#endif
