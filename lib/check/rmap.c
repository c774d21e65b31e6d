/* SPDX-License-Identifier: MIT */
/*
 * The reverse mapping tree: first its own shape, then, once all owners are known, whether it
 * records what they own.
 */
#include "check/check_priv.h"

#define FIXED(owner, offset) \
	(XFS_RMAP_NON_INODE_OWNER(owner) || ((offset) & XFS_RMAP_OFF_BMBT_BLOCK))

struct rmap_walk {
	struct xfs_check_span last;	/* the previous record; len 0: none */
	/* second walk */
	struct xfs_check_span *own;	/* by owner, merged */
	uint32_t *done;			/* blocks of each that records have covered */
	size_t n;
};

static int cmp_key(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, sizeof(struct xfs_rmap_key));
}

static struct xfs_check_span decode(const uint8_t *rec)
{
	const struct xfs_rmap_rec *r = (const void *)rec;

	return (struct xfs_check_span){
		.start = be32_to_cpu(r->rm_startblock), .len = be32_to_cpu(r->rm_blockcount),
		.owner = be64_to_cpu(r->rm_owner), .offset = be64_to_cpu(r->rm_offset),
	};
}

static void put_key(uint8_t *key, uint32_t start, uint64_t owner, uint64_t offset)
{
	struct xfs_rmap_key *k = (void *)key;

	k->rm_startblock = cpu_to_be32(start);
	k->rm_owner = cpu_to_be64(owner);
	k->rm_offset = cpu_to_be64(offset & ~XFS_RMAP_OFF_UNWRITTEN);
}

void xfs_check_rmap_low_key(const uint8_t *rec, uint8_t *key)
{
	struct xfs_check_span r = decode(rec);

	put_key(key, r.start, r.owner, r.offset);
}

void xfs_check_rmap_high_key(const uint8_t *rec, uint8_t *key)
{
	struct xfs_check_span r = decode(rec);
	uint64_t add = FIXED(r.owner, r.offset) || !r.len ? 0 : r.len - 1;

	put_key(key, r.start + r.len - 1, r.owner,
		(r.offset & XFS_RMAP_OFF_FLAGS) | XFS_RMAP_OFF(r.offset + add));
}

static const struct xfs_check_bt_type rmap_type = {
	.name = "rmapbt", .magic = XFS_RMAP_CRC_MAGIC, .reclen = sizeof(struct xfs_rmap_rec),
	.keylen = sizeof(struct xfs_rmap_key),
	.overlapping = true, .owner = XFS_RMAP_OWN_AG, .cmp = cmp_key,
	.low_key = xfs_check_rmap_low_key,
	.high_key = xfs_check_rmap_high_key,
};

static bool mergeable(const struct xfs_check_span *a, const struct xfs_check_span *b)
{
	return a->len && a->owner == b->owner && a->start + a->len == b->start &&
	       a->offset + (FIXED(a->owner, a->offset) ? 0 : a->len) == b->offset &&
	       (uint64_t)a->len + b->len <= UINT32_MAX;
}

