/* SPDX-License-Identifier: MIT */
/*
 * Memory of folios: a buddy allocator in chunks.
 *
 * The first touch of new memory costs more than copying into it (much more if the host is itself a
 * guest).  So a large cache uses huge pages as chunks and returns memory to the host only when more
 * is free than the cache may hold.  A freed piece is used again first, while it is still in the
 * CPU's cache; for the same reason pieces of the largest folio size are not joined.  Pieces of a
 * new chunk are given out in ascending order, so that small files written one after another are
 * adjacent in memory too and are written as one segment of a vector.
 */
#include "pagecache/pagecache_priv.h"

#define UNIT_ALLOCATED	0x80u		/* not the first unit of a free piece */

/* Smallest cache that uses huge pages: the last page may be used only in part. */
#define HUGE_KEEP_BYTES	(8ull * XFS_HUGE_PAGE_BYTES)

struct xfs_folio_chunk {
	uint8_t *base;
	uint32_t nr_whole;		/* free pieces of the largest size */
	uint8_t free_order[];		/* of the free piece that begins at this unit */
};

/* Kept in the first bytes of a free piece. */
struct free_piece {
	struct xfs_list link;
	struct xfs_folio_chunk *chunk;
};

void xfs_folio_memory_init(struct xfs_folio_memory *fm, const struct xfs_mem *mem,
			   uint32_t block_log, uint64_t keep_bytes)
{
	uint32_t i;

	fm->mem = mem;
	fm->unit_log = block_log;
	fm->max_order = xfs_highbit64(XFS_FOLIO_MAX_BYTES) - block_log;
	ASSERT(fm->max_order < XFS_FOLIO_ORDERS);
	for (i = 0; i < XFS_FOLIO_ORDERS; i++)
		xfs_list_init(&fm->free[i]);
	fm->nr_whole = 0;
	fm->max_whole = (uint32_t)XFS_MIN(keep_bytes / XFS_FOLIO_MAX_BYTES + 1, UINT32_MAX);
	fm->per_chunk = 1;
	if (keep_bytes >= HUGE_KEEP_BYTES && xfs_mem_has_huge(mem))
		fm->per_chunk = XFS_HUGE_PAGE_BYTES / XFS_FOLIO_MAX_BYTES;
}

/* The free piece of the largest size number @i of a chunk. */
static struct free_piece *whole_piece(const struct xfs_folio_memory *fm,
				      const struct xfs_folio_chunk *chunk, uint32_t i)
{
	return (void *)(chunk->base + (size_t)i * (1u << fm->max_order << fm->unit_log));
}

/* Free @chunk, of which nothing is in use. */
static void free_chunk(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk)
{
	ASSERT(chunk->nr_whole == fm->per_chunk);
	for (uint32_t i = 0; i < fm->per_chunk; i++)
		xfs_list_del(&whole_piece(fm, chunk, i)->link);
	fm->nr_whole -= fm->per_chunk;
	xfs_mem_free_sized(fm->mem, chunk->base, (size_t)fm->per_chunk * XFS_FOLIO_MAX_BYTES);
	xfs_mem_free(fm->mem, chunk);
}

/* A chunk of which nothing is in use. */
static struct xfs_folio_chunk *find_free_chunk(struct xfs_folio_memory *fm)
{
	struct xfs_list *whole = &fm->free[fm->max_order];
	struct free_piece *piece;

	xfs_list_for_each_entry(piece, whole, link)
		if (piece->chunk->nr_whole == fm->per_chunk)
			return piece->chunk;
	return NULL;
}

void xfs_folio_memory_trim(struct xfs_folio_memory *fm)
{
	struct xfs_folio_chunk *chunk;

	while ((chunk = find_free_chunk(fm)) != NULL)
		free_chunk(fm, chunk);
}

void xfs_folio_memory_destroy(struct xfs_folio_memory *fm)
{
	uint32_t i;

	xfs_folio_memory_trim(fm);
	for (i = 0; i < XFS_FOLIO_ORDERS; i++)
		ASSERT(xfs_list_empty(&fm->free[i]));
}

static void add_piece(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk, uint32_t unit,
		      uint32_t order)
{
	struct free_piece *piece = (void *)(chunk->base + ((size_t)unit << fm->unit_log));

	chunk->free_order[unit] = (uint8_t)order;
	piece->chunk = chunk;
	xfs_list_add(&piece->link, &fm->free[order]);
	if (order == fm->max_order) {
		fm->nr_whole++;
		chunk->nr_whole++;
	}
}

struct xfs_folio_chunk *xfs_folio_chunk_new(const struct xfs_folio_memory *fm)
{
	uint32_t units = fm->per_chunk << fm->max_order;
	struct xfs_folio_chunk *chunk = xfs_mem_alloc(fm->mem, sizeof(*chunk) + units);

	if (!chunk)
		return NULL;
	chunk->base = fm->per_chunk > 1 ? xfs_mem_alloc_huge(fm->mem) :
		      xfs_mem_alloc_sized(fm->mem, 4096, XFS_FOLIO_MAX_BYTES);
	if (!chunk->base) {
		xfs_mem_free(fm->mem, chunk);
		return NULL;
	}
	chunk->nr_whole = 0;
	memset(chunk->free_order, UNIT_ALLOCATED, units);
	/* First touch: the host clears a huge page now. */
	for (uint32_t i = 0; i < fm->per_chunk; i++)
		whole_piece(fm, chunk, i)->chunk = chunk;
	return chunk;
}

void xfs_folio_memory_add(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk)
{
	for (uint32_t i = fm->per_chunk; i-- > 0;)
		add_piece(fm, chunk, i << fm->max_order, fm->max_order);
}

uint8_t *xfs_folio_memory_get(struct xfs_folio_memory *fm, uint32_t order,
			      struct xfs_folio_chunk **chunk_p)
{
	struct xfs_folio_chunk *chunk;
	struct free_piece *piece;
	uint32_t have = order, unit;

	ASSERT(order <= fm->max_order);
	while (have <= fm->max_order && xfs_list_empty(&fm->free[have]))
		have++;
	if (have > fm->max_order)
		return NULL;
	piece = xfs_list_first_entry(&fm->free[have], struct free_piece, link);
	xfs_list_del(&piece->link);
	chunk = piece->chunk;
	if (have == fm->max_order) {
		fm->nr_whole--;
		chunk->nr_whole--;
	}
	unit = (uint32_t)(((uint8_t *)piece - chunk->base) >> fm->unit_log);
	chunk->free_order[unit] = UNIT_ALLOCATED;
	while (have > order) {
		have--;
		add_piece(fm, chunk, unit + (1u << have), have);
	}
	*chunk_p = chunk;
	return (uint8_t *)piece;
}

void xfs_folio_memory_put(struct xfs_folio_memory *fm, struct xfs_folio_chunk *chunk,
			  uint8_t *data, uint32_t order)
{
	uint32_t unit = (uint32_t)((data - chunk->base) >> fm->unit_log);

	ASSERT(chunk->free_order[unit] == UNIT_ALLOCATED);
	while (order < fm->max_order) {
		uint32_t buddy = unit ^ (1u << order);
		struct free_piece *piece = (void *)(chunk->base + ((size_t)buddy << fm->unit_log));

		if (chunk->free_order[buddy] != order)
			break;
		xfs_list_del(&piece->link);
		chunk->free_order[buddy] = UNIT_ALLOCATED;
		unit &= ~(1u << order);
		order++;
	}
	add_piece(fm, chunk, unit, order);
	if (fm->nr_whole > fm->max_whole && chunk->nr_whole == fm->per_chunk)
		free_chunk(fm, chunk);
}
