/* SPDX-License-Identifier: MIT */
/* The plain model of space, and its comparison with the device. */
#include "model/ag_model.h"
#include <stdio.h>
#include <stdlib.h>
#include "ag/refcount.h"

struct model *M;

/* ---- the model ------------------------------------------------------------------- */

void add_map(xfs_fsblock_t fsbno, xfs_extlen_t len, const struct xfs_owner_info *oinfo)
{
	CHECK(M->nmaps < MAX_MAPS);
	M->maps[M->nmaps++] = (struct map){ fsbno, len, *oinfo };
}

void cut_map(uint32_t i, xfs_extlen_t off, xfs_extlen_t len)
{
	struct map *m = &M->maps[i], rest = *m;

	rest.fsbno += off + len;
	rest.len -= off + len;
	if (has_offset(&m->oinfo))
		rest.oinfo.oi_offset += off + len;
	m->len = off;
	if (rest.len)
		add_map(rest.fsbno, rest.len, &rest.oinfo);
	if (!M->maps[i].len)
		M->maps[i] = M->maps[--M->nmaps];
}

void take_over(void)
{
	for (xfs_agnumber_t agno = 0; agno < geo()->agcount; agno++) {
		struct ag_walk w;

		test_mount_settle(M->mp);
		ag_walk(M->mp->m_dev, geo(), agno, &w);
		if (w.error[0])
			fprintf(stderr, "%s\n", w.error);
		CHECK(!w.error[0]);
		for (uint32_t i = 0; i < w.list[AG_WALK_INO].nr; i++) {
			struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_INODES);
			struct chunk *c = &M->chunks[M->nchunks++];

			memset(c, 0, sizeof(*c));
			c->agno = agno;
			c->rec = ag_walk_inodes(&w)[i];
			add_map(XFS_AGB_TO_FSB(geo(), agno,
					       XFS_AGINO_TO_AGBNO(geo(), c->rec.ir_startino)),
				geo()->ialloc_blks, &oinfo);
		}
		if (geo()->logstart && XFS_FSB_TO_AGNO(geo(), geo()->logstart) == agno) {
			struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_LOG);

			add_map(geo()->logstart, geo()->logblocks, &oinfo);
		}
		ag_walk_free(&w);
	}
}

/* ---- what must be on disk -------------------------------------------------------- */

static unsigned int rmap_flags(const struct xfs_owner_info *o)
{
	return (o->oi_flags & XFS_OWNER_ATTR_FORK ? XFS_RMAP_ATTR_FORK : 0) |
	       (o->oi_flags & XFS_OWNER_BMBT_BLOCK ? XFS_RMAP_BMBT_BLOCK : 0) |
	       (o->oi_flags & XFS_OWNER_UNWRITTEN ? XFS_RMAP_UNWRITTEN : 0);
}

/* Records of one owner together, touching ones behind each other. */
static int cmp_for_merge(const void *a, const void *b)
{
	const struct xfs_rmap_irec *x = a, *y = b;
	uint64_t dx = x->rm_offset - x->rm_startblock, dy = y->rm_offset - y->rm_startblock;

	if (x->rm_owner != y->rm_owner)
		return x->rm_owner < y->rm_owner ? -1 : 1;
	if (x->rm_flags != y->rm_flags)
		return x->rm_flags < y->rm_flags ? -1 : 1;
	if (!XFS_RMAP_NON_INODE_OWNER(x->rm_owner) && !(x->rm_flags & XFS_RMAP_BMBT_BLOCK) &&
	    dx != dy)
		return dx < dy ? -1 : 1;
	return x->rm_startblock < y->rm_startblock ? -1 : x->rm_startblock > y->rm_startblock;
}

static int cmp_order(const void *a, const void *b)
{
	return xfs_rmap_irec_cmp(a, b);
}

static void check_rmaps(xfs_agnumber_t agno, const struct ag_walk *w)
{
	uint32_t len = xfs_ag_block_count(geo(), agno), n = 0, out = 0;
	struct xfs_rmap_irec *want = calloc(M->nmaps + len, sizeof(*want));

	if (!want)
		abort();
	for (uint32_t i = 0; i < M->nmaps; i++) {
		const struct map *m = &M->maps[i];

		if (XFS_FSB_TO_AGNO(geo(), m->fsbno) != agno)
			continue;
		want[n++] = (struct xfs_rmap_irec){
			.rm_startblock = XFS_FSB_TO_AGBNO(geo(), m->fsbno), .rm_blockcount = m->len,
			.rm_owner = m->oinfo.oi_owner,
			.rm_offset = has_offset(&m->oinfo) ? m->oinfo.oi_offset : 0,
			.rm_flags = rmap_flags(&m->oinfo),
		};
	}
	for (uint32_t b = 0; b < len; b++) {
		if (w->owner[b])
			want[n++] = (struct xfs_rmap_irec){
				.rm_startblock = b, .rm_blockcount = 1, .rm_owner = w->owner[b],
			};
	}
	qsort(want, n, sizeof(*want), cmp_for_merge);
	for (uint32_t i = 1; i < n; i++) {
		if (xfs_rmap_irecs_mergeable(&want[out], &want[i]))
			want[out].rm_blockcount += want[i].rm_blockcount;
		else
			want[++out] = want[i];
	}
	n = n ? out + 1 : 0;
	qsort(want, n, sizeof(*want), cmp_order);
	CHECK(n == w->list[AG_WALK_RMAP].nr);
	for (uint32_t i = 0; i < n; i++) {
		const struct xfs_rmap_irec *r = &ag_walk_rmaps(w)[i];

		CHECK(r->rm_startblock == want[i].rm_startblock);
		CHECK(r->rm_blockcount == want[i].rm_blockcount);
		CHECK(r->rm_owner == want[i].rm_owner && r->rm_offset == want[i].rm_offset);
		CHECK(r->rm_flags == want[i].rm_flags);
	}
	free(want);
}

