/* SPDX-License-Identifier: MIT */
/* Formatting memory, and looking at every structure that came out. */
#ifndef UNIT_MKFS_IMAGE_H
#define UNIT_MKFS_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <xfswrite/mkfs.h>
#include "base/crc32c.h"
#include "core/message.h"
#include "disk/ag.h"
#include "disk/log.h"
#include "disk/verify.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define TIB	(1ull << 40)

static inline void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	(void)ctx;
	*now = (struct xfs_timespec){ .tv_sec = 1700000000, .tv_nsec = 123456789 };
}

static const struct xfs_env fixed_env = {
	.size = sizeof(fixed_env), .clock = fixed_clock, .seed = 4711,
};

/* 01234567-89ab-cdef-0123-456789abcdef */
static const uint8_t some_uuid[16] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
};

static inline struct xfs_mkfs_options options(void)
{
	struct xfs_mkfs_options o = { .size = sizeof(o), .env = &fixed_env };

	memcpy(o.uuid, some_uuid, sizeof(o.uuid));
	return o;
}

static inline struct xfs_device *memory(uint64_t bytes)
{
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_memory(bytes, 512, NULL, &dev), 0);
	return dev;
}

static inline void format(struct xfs_device *dev, const struct xfs_mkfs_options *o,
			  struct xfs_mkfs_geometry *out)
{
	out->size = sizeof(*out);
	if (xfs_mkfs(dev, NULL, o, out))
		fail_msg("%s", xfs_last_text());
}

static inline void *read_alloc(struct xfs_device *dev, uint64_t off, size_t len)
{
	void *buf = malloc(len);

	assert_non_null(buf);
	assert_int_equal(xfs_device_pread(dev, off, buf, len), 0);
	return buf;
}

/* Geometry of what is on @dev, through its superblock. */
static inline void read_geometry(struct xfs_device *dev, struct xfs_geometry *geo,
				 struct xfs_sb *sb)
{
	uint8_t *sector = read_alloc(dev, 0, 4096);
	xfs_failaddr_t fa;

	xfs_sb_from_disk(sb, (const void *)sector);
	fa = xfs_sb_verify(sb);
	if (fa)
		fail_msg("superblock: %s", fa);
	assert_int_equal(xfs_geometry_init(geo, sb), 0);
	free(sector);
}

#define GOOD(call)							\
	do {								\
		xfs_failaddr_t good_ = (call);				\
									\
		if (good_)						\
			fail_msg("line %d: %s", __LINE__, good_);	\
	} while (0)

static inline void check_root_block(const struct xfs_geometry *geo, const uint8_t *ag,
				    xfs_agnumber_t agno, xfs_agblock_t agbno,
				    xfs_failaddr_t (*verify)(const struct xfs_geometry *,
							     const void *, size_t, xfs_daddr_t))
{
	const uint8_t *block = ag + ((size_t)agbno << geo->blocklog);

	assert_true(xfs_cksum_ok(block, geo->blocksize, XFS_BTREE_SBLOCK_CRC_OFF));
	GOOD(verify(geo, block, geo->blocksize, XFS_AGB_TO_DADDR(geo, agno, agbno)));
}

/* Every block is free or has an owner, once; counts agree.  Returns what counts as free. */
static inline uint64_t check_ag_space(const struct xfs_geometry *geo, const uint8_t *ag,
				      xfs_agnumber_t agno)
{
	const struct xfs_agf *agf = (const void *)(ag + geo->sectsize);
	const uint8_t *bno = ag + ((size_t)geo->bno_root << geo->blocklog);
	const struct xfs_alloc_rec *rec = (const void *)(bno + XFS_BTREE_SBLOCK_LEN);
	uint64_t free_blocks = 0, owned = 0;

	for (unsigned int i = 0; i < get_be16(bno + 6); i++) {
		struct xfs_alloc_rec_incore irec;

		xfs_alloc_rec_unpack(&rec[i], &irec);
		GOOD(xfs_alloc_irec_verify(geo, agno, &irec));
		free_blocks += irec.ar_blockcount;
	}
	assert_int_equal(free_blocks, be32_to_cpu(agf->agf_freeblks));
	if (xfs_has_rmapbt(geo)) {
		const uint8_t *rmap = ag + ((size_t)geo->rmap_root << geo->blocklog);
		const struct xfs_rmap_rec *rrec = (const void *)(rmap + XFS_BTREE_SBLOCK_LEN);
		struct xfs_rmap_irec last = { 0 };

		for (unsigned int i = 0; i < get_be16(rmap + 6); i++) {
			struct xfs_rmap_irec irec;

			GOOD(xfs_rmap_rec_unpack(&rrec[i], &irec));
			GOOD(xfs_rmap_irec_verify(geo, agno, &irec));
			assert_true(irec.rm_startblock >= last.rm_startblock + last.rm_blockcount);
			assert_true(i == 0 || !xfs_rmap_irecs_mergeable(&last, &irec));
			owned += irec.rm_blockcount;
			last = irec;
		}
		assert_int_equal(owned + free_blocks, xfs_ag_block_count(geo, agno));
	}
	return free_blocks + be32_to_cpu(agf->agf_flcount);
}

