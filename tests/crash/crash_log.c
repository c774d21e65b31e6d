/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a crash makes of a log, each checkpoint that was durable is found in it, whole
 *       and in order, and at most those that were being written besides; and the log can be
 *       gone on with from there, over and over.
 * Method: seeded checkpoints through the writer alone onto a recording device; crash images of
 *         it; head search and reading on each; a checkpoint more, and searched again.  One
 *         image of each generation is what the next one writes to.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/xfswrite.h>
#include "base/mem.h"
#include "core/message.h"
#include "crash/image.h"
#include "crash/power.h"
#include "log/log.h"
#include "log/log_priv.h"
#include "support/test_seed.h"

#define LOG_START	(1u << 20)
#define CHECKPOINTS	4096u
#define GENERATIONS	6u
#define PER_GENERATION	40u
#define IMAGES		60u

/* One checkpoint, by its number. */
struct point {
	xfs_lsn_t lsn;
	uint32_t tail;		/* number of the checkpoint that its records give as tail */
	uint32_t seed;		/* of its contents */
	uint32_t began, durable;	/* events; durable 0: never said */
};

struct rig {
	struct xfs_geometry geo;
	struct xfs_rand r;
	struct point points[CHECKPOINTS];
	uint32_t last;		/* newest that was begun */
	uint32_t base;		/* newest when the generation began; 0: the log was clean */
	bool base_clean;
	struct crash_counts counts;
	uint64_t next_in;
	struct xfs_device *next;
	uint32_t next_last;
};

static const uint8_t uuid[16] = { 0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87,
				  0x98, 0xa9, 0xba, 0xcb, 0xdc, 0xed, 0xfe, 0x0f };

static void mount_on(const struct rig *rig, struct xfs_mount *mp, struct xfs_device *dev)
{
	memset(mp, 0, sizeof(*mp));
	mp->m_geo = rig->geo;
	mp->m_dev = dev;
}

/* Regions of a checkpoint: one item of several, which say what they are. */
static uint32_t draw_regions(uint32_t seed, uint32_t number, uint64_t limit, uint8_t *data,
			     uint32_t *lens, uint32_t max)
{
	struct xfs_rand r;
	uint32_t nr, at = 0;

	xfs_rand_seed(&r, seed);
	nr = 1 + (uint32_t)xfs_rand_below(&r, max);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t len = xfs_rand_below(&r, 6) ? 4 + (uint32_t)xfs_rand_below(&r, 900)
						     : (uint32_t)xfs_rand_below(&r, 40000) + 4;

		len &= ~3u;
		if (i == 0)
			len = 24;
		if ((uint64_t)at + len + 64ull * (i + 1) > limit) {
			nr = i;
			break;
		}
		xfs_rand_bytes(&r, data + at, len);
		lens[i] = len;
		at += len;
	}
	put_le16(XFS_LI_BUF, data);
	put_le16((uint16_t)nr, data + 2);
	put_le32(number, data + 4);
	put_le32(seed, data + 8);
	return nr;
}

#define MAX_REGIONS 60u
#define MAX_BYTES (MAX_REGIONS * 40008u)

static uint8_t region_data[MAX_BYTES];
static uint32_t region_lens[MAX_REGIONS];

/* The newest checkpoint that begins there; 0: none. */
static uint32_t number_at(const struct rig *rig, xfs_lsn_t lsn, uint32_t newest)
{
	while (newest && rig->points[newest].lsn != lsn)
		newest--;
	return newest;
}

/* Write checkpoint number last + 1; @recorder may be NULL. */
static void write_point(struct rig *rig, struct xfs_mount *mp, struct xfs_device *recorder)
{
	struct xlog *log = mp->m_log;
	uint32_t number = ++rig->last;
	struct point *p = &rig->points[number];
	uint64_t space = XFS_MIN(xlog_space(log), xlog_max_checkpoint(log)), bytes = 0;
	struct xlog_stream *stream;
	uint32_t nr, at = 0;

	assert_true(number < CHECKPOINTS);
	*p = (struct point){
		.seed = xfs_rand32(&rig->r), .lsn = xlog_head_lsn(log),
		.began = recorder ? test_recorder_events(recorder) : 0,
	};
	/* The tail moves now and then; it must when there is no space for much. */
	p->tail = number_at(rig, xlog_tail_lsn(log), number - 1);
	if (!p->tail)
		p->tail = number;
	if (space < 100000 || xfs_rand_below(&rig->r, 4) == 0)
		p->tail += (uint32_t)xfs_rand_below(&rig->r, number - p->tail + 1);
	if (space < 100000)
		p->tail = number;
	nr = draw_regions(p->seed, number, XFS_MAX(space, 600u), region_data, region_lens,
			  MAX_REGIONS);
	for (uint32_t i = 0; i < nr; i++)
		bytes += region_lens[i] + 12;
	assert_int_equal(xlog_stream_alloc(log, bytes, nr, &stream), 0);
	for (uint32_t i = 0; i < nr; i++) {
		xlog_stream_region(stream, region_data + at, region_lens[i]);
		at += region_lens[i];
	}
	/* How much was drawn depends on the space there was: the check draws it again. */
	assert_int_equal(xlog_stream_write(stream, rig->points[p->tail].lsn), 0);
	xlog_stream_free(stream);
	p->durable = recorder ? test_recorder_events(recorder) : 0;
}

