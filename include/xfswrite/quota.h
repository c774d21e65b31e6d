/* SPDX-License-Identifier: MIT */
/*
 * Quota: what users, groups and projects use, and how much they may use.
 *
 * A type of quota is accounted if the file system keeps a record for each of its ids, with the
 * space and the inodes of the id's objects; enforced if limits in the records are checked as well;
 * exact if the counts are known to be right.  A file system on which quota was never turned on has
 * no records.  Kernels that mount the file system keep accounting on only if they are told so
 * (mount options uquota, gquota, pquota and the like).
 *
 * Conventions of all functions here:
 *  - One type is one of XFS_QUOTA_*; several are these together.
 *  - Space is in bytes.  Limits are kept in whole blocks and rounded up to them. 0: no limit.  A
 *    number on a damaged file system that does not fit into 64 bits is returned as UINT64_MAX.
 *  - Ids are 0 to 2^32-1.  The limits of id 0 are the defaults for every id whose own limit is 0.
 *    Id 0 itself is accounted, and never refused anything.
 *  - An id may be over a soft limit for a grace period, which is a property of the type; after that
 *    the soft limit is as hard as the other one.
 *  - Counts contain delayed allocation and what calls in progress have reserved, as in the report
 *    of a kernel.
 *  - Any number of threads may call these functions beside all other calls, except xfs_quota_on()
 *    and xfs_quota_check(), which need a file system without open files.  In a thread that does not
 *    wait (<xfswrite/nowait.h>) these two and xfs_quota_off() always return -EAGAIN.
 *  - A change is stable when xfs_sync() or xfs_unmount() has returned 0.
 *
 * Errors of quota calls: all functions of this header may return these, and those of every call.
 *  -EINVAL: not one of the types.
 *  -ESRCH: there is no file of records: the type has never been on.
 *  -EUCLEAN, -EBADMSG: a record is damaged.
 *  -EROFS: the call would change something, and the file system is open read-only.
 *  -ENOSPC: no space for a record.
 */
#ifndef XFSWRITE_QUOTA_H
#define XFSWRITE_QUOTA_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_quota_on_options xfs_quota_on_options_t;
typedef struct xfs_quota_type_info xfs_quota_type_info_t;
typedef struct xfs_quota_state xfs_quota_state_t;
typedef struct xfs_quota_info xfs_quota_info_t;
typedef struct xfs_quota_limits xfs_quota_limits_t;

enum xfs_quota_types {
	XFS_QUOTA_USER = 1u << 0,
	XFS_QUOTA_GROUP = 1u << 1,
	XFS_QUOTA_PROJECT = 1u << 2,
};
#define XFS_QUOTA_USER		(1u << 0)	/* by owner */
#define XFS_QUOTA_GROUP		(1u << 1)	/* by group */
#define XFS_QUOTA_PROJECT	(1u << 2)	/* by project */

/* ---- turning it on and off ------------------------------------------------------- */

enum xfs_quota_on_flags {
	XFS_QUOTA_ON_RECOUNT = 1u << 0,
};
#define XFS_QUOTA_ON_RECOUNT	(1u << 0)	/* count anew even types that are exact */

/* Start with XFS_QUOTA_ON_OPTIONS_INIT and set what you need. */
struct xfs_quota_on_options {
	uint32_t size;			/* in: its sizeof; at least up to @flags */
	uint32_t types;			/* types to account; others stay as they are */
	uint32_t enforce;		/* those of @types to enforce; the others are not */
	uint32_t flags;			/* XFS_QUOTA_ON_* */
};
#define XFS_QUOTA_ON_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_quota_on_options)

/*
 * Turn quota on.  @opts->types are accounted from now on, and enforced as @opts->enforce says;
 * missing files of records are made.  Types that are not exact are counted as by xfs_quota_check();
 * if none of @opts->types needs that, files may be open and other calls may run.
 *
 * Returns 0.  After an error the types may be on without being exact.
 *
 * Errors: those of quota calls, and:
 *  -EINVAL: no type; types to enforce that are not in @opts->types; unknown flags.
 *  -EBUSY, -ECANCELED: as for xfs_quota_check().
 */
XFS_API int xfs_quota_on(struct xfs_mount *mp, const struct xfs_quota_on_options *opts);

