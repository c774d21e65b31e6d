/* SPDX-License-Identifier: MIT */
/*
 * The items of a transaction, as they stand in the records of the journal.  An item is a run of
 * regions; the first is a format structure that begins with the item's type and number of regions.
 *
 * Format structures are in the byte order of the machine that wrote the log (a log of the other
 * order is refused), except ICREATE.  They are read and written with memcpy(), because a region may
 * have any alignment.
 */
#ifndef DISK_LOG_ITEM_H
#define DISK_LOG_ITEM_H

#include "disk/log.h"

#define XFS_LI_EFI		0x1236
#define XFS_LI_EFD		0x1237
#define XFS_LI_IUNLINK		0x1238		/* never valid */
#define XFS_LI_INODE		0x123b
#define XFS_LI_BUF		0x123c
#define XFS_LI_DQUOT		0x123d
#define XFS_LI_QUOTAOFF		0x123e
#define XFS_LI_ICREATE		0x123f
#define XFS_LI_RUI		0x1240
#define XFS_LI_RUD		0x1241
#define XFS_LI_CUI		0x1242
#define XFS_LI_CUD		0x1243
#define XFS_LI_BUI		0x1244
#define XFS_LI_BUD		0x1245
#define XFS_LI_ATTRI		0x1246
#define XFS_LI_ATTRD		0x1247
#define XFS_LI_XMI		0x1248
#define XFS_LI_XMD		0x1249
#define XFS_LI_EFI_RT		0x124a
#define XFS_LI_EFD_RT		0x124b
#define XFS_LI_RUI_RT		0x124c
#define XFS_LI_RUD_RT		0x124d
#define XFS_LI_CUI_RT		0x124e
#define XFS_LI_CUD_RT		0x124f

#define XLOG_MAX_REGIONS_IN_ITEM	257u

/* Every item begins with this. */
struct xfs_log_item_head {
	uint16_t	type;
	uint16_t	size;			/* regions, including this one */
};

/* ------------------------------------------------------------------ buffers */

struct xfs_buf_log_format {
	uint16_t	blf_type;
	uint16_t	blf_size;
	uint16_t	blf_flags;		/* XFS_BLF_*; type of the buffer in the high bits */
	uint16_t	blf_len;		/* 512-byte units */
	int64_t		blf_blkno;		/* daddr */
	uint32_t	blf_map_size;		/* 32-bit words that follow */
};
#define XFS_BUF_LOG_FORMAT_LEN	20u		/* without the map: the struct ends in padding */

#define XFS_BLF_CHUNK		128u
#define XFS_BLF_CHUNK_SHIFT	7
#define XFS_BLF_INODE_BUF	0x0001
#define XFS_BLF_CANCEL		0x0002
#define XFS_BLF_UDQUOT_BUF	0x0004
#define XFS_BLF_PDQUOT_BUF	0x0008
#define XFS_BLF_GDQUOT_BUF	0x0010
#define XFS_BLF_ANY_DQUOT	(XFS_BLF_UDQUOT_BUF | XFS_BLF_PDQUOT_BUF | XFS_BLF_GDQUOT_BUF)
#define XFS_BLFT_SHIFT		11

/* Types of buffers, for recovery. */
#define XFS_BLFT_UDQUOT		1
#define XFS_BLFT_PDQUOT		2
#define XFS_BLFT_GDQUOT		3
#define XFS_BLFT_BTREE		4
#define XFS_BLFT_AGF		5
#define XFS_BLFT_AGFL		6
#define XFS_BLFT_AGI		7
#define XFS_BLFT_DINO		8
#define XFS_BLFT_SYMLINK	9
#define XFS_BLFT_DIR_BLOCK	10
#define XFS_BLFT_DIR_DATA	11
#define XFS_BLFT_DIR_FREE	12
#define XFS_BLFT_DIR_LEAF1	13
#define XFS_BLFT_DIR_LEAFN	14
#define XFS_BLFT_DA_NODE	15
#define XFS_BLFT_ATTR_LEAF	16
#define XFS_BLFT_ATTR_RMT	17
#define XFS_BLFT_SB		18

/* ------------------------------------------------------------------- inodes */

