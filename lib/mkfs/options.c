/* SPDX-License-Identifier: MIT */
/* From options to units and features: everything that does not depend on the size. */
#include "disk/inode.h"
#include "mkfs/mkfs_priv.h"

#define bad_option(...)	xfs_error(NULL, -EINVAL, __VA_ARGS__)

static bool unit_ok(uint64_t value, uint64_t min, uint64_t max)
{
	return xfs_is_power_of_2(value) && value >= min && value <= max;
}

/* The sector that the device prefers, if XFS supports it. */
static uint32_t device_sector(const struct xfs_device_info *info, uint32_t blocksize)
{
	if (unit_ok(info->physical_sector, XFS_MIN_SECTORSIZE, XFS_MAX_SECTORSIZE) &&
	    info->physical_sector >= info->logical_sector && info->physical_sector <= blocksize)
		return info->physical_sector;
	return XFS_MAX(info->logical_sector, XFS_MIN_SECTORSIZE);
}

static int plan_sectors(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint32_t sectsize = o->sectsize, logsect = o->log_sectsize;

	if (!sectsize)
		sectsize = device_sector(&plan->info, sb->sb_blocksize);
	if (!unit_ok(sectsize, XFS_MIN_SECTORSIZE, XFS_MAX_SECTORSIZE))
		return bad_option("sector size %u is not a power of two from 512 to 32768",
				  sectsize);
	if (sectsize > sb->sb_blocksize)
		return bad_option("sectors of %u bytes are larger than blocks of %u", sectsize,
				  sb->sb_blocksize);
	if (sectsize < plan->info.logical_sector)
		return bad_option("sector size %u is below the device's %u", sectsize,
				  plan->info.logical_sector);
	if (!plan->logdev) {
		if (logsect && logsect != sectsize)
			return bad_option(
				"an internal log must have the data sector size, not %u bytes",
				logsect);
		logsect = sectsize;
	} else if (!logsect) {
		logsect = o->sectsize ? o->sectsize
				      : device_sector(&plan->loginfo, sb->sb_blocksize);
	}
	if (!unit_ok(logsect, XFS_MIN_SECTORSIZE, XFS_MAX_SECTORSIZE) ||
	    logsect > sb->sb_blocksize ||
	    (plan->logdev && logsect < plan->loginfo.logical_sector))
		return bad_option("log sector size %u is impossible", logsect);

	sb->sb_sectsize = (uint16_t)sectsize;
	sb->sb_sectlog = (uint8_t)xfs_highbit64(sectsize);
	if (sectsize > XFS_BB_SIZE || logsect > XFS_BB_SIZE) {
		sb->sb_versionnum |= XFS_SB_VERSION_SECTORBIT;
		sb->sb_logsectsize = (uint16_t)logsect;
		sb->sb_logsectlog = (uint8_t)xfs_highbit64(logsect);
	}
	return 0;
}

static int plan_blocks(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint32_t blocksize = o->blocksize ? o->blocksize : 4096;
	uint32_t inodesize = o->inodesize ? o->inodesize : 512;
	uint32_t dirblock = o->dirblocksize ? o->dirblocksize : XFS_MAX(blocksize, 4096u);

	if (!unit_ok(blocksize, XFS_MIN_CRC_BLOCKSIZE, XFS_MAX_BLOCKSIZE))
		return bad_option("block size %u is not a power of two from 1024 to 65536",
				  blocksize);
	if (!unit_ok(inodesize, XFS_DINODE_MIN_SIZE, XFS_DINODE_MAX_SIZE) ||
	    inodesize > blocksize / 2)
		return bad_option("inode size %u is impossible with blocks of %u", inodesize,
				  blocksize);
	if (!unit_ok(dirblock, blocksize, XFS_MAX_BLOCKSIZE))
		return bad_option("directory block size %u is impossible with blocks of %u",
				  dirblock, blocksize);
	sb->sb_blocksize = blocksize;
	sb->sb_blocklog = (uint8_t)xfs_highbit64(blocksize);
	sb->sb_inodesize = (uint16_t)inodesize;
	sb->sb_inodelog = (uint8_t)xfs_highbit64(inodesize);
	sb->sb_inopblock = (uint16_t)(blocksize / inodesize);
	sb->sb_inopblog = (uint8_t)(sb->sb_blocklog - sb->sb_inodelog);
	sb->sb_dirblklog = (uint8_t)(xfs_highbit64(dirblock) - sb->sb_blocklog);
	/* At least 4 KiB, although there is no realtime section. */
	sb->sb_rextsize = XFS_MAX(1u, 4096u / blocksize);
	return 0;
}

