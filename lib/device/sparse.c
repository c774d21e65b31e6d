/* SPDX-License-Identifier: MIT */
/* The radix tree of sparse.h: as high as its limit requires; nodes are allocated on first use. */
#include "device/sparse.h"

struct xfs_sparse_node {
	void *slot[XFS_SPARSE_SLOTS]; /* nodes, or chunks in the lowest level */
};

static unsigned int height_for(uint64_t limit)
{
	unsigned int height = 1;

	while (height * XFS_SPARSE_BITS < 64 &&
	       (limit ? limit - 1 : 0) >> (height * XFS_SPARSE_BITS))
		height++;
	return height;
}

static unsigned int slot_of(uint64_t index, unsigned int level)
{
	return (unsigned int)(index >> (level * XFS_SPARSE_BITS)) & (XFS_SPARSE_SLOTS - 1);
}

static bool in_reach(const struct xfs_sparse *s, uint64_t index)
{
	unsigned int bits = s->height * XFS_SPARSE_BITS;

	return bits >= 64 || index >> bits == 0;
}

void xfs_sparse_init(struct xfs_sparse *s, const struct xfs_mem *mem, uint64_t limit)
{
	*s = (struct xfs_sparse){.mem = mem, .height = height_for(limit)};
}

int xfs_sparse_set_limit(struct xfs_sparse *s, uint64_t limit)
{
	unsigned int height = height_for(limit);

	while (s->height < height) {
		if (s->root) {
			struct xfs_sparse_node *node = xfs_mem_zalloc(s->mem, sizeof(*node));

			if (!node)
				return -ENOMEM;
			node->slot[0] = s->root;
			s->root = node;
		}
		s->height++;
	}
	return 0;
}

/* The slot of the chunk; NULL if a node on its path does not exist. */
static void **find_slot(const struct xfs_sparse *s, uint64_t index)
{
	struct xfs_sparse_node *node = __atomic_load_n(&s->root, __ATOMIC_ACQUIRE);

	if (!in_reach(s, index))
		return NULL;
	for (unsigned int level = s->height - 1; node && level > 0; level--)
		node = __atomic_load_n(&node->slot[slot_of(index, level)], __ATOMIC_ACQUIRE);
	return node ? &node->slot[slot_of(index, 0)] : NULL;
}

void *xfs_sparse_lookup(const struct xfs_sparse *s, uint64_t index)
{
	void **slot = find_slot(s, index);

	return slot ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : NULL;
}

/* The node in *@place, allocated if there is none. */
static struct xfs_sparse_node *node_at(struct xfs_sparse *s, void **place)
{
	void *there = __atomic_load_n(place, __ATOMIC_ACQUIRE);
	struct xfs_sparse_node *fresh;

	if (there)
		return there;
	fresh = xfs_mem_zalloc(s->mem, sizeof(*fresh));
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(place, &there, (void *)fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	xfs_mem_free(s->mem, fresh);
	return there;
}

int xfs_sparse_insert(struct xfs_sparse *s, uint64_t index, void *chunk)
{
	struct xfs_sparse_node *node;
	void *none = NULL;

	ASSERT(in_reach(s, index));
	node = node_at(s, (void **)(void *)&s->root);
	for (unsigned int level = s->height - 1; node && level > 0; level--)
		node = node_at(s, &node->slot[slot_of(index, level)]);
	if (!node)
		return -ENOMEM;
	if (!__atomic_compare_exchange_n(&node->slot[slot_of(index, 0)], &none, chunk, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return -EEXIST;
	__atomic_add_fetch(&s->nr_chunks, 1, __ATOMIC_RELAXED);
	return 0;
}

void *xfs_sparse_replace(struct xfs_sparse *s, uint64_t index, void *chunk)
{
	void **slot = find_slot(s, index);
	void *old;

	ASSERT(slot && *slot && chunk);
	old = *slot;
	*slot = chunk;
	return old;
}

void *xfs_sparse_remove(struct xfs_sparse *s, uint64_t index)
{
	void **slot = find_slot(s, index);
	void *old = slot ? *slot : NULL;

	if (old) {
		*slot = NULL;
		s->nr_chunks--;
	}
	return old;
}

struct walk {
	uint64_t first, last;
	xfs_sparse_fn fn;
	void *ctx;
};

/* @base: the lowest chunk number under @node, which is @level levels above the chunks. */
static int walk_node(const struct walk *w, struct xfs_sparse_node *node, unsigned int level,
		     uint64_t base)
{
	unsigned int shift = level * XFS_SPARSE_BITS;

	for (unsigned int i = 0; i < XFS_SPARSE_SLOTS; i++) {
		uint64_t low = base + ((uint64_t)i << shift);
		uint64_t high = low + (((uint64_t)1 << shift) - 1);
		int error;

		if (!node->slot[i] || high < w->first)
			continue;
		if (low > w->last)
			break;
		if (level)
			error = walk_node(w, node->slot[i], level - 1, low);
		else
			error = w->fn(w->ctx, low, node->slot[i]);
		if (error)
			return error;
	}
	return 0;
}

int xfs_sparse_walk(struct xfs_sparse *s, uint64_t first, uint64_t last, xfs_sparse_fn fn,
		    void *ctx)
{
	const struct walk w = {.first = first, .last = last, .fn = fn, .ctx = ctx};

	return s->root ? walk_node(&w, s->root, s->height - 1, 0) : 0;
}

static void clear_node(struct xfs_sparse *s, struct xfs_sparse_node *node, unsigned int level,
		       void (*free_chunk)(void *ctx, void *chunk), void *ctx)
{
	for (unsigned int i = 0; i < XFS_SPARSE_SLOTS; i++) {
		if (!node->slot[i])
			continue;
		if (level)
			clear_node(s, node->slot[i], level - 1, free_chunk, ctx);
		else
			free_chunk(ctx, node->slot[i]);
	}
	xfs_mem_free(s->mem, node);
}

void xfs_sparse_clear(struct xfs_sparse *s, void (*free_chunk)(void *ctx, void *chunk), void *ctx)
{
	if (s->root)
		clear_node(s, s->root, s->height - 1, free_chunk, ctx);
	s->root = NULL;
	s->nr_chunks = 0;
}
