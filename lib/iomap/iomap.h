/* SPDX-License-Identifier: MIT */
/*
 * The only place that turns (inode, range, purpose) into a mapping.
 *
 * A mapping is a snapshot taken under the ILOCK.  A caller that uses it without that lock compares
 * it with the fork's sequence number once it has locked the folio (xfs_iomap_valid()); from then on
 * write-back cannot change that part of the file.
 */
#ifndef IOMAP_IOMAP_H
#define IOMAP_IOMAP_H

#include "bmap/bmap.h"
#include "bmap/intent.h"
#include "quota/quota.h"

#define XFS_MAXBYTES	0x7fffffffffffffffull	/* bytes of a file lie below this offset */

enum xfs_iomap_type {
	XFS_IOMAP_HOLE,
	XFS_IOMAP_DELALLOC,	/* space is reserved; data is in memory, or zeros */
	XFS_IOMAP_MAPPED,
	XFS_IOMAP_UNWRITTEN,	/* allocated, reads as zeros */
};

#define XFS_IOMAP_F_NEW		(1u << 0)	/* reserved by this call: iomap_end may free it */
#define XFS_IOMAP_F_SHARED	(1u << 1)	/* the space is in the CoW fork */

struct xfs_iomap {
	enum xfs_iomap_type type;
	uint32_t flags;			/* XFS_IOMAP_F_* */
	xfs_fileoff_t off_fsb;
	xfs_filblks_t len_fsb;
	xfs_fsblock_t startblock;	/* MAPPED and UNWRITTEN */
	xfs_fileoff_t reserved_end;	/* F_NEW: end of the request, without preallocation */
	uint32_t data_seq, cow_seq;	/* of the forks, when the mapping was made */
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

/* Make a mapping from an extent record.  A hole has XFS_HOLESTARTBLOCK. */
void xfs_iomap_from_irec(struct xfs_inode *ip, const struct xfs_bmbt_irec *irec,
			 struct xfs_iomap *map);
/*
 * True if the extent maps have not changed since @map was made.  A hole of the data fork is always
 * valid.
 */
bool xfs_iomap_valid(struct xfs_inode *ip, const struct xfs_iomap *map);

/* ---- buffered_write_begin.c --------------------------------------------------- */

#define XFS_IOMAP_WRITE		0u
#define XFS_IOMAP_ZERO		(1u << 0)	/* zeroes existing data; reserves nothing in
						 * holes */
#define XFS_IOMAP_UNSHARE	(1u << 1)	/* writes the same data again; reserves nothing
						 * in holes */
#define XFS_IOMAP_DIRECT	(1u << 2)	/* a write that bypasses the page cache */

/*
 * The mapping at @offset for a buffered write of @count bytes.  Reserves space where there is none,
 * in full or not at all (-ENOSPC). *@src: where to read existing data from; the same as @map unless
 * the write goes to the CoW fork.  @map may cover less than asked.  The IOLOCK is held exclusively;
 * no ILOCK and no transaction are.
 */
int xfs_buffered_write_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
				   uint32_t flags, struct xfs_iomap *map,
				   struct xfs_iomap *src) XFS_MUST_CHECK;
/*
 * @written bytes at @offset were used: free what @map, the mapping at the end of the request,
 * reserved behind them.
 */
