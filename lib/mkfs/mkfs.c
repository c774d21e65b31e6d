/* SPDX-License-Identifier: MIT */
/*
 * Formatting, in an order that leaves nothing mountable before the end:
 *
 *  1. make the device's old contents unrecognizable: superblock copies of an old
 *     XFS, both ends of the device;
 *  2. write a primary superblock that says "in progress";
 *  3. write the log, the AGs, the first inodes, in any order;
 *  4. flush; write the primary superblock without "in progress"; flush.
 */
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/growable.h"
#include "base/need.h"
#include "device/claim.h"
#include "disk/verify.h"
#include "mkfs/mkfs_priv.h"

#define WIPE_BYTES	(128u << 10)	/* where other file systems, RAID and swap keep theirs */
#define IO_ALIGN	4096u

/* All known flags. */
#define ALL_FLAGS							\
	(XFS_MKFS_FORCE | XFS_MKFS_SMALL | XFS_MKFS_INPROGRESS |	\
	 XFS_MKFS_NOALIGN | XFS_MKFS_DISCARD | XFS_MKFS_ASCII_CI | XFS_MKFS_LOG_AG)

static int copy_options(struct xfs_mkfs_plan *plan, const struct xfs_mkfs_options *opts)
{
	int error = 0;

	if (opts)
		error = xfs_take_struct(xfs_mkfs_options, &plan->opts, opts, flags);
	if (!error)
		error = xfs_env_take(&plan->env, plan->opts.env);
	if (error)
		return error;
	for (size_t i = 0; i < sizeof(plan->opts.reserved); i++)
		if (plan->opts.reserved[i])
			return xfs_error(NULL, -EINVAL,
					 "struct xfs_mkfs_options has members that this version "
					 "does not know");
	if (plan->opts.flags & ~ALL_FLAGS)
		return xfs_error(NULL, -EINVAL, "unknown flags 0x%x",
				 plan->opts.flags & ~ALL_FLAGS);
	return 0;
}

static int make_plan(struct xfs_mkfs_plan *plan, struct xfs_device *dev,
		     struct xfs_device *logdev, const struct xfs_mkfs_options *opts)
{
	xfs_failaddr_t fa;
	int error;

	memset(plan, 0, sizeof(*plan));
	plan->dev = dev;
	plan->logdev = logdev;
	plan->info = plan->loginfo = (struct xfs_device_info)XFS_DEVICE_INFO_INIT;
	error = copy_options(plan, opts);
	if (error)
		return error;
	xfs_mem_init(&plan->mem, &plan->env);
	xfs_rand_init(&plan->rand, &plan->env);
	xfs_env_now(&plan->env, &plan->now);
	error = xfs_device_info(dev, &plan->info);
	if (!error && logdev)
		error = xfs_device_info(logdev, &plan->loginfo);
	if (error)
		return xfs_error(NULL, error, "the properties of the device are unknown: %s",
				 error == -EINVAL ? xfs_last_text() : xfs_errstr(error));
	error = xfs_mkfs_plan_units(plan);
	if (!error)
		error = xfs_mkfs_plan_layout(plan);
	if (error)
		return error;
	/* The other half of the library must accept what is made here. */
	fa = xfs_sb_verify(&plan->sb);
	if (!fa)
		fa = xfs_sb_counters_verify(&plan->sb);
	if (fa)
		return xfs_error(NULL, -EINVAL, "impossible combination of options: %s", fa);
	return 0;
}

