/* SPDX-License-Identifier: MIT */
/* The reserve of memory: pages, pieces by size class, runs; see reserve.h. */
#include <sched.h>
#include "base/reserve.h"

enum page_state {
	PAGE_FREE,
	PAGE_RUN,	/* the first page of a run */
	PAGE_TAIL,	/* another one */
	PAGE_SMALL,	/* holds pieces of one class */
};

#define SMALLEST_LOG	6u
#define LARGEST_CLASS	(XFS_RESERVE_PAGE / 2)

static void lock(struct xfs_reserve *rv)
{
	while (__atomic_exchange_n(&rv->lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(struct xfs_reserve *rv)
{
	__atomic_store_n(&rv->lock, 0, __ATOMIC_RELEASE);
}

size_t xfs_reserve_raw_bytes(size_t bytes)
{
	/* The host may align to less than a page. */
	return bytes + XFS_RESERVE_PAGE + bytes / XFS_RESERVE_PAGE * sizeof(struct xfs_reserve_page);
}

bool xfs_reserve_add(struct xfs_reserve *rv, void *raw, size_t bytes)
{
	struct xfs_reserve_region *region;
	bool added = false;

	lock(rv);
	if (rv->nr_regions < XFS_RESERVE_REGIONS) {
		region = &rv->regions[rv->nr_regions];
		region->raw = raw;
		region->raw_bytes = xfs_reserve_raw_bytes(bytes);
		region->base = (uint8_t *)(((uintptr_t)raw + XFS_RESERVE_PAGE - 1) &
					   ~(uintptr_t)(XFS_RESERVE_PAGE - 1));
		region->end = region->base + bytes;
		region->pages = (void *)region->end;
		region->nr_pages = (uint32_t)(bytes / XFS_RESERVE_PAGE);
		memset(region->pages, 0, region->nr_pages * sizeof(*region->pages));
		__atomic_store_n(&rv->bytes, rv->bytes + bytes, __ATOMIC_RELAXED);
		__atomic_store_n(&rv->free_bytes, rv->free_bytes + bytes, __ATOMIC_RELEASE);
		__atomic_store_n(&rv->nr_regions, rv->nr_regions + 1, __ATOMIC_RELEASE);
		added = true;
	}
	unlock(rv);
	return added;
}

/* Locked: @pages more pages are in use; fewer if negative. */
static void use_pages(struct xfs_reserve *rv, int64_t pages)
{
	uint64_t left = rv->free_bytes - (uint64_t)(pages * (int64_t)XFS_RESERVE_PAGE);

	__atomic_store_n(&rv->free_bytes, left, __ATOMIC_RELEASE);
	if (left < rv->lowest_free)
		rv->lowest_free = left;
}

/* Locked: first of @n consecutive free pages; -1: this region has none. */
static int64_t find_run(const struct xfs_reserve_region *region, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < region->nr_pages; i++) {
		found = region->pages[i].state == PAGE_FREE ? found + 1 : 0;
		if (found == n)
			return (int64_t)i + 1 - n;
	}
	return -1;
}

static uint8_t *alloc_run(struct xfs_reserve *rv, uint32_t n, struct xfs_reserve_page **first)
{
	for (uint32_t r = 0; r < rv->nr_regions; r++) {
		struct xfs_reserve_region *region = &rv->regions[r];
		int64_t at = find_run(region, n);

		if (at < 0)
			continue;
		for (uint32_t i = 0; i < n; i++)
			region->pages[at + i].state = i ? PAGE_TAIL : PAGE_RUN;
		region->pages[at].run = n;
		use_pages(rv, n);
		*first = &region->pages[at];
		return region->base + (size_t)at * XFS_RESERVE_PAGE;
	}
	return NULL;
}

static uint64_t all_free(uint32_t class)
{
	uint32_t pieces = XFS_RESERVE_PAGE >> (class + SMALLEST_LOG);

	return pieces == 64 ? ~(uint64_t)0 : ((uint64_t)1 << pieces) - 1;
}

static void *take_piece(struct xfs_reserve_page *page, uint8_t *base)
{
	uint32_t bit = (uint32_t)__builtin_ctzll(page->free);

	page->free &= page->free - 1;
	return base + ((size_t)bit << (page->class + SMALLEST_LOG));
}

static void *alloc_small(struct xfs_reserve *rv, uint32_t class)
{
	struct xfs_reserve_page *page;
	uint8_t *base;

	for (uint32_t r = 0; r < rv->nr_regions; r++) {
		struct xfs_reserve_region *region = &rv->regions[r];

		for (uint32_t i = 0; i < region->nr_pages; i++) {
			page = &region->pages[i];
			if (page->state == PAGE_SMALL && page->class == class && page->free)
				return take_piece(page, region->base + (size_t)i * XFS_RESERVE_PAGE);
		}
	}
	base = alloc_run(rv, 1, &page);
	if (!base)
		return NULL;
	page->state = PAGE_SMALL;
	page->run = 0;
	page->class = (uint8_t)class;
	page->free = all_free(class);
	return take_piece(page, base);
}

void *xfs_reserve_alloc(struct xfs_reserve *rv, size_t align, size_t size)
{
	size_t want = XFS_MAX(size, align);
	struct xfs_reserve_page *first;
	uint32_t class = 0;
	void *p;

	ASSERT(size && align <= XFS_RESERVE_PAGE);
	if (size > rv->bytes)
		return NULL;
	lock(rv);
	if (want <= LARGEST_CLASS) {
		while ((size_t)1 << (class + SMALLEST_LOG) < want)
			class++;
		p = alloc_small(rv, class);
	} else {
		p = alloc_run(rv, (uint32_t)((size + XFS_RESERVE_PAGE - 1) / XFS_RESERVE_PAGE), &first);
	}
	unlock(rv);
	return p;
}

static void free_run(struct xfs_reserve *rv, struct xfs_reserve_page *page)
{
	uint32_t n = page->run;

	for (uint32_t i = 0; i < n; i++)
		page[i].state = PAGE_FREE;
	page->run = 0;
	use_pages(rv, -(int64_t)n);
}

void xfs_reserve_free(struct xfs_reserve *rv, void *ptr)
{
	lock(rv);
	for (uint32_t r = 0; r < rv->nr_regions; r++) {
		struct xfs_reserve_region *region = &rv->regions[r];
		struct xfs_reserve_page *page;
		size_t off;

		if ((uint8_t *)ptr < region->base || (uint8_t *)ptr >= region->end)
			continue;
		off = (size_t)((uint8_t *)ptr - region->base);
		page = &region->pages[off / XFS_RESERVE_PAGE];
		if (page->state == PAGE_RUN) {
			free_run(rv, page);
			break;
		}
		ASSERT(page->state == PAGE_SMALL);
		page->free |= (uint64_t)1 << (off % XFS_RESERVE_PAGE >> (page->class + SMALLEST_LOG));
		if (page->free == all_free(page->class)) {
			page->state = PAGE_FREE;
			use_pages(rv, -1);
		}
		break;
	}
	unlock(rv);
}

uint64_t xfs_reserve_reset_lowest(struct xfs_reserve *rv)
{
	uint64_t lowest;

	lock(rv);
	lowest = rv->lowest_free;
	rv->lowest_free = rv->free_bytes;
	unlock(rv);
	return lowest;
}
