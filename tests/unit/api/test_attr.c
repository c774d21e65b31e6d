/* SPDX-License-Identifier: MIT */
/*
 * Goal: reading and setting attributes: modes, owners, times, projects, flags, hints, sizes; what is
 *       refused is refused before anything changed; set-id rules for privileged and other callers;
 *       what new objects inherit and what xfs_createat() leaves alone.
 * Method: single calls on small volumes with and without large time stamps; values are read back,
 *       also after closing and opening; the checker at the end.
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

static struct xfs_stat get(const char *path)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_getattr(fs.mp, path, false, &st));
	return st;
}

static void test_mode_and_owner(void **state)
{
	struct xfs_stat before = XFS_STAT_INIT, st = XFS_STAT_INIT;
	struct stat plain;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	before = get("/f");
	TEST_IS(xfs_chmod(fs.mp, "/l", 06751), 0);
	st = get("/f");
	assert_int_equal(st.mode, S_IFREG | 06751);
	assert_int_equal(st.mtime.tv_nsec, before.mtime.tv_nsec);
	assert_int_not_equal(st.ctime.tv_nsec, before.ctime.tv_nsec);
	assert_int_equal(st.changecount, before.changecount + 1);
	/* Type bits in the argument mean nothing. */
	TEST_IS(xfs_chmod(fs.mp, "/f", S_IFDIR | 06751), 0);
	assert_int_equal(get("/f").mode, S_IFREG | 06751);
	/* chown(2) takes the set-id bits of files along, xfs_setattr() does not. */
	TEST_IS(xfs_chown(fs.mp, "/l", 1000, 2000), 0);
	st = get("/f");
	assert_int_equal(st.uid, 1000);
	assert_int_equal(st.gid, 2000);
	assert_int_equal(st.mode, S_IFREG | 0751);
	TEST_OK(xfs_chmod(fs.mp, "/f", 02644));
	TEST_IS(xfs_chown(fs.mp, "/f", UINT32_MAX, 3000), 0);
	st = get("/f");
	assert_int_equal(st.uid, 1000);
	assert_int_equal(st.gid, 3000);
	assert_int_equal(st.mode, S_IFREG | 02644);
	TEST_OK(xfs_chmod(fs.mp, "/d", 06755));
	TEST_IS(xfs_chown(fs.mp, "/d", 5, UINT32_MAX), 0);
	assert_int_equal(get("/d").mode, S_IFDIR | 06755);
	assert_int_equal(get("/d").gid, 0);
	{
		struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_UID, .uid = 7 };

		TEST_OK(xfs_chmod(fs.mp, "/f", 04755));
		TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), 0);
		assert_int_equal(get("/f").mode, S_IFREG | 04755);
		assert_int_equal(get("/f").uid, 7);
		iattr.uid = UINT32_MAX;
		TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), -EINVAL);
	}
	TEST_IS(xfs_lchown(fs.mp, "/l", 11, 12), 0);
	assert_int_equal(get("/l").uid, 11);
	assert_int_equal(get("/f").uid, 7);
	TEST_OK(xfs_lstat(fs.mp, "/l", &plain));
	assert_int_equal(plain.st_uid, 11);
	assert_int_equal(plain.st_gid, 12);
	TEST_IS(xfs_chmod(fs.mp, "/none", 0), -ENOENT);
	TEST_IS(xfs_chown(fs.mp, "/none", 0, 0), -ENOENT);
	/* A capability goes with the owner. */
	TEST_OK(xfs_setxattr(fs.mp, "/f", true, "security.capability", "cap", 3, 0));
	{
		struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_UID, .uid = 8 };

		TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "security.capability", NULL, 0), 3);
		TEST_OK(xfs_chown(fs.mp, "/f", 9, 9));
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "security.capability", NULL, 0), -ENODATA);
	}
	test_fs_end(&fs);
}

