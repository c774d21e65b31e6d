/* SPDX-License-Identifier: MIT */
/* The superblock: whether its numbers are consistent, and what its features permit. */
#include "disk/btree.h"
#include "disk/verify.h"

static xfs_failaddr_t verify_version(const struct xfs_sb *sb)
{
	uint16_t v = sb->sb_versionnum;

	XFS_VERIFY(sb->sb_magicnum == XFS_SB_MAGIC);
	XFS_VERIFY((v & XFS_SB_VERSION_NUMBITS) == XFS_SB_VERSION_5);
	XFS_VERIFY((v & XFS_SB_VERSION_V5_REQUIRED) == XFS_SB_VERSION_V5_REQUIRED);
	XFS_VERIFY(!(v & XFS_SB_VERSION_SHAREDBIT));
	XFS_VERIFY((sb->sb_features2 & XFS_SB_VERSION2_V5_REQUIRED) == XFS_SB_VERSION2_V5_REQUIRED);
	XFS_VERIFY(!(sb->sb_features2 & ~(XFS_SB_VERSION2_V5_REQUIRED | XFS_SB_VERSION2_FTYPE)));
	XFS_VERIFY(sb->sb_shared_vn == 0);
	XFS_VERIFY(!(sb->sb_qflags & (XFS_OQUOTA_ENFD | XFS_OQUOTA_CHKD)));
	return NULL;
}

static xfs_failaddr_t verify_units(const struct xfs_sb *sb)
{
	XFS_VERIFY(sb->sb_blocksize >= XFS_MIN_CRC_BLOCKSIZE);
	XFS_VERIFY(sb->sb_blocksize <= XFS_MAX_BLOCKSIZE);
	XFS_VERIFY(xfs_is_power_of_2(sb->sb_blocksize));
	XFS_VERIFY(sb->sb_blocklog == xfs_highbit64(sb->sb_blocksize));
	XFS_VERIFY(sb->sb_sectsize >= XFS_MIN_SECTORSIZE);
	XFS_VERIFY(sb->sb_sectsize <= XFS_MAX_SECTORSIZE);
	XFS_VERIFY(xfs_is_power_of_2(sb->sb_sectsize));
	XFS_VERIFY(sb->sb_sectlog == xfs_highbit64(sb->sb_sectsize));
	XFS_VERIFY(sb->sb_sectsize <= sb->sb_blocksize);
	XFS_VERIFY(sb->sb_inodesize >= XFS_DINODE_MIN_SIZE);
	XFS_VERIFY(sb->sb_inodesize <= XFS_DINODE_MAX_SIZE);
	XFS_VERIFY(xfs_is_power_of_2(sb->sb_inodesize));
	XFS_VERIFY(sb->sb_inodelog == xfs_highbit64(sb->sb_inodesize));
	XFS_VERIFY(sb->sb_inodesize <= sb->sb_blocksize / 2);
	XFS_VERIFY(sb->sb_inopblock == sb->sb_blocksize / sb->sb_inodesize);
	XFS_VERIFY(sb->sb_inopblog == sb->sb_blocklog - sb->sb_inodelog);
	XFS_VERIFY(sb->sb_dirblklog <= 16 - sb->sb_blocklog);
	return NULL;
}

static xfs_failaddr_t verify_ags(const struct xfs_sb *sb)
{
	uint64_t agbytes = (uint64_t)sb->sb_agblocks << sb->sb_blocklog;

	XFS_VERIFY(agbytes >= XFS_MIN_AG_BYTES);
	XFS_VERIFY(agbytes <= XFS_MAX_AG_BYTES);
	XFS_VERIFY(sb->sb_agblklog == xfs_log2_ceil(sb->sb_agblocks));
	XFS_VERIFY(sb->sb_agblklog + sb->sb_inopblog <= 32);
	XFS_VERIFY(sb->sb_agcount >= 1);
	XFS_VERIFY(sb->sb_agcount != NULLAGNUMBER);
	XFS_VERIFY(sb->sb_dblocks <= (uint64_t)sb->sb_agcount * sb->sb_agblocks);
	XFS_VERIFY(sb->sb_dblocks >=
		   (uint64_t)(sb->sb_agcount - 1) * sb->sb_agblocks + XFS_MIN_AG_BLOCKS);
	/* So that byte and block counts fit into 63 bits. */
	XFS_VERIFY(sb->sb_dblocks < 1ull << (62 - sb->sb_blocklog));
	return NULL;
}

