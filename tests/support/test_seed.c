/* SPDX-License-Identifier: MIT */
/* One seed for a test program, streams of random numbers from it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "support/test_seed.h"

static uint64_t seed = 1;

void test_seed_init(uint64_t fixed)
{
	const char *text = getenv("XFSWRITE_SEED");

	seed = text && *text ? strtoull(text, NULL, 0) : fixed;
}

uint64_t test_seed(void)
{
	return seed;
}

int test_part(void)
{
	const char *part = getenv("XFSWRITE_PART");

	return part && atoi(part) > 1 ? atoi(part) : 1;
}

struct xfs_rand test_rand(uint64_t stream)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, seed);
	xfs_rand_seed(&r, xfs_rand64(&r) + stream);
	return r;
}

int test_seed_report(int failed)
{
	if (failed)
		fprintf(stderr, "repeat with XFSWRITE_SEED=%" PRIu64 "\n", seed);
	return failed != 0;
}

void test_pattern_fill(void *buf, size_t len, uint64_t tag)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, tag);
	xfs_rand_bytes(&r, buf, len);
}