struct reading {
	struct rig *rig;
	uint32_t first, last;
	bool wrong;
	char why[200];
};

static int take(void *ctx, struct xlog_trans *trans)
{
	struct reading *reading = ctx;
	struct rig *rig = reading->rig;
	const struct xlog_item *item = trans->xt_items;
	const uint8_t *head = item->it_regions[0].data;
	uint32_t number = get_le32(head + 4), at = 0;

	if (reading->wrong)
		return 0;
	reading->wrong = true;
	if (!number || number > rig->last || (reading->last && number != reading->last + 1)) {
		snprintf(reading->why, sizeof(reading->why), "checkpoint %u after %u", number,
			 reading->last);
		return 0;
	}
	if (trans->xt_lsn != rig->points[number].lsn ||
	    get_le32(head + 8) != rig->points[number].seed || item->it_next) {
		snprintf(reading->why, sizeof(reading->why), "checkpoint %u is another one", number);
		return 0;
	}
	draw_regions(rig->points[number].seed, number, UINT64_MAX, region_data, region_lens,
		     MAX_REGIONS);
	/* The first region tells how many were written. */
	put_le16(item->it_size, region_data + 2);
	for (uint32_t i = 0; i < item->it_count; i++) {
		if (item->it_regions[i].len != region_lens[i] ||
		    memcmp(item->it_regions[i].data, region_data + at, region_lens[i]) != 0) {
			snprintf(reading->why, sizeof(reading->why),
				 "region %u of checkpoint %u differs", i, number);
			return 0;
		}
		at += region_lens[i];
	}
	if (!reading->first)
		reading->first = number;
	reading->last = number;
	reading->wrong = false;
	return 0;
}

static int read_log(struct rig *rig, struct xfs_mount *mp, const struct xlog_state *state,
		    struct reading *reading)
{
	struct xlog_trans_table *table;
	struct xlog_walk walk;
	uint64_t ops = 0;
	bool found = true;
	int error = xlog_walk_init(mp, state, &walk);

	*reading = (struct reading){.rig = rig};
	if (error)
		return error;
	error = xlog_trans_table_create(mp, UINT32_MAX, take, reading, &table);
	while (!error && found) {
		error = xlog_walk_next(&walk, &found);
		if (!error && found)
			error = xlog_trans_add_record(table, &walk, &ops);
	}
	xlog_trans_table_destroy(table, &ops);
	xlog_walk_destroy(&walk);
	return error;
}

/* What must and what may be the newest checkpoint. */
static void bounds(const struct rig *rig, uint32_t mark, uint32_t *low, uint32_t *high)
{
	*low = *high = rig->base;
	for (uint32_t i = rig->base + 1; i <= rig->last; i++) {
		if (rig->points[i].durable <= mark)
			*low = i;
		if (rig->points[i].began < mark)
			*high = i;
	}
}

/* NULL: as it should be; @last: the newest checkpoint. */
static const char *look(struct rig *rig, struct xfs_mount *mp, uint32_t low, uint32_t high,
			struct xlog_state *state, uint32_t *last)
{
	static char why[400];
	struct reading reading = {.rig = rig};
	int error = xlog_find_head(mp, state);
	uint32_t tail;

	*last = 0;
	if (error) {
		snprintf(why, sizeof(why), "head: %s: %s", strerror(-error), xfs_error_text(NULL));
		return why;
	}
	if (state->clean)
		return low || !rig->base_clean ? "the log looks clean" : NULL;
	error = read_log(rig, mp, state, &reading);
	if (error) {
		snprintf(why, sizeof(why), "reading: %s: %s", strerror(-error),
			 xfs_error_text(NULL));
		return why;
	}
	tail = number_at(rig, state->tail_lsn, high);
	/*
	 * A checkpoint that was not finished may have brought its tail already, its own place
	 * even: then nothing needs to be replayed.  When it is one of an earlier generation its
	 * place is no longer known.
	 */
	*last = reading.first ? reading.last : tail ? tail - 1 : rig->base;
	if (!reading.wrong && (!reading.first || reading.first == tail) && *last >= low &&
	    *last <= high && (!reading.first || tail >= rig->points[*last].tail))
		return NULL;
	snprintf(why, sizeof(why),
		 "%s: %u to %u found, newest allowed %u to %u, tail is %u, of %u it is %u",
		 reading.why, reading.first, reading.last, low, high, tail, *last,
		 rig->points[*last].tail);
	return why;
}

