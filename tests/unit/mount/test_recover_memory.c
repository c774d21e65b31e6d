/* SPDX-License-Identifier: MIT */
/*
 * Goal: recovery writes nothing before all is known to be good, however long the log: a log that is
 *       refused at its very end left every byte as it was, with and without a limit for all memory, and
 *       whatever the caches are.  A limit that is too low for it is told, with one that is
 *       enough, and nothing was written; where much is to be done after replay, it is tried in
 *       memory before it is done.  Under a limit a log is recovered to the same bytes as without;
 *       from the least limit and twice the largest transaction on it is recovered.  What a reader
 *       recovers in memory, and keeps there, is within his limit as well; so is the mount that recovers
 *       for one without a journal.
 * Method: dirty logs of abandoned mounts, opened over overlays; memory is measured at the
 * hooks of struct xfs_env.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/xfswrite.h>
#include <xfswrite/fallocate.h>
#include "base/compiler.h"
#include "disk/ag.h"
#include "disk/btree.h"
#include "disk/geometry.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_memory.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define SIZE   MIB(320) /* of the others */
#define LINKS  17500u	/* each has a block of its own */

static struct host {
	struct test_memory memory; /* ctx of env: first */
	struct xfs_env env;
	unsigned int tried; /* times that recovery was tried first */
} host;

static void on_message(void *ctx, enum xfs_log_level level, const char *line)
{
	(void)level;
	((struct host *)ctx)->tried += strstr(line, "a trial recovery in memory succeeded") != NULL;
}

static struct xfs_mount_options options(uint64_t meta_cache, uint64_t limit)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts),
		.env = &host.env,
		.meta_cache_bytes = meta_cache,
		.memory_limit_bytes = limit,
	};

	memset(&host, 0, sizeof(host));
	host.env.size = sizeof(host.env);
	host.env.ctx = &host;
	host.env.log = on_message;
	test_memory_hooks(&host.env);
	return opts;
}

static int recover(struct xfs_device *dev, const struct xfs_mount_options *opts,
		   struct xfs_device **out)
{
	struct xfs_mount *mp;
	int error;

	TEST_OK(xfs_device_open_overlay(dev, NULL, out));
	error = xfs_mount(*out, opts, &mp);
	if (!error)
		TEST_OK(xfs_unmount(mp));
	assert_int_equal(host.memory.now, 0);
	return error;
}

/* ---- a long log -------------------------------------------------------------- */

static struct xfs_device *make_long_log(void)
{
	const struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs),
		.log_size = MIB(160),
		.agcount = 2,
		.reflink = XFS_MKFS_ON,
	};
	struct test_fs fs = {0};
	char target[1024], name[32];

	test_fs_make(&fs, MIB(512), &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	fs.opts.meta_cache_bytes = MIB(256);
	test_fs_open(&fs);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	for (unsigned int i = 0; i < LINKS; i++) {
		snprintf(name, sizeof(name), "/link%u", i);
		TEST_OK(xfs_symlink(fs.mp, target, name));
	}
	TEST_OK(xfs_sync(fs.mp));
	xfs_abandon(fs.mp);
	return fs.dev;
}

/* Recovery looks for staging blocks when all was replayed: the root of that tree is damaged. */
static void damage_refcount_root(struct xfs_device *dev)
{
	struct xfs_geometry geo;
	union {
		struct xfs_dsb dsb;
		struct xfs_agf agf;
		uint8_t bytes[512];
	} u;
	struct xfs_sb sb;
	uint64_t ag;

	TEST_OK(xfs_device_pread(dev, 0, &u, sizeof(u)));
	xfs_sb_from_disk(&sb, &u.dsb);
	TEST_OK(xfs_geometry_init(&geo, &sb));
	ag = (uint64_t)sb.sb_agblocks * sb.sb_blocksize;
	TEST_OK(xfs_device_pread(dev, ag + 512, &u, sizeof(u)));
	ag += (uint64_t)be32_to_cpu(u.agf.agf_refcount_root) * sb.sb_blocksize;
	memset(&u, 0x5a, sizeof(u));
	TEST_OK(xfs_device_pwrite(dev, ag, &u, sizeof(u), 0));
}

