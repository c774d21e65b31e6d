/* SPDX-License-Identifier: MIT */
/*
 * Merge sort: like the digits of a binary counter, sorted[i] is empty or a merge of 2^i runs of the
 * input.  Its runs come before those of lower digits, which keeps the sort stable.
 */
#include <string.h>
#include "base/sort.h"

typedef bool (*order_fn)(const void *a, const void *b);

static void *next_of(const void *element, size_t off)
{
	void *next;

	memcpy(&next, (const char *)element + off, sizeof(next));
	return next;
}

static void set_next(void *element, size_t off, void *next)
{
	memcpy((char *)element + off, &next, sizeof(next));
}

static void *merge(void *a, void *b, size_t off, order_fn in_order)
{
	void *first = NULL, *last = NULL;

	while (a && b) {
		void **from = in_order(a, b) ? &a : &b, *taken = *from;

		*from = next_of(taken, off);
		if (last)
			set_next(last, off, taken);
		else
			first = taken;
		last = taken;
	}
	if (!last)
		return a ? a : b;
	set_next(last, off, a ? a : b);
	return first;
}

/* Split off the sorted run at the start of *@list. */
static void *take_run(void **list, size_t off, order_fn in_order)
{
	void *run = *list, *last = run, *next = next_of(last, off);

	while (next && in_order(last, next)) {
		last = next;
		next = next_of(last, off);
	}
	set_next(last, off, NULL);
	*list = next;
	return run;
}

void *xfs_sort_chain(void *first, size_t next_offset, order_fn in_order)
{
	void *sorted[40] = { NULL }, *result = NULL;
	size_t i;

	while (first) {
		void *run = take_run(&first, next_offset, in_order);

		for (i = 0; i < ARRAY_SIZE(sorted) - 1 && sorted[i]; i++) {
			run = merge(sorted[i], run, next_offset, in_order);
			sorted[i] = NULL;
		}
		sorted[i] = merge(sorted[i], run, next_offset, in_order);
	}
	for (i = 0; i < ARRAY_SIZE(sorted); i++)
		result = merge(sorted[i], result, next_offset, in_order);
	return result;
}

void xfs_list_sort(struct xfs_list *list, order_fn in_order)
{
	struct xfs_list *node, *prev = list;

	if (xfs_list_empty(list))
		return;
	list->prev->next = NULL;
	node = xfs_sort_chain(list->next, offsetof(struct xfs_list, next), in_order);
	for (; node; node = node->next) {
		node->prev = prev;
		prev->next = node;
		prev = node;
	}
	prev->next = list;
	list->prev = prev;
}
