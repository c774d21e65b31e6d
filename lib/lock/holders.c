/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: which thread holds which locks, which one it waits for and since when, and how
 * often each class was waited for.
 *
 * Each thread writes its own record without a lock.  xfs_lock_dump() reads all records while their
 * threads run on, so each line was true at some moment, but not all lines at the same one.  A
 * record is on the list from its thread's first lock until the thread ends.
 */
#include <time.h>
#include "lock/lock_priv.h"

#ifdef XFSWRITE_DEBUG

/* Written by one thread, read by others. */
#define LOAD(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define STORE(x, value)	__atomic_store_n(&(x), (value), __ATOMIC_RELAXED)

#ifdef XFSWRITE_THREADS
#define HOLDERS_TLS _Thread_local

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

#define LIST_LOCK()	((void)pthread_mutex_lock(&list_lock))
#define LIST_UNLOCK()	((void)pthread_mutex_unlock(&list_lock))
#else
#define HOLDERS_TLS
#define LIST_LOCK()	((void)0)
#define LIST_UNLOCK()	((void)0)
#endif

static HOLDERS_TLS struct xfs_lock_thread this_thread;
static struct xfs_lock_thread *all_threads;
static struct xfs_lock_sums ended[XFS_CLASS_COUNT];	/* of threads that have ended */

static const char *const class_names[] = {
	[XFS_CLASS_IOLOCK] = "IOLOCK", [XFS_CLASS_COMMIT] = "COMMIT", [XFS_CLASS_TRANS] = "TRANS",
	[XFS_CLASS_ILOCK] = "ILOCK",   [XFS_CLASS_DQUOT] = "DQUOT",   [XFS_CLASS_AG] = "AG",
	[XFS_CLASS_BUF] = "BUF",       [XFS_CLASS_LEAF] = "LEAF",
};
static_assert(ARRAY_SIZE(class_names) == XFS_CLASS_COUNT, "a name for each class");

static const char *const mode_names[] = {
	[XFS_LOCK_SHARED] = "shared", [XFS_LOCK_EXCL] = "exclusive", [XFS_LOCK_CONDITION] = "for a condition",
};

const char *xfs_lock_class_name(uint32_t cls)
{
	return cls < XFS_CLASS_COUNT ? class_names[cls] : "?";
}

const char *xfs_lock_mode_name(uint32_t mode)
{
	return mode < ARRAY_SIZE(mode_names) ? mode_names[mode] : "?";
}

/* ---- the list of threads ------------------------------------------------------------------- */

static void add_sums(struct xfs_lock_sums *to, const struct xfs_lock_sums *from)
{
	for (uint32_t i = 0; i < XFS_CLASS_COUNT; i++) {
		to[i].taken += LOAD(from[i].taken);
		to[i].waits += LOAD(from[i].waits);
		to[i].waited_ns += LOAD(from[i].waited_ns);
	}
}

#ifdef XFSWRITE_THREADS
static void thread_ends(void *arg)
{
	struct xfs_lock_thread *t = arg, **link;

	LIST_LOCK();
	for (link = &all_threads; *link != t;)
		link = &(*link)->next;
	*link = t->next;
	add_sums(ended, t->sums);
	memset(t->sums, 0, sizeof(t->sums));
	t->listed = false;
	LIST_UNLOCK();
}

static void make_key(void)
{
	int error = pthread_key_create(&key, thread_ends);

	ASSERT(!error);
}
#endif

static void list_this_thread(struct xfs_lock_thread *t)
{
#ifdef XFSWRITE_THREADS
	pthread_once(&key_once, make_key);
	/* Without this key the record would outlive its thread, so such a thread is not listed. */
	if (pthread_setspecific(key, t))
		return;
	t->id = (uint64_t)(uintptr_t)pthread_self();
#endif
	LIST_LOCK();
	t->next = all_threads;
	all_threads = t;
	t->listed = true;
	LIST_UNLOCK();
}

struct xfs_lock_thread *xfs_lock_thread(void)
{
	if (unlikely(!this_thread.listed))
		list_this_thread(&this_thread);
	return &this_thread;
}

