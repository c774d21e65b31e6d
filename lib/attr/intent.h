/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, what an ATTRI in the log says: an attribute to be set, replaced or
 * removed.  As in ag/intent.h: the check before anything is changed, the rest inside a
 * transaction.
 */
#ifndef ATTR_INTENT_H
#define ATTR_INTENT_H

#include "attr/attr.h"
#include "log/recover.h"

/* What it wants; names and values point into the intent's regions. */
struct xfs_attr_intent {
	xfs_ino_t ino;
	uint32_t op;			/* XFS_ATTRI_OP_* */
	bool check_gen;			/* the inode must be of generation @gen */
	uint32_t gen;
	struct xfs_attr_name name, new_name; /* new_*: PPTR_REPLACE */
	const void *value, *new_value;
	uint32_t valuelen;		/* of both */
};

int xfs_attri_check(struct xfs_mount *mp, const struct xlog_intent *intent,
		    struct xfs_attr_intent *attr) XFS_MUST_CHECK;
/* The inode was read: is it that? */
int xfs_attri_check_inode(const struct xfs_attr_intent *attr, struct xfs_inode *ip) XFS_MUST_CHECK;
/* Blocks that it may take. */
uint32_t xfs_attri_blocks(const struct xfs_mount *mp, const struct xfs_attr_intent *attr);
/* ILOCK held, the blocks reserved. */
int xfs_attri_finish(struct xfs_trans *tp, struct xfs_inode *ip,
		     const struct xfs_attr_intent *attr) XFS_MUST_CHECK;

#endif
