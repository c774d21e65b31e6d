/* SPDX-License-Identifier: MIT */
/* Inputs of fuzz targets to images and back, with checksums made right. */
#include <stdlib.h>
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/inode.h"
#include "fuzz/fuzz.h"
#include "support/objects.h"

#define MAGIC		"XFSFUZZ1"
#define MAX_SIZE	(1ull << 42)
#define RUN		64u	/* a run of zeros this long ends a piece */
#define MAX_PIECE	65536u

/* What the superblock says of lengths, as far as it can be. */
struct shape {
	uint32_t bs, sect, isize, dbs;
	uint64_t agbytes;
	uint32_t agcount;
};

static bool read_shape(struct xfs_device *dev, struct shape *s)
{
	uint8_t sector[512];
	const struct xfs_dsb *sb = (const void *)sector;

	if (xfs_device_pread(dev, 0, sector, sizeof(sector)))
		return false;
	s->bs = be32_to_cpu(sb->sb_blocksize);
	s->sect = be16_to_cpu(sb->sb_sectsize);
	s->isize = be16_to_cpu(sb->sb_inodesize);
	if (!xfs_is_power_of_2(s->bs) || s->bs < 1024 || s->bs > 65536 ||
	    !xfs_is_power_of_2(s->sect) || s->sect < 512 || s->sect > s->bs ||
	    !xfs_is_power_of_2(s->isize) || s->isize < 256 || s->isize > s->bs ||
	    sb->sb_dirblklog > 6)
		return false;
	s->dbs = s->bs << sb->sb_dirblklog;
	s->agbytes = (uint64_t)be32_to_cpu(sb->sb_agblocks) * s->bs;
	s->agcount = be32_to_cpu(sb->sb_agcount);
	return s->dbs <= 65536 && s->agbytes >= 4 * (uint64_t)s->sect;
}

static void fix_object(struct xfs_device *dev, uint64_t offset, uint32_t len, uint32_t crc_off)
{
	uint8_t *buf = malloc(len);

	if (buf && xfs_device_pread(dev, offset, buf, len) == 0) {
		xfs_cksum_set(buf, len, crc_off);
		(void)xfs_device_pwrite(dev, offset, buf, len, 0);
	}
	free(buf);
}

static void fix_block(struct xfs_device *dev, const struct shape *s, uint64_t offset)
{
	static const uint32_t header[4] = { XFS_SB_CRC_OFF, XFS_AGF_CRC_OFF, XFS_AGI_CRC_OFF,
					    XFS_AGFL_CRC_OFF };
	uint64_t in_ag = offset % s->agbytes;
	uint8_t buf[512];
	uint32_t crc_off;

	for (uint32_t i = 0; i < 4; i++) {
		uint64_t where = (uint64_t)i * s->sect;

		if (where >= in_ag && where < in_ag + s->bs)
			fix_object(dev, offset - in_ag + where, s->sect, header[i]);
	}
	if (in_ag < 4 * (uint64_t)s->sect || xfs_device_pread(dev, offset, buf, sizeof(buf)))
		return;
	crc_off = test_crc_offset(buf);
	if (crc_off)
		/* Directory blocks may be longer than blocks; those of attributes are not. */
		fix_object(dev, offset,
			   crc_off == 4 || get_be16(buf + 8) >> 8 == 0x3d ? s->dbs : s->bs,
			   crc_off);
	for (uint32_t i = 0; get_be16(buf) == XFS_DINODE_MAGIC && i + s->isize <= s->bs;
	     i += s->isize)
		fix_object(dev, offset + i, s->isize, XFS_DINODE_CRC_OFF);
}

struct xfs_device *fuzz_open(const uint8_t *data, size_t len)
{
	struct xfs_device *dev;
	struct shape shape = { 0 };
	uint64_t size, fixed = UINT64_MAX;
	bool fix, known = false;

	if (len < 16 || memcmp(data, MAGIC, 8))
		return NULL;
	size = get_be64(data + 8);
	fix = !(size & 1);
	size = xfs_rounddown64(size & (MAX_SIZE - 1), 4096);
	if (!size || xfs_device_open_memory(size, 512, NULL, &dev))
		return NULL;
	for (int pass = 0; pass < (fix ? 2 : 1); pass++) {
		for (size_t p = 16; p + 12 <= len;) {
			uint64_t offset = get_be64(data + p);
			uint32_t n = get_be32(data + p + 8);
			uint8_t sectors[MAX_PIECE + 1024];
			uint64_t start = offset & ~511ull, end;

			p += 12;
			n = XFS_MIN(n, MAX_PIECE);
			n = (uint32_t)XFS_MIN((size_t)n, len - p);
			end = xfs_roundup64((offset & 511) + n, 512);
			if (n && offset < size && end <= size - start) {
				if (pass == 0 && !xfs_device_pread(dev, start, sectors, end)) {
					memcpy(sectors + (offset & 511), data + p, n);
					(void)xfs_device_pwrite(dev, start, sectors, end, 0);
				}
				for (uint64_t b = known ? xfs_rounddown64(offset, shape.bs) : 0;
				     pass && known && b < offset + n; b += shape.bs) {
					if (b != fixed)
						fix_block(dev, &shape, b);
					fixed = b;
				}
			}
			p += n;
		}
		known = read_shape(dev, &shape);
	}
	return dev;
}

static void put(uint8_t **out, size_t *n, size_t *cap, const void *p, size_t len)
{
	if (*n + len > *cap) {
		*cap = 2 * (*n + len);
		*out = realloc(*out, *cap);
		if (!*out)
			abort();
	}
	memcpy(*out + *n, p, len);
	*n += len;
}

static bool zeros(const uint8_t *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

size_t fuzz_pack(struct xfs_device *dev, uint8_t **out)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t *buf = malloc(MAX_PIECE), head[16] = MAGIC;
	size_t n = 0, cap = 0;

	*out = NULL;
	if (!buf || xfs_device_info(dev, &info))
		abort();
	put_be64(info.size_bytes, head + 8);
	put(out, &n, &cap, head, 16);
	for (uint64_t off = 0; off < info.size_bytes; off += MAX_PIECE) {
		size_t len = XFS_MIN((uint64_t)MAX_PIECE, info.size_bytes - off);

		if (xfs_device_pread(dev, off, buf, len))
			abort();
		for (size_t i = 0; i < len; i += RUN) {
			size_t end = i;

			while (end < len && !zeros(buf + end, RUN))
				end += RUN;
			if (end == i)
				continue;
			put_be64(off + i, head);
			put_be32((uint32_t)(end - i), head + 8);
			put(out, &n, &cap, head, 12);
			put(out, &n, &cap, buf + i, end - i);
			i = end;
		}
	}
	free(buf);
	return n;
}
