/* SPDX-License-Identifier: MIT */
/*
 * What the journal writes for a buffer: a bitmap of dirty 128-byte chunks, kept until the buffer is
 * written in place, and the log item made from it.
 *
 *   one piece      a BUF item with its type and the runs of dirty chunks
 *   several pieces  one BUF item without a type per piece, logged whole: recovery looks at each
 *                  item as if it were a complete block, and takes only a typeless one as it
 *                  is; so the image carries its final checksum
 *   freed          a BUF item with CANCEL: older images are not replayed
 *   new inodes     the first cluster of a chunk logs an ICREATE item for all, the others nothing
 */
#include "base/crc32c.h"
#include "base/sabotage.h"
#include "buf/buf_priv.h"
#include "disk/inode.h"
#include "disk/log_item.h"

#define CHUNKS_MAX	(1u << (XFS_BUF_MAX_LOG - XFS_BLF_CHUNK_SHIFT))
#define MAP_WORDS_MAX	(CHUNKS_MAX / 32)

uint32_t xfs_buf_mark_dirty(struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	uint32_t chunk = first >> XFS_BLF_CHUNK_SHIFT, end = (last >> XFS_BLF_CHUNK_SHIFT) + 1;
	uint32_t fresh = 0;

	bp->b_item.li_verified = false;
	while (chunk < end) {
		uint64_t *word = &bp->b_dirty[chunk / 64], mask;
		uint32_t from = chunk % 64, n = XFS_MIN(end - chunk, 64 - from);

		mask = (n == 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1) << from;
		fresh += (uint32_t)__builtin_popcountll(mask & ~*word);
		*word |= mask;
		chunk += n;
	}
	bp->b_dirty_chunks += fresh;
	return fresh;
}

void xfs_buf_forget_dirty(struct xfs_buf *bp)
{
	if (!bp->b_dirty)
		return;
	memset(bp->b_dirty, 0, bp->b_dirty == &bp->b_dirty_word ? 8 : XFS_BUF_DIRTY_BYTES);
	bp->b_dirty_chunks = 0;
}

static inline bool is_dirty(const struct xfs_buf *bp, uint32_t chunk)
{
	return bp->b_dirty[chunk / 64] >> chunk % 64 & 1;
}

/* The next run of dirty chunks from @chunk on; returns its length, 0 if there is none. */
static uint32_t next_run(const struct xfs_buf *bp, uint32_t chunk, uint32_t *start)
{
	uint32_t nchunks = bp->b_len >> XFS_BLF_CHUNK_SHIFT, end;

	while (chunk < nchunks && !is_dirty(bp, chunk)) {
		uint64_t rest = bp->b_dirty[chunk / 64] >> chunk % 64;

		/* Skip a whole empty word. */
		chunk = rest ? chunk + xfs_lowbit64(rest) : (chunk / 64 + 1) * 64;
	}
	if (chunk >= nchunks)
		return 0;
	*start = chunk;
	for (end = chunk + 1; end < nchunks && is_dirty(bp, end);)
		end++;
	return end - chunk;
}

static uint32_t map_words(uint32_t len)
{
	return ((len >> XFS_BLF_CHUNK_SHIFT) + 31) / 32;
}

static uint32_t piece_len(const struct xfs_buf *bp, uint32_t i)
{
	return bp->b_maps ? bp->b_maps[i].bm_len : bp->b_len;
}

static xfs_daddr_t piece_daddr(const struct xfs_buf *bp, uint32_t i)
{
	return bp->b_maps ? bp->b_maps[i].bm_bn : bp->b_daddr;
}

uint32_t xfs_buf_item_size(struct xfs_log_item *lip, uint32_t *regions)
{
	const struct xfs_buf *bp = xfs_buf_of_item(lip);
	uint32_t bytes = 0, start = 0, n;

	*regions = 0;
	if (lip->li_flags & XFS_LI_FREED || bp->b_nmaps > 1) {
		bool freed = lip->li_flags & XFS_LI_FREED;

		if (freed && XFS_SABOTAGE(XFS_RULE_CANCEL))
			return 0;
		for (uint32_t i = 0; i < bp->b_nmaps; i++)
			bytes += XFS_BUF_LOG_FORMAT_LEN + 4 * map_words(piece_len(bp, i));
		*regions = bp->b_nmaps * (freed ? 1 : 2);
		return freed ? bytes : bytes + bp->b_len;
	}
	if (lip->li_flags & XFS_LI_ORDERED) {
		*regions = bp->b_icreate_blocks ? 1 : 0;
		return bp->b_icreate_blocks ? (uint32_t)sizeof(struct xfs_icreate_log) : 0;
	}
	*regions = 1;
	for (uint32_t chunk = 0; (n = next_run(bp, chunk, &start)) != 0; chunk = start + n)
		++*regions;
	return XFS_BUF_LOG_FORMAT_LEN + 4 * map_words(bp->b_len) +
	       bp->b_dirty_chunks * XFS_BLF_CHUNK;
}

struct format_region {
	struct xfs_buf_log_format blf;
	uint32_t map[MAP_WORDS_MAX - 1];
};

/* The map follows the 20 bytes of the structure that are logged. */
static inline uint8_t *map_of(struct format_region *fr)
{
	return (uint8_t *)fr + XFS_BUF_LOG_FORMAT_LEN;
}

