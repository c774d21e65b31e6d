/* SPDX-License-Identifier: MIT */
/*
 * Goal: limits, flags and side effects of reading, writing and cutting files are those of the
 *       system calls.
 * Method: public calls on a volume in memory; what has to be stable is looked at through a
 *       second, read-only mount of the same device.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_fs.h"

#define MAXBYTES	0x7fffffffffffffffull

static struct test_fs fs;
static char buf[1u << 20], back[1u << 20];

static int set_up(void **state)
{
	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *open_file(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0644, &file));
	return file;
}

static struct stat stat_of(struct xfs_file *file)
{
	struct stat st;

	TEST_OK(xfs_fstat(file, &st));
	return st;
}

static void test_append_goes_to_the_end(void **state)
{
	struct xfs_file *a = open_file("/f", O_RDWR | O_CREAT | O_APPEND);
	struct xfs_file *b = open_file("/f", O_RDWR);

	(void)state;
	assert_int_equal(xfs_pwrite(a, "one", 3, 1000), 3);
	assert_int_equal(xfs_pwrite(b, "22", 2, 10), 2);
	assert_int_equal(xfs_pwrite(a, "three", 5, 0), 5);
	assert_int_equal(stat_of(a).st_size, 17);
	assert_int_equal(xfs_pread(b, back, 100, 0), 17);
	assert_memory_equal(back, "one\0\0\0\0\0\0\0" "22three", 17);
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

static void test_nothing_is_written_for_nothing(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	struct stat before = stat_of(f), after;

	(void)state;
	assert_int_equal(xfs_pwrite(f, buf, 0, 500), 0);
	assert_int_equal(xfs_pread(f, back, 10, 0), 0);
	after = stat_of(f);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(xfs_pwrite(f, buf, 1, 0), 1);
	after = stat_of(f);
	assert_true(after.st_mtim.tv_nsec > before.st_mtim.tv_nsec);
	assert_int_equal(after.st_mtim.tv_nsec, after.st_ctim.tv_nsec);
	TEST_OK(xfs_close(f));
}

static void test_the_largest_offset(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	struct xfs_file *a = open_file("/f", O_RDWR | O_APPEND);

	(void)state;
	assert_int_equal(xfs_pwrite(f, "z", 1, MAXBYTES - 1), 1);
	assert_int_equal(stat_of(f).st_size, MAXBYTES);
	assert_int_equal(xfs_pwrite(f, "zz", 2, MAXBYTES - 1), -EINVAL);
	assert_int_equal(xfs_pwrite(f, "z", 1, MAXBYTES + 1), -EINVAL);
	assert_int_equal(xfs_pwrite(f, "z", 1, ~0ull), -EINVAL);
	assert_int_equal(xfs_pwrite(a, "z", 1, 0), -EFBIG);
	assert_int_equal(xfs_pread(f, back, 5, MAXBYTES - 5), 5);
	assert_memory_equal(back, "\0\0\0\0z", 5);
	assert_int_equal(xfs_pread(f, back, 6, MAXBYTES - 5), -EINVAL);
	assert_int_equal(xfs_pread(f, back, 0, MAXBYTES), 0);
	assert_int_equal(xfs_pread(f, back, 10, MAXBYTES), -EINVAL);
	assert_int_equal(xfs_pread(f, back, 10, MAXBYTES + 1), -EINVAL);
	assert_int_equal(xfs_ftruncate(f, MAXBYTES + 1), -EINVAL);
	TEST_OK(xfs_ftruncate(f, MAXBYTES));
	TEST_OK(xfs_fsync(f));
	assert_int_equal(xfs_seek(f, 0, SEEK_DATA), (int64_t)(MAXBYTES - 4095));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(a));
}

static void test_what_a_handle_may_do(void **state)
{
	const struct xfs_iattr no_bytes = { .size = sizeof(no_bytes), .valid = XFS_ATTR_SIZE };
	struct xfs_file *r, *w, *d;

	(void)state;
	TEST_OK(xfs_close(open_file("/f", O_RDWR | O_CREAT)));
	r = open_file("/f", O_RDONLY);
	w = open_file("/f", O_WRONLY);
	assert_int_equal(xfs_pwrite(r, "x", 1, 0), -EBADF);
	assert_int_equal(xfs_ftruncate(r, 0), -EINVAL);
	assert_int_equal(xfs_fsetattr(r, &no_bytes), -EINVAL);
	assert_int_equal(xfs_fsetattr(w, &no_bytes), 0);
	assert_int_equal(xfs_write_from_fd(r, 0, 0, 1, 0), -EBADF);
	assert_int_equal(xfs_pread(w, back, 1, 0), -EBADF);
	assert_int_equal(xfs_pwrite(w, "x", 1, 0), 1);
	assert_int_equal(xfs_seek(r, 0, SEEK_SET), -EINVAL);
	assert_int_equal(xfs_seek(r, 1, SEEK_HOLE), -ENXIO);
	d = open_file("/", O_RDONLY);
	assert_int_equal(xfs_pread(d, back, 1, 0), -EISDIR);
	assert_int_equal(xfs_truncate(fs.mp, "/", 0), -EISDIR);
	TEST_OK(xfs_fsync(d));
	TEST_OK(xfs_close(d));
	TEST_OK(xfs_close(r));
	TEST_OK(xfs_close(w));
}

static void test_append_only_and_immutable(void **state)
{
	struct xfs_iattr ia = {
		.size = sizeof(ia), .valid = XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_APPEND};
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	assert_int_equal(xfs_pwrite(f, buf, 100, 0), 100);
	TEST_OK(xfs_fsetattr(f, &ia));
	assert_int_equal(xfs_ftruncate(f, 50), -EPERM);
	ia.xflags = XFS_XFLAG_IMMUTABLE;
	TEST_OK(xfs_fsetattr(f, &ia));
	assert_int_equal(xfs_ftruncate(f, 50), -EPERM);
	/* A handle from before may go on writing. */
	assert_int_equal(xfs_pwrite(f, buf, 100, 100), 100);
	ia.xflags = 0;
	TEST_OK(xfs_fsetattr(f, &ia));
	TEST_OK(xfs_ftruncate(f, 50));
	assert_int_equal(stat_of(f).st_size, 50);
	TEST_OK(xfs_close(f));
}