#define BAD(text, ...) \
	xfs_check_report(bt->chk, bt->at, "record (%u, %u, owner %" PRId64 ", offset 0x%" PRIx64 \
			 ") " text, r.start, r.len, (int64_t)r.owner, r.offset, ##__VA_ARGS__)

static void first_walk(struct xfs_check_bt *bt, const uint8_t *rec)
{
	const struct xfs_check_geo *g = &bt->chk->g;
	struct rmap_walk *rw = bt->ctx;
	struct xfs_check_span r = decode(rec);
	uint64_t flags = r.offset & XFS_RMAP_OFF_FLAGS;

	if (r.owner == XFS_RMAP_OWN_FS ? r.start != 0 || r.len != g->agfl_block + 1
				       : !xfs_check_agbno(g, bt->agno, r.start, r.len))
		BAD("does not lie in the group");
	if (XFS_RMAP_NON_INODE_OWNER(r.owner)) {
		if (r.owner > XFS_RMAP_OWN_FS || r.owner < XFS_RMAP_OWN_COW)
			BAD("has an unknown owner");
		if (r.offset)
			BAD("has an offset, though its owner is not an inode");
	} else {
		if (!xfs_check_ino_valid(g, r.owner))
			BAD("has an owner that is not an inode number");
		if ((flags & XFS_RMAP_OFF_UNWRITTEN) && flags != XFS_RMAP_OFF_UNWRITTEN)
			BAD("is unwritten outside a data fork");
		if (r.offset & ~(XFS_RMAP_OFF_FLAGS | XFS_RMAP_OFF_MASK))
			BAD("has reserved bits set");
		if ((flags & XFS_RMAP_OFF_BMBT_BLOCK) && XFS_RMAP_OFF(r.offset))
			BAD("has an offset, though it is a tree block");
	}
	if (mergeable(&rw->last, &r))
		BAD("should be one with the record before it");
	rw->last = r;
}

void xfs_check_rmapbt(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf)
{
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct rmap_walk rw = { .n = 0 };
	struct xfs_check_bt bt = {
		.chk = chk, .type = &rmap_type, .agno = agno, .seen = &chk->seen, .ctx = &rw,
		.mxr = { chk->g.rmap_mxr[0], chk->g.rmap_mxr[1] },
		.block = xfs_check_own_tree_block, .record = first_walk,
	};

	xfs_check_bt_walk(&bt, ag->rmap_root, ag->rmap_level);
	ag->rmap_ok = !bt.broken;
	ag->btreeblks += (uint32_t)(bt.blocks - !!bt.blocks);
	if (!bt.broken && be32_to_cpu(agf->agf_rmap_blocks) != bt.blocks)
		xfs_check_report(chk, xfs_check_at("agf", agno, 0, XFS_CHECK_NOINO),
				 "agf_rmap_blocks is %u, counted %" PRIu64,
				 be32_to_cpu(agf->agf_rmap_blocks), bt.blocks);
}

/* The last span of this owner and these flags that starts at or before the record. */
static struct xfs_check_span *find_own(const struct rmap_walk *rw, const struct xfs_check_span *r)
{
	bool fixed = FIXED(r->owner, r->offset);
	size_t lo = 0, hi = rw->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct xfs_check_span *s = &rw->own[mid];
		bool after = s->owner != r->owner ? s->owner > r->owner :
			     s->offset != r->offset ? s->offset > r->offset : s->start > r->start;

		if (after)
			hi = mid;
		else
			lo = mid + 1;
	}
	/*
	 * In a sound file no two spans of one owner map the same offset; look at a few more anyway.
	 */
	for (size_t i = lo; i-- > 0 && lo - i < 8;) {
		struct xfs_check_span *s = &rw->own[i];
		uint64_t skip = r->start - s->start;

		if (s->owner != r->owner)
			break;
		if (r->start >= s->start && skip < s->len &&
		    r->offset == s->offset + (fixed ? 0 : skip))
			return s;
	}
	return NULL;
}

static void second_walk(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct rmap_walk *rw = bt->ctx;
	struct xfs_check_span r = decode(rec);
	struct xfs_check_span *s = find_own(rw, &r);
	uint32_t *done, skip;

	if (!s) {
		BAD("describes blocks that the owner does not have");
		return;
	}
	done = &rw->done[s - rw->own];
	skip = r.start - s->start;
	if (skip < *done) {
		BAD("repeats what another record says");
		return;
	}
	if (skip > *done)
		xfs_check_report(bt->chk, bt->at, "no record for blocks %u to %u (owner %" PRId64
				 ", offset 0x%" PRIx64 ")", s->start + *done, r.start - 1,
				 (int64_t)s->owner, s->offset);
	if (r.len > s->len - skip) {
		BAD("is longer than what the owner has, which ends at block %u",
		    s->start + s->len - 1);
		*done = s->len;
		return;
	}
	*done = skip + r.len;
}

#undef BAD

void xfs_check_rmap_compare(struct xfs_check *chk, uint32_t agno)
{
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct xfs_check_set seen = { 0 };
	struct rmap_walk rw = { .own = ag->spans.v };
	struct xfs_check_bt bt = {
		.chk = chk, .type = &rmap_type, .agno = agno, .seen = &seen, .ctx = &rw,
		.mxr = { chk->g.rmap_mxr[0], chk->g.rmap_mxr[1] },
		.quiet = true, .record = second_walk,
	};

	/*
	 * Merge adjacent spans of one owner, even if the tree has another owner's record between
	 * them.
	 */
	xfs_check_sort_by_owner(rw.own, ag->spans.n);
	for (size_t i = 0; i < ag->spans.n; i++) {
		if (rw.n && mergeable(&rw.own[rw.n - 1], &rw.own[i]))
			rw.own[rw.n - 1].len += rw.own[i].len;
		else
			rw.own[rw.n++] = rw.own[i];
	}
	rw.done = xfs_mem_zalloc(&chk->mem, (rw.n + 1) * sizeof(*rw.done));
	if (!rw.done) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	xfs_check_bt_walk(&bt, ag->rmap_root, ag->rmap_level);
	for (size_t i = 0; i < rw.n && !chk->stop; i++) {
		const struct xfs_check_span *s = &rw.own[i];

		if (rw.done[i] < s->len)
			xfs_check_report(
				chk, xfs_check_at("rmapbt", agno, ag->rmap_root, XFS_CHECK_NOINO),
				"no record for blocks %u to %u (owner %" PRId64
				", offset 0x%" PRIx64 ")",
				s->start + rw.done[i], s->start + s->len - 1, (int64_t)s->owner,
				s->offset);
	}
	xfs_mem_free(&chk->mem, rw.done);
	xfs_check_set_free(chk, &seen);
}
