/* SPDX-License-Identifier: MIT */
/* Quota records in memory: found by type and id, read at the first use. */
#include "base/crc32c.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

/* The most unused records in each part of the cache: some 100 KiB in all. */
#define UNUSED_MAX	16u

#define FIRST_HASH_LOG	4u

/* The upper bits choose the part of the cache, those below them the chain. */
static uint64_t hash_of(uint32_t type, uint32_t id)
{
	return ((uint64_t)type << 32 | id) * 0x9e3779b97f4a7c15u;
}

static struct xfs_dquot_shard *shard_of(struct xfs_quota *q, uint32_t type, uint32_t id)
{
	return &q->q_shards[hash_of(type, id) >> (64 - XFS_DQUOT_SHARD_LOG)];
}

static struct xfs_dquot_shard *shard_of_dquot(const struct xfs_dquot *dq)
{
	return shard_of(dq->dq_mount->m_quota, dq->dq_type, dq->dq_id);
}

static uint32_t chain_of(const struct xfs_dquot_shard *shard, uint32_t type, uint32_t id)
{
	return (uint32_t)(hash_of(type, id) << XFS_DQUOT_SHARD_LOG >> (64 - shard->qs_hash_log));
}

static void free_dquot(struct xfs_dquot *dq)
{
	struct xfs_dquot_shard *shard = shard_of_dquot(dq);

	xfs_mutex_destroy(&dq->dq_lock);
	xfs_mutex_lock(&shard->qs_lock);
	xfs_pool_put(&shard->qs_pool, dq);
	xfs_mutex_unlock(&shard->qs_lock);
}

int xfs_dquot_cache_init(struct xfs_mount *mp)
{
	bool have = true;

	for (uint32_t i = 0; i < XFS_DQUOT_SHARDS; i++) {
		struct xfs_dquot_shard *shard = &mp->m_quota->q_shards[i];

		xfs_mutex_init(&shard->qs_lock, XFS_CLASS_LEAF, 2);
		xfs_list_init(&shard->qs_lru);
		xfs_pool_init(&shard->qs_pool, &mp->m_mem, sizeof(struct xfs_dquot), 16,
			      UNUSED_MAX);
		shard->qs_hash_log = FIRST_HASH_LOG;
		shard->qs_hash = xfs_zalloc(mp, sizeof(*shard->qs_hash) << FIRST_HASH_LOG);
		have = have && shard->qs_hash;
	}
	return have ? 0 : xfs_error(mp, -ENOMEM, "out of memory for quota records");
}

static void free_chain(struct xfs_dquot *dq)
{
	while (dq) {
		struct xfs_dquot *next = dq->dq_hash_next;

		free_dquot(dq);
		dq = next;
	}
}

void xfs_dquot_cache_destroy(struct xfs_mount *mp)
{
	for (uint32_t i = 0; i < XFS_DQUOT_SHARDS; i++) {
		struct xfs_dquot_shard *shard = &mp->m_quota->q_shards[i];

		for (uint32_t c = 0; shard->qs_hash && c < 1u << shard->qs_hash_log; c++)
			free_chain(shard->qs_hash[c]);
		xfs_pool_drain(&shard->qs_pool);
		xfs_free(mp, shard->qs_hash);
		xfs_mutex_destroy(&shard->qs_lock);
	}
}

/* qs_lock held, also in the functions below up to rehash(). */
static struct xfs_dquot *lookup(struct xfs_dquot_shard *shard, uint32_t type, uint32_t id)
{
	struct xfs_dquot *dq = shard->qs_hash[chain_of(shard, type, id)];

	while (dq && (dq->dq_type != type || dq->dq_id != id))
		dq = dq->dq_hash_next;
	return dq;
}

static void link_in(struct xfs_dquot_shard *shard, struct xfs_dquot *dq)
{
	struct xfs_dquot **head = &shard->qs_hash[chain_of(shard, dq->dq_type, dq->dq_id)];

	dq->dq_hash_next = *head;
	*head = dq;
}

static void unhash(struct xfs_dquot_shard *shard, struct xfs_dquot *dq)
{
	struct xfs_dquot **link = &shard->qs_hash[chain_of(shard, dq->dq_type, dq->dq_id)];

	while (*link != dq)
		link = &(*link)->dq_hash_next;
	*link = dq->dq_hash_next;
	shard->qs_count--;
}

/* Move all records to twice as many chains; @hash is zeroed and large enough. */
static struct xfs_dquot **rehash(struct xfs_dquot_shard *shard, struct xfs_dquot **hash)
{
	struct xfs_dquot **old = shard->qs_hash, *dq, *next;
	uint32_t chains = 1u << shard->qs_hash_log;

	shard->qs_hash = hash;
	shard->qs_hash_log++;
	for (uint32_t c = 0; c < chains; c++) {
		for (dq = old[c]; dq; dq = next) {
			next = dq->dq_hash_next;
			link_in(shard, dq);
		}
	}
	return old;
}

/* Called before an insertion; without memory the chains only become longer. */
static void grow(struct xfs_mount *mp, struct xfs_dquot_shard *shard)
{
	struct xfs_dquot **hash = NULL;
	uint32_t log;

	xfs_mutex_lock(&shard->qs_lock);
	log = shard->qs_count > 1u << shard->qs_hash_log && shard->qs_hash_log < 24
		? shard->qs_hash_log + 1 : 0;
	xfs_mutex_unlock(&shard->qs_lock);
	if (log)
		hash = xfs_zalloc(mp, sizeof(*hash) << log);
	if (!hash)
		return;
	xfs_mutex_lock(&shard->qs_lock);
	if (shard->qs_hash_log + 1 == log)
		hash = rehash(shard, hash);
	xfs_mutex_unlock(&shard->qs_lock);
	xfs_free(mp, hash);
}

