/* SPDX-License-Identifier: MIT */
/* The trees of model_btree.c: ops tables over blocks from an array. */
#include "model/btree_kinds.h"
#include "disk/irec.h"

struct model *M;

/* ---- the three kinds ------------------------------------------------------- */

static int short_cmp(const void *entry, const struct xfs_btree_target *t)
{
	return cmp64(get_be32(entry), t->w[0]);
}
XFS_BTREE_DEFINE_SEARCH(short_search, 8, short_cmp)

static int short_cmp_keys(const void *a, const void *b)
{
	return cmp64(get_be32(a), get_be32(b));
}

static void short_key_from_rec(void *key, const void *rec)
{
	memcpy(key, rec, 8);
}

static void short_target(struct xfs_btree_target *t, const void *rec)
{
	t->w[0] = get_be32(rec);
}

static int rmap_cmp_words(const uint8_t *start, const uint8_t *owner,
			  const struct xfs_btree_target *t)
{
	int d = cmp64(get_be32(start), t->w[0]);

	return d ? d : cmp64(get_be64(owner), t->w[1]);
}

static int rmap_cmp_rec(const void *rec, const struct xfs_btree_target *t)
{
	return rmap_cmp_words(rec, (const uint8_t *)rec + 8, t);
}

static int rmap_cmp_key(const void *key, const struct xfs_btree_target *t)
{
	return rmap_cmp_words(key, (const uint8_t *)key + 4, t);
}
XFS_BTREE_DEFINE_SEARCH(rmap_search_recs, 24, rmap_cmp_rec)
XFS_BTREE_DEFINE_SEARCH(rmap_search_keys, 40, rmap_cmp_key)

static int rmap_cmp_keys(const void *a, const void *b)
{
	int d = cmp64(get_be32(a), get_be32(b));

	return d ? d : cmp64(get_be64((const uint8_t *)a + 4), get_be64((const uint8_t *)b + 4));
}

static void rmap_key_from_rec(void *key, const void *rec)
{
	memset(key, 0, 20);
	memcpy(key, rec, 4);
	memcpy((uint8_t *)key + 4, (const uint8_t *)rec + 8, 8);
}

static void rmap_high_key_from_rec(void *key, const void *rec)
{
	rmap_key_from_rec(key, rec);
	put_be32(get_be32(rec) + get_be32((const uint8_t *)rec + 4) - 1, key);
}

static void rmap_max_high_key(void *key, const void *entries, uint32_t n, bool leaf)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t high[20];

		if (leaf)
			rmap_high_key_from_rec(high, (const uint8_t *)entries + 24 * i);
		else
			memcpy(high, (const uint8_t *)entries + 40 * i + 20, 20);
		if (i == 0 || rmap_cmp_keys(high, key) > 0)
			memcpy(key, high, 20);
	}
}

static void rmap_target(struct xfs_btree_target *t, const void *rec)
{
	t->w[0] = get_be32(rec);
	t->w[1] = get_be64((const uint8_t *)rec + 8);
}

static int bmbt_cmp_rec(const void *rec, const struct xfs_btree_target *t)
{
	return cmp64(xfs_bmbt_disk_get_startoff(rec), t->w[0]);
}

static int bmbt_cmp_key(const void *key, const struct xfs_btree_target *t)
{
	return cmp64(get_be64(key), t->w[0]);
}
XFS_BTREE_DEFINE_SEARCH(bmbt_search_recs, 16, bmbt_cmp_rec)
XFS_BTREE_DEFINE_SEARCH(bmbt_search_keys, 8, bmbt_cmp_key)

static int bmbt_cmp_keys(const void *a, const void *b)
{
	return cmp64(get_be64(a), get_be64(b));
}

static void bmbt_key_from_rec(void *key, const void *rec)
{
	put_be64(xfs_bmbt_disk_get_startoff(rec), key);
}

static void bmbt_target(struct xfs_btree_target *t, const void *rec)
{
	t->w[0] = xfs_bmbt_disk_get_startoff(rec);
}

/* ---- blocks ------------------------------------------------------------------ */

static int t_alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	uint32_t b = FIRST_BLOCK + (uint32_t)xfs_rand_below(&M->rand, AGBLOCKS - FIRST_BLOCK);

	(void)cur;
	CHECK(M->used[near_ptr]);
	while (M->used[b])
		b = b + 1 < AGBLOCKS ? b + 1 : FIRST_BLOCK;
	M->used[b] = true;
	M->nused++;
	*new_ptr = b;
	return 0;
}