/*
 * Count what all inodes use, and store it in the records.  @types must be on; 0: all that are.
 * Limits stay; timers start anew for ids over a limit.  Dirty data is written first.
 *
 * A long call: the progress hook (<xfswrite/env.h>) is called with the phase "quotacheck" and
 * inodes as parts; the hook or xfs_cancel() can stop it.
 *
 * Returns 0.  After any error the types are not exact, and their counts are not maintained until a
 * call succeeds; everything else is as it was.
 *
 * Errors: those of quota calls, and:
 *  -ESRCH: one of @types is not on, or none is.
 *  -EBUSY: a file other than xfs_root() is open, or another thread changed what an id uses
 *    meanwhile: no other call may run on @mp until this one returns.
 *  -ECANCELED: the hook or xfs_cancel() stopped it.
 */
XFS_API int xfs_quota_check(struct xfs_mount *mp, uint32_t types);

enum xfs_quota_off_flags {
	XFS_QUOTA_OFF_LIMITS = 1u << 0,
};
#define XFS_QUOTA_OFF_LIMITS	(1u << 0)	/* stop enforcing only; accounting goes on */

/*
 * Turn quota off.  @types are no longer enforced and, without XFS_QUOTA_OFF_LIMITS, no longer
 * accounted.  The records stay, with their limits, for when the type is turned on again.  Types
 * that are off are ignored.
 *
 * Returns 0.
 *
 * Errors: those of quota calls, and:
 *  -EINVAL: no type, or unknown flags.
 */
XFS_API int xfs_quota_off(struct xfs_mount *mp, uint32_t types, uint32_t flags);

/* ---- what there is -------------------------------------------------------------------- */

/* One type.  All 0 if it has no file of records. */
struct xfs_quota_type_info {
	uint64_t ino;			/* inode number of its file of records */
	/* Defaults: limits of ids without their own; bytes, inodes, bytes; 0: none. */
	uint64_t space_hard, space_soft;
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;
	/* Grace periods: how long an id may be over a soft limit; seconds. */
	uint32_t space_grace, inodes_grace, rt_space_grace;
	uint32_t reserved;
};

/* All types. */
struct xfs_quota_state {
	uint32_t size;			/* in: its sizeof; at least up to @project */
	/* Types (enum xfs_quota_types) by the superblock; @exact ones are among @accounted. */
	uint32_t accounted, enforced, exact;
	struct xfs_quota_type_info user, group, project;
};
#define XFS_QUOTA_STATE_INIT	XFS_SIZED_INIT(struct xfs_quota_state)

/*
 * Tell which types of quota are on, with their defaults and grace periods.  @state->size must be
 * set.  Works on read-only mounts.
 *
 * Returns 0.
 *
 * Errors: those of every call, and:
 *  -EUCLEAN, -EBADMSG: the record of id 0 of a type is damaged.
 */
XFS_API int xfs_quota_state(struct xfs_mount *mp, struct xfs_quota_state *state);

enum xfs_quota_info_flags {
	XFS_QUOTA_INFO_EXACT = 1u << 0,
	XFS_QUOTA_INFO_RECORD = 1u << 1,
};
#define XFS_QUOTA_INFO_EXACT	(1u << 0)	/* the counts are exact */
#define XFS_QUOTA_INFO_RECORD	(1u << 1)	/* the id has a record; without one all is 0 */

/* What one id uses and may use. */
struct xfs_quota_info {
	uint32_t size;			/* in: its sizeof; at least up to @rt_space_expires */
	uint32_t flags;			/* XFS_QUOTA_INFO_* */
	uint32_t id;
	uint32_t reserved;
	uint64_t space_bytes, inodes, rt_space_bytes;	/* in use */
	/* The id's own limits, bytes and inodes; 0: the default holds (struct xfs_quota_state). */
	uint64_t space_hard, space_soft;
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;
	/* When a soft limit becomes hard, seconds since 1970; 0: not over it, or id 0. */
	int64_t space_expires, inodes_expires, rt_space_expires;
};
#define XFS_QUOTA_INFO_INIT	XFS_SIZED_INIT(struct xfs_quota_info)

/*
 * Tell what one id uses and may use.  @type is one type, on or off.  @info->size must be set.
 * Works on read-only mounts.  An id without a record uses nothing: all members are 0.
 *
 * Returns 0.
 *
 * Errors: those of quota calls.
 */
XFS_API int xfs_quota_get(struct xfs_mount *mp, uint32_t type, uint32_t id,
			  struct xfs_quota_info *info);

/*
 * Tell the next id whose record is not all 0.  The search begins at id *@from; begin with 0.
 * @info->size must be set.  Gaps cost nothing.  Ids that get a record meanwhile may be left out.
 *
 * Returns 1, and *@from is the id behind the one in *@info, so the next call goes on; or 0 if there
 * is no more, and *@from is 2^32.
 *
 * Errors: those of quota calls, and:
 *  -EUCLEAN, -EBADMSG: a block of records is damaged; *@from is the first id behind it.
 */
