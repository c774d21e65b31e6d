/* SPDX-License-Identifier: MIT */
/*
 * Layout: number of allocation groups, the log and its alignment, the first inode chunk.
 * xfs_repair computes the root inode's place itself and warns if it is elsewhere.
 */
#include "disk/inode.h"
#include "mkfs/mkfs_priv.h"

#define bad_option(...)	xfs_error(NULL, -EINVAL, __VA_ARGS__)

#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define TIB(n)		((uint64_t)(n) << 40)

#define MIN_DATA_BYTES	MIB(300)	/* smaller file systems are unsupported */
#define DEFAULT_LOG	MIB(64)
#define LOG_SUNIT_ELSE	(32u << 10)	/* if the data stripe unit is too large for the log */

static uint64_t min_agblocks(const struct xfs_sb *sb)
{
	return XFS_MIN_AG_BYTES >> sb->sb_blocklog;
}

static uint64_t max_agblocks(const struct xfs_sb *sb)
{
	return (XFS_MAX_AG_BYTES - 1) >> sb->sb_blocklog;
}

/*
 * Few AGs on a single disk, where each costs seeks; more if a stripe shows that there are several
 * disks.
 */
static uint64_t default_agblocks(const struct xfs_sb *sb)
{
	uint64_t bytes = sb->sb_dblocks << sb->sb_blocklog;
	bool multidisk = sb->sb_unit != 0;
	uint64_t agcount;

	if (bytes >= (multidisk ? TIB(32) : TIB(4)))
		return max_agblocks(sb);
	if (multidisk && bytes > GIB(512))
		agcount = 32;
	else if (multidisk && bytes > GIB(8))
		agcount = 16;
	else if (multidisk && bytes >= MIB(128))
		agcount = 8;
	else if (bytes >= MIB(64))
		agcount = 4;
	else
		agcount = bytes >= MIB(32) ? 2 : 1;
	return xfs_howmany64(sb->sb_dblocks, agcount);
}

/*
 * AGs should start on stripe units, but not all on the same disk: a size that is a multiple of the
 * width is reduced by one unit, unless the caller asked for it.
 */
static uint64_t align_agblocks(const struct xfs_sb *sb, uint64_t agblocks, bool wanted)
{
	uint64_t unit = sb->sb_unit;

	if (agblocks % unit) {
		agblocks = xfs_roundup64(agblocks, unit);
		if (agblocks > max_agblocks(sb))
			agblocks -= unit;
	}
	if (wanted || agblocks % sb->sb_width || sb->sb_width == unit ||
	    xfs_howmany64(sb->sb_dblocks, agblocks) == 1)
		return agblocks;
	if (agblocks >= min_agblocks(sb) + unit)
		return agblocks - unit;
	return agblocks + unit;
}

static int plan_ags(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint64_t agblocks, agcount;

	if (o->agsize && o->agcount)
		return bad_option("agsize and agcount exclude each other");
	if (o->agsize % sb->sb_blocksize)
		return bad_option("agsize %" PRIu64 " is not a multiple of the block size",
				  o->agsize);
	if (o->agsize)
		agblocks = o->agsize >> sb->sb_blocklog;
	else if (o->agcount)
		agblocks = xfs_howmany64(sb->sb_dblocks, o->agcount);
	else
		agblocks = default_agblocks(sb);
	if (agblocks < min_agblocks(sb) || agblocks > max_agblocks(sb))
		return bad_option("AGs of %" PRIu64 " blocks are outside 16 MiB to 1 TiB",
				  agblocks);
	if (sb->sb_unit)
		agblocks = align_agblocks(sb, agblocks, o->agsize || o->agcount);
	if (agblocks > sb->sb_dblocks)
		return bad_option("AGs of %" PRIu64
				  " blocks are larger than the file system of %" PRIu64 " blocks",
				  agblocks, sb->sb_dblocks);

	/* Drop a last AG that would be too small. */
	agcount = xfs_howmany64(sb->sb_dblocks, agblocks);
	if (agcount > 1 && sb->sb_dblocks - (agcount - 1) * agblocks < min_agblocks(sb)) {
		agcount--;
		sb->sb_dblocks = agcount * agblocks;
	}
	if (agcount >= NULLAGNUMBER - 1)
		return bad_option("%" PRIu64 " AGs are too many", agcount);
	sb->sb_agblocks = (uint32_t)agblocks;
	sb->sb_agcount = (uint32_t)agcount;
	sb->sb_agblklog = (uint8_t)xfs_log2_ceil(agblocks);
	return 0;
}

