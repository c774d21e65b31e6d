/* SPDX-License-Identifier: MIT */
/*
 * Public structs that begin with their size, of which caller and library may have different
 * versions.  All of them are copied in and out here, by the rules that <xfswrite/env.h> states:
 *
 * (GROW-1) Nothing beyond the caller's size is read or written.
 * (GROW-2) A size smaller than the first version of the struct, or much larger than the library's,
 *     was never set: -EINVAL, and nothing is written.
 * (GROW-3) Members that the caller sets and the library does not know are refused, not ignored.
 */
#ifndef BASE_GROWABLE_H
#define BASE_GROWABLE_H

#include <stddef.h>
#include "base/error.h"

/* Size of the first version of a struct: up to and including @last. */
#define xfs_first_part(tag, last) \
	((uint32_t)(offsetof(struct tag, last) + sizeof(((struct tag *)0)->last)))

/* True if the caller's size is plausible for a struct of which the library has @own_size bytes. */
bool xfs_growable_fits(const void *given, size_t own_size, uint32_t first);

/* Copy the caller's struct to ours.  0, or -EINVAL with a text. */
#define xfs_take_struct(tag, own, given, last) \
	xfs_growable_take((own), sizeof(struct tag), xfs_first_part(tag, last), (given), "struct " #tag)
int xfs_growable_take(void *own, size_t own_size, uint32_t first, const void *given,
		      const char *name) XFS_MUST_CHECK;

/* Before the work that fills a caller's struct: 0, or -EINVAL with a text. */
#define xfs_need_struct(tag, to, last) \
	xfs_growable_need((to), sizeof(struct tag), xfs_first_part(tag, last), "struct " #tag)
int xfs_growable_need(const void *to, size_t own_size, uint32_t first, const char *name)
	XFS_MUST_CHECK;

/* After the work: copy our struct to the caller's, up to the caller's size. */
#define xfs_give_struct(own, to) \
	xfs_growable_give((own), sizeof(*(own)) + 0 * sizeof((to) == (own)), (to))
void xfs_growable_give(const void *own, size_t own_size, void *to);

/* Copy the caller's hooks; none if @given is NULL. */
int xfs_env_take(struct xfs_env *own, const struct xfs_env *given) XFS_MUST_CHECK;

#endif
