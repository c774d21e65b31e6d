/* SPDX-License-Identifier: MIT */
/* The slow half of the locks on Linux: sleeping and waking; see futex.h. */
#include "lock/lock_priv.h"

#ifdef XFS_LOCK_FUTEX
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

/* Sleep while the word is @value; may wake for no reason. */
static void sleep_while(uint32_t *word, uint32_t value)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
	errno = saved;
}

static void wake(uint32_t *word, int count)
{
	int saved = errno;

	/* The memory may be somebody else's by now; then somebody wakes for no reason. */
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
	errno = saved;
}

void xfs_host_mutex_wait(struct xfs_host_mutex *mx)
{
	while (__atomic_exchange_n(&mx->state, 2, __ATOMIC_ACQUIRE) != 0)
		sleep_while(&mx->state, 2);
}

void xfs_host_mutex_wake(struct xfs_host_mutex *mx)
{
	/* Between the fast attempt and this one somebody may have come, nobody can have gone. */
	if (__atomic_exchange_n(&mx->state, 0, __ATOMIC_RELEASE) == 2)
		wake(&mx->state, 1);
}

/* (L1) @old said that the lock cannot be had: sleep until it changes. */
static void rwlock_sleep(struct xfs_host_rwlock *lk, uint32_t old)
{
	uint32_t marked = old | XFS_RW_SLEEP;

	if (old == marked || __atomic_compare_exchange_n(&lk->state, &old, marked, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		sleep_while(&lk->state, marked);
}

/* Be counted as one who waits to write; what the word says then. */
static uint32_t announce_writer(struct xfs_host_rwlock *lk)
{
	for (;;) {
		uint32_t old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);

		/* More cannot be counted; one of those will have it, and wake all. */
		if ((old & XFS_RW_WAITERS) == XFS_RW_WAITERS)
			rwlock_sleep(lk, old);
		else if (__atomic_compare_exchange_n(&lk->state, &old, old + XFS_RW_WAITER, false,
						     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return old + XFS_RW_WAITER;
	}
}

void xfs_host_rwlock_wait_excl(struct xfs_host_rwlock *lk)
{
	uint32_t old = announce_writer(lk);

	for (;;) {
		if (old & (XFS_RW_READERS | XFS_RW_WRITER))
			rwlock_sleep(lk, old);
		else if (__atomic_compare_exchange_n(&lk->state, &old,
						     (old - XFS_RW_WAITER) | XFS_RW_WRITER, false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);
	}
}

void xfs_host_rwlock_wait_shared(struct xfs_host_rwlock *lk)
{
	for (;;) {
		uint32_t old = __atomic_load_n(&lk->state, __ATOMIC_RELAXED);

		/* Also when no more readers can be counted. */
		if (old & (XFS_RW_WRITER | XFS_RW_WAITERS) ||
		    (old & XFS_RW_READERS) == XFS_RW_READERS)
			rwlock_sleep(lk, old);
		else if (__atomic_compare_exchange_n(&lk->state, &old, old + 1, false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
}

void xfs_host_rwlock_wake(struct xfs_host_rwlock *lk)
{
	wake(&lk->state, INT_MAX);
}

void xfs_host_cond_wait(struct xfs_host_cond *cv, struct xfs_host_mutex *mx)
{
	uint32_t seen = __atomic_load_n(&cv->broadcasts, __ATOMIC_RELAXED);

	__atomic_add_fetch(&cv->sleepers, 1, __ATOMIC_RELAXED);
	xfs_host_mutex_unlock(mx);
	sleep_while(&cv->broadcasts, seen);
	/* The others who woke are on their way here too, so it is taken as one with sleepers. */
	xfs_host_mutex_wait(mx);
	__atomic_sub_fetch(&cv->sleepers, 1, __ATOMIC_RELAXED);
}

void xfs_host_cond_broadcast(struct xfs_host_cond *cv)
{
	if (!__atomic_load_n(&cv->sleepers, __ATOMIC_RELAXED))
		return;
	__atomic_add_fetch(&cv->broadcasts, 1, __ATOMIC_SEQ_CST);
	wake(&cv->broadcasts, INT_MAX);
}
#endif
