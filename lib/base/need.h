/* SPDX-License-Identifier: MIT */
/* Checks of a caller's arguments, for the first lines of public functions. */
#ifndef BASE_NEED_H
#define BASE_NEED_H

#include "base/error.h"

/* -EINVAL if @object (one of ours) or a pointer of the caller's (name, struct, result) is NULL. */
#define xfs_need(object, ...) \
	xfs_need_all((object), (const void *const[]){ __VA_ARGS__ }, \
		     ARRAY_SIZE(((const void *const[]){ __VA_ARGS__ })))
int xfs_need_all(const void *object, const void *const *memory, size_t count) XFS_MUST_CHECK;
/*
 * Check only the caller's pointers: XFS_CALL_MOUNT(mp, xfs_need_memory(path, st) ?: work(mp, path,
 * st)).
 */
#define xfs_need_memory(...) \
	xfs_need_all("", (const void *const[]){ __VA_ARGS__ }, \
		     ARRAY_SIZE(((const void *const[]){ __VA_ARGS__ })))
int xfs_need_object(const void *object) XFS_MUST_CHECK;
/* A buffer of @size bytes: -EFAULT if it is NULL; -EINVAL above SSIZE_MAX. */
int xfs_need_buffer(const void *buf, size_t size) XFS_MUST_CHECK;

#endif
