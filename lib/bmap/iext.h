/* SPDX-License-Identifier: MIT */
/*
 * The extents of one fork in memory: an ordered map from file block to extent,
 * real ones and delayed allocations alike.
 *
 * The only extent of a fork stands in struct xfs_ifork itself, because most
 * files have one; a few stand in one small leaf that grows; more in a tree of wide
 * nodes.  Every step costs O(log n), neighbours O(1), and an extent takes 16
 * bytes plus what half-full leaves waste.
 *
 * A cursor stays good while the fork is not changed, and through changes that
 * are made with it; any other change makes it stale.  Changes need the ILOCK
 * exclusively, lookups shared.
 *
 * A delayed allocation has a null start block that carries the number of blocks reserved
 * to the B+tree for it: isnullstartblock() tells, startblockval() is the number.
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
 * Trim @irec to [@off, @end), of which it must cover a part; holes and delalloc, which keeps its
 * reservation, have no blocks to move along.
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

/* A place in the map: at a record, or, behind the last one, at the end. */
struct xfs_iext_cursor {
	struct xfs_iext_leaf *leaf;	/* NULL while the record is in the ifork itself */
	unsigned int pos;
};

/* ---- finding ----------------------------------------------------------------- */

/*
 * The extent that covers @off, or the first one after it.  False when there is
 * none: then @cur is at the end.
 */
bool xfs_iext_lookup_extent(const struct xfs_ifork *ifp, xfs_fileoff_t off,
			    struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got);
/*
 * The last extent that has a block before @end; its end may lie behind.  False
 * when there is none.
 */
bool xfs_iext_lookup_extent_before(const struct xfs_ifork *ifp, xfs_fileoff_t end,
				   struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got);
/* False: the map is empty. */
bool xfs_iext_first_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			   struct xfs_bmbt_irec *got);
bool xfs_iext_last_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
/* What the cursor is at; false at the end. */
bool xfs_iext_get_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			 struct xfs_bmbt_irec *got);
/* One step; false when there is nothing: next leaves the cursor at the end, prev where it was. */
bool xfs_iext_next_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
bool xfs_iext_prev_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got);
/* The same without moving. */
bool xfs_iext_peek_next_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got);
bool xfs_iext_peek_prev_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got);
/* At the end: where a record is appended. */
void xfs_iext_end(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur);

/* ---- changing ------------------------------------------------------------------ */

/*
 * Memory fetched beforehand, so that insertions cannot fail in the middle of an
 * operation: good for @n insertions in front of or right behind the cursor's record.
 * The cursor stays where it is.  All zero: nothing is reserved.
 */
struct xfs_iext_spare {
	void *free_list;
	unsigned int count;
};
int xfs_iext_reserve(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		     unsigned int n, struct xfs_iext_spare *spare) XFS_MUST_CHECK;
void xfs_iext_unreserve(struct xfs_mount *mp, struct xfs_iext_spare *spare);

/*
 * Insert @rec in front of the cursor's record; the cursor is then at @rec.  -ENOMEM,
 * nothing changed; cannot happen with a @spare that covers it (NULL: none).
 */
int xfs_iext_insert(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		    const struct xfs_bmbt_irec *rec, struct xfs_iext_spare *spare) XFS_MUST_CHECK;
/* Remove the cursor's record; the cursor is then at the one behind it. */
void xfs_iext_remove(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur);
/* Replace the cursor's record; the order of records must not change. */
void xfs_iext_update(struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
		     const struct xfs_bmbt_irec *rec);
/* Free everything: an empty map. */
void xfs_iext_destroy(struct xfs_mount *mp, struct xfs_ifork *ifp);

/* Every rule of the tree's shape and order: for tests and debug builds.  NULL: all hold. */
xfs_failaddr_t xfs_iext_verify(const struct xfs_ifork *ifp);
/* Records in the map, and bytes of memory it takes beyond the ifork. Walks it. */
uint64_t xfs_iext_count(const struct xfs_ifork *ifp);
uint64_t xfs_iext_memory(const struct xfs_ifork *ifp);

/* The map changed: whoever keeps a mapping without the ILOCK compares if_seq. */
static inline void xfs_iext_changed(struct xfs_ifork *ifp)
{
	__atomic_store_n(&ifp->if_seq, ifp->if_seq + 1, __ATOMIC_RELEASE);
}

/*
 * for (valid = xfs_iext_lookup_extent(...); valid; valid = xfs_iext_next_extent(...))
 * from the first extent on.
 */
#define for_each_xfs_iext(ifp, cur, got)					\
	for (bool iext_more_ = xfs_iext_first_extent((ifp), (cur), (got));	\
	     iext_more_; iext_more_ = xfs_iext_next_extent((ifp), (cur), (got)))

#endif
