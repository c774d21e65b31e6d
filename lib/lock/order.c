/* SPDX-License-Identifier: MIT */
/*
 * The order checker of debug builds: a list of the locks that this thread
 * holds, and a check before each acquisition that may sleep.
 *
 * (LOCK-1) A thread may sleep for a lock only when (class, key) of every lock it holds is lower. 
 *     Classes BUF and LEAF allow equal keys among different locks, because their keys are often all
 *     0.
 * (LOCK-2) A thread never takes a lock that it holds, in whatever mode and by whatever call: a
 *     shared lock taken twice deadlocks with a writer that queued in between, and a try-lock that
 *     "succeeds" on one's own lock hands somebody an object that this very thread is working on.
 * (LOCK-3) Only the holder unlocks, in the mode it locked.
 *
 * (LOCK-4) A NOWAIT call that has changed nothing sleeps at most for LEAF and DQUOT locks, which are held
 *     for some instructions: other locks it takes by xfs_rwlock_want_excl() and its like.
 *
 * Try-locks do not sleep and so are not held against LOCK-1, but what they took
 * counts for the acquisitions that follow.
 */
#include <stdio.h>
#include "lock/lock_priv.h"

#ifdef XFSWRITE_DEBUG

#ifdef XFSWRITE_THREADS
#define ORDER_TLS _Thread_local
#else
#define ORDER_TLS
#endif

/* More than any operation needs; a thread that gets here leaks locks. */
#define ORDER_MAX_HELD 1024

struct held_lock {
	const void *lock;
	uint64_t key;
	uint32_t cls;
	enum xfs_lock_mode mode;
};

static ORDER_TLS struct held_lock held[ORDER_MAX_HELD];
static ORDER_TLS unsigned int nr_held;
static bool order_not_fatal;
static unsigned int order_violations;

static const char *const class_names[] = {
	[XFS_CLASS_IOLOCK] = "IOLOCK", [XFS_CLASS_COMMIT] = "COMMIT", [XFS_CLASS_TRANS] = "TRANS",
	[XFS_CLASS_ILOCK] = "ILOCK",   [XFS_CLASS_DQUOT] = "DQUOT",   [XFS_CLASS_AG] = "AG",
	[XFS_CLASS_BUF] = "BUF",       [XFS_CLASS_LEAF] = "LEAF",
};
static_assert(ARRAY_SIZE(class_names) == XFS_CLASS_COUNT, "a name for each class");

static const char *class_name(uint32_t cls)
{
	return cls < XFS_CLASS_COUNT ? class_names[cls] : "?";
}

static void violation(const char *what, const void *lock, uint32_t cls, uint64_t key)
{
	__atomic_add_fetch(&order_violations, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&order_not_fatal, __ATOMIC_RELAXED))
		return;
	fprintf(stderr,
		"libxfswrite: lock order: %s: %s key %" PRIu64 " (%p); this thread holds:\n", what,
		class_name(cls), key, lock);
	for (unsigned int i = 0; i < nr_held; i++)
		fprintf(stderr, "  %s key %" PRIu64 " (%p) %s\n", class_name(held[i].cls),
			held[i].key, held[i].lock,
			held[i].mode == XFS_LOCK_EXCL ? "exclusive" : "shared");
	xfs_assert_failed(what, __FILE__, __LINE__);
}

/* Newest first: what was taken last is mostly asked for or released first. */
static struct held_lock *find_held(const void *lock)
{
	for (unsigned int i = nr_held; i > 0; i--)
		if (held[i - 1].lock == lock)
			return &held[i - 1];
	return NULL;
}

static bool may_sleep_for(const struct held_lock *h, uint32_t cls, uint64_t key)
{
	if (h->cls != cls)
		return h->cls < cls;
	if (cls == XFS_CLASS_BUF || cls == XFS_CLASS_LEAF)
		return h->key <= key;
	return h->key < key;
}

void xfs_lock_order_check(const void *lock, uint32_t cls, uint64_t key)
{
	if (find_held(lock)) {
		violation("this thread holds the lock already", lock, cls, key);
		return;
	}
	if (xfs_nowait() && cls != XFS_CLASS_LEAF && cls != XFS_CLASS_DQUOT) {
		violation("a NOWAIT call may sleep here", lock, cls, key);
		return;
	}
	for (unsigned int i = 0; i < nr_held; i++) {
		if (!may_sleep_for(&held[i], cls, key)) {
			violation("a later lock is held", lock, cls, key);
			return;
		}
	}
}

void xfs_lock_order_sleep(const void *lock, uint32_t cls, uint64_t key)
{
	if (xfs_nowait())
		violation("a NOWAIT call sleeps here", lock, cls, key);
}

void xfs_lock_order_add(const void *lock, uint32_t cls, uint64_t key, enum xfs_lock_mode mode)
{
	if (find_held(lock))
		violation("taken twice by one thread", lock, cls, key);
	if (nr_held == ORDER_MAX_HELD) {
		violation("too many locks held by one thread", lock, cls, key);
		return;
	}
	held[nr_held++] = (struct held_lock){.lock = lock, .key = key, .cls = cls, .mode = mode};
}

void xfs_lock_order_del(const void *lock, enum xfs_lock_mode mode)
{
	struct held_lock *h = find_held(lock);

	if (!h) {
		violation("unlocked by a thread that does not hold it", lock, XFS_CLASS_COUNT, 0);
		return;
	}
	if (h->mode != mode)
		violation("unlocked in another mode than it was locked", lock, h->cls, h->key);
	nr_held--;
	memmove(h, h + 1, (size_t)(&held[nr_held] - h) * sizeof(*h));
}

bool xfs_lock_order_holds(const void *lock, bool excl_only)
{
	const struct held_lock *h = find_held(lock);

	return h && (!excl_only || h->mode == XFS_LOCK_EXCL);
}

void xfs_lock_order_set_fatal(bool fatal)
{
	__atomic_store_n(&order_not_fatal, !fatal, __ATOMIC_RELAXED);
}

unsigned int xfs_lock_order_violations(void)
{
	return __atomic_load_n(&order_violations, __ATOMIC_RELAXED);
}

unsigned int xfs_lock_order_held(void)
{
	return nr_held;
}

#else

void xfs_lock_order_set_fatal(bool fatal)
{
	(void)fatal;
}

unsigned int xfs_lock_order_violations(void)
{
	return 0;
}

unsigned int xfs_lock_order_held(void)
{
	return 0;
}

#endif
