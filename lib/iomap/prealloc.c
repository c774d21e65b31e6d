/* SPDX-License-Identifier: MIT */
/*
 * Speculative preallocation: a file that grows at its end gets more than it asked for, in
 * proportion to its size, so that files written at the same time do not alternate on disk.  Closing
 * the file frees what is unused.
 */
#include "core/counter.h"
#include "iomap/iomap.h"

#define DEFAULT_ALLOCSIZE_LOG	16u

/* Limit on the records looked at; only files full of tiny extents have more. */
#define MAX_STEPS		128u

/* How often the size is halved with less than 5, 4, 3, 2 or 1 per cent of space free. */
static uint32_t low_space_shift(const struct xfs_prealloc_args *args)
{
	uint64_t percent = args->total_blocks / 100;
	uint32_t shift = 0, i;

	for (i = 5; i >= 1; i--)
		if (args->free_blocks < (int64_t)(percent * i))
			shift = shift ? shift + 1 : 2;
	return shift;
}

/* Limits from the quotas of the owners; the tightest counts. */
struct throttle {
	uint64_t blocks;		/* upper bound, before halving */
	uint32_t shift;			/* how often it is halved */
	int64_t free_blocks;
};

static void throttle_by_quota(const struct xfs_quota_room *quota, uint64_t want,
			      struct throttle *t)
{
	uint64_t percent = quota->hard_blocks / 100, left;
	uint64_t low = quota->soft_blocks ? quota->soft_blocks : percent * 95;
	uint32_t shift = 0;

	/* The limit is far away. */
	if (!quota->hard_blocks || quota->used_blocks + want < low)
		return;
	if (quota->used_blocks >= quota->hard_blocks) {
		*t = (struct throttle){ 0 };
		return;
	}
	left = quota->hard_blocks - quota->used_blocks;
	if (left < percent * 5)
		shift = 2;
	if (left < percent * 3)
		shift += 2;
	if (left < percent)
		shift += 2;
	t->free_blocks = XFS_MIN(t->free_blocks, (int64_t)left);
	if (left >> shift < t->blocks >> t->shift) {
		t->blocks = left;
		t->shift = shift;
	}
}

/* Blocks in proportion to the contiguous extents in front of the request, limited by free space. */
static uint64_t proportional_blocks(const struct xfs_prealloc_args *args, uint32_t *shift)
{
	uint64_t blocks = 2 * args->prev_len;
	struct throttle t = { .free_blocks = args->free_blocks };

	if (blocks > XFS_MAX_BMBT_EXTLEN)
		blocks = args->offset_bytes >> args->block_log;
	t.blocks = blocks;
	blocks = XFS_MIN(blocks, (uint64_t)XFS_MAX_BMBT_EXTLEN + 1);
	for (size_t i = 0; i < ARRAY_SIZE(args->quota); i++)
		throttle_by_quota(&args->quota[i], blocks, &t);
	*shift = XFS_MAX(low_space_shift(args), t.shift);
	blocks = XFS_MIN(blocks, t.blocks) >> *shift;
	if (blocks)
		blocks = XFS_MIN(1ull << xfs_highbit64(blocks), (uint64_t)XFS_MAX_BMBT_EXTLEN);
	while (blocks && (int64_t)blocks >= t.free_blocks)
		blocks >>= 4;
	return blocks;
}

uint64_t xfs_prealloc_blocks(const struct xfs_prealloc_args *args, uint32_t *shift)
{
	uint32_t size_log = args->allocsize_log ? args->allocsize_log : DEFAULT_ALLOCSIZE_LOG;
	uint64_t end_bytes = args->offset_bytes + args->count_bytes;
	uint64_t end_fsb = xfs_howmany64(end_bytes, 1ull << args->block_log);
	uint64_t off_fsb = args->offset_bytes >> args->block_log;
	uint64_t maxend = (XFS_MAXBYTES >> args->block_log) + 1;
	uint64_t unit, blocks, end;

	*shift = 0;
	size_log = XFS_MAX(size_log, args->block_log);
	unit = 1ull << (size_log - args->block_log);
	blocks = unit;
	if (!args->allocsize_log) {
		if (args->isize_bytes < 1ull << size_log)
			return 0;
		if (args->isize_bytes >= (uint64_t)args->align << args->block_log &&
		    args->prev_end == off_fsb)
			blocks = XFS_MAX(proportional_blocks(args, shift), unit);
	}
	/* Count from the last unit that the request touches, not from its end. */
	end = (XFS_ALIGN_DOWN(end_bytes - 1, 1ull << size_log) >> args->block_log) + blocks;
	if (args->align && args->isize_bytes >= (uint64_t)args->align << args->block_log)
		end = xfs_roundup64(end, args->align);
	end = XFS_MIN(end, maxend);
	return end > end_fsb ? end - end_fsb : 0;
}

uint64_t xfs_iomap_prealloc_blocks(struct xfs_inode *ip, uint64_t offset, uint64_t count)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_prealloc_args args = {
		.isize_bytes = (uint64_t)ip->i_size,
		.offset_bytes = offset,
		.count_bytes = count,
		.block_log = mp->m_geo.blocklog,
		.allocsize_log = mp->m_allocsize_log,
		.align = xfs_stripe_align(mp),
		.free_blocks = xfs_fdblocks_available(mp),
		.total_blocks = mp->m_geo.dblocks,
	};
	struct xfs_bmbt_irec first, prev;
	struct xfs_iext_cursor cur;
	uint32_t steps, shift;
	uint64_t blocks;

	for (uint32_t t = 0; mp->m_quota && t < XFS_QUOTA_TYPES; t++)
		args.quota[t] = xfs_quota_room(ip, t);
	if (xfs_iext_last_extent(&ip->i_df, &cur, &first)) {
		args.prev_end = xfs_irec_end(&first);
		args.prev_len = first.br_blockcount;
		for (steps = 0; steps < MAX_STEPS; steps++) {
			if (args.prev_len > XFS_MAX_BMBT_EXTLEN / 2 ||
			    !xfs_iext_prev_extent(&ip->i_df, &cur, &prev) ||
			    isnullstartblock(prev.br_startblock) ||
			    xfs_irec_end(&prev) != first.br_startoff ||
			    prev.br_startblock + prev.br_blockcount != first.br_startblock)
				break;
			args.prev_len += prev.br_blockcount;
			first = prev;
		}
	}
	blocks = xfs_prealloc_blocks(&args, &shift);
	if (blocks)
		XFS_TRACE(mp, xfs_iomap_prealloc_size, ip->i_ino, blocks, shift,
			  args.allocsize_log);
	return blocks;
}
