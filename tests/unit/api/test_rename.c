/* SPDX-License-Identifier: MIT */
/*
 * Goal: renaming does what rename(2) does for every pair of a source and what stands in its way,
 *       within a directory and between two, with times, link counts and parent pointers.
 * Method: a matrix of sources (each type, directories empty and full, several links) and targets
 *       (nothing, each type, the same inode, an ancestor, a descendant); the table below says what
 *       must come out; the checker after all.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;

enum kind { NOTHING, REG, HARDLINK, LINK, FIFO, EMPTY_DIR, FULL_DIR, KINDS };

static const char *const kind_names[KINDS] = {
	"nothing", "reg", "hardlink", "link", "fifo", "empty_dir", "full_dir",
};

static bool is_dir(enum kind kind)
{
	return kind == EMPTY_DIR || kind == FULL_DIR;
}

static void make(enum kind kind, const char *path)
{
	char inner[300];

	switch (kind) {
	case REG:
		TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
		break;
	case HARDLINK:
		TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0600, 0, 0));
		snprintf(inner, sizeof(inner), "%s.second", path);
		TEST_OK(xfs_link(fs.mp, path, inner));
		break;
	case LINK:
		TEST_OK(xfs_symlink(fs.mp, "nowhere", path));
		break;
	case FIFO:
		TEST_OK(xfs_mknod(fs.mp, path, S_IFIFO | 0644, 0, 0));
		break;
	case EMPTY_DIR:
	case FULL_DIR:
		TEST_OK(xfs_mkdir(fs.mp, path, 0755));
		if (kind == EMPTY_DIR)
			break;
		snprintf(inner, sizeof(inner), "%s/inner", path);
		TEST_OK(xfs_mkdir(fs.mp, inner, 0755));
		break;
	default:
		break;
	}
}

/* What the kernel answers. */
static int expect(enum kind src, enum kind target)
{
	if (src == NOTHING)
		return -ENOENT;
	if (target == NOTHING)
		return 0;
	if (is_dir(src) && !is_dir(target))
		return -ENOTDIR;
	if (!is_dir(src) && is_dir(target))
		return -EISDIR;
	return target == FULL_DIR ? -EEXIST : 0;
}

static uint64_t ino_of(const char *path)
{
	struct stat st;

	return xfs_lstat(fs.mp, path, &st) ? 0 : st.st_ino;
}

static uint32_t nlink_of(const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(fs.mp, path, &st));
	return (uint32_t)st.st_nlink;
}

static void one_pair(enum kind src, enum kind target, bool cross, unsigned int flags)
{
	struct xfs_stat dir_before = XFS_STAT_INIT, dir_after = XFS_STAT_INIT;
	struct xfs_stat src_before = XFS_STAT_INIT, src_after = XFS_STAT_INIT;
	const char *dst_dir = cross ? "/b" : "/a";
	int want = expect(src, target);
	uint32_t links_a, links_dst;
	char from[320], to[300];

	snprintf(from, sizeof(from), "/a/from_%s_%s", kind_names[src], kind_names[target]);
	snprintf(to, sizeof(to), "%s/to_%s_%s_%u", dst_dir, kind_names[src], kind_names[target],
		 flags);
	make(src, from);
	make(target, to);
	if (flags && src != NOTHING && target != NOTHING)
		want = -EEXIST;
	links_a = nlink_of("/a");
	links_dst = nlink_of(dst_dir);
	TEST_OK(xfs_getattr(fs.mp, dst_dir, true, &dir_before));
	if (src != NOTHING)
		TEST_OK(xfs_getattr(fs.mp, from, false, &src_before));
	TEST_IS(xfs_renameat(xfs_root(fs.mp), from, xfs_root(fs.mp), to, flags), want);
	TEST_OK(xfs_getattr(fs.mp, dst_dir, true, &dir_after));
	if (want) {
		assert_memory_equal(&dir_before, &dir_after, sizeof(dir_before));
		assert_int_equal(ino_of(from), src_before.ino);
		assert_int_equal(nlink_of("/a"), links_a);
		return;
	}
	assert_int_equal(ino_of(from), 0);
	TEST_OK(xfs_getattr(fs.mp, to, false, &src_after));
	assert_int_equal(src_after.ino, src_before.ino);
	assert_int_equal(src_after.nlink, src_before.nlink);
	/* ctime of what moved, mtime and ctime of the directories, nothing else. */
	assert_int_equal(src_after.mtime.tv_nsec, src_before.mtime.tv_nsec);
	assert_int_equal(src_after.atime.tv_nsec, src_before.atime.tv_nsec);
	assert_int_not_equal(src_after.ctime.tv_nsec, src_before.ctime.tv_nsec);
	assert_int_not_equal(dir_after.mtime.tv_nsec, dir_before.mtime.tv_nsec);
	assert_int_not_equal(dir_after.ctime.tv_nsec, dir_before.ctime.tv_nsec);
	assert_int_equal(dir_after.changecount, dir_before.changecount + 1);
	if (is_dir(src)) {
		snprintf(from, sizeof(from), "%s/..", to);
		assert_int_equal(ino_of(from), ino_of(dst_dir));
		assert_int_equal(nlink_of("/a"), links_a - (cross || is_dir(target)));
		if (cross)
			assert_int_equal(nlink_of("/b"), links_dst + !is_dir(target));
	} else {
		assert_int_equal(nlink_of("/a"), links_a);
	}
	if (target == HARDLINK) {
		snprintf(from, sizeof(from), "%s.second", to);
		assert_int_equal(nlink_of(from), 1);
	}
}

