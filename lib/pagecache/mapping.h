/* SPDX-License-Identifier: MIT */
/*
 * The page cache: file bytes in memory.  A mapping is one file's tree of folios;
 * it knows no extents and no inode, only a pointer to its owner that it hands back.
 *
 * Rules of use:
 * (PAGECACHE-1) Who adds, changes or removes contents of a file holds its IOLOCK exclusively; who
 *     adds what he has read holds it shared.  Write-back holds no IOLOCK: it claims dirty folios
 *     and is kept apart by the folio's lock and its writing bits.
 * (PAGECACHE-2) No function here is called with a transaction open or an ILOCK held, except those
 *     that say "anywhere".  Those that wait may submit the device queue.
 * (PAGECACHE-3) A mapping with dirty, writing or failed folios keeps its owner alive: who makes it
 *     dirty takes a reference for it before, and who finds it on the clean list gives that back
 *     (xfs_pagecache_pop_clean()).
 *
 * Where a mapping stands:
 *
 *	idle      clean, no reference of the owner held
 *	dirty     on the list of dirty mappings, in the order of first dirtying
 *	held      picked by a write-back, or nothing is dirty any more but not everything
 *		  is on the device
 *	released  clean again; on the list of those whose reference is to be given back
 *
 * idle -> dirty by a writer; dirty -> held -> released by write-back (or by truncation);
 * released -> idle by pop_clean; held and released -> dirty by a writer.
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
	struct xfs_folio *m_last;	/* (m) found last, or NULL */
	struct xfs_list m_dirty;	/* (m) dirty folios, sorted unless m_unsorted */
	bool m_unsorted;		/* (m) */
	uint8_t m_state;		/* (p) enum xfs_mapping_state */
	bool m_picked;			/* (p) */
	uint32_t m_waiters;		/* (m) */
	uint32_t m_claims;		/* (m) who has claimed folios and is not through with them */
	uint64_t m_nr_dirty, m_nr_writing, m_nr_failed; /* (m) folios */
	struct xfs_list m_link;		/* (p) */
	uint64_t m_seq;			/* (p) place in the order of first dirtying */
	int64_t m_dirtied;		/* (p) the clock then, seconds */
};

int xfs_pagecache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* So many of the largest folios it may always hold. */
#define XFS_PAGECACHE_MIN_FOLIOS	4u

/* All mappings must be gone. */
void xfs_pagecache_destroy(struct xfs_mount *mp);

/*
 * The mapping in @*slot, made if it is NULL; safe against other threads doing the
 * same.  NULL: out of memory.
 */
struct xfs_mapping *xfs_mapping_get(struct xfs_mount *mp, struct xfs_mapping **slot, void *owner);
/*
 * Drop all folios and the mapping; nobody uses it.  It must not be dirty,
 * except after a shutdown or in abandon.  NULL is fine.
 */
void xfs_mapping_destroy(struct xfs_mapping *m);

/* ---- writers ----------------------------------------------------------------- */

/*
 * The folio around @pos, locked: made if there is none, of a size that suits a write of
 * @len bytes, after waiting for write-back of it.  *@folio_p covers @pos, not necessarily @len.
 * Keeps the memory limit, which may write other files back.  -ENOMEM, XFS_WOULD_WAIT.
 */
int xfs_mapping_lock_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			   struct xfs_folio **folio_p) XFS_MUST_CHECK;
/* The same for a folio that exists; *@folio_p NULL when @pos is not in memory. */
int xfs_mapping_lock_existing(struct xfs_mapping *m, uint64_t pos, struct xfs_folio **folio_p)
	XFS_MUST_CHECK;
/*
 * Unlock.  @dirty: blocks that were filled and changed, they become up to date and dirty.
 * True: the mapping was idle, and has one reference of the caller's now, who had it before
 * the call (PAGECACHE-3): it may be given back, by another thread, as soon as this begins.
 */
