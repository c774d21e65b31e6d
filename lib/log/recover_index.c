/* SPDX-License-Identifier: MIT */
/*
 * Index of recovery's objects by number.  A hostile log may choose its numbers so that all meet in
 * one slot of a hash table, so the index is a tree.
 */
#include "log/log_priv.h"

static_assert(offsetof(struct xlog_key, node) == 0, "node comes first");

static struct xlog_key *to_key(struct xfs_rb_node *node)
{
	return (struct xlog_key *)(void *)node;
}

static int cmp(const struct xlog_key *key, uint64_t a, uint64_t b)
{
	if (a != key->a)
		return a < key->a ? -1 : 1;
	return b < key->b ? -1 : b > key->b;
}

struct xlog_key *xlog_index_from(struct xlog_index *index, uint64_t a, uint64_t b)
{
	struct xfs_rb_node *node = index->tree.root;
	struct xlog_key *best = NULL;

	while (node) {
		int order = cmp(to_key(node), a, b);

		index->steps++;
		if (order <= 0)
			best = to_key(node);
		if (!order)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return best;
}

struct xlog_key *xlog_index_find(struct xlog_index *index, uint64_t a, uint64_t b)
{
	struct xlog_key *key = xlog_index_from(index, a, b);

	return key && key->a == a && key->b == b ? key : NULL;
}

struct xlog_key *xlog_index_next(struct xlog_index *index, const struct xlog_key *key)
{
	struct xfs_rb_node *next = xfs_rb_next(&key->node);

	index->steps++;
	return next ? to_key(next) : NULL;
}

void xlog_index_add(struct xlog_index *index, struct xlog_key *key)
{
	struct xfs_rb_node **link = &index->tree.root, *parent = NULL;

	while (*link) {
		parent = *link;
		index->steps++;
		link = cmp(to_key(parent), key->a, key->b) < 0 ? &parent->left : &parent->right;
	}
	xfs_rb_insert(&index->tree, &key->node, parent, link);
}

struct xlog_key *xlog_index_first(const struct xlog_index *index)
{
	struct xfs_rb_node *first = xfs_rb_first(&index->tree);

	return first ? to_key(first) : NULL;
}

void xlog_index_erase(struct xlog_index *index, struct xlog_key *key)
{
	xfs_rb_erase(&index->tree, &key->node);
}