/* All of the file system on @dev; @logdev NULL: internal log. */
static inline void check_image(struct xfs_device *dev, struct xfs_device *logdev)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;
	uint64_t fdblocks = 0;
	uint8_t *ag, *inodes, *log;
	size_t bytes;

	read_geometry(dev, &geo, &sb);
	GOOD(xfs_sb_counters_verify(&sb));
	bytes = (size_t)geo.prealloc_blocks << geo.blocklog;
	for (xfs_agnumber_t agno = 0; agno < geo.agcount; agno++) {
		ag = read_alloc(dev, xfs_agb_to_bytes(&geo, agno, 0), bytes);
		assert_true(xfs_cksum_ok(ag, geo.sectsize, XFS_SB_CRC_OFF));
		GOOD(xfs_sb_buf_verify(&geo, ag, geo.sectsize, XFS_AG_DADDR(&geo, agno, 0)));
		assert_true(xfs_cksum_ok(ag + geo.sectsize, geo.sectsize, XFS_AGF_CRC_OFF));
		GOOD(xfs_agf_verify(&geo, ag + geo.sectsize, geo.sectsize,
				    XFS_AG_DADDR(&geo, agno, XFS_AGF_SECTOR)));
		assert_true(xfs_cksum_ok(ag + 2 * geo.sectsize, geo.sectsize, XFS_AGI_CRC_OFF));
		GOOD(xfs_agi_verify(&geo, ag + 2 * geo.sectsize, geo.sectsize,
				    XFS_AG_DADDR(&geo, agno, XFS_AGI_SECTOR)));
		assert_true(xfs_cksum_ok(ag + 3 * geo.sectsize, geo.sectsize, XFS_AGFL_CRC_OFF));
		GOOD(xfs_agfl_verify(&geo, ag + 3 * geo.sectsize, geo.sectsize,
				     XFS_AG_DADDR(&geo, agno, XFS_AGFL_SECTOR)));
		check_root_block(&geo, ag, agno, geo.bno_root, xfs_bnobt_verify);
		check_root_block(&geo, ag, agno, geo.cnt_root, xfs_cntbt_verify);
		check_root_block(&geo, ag, agno, geo.ino_root, xfs_inobt_verify);
		if (xfs_has_finobt(&geo))
			check_root_block(&geo, ag, agno, geo.fino_root, xfs_finobt_verify);
		if (xfs_has_rmapbt(&geo))
			check_root_block(&geo, ag, agno, geo.rmap_root, xfs_rmapbt_verify);
		if (xfs_has_reflink(&geo))
			check_root_block(&geo, ag, agno, geo.refc_root, xfs_refcountbt_verify);
		fdblocks += check_ag_space(&geo, ag, agno);
		free(ag);
	}
	assert_int_equal(fdblocks, sb.sb_fdblocks);

	bytes = (size_t)geo.ialloc_blks << geo.blocklog;
	inodes = read_alloc(dev, xfs_ino_to_bytes(&geo, sb.sb_rootino), bytes);
	GOOD(xfs_inode_cluster_verify(&geo, inodes, bytes,
				      XFS_FSB_TO_DADDR(&geo, XFS_INO_TO_FSB(&geo, sb.sb_rootino))));
	for (uint32_t i = 0; i < geo.ialloc_inos; i++) {
		const struct xfs_dinode *dip = (const void *)(inodes + i * geo.inodesize);

		assert_true(xfs_cksum_ok(dip, geo.inodesize, XFS_DINODE_CRC_OFF));
		GOOD(xfs_dinode_verify(&geo, sb.sb_rootino + i, dip));
		GOOD(xfs_dinode_check(&geo, dip));
		assert_true((be16_to_cpu(dip->di_mode) == 0) == (i > 2));
	}
	free(inodes);
	log = read_alloc(logdev ? logdev : dev, logdev ? 0 : xfs_fsb_to_bytes(&geo, sb.sb_logstart),
			 4096);
	GOOD(xlog_rec_header_verify(&geo, log, 512, 0));
	free(log);
}

#endif
