/* SPDX-License-Identifier: MIT */
/*
 * Goal: the checker's reading of a log, every block once in order, and recovery's, which searches
 *       by halves, come to the same end, state, begin of replay, and numbers of records and
 *       transactions; what recovery refuses the checker reports.
 * Method: logs made by hand, of every state; the log of a volume in use at every moment, around
 *         its end several times; power losses; every field changed under right checksums;
 *         blocks changed without them; then wrong turns of blocks, which only the reading of all
 *         of them can see.
 */
#include "base/rand.h"
#include "check/check_priv.h"
#include "support/log_compare.h"
#include "support/log_fields.h"
#include "unit/log/recover_rig.h"

#define LOG_BYTES	(8u << 20)

static struct rig rig;

static void agree(struct xfs_device *dev, struct test_log_opinion *op, const char *what,
		  uint64_t number)
{
	char why[400];

	if (!test_log_agrees(dev, NULL, op, why, sizeof(why)))
		fail_msg("%s %" PRIu64 ": %s", what, number, why);
}

/* ---- made by hand ---- */

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

/* Transactions of a buffer of the AGI, @n of them, each with its records. */
static void put_some(struct test_build *b, uint32_t n, uint32_t more)
{
	static uint8_t big[65536];
	uint8_t agi[512];

	rig_read(rig.base, AGI_DADDR, agi, sizeof(agi));
	for (uint32_t i = 0; i < n; i++) {
		test_build_begin(b, TID + i);
		put_buf(b, TID + i, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
		for (uint32_t j = 0; j < more; j++)
			put_buf(b, TID + i, 4096 + 128 * j, 128, 0, big);
		test_build_commit(b, TID + i);
		if (i % 3)
			test_build_record(b);
	}
	if (b->ops)
		test_build_record(b);
}

static void test_made_by_hand(void **state)
{
	static const uint32_t sizes[] = { 16384, 32768, 65536, 262144 };
	struct test_log_opinion op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		rig_begin(&rig, sizes[i]);
		agree(rig.log, &op, "clean, size", sizes[i]);
		assert_true(op.clean && !op.error && !op.findings);
		put_some(&rig.b, 5, 3);
		agree(rig.log, &op, "dirty, size", sizes[i]);
		assert_true(!op.clean && !op.error && op.transactions == 5 && op.records >= 3);
		/* One that never commits, between two that do. */
		test_build_begin(&rig.b, 7);
		put_some(&rig.b, 2, 0);
		agree(rig.log, &op, "uncommitted, size", sizes[i]);
		assert_int_equal(op.transactions, 7);
		test_build_unmount(&rig.b);
		agree(rig.log, &op, "unmounted, size", sizes[i]);
		assert_true(op.clean && !op.findings);
	}
}

/* The log in its second turn and later: all other blocks must show turns. */
static void fill_turns(struct test_build *b, uint32_t to, uint32_t cycle)
{
	uint8_t block[512] = { 0 };

	for (uint32_t bb = 0; bb < b->nbbs; bb++) {
		put_be32(bb < to ? cycle : cycle - 1, block);
		TEST_OK(xfs_device_pwrite(rig.log, b->start + 512ull * bb, block, 512, 0));
	}
}

static void test_around_the_end(void **state)
{
	struct test_log_opinion op;

	(void)state;
	for (uint32_t back = 1; back < 400; back += 37) {
		rig_begin(&rig, 32768);
		test_build_free(&rig.b);
		test_build_init(&rig.b, rig.log, 32768, 6, 0);
		rig.b.block = rig.b.nbbs - back;
		fill_turns(&rig.b, rig.b.block, 6);
		rig.b.tail = test_build_lsn(&rig.b);
		put_some(&rig.b, 6, 1);
		agree(rig.log, &op, "back from the end by", back);
		assert_true(!op.error && !op.clean && !op.findings && op.transactions == 6);
		assert_int_equal(op.cycle, rig.b.cycle);
		assert_int_equal(op.head, rig.b.block);
		test_build_unmount(&rig.b);
		agree(rig.log, &op, "and unmounted", back);
		assert_true(op.clean && !op.findings);
	}
}

/* ---- of a volume in use ---- */

static const struct xfs_mkfs_options small = {
	.size = sizeof(small), .log_size = LOG_BYTES, .rmapbt = XFS_MKFS_ON,
	.reflink = XFS_MKFS_ON, .agcount = 2,
};

