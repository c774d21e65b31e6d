/* SPDX-License-Identifier: MIT */
/*
 * Goal: memory comes from and goes back to the caller's hooks, aligned where it
 * must be; pools recycle; the n-th allocation fails when a test wants it.
 * Method: hooks that count and that check every pointer they get back.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "base/mem.h"

#define MAX_BLOCKS 64

struct host {
	void *blocks[MAX_BLOCKS];
	unsigned int allocs;
};

static void *host_alloc(void *ctx, size_t size)
{
	struct host *host = ctx;
	void *p = malloc(size);

	host->allocs++;
	memset(p, 0xcc, size);
	for (unsigned int i = 0; i < MAX_BLOCKS; i++) {
		if (!host->blocks[i]) {
			host->blocks[i] = p;
			return p;
		}
	}
	fail_msg("too many blocks");
	return NULL;
}

static void host_free(void *ctx, void *ptr)
{
	struct host *host = ctx;

	for (unsigned int i = 0; i < MAX_BLOCKS; i++) {
		if (host->blocks[i] == ptr) {
			host->blocks[i] = NULL;
			free(ptr);
			return;
		}
	}
	fail_msg("freed what was never given");
}

static void *host_realloc(void *ctx, void *ptr, size_t size)
{
	void *p = host_alloc(ctx, size);

	/* As much as can be copied is not known here; the test uses small blocks. */
	memcpy(p, ptr, XFS_MIN(size, (size_t)16));
	host_free(ctx, ptr);
	return p;
}

static unsigned int outstanding(const struct host *host)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MAX_BLOCKS; i++)
		n += host->blocks[i] != NULL;
	return n;
}

static struct xfs_env host_env(struct host *host)
{
	return (struct xfs_env){
		.size = sizeof(struct xfs_env),
		.ctx = host,
		.mem_alloc = host_alloc,
		.mem_realloc = host_realloc,
		.mem_free = host_free,
	};
}

static void use_everything(const struct xfs_mem *mem)
{
	static const size_t aligns[] = {8, 64, 512, 4096, 65536};
	uint8_t *p = xfs_mem_alloc(mem, 16), *q;

	memset(p, 1, 16);
	p = xfs_mem_realloc(mem, p, 100);
	assert_int_equal(p[15], 1);
	xfs_mem_free(mem, p);
	p = xfs_mem_realloc(mem, NULL, 8);
	assert_non_null(p);
	memset(p, 2, 8);
	q = xfs_mem_dup(mem, p, 8);
	assert_memory_equal(p, q, 8);
	xfs_mem_free(mem, q);
	xfs_mem_free(mem, p);
	p = xfs_mem_zalloc(mem, 1000);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	xfs_mem_free(mem, p);
	xfs_mem_free(mem, NULL);
	xfs_mem_free_aligned(mem, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(aligns); i++) {
		p = xfs_mem_alloc_aligned(mem, aligns[i], 777);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % aligns[i], 0);
		memset(p, 3, 777);
		xfs_mem_free_aligned(mem, p);
	}
}

static void test_hooks(void **state)
{
	struct host host = {.allocs = 0};
	struct xfs_env env = host_env(&host);
	struct xfs_mem mem;

	(void)state;
	xfs_mem_init(&mem, &env);
	use_everything(&mem);
	assert_int_equal(outstanding(&host), 0);
	assert_true(host.allocs >= 10);

	/* An incomplete set of hooks is no set. */
	host.allocs = 0;
	env.mem_realloc = NULL;
	xfs_mem_init(&mem, &env);
	use_everything(&mem);
	assert_int_equal(host.allocs, 0);

	xfs_mem_init(&mem, NULL);
	use_everything(&mem);
	use_everything(NULL);
}

static void test_pool(void **state)
{
	struct host host = {.allocs = 0};
	struct xfs_env env = host_env(&host);
	struct xfs_mem mem;
	struct xfs_pool pool;
	void *objects[10];

	(void)state;
	xfs_mem_init(&mem, &env);
	xfs_pool_init(&pool, &mem, 100, 64, 4);
	for (unsigned int i = 0; i < 10; i++) {
		objects[i] = xfs_pool_get(&pool);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 64, 0);
		memset(objects[i], (int)i, 100);
	}
	assert_int_equal(host.allocs, 10);
	for (unsigned int i = 0; i < 10; i++)
		xfs_pool_put(&pool, objects[i]);
	xfs_pool_put(&pool, NULL);
	/* No more than it may keep. */
	assert_int_equal(outstanding(&host), 4);
	for (unsigned int i = 0; i < 4; i++)
		objects[i] = xfs_pool_get(&pool);
	assert_int_equal(host.allocs, 10);
	for (unsigned int i = 1; i < 4; i++)
		assert_ptr_not_equal(objects[i], objects[i - 1]);
	for (unsigned int i = 0; i < 4; i++)
		xfs_pool_put(&pool, objects[i]);
	xfs_pool_drain(&pool);
	assert_int_equal(outstanding(&host), 0);
	xfs_pool_drain(&pool);
}

#ifdef XFSWRITE_DEBUG
static void test_fail_at(void **state)
{
	void *p;

	(void)state;
	xfs_mem_fail_at(2, false);
	p = xfs_mem_alloc(NULL, 8);
	assert_non_null(p);
	xfs_mem_free(NULL, p);
	assert_null(xfs_mem_alloc(NULL, 8));
	p = xfs_mem_alloc(NULL, 8);
	assert_non_null(p);
	assert_true(xfs_mem_fail_met());
	assert_false(xfs_mem_fail_met());

	/* What a failed realloc was given is still there. */
	memset(p, 5, 8);
	xfs_mem_fail_at(1, true);
	assert_null(xfs_mem_realloc(NULL, p, 100));
	assert_null(xfs_mem_zalloc(NULL, 8));
	assert_null(xfs_mem_dup(NULL, p, 8));
	assert_null(xfs_mem_alloc_aligned(NULL, 64, 8));
	assert_true(xfs_mem_fail_met());
	assert_int_equal(((uint8_t *)p)[7], 5);
	xfs_mem_free(NULL, p);

	/* Armed and not reached. */
	xfs_mem_fail_at(5, false);
	assert_false(xfs_mem_fail_met());
}

#ifdef XFSWRITE_THREADS
static void *allocate_100(void *arg)
{
	for (unsigned int i = 0; i < 100; i++) {
		void *p = xfs_mem_alloc(NULL, 8);

		if (!p)
			__atomic_add_fetch((unsigned int *)arg, 1, __ATOMIC_RELAXED);
		xfs_mem_free(NULL, p);
	}
	return NULL;
}

/* Of all threads together exactly one call fails. */
static void test_fail_at_in_threads(void **state)
{
	unsigned int failed = 0;
	pthread_t thread[4];

	(void)state;
	xfs_mem_fail_at(200, false);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, allocate_100, &failed), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(failed, 1);
	assert_true(xfs_mem_fail_met());
}
#endif
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_pool),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_fail_at),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_fail_at_in_threads),
#endif
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
