/* SPDX-License-Identifier: MIT */
/* The plan shared by the steps of formatting. */
#ifndef MKFS_MKFS_PRIV_H
#define MKFS_MKFS_PRIV_H

#include <xfswrite/mkfs.h>
#include "base/mem.h"
#include "base/rand.h"
#include "core/message.h"
#include "disk/geometry.h"

/*
 * The plan of a file system.  xfs_mkfs_plan() fills it from the options before anything is written;
 * @sb contains all decisions.
 */
struct xfs_mkfs_plan {
	struct xfs_device *dev;
	struct xfs_device *logdev;	/* NULL: internal log */
	struct xfs_mkfs_options opts;
	struct xfs_env env;
	struct xfs_device_info info, loginfo;
	struct xfs_mem mem;
	struct xfs_rand rand;
	struct timespec now;

	struct xfs_sb sb;		/* as the primary will be, except for the counters */
	struct xfs_geometry geo;
	uint32_t min_logblocks;
	xfs_agnumber_t log_agno;	/* NULLAGNUMBER: external */
	xfs_agblock_t log_agbno;
	xfs_agblock_t root_agbno;	/* the first inode chunk, in AG 0 */
	uint32_t agfl_need;		/* blocks each AG keeps for its trees */
	bool autofsck;
};

/* options.c: units and features. */
int xfs_mkfs_plan_units(struct xfs_mkfs_plan *plan) XFS_MUST_CHECK;

/* layout.c: AGs, log, root inode. */
int xfs_mkfs_plan_layout(struct xfs_mkfs_plan *plan) XFS_MUST_CHECK;

/* minlog.c: size in blocks of the smallest log with which a kernel mounts @geo. */
uint32_t xfs_mkfs_min_logblocks(const struct xfs_geometry *geo, uint32_t logsunit);

/* ag.c: size of, and making, the headers and tree roots at the start of one AG. */
size_t xfs_mkfs_ag_bytes(const struct xfs_mkfs_plan *plan);
void xfs_mkfs_make_ag(const struct xfs_mkfs_plan *plan, xfs_agnumber_t agno, uint8_t *buf);
/* sb_fdblocks while all AGs are empty; of the finished file system. */
uint64_t xfs_mkfs_fdblocks_empty(const struct xfs_mkfs_plan *plan);
uint64_t xfs_mkfs_fdblocks(const struct xfs_mkfs_plan *plan);

/* inodes.c: make the chunk of the root directory at @buf. */
void xfs_mkfs_make_inodes(const struct xfs_mkfs_plan *plan, uint8_t *buf, uint32_t gen);

/*
 * mkfs.c: -EEXIST if the first or last bytes of the device are not zeros.  Without libblkid this is
 * the only test for existing contents.  @which: name of the device in messages.
 */
int xfs_mkfs_check_ends(const struct xfs_mem *mem, struct xfs_device *dev, uint64_t size,
			const char *which) XFS_MUST_CHECK;

/* log.c: write an empty log at @offset of @dev. */
int xfs_mkfs_write_log(const struct xfs_mkfs_plan *plan, struct xfs_device *dev,
		       uint64_t offset) XFS_MUST_CHECK;

#endif
