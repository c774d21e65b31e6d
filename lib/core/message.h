/* SPDX-License-Identifier: MIT */
/*
 * Error text and log lines.  The text of the newest error is kept per thread
 * and says which structure, where and why.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/mount.h"

/* In this shape the compiler sees that what comes out is not 0. */
static inline int xfs_error_value(int error, int text_was_set)
{
	(void)text_was_set;
	return error;
}

/*
 * Set this thread's error text and return @error, which is a negative errno:
 *	return xfs_error(mp, -ENOSPC, "no AG has %u contiguous blocks", len);
 * @mp may be NULL.
 */
#define xfs_error(mp, error, ...) \
	xfs_error_value((error), xfs_set_error(mp, __VA_ARGS__))
int xfs_set_error(struct xfs_mount *mp, const char *fmt, ...) XFS_PRINTF(2, 3);

/*
 * The image is bad: text, a log line, -EUCLEAN.  @structure is its usual name
 * ("bnobt", "AGF", "inode"); @fmt tells the place and what is wrong.
 */
#define xfs_corrupt(mp, structure, ...) \
	xfs_error_value(-EUCLEAN, xfs_set_corrupt(mp, structure, __VA_ARGS__))
int xfs_set_corrupt(struct xfs_mount *mp, const char *structure, const char *fmt, ...)
	XFS_PRINTF(3, 4);

/*
 * if (XFS_IS_CORRUPT(mp, len == 0)) return -EUCLEAN;
 * True (and reported with the expression and place) when @cond holds.
 */
#define XFS_IS_CORRUPT(mp, cond)						\
	(unlikely(cond) ?							\
	 (xfs_set_corrupt(mp, "structure", "%s (%s:%d)", #cond, __FILE_NAME__, __LINE__), true) : false)

void xfs_log(struct xfs_mount *mp, enum xfs_log_level level, const char *fmt, ...)
	XFS_PRINTF(3, 4);

/* This thread's newest text; "" when there is none. */
const char *xfs_last_text(void);
void xfs_clear_text(void);

/*
 * Nothing more is written, later calls return -EIO.  @reason goes to the log hook
 * once.  Called for a device that failed and for an error after the first change of a handle.
 */
void xfs_shutdown(struct xfs_mount *mp, const char *fmt, ...) XFS_PRINTF(2, 3);

#endif
