/* SPDX-License-Identifier: MIT */
/*
 * Goal: opening, by path and by inode number, with every flag; walking paths through symbolic links,
 *       loops, slashes and dots; what a handle may be used for.
 * Method: one small volume, each case once; the checker at the end.
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
#include <unistd.h>
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;

static int setup(void **state)
{
	struct xfs_file *file;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0755));
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, "0123456789", 10, 0), 10);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
	TEST_OK(xfs_symlink(fs.mp, "f", "/to_f"));
	TEST_OK(xfs_symlink(fs.mp, "d", "/to_d"));
	TEST_OK(xfs_symlink(fs.mp, "/d/new", "/to_new"));
	TEST_OK(xfs_symlink(fs.mp, "nodir/new", "/to_nodir"));
	TEST_OK(xfs_symlink(fs.mp, "loop2", "/loop1"));
	TEST_OK(xfs_symlink(fs.mp, "loop1", "/loop2"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static void opens(const char *path, int flags, int want)
{
	struct xfs_file *file = (struct xfs_file *)&fs;

	TEST_IS(xfs_open(fs.mp, path, flags, 0640, &file), want);
	if (want)
		assert_null(file);
	else
		TEST_IS(xfs_close(file), 0);
}

static void test_flags(void **state)
{
	(void)state;
	opens("/f", O_RDONLY, 0);
	opens("/f", O_WRONLY, 0);
	opens("/f", O_RDWR | O_SYNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOATIME, 0);
	opens("/f", O_ACCMODE, 0);
	opens("/f", O_RDONLY | O_DIRECT, 0);
	opens("/f", O_RDWR | O_LARGEFILE | 0100000, 0);
	opens("/", O_RDONLY | O_DIRECT, -EINVAL);
	opens("/f", O_TMPFILE | O_RDWR, -ENOTDIR);
	opens("/d", O_TMPFILE | O_RDWR, 0);
	opens("/f", O_RDONLY | O_DIRECTORY, -ENOTDIR);
	opens("/f/", O_RDONLY, -ENOTDIR);
	opens("/d", O_RDONLY, 0);
	opens("/d", O_RDONLY | O_DIRECTORY, 0);
	opens("/d/", O_RDONLY, 0);
	opens("/d", O_WRONLY, -EISDIR);
	opens("/d", O_RDONLY | O_TRUNC, -EISDIR);
	opens("/d", O_RDWR | O_CREAT, -EISDIR);
	opens("/d", O_RDONLY | O_CREAT, -EISDIR);
	opens("/", O_RDONLY, 0);
	opens("/", O_RDWR | O_CREAT, -EISDIR);
	opens("/fifo", O_RDONLY, -ENXIO);
	opens("/fifo", O_PATH, 0);
	opens("/none", O_RDONLY, -ENOENT);
	opens("", O_RDONLY, -ENOENT);
	opens(NULL, O_RDONLY, -EINVAL);
	opens("/f/x", O_RDONLY, -ENOTDIR);
	opens("/f/x", O_RDWR | O_CREAT, -ENOTDIR);
	opens("/none/x", O_RDWR | O_CREAT, -ENOENT);
}

static void test_create(void **state)
{
	struct xfs_file *file;
	struct stat st;

	(void)state;
	opens("/f", O_RDWR | O_CREAT | O_EXCL, -EEXIST);
	opens("/d", O_RDWR | O_CREAT | O_EXCL, -EEXIST);
	opens("/to_new", O_RDWR | O_CREAT | O_EXCL, -EEXIST);
	opens("/to_f", O_RDWR | O_CREAT | O_EXCL, -EEXIST);
	opens("/x/", O_RDWR | O_CREAT, -EISDIR);
	opens("/f/", O_RDWR | O_CREAT, -EISDIR);
	opens("/x", O_RDWR | O_CREAT | O_DIRECTORY, -EINVAL);
	opens("/f", O_RDWR | O_CREAT, 0);
	/* A link that leads nowhere yet is where the new file comes to be. */
	opens("/to_nodir", O_RDWR | O_CREAT, -ENOENT);
	opens("/to_new", O_RDWR | O_CREAT | O_NOFOLLOW, -ELOOP);
	opens("/to_new", O_RDWR, -ENOENT);
	opens("/to_new", O_RDWR | O_CREAT, 0);
	TEST_OK(xfs_lstat(fs.mp, "/d/new", &st));
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	opens("/loop1", O_RDWR | O_CREAT, -ELOOP);
	/* No umask, and all twelve bits. */
	TEST_OK(xfs_open(fs.mp, "/m", O_CREAT | O_RDONLY, 07777, &file));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), -EBADF);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_lstat(fs.mp, "/m", &st));
	assert_int_equal(st.st_mode, S_IFREG | 07777);
	/* A mode that forbids writing does not bind who creates it. */
	TEST_OK(xfs_open(fs.mp, "/r", O_CREAT | O_RDWR, 0400, &file));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_OK(xfs_close(file));
}