/* The root that is damaged is met when all was replayed. */
static void bad_at_its_end(struct xfs_device *bad, uint64_t meta_cache, uint64_t limit)
{
	struct xfs_mount_options opts = options(meta_cache, limit);
	struct xfs_device *out;

	assert_int_equal(recover(bad, &opts, &out), -EBADMSG);
	assert_non_null(strstr(xfs_error_text(NULL), "refcount"));
	assert_int_equal(xfs_device_overlay_bytes(out), 0);
	if (limit)
		assert_true(host.memory.peak <= limit);
	xfs_device_put(out);
}

static void good(struct xfs_device *dev, uint64_t meta_cache, uint64_t limit)
{
	struct xfs_mount_options opts = options(meta_cache, limit);
	struct xfs_device *out;

	TEST_OK(recover(dev, &opts, &out));
	if (limit)
		assert_true(host.memory.peak <= limit);
	assert_int_equal(test_fs_check(out, 0), 0);
	xfs_device_put(out);
}

/* Refused for lack of memory; the limit that is told to be enough. */
static uint64_t too_little(struct xfs_device *dev, uint64_t limit)
{
	struct xfs_mount_options opts = options(0, limit);
	uint64_t enough = 0;
	struct xfs_device *out;
	const char *text;

	assert_int_equal(recover(dev, &opts, &out), -ENOMEM);
	assert_int_equal(xfs_device_overlay_bytes(out), 0);
	xfs_device_put(out);
	text = strstr(xfs_error_text(NULL), "allows; ");
	assert_non_null(text);
	assert_int_equal(sscanf(text, "allows; %" SCNu64 " is enough", &enough), 1);
	return enough;
}

static void test_long_log(void **state)
{
	struct xfs_device *dev = make_long_log(), *bad;
	uint64_t enough;

	(void)state;
	TEST_OK(xfs_device_open_overlay(dev, NULL, &bad));
	damage_refcount_root(bad);
	good(dev, MIB(1), 0);
	bad_at_its_end(bad, MIB(1), 0);
	/* As good as no cache. */
	bad_at_its_end(bad, 4095, 0);
	good(dev, 0, MIB(160));
	bad_at_its_end(bad, 0, MIB(160));

	/* Transactions of a mount without a limit are too large for this one. */
	too_little(dev, MIB(16));
	/* And the whole of it for this one. */
	too_little(bad, MIB(44));
	enough = too_little(dev, MIB(44));
	assert_true(enough > MIB(44) && enough < MIB(1024));
	good(dev, 0, enough);
	bad_at_its_end(bad, 0, enough);
	xfs_device_put(bad);
	xfs_device_put(dev);
}

/* ---- much to do after replay ---------------------------------------------------- */

#define EXTENTS 30000u

/* The log is short; a file that has no name any more is in many pieces, which are freed one by one. */
static struct xfs_device *make_long_work(void)
{
	const struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .log_size = MIB(16), .agcount = 2, .rmapbt = XFS_MKFS_ON,
	};
	struct test_fs fs = {0};
	struct xfs_device *dev;
	struct xfs_file *file;

	test_fs_make(&fs, MIB(320), &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/pieces", O_CREAT | O_RDWR, 0600, &file));
	for (uint64_t i = 0; i < EXTENTS; i++)
		TEST_OK(xfs_fallocate(file, 0, i * 8192, 4096));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/pieces", O_RDONLY, 0, &file));
	TEST_OK(xfs_unlink(fs.mp, "/pieces"));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(test_device_clone(fs.dev, &dev));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unmount(fs.mp));
	xfs_device_put(fs.dev);
	return dev;
}

