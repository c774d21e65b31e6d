/* SPDX-License-Identifier: MIT */
/*
 * A sparse array of equal chunks of memory: a radix tree from chunk number to
 * chunk, for devices of any size of which little is ever written.
 *
 * lookup and insert may run in any number of threads at once (insert sets each
 * pointer once, atomically); replace, remove, clear, set_limit and walk need
 * the caller to keep everybody else out.
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
 * Put @chunk in if there is none yet.  0, -ENOMEM, or -EEXIST when another
 * thread was first; what the caller passed in is then still its own.
 */
int xfs_sparse_insert(struct xfs_sparse *s, uint64_t index, void *chunk) XFS_MUST_CHECK;

/* Another pointer for a chunk that exists; returns the old one. */
void *xfs_sparse_replace(struct xfs_sparse *s, uint64_t index, void *chunk);

/* Takes it out and returns it; NULL when there was none. */
void *xfs_sparse_remove(struct xfs_sparse *s, uint64_t index);

/*
 * Call @fn for each chunk with a number in [@first, @last], ascending, until it
 * returns something else than 0, which is returned.  @fn may remove its chunk.
 */
typedef int (*xfs_sparse_fn)(void *ctx, uint64_t index, void *chunk);
int xfs_sparse_walk(struct xfs_sparse *s, uint64_t first, uint64_t last, xfs_sparse_fn fn,
		    void *ctx);

/* Empty it: @free_chunk gets each chunk, then the nodes are freed. */
void xfs_sparse_clear(struct xfs_sparse *s, void (*free_chunk)(void *ctx, void *chunk), void *ctx);

#endif
