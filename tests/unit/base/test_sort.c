/* SPDX-License-Identifier: MIT */
/*
 * Goal: the merge sort puts every chain and every list in order, keeps equal ones as they came, and
 * looks at what is in order already about once.
 * Method: random, sorted, reversed and equal keys of many lengths against the order of their arrival.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/sort.h"

struct item {
	uint32_t key, number;
	struct item *next;
	struct xfs_list link;
};

static unsigned int comparisons;

static bool in_order(const void *a, const void *b)
{
	comparisons++;
	return ((const struct item *)a)->key <= ((const struct item *)b)->key;
}

static const struct item *of_link(const void *link)
{
	const void *item = (const char *)link - offsetof(struct item, link);

	return item;
}

static bool links_in_order(const void *a, const void *b)
{
	return in_order(of_link(a), of_link(b));
}

static uint32_t key_of(unsigned int shape, uint32_t i, uint32_t n)
{
	switch (shape) {
	case 0: return i * 2654435761u % 1000;
	case 1: return i;
	case 2: return n - i;
	case 3: return 7;
	default: return i ^ 1;
	}
}

static void check_pair(const struct item *a, const struct item *b)
{
	assert_true(a->key < b->key || (a->key == b->key && a->number < b->number));
}

static void check_length(unsigned int shape, uint32_t n)
{
	struct item *items = calloc(n + 1, sizeof(*items)), *first, *item;
	struct xfs_list list, *link;
	uint32_t count = 0;

	xfs_list_init(&list);
	for (uint32_t i = 0; i < n; i++) {
		items[i].key = key_of(shape, i, n);
		items[i].number = i;
		items[i].next = i + 1 < n ? &items[i + 1] : NULL;
		xfs_list_add_tail(&items[i].link, &list);
	}
	comparisons = 0;
	first = xfs_sort_chain(n ? items : NULL, offsetof(struct item, next), in_order);
	if (shape == 1 || shape == 3)
		assert_true(comparisons <= n);
	for (item = first; item; item = item->next, count++) {
		if (item->next)
			check_pair(item, item->next);
	}
	assert_int_equal(count, n);

	xfs_list_sort(&list, links_in_order);
	count = 0;
	for (link = list.next; link != &list; link = link->next, count++) {
		assert_ptr_equal(link->next->prev, link);
		if (link->next != &list)
			check_pair(of_link(link), of_link(link->next));
	}
	assert_int_equal(count, n);
	free(items);
}

static void test_all_shapes(void **state)
{
	(void)state;
	for (unsigned int shape = 0; shape < 5; shape++) {
		for (uint32_t n = 0; n < 70; n++)
			check_length(shape, n);
		check_length(shape, 10007);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_shapes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