static int judge(void *ctx, struct xfs_device *view, uint32_t mark)
{
	struct rig *rig = ctx;
	struct xfs_mount mp;
	struct xlog_state state;
	struct point saved;
	uint32_t low, high, last, newest = rig->last;
	const char *why;

	if (!rig->next && !rig->next_in--) {
		rig->next = crash_image_copy(view);
		mount_on(rig, &mp, view);
	}
	bounds(rig, mark, &low, &high);
	mount_on(rig, &mp, view);
	why = look(rig, &mp, low, high, &state, &last);
	if (!why && rig->next && rig->next_last == UINT32_MAX)
		rig->next_last = last;
	/* One more, and it has to be the one that is found. */
	if (!why && xlog_open(&mp, &state))
		why = "the log does not open";
	if (!why) {
		saved = rig->points[last + 1];
		rig->last = last;
		write_point(rig, &mp, NULL);
		xlog_close(&mp);
		why = look(rig, &mp, last + 1, last + 1, &state, &high);
		rig->points[last + 1] = saved;
		rig->last = newest;
	}
	if (why)
		print_error("after event %u: %s\n", mark, why);
	return why != NULL;
}

static uint64_t promise(void *ctx, uint32_t mark)
{
	uint32_t low, high;

	bounds(ctx, mark, &low, &high);
	return low;
}

/* As mkfs leaves it: clean, but never empty. */
static void make_log(const struct rig *rig, struct xfs_device *start)
{
	struct xfs_mount mp;
	struct xlog_state state;

	mount_on(rig, &mp, start);
	assert_int_equal(xlog_find_head(&mp, &state), 0);
	assert_int_equal(xlog_open(&mp, &state), 0);
	assert_int_equal(xlog_write_unmount(mp.m_log), 0);
	xlog_close(&mp);
}

static void run(uint32_t log_bytes, uint32_t sector, uint32_t logsunit, uint64_t stream)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct xfs_device *start, *work, *recorder;
	struct crash_plan plan = {
		.budget = IMAGES, .unit = CRASH_SECTOR,
		.log_start = LOG_START, .log_end = LOG_START + log_bytes,
	};
	uint64_t size = log_bytes + 2ull * LOG_START, bytes = 0;

	assert_non_null(rig);
	rig->geo = (struct xfs_geometry){
		.blocksize = 4096, .blocklog = 12, .blkbb_log = 3, .agblocks = 1u << 20,
		.agblklog = 20, .agcount = 1, .logstart = LOG_START / 4096,
		.logblocks = log_bytes / 4096, .logsectsize = sector, .logsunit = logsunit,
	};
	memcpy(rig->geo.uuid.b, uuid, sizeof(uuid));
	rig->r = test_rand(stream);
	rig->base_clean = true;
	start = crash_image_new(size, NULL);
	assert_int_equal(xfs_device_zero(start, LOG_START, log_bytes), 0);
	make_log(rig, start);
	for (uint32_t g = 0; g < GENERATIONS; g++) {
		struct xfs_mount mp;
		struct xlog_state state;
		struct xlog_stats stats;

		work = crash_image_new(size, start);
		assert_int_equal(test_recorder_open(work, &recorder), 0);
		xfs_device_put(work);
		mount_on(rig, &mp, recorder);
		assert_int_equal(xlog_find_head(&mp, &state), 0);
		assert_int_equal(xlog_open(&mp, &state), 0);
		for (uint32_t i = 0; i < PER_GENERATION; i++)
			write_point(rig, &mp, recorder);
		xlog_get_stats(mp.m_log, &stats);
		bytes += stats.bytes;
		xlog_close(&mp);
		plan.seed = xfs_rand64(&rig->r);
		rig->next_in = xfs_rand_below(&rig->r, 50);
		rig->next_last = UINT32_MAX;
		assert_int_equal(crash_power(recorder, start, &plan, judge, promise, rig, rig,
					     &rig->counts), 0);
		xfs_device_put(recorder);
		if (!rig->next)
			break;
		xfs_device_put(start);
		start = rig->next;
		rig->next = NULL;
		rig->base = rig->last = rig->next_last;
		rig->base_clean = rig->base_clean && !rig->base;
	}
	print_message("log of %u KiB, sector %u, unit %u: %" PRIu64 " KiB written, %" PRIu64
		      " images judged\n", log_bytes / 1024, sector, logsunit, bytes / 1024,
		      rig->counts.judged);
	assert_true(rig->counts.judged >= IMAGES);
	xfs_device_put(start);
	free(rig);
}

static void test_plain(void **unused)
{
	(void)unused;
	run(1u << 20, 512, 0, 1);
	run(4u << 20, 512, 0, 2);
	run(8u << 20, 512, 0, 3);
}

static void test_sectors(void **unused)
{
	(void)unused;
	run(2u << 20, 4096, 4096, 4);
}

static void test_stripes(void **unused)
{
	(void)unused;
	run(2u << 20, 512, 32768, 5);
	run(8u << 20, 512, 262144, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sectors),
		cmocka_unit_test(test_stripes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
