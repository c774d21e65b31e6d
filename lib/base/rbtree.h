/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree whose nodes are members of the objects that they order, so that inserting
 * allocates nothing.  The owner walks down by its own keys and says where the new node belongs:
 *
 *	struct xfs_rb_node **link = &tree->root, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = key < key_of(parent) ? &parent->left : &parent->right;
 *	}
 *	xfs_rb_insert(tree, node, parent, link);
 *
 * or lets xfs_rb_add() and the searches below do it with a comparison function.  Not locked.
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include "base/compiler.h"

struct xfs_rb_node {
	struct xfs_rb_node *parent, *left, *right;
	bool red;
};

struct xfs_rb_tree {
	struct xfs_rb_node *root;
};

/* @link is the NULL pointer in @parent (or the root) where @node goes. */
void xfs_rb_insert(struct xfs_rb_tree *tree, struct xfs_rb_node *node, struct xfs_rb_node *parent,
		   struct xfs_rb_node **link);
void xfs_rb_erase(struct xfs_rb_tree *tree, struct xfs_rb_node *node);

/* In key order; NULL at the end. */
struct xfs_rb_node *xfs_rb_first(const struct xfs_rb_tree *tree);
struct xfs_rb_node *xfs_rb_next(const struct xfs_rb_node *node);

/* Negative, 0 or positive, as @a comes before, is equal to or comes after @b. */
typedef int (*xfs_rb_cmp)(const struct xfs_rb_node *a, const struct xfs_rb_node *b);

/* NULL, or the existing node with an equal key, and nothing was inserted. */
struct xfs_rb_node *xfs_rb_add(struct xfs_rb_tree *tree, struct xfs_rb_node *node, xfs_rb_cmp cmp);

/*
 * Search by a key that need not be a node: negative, 0 or positive as @key comes before, is equal
 * to or comes after @node.
 */
typedef int (*xfs_rb_key_cmp)(const void *key, const struct xfs_rb_node *node);

/* A node with that key; NULL if there is none. */
struct xfs_rb_node *xfs_rb_find(const struct xfs_rb_tree *tree, const void *key,
				xfs_rb_key_cmp cmp);
/* The last node that does not come after @key; NULL if all do. */
struct xfs_rb_node *xfs_rb_floor(const struct xfs_rb_tree *tree, const void *key,
				 xfs_rb_key_cmp cmp);

#define xfs_rb_entry(ptr, type, member) container_of(ptr, type, member)

#endif