struct xfs_inode_log_format {
	uint16_t	ilf_type;
	uint16_t	ilf_size;
	uint32_t	ilf_fields;		/* XFS_ILOG_* */
	uint16_t	ilf_asize;
	uint16_t	ilf_dsize;
	uint32_t	ilf_pad;
	uint64_t	ilf_ino;
	uint8_t		ilf_u[16];		/* device number in the first 4 bytes */
	int64_t		ilf_blkno;		/* daddr of the cluster */
	uint32_t	ilf_len;		/* of the cluster, 512-byte units */
	uint32_t	ilf_boffset;		/* of the inode in it */
};
#define XFS_INODE_LOG_FORMAT_32_LEN	52u	/* without ilf_pad */

#define XFS_ILOG_CORE		0x001u
#define XFS_ILOG_DDATA		0x002u
#define XFS_ILOG_DEXT		0x004u
#define XFS_ILOG_DBROOT		0x008u
#define XFS_ILOG_DEV		0x010u
#define XFS_ILOG_ADATA		0x040u
#define XFS_ILOG_AEXT		0x080u
#define XFS_ILOG_ABROOT		0x100u
#define XFS_ILOG_DOWNER		0x200u
#define XFS_ILOG_AOWNER		0x400u
#define XFS_ILOG_DFORK		(XFS_ILOG_DDATA | XFS_ILOG_DEXT | XFS_ILOG_DBROOT)
#define XFS_ILOG_AFORK		(XFS_ILOG_ADATA | XFS_ILOG_AEXT | XFS_ILOG_ABROOT)

/* struct xfs_dinode with every integer in host order. */
struct xfs_log_dinode {
	uint16_t	di_magic;
	uint16_t	di_mode;
	int8_t		di_version;
	int8_t		di_format;
	uint16_t	di_metatype;
	uint32_t	di_uid;
	uint32_t	di_gid;
	uint32_t	di_nlink;
	uint16_t	di_projid_lo;
	uint16_t	di_projid_hi;
	uint64_t	di_big_nextents;	/* with NREXT64, else 0 */
	uint64_t	di_atime;		/* bigtime; else 32 bits of seconds, then of
						 * nanoseconds */
	uint64_t	di_mtime;
	uint64_t	di_ctime;
	int64_t		di_size;
	uint64_t	di_nblocks;
	uint32_t	di_extsize;
	uint32_t	di_nextents;		/* with NREXT64: those of the attr fork */
	uint16_t	di_anextents;
	uint8_t		di_forkoff;
	int8_t		di_aformat;
	uint32_t	di_dmevmask;
	uint16_t	di_dmstate;
	uint16_t	di_flags;
	uint32_t	di_gen;
	uint32_t	di_next_unlinked;	/* not replayed, like di_crc and di_lsn */
	uint32_t	di_crc;
	uint64_t	di_changecount;
	int64_t		di_lsn;
	uint64_t	di_flags2;
	uint32_t	di_cowextsize;
	uint8_t		di_pad2[12];
	uint64_t	di_crtime;
	uint64_t	di_ino;
	xfs_uuid_t	di_uuid;
};

struct xfs_icreate_log {
	uint16_t	icl_type;		/* host order, like icl_size */
	uint16_t	icl_size;
	be32_t		icl_ag;
	be32_t		icl_agbno;
	be32_t		icl_count;
	be32_t		icl_isize;
	be32_t		icl_length;
	be32_t		icl_gen;
};

/* -------------------------------------------------------------------- quota */

struct xfs_dq_logformat {
	uint16_t	qlf_type;
	uint16_t	qlf_size;
	uint32_t	qlf_id;
	int64_t		qlf_blkno;
	int32_t		qlf_len;		/* file-system blocks */
	uint32_t	qlf_boffset;
};
#define XFS_DQUOT_LOGGED_LEN	104u

struct xfs_qoff_logformat {
	uint16_t	qf_type;
	uint16_t	qf_size;
	uint32_t	qf_flags;
	uint8_t		qf_pad[12];
};
#define XFS_QOFF_UQUOTA		0x1u
#define XFS_QOFF_PQUOTA		0x8u
#define XFS_QOFF_GQUOTA		0x40u

/* ------------------------------------------------- intents and done items */

/*
 * All but ATTRI and XMI begin with this; done items are no longer (EFD: followed by its extents).
 */
struct xfs_intent_log_format {
	uint16_t	type;
	uint16_t	size;
	uint32_t	nextents;		/* 0 in done items other than EFD */
	uint64_t	id;
};

struct xfs_efi_extent {				/* EFI */
	uint64_t	ext_start;		/* fsbno */
	uint32_t	ext_len;
	uint32_t	ext_pad;
};
#define XFS_EFI_EXTENT_32_LEN	12u		/* without ext_pad */