static void one_volume(const struct xfs_mkfs_options *mkfs)
{
	test_fs_make(&fs, MIB(128), mkfs);
	for (int cross = 0; cross < 2; cross++) {
		TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
		TEST_OK(xfs_mkdir(fs.mp, "/b", 0755));
		for (unsigned int flags = 0; flags < 2; flags++) {
			for (enum kind src = NOTHING; src < KINDS; src++) {
				for (enum kind target = NOTHING; target < KINDS; target++)
					one_pair(src, target, cross, flags ? RENAME_NOREPLACE : 0);
			}
			/* The same names again. */
			TEST_OK(xfs_rename(fs.mp, "/a", flags ? "/a.1" : "/a.0"));
			TEST_OK(xfs_rename(fs.mp, "/b", flags ? "/b.1" : "/b.0"));
			if (!flags) {
				TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
				TEST_OK(xfs_mkdir(fs.mp, "/b", 0755));
			}
		}
		TEST_OK(xfs_mkdir(fs.mp, cross ? "/cross" : "/same", 0755));
		TEST_OK(xfs_rename(fs.mp, "/a.0", cross ? "/cross/a0" : "/same/a0"));
		TEST_OK(xfs_rename(fs.mp, "/a.1", cross ? "/cross/a1" : "/same/a1"));
		TEST_OK(xfs_rename(fs.mp, "/b.0", cross ? "/cross/b0" : "/same/b0"));
		TEST_OK(xfs_rename(fs.mp, "/b.1", cross ? "/cross/b1" : "/same/b1"));
	}
	test_fs_end(&fs);
}

static void test_matrix(void **state)
{
	struct xfs_mkfs_options k1 = {
		.size = sizeof(k1), .blocksize = 1024, .parent = XFS_MKFS_OFF,
		.dirblocksize = 1024,
	};

	(void)state;
	one_volume(NULL);
	one_volume(&k1);
}

/* Directories and their ancestors. */
static void test_loops(void **state)
{
	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/b", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/b/c", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/a/b/c/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/a/b/c/f", S_IFREG | 0644, 0, 0));
	TEST_IS(xfs_rename(fs.mp, "/a", "/a/x"), -EINVAL);
	TEST_IS(xfs_rename(fs.mp, "/a", "/a/b/x"), -EINVAL);
	TEST_IS(xfs_rename(fs.mp, "/a", "/a/b/c/d/x"), -EINVAL);
	TEST_IS(xfs_rename(fs.mp, "/a/b", "/a/b/c/d"), -EINVAL);
	/* Something that exists below: refused for that before the loop is looked for. */
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "a", xfs_root(fs.mp), "a/b", RENAME_NOREPLACE),
		-EEXIST);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/d", "/a/b"), -ENOTEMPTY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/d", "/a"), -ENOTEMPTY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/f", "/a"), -ENOTEMPTY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/f", "/a/b/c/d"), -EISDIR);
	TEST_IS(xfs_rename(fs.mp, "/", "/a/root"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/a", "/"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/a/.", "/x"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/..", "/x"), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/f", "/a/."), -EBUSY);
	TEST_IS(xfs_rename(fs.mp, "/a/b/c/f", "/a/.."), -EBUSY);
	/* Up and down the tree. */
	TEST_IS(xfs_rename(fs.mp, "/a/b/c", "/c"), 0);
	TEST_IS(xfs_rename(fs.mp, "/a", "/c/d/a"), 0);
	assert_int_equal(ino_of("/c/d/a/b/../../../.."), ino_of("/"));
	assert_int_equal(nlink_of("/"), 3);
	TEST_IS(xfs_rename(fs.mp, "/c/d/a/b", "/c/d/a/b"), 0);
	test_fs_end(&fs);
}

