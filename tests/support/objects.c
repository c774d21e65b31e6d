/* SPDX-License-Identifier: MIT */
/*
 * How live objects are told from stale ones: everything on the image that looks
 * like metadata gets a wrong checksum, in an overlay; what the checker then
 * complains of is what it reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/attr.h"
#include "disk/symlink.h"
#include "support/objects.h"

const char *const test_kind_names[TEST_NR_KINDS] = {
	"sb",	     "agf",	  "agi",	 "agfl",       "bnobt",	   "cntbt",
	"inobt",     "finobt",	  "rmapbt",	 "refcountbt", "bmbt",	   "inode",
	"dir block", "dir data",  "dir leaf1",	 "dir leafn",  "dir node", "dir free",
	"attr leaf", "attr node", "attr remote", "symlink",
};

/* ---- findings ---- */

static int keep_finding(void *ctx, const struct xfs_finding *f)
{
	struct test_findings *found = ctx;

	if (found->n == found->cap) {
		found->cap = found->cap ? 2 * found->cap : 64;
		found->v = realloc(found->v, found->cap * sizeof(*found->v));
		if (!found->v)
			abort();
	}
	snprintf(found->v[found->n].structure, sizeof(found->v[0].structure), "%s", f->structure);
	snprintf(found->v[found->n].text, sizeof(found->v[0].text), "%s", f->text);
	found->v[found->n].agno = f->agno;
	found->v[found->n].block = f->block;
	found->v[found->n++].ino = f->ino;
	return 0;
}

void test_check(struct xfs_device *dev, uint32_t flags, uint64_t max, struct test_findings *found)
{
	struct xfs_check_options opts = {
		.size = sizeof(opts), .flags = flags, .ctx = found, .finding = keep_finding,
		.max_findings = max,
	};

	found->n = 0;
	found->sum = (struct xfs_check_summary)XFS_CHECK_SUMMARY_INIT;
	found->error = xfs_check(dev, NULL, &opts, &found->sum);
}

void test_findings_free(struct test_findings *found)
{
	free(found->v);
	memset(found, 0, sizeof(*found));
}

void test_findings_print(const struct test_findings *found)
{
	fprintf(stderr, "xfs_check: %d, %zu findings\n", found->error, found->n);
	for (size_t i = 0; i < found->n && i < 30; i++)
		fprintf(stderr, "    %s ag %" PRId64 " block %" PRId64 " inode %" PRId64 ": %s\n",
			found->v[i].structure, found->v[i].agno, (int64_t)found->v[i].block,
			(int64_t)found->v[i].ino, found->v[i].text);
}

/* ---- recognising ---- */

struct magic {
	uint32_t off, len, magic;	/* len 2 or 4 */
	enum test_kind kind;
	uint32_t crc_off;
};

static const struct magic magics[] = {
	{ 0, 4, XFS_ABTB_CRC_MAGIC, TEST_BNOBT, 52 },
	{ 0, 4, XFS_ABTC_CRC_MAGIC, TEST_CNTBT, 52 },
	{ 0, 4, XFS_IBT_CRC_MAGIC, TEST_INOBT, 52 },
	{ 0, 4, XFS_FIBT_CRC_MAGIC, TEST_FINOBT, 52 },
	{ 0, 4, XFS_RMAP_CRC_MAGIC, TEST_RMAPBT, 52 },
	{ 0, 4, XFS_REFC_CRC_MAGIC, TEST_REFCBT, 52 },
	{ 0, 4, XFS_BMAP_CRC_MAGIC, TEST_BMBT, 64 },
	{ 0, 4, XFS_DIR3_BLOCK_MAGIC, TEST_DIR_BLOCK, 4 },
	{ 0, 4, XFS_DIR3_DATA_MAGIC, TEST_DIR_DATA, 4 },
	{ 0, 4, XFS_DIR3_FREE_MAGIC, TEST_DIR_FREE, 4 },
	{ 8, 2, XFS_DIR3_LEAF1_MAGIC, TEST_DIR_LEAF1, 12 },
	{ 8, 2, XFS_DIR3_LEAFN_MAGIC, TEST_DIR_LEAFN, 12 },
	{ 8, 2, XFS_DA3_NODE_MAGIC, TEST_DIR_NODE, 12 },
	{ 8, 2, XFS_ATTR3_LEAF_MAGIC, TEST_ATTR_LEAF, 12 },
	{ 0, 4, XFS_ATTR3_RMT_MAGIC, TEST_ATTR_REMOTE, 12 },
	{ 0, 4, XFS_SYMLINK_MAGIC, TEST_SYMLINK, 12 },
};

