/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a power loss leaves of the log, the head search ends behind the last checkpoint
 *       that was acknowledged, or behind the one that was on its way; nothing that was
 *       not whole is kept, nothing that was whole and needed is cut off.  A damaged record
 *       is cut off, with all behind it, when it may be torn, and refused when it cannot.
 * Method: histories of checkpoints over a recording device, images of many moments with the
 *         unflushed sectors kept or lost as the seed says; the writer goes on with the image, and is
 *         crashed again.  Then single bytes of single records are changed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/mem.h"
#include "core/message.h"
#include "disk/log.h"
#include "log/log.h"
#include "log/log_priv.h"
#include "support/log_volume.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define MAX_WRITTEN	600u

struct written {
	xfs_lsn_t lsn, tail;
	uint32_t crc, regions;		/* of its bytes as the parser tells them */
	uint32_t events;		/* of the recorder when it was acknowledged */
};

struct rig {
	struct xfs_mount mp;
	uint64_t log_bytes;
	bool large;			/* checkpoints larger than what may be in flight */
	struct test_log log;
	struct xfs_rand r;
	struct written w[MAX_WRITTEN];
	uint32_t nr;
};

static const uint8_t uuid[16] = { 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0,
				  0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88 };

static struct rig *rig_new(uint32_t log_bytes, uint32_t logsunit, uint64_t stream)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct test_log_shape shape = {
		.bytes = log_bytes, .sector = 512, .sunit = logsunit, .uuid = uuid,
	};

	assert_non_null(rig);
	rig->mp.m_geo = test_log_geometry(&shape);
	rig->log = test_log_of(&rig->mp.m_geo);
	rig->log_bytes = log_bytes;
	rig->r = test_rand(stream);
	return rig;
}

static struct xfs_device *new_memory(struct rig *rig)
{
	struct xfs_device *dev;
	struct xlog_state state;

	assert_int_equal(xfs_device_open_memory(rig->log_bytes + 2 * TEST_LOG_START, 512, NULL,
						&dev), 0);
	rig->mp.m_dev = dev;
	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	assert_int_equal(xlog_open(&rig->mp, &state), 0);
	/* As a formatter leaves it. */
	assert_int_equal(xlog_write_unmount(rig->mp.m_log), 0);
	xlog_close(&rig->mp);
	return dev;
}

/* One checkpoint; its tail is one of the older ones, or its own start. */
static void write_one(struct rig *rig, struct xfs_device *recorder, uint32_t oldest)
{
	struct xlog *log = rig->mp.m_log;
	uint64_t space = xlog_space(log), max = xlog_max_checkpoint(log), size;
	struct written *w = &rig->w[rig->nr];
	struct test_bytes bytes = { 0 };
	struct xlog_stream *s;
	uint64_t used = 0;

	assert_true(rig->nr < MAX_WRITTEN);
	*w = (struct written){ .lsn = xlog_head_lsn(log) };
	size = 100 + xfs_rand_below(&rig->r, xfs_rand_below(&rig->r, 3) ? 3000 : 400000);
	if (rig->large)
		size += 3u << 20;
	size = XFS_MIN(size, space);
	size = XFS_MIN(size, max);
	size = XFS_MAX(size, 400ull);
	w->tail = xlog_tail_lsn(log);
	if (space < size + 300000 || oldest == rig->nr) {
		w->tail = w->lsn;
	} else if (xfs_rand_below(&rig->r, 2)) {
		xfs_lsn_t lsn = rig->w[oldest + xfs_rand_below(&rig->r, rig->nr - oldest)].lsn;

		w->tail = XFS_MAX(w->tail, lsn);
	}
	assert_int_equal(xlog_stream_alloc(log, size, size / 20, &s), 0);
	while (used + 16 <= size) {
		uint32_t len = 4 + 4 * (uint32_t)xfs_rand_below(&rig->r, 3000);
		uint8_t data[12004];

		len = (uint32_t)XFS_MIN((uint64_t)len, (size - used - 12) & ~3ull);
		test_pattern_fill(data, len, xfs_rand64(&rig->r));
		xlog_stream_region(s, data, len);
		test_bytes_add(&bytes, &len, 4);
		test_bytes_add(&bytes, data, len);
		w->regions++;
		used += 12 + len;
	}
	w->crc = test_crc32c(~0u, bytes.data, bytes.len);
	test_bytes_free(&bytes);
	assert_int_equal(xlog_stream_write(s, w->tail), 0);
	xlog_stream_free(s);
	w->events = test_recorder_events(recorder);
	rig->nr++;
}

