/* SPDX-License-Identifier: MIT */
/*
 * The reference count tree: first its own shape, and, once all mappings of files are known, whether
 * it counts them right.
 */
#include "check/check_priv.h"

struct refc_run {
	uint32_t start, len, count;
};

struct refc_walk {
	struct refc_run last;		/* the previous record; len 0: none */
	/* second walk: the runs computed from the mappings, and how many have matched */
	const struct refc_run *want;
	size_t n, next;
	struct refc_run have;		/* touching records with one count, joined */
};

static const struct xfs_check_bt_type refc_type = {
	.name = "refcountbt", .magic = XFS_REFC_CRC_MAGIC, .reclen = sizeof(struct xfs_refcount_rec),
	.keylen = sizeof(struct xfs_refcount_key),
	.owner = XFS_RMAP_OWN_REFC, .cmp = xfs_check_cmp32, .low_key = xfs_check_key32,
};

static struct refc_run decode(const uint8_t *rec)
{
	const struct xfs_refcount_rec *r = (const void *)rec;

	return (struct refc_run){ be32_to_cpu(r->rc_startblock), be32_to_cpu(r->rc_blockcount),
				  be32_to_cpu(r->rc_refcount) };
}

static void first_walk(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct xfs_check *chk = bt->chk;
	struct refc_walk *rw = bt->ctx;
	struct refc_run r = decode(rec), *last = &rw->last;
	bool cow = r.start & XFS_REFC_COWFLAG;
	uint32_t start = r.start & ~XFS_REFC_COWFLAG;
	uint64_t last_end = (uint64_t)last->start + last->len;

	if (!xfs_check_agbno(&chk->g, bt->agno, start, r.len)) {
		xfs_check_report(chk, bt->at, "record (0x%x, %u, %u) does not lie in the group",
				 r.start, r.len, r.count);
		bt->broken = true;
		return;
	}
	if (cow ? r.count != 1 : r.count < 2)
		xfs_check_report(chk, bt->at, "record (%u, %u) counts %u references%s", start,
				 r.len, r.count, cow ? ", a staging extent has 1" : "");
	if (last->len && r.start < last_end)
		xfs_check_report(chk, bt->at, "record (0x%x, %u, %u) overlaps the one before it",
				 r.start, r.len, r.count);
	if (last->len && r.start == last_end && r.count == last->count &&
	    (uint64_t)last->len + r.len < UINT32_MAX)
		xfs_check_report(chk, bt->at,
				 "record (0x%x, %u, %u) should be one with the one before", r.start,
				 r.len, r.count);
	*last = r;
	if (cow) {
		xfs_check_own(chk, bt->agno, start, r.len, XFS_RMAP_OWN_COW, 0);
		if (chk->log_clean)
			xfs_check_report(chk, bt->at,
					 "staging extent (%u, %u) of a copy-on-write was "
					 "left over",
					 start, r.len);
	}
}

void xfs_check_refcountbt(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf)
{
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct refc_walk rw = { .n = 0 };
	struct xfs_check_bt bt = {
		.chk = chk, .type = &refc_type, .agno = agno, .seen = &chk->seen, .ctx = &rw,
		.mxr = { chk->g.refc_mxr[0], chk->g.refc_mxr[1] },
		.block = xfs_check_own_tree_block, .record = first_walk,
	};

	xfs_check_bt_walk(&bt, ag->refc_root, ag->refc_level);
	ag->refc_ok = !bt.broken;
	if (!bt.broken && be32_to_cpu(agf->agf_refcount_blocks) != bt.blocks)
		xfs_check_report(chk, xfs_check_at("agf", agno, 0, XFS_CHECK_NOINO),
				 "agf_refcount_blocks is %u, counted %" PRIu64,
				 be32_to_cpu(agf->agf_refcount_blocks), bt.blocks);
}

/*
 * Compute how often each block is mapped by data forks: runs of two and more.  @spans is sorted by
 * start.  Spans are processed in groups connected by overlaps; within a group the ends are sorted
 * too, and both lists are swept.
 */
struct sweep {
	struct xfs_check *chk;
	struct xfs_check_vec want;	/* struct refc_run */
	struct xfs_check_vec starts, ends;	/* uint32_t, of the current group */
	uint32_t group_end;
};

static inline bool is_data(const struct xfs_check_span *s)
{
	return !XFS_RMAP_NON_INODE_OWNER(s->owner) &&
	       !(s->offset & (XFS_RMAP_OFF_ATTR_FORK | XFS_RMAP_OFF_BMBT_BLOCK));
}

XFS_CHECK_DEFINE_SORT(sort32, uint32_t, *a < *b)