static uint32_t init_format(struct format_region *fr, xfs_daddr_t daddr, uint32_t len,
			    uint16_t regions, uint16_t flags)
{
	uint32_t words = map_words(len);

	fr->blf.blf_type = XFS_LI_BUF;
	fr->blf.blf_size = regions;
	fr->blf.blf_flags = flags;
	fr->blf.blf_len = (uint16_t)(len >> XFS_BB_SHIFT);
	fr->blf.blf_blkno = daddr;
	fr->blf.blf_map_size = words;
	memset(map_of(fr), 0, 4 * (size_t)words);
	return XFS_BUF_LOG_FORMAT_LEN + 4 * words;
}

static void format_cancel(struct xfs_buf *bp, struct xfs_log_sink *sink)
{
	struct format_region fr;

	for (uint32_t i = 0; i < bp->b_nmaps; i++) {
		uint32_t len = init_format(&fr, piece_daddr(bp, i), piece_len(bp, i), 1,
					   XFS_BLF_CANCEL);

		sink->region(sink, &fr, len);
	}
}

static void set_bits(uint8_t *map, uint32_t start, uint32_t n)
{
	for (uint32_t bit = start; bit < start + n; bit++) {
		uint32_t word;

		memcpy(&word, map + bit / 32 * 4, 4);
		word |= 1u << bit % 32;
		memcpy(map + bit / 32 * 4, &word, 4);
	}
}

static void format_pieces(struct xfs_buf *bp, struct xfs_log_sink *sink)
{
	struct format_region fr;
	const char *p = bp->b_addr;

	if (bp->b_ops->has_crc)
		xfs_cksum_set(bp->b_addr, bp->b_len, bp->b_ops->crc_off);
	for (uint32_t i = 0; i < bp->b_nmaps; i++) {
		uint32_t bytes = piece_len(bp, i);
		uint32_t len = init_format(&fr, piece_daddr(bp, i), bytes, 2, 0);

		set_bits(map_of(&fr), 0, bytes >> XFS_BLF_CHUNK_SHIFT);
		sink->region(sink, &fr, len);
		sink->region(sink, p, bytes);
		p += bytes;
	}
}

static void format_icreate(struct xfs_buf *bp, struct xfs_log_sink *sink)
{
	const struct xfs_geometry *geo = &bp->b_mount->m_geo;
	const struct xfs_dinode *dip = bp->b_addr;
	xfs_fsblock_t fsbno = XFS_DADDR_TO_FSB(geo, bp->b_daddr);
	struct xfs_icreate_log icl = {
		.icl_type = XFS_LI_ICREATE,
		.icl_size = 1,
		.icl_ag = cpu_to_be32(XFS_FSB_TO_AGNO(geo, fsbno)),
		.icl_agbno = cpu_to_be32(XFS_FSB_TO_AGBNO(geo, fsbno)),
		.icl_count = cpu_to_be32(bp->b_icreate_blocks << geo->inopblog),
		.icl_isize = cpu_to_be32(geo->inodesize),
		.icl_length = cpu_to_be32(bp->b_icreate_blocks),
		.icl_gen = dip->di_gen,
	};

	sink->region(sink, &icl, sizeof(icl));
	/* Once is enough: the tail stays before this checkpoint until all clusters are in place. */
	bp->b_icreate_blocks = 0;
}

/* Buffers of quota files carry a flag in addition to their type. */
static uint16_t dquot_flag(uint16_t blft)
{
	switch (blft) {
	case XFS_BLFT_UDQUOT:
		return XFS_BLF_UDQUOT_BUF;
	case XFS_BLFT_PDQUOT:
		return XFS_BLF_PDQUOT_BUF;
	case XFS_BLFT_GDQUOT:
		return XFS_BLF_GDQUOT_BUF;
	default:
		return 0;
	}
}

void xfs_buf_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink)
{
	struct xfs_buf *bp = xfs_buf_of_item(lip);
	uint32_t start = 0, n, len, regions;
	struct format_region fr;

	if (lip->li_flags & XFS_LI_FREED) {
		if (!XFS_SABOTAGE(XFS_RULE_CANCEL))
			format_cancel(bp, sink);
		return;
	}
	if (lip->li_flags & XFS_LI_ORDERED) {
		if (bp->b_icreate_blocks)
			format_icreate(bp, sink);
		return;
	}
	if (bp->b_nmaps > 1) {
		format_pieces(bp, sink);
		return;
	}
	xfs_buf_item_size(lip, &regions);
	len = init_format(&fr, bp->b_daddr, bp->b_len, (uint16_t)regions,
			  (uint16_t)(dquot_flag(bp->b_ops->blft) | bp->b_ops->blft << XFS_BLFT_SHIFT));
	for (uint32_t chunk = 0; (n = next_run(bp, chunk, &start)) != 0; chunk = start + n)
		set_bits(map_of(&fr), start, n);
	sink->region(sink, &fr, len);
	for (uint32_t chunk = 0; (n = next_run(bp, chunk, &start)) != 0; chunk = start + n)
		sink->region(sink, (char *)bp->b_addr + start * XFS_BLF_CHUNK, n * XFS_BLF_CHUNK);
}
