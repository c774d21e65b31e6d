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
struct xfs_rb_node *xfs_rb_last(const struct xfs_rb_tree *tree);
struct xfs_rb_node *xfs_rb_next(const struct xfs_rb_node *node);
struct xfs_rb_node *xfs_rb_prev(const struct xfs_rb_node *node);

#endif
