/* SPDX-License-Identifier: MIT */
/* Quota of a mount: the types that are kept, and counting in transactions. */
#include "base/sabotage.h"
#include "core/message.h"
#include "quota/quota_priv.h"

/* ---- opening -------------------------------------------------------------------------- */

uint16_t xfs_quota_flags(const struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_sb.sb_qflags, __ATOMIC_RELAXED);
}

static uint16_t flags_of_type(uint32_t type)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];

	return kind->acct | kind->enfd | kind->chkd;
}

uint16_t xfs_quota_flags_of(uint32_t types, uint16_t mask)
{
	uint16_t flags = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if (types & 1u << t)
			flags |= flags_of_type(t);
	return flags & mask;
}

uint32_t xfs_quota_types_of(uint16_t flags, uint16_t mask)
{
	uint32_t types = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if (flags_of_type(t) & flags & mask)
			types |= 1u << t;
	return types;
}

/* True if the superblock says that @type is on and that its counts are exact. */
static bool is_exact(const struct xfs_mount *mp, uint32_t type)
{
	uint16_t both = xfs_quota_kinds[type].acct | xfs_quota_kinds[type].chkd;

	return (xfs_quota_flags(mp) & both) == both;
}

bool xfs_quota_is_exact(struct xfs_mount *mp, uint32_t type)
{
	if (!is_exact(mp, type) ||
	    __atomic_load_n(&mp->m_state, __ATOMIC_RELAXED) & XFS_STATE_LOG_DIRTY)
		return false;
	return mp->m_rdonly || (mp->m_quota && xfs_quota_is_kept(mp->m_quota, type));
}

static void set_value(uint64_t *value, uint64_t to)
{
	__atomic_store_n(value, to, __ATOMIC_RELAXED);
}

void xfs_quota_set_defaults(struct xfs_quota *q, uint32_t type, const struct xfs_disk_dquot *record)
{
	struct xfs_quota_defaults *dflt = &q->q_defaults[type];

	for (unsigned int kind = 0; kind < XFS_DQ_KINDS; kind++) {
		struct xfs_dquot_fields f = xfs_dquot_fields(record, kind);
		uint32_t grace = be32_to_cpu(*f.timer);

		set_value(&dflt->hard[kind], be64_to_cpu(*f.hard));
		set_value(&dflt->soft[kind], be64_to_cpu(*f.soft));
		set_value(&dflt->grace[kind], grace ? grace : XFS_DQ_GRACE_DEFAULT);
	}
}

/* Record 0 has the grace periods, and the limits of ids that have none. */
void xfs_quota_read_defaults(struct xfs_mount *mp, uint32_t type)
{
	const struct xfs_disk_dquot none = { .d_version = XFS_DQUOT_VERSION };
	struct xfs_dquot *dq;
	int error = xfs_dquot_get(mp, type, 0, &dq);

	if (!error) {
		xfs_quota_set_defaults(mp->m_quota, type, &dq->dq_disk);
		xfs_dquot_put(dq);
		return;
	}
	xfs_quota_set_defaults(mp->m_quota, type, &none);
	if (error != -ENOENT)
		xfs_quota_give_up(mp, type, error);
}

void xfs_quota_begin(struct xfs_mount *mp, uint32_t type)
{
	xfs_dquot_forget_held(mp->m_quota, type);
	__atomic_store_n(&mp->m_quota->q_types[type].qt_kept, true, __ATOMIC_RELAXED);
	xfs_quota_read_defaults(mp, type);
}

/*
 * Limits can be set also while @type is off.  A metadata directory tree must be searched for the
 * file.
 */
static bool may_have_file(struct xfs_mount *mp, uint32_t type)
{
	return xfs_has_metadir(&mp->m_geo) || *xfs_quota_ino(&mp->m_geo, type) != NULLFSINO;
}

static int open_type(struct xfs_mount *mp, uint32_t type)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];
	int error = xfs_quota_find_file(mp, type);

	if (error == -ENOENT || error == -EUCLEAN || error == -EBADMSG) {
		if (is_exact(mp, type))
			xfs_warn(mp, "%s quota is on, but usage is not counted: %s", kind->name,
				 xfs_last_text());
		return 0;
	}
	if (error)
		return error;
	if (is_exact(mp, type))
		xfs_quota_begin(mp, type);
	else	/* limits can be set nevertheless, which may start timers */
		xfs_quota_read_defaults(mp, type);
	return 0;
}

