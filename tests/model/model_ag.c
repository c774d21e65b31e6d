/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever is allocated, freed, shared, converted in whatever order, up to the
 * last block and back, the trees and counters of every AG say exactly what happened.
 * Method: seeded operations on a small formatted file system and on a list of who
 * owns which blocks.  Every few operations all is written to the device and read
 * back by a walker that knows the format only: free space, reverse map and
 * reference counts must be those that follow from the list.
 * Shows (PERAG-2).
 */
#include <stdio.h>
#include <stdlib.h>
#include <xfswrite/check.h>
#include <xfswrite/mkfs.h>
#include "ag/alloc.h"
#include "ag/inobt.h"
#include "ag/refcount.h"
#include "core/counter.h"
#include "model/ag_model.h"
#include "support/test_device.h"

/* A valid inode number; nobody looks whether it is in use. */
static uint64_t some_ino(void)
{
	xfs_agino_t first, last;

	xfs_agino_range(geo(), 0, &first, &last);
	return first + M->next_ino++ % (last - first);
}

/* ---- operations -------------------------------------------------------------------- */

static struct xfs_trans *begin(uint32_t blocks)
{
	struct xfs_trans *tp;
	int error = xfs_trans_alloc_bytes(M->mp, 256u << 10, blocks, 0, &tp);

	CHECK(error == 0 || error == -ENOSPC);
	return error ? NULL : tp;
}

static void commit(struct xfs_trans *tp)
{
	CHECK(xfs_trans_commit(tp) == 0);
}

static struct xfs_owner_info random_owner(void)
{
	uint64_t ino = some_ino();

	switch (below(8)) {
	case 0:
		return xfs_owner_bmbt(ino, below(2));
	case 1:
		return xfs_owner_file(ino, true, below(1000), false);
	default:
		return xfs_owner_file(ino, false, below(100000), below(4) == 0);
	}
}

/* -1: nothing was there. */
static int op_alloc_with(struct xfs_alloc_arg *args, bool rmap_apart)
{
	struct xfs_owner_info oinfo = args->oinfo;
	struct xfs_trans *tp = begin(args->maxlen);
	uint32_t before;

	if (!tp)
		return -1;
	before = xfs_trans_blocks_left(tp);
	args->tp = tp;
	if (rmap_apart)
		args->oinfo.oi_owner = XFS_RMAP_SKIP;
	CHECK(xfs_alloc_vextent(args) == 0);
	if (args->fsbno == NULLFSBLOCK) {
		CHECK(!xfs_trans_is_dirty(tp) && xfs_trans_blocks_left(tp) == before && !args->busy);
		xfs_trans_cancel(tp);
		M->refused++;
		return -1;
	}
	CHECK(args->len >= args->minlen && args->len <= args->maxlen);
	CHECK(xfs_verify_fsbext(geo(), args->fsbno, args->len));
	if (args->alignment > 1)
		CHECK(XFS_FSB_TO_AGBNO(geo(), args->fsbno) % args->alignment == 0);
	if (args->max_agbno) {
		CHECK(XFS_FSB_TO_AGBNO(geo(), args->fsbno) >= args->min_agbno);
		CHECK(XFS_FSB_TO_AGBNO(geo(), args->fsbno) <= args->max_agbno);
	}
	if (args->flags & (XFS_ALLOC_THIS_AG | XFS_ALLOC_EXACT))
		CHECK(XFS_FSB_TO_AGNO(geo(), args->fsbno) == XFS_FSB_TO_AGNO(geo(), args->target));
	if (args->flags & XFS_ALLOC_EXACT)
		CHECK(args->fsbno == args->target);
	CHECK(xfs_trans_blocks_left(tp) == before - args->len);
	if (rmap_apart)
		CHECK(xfs_rmap_map(tp, args->fsbno, args->len, &oinfo) == 0);
	commit(tp);
	add_map(args->fsbno, args->len, &oinfo);
	return 0;
}

