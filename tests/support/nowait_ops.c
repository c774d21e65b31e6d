/* SPDX-License-Identifier: MIT */
/* The volume and the calls of nowait_ops.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "support/nowait_ops.h"
#include <xfswrite/quota.h>

struct nowait_fixture nf;

bool nowait_has_quota(void)
{
	return getenv("XFSWRITE_TEST_QUOTA") != NULL;
}

static char block[4096];

/* ---- the volume ------------------------------------------------------------------------ */

static void fill_file(const char *path)
{
	struct xfs_file *file;

	memset(block, 'x', sizeof(block));
	TEST_OK(xfs_open(nf.fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
	for (uint64_t pos = 0; pos < NOWAIT_FILE_BYTES; pos += sizeof(block))
		TEST_OK(xfs_pwrite(file, block, sizeof(block), pos));
	TEST_OK(xfs_close(file));
}

void nowait_open_handles(void)
{
	TEST_OK(xfs_open(nf.fs.mp, "/d/a", O_RDWR, 0, &nf.a));
	TEST_OK(xfs_open(nf.fs.mp, "/d/b", O_RDWR, 0, &nf.b));
	TEST_OK(xfs_open(nf.fs.mp, "/d", O_RDONLY | O_DIRECTORY, 0, &nf.d));
}

void nowait_close_handles(void)
{
	TEST_OK(xfs_close(nf.a));
	TEST_OK(xfs_close(nf.b));
	TEST_OK(xfs_close(nf.d));
}

static int64_t set_quota(void)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;

	limits.valid = XFS_QUOTA_SPACE_HARD;
	limits.space_hard = (1024 + nf.limits++) << 20;
	return xfs_quota_set(nf.fs.mp, XFS_QUOTA_USER, NOWAIT_USER, &limits);
}

void nowait_make(struct xfs_device *dev)
{
	const struct xfs_mkfs_options format = { .size = sizeof(format), .agcount = 2 };
	struct xfs_mount *mp;

	test_fs_make_on(&nf.fs, dev, &format);
	TEST_OK(xfs_unmount(nf.fs.mp));
	nf.fs.opts.flags = 0;
	test_fs_open(&nf.fs);
	mp = nf.fs.mp;
	/* The first one stands beside the root, whose cluster is read at open. */
	TEST_OK(xfs_mkdir(mp, "/beside", 0755));
	TEST_OK(xfs_mkdir(mp, "/d", 0755));
	TEST_OK(xfs_mkdir(mp, "/r", 0755));
	TEST_OK(xfs_mkdir(mp, "/d/empty", 0755));
	TEST_OK(xfs_symlink(mp, "a", "/d/s"));
	fill_file("/d/a");
	fill_file("/d/b");
	fill_file("/d/victim");
	TEST_OK(xfs_setxattr(mp, "/d/a", true, "user.old", "value", 5, 0));
	if (nowait_has_quota())
		TEST_OK(set_quota());
	TEST_OK(xfs_sync(mp));
	nowait_open_handles();
}

void nowait_end(void)
{
	nowait_close_handles();
	test_fs_end(&nf.fs);
}

/* ---- all that can be seen -------------------------------------------------------------- */

static void tell_contents(FILE *out, const char *path)
{
	static char bytes[2 * NOWAIT_FILE_BYTES];
	uint64_t sum = 0;
	struct xfs_file *file;
	int64_t len;

	TEST_OK(xfs_open(nf.fs.mp, path, O_RDONLY, 0, &file));
	len = TEST_OK(xfs_pread(file, bytes, sizeof(bytes), 0));
	for (int64_t i = 0; i < len; i++)
		sum = sum * 31 + (uint8_t)bytes[i];
	fprintf(out, " sum %" PRIx64, sum);
	TEST_OK(xfs_close(file));
}

static void tell_object(FILE *out, const char *path)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char list[256];
	int64_t len;

	TEST_OK(xfs_getattr(nf.fs.mp, path, false, &st));
	fprintf(out, "%s: ino %" PRIu64 " mode %o nlink %u uid %u gid %u size %" PRIu64 " blocks %" PRIu64
		" extents %" PRIu64 " %" PRIu64 " changes %" PRIu64 " times %" PRId64 ".%u %" PRId64
		".%u %" PRId64 ".%u", path, st.ino, st.mode, st.nlink, st.uid, st.gid, st.size_bytes,
		st.blocks512, st.nextents, st.anextents, st.changecount, st.atime.tv_sec,
		st.atime.tv_nsec, st.mtime.tv_sec, st.mtime.tv_nsec, st.ctime.tv_sec,
		st.ctime.tv_nsec);
	len = TEST_OK(xfs_listxattr(nf.fs.mp, path, false, list, sizeof(list)));
	for (int64_t i = 0; i < len; i += (int64_t)strlen(list + i) + 1)
		fprintf(out, " %s", list + i);
	if (S_ISREG(st.mode))
		tell_contents(out, path);
	fputc('\n', out);
}

