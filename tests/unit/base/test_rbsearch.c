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
		const struct xfs_rb_node *node = xfs_rb_lower_bound(tree, &key, compare_key);

		assert_ptr_equal(node, low ? &low->node : NULL);
		node = xfs_rb_floor(tree, &key, compare_key);
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
	for (unsigned int i = 0; i < ITEMS; i++)
		xfs_rb_clear_node(&items[i].node);
	for (unsigned int step = 0; step < 4000; step++) {
		struct item *item = &items[xfs_rand_below(&r, ITEMS)];

		if (item->in) {
			assert_true(xfs_rb_is_linked(&item->node));
			xfs_rb_erase(&tree, &item->node);
			xfs_rb_clear_node(&item->node);
			item->in = false;
		} else {
			struct xfs_rb_node *there;

			assert_false(xfs_rb_is_linked(&item->node));
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

static void test_equal_keys(void **state)
{
	static struct item items[ITEMS];
	struct xfs_rb_tree tree = {NULL};
	struct xfs_rand r = test_rand(2);
	const struct item *before = NULL;
	unsigned int n = 0;

	(void)state;
	for (uint32_t i = 0; i < ITEMS; i++) {
		items[i].key = (uint32_t)xfs_rand_below(&r, 20);
		items[i].serial = i;
		items[i].in = true;
		xfs_rb_add_multi(&tree, &items[i].node, compare);
	}
	for (struct xfs_rb_node *node = xfs_rb_first(&tree); node; node = xfs_rb_next(node)) {
		const struct item *item = item_of(node);

		if (before && before->key == item->key)
			assert_true(before->serial < item->serial);
		else if (before)
			assert_true(before->key < item->key);
		before = item;
		n++;
	}
	assert_int_equal(n, ITEMS);
	/* Of equal ones the first, and the last. */
	for (uint32_t key = 0; key < 20; key++) {
		struct xfs_rb_node *low = xfs_rb_lower_bound(&tree, &key, compare_key);
		struct xfs_rb_node *high = xfs_rb_floor(&tree, &key, compare_key);

		assert_true(!xfs_rb_prev(low) || item_of(xfs_rb_prev(low))->key < key);
		assert_true(!xfs_rb_next(high) || item_of(xfs_rb_next(high))->key > key);
		assert_int_equal(item_of(low)->key, key);
		assert_int_equal(item_of(high)->key, key);
	}
}

/* Each node in turn gives its place to another struct. */
static void test_replace(void **state)
{
	static struct item old[64], new[64];
	struct xfs_rb_tree tree = {NULL};
	struct xfs_rb_node *node;

	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		old[i].key = new[i].key = i * 37 % 64;
		assert_null(xfs_rb_add(&tree, &old[i].node, compare));
	}
	for (uint32_t i = 0; i < 64; i++)
		xfs_rb_replace(&tree, &old[i].node, &new[i].node);
	node = xfs_rb_first(&tree);
	for (uint32_t key = 0; key < 64; key++, node = xfs_rb_next(node)) {
		assert_int_equal(item_of(node)->key, key);
		assert_true(item_of(node) >= new &&item_of(node) < new + 64);
	}
	assert_null(node);
	for (uint32_t i = 0; i < 64; i++)
		xfs_rb_erase(&tree, &new[i].node);
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique_keys),
		cmocka_unit_test(test_equal_keys),
		cmocka_unit_test(test_replace),
	};

	test_seed_init(90);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