static xfs_failaddr_t verify_inodes(const struct xfs_sb *sb)
{
	uint32_t cluster = 8192 * (sb->sb_inodesize / 256u) >> sb->sb_blocklog;

	XFS_VERIFY(sb->sb_imax_pct <= 100);
	XFS_VERIFY(sb->sb_inoalignmt == 0 || xfs_is_power_of_2(sb->sb_inoalignmt));
	XFS_VERIFY(sb->sb_inoalignmt <= sb->sb_agblocks);
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_SPINODES) {
		XFS_VERIFY(sb->sb_inoalignmt ==
			   XFS_INODES_PER_CHUNK * sb->sb_inodesize >> sb->sb_blocklog);
		XFS_VERIFY(sb->sb_spino_align == cluster);
	} else {
		XFS_VERIFY(sb->sb_spino_align == 0);
	}
	return NULL;
}

static xfs_failaddr_t verify_log(const struct xfs_sb *sb)
{
	XFS_VERIFY(sb->sb_logblocks != 0);
	XFS_VERIFY(sb->sb_logblocks <= XFS_MAX_LOG_BLOCKS);
	XFS_VERIFY((uint64_t)sb->sb_logblocks << sb->sb_blocklog <= XFS_MAX_LOG_BYTES);
	if (sb->sb_versionnum & XFS_SB_VERSION_SECTORBIT) {
		XFS_VERIFY(sb->sb_logsectlog >= XFS_BB_SHIFT && sb->sb_logsectlog <= 15);
		XFS_VERIFY(sb->sb_logsectsize == 1u << sb->sb_logsectlog);
	} else {
		XFS_VERIFY(sb->sb_logsectlog == 0);
		XFS_VERIFY(sb->sb_logsectsize == 0);
	}
	if (sb->sb_logsunit > 1) {
		XFS_VERIFY(sb->sb_logsunit % sb->sb_blocksize == 0);
		XFS_VERIFY(sb->sb_logsunit <= XFS_MAX_LOG_SUNIT);
	}
	if (sb->sb_logstart) {
		uint64_t agno = sb->sb_logstart >> sb->sb_agblklog;
		uint64_t agbno = sb->sb_logstart & ((1ull << sb->sb_agblklog) - 1);
		uint64_t agend = agno == sb->sb_agcount - 1
					 ? sb->sb_dblocks - agno * sb->sb_agblocks
					 : sb->sb_agblocks;

		XFS_VERIFY(agno < sb->sb_agcount);
		XFS_VERIFY(agbno > 3u * sb->sb_sectsize >> sb->sb_blocklog);
		XFS_VERIFY(agbno + sb->sb_logblocks <= agend);
	}
	return NULL;
}

static xfs_failaddr_t verify_stripe(const struct xfs_sb *sb)
{
	XFS_VERIFY((sb->sb_unit != 0) == ((sb->sb_versionnum & XFS_SB_VERSION_DALIGNBIT) != 0));
	XFS_VERIFY((sb->sb_unit == 0) == (sb->sb_width == 0));
	if (sb->sb_unit) {
		XFS_VERIFY((uint64_t)sb->sb_width << sb->sb_blocklog <= XFS_MAX_STRIPE_BYTES);
		XFS_VERIFY(sb->sb_width % sb->sb_unit == 0);
	}
	return NULL;
}