/* Who is not privileged loses set-id bits as for a caller without CAP_FSETID. */
static void test_unprivileged(void **state)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *file;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	/* Set-id bits are not for mkdir to give. */
	TEST_OK(xfs_mkdir(fs.mp, "/d", 06777));
	assert_int_equal(get("/d").mode, S_IFDIR | 0777);
	TEST_OK(xfs_chmod(fs.mp, "/d", 02777));
	TEST_OK(xfs_chown(fs.mp, "/d", 0, 500));
	test_fs_close_and_check(&fs);
	fs.opts.unprivileged = true;
	fs.opts.uid = 1000;
	fs.opts.gid = 1000;
	test_fs_open(&fs);
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	assert_int_equal(get("/f").uid, 1000);
	assert_int_equal(get("/f").gid, 1000);
	/* In the group: it may be set; of another group: not. */
	TEST_OK(xfs_chmod(fs.mp, "/f", 02755));
	assert_int_equal(get("/f").mode, S_IFREG | 02755);
	iattr.valid = XFS_ATTR_GID;
	iattr.gid = 600;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &iattr));
	assert_int_equal(get("/f").mode, S_IFREG | 0755);
	TEST_OK(xfs_chmod(fs.mp, "/f", 02755));
	assert_int_equal(get("/f").mode, S_IFREG | 0755);
	/* Inherited group: a program with its rights is not made by an outsider. */
	TEST_OK(xfs_open(fs.mp, "/d/prog", O_CREAT | O_RDWR, 02755, &file));
	assert_int_equal(get("/d/prog").mode, S_IFREG | 0755);
	assert_int_equal(get("/d/prog").gid, 500);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/d/data", O_CREAT | O_RDWR, 02644, &file));
	assert_int_equal(get("/d/data").mode, S_IFREG | 02644);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0755));
	assert_int_equal(get("/d/sub").mode, S_IFDIR | 02755);
	assert_int_equal(get("/d/sub").gid, 500);
	/* A write takes set-id bits and the capability. */
	TEST_OK(xfs_open(fs.mp, "/w", O_CREAT | O_RDWR, 06755, &file));
	TEST_OK(xfs_setxattr(fs.mp, "/w", true, "security.capability", "cap", 3, 0));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	assert_int_equal(get("/w").mode, S_IFREG | 0755);
	TEST_IS(xfs_fgetxattr(file, "security.capability", NULL, 0), -ENODATA);
	/* So does cutting it. */
	TEST_OK(xfs_chmod(fs.mp, "/w", 06755));
	TEST_IS(xfs_ftruncate(file, 0), 0);
	assert_int_equal(get("/w").mode, S_IFREG | 0755);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static void test_times(void **state)
{
	/* Without bigtime, with bigtime: the nearest that can be held. */
	static const struct {
		int64_t sec, legacy, big;
	} cases[] = {
		{ 0, 0, 0 },
		{ -1, -1, -1 },
		{ 2147483646, 2147483646, 2147483646 },
		{ 2147483648, 2147483647, 2147483648 },
		{ 16299260423, 2147483647, 16299260423 },
		{ 16299260425, 2147483647, 16299260424 },
		{ INT64_MAX / 2, 2147483647, 16299260424 },
		{ -2147483648LL, -2147483648LL, -2147483648LL },
		{ -2147483649LL, -2147483648LL, -2147483648LL },
		{ INT64_MIN / 2, -2147483648LL, -2147483648LL },
	};

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct xfs_mkfs_options mkfs = {
			.size = sizeof(mkfs), .profile = XFS_MKFS_PROFILE_6_1,
			.bigtime = big ? XFS_MKFS_ON : XFS_MKFS_OFF,
		};
		struct timespec times[2];
		struct xfs_stat before = XFS_STAT_INIT, st = XFS_STAT_INIT;

		test_fs_make(&fs, MIB(128), &mkfs);
		TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
		TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			int64_t want = big ? cases[i].big : cases[i].legacy;

			times[0] = (struct timespec){ .tv_sec = (time_t)cases[i].sec, .tv_nsec = 5 };
			times[1] = (struct timespec){ .tv_sec = 77, .tv_nsec = 999999999 };
			TEST_IS(xfs_utimens(fs.mp, "/f", true, times), 0);
			TEST_OK(xfs_sync(fs.mp));
			test_fs_close_and_check(&fs);
			test_fs_open(&fs);
			st = get("/f");
			assert_int_equal(st.atime.tv_sec, want);
			/* At the limits there are no nanoseconds, as in the kernel. */
			assert_int_equal(st.atime.tv_nsec, want == cases[i].sec &&
						 want != (big ? -2147483648 : INT32_MIN) ? 5 : 0);
			assert_int_equal(st.mtime.tv_sec, 77);
			assert_int_equal(st.mtime.tv_nsec, 999999999);
		}
		/* One, the other, now, none. */
		before = get("/f");
		times[0].tv_nsec = UTIME_OMIT;
		times[1] = (struct timespec){ .tv_sec = 1, .tv_nsec = 2 };
		TEST_IS(xfs_utimens(fs.mp, "/l", true, times), 0);
		st = get("/f");
		assert_int_equal(st.atime.tv_sec, before.atime.tv_sec);
		assert_int_equal(st.mtime.tv_sec, 1);
		assert_true(st.ctime.tv_sec > 1600000000);
		times[0].tv_nsec = UTIME_NOW;
		times[1].tv_nsec = UTIME_OMIT;
		TEST_IS(xfs_utimens(fs.mp, "/l", false, times), 0);
		assert_true(get("/l").atime.tv_sec > 1600000000);
		times[0].tv_nsec = UTIME_OMIT;
		before = get("/f");
		TEST_IS(xfs_utimens(fs.mp, "/f", true, times), 0);
		st = get("/f");
		assert_memory_equal(&st, &before, sizeof(st));
		TEST_IS(xfs_utimens(fs.mp, "/f", true, NULL), 0);
		assert_true(get("/f").mtime.tv_sec > 1600000000);
		times[0].tv_nsec = 1000000000;
		TEST_IS(xfs_utimens(fs.mp, "/f", true, times), -EINVAL);
		times[0].tv_nsec = -1;
		TEST_IS(xfs_utimens(fs.mp, "/f", true, times), -EINVAL);
		/* All four, by hand. */
		{
			struct xfs_iattr iattr = {
				.size = sizeof(iattr),
				.valid = XFS_ATTR_ATIME | XFS_ATTR_MTIME | XFS_ATTR_CTIME |
					 XFS_ATTR_CRTIME,
				.atime = {.tv_sec = 1, .tv_nsec = 10},
				.mtime = {.tv_sec = 2, .tv_nsec = 20},
				.ctime = {.tv_sec = 3, .tv_nsec = 30},
				.crtime = {.tv_sec = 4, .tv_nsec = 40},
			};

			TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), 0);
			st = get("/f");
			assert_int_equal(st.ctime.tv_sec, 3);
			assert_int_equal(st.crtime.tv_sec, 4);
			assert_int_equal(st.crtime.tv_nsec, 40);
			iattr.crtime.tv_nsec = 1000000000;
			TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), -EINVAL);
		}
		test_fs_end(&fs);
	}
}

