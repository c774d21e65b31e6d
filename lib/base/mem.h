/* SPDX-License-Identifier: MIT */
/*
 * Memory.  Every allocation of the library goes through here: only mem.c knows
 * malloc and the host's hooks, and a debug build can make the n-th call fail.
 *
 * Allocating and freeing may happen in any threads at once, and a block may be
 * freed in another thread than it came from: the host's hooks must bear that
 * when the host uses threads.  Pools are not locked.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <xfswrite/env.h>
#include "base/compiler.h"

/* Where memory comes from; NULL is the host's malloc. */
struct xfs_mem {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);
	void *(*realloc)(void *ctx, void *ptr, size_t size);
	void (*free)(void *ctx, void *ptr);
};

void xfs_mem_init(struct xfs_mem *mem, const struct xfs_env *env);

/* NULL: out of memory.  @size must not be 0. */
void *xfs_mem_alloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_zalloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_realloc(const struct xfs_mem *mem, void *ptr, size_t size) XFS_MUST_CHECK;
void *xfs_mem_dup(const struct xfs_mem *mem, const void *src, size_t size) XFS_MUST_CHECK;
void xfs_mem_free(const struct xfs_mem *mem, void *ptr);

/*
 * Aligned blocks for I/O (@align a power of two, at least 512 for O_DIRECT);
 * give back with xfs_mem_free_aligned only.
 */
void *xfs_mem_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_mem_free_aligned(const struct xfs_mem *mem, void *ptr);

/*
 * Objects of one size that are recycled, because memory touched for the first
 * time costs more than copying it.  Contents of a recycled object are stale.
 * Not locked: the owner's lock protects it.  @object_size must hold a pointer.
 */
struct xfs_pool {
	const struct xfs_mem *mem;
	void *free_list;
	size_t object_size;
	size_t align;
	uint32_t nr_free, max_free;	/* more than max_free go back to the host */
};
void xfs_pool_init(struct xfs_pool *pool, const struct xfs_mem *mem, size_t object_size,
		   size_t align, uint32_t max_free);
void *xfs_pool_get(struct xfs_pool *pool) XFS_MUST_CHECK;
/* Have @n objects in the pool, so that as many gets cannot fail; false: no memory. */
bool xfs_pool_fill(struct xfs_pool *pool, uint32_t n) XFS_MUST_CHECK;
void xfs_pool_put(struct xfs_pool *pool, void *object);
void xfs_pool_drain(struct xfs_pool *pool);

/*
 * Fault injection for tests: the @nth call from now on fails (1 = the next),
 * once or from there on; 0 disarms.  xfs_mem_fail_met() tells whether one
 * failed and disarms.  Calls of all threads and all file systems count.
 * Without XFSWRITE_DEBUG these do nothing.
 */
void xfs_mem_fail_at(unsigned int nth, bool from_there_on);
bool xfs_mem_fail_met(void);

#endif
