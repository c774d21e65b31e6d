/* SPDX-License-Identifier: MIT */
/*
 * Goal: every public struct that begins with its size may be shorter or longer than the library's:
 *       nothing behind the caller's size is read or written, what only the caller knows reads as
 *       zero or must be zero, and a size that was never set is refused before anything is done.
 * Method: each call with each size there can be, in a buffer that ends where memory does, with a
 *       pattern behind what the size covers.
 * Shows (GROW-1), (GROW-2), (GROW-3).
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
#include <sys/mman.h>
#include <unistd.h>
#include <xfswrite/check.h>
#include "base/compiler.h"
#include "support/test_fs.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define BYTES		16384u
#define PATTERN		0xa5
#define UP_TO(tag, m)	(offsetof(struct tag, m) + sizeof(((struct tag *)0)->m))

static struct test_fs fs;
static struct xfs_file *file;
static struct xfs_dir *dir;
static uint8_t *end;			/* the first byte that is not there */

static void set_size(void *to, size_t size)
{
	const uint32_t size32 = (uint32_t)size;

	memcpy(to, &size32, sizeof(size32));
}

/* @size bytes of pattern that end where memory does, when that keeps them aligned. */
static uint8_t *place(size_t size)
{
	uint8_t *at = end - XFS_ALIGN(XFS_MAX(size, (size_t)8), (size_t)8);

	memset(end - BYTES, PATTERN, BYTES);
	return at;
}

static void expect_bytes(const uint8_t *p, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], value);
}

static void expect_text(const char *words)
{
	if (!strstr(xfs_error_text(NULL), words))
		fail_msg("the text is \"%s\", without \"%s\"", xfs_error_text(NULL), words);
}

/* ---- what the library fills ---------------------------------------------------------------- */

static int call_stat(void *to)
{
	return xfs_getattr(fs.mp, "/f", true, to);
}

static int call_fstat(void *to)
{
	return xfs_fgetattr(file, to);
}

static int call_statfs(void *to)
{
	return xfs_statfs(fs.mp, to);
}

static int call_info(void *to)
{
	return xfs_info(fs.mp, to);
}

static int call_log_report(void *to)
{
	return xfs_log_report(fs.mp, to);
}

static int call_dirent(void *to)
{
	int ret;

	xfs_seekdir(dir, 0);
	ret = xfs_readdir(dir, to);
	return ret < 0 ? ret : ret - 1;
}

static int call_device_info(void *to)
{
	return xfs_device_info(fs.dev, to);
}

/* A device that was built with other headers than the library. */
static int call_device_info_set(void *to)
{
	const struct xfs_device_info mine = {
		.size = sizeof(mine), .size_bytes = 1 << 20, .logical_sector = 512, .io_opt = 99,
	};

	return xfs_device_info_set(to, &mine);
}

static int call_check(void *to)
{
	return xfs_check(fs.dev, NULL, NULL, to);
}

static int call_geometry(void *to)
{
	struct xfs_mkfs_options opts = XFS_MKFS_OPTIONS_INIT;

	opts.flags = XFS_MKFS_SMALL;
	opts.uuid[0] = 1;
	return xfs_mkfs_geometry(fs.dev, NULL, &opts, to);
}

static int call_mkfs(void *to)
{
	struct xfs_mkfs_options opts = XFS_MKFS_OPTIONS_INIT;
	struct xfs_device *dev;
	int error;

	opts.flags = XFS_MKFS_SMALL;
	opts.uuid[0] = 1;
	TEST_OK(xfs_device_open_memory(MIB(32), 512, NULL, &dev));
	error = xfs_mkfs(dev, NULL, &opts, to);
	xfs_device_put(dev);
	return error;
}

static int call_mount_error(void *to)
{
	return xfs_mount_error(fs.mp, to);
}

static int call_file_error(void *to)
{
	return xfs_file_error(file, to);
}

static int call_extents(void *to)
{
	size_t count;
	int error = xfs_extents(file, 0, to, 1, &count);

	if (!error)
		assert_int_equal(count, 1);
	return error;
}

