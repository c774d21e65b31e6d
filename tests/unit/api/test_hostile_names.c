/* SPDX-License-Identifier: MIT */
/*
 * Goal: names from a disk that could lead a caller astray are not handed out: entries with '/', NUL,
 *       "." or ".." in places that are not theirs, attribute names and link targets with NUL.
 *       What precedes one is read, the others can be looked up, and the checker tells of each.
 * Method: good images of each form of directory and attribute fork in which one name is
 *       replaced by one of the same length, with index and checksum made right.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "support/forge.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

static struct test_fs fs;
static struct test_objects objs;
static struct xfs_device *good;

/* Directories of every form; each has "first", then the victims, then "zlast". */
static void fill_dir(const char *path, unsigned int extra)
{
	static const char *const names[] = { "first", "X", "XX", "XXXX", "zlast" };
	char name[300];

	TEST_OK(xfs_mkdir(fs.mp, path, 0755));
	for (unsigned int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		TEST_OK(xfs_mknod(fs.mp, name, S_IFREG | 0644, 0, 0));
	}
	for (unsigned int i = 0; i < extra; i++) {
		snprintf(name, sizeof(name), "%s/more-%0120u", path, i);
		TEST_OK(xfs_mknod(fs.mp, name, S_IFREG | 0644, 0, 0));
	}
}

