/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the crash scenarios rely on is itself right: the model allows what a crash
 * may leave and nothing else, and a recording becomes just the images that it can.
 * Method: small histories and recordings, with each wrong outcome told apart from the
 * right one next to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "crash/image.h"
#include "crash/model.h"
#include "crash/power.h"
#include "crash/side.h"

#define FILE_MODE (S_IFREG | 0644)
#define AT_ROOT (S_IFDIR | 0755)

struct history {
	struct model *m;
	struct model_node *root;
	uint32_t mark;
};

static struct history start(void)
{
	struct history h = {.m = model_new(4096)};

	h.root = model_node(h.m, 128, 1, AT_ROOT, 0, 0);
	model_set_root(h.m, h.root);
	return h;
}

static struct model_node *create(struct history *h, const char *name)
{
	uint32_t seq = model_begin(h->m, h->mark++);
	struct model_node *node = model_node(h->m, 200 + seq, 7, FILE_MODE, 0, 0);

	model_add_name(h->m, h->root, name, node);
	model_end(h->m);
	return node;
}

static void write_at(struct history *h, struct model_node *node, uint64_t offset, size_t len)
{
	uint32_t seq = model_begin(h->m, h->mark++);
	uint8_t *data = malloc(len);

	assert_non_null(data);
	model_pattern(node->id, seq, offset, data, len);
	model_write(h->m, node, offset, data, len);
	model_end(h->m);
	free(data);
}

static void truncate_to(struct history *h, struct model_node *node, uint64_t size)
{
	model_begin(h->m, h->mark++);
	model_truncate(h->m, node, size);
	model_end(h->m);
}

static void promise(struct history *h, struct model_node *node)
{
	model_begin(h->m, h->mark++);
	model_promise(h->m, node, false, h->mark++);
	model_end(h->m);
}

/* The state of a tree with these files below the root, by hand. */
static uint64_t state_of(const struct model_node *root, const struct model_node *const *nodes,
			 const char *const *names, int nr)
{
	struct model_facts facts = {
		.ino = root->ino, .gen = root->gen, .mode = AT_ROOT, .nlink = 2,
	};
	uint64_t state = model_hash_node(&facts);

	for (int i = 0; i < nr; i++) {
		facts = (struct model_facts){
			.ino = nodes[i]->ino, .gen = nodes[i]->gen, .mode = FILE_MODE, .nlink = 1,
		};
		state ^= model_hash_node(&facts) ^
			 model_hash_name(root->ino, root->gen, names[i], nodes[i]->ino,
					 nodes[i]->gen);
	}
	return state;
}

static bool allows(struct history *h, uint32_t mark, uint64_t state,
		   const struct model_node *node, const uint8_t *data, uint64_t size)
{
	struct model_found found = {
		.ino = node ? node->ino : 0, .gen = node ? node->gen : 0, .size = size,
		.data = data,
	};
	char why[400];

	return model_allows(h->m, mark, state, &found, node != NULL, why, sizeof(why));
}

static void test_names_in_order(void **unused)
{
	struct history h = start();
	struct model_node *a = create(&h, "a"), *b;
	const struct model_node *ab[2], *ba[1];
	uint64_t none = state_of(h.root, NULL, NULL, 0), only_a, only_b, both;
	uint32_t before, after;

	(void)unused;
	promise(&h, a);
	before = h.mark;
	b = create(&h, "b");
	after = h.mark;
	ab[0] = a;
	ab[1] = ba[0] = b;
	only_a = state_of(h.root, ab, (const char *[]){"a"}, 1);
	only_b = state_of(h.root, ba, (const char *[]){"b"}, 1);
	both = state_of(h.root, ab, (const char *[]){"a", "b"}, 2);
	assert_true(allows(&h, 0, none, NULL, NULL, 0));
	assert_false(allows(&h, 0, only_a, NULL, NULL, 0));	/* had not begun */
	assert_true(allows(&h, 1, only_a, NULL, NULL, 0));
	assert_true(allows(&h, 1, none, NULL, NULL, 0));
	assert_false(allows(&h, before, none, NULL, NULL, 0));	/* was promised */
	assert_true(allows(&h, before, only_a, NULL, NULL, 0));
	assert_false(allows(&h, before, both, NULL, NULL, 0));
	assert_true(allows(&h, after, both, NULL, NULL, 0));
	assert_false(allows(&h, after, only_b, NULL, NULL, 0));	/* the later without the earlier */
	model_free(h.m);
}