static void test_flags_and_hints(void **state)
{
	struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_XFLAGS };
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
	/* Flags of directories do not stick to files, and the other way round. */
	iattr.xflags = XFS_XFLAG_SYNC | XFS_XFLAG_NOATIME | XFS_XFLAG_NODUMP | XFS_XFLAG_PROJINHERIT |
		       XFS_XFLAG_NOSYMLINKS | XFS_XFLAG_RTINHERIT | XFS_XFLAG_NODEFRAG |
		       XFS_XFLAG_FILESTREAM | XFS_XFLAG_PREALLOC | XFS_XFLAG_HASATTR;
	TEST_IS(xfs_fsetattr(file, &iattr), 0);
	assert_int_equal(get("/f").xflags & ~XFS_XFLAG_HASATTR,
			 XFS_XFLAG_SYNC | XFS_XFLAG_NOATIME | XFS_XFLAG_NODUMP | XFS_XFLAG_NODEFRAG |
			 XFS_XFLAG_FILESTREAM | XFS_XFLAG_PREALLOC);
	TEST_IS(xfs_setattr(fs.mp, "/d", true, &iattr), 0);
	assert_true(get("/d").xflags & XFS_XFLAG_PROJINHERIT);
	assert_true(get("/d").xflags & XFS_XFLAG_NOSYMLINKS);
	TEST_IS(xfs_symlink(fs.mp, "x", "/d/l"), -EPERM);
	TEST_IS(xfs_setattr(fs.mp, "/fifo", true, &iattr), 0);
	iattr.xflags = 0x4;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	iattr.xflags = 0x40000000;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	iattr.xflags = XFS_XFLAG_REALTIME;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	iattr.xflags = XFS_XFLAG_DAX;
	TEST_IS(xfs_fsetattr(file, &iattr), 0);
	assert_true(get("/f").xflags & XFS_XFLAG_DAX);
	/* Hints: whole blocks, not too large, with their flag. */
	iattr.valid = XFS_ATTR_EXTSIZE;
	iattr.extsize_bytes = 65536;
	TEST_IS(xfs_fsetattr(file, &iattr), 0);
	st = get("/f");
	assert_int_equal(st.extsize_bytes, 65536);
	assert_true(st.xflags & XFS_XFLAG_EXTSIZE);
	iattr.extsize_bytes = 65537;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	iattr.extsize_bytes = 64 << 20;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	TEST_IS(xfs_setattr(fs.mp, "/fifo", true, &iattr), -EINVAL);
	iattr.extsize_bytes = 0;
	TEST_IS(xfs_fsetattr(file, &iattr), 0);
	assert_false(get("/f").xflags & XFS_XFLAG_EXTSIZE);
	iattr.extsize_bytes = 8192;
	TEST_IS(xfs_setattr(fs.mp, "/d", true, &iattr), 0);
	assert_true(get("/d").xflags & XFS_XFLAG_EXTSZINHERIT);
	iattr.valid = XFS_ATTR_COWEXTSIZE;
	iattr.cowextsize_bytes = 131072;
	TEST_IS(xfs_fsetattr(file, &iattr), 0);
	assert_int_equal(get("/f").cowextsize_bytes, 131072);
	assert_true(get("/f").xflags & XFS_XFLAG_COWEXTSIZE);
	/* Not once there is data. */
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	iattr.valid = XFS_ATTR_EXTSIZE;
	iattr.extsize_bytes = 65536;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	TEST_OK(xfs_sync(fs.mp));
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	iattr.valid = 1u << 20;
	TEST_IS(xfs_fsetattr(file, &iattr), -EINVAL);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

