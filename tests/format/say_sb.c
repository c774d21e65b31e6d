/* SPDX-License-Identifier: MIT */
/* Vectors of checksums, superblocks, geometry and addresses. */
#include <xfswrite/mkfs.h>
#include "format/format.h"

static void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	(void)ctx;
	*now = (struct xfs_timespec){.tv_sec = 1700000000};
}

struct xfs_device *format_image(void)
{
	static const uint8_t uuid[16] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	};
	static const struct xfs_env env = {.size = sizeof(env), .clock = fixed_clock, .seed = 1};
	static struct xfs_device *dev;
	struct xfs_mkfs_options o = XFS_MKFS_OPTIONS_INIT;

	if (dev)
		return dev;
	memcpy(o.uuid, uuid, sizeof(uuid));
	memcpy(o.label, "vector", 6);
	o.env = &env;
	if (xfs_device_open_memory(300ull << 20, 512, NULL, &dev) || xfs_mkfs(dev, NULL, &o, NULL))
		abort();
	return dev;
}

void format_geometry(struct format *f, unsigned int n, char **arg)
{
	struct xfs_sb *sb = &f->sb;
	uint64_t bs = format_option(f, n, arg, "blocksize", sb->sb_blocksize);
	uint64_t inodesize = format_option(f, n, arg, "inodesize", sb->sb_inodesize);
	uint64_t sectsize = format_option(f, n, arg, "sectsize", sb->sb_sectsize);
	uint64_t base = 8192 * (inodesize / 256) / bs;

	sb->sb_blocksize = (uint32_t)bs;
	sb->sb_blocklog = (uint8_t)xfs_highbit64(bs);
	sb->sb_sectsize = (uint16_t)sectsize;
	sb->sb_sectlog = (uint8_t)xfs_highbit64(sectsize);
	sb->sb_inodesize = (uint16_t)inodesize;
	sb->sb_inodelog = (uint8_t)xfs_highbit64(inodesize);
	sb->sb_inopblock = (uint16_t)(bs / inodesize);
	sb->sb_inopblog = (uint8_t)(sb->sb_blocklog - sb->sb_inodelog);
	sb->sb_agblocks = (uint32_t)format_option(f, n, arg, "agblocks", (300ull << 20) / 4 / bs);
	sb->sb_agcount = (uint32_t)format_option(f, n, arg, "agcount", 4);
	sb->sb_agblklog = (uint8_t)xfs_log2_ceil(sb->sb_agblocks);
	sb->sb_dblocks = (uint64_t)sb->sb_agblocks * sb->sb_agcount;
	sb->sb_dirblklog = (uint8_t)(xfs_highbit64(format_option(f, n, arg, "dirblocksize",
								 bs < 4096 ? 4096 : bs)) -
				     sb->sb_blocklog);
	sb->sb_features_incompat =
		(uint32_t)format_option(f, n, arg, "incompat", sb->sb_features_incompat);
	sb->sb_features_ro_compat =
		(uint32_t)format_option(f, n, arg, "ro_compat", sb->sb_features_ro_compat);
	sb->sb_versionnum = (uint16_t)format_option(f, n, arg, "versionnum", sb->sb_versionnum);
	for (unsigned int i = 0; i < n; i++)
		if (strncmp(arg[i], "uuid=", 5) == 0)
			format_bytes(f, arg[i] + 5, sb->sb_uuid.b, sizeof(sb->sb_uuid.b));
	sb->sb_inoalignmt = (uint32_t)(64 * inodesize / bs);
	sb->sb_spino_align = (uint32_t)base;
	if (!(sb->sb_features_incompat & XFS_SB_FEAT_INCOMPAT_SPINODES)) {
		sb->sb_inoalignmt = (uint32_t)base;
		sb->sb_spino_align = 0;
	}
	sb->sb_rextsize = bs < 4096 ? (uint32_t)(4096 / bs) : 1;
	sb->sb_rootino = 64ull * sb->sb_inopblock;
	sb->sb_logstart = ((uint64_t)(sb->sb_agcount / 2) << sb->sb_agblklog) + 16;
	if (xfs_geometry_init(&f->geo, sb))
		format_say(f, "(an impossible geometry) ");
}