static uint8_t default_imaxpct(const struct xfs_sb *sb)
{
	uint64_t bytes = sb->sb_dblocks << sb->sb_blocklog;

	if (bytes < TIB(1))
		return 25;
	return bytes < TIB(50) ? 5 : 1;
}

/* ------------------------------------------------------------------- log */

static int plan_log_sunit(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint64_t data = (uint64_t)sb->sb_unit << sb->sb_blocklog;
	uint64_t sector = sb->sb_logsectsize > XFS_BB_SIZE ? sb->sb_blocksize : 0;
	uint64_t sunit;

	if (plan->logdev)
		data = 0;
	if (o->log_sunit) {
		sunit = o->log_sunit;
		if (sunit % sb->sb_blocksize || sunit > XFS_MAX_LOG_SUNIT)
			return bad_option("log stripe unit %" PRIu64
					  " is not a multiple of the block size up to 256 KiB",
					  sunit);
	} else if (o->profile == XFS_MKFS_PROFILE_6_1) {
		sunit = sector ? sector : data;
	} else {
		sunit = data ? data : sector;
	}
	/* The data stripe unit is too large for the log; its replacement may be too small. */
	if (sunit > XFS_MAX_LOG_SUNIT)
		sunit = LOG_SUNIT_ELSE;
	if (sunit < sb->sb_blocksize)
		sunit = 0;
	sb->sb_logsunit = sunit ? (uint32_t)sunit : 1;
	return 0;
}

static uint64_t max_log_anywhere(const struct xfs_sb *sb)
{
	return XFS_MIN(XFS_MAX_LOG_BYTES >> sb->sb_blocklog, (uint64_t)XFS_MAX_LOG_BLOCKS);
}

/* Blocks that the AG of the log can give to it. */
static uint64_t max_log_in_ag(const struct xfs_mkfs_plan *plan)
{
	const struct xfs_sb *sb = &plan->sb;
	const struct xfs_geometry *geo = &plan->geo;
	uint64_t length = xfs_ag_block_count(geo, plan->log_agno);
	uint64_t taken = xfs_howmany64(4ull * sb->sb_sectsize, sb->sb_blocksize) + 4 + 3 +
			 xfs_has_finobt(geo) + xfs_has_rmapbt(geo) + xfs_has_reflink(geo) + 1;

	/* In AG 0 the first inodes need space behind the log. */
	if (plan->log_agno == 0)
		taken += XFS_MAX(4ull * (XFS_INODES_PER_CHUNK * sb->sb_inodesize /
					 sb->sb_blocksize), 2ull * sb->sb_unit);
	return length > taken ? length - taken : 0;
}

static int check_log_blocks(const struct xfs_mkfs_plan *plan, uint64_t blocks, uint64_t max)
{
	const struct xfs_sb *sb = &plan->sb;

	if (blocks < plan->min_logblocks)
		return xfs_error(NULL, plan->opts.log_size ? -EINVAL : -ENOSPC,
				 "a log of %" PRIu64 " blocks is too small; these features need %u",
				 blocks, plan->min_logblocks);
	if (blocks > max)
		return xfs_error(NULL, -EINVAL,
				 "a log of %" PRIu64 " blocks is too large; %" PRIu64
				 " are possible",
				 blocks, max);
	if (!(plan->opts.flags & XFS_MKFS_SMALL) && blocks << sb->sb_blocklog < DEFAULT_LOG)
		return xfs_error(NULL, -EINVAL, "a log below 64 MiB is not supported");
	return 0;
}