static void tell_geometry(const struct xfs_mkfs_plan *plan, struct xfs_mkfs_geometry *out)
{
	const struct xfs_sb *sb = &plan->sb;
	struct xfs_mkfs_geometry g = {
		.blocksize = sb->sb_blocksize,
		.sectsize = sb->sb_sectsize,
		.inodesize = sb->sb_inodesize,
		.dirblocksize = plan->geo.dirblksize,
		.agcount = sb->sb_agcount,
		.agblocks = sb->sb_agblocks,
		.imaxpct = sb->sb_imax_pct,
		.dblocks = sb->sb_dblocks,
		.sunit = sb->sb_unit,
		.swidth = sb->sb_width,
		.logblocks = sb->sb_logblocks,
		.min_logblocks = plan->min_logblocks,
		.log_agno = plan->logdev ? 0 : plan->log_agno,
		.log_agbno = plan->log_agbno,
		.logsectsize = plan->geo.logsectsize,
		.logsunit = plan->geo.logsunit,
		.free_blocks = sb->sb_fdblocks,
		.inodes = sb->sb_icount,
		.root_ino = sb->sb_rootino,
		.sb_versionnum = sb->sb_versionnum,
		.features_ro_compat = sb->sb_features_ro_compat,
		.features_incompat = sb->sb_features_incompat,
		.external_log = plan->logdev != NULL,
	};

	memcpy(g.uuid, sb->sb_uuid.b, sizeof(g.uuid));
	memcpy(g.label, sb->sb_fname, sizeof(sb->sb_fname));
	xfs_give_struct(&g, out);
}

static int do_mkfs_geometry(struct xfs_device *dev, struct xfs_device *logdev,
			    const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out)
{
	struct xfs_mkfs_plan plan;
	int error = xfs_need_object(dev) ?: xfs_need_struct(xfs_mkfs_geometry, out, blocksize);

	if (!error)
		error = make_plan(&plan, dev, logdev, opts);
	if (!error)
		tell_geometry(&plan, out);
	return error;
}

int xfs_mkfs_geometry(struct xfs_device *dev, struct xfs_device *logdev,
		      const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out)
{
	return XFS_CALL(do_mkfs_geometry(dev, logdev, opts, out));
}

/* ---------------------------------------------------------- what was there */

int xfs_mkfs_check_ends(const struct xfs_mem *mem, struct xfs_device *dev, uint64_t size,
			const char *which)
{
	uint64_t wipe = XFS_MIN((uint64_t)WIPE_BYTES, size);
	const uint64_t at[] = { 0, size - wipe };
	uint8_t *buf = xfs_mem_alloc_aligned(mem, IO_ALIGN, WIPE_BYTES);
	int error = 0;

	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(at) && !error && wipe; i++) {
		error = xfs_device_pread(dev, at[i], buf, (size_t)wipe);
		if (!error && (buf[0] || memcmp(buf, buf + 1, (size_t)wipe - 1) != 0))
			error = xfs_error(NULL, -EEXIST, "the %s device is not empty", which);
	}
	xfs_mem_free_aligned(mem, buf);
	return error;
}

static int check_empty(struct xfs_mkfs_plan *plan, struct xfs_device *dev,
		       const struct xfs_device_info *info, const char *which)
{
	char what[128];
	int found;

	if (plan->opts.flags & XFS_MKFS_FORCE)
		return 0;
	found = xfs_device_probe(dev, what, sizeof(what));
	if (found == -EOPNOTSUPP)
		return xfs_mkfs_check_ends(&plan->mem, dev,
					   xfs_rounddown64(info->size_bytes, info->logical_sector),
					   which);
	if (found < 0)
		return xfs_error(NULL, found, "the %s device cannot be examined", which);
	if (found)
		return xfs_error(NULL, -EEXIST, "the %s device holds: %s", which, what);
	return 0;
}

/* Wipe the superblock copies of an old XFS: xfs_repair would find them and prefer them to ours. */
static int wipe_old_copies(struct xfs_mkfs_plan *plan)
{
	uint64_t step, sector = plan->info.logical_sector;
	uint8_t *buf;
	struct xfs_sb old;
	int error;

	if (plan->info.size_bytes < IO_ALIGN)
		return 0;
	buf = xfs_mem_alloc_aligned(&plan->mem, IO_ALIGN, IO_ALIGN);
	if (!buf)
		return -ENOMEM;
	error = xfs_device_pread(plan->dev, 0, buf, IO_ALIGN);
	xfs_sb_from_disk(&old, (const void *)buf);
	xfs_mem_free_aligned(&plan->mem, buf);
	/* If the old superblock cannot be read, there are no copies to wipe. */
	if (error || xfs_sb_verify(&old) || old.sb_sectsize < sector)
		return 0;
	step = (uint64_t)old.sb_agblocks << old.sb_blocklog;
	for (uint64_t off = step; off / step < old.sb_agcount; off += step) {
		if (off + old.sb_sectsize > plan->info.size_bytes)
			break;
		error = xfs_device_zero(plan->dev, off, old.sb_sectsize);
		if (error)
			return error;
	}
	return 0;
}

