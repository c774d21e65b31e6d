/* SPDX-License-Identifier: MIT */
/*
 * The counters of the AG headers, checked against what they count: free blocks, the longest free
 * extent, blocks of each tree, inodes.  A header's verifier knows only which values are possible
 * (disk/verify_ag.c).
 *
 * (COUNT-1) When an AG is first used on a file system open for writing, all that costs a block or
 *     two is compared: the height of each tree, the longest free extent, and the whole of a tree
 *     that is a single leaf.
 * (COUNT-2) A change that would take a counter out of its range is refused before it is made.
 *
 * A counter that wrapped would be logged, and then nobody could write its header, neither this
 * library nor whoever recovers that log.
 */
#include <stdio.h>
#include "ag/ag_priv.h"

int xfs_ag_check_change(const struct xfs_perag *pag, const char *header, const char *field,
			uint32_t now, int64_t delta, uint32_t least, uint32_t most)
{
	int64_t then = (int64_t)now + delta;

	if (likely(then >= (int64_t)least && then <= (int64_t)most))
		return 0;
	return xfs_corrupt(pag->pag_mount, header,
			   "AG %u: %s is %u and would become %" PRId64 " (%u to %u are possible)",
			   pag->pag_agno, field, now, then, least, most);
}

int xfs_ag_check_tree_blocks(const struct xfs_perag *pag, const char *header, const char *field,
			     be32_t blocks, int delta)
{
	return xfs_ag_check_change(pag, header, field, be32_to_cpu(blocks), delta, 1,
				   pag->pag_length);
}

static int differs(const struct xfs_perag *pag, const char *header, const char *field,
		   uint32_t says, uint64_t counted, const char *tree)
{
	if (likely(says == counted))
		return 0;
	return xfs_corrupt(pag->pag_mount, header, "AG %u: %s is %u, the %s has %" PRIu64,
			   pag->pag_agno, field, says, tree, counted);
}

/* Read the root and check that the tree is as high as the header says. */
static int check_root(struct xfs_btree_cur *cur, const char *header, const char *field)
{
	char why[160];
	int error = xfs_btree_read_root(cur);

	if (likely(error != -EUCLEAN))
		return error;
	snprintf(why, sizeof(why), "%s", xfs_last_text());
	return xfs_corrupt(cur->bc_mp, header, "AG %" PRIu64 ", root of %s %u: %s", cur->bc_owner,
			   field, cur->bc_nlevels, why);
}

static int check_longest(struct xfs_perag *pag)
{
	struct xfs_alloc_rec_incore rec = { .ar_blockcount = 0 };
	struct xfs_btree_cur cnt;
	bool found;
	int error;

	xfs_cntbt_init_cursor(&cnt, NULL, pag);
	error = check_root(&cnt, "AGF", "agf_cnt_level");
	if (!error)
		error = xfs_btree_goto_last(&cnt, &found);
	else
		found = false;
	if (!error && found)
		error = xfs_alloc_get_rec(&cnt, &rec);
	xfs_btree_del_cursor(&cnt);
	return error ? error : differs(pag, "AGF", "agf_longest", pag->pag_longest,
				       rec.ar_blockcount, "cntbt");
}

static int check_freeblks(struct xfs_perag *pag)
{
	struct xfs_alloc_rec_incore rec;
	struct xfs_btree_cur bno;
	uint64_t blocks = 0;
	bool found;
	int error;

	xfs_bnobt_init_cursor(&bno, NULL, pag);
	error = check_root(&bno, "AGF", "agf_bno_level");
	if (error || bno.bc_nlevels > 1) {
		xfs_btree_del_cursor(&bno);
		return error;
	}
	error = xfs_btree_goto_first(&bno, &found);
	while (!error && found) {
		error = xfs_alloc_get_rec(&bno, &rec);
		blocks += error ? 0 : rec.ar_blockcount;
		if (!error)
			error = xfs_btree_increment(&bno, &found);
	}
	xfs_btree_del_cursor(&bno);
	return error ? error : differs(pag, "AGF", "agf_freeblks", pag->pag_freeblks, blocks,
				       "bnobt");
}

int xfs_ag_check_space(struct xfs_perag *pag)
{
	const struct xfs_geometry *geo = &pag->pag_mount->m_geo;
	struct xfs_btree_cur cur;
	int error = check_longest(pag);

	if (!error)
		error = check_freeblks(pag);
	if (!error && xfs_has_rmapbt(geo)) {
		xfs_rmapbt_init_cursor(&cur, NULL, pag);
		error = check_root(&cur, "AGF", "agf_rmap_level");
		xfs_btree_del_cursor(&cur);
	}
	if (!error && xfs_has_reflink(geo)) {
		xfs_refcountbt_init_cursor(&cur, NULL, pag);
		error = check_root(&cur, "AGF", "agf_refcount_level");
		xfs_btree_del_cursor(&cur);
	}
	return error;
}

/* Count the inodes of a tree that is a single leaf.  Of a higher tree, only read the root. */
static int count_leaf(struct xfs_perag *pag, bool finobt, uint64_t *inodes, uint64_t *free_inodes)
{
	struct xfs_inobt_rec_incore rec;
	struct xfs_btree_cur cur;
	bool found;
	int error;

	*inodes = *free_inodes = 0;
	if (finobt)
		xfs_finobt_init_cursor(&cur, NULL, pag);
	else
		xfs_inobt_init_cursor(&cur, NULL, pag);
	error = check_root(&cur, "AGI", finobt ? "agi_free_level" : "agi_level");
	found = false;
	if (!error && cur.bc_nlevels == 1)
		error = xfs_btree_goto_first(&cur, &found);
	while (!error && found) {
		error = xfs_inobt_get_rec(&cur, &rec);
		if (error)
			break;
		*inodes += rec.ir_count;
		*free_inodes += rec.ir_freecount;
		error = xfs_btree_increment(&cur, &found);
	}
	xfs_btree_del_cursor(&cur);
	return error;
}

int xfs_ag_check_inodes(struct xfs_perag *pag)
{
	const struct xfs_agi *agi = xfs_pag_agi(pag);
	uint64_t inodes, free_inodes;
	int error = count_leaf(pag, false, &inodes, &free_inodes);

	if (!error && be32_to_cpu(agi->agi_level) == 1) {
		error = differs(pag, "AGI", "agi_count", pag->pag_icount, inodes, "inobt");
		if (!error)
			error = differs(pag, "AGI", "agi_freecount", pag->pag_ifree, free_inodes,
					"inobt");
	}
	if (error || !xfs_has_finobt(&pag->pag_mount->m_geo))
		return error;
	error = count_leaf(pag, true, &inodes, &free_inodes);
	if (!error && be32_to_cpu(agi->agi_free_level) == 1)
		error = differs(pag, "AGI", "agi_freecount", pag->pag_ifree, free_inodes, "finobt");
	return error;
}
