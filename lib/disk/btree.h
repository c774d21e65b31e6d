/* SPDX-License-Identifier: MIT */
/*
 * B+tree blocks and their records.  Short blocks (32-bit pointers within an AG) hold the trees of
 * an AG, long blocks (64-bit file system block numbers) those of a fork.  Host-order forms of the
 * records are in disk/irec.h.
 *
 * In a node block the pointers follow room for the *maximum* number of keys, not the keys in use;
 * use the XFS_BTREE_*_ADDR helpers.
 */
#ifndef DISK_BTREE_H
#define DISK_BTREE_H

#include "disk/sb.h"

#define XFS_ABTB_CRC_MAGIC	0x41423342u	/* "AB3B" free space by block */
#define XFS_ABTC_CRC_MAGIC	0x41423343u	/* "AB3C" free space by size */
#define XFS_IBT_CRC_MAGIC	0x49414233u	/* "IAB3" inodes */
#define XFS_FIBT_CRC_MAGIC	0x46494233u	/* "FIB3" free inodes */
#define XFS_RMAP_CRC_MAGIC	0x524d4233u	/* "RMB3" */
#define XFS_REFC_CRC_MAGIC	0x52334643u	/* "R3FC" */
#define XFS_BMAP_CRC_MAGIC	0x424d4133u	/* "BMA3" */
#define XFS_RTRMAP_CRC_MAGIC	0x4d415052u	/* "MAPR" */
#define XFS_RTREFC_CRC_MAGIC	0x52434e54u	/* "RCNT" */

struct xfs_btree_block_shdr {
	be32_t		bb_leftsib;
	be32_t		bb_rightsib;
	be64_t		bb_blkno;		/* daddr */
	be64_t		bb_lsn;
	xfs_uuid_t	bb_uuid;
	be32_t		bb_owner;		/* AG number */
	le32_t		bb_crc;
};

struct xfs_btree_block_lhdr {
	be64_t		bb_leftsib;
	be64_t		bb_rightsib;
	be64_t		bb_blkno;
	be64_t		bb_lsn;
	xfs_uuid_t	bb_uuid;
	be64_t		bb_owner;		/* inode number */
	le32_t		bb_crc;
	be32_t		bb_pad;
};

struct xfs_btree_block {
	be32_t		bb_magic;
	be16_t		bb_level;		/* 0: leaf */
	be16_t		bb_numrecs;
	union {
		struct xfs_btree_block_shdr s;
		struct xfs_btree_block_lhdr l;
	} bb_u;
};

#define XFS_BTREE_SBLOCK_CRC_LEN	56
#define XFS_BTREE_LBLOCK_CRC_LEN	72
#define XFS_BTREE_SBLOCK_LEN		56
#define XFS_BTREE_LBLOCK_LEN		72
#define XFS_BTREE_SBLOCK_CRC_OFF	52
#define XFS_BTREE_LBLOCK_CRC_OFF	64
#define XFS_BTREE_SBLOCK_LSN_OFF	24
#define XFS_BTREE_LBLOCK_LSN_OFF	32

/* Largest height that any verifier accepts; bounds arrays in cursors. */
#define XFS_BTREE_MAXLEVELS	12

/* bno and cnt: the record, also used as key of both (the first record of the child). */
struct xfs_alloc_rec {
	be32_t		ar_startblock;
	be32_t		ar_blockcount;
};
typedef be32_t xfs_alloc_ptr_t;

/* ino and fino. */
struct xfs_inobt_rec {
	be32_t		ir_startino;
	union {
		be32_t	ir_freecount_full;	/* without SPINODES */
		struct {			/* with SPINODES */
			be16_t	ir_holemask;
			uint8_t	ir_count;
			uint8_t	ir_freecount;
		};
	};
	be64_t		ir_free;
};
struct xfs_inobt_key {
	be32_t		ir_startino;
};
typedef be32_t xfs_inobt_ptr_t;

#define XFS_INODES_PER_CHUNK		64u
#define XFS_INODES_PER_CHUNK_LOG	6u
#define XFS_INOBT_ALL_FREE		(~0ull)
#define XFS_INOBT_HOLEMASK_BITS		16u
#define XFS_INODES_PER_HOLEMASK_BIT	4u
#define XFS_INOBT_HOLEMASK_FULL		0u
#define XFS_INOBT_MASK(i)		(1ull << (i))