int xfs_quota_init(struct xfs_mount *mp)
{
	struct xfs_quota *q = xfs_mem_alloc_aligned(&mp->m_mem, XFS_SLOT_ALIGN, sizeof(*q));
	int error;

	if (!q)
		return xfs_error(mp, -ENOMEM, "out of memory for quota");
	memset(q, 0, sizeof(*q));
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		xfs_mutex_init(&q->q_types[t].qt_load, XFS_CLASS_DQUOT, 0);
	mp->m_quota = q;
	error = xfs_dquot_cache_init(mp);
	/* Who tries again must not find a part of it. */
	if (error)
		xfs_quota_close(mp);
	return error;
}

int xfs_quota_open(struct xfs_mount *mp)
{
	bool any = false;
	int error;

	if (mp->m_quota_refused && (mp->m_sb.sb_qflags & XFS_ALL_QUOTA_ACCT))
		return xfs_error(mp, -EPERM,
				 "quota is on, and the caller refuses file systems with quota");
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		any |= is_exact(mp, t) || may_have_file(mp, t);
	if (!any)
		return 0;
	error = xfs_quota_init(mp);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		error = open_type(mp, t);
	any = false;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		any |= mp->m_quota->q_types[t].qt_ip != NULL;
	if (!error && !any)
		xfs_quota_close(mp);
	return error;
}

void xfs_quota_close(struct xfs_mount *mp)
{
	struct xfs_quota *q = mp->m_quota;

	if (!q)
		return;
	xfs_dquot_cache_destroy(mp);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++) {
		xfs_irele(q->q_types[t].qt_ip);
		xfs_mutex_destroy(&q->q_types[t].qt_load);
	}
	xfs_mem_free_aligned(&mp->m_mem, q);
	mp->m_quota = NULL;
}

void xfs_quota_set_flags(struct xfs_mount *mp, uint16_t set, uint16_t clear)
{
	uint16_t flags;

	xfs_mutex_lock(&mp->m_lock);
	flags = (uint16_t)((mp->m_sb.sb_qflags & ~clear) | set);
	if (flags != mp->m_sb.sb_qflags) {
		__atomic_store_n(&mp->m_sb.sb_qflags, flags, __ATOMIC_RELAXED);
		__atomic_store_n(&mp->m_sb_changed, true, __ATOMIC_RELAXED);
	}
	xfs_mutex_unlock(&mp->m_lock);
}

void xfs_quota_first_change(struct xfs_mount *mp)
{
	uint16_t flags = XFS_ALL_QUOTA_CHKD;

	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++)
		if (xfs_quota_is_kept(mp->m_quota, t))
			flags &= (uint16_t)~xfs_quota_kinds[t].chkd;
	xfs_quota_set_flags(mp, 0, flags);
}

void xfs_quota_give_up(struct xfs_mount *mp, uint32_t type, int error)
{
	if (!__atomic_exchange_n(&mp->m_quota->q_types[type].qt_kept, false, __ATOMIC_RELAXED))
		return;
	xfs_err(mp, "usage of %s quota is no longer counted; the next quotacheck corrects it: %s",
		xfs_quota_kinds[type].name,
		error == -ENOENT || error == -EUCLEAN ? xfs_last_text() : xfs_errstr(error));
	xfs_quota_set_flags(mp, 0, xfs_quota_kinds[type].chkd);
}

/* ---- future owners ------------------------------------------------------------------- */

static int prepare(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	int error = xfs_dquot_get_or_alloc(mp, type, id, dqp);

	if (error != -EUCLEAN && error != -EBADMSG)
		return error;
	xfs_quota_give_up(mp, type, error);
	return 0;
}

int xfs_quota_prepare(struct xfs_mount *mp, const uint32_t ids[XFS_QUOTA_TYPES],
		      struct xfs_quota_owners *owners)
{
	int error = 0;

	*owners = (struct xfs_quota_owners){ { NULL } };
	if (likely(!mp->m_quota))
		return 0;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (xfs_quota_is_kept(mp->m_quota, t))
			error = prepare(mp, t, ids[t], &owners->dq[t]);
	if (error)
		xfs_quota_release(mp, owners);
	return error;
}

