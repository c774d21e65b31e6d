/* SPDX-License-Identifier: MIT */
/*
 * Error texts and log lines of a file system.  A text says which structure, where and why;
 * base/error.h holds it for the thread.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "base/cause.h"
#include "base/error.h"
#include "base/nowait.h"
#include "core/mount.h"

/*
 * Describe @error for this thread and return it, a negative errno:
 *	return xfs_error(mp, -ENOSPC, "no AG has %u contiguous blocks", len);
 * @mp may be NULL.
 */
#define xfs_error(mp, error, ...) \
	xfs_error_value((error), xfs_set_error(mp, error, __VA_ARGS__))
int xfs_set_error(struct xfs_mount *mp, int error, const char *fmt, ...) XFS_PRINTF(3, 4);

/*
 * The image is bad: text, a log line, -EUCLEAN.  @structure is its usual name
 * ("bnobt", "AGF", "inode"); @fmt tells the place and what is wrong.
 */
#define xfs_corrupt(mp, structure, ...) \
	xfs_error_value(-EUCLEAN, xfs_set_corrupt(mp, -EUCLEAN, structure, __VA_ARGS__))
/* The same for a wrong checksum: -EBADMSG. */
#define xfs_bad_checksum(mp, structure, ...) \
	xfs_error_value(-EBADMSG, xfs_set_corrupt(mp, -EBADMSG, structure, __VA_ARGS__))
int xfs_set_corrupt(struct xfs_mount *mp, int error, const char *structure, const char *fmt, ...)
	XFS_PRINTF(4, 5);

/*
 * if (XFS_IS_CORRUPT(mp, "directory", dp->i_ino, len == 0)) return -EUCLEAN;
 * True (and reported with the expression) when @cond holds for a @structure of inode @ino.
 */
#define XFS_IS_CORRUPT(mp, structure, ino, cond)				\
	(unlikely(cond) ? xfs_is_corrupt(mp, structure, ino, #cond) : false)
bool xfs_is_corrupt(struct xfs_mount *mp, const char *structure, uint64_t ino, const char *what);

/* A line for the caller's log hook. */
void xfs_message(struct xfs_mount *mp, enum xfs_log_level level, const char *fmt, ...)
	XFS_PRINTF(3, 4);
#define xfs_err(mp, ...)	xfs_message(mp, XFS_LOG_ERROR, __VA_ARGS__)
#define xfs_warn(mp, ...)	xfs_message(mp, XFS_LOG_WARNING, __VA_ARGS__)

/*
 * Nothing more is written, later calls return -EIO.  The reason goes to the log hook
 * once.  Called for a device that failed and for an error after the first change of a transaction.
 * @error: that error; with -EIO what the device had said (base/cause.h) is told later too.
 */
void xfs_shutdown(struct xfs_mount *mp, int error, const char *fmt, ...) XFS_PRINTF(3, 4);

/* -EIO, described: @mp had been shut down, and why. */
int xfs_shutdown_error(struct xfs_mount *mp);

/* Like xfs_error_ensure(); -EIO of a file system that was shut down says so. */
void xfs_mount_ensure_error(struct xfs_mount *mp, const char *call, int error);

/* What a call on @mp left behind, as xfs_call_end() gave it. */
void xfs_keep_error(struct xfs_mount *mp, const struct xfs_error_info *info);

/* The end of a public call on @mp. */
static inline const struct xfs_error_info *xfs_call_end_mount(struct xfs_mount *mp, const char *call,
							      int64_t ret)
{
	const struct xfs_error_info *info;

	if (unlikely(ret < 0) && mp)
		xfs_mount_ensure_error(mp, call, (int)ret);
	info = xfs_call_end(call, ret);
	if (unlikely(info != NULL) && mp)
		xfs_keep_error(mp, info);
	return info;
}

/*
 * Without threads the locks only count.  Two threads in one file system at once would destroy it,
 * so the second is refused: -EBUSY.  A thread may come back (a device's callback does), and another
 * may come when it has left.
 */
#ifdef XFSWRITE_THREADS
static inline int xfs_enter(struct xfs_mount *mp)
{
	(void)mp;
	return 0;
}

static inline void xfs_leave(struct xfs_mount *mp)
{
	(void)mp;
}
#else
int xfs_enter(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_leave(struct xfs_mount *mp);
#endif

/*
 * Calls that cannot fail wait until no other thread is inside; to be left with xfs_leave().
 */
#ifdef XFSWRITE_THREADS
static inline void xfs_enter_waiting(struct xfs_mount *mp)
{
	(void)mp;
}
#else
void xfs_enter_waiting(struct xfs_mount *mp);
#endif

/*
 * The shape of a public call on an @object that belongs to a file system, which is there afterwards
 * too.  @mount_of(object): that; @asked(object): it must not wait; @missing: what is told when @object
 * is NULL; @end(object, call, ret): keeps a failure, @object is NULL when it has not been entered.
 */
#define XFS_CALL_OBJECT(type, object, mount_of, asked, missing, end, expr) ({	\
	type *call_object_ = (object);						\
	struct xfs_nowait call_nowait_;						\
	int call_error_;							\
										\
	xfs_call_begin();							\
	call_nowait_ = xfs_nowait_begin(call_object_ && asked(call_object_));	\
	call_error_ = call_object_ ? xfs_enter(mount_of(call_object_))		\
				   : xfs_error(NULL, -EINVAL, missing);		\
	__typeof__(expr) call_ret_ = call_error_ ? call_error_ : (expr);	\
	call_ret_ = (__typeof__(expr))xfs_nowait_end(call_nowait_, call_ret_);	\
	if (call_error_)							\
		call_object_ = NULL;						\
	end(call_object_, __func__, call_ret_);					\
	if (call_object_)							\
		xfs_leave(mount_of(call_object_));				\
	call_ret_;								\
})

static inline struct xfs_mount *xfs_mount_itself(struct xfs_mount *mp)
{
	return mp;
}

static inline bool xfs_mount_never_asks(const struct xfs_mount *mp)
{
	(void)mp;
	return false;
}

/*
 * A public call on a file system:
 *	return XFS_CALL_MOUNT(mp, work(mp, ...));
 */
#define XFS_CALL_MOUNT(mp, expr) \
	XFS_CALL_OBJECT(struct xfs_mount, mp, xfs_mount_itself, xfs_mount_never_asks,		\
			"no file system", xfs_call_end_mount, expr)

#endif