static bool switched(uint8_t option, bool by_default)
{
	return option == XFS_MKFS_DEFAULT ? by_default : option == XFS_MKFS_ON;
}

static int plan_features(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	bool recent = o->profile == XFS_MKFS_PROFILE_7_2;
	const uint8_t *const switches[] = {
		&o->finobt, &o->sparse,	    &o->rmapbt,	 &o->reflink, &o->bigtime,
		&o->nrext64, &o->inobtcount, &o->exchange, &o->parent, &o->autofsck,
	};
	const struct {
		uint8_t option;
		bool by_default;
		uint32_t ro_compat, incompat;
	} features[] = {
		{ o->finobt, true, XFS_SB_FEAT_RO_COMPAT_FINOBT, 0 },
		{ o->rmapbt, recent, XFS_SB_FEAT_RO_COMPAT_RMAPBT, 0 },
		{ o->reflink, true, XFS_SB_FEAT_RO_COMPAT_REFLINK, 0 },
		{ o->inobtcount, o->finobt != XFS_MKFS_OFF, XFS_SB_FEAT_RO_COMPAT_INOBTCNT, 0 },
		{ o->sparse, true, 0, XFS_SB_FEAT_INCOMPAT_SPINODES },
		{ o->bigtime, true, 0, XFS_SB_FEAT_INCOMPAT_BIGTIME },
		{ o->nrext64, recent, 0, XFS_SB_FEAT_INCOMPAT_NREXT64 },
		{ o->exchange, recent, 0, XFS_SB_FEAT_INCOMPAT_EXCHRANGE },
		{ o->parent, recent, 0, XFS_SB_FEAT_INCOMPAT_PARENT },
	};
	bool parent, rmapbt;

	if (o->profile > XFS_MKFS_PROFILE_6_1)
		return bad_option("unknown profile %u", o->profile);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (*switches[i] > XFS_MKFS_OFF)
			return bad_option("a feature must be default, on or off, not %u",
					  *switches[i]);
	if (o->inobtcount == XFS_MKFS_ON && o->finobt == XFS_MKFS_OFF)
		return bad_option("inobtcount needs finobt");

	sb->sb_versionnum = XFS_SB_VERSION_V5_REQUIRED | XFS_SB_VERSION_5;
	sb->sb_features2 = XFS_SB_VERSION2_V5_REQUIRED;
	sb->sb_bad_features2 = sb->sb_features2;
	sb->sb_features_incompat = XFS_SB_FEAT_INCOMPAT_FTYPE;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (!switched(features[i].option, features[i].by_default))
			continue;
		sb->sb_features_ro_compat |= features[i].ro_compat;
		sb->sb_features_incompat |= features[i].incompat;
	}
	if (o->flags & XFS_MKFS_ASCII_CI)
		sb->sb_versionnum |= XFS_SB_VERSION_BORGBIT;

	/* The default repairs metadata by itself only if it has back pointers. */
	parent = (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_PARENT) != 0;
	rmapbt = (sb->sb_features_ro_compat & XFS_SB_FEAT_RO_COMPAT_RMAPBT) != 0;
	plan->autofsck = switched(o->autofsck, recent && parent && rmapbt);
	/* The bit announces attributes: parent pointers, or the autofsck attribute. */
	if (parent || plan->autofsck)
		sb->sb_versionnum |= XFS_SB_VERSION_ATTRBIT;
	return 0;
}

/* Alignment of inode chunks; depends on sizes and on sparse inodes. */
static void plan_inode_alignment(struct xfs_mkfs_plan *plan)
{
	struct xfs_sb *sb = &plan->sb;
	uint32_t cluster = 8192u * (sb->sb_inodesize / 256u) / sb->sb_blocksize;

	if (sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_SPINODES) {
		sb->sb_spino_align = cluster;
		sb->sb_inoalignmt = XFS_INODES_PER_CHUNK * sb->sb_inodesize / sb->sb_blocksize;
	} else {
		sb->sb_inoalignmt = cluster;
	}
}

