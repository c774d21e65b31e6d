/* SPDX-License-Identifier: MIT */
/* Limits: requests are reserved before the first change, or refused. */
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

/* ---- limits --------------------------------------------------------------------------- */

bool xfs_dquot_is_enforced(const struct xfs_dquot *dq)
{
	const struct xfs_mount *mp = dq->dq_mount;

	return dq->dq_id && !mp->m_quota_account_only &&
	       (xfs_quota_flags(mp) & xfs_quota_kinds[dq->dq_type].enfd);
}

/* True if the timer has expired; a timer of 0 does not run. */
static bool has_run_out(const struct xfs_dquot *dq, be32_t timer)
{
	uint64_t when = xfs_dquot_time(&dq->dq_disk, timer);
	int64_t now = xfs_now(dq->dq_mount).tv_sec;

	return when && now > 0 && (uint64_t)now > when;
}

/* The use of blocks or inodes by an owner, and the request. */
struct demand {
	const char *what;
	uint64_t used, more;
	struct xfs_dquot_limits limits;
	be32_t timer;
	bool *told;
};

/*
 * The error class tells a project's -ENOSPC from one of the file system, see
 * xfs_error_is_of_quota().
 */
static int refuse(const struct xfs_dquot *dq, const struct demand *d, const char *limit, uint64_t n)
{
	int error = dq->dq_type == XFS_QUOTA_TYPES - 1 ? -ENOSPC : -EDQUOT;

	xfs_set_error(dq->dq_mount, error,
		      "%s %u uses %" PRIu64 " %s; %" PRIu64 " more would exceed its %s of %" PRIu64,
		      xfs_quota_kinds[dq->dq_type].name, dq->dq_id, d->used, d->what, d->more, limit, n);
	xfs_error_set_class(XFS_ERROR_QUOTA);
	return error;
}

static int check(const struct xfs_dquot *dq, const struct demand *d)
{
	if (!d->more)
		return 0;
	if (d->limits.hard && d->used + d->more > d->limits.hard)
		return refuse(dq, d, "hard limit", d->limits.hard);
	if (d->limits.soft && d->used + d->more > d->limits.soft && has_run_out(dq, d->timer))
		return refuse(dq, d, "soft limit (grace period expired)", d->limits.soft);
	return 0;
}

/* Warn once each time that the count exceeds the limit. */
static void warn_if_over(const struct xfs_dquot *dq, const struct demand *d)
{
	bool over = d->limits.soft && d->used + d->more > d->limits.soft;

	if (over && !*d->told)
		xfs_warn(dq->dq_mount, "%s %u is over its soft limit of %" PRIu64 " %s",
			 xfs_quota_kinds[dq->dq_type].name, dq->dq_id, d->limits.soft, d->what);
	*d->told = over;
}

/* Blocks in use, held and reserved; dq_lock held. */
static uint64_t used_blocks(const struct xfs_dquot *dq)
{
	return be64_to_cpu(dq->dq_disk.d_bcount) + dq->dq_held + dq->dq_res_blocks;
}

/* dq_lock held. */
static int check_limits(struct xfs_dquot *dq, uint64_t blocks, uint64_t inodes)
{
	const struct demand b = {
		.what = "blocks", .more = blocks, .limits = xfs_dquot_limits(dq, XFS_DQ_BLOCKS),
		.used = used_blocks(dq), .timer = dq->dq_disk.d_btimer, .told = &dq->dq_told_blocks,
	};
	const struct demand i = {
		.what = "inodes", .more = inodes, .limits = xfs_dquot_limits(dq, XFS_DQ_INODES),
		.used = be64_to_cpu(dq->dq_disk.d_icount) + dq->dq_res_inodes,
		.timer = dq->dq_disk.d_itimer, .told = &dq->dq_told_inodes,
	};
	int error = check(dq, &b);

	if (!error)
		error = check(dq, &i);
	if (error)
		return error;
	warn_if_over(dq, &b);
	warn_if_over(dq, &i);
	return 0;
}

/* ---- owners ----------------------------------------------------------------------------- */

/*
 * The record of a current owner.  NULL: the type is not kept, or no longer.  Called before the
 * first change of a transaction.
 */
static int owner(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	int error;

	*dqp = NULL;
	if (!xfs_quota_is_kept(mp->m_quota, type))
		return 0;
	error = xfs_dquot_get(mp, type, id, dqp);
	if (error != -ENOENT && error != -EUCLEAN && error != -EBADMSG)
		return error;
	xfs_quota_give_up(mp, type, error);
	return 0;
}

