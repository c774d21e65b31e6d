/* SPDX-License-Identifier: MIT */
/*
 * Goal: a mapping keeps bytes and states of blocks as the rules in pagecache/folio.h say, whatever
 * order of writes, reads, write-backs, truncations and evictions comes; the lists of the
 * mount follow.
 * Method: seeded operations beside plain arrays: the bytes in memory, and for each block
 * whether it is empty, clean, dirty or being written.  A write-back goes to a small memory
 * device through the queue, or is ended by hand, sometimes as failed.
 * Shows (FOLIO-1), (FOLIO-2), (FOLIO-4), (PAGECACHE-3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "device/queue.h"
#include "pagecache/pagecache_priv.h"
#include "support/test_seed.h"

#define FILE_BLOCKS	400u
#define NR_FILES	3u

enum block_state { EMPTY, CLEAN, DIRTY };

struct file {
	struct xfs_mapping *m;
	int refs;			/* that the mapping holds of us */
	enum block_state state[FILE_BLOCKS];
	uint8_t value[FILE_BLOCKS];	/* of all bytes of the block */
};

struct world {
	struct xfs_mount mount;
	struct xfs_device *dev;
	struct file files[NR_FILES];
	uint32_t block_log, block;
};

static void world_init(struct world *w, uint32_t block_log, uint64_t cache_bytes)
{
	uint32_t i;

	memset(w, 0, sizeof(*w));
	w->block_log = block_log;
	w->block = 1u << block_log;
	w->mount.m_geo.blocklog = (uint8_t)block_log;
	w->mount.m_geo.blocksize = w->block;
	w->mount.m_data_cache_bytes = cache_bytes;
	assert_int_equal(xfs_device_open_memory((uint64_t)NR_FILES * FILE_BLOCKS << block_log, 512,
						NULL, &w->dev), 0);
	assert_int_equal(xfs_queue_create(w->dev, NULL, 0, 0, &w->mount.m_queue), 0);
	assert_int_equal(xfs_pagecache_init(&w->mount), 0);
	for (i = 0; i < NR_FILES; i++) {
		assert_non_null(xfs_mapping_get(&w->mount, &w->files[i].m, &w->files[i]));
		assert_ptr_equal(xfs_mapping_get(&w->mount, &w->files[i].m, NULL), w->files[i].m);
	}
}

static void world_end(struct world *w)
{
	uint32_t i;

	xfs_queue_submit(w->mount.m_queue);
	for (i = 0; i < NR_FILES; i++)
		xfs_mapping_destroy(w->files[i].m);
	xfs_pagecache_destroy(&w->mount);
	xfs_queue_destroy(w->mount.m_queue);
	xfs_device_put(w->dev);
}

/* Fill blocks [@first, +@count) with @value as a writer does, folio by folio. */
static void write_blocks(struct world *w, struct file *f, uint32_t first, uint32_t count,
			 uint8_t value)
{
	while (count) {
		uint64_t pos = (uint64_t)first << w->block_log;
		struct xfs_folio *folio;
		uint32_t in, n;

		assert_int_equal(xfs_mapping_lock_folio(f->m, pos, (uint64_t)count << w->block_log,
							&folio), 0);
		assert_true(folio->fo_pos <= pos && xfs_folio_end(folio) > pos);
		assert_int_equal(folio->fo_writing, 0);
		assert_int_equal(folio->fo_pos % folio->fo_size, 0);
		in = (uint32_t)((pos - folio->fo_pos) >> w->block_log);
		n = XFS_MIN(count, (folio->fo_size >> w->block_log) - in);
		memset(folio->fo_data + ((size_t)in << w->block_log), value,
		       (size_t)n << w->block_log);
		if (xfs_folio_unlock(folio, xfs_folio_mask(in, n)))
			f->refs++;
		memset(f->value + first, value, n);
		for (; n; n--, first++, count--)
			f->state[first] = DIRTY;
	}
}

