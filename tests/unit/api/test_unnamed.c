/* SPDX-License-Identifier: MIT */
/*
 * Goal: a file can be made without a name, and a name passes to it in one step: nothing is ever
 *       half there or missing.
 * Method: every kind of object that may have the name, on volumes with and without parent pointers;
 *       many such files at once, named in another order than they were made; a crash in between;
 *       the checker after all.
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
#define MANY 300u

static struct test_fs fs;

static struct xfs_file *unnamed(uint32_t mode)
{
	struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = mode };
	struct xfs_file *file;

	TEST_OK(xfs_createat(xfs_root(fs.mp), NULL, &iattr, S_ISLNK(mode) ? "target" : NULL, &file));
	return file;
}

static void write_text(struct xfs_file *file, const char *text)
{
	assert_int_equal(xfs_pwrite(file, text, strlen(text), 0), strlen(text));
}

static void put_text(const char *path, const char *text)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_WRONLY, 0644, &file));
	write_text(file, text);
	TEST_OK(xfs_close(file));
}

static void has_text(struct xfs_file *file, const char *text)
{
	char buf[64] = "";

	assert_int_equal(xfs_pread(file, buf, sizeof(buf) - 1, 0), strlen(text));
	assert_string_equal(buf, text);
}

static void path_has_text(const char *path, const char *text)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &file));
	has_text(file, text);
	TEST_OK(xfs_close(file));
}

static uint32_t links(const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(fs.mp, path, &st));
	return (uint32_t)st.st_nlink;
}

static uint64_t inodes(void)
{
	struct xfs_info info = { .size = sizeof(info) };

	TEST_OK(xfs_info(fs.mp, &info));
	return info.icount - info.ifree;
}

static void begin(const struct xfs_mkfs_options *mkfs)
{
	test_fs_make(&fs, MIB(64), mkfs);
}

static const struct xfs_mkfs_options volumes[] = {
	{ .size = sizeof(volumes[0]) },
	{ .size = sizeof(volumes[0]), .parent = XFS_MKFS_ON },
	{ .size = sizeof(volumes[0]), .parent = XFS_MKFS_OFF, .blocksize = 1024 },
};

static void test_a_file_without_a_name_goes_with_its_last_handle(void **state)
{
	uint64_t before;
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	begin(&volumes[1]);
	before = inodes();
	TEST_OK(xfs_open(fs.mp, "/", O_TMPFILE | O_RDWR, 0640, &file));
	write_text(file, "nothing leads here");
	TEST_OK(xfs_fgetattr(file, &st));
	assert_int_equal(st.nlink, 0);
	assert_int_equal(st.mode, S_IFREG | 0640);
	assert_int_equal(inodes(), before + 1);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(inodes(), before);
	file = unnamed(S_IFLNK | 0777);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static void test_what_cannot_be_asked_for(void **state)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFDIR | 0755};
	struct xfs_file *file;

	(void)state;
	begin(NULL);
	put_text("/file", "x");
	TEST_IS(xfs_createat(xfs_root(fs.mp), NULL, &iattr, NULL, &file), -EINVAL);
	iattr.mode = S_IFREG | 0644;
	TEST_IS(xfs_createat(xfs_root(fs.mp), NULL, &iattr, NULL, NULL), -EINVAL);
	TEST_IS(xfs_open(fs.mp, "/", O_TMPFILE | O_RDONLY, 0600, &file), -EINVAL);
	TEST_IS(xfs_open(fs.mp, "/", O_TMPFILE | O_CREAT | O_RDWR, 0600, &file), -EINVAL);
	TEST_IS(xfs_open(fs.mp, "/file", O_TMPFILE | O_RDWR, 0600, &file), -ENOTDIR);
	TEST_IS(xfs_open(fs.mp, "/none", O_TMPFILE | O_RDWR, 0600, &file), -ENOENT);
	iattr.valid |= XFS_ATTR_INHERIT;
	TEST_IS(xfs_setattr(fs.mp, "/file", true, &iattr), -EINVAL);
	test_fs_end(&fs);
}

static void test_a_new_name(void **state)
{
	struct xfs_file *file;

	(void)state;
	for (size_t v = 0; v < sizeof(volumes) / sizeof(volumes[0]); v++) {
		begin(&volumes[v]);
		TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
		file = unnamed(S_IFREG | 0600);
		write_text(file, "new");
		TEST_OK(xfs_fsetxattr(file, "user.a", "value", 5, 0));
		TEST_OK(xfs_linkat(file, xfs_root(fs.mp), "dir/first"));
		TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "dir/second"));
		TEST_IS(xfs_linkat(file, xfs_root(fs.mp), "dir/second"), -EEXIST);
		assert_int_equal(links("/dir/first"), 2);
		path_has_text("/dir/second", "new");
		/* Named once, it is a file like any other: removed, it gets no name again. */
		TEST_OK(xfs_unlink(fs.mp, "/dir/first"));
		TEST_OK(xfs_unlink(fs.mp, "/dir/second"));
		TEST_IS(xfs_linkat(file, xfs_root(fs.mp), "again"), -ENOENT);
		TEST_IS(xfs_replaceat(file, xfs_root(fs.mp), "again"), -ENOENT);
		TEST_OK(xfs_close(file));
		test_fs_end(&fs);
	}
}

