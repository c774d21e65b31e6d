/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a caller's device answers never decides more than it should: calls that were interrupted
 *       are tried again, every other errno arrives as the one that is documented, the device's own
 *       stays in the text and can be asked for, a file whose data was lost takes no more before that
 *       was told, and a source that cannot be read harms nothing.
 * Method: a mount over the fault injector, which answers what the test wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "core/message.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define MIB	(1u << 20)

static struct test_fs fs;
static struct xfs_device *fault;
static char data[MIB];

/* A volume with a journal on the fault injector. */
static void set_up(void)
{
	struct xfs_device *base;

	TEST_OK(xfs_device_open_memory(256 * MIB, 512, NULL, &base));
	TEST_OK(test_fault_open(base, &fault));
	xfs_device_put(base);
	test_fs_make_on(&fs, fault, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	memset(data, 'd', sizeof(data));
}

static struct xfs_file *open_file(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	return file;
}

static void fail_always(unsigned int ops, int error)
{
	test_fault_error(fault, error);
	test_fault_arm(fault, ops, 1, true, false);
}

static void work(const char *path)
{
	struct xfs_file *file = open_file(path);

	assert_int_equal(TEST_OK(xfs_pwrite(file, data, sizeof(data), 0)), sizeof(data));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
}

/* Each call in turn is interrupted once: nobody notices. */
static void test_interrupted_calls_are_tried_again(void **state)
{
	static const int errors[] = { -EINTR, -EAGAIN };
	static const unsigned int ops[] = { TEST_FAULT_READ, TEST_FAULT_WRITE, TEST_FAULT_FLUSH };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		for (size_t o = 0; o < ARRAY_SIZE(ops); o++) {
			bool met = true;

			set_up();
			test_fault_error(fault, errors[e]);
			for (unsigned int nth = 1; met && nth < 40; nth++) {
				char path[16];

				TEST_OK(xfs_unmount(fs.mp));
				test_fault_arm(fault, ops[o], nth, false, true);
				test_fs_open(&fs);
				snprintf(path, sizeof(path), "/f%u", nth);
				work(path);
				met = test_fault_met(fault);
			}
			test_fs_end(&fs);
		}
	}
}

static const int foreign[] = {
	-EINTR, -ECANCELED, -ENOSPC, -EDQUOT, -EROFS, -EINVAL, -ENXIO, -EBADF, -ETIMEDOUT,
	-EUCLEAN, -EBADMSG, -ENOTSUP, -ENODATA, -EPERM, -5000, 7,
};

static void demand_cause(int error)
{
	int cause = error < 0 && error >= -4095 ? -error : EIO;

	assert_int_equal(xfs_device_error(fault), -cause);
	if (!strstr(xfs_error_text(fs.mp), strerror(cause)))
		fail_msg("\"%s\" does not tell of \"%s\"", xfs_error_text(fs.mp), strerror(cause));
}

/* Of data: the file hears of it; of the journal: the file system ends.  Both are -EIO. */
static void test_foreign_errors_are_told_as_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct xfs_file *file;

		set_up();
		file = open_file("/f");
		TEST_OK(xfs_fsync(file));
		assert_int_equal(xfs_device_error(fault), 0);
		TEST_OK(xfs_pwrite(file, data, 100, 0));
		fail_always(TEST_FAULT_WRITE, foreign[i]);
		TEST_IS(xfs_fsync(file), -EIO);
		demand_cause(foreign[i]);
		/* Long after it too. */
		TEST_IS(xfs_mkdir(fs.mp, "/d", 0755), -EIO);
		demand_cause(foreign[i]);
		TEST_IS(xfs_fsync(file), -EIO);
		demand_cause(foreign[i]);
		xfs_close(file);
		test_fault_met(fault);
		xfs_abandon(fs.mp);

		TEST_OK(xfs_mount(fs.dev, &fs.opts, &fs.mp));
		fail_always(TEST_FAULT_FLUSH, foreign[i]);
		file = open_file("/f");
		TEST_OK(xfs_pwrite(file, data, 100, 0));
		TEST_IS(xfs_fsync(file), -EIO);
		demand_cause(foreign[i]);
		TEST_IS(xfs_sync(fs.mp), -EIO);
		demand_cause(foreign[i]);
		TEST_OK(xfs_close(file));
		test_fault_met(fault);
		TEST_IS(xfs_unmount(fs.mp), -EIO);
		xfs_device_put(fs.dev);
	}
}

