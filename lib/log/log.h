/* SPDX-License-Identifier: MIT */
/*
 * The journal on disk.  This version reads it only far enough to say whether
 * it is clean; formatting one is mkfs/'s.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "core/mount.h"

/* Where the log ends, and what state it is in. */
struct xlog_state {
	bool clean;			/* an unmount record is the last thing in it */
	uint32_t head_block;		/* 512-byte block where the next record goes */
	uint32_t tail_block;		/* where replay would start */
	uint32_t head_cycle;		/* cycle of the next record */
	xfs_lsn_t last_lsn;		/* LSN of the last record; 0: the log is all zero */
};

/*
 * Find the head and tell whether the log is clean.  Reads a few dozen blocks of a clean log.
 * -EUCLEAN: the log makes no sense (text set).
 */
int xlog_find_head(struct xfs_mount *mp, struct xlog_state *state) XFS_MUST_CHECK;

#endif
