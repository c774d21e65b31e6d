/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, intents of the log that change extent maps: mapping or unmapping (BUI),
 * exchanging mappings between two files (XMI).  As in ag/intent.h, *_check() runs before anything
 * is changed, *_finish() inside a transaction.
 */
#ifndef BMAP_INTENT_H
#define BMAP_INTENT_H

#include "bmap/bmap.h"
#include "log/recover.h"

/* *@ino: the inode whose extents change. */
int xfs_bui_check(struct xfs_mount *mp, const struct xlog_intent *intent, xfs_ino_t *ino)
	XFS_MUST_CHECK;
/*
 * Map or unmap.  The blocks stay allocated, and the reverse map follows at the end of the
 * transaction.  ILOCK held.
 */
int xfs_bui_finish(struct xfs_trans *tp, struct xfs_inode *ip, const struct xlog_intent *intent)
	XFS_MUST_CHECK;

/* The remaining part of an exchange. */
struct xfs_exchange {
	xfs_ino_t ino1, ino2;
	uint32_t gen1, gen2;
	xfs_fileoff_t off1, off2;	/* where to go on */
	xfs_filblks_t blocks;		/* 0: only sizes and flags are left */
	uint64_t flags;			/* XFS_EXCHMAPS_* */
	uint64_t size1, size2;
};

int xfs_xmi_check(struct xfs_mount *mp, const struct xlog_intent *intent,
		  struct xfs_exchange *ex) XFS_MUST_CHECK;
/*
 * After the inodes were read: check that they are the right ones and that their extents can be
 * exchanged.
 */
int xfs_xmi_check_inodes(const struct xfs_exchange *ex, struct xfs_inode *ip1,
			 struct xfs_inode *ip2) XFS_MUST_CHECK;
/*
 * Continue until the transaction has logged @log_bytes (0: no limit), or to the end, sizes and
 * flags included, which sets *@done.  Both ILOCKs held, the extents in memory.
 */
int xfs_xmi_finish(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		   struct xfs_exchange *ex, uint32_t log_bytes, bool *done) XFS_MUST_CHECK;
/* Make the log item of the remaining part, with @id. */
void xfs_xmi_format(const struct xfs_exchange *ex, uint64_t id, struct xfs_xmi_log_format *xmi);

/* The most blocks that the data fork's tree takes for @records more.  ILOCK held. */
uint64_t xfs_bmap_tree_growth(const struct xfs_inode *ip, uint32_t records);

#endif
