/* SPDX-License-Identifier: MIT */
/*
 * Quota: what users, groups and projects use, and how much they may use.
 *
 * A type of quota is accounted when the file system keeps a record for each of its ids, with the space and
 * the inodes that the id's objects take; enforced when limits of the records are held against
 * requests as well; exact when the counts are known to be right.  A file system on which nothing was
 * turned on has no records.  Kernels that mount the file system keep accounting on only if
 * they are told so (mount options uquota, gquota, pquota and their like).
 *
 * Conventions of all functions here:
 *  - One type is one of XFS_QUOTA_*; several are these together.
 *  - Space is in bytes.  Limits are kept in whole blocks: a limit that is none is rounded up.  0: no limit.
 *    What does not fit into 64 bits, on a damaged file system, is told as UINT64_MAX.
 *  - Ids are 0 to 2^32-1.  The limits of id 0 are the defaults: those of every id whose own limit is 0.
 *    Id 0 itself is accounted, and never refused anything.
 *  - Who is over a soft limit may stay so for a grace period, which is the type's; after that the soft
 *    limit is as hard as the other one.
 *  - Counts are those of what has blocks on disk: data that waits in memory for being written is not in
 *    them before xfs_sync().
 *  - Errors that all of them have: -EINVAL (a type that is none, a NULL, a struct that is none), -ESRCH
 *    (no file of records: the type has never been on), -EUCLEAN and -EBADMSG (a damaged record), -EIO,
 *    -ENOMEM; those that change something: -EROFS, -ENOSPC.  <xfswrite/error.h> tells more.
 *  - Any number of threads may call these beside all other calls, but for xfs_quota_on() and
 *    xfs_quota_check().  For a thread that does not wait (<xfswrite/nowait.h>) these two, and
 *    xfs_quota_off(), are always -EAGAIN.
 *  - What was changed is stable when xfs_sync() or xfs_unmount() has returned 0.
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
#define XFS_QUOTA_USER		(1u << 0)
#define XFS_QUOTA_GROUP		(1u << 1)
#define XFS_QUOTA_PROJECT	(1u << 2)

/* ---- turning it on and off ------------------------------------------------------- */

enum xfs_quota_on_flags {
	XFS_QUOTA_ON_RECOUNT = 1u << 0,
};
#define XFS_QUOTA_ON_RECOUNT	(1u << 0)	/* count anew also what is exact */

/* Start with XFS_QUOTA_ON_OPTIONS_INIT. */
struct xfs_quota_on_options {
	uint32_t size;			/* in: sizeof(struct xfs_quota_on_options); at least up to @flags */
	uint32_t types;			/* to be accounted from now on; others stay as they are */
	uint32_t enforce;		/* those of @types that are enforced; the rest of them is not */
	uint32_t flags;			/* XFS_QUOTA_ON_* */
};
#define XFS_QUOTA_ON_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_quota_on_options)

/*
 * Account @opts->types from now on.  Their files are made if there are none.  Types that are not exact are
 * counted as by xfs_quota_check(); when none of @types needs that, files may be open, and other calls
 * may run.
 *
 * Other errors: those of xfs_quota_check().  After one the types may be on, and not exact.
 */
XFS_API int xfs_quota_on(struct xfs_mount *mp, const struct xfs_quota_on_options *opts);

/*
 * Count what all inodes of the file system use, and make that the records of @types, which are on (-ESRCH);
 * 0: of all that are.  Limits stay; timers begin anew for who is over one.  Data that waits in memory is
 * written before.
 *
 * A long call: the progress hook (<xfswrite/env.h>) is asked with the phase "quotacheck" and inodes as
 * parts, and the hook or xfs_cancel() end it with -ECANCELED.
 *
 * -EBUSY: a file other than xfs_root() is open, or another thread changed what somebody uses
 * meanwhile: no other call may run on @mp until this one is back.  After any error the types are not
 * exact, and their counts are not kept until it is done again; everything else is as it was.
 */
XFS_API int xfs_quota_check(struct xfs_mount *mp, uint32_t types);

enum xfs_quota_off_flags {
	XFS_QUOTA_OFF_LIMITS = 1u << 0,
};
#define XFS_QUOTA_OFF_LIMITS	(1u << 0)	/* enforce no more; accounting goes on */

/*
 * @types are not enforced any more and, without XFS_QUOTA_OFF_LIMITS, not accounted either.  The
 * records stay, with their limits, for when the type is turned on again.  What is off is passed over.
 */
XFS_API int xfs_quota_off(struct xfs_mount *mp, uint32_t types, uint32_t flags);

/* ---- what there is -------------------------------------------------------------------- */

/* Of one type.  All 0 if it has no file of records. */
struct xfs_quota_type_info {
	uint64_t ino;			/* of its file */
	/* Limits of ids that have none of their own; bytes, inodes. */
	uint64_t space_hard, space_soft;
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;
	/* How long one may be over a soft limit: seconds. */
	uint32_t space_grace, inodes_grace, rt_space_grace;
	uint32_t reserved;
};

