/* SPDX-License-Identifier: MIT */
/*
 * Fills a mounted file system with a tree that visits every on-disk form: all
 * directory formats, attribute forks from short form to trees with remote
 * values, extent trees of several levels, unwritten and shared extents, special
 * files, odd names.  The same options give the same calls.  What a kernel or a
 * feature set refuses is counted and left out.
 */
#ifndef SUPPORT_FILL_H
#define SUPPORT_FILL_H

#include <stdint.h>

#define TEST_FILL_DIRS	(1u << 0)
#define TEST_FILL_ATTRS	(1u << 1)
#define TEST_FILL_DATA	(1u << 2)
#define TEST_FILL_MISC	(1u << 3)
#define TEST_FILL_CHURN	(1u << 4)	/* create and remove until chunks are sparse */
#define TEST_FILL_ALL	0x1fu

struct test_fill_options {
	const char *top;		/* an existing directory */
	uint64_t seed;
	uint32_t blocksize, dirblksize, inodesize;
	uint32_t percent; /* of the usual amount; 100 is about 60 MiB with 4 KiB blocks */
	uint32_t what;			/* TEST_FILL_* */
};

struct test_fill_result {
	uint64_t calls, refused;
	char failed[256];		/* first call that failed for no allowed reason; "" none */
};

/* 0, or a negative errno with @result->failed saying what. */
int test_fill(const struct test_fill_options *opts, struct test_fill_result *result);

#endif