/* What is in memory must be what the model has, and no empty block may be found. */
static void check_reads(struct world *w, struct file *f)
{
	uint64_t end = (uint64_t)FILE_BLOCKS << w->block_log, pos = 0, valid;

	while (pos < end) {
		struct xfs_folio *folio = xfs_mapping_pin(f->m, pos, end - pos, &valid);
		uint32_t block = (uint32_t)(pos >> w->block_log);

		assert_true(valid >= w->block && pos + valid <= end);
		for (; valid; valid -= w->block, pos += w->block, block++) {
			if (!folio) {
				assert_int_not_equal(f->state[block], DIRTY);
				f->state[block] = EMPTY;	/* a clean block may have been evicted */
				continue;
			}
			assert_int_not_equal(f->state[block], EMPTY);
			assert_int_equal(folio->fo_data[pos - folio->fo_pos], f->value[block]);
			assert_int_equal(folio->fo_data[pos - folio->fo_pos + w->block - 1],
					 f->value[block]);
		}
		if (folio)
			xfs_folio_unpin(folio);
	}
}

static void check_dirty(struct world *w, struct file *f)
{
	uint64_t end = (uint64_t)FILE_BLOCKS << w->block_log, pos = 0, start, run_end;
	uint32_t block = 0;

	/* What is on its way counts as dirty. */
	xfs_queue_submit(w->mount.m_queue);
	while (xfs_mapping_find_dirty(f->m, pos, end, &start, &run_end)) {
		for (; block < start >> w->block_log; block++)
			assert_int_not_equal(f->state[block], DIRTY);
		for (; block < run_end >> w->block_log; block++)
			assert_int_equal(f->state[block], DIRTY);
		pos = run_end;
	}
	for (; block < FILE_BLOCKS; block++)
		assert_int_not_equal(f->state[block], DIRTY);
}

static void read_ahead(struct world *w, struct file *f, uint32_t first, uint32_t count)
{
	uint64_t pos = (uint64_t)first << w->block_log;
	struct xfs_folio *folio;
	uint32_t i, n;

	assert_int_equal(xfs_mapping_new_folio(f->m, pos, (uint64_t)count << w->block_log, &folio),
			 0);
	assert_int_equal(folio->fo_pos, pos);
	n = XFS_MIN(folio->fo_size >> w->block_log, FILE_BLOCKS - first);
	for (i = 0; i < n; i++) {
		if (f->state[first + i] == EMPTY)
			f->value[first + i] = (uint8_t)~first;
		/* The disk has old contents of dirty blocks: they must not come through. */
		memset(folio->fo_data + ((size_t)i << w->block_log),
		       f->state[first + i] == DIRTY ? 0xee : f->value[first + i], w->block);
		if (f->state[first + i] == EMPTY)
			f->state[first + i] = CLEAN;
	}
	xfs_mapping_add_clean(f->m, folio, n);
}

struct pending {
	struct xfs_folio *folio;
	uint64_t blocks;
};

static void written(void *ctx, int error)
{
	struct xfs_ioend *ioend = ctx;

	assert_int_equal(error, 0);
	xfs_folio_end_write(ioend->io_folio, ioend->io_blocks, false);
}

