/* SPDX-License-Identifier: MIT */
/*
 * A sparse array of equal chunks of memory: a radix tree from chunk number to chunk, for devices of
 * any size that are mostly unwritten.
 *
 * lookup and insert may run in any number of threads at once (insert sets each pointer once,
 * atomically).  For replace, remove, clear, set_limit and walk the caller keeps all other threads
 * out.
 */
#ifndef DEVICE_SPARSE_H
#define DEVICE_SPARSE_H

#include "base/mem.h"

#define XFS_SPARSE_BITS	 9
#define XFS_SPARSE_SLOTS (1u << XFS_SPARSE_BITS)

struct xfs_sparse_node;

struct xfs_sparse {
	const struct xfs_mem *mem;
	struct xfs_sparse_node *root; /* NULL: empty */
	unsigned int height;	      /* levels: chunk numbers below 2^(9 * height) */
	uint64_t nr_chunks;	      /* atomic */
};

/* Chunk numbers are below @limit. */
void xfs_sparse_init(struct xfs_sparse *s, const struct xfs_mem *mem, uint64_t limit);

/* Make room for chunk numbers below @limit; -ENOMEM.  Never shrinks. */
int xfs_sparse_set_limit(struct xfs_sparse *s, uint64_t limit) XFS_MUST_CHECK;

void *xfs_sparse_lookup(const struct xfs_sparse *s, uint64_t index);

/*
 * Insert @chunk if its slot is empty.  0, -ENOMEM, or -EEXIST if another thread was first; on an
 * error @chunk still belongs to the caller.
 */
int xfs_sparse_insert(struct xfs_sparse *s, uint64_t index, void *chunk) XFS_MUST_CHECK;

/* Replace the pointer of an existing chunk; returns the old one. */
void *xfs_sparse_replace(struct xfs_sparse *s, uint64_t index, void *chunk);

/* Remove a chunk and return it; NULL if there was none. */
void *xfs_sparse_remove(struct xfs_sparse *s, uint64_t index);

/*
 * Call @fn for each chunk with a number in [@first, @last], ascending, until it returns non-zero,
 * which is returned.  @fn may remove its chunk.
 */
typedef int (*xfs_sparse_fn)(void *ctx, uint64_t index, void *chunk);
int xfs_sparse_walk(struct xfs_sparse *s, uint64_t first, uint64_t last, xfs_sparse_fn fn,
		    void *ctx);

/* Empty the array: pass each chunk to @free_chunk, then free the nodes. */
void xfs_sparse_clear(struct xfs_sparse *s, void (*free_chunk)(void *ctx, void *chunk), void *ctx);

#endif