static const struct out {
	const char *name;
	size_t first, full, step;
	int (*call)(void *to);
	bool silent;			/* records no failure */
} outs[] = {
	{ "xfs_getattr", UP_TO(xfs_stat, mode), sizeof(struct xfs_stat), 4, call_stat, false },
	{ "xfs_fgetattr", UP_TO(xfs_stat, mode), sizeof(struct xfs_stat), 4, call_fstat, false },
	{ "xfs_statfs", UP_TO(xfs_statfs, block_size), sizeof(struct xfs_statfs), 4, call_statfs,
	  false },
	{ "xfs_info", UP_TO(xfs_info, block_size), sizeof(struct xfs_info), 4, call_info, false },
	{ "xfs_log_report", UP_TO(xfs_log_report, head_cycle), sizeof(struct xfs_log_report), 4,
	  call_log_report, false },
	{ "xfs_readdir", UP_TO(xfs_dirent, name), sizeof(struct xfs_dirent), 4, call_dirent,
	  false },
	{ "xfs_device_info", UP_TO(xfs_device_info, size_bytes), sizeof(struct xfs_device_info), 4,
	  call_device_info, false },
	{ "xfs_device_info_set", UP_TO(xfs_device_info, size_bytes),
	  sizeof(struct xfs_device_info), 4, call_device_info_set, false },
	{ "xfs_check", UP_TO(xfs_check_summary, findings), sizeof(struct xfs_check_summary), 8,
	  call_check, false },
	{ "xfs_mkfs_geometry", UP_TO(xfs_mkfs_geometry, blocksize),
	  sizeof(struct xfs_mkfs_geometry), 4, call_geometry, false },
	{ "xfs_mkfs", UP_TO(xfs_mkfs_geometry, blocksize), sizeof(struct xfs_mkfs_geometry), 8,
	  call_mkfs, false },
	{ "xfs_mount_error", UP_TO(xfs_error_info, error), sizeof(struct xfs_error_info), 4,
	  call_mount_error, true },
	{ "xfs_file_error", UP_TO(xfs_error_info, error), sizeof(struct xfs_error_info), 4,
	  call_file_error, true },
	{ "xfs_extents", UP_TO(xfs_extent, length), sizeof(struct xfs_extent), 8, call_extents,
	  false },
};

static void filled(const struct out *o, const uint8_t *whole, size_t size)
{
	uint8_t *to = place(size);
	size_t known = XFS_MIN(size, o->full);
	uint32_t kept;

	set_size(to, size);
	if (o->call(to))
		fail_msg("%s of %zu bytes: %s", o->name, size, xfs_error_text(NULL));
	memcpy(&kept, to, sizeof(kept));
	assert_int_equal(kept, size);
	assert_memory_equal(to + 4, whole + 4, known - 4);
	expect_bytes(to + known, size - known, 0);
	expect_bytes(to + size, (size_t)(end - to) - size, PATTERN);
	expect_bytes(end - BYTES, BYTES - (size_t)(end - to), PATTERN);
}

static void refused(const struct out *o, size_t size)
{
	uint8_t *to = place(8);

	set_size(to, size);
	assert_int_equal(o->call(to), -EINVAL);
	if (!o->silent)
		expect_text("set it with the initializer");
	expect_bytes(to + 4, 4, PATTERN);
	expect_bytes(end - BYTES, BYTES - 8, PATTERN);
}

static void test_what_is_filled(void **state)
{
	(void)state;
	/* Something for the error calls to tell. */
	TEST_IS(xfs_pread(file, NULL, 1, 0), -EFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(outs); i++) {
		const struct out *o = &outs[i];
		uint8_t whole[BYTES];

		memset(whole, PATTERN, sizeof(whole));
		set_size(whole, o->full);
		assert_int_equal(o->call(whole), 0);
		for (size_t size = o->first; size <= o->full + 24; size += o->step)
			filled(o, whole, size);
		filled(o, whole, o->full + 4096);
		for (size_t size = 0; size < o->first; size++)
			refused(o, size);
		refused(o, o->full + 4096 + 4);
		refused(o, o->full - 1);
		refused(o, o->full + 2);
		refused(o, UINT32_MAX);
		if (o->silent)
			TEST_IS(xfs_pread(file, NULL, 1, 0), -EFAULT);
	}
}

