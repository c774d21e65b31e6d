/* SPDX-License-Identifier: MIT */
/*
 * Goal: the checker finds every kind of damage to a quota record, and counts that are not what their
 *       owners use; and says nothing of counts when nobody claims that they are exact.
 * Method: one change at a time, with the right checksum, to a copy in memory of an image that a kernel
 *         with quota made.
 *
 *	quota_damage IMAGE
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/crc32c.h"
#include "disk/dquot.h"
#include "support/objects.h"

#define USER	1001u			/* over no limit: 4 inodes of 5 */

enum where { RECORD, RECORD_0, SUPERBLOCK, INODE };

static const struct damage {
	const char *name;
	enum where where;
	uint32_t off;
	uint8_t size;
	char op;			/* '=' set, '+' add, '^' flip bits */
	uint64_t value;
	const char *say;		/* NULL: nothing may be found */
	bool wrong_crc;
} damages[] = {
#define REC(m)	RECORD, offsetof(struct xfs_dqblk, m), sizeof(((struct xfs_dqblk *)0)->m)
#define DQ(m)	REC(dd_diskdq.m)
#define SB(m)	SUPERBLOCK, offsetof(struct xfs_dsb, m), sizeof(((struct xfs_dsb *)0)->m)
#define INO(m)	INODE, offsetof(struct xfs_dinode, m), sizeof(((struct xfs_dinode *)0)->m)
	{ "magic", DQ(d_magic), '=', 0, "no quota record", false },
	{ "version", DQ(d_version), '=', 2, "no quota record", false },
	{ "type of another quota", DQ(d_type), '=', 0x84, "d_type", false },
	{ "two types", DQ(d_type), '=', 0x83, "d_type", false },
	{ "unknown type bit", DQ(d_type), '=', 0x91, "d_type", false },
	{ "record 0 with wide timers", RECORD_0, 3, 1, '=', 0x81, "d_type", false },
	{ "id", DQ(d_id), '+', 1, "d_id is 1002", false },
	{ "checksum", DQ(d_blk_hardlimit), '+', 1, "checksum", true },
	{ "uuid", RECORD, 120, 1, '^', 1, "UUID", false },
	{ "lsn", REC(dd_lsn), '=', 99ull << 32, "LSN", false },
	{ "blocks", DQ(d_bcount), '+', 1, "50 blocks, counted 49", false },
	{ "inodes", DQ(d_icount), '+', (uint64_t)-1, "3 inodes, counted 4", false },
	{ "realtime blocks", DQ(d_rtbcount), '+', 1, "1 realtime blocks, counted 0", false },
	{ "blocks over the limit, no timer", DQ(d_blk_softlimit), '=', 48, "no timer", false },
	{ "inodes over the limit, no timer", DQ(d_ino_softlimit), '=', 3, "no timer", false },
	{ "blocks at the limit", DQ(d_blk_softlimit), '=', 49, NULL, false },
	{ "hard limit below the count", DQ(d_blk_hardlimit), '=', 1, NULL, false },
	{ "a file of somebody without a record", INO(di_uid), '=', 123456, "user 123456 has no record",
	  false },
	{ "a file of another group", INO(di_gid), '=', 2001, "group 2001", false },
	{ "a file of another project", INO(di_projid_lo), '=', 77, "project 77", false },
	{ "unknown flag", SB(sb_qflags), '^', 0x8000, "sb_qflags", false },
};

static void apply(uint8_t *p, const struct damage *d)
{
	uint64_t v = d->size == 1 ? p[0] : d->size == 2 ? get_be16(p)
			    : d->size == 4 ? get_be32(p) : get_be64(p);

	v = d->op == '=' ? d->value : d->op == '+' ? v + d->value : v ^ d->value;
	for (uint8_t i = 0; i < d->size; i++)
		p[i] = (uint8_t)(v >> 8 * (d->size - 1 - i));
}

/* Where the record of user @id lies; ends the program when there is none. */
static uint64_t find_record(struct xfs_device *dev, const struct xfs_geometry *geo, uint32_t id)
{
	uint32_t per_block = geo->blocksize / (uint32_t)sizeof(struct xfs_dqblk);
	uint64_t log = xfs_fsb_to_bytes(geo, geo->logstart);
	uint64_t log_end = log + ((uint64_t)geo->logblocks << geo->blocklog);
	uint64_t end = (uint64_t)geo->dblocks << geo->blocklog;
	uint8_t buf[4096];

	for (uint64_t off = 0; off < end; off += geo->blocksize) {
		const struct xfs_dqblk *dqb = (const struct xfs_dqblk *)buf + id % per_block;

		if ((off >= log && off < log_end) || xfs_device_pread(dev, off, buf, geo->blocksize))
			continue;
		if (be16_to_cpu(dqb->dd_diskdq.d_magic) == XFS_DQUOT_MAGIC &&
		    be32_to_cpu(dqb->dd_diskdq.d_id) == id &&
		    (dqb->dd_diskdq.d_type & XFS_DQTYPE_USER))
			return off + id % per_block * sizeof(*dqb);
	}
	fprintf(stderr, "no record of user %u\n", id);
	exit(1);
}

