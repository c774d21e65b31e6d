/* SPDX-License-Identifier: MIT */
/*
 * Quota: what each user, group and project uses is counted in the transaction that changes it.
 *
 * (QUOTA-1) What an inode costs its owners - itself and its blocks - is in i_charged as it was counted
 *     last.  xfs_trans_log_inode(), by which every change of an inode goes, has the difference counted in
 *     the same transaction: no operation does that itself, so none can forget it.
 * (QUOTA-2) A type is kept when the superblock says that it is on (ACCT) and that its counts are exact
 *     (CHKD).  When a count cannot be kept - its record is damaged or cannot be had - the type
 *     loses CHKD in the same checkpoint, with an error in the log, and the next kernel counts anew.
 * (QUOTA-3) Who may own something has a record on disk before its first inode is made or given to it:
 *     xfs_quota_prepare(), before the transaction.
 * (QUOTA-4) What somebody may still take - reserved by an open transaction, or held in memory for delayed
 *     allocations and copy-on-write - counts against the limits as what is there already.  Limits are looked
 *     at when it is reserved, before the first change; later nobody is refused: what was not
 *     reserved, as blocks of trees that write-back makes, may exceed a limit.
 */
#ifndef QUOTA_QUOTA_H
#define QUOTA_QUOTA_H

#include "bmap/incore.h"
#include "core/cancel.h"
#include "core/mount.h"

#define XFS_QUOTA_TYPES	3u		/* user, group, project */

struct xfs_dquot;

/* Of a mount for writing, when inodes can be had and before any is changed. */
int xfs_quota_open(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_quota_close(struct xfs_mount *mp);

/*
 * Turn counting of @types (a bit for each: 1 users, 2 groups, 4 projects) on: files are made if need be,
 * and all inodes counted.  Nobody else uses the file system meanwhile, nothing is reserved.  @call, or
 * NULL: asked on the way.  -EBUSY: inodes were changed all the same.
 */
int xfs_quota_enable(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call) XFS_MUST_CHECK;
/* Bits of sb_qflags; who loses ACCT is not counted any more. */
int xfs_quota_set_on(struct xfs_mount *mp, uint16_t set, uint16_t clear) XFS_MUST_CHECK;
uint16_t xfs_quota_flags(const struct xfs_mount *mp);
/* Those of @types among @mask, XFS_ALL_QUOTA_ACCT and the like; and types that have one of them. */
uint16_t xfs_quota_flags_of(uint32_t types, uint16_t mask);
uint32_t xfs_quota_types_of(uint16_t flags, uint16_t mask);
/* Are the counts of @type known to be right? */
bool xfs_quota_is_exact(struct xfs_mount *mp, uint32_t type);

/* A record in host order: blocks, inodes, realtime blocks. */
struct xfs_quota_record {
	bool found;			/* there is one */
	uint32_t id;
	xfs_ino_t file_ino;		/* xfs_quota_read(): the file that it is, or would be, in */
	uint64_t count[3], hard[3], soft[3];
	int64_t timer[3];		/* seconds; id 0: grace periods, 0: the usual ones */
};

/* -ESRCH: @type has no file.  Without a record: @found false, and all is 0. */
int xfs_quota_read(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_quota_record *rec)
	XFS_MUST_CHECK;
/*
 * 1: the first record at or behind *@from that has anything, *@from is behind it; 0: there is none.
 * -EUCLEAN, -EBADMSG: *@from is behind the damage.
 */
int xfs_quota_read_next(struct xfs_mount *mp, uint32_t type, uint64_t *from,
			struct xfs_quota_record *rec) XFS_MUST_CHECK;

/* What an id may have, and what it has or holds: blocks, inodes.  0: no limit. */
struct xfs_quota_space {
	uint64_t limit[2], used[2];
};

/*
 * Of a project, as directories that hand it down show it: the soft limit if there is one.  All 0 if its
 * limits are not enforced, or damaged.  No locks held; mounts for reading, too.
 */
int xfs_quota_project_space(struct xfs_mount *mp, uint32_t id, struct xfs_quota_space *space)
	XFS_MUST_CHECK;

/* What becomes of a record; a bit for each kind says whether it is to be set. */
struct xfs_quota_change_limits {
	uint32_t set_hard, set_soft, set_timer;
	uint64_t hard[3], soft[3];
	int64_t timer[3];		/* as in struct xfs_quota_record; 0: begins anew */
};

int xfs_quota_set_limits(struct xfs_mount *mp, uint32_t type, uint32_t id,
			 const struct xfs_quota_change_limits *set) XFS_MUST_CHECK;

/*
 * It is not sure that the types that are kept were counted right: once more, from all that there is.
 * A type that cannot be counted is kept no more.  Nobody else uses the file system meanwhile.
 */
int xfs_quota_recount(struct xfs_mount *mp) XFS_MUST_CHECK;

/* The first change is about to be made: types whose counts nobody keeps lose CHKD. */
void xfs_quota_first_change(struct xfs_mount *mp);

/* Records that are held in memory. */
struct xfs_quota_owners {
	struct xfs_dquot *dq[XFS_QUOTA_TYPES];
};

/*
 * No lock but IOLOCKs held, no transaction: these owners have records, allocated if need be, which stay
 * in memory until xfs_quota_release().  -ENOSPC; -ENOMEM.
 */
int xfs_quota_prepare(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES],
		      struct xfs_quota_owners *owners) XFS_MUST_CHECK;
