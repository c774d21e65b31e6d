/* SPDX-License-Identifier: MIT */
/*
 * Goal: what can be opened how: options, features of each class, dirty and foreign logs, wrong
 *       counters, devices that are too small or read-only; a reader never writes.
 * Method: the superblock of a fresh volume is changed in one place, with its checksum made right
 *       again; each way of opening must answer as the table says, with a text, and leave every
 *       byte of the device as it was.
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
#include "disk/geometry.h"
#include "disk/log.h"
#include "disk/sb.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;
static uint8_t sector[512];
#define dsb ((struct xfs_dsb *)(void *)sector)

/* A closed volume on fs.dev, its superblock in dsb. */
static void setup_volume(const struct xfs_mkfs_options *mkfs)
{
	test_fs_make(&fs, MIB(64), mkfs);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	test_fs_close_and_check(&fs);
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
}

static void put_sb(void)
{
	xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
}

/* Opening with @flags must return @want and write nothing. */
static void opens(uint32_t flags, int want)
{
	struct xfs_mount_options opts = fs.opts;
	struct xfs_device *copy;
	struct xfs_mount *mp = (struct xfs_mount *)&fs;
	int ret;

	opts.flags = flags;
	TEST_OK(test_device_clone(fs.dev, &copy));
	ret = xfs_mount(fs.dev, &opts, &mp);
	if (ret != want)
		fprintf(stderr, "flags 0x%x: %d instead of %d: %s\n", flags, ret, want,
			xfs_error_text(NULL));
	assert_int_equal(ret, want);
	if (ret) {
		assert_null(mp);
		assert_true(xfs_error_text(NULL)[0]);
	} else {
		TEST_IS(xfs_unmount(mp), 0);
	}
	assert_true(test_device_equal(fs.dev, copy, NULL));
	xfs_device_put(copy);
}

#define RO	XFS_MOUNT_RDONLY
#define RW	XFS_MOUNT_UNJOURNALLED

static void test_options(void **state)
{
	struct xfs_mount_options opts = { 0 };
	struct {
		struct xfs_mount_options opts;
		uint64_t later;
	} longer;
	struct xfs_mount *mp;

	(void)state;
	setup_volume(NULL);
	opens(RO, 0);
	opens(RW, 0);
	opens(RO | RW, 0);
	opens(0, 0);
	opens(RW | XFS_MOUNT_NORECOVERY, -EINVAL);
	opens(RO | XFS_MOUNT_NORECOVERY, 0);
	opens(RW | XFS_MOUNT_INPROGRESS, 0);
	opens(RO | 1u << 31, -EINVAL);
	TEST_IS(xfs_mount(NULL, &fs.opts, &mp), -EINVAL);
	TEST_IS(xfs_mount(fs.dev, NULL, &mp), 0);
	TEST_OK(xfs_unmount(mp));
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	opts.size = sizeof(opts);
	opts.flags = RW;
	opts.allocsize_bytes = 4095;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	opts.allocsize_bytes = 2048;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), -EINVAL);
	opts.allocsize_bytes = 65536;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), 0);
	TEST_OK(xfs_unmount(mp));
	/* Of an older header: what it does not have is the default. */
	opts.size = offsetof(struct xfs_mount_options, allocsize_bytes);
	opts.allocsize_bytes = 4095;
	TEST_IS(xfs_mount(fs.dev, &opts, &mp), 0);
	TEST_OK(xfs_unmount(mp));
	/* Of a newer one: only if what we do not know is not used. */
	memset(&longer, 0, sizeof(longer));
	longer.opts.size = sizeof(longer);
	longer.opts.flags = RW;
	TEST_IS(xfs_mount(fs.dev, &longer.opts, &mp), 0);
	TEST_OK(xfs_unmount(mp));
	longer.later = 1;
	TEST_IS(xfs_mount(fs.dev, &longer.opts, &mp), -EINVAL);
	TEST_IS(xfs_unmount(NULL), 0);
	xfs_abandon(NULL);
	test_fs_destroy(&fs);
}