/* An inode of user USER, group 2000, project 0. */
static uint64_t find_inode(const struct test_objects *objs)
{
	for (size_t i = 0; i < objs->n; i++) {
		uint8_t buf[512];
		const struct xfs_dinode *dip = (const void *)buf;

		if (objs->v[i].kind == TEST_INODE && !test_object_read(objs->dev, &objs->v[i], buf) &&
		    be32_to_cpu(dip->di_uid) == USER && be32_to_cpu(dip->di_gid) == 2000)
			return objs->v[i].offset;
	}
	fprintf(stderr, "no inode of user %u\n", USER);
	exit(1);
}

struct place { uint64_t offset; uint32_t len, crc_off; };

static void damage_one(struct xfs_device *dev, const struct place *at, const struct damage *d)
{
	uint8_t sector[1024], *p = sector + at->offset % 512;
	uint64_t base = at->offset / 512 * 512;

	if (xfs_device_pread(dev, base, sector, sizeof(sector)))
		abort();
	apply(p + d->off, d);
	if (!d->wrong_crc)
		xfs_cksum_set(p, at->len, at->crc_off);
	if (xfs_device_pwrite(dev, base, sector, sizeof(sector), 0))
		abort();
}

static bool noticed(const struct test_findings *found, const struct damage *d)
{
	for (size_t i = 0; d->say && i < found->n; i++) {
		if (strstr(found->v[i].text, d->say) &&
		    (d->where == SUPERBLOCK || strcmp(found->v[i].structure, "quota") == 0))
			return true;
	}
	return !d->say && !found->n && !found->error;
}

static int judge(struct xfs_device *base, const struct place places[], const struct damage *d)
{
	struct test_findings found = { 0 };
	struct xfs_device *dev;
	int failed;

	if (xfs_device_open_overlay(base, NULL, &dev))
		abort();
	damage_one(dev, &places[d->where], d);
	test_check(dev, 0, 0, &found);
	failed = !noticed(&found, d);
	if (failed) {
		fprintf(stderr, "%s: not noticed as it should\n", d->name);
		test_findings_print(&found);
	}
	test_findings_free(&found);
	xfs_device_put(dev);
	return failed;
}

/* Without CHKD, wrong counts are nobody's business: the next quotacheck makes them. */
static int counts_unchecked(struct xfs_device *base, const struct place places[])
{
	static const struct damage unchecked = { "", SB(sb_qflags), '=', 0x2cb, NULL, false };
	static const struct damage count = { "", DQ(d_bcount), '+', 1, NULL, false };
	struct test_findings found = { 0 };
	struct xfs_device *dev;
	int failed;

	if (xfs_device_open_overlay(base, NULL, &dev))
		abort();
	damage_one(dev, &places[SUPERBLOCK], &unchecked);
	damage_one(dev, &places[RECORD], &count);
	test_check(dev, 0, 0, &found);
	failed = found.error || found.n || found.sum.not_checked != XFS_CHECK_SKIPPED_QUOTA;
	if (failed)
		test_findings_print(&found);
	test_findings_free(&found);
	xfs_device_put(dev);
	return failed;
}

int main(int argc, char **argv)
{
	struct test_objects objs;
	struct xfs_device *dev;
	int failed = 0;

	if (argc != 2 || xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &dev) ||
	    test_objects_find(dev, &objs))
		return 1;
	const struct place places[] = {
		[RECORD] = { find_record(dev, &objs.geo, USER), sizeof(struct xfs_dqblk),
			     XFS_DQUOT_CRC_OFF },
		[RECORD_0] = { find_record(dev, &objs.geo, 0), sizeof(struct xfs_dqblk),
			       XFS_DQUOT_CRC_OFF },
		[SUPERBLOCK] = { 0, objs.geo.sectsize, XFS_SB_CRC_OFF },
		[INODE] = { find_inode(&objs), objs.geo.inodesize, XFS_DINODE_CRC_OFF },
	};

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++)
		failed += judge(dev, places, &damages[i]);
	failed += counts_unchecked(dev, places);
	printf("%zu damages, %d not noticed\n", ARRAY_SIZE(damages), failed);
	test_objects_free(&objs);
	xfs_device_put(dev);
	return failed != 0;
}