/* ---- what inodes hold in memory --------------------------------------------------------- */

int xfs_dquot_mod_held(struct xfs_dquot *dq, int64_t delta)
{
	uint64_t was = dq->dq_held;

	if (delta < 0)
		dq->dq_held -= XFS_MIN(was, (uint64_t)-delta);
	else
		dq->dq_held += (uint64_t)delta;
	return (dq->dq_held != 0) - (was != 0);
}

/* Puts @dq. */
static void mod_held(struct xfs_dquot *dq, int64_t delta)
{
	int refs;

	xfs_mutex_lock(&dq->dq_lock);
	refs = xfs_dquot_mod_held(dq, delta);
	xfs_mutex_unlock(&dq->dq_lock);
	/* dq_held holds one reference while it is not 0. */
	if (refs <= 0)
		xfs_dquot_put(dq);
	if (refs < 0)
		xfs_dquot_put(dq);
}

static int hold_of(struct xfs_mount *mp, uint32_t type, uint32_t id, uint64_t blocks)
{
	struct xfs_dquot *dq;
	int error = owner(mp, type, id, &dq), refs = 0;

	if (error || !dq)
		return error;
	xfs_mutex_lock(&dq->dq_lock);
	if (xfs_dquot_is_enforced(dq))
		error = check_limits(dq, blocks, 0);
	if (!error)
		refs = xfs_dquot_mod_held(dq, (int64_t)blocks);
	xfs_mutex_unlock(&dq->dq_lock);
	if (!refs)
		xfs_dquot_put(dq);
	return error;
}

static void let_go_of(struct xfs_mount *mp, uint32_t type, uint32_t id, int64_t delta)
{
	struct xfs_dquot *dq;

	if (!xfs_quota_is_kept(mp->m_quota, type))
		return;
	/* The held blocks keep the record in memory. */
	if (xfs_dquot_get(mp, type, id, &dq) == 0)
		mod_held(dq, delta);
}

int xfs_quota_hold(struct xfs_inode *ip, uint64_t blocks)
{
	struct xfs_charged *charged = &ip->i_charged;
	int error = 0;

	if (xfs_quota_is_own(ip))
		return 0;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++) {
		error = hold_of(ip->i_mount, t, charged->ids[t], blocks);
		if (!error)
			continue;
		while (t--)
			let_go_of(ip->i_mount, t, charged->ids[t], -(int64_t)blocks);
		return error;
	}
	charged->held += blocks;
	return 0;
}

void xfs_quota_held(struct xfs_inode *ip)
{
	struct xfs_charged *charged = &ip->i_charged;
	uint64_t now = ip->i_delayed_blks + ip->i_cow_blocks;
	int64_t delta = (int64_t)(now - charged->held);

	if (!delta || xfs_quota_is_own(ip))
		return;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		let_go_of(ip->i_mount, t, charged->ids[t], delta);
	charged->held = now;
}

/* ---- reservations of a transaction ------------------------------------------------------- */

struct xfs_trans_quota *xfs_trans_quota_of(struct xfs_trans *tp, const struct xfs_dquot *dq)
{
	for (uint32_t i = 0; i < tp->t_nquota; i++)
		if (tp->t_quota[i].dq == dq)
			return &tp->t_quota[i];
	return NULL;
}

/* Reserve in @tp, counting what it has reserved already.  Puts @dq or keeps it in @tp. */
static int reserve_for(struct xfs_trans *tp, struct xfs_dquot *dq, uint64_t blocks, uint32_t inodes)
{
	struct xfs_trans_quota *tq = xfs_trans_quota_of(tp, dq);
	int error = 0;

	if (tq) {
		blocks -= XFS_MIN(blocks, tq->blocks);
		inodes -= XFS_MIN(inodes, tq->inodes);
	}
	xfs_mutex_lock(&dq->dq_lock);
	if (xfs_dquot_is_enforced(dq))
		error = check_limits(dq, blocks, inodes);
	if (!error) {
		dq->dq_res_blocks += blocks;
		dq->dq_res_inodes += inodes;
	}
	xfs_mutex_unlock(&dq->dq_lock);
	if (error || tq)
		xfs_dquot_put(dq);
	if (error)
		return error;
	if (!tq) {
		ASSERT(tp->t_nquota < XFS_TRANS_QUOTAS);
		tq = &tp->t_quota[tp->t_nquota++];
		*tq = (struct xfs_trans_quota){ .dq = dq };
	}
	tq->blocks += blocks;
	tq->inodes += inodes;
	return 0;
}

