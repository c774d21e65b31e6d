/* SPDX-License-Identifier: MIT */
/*
 * Partitions of a disk image, found by libblkid.  Their tables lie in the first and last mebibyte,
 * except for the chain of logical partitions of an MBR, which runs through the whole disk; its
 * links are copied for libblkid too.
 */
#include "base/endian.h"
#include "base/need.h"
#include "device/device_priv.h"

#define GPT_MY_LBA	   24
#define GPT_LARGEST_SECTOR 4096u

/*
 * True if a GPT header stands where the second sector of a disk with sectors of @offset bytes would
 * be.
 */
static bool has_gpt_header(struct xfs_device *dev, uint32_t offset, uint32_t sector_bytes)
{
	uint8_t sector[GPT_LARGEST_SECTOR / 2];
	le64_t my_lba;

	if (xfs_device_pread(dev, offset, sector, sector_bytes))
		return false;
	memcpy(&my_lba, sector + GPT_MY_LBA, sizeof(my_lba));
	return !memcmp(sector, "EFI PART", 8) && le64_to_cpu(my_lba) == 1;
}

/*
 * Only a GPT tells the sector size: nothing in an MBR depends on it.  A read error counts as
 * "unknown", because a later read will report it.
 */
uint32_t xfs_partition_table_sector(struct xfs_device *base, const struct xfs_device_info *info)
{
	const uint32_t large = GPT_LARGEST_SECTOR, small = info->logical_sector;

	if (info->physical_sector >= large || small >= large || info->size_bytes < 2 * large)
		return 0;
	return has_gpt_header(base, large, small) && !has_gpt_header(base, small, small) ? large : 0;
}

#ifdef HAVE_LIBBLKID
#include <blkid/blkid.h>
#include <unistd.h>

#define TABLE_BYTES (1u << 20)

/* An MBR: four entries in a sector.  Each sector of the chain has the same form. */
#define PC_TABLE_OFFSET	    446
#define PC_ENTRIES	    4
#define PC_ENTRY_BYTES	    16
#define PC_ENTRY_TYPE	    4
#define PC_ENTRY_START	    8
#define PC_SIGNATURE_OFFSET 510
#define PC_MAX_LINKS	    256 /* the chain may be a circle */

/* Start of the first extended partition in a table; 0: none. */
static uint32_t extended_start(const uint8_t *sector)
{
	if (sector[PC_SIGNATURE_OFFSET] != 0x55 || sector[PC_SIGNATURE_OFFSET + 1] != 0xaa)
		return 0;
	for (unsigned int i = 0; i < PC_ENTRIES; i++) {
		const uint8_t *entry = sector + PC_TABLE_OFFSET + i * PC_ENTRY_BYTES;
		uint8_t type = entry[PC_ENTRY_TYPE];

		if (type == 0x05 || type == 0x0f || type == 0x85)
			return get_le32(entry + PC_ENTRY_START);
	}
	return 0;
}

static int copy_logical_chain(struct xfs_device *dev, int fd, uint32_t sector_bytes)
{
	uint8_t sector[512];
	uint32_t first, next = 0;
	int error = 0;

	if (pread(fd, sector, sizeof(sector), 0) != (ssize_t)sizeof(sector))
		return 0;
	first = extended_start(sector);
	for (unsigned int links = 0; first && links < PC_MAX_LINKS; links++) {
		uint64_t offset = ((uint64_t)first + next) * sector_bytes;

		error = xfs_device_shadow_add(dev, fd, offset, sector_bytes);
		if (error)
			return error == -EIO ? 0 : error; /* the chain leaves the image */
		if (pread(fd, sector, sizeof(sector), (off_t)offset) != (ssize_t)sizeof(sector))
			return 0;
		next = extended_start(sector);
		if (!next)
			break;
	}
	return 0;
}