static void crc32c(struct format *f, unsigned int n, char **arg)
{
	uint8_t buf[1024];
	size_t len = format_bytes(f, arg[0], buf, sizeof(buf));

	(void)n;
	format_say(f, "%08x", ~xfs_crc32c(XFS_CRC_SEED, buf, len));
}

/* The bytes of the object's checksum at OFFSET; those that the object has must be the same. */
static void crc(struct format *f, unsigned int n, char **arg)
{
	size_t off = format_size(f, arg[0]);
	size_t len = n > 1 ? format_size(f, arg[1]) : f->len;

	if (len > f->len || off + 4 > len) {
		format_say(f, "(outside of the object) ");
		return;
	}
	if (get_be32(f->object + off) && !xfs_cksum_ok(f->object, len, off))
		format_say(f, "(the object has another) ");
	xfs_cksum_set(f->object, len, off);
	for (unsigned int i = 0; i < 4; i++)
		format_say(f, "%02x", f->object[off + i]);
}

/* CRC-32C of all of the object. */
static void object_sum(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say(f, "%08x", ~xfs_crc32c(XFS_CRC_SEED, f->object, f->len));
}

/* An integer of the object. */
static void field(struct format *f, unsigned int n, char **arg)
{
	size_t off = format_size(f, arg[0]), size = format_size(f, arg[1]);
	uint64_t v = 0;

	(void)n;
	for (size_t i = 0; i < size && off + i < f->len; i++)
		v = v << 8 | f->object[off + i];
	format_say(f, "%llu", (unsigned long long)v);
}

/* Bytes of the example image at an AG, a block in it and an offset: are they the object's? */
static void image(struct format *f, unsigned int n, char **arg)
{
	uint64_t off = xfs_agb_to_bytes(&f->geo, (xfs_agnumber_t)format_number(f, arg[0]),
					(xfs_agblock_t)format_number(f, arg[1])) +
		       format_number(f, arg[2]);
	uint8_t *buf = malloc(f->len + 1);

	(void)n;
	if (!buf || xfs_device_pread(format_image(), off, buf, f->len))
		abort();
	for (size_t i = 0; i < f->len; i++)
		if (buf[i] != f->object[i]) {
			format_say(f, "offset %zu is %02x", i, buf[i]);
			free(buf);
			return;
		}
	free(buf);
	format_say(f, "the same");
}

static void sb_verify(struct format *f, unsigned int n, char **arg)
{
	struct xfs_sb sb;

	for (unsigned int i = 0; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < f->len)
			format_bytes(f, arg[i + 1], f->object + off, f->len - off);
	}
	if (f->len < 512) {
		format_say(f, "(no object) ");
		return;
	}
	xfs_sb_from_disk(&sb, (const void *)f->object);
	format_say_verdict(f, xfs_sb_verify(&sb));
}

/* The same, of a copy with changed bytes: OFFSET HEX ... */
static void sb_changed(struct format *f, unsigned int n, char **arg)
{
	static uint8_t saved[512];

	memcpy(saved, f->object, sizeof(saved));
	sb_verify(f, n, arg);
	memcpy(f->object, saved, sizeof(saved));
}

static void sb_access(struct format *f, unsigned int n, char **arg)
{
	static const char *const answers[] = {"read-write", "read-only", "refuse"};
	struct xfs_sb sb = f->sb;

	sb.sb_features_compat = (uint32_t)format_option(f, n, arg, "compat", sb.sb_features_compat);
	sb.sb_features_ro_compat =
		(uint32_t)format_option(f, n, arg, "ro_compat", sb.sb_features_ro_compat);
	sb.sb_features_incompat =
		(uint32_t)format_option(f, n, arg, "incompat", sb.sb_features_incompat);
	sb.sb_features_log_incompat = (uint32_t)format_option(f, n, arg, "log_incompat", 0);
	sb.sb_flags = (uint8_t)format_option(f, n, arg, "flags", 0);
	format_say(f, "%s", answers[xfs_sb_access(&sb, NULL)]);
}

