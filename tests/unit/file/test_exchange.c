/* SPDX-License-Identifier: MIT */
/*
 * Goal: contents of two files change places as ioctl(XFS_IOC_EXCHANGE_RANGE) lets them: bytes,
 *       sizes, blocks and errors; whoever looks sees all of it or nothing, also after a crash at any write.
 * Method: the table of answers was taken from a kernel (6.18) with the same calls.  The crash is a
 *       copy of the volume after each n-th write of the device, opened and looked at.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include "api/api_priv.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define B		4096u
#define TO_EOF		XFS_EXCHANGE_RANGE_TO_EOF
#define WRITTEN		XFS_EXCHANGE_RANGE_FILE1_WRITTEN

static struct test_fs fs;
static uint8_t got[1u << 20];

static void make(bool exchange)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .exchange = exchange ? XFS_MKFS_ON : XFS_MKFS_OFF,
		.log_size = 8u << 20,
	};

	test_fs_make(&fs, 256u << 20, &mkfs);
}

static int set_up(void **state)
{
	(void)state;
	make(true);
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

/* @size bytes @c. */
static struct xfs_file *make_file(const char *path, size_t size, char c)
{
	struct xfs_file *file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
	char *bytes = malloc(size + 1);

	memset(bytes, c, size);
	if (size)
		assert_int_equal(xfs_pwrite(file, bytes, size, 0), size);
	free(bytes);
	return file;
}

static struct xfs_stat stat_of(struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(file, &st));
	return st;
}

/* @runs: "a3b2.1" is three blocks of a, two of b, one of zeros; the last may end early. */
static void expect(struct xfs_file *file, const char *runs, uint64_t size)
{
	uint64_t at = 0;
	char c;
	int n, used;

	assert_int_equal(stat_of(file).size_bytes, size);
	assert_int_equal(xfs_pread(file, got, sizeof(got), 0), size);
	for (; sscanf(runs, "%c%d%n", &c, &n, &used) == 2; runs += used) {
		for (uint64_t i = 0; i < (uint64_t)n * B && at < size; i++, at++) {
			if (got[at] != (c == '.' ? 0 : c))
				fail_msg("byte %llu is %d, not %c", (unsigned long long)at, got[at], c);
		}
	}
	assert_int_equal(at, size);
}

/* On the volume too, and it is sound. */
static void expect_after(const char *path, const char *runs, uint64_t size)
{
	struct xfs_file *file = open_file(path, O_RDONLY);

	expect(file, runs, size);
	TEST_OK(xfs_close(file));
}

static void close_all(struct xfs_file **files, int n)
{
	for (int i = 0; i < n; i++)
		TEST_OK(xfs_close(files[i]));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
}

static void test_whole_files(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 16 * B, 'a'), make_file("/b", 8 * B + 100, 'b') };
	struct xfs_stat before[2] = { stat_of(f[0]), stat_of(f[1]) };

	(void)state;
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 0, TO_EOF));
	expect(f[0], "b9", 8 * B + 100);
	expect(f[1], "a16", 16 * B);
	assert_int_equal(stat_of(f[0]).blocks512, 9 * 8);
	assert_int_equal(stat_of(f[1]).blocks512, 16 * 8);
	assert_true(stat_of(f[0]).changecount > before[0].changecount);
	assert_true(stat_of(f[1]).mtime.tv_sec >= before[1].mtime.tv_sec);
	/* And back, the second time from what is on the volume. */
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 0, TO_EOF | XFS_EXCHANGE_RANGE_DSYNC));
	close_all(f, 2);
	expect_after("/a", "a16", 16 * B);
	expect_after("/b", "b9", 8 * B + 100);
}

static void test_an_empty_file_and_itself(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 5 * B, 'a'), make_file("/e", 0, 'e') };

	(void)state;
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 0, TO_EOF));
	expect(f[0], "", 0);
	expect(f[1], "a5", 5 * B);
	assert_int_equal(xfs_pwrite(f[1], "xyz", 3, B), 3);
	assert_int_equal(xfs_exchange_range(f[1], 0, f[1], 2 * B, 2 * B, 0), 0);
	assert_int_equal(xfs_exchange_range(f[1], 0, f[1], B, 2 * B, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(f[1], 0, f[1], 0, 2 * B, 0), -EINVAL);
	assert_int_equal(xfs_pread(f[1], got, 3, 3 * B), 3);
	assert_memory_equal(got, "xyz", 3);
	close_all(f, 2);
}

