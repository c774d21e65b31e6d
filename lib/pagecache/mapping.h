/* SPDX-License-Identifier: MIT */
/*
 * The page cache: file bytes in memory.  A mapping is one file's tree of folios.  It knows neither
 * extents nor the inode, only an opaque pointer to its owner.
 *
 * Rules of use:
 *
 * (PAGECACHE-1) A thread that adds, changes or removes contents of a file holds its IOLOCK
 *     exclusively; to add what it has read, shared is enough.  Write-back holds no IOLOCK: it
 *     claims dirty folios and is excluded by the folio's lock and its writing bits.
 * (PAGECACHE-2) No function here is called with a transaction open or an ILOCK held, except those
 *     marked "anywhere".  Those that wait may submit the device queue.
 * (PAGECACHE-3) A mapping with dirty, writing or failed folios holds a reference to its owner: the
 *     thread that makes it dirty takes it before, and the thread that finds the owner with
 *     xfs_pagecache_pop_clean() puts it.
 *
 * States of a mapping:
 *
 *   idle      clean, holds no reference to the owner
 *   dirty     on the list of dirty mappings, in the order of first dirtying
 *   held      picked by write-back, or nothing is dirty any more but writes or failed
 *             blocks remain
 *   released  clean again; on the list of those whose reference is to be put
 *
 * idle -> dirty by a writer; dirty -> held -> released by write-back (or truncation); released ->
 * idle by xfs_pagecache_pop_clean(); held and released -> dirty by a writer.
 */
#ifndef PAGECACHE_MAPPING_H
#define PAGECACHE_MAPPING_H

#include "pagecache/folio.h"

struct xfs_pagecache;

enum xfs_mapping_state {
	XFS_MAPPING_IDLE,
	XFS_MAPPING_DIRTY,
	XFS_MAPPING_HELD,
	XFS_MAPPING_RELEASED,
};

struct xfs_mapping {
	struct xfs_mutex m_lock;	/* LEAF class, before the page cache's own */
	struct xfs_cond m_wake;		/* a folio was unlocked, or a claim ended */
	struct xfs_pagecache *m_cache;	/* (c) */
	void *m_owner;			/* (c) the inode */
	struct xfs_rb_tree m_tree;	/* (m) folios by position */
	struct xfs_folio *m_last;	/* (m) the folio found last, or NULL */
	struct xfs_list m_dirty;	/* (m) dirty folios, sorted unless m_unsorted */
	bool m_unsorted;		/* (m) */
	uint8_t m_state;		/* (p) enum xfs_mapping_state */
	bool m_picked;			/* (p) write-back has picked it */
	uint32_t m_waiters;		/* (m) */
	uint32_t m_claims;		/* (m) threads with claimed folios not yet queued or
					 * ended */
	uint64_t m_nr_dirty, m_nr_writing, m_nr_failed; /* (m) folios */
	struct xfs_list m_link;		/* (p) */
	uint64_t m_seq;			/* (p) position in the order of first dirtying */
	int64_t m_dirtied;		/* (p) the clock then, in seconds */
};

int xfs_pagecache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The cache may always hold this many folios of the largest size. */
#define XFS_PAGECACHE_MIN_FOLIOS	4u

/* All mappings must be gone. */
void xfs_pagecache_destroy(struct xfs_mount *mp);

/*
 * The mapping in @*slot, created if it is NULL; safe if other threads do the same.  NULL: out of
 * memory.
 */
struct xfs_mapping *xfs_mapping_get(struct xfs_mount *mp, struct xfs_mapping **slot, void *owner);
/*
 * Free the mapping and all its folios; nobody may use it.  It must not be dirty, except after a
 * shutdown or in abandon.  NULL is fine.
 */
void xfs_mapping_destroy(struct xfs_mapping *m);

/* ---- writers ----------------------------------------------------------------- */

/*
 * Lock the folio around @pos, after waiting for write-back of it.  If there is none, create one of
 * a size that suits a write of @len bytes. *@folio_p covers @pos, not necessarily all of @len.
 * Keeps the memory limit, which may write back other files.  -ENOMEM, XFS_WOULD_WAIT.
 */
