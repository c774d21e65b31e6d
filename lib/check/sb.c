/* SPDX-License-Identifier: MIT */
/*
 * The superblock, its copies, and the numbers that follow from it.
 */
#include "base/error.h"
#include "base/crc32c.h"
#include "check/check_priv.h"

#define RTBUF_HEADER	48u	/* of a bitmap block of a realtime group, before its words */

#define AT_SB	xfs_check_at("superblock", 0, 0, XFS_CHECK_NOINO)

uint32_t xfs_check_ag_length(const struct xfs_check_geo *g, uint32_t agno)
{
	uint64_t rest = g->dblocks - (uint64_t)agno * g->agblocks;

	return rest < g->agblocks ? (uint32_t)rest : g->agblocks;
}

bool xfs_check_agbno(const struct xfs_check_geo *g, uint32_t agno, uint64_t agbno, uint64_t len)
{
	uint32_t end;

	if (agno >= g->agcount || agbno <= g->agfl_block || !len)
		return false;
	end = xfs_check_ag_length(g, agno);
	return agbno < end && len <= end - agbno;
}

bool xfs_check_fsb(const struct xfs_check_geo *g, uint64_t fsbno, uint64_t len, uint32_t *agno,
		   uint32_t *agbno)
{
	if (fsbno >> g->agblklog >= g->agcount)
		return false;
	*agno = (uint32_t)(fsbno >> g->agblklog);
	*agbno = (uint32_t)(fsbno & ((1ull << g->agblklog) - 1));
	return xfs_check_agbno(g, *agno, *agbno, len);
}

bool xfs_check_agino_valid(const struct xfs_check_geo *g, uint32_t agno, uint64_t agino)
{
	uint64_t first, last;

	if (agno >= g->agcount)
		return false;
	first = xfs_roundup64((uint64_t)g->agfl_block + 1, g->cluster_align) << g->inopblog;
	last = xfs_rounddown64(xfs_check_ag_length(g, agno), g->cluster_align) << g->inopblog;
	return agino >= first && agino < last;
}

bool xfs_check_ino_valid(const struct xfs_check_geo *g, xfs_ino_t ino)
{
	if (ino >> g->agino_log >= g->agcount)
		return false;
	return xfs_check_agino_valid(g, xfs_check_ino_agno(g, ino), xfs_check_ino_agino(g, ino));
}

/* Inodes named in the superblock, which no directory may name. */
bool xfs_check_is_internal(const struct xfs_check *chk, xfs_ino_t ino)
{
	const struct xfs_sb *sb = &chk->sb;

	if (chk->g.metadir)
		return ino == sb->sb_metadirino;
	return ino == sb->sb_rbmino || ino == sb->sb_rsumino ||
	       (ino != 0 && (ino == sb->sb_uquotino || ino == sb->sb_gquotino ||
			     ino == sb->sb_pquotino));
}

bool xfs_check_dir_ino_valid(const struct xfs_check *chk, xfs_ino_t ino)
{
	return xfs_check_ino_valid(&chk->g, ino) && !xfs_check_is_internal(chk, ino);
}

/* Height of a tree of @records whose blocks are as empty as allowed. */
static uint32_t height(const uint32_t mxr[2], uint64_t records)
{
	uint64_t blocks = xfs_howmany64(records, mxr[0] / 2);
	uint32_t levels = 1;

	for (; blocks > 1; levels++)
		blocks = xfs_howmany64(blocks, mxr[1] / 2);
	return levels;
}

/* Height of the sparsest tree that fits into @blocks. */
static uint32_t space_height(const uint32_t mxr[2], uint64_t blocks)
{
	uint64_t level = 2, left = blocks - 1;
	uint32_t levels = 1;

	for (; level < left; levels++) {
		left -= level;
		level *= mxr[1] / 2;
	}
	return levels;
}

static uint32_t bmbt_height(uint32_t mxr, uint64_t extents, uint32_t root_records)
{
	uint64_t blocks = xfs_howmany64(extents, mxr / 2);
	uint32_t levels = 1;

	for (; blocks > 1; levels++)
		blocks = blocks <= root_records ? 1 : xfs_howmany64(blocks, mxr / 2);
	return levels;
}

static void set_fanout(uint32_t mxr[2], uint32_t space, size_t rec, size_t node_entry)
{
	mxr[0] = (uint32_t)(space / rec);
	mxr[1] = (uint32_t)(space / node_entry);
}

