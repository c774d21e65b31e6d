/* SPDX-License-Identifier: MIT */
/*
 * Goal: every public call that makes or removes a name does what the system call of that name
 *       does, and refuses what that refuses, with the same error; names of all lengths and bytes.
 * Method: one small volume for each of several geometries; each call with its good and bad
 *       arguments, one after another; then the checker, which also compares parent pointers,
 *       link counts and directories.
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

static const struct xfs_mkfs_options geos[] = {
	{ .size = sizeof(geos[0]) },
	{ .size = sizeof(geos[0]), .blocksize = 1024, .parent = XFS_MKFS_OFF },
	{ .size = sizeof(geos[0]), .profile = XFS_MKFS_PROFILE_6_1, .sectsize = 4096,
	  .inodesize = 1024, .dirblocksize = 16384 },
};

#define FOR_EACH_GEOMETRY(i) for (size_t i = 0; i < sizeof(geos) / sizeof(geos[0]); i++)

static uint64_t ino_of(const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(fs.mp, path, &st));
	return st.st_ino;
}

static uint32_t nlink_of(const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(fs.mp, path, &st));
	return (uint32_t)st.st_nlink;
}

static void touch(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_EXCL | O_RDWR, 0644, &file));
	TEST_IS(xfs_close(file), 0);
}

static void test_mkdir(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(i) {
		struct stat st;

		test_fs_make(&fs, MIB(128), &geos[i]);
		assert_int_equal(nlink_of("/"), 2);
		TEST_IS(xfs_mkdir(fs.mp, "/a", 0751), 0);
		TEST_IS(xfs_mkdir(fs.mp, "b/", 0700), 0);
		TEST_IS(xfs_mkdir(fs.mp, "a/b//", 01777), 0);
		TEST_IS(xfs_mkdir(fs.mp, "/a", 0755), -EEXIST);
		TEST_IS(xfs_mkdir(fs.mp, "/a/", 0755), -EEXIST);
		TEST_IS(xfs_mkdir(fs.mp, "/", 0755), -EEXIST);
		TEST_IS(xfs_mkdir(fs.mp, "/a/.", 0755), -EEXIST);
		TEST_IS(xfs_mkdir(fs.mp, "/a/..", 0755), -EEXIST);
		TEST_IS(xfs_mkdir(fs.mp, "", 0755), -ENOENT);
		TEST_IS(xfs_mkdir(fs.mp, NULL, 0755), -EINVAL);
		TEST_IS(xfs_mkdir(fs.mp, "/x/y", 0755), -ENOENT);
		touch("/file");
		TEST_IS(xfs_mkdir(fs.mp, "/file/y", 0755), -ENOTDIR);
		TEST_IS(xfs_mkdir(fs.mp, "/file", 0755), -EEXIST);
		TEST_OK(xfs_lstat(fs.mp, "/a", &st));
		assert_int_equal(st.st_mode, S_IFDIR | 0751);
		assert_int_equal(st.st_nlink, 3);
		assert_int_equal(nlink_of("/"), 4);
		assert_int_equal(nlink_of("/a/b"), 2);
		/* ".." leads back. */
		assert_int_equal(ino_of("/a/b/../.."), ino_of("/"));
		assert_int_equal(ino_of("/../../a/./b/.."), ino_of("/a"));
		test_fs_end(&fs);
	}
}