static int t_free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	uint64_t b = xfs_btree_buf_ptr(cur, bp);

	CHECK(M->used[b]);
	M->used[b] = false;
	M->nused--;
	xfs_trans_binval(cur->bc_tp, bp);
	return 0;
}

static void t_set_root(struct xfs_btree_cur *cur, uint64_t ptr, int level_delta)
{
	(void)cur;
	M->root_ptr = ptr;
	M->nlevels += (uint32_t)level_delta;
	M->set_root_calls++;
}

static void t_log_root(struct xfs_btree_cur *cur)
{
	M->nlevels = cur->bc_nlevels;
}

static const struct xfs_buf_ops short_buf_ops = {
	.name = "short", .has_crc = true, .crc_off = XFS_BTREE_SBLOCK_CRC_OFF,
	.lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
};
static const struct xfs_buf_ops long_buf_ops = {
	.name = "long", .has_crc = true, .crc_off = XFS_BTREE_LBLOCK_CRC_OFF,
	.lsn_off = XFS_BTREE_LBLOCK_LSN_OFF,
};

const struct xfs_btree_ops kinds[] = {
	[SHORT] = {
		.name = "short", .buf_ops = &short_buf_ops, .magic = 0x11111111,
		.rec_len = 8, .key_len = 8,
		.search_recs = short_search, .search_keys = short_search,
		.cmp_rec = short_cmp, .cmp_key = short_cmp, .cmp_keys = short_cmp_keys,
		.key_from_rec = short_key_from_rec, .target_from_rec = short_target,
		.alloc_block = t_alloc_block, .free_block = t_free_block, .set_root = t_set_root,
	},
	[OVERLAP] = {
		.name = "overlap", .buf_ops = &short_buf_ops, .magic = 0x22222222,
		.flags = XFS_BTREE_OVERLAPPING, .rec_len = 24, .key_len = 20,
		.search_recs = rmap_search_recs, .search_keys = rmap_search_keys,
		.cmp_rec = rmap_cmp_rec, .cmp_key = rmap_cmp_key, .cmp_keys = rmap_cmp_keys,
		.key_from_rec = rmap_key_from_rec, .target_from_rec = rmap_target,
		.high_key_from_rec = rmap_high_key_from_rec, .max_high_key = rmap_max_high_key,
		.alloc_block = t_alloc_block, .free_block = t_free_block, .set_root = t_set_root,
	},
	[INODE_ROOT] = {
		.name = "inode root", .buf_ops = &long_buf_ops, .magic = 0x33333333,
		.flags = XFS_BTREE_LONG_PTRS | XFS_BTREE_ROOT_IN_INODE,
		.rec_len = 16, .key_len = 8,
		.search_recs = bmbt_search_recs, .search_keys = bmbt_search_keys,
		.cmp_rec = bmbt_cmp_rec, .cmp_key = bmbt_cmp_key, .cmp_keys = bmbt_cmp_keys,
		.key_from_rec = bmbt_key_from_rec, .target_from_rec = bmbt_target,
		.alloc_block = t_alloc_block, .free_block = t_free_block, .log_root = t_log_root,
	},
};

void to_disk(const struct model_rec *r, uint8_t *rec)
{
	switch (M->kind) {
	case SHORT:
		put_be32((uint32_t)r->key, rec);
		put_be32((uint32_t)r->len, rec + 4);
		break;
	case OVERLAP:
		put_be32((uint32_t)r->key, rec);
		put_be32((uint32_t)r->len, rec + 4);
		put_be64(r->sub, rec + 8);
		put_be64(0, rec + 16);
		break;
	case INODE_ROOT: {
		struct xfs_bmbt_irec irec = { .br_startoff = r->key, .br_startblock = 77,
					      .br_blockcount = r->len };

		xfs_bmbt_disk_set_all((struct xfs_bmbt_rec *)(void *)rec, &irec);
		break;
	}
	}
}

void target_of(const struct model_rec *r, struct xfs_btree_target *t)
{
	t->w[0] = r->key;
	t->w[1] = r->sub;
	t->w[2] = 0;
}
