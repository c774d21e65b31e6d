/* SPDX-License-Identifier: MIT */
/*
 * The only place that turns (inode, range, intent) into a mapping.
 *
 * A mapping is a snapshot taken under the ILOCK.  Who goes on to use it without that lock
 * compares it with the fork's sequence number once it has the folio, which
 * keeps write-back from changing that part of the file (xfs_iomap_valid()).
 */
#ifndef IOMAP_IOMAP_H
#define IOMAP_IOMAP_H

#include "bmap/bmap.h"
#include "bmap/intent.h"
#include "quota/quota.h"

#define XFS_MAXBYTES	0x7fffffffffffffffull	/* no byte of a file lies at or behind it */

enum xfs_iomap_type {
	XFS_IOMAP_HOLE,
	XFS_IOMAP_DELALLOC,	/* reserved space; its data is in memory or zeros */
	XFS_IOMAP_MAPPED,
	XFS_IOMAP_UNWRITTEN,	/* allocated, reads as zeros */
};

#define XFS_IOMAP_F_NEW		(1u << 0)	/* this call reserved it: iomap_end may punch */
#define XFS_IOMAP_F_SHARED	(1u << 1)	/* space in the CoW fork */

struct xfs_iomap {
	enum xfs_iomap_type type;
	uint32_t flags;			/* XFS_IOMAP_F_* */
	xfs_fileoff_t off_fsb;
	xfs_filblks_t len_fsb;
	xfs_fsblock_t startblock;	/* MAPPED and UNWRITTEN */
	xfs_fileoff_t reserved_end;	/* F_NEW: end of the request, without preallocation */
	uint32_t data_seq, cow_seq;	/* of the forks when it was made */
};

static inline uint64_t xfs_iomap_end_byte(const struct xfs_inode *ip, const struct xfs_iomap *map)
{
	return (map->off_fsb + map->len_fsb) << ip->i_mount->m_geo.blocklog;
}

/* Device byte of file byte @pos, which the mapping covers. */
static inline uint64_t xfs_iomap_device_byte(const struct xfs_inode *ip,
					     const struct xfs_iomap *map, uint64_t pos)
{
	return xfs_fsb_to_bytes(&ip->i_mount->m_geo, map->startblock) +
	       (pos - (map->off_fsb << ip->i_mount->m_geo.blocklog));
}

/* From an extent record; a hole must have XFS_HOLESTARTBLOCK. */
void xfs_iomap_from_irec(struct xfs_inode *ip, const struct xfs_bmbt_irec *irec,
			 struct xfs_iomap *map);
/* The extent maps have not changed since @map was made. */
bool xfs_iomap_valid(struct xfs_inode *ip, const struct xfs_iomap *map);

/* ---- buffered_write_begin.c --------------------------------------------------- */

#define XFS_IOMAP_WRITE		0u
#define XFS_IOMAP_ZERO		(1u << 0)	/* zeroes what is there, makes no new space in holes */
#define XFS_IOMAP_UNSHARE	(1u << 1)	/* the same bytes again; nor does this */
#define XFS_IOMAP_DIRECT	(1u << 2)	/* a write that goes past the page cache */

/*
 * The mapping at @offset for a buffered write of @count bytes, with space reserved where there
 * was none: all or nothing, -ENOSPC.  *@src: where existing data is to be read from; it is
 * @map itself unless the write goes to the CoW fork.  @map may cover less than asked.
 * IOLOCK held exclusively, no ILOCK, no transaction.
 */
int xfs_buffered_write_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
				   uint32_t flags, struct xfs_iomap *map,
				   struct xfs_iomap *src) XFS_MUST_CHECK;
/*
 * @written bytes at @offset were used: what @map, with which a request for them ended, has
 * reserved behind them is given back.
 */
