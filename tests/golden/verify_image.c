/* SPDX-License-Identifier: MIT */
/*
 * Every metadata block on an image passes its verifier:
 *
 *	verify_image IMAGE
 *
 * All blocks are looked at, not only those that something points to: one that
 * names its own place and carries a right checksum was written as metadata, by
 * whoever made the image.  Prints how many of each kind there were.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/log.h"
#include "disk/symlink.h"
#include "support/log_compare.h"
#include "disk/verify.h"

typedef xfs_failaddr_t (*verify_fn)(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);

enum unit { BLOCK, DIRBLOCK };

static struct kind {
	const char *name;
	uint32_t magic;
	unsigned int magic_off, magic_len, crc_off, blkno_off, uuid_off;
	enum unit unit;
	verify_fn verify;
	uint64_t count;
} kinds[] = {
#define SHORT(name, magic, fn) { name, magic, 0, 4, 52, 16, 32, BLOCK, fn, 0 }
#define DATA(name, magic, fn) { name, magic, 0, 4, 4, 8, 24, DIRBLOCK, fn, 0 }
#define DA(name, magic, unit, fn) { name, magic, 8, 2, 12, 16, 32, unit, fn, 0 }
	SHORT("bnobt", XFS_ABTB_CRC_MAGIC, xfs_bnobt_verify),
	SHORT("cntbt", XFS_ABTC_CRC_MAGIC, xfs_cntbt_verify),
	SHORT("inobt", XFS_IBT_CRC_MAGIC, xfs_inobt_verify),
	SHORT("finobt", XFS_FIBT_CRC_MAGIC, xfs_finobt_verify),
	SHORT("rmapbt", XFS_RMAP_CRC_MAGIC, xfs_rmapbt_verify),
	SHORT("refcountbt", XFS_REFC_CRC_MAGIC, xfs_refcountbt_verify),
	{ "bmbt", XFS_BMAP_CRC_MAGIC, 0, 4, 64, 24, 40, BLOCK, xfs_bmbt_verify, 0 },
	DATA("directory block", XFS_DIR3_BLOCK_MAGIC, xfs_dir3_data_any_verify),
	DATA("directory data", XFS_DIR3_DATA_MAGIC, xfs_dir3_data_any_verify),
	DATA("directory free index", XFS_DIR3_FREE_MAGIC, xfs_dir3_free_verify),
	DA("directory leaf", XFS_DIR3_LEAF1_MAGIC, DIRBLOCK, xfs_dir3_leaf_any_verify),
	DA("directory leaf n", XFS_DIR3_LEAFN_MAGIC, DIRBLOCK, xfs_dir3_leaf_any_verify),
	DA("directory node", XFS_DA3_NODE_MAGIC, DIRBLOCK, xfs_da3_node_verify),
	DA("attribute node", XFS_DA3_NODE_MAGIC, BLOCK, xfs_da3_node_verify),
	DA("attribute leaf", XFS_ATTR3_LEAF_MAGIC, BLOCK, xfs_attr3_any_verify),
	{ "attribute value", XFS_ATTR3_RMT_MAGIC, 0, 4, 12, 40, 16, BLOCK, xfs_attr3_rmt_verify,
	  0 },
	{ "symlink", XFS_SYMLINK_MAGIC, 0, 4, 12, 40, 16, BLOCK, xfs_symlink_verify, 0 },
};

static uint64_t used_inodes, free_inodes, log_records, headers;
static int failures;
static int fd;
static struct xfs_geometry geo;

static void complain(const char *what, xfs_daddr_t daddr, xfs_failaddr_t fa)
{
	printf("%s at %" PRId64 ": %s\n", what, daddr, fa);
	failures++;
}

/* Reads as zeros behind the end. */
static void read_at(uint64_t off, void *buf, size_t len)
{
	ssize_t n = pread(fd, buf, len, (off_t)off);

	if (n < 0) {
		perror("pread");
		exit(2);
	}
	memset((char *)buf + n, 0, len - (size_t)n);
}

static void look_at_kind(struct kind *k, const uint8_t *p, xfs_daddr_t daddr)
{
	size_t len = k->unit == BLOCK ? geo.blocksize : geo.dirblksize;
	uint32_t magic = k->magic_len == 4 ? get_be32(p + k->magic_off)
					   : get_be16(p + k->magic_off);
	xfs_failaddr_t fa;

	if (magic != k->magic || get_be64(p + k->blkno_off) != (uint64_t)daddr ||
	    memcmp(p + k->uuid_off, geo.meta_uuid.b, 16) != 0)
		return;
	/* The sum of a symlink is over its extent, of up to two blocks of 1 KiB. */
	if (k->verify == xfs_symlink_verify && !xfs_cksum_ok(p, len, k->crc_off) &&
	    geo.blocksize == 1024)
		len *= 2;
	if (!xfs_cksum_ok(p, len, k->crc_off))
		return;
	/* With directory blocks of one block a node is either; it counts once. */
	if (k->unit == BLOCK && k->magic == XFS_DA3_NODE_MAGIC && geo.dirblklog == 0)
		return;
	k->count++;
	fa = k->verify(&geo, p, len, daddr);
	if (fa)
		complain(k->name, daddr, fa);
}