static void test_features(void **state)
{
	static const struct {
		size_t off;		/* of the word in the superblock */
		uint32_t bits;
		int ro, rw;
	} cases[] = {
		{ 208, 0x00000001, 0, -EROFS },			/* compat */
		{ 208, 0x80000000, 0, -EROFS },
		{ 212, 0x00000010, 0, -EROFS },			/* ro_compat */
		{ 212, 0x80000000, 0, -EROFS },
		{ 216, 0x00000800, -ENOTSUP, -ENOTSUP },	/* incompat */
		{ 216, 0x80000000, -ENOTSUP, -ENOTSUP },
		{ 216, 0x00000010, -ENOTSUP, -ENOTSUP },	/* NEEDSREPAIR */
		{ 216, 0x00000200, -ENOTSUP, -ENOTSUP },	/* zoned */
		{ 220, 0x00000002, 0, -EROFS },			/* log_incompat */
		{ 220, 0x80000000, 0, -EROFS },
	};

	(void)state;
	setup_volume(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t old = get_be32(sector + cases[i].off);

		put_be32(old | cases[i].bits, sector + cases[i].off);
		put_sb();
		opens(RO, cases[i].ro);
		opens(RW, cases[i].rw);
		put_be32(old, sector + cases[i].off);
	}
	/* FTYPE is demanded. */
	put_be32(get_be32(sector + 216) & ~1u, sector + 216);
	put_sb();
	opens(RO, -ENOTSUP);
	opens(RW, -ENOTSUP);
	put_be32(get_be32(sector + 216) | 1u, sector + 216);
	/* The read-only flag of the whole file system. */
	dsb->sb_flags = 1;
	put_sb();
	opens(RO, 0);
	opens(RW, -EROFS);
	dsb->sb_flags = 0;
	put_sb();
	opens(RW, 0);
	test_fs_destroy(&fs);
}

/* A log feature that we know is taken back when the volume is closed: the log holds nothing. */
static void test_log_incompat_is_cleared(void **state)
{
	(void)state;
	setup_volume(NULL);
	put_be32(1, sector + 220);
	put_sb();
	opens(RO, 0);
	opens(RW, 0);
	test_fs_open(&fs);
	TEST_OK(xfs_mkdir(fs.mp, "/e", 0755));
	test_fs_close_and_check(&fs);
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	assert_int_equal(get_be32(sector + 220), 0);
	test_fs_destroy(&fs);
}

static void test_damage(void **state)
{
	(void)state;
	setup_volume(NULL);
	dsb->sb_inprogress = 1;
	put_sb();
	opens(RO, -EUCLEAN);
	opens(RW, -EUCLEAN);
	opens(RO | XFS_MOUNT_INPROGRESS, 0);
	dsb->sb_inprogress = 0;
	/* Counters. */
	for (size_t off = 128; off <= 144; off += 8) {
		uint64_t old = get_be64(sector + off);

		put_be64(old + 1, sector + off);
		put_sb();
		opens(RO, 0);
		opens(RW, -EUCLEAN);
		put_be64(old, sector + off);
	}
	/* Ahead of the log. */
	put_be64(0x7fffffff00000000ull, sector + 240);
	put_sb();
	opens(RO, -EUCLEAN);
	opens(RW, -EUCLEAN);
	opens(RO | XFS_MOUNT_NORECOVERY, 0);
	put_be64(0, sector + 240);
	/* The root inode is another one. */
	put_be64(get_be64(sector + 56) + 4, sector + 56);
	put_sb();
	opens(RW, -EUCLEAN);
	put_be64(get_be64(sector + 56) - 4, sector + 56);
	put_sb();
	opens(RW, 0);
	sector[300] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
	opens(RO, -EBADMSG);
	sector[300] ^= 1;
	put_be16(get_be16(sector + 100) - 1, sector + 100);
	put_sb();
	opens(RO, -EINVAL);		/* version 4 */
	memcpy(sector, "ABCD", 4);
	put_sb();
	opens(RO, -EINVAL);
	memset(sector, 0, sizeof(sector));
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
	opens(RO, -EINVAL);
	opens(RW, -EINVAL);
	test_fs_destroy(&fs);
}