static void set_btrees(struct xfs_check_geo *g)
{
	uint32_t space = g->blocksize - XFS_BTREE_SBLOCK_LEN;

	const uint32_t ptr = sizeof(be32_t);

	set_fanout(g->alloc_mxr, space, sizeof(struct xfs_alloc_rec),
		   sizeof(struct xfs_alloc_rec) + ptr);
	set_fanout(g->inobt_mxr, space, sizeof(struct xfs_inobt_rec),
		   sizeof(struct xfs_inobt_key) + ptr);
	set_fanout(g->rmap_mxr, space, sizeof(struct xfs_rmap_rec),
		   2 * sizeof(struct xfs_rmap_key) + ptr);
	set_fanout(g->refc_mxr, space, sizeof(struct xfs_refcount_rec),
		   sizeof(struct xfs_refcount_key) + ptr);
	g->bmbt_mxr = (g->blocksize - XFS_BTREE_LBLOCK_LEN) / (uint32_t)sizeof(struct xfs_bmbt_rec);

	g->alloc_maxlevels = height(g->alloc_mxr, ((uint64_t)g->agblocks + 1) / 2);
	g->inobt_maxlevels = height(g->inobt_mxr, (1ull << g->agino_log) / XFS_INODES_PER_CHUNK);
	g->rmap_maxlevels = g->reflink ? space_height(g->rmap_mxr, g->agblocks) :
			    height(g->rmap_mxr, g->agblocks);
	g->refc_maxlevels = height(g->refc_mxr, g->agblocks);
	g->bmbt_maxlevels[0][0] = bmbt_height(g->bmbt_mxr, XFS_MAX_EXTCNT_DATA_FORK_SMALL,
					      XFS_BMDR_MIN_DRECS);
	g->bmbt_maxlevels[0][1] = bmbt_height(g->bmbt_mxr, XFS_MAX_EXTCNT_DATA_FORK_LARGE,
					      XFS_BMDR_MIN_DRECS);
	g->bmbt_maxlevels[1][0] = bmbt_height(g->bmbt_mxr, XFS_MAX_EXTCNT_ATTR_FORK_SMALL,
					      XFS_BMDR_MIN_ARECS);
	g->bmbt_maxlevels[1][1] = bmbt_height(g->bmbt_mxr, XFS_MAX_EXTCNT_ATTR_FORK_LARGE,
					      XFS_BMDR_MIN_ARECS);
}

static void set_features(struct xfs_check_geo *g, const struct xfs_sb *sb)
{
	uint32_t ro = sb->sb_features_ro_compat, in = sb->sb_features_incompat;

	g->finobt = ro & XFS_SB_FEAT_RO_COMPAT_FINOBT;
	g->rmapbt = ro & XFS_SB_FEAT_RO_COMPAT_RMAPBT;
	g->reflink = ro & XFS_SB_FEAT_RO_COMPAT_REFLINK;
	g->inobtcnt = ro & XFS_SB_FEAT_RO_COMPAT_INOBTCNT;
	g->ftype = in & XFS_SB_FEAT_INCOMPAT_FTYPE;
	g->spinodes = in & XFS_SB_FEAT_INCOMPAT_SPINODES;
	g->bigtime = in & XFS_SB_FEAT_INCOMPAT_BIGTIME;
	g->nrext64 = in & XFS_SB_FEAT_INCOMPAT_NREXT64;
	g->parent = in & XFS_SB_FEAT_INCOMPAT_PARENT;
	g->metadir = in & XFS_SB_FEAT_INCOMPAT_METADIR;
	g->zoned = in & XFS_SB_FEAT_INCOMPAT_ZONED;
	g->ascii_ci = sb->sb_versionnum & XFS_SB_VERSION_BORGBIT;
	g->rt = sb->sb_rblocks != 0;
	g->uuid = sb->sb_uuid;
	g->meta_uuid = in & XFS_SB_FEAT_INCOMPAT_META_UUID ? sb->sb_meta_uuid : sb->sb_uuid;
}

/* True if addresses can be computed. */
static bool usable(const struct xfs_sb *sb)
{
	uint64_t ag_bytes = (uint64_t)sb->sb_agblocks * sb->sb_blocksize;

	return xfs_is_power_of_2(sb->sb_blocksize) && sb->sb_blocksize >= XFS_MIN_CRC_BLOCKSIZE &&
	       sb->sb_blocksize <= XFS_MAX_BLOCKSIZE && xfs_is_power_of_2(sb->sb_sectsize) &&
	       sb->sb_sectsize >= XFS_MIN_SECTORSIZE && sb->sb_sectsize <= XFS_MAX_SECTORSIZE &&
	       sb->sb_sectsize <= sb->sb_blocksize && xfs_is_power_of_2(sb->sb_inodesize) &&
	       sb->sb_inodesize >= XFS_DINODE_MIN_SIZE && sb->sb_inodesize <= XFS_DINODE_MAX_SIZE &&
	       sb->sb_inodesize <= sb->sb_blocksize / 2 && sb->sb_dirblklog <= 6 &&
	       (uint64_t)sb->sb_blocksize << sb->sb_dirblklog <= XFS_MAX_BLOCKSIZE &&
	       ag_bytes >= XFS_MIN_AG_BYTES && ag_bytes <= XFS_MAX_AG_BYTES &&
	       sb->sb_dblocks >= 64 && sb->sb_dblocks < 1ull << 52 &&
	       xfs_howmany64(sb->sb_dblocks, sb->sb_agblocks) < NULLAGNUMBER;
}

