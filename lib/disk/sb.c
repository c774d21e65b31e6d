/* SPDX-License-Identifier: MIT */
/* Conversion of the superblock between disk and memory. */
#include "disk/geometry.h"

/*
 * The members of every version 5 superblock with their kinds, for conversion in both directions.
 * sb_crc is not converted but computed.
 */
#define SB_MEMBERS(U8, U16, U32, U64, BYTES)						\
	U32(sb_magicnum) U32(sb_blocksize) U64(sb_dblocks) U64(sb_rblocks)		\
	U64(sb_rextents) BYTES(sb_uuid) U64(sb_logstart) U64(sb_rootino)		\
	U64(sb_rbmino) U64(sb_rsumino) U32(sb_rextsize) U32(sb_agblocks)		\
	U32(sb_agcount) U32(sb_rbmblocks) U32(sb_logblocks) U16(sb_versionnum)		\
	U16(sb_sectsize) U16(sb_inodesize) U16(sb_inopblock) BYTES(sb_fname)		\
	U8(sb_blocklog) U8(sb_sectlog) U8(sb_inodelog) U8(sb_inopblog)			\
	U8(sb_agblklog) U8(sb_rextslog) U8(sb_inprogress) U8(sb_imax_pct)		\
	U64(sb_icount) U64(sb_ifree) U64(sb_fdblocks) U64(sb_frextents)			\
	U64(sb_uquotino) U64(sb_gquotino) U16(sb_qflags) U8(sb_flags)			\
	U8(sb_shared_vn) U32(sb_inoalignmt) U32(sb_unit) U32(sb_width)			\
	U8(sb_dirblklog) U8(sb_logsectlog) U16(sb_logsectsize) U32(sb_logsunit)		\
	U32(sb_features2) U32(sb_bad_features2) U32(sb_features_compat)			\
	U32(sb_features_ro_compat) U32(sb_features_incompat)				\
	U32(sb_features_log_incompat) U32(sb_spino_align) U64(sb_pquotino)

#define SB_METADIR_MEMBERS(U8, U32, U64, BYTES)						\
	U64(sb_metadirino) U32(sb_rgcount) U32(sb_rgextents) U8(sb_rgblklog) BYTES(sb_pad)

#define SB_ZONED_MEMBERS(U64)	U64(sb_rtstart) U64(sb_rtreserved)

#define COPY(f)		(to->f = from->f);
#define COPY_BYTES(f)	memcpy(&to->f, &from->f, sizeof(to->f));

void xfs_sb_from_disk(struct xfs_sb *to, const struct xfs_dsb *from)
{
	memset(to, 0, sizeof(*to));
#define GET16(f) (to->f = be16_to_cpu(from->f));
#define GET32(f) (to->f = be32_to_cpu(from->f));
#define GET64(f) (to->f = be64_to_cpu(from->f));
	SB_MEMBERS(COPY, GET16, GET32, GET64, COPY_BYTES)
	to->sb_crc = le32_to_cpu(from->sb_crc);
	to->sb_lsn = (xfs_lsn_t)be64_to_cpu(from->sb_lsn);
	if (to->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_META_UUID)
		to->sb_meta_uuid = from->sb_meta_uuid;
	if (to->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_METADIR) {
		SB_METADIR_MEMBERS(COPY, GET32, GET64, COPY_BYTES)
	}
	if (to->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_ZONED) {
		SB_ZONED_MEMBERS(GET64)
	}
#undef GET16
#undef GET32
#undef GET64
}

void xfs_sb_to_disk(struct xfs_dsb *to, const struct xfs_sb *from)
{
	le32_t crc = to->sb_crc;

	memset(to, 0, sizeof(*to));
#define PUT16(f) (to->f = cpu_to_be16(from->f));
#define PUT32(f) (to->f = cpu_to_be32(from->f));
#define PUT64(f) (to->f = cpu_to_be64(from->f));
	SB_MEMBERS(COPY, PUT16, PUT32, PUT64, COPY_BYTES)
	to->sb_crc = crc;
	to->sb_lsn = cpu_to_be64((uint64_t)from->sb_lsn);
	if (from->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_META_UUID)
		to->sb_meta_uuid = from->sb_meta_uuid;
	if (from->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_METADIR) {
		SB_METADIR_MEMBERS(COPY, PUT32, PUT64, COPY_BYTES)
	}
	if (from->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_ZONED) {
		SB_ZONED_MEMBERS(PUT64)
	}
#undef PUT16
#undef PUT32
#undef PUT64
}

uint64_t xfs_sb_feature_mask(const struct xfs_sb *sb)
{
	static const struct {
		uint32_t bit;
		uint64_t feature;
	} ro_compat[] = {
		{ XFS_SB_FEAT_RO_COMPAT_FINOBT, XFS_FEAT_FINOBT },
		{ XFS_SB_FEAT_RO_COMPAT_RMAPBT, XFS_FEAT_RMAPBT },
		{ XFS_SB_FEAT_RO_COMPAT_REFLINK, XFS_FEAT_REFLINK },
		{ XFS_SB_FEAT_RO_COMPAT_INOBTCNT, XFS_FEAT_INOBTCNT },
	}, incompat[] = {
		{ XFS_SB_FEAT_INCOMPAT_FTYPE, XFS_FEAT_FTYPE },
		{ XFS_SB_FEAT_INCOMPAT_SPINODES, XFS_FEAT_SPINODES },
		{ XFS_SB_FEAT_INCOMPAT_META_UUID, XFS_FEAT_META_UUID },
		{ XFS_SB_FEAT_INCOMPAT_BIGTIME, XFS_FEAT_BIGTIME },
		{ XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR, XFS_FEAT_NEEDSREPAIR },
		{ XFS_SB_FEAT_INCOMPAT_NREXT64, XFS_FEAT_NREXT64 },
		{ XFS_SB_FEAT_INCOMPAT_EXCHRANGE, XFS_FEAT_EXCHRANGE },
		{ XFS_SB_FEAT_INCOMPAT_PARENT, XFS_FEAT_PARENT },
		{ XFS_SB_FEAT_INCOMPAT_METADIR, XFS_FEAT_METADIR },
		{ XFS_SB_FEAT_INCOMPAT_ZONED, XFS_FEAT_ZONED },
		{ XFS_SB_FEAT_INCOMPAT_ZONE_GAPS, XFS_FEAT_ZONE_GAPS },
	}, version[] = {
		{ XFS_SB_VERSION_ATTRBIT, XFS_FEAT_ATTR },
		{ XFS_SB_VERSION_QUOTABIT, XFS_FEAT_QUOTA },
		{ XFS_SB_VERSION_DALIGNBIT, XFS_FEAT_DALIGN },
		{ XFS_SB_VERSION_SECTORBIT, XFS_FEAT_SECTOR },
		{ XFS_SB_VERSION_BORGBIT, XFS_FEAT_ASCIICI },
	};
	uint64_t features = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ro_compat); i++)
		if (sb->sb_features_ro_compat & ro_compat[i].bit)
			features |= ro_compat[i].feature;
	for (size_t i = 0; i < ARRAY_SIZE(incompat); i++)
		if (sb->sb_features_incompat & incompat[i].bit)
			features |= incompat[i].feature;
	for (size_t i = 0; i < ARRAY_SIZE(version); i++)
		if (sb->sb_versionnum & version[i].bit)
			features |= version[i].feature;
	if (sb->sb_rblocks)
		features |= XFS_FEAT_REALTIME;
	if (!sb->sb_logstart)
		features |= XFS_FEAT_EXTERNAL_LOG;
	return features;
}
