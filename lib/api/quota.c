/* SPDX-License-Identifier: MIT */
/* Quota: argument checks, types as bits, space in bytes; quota/ does the work. */
#include <xfswrite/quota.h>
#include "api/api_priv.h"
#include "disk/dquot.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"

#define ALL_TYPES	(XFS_QUOTA_USER | XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT)

static uint32_t exact_types(struct xfs_mount *mp)
{
	uint32_t types = 0;

	for (uint32_t t = 0; t < 3; t++)
		if (xfs_quota_is_exact(mp, t))
			types |= 1u << t;
	return types;
}

static int need_types(struct xfs_mount *mp, uint32_t types)
{
	if (types && !(types & ~ALL_TYPES))
		return 0;
	return xfs_error(mp, -EINVAL, "0x%x is not a set of quota types", types);
}

/* Convert one type to its index in quota/. */
static int need_type(struct xfs_mount *mp, uint32_t type, uint32_t *index)
{
	if (type != XFS_QUOTA_USER && type != XFS_QUOTA_GROUP && type != XFS_QUOTA_PROJECT)
		return xfs_error(mp, -EINVAL, "0x%x is not one quota type", type);
	*index = type == XFS_QUOTA_USER ? 0 : type == XFS_QUOTA_GROUP ? 1 : 2;
	return 0;
}

/* ---- on and off ------------------------------------------------------------------------- */

static int refuse_open(struct xfs_inode *ip, void *arg)
{
	struct xfs_mount *mp = arg;
	uint32_t opens = __atomic_load_n(&ip->i_opens, __ATOMIC_RELAXED);

	if (opens <= (ip == mp->m_rootip))
		return 0;
	return xfs_error(mp, -EBUSY, "inode %" PRIu64 " is open", ip->i_ino);
}

/*
 * Count usage.  No file may be open, and all reservations are freed first, so that what inodes have
 * on disk is what they are charged.
 */
static int count(struct xfs_mount *mp, uint32_t types)
{
	struct xfs_long_call sync, call;
	int error;

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is read-only");
	if (xfs_nowait())
		return xfs_would_wait("all inodes would be counted");
	xfs_long_call_begin(&sync, mp, "sync");
	xfs_long_call_begin(&call, mp, "quotacheck");
	error = xfs_inode_walk(mp, refuse_open, mp);
	if (!error)
		error = xfs_reclaim_for_unmount(mp, &sync);
	if (!error && xfs_long_call_ask(&sync))
		error = xfs_long_call_error(&sync);
	if (error)
		return error;
	/* A cancel during the first part also cancels the second. */
	call.cancels = sync.cancels;
	return xfs_quota_enable(mp, types, &call);
}

static int do_on(struct xfs_mount *mp, const struct xfs_quota_on_options *given)
{
	struct xfs_quota_on_options opts;
	uint32_t to_count;
	int error = xfs_take_struct(xfs_quota_on_options, &opts, given, flags);

	if (!error)
		error = need_types(mp, opts.types);
	if (!error && (opts.enforce & ~opts.types || opts.flags & ~XFS_QUOTA_ON_RECOUNT))
		error = xfs_error(mp, -EINVAL,
				  "quota types 0x%x are to be enforced but not all are turned on, "
				  "or flags 0x%x are unknown",
				  opts.enforce, opts.flags);
	if (!error && xfs_nowait())
		error = xfs_would_wait("quota is turned on");
	if (error)
		return error;
	to_count = opts.flags & XFS_QUOTA_ON_RECOUNT ? opts.types : opts.types & ~exact_types(mp);
	if (to_count)
		error = count(mp, to_count);
	if (error)
		return error;
	return xfs_quota_set_on(mp, xfs_quota_flags_of(opts.enforce, XFS_ALL_QUOTA_ENFD),
				xfs_quota_flags_of(opts.types & ~opts.enforce, XFS_ALL_QUOTA_ENFD));
}

int xfs_quota_on(struct xfs_mount *mp, const struct xfs_quota_on_options *opts)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(opts) ?: do_on(mp, opts));
}

static int do_check(struct xfs_mount *mp, uint32_t types)
{
	uint32_t on = xfs_quota_types_of(xfs_quota_flags(mp), XFS_ALL_QUOTA_ACCT);
	int error = types ? need_types(mp, types) : 0;

	if (error)
		return error;
	if (!types)
		types = on;
	if (!types || types & ~on)
		return xfs_error(mp, -ESRCH, "quota is not on for types 0x%x", types & ~on);
	return count(mp, types);
}

int xfs_quota_check(struct xfs_mount *mp, uint32_t types)
{
	return XFS_CALL_MOUNT(mp, do_check(mp, types));
}