static void check_partition(xfs_agnumber_t agno, const struct ag_walk *w)
{
	uint32_t len = xfs_ag_block_count(geo(), agno), rec = 0;
	uint32_t *uses = calloc(len + 1, sizeof(*uses)), *data = calloc(len + 1, sizeof(*data));
	const struct xfs_refcount_irec *refc = ag_walk_refcounts(w);
	uint32_t nrefc = w->list[AG_WALK_REFC].nr;

	if (!uses || !data)
		abort();
	for (uint32_t i = 0; i < M->nmaps; i++) {
		const struct map *m = &M->maps[i];
		xfs_agblock_t b = XFS_FSB_TO_AGBNO(geo(), m->fsbno);

		if (XFS_FSB_TO_AGNO(geo(), m->fsbno) != agno)
			continue;
		for (uint32_t k = 0; k < m->len; k++) {
			uses[b + k]++;
			data[b + k] += is_data(&m->oinfo);
		}
	}
	for (uint32_t b = 0; b < len; b++) {
		CHECK(!(uses[b] && w->owner[b]));
		CHECK(uses[b] <= 1 || data[b] == uses[b]);
		uses[b] += w->owner[b] != 0;
	}
	/* Free is what nobody uses, nothing else. */
	for (uint32_t i = 0; i < w->list[AG_WALK_BNO].nr; i++) {
		const struct xfs_alloc_rec_incore *r = &ag_walk_free_recs(w)[i];

		for (uint32_t k = 0; k < r->ar_blockcount; k++)
			CHECK(uses[r->ar_startblock + k]++ == 0);
	}
	for (uint32_t b = 0; b < len; b++)
		CHECK(uses[b]);
	/* Reference counts: a record for each run of equal counts above one. */
	for (uint32_t b = 0, end; b < len; b = end) {
		for (end = b + 1; end < len && data[end] == data[b];)
			end++;
		if (data[b] < 2 || !xfs_has_reflink(geo()))
			continue;
		CHECK(rec < nrefc);
		CHECK(refc[rec].rc_startblock == b && refc[rec].rc_blockcount == end - b);
		CHECK(refc[rec].rc_refcount == data[b]);
		rec++;
	}
	CHECK(rec == nrefc);
	free(uses);
	free(data);
}

static int cmp_chunks(const void *a, const void *b)
{
	const struct chunk *x = a, *y = b;

	if (x->agno != y->agno)
		return x->agno < y->agno ? -1 : 1;
	return x->rec.ir_startino < y->rec.ir_startino ? -1 : 1;
}

static void check_chunks(xfs_agnumber_t agno, const struct ag_walk *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < M->nchunks; i++) {
		if (M->chunks[i].agno != agno)
			continue;
		CHECK(n < w->list[AG_WALK_INO].nr);
		CHECK(memcmp(&ag_walk_inodes(w)[n], &M->chunks[i].rec, sizeof(M->chunks[i].rec)) ==
		      0);
		n++;
	}
	CHECK(n == w->list[AG_WALK_INO].nr);
}

/* What may still be promised, worked out from the headers. */
static void check_counters(void)
{
	uint64_t icount, ifree, fdblocks;
	int64_t want;

	CHECK(xfs_ag_sum_counters(M->mp, &icount, &ifree, &fdblocks) == 0);
	want = (int64_t)fdblocks;
	for (xfs_agnumber_t agno = 0; agno < geo()->agcount; agno++) {
		const struct xfs_perag *pag = xfs_perag_get(M->mp, agno);

		want -= xfs_ag_resv_held(&pag->pag_meta_resv);
		want -= XFS_MAX(pag->pag_rmapbt_resv.ar_asked, pag->pag_rmapbt_resv.ar_used);
	}
	CHECK(M->mp->m_fdblocks + M->mp->m_resblks_avail == want);
}

void check_all(void)
{
	int64_t set_aside = 0;

	check_counters();
	test_mount_settle(M->mp);
	CHECK(!xfs_is_shutdown(M->mp));
	qsort(M->chunks, M->nchunks, sizeof(M->chunks[0]), cmp_chunks);
	for (xfs_agnumber_t agno = 0; agno < geo()->agcount; agno++) {
		const struct xfs_perag *pag = xfs_perag_get(M->mp, agno);
		struct ag_walk w;

		ag_walk(M->mp->m_dev, geo(), agno, &w);
		if (w.error[0])
			fprintf(stderr, "%s\n", w.error);
		CHECK(!w.error[0]);
		if (xfs_has_rmapbt(geo()))
			check_rmaps(agno, &w);
		check_partition(agno, &w);
		check_chunks(agno, &w);
		CHECK(pag->pag_freeblks == be32_to_cpu(w.agf.agf_freeblks));
		CHECK(pag->pag_longest == be32_to_cpu(w.agf.agf_longest));
		CHECK(pag->pag_flcount == w.agfl_count);
		if (xfs_has_rmapbt(geo()))
			CHECK(pag->pag_rmapbt_resv.ar_used == w.blocks[AG_WALK_RMAP]);
		CHECK(pag->pag_meta_resv.ar_used ==
		      w.blocks[AG_WALK_FINO] + w.blocks[AG_WALK_REFC]);
		set_aside += 8 + w.blocks[AG_WALK_BNO] + w.blocks[AG_WALK_CNT] - 2;
		for (unsigned int i = 0; i < AG_WALK_TREES; i++)
			M->max_height[i] = XFS_MAX(M->max_height[i], w.height[i]);
		ag_walk_free(&w);
	}
	CHECK(M->mp->m_set_aside == set_aside);
}
