/* SPDX-License-Identifier: MIT */
/*
 * Goal: the rule of the unjournalled mode: the mark "in progress" is stable before anything else
 *       reaches the device, and goes only when a clean close has made all of it stable.  Whenever
 *       the machine stops, the image is either as it was before or after, or nobody mounts it.
 * Method: a volume with contents is opened over a recorder and changed by each kind of operation.
 *       Every prefix of the recorded writes, and at every point images that a power loss could
 *       leave, are classified: marked; equal to the start; or equal to the end, which the checker
 *       likes.  Nothing else may occur.
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
#include <stdio.h>
#include "base/crc32c.h"
#include "disk/sb.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;
static char data[300000];

/* ---- what is done to the volume ----------------------------------------------------------- */

static void op_nothing(void)
{
	struct stat st;

	TEST_OK(xfs_stat(fs.mp, "/old", &st));
}

static void op_overwrite(void)
{
	struct xfs_file *file;

	/* No block is allocated, no name changed: the data itself is the first change. */
	TEST_OK(xfs_open(fs.mp, "/old", O_RDWR, 0, &file));
	TEST_IS(xfs_pwrite(file, data, 100000, 4096), 100000);
	TEST_OK(xfs_close(file));
}

static void op_overwrite_sync(void)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/old", O_RDWR | O_DSYNC, 0, &file));
	TEST_IS(xfs_pwrite(file, data, 10, 4096), 10);
	TEST_IS(xfs_pwrite(file, data, 10, 40960), 10);
	TEST_OK(xfs_close(file));
}

static void op_new_file(void)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/new", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, data, sizeof(data), 0), sizeof(data));
	TEST_OK(xfs_fsync(file));
	TEST_IS(xfs_pwrite(file, data, 5000, 1 << 20), 5000);
	TEST_OK(xfs_close(file));
}

static void op_append(void)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, "/old", O_RDWR | O_APPEND, 0, &file));
	TEST_IS(xfs_pwrite(file, data, 7, 0), 7);
	TEST_OK(xfs_close(file));
}

static void op_truncate(void)
{
	TEST_OK(xfs_truncate(fs.mp, "/old", 1000));
}

static void op_unlink(void)
{
	TEST_OK(xfs_unlink(fs.mp, "/old"));
}

static void op_rename(void)
{
	TEST_OK(xfs_rename(fs.mp, "/old", "/dir/older"));
}

static void op_utimens(void)
{
	TEST_OK(xfs_utimens(fs.mp, "/old", true, NULL));
}

static void op_xattr(void)
{
	TEST_OK(xfs_setxattr(fs.mp, "/old", true, "user.large", data, 60000, 0));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_removexattr(fs.mp, "/old", true, "user.large"));
}

static void op_many(void)
{
	char path[32];

	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/dir/f%d", i);
		TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
		if (i % 100 == 99)
			TEST_OK(xfs_sync(fs.mp));
	}
	for (int i = 0; i < 300; i += 2) {
		snprintf(path, sizeof(path), "/dir/f%d", i);
		TEST_OK(xfs_unlink(fs.mp, path));
	}
}

static const struct {
	const char *name;
	void (*run)(void);
	bool changes;
} ops[] = {
	{ "nothing", op_nothing, false },
	{ "overwrite", op_overwrite, true },
	{ "overwrite, synchronously", op_overwrite_sync, true },
	{ "new file", op_new_file, true },
	{ "append", op_append, true },
	{ "truncate", op_truncate, true },
	{ "unlink", op_unlink, true },
	{ "rename", op_rename, true },
	{ "utimens", op_utimens, true },
	{ "xattr", op_xattr, true },
	{ "many", op_many, true },
};

/* ---- what is left at each moment ------------------------------------------------------------ */

enum state { MARKED, START, END, OTHER };

static enum state classify(struct xfs_device *image, struct xfs_device *start,
			   struct xfs_device *end)
{
	uint8_t sector[512];

	TEST_OK(xfs_device_pread(image, 0, sector, sizeof(sector)));
	if (sector[126])
		return MARKED;
	if (test_device_equal(image, start, NULL))
		return START;
	return test_device_equal(image, end, NULL) ? END : OTHER;
}

static void check_moments(const char *name, bool changes, struct xfs_device *rec,
			  struct xfs_device *start, struct xfs_device *end)
{
	uint32_t nr = test_recorder_events(rec), step = nr / 200 + 1;
	struct xfs_rand r = test_rand(nr);
	enum state last = START;

	for (uint32_t i = 0; i <= nr; i += i + step > nr && i < nr ? nr - i : step) {
		for (int loss = 0; loss < 3; loss++) {
			struct xfs_device *image;
			enum state state;

			TEST_OK(test_device_clone(start, &image));
			if (loss)
				TEST_OK(test_recorder_crash(rec, i, &r, image));
			else
				TEST_OK(test_recorder_replay(rec, i, image));
			state = classify(image, start, end);
			xfs_device_put(image);
			if (state == OTHER) {
				fprintf(stderr, "%s: after %u of %u writes%s: neither marked nor whole\n",
					name, i, nr, loss ? " and a power loss" : "");
				fail();
			}
			if (!loss) {
				/* START, then MARKED, then END, and never back. */
				assert_true(state == last || (last == START && state == MARKED) ||
					    (last == MARKED && state == END));
				last = state;
			}
		}
		if (i == nr)
			break;
	}
	assert_int_equal(last, changes ? END : START);
}

