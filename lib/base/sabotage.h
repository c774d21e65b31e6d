/* SPDX-License-Identifier: MIT */
/*
 * Rules of the journal that a test may take out, to show that its crash
 * scenarios would notice.  Each flush and each ordering rule stands behind one:
 *
 *	if (!XFS_SABOTAGE(XFS_RULE_PREFLUSH))
 *		error = xfs_device_flush(mp->m_ddev);
 *
 * Without XFSWRITE_DEBUG the condition is a constant and nothing of this is left.
 * The set is one for the process: a test sets it before it opens a file system
 * and clears it when that is closed.
 */
#ifndef BASE_SABOTAGE_H
#define BASE_SABOTAGE_H

#include "base/compiler.h"

enum xfs_rule {
	/* Data and in-place metadata are flushed before the records of a checkpoint are written. */
	XFS_RULE_PREFLUSH,
	/* All records but the last are flushed before the last one is written. */
	XFS_RULE_COMMIT_FLUSH,
	/* The last record is stable before the checkpoint counts as durable. */
	XFS_RULE_FINAL_FLUSH,
	/* No more than eight records are in flight without a flush. */
	XFS_RULE_WINDOW_FLUSH,
	/* Data of newly mapped blocks is written before the checkpoint that maps them. */
	XFS_RULE_ORDERED_DATA,
	/* Nothing is written in place before its checkpoint is durable. */
	XFS_RULE_WAL,
	/* The tail moves only over items that are stable in place. */
	XFS_RULE_TAIL,
	/* A relogged item carries all that changed since it was written in place. */
	XFS_RULE_CUMULATIVE,
	/* Blocks freed in a checkpoint that is not durable are not given out. */
	XFS_RULE_BUSY,
	/* Metadata blocks that were freed are cancelled in the log. */
	XFS_RULE_CANCEL,
	/* A new inode chunk holds the tail at its creation until its buffers are in place. */
	XFS_RULE_ICREATE_TAIL,
	/* di_next_unlinked is logged as part of the cluster buffer too. */
	XFS_RULE_UNLINKED_BUF,
	/* What is written in place carries the LSN of its checkpoint. */
	XFS_RULE_LSN_STAMP,
	/* Old records in front of the head are overwritten before the log goes on. */
	XFS_RULE_STALE_CLEAR,
	/* All is stable in place before the unmount record says so. */
	XFS_RULE_UNMOUNT_FLUSH,
	/* What recovery replayed is stable before the log counts as clean. */
	XFS_RULE_RECOVERY_FLUSH,
	/* Blocks that copy-on-write allocates and does not use yet are recorded with that. */
	XFS_RULE_STAGING,
	/* Blocks whose last other owner went in a checkpoint that is not durable are not overwritten. */
	XFS_RULE_UNSHARED,
	/* What an owner uses is logged with the change that makes it so. */
	XFS_RULE_DQUOT,
	/* A file is marked as one that may share blocks before it does. */
	XFS_RULE_REFLINK_FLAG,
	/* The mark goes only when it is durable that nothing is shared any more. */
	XFS_RULE_REFLINK_CLEAR,
	/* A block gets its second owner together with a count of them, */
	XFS_RULE_SHARED_COUNT,
	/* and with the owner in the reverse map. */
	XFS_RULE_SHARED_OWNER,
	/* Each step of an exchange says in the log what is left of it. */
	XFS_RULE_INTENT,
	XFS_RULE_COUNT,
};

#ifdef XFSWRITE_DEBUG
/* Bit n: rule n is broken.  Read by all threads, set by a test. */
extern uint32_t xfs_sabotage_rules;

static inline bool xfs_sabotaged(enum xfs_rule rule)
{
	return __atomic_load_n(&xfs_sabotage_rules, __ATOMIC_RELAXED) & (1u << rule);
}
#define XFS_SABOTAGE(rule) (__builtin_expect(xfs_sabotaged(rule), 0))

void xfs_sabotage_set(uint32_t rules);
/* "PREFLUSH" ...; for the tables of tests. */
const char *xfs_rule_name(enum xfs_rule rule);
#else
#define XFS_SABOTAGE(rule) ((void)(rule), false)
#endif

#endif