int xfs_buffered_write_iomap_end(struct xfs_inode *ip, uint64_t offset, uint64_t written,
				 const struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- read_begin.c ---------------------------------------------------------------- */

/* The mapping at @offset of the data fork, at most to the end of the request's last block. */
int xfs_read_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
			 struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- prealloc.c --------------------------------------------------------------------- */

/* What the size of a speculative preallocation depends on; blocks unless said otherwise. */
struct xfs_prealloc_args {
	uint64_t isize_bytes;
	uint64_t offset_bytes, count_bytes;	/* of the request, as capped */
	uint32_t block_log;
	uint32_t allocsize_log;		/* log2 of bytes, 0: dynamic */
	uint32_t align;			/* stripe unit, or width with XFS_MOUNT_SWALLOC; 0: none */
	uint64_t prev_end;		/* end of the extent before the request, 0: there is none */
	uint64_t prev_len;		/* of it and of what is contiguous before it */
	int64_t free_blocks;
	uint64_t total_blocks;
	struct xfs_quota_room quota[3];	/* of user, group, project; zeros: no limit */
};

/*
 * Blocks to reserve behind the end of the request; 0: none.  *@shift: how often it was halved because
 * space or quota is short.
 */
uint64_t xfs_prealloc_blocks(const struct xfs_prealloc_args *args, uint32_t *shift);

/* The same for a request at @offset of the data fork, behind which nothing is mapped. */
uint64_t xfs_iomap_prealloc_blocks(struct xfs_inode *ip, uint64_t offset, uint64_t count);

/* ---- hint.c ---------------------------------------------------------------------------- */

/*
 * A write to an inode with an extent size hint: unwritten blocks are allocated at once, aligned
 * to @hint, which the caller has read once: the inode's may change meanwhile, to none.
 */
int xfs_iomap_write_direct(struct xfs_inode *ip, uint64_t offset, uint64_t count, uint32_t hint,
			   bool zero, struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- map_blocks.c ------------------------------------------------------------------------ */

/*
 * Blocks of a transaction for converting unwritten extents and for remapping @n
 * pieces; delayed allocations have paid for theirs.
 */
uint32_t xfs_map_blocks_resv(const struct xfs_mount *mp, uint32_t n);

/*
 * Write-back: where the data of [@off, +@len) goes.  The mapping of a prefix of
 * the range is made real and written, for exactly the blocks that it returns: the caller hands
 * their data to the device queue before it commits @tp.  *@fresh: they were not
 * written before.  XFS_HOLESTARTBLOCK: nothing is reserved there, the data has no place to go.
 * ILOCK held exclusively.  -EAGAIN: a transaction is needed, or one with blocks for one more piece.
 */
int xfs_map_blocks(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		   xfs_filblks_t len, struct xfs_bmbt_irec *map, bool *fresh) XFS_MUST_CHECK;

/*
 * The delayed allocation of the data fork for [@off, +@len), or for a prefix of it, becomes
 * unwritten blocks (*@map), with preallocation behind it as in xfs_map_blocks().  -EAGAIN: there is
 * none. ILOCK held exclusively.
 */
int xfs_map_unwritten(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		      xfs_filblks_t len, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/* ---- share.c --------------------------------------------------------------------------------- */

/* [@src_off, +@len) of @src shall be [@dst_off, +@len) of @dst as well; blocks. */
struct xfs_share {
	struct xfs_inode *src, *dst;
	xfs_fileoff_t src_off, dst_off;	/* how far it has come */
	xfs_filblks_t len;		/* what is left */
	uint64_t size;			/* of @dst at the end, if it grows; bytes */
};

/*
 * Share it, in steps that each leave the file system consistent.  Holes and unwritten extents
 * become holes.  IOLOCKs held, of @dst exclusively; nothing of both ranges dirty, nothing of the
 * destination's in memory.  When it fails, @sh says how far it came.  -ENOSPC, -EMLINK, -EFBIG
 * (extents).
 */
int xfs_reflink_share(struct xfs_share *sh) XFS_MUST_CHECK;
/*
 * Can all blocks of [@off, +@len) have one owner more?  -EMLINK, -ENOSPC.  For telling so before
 * anything has changed; each piece is asked again.
 */
int xfs_reflink_check_share(struct xfs_inode *ip, xfs_fileoff_t off,
			    xfs_filblks_t len) XFS_MUST_CHECK;

/* ---- exchange.c ------------------------------------------------------------------------------- */

/* An exchange on its way. */
struct xfs_exchange_run {
	struct xfs_mount *mp;
	struct xfs_inode *ip1, *ip2;	/* data forks: IOLOCKs held, nothing dirty, nothing delayed */
	struct xfs_inode *preallocated;	/* for as long as it takes; NULL: none is */
	struct xfs_exchange ex;		/* what is left */
	uint32_t pieces;		/* that an extent map may get at most */
	uint64_t id;			/* of the intent in the log that says so; 0: there is none */
	bool started;
	xfs_lsn_t from;			/* the newest step's checkpoint begins here, or later */
	struct xfs_tail_hold *hold;	/* for the intents; NULL: the caller holds the tail */
};

/*
 * One transaction of it, which logs up to @log_bytes; @in_one: all that is left.  -ENOMEM and
 * -EFBIG (extents) change nothing, and come, but for -ENOMEM, only from the first.
 */
int xfs_exchange_step(struct xfs_exchange_run *run, uint32_t log_bytes, bool in_one,
		      bool *done) XFS_MUST_CHECK;
/*
 * Pieces of one kind, holes included, in [@off, @end) of the data fork at most.  ILOCK held, extents
 * read in.
 */
xfs_extnum_t xfs_exchange_pieces(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end);

/* ---- cow.c ---------------------------------------------------------------------------------- */

/*
 * First run of blocks with several owners in the real, written extent @irec: *@shared
 * tells whether it begins with one; @irec is cut to what is all shared or all not.
 */
int xfs_reflink_trim_around_shared(struct xfs_inode *ip, struct xfs_bmbt_irec *irec,
				   bool *shared) XFS_MUST_CHECK;
/*
 * The same for a write: *@cow: it must not be written in place, as others own it, or may own it
 * again after a crash (REFC-4).
 */
int xfs_reflink_trim_for_write(struct xfs_inode *ip, struct xfs_bmbt_irec *irec,
			       bool *cow) XFS_MUST_CHECK;
/*
 * The part of the CoW fork's extent at @off, up to @len blocks, becomes the data fork's: real
 * blocks are allocated if it has none yet, what was mapped there is dropped.
 */
int xfs_reflink_remap_cow(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
			  xfs_filblks_t len, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;
/* Whether the CoW fork holds reservations or blocks.  ILOCK held, or nobody else has the inode. */
bool xfs_reflink_has_cow(const struct xfs_inode *ip);
/* Drop all delayed allocations of the CoW fork from @off on; ILOCK held exclusively. */
int xfs_reflink_cancel_cow(struct xfs_inode *ip, xfs_fileoff_t off) XFS_MUST_CHECK;
/*
 * All that the CoW fork holds, blocks too.  Nothing of the file is dirty, which the IOLOCK, held
 * exclusively, keeps so; or nobody else has the inode.  No ILOCK, no transaction.
 */
int xfs_reflink_give_back_cow(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