/* Claim a range and write it through the queue, which may keep it for a while. */
static void write_back(struct world *w, struct file *f, uint32_t first, uint32_t count,
		       uint64_t max_bytes, struct xfs_rand *r)
{
	uint64_t start = (uint64_t)first << w->block_log, last_pos = 0, claimed = 0;
	uint64_t file_base = (uint64_t)(f - w->files) * FILE_BLOCKS << w->block_log;
	bool fail = xfs_rand32(r) % 8 == 0;
	struct xfs_list claim;
	bool left_failed;
	uint64_t bytes;

	xfs_list_init(&claim);
	bytes = xfs_mapping_claim(f->m, start, start + ((uint64_t)count << w->block_log),
				  max_bytes, true, &claim, &left_failed);
	assert_false(left_failed);
	while (!xfs_list_empty(&claim)) {
		struct xfs_folio *folio = xfs_list_first_entry(&claim, struct xfs_folio,
							       fo_dirty_link);
		uint64_t todo = folio->fo_writing;
		uint32_t base = (uint32_t)(folio->fo_pos >> w->block_log), size = folio->fo_size;

		xfs_list_del(&folio->fo_dirty_link);
		assert_true(claimed == 0 || folio->fo_pos > last_pos);
		last_pos = folio->fo_pos;
		claimed += size;
		for (uint32_t i = 0; i < size >> w->block_log; i++) {
			if (!(todo >> i & 1))
				continue;
			assert_int_equal(f->state[base + i], DIRTY);
			f->state[base + i] = CLEAN;
		}
		if (fail || (todo & (todo + (todo & -todo)))) {
			/* Several runs: end them one by one, by hand. */
			while (todo) {
				uint32_t bit = xfs_lowbit64(todo), run = xfs_folio_run(todo, bit);
				uint64_t mask = xfs_folio_mask(bit, run);

				todo &= ~mask;
				xfs_folio_end_write(folio, mask, fail);
			}
			continue;
		}
		folio->fo_ioend = (struct xfs_ioend){ .io_folio = folio, .io_blocks = todo };
		xfs_queue_write(w->mount.m_queue, file_base + folio->fo_pos +
				((uint64_t)xfs_lowbit64(todo) << w->block_log),
				folio->fo_data + ((size_t)xfs_lowbit64(todo) << w->block_log),
				(size_t)xfs_folio_run(todo, xfs_lowbit64(todo)) << w->block_log,
				written, &folio->fo_ioend);
	}
	assert_int_equal(bytes, claimed);
	if (bytes)
		xfs_mapping_end_claim(f->m);
	if (fail) {
		struct xfs_folio *folio;
		uint64_t blocks;

		while ((folio = xfs_pagecache_pop_failed(&w->mount, &blocks))) {
			assert_true(blocks != 0);
			xfs_folio_end_failed(folio, blocks);
		}
		assert_false(xfs_pagecache_has_failed(&w->mount));
	}
}

static void pop_all_clean(struct world *w)
{
	struct file *f;

	while ((f = xfs_pagecache_pop_clean(&w->mount))) {
		assert_int_equal(f->refs, 1);
		f->refs--;
	}
}

static void model(uint32_t block_log, uint64_t stream, uint32_t steps)
{
	struct xfs_rand r = test_rand(stream);
	struct world *w = calloc(1, sizeof(*w));
	uint32_t step, i;

	assert_non_null(w);
	world_init(w, block_log, ~0ull >> 1);
	for (step = 0; step < steps; step++) {
		struct file *f = &w->files[xfs_rand32(&r) % NR_FILES];
		uint32_t first = xfs_rand32(&r) % FILE_BLOCKS;
		uint32_t count = 1 + xfs_rand32(&r) % XFS_MIN(FILE_BLOCKS - first,
							      xfs_rand32(&r) % 4 ? 8u : 200u);

		switch (xfs_rand32(&r) % 10) {
		case 0: case 1: case 2: case 3:
			write_blocks(w, f, first, count, (uint8_t)step);
			break;
		case 4:
			read_ahead(w, f, first, count);
			break;
		case 5: case 6:
			write_back(w, f, first, count, xfs_rand32(&r) % 3 ? ~0ull : w->block * 3, &r);
			break;
		case 7:
			xfs_mapping_truncate(f->m, ((uint64_t)first << block_log) - (first & 1));
			memset(f->state + first, EMPTY, (FILE_BLOCKS - first) * sizeof(f->state[0]));
			break;
		case 8:
			xfs_pagecache_shrink(&w->mount, xfs_pagecache_bytes(&w->mount) / 2);
			break;
		case 9:
			if (xfs_rand32(&r) % 4 == 0)
				xfs_pagecache_shrink(&w->mount, 0);
			pop_all_clean(w);
			break;
		}
		if (step % 16 == 0) {
			check_reads(w, f);
			check_dirty(w, f);
		}
	}
	/* Write everything: then nobody is dirty, and every reference comes back. */
	for (i = 0; i < NR_FILES; i++)
		write_back(w, &w->files[i], 0, FILE_BLOCKS, ~0ull, &r);
	xfs_queue_submit(w->mount.m_queue);
	assert_int_equal(xfs_pagecache_dirty_bytes(&w->mount), 0);
	assert_null(xfs_pagecache_pick_dirty(&w->mount, ~0ull));
	pop_all_clean(w);
	for (i = 0; i < NR_FILES; i++) {
		check_reads(w, &w->files[i]);
		assert_int_equal(w->files[i].refs, 0);
	}
	xfs_pagecache_shrink(&w->mount, 0);
	assert_int_equal(xfs_pagecache_bytes(&w->mount), 0);
	world_end(w);
	free(w);
}