static xfs_fsblock_t random_target(void)
{
	xfs_agnumber_t agno = (xfs_agnumber_t)below(geo()->agcount);

	if (below(4) == 0)
		return NULLFSBLOCK;
	/* Often right behind something, so that there is something to merge. */
	if (M->nmaps && below(2)) {
		const struct map *m = &M->maps[below(M->nmaps)];
		xfs_agblock_t end = XFS_FSB_TO_AGBNO(geo(), m->fsbno) + m->len;

		agno = XFS_FSB_TO_AGNO(geo(), m->fsbno);
		if (end < xfs_ag_block_count(geo(), agno))
			return m->fsbno + m->len;
	}
	return XFS_AGB_TO_FSB(geo(), agno, (xfs_agblock_t)below(xfs_ag_block_count(geo(), agno)));
}

static void op_alloc(void)
{
	static const uint32_t flags[] = { 0, 0, 0, XFS_ALLOC_THIS_AG, XFS_ALLOC_EXACT,
					  XFS_ALLOC_BY_SIZE };
	struct xfs_alloc_arg args = {
		.target = random_target(),
		.maxlen = 1 + (xfs_extlen_t)below(below(4) ? 8 : 200),
		.oinfo = random_owner(),
		.flags = flags[below(ARRAY_SIZE(flags))],
		.minleft = below(8) ? 0 : (xfs_extlen_t)below(50),
	};

	if (below(2))
		args.flags |= XFS_ALLOC_USERDATA;
	if (args.target == NULLFSBLOCK)
		args.flags &= ~(XFS_ALLOC_THIS_AG | XFS_ALLOC_EXACT);
	args.minlen = below(2) ? 1 : 1 + (xfs_extlen_t)below(args.maxlen);
	if (below(8) == 0 && !(args.flags & XFS_ALLOC_EXACT)) {
		args.alignment = 1u << below(6);
		args.min_agbno = (xfs_agblock_t)below(5000);
		args.max_agbno = args.min_agbno + (xfs_agblock_t)below(10000);
	}
	/* A file that goes on: block and offset behind an extent of its own. */
	if (M->nmaps && below(3) == 0) {
		const struct map *m = &M->maps[below(M->nmaps)];

		if (!XFS_RMAP_NON_INODE_OWNER(m->oinfo.oi_owner))
			args.oinfo = m->oinfo;
		if (has_offset(&m->oinfo))
			args.oinfo.oi_offset += m->len;
		if (XFS_FSB_TO_AGBNO(geo(), m->fsbno) + m->len <
		    xfs_ag_block_count(geo(), XFS_FSB_TO_AGNO(geo(), m->fsbno)))
			args.target = m->fsbno + m->len;
	}
	op_alloc_with(&args, below(2));
}

/* Some part of some map. */
static bool pick(uint32_t *i, xfs_extlen_t *off, xfs_extlen_t *len)
{
	if (!M->nmaps)
		return false;
	*i = (uint32_t)below(M->nmaps);
	*off = 0;
	*len = M->maps[*i].len;
	if (below(2)) {
		*off = (xfs_extlen_t)below(*len);
		*len = 1 + (xfs_extlen_t)below(*len - *off);
	}
	return true;
}

static struct xfs_owner_info part_owner(const struct map *m, xfs_extlen_t off)
{
	struct xfs_owner_info oinfo = m->oinfo;

	if (has_offset(&oinfo))
		oinfo.oi_offset += off;
	return oinfo;
}

static void op_free_part(uint32_t i, xfs_extlen_t off, xfs_extlen_t len)
{
	struct map m = M->maps[i];
	struct xfs_owner_info oinfo = part_owner(&m, off);
	struct xfs_trans *tp = begin(0);

	CHECK(tp);
	if (is_data(&m.oinfo)) {
		CHECK(xfs_rmap_unmap(tp, m.fsbno + off, len, &oinfo) == 0);
		CHECK(xfs_refcount_decrease(tp, m.fsbno + off, len) == 0);
	} else if (below(2)) {
		CHECK(xfs_free_extent(tp, m.fsbno + off, len, &oinfo, XFS_AG_RESV_NONE) == 0);
	} else {
		CHECK(xfs_free_extent_later(tp, m.fsbno + off, len, &oinfo, XFS_AG_RESV_NONE) == 0);
	}
	commit(tp);
	cut_map(i, off, len);
}

