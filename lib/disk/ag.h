/* SPDX-License-Identifier: MIT */
/*
 * Headers of an allocation group: sector 1 AGF (free space), sector 2 AGI (inodes), sector 3 AGFL
 * (blocks kept for the free space trees).  Each is checksummed over the whole sector.
 */
#ifndef DISK_AG_H
#define DISK_AG_H

#include "disk/sb.h"

#define XFS_AGF_MAGIC		0x58414746u	/* "XAGF" */
#define XFS_AGI_MAGIC		0x58414749u	/* "XAGI" */
#define XFS_AGFL_MAGIC		0x5841464cu	/* "XAFL" */
#define XFS_AGF_VERSION		1u
#define XFS_AGI_VERSION		1u
#define XFS_AGI_UNLINKED_BUCKETS 64

struct xfs_agf {
	be32_t		agf_magicnum;
	be32_t		agf_versionnum;
	be32_t		agf_seqno;
	be32_t		agf_length;		/* blocks of this AG */
	be32_t		agf_bno_root;
	be32_t		agf_cnt_root;
	be32_t		agf_rmap_root;
	be32_t		agf_bno_level;
	be32_t		agf_cnt_level;
	be32_t		agf_rmap_level;
	be32_t		agf_flfirst;		/* oldest active slot */
	be32_t		agf_fllast;		/* youngest active slot */
	be32_t		agf_flcount;
	be32_t		agf_freeblks;		/* without the AGFL */
	be32_t		agf_longest;
	be32_t		agf_btreeblks;		/* non-root blocks of bno, cnt and rmap */
	xfs_uuid_t	agf_uuid;
	be32_t		agf_rmap_blocks;	/* root included */
	be32_t		agf_refcount_blocks;	/* root included */
	be32_t		agf_refcount_root;
	be32_t		agf_refcount_level;
	be64_t		agf_spare64[14];
	be64_t		agf_lsn;
	le32_t		agf_crc;
	be32_t		agf_spare2;
};

#define XFS_AGF_CRC_OFF		216
#define XFS_AGF_LSN_OFF		208

struct xfs_agi {
	be32_t		agi_magicnum;
	be32_t		agi_versionnum;
	be32_t		agi_seqno;
	be32_t		agi_length;
	be32_t		agi_count;
	be32_t		agi_root;
	be32_t		agi_level;
	be32_t		agi_freecount;
	be32_t		agi_newino;
	be32_t		agi_dirino;
	be32_t		agi_unlinked[XFS_AGI_UNLINKED_BUCKETS];
	xfs_uuid_t	agi_uuid;
	le32_t		agi_crc;
	be32_t		agi_pad32;
	be64_t		agi_lsn;
	be32_t		agi_free_root;
	be32_t		agi_free_level;
	be32_t		agi_iblocks;		/* INOBTCNT, root included */
	be32_t		agi_fblocks;
};

#define XFS_AGI_CRC_OFF		312
#define XFS_AGI_LSN_OFF		320

struct xfs_agfl {
	be32_t		agfl_magicnum;
	be32_t		agfl_seqno;
	xfs_uuid_t	agfl_uuid;
	be64_t		agfl_lsn;
	le32_t		agfl_crc;
	be32_t		agfl_bno[];		/* geo->agfl_slots */
};

#define XFS_AGFL_CRC_OFF	32
#define XFS_AGFL_LSN_OFF	24
#define XFS_AGFL_HDR_SIZE	36

/* Sectors of the headers in their AG. */
#define XFS_SB_SECTOR		0u
#define XFS_AGF_SECTOR		1u
#define XFS_AGI_SECTOR		2u
#define XFS_AGFL_SECTOR		3u

#endif