static void test_privileges_go_with_a_write(void **state)
{
	struct xfs_file *f;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.unprivileged = true;
	test_fs_open(&fs);
	f = open_file("/f", O_RDWR | O_CREAT);
	TEST_OK(xfs_chmod(fs.mp, "/f", 06777));
	TEST_OK(xfs_fsetxattr(f, "security.capability", "cap", 3, 0));
	TEST_OK(xfs_fsetxattr(f, "user.other", "x", 1, 0));
	assert_int_equal(xfs_pwrite(f, "x", 1, 0), 1);
	assert_int_equal(stat_of(f).st_mode & 07777, 0777);
	assert_int_equal(xfs_fgetxattr(f, "security.capability", NULL, 0), -ENODATA);
	assert_int_equal(xfs_fgetxattr(f, "user.other", NULL, 0), 1);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.unprivileged = false;
	test_fs_open(&fs);
	f = open_file("/f", O_RDWR);
	TEST_OK(xfs_chmod(fs.mp, "/f", 06777));
	assert_int_equal(xfs_pwrite(f, "x", 1, 0), 1);
	assert_int_equal(stat_of(f).st_mode & 07777, 06777);
	TEST_OK(xfs_close(f));
}

static void test_read_only_volume(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	assert_int_equal(xfs_pwrite(f, "hello", 5, 0), 5);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	f = open_file("/f", O_RDONLY);
	assert_int_equal(xfs_pread(f, back, 10, 0), 5);
	assert_int_equal(xfs_truncate(fs.mp, "/f", 0), -EROFS);
	TEST_OK(xfs_fsync(f));
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = XFS_MOUNT_UNJOURNALLED;
	test_fs_open(&fs);
}

/* The file as somebody else would find it on the device now. */
static ssize_t read_from_device(const char *path, void *to, size_t len)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY | XFS_MOUNT_INPROGRESS,
	};
	struct xfs_mount *mp;
	struct xfs_file *f;
	ssize_t ret;

	TEST_OK(xfs_mount(fs.dev, &opts, &mp));
	ret = xfs_open(mp, path, O_RDONLY, 0, &f);
	if (!ret) {
		ret = xfs_pread(f, to, len, 0);
		TEST_OK(xfs_close(f));
	}
	TEST_OK(xfs_unmount(mp));
	return ret;
}