static void make_start(const struct xfs_mkfs_options *mkfs)
{
	struct xfs_file *file;

	test_fs_make(&fs, MIB(32), mkfs);
	memset(data, 'o', sizeof(data));
	TEST_OK(xfs_open(fs.mp, "/old", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, data, sizeof(data), 0), sizeof(data));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	memset(data, 'n', sizeof(data));
	test_fs_close_and_check(&fs);
}

/* @small: caches so small that everything is written early. */
static void all_ops(bool small)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct xfs_device *start, *rec, *base;

		make_start(NULL);
		TEST_OK(test_device_clone(fs.dev, &start));
		base = fs.dev;
		TEST_OK(test_recorder_open(base, &rec));
		fs.dev = rec;
		if (small) {
			fs.opts.data_cache_bytes = 65536;
			fs.opts.meta_cache_bytes = 65536;
		}
		test_fs_open(&fs);
		ops[i].run();
		test_fs_close_and_check(&fs);
		check_moments(ops[i].name, ops[i].changes, rec, start, base);
		xfs_device_put(start);
		xfs_device_put(base);
		test_fs_destroy(&fs);
	}
}

static void test_every_moment(void **state)
{
	(void)state;
	all_ops(false);
}

static void test_every_moment_small_caches(void **state)
{
	(void)state;
	all_ops(true);
}

/* Abandoning writes nothing; what was changed on disk before stays marked. */
static void test_abandon(void **state)
{
	struct xfs_device *start, *rec, *base;
	struct xfs_mount_options rdonly;
	struct xfs_mount *mp;
	struct xfs_file *file;
	uint32_t events;

	(void)state;
	make_start(NULL);
	TEST_OK(test_device_clone(fs.dev, &start));
	base = fs.dev;
	TEST_OK(test_recorder_open(base, &rec));
	fs.dev = rec;
	test_fs_open(&fs);
	op_nothing();
	xfs_abandon(fs.mp);
	assert_int_equal(test_recorder_events(rec), 0);
	/* A write that is still in memory: the image is as it was. */
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/old", O_RDWR, 0, &file));
	TEST_IS(xfs_pwrite(file, data, 1000, 0), 1000);
	TEST_OK(xfs_close(file));
	xfs_abandon(fs.mp);
	if (test_recorder_events(rec))
		assert_int_equal(classify(base, start, start), MARKED);
	else
		assert_int_equal(classify(base, start, start), START);
	xfs_device_put(fs.dev);
	xfs_device_put(base);
	TEST_OK(test_device_clone(start, &base));
	TEST_OK(test_recorder_open(base, &rec));
	fs.dev = rec;
	test_fs_open(&fs);
	op_many();
	events = test_recorder_events(rec);
	xfs_abandon(fs.mp);
	fs.mp = NULL;
	assert_int_equal(test_recorder_events(rec), events);
	assert_int_equal(classify(base, start, start), MARKED);
	rdonly = fs.opts;
	rdonly.flags = XFS_MOUNT_RDONLY;
	TEST_IS(xfs_mount(fs.dev, &rdonly, &mp), -EUCLEAN);
	assert_non_null(strstr(xfs_error_text(NULL), "in progress"));
	xfs_device_put(start);
	xfs_device_put(base);
	test_fs_destroy(&fs);
}

/* What mkfs left in progress is gone on with, and finished by the close. */
static void test_continue_mkfs(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .flags = XFS_MKFS_INPROGRESS };
	struct xfs_info info = { .size = sizeof(info) };
	uint8_t sector[512];

	(void)state;
	memset(&fs, 0, sizeof(fs));
	mkfs.flags |= XFS_MKFS_SMALL;
	TEST_OK(xfs_device_open_memory(MIB(32), 512, NULL, &fs.dev));
	TEST_OK(xfs_mkfs(fs.dev, NULL, &mkfs, NULL));
	fs.opts.size = sizeof(fs.opts);
	fs.opts.flags = XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS;
	test_fs_open(&fs);
	TEST_OK(xfs_info(fs.mp, &info));
	assert_true(info.in_progress);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	assert_int_equal(sector[126], 1);
	test_fs_close_and_check(&fs);
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	assert_int_equal(sector[126], 0);
	/* Also when nothing at all is done. */
	TEST_OK(xfs_mkfs(fs.dev, NULL, &(struct xfs_mkfs_options){
		.size = sizeof(mkfs), .flags = XFS_MKFS_INPROGRESS | XFS_MKFS_SMALL |
					       XFS_MKFS_FORCE }, NULL));
	test_fs_open(&fs);
	test_fs_end(&fs);
}

static uint16_t qflags(void)
{
	uint8_t sector[512];

	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	return get_be16(sector + 176);
}

/* Quota counts are not kept: the first change takes the marks away that say they are right. */
static void test_quota_flags(void **state)
{
	uint8_t sector[512];

	(void)state;
	make_start(NULL);
	/* As a kernel would have left it that was mounted with quota. */
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	put_be16(0x3c7, sector + 176);
	xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
	test_fs_open(&fs);
	op_nothing();
	TEST_OK(xfs_unmount(fs.mp));
	assert_int_equal(qflags(), 0x3c7);
	test_fs_open(&fs);
	op_utimens();
	assert_int_equal(qflags(), 0x3c7 & ~0x504);
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	assert_int_equal(qflags(), 0x3c7 & ~0x504);
	test_fs_destroy(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_moment),
		cmocka_unit_test(test_every_moment_small_caches),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_continue_mkfs),
		cmocka_unit_test(test_quota_flags),
	};

	test_seed_init(51);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