static void op_free(void)
{
	xfs_extlen_t off, len;
	uint32_t i;

	if (!pick(&i, &off, &len) || M->maps[i].oinfo.oi_owner == XFS_RMAP_OWN_INODES ||
	    M->maps[i].oinfo.oi_owner == XFS_RMAP_OWN_LOG)
		return;
	op_free_part(i, off, len);
}

static void op_share(void)
{
	xfs_extlen_t off, len;
	struct xfs_owner_info oinfo;
	struct xfs_trans *tp;
	xfs_fsblock_t fsbno;
	uint32_t i;
	int error;

	if (!xfs_has_reflink(geo()) || !pick(&i, &off, &len) || !is_data(&M->maps[i].oinfo))
		return;
	fsbno = M->maps[i].fsbno + off;
	oinfo = xfs_owner_file(some_ino(), false, below(100000), false);
	if (below(3) == 0 && M->nmaps) {
		const struct map *m = &M->maps[below(M->nmaps)];

		/* The same file goes on with it, maybe touching. */
		if (is_data(&m->oinfo)) {
			oinfo = m->oinfo;
			oinfo.oi_offset += m->len;
		}
	}
	/* One file does not map one block at one offset twice. */
	for (uint32_t k = 0; k < M->nmaps; k++) {
		const struct map *m = &M->maps[k];

		if (m->oinfo.oi_owner == oinfo.oi_owner &&
		    m->oinfo.oi_offset < oinfo.oi_offset + len &&
		    oinfo.oi_offset < m->oinfo.oi_offset + m->len)
			return;
	}
	tp = begin(0);
	CHECK(tp);
	error = xfs_refcount_increase(tp, fsbno, len);
	CHECK(error == 0 || error == -ENOSPC);
	if (error) {
		CHECK(!xfs_trans_is_dirty(tp));
		xfs_trans_cancel(tp);
		return;
	}
	CHECK(xfs_rmap_map(tp, fsbno, len, &oinfo) == 0);
	commit(tp);
	add_map(fsbno, len, &oinfo);
}

static void op_convert(void)
{
	struct xfs_owner_info oinfo;
	xfs_extlen_t off, len;
	struct xfs_trans *tp;
	xfs_fsblock_t fsbno;
	uint32_t i;

	if (!pick(&i, &off, &len) || !is_data(&M->maps[i].oinfo))
		return;
	oinfo = part_owner(&M->maps[i], off);
	fsbno = M->maps[i].fsbno + off;
	tp = begin(0);
	CHECK(tp);
	CHECK(xfs_rmap_convert(tp, fsbno, len, &oinfo) == 0);
	commit(tp);
	cut_map(i, off, len);
	oinfo.oi_flags ^= XFS_OWNER_UNWRITTEN;
	add_map(fsbno, len, &oinfo);
}

static void op_find_shared(void)
{
	xfs_fsblock_t found, fsbno;
	xfs_extlen_t off, len, found_len;
	uint32_t i, first, end;

	if (!pick(&i, &off, &len) || !is_data(&M->maps[i].oinfo))
		return;
	fsbno = M->maps[i].fsbno + off;
	CHECK(xfs_refcount_find_shared(M->mp, fsbno, len, &found, &found_len) == 0);
	uint32_t *owners = calloc(len, sizeof(*owners));

	for (uint32_t k = 0; k < M->nmaps; k++) {
		const struct map *m = &M->maps[k];

		for (xfs_fsblock_t b = XFS_MAX(m->fsbno, fsbno);
		     b < XFS_MIN(m->fsbno + m->len, fsbno + len); b++)
			owners[b - fsbno]++;
	}
	for (first = 0; first < len && owners[first] < 2;)
		first++;
	for (end = first; end < len && owners[end] > 1;)
		end++;
	free(owners);
	CHECK(found == (first < len ? fsbno + first : NULLFSBLOCK));
	CHECK(found_len == end - first);
}

/* ---- inodes -------------------------------------------------------------------------- */