static const struct magic *recognise(const uint8_t *buf)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		const struct magic *m = &magics[i];

		if (m->len == 4 ? get_be32(buf + m->off) == m->magic
				: get_be16(buf + m->off) == m->magic)
			return m;
	}
	return NULL;
}

uint32_t test_crc_offset(const uint8_t *buf)
{
	const struct magic *m = recognise(buf);

	return m ? m->crc_off : 0;
}

void test_object_fix_crc(const struct test_object *obj, uint8_t *buf)
{
	xfs_cksum_set(buf, obj->len, obj->crc_off);
}

int test_object_read(struct xfs_device *dev, const struct test_object *obj, uint8_t *buf)
{
	return xfs_device_pread(dev, obj->offset, buf, obj->len);
}

int test_object_write(struct xfs_device *dev, const struct test_object *obj, const uint8_t *buf)
{
	return xfs_device_pwrite(dev, obj->offset, buf, obj->len, 0);
}

const struct test_object *test_object_at(const struct test_objects *objs, uint64_t offset)
{
	for (size_t i = 0; i < objs->n; i++) {
		if (objs->v[i].offset == offset)
			return &objs->v[i];
	}
	return NULL;
}

static void flip_byte(struct xfs_device *dev, uint64_t offset)
{
	uint8_t sector[512];
	uint64_t base = offset & ~511ull;

	if (xfs_device_pread(dev, base, sector, sizeof(sector)))
		abort();
	sector[offset - base] ^= 0x5a;
	if (xfs_device_pwrite(dev, base, sector, sizeof(sector), 0))
		abort();
}

/* Wrong checksums in everything that might be metadata. */
static void spoil_block(const struct test_objects *objs, struct xfs_device *overlay,
			uint64_t offset, const uint8_t *buf)
{
	const struct magic *m = recognise(buf);
	uint32_t isize = objs->geo.inodesize;

	if (m)
		flip_byte(overlay, offset + m->crc_off);
	if (get_be16(buf) != XFS_DINODE_MAGIC)
		return;
	for (uint32_t i = 0; i + isize <= objs->geo.blocksize; i += isize) {
		if (get_be16(buf + i) == XFS_DINODE_MAGIC)
			flip_byte(overlay, offset + i + XFS_DINODE_CRC_OFF);
	}
}

static int spoil(const struct test_objects *objs, struct xfs_device *overlay)
{
	static const uint32_t crc_off[4] = { XFS_SB_CRC_OFF, XFS_AGF_CRC_OFF, XFS_AGI_CRC_OFF,
					     XFS_AGFL_CRC_OFF };
	const struct xfs_geometry *geo = &objs->geo;
	uint64_t log_start = xfs_fsb_to_bytes(geo, geo->logstart);
	uint64_t log_end = log_start + ((uint64_t)geo->logblocks << geo->blocklog);
	uint8_t *buf = malloc(1 << 20);
	int error = 0;

	for (uint32_t agno = 0; agno < geo->agcount; agno++) {
		uint64_t ag = xfs_agb_to_bytes(geo, agno, 0);
		uint64_t end = ag + ((uint64_t)xfs_ag_block_count(geo, agno) << geo->blocklog);

		for (unsigned int i = 0; i < 4; i++)
			flip_byte(overlay, ag + (uint64_t)i * geo->sectsize + crc_off[i]);
		for (uint64_t off = ag; off < end && !error; off += 1 << 20) {
			uint64_t len = XFS_MIN(end - off, 1ull << 20);

			error = xfs_device_pread(objs->dev, off, buf, len);
			for (uint64_t i = 0; i < len && !error; i += geo->blocksize) {
				if ((off + i < log_start || off + i >= log_end) &&
				    (off + i - ag) >> geo->blocklog > geo->agfl_block)
					spoil_block(objs, overlay, off + i, buf + i);
			}
		}
	}
	free(buf);
	return error;
}

/* ---- collecting ---- */

static void add(struct test_objects *objs, struct test_object obj)
{
	if (objs->n % 256 == 0) {
		objs->v = realloc(objs->v, (objs->n + 256) * sizeof(*objs->v));
		if (!objs->v)
			abort();
	}
	objs->v[objs->n++] = obj;
}

static uint64_t place_bytes(const struct xfs_geometry *geo, int64_t agno, uint64_t block)
{
	return xfs_agb_to_bytes(geo, (uint32_t)agno, (uint32_t)block);
}