int xfs_check_geometry(struct xfs_check *chk, const struct xfs_sb *sb)
{
	struct xfs_check_geo *g = &chk->g;
	uint32_t cluster;
	uint64_t on_device;

	if (!usable(sb))
		return -EINVAL;
	memset(g, 0, sizeof(*g));
	g->blocksize = sb->sb_blocksize;
	g->sectsize = sb->sb_sectsize;
	g->isize = sb->sb_inodesize;
	g->blocklog = xfs_highbit64(g->blocksize);
	g->inodelog = xfs_highbit64(g->isize);
	g->inopblog = g->blocklog - g->inodelog;
	g->inopblock = 1u << g->inopblog;
	g->dirfsb = 1u << sb->sb_dirblklog;
	g->dirblksize = g->blocksize << sb->sb_dirblklog;
	g->agblocks = sb->sb_agblocks;
	g->agblklog = xfs_log2_ceil(g->agblocks);
	g->agino_log = g->agblklog + g->inopblog;
	g->dblocks = sb->sb_dblocks;
	/* Ignore AGs whose headers lie behind the end of the device. */
	on_device = xfs_howmany64(chk->dev_bytes, (uint64_t)g->agblocks << g->blocklog);
	g->agcount = (uint32_t)XFS_MIN(xfs_howmany64(g->dblocks, g->agblocks), on_device);
	if (!g->agcount || g->agino_log > 32)
		return -EINVAL;
	g->agfl_block = 3 * g->sectsize / g->blocksize;
	g->agfl_slots = (g->sectsize - XFS_AGFL_HDR_SIZE) / (uint32_t)sizeof(be32_t);
	set_features(g, sb);
	set_btrees(g);

	g->inoalignmt = sb->sb_inoalignmt;
	g->spino_align = sb->sb_spino_align;
	g->ialloc_inos = XFS_MAX(XFS_INODES_PER_CHUNK, g->inopblock);
	g->ialloc_blks = g->ialloc_inos >> g->inopblog;
	cluster = 8192u * (g->isize / 256);
	if (g->inoalignmt < cluster / g->blocksize)
		cluster = 8192;
	cluster = g->cluster_blks = XFS_MAX(cluster >> g->blocklog, 1u);
	g->cluster_align = g->inoalignmt >= cluster ? g->inoalignmt : 1;

	g->leafblk = (1ull << 35) >> g->blocklog;
	g->freeblk = (1ull << 36) >> g->blocklog;
	g->rblocks = sb->sb_rblocks;
	g->rextents = sb->sb_rextents;
	g->rextsize = sb->sb_rextsize;
	g->rgcount = sb->sb_rgcount;
	g->rgextents = sb->sb_rgextents;
	g->rgblklog = sb->sb_rgblklog;
	return 0;
}

#define BAD(...) xfs_check_report(chk, at, __VA_ARGS__)
#define RULE(cond, ...) do { if (!(cond)) BAD(__VA_ARGS__); } while (0)

