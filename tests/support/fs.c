/* SPDX-License-Identifier: MIT */
/* A file system in memory, and calls that must succeed or fail in one way. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/check.h>
#include "base/error.h"
#include "lock/lock.h"
#include "quota/quota.h"
#include "support/test_fs.h"
#include "support/test_seed.h"
#include "trans/trans.h"

int64_t test_fs_ok(int64_t ret, const char *expr, const char *file, int line)
{
	if (ret >= 0)
		return ret;
	fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, expr, strerror((int)-ret),
		xfs_error_text(NULL));
	abort();
}

void test_fs_is(int64_t ret, int64_t want, const char *expr, const char *file, int line)
{
	struct xfs_error_info info = { .size = sizeof(info) };
	bool told;

	xfs_mount_error(NULL, &info);
	/* A test's own steps may end with an error of an inner layer. */
	told = ret >= 0 || (info.error == ret && info.text[0]) ||
	       (strncmp(expr, "xfs_", 4) != 0 && xfs_last_text()[0]);
	if (ret == want && told && xfs_lock_order_held() == 0)
		return;
	fprintf(stderr, "%s:%d: %s is %" PRId64 " (%s), not %" PRId64 " (%s): \"%s\" (%u locks held)\n",
		file, line, expr, ret, ret < 0 ? strerror((int)-ret) : "", want,
		want < 0 ? strerror((int)-want) : "", xfs_error_text(NULL), xfs_lock_order_held());
	abort();
}

static void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	struct test_fs *fs = ctx;

	fs->clock_ns += 1000;
	now->tv_sec = 1700000000 + (time_t)(fs->clock_ns / 1000000000);
	now->tv_nsec = (uint32_t)(fs->clock_ns % 1000000000);
}

static void log_line(void *ctx, enum xfs_log_level level, const char *line)
{
	(void)ctx;
	if (level <= XFS_LOG_WARNING)
		fprintf(stderr, "libxfswrite: %s\n", line);
}

void test_fs_make(struct test_fs *fs, uint64_t size_bytes, const struct xfs_mkfs_options *mkfs)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_memory(size_bytes, 512, NULL, &dev));
	test_fs_make_on(fs, dev, mkfs);
}

uint32_t test_fs_mount_flags(void)
{
	return getenv("XFSWRITE_TEST_JOURNAL") ? 0 : XFS_MOUNT_UNJOURNALLED;
}

void test_fs_make_on(struct test_fs *fs, struct xfs_device *dev,
		     const struct xfs_mkfs_options *mkfs)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts) };

	memset(fs, 0, sizeof(*fs));
	fs->env.size = sizeof(fs->env);
	fs->env.ctx = fs;
	fs->env.clock = fixed_clock;
	fs->env.log = log_line;
	fs->env.seed = 42;
	if (mkfs)
		opts = *mkfs;
	opts.flags |= XFS_MKFS_SMALL | XFS_MKFS_FORCE;
	opts.env = &fs->env;
	fs->dev = dev;
	TEST_OK(xfs_mkfs(fs->dev, NULL, &opts, NULL));
	fs->opts.size = sizeof(fs->opts);
	fs->opts.flags = test_fs_mount_flags();
	fs->opts.env = &fs->env;
	test_fs_open(fs);
	if (getenv("XFSWRITE_TEST_QUOTA"))
		TEST_OK(xfs_quota_enable(fs->mp, 7, NULL));
}

void test_fs_open(struct test_fs *fs)
{
	TEST_OK(xfs_mount(fs->dev, &fs->opts, &fs->mp));
}

static int print_finding(void *ctx, const struct xfs_finding *f)
{
	(void)ctx;
	fprintf(stderr, "finding: %s: AG %" PRId64 " block %" PRId64 " inode %" PRId64 ": %s\n",
		f->structure, f->agno, (int64_t)f->block, (int64_t)f->ino, f->text);
	return 0;
}

uint64_t test_fs_check(struct xfs_device *dev, uint32_t flags)
{
	struct xfs_check_options opts = {
		.size = sizeof(opts), .flags = flags, .finding = print_finding,
		.max_findings = 50,
	};
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;

	TEST_OK(xfs_check(dev, NULL, &opts, &summary));
	return summary.findings;
}