void xfs_quota_release(struct xfs_mount *mp, struct xfs_quota_owners *owners)
{
	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++) {
		if (owners->dq[t])
			xfs_dquot_put(owners->dq[t]);
		owners->dq[t] = NULL;
	}
}

/* ---- counting --------------------------------------------------------------------------- */

/* False: the count would become negative. */
static bool add(be64_t *count, int64_t delta)
{
	uint64_t n = be64_to_cpu(*count);

	if (delta < 0 && n < (uint64_t)-delta)
		return false;
	*count = cpu_to_be64(n + (uint64_t)delta);
	return true;
}

/* A timer runs while the count is over one of the limits. */
static void set_timer(struct xfs_dquot *dq, struct xfs_dquot_fields f, uint64_t grace)
{
	uint64_t n = be64_to_cpu(*f.count), s = be64_to_cpu(*f.soft), h = be64_to_cpu(*f.hard);

	if ((!s || n <= s) && (!h || n <= h))
		*f.timer = cpu_to_be32(0);
	else if (!be32_to_cpu(*f.timer))
		*f.timer = xfs_dquot_timer(&dq->dq_disk, (uint64_t)xfs_now(dq->dq_mount).tv_sec + grace);
}

/* The id's own limit, or the default. */
static uint64_t in_force(be64_t own, const uint64_t *dflt)
{
	return be64_to_cpu(own) ? be64_to_cpu(own) : xfs_quota_value(dflt);
}

struct xfs_dquot_limits xfs_dquot_limits(const struct xfs_dquot *dq, unsigned int kind)
{
	const struct xfs_quota_defaults *dflt = &dq->dq_mount->m_quota->q_defaults[dq->dq_type];
	struct xfs_dquot_fields f = xfs_dquot_fields(&dq->dq_disk, kind);

	return (struct xfs_dquot_limits){ in_force(*f.hard, &dflt->hard[kind]),
					  in_force(*f.soft, &dflt->soft[kind]) };
}

void xfs_dquot_set_timers(struct xfs_dquot *dq)
{
	const struct xfs_quota_defaults *dflt = &dq->dq_mount->m_quota->q_defaults[dq->dq_type];

	for (unsigned int kind = 0; dq->dq_id && kind < XFS_DQ_KINDS; kind++) {
		struct xfs_dquot_fields f = xfs_dquot_fields(&dq->dq_disk, kind);
		struct xfs_dquot_limits limits = xfs_dquot_limits(dq, kind);

		/* Every change of a record writes the default limits into it. */
		*f.hard = cpu_to_be64(limits.hard);
		*f.soft = cpu_to_be64(limits.soft);
		/* Realtime blocks are not counted. */
		if (kind != XFS_DQ_RTBLOCKS)
			set_timer(dq, f, xfs_quota_value(&dflt->grace[kind]));
	}
}

/* Counted blocks and inodes are no longer reserved. */
static void use_reservation(struct xfs_trans *tp, struct xfs_dquot *dq,
			    const struct xfs_quota_change *change)
{
	struct xfs_trans_quota *tq = xfs_trans_quota_of(tp, dq);
	uint64_t blocks;
	uint32_t inodes;

	if (!tq)
		return;
	blocks = XFS_MIN((uint64_t)XFS_MAX(change->blocks, (int64_t)0), tq->blocks);
	inodes = XFS_MIN((uint32_t)XFS_MAX(change->inodes, (int64_t)0), tq->inodes);
	tq->blocks -= blocks;
	tq->inodes -= inodes;
	dq->dq_res_blocks -= blocks;
	dq->dq_res_inodes -= inodes;
}

