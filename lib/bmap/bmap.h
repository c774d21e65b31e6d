/* SPDX-License-Identifier: MIT */
/*
 * Extent maps.  In memory every extent of a fork, delayed allocations included, stands
 * in a balanced tree (bmap/iext.h) that answers in O(log n); on disk real extents
 * stand in the inode or in the bmap B+tree, which is changed record by record.
 *
 * All calls need the ILOCK: exclusively when they change something or when the
 * fork's extents may not have been read in yet (xfs_fork_needs_read()).
 */
#ifndef BMAP_BMAP_H
#define BMAP_BMAP_H

#include "ag/alloc.h"
#include "bmap/incore.h"
#include "bmap/iext.h"

/* br_startblock of what is no real extent; see xfs_bmbt_irec in disk/. */
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
#define XFS_BMAPI_YIELD		(1u << 8)	/* unmap: stop behind an extent when memory or the log is short */

static inline bool xfs_fork_needs_read(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	return xfs_ifork_ptr(ip, whichfork)->if_needextents;
}

/* Read a BTREE fork's records into the in-core tree; nothing to do when they are there. */
int xfs_iread_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork) XFS_MUST_CHECK;
/*
 * The same for who looks at and changes but the place @off: what is mapped there, what is mapped in front
 * of it and behind.  Of a map of more than @max extents, or one that memory is too short for, a window
 * is read (BMAP-4): fewer than xfs_bmap_read_end() says are then in memory.
 */
int xfs_iread_extents_at(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			 xfs_extnum_t max) XFS_MUST_CHECK;
/* The @max that goes with the mount's limit of memory. */
static inline xfs_extnum_t xfs_bmap_most_extents(const struct xfs_mount *mp)
{
	return mp->m_map_extents ? mp->m_map_extents : UINT64_MAX;
}
/* In memory is what is mapped around the last place that was read, up to here: NULLFILEOFF: to the end. */
xfs_fileoff_t xfs_bmap_read_end(const struct xfs_ifork *ifp);
/*
 * A map of more than @max extents that is in memory as a whole, and of which nothing exists in memory
 * only, is so no more.  IOLOCK held, or nobody else knows the inode: who has that counts on a map that
 * he has read in.
 */
void xfs_bmap_forget_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_extnum_t max);
/*
 * The extents of both forks are in memory, and their trees have @tree_blocks on disk: -EUCLEAN
 * unless that is what di_nblocks says.  For those who may change something; readers do without.
 */
int xfs_inode_check_nblocks(struct xfs_inode *ip, uint64_t tree_blocks) XFS_MUST_CHECK;

/* ---- from and to the on-disk inode (inode/ calls these) -------------------- */
int xfs_iformat_data_fork(struct xfs_inode *ip, const void *dip) XFS_MUST_CHECK;
int xfs_iformat_attr_fork(struct xfs_inode *ip, const void *dip) XFS_MUST_CHECK;
/*
 * Write the fork into the literal area of @dip, zeros behind. Never fails: it was checked
 * to fit.  ILOCK held, because delayed allocation changes the map outside of transactions.
 */
void xfs_iflush_fork(struct xfs_inode *ip, void *dip, enum xfs_fork_id whichfork);
/* The real extents of an EXTENTS fork as they stand in the inode or its log item: bytes. */
uint32_t xfs_iextents_copy(const struct xfs_inode *ip, struct xfs_bmbt_rec *recs,
			   enum xfs_fork_id whichfork);
/* Free the fork's memory (delalloc extents must be gone). */
void xfs_idestroy_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork);
/* An empty fork in EXTENTS format. */
void xfs_ifork_init_empty(struct xfs_ifork *ifp);
/*
 * LOCAL contents: set (the fork becomes LOCAL), grow with zeros, shrink at the end.  At least
 * one zero stands behind them in memory, up to a multiple of 4.
 */
int xfs_init_local_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, const void *data,
			uint32_t len) XFS_MUST_CHECK;
int xfs_idata_realloc(struct xfs_inode *ip, int32_t byte_diff, enum xfs_fork_id whichfork)
	XFS_MUST_CHECK;
