/* SPDX-License-Identifier: MIT */
/* The primary superblock: read at open, written at the first change and at close. */
#include "ag/perag.h"
#include "base/crc32c.h"
#include "base/sabotage.h"
#include "core/message.h"
#include "disk/verify.h"
#include "mount/mount_priv.h"
#include "quota/quota.h"

#define SB_MIN_BYTES	512u
#define SB_MAX_BYTES	32768u

static int check_access(struct xfs_mount *mp, bool in_progress_ok)
{
	const struct xfs_sb *sb = &mp->m_sb;
	const char *reason = "";

	switch (xfs_sb_access(sb, &reason)) {
	case XFS_SB_REFUSE:
		return xfs_error(mp, -ENOTSUP, "this file system cannot be opened: %s", reason);
	case XFS_SB_READ_ONLY:
		if (!mp->m_rdonly)
			return xfs_error(mp, -EROFS, "this file system can only be read: %s", reason);
		break;
	case XFS_SB_READ_WRITE:
		break;
	}
	if (sb->sb_inprogress && !in_progress_ok)
		return xfs_error(
			mp, -EUCLEAN,
			"the image is unfinished (in progress): its writer did not close it");
	return 0;
}

static int check_size(struct xfs_mount *mp)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(mp->m_dev, &info);

	if (error)
		return xfs_error(mp, error, "the size of the device is unknown: %s",
				 xfs_errstr(error));
	if (info.size_bytes >> geo->blocklog < geo->dblocks)
		return xfs_error(mp, -EINVAL, "the device has %" PRIu64 " bytes, the file system needs %"
				 PRIu64, info.size_bytes, geo->dblocks << geo->blocklog);
	if (info.logical_sector > geo->sectsize)
		return xfs_error(mp, -EINVAL,
				 "the device has sectors of %u bytes, the file system of %u",
				 info.logical_sector, geo->sectsize);
	if (!mp->m_rdonly && info.read_only)
		return xfs_error(mp, -EROFS, "the device is read-only");
	return 0;
}

int xfs_readsb(struct xfs_mount *mp, bool in_progress_ok)
{
	uint8_t *buf = xfs_mem_alloc_aligned(&mp->m_mem, 4096, SB_MAX_BYTES);
	const struct xfs_dsb *dsb = (const struct xfs_dsb *)buf;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint32_t sectsize, first;
	xfs_failaddr_t fa;
	int error;

	if (!buf)
		return xfs_error(mp, -ENOMEM, "out of memory for the superblock");
	error = xfs_device_info(mp->m_dev, &info);
	first = XFS_MAX(SB_MIN_BYTES, info.logical_sector);
	if (!error && info.size_bytes < first) {
		error = xfs_error(mp, -EINVAL, "%" PRIu64 " bytes are too few for a file system",
				  info.size_bytes);
		goto out_free;
	}
	if (!error)
		error = xfs_device_pread(mp->m_dev, 0, buf, first);
	if (error) {
		error = xfs_error(mp, error, "reading the superblock: %s", xfs_errstr(error));
		goto out_free;
	}
	sectsize = be16_to_cpu(dsb->sb_sectsize);
	if (be32_to_cpu(dsb->sb_magicnum) != XFS_SB_MAGIC) {
		error = xfs_error(mp, -EINVAL, "not an XFS file system");
		goto out_free;
	}
	if ((be16_to_cpu(dsb->sb_versionnum) & XFS_SB_VERSION_NUMBITS) != XFS_SB_VERSION_5) {
		error = xfs_error(mp, -EINVAL, "XFS version %u is not supported, only version 5",
				  be16_to_cpu(dsb->sb_versionnum) & XFS_SB_VERSION_NUMBITS);
		goto out_free;
	}
	if (!xfs_is_power_of_2(sectsize) || sectsize < SB_MIN_BYTES || sectsize > SB_MAX_BYTES ||
	    sectsize > info.size_bytes) {
		error = xfs_error(mp, -EINVAL, "superblock: impossible sector size %u", sectsize);
		goto out_free;
	}
	if (sectsize > first)
		error = xfs_device_pread(mp->m_dev, 0, buf, sectsize);
	if (error) {
		error = xfs_error(mp, error, "reading the superblock: %s", xfs_errstr(error));
		goto out_free;
	}
	if (!xfs_cksum_ok(buf, sectsize, XFS_SB_CRC_OFF)) {
		error = xfs_error(mp, -EBADMSG, "superblock: wrong checksum");
		goto out_free;
	}
	xfs_sb_from_disk(&mp->m_sb, dsb);
	fa = xfs_sb_verify(&mp->m_sb);
	/*
	 * Check for unknown features first: they may change the superblock in ways that look wrong.
	 */
	error = check_access(mp, in_progress_ok);
	if (!error && fa)
		error = xfs_corrupt(mp, "superblock", "%s", fa);
	if (!error)
		error = xfs_geometry_init(&mp->m_geo, &mp->m_sb);
	if (!error)
		error = check_size(mp);
out_free:
	xfs_mem_free_aligned(&mp->m_mem, buf);
	return error;
}

int xfs_writesb(struct xfs_mount *mp, bool in_progress)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	uint64_t icount, ifree, fdblocks;
	struct xfs_dsb *dsb;
	int error;

	if (!in_progress) {
		error = xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks);
		if (error)
			return error;
		mp->m_sb.sb_icount = icount;
		mp->m_sb.sb_ifree = ifree;
		mp->m_sb.sb_fdblocks = fdblocks;
		/* They describe the log's contents, and the log is empty. */
		mp->m_sb.sb_features_log_incompat = 0;
	}
	dsb = xfs_mem_alloc_aligned(&mp->m_mem, 4096, geo->sectsize);
	if (!dsb)
		return xfs_error(mp, -ENOMEM, "out of memory for the superblock");
	/* Keep the bytes behind the fields we know. */
	error = xfs_device_pread(mp->m_dev, 0, dsb, geo->sectsize);
	if (!error) {
		mp->m_sb.sb_inprogress = in_progress;
		xfs_sb_to_disk(dsb, &mp->m_sb);
		xfs_cksum_set(dsb, geo->sectsize, XFS_SB_CRC_OFF);
		error = xfs_device_pwrite(mp->m_dev, 0, dsb, geo->sectsize, 0);
	}
	if (!error && !XFS_SABOTAGE(XFS_RULE_UNMOUNT_FLUSH))
		error = xfs_device_flush(mp->m_dev);
	xfs_mem_free_aligned(&mp->m_mem, dsb);
	if (error)
		xfs_error(mp, error, "writing the superblock: %s", xfs_errstr(error));
	return error;
}

int xfs_mark_in_progress(struct xfs_mount *mp)
{
	int error = 0;

	xfs_mutex_lock(&mp->m_mark_lock);
	if (!(__atomic_load_n(&mp->m_state, __ATOMIC_RELAXED) & XFS_STATE_MARKED)) {
		xfs_quota_first_change(mp);
		/* With a journal the superblock is in the first checkpoint. */
		if (mp->m_unjournalled)
			error = xfs_writesb(mp, true);
		if (!error)
			__atomic_fetch_or(&mp->m_state, XFS_STATE_MARKED, __ATOMIC_RELEASE);
	}
	xfs_mutex_unlock(&mp->m_mark_lock);
	return error;
}
