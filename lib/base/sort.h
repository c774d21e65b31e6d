/* SPDX-License-Identifier: MIT */
/* Merge sort of lists: stable, and needs no memory. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/list.h"

/*
 * Sort a NULL-terminated chain whose elements have their next pointer at @next_offset; returns the
 * first one.  @in_order(a, b): true if @b may come after @a.  Elements that may stand either way
 * keep their order.  A chain that is nearly sorted costs little more than one pass.
 */
void *xfs_sort_chain(void *first, size_t next_offset, bool (*in_order)(const void *a, const void *b));

/* The same for the nodes of @list; @a and @b are struct xfs_list. */
void xfs_list_sort(struct xfs_list *list, bool (*in_order)(const void *a, const void *b));

#endif
