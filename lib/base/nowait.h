/* SPDX-License-Identifier: MIT */
/*
 * NOWAIT calls: whether this thread is in a call that must not wait.
 *
 * The question is asked where the wait would happen (a lock, log space, the device) instead of
 * being passed down through every function.  Code that would have to wait returns xfs_would_wait(),
 * which unwinds like any error before the first change.
 *
 * (NOWAIT-1) Until a NOWAIT call has changed something, it waits only for LEAF and DQUOT locks.
 * (NOWAIT-2) With its first change it becomes a call like any other: it must complete and may wait
 *     for that.  So whatever it needs is checked before.
 * (NOWAIT-3) A call inside a call (of a callback, or of the library itself) is NOWAIT if the outer
 *     one is and has changed nothing yet.  The setting of a thread applies to outermost calls only:
 *     an outer call that may wait must not fail because an inner one would.
 */
#ifndef BASE_NOWAIT_H
#define BASE_NOWAIT_H

#include "base/error.h"

/*
 * Returned in place of waiting.  Not a public errno, so that no loop takes it for another -EAGAIN;
 * at the edge of the API it becomes -EAGAIN.
 */
#define XFS_WOULD_WAIT	(-EALREADY)

enum xfs_call_waits {
	XFS_NO_CALL,			/* this thread is in no call */
	XFS_CALL_WAITS,
	XFS_CALL_NOWAIT,
	XFS_CALL_CHANGED,		/* NOWAIT, but has changed something */
};

struct xfs_nowait {
	uint8_t call;			/* enum xfs_call_waits */
	bool thread;			/* all calls of this thread */
	bool refused;			/* reclaim by waiting was refused */
};
extern _Thread_local struct xfs_nowait xfs_nowait_thread;

/* True if this thread must not wait now. */
static inline bool xfs_nowait(void)
{
	return unlikely(xfs_nowait_thread.call == XFS_CALL_NOWAIT);
}

/*
 * True in a NOWAIT call even after its first change.  Work that other threads can do as well is
 * then left to them.
 */
static inline bool xfs_nowait_asked(void)
{
	return unlikely(xfs_nowait_thread.call >= XFS_CALL_NOWAIT);
}

/* Called before the first change that cannot be undone. */
static inline void xfs_nowait_changes(void)
{
	if (xfs_nowait())
		xfs_nowait_thread.call = XFS_CALL_CHANGED;
}

/*
 * The changes so far are reported to the caller as a count, or nobody sees them: from here on the
 * call may end early again.
 */
static inline void xfs_nowait_again(void)
{
	if (unlikely(xfs_nowait_thread.call == XFS_CALL_CHANGED))
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
}

/* From here to its end, the present public call must not wait. */
static inline void xfs_nowait_ask(void)
{
	if (xfs_nowait_thread.call == XFS_CALL_WAITS)
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
}

/* This public call ignores NOWAIT. */
static inline void xfs_nowait_never(void)
{
	xfs_nowait_thread.call = XFS_CALL_WAITS;
}

/*
 * A public call begins; @asked: NOWAIT is set on its handle.  Returns the argument of
 * xfs_nowait_end().
 */
static inline struct xfs_nowait xfs_nowait_begin(bool asked)
{
	struct xfs_nowait before = xfs_nowait_thread;

	if (unlikely(asked || (before.call == XFS_NO_CALL && before.thread)))
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
	else if (before.call == XFS_NO_CALL || before.call == XFS_CALL_CHANGED)
		xfs_nowait_thread.call = XFS_CALL_WAITS;
	return before;
}

/* A public call ends with @ret: restore the outer call's state and return the final result. */
int64_t xfs_nowait_error(int64_t ret);

static inline int64_t xfs_nowait_end(struct xfs_nowait before, int64_t ret)
{
	uint8_t inner = xfs_nowait_thread.call;

	if (unlikely(inner >= XFS_CALL_NOWAIT))
		ret = xfs_nowait_error(ret);
	/* An inner call of the library itself may have changed something. */
	if (before.call == XFS_CALL_NOWAIT && inner == XFS_CALL_CHANGED)
		before.call = inner;
	xfs_nowait_thread.call = before.call;
	return ret;
}

/*
 * True in a NOWAIT call that could get what it needs by waiting (reclaiming space, writing to free
 * memory): -ENOSPC, -EDQUOT and -ENOMEM then become -EAGAIN.
 */
static inline bool xfs_nowait_refuses(void)
{
	if (!xfs_nowait())
		return false;
	xfs_nowait_thread.refused = true;
	return true;
}

/* return xfs_would_wait("inode %" PRIu64 " is being read", ino); */
#define xfs_would_wait(...)	xfs_fail(XFS_WOULD_WAIT, "NOWAIT: " __VA_ARGS__)

#endif