static void test_ranges(void **state)
{
	struct xfs_file *f[2] = { make_file("/a", 16 * B, 'a'), make_file("/b", 8 * B, 'b') };

	(void)state;
	/* A hole, and blocks that were never written. */
	TEST_OK(xfs_fallocate(f[0], XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 2 * B, 2 * B));
	TEST_OK(xfs_fallocate(f[1], XFS_FALLOC_ZERO_RANGE, 4 * B, 2 * B));
	TEST_OK(xfs_exchange_range(f[0], B, f[1], 3 * B, 4 * B, 0));
	expect(f[0], "a1b1.2b1a11", 16 * B);
	expect(f[1], "b3a1.2a1b1", 8 * B);
	/* Holes of the first stay where they are. */
	TEST_OK(xfs_exchange_range(f[1], 0, f[0], 8 * B, 8 * B, WRITTEN));
	expect(f[1], "a4.2a2", 8 * B);
	expect(f[0], "a1b1.2b1a3b3a3a1b1", 16 * B);
	/* To both ends: the sizes change places, whatever was before. */
	TEST_OK(xfs_exchange_range(f[1], 6 * B, f[0], 12 * B, 0, TO_EOF));
	expect(f[1], "a4.2a3b1.6", 16 * B);
	expect(f[0], "a1b1.2b1a3", 8 * B);
	close_all(f, 2);
	expect_after("/b", "a4.2a3b1.6", 16 * B);
}

static void test_what_is_refused(void **state)
{
	struct xfs_file *a = make_file("/a", 16 * B, 'a'), *b = make_file("/b", 8 * B, 'b');
	struct xfs_file *ro = open_file("/b", O_RDONLY), *wo = open_file("/b", O_WRONLY);
	struct xfs_file *ap = open_file("/b", O_RDWR | O_APPEND), *dir = open_file("/", O_RDONLY);
	struct xfs_file *s = make_file("/s", 3000, 's'), *t = make_file("/t", 5000, 't');
	struct xfs_iattr immutable = {
		.size = sizeof(immutable), .valid = XFS_ATTR_XFLAGS, .xflags = XFS_XFLAG_IMMUTABLE,
	};

	(void)state;
	assert_int_equal(xfs_exchange_range(a, 0, b, 0, 9 * B, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 100, b, 0, B, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 0, b, 0, 5000, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 1u << 20, b, 0, B, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 1u << 20, b, 0, 0, TO_EOF), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 0, b, 0, B, 32), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 0, b, 0, 1ull << 63, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(a, 1ull << 63, b, 0, B, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(t, 0, s, 0, 3000, 0), -EINVAL);
	assert_int_equal(xfs_exchange_range(ro, 0, a, 0, B, 0), -EBADF);
	assert_int_equal(xfs_exchange_range(a, 0, ro, 0, B, 0), -EBADF);
	assert_int_equal(xfs_exchange_range(wo, 0, a, 0, B, 0), -EBADF);
	assert_int_equal(xfs_exchange_range(a, 0, ap, 0, B, 0), -EBADF);
	assert_int_equal(xfs_exchange_range(dir, 0, b, 0, B, 0), -EISDIR);
	assert_int_equal(xfs_exchange_range(a, 0, dir, 0, B, 0), -EISDIR);
	assert_int_equal(xfs_exchange_range(NULL, 0, b, 0, B, 0), -EINVAL);
	TEST_OK(xfs_exchange_range(a, 0, b, 0, 0, 0));
	TEST_OK(xfs_exchange_range(a, 0, b, 0, B, XFS_EXCHANGE_RANGE_DRY_RUN));
	expect(a, "a16", 16 * B);
	expect(b, "b8", 8 * B);
	TEST_OK(xfs_fsetattr(b, &immutable));
	assert_int_equal(xfs_exchange_range(a, 0, b, 0, B, 0), -EPERM);
	immutable.xflags = 0;
	TEST_OK(xfs_fsetattr(b, &immutable));
	close_all((struct xfs_file *[]){ a, b, ro, wo, ap, dir, s, t }, 8);
}

static bool shares(struct xfs_file *file)
{
	return xfs_inode_diflags2(file->f_inode) & XFS_DIFLAG2_REFLINK;
}