/* Rules for the primary and for copies. */
static void check_words(struct xfs_check *chk, struct xfs_check_place at, const struct xfs_sb *sb)
{
	uint32_t in = sb->sb_features_incompat, ro = sb->sb_features_ro_compat;

	RULE((sb->sb_versionnum & XFS_SB_VERSION_V5_REQUIRED) == XFS_SB_VERSION_V5_REQUIRED &&
	     !(sb->sb_versionnum & XFS_SB_VERSION_SHAREDBIT),
	     "sb_versionnum 0x%04x: bits that version 5 demands are missing or forbidden ones set",
	     sb->sb_versionnum);
	RULE((sb->sb_features2 & XFS_SB_VERSION2_V5_REQUIRED) == XFS_SB_VERSION2_V5_REQUIRED &&
	     !(sb->sb_features2 & ~(XFS_SB_VERSION2_V5_REQUIRED | XFS_SB_VERSION2_FTYPE)),
	     "sb_features2 0x%x: bits that version 5 demands are missing or unknown ones set",
	     sb->sb_features2);
	RULE(!sb->sb_features_compat, "unknown bits in sb_features_compat 0x%x",
	     sb->sb_features_compat);
	RULE(!(ro & ~XFS_SB_FEAT_RO_COMPAT_ALL), "unknown bits in sb_features_ro_compat 0x%x", ro);
	RULE(!(in & ~XFS_SB_FEAT_INCOMPAT_ALL), "unknown bits in sb_features_incompat 0x%x", in);
	RULE(!(sb->sb_features_log_incompat & ~XFS_SB_FEAT_INCOMPAT_LOG_ALL),
	     "unknown bits in sb_features_log_incompat 0x%x", sb->sb_features_log_incompat);
	RULE(in & XFS_SB_FEAT_INCOMPAT_FTYPE,
	     "directory entries carry no file type (FTYPE is off)");
	RULE(!(ro & XFS_SB_FEAT_RO_COMPAT_INOBTCNT) || (ro & XFS_SB_FEAT_RO_COMPAT_FINOBT),
	     "INOBTCNT is set without FINOBT");
	RULE(!(in & XFS_SB_FEAT_INCOMPAT_METADIR) || (in & XFS_SB_FEAT_INCOMPAT_EXCHRANGE),
	     "METADIR is set without EXCHRANGE");
	RULE(!(in & XFS_SB_FEAT_INCOMPAT_PARENT) || (sb->sb_versionnum & XFS_SB_VERSION_ATTRBIT),
	     "PARENT is set without the attribute bit of sb_versionnum");
	RULE(!(in & XFS_SB_FEAT_INCOMPAT_ZONED) || (in & XFS_SB_FEAT_INCOMPAT_METADIR),
	     "ZONED is set without METADIR");
	RULE(!(sb->sb_qflags & ~XFS_MOUNT_QUOTA_ALL), "unknown bits in sb_qflags 0x%04x",
	     sb->sb_qflags);
	RULE(!(sb->sb_flags & ~XFS_SBF_READONLY), "unknown bits in sb_flags 0x%02x", sb->sb_flags);
	RULE(!sb->sb_shared_vn, "sb_shared_vn is %u, not 0", sb->sb_shared_vn);
	RULE(sb->sb_imax_pct <= 100, "sb_imax_pct is %u, above 100", sb->sb_imax_pct);
}

/* Rules for the primary only. */
static void check_state(struct xfs_check *chk, struct xfs_check_place at, const struct xfs_sb *sb)
{
	RULE(sb->sb_bad_features2 == sb->sb_features2,
	     "sb_bad_features2 0x%x differs from sb_features2 0x%x", sb->sb_bad_features2,
	     sb->sb_features2);
	RULE(!(sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR),
	     "NEEDSREPAIR is set: a repair was not finished");
	RULE(!sb->sb_inprogress || (chk->opts.flags & XFS_CHECK_IN_PROGRESS_OK),
	     "sb_inprogress is %u: the file system was never finished", sb->sb_inprogress);
}

static void check_logs(struct xfs_check *chk, struct xfs_check_place at, const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;

	RULE(sb->sb_blocklog == g->blocklog, "sb_blocklog is %u, not %u", sb->sb_blocklog,
	     g->blocklog);
	RULE(sb->sb_sectlog == xfs_highbit64(g->sectsize), "sb_sectlog is %u for sectors of %u",
	     sb->sb_sectlog, g->sectsize);
	RULE(sb->sb_inodelog == g->inodelog, "sb_inodelog is %u, not %u", sb->sb_inodelog,
	     g->inodelog);
	RULE(sb->sb_inopblock == g->inopblock, "sb_inopblock is %u, not %u", sb->sb_inopblock,
	     g->inopblock);
	RULE(sb->sb_inopblog == g->inopblog, "sb_inopblog is %u, not %u", sb->sb_inopblog,
	     g->inopblog);
	RULE(sb->sb_agblklog == g->agblklog, "sb_agblklog is %u, not %u", sb->sb_agblklog,
	     g->agblklog);
}

static void check_size(struct xfs_check *chk, struct xfs_check_place at, const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;
	uint64_t agcount = xfs_howmany64(sb->sb_dblocks, sb->sb_agblocks);

	RULE(sb->sb_agcount == agcount, "sb_agcount is %u, but sb_dblocks makes %" PRIu64 " groups",
	     sb->sb_agcount, agcount);
	RULE(xfs_check_ag_length(g, (uint32_t)agcount - 1) >= XFS_MIN_AG_BLOCKS,
	     "the last allocation group has only %u blocks",
	     xfs_check_ag_length(g, (uint32_t)agcount - 1));
	RULE(sb->sb_dblocks <= chk->dev_bytes >> g->blocklog,
	     "sb_dblocks is %" PRIu64 ", but the device ends after %" PRIu64 " blocks",
	     sb->sb_dblocks, chk->dev_bytes >> g->blocklog);
}

