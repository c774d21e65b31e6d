/* SPDX-License-Identifier: MIT */
/* A host's allocator that counts, is full at some point, or fails when a test wants it to. */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include <xfswrite/env.h>

struct test_memory {
	/* (a) all */
	uint64_t limit;		/* bytes that it has; 0: as much as there is */
	uint64_t now, peak;	/* bytes that were asked for and not given back, and the most of that */
	uint64_t calls, failed;
	uint64_t fail_at;	/* this call fails, counted from 1; 0: none */
	uint64_t fail_from;	/* this one and all behind it; 0: none */
	uint32_t share;		/* of 1000 calls so many fail, drawn with @seed */
	uint64_t seed;
};

/* Set the three hooks of @env; its ctx must begin with @mem. */
void test_memory_hooks(struct xfs_env *env);
/* No call fails from now on. */
void test_memory_heal(struct test_memory *mem);

#endif