static void use(struct test_fs *fs, struct xfs_rand *r, uint32_t step)
{
	char name[40];
	struct xfs_file *f;

	snprintf(name, sizeof(name), "/file %u", (uint32_t)xfs_rand_below(r, 200));
	if (step % 3 == 2) {
		(void)!xfs_unlink(fs->mp, name);
	} else {
		TEST_OK(xfs_open(fs->mp, name, O_CREAT | O_RDWR, 0644, &f));
		TEST_OK(xfs_pwrite(f, name, sizeof(name), xfs_rand_below(r, 1u << 20)));
		xfs_close(f);
	}
	if (step % 4 == 0)
		TEST_OK(xfs_sync(fs->mp));
}

/* Begun with a journal, so that it can be looked at while it is open. */
static void in_use(struct test_fs *fs)
{
	memset(fs, 0, sizeof(*fs));
	test_fs_make(fs, 64u << 20, &small);
	TEST_OK(xfs_unmount(fs->mp));
	fs->opts.flags = 0;
	test_fs_open(fs);
}

static void test_in_use(void **state)
{
	struct xfs_rand r = test_rand(1);
	struct test_log_opinion op;
	struct test_fs fs;
	uint32_t cycle = 0, dirty = 0;

	(void)state;
	in_use(&fs);
	for (uint32_t step = 0; step < 40000 && cycle < 4; step++) {
		use(&fs, &r, step);
		if (step % 16)
			continue;
		agree(fs.dev, &op, "step", step);
		assert_true(!op.error && !op.findings);
		dirty += !op.clean;
		cycle = op.cycle;
	}
	assert_true(cycle == 4 && dirty > 50);
	TEST_OK(xfs_unmount(fs.mp));
	agree(fs.dev, &op, "at its end", 0);
	assert_true(op.clean && !op.findings);
	xfs_device_put(fs.dev);
}

/* Some thousand blocks of transactions in an old log, not unmounted. */
static struct xfs_device *dirty_volume(uint32_t steps)
{
	struct xfs_rand r = test_rand(2);
	struct test_fs fs;

	in_use(&fs);
	for (uint32_t step = 0; step < steps; step++)
		use(&fs, &r, step);
	TEST_OK(xfs_sync(fs.mp));
	xfs_abandon(fs.mp);
	return fs.dev;
}

struct log_place {
	uint64_t start;
	uint32_t nbbs;
};

static struct log_place place_of(struct xfs_device *dev)
{
	struct test_build b;
	struct log_place at;

	test_build_init(&b, dev, 32768, 1, 0);
	at = (struct log_place){ b.start, b.nbbs };
	test_build_free(&b);
	return at;
}

/* What was in flight before the head comes in part, in any order. */
static void test_power_loss(void **state)
{
	struct xfs_device *dev = dirty_volume(600), *cut;
	struct log_place at = place_of(dev);
	struct xfs_rand r = test_rand(3);
	struct test_log_opinion op;
	uint32_t head, cycle, torn = 0, earlier = 0;

	(void)state;
	agree(dev, &op, "whole", 0);
	assert_true(!op.clean && !op.findings);
	head = op.head;
	cycle = op.cycle;
	TEST_OK(xfs_device_open_overlay(dev, NULL, &cut));
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t window = 1 + (uint32_t)xfs_rand_below(&r, round % 2 ? 40 : 400);
		uint32_t holes = 1 + (uint32_t)xfs_rand_below(&r, 5);

		while (holes--) {
			uint32_t back = 1 + (uint32_t)xfs_rand_below(&r, window);
			uint32_t bb = (head + at.nbbs - back) % at.nbbs;
			uint8_t old[512] = { 0 };

			put_be32(bb < head ? cycle - 1 : cycle - 2, old);
			/* Or it arrived, with other contents. */
			if (xfs_rand_below(&r, 3) == 0) {
				TEST_OK(xfs_device_pread(cut, at.start + 512ull * bb, old, 512));
				old[4 + xfs_rand_below(&r, 508)] ^= 1;
			}
			TEST_OK(xfs_device_pwrite(cut, at.start + 512ull * bb, old, 512, 0));
		}
		agree(cut, &op, "round", round);
		torn += op.torn;
		earlier += op.head != head;
		TEST_OK(xfs_device_overlay_discard(cut));
	}
	assert_true(torn > 10 && earlier > 200);
	xfs_device_put(cut);
	xfs_device_put(dev);
}

