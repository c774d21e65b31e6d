/* SPDX-License-Identifier: MIT */
/*
 * Memory.  Every allocation of the library goes through here: only mem.c knows malloc and the
 * host's hooks, and a debug build can make the n-th call fail.
 *
 * Threads may allocate and free at once, and a block may be freed by another thread than the one
 * that allocated it; the hooks of a host with threads must allow that.  Pools are not locked.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <xfswrite/env.h>
#include "base/compiler.h"
#include "base/reserve.h"
#include "base/slab.h"

struct xfs_budget;

/* The source of memory; without hooks, the host's malloc. */
struct xfs_mem {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);
	void *(*realloc)(void *ctx, void *ptr, size_t size);
	void (*free)(void *ctx, void *ptr);
	struct xfs_budget *budget;	/* NULL: nothing is counted, and there is no reserve */
};

void xfs_mem_init(struct xfs_mem *mem, const struct xfs_env *env);
/* The same with a caller's hooks, of any version: 0, or -EINVAL with a text. */
int xfs_mem_take(struct xfs_mem *mem, const struct xfs_env *given) XFS_MUST_CHECK;

/* NULL: out of memory.  @size must not be 0. */
void *xfs_mem_alloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_zalloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_realloc(const struct xfs_mem *mem, void *ptr, size_t size) XFS_MUST_CHECK;
/* realloc() that may draw on the reserve; @old_size: the size of @ptr, if that is not NULL. */
void *xfs_mem_resize(const struct xfs_mem *mem, void *ptr, size_t old_size,
		     size_t size) XFS_MUST_CHECK;
void *xfs_mem_dup(const struct xfs_mem *mem, const void *src, size_t size) XFS_MUST_CHECK;
void xfs_mem_free(const struct xfs_mem *mem, void *ptr);

/*
 * Aligned blocks for I/O (@align a power of two up to 4096, at least 512 for O_DIRECT); free only
 * with xfs_mem_free_aligned().
 */
void *xfs_mem_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_mem_free_aligned(const struct xfs_mem *mem, void *ptr);
/* The same for owners that remember the size, which is cheaper under a limit. */
void *xfs_mem_alloc_sized(const struct xfs_mem *mem, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_mem_free_sized(const struct xfs_mem *mem, void *ptr, size_t size);

/* Size of the huge pages that many hosts have. */
#define XFS_HUGE_PAGE_BYTES	(2u << 20)
/* Advise the host to use huge pages for [@p, +@bytes); nothing depends on it. */
void xfs_mem_ask_huge(void *p, size_t bytes);
/* True if xfs_mem_alloc_huge() may be used: memory comes from the host's malloc without a limit. */
bool xfs_mem_has_huge(const struct xfs_mem *mem);
/*
 * Allocate XFS_HUGE_PAGE_BYTES that will be written completely: one huge page where the host has
 * them, which takes one page fault instead of 512.  Free with xfs_mem_free_sized().
 */
void *xfs_mem_alloc_huge(const struct xfs_mem *mem) XFS_MUST_CHECK;

/*
 * The budget of a mount: a limit for all memory that it takes from the host, and a reserve.
 *
 * (MEM-1) With a limit, everything taken from the host is counted, including the reserve and the
 *     headers that remember sizes.  A request beyond the limit fails as if the host were out of
 *     memory.
 * (MEM-2) Only a thread in a critical section draws on the reserve, and only when the host has no
 *     memory.  Such a thread has changed something that cannot be undone, or writes out data whose
 *     memory others wait for.
 * (MEM-3) Before entering a critical section, a thread ensures that the reserve can serve it:
 *     transactions claim their worst case before they begin (trans/claim.c).
 */
struct xfs_budget {
	uint64_t limit;		/* (c) bytes; 0: no limit, nothing is counted */
	uint64_t used;		/* (a) bytes taken from the host */
	uint64_t peak;		/* (a) maximum of used */
	uint64_t failures;	/* (a) requests refused by the host or the limit */
	struct xfs_reserve reserve;
	struct xfs_slabs slabs;	/* memory of pools; unused with a limit or hooks */
};

/* Give @mem a budget, without a reserve at first; false: out of memory. */
bool xfs_budget_create(struct xfs_mem *mem, uint64_t limit) XFS_MUST_CHECK;
/* Everything allocated since the budget was made has been freed. */
void xfs_budget_destroy(struct xfs_mem *mem);
/* Add @bytes to the reserve; false: out of memory, or there are too many regions. */
bool xfs_budget_grow_reserve(const struct xfs_mem *mem, size_t bytes) XFS_MUST_CHECK;

static inline uint64_t xfs_mem_failures(const struct xfs_mem *mem)
{
	return mem->budget ? __atomic_load_n(&mem->budget->failures, __ATOMIC_RELAXED) : 0;
}

/* Bytes left below the limit; UINT64_MAX without one. */
uint64_t xfs_mem_left(const struct xfs_mem *mem);
/* Upper bound of what an allocation of @size counts under a limit; @align 0: not aligned. */
size_t xfs_mem_cost(size_t align, size_t size);

/*
 * Enter a critical section of @mem's mount.  NULL: suspend any critical section, for work that may
 * fail and may need much.  Returns the argument of xfs_mem_critical_leave().
 */
struct xfs_budget *xfs_mem_critical_enter(const struct xfs_mem *mem);
void xfs_mem_critical_leave(struct xfs_budget *before);
bool xfs_mem_is_critical(const struct xfs_mem *mem);

/*
 * Recycled objects of one size: the first touch of new memory costs more than copying it.  Contents
 * of a recycled object are stale.  Not locked: the owner's lock protects the pool.  @object_size
 * must hold a pointer.  Without hooks and limit, objects come from slabs (base/slab.h) in batches.
 */
struct xfs_pool {
	const struct xfs_mem *mem;
	struct xfs_depot *depot;	/* NULL: each object is allocated from the host */
	void *free_list;
	size_t object_size;
	size_t align;
	uint32_t nr_free, max_free;	/* beyond max_free, objects are returned to their source */
	uint32_t batch;			/* objects taken from the depot at once */
};
void xfs_pool_init(struct xfs_pool *pool, const struct xfs_mem *mem, size_t object_size,
		   size_t align, uint32_t max_free);
void *xfs_pool_get(struct xfs_pool *pool) XFS_MUST_CHECK;
/* Fill the pool to @n objects, so that @n gets cannot fail; false: out of memory. */
bool xfs_pool_fill(struct xfs_pool *pool, uint32_t n) XFS_MUST_CHECK;
void xfs_pool_put(struct xfs_pool *pool, void *object);
void xfs_pool_drain(struct xfs_pool *pool);

/*
 * Fault injection for tests: the @nth call from now on fails (1 = the next), once, or all from
 * there on; 0 disarms.  xfs_mem_fail_met() returns whether one failed, and disarms.  Calls of all
 * threads and file systems count.  Without XFSWRITE_DEBUG these do nothing.
 */
void xfs_mem_fail_at(unsigned int nth, bool from_there_on);
bool xfs_mem_fail_met(void);
/* Between (true) and (false), calls of this thread neither count nor fail; nests. */
void xfs_mem_fail_exempt(bool begin);

#endif
