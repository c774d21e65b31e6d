/* SPDX-License-Identifier: MIT */
/*
 * Goal: after every single addition, removal and replacement each block of a directory is as a
 *       reader demands it, and a position that was handed out stays good through all forms.
 * Method: seeded names and inode numbers of both widths; all blocks through the verifiers after
 *       each step; lookups against a table.  The smallest and a larger directory block.
 * Shows (DIR-1), (DIR-2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disk/verify.h"
#include "support/test_handle.h"
#include "support/test_seed.h"

#define MAX	1200

struct entry {
	bool used;
	char name[256];
	xfs_ino_t ino;
};

static struct test_handle h;
static struct entry entries[MAX];
static uint32_t nused;
static struct xfs_rand rnd;

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

static void verify(void)
{
	const struct xfs_geometry *geo = &h.fs.mp->m_geo;
	const struct xfs_inode *dp = h.ip;

	if (dp->i_df.if_format == XFS_DINODE_FMT_LOCAL) {
		assert_null(
			xfs_dir2_sf_verify(geo, dp->i_df.if_data, (size_t)dp->i_disk_size, false));
		assert_int_equal(dp->i_df.if_bytes, dp->i_disk_size);
	} else {
		assert_true(test_verify_fork(&h, XFS_DATA_FORK, geo->dirblkfsbs) > 0);
		assert_int_equal(dp->i_disk_size % geo->dirblksize, 0);
	}
}

/* Valid numbers of the volume, since verifiers look at them; wide ones only where there are any. */
static xfs_ino_t random_ino(void)
{
	const struct xfs_geometry *geo = &h.fs.mp->m_geo;
	xfs_agnumber_t agno = below(geo->agcount);
	xfs_agino_t first, last;

	xfs_agino_range(geo, agno, &first, &last);
	return XFS_AGINO_TO_INO(geo, agno, first + 1000 + below(last - first - 1000));
}

static uint32_t find(const char *name)
{
	uint32_t i;

	for (i = 0; i < MAX && !(entries[i].used && !strcmp(entries[i].name, name)); i++)
		;
	return i;
}

static void add(void)
{
	uint32_t i, len = below(4) ? 1 + below(12) : 1 + below(255);
	struct xfs_name n;
	char name[256];

	for (i = 0; i < len; i++)
		name[i] = (char)('a' + below(26));
	name[len] = '\0';
	n = test_name(name, XFS_DIR3_FT_REG_FILE);
	if (find(name) < MAX) {
		assert_int_equal(test_dir_add(&h, &n, 1000), -EEXIST);
		return;
	}
	for (i = 0; entries[i].used; i++)
		;
	entries[i].used = true;
	strcpy(entries[i].name, name);
	entries[i].ino = random_ino();
	assert_int_equal(test_dir_add(&h, &n, entries[i].ino), 0);
	nused++;
	verify();
}

static uint32_t random_entry(void)
{
	uint32_t i = below(MAX);

	while (!entries[i].used)
		i = (i + 1) % MAX;
	return i;
}

static void del(void)
{
	uint32_t i = random_entry();
	struct xfs_name n = test_name(entries[i].name, 0);

	assert_int_equal(test_dir_remove(&h, &n, entries[i].ino ^ 1), -ENOENT);
	assert_int_equal(test_dir_remove(&h, &n, entries[i].ino), 0);
	entries[i].used = false;
	nused--;
	verify();
}

static void replace(void)
{
	uint32_t i = random_entry();
	struct xfs_name n = test_name(entries[i].name, XFS_DIR3_FT_FIFO);

	entries[i].ino = random_ino();
	assert_int_equal(test_dir_replace(&h, &n, entries[i].ino), 0);
	verify();
}

static void lookup_all(void)
{
	xfs_ino_t ino;

	for (uint32_t i = 0; i < MAX; i++) {
		struct xfs_name n = test_name(entries[i].name, 0);

		if (!entries[i].used)
			continue;
		assert_int_equal(test_dir_lookup(&h, &n, &ino), 0);
		assert_int_equal(ino, entries[i].ino);
	}
}

static void run(const struct xfs_mkfs_options *mkfs, uint64_t size, uint32_t most)
{
	static const uint32_t goals[] = { 20, 3, 60, 12, 0, 0 };
	struct xfs_name none = test_name("NOT THERE", 0);
	struct xfs_name it = test_name("it", 0);

	memset(entries, 0, sizeof(entries));
	nused = 0;
	test_fs_make(&h.fs, size, mkfs);
	TEST_OK(xfs_mkdir(h.fs.mp, "/it", 0755));
	TEST_OK(xfs_lookup(h.fs.mp->m_rootip, &it, &h.ip));
	for (size_t g = 0; g < sizeof(goals) / sizeof(goals[0]); g++) {
		uint32_t goal = g == 4 ? most : goals[g];

		while (nused != goal) {
			uint32_t what = below(20);

			/* Mostly towards the goal. */
			bool up = nused < goal;

			if (what < 4)
				up = !up;
			if (what == 19 && nused)
				replace();
			else if (up && nused < MAX - 1)
				add();
			else if (!up && nused)
				del();
		}
		lookup_all();
		assert_int_equal(test_dir_remove(&h, &none, 5), -ENOENT);
		assert_int_equal(test_dir_replace(&h, &none, 5), -ENOENT);
	}
	assert_true(xfs_dir_is_empty(h.ip));
	test_handle_destroy(&h);
}

