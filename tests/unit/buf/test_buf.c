/* SPDX-License-Identifier: MIT */
/*
 * Goal: the buffer cache keeps its rules (buf.h, (BUF-1) to (BUF-4)) and the checkpoint
 *       writes what was changed, once, sorted, with a right checksum.
 * Method: a mount of nothing but a geometry over a memory device; blocks of a made-up
 *       kind with magic and checksum.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "buf/buf.h"
#include "core/message.h"
#include "device/queue.h"
#include "trans/defer.h"
#include "trans/trans.h"

#define BLOCK	4096u
#define BLOCKS	1024u
#define MAGIC	0x54455354u

static xfs_failaddr_t verify(const struct xfs_geometry *geo, const void *block, size_t len,
			     xfs_daddr_t daddr)
{
	(void)geo;
	(void)daddr;
	XFS_VERIFY(len >= 512);
	XFS_VERIFY(get_be32(block) == MAGIC);
	return NULL;
}

static const struct xfs_buf_ops test_ops = {
	.name = "test block", .has_crc = true, .crc_off = 8, .lsn_off = 16, .verify = verify,
};

static int setup(void **state)
{
	struct xfs_mount *mp = calloc(1, sizeof(*mp));

	assert_non_null(mp);
	mp->m_geo.blocksize = BLOCK;
	mp->m_geo.blocklog = 12;
	mp->m_geo.dblocks = BLOCKS;
	mp->m_unjournalled = true;
	mp->m_meta_cache_bytes = 64 * BLOCK;
	mp->m_fdblocks = 1000;
	xfs_mutex_init(&mp->m_lock, XFS_CLASS_LEAF, 0);
	xfs_mutex_init(&mp->m_error_lock, XFS_CLASS_LEAF, UINT64_MAX);
	assert_int_equal(xfs_device_open_memory((uint64_t)BLOCK * BLOCKS, 512, NULL, &mp->m_dev), 0);
	assert_int_equal(xfs_queue_create(mp->m_dev, NULL, 0, 0, &mp->m_queue), 0);
	assert_int_equal(xfs_buf_cache_init(mp), 0);
	assert_int_equal(xfs_trans_init(mp), 0);
	*state = mp;
	return 0;
}

static int teardown(void **state)
{
	struct xfs_mount *mp = *state;

	xfs_trans_destroy(mp);
	xfs_buf_cache_destroy(mp);
	xfs_queue_destroy(mp->m_queue);
	xfs_device_put(mp->m_dev);
	xfs_mutex_destroy(&mp->m_lock);
	xfs_mutex_destroy(&mp->m_error_lock);
	free(mp);
	return 0;
}

/* Make block @n in a handle of its own, filled with @fill. */
static void make_block(struct xfs_mount *mp, unsigned int n, uint8_t fill)
{
	struct xfs_trans *tp;
	struct xfs_buf *bp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_buf_get(mp, n * 8, BLOCK, &test_ops, &bp), 0);
	memset((char *)bp->b_addr + 64, fill, BLOCK - 64);
	put_be32(MAGIC, bp->b_addr);
	xfs_trans_log_buf_all(tp, bp);
	xfs_buf_put(bp);
	assert_int_equal(xfs_trans_commit(tp), 0);
}

static void test_written_at_writeback_only(void **state)
{
	struct xfs_mount *mp = *state;
	uint8_t disk[BLOCK];

	make_block(mp, 5, 0xaa);
	assert_int_equal(xfs_device_pread(mp->m_dev, 5 * BLOCK, disk, BLOCK), 0);
	assert_int_equal(disk[100], 0);
	assert_int_equal(xfs_checkpoint_writeback(mp, true), 0);
	assert_int_equal(xfs_device_pread(mp->m_dev, 5 * BLOCK, disk, BLOCK), 0);
	assert_int_equal(disk[100], 0xaa);
	assert_true(xfs_cksum_ok(disk, BLOCK, 8));
}

/* (BUF-1) */
static void test_read_verifies(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_buf *bp;

	make_block(mp, 7, 0x11);
	make_block(mp, 8, 0x22);
	assert_int_equal(xfs_checkpoint_writeback(mp, true), 0);
	xfs_buf_shrink(mp, 0);
	assert_int_equal(xfs_buf_cached_bytes(mp), 0);
	assert_int_equal(xfs_buf_read(mp, 7 * 8, BLOCK, &test_ops, &bp), 0);
	assert_int_equal(((uint8_t *)bp->b_addr)[200], 0x11);
	xfs_buf_put(bp);
	/* One flipped byte: refused, named, and not kept. */
	{
		uint8_t sector[512];

		assert_int_equal(xfs_device_pread(mp->m_dev, 8 * BLOCK, sector, 512), 0);
		sector[300] ^= 1;
		assert_int_equal(xfs_device_pwrite(mp->m_dev, 8 * BLOCK, sector, 512, 0), 0);
	}
	assert_int_equal(xfs_buf_read(mp, 8 * 8, BLOCK, &test_ops, &bp), -EBADMSG);
	assert_null(bp);
	assert_non_null(strstr(xfs_last_text(), "test block"));
	/* Right checksum, wrong contents. */
	{
		uint8_t disk[BLOCK] = { 0 };

		xfs_cksum_set(disk, BLOCK, 8);
		assert_int_equal(xfs_device_pwrite(mp->m_dev, 9 * BLOCK, disk, BLOCK, 0), 0);
	}
	assert_int_equal(xfs_buf_read(mp, 9 * 8, BLOCK, &test_ops, &bp), -EUCLEAN);
	assert_int_equal(xfs_buf_read(mp, (xfs_daddr_t)BLOCKS * 8, BLOCK, &test_ops, &bp), -EUCLEAN);
	assert_int_equal(xfs_buf_read(mp, -8, BLOCK, &test_ops, &bp), -EUCLEAN);
}

