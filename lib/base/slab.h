/* SPDX-License-Identifier: MIT */
/*
 * Memory for the pools of a mount without a limit and without hooks: regions of 2 MiB from the
 * host, which are divided into slabs of 64 KiB, each for objects of one size.  A host that is
 * asked for each object grows its heap by a page at a time, and changes and populates the address
 * space each time: threads wait for each other there.  A region may become one huge page, and is
 * populated at once then.
 *
 * Pools (base/mem.h) take objects and give them back in batches.  The lock is a word that is spun
 * on: it is held for a batch, and never while the host is asked.
 *
 * (SLAB-1) An object is found in its slab by its address: regions are aligned to their size.
 * (SLAB-2) A slab without objects in use goes back to its region, but for the last one of its size
 *     that has free objects; a region without slabs in use goes back to the host, but for the last one.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/compiler.h"
#include "base/list.h"

#define XFS_REGION_BYTES	((size_t)2 << 20)
#define XFS_SLAB_BYTES		((size_t)64 << 10)
#define XFS_SLAB_OBJECT_MAX	(XFS_SLAB_BYTES / 2)
#define XFS_SLAB_ALIGN_MAX	4096u
/* Objects that are had or given back at once, at most. */
#define XFS_SLAB_BATCH		32u
#define XFS_DEPOTS		32u

/* Objects of one size. */
struct xfs_depot {
	struct xfs_slabs *slabs;
	struct xfs_list partial;	/* slabs that have free objects */
	uint32_t stride, align;
};

struct xfs_slabs {
	uint32_t lock;
	uint32_t nr_depots;
	uint32_t nr_regions;
	struct xfs_list regions;	/* that have free slabs */
	struct xfs_depot depots[XFS_DEPOTS];
};

void xfs_slabs_init(struct xfs_slabs *slabs);
/* Every object was given back. */
void xfs_slabs_destroy(struct xfs_slabs *slabs);

/* For objects of @size that are aligned to @align; NULL: these are for the host. */
struct xfs_depot *xfs_depot_of(struct xfs_slabs *slabs, size_t size, size_t align);
/* At most @n, not more than XFS_SLAB_BATCH; 0: out of memory. */
uint32_t xfs_depot_take(struct xfs_depot *depot, void **objects, uint32_t n) XFS_MUST_CHECK;
void xfs_depot_give(struct xfs_depot *depot, void *const *objects, uint32_t n);

#endif