static void test_slashes_and_same_inode(void **state)
{
	struct xfs_stat before = XFS_STAT_INIT, after = XFS_STAT_INIT;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	TEST_OK(xfs_link(fs.mp, "/f", "/g"));
	TEST_OK(xfs_link(fs.mp, "/f", "/d/h"));
	TEST_OK(xfs_symlink(fs.mp, "d", "/l"));
	TEST_IS(xfs_rename(fs.mp, "/f/", "/x"), -ENOTDIR);
	TEST_IS(xfs_rename(fs.mp, "/f", "/x/"), -ENOTDIR);
	TEST_IS(xfs_rename(fs.mp, "/l/", "/x"), -ENOTDIR);
	TEST_IS(xfs_rename(fs.mp, "/none/", "/x"), -ENOENT);
	TEST_IS(xfs_rename(fs.mp, "/d/", "/e/"), 0);
	TEST_IS(xfs_rename(fs.mp, "/e", "/d/"), 0);
	/* Two names of one inode: both stay. */
	TEST_OK(xfs_getattr(fs.mp, "/f", false, &before));
	TEST_IS(xfs_rename(fs.mp, "/f", "/g"), 0);
	TEST_IS(xfs_rename(fs.mp, "/f", "/d/h"), 0);
	TEST_IS(xfs_rename(fs.mp, "/f", "/f"), 0);
	TEST_OK(xfs_getattr(fs.mp, "/f", false, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(after.nlink, 3);
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "f", xfs_root(fs.mp), "g", RENAME_NOREPLACE), -EEXIST);
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "f", xfs_root(fs.mp), "x", RENAME_EXCHANGE), -EINVAL);
	/* Case, and a longer or shorter name for the same. */
	TEST_IS(xfs_rename(fs.mp, "/f", "/F"), 0);
	TEST_IS(xfs_rename(fs.mp, "/F", "/a_much_longer_name_than_the_one_before_it"), 0);
	TEST_IS(xfs_rename(fs.mp, "/a_much_longer_name_than_the_one_before_it", "/f"), 0);
	test_fs_end(&fs);
}

/* What is replaced while it is open lives until it is closed. */
static void test_over_open_file(void **state)
{
	struct xfs_file *old;
	struct xfs_stat st = XFS_STAT_INIT;
	char buf[8];

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_open(fs.mp, "/old", O_CREAT | O_RDWR, 0644, &old));
	TEST_IS(xfs_pwrite(old, "contents", 8, 0), 8);
	TEST_OK(xfs_mknod(fs.mp, "/new", S_IFREG | 0644, 0, 0));
	TEST_OK(xfs_rename(fs.mp, "/new", "/old"));
	TEST_OK(xfs_fgetattr(old, &st));
	assert_int_equal(st.nlink, 0);
	TEST_IS(xfs_pread(old, buf, 8, 0), 8);
	assert_memory_equal(buf, "contents", 8);
	TEST_OK(xfs_close(old));
	TEST_OK(xfs_getattr(fs.mp, "/old", true, &st));
	assert_int_equal(st.size_bytes, 0);
	test_fs_end(&fs);
}

/* A directory may belong to one project only. */
static void test_projects(void **state)
{
	struct xfs_iattr project = {
		.size = sizeof(project),
		.valid = XFS_ATTR_PROJID | XFS_ATTR_XFLAGS, .projid = 70000,
		.xflags = XFS_XFLAG_PROJINHERIT,
	};

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/p", 0755));
	TEST_OK(xfs_setattr(fs.mp, "/p", true, &project));
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	TEST_IS(xfs_rename(fs.mp, "/f", "/p/f"), -EXDEV);
	TEST_IS(xfs_link(fs.mp, "/f", "/p/f"), -EXDEV);
	TEST_OK(xfs_mknod(fs.mp, "/p/g", S_IFREG | 0644, 0, 0));
	TEST_IS(xfs_rename(fs.mp, "/p/g", "/p/h"), 0);
	TEST_IS(xfs_rename(fs.mp, "/p/h", "/h"), 0);
	TEST_IS(xfs_rename(fs.mp, "/h", "/p/h"), 0);
	TEST_IS(xfs_link(fs.mp, "/p/h", "/p/i"), 0);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_slashes_and_same_inode),
		cmocka_unit_test(test_over_open_file),
		cmocka_unit_test(test_projects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