/* The device's stripe geometry, if usable. */
static void probed_stripe(const struct xfs_mkfs_plan *plan, uint64_t *sunit, uint64_t *swidth)
{
	const struct xfs_device_info *info = &plan->info;
	uint32_t blocksize = plan->sb.sb_blocksize;

	*sunit = *swidth = 0;
	if (plan->opts.flags & XFS_MKFS_NOALIGN)
		return;
	/* A unit no larger than a sector gives no information. */
	if (info->io_min <= XFS_MAX(info->physical_sector, info->logical_sector))
		return;
	if (!info->io_opt || info->io_opt % info->io_min || info->io_min % blocksize)
		return;
	*sunit = info->io_min;
	*swidth = info->io_opt;
}

static int plan_stripe(struct xfs_mkfs_plan *plan, uint64_t data_bytes)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint64_t sunit = o->sunit, swidth = o->swidth;

	if (!sunit && swidth)
		return bad_option("a stripe width needs a stripe unit");
	if (!sunit && data_bytes >= 1ull << 30)
		probed_stripe(plan, &sunit, &swidth);
	if (!sunit)
		return 0;
	if (!swidth)
		swidth = sunit;
	if (sunit % sb->sb_blocksize || sunit % sb->sb_sectsize)
		return bad_option("stripe unit %" PRIu64 " is not a multiple of the block size %u",
				  sunit, sb->sb_blocksize);
	if (swidth % sunit)
		return bad_option("stripe width %" PRIu64 " is not a multiple of the unit %" PRIu64,
				  swidth, sunit);
	if (swidth > XFS_MAX_STRIPE_BYTES)
		return bad_option("stripe width %" PRIu64 " is too large", swidth);
	sb->sb_versionnum |= XFS_SB_VERSION_DALIGNBIT;
	sb->sb_unit = (uint32_t)(sunit >> sb->sb_blocklog);
	sb->sb_width = (uint32_t)(swidth >> sb->sb_blocklog);
	return 0;
}

static int plan_size(struct xfs_mkfs_plan *plan, uint64_t *data_bytes)
{
	uint64_t bytes = plan->opts.data_size;

	if (!bytes)
		bytes = plan->info.size_bytes;
	else if (bytes > plan->info.size_bytes && !plan->info.growable)
		return xfs_error(NULL, -ENOSPC,
				 "the device has %" PRIu64 " bytes, but %" PRIu64 " are needed",
				 plan->info.size_bytes, bytes);
	plan->sb.sb_dblocks = bytes >> plan->sb.sb_blocklog;
	*data_bytes = bytes;
	return 0;
}

int xfs_mkfs_plan_units(struct xfs_mkfs_plan *plan)
{
	struct xfs_mkfs_options *o = &plan->opts;
	struct xfs_sb *sb = &plan->sb;
	uint64_t data_bytes = 0;
	int error;

	sb->sb_magicnum = XFS_SB_MAGIC;
	error = plan_features(plan);
	if (!error)
		error = plan_blocks(plan);
	if (!error)
		error = plan_sectors(plan);
	if (!error)
		error = plan_size(plan, &data_bytes);
	if (!error)
		error = plan_stripe(plan, data_bytes);
	if (error)
		return error;
	plan_inode_alignment(plan);
	if (o->imaxpct > 100 && o->imaxpct != XFS_MKFS_IMAXPCT_NOLIMIT)
		return bad_option("imaxpct %u is above 100", o->imaxpct);

	memcpy(sb->sb_fname, o->label, sizeof(sb->sb_fname));
	memcpy(sb->sb_uuid.b, o->uuid, sizeof(sb->sb_uuid.b));
	if (xfs_uuid_is_null(&sb->sb_uuid)) {
		xfs_rand_bytes(&plan->rand, sb->sb_uuid.b, sizeof(sb->sb_uuid.b));
		sb->sb_uuid.b[6] = (uint8_t)((sb->sb_uuid.b[6] & 0x0f) | 0x40);
		sb->sb_uuid.b[8] = (uint8_t)((sb->sb_uuid.b[8] & 0x3f) | 0x80);
	}
	return 0;
}