/* What changes places is in one file or in the other, and nothing behind a range comes along. */
static void test_exchanges(void **unused)
{
	static uint8_t a8[8192], b8[8192], mixed[8192];
	struct history h = start();
	struct model_node *a = create(&h, "a"), *b = create(&h, "b");
	const struct model_node *ab[2] = {a, b};
	uint64_t both = state_of(h.root, ab, (const char *[]){"a", "b"}, 2);
	uint32_t before, after;

	(void)unused;
	write_at(&h, a, 0, 8192);
	model_pattern(a->id, model_now(h.m), 0, a8, 8192);
	write_at(&h, b, 0, 8192);
	model_pattern(b->id, model_now(h.m), 0, b8, 8192);
	promise(&h, a);
	promise(&h, b);
	before = h.mark;
	model_begin(h.m, h.mark++);
	model_exchange(h.m, a, b, 0, 4096, false);
	model_end(h.m);
	after = h.mark;
	memcpy(mixed, b8, 4096);
	memcpy(mixed + 4096, a8 + 4096, 4096);
	assert_true(allows(&h, before, both, a, a8, 8192));
	assert_false(allows(&h, before, both, a, mixed, 8192));	/* had not begun */
	assert_true(allows(&h, after, both, a, a8, 8192));
	assert_true(allows(&h, after, both, a, mixed, 8192));
	assert_false(allows(&h, after, both, a, b8, 8192));	/* more than the range */
	promise(&h, a);
	assert_false(allows(&h, h.mark, both, a, a8, 8192));
	assert_true(allows(&h, h.mark, both, a, mixed, 8192));
	/* With the sizes: at once. */
	truncate_to(&h, b, 4096);
	promise(&h, b);
	model_begin(h.m, h.mark++);
	model_exchange(h.m, a, b, 0, 0, true);
	model_end(h.m);
	promise(&h, a);
	assert_true(allows(&h, h.mark, both, b, mixed, 8192));
	assert_false(allows(&h, h.mark, both, b, mixed, 4096));
	assert_true(allows(&h, h.mark, both, a, a8, 4096));
	assert_false(allows(&h, h.mark, both, a, mixed, 8192));
	model_free(h.m);
}

static void test_appends(void **unused)
{
	struct history h = start();
	struct model_node *a = create(&h, "a"), *other = create(&h, "b");
	const struct model_node *ab[] = {a, other};
	uint64_t state = state_of(h.root, ab, (const char *[]){"a", "b"}, 2);
	uint8_t data[20000] = {0}, bad[20000];

	(void)unused;
	write_at(&h, a, 0, 1000);		/* 3 */
	promise(&h, a);				/* 4 */
	write_at(&h, a, 1000, 12000);		/* 5 */
	model_pattern(a->id, 3, 0, data, 1000);
	assert_true(allows(&h, h.mark, state, a, data, 1000));
	assert_false(allows(&h, h.mark, state, a, data, 999));
	assert_false(allows(&h, h.mark, state, a, data, 0));
	model_pattern(a->id, 5, 1000, data + 1000, 12000);
	assert_true(allows(&h, h.mark, state, a, data, 13000));
	assert_true(allows(&h, h.mark, state, a, data, 8192));	/* went out in pieces */
	assert_false(allows(&h, h.mark, state, a, data, 8191));
	assert_false(allows(&h, h.mark, state, a, data, 16384));
	/* Nothing else may stand there, at no place. */
	for (uint64_t at = 0; at < 13000; at += 500) {
		memcpy(bad, data, sizeof(bad));
		model_pattern(other->id, 5, at, bad + at, 8);
		assert_false(allows(&h, h.mark, state, a, bad, 13000));
		memset(bad + at, CRASH_POISON, 8);
		assert_false(allows(&h, h.mark, state, a, bad, 13000));
	}
	/* A piece that was not written back is a hole; a promised one is not. */
	memcpy(bad, data, sizeof(bad));
	memset(bad + 4096, 0, 4096);
	assert_true(allows(&h, h.mark, state, a, bad, 13000));
	promise(&h, a);
	assert_false(allows(&h, h.mark, state, a, bad, 13000));
	assert_true(allows(&h, h.mark, state, a, data, 13000));
	assert_false(allows(&h, h.mark, state, a, data, 8192));
	model_free(h.m);
}