static void test_truncate_and_append(void **state)
{
	struct xfs_file *file;
	struct stat st;
	char buf[32];

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_APPEND, 0, &file));
	TEST_IS(xfs_pwrite(file, "abc", 3, 0), 3);
	TEST_IS(xfs_pread(file, buf, sizeof(buf), 0), 13);
	assert_memory_equal(buf, "0123456789abc", 13);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/f", O_WRONLY | O_TRUNC, 0, &file));
	TEST_OK(xfs_fstat(file, &st));
	assert_int_equal(st.st_size, 0);
	TEST_IS(xfs_pread(file, buf, 1, 0), -EBADF);
	TEST_IS(xfs_ftruncate(file, 100), 0);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/f", O_RDONLY, 0, &file));
	TEST_IS(xfs_ftruncate(file, 1), -EINVAL);
	TEST_IS(xfs_pread(file, buf, sizeof(buf), 90), 10);
	TEST_OK(xfs_close(file));
}

/* Where the walk ends. */
static void test_paths(void **state)
{
	static const struct {
		const char *path, *is;
		bool follow;
		int want;
	} cases[] = {
		{ "/to_f", "/f", true, 0 },
		{ "/to_f", NULL, false, 0 },
		{ "/to_d/sub", "/d/sub", false, 0 },
		{ "/to_d/", "/d", false, 0 },
		{ "/to_d/.", "/d", false, 0 },
		{ "/to_d/..", "/", false, 0 },
		{ "/to_f/", "/f", false, -ENOTDIR },
		{ "/to_f/", "/f", true, -ENOTDIR },
		{ "/to_f/.", "/f", true, -ENOTDIR },
		{ "/to_new/", "/x", true, -ENOENT },
		{ "/loop1", "/x", true, -ELOOP },
		{ "/loop1", NULL, false, 0 },
		{ "/loop1/x", "/x", false, -ELOOP },
		{ "//d///sub//", "/d/sub", true, 0 },
		{ "d/../d/./sub/../..", "/", true, 0 },
		{ "/../../..", "/", true, 0 },
		{ "///", "/", true, 0 },
		{ ".", "/", true, 0 },
		{ "..", "/", true, 0 },
	};
	struct stat st, other;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int ret = cases[i].follow ? xfs_stat(fs.mp, cases[i].path, &st)
					  : xfs_lstat(fs.mp, cases[i].path, &st);

		if (ret != cases[i].want)
			fprintf(stderr, "%s\n", cases[i].path);
		TEST_IS(ret, cases[i].want);
		if (ret)
			continue;
		if (!cases[i].is) {
			assert_true(S_ISLNK(st.st_mode));
			continue;
		}
		TEST_OK(xfs_lstat(fs.mp, cases[i].is, &other));
		assert_int_equal(st.st_ino, other.st_ino);
	}
}

/* Forty links may be followed, not one more; long targets, one behind the other. */
static void test_many_links(void **state)
{
	char path[32], target[32], slashes[1024];
	struct stat st, f;

	(void)state;
	TEST_OK(xfs_stat(fs.mp, "/f", &f));
	TEST_OK(xfs_symlink(fs.mp, "f", "/s1"));
	for (int i = 2; i <= 41; i++) {
		snprintf(target, sizeof(target), "s%d", i - 1);
		snprintf(path, sizeof(path), "/s%d", i);
		TEST_OK(xfs_symlink(fs.mp, target, path));
	}
	TEST_IS(xfs_stat(fs.mp, "/s40", &st), 0);
	assert_int_equal(st.st_ino, f.st_ino);
	TEST_IS(xfs_stat(fs.mp, "/s41", &st), -ELOOP);
	/* Links in the middle count too. */
	TEST_OK(xfs_symlink(fs.mp, ".", "/dot"));
	{
		char many[256] = "";

		for (int i = 0; i < 40; i++)
			strcat(many, "/dot");
		strcat(many, "/f");
		TEST_IS(xfs_stat(fs.mp, many, &st), 0);
		strcpy(many + 160, "/dot/f");
		TEST_IS(xfs_stat(fs.mp, many, &st), -ELOOP);
	}
	/* A target of 1023 slashes and dots. */
	for (int i = 0; i < 1022; i += 2)
		memcpy(slashes + i, "./", 2);
	slashes[1022] = 'f';
	slashes[1023] = '\0';
	TEST_OK(xfs_symlink(fs.mp, slashes, "/dots"));
	TEST_IS(xfs_stat(fs.mp, "/dots", &st), 0);
	assert_int_equal(st.st_ino, f.st_ino);
}