static void test_synced_data_is_on_the_device(void **state)
{
	static const int flags[] = { O_SYNC, O_DSYNC };
	struct xfs_file *f;

	(void)state;
	memset(buf, 0x5a, 10000);
	for (size_t i = 0; i < 2; i++) {
		f = open_file("/sync", O_RDWR | O_CREAT | O_TRUNC | flags[i]);
		assert_int_equal(xfs_pwrite(f, buf, 10000, 0), 10000);
		assert_int_equal(read_from_device("/sync", back, sizeof(back)), 10000);
		assert_memory_equal(back, buf, 10000);
		TEST_OK(xfs_close(f));
	}
	f = open_file("/f", O_RDWR | O_CREAT);
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(xfs_pwrite(f, buf, 10000, 0), 10000);
	assert_int_equal(read_from_device("/f", back, sizeof(back)), 0);
	TEST_OK(xfs_fdatasync(f));
	assert_int_equal(read_from_device("/f", back, sizeof(back)), 10000);
	assert_int_equal(xfs_pwrite(f, buf, 10000, 10000), 10000);
	TEST_OK(xfs_fsync(f));
	assert_int_equal(read_from_device("/f", back, sizeof(back)), 20000);
	TEST_OK(xfs_close(f));
	/* The file's own flag does the same. */
	TEST_OK(xfs_setattr(fs.mp, "/f", true, &(struct xfs_iattr){
		.size = sizeof(struct xfs_iattr),
		.valid = XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_SYNC }));
	f = open_file("/f", O_RDWR);
	assert_int_equal(xfs_pwrite(f, buf, 10000, 20000), 10000);
	assert_int_equal(read_from_device("/f", back, sizeof(back)), 30000);
	TEST_OK(xfs_close(f));
}

static void test_copy_from_a_descriptor(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	int fd = memfd_create("test_data", MFD_CLOEXEC), pipes[2];

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 256);
	assert_int_equal(write(fd, buf, 700001), 700001);
	assert_int_equal(xfs_write_from_fd(f, fd, 0, 1u << 30, 0), 700001);
	assert_int_equal(stat_of(f).st_size, 700001);
	assert_int_equal(xfs_write_from_fd(f, fd, 700001, 10, 0), 0);
	/* Into the middle of blocks that have contents, ending early. */
	TEST_OK(xfs_fsync(f));
	xfs_pagecache_shrink(fs.mp, 0);
	assert_int_equal(xfs_write_from_fd(f, fd, 690000, 50000, 1000), 10001);
	assert_int_equal(xfs_pread(f, back, sizeof(back), 0), 700001);
	assert_memory_equal(back, buf, 1000);
	assert_memory_equal(back + 1000, buf + 690000, 10001);
	assert_memory_equal(back + 11001, buf + 11001, 700001 - 11001);
	assert_int_equal(xfs_write_from_fd(f, -1, 0, 10, 0), -EINVAL);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(xfs_write_from_fd(f, pipes[0], 1, 10, 0), -ESPIPE);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	assert_int_equal(stat_of(f).st_size, 700001);
	TEST_OK(xfs_close(f));
}

/* (FOLIO-3) Other systems leave garbage behind the end of a file in its last block. */
static void test_garbage_behind_the_end_is_never_seen(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	static const uint64_t sizes[] = { 6000, 8192, 20000 };
	struct xfs_extent e = XFS_EXTENT_INIT;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int how = 0; how < 3; how++) {
			TEST_OK(xfs_ftruncate(f, 0));
			memset(buf, 0x31, 5000);
			assert_int_equal(xfs_pwrite(f, buf, 5000, 0), 5000);
			TEST_OK(xfs_fsync(f));
			TEST_OK(xfs_extents(f, 0, &e, 1, &n));
			memset(buf, 0xee, 4096);
			TEST_OK(xfs_device_pwrite(fs.dev, e.device_offset + 5120, buf, 3072, 0));
			xfs_pagecache_shrink(fs.mp, 0);
			if (how == 2)	/* in memory already when the size moves */
				assert_int_equal(xfs_pread(f, back, 100, 4900), 100);
			if (how)
				TEST_OK(xfs_ftruncate(f, sizes[i]));
			else
				assert_int_equal(xfs_pwrite(f, "e", 1, sizes[i] - 1), 1);
			TEST_OK(xfs_fsync(f));
			xfs_pagecache_shrink(fs.mp, 0);
			assert_int_equal(xfs_pread(f, back, sizeof(back), 0), sizes[i]);
			for (uint64_t k = 0; k < sizes[i]; k++)
				assert_int_equal((uint8_t)back[k], k < 5000 ? 0x31 :
						 !how && k == sizes[i] - 1 ? 'e' : 0);
		}
	}
	TEST_OK(xfs_close(f));
}

static void test_holes_and_data(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	assert_int_equal(xfs_pwrite(f, buf, 4096, 40960), 4096);
	assert_int_equal(xfs_pwrite(f, buf, 4096, 81920), 4096);
	TEST_OK(xfs_ftruncate(f, 100000));
	for (int synced = 0; synced < 2; synced++) {
		assert_int_equal(xfs_seek(f, 0, SEEK_DATA), 40960);
		assert_int_equal(xfs_seek(f, 0, SEEK_HOLE), 0);
		assert_int_equal(xfs_seek(f, 41000, SEEK_DATA), 41000);
		assert_int_equal(xfs_seek(f, 41000, SEEK_HOLE), 45056);
		assert_int_equal(xfs_seek(f, 45056, SEEK_DATA), 81920);
		assert_int_equal(xfs_seek(f, 81920, SEEK_HOLE), 86016);
		assert_int_equal(xfs_seek(f, 86016, SEEK_DATA), -ENXIO);
		assert_int_equal(xfs_seek(f, 99999, SEEK_HOLE), 99999);
		assert_int_equal(xfs_seek(f, 100000, SEEK_HOLE), -ENXIO);
		TEST_OK(xfs_fsync(f));
		xfs_pagecache_shrink(fs.mp, 0);
	}
	TEST_OK(xfs_close(f));
}

