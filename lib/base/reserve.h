/* SPDX-License-Identifier: MIT */
/*
 * The reserve of a mount: memory allocated at open, for work that must not fail when the host has
 * no memory.  base/mem.h says who may use it.
 *
 * It consists of a few regions, each divided into pages of 4 KiB.  Small pieces share pages by size
 * class, larger ones take runs of pages.  All are aligned to their size, up to a page.  Regions are
 * added and stay until the end, so that xfs_reserve_owns() needs no lock.  The lock is a spin lock:
 * it is held while a few hundred words are scanned, and only when the host has no memory.
 */
#ifndef BASE_RESERVE_H
#define BASE_RESERVE_H

#include "base/compiler.h"

#define XFS_RESERVE_PAGE	4096u
#define XFS_RESERVE_REGIONS	16u

struct xfs_reserve_page {
	uint64_t free;		/* in a page with a class: bit mask of free pieces */
	uint32_t run;		/* in the first page of a run: its pages; else 0 */
	uint8_t state;		/* private to reserve.c */
	uint8_t class;
};

struct xfs_reserve_region {
	uint8_t *base, *end;	/* pages; (c) once published */
	void *raw;		/* as allocated from the host */
	size_t raw_bytes;
	struct xfs_reserve_page *pages;
	uint32_t nr_pages;
};

struct xfs_reserve {
	uint32_t lock;
	uint32_t nr_regions;	/* (a) only grows */
	uint64_t bytes;		/* (a) in all regions, whole pages */
	uint64_t free_bytes;	/* (a) in pages that are entirely free */
	uint64_t lowest_free;	/* (a) minimum of free_bytes since xfs_reserve_reset_lowest() */
	struct xfs_reserve_region regions[XFS_RESERVE_REGIONS];
};

/* Memory to allocate for a region of @bytes, a multiple of the page size. */
size_t xfs_reserve_raw_bytes(size_t bytes);
/* Add @raw, of xfs_reserve_raw_bytes(@bytes).  False: too many regions. */
bool xfs_reserve_add(struct xfs_reserve *rv, void *raw, size_t bytes) XFS_MUST_CHECK;

/* Aligned to @align, a power of two up to a page.  NULL: the reserve is exhausted. */
void *xfs_reserve_alloc(struct xfs_reserve *rv, size_t align, size_t size) XFS_MUST_CHECK;
void xfs_reserve_free(struct xfs_reserve *rv, void *ptr);

static inline bool xfs_reserve_owns(const struct xfs_reserve *rv, const void *ptr)
{
	uint32_t n = __atomic_load_n(&rv->nr_regions, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++) {
		if ((const uint8_t *)ptr >= rv->regions[i].base &&
		    (const uint8_t *)ptr < rv->regions[i].end)
			return true;
	}
	return false;
}

static inline uint64_t xfs_reserve_free_bytes(const struct xfs_reserve *rv)
{
	return __atomic_load_n(&rv->free_bytes, __ATOMIC_ACQUIRE);
}

/* For tests: the minimum of the free bytes since the last call. */
uint64_t xfs_reserve_reset_lowest(struct xfs_reserve *rv);

#endif