/* Relative to a handle, whatever it was opened with. */
static void test_openat(void **state)
{
	struct xfs_file *dir, *file, *none;
	struct stat st, sub;

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/d", O_PATH, 0, &dir));
	TEST_OK(xfs_openat(dir, "sub", O_RDONLY, 0, &file));
	TEST_OK(xfs_fstat(file, &st));
	TEST_OK(xfs_stat(fs.mp, "/d/sub", &sub));
	assert_int_equal(st.st_ino, sub.st_ino);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_openat(dir, "/f", O_RDONLY, 0, &file));
	TEST_IS(xfs_openat(file, "sub", O_RDONLY, 0, &none), -ENOTDIR);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_openat(dir, "../f", O_RDONLY, 0, &file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_openat(dir, "x", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_unlinkat(dir, "x", 0), 0);
	TEST_OK(xfs_close(dir));
	/* The root's handle is the mount's: closing it does nothing. */
	TEST_IS(xfs_close(xfs_root(fs.mp)), 0);
	TEST_OK(xfs_openat(xfs_root(fs.mp), "d", O_RDONLY, 0, &dir));
	TEST_OK(xfs_close(dir));
	TEST_IS(xfs_close(NULL), 0);
}

/* O_PATH: attributes and names, no contents. */
static void test_o_path(void **state)
{
	struct xfs_file *file;
	struct xfs_extent ext = XFS_EXTENT_INIT;
	struct stat st;
	size_t count = 7;
	char buf[8];

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/to_f", O_PATH | O_NOFOLLOW, 0, &file));
	TEST_OK(xfs_fstat(file, &st));
	assert_true(S_ISLNK(st.st_mode));
	TEST_IS(xfs_freadlink(file, buf, sizeof(buf)), 1);
	TEST_OK(xfs_close(file));
	/* Other flags have no meaning with it. */
	TEST_OK(xfs_open(fs.mp, "/f", O_PATH | O_RDWR | O_TRUNC | O_CREAT, 0, &file));
	TEST_OK(xfs_fstat(file, &st));
	TEST_IS(xfs_pread(file, buf, 1, 0), -EBADF);
	TEST_IS(xfs_pwrite(file, buf, 1, 0), -EBADF);
	TEST_IS(xfs_fsync(file), -EBADF);
	TEST_IS(xfs_fdatasync(file), -EBADF);
	TEST_IS(xfs_ftruncate(file, 0), -EBADF);
	TEST_IS(xfs_seek(file, 0, SEEK_DATA), -EBADF);
	TEST_IS(xfs_extents(file, 0, &ext, 1, &count), -EBADF);
	assert_int_equal(count, 0);
	TEST_IS(xfs_freadlink(file, buf, sizeof(buf)), -EINVAL);
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_open(fs.mp, "/f", O_PATH | O_DIRECTORY, 0, &file), -ENOTDIR);
}

