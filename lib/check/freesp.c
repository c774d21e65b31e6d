/* SPDX-License-Identifier: MIT */
/*
 * Free space: the same extents in two orders.  The tree by block is walked first and kept; the tree
 * by size must then contain each extent once.
 */
#include "check/check_priv.h"

struct freesp_walk {
	struct xfs_check_ag *ag;
	uint64_t blocks;
	uint32_t longest;
	uint32_t last_end;
};

static int cmp_cnt(const uint8_t *a, const uint8_t *b)
{
	const size_t len = offsetof(struct xfs_alloc_rec, ar_blockcount);
	int d = xfs_check_cmp32(a + len, b + len);

	return d ? d : xfs_check_cmp32(a, b);
}

static void alloc_key(const uint8_t *rec, uint8_t *key)
{
	memcpy(key, rec, sizeof(struct xfs_alloc_rec));
}

static const struct xfs_check_bt_type bno_type = {
	.name = "bnobt", .magic = XFS_ABTB_CRC_MAGIC, .reclen = sizeof(struct xfs_alloc_rec),
	.keylen = sizeof(struct xfs_alloc_rec),
	.owner = XFS_RMAP_OWN_AG, .cmp = xfs_check_cmp32, .low_key = alloc_key,
};

static const struct xfs_check_bt_type cnt_type = {
	.name = "cntbt", .magic = XFS_ABTC_CRC_MAGIC, .reclen = sizeof(struct xfs_alloc_rec),
	.keylen = sizeof(struct xfs_alloc_rec),
	.owner = XFS_RMAP_OWN_AG, .cmp = cmp_cnt, .low_key = alloc_key,
};

static void bno_record(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct freesp_walk *fw = bt->ctx;
	struct xfs_check *chk = bt->chk;
	const struct xfs_alloc_rec *r = (const void *)rec;
	uint32_t start = be32_to_cpu(r->ar_startblock), len = be32_to_cpu(r->ar_blockcount);
	struct xfs_check_free *f;

	if (!xfs_check_agbno(&chk->g, bt->agno, start, len)) {
		xfs_check_report(chk, bt->at, "free extent (%u, %u) does not lie in the group",
				 start, len);
		bt->broken = true;
		return;
	}
	if (bt->records > 1 && start == fw->last_end)
		xfs_check_report(chk, bt->at, "free extent (%u, %u) touches the one before it",
				 start, len);
	if (fw->ag->free.n && start < fw->last_end) {
		xfs_check_report(chk, bt->at, "free extent (%u, %u) overlaps the one before it",
				 start, len);
		bt->broken = true;
		return;		/* keep the list in ascending order */
	}
	fw->last_end = start + len;
	fw->blocks += len;
	fw->longest = XFS_MAX(fw->longest, len);
	f = xfs_check_push(chk, &fw->ag->free, sizeof(*f));
	if (f)
		*f = (struct xfs_check_free){ start, len };
}

static const struct xfs_check_free *find_free(const struct xfs_check_ag *ag, uint32_t start)
{
	return xfs_check_find_u32(&ag->free, sizeof(struct xfs_check_free), start);
}

static void cnt_record(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct freesp_walk *fw = bt->ctx;
	const struct xfs_alloc_rec *r = (const void *)rec;
	uint32_t start = be32_to_cpu(r->ar_startblock), len = be32_to_cpu(r->ar_blockcount);
	const struct xfs_check_free *f = find_free(fw->ag, start);

	if (!f || f->len != len)
		xfs_check_report(bt->chk, bt->at, "free extent (%u, %u) is not in the bnobt", start,
				 len);
}

void xfs_check_freesp(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf)
{
	struct xfs_check_place at = xfs_check_at("agf", agno, 0, XFS_CHECK_NOINO);
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct freesp_walk fw = { .ag = ag };
	struct xfs_check_bt bno = {
		.chk = chk, .type = &bno_type, .agno = agno, .seen = &chk->seen, .ctx = &fw,
		.mxr = { chk->g.alloc_mxr[0], chk->g.alloc_mxr[1] },
		.block = xfs_check_own_tree_block, .record = bno_record,
	};
	struct xfs_check_bt cnt = bno;

	xfs_check_bt_walk(&bno, ag->bno_root, ag->bno_level);
	cnt.type = &cnt_type;
	cnt.record = cnt_record;
	xfs_check_bt_walk(&cnt, ag->cnt_root, ag->cnt_level);
	ag->free_ok = !bno.broken;
	ag->freeblks = (uint32_t)fw.blocks;
	/* Roots are not counted; an unreadable tree has no blocks. */
	ag->btreeblks += (uint32_t)(bno.blocks - !!bno.blocks + cnt.blocks - !!cnt.blocks);
	if (chk->stop)
		return;
	/*
	 * Each record was found, and in strictly ascending order, so equal numbers mean equal sets.
	 */
	if (!bno.broken && !cnt.broken && cnt.records != bno.records)
		xfs_check_report(chk, xfs_check_at("cntbt", agno, ag->cnt_root, XFS_CHECK_NOINO),
				 "%" PRIu64 " records, but the bnobt has %" PRIu64, cnt.records,
				 bno.records);
	if (bno.broken)
		return;
	if (be32_to_cpu(agf->agf_freeblks) != fw.blocks)
		xfs_check_report(chk, at, "agf_freeblks is %u, counted %" PRIu64,
				 be32_to_cpu(agf->agf_freeblks), fw.blocks);
	if (be32_to_cpu(agf->agf_longest) != fw.longest)
		xfs_check_report(chk, at,
				 "agf_longest is %u, the longest free extent has %u blocks",
				 be32_to_cpu(agf->agf_longest), fw.longest);
}
