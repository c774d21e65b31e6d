/* SPDX-License-Identifier: MIT */
/*
 * A folio: an aligned power-of-two piece of one file's bytes in memory, from one file-system block
 * to XFS_FOLIO_MAX_BYTES, with the state of each of its blocks.
 *
 * A block of a folio is
 *
 *   empty       its memory is undefined
 *   up to date  its memory is what a reader must see
 *   dirty       up to date, and differs from the disk
 *   writing     claimed by write-back or in the device queue; its memory must not
 *               change until the write is done
 *   failed      up to date, but writing it to new blocks failed; write/ioend.c
 *               has yet to convert their mapping back to unwritten
 *
 * (FOLIO-1) Dirty, writing and failed blocks are up to date.
 * (FOLIO-2) While a folio has a writing block, none of its blocks is changed: writers wait.
 * (FOLIO-3) Bytes of an up-to-date block past the end of the file are zero.
 * (FOLIO-4) An unlocked folio is on an LRU list exactly when none of its blocks is dirty, writing
 *     or failed.  Only then, and only while it is not pinned, may it be evicted.
 * (FOLIO-5) A folio with failed blocks is not claimed for write-back before they have been handled.
 * (FOLIO-6) At most one thread has a folio locked.  Only that thread changes the contents, and
 *     write-back skips the folio meanwhile.
 */
#ifndef PAGECACHE_FOLIO_H
#define PAGECACHE_FOLIO_H

#include "base/list.h"
#include "base/rbtree.h"
#include "core/mount.h"

#define XFS_FOLIO_MAX_BYTES	(256u << 10)
#define XFS_FOLIO_MAX_BLOCKS	64u		/* one bit each in a word */

struct xfs_mapping;
struct xfs_folio_chunk;
struct xfs_folio;

/* Context of a request in the device queue: which blocks of which folio it writes. */
struct xfs_ioend {
	struct xfs_folio *io_folio;
	uint64_t io_blocks;		/* bit mask */
	bool io_fresh;			/* they were mapped by this write-back */
	bool io_pooled;			/* allocated, not the folio's fo_ioend */
};

/* (c) constant, (m) lock of the mapping, (p) lock of the page cache, (a) atomic. */
struct xfs_folio {
	struct xfs_rb_node fo_node;	/* (m) by position */
	struct xfs_list fo_dirty_link;	/* (m) in the mapping's dirty list, or in write-back's
					 * list */
	struct xfs_list fo_lru;		/* (p) in an LRU list or the failed list */
	struct xfs_mapping *fo_mapping;	/* (c) */
	struct xfs_folio_chunk *fo_chunk; /* (c) owner of the memory */
	uint8_t *fo_data;		/* (c) */
	uint64_t fo_pos;		/* (c) bytes, a multiple of fo_size */
	uint32_t fo_size;		/* (c) bytes */
	uint32_t fo_pins;		/* (m) */
	bool fo_locked;			/* (m) */
	uint8_t fo_used;		/* (a) used since eviction last looked at it */
	bool fo_once;			/* (p) on lru_once */
	uint64_t fo_uptodate, fo_dirty, fo_writing, fo_failed;	/* (m) bit masks of blocks */
	struct xfs_ioend fo_ioend;	/* for the first request of a write-back */
};

/* Bits [@first, @first + @count); @count from 1 to 64. */
static inline uint64_t xfs_folio_mask(uint32_t first, uint32_t count)
{
	return (~0ull >> (64 - count)) << first;
}

static inline uint64_t xfs_folio_end(const struct xfs_folio *folio)
{
	return folio->fo_pos + folio->fo_size;
}

/* Length of the run of one-bits from bit @first upwards. */
static inline uint32_t xfs_folio_run(uint64_t bits, uint32_t first)
{
	uint64_t zeros = ~(bits >> first);

	return zeros ? xfs_lowbit64(zeros) : 64 - first;
}

#endif
