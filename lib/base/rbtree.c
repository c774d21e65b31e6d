/* SPDX-License-Identifier: MIT */
/*
 * The rules that keep the height below 2 log2(n + 1): the root is black, a red node has black
 * children, and every path down from a node has the same number of black nodes.  An absent child
 * counts as black.
 */
#include "base/rbtree.h"

static inline bool is_red(const struct xfs_rb_node *node)
{
	return node && node->red;
}

/* Put @new in the place of @old; @old keeps its own pointers. */
static void replace_child(struct xfs_rb_tree *tree, struct xfs_rb_node *old,
			  struct xfs_rb_node *new)
{
	struct xfs_rb_node *parent = old->parent;

	if (!parent)
		tree->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

/* The right (or left) child of @node becomes its parent. */
static void rotate(struct xfs_rb_tree *tree, struct xfs_rb_node *node, bool left)
{
	struct xfs_rb_node *up = left ? node->right : node->left;
	struct xfs_rb_node *middle = left ? up->left : up->right;

	replace_child(tree, node, up);
	if (left) {
		node->right = middle;
		up->left = node;
	} else {
		node->left = middle;
		up->right = node;
	}
	if (middle)
		middle->parent = node;
	node->parent = up;
}

void xfs_rb_insert(struct xfs_rb_tree *tree, struct xfs_rb_node *node, struct xfs_rb_node *parent,
		   struct xfs_rb_node **link)
{
	node->parent = parent;
	node->left = node->right = NULL;
	node->red = true;
	*link = node;

	/* Only one rule can be violated: @node and its parent are both red. */
	while (is_red(node->parent)) {
		struct xfs_rb_node *grand, *uncle;
		bool on_left;

		parent = node->parent;
		grand = parent->parent;
		on_left = parent == grand->left;
		uncle = on_left ? grand->right : grand->left;
		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (node == (on_left ? parent->right : parent->left)) {
			rotate(tree, parent, on_left);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		rotate(tree, grand, !on_left);
		break;
	}
	tree->root->red = false;
}

/* Restore the rules: paths through @node (maybe absent, below @parent) lack one black node. */
static void erase_fixup(struct xfs_rb_tree *tree, struct xfs_rb_node *node,
			struct xfs_rb_node *parent)
{
	while (node != tree->root && !is_red(node)) {
		bool on_left = node == parent->left;
		struct xfs_rb_node *sibling = on_left ? parent->right : parent->left;
		struct xfs_rb_node *near, *far;

		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, on_left);
			sibling = on_left ? parent->right : parent->left;
		}
		near = on_left ? sibling->left : sibling->right;
		far = on_left ? sibling->right : sibling->left;
		if (!is_red(near) && !is_red(far)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		if (!is_red(far)) {
			near->red = false;
			sibling->red = true;
			rotate(tree, sibling, !on_left);
			far = sibling;
			sibling = near;
		}
		sibling->red = parent->red;
		parent->red = false;
		far->red = false;
		rotate(tree, parent, on_left);
		node = tree->root;
		break;
	}
	if (node)
		node->red = false;
}

void xfs_rb_erase(struct xfs_rb_tree *tree, struct xfs_rb_node *node)
{
	struct xfs_rb_node *child, *parent;
	bool lost_black;

	if (node->left && node->right) {
		/* The next node, which has no left child, takes this place. */
		struct xfs_rb_node *next = node->right;

		while (next->left)
			next = next->left;
		child = next->right;
		lost_black = !next->red;
		if (next->parent == node) {
			parent = next;
		} else {
			parent = next->parent;
			replace_child(tree, next, child);
			next->right = node->right;
			next->right->parent = next;
		}
		replace_child(tree, node, next);
		next->left = node->left;
		next->left->parent = next;
		next->red = node->red;
	} else {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		lost_black = !node->red;
		replace_child(tree, node, child);
	}
	if (lost_black)
		erase_fixup(tree, child, parent);
}

struct xfs_rb_node *xfs_rb_first(const struct xfs_rb_tree *tree)
{
	struct xfs_rb_node *node = tree->root;

	while (node && node->left)
		node = node->left;
	return node;
}

struct xfs_rb_node *xfs_rb_next(const struct xfs_rb_node *node)
{
	if (node->right) {
		node = node->right;
		while (node->left)
			node = node->left;
		return (struct xfs_rb_node *)(uintptr_t)node;
	}
	while (node->parent && node == node->parent->right)
		node = node->parent;
	return node->parent;
}

struct xfs_rb_node *xfs_rb_add(struct xfs_rb_tree *tree, struct xfs_rb_node *node, xfs_rb_cmp cmp)
{
	struct xfs_rb_node **link = &tree->root, *parent = NULL;

	while (*link) {
		int order = cmp(node, *link);

		if (!order)
			return *link;
		parent = *link;
		link = order < 0 ? &parent->left : &parent->right;
	}
	xfs_rb_insert(tree, node, parent, link);
	return NULL;
}

struct xfs_rb_node *xfs_rb_find(const struct xfs_rb_tree *tree, const void *key, xfs_rb_key_cmp cmp)
{
	struct xfs_rb_node *node = tree->root;

	while (node) {
		int order = cmp(key, node);

		if (!order)
			return node;
		node = order < 0 ? node->left : node->right;
	}
	return NULL;
}

struct xfs_rb_node *xfs_rb_floor(const struct xfs_rb_tree *tree, const void *key,
				 xfs_rb_key_cmp cmp)
{
	struct xfs_rb_node *node = tree->root, *best = NULL;

	while (node) {
		if (cmp(key, node) >= 0) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}
