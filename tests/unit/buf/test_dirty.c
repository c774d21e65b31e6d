/* SPDX-License-Identifier: MIT */
/*
 * Goal: a buffer stands in the log as recovery, here and in kernels, expects it: the chunks that
 *       changed since it was in place, in all that it ever is: whole, in pieces, freed, a cluster
 *       of new inodes.
 * Method: items that are known byte for byte; random changes against a plain array of flags.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "buf/buf_priv.h"
#include "disk/inode.h"
#include "disk/log_item.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

static struct xfs_mount *mp;

#define MAX_REGIONS	300

static struct taker {
	struct xfs_log_sink sink;
	uint32_t n, bytes;
	uint32_t len[MAX_REGIONS];
	uint8_t data[1u << 18];
} taken;

static void take(struct xfs_log_sink *sink, const void *data, uint32_t len)
{
	assert_ptr_equal(sink, &taken.sink);
	assert_true(taken.n < MAX_REGIONS && taken.bytes + len <= sizeof(taken.data) && len);
	memcpy(taken.data + taken.bytes, data, len);
	taken.len[taken.n++] = len;
	taken.bytes += len;
}

static void format(struct xfs_buf *bp)
{
	uint32_t regions, bytes = xfs_buf_item_size(&bp->b_item, &regions);

	memset(&taken, 0, sizeof(taken));
	taken.sink.region = take;
	xfs_buf_item_format(&bp->b_item, &taken.sink);
	assert_int_equal(taken.n, regions);
	assert_int_equal(taken.bytes, bytes);
}

static int setup(void **state)
{
	struct xfs_sb sb = test_sb(4096, 16384, 2);

	(void)state;
	mp = test_mount_new(&sb);
	/* Buffers that are made from here on remember what changed. */
	mp->m_unjournalled = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mp->m_unjournalled = true;
	test_mount_free(mp);
	return 0;
}

static const struct xfs_buf_ops agfl_ops = { .name = "AGFL", .blft = XFS_BLFT_AGFL, .lsn_off = 24 };
static const struct xfs_buf_ops dir_ops = {
	.name = "directory", .blft = XFS_BLFT_DIR_DATA, .has_crc = true, .crc_off = 4, .lsn_off = 16,
};
static const struct xfs_buf_ops cluster_ops = {
	.name = "inodes", .blft = XFS_BLFT_DINO, .lsn_off = -1,
};

static void test_whole_sector(void **state)
{
	static const uint8_t want[] = {
		0x3c, 0x12, 0x02, 0x00, 0x00, 0x30, 0x01, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0,
		0x01, 0, 0, 0, 0x0f, 0, 0, 0,
	};
	struct xfs_buf *bp;

	(void)state;
	if (XLOG_FMT != XLOG_FMT_LINUX_LE)
		skip();
	assert_int_equal(xfs_buf_get(mp, 3, 512, &agfl_ops, &bp), 0);
	memset(bp->b_addr, 0x5a, 512);
	assert_int_equal(xfs_buf_mark_dirty(bp, 0, 511), 4);
	assert_int_equal(xfs_buf_mark_dirty(bp, 0, 511), 0);
	format(bp);
	assert_int_equal(taken.n, 2);
	assert_int_equal(taken.len[0], sizeof(want));
	assert_memory_equal(taken.data, want, sizeof(want));
	assert_memory_equal(taken.data + sizeof(want), bp->b_addr, 512);
	xfs_buf_put(bp);
}

static void test_cancel(void **state)
{
	static const uint8_t want[] = {
		0x3c, 0x12, 0x01, 0x00, 0x02, 0x00, 0x08, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0,
		0x01, 0, 0, 0, 0, 0, 0, 0,
	};
	struct xfs_buf *bp;

	(void)state;
	if (XLOG_FMT != XLOG_FMT_LINUX_LE)
		skip();
	assert_int_equal(xfs_buf_get(mp, 64, 4096, &dir_ops, &bp), 0);
	xfs_buf_mark_dirty(bp, 0, 4095);
	xfs_li_flags_set(&bp->b_item, XFS_LI_FREED);
	format(bp);
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.bytes, sizeof(want));
	assert_memory_equal(taken.data, want, sizeof(want));
	xfs_li_flags_clear(&bp->b_item, XFS_LI_FREED);
	xfs_buf_put(bp);
}

