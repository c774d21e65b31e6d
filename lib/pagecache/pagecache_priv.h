/* SPDX-License-Identifier: MIT */
/* Shared by the files of pagecache/. */
#ifndef PAGECACHE_PAGECACHE_PRIV_H
#define PAGECACHE_PAGECACHE_PRIV_H

#include "pagecache/mapping.h"

#define XFS_FOLIO_ORDERS	9	/* the largest folio has at most 2^8 blocks */

/*
 * Memory of folios: chunks of one or several pieces of XFS_FOLIO_MAX_BYTES, each split into halves
 * on demand, so that the same memory serves small files now and large ones later.
 */
struct xfs_folio_memory {
	const struct xfs_mem *mem;
	uint32_t unit_log;		/* log2 of the smallest folio */
	uint32_t max_order;		/* the largest one is 2^max_order units */
	uint32_t per_chunk;		/* largest pieces in a chunk */
	struct xfs_list free[XFS_FOLIO_ORDERS];
	uint32_t nr_whole;		/* pieces on free[max_order] */
	uint32_t max_whole;		/* beyond this, free chunks are returned to the host */
};

void xfs_folio_memory_init(struct xfs_folio_memory *fm, const struct xfs_mem *mem,
			   uint32_t block_log, uint64_t keep_bytes);
/* All must be free. */
void xfs_folio_memory_destroy(struct xfs_folio_memory *fm);
/* Return chunks of which nothing is in use to the host. */
void xfs_folio_memory_trim(struct xfs_folio_memory *fm);
/*
 * More memory, made without a lock, because the host may clear it as soon as it is touched, and added
 * under the lock.  NULL: the host has none.
 */
struct xfs_folio_chunk *xfs_folio_chunk_new(const struct xfs_folio_memory *fm) XFS_MUST_CHECK;
void xfs_folio_memory_add(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk);
/* NULL: more has to be added first. */
uint8_t *xfs_folio_memory_get(struct xfs_folio_memory *fm, uint32_t order,
			      struct xfs_folio_chunk **chunk) XFS_MUST_CHECK;
void xfs_folio_memory_put(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk,
			  uint8_t *data, uint32_t order);

struct xfs_pagecache {
	struct xfs_mount *mount;	/* (c) */
	uint64_t limit_bytes;		/* (c) */
	uint32_t block_log;		/* (c) */
	struct xfs_mutex lock;		/* LEAF class, inside a mapping's */
	struct xfs_cond unpicked;	/* nr_picked fell to 0 */
	struct xfs_folio_memory memory;	/* under the lock, like everything below */
	struct xfs_pool folios, mappings, ioends;
	/*
	 * Folios, oldest first.  Those that were written once and not used since are on lru_once;
	 * their memory is reused first, while it is in the CPU's cache.
	 */
	struct xfs_list lru_once, lru;
	struct xfs_list failed;		/* of folios */
	struct xfs_list dirty;		/* of mappings */
	struct xfs_list released;	/* of mappings */
	uint64_t dirty_seq;
	uint64_t nr_lru, once_bytes, nr_dirty, nr_failed, nr_released, nr_picked;
	uint64_t bytes, dirty_bytes;
	uint64_t nr_mappings, nr_not_idle;
	uint32_t asked_log;		/* (c) log2 of the entries of @asked */
	uint16_t asked[];		/* (a) tags of blocks by hash, for xfs_pagecache_asked() */
};

/* log2 of the folio's size in blocks. */
static inline uint32_t xfs_folio_order(const struct xfs_pagecache *pc, const struct xfs_folio *folio)
{
	return xfs_highbit64(folio->fo_size) - pc->block_log;
}

static inline uint32_t xfs_folio_nr_blocks(const struct xfs_pagecache *pc,
					   const struct xfs_folio *folio)
{
	return folio->fo_size >> pc->block_log;
}

static inline uint64_t xfs_folio_all(const struct xfs_pagecache *pc, const struct xfs_folio *folio)
{
	return xfs_folio_mask(0, xfs_folio_nr_blocks(pc, folio));
}

/* Largest size of a folio with these blocks. */
static inline uint32_t xfs_folio_max_bytes(const struct xfs_pagecache *pc)
{
	return XFS_MIN(XFS_FOLIO_MAX_BYTES, XFS_FOLIO_MAX_BLOCKS << pc->block_log);
}

/* Allocate a folio that is in no mapping yet; ignores the limit. */
struct xfs_folio *xfs_folio_new(struct xfs_mapping *m, uint64_t pos, uint32_t size) XFS_MUST_CHECK;
/*
 * The same within the limit, of @size or smaller if there is no memory for that: clean folios and
 * caches are evicted first, then dirty ones written back.  NULL: nothing helped.  IOLOCKs may be
 * held, no other lock.
 */
struct xfs_folio *xfs_folio_make(struct xfs_mapping *m, uint64_t pos, uint32_t size) XFS_MUST_CHECK;
/* Free the folio; cache lock held. */
void xfs_folio_release_locked(struct xfs_pagecache *pc, struct xfs_folio *folio);

/* Cache lock held: append a clean folio to its LRU list, unless it is on one. */
void xfs_folio_lru_add(struct xfs_pagecache *pc, struct xfs_folio *folio);
void xfs_folio_lru_del(struct xfs_pagecache *pc, struct xfs_folio *folio);
/* Cache lock held: the folio leaves lru_once. */
void xfs_folio_leave_once(struct xfs_pagecache *pc, struct xfs_folio *folio);

/* Mapping and cache lock held: remove a clean folio from its tree and the LRU list, and free it. */
void xfs_folio_evict_locked(struct xfs_mapping *m, struct xfs_folio *folio);

/*
 * Mapping and cache lock held: move @m to the list of its state; true if it was idle and is not any
 * more.
 */
bool xfs_mapping_update_state(struct xfs_mapping *m);

/* ---- lookup.c; mapping locked --------------------------------------------------------- */

static inline struct xfs_folio *xfs_folio_of(struct xfs_rb_node *node)
{
	return node ? container_of(node, struct xfs_folio, fo_node) : NULL;
}

static inline struct xfs_folio *xfs_folio_next(struct xfs_folio *folio)
{
	return xfs_folio_of(xfs_rb_next(&folio->fo_node));
}

static inline bool xfs_folio_covers(const struct xfs_folio *folio, uint64_t pos)
{
	return pos >= folio->fo_pos && pos - folio->fo_pos < folio->fo_size;
}

static inline uint32_t xfs_folio_block(const struct xfs_mapping *m, const struct xfs_folio *folio, uint64_t pos)
{
	return (uint32_t)((pos - folio->fo_pos) >> m->m_cache->block_log);
}

/* The last folio that begins at or before @pos. */
struct xfs_folio *xfs_folio_floor(struct xfs_mapping *m, uint64_t pos);
/* The first folio that ends after @pos. */
struct xfs_folio *xfs_folio_from(struct xfs_mapping *m, uint64_t pos);

/* ---- dirty.c; mapping and cache lock held ------------------------------------------------ */

/* Called when a folio's first block becomes dirty, and its last one clean. */
void xfs_folio_add_dirty(struct xfs_mapping *m, struct xfs_folio *folio);
void xfs_folio_del_dirty(struct xfs_mapping *m, struct xfs_folio *folio);

#endif
