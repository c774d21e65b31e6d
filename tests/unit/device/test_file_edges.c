/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a host file does only on some hosts or bad days: units of direct
 * I/O larger than a sector, short transfers, failed writes and flushes, hosts
 * without RWF_DSYNC.
 * Method: the device's own struct is bent (a larger unit, a descriptor that
 * fails), and a limit of file sizes cuts writes short.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "device/device_priv.h"
#include "support/device_model.h"
#include "support/test_seed.h"

#define MODEL_BYTES (3u << 20)

static char path[PATH_MAX];

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/xfswrite-edges-XXXXXX", tmp ? tmp : "/var/tmp");
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static struct xfs_file_device *to_file(struct xfs_device *dev)
{
	return container_of(dev, struct xfs_file_device, dev);
}

static struct xfs_device *open_file(unsigned int flags)
{
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_file(path, flags | XFS_DEV_TRUNCATE, MODEL_BYTES, &dev),
			 0);
	return dev;
}

/* Direct I/O in units of 4 KiB on a file of 512-byte sectors; NULL: not on this host. */
static struct xfs_device *open_direct_4k(void)
{
	struct xfs_device *dev;
	int error =
		xfs_device_open_file(path, XFS_DEV_TRUNCATE | XFS_DEV_DIRECT, MODEL_BYTES, &dev);

	if (error == -EINVAL)
		return NULL;
	assert_int_equal(error, 0);
	if (to_file(dev)->offset_align < 4096)
		to_file(dev)->offset_align = 4096;
	if (to_file(dev)->mem_align < 4096)
		to_file(dev)->mem_align = 4096;
	return dev;
}

static void test_large_units(void **state)
{
	struct xfs_device *dev = open_direct_4k();
	struct xfs_rand r = test_rand(1);

	(void)state;
	if (!dev)
		skip();
	test_device_refusals(dev);
	test_device_model(dev, &r, 300);
	assert_int_equal(xfs_device_resize(dev, MODEL_BYTES + 512), -EINVAL);
	xfs_device_put(dev);
}

#ifdef XFSWRITE_THREADS
struct neighbour {
	struct xfs_device *dev;
	unsigned int me, wrong;
};

/* Sector 2 * i + me: two threads share every unit and must not undo each other. */
static void *neighbour_thread(void *arg)
{
	struct neighbour *n = arg;
	uint8_t buf[512], out[512];

	for (unsigned int i = 0; i < 400; i++) {
		uint64_t at = (uint64_t)(2 * (i % 16) + n->me) * 512;

		memset(buf, (int)(i & 0xff), sizeof(buf));
		if (xfs_device_pwrite(n->dev, at, buf, 512, 0) != 0 ||
		    xfs_device_pread(n->dev, at, out, 512) != 0 || memcmp(buf, out, 512) != 0)
			n->wrong++;
	}
	return NULL;
}

static void test_units_are_shared(void **state)
{
	struct xfs_device *dev = open_direct_4k();
	struct neighbour n[2];
	pthread_t thread[2];

	(void)state;
	if (!dev)
		skip();
	for (unsigned int i = 0; i < 2; i++) {
		n[i] = (struct neighbour){.dev = dev, .me = i};
		assert_int_equal(pthread_create(&thread[i], NULL, neighbour_thread, &n[i]), 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(n[i].wrong, 0);
	}
	xfs_device_put(dev);
}
#endif

/* A descriptor that everything fails on, for as long as a test wants. */
static int break_fd(struct xfs_device *dev)
{
	int fd = to_file(dev)->fd;

	to_file(dev)->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_PATH);
	assert_true(to_file(dev)->fd >= 0);
	return fd;
}

static void mend_fd(struct xfs_device *dev, int fd)
{
	close(to_file(dev)->fd);
	to_file(dev)->fd = fd;
}

/* FLUSH-1: a flush that failed is not believed when it works later. */
static void test_failed_flush_stays(void **state)
{
	struct xfs_device *dev = open_file(0);
	uint8_t buf[512] = {1};
	int fd;

	(void)state;
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, 0), 0);
	assert_int_equal(xfs_device_flush(dev), 0);
	fd = break_fd(dev);
	assert_int_equal(xfs_device_flush(dev), -EIO);
	mend_fd(dev, fd);
	assert_int_equal(xfs_device_flush(dev), -EIO);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, 0), 0);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, XFS_DEV_FUA), -EIO);
	assert_int_equal(xfs_device_pread(dev, 0, buf, 512), 0);
	xfs_device_put(dev);
}

/* A stable write that failed may have taken the error of an older write with it. */
static void test_failed_fua_stays(void **state)
{
	struct xfs_device *dev = open_file(0);
	uint8_t buf[512] = {1};
	int fd;

	(void)state;
	/* Shows whether the host has such writes (qemu-user does not): a plain one takes nothing with it. */
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, XFS_DEV_FUA), 0);
	fd = break_fd(dev);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, XFS_DEV_FUA), -EIO);
	mend_fd(dev, fd);
	assert_int_equal(xfs_device_flush(dev), to_file(dev)->no_write_dsync ? 0 : -EIO);
	xfs_device_put(dev);
}