/* -EINVAL: libblkid finds no partitions with sectors of @sector_bytes. */
static int look_up(int fd, uint32_t sector_bytes, unsigned int number, uint64_t *offset,
		   uint64_t *len)
{
	blkid_probe pr = blkid_new_probe();
	blkid_partlist list;
	blkid_partition part;
	int error = -EINVAL;

	if (!pr)
		return -ENOMEM;
	if (blkid_probe_set_device(pr, fd, 0, 0) != 0 ||
	    blkid_probe_set_sectorsize(pr, sector_bytes) != 0) {
		error = -EIO;
		goto out;
	}
	blkid_probe_enable_superblocks(pr, 0);
	blkid_probe_enable_partitions(pr, 1);
	list = blkid_probe_get_partitions(pr);
	/*
	 * If libblkid cannot find the GPT, it takes the protective MBR for a table without
	 * partitions.
	 */
	if (!list || blkid_partlist_numof_partitions(list) == 0)
		goto out;
	part = blkid_partlist_get_partition_by_partno(list, (int)number);
	error = part ? 0 : -ENOENT;
	if (part) {
		/* In units of 512 bytes, whatever the sector size. */
		*offset = (uint64_t)blkid_partition_get_start(part) << 9;
		*len = (uint64_t)blkid_partition_get_size(part) << 9;
	}
out:
	blkid_free_probe(pr);
	return error;
}

/* *@sector: the sector size in which the table counts. */
static int find(struct xfs_device *dev, unsigned int number, uint64_t *offset, uint64_t *len,
		uint32_t *sector)
{
	/* An image file does not tell the sector size of its disk. */
	static const uint32_t sectors[] = {512, 4096};
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int fd, error;

	error = xfs_need(dev, offset, len);
	if (error)
		return error;
	*offset = 0;
	*len = 0;
	error = xfs_device_info(dev, &info);
	if (error)
		return error;
	if (!number || number > INT32_MAX)
		return xfs_fail(-ENOENT, "partition %u does not exist", number);
	error = -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(sectors) && error == -EINVAL; i++) {
		if (sectors[i] < info.logical_sector)
			continue;
		error = xfs_device_shadow(dev, TABLE_BYTES, TABLE_BYTES, &fd);
		if (error)
			return error;
		error = copy_logical_chain(dev, fd, sectors[i]);
		if (!error)
			error = look_up(fd, sectors[i], number, offset, len);
		*sector = sectors[i];
		close(fd);
	}
	if (error == -EINVAL)
		xfs_set_fail(error, "the partition table is missing or empty");
	else if (error == -ENOENT)
		xfs_set_fail(error, "partition %u does not exist", number);
	if (!error && (*offset > info.size_bytes || *len > info.size_bytes - *offset))
		error = xfs_fail(-ERANGE, "partition %u, %" PRIu64 " bytes at %" PRIu64
				 ", reaches beyond the device", number, *len, *offset);
	return error;
}

#else

static int find(struct xfs_device *dev, unsigned int number, uint64_t *offset, uint64_t *len,
		uint32_t *sector)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_need(dev, offset, len);

	(void)number;
	*sector = 0;
	if (error)
		return error;
	*offset = 0;
	*len = 0;
	/* Every build reports an error of the device. */
	error = xfs_device_info(dev, &info);
	return error ? error : xfs_fail(-EOPNOTSUPP, "built without libblkid");
}

#endif

int xfs_device_find_partition(struct xfs_device *dev, unsigned int number, uint64_t *offset,
			      uint64_t *len)
{
	uint32_t sector;

	return XFS_CALL(find(dev, number, offset, len, &sector));
}

static int open_partition(struct xfs_device *base, unsigned int number, uint32_t *sectorp,
			  struct xfs_device **devp)
{
	uint64_t offset, len;
	uint32_t sector;
	int error;

	if (devp)
		*devp = NULL;
	error = xfs_need(base, devp);
	if (!error)
		error = find(base, number, &offset, &len, &sector);
	if (!error)
		error = xfs_window_open(base, offset, len, sector, NULL, devp);
	if (!error && sectorp)
		*sectorp = sector;
	return error;
}

int xfs_device_open_partition(struct xfs_device *base, unsigned int number, uint32_t *sectorp,
			      struct xfs_device **devp)
{
	return XFS_CALL(open_partition(base, number, sectorp, devp));
}