int xfs_mapping_lock_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			   struct xfs_folio **folio_p) XFS_MUST_CHECK;
/* The same for an existing folio; *@folio_p is NULL if @pos is not cached. */
int xfs_mapping_lock_existing(struct xfs_mapping *m, uint64_t pos, struct xfs_folio **folio_p)
	XFS_MUST_CHECK;
/*
 * Unlock.  The blocks in @dirty, which were filled and changed, become up to date and dirty.  True
 * if the mapping was idle and took over the caller's reference to the owner, which the caller must
 * have taken before the call (PAGECACHE-3): another thread may put it as soon as this call begins.
 */
bool xfs_folio_unlock(struct xfs_folio *folio, uint64_t dirty);

/* ---- readers ------------------------------------------------------------------ */

/*
 * Pin the folio around @pos if the block there is up to date: its up-to-date blocks do not change
 * while the IOLOCK is held. *@valid: up-to-date bytes from @pos on.  NULL if it is not; *@valid is
 * then the number of bytes from @pos on, at most @len, that are not cached.
 */
struct xfs_folio *xfs_mapping_pin(struct xfs_mapping *m, uint64_t pos, uint64_t len,
				  uint64_t *valid);
void xfs_folio_unpin(struct xfs_folio *folio);
/*
 * A folio to read into, not yet in a mapping.  It begins with the block of @pos and has no more
 * blocks than @len bytes need.  -ENOMEM.
 */
int xfs_mapping_new_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			  struct xfs_folio **folio_p) XFS_MUST_CHECK;
/*
 * The first @blocks blocks of @folio were read from disk: insert it into the mapping, or copy from
 * it the blocks that are missing there.  Takes over the folio.
 */
void xfs_mapping_add_clean(struct xfs_mapping *m, struct xfs_folio *folio, uint32_t blocks);
/*
 * True if the block at @pos of @owner's file, which is not cached, was asked for by an earlier call
 * not long ago.  Random reads are cached only from the second time on, or they would evict what is
 * in use.  A guess: false if other blocks came in between, rarely true by chance.
 */
bool xfs_pagecache_asked(struct xfs_mount *mp, const void *owner, uint64_t pos);
/* Free a folio of xfs_mapping_new_folio() that is in no mapping. */
void xfs_folio_free(struct xfs_mapping *m, struct xfs_folio *folio);

/* First run of dirty or writing blocks in [@pos, @end); false: none.  Anywhere. */
bool xfs_mapping_find_dirty(struct xfs_mapping *m, uint64_t pos, uint64_t end, uint64_t *start,
			    uint64_t *run_end);

/*
 * True if [@start, @end) may be changed directly on the device: none of it is cached, and nothing
 * of the file is dirty, so that its size may change too.  IOLOCK held exclusively.
 */
/* True if the file is being written back. */
bool xfs_mapping_is_writing(struct xfs_mapping *m);
bool xfs_mapping_may_pass(struct xfs_mapping *m, uint64_t start, uint64_t end);

/* ---- removal -------------------------------------------------------------------- */

/*
 * Drop all blocks that begin at or after @size, dirty or not, after waiting for write-back.  The
 * only error is XFS_WOULD_WAIT of a NOWAIT call, before anything is dropped.
 */
int xfs_mapping_truncate(struct xfs_mapping *m, uint64_t size);
/* The same for [@start, @end), which is aligned to blocks. */
int xfs_mapping_forget_range(struct xfs_mapping *m, uint64_t start, uint64_t end);
/*
 * Drop the blocks of [@start, @end), which is aligned to blocks, after waiting for write-back.
 * Dirty and failed blocks stay; false if there are any.  IOLOCK held exclusively.
 */
bool xfs_mapping_forget(struct xfs_mapping *m, uint64_t start, uint64_t end);

/* ---- write-back ------------------------------------------------------------------- */

/*
 * Claim dirty folios that overlap [@start, @end) for write-back, in file order, until @max_bytes
 * are claimed.  Their dirty blocks become writing, and they are appended to @out.  Locked folios
 * are waited for if @wait, else skipped.  Returns the bytes claimed.  If that is not 0, the caller
 * must hand every claimed block to the queue or to xfs_folio_end_write(), then call
 * xfs_mapping_end_claim(). *@left_failed: with @wait, folios were skipped because of failed blocks,
 * which the caller must handle before it retries.
 */