static xfs_failaddr_t verify_rtgroups(const struct xfs_sb *sb)
{
	uint64_t group_blocks = (uint64_t)sb->sb_rgextents * sb->sb_rextsize;

	XFS_VERIFY(sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_EXCHRANGE);
	for (size_t i = 0; i < sizeof(sb->sb_pad); i++)
		XFS_VERIFY(sb->sb_pad[i] == 0);
	XFS_VERIFY(sb->sb_rgextents >= XFS_MIN_RGEXTENTS);
	XFS_VERIFY(group_blocks <= XFS_MAX_RGBLOCKS);
	XFS_VERIFY(sb->sb_rgblklog == xfs_log2_ceil(group_blocks));
	XFS_VERIFY(sb->sb_rgcount == xfs_howmany64(sb->sb_rextents, sb->sb_rgextents));
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_ZONED) {
		XFS_VERIFY(sb->sb_rextsize == 1);
		XFS_VERIFY(sb->sb_frextents == 0);
		XFS_VERIFY(sb->sb_rextents == (uint64_t)sb->sb_rgcount * sb->sb_rgextents);
		XFS_VERIFY(sb->sb_rtstart == 0 || sb->sb_rtstart >= sb->sb_dblocks);
		XFS_VERIFY(sb->sb_rtreserved == 0 || sb->sb_rtreserved < sb->sb_rblocks);
	}
	return NULL;
}

static uint64_t expected_rbmblocks(const struct xfs_sb *sb)
{
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_ZONED)
		return 0;
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_METADIR)
		return xfs_howmany64(sb->sb_rgextents, 8ull * (sb->sb_blocksize - 48));
	return xfs_howmany64(sb->sb_rextents, 8ull * sb->sb_blocksize);
}

static xfs_failaddr_t verify_realtime(const struct xfs_sb *sb)
{
	bool metadir = (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_METADIR) != 0;
	uint64_t rextbytes = (uint64_t)sb->sb_rextsize << sb->sb_blocklog;

	XFS_VERIFY(rextbytes >= XFS_MIN_RTEXTSIZE);
	XFS_VERIFY(rextbytes <= XFS_MAX_RTEXTSIZE);
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_ZONED)
		XFS_VERIFY(metadir);
	if (!sb->sb_rblocks) {
		XFS_VERIFY(sb->sb_rextents == 0);
		XFS_VERIFY(sb->sb_rbmblocks == 0);
		XFS_VERIFY(sb->sb_rextslog == 0);
		XFS_VERIFY(sb->sb_frextents == 0);
	} else {
		XFS_VERIFY(sb->sb_rblocks < 1ull << (62 - sb->sb_blocklog));
		XFS_VERIFY(sb->sb_rextents == sb->sb_rblocks / sb->sb_rextsize);
		XFS_VERIFY(sb->sb_rextents != 0);
		XFS_VERIFY(sb->sb_rextslog == xfs_highbit64(sb->sb_rextents));
		XFS_VERIFY(sb->sb_rbmblocks == expected_rbmblocks(sb));
		XFS_VERIFY(sb->sb_frextents <= sb->sb_rextents);
	}
	return metadir ? verify_rtgroups(sb) : NULL;
}

static xfs_failaddr_t verify_root(const struct xfs_sb *sb)
{
	struct xfs_geometry geo;

	if (sb->sb_inprogress)
		return NULL;
	XFS_VERIFY(xfs_geometry_init(&geo, sb) == 0);
	XFS_VERIFY(xfs_verify_ino(&geo, sb->sb_rootino));
	if (xfs_has_metadir(&geo))
		XFS_VERIFY(xfs_verify_ino(&geo, sb->sb_metadirino));
	return NULL;
}

xfs_failaddr_t xfs_sb_verify(const struct xfs_sb *sb)
{
	xfs_failaddr_t (*const steps[])(const struct xfs_sb *) = {
		/* Later steps shift by logs that verify_units has checked. */
		verify_version, verify_units,	 verify_ags,	  verify_inodes,
		verify_log,	verify_stripe,	 verify_realtime, verify_root,
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		xfs_failaddr_t fa = steps[i](sb);

		if (fa)
			return fa;
	}
	return NULL;
}