struct xfs_map_extent {				/* RUI, BUI */
	uint64_t	me_owner;
	uint64_t	me_startblock;
	uint64_t	me_startoff;
	uint32_t	me_len;
	uint32_t	me_flags;
};

#define XFS_RMAP_EXTENT_MAP		1u
#define XFS_RMAP_EXTENT_MAP_SHARED	2u
#define XFS_RMAP_EXTENT_UNMAP		3u
#define XFS_RMAP_EXTENT_UNMAP_SHARED	4u
#define XFS_RMAP_EXTENT_CONVERT		5u
#define XFS_RMAP_EXTENT_CONVERT_SHARED	6u
#define XFS_RMAP_EXTENT_ALLOC		7u
#define XFS_RMAP_EXTENT_FREE		8u
#define XFS_RMAP_EXTENT_TYPE_MASK	0xffu
#define XFS_RMAP_EXTENT_ATTR_FORK	(1u << 31)
#define XFS_RMAP_EXTENT_BMBT_BLOCK	(1u << 30)
#define XFS_RMAP_EXTENT_UNWRITTEN	(1u << 29)

#define XFS_BMAP_EXTENT_MAP		1u
#define XFS_BMAP_EXTENT_UNMAP		2u
#define XFS_BMAP_EXTENT_TYPE_MASK	0xffu
#define XFS_BMAP_EXTENT_ATTR_FORK	(1u << 31)
#define XFS_BMAP_EXTENT_UNWRITTEN	(1u << 30)
#define XFS_BMAP_EXTENT_REALTIME	(1u << 29)

struct xfs_phys_extent {			/* CUI */
	uint64_t	pe_startblock;
	uint32_t	pe_len;
	uint32_t	pe_flags;
};

#define XFS_REFCOUNT_EXTENT_INCREASE	1u
#define XFS_REFCOUNT_EXTENT_DECREASE	2u
#define XFS_REFCOUNT_EXTENT_ALLOC_COW	3u
#define XFS_REFCOUNT_EXTENT_FREE_COW	4u
#define XFS_REFCOUNT_EXTENT_TYPE_MASK	0xffu

struct xfs_attri_log_format {
	uint16_t	alfi_type;
	uint16_t	alfi_size;
	uint32_t	alfi_igen;		/* parent pointer operations only */
	uint64_t	alfi_id;
	uint64_t	alfi_ino;
	uint32_t	alfi_op_flags;
	union {
		uint32_t alfi_name_len;
		struct {			/* PPTR_REPLACE */
			uint16_t alfi_old_name_len;
			uint16_t alfi_new_name_len;
		};
	};
	uint32_t	alfi_value_len;
	uint32_t	alfi_attr_filter;
};

#define XFS_ATTRI_OP_SET		1u
#define XFS_ATTRI_OP_REMOVE		2u
#define XFS_ATTRI_OP_REPLACE		3u
#define XFS_ATTRI_OP_PPTR_SET		4u
#define XFS_ATTRI_OP_PPTR_REMOVE	5u
#define XFS_ATTRI_OP_PPTR_REPLACE	6u
#define XFS_ATTRI_OP_MASK		0xffu
#define XFS_ATTRI_FILTER_MASK		0x8eu	/* root, secure, parent, incomplete */
#define XFS_ATTRI_PPTR_VALUE_LEN	12u

struct xfs_xmi_log_format {
	uint16_t	xmi_type;
	uint16_t	xmi_size;
	uint32_t	xmi_pad;
	uint64_t	xmi_id;
	uint64_t	xmi_inode1, xmi_inode2;
	uint32_t	xmi_igen1, xmi_igen2;
	uint64_t	xmi_startoff1, xmi_startoff2;
	uint64_t	xmi_blockcount;
	uint64_t	xmi_flags;
	uint64_t	xmi_isize1, xmi_isize2;
};

#define XFS_EXCHMAPS_ATTR_FORK		(1ull << 0)
#define XFS_EXCHMAPS_SET_SIZES		(1ull << 1)
#define XFS_EXCHMAPS_INO1_WRITTEN	(1ull << 2)
#define XFS_EXCHMAPS_CLEAR_INO1_REFLINK	(1ull << 3)
#define XFS_EXCHMAPS_CLEAR_INO2_REFLINK	(1ull << 4)

#endif
