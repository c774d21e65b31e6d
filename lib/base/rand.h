/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for inode generations, UUIDs and the choice of allocation groups.  Not for
 * secrets.  Not locked: the owner's lock protects the state.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <xfswrite/env.h>
#include "base/compiler.h"

struct xfs_rand {
	uint64_t (*hook)(void *ctx); /* the caller's generator; the state is then unused */
	void *ctx;
	uint64_t state[4];
};

/*
 * Use the caller's hook, else its seed, else the host's generator.  @env may be NULL.  Cannot fail:
 * if the host has no generator, the clock is used.
 */
void xfs_rand_init(struct xfs_rand *r, const struct xfs_env *env);

/* The same @seed gives the same numbers on every host and in every version. */
void xfs_rand_seed(struct xfs_rand *r, uint64_t seed);

uint64_t xfs_rand64(struct xfs_rand *r);
uint32_t xfs_rand32(struct xfs_rand *r);
/* Uniform in [0, @bound); @bound must not be 0. */
uint64_t xfs_rand_below(struct xfs_rand *r, uint64_t bound);
void xfs_rand_bytes(struct xfs_rand *r, void *buf, size_t len);

#endif