int xfs_quota_reserve_blocks_slow(struct xfs_trans *tp, struct xfs_inode *ip, uint64_t blocks)
{
	struct xfs_mount *mp = tp->t_mount;
	const uint32_t *ids = ip->i_charged.ids;
	int error = 0;

	if (!blocks || xfs_quota_is_own(ip))
		return 0;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++) {
		struct xfs_dquot *dq;

		error = owner(mp, t, ids[t], &dq);
		if (!error && dq)
			error = reserve_for(tp, dq, blocks, 0);
	}
	return error;
}

int xfs_quota_reserve_owners(struct xfs_trans *tp, struct xfs_quota_owners *owners, uint64_t blocks,
			     uint32_t inodes)
{
	int error = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++) {
		struct xfs_dquot *dq = owners->dq[t];

		owners->dq[t] = NULL;
		if (dq)
			error = reserve_for(tp, dq, blocks, inodes);
	}
	return error;
}

int xfs_quota_reserve_transfer(struct xfs_trans *tp, struct xfs_inode *ip,
			       struct xfs_quota_owners *owners)
{
	uint64_t blocks = ip->i_nblocks + ip->i_delayed_blks + ip->i_cow_blocks;
	int error = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++) {
		struct xfs_dquot *dq = owners->dq[t];

		if (!dq || dq->dq_id == ip->i_charged.ids[t])
			continue;
		owners->dq[t] = NULL;
		/* Linux 7.2 asks for one more block for a project. */
		error = reserve_for(tp, dq, blocks + (t == XFS_QUOTA_TYPES - 1), 1);
	}
	return error;
}

void xfs_quota_unreserve(struct xfs_trans *tp)
{
	for (uint32_t i = 0; i < tp->t_nquota; i++) {
		struct xfs_trans_quota *tq = &tp->t_quota[i];

		xfs_mutex_lock(&tq->dq->dq_lock);
		tq->dq->dq_res_blocks -= tq->blocks;
		tq->dq->dq_res_inodes -= tq->inodes;
		xfs_mutex_unlock(&tq->dq->dq_lock);
		xfs_dquot_put(tq->dq);
	}
	tp->t_nquota = 0;
}

/* ---- near the limits ----------------------------------------------------------------------- */

/* Also for id 0, and if limits are not enforced, as in Linux 7.2. */
struct xfs_quota_room xfs_quota_room(struct xfs_inode *ip, uint32_t type)
{
	struct xfs_quota_room room = { .hard_blocks = 0 };
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_dquot_limits limits;
	struct xfs_dquot *dq;

	if (!mp->m_quota || !xfs_quota_is_kept(mp->m_quota, type) || xfs_quota_is_own(ip) ||
	    xfs_dquot_get(mp, type, ip->i_charged.ids[type], &dq))
		return room;
	xfs_mutex_lock(&dq->dq_lock);
	limits = xfs_dquot_limits(dq, XFS_DQ_BLOCKS);
	if (limits.hard)
		room = (struct xfs_quota_room){ limits.hard, limits.soft, used_blocks(dq) };
	xfs_mutex_unlock(&dq->dq_lock);
	xfs_dquot_put(dq);
	return room;
}

/* Id 0 is included and soft limits are ignored, as in Linux 7.2. */
static bool is_low(struct xfs_mount *mp, uint32_t type, uint32_t id)
{
	struct xfs_dquot_limits limits;
	struct xfs_dquot *dq;
	uint64_t used;

	if (mp->m_quota_account_only || !xfs_quota_is_kept(mp->m_quota, type) ||
	    !(xfs_quota_flags(mp) & xfs_quota_kinds[type].enfd) || xfs_dquot_get(mp, type, id, &dq))
		return false;
	xfs_mutex_lock(&dq->dq_lock);
	limits = xfs_dquot_limits(dq, XFS_DQ_BLOCKS);
	used = used_blocks(dq);
	xfs_mutex_unlock(&dq->dq_lock);
	xfs_dquot_put(dq);
	return used > limits.hard || limits.hard - used < limits.hard / 100;
}

uint32_t xfs_quota_low(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES])
{
	uint32_t types = 0;

	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++)
		if (is_low(mp, t, ids[t]))
			types |= 1u << t;
	return types;
}