static void test_unwritten_blocks_are_holes_until_written(void **state)
{
	const struct xfs_iattr hint = {
		.size = sizeof(hint),
		.valid = XFS_ATTR_EXTSIZE | XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_EXTSIZE,
		.extsize_bytes = 65536,
	};
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	TEST_OK(xfs_fsetattr(f, &hint));
	TEST_OK(xfs_ftruncate(f, 65536));
	assert_int_equal(xfs_pwrite(f, buf, 4096, 16384), 4096);
	for (int synced = 0; synced < 2; synced++) {
		assert_int_equal(xfs_seek(f, 0, SEEK_HOLE), 0);
		assert_int_equal(xfs_seek(f, 0, SEEK_DATA), 16384);
		assert_int_equal(xfs_seek(f, 16384, SEEK_HOLE), 20480);
		assert_int_equal(xfs_seek(f, 20480, SEEK_DATA), -ENXIO);
		TEST_OK(xfs_fsync(f));
	}
	TEST_OK(xfs_close(f));
}

/* What can be read but once, from where it stands: all of it, or as much as is asked for. */
static void test_streams_are_copied_in(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	int fds[2];
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 251);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		/* In pieces that do not go with any block. */
		for (size_t done = 0; done < sizeof(buf);) {
			size_t len = sizeof(buf) - done < 50001 ? sizeof(buf) - done : 50001;
			ssize_t ret = write(fds[1], buf + done, len);

			if (ret <= 0)
				_exit(1);
			done += (size_t)ret;
		}
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(xfs_write_from_fd(f, fds[0], 1, 10, 0), -ESPIPE);
	assert_int_equal(xfs_write_from_fd(f, fds[0], 0, 1000, 3), 1000);
	assert_int_equal(xfs_write_from_fd(f, fds[0], 0, INT64_MAX, 1003), sizeof(buf) - 1000);
	assert_int_equal(xfs_write_from_fd(f, fds[0], 0, 10, 0), 0);
	assert_int_equal(stat_of(f).st_size, sizeof(buf) + 3);
	assert_int_equal(xfs_pread(f, back, sizeof(back), 3), sizeof(back));
	assert_memory_equal(back, buf, sizeof(buf));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	TEST_OK(xfs_close(f));
}

static void test_an_open_file_without_a_name_is_found(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT), *again, *path;
	uint64_t ino = stat_of(f).st_ino;

	(void)state;
	assert_int_equal(xfs_pwrite(f, "kept", 4, 0), 4);
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	TEST_OK(xfs_open_by_ino(fs.mp, ino, 0, O_RDONLY, &again));
	TEST_OK(xfs_close(f));
	assert_int_equal(xfs_pread(again, back, 10, 0), 4);
	assert_memory_equal(back, "kept", 4);
	TEST_OK(xfs_open_by_ino(fs.mp, ino, 0, O_PATH, &path));
	TEST_OK(xfs_close(again));
	assert_int_equal(stat_of(path).st_nlink, 0);
	TEST_OK(xfs_close(path));
	assert_int_equal(xfs_open_by_ino(fs.mp, ino, 0, O_RDONLY, &again), -ESTALE);
}

static void test_the_device_number_stays(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	dev_t dev = stat_of(f).st_dev;
	struct stat st;

	(void)state;
	assert_true(dev != 0);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_stat(fs.mp, "/", &st));
	assert_true(st.st_dev == dev);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	TEST_OK(xfs_lstat(fs.mp, "/f", &st));
	assert_true(st.st_dev == dev);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_append_goes_to_the_end),
		T(test_nothing_is_written_for_nothing),
		T(test_the_largest_offset),
		T(test_what_a_handle_may_do),
		T(test_append_only_and_immutable),
		T(test_privileges_go_with_a_write),
		T(test_read_only_volume),
		T(test_synced_data_is_on_the_device),
		T(test_copy_from_a_descriptor),
		T(test_garbage_behind_the_end_is_never_seen),
		T(test_holes_and_data),
		T(test_unwritten_blocks_are_holes_until_written),
		T(test_streams_are_copied_in),
		T(test_an_open_file_without_a_name_is_found),
		T(test_the_device_number_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
