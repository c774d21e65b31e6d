/* SPDX-License-Identifier: MIT */
/*
 * The locks of debug builds: the host's locks, with every step reported to the order checker.  For
 * release builds see unchecked.h.
 *
 * Waiting writers have priority over later readers, so a shared lock must not be taken twice by one
 * thread; the order checker forbids that anyway.
 */
#include "lock/lock_priv.h"

/* The declarations tell clang what these functions lock; it cannot follow the implementation. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif

#ifdef XFSWRITE_DEBUG

void xfs_rwlock_init(struct xfs_rwlock *lk, enum xfs_lock_class cls, uint64_t key)
{
	ASSERT(cls < XFS_CLASS_COUNT);
	xfs_host_rwlock_init(&lk->lk_host);
	lk->lk_class = cls;
	lk->lk_key = key;
}

void xfs_rwlock_destroy(struct xfs_rwlock *lk)
{
	xfs_host_rwlock_destroy(&lk->lk_host);
}

static void rwlock_took(struct xfs_rwlock *lk, enum xfs_lock_mode mode)
{
	xfs_lock_order_add(lk, lk->lk_class, lk->lk_key, mode);
}

void xfs_rwlock_excl_unordered(struct xfs_rwlock *lk)
{
	if (!xfs_host_rwlock_try_excl(&lk->lk_host)) {
		xfs_lock_waits(lk, lk->lk_class, lk->lk_key, XFS_LOCK_EXCL);
		xfs_host_rwlock_excl(&lk->lk_host);
		xfs_lock_waits_no_more();
	}
	rwlock_took(lk, XFS_LOCK_EXCL);
}

void xfs_rwlock_excl(struct xfs_rwlock *lk)
{
	xfs_lock_order_check(lk, lk->lk_class, lk->lk_key);
	xfs_rwlock_excl_unordered(lk);
}

void xfs_rwlock_shared(struct xfs_rwlock *lk)
{
	xfs_lock_order_check(lk, lk->lk_class, lk->lk_key);
	if (!xfs_host_rwlock_try_shared(&lk->lk_host)) {
		xfs_lock_waits(lk, lk->lk_class, lk->lk_key, XFS_LOCK_SHARED);
		xfs_host_rwlock_shared(&lk->lk_host);
		xfs_lock_waits_no_more();
	}
	rwlock_took(lk, XFS_LOCK_SHARED);
}

bool xfs_rwlock_try_excl(struct xfs_rwlock *lk)
{
	if (!xfs_host_rwlock_try_excl(&lk->lk_host))
		return false;
	rwlock_took(lk, XFS_LOCK_EXCL);
	return true;
}

bool xfs_rwlock_try_shared(struct xfs_rwlock *lk)
{
	if (!xfs_host_rwlock_try_shared(&lk->lk_host))
		return false;
	rwlock_took(lk, XFS_LOCK_SHARED);
	return true;
}

void xfs_rwlock_unlock_excl(struct xfs_rwlock *lk)
{
	xfs_lock_order_del(lk, XFS_LOCK_EXCL);
	xfs_host_rwlock_unlock_excl(&lk->lk_host);
}

void xfs_rwlock_unlock_shared(struct xfs_rwlock *lk)
{
	xfs_lock_order_del(lk, XFS_LOCK_SHARED);
	xfs_host_rwlock_unlock_shared(&lk->lk_host);
}

void xfs_rwlock_demote(struct xfs_rwlock *lk)
{
	xfs_lock_order_demote(lk);
	xfs_host_rwlock_demote(&lk->lk_host);
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
	xfs_host_mutex_init(&mx->mx_host);
	mx->mx_class = cls;
	mx->mx_key = key;
}

void xfs_mutex_destroy(struct xfs_mutex *mx)
{
	xfs_host_mutex_destroy(&mx->mx_host);
}

void xfs_mutex_lock(struct xfs_mutex *mx)
{
	xfs_lock_order_check(mx, mx->mx_class, mx->mx_key);
	if (!xfs_host_mutex_trylock(&mx->mx_host)) {
		xfs_lock_waits(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
		xfs_host_mutex_lock(&mx->mx_host);
		xfs_lock_waits_no_more();
	}
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
}

bool xfs_mutex_trylock(struct xfs_mutex *mx)
{
	if (!xfs_host_mutex_trylock(&mx->mx_host))
		return false;
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
	return true;
}

void xfs_mutex_unlock(struct xfs_mutex *mx)
{
	xfs_lock_order_del(mx, XFS_LOCK_EXCL);
	xfs_host_mutex_unlock(&mx->mx_host);
}

bool xfs_mutex_is_held(const struct xfs_mutex *mx)
{
	return xfs_lock_order_holds(mx, false);
}

void xfs_cond_init(struct xfs_cond *cv)
{
	xfs_host_cond_init(&cv->cv_host);
}

void xfs_cond_destroy(struct xfs_cond *cv)
{
	xfs_host_cond_destroy(&cv->cv_host);
}

/*
 * For the order checker the mutex is released and taken again, because the sleeper takes it when it
 * wakes: a later lock held while sleeping here would violate the order.
 */
void xfs_cond_wait(struct xfs_cond *cv, struct xfs_mutex *mx)
{
	xfs_lock_order_del(mx, XFS_LOCK_EXCL);
	xfs_lock_order_check(mx, mx->mx_class, mx->mx_key);
	xfs_lock_order_sleep(mx, mx->mx_class, mx->mx_key);
	xfs_lock_waits(mx, mx->mx_class, mx->mx_key, XFS_LOCK_CONDITION);
	xfs_host_cond_wait(&cv->cv_host, &mx->mx_host);
	xfs_lock_waits_no_more();
	xfs_lock_order_add(mx, mx->mx_class, mx->mx_key, XFS_LOCK_EXCL);
}

void xfs_cond_broadcast(struct xfs_cond *cv)
{
	xfs_host_cond_broadcast(&cv->cv_host);
}

#endif
