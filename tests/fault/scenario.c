/* SPDX-License-Identifier: MIT */
/* A prepared volume, and the operations that are let fail on it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* O_DIRECT */
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include <xfswrite/reflink.h>
#include "base/endian.h"
#include "core/mount.h"
#include "fault/scenario.h"
#include "lock/lock.h"
#include "support/test_device.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define EXTENTS	400u

static char data[1 << 20];

/* ---- the volume --------------------------------------------------------------------------- */

static void fill_dir(struct xfs_mount *mp, const char *dir, unsigned int count)
{
	char path[256];

	TEST_OK(xfs_mkdir(mp, dir, 0755));
	for (unsigned int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/entry_number_%u", dir, i);
		TEST_OK(xfs_mknod(mp, path, S_IFREG | 0644, 0, 0));
	}
}

/* One extent for every other block. */
static void fragmented_file(struct xfs_mount *mp, const char *path, uint32_t blocksize)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file));
	for (unsigned int i = 0; i < EXTENTS; i++)
		TEST_OK(xfs_pwrite(file, data, blocksize, (uint64_t)i * 2 * blocksize));
	TEST_OK(xfs_close(file));
}

static void put_acl(struct xfs_mount *mp, const char *path, const char *name)
{
	static const uint8_t acl[] = {
		2, 0, 0, 0,
		0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x02, 0, 6, 0, 0xe8, 0x03, 0, 0,
		0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
		0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	};

	TEST_OK(xfs_setxattr(mp, path, true, name, acl, sizeof(acl), 0));
}

/* @path shares all blocks with @of. */
static void clone_of(struct xfs_mount *mp, const char *of, const char *path)
{
	struct xfs_file *from, *to;

	TEST_OK(xfs_open(mp, of, O_RDONLY, 0, &from));
	TEST_OK(xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &to));
	TEST_OK(xfs_clone_range(from, 0, to, 0, 0));
	TEST_OK(xfs_close(to));
	TEST_OK(xfs_close(from));
}

struct xfs_device *scenario_image(unsigned int geometry)
{
	struct xfs_mkfs_options mkfs[2] = {
		{ .size = sizeof(mkfs[0]) },
		{ .size = sizeof(mkfs[0]), .blocksize = 1024, .dirblocksize = 4096,
		  .parent = XFS_MKFS_OFF, .profile = XFS_MKFS_PROFILE_6_1 },
	};
	struct xfs_device *dev;
	struct xfs_file *file;
	struct test_fs fs;
	char name[64];

	memset(data, 'd', sizeof(data));
	test_fs_make(&fs, MIB(48), &mkfs[geometry]);
	fill_dir(fs.mp, "/small", 3);
	fill_dir(fs.mp, "/block", 40);
	fill_dir(fs.mp, "/leaf", 300);
	fill_dir(fs.mp, "/node", 3000);
	TEST_OK(xfs_mkdir(fs.mp, "/empty", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/acl", 0755));
	put_acl(fs.mp, "/acl", "system.posix_acl_default");
	fragmented_file(fs.mp, "/fragments", geometry ? 1024 : 4096);
	for (int i = 0; i < 2; i++) {
		TEST_OK(xfs_open(fs.mp, i ? "/same" : "/file", O_CREAT | O_RDWR, 0644, &file));
		TEST_OK(xfs_pwrite(file, data, 200000, 0));
		TEST_OK(xfs_close(file));
	}
	clone_of(fs.mp, "/fragments", "/shared");
	put_acl(fs.mp, "/file", "system.posix_acl_access");
	TEST_OK(xfs_mknod(fs.mp, "/attrs", S_IFREG | 0644, 0, 0));
	for (unsigned int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "user.number_%u", i);
		TEST_OK(xfs_setxattr(fs.mp, "/attrs", true, name, data, i * 5, 0));
	}
	TEST_OK(xfs_setxattr(fs.mp, "/attrs", true, "user.large", data, 30000, 0));
	memset(data, 't', 900);
	data[900] = '\0';
	TEST_OK(xfs_symlink(fs.mp, data, "/long_link"));
	data[900] = 't';
	TEST_OK(xfs_symlink(fs.mp, "node", "/link"));
	TEST_OK(xfs_mknod(fs.mp, "/victim", S_IFREG | 0644, 0, 0));
	test_fs_close_and_check(&fs);
	dev = xfs_device_get(fs.dev);
	test_fs_destroy(&fs);
	return dev;
}

/* ---- the operations ------------------------------------------------------------------------ */

static int op_lookup(struct xfs_mount *mp)
{
	struct stat st;

	return xfs_stat(mp, "/link/entry_number_2222", &st);
}

static int op_read(struct xfs_mount *mp)
{
	static char buf[300000];
	struct xfs_file *file;
	int64_t ret;
	int error;

	error = xfs_open(mp, "/fragments", O_RDONLY, 0, &file);
	if (error)
		return error;
	ret = xfs_pread(file, buf, sizeof(buf), 0);
	error = xfs_close(file);
	return ret < 0 ? (int)ret : error;
}

static int op_readdir(struct xfs_mount *mp)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	int ret;

