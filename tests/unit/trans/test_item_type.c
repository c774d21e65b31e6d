/* SPDX-License-Identifier: MIT */
/*
 * Goal: a new kind of log item needs nothing but its own ops: it is logged, replayed after a crash,
 * written in place with the block that it lives in, and holds the tail until then - with a journal
 * and without one.
 * Method: a record of 128 bytes that is kept in memory beside its block, as a dquot is.  Its block
 * is one of a file, so that the file shows what became of it.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "core/log_item.h"
#include "disk/log_item.h"
#include "support/test_fs.h"
#include "trans/trans.h"

#define RECORD_BYTES	XFS_BLF_CHUNK
#define RECORD_OFFSET	(3 * RECORD_BYTES)
#define BLOCK_BYTES	4096u

/* ---- the new kind of item --------------------------------------------------------------- */

struct record {
	struct xfs_log_item item;
	struct xfs_mount *mp;
	xfs_daddr_t daddr;		/* of its block */
	unsigned int refs;
	uint8_t bytes[RECORD_BYTES];
};

static const struct xfs_buf_ops record_buf_ops = { .name = "records", .lsn_off = -1 };

static struct record *record_of(struct xfs_log_item *lip)
{
	return container_of(lip, struct record, item);
}

static void record_get(struct xfs_log_item *lip)
{
	record_of(lip)->refs++;
}

static void record_put(struct xfs_log_item *lip)
{
	record_of(lip)->refs--;
}

static int record_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct record *rec = record_of(lip);
	struct xfs_buf *bp;
	int error = xfs_buf_read(mp, rec->daddr, BLOCK_BYTES, &record_buf_ops, &bp);

	if (error)
		return error;
	memcpy((char *)bp->b_addr + RECORD_OFFSET, rec->bytes, RECORD_BYTES);
	xfs_checkpoint_log_item(mp, &bp->b_item);
	xfs_buf_put(bp);
	return 0;
}

static uint32_t record_push_bytes(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp, (void)lip;
	return BLOCK_BYTES;
}

static uint32_t record_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp, (void)lip;
	return XFS_BUF_LOG_COST + XFS_BUF_LOG_CHUNK_COST;
}

static uint32_t record_size(struct xfs_log_item *lip, uint32_t *regions)
{
	(void)lip;
	*regions = 2;
	return XFS_BUF_LOG_FORMAT_LEN + 4 + RECORD_BYTES;
}

static void record_format(struct xfs_log_item *lip, struct xfs_log_sink *sink)
{
	struct record *rec = record_of(lip);
	struct {
		struct xfs_buf_log_format blf;
		uint32_t map;
	} head = {
		.blf = {
			.blf_type = XFS_LI_BUF, .blf_size = 2, .blf_len = BLOCK_BYTES >> XFS_BB_SHIFT,
			.blf_blkno = rec->daddr, .blf_map_size = 1,
		},
	};
	uint32_t map = 1u << (RECORD_OFFSET / XFS_BLF_CHUNK);

	/* The map begins where the structure has padding. */
	memcpy((char *)&head + XFS_BUF_LOG_FORMAT_LEN, &map, sizeof(map));
	sink->region(sink, &head, XFS_BUF_LOG_FORMAT_LEN + sizeof(map));
	sink->region(sink, rec->bytes, RECORD_BYTES);
}

static void record_forget(struct xfs_log_item *lip)
{
	(void)lip;
}

static const struct xfs_log_item_ops record_ops = {
	.name = "record", .get = record_get, .put = record_put, .push = record_push,
	.push_bytes = record_push_bytes, .log_cost = record_log_cost, .size = record_size,
	.format = record_format, .forget_changes = record_forget,
};

/* ---- the tests ---------------------------------------------------------------------------- */

static struct test_fs fs;
static struct record rec;

static void set_up(uint32_t mount_flags)
{
	static uint8_t block[BLOCK_BYTES];
	struct xfs_extent extent = XFS_EXTENT_INIT;
	struct xfs_file *file;
	size_t n;

	test_fs_make(&fs, (uint64_t)96 << 20, NULL);
	TEST_OK(xfs_open(fs.mp, "/records", O_CREAT | O_RDWR, 0600, &file));
	TEST_IS(xfs_pwrite(file, block, sizeof(block), 0), BLOCK_BYTES);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_extents(file, 0, &extent, 1, &n));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = mount_flags;
	test_fs_open(&fs);
	rec = (struct record){
		.mp = fs.mp, .daddr = (xfs_daddr_t)(extent.device_offset >> XFS_BB_SHIFT),
	};
	xfs_log_item_init(&rec.item, &record_ops);
	rec.item.li_bytes = sizeof(rec);
	rec.item.li_sort_key = (uint64_t)rec.daddr;
}

static void change(uint8_t value)
{
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &tp));
	memset(rec.bytes, value, sizeof(rec.bytes));
	xfs_trans_log_item(tp, &rec.item);
	assert_true(xfs_trans_is_dirty(tp));
	TEST_OK(xfs_trans_commit(tp));
}

static void check_file(uint8_t value)
{
	uint8_t block[BLOCK_BYTES];
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/records", O_RDONLY, 0, &file));
	TEST_IS(xfs_pread(file, block, sizeof(block), 0), BLOCK_BYTES);
	for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
		bool inside = i >= RECORD_OFFSET && i < RECORD_OFFSET + RECORD_BYTES;

		assert_int_equal(block[i], inside ? value : 0);
	}
	TEST_OK(xfs_close(file));
}

static void test_is_replayed(void **state)
{
	(void)state;
	set_up(0);
	change(0x11);
	assert_int_equal(rec.item.li_state, XFS_LI_RUNNING);
	assert_int_equal(rec.refs, 1);
	TEST_OK(xfs_log_force(fs.mp, 0));
	assert_int_equal(rec.item.li_state, XFS_LI_STABLE);
	assert_true(rec.item.li_flags & XFS_LI_IN_AIL);
	/* Changed again, and not stable: what was stable comes back. */
	change(0x22);
	xfs_abandon(fs.mp);
	assert_int_equal(rec.refs, 0);
	test_fs_open(&fs);
	check_file(0x11);
	test_fs_end(&fs);
}

static void test_is_written_in_place(void **state)
{
	(void)state;
	set_up(0);
	change(0x33);
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_int_equal(rec.item.li_state, XFS_LI_CLEAN);
	assert_false(rec.item.li_flags & XFS_LI_IN_AIL);
	assert_int_equal(rec.refs, 0);
	check_file(0x33);
	change(0x44);
	/* Closing leaves nothing in the log only. */
	TEST_OK(xfs_unmount(fs.mp));
	assert_int_equal(rec.refs, 0);
	test_fs_open(&fs);
	check_file(0x44);
	test_fs_end(&fs);
}

static void test_without_a_journal(void **state)
{
	(void)state;
	set_up(XFS_MOUNT_UNJOURNALLED);
	change(0x55);
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_int_equal(rec.item.li_state, XFS_LI_CLEAN);
	assert_int_equal(rec.refs, 0);
	check_file(0x55);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_replayed),
		cmocka_unit_test(test_is_written_in_place),
		cmocka_unit_test(test_without_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