static void test_overwrites(void **unused)
{
	struct history h = start();
	struct model_node *a = create(&h, "a");
	const struct model_node *one[] = {a};
	uint64_t state = state_of(h.root, one, (const char *[]){"a"}, 1);
	uint8_t data[4096];

	(void)unused;
	write_at(&h, a, 0, 4096);	/* 2 */
	write_at(&h, a, 0, 4096);	/* 3 */
	promise(&h, a);			/* 4 */
	write_at(&h, a, 512, 1024);	/* 5 */
	write_at(&h, a, 512, 1024);	/* 6 */
	model_pattern(a->id, 3, 0, data, 4096);
	assert_true(allows(&h, h.mark, state, a, data, 4096));
	model_pattern(a->id, 5, 512, data + 512, 512);
	assert_true(allows(&h, h.mark, state, a, data, 4096));
	model_pattern(a->id, 6, 1024, data + 1024, 512);
	assert_true(allows(&h, h.mark, state, a, data, 4096));
	/* Half of a sector of each does not happen. */
	model_pattern(a->id, 5, 1024, data + 1024, 256);
	assert_false(allows(&h, h.mark, state, a, data, 4096));
	model_pattern(a->id, 5, 1024, data + 1024, 512);
	assert_true(allows(&h, h.mark, state, a, data, 4096));
	/* What was there before the promise is over. */
	model_pattern(a->id, 2, 2048, data + 2048, 512);
	assert_false(allows(&h, h.mark, state, a, data, 4096));
	model_free(h.m);
}

static void test_truncations(void **unused)
{
	struct history h = start();
	struct model_node *a = create(&h, "a"), *b;
	const struct model_node *ab[] = {a, NULL};
	uint8_t old[8192] = {0}, new[8192] = {0};
	uint64_t state, later;

	(void)unused;
	state = state_of(h.root, ab, (const char *[]){"a"}, 1);
	write_at(&h, a, 0, 8192);	/* 2 */
	promise(&h, a);			/* 3 */
	truncate_to(&h, a, 1000);	/* 4 */
	truncate_to(&h, a, 6000);	/* 5 */
	write_at(&h, a, 4096, 512);	/* 6 */
	b = create(&h, "b");		/* 7 */
	ab[1] = b;
	later = state_of(h.root, ab, (const char *[]){"a", "b"}, 2);
	model_pattern(a->id, 2, 0, old, 8192);
	memcpy(new, old, 1000);
	assert_true(allows(&h, h.mark, state, a, old, 8192));
	assert_true(allows(&h, h.mark, state, a, old, 1000));
	assert_true(allows(&h, h.mark, state, a, new, 6000));
	/* Grown again, it must not show what was cut off. */
	assert_false(allows(&h, h.mark, state, a, old, 6000));
	model_pattern(a->id, 6, 4096, new + 4096, 512);
	assert_true(allows(&h, h.mark, state, a, new, 6000));
	/* The end of the last block was zeroed in place. */
	memset(old + 1000, 0, 3096);
	assert_true(allows(&h, h.mark, state, a, old, 8192));
	/* The new contents need new blocks: with the old size they cannot be there. */
	memcpy(old + 4096, new + 4096, 512);
	assert_false(allows(&h, h.mark, state, a, old, 8192));
	/* The size is set in order with the names. */
	model_pattern(a->id, 2, 0, old, 8192);
	assert_false(allows(&h, h.mark, later, a, old, 8192));
	assert_false(allows(&h, h.mark, later, a, old, 1000));
	assert_true(allows(&h, h.mark, later, a, new, 6000));
	model_free(h.m);
}

