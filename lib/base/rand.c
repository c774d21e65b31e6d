/* SPDX-License-Identifier: MIT */
/*
 * xoshiro256** with its state initialized by splitmix64 (Blackman and Vigna, both in the public
 * domain): every seed, 0 included, gives a good state.
 */
#include <sys/random.h>
#include "base/clock.h"
#include "base/rand.h"

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

void xfs_rand_seed(struct xfs_rand *r, uint64_t seed)
{
	r->hook = NULL;
	r->ctx = NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(r->state); i++)
		r->state[i] = splitmix64(&seed);
}

static uint64_t host_seed(void)
{
	struct timespec now;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		return seed;
	xfs_env_now(NULL, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + (uintptr_t)&seed;
}

void xfs_rand_init(struct xfs_rand *r, const struct xfs_env *env)
{
	xfs_rand_seed(r, env && env->seed ? env->seed : host_seed());
	if (env && env->random) {
		r->hook = env->random;
		r->ctx = env->ctx;
	}
}

uint64_t xfs_rand64(struct xfs_rand *r)
{
	uint64_t *s = r->state;
	uint64_t result, t;

	if (r->hook)
		return r->hook(r->ctx);
	result = rotate_left(s[1] * 5, 7) * 9;
	t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint32_t xfs_rand32(struct xfs_rand *r)
{
	return (uint32_t)(xfs_rand64(r) >> 32);
}

uint64_t xfs_rand_below(struct xfs_rand *r, uint64_t bound)
{
	/* Numbers below 2^64 mod bound would favour low results. */
	uint64_t unfair = (0 - bound) % bound;
	uint64_t x;

	/* A caller's hook may return the same number for ever: give up on uniformity then. */
	for (unsigned int tries = 0; tries < 64; tries++) {
		x = xfs_rand64(r);
		if (x >= unfair)
			return x % bound;
	}
	return 0;
}

void xfs_rand_bytes(struct xfs_rand *r, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		uint64_t x = xfs_rand64(r);

		/* Low byte first on every host, so that a seed gives the same image everywhere. */
		for (unsigned int i = 0; i < sizeof(x) && len; i++, len--) {
			*p++ = (uint8_t)x;
			x >>= 8;
		}
	}
}