static int wipe_ends(struct xfs_device *dev, const struct xfs_device_info *info)
{
	uint64_t size = xfs_rounddown64(info->size_bytes, info->logical_sector);
	uint64_t wipe = XFS_MIN(xfs_roundup64(WIPE_BYTES, info->logical_sector), size);
	int error = 0;

	if (wipe)
		error = xfs_device_zero(dev, 0, wipe);
	if (!error && wipe)
		error = xfs_device_zero(dev, size - wipe, wipe);
	return error;
}

static int discard_all(struct xfs_device *dev, const struct xfs_device_info *info)
{
	int error = xfs_device_discard(dev, 0, xfs_rounddown64(info->size_bytes,
							       info->logical_sector));

	return error == -EOPNOTSUPP ? 0 : error;
}

/* Extend a file to the requested size. */
static int make_room(struct xfs_device *dev, struct xfs_device_info *info, uint64_t need)
{
	int error;

	if (info->size_bytes >= need)
		return 0;
	error = xfs_device_resize(dev, need);
	if (error)
		return error;
	return xfs_device_info(dev, info);
}

static int prepare_devices(struct xfs_mkfs_plan *plan)
{
	const struct xfs_sb *sb = &plan->sb;
	int error;

	error = make_room(plan->dev, &plan->info, sb->sb_dblocks << sb->sb_blocklog);
	if (!error && plan->logdev)
		error = make_room(plan->logdev, &plan->loginfo,
				  (uint64_t)sb->sb_logblocks << sb->sb_blocklog);
	if (!error)
		error = wipe_old_copies(plan);
	if (!error && plan->opts.flags & XFS_MKFS_DISCARD) {
		error = discard_all(plan->dev, &plan->info);
		if (!error && plan->logdev)
			error = discard_all(plan->logdev, &plan->loginfo);
	}
	if (!error)
		error = wipe_ends(plan->dev, &plan->info);
	if (!error && plan->logdev)
		error = wipe_ends(plan->logdev, &plan->loginfo);
	return error;
}

/* -------------------------------------------------------------- what comes */

static int write_primary(struct xfs_mkfs_plan *plan, const struct xfs_sb *sb, uint8_t *buf)
{
	memset(buf, 0, sb->sb_sectsize);
	xfs_sb_to_disk((struct xfs_dsb *)(void *)buf, sb);
	xfs_cksum_set(buf, sb->sb_sectsize, XFS_SB_CRC_OFF);
	return xfs_device_pwrite(plan->dev, 0, buf, sb->sb_sectsize, 0);
}

static int step(struct xfs_mkfs_plan *plan, const char *phase, uint64_t done, uint64_t total)
{
	if (plan->env.progress && plan->env.progress(plan->env.ctx, phase, done, total))
		return -ECANCELED;
	return 0;
}

static int write_ags(struct xfs_mkfs_plan *plan, uint8_t *buf)
{
	for (xfs_agnumber_t agno = 0; agno < plan->sb.sb_agcount; agno++) {
		int error = step(plan, "allocation groups", agno, plan->sb.sb_agcount);

		if (error)
			return error;
		xfs_mkfs_make_ag(plan, agno, buf);
		error = xfs_device_pwrite(plan->dev, xfs_agb_to_bytes(&plan->geo, agno, 0), buf,
					  xfs_mkfs_ag_bytes(plan), 0);
		if (error)
			return error;
	}
	return 0;
}

static int write_inodes(struct xfs_mkfs_plan *plan, uint8_t *buf)
{
	xfs_mkfs_make_inodes(plan, buf, xfs_rand32(&plan->rand));
	return xfs_device_pwrite(plan->dev, xfs_agb_to_bytes(&plan->geo, 0, plan->root_agbno), buf,
				 (size_t)plan->geo.ialloc_blks << plan->geo.blocklog, 0);
}

