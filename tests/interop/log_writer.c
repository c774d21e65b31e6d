/* SPDX-License-Identifier: MIT */
/*
 * log_writer IMG LOG|- LABEL SECONDS CHECKPOINTS FILL: puts CHECKPOINTS checkpoints into the log of
 * an unmounted image, and leaves it dirty.  Each gives the file system the label and the root
 * directory the modification time; FILL items that cancel buffers which never were make
 * it long without changing anything.  What they say is made here, by hand, from what is on disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/message.h"
#include "disk/inode.h"
#include "disk/log_item.h"
#include "log/log.h"

static struct xfs_mount mp;

static void check(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "log_writer: %s: %s: %s\n", what, strerror(-error), xfs_last_text());
	exit(1);
}

/* Integers of the core by place and width, in the order of the disk; bytes stay as they are. */
static void core_from_disk(const uint8_t *disk, struct xfs_log_dinode *core)
{
	static const struct {
		uint8_t off, width;
	} fields[] = {
		{ 0, 2 }, { 2, 2 }, { 6, 2 }, { 8, 4 }, { 12, 4 }, { 16, 4 }, { 20, 2 }, { 22, 2 },
		{ 24, 8 }, { 56, 8 }, { 64, 8 }, { 72, 4 }, { 76, 4 }, { 80, 2 }, { 84, 4 },
		{ 88, 2 }, { 90, 2 }, { 92, 4 }, { 96, 4 }, { 104, 8 }, { 120, 8 }, { 128, 4 },
		{ 152, 8 },
	};
	/* Times are one number or two. */
	static const uint8_t times[] = { 32, 40, 48, 144 };
	bool bigtime = disk[127] & 0x8;
	uint8_t *to = (uint8_t *)core;

	memcpy(to, disk, sizeof(*core));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const uint8_t *p = disk + fields[i].off;
		uint64_t v64 = 0;

		for (uint32_t b = 0; b < fields[i].width; b++)
			v64 = v64 << 8 | p[b];
		if (fields[i].width == 2) {
			uint16_t v = (uint16_t)v64;

			memcpy(to + fields[i].off, &v, 2);
		} else if (fields[i].width == 4) {
			uint32_t v = (uint32_t)v64;

			memcpy(to + fields[i].off, &v, 4);
		} else {
			memcpy(to + fields[i].off, &v64, 8);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t whole = get_be64(disk + times[i]);
		uint32_t two[2] = { (uint32_t)(whole >> 32), (uint32_t)whole };

		memcpy(to + times[i], bigtime ? (const void *)&whole : two, 8);
	}
	core->di_crc = 0;
	core->di_lsn = 0;
}

static void set_mtime(struct xfs_log_dinode *core, uint64_t seconds)
{
	uint32_t two[2] = { (uint32_t)seconds, 0 };
	uint64_t whole = (seconds + (1ull << 31)) * 1000000000ull;

	memcpy(&core->di_mtime, core->di_flags2 & 0x8 ? (const void *)&whole : two, 8);
}

static void put_buf_format(struct xlog_stream *s, uint16_t regions, uint16_t flags, uint16_t bbs,
			   int64_t daddr, uint32_t map)
{
	uint8_t format[24];

	memcpy(format, &(uint16_t){ 0x123c }, 2);
	memcpy(format + 2, &regions, 2);
	memcpy(format + 4, &flags, 2);
	memcpy(format + 6, &bbs, 2);
	memcpy(format + 8, &daddr, 8);
	memcpy(format + 16, &(uint32_t){ 1 }, 4);
	memcpy(format + 20, &map, 4);
	xlog_stream_region(s, format, sizeof(format));
}

