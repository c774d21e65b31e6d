/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is held is seen by reads and by nobody below, and takes memory for what differs only; a
 *       release gives both devices what was
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

static void begin_limited(struct fixture *f, uint32_t sector, uint64_t bytes,
			  const struct xfs_hold_limits *limits, struct xfs_rand *r)
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
	assert_int_equal(xfs_hold_create(&f->mem, f->recorder[0], f->recorder[1], limits, &f->hold),
			 0);
	f->held[0] = xfs_hold_first(f->hold);
	f->held[1] = xfs_hold_second(f->hold);
	assert_ptr_equal(xfs_hold_below(f->held[1]), f->recorder[1]);
	free(data);
}

static void begin(struct fixture *f, uint32_t sector, uint64_t bytes, uint64_t limit, struct xfs_rand *r)
{
	const struct xfs_hold_limits limits = { .trial_bytes = limit, .max_bytes = limit };

	begin_limited(f, sector, bytes, &limits, r);
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

/* A sector gets what it had before anything was written, or what another sector has. */
static void write_back(struct fixture *f, struct xfs_rand *r)
{
	uint64_t sectors = f->bytes / f->sector, to = xfs_rand_below(r, sectors);
	uint64_t from = xfs_rand_below(r, 2) ? to : xfs_rand_below(r, sectors);
	uint8_t *data = malloc(f->sector);

	assert_int_equal(xfs_device_pread(f->before[0], from * f->sector, data, f->sector), 0);
	assert_int_equal(xfs_device_pwrite(f->held[0], to * f->sector, data, f->sector, 0), 0);
	assert_int_equal(xfs_device_pwrite(f->plain[0], to * f->sector, data, f->sector, 0), 0);
	free(data);
}

static void flush(struct fixture *f, struct xfs_rand *r)
{
	assert_int_equal(xfs_device_flush(f->held[xfs_rand_below(r, 2)]), 0);
	/* Writes that changed nothing need not be seen. */
	if (f->changed)
		f->changed = !test_device_equal(f->plain[0], f->nr_states ? f->states[f->nr_states - 1]
								      : f->before[0], NULL);
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

static bool is_state(struct fixture *f, uint32_t events, struct xfs_device *state)
{
	struct xfs_device *target;
	bool equal;

	assert_int_equal(test_device_clone(f->before[0], &target), 0);
	assert_int_equal(test_recorder_replay(f->recorder[0], events, target), 0);
	equal = test_device_equal(target, state, NULL);
	xfs_device_put(target);
	return equal;
}

/* Every state that a flush had made stable is one between two writes of the release. */
static void states_appear(struct fixture *f)
{
	uint32_t events = test_recorder_events(f->recorder[0]), flushed;
	unsigned int met = 0;

	for (uint32_t nr = 0; nr <= events && met < f->nr_states; nr++) {
		while (met < f->nr_states && is_state(f, nr, f->states[met])) {
			met++;
			/* What comes next, if it changes anything, is written behind a flush, as it was. */
			for (flushed = nr; flushed < events && met < f->nr_states; flushed++) {
				if (test_recorder_event(f->recorder[0], flushed)->kind == TEST_EVENT_FLUSH)
					break;
			}
			assert_true(met == f->nr_states || is_state(f, flushed, f->states[met - 1]));
		}
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
		assert_false(xfs_hold_lacked_memory(f.hold));
		for (int j = 0; j < 2; j++)
			assert_true(test_device_equal(f.base[j], f.plain[j], NULL));
		states_appear(&f);
		/* (HOLD-5) From now on all goes through. */
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

/* (HOLD-4) More than may be held is refused, and the devices stay as they are. */
static void test_limit(void **state)
{
	uint8_t data[4096];
	struct xfs_rand r = test_rand(3);
	struct fixture f;
	uint64_t i = 0;
	int error = 0;

	(void)state;
	begin(&f, 512, 64 * 4096, 140000, &r);
	for (; !error && i < 64; i++) {
		xfs_rand_bytes(&r, data, sizeof(data));
		error = xfs_device_pwrite(f.held[i & 1], i * 4096, data, sizeof(data), 0);
	}
	assert_int_equal(error, -ENOMEM);
	assert_in_range(i, 25, 140000 / 4096);
	assert_true(xfs_hold_lacked_memory(f.hold));
	untouched(&f);
	end(&f);
}

/*
 * Blocks are written of which a few bytes differ from what is there: they take as much memory as
 * these, and a bit; sectors that do not differ are not written.
 */
static void change_little(struct fixture *f, struct xfs_rand *r, uint64_t from, uint64_t blocks)
{
	uint8_t data[4096];

	for (uint64_t i = from; i < from + blocks; i++) {
		uint64_t at = i * 4096;

		assert_int_equal(xfs_device_pread(f->held[0], at, data, sizeof(data)), 0);
		xfs_rand_bytes(r, data + xfs_rand_below(r, 4000), 20);
		assert_int_equal(xfs_device_pwrite(f->held[0], at, data, sizeof(data), 0), 0);
		assert_int_equal(xfs_device_pwrite(f->plain[0], at, data, sizeof(data), 0), 0);
	}
}

static void test_only_differences_take_memory(void **state)
{
	struct xfs_rand r = test_rand(4);
	uint64_t bytes = 0;
	struct fixture f;

	(void)state;
	begin(&f, 512, 1024 * 4096, 512u << 10, &r);
	change_little(&f, &r, 0, 1000);
	/* What was packed is written to once more, in the same stretch and in the next one. */
	change_little(&f, &r, 0, 40);
	assert_int_equal(xfs_device_flush(f.held[0]), 0);
	change_little(&f, &r, 20, 40);
	assert_true(test_device_equal(f.held[0], f.plain[0], NULL));
	untouched(&f);
	assert_int_equal(xfs_hold_release(f.hold), 0);
	assert_true(test_device_equal(f.base[0], f.plain[0], NULL));
	for (uint32_t i = 0; i < test_recorder_events(f.recorder[0]); i++)
		bytes += test_recorder_event(f.recorder[0], i)->len;
	assert_in_range(bytes, 1000 * 512, 1000 * 4096 / 2);
	end(&f);
}

/* The same as without packing, for any writes: what reads see, what is released, and in which order. */
static void test_packed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 6 * ARRAY_SIZE(shapes); i++) {
		struct xfs_rand r = test_rand(100 + i);
		uint64_t bytes = shapes[i / 6].bytes;
		struct fixture f;

		/* So that what is written by play() just fits, most of the time by packing. */
		begin(&f, shapes[i / 6].sector, bytes, 4 * bytes + (i % 6) * bytes / 2, &r);
		for (unsigned int n = 0; n < 40; n++) {
			if (shapes[i / 6].sector <= 4096 && bytes >= 64 * 4096)
				change_little(&f, &r, xfs_rand_below(&r, 60), 4);
			else
				write_back(&f, &r);
			f.changed = true;
			if (n % 8 == 7)
				flush(&f, &r);
			assert_true(test_device_equal(f.held[0], f.plain[0], NULL));
		}
		untouched(&f);
		assert_int_equal(xfs_hold_release(f.hold), 0);
		for (int j = 0; j < 2; j++)
			assert_true(test_device_equal(f.base[j], f.plain[j], NULL));
		states_appear(&f);
		end(&f);
	}
}

/*
 * (HOLD-6) Blocks are written again and again, with flushes between, and a log round and round: it
 * takes what there is at the end.
 */
static void test_trial(void **state)
{
	const struct xfs_hold_limits limits = {
		.trial_bytes = 300u << 10, .max_bytes = 400u << 10,
		.log = { .second = true, .start = 65536, .end = 1u << 20 },
	};
	struct xfs_rand r = test_rand(5);
	uint8_t data[4096];
	struct fixture f;

	(void)state;
	begin_limited(&f, 512, 1u << 20, &limits, &r);
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t at = xfs_rand_below(&r, 40) * 4096, log = 65536 + i % 239 * 4096;

		xfs_rand_bytes(&r, data, sizeof(data));
		assert_int_equal(xfs_device_pwrite(f.held[1], log, data, sizeof(data), XFS_DEV_FUA), 0);
		assert_int_equal(xfs_device_pwrite(f.held[i % 9 == 0], at % 65536, data, 512, 0), 0);
		assert_int_equal(xfs_device_pwrite(f.plain[i % 9 == 0], at % 65536, data, 512, 0), 0);
		if (i == 10)
			assert_false(xfs_hold_on_trial(f.hold));
	}
	assert_true(xfs_hold_on_trial(f.hold));
	assert_false(xfs_hold_lacked_memory(f.hold));
	assert_true(test_device_equal(f.held[0], f.plain[0], NULL));
	assert_int_equal(xfs_device_pread(f.held[1], 0, data, sizeof(data)), 0);
	untouched(&f);
	end(&f);
}

/*
 * (HOLD-7) What a reader keeps: writes may come even where the device below takes none, the newest of
 * each is read in any range, one version of each block is held, and no more than was said.
 */
static void test_kept(void **state)
{
	struct xfs_rand r = test_rand(6);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		const uint64_t all = 2 * shapes[i].bytes + (160u << 10);
		struct xfs_hold_limits limits = { .keep = true, .max_bytes = all + all / 8 };
		struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
		struct xfs_device *only_read;
		struct xfs_hold *hold;
		uint8_t data[8192];
		struct fixture f;

		begin_limited(&f, shapes[i].sector, shapes[i].bytes, &limits, &r);
		play(&f, &r, 3000);
		assert_true(xfs_hold_on_trial(f.hold));
		assert_false(xfs_hold_lacked_memory(f.hold));
		untouched(&f);
		assert_int_equal(xfs_device_open_readonly(f.base[0], &only_read), 0);
		limits.max_bytes = 2 * XFS_MAX(f.sector, 4096u);
		assert_int_equal(xfs_hold_create(&f.mem, only_read, NULL, &limits, &hold), 0);
		assert_int_equal(xfs_device_info(xfs_hold_first(hold), &info), 0);
		assert_false(info.read_only);
		xfs_rand_bytes(&r, data, sizeof(data));
		assert_int_equal(xfs_device_pwrite(xfs_hold_first(hold), 0, data, f.sector, 0), 0);
		assert_int_equal(xfs_device_pwrite(xfs_hold_first(hold), 16384, data, 8192, 0), -ENOMEM);
		assert_true(xfs_hold_lacked_memory(hold));
		xfs_hold_destroy(hold);
		xfs_device_put(only_read);
		assert_true(test_device_equal(f.base[0], f.before[0], NULL));
		end(&f);
	}
}

/* A release that fails in the middle has begun at the beginning. */
static void test_device_fails(void **state)
{
	(void)state;
	for (unsigned int nth = 1, met = 1; met; nth++) {
		const struct xfs_hold_limits limits = { .trial_bytes = 1u << 20,
							.max_bytes = 1u << 20 };
		struct xfs_device *base, *fault;
		struct xfs_hold *hold;
		struct xfs_mem mem;
		uint8_t data[4096];
		int error;

		xfs_mem_init(&mem, NULL);
		assert_int_equal(xfs_device_open_memory(1u << 20, 512, NULL, &base), 0);
		assert_int_equal(test_fault_open(base, &fault), 0);
		assert_int_equal(xfs_hold_create(&mem, fault, NULL, &limits, &hold), 0);
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
		cmocka_unit_test(test_release),	      cmocka_unit_test(test_only_what_was_written),
		cmocka_unit_test(test_drop),	      cmocka_unit_test(test_limit),
		cmocka_unit_test(test_only_differences_take_memory),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_device_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
