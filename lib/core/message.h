/* SPDX-License-Identifier: MIT */
/*
 * Error texts and log lines of a file system.  A text says which structure, where, and what is
 * wrong; base/error.h keeps it per thread.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "base/cause.h"
#include "base/error.h"
#include "base/nowait.h"
#include "core/mount.h"

/*
 * Describe @error, a negative errno, for this thread and return it:
 *
 *   return xfs_error(mp, -ENOSPC, "no AG has %u contiguous blocks", len);
 *
 * @mp may be NULL.
 */
#define xfs_error(mp, error, ...) \
	xfs_error_value((error), xfs_set_error(mp, error, __VA_ARGS__))
int xfs_set_error(struct xfs_mount *mp, int error, const char *fmt, ...) XFS_PRINTF(3, 4);

/*
 * The image is corrupt: set the text, log it, return -EUCLEAN.  @structure is its usual name
 * ("bnobt", "AGF", "inode"); @fmt says where and what is wrong.
 */
#define xfs_corrupt(mp, structure, ...) \
	xfs_error_value(-EUCLEAN, xfs_set_corrupt(mp, -EUCLEAN, structure, __VA_ARGS__))
/* The same for a wrong checksum: -EBADMSG. */
#define xfs_bad_checksum(mp, structure, ...) \
	xfs_error_value(-EBADMSG, xfs_set_corrupt(mp, -EBADMSG, structure, __VA_ARGS__))
int xfs_set_corrupt(struct xfs_mount *mp, int error, const char *structure, const char *fmt, ...)
	XFS_PRINTF(4, 5);

/*
 *  if (XFS_IS_CORRUPT(mp, "directory", dp->i_ino, len == 0))
 *          return -EUCLEAN;
 *
 * If @cond holds, report a corrupt @structure of inode @ino with the text of @cond, and return
 * true.
 */
#define XFS_IS_CORRUPT(mp, structure, ino, cond)				\
	(unlikely(cond) ? xfs_is_corrupt(mp, structure, ino, #cond) : false)
bool xfs_is_corrupt(struct xfs_mount *mp, const char *structure, uint64_t ino, const char *what);

/* Send a line to the host's log hook. */
void xfs_message(struct xfs_mount *mp, enum xfs_log_level level, const char *fmt, ...)
	XFS_PRINTF(3, 4);
#define xfs_err(mp, ...)	xfs_message(mp, XFS_LOG_ERROR, __VA_ARGS__)
#define xfs_warn(mp, ...)	xfs_message(mp, XFS_LOG_WARNING, __VA_ARGS__)

/*
 * Shut down: nothing more is written and later calls return -EIO.  Called when a device failed, or
 * on an error after the first change of a transaction.  @error is that error.  The first reason is
 * logged and kept for later errors, and with -EIO also what the device reported (base/cause.h).
 */
void xfs_shutdown(struct xfs_mount *mp, int error, const char *fmt, ...) XFS_PRINTF(3, 4);

/* Return -EIO and describe it: @mp was shut down, and why. */
int xfs_shutdown_error(struct xfs_mount *mp);

/* Like xfs_error_ensure(), but -EIO after a shutdown says so. */
void xfs_mount_ensure_error(struct xfs_mount *mp, const char *call, int error);

/* Keep the error of a call on @mp, as xfs_call_end() returned it, for xfs_last_error(). */
void xfs_keep_error(struct xfs_mount *mp, const struct xfs_error_info *info);

/* End of a public call on @mp. */
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
 * A build without threads has locks that only count.  Two threads in one file system at once would
 * corrupt it, so the second gets -EBUSY.  The same thread may enter again (from a device's
 * callback), and another may enter once the first has left.
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

/* For calls that cannot fail: wait until no other thread is inside.  Undone by xfs_leave(). */
#ifdef XFSWRITE_THREADS
static inline void xfs_enter_waiting(struct xfs_mount *mp)
{
	(void)mp;
}
#else
void xfs_enter_waiting(struct xfs_mount *mp);
#endif

/*
 * The shape of a public call on an @object that belongs to a file system and outlives the call.
 * @mount_of(object): the file system; @asked(object): true if the call must not wait; @missing: the
 * text when @object is NULL; @end(object, call, ret): records a failure, with @object NULL if it
 * was not entered.
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
 *
 *   return XFS_CALL_MOUNT(mp, work(mp, ...));
 */
#define XFS_CALL_MOUNT(mp, expr) \
	XFS_CALL_OBJECT(struct xfs_mount, mp, xfs_mount_itself, xfs_mount_never_asks,		\
			"the file system is NULL", xfs_call_end_mount, expr)

#endif