static int do_off(struct xfs_mount *mp, uint32_t types, uint32_t flags)
{
	uint16_t clear = xfs_quota_flags_of(types, XFS_ALL_QUOTA_ENFD);
	int error = need_types(mp, types);

	if (!error && flags & ~XFS_QUOTA_OFF_LIMITS)
		error = xfs_error(mp, -EINVAL, "flags 0x%x", flags);
	if (!error && xfs_nowait())
		error = xfs_would_wait("quota is turned off");
	if (error)
		return error;
	if (!(flags & XFS_QUOTA_OFF_LIMITS))
		clear |= xfs_quota_flags_of(types, XFS_ALL_QUOTA_ACCT | XFS_ALL_QUOTA_CHKD);
	return xfs_quota_set_on(mp, 0, clear);
}

int xfs_quota_off(struct xfs_mount *mp, uint32_t types, uint32_t flags)
{
	return XFS_CALL_MOUNT(mp, do_off(mp, types, flags));
}

/* ---- reading records ------------------------------------------------------------------------ */

static uint64_t to_bytes(const struct xfs_mount *mp, uint64_t blocks)
{
	uint32_t log = mp->m_geo.blocklog;

	return blocks > UINT64_MAX >> log ? UINT64_MAX : blocks << log;
}

static uint32_t grace_of(int64_t seconds)
{
	return seconds ? (uint32_t)seconds : XFS_DQ_GRACE_DEFAULT;
}

static int type_info(struct xfs_mount *mp, uint32_t t, struct xfs_quota_type_info *info)
{
	struct xfs_quota_record rec;
	int error = xfs_quota_read(mp, t, 0, &rec);

	if (error)
		return error == -ESRCH ? 0 : error;
	*info = (struct xfs_quota_type_info){
		.ino = rec.file_ino,
		.space_hard = to_bytes(mp, rec.hard[0]), .space_soft = to_bytes(mp, rec.soft[0]),
		.inodes_hard = rec.hard[1], .inodes_soft = rec.soft[1],
		.rt_space_hard = to_bytes(mp, rec.hard[2]), .rt_space_soft = to_bytes(mp, rec.soft[2]),
		.space_grace = grace_of(rec.timer[0]), .inodes_grace = grace_of(rec.timer[1]),
		.rt_space_grace = grace_of(rec.timer[2]),
	};
	return 0;
}

static int do_state(struct xfs_mount *mp, struct xfs_quota_state *out)
{
	uint16_t flags = xfs_quota_flags(mp);
	struct xfs_quota_state own = { .accounted = xfs_quota_types_of(flags, XFS_ALL_QUOTA_ACCT),
				       .enforced = xfs_quota_types_of(flags, XFS_ALL_QUOTA_ENFD),
				       .exact = exact_types(mp) };
	struct xfs_quota_type_info *const infos[] = { &own.user, &own.group, &own.project };

	for (uint32_t t = 0; t < 3; t++) {
		int error = type_info(mp, t, infos[t]);

		if (error)
			return error;
	}
	xfs_give_struct(&own, out);
	return 0;
}

int xfs_quota_state(struct xfs_mount *mp, struct xfs_quota_state *state)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_quota_state, state, project) ?: do_state(mp, state));
}

static void give_info(struct xfs_mount *mp, uint32_t t, const struct xfs_quota_record *rec,
		      struct xfs_quota_info *out)
{
	struct xfs_quota_info own = {
		.flags = (rec->found ? XFS_QUOTA_INFO_RECORD : 0) |
			 (xfs_quota_is_exact(mp, t) ? XFS_QUOTA_INFO_EXACT : 0),
		.id = rec->id,
		.space_bytes = to_bytes(mp, rec->count[0]), .inodes = rec->count[1],
		.rt_space_bytes = to_bytes(mp, rec->count[2]),
		.space_hard = to_bytes(mp, rec->hard[0]), .space_soft = to_bytes(mp, rec->soft[0]),
		.inodes_hard = rec->hard[1], .inodes_soft = rec->soft[1],
		.rt_space_hard = to_bytes(mp, rec->hard[2]), .rt_space_soft = to_bytes(mp, rec->soft[2]),
	};

	/* The timers of id 0 are grace periods. */
	if (rec->id) {
		own.space_expires = rec->timer[0];
		own.inodes_expires = rec->timer[1];
		own.rt_space_expires = rec->timer[2];
	}
	xfs_give_struct(&own, out);
}

static int do_get(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_quota_info *info)
{
	struct xfs_quota_record rec;
	uint32_t t;
	int error = need_type(mp, type, &t);

	if (!error)
		error = xfs_quota_read(mp, t, id, &rec);
	if (!error)
		give_info(mp, t, &rec, info);
	return error;
}

