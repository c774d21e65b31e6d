/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the checker computes for itself, so as not to share an error with the rest, agrees with
 *       disk/; its sorting and its sets do what they say.
 * Method: both are asked for formatted volumes of each block size, and for random names and keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <xfswrite/mkfs.h>
#include "check/check_priv.h"
#include "disk/dir.h"
#include "support/test_seed.h"

static void test_geometry(void **state)
{
	(void)state;
	for (uint32_t bs = 1024; bs <= 65536; bs *= 2) {
		struct xfs_mkfs_options o = {
			.size = sizeof(o), .flags = XFS_MKFS_FORCE | XFS_MKFS_SMALL,
			.blocksize = bs, .agcount = 4,
		};
		struct xfs_device *dev;
		struct xfs_geometry geo;
		struct xfs_check *chk;
		const struct xfs_check_geo *g;

		assert_int_equal(xfs_device_open_memory(512ull << 20, 512, NULL, &dev), 0);
		assert_int_equal(xfs_mkfs(dev, NULL, &o, NULL), 0);
		assert_int_equal(xfs_check_open(dev, NULL, NULL, &chk), 0);
		assert_int_equal(xfs_geometry_init(&geo, &chk->sb), 0);
		g = &chk->g;
		assert_int_equal(g->agblklog, geo.agblklog);
		assert_int_equal(g->agino_log, geo.agino_log);
		assert_int_equal(g->inopblock, geo.inopblock);
		assert_int_equal(g->dirblksize, geo.dirblksize);
		assert_int_equal(g->agfl_block, geo.agfl_block);
		assert_int_equal(g->agfl_slots, geo.agfl_slots);
		assert_int_equal(g->cluster_align, geo.cluster_align);
		assert_int_equal(g->ialloc_blks, geo.ialloc_blks);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(g->alloc_mxr[i], geo.alloc_mxr[i]);
			assert_int_equal(g->inobt_mxr[i], geo.inobt_mxr[i]);
			assert_int_equal(g->rmap_mxr[i], geo.rmap_mxr[i]);
			assert_int_equal(g->refc_mxr[i], geo.refc_mxr[i]);
			assert_int_equal(g->bmbt_maxlevels[i][1], geo.bmap_maxlevels[i]);
		}
		assert_int_equal(g->bmbt_mxr, geo.bmap_mxr[0]);
		assert_int_equal(g->alloc_maxlevels, geo.alloc_maxlevels);
		assert_int_equal(g->inobt_maxlevels, geo.inobt_maxlevels);
		assert_int_equal(g->rmap_maxlevels, geo.rmap_maxlevels);
		assert_int_equal(g->refc_maxlevels, geo.refc_maxlevels);
		assert_int_equal(g->leafblk, geo.leafblk);
		assert_int_equal(g->freeblk, geo.freeblk);
		for (uint64_t ino = 0; ino < 5000; ino++)
			assert_int_equal(xfs_check_ino_valid(g, ino), xfs_verify_ino(&geo, ino));
		for (uint64_t fsb = 0; fsb < 1ull << (geo.agblklog + 3); fsb += 97) {
			uint32_t agno, agbno;

			assert_int_equal(xfs_check_fsb(g, fsb, 3, &agno, &agbno),
					 xfs_verify_fsbext(&geo, fsb, 3));
		}
		xfs_check_close(chk);
		xfs_device_put(dev);
	}
}

static void test_hashes(void **state)
{
	struct xfs_check chk = { .g = { .ascii_ci = false } };
	struct xfs_rand r = test_rand(1);
	uint8_t name[255];

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		size_t len = 1 + xfs_rand_below(&r, sizeof(name));

		xfs_rand_bytes(&r, name, len);
		assert_int_equal(xfs_check_dahash(name, len), xfs_da_hashname(name, len));
		chk.g.ascii_ci = false;
		assert_int_equal(xfs_check_dirhash(&chk, name, len), xfs_da_hashname(name, len));
		chk.g.ascii_ci = true;
		assert_int_equal(xfs_check_dirhash(&chk, name, len),
				 xfs_ascii_ci_hashname(name, len));
	}
}

/* ---- sorting and sets ---- */

struct pair {
	uint32_t key, value;
};

XFS_CHECK_DEFINE_SORT(sort_pairs, struct pair, a->key < b->key)

static void sort_one(size_t n, unsigned int shape, struct xfs_rand *r)
{
	struct pair *v = calloc(n + 1, sizeof(*v));
	uint64_t sum = 0, sum_sorted = 0;

	for (size_t i = 0; i < n; i++) {
		switch (shape) {
		case 0:
			v[i].key = xfs_rand32(r);
			break;
		case 1:
			v[i].key = (uint32_t)i;
			break;
		case 2:
			v[i].key = (uint32_t)(n - i);
			break;
		case 3:
			v[i].key = 7;
			break;
		case 4:
			v[i].key = (uint32_t)(i < n / 2 ? i : n - i);
			break;
		default:
			v[i].key = xfs_rand32(r) % 5;
		}
		v[i].value = ~v[i].key;
		sum += (uint64_t)v[i].key * 2654435761u;
	}
	sort_pairs(v, n);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || v[i - 1].key <= v[i].key);
		assert_int_equal(v[i].value, ~v[i].key);
		sum_sorted += (uint64_t)v[i].key * 2654435761u;
	}
	assert_int_equal(sum, sum_sorted);
	free(v);
}

static void test_sort(void **state)
{
	struct xfs_rand r = test_rand(2);

	(void)state;
	for (unsigned int shape = 0; shape < 6; shape++) {
		for (size_t n = 0; n < 200; n++)
			sort_one(n, shape, &r);
		sort_one(100000, shape, &r);
	}
	/* The part that takes over when a pattern defeats the other. */
	struct pair v[500];

	for (unsigned int i = 0; i < 500; i++)
		v[i] = (struct pair){ xfs_rand32(&r), i };
	sort_pairs_heap(v, 500);
	for (unsigned int i = 1; i < 500; i++)
		assert_true(v[i - 1].key <= v[i].key);
}

static void test_set(void **state)
{
	struct xfs_check chk = { 0 };
	struct xfs_check_set set = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		assert_true(xfs_check_set_add(&chk, &set, i * i << 12));
	for (uint64_t i = 0; i < 5000; i++)
		assert_false(xfs_check_set_add(&chk, &set, i * i << 12));
	assert_int_equal(set.n, 5000);
	xfs_check_set_free(&chk, &set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_set),
	};

	test_seed_init(20260801);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
