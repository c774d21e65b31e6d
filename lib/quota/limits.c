/* SPDX-License-Identifier: MIT */
/* Setting limits, and the defaults of a type. */
#include "core/message.h"
#include "quota/quota_priv.h"

static int apply(struct xfs_mount *mp, struct xfs_disk_dquot *d, const struct xfs_quota_change_limits *set)
{
	static const char *const names[XFS_DQ_KINDS] = { "blocks", "inodes", "realtime blocks" };

	for (uint32_t i = 0; i < XFS_DQ_KINDS; i++) {
		struct xfs_dquot_fields f = xfs_dquot_fields(d, i);
		uint64_t hard, soft;

		if (set->set_hard & 1u << i)
			*f.hard = cpu_to_be64(set->hard[i]);
		if (set->set_soft & 1u << i)
			*f.soft = cpu_to_be64(set->soft[i]);
		hard = be64_to_cpu(*f.hard);
		soft = be64_to_cpu(*f.soft);
		if ((set->set_hard | set->set_soft) & 1u << i && hard && soft > hard)
			return xfs_error(mp, -EINVAL, "%s: the soft limit of %" PRIu64
					 " would be above the hard one of %" PRIu64, names[i], soft, hard);
		if (!(set->set_timer & 1u << i))
			continue;
		/* 0 clears the timer. */
		if (be32_to_cpu(d->d_id) && set->timer[i])
			*f.timer = xfs_dquot_timer(d, (uint64_t)XFS_MAX(set->timer[i], (int64_t)1));
		else
			*f.timer = cpu_to_be32((uint32_t)set->timer[i]);
	}
	return 0;
}

/* True if @set changes nothing for an id without a record. */
static bool is_nothing(const struct xfs_quota_change_limits *set)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < XFS_DQ_KINDS; i++) {
		any |= set->set_hard & 1u << i ? set->hard[i] : 0;
		any |= set->set_soft & 1u << i ? set->soft[i] : 0;
		any |= set->set_timer & 1u << i ? (uint64_t)set->timer[i] : 0;
	}
	return !any;
}

static int change(struct xfs_dquot *dq, const struct xfs_quota_change_limits *set)
{
	struct xfs_mount *mp = dq->dq_mount;
	struct xfs_disk_dquot d;
	struct xfs_trans *tp;
	int error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, 0, &tp);

	if (error)
		return error;
	xfs_mutex_lock(&dq->dq_lock);
	d = dq->dq_disk;
	error = apply(mp, &d, set);
	if (!error) {
		dq->dq_disk = d;
		if (!dq->dq_id)
			xfs_quota_set_defaults(mp->m_quota, dq->dq_type, &d);
		xfs_dquot_set_timers(dq);
		xfs_trans_log_item(tp, &dq->dq_item);
	}
	xfs_mutex_unlock(&dq->dq_lock);
	return xfs_trans_finish(tp, error);
}

int xfs_quota_set_limits(struct xfs_mount *mp, uint32_t type, uint32_t id,
			 const struct xfs_quota_change_limits *set)
{
	struct xfs_dquot *dq;
	int error;

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is read-only");
	if (!mp->m_quota || !mp->m_quota->q_types[type].qt_ip)
		return xfs_error(mp, -ESRCH, "%s quota has no file", xfs_quota_kinds[type].name);
	error = xfs_dquot_get(mp, type, id, &dq);
	if (error == -ENOENT) {
		if (is_nothing(set))
			return 0;
		error = xfs_dquot_get_or_alloc(mp, type, id, &dq);
	}
	if (error)
		return error;
	error = change(dq, set);
	xfs_dquot_put(dq);
	return error;
}