static void test_reading_tells_it_too(void **state)
{
	struct xfs_file *file;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct xfs_mount *mp;

		set_up();
		work("/f");
		TEST_OK(xfs_unmount(fs.mp));
		test_fs_open(&fs);
		file = open_file("/f");
		fail_always(TEST_FAULT_READ, foreign[i]);
		TEST_IS(xfs_pread(file, data, 4096, 0), -EIO);
		demand_cause(foreign[i]);
		test_fault_met(fault);
		TEST_OK(xfs_close(file));
		TEST_OK(xfs_unmount(fs.mp));
		fail_always(TEST_FAULT_READ, foreign[i]);
		TEST_IS(xfs_mount(fs.dev, &fs.opts, &mp), -EIO);
		demand_cause(foreign[i]);
		test_fault_met(fault);
		xfs_device_put(fs.dev);
	}
}

/* Where the data of @file lies on the device. */
static struct xfs_extent extent_of(struct xfs_file *file)
{
	struct xfs_extent ext = XFS_EXTENT_INIT;
	size_t count;

	TEST_OK(xfs_extents(file, 0, &ext, 1, &count));
	assert_int_equal(count, 1);
	return ext;
}

/*
 * A program that never syncs must not lose gigabytes without a word: the file is not taken further,
 * until fsync, or a sync of all, has told it, once.
 */
static void lost_data_stops_the_writer(bool sync_all)
{
	struct xfs_file *file, *other;
	struct xfs_extent ext = XFS_EXTENT_INIT;
	uint64_t size = 128 * MIB, accepted = 0;
	int64_t ret = 0;

	set_up();
	other = open_file("/other");
	file = open_file("/f");
	for (uint64_t at = 0; at < size; at += sizeof(data))
		TEST_OK(xfs_pwrite(file, data, sizeof(data), at));
	TEST_OK(xfs_fsync(file));
	ext = extent_of(file);
	/* Only this file's data, not the journal. */
	test_fault_error(fault, -ENOSPC);
	test_fault_bad_range(fault, TEST_FAULT_WRITE, ext.device_offset, ext.length);
	while (accepted < size) {
		ret = xfs_pwrite(file, data, sizeof(data), accepted);
		if (ret <= 0)
			break;
		accepted += (uint64_t)ret;
	}
	assert_int_equal(ret, -EIO);
	demand_cause(-ENOSPC);
	/* The cache's size and a batch of the queue. */
	assert_true(accepted < 64 * MIB);
	TEST_IS(xfs_pwrite(file, data, 1, 0), -EIO);
	assert_true(test_fault_met(fault));

	/* Others go on; and so does this one, as soon as it was told. */
	TEST_OK(xfs_pwrite(other, data, sizeof(data), 0));
	TEST_IS(sync_all ? xfs_sync(fs.mp) : xfs_fsync(file), -EIO);
	demand_cause(-ENOSPC);
	assert_int_equal(TEST_OK(xfs_pwrite(file, data, sizeof(data), 0)), sizeof(data));
	if (sync_all)	/* this file's own teller has not been asked yet */
		TEST_IS(xfs_fsync(file), -EIO);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_fsync(other));
	TEST_OK(xfs_close(other));
	TEST_OK(xfs_close(file));
	if (!sync_all)
		TEST_IS(xfs_sync(fs.mp), -EIO);
	test_fs_end(&fs);
}

static void test_lost_data_stops_the_writer_until_fsync(void **state)
{
	(void)state;
	lost_data_stops_the_writer(false);
}

static void test_lost_data_stops_the_writer_until_sync(void **state)
{
	(void)state;
	lost_data_stops_the_writer(true);
}

static struct xfs_file *open_as(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0, &file));
	return file;
}

