/* SPDX-License-Identifier: MIT */
/* What a device already contains, for callers that are about to format it. */
#include "base/need.h"
#include "device/device_priv.h"

#ifdef HAVE_LIBBLKID
#include <blkid/blkid.h>
#include <stdio.h>
#include <unistd.h>

/* Where signatures are; those at the end are of RAID members and backup partition tables. */
#define HEAD_BYTES (4u << 20)
#define TAIL_BYTES (1u << 20)

static void describe(blkid_probe pr, char *what, size_t what_size)
{
	const char *type = NULL, *usage = "";

	if (blkid_probe_lookup_value(pr, "TYPE", &type, NULL) == 0) {
		blkid_probe_lookup_value(pr, "USAGE", &usage, NULL);
		if (!strcmp(usage, "filesystem"))
			snprintf(what, what_size, "%s file system", type);
		else if (!strcmp(usage, "raid"))
			snprintf(what, what_size, "%s volume member", type);
		else if (!strcmp(usage, "crypto"))
			snprintf(what, what_size, "%s encrypted volume", type);
		else
			snprintf(what, what_size, "%s signature", type);
	} else if (blkid_probe_lookup_value(pr, "PTTYPE", &type, NULL) == 0) {
		snprintf(what, what_size, "%s partition table", type);
	} else {
		snprintf(what, what_size, "unknown signature");
	}
}

/*
 * Probe one by one.  Since version 2.41 blkid_do_safeprobe() fails where it used to report several
 * signatures, and that result must not be taken for "cannot be examined".
 */
static int probe_each(blkid_probe pr, char *what, size_t what_size)
{
	unsigned int found = 0, types = 0;
	int ret;

	blkid_reset_probe(pr);
	while ((ret = blkid_do_probe(pr)) == 0) {
		/* A file system is worth more to report than a partition table beside it. */
		bool is_type = blkid_probe_has_value(pr, "TYPE");

		if (!found || (is_type && !types))
			describe(pr, what, what_size);
		found++;
		types += is_type;
	}
	if (ret < 0)
		return xfs_fail(-EIO, "libblkid cannot examine the device");
	if (types > 1)
		snprintf(what, what_size, "several signatures");
	return found != 0;
}

static int probe_fd(int fd, uint32_t sector_bytes, char *what, size_t what_size)
{
	blkid_probe pr = blkid_new_probe();
	int found;

	if (!pr)
		return xfs_fail(-ENOMEM, "out of memory for libblkid");
	if (blkid_probe_set_device(pr, fd, 0, 0) != 0 ||
	    blkid_probe_set_sectorsize(pr, sector_bytes) != 0) {
		blkid_free_probe(pr);
		return xfs_fail(-EIO, "libblkid cannot examine the device");
	}
	blkid_probe_enable_superblocks(pr, 1);
	/* A superblock with a bad checksum still means someone's file system. */
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
						      BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(pr, 1);
	blkid_probe_set_partitions_flags(pr, BLKID_PARTS_FORCE_GPT);
	found = blkid_do_safeprobe(pr);
	if (found == 0) {
		describe(pr, what, what_size);
		found = 1;
	} else if (found == -2) {
		snprintf(what, what_size, "several signatures");
		found = 1;
	} else if (found < 0) {
		found = probe_each(pr, what, what_size);
	} else {
		found = 0;
	}
	blkid_free_probe(pr);
	return found;
}

static int probe(struct xfs_device *dev, char *what, size_t what_size)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int fd, error;

	error = xfs_need_buffer(what, what_size);
	if (!error && what_size)
		what[0] = '\0';
	if (!error)
		error = xfs_device_info(dev, &info);
	if (error)
		return error;
	if (!info.size_bytes)
		return 0;
	error = xfs_device_shadow(dev, HEAD_BYTES, TAIL_BYTES, &fd);
	if (error)
		return error;
	error = probe_fd(fd, info.logical_sector, what, what_size);
	close(fd);
	return error;
}

#else

static int probe(struct xfs_device *dev, char *what, size_t what_size)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_need_buffer(what, what_size);

	if (!error && what_size)
		what[0] = '\0';
	/* Every build reports an error of the device. */
	if (!error)
		error = xfs_device_info(dev, &info);
	return error ? error : xfs_fail(-EOPNOTSUPP, "built without libblkid");
}

#endif

int xfs_device_probe(struct xfs_device *dev, char *what, size_t what_size)
{
	return XFS_CALL(probe(dev, what, what_size));
}
