/* SPDX-License-Identifier: MIT */
/*
 * The superblock, of which a copy starts every allocation group, and all feature bits.  Version 5
 * only.  xfs_sb_access() in disk/verify.h decides what a feature bit means for opening;
 * disk/geometry.h computes what follows from the numbers.
 */
#ifndef DISK_SB_H
#define DISK_SB_H

#include "base/endian.h"
#include "base/types.h"

typedef struct { uint8_t b[16]; } xfs_uuid_t;

static inline int xfs_uuid_equal(const xfs_uuid_t *a, const xfs_uuid_t *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline int xfs_uuid_is_null(const xfs_uuid_t *a)
{
	static const xfs_uuid_t null;

	return xfs_uuid_equal(a, &null);
}

#define XFS_SB_MAGIC		0x58465342u	/* "XFSB" */
#define XFSLABEL_MAX		12

struct xfs_dsb {
	be32_t		sb_magicnum;
	be32_t		sb_blocksize;
	be64_t		sb_dblocks;
	be64_t		sb_rblocks;
	be64_t		sb_rextents;
	xfs_uuid_t	sb_uuid;
	be64_t		sb_logstart;		/* 0: external log */
	be64_t		sb_rootino;
	be64_t		sb_rbmino;
	be64_t		sb_rsumino;
	be32_t		sb_rextsize;
	be32_t		sb_agblocks;
	be32_t		sb_agcount;
	be32_t		sb_rbmblocks;
	be32_t		sb_logblocks;
	be16_t		sb_versionnum;
	be16_t		sb_sectsize;
	be16_t		sb_inodesize;
	be16_t		sb_inopblock;
	uint8_t		sb_fname[XFSLABEL_MAX];
	uint8_t		sb_blocklog;
	uint8_t		sb_sectlog;
	uint8_t		sb_inodelog;
	uint8_t		sb_inopblog;
	uint8_t		sb_agblklog;
	uint8_t		sb_rextslog;
	uint8_t		sb_inprogress;
	uint8_t		sb_imax_pct;
	be64_t		sb_icount;
	be64_t		sb_ifree;
	be64_t		sb_fdblocks;
	be64_t		sb_frextents;
	be64_t		sb_uquotino;
	be64_t		sb_gquotino;
	be16_t		sb_qflags;
	uint8_t		sb_flags;
	uint8_t		sb_shared_vn;
	be32_t		sb_inoalignmt;		/* blocks */
	be32_t		sb_unit;		/* blocks */
	be32_t		sb_width;		/* blocks */
	uint8_t		sb_dirblklog;
	uint8_t		sb_logsectlog;
	be16_t		sb_logsectsize;
	be32_t		sb_logsunit;		/* bytes */
	be32_t		sb_features2;
	be32_t		sb_bad_features2;
	be32_t		sb_features_compat;
	be32_t		sb_features_ro_compat;
	be32_t		sb_features_incompat;
	be32_t		sb_features_log_incompat;
	le32_t		sb_crc;			/* over sb_sectsize bytes */
	be32_t		sb_spino_align;		/* blocks */
	be64_t		sb_pquotino;
	be64_t		sb_lsn;
	xfs_uuid_t	sb_meta_uuid;		/* with META_UUID only */

	/* with METADIR only */
	be64_t		sb_metadirino;
	be32_t		sb_rgcount;
	be32_t		sb_rgextents;
	uint8_t		sb_rgblklog;
	uint8_t		sb_pad[7];

	/* with ZONED only */
	be64_t		sb_rtstart;
	be64_t		sb_rtreserved;
};

#define XFS_SB_CRC_OFF		224
#define XFS_SB_LSN_OFF		240
#define XFS_SB_FEATURES_OFF	204	/* sb_bad_features2: fields that older versions lack
					 * start here */
#define XFS_SB_LEN_V5		264	/* defined bytes without METADIR */
#define XFS_SB_LEN_METADIR	288
#define XFS_SB_LEN_ZONED	304

/* sb_versionnum */
#define XFS_SB_VERSION_NUMBITS		0x000f
#define XFS_SB_VERSION_4		4
#define XFS_SB_VERSION_5		5
#define XFS_SB_VERSION_ATTRBIT		0x0010
#define XFS_SB_VERSION_NLINKBIT		0x0020
#define XFS_SB_VERSION_QUOTABIT		0x0040
#define XFS_SB_VERSION_ALIGNBIT		0x0080
#define XFS_SB_VERSION_DALIGNBIT	0x0100
#define XFS_SB_VERSION_SHAREDBIT	0x0200
#define XFS_SB_VERSION_LOGV2BIT		0x0400
#define XFS_SB_VERSION_SECTORBIT	0x0800
#define XFS_SB_VERSION_EXTFLGBIT	0x1000
#define XFS_SB_VERSION_DIRV2BIT		0x2000
#define XFS_SB_VERSION_BORGBIT		0x4000	/* ASCII case-insensitive names */
#define XFS_SB_VERSION_MOREBITSBIT	0x8000

/* Required in every version 5 superblock. */
#define XFS_SB_VERSION_V5_REQUIRED \
	(XFS_SB_VERSION_NLINKBIT | XFS_SB_VERSION_ALIGNBIT | XFS_SB_VERSION_LOGV2BIT | \
	 XFS_SB_VERSION_EXTFLGBIT | XFS_SB_VERSION_DIRV2BIT | XFS_SB_VERSION_MOREBITSBIT)

/* sb_features2 */
#define XFS_SB_VERSION2_LAZYSBCOUNTBIT	0x00000002u
#define XFS_SB_VERSION2_ATTR2BIT	0x00000008u
#define XFS_SB_VERSION2_PROJID32BIT	0x00000080u
#define XFS_SB_VERSION2_CRCBIT		0x00000100u
#define XFS_SB_VERSION2_FTYPE		0x00000200u	/* v4 form, tolerated */
#define XFS_SB_VERSION2_V5_REQUIRED \
	(XFS_SB_VERSION2_LAZYSBCOUNTBIT | XFS_SB_VERSION2_ATTR2BIT | \
	 XFS_SB_VERSION2_PROJID32BIT | XFS_SB_VERSION2_CRCBIT)

/* sb_qflags */
#define XFS_UQUOTA_ACCT		0x0001
#define XFS_UQUOTA_ENFD		0x0002
#define XFS_UQUOTA_CHKD		0x0004
#define XFS_PQUOTA_ACCT		0x0008
#define XFS_OQUOTA_ENFD		0x0010	/* v4 only */
#define XFS_OQUOTA_CHKD		0x0020	/* v4 only */
#define XFS_GQUOTA_ACCT		0x0040
#define XFS_GQUOTA_ENFD		0x0080
#define XFS_GQUOTA_CHKD		0x0100
#define XFS_PQUOTA_ENFD		0x0200
#define XFS_PQUOTA_CHKD		0x0400
#define XFS_ALL_QUOTA_ACCT	(XFS_UQUOTA_ACCT | XFS_GQUOTA_ACCT | XFS_PQUOTA_ACCT)
#define XFS_ALL_QUOTA_ENFD	(XFS_UQUOTA_ENFD | XFS_GQUOTA_ENFD | XFS_PQUOTA_ENFD)
#define XFS_ALL_QUOTA_CHKD	(XFS_UQUOTA_CHKD | XFS_GQUOTA_CHKD | XFS_PQUOTA_CHKD)
#define XFS_MOUNT_QUOTA_ALL	(XFS_ALL_QUOTA_ACCT | XFS_ALL_QUOTA_ENFD | XFS_ALL_QUOTA_CHKD)

/* sb_flags */
#define XFS_SBF_READONLY	0x01

/* sb_features_ro_compat */
#define XFS_SB_FEAT_RO_COMPAT_FINOBT	(1u << 0)
#define XFS_SB_FEAT_RO_COMPAT_RMAPBT	(1u << 1)
#define XFS_SB_FEAT_RO_COMPAT_REFLINK	(1u << 2)
#define XFS_SB_FEAT_RO_COMPAT_INOBTCNT	(1u << 3)
#define XFS_SB_FEAT_RO_COMPAT_ALL \
	(XFS_SB_FEAT_RO_COMPAT_FINOBT | XFS_SB_FEAT_RO_COMPAT_RMAPBT | \
	 XFS_SB_FEAT_RO_COMPAT_REFLINK | XFS_SB_FEAT_RO_COMPAT_INOBTCNT)

/* sb_features_incompat */
#define XFS_SB_FEAT_INCOMPAT_FTYPE	(1u << 0)
#define XFS_SB_FEAT_INCOMPAT_SPINODES	(1u << 1)
#define XFS_SB_FEAT_INCOMPAT_META_UUID	(1u << 2)
#define XFS_SB_FEAT_INCOMPAT_BIGTIME	(1u << 3)
#define XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR (1u << 4)
#define XFS_SB_FEAT_INCOMPAT_NREXT64	(1u << 5)
#define XFS_SB_FEAT_INCOMPAT_EXCHRANGE	(1u << 6)
#define XFS_SB_FEAT_INCOMPAT_PARENT	(1u << 7)
#define XFS_SB_FEAT_INCOMPAT_METADIR	(1u << 8)
#define XFS_SB_FEAT_INCOMPAT_ZONED	(1u << 9)
#define XFS_SB_FEAT_INCOMPAT_ZONE_GAPS	(1u << 10)
#define XFS_SB_FEAT_INCOMPAT_ALL	((1u << 11) - 1)

/* sb_features_log_incompat */
#define XFS_SB_FEAT_INCOMPAT_LOG_XATTRS	(1u << 0)
#define XFS_SB_FEAT_INCOMPAT_LOG_ALL	XFS_SB_FEAT_INCOMPAT_LOG_XATTRS

/* sb_features_compat: none defined */
#define XFS_SB_FEAT_COMPAT_ALL		0u

/* Limits of version 5. */
#define XFS_MIN_CRC_BLOCKSIZE	1024u
#define XFS_MAX_BLOCKSIZE	65536u
#define XFS_MIN_SECTORSIZE	512u
#define XFS_MAX_SECTORSIZE	32768u
#define XFS_DINODE_MIN_SIZE	512u
#define XFS_DINODE_MAX_SIZE	2048u
#define XFS_MIN_AG_BYTES	(16ull << 20)
#define XFS_MAX_AG_BYTES	(1ull << 40)
#define XFS_MIN_AG_BLOCKS	64u		/* of the last AG */
#define XFS_MIN_LOG_BLOCKS	512u
#define XFS_MIN_LOG_BYTES	(10ull << 20)
#define XFS_MAX_LOG_BLOCKS	(1u << 20)
#define XFS_MAX_LOG_BYTES	((1ull << 31) - XFS_MIN_LOG_BYTES)
#define XFS_MAX_LOG_SUNIT	(256u << 10)
#define XFS_MIN_RTEXTSIZE	4096ull		/* bytes, also without a realtime section */
#define XFS_MAX_RTEXTSIZE	(1ull << 30)
#define XFS_MIN_RGEXTENTS	2u
#define XFS_MAX_RGBLOCKS	((1u << 31) - 1)
#define XFS_MAX_STRIPE_BYTES	((1ull << 31) - 1)

/*
 * The superblock in host byte order, field by field.  Fields of features that are off are read and
 * written as zero.
 */
struct xfs_sb {
	uint32_t	sb_magicnum;
	uint32_t	sb_blocksize;
	xfs_rfsblock_t	sb_dblocks;
	xfs_rfsblock_t	sb_rblocks;
	uint64_t	sb_rextents;
	xfs_uuid_t	sb_uuid;
	xfs_fsblock_t	sb_logstart;
	xfs_ino_t	sb_rootino;
	xfs_ino_t	sb_rbmino;
	xfs_ino_t	sb_rsumino;
	uint32_t	sb_rextsize;
	uint32_t	sb_agblocks;
	uint32_t	sb_agcount;
	uint32_t	sb_rbmblocks;
	uint32_t	sb_logblocks;
	uint16_t	sb_versionnum;
	uint16_t	sb_sectsize;
	uint16_t	sb_inodesize;
	uint16_t	sb_inopblock;
	uint8_t		sb_fname[XFSLABEL_MAX];
	uint8_t		sb_blocklog;
	uint8_t		sb_sectlog;
	uint8_t		sb_inodelog;
	uint8_t		sb_inopblog;
	uint8_t		sb_agblklog;
	uint8_t		sb_rextslog;
	uint8_t		sb_inprogress;
	uint8_t		sb_imax_pct;
	uint64_t	sb_icount;
	uint64_t	sb_ifree;
	uint64_t	sb_fdblocks;
	uint64_t	sb_frextents;
	xfs_ino_t	sb_uquotino;
	xfs_ino_t	sb_gquotino;
	uint16_t	sb_qflags;
	uint8_t		sb_flags;
	uint8_t		sb_shared_vn;
	uint32_t	sb_inoalignmt;
	uint32_t	sb_unit;
	uint32_t	sb_width;
	uint8_t		sb_dirblklog;
	uint8_t		sb_logsectlog;
	uint16_t	sb_logsectsize;
	uint32_t	sb_logsunit;
	uint32_t	sb_features2;
	uint32_t	sb_bad_features2;
	uint32_t	sb_features_compat;
	uint32_t	sb_features_ro_compat;
	uint32_t	sb_features_incompat;
	uint32_t	sb_features_log_incompat;
	uint32_t	sb_crc;
	uint32_t	sb_spino_align;
	xfs_ino_t	sb_pquotino;
	xfs_lsn_t	sb_lsn;
	xfs_uuid_t	sb_meta_uuid;
	xfs_ino_t	sb_metadirino;
	uint32_t	sb_rgcount;
	uint32_t	sb_rgextents;
	uint8_t		sb_rgblklog;
	uint8_t		sb_pad[7];
	uint64_t	sb_rtstart;
	uint64_t	sb_rtreserved;
};

void xfs_sb_from_disk(struct xfs_sb *to, const struct xfs_dsb *from);

/* Writes all 304 bytes except sb_crc; the caller checksums the sector. */
void xfs_sb_to_disk(struct xfs_dsb *to, const struct xfs_sb *from);

#endif
