/* SPDX-License-Identifier: MIT */
/*
 * Goal: directories that contain themselves or have two names do not hang or overflow anything, and
 *       damage does not spread: such a name cannot be removed or moved.  Trees of 20,000 levels are
 *       nothing special.
 * Method: in a good image one entry is led to another directory; then everything that walks up or
 *       down is called, and the checker.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include "support/forge.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define LEVELS	20000u

static struct test_fs fs;
static struct test_objects objs;
static struct xfs_device *good;
static uint64_t root, a, b, loop, other;

static uint64_t ino_of(const char *path)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_getattr(fs.mp, path, false, &st));
	return st.ino;
}

static int make_image(uint8_t parent)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .parent = parent };

	test_fs_make(&fs, 64 << 20, &mkfs);
	TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/b", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/b/loop", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/other", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/elsewhere", 0755));
	root = ino_of("/");
	a = ino_of("/a");
	b = ino_of("/a/b");
	loop = ino_of("/a/b/loop");
	other = ino_of("/a/other");
	TEST_OK(xfs_unmount(fs.mp));
	good = fs.dev;
	assert_int_equal(test_objects_find(good, &objs), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return make_image(XFS_MKFS_DEFAULT);
}

/* Without parent pointers nothing but ".." tells which name of a directory is the right one. */
static int setup_no_parent(void **state)
{
	(void)state;
	return make_image(XFS_MKFS_OFF);
}

static int teardown(void **state)
{
	(void)state;
	test_objects_free(&objs);
	xfs_device_put(good);
	return 0;
}

static void open_forged(uint64_t dir, const char *name, uint64_t ino)
{
	TEST_OK(xfs_device_open_overlay(good, NULL, &fs.dev));
	assert_true(test_forge_ino(&objs, fs.dev, dir, name, ino));
	fs.opts.flags = 0;
	fs.env.log = NULL;
	TEST_OK(xfs_mount(fs.dev, &fs.opts, &fs.mp));
}

static void close_forged(const char *words)
{
	struct test_findings found = { 0 };
	bool said = false;

	TEST_OK(xfs_unmount(fs.mp));
	test_check(fs.dev, 0, 0, &found);
	for (size_t i = 0; i < found.n; i++)
		said |= strstr(found.v[i].text, words) != NULL;
	if (!said)
		test_findings_print(&found);
	assert_true(said);
	test_findings_free(&found);
	xfs_device_put(fs.dev);
}

/* /a/b/loop is another directory. */
static void wrong_entry(void **state)
{
	const struct { uint64_t to; int rmdir; const char *words; } cases[] = {
		{ b, -ENOTEMPTY, "second link" },   { a, -ENOTEMPTY, "second link" },
		{ root, -EBUSY, "second link" },    { other, -EUCLEAN, "second link" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct xfs_file *file;

		open_forged(b, "loop", cases[i].to);
		TEST_OK(xfs_open(fs.mp, "/a/b/loop", O_RDONLY, 0, &file));
		TEST_OK(xfs_close(file));
		TEST_IS(xfs_rmdir(fs.mp, "/a/b/loop"), cases[i].rmdir);
		TEST_IS(xfs_unlink(fs.mp, "/a/b/loop"), -EISDIR);
		assert_true(xfs_rename(fs.mp, "/a/b/loop", "/elsewhere/x") < 0);
		assert_true(xfs_rename(fs.mp, "/a/b/loop", "/a/b/x") < 0);
		assert_true(xfs_rename(fs.mp, "/elsewhere", "/a/b/loop") < 0);
		assert_int_equal(ino_of("/a/b/loop"), cases[i].to);
		close_forged(cases[i].words);
	}
}

/* Going up from /a/b goes round and never comes to the root. */
static void circle_upwards(void **state)
{
	(void)state;
	open_forged(a, "..", b);
	TEST_IS(xfs_rename(fs.mp, "/elsewhere", "/a/b/x"), -EUCLEAN);
	TEST_IS(xfs_rename(fs.mp, "/elsewhere", "/a/b/loop/x"), -EUCLEAN);
	close_forged("but the parent is");
}

static void deep_tree(void **state)
{
	struct xfs_file *dir, *next;

	(void)state;
	test_fs_make(&fs, 64 << 20, NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/moved", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY | O_DIRECTORY, 0, &dir));
	for (unsigned int i = 1; i < LEVELS; i++) {
		TEST_OK(xfs_mkdirat(dir, "d", 0755));
		TEST_OK(xfs_openat(dir, "d", O_RDONLY | O_DIRECTORY, 0, &next));
		TEST_OK(xfs_close(dir));
		dir = next;
	}
	/* All the way up. */
	TEST_OK(xfs_renameat(xfs_root(fs.mp), "moved", dir, "moved", 0));
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "d", dir, "d", 0), -EINVAL);
	TEST_OK(xfs_close(dir));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_entry, setup_no_parent, teardown),
		cmocka_unit_test_setup_teardown(circle_upwards, setup, teardown),
		cmocka_unit_test(deep_tree),
	};

	test_seed_init(1);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