/* All elements lie as far apart as the first one says, and say so. */
static void test_array(void **state)
{
	const size_t strides[] = { 24, sizeof(struct xfs_extent), sizeof(struct xfs_extent) + 16 };
	struct xfs_extent exact[4] = { XFS_EXTENT_INIT };
	uint8_t *to;
	size_t count;

	(void)state;
	TEST_OK(xfs_extents(file, 0, exact, 3, &count));
	assert_int_equal(count, 3);
	for (size_t s = 0; s < ARRAY_SIZE(strides); s++) {
		to = place(4 * strides[s]);
		set_size(to, strides[s]);
		TEST_OK(xfs_extents(file, 0, (struct xfs_extent *)(void *)to, 3, &count));
		assert_int_equal(count, 3);
		for (size_t i = 0; i < count; i++) {
			const uint8_t *element = to + i * strides[s];
			size_t known = XFS_MIN(strides[s], sizeof(exact[0]));
			uint32_t size;

			memcpy(&size, element, sizeof(size));
			assert_int_equal(size, strides[s]);
			assert_int_equal(exact[i].size, sizeof(exact[0]));
			assert_memory_equal(element + 4, (uint8_t *)&exact[i] + 4, known - 4);
			expect_bytes(element + known, strides[s] - known, 0);
		}
		expect_bytes(to + 3 * strides[s], strides[s], PATTERN);
	}
	to = place(64);
	set_size(to, 28);
	TEST_IS(xfs_extents(file, 0, (struct xfs_extent *)(void *)to, 1, &count), -EINVAL);
	expect_text("multiple of 8");
}

/* ---- what the library reads ---------------------------------------------------------------- */

static int in_setattr(const void *from)
{
	return xfs_setattr(fs.mp, "/f", true, from);
}

static int in_fsetattr(const void *from)
{
	return xfs_fsetattr(file, from);
}

static int in_createat(const void *from)
{
	int error = xfs_createat(xfs_root(fs.mp), "n", from, NULL, NULL);

	/* Attributes that are all zero were understood so far. */
	return error == -EINVAL && strstr(xfs_error_text(NULL), "mode of a new object") ? 0 : error;
}

static int in_mount(const void *from)
{
	struct xfs_mount *mp;
	int error = xfs_mount(fs.dev, from, &mp);

	/* Options that are all zero ask for writing, and somebody is. */
	return error == -EBUSY ? 0 : error;
}

static int in_minimum(const void *from)
{
	uint64_t bytes;

	return xfs_memory_minimum(fs.dev, from, &bytes);
}

static int in_mkfs(const void *from)
{
	struct xfs_mkfs_geometry geometry = XFS_MKFS_GEOMETRY_INIT;
	struct xfs_device *dev;
	int error;

	TEST_OK(xfs_device_open_memory(MIB(512), 512, NULL, &dev));
	error = xfs_mkfs_geometry(dev, NULL, from, &geometry);
	xfs_device_put(dev);
	return error;
}

static int in_check(const void *from)
{
	return xfs_check(fs.dev, NULL, from, NULL);
}

