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
#include "base/reserve.h"
#include "base/slab.h"

struct xfs_budget;

/* Where memory comes from; NULL is the host's malloc. */
struct xfs_mem {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);
	void *(*realloc)(void *ctx, void *ptr, size_t size);
	void (*free)(void *ctx, void *ptr);
	struct xfs_budget *budget;	/* NULL: nothing is counted, and there is no reserve */
};

void xfs_mem_init(struct xfs_mem *mem, const struct xfs_env *env);
/* The same of hooks that come from a caller, of any size: 0, or -EINVAL with a text. */
int xfs_mem_take(struct xfs_mem *mem, const struct xfs_env *given) XFS_MUST_CHECK;

/* NULL: out of memory.  @size must not be 0. */
void *xfs_mem_alloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_zalloc(const struct xfs_mem *mem, size_t size) XFS_MUST_CHECK;
void *xfs_mem_realloc(const struct xfs_mem *mem, void *ptr, size_t size) XFS_MUST_CHECK;
/* The same where a critical section may come; @old_size: what @ptr, if not NULL, was made with. */
void *xfs_mem_resize(const struct xfs_mem *mem, void *ptr, size_t old_size,
		     size_t size) XFS_MUST_CHECK;
void *xfs_mem_dup(const struct xfs_mem *mem, const void *src, size_t size) XFS_MUST_CHECK;
void xfs_mem_free(const struct xfs_mem *mem, void *ptr);

/*
 * Aligned blocks for I/O (@align a power of two up to 4096, at least 512 for O_DIRECT);
 * give back with xfs_mem_free_aligned only.
 */
void *xfs_mem_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_mem_free_aligned(const struct xfs_mem *mem, void *ptr);
/* The same for owners that remember the size, which costs less under a limit. */
void *xfs_mem_alloc_sized(const struct xfs_mem *mem, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_mem_free_sized(const struct xfs_mem *mem, void *ptr, size_t size);

/* Hosts have pages of this size, too, where memory is asked for in such pieces. */
#define XFS_HUGE_PAGE_BYTES	(2u << 20)
/* Advice to the host that [@p, +@bytes) is to be of such pages; nothing depends on it. */
void xfs_mem_ask_huge(void *p, size_t bytes);
/* Whether xfs_mem_alloc_huge() may be used: memory is the host's, and nobody counts it. */
bool xfs_mem_has_huge(const struct xfs_mem *mem);
/*
 * XFS_HUGE_PAGE_BYTES that will be written all over: one page where the host has such pages, so
 * that they are had with one fault instead of 512.  Give back with xfs_mem_free_sized().
 */
void *xfs_mem_alloc_huge(const struct xfs_mem *mem) XFS_MUST_CHECK;

/*
 * The budget of a mount: a limit for all that it has from the host, and a reserve.
 *
 * (MEM-1) With a limit everything that the host was asked for is counted, the reserve and the
 *     headers that remember sizes included.  What would pass the limit fails as if the host had no
 *     memory.
 * (MEM-2) A thread in a critical section - it has changed what cannot be taken back, or writes out
 *     what others wait for to get memory - draws on the reserve when the host has nothing. No other
 *     thread does.
 * (MEM-3) Who enters a critical section sees to it that the reserve can serve it: transactions
 *     claim their worst case before they begin (trans/claim.c).
 */
struct xfs_budget {
	uint64_t limit;		/* (c) bytes; 0: none, and nothing is counted */
	uint64_t used;		/* (a) bytes that the host gave */
	uint64_t peak;		/* (a) the most that used ever was */
	uint64_t failures;	/* (a) requests that the host, or the limit, refused */
	struct xfs_reserve reserve;
	struct xfs_slabs slabs;	/* of pools; unused with a limit, or with hooks */
};

/* Give @mem a budget; false: no memory.  Without a reserve at first. */
bool xfs_budget_create(struct xfs_mem *mem, uint64_t limit) XFS_MUST_CHECK;
/* Everything that came from @mem is free again, but what was had before the budget was made. */
void xfs_budget_destroy(struct xfs_mem *mem);
/* Have @bytes more in the reserve; false: the host has none, or there are many regions already. */
bool xfs_budget_grow_reserve(const struct xfs_mem *mem, size_t bytes) XFS_MUST_CHECK;

static inline uint64_t xfs_mem_failures(const struct xfs_mem *mem)
{
	return mem->budget ? __atomic_load_n(&mem->budget->failures, __ATOMIC_RELAXED) : 0;
}

/* Bytes that the limit still allows; a huge number without one. */
uint64_t xfs_mem_left(const struct xfs_mem *mem);
/* What an allocation of @size counts under a limit, at most; @align 0: not an aligned one. */
size_t xfs_mem_cost(size_t align, size_t size);

/*
 * This thread enters a critical section of @mem's mount (NULL: leaves them all for a while, for
 * work that can fail and may want much).  Returns what to give to xfs_mem_critical_leave()
 * at the end.
 */
struct xfs_budget *xfs_mem_critical_enter(const struct xfs_mem *mem);
void xfs_mem_critical_leave(struct xfs_budget *before);
bool xfs_mem_is_critical(const struct xfs_mem *mem);

/*
 * Objects of one size that are recycled, because memory touched for the first
 * time costs more than copying it.  Contents of a recycled object are stale.
 * Not locked: the owner's lock protects it.  @object_size must hold a pointer.  Of a mount without
 * hooks and without a limit they come from slabs (base/slab.h), in batches.
 */
struct xfs_pool {
	const struct xfs_mem *mem;
	struct xfs_depot *depot;	/* NULL: each object is the host's */
	void *free_list;
	size_t object_size;
	size_t align;
	uint32_t nr_free, max_free;	/* more than max_free go back to where they came from */
	uint32_t batch;			/* objects that are had from the depot at once */
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
/* Calls of this thread neither count nor fail between (true) and (false); may be nested. */
void xfs_mem_fail_exempt(bool begin);

#endif
