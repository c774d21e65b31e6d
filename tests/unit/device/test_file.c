/* SPDX-License-Identifier: MIT */
/*
 * Goal: host files and block devices keep the contract of the block device,
 * whatever the vectors and flags, with and without direct I/O.
 * Method: the device model on files of both kinds, where the host has them on
 * tmpfs too, and on a loop device when root may make one; every flag and
 * refusal of opening.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/mem.h"
#include "support/device_model.h"
#include "support/test_seed.h"

#define MODEL_BYTES (3u << 20)

static char dir[PATH_MAX];

static const char *path_of(const char *name)
{
	static char path[PATH_MAX + 100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	/* A disk, not memory: direct I/O and holes behave as they do for users. */
	snprintf(dir, sizeof(dir), "%s/xfswrite-file-XXXXXX", tmp ? tmp : "/var/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path_of("image"));
	unlink(path_of("other"));
	unlink(path_of("fifo"));
	return rmdir(dir);
}

static struct xfs_device *open_image(unsigned int flags, uint64_t size_bytes)
{
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_file(path_of("image"), flags, size_bytes, &dev), 0);
	return dev;
}

static void test_model_buffered(void **state)
{
	struct xfs_device *dev = open_image(XFS_DEV_CREATE, MODEL_BYTES);
	struct xfs_rand r = test_rand(1);

	(void)state;
	test_device_refusals(dev);
	test_device_model(dev, &r, 300);
	xfs_device_put(dev);
	unlink(path_of("image"));
}

/* The image's sectors are smaller than the host's unit, the vectors aligned to nothing. */
static void test_model_direct(void **state)
{
	struct xfs_rand r = test_rand(2);
	struct xfs_device *dev;
	int error;

	(void)state;
	error = xfs_device_open_file(path_of("image"), XFS_DEV_CREATE | XFS_DEV_DIRECT, MODEL_BYTES,
				     &dev);
	if (error == -EINVAL)
		skip(); /* the host cannot do it there */
	assert_int_equal(error, 0);
	test_device_refusals(dev);
	test_device_model(dev, &r, 300);
	xfs_device_put(dev);
	unlink(path_of("image"));
}

static void test_model_descriptor(void **state)
{
	struct xfs_rand r = test_rand(3);
	struct xfs_device *dev;
	int fd = open(path_of("image"), O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, MODEL_BYTES), 0);
	assert_int_equal(lseek(fd, 1234, SEEK_SET), 1234);
	assert_int_equal(xfs_device_open_fd(fd, 0, &dev), 0);
	test_device_model(dev, &r, 200);
	xfs_device_put(dev);
	/* Still the caller's, and where the caller left it. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1234);
	close(fd);
	unlink(path_of("image"));
}

/* More pieces than one call of the host takes. */
static void test_many_pieces(void **state)
{
	enum { PIECES = 3 * IOV_MAX + 7, PIECE = 512 };
	struct xfs_device *dev = open_image(XFS_DEV_CREATE, PIECES * PIECE);
	uint8_t *in = test_malloc(PIECES * PIECE), *out = test_malloc(PIECES * PIECE);
	struct iovec *iov = test_malloc(PIECES * sizeof(*iov));

	(void)state;
	test_pattern_fill(in, PIECES * PIECE, 1);
	for (unsigned int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){in + i * PIECE, PIECE};
	assert_int_equal(xfs_device_pwritev(dev, 0, iov, PIECES, 0), 0);
	for (unsigned int i = 0; i < PIECES; i++)
		iov[i].iov_base = out + i * PIECE;
	assert_int_equal(xfs_device_preadv(dev, 0, iov, PIECES), 0);
	assert_memory_equal(in, out, PIECES * PIECE);
	test_free(iov);
	test_free(out);
	test_free(in);
	xfs_device_put(dev);
	unlink(path_of("image"));
}

