/* SPDX-License-Identifier: MIT */
/*
 * Extent maps.  In memory all extents of a fork, delayed allocations included, are in a balanced
 * tree (bmap/iext.h) with O(log n) lookups.  On disk real extents are in the inode or in the bmap
 * B+tree, which is changed record by record.
 *
 * All calls need the ILOCK: exclusively to change something, or if the fork's extents may not be in
 * memory yet (xfs_fork_needs_read()).
 */
#ifndef BMAP_BMAP_H
#define BMAP_BMAP_H

#include "ag/alloc.h"
#include "bmap/incore.h"
#include "bmap/iext.h"

/* br_startblock where there is no real extent; see xfs_bmbt_irec in disk/. */
#define XFS_HOLESTARTBLOCK	((xfs_fsblock_t)-2)
#define XFS_DELAYSTARTBLOCK	((xfs_fsblock_t)-1)	/* as reported by xfs_bmapi_read */

#define XFS_BMAPI_ATTRFORK	(1u << 0)
#define XFS_BMAPI_COWFORK	(1u << 1)
#define XFS_BMAPI_PREALLOC	(1u << 2)	/* write: new extents are unwritten */
#define XFS_BMAPI_CONVERT	(1u << 3)	/* write: unwritten ones in the range become written */
#define XFS_BMAPI_CONTIG	(1u << 4)	/* write: one physical extent or -ENOSPC, nothing changed */
#define XFS_BMAPI_METADATA	(1u << 5)	/* directory, attribute, symlink blocks */
#define XFS_BMAPI_ENTIRE	(1u << 6)	/* read: do not trim the first and last map to the range */
#define XFS_BMAPI_REMAP		(1u << 7)	/* unmap: leave the blocks allocated */
#define XFS_BMAPI_YIELD		(1u << 8)	/* unmap: stop early when memory or the log is short */

static inline bool xfs_fork_needs_read(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	return xfs_ifork_ptr(ip, whichfork)->if_needextents;
}

/* Read all records of a BTREE fork into memory, if they are not there yet. */
int xfs_iread_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork) XFS_MUST_CHECK;
/*
 * The same for a caller that looks at and changes only the mapping at @off and its neighbours.  If
 * the map has more than @max extents, or memory is too short for it, only a window is read
 * (BMAP-4), which ends at xfs_bmap_read_end().
 */
int xfs_iread_extents_at(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			 xfs_extnum_t max) XFS_MUST_CHECK;
/* The @max of a mount with its memory limit. */
static inline xfs_extnum_t xfs_bmap_most_extents(const struct xfs_mount *mp)
{
	return mp->m_map_extents ? mp->m_map_extents : UINT64_MAX;
}
/*
 * The end of what is in memory around the last place that was read; NULLFILEOFF: no extent is
 * missing.
 */
xfs_fileoff_t xfs_bmap_read_end(const struct xfs_ifork *ifp);
/*
 * Drop a map of more than @max extents from memory, if all of it is read and nothing of it exists
 * only in memory.  The caller holds the IOLOCK or is the only user of the inode, since a holder of
 * the IOLOCK relies on a map that it has read.
 */
void xfs_bmap_forget_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_extnum_t max);
/*
 * The extents of both forks are in memory, and their trees have @tree_blocks on disk. -EUCLEAN
 * unless that adds up to di_nblocks.  Only for mounts that may write; readers do without.
 */
int xfs_inode_check_nblocks(struct xfs_inode *ip, uint64_t tree_blocks) XFS_MUST_CHECK;

/* ---- from and to the on-disk inode (inode/ calls these) -------------------- */
int xfs_iformat_data_fork(struct xfs_inode *ip, const void *dip) XFS_MUST_CHECK;
int xfs_iformat_attr_fork(struct xfs_inode *ip, const void *dip) XFS_MUST_CHECK;
/*
 * Write the fork into the literal area of @dip and zero the rest.  Never fails: the fork was
 * checked to fit.  ILOCK held, because delayed allocation changes the map outside of transactions.
 */
void xfs_iflush_fork(struct xfs_inode *ip, void *dip, enum xfs_fork_id whichfork);
/* Copy the real extents of an EXTENTS fork as the inode or its log item has them; returns bytes. */
uint32_t xfs_iextents_copy(const struct xfs_inode *ip, struct xfs_bmbt_rec *recs,
			   enum xfs_fork_id whichfork);
/* Free the fork's memory (delalloc extents must be gone). */
void xfs_idestroy_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork);
/* An empty fork in EXTENTS format. */
void xfs_ifork_init_empty(struct xfs_ifork *ifp);
/*
 * LOCAL contents: set (the fork becomes LOCAL), grow with zeros, shrink at the end.  At least one
 * zero follows them in memory, up to a multiple of 4.
 */
int xfs_init_local_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, const void *data,
			uint32_t len) XFS_MUST_CHECK;
