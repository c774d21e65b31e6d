/* SPDX-License-Identifier: MIT */
/* Quota records in memory: found by type and id, read when they are first asked for. */
#include "base/crc32c.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

/* Records that nobody uses are kept up to so many: some 100 KiB. */
#define UNUSED_MAX	256u

static uint32_t hash_of(uint32_t type, uint32_t id)
{
	return (uint32_t)(((uint64_t)type << 32 | id) * 0x9e3779b97f4a7c15u >> (64 - XFS_DQUOT_HASH_LOG));
}

static struct xfs_quota *quota_of(const struct xfs_dquot *dq)
{
	return dq->dq_mount->m_quota;
}

static void free_dquot(struct xfs_dquot *dq)
{
	xfs_mutex_destroy(&dq->dq_lock);
	xfs_free(dq->dq_mount, dq);
}

/* q_lock held, by all up to here. */
static struct xfs_dquot *lookup(struct xfs_quota *q, uint32_t type, uint32_t id)
{
	struct xfs_dquot *dq = q->q_hash[hash_of(type, id)];

	while (dq && (dq->dq_type != type || dq->dq_id != id))
		dq = dq->dq_hash_next;
	return dq;
}

static void unhash(struct xfs_quota *q, struct xfs_dquot *dq)
{
	struct xfs_dquot **link = &q->q_hash[hash_of(dq->dq_type, dq->dq_id)];

	while (*link != dq)
		link = &(*link)->dq_hash_next;
	*link = dq->dq_hash_next;
}

static void hold_locked(struct xfs_quota *q, struct xfs_dquot *dq)
{
	if (dq->dq_refs++)
		return;
	xfs_list_del(&dq->dq_lru);
	q->q_unused--;
}

/* The oldest one that nobody uses, if there are too many of them; else NULL. */
static struct xfs_dquot *take_victim(struct xfs_quota *q)
{
	struct xfs_dquot *dq;

	if (q->q_unused <= UNUSED_MAX)
		return NULL;
	dq = xfs_list_first_entry(&q->q_lru, struct xfs_dquot, dq_lru);
	xfs_list_del(&dq->dq_lru);
	q->q_unused--;
	unhash(q, dq);
	return dq;
}

struct xfs_dquot *xfs_dquot_find(struct xfs_quota *q, uint32_t type, uint32_t id)
{
	struct xfs_dquot *dq;

	xfs_mutex_lock(&q->q_lock);
	dq = lookup(q, type, id);
	if (dq)
		hold_locked(q, dq);
	xfs_mutex_unlock(&q->q_lock);
	return dq;
}

void xfs_dquot_hold(struct xfs_dquot *dq)
{
	struct xfs_quota *q = quota_of(dq);

	xfs_mutex_lock(&q->q_lock);
	hold_locked(q, dq);
	xfs_mutex_unlock(&q->q_lock);
}

void xfs_dquot_put(struct xfs_dquot *dq)
{
	struct xfs_quota *q = quota_of(dq);
	struct xfs_dquot *victim = NULL;

	xfs_mutex_lock(&q->q_lock);
	if (!--dq->dq_refs) {
		xfs_list_add_tail(&dq->dq_lru, &q->q_lru);
		q->q_unused++;
		victim = take_victim(q);
	}
	xfs_mutex_unlock(&q->q_lock);
	if (victim)
		free_dquot(victim);
}

void xfs_dquot_drop_all(struct xfs_mount *mp)
{
	struct xfs_quota *q = mp->m_quota;

	for (uint32_t i = 0; i < XFS_DQUOT_HASH; i++) {
		while (q->q_hash[i]) {
			struct xfs_dquot *dq = q->q_hash[i];

			q->q_hash[i] = dq->dq_hash_next;
			free_dquot(dq);
		}
	}
}

static struct xfs_dquot *make(struct xfs_mount *mp, uint32_t type, uint32_t id,
			      const struct xfs_dquot_place *place)
{
	struct xfs_dquot *dq = xfs_zalloc(mp, sizeof(*dq));

	if (!dq) {
		xfs_error(mp, -ENOMEM, "out of memory for a quota record");
		return NULL;
	}
	xfs_log_item_init(&dq->dq_item, &xfs_dquot_item_ops);
	dq->dq_item.li_bytes = sizeof(*dq);
	dq->dq_item.li_sort_key = (uint64_t)place->daddr + (place->offset >> XFS_BB_SHIFT);
	dq->dq_mount = mp;
	dq->dq_type = type;
	dq->dq_id = id;
	dq->dq_place = *place;
	dq->dq_refs = 1;
	xfs_list_init(&dq->dq_lru);
	xfs_mutex_init(&dq->dq_lock, XFS_CLASS_DQUOT, 1 + ((uint64_t)type << 32 | id));
	return dq;
}

/* From its block, which was verified. */
static int read_record(struct xfs_dquot *dq)
{
	struct xfs_mount *mp = dq->dq_mount;
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[dq->dq_type];
	const struct xfs_dqblk *dqb;
	struct xfs_buf *bp;
	xfs_failaddr_t fa;
	int error;

	error = xfs_buf_read(mp, dq->dq_place.daddr, mp->m_geo.blocksize, kind->buf_ops, &bp);
	if (error)
		return error;
	xfs_mutex_lock(&bp->b_lock);
	dqb = (const void *)((const char *)bp->b_addr + dq->dq_place.offset);
	dq->dq_disk = dqb->dd_diskdq;
	dq->dq_lsn = be64_to_cpu(dqb->dd_lsn);
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	/* The block may be another one's: its records say whose it is. */
	fa = xfs_dquot_verify(&mp->m_geo, &dq->dq_disk, kind->type, dq->dq_id);
	if (fa)
		return xfs_corrupt(mp, "dquot", "%s %u: %s", kind->name, dq->dq_id, fa);
	if (xfs_lsn_is_ahead(mp, dq->dq_lsn))
		return xfs_lsn_refuse(mp, "dquot", dq->dq_lsn, "the record of %s %u", kind->name,
				      dq->dq_id);
	return 0;
}

/* qt_load held: from disk into the cache. */
static int load(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	struct xfs_quota *q = mp->m_quota;
	struct xfs_dquot_place place;
	struct xfs_dquot *dq, **head;
	int error = xfs_dquot_locate(mp, type, id, &place);

	if (error)
		return error;
	dq = make(mp, type, id, &place);
	if (!dq)
		return -ENOMEM;
	error = read_record(dq);
	if (error) {
		free_dquot(dq);
		return error;
	}
	head = &q->q_hash[hash_of(type, id)];
	xfs_mutex_lock(&q->q_lock);
	dq->dq_hash_next = *head;
	*head = dq;
	xfs_mutex_unlock(&q->q_lock);
	*dqp = dq;
	return 0;
}

int xfs_dquot_get(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	struct xfs_quota *q = mp->m_quota;
	int error = 0;

	*dqp = xfs_dquot_find(q, type, id);
	if (likely(*dqp))
		return 0;
	xfs_mutex_lock(&q->q_types[type].qt_load);
	/* Somebody else may have read it meanwhile. */
	*dqp = xfs_dquot_find(q, type, id);
	if (!*dqp)
		error = load(mp, type, id, dqp);
	xfs_mutex_unlock(&q->q_types[type].qt_load);
	return error;
}

int xfs_dquot_get_or_alloc(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	int error = xfs_dquot_get(mp, type, id, dqp);

	if (error != -ENOENT)
		return error;
	error = xfs_dquot_alloc(mp, type, id);
	return error ? error : xfs_dquot_get(mp, type, id, dqp);
}