static void test_new_inodes(void **state)
{
	static const uint8_t want[] = {
		0x3f, 0x12, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0x18, 0, 0, 0, 0x40, 0, 0, 2, 0,
		0, 0, 0, 8, 0x19, 0xf1, 0xa5, 0x93,
	};
	struct xfs_buf *bp, *second;

	(void)state;
	if (XLOG_FMT != XLOG_FMT_LINUX_LE)
		skip();
	assert_int_equal(xfs_buf_get(mp, 24 * 8, 16384, &cluster_ops, &bp), 0);
	assert_int_equal(xfs_buf_get(mp, 28 * 8, 16384, &cluster_ops, &second), 0);
	((struct xfs_dinode *)bp->b_addr)->di_gen = cpu_to_be32(0x19f1a593);
	xfs_li_flags_set(&bp->b_item, XFS_LI_ORDERED);
	xfs_li_flags_set(&second->b_item, XFS_LI_ORDERED);
	bp->b_icreate_blocks = 8;
	format(bp);
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.bytes, sizeof(want));
	assert_memory_equal(taken.data, want, sizeof(want));
	/* Its second cluster needs nothing, and itself neither any more. */
	format(second);
	assert_int_equal(taken.n, 0);
	format(bp);
	assert_int_equal(taken.n, 0);
	xfs_li_flags_clear(&bp->b_item, XFS_LI_ORDERED);
	xfs_li_flags_clear(&second->b_item, XFS_LI_ORDERED);
	xfs_buf_put(second);
	xfs_buf_put(bp);
}

/* A block in pieces: whole, without a type, and with a right checksum. */
static void test_pieces(void **state)
{
	const struct xfs_buf_map maps[2] = { { 800, 4096 }, { 1600, 4096 } };
	struct xfs_buf_log_format blf;
	struct xfs_buf *bp;
	uint8_t *whole;

	(void)state;
	assert_int_equal(xfs_buf_get_map(mp, maps, 2, &dir_ops, &bp), 0);
	memset(bp->b_addr, 0x77, 8192);
	xfs_buf_mark_dirty(bp, 5000, 5001);
	format(bp);
	assert_int_equal(taken.n, 4);
	whole = malloc(8192);
	assert_non_null(whole);
	for (int i = 0; i < 2; i++) {
		const uint8_t *item = taken.data + i * (24 + 4096);

		memcpy(&blf, item, XFS_BUF_LOG_FORMAT_LEN);
		assert_int_equal(blf.blf_blkno, maps[i].bm_bn);
		assert_int_equal(blf.blf_len, 8);
		assert_int_equal(blf.blf_flags, 0);
		assert_int_equal(blf.blf_size, 2);
		assert_memory_equal(item + 20, "\xff\xff\xff\xff", 4);
		memcpy(whole + i * 4096, item + 24, 4096);
	}
	assert_true(xfs_cksum_ok(whole, 8192, dir_ops.crc_off));
	free(whole);
	/* Freed, each piece is cancelled for itself. */
	xfs_li_flags_set(&bp->b_item, XFS_LI_FREED);
	format(bp);
	assert_int_equal(taken.n, 2);
	memcpy(&blf, taken.data + 24, XFS_BUF_LOG_FORMAT_LEN);
	assert_int_equal(blf.blf_flags, XFS_BLF_CANCEL);
	assert_int_equal(blf.blf_blkno, 1600);
	xfs_li_flags_clear(&bp->b_item, XFS_LI_FREED);
	xfs_buf_put(bp);
}

/* The item's map is in words of the machine's byte order. */
static bool map_bit(uint32_t bit)
{
	uint32_t word;

	memcpy(&word, taken.data + XFS_BUF_LOG_FORMAT_LEN + bit / 32 * 4, sizeof(word));
	return word >> bit % 32 & 1;
}

