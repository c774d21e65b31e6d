/* SPDX-License-Identifier: MIT */
/*
 * Quotacheck: count all inodes, and set the records to the result.  The caller keeps all others off
 * the file system; xfs_quota_charge() notices a change nevertheless, which makes the count void.
 *
 * Records are first set to 0.  Then all inodes are counted, chunk by chunk.  Whenever the table of
 * owners is full, it is sorted and added to the records, so that each block of records is visited
 * once.
 */
#include "ag/inobt.h"
#include "base/crc32c.h"
#include "base/sort.h"
#include "core/counter.h"
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

/*
 * Owners in the table, powers of two: as many as there can be, limited to a part of the memory.  A
 * larger table visits blocks of records less often.
 */
#define TABLE_MAX	(1u << 20)
#define TABLE_MIN	1024u
#define TABLE_PART	32u
/* Records that one transaction changes. */
#define GROUP		32u

struct tally {
	struct tally *next;
	uint64_t blocks, inodes;	/* inodes 0: free entry */
	uint32_t type, id;
};

struct quotacheck {
	struct xfs_mount *mp;
	struct xfs_long_call *call;	/* or NULL */
	uint32_t types;			/* a bit for each */
	struct tally *v;		/* hash table */
	uint32_t cap, n;
};

static int ask(struct quotacheck *qc)
{
	return xfs_long_call_ask(qc->call) ? xfs_long_call_error(qc->call) : 0;
}

/* ---- groups of records, one transaction each ---------------------------------------------- */

struct group {
	struct xfs_dquot *dq[GROUP];
	struct xfs_quota_change change[GROUP];
	uint32_t n;
};

static void put_group(struct group *group)
{
	while (group->n)
		xfs_dquot_put(group->dq[--group->n]);
}

/* Add the counts of the group, or clear them if @reset.  Empties the group. */
static int change_group(struct xfs_mount *mp, struct group *group, bool reset)
{
	struct xfs_trans *tp;
	int error = 0;

	if (!group->n)
		return 0;
	error = xfs_trans_alloc_bytes(mp, xfs_dquot_log_bytes(mp, group->n), 0, XFS_TRANS_RESERVE, &tp);
	if (!error) {
		for (uint32_t i = 0; i < group->n && !error; i++) {
			if (reset)
				xfs_dquot_reset(tp, group->dq[i]);
			else
				error = xfs_dquot_change(tp, group->dq[i], &group->change[i]);
		}
		error = xfs_trans_finish(tp, error);
	}
	put_group(group);
	return error;
}

/* ---- the table --------------------------------------------------------------------------- */

static bool in_order(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return x->type < y->type || (x->type == y->type && x->id <= y->id);
}

static struct tally *sorted(struct quotacheck *qc)
{
	struct tally *first = NULL;

	for (uint32_t i = 0; i < qc->cap; i++) {
		if (!qc->v[i].inodes)
			continue;
		qc->v[i].next = first;
		first = &qc->v[i];
	}
	return xfs_sort_chain(first, offsetof(struct tally, next), in_order);
}

/* Add the counts of the table to the records, and empty the table. */
static int flush(struct quotacheck *qc)
{
	struct group group = { .n = 0 };
	int error = 0;

	for (struct tally *t = sorted(qc); t && !error; t = t->next) {
		error = xfs_dquot_get_or_alloc(qc->mp, t->type, t->id, &group.dq[group.n]);
		if (error)
			break;
		group.change[group.n++] = (struct xfs_quota_change){ (int64_t)t->blocks,
								     (int64_t)t->inodes, 0 };
		if (group.n == GROUP)
			error = change_group(qc->mp, &group, false);
		if (!error && !group.n)
			error = ask(qc);
	}
	if (!error)
		error = change_group(qc->mp, &group, false);
	put_group(&group);
	memset(qc->v, 0, qc->cap * sizeof(*qc->v));
	qc->n = 0;
	return error;
}

static int gather(struct quotacheck *qc, uint32_t type, uint32_t id, uint64_t blocks)
{
	uint64_t hash = ((uint64_t)type << 32 | id) * 0x9e3779b97f4a7c15u;
	uint32_t i = (uint32_t)(hash >> 32) & (qc->cap - 1);
	int error;

	if (qc->n >= qc->cap / 4 * 3) {
		error = flush(qc);
		if (error)
			return error;
	}
	while (qc->v[i].inodes && (qc->v[i].type != type || qc->v[i].id != id))
		i = (i + 1) & (qc->cap - 1);
	if (!qc->v[i].inodes)
		qc->n++;
	qc->v[i].type = type;
	qc->v[i].id = id;
	qc->v[i].inodes++;
	qc->v[i].blocks += blocks;
	return 0;
}

