/* SPDX-License-Identifier: MIT */
/*
 * Structures of real file systems, byte by byte, and what the tests of this
 * folder do with them.  All were made by mkfs.xfs 7.2 or kernel 6.18.
 */
#ifndef UNIT_DISK_VECTORS_H
#define UNIT_DISK_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "disk/geometry.h"
#include "disk/verify.h"

/* Bytes in hexadecimal; spaces are skipped. */
static inline size_t put_hex(void *buf, size_t off, const char *hex)
{
	uint8_t *p = (uint8_t *)buf + off;
	unsigned int nibbles = 0;

	for (; *hex; hex++) {
		unsigned int v;

		if (*hex == ' ' || *hex == '\n')
			continue;
		v = (unsigned int)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
		assert_true(v < 16);
		if (nibbles++ & 1)
			p[nibbles / 2 - 1] = (uint8_t)(p[nibbles / 2 - 1] | v);
		else
			p[nibbles / 2] = (uint8_t)(v << 4);
	}
	assert_true(nibbles % 2 == 0);
	return nibbles / 2;
}

/* Primary superblock: 300 MiB, blocks of 4096, all default features of 7.2. */
static inline void vector_sb(uint8_t sector[512])
{
	memset(sector, 0, 512);
	put_hex(sector, 0x00, "58465342 00001000 00000000 00012c00");
	put_hex(sector, 0x20, "01234567 89abcdef 01234567 89abcdef");
	put_hex(sector, 0x30, "00000000 00010007 00000000 00000080");
	put_hex(sector, 0x40, "00000000 00000081 00000000 00000082");
	put_hex(sector, 0x50, "00000001 00004b00 00000004 00000000");
	put_hex(sector, 0x60, "00004000 b4b50200 02000008 76656374");
	put_hex(sector, 0x70, "6f720000 00000000 0c090903 0f000019");
	put_hex(sector, 0x80, "00000000 00000040 00000000 0000003d");
	put_hex(sector, 0x90, "00000000 0000ebdc 00000000 00000000");
	put_hex(sector, 0xb0, "00000000 00000008 00000000 00000000");
	put_hex(sector, 0xc0, "00000000 00000001 0000018a 0000018a");
	put_hex(sector, 0xd0, "00000000 0000000f 000000eb 00000000");
	put_hex(sector, 0xe0, "75f9df79 00000004 00000000 00000000");
}

/* Geometry of that file system; @uuid as text in hexadecimal replaces its own, NULL keeps it. */
static inline void vector_geo(struct xfs_geometry *geo, const char *uuid)
{
	uint8_t sector[512];
	struct xfs_sb sb;

	vector_sb(sector);
	if (uuid)
		put_hex(sector, 32, uuid);
	xfs_sb_from_disk(&sb, (const void *)sector);
	assert_int_equal(xfs_geometry_init(geo, &sb), 0);
}

/* A superblock in memory for geometries by hand: all features, sizes derived. */
static inline void make_sb(struct xfs_sb *sb, uint32_t blocksize, uint32_t sectsize,
			   uint32_t inodesize, uint32_t agblocks, uint32_t agcount)
{
	uint8_t sector[512];

	vector_sb(sector);
	xfs_sb_from_disk(sb, (const void *)sector);
	sb->sb_blocksize = blocksize;
	sb->sb_blocklog = (uint8_t)xfs_highbit64(blocksize);
	sb->sb_sectsize = (uint16_t)sectsize;
	sb->sb_sectlog = (uint8_t)xfs_highbit64(sectsize);
	sb->sb_inodesize = (uint16_t)inodesize;
	sb->sb_inodelog = (uint8_t)xfs_highbit64(inodesize);
	sb->sb_inopblock = (uint16_t)(blocksize / inodesize);
	sb->sb_inopblog = (uint8_t)(sb->sb_blocklog - sb->sb_inodelog);
	sb->sb_agblocks = agblocks;
	sb->sb_agcount = agcount;
	sb->sb_agblklog = (uint8_t)xfs_log2_ceil(agblocks);
	sb->sb_dblocks = (uint64_t)agblocks * agcount;
	sb->sb_inoalignmt = 64 * inodesize / blocksize;
	sb->sb_spino_align = 8192 * (inodesize / 256) / blocksize;
	sb->sb_rextsize = blocksize < 4096 ? 4096 / blocksize : 1;
	sb->sb_dirblklog = (uint8_t)(blocksize < 4096 ? 12 - sb->sb_blocklog : 0);
	sb->sb_rootino = 64ull * sb->sb_inopblock;
	sb->sb_logblocks = 512;
	sb->sb_logstart = ((uint64_t)(agcount / 2) << sb->sb_agblklog) + 16;
}

/* Good, saying which check failed when it is not. */
static inline void assert_good(xfs_failaddr_t fa)
{
	if (fa)
		fail_msg("%s", fa);
}

/* Bad because of an expression that contains @text. */
#define assert_bad(call, text)								\
	do {										\
		xfs_failaddr_t bad_ = (call);						\
											\
		if (!bad_)								\
			fail_msg("line %d: accepted, expected: %s", __LINE__, text);	\
		if (!strstr(bad_, text))						\
			fail_msg("line %d: failed \"%s\", expected: %s", __LINE__, bad_, text); \
	} while (0)

#endif
