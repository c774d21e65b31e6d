/* SPDX-License-Identifier: MIT */
/*
 * Three kinds of tree for model_btree.c, with blocks out of an array of what is in use, and the
 * one tree that is worked on beside the array that says what must be in it.
 */
#ifndef MODEL_BTREE_KINDS_H
#define MODEL_BTREE_KINDS_H

#include "btree/btree.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

#define BLOCKSIZE	1024u
#define AGBLOCKS	20000u
#define FIRST_BLOCK	16u
#define OWNER_INO	4711u
#define MAX_RECS	12000u

enum kind { SHORT, OVERLAP, INODE_ROOT };

/* A record of any kind: sorted by key, then sub. */
struct model_rec {
	uint64_t key, sub, len;
};

struct model {
	struct xfs_mount *mp;
	struct xfs_trans *tp;
	enum kind kind;
	uint64_t seed;
	struct xfs_rand rand;
	/* the tree */
	const struct xfs_btree_ops *ops;
	uint32_t max_leaf, max_node, root_max;
	uint64_t root_ptr;
	uint32_t nlevels;
	uint8_t inode_root[512];
	bool used[AGBLOCKS];
	uint32_t nused;
	uint32_t set_root_calls, max_height;
	/* the model */
	struct model_rec recs[MAX_RECS];
	uint32_t nrecs;
};

extern struct model *M;		/* of the ops below; one test runs at a time */

#define CHECK(cond) TEST_CHECK(M->mp, M->seed, cond)

extern const struct xfs_btree_ops kinds[];	/* by enum kind */

static inline int cmp64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* A record, and what to look it up by, as its kind has them on disk. */
void to_disk(const struct model_rec *r, uint8_t *rec);
void target_of(const struct model_rec *r, struct xfs_btree_target *t);

#endif