/* (BUF-4) A freed block's buffer is never written, and its place is free for others. */
static void test_stale_is_never_written(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_trans *tp;
	struct xfs_buf *bp;
	uint8_t disk[BLOCK], data[BLOCK];

	make_block(mp, 20, 0x77);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_buf_read(mp, 20 * 8, BLOCK, &test_ops, &bp), 0);
	xfs_trans_binval(tp, bp);
	xfs_buf_put(bp);
	assert_int_equal(xfs_trans_commit(tp), 0);
	memset(data, 0x99, BLOCK);
	assert_int_equal(xfs_device_pwrite(mp->m_dev, 20 * BLOCK, data, BLOCK, 0), 0);
	assert_int_equal(xfs_checkpoint_writeback(mp, true), 0);
	assert_int_equal(xfs_device_pread(mp->m_dev, 20 * BLOCK, disk, BLOCK), 0);
	assert_memory_equal(disk, data, BLOCK);
	/* The place may now hold a buffer of another size. */
	assert_int_equal(xfs_buf_get(mp, 20 * 8, 512, &test_ops, &bp), 0);
	xfs_buf_put(bp);
}

/* (BUF-3) What is wrong is not written: the file system stops instead. */
static void test_bad_block_shuts_down(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_trans *tp;
	struct xfs_buf *bp;

	make_block(mp, 30, 0x01);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_buf_read(mp, 30 * 8, BLOCK, &test_ops, &bp), 0);
	put_be32(0, bp->b_addr);
	xfs_trans_log_buf(tp, bp, 0, 3);
	xfs_buf_put(bp);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(xfs_checkpoint_writeback(mp, true), -EUCLEAN);
	assert_true(xfs_is_shutdown(mp));
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), -EIO);
}

static void test_memory_is_bounded(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_buf *bp;

	for (unsigned int i = 0; i < 500; i++)
		make_block(mp, i + 100, (uint8_t)i);
	assert_true(xfs_buf_cached_bytes(mp) <= 80 * BLOCK);
	for (unsigned int i = 0; i < 500; i++) {
		assert_int_equal(xfs_buf_read(mp, (i + 100) * 8, BLOCK, &test_ops, &bp), 0);
		assert_int_equal(((uint8_t *)bp->b_addr)[64], (uint8_t)i);
		xfs_buf_put(bp);
	}
}

static void test_handles_reserve_blocks(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_trans *tp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 300, 0, &tp), 0);
	assert_int_equal(mp->m_fdblocks, 700);
	xfs_trans_use_blocks(tp, 100, false);
	xfs_trans_free_blocks(tp, 7);
	assert_int_equal(xfs_trans_commit(tp), 0);
	/* 100 used, 200 back, 7 freed; the empty reserve pool fills first. */
	assert_int_equal(mp->m_fdblocks + mp->m_resblks_avail, 907);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 2000, 0, &tp), -ENOSPC);
	assert_null(tp);
	assert_int_equal(mp->m_fdblocks + mp->m_resblks_avail, 907);
}

/* (TRANS-1) */
static void test_cancel_after_change_shuts_down(void **state)
{
	struct xfs_mount *mp = *state;
	struct xfs_trans *tp;
	struct xfs_buf *bp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 5, 0, &tp), 0);
	xfs_trans_cancel(tp);
	assert_false(xfs_is_shutdown(mp));
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	assert_int_equal(xfs_buf_get(mp, 8, BLOCK, &test_ops, &bp), 0);
	put_be32(MAGIC, bp->b_addr);
	xfs_trans_log_buf_all(tp, bp);
	xfs_buf_put(bp);
	xfs_trans_cancel(tp);
	assert_true(xfs_is_shutdown(mp));
}

struct put_off {
	struct xfs_defer_item item;
	struct xfs_mount *mp;
	int *log;
	int number;
	bool again;
};

static int run_put_off(struct xfs_trans *tp, struct xfs_defer_item *item)
{
	struct put_off *po = container_of(item, struct put_off, item);

	if (tp) {
		*po->log = *po->log * 10 + po->number;
		if (po->again) {
			po->again = false;
			po->number += 5;
			xfs_defer_add(tp, item, run_put_off);
		}
	} else {
		*po->log = -1;
	}
	return 0;
}

static void test_put_off_work_runs_in_order(void **state)
{
	struct xfs_mount *mp = *state;
	int log = 0;
	struct put_off a = { .log = &log, .number = 1, .again = true };
	struct put_off b = { .log = &log, .number = 2 };
	struct xfs_trans *tp;

	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	xfs_defer_add(tp, &a.item, run_put_off);
	xfs_defer_add(tp, &b.item, run_put_off);
	assert_int_equal(log, 0);
	assert_int_equal(xfs_trans_commit(tp), 0);
	assert_int_equal(log, 126);
	assert_int_equal(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), 0);
	xfs_defer_add(tp, &b.item, run_put_off);
	xfs_trans_cancel(tp);
	assert_int_equal(log, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written_at_writeback_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_is_never_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_block_shuts_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_handles_reserve_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel_after_change_shuts_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put_off_work_runs_in_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
