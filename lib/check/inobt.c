/* SPDX-License-Identifier: MIT */
/*
 * Inode records.  The tree of all inodes is walked first and produces the table of chunks that all
 * later lookups of inodes use.  The tree of free inodes must contain the same records, restricted
 * to those with a free inode, bit for bit.
 */
#include "check/check_priv.h"

struct inobt_walk {
	struct xfs_check_ag *ag;
	uint64_t count, freecount;	/* sums over the records */
	uint64_t with_free;		/* records with a free inode */
	uint32_t last_block;		/* last block given to OWN_INODES, plus one */
	uint32_t block, in_block;	/* last block with records, and how many start in it */
};

static const struct xfs_check_bt_type ino_type = {
	.name = "inobt", .magic = XFS_IBT_CRC_MAGIC, .reclen = sizeof(struct xfs_inobt_rec),
	.keylen = sizeof(struct xfs_inobt_key),
	.owner = XFS_RMAP_OWN_INOBT, .cmp = xfs_check_cmp32, .low_key = xfs_check_key32,
};

static const struct xfs_check_bt_type fino_type = {
	.name = "finobt", .magic = XFS_FIBT_CRC_MAGIC, .reclen = sizeof(struct xfs_inobt_rec),
	.keylen = sizeof(struct xfs_inobt_key),
	.owner = XFS_RMAP_OWN_INOBT, .cmp = xfs_check_cmp32, .low_key = xfs_check_key32,
};

static uint64_t hole_inodes(uint16_t holemask)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < XFS_INOBT_HOLEMASK_BITS; i++) {
		if (holemask >> i & 1)
			bits |= ((1ull << XFS_INODES_PER_HOLEMASK_BIT) - 1) << (XFS_INODES_PER_HOLEMASK_BIT * i);
	}
	return bits;
}

static void decode(const struct xfs_check_geo *g, const uint8_t *rec, struct xfs_check_chunk *c,
		   uint32_t *freecount)
{
	struct xfs_inobt_rec r;

	memcpy(&r, rec, sizeof(r));
	memset(c, 0, sizeof(*c));
	c->startino = be32_to_cpu(r.ir_startino);
	c->free = be64_to_cpu(r.ir_free);
	if (g->spinodes) {
		c->holemask = be16_to_cpu(r.ir_holemask);
		c->count = r.ir_count;
		*freecount = r.ir_freecount;
	} else {
		c->count = XFS_INODES_PER_CHUNK;
		*freecount = be32_to_cpu(r.ir_freecount_full);
	}
	c->freecount = (uint8_t)XFS_MIN(*freecount, 255u);
}

/* The existing blocks of a chunk belong to OWN_INODES. */
static void own_chunk(struct xfs_check_bt *bt, const struct xfs_check_chunk *c)
{
	struct inobt_walk *iw = bt->ctx;
	const struct xfs_check_geo *g = &bt->chk->g;
	uint64_t holes = hole_inodes(c->holemask);

	for (uint32_t i = 0; i < XFS_INODES_PER_CHUNK;) {
		uint32_t agbno = (c->startino + i) >> g->inopblog;
		uint32_t in_block = XFS_MIN(g->inopblock, XFS_INODES_PER_CHUNK);
		uint64_t mask = (in_block == XFS_INODES_PER_CHUNK ? ~0ull : (1ull << in_block) - 1) << i;

		/* Several records may share one large block. */
		if ((holes & mask) != mask && agbno + 1 != iw->last_block) {
			xfs_check_own(bt->chk, bt->agno, agbno, 1, XFS_RMAP_OWN_INODES, 0);
			bt->chk->sum.metadata_blocks++;
			iw->last_block = agbno + 1;
		}
		i += in_block;
	}
}

static bool check_alignment(const struct xfs_check_geo *g, uint32_t startino)
{
	uint32_t agbno = startino >> g->inopblog, in_block = startino & (g->inopblock - 1);

	if (g->inopblock <= XFS_INODES_PER_CHUNK ? in_block != 0 :
						   in_block % XFS_INODES_PER_CHUNK != 0)
		return false;
	return !g->inoalignmt || agbno % g->inoalignmt == 0;
}

