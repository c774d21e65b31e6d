/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks of hosts with threads: one word, and a list of sleepers elsewhere (rwlock.c).
 *
 * A thread that releases the lock wakes a sleeper and continues; the lock goes to the first thread
 * that takes it.  (A pthread_rwlock_t that prefers writers hands the lock to the sleeper.  Two
 * threads that change one directory then wait for each other's wake-up in each operation, which
 * takes ten times as long as the operation.)
 *
 * (RW-1) Readers that arrive after a writer wait for it, whether it sleeps or still looks: no
 *     stream of readers, however dense, starves a writer.
 * (RW-2) A thread that has slept for XFS_RW_AGED_NS gets the lock from the thread that releases it:
 *     no stream of writers starves any thread.
 * (RW-3) XFS_RW_PARKED changes only under the mutex of the list, and is set while the lock has
 *     sleepers.  A thread that frees the lock and sees the bit looks at the list.  A thread that is
 *     about to sleep sets the bit only in a word that makes it wait.  So no sleeper is missed.
 */
#ifndef LOCK_RWLOCK_H
#define LOCK_RWLOCK_H

#include "base/compiler.h"

#define XFS_RW_EXCL	((uint64_t)1)		/* it has an exclusive holder */
#define XFS_RW_PARKED	((uint64_t)1 << 1)
#define XFS_RW_WRITER	((uint64_t)1 << 8)	/* one thread that waits to hold it exclusively */
#define XFS_RW_WRITERS	((uint64_t)0xffffff << 8)
#define XFS_RW_READER	((uint64_t)1 << 32)	/* one of its shared holders */
#define XFS_RW_READERS	((uint64_t)0xffffffff << 32)

#define XFS_RW_AGED_NS	500000u

struct xfs_host_rwlock {
	uint64_t word;				/* (a) */
};

void xfs_rw_lock_slowly(struct xfs_host_rwlock *lk, bool excl);
void xfs_rw_wake(struct xfs_host_rwlock *lk);
void xfs_rw_change_slowly(struct xfs_host_rwlock *lk, uint64_t minus, uint64_t plus);

static inline void xfs_host_rwlock_init(struct xfs_host_rwlock *lk)
{
	__atomic_store_n(&lk->word, 0, __ATOMIC_RELAXED);
}

static inline void xfs_host_rwlock_destroy(struct xfs_host_rwlock *lk)
{
	ASSERT(__atomic_load_n(&lk->word, __ATOMIC_RELAXED) == 0);
	(void)lk;
}

/* Compare and exchange: on failure *@seen is the present word. */
static inline bool xfs_rw_change(struct xfs_host_rwlock *lk, uint64_t *seen, uint64_t to)
{
	return __atomic_compare_exchange_n(&lk->word, seen, to, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline bool xfs_host_rwlock_try_excl(struct xfs_host_rwlock *lk)
{
	uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED);

	while (!(seen & (XFS_RW_EXCL | XFS_RW_READERS)))
		if (xfs_rw_change(lk, &seen, seen | XFS_RW_EXCL))
			return true;
	return false;
}

static inline void xfs_host_rwlock_unlock_shared(struct xfs_host_rwlock *lk)
{
	uint64_t left = __atomic_sub_fetch(&lk->word, XFS_RW_READER, __ATOMIC_ACQ_REL);

	if (unlikely(left & XFS_RW_PARKED && !(left & XFS_RW_READERS)))
		xfs_rw_wake(lk);
}

/*
 * One access to a cache line that other readers use too; a reader that must wait takes its count
 * back.
 */
static inline bool xfs_host_rwlock_try_shared(struct xfs_host_rwlock *lk)
{
	uint64_t found = __atomic_fetch_add(&lk->word, XFS_RW_READER, __ATOMIC_ACQUIRE);

	if (likely(!(found & (XFS_RW_EXCL | XFS_RW_WRITERS))))
		return true;
	xfs_host_rwlock_unlock_shared(lk);
	return false;
}

static inline void xfs_host_rwlock_excl(struct xfs_host_rwlock *lk)
{
	if (unlikely(!xfs_host_rwlock_try_excl(lk)))
		xfs_rw_lock_slowly(lk, true);
}

static inline void xfs_host_rwlock_shared(struct xfs_host_rwlock *lk)
{
	if (unlikely(!xfs_host_rwlock_try_shared(lk)))
		xfs_rw_lock_slowly(lk, false);
}

static inline void xfs_host_rwlock_unlock_excl(struct xfs_host_rwlock *lk)
{
	uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED);

	while (likely(!(seen & XFS_RW_PARKED)))
		if (xfs_rw_change(lk, &seen, seen - XFS_RW_EXCL))
			return;
	xfs_rw_change_slowly(lk, XFS_RW_EXCL, 0);
}

/* Other readers may come in before this returns, writers not. */
static inline void xfs_host_rwlock_demote(struct xfs_host_rwlock *lk)
{
	uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED);

	while (likely(!(seen & XFS_RW_PARKED)))
		if (xfs_rw_change(lk, &seen, seen - XFS_RW_EXCL + XFS_RW_READER))
			return;
	xfs_rw_change_slowly(lk, XFS_RW_EXCL, XFS_RW_READER);
}

#endif