bool xfs_folio_unlock(struct xfs_folio *folio, uint64_t dirty);

/* ---- readers ------------------------------------------------------------------ */

/*
 * The folio around @pos if the block there is up to date, pinned: its up-to-date blocks do
 * not change while the IOLOCK is held.  *@valid: up-to-date bytes from @pos on.  NULL when
 * there is none; then *@valid says how many bytes from @pos on (at most @len) are not in memory.
 */
struct xfs_folio *xfs_mapping_pin(struct xfs_mapping *m, uint64_t pos, uint64_t len,
				  uint64_t *valid);
void xfs_folio_unpin(struct xfs_folio *folio);
/*
 * A folio to be read into, in no mapping yet, that begins with the block of @pos and has no more than
 * the blocks of @len bytes.  -ENOMEM.
 */
int xfs_mapping_new_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			  struct xfs_folio **folio_p) XFS_MUST_CHECK;
/*
 * Its first @blocks blocks were filled from the disk: into the mapping with it, or what is
 * missing there is copied from it.  Takes the folio over.
 */
void xfs_mapping_add_clean(struct xfs_mapping *m, struct xfs_folio *folio, uint32_t blocks);
/*
 * Whether the block at @pos of @owner's file, which is not in memory, was asked for by such a call
 * before, not long ago: what is read at random is kept from the second time on, or else it
 * would only drive out what is used.  A guess: false if others came in between, seldom true by chance.
 */
bool xfs_pagecache_asked(struct xfs_mount *mp, const void *owner, uint64_t pos);
/* Never mind: @folio is in no mapping. */
void xfs_folio_free(struct xfs_mapping *m, struct xfs_folio *folio);

/* First run of dirty or writing blocks in [@pos, @end); false: none.  Anywhere. */
bool xfs_mapping_find_dirty(struct xfs_mapping *m, uint64_t pos, uint64_t end, uint64_t *start,
			    uint64_t *run_end);

/*
 * Whether [@start, @end) may change on the device behind the mapping's back: nothing of it is in
 * memory, and nothing of the file is dirty, so that its size may follow.  IOLOCK held exclusively.
 */
/* Write-back is at work on the file. */
bool xfs_mapping_is_writing(struct xfs_mapping *m);
bool xfs_mapping_may_pass(struct xfs_mapping *m, uint64_t start, uint64_t end);

/* ---- removal -------------------------------------------------------------------- */

/*
 * Forget everything from the block that begins at or after @size on, dirty or not,
 * after waiting for write-back; XFS_WOULD_WAIT is the only error, before the first change of a
 * NOWAIT call.
 */
int xfs_mapping_truncate(struct xfs_mapping *m, uint64_t size);
/* The same for [@start, @end), which are block addresses. */
int xfs_mapping_forget_range(struct xfs_mapping *m, uint64_t start, uint64_t end);
/*
 * Forget the blocks of [@start, @end), which is whole blocks, after waiting for write-back.  False: some
 * of them are dirty or have failed, and stay.  IOLOCK held exclusively.
 */
bool xfs_mapping_forget(struct xfs_mapping *m, uint64_t start, uint64_t end);

/* ---- write-back ------------------------------------------------------------------- */

/*
 * Claim dirty folios that overlap [@start, @end) for write-back, in file order, until
 * @max_bytes are claimed: their dirty blocks become writing, the folios are appended to @out.
 * A locked folio is waited for if @wait, else left.  Returns the bytes claimed; when that is not
 * 0, xfs_mapping_end_claim() must follow, after every claimed block was given to the
 * queue or to xfs_folio_end_write().  *@left_failed: with @wait, dirty folios were left
 * because they have failed blocks, which the caller has to deal with before he tries again.
 */
uint64_t xfs_mapping_claim(struct xfs_mapping *m, uint64_t start, uint64_t end,
			   uint64_t max_bytes, bool wait, struct xfs_list *out,
			   bool *left_failed);