static void test_rmdir(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(i) {
		test_fs_make(&fs, MIB(128), &geos[i]);
		TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
		TEST_OK(xfs_mkdir(fs.mp, "/a/b", 0755));
		touch("/f");
		TEST_OK(xfs_symlink(fs.mp, "a", "/l"));
		TEST_IS(xfs_rmdir(fs.mp, "/a"), -ENOTEMPTY);
		TEST_IS(xfs_rmdir(fs.mp, "/f"), -ENOTDIR);
		TEST_IS(xfs_rmdir(fs.mp, "/l"), -ENOTDIR);
		TEST_IS(xfs_rmdir(fs.mp, "/l/"), -ENOTDIR);
		TEST_IS(xfs_rmdir(fs.mp, "/"), -EBUSY);
		TEST_IS(xfs_rmdir(fs.mp, "/a/."), -EINVAL);
		TEST_IS(xfs_rmdir(fs.mp, "/a/b/.."), -ENOTEMPTY);
		TEST_IS(xfs_rmdir(fs.mp, "/none"), -ENOENT);
		TEST_IS(xfs_rmdir(fs.mp, "/f/none"), -ENOTDIR);
		TEST_IS(xfs_unlink(fs.mp, "/a"), -EISDIR);
		TEST_IS(xfs_unlink(fs.mp, "/a/"), -EISDIR);
		TEST_IS(xfs_unlink(fs.mp, "/a/."), -EISDIR);
		TEST_IS(xfs_unlink(fs.mp, "/"), -EISDIR);
		TEST_IS(xfs_unlink(fs.mp, "/f/"), -ENOTDIR);
		TEST_IS(xfs_unlink(fs.mp, "/l/"), -ENOTDIR);
		TEST_IS(xfs_unlink(fs.mp, "/none/"), -ENOENT);
		/* Through a link on the way, not at the end. */
		TEST_IS(xfs_rmdir(fs.mp, "/l/b/"), 0);
		assert_int_equal(nlink_of("/a"), 2);
		TEST_IS(xfs_rmdir(fs.mp, "a"), 0);
		assert_int_equal(nlink_of("/"), 2);
		TEST_IS(xfs_unlink(fs.mp, "/l"), 0);
		TEST_IS(xfs_unlink(fs.mp, "f"), 0);
		TEST_IS(xfs_unlink(fs.mp, "f"), -ENOENT);
		test_fs_end(&fs);
	}
}

/* A directory that was removed while it is open takes no new names. */
static void test_removed_directory(void **state)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
	struct xfs_file *dir, *file;
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *d;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/a", 0755));
	touch("/f");
	TEST_OK(xfs_open(fs.mp, "/a", O_RDONLY | O_DIRECTORY, 0, &dir));
	TEST_OK(xfs_open(fs.mp, "/f", O_PATH, 0, &file));
	TEST_OK(xfs_rmdir(fs.mp, "/a"));
	TEST_IS(xfs_mkdirat(dir, "x", 0755), -ENOENT);
	TEST_IS(xfs_mknodat(dir, "x", S_IFIFO | 0644, 0, 0), -ENOENT);
	TEST_IS(xfs_symlinkat("t", dir, "x"), -ENOENT);
	TEST_IS(xfs_linkat(file, dir, "x"), -ENOENT);
	TEST_IS(xfs_createat(dir, "x", &iattr, NULL, NULL), -ENOENT);
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "f", dir, "x", 0), -ENOENT);
	TEST_IS(xfs_unlinkat(dir, "x", 0), -ENOENT);
	TEST_OK(xfs_fdopendir(dir, &d));
	TEST_IS(xfs_readdir(d, &ent), -ENOENT);
	xfs_closedir(d);
	TEST_OK(xfs_close(dir));
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static void test_mknod(void **state)
{
	static const struct {
		mode_t mode;
		uint32_t major, minor;
		int want;
	} cases[] = {
		{ S_IFCHR | 0600, 5, 1, 0 },
		{ S_IFBLK | 0660, 8, 17, 0 },
		{ S_IFCHR | 0600, 0x1ff, 0x3ffff, 0 },
		{ S_IFCHR | 0600, 0x200, 0, -EINVAL },
		{ S_IFBLK | 0600, 0, 0x40000, -EINVAL },
		{ S_IFCHR, 0, 0, 0 },	/* a whiteout */
		{ S_IFIFO | 0644, 7, 7, 0 },
		{ S_IFSOCK | 0755, 7, 7, 0 },
		{ S_IFREG | 04755, 0, 0, 0 },
		{ 0640, 0, 0, 0 },	/* a regular file */
		{ S_IFDIR | 0755, 0, 0, -EPERM },
		{ S_IFLNK | 0777, 0, 0, -EINVAL },
		{ 0150000 | 0644, 0, 0, -EINVAL },
	};

	(void)state;
	FOR_EACH_GEOMETRY(i) {
		test_fs_make(&fs, MIB(128), &geos[i]);
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			mode_t mode = cases[c].mode;
			bool device = S_ISCHR(mode) || S_ISBLK(mode);
			char path[32];
			struct xfs_stat st = XFS_STAT_INIT;

			snprintf(path, sizeof(path), "/n%zu", c);
			TEST_IS(xfs_mknod(fs.mp, path, mode, cases[c].major, cases[c].minor),
				cases[c].want);
			TEST_IS(xfs_getattr(fs.mp, path, true, &st), cases[c].want ? -ENOENT : 0);
			if (cases[c].want)
				continue;
			assert_int_equal(st.mode, mode & S_IFMT ? mode : S_IFREG | mode);
			assert_int_equal(st.nlink, 1);
			assert_int_equal(st.size_bytes, 0);
			assert_int_equal(st.rdev_major, device ? cases[c].major : 0);
			assert_int_equal(st.rdev_minor, device ? cases[c].minor : 0);
			TEST_IS(xfs_mknod(fs.mp, path, mode, 1, 1), -EEXIST);
		}
		TEST_IS(xfs_mknod(fs.mp, "/new/", S_IFIFO | 0644, 0, 0), -ENOENT);
		TEST_IS(xfs_mknod(fs.mp, "/n0/", S_IFIFO | 0644, 0, 0), -EEXIST);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			char path[32];

			snprintf(path, sizeof(path), "/n%zu", c);
			TEST_IS(xfs_unlink(fs.mp, path), cases[c].want ? -ENOENT : 0);
		}
		test_fs_end(&fs);
	}
}