int xfs_buffered_write_iomap_end(struct xfs_inode *ip, uint64_t offset, uint64_t written,
				 const struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- read_begin.c ---------------------------------------------------------------- */

/* The mapping of the data fork at @offset, not beyond the last block of the request. */
int xfs_read_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
			 struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- prealloc.c --------------------------------------------------------------------- */

/* Input for the size of a speculative preallocation; in blocks unless noted. */
struct xfs_prealloc_args {
	uint64_t isize_bytes;
	uint64_t offset_bytes, count_bytes;	/* of the request, after limiting it */
	uint32_t block_log;
	uint32_t allocsize_log;		/* log2 of bytes, 0: dynamic */
	uint32_t align;			/* stripe unit, or with XFS_MOUNT_SWALLOC stripe width;
					 * 0: none */
	uint64_t prev_end;		/* end of the extent in front of the request; 0: none */
	uint64_t prev_len;		/* length of it and of extents contiguous with it in
					 * front */
	int64_t free_blocks;
	uint64_t total_blocks;
	struct xfs_quota_room quota[3];	/* of user, group and project; zeros: no limit */
};

/*
 * Blocks to reserve behind the end of the request; 0: none. *@shift: how often the number was
 * halved because space or quota is short.
 */
uint64_t xfs_prealloc_blocks(const struct xfs_prealloc_args *args, uint32_t *shift);

/* The same for a request at @offset of the data fork, with nothing mapped behind it. */
uint64_t xfs_iomap_prealloc_blocks(struct xfs_inode *ip, uint64_t offset, uint64_t count);

/* ---- hint.c ---------------------------------------------------------------------------- */

/*
 * Map a write to an inode with an extent size hint: allocate unwritten blocks at once, aligned to
 * @hint.  The caller has read the hint once, because the inode's may be changed or cleared
 * meanwhile.
 */
int xfs_iomap_write_direct(struct xfs_inode *ip, uint64_t offset, uint64_t count, uint32_t hint,
			   bool zero, struct xfs_iomap *map) XFS_MUST_CHECK;

/* ---- map_blocks.c ------------------------------------------------------------------------ */

/*
 * Blocks that a transaction reserves to convert unwritten extents or to remap @n pieces from the
 * CoW fork.  Delayed allocations have their blocks reserved already.
 */
uint32_t xfs_map_blocks_resv(const struct xfs_mount *mp, uint32_t n);

/*
 * Write-back: where the data of [@off, +@len) goes.  Allocates and marks as written a prefix of the
 * range, exactly the blocks that it returns.  The caller must queue their data before it commits
 * @tp. *@fresh: they were not written before.  XFS_HOLESTARTBLOCK: nothing is reserved there, so
 * the data cannot be written. -EAGAIN: a transaction is needed, or one with blocks for one more
 * piece.  ILOCK held exclusively.
 */
int xfs_map_blocks(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		   xfs_filblks_t len, struct xfs_bmbt_irec *map, bool *fresh) XFS_MUST_CHECK;

/*
 * Allocate the data fork's delayed allocation at [@off, +@len), or a prefix of it, as unwritten
 * blocks (*@map), with preallocation behind it as in xfs_map_blocks(). -EAGAIN: there is none.
 * ILOCK held exclusively.
 */
int xfs_map_unwritten(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
		      xfs_filblks_t len, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;

/* ---- share.c --------------------------------------------------------------------------------- */

/* Share [@src_off, +@len) of @src as [@dst_off, +@len) of @dst; in blocks. */
struct xfs_share {
	struct xfs_inode *src, *dst;
	xfs_fileoff_t src_off, dst_off;	/* advance with the work */
	xfs_filblks_t len;		/* still to be shared */
	uint64_t size;			/* final size of @dst in bytes, if it grows */
};

/*
 * Share the range in steps that each leave the file system consistent.  Holes and unwritten extents
 * become holes.  The IOLOCKs are held, that of @dst exclusively.  Both ranges are clean, and none
 * of the destination's range is in memory.  After an error @sh tells how much was shared. -ENOSPC,
 * -EMLINK, -EFBIG (extents).
 */
int xfs_reflink_share(struct xfs_share *sh) XFS_MUST_CHECK;
/*
 * Check that all blocks of [@off, +@len) can have one more owner: -EMLINK, -ENOSPC.  This allows to
 * fail before anything has changed; each step checks again.
 */
int xfs_reflink_check_share(struct xfs_inode *ip, xfs_fileoff_t off,
			    xfs_filblks_t len) XFS_MUST_CHECK;

/* ---- exchange.c ------------------------------------------------------------------------------- */

/* An exchange in progress. */
struct xfs_exchange_run {
	struct xfs_mount *mp;
	struct xfs_inode *ip1, *ip2;	/* IOLOCKs held; data forks clean, without delayed
					 * allocations */
	struct xfs_inode *preallocated;	/* marked so until the end; NULL: none */
	struct xfs_exchange ex;		/* what is left to do */
	uint32_t pieces;		/* most extents that an extent map may gain */
	uint64_t id;			/* of the logged intent for what is left; 0: none */
	bool started;
	xfs_lsn_t from;			/* the newest step's checkpoint begins at or behind it */
	struct xfs_tail_hold *hold;	/* for the intents; NULL: the caller holds the tail */
};

/*
 * Make one step in one transaction, which logs up to @log_bytes; with @in_one, do all that is left.
 * -ENOMEM and -EFBIG (extents) change nothing.  After the first step only -ENOMEM can occur of
 * these.
 */
int xfs_exchange_step(struct xfs_exchange_run *run, uint32_t log_bytes, bool in_one,
		      bool *done) XFS_MUST_CHECK;
/*
 * Upper bound for the number of extents and holes in [@off, @end) of the data fork.  ILOCK held,
 * extents read in.
 */
xfs_extnum_t xfs_exchange_pieces(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end);

/* ---- cow.c ---------------------------------------------------------------------------------- */

/*
 * Trim the real, written extent @irec to a first run of blocks that either all have several owners
 * (*@shared) or all have one.
 */
int xfs_reflink_trim_around_shared(struct xfs_inode *ip, struct xfs_bmbt_irec *irec,
				   bool *shared) XFS_MUST_CHECK;
/*
 * The same for a write. *@cow: it must not go in place, because others own the blocks, or may own
 * them again after a crash (REFC-4).
 */
int xfs_reflink_trim_for_write(struct xfs_inode *ip, struct xfs_bmbt_irec *irec,
			       bool *cow) XFS_MUST_CHECK;
/*
 * Move the CoW fork's extent at @off, up to @len blocks of it, to the data fork, where it replaces
 * the old mapping.  Allocates blocks if the extent is only reserved.
 */
int xfs_reflink_remap_cow(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
			  xfs_filblks_t len, struct xfs_bmbt_irec *map) XFS_MUST_CHECK;
/*
 * True if the CoW fork has reservations or blocks.  The ILOCK is held, or nobody else has the
 * inode.
 */
bool xfs_reflink_has_cow(const struct xfs_inode *ip);
/* Drop all delayed allocations of the CoW fork from @off on.  ILOCK held exclusively. */
int xfs_reflink_cancel_cow(struct xfs_inode *ip, xfs_fileoff_t off) XFS_MUST_CHECK;
/*
 * Free all that the CoW fork has, including blocks.  The file must be clean, and stay so because
 * the IOLOCK is held exclusively or nobody else has the inode.  No ILOCK and no transaction are
 * held.
 */
int xfs_reflink_give_back_cow(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