/* Before a file is longer its last block has zeros to the end, and may show them. */
static void test_truncations_to_more(void **unused)
{
	struct history h = start();
	struct model_node *a = create(&h, "a");
	const struct model_node *only[] = {a};
	uint8_t data[20000] = {0};
	uint32_t before;
	uint64_t state;

	(void)unused;
	state = state_of(h.root, only, (const char *[]){"a"}, 1);
	write_at(&h, a, 0, 5000);	/* 2 */
	promise(&h, a);			/* 3 */
	model_pattern(a->id, 2, 0, data, 5000);
	before = h.mark;
	truncate_to(&h, a, 20000);	/* 4 */
	assert_true(allows(&h, h.mark, state, a, data, 5000));
	assert_true(allows(&h, h.mark, state, a, data, 8192));
	assert_true(allows(&h, h.mark, state, a, data, 20000));
	assert_false(allows(&h, before, state, a, data, 8192));
	assert_false(allows(&h, h.mark, state, a, data, 8000));
	assert_false(allows(&h, h.mark, state, a, data, 12288));
	assert_false(allows(&h, h.mark, state, a, data, 4096));
	data[5000] = 1;
	assert_false(allows(&h, h.mark, state, a, data, 8192));
	model_free(h.m);
}

/* ---- power losses -------------------------------------------------------------- */

#define IMAGE_BYTES (1u << 20)
#define PLACES 8u

/* The contents of the first PLACES sectors, 4 bits for each, as a number. */
static uint32_t places(struct xfs_device *dev)
{
	uint8_t data[CRASH_SECTOR];
	uint32_t seen = 0;

	for (uint32_t i = 0; i < PLACES; i++) {
		assert_int_equal(xfs_device_pread(dev, i * CRASH_SECTOR, data, sizeof(data)), 0);
		assert_memory_equal(data, data + 1, sizeof(data) - 1);
		seen |= (data[0] == CRASH_POISON ? 0u : data[0]) << 4 * i;
	}
	return seen;
}

struct seen {
	uint32_t state[4096];
	uint32_t at[4096];
	uint32_t nr;
};

static int collect(void *ctx, struct xfs_device *view, uint32_t nr_events)
{
	struct seen *seen = ctx;

	assert_true(seen->nr < 4096);
	seen->at[seen->nr] = nr_events;
	seen->state[seen->nr++] = places(view);
	return 0;
}

static uint64_t promise_each(void *ctx, uint32_t nr)
{
	(void)ctx;
	return nr;
}

static uint64_t promise_none(void *ctx, uint32_t nr)
{
	(void)ctx;
	(void)nr;
	return 0;
}

static void put(struct xfs_device *dev, uint32_t sector, uint32_t nr, uint8_t value,
		unsigned int flags)
{
	uint8_t data[4 * CRASH_SECTOR];

	memset(data, value, sizeof(data));
	assert_int_equal(xfs_device_pwrite(dev, sector * CRASH_SECTOR, data, nr * CRASH_SECTOR,
					   flags), 0);
}

static bool was_seen(const struct seen *seen, uint32_t at, uint32_t state)
{
	for (uint32_t i = 0; i < seen->nr; i++)
		if (seen->at[i] == at && seen->state[i] == state)
			return true;
	return false;
}