static void tell_dir(FILE *out, const char *path)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *dir;

	tell_object(out, path);
	TEST_OK(xfs_opendir(nf.fs.mp, path, &dir));
	while (TEST_OK(xfs_readdir(dir, &entry)) == 1) {
		char full[600];

		if (entry.name[0] == '.')
			continue;
		snprintf(full, sizeof(full), "%s/%s", path[1] ? path : "", entry.name);
		if (entry.type == DT_DIR)
			tell_dir(out, full);
		else
			tell_object(out, full);
	}
	xfs_closedir(dir);
}

/* Who uses what, and may; types that are on. */
static void tell_quota(FILE *out)
{
	struct xfs_quota_state state = XFS_QUOTA_STATE_INIT;

	TEST_OK(xfs_quota_state(nf.fs.mp, &state));
	fprintf(out, "quota %x %x %x\n", state.accounted, state.enforced, state.exact);
	for (uint32_t type = 1; type <= state.accounted; type <<= 1) {
		struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
		uint64_t from = 0;

		while (state.accounted & type && TEST_OK(xfs_quota_next(nf.fs.mp, type, &from, &info)) == 1)
			fprintf(out, "%u %u: %" PRIu64 " %" PRIu64 " limit %" PRIu64 "\n", type, info.id,
				info.space_bytes, info.inodes, info.space_hard);
	}
}

char *nowait_snapshot(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tell_dir(out, "/");
	TEST_OK(xfs_statfs(nf.fs.mp, &st));
	fprintf(out, "free %" PRIu64 " files %" PRIu64 " %" PRIu64 "\n", st.blocks_free, st.files,
		st.files_free);
	if (nowait_has_quota())
		tell_quota(out);
	fclose(out);
	return text;
}

/* ---- reading and writing ----------------------------------------------------------------- */

static int64_t op_pread(void)
{
	return xfs_pread(nf.a, block, sizeof(block), 8192);
}

static int64_t op_preadv(void)
{
	const struct iovec iov = { block, sizeof(block) };

	return xfs_preadv(nf.a, &iov, 1, 100);
}

static int memfd(void)
{
	int fd = memfd_create("nowait", 0);

	if (fd < 0 || write(fd, block, sizeof(block)) != sizeof(block))
		abort();
	return fd;
}

static int64_t op_read_to_fd(void)
{
	int fd = memfd();
	int64_t ret = xfs_read_to_fd(nf.a, 0, fd, 0, 8192);

	close(fd);
	return ret;
}

static int64_t op_pwrite(void)
{
	return xfs_pwrite(nf.a, "new", 3, 5000);
}

static int64_t op_append(void)
{
	const struct iovec iov = { block, sizeof(block) };

	return xfs_pwritev2(nf.a, &iov, 1, 0, XFS_RWF_APPEND);
}

static int64_t op_pwritev(void)
{
	const struct iovec iov = { block, sizeof(block) };

	return xfs_pwritev(nf.a, &iov, 1, 100);
}

static ssize_t give(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 'g', len);
	return (ssize_t)len;
}

static int64_t op_write_from(void)
{
	return xfs_write_from(nf.a, give, NULL, 0, 10000, 0);
}

static int64_t op_write_from_fd(void)
{
	int fd = memfd();
	int64_t ret = xfs_write_from_fd(nf.a, fd, 0, sizeof(block), 0);

	close(fd);
	return ret;
}

static int64_t op_behind_end(void)
{
	return xfs_pwrite(nf.a, "new", 3, 2 * NOWAIT_FILE_BYTES);
}