static void test_what_has_the_name_gives_way(void **state)
{
	struct xfs_file *file, *old;

	(void)state;
	for (size_t v = 0; v < sizeof(volumes) / sizeof(volumes[0]); v++) {
		begin(&volumes[v]);
		put_text("/file", "old");
		put_text("/many", "old too");
		TEST_OK(xfs_link(fs.mp, "/many", "/many.second"));
		TEST_OK(xfs_symlink(fs.mp, "many.second", "/link"));
		TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
		TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
		TEST_OK(xfs_open(fs.mp, "/file", O_RDONLY, 0, &old));
		file = unnamed(S_IFREG | 0600);
		write_text(file, "new");
		TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "file"));
		TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "many"));
		TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "link"));
		TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "fifo"));
		TEST_IS(xfs_replaceat(file, xfs_root(fs.mp), "dir"), -EISDIR);
		TEST_IS(xfs_replaceat(file, xfs_root(fs.mp), "dir/none/x"), -ENOENT);
		TEST_OK(xfs_close(file));
		assert_int_equal(links("/file"), 4);
		path_has_text("/link", "new");
		/* Who held the old file still reads it; its other name is there. */
		has_text(old, "old");
		TEST_OK(xfs_close(old));
		path_has_text("/many.second", "old too");
		assert_int_equal(links("/many.second"), 1);
		test_fs_end(&fs);
	}
}

static void test_a_name_of_its_own_stays(void **state)
{
	struct xfs_file *file;

	(void)state;
	begin(&volumes[1]);
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	TEST_OK(xfs_symlink(fs.mp, "dir", "/way"));
	put_text("/dir/file", "text");
	TEST_OK(xfs_link(fs.mp, "/dir/file", "/dir/other"));
	TEST_OK(xfs_open(fs.mp, "/dir/file", O_RDONLY, 0, &file));
	TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "dir/file"));
	TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "way/../dir//other"));
	TEST_OK(xfs_close(file));
	assert_int_equal(links("/dir/file"), 2);
	path_has_text("/dir/other", "text");
	test_fs_end(&fs);
}

static void test_what_is_fixed_stays(void **state)
{
	struct xfs_iattr fixed = {
		.size = sizeof(fixed), .valid = XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_IMMUTABLE};
	struct xfs_file *file = NULL;

	(void)state;
	begin(&volumes[1]);
	put_text("/file", "old");
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	put_text("/dir/inner", "inner");
	file = unnamed(S_IFREG | 0600);
	TEST_OK(xfs_setattr(fs.mp, "/file", true, &fixed));
	TEST_IS(xfs_replaceat(file, xfs_root(fs.mp), "file"), -EPERM);
	fixed.xflags = XFS_XFLAG_APPEND;
	TEST_OK(xfs_setattr(fs.mp, "/dir", true, &fixed));
	TEST_IS(xfs_replaceat(file, xfs_root(fs.mp), "dir/inner"), -EPERM);
	TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "dir/fresh"));
	TEST_OK(xfs_close(file));
	file = unnamed(S_IFREG | 0600);
	TEST_OK(xfs_fsetattr(file, &fixed));
	TEST_IS(xfs_linkat(file, xfs_root(fs.mp), "appended"), -EPERM);
	TEST_OK(xfs_close(file));
	path_has_text("/file", "old");
	path_has_text("/dir/inner", "inner");
	test_fs_end(&fs);
}

/* Lists of unlinked inodes: their heads, tails and middles leave in every order. */
static void test_many_named_in_another_order(void **state)
{
	struct xfs_file *files[MANY];
	uint64_t before;
	char name[32];

	(void)state;
	begin(&volumes[1]);
	before = inodes();
	for (unsigned int i = 0; i < MANY; i++)
		files[i] = unnamed(S_IFREG | 0600);
	for (unsigned int i = 0; i < MANY; i++) {
		unsigned int which = i * 7 % MANY;

		snprintf(name, sizeof(name), "file%u", which);
		if (which % 3)
			TEST_OK(xfs_replaceat(files[which], xfs_root(fs.mp), name));
		TEST_OK(xfs_close(files[which]));
	}
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(inodes(), before + MANY / 3 * 2);
	test_fs_end(&fs);
}