int xfs_idata_realloc(struct xfs_inode *ip, int32_t byte_diff, enum xfs_fork_id whichfork)
	XFS_MUST_CHECK;
/* Make an empty CoW fork if there is none yet. */
int xfs_ifork_init_cow(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- reading ------------------------------------------------------------------ */

/*
 * Mappings of [@bno, +@len) in order: up to *@nmaps, set to the number filled.  Holes (only inside
 * the range) have XFS_HOLESTARTBLOCK, delayed allocation XFS_DELAYSTARTBLOCK.
 */
int xfs_bmapi_read(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		   struct xfs_bmbt_irec *maps, int *nmaps, uint32_t flags) XFS_MUST_CHECK;
/* Only the first of them, which covers @bno: a prefix of the range, at least one block. */
int xfs_bmapi_read_one(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		       struct xfs_bmbt_irec *map, uint32_t flags) XFS_MUST_CHECK;
/*
 * Find the extent that covers @off, or else the first one after it, real or delalloc. *@found:
 * there is one; *@last: it is the last of the fork.
 */
int xfs_bmap_find_extent(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			 struct xfs_bmbt_irec *irec, bool *found, bool *last) XFS_MUST_CHECK;
/* First block after the last real or delalloc extent; 0 = empty. */
int xfs_bmap_last_offset(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			 xfs_fileoff_t *last_block) XFS_MUST_CHECK;
/* Lowest @len unmapped blocks at or after @start, a multiple of @len from it. */
int xfs_bmap_first_unused(struct xfs_inode *ip, xfs_extlen_t len, xfs_fileoff_t start,
			  xfs_fileoff_t *unused, enum xfs_fork_id whichfork) XFS_MUST_CHECK;

/* ---- changing ------------------------------------------------------------------- */

/*
 * Blocks that adding one extent takes for the fork's B+tree in the worst case.  A transaction
 * reserves these and the blocks of the extent.
 */
uint32_t xfs_bmap_add_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork);
/*
 * -EFBIG if @nr_to_add more extents could exceed the counter's limit.  Upgrades to 64-bit counters
 * if the file system has them.
 */
int xfs_iext_count_extend(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  uint32_t nr_to_add) XFS_MUST_CHECK;

/*
 * Allocate real blocks where [@bno, +@len) has none, and with CONVERT make unwritten parts written.
 * Returns the resulting mapping from @bno on in *@map, which may be shorter than asked for; the
 * caller goes on from its end.  Real extents already there are returned unchanged.  Delalloc
 * extents are not converted (xfs_bmapi_convert_delalloc() does that) and returned with
 * XFS_DELAYSTARTBLOCK.  With PREALLOC an extent size hint may widen the new extent on both sides,
 * if the transaction's reservation allows it. -ENOSPC only before the first change (a log force may
 * help if xfs_extent_busy_any()), -EFBIG, -EOPNOTSUPP (realtime).
 */