static int64_t op_sync_write(void)
{
	const struct iovec iov = { block, sizeof(block) };

	return xfs_pwritev2(nf.a, &iov, 1, 0, XFS_RWF_DSYNC);
}

static int64_t op_fsync(void)
{
	return xfs_fsync(nf.a);
}

static int64_t op_fdatasync(void)
{
	return xfs_fdatasync(nf.a);
}

static int64_t op_sync(void)
{
	return xfs_sync(nf.fs.mp);
}

static int64_t op_tick(void)
{
	return xfs_tick(nf.fs.mp);
}

static int64_t op_seek(void)
{
	return xfs_seek(nf.a, 0, SEEK_HOLE);
}

static int64_t op_extents(void)
{
	struct xfs_extent extent = XFS_EXTENT_INIT;
	size_t count;

	return xfs_extents(nf.a, 0, &extent, 1, &count);
}

static int64_t op_map_extents(void)
{
	struct xfs_extent extent = XFS_EXTENT_INIT;
	size_t count;

	return xfs_map_extents(nf.a, XFS_MAP_SYNC, 0, &extent, 1, &count);
}

/* ---- space --------------------------------------------------------------------------------- */

static int64_t op_ftruncate(void)
{
	return xfs_ftruncate(nf.a, 8192);
}

static int64_t op_ftruncate_cut(void)
{
	return xfs_ftruncate(nf.a, 5000);
}

static int64_t op_ftruncate_grow(void)
{
	return xfs_ftruncate(nf.a, 10 * NOWAIT_FILE_BYTES);
}

static int64_t op_truncate(void)
{
	return xfs_truncate(nf.fs.mp, "/d/a", 0);
}

static int64_t op_fallocate(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_KEEP_SIZE, NOWAIT_FILE_BYTES, 4 * NOWAIT_FILE_BYTES);
}

static int64_t op_fallocate_grow(void)
{
	return xfs_fallocate(nf.a, 0, 0, 4 * NOWAIT_FILE_BYTES);
}

static int64_t op_punch(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, 5000, 20000);
}

static int64_t op_zero(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_ZERO_RANGE, 4096, 20000);
}

static int64_t op_collapse(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_COLLAPSE_RANGE, 4096, 8192);
}

static int64_t op_insert(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_INSERT_RANGE, 4096, 8192);
}

static int64_t op_unshare(void)
{
	return xfs_fallocate(nf.a, XFS_FALLOC_UNSHARE_RANGE, 0, NOWAIT_FILE_BYTES);
}

static int64_t op_clone(void)
{
	return xfs_clone_range(nf.b, 0, nf.a, 0, NOWAIT_FILE_BYTES);
}

static int64_t op_copy(void)
{
	return xfs_copy_range(nf.b, 0, nf.a, 0, NOWAIT_FILE_BYTES);
}

static int64_t op_dedupe(void)
{
	return xfs_dedupe_range(nf.b, 0, nf.a, 0, NOWAIT_FILE_BYTES);
}

static int64_t op_exchange(void)
{
	return xfs_exchange_range(nf.b, 0, nf.a, 0, NOWAIT_FILE_BYTES, 0);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static int64_t op_fgetattr(void)
{
	struct xfs_stat st = XFS_STAT_INIT;

	return xfs_fgetattr(nf.a, &st);
}

static int64_t op_fstat(void)
{
	struct stat st;

	return xfs_fstat(nf.a, &st);
}

static int64_t op_fstatfs(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	return xfs_fstatfs(nf.a, &st);
}

static int64_t op_fsetattr(void)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = XFS_ATTR_MODE;
	iattr.mode = 0600;
	return xfs_fsetattr(nf.a, &iattr);
}

static int64_t op_fsetxattr(void)
{
	return xfs_fsetxattr(nf.a, "user.new", "v", 1, 0);
}

static int64_t op_fgetxattr(void)
{
	return xfs_fgetxattr(nf.a, "user.old", block, sizeof(block));
}

static int64_t op_flistxattr(void)
{
	return xfs_flistxattr(nf.a, block, sizeof(block));
}

static int64_t op_fremovexattr(void)
{
	return xfs_fremovexattr(nf.a, "user.old");
}

static int64_t op_setxattr(void)
{
	return xfs_setxattr(nf.fs.mp, "/d/a", true, "user.new", "v", 1, 0);
}

