/* SPDX-License-Identifier: MIT */
/*
 * Everything that follows from a superblock, computed once: shifts, fan-outs and heights of trees,
 * inode allocation units, limits; and conversion between address spaces.  Constant after
 * xfs_geometry_init(); growing a file system makes a new geometry.
 *
 * Two rules that are easy to break:
 * - File system block numbers (fsbno) are sparse: an AG takes 2^agblklog of them, but only agblocks
 *   blocks of the disk.  Never add across the end of an AG, never multiply an fsbno by the block
 *   size; use XFS_FSB_TO_DADDR().
 * - The last AG may be shorter than the others; use xfs_ag_block_count().
 */
#ifndef DISK_GEOMETRY_H
#define DISK_GEOMETRY_H

#include <stdbool.h>
#include "base/compiler.h"
#include "base/types.h"
#include "disk/sb.h"

#define XFS_FEAT_ATTR		(1ull << 0)	/* some inode has or had attributes */
#define XFS_FEAT_QUOTA		(1ull << 1)	/* quota inodes exist or did */
#define XFS_FEAT_DALIGN		(1ull << 2)	/* stripe unit and width */
#define XFS_FEAT_SECTOR		(1ull << 3)	/* data or log sectors above 512 */
#define XFS_FEAT_ASCIICI	(1ull << 4)	/* case-insensitive names */
#define XFS_FEAT_FINOBT		(1ull << 5)
#define XFS_FEAT_RMAPBT		(1ull << 6)
#define XFS_FEAT_REFLINK	(1ull << 7)
#define XFS_FEAT_INOBTCNT	(1ull << 8)
#define XFS_FEAT_FTYPE		(1ull << 9)
#define XFS_FEAT_SPINODES	(1ull << 10)
#define XFS_FEAT_META_UUID	(1ull << 11)
#define XFS_FEAT_BIGTIME	(1ull << 12)
#define XFS_FEAT_NEEDSREPAIR	(1ull << 13)
#define XFS_FEAT_NREXT64	(1ull << 14)
#define XFS_FEAT_EXCHRANGE	(1ull << 15)
#define XFS_FEAT_PARENT		(1ull << 16)
#define XFS_FEAT_METADIR	(1ull << 17)
#define XFS_FEAT_ZONED		(1ull << 18)
#define XFS_FEAT_ZONE_GAPS	(1ull << 19)
#define XFS_FEAT_REALTIME	(1ull << 20)	/* sb_rblocks is not 0 */
#define XFS_FEAT_EXTERNAL_LOG	(1ull << 21)	/* sb_logstart is 0 */

struct xfs_geometry {
	uint64_t	features;		/* XFS_FEAT_* */
	xfs_uuid_t	meta_uuid;		/* in metadata */
	xfs_uuid_t	uuid;			/* in the log */

	/* units */
	uint32_t	blocksize;
	uint32_t	blockmask;
	uint32_t	sectsize;
	uint32_t	inodesize;
	uint32_t	inopblock;
	uint8_t		blocklog, sectlog, inodelog, inopblog;
	uint8_t		agblklog;
	uint8_t		agino_log;		/* agblklog + inopblog */
	uint8_t		blkbb_log;		/* blocklog - 9: 512-byte units of a block */
	uint8_t		dirblklog;
	uint32_t	bb_per_block;

	/* allocation groups */
	xfs_agnumber_t	agcount;
	xfs_agblock_t	agblocks;		/* of all but the last */
	xfs_agblock_t	last_agblocks;
	xfs_rfsblock_t	dblocks;
	xfs_fsblock_t	logstart;		/* 0: external */
	uint32_t	logblocks;
	uint32_t	logsectsize;		/* at least 512 */
	uint32_t	logsunit;		/* bytes, 0: none */
	uint32_t	sunit, swidth;		/* blocks, 0: none */

	/* fixed places in an AG */
	uint32_t	agfl_slots;
	xfs_agblock_t	agfl_block;		/* block that holds the AGFL: last header block */
	xfs_agblock_t	bno_root, cnt_root, ino_root;	/* where mkfs puts the roots */
	xfs_agblock_t	fino_root, rmap_root, refc_root; /* 0: no such tree */
	xfs_agblock_t	prealloc_blocks;	/* first block after the roots */