static void test_size(void **state)
{
	struct xfs_iattr iattr = {.size = sizeof(iattr),
				  .valid = XFS_ATTR_SIZE | XFS_ATTR_MTIME,
				  .mtime = {.tv_sec = 5, .tv_nsec = 6}};
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	char buf[8] = "";

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, "12345678", 8, 0), 8);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
	iattr.size_bytes = 4;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), 0);
	st = get("/f");
	assert_int_equal(st.size_bytes, 4);
	assert_int_equal(st.mtime.tv_sec, 5);
	iattr.size_bytes = 1ull << 40;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), 0);
	TEST_IS(xfs_pread(file, buf, 8, 0), 8);
	assert_memory_equal(buf, "1234\0\0\0\0", 8);
	iattr.size_bytes = UINT64_MAX;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), -EINVAL);
	iattr.size_bytes = 0;
	TEST_IS(xfs_setattr(fs.mp, "/d", true, &iattr), -EISDIR);
	TEST_IS(xfs_setattr(fs.mp, "/fifo", true, &iattr), -EINVAL);
	/* What else is wrong is found before the contents are gone. */
	iattr.mtime.tv_nsec = -5;
	TEST_IS(xfs_setattr(fs.mp, "/f", true, &iattr), -EINVAL);
	assert_int_equal(get("/f").size_bytes, 1ull << 40);
	TEST_IS(xfs_truncate(fs.mp, "/f", 3), 0);
	TEST_IS(xfs_truncate(fs.mp, "/d", 3), -EISDIR);
	TEST_IS(xfs_truncate(fs.mp, "/fifo", 3), -EINVAL);
	TEST_IS(xfs_truncate(fs.mp, "/none", 3), -ENOENT);
	assert_int_equal(get("/f").size_bytes, 3);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