static void test_devices(void **state)
{
	struct xfs_device *part, *rdonly, *small;
	struct xfs_mount *mp;

	(void)state;
	setup_volume(NULL);
	/* Cut short. */
	TEST_OK(xfs_device_open_window(fs.dev, 0, MIB(63), &part));
	fs.opts.flags = RO;
	TEST_IS(xfs_mount(part, &fs.opts, &mp), -EINVAL);
	fs.opts.flags = RW;
	TEST_IS(xfs_mount(part, &fs.opts, &mp), -EINVAL);
	xfs_device_put(part);
	TEST_OK(xfs_device_open_memory(0, 512, NULL, &small));
	TEST_IS(xfs_mount(small, &fs.opts, &mp), -EINVAL);
	xfs_device_put(small);
	/* Read-only. */
	TEST_OK(xfs_device_open_readonly(fs.dev, &rdonly));
	TEST_IS(xfs_mount(rdonly, &fs.opts, &mp), -EROFS);
	fs.opts.flags = RO;
	TEST_IS(xfs_mount(rdonly, &fs.opts, &mp), 0);
	TEST_OK(xfs_unmount(mp));
	xfs_device_put(rdonly);
	/* Sectors larger than the file system's. */
	TEST_OK(xfs_device_open_memory(MIB(64), 4096, NULL, &small));
	for (uint64_t off = 0; off < MIB(64); off += 65536) {
		static char buf[65536];

		TEST_OK(xfs_device_pread(fs.dev, off, buf, sizeof(buf)));
		TEST_OK(xfs_device_pwrite(small, off, buf, sizeof(buf), 0));
	}
	TEST_IS(xfs_mount(small, &fs.opts, &mp), -EINVAL);
	xfs_device_put(small);
	test_fs_destroy(&fs);
}

/* Where the internal log begins, bytes. */
static uint64_t log_start(void)
{
	struct xfs_sb sb;
	struct xfs_geometry geo;

	xfs_sb_from_disk(&sb, dsb);
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	return xfs_fsb_to_bytes(&geo, geo.logstart);
}

static void test_dirty_log(void **state)
{
	struct xlog_rec_header *h;
	uint8_t bb[512], op[512];
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_mount *mp;

	(void)state;
	setup_volume(NULL);
	/* The unmount record of mkfs, made into one of something else. */
	TEST_OK(xfs_device_pread(fs.dev, log_start(), bb, sizeof(bb)));
	TEST_OK(xfs_device_pread(fs.dev, log_start() + 512, op, sizeof(op)));
	h = (struct xlog_rec_header *)(void *)bb;
	assert_int_equal(be32_to_cpu(h->h_magicno), XLOG_HEADER_MAGIC_NUM);
	assert_true(op[9] & XLOG_UNMOUNT_TRANS);
	op[9] &= (uint8_t)~XLOG_UNMOUNT_TRANS;
	TEST_OK(xfs_device_pwrite(fs.dev, log_start() + 512, op, sizeof(op), 0));
	opens(RO, -EAGAIN);
	/* It cannot be replayed: nobody ever gave it a checksum. */
	opens(RW, -EBADMSG);
	opens(RO | XFS_MOUNT_RECOVER_IN_MEMORY, -EBADMSG);
	opens(RW | XFS_MOUNT_RECOVER_IN_MEMORY, -EINVAL);
	opens(RO | XFS_MOUNT_NORECOVERY | XFS_MOUNT_RECOVER_IN_MEMORY, -EINVAL);
	opens(RO | XFS_MOUNT_NORECOVERY, 0);
	fs.opts.flags = RO | XFS_MOUNT_NORECOVERY;
	TEST_OK(xfs_mount(fs.dev, &fs.opts, &mp));
	TEST_OK(xfs_info(mp, &info));
	assert_true(info.log_dirty);
	assert_true(info.read_only);
	TEST_OK(xfs_unmount(mp));
	/* Nonsense. */
	memset(bb, 0xa5, sizeof(bb));
	TEST_OK(xfs_device_pwrite(fs.dev, log_start(), bb, sizeof(bb), 0));
	opens(RW, -EUCLEAN);
	opens(RO | XFS_MOUNT_NORECOVERY, 0);
	test_fs_destroy(&fs);
}