static void test_by_ino(void **state)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_info info = { .size = sizeof(info) };
	char buf[10];

	(void)state;
	TEST_OK(xfs_getattr(fs.mp, "/f", true, &st));
	TEST_OK(xfs_open_by_ino(fs.mp, st.ino, st.gen, O_RDONLY, &file));
	TEST_IS(xfs_pread(file, buf, 10, 0), 10);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open_by_ino(fs.mp, st.ino, 0, O_RDWR, &file));
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, st.gen + 1, O_RDONLY, &file), -ESTALE);
	assert_null(file);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_CREAT | O_RDWR, &file), -EINVAL);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_TMPFILE | O_RDWR, &file), -EINVAL);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, 0, O_RDONLY | O_DIRECTORY, &file), -ENOTDIR);
	TEST_OK(xfs_info(fs.mp, &info));
	TEST_OK(xfs_open_by_ino(fs.mp, info.root_ino, 0, O_RDONLY | O_DIRECTORY, &file));
	TEST_OK(xfs_close(file));
	/* The two behind the root are the realtime section's own, the others of the chunk are free. */
	for (uint64_t ino = info.root_ino + 1; ino < info.root_ino + 64; ino++) {
		int ret = xfs_open_by_ino(fs.mp, ino, 0, O_PATH, &file);

		if (ino < info.root_ino + 3)
			TEST_IS(ret, -ESTALE);
		else
			assert_true(ret == 0 || ret == -ESTALE);
		if (!ret)
			TEST_OK(xfs_close(file));
	}
	TEST_IS(xfs_open_by_ino(fs.mp, 0, 0, O_PATH, &file), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, 1, 0, O_PATH, &file), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, UINT64_MAX, 0, O_PATH, &file), -ESTALE);
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino + (1ull << 40), 0, O_PATH, &file), -ESTALE);
	/* Freed and used again: another generation. */
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, st.gen, O_PATH, &file), -ESTALE);
	for (int i = 0; i < 70; i++) {
		char path[16];
		struct xfs_stat other = XFS_STAT_INIT;

		snprintf(path, sizeof(path), "/again%d", i);
		TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
		TEST_OK(xfs_getattr(fs.mp, path, true, &other));
		if (other.ino == st.ino)
			assert_int_not_equal(other.gen, st.gen);
	}
	TEST_IS(xfs_open_by_ino(fs.mp, st.ino, st.gen, O_PATH, &file), -ESTALE);
}

static void test_immutable_and_append(void **state)
{
	struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_XFLAGS };
	struct xfs_file *file;

	(void)state;
	iattr.xflags = XFS_XFLAG_IMMUTABLE;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
	TEST_OK(xfs_setattr(fs.mp, "/d", true, &iattr));
	opens("/f", O_RDONLY, 0);
	opens("/f", O_RDWR, -EPERM);
	opens("/f", O_RDONLY | O_TRUNC, -EPERM);
	opens("/d/x", O_CREAT | O_RDWR, -EPERM);
	TEST_IS(xfs_truncate(fs.mp, "/f", 0), -EPERM);
	TEST_IS(xfs_unlink(fs.mp, "/f"), -EPERM);
	TEST_IS(xfs_link(fs.mp, "/f", "/g"), -EPERM);
	TEST_IS(xfs_rename(fs.mp, "/f", "/g"), -EPERM);
	TEST_IS(xfs_rename(fs.mp, "/fifo", "/f"), -EPERM);
	TEST_IS(xfs_rename(fs.mp, "/fifo", "/d/x"), -EPERM);
	TEST_IS(xfs_rmdir(fs.mp, "/d/sub"), -EPERM);
	TEST_IS(xfs_mkdir(fs.mp, "/d/x", 0755), -EPERM);
	TEST_IS(xfs_chmod(fs.mp, "/f", 0600), -EPERM);
	TEST_IS(xfs_chown(fs.mp, "/f", 1, 1), -EPERM);
	TEST_IS(xfs_utimens(fs.mp, "/f", true, NULL), -EPERM);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.x", "y", 1, 0), -EPERM);
	iattr.xflags = XFS_XFLAG_APPEND;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
	TEST_OK(xfs_setattr(fs.mp, "/d", true, &iattr));
	opens("/f", O_RDWR, -EPERM);
	opens("/f", O_RDWR | O_APPEND | O_TRUNC, -EPERM);
	TEST_OK(xfs_open(fs.mp, "/f", O_WRONLY | O_APPEND, 0, &file));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_IS(xfs_ftruncate(file, 0), -EPERM);
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_mkdir(fs.mp, "/d/x", 0755), 0);
	TEST_IS(xfs_rmdir(fs.mp, "/d/x"), -EPERM);
	TEST_IS(xfs_rename(fs.mp, "/d/x", "/d/y"), -EPERM);
	/* Whoever takes the flag away may change the rest in the same call. */
	iattr.valid |= XFS_ATTR_MODE;
	iattr.mode = 0604;
	iattr.xflags = XFS_XFLAG_APPEND | XFS_XFLAG_NODUMP;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), -EPERM);
	iattr.xflags = 0;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), 0);
	TEST_IS(xfs_setattr(fs.mp, "/d", true, &iattr), 0);
	TEST_IS(xfs_rmdir(fs.mp, "/d/x"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncate_and_append, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_openat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_o_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_ino, setup, teardown),
		cmocka_unit_test_setup_teardown(test_immutable_and_append, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
