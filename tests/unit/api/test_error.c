/* SPDX-License-Identifier: MIT */
/*
 * Goal: every call that fails leaves a record of this failure - with the thread, the file system and
 *       the file handle - and calls that succeed leave all three alone; class, structure and place
 *       are right; a text of an earlier failure is never the reason of a later one.
 * Method: a walk over failing calls, each after another failure with another text; a checksum, a
 *       device and memory that go wrong; two threads on two handles of one file system.
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
#include <unistd.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include <xfswrite/check.h>
#include "support/test_device.h"
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;
static struct xfs_file *dir, *reader, *writer, *path_only;

static int setup(void **state)
{
	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/d/full", 0755));
	TEST_OK(xfs_symlink(fs.mp, "loop2", "/loop1"));
	TEST_OK(xfs_symlink(fs.mp, "loop1", "/loop2"));
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &writer));
	TEST_OK(xfs_open(fs.mp, "/d/full/f", O_CREAT | O_RDONLY, 0644, &reader));
	TEST_OK(xfs_open(fs.mp, "/f", O_PATH, 0, &path_only));
	TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY | O_DIRECTORY, 0, &dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	TEST_OK(xfs_close(dir));
	TEST_OK(xfs_close(path_only));
	TEST_OK(xfs_close(reader));
	TEST_OK(xfs_close(writer));
	test_fs_end(&fs);
	return 0;
}

static struct xfs_error_info of_thread(void)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	assert_int_equal(xfs_mount_error(NULL, &info), 0);
	return info;
}

static struct xfs_error_info of_mount(void)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	assert_int_equal(xfs_mount_error(fs.mp, &info), 0);
	return info;
}

static struct xfs_error_info of_file(struct xfs_file *file)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	assert_int_equal(xfs_file_error(file, &info), 0);
	return info;
}

static void assert_same(const struct xfs_error_info *a, const struct xfs_error_info *b)
{
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->error_class, b->error_class);
	assert_int_equal(a->known, b->known);
	assert_string_equal(a->text, b->text);
	assert_string_equal(a->call, b->call);
	assert_string_equal(a->structure, b->structure);
}

/* Something else fails first, with a text of its own and an errno that no case has. */
static void another_failure(void)
{
	struct xfs_file *file;

	assert_int_equal(xfs_open_by_ino(fs.mp, 0x7777777777, 0, O_RDONLY, &file), -ESTALE);
	assert_non_null(strstr(xfs_error_text(NULL), "513105426295"));
}

/*
 * @ret is the answer of a call that was given @file (or NULL, and the file system if @on_mount).
 * @expr begins with the name of the function; one of the words @a and @b is in the text.
 */
static void fails(int64_t ret, int want, enum xfs_error_class error_class, struct xfs_file *file,
		  bool on_mount, const char *a, const char *b, const char *expr)
{
	struct xfs_error_info t = of_thread(), m = of_mount();

	if (ret != want || t.error != want || t.error_class != error_class ||
	    (!strstr(t.text, a) && !strstr(t.text, b)) || strstr(t.text, "513105426295") ||
	    strncmp(t.call, expr, strlen(t.call)) != 0)
		fail_msg("%s: %d (%s), class %u, of %s: \"%s\"; expected %d, class %u, \"%s\"", expr,
			 (int)ret, strerror((int)-ret), t.error_class, t.call, t.text, want,
			 (unsigned int)error_class, a);
	assert_string_equal(xfs_error_text(fs.mp), t.text);
	if (on_mount)
		assert_same(&t, &m);
	else
		assert_int_equal(m.error, -ESTALE);
	if (file) {
		struct xfs_error_info f = of_file(file);

		assert_same(&t, &f);
	}
}