static void test_external_log(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .flags = XFS_MKFS_SMALL };
	struct xfs_device *logdev;

	(void)state;
	memset(&fs, 0, sizeof(fs));
	fs.opts.size = sizeof(fs.opts);
	TEST_OK(xfs_device_open_memory(MIB(64), 512, NULL, &fs.dev));
	TEST_OK(xfs_device_open_memory(MIB(16), 512, NULL, &logdev));
	TEST_OK(xfs_mkfs(fs.dev, logdev, &mkfs, NULL));
	opens(RO, -ENXIO);
	opens(RW, -ENXIO);
	opens(RO | XFS_MOUNT_NORECOVERY, 0);
	fs.opts.logdev = logdev;
	opens(RO, 0);
	opens(RW, 0);
	fs.opts.flags = RW;
	test_fs_open(&fs);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_IS(xfs_unmount(fs.mp), 0);
	opens(RW, 0);
	fs.mp = NULL;
	test_fs_destroy(&fs);
	xfs_device_put(logdev);
}

/* Every call that changes something refuses, and nothing is ever written. */
static void test_reader_never_writes(void **state)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
	struct xfs_device *rec;
	struct xfs_file *file, *root, *none;
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_statfs sf = XFS_STATFS_INIT;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_dir *d;
	char buf[100];

	(void)state;
	test_fs_make(&fs, MIB(64), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 04755, &file));
	TEST_IS(xfs_pwrite(file, "contents", 8, 0), 8);
	TEST_OK(xfs_fsetxattr(file, "user.a", "b", 1, 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
	test_fs_close_and_check(&fs);
	TEST_OK(test_recorder_open(fs.dev, &rec));
	fs.opts.flags = RO;
	TEST_OK(xfs_mount(rec, &fs.opts, &fs.mp));
	root = xfs_root(fs.mp);

	TEST_OK(xfs_open(fs.mp, "/l", O_RDONLY, 0, &file));
	TEST_IS(xfs_pread(file, buf, sizeof(buf), 0), 8);
	TEST_IS(xfs_fgetxattr(file, "user.a", buf, 10), 1);
	TEST_OK(xfs_fgetattr(file, &st));
	TEST_OK(xfs_opendir(fs.mp, "/", &d));
	while (xfs_readdir(d, &ent) == 1)
		;
	xfs_closedir(d);
	TEST_OK(xfs_statfs(fs.mp, &sf));

	TEST_IS(xfs_open(fs.mp, "/f", O_RDWR, 0, &none), -EROFS);
	TEST_IS(xfs_open(fs.mp, "/f", O_RDONLY | O_TRUNC, 0, &none), -EROFS);
	TEST_IS(xfs_open(fs.mp, "/new", O_RDONLY | O_CREAT, 0644, &none), -EROFS);
	TEST_IS(xfs_open(fs.mp, "/f", O_RDONLY | O_CREAT | O_EXCL, 0644, &none), -EEXIST);
	TEST_IS(xfs_pwrite(file, "x", 1, 0), -EBADF);
	TEST_IS(xfs_ftruncate(file, 0), -EINVAL);
	TEST_IS(xfs_truncate(fs.mp, "/f", 0), -EROFS);
	TEST_IS(xfs_fsetattr(file, &iattr), -EROFS);
	TEST_IS(xfs_chmod(fs.mp, "/f", 0), -EROFS);
	TEST_IS(xfs_chown(fs.mp, "/f", 1, 1), -EROFS);
	TEST_IS(xfs_utimens(fs.mp, "/f", true, NULL), -EROFS);
	TEST_IS(xfs_fsetxattr(file, "user.a", "c", 1, 0), -EROFS);
	TEST_IS(xfs_fremovexattr(file, "user.a"), -EROFS);
	TEST_IS(xfs_mkdir(fs.mp, "/e", 0755), -EROFS);
	TEST_IS(xfs_mknod(fs.mp, "/e", S_IFIFO | 0644, 0, 0), -EROFS);
	TEST_IS(xfs_symlink(fs.mp, "x", "/e"), -EROFS);
	TEST_IS(xfs_link(fs.mp, "/f", "/e"), -EROFS);
	TEST_IS(xfs_linkat(file, root, "e"), -EROFS);
	TEST_IS(xfs_createat(root, "e", &iattr, NULL, NULL), -EROFS);
	TEST_IS(xfs_unlink(fs.mp, "/f"), -EROFS);
	TEST_IS(xfs_rmdir(fs.mp, "/d"), -EROFS);
	TEST_IS(xfs_rename(fs.mp, "/f", "/e"), -EROFS);
	TEST_IS(xfs_fsync(file), 0);
	TEST_IS(xfs_fdatasync(file), 0);
	TEST_IS(xfs_sync(fs.mp), 0);
	TEST_OK(xfs_close(file));
	TEST_IS(xfs_unmount(fs.mp), 0);
	fs.mp = NULL;
	assert_int_equal(test_recorder_events(rec), 0);
	xfs_device_put(rec);
	test_fs_destroy(&fs);
}

/* Files that a kernel had open without a name when it stopped are freed by who opens it next. */
static void test_leftovers(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	struct xfs_device *copy;
	struct xfs_file *file[70];
	uint64_t findings;
	char path[16];

	(void)state;
	setup_volume(NULL);
	test_fs_open(&fs);
	TEST_OK(xfs_statfs(fs.mp, &before));
	for (int i = 0; i < 70; i++) {
		snprintf(path, sizeof(path), "/u%d", i);
		TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file[i]));
		TEST_IS(xfs_pwrite(file[i], path, 4, (uint64_t)i * 5000), 4);
		TEST_OK(xfs_unlink(fs.mp, path));
	}
	TEST_OK(xfs_sync(fs.mp));
	/* The image as it would be found, but for the mark and the counters. */
	TEST_OK(test_device_clone(fs.dev, &copy));
	{
		struct xfs_info info = { .size = sizeof(info) };

		TEST_OK(xfs_info(fs.mp, &info));
		TEST_OK(xfs_device_pread(copy, 0, sector, sizeof(sector)));
		dsb->sb_inprogress = 0;
		dsb->sb_icount = cpu_to_be64(info.icount);
		dsb->sb_ifree = cpu_to_be64(info.ifree);
		dsb->sb_fdblocks = cpu_to_be64(info.fdblocks);
		xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
		TEST_OK(xfs_device_pwrite(copy, 0, sector, sizeof(sector), 0));
	}
	for (int i = 0; i < 70; i++)
		TEST_OK(xfs_close(file[i]));
	test_fs_close_and_check(&fs);
	xfs_device_put(fs.dev);
	fs.dev = copy;
	test_fs_open(&fs);
	TEST_OK(xfs_statfs(fs.mp, &after));
	assert_int_equal(after.blocks_free, before.blocks_free);
	test_fs_close_and_check(&fs);
	findings = test_fs_check(fs.dev, 0);
	assert_int_equal(findings, 0);
	test_fs_destroy(&fs);
}

/* The text survives what is taken down after the failure. */
static void test_error_text(void **state)
{
	struct xfs_mount *mp;

	(void)state;
	setup_volume(NULL);
	put_be64(get_be64(sector + 144) + 7, sector + 144);
	put_sb();
	TEST_IS(xfs_mount(fs.dev, &fs.opts, &mp), -EUCLEAN);
	assert_non_null(strstr(xfs_error_text(NULL), "superblock"));
	assert_non_null(strstr(xfs_error_text(NULL), "sb_fdblocks"));
	test_fs_destroy(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_log_incompat_is_cleared),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_dirty_log),
		cmocka_unit_test(test_external_log),
		cmocka_unit_test(test_reader_never_writes),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