static uint32_t symlink_bytes(const struct xfs_geometry *geo, const uint8_t *buf)
{
	uint32_t bytes = get_be32(buf + 8) + 56;

	return (uint32_t)xfs_roundup64(bytes, geo->blocksize);
}

static int add_block(struct test_objects *objs, const char *structure, int64_t agno, uint64_t block)
{
	const struct xfs_geometry *geo = &objs->geo;
	struct test_object obj = { .offset = place_bytes(geo, agno, block),
				   .agno = (uint32_t)agno };
	uint8_t buf[512];
	const struct magic *m;
	int error = xfs_device_pread(objs->dev, obj.offset, buf, sizeof(buf));

	if (error)
		return error;
	m = recognise(buf);
	if (!m)
		return -EUCLEAN;
	obj.kind = m->kind;
	if (m->kind == TEST_DIR_NODE && !strcmp(structure, "attr"))
		obj.kind = TEST_ATTR_NODE;
	obj.crc_off = m->crc_off;
	obj.len = geo->blocksize;
	if (!strcmp(structure, "directory"))
		obj.len = geo->dirblksize;
	if (m->kind == TEST_SYMLINK)
		obj.len = symlink_bytes(geo, buf);
	if (obj.kind <= TEST_BMBT) {
		obj.level = get_be16(buf + 4);
		obj.count = get_be16(buf + 6);
		obj.owner = obj.kind == TEST_BMBT ? get_be64(buf + 56) : obj.agno;
	} else {
		obj.count = get_be16(buf + 56);
		if (obj.kind == TEST_DIR_NODE || obj.kind == TEST_ATTR_NODE)
			obj.level = get_be16(buf + 58);
		obj.owner = get_be64(buf + (m->off == 8 ? 48 : m->crc_off == 4 ? 40 : 32));
	}
	add(objs, obj);
	return 0;
}

static int collect(struct test_objects *objs, const struct test_findings *found)
{
	const struct xfs_geometry *geo = &objs->geo;
	static const char *const header[] = { "superblock", "agf", "agi", "agfl" };
	static const uint32_t crc_off[] = { XFS_SB_CRC_OFF, XFS_AGF_CRC_OFF, XFS_AGI_CRC_OFF,
					    XFS_AGFL_CRC_OFF };

	for (size_t i = 0; i < found->n; i++) {
		const char *text = found->v[i].text, *structure = found->v[i].structure;
		int64_t agno = found->v[i].agno;
		unsigned int h;
		int error;

		if (!strstr(text, "checksum") || agno < 0)
			continue;
		for (h = 0; h < ARRAY_SIZE(header) && strcmp(structure, header[h]); h++)
			;
		if (h < ARRAY_SIZE(header)) {
			add(objs, (struct test_object){
				.kind = TEST_SB + h, .len = geo->sectsize, .crc_off = crc_off[h],
				.offset = place_bytes(geo, agno, 0) + (uint64_t)h * geo->sectsize,
				.agno = (uint32_t)agno, .owner = (uint64_t)agno });
		} else if (!strcmp(structure, "inode")) {
			add(objs,
			    (struct test_object){ .kind = TEST_INODE,
						  .len = geo->inodesize,
						  .crc_off = XFS_DINODE_CRC_OFF,
						  .offset = xfs_ino_to_bytes(geo, found->v[i].ino),
						  .agno = (uint32_t)agno,
						  .owner = found->v[i].ino });
		} else {
			error = add_block(objs, structure, agno, found->v[i].block);
			if (error)
				return error;
		}
	}
	return 0;
}

int test_objects_find(struct xfs_device *dev, struct test_objects *objs)
{
	struct test_findings found = { 0 };
	struct xfs_device *overlay = NULL;
	struct xfs_dsb dsb;
	uint8_t sector[512];
	int error;

	memset(objs, 0, sizeof(*objs));
	objs->dev = dev;
	error = xfs_device_pread(dev, 0, sector, sizeof(sector));
	if (error)
		return error;
	memcpy(&dsb, sector, sizeof(dsb));
	xfs_sb_from_disk(&objs->sb, &dsb);
	error = xfs_geometry_init(&objs->geo, &objs->sb);
	if (!error)
		error = xfs_device_open_overlay(dev, NULL, &overlay);
	if (!error)
		error = spoil(objs, overlay);
	if (!error) {
		test_check(overlay, 0, 0, &found);
		error = found.error;
	}
	if (!error)
		error = collect(objs, &found);
	test_findings_free(&found);
	xfs_device_put(overlay);
	return error;
}

void test_objects_free(struct test_objects *objs)
{
	free(objs->v);
	memset(objs, 0, sizeof(*objs));
}
