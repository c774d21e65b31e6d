/* SPDX-License-Identifier: MIT */
/*
 * Rules of the journal that a test may disable, to show that its crash scenarios would notice.
 * Each flush and each ordering rule depends on one:
 *
 *	if (!XFS_SABOTAGE(XFS_RULE_PREFLUSH))
 *		error = xfs_device_flush(mp->m_dev);
 *
 * Without XFSWRITE_DEBUG the condition is a constant and the code disappears.  The set is global to
 * the process: a test sets it before it opens a file system and clears it after closing.
 */
#ifndef BASE_SABOTAGE_H
#define BASE_SABOTAGE_H

#include "base/compiler.h"

enum xfs_rule {
	/* Data and in-place metadata are flushed before the records of a checkpoint are written. */
	XFS_RULE_PREFLUSH,
	/* All records but the last are flushed before the last one is written. */
	XFS_RULE_COMMIT_FLUSH,
	/* The last record is durable before the checkpoint counts as durable. */
	XFS_RULE_FINAL_FLUSH,
	/* At most eight records are written without a flush in between. */
	XFS_RULE_WINDOW_FLUSH,
	/* Data of newly mapped blocks is written before the checkpoint that maps them. */
	XFS_RULE_ORDERED_DATA,
	/* Nothing is written in place before its checkpoint is durable. */
	XFS_RULE_WAL,
	/* The tail moves only past items that are durable in place. */
	XFS_RULE_TAIL,
	/* A relogged item carries everything that changed since it was written in place. */
	XFS_RULE_CUMULATIVE,
	/* Blocks freed in a checkpoint that is not durable are not allocated again. */
	XFS_RULE_BUSY,
	/* Freed metadata blocks are cancelled in the log. */
	XFS_RULE_CANCEL,
	/* A new inode chunk pins the tail at its creation until its buffers are in place. */
	XFS_RULE_ICREATE_TAIL,
	/* di_next_unlinked is logged as part of the cluster buffer too. */
	XFS_RULE_UNLINKED_BUF,
	/* Whatever is written in place carries the LSN of its checkpoint. */
	XFS_RULE_LSN_STAMP,
	/* Old records ahead of the head are overwritten before new ones are written. */
	XFS_RULE_STALE_CLEAR,
	/* Everything is durable in place before the unmount record is written. */
	XFS_RULE_UNMOUNT_FLUSH,
	/* Replayed blocks are durable before the log counts as clean. */
	XFS_RULE_RECOVERY_FLUSH,
	/* Blocks allocated for copy-on-write and not yet used are recorded as staging extents. */
	XFS_RULE_STAGING,
	/*
	 * Blocks whose last other owner was removed in a checkpoint that is not durable are not
	 * overwritten.
	 */
	XFS_RULE_UNSHARED,
	/* A change of usage is logged in the dquot with the change that causes it. */
	XFS_RULE_DQUOT,
	/* An inode is flagged as reflinked before it shares blocks. */
	XFS_RULE_REFLINK_FLAG,
	/* The flag is cleared only when it is durable that nothing is shared any more. */
	XFS_RULE_REFLINK_CLEAR,
	/*
	 * A block that gets a second owner is counted in the refcount tree in the same checkpoint,
	 */
	XFS_RULE_SHARED_COUNT,
	/* and its second owner is recorded in the reverse map. */
	XFS_RULE_SHARED_OWNER,
	/* Each step of an exchange logs an intent for the rest. */
	XFS_RULE_INTENT,
	XFS_RULE_COUNT,
};

#ifdef XFSWRITE_DEBUG
/* Bit n: rule n is disabled.  Read by all threads, set by a test. */
extern uint32_t xfs_sabotage_rules;

static inline bool xfs_sabotaged(enum xfs_rule rule)
{
	return __atomic_load_n(&xfs_sabotage_rules, __ATOMIC_RELAXED) & (1u << rule);
}
#define XFS_SABOTAGE(rule) (__builtin_expect(xfs_sabotaged(rule), 0))

void xfs_sabotage_set(uint32_t rules);
/* "PREFLUSH" and so on, for the tables of tests. */
const char *xfs_rule_name(enum xfs_rule rule);
#else
#define XFS_SABOTAGE(rule) ((void)(rule), false)
#endif

#endif
