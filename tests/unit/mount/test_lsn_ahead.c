/* SPDX-License-Identifier: MIT */
/*
 * Goal: metadata whose LSN is ahead of the log is refused by whoever may write, told to readers and
 *       found by the checker, whatever structure it is; changes are never logged for it, which
 *       recovery would not replay.
 * Method: on an image with every structure, one object of each kind gets such an LSN and its right
 *         checksum; the image is then opened in every mode and used.  Logs are erased, too.
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
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/btree.h"
#include "support/fill.h"
#include "support/objects.h"
#include "support/test_fs.h"
#include "support/walk.h"

#define AHEAD	(9ull << 32 | 5)

static struct test_fs fs;
static struct test_objects objs;
static struct xfs_device *overlay;
static unsigned int told;	/* lines that say so, by those who were told */
static char last_line[600];
static uint64_t clean_errors;	/* calls that fail on what is all right, such as SEEK_DATA of nothing */

static void hear(void *ctx, enum xfs_log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	if (strstr(line, "LSN 9:5 is ahead of the log, which ends at ")) {
		told++;
		snprintf(last_line, sizeof(last_line), "%s", line);
	}
}

static struct xfs_mount_options options(uint32_t flags)
{
	fs.env.log = hear;
	return (struct xfs_mount_options){ .size = sizeof(struct xfs_mount_options),
					   .flags = flags, .env = &fs.env };
}

static int setup(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = 1024,
					 .dirblocksize = 4096, .agcount = 2 };
	struct test_walk walk = { 0 };
	struct test_fill_result result;
	struct test_fill_options fill = { .top = "", .ops = &test_fill_library, .seed = 1,
					  .blocksize = 1024, .dirblksize = 4096, .inodesize = 512,
					  .percent = 8, .what = TEST_FILL_ALL };

	(void)state;
	memset(&fs, 0, sizeof(fs));
	test_fs_make(&fs, 300u << 20, &mkfs);
	fill.fs = fs.mp;
	TEST_OK(test_fill(&fill, &result));
	/* Its index is a tree. */
	TEST_OK(xfs_mkdir(fs.mp, "/big", 0755));
	for (int i = 0; i < 1500; i++) {
		char name[64];

		snprintf(name, sizeof(name), "/big/a name of some length, number %d", i);
		TEST_OK(xfs_mknod(fs.mp, name, S_IFIFO | 0644, 0, 0));
	}
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	TEST_OK(test_objects_find(fs.dev, &objs));
	TEST_OK(xfs_device_open_overlay(fs.dev, NULL, &overlay));
	TEST_OK(test_walk_read(fs.dev, &walk));
	clean_errors = walk.errors;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xfs_device_put(overlay);
	test_objects_free(&objs);
	test_fs_destroy(&fs);
	return 0;
}

static uint32_t lsn_offset(enum test_kind kind)
{
	switch (kind) {
	case TEST_SB:
		return 240;
	case TEST_AGF:
		return 208;
	case TEST_AGI:
		return 320;
	case TEST_BMBT:
		return 32;
	case TEST_INODE:
		return 112;
	case TEST_DIR_BLOCK:
	case TEST_DIR_DATA:
	case TEST_DIR_FREE:
		return 16;
	case TEST_SYMLINK:
		return 48;
	default:
		return 24;
	}
}

/* The first of its kind that is on every way to its kind: the root of a tree. */
static const struct test_object *pick(enum test_kind kind)
{
	const struct test_object *best = NULL;

	for (size_t i = 0; i < objs.n; i++) {
		const struct test_object *obj = &objs.v[i];

		if (obj->kind != kind || (kind < TEST_BMBT && obj->agno != 0))
			continue;
		/* Of a directory: not one that only the kernel would read. */
		if (kind == TEST_INODE && obj->owner != pick(TEST_DIR_BLOCK)->owner)
			continue;
		if (!best || (kind < TEST_BMBT && obj->level > best->level))
			best = obj;
	}
	return best;
}