static void test_without_write_dsync(void **state)
{
	struct xfs_device *dev = open_file(0);
	struct xfs_rand r = test_rand(2);
	uint8_t buf[512] = {1};
	int fd;

	(void)state;
	to_file(dev)->no_write_dsync = true;
	test_device_model(dev, &r, 100);
	fd = break_fd(dev);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, XFS_DEV_FUA), -EIO);
	mend_fd(dev, fd);
	xfs_device_put(dev);
}

static void test_errors_come_out(void **state)
{
	struct xfs_device *dev = open_file(0), *direct = open_direct_4k();
	uint8_t buf[4096];
	int fd = break_fd(dev);

	(void)state;
	memset(buf, 1, sizeof(buf));
	assert_int_equal(xfs_device_pread(dev, 0, buf, 512), -EIO);
	assert_int_equal(xfs_device_pwrite(dev, 0, buf, 512, 0), -EIO);
	assert_int_equal(xfs_device_zero(dev, 0, 512), -EIO);
	assert_int_equal(xfs_device_discard(dev, 0, 512), -EIO);
	assert_int_equal(xfs_device_resize(dev, 512), -EIO);
	mend_fd(dev, fd);
	xfs_device_put(dev);
	if (!direct)
		skip();
	fd = break_fd(direct);
	assert_int_equal(xfs_device_pread(direct, 512, buf, 512), -EIO);
	assert_int_equal(xfs_device_pwrite(direct, 512, buf, 512, 0), -EIO);
	assert_int_equal(xfs_device_pwrite(direct, 4096 - 512, buf, 1024, 0), -EIO);
	mend_fd(direct, fd);
	xfs_device_put(direct);
}

/*
 * The host takes a part of a write and no more: the rest is tried, the error
 * told, and what was taken is there.
 */
static void test_short_writes(void **state)
{
	enum { PIECES = 20, PIECE = 1536 };
	struct xfs_device *dev = open_file(0);
	struct rlimit before, limit;
	struct iovec iov[PIECES];
	static uint8_t in[PIECES * PIECE], out[PIECES * PIECE];
	const uint64_t at = 1 << 20;

	(void)state;
	test_pattern_fill(in, sizeof(in), 1);
	for (unsigned int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){in + i * PIECE, PIECE};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	/* In the middle of the eighth piece. */
	limit.rlim_cur = at + 7 * PIECE + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(xfs_device_pwritev(dev, at, iov, PIECES, 0), -EIO);
	/* Copying is as limited, through the host or through memory. */
	assert_int_equal(xfs_device_copy_range(dev, limit.rlim_cur / 512 * 512 + 512,
					       to_file(dev)->fd, 0, 4096),
			 -EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(xfs_device_pread(dev, at, out, sizeof(out)), 0);
	assert_memory_equal(out, in, 7 * PIECE + 100);
	for (unsigned int i = 7 * PIECE + 100; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
	xfs_device_put(dev);
}

/* Within one piece and between pieces, with empty ones in between. */
static void test_empty_pieces(void **state)
{
	struct xfs_device *dev = open_file(0);
	uint8_t in[1024], out[1024];
	struct iovec iov[] = {{in, 0},	     {in, 100},	      {NULL, 0},
			      {in + 100, 0}, {in + 100, 924}, {NULL, 0}};

	(void)state;
	test_pattern_fill(in, sizeof(in), 3);
	assert_int_equal(xfs_device_pwritev(dev, 512, iov, 6, 0), 0);
	iov[1].iov_base = out;
	iov[4].iov_base = out + 100;
	assert_int_equal(xfs_device_preadv(dev, 512, iov, 6), 0);
	assert_memory_equal(in, out, sizeof(in));
	xfs_device_put(dev);
}

#ifdef XFSWRITE_DEBUG
static void test_out_of_memory(void **state)
{
	bool met = true;
	int fd = open(path, O_RDWR);

	(void)state;
	assert_true(fd >= 0);
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *dev;
		int error;

		xfs_mem_fail_at(nth, false);
		error = xfs_device_open_fd(fd, XFS_DEV_DIRECT | XFS_DEV_EXCL, &dev);
		met = xfs_mem_fail_met();
		if (!met && error == -EINVAL)
			break; /* no direct I/O here */
		assert_int_equal(error, met ? -ENOMEM : 0);
		xfs_device_put(dev);
		assert_true(nth < 10);
	}
	close(fd);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_units),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_units_are_shared),
#endif
		cmocka_unit_test(test_failed_flush_stays),  cmocka_unit_test(test_failed_fua_stays),
		cmocka_unit_test(test_without_write_dsync), cmocka_unit_test(test_errors_come_out),
		cmocka_unit_test(test_short_writes),	    cmocka_unit_test(test_empty_pieces),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_out_of_memory),
#endif
	};

	test_seed_init(84);
	return test_seed_report(cmocka_run_group_tests(tests, setup, teardown));
}