/* The image holds what was acknowledged by @acked, perhaps the next one too, and no more. */
static void check_image(struct rig *rig, const struct xlog_state *state, uint32_t first,
			uint32_t acked)
{
	const struct written *done = acked > first ? &rig->w[acked - 1] : NULL;
	const struct written *next = acked < rig->nr ? &rig->w[acked] : NULL;
	struct test_parsed parsed;
	char why[200] = "";
	uint32_t at;

	/* Nothing of this history: the log is as it was opened. */
	if (!done && (!next || state->tail_lsn != next->tail || state->clean))
		return;
	assert_false(state->clean);
	assert_true((done && state->tail_lsn == done->tail) || (next && state->tail_lsn == next->tail));
	for (at = first; at < rig->nr && rig->w[at].lsn != state->tail_lsn; at++)
		;
	if (!test_log_parse(&rig->log, CYCLE_LSN(state->tail_lsn), state->tail_block,
			    state->head_block, &parsed, why, sizeof(why)))
		fail_msg("%s", why);
	for (uint32_t i = 0; i < parsed.nr; i++, at++) {
		const struct test_checkpoint *cp = &parsed.checkpoints[i];

		assert_true(at < rig->nr && at <= acked);
		assert_true(rig->w[at].lsn == xlog_assign_lsn(cp->cycle, cp->block));
		assert_int_equal(rig->w[at].regions, cp->regions);
		assert_int_equal(rig->w[at].crc, test_crc32c(~0u, cp->bytes.data, cp->bytes.len));
	}
	/* Everything acknowledged is there, unless the next one says that it is not needed. */
	assert_true(at >= acked);
	test_parsed_free(&parsed);
}

/* Write, crash, check at many moments; returns the image that is gone on with. */
static struct xfs_device *history(struct rig *rig, struct xfs_device *base, uint32_t checkpoints)
{
	struct xfs_device *recorder, *target = NULL, *work;
	uint32_t first = rig->nr, events;
	struct xlog_state state;

	assert_int_equal(test_device_clone(base, &work), 0);
	assert_int_equal(test_recorder_open(work, &recorder), 0);
	rig->mp.m_dev = recorder;
	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	assert_int_equal(xlog_open(&rig->mp, &state), 0);
	rig->log.h_size = rig->mp.m_log->h_size;
	for (uint32_t i = 0; i < checkpoints; i++)
		write_one(rig, recorder, first);
	xlog_close(&rig->mp);
	events = test_recorder_events(recorder);
	for (uint32_t i = 0; i < (rig->large ? 8u : 20u); i++) {
		uint32_t nr = (uint32_t)xfs_rand_below(&rig->r, events + 1), acked = first;

		xfs_device_put(target);
		assert_int_equal(test_device_clone(base, &target), 0);
		assert_int_equal(test_recorder_crash(recorder, nr, &rig->r, target), 0);
		while (acked < rig->nr && rig->w[acked].events <= nr)
			acked++;
		rig->mp.m_dev = rig->log.dev = target;
		if (xlog_find_head(&rig->mp, &state))
			fail_msg("%u of %u events, %u of %u acknowledged: %s", nr, events, acked,
				 rig->nr, xfs_last_text());
		check_image(rig, &state, first, acked);
	}
	/* The last image goes on. What it does not hold never happened. */
	rig->nr = first;
	xfs_device_put(recorder);
	xfs_device_put(work);
	xfs_device_put(base);
	return target;
}

static void power_losses(uint32_t log_bytes, uint32_t logsunit, bool large, uint64_t stream)
{
	struct rig *rig = rig_new(log_bytes, logsunit, stream);
	struct xfs_device *dev = new_memory(rig);

	rig->large = large;
	for (uint32_t turn = 0; turn < (large ? 3 : 10); turn++) {
		dev = history(rig, dev, 3 + (uint32_t)xfs_rand_below(&rig->r, large ? 3 : 12));
		rig->nr = 0;
	}
	xfs_device_put(dev);
	free(rig);
}

static void test_power_losses(void **unused)
{
	(void)unused;
	for (uint64_t i = 0; i < 4; i++)
		power_losses(2u << 20, 0, false, 100 + i);
	power_losses(4u << 20, 32768, false, 110);
	power_losses(16u << 20, 262144, false, 120);
	power_losses(20u << 20, 0, true, 130);
}

