/* SPDX-License-Identifier: MIT */
/*
 * Quota: what each user, group and project uses is counted in the transaction that changes it.
 *
 * (QUOTA-1) i_charged has what an inode costs its owners - itself and its blocks - as it was last
 *     counted.  Every change of an inode calls xfs_trans_log_inode(), which counts the difference
 *     in the same transaction: no operation counts by itself, so none can forget to.
 * (QUOTA-2) A type is kept if the superblock says that it is on (ACCT) and that its counts are
 *     exact (CHKD).  If a count cannot be kept - its record is damaged or cannot be allocated - the
 *     type loses CHKD in the same checkpoint, with an error in the log, and the next kernel counts
 *     anew.
 * (QUOTA-3) An id has a record on disk before the first inode is made for it or given to it:
 *     xfs_quota_prepare(), before the transaction.
 * (QUOTA-4) Blocks and inodes reserved by open transactions, and blocks held in memory for delayed
 *     allocation and copy-on-write, count against the limits like those in use.  Limits are checked
 *     when blocks are reserved, before the first change, and not later: blocks that are not
 *     reserved, such as tree blocks that write-back allocates, may exceed a limit.
 */
#ifndef QUOTA_QUOTA_H
#define QUOTA_QUOTA_H

#include "bmap/incore.h"
#include "core/cancel.h"
#include "core/mount.h"

#define XFS_QUOTA_TYPES	3u		/* user, group, project */

struct xfs_dquot;

/* For a mount that may write, after inodes can be read and before any is changed. */
int xfs_quota_open(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_quota_close(struct xfs_mount *mp);

/*
 * Turn counting of @types on (a bit for each: 1 users, 2 groups, 4 projects): make the files if
 * needed, and count all inodes.  The caller keeps all others off the file system, and nothing is
 * reserved.  @call (or NULL) is asked whether to go on. -EBUSY: inodes were changed nevertheless.
 */
int xfs_quota_enable(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call) XFS_MUST_CHECK;
/* Set and clear bits of sb_qflags; a type that loses ACCT is no longer counted. */
int xfs_quota_set_on(struct xfs_mount *mp, uint16_t set, uint16_t clear) XFS_MUST_CHECK;
uint16_t xfs_quota_flags(const struct xfs_mount *mp);
/*
 * The flags of @types in @mask (XFS_ALL_QUOTA_ACCT and the like), and the types that have one of
 * them.
 */
uint16_t xfs_quota_flags_of(uint32_t types, uint16_t mask);
uint32_t xfs_quota_types_of(uint16_t flags, uint16_t mask);
/* True if the counts of @type are exact. */
bool xfs_quota_is_exact(struct xfs_mount *mp, uint32_t type);

/* A record in host order: blocks, inodes, realtime blocks. */
struct xfs_quota_record {
	bool found;			/* the record exists */
	uint32_t id;
	xfs_ino_t file_ino;		/* xfs_quota_read(): the file it is in, or would be in */
	uint64_t count[3], hard[3], soft[3];
	int64_t timer[3];		/* seconds; id 0: grace periods, 0: the default ones */
};

/* -ESRCH: @type has no file.  Without a record @found is false and all else 0. */
int xfs_quota_read(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_quota_record *rec)
	XFS_MUST_CHECK;
/*
 * 1: found the first record at or after *@from that is not empty, and *@from is after it. 0: there
 * is none. -EUCLEAN, -EBADMSG: *@from is after the damaged block.
 */
int xfs_quota_read_next(struct xfs_mount *mp, uint32_t type, uint64_t *from,
			struct xfs_quota_record *rec) XFS_MUST_CHECK;

/* Limits (0: none) and use of an id: blocks, inodes.  Held and reserved ones are used. */
struct xfs_quota_space {
	uint64_t limit[2], used[2];
};

/*
 * The space of a project as statfs reports it for directories that pass the project on: the soft
 * limit if there is one, else the hard one.  All 0 if limits are not enforced, or the record is
 * damaged.  No locks held; also on read-only mounts.
 */
int xfs_quota_project_space(struct xfs_mount *mp, uint32_t id, struct xfs_quota_space *space)
	XFS_MUST_CHECK;

/* New values of a record; bits of set_* select the kinds. */
struct xfs_quota_change_limits {
	uint32_t set_hard, set_soft, set_timer;
	uint64_t hard[3], soft[3];
	int64_t timer[3];		/* as in struct xfs_quota_record; 0: restart it */
};

int xfs_quota_set_limits(struct xfs_mount *mp, uint32_t type, uint32_t id,
			 const struct xfs_quota_change_limits *set) XFS_MUST_CHECK;

/*
 * The counts of the types that are kept may be wrong: count all inodes again.  A type that cannot
 * be counted is no longer kept.  The caller keeps all others off the file system.
 */
int xfs_quota_recount(struct xfs_mount *mp) XFS_MUST_CHECK;

/* Before the first change of the mount: types that are not kept lose CHKD. */
void xfs_quota_first_change(struct xfs_mount *mp);

/* Records with a reference held. */
struct xfs_quota_owners {
	struct xfs_dquot *dq[XFS_QUOTA_TYPES];
};

/*
 * Make sure that these owners have records, allocated if needed, which stay in memory until
 * xfs_quota_release().  No lock but IOLOCKs, no transaction held. -ENOSPC; -ENOMEM.
 */
int xfs_quota_prepare(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES],
		      struct xfs_quota_owners *owners) XFS_MUST_CHECK;