/* ---- what a thread tells of itself --------------------------------------------------------- */

static void copy_held(struct xfs_held_lock *to, const struct xfs_held_lock *from)
{
	STORE(to->lock, from->lock);
	STORE(to->key, from->key);
	STORE(to->cls, from->cls);
	STORE(to->mode, from->mode);
}

void xfs_lock_holds_too(struct xfs_lock_thread *t, const struct xfs_held_lock *lock)
{
	copy_held(&t->held[t->nr_held], lock);
	STORE(t->nr_held, t->nr_held + 1);
	STORE(t->sums[lock->cls].taken, t->sums[lock->cls].taken + 1);
}

void xfs_lock_holds_no_more(struct xfs_lock_thread *t, struct xfs_held_lock *h)
{
	for (; h + 1 < &t->held[t->nr_held]; h++)
		copy_held(h, h + 1);
	STORE(t->nr_held, t->nr_held - 1);
}

void xfs_lock_holds_shared_now(struct xfs_held_lock *h)
{
	STORE(h->mode, XFS_LOCK_SHARED);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void xfs_lock_waits(const void *lock, uint32_t cls, uint64_t lock_key, uint32_t mode)
{
	struct xfs_lock_thread *t = xfs_lock_thread();

	if (t->waits_since)
		return;
	copy_held(&t->wanted, &(struct xfs_held_lock){ lock, lock_key, cls, mode });
	STORE(t->waits_since, now_ns());
}

void xfs_lock_waits_no_more(void)
{
	struct xfs_lock_thread *t = xfs_lock_thread();
	struct xfs_lock_sums *sums = &t->sums[t->wanted.cls];

	if (!t->waits_since)
		return;
	/* A condition is a wait for another thread's work, not for a lock. */
	if (t->wanted.mode != XFS_LOCK_CONDITION) {
		STORE(sums->waits, sums->waits + 1);
		STORE(sums->waited_ns, sums->waited_ns + (now_ns() - t->waits_since));
	}
	STORE(t->waits_since, 0);
}

/* ---- the dump ---------------------------------------------------------------- */

static void dump_lock(FILE *out, const char *what, const struct xfs_held_lock *lock)
{
	fprintf(out, "  %s %s key %" PRIu64 " (%p) %s", what, xfs_lock_class_name(LOAD(lock->cls)),
		LOAD(lock->key), LOAD(lock->lock), xfs_lock_mode_name(LOAD(lock->mode)));
}

static void dump_thread(FILE *out, const struct xfs_lock_thread *t)
{
	uint32_t nr = XFS_MIN(LOAD(t->nr_held), (uint32_t)ARRAY_SIZE(t->held));
	uint64_t since = LOAD(t->waits_since), now = now_ns();

	if (!nr && !since)
		return;
	fprintf(out, "thread %#" PRIx64 "%s\n", t->id, t == &this_thread ? ", which prints this" : "");
	for (uint32_t i = 0; i < nr; i++) {
		dump_lock(out, "holds", &t->held[i]);
		fprintf(out, "\n");
	}
	if (since) {
		dump_lock(out, "waits for", &t->wanted);
		fprintf(out, ", %.3f s\n", now > since ? (double)(now - since) / 1e9 : 0.0);
	}
}

void xfs_lock_dump(FILE *out)
{
	struct xfs_lock_sums sums[XFS_CLASS_COUNT] = { { .taken = 0 } };

	LIST_LOCK();
	add_sums(sums, ended);
	for (const struct xfs_lock_thread *t = all_threads; t; t = t->next) {
		dump_thread(out, t);
		add_sums(sums, t->sums);
	}
	LIST_UNLOCK();
	for (uint32_t i = 0; i < XFS_CLASS_COUNT; i++)
		if (sums[i].taken)
			fprintf(out, "%s: taken %" PRIu64 " times, waited for %" PRIu64 " times, %.3f s\n",
				xfs_lock_class_name(i), sums[i].taken, sums[i].waits,
				(double)sums[i].waited_ns / 1e9);
	fflush(out);
}

#endif
