/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "base/mem.h"

#ifdef XFSWRITE_DEBUG
/* Atomic, since any thread may allocate; the n-th call of all threads together fails. */
static unsigned int fail_countdown; /* 0: none will fail */
static bool fail_sticky, fail_was_met;

void xfs_mem_fail_at(unsigned int nth, bool from_there_on)
{
	__atomic_store_n(&fail_sticky, from_there_on, __ATOMIC_RELAXED);
	__atomic_store_n(&fail_was_met, false, __ATOMIC_RELAXED);
	__atomic_store_n(&fail_countdown, nth, __ATOMIC_SEQ_CST);
}

bool xfs_mem_fail_met(void)
{
	bool met = __atomic_load_n(&fail_was_met, __ATOMIC_SEQ_CST);

	xfs_mem_fail_at(0, false);
	return met;
}

static bool must_fail(void)
{
	unsigned int now = __atomic_load_n(&fail_countdown, __ATOMIC_RELAXED);
	unsigned int then;

	do {
		if (!now)
			return false;
		then = now > 1 || !__atomic_load_n(&fail_sticky, __ATOMIC_RELAXED) ? now - 1 : 1;
	} while (!__atomic_compare_exchange_n(&fail_countdown, &now, then, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (now > 1)
		return false;
	__atomic_store_n(&fail_was_met, true, __ATOMIC_SEQ_CST);
	return true;
}
#else
void xfs_mem_fail_at(unsigned int nth, bool from_there_on)
{
	(void)nth;
	(void)from_there_on;
}

bool xfs_mem_fail_met(void)
{
	return false;
}

static inline bool must_fail(void)
{
	return false;
}
#endif

void xfs_mem_init(struct xfs_mem *mem, const struct xfs_env *env)
{
	memset(mem, 0, sizeof(*mem));
	/* All three or none: memory of one allocator must not be freed by another. */
	if (!env || !env->mem_alloc || !env->mem_realloc || !env->mem_free)
		return;
	mem->ctx = env->ctx;
	mem->alloc = env->mem_alloc;
	mem->realloc = env->mem_realloc;
	mem->free = env->mem_free;
}

void *xfs_mem_alloc(const struct xfs_mem *mem, size_t size)
{
	ASSERT(size > 0);
	if (must_fail())
		return NULL;
	if (mem && mem->alloc)
		return mem->alloc(mem->ctx, size);
	return malloc(size);
}

/* What glibc's malloc keeps at hand for the thread; its calloc does not look there. */
#define SMALL_BYTES	1024u

void *xfs_mem_zalloc(const struct xfs_mem *mem, size_t size)
{
	void *p;

	if (size <= SMALL_BYTES || (mem && mem->alloc)) {
		p = xfs_mem_alloc(mem, size);
		if (p)
			memset(p, 0, size);
		return p;
	}
	return must_fail() ? NULL : calloc(1, size);
}

void *xfs_mem_realloc(const struct xfs_mem *mem, void *ptr, size_t size)
{
	if (must_fail())
		return NULL;
	if (mem && mem->alloc)
		return ptr ? mem->realloc(mem->ctx, ptr, size) : mem->alloc(mem->ctx, size);
	return realloc(ptr, size);
}

void *xfs_mem_dup(const struct xfs_mem *mem, const void *src, size_t size)
{
	void *p = xfs_mem_alloc(mem, size);

	if (p)
		memcpy(p, src, size);
	return p;
}

void xfs_mem_free(const struct xfs_mem *mem, void *ptr)
{
	if (!ptr)
		return;
	if (mem && mem->alloc)
		mem->free(mem->ctx, ptr);
	else
		free(ptr);
}

void *xfs_mem_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size)
{
	char *raw, *p;
	void *plain;

	if (!mem || !mem->alloc) {
		if (must_fail())
			return NULL;
		return posix_memalign(&plain, align, size) ? NULL : plain;
	}
	/* Over a plain hook: remember the raw pointer just before the block. */
	raw = xfs_mem_alloc(mem, size + align + sizeof(void *));
	if (!raw)
		return NULL;
	p = (char *)(((uintptr_t)raw + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1));
	memcpy(p - sizeof(void *), &raw, sizeof(void *));
	return p;
}

void xfs_mem_free_aligned(const struct xfs_mem *mem, void *ptr)
{
	void *raw;

	if (!ptr)
		return;
	if (!mem || !mem->alloc) {
		free(ptr);
		return;
	}
	memcpy(&raw, (char *)ptr - sizeof(void *), sizeof(void *));
	xfs_mem_free(mem, raw);
}

void xfs_pool_init(struct xfs_pool *pool, const struct xfs_mem *mem, size_t object_size,
		   size_t align, uint32_t max_free)
{
	ASSERT(object_size >= sizeof(void *));
	*pool = (struct xfs_pool){
		.mem = mem, .object_size = object_size, .align = align, .max_free = max_free,
	};
}

void *xfs_pool_get(struct xfs_pool *pool)
{
	void *object = pool->free_list;

	if (!object)
		return xfs_mem_alloc_aligned(pool->mem, pool->align, pool->object_size);
	memcpy(&pool->free_list, object, sizeof(void *));
	pool->nr_free--;
	return object;
}

bool xfs_pool_fill(struct xfs_pool *pool, uint32_t n)
{
	ASSERT(n <= pool->max_free);
	while (pool->nr_free < n) {
		void *object = xfs_mem_alloc_aligned(pool->mem, pool->align, pool->object_size);

		if (!object)
			return false;
		xfs_pool_put(pool, object);
	}
	return true;
}

void xfs_pool_put(struct xfs_pool *pool, void *object)
{
	if (!object)
		return;
	if (pool->nr_free >= pool->max_free) {
		xfs_mem_free_aligned(pool->mem, object);
		return;
	}
	memcpy(object, &pool->free_list, sizeof(void *));
	pool->free_list = object;
	pool->nr_free++;
}

void xfs_pool_drain(struct xfs_pool *pool)
{
	while (pool->nr_free) {
		void *object = pool->free_list;

		memcpy(&pool->free_list, object, sizeof(void *));
		pool->nr_free--;
		xfs_mem_free_aligned(pool->mem, object);
	}
	pool->free_list = NULL;
}
