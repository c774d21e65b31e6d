/* SPDX-License-Identifier: MIT */
/* Vectors of inodes, forks and extents. */
#include <inttypes.h>
#include "bmap/bmap.h"
#include "core/mount.h"
#include "disk/inode.h"
#include "format/format.h"

static void verify_inode(struct format *f, xfs_ino_t ino, const void *dip)
{
	if (f->len != f->geo.inodesize)
		format_say(f, "(an object of another size) ");
	format_say_verdict(f, xfs_dinode_verify(&f->geo, ino, dip));
}

static void inode_verify(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	verify_inode(f, format_number(f, arg[0]), f->object);
}

static void inode_changed(struct format *f, unsigned int n, char **arg)
{
	static uint8_t copy[2048];

	memcpy(copy, f->object, sizeof(copy));
	for (unsigned int i = 1; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < sizeof(copy))
			format_bytes(f, arg[i + 1], copy + off, sizeof(copy) - off);
	}
	verify_inode(f, format_number(f, arg[0]), copy);
}

/* An inode of the example image. */
static void inode_mode(struct format *f, unsigned int n, char **arg)
{
	xfs_ino_t ino = format_number(f, arg[0]);
	struct xfs_dinode *dip = calloc(1, f->geo.inodesize);

	(void)n;
	if (!dip ||
	    xfs_device_pread(format_image(), xfs_ino_to_bytes(&f->geo, ino), dip, f->geo.inodesize))
		abort();
	format_say(f,
		   "0%o links %u size %" PRIu64 " format %u aformat %u forkoff %u flags2 %#" PRIx64,
		   be16_to_cpu(dip->di_mode), be32_to_cpu(dip->di_nlink), be64_to_cpu(dip->di_size),
		   dip->di_format, dip->di_aformat, dip->di_forkoff, xfs_dinode_flags2(dip));
	if (!xfs_cksum_ok(dip, f->geo.inodesize, XFS_DINODE_CRC_OFF) ||
	    xfs_dinode_verify(&f->geo, ino, dip))
		format_say(f, " refused");
	free(dip);
}

static void time_stamp(struct format *f, unsigned int n, char **arg)
{
	struct timespec tv = {.tv_sec = (time_t)format_number(f, arg[0]),
			      .tv_nsec = (long)format_number(f, arg[1])};

	(void)n;
	for (int legacy = 0; legacy < 2; legacy++) {
		be64_t disk = xfs_inode_to_disk_ts(!legacy, tv);
		struct timespec back = xfs_inode_from_disk_ts(!legacy, disk);

		format_say(f, "%016" PRIx64 " ", be64_to_cpu(disk));
		if (be64_to_cpu(xfs_inode_to_disk_ts(!legacy, back)) != be64_to_cpu(disk))
			format_say(f, "(read otherwise) ");
	}
}

static void device_number(struct format *f, unsigned int n, char **arg)
{
	uint32_t major = (uint32_t)format_number(f, arg[0]);
	uint32_t minor = (uint32_t)format_number(f, arg[1]);
	uint32_t dev = xfs_sysv_encode_dev(major, minor);

	(void)n;
	format_say(f, "%08x", dev);
	if (xfs_sysv_major(dev) != major || xfs_sysv_minor(dev) != minor)
		format_say(f, " (read otherwise)");
}

static void hint_valid(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say_verdict(f,
			   xfs_inode_validate_extsize(&f->geo, (uint32_t)format_number(f, arg[2]),
						      (uint16_t)format_number(f, arg[0]),
						      (uint16_t)format_number(f, arg[1])));
}

static struct xfs_mount *mount_of(struct format *f)
{
	static struct xfs_mount mp;

	mp.m_geo = f->geo;
	return &mp;
}

static void forkoff(struct format *f, unsigned int n, char **arg)
{
	static struct xfs_inode ip;
	uint64_t amount = format_number(f, arg[1]);

	(void)n;
	memset(&ip, 0, sizeof(ip));
	ip.i_mount = mount_of(f);
	ip.i_forkoff = (uint8_t)format_number(f, arg[2]);
	ip.i_df.if_format = XFS_DINODE_FMT_EXTENTS;
	if (strcmp(arg[0], "device") == 0) {
		ip.i_df.if_format = XFS_DINODE_FMT_DEV;
	} else if (strcmp(arg[0], "local") == 0) {
		ip.i_df.if_format = XFS_DINODE_FMT_LOCAL;
		ip.i_df.if_bytes = (uint32_t)amount;
	} else {
		ip.i_df.if_nextents = amount;
	}
	format_say(f, "%u", xfs_bmap_forkoff_for(&ip, (uint32_t)format_number(f, arg[3])));
}

