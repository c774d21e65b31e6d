/* SPDX-License-Identifier: MIT */
/*
 * Goal: reading directories of every form: all names once, positions that stay valid while names
 *       come and go, types, "." and "..".
 * Method: directories from empty to some thousands of names, read through from the start, from every
 *       cookie, and with changes between the calls; names that exist all the time must be seen
 *       exactly once, others at most once.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/rand.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define MAX_FILES 6000

static struct test_fs fs;

static const struct xfs_mkfs_options geos[] = {
	{ .size = sizeof(geos[0]) },
	{ .size = sizeof(geos[0]), .blocksize = 1024, .dirblocksize = 1024,
	  .parent = XFS_MKFS_OFF },
	{ .size = sizeof(geos[0]), .dirblocksize = 65536 },
};

static void name_of(unsigned int i, char *out)
{
	/* Of many lengths, so that blocks fill unevenly. */
	sprintf(out, "%0*u", (int)(4 + i * 7 % 40), i);
}

static void add(struct xfs_file *dir, unsigned int i)
{
	char name[64];

	name_of(i, name);
	TEST_OK(xfs_mknodat(dir, name, i % 3 ? S_IFREG | 0644 : S_IFIFO | 0644, 0, 0));
}

static void drop(struct xfs_file *dir, unsigned int i)
{
	char name[64];

	name_of(i, name);
	TEST_OK(xfs_unlinkat(dir, name, 0));
}

struct listing {
	unsigned int count;		/* without dots */
	unsigned int dots;
	uint8_t seen[MAX_FILES];
};

static void note(struct listing *l, const struct xfs_dirent *ent)
{
	unsigned int i;
	char name[64];

	assert_int_equal(strlen(ent->name), ent->name_len);
	if (!strcmp(ent->name, ".") || !strcmp(ent->name, "..")) {
		assert_int_equal(ent->type, DT_DIR);
		l->dots++;
		return;
	}
	i = (unsigned int)atoi(ent->name);
	assert_true(i < MAX_FILES);
	name_of(i, name);
	assert_string_equal(ent->name, name);
	assert_int_equal(ent->type, i % 3 ? DT_REG : DT_FIFO);
	l->seen[i]++;
	l->count++;
}

static void read_all(struct xfs_file *dir, struct listing *l)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *d;
	uint64_t last = 0;
	int ret;

	memset(l, 0, sizeof(*l));
	TEST_OK(xfs_fdopendir(dir, &d));
	while ((ret = xfs_readdir(d, &ent)) == 1) {
		assert_true(ent.cookie > last);
		last = ent.cookie;
		note(l, &ent);
	}
	TEST_IS(ret, 0);
	TEST_IS(xfs_readdir(d, &ent), 0);
	assert_int_equal(l->dots, 2);
	xfs_closedir(d);
}

static void test_all_sizes(void **state)
{
	static const unsigned int sizes[] = { 0, 1, 5, 12, 40, 200, 1000, MAX_FILES };
	static struct listing l;

	(void)state;
	for (size_t g = 0; g < sizeof(geos) / sizeof(geos[0]); g++) {
		struct xfs_file *dir;
		unsigned int have = 0;

		test_fs_make(&fs, MIB(256), &geos[g]);
		TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
		TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			while (have < sizes[s])
				add(dir, have++);
			read_all(dir, &l);
			assert_int_equal(l.count, have);
			for (unsigned int i = 0; i < have; i++)
				assert_int_equal(l.seen[i], 1);
		}
		for (size_t s = sizeof(sizes) / sizeof(sizes[0]); s-- > 0;) {
			while (have > sizes[s])
				drop(dir, --have);
			read_all(dir, &l);
			assert_int_equal(l.count, have);
		}
		TEST_OK(xfs_close(dir));
		test_fs_end(&fs);
	}
}

