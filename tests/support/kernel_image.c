/* SPDX-License-Identifier: MIT */
/* Images made by mkfs.xfs and a kernel, or by the library where these are missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "support/kernel_image.h"

static char scratch[256];

static void remove_scratch(void)
{
	char cmd[600];

	snprintf(cmd, sizeof(cmd), "umount %s/mnt 2>/dev/null; rm -rf %s", scratch, scratch);
	if (system(cmd) == -1)
		perror("remove scratch");
}

const char *test_scratch_dir(void)
{
	const char *base = getenv("XFSWRITE_SCRATCH");

	if (scratch[0])
		return scratch;
	if (!base)
		base = getenv("TMPDIR");
	snprintf(scratch, sizeof(scratch), "%s/xfswrite-test.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(scratch)) {
		perror(scratch);
		abort();
	}
	atexit(remove_scratch);
	return scratch;
}

__attribute__((format(printf, 1, 2)))
static int run(const char *fmt, ...)
{
	char cmd[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, args);
	va_end(args);
	return system(cmd);
}

static int make_file(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)plan->bytes)) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return 2;
	}
	close(fd);
	return 0;
}

/* 0, or 77 and the reason. */
static int by_kernel(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	const char *newer = plan->mkfs2 ? getenv("MKFS_NEW") : NULL;
	struct test_fill_result res;
	char mnt[300], top[340];
	int ret = 0;

	if (getenv("XFSWRITE_NO_KERNEL")) {
		snprintf(why, size, "XFSWRITE_NO_KERNEL is set");
		return 77;
	}
	if (run("%s -q -f %s %s %s >/dev/null 2>&1", newer && *newer ? newer : "mkfs.xfs",
		plan->mkfs, plan->mkfs2 ? plan->mkfs2 : "", path)) {
		snprintf(why, size, "mkfs.xfs is missing or refuses %s %s", plan->mkfs,
			 plan->mkfs2 ? plan->mkfs2 : "");
		return 77;
	}
	if (!plan->fill)
		return 0;
	if (geteuid() != 0) {
		snprintf(why, size, "loop mounts need root");
		return 77;
	}
	snprintf(mnt, sizeof(mnt), "%s/mnt", test_scratch_dir());
	if (mkdir(mnt, 0700) && errno != EEXIST) {
		snprintf(why, size, "%s: %s", mnt, strerror(errno));
		return 2;
	}
	if (run("mount -o loop %s %s 2>/dev/null", path, mnt)) {
		snprintf(why, size, "this kernel does not mount it");
		return 77;
	}
	for (unsigned int i = 0; plan->fill[i].what && !ret; i++) {
		struct test_fill_options o = plan->fill[i];

		snprintf(top, sizeof(top), "%s/fill-%u", mnt, i);
		o.top = top;
		ret = mkdir(top, 0755) ? -errno : test_fill(&o, &res);
		if (ret) {
			snprintf(why, size, "filling: %.200s", res.failed);
			ret = 2;
		}
	}
	if (umount(mnt)) {
		snprintf(why, size, "umount %s: %s", mnt, strerror(errno));
		return 2;
	}
	return ret;
}

static int fill_library(struct xfs_mount *mp, const struct test_image_plan *plan, char *why,
			size_t size)
{
	struct test_fill_result res = { .failed = "" };
	char top[64];
	int error = 0;

	for (unsigned int i = 0; plan->fill && plan->fill[i].what && !error; i++) {
		struct test_fill_options o = plan->fill[i];

		snprintf(top, sizeof(top), "/fill-%u", i);
		o.top = top;
		o.ops = &test_fill_library;
		o.fs = mp;
		error = xfs_mkdir(mp, top, 0755);
		if (!error)
			error = test_fill(&o, &res);
	}
	if (error)
		snprintf(why, size, "filling: %.200s: %.150s", res.failed, xfs_error_text(mp));
	return error;
}

static int by_library(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	struct xfs_mkfs_options fo = {
		.size = sizeof(fo), .flags = XFS_MKFS_FORCE | XFS_MKFS_SMALL,
		.blocksize = plan->blocksize, .agcount = plan->agcount,
		.rmapbt = XFS_MKFS_ON, .nrext64 = XFS_MKFS_OFF,
		.parent = plan->mkfs2 ? XFS_MKFS_ON : XFS_MKFS_OFF,
	};
	struct xfs_mount_options mo = { .size = sizeof(mo), .flags = XFS_MOUNT_UNJOURNALLED };
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error = xfs_device_open_file(path, 0, 0, &dev), closed;

	if (!error) {
		error = xfs_mkfs(dev, NULL, &fo, NULL);
		if (!error)
			error = xfs_mount(dev, &mo, &mp);
		xfs_device_put(dev);
	}
	if (error) {
		snprintf(why, size, "by the library: %s", xfs_error_text(NULL));
		return 2;
	}
	error = fill_library(mp, plan, why, size);
	closed = xfs_unmount(mp);
	if (closed)
		snprintf(why, size, "unmounting: %s", strerror(-closed));
	return error || closed ? 2 : TEST_IMAGE_BY_LIBRARY;
}

int test_kernel_image(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	int ret = make_file(path, plan, why, size);

	if (!ret)
		ret = by_kernel(path, plan, why, size);
	if (ret != 77 || !plan->blocksize)
		return ret;
	ret = make_file(path, plan, why, size);
	return ret ? ret : by_library(path, plan, why, size);
}
