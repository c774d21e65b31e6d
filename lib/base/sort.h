/* SPDX-License-Identifier: MIT */
/* The one merge sort: of lists, stable, without memory. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/list.h"

/*
 * Sort a chain that ends in NULL, whose elements have the pointer to the next one at @next_offset;
 * returns the first.  @in_order: may @b stand behind @a?  Elements for which both ways are right
 * keep their order.  A chain with few disorders costs little more than a look at it.
 */
void *xfs_sort_chain(void *first, size_t next_offset, bool (*in_order)(const void *a, const void *b));

/* The same for the nodes of @list; @a and @b are struct xfs_list. */
void xfs_list_sort(struct xfs_list *list, bool (*in_order)(const void *a, const void *b));

#endif