static void check_alignment(struct xfs_check *chk, struct xfs_check_place at,
			    const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;
	uint32_t base = 8192u * (g->isize / 256) / g->blocksize;
	uint64_t width = (uint64_t)sb->sb_width << g->blocklog;
	uint32_t want_align = g->spinodes ? XFS_INODES_PER_CHUNK * g->isize / g->blocksize : base;
	uint32_t want_sparse = g->spinodes ? base : 0;

	RULE(sb->sb_inoalignmt == want_align, "sb_inoalignmt is %u, not %u", sb->sb_inoalignmt,
	     want_align);
	RULE(sb->sb_spino_align == want_sparse, "sb_spino_align is %u, not %u", sb->sb_spino_align,
	     want_sparse);
	RULE(!sb->sb_unit == !(sb->sb_versionnum & XFS_SB_VERSION_DALIGNBIT),
	     "sb_unit is %u, which does not fit the stripe bit of sb_versionnum", sb->sb_unit);
	RULE(!sb->sb_unit == !sb->sb_width, "sb_unit is %u, but sb_width is %u", sb->sb_unit,
	     sb->sb_width);
	RULE(!sb->sb_unit || (sb->sb_width >= sb->sb_unit && sb->sb_width % sb->sb_unit == 0 &&
			      width <= XFS_MAX_STRIPE_BYTES),
	     "sb_width %u is not a multiple of sb_unit %u", sb->sb_width, sb->sb_unit);
}

static void check_log_fields(struct xfs_check *chk, struct xfs_check_place at,
			     const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;
	bool sector = sb->sb_versionnum & XFS_SB_VERSION_SECTORBIT;
	uint32_t agno, agbno;

	RULE(sb->sb_logblocks >= XFS_MIN_LOG_BLOCKS && sb->sb_logblocks <= XFS_MAX_LOG_BLOCKS &&
	     (uint64_t)sb->sb_logblocks << g->blocklog <= XFS_MAX_LOG_BYTES,
	     "a log of %u blocks is too short or too long", sb->sb_logblocks);
	RULE(!sb->sb_logstart ||
	     xfs_check_fsb(g, sb->sb_logstart, sb->sb_logblocks, &agno, &agbno),
	     "the log does not lie in one allocation group (sb_logstart %" PRIu64 ", %u blocks)",
	     sb->sb_logstart, sb->sb_logblocks);
	if (sector)
		RULE(sb->sb_logsectlog < 16 && sb->sb_logsectsize == 1u << sb->sb_logsectlog &&
		     sb->sb_logsectsize >= XFS_MIN_SECTORSIZE &&
		     sb->sb_logsectsize <= XFS_MAX_SECTORSIZE,
		     "sb_logsectsize %u does not fit sb_logsectlog %u", sb->sb_logsectsize,
		     sb->sb_logsectlog);
	else
		RULE(!sb->sb_logsectlog && !sb->sb_logsectsize && g->sectsize == 512,
		     "sector sizes above 512 need the sector bit of sb_versionnum");
	RULE(sb->sb_logsunit <= 1 || (sb->sb_logsunit % g->blocksize == 0 &&
				      sb->sb_logsunit <= XFS_MAX_LOG_SUNIT),
	     "sb_logsunit is %u bytes: no multiple of the block size up to 256 KiB",
	     sb->sb_logsunit);
}