static void add_run(struct sweep *sw, uint32_t start, uint32_t end, size_t count)
{
	struct refc_run *last = sw->want.n ? (struct refc_run *)sw->want.v + sw->want.n - 1 : NULL;
	uint32_t capped = (uint32_t)XFS_MIN(count, (size_t)XFS_REFC_REFCOUNT_MAX);
	struct refc_run *run;

	if (count < 2 || start == end)
		return;
	sw->chk->sum.shared_blocks += end - start;
	if (last && last->start + last->len == start && last->count == capped) {
		last->len += end - start;
		return;
	}
	run = xfs_check_push(sw->chk, &sw->want, sizeof(*run));
	if (run)
		*run = (struct refc_run){ start, end - start, capped };
}

static void close_group(struct sweep *sw)
{
	const uint32_t *starts = sw->starts.v, *ends = sw->ends.v;
	size_t n = sw->ends.n, s = 0, e = 0;
	uint32_t pos = 0;

	if (n > 1) {
		sort32(sw->ends.v, n);
		while (e < n) {
			uint32_t at = s < n && starts[s] < ends[e] ? starts[s] : ends[e];

			add_run(sw, pos, at, s - e);
			pos = at;
			while (s < n && starts[s] == at)
				s++;
			while (e < n && ends[e] == at)
				e++;
		}
	}
	sw->starts.n = sw->ends.n = 0;
}

static void sweep_data(struct sweep *sw, const struct xfs_check_span *spans, size_t n)
{
	for (size_t i = 0; i < n && !sw->chk->stop; i++) {
		uint32_t *start, *end;

		if (!is_data(&spans[i]))
			continue;
		if (sw->ends.n && spans[i].start >= sw->group_end)
			close_group(sw);
		if (!sw->ends.n)
			sw->group_end = 0;
		start = xfs_check_push(sw->chk, &sw->starts, sizeof(*start));
		end = xfs_check_push(sw->chk, &sw->ends, sizeof(*end));
		if (!start || !end)
			return;
		*start = spans[i].start;
		*end = spans[i].start + spans[i].len;
		sw->group_end = XFS_MAX(sw->group_end, *end);
	}
	close_group(sw);
}

/* Compare one joined run of records with the runs computed from the mappings. */
static void compare_run(struct xfs_check_bt *bt, struct refc_walk *rw)
{
	const struct refc_run *have = &rw->have;
	const struct refc_run *want;

	for (; rw->next < rw->n; rw->next++) {
		want = &rw->want[rw->next];
		if (have->len && want->start >= have->start + have->len)
			break;
		if (have->len && want->start + want->len > have->start) {
			if (want->start != have->start || want->len != have->len ||
			    want->count != have->count)
				xfs_check_report(bt->chk, bt->at,
						 "blocks %u to %u are counted %u times, "
						 "but files map %u to %u %u times",
						 have->start, have->start + have->len - 1,
						 have->count, want->start,
						 want->start + want->len - 1, want->count);
			rw->next++;
			return;
		}
		xfs_check_report(bt->chk, bt->at,
				 "no record for blocks %u to %u, which %u mappings "
				 "share",
				 want->start, want->start + want->len - 1, want->count);
	}
	if (have->len)
		xfs_check_report(bt->chk, bt->at,
				 "record for blocks %u to %u (%u references), which no "
				 "files share",
				 have->start, have->start + have->len - 1, have->count);
}

static void second_walk(struct xfs_check_bt *bt, const uint8_t *rec)
{
	struct refc_walk *rw = bt->ctx;
	struct refc_run r = decode(rec);

	if (r.start & XFS_REFC_COWFLAG)
		return;
	if (rw->have.len && r.start == rw->have.start + rw->have.len && r.count == rw->have.count) {
		rw->have.len += r.len;
		return;
	}
	if (rw->have.len)
		compare_run(bt, rw);
	rw->have = r;
}

void xfs_check_refcount_compare(struct xfs_check *chk, uint32_t agno)
{
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct xfs_check_set seen = { 0 };
	struct sweep sw = { .chk = chk };
	struct refc_walk rw = { .n = 0 };
	struct xfs_check_bt bt = {
		.chk = chk, .type = &refc_type, .agno = agno, .seen = &seen, .ctx = &rw,
		.mxr = { chk->g.refc_mxr[0], chk->g.refc_mxr[1] },
		.quiet = true, .record = second_walk,
	};

	sweep_data(&sw, ag->spans.v, ag->spans.n);
	if (ag->agf_ok && ag->refc_ok && !chk->stop) {
		rw.want = sw.want.v;
		rw.n = sw.want.n;
		xfs_check_bt_walk(&bt, ag->refc_root, ag->refc_level);
		if (rw.have.len)
			compare_run(&bt, &rw);
		rw.have.len = 0;
		compare_run(&bt, &rw);
	}
	xfs_check_vec_free(chk, &sw.want);
	xfs_check_vec_free(chk, &sw.starts);
	xfs_check_vec_free(chk, &sw.ends);
	xfs_check_set_free(chk, &seen);
}