static uint64_t another(struct xfs_rand *r, uint64_t old)
{
	switch (xfs_rand_below(r, 6)) {
	case 0:
		return old ^ 1ull << xfs_rand_below(r, 64);
	case 1:
		return old + 1;
	case 2:
		return old - 1;
	case 3:
		return 0;
	case 4:
		return ~0ull >> xfs_rand_below(r, 64);
	default:
		return xfs_rand64(r);
	}
}

static void test_changed_fields(void **state)
{
	struct xfs_device *dev = dirty_volume(60), *changed;
	struct xfs_rand r = test_rand(4);
	struct test_log_fields fields;
	struct test_log_opinion op;
	uint32_t refused = 0;

	(void)state;
	assert_int_equal(test_log_fields_find(dev, &fields), 0);
	TEST_OK(xfs_device_open_overlay(dev, NULL, &changed));
	for (uint32_t round = 0; round < 1500; round++) {
		const struct test_log_field *field = NULL;
		uint32_t met = 0;
		uint64_t old;

		for (size_t i = 0; i < fields.n; i++) {
			if (fields.v[i].kind == round % fields.kinds &&
			    xfs_rand_below(&r, ++met) == 0)
				field = &fields.v[i];
		}
		assert_non_null(field);
		old = test_log_field_value(&fields, field);
		assert_int_equal(test_log_field_change(&fields, field, another(&r, old), changed),
				 0);
		agree(changed, &op, field->name, round);
		refused += op.error != 0;
		TEST_OK(xfs_device_overlay_discard(changed));
	}
	assert_true(refused > 40);
	test_log_fields_free(&fields);
	xfs_device_put(changed);
	xfs_device_put(dev);
}

/* Bytes anywhere between tail and head, checksums left wrong. */
static void test_changed_bytes(void **state)
{
	struct xfs_device *dev = dirty_volume(600), *changed;
	struct log_place at = place_of(dev);
	struct xfs_rand r = test_rand(5);
	struct test_log_opinion op;
	uint32_t first, length, refused = 0;

	(void)state;
	agree(dev, &op, "whole", 0);
	first = op.first;
	length = (op.head + at.nbbs - first) % at.nbbs;
	TEST_OK(xfs_device_open_overlay(dev, NULL, &changed));
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t bb = (first + (uint32_t)xfs_rand_below(&r, length)) % at.nbbs;
		uint8_t block[512];

		TEST_OK(xfs_device_pread(dev, at.start + 512ull * bb, block, 512));
		block[4 + xfs_rand_below(&r, 508)] ^= (uint8_t)(1u << xfs_rand_below(&r, 8));
		TEST_OK(xfs_device_pwrite(changed, at.start + 512ull * bb, block, 512, 0));
		agree(changed, &op, "round", round);
		refused += op.error != 0;
		TEST_OK(xfs_device_overlay_discard(changed));
	}
	assert_true(refused > 50);
	xfs_device_put(changed);
	xfs_device_put(dev);
}

/*
 * One block far from the head shows another turn.  The head stays where it is for who has read
 * all blocks; a search by halves goes astray if it asks that very block.
 */
static void test_wrong_turns(void **state)
{
	struct test_log_opinion op;
	uint32_t head, n;

	(void)state;
	rig_begin(&rig, 32768);
	test_build_free(&rig.b);
	test_build_init(&rig.b, rig.log, 32768, 6, 0);
	n = rig.b.nbbs;
	rig.b.block = n / 8;
	fill_turns(&rig.b, rig.b.block, 6);
	rig.b.tail = test_build_lsn(&rig.b);
	put_some(&rig.b, 3, 0);
	head = rig.b.block;
	agree(rig.log, &op, "healthy", 0);
	assert_true(!op.findings && op.head == head);
	for (uint32_t round = 0; round < 8; round++) {
		uint32_t bb = round ? n / 8 + 6000 + (n - n / 8 - 6000) / 8 * round - 1 : n / 2;
		uint8_t block[512] = { 0 };

		/* As if the writer had been there already. */
		put_be32(6, block);
		TEST_OK(xfs_device_pwrite(rig.log, rig.b.start + 512ull * bb, block, 512, 0));
		assert_true(test_log_agrees(rig.log, NULL, &op, (char[400]){ 0 }, 400));
		assert_true(op.strays);
		assert_int_equal(op.head, head);
		put_be32(5, block);
		TEST_OK(xfs_device_pwrite(rig.log, rig.b.start + 512ull * bb, block, 512, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_by_hand),
		cmocka_unit_test(test_around_the_end),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_power_loss),
		cmocka_unit_test(test_changed_fields),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_wrong_turns),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