static void test_symlink_lengths(void **state)
{
	static const unsigned int lens[] = {
		1, 2, 3, 59, 60, 143, 144, 191, 192, 193, 335, 336, 337, 703, 704, 705, 847, 848,
		849, 967, 968, 969, 1000, 1022, 1023,
	};
	char target[2048], buf[2048], path[32];

	(void)state;
	FOR_EACH_GEOMETRY(i) {
		test_fs_make(&fs, MIB(128), &geos[i]);
		for (int round = 0; round < 2; round++) {
			for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
				struct stat st;

				for (unsigned int b = 0; b < lens[k]; b++)
					target[b] = (char)(1 + (b * 7 + k) % 255);
				target[lens[k]] = '\0';
				snprintf(path, sizeof(path), "/link%u", lens[k]);
				if (round == 0)
					TEST_IS(xfs_symlink(fs.mp, target, path), 0);
				memset(buf, '#', sizeof(buf));
				TEST_IS(xfs_readlink(fs.mp, path, buf, sizeof(buf)), lens[k]);
				assert_memory_equal(buf, target, lens[k]);
				assert_int_equal(buf[lens[k]], '#');
				/* A buffer that is too small gets the beginning, and the call tells all. */
				memset(buf, '#', sizeof(buf));
				TEST_IS(xfs_readlink(fs.mp, path, buf, lens[k] - 1), lens[k]);
				assert_memory_equal(buf, target, lens[k] - 1);
				assert_int_equal(buf[lens[k] - 1], '#');
				TEST_IS(xfs_readlink(fs.mp, path, NULL, 0), lens[k]);
				TEST_OK(xfs_lstat(fs.mp, path, &st));
				assert_int_equal(st.st_size, lens[k]);
				assert_int_equal(st.st_mode, S_IFLNK | 0777);
			}
			test_fs_close_and_check(&fs);
			test_fs_open(&fs);
		}
		memset(target, 'x', sizeof(target));
		target[1024] = '\0';
		TEST_IS(xfs_symlink(fs.mp, target, "/long"), -ENAMETOOLONG);
		TEST_IS(xfs_symlink(fs.mp, "", "/empty"), -ENOENT);
		TEST_IS(xfs_symlink(fs.mp, NULL, "/null"), -EINVAL);
		TEST_IS(xfs_symlink(fs.mp, "x", "/link1"), -EEXIST);
		TEST_IS(xfs_symlink(fs.mp, "x", "/link1/"), -EEXIST);
		TEST_IS(xfs_symlink(fs.mp, "x", "/new/"), -ENOENT);
		TEST_IS(xfs_readlink(fs.mp, "/", buf, sizeof(buf)), -EINVAL);
		TEST_IS(xfs_readlink(fs.mp, "/none", buf, sizeof(buf)), -ENOENT);
		for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			snprintf(path, sizeof(path), "/link%u", lens[k]);
			TEST_IS(xfs_unlink(fs.mp, path), 0);
		}
		test_fs_end(&fs);
	}
}

