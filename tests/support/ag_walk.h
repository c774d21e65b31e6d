/* SPDX-License-Identifier: MIT */
/*
 * Reads an AG as it lies on the device, by the format alone: nothing here calls
 * the code under test.  Every block is held against its checksum, its place, its
 * fill, its neighbours and its parent; the first thing that does not hold is
 * told in @error.
 */
#ifndef SUPPORT_AG_WALK_H
#define SUPPORT_AG_WALK_H

#include <xfswrite/device.h>
#include "disk/ag.h"
#include "disk/irec.h"

struct ag_walk_list {
	void *recs;
	uint32_t nr, room;
};

enum {
	AG_WALK_BNO,
	AG_WALK_CNT,
	AG_WALK_INO,
	AG_WALK_FINO,
	AG_WALK_RMAP,
	AG_WALK_REFC,
	AG_WALK_TREES
};

struct ag_walk {
	char error[256];			/* "" when all is well */
	struct xfs_agf agf;
	struct xfs_agi agi;
	struct ag_walk_list list[AG_WALK_TREES];	/* records in host form, in order */
	uint32_t blocks[AG_WALK_TREES], height[AG_WALK_TREES];
	uint64_t *owner; /* per block: special owner of headers, trees, AGFL; 0: other */
	uint32_t agfl_count;
};

/* Memory is the caller's to free with ag_walk_free(). */
void ag_walk(struct xfs_device *dev, const struct xfs_geometry *geo, xfs_agnumber_t agno,
	     struct ag_walk *w);
void ag_walk_free(struct ag_walk *w);

static inline const struct xfs_alloc_rec_incore *ag_walk_free_recs(const struct ag_walk *w)
{
	return w->list[AG_WALK_BNO].recs;
}

static inline const struct xfs_rmap_irec *ag_walk_rmaps(const struct ag_walk *w)
{
	return w->list[AG_WALK_RMAP].recs;
}

static inline const struct xfs_refcount_irec *ag_walk_refcounts(const struct ag_walk *w)
{
	return w->list[AG_WALK_REFC].recs;
}

static inline const struct xfs_inobt_rec_incore *ag_walk_inodes(const struct ag_walk *w)
{
	return w->list[AG_WALK_INO].recs;
}

#endif