struct xfs_quota_state {
	uint32_t size;			/* in: sizeof(struct xfs_quota_state); at least up to @project */
	/* Types, as the superblock says; @exact ones are among the accounted. */
	uint32_t accounted, enforced, exact;
	struct xfs_quota_type_info user, group, project;
};
#define XFS_QUOTA_STATE_INIT	XFS_SIZED_INIT(struct xfs_quota_state)

/* For reading only, too.  -EUCLEAN and its like: the record of id 0 of a type is damaged. */
XFS_API int xfs_quota_state(struct xfs_mount *mp, struct xfs_quota_state *state);

enum xfs_quota_info_flags {
	XFS_QUOTA_INFO_EXACT = 1u << 0,
	XFS_QUOTA_INFO_RECORD = 1u << 1,
};
#define XFS_QUOTA_INFO_EXACT	(1u << 0)	/* the counts are right */
#define XFS_QUOTA_INFO_RECORD	(1u << 1)	/* there is a record; without one all is 0 */

struct xfs_quota_info {
	uint32_t size;			/* in: sizeof(struct xfs_quota_info); at least up to @rt_space_expires */
	uint32_t flags;			/* XFS_QUOTA_INFO_* */
	uint32_t id;
	uint32_t reserved;
	uint64_t space_bytes, inodes, rt_space_bytes;	/* in use */
	/* The id's own; 0: none but the default (struct xfs_quota_state). */
	uint64_t space_hard, space_soft;
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;
	/* When the soft limit becomes a hard one, seconds since 1970; 0: not over it.  Id 0: 0. */
	int64_t space_expires, inodes_expires, rt_space_expires;
};
#define XFS_QUOTA_INFO_INIT	XFS_SIZED_INIT(struct xfs_quota_info)

/* What @id of one type uses and may use.  Also of a type that is off, and for reading only. */
XFS_API int xfs_quota_get(struct xfs_mount *mp, uint32_t type, uint32_t id,
			  struct xfs_quota_info *info);

/*
 * 1 and the first id at or behind *@from of whose record something is not 0; *@from is the number behind
 * it then, so that the next call goes on.  0: there is none, and *@from is 2^32.  Begin with 0.  Gaps
 * cost nothing.  Ids that get something meanwhile may be left out.
 *
 * -EUCLEAN, -EBADMSG: a block of records is damaged; *@from is the first id behind it.
 */
XFS_API int xfs_quota_next(struct xfs_mount *mp, uint32_t type, uint64_t *from,
			   struct xfs_quota_info *info);

/* ---- limits --------------------------------------------------------------------------------- */

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
#define XFS_QUOTA_SPACE_HARD		(1u << 0)
#define XFS_QUOTA_SPACE_SOFT		(1u << 1)
#define XFS_QUOTA_INODES_HARD		(1u << 2)
#define XFS_QUOTA_INODES_SOFT		(1u << 3)
#define XFS_QUOTA_RT_SPACE_HARD		(1u << 4)
#define XFS_QUOTA_RT_SPACE_SOFT		(1u << 5)
#define XFS_QUOTA_SPACE_GRACE		(1u << 6)
#define XFS_QUOTA_INODES_GRACE		(1u << 7)
#define XFS_QUOTA_RT_SPACE_GRACE	(1u << 8)
#define XFS_QUOTA_SPACE_EXPIRES		(1u << 9)
#define XFS_QUOTA_INODES_EXPIRES	(1u << 10)
#define XFS_QUOTA_RT_SPACE_EXPIRES	(1u << 11)

/* Start with XFS_QUOTA_LIMITS_INIT; members whose bit is not in @valid are not looked at. */
struct xfs_quota_limits {
	uint32_t size;			/* in: sizeof(struct xfs_quota_limits); at least up to @rt_space_expires */
	uint32_t valid;			/* XFS_QUOTA_*_HARD and so on */
	uint64_t space_hard, space_soft;
	uint64_t inodes_hard, inodes_soft;
	uint64_t rt_space_hard, rt_space_soft;
	/* Of id 0 only: the periods of the type, seconds; 0: seven days. */
	uint32_t space_grace, inodes_grace, rt_space_grace;
	uint32_t reserved;		/* 0 */
	/*
	 * Of other ids: when the soft limit becomes a hard one, seconds since 1970, for who is over
	 * one: others have no timer, whatever is set.  0: a grace period from now.  The nearest that the
	 * record can hold is taken.
	 */
	int64_t space_expires, inodes_expires, rt_space_expires;
};
#define XFS_QUOTA_LIMITS_INIT	XFS_SIZED_INIT(struct xfs_quota_limits)

/*
 * Change limits of @id of one type, on or off, and of id 0 the defaults and the grace periods.  Who is over
 * a limit then, hard or soft, has a timer running; who is not has none.  A new period is for timers that
 * begin later.  Limits may be below what is in use.
 *
 * Other errors: -EINVAL: a soft limit would be above the hard one (kernels leave both as they were, and say
 * nothing); a period for another id than 0, a time for id 0; a bit or @reserved that is not known;
 * -ERANGE: a limit of more than 2^63-1 bytes or inodes.  Nothing was changed then.
 */
XFS_API int xfs_quota_set(struct xfs_mount *mp, uint32_t type, uint32_t id,
			  const struct xfs_quota_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
