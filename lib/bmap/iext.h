/* SPDX-License-Identifier: MIT */
/*
 * The extents of one fork in memory: an ordered map from file block to extent, both real ones and
 * delayed allocations.
 *
 * A single extent is in struct xfs_ifork itself, since most files have one; a few are in one small
 * leaf that grows; more are in a tree of wide nodes.  Every step costs O(log n), a neighbour O(1).
 * An extent takes 16 bytes plus the unused space of leaves.
 *
 * A cursor stays valid while the fork is not changed, and through changes made with it; any other
 * change makes it stale.  Changes need the ILOCK exclusively, lookups shared.
 *
 * A delayed allocation has a null start block, which carries the number of blocks reserved for the
 * B+tree: isnullstartblock() tests for it, startblockval() returns the number.
 */
#ifndef BMAP_IEXT_H
#define BMAP_IEXT_H

#include "bmap/incore.h"
#include "disk/irec.h"

/* Low bits of a null start block; larger than any reservation for XFS_MAX_BMBT_EXTLEN blocks. */
#define XFS_STARTBLOCKVAL_BITS	17
#define XFS_STARTBLOCKVAL_MASK	((1ull << XFS_STARTBLOCKVAL_BITS) - 1)

static inline xfs_fsblock_t nullstartblock(uint64_t indlen)
{
	ASSERT(indlen < XFS_STARTBLOCKVAL_MASK - 1);
	return ~XFS_STARTBLOCKVAL_MASK | indlen;
}

/* Also true of XFS_HOLESTARTBLOCK and XFS_DELAYSTARTBLOCK: not a real extent. */
static inline bool isnullstartblock(xfs_fsblock_t startblock)
{
	return (startblock | XFS_STARTBLOCKVAL_MASK) == ~0ull;
}

static inline uint32_t startblockval(xfs_fsblock_t startblock)
{
	return (uint32_t)(startblock & XFS_STARTBLOCKVAL_MASK);
}

static inline bool xfs_irec_is_real(const struct xfs_bmbt_irec *irec)
{
	return !isnullstartblock(irec->br_startblock);
}

static inline bool xfs_irec_covers(const struct xfs_bmbt_irec *irec, xfs_fileoff_t off)
{
	return irec->br_startoff <= off && off - irec->br_startoff < irec->br_blockcount;
}

/*
 * Trim @irec to [@off, @end), which it must overlap.  Holes and delalloc extents have no start
 * block to adjust; delalloc keeps its reservation.
 */
static inline void xfs_irec_trim(struct xfs_bmbt_irec *irec, xfs_fileoff_t off, xfs_fileoff_t end)
{
	if (irec->br_startoff < off) {
		xfs_filblks_t skip = off - irec->br_startoff;

		irec->br_startoff = off;
		irec->br_blockcount -= skip;
		if (xfs_irec_is_real(irec))
			irec->br_startblock += skip;
	}
	if (xfs_irec_end(irec) > end)
		irec->br_blockcount = end - irec->br_startoff;
}

struct xfs_iext_leaf;

/* A place in the map: at a record, or at the end after the last one. */
struct xfs_iext_cursor {
	struct xfs_iext_leaf *leaf;	/* NULL while the record is in the ifork itself */
	unsigned int pos;
};

/* ---- finding ----------------------------------------------------------------- */

/*
 * Find the extent that covers @off, or the first one after it.  False if there is none; @cur is
 * then at the end.
 */
bool xfs_iext_lookup_extent(const struct xfs_ifork *ifp, xfs_fileoff_t off,
			    struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got);
/*
 * Find the last extent that has a block before @end; it may extend beyond @end.  False if there is
 * none.
 */
bool xfs_iext_lookup_extent_before(const struct xfs_ifork *ifp, xfs_fileoff_t end,
				   struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got);
/* False: the map is empty. */
bool xfs_iext_first_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			   struct xfs_bmbt_irec *got);
bool xfs_iext_last_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
/* The record at the cursor; false at the end. */
bool xfs_iext_get_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			 struct xfs_bmbt_irec *got);
/* One step; false if there is no record: next leaves the cursor at the end, prev where it was. */
bool xfs_iext_next_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
bool xfs_iext_prev_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
/* The same without moving. */
bool xfs_iext_peek_next_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got);
bool xfs_iext_peek_prev_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got);
/* Move to the end, where records are appended. */
void xfs_iext_end(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur);

/* ---- changing ------------------------------------------------------------------ */

/*
 * Memory allocated in advance, so that insertions cannot fail in the middle of an operation: enough
 * for @n insertions in front of or right after the cursor's record.  The cursor stays where it is.
 * All zero: nothing is reserved.
 */
struct xfs_iext_spare {
	void *free_list;
	unsigned int count;
};
int xfs_iext_reserve(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		     unsigned int n, struct xfs_iext_spare *spare) XFS_MUST_CHECK;
void xfs_iext_unreserve(struct xfs_mount *mp, struct xfs_iext_spare *spare);

/*
 * Insert @rec in front of the cursor's record; the cursor is then at @rec. -ENOMEM with nothing
 * changed, which cannot happen if @spare covers the insertion (NULL: none).
 */
int xfs_iext_insert(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		    const struct xfs_bmbt_irec *rec, struct xfs_iext_spare *spare) XFS_MUST_CHECK;
/* Remove the cursor's record; the cursor is then at the next one. */
void xfs_iext_remove(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur);
/* Replace the cursor's record; the order of records must not change. */
void xfs_iext_update(struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
		     const struct xfs_bmbt_irec *rec);
/* Free all records. */
void xfs_iext_destroy(struct xfs_mount *mp, struct xfs_ifork *ifp);

/* For tests and debug builds: check the tree's shape and order.  NULL: sound. */
xfs_failaddr_t xfs_iext_verify(const struct xfs_ifork *ifp);
/* Records in the map, and its memory beyond the ifork.  Both walk the map. */
uint64_t xfs_iext_count(const struct xfs_ifork *ifp);
uint64_t xfs_iext_memory(const struct xfs_ifork *ifp);

/* The map changed: code that keeps a mapping without the ILOCK compares if_seq. */
static inline void xfs_iext_changed(struct xfs_ifork *ifp)
{
	__atomic_store_n(&ifp->if_seq, ifp->if_seq + 1, __ATOMIC_RELEASE);
}

/*
 * for (valid = xfs_iext_lookup_extent(...); valid; valid = xfs_iext_next_extent(...)) from the
 * first extent on.
 */
#define for_each_xfs_iext(ifp, cur, got)					\
	for (bool iext_more_ = xfs_iext_first_extent((ifp), (cur), (got));	\
	     iext_more_; iext_more_ = xfs_iext_next_extent((ifp), (cur), (got)))

#endif