static void test_sharing_goes_along(void **state)
{
	struct xfs_file *f[3] = { make_file("/a", 8 * B, 'a'), make_file("/b", 8 * B, 'b'),
				  make_file("/c", 0, 'c') };

	(void)state;
	TEST_OK(xfs_clone_range(f[0], 0, f[2], 0, 0));
	/* A part: either may share now. */
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 2 * B, 0));
	assert_true(shares(f[0]) && shares(f[1]));
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 2 * B, 0));
	assert_int_equal(xfs_pwrite(f[0], "own", 3, 0), 3);
	TEST_OK(xfs_fsync(f[0]));
	assert_int_equal(xfs_pread(f[2], got, 3, 0), 3);
	assert_memory_equal(got, "aaa", 3);
	TEST_OK(xfs_close(f[1]));
	/* All of it: the flag with it. */
	f[1] = make_file("/d", 4 * B, 'd');
	TEST_OK(xfs_exchange_range(f[1], 0, f[2], 0, 0, TO_EOF));
	assert_true(shares(f[1]) && !shares(f[2]));
	close_all(f, 3);
	expect_after("/d", "a8", 8 * B);
}

/* What a write to a clone has allocated around itself stays the file's, or goes; nothing is lost. */
static void test_staged_blocks(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	struct xfs_file *f[3];

	(void)state;
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &before));
	for (int parts = 0; parts < 2; parts++) {
		f[0] = make_file("/a", 64 * B, 'a');
		f[1] = make_file("/b", 64 * B, 'b');
		f[2] = make_file("/c", 0, 'c');
		TEST_OK(xfs_clone_range(f[0], 0, f[2], 0, 0));
		assert_int_equal(xfs_pwrite(f[2], "own", 3, 10 * B), 3);
		TEST_OK(xfs_fsync(f[2]));
		if (parts)
			TEST_OK(xfs_exchange_range(f[1], 0, f[2], 0, 32 * B, 0));
		else
			TEST_OK(xfs_exchange_range(f[1], 0, f[2], 0, 0, TO_EOF));
		assert_int_equal(xfs_pwrite(f[2], "new", 3, 12 * B), 3);
		assert_int_equal(xfs_pwrite(f[1], "new", 3, 12 * B), 3);
		TEST_OK(xfs_fsync(f[2]));
		assert_int_equal(xfs_pread(f[2], got, 3 * B, 10 * B), 3 * B);
		assert_memory_equal(got, "bbb", 3);
		assert_memory_equal(got + 2 * B, "newb", 4);
		assert_int_equal(xfs_pread(f[1], got, 3 * B, 10 * B), 3 * B);
		assert_memory_equal(got, "owna", 4);
		assert_memory_equal(got + 2 * B, "newa", 4);
		close_all(f, 3);
		TEST_OK(xfs_unlink(fs.mp, "/a"));
		TEST_OK(xfs_unlink(fs.mp, "/b"));
		TEST_OK(xfs_unlink(fs.mp, "/c"));
	}
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	TEST_OK(xfs_statfs(fs.mp, &after));
	assert_int_equal(after.blocks_free, before.blocks_free);
}

/* ---- longer than a transaction ------------------------------------------------------------------ */

#define MANY	6000u

/* A block in two of each letter, the first at block @first. */
static void make_sparse(const char *path, uint32_t first, char c)
{
	struct xfs_file *file = open_file(path, O_RDWR | O_CREAT);
	char block[B];

	memset(block, c, B);
	for (uint32_t i = first; i < 2 * MANY; i += 2)
		assert_int_equal(xfs_pwrite(file, block, B, (uint64_t)i * B), B);
	TEST_OK(xfs_close(file));
}

/* Whose contents it has. */
static char contents_of(struct xfs_mount *mp, const char *path)
{
	struct xfs_file *file;
	char block[2 * B], c = 0;

	TEST_OK(xfs_open(mp, path, O_RDONLY, 0, &file));
	for (uint32_t i = 0; i < MANY; i++) {
		ssize_t n = xfs_pread(file, block, 2 * B, (uint64_t)i * 2 * B);
		char here = n > 0 && block[0] ? block[0] : n == 2 * B ? block[B] : 0;

		assert_true(n >= (ssize_t)B);
		assert_true(here == 'a' || here == 'b');
		if (i)
			assert_int_equal(here, c);
		c = here;
		assert_int_equal(block[c == 'a' ? 0 : B], c);
	}
	TEST_OK(xfs_close(file));
	return c;
}

