/* SPDX-License-Identifier: MIT */
/* The gate; its rules are in gate.h. */
#include "lock/gate.h"
#include "lock/lock_priv.h"

/* The declarations tell clang what these functions lock; it cannot follow the implementation. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif

#ifdef XFSWRITE_DEBUG
#define MAY_SLEEP(ga)	xfs_lock_order_check(ga, (ga)->ga_class, 0)
#define TOOK(ga, mode)	xfs_lock_order_add(ga, (ga)->ga_class, 0, mode)
#define LEAVES(ga, mode) xfs_lock_order_del(ga, mode)
#define SLEEPS(ga, mode) xfs_lock_waits(ga, (ga)->ga_class, 0, mode)
#define AWAKE()		xfs_lock_waits_no_more()
#else
#define MAY_SLEEP(ga)	((void)0)
#define TOOK(ga, mode)	((void)0)
#define LEAVES(ga, mode) ((void)0)
#define SLEEPS(ga, mode) ((void)0)
#define AWAKE()		((void)0)
#endif

void xfs_gate_init(struct xfs_gate *ga, enum xfs_lock_class cls)
{
	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		ga->ga_slots[i].inside = 0;
	ga->ga_closed = 0;
	xfs_host_mutex_init(&ga->ga_mutex);
	xfs_host_cond_init(&ga->ga_wake);
#ifdef XFSWRITE_DEBUG
	ga->ga_class = cls;
#else
	(void)cls;
#endif
}

void xfs_gate_destroy(struct xfs_gate *ga)
{
	xfs_host_cond_destroy(&ga->ga_wake);
	xfs_host_mutex_destroy(&ga->ga_mutex);
}

static bool is_closed(const struct xfs_gate *ga)
{
	return __atomic_load_n(&ga->ga_closed, __ATOMIC_SEQ_CST);
}

static void step_out(struct xfs_gate *ga)
{
	__atomic_sub_fetch(&ga->ga_slots[xfs_slot()].inside, 1, __ATOMIC_SEQ_CST);
	if (likely(!is_closed(ga)))
		return;
	xfs_host_mutex_lock(&ga->ga_mutex);
	xfs_host_cond_broadcast(&ga->ga_wake);
	xfs_host_mutex_unlock(&ga->ga_mutex);
}

/* (GATE-1) */
static bool step_in(struct xfs_gate *ga)
{
	__atomic_add_fetch(&ga->ga_slots[xfs_slot()].inside, 1, __ATOMIC_SEQ_CST);
	if (likely(!is_closed(ga)))
		return true;
	step_out(ga);
	return false;
}

static void wait_until_open(struct xfs_gate *ga)
{
	xfs_host_mutex_lock(&ga->ga_mutex);
	while (is_closed(ga))
		xfs_host_cond_wait(&ga->ga_wake, &ga->ga_mutex);
	xfs_host_mutex_unlock(&ga->ga_mutex);
}

void xfs_gate_enter(struct xfs_gate *ga)
{
	MAY_SLEEP(ga);
	while (!step_in(ga)) {
		SLEEPS(ga, XFS_LOCK_SHARED);
		wait_until_open(ga);
	}
	AWAKE();
	TOOK(ga, XFS_LOCK_SHARED);
}

bool xfs_gate_try_enter(struct xfs_gate *ga)
{
	if (!step_in(ga))
		return false;
	TOOK(ga, XFS_LOCK_SHARED);
	return true;
}

void xfs_gate_leave(struct xfs_gate *ga)
{
	LEAVES(ga, XFS_LOCK_SHARED);
	step_out(ga);
}

/* Once a slot is 0 it stays 0, except for threads that step back (GATE-2). */
static bool is_empty(const struct xfs_gate *ga)
{
	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		if (__atomic_load_n(&ga->ga_slots[i].inside, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

void xfs_gate_close(struct xfs_gate *ga)
{
	MAY_SLEEP(ga);
	xfs_host_mutex_lock(&ga->ga_mutex);
	while (is_closed(ga)) {
		SLEEPS(ga, XFS_LOCK_EXCL);
		xfs_host_cond_wait(&ga->ga_wake, &ga->ga_mutex);
	}
	__atomic_store_n(&ga->ga_closed, 1, __ATOMIC_SEQ_CST);
	while (!is_empty(ga)) {
		SLEEPS(ga, XFS_LOCK_EXCL);
		xfs_host_cond_wait(&ga->ga_wake, &ga->ga_mutex);
	}
	xfs_host_mutex_unlock(&ga->ga_mutex);
	AWAKE();
	TOOK(ga, XFS_LOCK_EXCL);
}

void xfs_gate_open(struct xfs_gate *ga)
{
	LEAVES(ga, XFS_LOCK_EXCL);
	xfs_host_mutex_lock(&ga->ga_mutex);
	__atomic_store_n(&ga->ga_closed, 0, __ATOMIC_SEQ_CST);
	xfs_host_cond_broadcast(&ga->ga_wake);
	xfs_host_mutex_unlock(&ga->ga_mutex);
}
