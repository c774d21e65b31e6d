/* SPDX-License-Identifier: MIT */
/* Allocation through the host's hooks, the budget of a mount, pools, and fault injection. */
#include <stdlib.h>
#include <sys/mman.h>
#include "base/growable.h"
#include "base/mem.h"

#ifdef XFSWRITE_DEBUG
/* Atomic, since any thread may allocate; counts the calls of all threads together. */
static unsigned int fail_countdown; /* 0: none will fail */
static bool fail_sticky, fail_was_met;
static _Thread_local unsigned int exempt;

void xfs_mem_fail_exempt(bool begin)
{
	exempt += begin ? 1 : -1u;
}

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

	if (exempt)
		return false;
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

void xfs_mem_fail_exempt(bool begin)
{
	(void)begin;
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

int xfs_mem_take(struct xfs_mem *mem, const struct xfs_env *given)
{
	struct xfs_env env;
	int error = xfs_env_take(&env, given);

	xfs_mem_init(mem, error ? NULL : &env);
	return error;
}

/* ---- the host, within the limit ---------------------------------------------------------- */

static void *raw_alloc(const struct xfs_mem *mem, size_t size)
{
	return mem && mem->alloc ? mem->alloc(mem->ctx, size) : malloc(size);
}

static void raw_free(const struct xfs_mem *mem, void *ptr)
{
	if (mem && mem->alloc)
		mem->free(mem->ctx, ptr);
	else
		free(ptr);
}

/* Under a limit each block is preceded by its size; 16 bytes keep its alignment. */
#define HEADER_BYTES	16u
/* The host allocator's overhead per block, roughly. */
#define HOST_BYTES	16u

static struct xfs_budget *limited(const struct xfs_mem *mem)
{
	return mem && mem->budget && mem->budget->limit ? mem->budget : NULL;
}

static size_t charge_of(size_t host_size)
{
	return XFS_ALIGN(host_size, (size_t)16) + HOST_BYTES;
}

static bool charge(struct xfs_budget *b, size_t host_size)
{
	uint64_t bytes = charge_of(host_size), now = __atomic_load_n(&b->used, __ATOMIC_RELAXED);
	uint64_t peak;

	do {
		if (bytes < host_size || now + bytes > b->limit)
			return false;
	} while (!__atomic_compare_exchange_n(&b->used, &now, now + bytes, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	peak = __atomic_load_n(&b->peak, __ATOMIC_RELAXED);
	while (now + bytes > peak &&
	       !__atomic_compare_exchange_n(&b->peak, &peak, now + bytes, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	return true;
}

static void uncharge(struct xfs_budget *b, size_t host_size)
{
	__atomic_fetch_sub(&b->used, charge_of(host_size), __ATOMIC_RELAXED);
}

static void *host_alloc(const struct xfs_mem *mem, size_t size)
{
	struct xfs_budget *b = limited(mem);
	char *p;

	if (must_fail())
		return NULL;
	if (likely(!b))
		return raw_alloc(mem, size);
	size += HEADER_BYTES;
	if (size < HEADER_BYTES || !charge(b, size))
		return NULL;
	p = raw_alloc(mem, size);
	if (!p) {
		uncharge(b, size);
		return NULL;
	}
	memcpy(p, &size, sizeof(size));
	return p + HEADER_BYTES;
}

static void host_free(const struct xfs_mem *mem, void *ptr)
{
	struct xfs_budget *b = limited(mem);
	char *p = ptr;
	size_t size;

	if (b) {
		p -= HEADER_BYTES;
		memcpy(&size, p, sizeof(size));
		uncharge(b, size);
	}
	raw_free(mem, p);
}

/* ---- the reserve -------------------------------------------------------------------------- */

/* The budget whose reserve this thread may use. */
static _Thread_local struct xfs_budget *critical;

struct xfs_budget *xfs_mem_critical_enter(const struct xfs_mem *mem)
{
	struct xfs_budget *before = critical;

	critical = mem ? mem->budget : NULL;
	return before;
}

void xfs_mem_critical_leave(struct xfs_budget *before)
{
	critical = before;
}

bool xfs_mem_is_critical(const struct xfs_mem *mem)
{
	return mem->budget && critical == mem->budget;
}

/* Called when the host had no memory. */
static void *from_reserve(const struct xfs_mem *mem, size_t align, size_t size)
{
	struct xfs_budget *b = mem ? mem->budget : NULL;

	if (!b)
		return NULL;
	__atomic_fetch_add(&b->failures, 1, __ATOMIC_RELAXED);
	return critical == b ? xfs_reserve_alloc(&b->reserve, align, size) : NULL;
}

static bool in_reserve(const struct xfs_mem *mem, const void *ptr)
{
	return mem && mem->budget && xfs_reserve_owns(&mem->budget->reserve, ptr);
}

bool xfs_budget_create(struct xfs_mem *mem, uint64_t limit)
{
	struct xfs_budget *b;

	ASSERT(!mem->budget);
	if (limit && limit < charge_of(sizeof(*b)))
		return false;
	b = must_fail() ? NULL : raw_alloc(mem, sizeof(*b));
	if (!b)
		return false;
	memset(b, 0, sizeof(*b));
	b->limit = limit;
	b->used = b->peak = limit ? charge_of(sizeof(*b)) : 0;
	xfs_slabs_init(&b->slabs);
	mem->budget = b;
	return true;
}

void xfs_budget_destroy(struct xfs_mem *mem)
{
	struct xfs_budget *b = mem->budget;

	if (!b)
		return;
	ASSERT(critical != b);
	ASSERT(xfs_reserve_free_bytes(&b->reserve) == b->reserve.bytes);
	xfs_slabs_destroy(&b->slabs);
	for (uint32_t i = 0; i < b->reserve.nr_regions; i++)
		host_free(mem, b->reserve.regions[i].raw);
	ASSERT(!b->limit || b->used == charge_of(sizeof(*b)));
	mem->budget = NULL;
	raw_free(mem, b);
}

bool xfs_budget_grow_reserve(const struct xfs_mem *mem, size_t bytes)
{
	void *raw = host_alloc(mem, xfs_reserve_raw_bytes(bytes));

	if (!raw)
		return false;
	if (xfs_reserve_add(&mem->budget->reserve, raw, bytes))
		return true;
	host_free(mem, raw);
	return false;
}

uint64_t xfs_mem_left(const struct xfs_mem *mem)
{
	struct xfs_budget *b = limited(mem);
	uint64_t used;

	if (!b)
		return UINT64_MAX;
	used = __atomic_load_n(&b->used, __ATOMIC_RELAXED);
	return used < b->limit ? b->limit - used : 0;
}

/* ---- for everybody -------------------------------------------------------------------------- */

void *xfs_mem_alloc(const struct xfs_mem *mem, size_t size)
{
	void *p;

	ASSERT(size > 0);
	p = host_alloc(mem, size);
	return likely(p) ? p : from_reserve(mem, 1, size);
}

/* Up to this size, glibc's malloc has a per-thread cache, which its calloc does not use. */
#define SMALL_BYTES	1024u

void *xfs_mem_zalloc(const struct xfs_mem *mem, size_t size)
{
	void *p;

	if (size > SMALL_BYTES && !(mem && mem->alloc) && !limited(mem)) {
		p = must_fail() ? NULL : calloc(1, size);
		if (likely(p))
			return p;
		p = from_reserve(mem, 1, size);
	} else {
		p = xfs_mem_alloc(mem, size);
	}
	if (p)
		memset(p, 0, size);
	return p;
}

/* Resize by copying to a new block. */
static void *move(const struct xfs_mem *mem, void *ptr, size_t old_size, size_t size)
{
	void *p = xfs_mem_alloc(mem, size);

	if (p) {
		memcpy(p, ptr, XFS_MIN(old_size, size));
		xfs_mem_free(mem, ptr);
	}
	return p;
}

void *xfs_mem_realloc(const struct xfs_mem *mem, void *ptr, size_t size)
{
	size_t old_size;

	ASSERT(!in_reserve(mem, ptr));
	if (!ptr)
		return xfs_mem_alloc(mem, size);
	if (limited(mem)) {
		memcpy(&old_size, (char *)ptr - HEADER_BYTES, sizeof(old_size));
		return move(mem, ptr, old_size - HEADER_BYTES, size);
	}
	if (must_fail())
		return NULL;
	return mem && mem->alloc ? mem->realloc(mem->ctx, ptr, size) : realloc(ptr, size);
}

void *xfs_mem_resize(const struct xfs_mem *mem, void *ptr, size_t old_size, size_t size)
{
	void *p;

	if (!ptr)
		return xfs_mem_alloc(mem, size);
	if (limited(mem) || in_reserve(mem, ptr))
		return move(mem, ptr, old_size, size);
	p = xfs_mem_realloc(mem, ptr, size);
	if (likely(p))
		return p;
	p = from_reserve(mem, 1, size);
	if (p) {
		memcpy(p, ptr, XFS_MIN(old_size, size));
		xfs_mem_free(mem, ptr);
	}
	return p;
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
	if (unlikely(in_reserve(mem, ptr)))
		xfs_reserve_free(&mem->budget->reserve, ptr);
	else
		host_free(mem, ptr);
}

/* ---- aligned ------------------------------------------------------------------------------- */

/* Aligned by the host: no header in front of the block, whose owner remembers the size. */
static void *host_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size)
{
	struct xfs_budget *b = limited(mem);
	void *p;

	if (must_fail() || (b && !charge(b, size)))
		return NULL;
	if (!posix_memalign(&p, align, size))
		return p;
	if (b)
		uncharge(b, size);
	return NULL;
}

/* On top of a plain allocation: the raw pointer is stored just before the block. */
static void *alloc_over_plain(const struct xfs_mem *mem, size_t align, size_t size)
{
	char *raw = host_alloc(mem, size + align + sizeof(void *)), *p;

	if (!raw)
		return NULL;
	p = (char *)(((uintptr_t)raw + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1));
	memcpy(p - sizeof(void *), &raw, sizeof(void *));
	return p;
}

static void free_over_plain(const struct xfs_mem *mem, void *ptr)
{
	void *raw;

	memcpy(&raw, (char *)ptr - sizeof(void *), sizeof(void *));
	host_free(mem, raw);
}

static bool has_hooks(const struct xfs_mem *mem)
{
	return mem && mem->alloc;
}

void *xfs_mem_alloc_aligned(const struct xfs_mem *mem, size_t align, size_t size)
{
	void *p;

	align = XFS_MAX(align, sizeof(void *));
	p = has_hooks(mem) || limited(mem) ? alloc_over_plain(mem, align, size) :
					     host_alloc_aligned(mem, align, size);
	return likely(p) ? p : from_reserve(mem, align, size);
}

void xfs_mem_free_aligned(const struct xfs_mem *mem, void *ptr)
{
	if (!ptr)
		return;
	if (in_reserve(mem, ptr))
		xfs_reserve_free(&mem->budget->reserve, ptr);
	else if (has_hooks(mem) || limited(mem))
		free_over_plain(mem, ptr);
	else
		free(ptr);
}

void *xfs_mem_alloc_sized(const struct xfs_mem *mem, size_t align, size_t size)
{
	void *p;

	align = XFS_MAX(align, sizeof(void *));
	p = has_hooks(mem) ? alloc_over_plain(mem, align, size) :
			     host_alloc_aligned(mem, align, size);
	return likely(p) ? p : from_reserve(mem, align, size);
}

void xfs_mem_free_sized(const struct xfs_mem *mem, void *ptr, size_t size)
{
	if (!ptr)
		return;
	if (unlikely(in_reserve(mem, ptr))) {
		xfs_reserve_free(&mem->budget->reserve, ptr);
	} else if (has_hooks(mem)) {
		free_over_plain(mem, ptr);
	} else {
		if (limited(mem))
			uncharge(mem->budget, size);
		free(ptr);
	}
}

bool xfs_mem_has_huge(const struct xfs_mem *mem)
{
	return !has_hooks(mem) && !limited(mem);
}

void xfs_mem_ask_huge(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
	/* A host without huge pages is only slower. */
	(void)!madvise(p, bytes, MADV_HUGEPAGE);
#else
	(void)p;
	(void)bytes;
#endif
}

void *xfs_mem_alloc_huge(const struct xfs_mem *mem)
{
	void *p = xfs_mem_alloc_sized(mem, XFS_HUGE_PAGE_BYTES, XFS_HUGE_PAGE_BYTES);

	if (likely(p))
		xfs_mem_ask_huge(p, XFS_HUGE_PAGE_BYTES);
	return p;
}

size_t xfs_mem_cost(size_t align, size_t size)
{
	if (align)
		size += align + sizeof(void *);
	return charge_of(size + HEADER_BYTES);
}

/* ---- pools ---------------------------------------------------------------------------------- */

/* Let ASan report accesses to an object that lies free in a pool. */
#if defined(__SANITIZE_ADDRESS__)
#define HAVE_POISON
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_POISON
#endif
#endif
#ifdef HAVE_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, size)		__asan_poison_memory_region((char *)(p) + sizeof(void *), \
							    (size) - sizeof(void *))
#define UNPOISON(p, size)	__asan_unpoison_memory_region(p, size)
#else
#define POISON(p, size)		((void)(p))
#define UNPOISON(p, size)	((void)(p))
#endif

/* Objects per batch; 1 in debug builds, so that each get is a call that can fail. */
static uint32_t batch_of(size_t object_size, uint32_t max_free)
{
#ifdef XFSWRITE_DEBUG
	(void)object_size;
	(void)max_free;
	return 1;
#else
	uint32_t n = XFS_MIN((uint32_t)(XFS_SLAB_OBJECT_MAX / object_size), XFS_SLAB_BATCH);

	n = XFS_MIN(n, max_free / 2);
	return XFS_MAX(n, 1u);
#endif
}

void xfs_pool_init(struct xfs_pool *pool, const struct xfs_mem *mem, size_t object_size,
		   size_t align, uint32_t max_free)
{
	ASSERT(object_size >= sizeof(void *));
	*pool = (struct xfs_pool){
		.mem = mem, .object_size = object_size, .align = align, .max_free = max_free,
	};
	if (!mem || !mem->budget || has_hooks(mem) || limited(mem))
		return;
	pool->depot = xfs_depot_of(&mem->budget->slabs, object_size, align);
	if (pool->depot)
		pool->batch = batch_of(object_size, max_free);
}

static void add_free(struct xfs_pool *pool, void *object)
{
	memcpy(object, &pool->free_list, sizeof(void *));
	pool->free_list = object;
	pool->nr_free++;
	POISON(object, pool->object_size);
}

static void *take_free(struct xfs_pool *pool)
{
	void *object = pool->free_list;

	memcpy(&pool->free_list, object, sizeof(void *));
	pool->nr_free--;
	UNPOISON(object, pool->object_size);
	return object;
}

/* Add at least one object; false: out of memory. */
static bool refill(struct xfs_pool *pool)
{
	void *objects[XFS_SLAB_BATCH];
	uint32_t n = must_fail() ? 0 : xfs_depot_take(pool->depot, objects, pool->batch);

	/* In reverse, so that the first one is handed out first. */
	for (uint32_t i = n; i > 0; i--)
		add_free(pool, objects[i - 1]);
	return n != 0;
}

void *xfs_pool_get(struct xfs_pool *pool)
{
	if (unlikely(!pool->free_list)) {
		if (!pool->depot)
			return xfs_mem_alloc_sized(pool->mem, pool->align, pool->object_size);
		if (!refill(pool))
			return from_reserve(pool->mem, XFS_MAX(pool->align, sizeof(void *)),
					    pool->object_size);
	}
	return take_free(pool);
}

static bool add_from_host(struct xfs_pool *pool)
{
	void *object = xfs_mem_alloc_sized(pool->mem, pool->align, pool->object_size);

	if (object)
		add_free(pool, object);
	return object != NULL;
}

bool xfs_pool_fill(struct xfs_pool *pool, uint32_t n)
{
	struct xfs_budget *before = xfs_mem_critical_enter(NULL);

	ASSERT(n <= pool->max_free);
	while (pool->nr_free < n && (pool->depot ? refill(pool) : add_from_host(pool)))
		;
	xfs_mem_critical_leave(before);
	/* Pools are not filled from the reserve, but gets in a critical section can use it. */
	return pool->nr_free >= n || (pool->mem && xfs_mem_is_critical(pool->mem));
}

/* Return objects to their source, one batch at a time. */
static void give_back(struct xfs_pool *pool, uint32_t n)
{
	void *objects[XFS_SLAB_BATCH];

	n = XFS_MIN(n, pool->nr_free);
	n = XFS_MIN(n, XFS_SLAB_BATCH);
	for (uint32_t i = 0; i < n; i++)
		objects[i] = take_free(pool);
	if (pool->depot)
		xfs_depot_give(pool->depot, objects, n);
	else
		for (uint32_t i = 0; i < n; i++)
			xfs_mem_free_sized(pool->mem, objects[i], pool->object_size);
}

void xfs_pool_put(struct xfs_pool *pool, void *object)
{
	if (!object)
		return;
	/* An object of the reserve goes back to it at once. */
	if (unlikely(in_reserve(pool->mem, object))) {
		xfs_mem_free_sized(pool->mem, object, pool->object_size);
		return;
	}
	add_free(pool, object);
	if (unlikely(pool->nr_free > pool->max_free))
		give_back(pool, XFS_MAX(pool->batch, 1u));
}

void xfs_pool_drain(struct xfs_pool *pool)
{
	while (pool->nr_free)
		give_back(pool, pool->nr_free);
}