static int write_log(struct xfs_mkfs_plan *plan)
{
	if (plan->logdev)
		return xfs_mkfs_write_log(plan, plan->logdev, 0);
	return xfs_mkfs_write_log(plan, plan->dev,
				  xfs_agb_to_bytes(&plan->geo, plan->log_agno, plan->log_agbno));
}

static int write_all(struct xfs_mkfs_plan *plan, uint8_t *buf)
{
	struct xfs_sb early = plan->sb;
	struct xfs_sb final = plan->sb;
	int error;

	early.sb_inprogress = 1;
	early.sb_rootino = early.sb_rbmino = early.sb_rsumino = NULLFSINO;
	early.sb_icount = early.sb_ifree = 0;
	early.sb_fdblocks = xfs_mkfs_fdblocks_empty(plan);
	final.sb_inprogress = (plan->opts.flags & XFS_MKFS_INPROGRESS) != 0;

	error = write_primary(plan, &early, buf);
	if (!error)
		error = step(plan, "log", 0, 1);
	if (!error)
		error = write_log(plan);
	if (!error)
		error = write_ags(plan, buf);
	if (!error)
		error = write_inodes(plan, buf);
	/* Last call of the hook: after this the file system may become complete. */
	if (!error)
		error = step(plan, "flush", 0, 1);
	if (!error && plan->logdev)
		error = xfs_device_flush(plan->logdev);
	if (!error)
		error = xfs_device_flush(plan->dev);
	if (!error)
		error = write_primary(plan, &final, buf);
	if (!error)
		error = xfs_device_flush(plan->dev);
	return error;
}

/* Both devices are claimed. */
static int format(struct xfs_mkfs_plan *plan)
{
	size_t bytes;
	uint8_t *buf;
	int error;

	error = check_empty(plan, plan->dev, &plan->info, "data");
	if (!error && plan->logdev)
		error = check_empty(plan, plan->logdev, &plan->loginfo, "log");
	if (error)
		return error;
	bytes = XFS_MAX(xfs_mkfs_ag_bytes(plan),
			(size_t)plan->geo.ialloc_blks << plan->geo.blocklog);
	buf = xfs_mem_alloc_aligned(&plan->mem, IO_ALIGN, bytes);
	if (!buf)
		return xfs_error(NULL, -ENOMEM, "out of memory");
	error = prepare_devices(plan);
	if (!error)
		error = write_all(plan, buf);
	xfs_mem_free_aligned(&plan->mem, buf);
	if (error == -ECANCELED)
		return xfs_error(NULL, error,
				 "stopped by the caller: the device cannot be mounted");
	if (error)
		return xfs_error(NULL, error, "writing failed: %s", xfs_errstr(error));
	return 0;
}

static int do_mkfs(struct xfs_device *dev, struct xfs_device *logdev,
		   const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out)
{
	struct xfs_claim claim, log_claim = { 0 };
	struct xfs_mkfs_plan plan;
	int error = 0;

	if (out)
		error = xfs_need_struct(xfs_mkfs_geometry, out, blocksize);
	if (!error)
		error = make_plan(&plan, dev, logdev, opts);
	if (error)
		return error;
	if (plan.info.read_only || (logdev && plan.loginfo.read_only))
		return xfs_error(NULL, -EROFS, "the device is read-only");
	error = xfs_device_claim(dev, NULL, &claim);
	if (error)
		return error;
	if (logdev)
		error = xfs_device_claim(logdev, NULL, &log_claim);
	if (!error)
		error = format(&plan);
	xfs_device_unclaim(&log_claim);
	xfs_device_unclaim(&claim);
	if (!error && out)
		tell_geometry(&plan, out);
	return error;
}

int xfs_mkfs(struct xfs_device *dev, struct xfs_device *logdev,
	     const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out)
{
	return XFS_CALL(do_mkfs(dev, logdev, opts, out));
}