static uint64_t default_log_blocks(const struct xfs_mkfs_plan *plan, uint64_t max)
{
	const struct xfs_sb *sb = &plan->sb;
	uint64_t bytes = sb->sb_dblocks << sb->sb_blocklog;
	uint64_t blocks = sb->sb_dblocks / 2048;

	blocks = XFS_MAX(blocks, DEFAULT_LOG >> sb->sb_blocklog);
	if (bytes < MIN_DATA_BYTES)
		blocks = plan->min_logblocks;
	blocks = XFS_MAX(blocks, (uint64_t)plan->min_logblocks);
	return XFS_MIN(blocks, max);
}

/* The log's stripe unit, else the data's, in blocks. */
static uint32_t log_alignment(const struct xfs_sb *sb)
{
	return sb->sb_logsunit > 1 ? sb->sb_logsunit >> sb->sb_blocklog : sb->sb_unit;
}

static int plan_internal_log(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint32_t align = log_alignment(sb);
	uint64_t blocks, max, start, end;
	int error;

	plan->log_agno = o->flags & XFS_MKFS_LOG_AG ? o->log_agno : sb->sb_agcount / 2;
	if (plan->log_agno >= sb->sb_agcount)
		return bad_option("AG %u, which is to hold the log, does not exist",
				  plan->log_agno);
	max = XFS_MIN(max_log_in_ag(plan), max_log_anywhere(sb));
	blocks = o->log_size ? o->log_size >> sb->sb_blocklog : default_log_blocks(plan, max);
	error = check_log_blocks(plan, blocks, max);
	if (error)
		return error;

	/* As in mkfs.xfs, the packed block number is aligned, not the linear address. */
	start = ((uint64_t)plan->log_agno << sb->sb_agblklog) + plan->geo.prealloc_blocks;
	if (align) {
		if (o->log_size && blocks % align)
			return bad_option(
				"the log size is not a multiple of the log stripe unit, %u blocks",
				align);
		start = xfs_roundup64(start, align);
		if (blocks % align)
			blocks = xfs_roundup64(blocks, align) <= max
					 ? xfs_roundup64(blocks, align)
					 : xfs_rounddown64(blocks, align);
	}
	plan->log_agbno = (xfs_agblock_t)(start - ((uint64_t)plan->log_agno << sb->sb_agblklog));
	end = xfs_ag_block_count(&plan->geo, plan->log_agno);
	if (align && plan->log_agbno + blocks > end)
		blocks -= align;
	if (plan->log_agbno + blocks > end || blocks < plan->min_logblocks)
		return xfs_error(NULL, -ENOSPC, "the log does not fit into AG %u", plan->log_agno);
	sb->sb_logstart = start;
	sb->sb_logblocks = (uint32_t)blocks;
	return 0;
}

static int plan_external_log(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint64_t device = plan->loginfo.size_bytes >> sb->sb_blocklog;
	uint64_t blocks = o->log_size ? o->log_size >> sb->sb_blocklog
				      : XFS_MIN(device, max_log_anywhere(sb));
	uint32_t align = sb->sb_logsunit > 1 ? sb->sb_logsunit >> sb->sb_blocklog : 0;

	plan->log_agno = NULLAGNUMBER;
	if (blocks > device && !plan->loginfo.growable)
		return xfs_error(NULL, -ENOSPC, "the log device has %" PRIu64 " blocks, not %"
				 PRIu64, device, blocks);
	if (align)
		blocks = xfs_rounddown64(blocks, align);
	sb->sb_logstart = 0;
	sb->sb_logblocks = (uint32_t)blocks;
	return check_log_blocks(plan, blocks, max_log_anywhere(sb));
}

static int plan_log(struct xfs_mkfs_plan *plan)
{
	struct xfs_sb *sb = &plan->sb;
	int error = plan_log_sunit(plan);

	if (error)
		return error;
	if (plan->opts.log_size % sb->sb_blocksize)
		return bad_option("the log size is not a multiple of the block size");
	plan->min_logblocks = xfs_mkfs_min_logblocks(&plan->geo, sb->sb_logsunit);
	if (!plan->opts.log_size && sb->sb_dblocks << sb->sb_blocklog >= GIB(1))
		plan->min_logblocks = (uint32_t)XFS_MAX(
			(uint64_t)plan->min_logblocks, XFS_MIN_LOG_BYTES >> sb->sb_blocklog);
	return plan->logdev ? plan_external_log(plan) : plan_internal_log(plan);
}