/* The CoW fork, empty, if there is none yet. */
int xfs_ifork_init_cow(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- reading ------------------------------------------------------------------ */

/*
 * Mappings of [@bno, +@len) in order: up to *@nmaps, set to the number filled.
 * Holes (only inside the range) have XFS_HOLESTARTBLOCK, delayed allocation XFS_DELAYSTARTBLOCK.
 */
int xfs_bmapi_read(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		   struct xfs_bmbt_irec *maps, int *nmaps, uint32_t flags) XFS_MUST_CHECK;
/* The first of them alone, which is what @bno lies in: a prefix of the range, at least one block. */
int xfs_bmapi_read_one(struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		       struct xfs_bmbt_irec *map, uint32_t flags) XFS_MUST_CHECK;
/*
 * The extent that covers @off, or else the first one behind it; real or delalloc.  *@found: there is one;
 * *@last: and none behind it.
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
 * Worst-case blocks that adding one extent may take for the B+tree of the fork;
 * reservations for a transaction: this, plus the blocks themselves.
 */
uint32_t xfs_bmap_add_blocks(const struct xfs_mount *mp, enum xfs_fork_id whichfork);
/*
 * -EFBIG when @nr_to_add more extents could pass the counter's limit; upgrades to 64-bit
 * counters where the file system has them.
 */
int xfs_iext_count_extend(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			  uint32_t nr_to_add) XFS_MUST_CHECK;

/*
 * Give [@bno, +@len) real blocks where it has none, and with CONVERT make unwritten
 * parts written.  Returns the resulting mapping from @bno on in *@map; it may be shorter
 * than asked (the caller goes on from its end).  Real extents already there are returned
 * as they are.  Delalloc extents are not converted here (xfs_bmapi_convert_delalloc) and
 * returned with XFS_DELAYSTARTBLOCK.  With PREALLOC an extent size hint may make the new
 * extent larger than asked on both sides, if the transaction's reservation allows it.
 * -ENOSPC only before the first change (a log force may help when xfs_extent_busy_any()),
 * -EFBIG, -EOPNOTSUPP (realtime).
 */
int xfs_bmapi_write(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, uint32_t flags, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/*
 * Unmap [@bno, +@len), last extent first, at most @max_extents of them, and free the
 * blocks (data fork: drop one reference).  *@done: nothing is left in the range.
 * Delalloc extents in the range are dropped too.  Logs the inode.  With YIELD in a
 * transaction of the kind TRUNCATE: as many as its share of the log and memory allow, one at least.  Only a hole in the
 * middle of an extent may need blocks: -ENOSPC, nothing changed, when the transaction has none.
 * CoW fork: with REMAP the records are dropped and the blocks left to the caller.
 */
int xfs_bunmapi(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno, xfs_filblks_t len,
		uint32_t flags, xfs_extnum_t max_extents, bool *done) XFS_MUST_CHECK;

/*
 * Extents of the data fork that move to other offsets, in as many transactions as it takes;
 * nothing else changes the fork there meanwhile, and nothing delayed is among them.
 */
struct xfs_bmap_shift {
	bool up;
	xfs_fileoff_t from;		/* all extents at or behind it; none crosses it */
	xfs_filblks_t blocks;		/* as far; down: nothing is mapped so far below @from */
	xfs_fileoff_t next;		/* where to go on; at first @from, up: NULLFILEOFF */
	bool done;			/* nothing is left to be moved */
};
/*
 * Move at least one and at most @max_extents, first ones first if down, last ones first if up, and
 * merge them with what they meet; fewer when less than xfs_resv_move_step() of @tp's share of the log
 * is left, or memory is short.  Logs the inode.  -EINVAL: something is in the way, or would be past
 * the largest offset.
 */
int xfs_bmap_shift_extents(struct xfs_trans *tp, struct xfs_inode *ip, struct xfs_bmap_shift *sh,
			   xfs_extnum_t max_extents) XFS_MUST_CHECK;
/*
 * An extent that crosses @off becomes two.  They are one again as soon as either is changed and they
 * still touch.  Needs xfs_bmap_add_blocks().
 */
int xfs_bmap_split_extent(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off)
	XFS_MUST_CHECK;
/* Extents of the data fork, which was read in, with a block at or behind @off; at most @max. */
xfs_extnum_t xfs_bmap_count_from(struct xfs_inode *ip, xfs_fileoff_t off, xfs_extnum_t max);

/* Map blocks that are already allocated (reflink and CoW remap). */
int xfs_bmapi_remap(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t bno,
		    xfs_filblks_t len, xfs_fsblock_t startblock, bool unwritten) XFS_MUST_CHECK;

/* ---- delayed allocation ------------------------------------------------------------ */

/* Extent size hints in blocks: 0 = none; that of the CoW fork has a default. */
#define XFS_DEFAULT_COWEXTSZ_HINT	32u
uint32_t xfs_get_extsz_hint(const struct xfs_inode *ip);
uint32_t xfs_get_cowextsz_hint(const struct xfs_inode *ip);
/*
 * Widen [*@off, +*@len) to multiples of @hint as far as the neighbours, which end at
 * @prev_end (0: none) and start at @next_start (NULLFILEOFF: none), allow.
 */
void xfs_bmap_extsize_align(uint32_t hint, xfs_fileoff_t prev_end, xfs_fileoff_t next_start,
			    xfs_fileoff_t *off, xfs_filblks_t *len);

/* Worst case of B+tree blocks for @len blocks of delayed allocation in one extent. */
xfs_filblks_t xfs_bmap_worst_indlen(const struct xfs_inode *ip, xfs_filblks_t len);

/*
 * Promise space for [@off, +@len) plus @prealloc blocks behind it: takes blocks and
 * worst-case indirect blocks from the counter and inserts a delalloc extent, merged with
 * delalloc neighbours; returned in *@got.  The range must be a hole of the fork.  All or
 * nothing: -ENOSPC.  Without the preallocation when only that does not fit.
 */
int xfs_bmapi_reserve_delalloc(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			       xfs_fileoff_t off, xfs_filblks_t len, xfs_filblks_t prealloc,
			       struct xfs_bmbt_irec *got) XFS_MUST_CHECK;

/*
 * Turn the part of the delalloc extent that covers @off, up to @len blocks, into
 * real blocks, written (the data goes out with this transaction) or @unwritten.  *@map: what was
 * made, possibly shorter.  What is left stays delalloc, its indirect reservation
 * worked out anew.  Uses what was reserved then: the transaction needs no block reservation.
 */
int xfs_bmapi_convert_delalloc(struct xfs_trans *tp, struct xfs_inode *ip,
			       enum xfs_fork_id whichfork, xfs_fileoff_t off, xfs_filblks_t len,
			       bool unwritten, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/*
 * Copy on write at write-back is four calls in one transaction: convert_delalloc() in the CoW
 * fork, xfs_bunmapi() of the same range in the data fork, xfs_bunmapi() with
 * XFS_BMAPI_COWFORK | XFS_BMAPI_REMAP, and xfs_bmapi_remap() into the data fork.  Because the
 * CoW fork is never on disk, blocks in it are neither in i_nblocks nor in the reverse
 * map: xfs_bmapi_remap() enters them there.
 */

/* Drop the delayed allocations in [@off, @end): no transaction, counters only. */
int xfs_bmap_punch_delalloc_range(struct xfs_inode *ip, enum xfs_fork_id whichfork,
				  xfs_fileoff_t off, xfs_fileoff_t end) XFS_MUST_CHECK;

/* Make written extents in [@off, +@len) unwritten again: a data write failed. */
int xfs_bmap_unconvert(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		       xfs_filblks_t len) XFS_MUST_CHECK;

/* ---- forks and their border ------------------------------------------------------------ */

/*
 * The forkoff an attribute fork of @bytes in short form needs: 0 = impossible (see
 * lib/bmap/README.md for the rule).
 */
uint8_t xfs_bmap_forkoff_for(const struct xfs_inode *ip, uint32_t bytes);
/* Default forkoff of a premade, empty attribute fork. */
uint8_t xfs_default_forkoff(const struct xfs_mount *mp, uint16_t mode);
/*
 * The attribute fork comes to life at @forkoff (as an empty EXTENTS fork), its border
 * moves there, or, at 0, it ends: EXTENTS data forks that no longer fit become B+trees, a
 * too-large root is pushed down, LOCAL contents in the way are moved out through
 * m_upcalls->local_data_out.  Takes at most one block of the transaction for the tree.  An
 * attribute fork that exists must fit into its new size.
 */
int xfs_bmap_set_forkoff(struct xfs_trans *tp, struct xfs_inode *ip, uint8_t forkoff)
	XFS_MUST_CHECK;

#endif
