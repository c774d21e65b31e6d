/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for inode generations, UUIDs and the choice of allocation
 * groups.  Not for secrets.  Not locked: the owner's lock protects it.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <xfswrite/env.h>
#include "base/compiler.h"

struct xfs_rand {
	uint64_t (*hook)(void *ctx); /* the caller's generator; then the state is unused */
	void *ctx;
	uint64_t state[4];
};

/*
 * From the caller's hook, else from its seed, else from the host.  @env may be
 * NULL.  Cannot fail: without a generator of the host the clock must do.
 */
void xfs_rand_init(struct xfs_rand *r, const struct xfs_env *env);

/* The same numbers for the same @seed, everywhere and in every version. */
void xfs_rand_seed(struct xfs_rand *r, uint64_t seed);

uint64_t xfs_rand64(struct xfs_rand *r);
uint32_t xfs_rand32(struct xfs_rand *r);
/* Evenly from 0 to @bound - 1; @bound must not be 0. */
uint64_t xfs_rand_below(struct xfs_rand *r, uint64_t bound);
void xfs_rand_bytes(struct xfs_rand *r, void *buf, size_t len);

#endif
