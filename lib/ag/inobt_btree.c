/* SPDX-License-Identifier: MIT */
/*
 * The two inode trees: all chunks, and those with a free inode.  Their blocks are ordinary blocks
 * of the AG.  The finobt's come out of a reservation, so that inodes can be freed in a full AG.
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
XFS_BTREE_DEFINE_SEARCH(search_recs, sizeof(struct xfs_inobt_rec), cmp)
XFS_BTREE_DEFINE_SEARCH(search_keys, sizeof(struct xfs_inobt_key), cmp)

static int cmp_keys(const void *a, const void *b)
{
	return cmp64(get_be32(a), get_be32(b));
}

static void key_from_rec(void *key, const void *rec)
{
	memcpy(key, rec, sizeof(struct xfs_inobt_key));
}

static void target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	target->w[0] = get_be32(rec);
}

/* Count a block that the tree of @cur gets or is about to lose. */
static int mod_blocks(struct xfs_btree_cur *cur, const char *field, be32_t *blocks, int delta)
{
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error;

	if (!xfs_has_inobtcounts(&cur->bc_mp->m_geo))
		return 0;
	error = xfs_ag_check_tree_blocks(pag, "AGI", field, *blocks, delta);
	if (error)
		return error;
	be32_add_cpu(blocks, delta);
	xfs_agi_log(cur->bc_tp, pag);
	return 0;
}

static int mod_iblocks(struct xfs_btree_cur *cur, int delta)
{
	return mod_blocks(cur, "agi_iblocks", &xfs_pag_agi(cur->bc_ag.pag)->agi_iblocks, delta);
}

static int mod_fblocks(struct xfs_btree_cur *cur, int delta)
{
	return mod_blocks(cur, "agi_fblocks", &xfs_pag_agi(cur->bc_ag.pag)->agi_fblocks, delta);
}

static int alloc_any(struct xfs_btree_cur *cur, uint64_t near_ptr, enum xfs_ag_resv_type resv,
		     uint64_t *new_ptr)
{
	xfs_agblock_t agbno;
	int error = xfs_ag_alloc_tree_block(cur->bc_tp, cur->bc_ag.pag, (xfs_agblock_t)near_ptr,
					    XFS_RMAP_OWN_INOBT, resv, &agbno);

	*new_ptr = agbno;
	return error;
}

static int ino_reserve(struct xfs_btree_cur *cur, uint32_t blocks)
{
	return xfs_ag_reserve_tree(cur->bc_ag.pag, blocks, XFS_AG_RESV_NONE);
}

static int ino_alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	int error = alloc_any(cur, near_ptr, XFS_AG_RESV_NONE, new_ptr);

	return error ? error : mod_iblocks(cur, 1);
}

static int ino_free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	int error = mod_iblocks(cur, -1);

	if (error)
		return error;
	return xfs_ag_free_tree_block(cur->bc_tp, cur->bc_ag.pag, bp, XFS_RMAP_OWN_INOBT,
				      XFS_AG_RESV_NONE);
}

static void ino_set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agi *agi = xfs_pag_agi(cur->bc_ag.pag);

	agi->agi_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agi->agi_level, level_delta);
	xfs_agi_log(cur->bc_tp, cur->bc_ag.pag);
}

static int fino_reserve(struct xfs_btree_cur *cur, uint32_t blocks)
{
	return xfs_ag_reserve_tree(cur->bc_ag.pag, blocks, XFS_AG_RESV_METADATA);
}

static int fino_alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	int error = alloc_any(cur, near_ptr, XFS_AG_RESV_METADATA, new_ptr);

	return error ? error : mod_fblocks(cur, 1);
}

static int fino_free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	int error = mod_fblocks(cur, -1);

	if (error)
		return error;
	return xfs_ag_free_tree_block(cur->bc_tp, cur->bc_ag.pag, bp, XFS_RMAP_OWN_INOBT,
				      XFS_AG_RESV_METADATA);
}

static void fino_set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agi *agi = xfs_pag_agi(cur->bc_ag.pag);

	agi->agi_free_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agi->agi_free_level, level_delta);
	xfs_agi_log(cur->bc_tp, cur->bc_ag.pag);
}

static const struct xfs_buf_ops ino_buf_ops = {
	.name = "inobt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_inobt_verify,
};
static const struct xfs_buf_ops fino_buf_ops = {
	.name = "finobt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_finobt_verify,
};

static const struct xfs_btree_ops ino_ops = {
	.name = "inobt", .buf_ops = &ino_buf_ops, .magic = XFS_IBT_CRC_MAGIC,
	.rec_len = sizeof(struct xfs_inobt_rec), .key_len = sizeof(struct xfs_inobt_key),
	.search_recs = search_recs, .search_keys = search_keys,
	.cmp_rec = cmp, .cmp_key = cmp, .cmp_keys = cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = target_from_rec,
	.reserve = ino_reserve, .alloc_block = ino_alloc_block, .free_block = ino_free_block,
	.set_root = ino_set_root,
};
static const struct xfs_btree_ops fino_ops = {
	.name = "finobt", .buf_ops = &fino_buf_ops, .magic = XFS_FIBT_CRC_MAGIC,
	.rec_len = sizeof(struct xfs_inobt_rec), .key_len = sizeof(struct xfs_inobt_key),
	.search_recs = search_recs, .search_keys = search_keys,
	.cmp_rec = cmp, .cmp_key = cmp, .cmp_keys = cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = target_from_rec,
	.reserve = fino_reserve, .alloc_block = fino_alloc_block, .free_block = fino_free_block,
	.set_root = fino_set_root,
};

static void init_cursor(struct xfs_btree_cur *cur, const struct xfs_btree_ops *ops,
			struct xfs_trans *tp, struct xfs_perag *pag, be32_t root, be32_t level)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;

	xfs_btree_init_cursor(cur, ops, pag->pag_mount, tp, pag->pag_agno, be32_to_cpu(level),
			      geo->inobt_mxr[0], geo->inobt_mxr[1]);
	cur->bc_ag.pag = pag;
	cur->bc_ag.root_ptr = be32_to_cpu(root);
}

void xfs_inobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	const struct xfs_agi *agi = xfs_pag_agi(pag);

	init_cursor(cur, &ino_ops, tp, pag, agi->agi_root, agi->agi_level);
}

void xfs_finobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	const struct xfs_agi *agi = xfs_pag_agi(pag);

	init_cursor(cur, &fino_ops, tp, pag, agi->agi_free_root, agi->agi_free_level);
}
