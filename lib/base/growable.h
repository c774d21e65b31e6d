/* SPDX-License-Identifier: MIT */
/*
 * Public structs that begin with their size, of which the caller and the library may have different
 * versions.  All of them cross the border here, by the rules that <xfswrite/env.h> states:
 *
 * (GROW-1) Nothing behind the caller's size is read or written.
 * (GROW-2) A size below the first part of the struct, which no version goes without, or far above the
 *     library's, is one that was never set: -EINVAL, and nothing is written.
 * (GROW-3) What a caller asks for and the library does not know is refused, not ignored.
 */
#ifndef BASE_GROWABLE_H
#define BASE_GROWABLE_H

#include <stddef.h>
#include "base/error.h"

/* The first part of a struct: up to and including @last. */
#define xfs_first_part(tag, last) \
	((uint32_t)(offsetof(struct tag, last) + sizeof(((struct tag *)0)->last)))

/* Whether the caller's size can be one of a struct of which the library has @own_size bytes. */
bool xfs_growable_fits(const void *given, size_t own_size, uint32_t first);

/* Copy the caller's struct to ours.  0, or -EINVAL with a text. */
#define xfs_take_struct(tag, own, given, last) \
	xfs_growable_take((own), sizeof(struct tag), xfs_first_part(tag, last), (given), "struct " #tag)
int xfs_growable_take(void *own, size_t own_size, uint32_t first, const void *given,
		      const char *name) XFS_MUST_CHECK;

/* Before work whose result goes to a struct of the caller's: 0, or -EINVAL with a text. */
#define xfs_need_struct(tag, to, last) \
	xfs_growable_need((to), sizeof(struct tag), xfs_first_part(tag, last), "struct " #tag)
int xfs_growable_need(const void *to, size_t own_size, uint32_t first, const char *name)
	XFS_MUST_CHECK;

/* After that: give it what we have, whose size is ours. */
#define xfs_give_struct(own, to) \
	xfs_growable_give((own), sizeof(*(own)) + 0 * sizeof((to) == (own)), (to))
void xfs_growable_give(const void *own, size_t own_size, void *to);

/* Our copy of the caller's hooks; no hooks at all when @given is NULL. */
int xfs_env_take(struct xfs_env *own, const struct xfs_env *given) XFS_MUST_CHECK;

#endif
