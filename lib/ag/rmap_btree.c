/* SPDX-License-Identifier: MIT */
/*
 * The reverse-map tree.  Its records overlap where blocks are shared, so its nodes have a low and a
 * high key.  Its blocks come from the AGFL, like those of the free-space trees, but have a counter
 * and a reservation of their own.
 */
#include "ag/ag_priv.h"

#define OFF_KEY_MASK	(~XFS_RMAP_OFF_UNWRITTEN)

static inline int cmp64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static inline int cmp_words(uint32_t start, uint64_t owner, uint64_t offset,
			    const struct xfs_btree_target *t)
{
	int d = cmp64(start, t->w[0]);

	if (!d)
		d = cmp64(owner, t->w[1]);
	return d ? d : cmp64(offset & OFF_KEY_MASK, t->w[2]);
}

static inline int cmp_rec(const void *rec, const struct xfs_btree_target *t)
{
	const struct xfs_rmap_rec *r = rec;

	return cmp_words(be32_to_cpu(r->rm_startblock), be64_to_cpu(r->rm_owner),
			 be64_to_cpu(r->rm_offset), t);
}

static inline int cmp_key(const void *key, const struct xfs_btree_target *t)
{
	const struct xfs_rmap_key *k = key;

	return cmp_words(be32_to_cpu(k->rm_startblock), be64_to_cpu(k->rm_owner),
			 be64_to_cpu(k->rm_offset), t);
}
XFS_BTREE_DEFINE_SEARCH(search_recs, sizeof(struct xfs_rmap_rec), cmp_rec)
XFS_BTREE_DEFINE_SEARCH(search_keys, 2 * sizeof(struct xfs_rmap_key), cmp_key)

static int cmp_keys(const void *a, const void *b)
{
	return xfs_rmap_key_cmp(a, b);
}

static void key_from_rec(void *key, const void *rec)
{
	const struct xfs_rmap_rec *r = rec;
	struct xfs_rmap_key *k = key;

	k->rm_startblock = r->rm_startblock;
	k->rm_owner = r->rm_owner;
	k->rm_offset = cpu_to_be64(be64_to_cpu(r->rm_offset) & OFF_KEY_MASK);
}

static void high_key_from_rec(void *key, const void *rec)
{
	const struct xfs_rmap_rec *r = rec;
	uint32_t adj = be32_to_cpu(r->rm_blockcount) - 1;
	uint64_t offset = be64_to_cpu(r->rm_offset) & OFF_KEY_MASK;
	struct xfs_rmap_key *k = key;

	k->rm_startblock = cpu_to_be32(be32_to_cpu(r->rm_startblock) + adj);
	k->rm_owner = r->rm_owner;
	/* Only in blocks of file contents does the offset advance with the block. */
	if (!XFS_RMAP_NON_INODE_OWNER(be64_to_cpu(r->rm_owner)) &&
	    !(offset & XFS_RMAP_OFF_BMBT_BLOCK))
		offset = (offset & XFS_RMAP_OFF_FLAGS) | (XFS_RMAP_OFF(offset) + adj);
	k->rm_offset = cpu_to_be64(offset);
}

/* The end block alone nearly always decides, so the whole keys are compared only if it is equal. */
static void max_high_key_recs(void *key, const struct xfs_rmap_rec *rec, uint32_t n)
{
	struct xfs_rmap_key other;
	uint32_t best = 0, best_end = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t end = be32_to_cpu(rec[i].rm_startblock) +
			       be32_to_cpu(rec[i].rm_blockcount) - 1;

		if (end > best_end || i == 0) {
			best = i;
			best_end = end;
		} else if (unlikely(end == best_end)) {
			struct xfs_rmap_key high;

			high_key_from_rec(&high, &rec[best]);
			high_key_from_rec(&other, &rec[i]);
			if (xfs_rmap_key_cmp(&other, &high) > 0)
				best = i;
		}
	}
	high_key_from_rec(key, &rec[best]);
}