/* ------------------------------------------------------------------ inodes */

/*
 * Blocks that each AG keeps on its free list for the growth of its free space and reverse mapping
 * trees: two per tree for a split, none for a tree that never gets a second level.  Up to Linux 6.7
 * the latter kept one, and xfs_repair of that time expects the first inodes accordingly.
 */
static uint32_t tree_growth(const struct xfs_mkfs_plan *plan, unsigned int maxlevels)
{
	if (maxlevels > 1)
		return 2;
	return plan->opts.profile == XFS_MKFS_PROFILE_6_1 ? 1 : 0;
}

static uint32_t agfl_need(const struct xfs_mkfs_plan *plan)
{
	const struct xfs_geometry *geo = &plan->geo;
	uint32_t need = 2 * tree_growth(plan, geo->alloc_maxlevels);

	if (xfs_has_rmapbt(geo))
		need += tree_growth(plan, geo->rmap_maxlevels);
	return need;
}

/*
 * The place that xfs_repair expects: after the roots and the free list, as if all of them were
 * contiguous, and after the log if it is in AG 0.
 */
static int plan_root(struct xfs_mkfs_plan *plan)
{
	struct xfs_sb *sb = &plan->sb;
	const struct xfs_geometry *geo = &plan->geo;
	bool log_here = plan->log_agno == 0;
	uint64_t align = geo->ialloc_align ? geo->ialloc_align : XFS_MAX(sb->sb_inoalignmt, 1u);
	uint64_t first;

	plan->agfl_need = agfl_need(plan);
	first = xfs_howmany64(4ull * sb->sb_sectsize, sb->sb_blocksize) + 2 + 1 +
		plan->agfl_need + xfs_has_finobt(geo) + xfs_has_rmapbt(geo) +
		xfs_has_reflink(geo) + (log_here ? sb->sb_logblocks : 0);
	/* Alignment may move the log a little further than that formula assumes. */
	if (log_here)
		first = XFS_MAX(first, (uint64_t)plan->log_agbno + sb->sb_logblocks);
	first = xfs_roundup64(first, align);
	if (first + geo->ialloc_blks > sb->sb_agblocks)
		return xfs_error(NULL, -ENOSPC, "AG 0 has no space for the root directory");
	plan->root_agbno = (xfs_agblock_t)first;
	sb->sb_rootino = first << sb->sb_inopblog;
	sb->sb_rbmino = sb->sb_rootino + 1;
	sb->sb_rsumino = sb->sb_rootino + 2;
	sb->sb_icount = geo->ialloc_inos;
	sb->sb_ifree = geo->ialloc_inos - 3;
	return 0;
}

int xfs_mkfs_plan_layout(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	int error;

	if (sb->sb_dblocks << sb->sb_blocklog < XFS_MIN_AG_BYTES)
		return xfs_error(NULL, -ENOSPC, "a file system needs at least 16 MiB");
	error = plan_ags(plan);
	if (error)
		return error;
	if (!(o->flags & XFS_MKFS_SMALL) &&
	    (sb->sb_dblocks << sb->sb_blocklog < MIN_DATA_BYTES || sb->sb_agcount < 2))
		return xfs_error(NULL, -ENOSPC,
				 "a file system below 300 MiB or with one AG is not supported");
	sb->sb_imax_pct = o->imaxpct == XFS_MKFS_IMAXPCT_NOLIMIT ? 0
			  : o->imaxpct				? (uint8_t)o->imaxpct
								: default_imaxpct(sb);
	if (xfs_geometry_init(&plan->geo, sb))
		return bad_option("impossible geometry");
	error = plan_log(plan);
	if (!error)
		error = plan_root(plan);
	if (error)
		return error;
	/* Once more, now that the log and the inodes are known. */
	if (xfs_geometry_init(&plan->geo, sb))
		return bad_option("impossible geometry");
	sb->sb_fdblocks = xfs_mkfs_fdblocks(plan);
	return 0;
}