	ret = xfs_opendir(mp, "/node", &dir);
	if (ret)
		return ret;
	while ((ret = xfs_readdir(dir, &ent)) == 1)
		;
	xfs_closedir(dir);
	return ret;
}

static int op_getxattr(struct xfs_mount *mp)
{
	static char buf[65536];
	ssize_t ret = xfs_getxattr(mp, "/attrs", true, "user.large", buf, sizeof(buf));

	if (ret >= 0)
		ret = xfs_listxattr(mp, "/attrs", true, buf, sizeof(buf));
	return ret < 0 ? (int)ret : 0;
}

static int op_readlink(struct xfs_mount *mp)
{
	ssize_t ret = xfs_readlink(mp, "/long_link", data + 2000, 1024);

	return ret < 0 ? (int)ret : 0;
}

static int op_extents(struct xfs_mount *mp)
{
	struct xfs_extent ext[16] = { XFS_EXTENT_INIT };
	struct xfs_file *file;
	size_t count;
	int error;

	error = xfs_open(mp, "/fragments", O_RDONLY, 0, &file);
	if (error)
		return error;
	error = xfs_extents(file, 0, ext, 16, &count);
	xfs_close(file);
	return error;
}

static int op_create(struct xfs_mount *mp)
{
	struct xfs_file *file;
	int error = xfs_open(mp, "/leaf/new", O_CREAT | O_RDWR, 0644, &file);

	return error ? error : xfs_close(file);
}

static int op_mkdir(struct xfs_mount *mp)
{
	return xfs_mkdir(mp, "/node/new_directory_with_a_name", 0755);
}

static int op_mkdir_acl(struct xfs_mount *mp)
{
	return xfs_mkdir(mp, "/acl/sub", 0755);
}

static int op_symlink(struct xfs_mount *mp)
{
	char target[1001];

	memset(target, 'x', sizeof(target) - 1);
	target[1000] = '\0';
	return xfs_symlink(mp, target, "/block/link");
}

static int op_link(struct xfs_mount *mp)
{
	return xfs_link(mp, "/attrs", "/small/second_name_that_does_not_fit_into_the_inode_any_more");
}

static int op_unlink(struct xfs_mount *mp)
{
	return xfs_unlink(mp, "/node/entry_number_1500");
}

static int op_unlink_fragments(struct xfs_mount *mp)
{
	return xfs_unlink(mp, "/fragments");
}

static int op_unlink_attrs(struct xfs_mount *mp)
{
	return xfs_unlink(mp, "/attrs");
}

static int op_rmdir(struct xfs_mount *mp)
{
	return xfs_rmdir(mp, "/empty");
}

static int op_rename(struct xfs_mount *mp)
{
	return xfs_rename(mp, "/block", "/node/block_directory_moved_here");
}

static int op_rename_over(struct xfs_mount *mp)
{
	return xfs_rename(mp, "/file", "/victim");
}

