/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is held is seen by reads and by nobody below; a release gives both devices what was
 *       written, sector by sector and flush by flush in the order of the calls; a drop, a lack of
 *       memory and a device that fails leave what they should.
 * Method: random writes and flushes of two devices over recorders, beside plain ones that get
 *         the same; each state at a flush must appear in the recording of the release.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "device/hold.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define MAX_STATES	200

struct fixture {
	uint32_t sector;
	uint64_t bytes;
	struct xfs_mem mem;
	struct xfs_device *base[2], *recorder[2], *plain[2], *before[2];
	struct xfs_hold *hold;
	struct xfs_device *held[2];
	/* Of the first device, at each flush. */
	struct xfs_device *states[MAX_STATES];
	unsigned int nr_states;
	bool changed;
};

static void begin(struct fixture *f, uint32_t sector, uint64_t bytes, uint64_t limit, struct xfs_rand *r)
{
	uint8_t *data = malloc(bytes);

	memset(f, 0, sizeof(*f));
	f->sector = sector;
	f->bytes = bytes;
	xfs_mem_init(&f->mem, NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xfs_device_open_memory(bytes, sector, NULL, &f->base[i]), 0);
		xfs_rand_bytes(r, data, bytes);
		assert_int_equal(xfs_device_pwrite(f->base[i], 0, data, bytes, 0), 0);
		assert_int_equal(test_device_clone(f->base[i], &f->plain[i]), 0);
		assert_int_equal(test_device_clone(f->base[i], &f->before[i]), 0);
		assert_int_equal(test_recorder_open(f->base[i], &f->recorder[i]), 0);
	}
	assert_int_equal(xfs_hold_create(&f->mem, f->recorder[0], f->recorder[1], limit, &f->hold), 0);
	f->held[0] = xfs_hold_first(f->hold);
	f->held[1] = xfs_hold_second(f->hold);
	assert_ptr_equal(xfs_hold_below(f->held[1]), f->recorder[1]);
	free(data);
}

static void end(struct fixture *f)
{
	xfs_hold_destroy(f->hold);
	for (unsigned int i = 0; i < f->nr_states; i++)
		xfs_device_put(f->states[i]);
	for (int i = 0; i < 2; i++) {
		xfs_device_put(f->recorder[i]);
		xfs_device_put(f->plain[i]);
		xfs_device_put(f->before[i]);
		xfs_device_put(f->base[i]);
	}
}

static void write_some(struct fixture *f, struct xfs_rand *r)
{
	uint64_t sectors = f->bytes / f->sector, first = xfs_rand_below(r, sectors);
	uint64_t n = 1 + xfs_rand_below(r, XFS_MIN(sectors - first, (uint64_t)20));
	unsigned int which = xfs_rand_below(r, 4) == 0;
	unsigned int flags = xfs_rand_below(r, 8) ? 0 : XFS_DEV_FUA;
	uint8_t *data = malloc(n * f->sector);

	xfs_rand_bytes(r, data, n * f->sector);
	assert_int_equal(xfs_device_pwrite(f->held[which], first * f->sector, data, n * f->sector,
					   flags), 0);
	assert_int_equal(xfs_device_pwrite(f->plain[which], first * f->sector, data,
					   n * f->sector, 0), 0);
	f->changed |= !which;
	free(data);
}

static void flush(struct fixture *f, struct xfs_rand *r)
{
	assert_int_equal(xfs_device_flush(f->held[xfs_rand_below(r, 2)]), 0);
	if (f->changed && f->nr_states < MAX_STATES)
		assert_int_equal(test_device_clone(f->plain[0], &f->states[f->nr_states++]), 0);
	f->changed = false;
}

static void play(struct fixture *f, struct xfs_rand *r, unsigned int n)
{
	while (n--) {
		if (xfs_rand_below(r, 6))
			write_some(f, r);
		else
			flush(f, r);
		for (int i = 0; n % 10 == 0 && i < 2; i++)
			assert_true(test_device_equal(f->held[i], f->plain[i], NULL));
	}
}