static void make_image(void)
{
	static char value[3000], target[1000];
	struct xfs_file *file;

	memset(value, 'v', sizeof(value));
	memset(target, 't', sizeof(target) - 1);
	memcpy(target + 500, "TARGET", 6);
	test_fs_make(&fs, 64 << 20, NULL);
	fill_dir("/sf", 0);
	fill_dir("/block", 20);
	fill_dir("/leaf", 200);
	fill_dir("/node", 3000);
	TEST_OK(xfs_symlink(fs.mp, "some/SHORTT/target", "/short"));
	TEST_OK(xfs_symlink(fs.mp, target, "/long"));
	TEST_OK(xfs_open(fs.mp, "/attr", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_fsetxattr(file, "user.first", "1", 1, 0));
	TEST_OK(xfs_fsetxattr(file, "user.NNNN", "2", 1, 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/attrs", O_RDWR | O_CREAT, 0644, &file));
	for (unsigned int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "user.many%u", i);
		TEST_OK(xfs_fsetxattr(file, name, value, 100, 0));
	}
	TEST_OK(xfs_fsetxattr(file, "user.LLLL", "2", 1, 0));
	TEST_OK(xfs_fsetxattr(file, "user.RRRR", value, 3000, 0));
	TEST_OK(xfs_close(file));
}

/* Attributes enough for a tree of several leaves. */
static void make_attr_tree(void)
{
	char name[256], value[200] = "";
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/many", O_RDWR | O_CREAT, 0644, &file));
	for (unsigned int i = 0; i < 80; i++) {
		snprintf(name, sizeof(name), "user.%0150u", i);
		TEST_OK(xfs_fsetxattr(file, name, value, sizeof(value), 0));
	}
	TEST_OK(xfs_close(file));
}

static int setup(void **state)
{
	(void)state;
	make_image();
	make_attr_tree();
	TEST_OK(xfs_unmount(fs.mp));
	good = fs.dev;
	assert_int_equal(test_objects_find(good, &objs), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_objects_free(&objs);
	xfs_device_put(good);
	return 0;
}

/* @old becomes @new; then it is opened as fs.mp. */
static void open_forged(const char *old, const void *new)
{
	TEST_OK(xfs_device_open_overlay(good, NULL, &fs.dev));
	assert_true(test_forge_name(&objs, fs.dev, old, new) > 0);
	fs.opts.flags = 0;
	fs.env.log = NULL;
	TEST_OK(xfs_mount(fs.dev, &fs.opts, &fs.mp));
}

static bool checker_says(const char *words)
{
	struct test_findings found = { 0 };
	bool said = false;

	test_check(fs.dev, 0, 0, &found);
	for (size_t i = 0; i < found.n; i++)
		said |= strstr(found.v[i].text, words) != NULL;
	if (!said)
		test_findings_print(&found);
	test_findings_free(&found);
	return said;
}

static void close_forged(const char *words)
{
	TEST_OK(xfs_unmount(fs.mp));
	assert_true(checker_says(words));
	xfs_device_put(fs.dev);
}

/* Read @path: it must end in an error, tell the same again, and never give a bad name. */
static void read_bad_dir(const char *path)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	struct xfs_stat st = XFS_STAT_INIT;
	unsigned int dots = 0, first = 0;
	char name[64];
	int ret;

	TEST_OK(xfs_opendir(fs.mp, path, &dir));
	while ((ret = xfs_readdir(dir, &ent)) > 0) {
		assert_int_equal(strlen(ent.name), ent.name_len);
		assert_null(strchr(ent.name, '/'));
		assert_string_not_equal(ent.name, "");
		dots += strcmp(ent.name, ".") == 0 || strcmp(ent.name, "..") == 0;
		first += strcmp(ent.name, "first") == 0;
		assert_string_not_equal(ent.name, "zlast");
	}
	TEST_IS(ret, -EUCLEAN);
	TEST_IS(xfs_readdir(dir, &ent), -EUCLEAN);
	assert_int_equal(dots, 2);
	assert_int_equal(first, 1);
	xfs_closedir(dir);
	/* One bad name does not hide the others from who knows them. */
	snprintf(name, sizeof(name), "%s/zlast", path);
	TEST_OK(xfs_getattr(fs.mp, name, false, &st));
}

static void entries(void **state)
{
	static const struct { const char *old; const char *new; } cases[] = {
		{ "XXXX", "../a" }, { "XXXX", "/abs" }, { "XXXX", "a/.." }, { "XXXX", "b\0cc" },
		{ "XXXX", "\0\0\0\0" }, { "XXXX", "eee/" },
	};
	static const char *const paths[] = { "/sf", "/block", "/leaf", "/node" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_forged(cases[i].old, cases[i].new);
		for (size_t k = 0; k < ARRAY_SIZE(paths); k++)
			read_bad_dir(paths[k]);
		close_forged("is not allowed");
	}
}

/* "." and ".." once more: a caller that skips the true ones by name would miss what they hide. */
static void more_dots(void **state)
{
	static const char *const paths[] = { "/sf", "/block", "/leaf", "/node" };
	static const struct { const char *old, *new; } cases[] = {
		/* Length bytes too, as such short names are everywhere. */
		{ "\1X", "\1." }, { "\2XX", "\2.." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_forged(cases[i].old, cases[i].new);
		for (size_t k = 1; k < ARRAY_SIZE(paths); k++)
			read_bad_dir(paths[k]);
		if (i == 1) {
			struct xfs_stat st = XFS_STAT_INIT;
			int error = xfs_getattr(fs.mp, "/block/..", true, &st);

			/* Which one the index leads to first is chance: never to a file. */
			assert_true(error == -EUCLEAN || (!error && S_ISDIR(st.mode)));
		}
		close_forged("is not allowed");
	}
	/* In short form the file type follows the name. */
	open_forged("X\1", ".\1");
	read_bad_dir("/sf");
	close_forged("is not allowed");
	open_forged("XX\1", "..\1");
	read_bad_dir("/sf");
	close_forged("is not allowed");
}

/* The places of "." and ".." hold these names only. */
static void other_dots(void **state)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	int ret;

	(void)state;
	open_forged("\1.\2", "\1x\2");
	TEST_OK(xfs_opendir(fs.mp, "/block", &dir));
	while ((ret = xfs_readdir(dir, &ent)) > 0)
		;
	TEST_IS(ret, -EUCLEAN);
	xfs_closedir(dir);
	close_forged("the first entry is not");
}

static void attributes(void **state)
{
	static const struct { const char *path, *old; const char *new; } cases[] = {
		{ "/attr", "NNNN", "N\0NN" }, { "/attr", "NNNN", "\0\0\0\0" },
		{ "/attrs", "LLLL", "L\0LL" }, { "/attrs", "RRRR", "RRR\0" },
	};
	char list[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_forged(cases[i].old, cases[i].new);
		TEST_IS(xfs_listxattr(fs.mp, cases[i].path, false, list, sizeof(list)), -EUCLEAN);
		TEST_IS(xfs_listxattr(fs.mp, cases[i].path, false, NULL, 0), -EUCLEAN);
		/* The others are there. */
		TEST_IS(xfs_getxattr(fs.mp, cases[i].path, false,
				     i < 2 ? "user.first" : "user.many7", list, sizeof(list)),
			i < 2 ? 1 : 100);
		close_forged("is not allowed");
	}
	/* A slash is nothing special there. */
	open_forged("NNNN", "N/NN");
	assert_true(xfs_listxattr(fs.mp, "/attr", false, list, sizeof(list)) > 0);
	TEST_OK(xfs_unmount(fs.mp));
	assert_int_equal(test_fs_check(fs.dev, 0), 0);
	xfs_device_put(fs.dev);
}

/* Pieces and size of a target in a block that do not fit each other. */
static void wrong_lengths(void)
{
	static const struct { enum test_kind kind; uint32_t off, value; } cases[] = {
		{ TEST_SYMLINK, 8, 10 },    { TEST_SYMLINK, 8, 5000 }, { TEST_SYMLINK, 4, 1 },
		{ TEST_INODE, 60, 998 },    { TEST_INODE, 60, 1023 },  { TEST_INODE, 60, 4096 },
		{ TEST_INODE, 60, 0 },
	};
	static uint8_t block[65536];
	uint64_t owner = 0;
	char buf[1024];

	for (size_t i = 0; i < objs.n; i++)
		if (objs.v[i].kind == TEST_SYMLINK)
			owner = objs.v[i].owner;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		TEST_OK(xfs_device_open_overlay(good, NULL, &fs.dev));
		for (size_t i = 0; i < objs.n; i++) {
			if (objs.v[i].kind != cases[c].kind || objs.v[i].owner != owner)
				continue;
			TEST_OK(test_object_read(fs.dev, &objs.v[i], block));
			put_be32(cases[c].value, block + cases[c].off);
			test_object_fix_crc(&objs.v[i], block);
			TEST_OK(test_object_write(fs.dev, &objs.v[i], block));
		}
		TEST_OK(xfs_mount(fs.dev, &fs.opts, &fs.mp));
		TEST_IS(xfs_readlink(fs.mp, "/long", buf, sizeof(buf)), -EUCLEAN);
		TEST_OK(xfs_unmount(fs.mp));
		assert_true(test_fs_check(fs.dev, 0) > 0);
		xfs_device_put(fs.dev);
	}
}

/* A node that leads to one leaf again and again. */
static void same_leaves(void **state)
{
	static uint8_t block[65536];
	char list[65536];

	(void)state;
	TEST_OK(xfs_device_open_overlay(good, NULL, &fs.dev));
	for (size_t i = 0; i < objs.n; i++) {
		uint32_t count, end = 0;

		if (objs.v[i].kind != TEST_ATTR_NODE)
			continue;
		TEST_OK(test_object_read(fs.dev, &objs.v[i], block));
		count = get_be16(block + 56);
		for (end = count; end < 400; end++)
			memcpy(block + 64 + 8 * end, block + 64 + 8 * (count - 1), 8);
		put_be16((uint16_t)end, block + 56);
		test_object_fix_crc(&objs.v[i], block);
		TEST_OK(test_object_write(fs.dev, &objs.v[i], block));
	}
	TEST_OK(xfs_mount(fs.dev, &fs.opts, &fs.mp));
	TEST_IS(xfs_listxattr(fs.mp, "/many", false, list, sizeof(list)), -EUCLEAN);
	TEST_IS(xfs_listxattr(fs.mp, "/many", false, NULL, 0), -EUCLEAN);
	close_forged("second time");
}

static void targets(void **state)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char buf[1024];

	(void)state;
	open_forged("TARGET", "TAR\0ET");
	TEST_IS(xfs_readlink(fs.mp, "/long", buf, sizeof(buf)), -EUCLEAN);
	TEST_IS(xfs_getattr(fs.mp, "/long", true, &st), -EUCLEAN);
	close_forged("NUL byte");
	wrong_lengths();
	open_forged("SHORTT", "SHO\0TT");
	TEST_IS(xfs_readlink(fs.mp, "/short", buf, sizeof(buf)), -EUCLEAN);
	close_forged("NUL byte");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),    cmocka_unit_test(more_dots),
		cmocka_unit_test(other_dots), cmocka_unit_test(attributes),
		cmocka_unit_test(same_leaves), cmocka_unit_test(targets),
	};

	test_seed_init(1);
	return test_seed_report(cmocka_run_group_tests(tests, setup, teardown));
}