/* A new file takes the name of one that has a second one. */
static int op_replace(struct xfs_mount *mp)
{
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0600};
	struct xfs_file *file;
	ssize_t ret;
	int error, error2;

	error = xfs_createat(xfs_root(mp), NULL, &iattr, NULL, &file);
	if (error)
		return error;
	error = xfs_fsetxattr(file, "user.a", data, 3000, 0);
	ret = error ? error : xfs_pwrite(file, data, 20000, 0);
	error = ret < 0 ? (int)ret : xfs_replaceat(file, xfs_root(mp), "node/entry_number_777");
	error2 = xfs_close(file);
	return error ? error : error2;
}

static int op_setxattr(struct xfs_mount *mp)
{
	return xfs_setxattr(mp, "/attrs", true, "user.one_more", data, 700, 0);
}

static int op_setxattr_large(struct xfs_mount *mp)
{
	return xfs_setxattr(mp, "/file", true, "user.very_large", data, 65536, 0);
}

static int op_removexattr(struct xfs_mount *mp)
{
	return xfs_removexattr(mp, "/attrs", true, "user.large");
}

static int op_chmod(struct xfs_mount *mp)
{
	return xfs_chmod(mp, "/file", 0600);
}

static int op_utimens(struct xfs_mount *mp)
{
	return xfs_utimens(mp, "/node/entry_number_7", true, NULL);
}

static int write_and(struct xfs_mount *mp, const char *path, uint64_t offset, size_t len, bool sync)
{
	struct xfs_file *file;
	int64_t ret;
	int error, error2;

	error = xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file);
	if (error)
		return error;
	/* A fault in the middle makes a short write; the error comes with the next one. */
	for (size_t done = 0; !error && done < len; done += (size_t)ret) {
		ret = xfs_pwrite(file, data + done, len - done, offset + done);
		error = ret < 0 ? (int)ret : ret == 0 ? -ENOSPC : 0;
	}
	if (!error && sync)
		error = xfs_fsync(file);
	error2 = xfs_close(file);
	return error ? error : error2;
}

static int op_write_fsync(struct xfs_mount *mp)
{
	return write_and(mp, "/small/written", 0, 500000, true);
}

static int op_write_close(struct xfs_mount *mp)
{
	return write_and(mp, "/small/written", 12345, 70000, false);
}

static int op_overwrite(struct xfs_mount *mp)
{
	return write_and(mp, "/fragments", 1000, 300000, true);
}

/* A call on two files. */
static int on_two(struct xfs_mount *mp, const char *src, const char *dst,
		  int64_t (*call)(struct xfs_file *src, struct xfs_file *dst))
{
	struct xfs_file *from, *to;
	int64_t ret;
	int error = xfs_open(mp, src, O_RDONLY, 0, &from);

	if (error)
		return error;
	ret = xfs_open(mp, dst, O_CREAT | O_RDWR, 0644, &to);
	if (!ret) {
		ret = call(from, to);
		if (ret >= 0)
			ret = xfs_fsync(to);
		error = xfs_close(to);
		ret = ret < 0 ? ret : error;
	}
	error = xfs_close(from);
	return ret < 0 ? (int)ret : error;
}

static int64_t call_clone(struct xfs_file *src, struct xfs_file *dst)
{
	return xfs_clone_range(src, 0, dst, 0, 0);
}

static int64_t call_dedupe(struct xfs_file *src, struct xfs_file *dst)
{
	return xfs_dedupe_range(src, 0, dst, 0, 200000);
}

static int64_t call_copy(struct xfs_file *src, struct xfs_file *dst)
{
	int64_t ret = xfs_copy_range(src, 100, dst, 100, 150000);

	/* Short: what stood against it comes again with the rest. */
	return ret >= 0 && ret < 150000 ? xfs_copy_range(src, (uint64_t)ret + 100, dst, (uint64_t)ret + 100,
							 150000 - (uint64_t)ret) : ret;
}

static int op_clone(struct xfs_mount *mp)
{
	return on_two(mp, "/fragments", "/small/clone", call_clone);
}

static int op_dedupe(struct xfs_mount *mp)
{
	return on_two(mp, "/file", "/same", call_dedupe);
}