static int env_memory(const void *from)
{
	struct xfs_device *dev;
	int error = xfs_device_open_memory(MIB(1), 512, from, &dev);

	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_file(const void *from)
{
	struct xfs_device *dev;
	int error = xfs_device_open_file_env("/proc/self/exe", XFS_DEV_RDONLY, 0, from, &dev);

	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_fd(const void *from)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct xfs_device *dev;
	int error = xfs_device_open_fd_env(fd, XFS_DEV_RDONLY, from, &dev);

	close(fd);
	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_window(const void *from)
{
	struct xfs_device *dev;
	int error = xfs_device_open_window_env(fs.dev, 0, 4096, from, &dev);

	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_readonly(const void *from)
{
	struct xfs_device *dev;
	int error = xfs_device_open_readonly_env(fs.dev, from, &dev);

	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_overlay(const void *from)
{
	struct xfs_device *dev;
	int error = xfs_device_open_overlay(fs.dev, from, &dev);

	if (!error)
		xfs_device_put(dev);
	return error;
}

static int env_mount(const void *from)
{
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	uint64_t bytes;

	opts.env = from;
	return xfs_memory_minimum(fs.dev, &opts, &bytes);
}

static int env_mkfs(const void *from)
{
	struct xfs_mkfs_options opts = XFS_MKFS_OPTIONS_INIT;

	opts.env = from;
	return in_mkfs(&opts);
}

static int env_check(const void *from)
{
	struct xfs_check_options opts = XFS_CHECK_OPTIONS_INIT;

	opts.env = from;
	return in_check(&opts);
}

static const struct in {
	const char *name;
	size_t first, full;
	int (*call)(const void *from);
} ins[] = {
	{ "xfs_setattr", UP_TO(xfs_iattr, valid), sizeof(struct xfs_iattr), in_setattr },
	{ "xfs_fsetattr", UP_TO(xfs_iattr, valid), sizeof(struct xfs_iattr), in_fsetattr },
	{ "xfs_createat", UP_TO(xfs_iattr, valid), sizeof(struct xfs_iattr), in_createat },
	{ "xfs_mount", UP_TO(xfs_mount_options, flags), sizeof(struct xfs_mount_options),
	  in_mount },
	{ "xfs_memory_minimum", UP_TO(xfs_mount_options, flags),
	  sizeof(struct xfs_mount_options), in_minimum },
	{ "xfs_mkfs_geometry", UP_TO(xfs_mkfs_options, flags), sizeof(struct xfs_mkfs_options),
	  in_mkfs },
	{ "xfs_check", UP_TO(xfs_check_options, flags), sizeof(struct xfs_check_options),
	  in_check },
	{ "memory device", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_memory },
	{ "file device", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_file },
	{ "descriptor device", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_fd },
	{ "window", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_window },
	{ "read-only device", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_readonly },
	{ "overlay", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_overlay },
	{ "hooks of a mount", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_mount },
	{ "hooks of mkfs", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_mkfs },
	{ "hooks of the checker", UP_TO(xfs_env, trace), sizeof(struct xfs_env), env_check },
};

static void test_what_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ins); i++) {
		const struct in *in = &ins[i];
		size_t sizes[] = { in->first, XFS_ALIGN(in->first, 8u), in->full,
				   in->full + 8, in->full + 64, in->full + 4096 };
		uint8_t *from;

		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			from = place(sizes[s]);
			memset(from, 0, sizes[s]);
			set_size(from, sizes[s]);
			if (in->call(from))
				fail_msg("%s of %zu bytes: %s", in->name, sizes[s],
					 xfs_error_text(NULL));
			if (sizes[s] <= in->full)
				continue;
			/* A member of which the library knows nothing, at either end. */
			for (int last = 0; last < 2; last++) {
				uint8_t *member = from + (last ? sizes[s] - 1 : in->full);

				*member = 1;
				assert_int_equal(in->call(from), -EINVAL);
				expect_text("does not know");
				expect_text(xfs_library_version());
				*member = 0;
			}
		}
		from = place(8);
		memset(from, 0, 8);
		for (size_t size = 0; size < in->first; size++) {
			set_size(from, size);
			assert_int_equal(in->call(from), -EINVAL);
			expect_text("set it with the initializer");
		}
		set_size(from, in->full - 1);
		assert_int_equal(in->call(from), -EINVAL);
		set_size(from, in->full + 4096 + 4);
		assert_int_equal(in->call(from), -EINVAL);
		set_size(from, UINT32_MAX);
		assert_int_equal(in->call(from), -EINVAL);
	}
}

