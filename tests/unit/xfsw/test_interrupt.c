/* SPDX-License-Identifier: MIT */
/*
 * Goal: a signal ends what the library does for the tool - formatting, recovery - with the exit
 * code 130, and what is left is taken for nothing finished. Method: the tool in this process.  Its
 * handler stays in place after the first command, so that a signal raised then has come before the
 * next one begins.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/xfswrite.h>
#include "support/test_fs.h"
#include "xfsw/xfsw.h"

static char dir[] = "/tmp/test_interrupt.XXXXXX";
static char image[64], other[64];

/* Arguments up to NULL. */
static int tool(const char *first, ...)
{
	char *argv[8] = {(char[]){"xfsw"}, (char *)(uintptr_t)first};
	int argc = 2;
	va_list ap;

	va_start(ap, first);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	optind = 0;
	return xfsw_main(argc, argv);
}

static int try_to_read(void)
{
	struct xfs_mount_options opts = {.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error;

	TEST_OK(xfs_device_open_file(image, XFS_DEV_RDONLY, 0, &dev));
	error = xfs_mount(dev, &opts, &mp);
	xfs_device_put(dev);
	if (!error)
		TEST_OK(xfs_unmount(mp));
	return error;
}

static void leave_dirty(void)
{
	struct xfs_device *dev;
	struct xfs_mount *mp;

	TEST_OK(xfs_device_open_file(image, 0, 0, &dev));
	TEST_OK(xfs_mount(dev, NULL, &mp));
	TEST_OK(xfs_mkdir(mp, "/a", 0755));
	TEST_OK(xfs_sync(mp));
	xfs_abandon(mp);
	xfs_device_put(dev);
}

static void test_signals_end_the_library_s_work(void **state)
{
	(void)state;
	assert_int_equal(tool("mkfs", "--size", "300m", image, NULL), XFSW_OK);
	assert_int_equal(try_to_read(), 0);
	leave_dirty();
	assert_int_equal(try_to_read(), -EAGAIN);
	assert_int_equal(raise(SIGINT), 0);

	/* Nothing is recovered, and what there was is there. */
	assert_int_equal(tool("recover", image, NULL), XFSW_INTERRUPTED);
	assert_int_equal(try_to_read(), -EAGAIN);

	/* A file that was made for it goes. */
	assert_int_equal(tool("mkfs", "--size", "300m", other, NULL), XFSW_INTERRUPTED);
	assert_int_not_equal(access(other, F_OK), 0);

	/* Over what was there: in progress. */
	assert_int_equal(tool("mkfs", "-f", "--size", "300m", image, NULL), XFSW_INTERRUPTED);
	assert_int_not_equal(try_to_read(), 0);
	assert_int_not_equal(try_to_read(), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_end_the_library_s_work),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(image, sizeof(image), "%s/i.img", dir);
	snprintf(other, sizeof(other), "%s/o.img", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(image);
	rmdir(dir);
	return failed;
}