static int op_copy(struct xfs_mount *mp)
{
	return on_two(mp, "/file", "/small/copy", call_copy);
}

static int op_copy_on_write(struct xfs_mount *mp)
{
	return write_and(mp, "/shared", 1000, 300000, true);
}

static int op_unshare(struct xfs_mount *mp)
{
	struct xfs_file *file;
	int error = xfs_open(mp, "/shared", O_RDWR, 0, &file), error2;

	if (error)
		return error;
	error = xfs_fallocate(file, XFS_FALLOC_UNSHARE_RANGE, 0, 100000);
	error2 = xfs_close(file);
	return error ? error : error2;
}

/* Past the cache: over blocks and holes, and past the end. */
static int op_direct(struct xfs_mount *mp)
{
	static char aligned[160 << 10] __attribute__((aligned(4096)));
	struct xfs_file *file;
	int error, error2;
	ssize_t ret = 0;

	error = xfs_open(mp, "/fragments", O_RDWR | O_DIRECT, 0, &file);
	if (error)
		return error;
	for (size_t done = 0; !error && done < sizeof(aligned); done += (size_t)ret) {
		ret = xfs_pwrite(file, aligned + done, sizeof(aligned) - done, (700u << 10) + done);
		error = ret < 0 ? (int)ret : 0;
	}
	/* Of what was lost on the way fsync tells, after a write that has told so, too. */
	error2 = xfs_fsync(file);
	error = error ? error : error2;
	error2 = xfs_close(file);
	return error ? error : error2;
}

static ssize_t give(void *ctx, void *buf, size_t len)
{
	uint64_t *given = ctx;

	len = XFS_MIN(len, (size_t)7000);
	memset(buf, 'g', len);
	*given += len;
	return (ssize_t)len;
}

static int op_write_from(struct xfs_mount *mp)
{
	uint64_t given = 0, done = 0;
	struct xfs_file *file;
	int error, error2;
	int64_t ret;

	error = xfs_open(mp, "/small/from_a_source", O_CREAT | O_RDWR, 0644, &file);
	if (error)
		return error;
	/* What it did not give is asked for again. */
	while (!error && done < 150000) {
		ret = xfs_write_from(file, give, &given, done, 150000 - done, 0);
		error = ret < 0 ? (int)ret : 0;
		done += ret > 0 ? (uint64_t)ret : 0;
		if (!error && done > given)
			error = -ERANGE;
	}
	if (!error)
		error = xfs_fsync(file);
	error2 = xfs_close(file);
	return error ? error : error2;
}

static int op_exchange(struct xfs_mount *mp)
{
	struct xfs_file *a, *b;
	int error, error2;

	error = xfs_open(mp, "/fragments", O_RDWR, 0, &a);
	if (error)
		return error;
	error = xfs_open(mp, "/file", O_RDWR, 0, &b);
	if (!error) {
		/* In one transaction: nothing that was begun must be finished. */
		error = xfs_exchange_range(a, 0, b, 0, 16384, 0);
		if (!error)
			error = xfs_fsync(b);
		error2 = xfs_close(b);
		error = error ? error : error2;
	}
	error2 = xfs_close(a);
	return error ? error : error2;
}

static int op_truncate(struct xfs_mount *mp)
{
	return xfs_truncate(mp, "/fragments", 5000);
}

static int op_extend(struct xfs_mount *mp)
{
	return xfs_truncate(mp, "/file", 1000001);
}

static int fallocate_of(struct xfs_mount *mp, const char *path, int mode, uint64_t offset, uint64_t len)
{
	struct xfs_file *file;
	int error, error2;

	error = xfs_open(mp, path, O_RDWR, 0, &file);
	if (error)
		return error;
	error = xfs_fallocate(file, mode, offset, len);
	error2 = xfs_close(file);
	return error ? error : error2;
}

static int op_allocate(struct xfs_mount *mp)
{
	return fallocate_of(mp, "/fragments", 0, 4000, 60000);
}

static int op_punch(struct xfs_mount *mp)
{
	return fallocate_of(mp, "/fragments", XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 5000, 500000);
}

