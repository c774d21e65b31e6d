/* SPDX-License-Identifier: MIT */
/*
 * Goal: the devices that other tests trust do what they say: the recorder's
 * replays and power losses, the injector's faults, clones and comparisons.
 * Method: the device model through both; every prefix of a log against images
 * taken on the way; many power losses against the rules of the crash model.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/mem.h"
#include "support/device_model.h"
#include "support/test_device.h"
#include "support/test_seed.h"

#define SECTOR 512u
#define BYTES  (64u * SECTOR)

static struct xfs_device *new_memory(void)
{
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_memory(BYTES, SECTOR, NULL, &dev), 0);
	return dev;
}

static void put_byte(struct xfs_device *dev, unsigned int sector, uint8_t value, unsigned int flags)
{
	uint8_t buf[SECTOR];

	memset(buf, value, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(dev, sector * SECTOR, buf, SECTOR, flags), 0);
}

/* A sector of one byte value. */
static uint8_t get_byte(struct xfs_device *dev, unsigned int sector)
{
	uint8_t buf[SECTOR];

	assert_int_equal(xfs_device_pread(dev, sector * SECTOR, buf, SECTOR), 0);
	for (unsigned int i = 1; i < SECTOR; i++)
		assert_int_equal(buf[i], buf[0]);
	return buf[0];
}

static void test_model_through_both(void **state)
{
	struct xfs_device *memory = new_memory(), *fault, *recorder;
	struct xfs_rand r = test_rand(1);

	(void)state;
	assert_int_equal(test_fault_open(memory, &fault), 0);
	assert_int_equal(test_recorder_open(fault, &recorder), 0);
	xfs_device_put(fault);
	test_device_refusals(recorder);
	test_device_model(recorder, &r, 300);
	assert_true(test_device_equal(recorder, memory, NULL));
	xfs_device_put(recorder);
	xfs_device_put(memory);
}

/* Every prefix of the log is the image of that moment. */
static void test_replay(void **state)
{
	enum { STEPS = 60 };
	struct xfs_device *memory = new_memory(), *recorder, *images[STEPS + 1], *target;
	struct xfs_rand r = test_rand(2);

	(void)state;
	put_byte(memory, 3, 0x33, 0); /* before the log begins */
	assert_int_equal(test_recorder_open(memory, &recorder), 0);
	assert_int_equal(test_device_clone(recorder, &images[0]), 0);
	for (unsigned int i = 1; i <= STEPS; i++) {
		unsigned int sector = (unsigned int)xfs_rand_below(&r, 60);

		switch (xfs_rand_below(&r, 5)) {
		case 0:
			assert_int_equal(xfs_device_flush(recorder), 0);
			break;
		case 1:
			assert_int_equal(xfs_device_zero(recorder, sector * SECTOR, 3 * SECTOR), 0);
			break;
		default:
			put_byte(recorder, sector, (uint8_t)i, i % 3 ? 0 : XFS_DEV_FUA);
			break;
		}
		assert_int_equal(test_recorder_events(recorder), i);
		assert_int_equal(test_device_clone(recorder, &images[i]), 0);
	}
	for (unsigned int i = 0; i <= STEPS; i++) {
		assert_int_equal(test_device_clone(images[0], &target), 0);
		assert_int_equal(test_recorder_replay(recorder, i, target), 0);
		assert_true(test_device_equal(target, images[i], NULL));
		xfs_device_put(target);
	}
	assert_int_equal(test_recorder_replay(recorder, STEPS + 1, images[0]), -EINVAL);
	for (unsigned int i = 0; i <= STEPS; i++)
		xfs_device_put(images[i]);
	xfs_device_put(recorder);
	xfs_device_put(memory);
}