/* Inode numbers in the valid ranges of all AGs. */
static uint64_t max_icount(const struct xfs_geometry *geo)
{
	xfs_agino_t first, last;
	uint64_t total;

	xfs_agino_range(geo, geo->agcount - 1, &first, &last);
	total = last >= first ? (uint64_t)last - first + 1 : 0;
	if (geo->agcount > 1) {
		xfs_agino_range(geo, 0, &first, &last);
		total += (uint64_t)(geo->agcount - 1) * ((uint64_t)last - first + 1);
	}
	return total;
}

xfs_failaddr_t xfs_sb_counters_verify(const struct xfs_sb *sb)
{
	struct xfs_geometry geo;

	XFS_VERIFY(xfs_geometry_init(&geo, sb) == 0);
	XFS_VERIFY(sb->sb_fdblocks <= sb->sb_dblocks);
	XFS_VERIFY(sb->sb_icount >= XFS_INODES_PER_CHUNK);
	XFS_VERIFY(sb->sb_icount <= max_icount(&geo));
	XFS_VERIFY(sb->sb_ifree <= sb->sb_icount);
	return NULL;
}

enum xfs_sb_access xfs_sb_access(const struct xfs_sb *sb, const char **reason)
{
	const struct {
		bool applies;
		enum xfs_sb_access access;
		const char *reason;
	} rules[] = {
		/* The most restrictive rules come first. */
		{sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR, XFS_SB_REFUSE,
		 "it needs xfs_repair"},
		{sb->sb_features_incompat & ~XFS_SB_FEAT_INCOMPAT_ALL, XFS_SB_REFUSE,
		 "it has incompatible features that this library does not know"},
		{sb->sb_features_incompat &
			 ~(XFS_SB_FEAT_INCOMPAT_SUPPORTED | XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR),
		 XFS_SB_REFUSE, "it has features that this library cannot read (zoned realtime)"},
		{!(sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_FTYPE), XFS_SB_REFUSE,
		 "its directories have no file types"},
		{sb->sb_features_ro_compat & ~XFS_SB_FEAT_RO_COMPAT_ALL, XFS_SB_READ_ONLY,
		 "it has unknown read-only compatible features"},
		{sb->sb_features_log_incompat & ~XFS_SB_FEAT_INCOMPAT_LOG_ALL, XFS_SB_READ_ONLY,
		 "its log has unknown features"},
		{sb->sb_features_compat & ~XFS_SB_FEAT_COMPAT_ALL, XFS_SB_READ_ONLY,
		 "it has unknown compatible features"},
		{sb->sb_rblocks, XFS_SB_READ_ONLY, "it has a realtime section"},
		{sb->sb_flags & XFS_SBF_READONLY, XFS_SB_READ_ONLY, "its read-only flag is set"},
	};

	if (reason)
		*reason = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rules[i].applies)
			continue;
		if (reason)
			*reason = rules[i].reason;
		return rules[i].access;
	}
	return XFS_SB_READ_WRITE;
}

xfs_failaddr_t xfs_sb_buf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr)
{
	struct xfs_sb sb;
	xfs_failaddr_t fa;

	XFS_VERIFY(len >= sizeof(struct xfs_dsb));
	xfs_sb_from_disk(&sb, block);
	fa = xfs_sb_verify(&sb);
	if (fa)
		return fa;
	XFS_VERIFY(sb.sb_blocksize == geo->blocksize);
	XFS_VERIFY(sb.sb_sectsize == geo->sectsize);
	XFS_VERIFY(sb.sb_inodesize == geo->inodesize);
	XFS_VERIFY(sb.sb_agblocks == geo->agblocks);
	XFS_VERIFY(sb.sb_logstart == geo->logstart);
	if (daddr == 0 && !sb.sb_inprogress)
		return xfs_sb_counters_verify(&sb);
	return NULL;
}