static void test_small_blocks(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 1024,
	};

	(void)state;
	rnd = test_rand(1);
	run(&mkfs, 512ull << 20, 700);
}

static void test_large_blocks(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 8192, .inodesize = 512,
	};

	(void)state;
	rnd = test_rand(2);
	run(&mkfs, 512ull << 20, 1100);
}

/* Inode numbers beyond 32 bits, and inodes with much room. */
static void test_wide_numbers(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .inodesize = 2048 };

	(void)state;
	rnd = test_rand(3);
	run(&mkfs, 16ull << 40, 300);
}

/* ---- positions --------------------------------------------------------------------------- */

struct place {
	char name[256];
	uint64_t cookie;		/* where it starts */
};

static struct place places[MAX];
static uint32_t nplaces;

struct scan {
	uint64_t pos;
	const char *only;		/* stop behind this one */
	uint32_t n;
};

static bool note(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next)
{
	struct scan *s = arg;
	struct place *p = &places[nplaces++];

	(void)ino;
	memcpy(p->name, name->name, name->len);
	p->name[name->len] = '\0';
	p->cookie = s->pos;
	s->pos = next;
	return true;
}

static bool first_one(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next)
{
	struct scan *s = arg;

	(void)ino;
	(void)next;
	if (s->n++)
		return false;
	return name->len == strlen(s->only) && !memcmp(name->name, s->only, name->len);
}

static void check_places(void)
{
	for (uint32_t i = 0; i < nplaces; i++) {
		struct scan s = { .only = places[i].name };
		uint64_t cookie = places[i].cookie;

		xfs_ilock_excl(h.ip);
		assert_int_equal(xfs_dir_readdir(h.ip, &cookie, first_one, &s), 0);
		xfs_iunlock_excl(h.ip);
		/* One was taken, so the position moved. */
		assert_true(cookie > places[i].cookie);
	}
}

static void test_positions(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 1024,
	};
	struct scan s = { .pos = 0 };
	uint64_t cookie = 0;
	char name[32];

	(void)state;
	test_handle_make(&h, &mkfs, true);
	for (uint32_t i = 0; i < 8; i++) {
		struct xfs_name n;

		snprintf(name, sizeof(name), "early-%u", i);
		n = test_name(name, 1);
		assert_int_equal(test_dir_add(&h, &n, 500 + i), 0);
	}
	nplaces = 0;
	xfs_ilock_excl(h.ip);
	assert_int_equal(xfs_dir_readdir(h.ip, &cookie, note, &s), 0);
	xfs_iunlock_excl(h.ip);
	assert_int_equal(nplaces, 10);
	assert_int_equal(places[1].cookie, 10);		/* "..", and the first name: */
	assert_int_equal(places[2].cookie, 12);
	/* Up through all forms, and down. */
	for (uint32_t i = 0; i < 400; i++) {
		struct xfs_name n;

		snprintf(name, sizeof(name), "a-later-name-%u", i);
		n = test_name(name, 1);
		assert_int_equal(test_dir_add(&h, &n, 1000 + i), 0);
		if (i % 20 == 0)
			check_places();
	}
	for (uint32_t i = 0; i < 400; i++) {
		struct xfs_name n;

		snprintf(name, sizeof(name), "a-later-name-%u", i);
		n = test_name(name, 1);
		assert_int_equal(test_dir_remove(&h, &n, 1000 + i), 0);
		if (i % 20 == 0)
			check_places();
	}
	assert_int_equal(h.ip->i_df.if_format, XFS_DINODE_FMT_LOCAL);
	check_places();
	/* Behind the end there is nothing, not even where numbers end. */
	cookie = UINT64_MAX;
	s.n = 0;
	xfs_ilock_excl(h.ip);
	assert_int_equal(xfs_dir_readdir(h.ip, &cookie, first_one, &s), 0);
	xfs_iunlock_excl(h.ip);
	assert_int_equal(s.n, 0);
	assert_true(cookie == UINT64_MAX);
	test_handle_destroy(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_blocks),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_wide_numbers),
		cmocka_unit_test(test_positions),
	};

	test_seed_init(7);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