/* What comes from the parent: flags, hints, project, group. */
static void test_inheritance(void **state)
{
	const uint32_t plain = XFS_XFLAG_NOATIME | XFS_XFLAG_NODUMP | XFS_XFLAG_SYNC |
			       XFS_XFLAG_FILESTREAM | XFS_XFLAG_NODEFRAG;
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE | XFS_ATTR_PROJID |
			 XFS_ATTR_MODE | XFS_ATTR_GID,
		.xflags = plain | XFS_XFLAG_PROJINHERIT | XFS_XFLAG_EXTSZINHERIT |
			  XFS_XFLAG_COWEXTSIZE | XFS_XFLAG_DAX | XFS_XFLAG_APPEND,
		.extsize_bytes = 65536, .cowextsize_bytes = 32768, .projid = 70000, .mode = 02755,
		.gid = 321,
	};
	static const char *const paths[] = { "/d/f", "/d/s", "/d/l", "/d/p", "/d/x" };
	struct xfs_iattr plain_file = {
		.size = sizeof(plain_file), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
	struct xfs_file *dir, *file;
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_setattr(fs.mp, "/d", true, &iattr));
	TEST_OK(xfs_open(fs.mp, "/d/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_mkdir(fs.mp, "/d/s", 0755));
	TEST_OK(xfs_symlink(fs.mp, "x", "/d/l"));
	TEST_OK(xfs_mknod(fs.mp, "/d/p", S_IFIFO | 0644, 0, 0));
	TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
	TEST_OK(xfs_createat(dir, "x", &plain_file, NULL, NULL));
	TEST_OK(xfs_close(dir));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 4; i++) {
			st = get(paths[i]);
			assert_int_equal(st.projid, 70000);
			assert_int_equal(st.gid, 321);
		}
		st = get("/d/f");
		assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR,
				 plain | XFS_XFLAG_EXTSIZE | XFS_XFLAG_COWEXTSIZE | XFS_XFLAG_DAX);
		assert_int_equal(st.extsize_bytes, 65536);
		assert_int_equal(st.cowextsize_bytes, 32768);
		assert_int_equal(st.mode, S_IFREG | 0644);
		st = get("/d/s");
		assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR,
				 plain | XFS_XFLAG_PROJINHERIT | XFS_XFLAG_EXTSZINHERIT |
				 XFS_XFLAG_COWEXTSIZE | XFS_XFLAG_DAX);
		assert_int_equal(st.extsize_bytes, 65536);
		assert_int_equal(st.mode, S_IFDIR | 02755);
		assert_int_equal(get("/d/l").xflags & ~XFS_XFLAG_HASATTR, 0);
		assert_int_equal(get("/d/p").xflags & ~XFS_XFLAG_HASATTR, 0);
		/* A restore tool's call inherits nothing. */
		st = get("/d/x");
		assert_int_equal(st.xflags & ~XFS_XFLAG_HASATTR, 0);
		assert_int_equal(st.projid, 0);
		assert_int_equal(st.gid, 0);
		assert_int_equal(st.extsize_bytes, 0);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
	}
	test_fs_end(&fs);
}