static void look_at_inodes(const uint8_t *p, uint64_t rfsb)
{
	xfs_agnumber_t agno = (xfs_agnumber_t)(rfsb / geo.agblocks);
	xfs_agblock_t agbno = (xfs_agblock_t)(rfsb % geo.agblocks);
	unsigned int seen = 0;

	for (uint32_t i = 0; i < geo.inopblock; i++) {
		const struct xfs_dinode *dip = (const void *)(p + (i << geo.inodelog));
		xfs_ino_t ino = XFS_AGINO_TO_INO(&geo, agno, XFS_AGB_TO_AGINO(&geo, agbno) + i);
		xfs_failaddr_t fa;

		if (be16_to_cpu(dip->di_magic) != XFS_DINODE_MAGIC ||
		    be64_to_cpu(dip->di_ino) != ino ||
		    !xfs_cksum_ok(dip, geo.inodesize, XFS_DINODE_CRC_OFF))
			continue;
		seen++;
		if (dip->di_mode.b[0] || dip->di_mode.b[1])
			used_inodes++;
		else
			free_inodes++;
		fa = xfs_dinode_verify(&geo, ino, dip);
		if (!fa)
			fa = xfs_dinode_check(&geo, dip);
		if (fa)
			complain("inode", (xfs_daddr_t)ino, fa);
	}
	if (seen == geo.inopblock) {
		xfs_failaddr_t fa = xfs_inode_cluster_verify(&geo, p, geo.blocksize,
							     XFS_AGB_TO_DADDR(&geo, agno, agbno));

		if (fa)
			complain("inode cluster", XFS_AGB_TO_DADDR(&geo, agno, agbno), fa);
	}
}

static void look_at_headers(xfs_agnumber_t agno)
{
	static const struct {
		const char *name;
		unsigned int crc_off;
		verify_fn verify;
	} h[] = {
		{ "superblock", XFS_SB_CRC_OFF, xfs_sb_buf_verify },
		{ "AGF", XFS_AGF_CRC_OFF, xfs_agf_verify },
		{ "AGI", XFS_AGI_CRC_OFF, xfs_agi_verify },
		{ "AGFL", XFS_AGFL_CRC_OFF, xfs_agfl_verify },
	};
	uint8_t sector[XFS_MAX_SECTORSIZE];

	for (unsigned int i = 0; i < ARRAY_SIZE(h); i++) {
		xfs_daddr_t daddr = XFS_AG_DADDR(&geo, agno, i);
		xfs_failaddr_t fa;

		read_at((uint64_t)daddr * 512, sector, geo.sectsize);
		fa = xfs_cksum_ok(sector, geo.sectsize, h[i].crc_off)
			     ? h[i].verify(&geo, sector, geo.sectsize, daddr)
			     : "checksum";
		headers++;
		if (fa)
			complain(h[i].name, daddr, fa);
	}
}

static void look_at_log(const uint8_t *p, size_t len, xfs_daddr_t daddr)
{
	for (size_t off = 0; off < len; off += 512) {
		xfs_failaddr_t fa;

		if (get_be32(p + off) != XLOG_HEADER_MAGIC_NUM ||
		    memcmp(p + off + 304, geo.uuid.b, 16) != 0)
			continue;
		log_records++;
		fa = xlog_rec_header_verify(&geo, p + off, 512, daddr + (xfs_daddr_t)(off / 512));
		if (fa)
			complain("log record", daddr + (xfs_daddr_t)(off / 512), fa);
	}
}

static bool in_log(uint64_t rfsb)
{
	uint64_t start = XFS_FSB_TO_AGNO(&geo, geo.logstart) * (uint64_t)geo.agblocks +
			 XFS_FSB_TO_AGBNO(&geo, geo.logstart);

	return geo.logstart && rfsb >= start && rfsb < start + geo.logblocks;
}

/* The head, tail and state of the log are the same for recovery and for the checker. */
static void compare_logs(const char *path)
{
	struct test_log_opinion op;
	struct xfs_device *dev;
	char why[400];

	if (xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev)) {
		failures++;
		return;
	}
	if (!test_log_agrees(dev, NULL, &op, why, sizeof(why)) || op.error || op.findings) {
		printf("log: %s\n", why);
		failures++;
	}
	xfs_device_put(dev);
}

int main(int argc, char **argv)
{
	static uint8_t buf[2 * XFS_MAX_BLOCKSIZE];
	struct xfs_sb sb;
	xfs_failaddr_t fa;

	if (argc != 2 || (fd = open(argv[1], O_RDONLY)) < 0) {
		fprintf(stderr, "usage: verify_image IMAGE\n");
		return 2;
	}
	read_at(0, buf, 512);
	xfs_sb_from_disk(&sb, (const void *)buf);
	fa = xfs_sb_verify(&sb);
	if (fa || xfs_geometry_init(&geo, &sb)) {
		printf("superblock: %s\n", fa ? fa : "geometry");
		return 1;
	}
	for (xfs_agnumber_t agno = 0; agno < geo.agcount; agno++)
		look_at_headers(agno);
	for (uint64_t rfsb = 0; rfsb < geo.dblocks; rfsb++) {
		uint64_t off = rfsb << geo.blocklog;
		off_t data = lseek(fd, (off_t)off, SEEK_DATA);

		if (data < 0)
			break;
		if ((uint64_t)data >= off + geo.blocksize) {
			rfsb = ((uint64_t)data >> geo.blocklog) - 1;
			continue;
		}
		read_at(off, buf, XFS_MAX(geo.dirblksize, 2 * geo.blocksize));
		if (in_log(rfsb)) {
			look_at_log(buf, geo.blocksize, (xfs_daddr_t)(off / 512));
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			look_at_kind(&kinds[i], buf, (xfs_daddr_t)(off / 512));
		look_at_inodes(buf, rfsb);
	}
	printf("headers: %" PRIu64 "\n", headers);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].count)
			printf("%s: %" PRIu64 "\n", kinds[i].name, kinds[i].count);
	printf("inodes in use: %" PRIu64 "\ninodes free: %" PRIu64 "\nlog records: %" PRIu64 "\n",
	       used_inodes, free_inodes, log_records);
	compare_logs(argv[1]);
	return failures ? 1 : 0;
}