static void test_a_long_one_without_the_feature(void **state)
{
	struct xfs_file *f[2];

	(void)state;
	test_fs_end(&fs);
	make(false);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	make_sparse("/a", 0, 'a');
	make_sparse("/b", 1, 'b');
	f[0] = open_file("/a", O_RDWR);
	f[1] = open_file("/b", O_RDWR);
	assert_int_equal(xfs_exchange_range(f[0], 0, f[1], 0, 0, TO_EOF), -EOPNOTSUPP);
	assert_int_equal(contents_of(fs.mp, "/a"), 'a');
	/* A short one needs no feature. */
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 4 * B, 0));
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 4 * B, 0));
	close_all(f, 2);
}

/* ---- crashes ---------------------------------------------------------------------------------------- */

/* Quota is on: what each file costs its owner is counted, whoever recovers. */
static bool with_quota;

/* /b gets 500 blocks more than /a, where both have holes. */
static void give_owners(void)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	struct xfs_file *b = open_file("/b", O_RDWR);

	on.types = XFS_QUOTA_USER;
	TEST_OK(xfs_chown(fs.mp, "/a", 10, 0));
	TEST_OK(xfs_chown(fs.mp, "/b", 20, 0));
	for (uint32_t i = 0; i < 500; i++)
		TEST_OK(xfs_fallocate(b, 0, (uint64_t)i * 8 * B, B));
	TEST_OK(xfs_close(b));
	TEST_OK(xfs_quota_on(fs.mp, &on));
}

/* The checker holds counts that pass for exact against its own. */
static void expect_exact(struct xfs_mount *mp)
{
	struct xfs_quota_state quota = XFS_QUOTA_STATE_INIT;

	if (!with_quota)
		return;
	TEST_OK(xfs_quota_state(mp, &quota));
	assert_int_equal(quota.exact, XFS_QUOTA_USER);
}

/* For others to judge (tests/interop/interop_exchange.sh). */
static void save(struct xfs_device *image, uint32_t nr)
{
	const char *dir = getenv("XFSWRITE_SAVE_DIR");
	char path[300];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/exchange.%u.img", dir, nr);
	TEST_OK(test_device_save(image, path));
}

/* What a power loss after @nr events leaves; whose contents /a has. */
static char after_crash(struct xfs_device *start, struct xfs_device *recorder, uint32_t nr,
			struct xfs_rand *r)
{
	struct xfs_device *image;
	struct xfs_mount *mp;
	char a, b;

	TEST_OK(test_device_clone(start, &image));
	TEST_OK(test_recorder_crash(recorder, nr, r, image));
	save(image, nr);
	TEST_OK(xfs_mount(image, &fs.opts, &mp));
	a = contents_of(mp, "/a");
	b = contents_of(mp, "/b");
	assert_int_not_equal(a, b);
	expect_exact(mp);
	TEST_OK(xfs_unmount(mp));
	assert_int_equal(test_fs_check(image, 0), 0);
	xfs_device_put(image);
	return a;
}

static void check_a_long_one(void)
{
	struct xfs_rand r = test_rand(1);
	struct xfs_device *start, *recorder;
	struct xfs_mount *mp;
	struct xfs_file *f[2];
	uint32_t first, end;
	unsigned int old = 0, new = 0;

	make_sparse("/a", 0, 'a');
	make_sparse("/b", 1, 'b');
	if (with_quota)
		give_owners();
	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(test_device_clone(fs.dev, &start));
	TEST_OK(test_recorder_open(fs.dev, &recorder));
	fs.opts.flags = 0;
	TEST_OK(xfs_mount(recorder, &fs.opts, &mp));
	TEST_OK(xfs_open(mp, "/a", O_RDWR, 0, &f[0]));
	TEST_OK(xfs_open(mp, "/b", O_RDWR, 0, &f[1]));
	first = test_recorder_events(recorder);
	TEST_OK(xfs_exchange_range(f[0], 0, f[1], 0, 0, TO_EOF | XFS_EXCHANGE_RANGE_DSYNC));
	end = test_recorder_events(recorder);
	/* Several checkpoints, or this shows nothing. */
	assert_true(end - first >= 12);
	assert_int_equal(contents_of(mp, "/a"), 'b');
	TEST_OK(xfs_close(f[0]));
	TEST_OK(xfs_close(f[1]));
	xfs_abandon(mp);
	for (uint32_t nr = first; nr <= end; nr += 1 + (end - first) / 7) {
		if (after_crash(start, recorder, nr, &r) == 'a')
			old++;
		else
			new++;
	}
	assert_int_equal(after_crash(start, recorder, end, &r), 'b');
	/* The first step decides. */
	assert_true(old > 0 && new > 1);
	xfs_device_put(recorder);
	xfs_device_put(start);
	test_fs_open(&fs);
}