static void test_sizes_and_flags(void **state)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_device *dev;
	uint8_t buf[512];

	(void)state;
	assert_int_equal(xfs_device_open_file(path_of("image"), 0, 0, &dev), -ENOENT);
	assert_null(dev);
	dev = open_image(XFS_DEV_CREATE, 8192);
	memset(buf, 9, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, XFS_DEV_FUA), 0);
	xfs_device_put(dev);

	/* What is there keeps its length and contents. */
	dev = open_image(XFS_DEV_CREATE, 1 << 20);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_int_equal(info.size_bytes, 8192);
	assert_int_equal(info.logical_sector, 512);
	assert_false(info.read_only);
	assert_true(info.growable);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 512), 0);
	assert_int_equal(buf[511], 9);

	/* Grows with zeros, shrinks, grows with zeros again. */
	assert_int_equal(xfs_device_resize(dev, 1000), -EINVAL);
	assert_int_equal(xfs_device_resize(dev, 512), 0);
	assert_int_equal(xfs_device_pread(dev, 512, buf, 512), -EIO);
	assert_int_equal(xfs_device_resize(dev, 4096), 0);
	assert_int_equal(xfs_device_pread(dev, 512, buf, 512), 0);
	assert_int_equal(buf[0], 0);
	xfs_device_put(dev);

	dev = open_image(XFS_DEV_TRUNCATE, 16384);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_int_equal(info.size_bytes, 16384);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 512), 0);
	assert_int_equal(buf[0], 0);
	xfs_device_put(dev);

	dev = open_image(XFS_DEV_RDONLY, 0);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_true(info.read_only);
	assert_false(info.growable);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, 0), -EROFS);
	assert_int_equal(xfs_device_zero(dev, 0, 512), -EROFS);
	assert_int_equal(xfs_device_discard(dev, 0, 512), -EROFS);
	assert_int_equal(xfs_device_copy_range(dev, 0, 0, 0, 512), -EROFS);
	assert_int_equal(xfs_device_resize(dev, 4096), -EROFS);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 512), 0);
	xfs_device_put(dev);

	assert_int_equal(xfs_device_open_file(path_of("image"), 1u << 20, 0, &dev), -EINVAL);
	assert_int_equal(
		xfs_device_open_file(path_of("image"), XFS_DEV_RDONLY | XFS_DEV_CREATE, 0, &dev),
		-EINVAL);
	assert_int_equal(
		xfs_device_open_file(path_of("image"), XFS_DEV_RDONLY | XFS_DEV_TRUNCATE, 0, &dev),
		-EINVAL);
	assert_int_equal(xfs_device_open_file(path_of("image"), 0, UINT64_MAX, &dev), -EFBIG);
	assert_int_equal(xfs_device_open_file(dir, XFS_DEV_RDONLY, 0, &dev), -EISDIR);
	assert_int_equal(xfs_device_open_file("/dev/null", 0, 0, &dev), -EINVAL);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(xfs_device_open_file(path_of("fifo"), XFS_DEV_RDONLY, 0, &dev), -EINVAL);
	unlink(path_of("image"));
}

/* A failed creation leaves no file behind. */
static void test_failed_creation(void **state)
{
	struct xfs_device *dev;

	(void)state;
	assert_int_equal(xfs_device_open_file(path_of("image"), XFS_DEV_CREATE, INT64_MAX, &dev),
			 -EFBIG);
	assert_int_equal(access(path_of("image"), F_OK), -1);
}

static void test_descriptor_refusals(void **state)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_device *dev;
	int fd, pipes[2];

	(void)state;
	xfs_device_put(open_image(XFS_DEV_CREATE, 4096));
	fd = open(path_of("image"), O_WRONLY);
	assert_int_equal(xfs_device_open_fd(fd, 0, &dev), -EINVAL);
	close(fd);
	fd = open(path_of("image"), O_RDWR | O_APPEND);
	assert_int_equal(xfs_device_open_fd(fd, 0, &dev), -EINVAL);
	close(fd);
	assert_int_equal(xfs_device_open_fd(fd, 0, &dev), -EBADF);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(xfs_device_open_fd(pipes[0], XFS_DEV_RDONLY, &dev), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	fd = open(path_of("image"), O_RDONLY);
	assert_int_equal(xfs_device_open_fd(fd, XFS_DEV_CREATE, &dev), -EINVAL);
	assert_int_equal(xfs_device_open_fd(fd, 0, &dev), 0);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_true(info.read_only);
	xfs_device_put(dev);
	close(fd);
	unlink(path_of("image"));
}