/*
 * A block with more inodes than a chunk must have all of its records.  @next: the block that comes
 * next.
 */
static void check_whole_block(struct xfs_check_bt *bt, uint32_t next)
{
	struct inobt_walk *iw = bt->ctx;
	uint32_t want = bt->chk->g.inopblock / XFS_INODES_PER_CHUNK;

	if (want > 1 && iw->in_block && next != iw->block && iw->in_block != want)
		xfs_check_report(bt->chk, bt->at, "block %u has %u inode records, not %u",
				 iw->block, iw->in_block, want);
	iw->in_block = next == iw->block ? iw->in_block + 1 : 1;
	iw->block = next;
}

static void ino_record(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct inobt_walk *iw = bt->ctx;
	struct xfs_check *chk = bt->chk;
	const struct xfs_check_geo *g = &chk->g;
	struct xfs_check_vec *vec = &iw->ag->chunks;
	const struct xfs_check_chunk *last = vec->n ? (struct xfs_check_chunk *)vec->v + vec->n - 1
						    : NULL;
	struct xfs_check_chunk c, *slot;
	uint32_t freecount, real_free, real_count;
	uint64_t holes;

#define BAD(...) xfs_check_report(chk, bt->at, __VA_ARGS__)
	decode(g, rec, &c, &freecount);
	if (!xfs_check_agino_valid(g, bt->agno, c.startino) ||
	    !xfs_check_agino_valid(g, bt->agno, (uint64_t)c.startino + XFS_INODES_PER_CHUNK - 1)) {
		BAD("record at inode %u: not in the range of inode numbers", c.startino);
		bt->broken = true;
		return;
	}
	if (!check_alignment(g, c.startino)) {
		BAD("record at inode %u: badly aligned", c.startino);
		if (c.startino % XFS_MIN(g->inopblock, XFS_INODES_PER_CHUNK)) {
			bt->broken = true;
			return;		/* its inodes would straddle blocks */
		}
	}
	if (last && c.startino < last->startino + XFS_INODES_PER_CHUNK) {
		BAD("record at inode %u: overlaps the one before it", c.startino);
		bt->broken = true;
		return;			/* keep the table in ascending order */
	}
	check_whole_block(bt, c.startino >> g->inopblog);
	holes = hole_inodes(c.holemask);
	real_count = XFS_INODES_PER_CHUNK - (uint32_t)__builtin_popcountll(holes);
	real_free = (uint32_t)__builtin_popcountll(c.free & ~holes);
	if (c.count != real_count || !real_count)
		BAD("record at inode %u: ir_count is %u, but %u inodes are not holes", c.startino,
		    c.count, real_count);
	if (freecount != real_free)
		BAD("record at inode %u: ir_freecount is %u, but %u inodes are free", c.startino,
		    freecount, real_free);
	if (holes & ~c.free)
		BAD("record at inode %u: holes (ir_holemask 0x%04x) are not marked free",
		    c.startino, c.holemask);
	if (c.holemask && g->spino_align) {
		/* A sparse part is allocated and freed as a whole. */
		uint32_t unit = g->spino_align << g->inopblog;

		for (uint32_t i = 0; unit < XFS_INODES_PER_CHUNK && i < XFS_INODES_PER_CHUNK; i += unit) {
			uint64_t part = ((1ull << unit) - 1) << i;

			if ((holes & part) && (holes & part) != part) {
				BAD("record at inode %u: ir_holemask 0x%04x splits a cluster",
				    c.startino, c.holemask);
				break;
			}
		}
	}
#undef BAD
	iw->count += real_count;
	iw->freecount += real_free;
	iw->with_free += freecount != 0;
	own_chunk(bt, &c);
	slot = xfs_check_push(chk, vec, sizeof(*slot));
	if (slot)
		*slot = c;
}

static struct xfs_check_chunk *find_chunk(const struct xfs_check_ag *ag, uint32_t agino)
{
	struct xfs_check_chunk *v = ag->chunks.v;
	size_t lo = 0, hi = ag->chunks.n;

