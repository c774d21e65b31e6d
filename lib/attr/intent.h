/* SPDX-License-Identifier: MIT */
/*
 * Finishing, after a crash, an ATTRI in the log: an attribute to be set, replaced or removed.  As
 * in ag/intent.h, the check comes before anything is changed, the rest inside a transaction.
 */
#ifndef ATTR_INTENT_H
#define ATTR_INTENT_H

#include "attr/attr.h"
#include "log/recover.h"

/* The decoded intent; names and values point into the regions of the log item. */
struct xfs_attr_intent {
	xfs_ino_t ino;
	uint32_t op;			/* XFS_ATTRI_OP_* */
	bool check_gen;			/* the inode must be of generation @gen */
	uint32_t gen;
	struct xfs_attr_name name, new_name; /* new_*: only for PPTR_REPLACE */
	const void *value, *new_value;
	uint32_t valuelen;		/* of both values */
};

int xfs_attri_check(struct xfs_mount *mp, const struct xlog_intent *intent,
		    struct xfs_attr_intent *attr) XFS_MUST_CHECK;
/* -EUCLEAN unless the inode, which has been read, is of the right generation. */
int xfs_attri_check_inode(const struct xfs_attr_intent *attr, struct xfs_inode *ip) XFS_MUST_CHECK;
/* Most blocks that carrying it out can take. */
uint32_t xfs_attri_blocks(const struct xfs_mount *mp, const struct xfs_attr_intent *attr);
/* Carry it out, with the ILOCK held. */
int xfs_attri_finish(struct xfs_trans *tp, struct xfs_inode *ip,
		     const struct xfs_attr_intent *attr) XFS_MUST_CHECK;

#endif