static void op_new_chunk(void)
{
	xfs_agnumber_t agno = (xfs_agnumber_t)below(geo()->agcount);
	struct xfs_perag *pag = xfs_perag_get(M->mp, agno);
	struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_INODES);
	uint32_t blocks = geo()->ialloc_blks, records = geo()->ialloc_inos / 64;
	xfs_agblock_t eoag = pag->pag_length - pag->pag_length % geo()->cluster_align;
	xfs_agblock_t min =
		(xfs_agblock_t)xfs_roundup64(geo()->agfl_block + 1u, geo()->cluster_align);
	xfs_agblock_t agbno = (xfs_agblock_t)below(pag->pag_length);
	struct xfs_trans *tp = begin(blocks + records * xfs_inobt_insert_blocks(M->mp));

	if (!tp || M->nchunks + records > MAX_CHUNKS) {
		xfs_trans_cancel(tp);
		return;
	}
	xfs_mutex_lock(&pag->pag_lock);
	CHECK(xfs_perag_load_agi(pag) == 0);
	CHECK(xfs_alloc_chunk_locked(tp, pag, &agbno, blocks, geo()->cluster_align, min,
				     eoag - blocks) == 0);
	if (agbno == NULLAGBLOCK) {
		CHECK(!xfs_trans_is_dirty(tp));
		xfs_mutex_unlock(&pag->pag_lock);
		xfs_trans_cancel(tp);
		return;
	}
	CHECK(agbno % geo()->cluster_align == 0 && agbno >= min && agbno <= eoag - blocks);
	for (uint32_t i = 0; i < records; i++) {
		struct chunk *c = &M->chunks[M->nchunks++];

		memset(c, 0, sizeof(*c));
		c->agno = agno;
		c->rec.ir_startino = XFS_AGB_TO_AGINO(geo(), agbno) + 64 * i;
		c->rec.ir_count = c->rec.ir_freecount = 64;
		c->rec.ir_free = ~0ull;
		CHECK(xfs_inobt_insert(tp, pag, &c->rec) == 0);
	}
	xfs_agi_mod_counts(tp, pag, 64 * (int32_t)records, 64 * (int32_t)records);
	xfs_mutex_unlock(&pag->pag_lock);
	commit(tp);
	add_map(XFS_AGB_TO_FSB(geo(), agno, agbno), blocks, &oinfo);
}

/* Flip one inode of a chunk; an empty chunk may go. */
static void op_change_chunk(void)
{
	struct xfs_inobt_rec_incore old, rec;
	struct xfs_perag *pag;
	struct xfs_trans *tp;
	struct chunk *c;
	uint64_t bit;

	if (!M->nchunks)
		return;
	c = &M->chunks[below(M->nchunks)];
	pag = xfs_perag_get(M->mp, c->agno);
	tp = begin(0);
	CHECK(tp);
	old = rec = c->rec;
	xfs_mutex_lock(&pag->pag_lock);
	CHECK(xfs_perag_load_agi(pag) == 0);
	if (old.ir_freecount == 64 && geo()->ialloc_inos == 64 && below(2)) {
		struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_INODES);
		xfs_fsblock_t fsbno = XFS_AGB_TO_FSB(geo(), c->agno,
						     XFS_AGINO_TO_AGBNO(geo(), old.ir_startino));

		CHECK(xfs_inobt_delete(tp, pag, &old) == 0);
		xfs_agi_mod_counts(tp, pag, -64, -64);
		CHECK(xfs_free_extent_later(tp, fsbno, geo()->ialloc_blks, &oinfo,
					    XFS_AG_RESV_NONE) == 0);
		for (uint32_t i = 0; i < M->nmaps; i++) {
			if (M->maps[i].fsbno == fsbno) {
				M->maps[i] = M->maps[--M->nmaps];
				break;
			}
		}
		*c = M->chunks[--M->nchunks];
	} else {
		/* To the full, to the empty, or one at a time: all that matters to the finobt. */
		switch (below(3)) {
		case 0:
			rec.ir_free = 0;
			break;
		case 1:
			rec.ir_free = ~0ull;
			break;
		default:
			bit = 1ull << below(64);
			rec.ir_free ^= bit;
		}
		rec.ir_freecount = (uint8_t)__builtin_popcountll(rec.ir_free);
		CHECK(xfs_inobt_update(tp, pag, &old, &rec) == 0);
		xfs_agi_mod_counts(tp, pag, 0, (int32_t)rec.ir_freecount - old.ir_freecount);
		c->rec = rec;
	}
	xfs_mutex_unlock(&pag->pag_lock);
	commit(tp);
}

