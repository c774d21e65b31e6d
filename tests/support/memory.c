/* SPDX-License-Identifier: MIT */
/* Memory hooks that count, have a limit, and fail when a test wants it. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "support/test_memory.h"

/* In front of each block. */
struct header {
	uint64_t size, pad;
};

static uint64_t get(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* splitmix64 of the number of the call: the same calls fail whatever else happens. */
static bool drawn(const struct test_memory *mem, uint64_t call)
{
	uint64_t x = mem->seed + call * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % 1000 < __atomic_load_n(&mem->share, __ATOMIC_RELAXED);
}

static bool take(struct test_memory *mem, uint64_t size)
{
	uint64_t call = __atomic_add_fetch(&mem->calls, 1, __ATOMIC_RELAXED), from = get(&mem->fail_from);
	uint64_t now, peak;

	if (call == get(&mem->fail_at) || (from && call >= from) || drawn(mem, call))
		return false;
	now = __atomic_add_fetch(&mem->now, size, __ATOMIC_RELAXED);
	if (get(&mem->limit) && now > get(&mem->limit)) {
		__atomic_sub_fetch(&mem->now, size, __ATOMIC_RELAXED);
		return false;
	}
	peak = get(&mem->peak);
	while (now > peak && !__atomic_compare_exchange_n(&mem->peak, &peak, now, true,
							  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return true;
}

static void *memory_alloc(void *ctx, size_t size)
{
	struct test_memory *mem = ctx;
	struct header *h;

	if (!take(mem, size)) {
		__atomic_add_fetch(&mem->failed, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	h = malloc(sizeof(*h) + size);
	if (!h)
		abort();
	h->size = size;
	memset(h + 1, 0xa5, size < 256 ? size : 256);
	return h + 1;
}

static void memory_free(void *ctx, void *ptr)
{
	struct test_memory *mem = ctx;
	struct header *h = (struct header *)ptr - 1;

	if (!ptr)
		return;
	__atomic_sub_fetch(&mem->now, h->size, __ATOMIC_RELAXED);
	free(h);
}

static void *memory_realloc(void *ctx, void *ptr, size_t size)
{
	struct header *h = (struct header *)ptr - 1;
	void *p = memory_alloc(ctx, size);

	if (p && ptr) {
		memcpy(p, ptr, h->size < size ? h->size : size);
		memory_free(ctx, ptr);
	}
	return p;
}

void test_memory_hooks(struct xfs_env *env)
{
	env->mem_alloc = memory_alloc;
	env->mem_realloc = memory_realloc;
	env->mem_free = memory_free;
}

void test_memory_heal(struct test_memory *mem)
{
	__atomic_store_n(&mem->fail_at, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&mem->fail_from, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&mem->share, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&mem->limit, 0, __ATOMIC_RELAXED);
}
