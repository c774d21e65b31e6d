/* SPDX-License-Identifier: MIT */
/*
 * Goal: a seed means the same numbers for ever, the hooks of the caller are
 * obeyed, and what they answer cannot do harm.
 * Method: the published generators' reference values, worked out apart from
 * this code; hooks that answer badly; frequencies.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/rand.h"

/* splitmix64 from seed 0 starts e220a8397b1dcdaf, 6e789e6aa1b965f4, ... (its authors' test). */
static void test_reference(void **state)
{
	struct xfs_rand r;

	(void)state;
	xfs_rand_seed(&r, 0);
	assert_true(r.state[0] == 0xe220a8397b1dcdafu);
	assert_true(r.state[1] == 0x6e789e6aa1b965f4u);
	assert_true(r.state[2] == 0x06c45d188009454fu);
	assert_true(r.state[3] == 0xf88bb8a8724c81ecu);

	/* xoshiro256** from the state 1, 2, 3, 4. */
	r = (struct xfs_rand){.state = {1, 2, 3, 4}};
	assert_true(xfs_rand64(&r) == 11520);
	assert_true(xfs_rand64(&r) == 0);
	assert_true(xfs_rand64(&r) == 1509978240);
	assert_true(xfs_rand64(&r) == 1215971899390074240);
}

static void test_seeds(void **state)
{
	const struct xfs_env seeded = {.size = sizeof(seeded), .seed = 7};
	const struct xfs_env unseeded = {.size = sizeof(unseeded)};
	struct xfs_rand a, b;

	(void)state;
	xfs_rand_init(&a, &seeded);
	xfs_rand_seed(&b, 7);
	for (unsigned int i = 0; i < 100; i++)
		assert_true(xfs_rand64(&a) == xfs_rand64(&b));
	/* Without a seed no two are alike. */
	xfs_rand_init(&a, &unseeded);
	xfs_rand_init(&b, NULL);
	assert_false(xfs_rand64(&a) == xfs_rand64(&b));
}

static uint64_t counting(void *ctx)
{
	return ++*(uint64_t *)ctx;
}

static uint64_t stuck(void *ctx)
{
	(void)ctx;
	return 0;
}

static void test_hook(void **state)
{
	uint64_t count = 41;
	struct xfs_env env = {.size = sizeof(env), .ctx = &count, .random = counting, .seed = 9};
	struct xfs_rand r;

	(void)state;
	xfs_rand_init(&r, &env);
	assert_true(xfs_rand64(&r) == 42);
	assert_int_equal(xfs_rand32(&r), 0);
	/* One that always answers the same must not hang us. */
	env.random = stuck;
	xfs_rand_init(&r, &env);
	assert_true(xfs_rand_below(&r, 3) < 3);
}

static void test_below(void **state)
{
	unsigned int seen[6] = {0};
	struct xfs_rand r;

	(void)state;
	xfs_rand_seed(&r, 1);
	for (unsigned int i = 0; i < 60000; i++) {
		uint64_t x = xfs_rand_below(&r, 6);

		assert_true(x < 6);
		seen[x]++;
	}
	for (unsigned int i = 0; i < 6; i++)
		assert_true(seen[i] > 9500 && seen[i] < 10500);
	assert_true(xfs_rand_below(&r, 1) == 0);
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(xfs_rand_below(&r, ((uint64_t)1 << 63) + 1) <= (uint64_t)1 << 63);
}

/* Bytes do not depend on the host's byte order: the low byte of each number first. */
static void test_bytes(void **state)
{
	struct xfs_rand a, b;
	uint8_t bytes[11] = {0};
	uint64_t first, second;

	(void)state;
	xfs_rand_seed(&a, 3);
	xfs_rand_seed(&b, 3);
	xfs_rand_bytes(&a, bytes, 10);
	first = xfs_rand64(&b);
	second = xfs_rand64(&b);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(bytes[i], first >> (8 * i) & 0xff);
	assert_int_equal(bytes[8], second & 0xff);
	assert_int_equal(bytes[9], second >> 8 & 0xff);
	assert_int_equal(bytes[10], 0);
}

static void set_clock(void *ctx, struct xfs_timespec *now)
{
	*now = *(struct xfs_timespec *)ctx;
}

static void test_clock(void **state)
{
	struct xfs_timespec given = {.tv_sec = -5, .tv_nsec = 999999999};
	struct timespec now, host;
	struct xfs_env env = {.size = sizeof(env), .ctx = &given, .clock = set_clock};

	(void)state;
	xfs_env_now(&env, &now);
	assert_true(now.tv_sec == -5 && now.tv_nsec == 999999999);
	/* A hook's bad nanoseconds do not reach an inode. */
	given.tv_nsec = 1000000000;
	xfs_env_now(&env, &now);
	assert_true(now.tv_sec == -5 && now.tv_nsec == 0);
	given.tv_nsec = UINT32_MAX;
	xfs_env_now(&env, &now);
	assert_int_equal(now.tv_nsec, 0);

	env.clock = NULL;
	clock_gettime(CLOCK_REALTIME, &host);
	xfs_env_now(&env, &now);
	assert_true(now.tv_sec >= host.tv_sec && now.tv_sec <= host.tv_sec + 5);
	xfs_env_now(NULL, &now);
	assert_true(now.tv_sec >= host.tv_sec && now.tv_sec <= host.tv_sec + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference), cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_hook),	  cmocka_unit_test(test_below),
		cmocka_unit_test(test_bytes),	  cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