static uint32_t distance(uint32_t agino, uint32_t start)
{
	return agino < start ? start - agino : agino - start < 64 ? 0 : agino - start - 63;
}

static void op_find_inode(void)
{
	xfs_agnumber_t agno = (xfs_agnumber_t)below(geo()->agcount);
	struct xfs_perag *pag = xfs_perag_get(M->mp, agno);
	xfs_agino_t agino = (xfs_agino_t)below((uint64_t)pag->pag_length << geo()->inopblog);
	uint32_t best = UINT32_MAX;
	struct xfs_inobt_rec_incore rec;
	bool found, covered = false;

	for (uint32_t i = 0; i < M->nchunks; i++) {
		const struct chunk *c = &M->chunks[i];

		if (c->agno != agno)
			continue;
		if (c->rec.ir_freecount)
			best = XFS_MIN(best, distance(agino, c->rec.ir_startino));
		covered |= agino - c->rec.ir_startino < 64;
	}
	xfs_mutex_lock(&pag->pag_lock);
	CHECK(xfs_perag_load_agi(pag) == 0);
	CHECK(xfs_inobt_find_free(pag, agino, &rec, &found) == 0);
	CHECK(found == (best != UINT32_MAX));
	if (found)
		CHECK(rec.ir_freecount && distance(agino, rec.ir_startino) == best);
	CHECK(xfs_inobt_lookup(pag, agino, &rec, &found) == 0 && found == covered);
	xfs_mutex_unlock(&pag->pag_lock);
}

/* ---- runs ------------------------------------------------------------------------------ */

static void random_phase(uint32_t count, uint32_t grow)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t what = below(100);

		if (M->keep_inodes && what >= 24 && what < 37)
			what = 50;
		if (what < 12)
			op_share();
		else if (what < 24)
			op_convert();
		else if (what < 27)
			op_new_chunk();
		else if (what < 35)
			op_change_chunk();
		else if (what < 37)
			op_find_inode();
		else if (what < 39)
			op_find_shared();
		else if (below(100) < grow)
			op_alloc();
		else
			op_free();
		if (i % 200 == 0)
			check_all();
	}
	check_all();
}

/* Inodes come and go until the trees of them are high. */
static void inode_phase(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (below(100) < 60)
			op_new_chunk();
		else
			op_change_chunk();
		op_find_inode();
		if (i % 200 == 0)
			check_all();
	}
	check_all();
}

/*
 * Single blocks of many files until nothing is left, then every other one goes: the
 * most records that free space and reverse map can have.
 */
static void comb_phase(void)
{
	for (uint32_t n = 0;; n++) {
		struct xfs_alloc_arg args = {
			.target = NULLFSBLOCK, .minlen = 1, .maxlen = 1,
			.oinfo = xfs_owner_file(some_ino(), false, 3 * n, false),
			.flags = XFS_ALLOC_USERDATA,
		};

		if (op_alloc_with(&args, false) < 0)
			break;
	}
	CHECK(xfs_fdblocks_available(M->mp) == 0);
	check_all();
	for (uint32_t i = M->nmaps; i > 1; i--) {
		uint32_t k = (uint32_t)below(i);
		struct map tmp = M->maps[k];

		M->maps[k] = M->maps[i - 1];
		M->maps[i - 1] = tmp;
	}
	for (uint32_t i = M->nmaps; i-- > 0;) {
		const struct map *m = &M->maps[i];

		if (m->len == 1 && m->fsbno % 2 && !XFS_RMAP_NON_INODE_OWNER(m->oinfo.oi_owner))
			op_free_part(i, 0, 1);
		if (i % 4000 == 0)
			check_all();
	}
	check_all();
}

