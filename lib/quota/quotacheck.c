/* SPDX-License-Identifier: MIT */
/*
 * Turning quota on: the files, and a count of everything that there is.  Nobody else uses the file
 * system meanwhile.
 */
#include "ag/inobt.h"
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

/* Owners whose counts are gathered before they are written down; a power of two. */
#define BATCH	1024u

struct tally {
	uint32_t type, id;
	struct xfs_quota_change change;	/* inodes 0: free */
};

struct quotacheck {
	struct xfs_mount *mp;
	uint32_t types;			/* a bit for each */
	struct tally *v;		/* [BATCH], hashed */
	uint32_t n;
};

static int write_tally(struct xfs_mount *mp, const struct tally *t)
{
	struct xfs_trans *tp;
	struct xfs_dquot *dq;
	int error = xfs_dquot_get_or_alloc(mp, t->type, t->id, &dq);

	if (error)
		return error;
	error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, XFS_TRANS_RESERVE, &tp);
	if (!error) {
		error = xfs_dquot_change(tp, dq, &t->change);
		error = xfs_trans_finish(tp, error);
	}
	xfs_dquot_put(dq);
	return error;
}

static int flush(struct quotacheck *qc)
{
	int error = 0;

	for (uint32_t i = 0; i < BATCH && !error; i++)
		if (qc->v[i].change.inodes)
			error = write_tally(qc->mp, &qc->v[i]);
	memset(qc->v, 0, BATCH * sizeof(*qc->v));
	qc->n = 0;
	return error;
}

static int gather(struct quotacheck *qc, uint32_t type, uint32_t id, uint64_t blocks)
{
	uint64_t hash = ((uint64_t)type << 32 | id) * 0x9e3779b97f4a7c15u;
	uint32_t i = (uint32_t)(hash >> 32) & (BATCH - 1);
	int error;

	if (4 * qc->n > 3 * BATCH) {
		error = flush(qc);
		if (error)
			return error;
	}
	while (qc->v[i].change.inodes && (qc->v[i].type != type || qc->v[i].id != id))
		i = (i + 1) & (BATCH - 1);
	if (!qc->v[i].change.inodes)
		qc->n++;
	qc->v[i].type = type;
	qc->v[i].id = id;
	qc->v[i].change.inodes++;
	qc->v[i].change.blocks += (int64_t)blocks;
	return 0;
}

static int count_inode(struct quotacheck *qc, xfs_ino_t ino)
{
	struct xfs_inode *ip;
	int error = xfs_iget(qc->mp, ino, XFS_IGET_INTERNAL | XFS_IGET_UNLINKED, &ip);

	if (error)
		return error;
	xfs_ilock_excl(ip);
	ip->i_charged = xfs_inode_charge(ip);
	xfs_iunlock_excl(ip);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error && !xfs_quota_is_own(ip); t++)
		if (qc->types & 1u << t)
			error = gather(qc, t, ip->i_charged.ids[t], ip->i_charged.blocks);
	xfs_irele(ip);
	return error;
}

static int next_chunk(struct xfs_perag *pag, xfs_agino_t from, struct xfs_inobt_rec_incore *rec,
		      bool *found)
{
	int error;

	xfs_mutex_lock(&pag->pag_lock);
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup_from(pag, from, rec, found);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

static int count_ag(struct quotacheck *qc, xfs_agnumber_t agno)
{
	const struct xfs_geometry *geo = &qc->mp->m_geo;
	struct xfs_inobt_rec_incore rec = { .ir_startino = 0 };
	struct xfs_perag *pag;
	xfs_agino_t from = 0;
	bool found = true;
	int error = xfs_perag_make(qc->mp, agno, &pag);

	while (!error) {
		error = next_chunk(pag, from, &rec, &found);
		if (error || !found)
			break;
		for (uint32_t i = 0; i < XFS_INODES_PER_CHUNK && !error; i++)
			if (!(rec.ir_free >> i & 1))
				error = count_inode(qc, XFS_AGINO_TO_INO(geo, agno, rec.ir_startino + i));
		from = rec.ir_startino + XFS_INODES_PER_CHUNK;
	}
	return error;
}

/* ---- what was counted before -------------------------------------------------------------- */

static int reset_record(struct xfs_mount *mp, uint32_t type, uint32_t id)
{
	struct xfs_trans *tp;
	struct xfs_dquot *dq;
	int error = xfs_dquot_get(mp, type, id, &dq);

	if (error)
		return error;
	error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, XFS_TRANS_RESERVE, &tp);
	if (!error) {
		xfs_dquot_reset(tp, dq);
		error = xfs_trans_commit(tp);
	}
	xfs_dquot_put(dq);
	return error;
}

