/* SPDX-License-Identifier: MIT */
/*
 * Credits: the most that a transaction of each kind can put into the log.  They bound
 * the running checkpoint, because it may only be cut between transactions: what it
 * holds and what open transactions may still add must fit in front of the tail.
 *
 * They are worst cases of a transaction that does at once what other implementations spread
 * over several transactions, computed from the shape of the file system: the
 * heights that its trees can reach, the sizes of its blocks.
 */
#ifndef TRANS_RESV_H
#define TRANS_RESV_H

#include "core/mount.h"

enum xfs_resv_kind {
	XFS_RESV_INODE,		/* the cores of one or two inodes */
	XFS_RESV_CREATE,	/* a new inode of any kind, its name, its parent pointer, a link target */
	XFS_RESV_CREATE_ACL,	/* the same with ACLs that it inherits */
	XFS_RESV_LINK,
	XFS_RESV_RENAME,
	XFS_RESV_REMOVE,
	XFS_RESV_ATTR_SET,	/* setting an attribute, perhaps in place of another; chmod with ACLs */
	XFS_RESV_ATTR_REMOVE,
	XFS_RESV_ATTR_STEP,	/* one step of dropping an attribute fork */
	XFS_RESV_SYMLINK_FREE,	/* dropping the target */
	XFS_RESV_MAP,		/* one extent allocated, converted, split or taken back */
	XFS_RESV_WRITEBACK,	/* a transaction that maps many pieces, see xfs_resv_step() */
	XFS_RESV_SHARE,		/* a transaction that shares many extents, see xfs_resv_share_step() */
	XFS_RESV_MOVE,		/* a transaction that moves many extents, see xfs_resv_move_step() */
	XFS_RESV_TRUNCATE,	/* xfs_resv_extents() extents removed, or many, see xfs_resv_unmap_step() */
	XFS_RESV_IFREE,
	XFS_RESV_KINDS,
};

struct xfs_resv {
	uint32_t bytes[XFS_RESV_KINDS];
	uint32_t step;			/* one piece of a WRITEBACK transaction */
	uint32_t share_step;		/* one extent of a SHARE transaction */
	uint32_t move_step;		/* one extent of a MOVE transaction */
	uint32_t unmap_step;		/* one extent of a TRUNCATE transaction */
	uint32_t extents;		/* of a TRUNCATE transaction that does not ask what is left of it */
	uint64_t largest;		/* the largest worst case, before it was cut to half of @limit */
};

/*
 * Compute mp->m_resv for checkpoints of at most @limit bytes.  No credit is more than half of that:
 * on the smallest logs worst cases are larger, but what transactions really log is far below them.
 */
int xfs_resv_init(struct xfs_mount *mp, uint64_t limit) XFS_MUST_CHECK;
void xfs_resv_destroy(struct xfs_mount *mp);

/* Bytes for xfs_trans_alloc(); 0 without a journal. */
uint32_t xfs_resv(const struct xfs_mount *mp, enum xfs_resv_kind kind);
/*
 * The most that one piece mapped in a WRITEBACK transaction can log: who has less of its credit
 * left must close the transaction first.
 */
uint32_t xfs_resv_step(const struct xfs_mount *mp);
/* The same for one extent that a SHARE transaction shares. */
uint32_t xfs_resv_share_step(const struct xfs_mount *mp);
/* The same for one extent that a MOVE transaction gives another offset. */
uint32_t xfs_resv_move_step(const struct xfs_mount *mp);
/*
 * The same for one extent that a TRUNCATE transaction removes, and for the leaves of the fork's tree
 * that became empty, which are freed at its end: up to XFS_RESV_TREE_FREES of them.
 */
#define XFS_RESV_TREE_FREES	4u
uint32_t xfs_resv_unmap_step(const struct xfs_mount *mp);
/*
 * The most that it logs when extents next to each other in a file change in one transaction: the
 * first @removed go, and @moved that follow get other offsets.
 */
uint64_t xfs_resv_move(const struct xfs_mount *mp, uint32_t removed, uint32_t moved);
/* @want, or what the largest transaction may ask for: half of what fits.  With a journal. */
uint32_t xfs_resv_at_most(const struct xfs_mount *mp, uint64_t want);
/* The most that it logs when @pieces of two files change places in one transaction. */
uint64_t xfs_resv_exchange(const struct xfs_mount *mp, uint64_t pieces);
/* What one of several transactions of an exchange may log; half of it is more than one piece does. */
uint32_t xfs_resv_exchange_step(const struct xfs_mount *mp);
/* Extents that one TRUNCATE transaction may remove, at most @max. */
uint32_t xfs_resv_extents(const struct xfs_mount *mp, uint32_t max);

/*
 * Bytes that an inode takes in a checkpoint besides its forks, which fit into an inode: formats,
 * core, its link in the unlinked list, longer roots of trees.  For buffers see buf/buf.h.
 */
#define XFS_INODE_LOG_COST	600u

#endif