/*
 * XFSWRITE_REPAIR="xfs_repair -n -f" in the environment: a second judge for each volume, and
 * XFSWRITE_SAVE_IMAGE says where it is written to for that.
 */
static void ask_repair(struct test_fs *fs)
{
	const char *repair = getenv("XFSWRITE_REPAIR"), *path = getenv("XFSWRITE_SAVE_IMAGE");
	char command[4096];

	if (!repair || !path)
		return;
	test_fs_save(fs, path);
	snprintf(command, sizeof(command), "%s %s >%s.log 2>&1", repair, path, path);
	if (!system(command))
		return;
	fprintf(stderr, "\"%s\" is not content, see %s.log\n", command, path);
	abort();
}

void test_fs_close_and_check(struct test_fs *fs)
{
	uint64_t findings;

	TEST_OK(xfs_unmount(fs->mp));
	fs->mp = NULL;
	if (xfs_trans_overdrafts()) {
		fprintf(stderr, "a transaction used more than it had reserved\n");
		abort();
	}
	findings = test_fs_check(fs->dev, 0);
	if (findings) {
		const char *save = getenv("XFSWRITE_SAVE_IMAGE");

		if (save)
			test_fs_save(fs, save);
		fprintf(stderr, "%" PRIu64 " findings\n", findings);
		abort();
	}
	ask_repair(fs);
}

void test_fs_destroy(struct test_fs *fs)
{
	if (fs->mp)
		xfs_abandon(fs->mp);
	xfs_device_put(fs->dev);
	memset(fs, 0, sizeof(*fs));
}

void test_fs_end(struct test_fs *fs)
{
	test_fs_close_and_check(fs);
	test_fs_destroy(fs);
}

void test_fs_save(struct test_fs *fs, const char *path)
{
	static const char zero[65536];
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	char *buf = malloc(sizeof(zero));
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	TEST_OK(xfs_device_info(fs->dev, &info));
	if (fd < 0 || !buf || ftruncate(fd, (off_t)info.size_bytes))
		abort();
	for (uint64_t off = 0; off < info.size_bytes; off += sizeof(zero)) {
		size_t len = info.size_bytes - off < sizeof(zero) ? (size_t)(info.size_bytes - off)
								 : sizeof(zero);

		TEST_OK(xfs_device_pread(fs->dev, off, buf, len));
		if (memcmp(buf, zero, len) && pwrite(fd, buf, len, (off_t)off) != (ssize_t)len)
			abort();
	}
	close(fd);
	free(buf);
}

static const char *work_dir(void)
{
	return getenv("XFSWRITE_SAVE_DIR");
}

struct xfs_device *test_fs_work_device(uint64_t size_bytes)
{
	struct xfs_device *dev;
	char path[4096];

	if (!work_dir()) {
		TEST_OK(xfs_device_open_memory(size_bytes, 512, NULL, &dev));
		return dev;
	}
	snprintf(path, sizeof(path), "%s/work.img", work_dir());
	remove(path);
	TEST_OK(xfs_device_open_file(path, XFS_DEV_CREATE, size_bytes, &dev));
	return dev;
}

FILE *test_fs_save_work(const char *name)
{
	const char *to = work_dir();
	char command[8300], path[4096];
	FILE *list;

	if (!to)
		return NULL;
	snprintf(command, sizeof(command), "cp --sparse=always '%s/work.img' '%s/%s.img'", to, to, name);
	snprintf(path, sizeof(path), "%s/%s.list", to, name);
	list = system(command) ? NULL : fopen(path, "w");
	if (!list) {
		fprintf(stderr, "%s: cannot be saved\n", path);
		abort();
	}
	return list;
}

void test_fs_die(struct test_fs *fs, const char *file, int line, const char *what, const char *fmt, ...)
{
	const char *image = getenv("XFSWRITE_SAVE_IMAGE");
	va_list args;

	fprintf(stderr, "%s:%d: %s; ", file, line, what);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; library: %s\n", xfs_error_text(fs->mp));
	test_seed_report(1);
	if (image && fs->dev)
		test_fs_save(fs, image);
	abort();
}
