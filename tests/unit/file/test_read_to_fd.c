/* SPDX-License-Identifier: MIT */
/*
 * Goal: what xfs_read_to_fd() puts into files, pipes and sockets is what reading gives, from memory, from
 *       the device, out of holes and across all of them; what the descriptor refuses is told as that.
 * Method: a volume in a host file, so that the host copies, and one in memory, where it cannot; the
 *       targets are read back.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/io.h>
#include "api/api_priv.h"
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_fs.h"

#define SIZE	(3u << 20)

static struct test_fs fs;
static uint8_t want[SIZE], back[SIZE + 4096];

/* A volume on @memory or a host file, with "/f": data, a hole, data, some of it in memory and dirty. */
static struct xfs_file *make(bool memory)
{
	struct xfs_device *dev;
	struct xfs_file *f;

	if (memory) {
		test_fs_make(&fs, 64u << 20, NULL);
	} else {
		int fd = memfd_create("image", MFD_CLOEXEC);

		assert_true(fd >= 0 && ftruncate(fd, 64 << 20) == 0);
		TEST_OK(xfs_device_open_fd(fd, 0, &dev));
		close(fd);
		test_fs_make_on(&fs, dev, NULL);
	}
	for (size_t i = 0; i < SIZE; i++)
		want[i] = i >= 1u << 20 && i < 2u << 20 ? 0 : (uint8_t)(i * 7 + i / 251);
	TEST_OK(xfs_open(fs.mp, "/f", O_RDWR | O_CREAT, 0644, &f));
	assert_int_equal(xfs_pwrite(f, want, 1u << 20, 0), 1u << 20);
	assert_int_equal(xfs_pwrite(f, want + (2u << 20), 1u << 20, 2u << 20), 1u << 20);
	TEST_OK(xfs_fsync(f));
	xfs_pagecache_shrink(fs.mp, 0);
	memset(want + 100000, 0x55, 50000);
	assert_int_equal(xfs_pwrite(f, want + 100000, 50000, 100000), 50000);
	return f;
}

static void end(struct xfs_file *f)
{
	TEST_OK(xfs_close(f));
	test_fs_end(&fs);
}

static const struct {
	uint64_t off, len;
} ranges[] = {
	{ 0, SIZE }, { 0, INT64_MAX }, { 1, 4095 }, { 4095, 100000 }, { 90000, 20000 },
	{ 120000, 100 }, { (1u << 20) - 7, 14 }, { (2u << 20) - 5000, 9999 }, { SIZE - 1, 100 },
	{ SIZE, 1 }, { INT64_MAX, 5 }, { 77, 0 }, { 140000, 1u << 20 },
};

static uint64_t expected(size_t i)
{
	if (ranges[i].off >= SIZE)
		return 0;
	return XFS_MIN(ranges[i].len, SIZE - ranges[i].off);
}

static void to_files(bool memory)
{
	struct xfs_file *f = make(memory);
	int fd = memfd_create("target", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t len = expected(i);

		/* Over something else, and nothing around it changes. */
		memset(back, 0xee, sizeof(back));
		assert_int_equal(pwrite(fd, back, sizeof(back), 0), sizeof(back));
		assert_int_equal(xfs_read_to_fd(f, ranges[i].off, fd, 33, ranges[i].len), len);
		assert_int_equal(pread(fd, back, sizeof(back), 0), sizeof(back));
		assert_int_equal(back[32], 0xee);
		assert_int_equal(back[33 + len], 0xee);
		if (len)
			assert_memory_equal(back + 33, want + ranges[i].off, len);
	}
	/* It was not written back for that. */
	assert_true(xfs_pagecache_dirty_bytes(fs.mp) > 0);
	close(fd);
	end(f);
}

static void test_files_of_a_host_that_copies(void **state)
{
	(void)state;
	to_files(false);
}

static void test_files_from_a_device_in_memory(void **state)
{
	(void)state;
	to_files(true);
}

/* What comes out of @fd, up to its end, is want[@off, +@len). */
static void read_all(int fd, uint64_t off, uint64_t len)
{
	uint64_t got = 0;
	ssize_t n;

	while ((n = read(fd, back + got, sizeof(back) - got)) > 0)
		got += (uint64_t)n;
	_exit(n < 0 || got != len || (len && memcmp(back, want + off, len)) ? 1 : 0);
}