static void extent_of(struct format *f, const char *text, struct xfs_bmbt_irec *irec)
{
	struct xfs_bmbt_rec rec = {0}, again;

	format_bytes(f, text, (void *)&rec, sizeof(rec));
	xfs_bmbt_disk_get_all(&rec, irec);
	xfs_bmbt_disk_set_all(&again, irec);
	if (memcmp(&rec, &again, sizeof(rec)))
		format_say(f, "(packed otherwise) ");
}

static void extent(struct format *f, unsigned int n, char **arg)
{
	struct xfs_bmbt_irec irec;

	(void)n;
	extent_of(f, arg[0], &irec);
	format_say(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s", irec.br_startoff,
		   irec.br_startblock, irec.br_blockcount,
		   irec.br_state == XFS_EXT_UNWRITTEN ? "unwritten" : "written");
}

static void extent_valid(struct format *f, unsigned int n, char **arg)
{
	struct xfs_bmbt_irec irec;

	(void)n;
	extent_of(f, arg[1], &irec);
	format_say_verdict(
		f, xfs_bmbt_irec_verify(&f->geo, false, strcmp(arg[0], "file") == 0, &irec));
}

/*
 * Records into the object: OFFSET FILE-BLOCK FSBLOCK LENGTH STATE NUMBER FILE-STEP DISK-STEP, with
 * "odd" every second one is unwritten.  Answers where they end.
 */
static void extent_put(struct format *f, unsigned int n, char **arg)
{
	size_t off = format_size(f, arg[0]);
	struct xfs_bmbt_irec irec = {
		.br_startoff = format_number(f, arg[1]),
		.br_startblock = format_number(f, arg[2]),
		.br_blockcount = format_number(f, arg[3]),
	};
	uint64_t nr = format_number(f, arg[5]);

	for (uint64_t i = 0; i < nr && off + sizeof(struct xfs_bmbt_rec) <= f->len; i++) {
		irec.br_state = strcmp(arg[4], "unwritten") == 0 || (n > 8 && (i & 1))
					? XFS_EXT_UNWRITTEN
					: XFS_EXT_NORM;
		xfs_bmbt_disk_set_all((void *)(f->object + off), &irec);
		irec.br_startoff += format_number(f, arg[6]);
		irec.br_startblock += format_number(f, arg[7]);
		off += sizeof(struct xfs_bmbt_rec);
	}
	format_say(f, "%zu", off);
}

static void root_room(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%u", xfs_bmdr_maxrecs((unsigned int)format_number(f, arg[0])));
}

static void bmbt_verify(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say_verdict(f, xfs_bmbt_verify(&f->geo, f->object, f->len,
					      (xfs_daddr_t)format_number(f, arg[0])));
}

static void fork_heights(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say(f, "%u %u", f->geo.bmap_maxlevels[0], f->geo.bmap_maxlevels[1]);
}

static void extent_limit(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%" PRIu64,
		   (uint64_t)xfs_iext_max_nextents(strcmp(arg[1], "wide") == 0,
						   strcmp(arg[0], "attr") == 0 ? XFS_ATTR_FORK
									       : XFS_DATA_FORK));
}

static void worst_indirect(struct format *f, unsigned int n, char **arg)
{
	static struct xfs_inode ip;

	(void)n;
	ip.i_mount = mount_of(f);
	format_say(f, "%" PRIu64, (uint64_t)xfs_bmap_worst_indlen(&ip, format_number(f, arg[0])));
}

const struct format_function format_inode[] = {
	{"inode_verify", 1, inode_verify},
	{"inode_changed", 3, inode_changed},
	{"inode_mode", 1, inode_mode},
	{"time", 2, time_stamp},
	{"device", 2, device_number},
	{"hint_valid", 3, hint_valid},
	{"forkoff", 4, forkoff},
	{"extent", 1, extent},
	{"extent_valid", 2, extent_valid},
	{"extent_put", 8, extent_put},
	{"root_room", 1, root_room},
	{"bmbt_verify", 1, bmbt_verify},
	{"fork_heights", 0, fork_heights},
	{"extent_limit", 2, extent_limit},
	{"worst_indirect", 1, worst_indirect},
	{NULL, 0, NULL},
};