static int64_t op_getxattr(void)
{
	return xfs_getxattr(nf.fs.mp, "/d/a", true, "user.old", block, sizeof(block));
}

static int64_t op_listxattr(void)
{
	return xfs_listxattr(nf.fs.mp, "/d/a", true, block, sizeof(block));
}

static int64_t op_removexattr(void)
{
	return xfs_removexattr(nf.fs.mp, "/d/a", true, "user.old");
}

static int64_t op_stat(void)
{
	struct stat st;

	return xfs_stat(nf.fs.mp, "/d/s", &st);
}

static int64_t op_lstat(void)
{
	struct stat st;

	return xfs_lstat(nf.fs.mp, "/d/a", &st);
}

static int64_t op_getattr(void)
{
	struct xfs_stat st = XFS_STAT_INIT;

	return xfs_getattr(nf.fs.mp, "/d/a", true, &st);
}

static int64_t op_setattr(void)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = XFS_ATTR_UID | XFS_ATTR_SIZE;
	iattr.uid = 7;
	return xfs_setattr(nf.fs.mp, "/d/a", true, &iattr);
}

static int64_t op_chmod(void)
{
	return xfs_chmod(nf.fs.mp, "/d/a", 0600);
}

static int64_t op_chown(void)
{
	return xfs_chown(nf.fs.mp, "/d/a", 7, 7);
}

static int64_t op_lchown(void)
{
	return xfs_lchown(nf.fs.mp, "/d/a", 7, 7);
}

static int64_t op_utimens(void)
{
	return xfs_utimens(nf.fs.mp, "/d/a", true, NULL);
}

/* ---- names ------------------------------------------------------------------------------------- */

static int64_t open_path(const char *path, int flags)
{
	struct xfs_file *file;
	int error = xfs_open(nf.fs.mp, path, flags, 0644, &file);

	if (!error)
		TEST_OK(xfs_close(file));
	return error;
}

static int64_t op_open(void)
{
	return open_path("/d/a", O_RDONLY);
}

static int64_t op_create(void)
{
	return open_path("/d/new", O_RDWR | O_CREAT | O_EXCL);
}

static int64_t op_open_trunc(void)
{
	return open_path("/d/a", O_RDWR | O_TRUNC);
}

static int64_t op_tmpfile(void)
{
	return open_path("/d", O_RDWR | O_TMPFILE);
}

static int64_t op_createat(void)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = XFS_ATTR_MODE;
	iattr.mode = S_IFREG | 0644;
	return xfs_createat(nf.d, "new", &iattr, NULL, NULL);
}

static int64_t op_mkdir(void)
{
	return xfs_mkdir(nf.fs.mp, "/d/new", 0755);
}

static int64_t op_mkdirat(void)
{
	return xfs_mkdirat(nf.d, "new", 0755);
}

static int64_t op_mknod(void)
{
	return xfs_mknod(nf.fs.mp, "/d/new", S_IFIFO | 0644, 0, 0);
}

static int64_t op_symlink(void)
{
	return xfs_symlink(nf.fs.mp, "target", "/d/new");
}

static int64_t op_link(void)
{
	return xfs_link(nf.fs.mp, "/d/a", "/d/new");
}

static int64_t op_linkat(void)
{
	return xfs_linkat(nf.a, nf.d, "new");
}

static int64_t op_replaceat(void)
{
	return xfs_replaceat(nf.a, nf.d, "victim");
}

static int64_t op_unlink(void)
{
	return xfs_unlink(nf.fs.mp, "/d/victim");
}

static int64_t op_unlink_a(void)
{
	return xfs_unlinkat(nf.d, "a", 0);
}

static int64_t op_rmdir(void)
{
	return xfs_rmdir(nf.fs.mp, "/d/empty");
}

static int64_t op_rename(void)
{
	return xfs_rename(nf.fs.mp, "/d/a", "/d/new");
}

static int64_t op_rename_across(void)
{
	return xfs_rename(nf.fs.mp, "/d/a", "/r/new");
}

static int64_t op_renameat(void)
{
	return xfs_renameat(nf.d, "a", nf.d, "victim", 0);
}

static int64_t op_readlink(void)
{
	return xfs_readlink(nf.fs.mp, "/d/s", block, sizeof(block));
}