/* rmap */
struct xfs_rmap_rec {
	be32_t		rm_startblock;
	be32_t		rm_blockcount;
	be64_t		rm_owner;
	be64_t		rm_offset;		/* with the flags of XFS_RMAP_OFF_* */
};
struct xfs_rmap_key {
	be32_t		rm_startblock;
	be64_t		rm_owner;
	be64_t		rm_offset;		/* never XFS_RMAP_OFF_UNWRITTEN */
};
typedef be32_t xfs_rmap_ptr_t;

#define XFS_RMAP_OFF_ATTR_FORK	(1ull << 63)
#define XFS_RMAP_OFF_BMBT_BLOCK	(1ull << 62)
#define XFS_RMAP_OFF_UNWRITTEN	(1ull << 61)
#define XFS_RMAP_OFF_FLAGS	(XFS_RMAP_OFF_ATTR_FORK | XFS_RMAP_OFF_BMBT_BLOCK | \
				 XFS_RMAP_OFF_UNWRITTEN)
#define XFS_RMAP_OFF_MASK	((1ull << 54) - 1)
#define XFS_RMAP_OFF(off)	((off) & XFS_RMAP_OFF_MASK)

#define XFS_RMAP_OWN_NULL	((uint64_t)-1)	/* never on disk */
#define XFS_RMAP_OWN_UNKNOWN	((uint64_t)-2)	/* never on disk */
#define XFS_RMAP_OWN_FS		((uint64_t)-3)	/* AG headers */
#define XFS_RMAP_OWN_LOG	((uint64_t)-4)
#define XFS_RMAP_OWN_AG		((uint64_t)-5)	/* bno, cnt, rmap blocks and the AGFL */
#define XFS_RMAP_OWN_INOBT	((uint64_t)-6)
#define XFS_RMAP_OWN_INODES	((uint64_t)-7)
#define XFS_RMAP_OWN_REFC	((uint64_t)-8)
#define XFS_RMAP_OWN_COW	((uint64_t)-9)
#define XFS_RMAP_OWN_MIN	((uint64_t)-10)	/* all special owners are above it */
#define XFS_RMAP_NON_INODE_OWNER(owner)	((int64_t)(owner) < 0)

/* refcount */
struct xfs_refcount_rec {
	be32_t		rc_startblock;		/* with XFS_REFC_COWFLAG */
	be32_t		rc_blockcount;
	be32_t		rc_refcount;
};
struct xfs_refcount_key {
	be32_t		rc_startblock;
};
typedef be32_t xfs_refcount_ptr_t;
/*
 * In the root of a realtime reference count tree in an inode, an entry of a node takes this many
 * bytes, although a key and a pointer have 12: the pointers follow room for that many keys.
 */
#define XFS_RTREFC_ROOT_ENTRY	16u

#define XFS_REFC_COWFLAG	(1u << 31)
#define XFS_REFC_REFCOUNT_MAX	0xffffffffu

/* The root of an extent tree in the inode; keys, then pointers, follow. */
struct xfs_bmdr_block {
	be16_t		bb_level;		/* at least 1 */
	be16_t		bb_numrecs;
};

/* An extent of a fork, packed into two words; see disk/irec.h. */
struct xfs_bmbt_rec {
	be64_t		l0, l1;
};
struct xfs_bmbt_key {
	be64_t		br_startoff;
};
typedef be64_t xfs_bmbt_ptr_t;

#define XFS_MAX_BMBT_EXTLEN	((xfs_extlen_t)((1u << 21) - 1))
#define XFS_MAX_FILEOFF		((1ull << 54) + (1ull << 21) - 2)
/* Records that the smallest root in an inode must hold: data fork, attr fork. */
#define XFS_BMDR_MIN_DRECS	3u
#define XFS_BMDR_MIN_ARECS	2u

static inline void *xfs_btree_entry(const void *block, size_t hdr, size_t size, unsigned int i)
{
	return (char *)(uintptr_t)block + hdr + size * i;
}

/*
 * Entry @i, counted from 1 as in XFS, of a block with a header of @hdr bytes; @mxr is the maximum
 * number of entries of a node.
 */
#define XFS_BTREE_REC_ADDR(block, hdr, recsize, i) \
	xfs_btree_entry(block, hdr, recsize, (i) - 1)
#define XFS_BTREE_KEY_ADDR(block, hdr, keysize, i) \
	xfs_btree_entry(block, hdr, keysize, (i) - 1)
#define XFS_BTREE_PTR_ADDR(block, hdr, keysize, mxr, ptrsize, i) \
	xfs_btree_entry(block, (hdr) + (size_t)(mxr) * (keysize), ptrsize, (i) - 1)

#endif
