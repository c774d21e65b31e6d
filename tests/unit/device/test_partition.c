/* SPDX-License-Identifier: MIT */
/*
 * Goal: partitions are found where the table says, in tables of both kinds,
 * with sectors of 512 and 4096 bytes, on any device, and what is on a device is
 * told before it is overwritten.
 * Method: tables made here byte by byte, with the chain of logical partitions
 * far from both ends; signatures by mkfs programs where they are installed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include "base/compiler.h"
#include "base/endian.h"
#include "support/test_device.h"

#ifdef HAVE_LIBBLKID

#define DISK_BYTES ((uint64_t)300 << 20)

static struct xfs_device *new_disk(uint32_t sector)
{
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_memory(DISK_BYTES, sector, NULL, &dev), 0);
	return dev;
}

static void write_block(struct xfs_device *dev, uint64_t offset, const uint8_t *block)
{
	assert_int_equal(xfs_device_pwrite(dev, offset, block, 4096, 0), 0);
}

struct pc_entry {
	uint8_t type;
	uint32_t start, len; /* in sectors */
};

/* A table of the old kind at the start of a block. */
static void pc_table(uint8_t *block, const struct pc_entry *entries, unsigned int nr)
{
	memset(block, 0, 4096);
	for (unsigned int i = 0; i < nr; i++) {
		uint8_t *e = block + 446 + 16 * i;

		e[4] = entries[i].type;
		put_le32(entries[i].start, e + 8);
		put_le32(entries[i].len, e + 12);
	}
	block[510] = 0x55;
	block[511] = 0xaa;
}

/*
 * Two primary partitions and an extended one with two logical ones, whose second
 * link lies in the middle of the disk.
 */
static void make_pc_disk(struct xfs_device *dev, uint32_t sector)
{
	const uint32_t mib = (1u << 20) / sector;
	const struct pc_entry main_table[] = {
		{0x83, 1 * mib, 10 * mib}, {0x83, 20 * mib, 30 * mib}, {0x05, 60 * mib, 200 * mib}};
	const struct pc_entry first[] = {{0x83, 1 * mib, 50 * mib}, {0x05, 100 * mib, 60 * mib}};
	const struct pc_entry second[] = {{0x83, 2 * mib, 40 * mib}};
	uint8_t block[4096];

	pc_table(block, main_table, 3);
	write_block(dev, 0, block);
	pc_table(block, first, 2);
	write_block(dev, (uint64_t)60 << 20, block);
	pc_table(block, second, 1);
	write_block(dev, (uint64_t)160 << 20, block);
}

static void check_partition(struct xfs_device *dev, unsigned int number, uint64_t mib,
			    uint64_t len_mib)
{
	uint64_t offset, len;

	assert_int_equal(xfs_device_find_partition(dev, number, &offset, &len), 0);
	assert_int_equal(offset, mib << 20);
	assert_int_equal(len, len_mib << 20);
}

static void check_no_partition(struct xfs_device *dev, unsigned int number, int expected)
{
	uint64_t offset = 1, len = 1;

	assert_int_equal(xfs_device_find_partition(dev, number, &offset, &len), expected);
}

static void test_pc_table(void **state)
{
	struct xfs_device *dev = new_disk(512), *window, *overlay;
	uint64_t offset, len;

	(void)state;
	make_pc_disk(dev, 512);
	/* Stacked, so that nothing but the calls of a device is there to look through. */
	assert_int_equal(xfs_device_open_overlay(dev, NULL, &overlay), 0);
	check_partition(overlay, 1, 1, 10);
	check_partition(overlay, 2, 20, 30);
	check_partition(overlay, 5, 61, 50);
	check_partition(overlay, 6, 162, 40);
	check_no_partition(overlay, 4, -ENOENT);
	check_no_partition(overlay, 7, -ENOENT);
	check_no_partition(overlay, 0, -ENOENT);
	check_no_partition(overlay, UINT32_MAX, -ENOENT);

	/* The way it is used: a window on what was found. */
	assert_int_equal(xfs_device_find_partition(overlay, 6, &offset, &len), 0);
	assert_int_equal(xfs_device_open_window(overlay, offset, len, &window), 0);
	xfs_device_put(window);

	/* The image was cut off within the second partition, and before the chain. */
	assert_int_equal(xfs_device_resize(overlay, (uint64_t)40 << 20), 0);
	check_partition(overlay, 1, 1, 10);
	check_no_partition(overlay, 2, -ERANGE);
	xfs_device_put(overlay);
	xfs_device_put(dev);
}

/* Such a disk, as a device that says so, and as an image of it that cannot tell. */
static void test_pc_table_4k(void **state)
{
	struct xfs_device *dev = new_disk(4096);

	(void)state;
	make_pc_disk(dev, 4096);
	check_partition(dev, 2, 20, 30);
	check_partition(dev, 6, 162, 40);
	xfs_device_put(dev);
}

