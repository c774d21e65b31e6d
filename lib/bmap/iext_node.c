/* SPDX-License-Identifier: MIT */
/*
 * The inner nodes of the in-core extent tree: paths, keys, adding and removing children.  This
 * code keeps (IEXT-2) and (IEXT-3) of iext.c.
 */
#include "bmap/bmap_priv.h"

#define NODE_MIN_ENTRIES (XFS_IEXT_NODE_ENTRIES / 2)

void xfs_iext_find_path(const struct xfs_ifork *ifp, xfs_fileoff_t first,
			struct xfs_iext_path *path)
{
	struct xfs_iext_node *node = ifp->if_root;

	for (unsigned int level = ifp->if_height - 1u; level-- > 0;) {
		path->node[level] = node;
		path->idx[level] = xfs_iext_node_find(node, first);
		node = node->ptrs[path->idx[level]];
	}
}

void xfs_iext_set_key(const struct xfs_ifork *ifp, const struct xfs_iext_path *path,
		      unsigned int level, xfs_fileoff_t first)
{
	for (; level < ifp->if_height - 1u; level++) {
		path->node[level]->keys[path->idx[level]] = first;
		if (path->idx[level] > 0)
			return;
	}
}

void xfs_iext_rekey(const struct xfs_ifork *ifp, xfs_fileoff_t old_first, xfs_fileoff_t first)
{
	struct xfs_iext_path path;

	if (ifp->if_height < 2 || old_first == first)
		return;
	xfs_iext_find_path(ifp, old_first, &path);
	xfs_iext_set_key(ifp, &path, 0, first);
}

static void node_insert(struct xfs_iext_node *node, unsigned int at, uint64_t key, void *ptr)
{
	ASSERT(node->count < XFS_IEXT_NODE_ENTRIES);
	memmove(&node->keys[at + 1], &node->keys[at], (size_t)(node->count - at) * sizeof(node->keys[0]));
	memmove(&node->ptrs[at + 1], &node->ptrs[at], (size_t)(node->count - at) * sizeof(node->ptrs[0]));
	node->keys[at] = key;
	node->ptrs[at] = ptr;
	node->count++;
}

static void node_delete(struct xfs_iext_node *node, unsigned int at)
{
	node->count--;
	memmove(&node->keys[at], &node->keys[at + 1], (size_t)(node->count - at) * sizeof(node->keys[0]));
	memmove(&node->ptrs[at], &node->ptrs[at + 1], (size_t)(node->count - at) * sizeof(node->ptrs[0]));
}

static void node_move(struct xfs_iext_node *to, struct xfs_iext_node *from, unsigned int first)
{
	uint64_t n = from->count - first;

	memcpy(&to->keys[to->count], &from->keys[first], (size_t)n * sizeof(to->keys[0]));
	memcpy(&to->ptrs[to->count], &from->ptrs[first], (size_t)n * sizeof(to->ptrs[0]));
	to->count += n;
	from->count = first;
}

unsigned int xfs_iext_nodes_needed(const struct xfs_ifork *ifp, const struct xfs_iext_path *path)
{
	unsigned int need = 0;

	for (unsigned int level = 0; level < ifp->if_height - 1u; level++) {
		if (path->node[level]->count < XFS_IEXT_NODE_ENTRIES)
			return need;
		need++;
	}
	return need + 1;
}

void xfs_iext_add_child(struct xfs_ifork *ifp, const struct xfs_iext_path *path, uint64_t key,
			void *ptr, struct xfs_iext_spare *spare)
{
	unsigned int level;
	struct xfs_iext_node *root;

	for (level = 0; level < ifp->if_height - 1u; level++) {
		struct xfs_iext_node *node = path->node[level], *right;
		unsigned int at = path->idx[level] + 1;

		if (node->count < XFS_IEXT_NODE_ENTRIES) {
			node_insert(node, at, key, ptr);
			return;
		}
		right = xfs_iext_spare_take(spare);
		right->count = 0;
		if (at == XFS_IEXT_NODE_ENTRIES) {
			node_insert(right, 0, key, ptr);
		} else {
			node_move(right, node, XFS_IEXT_NODE_ENTRIES / 2);
			if (at <= node->count)
				node_insert(node, at, key, ptr);
			else
				node_insert(right, at - (unsigned int)node->count, key, ptr);
		}
		key = right->keys[0];
		ptr = right;
	}
	root = xfs_iext_spare_take(spare);
	root->count = 2;
	root->keys[0] =
		level == 0 ? xfs_iext_rec_start(&((struct xfs_iext_leaf *)ifp->if_root)->recs[0])
			   : ((struct xfs_iext_node *)ifp->if_root)->keys[0];
	root->ptrs[0] = ifp->if_root;
	root->keys[1] = key;
	root->ptrs[1] = ptr;
	ifp->if_root = root;
	ifp->if_height++;
}

void xfs_iext_drop_child(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_path *path)
{
	for (unsigned int level = 0; level < ifp->if_height - 1u; level++) {
		struct xfs_iext_node *node = path->node[level], *parent, *other;
		unsigned int idx;

		node_delete(node, path->idx[level]);
		if (node->count && path->idx[level] == 0)
			xfs_iext_set_key(ifp, path, level + 1, node->keys[0]);
		if (level == ifp->if_height - 2u || node->count >= NODE_MIN_ENTRIES)
			break;

		parent = path->node[level + 1];
		idx = path->idx[level + 1];
		if (node->count == 0) {
			xfs_free(mp, node);
			continue;
		}
		other = idx > 0 ? parent->ptrs[idx - 1] : NULL;
		if (other && other->count + node->count <= XFS_IEXT_NODE_ENTRIES) {
			node_move(other, node, 0);
			xfs_free(mp, node);
			continue;
		}
		other = idx + 1 < parent->count ? parent->ptrs[idx + 1] : NULL;
		if (!other || other->count + node->count > XFS_IEXT_NODE_ENTRIES)
			break;
		node_move(node, other, 0);
		xfs_free(mp, other);
		path->idx[level + 1]++;
	}
	while (ifp->if_height > 1) {
		struct xfs_iext_node *root = ifp->if_root;

		if (root->count > 1)
			break;
		ifp->if_root = root->ptrs[0];
		ifp->if_height--;
		xfs_free(mp, root);
	}
}
