/* SPDX-License-Identifier: MIT */
/*
 * What this thread knows about the error it is returning: text, structure, place.  The layer that
 * meets an error describes it (pending); when the public call ends with that error, the description
 * becomes the thread's record, which stays until the next public call that fails.
 *
 * (ERROR-1) A description belongs to one errno.  A call that ends with another errno has no
 *     description and gets the words of its errno: the text of an abandoned attempt is not the
 *     reason.
 * (ERROR-2) Calls nest (xfs_opendir() opens; a caller's device may use the library).  Only the
 *     outermost call starts with an empty description and makes the record.
 * (ERROR-3) A successful call costs one look at the thread's depth and changes no record.
 * (ERROR-4) In a format, the number after "AG ", "inode ", "directory ", "daddr " or "daddr 0x" is
 *     the place reported to programs.  Only the format is searched, so arguments cannot pose as a
 *     place.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <xfswrite/error.h>
#include "base/compiler.h"

/* Written so that the compiler sees the result is not 0. */
static inline int xfs_error_value(int error, int text_was_set)
{
	(void)text_was_set;
	return error;
}

/* Describe @error (a negative errno); replaces any description. */
void xfs_error_vset(int error, const char *structure, const char *fmt, va_list ap);
/*
 * The same for layers below the mount; returns @error.  With a mount: xfs_error() of
 * core/message.h.
 */
#define xfs_fail(error, ...) xfs_error_value((error), xfs_set_fail((error), __VA_ARGS__))
int xfs_set_fail(int error, const char *fmt, ...) XFS_PRINTF(2, 3);

/*
 * Add to the description a place that it does not have yet; callers know more than callees.  @at:
 * XFS_ERROR_AT_AG, _BLOCK, _INO or _OFFSET.
 */
void xfs_error_add(uint32_t at, uint64_t value);
/*
 * The negative errno that the device returned, as part of the description; 0: the error is not
 * about a device.  Dropped when another errno is described.
 */
void xfs_error_set_device(int device_error);
/* Give the description another class than that of its errno (-EIO after a shutdown). */
void xfs_error_set_class(enum xfs_error_class error_class);

/* Whether @error was described last, and as one of quota: who refuses says so, -ENOSPC does not. */
bool xfs_error_is_of_quota(int error);

/* True if the description is of @error. */
bool xfs_error_is_described(int error);
/* Unless @error is described: say that @call failed and what the errno means. */
void xfs_error_ensure(const char *call, int error);

/* Return as @to what was described as @from. */
void xfs_error_renumber(int from, int to);

/* The last description, also of an inner call; 0 and "" if there is none. */
int xfs_last_error(void);
const char *xfs_last_text(void);
void xfs_clear_text(void);

/* The thread's record. */
const struct xfs_error_info *xfs_error_record(void);
/* Fill @info with no more than the meaning of the errno. */
void xfs_error_plain(int error, struct xfs_error_info *info);
/* Copy to a caller's struct of any version; -EINVAL. */
int xfs_error_give(const struct xfs_error_info *from, struct xfs_error_info *to);

/* Around the work of every public call; see XFS_CALL. */
void xfs_call_begin(void);
/* End of a public call that returns @ret.  NULL on success, else its complete description. */
const struct xfs_error_info *xfs_call_end(const char *call, int64_t ret);

/* A public call without file system or handle: return XFS_CALL(work(...)); */
#define XFS_CALL(expr) ({							\
	xfs_call_begin();							\
	__typeof__(expr) call_ret_ = (expr);					\
	xfs_call_end(__func__, call_ret_);					\
	call_ret_;								\
})

#endif