/* A short struct sets what it has, and nothing is made up for a member that it has not. */
static void test_short_attributes(void **state)
{
	struct xfs_stat before = XFS_STAT_INIT, st = XFS_STAT_INIT;
	struct xfs_iattr *iattr = (struct xfs_iattr *)(void *)place(UP_TO(xfs_iattr, gid));

	(void)state;
	TEST_OK(xfs_getattr(fs.mp, "/f", true, &before));
	memset(iattr, 0, UP_TO(xfs_iattr, gid));
	iattr->size = UP_TO(xfs_iattr, gid);
	iattr->valid = XFS_ATTR_MODE | XFS_ATTR_UID;
	iattr->mode = 0640;
	iattr->uid = 77;
	TEST_OK(xfs_setattr(fs.mp, "/f", true, iattr));
	TEST_OK(xfs_getattr(fs.mp, "/f", true, &st));
	assert_int_equal(st.mode, S_IFREG | 0640);
	assert_int_equal(st.uid, 77);
	assert_int_equal(st.mtime.tv_sec, before.mtime.tv_sec);
	for (uint32_t bit = XFS_ATTR_SIZE; bit <= XFS_ATTR_RDEV; bit <<= 1) {
		iattr->valid = bit;
		TEST_IS(xfs_setattr(fs.mp, "/f", true, iattr), -EINVAL);
		expect_text("has no member");
		TEST_IS(xfs_fsetattr(file, iattr), -EINVAL);
	}
	TEST_OK(xfs_getattr(fs.mp, "/f", true, &before));
	assert_int_equal(before.size_bytes, st.size_bytes);
	assert_int_equal(before.mtime.tv_sec, st.mtime.tv_sec);
}

/* ---- what callbacks are given -------------------------------------------------------------- */

static unsigned int findings;

static int take_finding(void *ctx, const struct xfs_finding *finding)
{
	(void)ctx;
	assert_int_equal(finding->size, sizeof(*finding));
	findings++;
	return 0;
}

static void test_finding(void **state)
{
	struct xfs_check_options opts = XFS_CHECK_OPTIONS_INIT;
	uint8_t sector[512];

	(void)state;
	/* The superblock of the last AG. */
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_device_pread(fs.dev, MIB(96), sector, sizeof(sector)));
	sector[200] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, MIB(96), sector, sizeof(sector), 0));
	opts.finding = take_finding;
	TEST_OK(xfs_check(fs.dev, NULL, &opts, NULL));
	sector[200] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, MIB(96), sector, sizeof(sector), 0));
	assert_true(findings > 0);
}

static uint32_t told_size;
static bool told_zeros;

/* As a device of another version may do it: the whole struct is written, its size with it. */
static int rough_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	static const struct xfs_device_info zeros;

	(void)dev;
	told_size = info->size;
	told_zeros = memcmp((uint8_t *)info + 4, (const uint8_t *)&zeros + 4, sizeof(zeros) - 4) == 0;
	memset(info, 0, UP_TO(xfs_device_info, size_bytes));
	info->size_bytes = MIB(1);
	info->logical_sector = 512;
	return 0;
}

static int no_read(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	(void)dev;
	(void)offset;
	(void)iov;
	(void)iovcnt;
	return -EIO;
}

static int no_write(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		    unsigned int flags)
{
	(void)flags;
	return no_read(dev, offset, iov, iovcnt);
}

static int no_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

static void no_close(struct xfs_device *dev)
{
	(void)dev;
}

static void test_device_of_another_version(void **state)
{
	static const struct xfs_device_ops ops = {
		.version = XFS_DEVICE_OPS_VERSION, .preadv = no_read, .pwritev = no_write,
		.flush = no_flush, .info = rough_info, .close = no_close,
	};
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT, longer[2];
	struct xfs_device dev;

	(void)state;
	xfs_device_init(&dev, &ops);
	TEST_OK(xfs_device_info(&dev, &info));
	assert_int_equal(told_size, sizeof(info));
	assert_true(told_zeros);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.size_bytes, MIB(1));
	/* A device that knows more than who asks: the rest of its struct stays with it. */
	memset(longer, 0, sizeof(longer));
	longer[0] = info;
	longer[0].size = sizeof(longer);
	longer[1].size_bytes = 4711;
	info = (struct xfs_device_info)XFS_DEVICE_INFO_INIT;
	TEST_OK(xfs_device_info_set(&info, &longer[0]));
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.size_bytes, MIB(1));
	longer[0].size = 0;
	TEST_IS(xfs_device_info_set(&info, &longer[0]), -EINVAL);
	xfs_device_put(&dev);
}

/* A device whose author was compiled against another struct than the library. */
struct versioned {
	struct xfs_device dev;
	const struct xfs_device_info *mine;	/* as large as its author knows it */
};