/* From any cookie on come exactly the entries behind it. */
static void test_seek(void **state)
{
	static const unsigned int sizes[] = { 3, 60, 700 };

	(void)state;
	for (size_t g = 0; g < sizeof(geos) / sizeof(geos[0]); g++) {
		test_fs_make(&fs, MIB(256), &geos[g]);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			static struct xfs_dirent ents[1000];
			struct xfs_dirent ent = XFS_DIRENT_INIT;
			struct xfs_file *dir;
			struct xfs_dir *d;
			unsigned int n = 0;
			char path[16];

			snprintf(path, sizeof(path), "/d%u", sizes[s]);
			TEST_OK(xfs_mkdir(fs.mp, path, 0755));
			TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &dir));
			for (unsigned int i = 0; i < sizes[s]; i++)
				add(dir, i);
			TEST_OK(xfs_opendir(fs.mp, path, &d));
			do {
				ents[n].size = sizeof(ents[n]);
			} while (xfs_readdir(d, &ents[n]) == 1 && ++n);
			assert_int_equal(n, sizes[s] + 2);
			for (unsigned int i = 0; i < n; i++) {
				xfs_seekdir(d, ents[i].cookie);
				if (i + 1 == n) {
					TEST_IS(xfs_readdir(d, &ent), 0);
				} else {
					TEST_IS(xfs_readdir(d, &ent), 1);
					assert_string_equal(ent.name, ents[i + 1].name);
					assert_int_equal(ent.cookie, ents[i + 1].cookie);
				}
			}
			xfs_seekdir(d, 0);
			TEST_IS(xfs_readdir(d, &ent), 1);
			assert_string_equal(ent.name, ents[0].name);
			/* Positions that nobody was given lead somewhere, or to the end. */
			for (unsigned int i = 0; i < 64; i++) {
				int ret;

				xfs_seekdir(d, ((uint64_t)1 << i) + i);
				ret = xfs_readdir(d, &ent);
				assert_true(ret == 0 || ret == 1);
			}
			xfs_seekdir(d, UINT64_MAX);
			TEST_IS(xfs_readdir(d, &ent), 0);
			xfs_closedir(d);
			TEST_OK(xfs_close(dir));
		}
		test_fs_end(&fs);
	}
}

/* Names that come and go while a directory is being read; also through changes of its form. */
static void test_changes_while_reading(void **state)
{
	static struct listing l;
	struct xfs_rand r = test_rand(7);

	(void)state;
	for (size_t g = 0; g < sizeof(geos) / sizeof(geos[0]); g++) {
		test_fs_make(&fs, MIB(256), &geos[g]);
		for (unsigned int round = 0; round < 6; round++) {
			unsigned int stay = 20u << (round * 1), churn = 200u << round, next = stay;
			struct xfs_dirent ent = XFS_DIRENT_INIT;
			struct xfs_file *dir;
			struct xfs_dir *d;
			char path[16];

			if (churn + stay > MAX_FILES)
				churn = MAX_FILES - stay;
			snprintf(path, sizeof(path), "/d%u", round);
			TEST_OK(xfs_mkdir(fs.mp, path, 0755));
			TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &dir));
			for (unsigned int i = 0; i < stay; i++)
				add(dir, i);
			memset(&l, 0, sizeof(l));
			TEST_OK(xfs_fdopendir(dir, &d));
			while (xfs_readdir(d, &ent) == 1) {
				note(&l, &ent);
				for (unsigned int k = 0; k < 5 && next < stay + churn; k++) {
					add(dir, next);
					if (xfs_rand_below(&r, 2))
						drop(dir, next);
					next++;
				}
				/* As if by another reader: what was read ahead is forgotten. */
				if (xfs_rand_below(&r, 3) == 0)
					xfs_seekdir(d, ent.cookie);
			}
			for (unsigned int i = 0; i < MAX_FILES; i++)
				assert_true(i < stay ? l.seen[i] == 1 : l.seen[i] <= 1);
			xfs_closedir(d);
			/* rm -r: each name is removed as it is read. */
			TEST_OK(xfs_fdopendir(dir, &d));
			while (xfs_readdir(d, &ent) == 1) {
				if (strcmp(ent.name, ".") && strcmp(ent.name, ".."))
					TEST_OK(xfs_unlinkat(dir, ent.name, 0));
			}
			xfs_closedir(d);
			read_all(dir, &l);
			assert_int_equal(l.count, 0);
			TEST_OK(xfs_close(dir));
			TEST_IS(xfs_rmdir(fs.mp, path), 0);
		}
		test_fs_end(&fs);
	}
}

static void test_handles(void **state)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_file *dir, *file;
	struct xfs_dir *d;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	TEST_IS(xfs_opendir(fs.mp, "/f", &d), -ENOTDIR);
	assert_null(d);
	TEST_IS(xfs_opendir(fs.mp, "/none", &d), -ENOENT);
	TEST_OK(xfs_open(fs.mp, "/f", O_PATH, 0, &file));
	TEST_IS(xfs_fdopendir(file, &d), -ENOTDIR);
	TEST_OK(xfs_close(file));
	/* The file handle may be closed first. */
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
	TEST_OK(xfs_fdopendir(dir, &d));
	TEST_OK(xfs_close(dir));
	TEST_IS(xfs_readdir(d, &ent), 1);
	TEST_IS(xfs_readdir(d, &ent), 1);
	TEST_IS(xfs_readdir(d, &ent), 0);
	xfs_closedir(d);
	xfs_closedir(NULL);
	TEST_OK(xfs_fdopendir(xfs_root(fs.mp), &d));
	TEST_IS(xfs_readdir(d, &ent), 1);
	xfs_closedir(d);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_changes_while_reading),
		cmocka_unit_test(test_handles),
	};

	test_seed_init(31);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
