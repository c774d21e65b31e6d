/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, what intents in the log say about the extents of files: a mapping
 * to be made or removed (BUI), mappings to be exchanged between two files (XMI).  As
 * in ag/intent.h: *_check() before anything is changed, *_finish() inside a transaction.
 */
#ifndef BMAP_INTENT_H
#define BMAP_INTENT_H

#include "bmap/bmap.h"
#include "log/recover.h"

/* *@ino: whose extents change. */
int xfs_bui_check(struct xfs_mount *mp, const struct xlog_intent *intent, xfs_ino_t *ino)
	XFS_MUST_CHECK;
/*
 * Map or unmap; the blocks stay as they are, and the reverse map follows at the end of the
 * transaction.  ILOCK held.
 */
int xfs_bui_finish(struct xfs_trans *tp, struct xfs_inode *ip, const struct xlog_intent *intent)
	XFS_MUST_CHECK;

/* What is left of an exchange. */
struct xfs_exchange {
	xfs_ino_t ino1, ino2;
	uint32_t gen1, gen2;
	xfs_fileoff_t off1, off2;	/* how far it has come */
	xfs_filblks_t blocks;		/* 0: it is done, but for what comes at its end */
	uint64_t flags;			/* XFS_EXCHMAPS_* */
	uint64_t size1, size2;
};

int xfs_xmi_check(struct xfs_mount *mp, const struct xlog_intent *intent,
		  struct xfs_exchange *ex) XFS_MUST_CHECK;
/* The inodes were read: are they those, and can their extents be exchanged? */
int xfs_xmi_check_inodes(const struct xfs_exchange *ex, struct xfs_inode *ip1,
			 struct xfs_inode *ip2) XFS_MUST_CHECK;
/*
 * Go on with it until the transaction has logged @log_bytes (0: never), or to its end, sizes and
 * flags included: then *@done.  Both ILOCKs held, the extents read in.
 */
int xfs_xmi_finish(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		   struct xfs_exchange *ex, uint32_t log_bytes, bool *done) XFS_MUST_CHECK;
/* What is left as it stands in the log, its id @id. */
void xfs_xmi_format(const struct xfs_exchange *ex, uint64_t id, struct xfs_xmi_log_format *xmi);

/* Blocks that the data fork's tree takes at most when it gets @records more.  ILOCK held. */
uint64_t xfs_bmap_tree_growth(const struct xfs_inode *ip, uint32_t records);

#endif