static uint32_t crc32_ieee(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *p++;
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

/* Header at @lba with the entries at @entries_lba. */
static void gpt_header(uint8_t *block, uint64_t lba, uint64_t other_lba, uint64_t entries_lba,
		       uint64_t last_lba, const uint8_t *entries)
{
	memset(block, 0, 4096);
	memcpy(block, "EFI PART", 8);
	put_le32(0x10000, block + 8);
	put_le32(92, block + 12);
	put_le64(lba, block + 24);
	put_le64(other_lba, block + 32);
	put_le64(34, block + 40);
	put_le64(last_lba - 34, block + 48);
	memset(block + 56, 0x11, 16);
	put_le64(entries_lba, block + 72);
	put_le32(128, block + 80);
	put_le32(128, block + 84);
	put_le32(crc32_ieee(entries, 16384), block + 88);
	put_le32(crc32_ieee(block, 92), block + 16);
}

static void gpt_entry(uint8_t *entries, unsigned int number, uint64_t first, uint64_t last)
{
	uint8_t *e = entries + (number - 1) * 128;

	memset(e, 0xaf, 16);
	memset(e + 16, (int)number, 16);
	put_le64(first, e + 32);
	put_le64(last, e + 40);
}

/* Partition 1 at 1 MiB of 100, partition 7 at 150 MiB of 50; @sector of the table. */
static void make_gpt_disk(struct xfs_device *dev, uint32_t sector)
{
	const uint64_t mib = (1u << 20) / sector, last = DISK_BYTES / sector - 1;
	const struct pc_entry protective[] = {{0xee, 1, (uint32_t)last}};
	static uint8_t area[65536], entries[16384];
	uint8_t block[4096];

	memset(entries, 0, sizeof(entries));
	gpt_entry(entries, 1, mib, 101 * mib - 1);
	gpt_entry(entries, 7, 150 * mib, 200 * mib - 1);

	memset(area, 0, sizeof(area));
	pc_table(block, protective, 1);
	memcpy(area, block, 512);
	gpt_header(block, 1, last, 2, last, entries);
	memcpy(area + sector, block, 512);
	memcpy(area + 2 * sector, entries, sizeof(entries));
	assert_int_equal(xfs_device_pwrite(dev, 0, area, sizeof(area), 0), 0);

	memset(area, 0, sizeof(area));
	gpt_header(block, last, 1, last - 16384 / sector, last, entries);
	memcpy(area + sizeof(area) - sector, block, 512);
	memcpy(area + sizeof(area) - sector - 16384, entries, sizeof(entries));
	assert_int_equal(xfs_device_pwrite(dev, DISK_BYTES - sizeof(area), area, sizeof(area), 0),
			 0);
}

static void test_gpt(void **state)
{
	static const uint32_t of_table[] = {512, 4096};
	uint8_t zeros[4096] = {0};
	char what[100];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(of_table); i++) {
		/* The device's own sector is 512: an image file, which cannot tell. */
		struct xfs_device *dev = new_disk(512);

		make_gpt_disk(dev, of_table[i]);
		check_partition(dev, 1, 1, 100);
		check_partition(dev, 7, 150, 50);
		check_no_partition(dev, 2, -ENOENT);
		check_no_partition(dev, 129, -ENOENT);
		if (of_table[i] == 512) {
			assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 1);
			assert_string_equal(what, "gpt partition table");
		}
		/* The first header is gone; the copy at the end serves. */
		assert_int_equal(xfs_device_pwrite(dev, of_table[i], zeros, 512, 0), 0);
		check_partition(dev, 7, 150, 50);
		xfs_device_put(dev);
	}
}

static void test_no_table(void **state)
{
	struct xfs_device *dev = new_disk(512), *empty;
	char what[10] = "x";

	(void)state;
	check_no_partition(dev, 1, -EINVAL);
	assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 0);
	assert_string_equal(what, "");
	assert_int_equal(xfs_device_probe(dev, NULL, 0), 0);
	xfs_device_put(dev);
	assert_int_equal(xfs_device_open_memory(0, 512, NULL, &empty), 0);
	check_no_partition(empty, 1, -EINVAL);
	assert_int_equal(xfs_device_probe(empty, what, sizeof(what)), 0);
	xfs_device_put(empty);
}

