/* SPDX-License-Identifier: MIT */
/*
 * The AGs in memory and the fields of their headers.
 *
 * (PERAG-1) A header's buffer stays referenced from its first use on, so that reaching it costs
 *     nothing; pag_lock protects its contents.
 * (PERAG-2) The pag_* numbers are copies of header fields and change together with them.
 *     pag_longest and pag_freeblks may be read without the lock, to decide whether an AG is worth a
 *     try.
 */
#include "ag/ag_priv.h"

static uint32_t nr_tables(const struct xfs_mount *mp)
{
	return ((mp->m_geo.agcount - 1) >> (XFS_PERAG_GROUP_LOG + XFS_PERAG_TABLE_LOG)) + 1;
}

/* The last group may be shorter. */
static uint32_t group_size(const struct xfs_mount *mp, xfs_agnumber_t first)
{
	return XFS_MIN(mp->m_geo.agcount - first, 1u << XFS_PERAG_GROUP_LOG);
}

int xfs_perag_init(struct xfs_mount *mp)
{
	int error;

	mp->m_perags = xfs_zalloc(mp, nr_tables(mp) * sizeof(struct xfs_perag_table *));
	if (!mp->m_perags)
		return xfs_error(mp, -ENOMEM, "out of memory for %u allocation groups",
				 mp->m_geo.agcount);
	error = xfs_extent_busy_init(mp);
	if (error)
		xfs_perag_destroy(mp);
	return error;
}

static void destroy_group(struct xfs_mount *mp, struct xfs_perag *group)
{
	uint32_t n = group_size(mp, group->pag_agno);

	for (uint32_t i = 0; i < n; i++) {
		struct xfs_perag *pag = &group[i];

		xfs_buf_put(pag->pag_agf_bp);
		xfs_buf_put(pag->pag_agfl_bp);
		xfs_buf_put(pag->pag_agi_bp);
		xfs_mutex_destroy(&pag->pag_lock);
	}
	xfs_free(mp, group);
}

void xfs_perag_destroy(struct xfs_mount *mp)
{
	if (!mp->m_perags)
		return;
	xfs_extent_busy_destroy(mp);
	for (uint32_t t = 0; t < nr_tables(mp); t++) {
		struct xfs_perag_table *table = mp->m_perags[t];

		for (uint32_t g = 0; table && g < 1u << XFS_PERAG_TABLE_LOG; g++) {
			if (table->pt_group[g])
				destroy_group(mp, table->pt_group[g]);
		}
		xfs_free(mp, table);
	}
	xfs_free(mp, mp->m_perags);
	mp->m_perags = NULL;
}

static struct xfs_perag *new_group(struct xfs_mount *mp, xfs_agnumber_t first)
{
	uint32_t n = group_size(mp, first);
	struct xfs_perag *group = xfs_zalloc(mp, n * sizeof(*group));

	for (uint32_t i = 0; group && i < n; i++) {
		struct xfs_perag *pag = &group[i];

		pag->pag_mount = mp;
		pag->pag_agno = first + i;
		pag->pag_length = xfs_ag_block_count(&mp->m_geo, first + i);
		xfs_mutex_init(&pag->pag_lock, XFS_CLASS_AG, first + i);
	}
	return group;
}

