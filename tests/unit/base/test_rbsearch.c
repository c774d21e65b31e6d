/* SPDX-License-Identifier: MIT */
/*
 * Goal: adding by comparison, searching, replacing and the order of equal keys
 * in the balanced tree.
 * Method: seeded keys against a sorted array that is scanned.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/rbtree.h"
#include "support/test_seed.h"

#define ITEMS 500u
#define KEYS  300u

struct item {
	struct xfs_rb_node node;
	uint32_t key, serial;
	bool in;
};

static const struct item *item_of(const struct xfs_rb_node *node)
{
	return (const void *)node;
}
static_assert(offsetof(struct item, node) == 0, "node comes first");

static int compare(const struct xfs_rb_node *a, const struct xfs_rb_node *b)
{
	return (int)item_of(a)->key - (int)item_of(b)->key;
}

static int compare_key(const void *key, const struct xfs_rb_node *node)
{
	return (int)*(const uint32_t *)key - (int)item_of(node)->key;
}

/* The best item by a scan of all of them: the lowest not below, or the highest not above. */
static const struct item *scan(const struct item *items, uint32_t key, bool lower_bound)
{
	const struct item *best = NULL;

	for (unsigned int i = 0; i < ITEMS; i++) {
		if (!items[i].in)
			continue;
		if (lower_bound && items[i].key >= key && (!best || items[i].key < best->key))
			best = &items[i];
		if (!lower_bound && items[i].key <= key && (!best || items[i].key > best->key))
			best = &items[i];
	}
	return best;
}

static void check_searches(const struct xfs_rb_tree *tree, const struct item *items)
{
	for (uint32_t key = 0; key <= KEYS; key++) {
		const struct item *low = scan(items, key, true), *high = scan(items, key, false);
		const struct xfs_rb_node *node = xfs_rb_floor(tree, &key, compare_key);

		assert_ptr_equal(node, high ? &high->node : NULL);
		node = xfs_rb_find(tree, &key, compare_key);
		assert_ptr_equal(node, low && low->key == key ? &low->node : NULL);
	}
}

static void test_unique_keys(void **state)
{
	static struct item items[ITEMS];
	struct xfs_rb_tree tree = {NULL};
	struct xfs_rand r = test_rand(1);

	(void)state;
	check_searches(&tree, items);
	for (unsigned int step = 0; step < 4000; step++) {
		struct item *item = &items[xfs_rand_below(&r, ITEMS)];

		if (item->in) {
			xfs_rb_erase(&tree, &item->node);
			item->in = false;
		} else {
			struct xfs_rb_node *there;

			item->key = (uint32_t)xfs_rand_below(&r, KEYS);
			there = xfs_rb_add(&tree, &item->node, compare);
			item->in = !there;
			if (there)
				assert_int_equal(item_of(there)->key, item->key);
		}
		if (step % 500 == 0)
			check_searches(&tree, items);
	}
	check_searches(&tree, items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique_keys),
	};

	test_seed_init(90);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