/* A chain that leads back to itself, and one that leads out of the disk, end. */
static void test_broken_chains(void **state)
{
	static const uint32_t next[] = {0, 100, 3000000};
	struct xfs_device *dev = new_disk(512);
	uint8_t block[4096];

	(void)state;
	make_pc_disk(dev, 512);
	for (unsigned int i = 0; i < ARRAY_SIZE(next); i++) {
		const struct pc_entry link[] = {{0x83, 2048, 4096}, {0x05, next[i], 100}};

		pc_table(block, link, 2);
		write_block(dev, (uint64_t)60 << 20, block);
		write_block(dev, ((uint64_t)60 << 20) + 100 * 512, block);
		check_partition(dev, 1, 1, 10);
	}
	xfs_device_put(dev);
}

static void test_unreadable(void **state)
{
	struct xfs_device *dev = new_disk(512), *fault;
	char what[100];

	(void)state;
	make_pc_disk(dev, 512);
	assert_int_equal(test_fault_open(dev, &fault), 0);
	test_fault_bad_range(fault, TEST_FAULT_READ, 0, 512);
	check_no_partition(fault, 1, -EIO);
	assert_int_equal(xfs_device_probe(fault, what, sizeof(what)), -EIO);
	assert_true(test_fault_met(fault));
	xfs_device_put(fault);
	xfs_device_put(dev);
}

/* What a program that is perhaps not installed leaves on a file of 64 MiB. */
static void check_signature(const char *command, const char *expected)
{
	char path[] = "/tmp/xfswrite-probe-XXXXXX", line[300], what[100], shortened[6];
	struct xfs_device *file, *overlay;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	close(fd);
	snprintf(line, sizeof(line), "PATH=$PATH:/sbin:/usr/sbin; %s %s >/dev/null 2>&1", command,
		 path);
	if (system(line) != 0) {
		print_message("not tried: %s\n", command);
		unlink(path);
		return;
	}
	assert_int_equal(xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &file), 0);
	assert_int_equal(xfs_device_open_overlay(file, NULL, &overlay), 0);
	assert_int_equal(xfs_device_probe(overlay, what, sizeof(what)), 1);
	assert_string_equal(what, expected);
	assert_int_equal(xfs_device_probe(overlay, shortened, sizeof(shortened)), 1);
	assert_int_equal(strlen(shortened), XFS_MIN(strlen(expected), (size_t)5));
	xfs_device_put(overlay);
	xfs_device_put(file);
	unlink(path);
}

/* Made by hand: an encrypted volume, and one that something else claims too. */
static void test_made_signatures(void **state)
{
	struct xfs_device *dev = new_disk(512);
	uint8_t block[4096] = "LUKS\xba\xbe\0\1aes";
	char what[100];

	(void)state;
	memcpy(block + 168, "01234567-89ab-cdef-0123-456789abcdef", 36);
	write_block(dev, 0, block);
	assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 1);
	assert_string_equal(what, "crypto_LUKS encrypted volume");

	/* The bare marks of ext2 and of a squashfs in one place. */
	memset(block, 0, sizeof(block));
	memcpy(block, "hsqs", 4);
	put_le16(4, block + 28); /* version */
	write_block(dev, 0, block);
	memset(block, 0, sizeof(block));
	put_le32(1024, block + 1024);	  /* inodes */
	put_le32(8192, block + 1024 + 4); /* blocks */
	put_le16(0xef53, block + 1024 + 56);
	put_le32(1, block + 1024 + 76); /* revision */
	memcpy(block, "hsqs", 4);
	put_le16(4, block + 28);
	write_block(dev, 0, block);
	assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 1);
	assert_string_equal(what, "several signatures");

	/* Swap space and ext2, with and without a partition table: libblkid 2.41 fails at these. */
	memset(block, 0, 512);
	put_le32(1, block + 1024);
	memcpy(block + 4086, "SWAPSPACE2", 10);
	put_le32(1000, block + 1024 + 4); /* of both: blocks, and the last page */
	write_block(dev, 0, block);
	assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 1);
	assert_string_equal(what, "several signatures");
	block[446 + 4] = 0x83;
	put_le32(2048, block + 446 + 8);
	put_le32(2048, block + 446 + 12);
	block[510] = 0x55;
	block[511] = 0xaa;
	write_block(dev, 0, block);
	assert_int_equal(xfs_device_probe(dev, what, sizeof(what)), 1);
	assert_string_equal(what, "several signatures");
	xfs_device_put(dev);
}