XFS_API int xfs_quota_next(struct xfs_mount *mp, uint32_t type, uint64_t *from,
			   struct xfs_quota_info *info);

/* ---- limits --------------------------------------------------------------------------------- */

/* Bits of @valid in struct xfs_quota_limits, one for each member. */
enum xfs_quota_limit_bits {
	XFS_QUOTA_SPACE_HARD = 1u << 0,
	XFS_QUOTA_SPACE_SOFT = 1u << 1,
	XFS_QUOTA_INODES_HARD = 1u << 2,
	XFS_QUOTA_INODES_SOFT = 1u << 3,
	XFS_QUOTA_RT_SPACE_HARD = 1u << 4,
	XFS_QUOTA_RT_SPACE_SOFT = 1u << 5,
	XFS_QUOTA_SPACE_GRACE = 1u << 6,
	XFS_QUOTA_INODES_GRACE = 1u << 7,
	XFS_QUOTA_RT_SPACE_GRACE = 1u << 8,
	XFS_QUOTA_SPACE_EXPIRES = 1u << 9,
	XFS_QUOTA_INODES_EXPIRES = 1u << 10,
	XFS_QUOTA_RT_SPACE_EXPIRES = 1u << 11,
};
#define XFS_QUOTA_SPACE_HARD		(1u << 0)	/* @space_hard */
#define XFS_QUOTA_SPACE_SOFT		(1u << 1)	/* @space_soft */
#define XFS_QUOTA_INODES_HARD		(1u << 2)	/* @inodes_hard */
#define XFS_QUOTA_INODES_SOFT		(1u << 3)	/* @inodes_soft */
#define XFS_QUOTA_RT_SPACE_HARD		(1u << 4)	/* @rt_space_hard */
#define XFS_QUOTA_RT_SPACE_SOFT		(1u << 5)	/* @rt_space_soft */
#define XFS_QUOTA_SPACE_GRACE		(1u << 6)	/* @space_grace */
#define XFS_QUOTA_INODES_GRACE		(1u << 7)	/* @inodes_grace */
#define XFS_QUOTA_RT_SPACE_GRACE	(1u << 8)	/* @rt_space_grace */
#define XFS_QUOTA_SPACE_EXPIRES		(1u << 9)	/* @space_expires */
#define XFS_QUOTA_INODES_EXPIRES	(1u << 10)	/* @inodes_expires */
#define XFS_QUOTA_RT_SPACE_EXPIRES	(1u << 11)	/* @rt_space_expires */

/* Start with XFS_QUOTA_LIMITS_INIT.  Only members whose bit is in @valid are used. */
struct xfs_quota_limits {
	uint32_t size;			/* in: its sizeof; at least up to @rt_space_expires */
	uint32_t valid;			/* XFS_QUOTA_*_HARD and so on */
	uint64_t space_hard, space_soft;	/* bytes; 0: none */
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;	/* bytes, of realtime space */
	/* Of id 0 only: the grace periods of the type, seconds; 0: seven days. */
	uint32_t space_grace, inodes_grace, rt_space_grace;
	uint32_t reserved;		/* 0 */
	/*
	 * Of other ids: when the soft limit becomes hard, seconds since 1970; 0: a grace period
	 * from now.  The nearest that the record can hold is taken.  An id that is not over a soft
	 * limit has no timer, whatever is set.
	 */
	int64_t space_expires, inodes_expires, rt_space_expires;
};
#define XFS_QUOTA_LIMITS_INIT	XFS_SIZED_INIT(struct xfs_quota_limits)

/*
 * Set limits of one id.  Of id 0 these are the defaults and grace periods of @type, which may be on
 * or off.  An id over a limit, hard or soft, then has a timer running; others have none.  A new
 * grace period is for timers that start later.  Limits may be below what is in use.
 *
 * Returns 0.  After -EINVAL and -ERANGE nothing was changed.
 *
 * Errors: those of quota calls, and:
 *  -EINVAL: a soft limit would be above the hard one (kernels leave both as they were, and report
 *    no error); a grace period for an id other than 0, an expiry for id 0; an unknown bit in
 *    @valid, or @reserved is not 0.
 *  -ERANGE: a limit of more than 2^63-1 bytes or inodes.
 */
XFS_API int xfs_quota_set(struct xfs_mount *mp, uint32_t type, uint32_t id,
			  const struct xfs_quota_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