/* Data of @file, which lies at @ext, is written and lost; write-back is a sync's, whose own -EIO is heard. */
static void lose(struct xfs_file *file, struct xfs_extent ext)
{
	test_fault_error(fault, -ENOSPC);
	test_fault_bad_range(fault, TEST_FAULT_WRITE, ext.device_offset, ext.length);
	TEST_OK(xfs_pwrite(file, data, 4096, 0));
	TEST_IS(xfs_sync(fs.mp), -EIO);
	assert_true(test_fault_met(fault));
}

static void demand_lost(struct xfs_file *file)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	TEST_IS(xfs_fsync(file), -EIO);
	demand_cause(-ENOSPC);
	TEST_OK(xfs_file_error(file, &info));
	assert_int_equal(info.device_error, -ENOSPC);
	TEST_OK(xfs_fsync(file));
}

static void close_lost(struct xfs_file *file)
{
	TEST_IS(xfs_close(file), -EIO);
	demand_cause(-ENOSPC);
}

static void test_every_handle_is_told_once_of_lost_data(void **state)
{
	struct xfs_file *a, *b, *reader, *sync, *late;
	struct xfs_extent ext = XFS_EXTENT_INIT;

	(void)state;
	set_up();
	work("/f");
	a = open_as("/f", O_RDWR);
	b = open_as("/f", O_WRONLY);
	reader = open_as("/f", O_RDONLY);
	sync = open_as("/f", O_RDWR | O_SYNC);
	ext = extent_of(a);
	lose(a, ext);
	late = open_as("/f", O_RDWR);	/* nobody has been told yet */
	demand_lost(a);
	demand_lost(b);
	demand_lost(reader);
	TEST_IS(xfs_pwrite(sync, data, 1, 0), -EIO);
	TEST_OK(xfs_pwrite(sync, data, 1, 0));
	demand_lost(late);
	TEST_OK(xfs_close(late));
	late = open_as("/f", O_RDWR);
	TEST_OK(xfs_fsync(late));

	/* The end of a handle tells what it was not told; but not that of a reader. */
	lose(a, ext);
	close_lost(late);
	TEST_OK(xfs_close(reader));
	late = open_as("/f", O_RDWR);	/* an end is not asked by many: this one is told too */
	demand_lost(late);
	TEST_OK(xfs_close(late));
	late = open_as("/f", O_RDWR);
	TEST_OK(xfs_close(late));
	lose(a, ext);
	late = open_as("/f", O_RDWR);	/* lost before it came */
	TEST_OK(xfs_close(late));
	close_lost(b);
	demand_lost(a);
	TEST_OK(xfs_close(a));
	close_lost(sync);
	test_fs_end(&fs);
}

/* The newest failure is not always the one: the error that is told brings its own. */
static void test_a_shutdown_tells_what_caused_it(void **state)
{
	struct xfs_error_info info = { .size = sizeof(info) };
	char sector[512];

	(void)state;
	for (int damage = 0; damage < 2; damage++) {
		set_up();
		xfs_call_begin();
		fail_always(TEST_FAULT_READ, -ENXIO);
		TEST_IS(xfs_device_pread(fault, 0, sector, sizeof(sector)), -EIO);
		test_fault_met(fault);
		TEST_OK(xfs_device_pread(fault, 0, sector, sizeof(sector)));
		xfs_shutdown(fs.mp, damage ? -EUCLEAN : -EIO, "as the test wants");
		xfs_call_end("a test", 0);
		TEST_IS(xfs_mkdir(fs.mp, "/d", 0755), -EIO);
		TEST_OK(xfs_mount_error(fs.mp, &info));
		assert_int_equal(info.error_class, XFS_ERROR_SHUTDOWN);
		assert_int_equal(info.device_error, damage ? 0 : -ENXIO);
		assert_int_equal(!(info.known & XFS_ERROR_AT_DEVICE), damage);
		xfs_abandon(fs.mp);
		xfs_device_put(fs.dev);
	}
}