void xfs_quota_release(struct xfs_mount *mp, struct xfs_quota_owners *owners);

/* Upcall of xfs_trans_log_inode(). */
void xfs_quota_charge(struct xfs_trans *tp, struct xfs_inode *ip);

/* ---- limits, reserve.c --------------------------------------------------------------- */

/*
 * Reserve up to @blocks for the owners of @ip.  ILOCK held exclusively, before the first change of
 * @tp, or of the step that needs them. -EDQUOT, or -ENOSPC for a project: over a limit; the
 * transaction must end soon, and keeps its reservations until then.  XFS_WOULD_WAIT in NOWAIT
 * calls.
 */
int xfs_quota_reserve_blocks_slow(struct xfs_trans *tp, struct xfs_inode *ip, uint64_t blocks)
	XFS_MUST_CHECK;
static inline int XFS_MUST_CHECK xfs_quota_reserve_blocks(struct xfs_trans *tp, struct xfs_inode *ip,
							  uint64_t blocks)
{
	return likely(!tp->t_mount->m_quota) ? 0 : xfs_quota_reserve_blocks_slow(tp, ip, blocks);
}

/* The same for future owners, whose records @tp takes over. */
int xfs_quota_reserve_owners(struct xfs_trans *tp, struct xfs_quota_owners *owners, uint64_t blocks,
			     uint32_t inodes) XFS_MUST_CHECK;

/* The same for @ip, which is given to those @owners that do not own it yet. */
int xfs_quota_reserve_transfer(struct xfs_trans *tp, struct xfs_inode *ip,
			       struct xfs_quota_owners *owners) XFS_MUST_CHECK;

/*
 * Blocks to reserve, worst.c: for a new inode and its name, charged to the inode's owners; for a
 * name, charged to the directory's (without parent pointers only if the directory grows); for a
 * user's attribute; for @blocks of data.
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

/* The space left to an owner. */
struct xfs_quota_room {
	uint64_t hard_blocks;		/* 0: no limit */
	uint64_t soft_blocks;		/* 0: none */
	uint64_t used_blocks;		/* including reserved blocks */
};
/* ILOCK held.  All 0 if the owner of @type has no hard limit. */
struct xfs_quota_room xfs_quota_room(struct xfs_inode *ip, uint32_t type);

/*
 * After a limit has refused a request: the owners whose files should be trimmed, a bit for each
 * type.  As in kernels these are the owners with less than a hundredth of their hard limit left,
 * and those without one; soft limits do not count.  No locks above DQUOT's held.
 */
uint32_t xfs_quota_low(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES]) XFS_MUST_CHECK;

#endif