static int versioned_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info_set(info, ((struct versioned *)(void *)dev)->mine);
}

static int versioned_read(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt)
{
	(void)dev;
	return xfs_device_preadv(fs.dev, offset, iov, iovcnt);
}

/*
 * What the author knows arrives, as far as the caller's struct goes.  What it does not know reads as zero,
 * a physical sector as a logical one; nothing behind the caller's struct changes.
 */
static void expect_info(struct versioned *author, size_t theirs, size_t callers)
{
	const size_t own = sizeof(struct xfs_device_info);
	const size_t known = XFS_MIN(theirs, own), told = XFS_MIN(own, callers);
	struct xfs_device_info expected = XFS_DEVICE_INFO_INIT;
	_Alignas(8) uint8_t to[256];
	uint32_t size;

	memcpy((uint8_t *)&expected + 4, (const uint8_t *)author->mine + 4, known - 4);
	if (known < UP_TO(xfs_device_info, physical_sector))
		expected.physical_sector = expected.logical_sector;
	memset(to, PATTERN, sizeof(to));
	set_size(to, callers);
	TEST_OK(xfs_device_info(&author->dev, (struct xfs_device_info *)(void *)to));
	memcpy(&size, to, sizeof(size));
	assert_int_equal(size, callers);
	assert_memory_equal(to + 4, (uint8_t *)&expected + 4, told - 4);
	expect_bytes(to + told, callers - told, 0);
	expect_bytes(to + callers, sizeof(to) - callers, PATTERN);
}

static void test_author_of_another_version(void **state)
{
	static const struct xfs_device_ops ops = {
		.version = XFS_DEVICE_OPS_VERSION, .preadv = versioned_read, .pwritev = no_write,
		.flush = no_flush, .info = versioned_info, .close = no_close,
	};
	const size_t full = sizeof(struct xfs_device_info);
	const size_t sizes[] = { UP_TO(xfs_device_info, size_bytes), 24, full, full + 8, full + 64 };
	struct xfs_device_info real = XFS_DEVICE_INFO_INIT, info = XFS_DEVICE_INFO_INIT;
	struct versioned author;

	(void)state;
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_device_info(fs.dev, &real));
	real.physical_sector = 4096;
	real.io_min = 65536;
	real.io_opt = 131072;
	real.rotational = true;
	xfs_device_init(&author.dev, &ops);
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		uint8_t *mine = place(sizes[s]);

		/* Members of which the library knows nothing are not zero. */
		memset(mine, 0x77, sizes[s]);
		memcpy(mine, &real, XFS_MIN(sizes[s], full));
		set_size(mine, sizes[s]);
		author.mine = (const struct xfs_device_info *)(const void *)mine;
		for (size_t c = 0; c < ARRAY_SIZE(sizes); c++)
			expect_info(&author, sizes[s], sizes[c]);
		/* And the library works with what it was told. */
		TEST_OK(xfs_check(&author.dev, NULL, NULL, NULL));
		/* An author who forgot the size is told of it; to a program that is a broken device. */
		set_size(mine, 0);
		TEST_IS(xfs_device_info_set(&info, author.mine), -EINVAL);
		TEST_IS(xfs_device_info(&author.dev, &info), -EIO);
		expect_text("Invalid argument");
	}
	xfs_device_put(&author.dev);
}

/* -------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	uint8_t *map = mmap(NULL, 2 * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	(void)state;
	assert_true(map != MAP_FAILED);
	end = map + BYTES;
	assert_int_equal(mprotect(end, BYTES, PROT_NONE), 0);
	/* So that it may be looked at while it is open. */
	assert_int_equal(setenv("XFSWRITE_TEST_JOURNAL", "1", 1), 0);
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0600, &file));
	for (unsigned int i = 0; i < 3; i++)
		TEST_IS(xfs_pwrite(file, "x", 1, i * MIB(1)), 1);
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_opendir(fs.mp, "/", &dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	xfs_closedir(dir);
	TEST_OK(xfs_close(file));
	test_fs_end(&fs);
	return munmap(end - BYTES, 2 * BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_filled),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_short_attributes),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_device_of_another_version),
		cmocka_unit_test(test_author_of_another_version),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