static void check_rt(struct xfs_check *chk, struct xfs_check_place at, const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;
	uint64_t rext_bytes = (uint64_t)sb->sb_rextsize << g->blocklog, per_group, rbm;

	RULE(rext_bytes >= XFS_MIN_RTEXTSIZE && rext_bytes <= XFS_MAX_RTEXTSIZE,
	     "sb_rextsize is %u blocks: outside 4 KiB to 1 GiB", sb->sb_rextsize);
	RULE(!g->zoned || sb->sb_rextsize == 1, "sb_rextsize is %u on a zoned volume",
	     sb->sb_rextsize);
	if (!g->rt) {
		RULE(!sb->sb_rextents && !sb->sb_rbmblocks && !sb->sb_rextslog && !sb->sb_frextents,
		     "there is no realtime section, yet one of its fields is set");
	} else if (sb->sb_rextsize) {
		RULE(sb->sb_rextents == sb->sb_rblocks / sb->sb_rextsize,
		     "sb_rextents is %" PRIu64 ", not sb_rblocks / sb_rextsize", sb->sb_rextents);
		RULE(!sb->sb_rextents || sb->sb_rextslog == xfs_highbit64(sb->sb_rextents),
		     "sb_rextslog is %u", sb->sb_rextslog);
		rbm = xfs_howmany64(sb->sb_rextents, 8ull * g->blocksize);
		if (g->metadir)
			rbm = xfs_howmany64(sb->sb_rgextents, 8ull * (g->blocksize - RTBUF_HEADER));
		RULE(sb->sb_rbmblocks == (g->zoned ? 0 : rbm), "sb_rbmblocks is %u",
		     sb->sb_rbmblocks);
		RULE(sb->sb_frextents <= sb->sb_rextents && !(g->zoned && sb->sb_frextents),
		     "sb_frextents is %" PRIu64 " of %" PRIu64, sb->sb_frextents, sb->sb_rextents);
	}
	if (!g->metadir) {
		RULE(!g->rt || (!g->rmapbt && !g->reflink),
		     "a realtime section without groups excludes RMAPBT and REFLINK");
		return;
	}
	per_group = (uint64_t)sb->sb_rgextents * sb->sb_rextsize;
	RULE(sb->sb_rgextents >= XFS_MIN_RGEXTENTS && per_group <= XFS_MAX_RGBLOCKS,
	     "sb_rgextents is %u", sb->sb_rgextents);
	RULE(!per_group || sb->sb_rgblklog == xfs_log2_ceil(per_group), "sb_rgblklog is %u",
	     sb->sb_rgblklog);
	RULE(!sb->sb_rgextents ||
	     sb->sb_rgcount == xfs_howmany64(sb->sb_rextents, sb->sb_rgextents),
	     "sb_rgcount is %u", sb->sb_rgcount);
	RULE(xfs_check_zeros(sb->sb_pad, sizeof(sb->sb_pad)), "sb_pad is not zero");
	RULE(!g->zoned || !sb->sb_rtstart || sb->sb_rtstart >= sb->sb_dblocks,
	     "sb_rtstart %" PRIu64 " lies inside the data section", sb->sb_rtstart);
}

static void check_inode_numbers(struct xfs_check *chk, struct xfs_check_place at,
				const struct xfs_sb *sb)
{
	const struct xfs_check_geo *g = &chk->g;
	static const char *const quota_name[] = { "sb_uquotino", "sb_gquotino", "sb_pquotino" };
	const xfs_ino_t quota[] = { sb->sb_uquotino, sb->sb_gquotino, sb->sb_pquotino };

	RULE(xfs_check_ino_valid(g, sb->sb_rootino),
	     "sb_rootino %" PRIu64 " is not an inode number", sb->sb_rootino);
	if (g->metadir) {
		RULE(xfs_check_ino_valid(g, sb->sb_metadirino),
		     "sb_metadirino %" PRIu64 " is not an inode number", sb->sb_metadirino);
		RULE(!sb->sb_rbmino && !sb->sb_rsumino,
		     "sb_rbmino and sb_rsumino must be 0 with METADIR");
	} else {
		RULE(xfs_check_ino_valid(g, sb->sb_rbmino),
		     "sb_rbmino %" PRIu64 " is not an inode number", sb->sb_rbmino);
		RULE(xfs_check_ino_valid(g, sb->sb_rsumino),
		     "sb_rsumino %" PRIu64 " is not an inode number", sb->sb_rsumino);
		RULE(sb->sb_rbmino != sb->sb_rsumino && sb->sb_rootino != sb->sb_rbmino &&
		     sb->sb_rootino != sb->sb_rsumino,
		     "sb_rootino, sb_rbmino and sb_rsumino are not three inodes");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(quota); i++) {
		if (quota[i] == 0 || (quota[i] == NULLFSINO && !g->metadir))
			continue;
		RULE(!g->metadir && xfs_check_ino_valid(g, quota[i]) &&
			     quota[i] != sb->sb_rootino && quota[i] != sb->sb_rbmino &&
			     quota[i] != sb->sb_rsumino && quota[i] != quota[(i + 1) % 3] &&
			     quota[i] != quota[(i + 2) % 3],
		     "%s is %" PRIu64, quota_name[i], quota[i]);
	}
}

/* Number of bytes of the sector that are defined; the rest must be zero. */
static size_t defined_bytes(const struct xfs_check_geo *g)
{
	return g->zoned ? XFS_SB_LEN_ZONED : g->metadir ? XFS_SB_LEN_METADIR : XFS_SB_LEN_V5;
}

static void host_sb(struct xfs_sb *sb, const uint8_t *sector)
{
	struct xfs_dsb dsb;

	memcpy(&dsb, sector, sizeof(dsb));
	xfs_sb_from_disk(sb, &dsb);
}