static void put_ahead(const struct test_object *obj)
{
	static uint8_t buf[65536];

	TEST_OK(xfs_device_overlay_discard(overlay));
	TEST_OK(test_object_read(overlay, obj, buf));
	put_be64(AHEAD, buf + lsn_offset(obj->kind));
	test_object_fix_crc(obj, buf);
	TEST_OK(test_object_write(overlay, obj, buf));
	told = 0;
	last_line[0] = '\0';
}

/* What needs every tree of an AG, and the free space of a directory. */
static void use_trees(struct xfs_mount *mp)
{
	struct xfs_file *file;
	char data[3000], name[32];

	(void)xfs_mknod(mp, "/big/new", S_IFIFO | 0644, 0, 0);
	memset(data, 'x', sizeof(data));
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "/use%d", i);
		if (xfs_mkdir(mp, name, 0755))
			continue;
		strcat(name, "/f");
		if (xfs_open(mp, name, O_CREAT | O_RDWR, 0644, &file))
			continue;
		(void)!xfs_pwrite(file, data, sizeof(data), 0);
		(void)xfs_fsync(file);
		xfs_close(file);
		(void)xfs_unlink(mp, name);
	}
}

static void writer_refuses(const struct test_object *obj, uint32_t flags)
{
	struct xfs_mount_options opts = options(flags);
	struct test_walk walk = { .opts = &opts };
	struct xfs_mount *mp;
	int error;

	put_ahead(obj);
	error = xfs_mount(overlay, &opts, &mp);
	if (!error)
		use_trees(mp);
	if (!error)
		xfs_abandon(mp);
	if (!error && !told) {
		put_ahead(obj);
		error = test_walk_read(overlay, &walk);
	}
	if (error)
		assert_int_equal(error, -EUCLEAN);
	if (!told)
		fail_msg("%s: nobody refused its LSN", test_kind_names[obj->kind]);
}

static void reader_is_told(const struct test_object *obj)
{
	struct xfs_mount_options opts = options(XFS_MOUNT_RDONLY);
	struct test_walk walk = { .opts = &opts };

	put_ahead(obj);
	if (obj->kind == TEST_SB) {
		assert_int_equal(test_walk_read(overlay, &walk), -EUCLEAN);
		assert_int_equal(told, 1);
		opts.flags |= XFS_MOUNT_NORECOVERY;
		told = 0;
	}
	TEST_OK(test_walk_read(overlay, &walk));
	assert_int_equal(walk.errors, clean_errors);
	/* Who only reads has no use for the trees of free space. */
	if (obj->kind >= TEST_BMBT && obj->kind != TEST_DIR_FREE)
		assert_int_equal(told, 1);
}

/* Also to one who leaves the log alone, of what is cheap to know. */
static void info_tells(const struct test_object *obj)
{
	struct xfs_mount_options opts = options(XFS_MOUNT_RDONLY | XFS_MOUNT_NORECOVERY);
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_mount *mp;

	TEST_OK(xfs_device_overlay_discard(overlay));
	TEST_OK(xfs_mount(overlay, &opts, &mp));
	TEST_OK(xfs_info(mp, &info));
	assert_false(info.lsn_ahead);
	TEST_OK(xfs_unmount(mp));
	put_ahead(obj);
	told = 0;
	TEST_OK(xfs_mount(overlay, &opts, &mp));
	TEST_OK(xfs_info(mp, &info));
	if (obj->kind == TEST_SB || obj->kind == TEST_AGF || obj->kind == TEST_AGI) {
		assert_true(info.lsn_ahead);
		assert_int_equal(told, 1);
	}
	TEST_OK(xfs_unmount(mp));
}

static void checker_finds_it(const struct test_object *obj)
{
	struct test_findings found = { 0 };
	bool named = false;

	put_ahead(obj);
	test_check(overlay, 0, 0, &found);
	for (size_t i = 0; i < found.n; i++)
		named |= strstr(found.v[i].text, "LSN 9:5") != NULL;
	if (!named)
		fail_msg("%s: the checker does not tell its LSN", test_kind_names[obj->kind]);
	test_findings_free(&found);
}