/* Inline targets that make room for attributes, block by block. */
static void test_symlink_with_attributes(void **state)
{
	static const unsigned int lens[] = { 20, 150, 192, 300, 336, 700, 1023 };
	char target[1024], buf[1024], path[32];
	char value[300];

	(void)state;
	memset(value, 'v', sizeof(value));
	FOR_EACH_GEOMETRY(i) {
		test_fs_make(&fs, MIB(128), &geos[i]);
		for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			memset(target, 'a' + (int)k, lens[k]);
			target[lens[k]] = '\0';
			snprintf(path, sizeof(path), "/link%u", lens[k]);
			TEST_OK(xfs_symlink(fs.mp, target, path));
			for (unsigned int a = 0; a < 6; a++) {
				char name[32];

				snprintf(name, sizeof(name), "trusted.t%u", a);
				TEST_OK(xfs_setxattr(fs.mp, path, false, name, value, 10 + a * 50, 0));
				TEST_IS(xfs_readlink(fs.mp, path, buf, sizeof(buf)), lens[k]);
				assert_memory_equal(buf, target, lens[k]);
			}
			TEST_IS(xfs_setxattr(fs.mp, path, false, "user.no", "x", 1, 0), -EPERM);
			TEST_IS(xfs_getxattr(fs.mp, path, false, "user.no", buf, 1), -ENODATA);
		}
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			snprintf(path, sizeof(path), "/link%u", lens[k]);
			TEST_IS(xfs_readlink(fs.mp, path, buf, sizeof(buf)), lens[k]);
			TEST_OK(xfs_removexattr(fs.mp, path, false, "trusted.t3"));
			if (k & 1)
				TEST_OK(xfs_unlink(fs.mp, path));
		}
		test_fs_end(&fs);
	}
}

static void test_link(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(i) {
		struct xfs_file *link, *dir;
		struct xfs_stat before = XFS_STAT_INIT, after = XFS_STAT_INIT;
		char path[300];

		test_fs_make(&fs, MIB(128), &geos[i]);
		TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
		touch("/f");
		TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
		TEST_IS(xfs_link(fs.mp, "/f", "/f"), -EEXIST);
		TEST_IS(xfs_link(fs.mp, "/f", "/d"), -EEXIST);
		TEST_IS(xfs_link(fs.mp, "/f", "/"), -EEXIST);
		TEST_IS(xfs_link(fs.mp, "/f", "/d/."), -EEXIST);
		TEST_IS(xfs_link(fs.mp, "/f", "/g/"), -ENOENT);
		TEST_IS(xfs_link(fs.mp, "/f", "/d/"), -EEXIST);
		TEST_IS(xfs_link(fs.mp, "/d", "/e"), -EPERM);
		TEST_IS(xfs_link(fs.mp, "/none", "/e"), -ENOENT);
		TEST_IS(xfs_link(fs.mp, "/f/", "/e"), -ENOTDIR);
		TEST_IS(xfs_link(fs.mp, "/f", "/f/x"), -ENOTDIR);
		TEST_OK(xfs_getattr(fs.mp, "/f", false, &before));
		TEST_IS(xfs_link(fs.mp, "/f", "/d/f2"), 0);
		TEST_OK(xfs_getattr(fs.mp, "/d/f2", false, &after));
		assert_int_equal(after.ino, before.ino);
		assert_int_equal(after.nlink, 2);
		assert_true(after.ctime.tv_nsec != before.ctime.tv_nsec);
		assert_true(after.mtime.tv_nsec == before.mtime.tv_nsec);
		assert_int_equal(after.changecount, before.changecount + 1);
		/* The link itself, not where it leads. */
		TEST_IS(xfs_link(fs.mp, "/l", "/l2"), 0);
		assert_int_equal(ino_of("/l"), ino_of("/l2"));
		/* A handle of whatever kind gets another name. */
		TEST_OK(xfs_open(fs.mp, "/l", O_PATH | O_NOFOLLOW, 0, &link));
		TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
		TEST_IS(xfs_linkat(link, dir, "l3"), 0);
		TEST_IS(xfs_linkat(link, dir, "l3"), -EEXIST);
		TEST_IS(xfs_linkat(dir, dir, "d3"), -EPERM);
		assert_int_equal(nlink_of("/l"), 3);
		/* Many names: parent pointers leave the inode, become a leaf, a tree. */
		for (int k = 0; k < 400; k++) {
			snprintf(path, sizeof(path), "/d/%0*d", 3 + k % 200, k);
			TEST_IS(xfs_link(fs.mp, "/f", path), 0);
		}
		assert_int_equal(nlink_of("/f"), 402);
		TEST_OK(xfs_close(link));
		TEST_OK(xfs_close(dir));
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		TEST_IS(xfs_unlink(fs.mp, "/f"), 0);
		for (int k = 399; k >= 0; k--) {
			snprintf(path, sizeof(path), "/d/%0*d", 3 + k % 200, k);
			TEST_IS(xfs_unlink(fs.mp, path), 0);
		}
		assert_int_equal(nlink_of("/d/f2"), 1);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		TEST_IS(xfs_unlink(fs.mp, "/d/f2"), 0);
		test_fs_end(&fs);
	}
}