	/* B+trees: entries per block, [0] leaf, [1] node; heights */
	uint32_t	alloc_mxr[2], alloc_mnr[2];
	uint32_t	inobt_mxr[2], inobt_mnr[2];
	uint32_t	rmap_mxr[2], rmap_mnr[2];
	uint32_t	refc_mxr[2], refc_mnr[2];
	uint32_t	bmap_mxr[2], bmap_mnr[2];
	uint8_t		alloc_maxlevels;	/* height; 1 is a single leaf */
	uint8_t		inobt_maxlevels;
	uint8_t		rmap_maxlevels;		/* 0 without the tree */
	uint8_t		refc_maxlevels;
	uint8_t		bmap_maxlevels[2];	/* data, attr fork; including the root in the
						 * inode */

	/* inodes */
	uint32_t	litino;			/* inodesize - 176 */
	uint32_t	attroffset;		/* default offset of the attr fork: 192 bytes */
	uint32_t	min_forkoff, max_forkoff; /* in units of 8 bytes */
	uint32_t	inoalignmt;		/* blocks, sb_inoalignmt */
	uint32_t	spino_align;		/* blocks, 0 without SPINODES */
	uint32_t	ialloc_inos;		/* inodes allocated at once, without sparse
						 * chunks */
	uint32_t	ialloc_blks;
	uint32_t	ialloc_min_blks;	/* the same for a sparse chunk */
	uint32_t	ialloc_align;		/* stripe unit that chunks start on, 0: none */
	uint32_t	blocks_per_cluster;	/* unit of inode I/O */
	uint32_t	inodes_per_cluster;
	uint32_t	cluster_align;		/* blocks, at least 1 */
	uint32_t	cluster_align_inodes;
	uint32_t	inoalign_mask;		/* cluster_align - 1 */
	uint8_t		imax_pct;
	uint64_t	maxicount;		/* 0: no limit */
	xfs_ino_t	rootino;
	xfs_ino_t	rbmino, rsumino;	/* NULLFSINO when there are none */
	xfs_ino_t	uquotino, gquotino, pquotino;
	xfs_ino_t	metadirino;

	/* directories and the tree they share with attributes */
	uint32_t	dirblksize;
	uint32_t	dirblkfsbs;		/* file-system blocks per directory block */
	xfs_dablk_t	leafblk, freeblk;	/* dablk where leaves and free indexes start */
	uint32_t	dir_leaf_max_ents;	/* per leafn block */
	uint32_t	dir_node_ents;
	uint32_t	dir_free_max_bests;
	uint32_t	dir_magicpct;		/* 37 % of a directory block */
	xfs_extnum_t	dir_max_extents;
	uint32_t	attr_node_ents;		/* attr blocks have blocksize bytes */
	uint32_t	attr_magicpct;
	uint32_t	attr_rmt_space;		/* value bytes per remote block */

	/* realtime, as far as verifiers need it */
	xfs_rfsblock_t	rblocks;
	uint64_t	rextents;
	uint32_t	rextsize;
	uint32_t	rgcount;
	uint32_t	rgextents;
	uint8_t		rgblklog;
};

/*
 * Fill @geo from @sb.  Checks only what the arithmetic needs (no division by zero, no overflow);
 * -EUCLEAN if that does not hold.  xfs_sb_verify() verifies the superblock itself.
 */
int xfs_geometry_init(struct xfs_geometry *geo, const struct xfs_sb *sb) XFS_MUST_CHECK;

/* Compute only the feature mask. */
uint64_t xfs_sb_feature_mask(const struct xfs_sb *sb);