static void test_exclusive(void **state)
{
	struct xfs_device *first, *second;
	int fd;

	(void)state;
	first = open_image(XFS_DEV_CREATE | XFS_DEV_EXCL, 4096);
	assert_int_equal(xfs_device_open_file(path_of("image"), XFS_DEV_EXCL, 0, &second), -EBUSY);
	/* Refused before anything was done to it. */
	assert_int_equal(
		xfs_device_open_file(path_of("image"), XFS_DEV_EXCL | XFS_DEV_TRUNCATE, 0, &second),
		-EBUSY);
	assert_int_equal(
		xfs_device_open_file(path_of("image"), XFS_DEV_EXCL | XFS_DEV_RDONLY, 0, &second),
		-EBUSY);
	assert_int_equal(xfs_device_open_file(path_of("image"), 0, 0, &second), 0);
	xfs_device_put(second);
	xfs_device_put(first);

	first = open_image(XFS_DEV_RDONLY | XFS_DEV_EXCL, 0);
	second = open_image(XFS_DEV_RDONLY | XFS_DEV_EXCL, 0);
	xfs_device_put(first);
	xfs_device_put(second);

	fd = open(path_of("image"), O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(xfs_device_open_file(path_of("image"), XFS_DEV_EXCL, 0, &second), -EBUSY);
	/* The same description holds it: no conflict with itself. */
	assert_int_equal(xfs_device_open_fd(fd, XFS_DEV_EXCL, &second), 0);
	xfs_device_put(second);
	close(fd);
	unlink(path_of("image"));
}

static uint64_t allocated(void)
{
	struct stat st;

	assert_int_equal(stat(path_of("image"), &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* Zeroing and discarding give blocks back or at least take none. */
static void test_stays_sparse(void **state)
{
	struct xfs_device *dev = open_image(XFS_DEV_CREATE, 64 << 20);
	uint8_t *buf = test_malloc(1 << 20);
	int error;

	(void)state;
	assert_int_equal(xfs_device_zero(dev, 0, 64 << 20), 0);
	assert_true(allocated() < 1 << 20);
	memset(buf, 1, 1 << 20);
	assert_int_equal(xfs_device_pwrite(dev, 8 << 20, buf, 1 << 20, 0), 0);
	assert_int_equal(xfs_device_zero(dev, 1 << 20, 32 << 20), 0);
	assert_int_equal(xfs_device_flush(dev), 0);
	assert_true(allocated() <= 2 << 20);
	assert_int_equal(xfs_device_pread(dev, 8 << 20, buf, 1 << 20), 0);
	for (unsigned int i = 0; i < 1 << 20; i++)
		assert_int_equal(buf[i], 0);
	memset(buf, 1, 1 << 20);
	assert_int_equal(xfs_device_pwrite(dev, 40 << 20, buf, 1 << 20, 0), 0);
	error = xfs_device_discard(dev, 40 << 20, 1 << 20);
	assert_true(error == 0 || error == -EOPNOTSUPP);
	if (!error)
		assert_true(allocated() <= 2 << 20);
	test_free(buf);
	xfs_device_put(dev);
	unlink(path_of("image"));
}

/* The file under the device became shorter: an error, not stale or short data. */
static void test_file_shrank(void **state)
{
	struct xfs_device *dev = open_image(XFS_DEV_CREATE, 8192);
	uint8_t buf[8192];

	(void)state;
	assert_int_equal(truncate(path_of("image"), 4096), 0);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 4096), 0);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 8192), -EIO);
	assert_int_equal(xfs_device_pread(dev, 4096, buf, 512), -EIO);
	xfs_device_put(dev);
	unlink(path_of("image"));
}