static int check_is_xfs(const struct xfs_sb *sb)
{
	uint32_t version = sb->sb_versionnum & XFS_SB_VERSION_NUMBITS;

	if (sb->sb_magicnum != XFS_SB_MAGIC)
		return xfs_fail(-EINVAL, "not an XFS file system");
	if (version != XFS_SB_VERSION_5)
		return xfs_fail(-EINVAL, "XFS version %u is not supported, only version 5", version);
	return 0;
}

int xfs_check_sb(struct xfs_check *chk)
{
	const struct xfs_check_place at = AT_SB;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint32_t sectsize;
	uint8_t *sector;
	int error;

	/* A device that does not return its size is read, and the read reports the error. */
	if (!xfs_device_info(chk->dev, &info) && info.size_bytes < XFS_MIN_SECTORSIZE)
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes are too few for a file system",
				info.size_bytes);
	sector = xfs_mem_zalloc(&chk->mem, XFS_MAX_SECTORSIZE);
	if (!sector)
		return -ENOMEM;
	error = xfs_check_read(chk, 0, sector, XFS_MIN_SECTORSIZE);
	if (error)
		goto out;
	host_sb(&chk->sb, sector);
	error = check_is_xfs(&chk->sb);
	if (error)
		goto out;
	sectsize = chk->sb.sb_sectsize;
	if (!xfs_is_power_of_2(sectsize) || sectsize < XFS_MIN_SECTORSIZE ||
	    sectsize > XFS_MAX_SECTORSIZE) {
		BAD("sb_sectsize is %u", sectsize);
		goto out_unusable;
	}
	error = xfs_check_read(chk, 0, sector, sectsize);
	if (error)
		goto out;
	if (!xfs_cksum_ok(sector, sectsize, XFS_SB_CRC_OFF))
		BAD("the checksum is wrong");
	if (xfs_check_geometry(chk, &chk->sb)) {
		BAD("the geometry is impossible (blocks of %u, %u per group, %" PRIu64 " in all, "
		    "sectors of %u, inodes of %u): nothing else can be checked",
		    chk->sb.sb_blocksize, chk->sb.sb_agblocks, chk->sb.sb_dblocks, sectsize,
		    chk->sb.sb_inodesize);
		goto out_unusable;
	}
	check_words(chk, at, &chk->sb);
	check_state(chk, at, &chk->sb);
	check_logs(chk, at, &chk->sb);
	check_size(chk, at, &chk->sb);
	check_alignment(chk, at, &chk->sb);
	check_log_fields(chk, at, &chk->sb);
	check_rt(chk, at, &chk->sb);
	check_inode_numbers(chk, at, &chk->sb);
	RULE(chk->sb.sb_features_incompat & XFS_SB_FEAT_INCOMPAT_META_UUID ||
	     xfs_check_zeros(sector + offsetof(struct xfs_dsb, sb_meta_uuid), sizeof(xfs_uuid_t)),
	     "sb_meta_uuid is set without the feature META_UUID");
	RULE(xfs_check_zeros(sector + defined_bytes(&chk->g), sectsize - defined_bytes(&chk->g)),
	     "bytes behind the last field are not zero");
	goto out;

out_unusable:
	chk->stop = true;
	error = 0;
out:
	xfs_mem_free(&chk->mem, sector);
	return error;
}

/*
 * The quota fields of a copy are those of the primary or from before quota was enabled; the bit
 * that records its existence is never cleared.
 */
static void check_copy_quota(struct xfs_check *chk, struct xfs_check_place at,
			     const struct xfs_sb *copy)
{
	const struct xfs_sb *sb = &chk->sb;
	bool had_quota = sb->sb_versionnum & XFS_SB_VERSION_QUOTABIT;
	static const char *const name[] = { "sb_uquotino", "sb_gquotino", "sb_pquotino" };
	const xfs_ino_t ours[] = { copy->sb_uquotino, copy->sb_gquotino, copy->sb_pquotino };
	const xfs_ino_t primary[] = { sb->sb_uquotino, sb->sb_gquotino, sb->sb_pquotino };

	RULE(had_quota || !copy->sb_qflags,
	     "sb_qflags of the copy is 0x%04x, but there never was any quota", copy->sb_qflags);
	for (unsigned int i = 0; i < ARRAY_SIZE(ours); i++)
		RULE(!ours[i] || ours[i] == NULLFSINO || ours[i] == primary[i],
		     "%s of the copy is %" PRIu64 ", in the primary %" PRIu64, name[i], ours[i],
		     primary[i]);
}