/* Apply the item to @copy, as recovery does. */
static void replay(const struct xfs_buf *bp, uint8_t *copy)
{
	struct xfs_buf_log_format blf;
	const uint8_t *p = taken.data + taken.len[0];
	uint32_t region = 1, chunks = bp->b_len / 128;

	memcpy(&blf, taken.data, XFS_BUF_LOG_FORMAT_LEN);
	assert_int_equal(blf.blf_flags >> XFS_BLFT_SHIFT, bp->b_ops->blft);
	assert_int_equal(blf.blf_map_size, (chunks + 31) / 32);
	for (uint32_t bit = 0; bit < chunks;) {
		uint32_t end = bit;

		while (end < chunks && map_bit(end))
			end++;
		if (end == bit) {
			bit++;
			continue;
		}
		assert_int_equal(taken.len[region], (end - bit) * 128);
		memcpy(copy + bit * 128, p, taken.len[region]);
		p += taken.len[region++];
		bit = end;
	}
	assert_int_equal(region, taken.n);
}

static void test_random(void **state)
{
	static const uint32_t lens[] = { 512, 1024, 4096, 8192, 16384, 65536 };
	static uint8_t place[65536];
	bool dirty[512];

	(void)state;
	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
		struct xfs_rand r = test_rand(lens[l]);
		struct xfs_buf *bp;

		assert_int_equal(xfs_buf_get(mp, (xfs_daddr_t)(4096 + l * 128), lens[l], &dir_ops, &bp), 0);
		memset(place, 0, sizeof(place));
		memset(dirty, 0, sizeof(dirty));
		for (int i = 0; i < 300; i++) {
			uint32_t first = (uint32_t)(xfs_rand64(&r) % lens[l]);
			uint32_t last = XFS_MIN(first + (uint32_t)(xfs_rand64(&r) % 300), lens[l] - 1);
			uint32_t fresh = 0;

			for (uint32_t b = first; b <= last; b++)
				((uint8_t *)bp->b_addr)[b] = (uint8_t)xfs_rand64(&r);
			for (uint32_t c = first / 128; c <= last / 128; c++) {
				fresh += !dirty[c];
				dirty[c] = true;
			}
			assert_int_equal(xfs_buf_mark_dirty(bp, first, last), fresh);
			if (xfs_rand64(&r) % 8)
				continue;
			/* Any item alone brings the place up to date. */
			format(bp);
			replay(bp, place);
			assert_memory_equal(place, bp->b_addr, lens[l]);
			if (xfs_rand64(&r) % 2)
				continue;
			xfs_buf_forget_dirty(bp);
			memset(dirty, 0, sizeof(dirty));
		}
		xfs_buf_put(bp);
	}
}

/* Who gets a block that was freed a moment ago gets the same buffer; others never see it. */
static void test_freed_and_got(void **state)
{
	struct xfs_buf *bp, *again;

	(void)state;
	assert_int_equal(xfs_buf_get(mp, 2048, 4096, &dir_ops, &bp), 0);
	xfs_buf_stale(bp, true);
	assert_null(xfs_buf_peek(mp, 2048));
	/* Of another shape it is not in the way. */
	assert_int_equal(xfs_buf_get(mp, 2048, 512, &agfl_ops, &again), 0);
	assert_ptr_not_equal(again, bp);
	xfs_buf_stale(again, false);
	xfs_buf_put(again);
	assert_int_equal(xfs_buf_get(mp, 2048, 4096, &agfl_ops, &again), 0);
	assert_ptr_equal(again, bp);
	assert_false(xfs_buf_flags_test(again, XFS_BUF_STALE));
	xfs_buf_put(again);
	again = xfs_buf_peek(mp, 2048);
	assert_ptr_equal(again, bp);
	xfs_buf_put(again);
	/* With its last reference a freed one leaves the cache. */
	xfs_buf_stale(bp, true);
	xfs_buf_put(bp);
	assert_null(xfs_buf_peek(mp, 2048));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_sector),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_new_inodes),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_freed_and_got),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
