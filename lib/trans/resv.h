/* SPDX-License-Identifier: MIT */
/*
 * Log reservations: the most that a transaction of each kind can log.  They bound the running
 * checkpoint, which can be closed only while no transaction is open: the items in it and what open
 * transactions may still add must fit in front of the tail.
 *
 * They are worst cases, computed from the geometry of the file system: the most levels that its
 * trees can have, its block sizes.  One transaction here does what other implementations spread
 * over several.
 */
#ifndef TRANS_RESV_H
#define TRANS_RESV_H

#include "core/mount.h"

enum xfs_resv_kind {
	XFS_RESV_INODE,		/* the cores of one or two inodes */
	XFS_RESV_CREATE,	/* a new inode of any kind, its name, its parent pointer, a link
				 * target */
	XFS_RESV_CREATE_ACL,	/* the same with inherited ACLs */
	XFS_RESV_LINK,
	XFS_RESV_RENAME,
	XFS_RESV_REMOVE,
	XFS_RESV_ATTR_SET,	/* setting or replacing an attribute; chmod with ACLs */
	XFS_RESV_ATTR_REMOVE,
	XFS_RESV_ATTR_STEP,	/* one step of removing an attribute fork */
	XFS_RESV_SYMLINK_FREE,	/* freeing the target */
	XFS_RESV_MAP,		/* one extent allocated, converted, split or cancelled */
	XFS_RESV_WRITEBACK,	/* maps many pieces, see xfs_resv_step() */
	XFS_RESV_SHARE,		/* shares many extents, see xfs_resv_share_step() */
	XFS_RESV_MOVE,		/* moves many extents, see xfs_resv_move_step() */
	XFS_RESV_TRUNCATE,	/* removes xfs_resv_extents() extents, or see xfs_resv_unmap_step() */
	XFS_RESV_IFREE,
	XFS_RESV_KINDS,
};

struct xfs_resv {
	uint32_t bytes[XFS_RESV_KINDS];
	uint32_t step;			/* one piece of a WRITEBACK transaction */
	uint32_t share_step;		/* one extent of a SHARE transaction */
	uint32_t move_step;		/* one extent of a MOVE transaction */
	uint32_t unmap_step;		/* one extent of a TRUNCATE transaction */
	uint32_t extents;		/* of a TRUNCATE transaction that does not check what is left */
	uint64_t largest;		/* the largest worst case, before the limit to half of @limit */
};

/*
 * Compute mp->m_resv for checkpoints of at most @limit bytes.  No reservation is more than half of
 * @limit: worst cases are larger than that on the smallest logs, but transactions log far less than
 * their worst cases.
 */
int xfs_resv_init(struct xfs_mount *mp, uint64_t limit) XFS_MUST_CHECK;
void xfs_resv_destroy(struct xfs_mount *mp);

/* Bytes for xfs_trans_alloc(); 0 without a journal. */
uint32_t xfs_resv(const struct xfs_mount *mp, enum xfs_resv_kind kind);
/*
 * The most that one piece mapped in a WRITEBACK transaction can log.  A transaction with less of
 * its reservation left must commit before the next piece.
 */
uint32_t xfs_resv_step(const struct xfs_mount *mp);
/* The same for one extent that a SHARE transaction shares. */
uint32_t xfs_resv_share_step(const struct xfs_mount *mp);
/* The same for one extent that a MOVE transaction moves. */
uint32_t xfs_resv_move_step(const struct xfs_mount *mp);
/*
 * The same for one extent that a TRUNCATE transaction removes, and for the leaves of the fork's tree
 * that it empties and frees at its end, up to XFS_RESV_TREE_FREES of them.
 */
#define XFS_RESV_TREE_FREES	4u
uint32_t xfs_resv_unmap_step(const struct xfs_mount *mp);
/*
 * The most that one transaction logs when the first @removed of neighbouring extents are removed
 * and the @moved after them are moved.
 */
uint64_t xfs_resv_move(const struct xfs_mount *mp, uint32_t removed, uint32_t moved);
/* @want, but at most what a transaction may reserve: half of what fits.  Only with a journal. */
uint32_t xfs_resv_at_most(const struct xfs_mount *mp, uint64_t want);
/* The most that one transaction logs when it exchanges @pieces of two files. */
uint64_t xfs_resv_exchange(const struct xfs_mount *mp, uint64_t pieces);
/* The reservation of each transaction of an exchange; one piece logs at most half of it. */
uint32_t xfs_resv_exchange_step(const struct xfs_mount *mp);
/* The number of extents that one TRUNCATE transaction may remove, at most @max. */
uint32_t xfs_resv_extents(const struct xfs_mount *mp, uint32_t max);

/*
 * Bytes that an inode takes in a checkpoint besides its forks, which fit into the inode: formats,
 * core, its link in the unlinked list, larger roots of trees.  For buffers see buf/buf.h.
 */
#define XFS_INODE_LOG_COST	600u

#endif
