/* SPDX-License-Identifier: MIT */
/*
 * After everything has been walked: each block of an AG must be free or have an owner, and not
 * both.  Only data of files may have several owners, as the reference counts say.  The reverse
 * mapping tree is not trusted here; it is compared last.
 */
#include <stdio.h>
#include "check/check_priv.h"

#define KEY_OFFSET(s)	((s)->offset & ~XFS_RMAP_OFF_UNWRITTEN)

XFS_CHECK_DEFINE_SORT(sort_spans, struct xfs_check_span,
		      a->start != b->start ? a->start < b->start :
		      a->owner != b->owner ? a->owner < b->owner : KEY_OFFSET(a) < KEY_OFFSET(b))
XFS_CHECK_DEFINE_SORT(sort_by_owner, struct xfs_check_span,
		      a->owner != b->owner ? a->owner < b->owner :
		      a->offset != b->offset ? a->offset < b->offset : a->start < b->start)

void xfs_check_sort_spans(struct xfs_check_span *v, size_t n)
{
	sort_spans(v, n);
}

void xfs_check_sort_by_owner(struct xfs_check_span *v, size_t n)
{
	sort_by_owner(v, n);
}

/* Name of an owner in a sentence. */
struct owner_name { char s[64]; };

static struct owner_name owner_name(const struct xfs_check_span *s)
{
	static const char *const special[] = {
		"nobody: it is free", "", "the headers", "the log",
		"the free space trees", "the inode trees", "inodes", "the refcountbt",
		"a copy-on-write leftover",
	};
	struct owner_name out;
	uint64_t index = ~s->owner;

	if (index < ARRAY_SIZE(special))
		snprintf(out.s, sizeof(out.s), "%s", special[index]);
	else
		snprintf(out.s, sizeof(out.s), "%s of inode %" PRIu64,
			 s->offset & XFS_RMAP_OFF_BMBT_BLOCK ? "a tree block" :
			 s->offset & XFS_RMAP_OFF_ATTR_FORK ? "attributes" : "data", s->owner);
	return out;
}

static bool may_share(struct xfs_check *chk, const struct xfs_check_span *s)
{
	struct xfs_check_chunk_info *info;
	uint32_t i;

	if (!chk->g.reflink || XFS_RMAP_NON_INODE_OWNER(s->owner) ||
	    (s->offset & XFS_RMAP_OFF_FLAGS))
		return false;
	info = xfs_check_info(chk, s->owner, &i);
	return info && (info->what[i] & XFS_CHECK_INO_REFLINK);
}

static void report_overlap(struct xfs_check *chk, uint32_t agno, const struct xfs_check_span *a,
			   const struct xfs_check_span *b, uint32_t end)
{
	bool both_data = !((a->offset | b->offset) & XFS_RMAP_OFF_FLAGS) &&
			 !XFS_RMAP_NON_INODE_OWNER(a->owner) && !XFS_RMAP_NON_INODE_OWNER(b->owner);

	xfs_check_report(
		chk,
		xfs_check_at("space", agno, b->start,
			     XFS_RMAP_NON_INODE_OWNER(b->owner) ? XFS_CHECK_NOINO : b->owner),
		"blocks %u to %u belong to %s and to %s%s", b->start, end - 1, owner_name(b).s,
		owner_name(a).s, both_data ? ", which cannot share" : "");
}

struct sweep {
	struct xfs_check *chk;
	uint32_t agno;
	uint32_t pos;			/* first block not claimed so far */
	struct xfs_check_span holder;	/* the claim that ends there */
};

static void claim(struct sweep *sw, const struct xfs_check_span *s)
{
	uint32_t end = s->start + s->len;

	if (s->start > sw->pos)
		xfs_check_report(sw->chk, xfs_check_at("space", sw->agno, sw->pos, XFS_CHECK_NOINO),
				 "blocks %u to %u are neither free nor in use", sw->pos,
				 s->start - 1);
	if (s->start < sw->pos &&
	    !(may_share(sw->chk, s) && may_share(sw->chk, &sw->holder)))
		report_overlap(sw->chk, sw->agno, &sw->holder, s, XFS_MIN(end, sw->pos));
	if (end > sw->pos) {
		sw->pos = end;
		sw->holder = *s;
	}
}

static void sweep_ag(struct xfs_check *chk, uint32_t agno)
{
	struct xfs_check_ag *ag = &chk->ag[agno];
	const struct xfs_check_span *spans = ag->spans.v;
	const struct xfs_check_free *free = ag->free.v;
	struct sweep sw = { .chk = chk, .agno = agno };
	size_t i = 0, k = 0;

	while ((i < ag->spans.n || k < ag->free.n) && !chk->stop) {
		if (k == ag->free.n || (i < ag->spans.n && spans[i].start <= free[k].start)) {
			claim(&sw, &spans[i++]);
		} else {
			struct xfs_check_span s = { free[k].start, free[k].len, XFS_RMAP_OWN_NULL,
						    0 };

			claim(&sw, &s);
			k++;
		}
	}
	if (sw.pos < ag->length && !chk->stop)
		xfs_check_report(chk, xfs_check_at("space", agno, sw.pos, XFS_CHECK_NOINO),
				 "blocks %u to %u are neither free nor in use", sw.pos,
				 ag->length - 1);
}

void xfs_check_space(struct xfs_check *chk)
{
	for (uint32_t agno = 0; agno < chk->g.agcount && !chk->stop; agno++) {
		struct xfs_check_ag *ag = &chk->ag[agno];

		xfs_check_progress(chk, "space", agno, chk->g.agcount);
		xfs_check_sort_spans(ag->spans.v, ag->spans.n);
		/* Without the free space tree it is unknown which blocks are unclaimed. */
		if (ag->free_ok)
			sweep_ag(chk, agno);
		if (chk->g.reflink && !chk->stop)
			xfs_check_refcount_compare(chk, agno);
		if (chk->g.rmapbt && ag->agf_ok && ag->rmap_ok && !chk->stop)
			xfs_check_rmap_compare(chk, agno);
		xfs_check_vec_free(chk, &ag->spans);
		xfs_check_vec_free(chk, &ag->free);
	}
}
