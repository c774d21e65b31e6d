/* SPDX-License-Identifier: MIT */
/*
 * Goal: the end of the log is found and its state told: fresh, clean, dirty,
 *       wrapped, torn, foreign, nonsense.
 * Method: logs written record by record into a memory device, as their format
 *         says, then searched.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "core/message.h"
#include "disk/log.h"
#include "log/log.h"
#include "support/log_volume.h"

#define LOG_BBS		8192u

struct fixture {
	struct xfs_mount mp;
	uint32_t block, cycle;		/* where the next record goes */
	xfs_lsn_t tail;
};

static void put_bb(struct fixture *f, uint32_t bb, const void *data)
{
	assert_int_equal(xfs_device_pwrite(f->mp.m_dev, TEST_LOG_START + (uint64_t)bb * 512, data,
					   512, 0), 0);
}

/* A record of @data_bbs blocks behind its header; an unmount record if @unmount. */
static void put_record(struct fixture *f, uint32_t data_bbs, bool unmount)
{
	struct xlog_rec_header h;
	uint8_t bb[512];

	memset(&h, 0, sizeof(h));
	h.h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	h.h_cycle = cpu_to_be32(f->cycle);
	h.h_version = cpu_to_be32(XLOG_VERSION_2);
	h.h_len = cpu_to_be32(data_bbs * 512);
	h.h_lsn = cpu_to_be64((uint64_t)xlog_assign_lsn(f->cycle, f->block));
	h.h_tail_lsn = cpu_to_be64((uint64_t)f->tail);
	h.h_num_logops = cpu_to_be32(unmount ? 1 : 7);
	h.h_fmt = cpu_to_be32(XLOG_FMT);
	h.h_fs_uuid = f->mp.m_geo.uuid;
	h.h_size = cpu_to_be32(32768);
	put_bb(f, f->block, &h);
	for (uint32_t i = 0; i <= data_bbs; i++) {
		memset(bb, 0, sizeof(bb));
		put_be32(f->cycle, bb);
		if (i == 1 && unmount) {
			bb[8] = XFS_LOG;
			bb[9] = XLOG_UNMOUNT_TRANS;
		}
		if (i)
			put_bb(f, f->block, bb);
		if (++f->block == LOG_BBS) {
			f->block = 0;
			f->cycle++;
		}
	}
}

static int setup(void **state)
{
	static const uint8_t uuid[16] = { 0x5a, 0xa5, 0x5a, 0x5a };
	const struct test_log_shape shape = {
		.bytes = LOG_BBS * 512, .sector = 512, .uuid = uuid,
	};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->mp.m_geo = test_log_geometry(&shape);
	f->cycle = 1;
	f->tail = xlog_assign_lsn(1, 0);
	assert_int_equal(xfs_device_open_memory(64u << 20, 512, NULL, &f->mp.m_dev), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	xfs_device_put(f->mp.m_dev);
	free(f);
	return 0;
}

static void expect(struct fixture *f, bool clean, uint32_t head)
{
	struct xlog_state log;

	assert_int_equal(xlog_find_head(&f->mp, &log), 0);
	assert_int_equal(log.clean, clean);
	assert_int_equal(log.head_block, head);
}

static void test_fresh(void **state)
{
	struct fixture *f = *state;

	/* All zero counts as clean. */
	expect(f, true, 0);
	put_record(f, 1, true);
	expect(f, true, 2);
}

static void test_dirty_then_clean(void **state)
{
	struct fixture *f = *state;

	put_record(f, 1, true);
	for (int i = 0; i < 40; i++) {
		put_record(f, 17, false);
		expect(f, false, f->block);
	}
	put_record(f, 1, true);
	expect(f, true, f->block);
	/* One more checkpoint, and it is dirty again. */
	put_record(f, 3, false);
	expect(f, false, f->block);
}

static void test_wrapped(void **state)
{
	struct fixture *f = *state;

	for (int turn = 0; turn < 1500; turn++) {
		f->tail = xlog_assign_lsn(f->cycle, f->block);
		put_record(f, 20 + (uint32_t)turn % 40, false);
		if (turn % 37 == 0)
			expect(f, false, f->block);
	}
	assert_true(f->cycle > 3);
	put_record(f, 1, true);
	expect(f, true, f->block);
}

/* A record whose last blocks never arrived did not happen. */
static void test_partial_record(void **state)
{
	struct fixture *f = *state;
	uint8_t zero[512] = { 0 };
	uint32_t before;

	put_record(f, 1, true);
	put_record(f, 10, false);
	put_record(f, 1, true);
	before = f->block;
	put_record(f, 10, false);
	for (uint32_t i = 1; i <= 4; i++)
		put_bb(f, f->block - i, zero);
	expect(f, true, before);
	/* A hole in the middle, too. */
	put_bb(f, before + 3, zero);
	expect(f, true, before);
}

static void test_foreign_and_nonsense(void **state)
{
	struct fixture *f = *state;
	struct xlog_state log;
	uint8_t junk[512];

	put_record(f, 1, true);
	f->mp.m_geo.uuid.b[3] ^= 1;
	assert_int_equal(xlog_find_head(&f->mp, &log), -EUCLEAN);
	assert_non_null(strstr(xfs_last_text(), "another file system"));
	for (uint32_t bb = 0; bb < LOG_BBS; bb++) {
		memset(junk, 0x33, sizeof(junk));
		put_bb(f, bb, junk);
	}
	assert_int_equal(xlog_find_head(&f->mp, &log), -EUCLEAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dirty_then_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_partial_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_and_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