static int make_table(struct quotacheck *qc, uint64_t inodes)
{
	struct xfs_mount *mp = qc->mp;
	uint64_t most = mp->m_memory_limit ? mp->m_memory_limit / TABLE_PART : UINT64_MAX;

	/* Each inode may have different owners. */
	for (qc->cap = TABLE_MIN; qc->cap < TABLE_MAX && qc->cap / 2 < inodes * XFS_QUOTA_TYPES;)
		qc->cap *= 2;
	for (; qc->cap >= TABLE_MIN; qc->cap /= 2) {
		if (qc->cap > TABLE_MIN && qc->cap * sizeof(*qc->v) > most)
			continue;
		qc->v = xfs_zalloc(mp, qc->cap * sizeof(*qc->v));
		if (qc->v)
			return 0;
	}
	return xfs_error(mp, -ENOMEM, "out of memory for a quotacheck");
}

/* ---- counting ------------------------------------------------------------------------------ */

static int count_inode(void *arg, const struct xfs_inode_cost *cost)
{
	struct quotacheck *qc = arg;
	int error = 0;

	if (cost->metadata || xfs_quota_is_own_ino(qc->mp, cost->ino))
		return 0;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (qc->types & 1u << t)
			error = gather(qc, t, cost->charged.ids[t], cost->charged.blocks);
	if (qc->call)
		qc->call->done++;
	return error;
}

static int count_ag(struct quotacheck *qc, xfs_agnumber_t agno)
{
	struct xfs_inobt_rec_incore rec = { .ir_startino = 0 };
	struct xfs_perag *pag;
	xfs_agino_t from = 0;
	bool found = true;
	int error = xfs_perag_make(qc->mp, agno, &pag);

	while (!error) {
		error = ask(qc);
		if (!error)
			error = xfs_inobt_find_from(pag, from, &rec, &found);
		if (error || !found)
			break;
		error = xfs_inode_count_chunk(qc->mp, agno, &rec, count_inode, qc);
		from = rec.ir_startino + XFS_INODES_PER_CHUNK;
	}
	return error;
}

static int count_all(struct quotacheck *qc)
{
	struct xfs_mount *mp = qc->mp;
	int64_t inodes;
	int error;

	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	inodes = XFS_MAX(mp->m_icount - mp->m_ifree, (int64_t)0);
	xfs_mutex_unlock(&mp->m_lock);
	error = make_table(qc, (uint64_t)inodes);
	if (error)
		return error;
	if (qc->call)
		qc->call->total = (uint64_t)inodes;
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount && !error; agno++)
		error = count_ag(qc, agno);
	if (!error)
		error = flush(qc);
	xfs_free(mp, qc->v);
	return error;
}

/* ---- clearing old counts --------------------------------------------------------------------- */

static bool is_zero(const struct xfs_disk_dquot *d)
{
	struct xfs_disk_dquot cleared = *d;

	xfs_dquot_clear_counts(&cleared);
	return memcmp(&cleared, d, sizeof(*d)) == 0;
}

static int reset_block(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off, struct xfs_buf *bp)
{
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo);
	uint64_t first = off * per_block;
	struct group group = { .n = 0 };
	int error = 0;

	for (uint64_t id = first; id < first + per_block && id <= UINT32_MAX && !error; id++) {
		struct xfs_disk_dquot d;

		error = xfs_dquot_copy(mp, type, (uint32_t)id, bp, &d);
		if (error || is_zero(&d))
			continue;
		error = xfs_dquot_get(mp, type, (uint32_t)id, &group.dq[group.n]);
		if (!error && ++group.n == GROUP)
			error = change_group(mp, &group, true);
	}
	if (!error)
		error = change_group(mp, &group, true);
	put_group(&group);
	return error;
}

/* Sound records of a damaged block are kept, the others are initialised. */
static int remake_block(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off,
			const struct xfs_bmbt_irec *map)
{
	xfs_daddr_t daddr = XFS_FSB_TO_DADDR(&mp->m_geo, map->br_startblock);
	uint32_t block = mp->m_geo.blocksize;
	struct xfs_dqblk *old = xfs_malloc(mp, block);
	struct xfs_trans *tp;
	int error;

	if (!old)
		return xfs_error(mp, -ENOMEM, "out of memory for a quotacheck");
	error = xfs_device_pread(mp->m_dev, (uint64_t)daddr << XFS_BB_SHIFT, old, block);
	if (!error)
		error = xfs_trans_alloc_bytes(mp, xfs_dquot_log_block_bytes(mp), 0, XFS_TRANS_RESERVE, &tp);
	if (!error) {
		error = xfs_dquot_remake_block(tp, type, off, daddr, old);
		error = xfs_trans_finish(tp, error);
	}
	xfs_free(mp, old);
	return error;
}