void xfs_mapping_end_claim(struct xfs_mapping *m);

/*
 * Writing blocks are done.  @failed: their mapping is fresh and their data did not reach
 * the disk.  The folio must not be touched afterwards.  Anywhere.
 */
void xfs_folio_end_write(struct xfs_folio *folio, uint64_t blocks, bool failed);

/* Writing blocks could not be mapped for now: they are dirty again. */
void xfs_folio_redirty(struct xfs_folio *folio, uint64_t blocks);

/* Room for another request's context; NULL: out of memory.  Anywhere. */
struct xfs_ioend *xfs_ioend_alloc(struct xfs_mapping *m);
void xfs_ioend_free(struct xfs_mapping *m, struct xfs_ioend *ioend);

/* Every claim that others have on the mapping, and all they queued, is done. */
void xfs_mapping_wait_writeback(struct xfs_mapping *m);

/* ---- all files of a mount ------------------------------------------------------------ */

/*
 * The mapping that has been dirty for the longest time, off the list until it is
 * given back; its owner stays alive meanwhile.  NULL: none that became dirty before
 * xfs_pagecache_dirty_seq() returned @upto.
 */
struct xfs_mapping *xfs_pagecache_pick_dirty(struct xfs_mount *mp, uint64_t upto);
uint64_t xfs_pagecache_dirty_seq(struct xfs_mount *mp);
/* The @upto of what has been dirty since @seconds of the clock, or longer; 0: nothing. */
uint64_t xfs_pagecache_dirty_since(struct xfs_mount *mp, int64_t seconds);
/* What is left dirty goes back to the list: to its end if @rotate (it could not be written). */
void xfs_pagecache_unpick(struct xfs_mapping *m, bool rotate);
/* Whether @is says so of one of the first dirty mappings' owners; it may not sleep, nor lock. */
bool xfs_pagecache_has_dirty(struct xfs_mount *mp, bool (*is)(const void *owner));
/* Nothing is picked by others: what they took is on its way or dirty again. */
void xfs_pagecache_wait_picked(struct xfs_mount *mp);
/* An owner whose mapping became clean: the caller now has the reference of (PAGECACHE-3).  NULL: none. */
void *xfs_pagecache_pop_clean(struct xfs_mount *mp);
/*
 * A folio with failed blocks, which stays where it is until xfs_folio_end_failed() says that
 * they were dealt with; NULL: none.
 */
struct xfs_folio *xfs_pagecache_pop_failed(struct xfs_mount *mp, uint64_t *blocks);
void xfs_folio_end_failed(struct xfs_folio *folio, uint64_t blocks);

/* Whether any mapping is not idle. */
bool xfs_pagecache_holds_owners(struct xfs_mount *mp);
/* Without a lock: whether pop_clean or pop_failed have something to do. */
bool xfs_pagecache_has_clean(struct xfs_mount *mp);
bool xfs_pagecache_has_failed(struct xfs_mount *mp);

/* Bytes of dirty folios, and of all. */
uint64_t xfs_pagecache_dirty_bytes(struct xfs_mount *mp);
uint64_t xfs_pagecache_bytes(struct xfs_mount *mp);
/* @bytes more cannot be had before something dirty was written. */
bool xfs_pagecache_must_write(const struct xfs_pagecache *pc, uint64_t bytes);
/* A write-back that was asked to relieve memory should go on. */
bool xfs_pagecache_is_dirty_enough(struct xfs_mount *mp);
/* Evict clean folios until at most @target_bytes are in memory. */
void xfs_pagecache_shrink(struct xfs_mount *mp, uint64_t target_bytes);
/* Give back to the host what is kept for new folios and mappings. */
void xfs_pagecache_trim(struct xfs_mount *mp);
/* Make room for @bytes more: evict, write back.  No lock but IOLOCKs held. */
void xfs_pagecache_make_room(struct xfs_mount *mp, uint64_t bytes);

#endif