static void test_a_long_one_is_never_half_done(void **state)
{
	(void)state;
	check_a_long_one();
}

static void test_a_long_one_is_counted_as_far_as_it_is_done(void **state)
{
	(void)state;
	with_quota = true;
	check_a_long_one();
	with_quota = false;
}

static void arm(struct xfs_file *file)
{
	struct xfs_iattr attr = XFS_IATTR_INIT;

	TEST_OK(xfs_fsetxattr(file, "security.capability", "cap", 3, 0));
	attr.valid = XFS_ATTR_MODE;
	attr.mode = 06777;
	TEST_OK(xfs_fsetattr(file, &attr));
}

static bool later(struct xfs_timespec a, struct xfs_timespec b)
{
	return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

struct side_effects {
	uint64_t off2, len;
	uint32_t flags;
	bool same;
	int error;
};

static void expect_side_effects(struct xfs_file *file, const struct xfs_stat *before,
				const struct side_effects *s)
{
	struct xfs_stat after = stat_of(file);
	bool dry = s->flags & XFS_EXCHANGE_RANGE_DRY_RUN;

	assert_int_equal(after.mode & 07777, fs.opts.unprivileged && !s->error ? 0777 : 06777);
	assert_int_equal(xfs_fgetxattr(file, "security.capability", got, 8), s->error ? 3 : -ENODATA);
	assert_int_equal(later(after.mtime, before->mtime), !s->error && !dry);
	assert_int_equal(later(after.ctime, before->ctime), !s->error);
}

/* Of a range of no bytes and of a dry run, too, but not of a call that is refused. */
static void test_set_id_bits_capabilities_and_times(void **state)
{
	static const struct side_effects table[] = {
		{ 0, 2 * B, 0, false, 0 },		{ 0, 2 * B, XFS_EXCHANGE_RANGE_DRY_RUN, false, 0 },
		{ 0, 0, 0, false, 0 },			{ 0, 0, XFS_EXCHANGE_RANGE_DRY_RUN, false, 0 },
		{ 0, 0, TO_EOF, false, 0 },		{ 2 * B, 2 * B, 0, true, 0 },
		{ 2 * B, 2 * B, XFS_EXCHANGE_RANGE_DRY_RUN, true, 0 },
		{ 0, 0, 0, true, 0 },			{ B, 0, XFS_EXCHANGE_RANGE_DRY_RUN, true, 0 },
		{ B, 2 * B, 0, true, -EINVAL },		{ 0, 99 * B, 0, false, -EINVAL },
		{ B, 2 * B, XFS_EXCHANGE_RANGE_DRY_RUN, true, -EINVAL },
	};
	struct xfs_file *a = make_file("/a", 16 * B, 'a'), *b = make_file("/b", 16 * B, 'b'), *second;
	struct xfs_stat before[2];

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		const struct side_effects *s = &table[i / 2];

		TEST_OK(xfs_close(a));
		TEST_OK(xfs_close(b));
		TEST_OK(xfs_unmount(fs.mp));
		fs.opts.unprivileged = i % 2;
		test_fs_open(&fs);
		a = open_file("/a", O_RDWR);
		b = open_file("/b", O_RDWR);
		second = s->same ? a : b;
		arm(a);
		arm(b);
		fs.clock_ns += 5000000000ull;
		before[0] = stat_of(a);
		before[1] = stat_of(second);
		assert_int_equal(xfs_exchange_range(a, 0, second, s->off2, s->len, s->flags), s->error);
		expect_side_effects(a, &before[0], s);
		expect_side_effects(second, &before[1], s);
	}
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_empty_file_and_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ranges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sharing_goes_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_staged_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_set_id_bits_capabilities_and_times, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_long_one_without_the_feature, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_long_one_is_never_half_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_long_one_is_counted_as_far_as_it_is_done, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