static int64_t op_readdir(void)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	int error;

	TEST_OK(xfs_fdopendir(nf.d, &dir));
	error = xfs_readdir(dir, &entry);
	xfs_closedir(dir);
	return error;
}

static int64_t op_opendir(void)
{
	struct xfs_dir *dir;
	int error = xfs_opendir(nf.fs.mp, "/d/empty", &dir);

	if (!error)
		xfs_closedir(dir);
	return error;
}

/* ---- the table --------------------------------------------------------------------------------- */

#define READS	NEEDS_IOLOCK_SHARED
#define WRITES	(NEEDS_IOLOCK_SHARED | NEEDS_IOLOCK | NEEDS_ILOCK)
#define SIZES	(WRITES | NEEDS_TRANS)
#define MOVES	(SIZES | NEEDS_CLEAN)
#define SETS	(NEEDS_ILOCK | NEEDS_TRANS)
#define NAMES	(NEEDS_DIR | NEEDS_TRANS)

/* ---- quota ------------------------------------------------------------------------------------- */

static int64_t op_quota_state(void)
{
	struct xfs_quota_state state = XFS_QUOTA_STATE_INIT;

	return xfs_quota_state(nf.fs.mp, &state);
}

static int64_t op_quota_get(void)
{
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;

	return xfs_quota_get(nf.fs.mp, XFS_QUOTA_USER, NOWAIT_USER, &info);
}

static int64_t op_quota_next(void)
{
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	uint64_t from = NOWAIT_USER;
	int ret = xfs_quota_next(nf.fs.mp, XFS_QUOTA_USER, &from, &info);

	return ret == 1 ? 0 : ret ? ret : -ENOENT;
}

static int64_t op_quota_set(void)
{
	return set_quota();
}

static int64_t op_quota_on(void)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;

	on.types = on.enforce = XFS_QUOTA_USER;
	return xfs_quota_on(nf.fs.mp, &on);
}

static int64_t op_quota_off(void)
{
	return xfs_quota_off(nf.fs.mp, XFS_QUOTA_USER, 0);
}

static int64_t op_quota_check(void)
{
	return xfs_quota_check(nf.fs.mp, 0);
}

/* To who has a record that nobody has used so far. */
static int64_t op_chown_limited(void)
{
	return xfs_chown(nf.fs.mp, "/d/a", NOWAIT_USER, NOWAIT_USER);
}

/* To who has no record. */
static int64_t op_chown_new(void)
{
	return xfs_chown(nf.fs.mp, "/d/a", 3000000000u, UINT32_MAX);
}