void xfs_quota_release(struct xfs_mount *mp, struct xfs_quota_owners *owners);

/* Upcall of xfs_trans_log_inode(). */
void xfs_quota_charge(struct xfs_trans *tp, struct xfs_inode *ip);

/* ---- limits, reserve.c --------------------------------------------------------------- */

/*
 * ILOCK held exclusively, before the first change of @tp or of the piece that needs it: the owners of
 * @ip are to be charged up to @blocks from now on.  -EDQUOT, of a project -ENOSPC: that is over a limit, and the transaction must end soon; it
 * keeps what it has reserved until then.  XFS_WOULD_WAIT in NOWAIT calls.
 */
int xfs_quota_reserve_blocks_slow(struct xfs_trans *tp, struct xfs_inode *ip, uint64_t blocks)
	XFS_MUST_CHECK;
static inline int XFS_MUST_CHECK xfs_quota_reserve_blocks(struct xfs_trans *tp, struct xfs_inode *ip,
							  uint64_t blocks)
{
	return likely(!tp->t_mount->m_quota) ? 0 : xfs_quota_reserve_blocks_slow(tp, ip, blocks);
}

/* The same for owners to be, whose records @tp takes over. */
int xfs_quota_reserve_owners(struct xfs_trans *tp, struct xfs_quota_owners *owners, uint64_t blocks,
			     uint32_t inodes) XFS_MUST_CHECK;

/* The same for @ip, which is given to them as far as they do not own it already. */
int xfs_quota_reserve_transfer(struct xfs_trans *tp, struct xfs_inode *ip,
			       struct xfs_quota_owners *owners) XFS_MUST_CHECK;

/*
 * Blocks to reserve, worst.c: for a new inode and its name, charged to the inode's owners; for a name,
 * to the directory's (without parent pointers only if the directory must grow); for an attribute of a
 * user; for @blocks of data.
 */
uint32_t xfs_quota_worst_create(const struct xfs_mount *mp, uint32_t target_len);
uint32_t xfs_quota_worst_link(const struct xfs_mount *mp);
uint32_t xfs_quota_worst_rename(const struct xfs_mount *mp, bool over);
uint32_t xfs_quota_worst_attr_set(const struct xfs_mount *mp, uint32_t namelen, uint32_t valuelen);
uint32_t xfs_quota_worst_attr_remove(const struct xfs_mount *mp);
uint64_t xfs_quota_worst_alloc(const struct xfs_mount *mp, uint64_t blocks);

/* Upcalls: see core/mount.h. */
int xfs_quota_hold(struct xfs_inode *ip, uint64_t blocks) XFS_MUST_CHECK;
void xfs_quota_held(struct xfs_inode *ip);
void xfs_quota_unreserve(struct xfs_trans *tp);

/* What is left to an owner. */
struct xfs_quota_room {
	uint64_t hard_blocks;		/* 0: no limit */
	uint64_t soft_blocks;		/* 0: none */
	uint64_t used_blocks;		/* and reserved */
};
/* ILOCK held.  All 0: the owner of @type has no hard limit. */
struct xfs_quota_room xfs_quota_room(struct xfs_inode *ip, uint32_t type);

/*
 * Who was refused: of which of these owners files are to give back what they do not need, a bit for each
 * type.  As in kernels those of whom less than a hundredth of the hard limit is left, and those without
 * one; nobody's, if all are further from it, whatever their soft limits say.  No locks above DQUOT's held.
 */
uint32_t xfs_quota_low(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES]) XFS_MUST_CHECK;

#endif