/* Names of 1 to 255 bytes, and every byte but '/' and 0. */
static void test_name_bytes(void **state)
{
	char name[300];
	struct xfs_file *root;
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0600};

	(void)state;
	FOR_EACH_GEOMETRY(i) {
		test_fs_make(&fs, MIB(128), &geos[i]);
		root = xfs_root(fs.mp);
		for (int len = 1; len <= 255; len++) {
			memset(name, 'n', sizeof(name));
			name[len] = '\0';
			TEST_IS(xfs_mkdirat(root, name, 0755), 0);
			TEST_IS(xfs_mkdirat(root, name, 0755), -EEXIST);
			for (int b = 0; b < len; b++) {
				name[b] = (char)(1 + (b + len * 3) % 255);
				if (name[b] == '/')
					name[b] = 'S';
			}
			name[0] = (char)0xff;
			TEST_IS(xfs_createat(root, name, &iattr, NULL, NULL), 0);
		}
		memset(name, 'n', sizeof(name));
		name[256] = '\0';
		TEST_IS(xfs_mkdirat(root, name, 0755), -ENAMETOOLONG);
		TEST_IS(xfs_createat(root, name, &iattr, NULL, NULL), -ENAMETOOLONG);
		TEST_IS(xfs_unlinkat(root, name, 0), -ENAMETOOLONG);
		TEST_IS(xfs_renameat(root, "n", root, name, 0), -ENAMETOOLONG);
		TEST_IS(xfs_renameat(root, name, root, "n", 0), -ENAMETOOLONG);
		TEST_IS(xfs_link(fs.mp, "/n", name), -ENAMETOOLONG);
		TEST_IS(xfs_createat(root, "a/b", &iattr, NULL, NULL), -EINVAL);
		TEST_IS(xfs_createat(root, "", &iattr, NULL, NULL), -ENOENT);
		TEST_IS(xfs_createat(root, ".", &iattr, NULL, NULL), -EEXIST);
		TEST_IS(xfs_createat(root, "..", &iattr, NULL, NULL), -EEXIST);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		root = xfs_root(fs.mp);
		for (int len = 255; len >= 1; len--) {
			memset(name, 'n', sizeof(name));
			name[len] = '\0';
			TEST_IS(xfs_unlinkat(root, name, AT_REMOVEDIR), 0);
			for (int b = 0; b < len; b++) {
				name[b] = (char)(1 + (b + len * 3) % 255);
				if (name[b] == '/')
					name[b] = 'S';
			}
			name[0] = (char)0xff;
			TEST_IS(xfs_unlinkat(root, name, AT_REMOVEDIR), -ENOTDIR);
			TEST_IS(xfs_unlinkat(root, name, 0x8000), -EINVAL);
			TEST_IS(xfs_unlinkat(root, name, 0), 0);
		}
		test_fs_end(&fs);
	}
}