static int reset_block(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off)
{
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo);
	uint64_t first = off * per_block;
	int error = 0;

	for (uint32_t i = 0; i < per_block && first + i <= UINT32_MAX && !error; i++)
		error = reset_record(mp, type, (uint32_t)(first + i));
	return error;
}

/* The first block at or behind *@off that is mapped; *@found false: there is none. */
static int next_block(struct xfs_inode *ip, xfs_fileoff_t *off, bool *found)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	int error;

	xfs_ilock_excl(ip);
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	*found = !error && xfs_iext_lookup_extent(&ip->i_df, *off, &cur, &got);
	xfs_iunlock_excl(ip);
	if (*found)
		*off = XFS_MAX(*off, got.br_startoff);
	return error;
}

static int reset_type(struct xfs_mount *mp, uint32_t type)
{
	xfs_fileoff_t off = 0;
	bool found;
	int error = next_block(mp->m_quota->q_types[type].qt_ip, &off, &found);

	while (!error && found) {
		error = reset_block(mp, type, off);
		off++;
		if (!error)
			error = next_block(mp->m_quota->q_types[type].qt_ip, &off, &found);
	}
	return error;
}

static int quotacheck(struct xfs_mount *mp, uint32_t types)
{
	struct quotacheck qc = { .mp = mp, .types = types };
	int error = 0;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (types & 1u << t)
			error = reset_type(mp, t);
	if (error)
		return error;
	qc.v = xfs_zalloc(mp, BATCH * sizeof(*qc.v));
	if (!qc.v)
		return xfs_error(mp, -ENOMEM, "out of memory for a quotacheck");
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount && !error; agno++)
		error = count_ag(&qc, agno);
	if (!error)
		error = flush(&qc);
	xfs_free(mp, qc.v);
	return error;
}

/* ---- turning it on ---------------------------------------------------------------------------- */

int xfs_quota_enable(struct xfs_mount *mp, uint32_t types)
{
	uint16_t acct = 0, chkd = 0;
	int error = 0;

	if (!mp->m_quota)
		error = xfs_quota_init(mp);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++) {
		if (!(types & 1u << t))
			continue;
		__atomic_store_n(&mp->m_quota->q_types[t].qt_kept, false, __ATOMIC_RELAXED);
		error = xfs_quota_open_file(mp, t);
		acct |= xfs_quota_kinds[t].acct;
		chkd |= xfs_quota_kinds[t].chkd;
	}
	if (!error) {
		xfs_quota_set_flags(mp, acct, chkd);
		error = quotacheck(mp, types);
	}
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && !error; t++)
		if (types & 1u << t)
			error = xfs_quota_begin(mp, t);
	/* In a checkpoint that is not before the last one with counts. */
	if (!error)
		xfs_quota_set_flags(mp, chkd, 0);
	return error;
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
	error = xfs_quota_enable(mp, types);
	if (error != -EUCLEAN && error != -EBADMSG && error != -ENOSPC)
		return error;
	xfs_err(mp, "quota could not be counted after recovery, the next kernel counts anew: %s",
		xfs_last_text());
	return 0;
}
