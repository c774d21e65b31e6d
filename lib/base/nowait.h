/* SPDX-License-Identifier: MIT */
/*
 * Calls that must not wait: whether this thread is in one.
 *
 * The question is asked where something would be waited for - a lock, room in the log, the device - and
 * not handed down through every function: whoever finds that he would wait returns xfs_would_wait(),
 * which leaves like any other error that comes before the first change.
 *
 * (NOWAIT-1) As long as a NOWAIT call has changed nothing it waits for nothing but LEAF and DQUOT
 *     locks.
 * (NOWAIT-2) With its first change it becomes a call like any other: it must come to its end, and
 *     may wait for that.  So what it is going to need is looked at before.
 * (NOWAIT-3) A call inside a call (of a callback, or of the library itself) is NOWAIT when the
 *     outer one is and has changed nothing yet.  What a thread asked for counts for outermost
 *     calls only: an outer one that may wait must not fail by an inner one.
 */
#ifndef BASE_NOWAIT_H
#define BASE_NOWAIT_H

#include "base/error.h"

/*
 * What is returned instead of waiting.  No public error, so that no loop takes it for another -EAGAIN; at
 * the edge of the API it becomes that.
 */
#define XFS_WOULD_WAIT	(-EALREADY)

enum xfs_call_waits {
	XFS_NO_CALL,			/* this thread is in none */
	XFS_CALL_WAITS,
	XFS_CALL_NOWAIT,
	XFS_CALL_CHANGED,		/* NOWAIT, but something was changed */
};

struct xfs_nowait {
	uint8_t call;			/* enum xfs_call_waits */
	bool thread;			/* all calls of this thread */
	bool refused;			/* what would have been reclaimed by waiting was not */
};
extern _Thread_local struct xfs_nowait xfs_nowait_thread;

/* Must this thread not wait now? */
static inline bool xfs_nowait(void)
{
	return unlikely(xfs_nowait_thread.call == XFS_CALL_NOWAIT);
}

/* Is it in a NOWAIT call at all?  What others may do as well is left to them. */
static inline bool xfs_nowait_asked(void)
{
	return unlikely(xfs_nowait_thread.call >= XFS_CALL_NOWAIT);
}

/* Something is about to be changed that cannot be taken back. */
static inline void xfs_nowait_changes(void)
{
	if (xfs_nowait())
		xfs_nowait_thread.call = XFS_CALL_CHANGED;
}

/*
 * All that was changed so far is told to the caller as a count, or was nothing that anybody sees: from
 * here on it may end early again.
 */
static inline void xfs_nowait_again(void)
{
	if (unlikely(xfs_nowait_thread.call == XFS_CALL_CHANGED))
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
}

/* From here to its end the public call that this thread is in must not wait. */
static inline void xfs_nowait_ask(void)
{
	if (xfs_nowait_thread.call == XFS_CALL_WAITS)
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
}

/* This public call cannot be asked not to wait. */
static inline void xfs_nowait_never(void)
{
	xfs_nowait_thread.call = XFS_CALL_WAITS;
}

/* A public call begins; @asked: by what it was called through.  For xfs_nowait_end(). */
static inline struct xfs_nowait xfs_nowait_begin(bool asked)
{
	struct xfs_nowait before = xfs_nowait_thread;

	if (unlikely(asked || (before.call == XFS_NO_CALL && before.thread)))
		xfs_nowait_thread.call = XFS_CALL_NOWAIT;
	else if (before.call == XFS_NO_CALL || before.call == XFS_CALL_CHANGED)
		xfs_nowait_thread.call = XFS_CALL_WAITS;
	return before;
}

/* Its end with @ret: what it returns then, and the state of the outer call. */
int64_t xfs_nowait_error(int64_t ret);

static inline int64_t xfs_nowait_end(struct xfs_nowait before, int64_t ret)
{
	uint8_t inner = xfs_nowait_thread.call;

	if (unlikely(inner >= XFS_CALL_NOWAIT))
		ret = xfs_nowait_error(ret);
	/* A call that the library itself makes on the way may have changed something. */
	if (before.call == XFS_CALL_NOWAIT && inner == XFS_CALL_CHANGED)
		before.call = inner;
	xfs_nowait_thread.call = before.call;
	return ret;
}

/*
 * What this call wants could be had by waiting (space to be reclaimed, memory to be freed by writing):
 * -ENOSPC, -EDQUOT and -ENOMEM are no answer then.
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