#define XFS_HAS_FEAT(name, NAME)						\
static inline bool xfs_has_##name(const struct xfs_geometry *geo)		\
{										\
	return (geo->features & XFS_FEAT_##NAME) != 0;				\
}
XFS_HAS_FEAT(attr, ATTR)
XFS_HAS_FEAT(quota, QUOTA)
XFS_HAS_FEAT(dalign, DALIGN)
XFS_HAS_FEAT(sector, SECTOR)
XFS_HAS_FEAT(asciici, ASCIICI)
XFS_HAS_FEAT(finobt, FINOBT)
XFS_HAS_FEAT(rmapbt, RMAPBT)
XFS_HAS_FEAT(reflink, REFLINK)
XFS_HAS_FEAT(inobtcounts, INOBTCNT)
XFS_HAS_FEAT(ftype, FTYPE)
XFS_HAS_FEAT(sparseinodes, SPINODES)
XFS_HAS_FEAT(metauuid, META_UUID)
XFS_HAS_FEAT(bigtime, BIGTIME)
XFS_HAS_FEAT(needsrepair, NEEDSREPAIR)
XFS_HAS_FEAT(large_extent_counts, NREXT64)
XFS_HAS_FEAT(exchange_range, EXCHRANGE)
XFS_HAS_FEAT(parent, PARENT)
XFS_HAS_FEAT(metadir, METADIR)
XFS_HAS_FEAT(zoned, ZONED)
XFS_HAS_FEAT(realtime, REALTIME)
XFS_HAS_FEAT(external_log, EXTERNAL_LOG)

/* ------------------------------------------------------------------ blocks */

static inline uint64_t XFS_FSB_TO_B(const struct xfs_geometry *geo, uint64_t blocks)
{
	return blocks << geo->blocklog;
}

static inline uint64_t XFS_B_TO_FSB(const struct xfs_geometry *geo, uint64_t bytes)
{
	return (bytes + geo->blockmask) >> geo->blocklog;
}

static inline uint64_t XFS_B_TO_FSBT(const struct xfs_geometry *geo, uint64_t bytes)
{
	return bytes >> geo->blocklog;
}

static inline uint32_t XFS_B_FSB_OFFSET(const struct xfs_geometry *geo, uint64_t bytes)
{
	return (uint32_t)bytes & geo->blockmask;
}

static inline uint64_t XFS_FSB_TO_BB(const struct xfs_geometry *geo, uint64_t blocks)
{
	return blocks << geo->blkbb_log;
}

static inline xfs_fsblock_t XFS_AGB_TO_FSB(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					   xfs_agblock_t agbno)
{
	return (xfs_fsblock_t)agno << geo->agblklog | agbno;
}

static inline xfs_agnumber_t XFS_FSB_TO_AGNO(const struct xfs_geometry *geo, xfs_fsblock_t fsbno)
{
	return (xfs_agnumber_t)(fsbno >> geo->agblklog);
}

static inline xfs_agblock_t XFS_FSB_TO_AGBNO(const struct xfs_geometry *geo, xfs_fsblock_t fsbno)
{
	return (xfs_agblock_t)(fsbno & ((1ull << geo->agblklog) - 1));
}

/* Position on the data device in blocks, in bytes, in 512-byte units. */
static inline uint64_t xfs_agb_to_rfsb(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				       xfs_agblock_t agbno)
{
	return (uint64_t)agno * geo->agblocks + agbno;
}

static inline uint64_t xfs_agb_to_bytes(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					xfs_agblock_t agbno)
{
	return xfs_agb_to_rfsb(geo, agno, agbno) << geo->blocklog;
}

static inline xfs_daddr_t XFS_AGB_TO_DADDR(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					   xfs_agblock_t agbno)
{
	return (xfs_daddr_t)(xfs_agb_to_rfsb(geo, agno, agbno) << geo->blkbb_log);
}

static inline uint64_t xfs_fsb_to_bytes(const struct xfs_geometry *geo, xfs_fsblock_t fsbno)
{
	return xfs_agb_to_bytes(geo, XFS_FSB_TO_AGNO(geo, fsbno), XFS_FSB_TO_AGBNO(geo, fsbno));
}

static inline xfs_daddr_t XFS_FSB_TO_DADDR(const struct xfs_geometry *geo, xfs_fsblock_t fsbno)
{
	return XFS_AGB_TO_DADDR(geo, XFS_FSB_TO_AGNO(geo, fsbno), XFS_FSB_TO_AGBNO(geo, fsbno));
}

static inline xfs_agnumber_t xfs_daddr_to_agno(const struct xfs_geometry *geo, xfs_daddr_t daddr)
{
	return (xfs_agnumber_t)(((uint64_t)daddr >> geo->blkbb_log) / geo->agblocks);
}

static inline xfs_agblock_t xfs_daddr_to_agbno(const struct xfs_geometry *geo, xfs_daddr_t daddr)
{
	return (xfs_agblock_t)(((uint64_t)daddr >> geo->blkbb_log) % geo->agblocks);
}

static inline xfs_fsblock_t XFS_DADDR_TO_FSB(const struct xfs_geometry *geo, xfs_daddr_t daddr)
{
	return XFS_AGB_TO_FSB(geo, xfs_daddr_to_agno(geo, daddr), xfs_daddr_to_agbno(geo, daddr));
}

/* Header sector @sector (0 superblock .. 3 AGFL) of an AG. */
static inline xfs_daddr_t XFS_AG_DADDR(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				       unsigned int sector)
{
	return XFS_AGB_TO_DADDR(geo, agno, 0) +
	       (xfs_daddr_t)sector * (geo->sectsize >> XFS_BB_SHIFT);
}

static inline xfs_agblock_t xfs_ag_block_count(const struct xfs_geometry *geo, xfs_agnumber_t agno)
{
	return agno == geo->agcount - 1 ? geo->last_agblocks : geo->agblocks;
}

/* ------------------------------------------------------------------ inodes */

static inline xfs_ino_t XFS_AGINO_TO_INO(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					 xfs_agino_t agino)
{
	return (xfs_ino_t)agno << geo->agino_log | agino;
}

static inline xfs_agnumber_t XFS_INO_TO_AGNO(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return (xfs_agnumber_t)(ino >> geo->agino_log);
}

static inline xfs_agino_t XFS_INO_TO_AGINO(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return (xfs_agino_t)(ino & ((1ull << geo->agino_log) - 1));
}

static inline xfs_agblock_t XFS_AGINO_TO_AGBNO(const struct xfs_geometry *geo, xfs_agino_t agino)
{
	return agino >> geo->inopblog;
}

/* Index of the inode in its block. */
static inline uint32_t XFS_AGINO_TO_OFFSET(const struct xfs_geometry *geo, xfs_agino_t agino)
{
	return agino & (geo->inopblock - 1);
}

static inline xfs_agino_t XFS_AGB_TO_AGINO(const struct xfs_geometry *geo, xfs_agblock_t agbno)
{
	return agbno << geo->inopblog;
}

static inline xfs_agblock_t XFS_INO_TO_AGBNO(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return XFS_AGINO_TO_AGBNO(geo, XFS_INO_TO_AGINO(geo, ino));
}

static inline xfs_fsblock_t XFS_INO_TO_FSB(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return XFS_AGB_TO_FSB(geo, XFS_INO_TO_AGNO(geo, ino), XFS_INO_TO_AGBNO(geo, ino));
}

static inline uint64_t xfs_ino_to_bytes(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return xfs_fsb_to_bytes(geo, XFS_INO_TO_FSB(geo, ino)) +
	       ((uint64_t)XFS_AGINO_TO_OFFSET(geo, XFS_INO_TO_AGINO(geo, ino)) << geo->inodelog);
}

/* Range of possible inode numbers in an AG; empty (*first > *last) if the AG is too short. */
static inline void xfs_agino_range(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				   xfs_agino_t *first, xfs_agino_t *last)
{
	xfs_agblock_t eoag = xfs_ag_block_count(geo, agno);
	uint64_t first_bno = xfs_roundup64((uint64_t)geo->agfl_block + 1, geo->cluster_align);

	eoag -= eoag % geo->cluster_align;
	if (unlikely(first_bno >= eoag)) {
		*first = 1;
		*last = 0;
		return;
	}
	*first = XFS_AGB_TO_AGINO(geo, (xfs_agblock_t)first_bno);
	*last = XFS_AGB_TO_AGINO(geo, eoag) - 1;
}

/* -------------------------------------------------------------- validity */

/* True for a block that something other than the AG headers may use. */
static inline bool xfs_verify_agbno(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				    xfs_agblock_t agbno)
{
	return agbno > geo->agfl_block && agbno < xfs_ag_block_count(geo, agno);
}

static inline bool xfs_verify_agbext(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				     xfs_agblock_t agbno, xfs_extlen_t len)
{
	return len && agbno + len > agbno && xfs_verify_agbno(geo, agno, agbno) &&
	       xfs_verify_agbno(geo, agno, agbno + len - 1);
}

static inline bool xfs_verify_fsbno(const struct xfs_geometry *geo, xfs_fsblock_t fsbno)
{
	return fsbno >> geo->agblklog < geo->agcount &&
	       xfs_verify_agbno(geo, XFS_FSB_TO_AGNO(geo, fsbno), XFS_FSB_TO_AGBNO(geo, fsbno));
}

static inline bool xfs_verify_fsbext(const struct xfs_geometry *geo, xfs_fsblock_t fsbno,
				     xfs_fsblock_t len)
{
	return len && len <= geo->agblocks && xfs_verify_fsbno(geo, fsbno) &&
	       xfs_verify_fsbno(geo, fsbno + len - 1) &&
	       XFS_FSB_TO_AGNO(geo, fsbno) == XFS_FSB_TO_AGNO(geo, fsbno + len - 1);
}

static inline bool xfs_verify_agino(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				    xfs_agino_t agino)
{
	xfs_agino_t first, last;

	xfs_agino_range(geo, agno, &first, &last);
	return agino >= first && agino <= last;
}

static inline bool xfs_verify_agino_or_null(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					    xfs_agino_t agino)
{
	return agino == NULLAGINO || xfs_verify_agino(geo, agno, agino);
}

static inline bool xfs_verify_ino(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return ino >> geo->agino_log < geo->agcount &&
	       xfs_verify_agino(geo, XFS_INO_TO_AGNO(geo, ino), XFS_INO_TO_AGINO(geo, ino));
}

/* True for an inode that belongs to the file system itself and that no directory may name. */
static inline bool xfs_internal_inum(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return ino == geo->rbmino || ino == geo->rsumino || ino == geo->uquotino ||
	       ino == geo->gquotino || ino == geo->pquotino || ino == geo->metadirino;
}

static inline bool xfs_verify_dir_ino(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return !xfs_internal_inum(geo, ino) && xfs_verify_ino(geo, ino);
}

/* The block with the last byte of the largest file. */
static inline uint64_t xfs_max_file_block(const struct xfs_geometry *geo)
{
	return ((1ull << 63) - 1) >> geo->blocklog;
}

/* Blocks [off, off + len) of a file: a record has 54 bits of offset and 21 of length. */
static inline bool xfs_verify_fileext(uint64_t off, uint64_t len)
{
	return len && off < 1ull << 54 && off + len > off &&
	       off + len - 1 <= (1ull << 54) + (1ull << 21) - 2;
}

/*
 * True for a valid realtime extent: in the classic layout a plain block number, with groups a
 * packed one.
 */
bool xfs_verify_rtbext(const struct xfs_geometry *geo, uint64_t rtbno, uint64_t len);

/* ------------------------------------------------------------ tree shapes */

/* Height for @records if every block has the minimum of entries. */
unsigned int xfs_geometry_tree_height(const uint32_t mnr[2], uint64_t records);
/* Height that a tree of at most @leaf_blocks blocks in all can reach. */
unsigned int xfs_geometry_space_height(const uint32_t mnr[2], uint64_t leaf_blocks);
/* Number of blocks of the largest tree for @records. */
uint64_t xfs_geometry_tree_blocks(const uint32_t mnr[2], uint64_t records);
/*
 * xfs_geometry_tree_height() for the tree of a fork whose root in the inode has room for @minroot.
 */
unsigned int xfs_geometry_fork_height(const struct xfs_geometry *geo, uint64_t extents,
					unsigned int minroot);

#endif