static void put_inode(struct xlog_stream *s, const struct xfs_geometry *geo, xfs_ino_t ino,
		      const struct xfs_log_dinode *core)
{
	struct xfs_inode_log_format format = {
		.ilf_type = 0x123b, .ilf_size = 2, .ilf_fields = 1, .ilf_ino = ino,
	};
	xfs_agblock_t agbno = XFS_INO_TO_AGBNO(geo, ino);
	xfs_agblock_t first = agbno - agbno % geo->blocks_per_cluster;
	uint64_t start = xfs_fsb_to_bytes(geo, XFS_AGB_TO_FSB(geo, XFS_INO_TO_AGNO(geo, ino), first));

	format.ilf_blkno = (int64_t)(start >> 9);
	format.ilf_len = geo->blocks_per_cluster * geo->bb_per_block;
	format.ilf_boffset = (uint32_t)(xfs_ino_to_bytes(geo, ino) - start);
	xlog_stream_region(s, &format, sizeof(format));
	xlog_stream_region(s, core, sizeof(*core));
}

int main(int argc, char **argv)
{
	uint64_t seconds, checkpoints, fill;
	struct xfs_log_dinode core;
	struct xlog_state state;
	uint8_t sb[4096], *inode;
	struct xlog_stats stats;
	uint64_t offset;

	if (argc != 7) {
		fprintf(stderr, "usage: log_writer IMG LOG|- LABEL SECONDS CHECKPOINTS FILL\n");
		return 2;
	}
	seconds = strtoull(argv[4], NULL, 0);
	checkpoints = strtoull(argv[5], NULL, 0);
	fill = strtoull(argv[6], NULL, 0);
	check(xfs_device_open_file(argv[1], 0, 0, &mp.m_dev), argv[1]);
	if (strcmp(argv[2], "-") != 0)
		check(xfs_device_open_file(argv[2], 0, 0, &mp.m_logdev), argv[2]);
	check(xfs_device_pread(mp.m_dev, 0, sb, sizeof(sb)), "superblock");
	xfs_sb_from_disk(&mp.m_sb, (const void *)sb);
	check(xfs_geometry_init(&mp.m_geo, &mp.m_sb), "geometry");
	offset = xfs_ino_to_bytes(&mp.m_geo, mp.m_sb.sb_rootino);
	inode = xfs_malloc(&mp, 4096);
	check(inode ? 0 : -ENOMEM, "memory");
	check(xfs_device_pread(mp.m_dev, offset & ~4095ull, inode, 4096), "root directory");
	core_from_disk(inode + (offset & 4095), &core);
	set_mtime(&core, seconds);
	memset(sb + 108, 0, 12);
	memcpy(sb + 108, argv[3], strnlen(argv[3], 12));
	check(xlog_find_head(&mp, &state), "head");
	check(state.clean ? 0 : -EUCLEAN, "the log is dirty");
	check(xlog_open(&mp, &state), "log");
	for (uint64_t i = 0; i < checkpoints; i++) {
		uint64_t items = i % 3 == 1 ? fill : i % 3 * fill / 7;
		struct xlog_stream *s;

		check(xlog_stream_alloc(mp.m_log, 4096 + items * 36, 5 + items, &s), "memory");
		put_buf_format(s, 2, 18 << 11, (uint16_t)(mp.m_geo.sectsize >> 9), 0, 0x7);
		xlog_stream_region(s, sb, 384);
		for (uint64_t k = 0; k < items; k++)
			put_buf_format(s, 1, XFS_BLF_CANCEL, 8, (int64_t)(100000 + 8 * k), 0);
		put_inode(s, &mp.m_geo, mp.m_sb.sb_rootino, &core);
		check(xlog_stream_write(s, 0), "write");
		xlog_stream_free(s);
	}
	xlog_get_stats(mp.m_log, &stats);
	printf("%llu checkpoints, %llu records, %llu KiB, head at %u of %u blocks in cycle %u\n",
	       (unsigned long long)stats.checkpoints, (unsigned long long)stats.records,
	       (unsigned long long)stats.bytes >> 10, BLOCK_LSN(xlog_head_lsn(mp.m_log)),
	       xlog_size_bbs(mp.m_log), CYCLE_LSN(xlog_head_lsn(mp.m_log)));
	xlog_close(&mp);
	xfs_free(&mp, inode);
	xfs_device_put(mp.m_logdev);
	xfs_device_put(mp.m_dev);
	return 0;
}