/* What the table counts in is what a file system in the partition gets. */
static void test_sectors_of_the_table(void **state)
{
	static const uint32_t of_table[] = {512, 4096};
	const struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(of_table); i++) {
		struct xfs_mkfs_geometry geo = {.size = sizeof(geo)};
		struct xfs_device *dev = new_disk(512), *part, *none;
		struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
		uint32_t sector = 0;

		make_gpt_disk(dev, of_table[i]);
		assert_int_equal(xfs_device_open_partition(dev, 7, &sector, &part), 0);
		assert_int_equal(sector, of_table[i]);
		assert_int_equal(xfs_device_info(part, &info), 0);
		assert_int_equal(info.size_bytes, 50u << 20);
		assert_int_equal(info.logical_sector, 512);
		assert_int_equal(info.physical_sector, of_table[i]);
		assert_int_equal(xfs_mkfs(part, NULL, &opts, &geo), 0);
		assert_int_equal(geo.sectsize, of_table[i]);
		assert_int_equal(xfs_device_open_partition(dev, 2, NULL, &none), -ENOENT);
		assert_null(none);
		assert_int_equal(xfs_device_open_partition(dev, 1, NULL, &none), 0);
		xfs_device_put(none);
		xfs_device_put(part);
		xfs_device_put(dev);
	}
}

/* The same through a plain window, with and without something between it and the disk. */
static void test_sectors_of_a_plain_window(void **state)
{
	static const uint32_t of_table[] = {512, 4096};
	const struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL | XFS_MKFS_FORCE,
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(of_table); i++) {
		struct xfs_mkfs_geometry geo = {.size = sizeof(geo)};
		struct xfs_device *dev = new_disk(512), *base = dev, *part, *inner;
		struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
		uint64_t offset, len;

		make_gpt_disk(dev, of_table[i / 2]);
		if (i & 1)
			assert_int_equal(xfs_device_open_overlay(dev, NULL, &base), 0);
		assert_int_equal(xfs_device_find_partition(base, 7, &offset, &len), 0);
		assert_int_equal(xfs_device_open_window(base, offset, len, &part), 0);
		assert_int_equal(xfs_device_info(part, &info), 0);
		assert_int_equal(info.logical_sector, 512);
		assert_int_equal(info.physical_sector, of_table[i / 2]);
		assert_int_equal(xfs_device_open_window(part, 4096, 0, &inner), 0);
		assert_int_equal(xfs_device_info(inner, &info), 0);
		assert_int_equal(info.physical_sector, of_table[i / 2]);
		assert_int_equal(xfs_mkfs(part, NULL, &opts, &geo), 0);
		assert_int_equal(geo.sectsize, of_table[i / 2]);
		xfs_device_put(inner);
		xfs_device_put(part);
		if (i & 1)
			xfs_device_put(base);
		xfs_device_put(dev);
	}
}

/* Neither too short a disk, nor what only looks like a table, nor a disk that cannot be read. */
static void test_windows_where_is_no_table(void **state)
{
	struct xfs_device *dev, *part;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t block[4096] = "EFI PART";

	(void)state;
	assert_int_equal(xfs_device_open_memory(4096, 512, NULL, &dev), 0);
	assert_int_equal(xfs_device_open_window(dev, 512, 0, &part), 0);
	assert_int_equal(xfs_device_info(part, &info), 0);
	assert_int_equal(info.physical_sector, 512);
	xfs_device_put(part);
	xfs_device_put(dev);

	dev = new_disk(512);
	write_block(dev, 4096, block);
	assert_int_equal(xfs_device_open_window(dev, 1 << 20, 0, &part), 0);
	assert_int_equal(xfs_device_info(part, &info), 0);
	assert_int_equal(info.physical_sector, 512);
	xfs_device_put(part);

	/* A disk with smaller sectors' own table, whose entries happen to look like one. */
	make_gpt_disk(dev, 4096);
	assert_int_equal(xfs_device_pread(dev, 4096, block, 4096), 0);
	assert_int_equal(xfs_device_pwrite(dev, 512, block, 512, 0), 0);
	assert_int_equal(xfs_device_open_window(dev, 1 << 20, 0, &part), 0);
	assert_int_equal(xfs_device_info(part, &info), 0);
	assert_int_equal(info.physical_sector, 512);
	xfs_device_put(part);
	xfs_device_put(dev);
}

static void test_signatures(void **state)
{
	(void)state;
	check_signature("mkfs.ext4 -F -q", "ext4 file system");
	check_signature("mkswap", "swap signature");
	check_signature("mkfs.xfs -f -q -m crc=1 -d size=64m -l size=8m --unsupported",
			"xfs file system");
	check_signature("mkfs.vfat", "vfat file system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pc_table),      cmocka_unit_test(test_pc_table_4k),
		cmocka_unit_test(test_gpt),	      cmocka_unit_test(test_no_table),
		cmocka_unit_test(test_broken_chains), cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_signatures),    cmocka_unit_test(test_made_signatures),
		cmocka_unit_test(test_sectors_of_the_table),
		cmocka_unit_test(test_sectors_of_a_plain_window),
		cmocka_unit_test(test_windows_where_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("built without libblkid");
	return 77;
}

#endif