	/* The last record that starts at or before @agino. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].startino <= agino)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && agino - v[lo - 1].startino < XFS_INODES_PER_CHUNK ? &v[lo - 1] : NULL;
}

struct xfs_check_chunk *xfs_check_find_chunk(struct xfs_check *chk, xfs_ino_t ino)
{
	if (ino >> chk->g.agino_log >= chk->g.agcount)
		return NULL;
	return find_chunk(&chk->ag[xfs_check_ino_agno(&chk->g, ino)],
			  xfs_check_ino_agino(&chk->g, ino));
}

static void fino_record(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct inobt_walk *iw = bt->ctx;
	const struct xfs_check_chunk *known;
	struct xfs_check_chunk c;
	uint32_t freecount;

	decode(&bt->chk->g, rec, &c, &freecount);
	known = find_chunk(iw->ag, c.startino);
	if (!freecount)
		xfs_check_report(bt->chk, bt->at, "record at inode %u: it has no free inode",
				 c.startino);
	if (!known || known->startino != c.startino)
		xfs_check_report(bt->chk, bt->at, "record at inode %u: the inobt has none there",
				 c.startino);
	else if (known->holemask != c.holemask || known->count != c.count ||
		 known->freecount != c.freecount || known->free != c.free)
		xfs_check_report(bt->chk, bt->at,
				 "record at inode %u: differs from that of the inobt", c.startino);
}

void xfs_check_inobt(struct xfs_check *chk, uint32_t agno, const struct xfs_agi *agi)
{
	struct xfs_check_place at = xfs_check_at("agi", agno, 0, XFS_CHECK_NOINO);
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct inobt_walk iw = { .ag = ag };
	struct xfs_check_bt ino = {
		.chk = chk, .type = &ino_type, .agno = agno, .seen = &chk->seen, .ctx = &iw,
		.mxr = { chk->g.inobt_mxr[0], chk->g.inobt_mxr[1] },
		.block = xfs_check_own_tree_block, .record = ino_record,
	};
	struct xfs_check_bt fino = ino;

	xfs_check_bt_walk(&ino, ag->ino_root, ag->ino_level);
	check_whole_block(&ino, NULLAGBLOCK);
	ag->inobt_ok = !ino.broken;
	ag->icount = iw.count;
	ag->ifree = iw.freecount;
	if (chk->stop)
		return;
	if (!ino.broken) {
		if (be32_to_cpu(agi->agi_count) != iw.count)
			xfs_check_report(chk, at, "agi_count is %u, counted %" PRIu64,
					 be32_to_cpu(agi->agi_count), iw.count);
		if (be32_to_cpu(agi->agi_freecount) != iw.freecount)
			xfs_check_report(chk, at, "agi_freecount is %u, counted %" PRIu64,
					 be32_to_cpu(agi->agi_freecount), iw.freecount);
		if (chk->g.inobtcnt && be32_to_cpu(agi->agi_iblocks) != ino.blocks)
			xfs_check_report(chk, at, "agi_iblocks is %u, counted %" PRIu64,
					 be32_to_cpu(agi->agi_iblocks), ino.blocks);
	}
	if (!chk->g.finobt)
		return;
	fino.type = &fino_type;
	fino.record = fino_record;
	xfs_check_bt_walk(&fino, ag->fino_root, ag->fino_level);
	if (fino.broken || chk->stop)
		return;
	if (chk->g.inobtcnt && be32_to_cpu(agi->agi_fblocks) != fino.blocks)
		xfs_check_report(chk, at, "agi_fblocks is %u, counted %" PRIu64,
				 be32_to_cpu(agi->agi_fblocks), fino.blocks);
	if (!ino.broken && fino.records != iw.with_free)
		xfs_check_report(chk, xfs_check_at("finobt", agno, ag->fino_root, XFS_CHECK_NOINO),
				 "%" PRIu64 " records, but %" PRIu64
				 " of the inobt have free inodes",
				 fino.records, iw.with_free);
}