int xfs_bmapi_write(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, uint32_t flags, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/*
 * The most extents that one transaction should unmap: threads that want a checkpoint wait that
 * long, which is a few milliseconds.
 */
#define XFS_BUNMAPI_MOST	1024u

/*
 * Unmap [@bno, +@len), last extent first, at most @max_extents of them, and free the blocks; in the
 * data fork drop one reference.  *@done: nothing is left in the range.  With YIELD in a TRUNCATE
 * transaction: at least one, and as many as its log reservation and memory allow.  Delalloc extents
 * in the range are dropped, too.  Logs the inode.  Only a hole in the middle of an extent may need
 * blocks: -ENOSPC with nothing changed if the transaction has none.  CoW fork with REMAP: drop the
 * records, and leave the blocks to the caller.
 */
int xfs_bunmapi(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		uint32_t flags, xfs_extnum_t max_extents, bool *done) XFS_MUST_CHECK;

/*
 * Moving extents of the data fork to other offsets, in several transactions.  Nothing else changes
 * the fork there meanwhile, and no delayed allocation is among them.
 */
struct xfs_bmap_shift {
	bool up;
	xfs_fileoff_t from;		/* moves all extents at or after it; none crosses it */
	xfs_filblks_t blocks;		/* distance; down: nothing is mapped so far below @from */
	xfs_fileoff_t next;		/* where to go on; initially @from, up: NULLFILEOFF */
	bool done;			/* no extent is left to be moved */
};
/*
 * Move 1 to @max_extents extents, in ascending order if down and descending if up, and merge them
 * with their new neighbours.  Stops early when less than xfs_resv_move_step() of @tp's log
 * reservation is left, or memory is short.  Logs the inode. -EINVAL: an extent is in the way, or
 * would exceed the largest offset.
 */
int xfs_bmap_shift_extents(struct xfs_trans *tp, struct xfs_inode *ip, struct xfs_bmap_shift *sh,
			   xfs_extnum_t max_extents) XFS_MUST_CHECK;
/*
 * Split an extent that crosses @off.  The halves merge again when either is changed and they still
 * touch.  Needs xfs_bmap_add_blocks().
 */
int xfs_bmap_split_extent(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off)
	XFS_MUST_CHECK;
/*
 * Number of extents of the data fork, which is in memory, with a block at or after @off; at most
 * @max.
 */
xfs_extnum_t xfs_bmap_count_from(struct xfs_inode *ip, xfs_fileoff_t off, xfs_extnum_t max);

/* Map blocks that are already allocated (reflink, CoW remap). */
int xfs_bmapi_remap(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, xfs_fsblock_t startblock, bool unwritten) XFS_MUST_CHECK;

/* ---- delayed allocation ------------------------------------------------------------ */

/* Extent size hints in blocks, 0 = none; the CoW hint has a default. */
#define XFS_DEFAULT_COWEXTSZ_HINT	32u
uint32_t xfs_get_extsz_hint(const struct xfs_inode *ip);
uint32_t xfs_get_cowextsz_hint(const struct xfs_inode *ip);
/*
 * Widen [*@off, +*@len) to multiples of @hint as far as the neighbours, which end at @prev_end (0:
 * none) and start at @next_start (NULLFILEOFF: none), allow.
 */
void xfs_bmap_extsize_align(uint32_t hint, xfs_fileoff_t prev_end, xfs_fileoff_t next_start,
			    xfs_fileoff_t *off, xfs_filblks_t *len);

/* Worst case of B+tree blocks for @len blocks of delayed allocation in one extent. */
xfs_filblks_t xfs_bmap_worst_indlen(const struct xfs_inode *ip, xfs_filblks_t len);

/*
 * Delayed allocation: reserve space for [@off, +@len) and @prealloc blocks after it.  Takes the
 * blocks and worst-case indirect blocks from the counter and inserts a delalloc extent, merged with
 * delalloc neighbours; *@got is the result.  The range must be a hole of the fork.  All or nothing:
 * -ENOSPC.  Drops the preallocation if only that does not fit.
 */
int xfs_bmapi_reserve_delalloc(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			       xfs_fileoff_t off, xfs_filblks_t len, xfs_filblks_t prealloc,
			       struct xfs_bmbt_irec *got) XFS_MUST_CHECK;

/*
 * Convert up to @len blocks of the delalloc extent that covers @off to real blocks, written (the
 * data goes out with this transaction) or @unwritten. *@map is the part that was converted.  The
 * rest stays delalloc with a new indirect reservation.  Blocks come from the delayed allocation, so
 * the transaction needs no block reservation.
 */
int xfs_bmapi_convert_delalloc(struct xfs_trans *tp, struct xfs_inode *ip,
			       enum xfs_fork_id whichfork, xfs_fileoff_t off, xfs_filblks_t len,
			       bool unwritten, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/*
 * Copy on write at write-back is four calls in one transaction: xfs_bmapi_convert_delalloc() in the
 * CoW fork, xfs_bunmapi() of the same range in the data fork, xfs_bunmapi() with XFS_BMAPI_COWFORK
 * | XFS_BMAPI_REMAP, and xfs_bmapi_remap() into the data fork.  The CoW fork is never on disk, so
 * its blocks are neither in i_nblocks nor in the reverse map until xfs_bmapi_remap() enters them.
 */

/* Drop the delayed allocations in [@off, @end).  No transaction: only counters change. */
int xfs_bmap_punch_delalloc_range(struct xfs_inode *ip, enum xfs_fork_id whichfork,
				  xfs_fileoff_t off, xfs_fileoff_t end) XFS_MUST_CHECK;

/* Make written extents in [@off, +@len) unwritten again: a data write failed. */
int xfs_bmap_unconvert(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		       xfs_filblks_t len) XFS_MUST_CHECK;

/* ---- forks and their border ------------------------------------------------------------ */

/*
 * The forkoff with which attributes of @bytes fit in short form; 0: none (rule in
 * lib/bmap/README.md).
 */
uint8_t xfs_bmap_forkoff_for(const struct xfs_inode *ip, uint32_t bytes);
/* Default forkoff of an empty attribute fork made with the inode. */
uint8_t xfs_default_forkoff(const struct xfs_mount *mp, uint16_t mode);
/*
 * Create the attribute fork at @forkoff (as an empty EXTENTS fork), move its border there, or
 * remove it (0).  EXTENTS data forks that no longer fit become B+trees, a root that is too large is
 * pushed down, LOCAL contents in the way are moved out by m_upcalls->local_data_out.  Takes at most
 * one block of the transaction for the tree.  An existing attribute fork must fit into its new
 * size.
 */
int xfs_bmap_set_forkoff(struct xfs_trans *tp, struct xfs_inode *ip, uint8_t forkoff)
	XFS_MUST_CHECK;

#endif