static void untouched(struct fixture *f)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(test_recorder_events(f->recorder[i]), 0);
		assert_true(test_device_equal(f->base[i], f->before[i], NULL));
	}
}

/* Sectors that were written are held, in whichever stretch, and no others. */
static void test_has(void **state)
{
	uint8_t data[1024] = { 1 };
	struct xfs_rand r;
	struct fixture f;

	(void)state;
	xfs_rand_seed(&r, 3);
	begin(&f, 512, 1u << 20, 1u << 20, &r);
	assert_false(xfs_hold_has(f.held[0], 0, 1u << 20));
	assert_int_equal(xfs_device_pwrite(f.held[0], 8192 + 1024, data, 512, 0), 0);
	assert_int_equal(xfs_device_flush(f.held[0]), 0);
	assert_int_equal(xfs_device_pwrite(f.held[0], 8192 + 2048, data, 1024, 0), 0);
	assert_true(xfs_hold_has(f.held[0], 8192 + 1024, 512));
	assert_true(xfs_hold_has(f.held[0], 8192 + 2560, 512));
	assert_true(xfs_hold_has(f.held[0], 0, 1u << 20));
	assert_false(xfs_hold_has(f.held[0], 0, 8192 + 1024));
	assert_false(xfs_hold_has(f.held[0], 8192 + 1536, 512));
	assert_false(xfs_hold_has(f.held[0], 8192 + 3072, 4096));
	assert_false(xfs_hold_has(f.held[1], 0, 1u << 20));
	end(&f);
}

/* Every state that a flush had made stable is one between two writes of the release. */
static void states_appear(struct fixture *f)
{
	uint32_t events = test_recorder_events(f->recorder[0]);
	unsigned int met = 0;

	for (uint32_t nr = 0; nr <= events && met < f->nr_states; nr++) {
		struct xfs_device *target;

		assert_int_equal(test_device_clone(f->before[0], &target), 0);
		assert_int_equal(test_recorder_replay(f->recorder[0], nr, target), 0);
		while (met < f->nr_states && test_device_equal(target, f->states[met], NULL)) {
			met++;
			/* What comes next is written behind a flush, as it was. */
			assert_true(xfs_hold_gave_way(f->hold) || nr == events ||
				    f->nr_states == met ||
				    test_recorder_event(f->recorder[0], nr)->kind ==
					    TEST_EVENT_FLUSH);
		}
		xfs_device_put(target);
	}
	assert_int_equal(met, f->nr_states);
}

static const struct {
	uint32_t sector;
	uint64_t bytes;
} shapes[] = { { 512, 64 * 4096 }, { 4096, 64 * 4096 }, { 8192, 32 * 8192 }, { 512, 77 * 512 } };

/* (HOLD-1), (HOLD-2) */
static void test_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(shapes); i++) {
		struct xfs_rand r = test_rand(i);
		struct fixture f;

		begin(&f, shapes[i / 3].sector, shapes[i / 3].bytes, 1u << 30, &r);
		play(&f, &r, 60);
		untouched(&f);
		assert_int_equal(xfs_hold_release(f.hold), 0);
		assert_false(xfs_hold_gave_way(f.hold));
		for (int j = 0; j < 2; j++)
			assert_true(test_device_equal(f.base[j], f.plain[j], NULL));
		states_appear(&f);
		/* From now on all goes through. */
		play(&f, &r, 20);
		for (int j = 0; j < 2; j++)
			assert_true(test_device_equal(f.base[j], f.plain[j], NULL));
		end(&f);
	}
}

