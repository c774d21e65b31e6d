/* SPDX-License-Identifier: MIT */
/* What a caller must give, for the first lines of public functions. */
#ifndef BASE_NEED_H
#define BASE_NEED_H

#include "base/error.h"

/*
 * An object of ours, and names, structs and places for results of the caller's: -EINVAL without
 * them.  0: all of it is there.
 */
#define xfs_need(object, ...) \
	xfs_need_all((object), (const void *const[]){ __VA_ARGS__ }, \
		     ARRAY_SIZE(((const void *const[]){ __VA_ARGS__ })))
int xfs_need_all(const void *object, const void *const *memory, size_t count) XFS_MUST_CHECK;
/* The memory alone: XFS_CALL_MOUNT(mp, xfs_need_memory(path, st) ?: work(mp, path, st)). */
#define xfs_need_memory(...) \
	xfs_need_all("", (const void *const[]){ __VA_ARGS__ }, \
		     ARRAY_SIZE(((const void *const[]){ __VA_ARGS__ })))
int xfs_need_object(const void *object) XFS_MUST_CHECK;
/* A buffer of @size bytes: -EFAULT without it; nobody has one of more than SSIZE_MAX: -EINVAL. */
int xfs_need_buffer(const void *buf, size_t size) XFS_MUST_CHECK;

#endif