static int op_zero(struct xfs_mount *mp)
{
	return fallocate_of(mp, "/shared", XFS_FALLOC_ZERO_RANGE, 5000, 40000);
}

static int op_collapse(struct xfs_mount *mp)
{
	return fallocate_of(mp, "/fragments", XFS_FALLOC_COLLAPSE_RANGE, 8192, 65536);
}

static int op_insert(struct xfs_mount *mp)
{
	return fallocate_of(mp, "/file", XFS_FALLOC_INSERT_RANGE, 8192, 65536);
}

static int op_sync(struct xfs_mount *mp)
{
	int error = write_and(mp, "/one", 0, 100000, false);

	if (!error)
		error = write_and(mp, "/two", 50000, 100000, false);
	return error ? error : xfs_sync(mp);
}

static int op_many(struct xfs_mount *mp)
{
	char path[64];
	int error = 0;

	for (unsigned int i = 0; i < 80 && !error; i++) {
		snprintf(path, sizeof(path), "/block/many_%u", i);
		error = write_and(mp, path, 0, i * 10, false);
	}
	return error;
}

const struct scenario scenarios[] = {
	{ "lookup", op_lookup, true },
	{ "read", op_read, true },
	{ "readdir", op_readdir, true },
	{ "getxattr", op_getxattr, true },
	{ "readlink", op_readlink, true },
	{ "extents", op_extents, true },
	{ "create", op_create, false },
	{ "mkdir", op_mkdir, false },
	{ "mkdir with ACLs", op_mkdir_acl, false },
	{ "symlink", op_symlink, false },
	{ "link", op_link, false },
	{ "unlink", op_unlink, false },
	{ "unlink, many extents", op_unlink_fragments, false },
	{ "unlink, many attributes", op_unlink_attrs, false },
	{ "rmdir", op_rmdir, false },
	{ "rename", op_rename, false },
	{ "rename over", op_rename_over, false },
	{ "replace", op_replace, false },
	{ "setxattr", op_setxattr, false },
	{ "setxattr, large", op_setxattr_large, false },
	{ "removexattr", op_removexattr, false },
	{ "chmod with ACL", op_chmod, false },
	{ "utimens", op_utimens, false },
	{ "write, fsync", op_write_fsync, false },
	{ "write, close", op_write_close, false },
	{ "overwrite", op_overwrite, false },
	{ "direct write", op_direct, false },
	{ "write from a source", op_write_from, false },
	{ "exchange", op_exchange, false },
	{ "clone", op_clone, false },
	{ "dedupe", op_dedupe, false },
	{ "copy", op_copy, false },
	{ "copy on write", op_copy_on_write, false },
	{ "unshare", op_unshare, false },
	{ "truncate", op_truncate, false },
	{ "extend", op_extend, false },
	{ "allocate", op_allocate, false },
	{ "punch", op_punch, false },
	{ "zero", op_zero, false },
	{ "collapse", op_collapse, false },
	{ "insert", op_insert, false },
	{ "sync", op_sync, false },
	{ "many small files", op_many, false },
};
const size_t nr_scenarios = sizeof(scenarios) / sizeof(scenarios[0]);

/* ---- one try ------------------------------------------------------------------------------- */

static void clock_of_attempt(void *ctx, struct xfs_timespec *now)
{
	struct attempt *at = ctx;

	at->fs.clock_ns += 1000;
	*now = (struct xfs_timespec){ .tv_sec = 1700000000, .tv_nsec = (uint32_t)at->fs.clock_ns };
}

void attempt_begin(struct attempt *at, struct xfs_device *image)
{
	memset(at, 0, sizeof(*at));
	at->fs.env.size = sizeof(at->fs.env);
	at->fs.env.ctx = at;
	at->fs.env.clock = clock_of_attempt;
	at->fs.env.seed = 7;
	TEST_OK(xfs_device_open_overlay(image, NULL, &at->overlay));
	TEST_OK(test_fault_open(at->overlay, &at->fault));
	at->fs.dev = at->fault;
	at->fs.opts.size = sizeof(at->fs.opts);
	at->fs.opts.flags = test_fs_mount_flags();
	at->fs.opts.env = &at->fs.env;
}

