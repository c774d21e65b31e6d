/* SPDX-License-Identifier: MIT */
/*
 * Goal: recovery puts transactions together as they were written, whatever records they lie in,
 *       and replays exactly the committed ones, in the order of their commits.
 * Method: logs made by hand: every record size, records around the end of the log, regions split
 *         at every place, transactions interleaved, begun before the tail, cut off, several in a
 *         record; what is on the volume afterwards tells which version won.
 */
#include "unit/log/recover_rig.h"

static struct rig rig;

static void test_one(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 64);
	assert_int_equal(agi_lsn(rig.out), 1ull << 32 | 2);
	assert_int_equal(rig.rec.stats.transactions, 1);
	assert_int_equal(rig.rec.stats.items[XFS_LI_BUF - XFS_LI_EFI], 1);
	assert_int_equal(rig.rec.stats.uncommitted, 0);
}

/* Blocks of padding transactions that fill the log up to @block of the next turn. */
static void fill_log(uint32_t until)
{
	static uint8_t agi[512];
	uint32_t cycle = rig.b.cycle;

	make_agi(&rig, agi, 64);
	while (rig.b.cycle == cycle && rig.b.block < until) {
		uint32_t bbs = XFS_MIN(until - rig.b.block, rig.b.h_size / 512) * 512;

		test_build_begin(&rig.b, TID);
		while (rig.b.used + 12 + 24 + 12 + 512 + 64 + 12 <
		       bbs - (rig.b.h_size + 32767) / 32768 * 512)
			put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
		test_build_commit(&rig.b, TID);
		rig.b.tail = 0;
		test_build_record(&rig.b);
	}
}

/* A record around the end of the log, of every nominal size. */
static void test_sizes_and_wrap(void **state)
{
	(void)state;
	for (uint32_t size = 16384; size <= 262144; size *= 2) {
		uint8_t *image = calloc(1, 65536);
		uint8_t agi[512];
		xfs_lsn_t tail;

		rig_begin(&rig, size);
		fill_log(rig.b.nbbs - 20);
		assert_true(rig.b.cycle == 1 && rig.b.block > rig.b.nbbs - 100);
		/* The tail is the record that goes around the end. */
		tail = rig.b.tail = test_build_lsn(&rig.b);
		make_agi(&rig, agi, 128 + size);
		test_build_begin(&rig.b, TID);
		for (int i = 0; i < 10; i++)
			put_buf_chunks(&rig.b, TID, 256 + 128u * (uint32_t)i, 128, XFS_BLF_CANCEL, image,
				       0, 0);
		/* 128 KiB of nothing: a cancelled buffer. */
		for (uint32_t i = 0; i < 2; i++)
			put_buf(&rig.b, TID, 256, 128, 0, image);
		put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
		put_end(&rig, TID);
		assert_int_equal(rig.b.cycle, 2);
		assert_recovers_to(&rig, 128 + size);
		assert_int_equal(agi_lsn(rig.out), (uint64_t)tail);
		assert_int_equal(rig.rec.stats.cancelled, 2);
		free(image);
	}
}

/* The item's regions are split wherever the end of a record can fall. */
static void test_splits(void **state)
{
	(void)state;
	for (uint32_t fill = 0; fill < 700; fill += 4) {
		uint8_t pad[32768] = { 0 };
		uint32_t room;

		rig_begin(&rig, 16384);
		test_build_begin(&rig.b, TID + 1);
		room = 16384 - 512 - rig.b.used;
		/* Of a transaction that does not begin here: not wanted. */
		test_build_op(&rig.b, 77, XFS_TRANSACTION, 0, pad, room - 12 - fill);
		put_agi_trans(&rig, TID, 640 + fill);
		test_build_record(&rig.b);
		assert_recovers_to(&rig, 640 + fill);
		assert_int_equal(rig.rec.stats.uncommitted, 1);
	}
}

static void test_interleaved(void **state)
{
	uint8_t a[512], c[512];

	(void)state;
	rig_begin(&rig, 32768);
	make_agi(&rig, a, 64);
	make_agi(&rig, c, 128);
	/* Begun first and committed last, in another record: it wins. */
	test_build_begin(&rig.b, TID);
	test_build_begin(&rig.b, TID + 1);
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, a);
	put_buf(&rig.b, TID + 1, AGI_DADDR, 1, XFS_BLFT_AGI, c);
	put_end(&rig, TID + 1);
	put_end(&rig, TID);
	assert_recovers_to(&rig, 64);
	assert_int_equal(rig.rec.stats.transactions, 2);
}

/* Same record, same LSN: the second must not be taken for one that is in place. */
static void test_same_lsn(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	put_agi_trans(&rig, TID + 1, 128);
	put_agi_trans(&rig, TID, 192);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 192);
	assert_int_equal(rig.rec.stats.newer, 0);
	assert_int_equal(rig.rec.stats.buffers_written, 1);
}

/*
 * Without memory each buffer is written at once, but not in the middle of its batch: with the LSN of the
 * batch the rest of it would be taken for older, and with the old one what it has for nothing.
 */
static void test_little_memory(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	put_agi_trans(&rig, TID + 1, 128);
	put_agi_trans(&rig, TID, 192);
	test_build_record(&rig.b);
	rig.mp.m_meta_cache_bytes = 0;
	assert_recovers_to(&rig, 192);
	assert_int_equal(rig.rec.stats.buffers_written, 1);
	assert_true(agi_lsn(rig.out) != 0);
}