static void test_power(void **unused)
{
	struct xfs_device *start_image = crash_image_new(IMAGE_BYTES, NULL), *work, *recorder;
	struct crash_plan plan = {.seed = 5, .budget = 400, .unit = CRASH_SECTOR};
	struct crash_counts counts = {0};
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)unused;
	assert_non_null(seen);
	work = crash_image_new(IMAGE_BYTES, start_image);
	assert_int_equal(test_recorder_open(work, &recorder), 0);
	put(recorder, 0, 2, 1, 0);			/* event 0 */
	put(recorder, 1, 1, 2, 0);			/* 1 */
	assert_int_equal(xfs_device_flush(recorder), 0);/* 2 */
	put(recorder, 2, 1, 3, 0);			/* 3 */
	put(recorder, 3, 1, 4, XFS_DEV_FUA);		/* 4 */
	put(recorder, 0, 1, 5, 0);			/* 5 */
	assert_int_equal(crash_power(recorder, start_image, &plan, collect, promise_each, NULL,
				     seen, &counts), 0);
	assert_int_equal(counts.judged, seen->nr);
	/* Before the flush: any version of each sector. */
	for (uint32_t subset = 0; subset < 8; subset++) {
		uint32_t state = (subset & 1) | (subset & 4 ? 2u << 4 : subset & 2 ? 1u << 4 : 0);

		assert_true(was_seen(seen, 2, state));
	}
	/* After it: just the newest of each. */
	assert_true(was_seen(seen, 3, 0x21));
	for (uint32_t i = 0; i < seen->nr; i++) {
		uint32_t state = seen->state[i], at = seen->at[i];

		if (at >= 3)
			assert_int_equal(state >> 4 & 0xf, 2);
		if (at >= 3 && at <= 5)
			assert_int_equal(state & 0xf, 1);
		if (at >= 5)
			assert_int_equal(state >> 12, 4);
	}
	/* With and without each that is not certain. */
	assert_true(was_seen(seen, 6, 0x4321));
	assert_true(was_seen(seen, 6, 0x4021));
	assert_true(was_seen(seen, 6, 0x4325));
	assert_true(was_seen(seen, 6, 0x4025));
	/* Equal images are judged once when nothing else was promised in between. */
	memset(seen, 0, sizeof(*seen));
	assert_int_equal(crash_power(recorder, start_image, &plan, collect, promise_none, NULL,
				     seen, &counts), 0);
	for (uint32_t i = 0; i < seen->nr; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(seen->state[i], seen->state[j]);
	xfs_device_put(recorder);
	xfs_device_put(work);
	xfs_device_put(start_image);
	free(seen);
}

static void test_two_disks(void **unused)
{
	struct xfs_device *start_image = crash_image_new(IMAGE_BYTES, NULL), *work, *recorder, *log;
	struct crash_plan plan = {
		.seed = 5, .budget = 400, .unit = CRASH_SECTOR, .split = 4 * CRASH_SECTOR,
	};
	struct crash_counts counts = {0};
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)unused;
	assert_non_null(seen);
	work = crash_image_new(IMAGE_BYTES, start_image);
	assert_int_equal(test_recorder_open(work, &recorder), 0);
	log = crash_side_new(recorder, true, plan.split, 4 * CRASH_SECTOR);
	put(recorder, 0, 1, 1, 0);			/* event 0 */
	put(log, 0, 1, 2, 0);				/* 1 */
	assert_int_equal(xfs_device_flush(log), 0);	/* 2 */
	put(log, 1, 1, 3, 0);				/* 3 */
	assert_int_equal(xfs_device_flush(recorder), 0);/* 4 */
	assert_int_equal(crash_power(recorder, start_image, &plan, collect, promise_each, NULL,
				     seen, &counts), 0);
	/* The flush of the log does nothing for the data. */
	assert_true(was_seen(seen, 3, 0x20000));
	assert_true(was_seen(seen, 3, 0x20001));
	assert_false(was_seen(seen, 3, 0x00001));
	assert_true(was_seen(seen, 4, 0x320000));
	assert_true(was_seen(seen, 5, 0x320001));
	assert_false(was_seen(seen, 5, 0x320000));
	xfs_device_put(log);
	xfs_device_put(recorder);
	xfs_device_put(work);
	xfs_device_put(start_image);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_in_order),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_overwrites),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_truncations_to_more),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_two_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