/* A directory that cannot be read: its handle has it, another's call in between or not. */
static void test_a_directory_handle_keeps_its_failure(void **state)
{
	struct xfs_error_info info = { .size = sizeof(info) };
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct stat st;
	struct xfs_dir *dir;
	char path[32];

	(void)state;
	set_up();
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/d/entry-%06d", i);
		TEST_OK(xfs_mkdir(fs.mp, path, 0755));
	}
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	TEST_OK(xfs_opendir(fs.mp, "/d", &dir));
	TEST_OK(xfs_dir_error(dir, &info));
	assert_int_equal(info.error, 0);
	fail_always(TEST_FAULT_READ, -ENXIO);
	TEST_IS(xfs_readdir(dir, &entry), -EIO);
	test_fault_met(fault);
	TEST_IS(xfs_stat(fs.mp, "/none", &st), -ENOENT);
	TEST_OK(xfs_dir_error(dir, &info));
	assert_int_equal(info.error, -EIO);
	assert_int_equal(info.device_error, -ENXIO);
	assert_string_equal(info.call, "xfs_readdir");
	TEST_OK(xfs_dir_error(NULL, &info));
	assert_int_equal(info.error, -ENOENT);
	assert_int_equal(xfs_dir_error(dir, NULL), -EINVAL);
	xfs_seekdir(dir, 0);
	assert_int_equal(xfs_readdir(dir, &entry), 1);
	xfs_closedir(dir);
	test_fs_end(&fs);
}

/* Data that a device had no memory for is as lost as any. */
static void test_data_lost_for_want_of_memory_is_an_io_error(void **state)
{
	struct xfs_file *file;
	struct xfs_extent ext = XFS_EXTENT_INIT;

	(void)state;
	set_up();
	file = open_file("/f");
	TEST_OK(xfs_pwrite(file, data, sizeof(data), 0));
	TEST_OK(xfs_fsync(file));
	ext = extent_of(file);
	test_fault_error(fault, -ENOMEM);
	test_fault_bad_range(fault, TEST_FAULT_WRITE, ext.device_offset, ext.length);
	TEST_OK(xfs_pwrite(file, data, sizeof(data), 0));
	TEST_IS(xfs_fsync(file), -EIO);
	demand_cause(-ENOMEM);
	assert_true(test_fault_met(fault));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_sync(fs.mp), -EIO);
	test_fs_end(&fs);
}

/* The host file that data is copied from: its failure is the caller's, and told as that. */
static void test_sources_that_fail_are_told_apart(void **state)
{
	int pipefd[2], fds[4];
	const int want[] = { -EIO, -EISDIR, -EBADF, -ESPIPE };
	struct xfs_file *file;

	(void)state;
	set_up();
	file = open_file("/f");
	fds[0] = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);	/* nothing is mapped at 0 */
	fds[1] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC | O_NONBLOCK), 0);
	fds[3] = pipefd[0];
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		int64_t ret;

		assert_true(fds[i] >= 0);
		ret = xfs_write_from_fd(file, fds[i], 0, 8 * MIB, 0);
		/* Pipes may be read as well; this one has nothing. */
		if (i == 3 && ret == -EAGAIN)
			ret = -ESPIPE;
		TEST_IS(ret, want[i]);
		assert_non_null(strstr(xfs_error_text(fs.mp), "host file"));
		assert_int_equal(xfs_device_error(fault), 0);
		close(fds[i]);
	}
	close(pipefd[1]);
	TEST_OK(xfs_pwrite(file, data, sizeof(data), 0));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted_calls_are_tried_again),
		cmocka_unit_test(test_foreign_errors_are_told_as_documented),
		cmocka_unit_test(test_reading_tells_it_too),
		cmocka_unit_test(test_lost_data_stops_the_writer_until_fsync),
		cmocka_unit_test(test_lost_data_stops_the_writer_until_sync),
		cmocka_unit_test(test_every_handle_is_told_once_of_lost_data),
		cmocka_unit_test(test_a_shutdown_tells_what_caused_it),
		cmocka_unit_test(test_a_directory_handle_keeps_its_failure),
		cmocka_unit_test(test_data_lost_for_want_of_memory_is_an_io_error),
		cmocka_unit_test(test_sources_that_fail_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