/* What is removed while it is open lives on until it is closed, or the volume is. */
static void test_unlink_while_open(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(i) {
		struct xfs_file *file, *again, *dir, *forgotten;
		struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
		struct xfs_stat st = XFS_STAT_INIT;
		char buf[8192];

		test_fs_make(&fs, MIB(128), &geos[i]);
		TEST_OK(xfs_statfs(fs.mp, &before));
		memset(buf, 'u', sizeof(buf));
		TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
		TEST_IS(xfs_pwrite(file, buf, sizeof(buf), 0), sizeof(buf));
		TEST_OK(xfs_fsetxattr(file, "user.a", buf, 3000, 0));
		TEST_OK(xfs_fgetattr(file, &st));
		TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
		TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
		TEST_OK(xfs_unlink(fs.mp, "/f"));
		TEST_OK(xfs_rmdir(fs.mp, "/d"));
		TEST_IS(xfs_open(fs.mp, "/f", O_RDONLY, 0, &again), -ENOENT);
		/* By its number it is found as long as it is open. */
		TEST_IS(xfs_open_by_ino(fs.mp, st.ino, st.gen, O_RDONLY, &again), 0);
		TEST_OK(xfs_close(again));
		TEST_OK(xfs_fgetattr(file, &st));
		assert_int_equal(st.nlink, 0);
		assert_int_equal(st.size_bytes, sizeof(buf));
		TEST_IS(xfs_pwrite(file, "more", 4, 8192), 4);
		TEST_OK(xfs_sync(fs.mp));
		memset(buf, 0, sizeof(buf));
		TEST_IS(xfs_pread(file, buf, sizeof(buf), 4), sizeof(buf));
		assert_int_equal(buf[8187], 'u');
		assert_memory_equal(buf + 8188, "more", 4);
		TEST_IS(xfs_fgetxattr(file, "user.a", buf, sizeof(buf)), 3000);
		TEST_IS(xfs_linkat(file, xfs_root(fs.mp), "back"), -ENOENT);
		TEST_IS(xfs_close(file), 0);
		TEST_IS(xfs_close(dir), 0);
		TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_RDONLY, &again), -ESTALE);
		TEST_OK(xfs_sync(fs.mp));
		TEST_OK(xfs_statfs(fs.mp, &after));
		assert_int_equal(after.blocks_free, before.blocks_free);
		assert_int_equal(after.files_free, before.files_free);

		/* Never closed: the volume can be all the same, and is clean. */
		TEST_OK(xfs_open(fs.mp, "/g", O_CREAT | O_RDWR, 0644, &forgotten));
		TEST_IS(xfs_pwrite(forgotten, buf, sizeof(buf), 0), sizeof(buf));
		TEST_OK(xfs_unlink(fs.mp, "/g"));
		test_fs_close_and_check(&fs);
		free(forgotten);	/* memory of the default allocator */
		test_fs_open(&fs);
		TEST_OK(xfs_statfs(fs.mp, &after));
		assert_int_equal(after.blocks_free, before.blocks_free);
		test_fs_end(&fs);
	}
}

/* Case-insensitive volumes: any spelling finds a name, which keeps its own. */
static void test_ascii_ci(void **state)
{
	static const unsigned int counts[] = { 3, 60, 400, 3000 };

	(void)state;
	for (int parent = 0; parent < 2; parent++) {
		struct xfs_mkfs_options ci = {
			.size = sizeof(ci), .flags = XFS_MKFS_ASCII_CI,
			.parent = parent ? XFS_MKFS_ON : XFS_MKFS_OFF,
		};
		char path[64];

		test_fs_make(&fs, MIB(128), &ci);
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			TEST_OK(xfs_mkdir(fs.mp, "/Dir", 0755));
			TEST_IS(xfs_mkdir(fs.mp, "/dIR", 0755), -EEXIST);
			for (unsigned int k = 0; k < counts[c]; k++) {
				snprintf(path, sizeof(path), "/dir/File_%u", k);
				touch(path);
			}
			TEST_OK(xfs_mkdir(fs.mp, "/DIR/Sub", 0755));
			assert_int_equal(ino_of("/Dir/FILE_1"), ino_of("/dir/file_1"));
			TEST_IS(xfs_link(fs.mp, "/dir/file_1", "/dir/FILE_2"), -EEXIST);
			TEST_IS(xfs_rename(fs.mp, "/dir/FILE_1", "/dir/file_2"), 0);
			TEST_IS(xfs_rename(fs.mp, "/dir/file_2", "/DIR/Other"), 0);
			TEST_IS(xfs_rename(fs.mp, "/dir/other", "/DIR/sub/file"), 0);
			TEST_IS(xfs_rename(fs.mp, "/dir/SUB", "/dir/moved"), 0);
			TEST_IS(xfs_unlink(fs.mp, "/dir/MOVED/FILE"), 0);
			TEST_IS(xfs_rmdir(fs.mp, "/dir/mOvEd"), 0);
			for (unsigned int k = 0; k < counts[c]; k++) {
				snprintf(path, sizeof(path), "/dir/FILE_%u", k);
				TEST_IS(xfs_unlink(fs.mp, path), k == 1 || k == 2 ? -ENOENT : 0);
			}
			TEST_IS(xfs_rmdir(fs.mp, "/dir"), 0);
		}
		test_fs_end(&fs);
	}
}