const struct nowait_op nowait_ops[] = {
	{ "pread", op_pread, READS },
	{ "preadv", op_preadv, READS },
	{ "read_to_fd", op_read_to_fd, READS },
	{ "pwrite", op_pwrite, WRITES },
	{ "pwritev", op_pwritev, WRITES },
	{ "append", op_append, WRITES },
	{ "write_from", op_write_from, WRITES },
	{ "write_from_fd", op_write_from_fd, WRITES },
	{ "write behind the end", op_behind_end, NEEDS_DEVICE },
	{ "synchronous write", op_sync_write, NEEDS_DEVICE },
	{ "fsync", op_fsync, NEEDS_CLEAN },
	{ "fdatasync", op_fdatasync, NEEDS_CLEAN },
	{ "sync", op_sync, NEEDS_CLEAN },
	{ "tick", op_tick, NEEDS_DEVICE },
	{ "seek", op_seek, NEEDS_ILOCK },
	{ "extents", op_extents, NEEDS_ILOCK },
	{ "map_extents with sync", op_map_extents, NEEDS_ILOCK | NEEDS_CLEAN },
	{ "ftruncate", op_ftruncate, SIZES },
	{ "ftruncate into a block", op_ftruncate_cut, NEEDS_DEVICE },
	{ "ftruncate upwards", op_ftruncate_grow, SIZES },
	{ "truncate", op_truncate, SIZES | NEEDS_DIR },
	{ "fallocate", op_fallocate, SIZES },
	{ "fallocate that grows", op_fallocate_grow, SIZES },
	{ "punch", op_punch, MOVES },
	{ "zero range", op_zero, MOVES },
	{ "collapse", op_collapse, MOVES },
	{ "insert", op_insert, MOVES },
	{ "unshare", op_unshare, SIZES },
	{ "clone", op_clone, MOVES },
	{ "copy", op_copy, MOVES },
	{ "dedupe", op_dedupe, NEEDS_DEVICE },
	{ "exchange", op_exchange, MOVES },
	{ "fgetattr", op_fgetattr, NEEDS_ILOCK },
	{ "fstat", op_fstat, NEEDS_ILOCK },
	{ "fstatfs", op_fstatfs, NEEDS_ILOCK },
	{ "fsetattr", op_fsetattr, SETS },
	{ "fsetxattr", op_fsetxattr, SETS },
	{ "fgetxattr", op_fgetxattr, NEEDS_ILOCK },
	{ "flistxattr", op_flistxattr, NEEDS_ILOCK },
	{ "fremovexattr", op_fremovexattr, SETS },
	{ "setxattr", op_setxattr, SETS | NEEDS_DIR },
	{ "getxattr", op_getxattr, NEEDS_ILOCK | NEEDS_DIR },
	{ "listxattr", op_listxattr, NEEDS_ILOCK | NEEDS_DIR },
	{ "removexattr", op_removexattr, SETS | NEEDS_DIR },
	{ "stat", op_stat, NEEDS_ILOCK | NEEDS_DIR },
	{ "lstat", op_lstat, NEEDS_ILOCK | NEEDS_DIR },
	{ "getattr", op_getattr, NEEDS_ILOCK | NEEDS_DIR },
	{ "setattr", op_setattr, SIZES | NEEDS_DIR },
	{ "chmod", op_chmod, SETS | NEEDS_DIR },
	{ "chown", op_chown, SETS | NEEDS_DIR },
	{ "lchown", op_lchown, SETS | NEEDS_DIR },
	{ "utimens", op_utimens, SETS | NEEDS_DIR },
	{ "open", op_open, NEEDS_DIR },
	{ "create", op_create, NAMES },
	{ "open with O_TRUNC", op_open_trunc, SIZES | NEEDS_DIR },
	{ "open with O_TMPFILE", op_tmpfile, NAMES },
	{ "createat", op_createat, NAMES },
	{ "mkdir", op_mkdir, NAMES },
	{ "mkdirat", op_mkdirat, NAMES },
	{ "mknod", op_mknod, NAMES },
	{ "symlink", op_symlink, NAMES },
	{ "link", op_link, NAMES | NEEDS_ILOCK },
	{ "linkat", op_linkat, NAMES | NEEDS_ILOCK },
	{ "replaceat", op_replaceat, NAMES | NEEDS_ILOCK },
	{ "unlink", op_unlink, NAMES },
	{ "unlinkat", op_unlink_a, NAMES | NEEDS_ILOCK },
	{ "rmdir", op_rmdir, NAMES },
	{ "rename", op_rename, NAMES | NEEDS_ILOCK },
	{ "rename across directories", op_rename_across, NAMES | NEEDS_ILOCK | NEEDS_RENAME },
	{ "renameat over a file", op_renameat, NAMES | NEEDS_ILOCK },
	{ "readlink", op_readlink, NEEDS_DIR },
	{ "readdir", op_readdir, NEEDS_DIR },
	{ "opendir", op_opendir, NEEDS_DIR },
	{ "quota state", op_quota_state, NEEDS_QUOTA | NEEDS_QUOTA_FILE },
	{ "quota get", op_quota_get, NEEDS_QUOTA | NEEDS_QUOTA_FILE },
	{ "quota next", op_quota_next, NEEDS_QUOTA | NEEDS_QUOTA_FILE },
	{ "quota set", op_quota_set, NEEDS_QUOTA | NEEDS_TRANS },
	{ "quota on", op_quota_on, NEEDS_QUOTA | NEEDS_DEVICE },
	{ "quota off", op_quota_off, NEEDS_QUOTA | NEEDS_DEVICE },
	{ "quota check", op_quota_check, NEEDS_QUOTA | NEEDS_DEVICE },
	{ "chown to somebody new", op_chown_new, SETS | NEEDS_DIR | NEEDS_QUOTA },
	{ "chown to somebody limited", op_chown_limited, SETS | NEEDS_DIR | NEEDS_QUOTA },
};
const unsigned int nowait_nr_ops = sizeof(nowait_ops) / sizeof(nowait_ops[0]);