static void test_the_directory_hands_down_what_it_would(void **state)
{
	struct xfs_iattr dir = {
		.size = sizeof(dir),
		.valid = XFS_ATTR_XFLAGS | XFS_ATTR_PROJID | XFS_ATTR_EXTSIZE, .projid = 42,
		.extsize_bytes = 65536,
		.xflags = XFS_XFLAG_PROJINHERIT | XFS_XFLAG_NOATIME | XFS_XFLAG_EXTSZINHERIT,
	};
	struct xfs_iattr iattr = {.size = sizeof(iattr),
				  .valid = XFS_ATTR_MODE | XFS_ATTR_INHERIT,
				  .mode = S_IFREG | 0644};
	struct xfs_file *top, *file;
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	begin(&volumes[1]);
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 02755));
	TEST_OK(xfs_setattr(fs.mp, "/dir", true, &dir));
	TEST_OK(xfs_chown(fs.mp, "/dir", 5, 6));
	TEST_OK(xfs_chmod(fs.mp, "/dir", 02755));
	TEST_OK(xfs_open(fs.mp, "/dir", O_RDONLY | O_DIRECTORY, 0, &top));
	TEST_OK(xfs_createat(top, "inherits", &iattr, NULL, NULL));
	iattr.valid |= XFS_ATTR_XFLAGS | XFS_ATTR_PROJID;
	iattr.xflags = XFS_XFLAG_NODUMP;
	iattr.projid = 7;
	TEST_OK(xfs_createat(top, "adds", &iattr, NULL, NULL));
	iattr.valid = XFS_ATTR_MODE;
	TEST_OK(xfs_createat(top, "restored", &iattr, NULL, NULL));
	TEST_OK(xfs_openat(top, ".", O_TMPFILE | O_WRONLY, 0644, &file));
	TEST_OK(xfs_linkat(file, top, "made"));
	TEST_OK(xfs_close(file));

	TEST_OK(xfs_getattr(fs.mp, "/dir/inherits", true, &st));
	assert_int_equal(st.projid, 42);
	assert_int_equal(st.gid, 0);
	assert_int_equal(st.extsize_bytes, 65536);
	assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR, XFS_XFLAG_NOATIME | XFS_XFLAG_EXTSIZE);
	TEST_OK(xfs_getattr(fs.mp, "/dir/adds", true, &st));
	assert_int_equal(st.projid, 7);
	assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR,
			 XFS_XFLAG_NOATIME | XFS_XFLAG_EXTSIZE | XFS_XFLAG_NODUMP);
	TEST_OK(xfs_getattr(fs.mp, "/dir/restored", true, &st));
	assert_int_equal(st.projid, 0);
	assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR, 0);
	TEST_OK(xfs_getattr(fs.mp, "/dir/made", true, &st));
	assert_int_equal(st.projid, 42);
	assert_int_equal(st.gid, 6);
	TEST_OK(xfs_close(top));
	test_fs_end(&fs);
}

static void test_a_crash_frees_what_has_no_name(void **state)
{
	struct xfs_log_report report = { .size = sizeof(report) };
	struct xfs_file *unfinished, *file;
	uint64_t before;

	(void)state;
	if (test_fs_mount_flags() & XFS_MOUNT_UNJOURNALLED)
		skip();
	begin(&volumes[1]);
	put_text("/file", "old");
	before = inodes();
	unfinished = unnamed(S_IFREG | 0600);
	write_text(unfinished, "half");
	TEST_OK(xfs_fsync(unfinished));
	file = unnamed(S_IFREG | 0600);
	write_text(file, "new");
	TEST_OK(xfs_replaceat(file, xfs_root(fs.mp), "file"));
	TEST_OK(xfs_fsync(file));
	xfs_abandon(fs.mp);
	/* Closing them before would have freed the inodes; a process that dies leaves them open. */
	free(unfinished);
	free(file);
	test_fs_open(&fs);
	TEST_OK(xfs_log_report(fs.mp, &report));
	assert_int_equal(report.inodes_freed, 2);
	assert_int_equal(inodes(), before);
	path_has_text("/file", "new");
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_without_a_name_goes_with_its_last_handle),
		cmocka_unit_test(test_what_cannot_be_asked_for),
		cmocka_unit_test(test_a_new_name),
		cmocka_unit_test(test_what_has_the_name_gives_way),
		cmocka_unit_test(test_a_name_of_its_own_stays),
		cmocka_unit_test(test_what_is_fixed_stays),
		cmocka_unit_test(test_many_named_in_another_order),
		cmocka_unit_test(test_the_directory_hands_down_what_it_would),
		cmocka_unit_test(test_a_crash_frees_what_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