/* The @nth block with records of the reverse map tree is damaged; false: there are not so many. */
static bool damage_rmap_leaf(struct xfs_device *dev, unsigned int nth)
{
	uint8_t block[4096];

	for (uint64_t at = 0; at < MIB(320); at += sizeof(block)) {
		TEST_OK(xfs_device_pread(dev, at, block, sizeof(block)));
		if (get_be32(block) != XFS_RMAP_CRC_MAGIC || get_be16(block + 4) != 0 || nth--)
			continue;
		block[100] ^= 1;
		TEST_OK(xfs_device_pwrite(dev, at, block, sizeof(block), 0));
		return true;
	}
	return false;
}

static void test_long_work(void **state)
{
	struct xfs_device *dev = make_long_work(), *bad, *out, *want;
	struct xfs_mount_options opts = options(0, 0);
	const uint64_t limit = MIB(9) / 2;
	unsigned int late = 0;

	(void)state;
	TEST_OK(recover(dev, &opts, &want));
	assert_int_equal(host.tried, 0);
	assert_int_equal(test_fs_check(want, 0), 0);
	xfs_device_put(want);
	opts = options(0, limit);
	TEST_OK(recover(dev, &opts, &out));
	assert_int_equal(host.tried, 1);
	assert_true(host.memory.peak <= limit);
	assert_int_equal(test_fs_check(out, 0), 0);
	xfs_device_put(out);
	for (unsigned int nth = 0; nth < 80; nth += 13) {
		int error;

		TEST_OK(xfs_device_open_overlay(dev, NULL, &bad));
		assert_true(damage_rmap_leaf(bad, nth));
		opts = options(0, limit);
		error = recover(bad, &opts, &out);
		if (error) {
			assert_int_equal(error, -EUCLEAN);
			assert_int_equal(xfs_device_overlay_bytes(out), 0);
			late++;
		}
		xfs_device_put(out);
		xfs_device_put(bad);
	}
	assert_true(late > 0);
	xfs_device_put(dev);
}

/* ---- a limit for all memory ---------------------------------------------------- */

static const struct geometry {
	const char *name;
	struct xfs_mkfs_options mkfs;
} geometries[] = {
	{"4 KiB", {.size = sizeof(struct xfs_mkfs_options)}},
	{"1 KiB", {.size = sizeof(struct xfs_mkfs_options), .blocksize = 1024}},
	{"64 KiB", {.size = sizeof(struct xfs_mkfs_options), .blocksize = 65536}},
	{"inodes of 2 KiB",
	 {.size = sizeof(struct xfs_mkfs_options), .inodesize = 2048, .rmapbt = XFS_MKFS_ON}},
	{"directory blocks of 64 KiB",
	 {.size = sizeof(struct xfs_mkfs_options), .dirblocksize = 65536}},
};

static void work(struct xfs_mount *mp)
{
	static char data[9000];
	struct xfs_file *file;
	char name[80];

	TEST_OK(xfs_mkdir(mp, "/d", 0755));
	for (int i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "/d/a_name_that_takes_its_room_in_the_directory_%d",
			 i);
		TEST_OK(xfs_open(mp, name, O_CREAT | O_RDWR, 0644, &file));
		TEST_IS(xfs_pwrite(file, data, sizeof(data), (uint64_t)(i % 4) * 50000),
			sizeof(data));
		TEST_OK(xfs_close(file));
		if (i % 5 == 0)
			TEST_OK(xfs_setxattr(mp, name, true, "user.a", data, 2000, 0));
		if (i % 7 == 3)
			TEST_OK(xfs_unlink(mp, name));
	}
	TEST_OK(xfs_sync(mp));
}

static struct xfs_device *make_dirty(const struct geometry *g, uint64_t *least)
{
	struct xfs_mkfs_options mkfs = g->mkfs;
	struct xfs_mount_options opts = {.size = sizeof(opts)};
	struct xfs_device *dev;
	struct xfs_mount *mp;