/* (HOLD-3) Sectors that nobody wrote are not written: another writer's would be lost. */
static void test_only_what_was_written(void **state)
{
	struct xfs_rand r = test_rand(1);
	uint8_t data[512];
	struct fixture f;

	(void)state;
	begin(&f, 512, 16 * 4096, 1u << 30, &r);
	memset(data, 7, sizeof(data));
	assert_int_equal(xfs_device_pwrite(f.held[0], 3 * 512, data, 512, 0), 0);
	assert_int_equal(xfs_device_pwrite(f.held[0], 7 * 512, data, 512, 0), 0);
	assert_int_equal(xfs_device_pwrite(f.held[0], 8 * 512, data, 512, 0), 0);
	assert_int_equal(xfs_hold_release(f.hold), 0);
	assert_int_equal(test_recorder_events(f.recorder[0]), 2);
	assert_int_equal(test_recorder_event(f.recorder[0], 0)->offset, 3 * 512);
	assert_int_equal(test_recorder_event(f.recorder[0], 0)->len, 512);
	/* Neighbours in one write, though they lie in two blocks. */
	assert_int_equal(test_recorder_event(f.recorder[0], 1)->offset, 7 * 512);
	assert_int_equal(test_recorder_event(f.recorder[0], 1)->len, 1024);
	end(&f);
}

static void test_drop(void **state)
{
	struct xfs_rand r = test_rand(2);
	struct fixture f;

	(void)state;
	begin(&f, 512, 64 * 4096, 1u << 30, &r);
	play(&f, &r, 50);
	xfs_hold_destroy(f.hold);
	f.hold = NULL;
	untouched(&f);
	end(&f);
}

/* (HOLD-4) More than may be held: nothing is lost, and whoever holds can tell. */
static void test_limit(void **state)
{
	struct xfs_rand r = test_rand(3);
	struct fixture f;

	(void)state;
	begin(&f, 512, 64 * 4096, 100000, &r);
	play(&f, &r, 60);
	assert_true(xfs_hold_gave_way(f.hold));
	for (int i = 0; i < 2; i++)
		assert_true(test_device_equal(f.base[i], f.plain[i], NULL));
	states_appear(&f);
	end(&f);
}

/* A release that fails in the middle has begun at the beginning. */
static void test_device_fails(void **state)
{
	(void)state;
	for (unsigned int nth = 1, met = 1; met; nth++) {
		struct xfs_device *base, *fault;
		struct xfs_hold *hold;
		struct xfs_mem mem;
		uint8_t data[4096];
		int error;

		xfs_mem_init(&mem, NULL);
		assert_int_equal(xfs_device_open_memory(1u << 20, 512, NULL, &base), 0);
		assert_int_equal(test_fault_open(base, &fault), 0);
		assert_int_equal(xfs_hold_create(&mem, fault, NULL, 1u << 30, &hold), 0);
		assert_null(xfs_hold_second(hold));
		for (unsigned int i = 0; i < 8; i++) {
			memset(data, (int)i + 1, sizeof(data));
			assert_int_equal(xfs_device_pwrite(xfs_hold_first(hold), i * 8192ull, data,
							   sizeof(data), 0), 0);
			assert_int_equal(xfs_device_flush(xfs_hold_first(hold)), 0);
		}
		test_fault_arm(fault, TEST_FAULT_WRITE | TEST_FAULT_FLUSH, nth, true, false);
		error = xfs_hold_release(hold);
		met = test_fault_met(fault);
		assert_int_equal(error, met ? -EIO : 0);
		/* Write and flush by turns. */
		for (unsigned int i = 0; i < 8; i++) {
			assert_int_equal(xfs_device_pread(base, i * 8192ull, data, sizeof(data)), 0);
			assert_int_equal(data[0], !met || i < nth / 2 ? i + 1 : 0);
		}
		xfs_hold_destroy(hold);
		xfs_device_put(fault);
		xfs_device_put(base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_release),	      cmocka_unit_test(test_only_what_was_written),
		cmocka_unit_test(test_drop),	      cmocka_unit_test(test_limit),
		cmocka_unit_test(test_device_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