/* All but remote values of attributes, which are never logged: theirs is all ones. */
static void test_every_structure(void **state)
{
	unsigned int kinds = 0;

	(void)state;
	for (enum test_kind kind = 0; kind < TEST_NR_KINDS; kind++) {
		const struct test_object *obj = kind == TEST_ATTR_REMOTE ? NULL : pick(kind);

		if (!obj) {
			if (kind != TEST_ATTR_REMOTE)
				print_message("the image has no %s\n", test_kind_names[kind]);
			continue;
		}
		kinds++;
		writer_refuses(obj, 0);
		writer_refuses(obj, XFS_MOUNT_UNJOURNALLED);
		reader_is_told(obj);
		info_tells(obj);
		checker_finds_it(obj);
	}
	/* The image has them all. */
	assert_int_equal(kinds, TEST_NR_KINDS - 1);
}

/* What has no LSN, and what was never logged, is no reason to refuse. */
static void test_what_is_no_lsn(void **state)
{
	struct xfs_mount_options opts = options(0);
	const struct test_object *obj = pick(TEST_AGFL);
	struct test_walk walk = { .opts = &opts };
	uint8_t buf[4096];

	(void)state;
	for (int i = 0; i < 2; i++) {
		put_ahead(obj);
		TEST_OK(test_object_read(overlay, obj, buf));
		put_be64(i ? ~0ull : 0, buf + 24);
		test_object_fix_crc(obj, buf);
		TEST_OK(test_object_write(overlay, obj, buf));
		walk.errors = walk.objects = 0;
		TEST_OK(test_walk_read(overlay, &walk));
		assert_int_equal(told, 0);
		assert_int_equal(walk.errors, clean_errors);
	}
}

/*
 * A free inode is read by nobody until a new one takes its place; making that fails as a whole, and
 * the file system stays usable.
 */
static void test_free_inode(void **state)
{
	struct xfs_mount_options opts = options(0);
	struct xfs_mount *mp;
	struct test_fs small = { 0 };
	struct stat st;
	uint8_t buf[512];
	uint64_t at;

	(void)state;
	test_fs_make(&small, 64u << 20, NULL);
	TEST_OK(xfs_mkdir(small.mp, "/a", 0755));
	TEST_OK(xfs_mknod(small.mp, "/b", S_IFIFO | 0644, 0, 0));
	TEST_OK(xfs_lstat(small.mp, "/b", &st));
	TEST_OK(xfs_unmount(small.mp));
	/* Neighbours in one chunk; the next one is free. */
	at = (st.st_ino + 1) * 512;
	TEST_OK(xfs_device_pread(small.dev, at, buf, sizeof(buf)));
	assert_int_equal(get_be64(buf + 152), st.st_ino + 1);
	assert_int_equal(get_be16(buf + 2), 0);
	put_be64(AHEAD, buf + 112);
	xfs_cksum_set(buf, sizeof(buf), 100);
	TEST_OK(xfs_device_pwrite(small.dev, at, buf, sizeof(buf), 0));
	told = 0;
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_IS(xfs_mknod(mp, "/c", S_IFIFO | 0644, 0, 0), -EUCLEAN);
	assert_int_equal(told, 1);
	assert_non_null(strstr(last_line, "inode"));
	TEST_IS(xfs_lstat(mp, "/c", &st), -ENOENT);
	TEST_OK(xfs_rename(mp, "/b", "/d"));
	TEST_OK(xfs_unmount(mp));
	small.mp = NULL;
	test_fs_destroy(&small);
}

static void erase_log(struct xfs_device *dev)
{
	uint8_t sb[512];

	TEST_OK(xfs_device_pread(dev, 0, sb, sizeof(sb)));
	/* AG number and block of the log's start, the size of AGs, and of blocks. */
	TEST_OK(xfs_device_zero(dev, ((get_be64(sb + 48) >> sb[124]) * get_be32(sb + 84) +
				      (get_be64(sb + 48) & ((1ull << sb[124]) - 1))) *
					     get_be32(sb + 4),
				(uint64_t)get_be32(sb + 96) * get_be32(sb + 4)));
}