/* Everything that a new object can be given at once. */
static void test_createat(void **state)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_ATIME |
			 XFS_ATTR_MTIME | XFS_ATTR_CTIME | XFS_ATTR_CRTIME | XFS_ATTR_PROJID |
			 XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_SIZE,
		.mode = S_IFREG | 06755,
		.uid = 10,
		.gid = 20,
		.projid = 30,
		.xflags = XFS_XFLAG_EXTSIZE | XFS_XFLAG_IMMUTABLE,
		.extsize_bytes = 16384,
		.size_bytes = 123456789,
		.atime = {.tv_sec = 1, .tv_nsec = 1},
		.mtime = {.tv_sec = 2, .tv_nsec = 2},
		.ctime = {.tv_sec = 3, .tv_nsec = 3},
		.crtime = {.tv_sec = 4, .tv_nsec = 4},
	};
	struct xfs_file *root, *file = NULL;
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	root = xfs_root(fs.mp);
	TEST_IS(xfs_createat(root, "f", &iattr, NULL, &file), 0);
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_createat(root, "f", &iattr, NULL, &file), -EEXIST);
	assert_null(file);
	st = get("/f");
	assert_int_equal(st.mode, S_IFREG | 06755);
	assert_int_equal(st.uid, 10);
	assert_int_equal(st.gid, 20);
	assert_int_equal(st.projid, 30);
	assert_int_equal(st.size_bytes, 123456789);
	assert_int_equal(st.blocks512, 0);
	assert_int_equal(st.extsize_bytes, 16384);
	assert_true(st.xflags & XFS_XFLAG_IMMUTABLE);
	assert_int_equal(st.atime.tv_sec, 1);
	assert_int_equal(st.mtime.tv_sec, 2);
	assert_int_equal(st.ctime.tv_sec, 3);
	assert_int_equal(st.crtime.tv_sec, 4);
	iattr.size_bytes = 1ull << 63;
	TEST_IS(xfs_createat(root, "g", &iattr, NULL, NULL), -EFBIG);
	iattr.valid &= ~(XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE);
	iattr.mode = S_IFDIR | 0700;
	TEST_IS(xfs_createat(root, "g", &iattr, NULL, NULL), -EINVAL);
	iattr.valid &= ~XFS_ATTR_SIZE;
	TEST_IS(xfs_createat(root, "g", &iattr, NULL, &file), 0);
	TEST_IS(xfs_mkdirat(file, "sub", 0755), 0);
	TEST_OK(xfs_close(file));
	iattr.mode = S_IFCHR | 0600;
	iattr.valid |= XFS_ATTR_RDEV;
	iattr.rdev_major = 0x200;
	TEST_IS(xfs_createat(root, "c", &iattr, NULL, NULL), -EINVAL);
	iattr.rdev_major = 10;
	iattr.rdev_minor = 200;
	TEST_IS(xfs_createat(root, "c", &iattr, NULL, &file), 0);
	TEST_OK(xfs_fgetattr(file, &st));
	assert_int_equal(st.rdev_major, 10);
	assert_int_equal(st.rdev_minor, 200);
	TEST_IS(xfs_pwrite(file, "x", 1, 0), -EBADF);
	TEST_OK(xfs_close(file));
	iattr.mode = S_IFLNK | 0777;
	TEST_IS(xfs_createat(root, "l", &iattr, NULL, NULL), -ENOENT);
	TEST_IS(xfs_createat(root, "l", &iattr, "target", NULL), 0);
	assert_int_equal(get("/l").size_bytes, 6);
	assert_int_equal(get("/l").uid, 10);
	iattr.mode = 0644;
	TEST_IS(xfs_createat(root, "n", &iattr, NULL, NULL), -EINVAL);
	iattr.valid = 0;
	TEST_IS(xfs_createat(root, "n", &iattr, NULL, NULL), -EINVAL);
	TEST_IS(xfs_createat(root, "n", NULL, NULL, NULL), -EINVAL);
	iattr.valid = XFS_ATTR_MODE;
	iattr.mode = S_IFREG | 0444;
	TEST_IS(xfs_createat(root, "w", &iattr, NULL, &file), 0);
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_and_owner),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_flags_and_hints),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_createat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