/* Blocks of the records between the tail and the head, oldest first. */
static uint32_t list_records(struct rig *rig, uint32_t tail, uint32_t head, uint32_t *blocks,
			     uint32_t max)
{
	uint32_t nr = 0;

	for (uint32_t bb = tail; bb != head;) {
		uint8_t h[512];

		assert_int_equal(xfs_device_pread(rig->log.dev, TEST_LOG_START + (uint64_t)bb * 512, h,
						  512), 0);
		assert_int_equal(get_be32(h), XLOG_HEADER_MAGIC_NUM);
		assert_true(nr < max);
		blocks[nr++] = bb;
		bb = (bb + (rig->log.h_size + 32767) / 32768 + get_be32(h + 12) / 512) % rig->log.nbbs;
	}
	return nr;
}

/* Every record of a log, one after the other, has one byte changed, which is changed back. */
static void test_damaged_records(void **unused)
{
	struct rig *rig = rig_new(2u << 20, 0, 200);
	struct xfs_device *dev = new_memory(rig), *recorder;
	uint32_t blocks[200], nr, cut = 0, refused = 0;
	struct xlog_state whole, state;

	(void)unused;
	assert_int_equal(test_recorder_open(dev, &recorder), 0);
	rig->mp.m_dev = rig->log.dev = recorder;
	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	assert_int_equal(xlog_open(&rig->mp, &state), 0);
	/* Past the end of the ring, then a tail that stays. */
	while (CYCLE_LSN(xlog_head_lsn(rig->mp.m_log)) < 2)
		write_one(rig, recorder, rig->nr);
	for (uint32_t i = 0; i < 14; i++) {
		struct xlog_stream *s;
		uint8_t data[5000];

		test_pattern_fill(data, sizeof(data), i);
		assert_int_equal(xlog_stream_alloc(rig->mp.m_log, 90000, 16, &s), 0);
		for (uint32_t k = 0; k <= i; k++)
			xlog_stream_region(s, data, sizeof(data));
		assert_int_equal(xlog_stream_write(s, xlog_tail_lsn(rig->mp.m_log)), 0);
		xlog_stream_free(s);
	}
	xlog_close(&rig->mp);
	assert_int_equal(xlog_find_head(&rig->mp, &whole), 0);
	assert_false(whole.torn);
	nr = list_records(rig, whole.tail_block, whole.head_block, blocks, ARRAY_SIZE(blocks));
	assert_true(nr > 12);
	for (uint32_t i = 0; i < nr; i++) {
		static const uint32_t at[] = { 9, 24, 33, 44, 305, 512 + 5, 512 + 300 };
		uint32_t where = at[xfs_rand_below(&rig->r, ARRAY_SIZE(at))];
		uint64_t offset = TEST_LOG_START + (uint64_t)blocks[i] * 512 + where / 512 * 512;
		uint8_t bb[512], keep[512];
		int error;

		assert_int_equal(xfs_device_pread(recorder, offset, keep, 512), 0);
		memcpy(bb, keep, 512);
		bb[where % 512] ^= 0x10;
		assert_int_equal(xfs_device_pwrite(recorder, offset, bb, 512, 0), 0);
		error = xlog_find_head(&rig->mp, &state);
		/* The last header is looked at before anything is taken for torn. */
		if (i + 1 == nr && (where == 9 || where == 305)) {
			assert_int_equal(error, -EUCLEAN);
		} else if (i + 8 < nr) {
			assert_int_equal(error, -EUCLEAN);
			refused++;
		} else if (i + 1 == nr && where == 24) {
			/* Its tail is nonsense only if the checksum is not looked at. */
			assert_true(error == 0 || error == -EUCLEAN);
		} else {
			assert_int_equal(error, 0);
			assert_int_equal(state.head_block, blocks[i]);
			assert_true(i ? !state.clean : true);
			if (!state.clean)
				assert_int_equal(state.tail_block, whole.tail_block);
			cut++;
		}
		assert_int_equal(xfs_device_pwrite(recorder, offset, keep, 512, 0), 0);
	}
	assert_true(cut >= 5 && refused >= 3);
	assert_int_equal(xlog_find_head(&rig->mp, &state), 0);
	assert_int_equal(state.head_block, whole.head_block);
	xfs_device_put(recorder);
	xfs_device_put(dev);
	free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_losses),
		cmocka_unit_test(test_damaged_records),
	};

	test_seed_init(20262);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