/* A log of zeros begins with cycle 1: only what was never logged may lie in front of it. */
static void test_erased_log(void **state)
{
	struct xfs_mount_options opts = options(0);
	struct test_fs small = { 0 };
	struct xfs_mount *mp;
	uint64_t before;

	(void)state;
	test_fs_make(&small, 64u << 20, NULL);
	TEST_OK(xfs_unmount(small.mp));
	erase_log(small.dev);
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_OK(xfs_mkdir(mp, "/a", 0755));
	TEST_OK(xfs_unmount(mp));
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_OK(xfs_mkdir(mp, "/b", 0755));
	TEST_OK(xfs_unmount(mp));
	erase_log(small.dev);
	for (int i = 0; i < 2; i++) {
		struct xfs_device *window;

		opts.flags = i ? XFS_MOUNT_UNJOURNALLED : 0;
		TEST_OK(xfs_device_open_overlay(small.dev, NULL, &window));
		TEST_IS(xfs_mount(window, &opts, &mp), -EUCLEAN);
		assert_non_null(strstr(xfs_error_text(NULL), "ahead of the log"));
		before = xfs_device_overlay_bytes(window);
		assert_int_equal(before, 0);
		xfs_device_put(window);
	}
	opts.flags = XFS_MOUNT_RDONLY;
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_OK(xfs_unmount(mp));
	small.mp = NULL;
	test_fs_destroy(&small);
}

/* Recovery refuses it as well, and writes nothing: what is logged would be passed over. */
static void test_recovery(void **state)
{
	static const struct { uint64_t at; uint32_t lsn, crc; } places[] = {
		{ 1024, XFS_AGI_LSN_OFF, XFS_AGI_CRC_OFF },
		{ 512, XFS_AGF_LSN_OFF, XFS_AGF_CRC_OFF },
		{ 0, 112, 100 },	/* the root inode */
	};
	struct xfs_mount_options opts = options(0);
	struct test_fs small = { 0 };
	struct xfs_mount *mp;

	(void)state;
	test_fs_make(&small, 64u << 20, NULL);
	TEST_OK(xfs_unmount(small.mp));
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_OK(xfs_mkdir(mp, "/a", 0755));
	TEST_OK(xfs_sync(mp));
	xfs_abandon(mp);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct xfs_device *damaged, *out;
		uint64_t at = places[i].at;
		uint8_t buf[512];

		TEST_OK(xfs_device_open_overlay(small.dev, NULL, &damaged));
		TEST_OK(xfs_device_open_overlay(damaged, NULL, &out));
		if (!at) {
			TEST_OK(xfs_device_pread(damaged, 0, buf, sizeof(buf)));
			at = get_be64(buf + 56) * 512;
		}
		TEST_OK(xfs_device_pread(damaged, at, buf, sizeof(buf)));
		put_be64(AHEAD, buf + places[i].lsn);
		xfs_cksum_set(buf, sizeof(buf), places[i].crc);
		TEST_OK(xfs_device_pwrite(damaged, at, buf, sizeof(buf), 0));
		told = 0;
		TEST_IS(xfs_mount(out, &opts, &mp), -EUCLEAN);
		assert_int_equal(told, 1);
		assert_int_equal(xfs_device_overlay_bytes(out), 0);
		xfs_device_put(out);
		xfs_device_put(damaged);
	}
	TEST_OK(xfs_mount(small.dev, &opts, &mp));
	TEST_OK(xfs_unmount(mp));
	small.mp = NULL;
	test_fs_destroy(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_structure), cmocka_unit_test(test_what_is_no_lsn),
		cmocka_unit_test(test_free_inode),	cmocka_unit_test(test_erased_log),
		cmocka_unit_test(test_recovery),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