/* A name that is not there leaves the volume as it was, without a mark. */
static void test_failures_change_nothing(void **state)
{
	struct xfs_info info = { .size = sizeof(info) };

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_IS(xfs_unlink(fs.mp, "/none"), -ENOENT);
	TEST_IS(xfs_rename(fs.mp, "/none", "/x"), -ENOENT);
	TEST_IS(xfs_mkdir(fs.mp, "/", 0755), -EEXIST);
	TEST_IS(xfs_link(fs.mp, "/none", "/x"), -ENOENT);
	TEST_OK(xfs_info(fs.mp, &info));
	assert_false(info.in_progress);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_info(fs.mp, &info));
	assert_true(info.in_progress);
	test_fs_end(&fs);
}

/* On a volume without room each call that makes a name says that it exists. */
static void test_what_exists_on_a_full_volume(void **state)
{
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFDIR | 0755};
	static char zeros[1 << 20];
	struct xfs_file *file;
	char path[32];
	ssize_t ret;
	int error = 0;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	touch("/file");
	TEST_OK(xfs_open(fs.mp, "/filler", O_CREAT | O_WRONLY, 0644, &file));
	for (size_t len = sizeof(zeros), at = 0; len;) {
		ret = xfs_pwrite(file, zeros, len, at);
		if (ret > 0)
			at += (size_t)ret;
		else
			len /= 2;
	}
	TEST_IS(xfs_close(file), 0);
	for (int i = 0; !error; i++) {
		snprintf(path, sizeof(path), "/n%d", i);
		error = xfs_mkdir(fs.mp, path, 0755);
	}
	TEST_IS(error, -ENOSPC);
	TEST_IS(xfs_mkdir(fs.mp, "/dir", 0755), -EEXIST);
	TEST_IS(xfs_mkdir(fs.mp, "/file/", 0755), -EEXIST);
	TEST_IS(xfs_mknod(fs.mp, "/file", S_IFREG | 0644, 0, 0), -EEXIST);
	TEST_IS(xfs_mknod(fs.mp, "/file", S_IFCHR | 0644, 512, 0), -EEXIST);
	TEST_IS(xfs_symlink(fs.mp, "target", "/file"), -EEXIST);
	TEST_IS(xfs_link(fs.mp, "/file", "/dir"), -EEXIST);
	TEST_IS(xfs_link(fs.mp, "/dir", "/file"), -EEXIST);
	TEST_IS(xfs_open(fs.mp, "/file", O_CREAT | O_EXCL | O_RDWR, 0644, &file), -EEXIST);
	TEST_IS(xfs_renameat(xfs_root(fs.mp), "file", xfs_root(fs.mp), "dir", 1), -EEXIST);
	TEST_IS(xfs_createat(xfs_root(fs.mp), "dir", &iattr, NULL, NULL), -EEXIST);
	TEST_IS(xfs_createat(xfs_root(fs.mp), "file", &iattr, NULL, NULL), -EEXIST);
	TEST_IS(xfs_open(fs.mp, "/file", O_CREAT | O_RDWR, 0644, &file), 0);
	TEST_IS(xfs_close(file), 0);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mkdir),
		cmocka_unit_test(test_rmdir),
		cmocka_unit_test(test_removed_directory),
		cmocka_unit_test(test_mknod),
		cmocka_unit_test(test_symlink_lengths),
		cmocka_unit_test(test_symlink_with_attributes),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_name_bytes),
		cmocka_unit_test(test_unlink_while_open),
		cmocka_unit_test(test_ascii_ci),
		cmocka_unit_test(test_failures_change_nothing),
		cmocka_unit_test(test_what_exists_on_a_full_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
