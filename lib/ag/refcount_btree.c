/* SPDX-License-Identifier: MIT */
/*
 * The reference count tree.  Its blocks are ordinary blocks of the AG, taken out of a reservation.
 */
#include "ag/ag_priv.h"

static inline int cmp64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static inline int cmp(const void *entry, const struct xfs_btree_target *t)
{
	return cmp64(get_be32(entry), t->w[0]);
}
XFS_BTREE_DEFINE_SEARCH(search_recs, sizeof(struct xfs_refcount_rec), cmp)
XFS_BTREE_DEFINE_SEARCH(search_keys, sizeof(struct xfs_refcount_key), cmp)

static int cmp_keys(const void *a, const void *b)
{
	return cmp64(get_be32(a), get_be32(b));
}

static void key_from_rec(void *key, const void *rec)
{
	memcpy(key, rec, sizeof(struct xfs_refcount_key));
}

static void target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	target->w[0] = get_be32(rec);
}

static void mod_blocks(struct xfs_btree_cur *cur, int delta)
{
	be32_add_cpu(&xfs_pag_agf(cur->bc_ag.pag)->agf_refcount_blocks, delta);
	xfs_agf_log(cur->bc_tp, cur->bc_ag.pag);
}

static int reserve(struct xfs_btree_cur *cur, uint32_t blocks)
{
	return xfs_ag_reserve_tree(cur->bc_ag.pag, blocks, XFS_AG_RESV_METADATA);
}

static int alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	struct xfs_perag *pag = cur->bc_ag.pag;
	xfs_agblock_t agbno;
	int error = xfs_ag_check_tree_blocks(pag, "AGF", "agf_refcount_blocks",
					     xfs_pag_agf(pag)->agf_refcount_blocks, 1);

	if (!error)
		error = xfs_ag_alloc_tree_block(cur->bc_tp, pag, (xfs_agblock_t)near_ptr,
						XFS_RMAP_OWN_REFC, XFS_AG_RESV_METADATA, &agbno);

	if (error)
		return error;
	mod_blocks(cur, 1);
	*new_ptr = agbno;
	return 0;
}

static int free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error = xfs_ag_check_tree_blocks(pag, "AGF", "agf_refcount_blocks",
					     xfs_pag_agf(pag)->agf_refcount_blocks, -1);

	if (error)
		return error;
	mod_blocks(cur, -1);
	return xfs_ag_free_tree_block(cur->bc_tp, cur->bc_ag.pag, bp, XFS_RMAP_OWN_REFC,
				      XFS_AG_RESV_METADATA);
}

static void set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agf *agf = xfs_pag_agf(cur->bc_ag.pag);

	agf->agf_refcount_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agf->agf_refcount_level, level_delta);
	xfs_agf_log(cur->bc_tp, cur->bc_ag.pag);
}

static const struct xfs_buf_ops refcount_buf_ops = {
	.name = "refcountbt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_refcountbt_verify,
};

static const struct xfs_btree_ops refcount_ops = {
	.name = "refcountbt", .buf_ops = &refcount_buf_ops, .magic = XFS_REFC_CRC_MAGIC,
	.rec_len = sizeof(struct xfs_refcount_rec), .key_len = sizeof(struct xfs_refcount_key),
	.search_recs = search_recs, .search_keys = search_keys,
	.cmp_rec = cmp, .cmp_key = cmp, .cmp_keys = cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = target_from_rec,
	.reserve = reserve, .alloc_block = alloc_block, .free_block = free_block,
	.set_root = set_root,
};

void xfs_refcountbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp,
				struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);

	xfs_btree_init_cursor(cur, &refcount_ops, pag->pag_mount, tp, pag->pag_agno,
			      be32_to_cpu(agf->agf_refcount_level), geo->refc_mxr[0],
			      geo->refc_mxr[1]);
	cur->bc_ag.pag = pag;
	cur->bc_ag.root_ptr = be32_to_cpu(agf->agf_refcount_root);
}

int xfs_refcount_load_share(struct xfs_perag *pag)
{
	struct xfs_btree_cur cur;
	bool found;
	int error;

	if (likely(pag->pag_share_known))
		return 0;
	if (!xfs_has_reflink(&pag->pag_mount->m_geo)) {
		pag->pag_share_known = true;
		return 0;
	}
	xfs_refcountbt_init_cursor(&cur, NULL, pag);
	error = xfs_btree_goto_first(&cur, &found);
	xfs_btree_del_cursor(&cur);
	if (error)
		return error;
	pag->pag_may_share = found;
	pag->pag_share_known = true;
	return 0;
}