static void test_copy_range(void **state)
{
	struct xfs_device *dev = open_image(XFS_DEV_CREATE, 1 << 20);
	static uint8_t in[300000], out[299520];
	int fd = open(path_of("other"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	int proc;

	(void)state;
	assert_true(fd >= 0);
	test_pattern_fill(in, sizeof(in), 5);
	assert_int_equal(write(fd, in, sizeof(in)), sizeof(in));
	assert_int_equal(xfs_device_copy_range(dev, 512, fd, 100, sizeof(out)), 0);
	assert_int_equal(xfs_device_pread(dev, 512, out, sizeof(out)), 0);
	assert_memory_equal(out, in + 100, sizeof(out));
	/* The source ends too early. */
	assert_int_equal(xfs_device_copy_range(dev, 0, fd, 299000, 2048), -EIO);
	assert_int_equal(xfs_device_copy_range(dev, 0, -1, 0, 2048), -EBADF);
	/* A file that says it is empty and can be read all the same. */
	proc = open("/proc/self/maps", O_RDONLY);
	assert_true(proc >= 0);
	assert_int_equal(xfs_device_copy_range(dev, 0, proc, 0, 512), 0);
	assert_int_equal(xfs_device_pread(dev, 0, out, 512), 0);
	assert_int_not_equal(out[0], 0);
	close(proc);
	close(fd);
	xfs_device_put(dev);
	unlink(path_of("image"));
	unlink(path_of("other"));
}

static void make_loop(char *loop, size_t size, unsigned int sector)
{
	char command[PATH_MAX + 200];
	FILE *pipe;

	loop[0] = '\0';
	snprintf(command, sizeof(command), "losetup -f --show -b %u %s 2>/dev/null", sector,
		 path_of("image"));
	pipe = popen(command, "r");
	if (!pipe)
		return;
	if (fgets(loop, (int)size, pipe))
		loop[strcspn(loop, "\n")] = '\0';
	pclose(pipe);
}

static void loop_model(const char *loop, unsigned int sector)
{
	struct xfs_device *dev, *second;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_rand r = test_rand(sector);

	assert_int_equal(xfs_device_open_file(loop, XFS_DEV_EXCL | XFS_DEV_TRUNCATE, 0, &dev), 0);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_int_equal(info.size_bytes, MODEL_BYTES);
	assert_int_equal(info.logical_sector, sector);
	assert_true(info.physical_sector >= sector);
	assert_false(info.growable);
	assert_int_equal(xfs_device_open_file(loop, XFS_DEV_EXCL, 0, &second), -EBUSY);
	/* The file below is in use by the loop device, even for those who only read. */
	assert_int_equal(xfs_device_open_file(path_of("image"), XFS_DEV_EXCL, 0, &second), -EBUSY);
	assert_int_equal(xfs_device_resize(dev, MODEL_BYTES), 0);
	assert_int_equal(xfs_device_resize(dev, 2 * MODEL_BYTES), -EOPNOTSUPP);
	test_device_refusals(dev);
	test_device_model(dev, &r, 150);
	xfs_device_put(dev);

	assert_int_equal(xfs_device_open_file(loop, XFS_DEV_DIRECT, 0, &dev), 0);
	test_device_model(dev, &r, 150);
	assert_int_equal(xfs_device_discard(dev, 0, 1 << 20), 0);
	xfs_device_put(dev);
}

/* The same through a descriptor of the caller's, which has neither O_DIRECT nor O_EXCL. */
static void loop_descriptor(const char *loop, unsigned int sector)
{
	struct xfs_rand r = test_rand(sector + 1);
	struct xfs_device *dev, *second;
	int fd = open(loop, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(xfs_device_open_fd(fd, XFS_DEV_DIRECT | XFS_DEV_EXCL, &dev), 0);
	assert_int_equal(xfs_device_open_fd(fd, XFS_DEV_EXCL, &second), -EBUSY);
	assert_null(second);
	test_device_model(dev, &r, 100);
	xfs_device_put(dev);
	/* The claim went with the device, not with the descriptor. */
	assert_int_equal(xfs_device_open_fd(fd, XFS_DEV_EXCL, &second), 0);
	xfs_device_put(second);
	close(fd);
}

static void test_block_device(void **state)
{
	static const unsigned int sectors[] = {512, 4096};
	char loop[100], command[200];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sectors); i++) {
		xfs_device_put(open_image(XFS_DEV_CREATE, MODEL_BYTES));
		make_loop(loop, sizeof(loop), sectors[i]);
		if (!loop[0]) {
			unlink(path_of("image"));
			skip(); /* not root, or no loop devices */
		}
		loop_model(loop, sectors[i]);
		loop_descriptor(loop, sectors[i]);
		snprintf(command, sizeof(command), "losetup -d %s", loop);
		assert_int_equal(system(command), 0);
		unlink(path_of("image"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_buffered),	    cmocka_unit_test(test_model_direct),
		cmocka_unit_test(test_model_descriptor),    cmocka_unit_test(test_many_pieces),
		cmocka_unit_test(test_sizes_and_flags),	    cmocka_unit_test(test_failed_creation),
		cmocka_unit_test(test_descriptor_refusals), cmocka_unit_test(test_exclusive),
		cmocka_unit_test(test_stays_sparse),	    cmocka_unit_test(test_file_shrank),
		cmocka_unit_test(test_copy_range),	    cmocka_unit_test(test_block_device),
	};

	test_seed_init(78);
	return test_seed_report(cmocka_run_group_tests(tests, setup, teardown));
}
