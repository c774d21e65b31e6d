/* SPDX-License-Identifier: MIT */
/*
 * Memory for the pools of a mount without limit and hooks: regions of 2 MiB from the host, divided
 * into slabs of 64 KiB, each for objects of one size.  Allocated one by one, objects would make the
 * host grow its heap page by page and change the address space each time, and threads would wait
 * for each other there.  A region may become one huge page and is then populated at once.
 *
 * Pools (base/mem.h) take and return objects in batches.  The lock is a spin lock: it is held for
 * one batch, and never during a call of the host.
 *
 * (SLAB-1) The slab of an object follows from its address: regions are aligned to their size.
 * (SLAB-2) A slab without objects in use is returned to its region, except for the last slab of its
 *     size that has free objects.  A region without slabs in use is returned to the host, except
 *     for the last one.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/compiler.h"
#include "base/list.h"

#define XFS_REGION_BYTES	((size_t)2 << 20)
#define XFS_SLAB_BYTES		((size_t)64 << 10)
#define XFS_SLAB_OBJECT_MAX	(XFS_SLAB_BYTES / 2)
#define XFS_SLAB_ALIGN_MAX	4096u
/* Most objects taken or returned at once. */
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
	struct xfs_list regions;	/* those with free slabs */
	struct xfs_depot depots[XFS_DEPOTS];
};

void xfs_slabs_init(struct xfs_slabs *slabs);
/* All objects must have been returned. */
void xfs_slabs_destroy(struct xfs_slabs *slabs);

/* The depot for objects of @size aligned to @align; NULL: allocate these from the host. */
struct xfs_depot *xfs_depot_of(struct xfs_slabs *slabs, size_t size, size_t align);
/* Take up to @n objects, at most XFS_SLAB_BATCH; 0: out of memory. */
uint32_t xfs_depot_take(struct xfs_depot *depot, void **objects, uint32_t n) XFS_MUST_CHECK;
void xfs_depot_give(struct xfs_depot *depot, void *const *objects, uint32_t n);

#endif
