/* SPDX-License-Identifier: MIT */
/*
 * Goal: the red-black tree stays ordered, complete and balanced.
 * Method: seeded inserts and erases beside an array of flags; after every step
 * of small trees, and now and then of large ones, the rules are checked from the
 * root and both walks are compared with the flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/rbtree.h"

#define NR_KEYS 1024u

struct item {
	struct xfs_rb_node node;
	uint32_t key;
	bool in;
};

static struct item items[NR_KEYS];

static struct item *item_of(struct xfs_rb_node *node)
{
	return container_of(node, struct item, node);
}

/* Black nodes on every way down; fails the test when two ways differ. */
static unsigned int check_node(struct xfs_rb_node *node, struct xfs_rb_node *parent)
{
	unsigned int left, right;

	if (!node)
		return 1;
	assert_ptr_equal(node->parent, parent);
	if (node->red) {
		assert_non_null(parent);
		assert_false(parent->red);
	}
	left = check_node(node->left, node);
	right = check_node(node->right, node);
	assert_int_equal(left, right);
	return left + !node->red;
}

static void check_tree(struct xfs_rb_tree *tree, uint32_t nr_keys)
{
	struct xfs_rb_node *node = xfs_rb_first(tree);
	uint32_t i;

	check_node(tree->root, NULL);
	for (i = 0; i < nr_keys; i++) {
		if (!items[i].in)
			continue;
		assert_non_null(node);
		assert_int_equal(item_of(node)->key, i);
		node = xfs_rb_next(node);
	}
	assert_null(node);
}

static void insert_key(struct xfs_rb_tree *tree, uint32_t key)
{
	struct xfs_rb_node **link = &tree->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = key < item_of(parent)->key ? &parent->left : &parent->right;
	}
	xfs_rb_insert(tree, &items[key].node, parent, link);
}

static void run(uint32_t seed, uint32_t nr_keys, uint32_t steps, uint32_t check_every)
{
	struct xfs_rb_tree tree = { NULL };
	uint64_t state = seed;
	uint32_t i;

	for (i = 0; i < nr_keys; i++) {
		items[i].key = i;
		items[i].in = false;
	}
	for (i = 0; i < steps; i++) {
		uint32_t key;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		key = (uint32_t)(state >> 33) % nr_keys;
		if (items[key].in)
			xfs_rb_erase(&tree, &items[key].node);
		else
			insert_key(&tree, key);
		items[key].in = !items[key].in;
		if (i % check_every == 0)
			check_tree(&tree, nr_keys);
	}
	check_tree(&tree, nr_keys);
}

static void test_small_trees(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 200; seed++)
		run(seed, 2 + seed % 30, 200, 1);
}

static void test_large_tree(void **state)
{
	(void)state;
	run(4711, NR_KEYS, 100000, 997);
}

static void test_ascending_then_emptied(void **state)
{
	struct xfs_rb_tree tree = { NULL };
	uint32_t i;

	(void)state;
	for (i = 0; i < NR_KEYS; i++) {
		items[i].key = i;
		items[i].in = true;
		insert_key(&tree, i);
	}
	check_tree(&tree, NR_KEYS);
	for (i = 0; i < NR_KEYS; i++) {
		xfs_rb_erase(&tree, &items[i].node);
		items[i].in = false;
		check_node(tree.root, NULL);
	}
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_trees),
		cmocka_unit_test(test_large_tree),
		cmocka_unit_test(test_ascending_then_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
