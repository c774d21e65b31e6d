/* SPDX-License-Identifier: MIT */
/* The operation of model_data that lets contents of two files change places. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include "base/compiler.h"
#include "model/data_model.h"

uint64_t nr_exchanged;

static void swap_bytes(uint8_t *a, uint8_t *b, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		uint8_t c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* What it must say to ranges that are not moved to their ends; 0: they are good. */
static int check_ranges(const struct share *s)
{
	uint64_t mask = cfg->blocksize - 1;

	if ((s->src_off | s->dst_off) & mask || s->src_off > s->src->size || s->dst_off > s->dst->size ||
	    s->len > s->src->size - s->src_off || s->len > s->dst->size - s->dst_off)
		return -EINVAL;
	if (s->len & mask && (s->src_off + s->len != s->src->size || s->dst_off + s->len != s->dst->size))
		return -EINVAL;
	return data_overlaps(s, (s->len + mask) & ~mask) ? -EINVAL : 0;
}

static void change_places(struct share *s)
{
	swap_bytes(data_bytes_at(s->src, s->src_off, s->len), data_bytes_at(s->dst, s->dst_off, s->len),
		   s->len);
}

/* Only what the first file has written blocks for. */
static void change_written(struct share *s, const struct xfs_extent *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct share part = *s;
		uint64_t from = XFS_MAX(e[i].offset, s->src_off);
		uint64_t to = XFS_MIN(e[i].offset + e[i].length, s->src_off + s->len);

		if (e[i].unwritten || e[i].delalloc || from >= to)
			continue;
		part.src_off = from;
		part.dst_off += from - s->src_off;
		part.len = to - from;
		change_places(&part);
	}
}

/* true: it was done, or it was refused as the ranges are; false: for a reason that others have. */
static bool answered(const struct share *s, int ret, int expect)
{
	if ((s->src->flags | s->dst->flags) & O_APPEND)
		expect = -EBADF;
	if (ret == expect)
		return true;
	CHECK(!expect);
	if (ret == -ENOSPC)
		CHECK(cfg->full);
	else
		/* More than one transaction. */
		CHECK(ret == -EOPNOTSUPP && (s->src == s->dst || cfg->old || cfg->plain));
	return false;
}

static void op_range(struct share *s)
{
	struct xfs_extent e[512] = { XFS_EXTENT_INIT };
	uint32_t flags = below(8) ? 0 : XFS_EXCHANGE_RANGE_DRY_RUN;
	int expect = check_ranges(s);
	size_t n = 0;

	if (below(8) == 0)
		flags |= XFS_EXCHANGE_RANGE_DSYNC;
	if (below(4) == 0) {
		flags |= XFS_EXCHANGE_RANGE_FILE1_WRITTEN;
		TEST_OK(xfs_map_extents(s->src->file, XFS_MAP_SYNC, s->src_off, e, ARRAY_SIZE(e), &n));
		/* Too many for this array: the rest is not known. */
		if (n == ARRAY_SIZE(e) && e[n - 1].offset + e[n - 1].length < s->src_off + s->len)
			return;
	}
	if (!answered(s, xfs_exchange_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len,
					    flags), expect) ||
	    expect || (s->src->flags | s->dst->flags) & O_APPEND || flags & XFS_EXCHANGE_RANGE_DRY_RUN)
		return;
	nr_exchanged++;
	if (flags & XFS_EXCHANGE_RANGE_FILE1_WRITTEN)
		change_written(s, e, n);
	else
		change_places(s);
}

/*
 * All of both from one offset on, sizes too: windows and all, or what lies in the first ones.  (From
 * two offsets the sizes change places as they are, so that bytes may be left behind an end.)
 */
static void op_to_end(struct share *s)
{
	uint64_t mask = cfg->blocksize - 1, tail1 = s->src->size - s->src_off,
		 tail2 = s->dst->size - s->dst_off;
	struct file *a = s->src, *b = s->dst;
	bool whole = !s->src_off && !s->dst_off;
	int expect = (s->src_off | s->dst_off) & mask || s->src_off > a->size || s->dst_off > b->size
		? -EINVAL : 0;

	s->len = XFS_MAX(tail1, tail2);
	if (a == b || (!expect && s->src_off != s->dst_off))
		return;
	if (!whole && !expect &&
	    (XFS_MAX(a->size, b->size) > cfg->window || s->src_off + s->len > cfg->window ||
	     s->dst_off + s->len > cfg->window))
		return;
	if (!answered(s, xfs_exchange_range(a->file, s->src_off, b->file, s->dst_off, below(1000),
					    XFS_EXCHANGE_RANGE_TO_EOF), expect) ||
	    expect || (a->flags | b->flags) & O_APPEND)
		return;
	nr_exchanged++;
	if (whole) {
		struct file old = *a;

		a->low = b->low;
		a->high = b->high;
		a->base = b->base;
		b->low = old.low;
		b->high = old.high;
		b->base = old.base;
	} else if (s->len) {
		change_places(s);
	}
	a->size = s->src_off + tail2;
	b->size = s->dst_off + tail1;
}

void data_op_exchange(struct file *f)
{
	struct share s;
	bool inside = data_pick_ranges(f, &s);

	s.src->stable = s.dst->stable = false;
	if (below(3) == 0) {
		s.src_off = below(2) ? 0 : s.src_off;
		s.dst_off = below(16) ? s.src_off : s.dst_off;
		op_to_end(&s);
		return;
	}
	/* What lies behind one of both ends is refused; more often it is not. */
	if (below(8) && s.src_off < s.src->size)
		s.len = XFS_MIN(s.len, s.src->size - s.src_off);
	if (below(8) && s.dst_off < s.dst->size)
		s.len = XFS_MIN(s.len, s.dst->size - s.dst_off);
	if (below(8) && s.len > cfg->blocksize)
		s.len &= ~(uint64_t)(cfg->blocksize - 1);
	if (inside && data_inside(s.src, s.src_off, s.len) && data_inside(s.dst, s.dst_off, s.len))
		op_range(&s);
}