/* What each sector may hold after a power loss, and that every one of those comes up. */
static void test_crash(void **state)
{
	struct xfs_device *memory = new_memory(), *recorder, *target;
	struct xfs_rand r = test_rand(3);
	unsigned int seen[6][256] = {{0}}, mixed = 0;
	uint32_t after_flush, end;

	(void)state;
	assert_int_equal(test_recorder_open(memory, &recorder), 0);
	put_byte(recorder, 0, 1, 0); /* flushed */
	put_byte(recorder, 1, 1, 0); /* flushed, then written over twice */
	assert_int_equal(xfs_device_flush(recorder), 0);
	after_flush = test_recorder_events(recorder);
	put_byte(recorder, 1, 2, 0);
	put_byte(recorder, 1, 3, 0);
	put_byte(recorder, 2, 4, XFS_DEV_FUA);
	put_byte(recorder, 3, 5, 0);
	put_byte(recorder, 3, 6, XFS_DEV_FUA); /* the older one must not come back */
	assert_int_equal(xfs_device_zero(recorder, 0, 0), 0);
	{
		uint8_t two[2 * SECTOR];

		memset(two, 7, sizeof(two)); /* torn between its sectors */
		assert_int_equal(xfs_device_pwrite(recorder, 4 * SECTOR, two, sizeof(two), 0), 0);
	}
	end = test_recorder_events(recorder);
	for (unsigned int i = 0; i < 400; i++) {
		assert_int_equal(xfs_device_open_memory(BYTES, SECTOR, NULL, &target), 0);
		assert_int_equal(test_recorder_crash(recorder, end, &r, target), 0);
		for (unsigned int s = 0; s < 6; s++)
			seen[s][get_byte(target, s)]++;
		mixed += get_byte(target, 4) != get_byte(target, 5);
		xfs_device_put(target);
	}
	assert_int_equal(seen[0][1], 400);
	assert_int_equal(seen[2][4], 400);
	assert_int_equal(seen[3][6], 400);
	assert_true(seen[1][1] > 20 && seen[1][2] > 20 && seen[1][3] > 20);
	assert_int_equal(seen[1][1] + seen[1][2] + seen[1][3], 400);
	assert_true(seen[4][0] > 20 && seen[4][7] > 20);
	assert_int_equal(seen[4][0] + seen[4][7], 400);
	assert_true(mixed > 20);

	/* Before the flush returned nothing was certain. */
	seen[0][0] = 0;
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(xfs_device_open_memory(BYTES, SECTOR, NULL, &target), 0);
		assert_int_equal(test_recorder_crash(recorder, after_flush - 1, &r, target), 0);
		seen[0][0] += get_byte(target, 0) == 0;
		assert_int_equal(get_byte(target, 2), 0);
		xfs_device_put(target);
	}
	assert_true(seen[0][0] > 10 && seen[0][0] < 90);
	xfs_device_put(recorder);
	xfs_device_put(memory);
}

/* A write that failed may have happened; a flush that failed promises nothing. */
static void test_crash_after_errors(void **state)
{
	struct xfs_device *memory = new_memory(), *fault, *recorder, *target;
	struct xfs_rand r = test_rand(4);
	unsigned int kept = 0, lost = 0;
	uint8_t buf[SECTOR];

	(void)state;
	assert_int_equal(test_fault_open(memory, &fault), 0);
	assert_int_equal(test_recorder_open(fault, &recorder), 0);
	put_byte(recorder, 0, 1, 0);
	test_fault_arm(fault, TEST_FAULT_ANY, 1, true, false);
	memset(buf, 2, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(recorder, SECTOR, buf, SECTOR, XFS_DEV_FUA), -EIO);
	assert_int_equal(xfs_device_flush(recorder), -EIO);
	assert_true(test_fault_met(fault));
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(xfs_device_open_memory(BYTES, SECTOR, NULL, &target), 0);
		assert_int_equal(test_recorder_crash(recorder, 3, &r, target), 0);
		lost += get_byte(target, 0) == 0;
		kept += get_byte(target, 1) == 2;
		xfs_device_put(target);
	}
	assert_true(lost > 20 && lost < 180);
	assert_true(kept > 20 && kept < 180);
	/* In a replay it has not. */
	assert_int_equal(xfs_device_open_memory(BYTES, SECTOR, NULL, &target), 0);
	assert_int_equal(test_recorder_replay(recorder, 3, target), 0);
	assert_int_equal(get_byte(target, 0), 1);
	assert_int_equal(get_byte(target, 1), 0);
	xfs_device_put(target);
	xfs_device_put(recorder);
	xfs_device_put(fault);
	xfs_device_put(memory);
}

static void test_discard_and_resize(void **state)
{
	struct xfs_device *memory = new_memory(), *recorder, *target;

	(void)state;
	assert_int_equal(test_recorder_open(memory, &recorder), 0);
	put_byte(recorder, 1, 1, 0);
	put_byte(recorder, 2, 2, 0);
	assert_int_equal(xfs_device_discard(recorder, 2 * SECTOR, SECTOR), 0);
	assert_int_equal(xfs_device_resize(recorder, 2 * BYTES), 0);
	put_byte(recorder, 100, 3, 0);
	target = new_memory();
	assert_int_equal(test_recorder_replay(recorder, 5, target), 0);
	assert_int_equal(get_byte(target, 1), 1);
	assert_int_equal(get_byte(target, 2), TEST_DISCARDED);
	assert_int_equal(get_byte(target, 100), 3);
	xfs_device_put(target);

	/* The log starts anew; what it starts from is the caller's to keep. */
	assert_int_equal(test_device_clone(recorder, &target), 0);
	test_recorder_clear(recorder);
	assert_int_equal(test_recorder_events(recorder), 0);
	put_byte(recorder, 5, 5, 0);
	assert_int_equal(test_recorder_replay(recorder, 1, target), 0);
	assert_true(test_device_equal(recorder, target, NULL));
	xfs_device_put(target);
	xfs_device_put(recorder);
	xfs_device_put(memory);
}