/* If several threads make the same one, the first one's stays. */
static int make_table(struct xfs_mount *mp, struct xfs_perag_table **slot)
{
	struct xfs_perag_table *table, *none = NULL;

	if (__atomic_load_n(slot, __ATOMIC_ACQUIRE))
		return 0;
	table = xfs_zalloc(mp, sizeof(*table));
	if (!table)
		return xfs_error(mp, -ENOMEM, "out of memory for allocation groups");
	if (!__atomic_compare_exchange_n(slot, &none, table, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		xfs_free(mp, table);
	return 0;
}

static int make_group(struct xfs_mount *mp, struct xfs_perag **slot, xfs_agnumber_t first)
{
	struct xfs_perag *group = new_group(mp, first), *none = NULL;

	if (!group)
		return xfs_error(mp, -ENOMEM, "out of memory for allocation groups");
	if (!__atomic_compare_exchange_n(slot, &none, group, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		destroy_group(mp, group);
	return 0;
}

int xfs_perag_make(struct xfs_mount *mp, xfs_agnumber_t agno, struct xfs_perag **pagp)
{
	struct xfs_perag_table **slot =
		&mp->m_perags[agno >> (XFS_PERAG_GROUP_LOG + XFS_PERAG_TABLE_LOG)];
	uint32_t group = agno >> XFS_PERAG_GROUP_LOG;
	int error;

	*pagp = xfs_perag_peek(mp, agno);
	if (likely(*pagp))
		return 0;
	error = make_table(mp, slot);
	if (!error)
		error = make_group(mp, &(*slot)->pt_group[group &
							  ((1u << XFS_PERAG_TABLE_LOG) - 1)],
				   group << XFS_PERAG_GROUP_LOG);
	if (!error)
		*pagp = xfs_perag_peek(mp, agno);
	return error;
}

static const struct xfs_buf_ops agf_buf_ops = {
	.name = "AGF", .blft = XFS_BLFT_AGF, .has_crc = true,
	.crc_off = XFS_AGF_CRC_OFF, .lsn_off = XFS_AGF_LSN_OFF, .verify = xfs_agf_verify,
};
static const struct xfs_buf_ops agi_buf_ops = {
	.name = "AGI", .blft = XFS_BLFT_AGI, .has_crc = true,
	.crc_off = XFS_AGI_CRC_OFF, .lsn_off = XFS_AGI_LSN_OFF, .verify = xfs_agi_verify,
};
static const struct xfs_buf_ops agfl_buf_ops = {
	.name = "AGFL", .blft = XFS_BLFT_AGFL, .has_crc = true,
	.crc_off = XFS_AGFL_CRC_OFF, .lsn_off = XFS_AGFL_LSN_OFF, .verify = xfs_agfl_verify,
};

static int read_header(struct xfs_perag *pag, unsigned int sector, const struct xfs_buf_ops *ops,
		       struct xfs_buf **bpp)
{
	struct xfs_mount *mp = pag->pag_mount;

	return xfs_buf_read(mp, XFS_AG_DADDR(&mp->m_geo, pag->pag_agno, sector),
			    mp->m_geo.sectsize, ops, bpp);
}

/* Each slot in use must name a possible block, and no block twice. */
static int check_agfl(const struct xfs_perag *pag, const struct xfs_agf *agf,
		      const struct xfs_agfl *agfl)
{
	uint32_t slots = pag->pag_mount->m_geo.agfl_slots, first = be32_to_cpu(agf->agf_flfirst);
	uint32_t count = be32_to_cpu(agf->agf_flcount);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (first + i) % slots;
		xfs_agblock_t agbno = be32_to_cpu(agfl->agfl_bno[slot]);

		if (!xfs_verify_agbno(&pag->pag_mount->m_geo, pag->pag_agno, agbno))
			return xfs_corrupt(pag->pag_mount, "AGFL",
					   "AG %u, slot %u of agf_flcount %u: impossible block %u",
					   pag->pag_agno, slot, count, agbno);
		for (uint32_t j = 0; j < i; j++) {
			if (be32_to_cpu(agfl->agfl_bno[(first + j) % slots]) == agbno)
				return xfs_corrupt(pag->pag_mount, "AGFL",
						   "AG %u, slot %u of agf_flcount %u: block %u is "
						   "there twice", pag->pag_agno, slot, count, agbno);
		}
	}
	return 0;
}

int xfs_perag_read_agf(struct xfs_perag *pag)
{
	struct xfs_buf *agf_bp, *agfl_bp;
	const struct xfs_agf *agf;
	int error;

	if (likely(pag->pag_agf_loaded))
		return 0;
	error = read_header(pag, XFS_AGF_SECTOR, &agf_buf_ops, &agf_bp);
	if (error)
		return error;
	agf = agf_bp->b_addr;
	if (be32_to_cpu(agf->agf_length) != pag->pag_length) {
		error = xfs_corrupt(pag->pag_mount, "AGF",
				    "AG %u has %u blocks, its header says %u", pag->pag_agno,
				    pag->pag_length, be32_to_cpu(agf->agf_length));
		goto out_put;
	}
	error = read_header(pag, XFS_AGFL_SECTOR, &agfl_buf_ops, &agfl_bp);
	if (error)
		goto out_put;
	error = check_agfl(pag, agf, agfl_bp->b_addr);
	if (error) {
		xfs_buf_put(agfl_bp);
		goto out_put;
	}
	pag->pag_agf_bp = agf_bp;
	pag->pag_agfl_bp = agfl_bp;
	pag->pag_flcount = be32_to_cpu(agf->agf_flcount);
	pag->pag_btreeblks = be32_to_cpu(agf->agf_btreeblks);
	__atomic_store_n(&pag->pag_freeblks, be32_to_cpu(agf->agf_freeblks), __ATOMIC_RELAXED);
	__atomic_store_n(&pag->pag_longest, be32_to_cpu(agf->agf_longest), __ATOMIC_RELAXED);
	__atomic_store_n(&pag->pag_agf_loaded, true, __ATOMIC_RELEASE);
	return 0;

out_put:
	xfs_buf_put(agf_bp);
	return error;
}

/*
 * A reader cannot spread damage, so it checks nothing.  Neither does recovery, which changes trees
 * and counters alike: a log must be recoverable whatever was wrong before it was written.
 */
static bool may_check(const struct xfs_perag *pag)
{
	return !pag->pag_mount->m_rdonly && !pag->pag_mount->m_finishing;
}

int xfs_perag_load_agf(struct xfs_perag *pag)
{
	int error;

	if (likely(pag->pag_agf_checked))
		return 0;
	error = xfs_perag_read_agf(pag);
	if (error || !may_check(pag))
		return error;
	error = xfs_ag_check_space(pag);
	pag->pag_agf_checked = !error;
	return error;
}

int xfs_perag_read_agi(struct xfs_perag *pag)
{
	const struct xfs_agi *agi;
	struct xfs_buf *bp;
	int error;

	if (likely(pag->pag_agi_loaded))
		return 0;
	error = read_header(pag, XFS_AGI_SECTOR, &agi_buf_ops, &bp);
	if (error)
		return error;
	agi = bp->b_addr;
	if (be32_to_cpu(agi->agi_length) != pag->pag_length) {
		error = xfs_corrupt(pag->pag_mount, "AGI",
				    "AG %u has %u blocks, its header says %u", pag->pag_agno,
				    pag->pag_length, be32_to_cpu(agi->agi_length));
		xfs_buf_put(bp);
		return error;
	}
	pag->pag_agi_bp = bp;
	pag->pag_icount = be32_to_cpu(agi->agi_count);
	pag->pag_ifree = be32_to_cpu(agi->agi_freecount);
	pag->pag_agi_loaded = true;
	return 0;
}

int xfs_perag_load_agi(struct xfs_perag *pag)
{
	int error;

	if (likely(pag->pag_agi_checked))
		return 0;
	error = xfs_perag_read_agi(pag);
	if (error || !may_check(pag))
		return error;
	error = xfs_ag_check_inodes(pag);
	pag->pag_agi_checked = !error;
	return error;
}

void xfs_agf_log(struct xfs_trans *tp, struct xfs_perag *pag)
{
	/* All fields that ever change lie in the first chunk that the journal tracks. */
	xfs_trans_log_buf(tp, pag->pag_agf_bp, 0, offsetof(struct xfs_agf, agf_spare64) - 1);
}

void xfs_agf_mod_freeblks(struct xfs_trans *tp, struct xfs_perag *pag, int32_t delta)
{
	xfs_extlen_t freeblks = pag->pag_freeblks + (uint32_t)delta;

	__atomic_store_n(&pag->pag_freeblks, freeblks, __ATOMIC_RELAXED);
	xfs_pag_agf(pag)->agf_freeblks = cpu_to_be32(freeblks);
	xfs_agf_log(tp, pag);
}

void xfs_agf_set_longest(struct xfs_trans *tp, struct xfs_perag *pag, xfs_extlen_t longest)
{
	__atomic_store_n(&pag->pag_longest, longest, __ATOMIC_RELAXED);
	xfs_pag_agf(pag)->agf_longest = cpu_to_be32(longest);
	xfs_agf_log(tp, pag);
}

void xfs_agf_mod_btreeblks(struct xfs_trans *tp, struct xfs_perag *pag, int32_t delta)
{
	pag->pag_btreeblks += (uint32_t)delta;
	xfs_pag_agf(pag)->agf_btreeblks = cpu_to_be32(pag->pag_btreeblks);
	xfs_agf_log(tp, pag);
}

int xfs_perag_want_all(struct xfs_mount *mp) XFS_LOCKS_UNCHECKED
{
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_peek(mp, agno);
		int error = pag ? xfs_mutex_want(&pag->pag_lock) : 0;

		if (error)
			return error;
		if (pag)
			xfs_mutex_unlock(&pag->pag_lock);
	}
	return 0;
}

int xfs_ag_check_counters(struct xfs_mount *mp, xfs_agnumber_t end)
{
	int error = 0;

	for (xfs_agnumber_t agno = 0; !error && agno < end; agno++) {
		struct xfs_perag *pag;

		error = xfs_perag_make(mp, agno, &pag);
		if (error)
			break;
		xfs_mutex_lock(&pag->pag_lock);
		error = xfs_perag_load_agf(pag);
		if (!error)
			error = xfs_perag_load_agi(pag);
		xfs_mutex_unlock(&pag->pag_lock);
	}
	return error;
}

int xfs_ag_sum_counters(struct xfs_mount *mp, uint64_t *icount, uint64_t *ifree,
			uint64_t *fdblocks)
{
	*icount = *ifree = *fdblocks = 0;
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag;
		int error = xfs_perag_make(mp, agno, &pag);

		if (error)
			return error;
		xfs_mutex_lock(&pag->pag_lock);
		error = xfs_perag_read_agf(pag);
		if (!error)
			error = xfs_perag_read_agi(pag);
		if (!error) {
			*icount += pag->pag_icount;
			*ifree += pag->pag_ifree;
			*fdblocks += (uint64_t)pag->pag_freeblks + pag->pag_flcount +
				     pag->pag_btreeblks;
		}
		xfs_mutex_unlock(&pag->pag_lock);
		if (error)
			return error;
	}
	return 0;
}