static void to_streams(bool sockets, bool rdonly)
{
	struct xfs_file *f = make(false);

	if (rdonly) {
		TEST_OK(xfs_close(f));
		test_fs_close_and_check(&fs);
		fs.opts.flags |= XFS_MOUNT_RDONLY;
		test_fs_open(&fs);
		TEST_OK(xfs_open(fs.mp, "/f", O_RDONLY, 0, &f));
		/* A part of it in memory. */
		assert_int_equal(xfs_pread(f, back, 100, 0), 100);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		int fds[2], status;
		pid_t pid;

		assert_int_equal(sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
		pid = fork();
		if (!pid) {
			close(fds[1]);
			read_all(fds[0], ranges[i].off, expected(i));
		}
		close(fds[0]);
		TEST_IS(xfs_read_to_fd(f, 0, fds[1], 1, 10), -ESPIPE);
		assert_int_equal(xfs_read_to_fd(f, ranges[i].off, fds[1], 0, ranges[i].len), expected(i));
		close(fds[1]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	test_fs_destroy(&fs);
}

static void test_pipes(void **state)
{
	(void)state;
	to_streams(false, false);
	to_streams(false, true);
}

static void test_sockets(void **state)
{
	(void)state;
	to_streams(true, false);
	to_streams(true, true);
}

/* A pipe that is read late has what the file had, not what was written since into the same blocks. */
static void test_a_late_reader_sees_no_later_bytes(void **state)
{
	struct xfs_file *f = make(false);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(xfs_read_to_fd(f, 0, fds[1], 0, 8192), 8192);
	memset(back, 0x99, 8192);
	assert_int_equal(xfs_pwrite(f, back, 8192, 0), 8192);
	TEST_OK(xfs_fsync(f));
	assert_int_equal(read(fds[0], back, 8192), 8192);
	assert_memory_equal(back, want, 8192);
	close(fds[0]);
	close(fds[1]);
	end(f);
}

static void test_what_descriptors_refuse(void **state)
{
	struct xfs_file *f = make(false), *w, *dir;
	int fds[2], fd = memfd_create("target", MFD_CLOEXEC), ro;
	char path[64];

	(void)state;
	TEST_OK(xfs_open(fs.mp, "/f", O_WRONLY, 0, &w));
	TEST_OK(xfs_open(fs.mp, "/", O_RDONLY, 0, &dir));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	TEST_IS(xfs_read_to_fd(w, 0, fd, 0, 1), -EBADF);
	TEST_IS(xfs_read_to_fd(dir, 0, fd, 0, 1), -EISDIR);
	TEST_IS(xfs_read_to_fd(f, 0, -1, 0, 1), -EBADF);
	TEST_IS(xfs_read_to_fd(f, 0, 987, 0, 1), -EBADF);
	TEST_IS(xfs_read_to_fd(f, 0, ro, 0, 1), -EBADF);
	assert_non_null(strstr(xfs_error_text(fs.mp), "host file"));
	TEST_IS(xfs_read_to_fd(f, (uint64_t)INT64_MAX + 1, fd, 0, 1), -EINVAL);
	TEST_IS(xfs_read_to_fd(f, 0, fd, (uint64_t)INT64_MAX + 1, 1), -EINVAL);
	/* A pipe that nobody reads: what fits, then -EAGAIN; and one whose reader is gone. */
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_in_range(xfs_read_to_fd(f, 0, fds[1], 0, SIZE), 4096, SIZE - 1);
	TEST_IS(xfs_read_to_fd(f, 0, fds[1], 0, SIZE), -EAGAIN);
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	TEST_IS(xfs_read_to_fd(f, 0, fds[1], 0, SIZE), -EPIPE);
	close(fds[1]);
	/* The file system is as good as before. */
	assert_int_equal(xfs_read_to_fd(f, 0, fd, 0, SIZE), SIZE);
	close(ro);
	close(fd);
	TEST_OK(xfs_close(w));
	TEST_OK(xfs_close(dir));
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_of_a_host_that_copies),
		cmocka_unit_test(test_files_from_a_device_in_memory),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_a_late_reader_sees_no_later_bytes),
		cmocka_unit_test(test_what_descriptors_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