static void max_high_key(void *key, const void *entries, uint32_t n, bool leaf)
{
	const struct xfs_rmap_key *keys = entries;	/* low, high, low, high ... */
	uint32_t best = 0;

	if (leaf) {
		max_high_key_recs(key, entries, n);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		const struct xfs_rmap_key *x = &keys[2 * i + 1], *y = &keys[2 * best + 1];
		uint32_t a = be32_to_cpu(x->rm_startblock), b = be32_to_cpu(y->rm_startblock);

		if (a > b || (a == b && xfs_rmap_key_cmp(x, y) > 0))
			best = i;
	}
	memcpy(key, &keys[2 * best + 1], sizeof(*keys));
}

static void target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	const struct xfs_rmap_rec *r = rec;

	target->w[0] = be32_to_cpu(r->rm_startblock);
	target->w[1] = be64_to_cpu(r->rm_owner);
	target->w[2] = be64_to_cpu(r->rm_offset) & OFF_KEY_MASK;
}

static void mod_rmap_blocks(struct xfs_btree_cur *cur, int delta)
{
	struct xfs_perag *pag = cur->bc_ag.pag;

	be32_add_cpu(&xfs_pag_agf(pag)->agf_rmap_blocks, delta);
	xfs_agf_log(cur->bc_tp, pag);
}

static int alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error = xfs_ag_check_tree_blocks(pag, "AGF", "agf_rmap_blocks",
					     xfs_pag_agf(pag)->agf_rmap_blocks, 1);

	(void)near_ptr;
	if (!error)
		error = xfs_agfl_alloc_btree_block(cur, new_ptr);
	if (error)
		return error;
	mod_rmap_blocks(cur, 1);
	xfs_ag_resv_alloc(cur->bc_tp, pag, XFS_AG_RESV_RMAPBT, 1, false);
	return 0;
}

static int free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	struct xfs_perag *pag = cur->bc_ag.pag;
	int error = xfs_ag_check_tree_blocks(pag, "AGF", "agf_rmap_blocks",
					     xfs_pag_agf(pag)->agf_rmap_blocks, -1);

	if (!error)
		error = xfs_agfl_free_btree_block(cur, bp);
	if (error)
		return error;
	mod_rmap_blocks(cur, -1);
	xfs_ag_resv_give_back(cur->bc_tp, pag, XFS_AG_RESV_RMAPBT, 1);
	return 0;
}

static void set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	struct xfs_agf *agf = xfs_pag_agf(cur->bc_ag.pag);

	agf->agf_rmap_root = cpu_to_be32((uint32_t)ptr);
	be32_add_cpu(&agf->agf_rmap_level, level_delta);
	xfs_agf_log(cur->bc_tp, cur->bc_ag.pag);
}

static const struct xfs_buf_ops rmap_buf_ops = {
	.name = "rmapbt", .blft = XFS_BLFT_BTREE, .has_crc = true,
	.crc_off = XFS_BTREE_SBLOCK_CRC_OFF, .lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
	.verify = xfs_rmapbt_verify,
};

static const struct xfs_btree_ops rmap_ops = {
	.name = "rmapbt", .buf_ops = &rmap_buf_ops, .magic = XFS_RMAP_CRC_MAGIC,
	.flags = XFS_BTREE_OVERLAPPING,
	.rec_len = sizeof(struct xfs_rmap_rec), .key_len = sizeof(struct xfs_rmap_key),
	.search_recs = search_recs, .search_keys = search_keys,
	.cmp_rec = cmp_rec, .cmp_key = cmp_key, .cmp_keys = cmp_keys,
	.key_from_rec = key_from_rec, .target_from_rec = target_from_rec,
	.high_key_from_rec = high_key_from_rec, .max_high_key = max_high_key,
	.reserve = xfs_agfl_reserve, .alloc_block = alloc_block, .free_block = free_block,
	.set_root = set_root,
};

void xfs_rmapbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	const struct xfs_agf *agf = xfs_pag_agf(pag);

	xfs_btree_init_cursor(cur, &rmap_ops, pag->pag_mount, tp, pag->pag_agno,
			      be32_to_cpu(agf->agf_rmap_level), geo->rmap_mxr[0],
			      geo->rmap_mxr[1]);
	cur->bc_ag.pag = pag;
	cur->bc_ag.root_ptr = be32_to_cpu(agf->agf_rmap_root);
}
