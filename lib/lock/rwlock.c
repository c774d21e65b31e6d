/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a read-write lock: look at it a number of times, then sleep.
 *
 * The sleepers of all locks are on a few lists, in the order in which they arrived; the address of
 * a lock selects the list.  So a lock is a single word.
 */
#include "lock/lock.h"

#if defined(XFSWRITE_THREADS)
#include "base/clock.h"

#define LISTS		64u
/*
 * Looks before a thread sleeps.  They take longer than most operations hold a lock, and less time
 * than going to sleep and being woken.
 */
#define LOOKS		300u

struct sleeper {
	struct sleeper *next;
	struct xfs_host_rwlock *lk;
	bool excl;
	bool woken;
	bool has_it;			/* woken with the lock in hand */
	uint64_t since;			/* when it first fell asleep; 0: not yet */
	struct xfs_host_cond wake;
};

struct list {
	struct xfs_host_mutex mutex;
	struct sleeper *first;
	char apart[128 - sizeof(struct xfs_host_mutex) - sizeof(struct sleeper *)];
};

static struct list lists[LISTS] = {
	[0 ... LISTS - 1] = { .mutex = { PTHREAD_MUTEX_INITIALIZER } },
};

static struct list *lock_list(const struct xfs_host_rwlock *lk)
{
	uint64_t mixed = (uint64_t)(uintptr_t)lk * 0x9e3779b97f4a7c15ull;
	struct list *l = &lists[mixed >> 58];

	static_assert(LISTS == 1u << (64 - 58), "as many lists as numbers");
	xfs_host_mutex_lock(&l->mutex);
	return l;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static bool may_take(uint64_t word, bool excl)
{
	return !(word & (XFS_RW_EXCL | (excl ? XFS_RW_READERS : XFS_RW_WRITERS)));
}

/* XFS_RW_WRITERS counts a writer while it waits, not once it has the lock. */
static uint64_t taken(uint64_t word, bool excl)
{
	return excl ? word - XFS_RW_WRITER + XFS_RW_EXCL : word + XFS_RW_READER;
}

static bool look(struct xfs_host_rwlock *lk, bool excl)
{
	for (uint32_t i = 0; i < LOOKS; i++) {
		uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED);

		if (may_take(seen, excl) && xfs_rw_change(lk, &seen, taken(seen, excl)))
			return true;
		xfs_want_pause();
	}
	return false;
}

/* (RW-3) False: there is no need to sleep. */
static bool announce(struct xfs_host_rwlock *lk, bool excl)
{
	uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED);

	do {
		if (may_take(seen, excl))
			return false;
	} while (!xfs_rw_change(lk, &seen, seen | XFS_RW_PARKED));
	return true;
}

/* A thread that was woken and did not get the lock goes to the front. */
static void add_sleeper(struct list *l, struct sleeper *s)
{
	struct sleeper **link = &l->first;

	while (!s->since && *link)
		link = &(*link)->next;
	if (!s->since)
		s->since = xfs_host_ns();
	s->woken = false;
	s->next = *link;
	*link = s;
}

/* True if the thread was given the lock. */
static bool sleep_for(struct xfs_host_rwlock *lk, struct sleeper *s)
{
	struct list *l = lock_list(lk);

	if (announce(lk, s->excl)) {
		add_sleeper(l, s);
		while (!s->woken)
			xfs_host_cond_wait(&s->wake, &l->mutex);
	}
	xfs_host_mutex_unlock(&l->mutex);
	return s->has_it;
}

/* (RW-1) */
void xfs_rw_lock_slowly(struct xfs_host_rwlock *lk, bool excl)
{
	struct sleeper s = { .lk = lk, .excl = excl };

	if (excl)
		__atomic_fetch_add(&lk->word, XFS_RW_WRITER, __ATOMIC_RELAXED);
	if (look(lk, excl))
		return;
	xfs_host_cond_init(&s.wake);
	while (!sleep_for(lk, &s) && !look(lk, excl))
		;
	xfs_host_cond_destroy(&s.wake);
}

/* ---- waking --------------------------------------------------------------------------------- */

/* The sleepers of one lock. */
struct sleepers {
	const struct sleeper *first;
	uint64_t readers, writers;
};

/* What a release does for them. */
struct choice {
	bool readers;			/* wake all of them */
	bool writer;			/* wake the first */
	bool give;			/* and give them the lock */
};

static struct sleepers count_sleepers(const struct list *l, const struct xfs_host_rwlock *lk)
{
	struct sleepers all = { .first = NULL };

	for (const struct sleeper *s = l->first; s; s = s->next) {
		if (s->lk != lk)
			continue;
		if (!all.first)
			all.first = s;
		if (s->excl)
			all.writers++;
		else
			all.readers++;
	}
	return all;
}

/* (RW-2) The choice when the word of the lock becomes @word. */
static struct choice choose(const struct sleepers *all, uint64_t word, uint64_t now)
{
	const struct sleeper *first = all->first;

	if (!first || word & XFS_RW_EXCL)
		return (struct choice){ .give = false };
	if (!(word & XFS_RW_WRITERS))
		return (struct choice){ .readers = true };
	if (word & XFS_RW_READERS)
		return (struct choice){ .give = false };
	if (now - first->since < XFS_RW_AGED_NS)
		return (struct choice){ .writer = all->writers > 0 };
	return (struct choice){ .writer = first->excl, .readers = !first->excl, .give = true };
}

static uint64_t with_choice(const struct sleepers *all, uint64_t word, struct choice c)
{
	if (all->writers == c.writer && (c.readers || !all->readers))
		word &= ~XFS_RW_PARKED;
	if (!c.give)
		return word;
	return c.writer ? taken(word, true) : word + all->readers * XFS_RW_READER;
}

static void wake(struct list *l, const struct xfs_host_rwlock *lk, struct choice c)
{
	struct sleeper **link = &l->first, *s;

	while ((c.writer || c.readers) && (s = *link) != NULL) {
		if (s->lk != lk || !(s->excl ? c.writer : c.readers)) {
			link = &s->next;
			continue;
		}
		if (s->excl)
			c.writer = false;
		*link = s->next;
		s->has_it = c.give;
		s->woken = true;
		xfs_host_cond_broadcast(&s->wake);
	}
}

static void change(struct list *l, struct xfs_host_rwlock *lk, const struct sleepers *all,
		   uint64_t minus, uint64_t plus)
{
	uint64_t seen = __atomic_load_n(&lk->word, __ATOMIC_RELAXED), now = xfs_host_ns(), to;
	struct choice c;

	do {
		to = seen - minus + plus;
		c = choose(all, to, now);
		to = with_choice(all, to, c);
	} while (!xfs_rw_change(lk, &seen, to));
	wake(l, lk, c);
}

/* The exclusive holder of a lock that has sleepers leaves it or demotes it. */
void xfs_rw_change_slowly(struct xfs_host_rwlock *lk, uint64_t minus, uint64_t plus)
{
	struct list *l = lock_list(lk);
	struct sleepers all = count_sleepers(l, lk);

	change(l, lk, &all, minus, plus);
	xfs_host_mutex_unlock(&l->mutex);
}

/* The last reader has left, and there were sleepers.  Without sleepers @lk may be freed already. */
void xfs_rw_wake(struct xfs_host_rwlock *lk)
{
	struct list *l = lock_list(lk);
	struct sleepers all = count_sleepers(l, lk);

	if (all.first)
		change(l, lk, &all, 0, 0);
	xfs_host_mutex_unlock(&l->mutex);
}
#else
typedef int xfs_no_rwlock;	/* single.h has all */
#endif