	mkfs.flags |= XFS_MKFS_SMALL;
	TEST_OK(xfs_device_open_memory(SIZE, 512, NULL, &dev));
	TEST_OK(xfs_mkfs(dev, NULL, &mkfs, NULL));
	TEST_OK(xfs_memory_minimum(dev, &opts, least));
	opts.memory_limit_bytes = *least;
	TEST_OK(xfs_mount(dev, &opts, &mp));
	work(mp);
	xfs_abandon(mp);
	return dev;
}

/* All but the log, and the superblock's sector: the LSN in it depends on where the log went on. */
static void assert_same(struct xfs_device *a, struct xfs_device *b)
{
	static uint8_t x[1u << 20], y[1u << 20];
	struct xfs_geometry geo;
	uint64_t log, log_end;
	struct xfs_sb sb;

	TEST_OK(xfs_device_pread(a, 0, x, 512));
	xfs_sb_from_disk(&sb, (const struct xfs_dsb *)(void *)x);
	TEST_OK(xfs_geometry_init(&geo, &sb));
	log = xfs_fsb_to_bytes(&geo, sb.sb_logstart);
	log_end = log + (uint64_t)sb.sb_logblocks * sb.sb_blocksize;
	for (uint64_t at = 0; at < SIZE; at += sizeof(x)) {
		TEST_OK(xfs_device_pread(a, at, x, sizeof(x)));
		TEST_OK(xfs_device_pread(b, at, y, sizeof(y)));
		if (!memcmp(x, y, sizeof(x)))
			continue;
		for (size_t i = 0; i < sizeof(x); i++) {
			uint64_t pos = at + i;

			if (x[i] != y[i] && pos >= 512 && (pos < log || pos >= log_end))
				fail_msg("byte %" PRIu64 " differs", pos);
		}
	}
}

static void below_limits(const struct geometry *g)
{
	struct xfs_mount_options opts = options(0, 0);
	struct xfs_device *want, *out, *dev;
	static const int64_t kib[] = {-1500, -4, 0, 100, 700, 2048, 9000};
	uint64_t least, first_ok = 0;

	dev = make_dirty(g, &least);
	TEST_OK(recover(dev, &opts, &want));
	assert_int_equal(test_fs_check(want, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kib); i++) {
		uint64_t limit = (uint64_t)((int64_t)least + kib[i] * 1024);
		int error;

		opts = options(0, limit);
		error = recover(dev, &opts, &out);
		if (error != 0 && (error != -ENOMEM || kib[i] >= 2048))
			fail_msg("%s, least %" PRIu64 "%+" PRId64 " KiB: %s", g->name, least,
				 kib[i], xfs_error_text(NULL));
		assert_true(host.memory.peak <= XFS_MAX(limit, (uint64_t)256 << 10));
		if (error) {
			assert_non_null(strstr(xfs_error_text(NULL), "memory"));
			assert_int_equal(xfs_device_overlay_bytes(out), 0);
		} else {
			first_ok = first_ok ? first_ok : limit;
			assert_true(limit >= least);
			assert_same(want, out);
		}
		xfs_device_put(out);
	}
	printf("%s: least %" PRIu64 " KiB, recovered from %" PRIu64 " KiB on\n", g->name,
	       least >> 10, first_ok >> 10);
	xfs_device_put(want);
	xfs_device_put(dev);
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(geometries); i++)
		below_limits(&geometries[i]);
}

/* ---- limits of those for whom another mount recovers ------------------------------- */

#define READER (XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY)