static void test_uncommitted(void **state)
{
	uint8_t agi[512];

	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	make_agi(&rig, agi, 128);
	test_build_begin(&rig.b, TID + 1);
	put_buf(&rig.b, TID + 1, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 64);
	assert_int_equal(rig.rec.stats.uncommitted, 1);
}

/* An unmount record in the middle is passed over. */
static void test_unmount_between(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	test_build_unmount(&rig.b);
	put_agi_trans(&rig, TID, 128);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 128);
}

/* The last record was torn: what is before it counts. */
static void test_torn_head(void **state)
{
	uint8_t junk[512];
	uint32_t block;

	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	block = rig.b.block;
	put_agi_trans(&rig, TID, 128);
	test_build_record(&rig.b);
	memset(junk, 0x5a, sizeof(junk));
	put_be32(1, junk);
	rig_write(&rig, rig.b.start / 512 + block + 1, junk, sizeof(junk));
	assert_recovers_to(&rig, 64);
	assert_int_equal(rig.rec.stats.torn_block, block);
}

/* 32-bit x86 left the last 4 bytes of the header out of the checksum. */
static void test_short_header_crc(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	rig.b.crc_head = 324;
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 64);
}

static void test_other_byte_order(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	rig.b.fmt = XLOG_FMT == XLOG_FMT_LINUX_LE ? XLOG_FMT_LINUX_BE : XLOG_FMT_LINUX_LE;
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	assert_int_equal(rig_recover(&rig), -ENOTSUP);
}

static void test_unknown_log_feature(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	test_build_record(&rig.b);
	rig.mp.m_sb.sb_features_log_incompat = 0x80;
	assert_int_equal(rig_recover(&rig), -ENOTSUP);
	rig.mp.m_sb.sb_features_log_incompat = XFS_SB_FEAT_INCOMPAT_LOG_XATTRS;
	assert_int_equal(rig_recover(&rig), 0);
}

/* Wrong operations: each with a right checksum, each refused. */
static void test_bad_operations(void **state)
{
	static const struct {
		uint8_t client, flags;
		uint32_t len;
	} ops[] = {
		{ 0x68, 0, 16 },				/* client */
		{ XFS_TRANSACTION, XLOG_START_TRANS, 0 },	/* begun twice */
		{ XFS_TRANSACTION, 0x40, 0 },
		{ XFS_TRANSACTION, XLOG_COMMIT_TRANS | XLOG_CONTINUE_TRANS, 0 },
		{ XFS_TRANSACTION, 0, 2 },			/* an item of 2 bytes */
		{ XFS_TRANSACTION, XLOG_WAS_CONT_TRANS, 8 },	/* continues nothing */
		{ XFS_TRANSACTION, 0, 8 },			/* an item of type 0 with 0 regions */
	};
	static const uint8_t zero[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		rig_begin(&rig, 32768);
		put_agi_trans(&rig, TID, 64);
		test_build_begin(&rig.b, TID + 1);
		test_build_op(&rig.b, TID + 1, ops[i].client, ops[i].flags, zero, ops[i].len);
		test_build_record(&rig.b);
		assert_int_equal(rig_recover(&rig), -EUCLEAN);
	}
	/* An item without all of its regions. */
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	{
		uint8_t agi[512];
		uint8_t item[24] = { 0x3c, 0x12, 2, 0, 0, 0x28, 1, 0, 2 };

		make_agi(&rig, agi, 64);
		item[16] = 1;
		item[20] = 0xf;
		test_build_region(&rig.b, TID, item, sizeof(item));
	}
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

/* The header of a transaction may come in two parts. */
static void test_split_trans_header(void **state)
{
	struct xfs_trans_header th = { XFS_TRANS_HEADER_MAGIC, XFS_TRANS_CHECKPOINT, (int32_t)TID, 1 };
	uint8_t agi[512];

	(void)state;
	rig_begin(&rig, 32768);
	make_agi(&rig, agi, 64);
	test_build_op(&rig.b, TID, XFS_TRANSACTION, XLOG_START_TRANS, NULL, 0);
	test_build_op(&rig.b, TID, XFS_TRANSACTION, XLOG_CONTINUE_TRANS, &th, 8);
	test_build_record(&rig.b);
	test_build_op(&rig.b, TID, XFS_TRANSACTION, XLOG_WAS_CONT_TRANS | XLOG_END_TRANS,
		      (const uint8_t *)&th + 8, 8);
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	put_end(&rig, TID);
	assert_recovers_to(&rig, 64);
	/* Its magic number is looked at. */
	rig_begin(&rig, 32768);
	test_build_op(&rig.b, TID, XFS_TRANSACTION, XLOG_START_TRANS, NULL, 0);
	th.th_magic++;
	test_build_op(&rig.b, TID, XFS_TRANSACTION, 0, &th, 16);
	test_build_record(&rig.b);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

static int setup(void **state)
{
	(void)state;
	rig_new(&rig, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_sizes_and_wrap),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_same_lsn),
		cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_uncommitted),
		cmocka_unit_test(test_unmount_between),
		cmocka_unit_test(test_torn_head),
		cmocka_unit_test(test_short_header_crc),
		cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_unknown_log_feature),
		cmocka_unit_test(test_bad_operations),
		cmocka_unit_test(test_split_trans_header),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