static int reset_at(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off,
		    const struct xfs_bmbt_irec *map)
{
	struct xfs_buf *bp;
	int error = xfs_dquot_read_block(mp, type, off, map, &bp);

	if (!error) {
		error = reset_block(mp, type, off, bp);
		xfs_buf_put(bp);
	}
	if ((error != -EUCLEAN && error != -EBADMSG) || map->br_state != XFS_EXT_NORM)
		return error;
	xfs_warn(mp,
		 "block %" PRIu64 " of %s quota is damaged; its bad records lose their limits: %s",
		 off, xfs_quota_kinds[type].name, xfs_last_text());
	error = remake_block(mp, type, off, map);
	if (!error)
		error = xfs_dquot_read_block(mp, type, off, map, &bp);
	if (error)
		return error;
	error = reset_block(mp, type, off, bp);
	xfs_buf_put(bp);
	return error;
}

static int reset_type(struct quotacheck *qc, uint32_t type)
{
	struct xfs_mount *mp = qc->mp;
	struct xfs_inode *ip = mp->m_quota->q_types[type].qt_ip;
	struct xfs_bmbt_irec map;
	xfs_fileoff_t off = 0;
	bool found;
	int error;

	for (;; off++) {
		error = ask(qc);
		if (!error)
			error = xfs_dquot_next_block(ip, &off, &map, &found);
		if (error || !found || off > UINT32_MAX / xfs_dquots_per_block(&mp->m_geo))
			return error;
		error = reset_at(mp, type, off, &map);
		if (error)
			return error;
	}
}

/*
 * ---- the whole quotacheck ----------------------------------------------------------------------
 */

static int recount(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call)
{
	struct quotacheck qc = { .mp = mp, .types = types, .call = call };
	int error = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++) {
		if (!(types & 1u << t))
			continue;
		error = reset_type(&qc, t);
		/* Timers may start during the count. */
		xfs_quota_read_defaults(mp, t);
	}
	return error ? error : count_all(&qc);
}

static void keep(struct xfs_mount *mp, uint32_t types, bool kept)
{
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if (types & 1u << t)
			__atomic_store_n(&mp->m_quota->q_types[t].qt_kept, kept, __ATOMIC_SEQ_CST);
}

/* A change from the first look at an inode until changes are counted makes the count void. */
static int count_undisturbed(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call)
{
	struct xfs_quota *q = mp->m_quota;
	int error;

	__atomic_store_n(&q->q_disturbed, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&q->q_checking, true, __ATOMIC_SEQ_CST);
	error = recount(mp, types, call);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (types & 1u << t)
			xfs_quota_begin(mp, t);
	__atomic_store_n(&q->q_checking, false, __ATOMIC_SEQ_CST);
	if (!error && __atomic_load_n(&q->q_disturbed, __ATOMIC_SEQ_CST))
		error = xfs_error(mp, -EBUSY, "files changed during the quotacheck");
	return error;
}

static int check_types(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call)
{
	struct xfs_trans *tp;
	int error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, 0, &tp);

	if (error)
		return error;
	/*
	 * Clear CHKD before the first change that is not counted, and no later than in its
	 * checkpoint.
	 */
	xfs_quota_set_flags(mp, 0, xfs_quota_flags_of(types, XFS_ALL_QUOTA_CHKD));
	keep(mp, types, false);
	error = xfs_trans_commit(tp);
	if (!error)
		error = count_undisturbed(mp, types, call);
	if (error) {
		keep(mp, types, false);
		return error;
	}
	/* Set CHKD no earlier than in the checkpoint with the last counts. */
	xfs_quota_set_flags(mp, xfs_quota_flags_of(types, XFS_ALL_QUOTA_CHKD), 0);
	return 0;
}

int xfs_quota_enable(struct xfs_mount *mp, uint32_t types, struct xfs_long_call *call)
{
	int error = 0;

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is read-only");
	if (!mp->m_quota)
		error = xfs_quota_init(mp);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (types & 1u << t)
			error = xfs_quota_open_file(mp, t);
	if (error)
		return error;
	xfs_quota_set_flags(mp, xfs_quota_flags_of(types, XFS_ALL_QUOTA_ACCT), 0);
	return check_types(mp, types, call);
}

int xfs_quota_set_on(struct xfs_mount *mp, uint16_t set, uint16_t clear)
{
	struct xfs_trans *tp;
	int error;

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is read-only");
	error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, 0, &tp);
	if (error)
		return error;
	/*
	 * Clear the flag first: a change that is not counted must not be in an earlier checkpoint.
	 */
	xfs_quota_set_flags(mp, set, clear);
	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++)
		if (clear & xfs_quota_kinds[t].acct)
			__atomic_store_n(&mp->m_quota->q_types[t].qt_kept, false, __ATOMIC_RELAXED);
	return xfs_trans_commit(tp);
}

int xfs_quota_recount(struct xfs_mount *mp)
{
	uint32_t types = 0;
	int error;

	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++)
		if (xfs_quota_is_kept(mp->m_quota, t))
			types |= 1u << t;
	if (!types)
		return 0;
	error = xfs_quota_enable(mp, types, NULL);
	if (error != -EUCLEAN && error != -EBADMSG && error != -ENOSPC)
		return error;
	xfs_err(mp,
		"the quotacheck after recovery failed; the next mount by a kernel repeats it: %s",
		xfs_last_text());
	return 0;
}