int xfs_quota_get(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_quota_info *info)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_quota_info, info, rt_space_expires)
					  ?: do_get(mp, type, id, info));
}

static int do_next(struct xfs_mount *mp, uint32_t type, uint64_t *from, struct xfs_quota_info *info)
{
	struct xfs_quota_record rec;
	uint32_t t;
	int ret = need_type(mp, type, &t);

	if (!ret)
		ret = xfs_quota_read_next(mp, t, from, &rec);
	if (ret == 1)
		give_info(mp, t, &rec, info);
	return ret;
}

int xfs_quota_next(struct xfs_mount *mp, uint32_t type, uint64_t *from, struct xfs_quota_info *info)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(from)
					  ?: xfs_need_struct(xfs_quota_info, info, rt_space_expires)
					  ?: do_next(mp, type, from, info));
}

/* ---- limits ------------------------------------------------------------------------------------ */

#define GRACE	(XFS_QUOTA_SPACE_GRACE | XFS_QUOTA_INODES_GRACE | XFS_QUOTA_RT_SPACE_GRACE)
#define EXPIRES	(XFS_QUOTA_SPACE_EXPIRES | XFS_QUOTA_INODES_EXPIRES | XFS_QUOTA_RT_SPACE_EXPIRES)
#define LIMITS	((1u << 6) - 1)

static int check_limits(struct xfs_mount *mp, uint32_t id, const struct xfs_quota_limits *given)
{
	const uint64_t values[] = { given->space_hard, given->space_soft, given->inodes_hard,
				    given->inodes_soft, given->rt_space_hard, given->rt_space_soft };

	if (given->valid & ~(LIMITS | GRACE | EXPIRES) || given->reserved)
		return xfs_error(mp, -EINVAL, "unknown fields to set: 0x%x", given->valid);
	if (given->valid & (id ? GRACE : EXPIRES))
		return xfs_error(mp, -EINVAL,
				 id ? "id %u has no grace period of its own: set those of id 0"
				    : "id %u holds the defaults and has no expiry time",
				 id);
	/* The bits are in the order of the members. */
	for (uint32_t i = 0; i < 6; i++)
		if (given->valid & 1u << i && values[i] > INT64_MAX)
			return xfs_error(mp, -ERANGE, "limit %" PRIu64 " is too large", values[i]);
	return 0;
}

static uint64_t to_blocks(const struct xfs_mount *mp, uint64_t bytes)
{
	return (bytes + mp->m_geo.blocksize - 1) >> mp->m_geo.blocklog;
}

/* Map bits that are @apart from each other, the first one at @first, to bits 0 to 2. */
static uint32_t kinds(uint32_t valid, uint32_t first, uint32_t apart)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 3; i++)
		if (valid & first << i * apart)
			bits |= 1u << i;
	return bits;
}

static int do_set(struct xfs_mount *mp, uint32_t type, uint32_t id, const struct xfs_quota_limits *limits)
{
	struct xfs_quota_change_limits set;
	struct xfs_quota_limits given;
	uint32_t t;
	int error = xfs_take_struct(xfs_quota_limits, &given, limits, rt_space_expires);

	if (!error)
		error = need_type(mp, type, &t);
	if (!error)
		error = check_limits(mp, id, &given);
	if (error)
		return error;
	set = (struct xfs_quota_change_limits){
		.set_hard = kinds(given.valid, XFS_QUOTA_SPACE_HARD, 2),
		.set_soft = kinds(given.valid, XFS_QUOTA_SPACE_SOFT, 2),
		.set_timer = kinds(given.valid, id ? XFS_QUOTA_SPACE_EXPIRES : XFS_QUOTA_SPACE_GRACE, 1),
		.hard = { to_blocks(mp, given.space_hard), given.inodes_hard,
			  to_blocks(mp, given.rt_space_hard) },
		.soft = { to_blocks(mp, given.space_soft), given.inodes_soft,
			  to_blocks(mp, given.rt_space_soft) },
	};
	if (id)
		memcpy(set.timer, (const int64_t[3]){ given.space_expires, given.inodes_expires,
						      given.rt_space_expires }, sizeof(set.timer));
	else
		memcpy(set.timer, (const int64_t[3]){ given.space_grace, given.inodes_grace,
						      given.rt_space_grace }, sizeof(set.timer));
	return xfs_quota_set_limits(mp, t, id, &set);
}

int xfs_quota_set(struct xfs_mount *mp, uint32_t type, uint32_t id,
		  const struct xfs_quota_limits *limits)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(limits) ?: do_set(mp, type, id, limits));
}