#define FAILS(expr, want, cls, file, a, b) \
	(another_failure(), fails((expr), want, XFS_ERROR_##cls, file, true, a, b, #expr))
#define FAILS_ALONE(expr, want, cls, a, b) \
	(another_failure(), fails((expr), want, XFS_ERROR_##cls, NULL, false, a, b, #expr))

/* (ERROR-1) */
static void test_paths_and_names(void **state)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
	struct xfs_mount *mp = fs.mp;
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	struct stat host;
	char name[300], buf[64];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	FAILS(xfs_open(mp, "/no", O_RDONLY, 0, &file), -ENOENT, NAME, NULL, "no \"no\"", "no \"no\"");
	FAILS(xfs_open(mp, "/f", O_CREAT | O_EXCL | O_RDWR, 0644, &file), -EEXIST, NAME, NULL,
	      "exists", "exists");
	FAILS(xfs_open(mp, "/f/x", O_RDONLY, 0, &file), -ENOTDIR, NAME, NULL, "not a directory",
	      "not a directory");
	FAILS(xfs_open(mp, "/d", O_RDWR, 0, &file), -EISDIR, NAME, NULL, "is a directory", "directory");
	FAILS(xfs_open(mp, "/loop1", O_RDONLY, 0, &file), -ELOOP, NAME, NULL, "symbolic links",
	      "symbolic links");
	FAILS(xfs_open(mp, name, O_RDONLY, 0, &file), -ENAMETOOLONG, ARGUMENT, NULL, "255", "255");
	FAILS(xfs_open(mp, NULL, O_RDONLY, 0, &file), -EINVAL, ARGUMENT, NULL, "path", "NULL");
	FAILS(xfs_open(mp, "/f", 0x40000000, 0, &file), -EINVAL, ARGUMENT, NULL, "flags", "flags");
	FAILS(xfs_openat(dir, "no", O_RDONLY, 0, &file), -ENOENT, NAME, dir, "\"no\"", "\"no\"");
	FAILS(xfs_mkdir(mp, "/d", 0755), -EEXIST, NAME, NULL, "exist", "exist");
	FAILS(xfs_mkdirat(dir, "full", 0755), -EEXIST, NAME, dir, "exist", "exist");
	FAILS(xfs_mkdir(mp, "/no/d", 0755), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_mknod(mp, "/f", S_IFIFO | 0644, 0, 0), -EEXIST, NAME, NULL, "exist", "exist");
	FAILS(xfs_mknod(mp, "/c", S_IFCHR | 0644, 1 << 30, 0), -EINVAL, ARGUMENT, NULL, "too large",
	      "too large");
	FAILS(xfs_symlink(mp, "x", "/f"), -EEXIST, NAME, NULL, "exist", "exist");
	FAILS(xfs_createat(dir, "full", &iattr, NULL, NULL), -EEXIST, NAME, dir, "exist", "exist");
	FAILS(xfs_link(mp, "/d", "/d2"), -EPERM, PERMISSION, NULL, "director", "director");
	FAILS(xfs_link(mp, "/f", "/d"), -EEXIST, NAME, NULL, "exist", "exist");
	FAILS(xfs_link(mp, "/no", "/n"), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_unlink(mp, "/no"), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_unlink(mp, "/d"), -EISDIR, NAME, NULL, "director", "director");
	FAILS(xfs_unlinkat(dir, "no", 0), -ENOENT, NAME, dir, "\"no\"", "\"no\"");
	FAILS(xfs_unlinkat(dir, "full", 0x1000), -EINVAL, ARGUMENT, dir, "flags", "flags");
	FAILS(xfs_rmdir(mp, "/d"), -ENOTEMPTY, NAME, NULL, "empty", "empty");
	FAILS(xfs_rmdir(mp, "/f"), -ENOTDIR, NAME, NULL, "director", "director");
	FAILS(xfs_rmdir(mp, "/"), -EBUSY, BUSY, NULL, "root", "root");
	FAILS(xfs_rename(mp, "/no", "/n"), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_rename(mp, "/d", "/d/full/d"), -EINVAL, ARGUMENT, NULL, "itself", "below");
	FAILS(xfs_rename(mp, "/d", "/f"), -ENOTDIR, NAME, NULL, "director", "director");
	FAILS(xfs_rename(mp, "/f", "/d"), -EISDIR, NAME, NULL, "director", "director");
	FAILS(xfs_readlink(mp, "/f", buf, sizeof(buf)), -EINVAL, ARGUMENT, NULL, "link", "link");
	FAILS(xfs_freadlink(writer, buf, sizeof(buf)), -EINVAL, ARGUMENT, writer, "link", "link");
	FAILS(xfs_stat(mp, "/no", &host), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_getattr(mp, "/no", true, &st), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_truncate(mp, "/d", 0), -EISDIR, NAME, NULL, "director", "not a regular file");
	FAILS(xfs_chmod(mp, "/no", 0), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_chown(mp, "/no", 0, 0), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
	FAILS(xfs_utimens(mp, "/no", true, NULL), -ENOENT, NAME, NULL, "\"no\"", "\"no\"");
}

static void test_handles(void **state)
{
	struct xfs_iattr size = {
		.size = sizeof(size), .valid = XFS_ATTR_SIZE, .size_bytes = UINT64_MAX};
	struct xfs_dir *d;
	char buf[16] = "";
	size_t count;
	struct xfs_extent extent = XFS_EXTENT_INIT;

	(void)state;
	FAILS(xfs_pwrite(reader, buf, 1, 0), -EBADF, ARGUMENT, reader, "not open for writing", "");
	FAILS(xfs_pread(path_only, buf, 1, 0), -EBADF, ARGUMENT, path_only, "not open for reading", "");
	FAILS(xfs_fsync(path_only), -EBADF, ARGUMENT, path_only, "not open", "");
	FAILS(xfs_fdatasync(path_only), -EBADF, ARGUMENT, path_only, "not open", "");
	FAILS(xfs_write_from_fd(writer, -1, 0, 1, 0), -EINVAL, ARGUMENT, writer, "descriptor -1", "");
	FAILS(xfs_pwrite(writer, buf, 1, (uint64_t)INT64_MAX), -EINVAL, ARGUMENT, writer, "", "");
	assert_true(of_file(writer).known & XFS_ERROR_AT_OFFSET);
	assert_int_equal(of_file(writer).offset, INT64_MAX);
	FAILS(xfs_seek(writer, 0, 77), -EINVAL, ARGUMENT, writer, "whence", "");
	FAILS(xfs_seek(writer, MIB(1), SEEK_DATA), -ENXIO, NAME, writer, "", "");
	FAILS(xfs_extents(path_only, 0, &extent, 1, &count), -EBADF, ARGUMENT, path_only, "not open", "");
	FAILS(xfs_fdopendir(writer, &d), -ENOTDIR, NAME, writer, "not a directory", "");
	FAILS(xfs_fsetattr(writer, &size), -EINVAL, ARGUMENT, writer, "", "");
	FAILS(xfs_fgetxattr(writer, "user.no", buf, sizeof(buf)), -ENODATA, NAME, writer, "", "");
	FAILS(xfs_fsetxattr(writer, "nonamespace", "v", 1, 0), -EOPNOTSUPP, UNSUPPORTED, writer, "", "");
	FAILS(xfs_fremovexattr(writer, "user.no"), -ENODATA, NAME, writer, "", "");
	TEST_OK(xfs_fsetxattr(writer, "user.a", "value", 5, 0));
	FAILS(xfs_fgetxattr(writer, "user.a", buf, 1), -ERANGE, ARGUMENT, writer, "", "");
	FAILS(xfs_flistxattr(writer, buf, 1), -ERANGE, ARGUMENT, writer, "", "");
	FAILS(xfs_getxattr(fs.mp, "/f", true, "user.no", NULL, 0), -ENODATA, NAME, NULL, "", "");
	assert_int_equal(of_file(writer).ino, of_file(path_only).ino);
	assert_true(of_file(writer).known & XFS_ERROR_AT_INO);
}

static void test_without_a_file_system(void **state)
{
	struct xfs_device *dev;
	struct xfs_mount *mp;
	struct xfs_info info = { .size = sizeof(info) };
	char c = 0;

	(void)state;
	FAILS_ALONE(xfs_mount(NULL, NULL, &mp), -EINVAL, ARGUMENT, "the device is NULL", "");
	FAILS_ALONE(xfs_info(NULL, &info), -EINVAL, ARGUMENT, "the file system is NULL", "");
	FAILS_ALONE(xfs_pread(NULL, &c, 1, 0), -EINVAL, ARGUMENT, "the file handle is NULL", "");
	FAILS_ALONE(xfs_readdir(NULL, NULL), -EINVAL, ARGUMENT, "the directory handle is NULL", "");
	TEST_OK(xfs_device_open_memory(MIB(64), 512, NULL, &dev));
	FAILS_ALONE(xfs_mount(dev, NULL, &mp), -EINVAL, ARGUMENT, "superblock", "");
	FAILS_ALONE(xfs_check(NULL, NULL, NULL, NULL), -EINVAL, ARGUMENT, "", "");
	FAILS_ALONE(xfs_dump(dev, NULL, "nonsense", NULL, NULL), -EINVAL, ARGUMENT, "", "");
	xfs_device_put(dev);
}

/* (ERROR-3) fail; close; report. */
static void test_success_leaves_records_alone(void **state)
{
	struct xfs_error_info before, after;
	struct xfs_file *file;
	char kept[512], copy[512];
	const char *text;
	size_t len;

	(void)state;
	assert_int_equal(xfs_mkdir(fs.mp, "/d", 0755), -EEXIST);
	assert_int_equal(xfs_pwrite(reader, "x", 1, 0), -EBADF);
	text = xfs_error_text(fs.mp);
	snprintf(kept, sizeof(kept), "%s", text);
	before = of_file(reader);
	TEST_OK(xfs_open(fs.mp, "/new", O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
	assert_string_equal(text, kept);
	after = of_file(reader);
	assert_same(&before, &after);
	after = of_mount();
	assert_same(&before, &after);
	/* What fails on another handle is not this one's. */
	assert_int_equal(xfs_fsync(path_only), -EBADF);
	after = of_file(reader);
	assert_same(&before, &after);
	assert_string_not_equal(of_mount().text, kept);
	assert_int_equal(of_file(writer).error, 0);
	assert_string_equal(of_file(writer).text, "");
	/* The copy. */
	len = xfs_error_copy(fs.mp, copy, sizeof(copy));
	assert_int_equal(len, strlen(copy));
	assert_string_equal(copy, of_mount().text);
	assert_int_equal(xfs_error_copy(fs.mp, copy, 5), len);
	assert_int_equal(strlen(copy), 4);
	assert_int_equal(xfs_error_copy(NULL, NULL, 0), strlen(xfs_error_text(NULL)));
}

#ifdef XFSWRITE_THREADS
static void *fail_often(void *arg)
{
	struct xfs_file *file = arg;

	for (int i = 0; i < 2000; i++) {
		if (xfs_pwrite(file, "x", 1, 0) != -EBADF)
			return arg;
	}
	return NULL;
}

/* Two threads that fail on two handles: each handle, and each thread, has its own. */
static void test_another_thread(void **state)
{
	pthread_t thread;
	void *wrong;

	(void)state;
	assert_int_equal(xfs_fsync(path_only), -EBADF);
	assert_int_equal(pthread_create(&thread, NULL, fail_often, reader), 0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(xfs_seek(writer, 0, 1000 + i), -EINVAL);
		assert_string_equal(of_thread().call, "xfs_seek");
		assert_int_equal(of_file(writer).error, -EINVAL);
		assert_true(!of_file(reader).error || of_file(reader).error == -EBADF);
		assert_string_equal(of_file(path_only).call, "xfs_fsync");
	}
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_null(wrong);
	assert_non_null(strstr(of_file(writer).text, "whence 2999"));
	assert_non_null(strstr(xfs_error_text(NULL), "whence 2999"));
	assert_string_equal(of_file(reader).call, "xfs_pwrite");
}
#endif

/* (ERROR-2) */
static void test_each_failure_has_its_number(void **state)
{
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *file;
	uint64_t before, first;

	(void)state;
	another_failure();
	before = of_thread().failure;
	assert_int_not_equal(before, 0);
	assert_true(of_mount().failure == before);
	TEST_OK(xfs_getattr(fs.mp, "/f", true, &st));
	assert_true(of_thread().failure == before);
	assert_int_equal(xfs_getattr(fs.mp, "/no", true, &st), -ENOENT);
	first = of_thread().failure;
	assert_true(first == before + 1);
	assert_int_equal(xfs_getattr(fs.mp, "/no", true, &st), -ENOENT);
	assert_true(of_thread().failure == first + 1);
	assert_true(of_mount().failure == first + 1);
	/* The inner call of one that fails is not counted by itself. */
	assert_int_equal(xfs_openat(dir, "no", O_RDONLY, 0, &file), -ENOENT);
	assert_true(of_file(dir).failure == first + 2);
}

/* Structs of other versions: a shorter one gets what fits, none gets too much. */
static void test_struct_sizes(void **state)
{
	union {
		struct xfs_error_info info;
		unsigned char bytes[sizeof(struct xfs_error_info)];
	} u;

	(void)state;
	assert_int_equal(xfs_mkdir(fs.mp, "/d", 0755), -EEXIST);
	memset(&u, 0xee, sizeof(u));
	u.info.size = offsetof(struct xfs_error_info, known);
	assert_int_equal(xfs_mount_error(fs.mp, &u.info), 0);
	assert_int_equal(u.info.size, offsetof(struct xfs_error_info, known));
	assert_int_equal(u.info.error, -EEXIST);
	for (size_t i = offsetof(struct xfs_error_info, known); i < sizeof(u); i++)
		assert_int_equal(u.bytes[i], 0xee);
	u.info.size = 0;
	assert_int_equal(xfs_mount_error(fs.mp, &u.info), -EINVAL);
	assert_int_equal(xfs_mount_error(fs.mp, NULL), -EINVAL);
	assert_int_equal(xfs_file_error(NULL, NULL), -EINVAL);
	/* Asking is no failure. */
	assert_int_equal(of_thread().error, -EEXIST);
}

/* A sector of AGF 0 is damaged: structure, AG and block are told, and no source file. */
static void test_damage_has_a_place(void **state)
{
	struct xfs_error_info info;
	uint8_t sector[512];

	(void)state;
	TEST_OK(xfs_close(dir));
	TEST_OK(xfs_close(path_only));
	TEST_OK(xfs_close(reader));
	TEST_OK(xfs_close(writer));
	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(xfs_device_pread(fs.dev, 512, sector, sizeof(sector)));
	sector[100] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, 512, sector, sizeof(sector), 0));
	assert_int_equal(xfs_mount(fs.dev, &fs.opts, &fs.mp), -EBADMSG);
	info = of_thread();
	assert_int_equal(info.error_class, XFS_ERROR_CORRUPT);
	assert_string_equal(info.structure, "AGF");
	assert_true(info.known & XFS_ERROR_AT_BLOCK);
	assert_int_equal(info.block, 1);
	assert_null(strstr(info.text, ".c:"));
	sector[100] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, 512, sector, sizeof(sector), 0));
	test_fs_open(&fs);
	dir = path_only = reader = writer = NULL;
}

/* (ERROR-4) A name that reads like a place is a name. */
static void test_a_name_is_no_place(void **state)
{
	struct xfs_error_info info;
	struct xfs_file *file;

	(void)state;
	assert_int_equal(xfs_open(fs.mp, "/d/inode 123456 AG 77 daddr 99", O_RDONLY, 0, &file),
			 -ENOENT);
	info = of_thread();
	assert_non_null(strstr(info.text, "inode 123456"));
	assert_true(info.known & XFS_ERROR_AT_INO);
	assert_int_not_equal(info.ino, 123456);
	assert_false(info.known & XFS_ERROR_AT_BLOCK);
	assert_false(info.known & XFS_ERROR_AT_AG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths_and_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_handles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_file_system, setup, teardown),
		cmocka_unit_test_setup_teardown(test_success_leaves_records_alone, setup, teardown),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test_setup_teardown(test_another_thread, setup, teardown),
#endif
		cmocka_unit_test_setup_teardown(test_each_failure_has_its_number, setup, teardown),
		cmocka_unit_test_setup_teardown(test_struct_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_has_a_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_name_is_no_place, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