static void insert(struct xfs_dquot *dq)
{
	struct xfs_dquot_shard *shard = shard_of_dquot(dq);

	grow(dq->dq_mount, shard);
	xfs_mutex_lock(&shard->qs_lock);
	link_in(shard, dq);
	shard->qs_count++;
	xfs_mutex_unlock(&shard->qs_lock);
}

static void hold_locked(struct xfs_dquot_shard *shard, struct xfs_dquot *dq)
{
	if (dq->dq_refs++)
		return;
	xfs_list_del(&dq->dq_lru);
	shard->qs_unused--;
}

/* The oldest unused record, if there are too many of them; else NULL. */
static struct xfs_dquot *take_victim(struct xfs_dquot_shard *shard)
{
	struct xfs_dquot *dq;

	if (shard->qs_unused <= UNUSED_MAX)
		return NULL;
	dq = xfs_list_first_entry(&shard->qs_lru, struct xfs_dquot, dq_lru);
	xfs_list_del(&dq->dq_lru);
	shard->qs_unused--;
	unhash(shard, dq);
	return dq;
}

struct xfs_dquot *xfs_dquot_find(struct xfs_quota *q, uint32_t type, uint32_t id)
{
	struct xfs_dquot_shard *shard = shard_of(q, type, id);
	struct xfs_dquot *dq;

	xfs_mutex_lock(&shard->qs_lock);
	dq = lookup(shard, type, id);
	if (dq)
		hold_locked(shard, dq);
	xfs_mutex_unlock(&shard->qs_lock);
	return dq;
}

void xfs_dquot_hold(struct xfs_dquot *dq)
{
	struct xfs_dquot_shard *shard = shard_of_dquot(dq);

	xfs_mutex_lock(&shard->qs_lock);
	hold_locked(shard, dq);
	xfs_mutex_unlock(&shard->qs_lock);
}

void xfs_dquot_put(struct xfs_dquot *dq)
{
	struct xfs_dquot_shard *shard = shard_of_dquot(dq);
	struct xfs_dquot *victim = NULL;

	xfs_mutex_lock(&shard->qs_lock);
	if (!--dq->dq_refs) {
		xfs_list_add_tail(&dq->dq_lru, &shard->qs_lru);
		shard->qs_unused++;
		victim = take_victim(shard);
	}
	xfs_mutex_unlock(&shard->qs_lock);
	if (victim)
		free_dquot(victim);
}

/* A record of @type for which inodes hold blocks, referenced; or NULL. */
static struct xfs_dquot *find_held(struct xfs_dquot_shard *shard, uint32_t type)
{
	struct xfs_dquot *dq = NULL;

	xfs_mutex_lock(&shard->qs_lock);
	for (uint32_t c = 0; c < 1u << shard->qs_hash_log && !dq; c++)
		for (dq = shard->qs_hash[c]; dq && (dq->dq_type != type || !dq->dq_held);)
			dq = dq->dq_hash_next;
	if (dq)
		hold_locked(shard, dq);
	xfs_mutex_unlock(&shard->qs_lock);
	return dq;
}

void xfs_dquot_forget_held(struct xfs_quota *q, uint32_t type)
{
	struct xfs_dquot *dq;

	for (uint32_t i = 0; i < XFS_DQUOT_SHARDS; i++) {
		while ((dq = find_held(&q->q_shards[i], type))) {
			dq->dq_held = 0;
			xfs_dquot_put(dq);
			/* The reference of the held blocks. */
			xfs_dquot_put(dq);
		}
	}
}

static struct xfs_dquot *make(struct xfs_mount *mp, uint32_t type, uint32_t id,
			      const struct xfs_dquot_place *place)
{
	struct xfs_dquot_shard *shard = shard_of(mp->m_quota, type, id);
	struct xfs_dquot *dq;

	xfs_mutex_lock(&shard->qs_lock);
	dq = xfs_pool_get(&shard->qs_pool);
	xfs_mutex_unlock(&shard->qs_lock);
	if (!dq) {
		xfs_error(mp, -ENOMEM, "out of memory for a quota record");
		return NULL;
	}
	memset(dq, 0, sizeof(*dq));
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

/* Reads the record from its block, which is verified. */
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
	error = xfs_mutex_want(&bp->b_lock);
	if (error) {
		xfs_buf_put(bp);
		return error;
	}
	dqb = (const void *)((const char *)bp->b_addr + dq->dq_place.offset);
	dq->dq_disk = dqb->dd_diskdq;
	dq->dq_lsn = be64_to_cpu(dqb->dd_lsn);
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	/* The block may belong to other ids: the record says which. */
	fa = xfs_dquot_verify(&mp->m_geo, &dq->dq_disk, kind->type, dq->dq_id);
	if (fa)
		return xfs_corrupt(mp, "dquot", "%s %u: %s", kind->name, dq->dq_id, fa);
	if (xfs_lsn_is_ahead(mp, dq->dq_lsn))
		return xfs_lsn_refuse(mp, "dquot", dq->dq_lsn, "the record of %s %u", kind->name,
				      dq->dq_id);
	return 0;
}

/* qt_load held: read a record from disk into the cache. */
static int load(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
{
	struct xfs_dquot_place place;
	struct xfs_dquot *dq;
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
	insert(dq);
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
	/* Another thread may have read it meanwhile. */
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