uint64_t xfs_mapping_claim(struct xfs_mapping *m, uint64_t start, uint64_t end,
			   uint64_t max_bytes, bool wait, struct xfs_list *out,
			   bool *left_failed);
void xfs_mapping_end_claim(struct xfs_mapping *m);

/*
 * End the write of @blocks.  @failed: their mapping is new and their data did not reach the disk.
 * The folio must not be touched afterwards.  Anywhere.
 */
void xfs_folio_end_write(struct xfs_folio *folio, uint64_t blocks, bool failed);

/* Writing blocks could not be mapped now: make them dirty again. */
void xfs_folio_redirty(struct xfs_folio *folio, uint64_t blocks);

/* Allocate the context of a further request; NULL: out of memory.  Anywhere. */
struct xfs_ioend *xfs_ioend_alloc(struct xfs_mapping *m);
void xfs_ioend_free(struct xfs_mapping *m, struct xfs_ioend *ioend);

/* Wait until all claims of other threads, and everything they queued, are done. */
void xfs_mapping_wait_writeback(struct xfs_mapping *m);

/* ---- all files of a mount ------------------------------------------------------------ */

/*
 * Pick the mapping that has been dirty longest; it is off the list until xfs_pagecache_unpick(),
 * and its owner stays alive meanwhile.  NULL: none became dirty before xfs_pagecache_dirty_seq()
 * returned @upto.
 */
struct xfs_mapping *xfs_pagecache_pick_dirty(struct xfs_mount *mp, uint64_t upto);
uint64_t xfs_pagecache_dirty_seq(struct xfs_mount *mp);
/* The @upto that covers all mappings dirty since @seconds of the clock or longer; 0: none. */
uint64_t xfs_pagecache_dirty_since(struct xfs_mount *mp, int64_t seconds);
/*
 * Put a mapping that is still dirty back on the list: at its end if @rotate (it could not be
 * written).
 */
void xfs_pagecache_unpick(struct xfs_mapping *m, bool rotate);
/*
 * True if @is(owner) is true for one of the first dirty mappings.  @is must neither sleep nor lock.
 */
bool xfs_pagecache_has_dirty(struct xfs_mount *mp, bool (*is)(const void *owner));
/* Wait until no mapping is picked: what other threads picked is being written or dirty again. */
void xfs_pagecache_wait_picked(struct xfs_mount *mp);
/*
 * The owner of a mapping that became clean, with its reference (PAGECACHE-3), which passes to the
 * caller.  NULL: none.
 */
void *xfs_pagecache_pop_clean(struct xfs_mount *mp);
/*
 * A folio with failed blocks, for the caller to handle and then pass to xfs_folio_end_failed(); it
 * stays where it is.  NULL: none.
 */
struct xfs_folio *xfs_pagecache_pop_failed(struct xfs_mount *mp, uint64_t *blocks);
void xfs_folio_end_failed(struct xfs_folio *folio, uint64_t blocks);

/* True if any mapping is not idle. */
bool xfs_pagecache_holds_owners(struct xfs_mount *mp);
/* Without a lock: true if pop_clean or pop_failed would find something. */
bool xfs_pagecache_has_clean(struct xfs_mount *mp);
bool xfs_pagecache_has_failed(struct xfs_mount *mp);

/* Bytes of dirty folios, and of all folios. */
uint64_t xfs_pagecache_dirty_bytes(struct xfs_mount *mp);
uint64_t xfs_pagecache_bytes(struct xfs_mount *mp);
/* True if dirty data must be written before @bytes more can be cached. */
bool xfs_pagecache_must_write(const struct xfs_pagecache *pc, uint64_t bytes);
/* True if write-back for the sake of memory should go on. */
bool xfs_pagecache_is_dirty_enough(struct xfs_mount *mp);
/* Evict clean folios until at most @target_bytes are in memory. */
void xfs_pagecache_shrink(struct xfs_mount *mp, uint64_t target_bytes);
/* Return memory kept for new folios and mappings to the host. */
void xfs_pagecache_trim(struct xfs_mount *mp);
/* Make room for @bytes more: evict, write back.  IOLOCKs may be held, no other lock. */
void xfs_pagecache_make_room(struct xfs_mount *mp, uint64_t bytes);

#endif