/* sb_meta_uuid is defined with META_UUID only. */
static void check_copy_uuids(struct xfs_check *chk, struct xfs_check_place at,
			     const struct xfs_sb *copy, const uint8_t *sector)
{
	const struct xfs_sb *sb = &chk->sb;

	RULE(xfs_uuid_equal(&copy->sb_uuid, &sb->sb_uuid),
	     "sb_uuid of the copy differs from the primary");
	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_META_UUID)
		RULE(xfs_uuid_equal(&copy->sb_meta_uuid, &sb->sb_meta_uuid),
		     "sb_meta_uuid of the copy differs from the primary");
	else
		RULE(xfs_check_zeros(sector + offsetof(struct xfs_dsb, sb_meta_uuid),
				     sizeof(xfs_uuid_t)),
		     "sb_meta_uuid of the copy is set without the feature META_UUID");
}

/*
 * A copy replaces a lost primary: its geometry must agree with the primary, and its values must be
 * possible, but counters, inode numbers and label may be old.
 */
void xfs_check_secondary_sb(struct xfs_check *chk, uint32_t agno, const uint8_t *sector)
{
	struct xfs_check_place at = xfs_check_at("superblock", agno, 0, XFS_CHECK_NOINO);
	const uint16_t bits = XFS_SB_VERSION_NUMBITS | XFS_SB_VERSION_ALIGNBIT |
			      XFS_SB_VERSION_DALIGNBIT | XFS_SB_VERSION_BORGBIT;
	const struct xfs_sb *sb = &chk->sb;
	struct xfs_sb copy;

	host_sb(&copy, sector);
	if (copy.sb_magicnum != XFS_SB_MAGIC) {
		xfs_check_report(chk, at, "the magic number of the copy is 0x%08x",
				 copy.sb_magicnum);
		return;
	}
	if (!xfs_cksum_ok(sector, chk->g.sectsize, XFS_SB_CRC_OFF))
		xfs_check_report(chk, at, "the checksum of the copy is wrong");
	xfs_check_lsn(chk, at, (uint64_t)copy.sb_lsn);

#define SAME(field, fmt) do {								\
	if (copy.field != sb->field)							\
		xfs_check_report(chk, at, #field " of the copy is %" fmt		\
				 ", in the primary %" fmt, copy.field, sb->field);	\
} while (0)
	SAME(sb_blocksize, PRIu32);
	SAME(sb_dblocks, PRIu64);
	SAME(sb_rblocks, PRIu64);
	SAME(sb_rextents, PRIu64);
	SAME(sb_logstart, PRIu64);
	SAME(sb_rextsize, PRIu32);
	SAME(sb_agblocks, PRIu32);
	SAME(sb_agcount, PRIu32);
	SAME(sb_rbmblocks, PRIu32);
	SAME(sb_logblocks, PRIu32);
	SAME(sb_sectsize, PRIu16);
	SAME(sb_inodesize, PRIu16);
	SAME(sb_dirblklog, PRIu8);
	SAME(sb_inoalignmt, PRIu32);
	SAME(sb_spino_align, PRIu32);
	SAME(sb_features_compat, PRIx32);
	SAME(sb_features_ro_compat, PRIx32);
	/* Derived fields and those of the log: they are written together with the primary's. */
	SAME(sb_inopblock, PRIu16);
	SAME(sb_blocklog, PRIu8);
	SAME(sb_sectlog, PRIu8);
	SAME(sb_inodelog, PRIu8);
	SAME(sb_inopblog, PRIu8);
	SAME(sb_agblklog, PRIu8);
	SAME(sb_rextslog, PRIu8);
	SAME(sb_shared_vn, PRIu8);
	SAME(sb_logsectlog, PRIu8);
	SAME(sb_logsectsize, PRIu16);
	SAME(sb_logsunit, PRIu32);
	SAME(sb_flags, PRIx8);
	/* A dirty log may contain features that only the primary names. */
	if (chk->log_clean)
		SAME(sb_features_log_incompat, PRIx32);
#undef SAME
	if ((copy.sb_features_incompat ^ sb->sb_features_incompat) &
	    ~XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR)
		xfs_check_report(chk, at,
				 "sb_features_incompat of the copy is 0x%x, in the primary "
				 "0x%x",
				 copy.sb_features_incompat, sb->sb_features_incompat);
	if ((copy.sb_versionnum ^ sb->sb_versionnum) & bits)
		xfs_check_report(chk, at,
				 "sb_versionnum of the copy is 0x%04x, in the primary 0x%04x",
				 copy.sb_versionnum, sb->sb_versionnum);
	check_words(chk, at, &copy);
	check_alignment(chk, at, &copy);
	check_rt(chk, at, &copy);
	check_copy_quota(chk, at, &copy);
	check_copy_uuids(chk, at, &copy, sector);
	if (!xfs_check_zeros(sector + defined_bytes(&chk->g),
			     chk->g.sectsize - defined_bytes(&chk->g)))
		xfs_check_report(chk, at, "bytes behind the last field are not zero");
}

#undef BAD
#undef RULE
