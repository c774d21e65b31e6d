/* SPDX-License-Identifier: MIT */
/*
 * What this thread knows of the error that it is returning: text, structure, place.  Layers that
 * meet an error describe it (pending); when the public call ends with that error the description
 * becomes the thread's record, which stays until the next public call that fails.
 *
 * (ERROR-1) A description belongs to one errno.  A call that ends with another one was described by
 *     nobody, and gets words for its errno: what an attempt that was given up said is not its
 *     reason.
 * (ERROR-2) Calls nest (xfs_opendir() opens; a caller's device may use the library).  Only the
 *     outermost starts with an empty description and makes the record.
 * (ERROR-3) A call that succeeds costs a look at the thread's depth, and changes no record.
 * (ERROR-4) In a format, the number after "AG ", "inode ", "directory ", "daddr " or "daddr 0x" is
 *     the place that programs get.  Arguments cannot pretend to be one: only the format is looked
 *     at.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <xfswrite/error.h>
#include "base/compiler.h"

/* In this shape the compiler sees that what comes out is not 0. */
static inline int xfs_error_value(int error, int text_was_set)
{
	(void)text_was_set;
	return error;
}

/* Describe @error (a negative errno): replaces what was described before. */
void xfs_error_vset(int error, const char *structure, const char *fmt, va_list ap);
/* The same for layers that know no file system; returns @error.  core/message.h: xfs_error(). */
#define xfs_fail(error, ...) xfs_error_value((error), xfs_set_fail((error), __VA_ARGS__))
int xfs_set_fail(int error, const char *fmt, ...) XFS_PRINTF(2, 3);

/*
 * Add to the present description what is not in it yet; callers know more than callees.
 * @at: one of XFS_ERROR_AT_AG, _BLOCK, _INO, _OFFSET.
 */
void xfs_error_add(uint32_t at, uint64_t value);
/*
 * What the device returned of which this description tells, a negative errno; 0: it is not about one.
 * It goes with a description of another errno.
 */
void xfs_error_set_device(int device_error);
/* The description says another class than its errno does (-EIO after a shutdown). */
void xfs_error_set_class(enum xfs_error_class error_class);

/* Whether @error was described last, and as one of quota: who refuses says so, -ENOSPC does not. */
bool xfs_error_is_of_quota(int error);

/* Whether somebody has described @error, and nothing after it. */
bool xfs_error_is_described(int error);
/* If nobody has: say that @call failed and what the errno means. */
void xfs_error_ensure(const char *call, int error);

/* What was described as @from is returned as @to. */
void xfs_error_renumber(int from, int to);

/* What was described last, by an inner call too; 0 and "" when there is nothing. */
int xfs_last_error(void);
const char *xfs_last_text(void);
void xfs_clear_text(void);

/* The thread's record. */
const struct xfs_error_info *xfs_error_record(void);
/* @info says no more than what the errno means. */
void xfs_error_plain(int error, struct xfs_error_info *info);
/* To a caller's struct of any size; -EINVAL. */
int xfs_error_give(const struct xfs_error_info *from, struct xfs_error_info *to);

/* Around the work of every public call; see XFS_CALL. */
void xfs_call_begin(void);
/* @ret is what the call returns.  NULL when it did not fail; else its description, which is complete. */
const struct xfs_error_info *xfs_call_end(const char *call, int64_t ret);

/* A public call that has neither a file system nor a handle: return XFS_CALL(work(...)); */
#define XFS_CALL(expr) ({							\
	xfs_call_begin();							\
	__typeof__(expr) call_ret_ = (expr);					\
	xfs_call_end(__func__, call_ret_);					\
	call_ret_;								\
})

#endif