static void test_model(void **state)
{
	uint64_t stream;

	(void)state;
	for (stream = 1; stream <= 12; stream++)
		model(stream % 3 == 0 ? 10 : stream % 3 == 1 ? 12 : 14, stream, 6000);
}

static void test_sequential_small_writes_get_large_folios(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct file *f = &w->files[0];
	struct xfs_folio *folio;
	uint32_t i, nr = 0;
	uint64_t pos = 0;

	(void)state;
	world_init(w, 12, 64u << 20);
	for (i = 0; i < FILE_BLOCKS; i++)
		write_blocks(w, f, i, 1, (uint8_t)i);
	while (pos < (uint64_t)FILE_BLOCKS << 12) {
		uint64_t valid;

		folio = xfs_mapping_pin(f->m, pos, w->block, &valid);
		assert_non_null(folio);
		pos = xfs_folio_end(folio);
		xfs_folio_unpin(folio);
		nr++;
	}
	/* 4 4 8 16 32 64 128 K, then 256 K each. */
	assert_int_equal(nr, 7 + 6);
	/* A file of one small write takes one smallest folio. */
	write_blocks(w, &w->files[1], 0, 1, 1);
	assert_int_equal(xfs_pagecache_bytes(&w->mount), 7u * 256u * 1024u + 4096u);
	world_end(w);
	free(w);
}

static void test_dirty_mappings_in_order_of_dirtying(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct xfs_rand r = test_rand(99);
	struct xfs_mapping *m;

	(void)state;
	world_init(w, 12, 64u << 20);
	write_blocks(w, &w->files[2], 0, 1, 1);
	write_blocks(w, &w->files[0], 0, 1, 1);
	write_blocks(w, &w->files[2], 5, 1, 1);
	m = xfs_pagecache_pick_dirty(&w->mount, ~0ull);
	assert_ptr_equal(m, w->files[2].m);
	/* Picked: nobody else gets it, and written meanwhile it stays where it is. */
	assert_ptr_equal(xfs_pagecache_pick_dirty(&w->mount, ~0ull), w->files[0].m);
	assert_null(xfs_pagecache_pick_dirty(&w->mount, ~0ull));
	xfs_pagecache_unpick(w->files[0].m, false);
	xfs_pagecache_unpick(m, true);
	assert_ptr_equal(xfs_pagecache_pick_dirty(&w->mount, ~0ull), w->files[0].m);
	xfs_pagecache_unpick(w->files[0].m, true);
	assert_ptr_equal(xfs_pagecache_pick_dirty(&w->mount, ~0ull), m);
	do {
		write_back(w, &w->files[2], 0, FILE_BLOCKS, ~0ull, &r);
		xfs_queue_submit(w->mount.m_queue);
	} while (m->m_nr_dirty);
	assert_null(xfs_pagecache_pop_clean(&w->mount));
	xfs_pagecache_unpick(m, false);
	assert_ptr_equal(xfs_pagecache_pop_clean(&w->mount), &w->files[2]);
	assert_null(xfs_pagecache_pop_clean(&w->mount));
	world_end(w);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_sequential_small_writes_get_large_folios),
		cmocka_unit_test(test_dirty_mappings_in_order_of_dirtying),
	};

	test_seed_init(20240602);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