static void fsblock(struct format *f, unsigned int n, char **arg)
{
	xfs_fsblock_t b = format_number(f, arg[0]);

	(void)n;
	format_say(f, "ag %u block %u byte %llu daddr %lld", XFS_FSB_TO_AGNO(&f->geo, b),
		   XFS_FSB_TO_AGBNO(&f->geo, b), (unsigned long long)xfs_fsb_to_bytes(&f->geo, b),
		   (long long)XFS_FSB_TO_DADDR(&f->geo, b));
}

static void inode_number(struct format *f, unsigned int n, char **arg)
{
	xfs_ino_t ino = format_number(f, arg[0]);

	(void)n;
	format_say(f, "ag %u agino %u block %u index %u byte %llu", XFS_INO_TO_AGNO(&f->geo, ino),
		   XFS_INO_TO_AGINO(&f->geo, ino), XFS_INO_TO_AGBNO(&f->geo, ino),
		   XFS_AGINO_TO_OFFSET(&f->geo, XFS_INO_TO_AGINO(&f->geo, ino)),
		   (unsigned long long)xfs_ino_to_bytes(&f->geo, ino));
}

static void inode_valid(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%s", xfs_verify_ino(&f->geo, format_number(f, arg[0])) ? "valid" : "no");
}

static void agino_range(struct format *f, unsigned int n, char **arg)
{
	xfs_agino_t first, last;

	(void)n;
	xfs_agino_range(&f->geo, (xfs_agnumber_t)format_number(f, arg[0]), &first, &last);
	format_say(f, "%u %u", first, last);
}

static void inode_layout(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say(f, "%u %u %u %u", f->geo.inopblock, f->geo.inoalignmt, f->geo.spino_align,
		   f->geo.blocks_per_cluster << f->geo.blocklog);
}

static void fanout(struct format *f, unsigned int n, char **arg)
{
	const struct {
		const char *name;
		const uint32_t *mxr, *mnr;
	} tree[] = {
		{"bno", f->geo.alloc_mxr, f->geo.alloc_mnr},
		{"ino", f->geo.inobt_mxr, f->geo.inobt_mnr},
		{"rmap", f->geo.rmap_mxr, f->geo.rmap_mnr},
		{"refcount", f->geo.refc_mxr, f->geo.refc_mnr},
		{"bmap", f->geo.bmap_mxr, f->geo.bmap_mnr},
	};

	(void)n;
	for (size_t i = 0; i < sizeof(tree) / sizeof(tree[0]); i++)
		if (strcmp(tree[i].name, arg[0]) == 0)
			format_say(f, "%u %u min %u %u", tree[i].mxr[0], tree[i].mxr[1],
				   tree[i].mnr[0], tree[i].mnr[1]);
}

static void heights(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say(f, "%u %u %u %u", f->geo.alloc_maxlevels, f->geo.inobt_maxlevels,
		   f->geo.rmap_maxlevels, f->geo.refc_maxlevels);
}

static void ag_layout(struct format *f, unsigned int n, char **arg)
{
	const struct xfs_geometry *g = &f->geo;

	(void)n;
	(void)arg;
	format_say(f, "agfl %u slots %u bno %u cnt %u ino %u fino %u rmap %u refc %u next %u",
		   g->agfl_block, g->agfl_slots, g->bno_root, g->cnt_root, g->ino_root,
		   g->fino_root, g->rmap_root, g->refc_root, g->prealloc_blocks);
}

static void max_inodes(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say(f, "%llu", (unsigned long long)f->geo.maxicount);
}

const struct format_function format_sb[] = {
	{"crc32c", 1, crc32c},
	{"crc", 1, crc},
	{"sum", 0, object_sum},
	{"field", 2, field},
	{"image", 3, image},
	{"sb_verify", 0, sb_verify},
	{"sb_changed", 2, sb_changed},
	{"sb_access", 1, sb_access},
	{"fsblock", 1, fsblock},
	{"inode_number", 1, inode_number},
	{"inode_valid", 1, inode_valid},
	{"agino_range", 1, agino_range},
	{"inode_layout", 0, inode_layout},
	{"fanout", 1, fanout},
	{"heights", 0, heights},
	{"ag_layout", 0, ag_layout},
	{"max_inodes", 0, max_inodes},
	{NULL, 0, NULL},
};