int xfs_dquot_change(struct xfs_trans *tp, struct xfs_dquot *dq, const struct xfs_quota_change *change)
{
	be64_t blocks, inodes;
	bool sound;
	int refs;

	xfs_mutex_lock(&dq->dq_lock);
	refs = xfs_dquot_mod_held(dq, change->held);
	blocks = dq->dq_disk.d_bcount;
	inodes = dq->dq_disk.d_icount;
	sound = add(&blocks, change->blocks) && add(&inodes, change->inodes);
	if (likely(sound) && (change->blocks || change->inodes)) {
		use_reservation(tp, dq, change);
		dq->dq_disk.d_bcount = blocks;
		dq->dq_disk.d_icount = inodes;
		xfs_dquot_set_timers(dq);
		if (!XFS_SABOTAGE(XFS_RULE_DQUOT))
			xfs_trans_log_item(tp, &dq->dq_item);
	}
	xfs_mutex_unlock(&dq->dq_lock);
	if (refs > 0)
		xfs_dquot_hold(dq);
	else if (refs < 0)
		xfs_dquot_put(dq);
	return likely(sound) ? 0
			     : xfs_error(tp->t_mount, -EUCLEAN, "%s %u releases more than it uses",
					 xfs_quota_kinds[dq->dq_type].name, dq->dq_id);
}

void xfs_dquot_reset(struct xfs_trans *tp, struct xfs_dquot *dq)
{
	xfs_mutex_lock(&dq->dq_lock);
	xfs_dquot_clear_counts(&dq->dq_disk);
	xfs_trans_log_item(tp, &dq->dq_item);
	xfs_mutex_unlock(&dq->dq_lock);
}

/* The record, if @tp has a reservation for it, which saves the lookup; or NULL. */
static struct xfs_dquot *reserved_by(const struct xfs_trans *tp, uint32_t type, uint32_t id)
{
	for (uint32_t i = 0; i < tp->t_nquota; i++)
		if (tp->t_quota[i].dq->dq_type == type && tp->t_quota[i].dq->dq_id == id)
			return tp->t_quota[i].dq;
	return NULL;
}

static void count(struct xfs_trans *tp, uint32_t type, uint32_t id,
		  const struct xfs_quota_change *change)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_dquot *dq;
	int error;

	if (!change->blocks && !change->inodes && !change->held)
		return;
	dq = reserved_by(tp, type, id);
	if (dq) {
		error = xfs_dquot_change(tp, dq, change);
	} else {
		error = xfs_dquot_get(mp, type, id, &dq);
		if (!error) {
			error = xfs_dquot_change(tp, dq, change);
			xfs_dquot_put(dq);
		}
	}
	if (error)
		xfs_quota_give_up(mp, type, error);
}

bool xfs_quota_is_own_ino(const struct xfs_mount *mp, xfs_ino_t ino)
{
	return xfs_internal_inum(&mp->m_geo, ino) && ino != mp->m_geo.rbmino && ino != mp->m_geo.rsumino;
}

void xfs_quota_uncharge(struct xfs_trans *tp, struct xfs_inode *ip)
{
	const struct xfs_charged was = ip->i_charged;
	const struct xfs_quota_change gone = {
		-(int64_t)was.blocks, -(int64_t)was.exists, -(int64_t)was.held };

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if (xfs_quota_is_kept(tp->t_mount->m_quota, t))
			count(tp, t, was.ids[t], &gone);
	ip->i_charged = (struct xfs_charged){ .exists = false };
}

void xfs_quota_charge(struct xfs_trans *tp, struct xfs_inode *ip)
{
	struct xfs_charged now = xfs_inode_charge(ip), was = ip->i_charged;

	if (now.exists == was.exists && now.blocks == was.blocks && now.held == was.held &&
	    !memcmp(now.ids, was.ids, sizeof(now.ids)))
		return;
	if (xfs_quota_is_own(ip))
		return;
	if (unlikely(__atomic_load_n(&ip->i_mount->m_quota->q_checking, __ATOMIC_SEQ_CST)))
		__atomic_store_n(&ip->i_mount->m_quota->q_disturbed, true, __ATOMIC_SEQ_CST);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++) {
		struct xfs_quota_change gone = {
			-(int64_t)was.blocks, -(int64_t)was.exists, -(int64_t)was.held };
		struct xfs_quota_change came = {
			(int64_t)now.blocks, now.exists, (int64_t)now.held };

		if (!xfs_quota_is_kept(tp->t_mount->m_quota, t))
			continue;
		if (was.exists && now.exists && was.ids[t] != now.ids[t]) {
			count(tp, t, was.ids[t], &gone);
			count(tp, t, now.ids[t], &came);
			continue;
		}
		came.blocks += gone.blocks;
		came.inodes += gone.inodes;
		came.held += gone.held;
		count(tp, t, now.exists ? now.ids[t] : was.ids[t], &came);
	}
	ip->i_charged = now;
}
