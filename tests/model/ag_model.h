/* SPDX-License-Identifier: MIT */
/*
 * A plain model of the space of a file system: who owns which blocks, and which inodes there
 * are; and the comparison with what is on the device.  model_ag.c drives it.
 */
#ifndef MODEL_AG_MODEL_H
#define MODEL_AG_MODEL_H

#include "ag/alloc.h"
#include "ag/inobt.h"
#include "support/ag_walk.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

#define MAX_MAPS	80000u
#define MAX_CHUNKS	4000u

/* One owner of one extent; blocks of a file's data may be in several. */
struct map {
	xfs_fsblock_t fsbno;
	xfs_extlen_t len;
	struct xfs_owner_info oinfo;
};

struct chunk {
	xfs_agnumber_t agno;
	struct xfs_inobt_rec_incore rec;
};

struct model {
	struct xfs_mount *mp;
	uint64_t seed;
	struct xfs_rand rand;
	struct map maps[MAX_MAPS];
	uint32_t nmaps;
	struct chunk chunks[MAX_CHUNKS];
	uint32_t nchunks;
	uint64_t next_ino;
	bool keep_inodes;		/* nobody touches inode records */
	uint32_t max_height[AG_WALK_TREES];
	uint64_t refused;
};

/* Of all of this; one run at a time. */
extern struct model *M;

#define CHECK(cond) TEST_CHECK(M->mp, M->seed, cond)

static inline uint64_t below(uint64_t n)
{
	return xfs_rand_below(&M->rand, n);
}

static inline const struct xfs_geometry *geo(void)
{
	return &M->mp->m_geo;
}

static inline bool is_data(const struct xfs_owner_info *o)
{
	return !XFS_RMAP_NON_INODE_OWNER(o->oi_owner) &&
	       !(o->oi_flags & (XFS_OWNER_ATTR_FORK | XFS_OWNER_BMBT_BLOCK));
}

static inline bool has_offset(const struct xfs_owner_info *o)
{
	return !XFS_RMAP_NON_INODE_OWNER(o->oi_owner) && !(o->oi_flags & XFS_OWNER_BMBT_BLOCK);
}

void add_map(xfs_fsblock_t fsbno, xfs_extlen_t len, const struct xfs_owner_info *oinfo);
/* Map @i loses [@off, +@len). */
void cut_map(uint32_t i, xfs_extlen_t off, xfs_extlen_t len);
/* What the formatter made is owned by somebody, too. */
void take_over(void);
/*
 * Write all to the device, and read it back with a walker that knows the format only: free
 * space, reverse map, reference counts, inodes and counters are those that follow from here.
 */
void check_all(void);

#endif
