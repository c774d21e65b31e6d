/* SPDX-License-Identifier: MIT */
/* Regions, slabs and depots; the rules are in slab.h. */
#include <sched.h>
#include <stdlib.h>
#include "base/mem.h"
#include "base/slab.h"

#define SLABS_PER_REGION	((uint32_t)(XFS_REGION_BYTES / XFS_SLAB_BYTES))
/* At the start of a region, in its first slab. */
#define HEADER_BYTES		((size_t)XFS_SLAB_ALIGN_MAX)

struct slab {
	struct xfs_list list;		/* in its depot's list while it has free objects */
	void *free;			/* returned objects, linked by their first word */
	uint32_t capacity, used;
	uint32_t fresh;			/* objects from this one on were never handed out */
	uint32_t offset;		/* of the first object */
};

struct region {
	struct xfs_list list;		/* in the mount's list while it has free slabs */
	uint32_t free;			/* bit mask of free slabs */
	struct slab slabs[SLABS_PER_REGION];
};

_Static_assert(sizeof(struct region) <= HEADER_BYTES, "the header has a page");
_Static_assert(SLABS_PER_REGION == 32, "a bit for each slab");

static void lock(struct xfs_slabs *slabs)
{
	while (__atomic_exchange_n(&slabs->lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(struct xfs_slabs *slabs)
{
	__atomic_store_n(&slabs->lock, 0, __ATOMIC_RELEASE);
}

/* ---- regions ------------------------------------------------------------------------------- */

static struct region *region_of(const void *object)
{
	return (struct region *)((uintptr_t)object & ~(uintptr_t)(XFS_REGION_BYTES - 1));
}

static struct slab *slab_of(const void *object)
{
	struct region *region = region_of(object);

	return &region->slabs[((uintptr_t)object - (uintptr_t)region) / XFS_SLAB_BYTES];
}

static uint8_t *base_of(struct slab *slab)
{
	struct region *region = region_of(slab);

	return (uint8_t *)region + (size_t)(slab - region->slabs) * XFS_SLAB_BYTES + slab->offset;
}

/* @huge: the mount uses so much already that an unused rest does not matter. */
static struct region *region_from_host(bool huge)
{
	struct region *region;
	void *p;

	if (posix_memalign(&p, XFS_REGION_BYTES, XFS_REGION_BYTES))
		return NULL;
	if (huge)
		xfs_mem_ask_huge(p, XFS_REGION_BYTES);
	region = p;
	memset(region, 0, sizeof(*region));
	region->free = UINT32_MAX;
	return region;
}

/* Locked; the lock is dropped while the host is called.  False: out of memory. */
static bool add_region(struct xfs_slabs *slabs)
{
	bool huge = slabs->nr_regions != 0;
	struct region *region;

	unlock(slabs);
	region = region_from_host(huge);
	lock(slabs);
	if (!region)
		return false;
	xfs_list_add(&region->list, &slabs->regions);
	slabs->nr_regions++;
	return true;
}

static struct slab *take_slab(struct xfs_depot *depot)
{
	struct xfs_slabs *slabs = depot->slabs;
	struct region *region;
	struct slab *slab;
	uint32_t index;

	while (xfs_list_empty(&slabs->regions)) {
		if (!add_region(slabs))
			return NULL;
	}
	region = xfs_list_first_entry(&slabs->regions, struct region, list);
	index = (uint32_t)__builtin_ctz(region->free);
	region->free &= ~(1u << index);
	if (!region->free)
		xfs_list_del(&region->list);
	slab = &region->slabs[index];
	*slab = (struct slab){
		.offset = index ? 0 : (uint32_t)XFS_ALIGN(HEADER_BYTES, (size_t)depot->align),
	};
	slab->capacity = (uint32_t)((XFS_SLAB_BYTES - slab->offset) / depot->stride);
	xfs_list_add(&slab->list, &depot->partial);
	return slab;
}

static bool is_only_one(const struct xfs_list *list)
{
	return list->next != list && list->next == list->prev;
}

/* Locked: no object of @slab is in use (SLAB-2).  Returns a region for the host, or NULL. */
static struct region *give_slab(struct xfs_slabs *slabs, struct slab *slab)
{
	struct region *region = region_of(slab);

	xfs_list_del(&slab->list);
	if (!region->free)
		xfs_list_add_tail(&region->list, &slabs->regions);
	region->free |= 1u << (slab - region->slabs);
	if (region->free != UINT32_MAX || is_only_one(&slabs->regions))
		return NULL;
	xfs_list_del(&region->list);
	slabs->nr_regions--;
	return region;
}

/* ---- depots -------------------------------------------------------------------------------- */

void xfs_slabs_init(struct xfs_slabs *slabs)
{
	memset(slabs, 0, sizeof(*slabs));
	xfs_list_init(&slabs->regions);
}

void xfs_slabs_destroy(struct xfs_slabs *slabs)
{
	for (uint32_t i = 0; i < slabs->nr_depots; i++) {
		struct xfs_depot *depot = &slabs->depots[i];

		while (!xfs_list_empty(&depot->partial)) {
			struct slab *slab = xfs_list_first_entry(&depot->partial, struct slab, list);

			ASSERT(slab->used == 0);
			free(give_slab(slabs, slab));
		}
	}
	while (!xfs_list_empty(&slabs->regions)) {
		struct region *region = xfs_list_first_entry(&slabs->regions, struct region, list);

		ASSERT(region->free == UINT32_MAX);
		xfs_list_del(&region->list);
		slabs->nr_regions--;
		free(region);
	}
	ASSERT(slabs->nr_regions == 0);
}

struct xfs_depot *xfs_depot_of(struct xfs_slabs *slabs, size_t size, size_t align)
{
	struct xfs_depot *depot = NULL;
	size_t stride;

	align = XFS_MAX(align, sizeof(void *));
	stride = XFS_ALIGN(size, align);
	if (stride > XFS_SLAB_OBJECT_MAX || align > XFS_SLAB_ALIGN_MAX)
		return NULL;
	lock(slabs);
	for (uint32_t i = 0; i < slabs->nr_depots && !depot; i++) {
		if (slabs->depots[i].stride == stride && slabs->depots[i].align == align)
			depot = &slabs->depots[i];
	}
	if (!depot && slabs->nr_depots < XFS_DEPOTS) {
		depot = &slabs->depots[slabs->nr_depots++];
		depot->slabs = slabs;
		depot->stride = (uint32_t)stride;
		depot->align = (uint32_t)align;
		xfs_list_init(&depot->partial);
	}
	unlock(slabs);
	return depot;
}

static void *take_object(struct xfs_depot *depot, struct slab *slab)
{
	void *object = slab->free;

	if (object)
		memcpy(&slab->free, object, sizeof(void *));
	else
		object = base_of(slab) + (size_t)slab->fresh++ * depot->stride;
	slab->used++;
	if (slab->used == slab->capacity)
		xfs_list_del(&slab->list);
	return object;
}

uint32_t xfs_depot_take(struct xfs_depot *depot, void **objects, uint32_t n)
{
	uint32_t taken = 0;

	lock(depot->slabs);
	while (taken < n) {
		struct slab *slab;

		if (!xfs_list_empty(&depot->partial))
			slab = xfs_list_first_entry(&depot->partial, struct slab, list);
		else if (!taken)
			slab = take_slab(depot);
		else
			break;
		if (!slab)
			break;
		objects[taken++] = take_object(depot, slab);
	}
	unlock(depot->slabs);
	return taken;
}

void xfs_depot_give(struct xfs_depot *depot, void *const *objects, uint32_t n)
{
	struct region *empty[XFS_SLAB_BATCH];
	uint32_t nr_empty = 0;

	ASSERT(n <= XFS_SLAB_BATCH);
	lock(depot->slabs);
	for (uint32_t i = 0; i < n; i++) {
		struct slab *slab = slab_of(objects[i]);

		ASSERT(slab->used > 0);
		memcpy(objects[i], &slab->free, sizeof(void *));
		slab->free = objects[i];
		if (slab->used-- == slab->capacity)
			xfs_list_add_tail(&slab->list, &depot->partial);
		if (slab->used || is_only_one(&depot->partial))
			continue;
		empty[nr_empty] = give_slab(depot->slabs, slab);
		if (empty[nr_empty])
			nr_empty++;
	}
	unlock(depot->slabs);
	while (nr_empty)
		free(empty[--nr_empty]);
}