/* Until nothing can be had; then go on using what is there. */
static void fill_up(void)
{
	uint32_t misses = 0;

	while (misses < 3) {
		struct xfs_alloc_arg args = {
			.target = NULLFSBLOCK, .minlen = 1,
			.maxlen = misses ? 1 : 1 + (xfs_extlen_t)below(600),
			.oinfo = random_owner(), .flags = XFS_ALLOC_USERDATA,
		};

		if (op_alloc_with(&args, below(2)) < 0)
			misses++;
	}
	/* Full means full: what the counter does not promise is all that is left. */
	CHECK(xfs_fdblocks_available(M->mp) == 0);
	check_all();
}

/* Every file goes, in no order; what is left belongs to inodes and the log. */
static void free_all(void)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < M->nmaps; i++)
		left += !XFS_RMAP_NON_INODE_OWNER(M->maps[i].oinfo.oi_owner);
	while (left) {
		uint32_t i = (uint32_t)below(M->nmaps);

		if (XFS_RMAP_NON_INODE_OWNER(M->maps[i].oinfo.oi_owner))
			continue;
		op_free_part(i, 0, M->maps[i].len);
		if (--left % 500 == 0)
			check_all();
	}
	check_all();
	CHECK(xfs_perag_get(M->mp, 0)->pag_nr_tofree == 0);
}

static int print_finding(void *ctx, const struct xfs_finding *finding)
{
	(void)ctx;
	fprintf(stderr, "%s: AG %" PRId64 ", block %" PRIu64 ": %s\n", finding->structure,
		finding->agno, finding->block, finding->text);
	return 0;
}

/* Everything is as it was after formatting: the checker, which shares no code, must agree. */
static void check_by_checker(void)
{
	struct xfs_check_options opts = {
		.size = sizeof(opts), .finding = print_finding, .max_findings = 10,
	};
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;

	test_mount_settle(M->mp);
	CHECK(xfs_check(M->mp->m_dev, NULL, &opts, &summary) == 0);
	CHECK(summary.findings == 0);
	if (getenv("XFSWRITE_SAVE"))
		CHECK(test_device_save(M->mp->m_dev, getenv("XFSWRITE_SAVE")) == 0);
}

static void run(const struct xfs_mkfs_options *opts, uint64_t size, uint32_t count,
		bool keep_inodes, uint64_t seed)
{
	M = calloc(1, sizeof(*M));
	if (!M)
		abort();
	M->seed = seed;
	M->keep_inodes = keep_inodes;
	xfs_rand_seed(&M->rand, seed);
	M->mp = test_mount_mkfs(size, opts);
	take_over();
	check_all();

	random_phase(count, 65);
	random_phase(count, 50);
	fill_up();
	random_phase(count / 2, 50);
	fill_up();
	random_phase(count / 2, 30);
	free_all();
	comb_phase();
	if (!keep_inodes)
		inode_phase(count / 4);
	random_phase(count / 4, 50);
	fill_up();
	random_phase(count / 4, 50);
	free_all();
	if (keep_inodes)
		check_by_checker();

	printf("blocks of %u, %u AGs: heights", geo()->blocksize, geo()->agcount);
	for (unsigned int i = 0; i < AG_WALK_TREES; i++)
		printf(" %u", M->max_height[i]);
	printf(", %" PRIu64 " refused\n", M->refused);
	test_mount_free(M->mp);
	free(M);
}

int main(void)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .blocksize = 1024, .agcount = 2,
		.log_size = 5 << 20,
	};
	uint64_t seed;

	test_seed_init(1);
	seed = test_seed();
	run(&opts, 60 << 20, 8000, false, seed);
	opts.agcount = 3;
	opts.reflink = XFS_MKFS_OFF;
	run(&opts, 54 << 20, 5000, true, seed + 1);
	opts.rmapbt = XFS_MKFS_OFF;
	opts.finobt = opts.inobtcount = XFS_MKFS_OFF;
	run(&opts, 54 << 20, 5000, false, seed + 2);
	opts = (struct xfs_mkfs_options){
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .agcount = 2, .log_size = 8 << 20,
	};
	run(&opts, 80 << 20, 4000, false, seed + 3);
	run(&opts, 80 << 20, 3000, true, seed + 4);
	return 0;
}