static uint64_t digest_file(struct xfs_mount *mp, const char *path, uint64_t sum)
{
	static uint8_t data[1u << 16];
	struct xfs_file *file;
	uint64_t pos = 0;
	int64_t n;

	TEST_OK(xfs_open(mp, path, O_RDONLY, 0, &file));
	while ((n = xfs_pread(file, data, sizeof(data), pos)) > 0) {
		for (int64_t i = 0; i < n; i++)
			sum = sum * 31 + data[i] + 1;
		pos += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	TEST_OK(xfs_close(file));
	return sum;
}

/* What is in the directory of work(), names and contents. */
static uint64_t digest(struct xfs_mount *mp)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	uint64_t sum = 1;
	char path[600];
	int n;

	TEST_OK(xfs_opendir(mp, "/d", &dir));
	while ((n = xfs_readdir(dir, &entry)) > 0) {
		if (entry.name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/d/%s", entry.name);
		sum += digest_file(mp, path, entry.ino);
	}
	assert_int_equal(n, 0);
	xfs_closedir(dir);
	return sum;
}

/* With the log recovered for @flags below @limit; *@sum is what it then has. */
static int open_within(struct xfs_device *dev, uint32_t flags, uint64_t limit, uint64_t *sum)
{
	struct xfs_mount_options opts = options(0, limit);
	struct xfs_device *out;
	struct xfs_mount *mp;
	int error;

	opts.flags = flags;
	TEST_OK(xfs_device_open_overlay(dev, NULL, &out));
	error = xfs_mount(out, &opts, &mp);
	if (!error) {
		*sum = digest(mp);
		TEST_OK(xfs_unmount(mp));
	}
	if (error || flags == READER)
		assert_int_equal(xfs_device_overlay_bytes(out), 0);
	if (limit && host.memory.peak > XFS_MAX(limit, (uint64_t)256 << 10))
		fail_msg("%" PRIu64 " KiB were had, the limit is %" PRIu64, host.memory.peak >> 10,
			 limit >> 10);
	assert_int_equal(host.memory.now, 0);
	xfs_device_put(out);
	return error;
}

/* Refused for want of memory; what is told to be enough is enough. */
static void enough_is_told(struct xfs_device *dev, uint32_t flags, uint64_t limit, uint64_t want)
{
	uint64_t told = 0, enough = 0, sum = 0;
	const char *text = xfs_error_text(NULL);

	if (sscanf(text, "recovery needs more memory than a memory_limit_bytes of %" SCNu64
		   " allows; %" SCNu64 " is enough", &told, &enough) != 2)
		fail_msg("%s", text);
	assert_int_equal(told, limit);
	assert_true(enough > limit && enough < MIB(1024));
	if (open_within(dev, flags, enough, &sum))
		fail_msg("with %" PRIu64 " for %" PRIu64 ": %s", enough, limit, xfs_error_text(NULL));
	assert_int_equal(sum, want);
}

static void below_limits_of(struct xfs_device *dev, uint32_t flags, const uint64_t *limits, size_t n)
{
	struct xfs_mount_options opts = {.size = sizeof(opts), .flags = flags};
	uint64_t want = 0, sum, least;
	unsigned int refused = 0;

	TEST_OK(open_within(dev, flags, 0, &want));
	TEST_OK(xfs_memory_minimum(dev, &opts, &least));
	for (size_t i = 0; i < n; i++) {
		int error = open_within(dev, flags, least + limits[i], &sum);

		if (!error) {
			assert_int_equal(sum, want);
			continue;
		}
		assert_int_equal(error, -ENOMEM);
		refused++;
		enough_is_told(dev, flags, least + limits[i], want);
	}
	assert_true(refused > 0 && refused < n);
}

static void test_limits_of_others(void **state)
{
	static const uint64_t more[] = {0, 1u << 20, 4u << 20, 30u << 20};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(geometries); i++) {
		uint64_t least;
		struct xfs_device *dev = make_dirty(&geometries[i], &least);

		below_limits_of(dev, READER, more, ARRAY_SIZE(more));
		below_limits_of(dev, XFS_MOUNT_UNJOURNALLED, more, ARRAY_SIZE(more));
		xfs_device_put(dev);
	}
}

/* What was changed is much more than a limit allows, and what a reader keeps of it is within. */
static void test_reader_of_a_long_log(void **state)
{
	static const uint64_t more[] = {MIB(20), MIB(60), MIB(400)};
	struct xfs_device *dev = make_long_log();

	(void)state;
	below_limits_of(dev, READER, more, ARRAY_SIZE(more));
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_log),
		cmocka_unit_test(test_long_work),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_of_others),
		cmocka_unit_test(test_reader_of_a_long_log),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
