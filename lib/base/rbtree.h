/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree whose nodes stand inside the objects they order, so that
 * inserting allocates nothing.  The owner walks down by its own keys and says
 * where the new node belongs:
 *
 *	struct xfs_rb_node **link = &tree->root, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = key < key_of(parent) ? &parent->left : &parent->right;
 *	}
 *	xfs_rb_insert(tree, node, parent, link);
 *
 * or lets xfs_rb_add() and the searches below do it with a comparison.  Not
 * locked.
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

/* @link is the empty pointer in @parent (or the root's) where @node goes. */
void xfs_rb_insert(struct xfs_rb_tree *tree, struct xfs_rb_node *node, struct xfs_rb_node *parent,
		   struct xfs_rb_node **link);
void xfs_rb_erase(struct xfs_rb_tree *tree, struct xfs_rb_node *node);

/* In key order; NULL at the end. */
struct xfs_rb_node *xfs_rb_first(const struct xfs_rb_tree *tree);
struct xfs_rb_node *xfs_rb_next(const struct xfs_rb_node *node);

/* Negative, 0 or positive, as @a stands before, with or behind @b. */
typedef int (*xfs_rb_cmp)(const struct xfs_rb_node *a, const struct xfs_rb_node *b);

/* NULL, or the node of equal key that is there already: then nothing was done. */
struct xfs_rb_node *xfs_rb_add(struct xfs_rb_tree *tree, struct xfs_rb_node *node, xfs_rb_cmp cmp);

/*
 * Search by a key that need not be a node: negative, 0 or positive as @key
 * stands before, with or behind @node.
 */
typedef int (*xfs_rb_key_cmp)(const void *key, const struct xfs_rb_node *node);

/* Some node of that key; NULL when there is none. */
struct xfs_rb_node *xfs_rb_find(const struct xfs_rb_tree *tree, const void *key,
				xfs_rb_key_cmp cmp);
/* The last node that does not stand behind @key; NULL when all do. */
struct xfs_rb_node *xfs_rb_floor(const struct xfs_rb_tree *tree, const void *key,
				 xfs_rb_key_cmp cmp);

#define xfs_rb_entry(ptr, type, member) container_of(ptr, type, member)

#endif