static void test_faults(void **state)
{
	struct xfs_device *memory = new_memory(), *fault;
	uint8_t buf[4 * SECTOR];

	(void)state;
	assert_int_equal(test_fault_open(memory, &fault), 0);
	memset(buf, 1, sizeof(buf));

	/* The second write, once; reads and flushes pass. */
	test_fault_arm(fault, TEST_FAULT_WRITE, 2, false, false);
	assert_int_equal(xfs_device_pwrite(fault, 0, buf, SECTOR, 0), 0);
	assert_int_equal(xfs_device_pread(fault, 0, buf, SECTOR), 0);
	assert_int_equal(xfs_device_flush(fault), 0);
	assert_int_equal(xfs_device_pwrite(fault, SECTOR, buf, SECTOR, 0), -EIO);
	assert_int_equal(get_byte(memory, 1), 0);
	assert_int_equal(xfs_device_pwrite(fault, SECTOR, buf, SECTOR, 0), 0);
	assert_true(test_fault_met(fault));
	assert_false(test_fault_met(fault));
	assert_int_equal(test_fault_count(fault, TEST_FAULT_WRITE), 3);
	assert_int_equal(test_fault_count(fault, TEST_FAULT_READ), 1);
	assert_int_equal(test_fault_count(fault, TEST_FAULT_FLUSH), 1);

	/* From there on, until it is read. */
	test_fault_arm(fault, TEST_FAULT_ANY, 2, true, false);
	assert_int_equal(xfs_device_flush(fault), 0);
	assert_int_equal(xfs_device_flush(fault), -EIO);
	assert_int_equal(xfs_device_zero(fault, 0, SECTOR), -EIO);
	assert_int_equal(xfs_device_discard(fault, 0, SECTOR), -EIO);
	assert_int_equal(xfs_device_resize(fault, BYTES / 2), -EIO);
	assert_int_equal(xfs_device_pread(fault, 0, buf, SECTOR), -EIO);
	assert_int_equal(buf[0], TEST_DISCARDED);
	assert_true(test_fault_met(fault));
	assert_int_equal(xfs_device_flush(fault), 0);

	/* Torn: the first half of the sectors. */
	memset(buf, 9, sizeof(buf));
	test_fault_arm(fault, TEST_FAULT_WRITE, 1, false, true);
	assert_int_equal(xfs_device_pwrite(fault, 10 * SECTOR, buf, sizeof(buf), 0), -EIO);
	assert_int_equal(get_byte(memory, 11), 9);
	assert_int_equal(get_byte(memory, 12), 0);

	/* A bad range, at its very edges. */
	test_fault_arm(fault, 0, 0, false, false);
	test_fault_bad_range(fault, TEST_FAULT_READ, 20 * SECTOR, 2 * SECTOR);
	assert_int_equal(xfs_device_pread(fault, 19 * SECTOR, buf, SECTOR), 0);
	assert_int_equal(xfs_device_pread(fault, 19 * SECTOR, buf, 2 * SECTOR), -EIO);
	assert_int_equal(xfs_device_pread(fault, 21 * SECTOR, buf, SECTOR), -EIO);
	assert_int_equal(xfs_device_pread(fault, 22 * SECTOR, buf, SECTOR), 0);
	assert_int_equal(xfs_device_pwrite(fault, 20 * SECTOR, buf, SECTOR, 0), 0);
	assert_true(test_fault_met(fault));
	assert_int_equal(xfs_device_pread(fault, 20 * SECTOR, buf, SECTOR), 0);
	xfs_device_put(fault);
	xfs_device_put(memory);
}

static void test_images(void **state)
{
	struct xfs_device *a, *b, *small, *file;
	char path[] = "/tmp/xfswrite-save-XXXXXX";
	int fd = mkstemp(path);
	uint64_t where;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(xfs_device_open_memory(3 * 65536 + 512, SECTOR, NULL, &a), 0);
	put_byte(a, 0, 1, 0);
	put_byte(a, 3 * 128, 2, 0); /* the last, short piece */
	assert_int_equal(test_device_clone(a, &b), 0);
	assert_true(test_device_equal(a, b, &where));
	put_byte(b, 200, 3, 0); /* where the other is all zeros */
	assert_false(test_device_equal(a, b, &where));
	assert_int_equal(where, 200 * SECTOR);
	assert_false(test_device_equal(b, a, &where));
	assert_int_equal(where, 200 * SECTOR);
	put_byte(b, 0, 5, 0);
	assert_false(test_device_equal(b, a, &where));
	assert_int_equal(where, 0);
	assert_int_equal(xfs_device_open_memory(65536, SECTOR, NULL, &small), 0);
	assert_false(test_device_equal(a, small, NULL));

	assert_int_equal(test_device_save(b, path), 0);
	assert_int_equal(xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &file), 0);
	assert_true(test_device_equal(b, file, NULL));
	xfs_device_put(file);
	xfs_device_put(small);
	xfs_device_put(b);
	xfs_device_put(a);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_through_both),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_crash_after_errors),
		cmocka_unit_test(test_discard_and_resize),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_images),
	};

	test_seed_init(83);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