static void die(const struct scenario *sc, const char *what, int error)
{
	fprintf(stderr, "%s: %s: %s (%s)\n", sc ? sc->name : "", what, error ? strerror(-error) : "",
		xfs_error_text(NULL));
	abort();
}

/* What a mount with a journal left: recovered by the next one it must be right. */
static void recover(struct xfs_device *overlay, const char *what)
{
	struct xfs_mount_options opts = { .size = sizeof(opts) };
	struct xfs_mount *mp;
	int error = xfs_mount(overlay, &opts, &mp);

	if (!error)
		error = xfs_unmount(mp);
	if (!error)
		return;
	fprintf(stderr, "%s: recovery: %s\n", what, xfs_error_text(NULL));
	abort();
}

void demand_image(struct xfs_device *overlay, bool clean, const char *what)
{
	uint8_t sector[512];

	if (!test_fs_mount_flags() && !clean)
		recover(overlay, what);
	TEST_OK(xfs_device_pread(overlay, 0, sector, sizeof(sector)));
	if (!clean && (sector[126] || xfs_device_overlay_bytes(overlay) == 0))
		return;
	if (!sector[126] && test_fs_check(overlay, 0) == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, sector[126] ? "still in progress" : "neither marked nor right");
	abort();
}

bool error_is_allowed(const int *allowed, int error)
{
	while (*allowed && *allowed != error)
		allowed++;
	return *allowed;
}

/*
 * The fault has passed: the operation works.  Where data of its file was lost meanwhile (the overlay
 * below, a device, needs memory as well) writes to it fail until a sync has told so, once.
 */
static void demand_works(struct attempt *at, const struct scenario *sc)
{
	struct xfs_error_info info = { .size = sizeof(info) };
	int error = sc->run(at->fs.mp);

	if (error == -EIO && !xfs_mount_error(NULL, &info) && info.error == -EIO &&
	    info.known & XFS_ERROR_AT_DEVICE) {
		if (xfs_sync(at->fs.mp) != -EIO)
			die(sc, "lost data is not told by sync", error);
		error = sc->run(at->fs.mp);
	}
	if (error)
		die(sc, "does not work after the fault has passed", error);
}

bool attempt_end(struct attempt *at, const struct scenario *sc, int error, bool met,
		 const int *allowed)
{
	bool was_shut_down = xfs_is_shutdown(at->fs.mp);
	if (xfs_lock_order_held())
		die(sc, "locks are left held", error);
	if (error && !met)
		die(sc, "failed without a fault", error);
	if (error && !error_is_allowed(allowed, error))
		die(sc, "an error that the fault does not explain", error);
	/* The call itself may have succeeded: what is left of an unlinked file is freed behind it. */
	if (was_shut_down) {
		if (sc->reads_only)
			die(sc, "reading shut the file system down", error);
		error = sc->run(at->fs.mp);
		if (!error)
			die(sc, "works on a file system that was shut down", 0);
		if (xfs_unmount(at->fs.mp) == 0)
			die(sc, "a file system that was shut down closes without an error", 0);
		demand_image(at->overlay, false, sc->name);
	} else {
		if (error)
			demand_works(at, sc);
		/* A write that failed behind the operation's back is told of once. */
		error = xfs_sync(at->fs.mp);
		if (error && (!met || !error_is_allowed(allowed, error)))
			die(sc, "sync", error);
		if (!error && __atomic_load_n(&at->fs.mp->m_delalloc_blocks, __ATOMIC_RELAXED))
			die(sc, "reservations without data are left", 0);
		error = xfs_unmount(at->fs.mp);
		if (error)
			die(sc, "closing", error);
		demand_image(at->overlay, true, sc->name);
	}
	if (xfs_lock_order_held())
		die(sc, "locks are left held", error);
	xfs_device_put(at->fault);
	xfs_device_put(at->overlay);
	return was_shut_down;
}
